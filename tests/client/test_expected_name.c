/* The keys expect-name= and sni=: another name than the URL's host is looked for in the
 * certificate, and sent in the handshake; nothing else changes. */
#include "client/places.h"

#include <openssl/crypto.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "lab/lab.h"
#include "support/certs.h"
#include "support/ports.h"

#define COUNT(a) (sizeof(a) / sizeof(a)[0])

static struct scene scene;
static struct lab *lab;

static int make_scene(void **state)
{
    static const char *const names[] = {"good", "wrong-host", "expired-and-wrong-host",
                                        "sni-required"};
    struct anycert_error err = {0};

    (void)state;
    scene_make(&scene);
    if (lab_start(names, COUNT(names), &lab, &err) < 0)
        fail_msg("%s", err.message);
    return 0;
}

static int free_scene(void **state)
{
    (void)state;
    lab_stop(lab);
    scene_free(&scene);
    return 0;
}

/* "RUNG ca=THE LAB'S,NGINX'S KEYS" in a buffer that lives until the eighth call after it. */
static const char *policy_of(const char *rung, const char *keys)
{
    static char texts[8][700];
    static unsigned next;
    char *text = texts[next++ % COUNT(texts)];

    snprintf(text, sizeof texts[0], "%s ca=%s,%s %s", rung, lab_file(lab, LAB_FILE_ROOT),
             scene.pki.root_path, keys);
    if (!*keys)
        text[strlen(text) - 1] = '\0';
    return text;
}

static struct anycert_client *client_of(const char *rung, const char *keys)
{
    return ask_client(&(struct ask){.policy = policy_of(rung, keys)});
}

static const char *lab_url(const char *name, const char *host, const char *path)
{
    static char urls[8][400];
    static unsigned next;
    char *url = urls[next++ % COUNT(urls)];

    snprintf(url, sizeof urls[0], "https://%s:%u/%s", host,
             (unsigned)lab_server_port(lab_server_find(lab, name)), path);
    return url;
}

/* One request under a policy of its own; the code. */
static int code_of(const char *rung, const char *keys, const char *url)
{
    struct anycert_client *client = client_of(rung, keys);
    struct answer answer = ask_get(client, url);
    int code = answer.code;

    answer_free(&answer);
    anycert_client_free(client);
    return code;
}

/* A server whose certificate has these names. */
static struct wiretap *serve(const char *san, bool self_signed, X509 **cert)
{
    int64_t now = time(NULL);

    *cert = certs_make(&(struct certs_recipe){.cn = "x",
                                              .key = scene.pki.keys[FLAW_NONE],
                                              .issuer = self_signed ? NULL : scene.pki.root,
                                              .issuer_key = self_signed ? NULL : scene.pki.root_key,
                                              .not_before = now - CERTS_DAY,
                                              .not_after = now + CERTS_DAY,
                                              .san = san});
    return wiretap_start(&(struct wiretap_plan){
        .role = WIRETAP_ORIGIN, .cert = *cert, .key = scene.pki.keys[FLAW_NONE]});
}

static struct wiretap_seen stop(struct wiretap *tap, X509 *cert)
{
    struct wiretap_seen seen = wiretap_stop(tap);

    X509_free(cert);
    return seen;
}

/* ---- the name */

static void test_the_certificate_has_to_name_it_instead_of_the_host(void **state)
{
    struct anycert_client *client = client_of("hardened", "expect-name=other.lab.test");
    struct answer answer = ask_get(client, lab_url("wrong-host", "localhost", "echo"));
    const struct anycert_report *report = anycert_response_report(answer.response);
    char host[64];

    (void)state;
    assert_int_equal(answer.code, 0);
    assert_int_equal(answer.verdict, ANYCERT_PASS);
    assert_true(answer.authenticated);
    assert_string_equal(anycert_report_authenticated_by(report), "chain");
    assert_string_equal(anycert_report_identity(report), "other.lab.test");
    assert_string_equal(anycert_report_host(report), "localhost");
    /* HTTP goes on about the URL's host. */
    snprintf(host, sizeof host, "\"localhost:%u\"",
             (unsigned)lab_server_port(lab_server_find(lab, "wrong-host")));
    assert_non_null(strstr(answer.body, host));
    answer_free(&answer);
    anycert_client_free(client);

    assert_int_equal(code_of("hardened", "", lab_url("wrong-host", "localhost", "")),
                     ANYCERT_E_TRUST_NAME);
    assert_int_equal(
        code_of("hardened", "expect-name=another.lab.test", lab_url("wrong-host", "localhost", "")),
        ANYCERT_E_TRUST_NAME);
    /* And the host's own name is not enough. */
    assert_int_equal(
        code_of("hardened", "expect-name=other.lab.test", lab_url("good", "localhost", "")),
        ANYCERT_E_TRUST_NAME);
}

