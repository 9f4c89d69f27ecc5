/* Downloads that go on where they ended: what is kept of an interrupted one, what is asked for
 * next, and that anything odd starts over. */
#include "client/parts.h"

#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#define COUNT(a) (sizeof(a) / sizeof(a)[0])

/* ---- the way it should go */

static void interrupted_download_goes_on_with_range_and_if_range(void **state)
{
    struct anycert_client *client = parts_client();
    struct anycert_response *response = NULL;

    (void)state;
    parts_begin(client, PARTS_TAG);
    parts_assert_file("out.part", "abcde");
    canned_text(parts_server(), CANNED_KEEP,
                "HTTP/1.1 206 Partial Content\r\nContent-Length: 5\r\n" PARTS_TAG
                "Content-Range: bytes 5-9/10\r\n\r\nfghij");
    response = floor_ok(client, parts_request(floor_path("out")));
    assert_string_equal(parts_sent(1, "Range: "), "bytes=5-");
    assert_string_equal(parts_sent(1, "If-Range: "), "\"v1\"");
    assert_string_equal(parts_sent(1, "Accept-Encoding: "), "identity");
    assert_null(parts_sent(0, "Range: "));
    parts_assert_file("out", "abcdefghij");
    assert_int_equal(anycert_response_status(response), 200);
    assert_string_equal(anycert_response_reason(response), "OK");
    assert_int_equal(anycert_response_hop_status(response, 0), 206);
    assert_int_equal(anycert_response_body_size(response), 10);
    anycert_response_free(response);
    floor_remove_folder(1);
    anycert_client_free(client);
}

/* In several pieces, each with a connection that dies. */
static void many_interruptions_make_one_file(void **state)
{
    struct anycert_client *client = parts_client();

    (void)state;
    canned_text(parts_server(), CANNED_RESET,
                "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n" PARTS_TAG "\r\na");
    floor_fails(client, parts_request(floor_path("out")), ANYCERT_E_BODY_TRUNCATED, NULL);
    for (unsigned i = 1; i < 3; i++) {
        canned_text(parts_server(), CANNED_CLOSE,
                    "HTTP/1.1 206 Partial Content\r\nContent-Length: %u\r\n" PARTS_TAG
                    "Content-Range: bytes %u-3/4\r\n\r\n%c",
                    4 - i, i, 'a' + (int)i);
        floor_fails(client, parts_request(floor_path("out")), ANYCERT_E_BODY_TRUNCATED, NULL);
    }
    canned_text(parts_server(), CANNED_CLOSE,
                "HTTP/1.1 206 Partial Content\r\nContent-Length: 1\r\n" PARTS_TAG
                "Content-Range: bytes 3-3/4\r\n\r\nd");
    anycert_response_free(floor_ok(client, parts_request(floor_path("out"))));
    assert_string_equal(parts_sent(3, "Range: "), "bytes=3-");
    parts_assert_file("out", "abcd");
    floor_remove_folder(1);
    anycert_client_free(client);
}

/* Without a tag, a date that is old enough is one. */
static void last_modified_is_a_validator_if_it_is_old_enough(void **state)
{
    struct anycert_client *client = parts_client();
    static const char old[] = "Last-Modified: Sat, 01 Nov 2025 10:00:00 GMT\r\n"
                              "Date: Sat, 01 Nov 2025 10:01:00 GMT\r\n";

    (void)state;
    parts_begin(client, old);
    canned_text(parts_server(), CANNED_KEEP,
                "HTTP/1.1 206 Partial Content\r\nContent-Length: 5\r\n%s"
                "Content-Range: bytes 5-9/10\r\n\r\nfghij",
                old);
    anycert_response_free(floor_ok(client, parts_request(floor_path("out"))));
    assert_string_equal(parts_sent(1, "If-Range: "), "Sat, 01 Nov 2025 10:00:00 GMT");
    parts_assert_file("out", "abcdefghij");
    floor_remove_folder(1);
    anycert_client_free(client);
}

static void on_warning(void *arg, enum anycert_log_level level, const char *line, size_t len)
{
    unsigned *count = arg;

    assert_true(level <= ANYCERT_LOG_WARNING);
    assert_int_equal(strlen(line), len);
    *count += strstr(line, "the download could not go on if it broke off: ") != NULL;
}

