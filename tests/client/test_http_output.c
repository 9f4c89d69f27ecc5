/* Where bodies go: files that appear whole or not at all, callbacks, progress; and what was there
 * before stays. */
#include "client/floor.h"
#include "client/sending.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#define COUNT(a) (sizeof(a) / sizeof(a)[0])

static struct anycert_request *to_file(const char *url, const char *path)
{
    struct anycert_request *request = floor_request("GET", url);
    struct anycert_error err = {0};

    if (anycert_request_set_output_file(request, path, &err) < 0)
        fail_msg("%s", err.message);
    return request;
}

static void output_file_has_the_body_and_memory_has_none(void **state)
{
    struct anycert_client *client = floor_client(NULL);
    struct anycert_response *response = NULL;
    size_t len = 1;

    (void)state;
    floor_folder();
    response = floor_ok(client, to_file(floor_url("good", "bytes/10"), floor_path("out")));
    assert_string_equal(floor_read(floor_path("out")), "abcdefghij");
    assert_int_equal(anycert_response_body_size(response), 10);
    assert_string_equal(anycert_response_body(response, &len), "");
    assert_int_equal(len, 0);
    anycert_response_free(response);
    /* replaced, shorter */
    anycert_response_free(
        floor_ok(client, to_file(floor_url("good", "bytes/3"), floor_path("out"))));
    assert_string_equal(floor_read(floor_path("out")), "abc");
    anycert_response_free(
        floor_ok(client, to_file(floor_url("good", "bytes/0"), floor_path("out"))));
    assert_string_equal(floor_read(floor_path("out")), "");
    floor_remove_folder(1);
    anycert_client_free(client);
}

static void output_file_of_any_status_and_redirect(void **state)
{
    struct anycert_client *client = floor_client(NULL);
    struct anycert_response *response = NULL;

    (void)state;
    floor_folder();
    response = floor_ok(client, to_file(floor_url("good", "status/404"), floor_path("out")));
    assert_int_equal(anycert_response_status(response), 404);
    assert_string_equal(floor_read(floor_path("out")), "status 404\n");
    anycert_response_free(response);
    response = floor_ok(
        client, to_file(floor_url("good", floor_redirect(302, "/bytes/3")), floor_path("out")));
    assert_string_equal(floor_read(floor_path("out")), "abc");
    anycert_response_free(response);
    floor_remove_folder(1);
    anycert_client_free(client);
}

/* Every kind of failure, on a file that is there and on one that is not. */
static void output_file_is_untouched_by_failures(void **state)
{
    static const struct {
        const char *server, *path;
        int code;
    } rows[] = {
        {"expired", "bytes/10", ANYCERT_E_TRUST_DATES},
        {"self-signed", "bytes/10", ANYCERT_E_TRUST_ISSUER},
        {"good", "truncated", ANYCERT_E_BODY_TRUNCATED},
        {"good", "truncated-chunked", ANYCERT_E_BODY_TRUNCATED},
        {"good", "close-delimited-unclean", ANYCERT_E_BODY_TRUNCATED},
        {"good", "bytes/200000", ANYCERT_E_BODY_TOO_LARGE},
        {"good", "gzip/10000000", ANYCERT_E_BODY_TOO_LARGE},
        {"good", "headers/300000", ANYCERT_E_HEADERS_TOO_LARGE},
        {"good", "endless-redirect", ANYCERT_E_REDIRECTS},
        {"good", "stall", ANYCERT_E_TIMEOUT_STALL},
        {"silent", "", ANYCERT_E_TIMEOUT_CONNECT},
    };
    struct anycert_config *config = floor_config(NULL);
    struct anycert_client *client = NULL;

    (void)state;
    assert_int_equal(anycert_config_set_limits(config, 0, 100000, NULL), 0);
    assert_int_equal(anycert_config_set_timeouts(config, 1000, 0, 1000, NULL), 0);
    client = floor_client_of(config);
    floor_folder();
    floor_write(floor_path("old"), "old");
    for (size_t i = 0; i < COUNT(rows); i++) {
        floor_fails(client, to_file(floor_url(rows[i].server, rows[i].path), floor_path("old")),
                    rows[i].code, NULL);
        assert_string_equal(floor_read(floor_path("old")), "old");
        if (rows[i].code != ANYCERT_E_TIMEOUT_STALL && rows[i].code != ANYCERT_E_TIMEOUT_CONNECT)
            floor_fails(client, to_file(floor_url(rows[i].server, rows[i].path), floor_path("new")),
                        rows[i].code, NULL);
        assert_int_equal(access(floor_path("new"), F_OK), -1);
    }
    floor_remove_folder(1);
    anycert_client_free(client);
}

