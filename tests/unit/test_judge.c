/* The judge of certificates: facts x policies, without a network. */
#include "support/judging.h"

#include "verdict/checks.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define HIGHEST_CODE  130
#define HIGHEST_DEPTH 3

enum depth { ANY, LEAF, ABOVE };

/* What each relaxation lets through, written down by hand from the policy's documentation and not
 * from the table that the judge uses. */
static const struct allowed {
    const char *relaxation;
    int codes[5];
    enum depth depth;
} allowed[] = {
    {"untrusted-issuer", {2, 19, 20, 21}, ANY},
    {"self-signed", {18}, LEAF},
    {"expired", {10}, ANY},
    {"not-yet-valid", {9}, ANY},
    {"wrong-host", {62, 64}, ANY},
    {"common-name", {62}, LEAF},
    {"weak-key", {66, 67}, ANY},
    {"weak-signature", {68}, ANY},
    {"wrong-purpose", {26}, LEAF},
    {"invalid-ca", {79, 32}, ANY},
    {"invalid-ca", {26}, ABOVE},
    {"path-length", {25}, ANY},
    {"name-constraints", {47, 48}, ANY},
    {"critical-extension", {34}, ANY},
    {"explicit-curve", {94}, ANY},
};
#define ALLOWED_COUNT (sizeof(allowed) / sizeof(allowed[0]))

/* Facts in which every condition of a relaxation holds: weak RSA keys, SHA-1, only a common name.
 */
static struct anycert__facts *facts_with(int code, int depth, bool conditions)
{
    struct anycert__facts *facts = sample_facts();
    for (size_t i = 0; i < facts->validated_count; i++) {
        struct anycert__certificate *certificate = &facts->validated[i];
        certificate->dates_readable = false;
        sample_string(&certificate->key_type, "RSA");
        certificate->key_bits = conditions ? 1024 : 1023;
        certificate->signature_sha1 = conditions;
        certificate->signature_md5 = !conditions;
    }
    facts->has_dns_or_ip_name = false;
    facts->cn_match = conditions;
    sample_error(facts, code, depth);
    return facts;
}

static bool is_allowed(const char *relaxation, int code, int depth, bool conditions)
{
    for (size_t i = 0; i < ALLOWED_COUNT; i++) {
        const struct allowed *row = &allowed[i];
        bool here = row->depth == ANY || (row->depth == LEAF) == (depth == 0);
        bool conditional = strcmp(relaxation, "common-name") == 0 ||
                           strcmp(relaxation, "weak-key") == 0 ||
                           strcmp(relaxation, "weak-signature") == 0;
        /* the sample chain ends at depth 2: of a certificate beyond it nothing is known */
        bool known = depth < 3 || strcmp(relaxation, "common-name") == 0;
        if (strcmp(row->relaxation, relaxation) != 0 || !here ||
            (conditional && !(conditions && known)))
            continue;
        for (size_t k = 0; k < 5 && row->codes[k] != 0; k++) {
            if (row->codes[k] == code)
                return true;
        }
    }
    return false;
}

static void check_code(const struct anycert_relaxation *relaxation, int code, int depth,
                       bool conditions)
{
    char policy[80];
    const char *name = relaxation != NULL ? anycert_relaxation_name(relaxation) : "";
    snprintf(policy, sizeof(policy), "hardened%s%s", relaxation != NULL ? "+" : "", name);
    struct anycert__facts *facts = facts_with(code, depth, conditions);
    enum anycert_verdict expected =
        is_allowed(name, code, depth, conditions) ? ANYCERT_RELAXED : ANYCERT_FAIL;
    enum anycert_verdict verdict = verdict_of(facts, policy);
    if (verdict != expected)
        fail_msg("code %d at depth %d (conditions %d) under %s: verdict %d, expected %d", code,
                 depth, conditions, policy, (int)verdict, (int)expected);
    anycert__facts_unref(facts);
}

