/* Pinned keys on every way to a server: redirects, proxies, warm connections, and what is shown
 * before and after. */
#include "client/pins.h"

#include <openssl/crypto.h>
#include <openssl/x509.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#define COUNT(a) (sizeof(a) / sizeof(a)[0])

/* ---- P20: who is not pinned sees nothing of us */

static void test_a_refused_server_sees_no_client_certificate(void **state)
{
    static const char *const rungs[] = {"pinned", "hardened"};

    (void)state;
    for (int i = 0; i < 8; i++) {
        bool right = (i & 1) != 0;
        struct wiretap *tap =
            wiretap_start(&(struct wiretap_plan){.role = WIRETAP_ORIGIN,
                                                 .cert = pins_scene.pki.certs[FLAW_NONE],
                                                 .key = pins_scene.pki.keys[FLAW_NONE],
                                                 .max_version = (i & 2) != 0 ? 0x0303 : 0,
                                                 .wants_client_cert = true});
        struct anycert_client *client = ask_client(&(struct ask){
            .policy = pins_policy(rungs[i / 4], pins_at(right ? FLAW_NONE : FLAW_SELF_SIGNED), ""),
            .cert = pins_scene.pki.cert_paths[FLAW_NONE],
            .key = pins_scene.pki.key_paths[FLAW_NONE]});
        struct answer answer = ask_get(client, url_of("https", wiretap_port(tap), "secret"));
        struct wiretap_seen seen;

        assert_int_equal(answer.code, right ? 0 : ANYCERT_E_TRUST_PIN);
        answer_free(&answer);
        anycert_client_free(client);
        seen = wiretap_stop(tap);
        assert_int_equal(seen.client_certs, right ? 1 : 0);
        assert_int_equal(strstr(seen.text, "secret") != NULL, right);
    }
}

/* ---- P19: on every way */

/* There is no key to compare in plain HTTP, and no certificate. */
static void test_plain_http_is_no_way_to_a_pinned_server(void **state)
{
    static const char *const keys[] = {"", " expect-name=localhost", " sni=localhost"};
    const char *url = lab_server_url(pins_server("http"));

    (void)state;
    for (size_t i = 0; i < 2 * COUNT(keys); i++) {
        char policy[300];
        bool pinned = i % 2 != 0 || i == 0;

        snprintf(policy, sizeof policy, "%s%s%s%s", i == 0 ? "pinned" : "hardened",
                 pinned ? " pin=" : "", pinned ? pins_at(FLAW_NONE) : "", keys[i / 2]);
        assert_int_equal(pins_code(policy, url), ANYCERT_E_TRUST_DOWNGRADE);
    }
    assert_int_equal(pins_code("hardened", url), 0);
}

static void test_pins_hold_on_every_way(void **state)
{
    (void)state;
    for (size_t i = 0; i < place_count; i++) {
        for (int right = 0; right < 2; right++) {
            struct ask ask = {0};
            struct anycert_client *client = NULL;
            struct answer answer;

            place_take(&pins_scene, &places[i], &ask);
            ask.policy = pins_policy("pinned", pins_at(right ? FLAW_SELF_SIGNED : FLAW_NONE), "");
            client = ask_client(&ask);
            answer = ask_get(client, place_url(&pins_scene, &places[i], ""));
            if (answer.code != (right ? 0 : ANYCERT_E_TRUST_PIN))
                fail_msg("%s: %d %s", places[i].name, answer.code, answer.message);
            answer_free(&answer);
            anycert_client_free(client);
        }
    }
}

static void test_a_proxy_has_pins_of_its_own(void **state)
{
    const char *proxy = url_of("https", pins_scene.squid.https[FLAW_SELF_SIGNED], "");
    const struct {
        enum flaw origin, proxy;
        int code;
    } rows[] = {
        {FLAW_EXPIRED, FLAW_SELF_SIGNED, 0},
        {FLAW_EXPIRED, FLAW_EXPIRED, ANYCERT_E_PROXY_TRUST},
        {FLAW_SELF_SIGNED, FLAW_SELF_SIGNED, ANYCERT_E_TRUST_PIN},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct anycert_client *client = ask_client(
            &(struct ask){.policy = pins_policy("pinned", pins_at(rows[i].origin), ""),
                          .proxy_policy = pins_policy("pinned", pins_at(rows[i].proxy), ""),
                          .proxy = proxy});
        struct answer answer =
            ask_get(client, url_of("https", pins_scene.web.ports[FLAW_EXPIRED], ""));

        if (answer.code != rows[i].code)
            fail_msg("%zu: %d %s", i, answer.code, answer.message);
        answer_free(&answer);
        anycert_client_free(client);
    }
}

