#define _GNU_SOURCE /* strcasestr */
/* Bodies that wait for leave to go on, servers that refuse to be asked, answers that come while a
 * body is being sent; and limits of one request. */
#include "client/floor.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#define COUNT(a) (sizeof(a) / sizeof(a)[0])
#define MIB      ((size_t)1024 * 1024)

static struct anycert_client *expecting(uint32_t wait_ms)
{
    struct anycert_config *config = floor_config(NULL);

    assert_int_equal(anycert_config_set_expect_continue(config, wait_ms, NULL), 0);
    return floor_client_of(config);
}

/* ---- bodies of every kind */

struct source {
    size_t size, at;
    unsigned rewinds;
};

static int64_t on_read(void *arg, void *out, size_t room)
{
    struct source *source = arg;
    size_t n = source->size - source->at < room ? source->size - source->at : room;

    memset(out, 'x', n);
    source->at += n;
    return (int64_t)n;
}

static int on_rewind(void *arg)
{
    struct source *source = arg;

    source->at = 0;
    source->rewinds++;
    return 0;
}

enum kind { BYTES, A_FILE, SOURCE, UNKNOWN, FORM };

static void set_body(struct anycert_request *request, enum kind kind, size_t size,
                     struct source *source)
{
    struct anycert_error err = {0};
    char *bytes = calloc(1, size + 1);
    int result = -1;

    assert_non_null(bytes);
    memset(bytes, 'x', size);
    memset(source, 0, sizeof *source);
    source->size = size;
    switch (kind) {
    case BYTES:
        result = anycert_request_set_body(request, bytes, size, &err);
        break;
    case A_FILE:
        floor_write(floor_path("body"), bytes);
        result = anycert_request_set_body_file(request, floor_path("body"), &err);
        break;
    case SOURCE:
        result = anycert_request_set_body_source(request, on_read, on_rewind, (int64_t)size, source,
                                                 &err);
        break;
    case UNKNOWN:
        result = anycert_request_set_body_source(request, on_read, on_rewind, -1, source, &err);
        break;
    case FORM:
        result = anycert_request_add_part(request, "field", bytes, size, NULL, NULL, &err);
        break;
    }
    if (result < 0)
        fail_msg("%s", err.message);
    free(bytes);
}

static const struct {
    const char *name;
    enum kind kind;
    size_t size;
    uint32_t wait_ms;
    bool announced;
} rows[] = {
    {"small bytes", BYTES, 10, 0, false},
    {"large bytes", BYTES, 2 * MIB, 0, true},
    {"a small file", A_FILE, 10, 0, false},
    {"a large file", A_FILE, 2 * MIB, 0, true},
    {"a small source", SOURCE, 10, 0, false},
    {"a large source", SOURCE, 2 * MIB, 0, true},
    {"a source of unknown size", UNKNOWN, 10, 0, true},
    {"a small form", FORM, 10, 0, false},
    {"a large form", FORM, 2 * MIB, 0, true},
    {"small bytes that wait", BYTES, 10, 5000, true},
    {"a small file that waits", A_FILE, 10, 5000, true},
    {"a small form that waits", FORM, 10, 5000, true},
    {"no bytes", BYTES, 0, 5000, false},
    {"large bytes that do not wait", BYTES, 2 * MIB, UINT32_MAX, false},
    {"an unknown source that does not wait", UNKNOWN, 2 * MIB, UINT32_MAX, false},
    {"a large file that does not wait", A_FILE, 2 * MIB, UINT32_MAX, false},
};

static void bodies_are_announced_by_size_or_as_told(void **state)
{
    (void)state;
    floor_folder();
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct anycert_client *client = expecting(rows[i].wait_ms);
        struct anycert_request *request = floor_request("POST", floor_url("good", "echo"));
        struct anycert_response *response = NULL;
        const char *expect = NULL;
        struct source source;

        set_body(request, rows[i].kind, rows[i].size, &source);
        response = floor_ok(client, request);
        expect = floor_echo_header(response, "Expect", 0);
        if ((expect != NULL) != rows[i].announced)
            fail_msg("%s: %s", rows[i].name, expect ? expect : "not announced");
        if (rows[i].kind != FORM)
            assert_int_equal(floor_echo_number(response, "/body/length"), rows[i].size);
        anycert_response_free(response);
        anycert_client_free(client);
    }
    (void)unlink(floor_path("body"));
    floor_remove_folder(0);
}

static void own_expect_header_goes_before(void **state)
{
    struct anycert_client *client = expecting(0);
    struct anycert_request *request = floor_request("POST", floor_url("good", "echo"));
    struct anycert_response *response = NULL;
    struct source source;

    (void)state;
    set_body(request, BYTES, 10, &source);
    floor_header(request, "expect", "100-continue");
    response = floor_ok(client, request);
    assert_string_equal(floor_echo_header(response, "Expect", 0), "100-continue");
    assert_null(floor_echo_header(response, "Expect", 1));
    anycert_response_free(response);
    request = floor_request("POST", floor_url("good", "echo"));
    set_body(request, BYTES, 2 * MIB, &source);
    assert_int_equal(anycert_request_add_header(request, "Expect", NULL, NULL), 0);
    response = floor_ok(client, request);
    assert_null(floor_echo_header(response, "Expect", 0));
    anycert_response_free(response);
    anycert_client_free(client);
}

