/* Certificates that a caller gives us: untrusted helpers for the chain, and the one that we show
 * ourselves. */
#include "tls/ossl.h"
#include "base/mem.h"

#include <openssl/err.h>
#include <openssl/pem.h>

#include <limits.h>
#include <string.h>

struct anycert__intermediates {
    STACK_OF(X509) * certs;
};

struct anycert__client_cert {
    X509 *cert;
    STACK_OF(X509) * chain; /* without cert */
    EVP_PKEY *key;
};

/* Called by OpenSSL for a passphrase: there is none, and nobody is asked. *arg tells that one was
 * wanted. */
static int no_passphrase(char *buf, int size, int writing, void *arg)
{
    bool *wanted = arg;
    (void)buf;
    (void)size;
    (void)writing;
    if (wanted != NULL)
        *wanted = true;
    return -1;
}

/* ---- reading PEM */

/* Appends every certificate of a PEM text, in its order. 0; -1 with code for a damaged one. */
static int read_certs(const void *pem, size_t len, const char *what, int code, STACK_OF(X509) * out,
                      struct anycert_error *err)
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

/* What kept a key from being read: looks for a block of a private key. */
static int fail_key(const void *pem, size_t len, bool passphrase_wanted, struct anycert_error *err)
{
    BIO *bio = BIO_new_mem_buf(len > 0 ? pem : "", (int)len);
    char *name = NULL, *header = NULL;
    unsigned char *data = NULL;
    long data_len = 0;
    bool found = false;

    while (bio != NULL && !found && PEM_read_bio(bio, &name, &header, &data, &data_len) == 1) {
        found = strstr(name, "PRIVATE KEY") != NULL;
        OPENSSL_free(name);
        OPENSSL_free(header);
        OPENSSL_clear_free(data, (size_t)data_len);
    }
    BIO_free(bio);
    ERR_clear_error();
    if (passphrase_wanted)
        return anycert__fail(err, ANYCERT_E_CLIENT_CERT,
                             "the client key is encrypted, and passphrases are not supported: "
                             "write it without one with 'openssl pkey -in KEY -out NEWKEY'");
    if (found)
        return anycert__fail(err, ANYCERT_E_CLIENT_CERT,
                             "the client key cannot be decoded: it is damaged or of an unknown "
                             "kind");
    return anycert__fail(err, ANYCERT_E_CLIENT_CERT,
                         "there is no client key: it needs PEM text with "
                         "'-----BEGIN PRIVATE KEY-----'");
}

/* The first private key of a PEM text, or NULL with CLIENT_CERT. OpenSSL wipes what it decodes on
 * the way. */
static EVP_PKEY *read_key(const void *pem, size_t len, struct anycert_error *err)
{
    bool passphrase_wanted = false;
    EVP_PKEY *key = NULL;
    BIO *bio = NULL;

    if (len > INT_MAX) {
        anycert__fail(err, ANYCERT_E_CLIENT_CERT, "the client key is too large");
        return NULL;
    }
    bio = BIO_new_mem_buf(len > 0 ? pem : "", (int)len);
    if (bio == NULL) {
        anycert__fail_nomem(err);
        return NULL;
    }
    key = PEM_read_bio_PrivateKey(bio, NULL, no_passphrase, &passphrase_wanted);
    BIO_free(bio);
    if (key == NULL)
        fail_key(pem, len, passphrase_wanted, err);
    ERR_clear_error();
    return key;
}

/* ---- helpers for the chain */

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
    if (read_certs(pem, len, what, ANYCERT_E_ANCHORS, certs, err) != 0)
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

STACK_OF(X509) * anycert__intermediates_stack(const struct anycert__intermediates *list)
{
    return list != NULL ? list->certs : NULL;
}

/* ---- the client's own certificate */

/* Says that key and certificate are strangers; a chain in the wrong order is a common reason. */
static int fail_mismatch(const struct anycert__client_cert *cert, struct anycert_error *err)
{
    for (int i = 0; i < sk_X509_num(cert->chain); i++) {
        if (X509_check_private_key(sk_X509_value(cert->chain, i), cert->key) == 1)
            return anycert__fail(err, ANYCERT_E_CLIENT_CERT,
                                 "the client key belongs to certificate %d of the client "
                                 "certificates: put that one first",
                                 i + 2);
    }
    return anycert__fail(err, ANYCERT_E_CLIENT_CERT,
                         "the client key does not belong to the client certificate: give the two "
                         "that were made together");
}

