#include "verdict/short_diagnosis.h"

#include "base/buf.h"
#include "base/mem.h"
#include "verdict/proxy_words.h"
#include "verdict/report.h"
#include "verdict/show.h"

#include <string.h>

#define TITLES 3

static bool is_of_proxy(const struct anycert_short_diagnosis *diagnosis)
{
    return diagnosis->report && diagnosis->report->facts->hop == ANYCERT__HOP_PROXY;
}

static enum anycert__hop hop_of(const struct anycert_short_diagnosis *diagnosis,
                                const struct anycert__cause *cause)
{
    return is_of_proxy(diagnosis) || strcmp(cause->check, "proxy") == 0 ? ANYCERT__HOP_PROXY
                                                                        : ANYCERT__HOP_ORIGIN;
}

int anycert__short_add(struct anycert_short_diagnosis *diagnosis, enum anycert__cause_number cause,
                       const char *evidence, int x509_code, bool certain, struct anycert_error *err)
{
    struct anycert__short_cause *found = &diagnosis->causes[diagnosis->cause_count];
    const struct anycert__facts *facts = diagnosis->report ? diagnosis->report->facts : NULL;
    bool of_proxy = false;

    for (size_t i = 0; i < diagnosis->cause_count; i++) {
        if (diagnosis->causes[i].cause->number == cause)
            return 0;
    }
    if (diagnosis->cause_count == ANYCERT__SHORT_CAUSES_MAX)
        return 0;
    diagnosis->cause_count++;
    found->cause = anycert__cause(cause);
    found->certain = certain;
    of_proxy = anycert__is_said_of_proxy(found->cause, hop_of(diagnosis, found->cause));
    found->evidence = anycert__strdup(evidence);
    found->error = anycert__cause_errors(found->cause, facts, x509_code, err);
    found->title = anycert__said_of(found->cause->title, of_proxy, err);
    found->explanation = anycert__said_of(found->cause->explanation, of_proxy, err);
    return found->evidence && found->error && found->title && found->explanation
               ? 0
               : anycert__fail_nomem(err);
}

void anycert__short_sort(struct anycert_short_diagnosis *diagnosis)
{
    for (size_t i = 1; i < diagnosis->cause_count; i++) {
        struct anycert__short_cause moved = diagnosis->causes[i];
        size_t j = i;

        for (; j > 0 && diagnosis->causes[j - 1].cause->number > moved.cause->number; j--)
            diagnosis->causes[j] = diagnosis->causes[j - 1];
        diagnosis->causes[j] = moved;
    }
}

enum anycert_doctor_request anycert__short_request(const struct anycert_short_diagnosis *diagnosis)
{
    enum anycert_doctor_request request = ANYCERT_REQUEST_NONE;

    for (size_t i = 0; i < diagnosis->cause_count; i++) {
        const struct anycert__cause *cause = diagnosis->causes[i].cause;

        if (cause->number == ANYCERT__CAUSE_BODY_TRUNCATED ||
            cause->number == ANYCERT__CAUSE_NO_CLOSE_NOTIFY)
            return ANYCERT_REQUEST_BODY;
        if (cause->number == ANYCERT__CAUSE_CLIENT_CERT_ASKED_LATE ||
            strcmp(cause->check, "http") == 0)
            request = ANYCERT_REQUEST_HEAD;
    }
    return request;
}

int anycert__short_list_copy(struct anycert__short_list *to, char *const *from, size_t count,
                             struct anycert_error *err)
{
    to->list = count > 0 ? anycert__calloc(count, sizeof *to->list) : NULL;
    if (count > 0 && !to->list)
        return anycert__fail_nomem(err);
    for (; to->count < count; to->count++) {
        to->list[to->count] = anycert__strdup(from[to->count]);
        if (!to->list[to->count])
            return anycert__fail_nomem(err);
    }
    return 0;
}

static void clear_list(struct anycert__short_list *list)
{
    for (size_t i = 0; i < list->count; i++)
        anycert__free(list->list[i]);
    anycert__free(list->list);
}

struct anycert_short_diagnosis *anycert__short_ref(struct anycert_short_diagnosis *diagnosis)
{
    __atomic_add_fetch(&diagnosis->references, 1, __ATOMIC_RELAXED);
    return diagnosis;
}

