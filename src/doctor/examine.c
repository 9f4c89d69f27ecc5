#include "doctor/examine.h"

#include "base/mem.h"
#include "doctor/diagnosis.h"
#include "doctor/examine_proxy.h"
#include "doctor/proxy_kind.h"
#include "http/address.h"
#include "tls/hello_probe.h"

#include <string.h>

#define HEALTHY_BUDGET 3 /* handshakes with a host that has nothing */
#define OWN_SUITES     256
#define SHORTER        4 /* times, once a server was silent: it has shown how it says no */

/* Waits in slices, so that it can be given up. */
static void wait_ms(const struct anycert_doctor *doctor, uint32_t ms)
{
    static const struct anycert__waiting waiting;

    for (uint32_t left = ms; left > 0 && !anycert__stop_wanted(&doctor->stop);) {
        uint32_t slice = left < 50 ? left : 50;

        (void)anycert__waiting_sleep(&waiting, slice);
        left -= slice;
    }
}

static int tell(struct anycert__examination *examination, const char *shown,
                struct anycert_error *err)
{
    const struct anycert_doctor *doctor = examination->trials.doctor;
    struct anycert_policy *policy = NULL;
    char *text = NULL;

    if (!doctor->progress)
        return 0;
    policy = anycert__trial_policy(&examination->trials, &examination->plan.next, err);
    text = policy ? anycert_policy_format(policy, err) : NULL;
    if (text)
        doctor->progress(doctor->progress_arg, shown, examination->plan.count + 1, text);
    anycert_policy_free(policy);
    anycert_free(text);
    return text ? 0 : -1;
}

/* What the chain lacks, if it lacks something and the caller wants it fetched. */
static int supply(struct anycert__trials *trials, struct anycert__trial *trial,
                  struct anycert_error *err)
{
    const struct anycert_doctor *doctor = trials->doctor;
    const struct addrinfo *address = trials->route.works;

    if (trial->facts && trial->facts->presented_count > 0 && trials->supply.url[0] == '\0')
        anycert__issuer_url(trial->facts->presented, trials->supply.url);
    if (!doctor->fetches_issuer || !address || doctor->proxy.kind != ANYCERT__PROXY_NONE)
        return 0;
    if (anycert__supply_fetch(&trials->supply, doctor, trials->route.anchors, trial->facts,
                              anycert__address_is_public(address->ai_addr), err) < 0)
        return -1;
    trial->sighting.has_supply = trials->supply.leads_home;
    return 0;
}

static void begin(struct anycert__examination *examination, size_t budget)
{
    const struct anycert_doctor *doctor = examination->trials.doctor;

    anycert__plan_begin(&examination->plan, doctor->wants_request, budget);
    if (anycert__may_send_expected(doctor->base, examination->trials.route.target.host))
        anycert__plan_may_send_expected(&examination->plan);
}

/* Whether the administrator lets it be used, if only with an end. */
static int check_allowed(const struct anycert__examination *examination,
                         const struct anycert_policy *policy, bool *is_allowed,
                         struct anycert_error *err)
{
    struct anycert_error why = {0};
    struct anycert_policy *ending =
        anycert__ending_policy(policy, examination->trials.ceiling, &why);

    *is_allowed = ending != NULL;
    anycert_policy_free(ending);
    return why.code == ANYCERT_E_NOMEM ? anycert__fail_nomem(err) : 0;
}

/* The first attempt says whether the proxy has to be seen to. If a policy is found that goes on
 * through it, everything begins anew, under that; else with what the attempt has shown. */
static int see_to_proxy(struct anycert__examination *examination, bool *anew,
                        struct anycert_error *err)
{
    bool is_allowed = false;

