/* tls/client_cert.h — the inside of a client certificate, for the files that make one of PEM,
 * PKCS#12 or a token. */
#ifndef ANYCERT_TLS_CLIENT_CERT_H
#define ANYCERT_TLS_CLIENT_CERT_H

#include "tls/ossl.h"

struct anycert__token_key;

struct anycert__client_cert {
    X509 *cert;
    STACK_OF(X509) * chain; /* without cert */
    EVP_PKEY *key;
    struct anycert__token_key *token; /* what the key stands for; NULL: the key is in memory */
};

/* Checks that the key in memory belongs to the certificate; says so if it belongs to one of the
 * chain. 0, or -1 with CLIENT_CERT. */
int anycert__client_cert_check(const struct anycert__client_cert *cert, struct anycert_error *err);

/* client_pem.c: takes certificate and chain from PEM text. 0, or -1 with CLIENT_CERT. */
int anycert__client_cert_read_certs(struct anycert__client_cert *out, const void *pem, size_t len,
                                    struct anycert_error *err);

/* Why the key did not sign for this thread just now, if it is on a token and did not; forgets it.
 */
bool anycert__client_cert_failure(const struct anycert__client_cert *cert,
                                  struct anycert_error *err);

/* ---- legacy.c: algorithms that OpenSSL has put aside (RC2-40, single DES), for one parse only */

/* A library context of its own with the providers `default` and `legacy`; the process's own context
 * never gets the latter. Only deciphering is done in it: keys and certificates are made in the
 * process's own, and so outlive it. */
struct anycert__legacy {
    OSSL_LIB_CTX *libctx;
    OSSL_PROVIDER *standard, *old;
};
/* 0; -1 with code if the provider cannot be loaded, with what for, as in "the client key". */
int anycert__legacy_open(struct anycert__legacy *legacy, const char *what, int code,
                         struct anycert_error *err);
void anycert__legacy_close(struct anycert__legacy *legacy);
/* Whether the thread's error queue has something about an algorithm that is not there; empties it.
 */
bool anycert__queue_says_unsupported(void);

#endif
