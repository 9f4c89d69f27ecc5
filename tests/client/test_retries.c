/* Requests that are made again: over both schemes, after the right delays, and never more often or
 * in more cases than the rules say. No test waits: the time is virtual. */
#include "client/floor.h"
#include "client/virtual_time.h"
#include "support/ports.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <cmocka.h>

#define COUNT(a) (sizeof(a) / sizeof(a)[0])
#define OK       "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
#define BUSY     "HTTP/1.1 503 Busy\r\nContent-Length: 4\r\n\r\nbusy"

static const int busy_list[] = {503};

static struct anycert_retry *rules(unsigned count)
{
    struct anycert_retry *retry = anycert_retry_new(NULL);

    assert_int_equal(anycert_retry_set_count(retry, count, NULL), 0);
    assert_int_equal(anycert_retry_set_statuses(retry, busy_list, 1, NULL), 0);
    return retry;
}

static struct anycert_client *client_of(struct anycert_config *config, struct virtual_time *time)
{
    virtual_time_set(config, time);
    return floor_client_of(config);
}

/* A client with these rules, which are freed. */
static struct anycert_client *retrying(const char *rung, struct anycert_retry *retry,
                                       struct virtual_time *time)
{
    struct anycert_config *config = floor_config(rung);

    assert_int_equal(anycert_config_set_retry(config, retry, NULL), 0);
    anycert_retry_free(retry);
    return client_of(config, time);
}

static struct anycert_request *get(const struct canned *canned)
{
    return floor_request("GET", floor_join(canned_origin(canned), "/"));
}

static void status_is_retried_over_both_schemes(void **state)
{
    static const int64_t waits[] = {10000};

    (void)state;
    for (int tls = 0; tls <= 1; tls++) {
        struct canned *canned = canned_start(tls);
        struct virtual_time time = {0};
        struct anycert_client *client = retrying(tls ? "trust-any" : NULL, rules(3), &time);
        struct anycert_response *response = NULL;

        canned_text(canned, CANNED_KEEP, BUSY);
        canned_text(canned, CANNED_KEEP, BUSY);
        canned_text(canned, CANNED_KEEP, OK);
        response = floor_ok(client, get(canned));
        assert_string_equal(anycert_response_body(response, NULL), "ok");
        assert_int_equal(anycert_response_hop_count(response), 1);
        assert_int_equal(anycert_response_retries(response), 2);
        anycert_response_free(response);
        assert_int_equal(canned_requests(canned), 3);
        virtual_time_expect(&time, waits, COUNT(waits)); /* none before the first retry */
        anycert_client_free(client);
        canned_stop(canned);
    }
}

static void retry_belongs_to_the_call_that_asked(void **state)
{
    struct canned *canned = canned_start(false);
    struct virtual_time time = {0};
    struct anycert_client *client = client_of(floor_config(NULL), &time);
    struct anycert_retry *retry = rules(2);
    struct anycert_request *request = get(canned);
    struct anycert_response *response = NULL;

    (void)state;
    canned_text(canned, CANNED_KEEP, BUSY);
    assert_int_equal(anycert_request_set_retry(request, retry, NULL), 0);
    anycert_retry_free(retry);
    response = floor_ok(client, request);
    assert_int_equal(anycert_response_status(response), 503);
    assert_string_equal(anycert_response_body(response, NULL), "busy"); /* of the last one only */
    anycert_response_free(response);
    assert_int_equal(canned_requests(canned), 3);
    anycert_response_free(floor_ok(client, get(canned)));
    assert_int_equal(canned_requests(canned), 4);
    anycert_client_free(client);
    canned_stop(canned);
}

static void retry_after_is_waited_for(void **state)
{
    static const int64_t waits[] = {7000, 120000, 20000};
    struct canned *canned = canned_start(false);
    struct virtual_time time = {0};
    struct anycert_client *client = retrying(NULL, rules(3), &time);

    (void)state;
    canned_text(canned, CANNED_KEEP,
                "HTTP/1.1 429 Slow\r\nRetry-After: 7\r\nContent-Length: 0\r\n\r\n");
    canned_text(canned, CANNED_KEEP,
                "HTTP/1.1 413 Big\r\nRetry-After: 100000\r\nContent-Length: 0\r\n\r\n");
    canned_text(canned, CANNED_KEEP,
                "HTTP/1.1 503 Busy\r\nRetry-After: later\r\nContent-Length: 0\r\n\r\n");
    canned_text(canned, CANNED_KEEP, OK);
    anycert_response_free(floor_ok(client, get(canned)));
    virtual_time_expect(&time, waits, COUNT(waits));
    anycert_client_free(client);
    canned_stop(canned);
}