    *anew = false;
    if (!anycert__is_to_examine_proxy(examination))
        return 0;
    if (anycert__examine_proxy(examination, err) < 0)
        return -1;
    if (!examination->proxy->policy)
        return 0;
    if (check_allowed(examination, examination->proxy->policy, &is_allowed, err) < 0)
        return -1;
    if (!is_allowed) { /* CONNECT is a request, too */
        examination->trials.route.through = NULL;
        return 0;
    }
    *anew = true;
    examination->trials.repeated++;
    examination->trials.limit_ms = examination->trials.doctor->timeout_ms;
    anycert__trial_clear(&examination->done[0]);
    begin(examination, examination->plan.budget);
    return 0;
}

static int run(struct anycert__examination *examination, const char *shown,
               struct anycert_error *err)
{
    struct anycert__plan *plan = &examination->plan;
    struct anycert__trials *trials = &examination->trials;

    while (plan->wants_more) {
        size_t n = plan->count;
        struct anycert__trial *trial = &examination->done[n];
        bool anew = false;

        if (trials->route.turn_count > 0)
            trials->route.works =
                trials->route
                    .turns[anycert__plan_times(plan, &plan->next) % trials->route.turn_count];
        if (n > 0)
            wait_ms(trials->doctor, trials->doctor->delay_ms + plan->pause_ms);
        if (tell(examination, shown, err) < 0 ||
            anycert__trial_make(trials, &plan->next, trial, err) < 0 ||
            (n == 0 && !examination->proxy && see_to_proxy(examination, &anew, err) < 0))
            return -1;
        if (anew)
            continue;
        if (trial->sighting.ending == ANYCERT__ENDED_SILENT ||
            trial->sighting.ending == ANYCERT__ENDED_SLOW ||
            (trial->sighting.ending == ANYCERT__ENDED_NO_ANSWER &&
             trial->wire == ANYCERT__WIRE_SILENT))
            trials->limit_ms = 1 + trials->doctor->timeout_ms / SHORTER;
        if (supply(trials, trial, err) < 0)
            return -1;
        anycert__plan_take(plan, &trial->sighting);
    }
    return 0;
}

static bool is_untrusted(const struct anycert__trial *trial)
{
    return trial->facts && trial->facts->verified &&
           !anycert__needs_met(&trial->sighting.certificates,
                               ~(ANYCERT__RELAX_BIT(ANYCERT__RELAX_UNTRUSTED_ISSUER) |
                                 ANYCERT__RELAX_BIT(ANYCERT__RELAX_SELF_SIGNED)));
}

/* What the server shows without the proxy, where what came through it is not trusted. */
static int compare(struct anycert__examination *examination, struct anycert_error *err)
{
    const struct anycert__trials *through = &examination->trials;
    const struct anycert__attempt attempt = {.observes = true};
    struct anycert__trials around = {
        .doctor = through->doctor, .limit_ms = through->limit_ms, .ceiling = through->ceiling};
    bool wanted = false;
    int result = -1;

    for (size_t i = 0; i < examination->plan.count; i++)
        wanted = wanted || is_untrusted(&examination->done[i]);
    if (!wanted || !through->doctor->compares_direct ||
        through->doctor->proxy.kind == ANYCERT__PROXY_NONE)
        return 0;
    if (anycert__route_begin(&around.route, through->doctor, &through->route.target,
                             through->route.anchors, err) == 0) {
        around.route.direct = true;
        examination->compared = 1;
        result = anycert__trial_make(&around, &attempt, &examination->direct, err);
    }
    anycert__route_end(&around.route);
    return result;
}

/* A server that speaks TLS, and nothing that it could take is known. */
static bool refuses_everything(const struct anycert__plan *plan)
{
    bool speaks = false;

    if (plan->found != ANYCERT__FOUND_NOTHING)
        return false;
    for (size_t i = 0; i < plan->count; i++) {
        switch (plan->log[i].sighting.ending) {
        case ANYCERT__ENDED_NO_WAY:
        case ANYCERT__ENDED_NOT_TLS:
        case ANYCERT__ENDED_CLIENT_CERT:
        case ANYCERT__ENDED_STANDS:
        case ANYCERT__ENDED_NO_ANSWER:
        case ANYCERT__ENDED_CERTIFICATES:
        case ANYCERT__ENDED_SLOW: /* it began to answer */
            return false;
        case ANYCERT__ENDED_ALERT:
        case ANYCERT__ENDED_OWN_REFUSAL:
        case ANYCERT__ENDED_CLOSED:
        case ANYCERT__ENDED_RESET:
            speaks = true;
            break;
        case ANYCERT__ENDED_SILENT:
            break;
        }
    }
    return speaks;
}

