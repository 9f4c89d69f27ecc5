/* Which certificate is for which host: the many ways to write a name, in URLs and in certificates.
 */
#include "client/ask.h"
#include "client/servers.h"
#include "client/wiretap.h"

#include <openssl/crypto.h>
#include <openssl/x509v3.h>
#include <yyjson.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "http/url.h"
#include "lab/lab.h"
#include "support/certs.h"

#define COUNT(a) (sizeof(a) / sizeof(a)[0])

static struct lab *lab;
static struct pki pki;

static int make_scene(void **state)
{
    static const char *const servers[] = {"good", "self-signed"};
    struct anycert_error err = {0};

    (void)state;
    pki_make(&pki);
    if (lab_start(servers, COUNT(servers), &lab, &err) < 0)
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

/* ---- names (P12 to P16) */

struct name_row {
    const char *name; /* the URL's host */
    const char *cn, *san;
    bool matches;
};

static const struct name_row name_rows[] = {
    {"localhost", "x", "DNS:localhost", true},
    {"LOCALHOST", "x", "DNS:localhost", true},
    {"localhost", "x", "DNS:LocalHost", true},
    {"localhost.", "x", "DNS:localhost", true},
    {"localhost", "x", "DNS:localhost.", false},
    {"localhost.", "x", "DNS:localhost.", false},
    {"localhost", "localhost", "email:me@lab.test", false},
    {"localhost", "localhost", "URI:https://localhost/", false},
    {"localhost", "localhost", "DNS:other.test", false},
    {"localhost", "localhost", "IP:10.0.0.1", false},
    {"localhost", "localhost", "RID:1.2.3.4", false},
    {"localhost", "localhost", "otherName:1.3.6.1.5.5.7.8.7;IA5STRING:localhost", false},
    {"localhost", "x", "DNS:*", false},
    {"localhost", "x", "DNS:*.localhost", false},
    {"localhost", "x", "DNS:.localhost", false},
    {"localhost", "x", "DNS:local*", false},
    {"localhost", "x", "DNS:localhost.localhost", false},
    {"localhost", "x", "DNS:xlocalhost,DNS:localhostx,DNS:localhos", false},
    {"localhost", "x", "DNS:other.test,IP:127.0.0.1,DNS:localhost", true},
    {"x.y.lab.test", "x", "DNS:*.lab.test", false},
    {"x.y.lab.test", "x", "DNS:*.*.lab.test", false},
    {"x.y.lab.test", "x", "DNS:x.*.lab.test", false},
    {"x.y.lab.test", "x", "DNS:*.y.lab.test", true},
    {"lab.test", "x", "DNS:*.lab.test", false},
    {"foo.lab.test", "x", "DNS:f*.lab.test", false},
    {"foo.lab.test", "x", "DNS:*o.lab.test", false},
    {"foo.lab.test", "x", "DNS:f*o.lab.test", false},
    {"foo.lab.test", "x", "DNS:**.lab.test", false},
    {"foo.test", "x", "DNS:*.test", false},
    {"shop.co.uk", "x", "DNS:*.co.uk", false},
    {"www.shop.co.uk", "x", "DNS:*.shop.co.uk", true},
    {"shop.co.uk", "x", "DNS:*.co.uk,DNS:shop.co.uk", true},
    {"xn--bcher-kva.lab.test", "x", "DNS:x*.lab.test", false},
    {"xn--bcher-kva.lab.test", "x", "DNS:xn--*.lab.test", false},
    {"xn--bcher-kva.lab.test", "x", "DNS:xn--bcher-kva.lab.test", true},
    {"b\xc3\xbc"
     "cher.lab.test",
     "x", "DNS:xn--bcher-kva.lab.test", true},
    {"127.0.0.1", "x", "IP:127.0.0.1", true},
    {"127.0.0.1", "127.0.0.1", "DNS:127.0.0.1", false},
    {"127.0.0.1", "127.0.0.1", "email:me@lab.test", false},
    {"127.0.0.1", "x", "DNS:*,DNS:*.0.0.1", false},
    {"127.0.0.1", "x", "DNS:localhost", false},
    {"127.0.0.1", "x", "IP:127.0.0.2", false},
    {"127.0.0.1", "x", "IP:::ffff:127.0.0.1", false},
    {"[::1]", "x", "IP:::1", true},
    {"[::1]", "::1", "DNS:localhost", false},
    {"[::1]", "x", "IP:127.0.0.1", false},
    {"[0:0:0:0:0:0:0:1]", "x", "IP:::1", true},
    {"[::ffff:127.0.0.1]", "x", "IP:127.0.0.1", false},
};

static X509 *named_cert(const char *cn, const char *san, bool self_signed)
{
    int64_t now = time(NULL);

    return certs_make(&(struct certs_recipe){.cn = cn,
                                             .key = pki.keys[FLAW_NONE],
                                             .issuer = self_signed ? NULL : pki.root,
                                             .issuer_key = self_signed ? NULL : pki.root_key,
                                             .not_before = now - CERTS_DAY,
                                             .not_after = now + CERTS_DAY,
                                             .san = san});
}

static struct wiretap *serve(X509 *cert)
{
    return wiretap_start(
        &(struct wiretap_plan){.role = WIRETAP_ORIGIN, .cert = cert, .key = pki.keys[FLAW_NONE]});
}

/* libcurl compares hosts after its own conversions. */
static const char *as_libcurl_has_it(const char *host)
{
    if ((unsigned char)host[1] >= 0x80)
        return "xn--bcher-kva.lab.test";
    return strcmp(host, "[0:0:0:0:0:0:0:1]") == 0 ? "[::1]" : host;
}

/* Asks a host that is really 127.0.0.1. */
static struct answer ask_host(const char *host, uint16_t port, const char *policy)
{
    char url[300];
    char way[600];
    struct answer answer;
    struct anycert_client *client = NULL;

    snprintf(url, sizeof url, "https://%s:%u/", host, (unsigned)port);
    snprintf(way, sizeof way, "%s:%u:127.0.0.1:%u", as_libcurl_has_it(host), (unsigned)port,
             (unsigned)port);
    client = ask_client(&(struct ask){.policy = policy, .connect_to = way});
    answer = ask_get(client, url);
    anycert_client_free(client);
    return answer;
}

static void test_names_match_by_rfc_9525_only(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(name_rows); i++) {
        const struct name_row *row = &name_rows[i];
        X509 *cert = named_cert(row->cn, row->san, false);
        struct wiretap *tap = serve(cert);
        int code = row->matches ? 0 : ANYCERT_E_TRUST_NAME;

        for (int j = 0; j < 2; j++) {
            /* Giving up the chain does not give up the name (P9). */
            const char *rung =
                j == 0 ? "hardened" : "hardened+untrusted-issuer+self-signed+expired";
            struct answer answer =
                ask_host(row->name, wiretap_port(tap), ask_policy(rung, pki.root_path));

            if (answer.code != code)
                fail_msg("%s and %s: expected %d, got %d %s", row->name, row->san, code,
                         answer.code, answer.message);
            answer_free(&answer);
        }
        (void)wiretap_stop(tap);
        X509_free(cert);
    }
}

