#include "doctor/diagnosis.h"

#include "base/mem.h"
#include "verdict/show.h"

static const struct {
    int verdict;
    const char *name;
} verdicts[] = {
    {ANYCERT_VERDICT_HEALTHY, "healthy"},     {ANYCERT_VERDICT_UNREACHABLE, "unreachable"},
    {ANYCERT_VERDICT_RELAXABLE, "relaxable"}, {ANYCERT_VERDICT_IMPOSSIBLE, "impossible"},
    {ANYCERT_VERDICT_FIXABLE, "fixable"},     {ANYCERT_VERDICT_FORBIDDEN, "forbidden"},
};

const char *anycert_doctor_verdict_name(int verdict)
{
    for (size_t i = 0; i < sizeof verdicts / sizeof verdicts[0]; i++) {
        if (verdicts[i].verdict == verdict)
            return verdicts[i].name;
    }
    return NULL;
}

int anycert_doctor_exit_code(int verdict)
{
    return verdict == ANYCERT_VERDICT_FORBIDDEN ? ANYCERT_VERDICT_IMPOSSIBLE : verdict;
}

const char *anycert_doctor_stage_name(int stage)
{
    static const char *const names[] = {"dns", "tcp",         "proxy", "proxy-tls",
                                        "tls", "certificate", "http",  "done"};

    return stage >= 0 && (size_t)stage < sizeof names / sizeof names[0] ? names[stage] : NULL;
}

void anycert_diagnosis_free(struct anycert_diagnosis *diagnosis)
{
    if (!diagnosis)
        return;
    for (size_t i = 0; i < diagnosis->cause_count; i++) {
        if (diagnosis->causes[i].lent)
            continue;
        anycert__free(diagnosis->causes[i].title);
        anycert__free(diagnosis->causes[i].explanation);
        anycert__free(diagnosis->causes[i].evidence);
        anycert__free(diagnosis->causes[i].error);
        anycert__remedies_clear(&diagnosis->causes[i].remedies);
    }
    for (size_t i = 0; i < diagnosis->policy_count; i++) {
        anycert_policy_free(diagnosis->policies[i].made);
        anycert_free(diagnosis->policies[i].policy);
        anycert__free(diagnosis->policies[i].forbidden);
    }
    if (diagnosis->examination && !diagnosis->outer) {
        anycert__examination_clear(diagnosis->examination);
        anycert__free(diagnosis->examination);
    }
    anycert_free(diagnosis->with_pin);
    anycert_free(diagnosis->with_name);
    anycert_diagnosis_free(diagnosis->of_proxy);
    anycert_policy_free(diagnosis->base);
    anycert_policy_free(diagnosis->proxy_policy);
    anycert_report_free(diagnosis->report);
    anycert__free(diagnosis->pin);
    anycert__free(diagnosis->name);
    anycert__free(diagnosis->command);
    anycert__free(diagnosis->keep_command);
    anycert__words_clear(&diagnosis->way);
    anycert__words_clear(&diagnosis->given);
    anycert__free(diagnosis->target);
    anycert__free(diagnosis);
}

int anycert_diagnosis_verdict(const struct anycert_diagnosis *diagnosis)
{
    return (int)diagnosis->verdict;
}

int anycert_diagnosis_stage(const struct anycert_diagnosis *diagnosis)
{
    return (int)diagnosis->stage;
}

const char *anycert_diagnosis_target(const struct anycert_diagnosis *diagnosis)
{
    return diagnosis->target;
}

const char *anycert_diagnosis_host(const struct anycert_diagnosis *diagnosis)
{
    return diagnosis->peer.host;
}

uint16_t anycert_diagnosis_port(const struct anycert_diagnosis *diagnosis)
{
    return diagnosis->peer.port;
}

size_t anycert_diagnosis_handshakes(const struct anycert_diagnosis *diagnosis)
{
    return diagnosis->handshakes;
}

uint64_t anycert_diagnosis_elapsed_ms(const struct anycert_diagnosis *diagnosis)
{
    return diagnosis->elapsed_ms;
}