static struct answer redirected(struct anycert_client *client, const char *to)
{
    char path[300];

    snprintf(path, sizeof path, "go?to=%s", to);
    return ask_get(client, url_of("https", pins_scene.web.ports[FLAW_SELF_SIGNED], path));
}

static void test_redirects_leave_the_pin_behind_and_the_chain_in_force(void **state)
{
    const struct {
        const char *to;
        int code;
    } rows[] = {
        {url_of("https", pins_scene.web.ports[FLAW_SELF_SIGNED], ""), 0},
        {url_of("https", pins_scene.web.ports[FLAW_NONE], ""), 0},
        /* The same key, but another origin. */
        {url_of("https", pins_scene.web.self_signed_tls12, ""), ANYCERT_E_TRUST_ISSUER},
        {url_of("https", pins_scene.web.ports[FLAW_EXPIRED], ""), ANYCERT_E_TRUST_DATES},
        {lab_server_url(pins_server("http")), ANYCERT_E_TRUST_DOWNGRADE},
    };
    struct anycert_client *client =
        ask_client(&(struct ask){.policy = pins_policy("pinned", pins_at(FLAW_SELF_SIGNED), "")});

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct answer answer = redirected(client, rows[i].to);

        if (answer.code != rows[i].code)
            fail_msg("%s: %d %s", rows[i].to, answer.code, answer.message);
        if (rows[i].code && rows[i].code != ANYCERT_E_TRUST_DOWNGRADE)
            assert_non_null(strstr(answer.message, "to which alone the pins apply"));
        answer_free(&answer);
    }
    anycert_client_free(client);
}

/* P1: the connection that the pin made is none for a redirect, which has no pin. */
static void test_a_warm_connection_of_the_pin_is_not_used_for_a_redirect(void **state)
{
    const char *url = url_of("https", pins_scene.web.self_signed_tls13, "");
    struct anycert_client *client =
        ask_client(&(struct ask){.policy = pins_policy("pinned", pins_at(FLAW_SELF_SIGNED), "")});
    struct answer answer;

    (void)state;
    ask_works(client, url);
    assert_true(ask_works(client, url));
    answer = redirected(client, url);
    assert_int_equal(answer.code, ANYCERT_E_TRUST_ISSUER);
    assert_false(answer.reused);
    answer_free(&answer);
    anycert_client_free(client);
}

/* ---- its end */

static int64_t now_of(void *arg)
{
    return *(int64_t *)arg;
}

/* Relaxations end, warm connections included, and pins do not. */
static void test_pins_stay_when_the_policy_ends(void **state)
{
    static const struct {
        const char *rung;
        enum flaw at, pin;
        int before, after;
    } rows[] = {
        {"pinned", FLAW_SELF_SIGNED, FLAW_SELF_SIGNED, 0, ANYCERT_E_TRUST_ISSUER},
        {"pinned", FLAW_NONE, FLAW_NONE, 0, 0},
        {"hardened+self-signed", FLAW_SELF_SIGNED, FLAW_SELF_SIGNED, 0, ANYCERT_E_TRUST_ISSUER},
        {"hardened+self-signed", FLAW_NONE, FLAW_SELF_SIGNED, ANYCERT_E_TRUST_PIN,
         ANYCERT_E_TRUST_PIN},
    };
    char until[40];
    time_t today = time(NULL);
    struct tm day;

    (void)state;
    assert_non_null(gmtime_r(&today, &day));
    assert_true(strftime(until, sizeof until, "until=%Y-%m-%d", &day) > 0);
    for (size_t i = 0; i < COUNT(rows); i++) {
        int64_t now = today;
        const char *url = url_of("https", pins_scene.web.ports[rows[i].at], "");
        struct anycert_client *client = ask_client(
            &(struct ask){.policy = pins_policy(rows[i].rung, pins_at(rows[i].pin), until),
                          .now = now_of,
                          .now_arg = &now});
        struct answer answer = ask_get(client, url);

        assert_int_equal(answer.code, rows[i].before);
        answer_free(&answer);
        now = today - today % CERTS_DAY + CERTS_DAY;
        answer = ask_get(client, url);
        if (answer.code != rows[i].after)
            fail_msg("%zu: %d %s", i, answer.code, answer.message);
        if (answer.code == 0)
            assert_non_null(
                strstr(anycert_report_policy(anycert_response_report(answer.response)), "pin="));
        answer_free(&answer);
        anycert_client_free(client);
    }
}

