/* Downloads that start over: answers that are not exactly the rest, and parts that are not what was
 * left there. */
#include "client/parts.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#define COUNT(a) (sizeof(a) / sizeof(a)[0])

/* ---- oddities: the first answer to the question for the rest, and how often is asked */

struct odd {
    const char *name, *answer;
    bool asks_again; /* else the answer itself is the whole file */
};

static const struct odd oddities[] = {
    {"the whole file", "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nxyz", false},
    {"the whole file, changed", "HTTP/1.1 200 OK\r\nContent-Length: 3\r\nETag: \"v2\"\r\n\r\nxyz",
     false},
    {"no range", "HTTP/1.1 206 Partial Content\r\nContent-Length: 5\r\n\r\nfghij", true},
    {"another range",
     "HTTP/1.1 206 Partial Content\r\nContent-Length: 6\r\nContent-Range: bytes "
     "4-9/10\r\n\r\nefghij",
     true},
    {"a range that ends early",
     "HTTP/1.1 206 Partial Content\r\nContent-Length: 4\r\nContent-Range: bytes 5-8/10\r\n\r\nfghi",
     true},
    {"another total",
     "HTTP/1.1 206 Partial Content\r\nContent-Length: 6\r\nContent-Range: bytes "
     "5-10/11\r\n\r\nfghijk",
     true},
    {"an unknown total",
     "HTTP/1.1 206 Partial Content\r\nContent-Length: 5\r\nContent-Range: bytes 5-9/*\r\n\r\nfghij",
     true},
    {"a total that is no number",
     "HTTP/1.1 206 Partial Content\r\nContent-Length: 5\r\nContent-Range: bytes "
     "5-9/10x\r\n\r\nfghij",
     true},
    {"a total beyond all numbers",
     "HTTP/1.1 206 Partial Content\r\nContent-Length: 5\r\n"
     "Content-Range: bytes 5-9/99999999999999999999999\r\n\r\nfghij",
     true},
    {"another unit",
     "HTTP/1.1 206 Partial Content\r\nContent-Length: 5\r\nContent-Range: chars "
     "5-9/10\r\n\r\nfghij",
     true},
    {"two ranges",
     "HTTP/1.1 206 Partial Content\r\nContent-Length: 5\r\nContent-Range: bytes 5-9/10\r\n"
     "Content-Range: bytes 5-9/10\r\n\r\nfghij",
     true},
    {"another version",
     "HTTP/1.1 206 Partial Content\r\nContent-Length: 5\r\nContent-Range: bytes 5-9/10\r\n"
     "ETag: \"v2\"\r\n\r\nfghij",
     true},
    {"a weak tag",
     "HTTP/1.1 206 Partial Content\r\nContent-Length: 5\r\nContent-Range: bytes 5-9/10\r\n"
     "ETag: W/\"v1\"\r\n\r\nfghij",
     true},
    {"a compressed part",
     "HTTP/1.1 206 Partial Content\r\nContent-Length: 5\r\nContent-Range: bytes "
     "5-9/10\r\n" PARTS_TAG "Content-Encoding: gzip\r\n\r\nfghij",
     true},
    {"nothing beyond, another total",
     "HTTP/1.1 416 Range Not Satisfiable\r\nContent-Length: 2\r\nContent-Range: bytes "
     "*/4\r\n\r\nno",
     true},
    {"nothing beyond, no total", "HTTP/1.1 416 Range Not Satisfiable\r\nContent-Length: 0\r\n\r\n",
     true},
    {"an empty part", "HTTP/1.1 206 Partial Content\r\nContent-Length: 0\r\n\r\n", true},
};

static void anything_odd_starts_over(void **state)
{
    struct anycert_client *client = parts_client();
    unsigned asked = 0;

    (void)state;
    for (size_t i = 0; i < COUNT(oddities); i++) {
        const struct odd *row = &oddities[i];
        struct anycert_response *response = NULL;

        parts_begin(client, PARTS_TAG);
        asked++;
        canned_text(parts_server(), CANNED_CLOSE, "%s", row->answer);
        if (row->asks_again)
            canned_text(parts_server(), CANNED_KEEP,
                        "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nxyz");
        response = floor_ok(client, parts_request(floor_path("out")));
        assert_string_equal(parts_sent(asked, "Range: "), "bytes=5-");
        asked++;
        if (row->asks_again && parts_sent(asked, "Range: "))
            fail_msg("%s: asked for a part again", row->name);
        asked += row->asks_again;
        if (canned_requests(parts_server()) != asked)
            fail_msg("%s: %u requests", row->name, canned_requests(parts_server()));
        if (strcmp(floor_read(floor_path("out")), "xyz") != 0)
            fail_msg("%s: the file is '%s'", row->name, floor_read(floor_path("out")));
        assert_int_equal(anycert_response_status(response), 200);
        assert_int_equal(anycert_response_body_size(response), 3);
        assert_int_equal(anycert_response_hop_count(response), row->asks_again ? 2 : 1);
        anycert_response_free(response);
        assert_int_equal(unlink(floor_path("out")), 0);
    }
    floor_remove_folder(0);
    anycert_client_free(client);
}

