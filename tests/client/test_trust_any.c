/* The switch to the letter: what trust-any offers, whom it connects to, whom it does not and why,
 * and that its report says what was given up. */
#include "client/ask.h"
#include "client/servers.h"
#include "client/wiretap.h"

#include <openssl/crypto.h>
#include <openssl/x509v3.h>

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "lab/lab.h"
#include "support/certs.h"
#include "tls/tls.h"

#define COUNT(a) (sizeof(a) / sizeof(a)[0])

static struct lab *lab;
static struct pki pki;

static int make_scene(void **state)
{
    struct anycert_error err = {0};

    (void)state;
    pki_make(&pki);
    if (lab_start(NULL, 0, &lab, &err) < 0)
        fail_msg("%s", err.message);
    return 0;
}

static int free_scene(void **state)
{
    (void)state;
    lab_stop(lab);
    pki_free(&pki);
    return 0;
}

static const struct lab_server *server(const char *name)
{
    const struct lab_server *found = lab_server_find(lab, name);

    assert_non_null(found);
    return found;
}

static struct answer ask_server(const struct lab_server *asked, const char *policy,
                                unsigned total_ms)
{
    struct anycert_client *client = ask_client(&(struct ask){
        .policy = policy, .resolve = lab_server_resolve(asked), .total_ms = total_ms});
    struct answer answer = ask_get(client, lab_server_url(asked));

    anycert_client_free(client);
    return answer;
}

/* ---- the ClientHello */

/* IANA's numbers of
 * ECDHE+AESGCM:ECDHE+CHACHA20:DHE+AESGCM:DHE+CHACHA20:ECDH+AESGCM:DH+AESGCM:ECDH+AES:DH+AES:
 * RSA+AESGCM:RSA+AES:!aNULL:!eNULL:!MD5:!DSS at security level 1, behind TLS 1.3's three. Those
 * with short tags (CCM_8) moved to level 0 in OpenSSL 3.5. */
static const struct {
    uint16_t suite;
    bool ccm8;
} expected_suites[] = {
    {0x1302, false}, {0x1303, false}, {0x1301, false}, {0xc02c, false}, {0xc030, false},
    {0xc02b, false}, {0xc02f, false}, {0xcca9, false}, {0xcca8, false}, {0x009f, false},
    {0x009e, false}, {0xccaa, false}, {0xc0af, true},  {0xc0ad, false}, {0xc0ae, true},
    {0xc0ac, false}, {0xc024, false}, {0xc028, false}, {0xc023, false}, {0xc027, false},
    {0xc00a, false}, {0xc014, false}, {0xc009, false}, {0xc013, false}, {0xc0a3, true},
    {0xc09f, false}, {0xc0a2, true},  {0xc09e, false}, {0x006b, false}, {0x0067, false},
    {0x0039, false}, {0x0033, false}, {0x009d, false}, {0x009c, false}, {0xc0a1, true},
    {0xc09d, false}, {0xc0a0, true},  {0xc09c, false}, {0x003d, false}, {0x003c, false},
    {0x0035, false}, {0x002f, false},
};

#define SCSV 0x00ff /* RFC 5746's signalling value is no suite */

static void read_hello(const char *policy, struct lab_hello *hello)
{
    struct answer answer = ask_server(server("good"), policy, 0);

    assert_int_equal(answer.code, 0);
    answer_free(&answer);
    assert_int_equal(lab_server_hello(server("good"), hello), 0);
}

static void check_suites(const struct lab_hello *hello)
{
    bool has_ccm8 = OpenSSL_version_num() < 0x30500000UL;
    size_t n = 0;

    for (size_t i = 0; i < COUNT(expected_suites); i++) {
        if (expected_suites[i].ccm8 && !has_ccm8)
            continue;
        while (n < hello->suite_count && hello->suites[n] == SCSV)
            n++;
        assert_true(n < hello->suite_count);
        assert_int_equal(hello->suites[n++], expected_suites[i].suite);
    }
    while (n < hello->suite_count && hello->suites[n] == SCSV)
        n++;
    assert_int_equal(n, hello->suite_count);
}