static int read_body(void *arg, const struct anycert_response *response, struct anycert_error *err)
{
    (void)err;
    (void)snprintf(arg, 32, "%s", (const char *)anycert_response_body(response, NULL));
    return -1;
}

static int count_bytes(void *arg, const void *bytes, size_t len)
{
    size_t *count = arg;

    (void)bytes;
    *count += len;
    return 0;
}

/* A call that fails has not replaced anything, and its error handler can read why. */
static void output_file_is_not_for_answers_that_a_call_refuses(void **state)
{
    static const enum sending ways[] = {SENDING_CALL, SENDING_BATCH_CALL};
    static const int teapot[] = {418};
    struct anycert_client *client = floor_client(NULL);

    (void)state;
    floor_folder();
    for (size_t i = 0; i < COUNT(ways); i++) {
        struct anycert_request *request = NULL;
        struct anycert_response *response = NULL;
        struct anycert_error err = {0};
        char seen[32] = "";
        size_t count = 0;
        char *text = NULL;

        floor_write(floor_path("out"), "old");
        request = to_file(floor_url("good", "status/404"), floor_path("out"));
        assert_int_equal(anycert_request_set_error_handler(request, read_body, seen, NULL), 0);
        assert_int_equal(sending_do(ways[i], client, request, &response, &err), -1);
        assert_int_equal(err.code, ANYCERT_E_HTTP_STATUS);
        assert_string_equal(floor_read(floor_path("out")), "old");
        assert_string_equal(seen, "status 404\n");
        text = anycert_client_error_text(client, request, response, &err, NULL);
        assert_string_equal(text, "Error in API call [404] - Not Found\nstatus 404\n");
        anycert_free(text);
        anycert_response_free(response);

        /* Nothing of it for a callback either. */
        assert_int_equal(anycert_request_set_body_callback(request, count_bytes, &count, NULL), 0);
        (void)sending_fails(ways[i], client, request, ANYCERT_E_HTTP_STATUS);
        assert_int_equal(count, 0);

        /* What is accepted goes to the file, whatever it is. */
        request = to_file(floor_url("good", "status/418"), floor_path("out"));
        assert_int_equal(anycert_request_set_ok_codes(request, teapot, 1, NULL), 0);
        anycert_response_free(sending_ok(ways[i], client, request));
        assert_string_equal(floor_read(floor_path("out")), "status 418\n");
    }
    floor_remove_folder(1);
    anycert_client_free(client);
}

static void output_file_keeps_symbolic_link_and_mode(void **state)
{
    struct anycert_client *client = floor_client(NULL);
    struct stat info;

    (void)state;
    floor_folder();
    floor_write(floor_path("target"), "old");
    assert_int_equal(chmod(floor_path("target"), 0640), 0);
    assert_int_equal(symlink("target", floor_path("link")), 0);
    anycert_response_free(
        floor_ok(client, to_file(floor_url("good", "bytes/3"), floor_path("link"))));
    assert_int_equal(lstat(floor_path("link"), &info), 0);
    assert_true(S_ISLNK(info.st_mode));
    assert_string_equal(floor_read(floor_path("target")), "abc");
    assert_int_equal(stat(floor_path("target"), &info), 0);
    assert_int_equal(info.st_mode & 0777, 0640);
    floor_remove_folder(2);
    anycert_client_free(client);
}

