/* What was wrong with the offer, read from what had to be given up for it. */
#include "doctor/diagnosis.h"

#include "base/buf.h"
#include "base/mem.h"
#include "doctor/search.h"
#include "verdict/alert.h"
#include "verdict/show.h"

#include <string.h>

#define BIT(name) ANYCERT__RELAX_BIT(ANYCERT__RELAX_##name)

/* The same relaxation may stand for several causes; the evidence tells them apart. */
static enum anycert__cause_number refine(enum anycert__cause_number cause,
                                         const struct anycert__examination *examination,
                                         const struct anycert__facts *facts)
{
    const struct anycert__trial *first = &examination->done[0];
    const struct anycert__certificate *leaf =
        facts && facts->presented_count > 0 ? facts->presented : NULL;
    int alert = first->sighting.alert;

    if (examination->shape.known && (cause == ANYCERT__CAUSE_TLS13_INTOLERANT ||
                                     cause == ANYCERT__CAUSE_MANY_SUITES_INTOLERANT))
        return examination->shape.cause;
    if (cause == ANYCERT__CAUSE_SNI_INTOLERANT && alert >= 0)
        return ANYCERT__CAUSE_SNI_UNKNOWN;
    if (cause == ANYCERT__CAUSE_ALPN_INTOLERANT && alert >= 0)
        return ANYCERT__CAUSE_ALPN_MISMATCH;
    if (cause == ANYCERT__CAUSE_RARE_CIPHERS_ONLY && leaf && strcmp(leaf->key_type, "DSA") == 0)
        return ANYCERT__CAUSE_DSA_ONLY;
    if (cause == ANYCERT__CAUSE_RARE_GROUP && facts && !facts->negotiated.legacy_group)
        return ANYCERT__CAUSE_RARE_CERTIFICATE_CURVE;
    return cause;
}

void anycert__write_relaxations(struct anycert__buf *buf, anycert__relaxations set)
{
    const char *between = "";

    for (const struct anycert_relaxation *r = anycert_relaxation_next(NULL); r;
         r = anycert_relaxation_next(r)) {
        if (!(set & ANYCERT__RELAX_BIT(anycert_relaxation_id(r))))
            continue;
        anycert__buf_addf(buf, "%s%s", between, anycert_relaxation_name(r));
        between = "+";
    }
}

void anycert__write_needs(struct anycert__buf *buf, const struct anycert__needs *needs)
{
    anycert__buf_adds(buf, needs->beyond ? "needs what no relaxation gives" : "needs ");
    if (!needs->beyond)
        anycert__write_relaxations(buf, anycert__needs_least(needs));
}

/* "TLSv1 with TLS_RSA_WITH_AES_128_CBC_SHA, DH of 1024 bits" */
static void write_choice(struct anycert__buf *buf, const struct anycert__facts *facts)
{
    const struct anycert__negotiated *chosen = &facts->negotiated;

    anycert__show_version(buf, chosen->version);
    anycert__buf_addf(buf, " with %s", chosen->cipher);
    if (chosen->key_exchange == ANYCERT__KX_DHE && chosen->group_bits > 0)
        anycert__buf_addf(buf, ", Diffie-Hellman of %d bits", chosen->group_bits);
    else if (chosen->group[0] != '\0')
        anycert__buf_addf(buf, ", group %s", chosen->group);
    if (chosen->signature[0] != '\0')
        anycert__buf_addf(buf, ", signed with %s", chosen->signature);
    if (facts->presented_count > 0) {
        anycert__buf_adds(buf, ", certificate with ");
        anycert__show_key(buf, facts->presented);
    }
}

static void write_refusal(struct anycert__buf *buf, const struct anycert__trial *first)
{
    if (first->sighting.alert >= 0) {
        const char *name = anycert__alert_name(first->sighting.alert);

        anycert__buf_addf(buf, "the server refuses hardened with alert %d%s%s",
                          first->sighting.alert, name ? " " : "", name ? name : "");
        return;
    }
    switch (first->sighting.ending) {
    case ANYCERT__ENDED_OWN_REFUSAL:
        anycert__buf_addf(buf, "under hardened we refuse (%s)",
                          first->facts ? first->facts->failure.reason : "");
        break;
    case ANYCERT__ENDED_SILENT:
        anycert__buf_adds(buf, "the server does not answer hardened");
        break;
    case ANYCERT__ENDED_RESET:
        anycert__buf_adds(buf, "under hardened the connection is reset");
        break;
    case ANYCERT__ENDED_CLOSED:
        anycert__buf_adds(buf, "under hardened the server closes without a word");
        break;
    case ANYCERT__ENDED_STANDS:
        anycert__buf_adds(buf, "under hardened the handshake stands, and the request fails");
        break;
    case ANYCERT__ENDED_CERTIFICATES:
    case ANYCERT__ENDED_ALERT:
    case ANYCERT__ENDED_CLIENT_CERT:
    case ANYCERT__ENDED_SLOW:
    case ANYCERT__ENDED_NOT_TLS:
    case ANYCERT__ENDED_NO_ANSWER:
    case ANYCERT__ENDED_NO_WAY:
        anycert__buf_adds(buf, "hardened does not connect");
        break;
    }
}

/* Under these relaxations, or for want of a client certificate, it went far enough to show what the
 * server takes. */
static bool shows_choice(const struct anycert__trial *trial, const struct anycert__plan *plan)
{
    if (!trial->facts)
        return false;
    if (plan->found == ANYCERT__FOUND_REVOKED)
        return anycert__offer_taken(&trial->sighting, plan->offer);
    if (plan->way_count == 0 || plan->wants_cert)
        return trial->sighting.ending == ANYCERT__ENDED_CLIENT_CERT &&
               anycert__needs_met(&trial->sighting.offer, plan->offer);
    return trial->facts->complete && !trial->attempt.observes &&
           trial->attempt.relaxations == plan->ways[0].attempt.relaxations;
}

