/* Streams: answers that are read piece by piece. */
#include "client/floor.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#define COUNT(a) (sizeof(a) / sizeof(a)[0])

static struct anycert_client *client;

static int setup(void **state)
{
    if (floor_setup(state) < 0)
        return -1;
    client = floor_client(NULL);
    return 0;
}

static int teardown(void **state)
{
    anycert_client_free(client);
    return floor_teardown(state);
}

/* A request and its stream. */
struct open {
    struct anycert_request *request;
    struct anycert_stream *stream;
    struct anycert_response *response;
    struct anycert_error err;
};

static struct open *opened(struct open *open, const char *method, const char *url)
{
    memset(open, 0, sizeof *open);
    open->request = floor_request(method, url);
    if (anycert_client_open(client, open->request, &open->stream, &open->response, &open->err) < 0)
        assert_null(open->stream);
    else
        assert_non_null(open->response);
    return open;
}

static void closed(struct open *open)
{
    anycert_stream_close(open->stream);
    anycert_response_free(open->response);
    anycert_request_free(open->request);
}

/* Reads to the end in pieces of so many bytes. How many there were, or -1. */
static int64_t drain(struct open *open, size_t size, char *text, size_t room)
{
    static char piece[200000];
    int64_t total = 0;
    int64_t count = 0;

    while ((count = anycert_stream_read(open->stream, piece, size, &open->err)) > 0) {
        assert_true((size_t)count <= size);
        if (text && (size_t)total + (size_t)count < room)
            memcpy(text + total, piece, (size_t)count);
        total += count;
    }
    if (text && (size_t)total < room)
        text[total] = '\0';
    return count < 0 ? -1 : total;
}

static void stream_gives_whole_bodies(void **state)
{
    static const struct {
        const char *name, *server, *path;
        size_t piece;
        int64_t size;
    } rows[] = {
        {"with a length", "good", "bytes/100000", 4096, 100000},
        {"byte by byte", "good", "bytes/300", 1, 300},
        {"in chunks", "good", "chunked/70000", 1000, 70000},
        {"compressed", "good", "gzip/300000", 200000, 300000},
        {"larger than what is taken in advance", "good", "bytes/20000000", 100000, 20000000},
        {"without TLS", "http", "bytes/5000000", 65536, 5000000},
        {"until the end of the connection", "good", "close-delimited", 100, -2},
        {"empty", "good", "bytes/0", 100, 0},
        {"none", "good", "status/204", 100, 0},
    };
    struct open open;

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        int64_t size = 0;

        print_message("%s\n", rows[i].name);
        opened(&open, "GET", floor_url(rows[i].server, rows[i].path));
        assert_non_null(open.stream);
        size = drain(&open, rows[i].piece, NULL, 0);
        if (rows[i].size == -2)
            assert_true(size > 0);
        else
            assert_int_equal(size, rows[i].size);
        /* and stays at the end */
        assert_int_equal(anycert_stream_read(open.stream, &size, 1, NULL), 0);
        closed(&open);
    }
}

static void stream_knows_its_answer_before_its_body(void **state)
{
    struct open open;
    char text[64];

    (void)state;
    opened(&open, "GET", floor_url("good", "stall"));
    assert_non_null(open.stream);
    assert_int_equal(anycert_response_status(open.response), 200);
    assert_string_equal(anycert_response_reason(open.response), "OK");
    assert_string_equal(anycert_response_http_version(open.response), "1.1");
    assert_non_null(anycert_response_header(open.response, "Content-Length", 0));
    assert_non_null(anycert_response_report(open.response));
    assert_int_equal(anycert_report_verdict(anycert_response_report(open.response)), ANYCERT_PASS);
    assert_true(anycert_stream_read(open.stream, text, sizeof text, NULL) > 0);
    closed(&open);
}

