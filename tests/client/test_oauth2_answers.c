/* OAuth 2.0 client credentials with prepared answers: what goes wrong, to whom a token goes, and
 * who can read it. */
#include "client/floor.h"
#include "client/virtual_time.h"
#include "client/witness.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define COUNT(a) (sizeof(a) / sizeof(a)[0])

static struct anycert_auth *asking(struct canned *canned)
{
    struct anycert_error err = {0};
    struct anycert_auth *auth = anycert_auth_oauth2(floor_join(canned_origin(canned), "/token"),
                                                    "the-cl1ent", "s3cret-of-the-client", &err);

    if (!auth)
        fail_msg("%s", err.message);
    return auth;
}

static void give(struct canned *canned, const char *token)
{
    char body[256];

    snprintf(body, sizeof body, "{\"access_token\":\"%s\",\"expires_in\":3600}", token);
    canned_text(canned, CANNED_KEEP, "HTTP/1.1 200 OK\r\nContent-Length: %zu\r\n\r\n%s",
                strlen(body), body);
}

static struct anycert_config *config_asking(struct canned *canned)
{
    struct anycert_config *config = floor_config(NULL);
    struct anycert_auth *auth = asking(canned);

    assert_int_equal(anycert_config_set_auth(config, auth, NULL), 0);
    anycert_auth_free(auth);
    return config;
}

static void token_is_for_its_origin(void **state)
{
    static const char *const others[] = {"good-ec", "good-ip", "http"};
    struct canned *canned = canned_start(false);
    struct anycert_config *config = config_asking(canned);
    struct anycert_client *client = NULL;
    struct anycert_response *response = NULL;

    (void)state;
    give(canned, "t0ken");
    assert_int_equal(anycert_config_set_allow_downgrade(config, 1, NULL), 0);
    client = floor_client_of(config);
    response = floor_ok(client, floor_request("GET", floor_url("good", "echo")));
    assert_string_equal(floor_echo_header(response, "Authorization", 0), "Bearer t0ken");
    anycert_response_free(response);
    for (size_t i = 0; i < COUNT(others); i++) {
        const char *back = floor_url(others[i], floor_redirect(302, floor_url("good", "echo")));

        response = floor_ok(
            client,
            floor_request("GET",
                          floor_url("good", floor_redirect(302, floor_url(others[i], "echo")))));
        assert_null(floor_echo_header(response, "Authorization", 0));
        anycert_response_free(response);
        response =
            floor_ok(client, floor_request("GET", floor_url("good", floor_redirect(302, back))));
        assert_null(floor_echo_header(response, "Authorization", 0));
        anycert_response_free(response);
    }
    response =
        floor_ok(client, floor_request("GET", floor_url("good", floor_redirect(302, "/echo?x=1"))));
    assert_string_equal(floor_echo_header(response, "Authorization", 0), "Bearer t0ken");
    anycert_response_free(response);
    assert_int_equal(canned_requests(canned), 1);
    anycert_client_free(client);
    canned_stop(canned);
}

static void token_request_follows_no_redirect(void **state)
{
    struct canned *canned = canned_start(false);
    struct anycert_client *client = floor_client_of(config_asking(canned));
    uint64_t before = lab_server_requests(floor_server("good"));

    (void)state;
    canned_text(canned, CANNED_KEEP,
                "HTTP/1.1 307 Elsewhere\r\nLocation: %s\r\nContent-Length: 0\r\n\r\n",
                floor_url("good", "echo"));
    floor_fails(client, floor_request("GET", floor_url("good", "echo")), ANYCERT_E_AUTH, NULL);
    assert_non_null(strstr(floor_message(), "it redirects (status 307)"));
    assert_int_equal(lab_server_requests(floor_server("good")), before);
    anycert_client_free(client);
    canned_stop(canned);
}

/* The token's server is held to the client's policy. */
static void token_request_is_under_the_clients_policy(void **state)
{
    static const struct {
        const char *rung;
        int code;
    } rows[] = {{NULL, ANYCERT_E_TRUST_ISSUER}, {"trust-any", 0}};

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct canned *canned = canned_start(true);
        struct anycert_auth *auth = asking(canned);
        struct anycert_config *config = floor_config(rows[i].rung);
        struct anycert_client *client = NULL;
        struct anycert_response *response = NULL;

        give(canned, "t0ken");
        assert_int_equal(anycert_config_set_auth(config, auth, NULL), 0);
        anycert_auth_free(auth);
        client = floor_client_of(config);
        if (rows[i].code) {
            floor_fails(client, floor_request("GET", floor_url("good", "echo")), rows[i].code,
                        &response);
            assert_non_null(strstr(floor_message(), "token request to https://localhost:"));
            assert_int_equal(anycert_report_verdict(anycert_response_report(response)),
                             ANYCERT_FAIL);
            assert_int_equal(canned_requests(canned), 0);
        } else {
            response = floor_ok(client, floor_request("GET", floor_url("good", "echo")));
            assert_string_equal(floor_echo_header(response, "Authorization", 0), "Bearer t0ken");
        }
        anycert_response_free(response);
        anycert_client_free(client);
        canned_stop(canned);
    }
}

