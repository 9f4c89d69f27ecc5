#include "hello/suite.h"

#include <string.h>

struct entry {
    uint16_t id;
    const char *name;
};

static const struct entry entries[] = {
#define ANYCERT__SUITE(number, text) {(number), (text)},
#include "hello/suites.def"
};
#define ENTRY_COUNT (sizeof entries / sizeof entries[0])

/* What stands before "_WITH_". The longer of two with the same beginning need not come first: the
 * whole part has to be equal. */
static const struct {
    const char *text;
    enum anycert__suite_exchange exchange;
    enum anycert__suite_auth auth;
    bool export_grade;
} exchanges[] = {
    {"NULL", ANYCERT__EXCHANGE_NONE, ANYCERT__AUTH_NONE, false},
    {"RSA", ANYCERT__EXCHANGE_RSA, ANYCERT__AUTH_RSA, false},
    {"RSA_FIPS", ANYCERT__EXCHANGE_RSA, ANYCERT__AUTH_RSA, false},
    {"RSA_EXPORT", ANYCERT__EXCHANGE_RSA_EXPORT, ANYCERT__AUTH_RSA, true},
    {"RSA_EXPORT1024", ANYCERT__EXCHANGE_RSA_EXPORT, ANYCERT__AUTH_RSA, true},
    {"DH_DSS", ANYCERT__EXCHANGE_DH, ANYCERT__AUTH_DSS, false},
    {"DH_DSS_EXPORT", ANYCERT__EXCHANGE_DH, ANYCERT__AUTH_DSS, true},
    {"DH_RSA", ANYCERT__EXCHANGE_DH, ANYCERT__AUTH_RSA, false},
    {"DH_RSA_EXPORT", ANYCERT__EXCHANGE_DH, ANYCERT__AUTH_RSA, true},
    {"DHE_DSS", ANYCERT__EXCHANGE_DHE, ANYCERT__AUTH_DSS, false},
    {"DHE_DSS_EXPORT", ANYCERT__EXCHANGE_DHE, ANYCERT__AUTH_DSS, true},
    {"DHE_DSS_EXPORT1024", ANYCERT__EXCHANGE_DHE, ANYCERT__AUTH_DSS, true},
    {"DHE_RSA", ANYCERT__EXCHANGE_DHE, ANYCERT__AUTH_RSA, false},
    {"DHE_RSA_EXPORT", ANYCERT__EXCHANGE_DHE, ANYCERT__AUTH_RSA, true},
    {"DH_anon", ANYCERT__EXCHANGE_DHE, ANYCERT__AUTH_NONE, false},
    {"DH_anon_EXPORT", ANYCERT__EXCHANGE_DHE, ANYCERT__AUTH_NONE, true},
    {"ECDH_ECDSA", ANYCERT__EXCHANGE_ECDH, ANYCERT__AUTH_ECDSA, false},
    {"ECDH_RSA", ANYCERT__EXCHANGE_ECDH, ANYCERT__AUTH_RSA, false},
    {"ECDHE_ECDSA", ANYCERT__EXCHANGE_ECDHE, ANYCERT__AUTH_ECDSA, false},
    {"ECDHE_RSA", ANYCERT__EXCHANGE_ECDHE, ANYCERT__AUTH_RSA, false},
    {"ECDH_anon", ANYCERT__EXCHANGE_ECDHE, ANYCERT__AUTH_NONE, false},
    {"KRB5", ANYCERT__EXCHANGE_KRB5, ANYCERT__AUTH_KRB5, false},
    {"KRB5_EXPORT", ANYCERT__EXCHANGE_KRB5, ANYCERT__AUTH_KRB5, true},
    {"FORTEZZA_DMS", ANYCERT__EXCHANGE_FORTEZZA, ANYCERT__AUTH_FORTEZZA, false},
    {"PSK", ANYCERT__EXCHANGE_PSK, ANYCERT__AUTH_SECRET, false},
    {"RSA_PSK", ANYCERT__EXCHANGE_RSA_PSK, ANYCERT__AUTH_RSA, false},
    {"DHE_PSK", ANYCERT__EXCHANGE_DHE_PSK, ANYCERT__AUTH_SECRET, false},
    {"PSK_DHE", ANYCERT__EXCHANGE_DHE_PSK, ANYCERT__AUTH_SECRET, false},
    {"ECDHE_PSK", ANYCERT__EXCHANGE_ECDHE_PSK, ANYCERT__AUTH_SECRET, false},
    {"SRP_SHA", ANYCERT__EXCHANGE_SRP, ANYCERT__AUTH_SECRET, false},
    {"SRP_SHA_RSA", ANYCERT__EXCHANGE_SRP, ANYCERT__AUTH_RSA, false},
    {"SRP_SHA_DSS", ANYCERT__EXCHANGE_SRP, ANYCERT__AUTH_DSS, false},
    {"ECCPWD", ANYCERT__EXCHANGE_ECCPWD, ANYCERT__AUTH_SECRET, false},
    {"GOSTR341094", ANYCERT__EXCHANGE_GOST, ANYCERT__AUTH_GOST, false},
    {"GOSTR341001", ANYCERT__EXCHANGE_GOST, ANYCERT__AUTH_GOST, false},
    {"GOSTR341112_256", ANYCERT__EXCHANGE_GOST, ANYCERT__AUTH_GOST, false},
};

