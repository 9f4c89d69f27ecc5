/* The judge of what was negotiated: every weakness against every relaxation of the protocol side.
 */
#include "support/judging.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

/* A link, and the relaxations that it needs, all of them ("" for a good one, NULL if there are none
 * that would do). */
struct row {
    const char *name;
    uint16_t version;
    const char *cipher;
    enum anycert__key_exchange key_exchange;
    enum anycert__cipher_mode mode;
    enum anycert__digest mac;
    bool legacy_cipher;
    const char *group;
    int group_bits;
    bool legacy_group;
    const char *signature;
    enum anycert__digest digest;
    bool no_secure_renegotiation, resumed;
    const char *needs;
    bool trust_any, antique; /* whether these rungs take it */
};

#define AEAD   ANYCERT__CIPHER_AEAD, ANYCERT__DIGEST_UNKNOWN
#define CBC    ANYCERT__CIPHER_CBC
#define STRONG ANYCERT__DIGEST_STRONG
#define SHA1   ANYCERT__DIGEST_SHA1
#define NODIG  ANYCERT__DIGEST_UNKNOWN
#define ECDHE  ANYCERT__KX_ECDHE
#define DHE    ANYCERT__KX_DHE
#define GCM    "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256"
#define RSAS   "RSA+SHA256", STRONG

