#include "tls/answer_chain.h"

#include "tls/ossl.h"

#include "base/mem.h"

#include <openssl/err.h>

/* No chain that is longer has ever been built; what is behind it is not decoded. */
#define MOST 1024

static X509 *decode(const struct anycert__answer *answer, struct anycert__span der)
{
    const unsigned char *bytes = anycert__answer_bytes(answer, der), *end = bytes;
    X509 *cert = d2i_X509(NULL, &end, (long)der.len);

    if (cert && end != bytes + der.len) {
        X509_free(cert);
        cert = NULL;
    }
    if (!cert)
        ERR_clear_error();
    return cert;
}

/* 0, or -1 when out of memory; an empty stack if the first cannot be read. */
static int decode_all(const struct anycert__answer *answer, STACK_OF(X509) * certs)
{
    struct anycert__span der;
    size_t position = 0;

    while (sk_X509_num(certs) < MOST &&
           anycert__answer_next(answer, &answer->certificates, &position, &der)) {
        X509 *cert = decode(answer, der);
        if (!cert && sk_X509_num(certs) == 0)
            return 0;
        if (cert && sk_X509_push(certs, cert) == 0) {
            X509_free(cert);
            return -1;
        }
    }
    return 0;
}

int anycert__answer_verify(const struct anycert__answer *answer,
                           const struct anycert__intermediates *helpers,
                           struct anycert__anchors *anchors, struct anycert__facts *facts,
                           struct anycert_error *err)
{
    STACK_OF(X509) *certs = sk_X509_new_null(), *chain = NULL;
    int rv = -1;

    if (!certs || decode_all(answer, certs) < 0)
        anycert__fail_nomem(err);
    else if (answer->certificates.count == 0)
        anycert__fail(err, ANYCERT_E_TRUST, "the server sent no certificate");
    else if (sk_X509_num(certs) == 0)
        anycert__fail(err, ANYCERT_E_TRUST, "the server's certificate cannot be read");
    else
        rv = anycert__verify(sk_X509_value(certs, 0), certs, helpers, anchors, facts, &chain, err);
    sk_X509_pop_free(chain, X509_free);
    sk_X509_pop_free(certs, X509_free);
    return rv;
}

char *anycert__answer_name(const struct anycert__answer *answer, struct anycert__span name)
{
    const unsigned char *bytes = anycert__answer_bytes(answer, name);
    X509_NAME *decoded = d2i_X509_NAME(NULL, &bytes, (long)name.len);
    char *text = decoded ? anycert__name_text(decoded) : anycert__strdup("(unreadable)");

    if (!decoded)
        ERR_clear_error();
    X509_NAME_free(decoded);
    return text;
}