/* ---- servers that refuse to be asked */

static void answer_417(struct canned *canned)
{
    canned_text(canned, CANNED_CLOSE,
                "HTTP/1.1 417 Expectation Failed\r\nContent-Length: 2\r\n\r\nno");
}

static bool was_announced(struct canned *canned, unsigned nth)
{
    char *text = canned_request(canned, nth, NULL);
    bool found = text && strcasestr(text, "\r\nExpect:");

    assert_non_null(text);
    free(text);
    return found;
}

static void refused_expectation_is_taken_back(void **state)
{
    static const enum kind kinds[] = {BYTES, A_FILE, SOURCE, UNKNOWN, FORM};

    (void)state;
    floor_folder();
    for (size_t i = 0; i < 2 * COUNT(kinds); i++) {
        struct canned *canned = canned_start(false);
        struct anycert_client *client = expecting(i % 2 ? 5000 : 0);
        struct anycert_request *request = floor_request("POST", canned_origin(canned));
        struct anycert_response *response = NULL;
        struct source source;

        canned_answer_early(canned);
        answer_417(canned);
        canned_text(canned, CANNED_CLOSE, "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nyes");
        set_body(request, kinds[i / 2], i % 2 ? 10 : 2 * MIB, &source);
        response = floor_ok(client, request);
        assert_int_equal(anycert_response_status(response), 200);
        assert_string_equal(anycert_response_body(response, NULL), "yes");
        assert_int_equal(anycert_response_hop_count(response), 2);
        assert_int_equal(anycert_response_hop_status(response, 0), 417);
        assert_int_equal(canned_requests(canned), 2);
        assert_true(was_announced(canned, 0));
        assert_false(was_announced(canned, 1));
        anycert_response_free(response);
        anycert_client_free(client);
        canned_stop(canned);
    }
    (void)unlink(floor_path("body"));
    floor_remove_folder(0);
}

static void own_expectation_is_taken_back_too(void **state)
{
    struct canned *canned = canned_start(false);
    struct anycert_client *client = expecting(UINT32_MAX);
    struct anycert_request *request = floor_request("POST", canned_origin(canned));
    struct source source;

    (void)state;
    canned_answer_early(canned);
    answer_417(canned);
    canned_text(canned, CANNED_CLOSE, "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nyes");
    set_body(request, BYTES, 10, &source);
    floor_header(request, "Expect", "100-continue");
    anycert_response_free(floor_ok(client, request));
    assert_false(was_announced(canned, 1));
    anycert_client_free(client);
    canned_stop(canned);
}

/* Whoever answers so always is not asked for ever. */
static void refusal_that_stays_is_the_answer(void **state)
{
    struct canned *canned = canned_start(false);
    struct anycert_client *client = expecting(5000);
    struct anycert_request *request = floor_request("POST", canned_origin(canned));
    struct anycert_response *response = NULL;
    struct source source;

    (void)state;
    canned_answer_early(canned);
    answer_417(canned);
    set_body(request, BYTES, 10, &source);
    response = floor_ok(client, request);
    assert_int_equal(anycert_response_status(response), 417);
    assert_int_equal(canned_requests(canned), 2);
    anycert_response_free(response);
    response = floor_ok(client, floor_request("GET", canned_origin(canned)));
    assert_int_equal(anycert_response_status(response), 417);
    assert_int_equal(canned_requests(canned), 3);
    anycert_response_free(response);
    anycert_client_free(client);
    canned_stop(canned);
}

/* ---- answers that come early */

