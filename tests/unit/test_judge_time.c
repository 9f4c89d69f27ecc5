/* The judge and time: dates at reuse, revocation, handshakes and verification that did not end, and
 * memory that runs out. */
#include "support/judging.h"

#include "base/mem.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

/* ---- dates ---- */

static void judge_connection_kept_beyond_the_last_day(void **state)
{
    (void)state;
    struct anycert__facts *facts = sample_facts();
    int64_t end = facts->validated[0].not_after;
    assert_true(accepts_at(facts, "hardened", end));
    assert_false(accepts_at(facts, "hardened", end + 1));
    assert_true(accepts_at(facts, "hardened+expired", end + 1));
    struct anycert_report *report = judge_at(facts, "hardened+expired", end + SAMPLE_DAY * 3);
    const struct anycert_check *check = find_check(report, "dates");
    assert_int_equal(anycert_check_x509_code(check), 10);
    assert_int_equal(anycert_check_depth(check), 0);
    assert_int_equal(anycert_check_verdict(check), ANYCERT_RELAXED);
    assert_string_equal(anycert_check_detail(check), "expired 2026-09-09 (3 days ago)");
    assert_true(anycert_report_peer_authenticated(report));
    anycert_report_free(report);
    anycert__facts_unref(facts);
}

static void judge_expired_intermediate_names_its_depth(void **state)
{
    (void)state;
    struct anycert__facts *facts = sample_facts();
    facts->validated[1].not_after = SAMPLE_NOW - SAMPLE_DAY;
    sample_error(facts, 10, 1);
    struct anycert_report *report = judge(facts, "hardened");
    const struct anycert_check *check = find_check(report, "dates");
    assert_int_equal(anycert_check_depth(check), 1);
    assert_string_equal(anycert_check_detail(check),
                        "'CN=Sample Intermediate' at depth 1: expired 2026-05-31 (1 day ago)");
    anycert_report_free(report);
    assert_int_equal(verdict_of(facts, "hardened+expired"), ANYCERT_RELAXED);
    assert_int_equal(verdict_of(facts, "hardened+not-yet-valid"), ANYCERT_FAIL);
    anycert__facts_unref(facts);
}

static void judge_not_yet_valid_until_its_day_comes(void **state)
{
    (void)state;
    struct anycert__facts *facts = sample_facts();
    facts->validated[0].not_before = SAMPLE_NOW + SAMPLE_DAY;
    sample_error(facts, 9, 0);
    struct anycert_report *report = judge(facts, "hardened+not-yet-valid");
    assert_int_equal(anycert_report_verdict(report), ANYCERT_RELAXED);
    assert_string_equal(anycert_check_detail(find_check(report, "dates")),
                        "not yet valid: starts 2026-06-02 (in 1 day)");
    anycert_report_free(report);
    assert_false(accepts_at(facts, "hardened", SAMPLE_NOW + SAMPLE_DAY - 1));
    assert_true(accepts_at(facts, "hardened", SAMPLE_NOW + SAMPLE_DAY));
    anycert__facts_unref(facts);
}

static void judge_clock_that_went_back_finds_not_yet_valid(void **state)
{
    (void)state;
    struct anycert__facts *facts = sample_facts();
    assert_false(accepts_at(facts, "hardened", SAMPLE_NOW - 31 * SAMPLE_DAY));
    assert_true(accepts_at(facts, "hardened+not-yet-valid", SAMPLE_NOW - 31 * SAMPLE_DAY));
    anycert__facts_unref(facts);
}

static void judge_recorded_dates_stay_where_they_cannot_be_read(void **state)
{
    (void)state;
    struct anycert__facts *facts = sample_facts();
    facts->validated[0].dates_readable = false;
    sample_error(facts, 10, 0);
    assert_int_equal(verdict_of(facts, "hardened"), ANYCERT_FAIL);
    sample_error(facts, 14, 0);
    assert_int_equal(verdict_of(facts, "hardened+expired"), ANYCERT_FAIL);
    anycert__facts_unref(facts);
}

static void judge_last_second_follows_what_was_recorded(void **state)
{
    (void)state;
    struct anycert__facts *facts = sample_facts();
    facts->validated[0].not_after = SAMPLE_NOW;
    assert_int_equal(verdict_of(facts, "hardened"), ANYCERT_PASS);
    sample_error(facts, 10, 0);
    assert_int_equal(verdict_of(facts, "hardened"), ANYCERT_FAIL);
    anycert__facts_unref(facts);
}

/* ---- revocation ---- */

