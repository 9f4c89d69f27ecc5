/* An https:// proxy that is not believed: its own examination is diagnosed as that of a server, and
 * what comes of it is told with what is wrong behind it. */
#include "doctor/diagnosis.h"

#include "base/mem.h"
#include "base/str.h"
#include "doctor/examine_proxy.h"
#include "verdict/detail.h"
#include "verdict/pin.h"

#include <stdio.h>
#include <string.h>

/* ---- policies that commands have in them ---- */

/* With an end, as the administrator wants it; where he allows it in no way, as it is: he says so
 * beside it. */
static char *text_with_end(const struct anycert_policy *policy,
                           const struct anycert__ceiling *ceiling, struct anycert_error *err)
{
    struct anycert_error why = {0};
    struct anycert_policy *ending = anycert__ending_policy(policy, ceiling, &why);
    char *text = NULL;

    if (ending || why.code == 0)
        text = anycert_policy_format(ending ? ending : policy, err);
    else
        anycert__fail_nomem(err);
    anycert_policy_free(ending);
    return text;
}

/* Keeps the policy's text as that with a pin, or a name, unless there is one already. */
static int note_policy(struct anycert_diagnosis *found, const struct anycert_policy *policy,
                       const struct anycert__ceiling *ceiling, struct anycert_error *err)
{
    if (policy->pin_count > 0 && !found->with_pin) {
        found->with_pin = text_with_end(policy, ceiling, err);
        if (!found->with_pin)
            return -1;
    }
    if (policy->expect_name && !found->with_name) {
        found->with_name = text_with_end(policy, ceiling, err);
        if (!found->with_name)
            return -1;
    }
    return 0;
}

static int note_policies(struct anycert_diagnosis *found,
                         const struct anycert__proxy_examination *proxy, struct anycert_error *err)
{
    const struct anycert__plan *plan = &proxy->examination.plan;
    const struct anycert__ceiling *ceiling = proxy->examination.trials.ceiling;
    int result = proxy->policy ? note_policy(found, proxy->policy, ceiling, err) : 0;

    for (size_t i = 0; result == 0 && i < plan->way_count; i++) {
        struct anycert_policy *policy =
            anycert__trial_policy(&proxy->examination.trials, &plan->ways[i].attempt, err);

        result = policy ? note_policy(found, policy, ceiling, err) : -1;
        anycert_policy_free(policy);
    }
    return result;
}

/* ---- what the caller's pins make of it ---- */

/* The pin that was given is that of another key. */
static int diagnose_pin(struct anycert_diagnosis *found, const struct anycert_policy *given,
                        struct anycert_error *err)
{
    const struct anycert__trial *best = anycert__best_view(found->examination);
    struct anycert__pin pin = {.wanted = false};
    char *detail = NULL;
    int result = -1;

    if (!best || given->pin_count == 0)
        return 0;
    pin = anycert__pin_look(best->facts, given);
    if (anycert__pin_stands(&pin))
        return 0;
    detail = anycert__pin_detail(best->facts, &pin);
    result = detail ? anycert__diagnose(found, ANYCERT__CAUSE_PIN_MISMATCH, detail, NULL, err)
                    : anycert__fail_nomem(err);
    anycert__free(detail);
    return result;
}

/* Whether the key that it showed has one of the caller's pins. */
static bool is_pinned(const struct anycert__proxy_examination *proxy,
                      const struct anycert_policy *given)
{
    const struct anycert__trial *best = anycert__best_view(&proxy->examination);
    struct anycert__pin pin = {.wanted = false};

    if (!best || given->pin_count == 0)
        return false;
    pin = anycert__pin_look(best->facts, given);
    return anycert__pin_stands(&pin);
}

/* What goes on through the proxy is the policy to take, with the pins of the caller. */
static int put_first(struct anycert_diagnosis *found,
                     const struct anycert__proxy_examination *proxy,
                     const struct anycert_policy *given, struct anycert_error *err)
{
    struct anycert__advice *first = &found->policies[0];
    struct anycert_policy *made = anycert_policy_copy(proxy->policy, err);
    char *text = made ? anycert_policy_format(made, err) : NULL;

    if (!text) {
        anycert_policy_free(made);
        return -1;
    }
    anycert_policy_free(first->made);
    anycert_free(first->policy);
    first->made = made;
    first->policy = text;
    if (!proxy->repinned && first->trust == ANYCERT__TRUST_IF_COMPARED && is_pinned(proxy, given)) {
        first->trust = ANYCERT__TRUST_PROVEN; /* it was compared, or it would not have been given */
        first->note[0] = '\0';
    }
    if (proxy->repinned) {
        first->trust = ANYCERT__TRUST_IF_COMPARED;
        (void)snprintf(first->note, sizeof first->note,
                       "compare the pin with the proxy's by another way before it is used: the key "
                       "is not the one that was pinned");
    }
    return 0;
}

