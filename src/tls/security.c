/* What libssl lets through beside its security level (SSL_CTX_set_security_callback(3)). A level is
 * a bundle: one notch down for a small Diffie-Hellman group also takes smaller keys, curves and
 * digests. The callback grants the operations that a relaxation names, one by one, and leaves
 * everything else to libssl's own, so to the level. */
#include "tls/ossl.h"

#include <openssl/objects.h>

#include <pthread.h>
#include <string.h>

#define BIT(name) ANYCERT__RELAX_BIT(ANYCERT__RELAX_##name)

#define BITS_OF_DH_1024   80 /* as libssl counts strength, and so of curves of 160 bits */
#define BITS_OF_CURVE_160 80

typedef int security_fn(const SSL *ssl, const SSL_CTX *ctx, int operation, int bits, int nid,
                        void *other, void *extra);

static pthread_once_t own_once = PTHREAD_ONCE_INIT;
static security_fn *libssl_own;

static void find_own(void)
{
    SSL_CTX *ctx = SSL_CTX_new(TLS_client_method());

    libssl_own = ctx ? SSL_CTX_get_security_callback(ctx) : NULL;
    SSL_CTX_free(ctx);
}

/* libssl cannot offer a range of versions with a hole in it: it offers what is below the hole. So
 * tls1.0 has to offer 1.1, too, which the judge refuses when the server takes it. */
static bool grants_version(anycert__relaxations allowed, int version)
{
    if (version == TLS1_VERSION)
        return (allowed & BIT(TLS1_0)) != 0;
    return version == TLS1_1_VERSION && (allowed & (BIT(TLS1_0) | BIT(TLS1_1))) != 0;
}

/* The signatures that TLS 1.0 and 1.1 cannot do without are granted only once the server has chosen
 * such a version. */
static bool grants_signature(anycert__relaxations allowed, const SSL *ssl, int digest)
{
    bool old = ssl && (allowed & (BIT(TLS1_0) | BIT(TLS1_1))) != 0 &&
               (SSL_version(ssl) == TLS1_VERSION || SSL_version(ssl) == TLS1_1_VERSION);

    if (digest == NID_sha1)
        return old || (allowed & BIT(SHA1_HANDSHAKE)) != 0;
    return old && digest == NID_md5_sha1;
}

/* Later OpenSSLs count the short tags of CCM_8 as strength, and have them at level 0 only. */
static bool grants_cipher(anycert__relaxations allowed, const SSL_CIPHER *cipher)
{
    const char *name = cipher ? SSL_CIPHER_standard_name(cipher) : NULL;

    return (allowed & BIT(LEGACY_CIPHERS)) != 0 && name && strstr(name, "_CCM_8") != NULL;
}

static bool grants_dh(const struct anycert_policy *policy, anycert__relaxations allowed, int bits)
{
    /* libssl's own has a floor of 1024 bits at every level; the judge has the floor of antique. */
    if (policy->rung == ANYCERT__RUNG_ANTIQUE)
        return true;
    return (allowed & BIT(SMALL_DH)) != 0 && bits >= BITS_OF_DH_1024;
}

static int ask(const SSL *ssl, const SSL_CTX *ctx, int operation, int bits, int nid, void *other,
               void *extra)
{
    const struct anycert_policy *policy = extra;
    anycert__relaxations allowed = anycert__policy_allows(policy);

    if (libssl_own(ssl, ctx, operation, bits, nid, other, NULL))
        return 1;
    switch (operation) {
    case SSL_SECOP_VERSION:
        return grants_version(allowed, nid);
    case SSL_SECOP_TMP_DH:
        return grants_dh(policy, allowed, bits);
    case SSL_SECOP_SIGALG_SUPPORTED:
    case SSL_SECOP_SIGALG_SHARED:
    case SSL_SECOP_SIGALG_CHECK:
        return grants_signature(allowed, ssl, nid);
    case SSL_SECOP_CIPHER_SUPPORTED:
    case SSL_SECOP_CIPHER_SHARED:
    case SSL_SECOP_CIPHER_CHECK:
        return grants_cipher(allowed, other);
    case SSL_SECOP_CURVE_SUPPORTED:
    case SSL_SECOP_CURVE_SHARED:
    case SSL_SECOP_CURVE_CHECK:
        return (allowed & BIT(LEGACY_GROUPS)) != 0 && bits >= BITS_OF_CURVE_160;
    default:
        return 0;
    }
}

/* The callback's argument is not const, and the policy is. */
static void *unconst(const struct anycert_policy *policy)
{
    union {
        const struct anycert_policy *in;
        void *out;
    } u = {.in = policy};
    return u.out;
}

void anycert__security_relax(SSL_CTX *ctx, const struct anycert_policy *policy)
{
    pthread_once(&own_once, find_own);
    if (!libssl_own)
        return; /* no memory: the level alone */
    SSL_CTX_set0_security_ex_data(ctx, unconst(policy));
    SSL_CTX_set_security_callback(ctx, ask);
}