/* What the rest begins with; the first that fits. */
static const struct {
    const char *text;
    enum anycert__suite_cipher cipher;
    uint16_t bits;
    bool aead;
} ciphers[] = {
    {"NULL", ANYCERT__SUITE_NULL, 0, false},
    {"RC2_CBC_40", ANYCERT__SUITE_RC2, 40, false},
    {"RC2_CBC_56", ANYCERT__SUITE_RC2, 56, false},
    {"RC4_40", ANYCERT__SUITE_RC4, 40, false},
    {"RC4_56", ANYCERT__SUITE_RC4, 56, false},
    {"RC4_128", ANYCERT__SUITE_RC4, 128, false},
    {"DES40_CBC", ANYCERT__SUITE_DES, 40, false},
    {"DES_CBC_40", ANYCERT__SUITE_DES, 40, false},
    {"DES_CBC", ANYCERT__SUITE_DES, 56, false},
    {"3DES_EDE_CBC", ANYCERT__SUITE_3DES, 112, false},
    {"IDEA_CBC", ANYCERT__SUITE_IDEA, 128, false},
    {"FORTEZZA_CBC", ANYCERT__SUITE_FORTEZZA, 80, false},
    {"SEED_CBC", ANYCERT__SUITE_SEED, 128, false},
    {"CAMELLIA_128_CBC", ANYCERT__SUITE_CAMELLIA, 128, false},
    {"CAMELLIA_256_CBC", ANYCERT__SUITE_CAMELLIA, 256, false},
    {"CAMELLIA_128_GCM", ANYCERT__SUITE_CAMELLIA, 128, true},
    {"CAMELLIA_256_GCM", ANYCERT__SUITE_CAMELLIA, 256, true},
    {"ARIA_128_CBC", ANYCERT__SUITE_ARIA, 128, false},
    {"ARIA_256_CBC", ANYCERT__SUITE_ARIA, 256, false},
    {"ARIA_128_GCM", ANYCERT__SUITE_ARIA, 128, true},
    {"ARIA_256_GCM", ANYCERT__SUITE_ARIA, 256, true},
    {"AES_128_CBC", ANYCERT__SUITE_AES, 128, false},
    {"AES_256_CBC", ANYCERT__SUITE_AES, 256, false},
    {"AES_128_GCM", ANYCERT__SUITE_AES, 128, true},
    {"AES_256_GCM", ANYCERT__SUITE_AES, 256, true},
    {"AES_128_CCM", ANYCERT__SUITE_AES, 128, true},
    {"AES_256_CCM", ANYCERT__SUITE_AES, 256, true},
    {"CHACHA20_POLY1305", ANYCERT__SUITE_CHACHA20, 256, true},
    {"SM4_GCM", ANYCERT__SUITE_SM4, 128, true},
    {"SM4_CCM", ANYCERT__SUITE_SM4, 128, true},
    {"AEGIS_128L", ANYCERT__SUITE_AEGIS, 128, true},
    {"AEGIS_256", ANYCERT__SUITE_AEGIS, 256, true},
    {"28147_CNT", ANYCERT__SUITE_GOST, 256, false},
    {"KUZNYECHIK_CTR", ANYCERT__SUITE_GOST, 256, false},
    {"MAGMA_CTR", ANYCERT__SUITE_GOST, 256, false},
    {"KUZNYECHIK_MGM", ANYCERT__SUITE_GOST, 256, true},
    {"MAGMA_MGM", ANYCERT__SUITE_GOST, 256, true},
    {"SHA256", ANYCERT__SUITE_NULL, 0, false}, /* RFC 9150: integrity only */
    {"SHA384", ANYCERT__SUITE_NULL, 0, false},
};