/* ---- the proxy's own diagnosis ---- */

static int fill(struct anycert_diagnosis *found, const struct anycert__proxy_examination *proxy,
                const struct anycert_policy *given, struct anycert_error *err)
{
    if (anycert__words_join(&found->given, &found->outer->given, err) < 0 ||
        note_policies(found, proxy, err) < 0 ||
        anycert__diagnosis_fill(found, &proxy->examination, err) < 0 ||
        diagnose_pin(found, given, err) < 0)
        return -1;
    if (proxy->policy && put_first(found, proxy, given, err) < 0)
        return -1;
    anycert__sort_causes(found);
    found->verdict = anycert__worse_verdict(found->verdict, ANYCERT_VERDICT_FIXABLE);
    return 0;
}

static struct anycert_diagnosis *new_diagnosis(const struct anycert_diagnosis *outer,
                                               struct anycert__proxy_examination *proxy)
{
    struct anycert_diagnosis *found = anycert__calloc(1, sizeof *found);
    char place[300];

    if (!found)
        return NULL;
    found->hop = ANYCERT__HOP_PROXY;
    found->outer = outer;
    found->replayed = outer->replayed;
    found->peer = proxy->examination.trials.route.target;
    found->examination = &proxy->examination;
    found->target =
        anycert__strdup(anycert__place_of_proxy(outer, place) ? place : found->peer.host);
    if (found->target)
        return found;
    anycert_diagnosis_free(found);
    return NULL;
}

/* It may have said nothing to TLS, and have answered to what is no TLS. */
static int note_plain(struct anycert_diagnosis *diagnosis, struct anycert_error *err)
{
    const struct anycert_diagnosis *found = diagnosis->of_proxy;

    for (size_t i = 0; i < found->cause_count; i++) {
        if (found->causes[i].cause->number == ANYCERT__CAUSE_SPEAKS_HTTP)
            return anycert__diagnose(diagnosis, ANYCERT__CAUSE_PROXY_IS_PLAIN,
                                     found->causes[i].evidence, NULL, err);
    }
    return 0;
}

/* What leads through the proxy is in every command; one that cannot be shown cannot be pasted. */
static int lead_through(struct anycert_diagnosis *diagnosis, const struct anycert__ceiling *ceiling,
                        struct anycert_error *err)
{
    const struct anycert__advice *least = &diagnosis->of_proxy->policies[0];
    struct anycert_error why = {0};
    char *text = text_with_end(least->made, ceiling, err);
    bool fails = !text;

    if (text && (anycert__words_set(&diagnosis->given, "proxy-trust", text, &why) < 0 ||
                 anycert__words_set(&diagnosis->way, "proxy-trust", least->policy, &why) < 0))
        fails = why.code == ANYCERT_E_NOMEM;
    anycert_free(text);
    return fails ? anycert__fail_nomem(err) : 0;
}

int anycert__diagnose_proxy(struct anycert_diagnosis *diagnosis,
                            const struct anycert__examination *examination,
                            struct anycert_error *err)
{
    struct anycert__proxy_examination *proxy = examination->proxy;
    struct anycert_diagnosis *found = proxy ? new_diagnosis(diagnosis, proxy) : NULL;

    if (!proxy)
        return 0;
    if (!found)
        return anycert__fail_nomem(err);
    diagnosis->of_proxy = found;
    if (fill(found, proxy, examination->trials.doctor->proxy_policy, err) < 0)
        return -1;
    if (!proxy->policy)
        return note_plain(diagnosis, err);
    return lead_through(diagnosis, examination->trials.ceiling, err);
}

/* ---- both together ---- */

