/* What is offered, written as OpenSSL's lists. Suites are named one by one, so that no alias can
 * grow under us; names that a build does not have are passed over by OpenSSL. */
#include "tls/ossl.h"

#include <openssl/err.h>

#include <pthread.h>
#include <string.h>

/* What a row of suites needs; all of it has to be granted. */
enum {
    STATIC_RSA = 1 << 0,
    CBC_SHA1 = 1 << 1, /* the relaxation, or a version that has nothing else */
    LEGACY = 1 << 2,
    CURVES = 1 << 3, /* ECDHE: with extensions in the hello */
    RARE = 1 << 4,   /* left out where the hello has to be small */
};

static const struct {
    unsigned needs;
    const char *names;
} rows[] = {
    /* What hardened offers: ephemeral key exchange only, AEAD first, then AES-CBC with a SHA-2 MAC,
     * and the server's certificate being ECDSA or RSA. */
    {CURVES, "ECDHE-ECDSA-AES256-GCM-SHA384:ECDHE-RSA-AES256-GCM-SHA384:"
             "ECDHE-ECDSA-CHACHA20-POLY1305:ECDHE-RSA-CHACHA20-POLY1305:"
             "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256"},
    {CURVES | RARE, "ECDHE-ECDSA-AES256-CCM:ECDHE-ECDSA-AES128-CCM"},
    {0, "DHE-RSA-AES256-GCM-SHA384"},
    {RARE, "DHE-RSA-CHACHA20-POLY1305"},
    {0, "DHE-RSA-AES128-GCM-SHA256"},
    {RARE, "DHE-RSA-AES256-CCM:DHE-RSA-AES128-CCM"},
    {CURVES, "ECDHE-ECDSA-AES256-SHA384:ECDHE-RSA-AES256-SHA384:"
             "ECDHE-ECDSA-AES128-SHA256:ECDHE-RSA-AES128-SHA256"},
    {RARE, "DHE-RSA-AES256-SHA256:DHE-RSA-AES128-SHA256"},
    /* CCM_8 has a 64-bit tag, and hardly anybody has looked at the implementations of Camellia and
     * ARIA. */
    {LEGACY | CURVES, "ECDHE-ECDSA-AES256-CCM8:ECDHE-ECDSA-AES128-CCM8:"
                      "ECDHE-ECDSA-ARIA256-GCM-SHA384:ECDHE-ARIA256-GCM-SHA384:"
                      "ECDHE-ECDSA-ARIA128-GCM-SHA256:ECDHE-ARIA128-GCM-SHA256:"
                      "ECDHE-ECDSA-CAMELLIA256-SHA384:ECDHE-RSA-CAMELLIA256-SHA384:"
                      "ECDHE-ECDSA-CAMELLIA128-SHA256:ECDHE-RSA-CAMELLIA128-SHA256"},
    {LEGACY, "DHE-RSA-AES256-CCM8:DHE-RSA-AES128-CCM8:"
             "DHE-RSA-ARIA256-GCM-SHA384:DHE-RSA-ARIA128-GCM-SHA256:"
             "DHE-RSA-CAMELLIA256-SHA256:DHE-RSA-CAMELLIA128-SHA256:"
             "DHE-DSS-AES256-GCM-SHA384:DHE-DSS-AES128-GCM-SHA256:"
             "DHE-DSS-ARIA256-GCM-SHA384:DHE-DSS-ARIA128-GCM-SHA256:"
             "DHE-DSS-AES256-SHA256:DHE-DSS-AES128-SHA256:"
             "DHE-DSS-CAMELLIA256-SHA256:DHE-DSS-CAMELLIA128-SHA256"},
    {CBC_SHA1 | CURVES, "ECDHE-ECDSA-AES256-SHA:ECDHE-RSA-AES256-SHA:"
                        "ECDHE-ECDSA-AES128-SHA:ECDHE-RSA-AES128-SHA"},
    {CBC_SHA1, "DHE-RSA-AES256-SHA:DHE-RSA-AES128-SHA"},
    {CBC_SHA1 | LEGACY, "DHE-DSS-AES256-SHA:DHE-DSS-AES128-SHA:"
                        "DHE-RSA-CAMELLIA256-SHA:DHE-RSA-CAMELLIA128-SHA:"
                        "DHE-DSS-CAMELLIA256-SHA:DHE-DSS-CAMELLIA128-SHA"},
    {STATIC_RSA, "AES256-GCM-SHA384:AES128-GCM-SHA256"},
    {STATIC_RSA | RARE, "AES256-CCM:AES128-CCM"},
    {STATIC_RSA, "AES256-SHA256:AES128-SHA256"},
    {STATIC_RSA | LEGACY, "AES256-CCM8:AES128-CCM8:ARIA256-GCM-SHA384:ARIA128-GCM-SHA256:"
                          "CAMELLIA256-SHA256:CAMELLIA128-SHA256"},
    {STATIC_RSA | CBC_SHA1, "AES256-SHA:AES128-SHA"},
    {STATIC_RSA | CBC_SHA1 | LEGACY, "CAMELLIA256-SHA:CAMELLIA128-SHA"},
};

