#include "support/hostile_facts.h"
#include "support/judging.h"

#include "base/mem.h"
#include "base/str.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static void expect_text(struct anycert__facts *facts, const char *policy, const char *expected)
{
    struct anycert_report *report = judge(facts, policy);
    char *text = anycert_report_text(report, NULL);
    assert_non_null(text);
    assert_string_equal(text, expected);
    anycert_free(text);
    anycert_report_free(report);
}

static void text_of_a_good_connection(void **state)
{
    (void)state;
    struct anycert__facts *facts = sample_facts();
    expect_text(facts, "hardened",
                "localhost:8443 (origin): accepted by hardened; peer authenticated by its chain\n"
                "  policy         hardened\n"
                "  TLS            TLSv1.3 TLS_AES_256_GCM_SHA384 X25519\n"
                "  subject        CN=localhost\n"
                "  issuer         CN=Sample Intermediate\n"
                "  valid          2026-05-02 to 2026-09-09\n"
                "  names          localhost, 127.0.0.1\n"
                "  key            EC P-256, signed with sha256WithRSAEncryption\n"
                "  pin            " SAMPLE_PIN "\n"
                "  anchors        file (/etc/sample/ca.pem)\n"
                "  not checked    revocation: no stapled OCSP answer\n");
    anycert__facts_unref(facts);
}

static void text_under_trust_any_says_what_hardened_refuses(void **state)
{
    (void)state;
    struct anycert__facts *facts = sample_self_signed();
    facts->presented[0].not_after = SAMPLE_NOW - SAMPLE_DAY;
    facts->validated[0].not_after = SAMPLE_NOW - SAMPLE_DAY;
    expect_text(facts, "trust-any",
                "localhost:8443 (origin): relaxed by trust-any; peer not authenticated\n"
                "  policy         trust-any\n"
                "  compared with  hardened, which refuses it: trust, dates\n"
                "  TLS            TLSv1.3 TLS_AES_256_GCM_SHA384 X25519\n"
                "  subject        CN=localhost\n"
                "  issuer         CN=localhost\n"
                "  valid          2026-05-02 to 2026-05-31, expired 1 day ago\n"
                "  names          localhost\n"
                "  key            RSA 2048, signed with sha256WithRSAEncryption\n"
                "  pin            " SAMPLE_PIN "\n"
                "  anchors        file (/etc/sample/ca.pem)\n"
                "  relaxed        trust: self-signed certificate [self-signed]\n"
                "  relaxed        dates: expired 2026-05-31 (1 day ago) [expired]\n"
                "  not checked    signatures: the issuer's certificate is not at hand\n"
                "  not checked    revocation: no stapled OCSP answer\n");
    anycert__facts_unref(facts);
}

static void text_of_a_refused_certificate_has_an_unproven_pin(void **state)
{
    (void)state;
    struct anycert__facts *facts = sample_facts();
    facts->complete = false;
    facts->name_match = false;
    facts->failure.failed = true;
    facts->failure.alert = 42;
    snprintf(facts->failure.reason, sizeof(facts->failure.reason), "certificate verify failed");
    expect_text(
        facts, "hardened+expired reason=\"until the renewal\"",
        "localhost:8443 (origin): refused by hardened+expired; peer not authenticated\n"
        "  policy         hardened+expired reason=\"until the renewal\"\n"
        "  compared with  hardened, which refuses it: name\n"
        "  failure        by us, alert 42 (bad_certificate): certificate verify failed\n"
        "  subject        CN=localhost\n"
        "  issuer         CN=Sample Intermediate\n"
        "  valid          2026-05-02 to 2026-09-09\n"
        "  names          localhost, 127.0.0.1\n"
        "  key            EC P-256, signed with sha256WithRSAEncryption\n"
        "  pin (unproven) " SAMPLE_PIN "\n"
        "  anchors        file (/etc/sample/ca.pem)\n"
        "  refused        name: it names localhost, 127.0.0.1, and not 'localhost' [wrong-host]\n"
        "  not checked    revocation: no stapled OCSP answer\n"
        "  not checked    protocol, key-exchange, group, cipher, handshake-signature, "
        "renegotiation: the handshake did not complete\n");
    anycert__facts_unref(facts);
}

