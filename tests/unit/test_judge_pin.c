/* The judge of pins: what a pinned key proves, what it takes the place of, and what it does not. */
#include "support/judging.h"

#include "verdict/checks.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define COUNT(a) (sizeof(a) / sizeof(a)[0])

/* Of the server's key, the intermediate's, the root's, and of nobody's. */
#define LEAF   "sha256//AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="
#define MIDDLE "sha256//BAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="
#define ROOT   "sha256//CAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="
#define OTHER  "sha256//DAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="
/* Of the leaf's key, in small letters only. */
#define CASED "sha256//aAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="

static void set_pin(struct anycert__certificate *certificate, const char *pin)
{
    memcpy(certificate->pin, pin, sizeof certificate->pin);
}

static struct anycert__facts *pinned_facts(void)
{
    static const char *const pins[] = {LEAF, MIDDLE, ROOT};
    struct anycert__facts *facts = sample_facts();

    for (size_t i = 0; i < facts->validated_count; i++)
        set_pin(&facts->validated[i], pins[i]);
    for (size_t i = 0; i < facts->presented_count; i++)
        set_pin(&facts->presented[i], pins[i]);
    return facts;
}

struct row {
    const char *policy;
    int codes[3][2]; /* code, depth; a code 0 ends the list */
    enum anycert_verdict verdict;
    const char *by; /* authenticated by */
    bool clean;
};

