#include "tls/ossl.h"

#include <openssl/crypto.h>

/* What hardened offers at TLS 1.2: ephemeral key exchange only, AEAD first, then AES-CBC with a
 * SHA-2 MAC, and the server's certificate being ECDSA or RSA. CCM_8 is left out for its 64-bit tag,
 * Camellia and ARIA because hardly anybody has looked at their implementations. Named one by one,
 * so that no alias can grow under us. */
static const char hardened_ciphers[] =
    "ECDHE-ECDSA-AES256-GCM-SHA384:ECDHE-RSA-AES256-GCM-SHA384:"
    "ECDHE-ECDSA-CHACHA20-POLY1305:ECDHE-RSA-CHACHA20-POLY1305:"
    "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256:"
    "ECDHE-ECDSA-AES256-CCM:ECDHE-ECDSA-AES128-CCM:"
    "DHE-RSA-AES256-GCM-SHA384:DHE-RSA-CHACHA20-POLY1305:DHE-RSA-AES128-GCM-SHA256:"
    "DHE-RSA-AES256-CCM:DHE-RSA-AES128-CCM:"
    "ECDHE-ECDSA-AES256-SHA384:ECDHE-RSA-AES256-SHA384:"
    "ECDHE-ECDSA-AES128-SHA256:ECDHE-RSA-AES128-SHA256:"
    "DHE-RSA-AES256-SHA256:DHE-RSA-AES128-SHA256";

/* The documented list of the "trust any certificate" switch, to the letter. */
static const char trust_any_ciphers[] =
    "ECDHE+AESGCM:ECDHE+CHACHA20:DHE+AESGCM:DHE+CHACHA20:ECDH+AESGCM:DH+AESGCM:ECDH+AES:DH+AES:"
    "RSA+AESGCM:RSA+AES:!aNULL:!eNULL:!MD5:!DSS";

static const char default_suites[] =
    "TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256:TLS_AES_128_GCM_SHA256";

/* OpenSSL's default groups. Named one by one up to 3.4; from 3.5 on the keyword stands for the
 * built-in list, which has the post-quantum hybrid first (SSL_CTX_set1_groups_list(3)). */
static const char classic_groups[] =
    "X25519:P-256:X448:P-521:P-384:ffdhe2048:ffdhe3072:ffdhe4096:ffdhe6144:ffdhe8192";
static const char default_groups[] = "DEFAULT";

/* OpenSSL's default signature algorithms without SHA-1 and without DSA. */
#define CLASSIC_SIGNATURES                                                                         \
    "ECDSA+SHA256:ECDSA+SHA384:ECDSA+SHA512:ed25519:ed448:"                                        \
    "rsa_pss_pss_sha256:rsa_pss_pss_sha384:rsa_pss_pss_sha512:"                                    \
    "rsa_pss_rsae_sha256:rsa_pss_rsae_sha384:rsa_pss_rsae_sha512:"                                 \
    "RSA+SHA256:RSA+SHA384:RSA+SHA512:ECDSA+SHA224:RSA+SHA224"
static const char classic_signatures[] = CLASSIC_SIGNATURES;
static const char default_signatures[] = "?mldsa65:?mldsa87:?mldsa44:" CLASSIC_SIGNATURES;

/* The whole option word. Middlebox compatibility and the padding extension change nothing in
 * security and get us past old boxes. Tickets are for resumption, which is not used: a resumed
 * session would not show its certificates. */
#define COMMON_OPTIONS                                                                             \
    (SSL_OP_NO_COMPRESSION | SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_TICKET | SSL_OP_TLSEXT_PADDING |  \
     SSL_OP_ENABLE_MIDDLEBOX_COMPAT)

static bool has_default_keyword(void)
{
    return OpenSSL_version_num() >= 0x30500000UL;
}

void anycert__tls_settings(const struct anycert_policy *policy, struct anycert__tls_settings *out)
{
    out->min_version = TLS1_2_VERSION;
    out->max_version = TLS1_3_VERSION;
    out->level = 2;
    out->ciphers = hardened_ciphers;
    out->ciphersuites = default_suites;
    out->groups = has_default_keyword() ? default_groups : classic_groups;
    out->signatures = has_default_keyword() ? default_signatures : classic_signatures;
    out->options = COMMON_OPTIONS;
    if (!policy)
        return;
    switch (policy->rung) {
    case ANYCERT__RUNG_TRUST_ANY:
    case ANYCERT__RUNG_REPORT_ONLY:
        out->level = 1;
        out->ciphers = trust_any_ciphers;
        out->options |= SSL_OP_LEGACY_SERVER_CONNECT;
        break;
    case ANYCERT__RUNG_HARDENED:
    case ANYCERT__RUNG_PINNED:
    case ANYCERT__RUNG_TOFU:
    case ANYCERT__RUNG_ANTIQUE: /* not available yet: refused long before a context is made */
        break;
    }
}

const char *anycert__tls_ciphers(const struct anycert_policy *policy, int *level)
{
    struct anycert__tls_settings settings;

    anycert__tls_settings(policy, &settings);
    *level = settings.level;
    return settings.ciphers;
}

int anycert__tls_suites_offered(const struct anycert_policy *policy, struct anycert_error *err)
{
    struct anycert__tls_settings settings;
    STACK_OF(SSL_CIPHER) *suites = NULL;
    SSL_CTX *ctx = NULL;
    SSL *ssl = NULL;
    int count = -1;

    anycert__tls_settings(policy, &settings);
    ctx = SSL_CTX_new(TLS_client_method());
    if (!ctx) {
        anycert__fail_openssl(err, ANYCERT_E_INTERNAL, "a TLS context cannot be made");
        goto out;
    }
    if (anycert__context_configure(ctx, &settings, err) < 0)
        goto out;
    ssl = SSL_new(ctx);
    suites = ssl ? SSL_get1_supported_ciphers(ssl) : NULL;
    if (!suites) {
        anycert__fail_openssl(err, ANYCERT_E_INTERNAL, "the cipher suites cannot be listed");
        goto out;
    }
    count = sk_SSL_CIPHER_num(suites);
out:
    sk_SSL_CIPHER_free(suites);
    SSL_free(ssl);
    SSL_CTX_free(ctx);
    return count;
}
