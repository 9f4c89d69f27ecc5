/* The secret guard: what is kept from a link whose report is not clean, and that nothing else is.
 */
#include "client/ask.h"
#include "client/floor.h"
#include "client/servers.h"
#include "client/wiretap.h"

#include <anycert/batch.h>
#include <anycert/transfer.h>

#include <openssl/ssl.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "support/certs.h"

static struct pki pki;

static int make_all(void **state)
{
    pki_make(&pki);
    return floor_setup(state);
}

static int free_all(void **state)
{
    pki_free(&pki);
    return floor_teardown(state);
}

/* ---- what arrives, by the lab's echo */

static struct anycert_client *client_with(const char *rung, enum anycert_secret_guard guard)
{
    struct anycert_config *config = floor_config(rung);

    assert_int_equal(anycert_config_set_secret_guard(config, guard, NULL), 0);
    assert_int_equal(anycert_config_add_secret_header(config, "X-Mine", NULL), 0);
    return floor_client_of(config);
}

static const char *const secrets[][2] = {
    {"Authorization", "Bearer hunter2"}, {"X-Mine", "hunter2"},
    {"PRIVATE-TOKEN", "hunter2"}, /* nobody declared it */
    {"Cookie", "session=hunter2"},       {"Proxy-Authorization", "Basic hunter2"},
};
#define SECRET_COUNT (sizeof secrets / sizeof secrets[0])

/* A request with the nth secret, and beyond those with user and password. */
static struct anycert_request *request_with(size_t n, const char *url)
{
    struct anycert_request *request = floor_request("POST", url);

    floor_header(request, "X-Kept", "1");
    floor_header(request, "Host", "virtual.test");
    assert_int_equal(anycert_request_set_body(request, "body", 4, NULL), 0);
    if (n < SECRET_COUNT)
        floor_header(request, secrets[n][0], secrets[n][1]);
    else
        assert_int_equal(anycert_request_set_basic_auth(request, "me", "hunter2", NULL), 0);
    return request;
}

static void check_arrival(const struct anycert_response *response, size_t n, bool arrives)
{
    const char *name = n < SECRET_COUNT ? secrets[n][0] : "Authorization";

    assert_int_equal(anycert_response_status(response), 200);
    assert_int_equal(floor_echo_header(response, name, 0) != NULL, arrives);
    assert_int_equal(anycert_response_hop_withheld(response, 0), !arrives);
    assert_string_equal(floor_echo_header(response, "X-Kept", 0), "1");
    assert_string_equal(floor_echo_header(response, "Host", 0), "virtual.test");
    assert_int_equal(floor_echo_number(response, "/body/length"), 4);
    assert_int_equal(anycert_response_hop_withheld(response, 1), 0);
}

static void guard_withhold_keeps_every_secret_and_nothing_else(void **state)
{
    static const struct {
        const char *rung, *server;
        enum anycert_secret_guard guard;
        bool arrives;
    } rows[] = {
        {"hardened", "good", ANYCERT_SECRETS_SEND, true},
        {"trust-any", "self-signed", ANYCERT_SECRETS_SEND, true},
        {"hardened", "http", ANYCERT_SECRETS_SEND, true},
        {"hardened", "good", ANYCERT_SECRETS_WITHHOLD, true},
        {"hardened+expired", "good", ANYCERT_SECRETS_WITHHOLD, true},
        {"hardened+self-signed", "self-signed", ANYCERT_SECRETS_WITHHOLD, false},
        {"hardened+expired", "expired", ANYCERT_SECRETS_WITHHOLD, false},
        {"hardened+untrusted-issuer", "untrusted-root", ANYCERT_SECRETS_WITHHOLD, false},
        {"hardened", "http", ANYCERT_SECRETS_WITHHOLD, false},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct anycert_client *client = client_with(rows[i].rung, rows[i].guard);

        for (size_t n = 0; n <= SECRET_COUNT; n++) {
            for (int again = 0; again < 2; again++) {
                struct anycert_response *response =
                    floor_ok(client, request_with(n, floor_url(rows[i].server, "echo")));

                check_arrival(response, n, rows[i].arrives);
                anycert_response_free(response);
            }
        }
        anycert_client_free(client);
    }
}

