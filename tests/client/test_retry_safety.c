/* What must never come of trying again, of pacing, or of giving up: a request that is done twice, a
 * file that is lost, a breaker that opens for the caller's own faults. */
#include "client/ask.h"
#include "client/floor.h"
#include "client/sending.h"
#include "client/servers.h"
#include "client/virtual_time.h"
#include "client/wiretap.h"
#include "support/ports.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define COUNT(a) (sizeof(a) / sizeof(a)[0])
#define OK       "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
#define BUSY     "HTTP/1.1 503 Busy\r\nContent-Length: 4\r\n\r\nbusy"

static const int busy_list[] = {503};

static struct anycert_retry *rules(unsigned count)
{
    struct anycert_retry *retry = anycert_retry_new(NULL);

    assert_int_equal(anycert_retry_set_count(retry, count, NULL), 0);
    assert_int_equal(anycert_retry_set_statuses(retry, busy_list, 1, NULL), 0);
    return retry;
}

/* A client with these rules, which are freed. */
static struct anycert_client *retrying(struct anycert_retry *retry, struct virtual_time *time)
{
    struct anycert_config *config = floor_config(NULL);

    assert_int_equal(anycert_config_set_retry(config, retry, NULL), 0);
    anycert_retry_free(retry);
    virtual_time_set(config, time);
    return floor_client_of(config);
}

static struct anycert_request *request_to(const char *method, const struct canned *canned)
{
    struct anycert_request *request = floor_request(method, floor_join(canned_origin(canned), "/"));

    if (strcmp(method, "POST") == 0)
        assert_int_equal(anycert_request_set_body(request, "order one", 9, NULL), 0);
    return request;
}

static unsigned count_of(struct canned *canned, const char *text)
{
    unsigned count = 0;

    for (unsigned i = 0; i < canned_requests(canned); i++) {
        char *request = canned_request(canned, i, NULL);

        count += strstr(request, text) != NULL;
        free(request);
    }
    return count;
}

/* "http://localhost:PORT/" where nobody listens. */
static const char *dead_url(void)
{
    static char url[64];

    snprintf(url, sizeof url, "http://localhost:%u/", ports_closed());
    return url;
}

/* ---- twice */

/* The POST has been taken by the first server; that the second one cannot be reached does not undo
 * it. */
static void post_is_not_made_again_after_its_redirect(void **state)
{
    (void)state;
    for (enum sending how = 0; how < SENDING_COUNT; how++) {
        struct canned *canned = canned_start(false);
        struct virtual_time time = {0};
        struct anycert_client *client = retrying(rules(3), &time);

        canned_text(canned, CANNED_KEEP,
                    "HTTP/1.1 303 See Other\r\nLocation: %s\r\nContent-Length: 0\r\n\r\n",
                    dead_url());
        (void)sending_fails(how, client, request_to("POST", canned), ANYCERT_E_CONNECT);
        assert_int_equal(count_of(canned, "order one"), 1);
        anycert_client_free(client);
        canned_stop(canned);
    }
}

/* A GET is made again from its beginning. */
static void get_is_made_again_from_its_beginning(void **state)
{
    (void)state;
    for (enum sending how = 0; how < SENDING_COUNT; how++) {
        struct canned *canned = canned_start(false);
        struct virtual_time time = {0};
        struct anycert_client *client = retrying(rules(3), &time);

        canned_text(canned, CANNED_KEEP,
                    "HTTP/1.1 303 See Other\r\nLocation: %s\r\nContent-Length: 0\r\n\r\n",
                    dead_url());
        (void)sending_fails(how, client, request_to("GET", canned), ANYCERT_E_CONNECT);
        assert_int_equal(canned_requests(canned), 4);
        anycert_client_free(client);
        canned_stop(canned);
    }
}

/* A server that takes a request over a kept connection and then says nothing may have done what it
 * was asked for. */
static const struct {
    bool tls;
    enum canned_end end;
} losses[] = {
    {false, CANNED_CLOSE},  {false, CANNED_RESET}, {true, CANNED_CLOSE},
    {true, CANNED_UNCLEAN}, {true, CANNED_RESET},
};

static struct canned *losing_server(unsigned row)
{
    struct canned *canned = canned_start(losses[row].tls);

    canned_text(canned, CANNED_KEEP, OK);
    canned_text(canned, losses[row].end, "%s", "");
    canned_text(canned, CANNED_KEEP, OK);
    return canned;
}

