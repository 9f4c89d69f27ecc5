/* The smallest provider that lets a TLS client sign with a key that is somewhere else: keys that
 * have a public half and can sign (RSA, EC, Ed25519, Ed448), and nothing more. It is built in and
 * lives in a library context of its own; libssl uses it as it takes the implementation of a key
 * from the key's own provider, whatever the context of the connection (provider-keymgmt(7),
 * provider-signature(7)). */
#include "tls/token_key.h"

#include "base/mem.h"
#include "base/str.h"

#include <openssl/core_dispatch.h>
#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/rsa.h>

#include <string.h>

#define FUNCTION(id, function) {(id), (void (*)(void))(function)}
#define END_OF_FUNCTIONS       {0, NULL}

/* ---- keys: borrowed from their owner, who outlives them */

struct key {
    struct anycert__token_key *token_key;
};

static void *key_new(void *context)
{
    (void)context;
    return anycert__calloc(1, sizeof(struct key));
}

static void key_free(void *data)
{
    anycert__free(data);
}

static int key_import(void *data, int selection, const OSSL_PARAM params[])
{
    struct key *key = data;
    struct anycert__token_handle handle;
    const OSSL_PARAM *address = OSSL_PARAM_locate_const(params, ANYCERT__TOKEN_PARAMETER);

    (void)selection;
    if (!address || address->data_type != OSSL_PARAM_OCTET_STRING ||
        address->data_size != sizeof handle)
        return 0; /* somebody else's key is not for us */
    memcpy(&handle, address->data, sizeof handle);
    key->token_key = handle.key;
    return 1;
}

static const OSSL_PARAM *key_import_types(int selection)
{
    static const OSSL_PARAM types[] = {OSSL_PARAM_octet_string(ANYCERT__TOKEN_PARAMETER, NULL, 0),
                                       OSSL_PARAM_END};

    (void)selection;
    return types;
}

static int key_has(const void *data, int selection)
{
    const struct key *key = data;

    (void)selection; /* the private half is there, if not here */
    return key && key->token_key;
}

static int key_match(const void *a, const void *b, int selection)
{
    const struct key *one = a;
    const struct key *other = b;

    (void)selection;
    return EVP_PKEY_eq(anycert__token_key_public(one->token_key),
                       anycert__token_key_public(other->token_key)) == 1;
}

static int key_get_params(void *data, OSSL_PARAM params[])
{
    const struct key *key = data;

    return EVP_PKEY_get_params(anycert__token_key_public(key->token_key), params);
}

static const OSSL_PARAM *key_gettable_params(void *context)
{
    static const OSSL_PARAM types[] = {
        OSSL_PARAM_int(OSSL_PKEY_PARAM_BITS, NULL),
        OSSL_PARAM_int(OSSL_PKEY_PARAM_SECURITY_BITS, NULL),
        OSSL_PARAM_int(OSSL_PKEY_PARAM_MAX_SIZE, NULL),
        OSSL_PARAM_utf8_string(OSSL_PKEY_PARAM_DEFAULT_DIGEST, NULL, 0),
        OSSL_PARAM_utf8_string(OSSL_PKEY_PARAM_MANDATORY_DIGEST, NULL, 0),
        OSSL_PARAM_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME, NULL, 0),
        OSSL_PARAM_utf8_string(OSSL_PKEY_PARAM_EC_POINT_CONVERSION_FORMAT, NULL, 0),
        OSSL_PARAM_END};

    (void)context;
    return types;
}

/* Whoever compares it with a certificate, or checks its strength, does so with the public half. */
static int key_export(void *data, int selection, OSSL_CALLBACK *callback, void *arg)
{
    const struct key *key = data;
    OSSL_PARAM *params = NULL;
    int result = 0;

    if (selection & OSSL_KEYMGMT_SELECT_PRIVATE_KEY)
        return 0; /* it stays on the token */
    if (EVP_PKEY_todata(anycert__token_key_public(key->token_key), selection, &params) == 1)
        result = callback(params, arg);
    OSSL_PARAM_free(params);
    return result;
}

static const OSSL_PARAM *key_export_types(int selection)
{
    static const OSSL_PARAM types[] = {OSSL_PARAM_BN(OSSL_PKEY_PARAM_RSA_N, NULL, 0),
                                       OSSL_PARAM_BN(OSSL_PKEY_PARAM_RSA_E, NULL, 0),
                                       OSSL_PARAM_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME, NULL, 0),
                                       OSSL_PARAM_octet_string(OSSL_PKEY_PARAM_PUB_KEY, NULL, 0),
                                       OSSL_PARAM_END};

    return selection & OSSL_KEYMGMT_SELECT_PRIVATE_KEY ? NULL : types;
}

static const char *ec_operation_name(int operation)
{
    return operation == OSSL_OP_SIGNATURE ? "ECDSA" : NULL;
}

