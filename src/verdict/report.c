#include "verdict/report.h"

#include "base/error.h"
#include "base/mem.h"
#include "verdict/checks.h"
#include "verdict/findings.h"
#include "verdict/show.h"

/* reason code of SSL_R_UNEXPECTED_EOF_WHILE_READING, and where OpenSSL packs it */
#define OPENSSL_SYSTEM_ERROR   0x80000000UL
#define OPENSSL_REASON_MASK    0x007fffffUL
#define OPENSSL_UNEXPECTED_EOF 294UL

/* ---- life ---- */

static char *shown(struct anycert__buf *buf)
{
    char *text = anycert__buf_take(buf, "certificate", NULL);
    anycert__buf_free(buf);
    anycert__buf_init(buf, ANYCERT__SHOW_BUFFER);
    return text;
}

static int show_certificate(struct anycert__shown_certificate *out,
                            const struct anycert__certificate *certificate)
{
    struct anycert__buf buf;
    anycert__buf_init(&buf, ANYCERT__SHOW_BUFFER);
    anycert__show_string(&buf, certificate->subject, ANYCERT__SHOW_MAX);
    out->subject = shown(&buf);
    anycert__show_string(&buf, certificate->issuer, ANYCERT__SHOW_MAX);
    out->issuer = shown(&buf);
    anycert__show_key(&buf, certificate);
    out->key = shown(&buf);
    anycert__show_names(&buf, certificate, SIZE_MAX);
    out->names = shown(&buf);
    anycert__buf_free(&buf);
    return out->subject && out->issuer && out->key && out->names ? 0 : -1;
}

int anycert__report_show(struct anycert_report *report)
{
    const struct anycert__facts *facts = report->facts;
    struct anycert__buf buf;
    anycert__buf_init(&buf, ANYCERT__SHOW_BUFFER);
    if (facts->failure.failed)
        anycert__show_string(&buf, facts->failure.reason, ANYCERT__SHOW_MAX);
    report->failure = shown(&buf);
    report->shown = anycert__calloc(facts->presented_count, sizeof(*report->shown));
    if (report->failure == NULL || report->shown == NULL)
        return -1;
    for (size_t i = 0; i < facts->presented_count; i++) {
        if (show_certificate(&report->shown[i], &facts->presented[i]) != 0)
            return -1;
    }
    return 0;
}

struct anycert_report *anycert__report_ref(struct anycert_report *report)
{
    if (report != NULL)
        __atomic_add_fetch(&report->references, 1, __ATOMIC_RELAXED);
    return report;
}

struct anycert_report *anycert_report_copy(const struct anycert_report *report,
                                           struct anycert_error *err)
{
    (void)err;
    /* Only the reference count changes, and that is atomic: to its users the report stays constant.
     */
    return anycert__report_ref((struct anycert_report *)(uintptr_t)report);
}

void anycert_report_free(struct anycert_report *report)
{
    if (report == NULL || __atomic_sub_fetch(&report->references, 1, __ATOMIC_ACQ_REL) > 0)
        return;
    for (size_t i = 0; i < report->check_count; i++)
        anycert__free(report->checks[i].detail);
    anycert__free(report->checks);
    for (size_t i = 0; report->shown != NULL && i < report->facts->presented_count; i++) {
        anycert__free(report->shown[i].subject);
        anycert__free(report->shown[i].issuer);
        anycert__free(report->shown[i].names);
        anycert__free(report->shown[i].key);
    }
    anycert__free(report->shown);
    anycert__free(report->failure);
    anycert__free(report->policy_text);
    anycert__free(report->reference_text);
    anycert__facts_unref(report->facts);
    anycert__free(report);
}

/* ---- the whole ---- */

enum anycert_verdict anycert_report_verdict(const struct anycert_report *report)
{
    return report->verdict;
}

enum anycert_verdict anycert_report_reference_verdict(const struct anycert_report *report)
{
    return report->reference_verdict;
}

int anycert_report_peer_authenticated(const struct anycert_report *report)
{
    return report->peer_authenticated;
}

const char *anycert_report_authenticated_by(const struct anycert_report *report)
{
    return report->authenticated_by;
}

enum anycert_revocation anycert_report_revocation(const struct anycert_report *report)
{
    return report->facts->revocation;
}

const char *anycert_report_policy(const struct anycert_report *report)
{
    return report->policy_text;
}

const char *anycert_report_reference(const struct anycert_report *report)
{
    return report->reference_text;
}

static const char *or_empty(const char *s)
{
    return s != NULL ? s : "";
}

const char *anycert_report_hop(const struct anycert_report *report)
{
    return anycert__hop_name(report->facts->hop);
}

const char *anycert_report_host(const struct anycert_report *report)
{
    return or_empty(report->facts->host);
}

uint16_t anycert_report_port(const struct anycert_report *report)
{
    return report->facts->port;
}

const char *anycert_report_identity(const struct anycert_report *report)
{
    return or_empty(report->facts->identity);
}

/* ---- checks ---- */