void anycert_short_diagnosis_free(struct anycert_short_diagnosis *diagnosis)
{
    if (!diagnosis || __atomic_sub_fetch(&diagnosis->references, 1, __ATOMIC_ACQ_REL) >= 0)
        return;
    for (size_t i = 0; i < diagnosis->cause_count; i++) {
        anycert__free(diagnosis->causes[i].title);
        anycert__free(diagnosis->causes[i].explanation);
        anycert__free(diagnosis->causes[i].evidence);
        anycert__free(diagnosis->causes[i].error);
    }
    anycert_report_free(diagnosis->report);
    anycert_policy_free(diagnosis->policy);
    anycert_policy_free(diagnosis->base);
    anycert_policy_free(diagnosis->proxy_policy);
    anycert_free(diagnosis->policy_text);
    anycert_free(diagnosis->key_policy);
    anycert__free(diagnosis->other_name);
    anycert__free(diagnosis->target);
    anycert__free(diagnosis->forbidden);
    anycert__free(diagnosis->command);
    anycert__free(diagnosis->text);
    anycert__free(diagnosis->proxy);
    clear_list(&diagnosis->resolve);
    clear_list(&diagnosis->connect_to);
    clear_list(&diagnosis->intermediates);
    anycert__free(diagnosis);
}

/* ---- for people ---- */

/* What has to be known before the policy is taken. */
static const char *condition(const struct anycert_short_diagnosis *diagnosis)
{
    const struct anycert_policy *policy = diagnosis->policy;

    if (diagnosis->by_key)
        return " (once the key has been compared by another way)";
    if (diagnosis->other_name && policy && policy->expect_name &&
        strcmp(policy->expect_name, diagnosis->other_name) == 0)
        return is_of_proxy(diagnosis) ? " (only if that is a name of the proxy that is meant)"
                                      : " (only if that is a name of the server that is meant)";
    return "";
}

static void write_policy(struct anycert__buf *buf, const struct anycert_short_diagnosis *diagnosis)
{
    if (!diagnosis->policy_text)
        return;
    anycert__buf_addf(buf, "%s %s%s%s\n",
                      is_of_proxy(diagnosis) ? "least policy, for the proxy:" : "least policy:",
                      diagnosis->policy_text, condition(diagnosis),
                      diagnosis->whole ? "" : " (more may be wrong: no certificate came yet)");
    if (diagnosis->forbidden[0] != '\0')
        anycert__buf_addf(buf, "forbidden here: %s\n", diagnosis->forbidden);
}

/* Of many that look alike, the first with their titles, and the others by their ids in a line. */
static void write_causes(struct anycert__buf *buf, const struct anycert_short_diagnosis *diagnosis)
{
    size_t unsure = 0, told = 0;

    for (size_t i = 0; i < diagnosis->cause_count; i++)
        unsure += !diagnosis->certain && !diagnosis->causes[i].certain;
    for (size_t i = 0; i < diagnosis->cause_count; i++) {
        const struct anycert__short_cause *found = &diagnosis->causes[i];
        bool certain = diagnosis->certain || found->certain;

        if (!certain && unsure > TITLES + 1 && ++told > TITLES)
            continue;
        anycert__buf_addf(
            buf, "%s%s (%s%s)\n", certain ? "cause: " : "perhaps: ", found->title, found->cause->id,
            hop_of(diagnosis, found->cause) == ANYCERT__HOP_PROXY ? ", at the proxy" : "");
    }
    if (told <= TITLES)
        return;
    for (size_t i = 0, n = 0; i < diagnosis->cause_count; i++) {
        if (!diagnosis->causes[i].certain && ++n > TITLES)
            anycert__buf_addf(buf, "%s%s", n == TITLES + 1 ? "or: " : ", ",
                              diagnosis->causes[i].cause->id);
    }
    anycert__buf_adds(buf, "\n");
}

int anycert__short_write(struct anycert_short_diagnosis *diagnosis, struct anycert_error *err)
{
    struct anycert__buf buf;

    anycert__buf_init(&buf, ANYCERT__SHOW_BUFFER);
    write_causes(&buf, diagnosis);
    /* What several look like was seen once. */
    for (size_t i = 0; i < diagnosis->cause_count; i++) {
        if (i == 0 || strcmp(diagnosis->causes[i].evidence, diagnosis->causes[i - 1].evidence) != 0)
            anycert__buf_addf(&buf, "seen: %s\n", diagnosis->causes[i].evidence);
    }
    write_policy(&buf, diagnosis);
    if (diagnosis->command[0] != '\0')
        anycert__buf_addf(&buf, "more: %s\n", diagnosis->command);
    diagnosis->text = anycert__buf_take(&buf, "the diagnosis", err);
    anycert__buf_free(&buf);
    return diagnosis->text ? 0 : -1;
}

