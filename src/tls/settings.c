/* What a policy means for a TLS context. */
#include "tls/ossl.h"

#include <openssl/crypto.h>

#include <stdio.h>
#include <string.h>

/* The documented list of the "trust any certificate" switch, to the letter. */
static const char trust_any_ciphers[] =
    "ECDHE+AESGCM:ECDHE+CHACHA20:DHE+AESGCM:DHE+CHACHA20:ECDH+AESGCM:DH+AESGCM:ECDH+AES:DH+AES:"
    "RSA+AESGCM:RSA+AES:!aNULL:!eNULL:!MD5:!DSS";

/* What old servers have, for a hello of antique's that is to be small: with TLS 1.3's and the
 * signalling value sixteen, which is what boxes that count them bear. */
static const char few_old_ciphers[] =
    "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256:ECDHE-RSA-AES256-GCM-SHA384:"
    "DHE-RSA-AES128-GCM-SHA256:ECDHE-ECDSA-AES128-SHA:ECDHE-RSA-AES256-SHA:ECDHE-RSA-AES128-SHA:"
    "DHE-RSA-AES256-SHA:DHE-RSA-AES128-SHA:AES128-GCM-SHA256:AES256-SHA:AES128-SHA";

#define DEFAULT_SUITES "TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256:TLS_AES_128_GCM_SHA256"
static const char default_suites[] = DEFAULT_SUITES;
/* Two that are weak by their tags, or hardly known. */
#define LEGACY_SUITES ":TLS_AES_128_CCM_SHA256:TLS_AES_128_CCM_8_SHA256"
static const char legacy_suites[] = DEFAULT_SUITES LEGACY_SUITES;

/* OpenSSL's default groups. Named one by one up to 3.4; from 3.5 on the keyword stands for the
 * built-in list, which has the post-quantum hybrid first (SSL_CTX_set1_groups_list(3)). */
static const char classic_groups[] =
    "X25519:P-256:X448:P-521:P-384:ffdhe2048:ffdhe3072:ffdhe4096:ffdhe6144:ffdhe8192";
static const char default_groups[] = "DEFAULT";
static const char hybrid_group[] = ":?X25519MLKEM768";
/* Of the classic ones, what that list is without. */
static const char large_groups[] = ":ffdhe4096:ffdhe6144:ffdhe8192";
static const char few_groups[] = "X25519:P-256:P-384:P-521";

/* OpenSSL's default signature algorithms without SHA-1 and without DSA. */
static const char classic_signatures[] =
    "ECDSA+SHA256:ECDSA+SHA384:ECDSA+SHA512:ed25519:ed448:"
    "rsa_pss_pss_sha256:rsa_pss_pss_sha384:rsa_pss_pss_sha512:"
    "rsa_pss_rsae_sha256:rsa_pss_rsae_sha384:rsa_pss_rsae_sha512:"
    "RSA+SHA256:RSA+SHA384:RSA+SHA512:ECDSA+SHA224:RSA+SHA224";
static const char quantum_signatures[] = "?mldsa65:?mldsa87:?mldsa44:";
/* TLS 1.3's for certificates on brainpool's curves; earlier versions go by the digest alone. */
static const char curve_signatures[] =
    ":?ecdsa_brainpoolP256r1tls13_sha256:?ecdsa_brainpoolP384r1tls13_sha384:"
    "?ecdsa_brainpoolP512r1tls13_sha512";
static const char dsa_signatures[] = ":DSA+SHA256:DSA+SHA384:DSA+SHA512:DSA+SHA224";
static const char sha1_signatures[] = ":ECDSA+SHA1:RSA+SHA1";
static const char sha1_dsa_signatures[] = ":DSA+SHA1";

/* libssl's own limit, written down so that no configuration can move it. */
#define MAX_CHAIN_BYTES (100 * 1024)
#define OVERSIZED       10 /* times that */

/* The whole option word. Middlebox compatibility and the padding extension change nothing in
 * security and get us past old boxes. Tickets are for resumption, which is not used: a resumed
 * session would not show its certificates. */
#define COMMON_OPTIONS                                                                             \
    (SSL_OP_NO_COMPRESSION | SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_TICKET | SSL_OP_TLSEXT_PADDING |  \
     SSL_OP_ENABLE_MIDDLEBOX_COMPAT)