/* Whoever has shown a certificate, or chosen a suite that we have, was offered enough: what fails
 * there is something else. */
static int has_chosen(const struct anycert__trial *trial, bool *chosen, struct anycert_error *err)
{
    uint16_t own[OWN_SUITES];
    int count = anycert__hello_own_suites(own, OWN_SUITES, err);
    struct anycert__answer answer;
    int result = count < 0 ? -1 : 0;

    *chosen = trial->facts && trial->facts->presented_count > 0;
    anycert__answer_init(&answer, ANYCERT__UNTIL_HELLO);
    if (result == 0 && trial->tape.received.len > 0 &&
        anycert__answer_feed(&answer, trial->tape.received.data, trial->tape.received.len, err) < 0)
        result = -1;
    for (int i = 0; result == 0 && i < count; i++)
        *chosen = *chosen || (answer.has_hello && answer.hello.version >= ANYCERT__TLS10 &&
                              answer.hello.suite == own[i]);
    anycert__answer_free(&answer);
    return result;
}

/* Whether there is something to ask for. */
static int is_to_question(const struct anycert__examination *examination, bool *wanted,
                          struct anycert_error *err)
{
    const struct anycert__plan *plan = &examination->plan;
    bool chosen = false;

    *wanted = examination->confession.cause_count == 0 && refuses_everything(plan);
    for (size_t i = 0; *wanted && i < plan->count; i++) {
        if (has_chosen(&examination->done[i], &chosen, err) < 0)
            return -1;
        *wanted = !chosen;
    }
    return 0;
}

/* No hello ever got a byte back: it may be a server without TLS that waits for its own protocol. */
static bool says_nothing(const struct anycert__examination *examination)
{
    const struct anycert__plan *plan = &examination->plan;

    for (size_t i = 0; i < plan->count; i++) {
        enum anycert__ending ending = plan->log[i].sighting.ending;

        if (examination->done[i].received > 0 ||
            (ending != ANYCERT__ENDED_CLOSED && ending != ANYCERT__ENDED_RESET &&
             ending != ANYCERT__ENDED_SILENT))
            return false;
    }
    return plan->count > 0;
}

/* So many more handshakes may be made. */
static size_t budget_left(const struct anycert__examination *examination)
{
    const struct anycert__plan *plan = &examination->plan;
    size_t used = plan->count + examination->shape.questions + examination->confession.questions +
                  examination->compared + examination->trials.repeated;
    size_t all = plan->found == ANYCERT__FOUND_HEALTHY && !plan->request_failed ? HEALTHY_BUDGET
                                                                                : plan->budget;

    return used < all ? all - used : 0;
}

/* Goes on with all addresses in turn, where they do not show the same: a policy has to stand with
 * each of them. */
static int compare_addresses(struct anycert__examination *examination, const char *shown,
                             struct anycert_error *err)
{
    struct anycert__plan *plan = &examination->plan;
    struct anycert__trials *trials = &examination->trials;
    struct anycert__trial other, *seen = &examination->done[plan->count];
    int result = anycert__addresses_compare(trials, plan, budget_left(examination),
                                            &examination->addresses, &other, err);

    if (result < 0 || !other.facts || plan->count >= plan->budget) {
        anycert__trial_clear(&other);
        return result;
    }
    *seen = other;
    anycert__trial_note_pins(trials, seen);
    (void)anycert__plan_take_again(plan, &seen->attempt, &seen->sighting);
    examination->addresses.handshakes--; /* it is one of the plan's now */
    return run(examination, shown, err);
}

