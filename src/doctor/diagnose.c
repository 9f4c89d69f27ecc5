/* What an examination means. */
#include "doctor/diagnosis.h"

#include "base/buf.h"
#include "base/mem.h"
#include "base/str.h"
#include "doctor/examine_proxy.h"
#include "verdict/judge.h"
#include "verdict/proxy_words.h"
#include "verdict/show.h"

#include <stdio.h>
#include <string.h>

#define EVIDENCE_MAX 600 /* bytes, for one cause that is seen in several places */

/* ---- one cause ---- */

const char *anycert__good_address(const struct anycert_diagnosis *diagnosis,
                                  char out[ANYCERT__ADDRESS_SIZE])
{
    const struct anycert__addresses *addresses = &diagnosis->addresses;
    size_t best = 0;

    for (size_t i = 0; i < addresses->count; i++) {
        if (strcmp(addresses->seen[i].what, ANYCERT__ADDRESS_GOOD) == 0)
            best = i;
    }
    if (addresses->count == 0)
        return NULL;
    (void)snprintf(out, ANYCERT__ADDRESS_SIZE, "%.*s",
                   (int)strcspn(addresses->seen[best].address, " "), addresses->seen[best].address);
    return out;
}

const char *anycert__place_of_proxy(const struct anycert_diagnosis *diagnosis, char out[300])
{
    const char *url = anycert__words_find(&diagnosis->way, "proxy", 0);
    const char *place = url ? strstr(url, "://") : NULL;

    if (!place)
        return NULL;
    (void)snprintf(out, 300, "%s", place + strlen("://"));
    return out;
}

const char *anycert__name_to_offer(const struct anycert_diagnosis *diagnosis)
{
    const char *expected = diagnosis->base->expect_name;
    bool is_sent = diagnosis->examination->plan.send_expected;
    const char *asked = expected && !is_sent ? expected : diagnosis->peer.host;

    return diagnosis->name[0] == '\0' || anycert__str_equal_nocase(diagnosis->name, asked)
               ? NULL
               : diagnosis->name;
}

static int find_remedies(struct anycert_diagnosis *diagnosis, struct anycert__diagnosed *found,
                         const struct anycert__trial *trial, struct anycert_error *err)
{
    const struct anycert_diagnosis *outer = diagnosis->outer;
    const char *url = anycert__words_find(&diagnosis->way, "proxy", 0);
    const char *file = anycert__words_find(&diagnosis->given, "cacert", 0);
    bool hung_up = found->cause->number == ANYCERT__CAUSE_BODY_TRUNCATED && trial &&
                   trial->wire != ANYCERT__WIRE_SILENT;
    const struct anycert__facts *on_way = diagnosis->examination->trials.route.proxy_facts;
    char port[8], outer_port[8] = "", address[ANYCERT__ADDRESS_SIZE], proxy[300];
    const struct anycert__end end = anycert__end_by_pin(diagnosis, found->cause);
    struct anycert__evidence evidence[] = {
        {"host", diagnosis->peer.host},
        {"port", port},
        {"address", anycert__good_address(diagnosis, address)},
        {"proxy", anycert__place_of_proxy(outer ? outer : diagnosis, proxy)},
        {"name", anycert__name_to_offer(diagnosis)},
        {"pin", diagnosis->pin[0] != '\0' ? diagnosis->pin : NULL},
        {"issuer-url", diagnosis->issuer_url[0] != '\0' ? diagnosis->issuer_url : NULL},
        {"asked", anycert__has_no_more_time(diagnosis) ? "yes" : NULL},
        {"hung-up", hung_up ? "yes" : NULL},
        {"ca-file", file ? file : anycert__words_find(&diagnosis->given, "ca-add", 0)},
        {"ca-names", trial && trial->ca_name_count > 0 ? trial->ca_names[0] : NULL},
        {"proxy-url", anycert__words_find(outer ? &outer->way : &diagnosis->way, "proxy", 0)},
        {"until", end.day},
        {"why", end.wants_reason ? "yes" : NULL},
        {"no-pin", end.is_forbidden ? "yes" : NULL},
    };

    struct anycert__evidence on_the_way[] = {
        {"host", outer ? outer->peer.host : NULL},
        {"port", outer_port},
        evidence[3], /* the rest is the proxy's */
        evidence[4],
        evidence[5],
        evidence[6],
        {"trust-by-pin", diagnosis->with_pin},
        {"trust-by-name", diagnosis->with_name},
    };
    struct anycert__remedy_case known = {evidence,
                                         sizeof evidence / sizeof evidence[0],
                                         &diagnosis->given,
                                         outer ? on_the_way : NULL,
                                         sizeof on_the_way / sizeof on_the_way[0],
                                         url && anycert__str_starts(url, "https:"),
                                         on_way && on_way->complete,
                                         url && anycert__str_starts(url, "socks")};

    (void)snprintf(port, sizeof port, "%u", (unsigned)diagnosis->peer.port);
    if (outer)
        (void)snprintf(outer_port, sizeof outer_port, "%u", (unsigned)outer->peer.port);
    return anycert__remedies_of_case(found->cause, &known, &found->remedies, err);
}

