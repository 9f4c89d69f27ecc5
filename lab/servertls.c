/* The TLS side of a server. Everything that a configuration file could have set is set anew. */
#include "lab/internal.h"

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/dh.h>
#include <openssl/param_build.h>

#include <stdio.h>
#include <string.h>

#define DEFAULT_CIPHERS                                                                            \
    "ECDHE+AESGCM:ECDHE+CHACHA20:DHE+AESGCM:ECDHE+AES:DHE+AES:RSA+AESGCM:RSA+AES:!aNULL:!eNULL"
#define DEFAULT_SUITES "TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256:TLS_AES_128_GCM_SHA256"
#define DEFAULT_GROUPS "X25519:P-256:P-384:P-521"
#define DEFAULT_SIGALGS                                                                            \
    "ECDSA+SHA256:ECDSA+SHA384:ECDSA+SHA512:ed25519:RSA-PSS+SHA256:RSA-PSS+SHA384:RSA-PSS+SHA512:" \
    "RSA+SHA256:RSA+SHA384:RSA+SHA512:RSA+SHA1:ECDSA+SHA1"
#define DEFAULT_OPTIONS (SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION)
/* A resumed session would show no certificates, nor ask for any. */
#define LATE_OPTIONS (SSL_OP_NO_COMPRESSION | SSL_OP_NO_SESSION_RESUMPTION_ON_RENEGOTIATION)

/* A misbehaving server finds nothing too weak. */
static int allow_everything(const SSL *ssl, const SSL_CTX *ctx, int operation, int bits, int nid,
                            void *other, void *extra)
{
    (void)ssl, (void)ctx, (void)operation, (void)bits, (void)nid, (void)other, (void)extra;
    return 1;
}

/* Serves http/1.1 to whoever offers it, and clients without ALPN. */
static int select_alpn(SSL *ssl, const unsigned char **out, unsigned char *out_len,
                       const unsigned char *in, unsigned in_len, void *server_pointer)
{
    static const unsigned char http11[] = "\x08http/1.1";
    const struct lab_server *server = server_pointer;
    unsigned char *chosen = NULL;

    (void)ssl;
    if (server->recipe->shake & LAB__SHAKE_ALPN_MISMATCH) {
        return SSL_TLSEXT_ERR_ALERT_FATAL;
    }
    if (SSL_select_next_proto(&chosen, out_len, http11, sizeof(http11) - 1, in, in_len) !=
        OPENSSL_NPN_NEGOTIATED) {
        return SSL_TLSEXT_ERR_NOACK;
    }
    *out = chosen;
    return SSL_TLSEXT_ERR_OK;
}

static int check_server_name(SSL *ssl, int *alert, void *server_pointer)
{
    const struct lab_server *server = server_pointer;
    bool sent = SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name) != NULL;

    if ((sent && (server->recipe->shake & LAB__SHAKE_SNI_UNKNOWN)) ||
        (!sent && (server->recipe->shake & LAB__SHAKE_SNI_REQUIRED))) {
        *alert = SSL_AD_UNRECOGNIZED_NAME;
        return SSL_TLSEXT_ERR_ALERT_FATAL;
    }
    return SSL_TLSEXT_ERR_NOACK;
}

static int staple(SSL *ssl, void *server_pointer)
{
    const struct lab_server *server = server_pointer;
    unsigned char *copy = OPENSSL_memdup(server->staple, server->staple_len);

    if (copy == NULL || !SSL_set_tlsext_status_ocsp_resp(ssl, copy, (long)server->staple_len)) {
        OPENSSL_free(copy);
        return SSL_TLSEXT_ERR_ALERT_FATAL;
    }
    return SSL_TLSEXT_ERR_OK;
}

/* Knows every identity, with the same key. */
static unsigned find_psk(SSL *ssl, const char *identity, unsigned char *psk, unsigned max_len)
{
    (void)ssl, (void)identity;
    if (max_len < 16) {
        return 0;
    }
    memset(psk, 0x5a, 16);
    return 16;
}

/* A safe prime with the generator 2, made with `openssl dhparam 512`: no standard has one so small.
 */