static void guard_withhold_counts_the_user_of_the_url(void **state)
{
    struct anycert_client *client = client_with("hardened+self-signed", ANYCERT_SECRETS_WITHHOLD);
    char url[300];
    struct anycert_response *response = NULL;

    (void)state;
    snprintf(url, sizeof url, "https://me:hunter2@%s",
             floor_url("self-signed", "echo") + strlen("https://"));
    response = floor_ok(client, floor_request("GET", url));
    assert_null(floor_echo_header(response, "Authorization", 0));
    assert_int_equal(anycert_response_hop_withheld(response, 0), 1);
    anycert_response_free(response);
    anycert_client_free(client);
}

static void guard_withhold_leaves_requests_without_secrets_alone(void **state)
{
    struct anycert_client *client = client_with("hardened+self-signed", ANYCERT_SECRETS_WITHHOLD);
    struct anycert_response *response =
        floor_ok(client, floor_request("GET", floor_url("self-signed", "echo")));

    (void)state;
    assert_int_equal(anycert_response_hop_withheld(response, 0), 0);
    anycert_response_free(response);
    anycert_client_free(client);
}

/* Each hop by its own link, and what has left the origin stays away. */
static void guard_withhold_judges_each_hop(void **state)
{
    struct anycert_client *client =
        client_with("hardened+self-signed+untrusted-issuer", ANYCERT_SECRETS_WITHHOLD);
    struct anycert_response *response = NULL;

    (void)state;
    response = floor_ok(client, request_with(0, floor_url("good", floor_redirect(307, "/echo"))));
    assert_int_equal(anycert_response_hop_withheld(response, 0), 0);
    check_arrival(response, 0, true);
    anycert_response_free(response);
    response =
        floor_ok(client, request_with(0, floor_url("self-signed", floor_redirect(307, "/echo"))));
    assert_int_equal(anycert_response_hop_withheld(response, 0), 1);
    assert_int_equal(anycert_response_hop_withheld(response, 1), 1);
    assert_null(floor_echo_header(response, "Authorization", 0));
    anycert_response_free(response);
    anycert_client_free(client);
}

static void guard_withhold_works_for_a_batch(void **state)
{
    struct anycert_client *client = client_with("hardened+self-signed", ANYCERT_SECRETS_WITHHOLD);
    struct anycert_batch *batch = anycert_batch_new(client, 4, NULL);
    struct anycert_request *requests[12];
    struct anycert_batch_result result;
    int got = 0;

    (void)state;
    assert_non_null(batch);
    for (size_t i = 0; i < 12; i++) {
        requests[i] =
            request_with(i % (SECRET_COUNT + 1), floor_url(i % 2 ? "good" : "self-signed", "echo"));
        assert_int_equal(anycert_batch_add(batch, requests[i], (void *)i, NULL), 0);
    }
    while (anycert_batch_next(batch, -1, &result, NULL) == 1) {
        size_t i = (size_t)result.tag;

        if (result.error.code != 0)
            fail_msg("%s", result.error.message);
        check_arrival(result.response, i % (SECRET_COUNT + 1), i % 2 == 1);
        anycert_response_free(result.response);
        got++;
    }
    assert_int_equal(got, 12);
    anycert_batch_free(batch);
    for (size_t i = 0; i < 12; i++)
        anycert_request_free(requests[i]);
    anycert_client_free(client);
}

/* ---- what is seen by who must not see it */

static void guard_refuse_sends_nothing(void **state)
{
    (void)state;
    for (enum flaw flaw = FLAW_NONE; flaw <= FLAW_COUNT; flaw++) {
        bool is_http = flaw == FLAW_COUNT;
        struct wiretap *server =
            wiretap_start(&(struct wiretap_plan){.role = WIRETAP_ORIGIN,
                                                 .cert = is_http ? NULL : pki.certs[flaw],
                                                 .key = is_http ? NULL : pki.keys[flaw]});
        struct anycert_client *client = ask_client(&(struct ask){
            .policy = ask_policy("hardened+self-signed+expired+wrong-host+untrusted-issuer",
                                 pki.root_path),
            .guard = ANYCERT_SECRETS_REFUSE});
        const char *url = url_of(is_http ? "http" : "https", wiretap_port(server), "");
        struct answer answer =
            ask_get_with(client, url, (const char *const[]){"Cookie: hunter2"}, 1);

        assert_int_equal(answer.code, flaw == FLAW_NONE ? 0 : ANYCERT_E_TRUST_SECRETS);
        if (flaw != FLAW_NONE) {
            assert_non_null(strstr(answer.message, "no secret is sent to "));
            assert_non_null(strstr(answer.message, "localhost:"));
            assert_null(strstr(answer.message, "hunter2"));
            assert_int_equal(answer.has_report, !is_http);
            answer_free(&answer);
            answer = ask_get(client, url); /* there is nothing to guard */
            assert_int_equal(answer.code, 0);
        }
        answer_free(&answer);
        anycert_client_free(client);
        assert_int_equal(strstr(wiretap_stop(server).text, "hunter2") != NULL, flaw == FLAW_NONE);
    }
}