static const struct row rows[] = {
    /* beside the chain */
    {"hardened pin=" LEAF, {{0}}, ANYCERT_PASS, "pin", true},
    {"hardened pin=" MIDDLE, {{0}}, ANYCERT_PASS, "pin", true},
    {"hardened pin=" ROOT, {{0}}, ANYCERT_PASS, "pin", true},
    {"hardened pin=" OTHER, {{0}}, ANYCERT_FAIL, "none", false},
    {"hardened pin=" CASED, {{0}}, ANYCERT_FAIL, "none", false},
    {"hardened pin=" OTHER "," LEAF, {{0}}, ANYCERT_PASS, "pin", true},
    {"hardened pin=" OTHER "," ROOT, {{0}}, ANYCERT_PASS, "pin", true},
    {"hardened pin=" LEAF, {{20, 0}}, ANYCERT_FAIL, "none", false},
    {"hardened pin=" LEAF, {{62, 0}}, ANYCERT_FAIL, "none", false},
    {"hardened pin=" LEAF, {{10, 0}}, ANYCERT_FAIL, "none", false},
    {"hardened pin=" LEAF, {{7, 0}}, ANYCERT_FAIL, "none", false},
    {"hardened+self-signed pin=" LEAF, {{18, 0}}, ANYCERT_RELAXED, "pin", true},
    {"hardened+self-signed pin=" OTHER, {{18, 0}}, ANYCERT_FAIL, "none", false},
    {"hardened+untrusted-issuer pin=" LEAF, {{20, 0}}, ANYCERT_RELAXED, "pin", true},
    {"hardened+untrusted-issuer pin=" ROOT, {{19, 2}}, ANYCERT_RELAXED, "pin", true},
    {"hardened+expired pin=" LEAF, {{10, 0}}, ANYCERT_RELAXED, "pin", false},
    {"hardened+wrong-host pin=" LEAF, {{62, 0}}, ANYCERT_RELAXED, "pin", true},
    {"hardened+wrong-host pin=" ROOT, {{62, 0}}, ANYCERT_FAIL, "none", false},
    {"hardened+invalid-ca pin=" ROOT, {{79, 1}}, ANYCERT_RELAXED, "none", false},
    {"hardened+weak-key pin=" LEAF, {{66, 0}}, ANYCERT_RELAXED, "pin", false},

    /* instead of it */
    {"pinned pin=" LEAF, {{0}}, ANYCERT_PASS, "pin", true},
    {"pinned pin=" OTHER, {{0}}, ANYCERT_FAIL, "none", false},
    {"pinned pin=" CASED, {{0}}, ANYCERT_FAIL, "none", false},
    {"pinned pin=" OTHER "," LEAF, {{18, 0}}, ANYCERT_RELAXED, "pin", true},
    {"pinned pin=" LEAF, {{18, 0}}, ANYCERT_RELAXED, "pin", true},
    {"pinned pin=" LEAF, {{62, 0}}, ANYCERT_RELAXED, "pin", true},
    {"pinned pin=" LEAF, {{10, 0}}, ANYCERT_RELAXED, "pin", true},
    {"pinned pin=" LEAF, {{7, 0}}, ANYCERT_RELAXED, "pin", true},
    {"pinned pin=" LEAF, {{13, 0}}, ANYCERT_RELAXED, "pin", true},
    {"pinned pin=" LEAF, {{68, 1}}, ANYCERT_RELAXED, "pin", true},
    {"pinned pin=" LEAF, {{18, 0}, {62, 0}, {10, 0}}, ANYCERT_RELAXED, "pin", true},
    {"pinned pin=" LEAF, {{23, 0}}, ANYCERT_FAIL, "none", false},
    {"pinned pin=" LEAF, {{4711, 0}}, ANYCERT_FAIL, "none", false},
    {"pinned pin=" LEAF " check=name", {{62, 0}}, ANYCERT_FAIL, "none", false},
    {"pinned pin=" LEAF " check=name", {{18, 0}, {10, 0}}, ANYCERT_RELAXED, "pin", true},
    {"pinned pin=" LEAF " check=dates", {{10, 0}}, ANYCERT_FAIL, "none", false},
    {"pinned pin=" LEAF " check=dates", {{13, 0}}, ANYCERT_FAIL, "none", false},
    {"pinned pin=" LEAF " check=dates", {{18, 0}, {62, 0}}, ANYCERT_RELAXED, "pin", true},
    {"pinned+expired pin=" LEAF " check=dates", {{10, 0}}, ANYCERT_RELAXED, "pin", false},

    /* a CA's: what it vouches for has to verify (P18) */
    {"pinned pin=" ROOT, {{0}}, ANYCERT_PASS, "pin", true},
    {"pinned pin=" ROOT, {{19, 2}}, ANYCERT_RELAXED, "pin", true},
    {"pinned pin=" MIDDLE, {{20, 1}}, ANYCERT_RELAXED, "pin", true},
    {"pinned pin=" MIDDLE, {{10, 0}, {10, 1}}, ANYCERT_RELAXED, "pin", true},
    {"pinned pin=" MIDDLE " check=dates", {{10, 0}}, ANYCERT_FAIL, "none", false},
    {"pinned pin=" MIDDLE, {{62, 0}}, ANYCERT_FAIL, "none", false},
    {"pinned pin=" MIDDLE, {{7, 0}}, ANYCERT_FAIL, "none", false},
    {"pinned pin=" MIDDLE, {{7, 1}}, ANYCERT_FAIL, "none", false},
    {"pinned pin=" MIDDLE, {{7, 2}}, ANYCERT_RELAXED, "pin", true},
    {"pinned pin=" ROOT, {{7, 1}}, ANYCERT_FAIL, "none", false},
    {"pinned pin=" ROOT, {{79, 1}}, ANYCERT_FAIL, "none", false},
    {"pinned pin=" ROOT, {{26, 1}}, ANYCERT_FAIL, "none", false},
    {"pinned pin=" ROOT, {{26, 0}}, ANYCERT_FAIL, "none", false},
    {"pinned pin=" ROOT, {{25, 2}}, ANYCERT_FAIL, "none", false},
    {"pinned pin=" ROOT, {{47, 0}}, ANYCERT_FAIL, "none", false},
    {"pinned pin=" ROOT, {{34, 1}}, ANYCERT_FAIL, "none", false},
    {"pinned pin=" ROOT, {{66, 1}}, ANYCERT_FAIL, "none", false},
    {"pinned pin=" ROOT, {{68, 0}}, ANYCERT_FAIL, "none", false},
    {"pinned pin=" ROOT, {{94, 0}}, ANYCERT_FAIL, "none", false},
    {"pinned pin=" ROOT, {{28, 2}}, ANYCERT_FAIL, "none", false},
    {"pinned pin=" ROOT, {{23, 0}}, ANYCERT_FAIL, "none", false},
    {"pinned pin=" MIDDLE, {{79, 2}}, ANYCERT_RELAXED, "pin", true},
    {"pinned pin=" MIDDLE, {{28, 2}}, ANYCERT_RELAXED, "pin", true},

    /* and of others */
    {"report-only for=\"pinned pin=" LEAF "\"", {{18, 0}}, ANYCERT_RELAXED, "pin", false},
    {"report-only for=\"pinned pin=" OTHER "\"", {{18, 0}}, ANYCERT_RELAXED, "none", false},
    {"report-only for=\"hardened pin=" OTHER "\"", {{0}}, ANYCERT_PASS, "chain", true},
};

static struct anycert__facts *facts_of(const struct row *row)
{
    struct anycert__facts *facts = pinned_facts();

    for (size_t i = 0; i < COUNT(row->codes) && row->codes[i][0] != 0; i++) {
        int code = row->codes[i][0];
        int depth = row->codes[i][1];

        if (code == 62)
            facts->name_match = false;
        if (code == 10)
            facts->validated[depth].not_after = SAMPLE_NOW - 1;
        sample_error(facts, code, depth);
    }
    return facts;
}

