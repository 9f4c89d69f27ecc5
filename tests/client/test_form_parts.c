/* Parts of forms that a callback gives, and header fields of parts. */
#include "client/floor.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define COUNT(a) (sizeof(a) / sizeof(a)[0])

/* A source of the letter x. */
struct letters {
    int64_t size, at; /* in all; given so far */
    int64_t fail_at;  /* fails there; 0: never */
    int rewinds;
};

static int64_t give(void *arg, void *buffer, size_t size)
{
    struct letters *letters = arg;
    int64_t n = letters->size - letters->at;

    if (letters->fail_at > 0 && letters->at >= letters->fail_at)
        return -1;
    n = (uint64_t)n > size ? (int64_t)size : n;
    memset(buffer, 'x', (size_t)n);
    letters->at += n;
    return n;
}

static int begin_again(void *arg)
{
    struct letters *letters = arg;

    letters->at = 0;
    letters->rewinds++;
    return 0;
}

static struct anycert_request *post(const char *path)
{
    return floor_request("POST", floor_url("good", path));
}

static void source(struct anycert_request *request, struct letters *letters, int64_t size,
                   anycert_rewind_callback *rewind)
{
    struct anycert_error err = {0};

    if (anycert_request_add_part(request, "f", "gone", 4, "x.txt", "", &err) < 0 ||
        anycert_request_set_part_source(request, give, rewind, size, letters, &err) < 0)
        fail_msg("%s", err.message);
}

static void header(struct anycert_request *request, const char *name, const char *value)
{
    struct anycert_error err = {0};

    if (anycert_request_add_part_header(request, name, value, &err) < 0)
        fail_msg("%s", err.message);
}

/* What /mirror sent back, without boundaries: they become '@'. Freed by the caller. */
static char *mirrored(struct anycert_client *client, struct anycert_request *request)
{
    struct anycert_response *response = floor_ok(client, request);
    const char *type = anycert_response_header(response, "Content-Type", 0);
    const char *body = anycert_response_body(response, NULL);
    char *text = calloc(1, strlen(body) + 1);
    char boundary[200];
    size_t used = 0;

    assert_non_null(text);
    assert_non_null(strstr(type, "boundary="));
    snprintf(boundary, sizeof boundary, "--%s", strstr(type, "boundary=") + 9);
    while (*body) {
        bool is_one = strncmp(body, boundary, strlen(boundary)) == 0;

        text[used++] = is_one ? '@' : *body;
        body += is_one ? strlen(boundary) : 1;
    }
    anycert_response_free(response);
    return text;
}

static void part_source_of_known_size_has_a_length(void **state)
{
    static const int64_t sizes[] = {0, 1, 3000000};
    struct anycert_client *client = floor_client(NULL);

    (void)state;
    for (size_t i = 0; i < COUNT(sizes); i++) {
        struct letters letters = {.size = sizes[i] + 5}; /* not asked for */
        struct anycert_request *request = post("echo");
        struct anycert_response *response = NULL;

        source(request, &letters, sizes[i], NULL);
        response = floor_ok(client, request);
        assert_null(floor_echo_header(response, "Transfer-Encoding", 0));
        assert_int_equal(atoll(floor_echo_header(response, "Content-Length", 0)),
                         floor_echo_number(response, "/body/length"));
        assert_int_equal(letters.at, sizes[i]);
        assert_true(floor_echo_number(response, "/body/length") > sizes[i]);
        anycert_response_free(response);
    }
    anycert_client_free(client);
}

static void part_source_of_unknown_size_goes_in_chunks(void **state)
{
    struct anycert_client *client = floor_client(NULL);
    struct letters letters = {.size = 100000};
    struct anycert_request *request = post("echo");
    struct anycert_response *response = NULL;

    (void)state;
    source(request, &letters, -1, NULL);
    response = floor_ok(client, request);
    assert_string_equal(floor_echo_header(response, "Transfer-Encoding", 0), "chunked");
    assert_true(floor_echo_number(response, "/body/length") > 100000);
    anycert_response_free(response);
    anycert_client_free(client);
}

static void part_source_that_ends_early_or_fails_is_an_error(void **state)
{
    struct anycert_client *client = floor_client(NULL);
    struct letters ends = {.size = 10};
    struct letters fails = {.size = 100, .fail_at = 1};
    struct anycert_request *request = post("echo");

    (void)state;
    source(request, &ends, 11, NULL);
    floor_fails(client, request, ANYCERT_E_BODY_READ, NULL);
    assert_non_null(strstr(floor_message(), "ended after 10 of 11 bytes"));
    request = post("echo");
    fails.at = 1;
    source(request, &fails, -1, NULL);
    floor_fails(client, request, ANYCERT_E_BODY_READ, NULL);
    anycert_client_free(client);
}