/* ---- secrets */

static void test_a_pin_is_proof_enough_for_secrets(void **state)
{
    static const char *const fields[] = {"Authorization: Bearer t0ken"};
    static const struct {
        const char *rung, *keys;
        enum flaw at;
        int code;
    } rows[] = {
        {"pinned", "", FLAW_SELF_SIGNED, 0},
        {"pinned", "", FLAW_EXPIRED, 0},
        {"pinned", "check=name,dates", FLAW_SELF_SIGNED, 0},
        {"hardened+self-signed", "", FLAW_SELF_SIGNED, 0},
        {"hardened+expired", "", FLAW_EXPIRED, ANYCERT_E_TRUST_SECRETS},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct anycert_client *client = ask_client(
            &(struct ask){.policy = pins_policy(rows[i].rung, pins_at(rows[i].at), rows[i].keys),
                          .guard = ANYCERT_SECRETS_REFUSE});
        struct answer answer = ask_get_with(
            client, url_of("https", pins_scene.web.ports[rows[i].at], "seen"), fields, 1);

        if (answer.code != rows[i].code)
            fail_msg("%zu: %d %s", i, answer.code, answer.message);
        if (answer.code == 0)
            assert_non_null(strstr(answer.body, "t0ken"));
        answer_free(&answer);
        anycert_client_free(client);
    }
}

/* A token server that the caller has named is another host: the pin is not about it. */
static void test_a_token_server_elsewhere_is_not_pinned(void **state)
{
    static const char *const names[] = {"good", "untrusted-root"};

    (void)state;
    for (size_t i = 0; i < COUNT(names); i++) {
        struct anycert_error err = {0};
        struct anycert_config *config = anycert_config_new(NULL);
        struct anycert_policy *policy = anycert_policy_parse(
            pins_policy("pinned", lab_server_pin(pins_server("self-signed")), ""), NULL);
        char *token = pins_text();
        struct anycert_auth *auth = NULL;
        struct anycert_client *client = NULL;
        struct answer answer;

        snprintf(token, 900, "%stoken", lab_server_url(pins_server(names[i])));
        auth = anycert_auth_oauth2(token, "lab", "lab-secret", NULL);
        assert_int_equal(anycert_config_set_policy(config, policy, NULL), 0);
        assert_int_equal(anycert_config_set_auth(config, auth, NULL), 0);
        client = anycert_client_new(config, &err);
        assert_non_null(client);
        answer = ask_get(client, lab_server_url(pins_server("self-signed")));
        assert_int_equal(answer.code, i == 0 ? 0 : ANYCERT_E_TRUST_ISSUER);
        answer_free(&answer);
        anycert_client_free(client);
        anycert_auth_free(auth);
        anycert_policy_free(policy);
        anycert_config_free(config);
    }
}

/* ---- anchors */

static void test_a_pin_needs_no_anchors_but_those_that_are_named(void **state)
{
    struct anycert_error err = {0};
    struct anycert_config *config = anycert_config_new(NULL);
    char *text = pins_text();
    struct anycert_policy *policy = NULL;

    (void)state;
    snprintf(text, 900, "pinned pin=%s", lab_server_pin(pins_server("self-signed")));
    assert_int_equal(pins_code(text, lab_server_url(pins_server("self-signed"))), 0);
    snprintf(text, 900, "pinned ca=/no/such/file pin=%s",
             lab_server_pin(pins_server("self-signed")));
    policy = anycert_policy_parse(text, NULL);
    assert_int_equal(anycert_config_set_policy(config, policy, NULL), 0);
    assert_null(anycert_client_new(config, &err));
    assert_int_equal(err.code, ANYCERT_E_ANCHORS);
    anycert_policy_free(policy);
    anycert_config_free(config);
}