static void pins_table(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        const struct row *row = &rows[i];
        struct anycert__facts *facts = facts_of(row);
        struct anycert_report *report = judge(facts, row->policy);
        bool same = anycert_report_verdict(report) == row->verdict &&
                    strcmp(anycert_report_authenticated_by(report), row->by) == 0 &&
                    anycert_report_peer_authenticated(report) == (strcmp(row->by, "none") != 0) &&
                    anycert__report_is_clean(report) == row->clean;

        if (!same)
            fail_msg("row %zu, %s: verdict %d by %s, clean %d", i, row->policy,
                     (int)anycert_report_verdict(report), anycert_report_authenticated_by(report),
                     anycert__report_is_clean(report));
        anycert_report_free(report);
        anycert__facts_unref(facts);
    }
}

/* Whatever a CA's pin lets through, a chain that says the same under hardened with the CA as its
 * anchor lets through too, dates and the anchor aside. */
static void pins_of_a_ca_relax_nothing_below_it(void **state)
{
    (void)state;
    for (int code = 1; code <= 95; code++) {
        for (int depth = 0; depth <= 2; depth++) {
            struct anycert__facts *facts = pinned_facts();
            bool of_dates = code == 9 || code == 10 || (code >= 13 && code <= 14);
            bool of_anchor = code == 2 || (code >= 18 && code <= 21);
            bool of_name = code == 62 || code == 63 || code == 64;
            enum anycert_verdict verdict;

            for (size_t i = 0; i < facts->validated_count; i++)
                facts->validated[i].dates_readable = false;
            sample_error(facts, code, depth);
            verdict = verdict_of(facts, "pinned pin=" ROOT);
            if (!of_name && (verdict == ANYCERT_RELAXED) != (of_dates || of_anchor))
                fail_msg("code %d at depth %d: %d", code, depth, (int)verdict);
            anycert__facts_unref(facts);
        }
    }
}

/* ---- P18: what is merely sent counts for nothing */

static void pins_do_not_count_for_what_is_merely_sent(void **state)
{
    static const char *const policies[] = {"hardened pin=" OTHER, "pinned pin=" OTHER,
                                           "pinned pin=" OTHER " check=name,dates",
                                           "hardened+untrusted-issuer pin=" OTHER};

    (void)state;
    for (size_t i = 0; i < COUNT(policies); i++) {
        struct anycert__facts *facts = pinned_facts();
        struct anycert_report *report = NULL;
        struct anycert_error err = {0};

        set_pin(&facts->presented[1], OTHER);
        report = judge(facts, policies[i]);
        assert_int_equal(anycert_report_verdict(report), ANYCERT_FAIL);
        assert_int_equal(anycert_check_verdict(find_check(report, "pin")), ANYCERT_FAIL);
        (void)anycert__report_refusal(report, &err);
        assert_int_equal(err.code, ANYCERT_E_TRUST_PIN);
        assert_non_null(strstr(err.message, "was sent, but is not in the verified chain"));
        anycert_report_free(report);
        anycert__facts_unref(facts);
    }
}

static void pins_do_not_count_where_nothing_was_verified(void **state)
{
    (void)state;
    for (int i = 0; i < 3; i++) {
        struct anycert__facts *facts = pinned_facts();

        facts->verified = i == 1;
        facts->verify_broke = i == 1;
        if (i == 2)
            sample_string(&facts->identity, "");
        assert_int_equal(verdict_of(facts, "pinned pin=" ROOT), ANYCERT_FAIL);
        if (i < 2)
            assert_int_equal(verdict_of(facts, "pinned pin=" LEAF), ANYCERT_FAIL);
        anycert__facts_unref(facts);
    }
}

/* ---- words */

static void pins_say_what_they_found(void **state)
{
    static const struct {
        const char *policy;
        int code, depth;
        const char *detail;
    } said[] = {
        {"hardened pin=" LEAF, 0, 0, "the server's key is pinned"},
        {"hardened pin=" ROOT, 0, 0, "the key of 'CN=Sample Root' at depth 2 is pinned"},
        {"hardened pin=" OTHER, 0, 0, "its key " LEAF " is not a pinned one"},
        {"pinned pin=" ROOT, 62, 0,
         "the pin of 'CN=Sample Root' at depth 2 does not count for another host's certificate"},
        {"pinned pin=" ROOT, 79, 1,
         "the pin of 'CN=Sample Root' at depth 2 does not count, as what it vouches for does not "
         "verify"},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(said); i++) {
        struct anycert__facts *facts = pinned_facts();
        struct anycert_report *report = NULL;

        if (said[i].code)
            sample_error(facts, said[i].code, said[i].depth);
        facts->name_match = said[i].code != 62;
        report = judge(facts, said[i].policy);
        assert_string_equal(anycert_check_detail(find_check(report, "pin")), said[i].detail);
        anycert_report_free(report);
        anycert__facts_unref(facts);
    }
}

