#include "verdict/detail.h"

#include "base/mem.h"
#include "base/str.h"
#include "verdict/show.h"

#define NAMES_IN_SENTENCE 4

/* ---- findings about certificates ---- */

static void write_dates(struct anycert__buf *buf, const struct anycert__finding *finding,
                        const struct anycert__certificate *certificate, int64_t now)
{
    anycert__buf_adds(buf, finding->what);
    if (certificate == NULL || !certificate->dates_readable)
        return;
    if (finding->x509_code == ANYCERT__X509_EXPIRED) {
        anycert__buf_adds(buf, " ");
        anycert__show_date(buf, certificate->not_after);
        anycert__buf_adds(buf, " (");
        anycert__show_span(buf, certificate->not_after, now);
        anycert__buf_adds(buf, " ago)");
    } else if (finding->x509_code == ANYCERT__X509_NOT_YET_VALID) {
        anycert__buf_adds(buf, ": starts ");
        anycert__show_date(buf, certificate->not_before);
        anycert__buf_adds(buf, " (in ");
        anycert__show_span(buf, now, certificate->not_before);
        anycert__buf_adds(buf, ")");
    }
}

static void write_name(struct anycert__buf *buf, const struct anycert__facts *facts,
                       const struct anycert__certificate *certificate)
{
    if (certificate != NULL && facts->has_dns_or_ip_name) {
        anycert__buf_adds(buf, "it names ");
        anycert__show_names(buf, certificate, NAMES_IN_SENTENCE);
        anycert__buf_adds(buf, facts->identity_is_ip ? ", and not the address " : ", and not ");
    } else if (certificate != NULL && certificate->names_broken) {
        anycert__buf_addf(buf, "the subjectAltName cannot be read%s ",
                          facts->cn_match ? ", and only the common name is for"
                                          : ", and nothing else names");
    } else if (facts->cn_match) {
        anycert__buf_adds(buf, "no subjectAltName, only the common name is for ");
    } else {
        anycert__buf_adds(buf, "no subjectAltName names ");
    }
    anycert__show_quoted(buf, facts->identity);
}

static void write_unreadable_key(struct anycert__buf *buf,
                                 const struct anycert__certificate *certificate)
{
    anycert__buf_adds(buf, "OpenSSL here cannot read its key (");
    anycert__show_string(buf, certificate->key_type, ANYCERT__SHOW_IN_SENTENCE);
    anycert__buf_adds(buf, ")");
}

static void write_key(struct anycert__buf *buf, const struct anycert__finding *finding,
                      const struct anycert__certificate *certificate)
{
    if (certificate == NULL || certificate->key_type == NULL) {
        anycert__buf_adds(buf, finding->what);
        return;
    }
    if (certificate->key_bits <= 0) {
        write_unreadable_key(buf, certificate);
        return;
    }
    bool curve = anycert__str_equal(certificate->key_type, "EC");
    anycert__show_string(buf, certificate->key_type, ANYCERT__SHOW_IN_SENTENCE);
    anycert__buf_addf(buf, " key of %d bits; %d are required", certificate->key_bits,
                      curve ? 224 : 2048);
}

static void write_signature_strength(struct anycert__buf *buf,
                                     const struct anycert__finding *finding,
                                     const struct anycert__certificate *certificate)
{
    bool unknown = certificate != NULL && certificate->signature_unknown &&
                   !certificate->signature_sha1 && !certificate->signature_md5;

    anycert__buf_adds(buf,
                      unknown ? "signed in a way that OpenSSL here cannot judge" : finding->what);
    if (certificate == NULL || certificate->signature_algorithm == NULL)
        return;
    anycert__buf_adds(buf, " (");
    anycert__show_string(buf, certificate->signature_algorithm, ANYCERT__SHOW_IN_SENTENCE);
    anycert__buf_adds(buf, ")");
}

