/* What makes OpenSSL call a certificate invalid. It takes such a one neither as issued nor as an
 * issuer, and says no more than that an issuer is missing; this says why. */
#include "tls/ossl.h"

#include <openssl/x509v3.h>

/* The extensions that OpenSSL reads before it verifies anything (X509_get_extension_flags(3)). */
static const int read_first[] = {NID_basic_constraints,  NID_proxyCertInfo,
                                 NID_key_usage,          NID_ext_key_usage,
                                 NID_netscape_cert_type, NID_subject_key_identifier,
                                 NID_subject_alt_name,   NID_authority_key_identifier,
                                 NID_name_constraints,   NID_crl_distribution_points,
                                 NID_sbgp_ipAddrBlock,   NID_sbgp_autonomousSysNum};

static bool has_bits(const ASN1_BIT_STRING *usage)
{
    const unsigned char *bytes = ASN1_STRING_get0_data(usage);

    for (int i = 0; i < ASN1_STRING_length(usage) && i < 2; i++) {
        if (bytes[i] != 0)
            return true;
    }
    return false;
}

static bool is_negative(const BASIC_CONSTRAINTS *constraints)
{
    return constraints->pathlen && ASN1_STRING_type(constraints->pathlen) == V_ASN1_NEG_INTEGER;
}

/* What an extension says that OpenSSL could read, and does not take. */
static const char *senseless(int nid, const void *value)
{
    if (nid == NID_key_usage && !has_bits(value))
        return "allows no use at all";
    if (nid == NID_basic_constraints && is_negative(value))
        return "has a negative path length";
    if (nid == NID_proxyCertInfo)
        return "stands beside what makes it a CA or gives it other names";
    return NULL;
}

/* What is wrong with an extension, or NULL. */
static const char *wrong_with(const X509 *cert, int nid)
{
    const X509V3_EXT_METHOD *method = X509V3_EXT_get_nid(nid);
    int found = -1;
    void *value = X509_get_ext_d2i(cert, nid, &found, NULL);
    const char *wrong = NULL;

    if (found == -2)
        return "stands in it more than once";
    if (!value)
        return found == -1 ? NULL : "cannot be read";
    wrong = senseless(nid, value);
    if (method && method->it)
        ASN1_item_free(value, ASN1_ITEM_ptr(method->it));
    return wrong;
}

void anycert__flaw_write(X509 *cert, struct anycert__buf *out)
{
    if ((X509_get_extension_flags(cert) & EXFLAG_INVALID) == 0)
        return;
    for (size_t i = 0; i < sizeof read_first / sizeof read_first[0]; i++) {
        const char *wrong = wrong_with(cert, read_first[i]);

        if (wrong)
            anycert__buf_addf(out, "%sthe extension '%s' %s", out->len > 0 ? "; " : "",
                              OBJ_nid2ln(read_first[i]), wrong);
    }
    if (out->len == 0)
        anycert__buf_adds(out, "OpenSSL calls it invalid, and does not say why");
}
