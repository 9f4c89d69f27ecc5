#include "tls/tls.h"

#include "base/mem.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <limits.h>
#include <string.h>

struct anycert__hash {
    EVP_MD_CTX *ctx;
};

int anycert__sha256(const void *bytes, size_t len, uint8_t out[32])
{
    memset(out, 0, 32);
    return EVP_Q_digest(NULL, "SHA256", NULL, bytes, len, out, NULL) == 1 ? 0 : -1;
}

int anycert__hmac_sha256(const void *key, size_t key_len, const void *bytes, size_t len,
                         uint8_t out[32])
{
    unsigned size = 0;

    memset(out, 0, 32);
    if (key_len > INT_MAX || !HMAC(EVP_sha256(), key, (int)key_len, bytes, len, out, &size))
        return -1;
    return size == 32 ? 0 : -1;
}

struct anycert__hash *anycert__hash_new(void)
{
    struct anycert__hash *hash = anycert__calloc(1, sizeof *hash);

    if (!hash)
        return NULL;
    hash->ctx = EVP_MD_CTX_new();
    if (!hash->ctx || EVP_DigestInit_ex2(hash->ctx, EVP_sha256(), NULL) != 1) {
        EVP_MD_CTX_free(hash->ctx);
        anycert__free(hash);
        return NULL;
    }
    return hash;
}

int anycert__hash_add(struct anycert__hash *hash, const void *bytes, size_t len)
{
    return EVP_DigestUpdate(hash->ctx, bytes, len) == 1 ? 0 : -1;
}

int anycert__hash_end(struct anycert__hash *hash, uint8_t out[32])
{
    unsigned size = 0;
    int result = -1;

    memset(out, 0, 32);
    if (!hash)
        return -1;
    if (EVP_DigestFinal_ex(hash->ctx, out, &size) == 1 && size == 32)
        result = 0;
    EVP_MD_CTX_free(hash->ctx);
    anycert__free(hash);
    return result;
}
