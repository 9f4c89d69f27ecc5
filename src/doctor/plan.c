#include "doctor/plan.h"

#include "doctor/search.h"

#define AGAIN 3 /* times that what failed is tried again, before the failure is believed */

bool anycert__attempt_same(const struct anycert__attempt *a, const struct anycert__attempt *b)
{
    return a->rung == b->rung && a->relaxations == b->relaxations && a->observes == b->observes &&
           a->request == b->request && a->pin == b->pin && a->all_pins == b->all_pins &&
           a->expect_name == b->expect_name && a->send_name == b->send_name &&
           a->send_expected == b->send_expected && a->supply == b->supply &&
           a->check_name == b->check_name && a->check_dates == b->check_dates;
}

const struct anycert__sighting *anycert__plan_ask(struct anycert__plan *plan,
                                                  const struct anycert__attempt *attempt)
{
    return anycert__plan_ask_again(plan, attempt, 0, 0);
}

const struct anycert__sighting *anycert__plan_ask_again(struct anycert__plan *plan,
                                                        const struct anycert__attempt *attempt,
                                                        size_t times, uint32_t pause_ms)
{
    struct anycert__attempt wanted = *attempt;

    wanted.send_expected = plan->send_expected;
    for (size_t i = 0; i < plan->count; i++) {
        if (anycert__attempt_same(&plan->log[i].attempt, &wanted) && times-- == 0)
            return &plan->log[i].sighting;
    }
    if (plan->wants_more || plan->exhausted)
        return NULL;
    if (plan->count >= plan->budget) {
        plan->exhausted = true;
        return NULL;
    }
    plan->next = wanted;
    plan->pause_ms = pause_ms;
    plan->wants_more = true;
    return NULL;
}

const struct anycert__sighting *anycert__plan_observe(struct anycert__plan *plan,
                                                      anycert__relaxations relaxations)
{
    struct anycert__attempt attempt = {.relaxations = relaxations, .observes = true};

    return anycert__plan_ask(plan, &attempt);
}

bool anycert__offer_stands(const struct anycert__sighting *sighting,
                           anycert__relaxations relaxations)
{
    return sighting->ending == ANYCERT__ENDED_STANDS &&
           anycert__needs_met(&sighting->offer, relaxations);
}

bool anycert__offer_taken(const struct anycert__sighting *sighting,
                          anycert__relaxations relaxations)
{
    return (sighting->ending == ANYCERT__ENDED_STANDS ||
            sighting->ending == ANYCERT__ENDED_CLIENT_CERT) &&
           anycert__needs_met(&sighting->offer, relaxations);
}

/* Another offer would change nothing. */
static bool is_final(const struct anycert__sighting *sighting)
{
    return sighting->ending == ANYCERT__ENDED_NOT_TLS || sighting->ending == ANYCERT__ENDED_NO_WAY;
}

static bool was_refused_here(const struct anycert__plan *plan)
{
    for (size_t i = 0; i < plan->count; i++) {
        if (plan->log[i].sighting.ending == ANYCERT__ENDED_OWN_REFUSAL)
            return true;
    }
    return false;
}

enum anycert__thought anycert__plan_try_again(struct anycert__plan *plan,
                                              const struct anycert__sighting **seen)
{
    const struct anycert__attempt hardened = {.observes = true};

    for (size_t times = 1; times <= AGAIN; times++) {
        const struct anycert__sighting *sighting =
            anycert__plan_ask_again(plan, &hardened, times, 0);

        if (!sighting)
            return plan->exhausted ? ANYCERT__NO : ANYCERT__LATER;
        if (!anycert__offer_stands(sighting, 0))
            continue;
        plan->unsteady = true;
        *seen = sighting;
        return ANYCERT__YES;
    }
    return ANYCERT__NO;
}

/* What was found follows from what the server did not get, not from what it chose. */
static bool is_by_omission(anycert__relaxations offer)
{
    return (offer & ~(ANYCERT__PLAN_SMALL | ANYCERT__RELAX_BIT(ANYCERT__RELAX_BARE_HELLO))) == 0;
}

