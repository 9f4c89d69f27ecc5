#include "hello/offer.h"

#include <string.h>

static const struct {
    const char *id;
    const char *text;
} offers[] = {
#define ANYCERT__OFFER(name, id, text) {(id), (text)},
#include "hello/offers.def"
};

/* What clients of today offer for TLS 1.2, and static RSA behind it. */
static const uint16_t suites_today[] = {
    0xC02B, 0xC02F, 0xC02C, 0xC030, 0xCCA9, 0xCCA8, 0x009E, 0x009F, 0xC023, 0xC027, 0xC009,
    0xC013, 0xC00A, 0xC014, 0x0033, 0x0039, 0x009C, 0x009D, 0x003C, 0x002F, 0x0035,
};
static const uint16_t suites_ssl3[] = {0x0035, 0x002F, 0x0039, 0x0033,
                                       0x000A, 0x0016, 0x0005, 0x0004};
static const uint16_t suites_tls13[] = {0x1301, 0x1302, 0x1303};
static const uint16_t groups_today[] = {0x001D, 0x0017, 0x0018, 0x0019};
static const uint16_t schemes_today[] = {
    0x0403, 0x0503, 0x0603, 0x0807, 0x0804, 0x0805, 0x0806, 0x0401, 0x0501, 0x0601, 0x0203, 0x0201,
};

/* ML-DSA-44, 65 and 87. */
static const uint16_t schemes_ml_dsa[] = {0x0904, 0x0905, 0x0906};

static void add_all(uint16_t *list, size_t *count, size_t max, const uint16_t *from, size_t n)
{
    for (size_t i = 0; i < n; i++)
        anycert__hello_add(list, count, max, from[i]);
}