#define KEY_FUNCTIONS                                                                              \
    FUNCTION(OSSL_FUNC_KEYMGMT_NEW, key_new), FUNCTION(OSSL_FUNC_KEYMGMT_FREE, key_free),          \
        FUNCTION(OSSL_FUNC_KEYMGMT_IMPORT, key_import),                                            \
        FUNCTION(OSSL_FUNC_KEYMGMT_IMPORT_TYPES, key_import_types),                                \
        FUNCTION(OSSL_FUNC_KEYMGMT_HAS, key_has), FUNCTION(OSSL_FUNC_KEYMGMT_MATCH, key_match),    \
        FUNCTION(OSSL_FUNC_KEYMGMT_GET_PARAMS, key_get_params),                                    \
        FUNCTION(OSSL_FUNC_KEYMGMT_GETTABLE_PARAMS, key_gettable_params),                          \
        FUNCTION(OSSL_FUNC_KEYMGMT_EXPORT, key_export),                                            \
        FUNCTION(OSSL_FUNC_KEYMGMT_EXPORT_TYPES, key_export_types)

static const OSSL_DISPATCH rsa_key[] = {KEY_FUNCTIONS, END_OF_FUNCTIONS};
static const OSSL_DISPATCH edwards_key[] = {KEY_FUNCTIONS, END_OF_FUNCTIONS};
static const OSSL_DISPATCH ec_key[] = {
    KEY_FUNCTIONS, FUNCTION(OSSL_FUNC_KEYMGMT_QUERY_OPERATION_NAME, ec_operation_name),
    END_OF_FUNCTIONS};

/* ---- signatures: the digest is made here, the rest on the token */

struct signing {
    const struct key *key;
    EVP_MD *digest;
    bool pss;
};

static void *signing_new(void *context, const char *properties)
{
    (void)context;
    (void)properties;
    return anycert__calloc(1, sizeof(struct signing));
}

static void signing_free(void *data)
{
    struct signing *signing = data;

    if (signing)
        EVP_MD_free(signing->digest);
    anycert__free(signing);
}

static bool set_padding(struct signing *signing, const OSSL_PARAM *param)
{
    int number = 0;

    if (param->data_type == OSSL_PARAM_UTF8_STRING) {
        signing->pss = strcmp(param->data, OSSL_PKEY_RSA_PAD_MODE_PSS) == 0;
        return signing->pss || strcmp(param->data, OSSL_PKEY_RSA_PAD_MODE_PKCSV15) == 0;
    }
    if (OSSL_PARAM_get_int(param, &number) != 1)
        return false;
    signing->pss = number == RSA_PKCS1_PSS_PADDING;
    return signing->pss || number == RSA_PKCS1_PADDING;
}

/* TLS salts with as many bytes as the digest has (RFC 8446 section 4.2.3). */
static bool is_length_of_digest(const OSSL_PARAM *param)
{
    int number = 0;

    if (param->data_type == OSSL_PARAM_UTF8_STRING)
        return strcmp(param->data, OSSL_PKEY_RSA_PSS_SALT_LEN_DIGEST) == 0;
    return OSSL_PARAM_get_int(param, &number) == 1 && number == RSA_PSS_SALTLEN_DIGEST;
}

static int signing_set_params(void *data, const OSSL_PARAM params[])
{
    struct signing *signing = data;
    const OSSL_PARAM *padding = OSSL_PARAM_locate_const(params, OSSL_SIGNATURE_PARAM_PAD_MODE);
    const OSSL_PARAM *salt = OSSL_PARAM_locate_const(params, OSSL_SIGNATURE_PARAM_PSS_SALTLEN);

    return (!padding || set_padding(signing, padding)) && (!salt || is_length_of_digest(salt));
}

static const OSSL_PARAM *rsa_settable_params(void *data, void *context)
{
    static const OSSL_PARAM types[] = {
        OSSL_PARAM_utf8_string(OSSL_SIGNATURE_PARAM_PAD_MODE, NULL, 0),
        OSSL_PARAM_utf8_string(OSSL_SIGNATURE_PARAM_PSS_SALTLEN, NULL, 0), OSSL_PARAM_END};

    (void)data;
    (void)context;
    return types;
}

static int signing_init(void *data, const char *digest, void *key, const OSSL_PARAM params[])
{
    struct signing *signing = data;

    signing->key = key;
    signing->pss = false;
    EVP_MD_free(signing->digest);
    signing->digest = digest ? EVP_MD_fetch(NULL, digest, NULL) : NULL;
    return key_has(key, 0) && signing->digest && (!params || signing_set_params(signing, params));
}