/* What is seen on the way to the server says by itself what is the proxy's. */
static bool is_about_proxy(const struct anycert_diagnosis *diagnosis)
{
    return diagnosis->hop == ANYCERT__HOP_PROXY;
}

/* The same cause was seen elsewhere, too: at another certificate, or beyond the proxy. */
static int add_evidence(const struct anycert_diagnosis *diagnosis, struct anycert__diagnosed *found,
                        const char *more, struct anycert_error *err)
{
    char *added = anycert__said_of(more, is_about_proxy(diagnosis), err);
    struct anycert__buf buf;
    char *both = NULL;
    int result = added ? 0 : anycert__fail_nomem(err);

    if (added && !strstr(found->evidence, added) &&
        strlen(found->evidence) + strlen(added) <= EVIDENCE_MAX) {
        anycert__buf_init(&buf, ANYCERT__SHOW_BUFFER);
        anycert__buf_addf(&buf, "%s; %s", found->evidence, added);
        both = anycert__buf_take(&buf, "the evidence", err);
        anycert__buf_free(&buf);
        result = both ? 0 : -1;
    }
    if (both) {
        anycert__free(found->evidence);
        found->evidence = both;
    }
    anycert__free(added);
    return result;
}

static bool is_proxys_handshake(const struct anycert__trial *trial)
{
    return trial && trial->obstacle.is_set && trial->obstacle.stage == ANYCERT_STAGE_PROXY_TLS;
}

static enum anycert__hop hop_of(const struct anycert_diagnosis *diagnosis,
                                enum anycert__cause_number cause,
                                const struct anycert__trial *trial)
{
    return strcmp(anycert__cause(cause)->check, "proxy") == 0 || is_proxys_handshake(trial)
               ? ANYCERT__HOP_PROXY
               : diagnosis->hop;
}

/* Those of the handshake that it was seen in, for its error. */
static const struct anycert__facts *facts_of(const struct anycert_diagnosis *diagnosis,
                                             const struct anycert__trial *trial)
{
    if (is_proxys_handshake(trial))
        return diagnosis->examination->trials.route.proxy_facts;
    return trial ? trial->facts : NULL;
}

