/* The report as JSON. With `--samples FOLDER` the program writes reports there instead, which
 * tests/schema/report_schema.py validates. */
#include "support/hostile_facts.h"
#include "support/judging.h"

#include "base/mem.h"
#include "base/str.h"
#include "verdict/alert.h"
#include "verdict/render.h"

#include <yyjson.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static yyjson_doc *parsed(const struct anycert_report *report)
{
    struct anycert_error err = {0};
    char *text = anycert_report_json(report, &err);
    assert_non_null(text);
    assert_true(anycert__is_utf8(text, strlen(text)));
    yyjson_doc *doc = yyjson_read(text, strlen(text), YYJSON_READ_NOFLAG);
    assert_non_null(doc);
    anycert_free(text);
    return doc;
}

static yyjson_doc *json_of(struct anycert__facts *facts, const char *policy)
{
    struct anycert_report *report = judge(facts, policy);
    yyjson_doc *doc = parsed(report);
    anycert_report_free(report);
    return doc;
}

static const char *string_at(yyjson_doc *doc, const char *pointer)
{
    yyjson_val *value = yyjson_doc_ptr_get(doc, pointer);
    assert_true(yyjson_is_str(value));
    return yyjson_get_str(value);
}

static bool bool_at(yyjson_doc *doc, const char *pointer)
{
    yyjson_val *value = yyjson_doc_ptr_get(doc, pointer);
    assert_true(yyjson_is_bool(value));
    return yyjson_get_bool(value);
}

static int64_t int_at(yyjson_doc *doc, const char *pointer)
{
    yyjson_val *value = yyjson_doc_ptr_get(doc, pointer);
    assert_true(yyjson_is_int(value));
    return yyjson_get_sint(value);
}

static bool null_at(yyjson_doc *doc, const char *pointer)
{
    return yyjson_is_null(yyjson_doc_ptr_get(doc, pointer));
}

static bool field_is(yyjson_val *object, const char *key, const char *expected)
{
    const char *text = yyjson_get_str(yyjson_obj_get(object, key));
    return text != NULL && strcmp(text, expected) == 0;
}

static void json_good_report_has_every_field(void **state)
{
    static const char *const keys[] = {
        "schema",
        "hop",
        "host",
        "port",
        "identity",
        "policy",
        "reference",
        "verdict",
        "reference_verdict",
        "peer_authenticated",
        "authenticated_by",
        "key_proven",
        "revocation",
        "revocation_note",
        "time",
        "judged_at",
        "anchors",
        "checks",
        "chain",
        "validated_chain",
        "negotiated",
        "failure",
    };
    (void)state;
    struct anycert__facts *facts = sample_facts();
    yyjson_doc *doc = json_of(facts, "hardened");
    yyjson_obj_iter iter = yyjson_obj_iter_with(yyjson_doc_get_root(doc));
    for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
        assert_string_equal(yyjson_get_str(yyjson_obj_iter_next(&iter)), keys[i]);
    assert_false(yyjson_obj_iter_has_next(&iter));
    assert_string_equal(string_at(doc, "/schema"), "anycert-report/1");
    assert_string_equal(string_at(doc, "/hop"), "origin");
    assert_int_equal(int_at(doc, "/port"), 8443);
    assert_string_equal(string_at(doc, "/verdict"), "pass");
    assert_true(bool_at(doc, "/peer_authenticated"));
    assert_string_equal(string_at(doc, "/authenticated_by"), "chain");
    assert_true(bool_at(doc, "/key_proven"));
    assert_string_equal(string_at(doc, "/time"), "2026-06-01T12:00:00Z");
    assert_string_equal(string_at(doc, "/anchors/source"), "file (/etc/sample/ca.pem)");
    assert_true(null_at(doc, "/anchors/error"));
    assert_string_equal(string_at(doc, "/chain/0/subject"), "CN=localhost");
    assert_string_equal(string_at(doc, "/chain/0/key/text"), "EC P-256");
    assert_int_equal(int_at(doc, "/chain/0/key/bits"), 256);
    assert_true(null_at(doc, "/chain/1/key/curve"));
    assert_string_equal(string_at(doc, "/chain/0/names/1/type"), "ip");
    assert_string_equal(string_at(doc, "/chain/0/names/1/value"), "127.0.0.1");
    assert_string_equal(string_at(doc, "/chain/0/pin"), SAMPLE_PIN);
    assert_int_equal(strlen(string_at(doc, "/chain/0/sha256")), 64);
    assert_string_equal(string_at(doc, "/validated_chain/2/subject"), "CN=Sample Root");
    assert_string_equal(string_at(doc, "/negotiated/protocol"), "TLSv1.3");
    assert_string_equal(string_at(doc, "/negotiated/cipher_id"), "0x1302");
    assert_string_equal(string_at(doc, "/negotiated/key_exchange"), "ecdhe");
    assert_true(null_at(doc, "/failure"));
    yyjson_doc_free(doc);
    anycert__facts_unref(facts);
}