#define ADD(hello, what, max, from)                                                                \
    add_all((hello)->what##s, &(hello)->what##_count, (max), (from), sizeof(from) / sizeof(from)[0])

/* Those with longer keys first: three lists, for one look at each suite. */
void anycert__offer_add_suites(struct anycert__hello *hello,
                               bool (*wanted)(const struct anycert__suite *suite))
{
    uint16_t lists[3][ANYCERT__HELLO_SUITES_MAX];
    size_t counts[3] = {0, 0, 0};
    struct anycert__suite suite;

    for (size_t i = 0; anycert__suite_at(i, &suite); i++) {
        size_t list = suite.bits >= 128 ? 0 : suite.bits >= 112 ? 1 : 2;
        if (wanted(&suite) && counts[list] < ANYCERT__HELLO_SUITES_MAX)
            lists[list][counts[list]++] = suite.id;
    }
    for (size_t list = 0; list < 3; list++)
        add_all(hello->suites, &hello->suite_count, ANYCERT__HELLO_SUITES_MAX, lists[list],
                counts[list]);
}

/* ---- which suites */

static bool is_trait(const struct anycert__suite *suite, enum anycert__suite_trait trait)
{
    return !suite->tls13 && anycert__suite_trait(suite) == trait;
}

#define WANTED(function, TRAIT)                                                                    \
    static bool function(const struct anycert__suite *suite)                                       \
    {                                                                                              \
        return is_trait(suite, ANYCERT__TRAIT_##TRAIT);                                            \
    }
WANTED(is_3des, 3DES)
WANTED(is_rc4, RC4)
WANTED(is_des, DES)
WANTED(is_idea, IDEA)
WANTED(is_seed, SEED)
WANTED(is_gost, GOST)
WANTED(is_static_dh, STATIC_DH)
WANTED(is_draft, CHACHA20_DRAFT)
WANTED(is_secret, SECRET)
WANTED(is_krb5, KRB5)

/* By what they are, whatever else is out of the ordinary: an anonymous suite that encrypts nothing
 * is of both kinds. */
static bool is_export(const struct anycert__suite *suite)
{
    return suite->export_grade;
}

static bool is_null(const struct anycert__suite *suite)
{
    return suite->cipher == ANYCERT__SUITE_NULL && !suite->tls13 &&
           suite->exchange != ANYCERT__EXCHANGE_NONE;
}

static bool is_anonymous(const struct anycert__suite *suite)
{
    return suite->auth == ANYCERT__AUTH_NONE && suite->exchange != ANYCERT__EXCHANGE_NONE &&
           !suite->export_grade;
}

static bool is_dsa(const struct anycert__suite *suite)
{
    return suite->auth == ANYCERT__AUTH_DSS && anycert__suite_protects(suite);
}

static bool is_static_rsa(const struct anycert__suite *suite)
{
    return suite->exchange == ANYCERT__EXCHANGE_RSA && anycert__suite_protects(suite);
}

static bool is_protecting(const struct anycert__suite *suite)
{
    return !suite->tls13 && anycert__suite_protects(suite);
}

static bool is_old(const struct anycert__suite *suite)
{
    return is_3des(suite) || is_idea(suite) || is_seed(suite) || is_rc4(suite) || is_des(suite) ||
           is_static_dh(suite) || is_draft(suite) || is_gost(suite);
}

static bool is_rare(const struct anycert__suite *suite)
{
    return is_protecting(suite) && ((suite->cipher == ANYCERT__SUITE_CAMELLIA && suite->aead) ||
                                    (suite->cipher == ANYCERT__SUITE_ARIA && !suite->aead));
}

static bool is_tls13(const struct anycert__suite *suite)
{
    return suite->tls13;
}

static bool is_before_tls13(const struct anycert__suite *suite)
{
    return !suite->tls13 && suite->exchange != ANYCERT__EXCHANGE_NONE;
}

/* SSL 3.0 had these and no others (RFC 6101 appendix A.6); the AES suites of RFC 3268 came later,
 * but servers of SSL 3.0 have them. */
static bool is_ssl3(const struct anycert__suite *suite)
{
    bool kerberos_or_secret = suite->id >= 0x001E && suite->id <= 0x002E;

    return suite->exchange != ANYCERT__EXCHANGE_NONE && suite->id < 0x0067 &&
           suite->mac != ANYCERT__MAC_SHA256 && !kerberos_or_secret;
}

static bool is_ssl3_protecting(const struct anycert__suite *suite)
{
    return is_ssl3(suite) && anycert__suite_protects(suite);
}

/* ---- the rest of a hello */

static void add_groups(struct anycert__hello *hello, bool finite_fields)
{
    ADD(hello, group, ANYCERT__HELLO_GROUPS_MAX, groups_today);
    for (size_t i = 0; i < anycert__named_group_count(); i++) {
        uint16_t id = anycert__named_group_at(i)->id;
        bool finite_field = id >= 0x0100 && id < 0x0200;
        bool hybrid = anycert__named_group_at(i)->share > 0 && id >= 0x0200;
        if (finite_field || hybrid ? finite_fields : true)
            anycert__hello_add(hello->groups, &hello->group_count, ANYCERT__HELLO_GROUPS_MAX, id);
    }
}

/* Takes those with an ML-KEM in them out again. */
static void keep_classical(struct anycert__hello *hello)
{
    size_t kept = 0;

    for (size_t i = 0; i < hello->group_count; i++) {
        const char *name = anycert__named_group_name(hello->groups[i]);

        if (!name || !(strstr(name, "MLKEM") || strstr(name, "Kyber")))
            hello->groups[kept++] = hello->groups[i];
    }
    hello->group_count = kept;
}

static void add_schemes(struct anycert__hello *hello)
{
    static const uint16_t every[] = {
        0x0809, 0x080A, 0x080B, 0x0808, 0x081A, 0x081B, 0x081C, 0x0708, 0x0301,
        0x0303, 0x0402, 0x0502, 0x0602, 0x0302, 0x0202, 0x0101, 0x0102, 0x0103,
    };

    ADD(hello, scheme, ANYCERT__HELLO_SCHEMES_MAX, schemes_today);
    ADD(hello, scheme, ANYCERT__HELLO_SCHEMES_MAX, every);
}

/* What everybody sends. */
static void dress(struct anycert__hello *hello)
{
    hello->renegotiation_info = true;
    hello->extended_master_secret = true;
    hello->encrypt_then_mac = true;
    hello->session_ticket = true;
}

/* The suites of today, those that protect at all, and the rest. */
static void fill_version(struct anycert__hello *hello, uint16_t version)
{
    hello->version = version;
    ADD(hello, suite, ANYCERT__HELLO_SUITES_MAX, suites_today);
    anycert__offer_add_suites(hello, is_protecting);
    anycert__offer_add_suites(hello, is_before_tls13);
    add_groups(hello, false);
    /* Before TLS 1.2 there are none, and a few old servers take offence (RFC 5246 appendix E.1). */
    if (version >= ANYCERT__TLS12)
        add_schemes(hello);
    dress(hello);
}

static void fill_ssl3(struct anycert__hello *hello)
{
    hello->version = ANYCERT__SSL3;
    hello->no_extensions = true;
    ADD(hello, suite, ANYCERT__HELLO_SUITES_MAX, suites_ssl3);
    anycert__offer_add_suites(hello, is_ssl3_protecting);
    anycert__offer_add_suites(hello, is_ssl3);
    hello->renegotiation_scsv = true;
}

static void fill_tls13(enum anycert__offer offer, struct anycert__hello *hello)
{
    bool new_groups = offer == ANYCERT__OFFER_TLS13 || offer == ANYCERT__OFFER_ML_DSA_ML_KEM;
    bool new_schemes = offer == ANYCERT__OFFER_ML_DSA || offer == ANYCERT__OFFER_ML_DSA_ML_KEM;

    hello->version = ANYCERT__TLS12;
    hello->versions[hello->version_count++] = ANYCERT__TLS13;
    hello->session_id_len = 32;
    ADD(hello, suite, ANYCERT__HELLO_SUITES_MAX, suites_tls13);
    anycert__offer_add_suites(hello, is_tls13);
    add_groups(hello, true);
    if (!new_groups)
        keep_classical(hello);
    add_schemes(hello);
    if (new_schemes)
        ADD(hello, scheme, ANYCERT__HELLO_SCHEMES_MAX, schemes_ml_dsa);
}

/* TLS 1.2 with these suites only. */
static void fill_only(struct anycert__hello *hello, bool (*wanted)(const struct anycert__suite *))
{
    hello->version = ANYCERT__TLS12;
    anycert__offer_add_suites(hello, wanted);
    add_groups(hello, false);
    add_schemes(hello);
    dress(hello);
}

static void fill_old(struct anycert__hello *hello)
{
    anycert__offer_add_suites(hello, is_3des);
    anycert__offer_add_suites(hello, is_idea);
    anycert__offer_add_suites(hello, is_seed);
    anycert__offer_add_suites(hello, is_static_dh);
    anycert__offer_add_suites(hello, is_draft);
    anycert__offer_add_suites(hello, is_rc4);
    fill_only(hello, is_old);
}

static void fill_today(struct anycert__hello *hello, size_t pad_to)
{
    hello->version = ANYCERT__TLS12;
    ADD(hello, suite, ANYCERT__HELLO_SUITES_MAX, suites_today);
    ADD(hello, group, ANYCERT__HELLO_GROUPS_MAX, groups_today);
    ADD(hello, scheme, ANYCERT__HELLO_SCHEMES_MAX, schemes_today);
    hello->renegotiation_info = true;
    hello->extended_master_secret = true;
    hello->pad_to = pad_to;
}

static void fill_modern(struct anycert__hello *hello, bool post_quantum)
{
    hello->version = ANYCERT__TLS12;
    hello->versions[hello->version_count++] = ANYCERT__TLS13;
    hello->versions[hello->version_count++] = ANYCERT__TLS12;
    hello->session_id_len = 32;
    ADD(hello, suite, ANYCERT__HELLO_SUITES_MAX, suites_tls13);
    if (post_quantum) {
        hello->groups[hello->group_count++] = 0x11EC;
        hello->shares[hello->share_count++] = 0x11EC;
    }
    hello->shares[hello->share_count++] = 0x001D;
    fill_today(hello, 0);
}

static void fill_bare(struct anycert__hello *hello)
{
    hello->version = ANYCERT__TLS12;
    hello->no_extensions = true;
    hello->renegotiation_scsv = true;
    ADD(hello, suite, ANYCERT__HELLO_SUITES_MAX, suites_today);
    anycert__offer_add_suites(hello, is_static_rsa);
}

static void fill_suites(enum anycert__offer offer, struct anycert__hello *hello)
{
    static bool (*const wanted[ANYCERT__OFFER_COUNT])(const struct anycert__suite *) = {
        [ANYCERT__OFFER_3DES] = is_3des,     [ANYCERT__OFFER_RC4] = is_rc4,
        [ANYCERT__OFFER_DES] = is_des,       [ANYCERT__OFFER_EXPORT] = is_export,
        [ANYCERT__OFFER_NULL] = is_null,     [ANYCERT__OFFER_ANONYMOUS] = is_anonymous,
        [ANYCERT__OFFER_SECRET] = is_secret, [ANYCERT__OFFER_KRB5] = is_krb5,
        [ANYCERT__OFFER_DSA] = is_dsa,       [ANYCERT__OFFER_STATIC_RSA] = is_static_rsa,
        [ANYCERT__OFFER_RARE] = is_rare,
    };

    fill_only(hello, wanted[offer]);
    hello->srp = offer == ANYCERT__OFFER_SECRET;
}

void anycert__offer_fill(enum anycert__offer offer, const char *sni, struct anycert__hello *hello)
{
    memset(hello, 0, sizeof *hello);
    if (sni && strlen(sni) < sizeof hello->sni)
        memcpy(hello->sni, sni, strlen(sni) + 1);
    switch (offer) {
    case ANYCERT__OFFER_SSL3:
        fill_ssl3(hello);
        break;
    case ANYCERT__OFFER_TLS10:
        fill_version(hello, ANYCERT__TLS10);
        break;
    case ANYCERT__OFFER_TLS11:
        fill_version(hello, ANYCERT__TLS11);
        break;
    case ANYCERT__OFFER_TLS12:
        fill_version(hello, ANYCERT__TLS12);
        break;
    case ANYCERT__OFFER_TLS13:
    case ANYCERT__OFFER_TLS13_CLASSICAL:
    case ANYCERT__OFFER_ML_DSA:
    case ANYCERT__OFFER_ML_DSA_ML_KEM:
        fill_tls13(offer, hello);
        break;
    case ANYCERT__OFFER_OLD:
        fill_old(hello);
        break;
    case ANYCERT__OFFER_SMALL:
        fill_today(hello, 0);
        break;
    case ANYCERT__OFFER_MIDDLE:
        fill_today(hello, 300);
        break;
    case ANYCERT__OFFER_BIG:
        fill_today(hello, 600);
        break;
    case ANYCERT__OFFER_MODERN:
        fill_modern(hello, false);
        break;
    case ANYCERT__OFFER_POST_QUANTUM:
        fill_modern(hello, true);
        break;
    case ANYCERT__OFFER_BARE:
        fill_bare(hello);
        break;
    case ANYCERT__OFFER_RARE:
    case ANYCERT__OFFER_3DES:
    case ANYCERT__OFFER_RC4:
    case ANYCERT__OFFER_DES:
    case ANYCERT__OFFER_EXPORT:
    case ANYCERT__OFFER_NULL:
    case ANYCERT__OFFER_ANONYMOUS:
    case ANYCERT__OFFER_SECRET:
    case ANYCERT__OFFER_KRB5:
    case ANYCERT__OFFER_DSA:
    case ANYCERT__OFFER_STATIC_RSA:
        fill_suites(offer, hello);
        break;
    case ANYCERT__OFFER_COUNT:
        break;
    }
}

const char *anycert__offer_id(enum anycert__offer offer)
{
    return offers[offer].id;
}

const char *anycert__offer_text(enum anycert__offer offer)
{
    return offers[offer].text;
}