/* OpenSSL from 3.2 on offers to unpack certificates (RFC 8879) where it was built with zlib, brotli
 * or zstd: bytes of somebody who has proved nothing yet, for the sake of some hundred saved. The
 * numbers are those of SSL_OP_NO_TX_ and SSL_OP_NO_RX_CERTIFICATE_COMPRESSION, which older headers
 * do not have. */
#define NO_CERTIFICATE_COMPRESSION ((UINT64_C(1) << 32) | (UINT64_C(1) << 33))

#define BIT(name) ANYCERT__RELAX_BIT(ANYCERT__RELAX_##name)

static bool may_unpack_certificates(void)
{
    return OpenSSL_version_num() >= 0x30200000UL;
}

static bool has_default_keyword(void)
{
    return OpenSSL_version_num() >= 0x30500000UL;
}

static void append(char *list, size_t size, const char *more)
{
    size_t used = strlen(list);

    (void)snprintf(list + used, size - used, "%s", more);
}

const char *anycert__tls_few_groups(void)
{
    return few_groups;
}

static bool is_bare(anycert__relaxations allowed)
{
    return (allowed & BIT(BARE_HELLO)) != 0;
}

static void set_versions(anycert__relaxations allowed, struct anycert__tls_settings *out)
{
    bool old = (allowed & (BIT(TLS1_0) | BIT(TLS1_1))) != 0;

    out->min_version = allowed & BIT(TLS1_0)   ? TLS1_VERSION
                       : allowed & BIT(TLS1_1) ? TLS1_1_VERSION
                                               : TLS1_2_VERSION;
    out->max_version = allowed & BIT(TLS1_2_MAX) ? TLS1_2_VERSION : TLS1_3_VERSION;
    /* TLS 1.3 is nothing but extensions, and TLS 1.2 has one that libssl does not leave out: where
     * an older version may be had, it is the one without any. */
    if (is_bare(allowed))
        out->max_version = !old                    ? TLS1_2_VERSION
                           : allowed & BIT(TLS1_1) ? TLS1_1_VERSION
                                                   : TLS1_VERSION;
}

static void set_suites(const struct anycert_policy *policy, anycert__relaxations allowed,
                       struct anycert__tls_settings *out)
{
    bool by_the_letter = policy && (policy->rung == ANYCERT__RUNG_TRUST_ANY ||
                                    policy->rung == ANYCERT__RUNG_REPORT_ONLY);

    bool is_small = policy && policy->rung == ANYCERT__RUNG_ANTIQUE &&
                    (allowed & BIT(CLASSICAL_HELLO)) && !is_bare(allowed);

    /* Relaxations beside the switch may need suites that its list rules out for good. */
    if (by_the_letter &&
        !(allowed & (BIT(LEGACY_CIPHERS) | BIT(CLASSICAL_HELLO) | BIT(BARE_HELLO))))
        memcpy(out->ciphers, trust_any_ciphers, sizeof trust_any_ciphers);
    else if (is_small)
        memcpy(out->ciphers, few_old_ciphers, sizeof few_old_ciphers);
    else
        anycert__suites_write(allowed, out->ciphers);
    out->ciphersuites =
        (allowed & BIT(LEGACY_CIPHERS)) && !is_small ? legacy_suites : default_suites;
}

static void set_groups(bool antique, anycert__relaxations allowed,
                       struct anycert__tls_settings *out)
{
    bool keyword = has_default_keyword();
    size_t size = sizeof out->groups;

    out->groups[0] = '\0';
    /* With the hybrid behind it, X25519 alone has a key share, and the hello stays small; who
     * insists on the hybrid asks for its share. */
    append(out->groups, size,
           allowed & BIT(CLASSICAL_HELLO) ? few_groups
           : keyword && !antique          ? default_groups
                                          : classic_groups);
    if (keyword && antique && !(allowed & BIT(CLASSICAL_HELLO)))
        append(out->groups, size, hybrid_group);
    if ((allowed & BIT(LEGACY_GROUPS)) && keyword && !antique)
        append(out->groups, size, large_groups);
    if (allowed & BIT(LEGACY_GROUPS))
        append(out->groups, size, anycert__groups_rare());
}