enum anycert_doctor_verdict anycert__worse_verdict(enum anycert_doctor_verdict a,
                                                   enum anycert_doctor_verdict b)
{
    static const enum anycert_doctor_verdict order[] = {
        ANYCERT_VERDICT_HEALTHY,    ANYCERT_VERDICT_FIXABLE,   ANYCERT_VERDICT_RELAXABLE,
        ANYCERT_VERDICT_IMPOSSIBLE, ANYCERT_VERDICT_FORBIDDEN, ANYCERT_VERDICT_UNREACHABLE};

    for (size_t i = sizeof order / sizeof order[0]; i-- > 0;) {
        if (order[i] == a || order[i] == b)
            return order[i];
    }
    return a;
}

/* What was in the way says it better, with the proxy in it: nothing came, or no TLS. */
static bool says_nothing_more(const struct anycert_diagnosis *diagnosis,
                              const struct anycert__diagnosed *found)
{
    enum anycert__cause_number number = found->cause->number;
    bool is_in_the_way = anycert__diagnosed(diagnosis, ANYCERT__CAUSE_PROXY_IS_SOCKS) ||
                         anycert__diagnosed(diagnosis, ANYCERT__CAUSE_PROXY_SILENT) ||
                         anycert__diagnosed(diagnosis, ANYCERT__CAUSE_PROXY_CLOSED) ||
                         anycert__diagnosed(diagnosis, ANYCERT__CAUSE_PROXY_TLS_FAILS);

    return is_in_the_way &&
           (number == ANYCERT__CAUSE_TLS_SILENT || number == ANYCERT__CAUSE_TLS_SLOW ||
            number == ANYCERT__CAUSE_TLS_CLOSED || number == ANYCERT__CAUSE_TLS_RESET);
}

static void lend(struct anycert_diagnosis *diagnosis, const struct anycert__diagnosed *found)
{
    for (size_t i = 0; i < diagnosis->cause_count; i++) {
        if (diagnosis->causes[i].hop == ANYCERT__HOP_PROXY &&
            diagnosis->causes[i].cause == found->cause)
            return;
    }
    if (diagnosis->cause_count == ANYCERT__DIAGNOSED_MAX || says_nothing_more(diagnosis, found))
        return;
    diagnosis->causes[diagnosis->cause_count] = *found;
    diagnosis->causes[diagnosis->cause_count++].lent = true;
}

/* Where nothing goes on through the proxy, what is wrong with it decides. */
static enum anycert_doctor_verdict verdict_of_both(const struct anycert_diagnosis *diagnosis,
                                                   const struct anycert__examination *examination)
{
    enum anycert_doctor_verdict proxy = diagnosis->of_proxy->verdict;
    const struct anycert__obstacle *obstacle = &examination->done[0].obstacle;
    bool is_stuck = obstacle->is_set &&
                    (!examination->proxy->policy || obstacle->stage == ANYCERT_STAGE_PROXY_TLS);

    /* What the server wants beside a policy, or that there is none for it, is not made good by one
     * for the proxy. */
    if (!is_stuck && (diagnosis->wants_cert || diagnosis->policy_count == 0) &&
        diagnosis->verdict != ANYCERT_VERDICT_HEALTHY &&
        anycert__worse_verdict(proxy, ANYCERT_VERDICT_RELAXABLE) == ANYCERT_VERDICT_RELAXABLE)
        return diagnosis->verdict;
    if (!is_stuck)
        return anycert__worse_verdict(diagnosis->verdict, proxy);
    return anycert__diagnosed(diagnosis, ANYCERT__CAUSE_PROXY_IS_SOCKS) ||
                   anycert__diagnosed(diagnosis, ANYCERT__CAUSE_PROXY_SILENT) ||
                   anycert__diagnosed(diagnosis, ANYCERT__CAUSE_PROXY_CLOSED)
               ? diagnosis->verdict
               : proxy;
}

void anycert__join_proxy(struct anycert_diagnosis *diagnosis,
                         const struct anycert__examination *examination)
{
    const struct anycert_diagnosis *found = diagnosis->of_proxy;

    if (!found)
        return;
    for (size_t i = 0; i < found->cause_count; i++) {
        if (found->causes[i].cause->number != ANYCERT__CAUSE_SPEAKS_HTTP)
            lend(diagnosis, &found->causes[i]);
    }
    anycert__sort_causes(diagnosis);
    diagnosis->verdict = verdict_of_both(diagnosis, examination);
    diagnosis->stage = ANYCERT_STAGE_PROXY_TLS;
    diagnosis->exhausted = diagnosis->exhausted || found->exhausted;
}