/* Why a chain ends there though somebody of the issuer's name is at hand; false if nobody is. */
static bool write_gap(struct anycert__buf *buf, const struct anycert__unfit *unfit,
                      const struct anycert__certificate *certificate)
{
    const char *whose = unfit->is_anchor ? "its trusted issuer" : "its issuer's certificate";

    if (certificate != NULL && certificate->flaw != NULL && certificate->flaw[0] != '\0') {
        anycert__buf_adds(buf, "it is broken, and counts as issued by nobody: ");
        anycert__show_string(buf, certificate->flaw, 2 * ANYCERT__SHOW_IN_SENTENCE);
        return true;
    }
    switch (unfit->code) {
    case ANYCERT__X509_UNSPECIFIED:
        anycert__buf_addf(buf, "%s is broken, and counts as none: ", whose);
        break;
    case ANYCERT__X509_NO_ISSUER_KEY:
        anycert__buf_addf(buf, "%s has a key that OpenSSL here cannot read: ", whose);
        break;
    case ANYCERT__X509_SIGNATURE_UNSUPPORTED:
        anycert__buf_adds(buf, "it is signed with an algorithm that OpenSSL here does not have: ");
        break;
    case ANYCERT__X509_SIGNATURE_MISMATCH:
        anycert__buf_addf(buf,
                          "the algorithm of its signature is not one for the key of %s: ", whose);
        break;
    case ANYCERT__X509_PATH_LOOP:
        anycert__buf_adds(buf, "the certificates vouch for each other in a circle");
        break;
    case ANYCERT__X509_KEY_ID_DIFFERS:
    case ANYCERT__X509_SERIAL_DIFFERS:
        anycert__buf_addf(buf, "it names another key than that of %s", whose);
        break;
    case ANYCERT__X509_MAY_NOT_SIGN:
        anycert__buf_addf(buf, "%s may not issue others", whose);
        break;
    default:
        return false;
    }
    anycert__show_string(buf, unfit->what, 2 * ANYCERT__SHOW_IN_SENTENCE);
    return true;
}

static void write_trust(struct anycert__buf *buf, const struct anycert__facts *facts,
                        const struct anycert__finding *finding,
                        const struct anycert__certificate *certificate)
{
    bool gap = finding->x509_code == ANYCERT__X509_ISSUER_NOT_FOUND ||
               finding->x509_code == ANYCERT__X509_FIRST_NOT_VERIFIABLE;

    bool known = gap && write_gap(buf, &facts->unfit, certificate);

    if (!known)
        anycert__buf_adds(buf, finding->what);
    if (certificate != NULL && !certificate->self_issued && certificate->issuer != NULL) {
        anycert__buf_adds(buf, known ? "; issued by " : ": issued by ");
        anycert__show_quoted(buf, certificate->issuer);
    }
    if (facts->anchors_error != NULL) {
        anycert__buf_adds(buf, "; anchors: ");
        anycert__show_string(buf, facts->anchors_error, 2 * ANYCERT__SHOW_IN_SENTENCE);
    }
}

/* OpenSSL has one code for a key that it cannot read and for more comparisons of names than it
 * makes.
 */
static void write_unspecified(struct anycert__buf *buf,
                              const struct anycert__certificate *certificate)
{
    if (certificate->key_bits <= 0)
        write_unreadable_key(buf, certificate);
    else
        anycert__buf_adds(buf, "so many names and name constraints that OpenSSL does not compare "
                               "them");
}

static void write_other(struct anycert__buf *buf, const struct anycert__facts *facts,
                        const struct anycert__finding *finding,
                        const struct anycert__certificate *certificate)
{
    if (finding->x509_code == ANYCERT__X509_UNSPECIFIED && certificate != NULL &&
        certificate->key_type != NULL) {
        write_unspecified(buf, certificate);
        return;
    }
    anycert__buf_adds(buf, finding->what);
    bool stapled = facts->revocation == ANYCERT_REVOCATION_REVOKED;
    if (finding->x509_code == ANYCERT__X509_REVOKED && stapled)
        anycert__buf_adds(buf, ", says the stapled OCSP answer");
    else if (finding->x509_code != 0 &&
             anycert__x509_meaning(finding->x509_code, finding->depth)->code == 0)
        anycert__buf_addf(buf, " (%d)", finding->x509_code);
}