static void think_of_offer(struct anycert__plan *plan, anycert__relaxations offer,
                           const struct anycert__sighting *seen)
{
    bool by_chance =
        is_by_omission(offer) && offer != anycert__offer_hinted(&plan->log[0].sighting);
    enum anycert__thought again = by_chance ? anycert__plan_try_again(plan, &seen) : ANYCERT__NO;

    if (again == ANYCERT__LATER)
        return;
    if (again == ANYCERT__YES)
        offer = 0;
    if (seen->ending == ANYCERT__ENDED_CLIENT_CERT)
        plan->offer = offer;
    anycert__find_ways(plan, offer, seen);
}

static bool shows_name(const struct anycert__sighting *sighting)
{
    return (sighting->ending == ANYCERT__ENDED_STANDS ||
            sighting->ending == ANYCERT__ENDED_CLIENT_CERT) &&
           sighting->name_is_right;
}

/* The server refused the name that it was told, and refuses something else with this one. */
static bool is_known_at_last(const struct anycert__sighting *before,
                             const struct anycert__sighting *now)
{
    anycert__relaxations no_sni = ANYCERT__RELAX_BIT(ANYCERT__RELAX_NO_SNI);

    return anycert__offer_hinted(before) == no_sni && anycert__offer_hinted(now) != no_sni &&
           (now->alert >= 0 || now->ending == ANYCERT__ENDED_STANDS ||
            now->ending == ANYCERT__ENDED_OWN_REFUSAL || now->ending == ANYCERT__ENDED_CLIENT_CERT);
}

/* A server of several sites has to be told which of them is meant: where it was not, and shows
 * another one's certificate, or refuses, the name is sent, and stays if it helps. */
static enum anycert__thought send_expected(struct anycert__plan *plan,
                                           const struct anycert__sighting **seen)
{
    const struct anycert__sighting *sighting = NULL;

    if (!plan->may_send_expected || shows_name(*seen) || (*seen)->ending == ANYCERT__ENDED_SILENT ||
        (*seen)->ending == ANYCERT__ENDED_SLOW)
        return ANYCERT__NO;
    plan->send_expected = true;
    sighting = anycert__plan_observe(plan, 0);
    if (sighting && (shows_name(sighting) || is_known_at_last(*seen, sighting))) {
        *seen = sighting;
        return ANYCERT__YES;
    }
    plan->send_expected = false;
    return sighting || plan->exhausted ? ANYCERT__NO : ANYCERT__LATER;
}

static void think(struct anycert__plan *plan)
{
    const struct anycert__sighting *seen = anycert__plan_observe(plan, 0);
    anycert__relaxations offer = 0;

    if (!seen || is_final(seen) || send_expected(plan, &seen) == ANYCERT__LATER)
        return;
    if (anycert__offer_taken(seen, 0)) {
        anycert__find_ways(plan, 0, seen);
        return;
    }
    switch (anycert__find_offer(plan, &offer, &seen)) {
    case ANYCERT__LATER:
        break;
    case ANYCERT__YES:
        think_of_offer(plan, offer, seen);
        break;
    case ANYCERT__NO:
        if (was_refused_here(plan))
            anycert__find_antique(plan);
        break;
    }
}

/* Without the client certificate that the server wants, TLS 1.2 ends before its handshake does, and
 * TLS 1.3 before there is an answer; and where no policy got an answer to the request, a handshake
 * that stands is all. */
static void see_how_far(const struct anycert__plan *plan, struct anycert__way *way)
{
    bool is_doubtful = plan->wants_cert || plan->request_failed;

    way->stood = way->confirmed = !is_doubtful;
    for (size_t i = 0; is_doubtful && i < plan->count; i++) {
        const struct anycert__sighting *sighting = &plan->log[i].sighting;
        bool is_answered = way->attempt.request && sighting->ending == ANYCERT__ENDED_STANDS;

        if (!anycert__attempt_same(&plan->log[i].attempt, &way->attempt) || !sighting->completed)
            continue;
        way->stood = true;
        way->confirmed = way->confirmed || is_answered || !plan->wants_request;
    }
}