static void judge_each_code_passes_with_its_relaxation_only(void **state)
{
    (void)state;
    for (int code = -1; code <= HIGHEST_CODE; code++) {
        for (int depth = 0; depth <= HIGHEST_DEPTH; depth++) {
            const struct anycert_relaxation *relaxation = NULL;
            do {
                relaxation = anycert_relaxation_next(relaxation);
                check_code(relaxation, code, depth, true);
                check_code(relaxation, code, depth, false);
            } while (relaxation != NULL);
        }
    }
}

static void judge_each_code_under_rungs_that_accept_any(void **state)
{
    static const char *const rungs[] = {"trust-any", "report-only", "antique"};
    (void)state;
    for (int code = -1; code <= HIGHEST_CODE; code++) {
        for (int depth = 0; depth <= HIGHEST_DEPTH; depth++) {
            struct anycert__facts *facts = facts_with(code, depth, false);
            for (size_t i = 0; i < 3; i++) {
                struct anycert_report *report = judge(facts, rungs[i]);
                assert_int_equal(anycert_report_verdict(report), ANYCERT_RELAXED);
                assert_int_equal(anycert_report_reference_verdict(report), ANYCERT_FAIL);
                anycert_report_free(report);
            }
            anycert__facts_unref(facts);
        }
    }
}

static void judge_good_facts_pass(void **state)
{
    (void)state;
    struct anycert__facts *facts = sample_facts();
    struct anycert_report *report = judge(facts, "hardened");
    const struct anycert_check *check = NULL;
    size_t count = 0;
    assert_int_equal(anycert_report_verdict(report), ANYCERT_PASS);
    assert_int_equal(anycert_report_reference_verdict(report), ANYCERT_PASS);
    assert_true(anycert_report_peer_authenticated(report));
    assert_string_equal(anycert_report_authenticated_by(report), "chain");
    while ((check = anycert_report_next_check(report, check)) != NULL) {
        bool revocation = strcmp(anycert_check_id(check), "revocation") == 0;
        assert_int_equal(anycert_check_verdict(check),
                         revocation ? ANYCERT_NOT_CHECKED : ANYCERT_PASS);
        assert_null(anycert_check_relaxation(check));
        assert_true(anycert_check_detail(check)[0] != '\0');
        count += count == ANYCERT__CHECK_PIN;    /* is only there where a pin is wanted */
        count += count == ANYCERT__CHECK_RECORD; /* likewise, of the trust store */
        assert_int_equal(
            anycert__check_name((enum anycert__check_id)count) == anycert_check_id(check), true);
        count++;
    }
    assert_int_equal(count, ANYCERT__CHECK_COUNT);
    anycert_report_free(report);
    anycert__facts_unref(facts);
}

static void judge_null_policy_is_hardened(void **state)
{
    (void)state;
    struct anycert__facts *facts = sample_self_signed();
    struct anycert_report *report =
        anycert__judge(facts, NULL, SAMPLE_NOW, ANYCERT__JUDGE_ALL, NULL);
    assert_int_equal(anycert_report_verdict(report), ANYCERT_FAIL);
    assert_string_equal(anycert_report_policy(report), "hardened");
    assert_string_equal(anycert_report_reference(report), "hardened");
    assert_false(anycert__judge_accepts(facts, NULL, SAMPLE_NOW, ANYCERT__JUDGE_ALL));
    anycert_report_free(report);
    anycert__facts_unref(facts);
}

static void x509_meaning_fits_its_code(void **state)
{
    (void)state;
    for (int code = 1; code <= 95; code++) {
        assert_int_equal(anycert__x509_meaning(code, 0)->code, code);
        assert_true(strlen(anycert__x509_meaning(code, 0)->text) > 5);
    }
    assert_int_equal(anycert__x509_meaning(0, 0)->code, 0);
    assert_int_equal(anycert__x509_meaning(96, 0)->check, ANYCERT__CHECK_OTHER);
    assert_int_equal(anycert__x509_meaning(-1, 0)->check, ANYCERT__CHECK_OTHER);
    assert_int_equal(anycert__x509_meaning(26, 0)->check, ANYCERT__CHECK_PURPOSE);
    assert_int_equal(anycert__x509_meaning(26, 1)->check, ANYCERT__CHECK_AUTHORITY);
}

