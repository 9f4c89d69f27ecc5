/* What is wrong with the certificates: all of it, from one view of them. */
#include "doctor/diagnosis.h"

#include "base/buf.h"
#include "base/mem.h"
#include "verdict/detail.h"
#include "verdict/findings.h"
#include "verdict/judge.h"
#include "verdict/show.h"

#include <string.h>

#define COMMON_NAME                ANYCERT__RELAX_BIT(ANYCERT__RELAX_COMMON_NAME)
#define X509_ISSUER_KEY_UNREADABLE 6 /* X509_V_ERR_UNABLE_TO_DECODE_ISSUER_PUBLIC_KEY */

struct chain_walk {
    struct anycert_diagnosis *diagnosis;
    struct anycert__chain_view view;
    const char *whose;                  /* in front of the evidence */
    const struct anycert__trial *dated; /* one with an answer that said the time, or NULL */
    struct anycert_error *err;
    int result;
};

const struct anycert__trial *anycert__best_view(const struct anycert__examination *examination)
{
    const struct anycert__trial *best = NULL;

    for (size_t i = 0; i < examination->plan.count; i++) {
        const struct anycert__trial *trial = &examination->done[i];

        if (!trial->facts || !trial->facts->verified)
            continue;
        if (!best || (trial->facts->complete && !best->facts->complete))
            best = trial;
    }
    return best;
}

bool anycert__proxy_accepted(const struct anycert__examination *examination)
{
    const struct anycert__facts *proxy = examination->trials.route.proxy_facts;

    return anycert__judge_accepts(proxy, examination->trials.doctor->proxy_policy, proxy->time,
                                  ANYCERT__JUDGE_ALL);
}

/* OpenSSL calls weak what it cannot read. */
static bool has_unreadable_key(const struct anycert__certificate *certificate)
{
    return certificate && certificate->key_type && certificate->key_bits <= 0;
}

static enum anycert__cause_number cause_of_strength(const struct anycert__finding *finding,
                                                    const struct anycert__certificate *certificate)
{
    if (finding->check == ANYCERT__CHECK_KEY_STRENGTH)
        return has_unreadable_key(certificate) ? ANYCERT__CAUSE_KEY_UNSUPPORTED
               : finding->relaxations          ? ANYCERT__CAUSE_WEAK_KEY
                                               : ANYCERT__CAUSE_TINY_KEY;
    if (finding->relaxations)
        return ANYCERT__CAUSE_SHA1_SIGNATURE;
    return certificate && certificate->signature_unknown && !certificate->signature_md5 &&
                   !certificate->signature_sha1
               ? ANYCERT__CAUSE_SIGNATURE_UNSUPPORTED
               : ANYCERT__CAUSE_MD5_SIGNATURE;
}

/* Codes that stand for several things, and none at all where verification broke off. */
static enum anycert__cause_number cause_of_rest(const struct anycert__facts *facts,
                                                const struct anycert__finding *finding,
                                                enum anycert__cause_number usual)
{
    const struct anycert__certificate *at =
        anycert__certificate_at(facts, finding->depth < 0 ? 0 : finding->depth);
    bool unread = has_unreadable_key(at);

    switch (finding->x509_code) {
    case 0:
        return unread ? ANYCERT__CAUSE_KEY_UNSUPPORTED : ANYCERT__CAUSE_VERIFICATION_BROKE;
    case ANYCERT__X509_UNSPECIFIED:
        return unread ? ANYCERT__CAUSE_KEY_UNSUPPORTED
               : at   ? ANYCERT__CAUSE_NAME_CONSTRAINTS_BROKEN
                      : usual;
    case X509_ISSUER_KEY_UNREADABLE:
        return unread ? ANYCERT__CAUSE_KEY_UNSUPPORTED : usual;
    default:
        return usual;
    }
}

static enum anycert__cause_number cause_of(const struct anycert__chain_view *view,
                                           const struct anycert__finding *finding)
{
    const struct anycert__cause *usual =
        anycert__cause_of_x509(finding->x509_code, finding->depth, 0);

    switch (finding->check) {
    case ANYCERT__CHECK_NAME:
        return anycert__cause_of_name(view->facts);
    case ANYCERT__CHECK_KEY_STRENGTH:
    case ANYCERT__CHECK_SIGNATURE_STRENGTH:
        return cause_of_strength(finding, anycert__certificate_at(view->facts, finding->depth));
    case ANYCERT__CHECK_TRUST:
        return anycert__cause_of_trust(view, finding);
    case ANYCERT__CHECK_SIGNATURES:
    case ANYCERT__CHECK_DATES:
    case ANYCERT__CHECK_PURPOSE:
    case ANYCERT__CHECK_AUTHORITY:
    case ANYCERT__CHECK_PATH_LENGTH:
    case ANYCERT__CHECK_NAME_CONSTRAINTS:
    case ANYCERT__CHECK_CRITICAL_EXTENSIONS:
    case ANYCERT__CHECK_CURVE_PARAMETERS:
    case ANYCERT__CHECK_REVOCATION:
    case ANYCERT__CHECK_OTHER:
    case ANYCERT__CHECK_PIN:
    case ANYCERT__CHECK_RECORD:
    case ANYCERT__CHECK_PROTOCOL:
    case ANYCERT__CHECK_KEY_EXCHANGE:
    case ANYCERT__CHECK_GROUP:
    case ANYCERT__CHECK_CIPHER:
    case ANYCERT__CHECK_HANDSHAKE_SIGNATURE:
    case ANYCERT__CHECK_RENEGOTIATION:
        break;
    }
    if (finding->relaxations & ANYCERT__RELAX_BIT(ANYCERT__RELAX_OVERSIZED_CHAIN))
        return finding->x509_code == ANYCERT__X509_TOO_LONG ? ANYCERT__CAUSE_CHAIN_TOO_LONG
                                                            : ANYCERT__CAUSE_CHAIN_TOO_LARGE;
    return anycert__cause_of_anchor(
        view, finding,
        cause_of_rest(view->facts, finding,
                      usual ? usual->number : ANYCERT__CAUSE_CERTIFICATE_OTHER));
}