/* facts are those that others' words are chosen by, and code is the error of verification. */
static int add_cause(struct anycert_diagnosis *diagnosis, enum anycert__cause_number cause,
                     const char *evidence, const struct anycert__trial *trial,
                     const struct anycert__facts *facts, int code, struct anycert_error *err)
{
    struct anycert__diagnosed *found = &diagnosis->causes[diagnosis->cause_count];
    enum anycert__hop hop = hop_of(diagnosis, cause, trial);
    bool of_proxy = anycert__is_said_of_proxy(anycert__cause(cause), hop);

    for (size_t i = 0; i < diagnosis->cause_count; i++) {
        if (diagnosis->causes[i].cause->number == cause && diagnosis->causes[i].hop == hop)
            return evidence ? add_evidence(diagnosis, &diagnosis->causes[i], evidence, err) : 0;
    }
    if (diagnosis->cause_count == ANYCERT__DIAGNOSED_MAX)
        return 0;
    diagnosis->cause_count++;
    found->cause = anycert__cause(cause);
    found->hop = hop;
    found->title = anycert__said_of(found->cause->title, of_proxy, err);
    found->explanation = anycert__said_of(found->cause->explanation, of_proxy, err);
    found->evidence = anycert__said_of(evidence ? evidence
                                       : trial  ? trial->error.message
                                                : "",
                                       is_about_proxy(diagnosis), err);
    found->error = anycert__cause_errors(found->cause, facts, code, err);
    if (!found->title || !found->explanation || !found->evidence || !found->error)
        return anycert__fail_nomem(err);
    return find_remedies(diagnosis, found, trial, err);
}

int anycert__diagnose(struct anycert_diagnosis *diagnosis, enum anycert__cause_number cause,
                      const char *evidence, const struct anycert__trial *trial,
                      struct anycert_error *err)
{
    return add_cause(diagnosis, cause, evidence, trial, facts_of(diagnosis, trial), 0, err);
}

int anycert__diagnose_certificates(struct anycert_diagnosis *diagnosis,
                                   enum anycert__cause_number cause, const char *evidence,
                                   const struct anycert__facts *facts, int code,
                                   struct anycert_error *err)
{
    return add_cause(diagnosis, cause, evidence, NULL, facts, code, err);
}

static bool is_met_later(const struct anycert__diagnosed *a, const struct anycert__diagnosed *b)
{
    bool through = a->hop == ANYCERT__HOP_ORIGIN;

    return a->hop == b->hop ? a->cause->number > b->cause->number : through;
}

void anycert__sort_causes(struct anycert_diagnosis *diagnosis)
{
    for (size_t i = 1; i < diagnosis->cause_count; i++) {
        struct anycert__diagnosed moved = diagnosis->causes[i];
        size_t j = i;

        for (; j > 0 && is_met_later(&diagnosis->causes[j - 1], &moved); j--)
            diagnosis->causes[j] = diagnosis->causes[j - 1];
        diagnosis->causes[j] = moved;
    }
}

/* ---- policies ---- */

#define BIT(name) ANYCERT__RELAX_BIT(ANYCERT__RELAX_##name)

bool anycert__diagnosed(const struct anycert_diagnosis *diagnosis, enum anycert__cause_number cause)
{
    for (size_t i = 0; i < diagnosis->cause_count; i++) {
        if (diagnosis->causes[i].cause->number == cause)
            return true;
    }
    return false;
}

/* Nobody vouches for the key: another's would look the same. */
static bool is_unverified(const struct anycert__attempt *attempt)
{
    return attempt->rung == ANYCERT__RUNG_PINNED ||
           (attempt->relaxations & (BIT(UNTRUSTED_ISSUER) | BIT(SELF_SIGNED) | BIT(INVALID_CA)));
}

static enum anycert__trust trust_in(const struct anycert_diagnosis *diagnosis,
                                    const struct anycert__attempt *attempt)
{
    bool unproven = anycert__without_proof(attempt->relaxations) != 0;

    if (attempt->rung == ANYCERT__RUNG_ANTIQUE ||
        (attempt->rung == ANYCERT__RUNG_PINNED &&
         anycert__diagnosed(diagnosis, ANYCERT__CAUSE_TINY_KEY)))
        return ANYCERT__TRUST_NOBODY;
    if (attempt->pin && (unproven || attempt->rung == ANYCERT__RUNG_PINNED))
        return ANYCERT__TRUST_IF_COMPARED;
    if (unproven)
        return ANYCERT__TRUST_NOBODY;
    return attempt->expect_name ? ANYCERT__TRUST_IF_NAMED : ANYCERT__TRUST_PROVEN;
}