/* ---- rows: facts, a policy, and what comes out ---- */

struct row {
    const char *name;
    const char *policy;
    int codes[3][2];   /* code, depth; a code 0 ends the list */
    const char *check; /* whose verdict is looked at; NULL for the whole */
    enum anycert_verdict verdict;
    enum anycert_verdict reference;
    bool authenticated;
};

static const struct row rows[] = {
    {"self-signed is relaxed but nobody is authenticated",
     "hardened+self-signed",
     {{18, 0}},
     "trust",
     ANYCERT_RELAXED,
     ANYCERT_FAIL,
     false},
    {"self-signed above the leaf has no relaxation",
     "hardened+self-signed+untrusted-issuer",
     {{18, 1}},
     NULL,
     ANYCERT_FAIL,
     ANYCERT_FAIL,
     false},
    {"untrusted-issuer does not cover self-signed",
     "hardened+untrusted-issuer",
     {{18, 0}},
     NULL,
     ANYCERT_FAIL,
     ANYCERT_FAIL,
     false},
    {"two defects need both: only the first",
     "hardened+self-signed",
     {{18, 0}, {26, 0}},
     NULL,
     ANYCERT_FAIL,
     ANYCERT_FAIL,
     false},
    {"two defects need both: only the second",
     "hardened+wrong-purpose",
     {{18, 0}, {26, 0}},
     NULL,
     ANYCERT_FAIL,
     ANYCERT_FAIL,
     false},
    {"two defects need both: both",
     "hardened+self-signed+wrong-purpose",
     {{18, 0}, {26, 0}},
     NULL,
     ANYCERT_RELAXED,
     ANYCERT_FAIL,
     false},
    {"weak-signature covers SHA-1 only",
     "hardened+weak-signature",
     {{68, 0}, {68, 1}},
     NULL,
     ANYCERT_FAIL,
     ANYCERT_FAIL,
     false},
    {"wrong-purpose keeps authentication",
     "hardened+wrong-purpose",
     {{26, 0}},
     "purpose",
     ANYCERT_RELAXED,
     ANYCERT_FAIL,
     true},
    {"wrong purpose of a CA belongs to authority",
     "hardened+invalid-ca",
     {{26, 1}},
     "authority",
     ANYCERT_RELAXED,
     ANYCERT_FAIL,
     false},
    {"wrong-purpose does not cover a CA",
     "hardened+wrong-purpose",
     {{26, 1}},
     "authority",
     ANYCERT_FAIL,
     ANYCERT_FAIL,
     false},
    {"trust-any over a harmless defect still authenticates",
     "trust-any",
     {{25, 1}},
     "path-length",
     ANYCERT_RELAXED,
     ANYCERT_FAIL,
     true},
    {"trust-any over an unknown issuer does not",
     "trust-any",
     {{20, 0}},
     "trust",
     ANYCERT_RELAXED,
     ANYCERT_FAIL,
     false},
    {"trust-any over a bad signature does not",
     "trust-any",
     {{7, 0}},
     "signatures",
     ANYCERT_RELAXED,
     ANYCERT_FAIL,
     false},
    {"trust-any over an unknown code does not",
     "trust-any",
     {{4711, 0}},
     "certificate",
     ANYCERT_RELAXED,
     ANYCERT_FAIL,
     false},
    {"trust-any over malformed dates does not",
     "trust-any",
     {{13, 0}},
     "dates",
     ANYCERT_RELAXED,
     ANYCERT_FAIL,
     false},
    {"revoked is told under trust-any",
     "trust-any",
     {{23, 0}},
     "revocation",
     ANYCERT_RELAXED,
     ANYCERT_FAIL,
     false},
    {"revoked is told under antique",
     "antique",
     {{23, 1}},
     "revocation",
     ANYCERT_RELAXED,
     ANYCERT_FAIL,
     false},
    {"report-only compares with its target",
     "report-only for=hardened+self-signed",
     {{18, 0}},
     "trust",
     ANYCERT_RELAXED,
     ANYCERT_RELAXED,
     false},
    {"report-only says what its target refuses",
     "report-only for=hardened+expired",
     {{18, 0}},
     "trust",
     ANYCERT_RELAXED,
     ANYCERT_FAIL,
     false},
};

