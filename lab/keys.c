/* Keys. RSA keys take long enough to make that they are shared within a lab and made in parallel;
 * all others are fresh for each certificate, so that each has a pin of its own. */
#include "lab/internal.h"

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/param_build.h>
#include <openssl/rsa.h>

#include <string.h>

struct job {
    struct lab *lab;
    enum lab__key kind;
    pthread_t thread;
    bool runs;
};

static unsigned rsa_bits(enum lab__key kind)
{
    switch (kind) {
    case LAB__KEY_RSA:
    case LAB__KEY_RSA_CA:
        return 2048;
    case LAB__KEY_RSA_1024:
        return 1024;
    case LAB__KEY_RSA_512:
        return 512;
    case LAB__KEY_EC:
    case LAB__KEY_EC_EXPLICIT:
    case LAB__KEY_SECP256K1:
    case LAB__KEY_P192:
    case LAB__KEY_BRAINPOOL:
    case LAB__KEY_ED25519:
    case LAB__KEY_DSA:
    case LAB__KEY_DSA_1024:
    case LAB__KEY_NONE:
        break;
    }
    return 0;
}

static EVP_PKEY *make_ec(struct lab *lab, const char *curve, const char *encoding)
{
    EVP_PKEY_CTX *context = EVP_PKEY_CTX_new_from_name(lab->libctx, "EC", NULL);
    EVP_PKEY *key = NULL;

    if (context == NULL || EVP_PKEY_keygen_init(context) <= 0 ||
        EVP_PKEY_CTX_set_group_name(context, curve) <= 0 || EVP_PKEY_generate(context, &key) <= 0) {
        EVP_PKEY_CTX_free(context);
        return NULL;
    }
    EVP_PKEY_CTX_free(context);
    if (!EVP_PKEY_set_utf8_string_param(key, OSSL_PKEY_PARAM_EC_ENCODING, encoding)) {
        EVP_PKEY_free(key);
        return NULL;
    }
    return key;
}

/* The numbers of a group of RFC 5114 section 2, which are good for DSA, too: to find some takes
 * seconds. */
static OSSL_PARAM *numbers_of(struct lab *lab, const char *group)
{
    static const char *const names[] = {OSSL_PKEY_PARAM_FFC_P, OSSL_PKEY_PARAM_FFC_Q,
                                        OSSL_PKEY_PARAM_FFC_G};
    EVP_PKEY *dh = lab__dh_group(lab, group);
    OSSL_PARAM_BLD *builder = OSSL_PARAM_BLD_new();
    OSSL_PARAM *numbers = NULL;
    BIGNUM *values[3] = {NULL};
    bool ok = dh != NULL && builder != NULL;

    for (size_t i = 0; ok && i < 3; i++) {
        ok = EVP_PKEY_get_bn_param(dh, names[i], &values[i]) &&
             OSSL_PARAM_BLD_push_BN(builder, names[i], values[i]);
    }
    if (ok) {
        numbers = OSSL_PARAM_BLD_to_param(builder);
    }
    for (size_t i = 0; i < 3; i++) {
        BN_free(values[i]);
    }
    OSSL_PARAM_BLD_free(builder);
    EVP_PKEY_free(dh);
    return numbers;
}

static EVP_PKEY *make_dsa(struct lab *lab, const char *group)
{
    OSSL_PARAM *numbers = numbers_of(lab, group);
    EVP_PKEY_CTX *from_numbers = EVP_PKEY_CTX_new_from_name(lab->libctx, "DSA", NULL);
    EVP_PKEY_CTX *context = NULL;
    EVP_PKEY *template = NULL;
    EVP_PKEY *key = NULL;

    if (numbers != NULL && from_numbers != NULL && EVP_PKEY_fromdata_init(from_numbers) > 0 &&
        EVP_PKEY_fromdata(from_numbers, &template, EVP_PKEY_KEY_PARAMETERS, numbers) > 0 &&
        (context = EVP_PKEY_CTX_new_from_pkey(lab->libctx, template, NULL)) != NULL &&
        EVP_PKEY_keygen_init(context) > 0 && EVP_PKEY_generate(context, &key) <= 0) {
        key = NULL;
    }
    EVP_PKEY_CTX_free(context);
    EVP_PKEY_CTX_free(from_numbers);
    EVP_PKEY_free(template);
    OSSL_PARAM_free(numbers);
    return key;
}