static void post_over_a_kept_connection_is_sent_once(void **state)
{
    (void)state;
    for (unsigned i = 0; i < COUNT(losses); i++) {
        struct canned *canned = losing_server(i);
        struct anycert_client *client = floor_client("trust-any");

        anycert_response_free(floor_ok(client, request_to("GET", canned)));
        floor_fails(client, request_to("POST", canned), ANYCERT_E_RESET, NULL);
        assert_non_null(strstr(floor_message(), "may have carried out"));
        assert_int_equal(count_of(canned, "order one"), 1);
        assert_int_equal(canned_requests(canned), 2);
        /* and the client is as good as before */
        anycert_response_free(floor_ok(client, request_to("POST", canned)));
        anycert_client_free(client);
        canned_stop(canned);
    }
}

/* Through a tunnel whose proxy may want to be answered more than once, its own answers are no
 * answer of the server's. */
static void post_through_a_kept_tunnel_is_sent_once(void **state)
{
    struct pki pki;

    (void)state;
    pki_make(&pki);
    for (unsigned i = 0; i < COUNT(losses); i++) {
        struct canned *canned = losing_server(i);
        struct wiretap *proxy = wiretap_start(&(struct wiretap_plan){
            .role = WIRETAP_PROXY, .cert = pki.certs[FLAW_NONE], .key = pki.keys[FLAW_NONE]});
        struct anycert_config *config = floor_config("trust-any");
        struct anycert_policy *policy =
            anycert_policy_parse(ask_policy("hardened", pki.root_path), NULL);
        struct anycert_client *client = NULL;
        char url[64];

        (void)snprintf(url, sizeof url, "https://u:p@localhost:%u", (unsigned)wiretap_port(proxy));
        assert_int_equal(anycert_config_set_proxy(config, url, NULL), 0);
        assert_int_equal(anycert_config_set_proxy_policy(config, policy, NULL), 0);
        assert_int_equal(anycert_config_set_proxy_auth(config, ANYCERT_PROXY_ANY, NULL), 0);
        anycert_policy_free(policy);
        client = floor_client_of(config);
        anycert_response_free(floor_ok(client, request_to("GET", canned)));
        if (losses[i].tls) {
            floor_fails(client, request_to("POST", canned), ANYCERT_E_RESET, NULL);
            assert_int_equal(count_of(canned, "order one"), 1);
        }
        anycert_client_free(client);
        (void)wiretap_stop(proxy);
        canned_stop(canned);
    }
    pki_free(&pki);
}

static int next_code(struct anycert_batch *batch, const struct anycert_request *request)
{
    struct anycert_batch_result result;

    assert_int_equal(anycert_batch_add(batch, request, NULL, NULL), 0);
    assert_int_equal(anycert_batch_next(batch, -1, &result, NULL), 1);
    anycert_response_free(result.response);
    return result.error.code;
}

static void post_over_a_batchs_connection_is_sent_once(void **state)
{
    (void)state;
    for (unsigned i = 0; i < COUNT(losses); i++) {
        struct canned *canned = losing_server(i);
        struct anycert_client *client = floor_client("trust-any");
        struct anycert_batch *batch = anycert_batch_new(client, 4, NULL);
        struct anycert_request *get = request_to("GET", canned);
        struct anycert_request *post = request_to("POST", canned);

        assert_int_equal(next_code(batch, get), 0);
        assert_int_equal(next_code(batch, post), ANYCERT_E_RESET);
        assert_int_equal(count_of(canned, "order one"), 1);
        assert_int_equal(next_code(batch, post), 0);
        anycert_batch_free(batch);
        anycert_request_free(get);
        anycert_request_free(post);
        anycert_client_free(client);
        canned_stop(canned);
    }
}

/* What may be done twice is, and so is what the rules allow. */
static void get_over_a_kept_connection_is_made_again(void **state)
{
    (void)state;
    for (unsigned i = 0; i < COUNT(losses); i++) {
        struct canned *canned = losing_server(i);
        struct anycert_client *client = floor_client("trust-any");

        anycert_response_free(floor_ok(client, request_to("GET", canned)));
        anycert_response_free(floor_ok(client, request_to("GET", canned)));
        assert_int_equal(canned_requests(canned), 3);
        anycert_client_free(client);
        canned_stop(canned);
    }
}

