/* The judge of trust on first use: what the trust store's record says to a server's key. */
#include "support/judging.h"

#include "base/mem.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define COUNT(a) (sizeof(a) / sizeof(a)[0])

/* Of the server's key, and of nobody's. */
#define LEAF  "sha256//AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="
#define OTHER "sha256//DAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="

/* Facts with a record; pin NULL: none. */
static struct anycert__facts *facts_with(enum anycert__trust_known known, const char *pin)
{
    struct anycert__facts *facts = sample_facts();

    memcpy(facts->presented[0].pin, LEAF, sizeof LEAF);
    memcpy(facts->validated[0].pin, LEAF, sizeof LEAF);
    facts->record.known = known;
    facts->record.first_seen = SAMPLE_NOW - 86400;
    if (pin) {
        facts->record.pins = anycert__calloc(1, ANYCERT__PIN_SIZE);
        assert_non_null(facts->record.pins);
        memcpy(facts->record.pins[0], pin, ANYCERT__PIN_SIZE);
        facts->record.pin_count = 1;
    }
    return facts;
}

struct row {
    const char *policy;
    enum anycert__trust_known known;
    const char *pin;
    int codes[2][2];
    enum anycert_verdict verdict;
    const char *by;
    int code; /* of the refusal */
    bool clean;
};

#define NONE ANYCERT__TRUST_NOT_ASKED
#define NEW  ANYCERT__TRUST_NEW
#define PIN  ANYCERT__TRUST_BY_PIN
#define CA   ANYCERT__TRUST_BY_CA
#define ANY  "tofu mode=accept-new"

static const struct row rows[] = {
    /* nobody has looked */
    {ANY, NONE, NULL, {{0}}, ANYCERT_FAIL, "none", ANYCERT_E_TRUST, false},
    {"tofu", NONE, NULL, {{18, 0}}, ANYCERT_FAIL, "none", ANYCERT_E_TRUST, false},

    /* first contact */
    {ANY, NEW, NULL, {{0}}, ANYCERT_PASS, "chain", 0, true},
    {ANY, NEW, NULL, {{18, 0}}, ANYCERT_RELAXED, "none", 0, false},
    {ANY, NEW, NULL, {{20, 0}}, ANYCERT_RELAXED, "none", 0, false},
    {ANY, NEW, NULL, {{10, 0}}, ANYCERT_FAIL, "none", ANYCERT_E_TRUST_DATES, false},
    {ANY, NEW, NULL, {{18, 0}, {62, 0}}, ANYCERT_FAIL, "none", ANYCERT_E_TRUST_NAME, false},
    {ANY, NEW, NULL, {{7, 0}}, ANYCERT_FAIL, "none", ANYCERT_E_TRUST_ISSUER, false},
    {"tofu", NEW, NULL, {{0}}, ANYCERT_PASS, "chain", 0, true},
    {"tofu", NEW, NULL, {{18, 0}}, ANYCERT_FAIL, "none", ANYCERT_E_TRUST_UNKNOWN, false},
    {"tofu mode=strict", NEW, NULL, {{0}}, ANYCERT_FAIL, "none", ANYCERT_E_TRUST_UNKNOWN, false},

    /* the key is known */
    {"tofu", PIN, LEAF, {{0}}, ANYCERT_PASS, "tofu", 0, true},
    {"tofu mode=strict", PIN, LEAF, {{18, 0}}, ANYCERT_RELAXED, "tofu", 0, true},
    {"tofu", PIN, LEAF, {{19, 2}}, ANYCERT_RELAXED, "tofu", 0, true},
    {"tofu", PIN, LEAF, {{10, 0}}, ANYCERT_FAIL, "none", ANYCERT_E_TRUST_DATES, false},
    {"tofu", PIN, LEAF, {{62, 0}}, ANYCERT_FAIL, "none", ANYCERT_E_TRUST_NAME, false},
    {"tofu", PIN, LEAF, {{66, 0}}, ANYCERT_FAIL, "none", ANYCERT_E_TRUST_STRENGTH, false},
    {"tofu", PIN, LEAF, {{23, 0}}, ANYCERT_FAIL, "none", ANYCERT_E_TRUST_REVOKED, false},
    {"tofu+expired", PIN, LEAF, {{18, 0}, {10, 0}}, ANYCERT_RELAXED, "tofu", 0, false},
    {"tofu+wrong-host", PIN, LEAF, {{18, 0}, {62, 0}}, ANYCERT_RELAXED, "tofu", 0, false},

    /* it has changed */
    {ANY, PIN, OTHER, {{0}}, ANYCERT_FAIL, "none", ANYCERT_E_TRUST_CHANGED, false},
    {ANY, PIN, OTHER, {{18, 0}}, ANYCERT_FAIL, "none", ANYCERT_E_TRUST_CHANGED, false},
    {ANY, PIN, OTHER, {{10, 0}}, ANYCERT_FAIL, "none", ANYCERT_E_TRUST_CHANGED, false},

    /* a CA vouched for it */
    {ANY, CA, NULL, {{0}}, ANYCERT_PASS, "chain", 0, true},
    {ANY, CA, NULL, {{18, 0}}, ANYCERT_FAIL, "none", ANYCERT_E_TRUST_CHANGED, false},
    {ANY, CA, NULL, {{20, 0}}, ANYCERT_FAIL, "none", ANYCERT_E_TRUST_CHANGED, false},
    {ANY, CA, NULL, {{10, 0}}, ANYCERT_FAIL, "none", ANYCERT_E_TRUST_DATES, false},
    {"tofu+expired", CA, NULL, {{10, 0}}, ANYCERT_RELAXED, "chain", 0, false},
    {ANY, CA, NULL, {{62, 0}}, ANYCERT_FAIL, "none", ANYCERT_E_TRUST_NAME, false},
    {"tofu+wrong-host", CA, NULL, {{62, 0}}, ANYCERT_FAIL, "none", ANYCERT_E_TRUST_CHANGED, false},
    {"tofu+invalid-ca", CA, NULL, {{79, 1}}, ANYCERT_FAIL, "none", ANYCERT_E_TRUST_CHANGED, false},
    {"tofu+wrong-host", CA, NULL, {{0}}, ANYCERT_PASS, "chain", 0, true},

    /* of no matter to others */
    {"hardened", PIN, OTHER, {{0}}, ANYCERT_PASS, "chain", 0, true},
    {"hardened", PIN, LEAF, {{18, 0}}, ANYCERT_FAIL, "none", ANYCERT_E_TRUST_ISSUER, false},
};