static const struct row rows[] = {
    {"TLS 1.3", 0x0304, "TLS_AES_128_GCM_SHA256", ECDHE, AEAD, false, "X25519", 0, false, RSAS,
     false, false, "", true, true},
    {"TLS 1.3 with a finite field group", 0x0304, "TLS_AES_128_GCM_SHA256", DHE, AEAD, false,
     "ffdhe2048", 0, false, RSAS, false, false, "", true, true},
    {"TLS 1.3 whose group is unknown to the facts", 0x0304, "TLS_AES_128_GCM_SHA256",
     ANYCERT__KX_UNKNOWN, AEAD, false, "", 0, false, RSAS, true, false, "", true, true},
    {"TLS 1.2", 0x0303, GCM, ECDHE, AEAD, false, "secp256r1", 0, false, RSAS, false, false, "",
     true, true},
    {"TLS 1.2 CBC with SHA-256", 0x0303, "TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA256", ECDHE, CBC,
     STRONG, false, "secp256r1", 0, false, RSAS, false, false, "", true, true},
    {"TLS 1.1", 0x0302, "TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA", ECDHE, CBC, SHA1, false, "secp256r1",
     0, false, "RSA+MD5-SHA1", ANYCERT__DIGEST_MD5_SHA1, false, false, "tls1.1", false, true},
    {"TLS 1.0", 0x0301, "TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA", ECDHE, CBC, SHA1, false, "secp256r1",
     0, false, "RSA+MD5-SHA1", ANYCERT__DIGEST_MD5_SHA1, false, false, "tls1.0", false, true},
    {"TLS 1.0 with an ECDSA signature", 0x0301, "TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA", ECDHE, CBC,
     SHA1, false, "secp256r1", 0, false, "ECDSA+SHA1", SHA1, false, false, "tls1.0", false, true},
    {"TLS 1.0 static RSA", 0x0301, "TLS_RSA_WITH_AES_128_CBC_SHA", ANYCERT__KX_RSA, CBC, SHA1,
     false, "", 0, false, "", NODIG, false, false, "tls1.0+rsa-key-exchange", false, true},
    {"SSL 3.0", 0x0300, GCM, ECDHE, AEAD, false, "secp256r1", 0, false, RSAS, false, false, NULL,
     false, false},
    {"no version at all", 0, GCM, ECDHE, AEAD, false, "secp256r1", 0, false, RSAS, false, false,
     NULL, false, false},
    {"a version from the future", 0x0305, GCM, ECDHE, AEAD, false, "X25519", 0, false, RSAS, false,
     false, NULL, false, false},
    {"static RSA with GCM", 0x0303, "TLS_RSA_WITH_AES_128_GCM_SHA256", ANYCERT__KX_RSA, AEAD, false,
     "", 0, false, "", NODIG, false, false, "rsa-key-exchange", true, true},
    {"static RSA with CBC-SHA1", 0x0303, "TLS_RSA_WITH_AES_128_CBC_SHA", ANYCERT__KX_RSA, CBC, SHA1,
     false, "", 0, false, "", NODIG, false, false, "rsa-key-exchange+cbc-sha1", true, true},
    {"an anonymous or pre-shared key exchange", 0x0303, "TLS_DH_anon_WITH_AES_128_GCM_SHA256",
     ANYCERT__KX_OTHER, AEAD, false, "", 0, false, "", NODIG, false, false, NULL, false, false},
    {"an unknown key exchange", 0x0303, GCM, ANYCERT__KX_UNKNOWN, AEAD, false, "", 0, false, RSAS,
     false, false, NULL, false, false},
    {"a key exchange that is no enumerator", 0x0303, GCM, (enum anycert__key_exchange)77, AEAD,
     false, "", 0, false, RSAS, false, false, NULL, false, false},
    {"DHE 2048", 0x0303, "TLS_DHE_RSA_WITH_AES_128_GCM_SHA256", DHE, AEAD, false, "DH", 2048, false,
     RSAS, false, false, "", true, true},
    {"DHE 2047", 0x0303, "TLS_DHE_RSA_WITH_AES_128_GCM_SHA256", DHE, AEAD, false, "DH", 2047, false,
     RSAS, false, false, "small-dh", true, true},
    {"DHE 1024", 0x0303, "TLS_DHE_RSA_WITH_AES_128_GCM_SHA256", DHE, AEAD, false, "DH", 1024, true,
     RSAS, false, false, "small-dh", true, true},
    {"DHE 1023", 0x0303, "TLS_DHE_RSA_WITH_AES_128_GCM_SHA256", DHE, AEAD, false, "DH", 1023, false,
     RSAS, false, false, NULL, false, true},
    {"DHE 512", 0x0303, "TLS_DHE_RSA_WITH_AES_128_GCM_SHA256", DHE, AEAD, false, "DH", 512, false,
     RSAS, false, false, NULL, false, true},
    {"DHE 511", 0x0303, "TLS_DHE_RSA_WITH_AES_128_GCM_SHA256", DHE, AEAD, false, "DH", 511, false,
     RSAS, false, false, NULL, false, false},
    {"DHE of unknown size", 0x0303, "TLS_DHE_RSA_WITH_AES_128_GCM_SHA256", DHE, AEAD, false, "", 0,
     false, RSAS, false, false, NULL, false, false},
    {"DHE of a resumed session", 0x0303, "TLS_DHE_RSA_WITH_AES_128_GCM_SHA256", DHE, AEAD, false,
     "", 0, false, "", NODIG, false, true, "", true, true},
    {"a rare group", 0x0303, GCM, ECDHE, AEAD, false, "secp192r1", 0, true, RSAS, false, false,
     "legacy-groups", false, true},
    {"CBC with SHA-1", 0x0303, "TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA", ECDHE, CBC, SHA1, false,
     "secp256r1", 0, false, RSAS, false, false, "cbc-sha1", true, true},
    {"CBC with MD5", 0x0303, "TLS_RSA_WITH_AES_128_CBC_MD5", ECDHE, CBC, ANYCERT__DIGEST_MD5, false,
     "secp256r1", 0, false, RSAS, false, false, NULL, false, false},
    {"CBC with an unknown digest", 0x0303, GCM, ECDHE, CBC, NODIG, false, "secp256r1", 0, false,
     RSAS, false, false, NULL, false, false},
    {"CCM_8, which trust-any's list has", 0x0303, "TLS_ECDHE_ECDSA_WITH_AES_128_CCM_8", ECDHE, AEAD,
     true, "secp256r1", 0, false, RSAS, false, false, "legacy-ciphers", true, true},
    {"Camellia, which it does not have", 0x0303, "TLS_ECDHE_RSA_WITH_CAMELLIA_128_GCM_SHA256",
     ECDHE, AEAD, true, "secp256r1", 0, false, RSAS, false, false, "legacy-ciphers", false, true},
    {"Camellia with CBC and SHA-1 has two weaknesses", 0x0303,
     "TLS_DHE_RSA_WITH_CAMELLIA_128_CBC_SHA", DHE, CBC, SHA1, true, "DH", 2048, false, RSAS, false,
     false, "cbc-sha1+legacy-ciphers", false, true},
    {"a stream or NULL cipher", 0x0303, "TLS_RSA_WITH_RC4_128_SHA", ECDHE, ANYCERT__CIPHER_OTHER,
     SHA1, false, "secp256r1", 0, false, RSAS, false, false, NULL, false, false},
    {"an unknown cipher", 0x0303, "", ECDHE, ANYCERT__CIPHER_UNKNOWN, NODIG, false, "secp256r1", 0,
     false, RSAS, false, false, NULL, false, false},
    {"a handshake signed with SHA-1", 0x0303, GCM, ECDHE, AEAD, false, "secp256r1", 0, false,
     "RSA+SHA1", SHA1, false, false, "sha1-handshake", false, true},
    {"a TLS 1.3 handshake signed with SHA-1", 0x0304, GCM, ECDHE, AEAD, false, "X25519", 0, false,
     "RSA+SHA1", SHA1, false, false, NULL, false, false},
    {"a TLS 1.2 handshake signed with MD5 and SHA-1", 0x0303, GCM, ECDHE, AEAD, false, "secp256r1",
     0, false, "RSA+MD5-SHA1", ANYCERT__DIGEST_MD5_SHA1, false, false, NULL, false, false},
    {"a handshake signed with MD5", 0x0303, GCM, ECDHE, AEAD, false, "secp256r1", 0, false,
     "RSA+MD5", ANYCERT__DIGEST_MD5, false, false, NULL, false, false},
    {"a handshake signed in an unknown way", 0x0303, GCM, ECDHE, AEAD, false, "secp256r1", 0, false,
     "gost", NODIG, false, false, NULL, false, false},
    {"no RFC 5746", 0x0303, GCM, ECDHE, AEAD, false, "secp256r1", 0, false, RSAS, true, false,
     "legacy-renegotiation", true, true},
    {"TLS 1.0 without RFC 5746", 0x0301, "TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA", ECDHE, CBC, SHA1,
     false, "secp256r1", 0, false, "RSA+MD5-SHA1", ANYCERT__DIGEST_MD5_SHA1, true, false,
     "legacy-renegotiation+tls1.0", false, true},
};
#define ROW_COUNT (sizeof(rows) / sizeof(rows[0]))

