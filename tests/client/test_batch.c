/* Many requests at once: each has its own result, whatever becomes of the others. */
#include "client/floor.h"
#include "client/many.h"
#include "support/ports.h"

#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static struct anycert_request *get(const char *name, const char *path)
{
    return floor_request("GET", floor_url(name, path));
}

static const char *dead_url(void)
{
    static char url[64];

    snprintf(url, sizeof url, "http://127.0.0.1:%u/", ports_closed());
    return url;
}

/* ---- results */

static void none_is_lost_and_none_doubled(void **state)
{
    struct anycert_client *client = floor_client(NULL);
    struct many *many = many_new(client, 32);
    uint64_t before = lab_server_requests(floor_server("good"));

    (void)state;
    for (size_t i = 0; i < 1000; i++) {
        char path[64];

        snprintf(path, sizeof path, "echo?number=%zu", i);
        (void)many_add(many, get("good", path));
    }
    assert_int_equal(anycert_batch_pending(many->batch), 1000);
    many_finish(many);
    for (size_t i = 0; i < 1000; i++) {
        char query[64];

        assert_int_equal(many->answers[i].code, 0);
        assert_int_equal(many->answers[i].status, 200);
        assert_int_equal(many->results[i], 1);
        snprintf(query, sizeof query, "number=%zu", i);
        assert_string_equal(floor_echo_text(many->answers[i].response, "/query"), query);
    }
    assert_int_equal(lab_server_requests(floor_server("good")) - before, 1000);
    many_free(many);
    anycert_client_free(client);
}

static void no_more_connections_than_requests_at_once(void **state)
{
    struct anycert_client *client = floor_client(NULL);
    uint64_t before = lab_server_connections(floor_server("good"));
    struct many *many = many_ask(client, 4, floor_url("good", ""), 200, 0);

    (void)state;
    assert_in_range(lab_server_connections(floor_server("good")) - before, 1, 4);
    many_free(many);
    anycert_client_free(client);
}

static void results_come_as_they_are_ready(void **state)
{
    struct anycert_client *client = floor_client(NULL);
    struct many *many = many_new(client, 2);
    size_t stuck = many_add(many, get("good", "stall"));

    (void)state;
    for (size_t i = 0; i < 20; i++)
        (void)many_add(many, get("good", ""));
    for (size_t i = 0; i < 20; i++)
        assert_int_not_equal(many_next(many, -1), stuck);
    assert_int_equal(many_next(many, 20), -1);
    assert_int_equal(anycert_batch_pending(many->batch), 1);
    assert_int_equal(anycert_batch_cancel(many->batch, &many->requests[stuck]), 1);
    assert_int_equal(many_next(many, 0), stuck);
    assert_int_equal(many->answers[stuck].code, ANYCERT_E_INTERRUPTED);
    many_free(many);
    anycert_client_free(client);
}

static void limit_holds_back_the_rest(void **state)
{
    struct anycert_client *client = floor_client(NULL);
    struct many *many = many_new(client, 3);
    uint64_t before = lab_server_requests(floor_server("good"));
    size_t last = 0;

    (void)state;
    for (size_t i = 0; i < 3; i++)
        (void)many_add(many, get("good", "stall"));
    last = many_add(many, get("good", ""));
    while (lab_server_requests(floor_server("good")) - before < 3)
        assert_int_equal(many_next(many, 10), -1);
    for (size_t i = 0; i < 5; i++)
        assert_int_equal(many_next(many, 10), -1);
    assert_int_equal(lab_server_requests(floor_server("good")) - before, 3);
    assert_int_equal(anycert_batch_cancel(many->batch, &many->requests[1]), 1);
    assert_int_equal(many_next(many, -1), 1);
    assert_int_equal(many_next(many, -1), last);
    assert_int_equal(many->answers[last].status, 200);
    assert_int_equal(anycert_batch_cancel_all(many->batch), 2);
    many_finish(many);
    many_free(many);
    anycert_client_free(client);
}

/* Where a connection carries one request at a time, nobody waits for one that another has made:
 * neither before the first, nor after the last has been closed. */