static void exhausted_retries_raise_when_asked_to(void **state)
{
    struct canned *canned = canned_start(false);
    struct virtual_time time = {0};
    struct anycert_retry *retry = rules(2);
    struct anycert_client *client = NULL;
    struct anycert_response *response = NULL;

    (void)state;
    assert_int_equal(anycert_retry_set_raise_on_status(retry, 1, NULL), 0);
    client = retrying(NULL, retry, &time);
    canned_text(canned, CANNED_KEEP, BUSY);
    floor_fails(client, get(canned), ANYCERT_E_HTTP_RETRIES, &response);
    assert_int_equal(anycert_response_status(response), 503);
    assert_non_null(strstr(floor_message(), "2 retries"));
    anycert_response_free(response);
    anycert_client_free(client);
    canned_stop(canned);
}

/* What is both accepted and to be retried is retried, and accepted when it stays. */
static void accepted_status_is_retried_and_then_accepted(void **state)
{
    static const int64_t waits[] = {10000};
    struct canned *canned = canned_start(false);
    struct virtual_time time = {0};
    struct anycert_config *config = floor_config(NULL);
    struct anycert_retry *retry = rules(2);
    struct anycert_client *client = NULL;
    struct anycert_request *request = get(canned);
    struct anycert_response *response = NULL;

    (void)state;
    assert_int_equal(anycert_config_set_retry(config, retry, NULL), 0);
    anycert_retry_free(retry);
    assert_int_equal(anycert_config_set_metrics(config, 1, NULL), 0);
    client = client_of(config, &time);
    canned_text(canned, CANNED_KEEP, BUSY);
    assert_int_equal(anycert_request_set_ok_codes(request, busy_list, 1, NULL), 0);
    assert_int_equal(anycert_client_call(client, request, &response, NULL), 0);
    assert_int_equal(anycert_response_status(response), 503);
    assert_int_equal(canned_requests(canned), 3);
    assert_int_equal(anycert_client_metric(client, ANYCERT_METRIC_SUCCESS), 1);
    virtual_time_expect(&time, waits, COUNT(waits));
    anycert_response_free(response);
    anycert_request_free(request);
    anycert_client_free(client);
    canned_stop(canned);
}

/* Each try has the whole of the limit; a method that may not be repeated has one try. */
static void limit_for_the_whole_request_is_for_each_try(void **state)
{
    static const struct {
        const char *method;
        int error; /* 0: the second try's answer */
        unsigned tries;
    } rows[] = {{"GET", 0, 2}, {"POST", ANYCERT_E_TIMEOUT_TOTAL, 1}};

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct canned *canned = canned_start(false);
        struct virtual_time time = {0};
        struct anycert_client *client = retrying(NULL, rules(1), &time);
        struct anycert_request *request =
            floor_request(rows[i].method, floor_join(canned_origin(canned), "/"));

        canned_text(canned, CANNED_HOLD, "%s", "");
        canned_text(canned, CANNED_KEEP, OK);
        assert_int_equal(anycert_request_set_timeouts(request, 0, 300, 0, NULL), 0);
        if (rows[i].error)
            floor_fails(client, request, rows[i].error, NULL);
        else
            anycert_response_free(floor_ok(client, request));
        assert_int_equal(canned_requests(canned), rows[i].tries);
        anycert_client_free(client);
        canned_stop(canned);
    }
}

static void lost_answers_are_retried_by_method_only(void **state)
{
    struct canned *canned = canned_start(false);
    struct virtual_time time = {0};
    struct anycert_client *client = retrying(NULL, rules(2), &time);
    struct anycert_request *request = NULL;

    (void)state;
    canned_text(canned, CANNED_RESET, "%s", "");
    floor_fails(client, get(canned), ANYCERT_E_RESET, NULL);
    assert_int_equal(canned_requests(canned), 3);
    request = floor_request("POST", floor_join(canned_origin(canned), "/"));
    assert_int_equal(anycert_request_set_body(request, "x", 1, NULL), 0);
    floor_fails(client, request, ANYCERT_E_RESET, NULL);
    assert_int_equal(canned_requests(canned), 4);
    anycert_client_free(client);
    canned_stop(canned);
}

static void refused_connections_are_retried_whatever_the_method(void **state)
{
    struct virtual_time time = {0};
    struct anycert_client *client = retrying(NULL, rules(4), &time);
    char url[64];

    (void)state;
    (void)snprintf(url, sizeof url, "http://localhost:%u/", ports_closed());
    floor_fails(client, floor_request("POST", url), ANYCERT_E_CONNECT, NULL);
    assert_int_equal(time.sleeps, 3); /* and none before the first */
    anycert_client_free(client);
}