static struct anycert__facts *facts_of(const struct row *row)
{
    struct anycert__facts *facts = sample_facts();
    struct anycert__negotiated *negotiated = &facts->negotiated;
    *negotiated = (struct anycert__negotiated){
        .version = row->version,
        .key_exchange = row->key_exchange,
        .mode = row->mode,
        .mac = row->mac,
        .legacy_cipher = row->legacy_cipher,
        .group_bits = row->group_bits,
        .legacy_group = row->legacy_group,
        .signature_digest = row->digest,
        .secure_renegotiation = !row->no_secure_renegotiation,
        .resumed = row->resumed,
    };
    snprintf(negotiated->cipher, sizeof(negotiated->cipher), "%s", row->cipher);
    snprintf(negotiated->group, sizeof(negotiated->group), "%s", row->group);
    snprintf(negotiated->signature, sizeof(negotiated->signature), "%s", row->signature);
    return facts;
}

static void expect(const struct row *row, struct anycert__facts *facts, const char *policy,
                   bool accepted)
{
    enum anycert_verdict verdict = verdict_of(facts, policy);
    if ((verdict == ANYCERT_PASS || verdict == ANYCERT_RELAXED) != accepted)
        fail_msg("%s under %s: verdict %d", row->name, policy, (int)verdict);
}

/* "hardened" with all the names in needs but the nth; false if there are no more. */
static bool policy_without(const char *needs, size_t nth, char *out, size_t size)
{
    bool dropped = false;
    size_t index = 0;
    int at = snprintf(out, size, "hardened");
    for (const char *p = needs; *p != '\0'; index++) {
        int len = (int)strcspn(p, "+");
        if (index == nth)
            dropped = true;
        else
            at += snprintf(out + at, size - (size_t)at, "+%.*s", len, p);
        p += len;
        p += *p == '+';
    }
    return dropped;
}

static void judge_negotiated_needs_exactly_its_relaxations(void **state)
{
    (void)state;
    for (size_t i = 0; i < ROW_COUNT; i++) {
        const struct row *row = &rows[i];
        struct anycert__facts *facts = facts_of(row);
        char policy[200];
        expect(row, facts, "hardened", row->needs != NULL && row->needs[0] == '\0');
        if (row->needs != NULL && row->needs[0] != '\0') {
            snprintf(policy, sizeof(policy), "hardened+%s", row->needs);
            expect(row, facts, policy, true);
            for (size_t n = 0; policy_without(row->needs, n, policy, sizeof(policy)); n++)
                expect(row, facts, policy, false);
        }
        expect(row, facts, "trust-any", row->trust_any);
        expect(row, facts, "report-only", row->trust_any);
        expect(row, facts, "antique", row->antique);
        anycert__facts_unref(facts);
    }
}

