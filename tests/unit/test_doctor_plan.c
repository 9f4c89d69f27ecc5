/* The plan of an examination, without any server: models of servers answer, and what the plan finds
 * is compared with what is right. */
#include "doctor/plan.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define COUNT(a)  (sizeof(a) / sizeof(a)[0])
#define BIT(name) ANYCERT__RELAX_BIT(ANYCERT__RELAX_##name)
#define SETS      3

/* A server as far as the plan can tell. */
struct model {
    /* What it can do something with: one of these sets has to be offered; the first that is, is
     * taken. 0 as first: it takes hardened. */
    anycert__relaxations takes[SETS];
    size_t take_count;
    anycert__relaxations without; /* one of these has to be left out of the hello; 0: nothing */
    anycert__relaxations certificates[4]; /* any one of each set */
    size_t certificate_count;
    bool beyond, revoked, antique;
    enum anycert__ending refusal; /* how it refuses an offer */
    int alert;
    bool has_name;
    bool many_keys; /* another one each time, so that no pin fits */
    bool late;      /* answers requests only under renegotiation */
    bool no_http;   /* never answers one */
};

static bool contains(anycert__relaxations set, anycert__relaxations part)
{
    return (set & part) == part;
}

/* The set that it takes, or false. */
static bool takes(const struct model *model, anycert__relaxations offer, anycert__relaxations *used)
{
    if (model->without && !(offer & model->without))
        return false;
    for (size_t i = 0; i < model->take_count; i++) {
        if (contains(offer, model->takes[i])) {
            *used = model->takes[i];
            return true;
        }
    }
    return false;
}

static struct anycert__sighting answer(const struct model *model,
                                       const struct anycert__attempt *attempt)
{
    struct anycert__sighting sighting = {.ending = model->refusal, .alert = model->alert};
    anycert__relaxations used = 0;
    bool antique = model->antique && attempt->rung == ANYCERT__RUNG_ANTIQUE;
    bool met = false;

    if (!antique && !takes(model, attempt->relaxations, &used))
        return sighting;
    sighting = (struct anycert__sighting){.ending = ANYCERT__ENDED_STANDS,
                                          .alert = -1,
                                          .has_pin = true,
                                          .has_name = model->has_name,
                                          .dates_are_right = true,
                                          .name_is_right = true};
    for (int id = 0; id < 64; id++) {
        if (used & (UINT64_C(1) << id))
            sighting.offer.any_of[sighting.offer.count++] = UINT64_C(1) << id;
    }
    for (size_t i = 0; i < model->certificate_count; i++)
        sighting.certificates.any_of[sighting.certificates.count++] = model->certificates[i];
    sighting.certificates.beyond = model->beyond;
    sighting.certificates.revoked = model->revoked;
    if (attempt->observes)
        return sighting;
    met = anycert__needs_met(&sighting.certificates,
                             attempt->relaxations | (attempt->expect_name ? BIT(WRONG_HOST) : 0)) ||
          attempt->rung == ANYCERT__RUNG_PINNED || attempt->rung == ANYCERT__RUNG_ANTIQUE;
    if (!met || (attempt->pin && model->many_keys))
        sighting.ending = ANYCERT__ENDED_CERTIFICATES;
    else if (attempt->request &&
             (model->no_http || (model->late && !(attempt->relaxations & BIT(RENEGOTIATION)))))
        sighting.ending = ANYCERT__ENDED_NO_ANSWER;
    return sighting;
}

static void run(struct anycert__plan *plan, const struct model *model, bool request, size_t budget)
{
    anycert__plan_begin(plan, request, budget);
    for (int i = 0; plan->wants_more && i < 100; i++) {
        struct anycert__sighting sighting = answer(model, &plan->next);

        anycert__plan_take(plan, &sighting);
    }
    assert_false(plan->wants_more);
    assert_true(plan->count <= ANYCERT__PLAN_BUDGET);
}

static void plan_first_attempt_is_hardened_observing(void **state)
{
    struct anycert__plan plan;

    (void)state;
    anycert__plan_begin(&plan, false, 0);
    assert_true(plan.wants_more);
    assert_int_equal(plan.next.rung, ANYCERT__RUNG_HARDENED);
    assert_true(plan.next.observes);
    assert_true(plan.next.relaxations == 0);
    assert_false(plan.next.request);
}

/* ---- rows ---- */