const struct anycert_check *anycert_report_next_check(const struct anycert_report *report,
                                                      const struct anycert_check *check)
{
    size_t next = check == NULL ? 0 : (size_t)(check - report->checks) + 1;
    return next < report->check_count ? &report->checks[next] : NULL;
}

const char *anycert_check_id(const struct anycert_check *check)
{
    return anycert__check_name(check->id);
}

enum anycert_verdict anycert_check_verdict(const struct anycert_check *check)
{
    return check->verdict;
}

enum anycert_verdict anycert_check_reference_verdict(const struct anycert_check *check)
{
    return check->reference_verdict;
}

int anycert_check_x509_code(const struct anycert_check *check)
{
    return check->x509_code;
}

int anycert_check_depth(const struct anycert_check *check)
{
    return check->depth;
}

const char *anycert_check_relaxation(const struct anycert_check *check)
{
    /* The one that is in force, if the check is relaxed by one; of several, one that keeps the peer
     * authenticated. */
    anycert__relaxations set = check->relaxations;
    if (check->verdict == ANYCERT_RELAXED && (set & check->report->allowed) != 0)
        set &= check->report->allowed;
    const struct anycert_relaxation *best = NULL, *r = NULL;
    while ((r = anycert_relaxation_next(r)) != NULL) {
        if ((set & ANYCERT__RELAX_BIT(anycert_relaxation_id(r))) != 0 &&
            (best == NULL ||
             (!anycert_relaxation_authenticates(best) && anycert_relaxation_authenticates(r))))
            best = r;
    }
    return best != NULL ? anycert_relaxation_name(best) : NULL;
}

int anycert_check_decided_by_pin(const struct anycert_check *check)
{
    return check->decided_by_pin;
}

const char *anycert_check_detail(const struct anycert_check *check)
{
    return check->detail;
}

/* ---- certificates ---- */

static const struct anycert__certificate *presented(const struct anycert_report *report,
                                                    size_t index)
{
    return index < report->facts->presented_count ? &report->facts->presented[index] : NULL;
}

size_t anycert_report_chain_length(const struct anycert_report *report)
{
    return report->facts->presented_count;
}

const char *anycert_report_cert_subject(const struct anycert_report *report, size_t index)
{
    return presented(report, index) != NULL ? report->shown[index].subject : NULL;
}

const char *anycert_report_cert_issuer(const struct anycert_report *report, size_t index)
{
    return presented(report, index) != NULL ? report->shown[index].issuer : NULL;
}

const char *anycert_report_cert_names(const struct anycert_report *report, size_t index)
{
    return presented(report, index) != NULL ? report->shown[index].names : NULL;
}

const char *anycert_report_cert_key(const struct anycert_report *report, size_t index)
{
    return presented(report, index) != NULL ? report->shown[index].key : NULL;
}

int64_t anycert_report_cert_not_before(const struct anycert_report *report, size_t index)
{
    const struct anycert__certificate *certificate = presented(report, index);
    return certificate != NULL ? certificate->not_before : 0;
}

int64_t anycert_report_cert_not_after(const struct anycert_report *report, size_t index)
{
    const struct anycert__certificate *certificate = presented(report, index);
    return certificate != NULL ? certificate->not_after : 0;
}

const char *anycert_report_cert_pin(const struct anycert_report *report, size_t index)
{
    const struct anycert__certificate *certificate = presented(report, index);
    return certificate != NULL ? certificate->pin : NULL;
}

const unsigned char *anycert_report_cert_der(const struct anycert_report *report, size_t index,
                                             size_t *len)
{
    const struct anycert__certificate *certificate = presented(report, index);
    if (len != NULL)
        *len = certificate != NULL ? certificate->der_len : 0;
    return certificate != NULL ? certificate->der : NULL;
}

int anycert_report_key_proven(const struct anycert_report *report)
{
    return report->facts->complete;
}

/* ---- what was negotiated, and how it failed ---- */

const char *anycert_report_protocol(const struct anycert_report *report)
{
    return anycert__version_name(report->facts->negotiated.version);
}

const char *anycert_report_cipher(const struct anycert_report *report)
{
    return report->facts->negotiated.cipher;
}

const char *anycert_report_group(const struct anycert_report *report)
{
    return report->facts->negotiated.group;
}

const char *anycert_report_refused_by(const struct anycert_report *report)
{
    const struct anycert__handshake_failure *failure = &report->facts->failure;
    if (report->verdict == ANYCERT_FAIL)
        return "us";
    if (!failure->failed)
        return "";
    if (failure->alert >= 0)
        return failure->alert_from_peer ? "peer" : "us";
    if ((failure->openssl_error & OPENSSL_SYSTEM_ERROR) != 0 || failure->openssl_error == 0)
        return "";
    return (failure->openssl_error & OPENSSL_REASON_MASK) == OPENSSL_UNEXPECTED_EOF ? "peer" : "us";
}

const char *anycert_report_failure(const struct anycert_report *report)
{
    return report->failure;
}