size_t anycert_diagnosis_addresses(const struct anycert_diagnosis *diagnosis)
{
    return diagnosis->addresses.count;
}

const char *anycert_diagnosis_address(const struct anycert_diagnosis *diagnosis, size_t n)
{
    return n < diagnosis->addresses.count ? diagnosis->addresses.seen[n].address : NULL;
}

const char *anycert_diagnosis_address_result(const struct anycert_diagnosis *diagnosis, size_t n)
{
    return n < diagnosis->addresses.count ? diagnosis->addresses.seen[n].what : NULL;
}

const struct anycert_report *anycert_diagnosis_report(const struct anycert_diagnosis *diagnosis)
{
    return diagnosis->report;
}

/* ---- causes ---- */

static const struct anycert__diagnosed *cause_at(const struct anycert_diagnosis *diagnosis,
                                                 size_t n)
{
    return n < diagnosis->cause_count ? &diagnosis->causes[n] : NULL;
}

size_t anycert_diagnosis_causes(const struct anycert_diagnosis *diagnosis)
{
    return diagnosis->cause_count;
}

const char *anycert_diagnosis_cause_id(const struct anycert_diagnosis *diagnosis, size_t n)
{
    return cause_at(diagnosis, n) ? cause_at(diagnosis, n)->cause->id : NULL;
}

const char *anycert_diagnosis_cause_check(const struct anycert_diagnosis *diagnosis, size_t n)
{
    return cause_at(diagnosis, n) ? cause_at(diagnosis, n)->cause->check : NULL;
}

const char *anycert_diagnosis_cause_side(const struct anycert_diagnosis *diagnosis, size_t n)
{
    return cause_at(diagnosis, n) ? anycert__side_name(cause_at(diagnosis, n)->cause->side) : NULL;
}

const char *anycert_diagnosis_cause_title(const struct anycert_diagnosis *diagnosis, size_t n)
{
    return cause_at(diagnosis, n) ? cause_at(diagnosis, n)->title : NULL;
}

const char *anycert_diagnosis_cause_explanation(const struct anycert_diagnosis *diagnosis, size_t n)
{
    return cause_at(diagnosis, n) ? cause_at(diagnosis, n)->explanation : NULL;
}

const char *anycert_diagnosis_cause_evidence(const struct anycert_diagnosis *diagnosis, size_t n)
{
    return cause_at(diagnosis, n) ? cause_at(diagnosis, n)->evidence : NULL;
}

const char *anycert_diagnosis_cause_error(const struct anycert_diagnosis *diagnosis, size_t n)
{
    return cause_at(diagnosis, n) ? cause_at(diagnosis, n)->error : NULL;
}

const char *anycert_diagnosis_cause_hop(const struct anycert_diagnosis *diagnosis, size_t n)
{
    return cause_at(diagnosis, n) ? anycert__hop_name(cause_at(diagnosis, n)->hop) : NULL;
}

const struct anycert_diagnosis *anycert_diagnosis_proxy(const struct anycert_diagnosis *diagnosis)
{
    return diagnosis->of_proxy;
}

/* ---- policies ---- */

size_t anycert_diagnosis_policies(const struct anycert_diagnosis *diagnosis)
{
    return diagnosis->policy_count;
}

const char *anycert_diagnosis_policy(const struct anycert_diagnosis *diagnosis, size_t n)
{
    return n < diagnosis->policy_count ? diagnosis->policies[n].policy : NULL;
}

const struct anycert_policy *
anycert_diagnosis_policy_object(const struct anycert_diagnosis *diagnosis, size_t n)
{
    return n < diagnosis->policy_count ? diagnosis->policies[n].made : NULL;
}

int anycert_diagnosis_policy_confirmed(const struct anycert_diagnosis *diagnosis, size_t n)
{
    return n < diagnosis->policy_count && diagnosis->policies[n].confirmed;
}

int anycert_diagnosis_policy_minimal(const struct anycert_diagnosis *diagnosis, size_t n)
{
    return n < diagnosis->policy_count && diagnosis->policies[n].minimal;
}

