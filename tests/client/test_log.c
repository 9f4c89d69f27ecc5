/* What a log says, at which level, and what it never says. */
#include "client/floor.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <pthread.h>

#define COUNT(a) (sizeof(a) / sizeof(a)[0])

struct lines {
    char *text; /* "LEVEL: TEXT" and a line end for each */
    size_t len;
    FILE *stream;
    pthread_mutex_t mutex;
    unsigned unclean;
};

static void on_log(void *arg, enum anycert_log_level level, const char *text, size_t len)
{
    struct lines *lines = arg;

    pthread_mutex_lock(&lines->mutex);
    for (size_t i = 0; i < len; i++)
        lines->unclean += (unsigned char)text[i] < 0x20 || (unsigned char)text[i] == 0x7f;
    fprintf(lines->stream, "%s: %.*s\n", anycert_log_level_name(level), (int)len, text);
    fflush(lines->stream);
    pthread_mutex_unlock(&lines->mutex);
}

static void lines_open(struct lines *lines)
{
    memset(lines, 0, sizeof *lines);
    assert_int_equal(pthread_mutex_init(&lines->mutex, NULL), 0);
    lines->stream = open_memstream(&lines->text, &lines->len);
    assert_non_null(lines->stream);
}

static void lines_close(struct lines *lines)
{
    assert_int_equal(lines->unclean, 0);
    fclose(lines->stream);
    free(lines->text);
    pthread_mutex_destroy(&lines->mutex);
}

static void lines_forget(struct lines *lines)
{
    assert_int_equal(fseek(lines->stream, 0, SEEK_SET), 0);
    fflush(lines->stream);
    lines->text[0] = '\0';
}

/* How many lines begin so and have both texts in them. */
static unsigned count(const struct lines *lines, const char *begin, const char *one,
                      const char *other)
{
    unsigned found = 0;

    for (const char *line = lines->text; line && *line;) {
        const char *end = strchr(line, '\n');
        char *copy = strndup(line, (size_t)(end - line));

        assert_non_null(copy);
        found +=
            strncmp(copy, begin, strlen(begin)) == 0 && strstr(copy, one) && strstr(copy, other);
        free(copy);
        line = end + 1;
    }
    return found;
}

static void assert_count(const struct lines *lines, unsigned expected, const char *begin,
                         const char *one, const char *other)
{
    if (count(lines, begin, one, other) != expected)
        fail_msg("not %u lines '%s…%s…%s' in:\n%s", expected, begin, one, other, lines->text);
}

static struct anycert_config *logged(const char *rung, enum anycert_log_level level,
                                     struct lines *lines)
{
    struct anycert_config *config = floor_config(rung);

    assert_int_equal(anycert_config_set_log(config, level, on_log, lines, NULL), 0);
    return config;
}

static void requests_begin_and_end(void **state)
{
    struct lines lines;
    struct anycert_client *client = NULL;
    struct anycert_request *request = NULL;

    (void)state;
    lines_open(&lines);
    client = floor_client_of(logged(NULL, ANYCERT_LOG_DEBUG, &lines));
    request = floor_request("POST", floor_url("good", "bytes/300"));
    assert_int_equal(anycert_request_set_body(request, "0123456789", 10, NULL), 0);
    anycert_response_free(floor_ok(client, request));
    assert_count(&lines, 1, "debug: POST https://localhost:", "/bytes/300", " begins");
    assert_count(&lines, 1, "info: POST https://localhost:", "/bytes/300: 200 OK, 300 bytes in ",
                 " ms, 10 sent");
    assert_count(&lines, 1, "debug: origin localhost:", "TLSv1.3", "pass by hardened");
    assert_count(&lines, 1, "debug: https://localhost:", "new connection", "");
    assert_count(&lines, 0, "warning", "", "");
    lines_forget(&lines);
    anycert_response_free(floor_ok(client, floor_request("GET", floor_url("good", ""))));
    assert_count(&lines, 1, "debug: https://localhost:", "kept connection", "");
    anycert_client_free(client);
    lines_close(&lines);
}

static void redirects_are_two_requests(void **state)
{
    struct lines lines;
    struct anycert_client *client = NULL;

    (void)state;
    lines_open(&lines);
    client = floor_client_of(logged(NULL, ANYCERT_LOG_INFO, &lines));
    anycert_response_free(
        floor_ok(client, floor_request("GET", floor_url("good", floor_redirect(302, "/json")))));
    assert_count(&lines, 2, "info: GET ", "", "");
    assert_count(&lines, 1, "info: GET ", ": 302 Found", "redirects to /json");
    assert_count(&lines, 0, "debug", "", "");
    anycert_client_free(client);
    lines_close(&lines);
}