static int signing_sign(void *data, unsigned char *signature, size_t *len, size_t room,
                        const unsigned char *bytes, size_t bytes_len)
{
    struct signing *signing = data;
    struct anycert__token_key *token_key = signing->key->token_key;
    size_t most = (size_t)EVP_PKEY_get_size(anycert__token_key_public(token_key));
    struct anycert__token_hash hash = {.nid = EVP_MD_get_type(signing->digest),
                                       .pss = signing->pss};
    unsigned int hash_len = 0;

    if (!signature) {
        *len = most;
        return 1;
    }
    if (room < most || EVP_MD_get_size(signing->digest) > (int)sizeof hash.bytes ||
        EVP_Digest(bytes, bytes_len, hash.bytes, &hash_len, signing->digest, NULL) != 1)
        return 0;
    hash.len = hash_len;
    *len = room;
    return anycert__token_key_sign(token_key, &hash, signature, len) == 0;
}

/* Edwards curves: no digest comes first. */
static int edwards_init(void *data, const char *digest, void *key, const OSSL_PARAM params[])
{
    struct signing *signing = data;

    (void)params;
    signing->key = key;
    return key_has(key, 0) && (!digest || !*digest);
}

static int edwards_sign(void *data, unsigned char *signature, size_t *len, size_t room,
                        const unsigned char *bytes, size_t bytes_len)
{
    struct signing *signing = data;
    struct anycert__token_key *token_key = signing->key->token_key;
    size_t most = (size_t)EVP_PKEY_get_size(anycert__token_key_public(token_key));

    if (!signature) {
        *len = most;
        return 1;
    }
    *len = room;
    return room >= most &&
           anycert__token_key_sign_bytes(token_key, bytes, bytes_len, signature, len) == 0;
}

#define SIGNING_FUNCTIONS                                                                          \
    FUNCTION(OSSL_FUNC_SIGNATURE_NEWCTX, signing_new),                                             \
        FUNCTION(OSSL_FUNC_SIGNATURE_FREECTX, signing_free),                                       \
        FUNCTION(OSSL_FUNC_SIGNATURE_DIGEST_SIGN_INIT, signing_init),                              \
        FUNCTION(OSSL_FUNC_SIGNATURE_DIGEST_SIGN, signing_sign)

static const OSSL_DISPATCH rsa_signature[] = {
    SIGNING_FUNCTIONS, FUNCTION(OSSL_FUNC_SIGNATURE_SET_CTX_PARAMS, signing_set_params),
    FUNCTION(OSSL_FUNC_SIGNATURE_SETTABLE_CTX_PARAMS, rsa_settable_params), END_OF_FUNCTIONS};
static const OSSL_DISPATCH ec_signature[] = {SIGNING_FUNCTIONS, END_OF_FUNCTIONS};
static const OSSL_DISPATCH edwards_signature[] = {
    FUNCTION(OSSL_FUNC_SIGNATURE_NEWCTX, signing_new),
    FUNCTION(OSSL_FUNC_SIGNATURE_FREECTX, signing_free),
    FUNCTION(OSSL_FUNC_SIGNATURE_DIGEST_SIGN_INIT, edwards_init),
    FUNCTION(OSSL_FUNC_SIGNATURE_DIGEST_SIGN, edwards_sign), END_OF_FUNCTIONS};

/* ---- the provider */

#define PROPERTIES "provider=" ANYCERT__TOKEN_PROVIDER

static const OSSL_ALGORITHM keys[] = {
    {"RSA:rsaEncryption:1.2.840.113549.1.1.1", PROPERTIES, rsa_key, NULL},
    {"EC:id-ecPublicKey:1.2.840.10045.2.1", PROPERTIES, ec_key, NULL},
    {"ED25519:1.3.101.112", PROPERTIES, edwards_key, NULL},
    {"ED448:1.3.101.113", PROPERTIES, edwards_key, NULL},
    {NULL, NULL, NULL, NULL},
};
static const OSSL_ALGORITHM signatures[] = {
    {"RSA:rsaEncryption:1.2.840.113549.1.1.1", PROPERTIES, rsa_signature, NULL},
    {"ECDSA", PROPERTIES, ec_signature, NULL},
    {"ED25519:1.3.101.112", PROPERTIES, edwards_signature, NULL},
    {"ED448:1.3.101.113", PROPERTIES, edwards_signature, NULL},
    {NULL, NULL, NULL, NULL},
};

static const OSSL_ALGORITHM *query_operation(void *context, int operation, int *no_cache)
{
    (void)context;
    *no_cache = 0;
    switch (operation) {
    case OSSL_OP_KEYMGMT:
        return keys;
    case OSSL_OP_SIGNATURE:
        return signatures;
    default:
        return NULL;
    }
}

int anycert__token_provider_init(const OSSL_CORE_HANDLE *handle, const OSSL_DISPATCH *in,
                                 const OSSL_DISPATCH **out, void **context)
{
    static const OSSL_DISPATCH functions[] = {
        FUNCTION(OSSL_FUNC_PROVIDER_QUERY_OPERATION, query_operation), END_OF_FUNCTIONS};
    union {
        const OSSL_CORE_HANDLE *in;
        void *out;
    } u = {.in = handle};

    (void)in;
    *out = functions;
    *context = u.out; /* anything but NULL */
    return 1;
}