static const struct row {
    const char *name;
    struct model model;
    bool request;
    enum anycert__found found;
    enum anycert__rung rung;
    anycert__relaxations least;
    bool pin, expect_name;
    size_t at_most; /* handshakes */
} rows[] = {
    {"healthy", {.take_count = 1}, false, ANYCERT__FOUND_HEALTHY, 0, 0, false, false, 1},
    {"healthy, with a request",
     {.take_count = 1},
     true,
     ANYCERT__FOUND_HEALTHY,
     0,
     0,
     false,
     false,
     2},
    {"expired",
     {.take_count = 1, .certificates = {BIT(EXPIRED)}, .certificate_count = 1},
     false,
     ANYCERT__FOUND_WAYS,
     0,
     BIT(EXPIRED),
     false,
     false,
     3},
    {"common name instead of any name",
     {.take_count = 1,
      .certificates = {BIT(WRONG_HOST) | BIT(COMMON_NAME)},
      .certificate_count = 1},
     false,
     ANYCERT__FOUND_WAYS,
     0,
     BIT(COMMON_NAME),
     false,
     false,
     3},
    {"self-signed comes with its pin",
     {.take_count = 1, .certificates = {BIT(SELF_SIGNED)}, .certificate_count = 1},
     false,
     ANYCERT__FOUND_WAYS,
     0,
     BIT(SELF_SIGNED),
     true,
     false,
     4},
    {"a key each time",
     {.take_count = 1,
      .certificates = {BIT(SELF_SIGNED)},
      .certificate_count = 1,
      .many_keys = true},
     false,
     ANYCERT__FOUND_WAYS,
     0,
     BIT(SELF_SIGNED),
     false,
     false,
     5},
    {"another name is expected",
     {.take_count = 1, .certificates = {BIT(WRONG_HOST)}, .certificate_count = 1, .has_name = true},
     false,
     ANYCERT__FOUND_WAYS,
     0,
     0,
     false,
     true,
     6},
    {"another name, and an unknown issuer",
     {.take_count = 1,
      .certificates = {BIT(WRONG_HOST), BIT(UNTRUSTED_ISSUER)},
      .certificate_count = 2,
      .has_name = true},
     false,
     ANYCERT__FOUND_WAYS,
     0,
     BIT(UNTRUSTED_ISSUER),
     true,
     true,
     8},
    {"beyond every relaxation",
     {.take_count = 1, .beyond = true},
     false,
     ANYCERT__FOUND_WAYS,
     ANYCERT__RUNG_PINNED,
     0,
     true,
     false,
     3},
    {"revoked",
     {.take_count = 1, .revoked = true, .beyond = true},
     false,
     ANYCERT__FOUND_REVOKED,
     0,
     0,
     false,
     false,
     1},
    {"only what antique has",
     {.antique = true, .refusal = ANYCERT__ENDED_OWN_REFUSAL, .alert = -1},
     false,
     ANYCERT__FOUND_WAYS,
     ANYCERT__RUNG_ANTIQUE,
     0,
     false,
     false,
     5},
    {"one of the offer",
     {.takes = {BIT(CBC_SHA1)}, .take_count = 1, .refusal = ANYCERT__ENDED_ALERT, .alert = 40},
     false,
     ANYCERT__FOUND_WAYS,
     0,
     BIT(CBC_SHA1),
     false,
     false,
     6},
    {"one rather than two",
     {.takes = {BIT(CBC_SHA1) | BIT(LEGACY_CIPHERS), BIT(TLS1_0)},
      .take_count = 2,
      .refusal = ANYCERT__ENDED_ALERT,
      .alert = 40},
     false,
     ANYCERT__FOUND_WAYS,
     0,
     BIT(TLS1_0),
     false,
     false,
     12},
    {"the less dangerous of two",
     {.takes = {BIT(TLS1_0), BIT(CBC_SHA1)},
      .take_count = 2,
      .refusal = ANYCERT__ENDED_ALERT,
      .alert = 70},
     false,
     ANYCERT__FOUND_WAYS,
     0,
     BIT(CBC_SHA1),
     false,
     false,
     12},
    {"a smaller hello",
     {.take_count = 1, .without = BIT(NO_SNI), .refusal = ANYCERT__ENDED_RESET, .alert = -1},
     false,
     ANYCERT__FOUND_WAYS,
     0,
     BIT(NO_SNI),
     false,
     false,
     15},
    {"the alert names what it is about",
     {.take_count = 1, .without = BIT(NO_ALPN), .refusal = ANYCERT__ENDED_ALERT, .alert = 120},
     false,
     ANYCERT__FOUND_WAYS,
     0,
     BIT(NO_ALPN),
     false,
     false,
     5},
    {"no extension at all, and an old version",
     {.takes = {BIT(TLS1_0)},
      .take_count = 1,
      .without = BIT(BARE_HELLO),
      .refusal = ANYCERT__ENDED_CLOSED,
      .alert = -1},
     false,
     ANYCERT__FOUND_WAYS,
     0,
     BIT(TLS1_0) | BIT(BARE_HELLO),
     false,
     false,
     12},
    {"a smaller hello, an old version, and a bad certificate",
     {.takes = {BIT(TLS1_1) | BIT(SMALL_DH)},
      .take_count = 1,
      .without = BIT(NO_EMS),
      .refusal = ANYCERT__ENDED_CLOSED,
      .alert = -1,
      .certificates = {BIT(EXPIRED)},
      .certificate_count = 1},
     false,
     ANYCERT__FOUND_WAYS,
     0,
     BIT(TLS1_1) | BIT(SMALL_DH) | BIT(NO_EMS) | BIT(EXPIRED),
     false,
     false,
     25},
    {"nothing helps",
     {.refusal = ANYCERT__ENDED_ALERT, .alert = 40},
     false,
     ANYCERT__FOUND_NOTHING,
     0,
     0,
     false,
     false,
     6},
    {"another protocol",
     {.refusal = ANYCERT__ENDED_NOT_TLS, .alert = -1},
     false,
     ANYCERT__FOUND_NOTHING,
     0,
     0,
     false,
     false,
     1},
    {"no way",
     {.refusal = ANYCERT__ENDED_NO_WAY, .alert = -1},
     false,
     ANYCERT__FOUND_NOTHING,
     0,
     0,
     false,
     false,
     1},
    {"a client certificate is missing",
     {.refusal = ANYCERT__ENDED_CLIENT_CERT, .alert = 40},
     false,
     ANYCERT__FOUND_NOTHING,
     0,
     0,
     false,
     false,
     1},
    {"it asks late",
     {.take_count = 1, .late = true},
     true,
     ANYCERT__FOUND_WAYS,
     0,
     BIT(RENEGOTIATION),
     false,
     false,
     3},
};