static void stream_follows_redirects_and_tries_again(void **state)
{
    struct anycert_retry *retry = anycert_retry_new(NULL);
    static const int statuses[] = {503};
    struct open open;
    char text[4096];
    const char *name = NULL;
    const char *value = NULL;

    (void)state;
    opened(&open, "GET", floor_url("good", floor_redirect(302, "/mirror")));
    assert_non_null(open.stream);
    assert_int_equal(anycert_response_hop_count(open.response), 2);
    assert_int_equal(anycert_response_hop_status(open.response, 0), 302);
    assert_int_equal(anycert_response_hop_header_at(open.response, 0, 0, &name, &value), 0);
    assert_non_null(anycert_response_hop_report(open.response, 0));
    assert_int_equal(drain(&open, 100, text, sizeof text), 0);
    closed(&open);

    memset(&open, 0, sizeof open);
    open.request = floor_request("GET", floor_url("good", "status/503"));
    assert_int_equal(anycert_retry_set_count(retry, 2, NULL), 0);
    assert_int_equal(anycert_retry_set_backoff(retry, 1, 0, 1, NULL), 0);
    assert_int_equal(anycert_retry_set_statuses(retry, statuses, 1, NULL), 0);
    assert_int_equal(anycert_retry_set_raise_on_status(retry, 1, NULL), 0);
    assert_int_equal(anycert_request_set_retry(open.request, retry, NULL), 0);
    assert_int_equal(
        anycert_client_open(client, open.request, &open.stream, &open.response, &open.err), 0);
    /* The header of the last try was there before it was known that none follows. */
    assert_int_equal(anycert_response_status(open.response), 503);
    closed(&open);
    anycert_retry_free(retry);
}

static void stream_tells_what_went_wrong(void **state)
{
    struct open open;
    char text[4096];

    (void)state;
    opened(&open, "GET", floor_url("self-signed", ""));
    assert_null(open.stream);
    assert_int_equal(open.err.code, ANYCERT_E_TRUST_ISSUER);
    assert_non_null(anycert_response_report(open.response));
    closed(&open);

    opened(&open, "GET", floor_url("good", "endless-redirect"));
    assert_null(open.stream);
    assert_int_equal(open.err.code, ANYCERT_E_REDIRECTS);
    closed(&open);

    opened(&open, "GET", floor_url("good", "truncated"));
    assert_non_null(open.stream);
    assert_int_equal(drain(&open, 3, text, sizeof text), -1);
    assert_int_equal(open.err.code, ANYCERT_E_BODY_TRUNCATED);
    memset(&open.err, 0, sizeof open.err);
    assert_int_equal(anycert_stream_read(open.stream, text, 1, &open.err), -1);
    assert_int_equal(open.err.code, ANYCERT_E_BODY_TRUNCATED);
    memset(&open.err, 0, sizeof open.err);
    assert_int_equal(anycert_stream_read(open.stream, text, 0, &open.err), -1);
    assert_int_equal(open.err.code, ANYCERT_E_USAGE);
    closed(&open);
}

static int64_t connection_of(void)
{
    struct open open;
    struct anycert_json *json = NULL;
    char text[8192];
    int64_t number = 0;
    int64_t size = 0;

    opened(&open, "GET", floor_url("good", "echo"));
    assert_non_null(open.stream);
    size = drain(&open, 8000, text, sizeof text);
    assert_true(size > 0);
    json = anycert_json_parse(text, (size_t)size, NULL);
    assert_non_null(json);
    assert_int_equal(
        anycert_json_int(anycert_json_get(anycert_json_root(json), "/connection"), &number), 0);
    anycert_json_free(json);
    closed(&open);
    return number;
}

static void stream_keeps_connections_of_bodies_that_were_read(void **state)
{
    struct open open;
    int64_t first = connection_of();
    int64_t second = connection_of();

    (void)state;
    assert_int_equal(first, second);
    /* What is given up early is closed, and nothing of it is ever taken for another answer. */
    opened(&open, "GET", floor_url("good", "bytes/50000000"));
    assert_non_null(open.stream);
    closed(&open);
    assert_int_not_equal(connection_of(), second);
}