static void post_with_a_key_is_made_again_over_a_new_connection(void **state)
{
    struct canned *canned = losing_server(0);
    struct virtual_time time = {0};
    struct anycert_retry *retry = rules(1);
    struct anycert_client *client = NULL;

    (void)state;
    assert_int_equal(anycert_retry_set_idempotency_header(retry, "Idempotency-Key", NULL), 0);
    client = retrying(retry, &time);
    anycert_response_free(floor_ok(client, request_to("GET", canned)));
    anycert_response_free(floor_ok(client, request_to("POST", canned)));
    assert_int_equal(count_of(canned, "order one"), 2);
    anycert_client_free(client);
    canned_stop(canned);
}

#define ORDERS 50

/* How often nginx was asked for the nth order. */
static unsigned times_asked(const char *log, unsigned n)
{
    char line[64];
    unsigned count = 0;

    (void)snprintf(line, sizeof line, "POST /%u\n", n);
    for (const char *p = strstr(log, line); p; p = strstr(p + 1, line))
        count++;
    return count;
}

/* All at once; how many of them worked. */
static unsigned order_all(const struct pki *pki, const struct web *web,
                          enum anycert_http_version version)
{
    struct anycert_client *client = ask_client(
        &(struct ask){.policy = ask_policy("hardened", pki->root_path), .http_version = version});
    struct anycert_batch *batch = anycert_batch_new(client, ORDERS, NULL);
    struct anycert_request *posts[ORDERS];
    struct anycert_batch_result result;
    unsigned worked = 0;
    char path[16];

    for (unsigned n = 0; n < ORDERS; n++) {
        (void)snprintf(path, sizeof path, "%u", n);
        posts[n] = floor_request("POST", url_of("https", web->impatient, path));
        assert_int_equal(anycert_request_set_body(posts[n], "order", 5, NULL), 0);
        assert_int_equal(anycert_batch_add(batch, posts[n], NULL, NULL), 0);
    }
    while (anycert_batch_next(batch, -1, &result, NULL) == 1) {
        worked += result.error.code == 0;
        anycert_response_free(result.response);
    }
    anycert_batch_free(batch);
    for (unsigned n = 0; n < ORDERS; n++)
        anycert_request_free(posts[n]);
    anycert_client_free(client);
    return worked;
}

/* nginx ends a connection when it has carried three requests, however many more are on their way.
 * Orders have to be carried out once at most, whatever that costs; unless HTTP/2 is insisted on, it
 * costs nothing. */
static void posts_are_carried_out_once_when_connections_end(void **state)
{
    static const enum anycert_http_version versions[] = {ANYCERT_HTTP_AUTO, ANYCERT_HTTP_2};

    (void)state;
    for (unsigned i = 0; i < COUNT(versions); i++) {
        struct pki pki;
        struct web web;
        unsigned worked = 0;
        char path[300];
        char *log = NULL;

        pki_make(&pki);
        web_start(&web, &pki);
        worked = order_all(&pki, &web, versions[i]);
        (void)snprintf(path, sizeof path, "%s/asked.log", web.folder);
        log = child_log(path);
        for (unsigned n = 0; n < ORDERS; n++) {
            if (times_asked(log, n) > 1)
                fail_msg("order %u was carried out %u times", n, times_asked(log, n));
        }
        free(log);
        web_stop(&web);
        pki_free(&pki);
        assert_true(versions[i] == ANYCERT_HTTP_AUTO ? worked == ORDERS : worked > 0);
    }
}

/* ---- lost */

/* On any failure what was there stays: between two tries, too, and after the last one. */
static void file_stays_when_the_tries_come_to_nothing(void **state)
{
    (void)state;
    for (enum sending how = 0; how < SENDING_COUNT; how++) {
        struct canned *canned = canned_start(false);
        struct virtual_time time = {0};
        struct anycert_retry *retry = rules(1);
        struct anycert_client *client = NULL;
        struct anycert_request *request = NULL;

        assert_int_equal(anycert_retry_set_raise_on_status(retry, 1, NULL), 0);
        client = retrying(retry, &time);
        canned_text(canned, CANNED_CLOSE, BUSY);
        canned_text(canned, CANNED_RESET, "%s", "");
        canned_text(canned, CANNED_CLOSE, BUSY);
        (void)floor_folder();
        floor_write(floor_path("out"), "what was there");
        for (unsigned i = 0; i < 2; i++) {
            request = request_to("GET", canned);
            assert_int_equal(anycert_request_set_output_file(request, floor_path("out"), NULL), 0);
            (void)sending_fails(how, client, request,
                                i == 0 ? ANYCERT_E_RESET : ANYCERT_E_HTTP_RETRIES);
            assert_string_equal(floor_read(floor_path("out")), "what was there");
        }
        floor_remove_folder(1);
        anycert_client_free(client);
        canned_stop(canned);
    }
}