/* What the plan does not ask. */
static int look_further(struct anycert__examination *examination, const char *shown,
                        struct anycert_error *err)
{
    struct anycert__trials *trials = &examination->trials;
    const struct anycert__plan *plan = &examination->plan;
    bool wanted = false;

    if (anycert__find_proxy_kind(trials, &examination->done[0].obstacle, err) < 0 ||
        compare(examination, err) < 0 ||
        anycert__shape(trials, plan, budget_left(examination), &examination->shape, err) < 0)
        return -1;
    if (says_nothing(examination) && budget_left(examination) > 0 &&
        anycert__question_plainly(trials, &examination->confession, err) < 0)
        return -1;
    if (is_to_question(examination, &wanted, err) < 0)
        return -1;
    if (wanted &&
        anycert__question(trials, budget_left(examination), &examination->confession, err) < 0)
        return -1;
    return compare_addresses(examination, shown, err);
}

int anycert__examine(const struct anycert_doctor *doctor, const struct anycert__peer *target,
                     const char *shown, struct anycert__examination *examination,
                     struct anycert_error *err)
{
    static const struct anycert_policy everything = {.rung = ANYCERT__RUNG_ANTIQUE};
    struct anycert__anchors *anchors = NULL;
    int result = -1;

    memset(examination, 0, sizeof *examination);
    examination->begun_us = anycert__monotonic_us();
    examination->trials.doctor = doctor;
    examination->trials.limit_ms = doctor->timeout_ms;
    anchors = anycert__anchors_or_none(doctor->base, err);
    examination->trials.ceiling = anycert__ceiling_load(err);
    if (!anchors || !examination->trials.ceiling ||
        anycert__route_begin(&examination->trials.route, doctor, target, anchors, err) < 0)
        goto out;
    examination->trials.route.waits =
        anycert__ceiling_check(examination->trials.ceiling, &everything,
                               anycert__clock_now(&doctor->clock), NULL) < 0;
    /* What is given for a proxy is used, and not only tried. */
    if (doctor->proxy.kind == ANYCERT__PROXY_HTTPS &&
        anycert__ceiling_check(examination->trials.ceiling, doctor->proxy_policy,
                               anycert__clock_now(&doctor->clock), err) < 0)
        goto out;
    begin(examination, doctor->budget);
    if (run(examination, shown, err) == 0)
        result = look_further(examination, shown, err);
out:
    examination->trials.route.anchors = NULL;
    examination->anchors = anchors;
    examination->elapsed_ms = (uint64_t)(anycert__monotonic_us() - examination->begun_us) / 1000;
    return result;
}

size_t anycert__examination_handshakes(const struct anycert__examination *examination)
{
    size_t count = examination->confession.questions + examination->compared +
                   examination->shape.questions + examination->trials.repeated +
                   examination->addresses.handshakes;

    for (size_t i = 0; i < examination->plan.count; i++) {
        const struct anycert__obstacle *obstacle = &examination->done[i].obstacle;

        count += !obstacle->is_set || obstacle->stage >= ANYCERT_STAGE_PROXY_TLS ||
                 (obstacle->stage == ANYCERT_STAGE_PROXY && examination->trials.route.proxy_facts);
    }
    return examination->proxy
               ? count + anycert__examination_handshakes(&examination->proxy->examination)
               : count;
}

void anycert__examination_clear(struct anycert__examination *examination)
{
    anycert__proxy_examination_free(examination->proxy);
    examination->proxy = NULL;
    for (size_t i = 0; i < ANYCERT__PLAN_BUDGET; i++)
        anycert__trial_clear(&examination->done[i]);
    anycert__route_end(&examination->trials.route);
    anycert__trial_clear(&examination->direct);
    anycert__supply_clear(&examination->trials.supply);
    anycert__anchors_unref(examination->anchors);
    anycert__ceiling_free(examination->trials.ceiling);
    examination->trials.ceiling = NULL;
}
