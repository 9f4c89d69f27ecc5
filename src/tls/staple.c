/* The OCSP answer that a server staples to its handshake (RFC 6066 section 8, RFC 6960). Whatever
 * is wrong with it makes it count for nothing, as if none had been sent: a note says why. */
#include "tls/ossl.h"

#include <openssl/err.h>
#include <openssl/ocsp.h>

#include <limits.h>
#include <stdio.h>

#define TOLERANCE 300 /* seconds that clocks may differ */
#define MAX_AGE                                                                                    \
    (10 * INT64_C(86400)) /* of an answer that names no end; what the CA/B Forum allows */

/* The certificate's issuer: next in the chain, or itself. NULL if it is not known. */
static X509 *issuer_of(STACK_OF(X509) * chain)
{
    X509 *leaf = NULL;
    if (sk_X509_num(chain) > 1)
        return sk_X509_value(chain, 1);
    leaf = sk_X509_num(chain) == 1 ? sk_X509_value(chain, 0) : NULL;
    return leaf != NULL && X509_check_issued(leaf, leaf) == X509_V_OK ? leaf : NULL;
}

/* The answer may be signed by the issuer or by a responder that the issuer has certified for it
 * (RFC 6960 section 4.2.2.2), so the issuer is the only anchor. Its own place in the chain is
 * judged elsewhere. */
static bool is_signed_for(OCSP_BASICRESP *basic, X509 *issuer, int64_t time)
{
    X509_STORE *trust = X509_STORE_new();
    STACK_OF(X509) *known = sk_X509_new_null();
    bool good = false;

    if (trust != NULL && known != NULL && sk_X509_push(known, issuer) > 0 &&
        X509_STORE_add_cert(trust, issuer) == 1) {
        X509_VERIFY_PARAM *param = X509_STORE_get0_param(trust);
        X509_VERIFY_PARAM_set_time(param, (time_t)time);
        good = X509_VERIFY_PARAM_set_flags(param, X509_V_FLAG_PARTIAL_CHAIN) == 1 &&
               OCSP_basic_verify(basic, known, trust, 0) == 1;
    }
    sk_X509_free(known);
    X509_STORE_free(trust);
    return good;
}

/* Whether a single answer is about leaf; responders choose the digest that names it. */
static bool is_about(OCSP_SINGLERESP *single, X509 *leaf, X509 *issuer)
{
    /* OpenSSL's getters take their object without const; nothing is changed. */
    union {
        const OCSP_CERTID *in;
        OCSP_CERTID *out;
    } theirs = {.in = OCSP_SINGLERESP_get0_id(single)};
    ASN1_OBJECT *algorithm = NULL;
    const EVP_MD *digest = NULL;
    OCSP_CERTID *ours = NULL;
    bool same = false;

    if (theirs.in == NULL || OCSP_id_get0_info(NULL, &algorithm, NULL, NULL, theirs.out) != 1)
        return false;
    digest = EVP_get_digestbyobj(algorithm);
    ours = digest != NULL ? OCSP_cert_to_id(digest, leaf, issuer) : NULL;
    same = ours != NULL && OCSP_id_cmp(ours, theirs.in) == 0;
    OCSP_CERTID_free(ours);
    return same;
}

/* NULL if the answer counts at that time, else why not. */
static const char *date_fault(const ASN1_GENERALIZEDTIME *from, const ASN1_GENERALIZEDTIME *until,
                              int64_t time)
{
    int64_t first = 0, last = 0;
    if (!anycert__time_read(from, &first))
        return "its dates cannot be read";
    if (first > time + TOLERANCE)
        return ANYCERT__STAPLE_OF_FUTURE;
    if (until == NULL)
        last = first + MAX_AGE;
    else if (!anycert__time_read(until, &last))
        return "its dates cannot be read";
    return last < time - TOLERANCE ? "it is out of date" : NULL;
}

/* Judges the single answers about leaf; one that says revoked decides. Returns the note. */
static const char *judge_answers(OCSP_BASICRESP *basic, X509 *leaf, X509 *issuer, int64_t time,
                                 enum anycert_revocation *revocation)
{
    const char *note = "it is about another certificate";

    for (int i = 0; i < OCSP_resp_count(basic); i++) {
        OCSP_SINGLERESP *single = OCSP_resp_get0(basic, i);
        ASN1_GENERALIZEDTIME *from = NULL, *until = NULL;
        int status = 0;
        if (!is_about(single, leaf, issuer))
            continue;
        status = OCSP_single_get0_status(single, NULL, NULL, &from, &until);
        const char *fault = date_fault(from, until, time);
        if (fault == NULL && status == V_OCSP_CERTSTATUS_REVOKED) {
            *revocation = ANYCERT_REVOCATION_REVOKED;
            return "";
        }
        if (fault == NULL && status == V_OCSP_CERTSTATUS_GOOD)
            *revocation = ANYCERT_REVOCATION_GOOD;
        else
            note = fault != NULL ? fault : "the responder does not know the certificate";
    }
    return *revocation == ANYCERT_REVOCATION_GOOD ? "" : note;
}

static const char *judge_response(OCSP_RESPONSE *response, STACK_OF(X509) * chain, int64_t time,
                                  enum anycert_revocation *revocation)
{
    X509 *issuer = issuer_of(chain);
    OCSP_BASICRESP *basic = NULL;
    const char *note = NULL;

    if (response == NULL)
        return "it cannot be decoded";
    if (OCSP_response_status(response) != OCSP_RESPONSE_STATUS_SUCCESSFUL)
        return "the responder answered with an error";
    if (issuer == NULL)
        return "the issuer that must have signed it is not known";
    basic = OCSP_response_get1_basic(response);
    if (basic == NULL)
        note = "it is of an unknown kind";
    else if (!is_signed_for(basic, issuer, time))
        note = "it is not signed by the certificate's issuer";
    else
        note = judge_answers(basic, sk_X509_value(chain, 0), issuer, time, revocation);
    OCSP_BASICRESP_free(basic);
    return note;
}

void anycert__staple_judge(const unsigned char *der, size_t len, STACK_OF(X509) * chain,
                           int64_t time, struct anycert__facts *facts)
{
    const unsigned char *p = der;
    OCSP_RESPONSE *response = NULL;
    const char *note = NULL;

    facts->staple_present = true;
    facts->revocation = ANYCERT_REVOCATION_NOT_CHECKED;
    ERR_set_mark();
    if (len <= INT_MAX)
        response = d2i_OCSP_RESPONSE(NULL, &p, (long)len);
    note = judge_response(response, chain, time, &facts->revocation);
    ERR_pop_to_mark();
    snprintf(facts->staple_note, sizeof facts->staple_note, "%s", note);
    OCSP_RESPONSE_free(response);
}

void anycert__staple_read(SSL *ssl, STACK_OF(X509) * chain, int64_t time,
                          struct anycert__facts *facts)
{
    const unsigned char *der = NULL;
    long len = SSL_get_tlsext_status_ocsp_resp(ssl, &der);

    if (der != NULL && len > 0)
        anycert__staple_judge(der, (size_t)len, chain, time, facts);
}