static void nobody_waits_for_an_answer_that_does_not_come(void **state)
{
    struct anycert_client *client = floor_client(NULL);
    struct many *many = many_new(client, 3);

    (void)state;
    for (size_t i = 0; i < 3; i++) {
        uint64_t before = lab_server_requests(floor_server("good"));
        size_t stuck = many_add(many, get("good", "stall"));
        size_t others[2] = {many_add(many, get("good", "connection-close")),
                            many_add(many, get("good", "connection-close"))};

        assert_true(many_next(many, -1) > (long)stuck);
        assert_true(many_next(many, -1) > (long)stuck);
        for (size_t k = 0; k < 2; k++)
            assert_int_equal(many->answers[others[k]].code, 0);
        while (lab_server_requests(floor_server("good")) - before < 3)
            assert_int_equal(many_next(many, 10), -1);
        assert_int_equal(anycert_batch_cancel(many->batch, &many->requests[stuck]), 1);
        assert_int_equal(many_next(many, -1), stuck);
    }
    many_free(many);
    anycert_client_free(client);
}

static void each_has_its_own_error(void **state)
{
    struct row {
        const char *url;
        int code, status;
    } rows[] = {
        {floor_url("good", ""), 0, 200},
        {floor_url("expired", ""), ANYCERT_E_TRUST_DATES, 0},
        {floor_url("self-signed", ""), ANYCERT_E_TRUST_ISSUER, 0},
        {floor_url("good", "status/404"), 0, 404},
        {floor_url("good", "truncated"), ANYCERT_E_BODY_TRUNCATED, 200},
        {floor_url("good", "endless-redirect"), ANYCERT_E_REDIRECTS, 302},
        {dead_url(), ANYCERT_E_CONNECT, 0},
        {floor_url("http", "json"), 0, 200},
    };
    enum { ROWS = sizeof rows / sizeof rows[0] };
    struct anycert_client *client = floor_client(NULL);
    struct many *many = many_new(client, 16);

    (void)state;
    for (size_t i = 0; i < 20 * ROWS; i++)
        (void)many_get(many, rows[i % ROWS].url);
    many_finish(many);
    for (size_t i = 0; i < 20 * ROWS; i++) {
        const struct row *row = &rows[i % ROWS];
        const struct answer *answer = &many->answers[i];

        if (answer->code != row->code || answer->status != row->status)
            fail_msg("%s: expected %d and %d, got %d and %d: %s", row->url, row->code, row->status,
                     answer->code, answer->status, answer->message);
    }
    many_free(many);
    anycert_client_free(client);
}

static void answers_are_what_sending_gives(void **state)
{
    static const char *const paths[] = {"json",           "echo?a=b",    "gzip/10000",
                                        "chunked/100000", "status/204",  "redirect?to=%2Fjson",
                                        "set-cookie",     "headers/5000"};
    enum { PATHS = sizeof paths / sizeof paths[0] };
    struct anycert_client *client = floor_client(NULL);
    struct many *many = many_new(client, 8);

    (void)state;
    for (size_t i = 0; i < PATHS; i++)
        (void)many_add(many, get("good", paths[i]));
    many_finish(many);
    for (size_t i = 0; i < PATHS; i++) {
        struct anycert_response *one = floor_ok(client, get("good", paths[i]));
        const struct anycert_response *other = many->answers[i].response;
        size_t len = 0;
        size_t other_len = 0;
        const void *body = anycert_response_body(one, &len);

        assert_int_equal(many->answers[i].code, 0);
        assert_int_equal(anycert_response_status(other), anycert_response_status(one));
        assert_string_equal(anycert_response_url(other), anycert_response_url(one));
        assert_int_equal(anycert_response_hop_count(other), anycert_response_hop_count(one));
        assert_int_equal(anycert_response_header_count(other), anycert_response_header_count(one));
        (void)anycert_response_body(other, &other_len);
        assert_int_equal(other_len, len);
        if (i != 1) /* the echo numbers its connections */
            assert_memory_equal(anycert_response_body(other, NULL), body, len);
        anycert_response_free(one);
    }
    many_free(many);
    anycert_client_free(client);
}

static void calls_are_checked(void **state)
{
    struct anycert_error err = {0};
    struct anycert_client *client = floor_client(NULL);
    struct anycert_batch *batch = anycert_batch_new(client, 4, &err);
    struct anycert_request *requests[3] = {get("good", "json"), get("good", "status/404"),
                                           get("good", "bytes/10")};
    static int codes[3] = {0, ANYCERT_E_HTTP_STATUS, ANYCERT_E_BODY_JSON};
    struct anycert_batch_result result;
    size_t count = 0;

    (void)state;
    assert_non_null(batch);
    for (size_t i = 0; i < 3; i++) {
        assert_int_equal(anycert_request_set_resp_type(requests[i], ANYCERT_RESP_JSON, &err), 0);
        assert_int_equal(anycert_request_set_metrics(requests[i], 1, &err), 0);
        assert_int_equal(anycert_batch_add_call(batch, requests[i], &codes[i], &err), 0);
    }
    for (; anycert_batch_next(batch, -1, &result, &err) == 1; count++) {
        assert_int_equal(result.error.code, *(const int *)result.tag);
        assert_non_null(result.response);
        anycert_response_free(result.response);
    }
    assert_int_equal(count, 3);
    assert_int_equal(anycert_client_metric(client, ANYCERT_METRIC_GENERAL_ERROR), 1);
    for (size_t i = 0; i < 3; i++)
        anycert_request_free(requests[i]);
    anycert_batch_free(batch);
    anycert_client_free(client);
}