static void nothing_is_kept_without_a_strong_validator(void **state)
{
    static const char *const rows[] = {
        "",
        "ETag: W/\"v1\"\r\n",
        "ETag: v1\r\n",
        /* weak tag: the date must not be used */
        "ETag: W/\"v1\"\r\nLast-Modified: Sat, 01 Nov 2025 10:00:00 GMT\r\n"
        "Date: Sat, 01 Nov 2025 12:00:00 GMT\r\n",
        /* may change again within the second, for all that the clocks say */
        "Last-Modified: Sat, 01 Nov 2025 10:00:00 GMT\r\nDate: Sat, 01 Nov 2025 10:00:59 GMT\r\n",
        "Last-Modified: Sat, 01 Nov 2025 10:00:00 GMT\r\n",
        "Last-Modified: yesterday\r\nDate: Sat, 01 Nov 2025 10:00:59 GMT\r\n",
        PARTS_TAG "Content-Encoding: br\r\n",
    };
    struct anycert_config *config = floor_config(NULL);
    struct anycert_client *client = NULL;
    unsigned warnings = 0;

    (void)state;
    assert_int_equal(
        anycert_config_set_log(config, ANYCERT_LOG_WARNING, on_warning, &warnings, NULL), 0);
    client = floor_client_of(config);
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct anycert_response *response = NULL;
        struct anycert_error err = {0};
        struct anycert_request *request = parts_request(floor_path("out"));

        canned_text(parts_server(), CANNED_CLOSE,
                    "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n%s\r\nabcde", rows[i]);
        assert_int_equal(anycert_client_send(client, request, &response, &err), -1);
        assert_int_equal(anycert_error_class_of(err.code), ANYCERT_CLASS_BODY);
        if (parts_exists(floor_path("out.part")) || parts_exists(floor_path("out.part.json")))
            fail_msg("something is kept of: %s", rows[i]);
        /* The last one cannot be decoded, and so is never begun. */
        assert_int_equal(warnings, i + 1 < COUNT(rows) ? i + 1 : COUNT(rows) - 1);
        anycert_response_free(response);
        anycert_request_free(request);
    }
    floor_remove_folder(0);
    anycert_client_free(client);
}

/* All bytes were there, and only the end was lost. */
static void nothing_beyond_the_right_total_is_a_whole_file(void **state)
{
    struct anycert_client *client = parts_client();
    struct anycert_response *response = NULL;

    (void)state;
    canned_text(parts_server(), CANNED_CLOSE,
                "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n" PARTS_TAG "\r\n5\r\nabcde\r\n");
    floor_fails(client, parts_request(floor_path("out")), ANYCERT_E_BODY_TRUNCATED, NULL);
    canned_text(parts_server(), CANNED_KEEP,
                "HTTP/1.1 416 Range Not Satisfiable\r\nContent-Length: 4\r\n"
                "Content-Range: bytes */5\r\n\r\nnone");
    response = floor_ok(client, parts_request(floor_path("out")));
    parts_assert_file("out", "abcde");
    assert_int_equal(anycert_response_status(response), 200);
    assert_int_equal(anycert_response_hop_status(response, 0), 416);
    assert_int_equal(anycert_response_body_size(response), 5);
    assert_string_equal(anycert_response_body(response, NULL), "");
    anycert_response_free(response);
    floor_remove_folder(1);
    anycert_client_free(client);
}

/* An error is no file. */
static void other_answers_leave_part_and_file_alone(void **state)
{
    struct anycert_client *client = parts_client();
    struct anycert_response *response = NULL;

    (void)state;
    parts_begin(client, PARTS_TAG);
    floor_write(floor_path("out"), "of yesterday");
    canned_text(parts_server(), CANNED_CLOSE,
                "HTTP/1.1 503 Busy\r\nContent-Length: 5\r\n\r\nlater");
    response = floor_ok(client, parts_request(floor_path("out")));
    assert_int_equal(anycert_response_status(response), 503);
    assert_string_equal(anycert_response_body(response, NULL), "later");
    assert_int_equal(anycert_response_body_size(response), 5);
    anycert_response_free(response);
    parts_assert_file("out", "of yesterday");
    parts_assert_file("out.part", "abcde");
    canned_text(parts_server(), CANNED_CLOSE,
                "HTTP/1.1 206 Partial Content\r\nContent-Length: 5\r\n" PARTS_TAG
                "Content-Range: bytes 5-9/10\r\n\r\nfghij");
    anycert_response_free(floor_ok(client, parts_request(floor_path("out"))));
    parts_assert_file("out", "abcdefghij");
    floor_remove_folder(1);
    anycert_client_free(client);
}

