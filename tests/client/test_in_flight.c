/* The clock moves on while a request is under way, and credentials tell connections apart. */
#include "client/ask.h"
#include "client/floor.h"
#include "client/servers.h"
#include "client/wiretap.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "support/certs.h"

static struct pki pki;

static int make_servers(void **state)
{
    pki_make(&pki);
    return floor_setup(state);
}

static int free_servers(void **state)
{
    pki_free(&pki);
    return floor_teardown(state);
}

/* ---- a clock that leaps at a chosen call */

static _Atomic unsigned calls; /* so far */
static unsigned leap_at;       /* the first call that sees the time behind the leap; 0: never */
static _Atomic bool leapt;     /* or at once */
static int64_t before, behind; /* the leap */

static int64_t tell_time(void *arg)
{
    unsigned call = ++calls;

    (void)arg;
    return leapt || (leap_at > 0 && call >= leap_at) ? behind : before;
}

static void set_clock(unsigned leap, int64_t from, int64_t to)
{
    calls = 0;
    leapt = false;
    leap_at = leap;
    before = from;
    behind = to;
}

/* "RUNG ca=ANCHORS until=TODAY". The leap is from the last second of the day into the next one. */
static const char *policy_until_today(const char *rung, const char *anchors)
{
    static char texts[2][1024];
    static unsigned next;
    char *text = texts[next++ % 2];
    char date[16];
    time_t now = time(NULL);
    struct tm tm;

    assert_non_null(gmtime_r(&now, &tm));
    assert_true(strftime(date, sizeof date, "%Y-%m-%d", &tm) > 0);
    snprintf(text, 1024, "%s ca=%s until=%s", rung, anchors, date);
    before = now - now % 86400 + 86399;
    behind = before + 1;
    return text;
}

/* How often the clock was asked before the first byte of the answer's body, if it never leaps. */
static unsigned calls_at_body;

static int note_calls(void *arg, const void *bytes, size_t len)
{
    (void)arg;
    (void)bytes;
    (void)len;
    if (calls_at_body == 0)
        calls_at_body = calls;
    return 0;
}

static struct anycert_client *clock_client(const char *policy, const char *proxy,
                                           const char *proxy_policy)
{
    return ask_client(&(struct ask){
        .policy = policy, .proxy = proxy, .proxy_policy = proxy_policy, .now = tell_time});
}

static unsigned count_calls(struct anycert_client *client, const char *url)
{
    struct anycert_error err = {0};
    struct anycert_request *request = floor_request("GET", url);

    calls_at_body = 0;
    set_clock(0, before, behind);
    assert_int_equal(anycert_request_set_body_callback(request, note_calls, NULL, &err), 0);
    anycert_response_free(floor_ok(client, request));
    anycert_client_free(client);
    assert_true(calls_at_body > 0);
    return calls_at_body;
}

/* The certificates of the floor's lab are good now, and today ends within them. */
static void test_policy_that_ends_while_connecting_sends_nothing(void **state)
{
    const struct lab_server *server = floor_server("expired");
    char root[512];
    const char *policy = NULL;
    unsigned asked = 0;

    (void)state;
    snprintf(root, sizeof root, "%s", floor_root());
    policy = policy_until_today("hardened+expired", root);
    asked = count_calls(clock_client(policy, NULL, NULL), lab_server_url(server));
    assert_true(asked >= 3); /* choosing terms, the handshake, the check before the request */
    for (unsigned leap = 1; leap <= asked + 1; leap++) {
        struct anycert_client *client = clock_client(policy, NULL, NULL);
        uint64_t requests = lab_server_requests(server);
        struct answer answer;

        set_clock(leap, before, behind);
        answer = ask_get(client, lab_server_url(server));
        if (leap <= asked) {
            assert_int_equal(answer.code, ANYCERT_E_TRUST_DATES);
            assert_int_equal(answer.verdict, ANYCERT_FAIL);
            assert_int_equal(lab_server_requests(server), requests);
        } else { /* it ended behind the check: the request was under way */
            assert_int_equal(answer.code, 0);
            assert_int_equal(answer.verdict, ANYCERT_RELAXED);
            assert_int_equal(lab_server_requests(server), requests + 1);
        }
        answer_free(&answer);
        ask_fails(client, lab_server_url(server), ANYCERT_E_TRUST_DATES);
        anycert_client_free(client);
    }
}