/* Without a token where the link to its server is not for secrets; not at all if that is wanted. */
static void guard_holds_for_the_token_request(void **state)
{
    static const struct {
        enum anycert_secret_guard guard;
        int code;
    } rows[] = {{ANYCERT_SECRETS_WITHHOLD, 0}, {ANYCERT_SECRETS_REFUSE, ANYCERT_E_TRUST_SECRETS}};

    (void)state;
    for (size_t i = 0; i < 2 * COUNT(rows); i++) {
        struct canned *canned = canned_start(i < COUNT(rows));
        struct anycert_auth *auth = asking(canned);
        struct anycert_config *config = floor_config("trust-any");
        struct anycert_client *client = NULL;
        struct anycert_response *response = NULL;

        give(canned, "t0ken");
        assert_int_equal(anycert_config_set_auth(config, auth, NULL), 0);
        anycert_auth_free(auth);
        assert_int_equal(anycert_config_set_secret_guard(config, rows[i % 2].guard, NULL), 0);
        client = floor_client_of(config);
        if (rows[i % 2].code) {
            floor_fails(client, floor_request("GET", floor_url("good", "echo")), rows[i % 2].code,
                        NULL);
            assert_non_null(strstr(floor_message(), "token request to http"));
        } else {
            response = floor_ok(client, floor_request("GET", floor_url("good", "echo")));
            assert_null(floor_echo_header(response, "Authorization", 0));
            assert_int_equal(anycert_response_hop_withheld(response, 0), 1);
            anycert_response_free(response);
        }
        assert_int_equal(canned_requests(canned), 0);
        anycert_client_free(client);
        canned_stop(canned);
    }
}

/* A token that was got over a link that nobody vouched for is not used over one that somebody did.
 */
static void policies_do_not_share_tokens(void **state)
{
    struct canned *canned = canned_start(false);
    struct anycert_auth *auth = asking(canned);
    static const char *const rungs[] = {"trust-any", "hardened", "trust-any", "hardened"};

    (void)state;
    give(canned, "first");
    give(canned, "second");
    for (size_t i = 0; i < COUNT(rungs); i++) {
        struct anycert_config *config = floor_config(rungs[i]);
        struct anycert_client *client = NULL;
        struct anycert_response *response = NULL;

        assert_int_equal(anycert_config_set_auth(config, auth, NULL), 0);
        client = floor_client_of(config);
        response = floor_ok(client, floor_request("GET", floor_url("good", "echo")));
        assert_string_equal(floor_echo_header(response, "Authorization", 0),
                            i % 2 ? "Bearer second" : "Bearer first");
        anycert_response_free(response);
        anycert_client_free(client);
    }
    assert_int_equal(canned_requests(canned), 2);
    anycert_auth_free(auth);
    canned_stop(canned);
}

static void token_request_is_tried_again_as_the_rules_say(void **state)
{
    static const int statuses[] = {500};
    struct canned *canned = canned_start(false);
    struct anycert_retry *retry = anycert_retry_new(NULL);
    struct anycert_config *config = config_asking(canned);
    struct anycert_client *client = NULL;
    struct virtual_time time = {0};
    struct anycert_request *request = NULL;
    struct anycert_response *response = NULL;
    const int64_t slept[] = {7000};

    (void)state;
    canned_text(canned, CANNED_KEEP,
                "HTTP/1.1 503 Busy\r\nRetry-After: 7\r\nContent-Length: 0\r\n\r\n");
    canned_text(canned, CANNED_KEEP, "HTTP/1.1 500 Oops\r\nContent-Length: 0\r\n\r\n");
    give(canned, "t0ken");
    assert_int_equal(anycert_retry_set_count(retry, 2, NULL), 0);
    assert_int_equal(anycert_retry_set_backoff(retry, 0, 0, 0, NULL), 0);
    assert_int_equal(anycert_retry_set_statuses(retry, statuses, 1, NULL), 0);
    assert_int_equal(anycert_config_set_retry(config, retry, NULL), 0);
    anycert_retry_free(retry);
    virtual_time_set(config, &time);
    client = floor_client_of(config);
    /* POST, too: nothing of it was sent yet. */
    request = floor_request("POST", floor_url("good", "echo"));
    assert_int_equal(anycert_request_set_body(request, "once", 4, NULL), 0);
    response = floor_ok(client, request);
    assert_string_equal(floor_echo_header(response, "Authorization", 0), "Bearer t0ken");
    anycert_response_free(response);
    assert_int_equal(canned_requests(canned), 3);
    virtual_time_expect(&time, slept, 1);
    anycert_client_free(client);
    canned_stop(canned);
}