/* The handshake that was made under the policy that is recommended, or the first that stands. */
static const struct anycert__trial *way_trial(const struct anycert__examination *examination)
{
    for (size_t i = 0; i < examination->plan.count; i++) {
        if (shows_choice(&examination->done[i], &examination->plan))
            return &examination->done[i];
    }
    return anycert__best_view(examination);
}

/* The first with the name that stayed. */
static const struct anycert__trial *first_trial(const struct anycert__examination *examination)
{
    const struct anycert__plan *plan = &examination->plan;

    for (size_t i = 0; i < plan->count; i++) {
        if (examination->done[i].attempt.send_expected == plan->send_expected)
            return &examination->done[i];
    }
    return &examination->done[0];
}

static char *evidence_of(const struct anycert__examination *examination,
                         const struct anycert__trial *trial, struct anycert_error *err)
{
    const struct anycert__facts *facts = trial ? trial->facts : NULL;
    struct anycert__buf buf;
    char *text = NULL;

    anycert__buf_init(&buf, ANYCERT__SHOW_BUFFER);
    write_refusal(&buf, first_trial(examination));
    if (facts && (facts->complete || shows_choice(trial, &examination->plan))) {
        anycert__buf_adds(&buf, "; it takes ");
        write_choice(&buf, facts);
    }
    if (examination->shape.known)
        anycert__buf_addf(&buf, "; %s", examination->shape.evidence);
    text = anycert__buf_take(&buf, "the evidence", err);
    anycert__buf_free(&buf);
    return text;
}

int anycert__diagnose_offer(struct anycert_diagnosis *diagnosis,
                            const struct anycert__examination *examination,
                            struct anycert_error *err)
{
    const struct anycert__plan *plan = &examination->plan;
    const struct anycert__attempt alone = {.relaxations = plan->offer};
    const struct anycert__attempt *attempt = plan->way_count > 0 ? &plan->ways[0].attempt : &alone;
    const struct anycert__trial *trial = way_trial(examination);
    const struct anycert__facts *facts = trial ? trial->facts : NULL;
    char *evidence = evidence_of(examination, trial, err);
    int result = evidence ? 0 : -1;

    if (result == 0 && attempt->rung == ANYCERT__RUNG_ANTIQUE)
        result = anycert__diagnose(diagnosis, ANYCERT__CAUSE_TINY_DH, evidence,
                                   &examination->done[0], err);
    if (result == 0 && attempt->send_name)
        result = anycert__diagnose(diagnosis, ANYCERT__CAUSE_SNI_UNKNOWN, evidence,
                                   &examination->done[0], err);
    for (const struct anycert_relaxation *r = anycert_relaxation_next(NULL); r && result == 0;
         r = anycert_relaxation_next(r)) {
        int id = anycert_relaxation_id(r);
        enum anycert__cause_number cause = anycert__cause_of_relaxation(id);

        if (id == ANYCERT__RELAX_OVERSIZED_CHAIN &&
            anycert__diagnosed(diagnosis, ANYCERT__CAUSE_CHAIN_TOO_LONG))
            continue;
        if (cause != ANYCERT__CAUSE_COUNT && (attempt->relaxations & ANYCERT__RELAX_BIT(id)))
            result = anycert__diagnose(diagnosis, refine(cause, examination, facts), evidence,
                                       &examination->done[0], err);
    }
    anycert__free(evidence);
    return result;
}

/* The first that has shown its certificate, among those before it. */
static bool is_first_of_server(const struct anycert__examination *examination, size_t n)
{
    uint64_t certificate = examination->done[n].sighting.certificate;

    for (size_t i = 0; i < n; i++) {
        if (examination->done[i].sighting.certificate == certificate)
            return false;
    }
    return certificate != 0;
}

/* What each of several servers would need by itself. */
static void write_servers(struct anycert__buf *buf, const struct anycert__examination *examination)
{
    const char *before = "several servers answer: ";

    for (size_t i = 0; i < examination->plan.count; i++) {
        const struct anycert__trial *trial = &examination->done[i];
        const struct anycert__needs *needs = &trial->sighting.certificates;
        bool is_right = !needs->beyond && anycert__needs_least(needs) == 0;

        if (!is_first_of_server(examination, i))
            continue;
        anycert__buf_addf(buf, "%sone with the key %s ", before, trial->facts->presented->pin);
        if (is_right)
            anycert__buf_adds(buf, "is right");
        else
            anycert__write_needs(buf, needs);
        before = "; ";
    }
}

int anycert__diagnose_unsteady(struct anycert_diagnosis *diagnosis,
                               const struct anycert__examination *examination,
                               struct anycert_error *err)
{
    const struct anycert__trial *first = &examination->done[0];
    struct anycert__buf buf;
    char *evidence = NULL;
    int result = -1;

    anycert__buf_init(&buf, ANYCERT__SHOW_BUFFER);
    if (first->sighting.ending != ANYCERT__ENDED_STANDS) {
        write_refusal(&buf, first);
        anycert__buf_adds(&buf, "; the same attempt, made again, connects");
    } else if (examination->plan.mixed) {
        write_servers(&buf, examination);
    } else {
        anycert__buf_adds(&buf, "attempts with the same offer fail at times");
    }
    evidence = anycert__buf_take(&buf, "the evidence", err);
    anycert__buf_free(&buf);
    if (evidence)
        result = anycert__diagnose(diagnosis, ANYCERT__CAUSE_WORKS_AT_TIMES, evidence, first, err);
    anycert__free(evidence);
    return result;
}