static void guard_refuse_names_what_is_relaxed(void **state)
{
    struct anycert_client *client = client_with("trust-any", ANYCERT_SECRETS_REFUSE);

    (void)state;
    floor_fails(client, request_with(0, floor_url("self-signed", "echo")), ANYCERT_E_TRUST_SECRETS,
                NULL);
    assert_non_null(strstr(floor_message(), "self-signed"));
    floor_fails(client, request_with(0, floor_url("http", "echo")), ANYCERT_E_TRUST_SECRETS, NULL);
    assert_non_null(strstr(floor_message(), "http is not protected at all"));
    anycert_client_free(client);
}

/* What a request cannot be without is not withheld: the request is not made. */
static void guard_withhold_refuses_what_cannot_be_left_out(void **state)
{
    static const char *const servers[] = {"self-signed", "http", "good"};

    (void)state;
    for (size_t i = 0; i < 3 * 2; i++) {
        struct anycert_config *config = floor_config("hardened+self-signed");
        struct anycert_client *client = NULL;
        struct anycert_request *request = NULL;

        assert_int_equal(anycert_config_set_secret_guard(config, ANYCERT_SECRETS_WITHHOLD, NULL),
                         0);
        assert_int_equal(anycert_config_add_secret_param(config, "ticket", NULL), 0);
        client = floor_client_of(config);
        request = request_with(0, floor_url(servers[i % 3], i < 3 ? "echo?a=1&%74icket=hunter2"
                                                                  : "echo?a=ticket=#ticket="));
        if (i >= 3)
            assert_int_equal(anycert_request_set_secret_body(request, 1, NULL), 0);
        if (i % 3 < 2) {
            floor_fails(client, request, ANYCERT_E_TRUST_SECRETS, NULL);
            assert_null(strstr(floor_message(), "hunter2"));
        } else {
            anycert_response_free(floor_ok(client, request));
        }
        anycert_client_free(client);
    }
}

/* Kept connections are used without the secrets, whether they were made with some in mind or not.
 */
static void guard_withhold_needs_one_connection_more_and_only_once(void **state)
{
    static const char *const fields[] = {"Authorization: Bearer hunter2"};
    struct wiretap *server =
        wiretap_start(&(struct wiretap_plan){.role = WIRETAP_ORIGIN,
                                             .cert = pki.certs[FLAW_SELF_SIGNED],
                                             .key = pki.keys[FLAW_SELF_SIGNED]});
    struct anycert_client *client =
        ask_client(&(struct ask){.policy = ask_policy("hardened+self-signed", pki.root_path),
                                 .guard = ANYCERT_SECRETS_WITHHOLD});
    const char *url = url_of("https", wiretap_port(server), "");
    struct wiretap_seen seen;

    (void)state;
    for (int i = 0; i < 5; i++) {
        struct answer answer = ask_get_with(client, url, fields, i == 3 ? 0 : 1);

        assert_int_equal(answer.code, 0);
        assert_int_equal(answer.reused, i > 0);
        answer_free(&answer);
    }
    anycert_client_free(client);
    seen = wiretap_stop(server);
    assert_null(strstr(seen.text, "hunter2"));
    assert_int_equal(seen.connections, 2);
}

static void guard_withhold_asks_http_at_once_without_secrets(void **state)
{
    struct wiretap *server = wiretap_start(&(struct wiretap_plan){.role = WIRETAP_ORIGIN});
    struct anycert_client *client =
        ask_client(&(struct ask){.policy = "hardened", .guard = ANYCERT_SECRETS_WITHHOLD});
    struct answer answer = ask_get_with(client, url_of("http", wiretap_port(server), ""),
                                        (const char *const[]){"Cookie: hunter2"}, 1);
    struct wiretap_seen seen;

    (void)state;
    assert_int_equal(answer.code, 0);
    answer_free(&answer);
    anycert_client_free(client);
    seen = wiretap_stop(server);
    assert_int_equal(seen.connections, 1);
    assert_null(strstr(seen.text, "hunter2"));
}