static void limits_of_the_request_hold_for_the_token_too(void **state)
{
    struct canned *canned = canned_start(false);
    struct anycert_config *config = config_asking(canned);
    struct anycert_client *client = NULL;

    (void)state;
    canned_text(canned, CANNED_HOLD, "%s", "");
    assert_int_equal(anycert_config_set_timeouts(config, 20000, 300, 30000, NULL), 0);
    client = floor_client_of(config);
    floor_fails(client, floor_request("GET", floor_url("good", "echo")), ANYCERT_E_TIMEOUT_TOTAL,
                NULL);
    assert_non_null(strstr(floor_message(), "token request to http://localhost:"));
    anycert_client_free(client);
    canned_stop(canned);
}

/* Whoever asks may be given up; somebody else asks then. */
static void cancelled_call_holds_up_nobody(void **state)
{
    struct canned *canned = canned_start(false);
    struct anycert_client *client = floor_client_of(config_asking(canned));
    struct anycert_batch *batch = anycert_batch_new(client, 4, NULL);
    struct anycert_request *requests[2];
    struct anycert_batch_result result = {0};
    struct anycert_error err = {0};
    int tags[2] = {0, 1};

    (void)state;
    canned_text(canned, CANNED_HOLD, "%s", "");
    give(canned, "t0ken");
    assert_non_null(batch);
    for (int i = 0; i < 2; i++) {
        requests[i] = floor_request("GET", floor_url("good", "echo"));
        assert_int_equal(anycert_batch_add(batch, requests[i], &tags[i], &err), 0);
    }
    while (canned_requests(canned) == 0)
        assert_int_equal(anycert_batch_next(batch, 20, &result, &err), 0);
    assert_true(anycert_batch_cancel(batch, &tags[0]) > 0);
    for (int left = 2; left > 0; left--) {
        assert_int_equal(anycert_batch_next(batch, 30000, &result, &err), 1);
        if (result.tag == &tags[0]) {
            assert_int_equal(result.error.code, ANYCERT_E_INTERRUPTED);
        } else {
            assert_int_equal(result.error.code, 0);
            assert_string_equal(floor_echo_header(result.response, "Authorization", 0),
                                "Bearer t0ken");
        }
        anycert_response_free(result.response);
    }
    anycert_batch_free(batch);
    for (int i = 0; i < 2; i++)
        anycert_request_free(requests[i]);
    anycert_client_free(client);
    canned_stop(canned);
}

/* One thread has begun a batch whose call asks for the token, and makes another call meanwhile. */
static void call_goes_on_beside_a_batch_that_nobody_drives(void **state)
{
    struct canned *canned = canned_start(false);
    struct anycert_config *config = config_asking(canned);
    struct virtual_time time = {0};
    struct anycert_request *request = floor_request("GET", floor_url("good", "echo"));
    struct anycert_batch_result result = {0};
    struct anycert_error err = {0};
    struct anycert_client *client = NULL;
    struct anycert_batch *batch = NULL;
    struct anycert_response *response = NULL;

    (void)state;
    canned_text(canned, CANNED_HOLD, "%s", "");
    give(canned, "t0ken");
    virtual_time_set(config, &time);
    client = floor_client_of(config);
    batch = anycert_batch_new(client, 4, &err);
    assert_int_equal(anycert_batch_add(batch, request, NULL, &err), 0);
    while (canned_requests(canned) == 0)
        assert_int_equal(anycert_batch_next(batch, 20, &result, &err), 0);
    response = floor_ok(client, floor_request("GET", floor_url("good", "echo")));
    assert_string_equal(floor_echo_header(response, "Authorization", 0), "Bearer t0ken");
    assert_true(time.now_us > 0);
    anycert_response_free(response);
    anycert_batch_free(batch);
    anycert_request_free(request);
    anycert_client_free(client);
    canned_stop(canned);
}

#define REFUSED "HTTP/1.1 401 No\r\nContent-Length: 3\r\n\r\nno!"
#define FINE    "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"

static int64_t read_x(void *arg, void *buffer, size_t size)
{
    unsigned *calls = arg;

    (void)size;
    memset(buffer, 'x', 4);
    return (*calls)++ == 0 ? 4 : 0;
}