const char *anycert_diagnosis_policy_note(const struct anycert_diagnosis *diagnosis, size_t n)
{
    return n < diagnosis->policy_count ? diagnosis->policies[n].note : NULL;
}

const char *anycert_diagnosis_policy_forbidden(const struct anycert_diagnosis *diagnosis, size_t n)
{
    return n < diagnosis->policy_count ? diagnosis->policies[n].forbidden : NULL;
}

int anycert_diagnosis_policy_relaxation(const struct anycert_diagnosis *diagnosis, size_t n,
                                        size_t i)
{
    if (n >= diagnosis->policy_count)
        return 0;
    for (const struct anycert_relaxation *r = anycert_relaxation_next(NULL); r;
         r = anycert_relaxation_next(r)) {
        if ((diagnosis->policies[n].relaxations & ANYCERT__RELAX_BIT(anycert_relaxation_id(r))) &&
            i-- == 0)
            return anycert_relaxation_id(r);
    }
    return 0;
}

/* ---- remedies ---- */

size_t anycert_diagnosis_remedies(const struct anycert_diagnosis *diagnosis)
{
    size_t count = 0;

    for (size_t i = 0; i < diagnosis->cause_count; i++)
        count += diagnosis->causes[i].remedies.count;
    return count;
}

/* NULL behind the last; *cause is what it mends. */
static const struct anycert__remedy *remedy_at(const struct anycert_diagnosis *diagnosis, size_t n,
                                               const struct anycert__diagnosed **cause)
{
    for (size_t i = 0; i < diagnosis->cause_count; i++) {
        const struct anycert__remedies *remedies = &diagnosis->causes[i].remedies;

        *cause = &diagnosis->causes[i];
        if (n < remedies->count)
            return &remedies->items[n];
        n -= remedies->count;
    }
    return NULL;
}

const char *anycert_diagnosis_remedy_cause(const struct anycert_diagnosis *diagnosis, size_t n)
{
    const struct anycert__diagnosed *cause = NULL;

    return remedy_at(diagnosis, n, &cause) ? cause->cause->id : NULL;
}

const char *anycert_diagnosis_remedy_hop(const struct anycert_diagnosis *diagnosis, size_t n)
{
    const struct anycert__diagnosed *cause = NULL;

    return remedy_at(diagnosis, n, &cause) ? anycert__hop_name(cause->hop) : NULL;
}

const char *anycert_diagnosis_remedy_audience(const struct anycert_diagnosis *diagnosis, size_t n)
{
    const struct anycert__diagnosed *cause = NULL;
    const struct anycert__remedy *remedy = remedy_at(diagnosis, n, &cause);

    return remedy ? remedy->audience : NULL;
}

const char *anycert_diagnosis_remedy_where(const struct anycert_diagnosis *diagnosis, size_t n)
{
    const struct anycert__diagnosed *cause = NULL;
    const struct anycert__remedy *remedy = remedy_at(diagnosis, n, &cause);

    return remedy ? remedy->where : NULL;
}

const char *anycert_diagnosis_remedy_text(const struct anycert_diagnosis *diagnosis, size_t n)
{
    const struct anycert__diagnosed *cause = NULL;
    const struct anycert__remedy *remedy = remedy_at(diagnosis, n, &cause);

    return remedy ? remedy->text : NULL;
}

const char *anycert_diagnosis_remedy_language(const struct anycert_diagnosis *diagnosis, size_t n)
{
    const struct anycert__diagnosed *cause = NULL;
    const struct anycert__remedy *remedy = remedy_at(diagnosis, n, &cause);

    return remedy && remedy->language ? remedy->language : remedy ? "" : NULL;
}

const char *anycert_diagnosis_remedy_lines(const struct anycert_diagnosis *diagnosis, size_t n)
{
    const struct anycert__diagnosed *cause = NULL;
    const struct anycert__remedy *remedy = remedy_at(diagnosis, n, &cause);

    return remedy && remedy->lines ? remedy->lines : remedy ? "" : NULL;
}
