/* tls/token.h — a PKCS#11 token that signs with a key of its own: the module, the login, the
 * objects, and the key that OpenSSL sees. Inside of the tls layer. */
#ifndef ANYCERT_TLS_TOKEN_H
#define ANYCERT_TLS_TOKEN_H

#include "tls/ossl.h"
#include "tls/pkcs11.h"
#include "tls/token_uri.h"

/* ---- token.c: one login at one token */

struct anycert__token;
/* Loads the module, which stays loaded, finds the one token that uri means and logs in, with one
 * try. What uri holds is the token's from then on. pin is copied; NULL: the one that uri names, if
 * any. NULL with CLIENT_CERT (or USAGE for two PINs), saying which step failed. */
struct anycert__token *anycert__token_open(struct anycert__token_uri *uri, const char *pin,
                                           struct anycert_error *err);
void anycert__token_free(struct anycert__token *token);

struct anycert__token_query {
    ck_ulong class;                   /* CKO_PRIVATE_KEY or CKO_CERTIFICATE */
    const void *id, *label, *subject; /* NULL: any */
    size_t id_len, label_len, subject_len;
};
/* Objects of the token, at most max; how many there are is *count. 0, or -1 with CLIENT_CERT. */
int anycert__token_find(struct anycert__token *token, const struct anycert__token_query *query,
                        ck_object *out, size_t max, size_t *count, struct anycert_error *err);
/* An attribute's bytes, freed with anycert__free; len 0 and *out NULL if the object has none. 0, or
 * -1 with CLIENT_CERT or NOMEM. */
int anycert__token_attribute(struct anycert__token *token, ck_object object, ck_ulong type,
                             unsigned char **out, size_t *len, struct anycert_error *err);

/* What is to be signed, and how. */
struct anycert__token_task {
    ck_ulong mechanism;
    const struct ck_pss_params *pss; /* NULL for other mechanisms */
    const unsigned char *bytes;
    size_t len;
};
/* Signs with the one private key that query means. *len is the room in signature, then its length.
 * After a fork, or if the token was away, it logs in anew. Safe from many threads. 0, or -1 with
 * CLIENT_CERT. */
int anycert__token_sign(struct anycert__token *token, const struct anycert__token_query *query,
                        const struct anycert__token_task *task, unsigned char *signature,
                        size_t *len, struct anycert_error *err);

/* ---- token_key.c: a private key on a token as OpenSSL sees it, made by a provider of our own in a
 * library context of its own; the process's context knows nothing of it */

struct anycert__token_key;
/* The key that query means on the token, which has to be the one of cert; both are the token key's
 * from now on, what query points to is copied. Asks for one signature to prove it. NULL with
 * CLIENT_CERT. */
struct anycert__token_key *anycert__token_key_new(struct anycert__token *token,
                                                  const struct anycert__token_query *query,
                                                  X509 *cert, struct anycert_error *err);
/* After every EVP_PKEY of it is gone. NULL is a no-op. */
void anycert__token_key_free(struct anycert__token_key *key);
/* A reference to it for OpenSSL. */
EVP_PKEY *anycert__token_key_pkey(const struct anycert__token_key *key);
/* Why the token did not sign for this thread, if that was the last thing that it was asked for by
 * it; forgets it. False if it did. */
bool anycert__token_key_failure(struct anycert__token_key *key, struct anycert_error *err);

#endif