static void record_decides_about_trust_alone(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        const struct row *row = &rows[i];
        struct anycert__facts *facts = facts_with(row->known, row->pin);
        struct anycert_error err = {0};

        for (size_t k = 0; k < 2 && row->codes[k][0]; k++) {
            sample_error(facts, row->codes[k][0], row->codes[k][1]);
            if (row->codes[k][0] == 10)
                facts->validated[0].not_after = SAMPLE_NOW - 1;
        }
        struct anycert_report *report = judge(facts, row->policy);
        if (anycert_report_verdict(report) != row->verdict ||
            strcmp(anycert_report_authenticated_by(report), row->by) != 0 ||
            anycert__report_is_clean(report) != row->clean)
            fail_msg("row %zu, %s: verdict %d, by %s, clean %d", i, row->policy,
                     (int)anycert_report_verdict(report), anycert_report_authenticated_by(report),
                     (int)anycert__report_is_clean(report));
        if (row->code) {
            (void)anycert__report_refusal(report, &err);
            if (err.code != row->code)
                fail_msg("row %zu: %s", i, err.message);
        }
        anycert_report_free(report);
        anycert__facts_unref(facts);
    }
}

static void answer_lets_an_asked_for_key_in(void **state)
{
    struct anycert__facts *facts = facts_with(NEW, NULL);
    struct anycert_policy *policy = policy_of("tofu");

    (void)state;
    sample_error(facts, 18, 0);
    /* While the handshake goes on, nobody can have answered. */
    assert_true(anycert__judge_accepts(facts, policy, SAMPLE_NOW, ANYCERT__JUDGE_CERTIFICATES));
    assert_int_equal(verdict_of(facts, "tofu"), ANYCERT_FAIL);
    facts->record.is_accepted = true;
    assert_int_equal(verdict_of(facts, "tofu"), ANYCERT_RELAXED);
    assert_int_equal(verdict_of(facts, "tofu mode=strict"), ANYCERT_FAIL);
    anycert_policy_free(policy);
    anycert__facts_unref(facts);
}

