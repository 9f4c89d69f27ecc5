/* Streams that an event loop drives: nothing waits but poll(). */
#include "client/floor.h"
#include "client/virtual_time.h"

#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
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

/* A request, its stream, and what has come. */
struct open {
    struct anycert_request *request;
    struct anycert_stream *stream;
    struct anycert_response *response;
    struct anycert_error err;
    uint64_t received; /* by the library */
    int64_t size;      /* of what was read */
    bool has_ended;
};

static int note(void *arg, uint64_t received, uint64_t receive_total, uint64_t sent,
                uint64_t send_total)
{
    struct open *open = arg;

    (void)receive_total;
    (void)sent;
    (void)send_total;
    open->received = received;
    return 0;
}

static void begin(struct open *open, struct anycert_client *of, const char *url)
{
    memset(open, 0, sizeof *open);
    open->request = floor_request("GET", url);
    assert_int_equal(anycert_request_set_progress(open->request, note, open, NULL), 0);
    open->stream = anycert_stream_new(of, open->request, &open->err);
    assert_non_null(open->stream);
}

static void done(struct open *open)
{
    anycert_stream_close(open->stream);
    anycert_response_free(open->response);
    anycert_request_free(open->request);
}

/* As an event loop waits. */
static void await(struct open *open)
{
    while (!anycert_stream_ready(open->stream)) {
        struct pollfd wanted = {.fd = anycert_stream_fd(open->stream), .events = POLLIN};

        assert_true(wanted.fd >= 0);
        assert_true(poll(&wanted, 1, (int)anycert_stream_timeout_ms(open->stream)) >= 0);
    }
    assert_int_equal(anycert_stream_timeout_ms(open->stream), 0);
}

static int answer(struct open *open)
{
    return anycert_stream_answer(open->stream, &open->response, &open->err);
}

/* One piece of what is there. */
static void read_some(struct open *open, size_t size)
{
    static char piece[200000];
    int64_t count = anycert_stream_read(open->stream, piece, size, &open->err);

    open->has_ended = count <= 0;
    open->size += count > 0 ? count : 0;
}

static void drain(struct open *open, size_t size)
{
    while (!open->has_ended) {
        await(open);
        read_some(open, size);
    }
}

static void stream_without_waiting_gives_whole_bodies(void **state)
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
        {"empty", "good", "bytes/0", 100, 0},
        {"behind a redirect", "good", "redirect?to=/bytes/2000", 100, 2000},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct open open;

        print_message("%s\n", rows[i].name);
        begin(&open, client, floor_url(rows[i].server, rows[i].path));
        await(&open);
        assert_int_equal(answer(&open), 0);
        assert_int_equal(anycert_response_status(open.response), 200);
        drain(&open, rows[i].piece);
        assert_int_equal(open.err.code, 0);
        assert_int_equal(open.size, rows[i].size);
        assert_int_equal(anycert_stream_ready(open.stream), 1); /* to say so again */
        done(&open);
    }
}

/* What nobody reads stays with the server, however often it is asked whether there is something. */
static void stream_takes_little_more_than_is_read(void **state)
{
    struct open open;
    uint64_t most = 0;

    (void)state;
    begin(&open, client, floor_url("good", "bytes/50000000"));
    await(&open);
    assert_int_equal(answer(&open), 0);
    while (!open.has_ended) {
        await(&open);
        for (int i = 0; i < 3; i++)
            assert_int_equal(anycert_stream_ready(open.stream), 1);
        if (open.received > (uint64_t)open.size + most)
            most = open.received - (uint64_t)open.size;
        read_some(&open, 10000);
    }
    assert_int_equal(open.size, 50000000);
    assert_in_range(most, 1, 256 * 1024);
    done(&open);
}

/* Tells how many of the streams are at their end. */
static size_t turn(struct open *opens, size_t count)
{
    struct pollfd wanted[16];
    int64_t least = -1;
    size_t ended = 0;
    size_t ready = 0;

    for (size_t i = 0; i < count; i++) {
        int64_t limit = -1;

        wanted[i] = (struct pollfd){.fd = -1};
        ended += opens[i].has_ended;
        if (opens[i].has_ended)
            continue;
        if (anycert_stream_ready(opens[i].stream)) {
            ready++;
            if (!opens[i].response)
                assert_int_equal(answer(&opens[i]), 0);
            else
                read_some(&opens[i], 5000);
            continue;
        }
        wanted[i].fd = anycert_stream_fd(opens[i].stream);
        wanted[i].events = POLLIN;
        limit = anycert_stream_timeout_ms(opens[i].stream);
        least = limit >= 0 && (least < 0 || limit < least) ? limit : least;
    }
    if (ready == 0 && ended < count)
        assert_true(poll(wanted, count, (int)least) >= 0);
    return ended;
}