static void plan_rows_find_the_least(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        const struct row *row = &rows[i];
        struct anycert__plan plan;
        const struct anycert__way *way = &plan.ways[0];

        run(&plan, &row->model, row->request, 0);
        if (plan.found != row->found || plan.count > row->at_most)
            fail_msg("%s: found %d after %zu", row->name, (int)plan.found, plan.count);
        if (row->found != ANYCERT__FOUND_WAYS)
            continue;
        if (way->attempt.rung != row->rung || way->attempt.relaxations != row->least ||
            way->attempt.pin != row->pin || way->attempt.expect_name != row->expect_name ||
            !way->minimal || way->attempt.observes)
            fail_msg("%s: rung %d, relaxations %llx%s", row->name, (int)way->attempt.rung,
                     (unsigned long long)way->attempt.relaxations,
                     way->minimal ? "" : ", not minimal");
    }
}

/* ---- all policies that give up who answers come last, and with a pin first ---- */

static void plan_without_proof_comes_with_a_pin_first(void **state)
{
    static const struct model model = {
        .take_count = 1, .certificates = {BIT(UNTRUSTED_ISSUER)}, .certificate_count = 1};
    struct anycert__plan plan;

    (void)state;
    run(&plan, &model, false, 0);
    assert_int_equal(plan.way_count, 2);
    assert_true(plan.ways[0].attempt.pin);
    assert_true(plan.ways[0].tried_without == BIT(UNTRUSTED_ISSUER));
    assert_false(plan.ways[1].attempt.pin);
    assert_true(plan.ways[1].judged_without == BIT(UNTRUSTED_ISSUER));
    assert_true(plan.ways[1].minimal);
}

static void plan_request_without_answer_is_told(void **state)
{
    static const struct model model = {.take_count = 1, .no_http = true};
    struct anycert__plan plan;

    (void)state;
    run(&plan, &model, true, 0);
    assert_int_equal(plan.found, ANYCERT__FOUND_HEALTHY);
    assert_true(plan.request_failed);
}