static int load_certs(struct anycert__client_cert *out, const void *pem, size_t len,
                      struct anycert_error *err)
{
    out->chain = sk_X509_new_null();
    if (out->chain == NULL)
        return anycert__fail_nomem(err);
    if (read_certs(pem, len, "the client certificate", ANYCERT_E_CLIENT_CERT, out->chain, err) != 0)
        return -1;
    if (sk_X509_num(out->chain) == 0)
        return anycert__fail(err, ANYCERT_E_CLIENT_CERT,
                             "there is no client certificate: it needs PEM text with "
                             "'-----BEGIN CERTIFICATE-----'");
    out->cert = sk_X509_shift(out->chain);
    return 0;
}

int anycert__client_cert_load(const void *cert, size_t cert_len, const void *key, size_t key_len,
                              struct anycert__client_cert **out, struct anycert_error *err)
{
    struct anycert__client_cert *loaded = anycert__calloc(1, sizeof *loaded);
    int rv = -1;

    *out = NULL;
    if (loaded == NULL)
        return anycert__fail_nomem(err);
    if (load_certs(loaded, cert, cert_len, err) != 0)
        goto out;
    loaded->key = key != NULL ? read_key(key, key_len, err) : read_key(cert, cert_len, err);
    if (loaded->key == NULL)
        goto out;
    if (X509_check_private_key(loaded->cert, loaded->key) != 1) {
        fail_mismatch(loaded, err);
        goto out;
    }
    *out = loaded;
    loaded = NULL;
    rv = 0;
out:
    ERR_clear_error();
    anycert__client_cert_free(loaded);
    return rv;
}

void anycert__client_cert_free(struct anycert__client_cert *cert)
{
    if (cert == NULL)
        return;
    X509_free(cert->cert);
    sk_X509_pop_free(cert->chain, X509_free);
    EVP_PKEY_free(cert->key);
    anycert__free(cert);
}

/* Asked when a server wants a certificate and there is none to show: forgets whatever a context
 * inherited. */
static int show_nothing(SSL *ssl, void *arg)
{
    (void)arg;
    SSL_certs_clear(ssl);
    return 1;
}

/* Asked when ours is about to be sent. How strong it is is for the server to judge, but OpenSSL
 * would hold it against the level. By now the peer's side of the handshake has been checked at that
 * level, in every version. */
static int show_ours(SSL *ssl, void *arg)
{
    (void)arg;
    SSL_set_security_level(ssl, 0);
    return 1;
}

static int allow_all(const SSL *ssl, const SSL_CTX *ctx, int op, int bits, int nid, void *other,
                     void *ex)
{
    (void)ssl;
    (void)ctx;
    (void)op;
    (void)bits;
    (void)nid;
    (void)other;
    (void)ex;
    return 1;
}

int anycert__client_cert_apply(SSL_CTX *ctx, const struct anycert__client_cert *cert,
                               struct anycert_error *err)
{
    int (*security)(const SSL *, const SSL_CTX *, int, int, int, void *, void *) = NULL;
    int ok = 0;

    SSL_CTX_set_client_cert_cb(ctx, NULL);
    if (cert == NULL) {
        SSL_CTX_set_cert_cb(ctx, show_nothing, NULL);
        return 0;
    }
    SSL_CTX_set_cert_cb(ctx, show_ours, NULL);
    security = SSL_CTX_get_security_callback(ctx);
    SSL_CTX_set_security_callback(ctx, allow_all);
    ok = SSL_CTX_use_cert_and_key(ctx, cert->cert, cert->key, cert->chain, 1);
    SSL_CTX_set_security_callback(ctx, security);
    if (ok != 1)
        return anycert__fail_openssl(err, ANYCERT_E_CLIENT_CERT,
                                     "the client certificate cannot be used");
    return 0;
}