static void judge_row(const struct row *row)
{
    struct anycert__facts *facts = sample_facts();
    for (size_t i = 0; i < 3 && row->codes[i][0] != 0; i++)
        sample_error(facts, row->codes[i][0], row->codes[i][1]);
    struct anycert_report *report = judge(facts, row->policy);
    enum anycert_verdict verdict = anycert_report_verdict(report);
    enum anycert_verdict reference = anycert_report_reference_verdict(report);
    if (row->check != NULL) {
        const struct anycert_check *check = find_check(report, row->check);
        verdict = anycert_check_verdict(check);
        reference = anycert_check_reference_verdict(check);
    }
    if (verdict != row->verdict || reference != row->reference ||
        (anycert_report_peer_authenticated(report) == 1) != row->authenticated)
        fail_msg("%s: verdict %d, reference %d, authenticated %d", row->name, (int)verdict,
                 (int)reference, anycert_report_peer_authenticated(report));
    anycert_report_free(report);
    anycert__facts_unref(facts);
}

static void judge_table_of_facts_and_policies(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        judge_row(&rows[i]);
}

/* ---- names ---- */

static void judge_common_name_covers_only_the_matching_one(void **state)
{
    (void)state;
    struct anycert__facts *facts = sample_facts();
    facts->name_match = false;
    facts->cn_match = true;
    sample_error(facts, 62, 0);
    assert_int_equal(verdict_of(facts, "hardened+common-name"), ANYCERT_FAIL);
    facts->has_dns_or_ip_name = false;
    assert_int_equal(verdict_of(facts, "hardened+common-name"), ANYCERT_RELAXED);
    struct anycert_report *report = judge(facts, "hardened+common-name");
    assert_true(anycert_report_peer_authenticated(report));
    assert_string_equal(anycert_check_relaxation(find_check(report, "name")), "common-name");
    anycert_report_free(report);
    report = judge(facts, "hardened+wrong-host");
    assert_string_equal(anycert_check_relaxation(find_check(report, "name")), "wrong-host");
    anycert_report_free(report);
    report = judge(facts, "hardened");
    assert_string_equal(anycert_check_relaxation(find_check(report, "name")), "common-name");
    anycert_report_free(report);
    facts->cn_match = false;
    assert_int_equal(verdict_of(facts, "hardened+common-name"), ANYCERT_FAIL);
    anycert__facts_unref(facts);
}

static void judge_unrecorded_mismatch_fails_all_the_same(void **state)
{
    (void)state;
    struct anycert__facts *facts = sample_facts();
    facts->name_match = false;
    struct anycert_report *report = judge(facts, "hardened");
    assert_int_equal(anycert_check_x509_code(find_check(report, "name")), 62);
    assert_int_equal(anycert_report_verdict(report), ANYCERT_FAIL);
    anycert_report_free(report);
    facts->identity_is_ip = true;
    report = judge(facts, "hardened");
    assert_int_equal(anycert_check_x509_code(find_check(report, "name")), 64);
    anycert_report_free(report);
    anycert__facts_unref(facts);
}

static void judge_without_identity_authenticates_nobody(void **state)
{
    (void)state;
    struct anycert__facts *facts = sample_facts();
    sample_string(&facts->identity, "");
    facts->name_match = false;
    struct anycert_report *report = judge(facts, "hardened");
    assert_int_equal(anycert_check_verdict(find_check(report, "name")), ANYCERT_NOT_CHECKED);
    assert_int_equal(anycert_report_verdict(report), ANYCERT_PASS);
    assert_false(anycert_report_peer_authenticated(report));
    anycert_report_free(report);
    anycert__facts_unref(facts);
}