/* What cannot be written is known before anything is sent. */
static void output_that_cannot_be_written_stops_before_connecting(void **state)
{
    struct anycert_client *client = floor_client(NULL);
    uint64_t connections = lab_server_connections(floor_server("good-ec"));
    const char *url = floor_url("good-ec", "bytes/3");

    (void)state;
    floor_folder();
    floor_fails(client, to_file(url, floor_path("missing/out")), ANYCERT_E_FILE, NULL);
    floor_fails(client, to_file(url, floor_path("")), ANYCERT_E_FILE, NULL);
    floor_fails(client, to_file(url, "/proc/version"), ANYCERT_E_FILE, NULL);
    assert_int_equal(symlink("nothing", floor_path("dangling")), 0);
    floor_fails(client, to_file(url, floor_path("dangling")), ANYCERT_E_FILE, NULL);
    if (geteuid() != 0) { /* root may write anywhere */
        assert_int_equal(chmod(floor_path("."), 0500), 0);
        floor_fails(client, to_file(url, floor_path("out")), ANYCERT_E_FILE, NULL);
        assert_int_equal(chmod(floor_path("."), 0700), 0);
    }
    assert_int_equal(lab_server_connections(floor_server("good-ec")), connections);
    floor_remove_folder(1);
    anycert_client_free(client);
}

static void output_to_devices(void **state)
{
    struct anycert_client *client = floor_client(NULL);
    struct anycert_response *response =
        floor_ok(client, to_file(floor_url("good", "bytes/100000"), "/dev/null"));
    struct stat info;

    (void)state;
    assert_int_equal(anycert_response_body_size(response), 100000);
    anycert_response_free(response);
    assert_int_equal(stat("/dev/null", &info), 0);
    assert_true(S_ISCHR(info.st_mode));
    floor_fails(client, to_file(floor_url("good", "bytes/100000"), "/dev/full"), ANYCERT_E_FILE,
                NULL);
    assert_non_null(strstr(floor_message(), strerror(ENOSPC)));
    anycert_client_free(client);
}

/* ---- callbacks */

struct taken {
    char bytes[64];
    size_t len;
    size_t calls;
    size_t stop_at; /* 0: never */
};

static int take(void *arg, const void *bytes, size_t len)
{
    struct taken *taken = arg;

    taken->calls++;
    if (taken->len + len <= sizeof taken->bytes)
        memcpy(taken->bytes + taken->len, bytes, len);
    taken->len += len;
    return taken->stop_at && taken->len >= taken->stop_at;
}

static struct anycert_request *to_callback(const char *url, struct taken *taken)
{
    struct anycert_request *request = floor_request("GET", url);

    assert_int_equal(anycert_request_set_body_callback(request, take, taken, NULL), 0);
    return request;
}

static void body_callback_gets_the_decompressed_body(void **state)
{
    struct anycert_client *client = floor_client(NULL);
    struct taken taken = {0};
    struct anycert_response *response =
        floor_ok(client, to_callback(floor_url("good", "bytes/10"), &taken));

    (void)state;
    assert_int_equal(taken.len, 10);
    assert_memory_equal(taken.bytes, "abcdefghij", 10);
    assert_int_equal(anycert_response_body_size(response), 10);
    assert_string_equal(anycert_response_body(response, NULL), "");
    anycert_response_free(response);
    memset(&taken, 0, sizeof taken);
    anycert_response_free(floor_ok(client, to_callback(floor_url("good", "gzip/3000000"), &taken)));
    assert_int_equal(taken.len, 3000000);
    /* Bodies of redirects that are followed go nowhere. */
    memset(&taken, 0, sizeof taken);
    anycert_response_free(
        floor_ok(client, to_callback(floor_url("good", floor_redirect(302, "/bytes/3")), &taken)));
    assert_int_equal(taken.len, 3);
    assert_memory_equal(taken.bytes, "abc", 3);
    anycert_client_free(client);
}

