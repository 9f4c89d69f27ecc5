/* The client's own certificate, whatever it came from: what it may be made of, and how a context is
 * given it. */
#include "tls/client_cert.h"
#include "tls/token.h"
#include "base/mem.h"

#include <openssl/err.h>

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

int anycert__client_cert_check(const struct anycert__client_cert *cert, struct anycert_error *err)
{
    int result = X509_check_private_key(cert->cert, cert->key) == 1 ? 0 : fail_mismatch(cert, err);

    ERR_clear_error();
    return result;
}

bool anycert__client_cert_failure(const struct anycert__client_cert *cert,
                                  struct anycert_error *err)
{
    if (!cert || !cert->token || !anycert__token_key_failure(cert->token, err))
        return false;
    (void)anycert__error_prefix(err, "client certificate");
    return true;
}

void anycert__client_cert_name(const struct anycert__client_cert *cert, struct anycert_error *err)
{
    struct anycert_error before = *err;
    char *subject = cert ? anycert__name_text(X509_get_subject_name(cert->cert)) : NULL;
    char *issuer = cert ? anycert__name_text(X509_get_issuer_name(cert->cert)) : NULL;

    if (subject && issuer) {
        anycert__error_clear(err);
        (void)anycert__fail(err, before.code, "%s; shown was '%.150s', issued by '%.150s'",
                            before.message, subject, issuer);
        err->tls_alert = before.tls_alert;
        err->alert_from_peer = before.alert_from_peer;
    }
    anycert__free(subject);
    anycert__free(issuer);
}

void anycert__client_cert_free(struct anycert__client_cert *cert)
{
    if (cert == NULL)
        return;
    X509_free(cert->cert);
    sk_X509_pop_free(cert->chain, X509_free);
    EVP_PKEY_free(cert->key);
    anycert__token_key_free(cert->token); /* after its EVP_PKEY */
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

/* Asked when ours is about to be sent: the peer's side of the handshake is over. How strong it is
 * is for the server to judge, but OpenSSL would hold it against the level. By now the peer's side
 * of the handshake has been checked at that level, in every version. */
static int show_ours(SSL *ssl, void *arg)
{
    int may = anycert__link_show_cert(ssl);

    (void)arg;
    if (may <= 0)
        return may < 0 ? 0 : show_nothing(ssl, arg);
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