/* What waiting cannot mend: each condition is connected to once. */
static void permanent_failures_are_final(void **state)
{
    static const char *const conditions[] = {"self-signed", "expired", "untrusted-root"};

    (void)state;
    for (size_t i = 0; i < COUNT(conditions); i++) {
        const struct lab_server *server = floor_server(conditions[i]);
        uint64_t connections = lab_server_connections(server);
        struct virtual_time time = {0};
        struct anycert_client *client = retrying(NULL, rules(5), &time);
        struct anycert_response *response = NULL;

        floor_fails(client, floor_request("GET", floor_url(conditions[i], "")),
                    i == 1 ? ANYCERT_E_TRUST_DATES : ANYCERT_E_TRUST_ISSUER, &response);
        anycert_response_free(response);
        assert_int_equal(time.sleeps, 0);
        assert_int_equal(lab_server_connections(server), connections + 1);
        anycert_client_free(client);
    }
}

static void truncated_body_is_not_retried(void **state)
{
    struct virtual_time time = {0};
    struct anycert_client *client = retrying(NULL, rules(5), &time);
    uint64_t requests = lab_server_requests(floor_server("good"));

    (void)state;
    floor_fails(client, floor_request("GET", floor_url("good", "truncated")),
                ANYCERT_E_BODY_TRUNCATED, NULL);
    assert_int_equal(lab_server_requests(floor_server("good")), requests + 1);
    anycert_client_free(client);
}

static int count_bytes(void *arg, const void *bytes, size_t len)
{
    (void)bytes;
    *(size_t *)arg += len;
    return 0;
}

/* Neither a callback nor a file sees the body of an answer that is asked for once more. */
static void bodies_of_retried_answers_go_nowhere(void **state)
{
    struct canned *canned = canned_start(false);
    struct virtual_time time = {0};
    struct anycert_client *client = retrying(NULL, rules(3), &time);
    struct anycert_request *request = get(canned);
    size_t received = 0;

    (void)state;
    canned_text(canned, CANNED_KEEP, BUSY);
    canned_text(canned, CANNED_KEEP, OK);
    canned_text(canned, CANNED_KEEP, BUSY);
    canned_text(canned, CANNED_KEEP, OK);
    assert_int_equal(anycert_request_set_body_callback(request, count_bytes, &received, NULL), 0);
    anycert_response_free(floor_ok(client, request));
    assert_int_equal(received, 2);

    (void)floor_folder();
    request = get(canned);
    assert_int_equal(anycert_request_set_output_file(request, floor_path("out"), NULL), 0);
    anycert_response_free(floor_ok(client, request));
    assert_string_equal(floor_read(floor_path("out")), "ok");
    floor_remove_folder(1);
    anycert_client_free(client);
    canned_stop(canned);
}

static void idempotency_key_is_one_for_all_tries_and_new_for_each_request(void **state)
{
    struct canned *canned = canned_start(false);
    struct virtual_time time = {0};
    struct anycert_retry *retry = rules(1);
    struct anycert_client *client = NULL;
    char keys[5][64];

    (void)state;
    assert_int_equal(anycert_retry_set_idempotency_header(retry, "Idempotency-Key", NULL), 0);
    client = retrying(NULL, retry, &time);
    canned_text(canned, CANNED_KEEP, BUSY);
    for (unsigned i = 0; i < 2; i++)
        anycert_response_free(
            floor_ok(client, floor_request("POST", floor_join(canned_origin(canned), "/"))));
    for (unsigned i = 0; i < 4; i++) {
        char *text = canned_request(canned, i, NULL);
        const char *line = strstr(text, "Idempotency-Key: ");

        assert_non_null(line);
        assert_int_equal(strcspn(line + 17, "\r"), 36);
        (void)snprintf(keys[i], sizeof keys[i], "%.36s", line + 17);
        free(text);
    }
    assert_string_equal(keys[0], keys[1]);
    assert_string_equal(keys[2], keys[3]);
    assert_string_not_equal(keys[0], keys[2]);
    anycert_client_free(client);
    canned_stop(canned);
}