/* P11: what is expected of the name changes nothing for the rest. */
static void test_everything_else_is_checked(void **state)
{
    X509 *cert = NULL;
    struct wiretap *tap = serve("DNS:box.test", true, &cert);
    const char *both = lab_url("expired-and-wrong-host", "localhost", "");
    const char *url = url_of("https", wiretap_port(tap), "");

    (void)state;
    assert_int_equal(code_of("hardened", "expect-name=box.test", url), ANYCERT_E_TRUST_ISSUER);
    assert_int_equal(code_of("hardened+self-signed", "expect-name=box.test", url), 0);
    assert_int_equal(code_of("hardened+self-signed", "expect-name=tox.test", url),
                     ANYCERT_E_TRUST_NAME);
    assert_int_equal(code_of("hardened", "expect-name=other.lab.test", both),
                     ANYCERT_E_TRUST_DATES);
    assert_int_equal(code_of("hardened+expired", "expect-name=other.lab.test", both), 0);
    (void)stop(tap, cert);
}

static void test_names_match_by_rfc_9525_only(void **state)
{
    static const struct {
        const char *san, *host, *expected;
        bool matches;
    } rows[] = {
        {"DNS:box.test", "127.0.0.1", "box.test", true},
        {"DNS:box.test", "[::1]", "BOX.test.", true},
        {"DNS:*.box.test", "localhost", "a.box.test", true},
        {"DNS:*.box.test", "localhost", "a.b.box.test", false},
        {"DNS:*.test", "localhost", "box.test", false},
        {"IP:10.0.0.1", "localhost", "10.0.0.1", true},
        {"IP:10.0.0.1", "127.0.0.1", "10.0.0.2", false},
        {"DNS:10.0.0.1", "localhost", "10.0.0.1", false},
        {"IP:fe80::1", "localhost", "[fe80:0::1]", true},
        {"DNS:localhost,IP:127.0.0.1", "localhost", "127.0.0.1", true},
        {"DNS:localhost,IP:127.0.0.1", "127.0.0.1", "localhost", true},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        X509 *cert = NULL;
        struct wiretap *tap = serve(rows[i].san, false, &cert);
        char url[100], key[100], way[100];
        struct anycert_client *client = NULL;
        struct answer answer;

        snprintf(url, sizeof url, "https://%s:%u/", rows[i].host, (unsigned)wiretap_port(tap));
        snprintf(way, sizeof way, "%s:%u:127.0.0.1:%u", rows[i].host, (unsigned)wiretap_port(tap),
                 (unsigned)wiretap_port(tap));
        snprintf(key, sizeof key, "expect-name=%s", rows[i].expected);
        client = ask_client(&(struct ask){.policy = policy_of("hardened", key), .connect_to = way});
        answer = ask_get(client, url);
        if (answer.code != (rows[i].matches ? 0 : ANYCERT_E_TRUST_NAME))
            fail_msg("%s and %s: %d %s", rows[i].san, rows[i].expected, answer.code,
                     answer.message);
        answer_free(&answer);
        anycert_client_free(client);
        (void)stop(tap, cert);
    }
}

static void test_a_refusal_says_which_name_was_looked_for(void **state)
{
    struct anycert_client *client = client_of("hardened", "expect-name=box.lab.test");
    struct answer answer = ask_get(client, lab_url("good", "localhost", ""));

    (void)state;
    assert_int_equal(answer.code, ANYCERT_E_TRUST_NAME);
    assert_non_null(strstr(answer.message, "and not 'box.lab.test'"));
    answer_free(&answer);
    anycert_client_free(client);
}