static const char *note_on(const struct anycert__attempt *attempt, enum anycert__trust trust)
{
    if (trust == ANYCERT__TRUST_PROVEN && attempt->supply)
        return "with the intermediate certificate that the server does not send (--intermediate)";
    if (trust == ANYCERT__TRUST_NOBODY && attempt->rung == ANYCERT__RUNG_ANTIQUE)
        return "nobody is authenticated, and a determined listener reads along";
    if (trust == ANYCERT__TRUST_NOBODY && attempt->rung == ANYCERT__RUNG_PINNED)
        return "whoever wants to can find out the secret of so short a key, and has the pin then, "
               "too: it keeps nobody out who is determined";
    return anycert__caution(trust, is_unverified(attempt));
}

/* What is to be known besides, in sentences. 0, or -1 with NOMEM. */
static int write_note(const struct anycert_diagnosis *diagnosis, struct anycert__advice *advice,
                      const struct anycert__attempt *attempt, const struct anycert__plan *plan,
                      struct anycert_error *err)
{
    const char *note = note_on(attempt, advice->trust);
    const char *proof =
        advice->is_unanswered ? "the handshake stands under it, and the request was not answered "
                                "as it has to be"
        : !plan->wants_cert   ? ""
        : advice->confirmed ? "needed besides the client certificate; the handshake stands under it"
        : advice->stood     ? "needed besides the client certificate; the handshake stands under "
                              "it, and no request is answered without that"
                            : "needed besides the client certificate; not confirmed without that, "
                              "as the server ends the handshake, once we have accepted its part";
    char *words = NULL;

    (void)snprintf(advice->note, sizeof advice->note, "%s%s%s", proof,
                   proof[0] != '\0' && note[0] != '\0' ? "; " : "", note);
    words = anycert__said_of(advice->note, is_about_proxy(diagnosis), err);
    if (!words)
        return anycert__fail_nomem(err);
    (void)snprintf(advice->note, sizeof advice->note, "%s", words);
    anycert__free(words);
    return 0;
}

/* The sentence of whoever forbids it. */
static char *forbidden_here(const struct anycert__examination *examination,
                            const struct anycert_policy *policy)
{
    struct anycert_error why = {0};
    int64_t now = anycert__clock_now(&examination->trials.doctor->clock);

    (void)anycert__ceiling_check(examination->trials.ceiling, policy, now, &why);
    return anycert__strdup(why.message);
}

static int add_policies(struct anycert_diagnosis *diagnosis,
                        const struct anycert__examination *examination, struct anycert_error *err)
{
    const struct anycert__plan *plan = &examination->plan;

    /* The least of a way has a policy for each of its links. */
    static const struct anycert__way nothing = {.stood = true, .confirmed = true, .minimal = true};
    bool is_fine = plan->found == ANYCERT__FOUND_HEALTHY && !plan->request_failed &&
                   (diagnosis->outer || (examination->proxy && examination->proxy->policy));
    size_t count = is_fine ? 1 : plan->way_count;

    for (size_t i = 0; i < count; i++) {
        const struct anycert__way *way = is_fine ? &nothing : &plan->ways[i];
        struct anycert__advice *advice = &diagnosis->policies[i];
        struct anycert_policy *policy =
            anycert__trial_policy(&examination->trials, &way->attempt, err);

        if (!policy)
            return -1;
        diagnosis->policy_count = i + 1;
        advice->made = policy;
        advice->policy = anycert_policy_format(policy, err);
        advice->trust = trust_in(diagnosis, &way->attempt);
        advice->relaxations = way->attempt.relaxations;
        advice->tried_without = way->tried_without;
        advice->judged_without = way->judged_without;
        advice->stood = way->stood;
        advice->confirmed = way->confirmed;
        advice->is_unanswered = plan->request_failed && !way->confirmed;
        advice->minimal = way->minimal;
        advice->forbidden = forbidden_here(examination, policy);
        if (!advice->policy || write_note(diagnosis, advice, &way->attempt, plan, err) < 0)
            return -1;
        if (!advice->forbidden)
            return anycert__fail_nomem(err);
    }
    return 0;
}

/* ---- stage ---- */

