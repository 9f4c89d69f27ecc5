/* The report's accessors and edges, and the sentence of a refusal. */
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

static void accessors_of_a_good_report(void **state)
{
    (void)state;
    size_t len = 0;
    struct anycert__facts *facts = sample_facts();
    struct anycert_report *report = judge(facts, "hardened");
    anycert__facts_unref(facts); /* the report keeps its own reference */
    assert_string_equal(anycert_report_policy(report), "hardened");
    assert_string_equal(anycert_report_reference(report), "hardened");
    assert_string_equal(anycert_report_hop(report), "origin");
    assert_string_equal(anycert_report_host(report), "localhost");
    assert_int_equal(anycert_report_port(report), 8443);
    assert_string_equal(anycert_report_identity(report), "localhost");
    assert_int_equal(anycert_report_chain_length(report), 2);
    assert_string_equal(anycert_report_cert_subject(report, 0), "CN=localhost");
    assert_string_equal(anycert_report_cert_issuer(report, 0), "CN=Sample Intermediate");
    assert_string_equal(anycert_report_cert_names(report, 0), "localhost, 127.0.0.1");
    assert_string_equal(anycert_report_cert_names(report, 1), "");
    assert_string_equal(anycert_report_cert_key(report, 0), "EC P-256");
    assert_string_equal(anycert_report_cert_key(report, 1), "RSA 2048");
    assert_string_equal(anycert_report_cert_pin(report, 0), SAMPLE_PIN);
    assert_int_equal(anycert_report_cert_not_before(report, 0), SAMPLE_NOW - 30 * SAMPLE_DAY);
    assert_int_equal(anycert_report_cert_not_after(report, 1), SAMPLE_NOW + 1000 * SAMPLE_DAY);
    assert_int_equal(anycert_report_cert_der(report, 1, &len)[0], 0x30);
    assert_int_equal(len, 5);
    assert_non_null(anycert_report_cert_der(report, 1, NULL));
    assert_true(anycert_report_key_proven(report));
    assert_string_equal(anycert_report_protocol(report), "TLSv1.3");
    assert_string_equal(anycert_report_cipher(report), "TLS_AES_256_GCM_SHA384");
    assert_string_equal(anycert_report_group(report), "X25519");
    assert_string_equal(anycert_report_refused_by(report), "");
    assert_string_equal(anycert_report_failure(report), "");
    anycert_report_free(report);
}

static void accessors_beyond_the_chain_give_nothing(void **state)
{
    static const size_t beyond[] = {2, 3, SIZE_MAX};
    (void)state;
    struct anycert__facts *facts = sample_facts();
    struct anycert_report *report = judge(facts, "hardened");
    for (size_t i = 0; i < 3; i++) {
        size_t len = 99;
        assert_null(anycert_report_cert_subject(report, beyond[i]));
        assert_null(anycert_report_cert_issuer(report, beyond[i]));
        assert_null(anycert_report_cert_names(report, beyond[i]));
        assert_null(anycert_report_cert_key(report, beyond[i]));
        assert_null(anycert_report_cert_pin(report, beyond[i]));
        assert_null(anycert_report_cert_der(report, beyond[i], &len));
        assert_int_equal(len, 0);
        assert_int_equal(anycert_report_cert_not_before(report, beyond[i]), 0);
        assert_int_equal(anycert_report_cert_not_after(report, beyond[i]), 0);
    }
    anycert_report_free(report);
    anycert__facts_unref(facts);
}

static void accessors_of_zeroed_facts_are_never_null(void **state)
{
    (void)state;
    struct anycert__facts *facts = anycert__facts_new();
    struct anycert_report *report = judge(facts, "hardened");
    assert_string_equal(anycert_report_host(report), "");
    assert_string_equal(anycert_report_identity(report), "");
    assert_string_equal(anycert_report_protocol(report), "");
    assert_string_equal(anycert_report_cipher(report), "");
    assert_string_equal(anycert_report_group(report), "");
    assert_string_equal(anycert_report_failure(report), "");
    assert_string_equal(anycert_report_authenticated_by(report), "none");
    assert_int_equal(anycert_report_chain_length(report), 0);
    assert_null(anycert_report_cert_subject(report, 0));
    char *text = anycert_report_text(report, NULL);
    char *json = anycert_report_json(report, NULL);
    assert_non_null(text);
    assert_non_null(json);
    anycert_free(text);
    anycert_free(json);
    anycert_report_free(report);
    anycert__facts_unref(facts);
}

