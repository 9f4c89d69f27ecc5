/* The texts that callers of the original base client match on. */
#include "client/floor.h"
#include "client/virtual_time.h"

#include <errno.h>
#include <arpa/inet.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#define COUNT(a) (sizeof(a) / sizeof(a)[0])

static struct anycert_error last;

static int call(struct anycert_client *client, struct anycert_request *request,
                struct anycert_response **out)
{
    return floor_call(client, request, out, &last);
}

/* The text of what a call to a canned answer fails with. */
static char *text_of(const char *answer, enum anycert_resp_type type)
{
    struct canned *canned = canned_start(false);
    struct anycert_client *client = floor_client(NULL);
    struct anycert_request *request = floor_request("GET", floor_join(canned_origin(canned), "/"));
    struct anycert_response *response = NULL;
    char *text = NULL;

    canned_text(canned, CANNED_CLOSE, "%s", answer);
    assert_int_equal(anycert_request_set_resp_type(request, type, NULL), 0);
    assert_int_not_equal(call(client, request, &response), 0);
    text = anycert_client_error_text(client, NULL, response, &last, NULL);
    assert_non_null(text);
    anycert_response_free(response);
    anycert_client_free(client);
    canned_stop(canned);
    return text;
}

static void status_texts_are_the_originals(void **state)
{
    static const struct {
        const char *answer;
        enum anycert_resp_type type;
        const char *text;
    } rows[] = {
        {"HTTP/1.1 404 Not Found\r\nContent-Length: 15\r\n\r\n{\"error\":\"e\xc3\xa9\"}",
         ANYCERT_RESP_TEXT, "Error in API call [404] - Not Found\n{\"error\": \"e\\u00e9\"}"},
        {"HTTP/1.1 404 Not Found\r\nContent-Length: 9\r\n\r\nplain err", ANYCERT_RESP_JSON,
         "Error in API call [404] - Not Found\nplain err"},
        {"HTTP/1.1 500 \r\nContent-Length: 2\r\n\r\nno", ANYCERT_RESP_JSON,
         "Error in API call [500] - \nno"},
        {"HTTP/1.1 500 Bad\r\nContent-Length: 4\r\n\r\nnull", ANYCERT_RESP_JSON,
         "Error in API call [500] - Bad\nnull"},
        {"HTTP/1.1 500 Bad\r\nContent-Length: 0\r\n\r\n", ANYCERT_RESP_JSON,
         "Error in API call [500] - Bad\n"},
        {"HTTP/1.1 200 OK\r\nContent-Length: 7\r\n\r\nnotjson", ANYCERT_RESP_JSON,
         "Failed to parse json object from response: b'notjson'"},
        {"HTTP/1.1 204 No Content\r\n\r\n", ANYCERT_RESP_JSON,
         "Failed to parse json object from response: b''"},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        char *text = text_of(rows[i].answer, rows[i].type);

        assert_string_equal(text, rows[i].text);
        anycert_free(text);
    }
}

static char *text_of_failure(struct anycert_config *config, const char *url)
{
    struct anycert_client *client = floor_client_of(config);
    struct anycert_response *response = NULL;
    char *text = NULL;

    assert_int_not_equal(call(client, floor_request("GET", url), &response), 0);
    text = anycert_client_error_text(client, NULL, response, &last, NULL);
    assert_non_null(text);
    anycert_response_free(response);
    anycert_client_free(client);
    return text;
}

static void expect_text(char *text, const char *begins, const char *has)
{
    if (strncmp(text, begins, strlen(begins)) != 0 || !strstr(text, has))
        fail_msg("'%s' is not '%s' with '%s'", text, begins, has);
    anycert_free(text);
}