/* ---- handshakes alone */

static void test_a_handshake_sends_no_request_and_tells_what_it_saw(void **state)
{
    static const struct {
        const char *rung;
        enum flaw pin;
        int code;
    } rows[] = {{"pinned", FLAW_SELF_SIGNED, 0}, {"pinned", FLAW_NONE, ANYCERT_E_TRUST_PIN}};

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct wiretap *tap =
            wiretap_start(&(struct wiretap_plan){.role = WIRETAP_ORIGIN,
                                                 .cert = pins_scene.pki.certs[FLAW_SELF_SIGNED],
                                                 .key = pins_scene.pki.keys[FLAW_SELF_SIGNED]});
        struct anycert_client *client = ask_client(
            &(struct ask){.policy = pins_policy(rows[i].rung, pins_at(rows[i].pin), "")});
        struct anycert_response *response = NULL;
        struct anycert_error err = {0};
        const struct anycert_report *report = NULL;
        struct wiretap_seen seen;
        const char *url = url_of("https", wiretap_port(tap), "secret");

        assert_int_equal(anycert_client_handshake(client, url, &response, &err),
                         rows[i].code ? -1 : 0);
        assert_int_equal(err.code, rows[i].code);
        assert_non_null(response);
        assert_int_equal(anycert_response_status(response), 0);
        report = anycert_response_report(response);
        assert_string_equal(anycert_report_cert_pin(report, 0), pins_at(FLAW_SELF_SIGNED));
        assert_int_equal(anycert_report_key_proven(report), rows[i].code == 0);
        anycert_response_free(response);
        anycert_client_free(client);
        seen = wiretap_stop(tap);
        assert_int_equal(seen.connections, 1);
        assert_string_equal(seen.text, "");
    }
}

static void test_a_handshake_goes_through_proxies_and_leaves_nothing_behind(void **state)
{
    (void)state;
    for (int way = 0; way < WAY_COUNT; way++) {
        const char *url = url_of("https", pins_scene.web.ports[FLAW_SELF_SIGNED], "");
        struct ask ask = {.policy = pins_policy("pinned", pins_at(FLAW_SELF_SIGNED), "")};
        struct anycert_client *client = NULL;
        struct anycert_response *response = NULL;
        struct anycert_error err = {0};

        way_take(&pins_scene, (enum way)way, &ask);
        client = ask_client(&ask);
        if (anycert_client_handshake(client, url, &response, &err) < 0)
            fail_msg("%s: %s", way_name((enum way)way), err.message);
        assert_int_equal(anycert_response_hop_proxy_report(response, 0) != NULL,
                         way == WAY_HTTPS_PROXY);
        anycert_response_free(response);
        assert_false(ask_works(client, url)); /* by a connection of its own */
        assert_int_equal(anycert_client_handshake(client, "http://localhost/", &response, &err),
                         -1);
        assert_null(response);
        assert_int_equal(err.code, ANYCERT_E_USAGE);
        anycert_client_free(client);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_refused_server_sees_no_client_certificate),
        cmocka_unit_test(test_plain_http_is_no_way_to_a_pinned_server),
        cmocka_unit_test(test_pins_hold_on_every_way),
        cmocka_unit_test(test_a_proxy_has_pins_of_its_own),
        cmocka_unit_test(test_redirects_leave_the_pin_behind_and_the_chain_in_force),
        cmocka_unit_test(test_a_warm_connection_of_the_pin_is_not_used_for_a_redirect),
        cmocka_unit_test(test_pins_stay_when_the_policy_ends),
        cmocka_unit_test(test_a_pin_is_proof_enough_for_secrets),
        cmocka_unit_test(test_a_token_server_elsewhere_is_not_pinned),
        cmocka_unit_test(test_a_pin_needs_no_anchors_but_those_that_are_named),
        cmocka_unit_test(test_a_handshake_sends_no_request_and_tells_what_it_saw),
        cmocka_unit_test(test_a_handshake_goes_through_proxies_and_leaves_nothing_behind),
    };

    return cmocka_run_group_tests(tests, pins_setup, pins_teardown);
}
