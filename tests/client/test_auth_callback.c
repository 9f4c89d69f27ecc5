/* Credentials that a callback makes: what it sees, and when it is asked. */
#include "client/floor.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define COUNT(a) (sizeof(a) / sizeof(a)[0])

static struct anycert_response *get(struct anycert_client *client, const char *url)
{
    return floor_ok(client, floor_request("GET", url));
}

struct caller {
    unsigned requests, failures;
    int answer;
    const char *say;
    char seen[512];
};

static int look(void *arg, struct anycert_auth_request *request, struct anycert_error *err)
{
    struct caller *caller = arg;
    size_t len = 99;
    const char *body = anycert_auth_request_body(request, &len);
    const char *type = anycert_auth_request_header(request, "content-TYPE", 0);
    char value[32];

    assert_null(anycert_auth_request_answer_header(request, "WWW-Authenticate", 0));
    assert_null(anycert_auth_request_header(request, "Content-Type", 1));
    snprintf(caller->seen, sizeof caller->seen, "%s %s %s %.*s %zu",
             anycert_auth_request_method(request), anycert_auth_request_url(request),
             type ? type : "-", (int)len, body ? body : "", len);
    if (caller->say) {
        err->code = caller->answer;
        snprintf(err->message, sizeof err->message, "%s", caller->say);
        return -1;
    }
    snprintf(value, sizeof value, "proof %u", ++caller->requests);
    return anycert_auth_request_add_header(request, "Authorization", value, err);
}

static int look_back(void *arg, struct anycert_auth_request *request, struct anycert_error *err)
{
    struct caller *caller = arg;
    struct anycert_error lost = {0};

    caller->failures++;
    assert_string_equal(anycert_auth_request_answer_header(request, "www-authenticate", 0),
                        "Proof nonce=1");
    assert_int_equal(anycert_auth_request_add_header(request, "A", "b", &lost), -1);
    assert_int_equal(lost.code, ANYCERT_E_STATE);
    memset(&lost, 0, sizeof lost);
    assert_int_equal(anycert_auth_request_add_param(request, "a", "b", &lost), -1);
    assert_int_equal(lost.code, ANYCERT_E_STATE);
    if (caller->answer < 0)
        snprintf(err->message, sizeof err->message, "the vault is closed");
    return caller->answer;
}

static struct anycert_client *caller_client(struct caller *caller, bool with_failure)
{
    struct anycert_error err = {0};
    struct anycert_config *config = floor_config("trust-any");
    struct anycert_auth *auth =
        anycert_auth_callback(look, with_failure ? look_back : NULL, caller, &err);

    assert_non_null(auth);
    assert_int_equal(anycert_config_set_auth(config, auth, NULL), 0);
    anycert_auth_free(auth);
    return floor_client_of(config);
}

static void callback_sees_the_request(void **state)
{
    struct caller caller = {0};
    struct anycert_client *client = caller_client(&caller, false);
    struct anycert_request *request = floor_request("PUT", floor_url("good", "echo?x=1"));
    struct anycert_response *response = NULL;
    char expected[512];

    (void)state;
    assert_int_equal(anycert_request_set_body(request, "the body", 8, NULL), 0);
    floor_header(request, "Content-Type", "text/x-test");
    response = floor_ok(client, request);
    assert_string_equal(floor_echo_header(response, "Authorization", 0), "proof 1");
    anycert_response_free(response);
    snprintf(expected, sizeof expected, "PUT %s text/x-test the body 8",
             floor_url("good", "echo?x=1"));
    assert_string_equal(caller.seen, expected);
    anycert_response_free(get(client, floor_url("good", "json")));
    snprintf(expected, sizeof expected, "GET %s -  0", floor_url("good", "json"));
    assert_string_equal(caller.seen, expected);
    anycert_client_free(client);
}

static void callback_may_end_the_request(void **state)
{
    static const struct {
        int answer;
        const char *say;
        int code;
        const char *message;
    } rows[] = {
        {0, "the vault is closed", ANYCERT_E_AUTH, "the vault is closed"},
        {0, "", ANYCERT_E_AUTH, "the callback for the credentials has failed"},
        {ANYCERT_E_FILE, "no file", ANYCERT_E_FILE, "no file"},
    };
    uint64_t before = lab_server_requests(floor_server("good"));

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct caller caller = {.answer = rows[i].answer, .say = rows[i].say};
        struct anycert_client *client = caller_client(&caller, false);

        floor_fails(client, floor_request("GET", floor_url("good", "json")), rows[i].code, NULL);
        assert_string_equal(floor_message(), rows[i].message);
        anycert_client_free(client);
    }
    assert_int_equal(lab_server_requests(floor_server("good")), before);
}

#define REFUSED "HTTP/1.1 401 No\r\nWWW-Authenticate: Proof nonce=1\r\nContent-Length: 3\r\n\r\nno!"
#define FINE    "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"

static void callback_is_asked_once_more_after_a_401(void **state)
{
    static const struct {
        bool with_failure;
        int answer;
        unsigned refusals, requests, failures;
        int code, status;
        const char *body;
    } rows[] = {
        {true, 1, 1, 2, 1, 0, 200, "ok"},   {true, 1, 2, 2, 1, 0, 401, "no!"},
        {true, 0, 1, 1, 1, 0, 401, "no!"},  {true, -1, 1, 1, 1, ANYCERT_E_AUTH, 401, ""},
        {false, 1, 1, 1, 0, 0, 401, "no!"},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct caller caller = {.answer = rows[i].answer};
        struct anycert_client *client = caller_client(&caller, rows[i].with_failure);
        struct canned *canned = canned_start(true);
        struct anycert_request *request =
            floor_request("POST", floor_join(canned_origin(canned), "/"));
        struct anycert_response *response = NULL;

        for (unsigned n = 0; n < rows[i].refusals; n++)
            canned_text(canned, CANNED_KEEP, REFUSED);
        canned_text(canned, CANNED_KEEP, FINE);
        assert_int_equal(anycert_request_set_body(request, "same", 4, NULL), 0);
        if (rows[i].code)
            floor_fails(client, request, rows[i].code, &response);
        else
            response = floor_ok(client, request);
        assert_int_equal(caller.requests, rows[i].requests);
        assert_int_equal(caller.failures, rows[i].failures);
        assert_int_equal(canned_requests(canned), rows[i].requests);
        assert_int_equal(anycert_response_status(response), rows[i].status);
        assert_string_equal(anycert_response_body(response, NULL), rows[i].body);
        assert_int_equal(anycert_response_hop_count(response), rows[i].requests);
        for (unsigned n = 0; n < rows[i].requests; n++) {
            char *text = canned_request(canned, n, NULL);
            char proof[64];

            snprintf(proof, sizeof proof, "\r\nAuthorization: proof %u\r\n", n + 1);
            assert_non_null(strstr(text, proof));
            assert_non_null(strstr(text, "\r\n\r\nsame"));
            free(text);
        }
        anycert_response_free(response);
        anycert_client_free(client);
        canned_stop(canned);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(callback_sees_the_request),
        cmocka_unit_test(callback_may_end_the_request),
        cmocka_unit_test(callback_is_asked_once_more_after_a_401),
    };

    return cmocka_run_group_tests(tests, floor_setup, floor_teardown);
}
