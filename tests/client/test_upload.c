/* Bodies that are read while they are sent, and JSON. */
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

/* ---- a source of letters, and what was done with it */

struct letters {
    int64_t size;    /* in all */
    int64_t at;      /* of the next letter */
    int64_t fail_at; /* fails there; 0: never */
    size_t most;     /* at a time; 0: what is asked for */
    int reads, rewinds;
    int rewind_result;
    size_t asked; /* the last time */
};

static int64_t give_letters(void *arg, void *buffer, size_t size)
{
    struct letters *letters = arg;
    char *out = buffer;
    size_t n = letters->most && letters->most < size ? letters->most : size;

    letters->reads++;
    letters->asked = size;
    if (letters->fail_at > 0 && letters->at >= letters->fail_at)
        return -1;
    for (size_t i = 0; i < n; i++) {
        if (letters->at == letters->size)
            return (int64_t)i;
        out[i] = (char)('a' + letters->at++ % 26);
    }
    return (int64_t)n;
}

static int rewind_letters(void *arg)
{
    struct letters *letters = arg;

    letters->rewinds++;
    letters->at = 0;
    return letters->rewind_result;
}

static void set_source(struct anycert_request *request, struct letters *letters, int64_t size,
                       anycert_rewind_callback *rewind)
{
    struct anycert_error err = {0};

    if (anycert_request_set_body_source(request, give_letters, rewind, size, letters, &err) < 0)
        fail_msg("%s", err.message);
}

static struct anycert_request *post(const char *path)
{
    return floor_request("POST", floor_url("good", path));
}

static void assert_echoes_letters(const struct anycert_response *response, int64_t size)
{
    const char *start = floor_echo_text(response, "/body/start");

    assert_int_equal(floor_echo_number(response, "/body/length"), size);
    for (size_t i = 0; start[i]; i++)
        assert_int_equal(start[i], 'a' + i % 26);
}

static void source_of_known_size_has_a_length(void **state)
{
    static const int64_t sizes[] = {0, 1, 26, 65536, 3000000};
    static const size_t steps[] = {0, 1, 1000};
    struct anycert_client *client = floor_client(NULL);

    (void)state;
    for (size_t i = 0; i < COUNT(sizes) * COUNT(steps); i++) {
        struct letters letters = {.size = sizes[i / COUNT(steps)], .most = steps[i % COUNT(steps)]};
        struct anycert_request *request = NULL;
        struct anycert_response *response = NULL;
        char length[30];

        if (letters.most == 1 && letters.size > 100000)
            continue; /* a TLS record each */
        request = post("echo");
        set_source(request, &letters, letters.size, NULL);
        response = floor_ok(client, request);
        assert_echoes_letters(response, letters.size);
        snprintf(length, sizeof length, "%lld", (long long)letters.size);
        assert_string_equal(floor_echo_header(response, "Content-Length", 0), length);
        assert_null(floor_echo_header(response, "Transfer-Encoding", 0));
        assert_null(floor_echo_header(response, "Content-Type", 0));
        anycert_response_free(response);
    }
    anycert_client_free(client);
}

static void source_of_unknown_size_goes_in_chunks(void **state)
{
    static const char *const methods[] = {"POST", "PUT", "GET", "DELETE", "REPORT"};
    struct anycert_client *client = floor_client(NULL);

    (void)state;
    for (size_t i = 0; i < COUNT(methods); i++) {
        struct letters letters = {.size = (int64_t)i * 40000};
        struct anycert_request *request = floor_request(methods[i], floor_url("good", "echo"));
        struct anycert_response *response = NULL;

        floor_header(request, "Content-Type", "text/plain");
        set_source(request, &letters, -1, NULL);
        response = floor_ok(client, request);
        assert_string_equal(floor_echo_text(response, "/method"), methods[i]);
        assert_echoes_letters(response, letters.size);
        assert_null(floor_echo_header(response, "Content-Length", 0));
        assert_string_equal(floor_echo_header(response, "Transfer-Encoding", 0), "chunked");
        assert_string_equal(floor_echo_header(response, "Content-Type", 0), "text/plain");
        anycert_response_free(response);
    }
    anycert_client_free(client);
}