#define BIT(name) ANYCERT__RELAX_BIT(ANYCERT__RELAX_##name)

void anycert__suites_write(anycert__relaxations allowed, char out[ANYCERT__TLS_CIPHERS_SIZE])
{
    unsigned granted = CURVES | RARE;
    size_t used = 0;

    if (allowed & BIT(RSA_KEY_EXCHANGE))
        granted |= STATIC_RSA;
    if (allowed & (BIT(CBC_SHA1) | BIT(TLS1_0) | BIT(TLS1_1)))
        granted |= CBC_SHA1;
    if (allowed & BIT(LEGACY_CIPHERS))
        granted |= LEGACY;
    if (allowed & BIT(CLASSICAL_HELLO))
        granted &= ~(unsigned)RARE;
    if (allowed & BIT(BARE_HELLO))
        granted &= ~(unsigned)CURVES;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        size_t len = strlen(rows[i].names);

        if ((rows[i].needs & ~granted) != 0 || used + len + 2 > ANYCERT__TLS_CIPHERS_SIZE)
            continue; /* all rows together fit: the tests look */
        if (used > 0)
            out[used++] = ':';
        memcpy(out + used, rows[i].names, len);
        used += len;
    }
    out[used] = '\0';
}

/* ---- groups ---- */

/* What hardened does not offer, by falling strength of what it is known for. */
static const char *const rare[] = {
    "SecP256r1MLKEM768",
    "SecP384r1MLKEM1024",
    "MLKEM768",
    "MLKEM1024",
    "MLKEM512",
    "brainpoolP256r1tls13",
    "brainpoolP384r1tls13",
    "brainpoolP512r1tls13",
    "brainpoolP256r1",
    "brainpoolP384r1",
    "brainpoolP512r1",
    "secp256k1",
    "P-224",
    "secp224k1",
    "P-192",
    "secp192k1",
    "secp160r2",
    "secp160r1",
    "secp160k1",
    "sect571r1",
    "sect571k1",
    "sect409r1",
    "sect409k1",
    "sect283r1",
    "sect283k1",
    "sect239k1",
    "sect233r1",
    "sect233k1",
    "sect193r2",
    "sect193r1",
    "sect163r2",
    "sect163r1",
    "sect163k1",
};

static pthread_once_t groups_once = PTHREAD_ONCE_INIT;
static char rare_groups[ANYCERT__TLS_LIST_SIZE / 2];

/* One unknown name makes OpenSSL before 3.3 refuse a whole list, so each is tried alone. */
static void find_groups(void)
{
    SSL_CTX *ctx = SSL_CTX_new(TLS_client_method());
    size_t used = 0;

    for (size_t i = 0; ctx && i < sizeof rare / sizeof rare[0]; i++) {
        size_t len = strlen(rare[i]);

        if (SSL_CTX_set1_groups_list(ctx, rare[i]) != 1 || used + len + 2 > sizeof rare_groups)
            continue;
        rare_groups[used++] = ':';
        memcpy(rare_groups + used, rare[i], len);
        used += len;
    }
    rare_groups[used] = '\0';
    SSL_CTX_free(ctx);
    ERR_clear_error();
}

const char *anycert__groups_rare(void)
{
    pthread_once(&groups_once, find_groups);
    return rare_groups;
}