/* With the same offer and name. */
static bool is_same_question(const struct anycert__attempt *a, const struct anycert__attempt *b)
{
    anycert__relaxations offer = ~anycert__relaxations_of_certificates();

    return a->rung == b->rung && (a->relaxations & offer) == (b->relaxations & offer) &&
           a->send_name == b->send_name && a->send_expected == b->send_expected;
}

static bool has_several_servers(const struct anycert__plan *plan)
{
    for (size_t i = 1; i < plan->count; i++) {
        for (size_t j = 0; j < i; j++) {
            uint64_t a = plan->log[i].sighting.certificate, b = plan->log[j].sighting.certificate;

            if (a != 0 && b != 0 && a != b &&
                is_same_question(&plan->log[i].attempt, &plan->log[j].attempt))
                return true;
        }
    }
    return false;
}

bool anycert__plan_join_certificates(const struct anycert__plan *plan,
                                     const struct anycert__attempt *attempt,
                                     struct anycert__needs *certificates)
{
    const struct anycert__needs first = *certificates;
    bool differ = false;

    for (size_t i = 0; plan->mixed && i < plan->count; i++) {
        struct anycert__needs needs = plan->log[i].sighting.certificates;

        if (plan->log[i].sighting.certificate == 0 ||
            !is_same_question(&plan->log[i].attempt, attempt) ||
            plan->log[i].attempt.supply != attempt->supply)
            continue;
        differ = differ || !anycert__needs_same(&needs, &first);
        needs.beyond = needs.revoked = needs.antique = false;
        anycert__needs_join(certificates, &needs);
    }
    return differ;
}

static void think_anew(struct anycert__plan *plan)
{
    plan->wants_more = false;
    plan->mixed = has_several_servers(plan);
    plan->found = ANYCERT__FOUND_NOTHING;
    plan->way_count = 0;
    plan->request_failed = false;
    plan->send_expected = false;
    plan->unsteady = false;
    plan->exhausted = false;
    plan->offer = 0;
    plan->wants_cert = false;
    think(plan);
    for (size_t i = 0; i < plan->way_count; i++)
        see_how_far(plan, &plan->ways[i]);
}

void anycert__plan_begin(struct anycert__plan *plan, bool wants_request, size_t budget)
{
    *plan = (struct anycert__plan){.wants_request = wants_request, .budget = budget};
    if (plan->budget == 0 || plan->budget > ANYCERT__PLAN_BUDGET)
        plan->budget = ANYCERT__PLAN_BUDGET;
    think_anew(plan);
}

void anycert__plan_may_send_expected(struct anycert__plan *plan)
{
    plan->may_send_expected = true;
}

void anycert__plan_take(struct anycert__plan *plan, const struct anycert__sighting *sighting)
{
    if (!plan->wants_more || plan->count >= ANYCERT__PLAN_BUDGET)
        return;
    plan->log[plan->count].attempt = plan->next;
    plan->log[plan->count].sighting = *sighting;
    plan->count++;
    think_anew(plan);
}

bool anycert__plan_take_again(struct anycert__plan *plan, const struct anycert__attempt *attempt,
                              const struct anycert__sighting *sighting)
{
    if (plan->count >= plan->budget)
        return false;
    plan->next = *attempt;
    plan->wants_more = true;
    anycert__plan_take(plan, sighting);
    return true;
}

size_t anycert__plan_times(const struct anycert__plan *plan, const struct anycert__attempt *attempt)
{
    size_t times = 0;

    for (size_t i = 0; i < plan->count; i++)
        times += anycert__attempt_same(&plan->log[i].attempt, attempt);
    return times;
}

void anycert__plan_stop(struct anycert__plan *plan)
{
    plan->budget = plan->count;
    think_anew(plan);
}