/* Whose certificate it is, unless it is the peer's own, which goes without saying. */
static void write_whose(struct anycert__buf *buf, const struct anycert__finding *finding,
                        const struct anycert__certificate *certificate)
{
    if (finding->depth <= 0)
        return;
    if (certificate != NULL) {
        anycert__show_quoted(buf, certificate->subject);
        anycert__buf_addf(buf, " at depth %d: ", finding->depth);
    } else {
        anycert__buf_addf(buf, "certificate at depth %d: ", finding->depth);
    }
}

static void write_certificate_finding(struct anycert__buf *buf, const struct anycert__facts *facts,
                                      const struct anycert__finding *finding, int64_t now)
{
    const struct anycert__certificate *certificate = anycert__certificate_at(facts, finding->depth);
    write_whose(buf, finding, certificate);
    if (finding->check == ANYCERT__CHECK_DATES)
        write_dates(buf, finding, certificate, now);
    else if (finding->check == ANYCERT__CHECK_NAME)
        write_name(buf, facts, certificate);
    else if (finding->check == ANYCERT__CHECK_KEY_STRENGTH)
        write_key(buf, finding, certificate);
    else if (finding->check == ANYCERT__CHECK_SIGNATURE_STRENGTH)
        write_signature_strength(buf, finding, certificate);
    else if (finding->check == ANYCERT__CHECK_TRUST)
        write_trust(buf, facts, finding, certificate);
    else
        write_other(buf, facts, finding, certificate);
}

/* ---- what was negotiated ---- */

/* The name of what a protocol check looks at. */
static void write_negotiated(struct anycert__buf *buf, const struct anycert__negotiated *negotiated,
                             enum anycert__check_id id)
{
    const size_t max = ANYCERT__SHOW_IN_SENTENCE;
    if (id == ANYCERT__CHECK_PROTOCOL || id == ANYCERT__CHECK_RENEGOTIATION) {
        anycert__show_version(buf, negotiated->version);
    } else if (id == ANYCERT__CHECK_GROUP) {
        anycert__show_string(buf, negotiated->group, max);
        if (negotiated->group_bits > 0)
            anycert__buf_addf(buf, " %d bits", negotiated->group_bits);
    } else if (id == ANYCERT__CHECK_HANDSHAKE_SIGNATURE) {
        anycert__show_string(buf, negotiated->signature, max);
    } else {
        anycert__show_string(buf, negotiated->cipher, max);
    }
}

static char *take(struct anycert__buf *buf)
{
    char *text = anycert__buf_take(buf, "detail", NULL);
    anycert__buf_free(buf);
    return text;
}

char *anycert__detail_of_finding(const struct anycert__facts *facts,
                                 const struct anycert__finding *finding, int64_t now)
{
    struct anycert__buf buf;
    anycert__buf_init(&buf, ANYCERT__SHOW_BUFFER);
    if (anycert__check_is_protocol(finding->check)) {
        write_negotiated(&buf, &facts->negotiated, finding->check);
        anycert__buf_addf(&buf, "%s%s", buf.len > 0 ? ": " : "", finding->what);
    } else {
        write_certificate_finding(&buf, facts, finding, now);
    }
    return take(&buf);
}

/* ---- checks without a finding ---- */

static const char *why_not_negotiated(const struct anycert__facts *facts, enum anycert__check_id id,
                                      enum anycert__judge_scope scope)
{
    if (scope == ANYCERT__JUDGE_CERTIFICATES)
        return "the handshake was not yet complete";
    if (!facts->complete)
        return "the handshake did not complete";
    if (id == ANYCERT__CHECK_GROUP)
        return facts->negotiated.key_exchange == ANYCERT__KX_RSA ? "static RSA has no group"
                                                                 : "the group is not known";
    return facts->negotiated.key_exchange == ANYCERT__KX_RSA ? "static RSA has no signature"
                                                             : "no signature was seen";
}

