/* Answers that never end, and answers that end too early: no way of making a request waits for the
 * one or believes the other. */
#include "client/ask.h"
#include "client/floor.h"
#include "client/places.h"
#include "client/sending.h"
#include "client/virtual_time.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define COUNT(a) (sizeof(a) / sizeof(a)[0])
#define HEAD     "HTTP/1.1 200 OK\r\n"

static struct anycert_request *get(const struct canned *canned)
{
    return floor_request("GET", floor_join(canned_origin(canned), "/"));
}

/* ---- without end */

/* An answer that consists of a line again and again, as long as size, between two texts. */
static struct canned *repeating(const char *before, const char *line, size_t size,
                                const char *behind, enum canned_end end)
{
    struct canned *canned = canned_start(false);
    size_t line_len = strlen(line);
    char *text = malloc(size + 4096);
    size_t len = 0;

    assert_non_null(text);
    len = (size_t)snprintf(text, 2048, "%s", before);
    for (; len + line_len < size; len += line_len)
        memcpy(text + len, line, line_len);
    len += (size_t)snprintf(text + len, 2048, "%s", behind);
    canned_answer(canned, text, len, end);
    free(text);
    return canned;
}

static void headers_without_end_are_refused(void **state)
{
    static const struct {
        const char *name, *before, *line;
    } rows[] = {
        {"fields", HEAD, "X: 0\r\n"},
        {"the same field", HEAD, "Content-Length: 0\r\n"},
        {"continued field", HEAD "X: 0\r\n", " folded\r\n"},
        {"one field", HEAD "X: ", "0000000000000000"},
        {"interim answers", "", "HTTP/1.1 100 Continue\r\n\r\n"},
        {"interim answers with fields", "", "HTTP/1.1 103 Early\r\nLink: </x>\r\n\r\n"},
        {"unknown interim answers", "", "HTTP/1.1 199 x\r\n\r\n"},
        {"processing", "", "HTTP/1.1 102 Processing\r\n\r\n"},
        {"trailers", HEAD "Transfer-Encoding: chunked\r\n\r\n0\r\n", "X-Trailer: 0\r\n"},
        {"status line", "HTTP/1.1 200 ", "OOOOOOOOOOOOOOOO"},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        for (enum sending how = 0; how < SENDING_COUNT; how++) {
            struct canned *canned =
                repeating(rows[i].before, rows[i].line, 600000, "", CANNED_HOLD);
            struct anycert_client *client = floor_client(NULL);
            struct anycert_response *response = NULL;
            struct anycert_request *request = get(canned);
            struct anycert_error err = {0};

            assert_int_equal(sending_do(how, client, request, &response, &err), -1);
            if (err.code != ANYCERT_E_HEADERS_TOO_LARGE)
                fail_msg("%s: %s (%d)", rows[i].name, err.message, (int)err.code);
            assert_int_equal(canned_requests(canned), 1);
            anycert_response_free(response);
            anycert_request_free(request);
            anycert_client_free(client);
            canned_stop(canned);
        }
    }
}

static void many_small_headers_are_refused_over_tls_too(void **state)
{
    static const char *const paths[] = {"many-headers/100000", "headers/1048576"};
    struct anycert_client *client = floor_client(NULL);

    (void)state;
    for (size_t i = 0; i < COUNT(paths); i++) {
        for (enum sending how = 0; how < SENDING_COUNT; how++)
            (void)sending_fails(how, client, floor_request("GET", floor_url("good", paths[i])),
                                ANYCERT_E_HEADERS_TOO_LARGE);
    }
    anycert_client_free(client);
}

/* Whatever a server is slow with, the limit of the whole request ends it. */
static void slow_answers_end_with_the_time(void **state)
{
    static const char *const beginnings[] = {
        "",
        "H",
        "HTTP/1.1 ",
        HEAD "X-Slow",
        HEAD "Content-Length: 5\r\n",
        "HTTP/1.1 100 Continue\r\n\r\n",
        HEAD "Content-Length: 5\r\n\r\nabc",
        HEAD "Transfer-Encoding: chunked\r\n\r\n5\r\nabc",
        HEAD "Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n",
        HEAD "\r\nabc",
    };

    (void)state;
    for (size_t i = 0; i < COUNT(beginnings); i++) {
        for (enum sending how = 0; how < SENDING_COUNT; how++) {
            struct canned *canned = canned_start(false);
            struct anycert_config *config = floor_config(NULL);
            struct anycert_client *client = NULL;

            canned_text(canned, CANNED_HOLD, "%s", beginnings[i]);
            assert_int_equal(anycert_config_set_timeouts(config, 0, 60, 0, NULL), 0);
            client = floor_client_of(config);
            (void)sending_fails(how, client, get(canned), ANYCERT_E_TIMEOUT_TOTAL);
            anycert_client_free(client);
            canned_stop(canned);
        }
    }
}