/* Else the next request on the connection would begin with the rest. */
static void source_is_not_asked_for_more_than_its_size(void **state)
{
    struct anycert_client *client = floor_client(NULL);
    struct letters letters = {.size = 1000000};
    struct anycert_request *request = post("echo");
    struct anycert_response *response = NULL;

    (void)state;
    set_source(request, &letters, 100, NULL);
    response = floor_ok(client, request);
    assert_echoes_letters(response, 100);
    assert_int_equal(letters.at, 100);
    anycert_response_free(response);
    response = floor_ok(client, post("echo"));
    assert_int_equal(anycert_response_hop_reused(response, 0), 1);
    anycert_response_free(response);
    anycert_client_free(client);
}

static void source_that_ends_early_or_fails_is_an_error(void **state)
{
    static const struct {
        const char *name;
        int64_t size, announced, fail_at;
        const char *says;
    } rows[] = {
        {"empty", 0, 10, 0, "the body's source ended after 0 of 10 bytes"},
        {"short", 99999, 100000, 0, "the body's source ended after 99999 of 100000 bytes"},
        {"fails with a size", 100000, 100000, 1, "the body's source failed after"},
        {"fails without", 100000, -1, 70000, "the body's source failed after"},
    };
    struct anycert_client *client = floor_client(NULL);

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct letters letters = {.size = rows[i].size, .fail_at = rows[i].fail_at, .most = 4000};
        struct anycert_request *request = post("echo");
        struct anycert_response *response = NULL;

        set_source(request, &letters, rows[i].announced, rewind_letters);
        floor_fails(client, request, ANYCERT_E_BODY_READ, NULL);
        if (!strstr(floor_message(), rows[i].says))
            fail_msg("%s: %s", rows[i].name, floor_message());
        response = floor_ok(client, post("echo")); /* over another connection */
        assert_int_equal(anycert_response_hop_reused(response, 0), 0);
        anycert_response_free(response);
    }
    anycert_client_free(client);
}

static void source_is_rewound_for_a_redirect_that_repeats_it(void **state)
{
    static const int codes[] = {307, 308};
    static const int64_t sizes[] = {5000, -1};
    struct anycert_client *client = floor_client(NULL);

    (void)state;
    for (size_t i = 0; i < COUNT(codes) * COUNT(sizes); i++) {
        struct letters letters = {.size = 5000};
        struct anycert_request *request = post(floor_redirect(codes[i / 2], "/echo"));
        struct anycert_response *response = NULL;

        set_source(request, &letters, sizes[i % 2], rewind_letters);
        response = floor_ok(client, request);
        assert_int_equal(anycert_response_hop_count(response), 2);
        assert_echoes_letters(response, 5000);
        assert_int_equal(letters.rewinds, 1);
        anycert_response_free(response);
    }
    anycert_client_free(client);
}

static void source_that_cannot_be_rewound_ends_at_a_redirect(void **state)
{
    struct anycert_client *client = floor_client(NULL);
    struct letters letters = {.size = 100, .rewind_result = -1};
    struct anycert_request *request = post(floor_redirect(307, "/echo"));
    struct anycert_response *response = NULL;

    (void)state;
    set_source(request, &letters, 100, NULL);
    floor_fails(client, request, ANYCERT_E_REDIRECTS, &response);
    assert_non_null(strstr(floor_message(), "source cannot be rewound"));
    assert_int_equal(anycert_response_hop_count(response), 1);
    anycert_response_free(response);
    letters.at = 0;
    request = post(floor_redirect(308, "/echo"));
    set_source(request, &letters, 100, rewind_letters);
    floor_fails(client, request, ANYCERT_E_BODY_READ, NULL);
    assert_non_null(strstr(floor_message(), "rewinding the body's source failed"));
    /* What drops the body needs none. */
    letters.at = 0;
    request = post(floor_redirect(303, "/echo"));
    set_source(request, &letters, 100, NULL);
    response = floor_ok(client, request);
    assert_string_equal(floor_echo_text(response, "/method"), "GET");
    assert_int_equal(floor_echo_number(response, "/body/length"), 0);
    anycert_response_free(response);
    anycert_client_free(client);
}

