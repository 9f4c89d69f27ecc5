#include "tls/chain_cause.h"

#include "tls/issuer.h"

#include <string.h>

#define X509_NO_ROOT              2  /* X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT */
#define X509_BAD_SIGNATURE        7  /* X509_V_ERR_CERT_SIGNATURE_FAILURE */
#define X509_ISSUER_NOT_FOUND     20 /* X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY */
#define X509_FIRST_NOT_VERIFIABLE 21 /* X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE */

/* Whether the server sent one of that name beside its own. */
static bool issuer_was_sent(const struct anycert__facts *facts, const char *issuer)
{
    for (size_t i = 1; i < facts->presented_count; i++) {
        if (strcmp(facts->presented[i].subject, issuer) == 0)
            return true;
    }
    return false;
}

/* The chain ends in the middle. */
static enum anycert__cause_number cause_of_gap(const struct anycert__chain_view *view,
                                               const struct anycert__certificate *last,
                                               enum anycert__kin kin)
{
    if (last && (kin == ANYCERT__KIN_SIGNER || issuer_was_sent(view->facts, last->issuer)))
        return ANYCERT__CAUSE_KEY_IDENTIFIERS_DIFFER; /* there, and not taken */
    if (kin == ANYCERT__KIN_OTHER_KEY)
        return ANYCERT__CAUSE_STALE_CA;
    if (view->fetched == ANYCERT__FETCHED_LEADS_HOME)
        return ANYCERT__CAUSE_MISSING_INTERMEDIATE;
    if (view->fetched == ANYCERT__FETCHED_IN_VAIN)
        return ANYCERT__CAUSE_UNKNOWN_ROOT; /* it was fetched, and does not help */
    /* A root's own certificates come with nothing between, but hardly any root issues them. */
    return view->facts->presented_count == 1 ? ANYCERT__CAUSE_MISSING_INTERMEDIATE
                                             : ANYCERT__CAUSE_UNKNOWN_ROOT;
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
    case X509_ISSUER_NOT_FOUND:
    case X509_FIRST_NOT_VERIFIABLE:
        return cause_of_gap(view, last, kin);
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

static enum anycert__cause_number cause_of_strength(const struct anycert__finding *finding)
{
    if (finding->check == ANYCERT__CHECK_KEY_STRENGTH)
        return finding->relaxations ? ANYCERT__CAUSE_WEAK_KEY : ANYCERT__CAUSE_TINY_KEY;
    return finding->relaxations ? ANYCERT__CAUSE_SHA1_SIGNATURE : ANYCERT__CAUSE_MD5_SIGNATURE;
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
        return cause_of_strength(finding);
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
        return ANYCERT__CAUSE_CHAIN_TOO_LARGE;
    return cause_of_anchor(view, finding, usual ? usual->number : ANYCERT__CAUSE_CERTIFICATE_OTHER);
}