static void certificate_without_strings_is_shown_empty(void **state)
{
    (void)state;
    struct anycert__facts *facts = sample_facts();
    for (size_t i = 0; i < 2; i++)
        anycert__certificate_clear(&facts->presented[i]);
    for (size_t i = 0; i < 3; i++)
        anycert__certificate_clear(&facts->validated[i]);
    sample_error(facts, 20, 2);
    sample_error(facts, 66, 0);
    sample_error(facts, 68, 1);
    struct anycert_report *report = judge(facts, "trust-any");
    assert_string_equal(anycert_report_cert_subject(report, 0), "");
    assert_string_equal(anycert_report_cert_key(report, 0), "");
    assert_string_equal(anycert_report_cert_names(report, 0), "");
    char *text = anycert_report_text(report, NULL);
    char *json = anycert_report_json(report, NULL);
    assert_non_null(text);
    assert_non_null(json);
    anycert_free(text);
    anycert_free(json);
    anycert_report_free(report);
    anycert__facts_unref(facts);
}

static void copy_lives_on_its_own(void **state)
{
    (void)state;
    struct anycert__facts *facts = sample_facts();
    struct anycert_report *report = judge(facts, "hardened");
    struct anycert_report *copy = anycert_report_copy(report, NULL);
    anycert__facts_unref(facts);
    anycert_report_free(report);
    assert_string_equal(anycert_report_cert_subject(copy, 0), "CN=localhost");
    anycert_report_free(copy);
    anycert_report_free(NULL);
    assert_null(anycert_report_copy(NULL, NULL));
    assert_null(anycert__report_ref(NULL));
}

static void names_cannot_forge_other_names(void **state)
{
    (void)state;
    struct anycert__facts *facts = sample_facts();
    sample_name(&facts->presented[0], ANYCERT__NAME_DNS, "a.example, b.example", 20);
    sample_name(&facts->presented[0], ANYCERT__NAME_DNS, "c\0d", 3);
    sample_name(&facts->presented[0], ANYCERT__NAME_EMAIL, "x@example.com", 13);
    struct anycert_report *report = judge(facts, "hardened");
    assert_string_equal(anycert_report_cert_names(report, 0),
                        "localhost, 127.0.0.1, a.example\\x2c\\x20b.example, c\\x00d");
    anycert_report_free(report);
    anycert__facts_unref(facts);
}

static const struct key_row {
    const char *type, *curve;
    int bits;
    const char *shown;
} keys[] = {
    {"RSA", "", 1024, "RSA 1024"},
    {"RSA-PSS", "", 3072, "RSA-PSS 3072"},
    {"DSA", "", 2048, "DSA 2048"},
    {"EC", "P-384", 384, "EC P-384"},
    {"EC", "prime256v1", 256, "EC P-256"},
    {"EC", "secp521r1", 521, "EC P-521"},
    {"EC", "secp256k1", 256, "EC secp256k1"},
    {"EC", "", 224, "EC 224"},
    {"Ed25519", "", 253, "Ed25519"},
    {"Ed448", "", 456, "Ed448"},
    {"", "", 0, ""},
};

static void keys_are_named_as_people_do(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
        struct anycert__facts *facts = sample_facts();
        sample_string(&facts->presented[0].key_type, keys[i].type);
        sample_string(&facts->presented[0].curve, keys[i].curve);
        facts->presented[0].key_bits = keys[i].bits;
        struct anycert_report *report = judge(facts, "hardened");
        assert_string_equal(anycert_report_cert_key(report, 0), keys[i].shown);
        anycert_report_free(report);
        anycert__facts_unref(facts);
    }
}