static void test_giving_up_the_chain_keeps_the_name(void **state)
{
    static const struct {
        const char *san, *rung;
        bool works;
    } rows[] = {
        {"DNS:localhost", "hardened+self-signed", true},
        {"DNS:other.test", "hardened+self-signed", false},
        {"DNS:other.test", "hardened+self-signed+untrusted-issuer", false},
        {"DNS:localhost", "hardened+wrong-host", false},
        {"DNS:other.test", "hardened+wrong-host", false},
        {"DNS:other.test", "hardened+self-signed+wrong-host", true},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        X509 *cert = named_cert("localhost", rows[i].san, true);
        struct wiretap *tap = serve(cert);
        struct answer answer =
            ask_host("localhost", wiretap_port(tap), ask_policy(rows[i].rung, pki.root_path));

        assert_int_equal(answer.code == 0, rows[i].works);
        answer_free(&answer);
        (void)wiretap_stop(tap);
        X509_free(cert);
    }
}

/* ---- one host, many spellings (P15) */

static void test_spellings_of_one_host_are_one_origin(void **state)
{
    static const char *const same[][2] = {
        {"https://localhost/", "https://localhost:443/"},
        {"https://localhost/", "HTTPS://LOCALHOST/"},
        {"https://localhost/a", "https://LocalHost:0443/b?c"},
        {"https://user@localhost/", "https://localhost"},
        {"https://xn--bcher-kva.test/", "https://b\xc3\xbc"
                                        "cher.test/"},
        {"https://xn--bcher-kva.test/", "https://XN--BCHER-KVA.test:443/"},
        {"https://[::1]/", "https://[0:0:0:0:0:0:0:1]:443/"},
        {"http://localhost/", "http://localhost:80/"},
    };
    static const char *const different[][2] = {
        {"https://localhost/", "http://localhost/"},
        {"https://localhost/", "https://localhost:444/"},
        {"https://localhost/", "https://127.0.0.1/"},
        {"https://localhost:80/", "http://localhost/"},
        /* One name for certificates, but not one for resolvers: pools and secrets are kept apart.
         */
        {"https://localhost/", "https://localhost./"},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(same) + COUNT(different); i++) {
        const char *const *pair = i < COUNT(same) ? same[i] : different[i - COUNT(same)];
        struct anycert__url a, b;
        struct anycert_error err = {0};

        if (anycert__url_parse(pair[0], &a, &err) < 0 || anycert__url_parse(pair[1], &b, &err) < 0)
            fail_msg("%s %s: %s", pair[0], pair[1], err.message);
        assert_int_equal(anycert__url_same_origin(&a, &b), i < COUNT(same));
        anycert__url_clear(&a);
        anycert__url_clear(&b);
    }
}