static void call_is_made_again_once_with_a_new_token(void **state)
{
    static const struct {
        bool once; /* a body that can be read once */
        unsigned refusals, requests, tokens;
        int status;
    } rows[] = {
        {false, 0, 1, 1, 200},
        {false, 1, 2, 2, 200},
        {false, 2, 2, 2, 401},
        {true, 1, 1, 1, 401},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct canned *tokens = canned_start(false);
        struct canned *api = canned_start(false);
        struct anycert_client *client = floor_client_of(config_asking(tokens));
        struct anycert_request *request =
            floor_request("POST", floor_join(canned_origin(api), "/"));
        struct anycert_response *response = NULL;
        unsigned calls = 0;
        char *text = NULL;

        for (unsigned n = 0; n < rows[i].refusals; n++)
            canned_text(api, CANNED_KEEP, REFUSED);
        canned_text(api, CANNED_KEEP, FINE);
        give(tokens, "first");
        give(tokens, "second");
        if (rows[i].once)
            assert_int_equal(
                anycert_request_set_body_source(request, read_x, NULL, 4, &calls, NULL), 0);
        else
            assert_int_equal(anycert_request_set_body(request, "xxxx", 4, NULL), 0);
        response = floor_ok(client, request);
        assert_int_equal(anycert_response_status(response), rows[i].status);
        assert_string_equal(anycert_response_body(response, NULL),
                            rows[i].status == 200 ? "ok" : "no!");
        assert_int_equal(canned_requests(tokens), rows[i].tokens);
        assert_int_equal(canned_requests(api), rows[i].requests);
        text = canned_request(api, rows[i].requests - 1, NULL);
        assert_non_null(strstr(text, rows[i].requests > 1 ? "Bearer second" : "Bearer first"));
        assert_non_null(strstr(text, "\r\n\r\nxxxx"));
        free(text);
        anycert_response_free(response);
        anycert_client_free(client);
        canned_stop(tokens);
        canned_stop(api);
    }
}

static void nobody_can_read_them(void **state)
{
    static const char *const secrets[] = {
        "s3cret", "t0ken", "dGhlLWNsMWVudDpzM2NyZXQtb2YtdGhlLWNsaWVudA", "the-cl1ent"};
    static const char *const answers[] = {
        "{\"access_token\":\"t0ken-of-the-server\",\"expires_in\":0}",
        "{\"access_token\":\"t0ken of the server\"}",
        "{\"error\":\"invalid_client\",\"error_description\":\"not s3cret-of-the-client\"}",
        "{\"access_token\":\"t0ken\"",
    };

    (void)state;
    for (int in_body = 0; in_body < 2; in_body++) {
        struct canned *canned = canned_start(false);
        struct anycert_auth *auth = asking(canned);
        struct anycert_config *config = floor_config(NULL);
        struct witness *witness = witness_new(config);
        struct anycert_client *client = NULL;

        assert_int_equal(anycert_auth_oauth2_set_style(
                             auth, in_body ? ANYCERT_OAUTH2_BODY : ANYCERT_OAUTH2_BASIC, NULL),
                         0);
        assert_int_equal(anycert_config_set_auth(config, auth, NULL), 0);
        anycert_auth_free(auth);
        client = floor_client_of(config);
        for (size_t i = 0; i < COUNT(answers); i++)
            canned_text(canned, CANNED_KEEP,
                        "HTTP/1.1 %d X\r\nX-Repeated: s3cret-of-the-client\r\n"
                        "Content-Length: %zu\r\n\r\n%s",
                        i == 2 ? 401 : 200, strlen(answers[i]), answers[i]);
        assert_int_equal(
            witness_call(witness, client, floor_request("GET", floor_url("good", "json")), NULL),
            0);
        for (size_t i = 1; i < COUNT(answers); i++)
            assert_int_equal(witness_call(witness, client,
                                          floor_request("GET", floor_url("good", "json")), NULL),
                             ANYCERT_E_AUTH);
        for (size_t i = 0; i < COUNT(secrets); i++)
            witness_hides(witness, secrets[i]);
        witness_shows(witness, "> POST /token HTTP/1.1");
        witness_shows(witness, "X-Repeated: (hidden)");
        anycert_client_free(client);
        witness_free(witness);
        canned_stop(canned);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(token_is_for_its_origin),
        cmocka_unit_test(token_request_follows_no_redirect),
        cmocka_unit_test(token_request_is_under_the_clients_policy),
        cmocka_unit_test(guard_holds_for_the_token_request),
        cmocka_unit_test(policies_do_not_share_tokens),
        cmocka_unit_test(token_request_is_tried_again_as_the_rules_say),
        cmocka_unit_test(limits_of_the_request_hold_for_the_token_too),
        cmocka_unit_test(cancelled_call_holds_up_nobody),
        cmocka_unit_test(call_goes_on_beside_a_batch_that_nobody_drives),
        cmocka_unit_test(call_is_made_again_once_with_a_new_token),
        cmocka_unit_test(nobody_can_read_them),
    };

    return cmocka_run_group_tests(tests, floor_setup, floor_teardown);
}