static void source_is_rewound_for_another_send(void **state)
{
    struct anycert_client *client = floor_client(NULL);
    struct letters letters = {.size = 100};
    struct anycert_request *request = post("echo");
    struct anycert_error err = {0};

    (void)state;
    set_source(request, &letters, 100, rewind_letters);
    for (int i = 0; i < 3; i++) {
        struct anycert_response *response = NULL;

        if (anycert_client_send(client, request, &response, &err) < 0)
            fail_msg("%s", err.message);
        assert_echoes_letters(response, 100);
        assert_int_equal(letters.rewinds, i);
        anycert_response_free(response);
    }
    letters.at = 0;
    set_source(request, &letters, 100, NULL);
    for (int i = 0; i < 2; i++) {
        struct anycert_response *response = NULL;

        assert_int_equal(anycert_client_send(client, request, &response, &err), i == 0 ? 0 : -1);
        anycert_response_free(response);
    }
    assert_int_equal(err.code, ANYCERT_E_BODY_READ);
    assert_non_null(strstr(err.message, "cannot be rewound"));
    anycert_request_free(request);
    anycert_client_free(client);
}

static struct anycert_client *client_that_retries(void)
{
    static const int statuses[] = {503};
    struct anycert_config *config = floor_config(NULL);
    struct anycert_retry *retry = anycert_retry_new(NULL);

    assert_int_equal(anycert_retry_set_count(retry, 2, NULL), 0);
    assert_int_equal(anycert_retry_set_statuses(retry, statuses, 1, NULL), 0);
    assert_int_equal(anycert_retry_set_methods(retry, "POST", NULL), 0);
    assert_int_equal(anycert_retry_set_backoff(retry, 0, 0, 0, NULL), 0);
    assert_int_equal(anycert_config_set_retry(config, retry, NULL), 0);
    anycert_retry_free(retry);
    return floor_client_of(config);
}

static void source_is_rewound_for_a_retry_or_ends_it(void **state)
{
    struct anycert_client *client = client_that_retries();

    (void)state;
    for (int rewindable = 0; rewindable <= 1; rewindable++) {
        struct letters letters = {.size = 1000};
        struct anycert_request *request = post("status/503");
        uint64_t before = lab_server_requests(floor_server("good"));
        struct anycert_response *response = NULL;

        set_source(request, &letters, 1000, rewindable ? rewind_letters : NULL);
        response = floor_ok(client, request);
        assert_int_equal(anycert_response_status(response), 503);
        assert_int_equal(lab_server_requests(floor_server("good")) - before, rewindable ? 3 : 1);
        assert_int_equal(letters.rewinds, rewindable ? 2 : 0);
        assert_int_equal(letters.at, 1000);
        anycert_response_free(response);
    }
    anycert_client_free(client);
}

/* A server that has never heard of it makes everybody wait who asks. */
static void source_is_announced_only_if_it_is_large(void **state)
{
    static const struct {
        int64_t size, announced;
        const char *own, *sent;
    } rows[] = {{100, 100, NULL, NULL},
                {1 << 20, 1 << 20, NULL, NULL},
                {(1 << 20) + 1, (1 << 20) + 1, NULL, "100-continue"},
                {100, -1, NULL, "100-continue"},
                {100, 100, "100-continue", "100-continue"}};
    struct anycert_client *client = floor_client(NULL);

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct letters letters = {.size = rows[i].size};
        struct anycert_request *request = post("echo");
        struct anycert_response *response = NULL;
        const char *sent = NULL;

        if (rows[i].own)
            floor_header(request, "Expect", rows[i].own);
        set_source(request, &letters, rows[i].announced, NULL);
        response = floor_ok(client, request);
        sent = floor_echo_header(response, "Expect", 0);
        assert_int_equal(sent != NULL, rows[i].sent != NULL);
        if (sent)
            assert_string_equal(sent, rows[i].sent);
        assert_int_equal(floor_echo_number(response, "/body/length"), rows[i].size);
        anycert_response_free(response);
    }
    anycert_client_free(client);
}