static const struct ended {
    const char *name;
    bool failed, refused_by_judge;
    int alert;
    bool from_peer;
    unsigned long openssl_error;
    const char *by;
} endings[] = {
    {"did not fail", false, false, -1, false, 0, ""},
    {"an alert of theirs", true, false, 40, true, 0x0A000410UL, "peer"},
    {"an alert of ours", true, false, 40, false, 0x0A00018AUL, "us"},
    {"an error of ours without an alert", true, false, -1, false, 0x0A00010BUL, "us"},
    {"closed without an alert", true, false, -1, false, 0x0A000126UL, "peer"},
    {"a system error", true, false, -1, false, 0x80000068UL, ""},
    {"nothing is known", true, false, -1, false, 0, ""},
    {"we refused the certificate", true, true, -1, false, 0, "us"},
};

static void refused_by_tells_who(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(endings) / sizeof(endings[0]); i++) {
        const struct ended *row = &endings[i];
        struct anycert__facts *facts =
            row->refused_by_judge ? sample_self_signed() : sample_facts();
        facts->complete = !row->failed;
        facts->failure.failed = row->failed;
        facts->failure.alert = row->alert;
        facts->failure.alert_from_peer = row->from_peer;
        facts->failure.openssl_error = row->openssl_error;
        struct anycert_report *report = judge(facts, "hardened");
        if (strcmp(anycert_report_refused_by(report), row->by) != 0)
            fail_msg("%s: by '%s'", row->name, anycert_report_refused_by(report));
        anycert_report_free(report);
        anycert__facts_unref(facts);
    }
}

/* ---- refusals ---- */

static struct anycert_error refusal_of(struct anycert__facts *facts, const char *policy)
{
    struct anycert_error err = {0};
    struct anycert_report *report = judge(facts, policy);
    assert_int_equal(anycert__report_refusal(report, NULL), -1);
    assert_int_equal(anycert__report_refusal(report, &err), -1);
    anycert_report_free(report);
    return err;
}

static void refusal_names_target_findings_and_relaxations(void **state)
{
    (void)state;
    struct anycert__facts *facts = sample_self_signed();
    facts->validated[0].not_after = SAMPLE_NOW - 3 * SAMPLE_DAY;
    struct anycert_error err = refusal_of(facts, "hardened");
    assert_int_equal(err.code, ANYCERT_E_TRUST_ISSUER);
    assert_int_equal(err.x509_code, 18);
    assert_int_equal(err.tls_alert, -1);
    assert_string_equal(err.message,
                        "certificate of localhost:8443 is refused: self-signed certificate "
                        "(relaxation: self-signed); expired 2026-05-29 (3 days ago) (relaxation: "
                        "expired)");
    err = refusal_of(facts, "hardened+self-signed");
    assert_int_equal(err.code, ANYCERT_E_TRUST_DATES);
    assert_string_equal(err.message, "certificate of localhost:8443 is refused: expired "
                                     "2026-05-29 (3 days ago) (relaxation: expired)");
    anycert__facts_unref(facts);
}

static const struct worst {
    const char *name;
    int codes[3];
    int error;
    int x509_code;
} worsts[] = {
    {"revoked before all", {18, 62, 23}, ANYCERT_E_TRUST_REVOKED, 23},
    {"issuer before name", {62, 20}, ANYCERT_E_TRUST_ISSUER, 20},
    {"a bad signature is the issuer's matter", {7}, ANYCERT_E_TRUST_ISSUER, 7},
    {"an issuer that is no CA too", {79}, ANYCERT_E_TRUST_ISSUER, 79},
    {"name before strength", {66, 62}, ANYCERT_E_TRUST_NAME, 62},
    {"strength before dates", {13, 68}, ANYCERT_E_TRUST_STRENGTH, 68},
    {"dates before the rest", {26, 14}, ANYCERT_E_TRUST_DATES, 14},
    {"the rest", {26}, ANYCERT_E_TRUST, 26},
    {"unknown", {4711}, ANYCERT_E_TRUST, 4711},
};

static void refusal_has_the_code_of_the_worst(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(worsts) / sizeof(worsts[0]); i++) {
        struct anycert__facts *facts = sample_facts();
        for (size_t k = 0; k < 3 && worsts[i].codes[k] != 0; k++)
            sample_error(facts, worsts[i].codes[k], 0);
        struct anycert_error err = refusal_of(facts, "hardened");
        if (err.code != worsts[i].error || err.x509_code != worsts[i].x509_code)
            fail_msg("%s: %d, %d", worsts[i].name, err.code, err.x509_code);
        facts->hop = ANYCERT__HOP_PROXY;
        err = refusal_of(facts, "hardened");
        assert_int_equal(err.code, ANYCERT_E_PROXY_TRUST);
        assert_true(
            anycert__str_starts(err.message, "certificate of proxy localhost:8443 is refused: "));
        anycert__facts_unref(facts);
    }
}

