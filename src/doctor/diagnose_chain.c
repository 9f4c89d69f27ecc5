/* What is wrong with the certificates: all of it, from one view of them. */
#include "doctor/diagnosis.h"

#include "base/buf.h"
#include "base/mem.h"
#include "verdict/detail.h"
#include "verdict/findings.h"
#include "verdict/judge.h"
#include "verdict/show.h"

#include <string.h>

#define COMMON_NAME ANYCERT__RELAX_BIT(ANYCERT__RELAX_COMMON_NAME)

struct chain_walk {
    struct anycert_diagnosis *diagnosis;
    struct anycert__chain_view view;
    const struct anycert__supply *supply;      /* NULL: nothing could be fetched */
    const char *whose;                         /* in front of the evidence */
    const struct anycert__server_time *server; /* its clock; NULL: it is not about the server */
    struct anycert_error *err;
    int result;
};

const struct anycert__trial *anycert__best_view(const struct anycert__examination *examination)
{
    const struct anycert__trial *best = NULL;

    for (size_t i = 0; i < examination->plan.count; i++) {
        const struct anycert__trial *trial = &examination->done[i];

        if (!trial->facts || !trial->facts->verified ||
            trial->attempt.send_expected != examination->plan.send_expected)
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

/* What else is known of a chain without an end. */
static void write_trust_evidence(struct anycert__buf *buf, const struct chain_walk *walk,
                                 const struct anycert__finding *finding,
                                 enum anycert__cause_number cause)
{
    const struct anycert__supply *supply = walk->supply;
    bool unknown = supply && cause == ANYCERT__CAUSE_UNKNOWN_ROOT;

    if (unknown && !supply->tried && finding->x509_code == ANYCERT__X509_ISSUER_NOT_FOUND)
        anycert__buf_adds(buf, "; the issuer's own is not sent: it may be another intermediate one "
                               "that the server leaves out");
    if (!supply || (cause != ANYCERT__CAUSE_MISSING_INTERMEDIATE && !(unknown && supply->tried)))
        return;
    if (supply->name) {
        anycert__buf_adds(buf, "; fetched from ");
        anycert__show_quoted(buf, supply->url);
        anycert__buf_adds(buf, ": ");
        anycert__show_quoted(buf, supply->name);
    }
    if (supply->leads_home)
        anycert__buf_adds(buf, ", with which the chain leads to a trusted root");
    else if (supply->tried)
        anycert__buf_addf(buf, "; %s", supply->trouble);
    else if (supply->url[0] != '\0')
        anycert__buf_adds(buf, "; it says where the issuer's can be fetched, and nobody looked "
                               "there (--fetch-intermediate does): the root may be unknown, too");
    else
        anycert__buf_adds(buf, "; it does not say where the issuer's can be fetched: a private CA "
                               "whose root is unknown here looks the same");
}

static void take_finding(void *arg, const struct anycert__finding *finding)
{
    struct chain_walk *walk = arg;
    const struct anycert__facts *facts = walk->view.facts;
    enum anycert__cause_number cause = ANYCERT__CAUSE_COUNT;
    struct anycert__buf buf;
    char *detail = NULL, *evidence = NULL;

    if (walk->result < 0)
        return;
    cause = anycert__cause_of_finding(&walk->view, finding);
    anycert__buf_init(&buf, ANYCERT__SHOW_BUFFER);
    detail = anycert__detail_of_finding(facts, finding, facts->time);
    anycert__buf_addf(&buf, "%s%s", walk->whose, detail ? detail : "");
    if (finding->check == ANYCERT__CHECK_DATES)
        cause = anycert__doubt_clock(&walk->view, walk->server, finding, cause, &buf);
    write_trust_evidence(&buf, walk, finding, cause);
    evidence = detail ? anycert__buf_take(&buf, "the evidence", walk->err) : NULL;
    walk->result = evidence ? anycert__diagnose_certificates(walk->diagnosis, cause, evidence,
                                                             facts, finding->x509_code, walk->err)
                            : anycert__fail_nomem(walk->err);
    anycert__buf_free(&buf);
    anycert__free(evidence);
    anycert__free(detail);
}

/* Where several servers answer, what those show that are not the first. */
static void walk_others(struct chain_walk *walk, const struct anycert__examination *examination,
                        const struct anycert__facts *known)
{
    for (size_t i = 0; examination->plan.unsteady && i < examination->plan.count; i++) {
        const struct anycert__facts *facts = examination->done[i].facts;

        if (!facts || !facts->verified || facts->presented_count == 0 ||
            known->presented_count == 0 ||
            memcmp(facts->presented->sha256, known->presented->sha256,
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

/* What it did before it was told the name. */
static int needs_sni(struct anycert_diagnosis *diagnosis,
                     const struct anycert__examination *examination,
                     const struct anycert__facts *facts, struct anycert_error *err)
{
    const struct anycert__trial *first = &examination->done[0];
    bool shown = first->facts && first->facts->presented_count > 0;
    struct anycert__buf buf;
    char *evidence = NULL;
    int result = -1;

    anycert__buf_init(&buf, ANYCERT__SHOW_BUFFER);
    anycert__buf_adds(&buf, shown ? "without the name it shows the certificate of "
                                  : "without the name it shows no certificate");
    if (shown)
        anycert__show_quoted(&buf, first->facts->presented->subject);
    anycert__buf_adds(&buf, "; told ");
    anycert__show_quoted(&buf, facts->identity);
    anycert__buf_adds(&buf, ", that of ");
    anycert__show_quoted(&buf, facts->presented->subject);
    evidence = anycert__buf_take(&buf, "the evidence", err);
    anycert__buf_free(&buf);
    if (evidence)
        result = anycert__diagnose(diagnosis, ANYCERT__CAUSE_NAME_NEEDS_SNI, evidence, NULL, err);
    anycert__free(evidence);
    return result;
}

/* Which may be another one than the host's. */
static int only_common_name(struct anycert_diagnosis *diagnosis, const struct anycert__facts *facts,
                            struct anycert_error *err)
{
    bool is_hosts = facts->cn_match;
    struct anycert__buf buf;
    char *evidence = NULL;
    int result = -1;

    anycert__buf_init(&buf, ANYCERT__SHOW_BUFFER);
    anycert__buf_adds(&buf, "the only name that it has is the common name");
    if (!is_hosts && diagnosis->name[0] != '\0') {
        anycert__buf_adds(&buf, ", and that is ");
        anycert__show_quoted(&buf, diagnosis->name);
        anycert__buf_adds(&buf, ", not ");
        anycert__show_quoted(&buf, diagnosis->peer.host);
    }
    evidence = anycert__buf_take(&buf, "the evidence", err);
    anycert__buf_free(&buf);
    if (evidence)
        result = anycert__diagnose(diagnosis, ANYCERT__CAUSE_COMMON_NAME_ONLY, evidence, NULL, err);
    anycert__free(evidence);
    return result;
}

int anycert__diagnose_chain(struct anycert_diagnosis *diagnosis,
                            const struct anycert__examination *examination,
                            struct anycert_error *err)
{
    const struct anycert__trial *best = anycert__best_view(examination);
    const struct anycert__facts *facts = best ? best->facts : NULL;
    const struct anycert__facts *proxy = examination->trials.route.proxy_facts;
    struct anycert__server_time server;
    struct chain_walk walk = {.diagnosis = diagnosis,
                              .view = {.facts = proxy,
                                       .anchors = examination->trials.route.proxy_anchors,
                                       .list = &examination->proxy_list},
                              .whose = "the proxy: ",
                              .err = err};

    /* Of observations of before: now it is examined by itself. */
    if (!examination->proxy && proxy && proxy->verified && !anycert__proxy_accepted(examination)) {
        diagnosis->hop = ANYCERT__HOP_PROXY;
        anycert__findings(proxy, proxy->time, ANYCERT__JUDGE_CERTIFICATES, take_finding, &walk);
        diagnosis->hop = ANYCERT__HOP_ORIGIN;
    }
    if (!facts)
        return walk.result;
    walk.view.facts = facts;
    walk.view.anchors = examination->anchors;
    walk.view.list = &examination->list;
    walk.supply = &examination->trials.supply;
    walk.view.fetched = walk.supply->leads_home ? ANYCERT__FETCHED_LEADS_HOME
                        : walk.supply->name     ? ANYCERT__FETCHED_IN_VAIN
                                                : ANYCERT__FETCHED_NOTHING;
    walk.whose = "";
    anycert__read_server_time(diagnosis, examination, &server);
    walk.server = &server;
    anycert__findings(facts, facts->time, ANYCERT__JUDGE_CERTIFICATES, take_finding, &walk);
    walk_others(&walk, examination, facts);
    if (walk.result == 0 && examination->plan.send_expected)
        walk.result = needs_sni(diagnosis, examination, facts, err);
    if (walk.result == 0 && examination->plan.found == ANYCERT__FOUND_WAYS &&
        (examination->plan.ways[0].attempt.relaxations & COMMON_NAME) &&
        !(facts->presented_count > 0 && facts->presented->names_broken))
        walk.result = only_common_name(diagnosis, facts, err);
    return walk.result;
}