static void test_hello_is_the_documented_one(void **state)
{
    static const char *const policies[] = {"trust-any", "report-only",
                                           "report-only for=\"hardened+expired\""};
    int expected = OpenSSL_version_num() < 0x30500000UL ? 42 : 36;

    (void)state;
    for (size_t i = 0; i < COUNT(policies); i++) {
        struct anycert_policy *policy = anycert_policy_parse(policies[i], NULL);
        struct lab_hello hello;
        int count = 0;

        read_hello(policies[i], &hello);
        for (size_t j = 0; j < hello.suite_count; j++)
            count += hello.suites[j] != SCSV;
        print_message("%s: %d suites with %s\n", policies[i], count, anycert_openssl_version());
        assert_int_equal(count, expected);
        assert_int_equal(anycert__tls_suites_offered(policy, NULL), expected);
        check_suites(&hello);
        assert_int_equal(hello.version_count, 2);
        assert_int_equal(hello.versions[0], 0x0304);
        assert_int_equal(hello.versions[1], 0x0303);
        assert_int_equal(hello.alpn_count, 1);
        assert_string_equal(hello.alpn[0], "http/1.1");
        assert_string_equal(hello.sni, "localhost");
        for (size_t j = 0; j < hello.signature_algorithm_count; j++)
            assert_true(hello.signature_algorithms[j] >> 8 != 2 &&
                        (hello.signature_algorithms[j] & 0xff) != 2);
        anycert_policy_free(policy);
    }
}

/* ---- whom it connects to */

static bool is_slow(const char *name)
{
    return strcmp(name, "silent") == 0 || strcmp(name, "drip-handshake") == 0 ||
           strcmp(name, "drip") == 0 || strcmp(name, "stall") == 0;
}

static void test_connects_to_exactly_what_the_lab_says(void **state)
{
    (void)state;
    for (size_t i = 0; i < lab_server_count(lab); i++) {
        const struct lab_server *asked = lab_server_at(lab, i);
        const struct lab_condition *condition = lab_server_condition(asked);
        struct answer answer = ask_server(asked, "trust-any", is_slow(condition->name) ? 400 : 0);

        if ((answer.code == 0) != condition->trust_any)
            fail_msg("%s: %d %s", condition->name, answer.code, answer.message);
        if (answer.code == 0) {
            assert_int_equal(answer.status, 200);
            assert_true(condition->plain || answer.has_report);
        } else {
            assert_string_equal(answer.body, "");
        }
        answer_free(&answer);
    }
}

/* The promise by name, so that no change of the lab's table can change it. */
static void test_connects_to_what_was_promised(void **state)
{
    static const char *const names[] = {
        "self-signed",      "expired",        "not-yet-valid", "wrong-host", "untrusted-root",
        "unknown-issuer",   "rsa-1024",       "sha1-leaf",     "rsa-kx-gcm", "rsa-kx-cbc",
        "incomplete-chain", "dh-1024",        "no-rfc5746",    "md5-leaf",   "cbc-sha1-ecdhe",
        "broken-signature", "cn-only",        "ip-no-san",     "not-a-ca",   "wrong-purpose",
        "nul-in-san",       "revoked-staple",
    };
    struct anycert_client *client = ask_client(&(struct ask){.policy = "trust-any"});

    (void)state;
    for (size_t i = 0; i < COUNT(names); i++)
        ask_works(client, lab_server_url(server(names[i])));
    anycert_client_free(client);
}