/* A server that sends parts to whoever asks for all of it is believed nothing. */
static void part_that_nobody_asked_for_is_an_error(void **state)
{
    struct anycert_client *client = parts_client();

    (void)state;
    canned_text(parts_server(), CANNED_CLOSE,
                "HTTP/1.1 206 Partial Content\r\nContent-Length: 5\r\n"
                "Content-Range: bytes 0-4/10\r\n\r\nabcde");
    floor_fails(client, parts_request(floor_path("out")), ANYCERT_E_HTTP_PROTOCOL, NULL);
    floor_remove_folder(0);
    anycert_client_free(client);
}

/* ---- what lies beside the file */

static void note_has_no_secret_and_belongs_to_its_owner(void **state)
{
    struct anycert_client *client = parts_client();
    struct stat info;

    (void)state;
    parts_begin(client, PARTS_TAG);
    assert_null(strstr(floor_read(floor_path("out.part.json")), "s3cret"));
    assert_non_null(strstr(floor_read(floor_path("out.part.json")), "page=2"));
    assert_non_null(strstr(floor_read(floor_path("out.part.json")), "\"total\": 10"));
    assert_int_equal(stat(floor_path("out.part.json"), &info), 0);
    assert_int_equal(info.st_mode & 0777, 0600);
    floor_remove_folder(2);
    anycert_client_free(client);
}

/* Somebody has changed what lies there, or it is of something else. */
static void strange_parts_and_notes_start_over(void **state)
{
    static const struct {
        const char *name, *part, *from, *to;
    } rows[] = {
        {"a longer part", "abcdefgh", NULL, NULL},
        {"a shorter part", "ab", NULL, NULL},
        {"another URL", NULL, "page=2", "page=3"},
        {"no tag", NULL, "etag", "gate"},
        {"a weak tag", NULL, "\"\\\"v1\\\"\"", "\"W/\\\"v1\\\"\""},
        {"a tag with a line end", NULL, "\\\"v1", "\\\"v\\n1"},
        {"a smaller total", NULL, "\"total\": 10", "\"total\": 4"},
        {"another version", NULL, "anycert-part/1", "anycert-part/2"},
        {"no JSON", NULL, "{", "["},
    };
    struct anycert_client *client = parts_client();
    unsigned asked = 0;

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        parts_begin(client, PARTS_TAG);
        asked++;
        if (rows[i].part)
            floor_write(floor_path("out.part"), rows[i].part);
        if (rows[i].from)
            parts_edit_note(rows[i].from, rows[i].to);
        canned_text(parts_server(), CANNED_CLOSE,
                    "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nxyz");
        anycert_response_free(floor_ok(client, parts_request(floor_path("out"))));
        if (parts_sent(asked++, "Range: "))
            fail_msg("%s: was continued", rows[i].name);
        parts_assert_file("out", "xyz");
        assert_int_equal(unlink(floor_path("out")), 0);
    }
    floor_remove_folder(0);
    anycert_client_free(client);
}

static void part_without_a_note_is_left_alone(void **state)
{
    struct anycert_client *client = parts_client();
    struct stat info;

    (void)state;
    floor_write(floor_path("out"), "old");
    assert_int_equal(chmod(floor_path("out"), 0600), 0);
    floor_write(floor_path("out.part"), "precious");
    assert_int_equal(chmod(floor_path("out.part"), 0640), 0);
    floor_fails(client, parts_request(floor_path("out")), ANYCERT_E_FILE, NULL);
    assert_non_null(strstr(floor_message(), "move it out of the way"));
    assert_int_equal(canned_requests(parts_server()), 0);
    parts_assert_file("out", "old");
    parts_assert_file("out.part", "precious");
    assert_int_equal(stat(floor_path("out.part"), &info), 0);
    assert_int_equal(info.st_mode & 0777, 0640);
    assert_false(parts_exists(floor_path("out.part.json")));

    floor_write(floor_path("out.part"), ""); /* nobody loses anything */
    canned_text(parts_server(), CANNED_CLOSE, "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nxyz");
    anycert_response_free(floor_ok(client, parts_request(floor_path("out"))));
    parts_assert_file("out", "xyz");
    floor_remove_folder(1);
    anycert_client_free(client);
}