/* The first stage that fails under hardened. */
static enum anycert_doctor_stage stage_of(const struct anycert__examination *examination)
{
    const struct anycert__plan *plan = &examination->plan;
    const struct anycert__trial *first = &examination->done[0];
    const struct anycert__facts *proxy = examination->trials.route.proxy_facts;

    if (plan->count == 0)
        return ANYCERT_STAGE_DNS;
    if (first->obstacle.is_set)
        return first->obstacle.stage;
    if (!examination->proxy && proxy && !anycert__proxy_accepted(examination))
        return ANYCERT_STAGE_PROXY_TLS;
    if (!anycert__needs_met(&first->sighting.offer, BIT(OVERSIZED_CHAIN)) ||
        first->sighting.ending != ANYCERT__ENDED_STANDS)
        return ANYCERT_STAGE_TLS;
    if (!anycert__needs_met(&first->sighting.certificates, 0) ||
        !anycert__needs_met(&first->sighting.offer, 0))
        return ANYCERT_STAGE_CERTIFICATE;
    if (plan->request_failed || plan->found != ANYCERT__FOUND_HEALTHY)
        return ANYCERT_STAGE_HTTP;
    return ANYCERT_STAGE_DONE;
}

/* ---- all of it ---- */

static int add_report(struct anycert_diagnosis *diagnosis,
                      const struct anycert__examination *examination, struct anycert_error *err)
{
    const struct anycert__trial *best = anycert__best_view(examination);
    const struct anycert__attempt hardened = {.observes = true};
    struct anycert_policy *policy = NULL;

    if (!best)
        return 0;
    policy = anycert__trial_policy(&examination->trials, &hardened, err);
    if (!policy)
        return -1;
    diagnosis->report =
        anycert__judge(best->facts, policy, best->facts->time, ANYCERT__JUDGE_ALL, err);
    anycert_policy_free(policy);
    return diagnosis->report ? 0 : -1;
}

static int add_addresses(struct anycert_diagnosis *diagnosis,
                         const struct anycert__addresses *addresses, struct anycert_error *err)
{
    char evidence[ANYCERT__ADDRESSES_MAX * sizeof addresses->seen[0]] = "";
    size_t used = 0;

    diagnosis->addresses = *addresses;
    if (!addresses->differ)
        return 0;
    for (size_t i = 0; i < addresses->count; i++)
        used +=
            (size_t)snprintf(evidence + used, sizeof evidence - used, "%s%s: %s", i > 0 ? "; " : "",
                             addresses->seen[i].address, addresses->seen[i].what);
    return anycert__diagnose(diagnosis, ANYCERT__CAUSE_SOME_ADDRESSES_FAIL, evidence, NULL, err);
}

static int add_causes(struct anycert_diagnosis *diagnosis,
                      const struct anycert__examination *examination, struct anycert_error *err)
{
    const struct anycert__plan *plan = &examination->plan;

    if (anycert__diagnose_chain(diagnosis, examination, err) < 0 ||
        anycert__diagnose_between(diagnosis, examination, err) < 0)
        return -1;
    if ((plan->found == ANYCERT__FOUND_WAYS || plan->offer != 0) &&
        anycert__diagnose_offer(diagnosis, examination, err) < 0)
        return -1;
    if ((plan->found == ANYCERT__FOUND_NOTHING || plan->wants_cert || plan->request_failed) &&
        plan->count > 0 && anycert__diagnose_ending(diagnosis, examination, err) < 0)
        return -1;
    /* Of addresses that differ it is told as such. */
    if (plan->unsteady && !(plan->mixed && examination->addresses.fail) &&
        anycert__diagnose_unsteady(diagnosis, examination, err) < 0)
        return -1;
    if (add_addresses(diagnosis, &examination->addresses, err) < 0)
        return -1;
    anycert__sort_causes(diagnosis);
    return 0;
}