/* Everything that can be allowed by name, and still no more than what the rows say. */
static void judge_negotiated_without_relaxation_fails_under_all_of_them(void **state)
{
    char policy[1024];
    const struct anycert_relaxation *r = NULL;
    int at = snprintf(policy, sizeof(policy), "hardened");
    (void)state;
    while ((r = anycert_relaxation_next(r)) != NULL)
        at += snprintf(policy + at, sizeof(policy) - (size_t)at, "+%s", anycert_relaxation_name(r));
    for (size_t i = 0; i < ROW_COUNT; i++) {
        struct anycert__facts *facts = facts_of(&rows[i]);
        expect(&rows[i], facts, policy, rows[i].needs != NULL);
        anycert__facts_unref(facts);
    }
}

static void judge_weak_protocol_still_authenticates(void **state)
{
    (void)state;
    for (size_t i = 0; i < ROW_COUNT; i++) {
        struct anycert__facts *facts = facts_of(&rows[i]);
        struct anycert_report *report = judge(facts, "antique");
        /* only what no relaxation names, such as a 512-bit group, gives authentication up */
        assert_int_equal(anycert_report_peer_authenticated(report), rows[i].needs != NULL);
        anycert_report_free(report);
        anycert__facts_unref(facts);
    }
}

/* The server's own key can be on a curve that hardened does not offer, whatever the group. */
static void judge_curve_of_the_key_counts_as_group(void **state)
{
    static const struct {
        const char *curve, *policy;
        bool accepted;
    } curves[] = {
        {"", "hardened", true},
        {"P-256", "hardened", true},
        {"P-521", "hardened", true},
        {"secp256k1", "hardened", false},
        {"brainpoolP256r1", "hardened+weak-key", false},
        {"secp256k1", "trust-any", false},
        {"secp256k1", "hardened+legacy-groups", true},
        {"secp256k1", "antique", true},
    };
    (void)state;
    for (size_t i = 0; i < sizeof(curves) / sizeof(curves[0]); i++) {
        struct anycert__facts *facts = facts_of(&rows[0]);
        sample_string(&facts->validated[0].curve, curves[i].curve);
        expect(&rows[0], facts, curves[i].policy, curves[i].accepted);
        anycert__facts_unref(facts);
    }
}

static void judge_size_of_the_chain_is_limited(void **state)
{
    static const size_t sizes[] = {1000, 100 * 1024 - 6, 100 * 1024 - 5, 1000000};
    (void)state;
    for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
        struct anycert__facts *facts = facts_of(&rows[0]);
        bool fits = i < 2;
        for (size_t k = 0; k < facts->presented_count; k++)
            facts->presented[k].der_len = k == 0 ? sizes[i] - 3 * (facts->presented_count - 1) : 0;
        expect(&rows[0], facts, "hardened", fits);
        expect(&rows[0], facts, "hardened+expired+legacy-groups", fits);
        expect(&rows[0], facts, "hardened+oversized-chain", true);
        anycert__facts_unref(facts);
    }
}

