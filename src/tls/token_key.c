#include "tls/token_key.h"

#include "base/mem.h"

#include <openssl/core_names.h>
#include <openssl/ecdsa.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/params.h>
#include <openssl/provider.h>

#include <pthread.h>
#include <string.h>

struct anycert__token_key {
    struct anycert__token *token;
    struct anycert__token_query query; /* what it points to is id and label */
    unsigned char *id, *label;
    X509 *cert;
    EVP_PKEY *public; /* borrowed from cert */
    OSSL_LIB_CTX *libctx;
    OSSL_PROVIDER *provider;
    EVP_PKEY *pkey;
    pthread_mutex_t mutex; /* over all below */
    bool failed;
    pthread_t failed_for;
    struct anycert_error failure;
};

const char *anycert__token_key_type(const EVP_PKEY *public)
{
    static const char *const types[] = {"RSA", "EC", "ED25519", "ED448"};

    for (size_t i = 0; public && i < sizeof types / sizeof types[0]; i++) {
        if (EVP_PKEY_is_a(public, types[i]))
            return types[i];
    }
    return NULL;
}

bool anycert__token_key_is_edwards(const struct anycert__token_key *key)
{
    return EVP_PKEY_is_a(key->public, "ED25519") || EVP_PKEY_is_a(key->public, "ED448");
}

EVP_PKEY *anycert__token_key_public(const struct anycert__token_key *key)
{
    return key->public;
}

EVP_PKEY *anycert__token_key_pkey(const struct anycert__token_key *key)
{
    return EVP_PKEY_up_ref(key->pkey) == 1 ? key->pkey : NULL;
}

/* ---- what TLS signs in the words of PKCS#11 (its section 2.1 for RSA, 2.3 for EC, 2.3.14 for
 * Edwards curves) */

static const struct digest {
    int nid;
    ck_ulong hash, mgf;
} digests[] = {
    {NID_sha256, CKM_SHA256, CKG_MGF1_SHA256}, {NID_sha384, CKM_SHA384, CKG_MGF1_SHA384},
    {NID_sha512, CKM_SHA512, CKG_MGF1_SHA512}, {NID_sha224, CKM_SHA224, CKG_MGF1_SHA224},
    {NID_sha1, CKM_SHA_1, CKG_MGF1_SHA1},
};

static int sign_pss(struct anycert__token_key *key, const struct anycert__token_hash *hash,
                    unsigned char *signature, size_t *len, struct anycert_error *err)
{
    for (size_t i = 0; i < sizeof digests / sizeof digests[0]; i++) {
        struct ck_pss_params pss = {digests[i].hash, digests[i].mgf, (ck_ulong)hash->len};

        if (digests[i].nid == hash->nid)
            return anycert__token_sign(key->token, &key->query,
                                       &(struct anycert__token_task){.mechanism = CKM_RSA_PKCS_PSS,
                                                                     .pss = &pss,
                                                                     .bytes = hash->bytes,
                                                                     .len = hash->len},
                                       signature, len, err);
    }
    return anycert__fail(err, ANYCERT_E_CLIENT_CERT, "tokens do not sign with %s",
                         OBJ_nid2sn(hash->nid));
}

/* The hash with its name in front (DigestInfo, RFC 8017 section 9.2). */
static int wrap_hash(const struct anycert__token_hash *hash, unsigned char **out)
{
    X509_SIG *info = X509_SIG_new();
    X509_ALGOR *algorithm = NULL;
    ASN1_OCTET_STRING *value = NULL;
    int len = -1;

    if (info)
        X509_SIG_getm(info, &algorithm, &value);
    if (info && X509_ALGOR_set0(algorithm, OBJ_nid2obj(hash->nid), V_ASN1_NULL, NULL) == 1 &&
        ASN1_OCTET_STRING_set(value, hash->bytes, (int)hash->len) == 1)
        len = i2d_X509_SIG(info, out);
    X509_SIG_free(info);
    return len;
}

static int sign_rsa(struct anycert__token_key *key, const struct anycert__token_hash *hash,
                    unsigned char *signature, size_t *len, struct anycert_error *err)
{
    unsigned char *info = NULL;
    int info_len = 0;
    int result = -1;

    if (hash->pss)
        return sign_pss(key, hash, signature, len, err);
    info_len = wrap_hash(hash, &info);
    if (info_len <= 0)
        anycert__fail_nomem(err);
    else
        result = anycert__token_sign(key->token, &key->query,
                                     &(struct anycert__token_task){.mechanism = CKM_RSA_PKCS,
                                                                   .bytes = info,
                                                                   .len = (size_t)info_len},
                                     signature, len, err);
    OPENSSL_free(info);
    return result;
}