/* Nothing is read from a source whose server never gets it. */
static void source_is_not_begun_before_the_server_is_accepted(void **state)
{
    struct anycert_client *client = floor_client(NULL);
    struct letters letters = {.size = 100};
    struct anycert_request *request = floor_request("POST", floor_url("self-signed", "echo"));

    (void)state;
    set_source(request, &letters, 100, NULL);
    floor_fails(client, request, ANYCERT_E_TRUST_ISSUER, NULL);
    assert_int_equal(letters.reads, 0);
    anycert_client_free(client);
}

static void source_that_makes_no_sense_is_refused(void **state)
{
    struct anycert_request *request = post("echo");
    struct anycert_request *head = floor_request("HEAD", floor_url("good", "echo"));
    struct anycert_error err = {0};

    (void)state;
    assert_int_equal(anycert_request_set_body_source(request, NULL, NULL, 1, NULL, &err), -1);
    assert_int_equal(err.code, ANYCERT_E_USAGE);
    assert_int_equal(anycert_request_set_body_source(request, give_letters, NULL, -2, NULL, NULL),
                     -1);
    assert_int_equal(anycert_request_set_body_source(head, give_letters, NULL, 1, NULL, NULL), -1);
    anycert_request_free(head);
    anycert_request_free(request);
}

/* ---- files */

static int cut_file(void *arg, uint64_t received, uint64_t receive_total, uint64_t sent,
                    uint64_t send_total)
{
    (void)received;
    (void)receive_total;
    (void)send_total;
    return sent > 0 ? truncate(arg, 100) : 0;
}

/* The server would wait for the rest until the stall limit. */
static void file_that_shrinks_while_it_is_sent_is_an_error(void **state)
{
    struct anycert_client *client = floor_client(NULL);
    struct anycert_request *request = post("echo");
    char *path = NULL;

    (void)state;
    floor_folder();
    path = strdup(floor_path("file"));
    floor_write(path, "");
    assert_int_equal(truncate(path, 64 << 20), 0);
    assert_int_equal(anycert_request_set_body_file(request, path, NULL), 0);
    assert_int_equal(anycert_request_set_progress(request, cut_file, path, NULL), 0);
    floor_fails(client, request, ANYCERT_E_FILE, NULL);
    assert_non_null(strstr(floor_message(), "ended after"));
    floor_remove_folder(1);
    free(path);
    anycert_client_free(client);
}

/* ---- JSON */

static void json_is_sent_as_given_with_its_type(void **state)
{
    static const char *const texts[] = {"{}",   "[]",           "0",
                                        "null", "\"\xc3\xa9\"", " {\"a\" : 1e3}\n"};
    struct anycert_client *client = floor_client(NULL);
    struct anycert_request *request = NULL;
    struct anycert_response *response = NULL;

    (void)state;
    for (size_t i = 0; i < COUNT(texts); i++) {
        request = post("mirror");
        assert_int_equal(anycert_request_set_json(request, texts[i], strlen(texts[i]), NULL), 0);
        response = floor_ok(client, request);
        assert_string_equal(anycert_response_body(response, NULL), texts[i]);
        assert_string_equal(anycert_response_header(response, "Content-Type", 0),
                            "application/json");
        anycert_response_free(response);
    }
    request = post("mirror");
    assert_int_equal(anycert_request_set_json(request, "{}", 2, NULL), 0);
    floor_header(request, "content-type", "application/vnd.api+json");
    response = floor_ok(client, request);
    assert_string_equal(anycert_response_header(response, "Content-Type", 0),
                        "application/vnd.api+json");
    anycert_response_free(response);
    request = post("echo");
    assert_int_equal(anycert_request_set_json(request, "{}", 2, NULL), 0);
    floor_header(request, "Content-Type", NULL);
    response = floor_ok(client, request);
    assert_null(floor_echo_header(response, "Content-Type", 0));
    anycert_response_free(response);
    anycert_client_free(client);
}