static void failure_texts_are_the_originals_first_lines(void **state)
{
    static const char certificate[] =
        "SSL Certificate Verification Failed - try selecting 'Trust any certificate' checkbox in "
        "the integration configuration.\n";
    struct canned *canned = canned_start(false);
    struct anycert_config *config = NULL;
    char url[64], proxy[64];

    (void)state;
    (void)snprintf(url, sizeof url, "http://localhost:%u/", canned_port(canned));
    (void)snprintf(proxy, sizeof proxy, "http://localhost:%u", canned_port(canned));
    canned_stop(canned);
    expect_text(text_of_failure(floor_config(NULL), floor_url("self-signed", "")), certificate,
                "self-signed");
    expect_text(text_of_failure(floor_config(NULL), floor_url("expired", "")), certificate,
                "expired");
    expect_text(text_of_failure(floor_config(NULL), url),
                "Verify that the server URL parameter is correct and that you have access to the "
                "server from your host.\nError Type: <requests.exceptions.ConnectionError>\n",
                "Error Number: [111]\nMessage: Connection refused\n");
    config = floor_config(NULL);
    assert_int_equal(anycert_config_set_proxy(config, proxy, NULL), 0);
    expect_text(text_of_failure(config, floor_url("good", "")),
                "Proxy Error - if the 'Use system proxy' checkbox in the integration "
                "configuration is selected, try clearing the checkbox.",
                "");
    /* Where nothing is verified, the box is ticked already: the cause alone. */
    (void)snprintf(url, sizeof url, "https://localhost:%u/", lab_server_port(floor_server("http")));
    expect_text(text_of_failure(floor_config("trust-any"), url),
                "TLS with localhost:", "does not answer in TLS");
}

/* A port that takes no connection: its queue is full. */
struct full {
    int fds[3];
    char url[64];
};

static void full_start(struct full *full)
{
    struct sockaddr_in address = {.sin_family = AF_INET};
    socklen_t len = sizeof address;

    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    full->fds[0] = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(full->fds[0], (struct sockaddr *)&address, len), 0);
    assert_int_equal(listen(full->fds[0], 0), 0);
    assert_int_equal(getsockname(full->fds[0], (struct sockaddr *)&address, &len), 0);
    for (size_t i = 1; i < COUNT(full->fds); i++) {
        full->fds[i] = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
        assert_true(connect(full->fds[i], (struct sockaddr *)&address, len) == 0 ||
                    errno == EINPROGRESS);
    }
    (void)snprintf(full->url, sizeof full->url, "https://127.0.0.1:%u/", ntohs(address.sin_port));
}

static void full_stop(struct full *full)
{
    for (size_t i = 0; i < COUNT(full->fds); i++)
        (void)close(full->fds[i]);
}

/* Only who was not reached at all has the original's text of a timeout. */
static void timeout_texts_tell_connecting_from_reading(void **state)
{
    static const char connection[] =
        "Verify that the server URL parameter is correct and that you have access to the server "
        "from your host.\nError Type: <requests.exceptions.ConnectionError>\nnothing came from ";
    struct anycert_retry *retry = anycert_retry_new(NULL);
    struct canned *canned = canned_start(false);
    struct anycert_config *config = floor_config(NULL);
    struct full full;

    (void)state;
    full_start(&full);
    assert_int_equal(anycert_config_set_timeouts(config, 300, 0, 0, NULL), 0);
    expect_text(text_of_failure(config, full.url),
                "Connection Timeout Error - potential reasons might be that the Server URL "
                "parameter is incorrect or that the Server is not accessible from your host.",
                "");
    config = floor_config(NULL);
    assert_int_equal(anycert_config_set_time_budget(config, 400, NULL), 0);
    expect_text(text_of_failure(config, full.url),
                "Time-sensitive command execution time limit (0.4s) exceeded. Original error: "
                "Connection Timeout Error - ",
                "");
    full_stop(&full);

    config = floor_config(NULL);
    assert_int_equal(anycert_config_set_timeouts(config, 300, 0, 0, NULL), 0);
    expect_text(text_of_failure(config, floor_url("silent", "")),
                "localhost:", "was reached, but TLS did not come about within 300 ms");
    config = floor_config(NULL);
    assert_int_equal(anycert_config_set_time_budget(config, 400, NULL), 0);
    expect_text(text_of_failure(config, floor_url("silent", "")), "no complete answer from ", "");

    /* Nothing behind the header, or nothing in any try: to the original these are no timeouts. */
    config = floor_config(NULL);
    assert_int_equal(anycert_config_set_timeouts(config, 0, 0, 1000, NULL), 0);
    canned_text(canned, CANNED_HOLD, "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc");
    expect_text(text_of_failure(config, floor_join(canned_origin(canned), "/")), connection, "");
    config = floor_config(NULL);
    assert_int_equal(anycert_config_set_timeouts(config, 200, 0, 0, NULL), 0);
    assert_int_equal(anycert_retry_set_count(retry, 1, NULL), 0);
    assert_int_equal(anycert_config_set_retry(config, retry, NULL), 0);
    anycert_retry_free(retry);
    expect_text(text_of_failure(config, floor_url("silent", "")),
                "Verify that the server URL parameter is correct ", "was reached, but TLS did not");
    canned_stop(canned);
}