/* ---- the client certificate */

static struct wiretap *asking_server(enum flaw flaw, int max_version)
{
    return wiretap_start(&(struct wiretap_plan){.role = WIRETAP_ORIGIN,
                                                .cert = pki.certs[flaw],
                                                .key = pki.keys[flaw],
                                                .max_version = max_version,
                                                .wants_client_cert = true});
}

static struct anycert_client *client_with_cert(const char *rung, enum anycert_secret_guard guard,
                                               int64_t (*now)(void *arg), void *arg)
{
    return ask_client(&(struct ask){.policy = ask_policy(rung, pki.root_path),
                                    .cert = pki.cert_paths[FLAW_NONE],
                                    .key = pki.key_paths[FLAW_NONE],
                                    .guard = guard,
                                    .now = now,
                                    .now_arg = arg});
}

static void guard_counts_the_client_certificate(void **state)
{
    static const int versions[] = {TLS1_2_VERSION, TLS1_3_VERSION};

    (void)state;
    for (enum flaw flaw = FLAW_NONE; flaw <= FLAW_EXPIRED; flaw++) {
        for (unsigned i = 0; i < 6; i++) {
            enum anycert_secret_guard guard = i / 2;
            struct wiretap *server = asking_server(flaw, versions[i % 2]);
            struct anycert_client *client =
                client_with_cert("hardened+self-signed+expired", guard, NULL, NULL);
            struct answer answer = ask_get(client, url_of("https", wiretap_port(server), ""));
            bool is_clean = flaw == FLAW_NONE;
            bool goes = is_clean || guard != ANYCERT_SECRETS_REFUSE;
            struct wiretap_seen seen;

            if (answer.code != (goes ? 0 : ANYCERT_E_TRUST_SECRETS))
                fail_msg("%s: %s", flaw_name(flaw), answer.message);
            if (goes)
                assert_int_equal(anycert_response_hop_withheld(answer.response, 0),
                                 !is_clean && guard == ANYCERT_SECRETS_WITHHOLD);
            answer_free(&answer);
            anycert_client_free(client);
            seen = wiretap_stop(server);
            assert_int_equal(seen.client_certs, is_clean || guard == ANYCERT_SECRETS_SEND);
            assert_int_equal(seen.len > 0, goes);
        }
    }
}

static int64_t told_time(void *arg)
{
    return *(int64_t *)arg;
}

/* It was clean when our certificate was shown over it; a request without any other secret would
 * still come from whoever the certificate names. */
static void
guard_leaves_a_connection_that_carries_the_certificate_and_is_clean_no_more(void **state)
{
    struct wiretap *server = asking_server(FLAW_NONE, 0);
    int64_t now = time(NULL);
    struct anycert_client *client =
        client_with_cert("hardened+expired", ANYCERT_SECRETS_WITHHOLD, told_time, &now);
    const char *url = url_of("https", wiretap_port(server), "");
    struct wiretap_seen seen;

    (void)state;
    for (int i = 0; i < 4; i++) {
        struct answer answer = ask_get(client, url);

        if (answer.code != 0)
            fail_msg("%s", answer.message);
        assert_int_equal(answer.reused, i == 1 || i == 3);
        assert_int_equal(anycert_response_hop_withheld(answer.response, 0), i > 1);
        answer_free(&answer);
        if (i == 1)
            now += 200 * CERTS_DAY; /* the server's certificate has expired, its root has not */
    }
    anycert_client_free(client);
    seen = wiretap_stop(server);
    assert_int_equal(seen.connections, 2);
    assert_int_equal(seen.client_certs, 1);
}