static void redirects_without_end_are_refused(void **state)
{
    (void)state;
    for (enum sending how = 0; how < SENDING_COUNT; how++) {
        struct virtual_time time = {0};
        struct canned *one = canned_start(false);
        struct canned *two = canned_start(false);
        struct anycert_config *config = floor_config(NULL);
        struct anycert_retry *retry = anycert_retry_new(NULL);
        struct anycert_client *client = NULL;

        assert_int_equal(anycert_retry_set_count(retry, 5, NULL), 0);
        assert_int_equal(anycert_config_set_retry(config, retry, NULL), 0);
        anycert_retry_free(retry);
        virtual_time_set(config, &time);
        client = floor_client_of(config);
        canned_text(one, CANNED_KEEP, "HTTP/1.1 307 x\r\nLocation: %s\r\nContent-Length: 0\r\n\r\n",
                    canned_origin(two));
        canned_text(two, CANNED_KEEP, "HTTP/1.1 307 x\r\nLocation: %s\r\nContent-Length: 0\r\n\r\n",
                    canned_origin(one));
        (void)sending_fails(how, client, get(one), ANYCERT_E_REDIRECTS);
        /* and a loop is not tried again */
        assert_int_equal(canned_requests(one) + canned_requests(two), 11);
        (void)sending_fails(how, client,
                            floor_request("GET", floor_url("good", "endless-redirect")),
                            ANYCERT_E_REDIRECTS);
        anycert_client_free(client);
        canned_stop(one);
        canned_stop(two);
    }
}

/* The time of the request is for all of its redirects together. */
static void redirects_share_the_time(void **state)
{
    (void)state;
    for (enum sending how = 0; how < SENDING_COUNT; how++) {
        struct anycert_config *config = floor_config(NULL);
        struct anycert_client *client = NULL;

        assert_int_equal(anycert_config_set_timeouts(config, 0, 150, 0, NULL), 0);
        assert_int_equal(anycert_config_set_max_redirects(config, 1000, NULL), 0);
        client = floor_client_of(config);
        (void)sending_fails(
            how, client,
            floor_request("GET", floor_url("good", floor_redirect(302, "/slow/100000"))),
            ANYCERT_E_TIMEOUT_TOTAL);
        anycert_client_free(client);
    }
}

/* A hostile server among others does not hold up its neighbours in a batch. */
static void neighbours_of_a_hostile_server_are_served(void **state)
{
    struct canned *holding = canned_start(false);
    struct canned *endless =
        repeating("", "HTTP/1.1 100 Continue\r\n\r\n", 600000, "", CANNED_HOLD);
    struct anycert_client *client = floor_client(NULL);
    struct anycert_batch *batch = anycert_batch_new(client, 9, NULL);
    struct anycert_request *requests[3];
    struct anycert_batch_result result;
    unsigned counts[3] = {0};

    (void)state;
    canned_text(holding, CANNED_HOLD, HEAD "X");
    requests[0] = get(holding);
    requests[1] = get(endless);
    requests[2] = floor_request("GET", floor_url("good", "json"));
    for (unsigned i = 0; i < 30; i++)
        assert_int_equal(anycert_batch_add(batch, requests[i < 9 ? i % 3 : 2],
                                           requests[i < 9 ? i % 3 : 2], NULL),
                         0);
    while (anycert_batch_next(batch, -1, &result, NULL) == 1) {
        unsigned which = result.tag == requests[0] ? 0 : result.tag == requests[1] ? 1 : 2;
        static const int codes[] = {ANYCERT_E_INTERRUPTED, ANYCERT_E_HEADERS_TOO_LARGE, 0};

        if (result.error.code != codes[which])
            fail_msg("%u: %s (%d)", which, result.error.message, (int)result.error.code);
        counts[which]++;
        if (counts[1] == 3 && counts[2] == 24 && counts[0] == 0) /* only those that hold are left */
            assert_int_equal(anycert_batch_cancel(batch, requests[0]), 3);
        anycert_response_free(result.response);
    }
    anycert_batch_free(batch);
    for (unsigned i = 0; i < 3; i++)
        anycert_request_free(requests[i]);
    anycert_client_free(client);
    canned_stop(holding);
    canned_stop(endless);
}

/* ---- too early */