/* Nobody is told to trust anybody where that would not help. */
static void texts_of_our_own_errors_are_their_sentences(void **state)
{
    char to[64];

    (void)state;
    (void)snprintf(to, sizeof to, "http://localhost:%u/", lab_server_port(floor_server("http")));
    expect_text(text_of_failure(floor_config(NULL), floor_url("good", floor_redirect(302, to))),
                "https://localhost:", "which is not protected");
}

static int in_other_words(void *arg, const struct anycert_response *response,
                          struct anycert_error *err)
{
    (void)arg;
    (void)response;
    err->code = ANYCERT_E_HTTP_STATUS;
    (void)snprintf(err->message, sizeof err->message, "the licence has expired");
    return -1;
}

/* What the handler says goes unchanged, under whatever code. */
static void text_of_an_error_handler_is_its_own(void **state)
{
    struct anycert_config *config = floor_config(NULL);
    char *text = NULL;

    (void)state;
    assert_int_equal(anycert_config_set_error_handler(config, in_other_words, NULL, NULL), 0);
    text = text_of_failure(config, floor_url("good", "status/503"));
    assert_string_equal(text, "the licence has expired");
    anycert_free(text);
}

static void retries_that_are_used_up_have_their_text(void **state)
{
    static const int listed[] = {503};
    struct canned *canned = canned_start(false);
    struct virtual_time time = {0};
    struct anycert_config *config = floor_config(NULL);
    struct anycert_retry *retry = anycert_retry_new(NULL);
    char url[64];
    char *text = NULL;

    (void)state;
    (void)snprintf(url, sizeof url, "http://localhost:%u/", canned_port(canned));
    canned_text(canned, CANNED_KEEP, "HTTP/1.1 503 Busy\r\nContent-Length: 0\r\n\r\n");
    assert_int_equal(anycert_retry_set_count(retry, 2, NULL), 0);
    assert_int_equal(anycert_retry_set_statuses(retry, listed, 1, NULL), 0);
    assert_int_equal(anycert_retry_set_raise_on_status(retry, 1, NULL), 0);
    assert_int_equal(anycert_config_set_retry(config, retry, NULL), 0);
    anycert_retry_free(retry);
    virtual_time_set(config, &time);
    text = text_of_failure(config, url);
    assert_string_equal(text, "Max Retries Error- Request attempts with 2 retries failed. \n"
                              "Reason: too many 503 error responses");
    anycert_free(text);
    canned_stop(canned);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(status_texts_are_the_originals),
        cmocka_unit_test(failure_texts_are_the_originals_first_lines),
        cmocka_unit_test(timeout_texts_tell_connecting_from_reading),
        cmocka_unit_test(texts_of_our_own_errors_are_their_sentences),
        cmocka_unit_test(text_of_an_error_handler_is_its_own),
        cmocka_unit_test(retries_that_are_used_up_have_their_text),
    };
    return cmocka_run_group_tests(tests, floor_setup, floor_teardown);
}
