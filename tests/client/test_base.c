/* What a client gives to all of its requests: its base URL and its header fields; and the
 * parameters of one of them. */
#include "client/floor.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define COUNT(a) (sizeof(a) / sizeof(a)[0])

static struct anycert_client *client_of(const char *base)
{
    struct anycert_config *config = floor_config(NULL);
    struct anycert_error err = {0};

    if (anycert_config_set_base_url(config, base, &err) < 0)
        fail_msg("%s: %s", base, err.message);
    return floor_client_of(config);
}

static void param(struct anycert_request *request, const char *name, const char *value)
{
    struct anycert_error err = {0};

    if (anycert_request_add_param(request, name, value, &err) < 0)
        fail_msg("%s", err.message);
}

static void base_url_and_suffix_are_joined_on_the_wire(void **state)
{
    static const struct {
        const char *base, *suffix, *target;
    } rows[] = {
        {"echo", "", "/echo/"},
        {"echo", "a b?c=d e#f", "/echo/a%20b?c=d%20e"},
        {"", "//echo/dbl", "/echo/dbl"},
        {"echo?key=1", "x?y=2", "/echo/x?key=1&y=2"},
        {"x/../echo/", "/caf\xc3\xa9", "/echo/caf%C3%A9"},
        {"echo", "a%20b%zz", "/echo/a%2520b%25zz"},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct anycert_client *client = client_of(floor_url("good", rows[i].base));
        struct anycert_error err = {0};
        struct anycert_request *request =
            anycert_client_request(client, "GET", rows[i].suffix, &err);
        struct anycert_response *response = NULL;

        if (!request)
            fail_msg("%s", err.message);
        response = floor_ok(client, request);
        if (anycert_response_status(response) == 200)
            assert_string_equal(floor_echo_text(response, "/target"), rows[i].target);
        else /* the lab has routes by their whole path */
            assert_non_null(strstr(anycert_response_url(response), rows[i].target));
        anycert_response_free(response);
        anycert_client_free(client);
    }
}

static void base_url_that_is_missing_or_none_is_refused(void **state)
{
    static const char *const urls[] = {"h", "ftp://h", "https://h:x", "https://me:s3cret@h\r\n",
                                       "file:///etc/passwd"};
    struct anycert_config *config = floor_config(NULL);
    struct anycert_client *client = NULL;
    struct anycert_error err = {0};

    (void)state;
    for (size_t i = 0; i < COUNT(urls); i++) {
        memset(&err, 0, sizeof err);
        assert_int_equal(anycert_config_set_base_url(config, urls[i], &err), -1);
        assert_int_equal(err.code, ANYCERT_E_URL);
        assert_memory_equal(err.message, "base URL", 8);
        assert_null(strstr(err.message, "s3cret"));
    }
    assert_int_equal(anycert_config_set_base_url(config, "https://localhost", NULL), 0);
    assert_int_equal(anycert_config_set_base_url(config, "", NULL), 0); /* none again */
    client = floor_client_of(config);
    memset(&err, 0, sizeof err);
    assert_null(anycert_client_request(client, "GET", "/x", &err));
    assert_int_equal(err.code, ANYCERT_E_USAGE);
    anycert_client_free(client);
}

static void base_url_user_becomes_basic_authentication(void **state)
{
    char base[300];
    struct anycert_client *client = NULL;
    struct anycert_response *response = NULL;

    (void)state;
    snprintf(base, sizeof base, "https://me:pass@%s", floor_url("good", "") + 8);
    client = client_of(base);
    response = floor_ok(client, anycert_client_request(client, "GET", "echo", NULL));
    assert_string_equal(floor_echo_header(response, "Authorization", 0), "Basic bWU6cGFzcw==");
    assert_null(strstr(anycert_response_url(response), "pass"));
    anycert_response_free(response);
    anycert_client_free(client);
}

static struct anycert_client *client_with_headers(void)
{
    struct anycert_config *config = floor_config(NULL);

    assert_int_equal(anycert_config_add_header(config, "X-Client", "1", NULL), 0);
    assert_int_equal(anycert_config_add_header(config, "X-Client", "2", NULL), 0);
    assert_int_equal(anycert_config_add_header(config, "Accept", "application/x", NULL), 0);
    assert_int_equal(anycert_config_add_header(config, "User-Agent", NULL, NULL), 0);
    return floor_client_of(config);
}