/* Who insists gets told why there is none. */
static void guard_withheld_certificate_is_named_when_the_server_insists(void **state)
{
    static const char *const names[] = {"client-cert-required", "client-cert-required-tls13"};
    struct anycert_error err = {0};
    struct lab *lab = NULL;
    struct anycert_client *client = NULL;
    struct answer answer;

    (void)state;
    if (lab_start(names, 2, &lab, &err) < 0)
        fail_msg("%s", err.message);
    client = ask_client(&(struct ask){.policy = "trust-any",
                                      .cert = lab_file(lab, LAB_FILE_CLIENT_CERT),
                                      .key = lab_file(lab, LAB_FILE_CLIENT_KEY),
                                      .guard = ANYCERT_SECRETS_WITHHOLD});
    for (size_t i = 0; i < 2; i++) {
        answer = ask_get(client, lab_server_url(lab_server_at(lab, i)));
        assert_int_equal(answer.code, ANYCERT_E_TLS_CLIENT_CERT);
        assert_non_null(strstr(answer.message, "the secret guard withheld the client certificate"));
        answer_free(&answer);
    }
    anycert_client_free(client);
    lab_stop(lab);
}

/* ---- the setter, and the proxy's part */

static void set_secret_guard_unknown_value_is_refused(void **state)
{
    struct anycert_config *config = anycert_config_new(NULL);
    struct anycert_error err = {0};

    (void)state;
    assert_int_equal(anycert_config_set_secret_guard(config, (enum anycert_secret_guard)3, &err),
                     -1);
    assert_int_equal(err.code, ANYCERT_E_USAGE);
    anycert_config_free(config);
}

/* The proxy's credentials are for the proxy, and the server's link decides about its own alone. */
static void guard_is_about_the_servers_link(void **state)
{
    static const char *const fields[] = {"Authorization: Bearer hunter2"};

    (void)state;
    for (unsigned i = 0; i < 2; i++) {
        enum flaw origin_flaw = i == 0 ? FLAW_NONE : FLAW_SELF_SIGNED;
        enum flaw proxy_flaw = i == 0 ? FLAW_SELF_SIGNED : FLAW_NONE;
        struct wiretap *origin = wiretap_start(&(struct wiretap_plan){
            .role = WIRETAP_ORIGIN, .cert = pki.certs[origin_flaw], .key = pki.keys[origin_flaw]});
        struct wiretap *proxy = wiretap_start(&(struct wiretap_plan){
            .role = WIRETAP_PROXY, .cert = pki.certs[proxy_flaw], .key = pki.keys[proxy_flaw]});
        char proxy_url[100];
        struct anycert_client *client = NULL;
        struct answer answer;

        snprintf(proxy_url, sizeof proxy_url, "https://me:proxy-secret@localhost:%u",
                 (unsigned)wiretap_port(proxy));
        client = ask_client(
            &(struct ask){.policy = ask_policy("hardened+self-signed", pki.root_path),
                          .proxy = proxy_url,
                          .proxy_policy = ask_policy("hardened+self-signed", pki.root_path),
                          .guard = ANYCERT_SECRETS_WITHHOLD});
        answer = ask_get_with(client, url_of("https", wiretap_port(origin), ""), fields, 1);
        assert_int_equal(answer.code, 0);
        answer_free(&answer);
        anycert_client_free(client);
        assert_int_equal(strstr(wiretap_stop(origin).text, "hunter2") != NULL, i == 0);
        assert_non_null(strstr(wiretap_stop(proxy).text, "Proxy-Authorization: Basic "));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(guard_withhold_keeps_every_secret_and_nothing_else),
        cmocka_unit_test(guard_withhold_counts_the_user_of_the_url),
        cmocka_unit_test(guard_withhold_leaves_requests_without_secrets_alone),
        cmocka_unit_test(guard_withhold_judges_each_hop),
        cmocka_unit_test(guard_withhold_works_for_a_batch),
        cmocka_unit_test(guard_withhold_refuses_what_cannot_be_left_out),
        cmocka_unit_test(guard_refuse_sends_nothing),
        cmocka_unit_test(guard_refuse_names_what_is_relaxed),
        cmocka_unit_test(guard_withhold_needs_one_connection_more_and_only_once),
        cmocka_unit_test(guard_withhold_asks_http_at_once_without_secrets),
        cmocka_unit_test(guard_counts_the_client_certificate),
        cmocka_unit_test(
            guard_leaves_a_connection_that_carries_the_certificate_and_is_clean_no_more),
        cmocka_unit_test(guard_withheld_certificate_is_named_when_the_server_insists),
        cmocka_unit_test(set_secret_guard_unknown_value_is_refused),
        cmocka_unit_test(guard_is_about_the_servers_link),
    };

    return cmocka_run_group_tests_name("secret_guard", tests, make_all, free_all);
}