static void judge_stapled_revoked_is_let_through_by_no_relaxation(void **state)
{
    static const char *const refusing[] = {
        "hardened", "hardened+untrusted-issuer+self-signed+expired+not-yet-valid+wrong-host"};
    static const char *const accepting[] = {"trust-any", "report-only", "antique"};
    (void)state;
    struct anycert__facts *facts = sample_facts();
    facts->staple_present = true;
    facts->revocation = ANYCERT_REVOCATION_REVOKED;
    for (size_t i = 0; i < 2; i++) {
        struct anycert_report *report = judge(facts, refusing[i]);
        struct anycert_error err = {0};
        assert_int_equal(anycert_report_verdict(report), ANYCERT_FAIL);
        assert_false(anycert_report_peer_authenticated(report));
        assert_int_equal(anycert__report_refusal(report, &err), -1);
        assert_int_equal(err.code, ANYCERT_E_TRUST_REVOKED);
        assert_int_equal(err.x509_code, 23);
        assert_string_equal(err.message, "certificate of localhost:8443 is refused: revoked, says "
                                         "the stapled OCSP answer (no relaxation allows this)");
        anycert_report_free(report);
    }
    for (size_t i = 0; i < 3; i++) {
        struct anycert_report *report = judge(facts, accepting[i]);
        assert_int_equal(anycert_report_verdict(report), ANYCERT_RELAXED);
        assert_int_equal(anycert_report_reference_verdict(report), ANYCERT_FAIL);
        assert_int_equal(anycert_report_revocation(report), ANYCERT_REVOCATION_REVOKED);
        assert_false(anycert_report_peer_authenticated(report));
        anycert_report_free(report);
    }
    anycert__facts_unref(facts);
}

static void judge_stapled_good_passes(void **state)
{
    (void)state;
    struct anycert__facts *facts = sample_facts();
    facts->staple_present = true;
    facts->revocation = ANYCERT_REVOCATION_GOOD;
    struct anycert_report *report = judge(facts, "hardened");
    assert_int_equal(anycert_check_verdict(find_check(report, "revocation")), ANYCERT_PASS);
    assert_int_equal(anycert_report_revocation(report), ANYCERT_REVOCATION_GOOD);
    anycert_report_free(report);
    facts->revocation = ANYCERT_REVOCATION_NOT_CHECKED;
    snprintf(facts->staple_note, sizeof(facts->staple_note), "the answer is too old");
    report = judge(facts, "hardened");
    assert_int_equal(anycert_check_verdict(find_check(report, "revocation")), ANYCERT_NOT_CHECKED);
    assert_string_equal(anycert_check_detail(find_check(report, "revocation")),
                        "the answer is too old");
    anycert_report_free(report);
    anycert__facts_unref(facts);
}

/* ---- verification that did not end ---- */

static void judge_verification_that_broke_off_fails(void **state)
{
    (void)state;
    struct anycert__facts *facts = sample_facts();
    facts->verify_broke = true;
    struct anycert_report *report = judge(facts, "hardened");
    assert_int_equal(anycert_check_verdict(find_check(report, "certificate")), ANYCERT_FAIL);
    assert_int_equal(anycert_check_verdict(find_check(report, "trust")), ANYCERT_NOT_CHECKED);
    anycert_report_free(report);
    report = judge(facts, "trust-any");
    assert_int_equal(anycert_report_verdict(report), ANYCERT_RELAXED);
    assert_false(anycert_report_peer_authenticated(report));
    anycert_report_free(report);
    anycert__facts_unref(facts);
}

static void judge_verification_that_did_not_run_fails(void **state)
{
    (void)state;
    struct anycert__facts *facts = sample_facts();
    facts->verified = false;
    assert_int_equal(verdict_of(facts, "hardened"), ANYCERT_FAIL);
    assert_int_equal(verdict_of(facts, "trust-any"), ANYCERT_RELAXED);
    struct anycert_report *report = judge(facts, "trust-any");
    assert_false(anycert_report_peer_authenticated(report));
    anycert_report_free(report);
    anycert__facts_unref(facts);
}

static void judge_zeroed_facts_are_refused_in_the_verify_hook(void **state)
{
    (void)state;
    struct anycert__facts *facts = anycert__facts_new();
    assert_false(anycert__judge_accepts(facts, NULL, SAMPLE_NOW, ANYCERT__JUDGE_CERTIFICATES));
    assert_false(anycert__judge_accepts(facts, NULL, SAMPLE_NOW, ANYCERT__JUDGE_ALL));
    assert_false(anycert__judge_accepts(NULL, NULL, SAMPLE_NOW, ANYCERT__JUDGE_ALL));
    assert_false(accepts_at(facts, "trust-any", SAMPLE_NOW));
    anycert__facts_unref(facts);
}