static const struct anycert__trial *dated_answer(const struct anycert__examination *examination)
{
    for (size_t i = 0; i < examination->plan.count; i++) {
        if (examination->done[i].has_http_date)
            return &examination->done[i];
    }
    return NULL;
}

static void take_finding(void *arg, const struct anycert__finding *finding)
{
    struct chain_walk *walk = arg;
    const struct anycert__facts *facts = walk->view.facts;
    enum anycert__cause_number cause = ANYCERT__CAUSE_COUNT;
    struct anycert__buf buf;
    char *detail = NULL, *evidence = NULL;
    char clock[160] = "";

    if (walk->result < 0)
        return;
    cause = cause_of(&walk->view, finding);
    if (finding->check == ANYCERT__CHECK_DATES)
        cause = anycert__doubt_clock(&walk->view, walk->dated, finding, cause, clock, sizeof clock);
    anycert__buf_init(&buf, ANYCERT__SHOW_BUFFER);
    detail = anycert__detail_of_finding(facts, finding, facts->time);
    anycert__buf_addf(&buf, "%s%s", walk->whose, detail ? detail : "");
    anycert__buf_adds(&buf, clock);
    anycert__write_trust_evidence(&buf, &walk->view, cause);
    evidence = detail ? anycert__buf_take(&buf, "the evidence", walk->err) : NULL;
    walk->result = evidence ? anycert__diagnose(walk->diagnosis, cause, evidence, NULL, walk->err)
                            : anycert__fail_nomem(walk->err);
    anycert__buf_free(&buf);
    anycert__free(evidence);
    anycert__free(detail);
}

/* Where several servers answer, what those show that are not the first. */
static void walk_others(struct chain_walk *walk, const struct anycert__examination *examination,
                        const struct anycert__trial *best)
{
    for (size_t i = 0; examination->plan.unsteady && i < examination->plan.count; i++) {
        const struct anycert__facts *facts = examination->done[i].facts;

        if (!facts || !facts->verified || facts->presented_count == 0 ||
            best->facts->presented_count == 0 ||
            memcmp(facts->presented->sha256, best->facts->presented->sha256,
                   sizeof facts->presented->sha256) == 0)
            continue;
        walk->view.facts = facts;
        anycert__findings(facts, facts->time, ANYCERT__JUDGE_CERTIFICATES, take_finding, walk);
    }
}

static bool has_wrong_dates(const struct anycert__facts *facts)
{
    for (size_t i = 0; facts && i < facts->error_count; i++) {
        if (facts->errors[i].code == ANYCERT__X509_EXPIRED ||
            facts->errors[i].code == ANYCERT__X509_NOT_YET_VALID)
            return true;
    }
    return false;
}

void anycert__note_lists(struct anycert__examination *examination)
{
    const struct anycert__trial *best = anycert__best_view(examination);
    const struct anycert__facts *proxy = examination->trials.route.proxy_facts;

    if (best && has_wrong_dates(best->facts))
        anycert__read_anchor_list(examination->anchors, best->facts->time, &examination->list);
    if (has_wrong_dates(proxy))
        anycert__read_anchor_list(examination->trials.route.proxy_anchors, proxy->time,
                                  &examination->proxy_list);
}

int anycert__diagnose_chain(struct anycert_diagnosis *diagnosis,
                            const struct anycert__examination *examination,
                            struct anycert_error *err)
{
    const struct anycert__trial *best = anycert__best_view(examination);
    const struct anycert__facts *proxy = examination->trials.route.proxy_facts;
    struct chain_walk walk = {.diagnosis = diagnosis,
                              .view = {.facts = proxy,
                                       .anchors = examination->trials.route.proxy_anchors,
                                       .list = &examination->proxy_list},
                              .whose = "the proxy: ",
                              .err = err};

    if (proxy && proxy->verified && !anycert__proxy_accepted(examination))
        anycert__findings(proxy, proxy->time, ANYCERT__JUDGE_CERTIFICATES, take_finding, &walk);
    if (!best)
        return walk.result;
    walk.view.facts = best->facts;
    walk.view.anchors = examination->anchors;
    walk.view.supply = &examination->trials.supply;
    walk.view.list = &examination->list;
    walk.whose = "";
    walk.dated = dated_answer(examination);
    anycert__findings(best->facts, best->facts->time, ANYCERT__JUDGE_CERTIFICATES, take_finding,
                      &walk);
    walk_others(&walk, examination, best);
    if (walk.result == 0 && examination->plan.found == ANYCERT__FOUND_WAYS &&
        (examination->plan.ways[0].attempt.relaxations & COMMON_NAME) &&
        !(best->facts->presented_count > 0 && best->facts->presented->names_broken))
        walk.result = anycert__diagnose(diagnosis, ANYCERT__CAUSE_COMMON_NAME_ONLY,
                                        "the only name that it has is the common name", NULL, err);
    return walk.result;
}