/* What the name ends with, behind a "_"; the first that fits. */
static const struct {
    const char *text;
    enum anycert__suite_mac mac;
} macs[] = {
    {"_MD5", ANYCERT__MAC_MD5},       {"_SHA", ANYCERT__MAC_SHA1},
    {"_SHA256", ANYCERT__MAC_SHA256}, {"_SHA384", ANYCERT__MAC_SHA384},
    {"_OMAC", ANYCERT__MAC_GOST},     {"_IMIT", ANYCERT__MAC_GOST},
    {"_IMIT_OLD", ANYCERT__MAC_GOST}, {"_GOSTR3411", ANYCERT__MAC_GOST},
};

static bool ends_with(const char *s, const char *end)
{
    size_t len = strlen(s), end_len = strlen(end);

    return len >= end_len && memcmp(s + len - end_len, end, end_len) == 0;
}

static void read_exchange(const char *text, size_t len, struct anycert__suite *out)
{
    for (size_t i = 0; i < sizeof exchanges / sizeof exchanges[0]; i++) {
        if (strlen(exchanges[i].text) == len && memcmp(exchanges[i].text, text, len) == 0) {
            out->exchange = exchanges[i].exchange;
            out->auth = exchanges[i].auth;
            out->export_grade = exchanges[i].export_grade;
            return;
        }
    }
}

static void read_cipher(const char *text, struct anycert__suite *out)
{
    for (size_t i = 0; i < sizeof ciphers / sizeof ciphers[0]; i++) {
        if (strncmp(text, ciphers[i].text, strlen(ciphers[i].text)) == 0) {
            out->cipher = ciphers[i].cipher;
            out->bits = ciphers[i].bits;
            out->aead = ciphers[i].aead;
            break;
        }
    }
    out->ccm8 = strstr(text, "_CCM_8") != NULL;
    if (out->aead) {
        out->mac = ANYCERT__MAC_AEAD;
        return;
    }
    for (size_t i = 0; i < sizeof macs / sizeof macs[0]; i++) {
        if (ends_with(text, macs[i].text)) {
            out->mac = macs[i].mac;
            return;
        }
    }
}

static void read_name(const struct entry *entry, struct anycert__suite *out)
{
    const char *begin = entry->name + strlen("TLS_");
    const char *with = strstr(begin, "_WITH_");

    memset(out, 0, sizeof *out);
    out->id = entry->id;
    out->name = entry->name;
    if (with) {
        read_exchange(begin, (size_t)(with - begin), out);
        read_cipher(with + strlen("_WITH_"), out);
    } else {
        out->exchange = ANYCERT__EXCHANGE_TLS13;
        out->auth = ANYCERT__AUTH_TLS13;
        out->tls13 = true;
        read_cipher(begin, out);
    }
    /* The last four of GOST's are for TLS 1.3 though their names are of the old kind (RFC 9367). */
    if (out->cipher == ANYCERT__SUITE_GOST && out->aead)
        out->tls13 = true;
    /* TLS_NULL_WITH_NULL_NULL, which is what a connection begins with. */
    if (out->exchange == ANYCERT__EXCHANGE_NONE)
        out->mac = ANYCERT__MAC_NONE;
}

static const struct entry *find(uint16_t id)
{
    size_t low = 0, high = ENTRY_COUNT;

    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (entries[middle].id < id)
            low = middle + 1;
        else
            high = middle;
    }
    return low < ENTRY_COUNT && entries[low].id == id ? &entries[low] : NULL;
}

bool anycert__suite_find(uint16_t id, struct anycert__suite *out)
{
    const struct entry *entry = find(id);

    if (!entry)
        return false;
    read_name(entry, out);
    return true;
}

size_t anycert__suite_count(void)
{
    return ENTRY_COUNT;
}

bool anycert__suite_at(size_t index, struct anycert__suite *out)
{
    if (index >= ENTRY_COUNT)
        return false;
    read_name(&entries[index], out);
    return true;
}

const char *anycert__suite_name(uint16_t id)
{
    const struct entry *entry = find(id);

    return entry ? entry->name : NULL;
}

/* Some have a certificate, too: it is not enough. */
static bool by_secret(const struct anycert__suite *suite)
{
    return suite->auth == ANYCERT__AUTH_SECRET || suite->exchange == ANYCERT__EXCHANGE_RSA_PSK ||
           suite->exchange == ANYCERT__EXCHANGE_SRP;
}