static const char *why_no_certificate(const struct anycert__facts *facts, enum anycert__check_id id)
{
    if (id == ANYCERT__CHECK_REVOCATION)
        return facts->staple_present ? "the stapled OCSP answer does not count"
                                     : "no stapled OCSP answer";
    if (facts->verify_broke)
        return "verification broke off";
    if (!facts->verified)
        return facts->presented_count > 0 ? "the certificates were not verified"
                                          : "no certificate was seen";
    return id == ANYCERT__CHECK_NAME ? "no name is required"
                                     : "the issuer's certificate is not at hand";
}

/* The date on which the first certificate of the chain expires. */
static void write_first_end(struct anycert__buf *buf, const struct anycert__facts *facts,
                            int64_t now)
{
    const struct anycert__certificate *first = NULL;
    for (size_t i = 0; i < facts->validated_count; i++) {
        const struct anycert__certificate *certificate = &facts->validated[i];
        if (certificate->dates_readable &&
            (first == NULL || certificate->not_after < first->not_after))
            first = certificate;
    }
    if (first == NULL) {
        anycert__buf_adds(buf, anycert__check_asks(ANYCERT__CHECK_DATES));
        return;
    }
    anycert__buf_adds(buf, "until ");
    anycert__show_date(buf, first->not_after);
    anycert__buf_adds(buf, " (");
    anycert__show_span(buf, now, first->not_after);
    anycert__buf_adds(buf, " left)");
}

static void write_pass(struct anycert__buf *buf, const struct anycert__facts *facts,
                       enum anycert__check_id id, int64_t now)
{
    const struct anycert__certificate *leaf = anycert__certificate_at(facts, 0);
    if (id == ANYCERT__CHECK_TRUST && facts->validated_count > 0) {
        anycert__buf_adds(buf, "anchor ");
        anycert__show_quoted(buf, facts->validated[facts->validated_count - 1].subject);
    } else if (id == ANYCERT__CHECK_NAME) {
        anycert__buf_adds(buf, "names ");
        anycert__show_quoted(buf, facts->identity);
    } else if (id == ANYCERT__CHECK_DATES) {
        write_first_end(buf, facts, now);
    } else if (id == ANYCERT__CHECK_KEY_STRENGTH && leaf != NULL) {
        anycert__show_key(buf, leaf);
    } else if (id == ANYCERT__CHECK_SIGNATURE_STRENGTH && leaf != NULL &&
               facts->validated_count > 1) {
        anycert__show_string(buf, leaf->signature_algorithm, ANYCERT__SHOW_IN_SENTENCE);
    } else if (id == ANYCERT__CHECK_REVOCATION) {
        anycert__buf_adds(buf, "a stapled OCSP answer says good");
    } else if (anycert__check_is_protocol(id)) {
        write_negotiated(buf, &facts->negotiated, id);
    }
    if (buf->len == 0)
        anycert__buf_adds(buf, anycert__check_asks(id));
}

char *anycert__detail_of_silence(const struct anycert__facts *facts, enum anycert__check_id id,
                                 enum anycert_verdict verdict, int64_t now,
                                 enum anycert__judge_scope scope)
{
    struct anycert__buf buf;
    anycert__buf_init(&buf, ANYCERT__SHOW_BUFFER);
    if (verdict == ANYCERT_PASS)
        write_pass(&buf, facts, id, now);
    else if (anycert__check_is_protocol(id))
        anycert__buf_adds(&buf, why_not_negotiated(facts, id, scope));
    else if (id == ANYCERT__CHECK_REVOCATION && facts->staple_note[0] != '\0')
        anycert__show_string(&buf, facts->staple_note, ANYCERT__SHOW_IN_SENTENCE);
    else
        anycert__buf_adds(&buf, why_no_certificate(facts, id));
    return take(&buf);
}