static void json_check_carries_what_the_accessors_say(void **state)
{
    (void)state;
    struct anycert__facts *facts = sample_self_signed();
    struct anycert_report *report = judge(facts, "trust-any");
    yyjson_doc *doc = parsed(report);
    const struct anycert_check *check = NULL;
    size_t index = 0, max;
    yyjson_val *object, *checks = yyjson_doc_ptr_get(doc, "/checks");
    yyjson_arr_foreach(checks, index, max, object)
    {
        check = anycert_report_next_check(report, check);
        yyjson_val *code = yyjson_obj_get(object, "x509_code");
        yyjson_val *depth = yyjson_obj_get(object, "depth");
        assert_true(field_is(object, "id", anycert_check_id(check)));
        assert_true(
            field_is(object, "verdict", anycert__verdict_name(anycert_check_verdict(check))));
        assert_true(field_is(object, "reference_verdict",
                             anycert__verdict_name(anycert_check_reference_verdict(check))));
        assert_true(field_is(object, "detail", anycert_check_detail(check)));
        assert_int_equal(code ? yyjson_get_int(code) : 0, anycert_check_x509_code(check));
        assert_int_equal(depth ? yyjson_get_int(depth) : -1, anycert_check_depth(check));
    }
    assert_null(anycert_report_next_check(report, check));
    assert_string_equal(string_at(doc, "/checks/0/relaxations/0"), "self-signed");
    assert_string_equal(string_at(doc, "/reference_verdict"), "fail");
    yyjson_doc_free(doc);
    anycert_report_free(report);
    anycert__facts_unref(facts);
}

static void json_protocol_checks_are_certain_once_negotiated(void **state)
{
    (void)state;
    struct anycert__facts *facts = sample_facts();
    for (int complete = 0; complete <= 1; complete++) {
        size_t index, max, certain = 0;
        yyjson_val *object;
        facts->complete = complete;
        yyjson_doc *doc = json_of(facts, "hardened");
        yyjson_val *checks = yyjson_doc_ptr_get(doc, "/checks");
        yyjson_arr_foreach(checks, index, max, object) certain +=
            yyjson_equals_str(yyjson_obj_get(object, "certainty"), "negotiated");
        assert_int_equal(certain, complete ? 6 : 0);
        assert_int_equal(null_at(doc, "/negotiated"), !complete);
        yyjson_doc_free(doc);
    }
    anycert__facts_unref(facts);
}

static void json_failure_says_who_and_why(void **state)
{
    (void)state;
    struct anycert__facts *facts = sample_refused_by_peer();
    yyjson_doc *doc = json_of(facts, "hardened");
    assert_string_equal(string_at(doc, "/verdict"), "not_checked");
    assert_string_equal(string_at(doc, "/failure/refused_by"), "peer");
    assert_string_equal(string_at(doc, "/failure/reason"), "sslv3 alert handshake failure");
    assert_string_equal(string_at(doc, "/failure/openssl_error"), "0A000410");
    assert_int_equal(int_at(doc, "/failure/alert"), 40);
    assert_string_equal(string_at(doc, "/failure/alert_name"), "handshake_failure");
    yyjson_doc_free(doc);
    facts->failure.alert = -1;
    facts->failure.openssl_error = 0;
    doc = json_of(facts, "hardened");
    assert_true(null_at(doc, "/failure/refused_by"));
    assert_true(null_at(doc, "/failure/openssl_error"));
    assert_true(null_at(doc, "/failure/alert"));
    assert_true(null_at(doc, "/failure/alert_name"));
    yyjson_doc_free(doc);
    anycert__facts_unref(facts);
}

static void json_unreadable_dates_are_null(void **state)
{
    (void)state;
    struct anycert__facts *facts = sample_facts();
    facts->presented[0].dates_readable = false;
    yyjson_doc *doc = json_of(facts, "hardened");
    assert_true(null_at(doc, "/chain/0/not_before"));
    assert_true(null_at(doc, "/chain/0/not_after"));
    assert_string_equal(string_at(doc, "/chain/1/not_after"), "2029-02-25T12:00:00Z");
    yyjson_doc_free(doc);
    anycert__facts_unref(facts);
}

static void json_of_hostile_strings_is_valid(void **state)
{
    (void)state;
    for (size_t i = 0; i < hostile_count(); i++) {
        struct anycert__facts *facts = hostile_facts(i);
        struct anycert_report *report = judge(facts, "trust-any");
        char *text = anycert_report_json(report, NULL);
        assert_true(anycert__is_utf8(text, strlen(text)));
        assert_true(strlen(text) < (size_t)100 * 1024);
        yyjson_doc *doc = yyjson_read(text, strlen(text), YYJSON_READ_NOFLAG);
        assert_non_null(doc);
        assert_string_equal(string_at(doc, "/schema"), "anycert-report/1");
        yyjson_doc_free(doc);
        anycert_free(text);
        anycert_report_free(report);
        anycert__facts_unref(facts);
    }
}

static void json_name_with_nul_shows_all_of_it(void **state)
{
    (void)state;
    struct anycert__facts *facts = sample_facts();
    sample_name(&facts->presented[0], ANYCERT__NAME_DNS, "localhost\0.evil.example", 23);
    yyjson_doc *doc = json_of(facts, "hardened");
    assert_string_equal(string_at(doc, "/chain/0/names/2/value"), "localhost\\x00.evil.example");
    yyjson_doc_free(doc);
    anycert__facts_unref(facts);
}

