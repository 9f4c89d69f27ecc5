/* The base client's call: which answers are accepted, what the hooks are asked, what is counted. */
#include "client/floor.h"
#include "client/virtual_time.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define COUNT(a) (sizeof(a) / sizeof(a)[0])

static struct anycert_error last;

static int call(struct anycert_client *client, struct anycert_request *request,
                struct anycert_response **out)
{
    return floor_call(client, request, out, &last);
}

static struct anycert_request *get(const char *path)
{
    return floor_request("GET", floor_url("good", path));
}

static struct anycert_request *get_type(const char *path, enum anycert_resp_type type)
{
    struct anycert_request *request = get(path);

    assert_int_equal(anycert_request_set_resp_type(request, type, NULL), 0);
    return request;
}

/* ---- status */

static void ok_codes_go_from_request_to_client_to_below_400(void **state)
{
    static const int own[] = {404, 201};
    static const int general[] = {200, 500};
    struct anycert_config *config = floor_config(NULL);
    struct anycert_client *client = floor_client(NULL);
    struct anycert_request *request = NULL;

    (void)state;
    assert_int_equal(call(client, get("json"), NULL), 0);
    assert_int_equal(call(client, get("status/304"), NULL), 0);
    assert_int_equal(call(client, get("status/399"), NULL), 0);
    assert_int_equal(call(client, get("status/400"), NULL), ANYCERT_E_HTTP_STATUS);
    assert_int_equal(call(client, get("status/500"), NULL), ANYCERT_E_HTTP_STATUS);
    anycert_client_free(client);

    assert_int_equal(anycert_config_set_ok_codes(config, general, COUNT(general), NULL), 0);
    client = floor_client_of(config);
    assert_int_equal(call(client, get("status/500"), NULL), 0);
    assert_int_equal(call(client, get("status/201"), NULL), ANYCERT_E_HTTP_STATUS);
    request = get("status/404");
    assert_int_equal(anycert_request_set_ok_codes(request, own, COUNT(own), NULL), 0);
    assert_int_equal(call(client, request, NULL), 0);
    request = get("json");
    assert_int_equal(anycert_request_set_ok_codes(request, own, COUNT(own), NULL), 0);
    assert_int_equal(call(client, request, NULL), ANYCERT_E_HTTP_STATUS);
    request = get("json");
    assert_int_equal(anycert_request_set_ok_codes(request, own, 0, NULL), 0); /* none of its own */
    assert_int_equal(call(client, request, NULL), 0);
    anycert_client_free(client);
}

struct handled {
    unsigned calls;
    int accept;
    const char *say;
    int status;
};

static int on_error(void *arg, const struct anycert_response *response, struct anycert_error *err)
{
    struct handled *handled = arg;

    handled->calls++;
    handled->status = anycert_response_status(response);
    if (!handled->accept && handled->say) {
        err->code = ANYCERT_E_STATE;
        (void)snprintf(err->message, sizeof err->message, "%s", handled->say);
    }
    return handled->accept ? 0 : -1;
}

static void error_handler_takes_or_names_the_failure(void **state)
{
    struct handled client_handler = {.accept = 1};
    struct handled request_handler = {.say = "quota of the day is used up"};
    struct anycert_config *config = floor_config(NULL);
    struct anycert_client *client = NULL;
    struct anycert_request *request = NULL;

    (void)state;
    assert_int_equal(anycert_config_set_error_handler(config, on_error, &client_handler, NULL), 0);
    assert_int_equal(anycert_config_set_metrics(config, 1, NULL), 0);
    client = floor_client_of(config);
    assert_int_equal(call(client, get("json"), NULL), 0);
    assert_int_equal(client_handler.calls, 0);
    assert_int_equal(call(client, get("status/418"), NULL), 0);
    assert_int_equal(client_handler.calls, 1);
    assert_int_equal(client_handler.status, 418);
    assert_int_equal(anycert_client_metric(client, ANYCERT_METRIC_SUCCESS), 2);

    request = get("status/503");
    assert_int_equal(anycert_request_set_error_handler(request, on_error, &request_handler, NULL),
                     0);
    assert_int_equal(call(client, request, NULL), ANYCERT_E_STATE);
    assert_string_equal(last.message, "quota of the day is used up");
    assert_int_equal(client_handler.calls, 1);
    request_handler.say = NULL;
    request = get("status/503");
    assert_int_equal(anycert_request_set_error_handler(request, on_error, &request_handler, NULL),
                     0);
    assert_int_equal(call(client, request, NULL), ANYCERT_E_HTTP_STATUS);
    assert_int_equal(anycert_client_metric(client, ANYCERT_METRIC_GENERAL_ERROR), 2);
    /* A handler that takes an answer does not make it JSON. */
    assert_int_equal(call(client, get_type("status/418", ANYCERT_RESP_JSON), NULL),
                     ANYCERT_E_BODY_JSON);
    anycert_client_free(client);
}