static void refusal_of_the_protocol_speaks_of_the_connection(void **state)
{
    (void)state;
    struct anycert__facts *facts = sample_facts();
    sample_string(&facts->host, "::1");
    facts->negotiated.version = 0x0303;
    facts->negotiated.secure_renegotiation = false;
    struct anycert_error err = refusal_of(facts, "hardened");
    assert_int_equal(err.code, ANYCERT_E_TRUST_PROTOCOL);
    assert_int_equal(err.x509_code, 0);
    assert_string_equal(err.message,
                        "connection to [::1]:8443 is refused: TLSv1.2: the server lacks secure "
                        "renegotiation (RFC 5746) (relaxation: legacy-renegotiation)");
    anycert__facts_unref(facts);
}

static void refusal_too_long_counts_the_rest(void **state)
{
    (void)state;
    struct anycert__facts *facts = sample_facts();
    for (int code = 1; code < 60; code++)
        sample_error(facts, code, 0);
    struct anycert_error err = refusal_of(facts, "hardened");
    assert_true(strlen(err.message) < ANYCERT_ERROR_MESSAGE_SIZE);
    assert_non_null(strstr(err.message, " and 5"));
    assert_true(anycert__str_ends_nocase(err.message, " more"));
    anycert__facts_unref(facts);
}

static void refusal_of_hostile_strings_is_one_printable_line(void **state)
{
    (void)state;
    for (size_t i = 0; i < hostile_count(); i++) {
        struct anycert__facts *facts = hostile_facts(i);
        struct anycert_error err = refusal_of(facts, "hardened");
        assert_int_equal(err.code, ANYCERT_E_TRUST_ISSUER);
        assert_false(anycert__has_control(err.message, strlen(err.message)));
        anycert__facts_unref(facts);
    }
}

static void refusal_keeps_the_first_error(void **state)
{
    (void)state;
    struct anycert_error err = {0};
    struct anycert__facts *facts = sample_self_signed();
    struct anycert_report *report = judge(facts, "hardened");
    err.code = ANYCERT_E_TIMEOUT;
    anycert__report_refusal(report, &err);
    assert_int_equal(err.code, ANYCERT_E_TIMEOUT);
    assert_int_equal(err.x509_code, 0);
    anycert_report_free(report);
    anycert__facts_unref(facts);
}

static void refusal_without_any_certificate_says_so(void **state)
{
    (void)state;
    struct anycert__facts *facts = sample_refused_by_peer();
    struct anycert_error err = refusal_of(facts, "hardened");
    assert_int_equal(err.code, ANYCERT_E_TRUST);
    assert_int_equal(err.tls_alert, 40);
    assert_int_equal(err.alert_from_peer, 1);
    assert_string_equal(err.message, "connection to localhost:8443 is refused: the peer has not "
                                     "shown a certificate that could be judged");
    anycert__facts_unref(facts);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(accessors_of_a_good_report),
        cmocka_unit_test(accessors_beyond_the_chain_give_nothing),
        cmocka_unit_test(accessors_of_zeroed_facts_are_never_null),
        cmocka_unit_test(certificate_without_strings_is_shown_empty),
        cmocka_unit_test(copy_lives_on_its_own),
        cmocka_unit_test(names_cannot_forge_other_names),
        cmocka_unit_test(keys_are_named_as_people_do),
        cmocka_unit_test(refused_by_tells_who),
        cmocka_unit_test(refusal_names_target_findings_and_relaxations),
        cmocka_unit_test(refusal_has_the_code_of_the_worst),
        cmocka_unit_test(refusal_of_the_protocol_speaks_of_the_connection),
        cmocka_unit_test(refusal_too_long_counts_the_rest),
        cmocka_unit_test(refusal_of_hostile_strings_is_one_printable_line),
        cmocka_unit_test(refusal_keeps_the_first_error),
        cmocka_unit_test(refusal_without_any_certificate_says_so),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
