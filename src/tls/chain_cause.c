#include "tls/chain_cause.h"

#include "tls/issuer.h"

#include <string.h>

#define X509_NO_ROOT               2 /* X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT */
#define X509_ISSUER_KEY_UNREADABLE 6 /* X509_V_ERR_UNABLE_TO_DECODE_ISSUER_PUBLIC_KEY */
#define X509_BAD_SIGNATURE         7 /* X509_V_ERR_CERT_SIGNATURE_FAILURE */

/* Whether the server sent one of that name beside its own. */
static bool issuer_was_sent(const struct anycert__facts *facts, const char *issuer)
{
    for (size_t i = 1; i < facts->presented_count; i++) {
        if (strcmp(facts->presented[i].subject, issuer) == 0)
            return true;
    }
    return false;
}

static bool has_flaw(const struct anycert__certificate *certificate)
{
    return certificate && certificate->flaw && certificate->flaw[0] != '\0';
}

/* Of what was sent, somebody of that name who is broken: files of before say no more. */
static bool broken_was_sent(const struct anycert__facts *facts, const char *issuer)
{
    for (size_t i = 1; i < facts->presented_count; i++) {
        if (strcmp(facts->presented[i].subject, issuer) == 0 && has_flaw(&facts->presented[i]))
            return true;
    }
    return false;
}

/* Why the issuer that is at hand was not taken; CAUSE_COUNT where that is not known. */
static enum anycert__cause_number cause_of_unfit(const struct anycert__facts *facts,
                                                 const struct anycert__certificate *last,
                                                 enum anycert__kin kin)
{
    const struct anycert__unfit *unfit = &facts->unfit;

    if (has_flaw(last))
        return ANYCERT__CAUSE_BROKEN_CERTIFICATE;
    switch (unfit->code) {
    case ANYCERT__X509_UNSPECIFIED:
        return ANYCERT__CAUSE_BROKEN_CERTIFICATE;
    case ANYCERT__X509_NO_ISSUER_KEY:
    case ANYCERT__X509_SIGNATURE_UNSUPPORTED:
        return ANYCERT__CAUSE_SIGNATURE_UNSUPPORTED;
    case ANYCERT__X509_SIGNATURE_MISMATCH:
        /* Whoever does not say which key it was may mean another one than ours. */
        return unfit->is_anchor && !anycert__names_issuer_key(last) ? ANYCERT__CAUSE_STALE_CA
                                                                    : ANYCERT__CAUSE_BAD_SIGNATURE;
    case ANYCERT__X509_PATH_LOOP:
        return ANYCERT__CAUSE_CHAIN_LOOP;
    case ANYCERT__X509_MAY_NOT_SIGN:
        return ANYCERT__CAUSE_NOT_A_CA;
    case ANYCERT__X509_KEY_ID_DIFFERS:
    case ANYCERT__X509_SERIAL_DIFFERS:
        return unfit->is_anchor && kin == ANYCERT__KIN_OTHER_KEY
                   ? ANYCERT__CAUSE_STALE_CA
                   : ANYCERT__CAUSE_KEY_IDENTIFIERS_DIFFER;
    default:
        return broken_was_sent(facts, last->issuer) ? ANYCERT__CAUSE_BROKEN_CERTIFICATE
                                                    : ANYCERT__CAUSE_COUNT;
    }
}

/* The chain ends in the middle. */
static enum anycert__cause_number cause_of_gap(const struct anycert__chain_view *view,
                                               const struct anycert__certificate *last, int depth,
                                               enum anycert__kin kin)
{
    enum anycert__cause_number unfit =
        last ? cause_of_unfit(view->facts, last, kin) : ANYCERT__CAUSE_COUNT;

    if (unfit != ANYCERT__CAUSE_COUNT)
        return unfit;
    if (last && (kin == ANYCERT__KIN_SIGNER || issuer_was_sent(view->facts, last->issuer)))
        return ANYCERT__CAUSE_KEY_IDENTIFIERS_DIFFER; /* there, and not taken */
    if (kin == ANYCERT__KIN_OTHER_KEY)
        return ANYCERT__CAUSE_STALE_CA;
    if (view->fetched == ANYCERT__FETCHED_LEADS_HOME)
        return ANYCERT__CAUSE_MISSING_INTERMEDIATE;
    if (view->fetched == ANYCERT__FETCHED_IN_VAIN)
        return ANYCERT__CAUSE_UNKNOWN_ROOT; /* it was fetched, and does not help */
    /* A root's own certificates come with nothing between, but hardly any root issues them. What
     * is sent beside the server's own has nothing to do with it then. */
    return depth == 0 ? ANYCERT__CAUSE_MISSING_INTERMEDIATE : ANYCERT__CAUSE_UNKNOWN_ROOT;
}

/* What a chain without an anchor at its end has. */
static enum anycert__cause_number cause_of_trust(const struct anycert__chain_view *view,
                                                 const struct anycert__finding *finding)
{
    const struct anycert__certificate *last = anycert__certificate_at(view->facts, finding->depth);
    enum anycert__kin kin =
        last && view->anchors ? anycert__anchors_kin(view->anchors, last) : ANYCERT__KIN_NONE;

    if (view->facts->anchors_error)
        return ANYCERT__CAUSE_NO_ANCHORS;
    switch (finding->x509_code) {
    case ANYCERT__X509_SELF_SIGNED:
        return kin == ANYCERT__KIN_OTHER_KEY ? ANYCERT__CAUSE_STALE_CA : ANYCERT__CAUSE_SELF_SIGNED;
    case X509_NO_ROOT:
        return ANYCERT__CAUSE_ANCHOR_WITHOUT_ROOT;
    case ANYCERT__X509_ISSUER_NOT_FOUND:
    case ANYCERT__X509_FIRST_NOT_VERIFIABLE:
        return cause_of_gap(view, last, finding->depth, kin);
    default:
        return kin == ANYCERT__KIN_OTHER_KEY ? ANYCERT__CAUSE_STALE_CA
                                             : ANYCERT__CAUSE_UNKNOWN_ROOT;
    }
}

/* The certificate above one, if it is one of ours. */
static bool anchor_above(const struct anycert__chain_view *view, int depth)
{
    const struct anycert__certificate *above = anycert__certificate_at(view->facts, depth + 1);

    return above && view->anchors && anycert__anchors_hold(view->anchors, above);
}

/* An error that usually means something else, and has to do with our own anchors. */
static enum anycert__cause_number cause_of_anchor(const struct anycert__chain_view *view,
                                                  const struct anycert__finding *finding,
                                                  enum anycert__cause_number usual)
{
    const struct anycert__certificate *at = anycert__certificate_at(view->facts, finding->depth);

    if (usual == ANYCERT__CAUSE_EXPIRED_ISSUER && at && view->anchors &&
        anycert__anchors_hold(view->anchors, at))
        return ANYCERT__CAUSE_ANCHOR_EXPIRED;
    /* Whoever says which key of the issuer it was has the right anchor, and is damaged. */
    if (finding->x509_code == X509_BAD_SIGNATURE && at && anchor_above(view, finding->depth) &&
        !anycert__names_issuer_key(at))
        return ANYCERT__CAUSE_STALE_CA;
    return usual;
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

enum anycert__cause_number anycert__cause_of_finding(const struct anycert__chain_view *view,
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
        return cause_of_trust(view, finding);
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
    return cause_of_anchor(view, finding,
                           cause_of_rest(view->facts, finding,
                                         usual ? usual->number : ANYCERT__CAUSE_CERTIFICATE_OTHER));
}