/* Of the cipher alone. */
static enum anycert__suite_trait cipher_trait(const struct anycert__suite *suite)
{
    switch (suite->cipher) {
    case ANYCERT__SUITE_RC4:
        return ANYCERT__TRAIT_RC4;
    case ANYCERT__SUITE_3DES:
        return ANYCERT__TRAIT_3DES;
    case ANYCERT__SUITE_IDEA:
        return ANYCERT__TRAIT_IDEA;
    case ANYCERT__SUITE_SEED:
        return ANYCERT__TRAIT_SEED;
    case ANYCERT__SUITE_SM4:
        return ANYCERT__TRAIT_SM4;
    case ANYCERT__SUITE_AEGIS:
        return ANYCERT__TRAIT_AEGIS;
    case ANYCERT__SUITE_CHACHA20:
        return ends_with(suite->name, "_OLD") ? ANYCERT__TRAIT_CHACHA20_DRAFT
                                              : ANYCERT__TRAIT_ORDINARY;
    case ANYCERT__SUITE_GOST:
        return ANYCERT__TRAIT_GOST;
    case ANYCERT__SUITE_RC2:
        return ANYCERT__TRAIT_RC2;
    case ANYCERT__SUITE_DES:
        return ANYCERT__TRAIT_DES;
    case ANYCERT__SUITE_FORTEZZA:
        return ANYCERT__TRAIT_FORTEZZA;
    case ANYCERT__SUITE_NULL:
        return ANYCERT__TRAIT_NULL;
    case ANYCERT__SUITE_UNKNOWN:
    case ANYCERT__SUITE_CAMELLIA: /* less grave than what the key exchange may be */
    case ANYCERT__SUITE_ARIA:
    case ANYCERT__SUITE_AES:
        break;
    }
    return ANYCERT__TRAIT_ORDINARY;
}

static enum anycert__suite_trait small_trait(const struct anycert__suite *suite)
{
    if (suite->cipher == ANYCERT__SUITE_CAMELLIA)
        return ANYCERT__TRAIT_CAMELLIA;
    if (suite->cipher == ANYCERT__SUITE_ARIA)
        return ANYCERT__TRAIT_ARIA;
    if (suite->ccm8)
        return ANYCERT__TRAIT_CCM8;
    if (suite->exchange == ANYCERT__EXCHANGE_RSA)
        return ANYCERT__TRAIT_STATIC_RSA;
    return suite->mac == ANYCERT__MAC_SHA1 ? ANYCERT__TRAIT_CBC_SHA1 : ANYCERT__TRAIT_ORDINARY;
}

enum anycert__suite_trait anycert__suite_trait(const struct anycert__suite *suite)
{
    enum anycert__suite_trait cipher = cipher_trait(suite);

    if (cipher == ANYCERT__TRAIT_NULL)
        return cipher;
    if (suite->auth == ANYCERT__AUTH_NONE)
        return ANYCERT__TRAIT_ANONYMOUS;
    if (suite->export_grade)
        return ANYCERT__TRAIT_EXPORT;
    if (cipher == ANYCERT__TRAIT_RC2 || cipher == ANYCERT__TRAIT_DES)
        return cipher;
    if (suite->exchange == ANYCERT__EXCHANGE_FORTEZZA)
        return ANYCERT__TRAIT_FORTEZZA;
    if (suite->exchange == ANYCERT__EXCHANGE_KRB5)
        return ANYCERT__TRAIT_KRB5;
    if (by_secret(suite))
        return ANYCERT__TRAIT_SECRET;
    if (suite->exchange == ANYCERT__EXCHANGE_GOST)
        return ANYCERT__TRAIT_GOST;
    if (cipher != ANYCERT__TRAIT_ORDINARY)
        return cipher;
    if (suite->auth == ANYCERT__AUTH_DSS)
        return ANYCERT__TRAIT_DSS;
    if (suite->exchange == ANYCERT__EXCHANGE_DH || suite->exchange == ANYCERT__EXCHANGE_ECDH)
        return ANYCERT__TRAIT_STATIC_DH;
    return small_trait(suite);
}

static const struct {
    const char *id;
    const char *text;
} traits[] = {
    {"", ""},
#define ANYCERT__TRAIT(name, id, text) {(id), (text)},
#include "hello/traits.def"
};

const char *anycert__trait_id(enum anycert__suite_trait trait)
{
    return traits[trait].id;
}

const char *anycert__trait_text(enum anycert__suite_trait trait)
{
    return traits[trait].text;
}

bool anycert__suite_protects(const struct anycert__suite *suite)
{
    return suite->cipher != ANYCERT__SUITE_NULL && suite->auth != ANYCERT__AUTH_NONE &&
           suite->auth != ANYCERT__AUTH_UNKNOWN && !by_secret(suite) && !suite->export_grade;
}