static void set_signatures(anycert__relaxations allowed, struct anycert__tls_settings *out)
{
    size_t size = sizeof out->signatures;

    out->signatures[0] = '\0';
    if (has_default_keyword() && !(allowed & BIT(CLASSICAL_HELLO)))
        append(out->signatures, size, quantum_signatures);
    append(out->signatures, size, classic_signatures);
    if (has_default_keyword() && (allowed & BIT(LEGACY_GROUPS)))
        append(out->signatures, size, curve_signatures);
    if (allowed & BIT(LEGACY_CIPHERS))
        append(out->signatures, size, dsa_signatures);
    if (allowed & BIT(SHA1_HANDSHAKE))
        append(out->signatures, size, sha1_signatures);
    if ((allowed & BIT(SHA1_HANDSHAKE)) && (allowed & BIT(LEGACY_CIPHERS)))
        append(out->signatures, size, sha1_dsa_signatures);
}

static void set_options(anycert__relaxations allowed, struct anycert__tls_settings *out)
{
    out->options = COMMON_OPTIONS | (may_unpack_certificates() ? NO_CERTIFICATE_COMPRESSION : 0);
    if (allowed & BIT(LEGACY_RENEGOTIATION))
        out->options |= SSL_OP_LEGACY_SERVER_CONNECT;
    if (allowed & BIT(RENEGOTIATION))
        out->options &= ~SSL_OP_NO_RENEGOTIATION;
    if (allowed & (BIT(NO_EMS) | BIT(BARE_HELLO)))
        out->options |= SSL_OP_NO_EXTENDED_MASTER_SECRET;
    if (allowed & (BIT(NO_ETM) | BIT(BARE_HELLO)))
        out->options |= SSL_OP_NO_ENCRYPT_THEN_MAC;
    if (is_bare(allowed))
        out->options &= ~SSL_OP_TLSEXT_PADDING;
    out->post_handshake_auth = (allowed & BIT(RENEGOTIATION)) != 0;
    /* Every rung asks: trust-any accepts a revoked certificate, but not without saying so. */
    out->asks_staple = !is_bare(allowed);
}

static int level_of(enum anycert__rung rung)
{
    switch (rung) {
    case ANYCERT__RUNG_TRUST_ANY:
    case ANYCERT__RUNG_REPORT_ONLY:
        return 1;
    case ANYCERT__RUNG_ANTIQUE:
        return 0;
    case ANYCERT__RUNG_HARDENED:
    case ANYCERT__RUNG_PINNED:
    case ANYCERT__RUNG_TOFU:
        break;
    }
    return 2;
}

/* What no level grants, or only one that grants more than that. */
static bool needs_callback(const struct anycert_policy *policy)
{
    static const anycert__relaxations by_callback = BIT(TLS1_0) | BIT(TLS1_1) | BIT(SMALL_DH) |
                                                    BIT(SHA1_HANDSHAKE) | BIT(LEGACY_CIPHERS) |
                                                    BIT(LEGACY_GROUPS);

    return policy &&
           (policy->rung == ANYCERT__RUNG_ANTIQUE || (policy->relaxations & by_callback) != 0);
}

void anycert__tls_settings(const struct anycert_policy *policy, struct anycert__tls_settings *out)
{
    anycert__relaxations allowed = anycert__policy_allows(policy);

    out->policy = needs_callback(policy) ? policy : NULL;
    out->level = level_of(policy ? policy->rung : ANYCERT__RUNG_HARDENED);
    out->max_chain_bytes = MAX_CHAIN_BYTES * (allowed & BIT(OVERSIZED_CHAIN) ? OVERSIZED : 1);
    set_versions(allowed, out);
    set_suites(policy, allowed, out);
    set_groups(policy && policy->rung == ANYCERT__RUNG_ANTIQUE, allowed, out);
    set_signatures(allowed, out);
    set_options(allowed, out);
}

bool anycert__tls_sends_sni(const struct anycert_policy *policy)
{
    return !(anycert__policy_allows(policy) & (BIT(NO_SNI) | BIT(BARE_HELLO)));
}

bool anycert__tls_sends_alpn(const struct anycert_policy *policy)
{
    return !(anycert__policy_allows(policy) & (BIT(NO_ALPN) | BIT(BARE_HELLO)));
}

bool anycert__tls_offers_old_versions(const struct anycert_policy *policy)
{
    return (anycert__policy_allows(policy) & (BIT(TLS1_0) | BIT(TLS1_1))) != 0;
}

void anycert__tls_ciphers(const struct anycert_policy *policy, char out[ANYCERT__TLS_CIPHERS_SIZE],
                          int *level)
{
    struct anycert__tls_settings settings;

    anycert__tls_settings(policy, &settings);
    memcpy(out, settings.ciphers, sizeof settings.ciphers);
    *level = settings.level;
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
