/* Keys. RSA keys take long enough to make that they are shared within a lab and made in parallel;
 * all others are fresh for each certificate, so that each has a pin of its own. */
#include "lab/internal.h"

#include <openssl/core_names.h>
#include <openssl/ec.h>
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