/* ---- body */

static void response_type_says_what_the_body_has_to_be(void **state)
{
    struct anycert_client *client = floor_client(NULL);
    struct anycert_response *response = NULL;
    struct anycert_json *json = NULL, *again = NULL;

    (void)state;
    assert_int_equal(call(client, get_type("json", ANYCERT_RESP_JSON), &response), 0);
    json = anycert_response_json(response, NULL);
    again = anycert_response_json(response, NULL);
    assert_ptr_equal(json, again); /* parsed once */
    anycert_response_free(response);
    assert_int_equal(anycert_json_type(anycert_json_root(json)), ANYCERT_JSON_OBJECT);
    anycert_json_free(json);
    anycert_json_free(again);

    assert_int_equal(call(client, get_type("bytes/10", ANYCERT_RESP_JSON), &response),
                     ANYCERT_E_BODY_JSON);
    assert_string_equal(anycert_response_body(response, NULL), "abcdefghij"); /* nothing is lost */
    anycert_response_free(response);
    assert_int_equal(call(client, get_type("bytes/10", ANYCERT_RESP_XML), NULL),
                     ANYCERT_E_BODY_XML);
    assert_int_equal(call(client, get_type("bytes/10", ANYCERT_RESP_TEXT), NULL), 0);
    assert_int_equal(call(client, get_type("bytes/10", ANYCERT_RESP_CONTENT), NULL), 0);
    assert_int_equal(call(client, get_type("bytes/10", ANYCERT_RESP_RESPONSE), NULL), 0);
    anycert_client_free(client);

    assert_int_equal(anycert_resp_type_parse("JSON"), ANYCERT_RESP_JSON);
    assert_int_equal(anycert_resp_type_parse("xml"), ANYCERT_RESP_XML);
    assert_int_equal(anycert_resp_type_parse("Content"), ANYCERT_RESP_CONTENT);
    assert_int_equal(anycert_resp_type_parse("text"), ANYCERT_RESP_TEXT);
    assert_int_equal(anycert_resp_type_parse("anything"), ANYCERT_RESP_RESPONSE);
    assert_int_equal(anycert_resp_type_parse(NULL), ANYCERT_RESP_RESPONSE);
}

static struct anycert_request *empty_request(const char *path, const int *codes, size_t count)
{
    struct anycert_request *request = get_type(path, ANYCERT_RESP_JSON);

    assert_int_equal(anycert_request_set_return_empty(request, 1, NULL), 0);
    assert_int_equal(anycert_request_set_empty_valid_codes(request, codes, count, NULL), 0);
    return request;
}

static void empty_answers_are_accepted_only_when_asked_for(void **state)
{
    static const int own[] = {202};
    static const int general[] = {205};
    struct anycert_config *config = floor_config(NULL);
    struct anycert_client *client = floor_client(NULL);

    (void)state;
    assert_int_equal(call(client, get_type("status/204", ANYCERT_RESP_JSON), NULL),
                     ANYCERT_E_BODY_JSON);
    assert_int_equal(call(client, empty_request("status/204", NULL, 0), NULL), 0);
    assert_int_equal(call(client, empty_request("bytes/0", NULL, 0), NULL), ANYCERT_E_BODY_JSON);
    assert_int_equal(call(client, empty_request("status/204", own, 1), NULL), ANYCERT_E_BODY_JSON);
    assert_int_equal(call(client, empty_request("status/202", own, 1), NULL), 0);
    anycert_client_free(client);
    assert_int_equal(anycert_config_set_empty_valid_codes(config, general, 1, NULL), 0);
    client = floor_client_of(config);
    assert_int_equal(call(client, empty_request("status/204", NULL, 0), NULL), ANYCERT_E_BODY_JSON);
    assert_int_equal(call(client, empty_request("status/205", NULL, 0), NULL), 0);
    anycert_client_free(client);
}

/* ---- metrics */

static enum anycert_metric everything_is_quota(void *arg, const struct anycert_response *response)
{
    (void)arg;
    return anycert_response_status(response) == 418 ? (enum anycert_metric)99
                                                    : ANYCERT_METRIC_QUOTA_ERROR;
}

static int polls(void *arg, const struct anycert_response *response)
{
    (void)arg;
    return anycert_response_status(response) == 202;
}