static void client_headers_are_sent_by_requests_without_any(void **state)
{
    struct anycert_client *client = client_with_headers();
    struct anycert_response *response =
        floor_ok(client, floor_request("GET", floor_url("good", "echo")));

    (void)state;
    assert_string_equal(floor_echo_header(response, "X-Client", 0), "1");
    assert_string_equal(floor_echo_header(response, "X-Client", 1), "2");
    assert_string_equal(floor_echo_header(response, "Accept", 0), "application/x");
    assert_null(floor_echo_header(response, "User-Agent", 0));
    anycert_response_free(response);
    anycert_client_free(client);
}

/* Replaced, not merged. */
static void client_headers_give_way_to_the_request_s_own(void **state)
{
    struct anycert_client *client = client_with_headers();
    struct anycert_request *request = floor_request("GET", floor_url("good", "echo"));
    struct anycert_response *response = NULL;

    (void)state;
    floor_header(request, "X-Own", "1");
    response = floor_ok(client, request);
    assert_string_equal(floor_echo_header(response, "X-Own", 0), "1");
    assert_null(floor_echo_header(response, "X-Client", 0));
    assert_string_equal(floor_echo_header(response, "Accept", 0), "*/*");
    assert_memory_equal(floor_echo_header(response, "User-Agent", 0), "anycert/", 8);
    anycert_response_free(response);
    /* A body's type is no header of the request's own. */
    request = floor_request("POST", floor_url("good", "echo"));
    assert_int_equal(anycert_request_set_json(request, "{}", 2, NULL), 0);
    response = floor_ok(client, request);
    assert_string_equal(floor_echo_header(response, "Content-Type", 0), "application/json");
    assert_string_equal(floor_echo_header(response, "X-Client", 1), "2");
    anycert_response_free(response);
    anycert_client_free(client);
}

static void client_secret_headers_stay_with_the_first_origin(void **state)
{
    struct anycert_config *config = floor_config(NULL);
    struct anycert_client *client = NULL;
    struct anycert_response *response = NULL;

    (void)state;
    assert_int_equal(anycert_config_add_header(config, "X-Mine", "s3cret", NULL), 0);
    assert_int_equal(anycert_config_add_header(config, "X-AUTH-TOKEN", "s3cret", NULL), 0);
    assert_int_equal(anycert_config_add_header(config, "Authorization", "Bearer s3cret", NULL), 0);
    assert_int_equal(anycert_config_add_header(config, "X-Plain", "1", NULL), 0);
    assert_int_equal(anycert_config_add_secret_header(config, "x-mine", NULL), 0);
    client = floor_client_of(config);
    response = floor_ok(client, floor_request("GET", floor_url("good", "echo")));
    assert_string_equal(floor_echo_header(response, "X-Mine", 0), "s3cret");
    assert_string_equal(floor_echo_header(response, "X-Auth-Token", 0), "s3cret");
    anycert_response_free(response);
    response = floor_ok(
        client,
        floor_request("GET", floor_url("good", floor_redirect(302, floor_url("good-ec", "echo")))));
    assert_null(floor_echo_header(response, "X-Mine", 0));
    assert_null(floor_echo_header(response, "X-Auth-Token", 0)); /* nobody declared it */
    assert_null(floor_echo_header(response, "Authorization", 0));
    assert_string_equal(floor_echo_header(response, "X-Plain", 0), "1");
    anycert_response_free(response);
    anycert_client_free(client);
}

static void client_headers_that_are_none_are_refused(void **state)
{
    static const struct {
        const char *name, *value;
    } rows[] = {{"X\r\nY", "1"}, {"X", "1\r\nY: 2"},        {"X", "a\nb"},
                {"", "1"},       {"Content-Length", "100"}, {"X Y", "1"},
                {"X:", "1"},     {"Transfer-Encoding", ""}, {NULL, "1"}};
    struct anycert_config *config = floor_config(NULL);

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct anycert_error err = {0};

        assert_int_equal(anycert_config_add_header(config, rows[i].name, rows[i].value, &err), -1);
        assert_int_equal(err.code, ANYCERT_E_HEADER);
        assert_null(strpbrk(err.message, "\r\n"));
    }
    anycert_config_free(config);
}