static void streams_and_a_batch_go_on_side_by_side(void **state)
{
    struct open opens[8];
    struct anycert_request *request = floor_request("GET", floor_url("good", "bytes/100"));
    struct anycert_batch *batch = anycert_batch_new(client, 4, NULL);
    struct anycert_batch_result result;
    int results = 0;

    (void)state;
    assert_non_null(batch);
    for (size_t i = 0; i < COUNT(opens); i++)
        begin(&opens[i], client, floor_url("good", i % 2 ? "bytes/1000000" : "chunked/70000"));
    for (int i = 0; i < 20; i++)
        assert_int_equal(anycert_batch_add(batch, request, NULL, NULL), 0);
    while (turn(opens, COUNT(opens)) < COUNT(opens) || anycert_batch_pending(batch) > 0) {
        while (anycert_batch_next(batch, 0, &result, NULL) == 1) {
            assert_int_equal(result.error.code, 0);
            assert_int_equal(anycert_response_body_size(result.response), 100);
            anycert_response_free(result.response);
            results++;
        }
    }
    assert_int_equal(results, 20);
    for (size_t i = 0; i < COUNT(opens); i++) {
        assert_int_equal(opens[i].size, i % 2 ? 1000000 : 70000);
        done(&opens[i]);
    }
    anycert_batch_free(batch);
    anycert_request_free(request);
}

static void stream_that_stands_still_is_not_waited_for(void **state)
{
    struct open open;

    (void)state;
    begin(&open, client, floor_url("silent", ""));
    assert_int_equal(anycert_stream_timeout_ms(open.stream), 0);
    for (int i = 0; i < 5; i++)
        assert_int_equal(anycert_stream_ready(open.stream), 0);
    done(&open); /* as closing does not */

    begin(&open, client, floor_url("good", "stall"));
    await(&open);
    assert_int_equal(answer(&open), 0);
    await(&open);
    do
        read_some(&open, 1000);
    while (anycert_stream_ready(open.stream));
    assert_true(open.size > 0);
    assert_false(open.has_ended);
    assert_int_not_equal(anycert_stream_timeout_ms(open.stream), 0);
    done(&open);
}

static void stream_without_waiting_keeps_its_limits(void **state)
{
    struct open open;

    (void)state;
    begin(&open, client, floor_url("silent", ""));
    anycert_stream_close(open.stream);
    assert_int_equal(anycert_request_set_timeouts(open.request, 30, 0, 0, NULL), 0);
    open.stream = anycert_stream_new(client, open.request, &open.err);
    await(&open);
    assert_int_equal(answer(&open), -1);
    assert_int_equal(open.err.code, ANYCERT_E_TIMEOUT_CONNECT);
    done(&open);
}

static void stream_without_waiting_tells_what_went_wrong(void **state)
{
    struct open open;
    char text[10];

    (void)state;
    begin(&open, client, floor_url("self-signed", ""));
    await(&open);
    assert_int_equal(answer(&open), -1);
    assert_int_equal(open.err.code, ANYCERT_E_TRUST_ISSUER);
    assert_non_null(anycert_response_report(open.response));
    memset(&open.err, 0, sizeof open.err);
    assert_int_equal(anycert_stream_read(open.stream, text, 1, &open.err), -1);
    assert_int_equal(open.err.code, ANYCERT_E_TRUST_ISSUER);
    done(&open);

    begin(&open, client, floor_url("good", "truncated"));
    assert_int_equal(anycert_stream_read(open.stream, text, 1, &open.err), -1);
    assert_int_equal(open.err.code, ANYCERT_E_USAGE); /* the answer comes first */
    assert_int_equal(answer(&open), 0);               /* this waits */
    drain(&open, 3);
    assert_int_equal(open.err.code, ANYCERT_E_BODY_TRUNCATED);
    assert_true(open.size > 0);
    anycert_response_free(open.response);
    memset(&open.err, 0, sizeof open.err);
    assert_int_equal(answer(&open), -1);
    assert_int_equal(open.err.code, ANYCERT_E_USAGE);
    assert_null(open.response);
    done(&open);
}