static void streams_are_independent(void **state)
{
    struct open open[6];
    char piece[100];

    (void)state;
    for (size_t i = 0; i < COUNT(open); i++)
        assert_non_null(opened(&open[i], "GET", floor_url("good", "bytes/1000000"))->stream);
    for (size_t round = 0; round < 3; round++) {
        for (size_t i = 0; i < COUNT(open); i++) {
            int64_t count = anycert_stream_read(open[i].stream, piece, sizeof piece, NULL);

            assert_true(count > 0);
        }
    }
    closed(&open[2]);
    for (size_t i = 0; i < COUNT(open); i++) {
        if (i == 2)
            continue;
        assert_true(drain(&open[i], 100000, NULL, 0) > 0);
        closed(&open[i]);
    }
}

static int stop(void *arg, uint64_t received, uint64_t receive_total, uint64_t sent,
                uint64_t send_total)
{
    (void)receive_total;
    (void)sent;
    (void)send_total;
    return *(int *)arg && received > 0;
}

static void stream_ends_when_the_callback_says_so(void **state)
{
    struct open open = {0};
    char text[1000];
    int shall_stop = 0;

    (void)state;
    open.request = floor_request("GET", floor_url("good", "stall"));
    assert_int_equal(anycert_request_set_progress(open.request, stop, &shall_stop, NULL), 0);
    assert_int_equal(
        anycert_client_open(client, open.request, &open.stream, &open.response, &open.err), 0);
    shall_stop = 1;
    assert_int_equal(drain(&open, sizeof text, text, sizeof text), -1);
    assert_int_equal(open.err.code, ANYCERT_E_INTERRUPTED);
    closed(&open);
}

static void stream_whose_reader_takes_its_time_does_not_stall(void **state)
{
    static const struct timespec a_while = {.tv_nsec = 450 * 1000 * 1000};
    struct open open = {0};
    char text[1000];

    (void)state;
    open.request = floor_request("GET", floor_url("good", "bytes/3000000"));
    assert_int_equal(anycert_request_set_timeouts(open.request, 0, 0, 300, NULL), 0);
    assert_int_equal(
        anycert_client_open(client, open.request, &open.stream, &open.response, &open.err), 0);
    for (int i = 0; i < 3; i++) {
        assert_int_equal(anycert_stream_read(open.stream, text, sizeof text, &open.err),
                         sizeof text);
        assert_int_equal(nanosleep(&a_while, NULL), 0);
    }
    assert_int_equal(drain(&open, 100000, NULL, 0), 3000000 - 3 * (int)sizeof text);
    closed(&open);
}

static void stream_takes_no_other_receiver(void **state)
{
    struct open open = {0};

    (void)state;
    open.request = floor_request("GET", floor_url("good", ""));
    assert_int_equal(anycert_request_set_output_file(open.request, "/nowhere", NULL), 0);
    assert_int_equal(
        anycert_client_open(client, open.request, &open.stream, &open.response, &open.err), -1);
    assert_int_equal(open.err.code, ANYCERT_E_USAGE);
    assert_null(open.stream);
    assert_null(open.response);
    closed(&open);
    anycert_stream_close(NULL);
}

static void stream_of_the_parent_ends_in_a_child(void **state)
{
    struct open open;
    int status = 0;
    pid_t child = -1;

    (void)state;
    assert_non_null(opened(&open, "GET", floor_url("good", "bytes/30000000"))->stream);
    child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        int ended = drain(&open, 100000, NULL, 0) < 0 && open.err.code == ANYCERT_E_INTERRUPTED;

        _exit(ended ? 0 : 1);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    assert_int_equal(drain(&open, 100000, NULL, 0), 30000000);
    closed(&open);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(stream_gives_whole_bodies),
        cmocka_unit_test(stream_knows_its_answer_before_its_body),
        cmocka_unit_test(stream_follows_redirects_and_tries_again),
        cmocka_unit_test(stream_tells_what_went_wrong),
        cmocka_unit_test(stream_keeps_connections_of_bodies_that_were_read),
        cmocka_unit_test(streams_are_independent),
        cmocka_unit_test(stream_ends_when_the_callback_says_so),
        cmocka_unit_test(stream_whose_reader_takes_its_time_does_not_stall),
        cmocka_unit_test(stream_takes_no_other_receiver),
        cmocka_unit_test(stream_of_the_parent_ends_in_a_child),
    };

    return cmocka_run_group_tests(tests, setup, teardown);
}