/* A kept connection, and the day ends between the choice of terms and the check. */
static void test_policy_that_ends_over_a_kept_connection_sends_nothing(void **state)
{
    const struct lab_server *server = floor_server("expired");
    const char *policy = policy_until_today("hardened+expired", floor_root());

    (void)state;
    for (unsigned leap = 1; leap <= 2; leap++) {
        struct anycert_client *client = clock_client(policy, NULL, NULL);
        uint64_t requests = 0;

        set_clock(0, before, behind);
        ask_works(client, lab_server_url(server));
        assert_true(ask_works(client, lab_server_url(server)));
        requests = lab_server_requests(server);
        set_clock(leap, before, behind);
        ask_fails(client, lab_server_url(server), ANYCERT_E_TRUST_DATES);
        assert_int_equal(lab_server_requests(server), requests);
        anycert_client_free(client);
    }
}

/* The same for the policy of an https proxy, which would be told the target by CONNECT. */
static void test_proxy_policy_that_ends_while_connecting_sends_nothing(void **state)
{
    const struct lab_server *server = floor_server("good");
    const char *policy = ask_policy("hardened", floor_root());
    const char *proxy_policy = policy_until_today("hardened+expired", pki.root_path);
    const struct wiretap_plan plan = {
        .role = WIRETAP_PROXY, .cert = pki.certs[FLAW_EXPIRED], .key = pki.keys[FLAW_EXPIRED]};
    struct wiretap *proxy = wiretap_start(&plan);
    unsigned asked =
        count_calls(clock_client(policy, url_of("https", wiretap_port(proxy), ""), proxy_policy),
                    lab_server_url(server));

    (void)state;
    assert_non_null(strstr(wiretap_stop(proxy).text, "CONNECT localhost"));
    for (unsigned leap = 1; leap <= asked; leap++) {
        uint64_t requests = lab_server_requests(server);
        struct anycert_client *client = NULL;
        struct answer answer;

        proxy = wiretap_start(&plan);
        client = clock_client(policy, url_of("https", wiretap_port(proxy), ""), proxy_policy);
        set_clock(leap, before, behind);
        answer = ask_get(client, lab_server_url(server));
        assert_int_equal(answer.code, ANYCERT_E_PROXY_TRUST);
        assert_int_equal(lab_server_requests(server), requests);
        answer_free(&answer);
        anycert_client_free(client);
        /* The last two calls are about the origin's link, so the tunnel was there before. */
        assert_int_equal(wiretap_stop(proxy).len > 0, leap > asked - 2);
    }
}

/* ---- a certificate expires under a long body */

static int leap_now(void *arg, const void *bytes, size_t len)
{
    uint64_t *received = arg;

    (void)bytes;
    *received += len;
    leapt = true;
    return 0;
}

static void test_certificate_that_expires_under_a_body_was_good_for_its_request(void **state)
{
    const char *url = floor_url("good", "bytes/3000000");
    struct anycert_error err = {0};
    struct anycert_client *client = clock_client(ask_policy("hardened", floor_root()), NULL, NULL);
    uint64_t requests = 0;

    (void)state;
    set_clock(0, time(NULL), time(NULL) + 36500 * CERTS_DAY);
    for (int i = 0; i < 2; i++) { /* over a fresh connection, and over a kept one */
        struct anycert_request *request = floor_request("GET", url);
        struct anycert_response *response = NULL;
        uint64_t received = 0;

        leapt = false;
        assert_int_equal(anycert_request_set_body_callback(request, leap_now, &received, &err), 0);
        response = floor_ok(client, request);
        assert_int_equal(received, 3000000);
        assert_true(leapt);
        assert_int_equal(anycert_report_verdict(anycert_response_report(response)), ANYCERT_PASS);
        assert_int_equal(anycert_report_peer_authenticated(anycert_response_report(response)), 1);
        assert_int_equal(anycert_response_hop_reused(response, 0), i);
        anycert_response_free(response);
    }
    requests = lab_server_requests(floor_server("good"));
    ask_fails(client, floor_url("good", ""), ANYCERT_E_TRUST_DATES);
    assert_int_equal(lab_server_requests(floor_server("good")), requests);
    anycert_client_free(client);
}

