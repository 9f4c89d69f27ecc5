/* Cookies of one request: beside those that the client keeps, and over redirects. */
#include "client/floor.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static struct canned *here, *there;

static int start(void **state)
{
    (void)state;
    here = canned_start(false);
    there = canned_start(false);
    return 0;
}

static int stop(void **state)
{
    (void)state;
    canned_stop(here);
    canned_stop(there);
    return 0;
}

static struct anycert_client *client_with_cookies(int cookies)
{
    struct anycert_config *config = floor_config(NULL);

    assert_int_equal(anycert_config_set_cookies(config, cookies, NULL), 0);
    return floor_client_of(config);
}

static void cookie(struct anycert_request *request, const char *name, const char *value)
{
    struct anycert_error err = {0};

    if (anycert_request_add_cookie(request, name, value, &err) < 0)
        fail_msg("%s", err.message);
}

static struct anycert_request *get(const char *path)
{
    char url[200];

    snprintf(url, sizeof url, "%s%s", canned_origin(here), path);
    return floor_request("GET", url);
}

/* A redirect to there, with more header fields. */
static void redirect(const char *location, const char *fields)
{
    canned_text(here, CANNED_KEEP,
                "HTTP/1.1 302 Found\r\nContent-Length: 0\r\nLocation: %s\r\n%s\r\n", location,
                fields);
}

static void answer(struct canned *server, const char *fields)
{
    canned_text(server, CANNED_KEEP, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n%s\r\n", fields);
}

static void send(struct anycert_client *client, struct anycert_request *request)
{
    anycert_response_free(floor_ok(client, request));
}

/* What the server got back then: 0 is the last request; NULL: no Cookie field. */
static void assert_got(struct canned *server, unsigned back, const char *expected)
{
    char *text = canned_request(server, canned_requests(server) - 1 - back, NULL);
    char *field = strstr(text, "\r\nCookie: ");

    if (expected) {
        assert_non_null(field);
        field += strlen("\r\nCookie: ");
        field[strcspn(field, "\r")] = '\0';
        assert_string_equal(field, expected);
    } else {
        assert_null(field);
    }
    free(text);
}

static void own_cookies_go_with_one_request(void **state)
{
    struct anycert_client *client = client_with_cookies(0);
    struct anycert_request *request = get("/");

    (void)state;
    cookie(request, "a", "1; x");
    cookie(request, "b[\xc3\xa9]", "");
    cookie(request, "a", "2");
    answer(here, "");
    send(client, request);
    assert_got(here, 0, "b[\xc3\xa9]=; a=2");
    send(client, get("/"));
    assert_got(here, 0, NULL);
    anycert_client_free(client);
}

static void own_cookies_survive_redirects_of_their_origin_alone(void **state)
{
    for (int cookies = 0; cookies < 2; cookies++) {
        struct anycert_client *client = client_with_cookies(cookies);
        struct anycert_request *request = get("/");

        (void)state;
        cookie(request, "a", "1");
        redirect("/on", "");
        redirect(canned_origin(there), "");
        answer(there, "");
        answer(here, "");
        send(client, request);
        assert_got(here, 1, "a=1");
        assert_got(here, 0, "a=1");
        assert_got(there, 0, NULL);
        anycert_client_free(client);
    }
}

static void own_cookies_stand_beside_kept_ones(void **state)
{
    struct anycert_client *client = client_with_cookies(1);
    struct anycert_request *request = NULL;

    (void)state;
    answer(here,
           "Set-Cookie: a=kept\r\nSet-Cookie: c=3; Path=/\r\nSet-Cookie: d=4; Path=/deep/er\r\n"
           "Set-Cookie: e=5; Path=/elsewhere\r\nSet-Cookie: f=6; Path=/deep/\r\n");
    send(client, get("/"));
    request = get("/deep/er?x");
    cookie(request, "a", "own");
    answer(here, "Set-Cookie: g=7; Path=/\r\n");
    send(client, request);
    assert_got(here, 0, "d=4; f=6; c=3; a=own");
    answer(here, "");
    send(client, get("/other"));
    {
        char *text = canned_request(here, canned_requests(here) - 1, NULL);

        assert_non_null(strstr(text, "a=kept"));
        assert_non_null(strstr(text, "g=7")); /* the answer's were kept */
        free(text);
    }
    anycert_client_free(client);
}

static void own_cookie_ends_when_an_answer_sets_it(void **state)
{
    struct anycert_client *client = client_with_cookies(1);
    struct anycert_request *request = get("/");

    (void)state;
    cookie(request, "a", "1");
    cookie(request, "b", "2");
    cookie(request, "ab", "3");
    redirect("/two", "Set-Cookie: a=new; Path=/\r\n");
    redirect("/three", "Set-Cookie: a=; Max-Age=0; Path=/\r\n");
    answer(here, "");
    send(client, request);
    assert_got(here, 2, "a=1; b=2; ab=3");
    assert_got(here, 1, "a=new; b=2; ab=3");
    assert_got(here, 0, "b=2; ab=3");
    anycert_client_free(client);
}

static void own_cookies_yield_to_a_field(void **state)
{
    struct anycert_client *client = client_with_cookies(1);
    struct anycert_request *request = get("/");

    (void)state;
    cookie(request, "a", "1");
    floor_header(request, "Cookie", "mine=2");
    answer(here, "");
    send(client, request);
    assert_got(here, 0, "mine=2");
    anycert_client_free(client);
}

static void own_cookies_are_checked(void **state)
{
    static const char *const bad[][2] = {{NULL, "1"},   {"", "1"},      {"a=b", "1"},
                                         {"a;b", "1"},  {"a\r\n", "1"}, {"a", "1\r\n"},
                                         {"a", "\x7f"}, {"a", NULL}};
    struct anycert_request *request = get("/");

    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        struct anycert_error err = {0};

        assert_int_equal(anycert_request_add_cookie(request, bad[i][0], bad[i][1], &err), -1);
        assert_int_equal(err.code, ANYCERT_E_HEADER);
    }
    anycert_request_free(request);
}

static void own_cookies_are_secret_in_a_curl_command(void **state)
{
    struct anycert_client *client = client_with_cookies(0);
    struct anycert_request *request = get("/");
    char *command = NULL;

    (void)state;
    cookie(request, "sid", "s3cret");
    command = anycert_client_curl_command(client, request, NULL);
    assert_non_null(command);
    assert_non_null(strstr(command, "--cookie 'sid='"));
    assert_null(strstr(command, "s3cret"));
    anycert_free(command);
    anycert_request_free(request);
    anycert_client_free(client);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(own_cookies_go_with_one_request, start, stop),
        cmocka_unit_test_setup_teardown(own_cookies_survive_redirects_of_their_origin_alone, start,
                                        stop),
        cmocka_unit_test_setup_teardown(own_cookies_stand_beside_kept_ones, start, stop),
        cmocka_unit_test_setup_teardown(own_cookie_ends_when_an_answer_sets_it, start, stop),
        cmocka_unit_test_setup_teardown(own_cookies_yield_to_a_field, start, stop),
        cmocka_unit_test_setup_teardown(own_cookies_are_checked, start, stop),
        cmocka_unit_test_setup_teardown(own_cookies_are_secret_in_a_curl_command, start, stop),
    };

    return cmocka_run_group_tests(tests, floor_setup, floor_teardown);
}