static void body_that_can_be_read_once_is_sent_once(void **state)
{
    struct canned *canned = canned_start(false);
    struct virtual_time time = {0};
    struct anycert_client *client = retrying(NULL, rules(3), &time);
    struct anycert_request *request = floor_request("PUT", floor_join(canned_origin(canned), "/"));
    struct anycert_response *response = NULL;

    (void)state;
    canned_text(canned, CANNED_CLOSE, BUSY);
    assert_int_equal(anycert_request_set_body_file(request, "/dev/null", NULL), 0);
    response = floor_ok(client, request);
    assert_int_equal(anycert_response_status(response), 503);
    anycert_response_free(response);
    assert_int_equal(canned_requests(canned), 1);
    anycert_client_free(client);
    canned_stop(canned);
}

static void wait_that_is_given_up_interrupts(void **state)
{
    struct canned *canned = canned_start(false);
    struct virtual_time time = {.give_up_at = 1};
    struct anycert_client *client = retrying(NULL, rules(3), &time);

    (void)state;
    canned_text(canned, CANNED_KEEP, BUSY);
    floor_fails(client, get(canned), ANYCERT_E_INTERRUPTED, NULL);
    assert_int_equal(canned_requests(canned), 2);
    anycert_client_free(client);
    canned_stop(canned);
}

static int interrupt(void *arg, uint64_t received, uint64_t receive_total, uint64_t sent,
                     uint64_t send_total)
{
    unsigned *calls = arg;

    (void)receive_total;
    (void)send_total;
    return received + sent == 0 && ++*calls > 3;
}

/* Without a sleep of the caller's: the progress callback ends a real wait. */
static void progress_ends_a_wait(void **state)
{
    struct canned *canned = canned_start(false);
    struct anycert_config *config = floor_config(NULL);
    struct anycert_retry *retry = rules(1000);
    struct anycert_client *client = NULL;
    struct anycert_request *request = NULL;
    unsigned calls = 0;

    (void)state;
    assert_int_equal(anycert_config_set_retry(config, retry, NULL), 0);
    anycert_retry_free(retry);
    client = floor_client_of(config);
    canned_text(canned, CANNED_KEEP, BUSY);
    request = get(canned);
    assert_int_equal(anycert_request_set_progress(request, interrupt, &calls, NULL), 0);
    floor_fails(client, request, ANYCERT_E_INTERRUPTED, NULL);
    anycert_client_free(client);
    canned_stop(canned);
}

static void rate_limit_spaces_requests_and_retries(void **state)
{
    static const int64_t waits[] = {500, 500, 500};
    struct canned *canned = canned_start(false);
    struct virtual_time time = {0};
    struct anycert_config *config = floor_config(NULL);
    struct anycert_retry *retry = rules(1);
    struct anycert_client *client = NULL;

    (void)state;
    assert_int_equal(anycert_config_set_rate_limit(config, 2, 1, NULL), 0);
    assert_int_equal(anycert_config_set_retry(config, retry, NULL), 0);
    anycert_retry_free(retry);
    client = client_of(config, &time);
    canned_text(canned, CANNED_KEEP, OK);
    canned_text(canned, CANNED_KEEP, OK);
    canned_text(canned, CANNED_KEEP, BUSY);
    canned_text(canned, CANNED_KEEP, OK);
    for (unsigned i = 0; i < 3; i++)
        anycert_response_free(floor_ok(client, get(canned)));
    virtual_time_expect(&time, waits, COUNT(waits));
    anycert_client_free(client);
    canned_stop(canned);
}

static void breaker_refuses_without_sending_until_a_probe_succeeds(void **state)
{
    struct canned *canned = canned_start(false);
    struct virtual_time time = {0};
    struct anycert_config *config = floor_config(NULL);
    struct anycert_client *client = NULL;

    (void)state;
    assert_int_equal(anycert_config_set_circuit_breaker(config, 2, 60000, NULL), 0);
    client = client_of(config, &time);
    canned_text(canned, CANNED_CLOSE,
                "HTTP/1.1 503 Busy\r\nConnection: close\r\nContent-Length: 0\r\n\r\n");
    canned_text(canned, CANNED_RESET, "%s", "");
    canned_text(canned, CANNED_RESET, "%s", "");
    canned_text(canned, CANNED_KEEP, OK);
    anycert_response_free(floor_ok(client, get(canned)));
    floor_fails(client, get(canned), ANYCERT_E_RESET, NULL);
    assert_int_equal(anycert_client_circuit(client), ANYCERT_CIRCUIT_OPEN);
    floor_fails(client, get(canned), ANYCERT_E_CIRCUIT_OPEN, NULL);
    assert_int_equal(canned_requests(canned), 2);
    time.now_us += 60000000;
    assert_int_equal(anycert_client_circuit(client), ANYCERT_CIRCUIT_HALF_OPEN);
    floor_fails(client, get(canned), ANYCERT_E_RESET, NULL); /* the probe */
    floor_fails(client, get(canned), ANYCERT_E_CIRCUIT_OPEN, NULL);
    time.now_us += 60000000;
    anycert_response_free(floor_ok(client, get(canned)));
    assert_int_equal(anycert_client_circuit(client), ANYCERT_CIRCUIT_CLOSED);
    anycert_response_free(floor_ok(client, get(canned)));
    assert_int_equal(canned_requests(canned), 5);
    anycert_client_free(client);
    canned_stop(canned);
}