static void refusal_says_what_to_do(void **state)
{
    struct anycert__facts *facts = facts_with(PIN, OTHER);
    struct anycert_report *report = NULL;
    struct anycert_error err = {0};

    (void)state;
    sample_string(&facts->trust_store, "/a store");
    report = judge(facts, "tofu");
    (void)anycert__report_refusal(report, &err);
    assert_non_null(strstr(err.message, "it was " OTHER ", first seen "));
    assert_non_null(strstr(err.message, "compared its key by another way: anycert trust add "
                                        "localhost:8443 --trust-store '/a store' --pin " LEAF));
    assert_int_equal(strlen(LEAF), strlen(strstr(err.message, "--pin ")) - strlen("--pin "));
    assert_string_equal(anycert_check_id(find_check(report, "record")), "record");
    anycert_report_free(report);
    anycert__facts_unref(facts);
}

static void record_is_not_looked_at_before_a_key_was_seen(void **state)
{
    static const struct {
        const char *policy;
        enum anycert__trust_known known;
    } seen[] = {{ANY, NEW}, {"tofu", NEW}, {"tofu mode=strict", NEW}, {ANY, PIN}, {ANY, CA}};

    (void)state;
    for (size_t i = 0; i < COUNT(seen); i++) {
        struct anycert__facts *facts = sample_refused_by_peer();
        struct anycert_policy *policy = policy_of(seen[i].policy);
        struct anycert_report *report = NULL;

        facts->record.known = seen[i].known;
        report = judge(facts, seen[i].policy);
        assert_int_equal(anycert_report_verdict(report), ANYCERT_NOT_CHECKED);
        assert_int_equal(anycert_check_verdict(find_check(report, "record")), ANYCERT_NOT_CHECKED);
        assert_string_equal(anycert_check_detail(find_check(report, "record")), "no key was seen");
        assert_false(anycert__judge_accepts(facts, policy, SAMPLE_NOW, ANYCERT__JUDGE_ALL));
        anycert_report_free(report);
        anycert_policy_free(policy);
        anycert__facts_unref(facts);
    }
}

static void first_contact_is_believed_once_it_is_recorded(void **state)
{
    struct anycert__facts *facts = facts_with(NEW, NULL);
    struct anycert_report *before = NULL, *after = NULL;

    (void)state;
    sample_error(facts, 18, 0);
    before = judge(facts, ANY);
    assert_string_equal(anycert_check_detail(find_check(before, "record")),
                        "first contact: nothing was known of its key, " LEAF);
    facts->record.is_recorded = true;
    after = judge(facts, ANY);
    assert_string_equal(anycert_check_detail(find_check(after, "record")),
                        "first contact: its key is believed from now on, " LEAF);
    anycert_report_free(before);
    anycert_report_free(after);
    anycert__facts_unref(facts);
}

static void compared_key_proves_who_answers(void **state)
{
    struct anycert__facts *facts = facts_with(NEW, NULL);
    struct anycert_report *report = NULL;

    (void)state;
    sample_error(facts, 18, 0);
    facts->record.is_accepted = facts->record.is_compared = true;
    report = judge(facts, "tofu");
    assert_int_equal(anycert_check_verdict(find_check(report, "record")), ANYCERT_PASS);
    assert_string_equal(anycert_check_detail(find_check(report, "record")),
                        "first contact: the key has the pin that the user knows");
    assert_string_equal(anycert_report_authenticated_by(report), "tofu");
    anycert_report_free(report);
    anycert__facts_unref(facts);
}

static void report_only_says_what_the_record_would_have_refused(void **state)
{
    struct anycert__facts *facts = facts_with(PIN, OTHER);
    struct anycert_report *report = judge(facts, "report-only for=tofu");
    const struct anycert_check *check = find_check(report, "record");

    (void)state;
    assert_int_not_equal(anycert_report_verdict(report), ANYCERT_FAIL);
    assert_int_equal(anycert_report_reference_verdict(report), ANYCERT_FAIL);
    assert_int_equal(anycert_check_reference_verdict(check), ANYCERT_FAIL);
    assert_non_null(strstr(anycert_check_detail(check), OTHER));
    anycert_report_free(report);
    anycert__facts_unref(facts);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(record_decides_about_trust_alone),
        cmocka_unit_test(answer_lets_an_asked_for_key_in),
        cmocka_unit_test(refusal_says_what_to_do),
        cmocka_unit_test(record_is_not_looked_at_before_a_key_was_seen),
        cmocka_unit_test(first_contact_is_believed_once_it_is_recorded),
        cmocka_unit_test(compared_key_proves_who_answers),
        cmocka_unit_test(report_only_says_what_the_record_would_have_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