/* ---- getters ---- */

const char *anycert_short_diagnosis_target(const struct anycert_short_diagnosis *diagnosis)
{
    return diagnosis->target;
}

const struct anycert_report *
anycert_short_diagnosis_report(const struct anycert_short_diagnosis *diagnosis)
{
    return diagnosis->report;
}

int anycert_short_diagnosis_is_certain(const struct anycert_short_diagnosis *diagnosis)
{
    return diagnosis->certain;
}

size_t anycert_short_diagnosis_causes(const struct anycert_short_diagnosis *diagnosis)
{
    return diagnosis->cause_count;
}

static const struct anycert__short_cause *nth(const struct anycert_short_diagnosis *diagnosis,
                                              size_t n)
{
    return n < diagnosis->cause_count ? &diagnosis->causes[n] : NULL;
}

const char *anycert_short_diagnosis_cause_id(const struct anycert_short_diagnosis *diagnosis,
                                             size_t n)
{
    return nth(diagnosis, n) ? nth(diagnosis, n)->cause->id : NULL;
}

const char *anycert_short_diagnosis_cause_check(const struct anycert_short_diagnosis *diagnosis,
                                                size_t n)
{
    return nth(diagnosis, n) ? nth(diagnosis, n)->cause->check : NULL;
}

const char *anycert_short_diagnosis_cause_side(const struct anycert_short_diagnosis *diagnosis,
                                               size_t n)
{
    return nth(diagnosis, n) ? anycert__side_name(nth(diagnosis, n)->cause->side) : NULL;
}

const char *anycert_short_diagnosis_cause_title(const struct anycert_short_diagnosis *diagnosis,
                                                size_t n)
{
    return nth(diagnosis, n) ? nth(diagnosis, n)->title : NULL;
}

const char *
anycert_short_diagnosis_cause_explanation(const struct anycert_short_diagnosis *diagnosis, size_t n)
{
    return nth(diagnosis, n) ? nth(diagnosis, n)->explanation : NULL;
}

const char *anycert_short_diagnosis_cause_evidence(const struct anycert_short_diagnosis *diagnosis,
                                                   size_t n)
{
    return nth(diagnosis, n) ? nth(diagnosis, n)->evidence : NULL;
}

const char *anycert_short_diagnosis_cause_error(const struct anycert_short_diagnosis *diagnosis,
                                                size_t n)
{
    return nth(diagnosis, n) ? nth(diagnosis, n)->error : NULL;
}

const char *anycert_short_diagnosis_cause_hop(const struct anycert_short_diagnosis *diagnosis,
                                              size_t n)
{
    return nth(diagnosis, n) ? anycert__hop_name(hop_of(diagnosis, nth(diagnosis, n)->cause))
                             : NULL;
}

const char *anycert_short_diagnosis_policy(const struct anycert_short_diagnosis *diagnosis)
{
    return diagnosis->policy_text;
}

const struct anycert_policy *
anycert_short_diagnosis_policy_object(const struct anycert_short_diagnosis *diagnosis)
{
    return diagnosis->policy;
}

int anycert_short_diagnosis_policy_by_key(const struct anycert_short_diagnosis *diagnosis)
{
    return diagnosis->by_key;
}

int anycert_short_diagnosis_policy_is_whole(const struct anycert_short_diagnosis *diagnosis)
{
    return diagnosis->whole;
}

const char *
anycert_short_diagnosis_policy_forbidden(const struct anycert_short_diagnosis *diagnosis)
{
    return diagnosis->forbidden;
}

const char *anycert_short_diagnosis_key_policy(const struct anycert_short_diagnosis *diagnosis)
{
    return diagnosis->key_policy;
}

const char *anycert_short_diagnosis_other_name(const struct anycert_short_diagnosis *diagnosis)
{
    return diagnosis->other_name;
}

int anycert_short_diagnosis_relaxation(const struct anycert_short_diagnosis *diagnosis, size_t i)
{
    for (const struct anycert_relaxation *r = anycert_relaxation_next(NULL); r;
         r = anycert_relaxation_next(r)) {
        int id = anycert_relaxation_id(r);

        if ((diagnosis->relaxations & ANYCERT__RELAX_BIT(id)) && i-- == 0)
            return id;
    }
    return 0;
}

const char *anycert_short_diagnosis_command(const struct anycert_short_diagnosis *diagnosis)
{
    return diagnosis->command;
}

const char *anycert_short_diagnosis_text(const struct anycert_short_diagnosis *diagnosis)
{
    return diagnosis->text;
}