static void judge_details_say_what_was_negotiated(void **state)
{
    static const struct {
        const char *row, *check, *detail;
    } wanted[] = {
        {"static RSA with CBC-SHA1", "key-exchange",
         "TLS_RSA_WITH_AES_128_CBC_SHA: static RSA key exchange, no forward secrecy"},
        {"static RSA with CBC-SHA1", "cipher", "TLS_RSA_WITH_AES_128_CBC_SHA: CBC with SHA-1"},
        {"static RSA with CBC-SHA1", "group", "static RSA has no group"},
        {"TLS 1.0", "protocol", "TLSv1.0: TLS 1.2 or newer is required"},
        {"a version from the future", "protocol", "0x0305: TLS 1.2 or newer is required"},
        {"DHE 1024", "group", "DH 1024 bits: 2048 bits are required"},
        {"DHE 2048", "group", "DH 2048 bits"},
        {"no RFC 5746", "renegotiation",
         "TLSv1.2: the server lacks secure renegotiation (RFC 5746)"},
        {"a handshake signed with SHA-1", "handshake-signature", "RSA+SHA1: signed with SHA-1"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof(wanted) / sizeof(wanted[0]); i++) {
        size_t k = 0;
        while (strcmp(rows[k].name, wanted[i].row) != 0)
            k++;
        struct anycert__facts *facts = facts_of(&rows[k]);
        struct anycert_report *report = judge(facts, "trust-any");
        assert_string_equal(anycert_check_detail(find_check(report, wanted[i].check)),
                            wanted[i].detail);
        anycert_report_free(report);
        anycert__facts_unref(facts);
    }
}

/* ---- the judge's two answers ---- */

static uint32_t next_random(uint32_t *seed)
{
    *seed ^= *seed << 13;
    *seed ^= *seed >> 17;
    *seed ^= *seed << 5;
    return *seed;
}

static bool chance(uint32_t *seed, uint32_t one_in)
{
    return next_random(seed) % one_in == 0;
}

static struct anycert__facts *random_facts(uint32_t *seed)
{
    struct anycert__facts *facts = facts_of(&rows[next_random(seed) % ROW_COUNT]);
    static const int likely[] = {2, 7, 9, 10, 18, 20, 23, 25, 26, 62, 66, 68, 79, 94, 200};
    for (uint32_t n = next_random(seed) % 4; n > 0; n--)
        sample_error(facts, likely[next_random(seed) % 15], (int)(next_random(seed) % 5) - 1);
    for (size_t i = 0; i < facts->validated_count; i++) {
        struct anycert__certificate *certificate = &facts->validated[i];
        certificate->not_after += (int64_t)(next_random(seed) % 300 - 100) * SAMPLE_DAY;
        certificate->not_before += (int64_t)(next_random(seed) % 40) * SAMPLE_DAY;
        certificate->dates_readable = !chance(seed, 5);
        certificate->key_bits = (int)(next_random(seed) % 4096);
        certificate->signature_sha1 = chance(seed, 2);
        certificate->signature_md5 = chance(seed, 4);
    }
    facts->name_match = !chance(seed, 4);
    facts->cn_match = chance(seed, 2);
    facts->has_dns_or_ip_name = !chance(seed, 3);
    facts->identity_is_ip = chance(seed, 4);
    facts->verified = !chance(seed, 8);
    facts->verify_broke = chance(seed, 12);
    facts->complete = !chance(seed, 6);
    facts->revocation = (enum anycert_revocation)(next_random(seed) % 6 / 2 % 3);
    if (chance(seed, 8))
        sample_string(&facts->identity, "");
    return facts;
}

static void judge_accepts_agrees_with_the_report(void **state)
{
    static const char *const policies[] = {
        "hardened",
        "hardened+expired+not-yet-valid",
        "hardened+self-signed+untrusted-issuer+expired+wrong-host+weak-key",
        "hardened+tls1.0+rsa-key-exchange+cbc-sha1+small-dh",
        ("hardened pin=" SAMPLE_PIN),
        ("pinned pin=" SAMPLE_PIN),
        "tofu",
        "trust-any",
        "report-only for=hardened+expired",
        "antique",
    };
    enum { POLICIES = sizeof(policies) / sizeof(policies[0]) };
    struct anycert_policy *parsed[POLICIES];
    uint32_t seed = 20260601;
    size_t accepted = 0, refused = 0;
    (void)state;
    for (size_t i = 0; i < POLICIES; i++)
        parsed[i] = policy_of(policies[i]);
    for (int round = 0; round < 4000; round++) {
        struct anycert__facts *facts = random_facts(&seed);
        int64_t now = SAMPLE_NOW + (int64_t)(next_random(&seed) % 200 - 50) * SAMPLE_DAY;
        for (size_t i = 0; i < 2 * (size_t)POLICIES; i++) {
            enum anycert__judge_scope scope =
                i % 2 ? ANYCERT__JUDGE_ALL : ANYCERT__JUDGE_CERTIFICATES;
            struct anycert_report *report = anycert__judge(facts, parsed[i / 2], now, scope, NULL);
            bool accepts = anycert__judge_accepts(facts, parsed[i / 2], now, scope);
            require_agreement(report, accepts, scope);
            accepted += accepts;
            refused += !accepts;
            anycert_report_free(report);
        }
        anycert__facts_unref(facts);
    }
    for (size_t i = 0; i < POLICIES; i++)
        anycert_policy_free(parsed[i]);
    /* the property says something only if both happen often */
    assert_true(accepted > 1000 && refused > 1000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(judge_negotiated_needs_exactly_its_relaxations),
        cmocka_unit_test(judge_negotiated_without_relaxation_fails_under_all_of_them),
        cmocka_unit_test(judge_weak_protocol_still_authenticates),
        cmocka_unit_test(judge_curve_of_the_key_counts_as_group),
        cmocka_unit_test(judge_size_of_the_chain_is_limited),
        cmocka_unit_test(judge_details_say_what_was_negotiated),
        cmocka_unit_test(judge_accepts_agrees_with_the_report),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