static void test_report_only_compares_with_the_expected_name(void **state)
{
    static const struct {
        const char *name;
        enum anycert_verdict verdict;
    } rows[] = {{"other.lab.test", ANYCERT_PASS}, {"another.lab.test", ANYCERT_FAIL}};

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        char text[600];
        struct anycert_client *client = NULL;
        struct answer answer;

        snprintf(text, sizeof text, "report-only for=\"hardened ca=%s expect-name=%s\"",
                 lab_file(lab, LAB_FILE_ROOT), rows[i].name);
        client = ask_client(&(struct ask){.policy = text});
        answer = ask_get(client, lab_url("wrong-host", "localhost", ""));
        assert_int_equal(answer.code, 0);
        assert_int_equal(answer.reference_verdict, rows[i].verdict);
        answer_free(&answer);
        anycert_client_free(client);
    }
}

/* ---- the name of the handshake (RFC 6066 section 3) */

static void test_the_handshake_has_the_name_that_was_chosen(void **state)
{
    static const struct {
        const char *rung, *host, *keys, *sni;
    } rows[] = {
        {"hardened", "localhost", "expect-name=other.lab.test", "localhost"},
        {"hardened", "127.0.0.1", "expect-name=other.lab.test", ""},
        {"hardened", "localhost", "expect-name=other.lab.test sni=box.test", "box.test"},
        {"hardened", "127.0.0.1", "expect-name=other.lab.test sni=Other.lab.test.",
         "other.lab.test"},
        {"trust-any", "localhost", "sni=box.test", "box.test"},
        {"trust-any", "127.0.0.1", "sni=box.test", "box.test"},
        {"trust-any", "127.0.0.1", "", ""},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct lab_hello hello;

        assert_int_equal(
            code_of(rows[i].rung, rows[i].keys, lab_url("wrong-host", rows[i].host, "")), 0);
        assert_int_equal(lab_server_hello(lab_server_find(lab, "wrong-host"), &hello), 0);
        assert_string_equal(hello.sni, rows[i].sni);
    }
    /* It says nothing about the certificate. */
    assert_int_equal(
        code_of("hardened", "sni=other.lab.test", lab_url("wrong-host", "localhost", "")),
        ANYCERT_E_TRUST_NAME);
    assert_int_equal(code_of("hardened", "", lab_server_url(lab_server_find(lab, "sni-required"))),
                     ANYCERT_E_TLS_ALERT);
    assert_int_equal(
        code_of("hardened", "sni=localhost", lab_server_url(lab_server_find(lab, "sni-required"))),
        0);
}

/* One address, two sites: OpenSSL's own server chooses the certificate by the name. */
static void test_a_server_of_several_sites_shows_the_one_that_was_named(void **state)
{
    char port[8], log[300], url[64];
    const char *const argv[] = {"openssl",     "s_server",
                                "-accept",     port,
                                "-www",        "-quiet",
                                "-cert",       scene.pki.cert_paths[FLAW_NONE],
                                "-key",        scene.pki.key_paths[FLAW_NONE],
                                "-servername", "other.test",
                                "-cert2",      scene.pki.cert_paths[FLAW_WRONG_HOST],
                                "-key2",       scene.pki.key_paths[FLAW_WRONG_HOST],
                                NULL};
    uint16_t number = ports_free();
    struct child *child = NULL;

    (void)state;
    snprintf(port, sizeof port, "%u", (unsigned)number);
    snprintf(log, sizeof log, "%s/s_server.log", scene.pki.folder);
    snprintf(url, sizeof url, "https://127.0.0.1:%u/", (unsigned)number);
    child = child_start(&(struct child_plan){
        .argv = argv, .folder = scene.pki.folder, .log = log, .port = number, .keep_input = true});
    assert_int_equal(code_of("hardened", "expect-name=localhost", url), 0);
    assert_int_equal(code_of("hardened", "expect-name=other.test", url), ANYCERT_E_TRUST_NAME);
    assert_int_equal(code_of("hardened", "expect-name=other.test sni=other.test", url), 0);
    assert_int_equal(code_of("hardened", "expect-name=localhost sni=other.test", url),
                     ANYCERT_E_TRUST_NAME);
    child_stop(child);
}

/* ---- redirects */

static struct answer redirected(struct anycert_client *client, const char *to)
{
    char path[300];

    snprintf(path, sizeof path, "go?to=%s", to);
    return ask_get(client, url_of("https", scene.web.ports[FLAW_WRONG_HOST], path));
}