static void failures_say_why(void **state)
{
    struct lines lines;
    struct anycert_client *client = NULL;

    (void)state;
    lines_open(&lines);
    client = floor_client_of(logged(NULL, ANYCERT_LOG_ERROR, &lines));
    floor_fails(client, floor_request("GET", floor_url("expired", "")), ANYCERT_E_TRUST_DATES,
                NULL);
    assert_count(&lines, 1, "error: GET https://localhost:", " refused after ", "(TRUST_DATES)");
    floor_fails(client, floor_request("GET", floor_url("good", "truncated")),
                ANYCERT_E_BODY_TRUNCATED, NULL);
    assert_count(&lines, 1, "error: GET https://localhost:", "/truncated failed after ",
                 "(BODY_TRUNCATED)");
    anycert_response_free(floor_ok(client, floor_request("GET", floor_url("good", ""))));
    assert_count(&lines, 2, "", "", "");
    anycert_client_free(client);
    lines_close(&lines);
}

struct asking {
    struct anycert_client *client;
    const struct anycert_request *request;
};

static void *ask_often(void *arg)
{
    const struct asking *asking = arg;

    for (int i = 0; i < 5; i++) {
        struct anycert_response *response = NULL;

        assert_int_equal(anycert_client_send(asking->client, asking->request, &response, NULL), 0);
        anycert_response_free(response);
    }
    return NULL;
}

/* Once for each host and reason, however often and in however many threads. */

static void relaxed_checks_are_warned_of_once(void **state)
{
    struct lines lines;
    struct anycert_client *client = NULL;
    struct anycert_request *request =
        floor_request("GET", floor_url("self-signed", "connection-close"));
    struct asking asking = {.request = request};
    pthread_t threads[3];

    (void)state;
    lines_open(&lines);
    client = floor_client_of(logged("trust-any", ANYCERT_LOG_WARNING, &lines));
    anycert_response_free(floor_ok(client, floor_request("GET", floor_url("self-signed", ""))));
    assert_count(&lines, 1, "warning: localhost:", "(allowed by trust-any)",
                 "the peer is not authenticated");
    asking.client = client;
    for (size_t i = 0; i < COUNT(threads); i++)
        assert_int_equal(pthread_create(&threads[i], NULL, ask_often, &asking), 0);
    for (size_t i = 0; i < COUNT(threads); i++)
        assert_int_equal(pthread_join(threads[i], NULL), 0);
    assert_count(&lines, 1, "warning: ", "", "");
    anycert_request_free(request);
    anycert_response_free(floor_ok(client, floor_request("GET", floor_url("expired", ""))));
    assert_count(&lines, 2, "warning: ", "", "");
    anycert_client_free(client);
    /* Another client is another reader. */
    client = floor_client_of(logged("trust-any", ANYCERT_LOG_WARNING, &lines));
    anycert_response_free(floor_ok(client, floor_request("GET", floor_url("expired", ""))));
    assert_count(&lines, 3, "warning: ", "", "");
    anycert_client_free(client);
    lines_close(&lines);
}

static void retries_are_warned_of(void **state)
{
    struct lines lines;
    struct anycert_config *config = NULL;
    struct anycert_client *client = NULL;
    struct anycert_retry *retry = anycert_retry_new(NULL);
    const int statuses[] = {503};

    (void)state;
    lines_open(&lines);
    config = logged(NULL, ANYCERT_LOG_WARNING, &lines);
    assert_int_equal(anycert_retry_set_count(retry, 2, NULL), 0);
    assert_int_equal(anycert_retry_set_backoff(retry, 0, 0, 0, NULL), 0);
    assert_int_equal(anycert_retry_set_statuses(retry, statuses, 1, NULL), 0);
    assert_int_equal(anycert_config_set_retry(config, retry, NULL), 0);
    anycert_retry_free(retry);
    client = floor_client_of(config);
    anycert_response_free(
        floor_ok(client, floor_request("GET", floor_url("good", "status/503?token=s3cret"))));
    assert_count(&lines, 1, "warning: GET https://localhost:", "made again (1)", "status 503");
    assert_count(&lines, 1, "warning: GET https://localhost:", "made again (2)", "status 503");
    assert_count(&lines, 0, "", "s3cret", "");
    anycert_client_free(client);
    lines_close(&lines);
}

static void no_secret_is_in_any_line(void **state)
{
    struct lines lines;
    struct anycert_config *config = NULL;
    struct anycert_client *client = NULL;
    struct anycert_request *request = NULL;
    char url[400];
    const char *good = floor_url("good", "");

    (void)state;
    lines_open(&lines);
    config = logged(NULL, ANYCERT_LOG_DEBUG, &lines);
    assert_int_equal(anycert_config_add_secret_param(config, "licence", NULL), 0);
    client = floor_client_of(config);
    (void)snprintf(url, sizeof url, "https://us3r:s3cret1@%secho?licence=s3cret2&token=s3cret3&x=1",
                   good + strlen("https://"));
    request = floor_request("GET", url);
    floor_header(request, "Authorization", "Bearer s3cret4");
    floor_header(request, "Cookie", "a=s3cret5");
    anycert_response_free(floor_ok(client, request));
    anycert_response_free(floor_ok(
        client,
        floor_request("GET", floor_url("good", floor_redirect(302, "/json?sig=s3cret6&y=2")))));
    floor_fails(client,
                floor_request(
                    "GET", floor_url("good", floor_redirect(302, "ftp://us3r:s3cret7@localhost/"))),
                ANYCERT_E_REDIRECTS, NULL);
    assert_count(&lines, 0, "", "s3cret", "");
    assert_count(&lines, 0, "", "us3r", "");
    assert_count(&lines, 1, "info: GET ", "licence=(hidden)&token=(hidden)&x=1", "200 OK");
    assert_count(&lines, 1, "info: GET ", "redirects to /json?sig=(hidden)&y=2", "");
    anycert_client_free(client);
    lines_close(&lines);
}