static void test_refusals_say_why_in_one_sentence(void **state)
{
    static const struct {
        const char *name, *says;
        int code;
    } rows[] = {
        {"tls11-only", "versions of TLS", ANYCERT_E_TLS_VERSION},
        {"tls10-only", "versions of TLS", ANYCERT_E_TLS_VERSION},
        {"tls10-static-rsa", "versions of TLS", ANYCERT_E_TLS_VERSION},
        {"tls10-no-rfc5746", "older than TLS 1.2", ANYCERT_E_TLS_VERSION},
        {"sha1-handshake", "sha1-handshake", ANYCERT_E_TLS_ALERT},
        {"3des", "3DES", ANYCERT_E_TLS_ALERT},
        {"rc4", "RC4", ANYCERT_E_TLS_ALERT},
        {"plain-http", "does not answer in TLS (plain HTTP", ANYCERT_E_TLS_NOT_TLS},
        {"dh-512", "Diffie-Hellman group is too small", ANYCERT_E_TLS_WEAK},
        {"anonymous", "nothing it can use", ANYCERT_E_TLS_ALERT},
        {"null-cipher", "nothing it can use", ANYCERT_E_TLS_ALERT},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct answer answer = ask_server(server(rows[i].name), "trust-any", 0);

        assert_int_equal(answer.code, rows[i].code);
        if (!strstr(answer.message, rows[i].says))
            fail_msg("%s: '%s' does not say '%s'", rows[i].name, answer.message, rows[i].says);
        assert_null(strchr(answer.message, '\n'));
        assert_null(strstr(answer.message, ". "));
        answer_free(&answer);
    }
}

/* ---- certificates that can hardly be read */

static X509 *odd_cert(int which)
{
    X509 *cert = pki_issue(&pki, "DNS:localhost", pki.keys[FLAW_NONE], time(NULL) - CERTS_DAY,
                           time(NULL) + CERTS_DAY);
    ASN1_OCTET_STRING *garbage = ASN1_OCTET_STRING_new();
    static const int nids[] = {
        NID_subject_alt_name, NID_basic_constraints,        NID_key_usage,
        NID_ext_key_usage,    NID_authority_key_identifier, NID_name_constraints};
    X509_EXTENSION *extension = NULL;

    assert_int_equal(ASN1_OCTET_STRING_set(garbage, (const unsigned char *)"\x30\x82garbage", 9),
                     1);
    if (which < (int)COUNT(nids)) {
        int at = X509_get_ext_by_NID(cert, nids[which], -1);

        if (at >= 0)
            X509_EXTENSION_free(X509_delete_ext(cert, at));
        extension = X509_EXTENSION_create_by_NID(NULL, nids[which], 1, garbage);
        assert_int_equal(X509_add_ext(cert, extension, -1), 1);
    } else if (which == (int)COUNT(nids)) { /* the same extension twice */
        extension = X509_EXTENSION_dup(
            X509_get_ext(cert, X509_get_ext_by_NID(cert, NID_subject_alt_name, -1)));
        assert_int_equal(X509_add_ext(cert, extension, -1), 1);
    } else if (which == (int)COUNT(nids) + 1) { /* no date at all */
        assert_int_equal(ASN1_STRING_set(X509_getm_notAfter(cert), "99999999999Z", -1), 1);
    } else { /* a date of thirteen months */
        assert_int_equal(ASN1_STRING_set(X509_getm_notBefore(cert), "251301000000Z", -1), 1);
    }
    X509_EXTENSION_free(extension);
    ASN1_OCTET_STRING_free(garbage);
    assert_true(X509_sign(cert, pki.root_key, EVP_sha256()) > 0);
    return cert;
}
#define ODD_CERTS      9
#define TOO_SHORT_DATE 7

