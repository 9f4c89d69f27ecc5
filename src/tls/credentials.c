/* Certificates that a caller gives us as PEM text, and the untrusted helpers for the chain. */
#include "tls/ossl.h"
#include "base/mem.h"

#include <openssl/err.h>
#include <openssl/pem.h>

#include <limits.h>

struct anycert__intermediates {
    STACK_OF(X509) * certs;
};

/* Called by OpenSSL for a passphrase: there is none, and nobody is asked. */
static int no_passphrase(char *buf, int size, int writing, void *arg)
{
    (void)buf;
    (void)size;
    (void)writing;
    (void)arg;
    return -1;
}

int anycert__read_certs(const void *pem, size_t len, const char *what, int code,
                        STACK_OF(X509) * out, struct anycert_error *err)
{
    BIO *bio = NULL;
    X509 *cert = NULL;
    int rv = -1;

    if (len > INT_MAX)
        return anycert__fail(err, code, "%s is too large", what);
    bio = BIO_new_mem_buf(len > 0 ? pem : "", (int)len);
    if (bio == NULL)
        return anycert__fail_nomem(err);
    ERR_clear_error();
    while ((cert = PEM_read_bio_X509(bio, NULL, no_passphrase, NULL)) != NULL) {
        if (sk_X509_push(out, cert) <= 0) {
            X509_free(cert);
            anycert__fail_nomem(err);
            goto out;
        }
    }
    if (ERR_GET_REASON(ERR_peek_last_error()) != PEM_R_NO_START_LINE) {
        anycert__fail_openssl(err, code, "certificate %d of %s cannot be decoded",
                              sk_X509_num(out) + 1, what);
        goto out;
    }
    rv = 0;
out:
    ERR_clear_error();
    BIO_free(bio);
    return rv;
}

int anycert__intermediates_add(struct anycert__intermediates **list, const void *pem, size_t len,
                               const char *what, struct anycert_error *err)
{
    STACK_OF(X509) *certs = sk_X509_new_null();
    struct anycert__intermediates *made = NULL;
    int rv = -1;

    if (certs == NULL) {
        anycert__fail_nomem(err);
        goto out;
    }
    if (anycert__read_certs(pem, len, what, ANYCERT_E_ANCHORS, certs, err) != 0)
        goto out;
    if (sk_X509_num(certs) == 0) {
        anycert__fail(err, ANYCERT_E_ANCHORS,
                      "%s holds no certificate: it needs PEM text with "
                      "'-----BEGIN CERTIFICATE-----'",
                      what);
        goto out;
    }
    if (*list == NULL) {
        made = anycert__calloc(1, sizeof *made);
        if (made == NULL) {
            anycert__fail_nomem(err);
            goto out;
        }
        made->certs = certs;
        certs = NULL;
        *list = made;
    }
    for (; certs != NULL && sk_X509_num(certs) > 0; sk_X509_shift(certs)) {
        if (sk_X509_push((*list)->certs, sk_X509_value(certs, 0)) <= 0) {
            anycert__fail_nomem(err);
            goto out;
        }
    }
    rv = 0;
out:
    sk_X509_pop_free(certs, X509_free);
    return rv;
}

void anycert__intermediates_free(struct anycert__intermediates *list)
{
    if (list == NULL)
        return;
    sk_X509_pop_free(list->certs, X509_free);
    anycert__free(list);
}

struct anycert__intermediates *anycert__intermediates_new(void)
{
    struct anycert__intermediates *list = anycert__calloc(1, sizeof *list);

    if (list == NULL)
        return NULL;
    list->certs = sk_X509_new_null();
    if (list->certs != NULL)
        return list;
    anycert__free(list);
    return NULL;
}

STACK_OF(X509) * anycert__intermediates_stack(const struct anycert__intermediates *list)
{
    return list != NULL ? list->certs : NULL;
}
