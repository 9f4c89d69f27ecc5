#include "doctor/examine_proxy.h"

#include "base/mem.h"
#include "base/str.h"
#include "doctor/diagnosis.h"
#include "verdict/judge.h"

#include <stdio.h>
#include <string.h>

#define SHORTER     4 /* times, once the proxy was silent */
#define FOR_OTHERS  4 /* handshakes that are left for the server behind the proxy at least */
#define NAMED_PROXY (256 + sizeof "the proxy []:65535")

bool anycert__is_to_examine_proxy(const struct anycert__examination *examination)
{
    const struct anycert__obstacle *obstacle = &examination->done[0].obstacle;
    const struct anycert__facts *facts = examination->trials.route.proxy_facts;

    if (examination->trials.doctor->proxy.kind != ANYCERT__PROXY_HTTPS || !facts)
        return false;
    if (obstacle->is_set && obstacle->stage == ANYCERT_STAGE_PROXY_TLS)
        return obstacle->cause != ANYCERT__CAUSE_PROXY_IS_PLAIN &&
               obstacle->cause != ANYCERT__CAUSE_PROXY_IS_NONE;
    return facts->complete && !anycert__proxy_accepted(examination);
}

/* The caller of the other doctor may want an end. */
static int is_to_stop(void *arg)
{
    return anycert__stop_wanted(arg);
}

/* Hardened, with what the policy says of who vouches for the proxy, and of its name. */
static struct anycert_policy *base_of(const struct anycert_policy *given, struct anycert_error *err)
{
    struct anycert_policy *base = anycert_policy_new(err);

    if (base && anycert__policy_inherit_anchors(base, given, err) == 0 &&
        (!given->expect_name ||
         anycert_policy_set(base, "expect-name", given->expect_name, err) == 0) &&
        (!given->sni || anycert_policy_set(base, "sni", given->sni, err) == 0))
        return base;
    anycert_policy_free(base);
    return NULL;
}

struct anycert__proxy_examination *
anycert__proxy_examination_new(const struct anycert_doctor *doctor, struct anycert_error *err)
{
    struct anycert__proxy_examination *proxy = anycert__calloc(1, sizeof *proxy);

    if (!proxy) {
        anycert__fail_nomem(err);
        return NULL;
    }
    proxy->doctor.hop = ANYCERT__HOP_PROXY;
    proxy->doctor.base = base_of(doctor->proxy_policy, err);
    proxy->doctor.intermediates = doctor->intermediates;
    proxy->doctor.fetches_issuer = doctor->fetches_issuer;
    proxy->doctor.timeout_ms = doctor->timeout_ms;
    proxy->doctor.delay_ms = doctor->delay_ms;
    proxy->doctor.clock = doctor->clock;
    proxy->doctor.progress = doctor->progress;
    proxy->doctor.progress_arg = doctor->progress_arg;
    proxy->doctor.stop.asked = is_to_stop;
    /* It is only read from, but for the flag, which is atomic. */
    proxy->doctor.stop.arg = (void *)(uintptr_t)&doctor->stop;
    if (proxy->doctor.base)
        return proxy;
    anycert__proxy_examination_free(proxy);
    return NULL;
}

void anycert__proxy_examination_free(struct anycert__proxy_examination *proxy)
{
    if (!proxy)
        return;
    anycert__examination_clear(&proxy->examination);
    anycert_policy_free(proxy->doctor.base);
    anycert_policy_free(proxy->policy);
    anycert__free(proxy);
}

/* ---- what goes on through it ---- */

static int copy_pins(struct anycert_policy *policy, const struct anycert_policy *given,
                     struct anycert_error *err)
{
    char *pins = NULL;
    int result = anycert_policy_get(given, "pin", &pins, err) == 1
                     ? anycert_policy_set(policy, "pin", pins, err)
                     : -1;

    anycert_free(pins);
    return result;
}

/* Who pins the proxy's key gets no policy without a pin: his own, if the key has it, else the one
 * that was seen. */