/* What a server says cannot control a terminal or look like another line. */
static void bytes_of_strangers_are_escaped(void **state)
{
    struct lines lines;
    struct canned *canned = canned_start(false);
    struct anycert_client *client = NULL;

    (void)state;
    lines_open(&lines);
    client = floor_client_of(logged(NULL, ANYCERT_LOG_DEBUG, &lines));
    canned_text(canned, CANNED_CLOSE,
                "HTTP/1.1 200 O\x1b[31mK\xff\r\nContent-Length: 0\r\nLocation: /\x1b\r\n\r\n");
    anycert_response_free(floor_ok(client, floor_request("GET", canned_origin(canned))));
    assert_count(&lines, 1, "info: ", "O\\x1b[31mK\\xff", "");
    anycert_client_free(client);
    canned_stop(canned);
    lines_close(&lines);
}

static void levels_and_their_absence(void **state)
{
    struct lines lines;
    struct anycert_config *config = floor_config(NULL);
    struct anycert_client *client = NULL;
    struct anycert_error err = {0};

    (void)state;
    lines_open(&lines);
    assert_int_equal(
        anycert_config_set_log(config, (enum anycert_log_level)5, on_log, &lines, &err), -1);
    assert_int_equal(err.code, ANYCERT_E_USAGE);
    assert_int_equal(anycert_config_set_log(config, ANYCERT_LOG_NONE, on_log, &lines, NULL), 0);
    client = floor_client_of(config);
    floor_fails(client, floor_request("GET", floor_url("expired", "")), ANYCERT_E_TRUST_DATES,
                NULL);
    anycert_client_free(client);
    client = floor_client_of(floor_config(NULL));
    config = logged(NULL, ANYCERT_LOG_DEBUG, &lines);
    assert_int_equal(anycert_config_set_log(config, ANYCERT_LOG_DEBUG, NULL, NULL, NULL), 0);
    anycert_client_free(client);
    client = floor_client_of(config);
    floor_fails(client, floor_request("GET", floor_url("expired", "")), ANYCERT_E_TRUST_DATES,
                NULL);
    anycert_client_free(client);
    assert_string_equal(lines.text ? lines.text : "", "");
    assert_string_equal(anycert_log_level_name(ANYCERT_LOG_WARNING), "warning");
    assert_string_equal(anycert_log_level_name((enum anycert_log_level)9), "none");
    lines_close(&lines);
}

#define LAST INT64_C(1894147199) /* 2030-01-08, the last second */

static int64_t present;

static int64_t show_clock(void *arg)
{
    (void)arg;
    return present;
}

static void end_of_a_policy_is_told_once_a_week_before(void **state)
{
    struct lines lines;
    struct anycert_config *config = NULL;
    struct anycert_client *client = NULL;

    (void)state;
    lines_open(&lines);
    config = logged("hardened+expired until=2030-01-08", ANYCERT_LOG_WARNING, &lines);
    assert_int_equal(anycert_config_set_clock(config, show_clock, NULL, NULL), 0);
    client = floor_client_of(config);
    present = LAST - (int64_t)7 * 86400;
    anycert_response_free(floor_ok(client, floor_request("GET", floor_url("expired", ""))));
    assert_count(&lines, 0, "warning: ", "ends on", "");
    present++;
    for (int i = 0; i < 3; i++) {
        anycert_response_free(floor_ok(client, floor_request("GET", floor_url("expired", ""))));
        assert_count(&lines, 1, "warning: localhost:",
                     ": the policy hardened+expired ends on 2030-01-08, its last day; ",
                     "from the day after, hardened counts");
        present = LAST;
    }
    anycert_response_free(floor_ok(client, floor_request("GET", floor_url("good", ""))));
    assert_count(&lines, 2, "warning: localhost:", "ends on 2030-01-08", "");
    present++;
    floor_fails(client, floor_request("GET", floor_url("expired", "")), ANYCERT_E_TRUST_DATES,
                NULL);
    assert_count(&lines, 2, "warning: ", "ends on", "");
    anycert_client_free(client);
    lines_close(&lines);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(requests_begin_and_end),
        cmocka_unit_test(redirects_are_two_requests),
        cmocka_unit_test(failures_say_why),
        cmocka_unit_test(relaxed_checks_are_warned_of_once),
        cmocka_unit_test(end_of_a_policy_is_told_once_a_week_before),
        cmocka_unit_test(retries_are_warned_of),
        cmocka_unit_test(no_secret_is_in_any_line),
        cmocka_unit_test(bytes_of_strangers_are_escaped),
        cmocka_unit_test(levels_and_their_absence),
    };

    return cmocka_run_group_tests(tests, floor_setup, floor_teardown);
}