#define DH_512_PRIME                                                                               \
    "A992AEAA1E7719FCBA32A90BDBF6F217930264F635DD8D53D258092292FA8BD6"                             \
    "1EC996062DDC9236863331446965BB9DB5E1E106D167412CBBBEBC303E46C56F"

static BIGNUM *dh_prime(int bits)
{
    BIGNUM *prime = NULL;

    switch (bits) {
    case 512:
        return BN_hex2bn(&prime, DH_512_PRIME) > 0 ? prime : NULL;
    case 768:
        return BN_get_rfc2409_prime_768(NULL);
    case 1024:
        return BN_get_rfc2409_prime_1024(NULL);
    case 1536:
        return BN_get_rfc3526_prime_1536(NULL);
    default:
        return NULL;
    }
}

static EVP_PKEY *dh_from_prime(struct lab *lab, int bits)
{
    BIGNUM *prime = dh_prime(bits);
    BIGNUM *generator = BN_new();
    OSSL_PARAM_BLD *builder = OSSL_PARAM_BLD_new();
    EVP_PKEY_CTX *context = EVP_PKEY_CTX_new_from_name(lab->libctx, "DH", NULL);
    OSSL_PARAM *parameters = NULL;
    EVP_PKEY *group = NULL;

    if (prime != NULL && generator != NULL && BN_set_word(generator, 2) && builder != NULL &&
        OSSL_PARAM_BLD_push_BN(builder, OSSL_PKEY_PARAM_FFC_P, prime) &&
        OSSL_PARAM_BLD_push_BN(builder, OSSL_PKEY_PARAM_FFC_G, generator) &&
        (parameters = OSSL_PARAM_BLD_to_param(builder)) != NULL && context != NULL &&
        EVP_PKEY_fromdata_init(context) > 0 &&
        EVP_PKEY_fromdata(context, &group, EVP_PKEY_KEY_PARAMETERS, parameters) <= 0) {
        group = NULL;
    }
    OSSL_PARAM_free(parameters);
    OSSL_PARAM_BLD_free(builder);
    EVP_PKEY_CTX_free(context);
    BN_free(generator);
    BN_free(prime);
    return group;
}

EVP_PKEY *lab__dh_group(struct lab *lab, const char *name)
{
    OSSL_PARAM parameters[2];
    char buffer[16];
    EVP_PKEY_CTX *context = EVP_PKEY_CTX_new_from_name(lab->libctx, "DH", NULL);
    EVP_PKEY *group = NULL;

    snprintf(buffer, sizeof(buffer), "%s", name);
    parameters[0] = OSSL_PARAM_construct_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME, buffer, 0);
    parameters[1] = OSSL_PARAM_construct_end();
    if (context == NULL || EVP_PKEY_fromdata_init(context) <= 0 ||
        EVP_PKEY_fromdata(context, &group, EVP_PKEY_KEY_PARAMETERS, parameters) <= 0) {
        group = NULL;
    }
    EVP_PKEY_CTX_free(context);
    return group;
}

EVP_PKEY *lab__dh_of_bits(struct lab *lab, int bits)
{
    return bits == 2048 ? lab__dh_group(lab, "ffdhe2048") : dh_from_prime(lab, bits);
}

static int set_dh(struct lab_server *server)
{
    int bits = server->recipe->dh_bits;
    EVP_PKEY *group = lab__dh_of_bits(server->lab, bits == 0 ? 2048 : bits);

    if (group == NULL || !SSL_CTX_set0_tmp_dh_pkey(server->ctx, group)) {
        EVP_PKEY_free(group);
        return 0;
    }
    return 1;
}

static const char *or_default(const char *value, const char *otherwise)
{
    return value != NULL ? value : otherwise;
}