static void test_odd_certificates_are_accepted_and_reported(void **state)
{
    (void)state;
    for (int i = 0; i < ODD_CERTS; i++) {
        X509 *cert = odd_cert(i);
        struct wiretap *tap = wiretap_start(&(struct wiretap_plan){
            .role = WIRETAP_ORIGIN, .cert = cert, .key = pki.keys[FLAW_NONE]});
        struct anycert_client *any = ask_client(&(struct ask){.policy = "trust-any"});
        struct anycert_client *strict = ask_under("hardened", pki.root_path);
        const char *url = url_of("https", wiretap_port(tap), "");
        struct answer answer = ask_get(any, url);
        /* OpenSSL 3.5 does not even decode a date that is too short: for it there is no
         * certificate. */
        bool undecodable = i == TOO_SHORT_DATE && OpenSSL_version_num() >= 0x30500000UL;

        if (undecodable ? answer.code != ANYCERT_E_TLS : answer.code != 0)
            fail_msg("odd certificate %d: %s", i, answer.message);
        if (!undecodable)
            assert_int_equal(answer.reference_verdict, ANYCERT_FAIL);
        assert_false(answer.authenticated);
        answer_free(&answer);
        answer = ask_get(strict, url);
        if (answer.code / 100 != (undecodable ? 4 : 3))
            fail_msg("odd certificate %d: %d %s", i, answer.code, answer.message);
        answer_free(&answer);
        anycert_client_free(any);
        anycert_client_free(strict);
        (void)wiretap_stop(tap);
        X509_free(cert);
    }
}

/* ---- its report */

struct finding {
    char id[32];
    int code, depth;
};

/* What a report's reference policy refuses of the certificates. */
static size_t refused(const struct anycert_report *report, struct finding out[16])
{
    size_t count = 0;

    for (const struct anycert_check *check = anycert_report_next_check(report, NULL); check;
         check = anycert_report_next_check(report, check)) {
        if (anycert_check_reference_verdict(check) != ANYCERT_FAIL ||
            anycert_check_x509_code(check) == 0)
            continue;
        assert_true(count < 16);
        snprintf(out[count].id, sizeof out[count].id, "%s", anycert_check_id(check));
        out[count].code = anycert_check_x509_code(check);
        out[count++].depth = anycert_check_depth(check);
    }
    return count;
}

static void compare_findings(const char *name, const struct answer *any,
                             const struct answer *strict)
{
    struct finding expected[16] = {0};
    struct finding found[16] = {0};
    size_t expected_count = refused(anycert_response_report(strict->response), expected);
    size_t count = refused(anycert_response_report(any->response), found);

    if (count != expected_count)
        fail_msg("%s: %zu findings instead of %zu", name, count, expected_count);
    for (size_t i = 0; i < count; i++) {
        assert_string_equal(found[i].id, expected[i].id);
        assert_int_equal(found[i].code, expected[i].code);
        assert_int_equal(found[i].depth, expected[i].depth);
    }
}

/* Where hardened comes as far as the certificates, both say the same about them. */
static void run_comparison(const char *any_policy, const char *strict_policy, unsigned *compared)
{
    for (size_t i = 0; i < lab_server_count(lab); i++) {
        const struct lab_server *asked = lab_server_at(lab, i);
        const struct lab_condition *condition = lab_server_condition(asked);
        struct answer any, strict;

        if (!condition->trust_any || condition->plain)
            continue;
        any = ask_server(asked, any_policy, 0);
        strict = ask_server(asked, strict_policy, 0);
        assert_int_equal(any.code, 0);
        if (strict.has_report &&
            anycert_report_chain_length(anycert_response_report(strict.response)) > 0 &&
            /* Refused for its issuer, hardened never gets to see the stapled answer. */
            strcmp(condition->name, "revoked-staple") != 0) {
            compare_findings(condition->name, &any, &strict);
            assert_int_equal(any.reference_verdict == ANYCERT_FAIL, strict.code != 0);
            if (strict.code == 0)
                assert_int_equal(any.verdict, ANYCERT_PASS);
            else
                assert_int_equal(any.verdict, ANYCERT_RELAXED);
            (*compared)++;
        }
        answer_free(&any);
        answer_free(&strict);
    }
}

static void test_report_lists_what_hardened_would_have_refused(void **state)
{
    unsigned compared = 0;

    (void)state;
    run_comparison("trust-any", "hardened", &compared);
    assert_true(compared > 35);
}