static void body_callback_stops_the_transfer(void **state)
{
    struct anycert_client *client = floor_client(NULL);
    struct taken taken = {.stop_at = 1};
    struct anycert_response *response = NULL;

    (void)state;
    floor_fails(client, to_callback(floor_url("good", "bytes/50000000"), &taken),
                ANYCERT_E_BODY_WRITE, &response);
    assert_int_equal(taken.calls, 1);
    assert_int_equal(anycert_response_status(response), 200);
    anycert_response_free(response);
    /* The connection with the rest of the body in it is not used again. */
    response = floor_ok(client, floor_request("GET", floor_url("good", "bytes/3")));
    assert_int_equal(anycert_response_hop_reused(response, 0), 0);
    assert_string_equal(anycert_response_body(response, NULL), "abc");
    anycert_response_free(response);
    anycert_client_free(client);
}

struct seen {
    uint64_t received, receive_total, sent, send_total;
    unsigned calls;
    bool stop;
};

static int watch(void *arg, uint64_t received, uint64_t receive_total, uint64_t sent,
                 uint64_t send_total)
{
    struct seen *seen = arg;

    seen->calls++;
    if (received > seen->received)
        seen->received = received;
    if (receive_total > seen->receive_total)
        seen->receive_total = receive_total;
    if (sent > seen->sent)
        seen->sent = sent;
    if (send_total > seen->send_total)
        seen->send_total = send_total;
    return seen->stop;
}

static void progress_counts_and_interrupts(void **state)
{
    struct anycert_client *client = floor_client(NULL);
    struct anycert_request *request = floor_request("POST", floor_url("good", "bytes/300000"));
    struct seen seen = {0};
    char *body = calloc(1, 200000);

    (void)state;
    assert_non_null(body);
    assert_int_equal(anycert_request_set_body(request, body, 200000, NULL), 0);
    assert_int_equal(anycert_request_set_progress(request, watch, &seen, NULL), 0);
    anycert_response_free(floor_ok(client, request));
    assert_true(seen.calls > 1);
    assert_int_equal(seen.received, 300000);
    assert_int_equal(seen.receive_total, 300000);
    assert_int_equal(seen.sent, 200000);
    assert_int_equal(seen.send_total, 200000);
    free(body);
    floor_folder();
    memset(&seen, 0, sizeof seen);
    seen.stop = true;
    request = to_file(floor_url("good", "bytes/300000"), floor_path("out"));
    assert_int_equal(anycert_request_set_progress(request, watch, &seen, NULL), 0);
    floor_fails(client, request, ANYCERT_E_INTERRUPTED, NULL);
    assert_int_equal(seen.calls, 1);
    floor_remove_folder(0);
    /* It does not stay with the connection. */
    anycert_response_free(floor_ok(client, floor_request("GET", floor_url("good", "bytes/3"))));
    assert_int_equal(seen.calls, 1);
    anycert_client_free(client);
}

static void last_output_wins(void **state)
{
    struct anycert_client *client = floor_client(NULL);
    struct anycert_request *request = NULL;
    struct taken taken = {0};

    (void)state;
    floor_folder();
    request = to_file(floor_url("good", "bytes/3"), floor_path("out"));
    assert_int_equal(anycert_request_set_body_callback(request, take, &taken, NULL), 0);
    anycert_response_free(floor_ok(client, request));
    assert_int_equal(taken.len, 3);
    floor_remove_folder(0);
    anycert_client_free(client);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(output_file_has_the_body_and_memory_has_none),
        cmocka_unit_test(output_file_of_any_status_and_redirect),
        cmocka_unit_test(output_file_is_untouched_by_failures),
        cmocka_unit_test(output_file_is_not_for_answers_that_a_call_refuses),
        cmocka_unit_test(output_file_keeps_symbolic_link_and_mode),
        cmocka_unit_test(output_that_cannot_be_written_stops_before_connecting),
        cmocka_unit_test(output_to_devices),
        cmocka_unit_test(body_callback_gets_the_decompressed_body),
        cmocka_unit_test(body_callback_stops_the_transfer),
        cmocka_unit_test(progress_counts_and_interrupts),
        cmocka_unit_test(last_output_wins),
    };

    return cmocka_run_group_tests(tests, floor_setup, floor_teardown);
}