static void test_it_covers_the_first_origin_only(void **state)
{
    X509 *cert = NULL;
    struct wiretap *tap = serve("DNS:other.test", false, &cert);
    struct anycert_client *client = client_of("hardened", "expect-name=other.test sni=other.test");
    const char *same = url_of("https", scene.web.ports[FLAW_WRONG_HOST], "");
    struct answer answer = redirected(client, same);
    struct lab_hello hello;

    (void)state;
    assert_int_equal(answer.code, 0);
    answer_free(&answer);

    answer = redirected(client, lab_url("good", "localhost", ""));
    assert_int_equal(answer.code, 0);
    assert_string_equal(anycert_report_identity(anycert_response_report(answer.response)),
                        "localhost");
    assert_int_equal(lab_server_hello(lab_server_find(lab, "good"), &hello), 0);
    assert_string_equal(hello.sni, "localhost");
    answer_free(&answer);

    answer = redirected(client, url_of("https", wiretap_port(tap), "secret"));
    assert_int_equal(answer.code, ANYCERT_E_TRUST_NAME);
    assert_non_null(strstr(answer.message, "to which alone the expected name applies"));
    answer_free(&answer);
    anycert_client_free(client);
    assert_null(strstr(stop(tap, cert).text, "secret"));
}

/* P1: a warm connection of the one name is none for the other. */
static void test_the_name_is_part_of_the_pool(void **state)
{
    X509 *cert = NULL;
    struct wiretap *tap = serve("DNS:other.test", false, &cert);
    struct anycert_client *client = client_of("hardened", "expect-name=other.test");
    const char *url = url_of("https", wiretap_port(tap), "");
    struct answer answer;

    (void)state;
    ask_works(client, url);
    assert_true(ask_works(client, url));
    answer = redirected(client, url);
    assert_int_equal(answer.code, ANYCERT_E_TRUST_NAME);
    assert_false(answer.reused);
    answer_free(&answer);
    assert_true(ask_works(client, url));
    anycert_client_free(client);
    (void)stop(tap, cert);
}

/* ---- its end */

static int64_t now_of(void *arg)
{
    return *(int64_t *)arg;
}

static void test_it_stays_when_the_policy_ends(void **state)
{
    const char *url = lab_url("expired-and-wrong-host", "localhost", "");
    const char *other = lab_url("wrong-host", "localhost", "");
    int64_t now = time(NULL);
    struct anycert_client *client = ask_client(&(struct ask){
        .policy = policy_of("hardened+expired", "expect-name=other.lab.test until=2099-12-31"),
        .now = now_of,
        .now_arg = &now});
    struct answer answer;

    (void)state;
    ask_works(client, url);
    ask_works(client, other);
    anycert_client_free(client);
    client = ask_client(&(struct ask){
        .policy = policy_of("hardened+expired", "expect-name=other.lab.test until=2020-01-01"),
        .now = now_of,
        .now_arg = &now});
    (void)ask_fails(client, url, ANYCERT_E_TRUST_DATES);
    answer = ask_get(client, other);
    assert_int_equal(answer.code, 0);
    assert_string_equal(anycert_report_identity(anycert_response_report(answer.response)),
                        "other.lab.test");
    answer_free(&answer);
    (void)ask_fails(client, lab_url("good", "localhost", ""), ANYCERT_E_TRUST_NAME);
    anycert_client_free(client);
}

/* ---- on every way */

static void go_by(enum way way, bool http2, bool right)
{
    struct ask ask = {.http_version = http2 ? ANYCERT_HTTP_2 : ANYCERT_HTTP_1_1};
    struct anycert_client *client = NULL;
    struct answer answer;

    ask.policy = policy_of("hardened", right ? "expect-name=other.test" : "expect-name=x.test");
    way_take(&scene, way, &ask);
    client = ask_client(&ask);
    answer = ask_get(client, url_of("https", scene.web.ports[FLAW_WRONG_HOST], ""));
    if (answer.code != (right ? 0 : ANYCERT_E_TRUST_NAME))
        fail_msg("%s: %d %s", way_name(way), answer.code, answer.message);
    if (right)
        assert_string_equal(answer.http_version, http2 ? "2" : "1.1");
    answer_free(&answer);
    anycert_client_free(client);
}