static void metrics_count_what_became_of_calls(void **state)
{
    static const struct {
        const char *server, *path;
        enum anycert_metric metric;
    } rows[] = {
        {"good", "status/403", ANYCERT_METRIC_GENERAL_ERROR},
        {"good", "json", ANYCERT_METRIC_SUCCESS},
        {"good", "status/401", ANYCERT_METRIC_AUTH_ERROR},
        {"good", "status/429", ANYCERT_METRIC_QUOTA_ERROR},
        {"good", "status/500", ANYCERT_METRIC_SERVICE_ERROR},
        {"good", "status/503", ANYCERT_METRIC_GENERAL_ERROR},
        {"good", "endless-redirect", ANYCERT_METRIC_GENERAL_ERROR},
        {"good", "truncated", ANYCERT_METRIC_CONNECTION_ERROR},
        {"good", "slow/20000", ANYCERT_METRIC_TIMEOUT_ERROR},
        {"self-signed", "", ANYCERT_METRIC_SSL_ERROR},
        {"expired", "", ANYCERT_METRIC_SSL_ERROR},
    };
    struct anycert_config *config = floor_config(NULL);
    struct anycert_client *client = NULL;
    uint64_t expected[10] = {0};
    char *json = NULL;

    (void)state;
    assert_int_equal(anycert_config_set_metrics(config, 1, NULL), 0);
    assert_int_equal(anycert_config_set_timeouts(config, 0, 500, 0, NULL), 0);
    client = floor_client_of(config);
    json = anycert_client_metrics_json(client, NULL);
    assert_string_equal(json, "[]");
    anycert_free(json);
    for (size_t i = 0; i < COUNT(rows); i++) {
        (void)call(client, floor_request("GET", floor_url(rows[i].server, rows[i].path)), NULL);
        expected[rows[i].metric]++;
        for (int m = 0; m < 10; m++)
            assert_int_equal(anycert_client_metric(client, (enum anycert_metric)m), expected[m]);
    }
    json = anycert_client_metrics_json(client, NULL);
    assert_string_equal(json, "[{\"Type\":\"GeneralError\",\"APICallsCount\":3},"
                              "{\"Type\":\"Successful\",\"APICallsCount\":1},"
                              "{\"Type\":\"AuthError\",\"APICallsCount\":1},"
                              "{\"Type\":\"QuotaError\",\"APICallsCount\":1},"
                              "{\"Type\":\"ServiceError\",\"APICallsCount\":1},"
                              "{\"Type\":\"ConnectionError\",\"APICallsCount\":1},"
                              "{\"Type\":\"TimeoutError\",\"APICallsCount\":1},"
                              "{\"Type\":\"SSLError\",\"APICallsCount\":2}]");
    anycert_free(json);
    anycert_client_free(client);
    assert_string_equal(anycert_metric_name(ANYCERT_METRIC_RETRY_ERROR), "RetryError");
    assert_null(anycert_metric_name((enum anycert_metric)10));
}

static int take_nothing(void *arg, const void *bytes, size_t len)
{
    (void)arg;
    (void)bytes;
    (void)len;
    return 1;
}

/* A connection that is lost within the body is one for the original, a receiver's refusal none. */
static void metrics_tell_lost_connections_from_own_troubles(void **state)
{
    struct canned *canned = canned_start(false);
    struct anycert_config *config = floor_config(NULL);
    struct anycert_client *client = NULL;
    struct anycert_request *request = get("bytes/5");
    char to[64];

    (void)state;
    assert_int_equal(anycert_config_set_metrics(config, 1, NULL), 0);
    assert_int_equal(anycert_config_set_timeouts(config, 0, 0, 1000, NULL), 0);
    client = floor_client_of(config);
    canned_text(canned, CANNED_HOLD, "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc");
    assert_int_equal(
        call(client, floor_request("GET", floor_join(canned_origin(canned), "/")), NULL),
        ANYCERT_E_TIMEOUT_STALL);
    assert_int_equal(anycert_client_metric(client, ANYCERT_METRIC_CONNECTION_ERROR), 1);
    assert_int_equal(anycert_request_set_body_callback(request, take_nothing, NULL, NULL), 0);
    assert_int_equal(call(client, request, NULL), ANYCERT_E_BODY_WRITE);
    assert_int_equal(anycert_client_metric(client, ANYCERT_METRIC_GENERAL_ERROR), 1);
    (void)snprintf(to, sizeof to, "http://localhost:%u/", lab_server_port(floor_server("http")));
    assert_int_equal(call(client, get(floor_redirect(302, to)), NULL), ANYCERT_E_TRUST_DOWNGRADE);
    assert_int_equal(anycert_client_metric(client, ANYCERT_METRIC_GENERAL_ERROR), 2);
    assert_int_equal(anycert_client_metric(client, ANYCERT_METRIC_TIMEOUT_ERROR), 0);
    anycert_client_free(client);
    canned_stop(canned);
}