static void params_are_encoded_and_repeated(void **state)
{
    struct anycert_client *client = floor_client(NULL);
    struct anycert_request *request = floor_request("GET", floor_url("good", "echo?x=y"));
    struct anycert_response *response = NULL;

    (void)state;
    param(request, "q", "a b/c&d=\xc3\xa9");
    param(request, "q", "2");
    param(request, "", "");
    param(request, "\r\n", "\r\n");
    response = floor_ok(client, request);
    assert_string_equal(floor_echo_text(response, "/query"),
                        "x=y&q=a+b%2Fc%26d%3D%C3%A9&q=2&=&%0D%0A=%0D%0A");
    anycert_response_free(response);
    request = floor_request("GET", floor_url("good", "echo"));
    param(request, "a", "b c");
    assert_int_equal(anycert_request_set_query_encoding(request, ANYCERT_QUERY_PERCENT, NULL), 0);
    param(request, "d", "e f");
    assert_int_equal(anycert_request_set_query(request, "one=1 2&two=%20+", NULL), 0);
    response = floor_ok(client, request);
    assert_string_equal(floor_echo_text(response, "/query"), "one=1%202&two=%20+&a=b%20c&d=e%20f");
    anycert_response_free(response);
    anycert_client_free(client);
}

static void params_that_cannot_be_are_refused_and_change_nothing(void **state)
{
    struct anycert_client *client = floor_client(NULL);
    struct anycert_request *request = floor_request("GET", floor_url("good", "echo"));
    struct anycert_response *response = NULL;
    struct anycert_error err = {0};
    char *value = malloc(65537);

    (void)state;
    assert_non_null(value);
    memset(value, 'v', 65536);
    value[65536] = '\0';
    param(request, "a", "1");
    assert_int_equal(anycert_request_add_param(request, "b", value, &err), -1);
    assert_int_equal(err.code, ANYCERT_E_URL);
    memset(&err, 0, sizeof err);
    assert_int_equal(anycert_request_set_query(request, value, &err), -1);
    assert_int_equal(err.code, ANYCERT_E_URL);
    free(value);
    memset(&err, 0, sizeof err);
    assert_int_equal(anycert_request_set_query(request, "a=\r\nX: y", &err), -1);
    assert_int_equal(err.code, ANYCERT_E_URL);
    assert_int_equal(anycert_request_set_query(request, "\xff", NULL), -1);
    assert_int_equal(anycert_request_add_param(request, NULL, "1", NULL), -1);
    assert_int_equal(anycert_request_add_param(request, "b", NULL, NULL), -1);
    assert_int_equal(
        anycert_request_set_query_encoding(request, (enum anycert_query_encoding)7, NULL), -1);
    response = floor_ok(client, request);
    assert_string_equal(floor_echo_text(response, "/query"), "a=1");
    anycert_response_free(response);
    anycert_client_free(client);
}

/* Parameters may be secret, as a query may be. */
static void params_are_no_part_of_what_a_redirect_asks_for(void **state)
{
    struct anycert_client *client = floor_client(NULL);
    struct anycert_request *request =
        floor_request("GET", floor_url("good", floor_redirect(302, "/echo?own=1")));
    struct anycert_response *response = NULL;

    (void)state;
    param(request, "key", "s3cret");
    response = floor_ok(client, request);
    assert_string_equal(floor_echo_text(response, "/query"), "own=1");
    anycert_response_free(response);
    anycert_client_free(client);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(base_url_and_suffix_are_joined_on_the_wire),
        cmocka_unit_test(base_url_that_is_missing_or_none_is_refused),
        cmocka_unit_test(base_url_user_becomes_basic_authentication),
        cmocka_unit_test(client_headers_are_sent_by_requests_without_any),
        cmocka_unit_test(client_headers_give_way_to_the_request_s_own),
        cmocka_unit_test(client_secret_headers_stay_with_the_first_origin),
        cmocka_unit_test(client_headers_that_are_none_are_refused),
        cmocka_unit_test(params_are_encoded_and_repeated),
        cmocka_unit_test(params_that_cannot_be_are_refused_and_change_nothing),
        cmocka_unit_test(params_are_no_part_of_what_a_redirect_asks_for),
    };

    return cmocka_run_group_tests(tests, floor_setup, floor_teardown);
}