/* ---- strength ---- */

static const struct strength {
    const char *name;
    const char *key_type;
    int bits;
    int code, depth;
    enum anycert_verdict verdict;
} strengths[] = {
    {"RSA at the floor", "RSA", 1024, 66, 0, ANYCERT_RELAXED},
    {"RSA below the floor", "RSA", 1023, 66, 0, ANYCERT_FAIL},
    {"RSA-PSS at the floor", "RSA-PSS", 1024, 66, 0, ANYCERT_RELAXED},
    {"DSA at the floor", "DSA", 1024, 66, 0, ANYCERT_RELAXED},
    {"DSA below the floor", "DSA", 512, 66, 0, ANYCERT_FAIL},
    {"EC at the floor", "EC", 160, 66, 0, ANYCERT_RELAXED},
    {"EC below the floor", "EC", 159, 66, 0, ANYCERT_FAIL},
    {"an unknown kind of key", "gost2001", 4096, 66, 0, ANYCERT_FAIL},
    {"an intermediate's key at the floor", "RSA", 1024, 67, 1, ANYCERT_RELAXED},
    {"an intermediate's key below the floor", "RSA", 768, 67, 1, ANYCERT_FAIL},
    {"the anchor's key at the floor", "RSA", 1024, 67, 2, ANYCERT_RELAXED},
};

static void judge_weak_keys_down_to_the_floor(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(strengths) / sizeof(strengths[0]); i++) {
        const struct strength *row = &strengths[i];
        struct anycert__facts *facts = sample_facts();
        struct anycert__certificate *certificate = &facts->validated[row->depth];
        sample_string(&certificate->key_type, row->key_type);
        certificate->key_bits = row->bits;
        sample_error(facts, row->code, row->depth);
        if (verdict_of(facts, "hardened+weak-key") != row->verdict)
            fail_msg("%s: not verdict %d", row->name, (int)row->verdict);
        anycert__facts_unref(facts);
    }
}

static void judge_weak_key_of_a_certificate_not_kept_fails(void **state)
{
    (void)state;
    struct anycert__facts *facts = sample_facts();
    sample_error(facts, 67, 7);
    assert_int_equal(verdict_of(facts, "hardened+weak-key"), ANYCERT_FAIL);
    anycert__facts_unref(facts);
}

static void judge_weak_signature_allows_sha1_never_md5(void **state)
{
    (void)state;
    struct anycert__facts *facts = sample_facts();
    sample_error(facts, 68, 1);
    assert_int_equal(verdict_of(facts, "hardened+weak-signature"), ANYCERT_FAIL);
    facts->validated[0].signature_sha1 = true; /* another certificate's signature does not count */
    assert_int_equal(verdict_of(facts, "hardened+weak-signature"), ANYCERT_FAIL);
    facts->validated[1].signature_sha1 = true;
    assert_int_equal(verdict_of(facts, "hardened+weak-signature"), ANYCERT_RELAXED);
    facts->validated[1].signature_md5 = true;
    assert_int_equal(verdict_of(facts, "hardened+weak-signature"), ANYCERT_FAIL);
    anycert__facts_unref(facts);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(judge_each_code_passes_with_its_relaxation_only),
        cmocka_unit_test(judge_each_code_under_rungs_that_accept_any),
        cmocka_unit_test(judge_good_facts_pass),
        cmocka_unit_test(judge_null_policy_is_hardened),
        cmocka_unit_test(x509_meaning_fits_its_code),
        cmocka_unit_test(judge_table_of_facts_and_policies),
        cmocka_unit_test(judge_common_name_covers_only_the_matching_one),
        cmocka_unit_test(judge_unrecorded_mismatch_fails_all_the_same),
        cmocka_unit_test(judge_without_identity_authenticates_nobody),
        cmocka_unit_test(judge_weak_keys_down_to_the_floor),
        cmocka_unit_test(judge_weak_key_of_a_certificate_not_kept_fails),
        cmocka_unit_test(judge_weak_signature_allows_sha1_never_md5),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
