/* tls/token_key.h — what a token's key shares with the provider that stands for it in OpenSSL. */
#ifndef ANYCERT_TLS_TOKEN_KEY_H
#define ANYCERT_TLS_TOKEN_KEY_H

#include <openssl/core.h>
#include <openssl/evp.h>

#include "tls/token.h"

/* The name of the provider in its library context, and of the parameter that carries a handle into
 * an EVP_PKEY. */
#define ANYCERT__TOKEN_PROVIDER  "anycert-token"
#define ANYCERT__TOKEN_PARAMETER "anycert-token-key"
struct anycert__token_handle {
    struct anycert__token_key *key;
};

/* How a hash is to be signed. */
struct anycert__token_hash {
    int nid;  /* of the digest */
    bool pss; /* RSA only; else PKCS#1 v1.5 */
    unsigned char bytes[64];
    size_t len;
};

/* token_key.c: the name of its kind, as OpenSSL has it; NULL for one that tokens do not sign with.
 */
const char *anycert__token_key_type(const EVP_PKEY *public);
/* True for Ed25519 and Ed448 (RFC 8032), which sign what they are given and no hash of it. */
bool anycert__token_key_is_edwards(const struct anycert__token_key *key);
/* token_key.c: the public half, borrowed; a signature in the form that TLS has it, *len as for
 * anycert__token_sign. A failure is kept for anycert__token_key_failure. */
EVP_PKEY *anycert__token_key_public(const struct anycert__token_key *key);
int anycert__token_key_sign(struct anycert__token_key *key, const struct anycert__token_hash *hash,
                            unsigned char *signature, size_t *len);
int anycert__token_key_sign_bytes(struct anycert__token_key *key, const unsigned char *bytes,
                                  size_t bytes_len, unsigned char *signature, size_t *len);

/* token_provider.c */
OSSL_provider_init_fn anycert__token_provider_init;

#endif
