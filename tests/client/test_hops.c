/* What is known about each hop, and how many a request may make. */
#include "client/floor.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void hops_keep_their_headers(void **state)
{
    struct anycert_client *client = floor_client(NULL);
    struct anycert_response *response =
        floor_ok(client, floor_request("GET", floor_url("good", floor_redirect(307, "/bytes/7"))));
    const char *name = NULL;
    const char *value = NULL;
    bool has_location = false;

    (void)state;
    assert_int_equal(anycert_response_hop_count(response), 2);
    assert_non_null(anycert_response_hop_reason(response, 0));
    assert_string_equal(anycert_response_hop_reason(response, 1), "OK");
    assert_null(anycert_response_hop_reason(response, 2));
    for (size_t i = 0; anycert_response_hop_header_at(response, 0, i, &name, &value) == 0; i++)
        has_location =
            has_location || (strcmp(name, "Location") == 0 && strcmp(value, "/bytes/7") == 0);
    assert_true(has_location);
    assert_null(name);
    assert_int_equal(anycert_response_hop_header_at(response, 1, 0, &name, &value), 0);
    assert_string_equal(name, "Server");
    assert_int_equal(anycert_response_hop_header_at(response, 2, 0, &name, &value), -1);
    anycert_response_free(response);
    anycert_client_free(client);
}

static void redirects_are_limited_for_a_request(void **state)
{
    struct anycert_client *client = floor_client(NULL);
    struct anycert_request *request =
        floor_request("GET", floor_url("good", floor_redirect(302, "/bytes/7")));
    struct anycert_response *response = NULL;

    (void)state;
    assert_int_equal(anycert_request_set_max_redirects(request, -2, NULL), -1);
    assert_int_equal(anycert_request_set_max_redirects(request, 1001, NULL), -1);
    assert_int_equal(anycert_request_set_max_redirects(request, 0, NULL), 0);
    response = floor_ok(client, request);
    assert_int_equal(anycert_response_status(response), 302);
    assert_true(anycert_response_body_size(response) > 0);
    anycert_response_free(response);
    request = floor_request("GET", floor_url("good", "endless-redirect"));
    assert_int_equal(anycert_request_set_max_redirects(request, 3, NULL), 0);
    floor_fails(client, request, ANYCERT_E_REDIRECTS, &response);
    assert_int_equal(anycert_response_hop_count(response), 4);
    anycert_response_free(response);
    request = floor_request("GET", floor_url("good", floor_redirect(302, "/bytes/7")));
    assert_int_equal(anycert_request_set_max_redirects(request, -1, NULL), 0);
    response = floor_ok(client, request);
    assert_int_equal(anycert_response_status(response), 200);
    anycert_response_free(response);
    anycert_client_free(client);
}

static void redirect_to_an_empty_place_is_the_answer(void **state)
{
    static const char *const fields[] = {"Location:", "Location: ", "Location:\r\nLocation: /x"};
    struct anycert_client *client = floor_client(NULL);
    struct canned *canned = canned_start(false);

    (void)state;
    for (size_t i = 0; i < sizeof fields / sizeof fields[0]; i++) {
        char text[200];
        struct anycert_response *response = NULL;

        (void)snprintf(text, sizeof text,
                       "HTTP/1.1 302 Found\r\n%s\r\nContent-Length: 4\r\n\r\nhere", fields[i]);
        canned_answer(canned, text, strlen(text), CANNED_KEEP);
        response = floor_ok(client, floor_request("GET", floor_join(canned_origin(canned), "/")));
        assert_int_equal(anycert_response_status(response), 302);
        assert_string_equal(anycert_response_body(response, NULL), "here");
        assert_int_equal(anycert_response_hop_count(response), 1);
        anycert_response_free(response);
    }
    anycert_client_free(client);
    canned_stop(canned);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(hops_keep_their_headers),
        cmocka_unit_test(redirects_are_limited_for_a_request),
        cmocka_unit_test(redirect_to_an_empty_place_is_the_answer),
    };

    return cmocka_run_group_tests(tests, floor_setup, floor_teardown);
}