static void judge_handshake_that_ended_early_is_not_checked(void **state)
{
    (void)state;
    struct anycert__facts *facts = sample_refused_by_peer();
    struct anycert_report *report = judge(facts, "hardened");
    const struct anycert_check *check = NULL;
    assert_int_equal(anycert_report_verdict(report), ANYCERT_NOT_CHECKED);
    while ((check = anycert_report_next_check(report, check)) != NULL)
        assert_int_equal(anycert_check_verdict(check), ANYCERT_NOT_CHECKED);
    anycert_report_free(report);
    assert_false(accepts_at(facts, "trust-any", SAMPLE_NOW));
    anycert__facts_unref(facts);
}

static void judge_good_certificates_of_a_failed_handshake_are_no_pass(void **state)
{
    (void)state;
    struct anycert__facts *facts = sample_facts();
    facts->complete = false;
    struct anycert_report *report = judge(facts, "hardened");
    assert_int_equal(anycert_report_verdict(report), ANYCERT_NOT_CHECKED);
    assert_int_equal(anycert_check_verdict(find_check(report, "trust")), ANYCERT_PASS);
    assert_int_equal(anycert_check_verdict(find_check(report, "cipher")), ANYCERT_NOT_CHECKED);
    assert_false(anycert_report_peer_authenticated(report));
    assert_false(accepts_at(facts, "hardened", SAMPLE_NOW));
    anycert_report_free(report);
    anycert__facts_unref(facts);
}

static void judge_certificates_alone_leaves_the_protocol_open(void **state)
{
    (void)state;
    struct anycert__facts *facts = sample_facts();
    facts->complete = false;
    struct anycert_report *report =
        anycert__judge(facts, NULL, SAMPLE_NOW, ANYCERT__JUDGE_CERTIFICATES, NULL);
    assert_int_equal(anycert_report_verdict(report), ANYCERT_PASS);
    assert_false(anycert_report_peer_authenticated(report)); /* its key is not proven */
    assert_int_equal(anycert_check_verdict(find_check(report, "protocol")), ANYCERT_NOT_CHECKED);
    anycert_report_free(report);
    anycert__facts_unref(facts);
}

/* ---- memory ---- */

static void judge_short_of_memory_says_so_and_keeps_the_facts(void **state)
{
    (void)state;
    struct anycert__facts *facts = sample_facts();
    struct anycert_policy *policy = policy_of("report-only for=hardened+expired");
    sample_error(facts, 18, 1);
    for (unsigned long nth = 1;; nth++) {
        struct anycert_error err = {0};
        anycert__mem_fail_from(nth);
        struct anycert_report *report =
            anycert__judge(facts, policy, SAMPLE_NOW, ANYCERT__JUDGE_ALL, &err);
        anycert__mem_fail_from(0);
        assert_int_equal(facts->references, report != NULL ? 2 : 1);
        if (report != NULL) {
            assert_true(nth > 20);
            anycert_report_free(report);
            break;
        }
        assert_int_equal(err.code, ANYCERT_E_NOMEM);
    }
    anycert_policy_free(policy);
    anycert__facts_unref(facts);
}

static void judge_accepts_allocates_nothing(void **state)
{
    (void)state;
    struct anycert__facts *facts = sample_facts();
    struct anycert_policy *policy = policy_of("hardened+expired");
    anycert__mem_fail_from(1);
    assert_true(anycert__judge_accepts(facts, policy, SAMPLE_NOW, ANYCERT__JUDGE_ALL));
    assert_int_equal(anycert__mem_requests(), 0);
    anycert__mem_fail_from(0);
    anycert_policy_free(policy);
    anycert__facts_unref(facts);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(judge_connection_kept_beyond_the_last_day),
        cmocka_unit_test(judge_expired_intermediate_names_its_depth),
        cmocka_unit_test(judge_not_yet_valid_until_its_day_comes),
        cmocka_unit_test(judge_clock_that_went_back_finds_not_yet_valid),
        cmocka_unit_test(judge_recorded_dates_stay_where_they_cannot_be_read),
        cmocka_unit_test(judge_last_second_follows_what_was_recorded),
        cmocka_unit_test(judge_stapled_revoked_is_let_through_by_no_relaxation),
        cmocka_unit_test(judge_stapled_good_passes),
        cmocka_unit_test(judge_verification_that_broke_off_fails),
        cmocka_unit_test(judge_verification_that_did_not_run_fails),
        cmocka_unit_test(judge_zeroed_facts_are_refused_in_the_verify_hook),
        cmocka_unit_test(judge_handshake_that_ended_early_is_not_checked),
        cmocka_unit_test(judge_good_certificates_of_a_failed_handshake_are_no_pass),
        cmocka_unit_test(judge_certificates_alone_leaves_the_protocol_open),
        cmocka_unit_test(judge_short_of_memory_says_so_and_keeps_the_facts),
        cmocka_unit_test(judge_accepts_allocates_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