/* Tokens give both numbers with a fixed length, TLS has them in DER (RFC 8446 section 4.2.3). */
static int sign_ec(struct anycert__token_key *key, const struct anycert__token_hash *hash,
                   unsigned char *signature, size_t *len, struct anycert_error *err)
{
    unsigned char raw[2 * 66]; /* of P-521 */
    size_t raw_len = sizeof raw;
    ECDSA_SIG *pair = NULL;
    BIGNUM *r = NULL;
    BIGNUM *s = NULL;
    int der_len = 0;

    if (anycert__token_sign(key->token, &key->query,
                            &(struct anycert__token_task){
                                .mechanism = CKM_ECDSA, .bytes = hash->bytes, .len = hash->len},
                            raw, &raw_len, err) < 0)
        return -1;
    pair = ECDSA_SIG_new();
    r = BN_bin2bn(raw, (int)(raw_len / 2), NULL);
    s = BN_bin2bn(raw + raw_len / 2, (int)(raw_len / 2), NULL);
    if (!pair || !r || !s || ECDSA_SIG_set0(pair, r, s) != 1) {
        BN_free(r);
        BN_free(s);
        ECDSA_SIG_free(pair);
        return anycert__fail_nomem(err);
    }
    der_len = i2d_ECDSA_SIG(pair, NULL);
    if (der_len <= 0 || (size_t)der_len > *len) {
        ECDSA_SIG_free(pair);
        return anycert__fail(err, ANYCERT_E_CLIENT_CERT, "the token's signature is too long");
    }
    *len = (size_t)i2d_ECDSA_SIG(pair, &signature);
    ECDSA_SIG_free(pair);
    return 0;
}

static int keep_failure(struct anycert__token_key *key, int result, const struct anycert_error *err)
{
    pthread_mutex_lock(&key->mutex);
    key->failed = result < 0;
    key->failed_for = pthread_self();
    if (key->failed)
        key->failure = *err;
    pthread_mutex_unlock(&key->mutex);
    return result;
}

int anycert__token_key_sign(struct anycert__token_key *key, const struct anycert__token_hash *hash,
                            unsigned char *signature, size_t *len)
{
    struct anycert_error err = {0};
    int result = EVP_PKEY_is_a(key->public, "RSA") ? sign_rsa(key, hash, signature, len, &err)
                                                   : sign_ec(key, hash, signature, len, &err);

    return keep_failure(key, result, &err);
}

int anycert__token_key_sign_bytes(struct anycert__token_key *key, const unsigned char *bytes,
                                  size_t bytes_len, unsigned char *signature, size_t *len)
{
    struct anycert_error err = {0};
    int result = anycert__token_sign(
        key->token, &key->query,
        &(struct anycert__token_task){.mechanism = CKM_EDDSA, .bytes = bytes, .len = bytes_len},
        signature, len, &err);

    return keep_failure(key, result, &err);
}

bool anycert__token_key_failure(struct anycert__token_key *key, struct anycert_error *err)
{
    bool failed = false;

    pthread_mutex_lock(&key->mutex);
    failed = key->failed && pthread_equal(key->failed_for, pthread_self());
    if (failed) {
        key->failed = false;
        if (err)
            *err = key->failure;
    }
    pthread_mutex_unlock(&key->mutex);
    return failed;
}

/* ---- birth and death */

static int copy_query(struct anycert__token_key *key, const struct anycert__token_query *query,
                      struct anycert_error *err)
{
    key->query = (struct anycert__token_query){
        .class = query->class, .id_len = query->id_len, .label_len = query->label_len};
    if (query->id)
        key->query.id = key->id = anycert__memdup(query->id, query->id_len);
    if (query->label)
        key->query.label = key->label = anycert__memdup(query->label, query->label_len);
    return (query->id && !key->id) || (query->label && !key->label) ? anycert__fail_nomem(err) : 0;
}

