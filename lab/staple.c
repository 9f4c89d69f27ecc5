/* OCSP answers, signed by the issuer and stapled to the handshake. */
#include "lab/internal.h"

#include <openssl/ocsp.h>

#define HOUR (60L * 60L)

static int add_status(struct lab *lab, OCSP_BASICRESP *basic, OCSP_CERTID *id, bool revoked)
{
    ASN1_TIME *revoked_at = ASN1_GENERALIZEDTIME_adj(NULL, lab->now, -10, 0);
    ASN1_TIME *from = ASN1_GENERALIZEDTIME_adj(NULL, lab->now, 0, -HOUR);
    ASN1_TIME *until = ASN1_GENERALIZEDTIME_adj(NULL, lab->now, 7, 0);
    int ok = 0;

    if (revoked_at != NULL && from != NULL && until != NULL) {
        ok = OCSP_basic_add1_status(basic, id,
                                    revoked ? V_OCSP_CERTSTATUS_REVOKED : V_OCSP_CERTSTATUS_GOOD,
                                    revoked ? OCSP_REVOKED_STATUS_KEYCOMPROMISE : 0,
                                    revoked ? revoked_at : NULL, from, until) != NULL;
    }
    ASN1_TIME_free(revoked_at);
    ASN1_TIME_free(from);
    ASN1_TIME_free(until);
    return ok;
}

int lab__staple_make(struct lab_server *server, struct anycert_error *err)
{
    struct lab *lab = server->lab;
    const struct lab__ca *issuer = lab__authority_get(lab, server->recipe->issuer);
    EVP_MD *sha1 = EVP_MD_fetch(lab->libctx, "SHA1", NULL); /* as RFC 6960's CertID is made */
    OCSP_BASICRESP *basic = OCSP_BASICRESP_new();
    OCSP_CERTID *id = NULL;
    OCSP_RESPONSE *response = NULL;
    int len = -1;

    if (issuer != NULL && sha1 != NULL && basic != NULL) {
        id = OCSP_cert_to_id(sha1, server->leaf, issuer->cert);
    }
    if (id != NULL && add_status(lab, basic, id, server->recipe->staple == LAB__STAPLE_REVOKED) &&
        OCSP_basic_sign(basic, issuer->cert, issuer->key, lab->sha256, NULL, 0)) {
        response = OCSP_response_create(OCSP_RESPONSE_STATUS_SUCCESSFUL, basic);
    }
    if (response != NULL) {
        len = i2d_OCSP_RESPONSE(response, &server->staple);
    }
    OCSP_RESPONSE_free(response);
    OCSP_CERTID_free(id);
    OCSP_BASICRESP_free(basic);
    EVP_MD_free(sha1);
    if (len <= 0) {
        return lab__fail_openssl(err, "cannot make the OCSP answer");
    }
    server->staple_len = (size_t)len;
    return 0;
}