static void bodies_arrive_whole(void **state)
{
    struct anycert_error err = {0};
    struct anycert_client *client = floor_client(NULL);
    struct many *many = many_new(client, 8);
    char *text = malloc(400001);

    (void)state;
    assert_non_null(text);
    assert_non_null(floor_folder());
    memset(text, 'x', 400000);
    text[400000] = '\0';
    for (size_t i = 0; i < 40; i++) {
        struct anycert_request *request = floor_request("PUT", floor_url("good", "echo"));

        if (i % 2) {
            char name[32];

            snprintf(name, sizeof name, "body%zu", i);
            text[i * 10000] = '\0';
            floor_write(floor_path(name), text);
            text[i * 10000] = 'x';
            assert_int_equal(anycert_request_set_body_file(request, floor_path(name), &err), 0);
        } else {
            assert_int_equal(anycert_request_set_body(request, text, i * 10000, &err), 0);
        }
        (void)many_add(many, request);
    }
    many_finish(many);
    for (size_t i = 0; i < 40; i++) {
        if (many->answers[i].code != 0)
            fail_msg("%s", many->answers[i].message);
        assert_int_equal(floor_echo_number(many->answers[i].response, "/body/length"), i * 10000);
    }
    many_free(many);
    free(text);
    for (size_t i = 1; i < 40; i += 2) {
        char name[32];

        snprintf(name, sizeof name, "body%zu", i);
        assert_int_equal(remove(floor_path(name)), 0);
    }
    floor_remove_folder(0);
    anycert_client_free(client);
}

/* ---- giving up */

static void cancelled_requests_leave_no_file(void **state)
{
    struct anycert_error err = {0};
    struct anycert_client *client = floor_client(NULL);
    struct many *many = many_new(client, 6);
    uint64_t before = lab_server_requests(floor_server("good"));

    (void)state;
    assert_non_null(floor_folder());
    for (size_t i = 0; i < 8; i++) {
        struct anycert_request *request = get("good", "stall");
        char name[16];

        snprintf(name, sizeof name, "out%zu", i);
        assert_int_equal(anycert_request_set_output_file(request, floor_path(name), &err), 0);
        (void)many_add(many, request);
    }
    while (lab_server_requests(floor_server("good")) - before < 6)
        assert_int_equal(many_next(many, 10), -1);
    for (size_t i = 0; i < 4; i++) /* under way */
        assert_int_equal(anycert_batch_cancel(many->batch, &many->requests[i]), 1);
    assert_int_equal(anycert_batch_cancel(many->batch, &many->requests[7]), 1); /* not begun */
    assert_int_equal(anycert_batch_cancel(many->batch, &many->requests[7]), 0); /* again */
    assert_int_equal(anycert_batch_cancel(many->batch, NULL), 0);               /* unknown */
    for (size_t i = 0; i < 5; i++) {
        long number = many_next(many, -1);

        assert_true(number >= 0);
        assert_int_equal(many->answers[number].code, ANYCERT_E_INTERRUPTED);
        assert_null(many->answers[number].response);
    }
    many_free(many); /* with the rest under way */
    floor_remove_folder(0);
    anycert_client_free(client);
}

static void finished_files_stay(void **state)
{
    struct anycert_error err = {0};
    struct anycert_client *client = floor_client(NULL);
    struct many *many = many_new(client, 6);

    (void)state;
    assert_non_null(floor_folder());
    for (size_t i = 0; i < 20; i++) {
        struct anycert_request *request = get("good", i % 2 ? "truncated" : "bytes/5000");
        char name[16];

        snprintf(name, sizeof name, "out%zu", i);
        assert_int_equal(anycert_request_set_output_file(request, floor_path(name), &err), 0);
        (void)many_add(many, request);
    }
    many_finish(many);
    for (size_t i = 0; i < 20; i += 2) {
        char name[16];

        assert_int_equal(many->answers[i].code, 0);
        snprintf(name, sizeof name, "out%zu", i);
        assert_int_equal(strlen(floor_read(floor_path(name))), 5000);
        assert_int_equal(remove(floor_path(name)), 0);
    }
    floor_remove_folder(0);
    many_free(many);
    anycert_client_free(client);
}