/* ---- credentials */

struct who {
    const char *user, *password; /* Basic, or */
    const char *url_user;        /* "user:password@" in the URL, or */
    const char *field, *value;   /* a header field */
    int same_as;                 /* the row whose connection it takes; its own number: none's */
};

/* True if an open connection was used. */
static bool ask_as(struct anycert_client *client, const struct who *who)
{
    struct anycert_error err = {0};
    char url[256];
    struct anycert_request *request = NULL;
    struct anycert_response *response = NULL;
    bool reused = false;

    snprintf(url, sizeof url, "https://%slocalhost:%u/", who->url_user ? who->url_user : "",
             (unsigned)lab_server_port(floor_server("good")));
    request = floor_request("GET", url);
    if (who->user)
        assert_int_equal(anycert_request_set_basic_auth(request, who->user, who->password, &err),
                         0);
    if (who->field)
        floor_header(request, who->field, who->value);
    response = floor_ok(client, request);
    reused = anycert_response_hop_reused(response, 0) == 1;
    anycert_response_free(response);
    return reused;
}

static struct anycert_client *credentials_client(void)
{
    struct anycert_error err = {0};
    struct anycert_config *config = floor_config("hardened");

    assert_int_equal(anycert_config_add_secret_header(config, "X-Api-Key", &err), 0);
    return floor_client_of(config);
}

static const struct who whos[] = {
    {.same_as = 0},
    {.user = "user1", .password = "one", .same_as = 1},
    {.user = "user2", .password = "one", .same_as = 2},
    {.user = "user1", .password = "two", .same_as = 3},
    {.user = "user1", .password = "", .same_as = 4},
    {.url_user = "user1:one@", .same_as = 1},
    {.url_user = "user3:one@", .same_as = 6},
    {.field = "Authorization", .value = "Bearer one", .same_as = 7},
    {.field = "authorization", .value = "Bearer two", .same_as = 8},
    {.field = "X-Api-Key", .value = "one", .same_as = 9},
    {.field = "X-API-KEY", .value = "two", .same_as = 10},
    {.field = "Cookie", .value = "session=one", .same_as = 0},
    {.field = "Cookie", .value = "session=two", .same_as = 0},
    {.field = "X-Other", .value = "one", .same_as = 0},
};
#define WHOS (sizeof whos / sizeof whos[0])

/* Each pair of rows with a client of its own: the second takes the first one's connection exactly
 * if it comes with the same credentials. */
static void test_connections_are_shared_by_those_with_the_same_credentials_only(void **state)
{
    const struct lab_server *server = floor_server("good");

    (void)state;
    for (size_t i = 0; i < WHOS * WHOS; i++) {
        const struct who *first = &whos[i / WHOS];
        const struct who *second = &whos[i % WHOS];
        bool same = first->same_as == second->same_as;
        struct anycert_client *client = credentials_client();
        uint64_t connections = lab_server_connections(server);

        assert_false(ask_as(client, first));
        if (ask_as(client, second) != same)
            fail_msg("rows %zu and %zu %s a connection", i / WHOS, i % WHOS,
                     same ? "do not share" : "share");
        assert_int_equal(lab_server_connections(server) - connections, same ? 1 : 2);
        assert_true(ask_as(client, first)); /* whose connection is there still */
        assert_true(ask_as(client, second));
        assert_int_equal(lab_server_connections(server) - connections, same ? 1 : 2);
        anycert_client_free(client);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_policy_that_ends_while_connecting_sends_nothing),
        cmocka_unit_test(test_policy_that_ends_over_a_kept_connection_sends_nothing),
        cmocka_unit_test(test_proxy_policy_that_ends_while_connecting_sends_nothing),
        cmocka_unit_test(test_certificate_that_expires_under_a_body_was_good_for_its_request),
        cmocka_unit_test(test_connections_are_shared_by_those_with_the_same_credentials_only),
    };

    return cmocka_run_group_tests(tests, make_servers, free_servers);
}