/* ---- bad input, and what is no download */

static void misuse_is_refused(void **state)
{
    struct anycert_client *client = parts_client();
    struct anycert_request *request = floor_request("POST", canned_origin(parts_server()));
    struct anycert_error err = {0};

    (void)state;
    assert_int_equal(anycert_request_set_resume(request, 1, &err), -1);
    assert_int_equal(err.code, ANYCERT_E_USAGE);
    assert_int_equal(anycert_request_set_resume(request, 0, NULL), 0);
    anycert_request_free(request);
    request = floor_request("GET", canned_origin(parts_server()));
    assert_int_equal(anycert_request_set_resume(request, 2, NULL), -1);
    assert_int_equal(anycert_request_set_resume(request, 1, NULL), 0);
    floor_fails(client, request, ANYCERT_E_USAGE, NULL);
    request = parts_request(floor_path("out"));
    floor_header(request, "range", "bytes=3-");
    floor_fails(client, request, ANYCERT_E_USAGE, NULL);
    floor_fails(client, parts_request("/dev/null"), ANYCERT_E_FILE, NULL);
    floor_fails(client, parts_request(floor_path("missing/out")), ANYCERT_E_FILE, NULL);
    assert_int_equal(canned_requests(parts_server()), 0);
    floor_remove_folder(0);
    anycert_client_free(client);
}

static void empty_files_and_redirects(void **state)
{
    struct anycert_client *client = parts_client();

    (void)state;
    canned_text(parts_server(), CANNED_KEEP,
                "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n" PARTS_TAG "\r\n");
    anycert_response_free(floor_ok(client, parts_request(floor_path("out"))));
    parts_assert_file("out", "");
    canned_text(parts_server(), CANNED_KEEP,
                "HTTP/1.1 302 Found\r\nContent-Length: 4\r\nLocation: /there\r\n\r\nhere");
    canned_text(parts_server(), CANNED_CLOSE,
                "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n" PARTS_TAG "\r\nabc");
    floor_fails(client, parts_request(floor_path("out")), ANYCERT_E_BODY_TRUNCATED, NULL);
    canned_text(parts_server(), CANNED_KEEP,
                "HTTP/1.1 302 Found\r\nContent-Length: 4\r\nLocation: /there\r\n\r\nhere");
    canned_text(parts_server(), CANNED_CLOSE,
                "HTTP/1.1 206 Partial Content\r\nContent-Length: 6\r\n" PARTS_TAG
                "Content-Range: bytes 3-8/9\r\n\r\ndefghi");
    anycert_response_free(floor_ok(client, parts_request(floor_path("out"))));
    assert_string_equal(parts_sent(4, "If-Range: "), "\"v1\"");
    parts_assert_file("out", "abcdefghi");
    floor_remove_folder(1);
    anycert_client_free(client);
}

static int die_at_five(void *arg, uint64_t received, uint64_t receive_total, uint64_t sent_bytes,
                       uint64_t send_total)
{
    (void)arg;
    (void)receive_total;
    (void)sent_bytes;
    (void)send_total;
    if (received >= 5)
        (void)raise(SIGKILL);
    return 0;
}

/* A process that is killed cannot write down how far it came; the file says so itself, as long as
 * the machine has not been started anew since. */