/* What was given for the examination, as far as a diagnosis has to know it. */
static int copy_question(struct anycert_diagnosis *diagnosis, const struct anycert_doctor *doctor,
                         struct anycert_error *err)
{
    diagnosis->examined = anycert__clock_now(&doctor->clock);
    diagnosis->clients = doctor->clients;
    diagnosis->asked = doctor->wants_request;
    diagnosis->asked_body = doctor->wants_body;
    diagnosis->limit_ms = doctor->timeout_ms;
    memcpy(diagnosis->proxy, doctor->proxy.peer.host, sizeof diagnosis->proxy);
    diagnosis->base = anycert_policy_copy(doctor->base, err);
    diagnosis->proxy_policy = anycert_policy_copy(doctor->proxy_policy, err);
    if (!diagnosis->base || (doctor->proxy_policy && !diagnosis->proxy_policy))
        return -1;
    if (diagnosis->replayed)
        return 0;
    diagnosis->other_way = doctor->proxy.kind != ANYCERT__PROXY_NONE || doctor->resolve_count > 0 ||
                           doctor->connect_to_count > 0;
    diagnosis->helped = doctor->intermediates != NULL;
    if (diagnosis->outer)
        return 0;
    if (anycert__words_of_doctor(&diagnosis->way, doctor, err) < 0)
        return -1;
    return anycert__words_join(&diagnosis->given,
                               doctor->given.count > 0 ? &doctor->given : &diagnosis->way, err);
}

/* What remedies have blanks for. */
static int copy_answers(struct anycert_diagnosis *diagnosis,
                        const struct anycert__examination *examination, struct anycert_error *err)
{
    const struct anycert__trial *best = anycert__best_view(examination);
    const struct anycert__certificate *leaf =
        best && best->facts->presented_count > 0 ? best->facts->presented : NULL;

    diagnosis->pin = anycert__strdup(examination->trials.pin);
    diagnosis->name = anycert__strdup(examination->plan.send_expected
                                          ? examination->trials.doctor->base->expect_name
                                          : examination->trials.name);
    if (leaf)
        anycert__issuer_url(leaf, diagnosis->issuer_url);
    diagnosis->asks_client_cert = best && best->asked_cert;
    for (size_t i = 0; i < examination->plan.count; i++) {
        const struct anycert__trial *trial = &examination->done[i];

        if (trial->http_status == 0 || trial->sighting.ending != ANYCERT__ENDED_STANDS)
            continue;
        diagnosis->http_status = trial->http_status;
        diagnosis->http_method = anycert__trial_method(trial);
    }
    if (!diagnosis->pin || !diagnosis->name)
        return anycert__fail_nomem(err);
    return 0;
}

/* What helps is in every command that repeats what was given. */
static int give_sni(struct anycert_diagnosis *diagnosis, const char *name,
                    struct anycert_error *err)
{
    return anycert__words_find(&diagnosis->given, "sni", 0)
               ? 0
               : anycert__words_add(&diagnosis->given, "sni", name, err);
}

int anycert__diagnosis_fill(struct anycert_diagnosis *diagnosis,
                            const struct anycert__examination *examination,
                            struct anycert_error *err)
{
    /* A proxy's time is that of whoever is asked through it. */
    diagnosis->was_asked =
        diagnosis->outer ? diagnosis->outer->was_asked : examination->plan.wants_request;
    if (copy_answers(diagnosis, examination, err) < 0 ||
        copy_question(diagnosis, examination->trials.doctor, err) < 0 ||
        (examination->plan.send_expected && give_sni(diagnosis, diagnosis->name, err) < 0) ||
        anycert__diagnose_proxy(diagnosis, examination, err) < 0)
        return -1;
    diagnosis->stage = stage_of(examination);
    diagnosis->handshakes = anycert__examination_handshakes(examination);
    diagnosis->elapsed_ms = examination->elapsed_ms;
    diagnosis->exhausted = examination->plan.exhausted;
    diagnosis->wants_cert = examination->plan.wants_cert;
    if (add_report(diagnosis, examination, err) < 0 ||
        add_causes(diagnosis, examination, err) < 0 ||
        add_policies(diagnosis, examination, err) < 0)
        return -1;
    diagnosis->verdict = anycert__verdict_on(diagnosis, &examination->plan);
    anycert__join_proxy(diagnosis, examination);
    return anycert__diagnosis_commands(diagnosis, examination, err);
}