static void test_report_only_lists_what_its_target_would_have_refused(void **state)
{
    static const char *const targets[] = {"hardened", "hardened+expired",
                                          "hardened+self-signed+wrong-host"};
    const char *root = lab_file(lab, LAB_FILE_ROOT);

    (void)state;
    for (size_t i = 0; i < COUNT(targets); i++) {
        char policy[1024];
        unsigned compared = 0;

        snprintf(policy, sizeof policy, "report-only for=\"%s ca=%s\"", targets[i], root);
        if (i == 0)
            run_comparison(policy, ask_policy(targets[i], root), &compared);
        assert_true(i > 0 || compared > 35);
        for (size_t j = 0; j < lab_server_count(lab); j++) {
            const struct lab_server *asked = lab_server_at(lab, j);
            struct answer any, strict;

            if (i == 0 || !lab_server_condition(asked)->trust_any ||
                lab_server_condition(asked)->plain)
                continue;
            any = ask_server(asked, policy, 0);
            strict = ask_server(asked, ask_policy(targets[i], root), 0);
            assert_int_equal(any.code, 0);
            assert_int_equal(any.reference_verdict == ANYCERT_FAIL, strict.code != 0);
            answer_free(&any);
            answer_free(&strict);
        }
    }
}

static void test_protocol_checks_say_what_was_negotiated(void **state)
{
    static const struct {
        const char *name, *check, *relaxation;
    } rows[] = {
        {"rsa-kx-gcm", "key-exchange", "rsa-key-exchange"},
        {"rsa-kx-cbc", "key-exchange", "rsa-key-exchange"},
        {"rsa-kx-cbc", "cipher", "cbc-sha1"},
        {"cbc-sha1-ecdhe", "cipher", "cbc-sha1"},
        {"dh-1024", "group", "small-dh"},
        {"no-rfc5746", "renegotiation", "legacy-renegotiation"},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct answer answer = ask_server(server(rows[i].name), "trust-any", 0);
        const struct anycert_report *report = anycert_response_report(answer.response);
        const struct anycert_check *check = anycert_report_next_check(report, NULL);
        char *json = anycert_report_json(report, NULL);

        while (check && (strcmp(anycert_check_id(check), rows[i].check) != 0))
            check = anycert_report_next_check(report, check);
        assert_non_null(check);
        assert_int_equal(anycert_check_verdict(check), ANYCERT_RELAXED);
        assert_int_equal(anycert_check_reference_verdict(check), ANYCERT_FAIL);
        assert_string_equal(anycert_check_relaxation(check), rows[i].relaxation);
        assert_non_null(strstr(json, "negotiated"));
        assert_null(strstr(json, "confirmed"));
        anycert_free(json);
        answer_free(&answer);
    }
}

static void test_report_says_whether_the_peer_was_authenticated(void **state)
{
    static const struct {
        const char *name;
        bool authenticated;
    } rows[] = {
        {"good", true},
        {"expired", true},
        {"cn-only", true},
        {"rsa-1024", true},
        {"self-signed", false},
        {"wrong-host", false},
        {"untrusted-root", false},
        {"not-a-ca", false},
        {"md5-leaf", false},
        {"broken-signature", false},
        {"nul-in-san", false},
        {"rsa-kx-gcm", true},
    };
    char policy[1024];

    (void)state;
    snprintf(policy, sizeof policy, "report-only for=\"hardened ca=%s\"",
             lab_file(lab, LAB_FILE_ROOT));
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct answer answer = ask_server(server(rows[i].name), policy, 0);

        if (answer.authenticated != rows[i].authenticated)
            fail_msg("%s: peer_authenticated is %d", rows[i].name, answer.authenticated);
        assert_string_equal(
            anycert_report_authenticated_by(anycert_response_report(answer.response)),
            rows[i].authenticated ? "chain" : "none");
        answer_free(&answer);
        /* The system's anchors know nobody here. */
        answer = ask_server(server(rows[i].name), "trust-any", 0);
        if (answer.authenticated)
            fail_msg("%s: %s", rows[i].name,
                     anycert_report_text(anycert_response_report(answer.response), NULL));
        assert_string_equal(
            anycert_report_authenticated_by(anycert_response_report(answer.response)), "none");
        answer_free(&answer);
    }
}