/* ---- the breaker and the pace */

static int take_nothing(void *arg, const void *bytes, size_t len)
{
    (void)arg;
    (void)bytes;
    (void)len;
    return 1;
}

static int64_t give_nothing(void *arg, void *buffer, size_t size)
{
    (void)arg;
    (void)buffer;
    (void)size;
    return -1;
}

static void own_faults_do_not_open_the_breaker(void **state)
{
    (void)state;
    for (enum sending how = 0; how < SENDING_COUNT; how++) {
        struct canned *canned = canned_start(false);
        struct virtual_time time = {0};
        struct anycert_config *config = floor_config(NULL);
        struct anycert_client *client = NULL;
        struct anycert_request *request = NULL;

        assert_int_equal(anycert_config_set_circuit_breaker(config, 1, 60000, NULL), 0);
        assert_int_equal(anycert_config_set_time_budget(config, 10000, NULL), 0);
        virtual_time_set(config, &time);
        client = floor_client_of(config);
        canned_text(canned, CANNED_KEEP, OK);

        request = request_to("GET", canned);
        assert_int_equal(anycert_request_set_body_callback(request, take_nothing, NULL, NULL), 0);
        (void)sending_fails(how, client, request, ANYCERT_E_BODY_WRITE);
        assert_int_equal(anycert_client_circuit(client), ANYCERT_CIRCUIT_CLOSED);
        request = request_to("POST", canned);
        assert_int_equal(
            anycert_request_set_body_source(request, give_nothing, NULL, 5, NULL, NULL), 0);
        (void)sending_fails(how, client, request, ANYCERT_E_BODY_READ);
        assert_int_equal(anycert_client_circuit(client), ANYCERT_CIRCUIT_CLOSED);
        request = request_to("GET", canned);
        assert_int_equal(anycert_request_set_output_file(request, "/dev/full", NULL), 0);
        (void)sending_fails(how, client, request, ANYCERT_E_FILE);
        assert_int_equal(anycert_client_circuit(client), ANYCERT_CIRCUIT_CLOSED);
        time.now_us += 10000000;
        (void)sending_fails(how, client, request_to("GET", canned), ANYCERT_E_TIMEOUT_BUDGET);
        assert_int_equal(anycert_client_circuit(client), ANYCERT_CIRCUIT_CLOSED);
        anycert_client_free(client);
        canned_stop(canned);
    }
}

/* The request has been sent, and its caller hears of it, and of what came; nobody waits for a retry
 * that will be refused. */
static void breaker_that_ends_retries_tells_what_came(void **state)
{
    (void)state;
    for (enum sending how = 0; how < SENDING_COUNT; how++) {
        for (int lost = 0; lost <= 1; lost++) {
            struct canned *canned = canned_start(false);
            struct virtual_time time = {0};
            struct anycert_config *config = floor_config(NULL);
            struct anycert_retry *retry = rules(5);
            struct anycert_client *client = NULL;
            struct anycert_request *request = request_to("GET", canned);
            struct anycert_response *response = NULL;
            struct anycert_error err = {0};

            assert_int_equal(anycert_config_set_retry(config, retry, NULL), 0);
            anycert_retry_free(retry);
            assert_int_equal(anycert_config_set_circuit_breaker(config, 2, 60000, NULL), 0);
            virtual_time_set(config, &time);
            client = floor_client_of(config);
            canned_text(canned, CANNED_CLOSE,
                        "HTTP/1.1 503 Busy\r\nConnection: close\r\nContent-Length: 0\r\n\r\n");
            canned_text(canned, lost ? CANNED_RESET : CANNED_KEEP, lost ? "%s" : BUSY, "");
            assert_int_equal(sending_do(how, client, request, &response, &err), -1);
            assert_int_equal(err.code, ANYCERT_E_CIRCUIT_OPEN);
            if (!strstr(err.message,
                        lost ? "last try ended with: the connection to localhost:"
                             : "is not sent again; its last try ended with: status 503"))
                fail_msg("%s: %s", sending_name(how), err.message);
            assert_int_equal(canned_requests(canned), 2);
            assert_non_null(response);
            assert_int_equal(anycert_response_status(response), lost ? 0 : 503);
            assert_int_equal(time.sleeps, 0);
            anycert_response_free(response);
            (void)sending_fails(how, client, request, ANYCERT_E_CIRCUIT_OPEN);
            assert_int_equal(canned_requests(canned), 2);
            anycert_client_free(client);
            canned_stop(canned);
        }
    }
}