static void cancelling_hurts_nobody_else(void **state)
{
    struct anycert_client *client = floor_client(NULL);
    struct many *many = many_new(client, 8);

    (void)state;
    for (size_t i = 0; i < 200; i++)
        (void)many_add(many, get("good", i % 4 == 1 ? "stall" : "bytes/20000"));
    for (size_t i = 0; i < 200; i++) {
        long number = -1;

        /* Those that are in the way of all others, as soon as they are. */
        while ((number = many_next(many, 5)) < 0) {
            for (size_t k = 1; k < 200; k += 4)
                (void)anycert_batch_cancel(many->batch, &many->requests[k]);
        }
        assert_int_equal(many->answers[number].code, number % 4 == 1 ? ANYCERT_E_INTERRUPTED : 0);
        if (number % 4 != 1)
            assert_int_equal(anycert_response_body_size(many->answers[number].response), 20000);
    }
    many_free(many);
    anycert_client_free(client);
}

/* ---- limits */

static struct anycert_client *limited(uint32_t connect_ms, uint32_t total_ms, uint32_t stall_ms)
{
    struct anycert_error err = {0};
    struct anycert_config *config = floor_config(NULL);

    assert_int_equal(anycert_config_set_timeouts(config, connect_ms, total_ms, stall_ms, &err), 0);
    return floor_client_of(config);
}