static void killed_process_loses_nothing(void **state)
{
    (void)state;
    for (int restarted = 0; restarted < 2; restarted++) {
        struct anycert_client *client = NULL;
        pid_t pid = -1;
        int status = 0;

        canned_text(parts_server(), CANNED_HOLD,
                    "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n" PARTS_TAG "\r\nabcde");
        pid = fork();
        assert_true(pid >= 0);
        if (pid == 0) {
            struct anycert_request *request = parts_request(floor_path("out"));
            struct anycert_response *response = NULL;

            if (anycert_request_set_progress(request, die_at_five, NULL, NULL) == 0 &&
                anycert_client_send(parts_client(), request, &response, NULL) == 0)
                _exit(0);
            _exit(1);
        }
        assert_int_equal(waitpid(pid, &status, 0), pid);
        assert_true(WIFSIGNALED(status));
        assert_null(strstr(floor_read(floor_path("out.part.json")), "size"));
        if (restarted)
            parts_edit_note("\"boot\": \"", "\"boot\": \"x");
        client = parts_client();
        if (restarted)
            canned_text(parts_server(), CANNED_CLOSE,
                        "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nxyz");
        else
            canned_text(parts_server(), CANNED_CLOSE,
                        "HTTP/1.1 206 Partial Content\r\nContent-Length: 5\r\n" PARTS_TAG
                        "Content-Range: bytes 5-9/10\r\n\r\nfghij");
        anycert_response_free(floor_ok(client, parts_request(floor_path("out"))));
        parts_assert_file("out", restarted ? "xyz" : "abcdefghij");
        anycert_client_free(client);
    }
    floor_remove_folder(1);
}

/* Repetitions of one call go on, too. */
static void retries_go_on_where_the_try_before_ended(void **state)
{
    struct anycert_client *client = parts_client();
    struct anycert_request *request = parts_request(floor_path("out"));
    struct anycert_retry *retry = anycert_retry_new(NULL);

    (void)state;
    assert_int_equal(anycert_retry_set_count(retry, 1, NULL), 0);
    assert_int_equal(anycert_retry_set_backoff(retry, 0, 0, 0, NULL), 0);
    assert_int_equal(anycert_request_set_retry(request, retry, NULL), 0);
    anycert_retry_free(retry);
    canned_text(parts_server(), CANNED_RESET,
                "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n" PARTS_TAG "\r\nabcde");
    canned_text(parts_server(), CANNED_CLOSE,
                "HTTP/1.1 206 Partial Content\r\nContent-Length: 5\r\n" PARTS_TAG
                "Content-Range: bytes 5-9/10\r\n\r\nfghij");
    anycert_response_free(floor_ok(client, request));
    parts_assert_file("out", "abcdefghij");
    floor_remove_folder(1);
    anycert_client_free(client);
}

static int count_from(void *arg, uint64_t received, uint64_t receive_total, uint64_t sent_bytes,
                      uint64_t send_total)
{
    uint64_t *seen = arg;

    (void)sent_bytes;
    (void)send_total;
    if (received > seen[0])
        seen[0] = received;
    if (receive_total > seen[1])
        seen[1] = receive_total;
    return 0;
}

static void progress_counts_what_was_there(void **state)
{
    struct anycert_client *client = parts_client();
    struct anycert_request *request = NULL;
    uint64_t seen[2] = {0, 0};

    (void)state;
    parts_begin(client, PARTS_TAG);
    canned_text(parts_server(), CANNED_KEEP,
                "HTTP/1.1 206 Partial Content\r\nContent-Length: 5\r\n" PARTS_TAG
                "Content-Range: bytes 5-9/10\r\n\r\nfghij");
    request = parts_request(floor_path("out"));
    assert_int_equal(anycert_request_set_progress(request, count_from, seen, NULL), 0);
    anycert_response_free(floor_ok(client, request));
    assert_int_equal(seen[0], 10);
    assert_int_equal(seen[1], 10);
    floor_remove_folder(1);
    anycert_client_free(client);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, parts_setup, parts_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(interrupted_download_goes_on_with_range_and_if_range),
        CASE(many_interruptions_make_one_file),
        CASE(last_modified_is_a_validator_if_it_is_old_enough),
        CASE(nothing_is_kept_without_a_strong_validator),
        CASE(nothing_beyond_the_right_total_is_a_whole_file),
        CASE(other_answers_leave_part_and_file_alone),
        CASE(misuse_is_refused),
        CASE(empty_files_and_redirects),
        CASE(progress_counts_what_was_there),
        CASE(killed_process_loses_nothing),
        CASE(retries_go_on_where_the_try_before_ended),
    };

    return cmocka_run_group_tests(tests, floor_setup, floor_teardown);
}