static void part_source_is_rewound_for_a_redirect(void **state)
{
    struct anycert_client *client = floor_client(NULL);
    struct letters letters = {.size = 3};
    struct anycert_request *request = post(floor_redirect(307, "/mirror"));
    char *text = NULL;

    (void)state;
    source(request, &letters, 3, begin_again);
    text = mirrored(client, request);
    assert_string_equal(text, "@\r\nContent-Disposition: form-data; name=\"f\"; "
                              "filename=\"x.txt\"\r\n\r\nxxx\r\n@--\r\n");
    assert_int_equal(letters.rewinds, 1);
    free(text);
    letters = (struct letters){.size = 3};
    request = post(floor_redirect(307, "/mirror"));
    source(request, &letters, 3, NULL);
    floor_fails(client, request, ANYCERT_E_REDIRECTS, NULL);
    assert_non_null(strstr(floor_message(), "cannot be rewound"));
    anycert_client_free(client);
}

static void part_headers_stand_with_their_part(void **state)
{
    struct anycert_client *client = floor_client(NULL);
    struct letters letters = {.size = 1};
    struct anycert_request *request = post("mirror");
    char *text = NULL;

    (void)state;
    assert_int_equal(anycert_request_add_part(request, "a", "1", 1, NULL, "text/x", NULL), 0);
    header(request, "X-One", "1");
    header(request, "Content-ID", "<\xc3\xa9>");
    source(request, &letters, 1, NULL);
    header(request, "X-Two", "");
    assert_int_equal(anycert_request_add_form(request, "first", "0", NULL), 0);
    header(request, "X-Three", "3");
    assert_int_equal(anycert_request_add_part(request, "b", "2", 1, NULL, "", NULL), 0);
    text = mirrored(client, request);
    assert_string_equal(text,
                        "@\r\nContent-Disposition: form-data; name=\"first\"\r\n\r\n0\r\n"
                        "@\r\nContent-Disposition: form-data; name=\"a\"\r\n"
                        "Content-Type: text/x\r\nX-One: 1\r\nContent-ID: <\xc3\xa9>\r\n\r\n1\r\n"
                        "@\r\nContent-Disposition: form-data; name=\"f\"; filename=\"x.txt\"\r\n"
                        "X-Two: \r\nX-Three: 3\r\n\r\nx\r\n"
                        "@\r\nContent-Disposition: form-data; name=\"b\"\r\n\r\n2\r\n@--\r\n");
    free(text);
    anycert_client_free(client);
}

static void part_arguments_are_checked(void **state)
{
    static const char *const bad[][2] = {{"a b", "c"},
                                         {"", "c"},
                                         {NULL, "c"},
                                         {"X-A", "1\r\nX-Evil: 2"},
                                         {"X-A", "1\n"},
                                         {"content-type", "text/plain"},
                                         {"Content-Disposition", "form-data"}};
    struct anycert_request *request = post("echo");
    struct anycert_error err = {0};
    struct letters letters = {0};

    (void)state;
    assert_int_equal(anycert_request_add_part_header(request, "X-A", "1", &err), -1);
    assert_int_equal(err.code, ANYCERT_E_USAGE);
    assert_int_equal(anycert_request_set_part_source(request, give, NULL, 1, NULL, &err), -1);
    assert_int_equal(err.code, ANYCERT_E_USAGE);
    assert_int_equal(anycert_request_add_form(request, "a", "1", NULL), 0);
    assert_int_equal(anycert_request_add_part_header(request, "X-A", "1", &err), -1);
    source(request, &letters, 0, NULL);
    for (size_t i = 0; i < COUNT(bad); i++) {
        err = (struct anycert_error){0};
        assert_int_equal(anycert_request_add_part_header(request, bad[i][0], bad[i][1], &err), -1);
        assert_int_equal(err.code, ANYCERT_E_HEADER);
    }
    err = (struct anycert_error){0};
    assert_int_equal(anycert_request_add_part_header(request, "X-A", NULL, &err), -1);
    assert_int_equal(err.code, ANYCERT_E_USAGE);
    assert_int_equal(anycert_request_set_part_source(request, NULL, NULL, 1, NULL, &err), -1);
    assert_int_equal(anycert_request_set_part_source(request, give, NULL, -2, NULL, &err), -1);
    assert_int_equal(err.code, ANYCERT_E_USAGE);
    anycert_request_free(request);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(part_source_of_known_size_has_a_length),
        cmocka_unit_test(part_source_of_unknown_size_goes_in_chunks),
        cmocka_unit_test(part_source_that_ends_early_or_fails_is_an_error),
        cmocka_unit_test(part_source_is_rewound_for_a_redirect),
        cmocka_unit_test(part_headers_stand_with_their_part),
        cmocka_unit_test(part_arguments_are_checked),
    };

    return cmocka_run_group_tests(tests, floor_setup, floor_teardown);
}