/* Those that wait for the rate limit when the breaker opens are not sent either. */
static void breaker_that_opens_refuses_those_who_wait(void **state)
{
    struct canned *canned = canned_start(false);
    struct virtual_time time = {0};
    struct anycert_config *config = floor_config(NULL);
    struct anycert_client *client = NULL;
    struct anycert_batch *batch = NULL;
    struct anycert_request *request = request_to("GET", canned);
    struct anycert_batch_result result;
    unsigned refused = 0;

    (void)state;
    assert_int_equal(anycert_config_set_circuit_breaker(config, 1, 600000, NULL), 0);
    assert_int_equal(anycert_config_set_rate_limit(config, 1, 1, NULL), 0);
    virtual_time_set(config, &time);
    client = floor_client_of(config);
    batch = anycert_batch_new(client, 3, NULL);
    canned_text(canned, CANNED_CLOSE, BUSY);
    for (unsigned i = 0; i < 3; i++)
        assert_int_equal(anycert_batch_add(batch, request, NULL, NULL), 0);
    while (anycert_batch_next(batch, -1, &result, NULL) == 1) {
        refused += result.error.code == ANYCERT_E_CIRCUIT_OPEN;
        anycert_response_free(result.response);
    }
    assert_int_equal(refused, 2);
    assert_int_equal(canned_requests(canned), 1);
    anycert_batch_free(batch);
    anycert_request_free(request);
    anycert_client_free(client);
    canned_stop(canned);
}

/* A request whose turn comes after the end of the time is not waited for. */
static void budget_is_not_spent_on_waiting_in_vain(void **state)
{
    (void)state;
    for (enum sending how = 0; how < SENDING_COUNT; how++) {
        struct canned *canned = canned_start(false);
        struct virtual_time time = {0};
        struct anycert_config *config = floor_config(NULL);
        struct anycert_client *client = NULL;

        assert_int_equal(anycert_config_set_rate_limit(config, 0.01, 1, NULL), 0);
        assert_int_equal(anycert_config_set_time_budget(config, 15000, NULL), 0);
        virtual_time_set(config, &time);
        client = floor_client_of(config);
        canned_text(canned, CANNED_KEEP, OK);
        anycert_response_free(sending_ok(how, client, request_to("GET", canned)));
        (void)sending_fails(how, client, request_to("GET", canned), ANYCERT_E_TIMEOUT_BUDGET);
        assert_int_equal(time.now_us, 0);
        anycert_client_free(client);
        canned_stop(canned);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(post_is_not_made_again_after_its_redirect),
        cmocka_unit_test(get_is_made_again_from_its_beginning),
        cmocka_unit_test(post_over_a_kept_connection_is_sent_once),
        cmocka_unit_test(post_through_a_kept_tunnel_is_sent_once),
        cmocka_unit_test(post_over_a_batchs_connection_is_sent_once),
        cmocka_unit_test(get_over_a_kept_connection_is_made_again),
        cmocka_unit_test(post_with_a_key_is_made_again_over_a_new_connection),
        cmocka_unit_test(posts_are_carried_out_once_when_connections_end),
        cmocka_unit_test(file_stays_when_the_tries_come_to_nothing),
        cmocka_unit_test(own_faults_do_not_open_the_breaker),
        cmocka_unit_test(breaker_that_ends_retries_tells_what_came),
        cmocka_unit_test(breaker_that_opens_refuses_those_who_wait),
        cmocka_unit_test(budget_is_not_spent_on_waiting_in_vain),
    };
    return cmocka_run_group_tests(tests, floor_setup, floor_teardown);
}