/* So that a policy with a pin authenticates although it lets names through. */
static void pins_of_a_ca_count_for_no_other_name_even_where_names_are_let_through(void **state)
{
    struct anycert__facts *facts = pinned_facts();
    struct anycert_report *report = NULL;

    (void)state;
    facts->name_match = false;
    sample_error(facts, 62, 0);
    assert_int_equal(verdict_of(facts, "hardened+wrong-host pin=" ROOT), ANYCERT_FAIL);
    report = judge(facts, "hardened+wrong-host pin=" LEAF);
    assert_int_equal(anycert_report_verdict(report), ANYCERT_RELAXED);
    assert_string_equal(anycert_report_authenticated_by(report), "pin");
    anycert_report_free(report);
    anycert__facts_unref(facts);
}

static void pins_are_not_looked_at_before_a_key_was_seen(void **state)
{
    static const char *const policies[] = {"pinned pin=" LEAF, "hardened pin=" LEAF};

    (void)state;
    for (size_t i = 0; i < sizeof policies / sizeof policies[0]; i++) {
        struct anycert__facts *facts = sample_refused_by_peer();
        struct anycert_policy *policy = policy_of(policies[i]);
        struct anycert_report *report = judge(facts, policies[i]);

        assert_int_equal(anycert_report_verdict(report), ANYCERT_NOT_CHECKED);
        assert_int_equal(anycert_check_verdict(find_check(report, "pin")), ANYCERT_NOT_CHECKED);
        assert_string_equal(anycert_check_detail(find_check(report, "pin")), "no key was seen");
        for (int scope = ANYCERT__JUDGE_CERTIFICATES; scope <= ANYCERT__JUDGE_ALL; scope++)
            assert_false(anycert__judge_accepts(facts, policy, SAMPLE_NOW,
                                                (enum anycert__judge_scope)scope));
        anycert_report_free(report);
        anycert_policy_free(policy);
        anycert__facts_unref(facts);
    }
}

static void reports_without_a_pin_have_no_such_check(void **state)
{
    static const char *const policies[] = {"hardened", "trust-any", "report-only",
                                           "hardened+expired"};

    (void)state;
    for (size_t i = 0; i < COUNT(policies); i++) {
        struct anycert__facts *facts = pinned_facts();
        struct anycert_report *report = judge(facts, policies[i]);

        for (const struct anycert_check *check = NULL;
             (check = anycert_report_next_check(report, check));)
            assert_string_not_equal(anycert_check_id(check), "pin");
        anycert_report_free(report);
        anycert__facts_unref(facts);
    }
}

static void checks_that_a_pin_decides_are_marked(void **state)
{
    struct anycert__facts *facts = pinned_facts();
    struct anycert_report *report = NULL;
    struct anycert_error err = {0};
    char *text = NULL, *json = NULL;

    (void)state;
    sample_error(facts, 18, 0);
    facts->negotiated.mode = ANYCERT__CIPHER_CBC;
    facts->negotiated.mac = ANYCERT__DIGEST_SHA1;
    facts->negotiated.version = 0x0303;
    report = judge(facts, "pinned+cbc-sha1 pin=" LEAF);
    assert_int_equal(anycert_report_verdict(report), ANYCERT_RELAXED);
    assert_true(anycert_check_decided_by_pin(find_check(report, "trust")));
    assert_false(anycert_check_decided_by_pin(find_check(report, "cipher")));
    assert_false(anycert_check_decided_by_pin(find_check(report, "pin")));
    /* What was negotiated is none of the pin's business. */
    assert_false(anycert__report_is_clean(report));
    (void)anycert__report_guard(report, &err);
    assert_non_null(strstr(err.message, "CBC"));
    assert_null(strstr(err.message, "self-signed"));
    text = anycert_report_text(report, NULL);
    json = anycert_report_json(report, NULL);
    assert_non_null(strstr(text, "[the pin decides]"));
    assert_non_null(strstr(text, "authenticated by its pin"));
    assert_non_null(strstr(json, "\"decided_by\": \"pin\""));
    anycert_free(text);
    anycert_free(json);
    anycert_report_free(report);
    anycert__facts_unref(facts);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pins_table),
        cmocka_unit_test(pins_of_a_ca_relax_nothing_below_it),
        cmocka_unit_test(pins_do_not_count_for_what_is_merely_sent),
        cmocka_unit_test(pins_do_not_count_where_nothing_was_verified),
        cmocka_unit_test(pins_say_what_they_found),
        cmocka_unit_test(pins_of_a_ca_count_for_no_other_name_even_where_names_are_let_through),
        cmocka_unit_test(pins_are_not_looked_at_before_a_key_was_seen),
        cmocka_unit_test(reports_without_a_pin_have_no_such_check),
        cmocka_unit_test(checks_that_a_pin_decides_are_marked),
    };

    return cmocka_run_group_tests_name("judge_pin", tests, NULL, NULL);
}