/* A budget that is too small never makes a claim that was not shown. */
static void plan_small_budget_claims_nothing_unconfirmed(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        for (size_t budget = 1; budget < ANYCERT__PLAN_BUDGET; budget++) {
            struct anycert__plan plan;

            run(&plan, &rows[i].model, rows[i].request, budget);
            assert_true(plan.count <= budget);
            for (size_t w = 0; w < plan.way_count; w++) {
                struct anycert__sighting sighting = answer(&rows[i].model, &plan.ways[w].attempt);

                assert_int_equal(sighting.ending, ANYCERT__ENDED_STANDS);
            }
            if (plan.found == ANYCERT__FOUND_HEALTHY && !plan.request_failed)
                assert_int_equal(rows[i].found, ANYCERT__FOUND_HEALTHY);
        }
    }
}

/* ---- against exhaustive search ---- */

static uint32_t next_random(uint32_t *seed)
{
    *seed = *seed * 1664525U + 1013904223U;
    return *seed >> 8;
}

static const anycert__relaxations offers[] = {
    BIT(TLS1_0),         BIT(TLS1_1),           BIT(SMALL_DH),
    BIT(SHA1_HANDSHAKE), BIT(RSA_KEY_EXCHANGE), BIT(CBC_SHA1),
    BIT(LEGACY_CIPHERS), BIT(LEGACY_GROUPS),    BIT(LEGACY_RENEGOTIATION),
};

static struct model random_model(uint32_t *seed)
{
    struct model model = {.refusal = ANYCERT__ENDED_ALERT, .alert = 40};

    model.take_count = 1 + next_random(seed) % SETS;
    for (size_t i = 0; i < model.take_count; i++) {
        size_t size = 1 + next_random(seed) % 3;

        for (size_t j = 0; j < size; j++)
            model.takes[i] |= offers[next_random(seed) % COUNT(offers)];
    }
    return model;
}

/* The best of all sets. */
static anycert__relaxations search(const struct model *model)
{
    anycert__relaxations best = 0;
    bool found = false;

    for (unsigned set = 0; set < 1U << COUNT(offers); set++) {
        anycert__relaxations offer = 0, used = 0;

        for (size_t i = 0; i < COUNT(offers); i++)
            offer |= set & (1U << i) ? offers[i] : 0;
        if (takes(model, offer, &used) && (!found || anycert__less_dangerous(offer, best))) {
            best = offer;
            found = true;
        }
    }
    return best;
}

static void plan_random_servers_find_what_search_finds(void **state)
{
    uint32_t seed = 20;

    (void)state;
    for (int i = 0; i < 3000; i++) {
        struct model model = random_model(&seed);
        anycert__relaxations wanted = search(&model);
        struct anycert__plan plan;

        run(&plan, &model, false, 0);
        assert_int_equal(plan.found, ANYCERT__FOUND_WAYS);
        if (plan.ways[0].attempt.relaxations != wanted)
            fail_msg("model %d: found %llx, the least is %llx (%zu attempts)", i,
                     (unsigned long long)plan.ways[0].attempt.relaxations,
                     (unsigned long long)wanted, plan.count);
    }
}

static void by_danger_lists_every_relaxation_once(void **state)
{
    size_t count = 0;
    anycert__relaxations seen = 0;

    (void)state;
    for (const struct anycert_relaxation *r = anycert_relaxation_next(NULL); r;
         r = anycert_relaxation_next(r))
        count++;
    for (size_t i = 0; anycert__by_danger(i) != 0; i++) {
        assert_false(seen & ANYCERT__RELAX_BIT(anycert__by_danger(i)));
        seen |= ANYCERT__RELAX_BIT(anycert__by_danger(i));
    }
    assert_int_equal(anycert__count_of(seen), count);
    /* Those that give up who answers are behind all others. */
    for (size_t i = 1; anycert__by_danger(i) != 0; i++) {
        bool before = anycert__without_proof(ANYCERT__RELAX_BIT(anycert__by_danger(i - 1))) != 0;
        bool now = anycert__without_proof(ANYCERT__RELAX_BIT(anycert__by_danger(i))) != 0;

        assert_true(now || !before);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(plan_first_attempt_is_hardened_observing),
        cmocka_unit_test(plan_rows_find_the_least),
        cmocka_unit_test(plan_without_proof_comes_with_a_pin_first),
        cmocka_unit_test(plan_request_without_answer_is_told),
        cmocka_unit_test(plan_small_budget_claims_nothing_unconfirmed),
        cmocka_unit_test(plan_random_servers_find_what_search_finds),
        cmocka_unit_test(by_danger_lists_every_relaxation_once),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