static void early_answers_are_the_answer(void **state)
{
    static const struct {
        bool tls;
        enum canned_end end;
        uint32_t wait_ms;
        enum kind kind;
    } ways[] = {
        {false, CANNED_CLOSE, UINT32_MAX, SOURCE}, {true, CANNED_CLOSE, UINT32_MAX, SOURCE},
        {false, CANNED_HOLD, UINT32_MAX, UNKNOWN}, {true, CANNED_HOLD, UINT32_MAX, UNKNOWN},
        {false, CANNED_CLOSE, UINT32_MAX, BYTES},  {true, CANNED_HOLD, UINT32_MAX, BYTES},
        {false, CANNED_CLOSE, 5000, SOURCE},       {true, CANNED_CLOSE, 5000, BYTES},
        {false, CANNED_CLOSE, 0, UNKNOWN},
    };
    static const int statuses[] = {401, 413};

    (void)state;
    for (size_t i = 0; i < COUNT(statuses) * COUNT(ways); i++) {
        size_t way = i / COUNT(statuses);
        struct canned *canned = canned_start(ways[way].tls);
        struct anycert_config *config = floor_config("trust-any");
        struct anycert_client *client = NULL;
        struct anycert_request *request = floor_request("POST", canned_origin(canned));
        struct anycert_response *response = NULL;
        struct source source;

        assert_int_equal(anycert_config_set_expect_continue(config, ways[way].wait_ms, NULL), 0);
        client = floor_client_of(config);
        canned_answer_early(canned);
        canned_text(canned, ways[way].end, "HTTP/1.1 %d Refused\r\nContent-Length: 3\r\n\r\nno!",
                    statuses[i % COUNT(statuses)]);
        set_body(request, ways[way].kind, ways[way].kind == BYTES ? 8 * MIB : 64 * MIB, &source);
        response = floor_ok(client, request);
        assert_int_equal(anycert_response_status(response), statuses[i % COUNT(statuses)]);
        assert_string_equal(anycert_response_body(response, NULL), "no!");
        assert_int_equal(anycert_response_hop_count(response), 1);
        if (ways[way].wait_ms != UINT32_MAX)
            assert_int_equal(source.at, 0); /* nothing of the body was sent for nothing */
        else if (ways[way].kind != BYTES)
            assert_true(source.at < source.size);
        anycert_response_free(response);
        /* The connection with the rest of the body still to come is not used again. */
        response = floor_ok(client, floor_request("GET", canned_origin(canned)));
        assert_int_equal(anycert_response_hop_reused(response, 0), 0);
        anycert_response_free(response);
        anycert_client_free(client);
        canned_stop(canned);
    }
}

/* ---- limits of one request */

static struct anycert_client *limited(uint32_t connect_ms, uint32_t total_ms, uint32_t stall_ms)
{
    struct anycert_config *config = floor_config(NULL);

    assert_int_equal(anycert_config_set_timeouts(config, connect_ms, total_ms, stall_ms, NULL), 0);
    return floor_client_of(config);
}

static struct anycert_request *within(const char *url, uint32_t connect_ms, uint32_t total_ms,
                                      uint32_t stall_ms)
{
    struct anycert_request *request = floor_request("GET", url);

    assert_int_equal(anycert_request_set_timeouts(request, connect_ms, total_ms, stall_ms, NULL),
                     0);
    return request;
}

static void limits_of_a_request_are_its_own(void **state)
{
    struct anycert_client *client = limited(0, 0, 0);

    (void)state;
    floor_fails(client, within(floor_url("silent", ""), 250, 0, 0), ANYCERT_E_TIMEOUT_CONNECT,
                NULL);
    assert_non_null(strstr(floor_message(), "250 ms"));
    floor_fails(client, within(floor_url("good", "slow/20000"), 0, 350, 0), ANYCERT_E_TIMEOUT_TOTAL,
                NULL);
    assert_non_null(strstr(floor_message(), "350 ms"));
    /* Over a connection that was there, which keeps nothing of it. */
    anycert_response_free(floor_ok(client, within(floor_url("good", ""), 0, 0, 1000)));
    floor_fails(client, within(floor_url("good", "slow/20000"), 0, 0, 1000),
                ANYCERT_E_TIMEOUT_STALL, NULL);
    assert_non_null(strstr(floor_message(), "1000 ms"));
    anycert_response_free(floor_ok(client, within(floor_url("good", ""), 500, 500, 1000)));
    anycert_response_free(floor_ok(client, floor_request("GET", floor_url("good", "slow/1500"))));
    anycert_client_free(client);
}

static void limits_of_the_client_can_be_lifted_and_stay(void **state)
{
    struct anycert_client *client = limited(20000, 300, 1000);
    struct anycert_response *response = NULL;

    (void)state;
    response = floor_ok(client, within(floor_url("good", "slow/600"), 0, UINT32_MAX, UINT32_MAX));
    anycert_response_free(response);
    floor_fails(client, floor_request("GET", floor_url("good", "slow/20000")),
                ANYCERT_E_TIMEOUT_TOTAL, NULL);
    anycert_client_free(client);
    client = limited(250, 0, 0);
    floor_fails(client, within(floor_url("silent", ""), UINT32_MAX, 600, 0),
                ANYCERT_E_TIMEOUT_TOTAL, NULL);
    floor_fails(client, within(floor_url("silent", ""), 0, 20000, 0), ANYCERT_E_TIMEOUT_CONNECT,
                NULL);
    anycert_client_free(client);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bodies_are_announced_by_size_or_as_told),
        cmocka_unit_test(own_expect_header_goes_before),
        cmocka_unit_test(refused_expectation_is_taken_back),
        cmocka_unit_test(own_expectation_is_taken_back_too),
        cmocka_unit_test(refusal_that_stays_is_the_answer),
        cmocka_unit_test(early_answers_are_the_answer),
        cmocka_unit_test(limits_of_a_request_are_its_own),
        cmocka_unit_test(limits_of_the_client_can_be_lifted_and_stay),
    };

    return cmocka_run_group_tests(tests, floor_setup, floor_teardown);
}