static void json_short_of_memory_says_so(void **state)
{
    (void)state;
    struct anycert__facts *facts = sample_self_signed();
    struct anycert_report *report = judge(facts, "report-only for=hardened+expired");
    char *text = NULL;
    for (unsigned long nth = 1; text == NULL; nth++) {
        struct anycert_error err = {0};
        anycert__mem_fail_from(nth);
        text = anycert_report_json(report, &err);
        anycert__mem_fail_from(0);
        if (text == NULL)
            assert_int_equal(err.code, ANYCERT_E_NOMEM);
        else
            assert_true(nth > 10);
    }
    anycert_free(text);
    anycert_report_free(report);
    anycert__facts_unref(facts);
}

static void json_text_escapes_only_what_it_must(void **state)
{
    (void)state;
    yyjson_mut_doc *doc = anycert__json_new();
    assert_string_equal(yyjson_mut_get_str(anycert__json_text(doc, "a\\b \xc3\xa9", 6)),
                        "a\\b \xc3\xa9");
    assert_string_equal(yyjson_mut_get_str(anycert__json_text(doc, "a\n", 2)), "a\\x0a");
    assert_string_equal(yyjson_mut_get_str(anycert__json_text(doc, "\xff", 1)), "\\xff");
    assert_string_equal(yyjson_mut_get_str(anycert__json_text(doc, "", 0)), "");
    assert_true(yyjson_mut_is_null(anycert__json_text(doc, NULL, 0)));
    yyjson_mut_doc_free(doc);
}

static void alert_name_knows_the_registry(void **state)
{
    (void)state;
    assert_string_equal(anycert__alert_name(0), "close_notify");
    assert_string_equal(anycert__alert_name(40), "handshake_failure");
    assert_string_equal(anycert__alert_name(112), "unrecognized_name");
    assert_string_equal(anycert__alert_name(116), "certificate_required");
    assert_null(anycert__alert_name(-1));
    assert_null(anycert__alert_name(39));
    assert_null(anycert__alert_name(256));
}

/* ---- samples for the schema ---- */

static int write_sample(const char *folder, const char *name, struct anycert__facts *facts,
                        const char *policy)
{
    char path[512];
    struct anycert_report *report = judge(facts, policy);
    char *text = anycert_report_json(report, NULL);
    snprintf(path, sizeof(path), "%s/%s.json", folder, name);
    FILE *file = fopen(path, "w");
    int rv = file != NULL && text != NULL && fputs(text, file) >= 0 ? 0 : 1;
    if (file != NULL && fclose(file) != 0)
        rv = 1;
    anycert_free(text);
    anycert_report_free(report);
    anycert__facts_unref(facts);
    return rv;
}

static int write_samples(const char *folder)
{
    int rv = write_sample(folder, "good", sample_facts(), "hardened");
    struct anycert__facts *proxy = sample_facts();
    proxy->hop = ANYCERT__HOP_PROXY;
    proxy->negotiated.version = 0x0303;
    proxy->negotiated.group_bits = 1024;
    proxy->negotiated.key_exchange = ANYCERT__KX_DHE;
    proxy->presented[0].dates_readable = false;
    proxy->anchors_digest[0] = '\0';
    proxy->revocation = ANYCERT_REVOCATION_GOOD;
    rv |= write_sample(folder, "proxy", proxy, "hardened+small-dh");
    rv |= write_sample(folder, "self-signed", sample_self_signed(), "hardened");
    rv |= write_sample(folder, "trust-any", sample_self_signed(), "trust-any");
    rv |= write_sample(folder, "report-only", sample_self_signed(), "report-only for=hardened");
    rv |= write_sample(folder, "pinned", sample_self_signed(), "pinned pin=" SAMPLE_PIN);
    rv |= write_sample(folder, "wrong-pin", sample_self_signed(),
                       "hardened pin=sha256//AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=");
    rv |= write_sample(folder, "refused", sample_refused_by_peer(), "hardened");
    for (size_t i = 0; i < hostile_count(); i++) {
        char name[32];
        snprintf(name, sizeof(name), "hostile-%zu", i);
        rv |= write_sample(folder, name, hostile_facts(i), "trust-any");
    }
    return rv;
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(json_good_report_has_every_field),
        cmocka_unit_test(json_check_carries_what_the_accessors_say),
        cmocka_unit_test(json_protocol_checks_are_certain_once_negotiated),
        cmocka_unit_test(json_failure_says_who_and_why),
        cmocka_unit_test(json_unreadable_dates_are_null),
        cmocka_unit_test(json_of_hostile_strings_is_valid),
        cmocka_unit_test(json_name_with_nul_shows_all_of_it),
        cmocka_unit_test(json_short_of_memory_says_so),
        cmocka_unit_test(json_text_escapes_only_what_it_must),
        cmocka_unit_test(alert_name_knows_the_registry),
    };
    if (argc == 3 && strcmp(argv[1], "--samples") == 0)
        return write_samples(argv[2]);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