/* A version that cannot be told from others is noted all the same, in case the process is killed.
 */
static int look_for_the_note(void *arg, uint64_t received, uint64_t receive_total, uint64_t sent,
                             uint64_t send_total)
{
    bool *noted = arg;

    (void)receive_total;
    (void)sent;
    (void)send_total;
    if (received > 0 && parts_exists(floor_path("out.part.json")))
        *noted = true;
    return 0;
}

static void every_part_has_a_note(void **state)
{
    static const char *const fields[] = {"", "ETag: W/\"1\"\r\n", PARTS_TAG, "ETag: \"\xff\"\r\n"};
    struct anycert_client *client = parts_client();

    (void)state;
    for (size_t i = 0; i < COUNT(fields); i++) {
        struct anycert_request *request = parts_request(floor_path("out"));
        bool noted = false;

        assert_int_equal(anycert_request_set_progress(request, look_for_the_note, &noted, NULL), 0);
        canned_text(parts_server(), CANNED_CLOSE,
                    "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n%s\r\nabcde", fields[i]);
        floor_fails(client, request, ANYCERT_E_BODY_TRUNCATED, NULL);
        if (!noted)
            fail_msg("no note with '%s'", fields[i]);
        canned_text(parts_server(), CANNED_CLOSE,
                    "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nxyz");
        anycert_response_free(floor_ok(client, parts_request(floor_path("out"))));
        parts_assert_file("out", "xyz");
    }
    floor_remove_folder(1);
    anycert_client_free(client);
}

static void part_of_somebody_else_is_refused(void **state)
{
    struct anycert_client *client = parts_client();
    int fd = -1;

    (void)state;
    floor_write(floor_path("victim"), "precious");
    assert_int_equal(symlink("victim", floor_path("out.part")), 0);
    floor_fails(client, parts_request(floor_path("out")), ANYCERT_E_FILE, NULL);
    assert_int_equal(unlink(floor_path("out.part")), 0);
    assert_int_equal(link(floor_path("victim"), floor_path("out.part")), 0);
    floor_fails(client, parts_request(floor_path("out")), ANYCERT_E_FILE, NULL);
    assert_int_equal(unlink(floor_path("out.part")), 0);
    assert_int_equal(mkfifo(floor_path("out.part"), 0600), 0);
    floor_fails(client, parts_request(floor_path("out")), ANYCERT_E_FILE, NULL);
    assert_int_equal(unlink(floor_path("out.part")), 0);
    parts_assert_file("victim", "precious");

    fd = open(floor_path("out.part"), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    assert_true(fd >= 0);
    assert_int_equal(flock(fd, LOCK_EX), 0);
    floor_fails(client, parts_request(floor_path("out")), ANYCERT_E_FILE, NULL);
    assert_non_null(strstr(floor_message(), "somebody else"));
    assert_int_equal(close(fd), 0);
    assert_int_equal(canned_requests(parts_server()), 0);
    floor_remove_folder(2);
    anycert_client_free(client);
}

/* The mode of a file that is replaced, and the link to it, stay. */
static void replaced_file_keeps_its_mode_and_link(void **state)
{
    struct anycert_client *client = parts_client();
    struct stat info;

    (void)state;
    floor_write(floor_path("target"), "old");
    assert_int_equal(chmod(floor_path("target"), 0640), 0);
    assert_int_equal(symlink("target", floor_path("out")), 0);
    canned_text(parts_server(), CANNED_CLOSE,
                "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n" PARTS_TAG "\r\nnew");
    anycert_response_free(floor_ok(client, parts_request(floor_path("out"))));
    assert_int_equal(lstat(floor_path("out"), &info), 0);
    assert_true(S_ISLNK(info.st_mode));
    parts_assert_file("target", "new");
    assert_int_equal(stat(floor_path("target"), &info), 0);
    assert_int_equal(info.st_mode & 0777, 0640);
    floor_remove_folder(2);
    anycert_client_free(client);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, parts_setup, parts_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(anything_odd_starts_over),
        CASE(part_that_nobody_asked_for_is_an_error),
        CASE(note_has_no_secret_and_belongs_to_its_owner),
        CASE(strange_parts_and_notes_start_over),
        CASE(part_without_a_note_is_left_alone),
        CASE(every_part_has_a_note),
        CASE(part_of_somebody_else_is_refused),
        CASE(replaced_file_keeps_its_mode_and_link),
    };

    return cmocka_run_group_tests(tests, floor_setup, floor_teardown);
}