static void limits_hold_for_each(void **state)
{
    static const struct {
        const char *name, *path;
        uint32_t connect_ms, total_ms, stall_ms;
        int code;
        const char *says;
    } rows[] = {
        {"silent", "", 200, 0, 0, ANYCERT_E_TIMEOUT_CONNECT, "within 200 ms"},
        {"silent", "", 0, 200, 0, ANYCERT_E_TIMEOUT_TOTAL, "within the 200 ms of the request"},
        {"good", "stall", 0, 200, 0, ANYCERT_E_TIMEOUT_TOTAL, "within the 200 ms of the request"},
        {"good", "stall", 0, 0, 200, ANYCERT_E_TIMEOUT_STALL, "nothing came"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct anycert_client *client =
            limited(rows[i].connect_ms, rows[i].total_ms, rows[i].stall_ms);
        struct many *many = many_new(client, 10);

        for (size_t k = 0; k < 10; k++)
            (void)many_add(many, get(rows[i].name, rows[i].path));
        many_finish(many);
        for (size_t k = 0; k < 10; k++) {
            assert_int_equal(many->answers[k].code, rows[i].code);
            assert_non_null(strstr(many->answers[k].message, rows[i].says));
        }
        many_free(many);
        anycert_client_free(client);
    }
}

static void impossible_batches_are_refused(void **state)
{
    struct anycert_client *client = floor_client(NULL);
    struct anycert_error err = {0};

    (void)state;
    assert_null(anycert_batch_new(client, 0, &err));
    assert_int_equal(err.code, ANYCERT_E_USAGE);
    memset(&err, 0, sizeof err);
    assert_null(anycert_batch_new(client, 10001, &err));
    assert_int_equal(err.code, ANYCERT_E_USAGE);
    anycert_batch_free(NULL);
    anycert_client_free(client);
}

static void empty_batch_has_no_result(void **state)
{
    struct anycert_client *client = floor_client(NULL);
    struct many *many = many_new(client, 1);

    (void)state;
    assert_int_equal(many_next(many, -1), -1);
    assert_int_equal(anycert_batch_timeout_ms(many->batch), -1);
    assert_int_equal(anycert_batch_cancel_all(many->batch), 0);
    many_free(many);
    anycert_client_free(client);
}

/* ---- beside other things */

static void another_event_loop_drives_it(void **state)
{
    struct anycert_client *client = floor_client(NULL);
    struct many *many = many_new(client, 8);

    (void)state;
    for (size_t i = 0; i < 100; i++)
        (void)many_add(many, get(i % 10 ? "good" : "http", "bytes/3000"));
    while (many->ended < 100) {
        struct pollfd fd = {.fd = anycert_batch_fd(many->batch), .events = POLLIN};
        int64_t timeout = anycert_batch_timeout_ms(many->batch);

        assert_in_range(timeout + 1, 0, 60000);
        assert_true(poll(&fd, 1, (int)timeout) >= 0);
        while (many_next(many, 0) >= 0)
            ;
    }
    for (size_t i = 0; i < 100; i++)
        assert_int_equal(many->answers[i].code, 0);
    many_free(many);
    anycert_client_free(client);
}

/* An event loop is told once. (An answer that is there at once leaves a connection unwatched.) */
static void the_end_of_an_idle_connection_is_noted(void **state)
{
    static const char *const names[] = {"http"};
    struct anycert_error err = {0};
    struct anycert_client *client = floor_client(NULL);
    struct many *many = many_new(client, 2);
    struct pollfd fd = {.events = POLLIN};
    struct lab *lab = NULL;
    char url[100];

    (void)state;
    assert_int_equal(lab_start(names, 1, &lab, &err), 0);
    (void)snprintf(url, sizeof url, "%sslow/300", lab_server_url(lab_server_at(lab, 0)));
    (void)many_add(many, floor_request("GET", url));
    many_finish(many);
    assert_int_equal(many->answers[0].status, 200);
    lab_stop(lab);
    fd.fd = anycert_batch_fd(many->batch);
    assert_int_equal(poll(&fd, 1, 30000), 1);
    assert_int_equal(many_next(many, 0), -1);
    assert_int_equal(poll(&fd, 1, 0), 0);
    many_free(many);
    anycert_client_free(client);
}

/* Secrets that are withheld from a server cost one connection that is given up, not one for each
 * request. */
static void withheld_secrets_cost_no_connection_each(void **state)
{
    struct anycert_error err = {0};
    struct anycert_config *config = floor_config("hardened+self-signed");
    struct anycert_client *client = NULL;
    struct many *many = NULL;
    uint64_t before = lab_server_connections(floor_server("self-signed"));

    (void)state;
    assert_int_equal(anycert_config_set_secret_guard(config, ANYCERT_SECRETS_WITHHOLD, &err), 0);
    client = floor_client_of(config);
    many = many_new(client, 4);
    for (size_t i = 0; i < 60; i++) {
        struct anycert_request *request = get("self-signed", "echo");

        assert_int_equal(anycert_request_set_basic_auth(request, "a", "secret", &err), 0);
        (void)many_add(many, request);
    }
    many_finish(many);
    for (size_t i = 0; i < 60; i++) {
        assert_int_equal(many->answers[i].code, 0);
        assert_int_equal(anycert_response_hop_withheld(many->answers[i].response, 0), 1);
        assert_null(floor_echo_header(many->answers[i].response, "Authorization", 0));
    }
    assert_in_range(lab_server_connections(floor_server("self-signed")) - before, 2, 20);
    many_free(many);
    anycert_client_free(client);
}

static void batches_and_sends_of_one_client(void **state)
{
    struct anycert_client *client = floor_client(NULL);
    struct many *first = many_new(client, 4);
    struct many *second = many_new(client, 4);

    (void)state;
    for (size_t i = 0; i < 40; i++) {
        (void)many_add(first, get("good", "json"));
        (void)many_add(second, get("good-ec", "json"));
        (void)many_next(first, 0);
        (void)many_next(second, 0);
        anycert_response_free(floor_ok(client, get("good", "")));
    }
    many_finish(second);
    many_finish(first);
    for (size_t i = 0; i < 40; i++) {
        assert_int_equal(first->answers[i].code, 0);
        assert_int_equal(second->answers[i].code, 0);
    }
    many_free(first);
    many_free(second);
    anycert_client_free(client);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(none_is_lost_and_none_doubled),
        cmocka_unit_test(no_more_connections_than_requests_at_once),
        cmocka_unit_test(results_come_as_they_are_ready),
        cmocka_unit_test(limit_holds_back_the_rest),
        cmocka_unit_test(nobody_waits_for_an_answer_that_does_not_come),
        cmocka_unit_test(each_has_its_own_error),
        cmocka_unit_test(answers_are_what_sending_gives),
        cmocka_unit_test(calls_are_checked),
        cmocka_unit_test(bodies_arrive_whole),
        cmocka_unit_test(cancelled_requests_leave_no_file),
        cmocka_unit_test(finished_files_stay),
        cmocka_unit_test(cancelling_hurts_nobody_else),
        cmocka_unit_test(limits_hold_for_each),
        cmocka_unit_test(impossible_batches_are_refused),
        cmocka_unit_test(empty_batch_has_no_result),
        cmocka_unit_test(another_event_loop_drives_it),
        cmocka_unit_test(the_end_of_an_idle_connection_is_noted),
        cmocka_unit_test(withheld_secrets_cost_no_connection_each),
        cmocka_unit_test(batches_and_sends_of_one_client),
    };

    return cmocka_run_group_tests(tests, floor_setup, floor_teardown);
}