/* The library context with the provider in it, and the EVP_PKEY of it. */
static int make_pkey(struct anycert__token_key *key, struct anycert_error *err)
{
    struct anycert__token_handle handle = {key};
    OSSL_PARAM params[] = {
        OSSL_PARAM_octet_string(ANYCERT__TOKEN_PARAMETER, &handle, sizeof handle), OSSL_PARAM_END};
    const char *type = anycert__token_key_type(key->public);
    EVP_PKEY_CTX *ctx = NULL;
    bool made = false;

    key->libctx = OSSL_LIB_CTX_new();
    if (key->libctx && OSSL_PROVIDER_add_builtin(key->libctx, ANYCERT__TOKEN_PROVIDER,
                                                 anycert__token_provider_init) == 1)
        key->provider = OSSL_PROVIDER_load(key->libctx, ANYCERT__TOKEN_PROVIDER);
    if (key->provider)
        ctx = EVP_PKEY_CTX_new_from_name(key->libctx, type, NULL);
    made = ctx && EVP_PKEY_fromdata_init(ctx) == 1 &&
           EVP_PKEY_fromdata(ctx, &key->pkey, EVP_PKEY_KEYPAIR, params) == 1;
    EVP_PKEY_CTX_free(ctx);
    return made ? 0
                : anycert__fail_openssl(err, ANYCERT_E_INTERNAL,
                                        "OpenSSL does not take the token's key");
}

/* A signature of the token that the certificate's public key verifies. */
static int prove(struct anycert__token_key *key, struct anycert_error *err)
{
    static const unsigned char text[] = "the key on the token is the one of the certificate";
    const char *digest = anycert__token_key_is_edwards(key) ? NULL : "SHA256";
    EVP_MD_CTX *signing = EVP_MD_CTX_new();
    EVP_MD_CTX *verifying = EVP_MD_CTX_new();
    unsigned char signature[1024];
    size_t len = sizeof signature;
    int result = -1;

    if (!signing || !verifying) {
        anycert__fail_nomem(err);
        goto out;
    }
    if (EVP_DigestSignInit_ex(signing, NULL, digest, NULL, NULL, key->pkey, NULL) != 1 ||
        EVP_DigestSign(signing, signature, &len, text, sizeof text) != 1) {
        if (!anycert__token_key_failure(key, err))
            anycert__fail_openssl(err, ANYCERT_E_CLIENT_CERT, "the token does not sign");
        goto out;
    }
    if (EVP_DigestVerifyInit_ex(verifying, NULL, digest, NULL, NULL, key->public, NULL) != 1 ||
        EVP_DigestVerify(verifying, signature, len, text, sizeof text) != 1) {
        anycert__fail(err, ANYCERT_E_CLIENT_CERT,
                      "the key on the token does not belong to the certificate");
        goto out;
    }
    result = 0;
out:
    EVP_MD_CTX_free(signing);
    EVP_MD_CTX_free(verifying);
    ERR_clear_error();
    return result;
}

struct anycert__token_key *anycert__token_key_new(struct anycert__token *token,
                                                  const struct anycert__token_query *query,
                                                  X509 *cert, struct anycert_error *err)
{
    struct anycert__token_key *key = anycert__calloc(1, sizeof *key);

    if (!key || pthread_mutex_init(&key->mutex, NULL) != 0) {
        anycert__free(key);
        anycert__token_free(token);
        X509_free(cert);
        anycert__fail_nomem(err);
        return NULL;
    }
    key->token = token;
    key->cert = cert;
    key->public = X509_get0_pubkey(cert);
    if (!anycert__token_key_type(key->public))
        anycert__fail(
            err, ANYCERT_E_CLIENT_CERT,
            "the certificate for the token has a key of a kind that tokens do not sign with");
    else if (copy_query(key, query, err) == 0 && make_pkey(key, err) == 0 && prove(key, err) == 0)
        return key;
    anycert__token_key_free(key);
    return NULL;
}

void anycert__token_key_free(struct anycert__token_key *key)
{
    if (!key)
        return;
    EVP_PKEY_free(key->pkey);
    if (key->provider)
        OSSL_PROVIDER_unload(key->provider);
    OSSL_LIB_CTX_free(key->libctx);
    X509_free(key->cert);
    anycert__token_free(key->token);
    anycert__free(key->id);
    anycert__free(key->label);
    pthread_mutex_destroy(&key->mutex);
    anycert__free(key);
}