static void test_spellings_of_one_host_get_one_verdict(void **state)
{
    static const char *const hosts[] = {"localhost", "LOCALHOST", "localhost.", "LocalHost."};
    const struct lab_server *good = server("good");
    const struct lab_server *bad = server("self-signed");

    (void)state;
    for (size_t i = 0; i < COUNT(hosts); i++) {
        struct lab_hello hello;
        struct answer answer = ask_host(hosts[i], lab_server_port(good),
                                        ask_policy("hardened", lab_file(lab, LAB_FILE_ROOT)));

        assert_int_equal(answer.code, 0);
        assert_string_equal(anycert_report_identity(anycert_response_report(answer.response)),
                            "localhost");
        assert_int_equal(lab_server_hello(good, &hello), 0);
        assert_string_equal(hello.sni, "localhost");
        answer_free(&answer);
        answer = ask_host(hosts[i], lab_server_port(bad),
                          ask_policy("hardened", lab_file(lab, LAB_FILE_ROOT)));
        assert_int_equal(answer.code, ANYCERT_E_TRUST_ISSUER);
        answer_free(&answer);
        answer = ask_host(hosts[i], lab_server_port(bad),
                          ask_policy("hardened+self-signed", lab_file(lab, LAB_FILE_ROOT)));
        assert_int_equal(answer.code, 0);
        answer_free(&answer);
    }
}

/* ---- names that try to be several (P17) */

static X509 *cert_with_raw_name(const void *name, int len)
{
    X509 *cert = named_cert("x", NULL, false);
    GENERAL_NAMES *names = GENERAL_NAMES_new();
    GENERAL_NAME *entry = GENERAL_NAME_new();
    ASN1_IA5STRING *value = ASN1_IA5STRING_new();

    assert_int_equal(ASN1_STRING_set(value, name, len), 1);
    GENERAL_NAME_set0_value(entry, GEN_DNS, value);
    assert_true(sk_GENERAL_NAME_push(names, entry) > 0);
    assert_int_equal(X509_add1_ext_i2d(cert, NID_subject_alt_name, names, 0, X509V3_ADD_REPLACE),
                     1);
    assert_true(X509_sign(cert, pki.root_key, EVP_sha256()) > 0);
    GENERAL_NAMES_free(names);
    return cert;
}

static void test_names_with_separators_match_nothing_and_are_shown_escaped(void **state)
{
    static const char *const names[] = {
        "other.test, DNS:localhost",
        "other.test\nlocalhost",
        "other.test\r\nX: localhost",
        "\"localhost\"",
        "localhost\0.other.test",
        "localhost\x1b[31m",
        "localhost,localhost",
        "localhost ",
        "local\xffhost",
    };
    static const int lengths[] = {25, 20, 24, 11, 20, 14, 19, 10, 10};

    (void)state;
    for (size_t i = 0; i < COUNT(names); i++) {
        X509 *cert = cert_with_raw_name(names[i], lengths[i]);
        struct wiretap *tap = serve(cert);
        struct answer answer =
            ask_host("localhost", wiretap_port(tap), ask_policy("hardened", pki.root_path));
        const struct anycert_report *report = anycert_response_report(answer.response);
        char *json = anycert_report_json(report, NULL);
        char *text = anycert_report_text(report, NULL);
        const char *shown = anycert_report_cert_names(report, 0);
        yyjson_doc *doc = yyjson_read(json, strlen(json), 0);

        assert_int_equal(answer.code, ANYCERT_E_TRUST_NAME);
        assert_non_null(doc);
        for (const char *p = shown; *p; p++)
            assert_true((unsigned char)*p >= 0x20 && (unsigned char)*p < 0x7f);
        for (const char *p = answer.message; *p; p++)
            assert_true((unsigned char)*p >= 0x20);
        assert_null(strchr(text, '\x1b'));
        assert_null(strchr(text, '\r'));
        assert_null(strchr(json, '\x1b'));
        yyjson_doc_free(doc);
        anycert_free(json);
        anycert_free(text);
        answer_free(&answer);
        (void)wiretap_stop(tap);
        X509_free(cert);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_names_match_by_rfc_9525_only),
        cmocka_unit_test(test_giving_up_the_chain_keeps_the_name),
        cmocka_unit_test(test_spellings_of_one_host_are_one_origin),
        cmocka_unit_test(test_spellings_of_one_host_get_one_verdict),
        cmocka_unit_test(test_names_with_separators_match_nothing_and_are_shown_escaped),
    };

    return cmocka_run_group_tests(tests, make_scene, free_scene);
}
