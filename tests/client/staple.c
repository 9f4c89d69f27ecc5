#include "client/staple.h"

#include <openssl/ocsp.h>

#include <setjmp.h>
#include <stdarg.h>
#include <time.h>

#include <cmocka.h>

#define HOUR (60L * 60L)

unsigned char *staple_make(X509 *cert, X509 *issuer, EVP_PKEY *issuer_key, bool revoked,
                           size_t *len)
{
    time_t now = time(NULL);
    ASN1_TIME *at = ASN1_GENERALIZEDTIME_adj(NULL, now, -10, 0);
    ASN1_TIME *from = ASN1_GENERALIZEDTIME_adj(NULL, now, 0, -HOUR);
    ASN1_TIME *until = ASN1_GENERALIZEDTIME_adj(NULL, now, 7, 0);
    OCSP_BASICRESP *basic = OCSP_BASICRESP_new();
    OCSP_CERTID *id = OCSP_cert_to_id(EVP_sha1(), cert, issuer);
    OCSP_RESPONSE *response = NULL;
    unsigned char *der = NULL;
    int n = 0;

    assert_non_null(OCSP_basic_add1_status(
        basic, id, revoked ? V_OCSP_CERTSTATUS_REVOKED : V_OCSP_CERTSTATUS_GOOD,
        revoked ? OCSP_REVOKED_STATUS_KEYCOMPROMISE : 0, revoked ? at : NULL, from, until));
    assert_int_equal(OCSP_basic_sign(basic, issuer, issuer_key, EVP_sha256(), NULL, 0), 1);
    response = OCSP_response_create(OCSP_RESPONSE_STATUS_SUCCESSFUL, basic);
    n = i2d_OCSP_RESPONSE(response, &der);
    assert_true(n > 0);
    *len = (size_t)n;
    OCSP_RESPONSE_free(response);
    OCSP_CERTID_free(id);
    OCSP_BASICRESP_free(basic);
    ASN1_TIME_free(at);
    ASN1_TIME_free(from);
    ASN1_TIME_free(until);
    return der;
}