static EVP_PKEY *make(struct lab *lab, enum lab__key kind)
{
    switch (kind) {
    case LAB__KEY_EC:
        return make_ec(lab, "P-256", OSSL_PKEY_EC_ENCODING_GROUP);
    case LAB__KEY_EC_EXPLICIT:
        return make_ec(lab, "P-256", OSSL_PKEY_EC_ENCODING_EXPLICIT);
    case LAB__KEY_SECP256K1:
        return make_ec(lab, "secp256k1", OSSL_PKEY_EC_ENCODING_GROUP);
    case LAB__KEY_P192:
        return make_ec(lab, "P-192", OSSL_PKEY_EC_ENCODING_GROUP);
    case LAB__KEY_BRAINPOOL:
        return make_ec(lab, "brainpoolP256r1", OSSL_PKEY_EC_ENCODING_GROUP);
    case LAB__KEY_ED25519:
        return EVP_PKEY_Q_keygen(lab->libctx, NULL, "ED25519");
    case LAB__KEY_DSA:
        return make_dsa(lab, "dh_2048_256");
    case LAB__KEY_DSA_1024:
        return make_dsa(lab, "dh_1024_160");
    case LAB__KEY_RSA:
    case LAB__KEY_RSA_CA:
    case LAB__KEY_RSA_1024:
    case LAB__KEY_RSA_512:
        return EVP_PKEY_Q_keygen(lab->libctx, NULL, "RSA", (size_t)rsa_bits(kind));
    case LAB__KEY_NONE:
        break;
    }
    return NULL;
}

static void *run_job(void *argument)
{
    struct job *job = argument;

    job->lab->shared_keys[job->kind] = make(job->lab, job->kind);
    return NULL;
}

static void mark_needed(const struct lab *lab, bool needed[LAB__KEY_COUNT])
{
    for (size_t i = 0; i < lab->server_count; i++) {
        const struct lab__recipe *recipe = lab->servers[i].recipe;
        bool certificate = recipe->behaviour == LAB__TLS || recipe->behaviour == LAB__CHILD;

        if (!certificate || recipe->key == LAB__KEY_NONE) {
            continue;
        }
        needed[recipe->key] = true;
        if (recipe->issuer == LAB__CA_RSA) {
            needed[LAB__KEY_RSA_CA] = true;
        }
    }
}

int lab__keys_prepare(struct lab *lab, struct anycert_error *err)
{
    bool needed[LAB__KEY_COUNT] = {false};
    struct job jobs[LAB__KEY_COUNT] = {{0}};
    int result = 0;

    mark_needed(lab, needed);
    for (int kind = 0; kind < LAB__KEY_COUNT; kind++) {
        if (!needed[kind] || rsa_bits((enum lab__key)kind) == 0) {
            continue;
        }
        jobs[kind].lab = lab;
        jobs[kind].kind = (enum lab__key)kind;
        jobs[kind].runs = pthread_create(&jobs[kind].thread, NULL, run_job, &jobs[kind]) == 0;
        if (!jobs[kind].runs) {
            run_job(&jobs[kind]);
        }
    }
    for (int kind = 0; kind < LAB__KEY_COUNT; kind++) {
        if (jobs[kind].runs) {
            pthread_join(jobs[kind].thread, NULL);
        }
        if (jobs[kind].lab != NULL && lab->shared_keys[kind] == NULL) {
            result = -1;
        }
    }
    return result == 0 ? 0 : lab__fail_openssl(err, "cannot make an RSA key");
}

EVP_PKEY *lab__key_get(struct lab *lab, enum lab__key kind)
{
    if (rsa_bits(kind) == 0) {
        return make(lab, kind);
    }
    if (lab->shared_keys[kind] == NULL) {
        lab->shared_keys[kind] = make(lab, kind);
    }
    if (lab->shared_keys[kind] != NULL) {
        EVP_PKEY_up_ref(lab->shared_keys[kind]);
    }
    return lab->shared_keys[kind];
}

EVP_PKEY *lab__key_with_public_of(struct lab *lab, EVP_PKEY *shown)
{
    EVP_PKEY *own = lab__key_get(lab, LAB__KEY_EC);
    EVP_PKEY_CTX *context = EVP_PKEY_CTX_new_from_name(lab->libctx, "EC", NULL);
    OSSL_PARAM_BLD *builder = OSSL_PARAM_BLD_new();
    OSSL_PARAM *parameters = NULL;
    BIGNUM *secret = NULL;
    unsigned char point[256];
    size_t point_len = 0;
    EVP_PKEY *key = NULL;

    if (own != NULL && context != NULL && builder != NULL &&
        EVP_PKEY_get_bn_param(own, OSSL_PKEY_PARAM_PRIV_KEY, &secret) &&
        EVP_PKEY_get_octet_string_param(shown, OSSL_PKEY_PARAM_PUB_KEY, point, sizeof(point),
                                        &point_len) &&
        OSSL_PARAM_BLD_push_utf8_string(builder, OSSL_PKEY_PARAM_GROUP_NAME, "P-256", 0) &&
        OSSL_PARAM_BLD_push_octet_string(builder, OSSL_PKEY_PARAM_PUB_KEY, point, point_len) &&
        OSSL_PARAM_BLD_push_BN(builder, OSSL_PKEY_PARAM_PRIV_KEY, secret) &&
        (parameters = OSSL_PARAM_BLD_to_param(builder)) != NULL &&
        EVP_PKEY_fromdata_init(context) > 0 &&
        EVP_PKEY_fromdata(context, &key, EVP_PKEY_KEYPAIR, parameters) <= 0) {
        key = NULL;
    }
    OSSL_PARAM_free(parameters);
    OSSL_PARAM_BLD_free(builder);
    EVP_PKEY_CTX_free(context);
    BN_free(secret);
    EVP_PKEY_free(own);
    return key;
}