static void hooks_decide_what_counts(void **state)
{
    struct anycert_config *config = floor_config(NULL);
    struct anycert_client *client = NULL;
    struct anycert_request *request = NULL;

    (void)state;
    assert_int_equal(anycert_config_set_error_type_hook(config, everything_is_quota, NULL, NULL),
                     0);
    assert_int_equal(anycert_config_set_polling_hook(config, polls, NULL, NULL), 0);
    client = floor_client_of(config);
    assert_int_equal(call(client, get("json"), NULL), 0); /* nobody asked for metrics */
    assert_int_equal(anycert_client_metric(client, ANYCERT_METRIC_SUCCESS), 0);
    for (int i = 0; i < 4; i++) {
        static const char *const paths[] = {"status/202", "json", "status/503", "status/418"};

        request = get(paths[i]);
        assert_int_equal(anycert_request_set_metrics(request, 1, NULL), 0);
        (void)call(client, request, NULL);
    }
    assert_int_equal(anycert_client_metric(client, ANYCERT_METRIC_SUCCESS), 1);
    assert_int_equal(anycert_client_metric(client, ANYCERT_METRIC_QUOTA_ERROR), 1);
    assert_int_equal(anycert_client_metric(client, ANYCERT_METRIC_GENERAL_ERROR), 1);
    anycert_client_free(client);

    config = floor_config(NULL);
    assert_int_equal(anycert_config_set_metrics(config, 1, NULL), 0);
    client = floor_client_of(config);
    request = get("json");
    assert_int_equal(anycert_request_set_metrics(request, 0, NULL), 0);
    assert_int_equal(call(client, request, NULL), 0);
    assert_int_equal(anycert_client_metric(client, ANYCERT_METRIC_SUCCESS), 0);
    anycert_client_free(client);
}

static void latency_is_that_of_calls_with_an_answer(void **state)
{
    struct virtual_time time = {.now_us = 5000000};
    struct anycert_config *config = floor_config(NULL);
    struct anycert_client *client = NULL;
    struct anycert_request *request = NULL;

    (void)state;
    virtual_time_set(config, &time);
    assert_int_equal(anycert_config_set_rate_limit(config, 0.5, 1, NULL), 0);
    client = floor_client_of(config);
    assert_int_equal(anycert_client_latency_us(client, 50), -1);
    for (int i = 0; i < 4; i++) { /* the first at once, the others 2 s after one another */
        request = get(i == 3 ? "status/404" : "json");
        assert_int_equal(anycert_request_set_metrics(request, 1, NULL), 0);
        (void)call(client, request, NULL);
    }
    request = floor_request("GET", floor_url("expired", "")); /* no answer */
    assert_int_equal(anycert_request_set_metrics(request, 1, NULL), 0);
    assert_int_not_equal(call(client, request, NULL), 0);
    assert_int_equal(call(client, get("json"), NULL), 0); /* not asked for */
    assert_int_equal(anycert_client_latency_us(client, 0), 0);
    assert_int_equal(anycert_client_latency_us(client, 25), 0);
    assert_int_equal(anycert_client_latency_us(client, 50), 2000000);
    assert_int_equal(anycert_client_latency_us(client, 100), 2000000);
    assert_int_equal(anycert_client_mean_latency_us(client), 1500000);
    anycert_client_free(client);
}

/* ---- the rest */

static void last_redirect_is_the_response_when_asked_for(void **state)
{
    struct anycert_config *config = floor_config(NULL);
    struct anycert_client *client = NULL;
    struct anycert_response *response = NULL;

    (void)state;
    assert_int_equal(anycert_config_set_max_redirects(config, 3, NULL), 0);
    assert_int_equal(anycert_config_set_keep_last_redirect(config, 1, NULL), 0);
    client = floor_client_of(config);
    assert_int_equal(call(client, get("endless-redirect"), &response), 0);
    assert_int_equal(anycert_response_status(response), 302);
    assert_int_equal(anycert_response_hop_count(response), 4);
    anycert_response_free(response);
    anycert_client_free(client);
}