static int keep_pins(struct anycert__proxy_examination *proxy, const struct anycert_policy *given,
                     struct anycert_error *err)
{
    const struct anycert__trial *best = anycert__best_view(&proxy->examination);
    const char *pin = proxy->examination.trials.pin;
    struct anycert_policy *pinned = NULL;
    bool same = false;

    if (given->pin_count == 0 || proxy->policy->rung == ANYCERT__RUNG_ANTIQUE || !best)
        return 0;
    pinned = anycert_policy_copy(proxy->policy, err);
    same = pinned && proxy->policy->pin_count == 0 && copy_pins(pinned, given, err) == 0 &&
           anycert_policy_check(pinned, NULL) == 0 &&
           anycert__judge_accepts(best->facts, pinned, best->facts->time, ANYCERT__JUDGE_ALL);
    if (!same) {
        anycert_policy_free(pinned);
        proxy->repinned = proxy->policy->pin_count == 0 && pin[0] != '\0';
        return proxy->repinned ? anycert_policy_set(proxy->policy, "pin", pin, err) : 0;
    }
    anycert_policy_free(proxy->policy);
    proxy->policy = pinned;
    return 0;
}

int anycert__proxy_examination_end(struct anycert__proxy_examination *proxy,
                                   const struct anycert_policy *given, struct anycert_error *err)
{
    const struct anycert__plan *plan = &proxy->examination.plan;
    const struct anycert__attempt hardened = {.observes = false};

    if ((plan->found != ANYCERT__FOUND_HEALTHY && plan->found != ANYCERT__FOUND_WAYS) ||
        plan->wants_cert) /* which no proxy gets */
        return 0;
    proxy->policy = anycert__trial_policy(
        &proxy->examination.trials,
        plan->found == ANYCERT__FOUND_WAYS ? &plan->ways[0].attempt : &hardened, err);
    return proxy->policy ? keep_pins(proxy, given, err) : -1;
}

bool anycert__is_proxy_supplied(const struct anycert__proxy_examination *proxy)
{
    const struct anycert__plan *plan = &proxy->examination.plan;

    return proxy->policy && plan->way_count > 0 && plan->ways[0].attempt.supply;
}

int anycert__examine_proxy(struct anycert__examination *examination, struct anycert_error *err)
{
    const struct anycert_doctor *doctor = examination->trials.doctor;
    const struct anycert__peer *peer = &doctor->proxy.peer;
    size_t budget = examination->plan.budget, used = 0;
    struct anycert__proxy_examination *proxy = anycert__proxy_examination_new(doctor, err);
    char shown[NAMED_PROXY];

    if (!proxy)
        return -1;
    examination->proxy = proxy;
    (void)snprintf(shown, sizeof shown, "the proxy %s%s%s:%u", anycert__open_bracket(peer->host),
                   peer->host, anycert__close_bracket(peer->host), (unsigned)peer->port);
    proxy->doctor.budget = budget > FOR_OTHERS + 1 ? budget - FOR_OTHERS - 1 : 1;
    if (examination->done[0].obstacle.is_set &&
        examination->done[0].obstacle.cause == ANYCERT__CAUSE_PROXY_SILENT)
        proxy->doctor.timeout_ms = 1 + doctor->timeout_ms / SHORTER;
    if (anycert__examine(&proxy->doctor, peer, shown, &proxy->examination, err) < 0 ||
        anycert__proxy_examination_end(proxy, doctor->proxy_policy, err) < 0)
        return -1;
    anycert__note_lists(&proxy->examination);
    used = anycert__examination_handshakes(&proxy->examination) + 1;
    examination->plan.budget = budget > used ? budget - used : 1;
    examination->trials.route.through = proxy->policy;
    if (anycert__is_proxy_supplied(proxy))
        examination->trials.route.proxy_terms.intermediates =
            proxy->examination.trials.supply.certs;
    return 0;
}
