/* tls/token_key.h — what a token's key shares with the provider that stands for it in OpenSSL. */
#ifndef ANYCERT_TLS_TOKEN_KEY_H
#define ANYCERT_TLS_TOKEN_KEY_H

#include <openssl/core.h>

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

/* token_key.c: the public half, borrowed; a signature in the form that TLS has it, *len as for
 * anycert__token_sign. A failure is kept for anycert__token_key_failure. */
EVP_PKEY *anycert__token_key_public(const struct anycert__token_key *key);
int anycert__token_key_sign(struct anycert__token_key *key, const struct anycert__token_hash *hash,
                            unsigned char *signature, size_t *len);

/* token_provider.c */
OSSL_provider_init_fn anycert__token_provider_init;

#endif