/* A probe that fails before anything is sent has an outcome too: the next one is let through. */
static void probe_that_never_leaves_does_not_block_the_breaker(void **state)
{
    struct canned *canned = canned_start(false);
    struct virtual_time time = {0};
    struct anycert_config *config = floor_config(NULL);
    struct anycert_client *client = NULL;
    struct anycert_request *request = NULL;

    (void)state;
    assert_int_equal(anycert_config_set_circuit_breaker(config, 1, 1000, NULL), 0);
    client = client_of(config, &time);
    canned_text(canned, CANNED_RESET, "%s", "");
    canned_text(canned, CANNED_KEEP, OK);
    floor_fails(client, get(canned), ANYCERT_E_RESET, NULL);
    time.now_us += 1000000;
    request = get(canned);
    assert_int_equal(anycert_request_set_output_file(request, "/no/such/folder/out", NULL), 0);
    floor_fails(client, request, ANYCERT_E_FILE, NULL);
    anycert_response_free(floor_ok(client, get(canned)));
    assert_int_equal(anycert_client_circuit(client), ANYCERT_CIRCUIT_CLOSED);
    anycert_client_free(client);
    canned_stop(canned);
}

static void budget_is_for_all_calls_and_allows_no_retry(void **state)
{
    struct canned *canned = canned_start(false);
    struct virtual_time time = {0};
    struct anycert_config *config = floor_config(NULL);
    struct anycert_retry *retry = rules(3);
    struct anycert_client *client = NULL;
    struct anycert_error err = {.code = ANYCERT_E_TIMEOUT_BUDGET};
    char *text = NULL;

    (void)state;
    assert_int_equal(anycert_config_set_retry(config, retry, NULL), 0);
    anycert_retry_free(retry);
    assert_int_equal(anycert_config_set_time_budget(config, 15000, NULL), 0);
    client = client_of(config, &time);
    canned_text(canned, CANNED_KEEP, BUSY);
    anycert_response_free(floor_ok(client, get(canned)));
    time.now_us += 10000000;
    anycert_response_free(floor_ok(client, get(canned)));
    time.now_us += 5000000;
    floor_fails(client, get(canned), ANYCERT_E_TIMEOUT_BUDGET, NULL);
    assert_int_equal(canned_requests(canned), 2);
    text = anycert_client_error_text(client, NULL, NULL, &err, NULL);
    assert_string_equal(text, "Time-sensitive command execution time limit (15s) reached before "
                              "performing the API request.");
    anycert_free(text);
    anycert_client_free(client);
    canned_stop(canned);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(status_is_retried_over_both_schemes),
        cmocka_unit_test(retry_belongs_to_the_call_that_asked),
        cmocka_unit_test(retry_after_is_waited_for),
        cmocka_unit_test(exhausted_retries_raise_when_asked_to),
        cmocka_unit_test(accepted_status_is_retried_and_then_accepted),
        cmocka_unit_test(limit_for_the_whole_request_is_for_each_try),
        cmocka_unit_test(lost_answers_are_retried_by_method_only),
        cmocka_unit_test(refused_connections_are_retried_whatever_the_method),
        cmocka_unit_test(permanent_failures_are_final),
        cmocka_unit_test(truncated_body_is_not_retried),
        cmocka_unit_test(bodies_of_retried_answers_go_nowhere),
        cmocka_unit_test(idempotency_key_is_one_for_all_tries_and_new_for_each_request),
        cmocka_unit_test(body_that_can_be_read_once_is_sent_once),
        cmocka_unit_test(wait_that_is_given_up_interrupts),
        cmocka_unit_test(progress_ends_a_wait),
        cmocka_unit_test(rate_limit_spaces_requests_and_retries),
        cmocka_unit_test(breaker_refuses_without_sending_until_a_probe_succeeds),
        cmocka_unit_test(probe_that_never_leaves_does_not_block_the_breaker),
        cmocka_unit_test(budget_is_for_all_calls_and_allows_no_retry),
    };
    return cmocka_run_group_tests(tests, floor_setup, floor_teardown);
}