static void text_of_a_handshake_that_the_peer_refused(void **state)
{
    (void)state;
    struct anycert__facts *facts = sample_refused_by_peer();
    sample_string(&facts->host, "::1");
    expect_text(facts, "hardened",
                "[::1]:8443 (origin): not judged, because the handshake did not complete\n"
                "  policy         hardened\n"
                "  failure        by peer, alert 40 (handshake_failure): sslv3 alert handshake "
                "failure\n"
                "  anchors        file (/etc/sample/ca.pem)\n"
                "  not checked    trust, signatures, name, dates, key-strength, "
                "signature-strength, purpose, authority, path-length, name-constraints, "
                "critical-extensions, curve-parameters: no certificate was seen\n"
                "  not checked    revocation: no stapled OCSP answer\n"
                "  not checked    certificate: no certificate was seen\n"
                "  not checked    protocol, key-exchange, group, cipher, handshake-signature, "
                "renegotiation: the handshake did not complete\n");
    anycert__facts_unref(facts);
}

static void text_under_report_only_says_when_its_target_agrees(void **state)
{
    (void)state;
    struct anycert__facts *facts = sample_facts();
    struct anycert_report *report = judge(facts, "report-only");
    char *text = anycert_report_text(report, NULL);
    assert_non_null(strstr(text, "\n  compared with  hardened, which accepts it too\n"));
    anycert_free(text);
    anycert_report_free(report);
    anycert__facts_unref(facts);
}

static void text_of_many_names_is_cut(void **state)
{
    (void)state;
    struct anycert__facts *facts = sample_facts();
    for (int i = 0; i < 10; i++)
        sample_name(&facts->presented[0], ANYCERT__NAME_DNS, "a.example", 9);
    struct anycert_report *report = judge(facts, "hardened");
    char *text = anycert_report_text(report, NULL);
    assert_non_null(strstr(text, "a.example, a.example and 4 more\n"));
    anycert_free(text);
    anycert_report_free(report);
    anycert__facts_unref(facts);
}

static void text_of_hostile_strings_is_safe_to_print(void **state)
{
    (void)state;
    for (size_t i = 0; i < hostile_count(); i++) {
        struct anycert__facts *facts = hostile_facts(i);
        struct anycert_report *report = judge(facts, "trust-any");
        char *text = anycert_report_text(report, NULL);
        size_t lines = 0;
        assert_true(anycert__is_utf8(text, strlen(text)));
        assert_true(strlen(text) < 20000);
        for (char *line = text; *line != '\0'; lines++) {
            size_t len = strcspn(line, "\n");
            assert_false(anycert__has_control(line, len));
            assert_true(lines == 0 || strncmp(line, "  ", 2) == 0);
            line += len + 1;
        }
        assert_true(lines < 30);
        assert_null(strstr(text, "\xe2\x80\xae"));
        assert_null(strstr(text, "\xc2\x9b"));
        anycert_free(text);
        anycert_report_free(report);
        anycert__facts_unref(facts);
    }
}

static void text_short_of_memory_says_so(void **state)
{
    (void)state;
    struct anycert__facts *facts = sample_self_signed();
    struct anycert_report *report = judge(facts, "trust-any");
    char *text = NULL;
    for (unsigned long nth = 1; text == NULL; nth++) {
        struct anycert_error err = {0};
        anycert__mem_fail_from(nth);
        text = anycert_report_text(report, &err);
        anycert__mem_fail_from(0);
        if (text == NULL)
            assert_int_equal(err.code, ANYCERT_E_NOMEM);
        else
            assert_true(nth > 3);
    }
    anycert_free(text);
    anycert_report_free(report);
    anycert__facts_unref(facts);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(text_of_a_good_connection),
        cmocka_unit_test(text_under_trust_any_says_what_hardened_refuses),
        cmocka_unit_test(text_of_a_refused_certificate_has_an_unproven_pin),
        cmocka_unit_test(text_of_a_handshake_that_the_peer_refused),
        cmocka_unit_test(text_under_report_only_says_when_its_target_agrees),
        cmocka_unit_test(text_of_many_names_is_cut),
        cmocka_unit_test(text_of_hostile_strings_is_safe_to_print),
        cmocka_unit_test(text_short_of_memory_says_so),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