static const struct {
    const char *name, *answer;
    enum canned_end end;
    bool tls_only; /* plain text has no close_notify */
} cuts[] = {
    {"short length", HEAD "Content-Length: 10\r\n\r\nabc", CANNED_CLOSE, false},
    {"short length, unclean", HEAD "Content-Length: 10\r\n\r\nabc", CANNED_UNCLEAN, false},
    {"short length, reset", HEAD "Content-Length: 10\r\n\r\nabc", CANNED_RESET, false},
    {"no last chunk", HEAD "Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n", CANNED_CLOSE, false},
    {"half a chunk", HEAD "Transfer-Encoding: chunked\r\n\r\n9\r\nabc", CANNED_CLOSE, false},
    {"half an end", HEAD "Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n", CANNED_CLOSE,
     false},
    {"no close_notify", HEAD "\r\nabc", CANNED_UNCLEAN, true},
    {"reset", HEAD "\r\nabc", CANNED_RESET, false},
    {"half a header", HEAD "Content-Le", CANNED_CLOSE, false},
};

static const char *const outputs[] = {"memory", "file", "callback"};

static int take(void *arg, const void *bytes, size_t len)
{
    (void)arg;
    (void)bytes;
    (void)len;
    return 0;
}

static void check_cut(size_t row, bool tls, size_t output, enum sending how)
{
    struct canned *canned = canned_start(tls);
    struct anycert_client *client = floor_client("trust-any");
    struct anycert_request *request = get(canned);
    struct anycert_response *response = NULL;
    struct anycert_error err = {0};
    int class = 0;

    canned_answer(canned, cuts[row].answer, strlen(cuts[row].answer), cuts[row].end);
    if (output == 1)
        assert_int_equal(anycert_request_set_output_file(request, floor_path("out"), NULL), 0);
    if (output == 2)
        assert_int_equal(anycert_request_set_body_callback(request, take, NULL, NULL), 0);
    if (sending_do(how, client, request, &response, &err) == 0)
        fail_msg("%s, %s, %s: taken for whole", cuts[row].name, outputs[output], sending_name(how));
    class = anycert_error_class_of(err.code);
    assert_true(class == ANYCERT_CLASS_BODY || class == ANYCERT_CLASS_NETWORK);
    if (response)
        assert_string_equal(anycert_response_body(response, NULL), "");
    assert_string_equal(floor_read(floor_path("out")), "what was there");
    anycert_response_free(response);
    anycert_request_free(request);
    anycert_client_free(client);
    canned_stop(canned);
}

static void cut_answers_are_believed_by_nobody(void **state)
{
    (void)state;
    (void)floor_folder();
    floor_write(floor_path("out"), "what was there");
    for (size_t row = 0; row < COUNT(cuts); row++) {
        for (int tls = cuts[row].tls_only; tls <= 1; tls++) {
            for (size_t output = 0; output < COUNT(outputs); output++) {
                for (enum sending how = 0; how < SENDING_COUNT; how++)
                    check_cut(row, tls == 1, output, how);
            }
        }
    }
    floor_remove_folder(1);
}

/* Through proxies, too: an end without close_notify inside of a tunnel vouches for nothing. */
static void cut_answers_behind_proxies_are_believed_by_nobody(void **state)
{
    struct scene scene;

    (void)state;
    scene_make(&scene);
    for (enum way way = 0; way < WAY_COUNT; way++) {
        for (size_t row = 0; row < COUNT(cuts); row++) {
            enum sending how = (enum sending)((row + way) % SENDING_COUNT);
            struct canned *canned = canned_start(true);
            struct ask ask = {.policy = "trust-any"};
            struct anycert_client *client = NULL;
            struct anycert_response *response = NULL;
            struct anycert_request *request = get(canned);
            struct anycert_error err = {0};

            way_take(&scene, way, &ask);
            client = ask_client(&ask);
            canned_answer(canned, cuts[row].answer, strlen(cuts[row].answer), cuts[row].end);
            if (sending_do(how, client, request, &response, &err) == 0)
                fail_msg("%s over %s, %s: taken for whole", cuts[row].name, way_name(way),
                         sending_name(how));
            anycert_response_free(response);
            anycert_request_free(request);
            anycert_client_free(client);
            canned_stop(canned);
        }
    }
    scene_free(&scene);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(headers_without_end_are_refused),
        cmocka_unit_test(many_small_headers_are_refused_over_tls_too),
        cmocka_unit_test(slow_answers_end_with_the_time),
        cmocka_unit_test(redirects_without_end_are_refused),
        cmocka_unit_test(redirects_share_the_time),
        cmocka_unit_test(neighbours_of_a_hostile_server_are_served),
        cmocka_unit_test(cut_answers_are_believed_by_nobody),
        cmocka_unit_test(cut_answers_behind_proxies_are_believed_by_nobody),
    };

    return cmocka_run_group_tests(tests, floor_setup, floor_teardown);
}