static int set_protocol(struct lab_server *server)
{
    const struct lab__recipe *recipe = server->recipe;
    SSL_CTX *ctx = server->ctx;
    int min = recipe->min_version != 0 ? recipe->min_version : TLS1_2_VERSION;
    int max = recipe->max_version != 0 ? recipe->max_version : TLS1_3_VERSION;

    SSL_CTX_clear_options(ctx, SSL_CTX_get_options(ctx));
    SSL_CTX_set_options(ctx, recipe->shake & LAB__SHAKE_ASK_LATE ? LATE_OPTIONS : DEFAULT_OPTIONS);
    SSL_CTX_set_security_level(ctx, 0);
    SSL_CTX_set_security_callback(ctx, allow_everything);
    SSL_CTX_set_keylog_callback(ctx, NULL);
    SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_SERVER);
    return SSL_CTX_set_min_proto_version(ctx, min) && SSL_CTX_set_max_proto_version(ctx, max) &&
           SSL_CTX_set_num_tickets(ctx, 2) &&
           SSL_CTX_set_cipher_list(ctx, or_default(recipe->ciphers, DEFAULT_CIPHERS)) &&
           SSL_CTX_set_ciphersuites(ctx, or_default(recipe->suites, DEFAULT_SUITES)) &&
           SSL_CTX_set1_groups_list(ctx, or_default(recipe->groups, DEFAULT_GROUPS)) &&
           SSL_CTX_set1_sigalgs_list(ctx, or_default(recipe->sigalgs, DEFAULT_SIGALGS)) &&
           SSL_CTX_set_session_id_context(ctx, (const unsigned char *)"anycert lab", 11) &&
           set_dh(server);
}

static int set_key(struct lab_server *server)
{
    EVP_PKEY *key = NULL;
    int result = 0;

    if (!(server->recipe->shake & LAB__SHAKE_WRONG_KEY)) {
        return SSL_CTX_use_PrivateKey(server->ctx, server->key);
    }
    key = lab__key_with_public_of(server->lab, server->key);
    result = key != NULL && SSL_CTX_use_PrivateKey(server->ctx, key);
    EVP_PKEY_free(key);
    return result;
}

static int set_certificate(struct lab_server *server)
{
    if (server->leaf == NULL) {
        return 1;
    }
    if (!SSL_CTX_use_certificate(server->ctx, server->leaf) || !set_key(server)) {
        return 0;
    }
    SSL_CTX_set_mode(server->ctx, SSL_MODE_NO_AUTO_CHAIN);
    for (int i = 1; i < sk_X509_num(server->chain); i++) {
        if (!SSL_CTX_add1_chain_cert(server->ctx, sk_X509_value(server->chain, i))) {
            return 0;
        }
    }
    return 1;
}

static int set_client_certificate(struct lab_server *server)
{
    const struct lab__ca *root = lab__authority_get(server->lab, LAB__CA_ROOT);

    SSL_CTX_set_verify(server->ctx, SSL_VERIFY_NONE, NULL);
    if (!(server->recipe->shake & (LAB__SHAKE_CLIENT_CERT | LAB__SHAKE_ASK_LATE))) {
        return 1;
    }
    if (server->recipe->shake & LAB__SHAKE_CLIENT_CERT) {
        SSL_CTX_set_verify(server->ctx, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, NULL);
    }
    return root != NULL && X509_STORE_add_cert(SSL_CTX_get_cert_store(server->ctx), root->cert) &&
           SSL_CTX_add_client_CA(server->ctx, root->cert);
}

int lab__context_make(struct lab_server *server, struct anycert_error *err)
{
    server->ctx = SSL_CTX_new_ex(server->lab->libctx, NULL, TLS_server_method());
    if (server->ctx == NULL || !set_protocol(server) || !set_certificate(server) ||
        !set_client_certificate(server)) {
        return lab__fail_openssl(err, "cannot set up the server's TLS context");
    }
    SSL_CTX_set_alpn_select_cb(server->ctx, select_alpn, server);
    SSL_CTX_set_tlsext_servername_callback(server->ctx, check_server_name);
    SSL_CTX_set_tlsext_servername_arg(server->ctx, server);
    if (server->staple != NULL) {
        SSL_CTX_set_tlsext_status_cb(server->ctx, staple);
        SSL_CTX_set_tlsext_status_arg(server->ctx, server);
    }
    if (server->recipe->shake & LAB__SHAKE_PSK) {
        SSL_CTX_set_psk_server_callback(server->ctx, find_psk);
    }
    return 0;
}