static void json_that_is_none_is_refused_and_changes_nothing(void **state)
{
    static const char *const texts[] = {
        "",    "{",        "{\"a\":1,}",     "NaN",   "[Infinity]", "// {}",
        "'a'", "\"\xff\"", "\xef\xbb\xbf{}", "{} {}", "\"\n\"",     "nul",
        "01"};
    struct anycert_client *client = floor_client(NULL);
    struct anycert_request *request = post("mirror");
    struct anycert_response *response = NULL;

    (void)state;
    assert_int_equal(anycert_request_set_json(request, "[1]", 3, NULL), 0);
    for (size_t i = 0; i < COUNT(texts); i++) {
        struct anycert_error err = {0};

        if (anycert_request_set_json(request, texts[i], strlen(texts[i]), &err) == 0)
            fail_msg("'%s' was taken", texts[i]);
        assert_int_equal(err.code, ANYCERT_E_BODY_JSON);
    }
    response = floor_ok(client, request);
    assert_string_equal(anycert_response_body(response, NULL), "[1]");
    anycert_response_free(response);
    anycert_client_free(client);
}

static void last_kind_of_body_wins(void **state)
{
    struct anycert_client *client = floor_client(NULL);
    struct anycert_request *request = post("mirror");
    struct letters letters = {.size = 3};
    struct anycert_response *response = NULL;

    (void)state;
    floor_folder();
    floor_write(floor_path("file"), "file");
    assert_int_equal(anycert_request_add_form(request, "a", "b", NULL), 0);
    assert_int_equal(anycert_request_add_part(request, "a", "b", 1, NULL, NULL, NULL), 0);
    assert_int_equal(anycert_request_set_json(request, "{}", 2, NULL), 0);
    set_source(request, &letters, 3, NULL);
    assert_int_equal(anycert_request_set_body_file(request, floor_path("file"), NULL), 0);
    assert_int_equal(anycert_request_add_form(request, "c", "d", NULL), 0);
    assert_int_equal(anycert_request_set_body(request, "bytes", 5, NULL), 0);
    response = floor_ok(client, request);
    assert_string_equal(anycert_response_body(response, NULL), "bytes");
    assert_null(anycert_response_header(response, "Content-Type", 0));
    assert_int_equal(letters.reads, 0);
    anycert_response_free(response);
    floor_remove_folder(1);
    anycert_client_free(client);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(source_of_known_size_has_a_length),
        cmocka_unit_test(source_of_unknown_size_goes_in_chunks),
        cmocka_unit_test(source_is_not_asked_for_more_than_its_size),
        cmocka_unit_test(source_that_ends_early_or_fails_is_an_error),
        cmocka_unit_test(source_is_rewound_for_a_redirect_that_repeats_it),
        cmocka_unit_test(source_that_cannot_be_rewound_ends_at_a_redirect),
        cmocka_unit_test(source_is_rewound_for_another_send),
        cmocka_unit_test(source_is_rewound_for_a_retry_or_ends_it),
        cmocka_unit_test(source_is_announced_only_if_it_is_large),
        cmocka_unit_test(source_is_not_begun_before_the_server_is_accepted),
        cmocka_unit_test(source_that_makes_no_sense_is_refused),
        cmocka_unit_test(file_that_shrinks_while_it_is_sent_is_an_error),
        cmocka_unit_test(json_is_sent_as_given_with_its_type),
        cmocka_unit_test(json_that_is_none_is_refused_and_changes_nothing),
        cmocka_unit_test(last_kind_of_body_wins),
    };

    return cmocka_run_group_tests(tests, floor_setup, floor_teardown);
}