static void test_it_holds_on_every_way(void **state)
{
    (void)state;
    for (int way = 0; way < WAY_COUNT; way++) {
        for (int http2 = 0; http2 < 2; http2++) {
            go_by((enum way)way, http2, true);
            go_by((enum way)way, http2, false);
        }
    }
}

/* P23: an https:// proxy has a name of its own. */
static void test_a_proxy_has_its_own(void **state)
{
    const char *proxy = url_of("https", scene.squid.https[FLAW_WRONG_HOST], "");
    static const struct {
        const char *origin, *proxy;
        int code;
    } rows[] = {
        {"", "expect-name=other.test", 0},
        {"expect-name=other.test", "", ANYCERT_E_PROXY_TRUST},
        {"", "", ANYCERT_E_PROXY_TRUST},
        {"expect-name=other.test", "expect-name=other.test", ANYCERT_E_TRUST_NAME},
        {"expect-name=localhost", "expect-name=other.test sni=other.test", 0},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct anycert_client *client =
            ask_client(&(struct ask){.policy = policy_of("hardened", rows[i].origin),
                                     .proxy_policy = policy_of("hardened", rows[i].proxy),
                                     .proxy = proxy});
        struct answer answer = ask_get(client, url_of("https", scene.web.ports[FLAW_NONE], ""));

        if (answer.code != rows[i].code)
            fail_msg("%zu: %d %s", i, answer.code, answer.message);
        answer_free(&answer);
        anycert_client_free(client);
    }
}

/* ---- token servers */

static int with_token_from(const char *token_url)
{
    struct anycert_error err = {0};
    struct anycert_config *config = anycert_config_new(NULL);
    struct anycert_policy *policy =
        anycert_policy_parse(policy_of("hardened", "expect-name=other.lab.test"), NULL);
    struct anycert_auth *auth = anycert_auth_oauth2(token_url, "lab", "lab-secret", NULL);
    struct anycert_client *client = NULL;
    struct answer answer;
    int code = 0;

    assert_int_equal(anycert_config_set_policy(config, policy, NULL), 0);
    assert_int_equal(anycert_config_set_auth(config, auth, NULL), 0);
    client = anycert_client_new(config, &err);
    assert_non_null(client);
    answer = ask_get(client, lab_url("wrong-host", "localhost", "protected"));
    code = answer.code;
    answer_free(&answer);
    anycert_client_free(client);
    anycert_auth_free(auth);
    anycert_policy_free(policy);
    anycert_config_free(config);
    return code;
}

/* What the policy says about one server is not about the other that gets the client's secret. */
static void test_a_token_server_elsewhere_has_its_own_name(void **state)
{
    X509 *cert = NULL;
    struct wiretap *tap = serve("DNS:other.lab.test", false, &cert);
    uint64_t asked = lab_server_requests(lab_server_find(lab, "good"));

    (void)state;
    /* The answer to a token of another server is 401, after a second one was fetched. */
    assert_int_equal(with_token_from(lab_url("good", "localhost", "token")), 0);
    assert_true(lab_server_requests(lab_server_find(lab, "good")) > asked);
    assert_int_equal(with_token_from(lab_url("wrong-host", "localhost", "token")), 0);
    assert_int_equal(with_token_from(url_of("https", wiretap_port(tap), "token")),
                     ANYCERT_E_TRUST_NAME);
    assert_null(strstr(stop(tap, cert).text, "lab"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_certificate_has_to_name_it_instead_of_the_host),
        cmocka_unit_test(test_everything_else_is_checked),
        cmocka_unit_test(test_names_match_by_rfc_9525_only),
        cmocka_unit_test(test_a_refusal_says_which_name_was_looked_for),
        cmocka_unit_test(test_report_only_compares_with_the_expected_name),
        cmocka_unit_test(test_the_handshake_has_the_name_that_was_chosen),
        cmocka_unit_test(test_a_server_of_several_sites_shows_the_one_that_was_named),
        cmocka_unit_test(test_it_covers_the_first_origin_only),
        cmocka_unit_test(test_the_name_is_part_of_the_pool),
        cmocka_unit_test(test_it_stays_when_the_policy_ends),
        cmocka_unit_test(test_it_holds_on_every_way),
        cmocka_unit_test(test_a_proxy_has_its_own),
        cmocka_unit_test(test_a_token_server_elsewhere_has_its_own_name),
    };

    return cmocka_run_group_tests(tests, make_scene, free_scene);
}