static void stream_between_two_tries_waits_by_its_clock(void **state)
{
    static const int statuses[] = {503};
    struct anycert_config *config = floor_config(NULL);
    struct virtual_time time = {.now_us = 1000000};
    struct anycert_retry *retry = anycert_retry_new(NULL);
    struct anycert_client *own = NULL;
    struct open open;

    (void)state;
    assert_int_equal(anycert_retry_set_count(retry, 2, NULL), 0);
    assert_int_equal(anycert_retry_set_backoff(retry, 3600000, 0, 3600000, NULL), 0);
    assert_int_equal(anycert_retry_set_statuses(retry, statuses, 1, NULL), 0);
    assert_int_equal(anycert_config_set_retry(config, retry, NULL), 0);
    virtual_time_set(config, &time);
    own = floor_client_of(config);
    begin(&open, own, floor_url("good", "status/503"));
    while (!anycert_stream_ready(open.stream) && anycert_stream_timeout_ms(open.stream) <= 60000) {
        struct pollfd wanted = {.fd = anycert_stream_fd(open.stream), .events = POLLIN};

        assert_true(poll(&wanted, 1, (int)anycert_stream_timeout_ms(open.stream)) >= 0);
    }
    assert_int_equal(anycert_stream_timeout_ms(open.stream), 3600000); /* before the second one */
    assert_int_equal(anycert_stream_ready(open.stream), 0);
    time.now_us += INT64_C(3600000000) - 500;
    assert_int_equal(anycert_stream_timeout_ms(open.stream), 1);
    assert_int_equal(anycert_stream_ready(open.stream), 0);
    time.now_us += 500;
    await(&open);
    assert_int_equal(answer(&open), 0);
    assert_int_equal(anycert_response_status(open.response), 503);
    assert_int_equal(time.sleeps, 0);
    done(&open);
    anycert_client_free(own);
    anycert_retry_free(retry);
}

static void stream_that_nobody_has_moved_has_sent_nothing(void **state)
{
    uint64_t before = lab_server_connections(floor_server("good-ec"));
    struct open open;

    (void)state;
    begin(&open, client, floor_url("good-ec", ""));
    done(&open);
    assert_int_equal(lab_server_connections(floor_server("good-ec")), before);
}

static void stream_of_an_event_loop_ends_in_a_child(void **state)
{
    struct open open;
    int status = 0;
    pid_t child = -1;

    (void)state;
    begin(&open, client, floor_url("good", "bytes/30000000"));
    await(&open);
    assert_int_equal(answer(&open), 0);
    child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        drain(&open, 100000);
        _exit(open.err.code == ANYCERT_E_INTERRUPTED ? 0 : 1);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    drain(&open, 100000);
    assert_int_equal(open.size, 30000000);
    done(&open);
}

static void stream_without_waiting_takes_no_other_receiver(void **state)
{
    struct anycert_request *request = floor_request("GET", floor_url("good", ""));
    struct anycert_error err = {0};

    (void)state;
    assert_int_equal(anycert_request_set_output_file(request, "/nowhere", NULL), 0);
    assert_null(anycert_stream_new(client, request, &err));
    assert_int_equal(err.code, ANYCERT_E_USAGE);
    anycert_request_free(request);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(stream_without_waiting_gives_whole_bodies),
        cmocka_unit_test(stream_takes_little_more_than_is_read),
        cmocka_unit_test(streams_and_a_batch_go_on_side_by_side),
        cmocka_unit_test(stream_that_stands_still_is_not_waited_for),
        cmocka_unit_test(stream_without_waiting_keeps_its_limits),
        cmocka_unit_test(stream_without_waiting_tells_what_went_wrong),
        cmocka_unit_test(stream_between_two_tries_waits_by_its_clock),
        cmocka_unit_test(stream_that_nobody_has_moved_has_sent_nothing),
        cmocka_unit_test(stream_of_an_event_loop_ends_in_a_child),
        cmocka_unit_test(stream_without_waiting_takes_no_other_receiver),
    };

    return cmocka_run_group_tests(tests, setup, teardown);
}