/* ---- no bundle matters */

/* ca= of trust-any is what its report compares with, and nothing else. */
static void test_anchors_of_trust_any_are_for_its_report(void **state)
{
    const char *policy = ask_policy("trust-any", lab_file(lab, LAB_FILE_ROOT));
    struct answer answer = ask_server(server("good"), policy, 0);

    (void)state;
    assert_int_equal(answer.code, 0);
    assert_int_equal(answer.verdict, ANYCERT_PASS);
    assert_true(answer.authenticated);
    answer_free(&answer);
    answer = ask_server(server("untrusted-root"), policy, 0);
    assert_int_equal(answer.code, 0);
    assert_int_equal(answer.verdict, ANYCERT_RELAXED);
    assert_false(answer.authenticated);
    answer_free(&answer);
}

static int no_anchors_for(const char *rung, const char *path)
{
    struct anycert_config *config = anycert_config_new(NULL);
    struct anycert_policy *strict = anycert_policy_parse(ask_policy(rung, path), NULL);
    struct anycert_error err = {0};

    assert_int_equal(anycert_config_set_policy(config, strict, NULL), 0);
    assert_null(anycert_client_new(config, &err));
    assert_non_null(strstr(err.message, path));
    anycert_policy_free(strict);
    anycert_config_free(config);
    return err.code;
}

static void test_bundles_that_are_missing_or_hostile_change_nothing(void **state)
{
    char *folder = certs_folder();
    const char *const names[] = {"missing", "empty", "garbage", "broken", "folder", "hostile"};
    char *paths[COUNT(names)];
    char *pem = child_log(lab_file(lab, LAB_FILE_OTHER_ROOT));

    (void)state;
    for (size_t i = 0; i < COUNT(names); i++)
        paths[i] = certs_path(folder, names[i]);
    certs_write(paths[1], "", 0);
    certs_write(paths[2], "\0\xff\xfe garbage", 11);
    certs_write(paths[3], "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n", 57);
    assert_int_equal(mkdir(paths[4], 0700), 0);
    certs_write(paths[5], pem, strlen(pem));
    for (size_t i = 0; i < COUNT(names); i++) {
        const char *path = paths[i];
        const char *policy = ask_policy("trust-any", path);
        struct answer answer = ask_server(server("good"), policy, 0);

        if (answer.code != 0)
            fail_msg("%s: %s", policy, answer.message);
        assert_int_equal(answer.verdict, ANYCERT_RELAXED);
        assert_int_equal(answer.reference_verdict, ANYCERT_FAIL);
        assert_false(answer.authenticated);
        answer_free(&answer);
        if (i < COUNT(names) - 1) { /* while others will not even begin */
            assert_int_equal(no_anchors_for("hardened", path), ANYCERT_E_ANCHORS);
            assert_int_equal(no_anchors_for("report-only", path), ANYCERT_E_ANCHORS);
        }
    }
    assert_int_equal(rmdir(paths[4]), 0);
    for (size_t i = 0; i < COUNT(names); i++)
        free(paths[i]);
    certs_remove(folder);
    free(folder);
    free(pem);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_hello_is_the_documented_one),
        cmocka_unit_test(test_connects_to_exactly_what_the_lab_says),
        cmocka_unit_test(test_connects_to_what_was_promised),
        cmocka_unit_test(test_refusals_say_why_in_one_sentence),
        cmocka_unit_test(test_odd_certificates_are_accepted_and_reported),
        cmocka_unit_test(test_report_lists_what_hardened_would_have_refused),
        cmocka_unit_test(test_report_only_lists_what_its_target_would_have_refused),
        cmocka_unit_test(test_protocol_checks_say_what_was_negotiated),
        cmocka_unit_test(test_report_says_whether_the_peer_was_authenticated),
        cmocka_unit_test(test_anchors_of_trust_any_are_for_its_report),
        cmocka_unit_test(test_bundles_that_are_missing_or_hostile_change_nothing),
    };

    return cmocka_run_group_tests(tests, make_scene, free_scene);
}