static void timeout_is_taken_as_the_original_has_it(void **state)
{
    struct anycert_config *config = floor_config(NULL);
    struct anycert_error err = {0};
    struct anycert_client *client = NULL;

    (void)state;
    assert_int_equal(anycert_config_set_requests_timeout(config, NULL, "abc", &err), -1);
    assert_int_equal(err.code, ANYCERT_E_USAGE);
    assert_string_equal(err.message,
                        "REQUESTS_TIMEOUT is 'abc', which is no number of seconds above 0");
    assert_int_equal(anycert_config_set_requests_timeout(config, "0", "10", NULL), -1);
    assert_int_equal(anycert_config_set_requests_timeout(config, "0.2", "10", NULL), 0);
    assert_int_equal(anycert_config_set_requests_timeout(config, "", "", NULL), 0);
    assert_int_equal(anycert_config_set_requests_timeout(config, NULL, NULL, NULL), 0);
    client = floor_client_of(config);
    assert_int_equal(call(client, floor_request("GET", floor_url("silent", "")), NULL),
                     ANYCERT_E_TIMEOUT_CONNECT);
    assert_non_null(strstr(last.message, "200 ms"));
    anycert_client_free(client);
}

static int third_time(void *arg)
{
    return ++*(int *)arg == 3;
}

static void handshake_is_ended_by_whoever_is_asked(void **state)
{
    struct anycert_config *config = floor_config(NULL);
    struct anycert_response *response = NULL;
    struct anycert_error err = {0};
    struct anycert_client *client = NULL;
    int asked = 0;

    (void)state;
    anycert_config_set_interrupt(config, third_time, &asked);
    client = floor_client_of(config);
    assert_int_equal(anycert_client_handshake(client, floor_url("silent", ""), &response, &err),
                     -1);
    assert_int_equal(err.code, ANYCERT_E_INTERRUPTED);
    assert_int_equal(asked, 3);
    anycert_response_free(response);
    anycert_client_free(client);
}

static void wrong_settings_are_refused(void **state)
{
    static const int wrong[] = {200, 600};
    struct anycert_config *config = floor_config(NULL);
    struct anycert_request *request = floor_request("POST", floor_url("good", ""));
    struct anycert_error err = {0};

    (void)state;
    assert_int_equal(anycert_config_set_ok_codes(config, wrong, 2, NULL), -1);
    assert_int_equal(anycert_config_set_ok_codes(config, NULL, 2, &err), -1);
    assert_string_equal(err.message, "the list of HTTP statuses is missing: NULL with 2 of them");
    memset(&err, 0, sizeof err);
    assert_int_equal(anycert_request_set_body(request, NULL, 9, &err), -1);
    assert_string_equal(err.message, "the body is missing: NULL with 9 bytes");
    memset(&err, 0, sizeof err);
    assert_int_equal(anycert_request_add_part(request, "f", NULL, 9, NULL, NULL, &err), -1);
    assert_string_equal(err.message, "the data of a form's part is missing: NULL with 9 bytes");
    assert_int_equal(anycert_request_set_body(request, NULL, 0, NULL), 0);
    assert_int_equal(anycert_config_set_rate_limit(config, -1, 1, NULL), -1);
    assert_int_equal(anycert_config_set_rate_limit(config, 1, 0, NULL), -1);
    assert_int_equal(anycert_config_set_rate_limit(config, 1.0 / 0.0, 1, NULL), -1);
    assert_int_equal(anycert_config_set_metrics(config, 2, NULL), -1);
    assert_int_equal(anycert_config_set_keep_last_redirect(config, -1, NULL), -1);
    assert_int_equal(anycert_request_set_resp_type(request, (enum anycert_resp_type)5, NULL), -1);
    assert_int_equal(anycert_request_set_return_empty(request, 7, NULL), -1);
    anycert_request_free(request);
    anycert_config_free(config);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ok_codes_go_from_request_to_client_to_below_400),
        cmocka_unit_test(error_handler_takes_or_names_the_failure),
        cmocka_unit_test(response_type_says_what_the_body_has_to_be),
        cmocka_unit_test(empty_answers_are_accepted_only_when_asked_for),
        cmocka_unit_test(metrics_count_what_became_of_calls),
        cmocka_unit_test(metrics_tell_lost_connections_from_own_troubles),
        cmocka_unit_test(hooks_decide_what_counts),
        cmocka_unit_test(latency_is_that_of_calls_with_an_answer),
        cmocka_unit_test(last_redirect_is_the_response_when_asked_for),
        cmocka_unit_test(timeout_is_taken_as_the_original_has_it),
        cmocka_unit_test(handshake_is_ended_by_whoever_is_asked),
        cmocka_unit_test(wrong_settings_are_refused),
    };
    return cmocka_run_group_tests(tests, floor_setup, floor_teardown);
}
