/* What a diagnosis comes to, in a word. */
#include "doctor/diagnosis.h"

#include "base/str.h"

/* A client certificate is shown to servers; a proxy gets none. */
bool anycert__proxy_wants_cert(const struct anycert_diagnosis *diagnosis)
{
    for (size_t i = 0; i < diagnosis->cause_count; i++) {
        if (diagnosis->causes[i].hop == ANYCERT__HOP_PROXY &&
            anycert__str_starts(diagnosis->causes[i].cause->id, "client-cert-"))
            return true;
    }
    return false;
}

static bool is_ours_to_mend(const struct anycert_diagnosis *diagnosis)
{
    for (size_t i = 0; i < diagnosis->cause_count; i++) {
        const struct anycert__cause *cause = diagnosis->causes[i].cause;

        if (cause->side == ANYCERT__SIDE_LOCAL && cause->here)
            return true;
    }
    return false;
}

static bool is_never_done(const struct anycert_diagnosis *diagnosis)
{
    for (size_t i = 0; i < diagnosis->cause_count; i++) {
        if (diagnosis->causes[i].cause->otherwise == ANYCERT__OTHERWISE_NEVER)
            return true;
    }
    return false;
}

/* Nothing connects. */
static enum anycert_doctor_verdict verdict_on_nothing(const struct anycert_diagnosis *diagnosis)
{
    if (diagnosis->stage == ANYCERT_STAGE_DNS || diagnosis->stage == ANYCERT_STAGE_TCP)
        return ANYCERT_VERDICT_UNREACHABLE;
    if (anycert__proxy_wants_cert(diagnosis))
        return ANYCERT_VERDICT_IMPOSSIBLE;
    if (diagnosis->stage == ANYCERT_STAGE_PROXY) {
        enum anycert__cause_number cause = diagnosis->causes[0].cause->number;

        if (cause == ANYCERT__CAUSE_PROXY_UNREACHABLE ||
            cause == ANYCERT__CAUSE_PROXY_NAME_NOT_FOUND || !is_ours_to_mend(diagnosis))
            return ANYCERT_VERDICT_UNREACHABLE;
        return ANYCERT_VERDICT_FIXABLE;
    }
    if (is_ours_to_mend(diagnosis) || diagnosis->addresses.other_good)
        return ANYCERT_VERDICT_FIXABLE;
    if (diagnosis->stage == ANYCERT_STAGE_PROXY_TLS)
        return ANYCERT_VERDICT_UNREACHABLE;
    return is_never_done(diagnosis) ? ANYCERT_VERDICT_FORBIDDEN : ANYCERT_VERDICT_IMPOSSIBLE;
}

/* What needs no relaxation once this machine's clock is right. */
static anycert__relaxations by_clock(const struct anycert_diagnosis *diagnosis)
{
    anycert__relaxations set = 0;

    for (size_t i = 0; i < diagnosis->cause_count; i++) {
        if (diagnosis->causes[i].cause->number == ANYCERT__CAUSE_CLOCK_AHEAD)
            set |= ANYCERT__RELAX_BIT(ANYCERT__RELAX_EXPIRED);
        if (diagnosis->causes[i].cause->number == ANYCERT__CAUSE_CLOCK_BEHIND)
            set |= ANYCERT__RELAX_BIT(ANYCERT__RELAX_NOT_YET_VALID);
    }
    return set;
}

/* To answer a request, and not in the first handshake. */
static bool wants_our_cert(const struct anycert_diagnosis *diagnosis)
{
    return anycert__diagnosed(diagnosis, ANYCERT__CAUSE_CLIENT_CERT_WANTED_BY_HTTP) ||
           anycert__diagnosed(diagnosis, ANYCERT__CAUSE_CLIENT_CERT_REQUIRED) ||
           anycert__diagnosed(diagnosis, ANYCERT__CAUSE_CLIENT_CERT_REQUIRED_LATE);
}

enum anycert_doctor_verdict anycert__verdict_on(const struct anycert_diagnosis *diagnosis,
                                                const struct anycert__plan *plan)
{
    switch (plan->found) {
    case ANYCERT__FOUND_HEALTHY:
        if (diagnosis->stage == ANYCERT_STAGE_PROXY_TLS)
            return ANYCERT_VERDICT_FIXABLE; /* the proxy's CA is ours to know */
        if (!plan->request_failed)
            return diagnosis->addresses.fail || plan->unsteady ? ANYCERT_VERDICT_FIXABLE
                                                               : ANYCERT_VERDICT_HEALTHY;
        return is_ours_to_mend(diagnosis) ? ANYCERT_VERDICT_FIXABLE : ANYCERT_VERDICT_UNREACHABLE;
    case ANYCERT__FOUND_WAYS:
        if (plan->wants_cert)
            break;
        if (plan->request_failed && !plan->ways[0].confirmed)
            return wants_our_cert(diagnosis) ? ANYCERT_VERDICT_FIXABLE
                                             : ANYCERT_VERDICT_UNREACHABLE;
        return diagnosis->addresses.other_good ||
                       (plan->ways[0].attempt.rung == ANYCERT__RUNG_HARDENED &&
                        (plan->ways[0].attempt.relaxations & ~by_clock(diagnosis)) == 0)
                   ? ANYCERT_VERDICT_FIXABLE
                   : ANYCERT_VERDICT_RELAXABLE;
    case ANYCERT__FOUND_REVOKED:
        return ANYCERT_VERDICT_FORBIDDEN;
    case ANYCERT__FOUND_NOTHING:
        break;
    }
    return verdict_on_nothing(diagnosis);
}
