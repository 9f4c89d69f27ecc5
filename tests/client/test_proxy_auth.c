/* Proxies that want to know who asks: what they get in which way, and that nobody else gets it. */
#include "client/ask.h"
#include "client/floor.h"
#include "client/servers.h"
#include "client/wiretap.h"

#include <anycert/batch.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "support/certs.h"
#include "support/ports.h"

static struct pki pki;
static struct web web;
static struct squid basic, digest, both, closing;
static struct tinyproxy tinyproxy, asking;

static int make_all(void **state)
{
    pki_make(&pki);
    web_start(&web, &pki);
    squid_start_with(&basic, &pki, SQUID_BASIC);
    squid_start_with(&digest, &pki, SQUID_DIGEST);
    squid_start_with(&both, &pki, SQUID_BASIC | SQUID_DIGEST);
    squid_start_with(&closing, &pki, SQUID_BASIC | SQUID_DIGEST | SQUID_CLOSES);
    tinyproxy_start(&tinyproxy, &pki);
    tinyproxy_start_with(&asking, &pki, true);
    return floor_setup(state);
}

static int free_all(void **state)
{
    web_stop(&web);
    squid_stop(&basic);
    squid_stop(&digest);
    squid_stop(&both);
    squid_stop(&closing);
    tinyproxy_stop(&tinyproxy);
    tinyproxy_stop(&asking);
    pki_free(&pki);
    return floor_teardown(state);
}

/* ---- what is asked, and what the proxy heard */

/* "SCHEME://USERINFO@localhost:PORT"; lives until the fourth call after it. */
static const char *proxy_at(const char *scheme, const char *userinfo, uint16_t port)
{
    static char urls[4][160];
    static unsigned next;
    char *url = urls[next++ % 4];

    snprintf(url, sizeof urls[0], "%s://%s%slocalhost:%u", scheme, userinfo ? userinfo : "",
             userinfo ? "@" : "", (unsigned)port);
    return url;
}

#define KNOWN PROXY_USER ":" PROXY_PASSWORD

static struct anycert_client *client_through(const char *proxy, enum anycert_proxy_auth auth)
{
    return ask_client(&(struct ask){.policy = ask_policy("hardened", pki.root_path),
                                    .proxy = proxy,
                                    .proxy_policy = ask_policy("hardened", pki.root_path),
                                    .proxy_auth = auth});
}

/* The last lines of squid's log: "METHOD URL STATUS CREDENTIALS". */
static const char *log_of(const struct squid *squid)
{
    static char *log;

    free(log);
    log = child_log(squid->log);
    return log;
}

static size_t count(const char *text, const char *what)
{
    size_t n = 0;

    for (const char *p = strstr(text, what); p; p = strstr(p + 1, what))
        n++;
    return n;
}

/* The same, once so many more requests stand in it as done; squid writes a tunnel's line when it
 * has noticed that the tunnel has ended. */
static const char *log_with(const struct squid *squid, size_t done)
{
    for (unsigned tries = 0; tries < 1000; tries++) {
        if (count(log_of(squid), " 200 ") >= done)
            break;
        (void)nanosleep(&(struct timespec){.tv_nsec = 10000000}, NULL);
    }
    assert_int_equal(count(log_of(squid), " 200 "), done);
    return log_of(squid);
}

#define BASIC_SECRET "bWU6cHJveHktc2VjcmV0" /* me:proxy-secret */

/* ---- every way through */

/* GET and POST, to https and http, twice; the origin sees nothing of what was for the proxy. */
static void go_through(const char *proxy, enum anycert_proxy_auth auth)
{
    struct wiretap *origin = wiretap_start(&(struct wiretap_plan){
        .role = WIRETAP_ORIGIN, .cert = pki.certs[FLAW_NONE], .key = pki.keys[FLAW_NONE]});
    struct wiretap *clear = wiretap_start(&(struct wiretap_plan){.role = WIRETAP_ORIGIN});
    struct anycert_client *client = client_through(proxy, auth);
    const char *urls[] = {url_of("https", wiretap_port(origin), ""),
                          url_of("http", wiretap_port(clear), "")};
    struct wiretap_seen seen;

    for (int i = 0; i < 4; i++) {
        struct answer answer = ask_get(client, urls[i % 2]);

        if (answer.code != 0 || answer.status != 200)
            fail_msg("%s, %s: %d %s", proxy, urls[i % 2], answer.status, answer.message);
        answer_free(&answer);
    }
    anycert_client_free(client);
    seen = wiretap_stop(origin);
    assert_null(strstr(seen.text, "roxy-"));
    assert_int_equal(count(seen.text, "GET / "), 2);
    seen = wiretap_stop(clear);
    assert_null(strstr(seen.text, "uthorization"));
    assert_int_equal(count(seen.text, "GET / "), 2);
}

static void proxy_auth_works_on_every_way(void **state)
{
    static const struct {
        const struct squid *squid;
        enum anycert_proxy_auth auth;
        bool tells_password;
    } rows[] = {
        /* First those that tell no password, as squid writes of a tunnel when it has ended. */
        {&digest, ANYCERT_PROXY_DIGEST, false},  {&digest, ANYCERT_PROXY_ANY, false},
        {&both, ANYCERT_PROXY_DIGEST, false},    {&both, ANYCERT_PROXY_ANY, false},
        {&closing, ANYCERT_PROXY_DIGEST, false}, {&closing, ANYCERT_PROXY_ANY, false},
        {&basic, ANYCERT_PROXY_BASIC, true},     {&basic, ANYCERT_PROXY_ANY, true},
        {&both, ANYCERT_PROXY_BASIC, true},      {&closing, ANYCERT_PROXY_BASIC, true},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const struct squid *squid = rows[i].squid;
        size_t before = count(log_of(squid), BASIC_SECRET);
        size_t done = count(log_of(squid), " 200 ");

        go_through(proxy_at("http", KNOWN, squid->http), rows[i].auth);
        go_through(proxy_at("https", KNOWN, squid->https[FLAW_NONE]), rows[i].auth);
        /* Twice two requests in clear text and one tunnel. */
        assert_int_equal(count(log_with(squid, done + 6), BASIC_SECRET) > before,
                         rows[i].tells_password);
    }
}

/* tinyproxy closes behind its refusals, knows Basic alone, and says 401 to whom it does not know.
 */
static void proxy_auth_works_with_tinyproxy(void **state)
{
    static const char *const strangers[] = {NULL, "me:wr0ng", "you:proxy-secret"};

    (void)state;
    go_through(proxy_at("http", KNOWN, asking.port), ANYCERT_PROXY_BASIC);
    go_through(proxy_at("http", KNOWN, asking.port), ANYCERT_PROXY_ANY);
    for (size_t i = 0; i < 3 * sizeof strangers / sizeof strangers[0]; i++) {
        struct anycert_client *client =
            client_through(proxy_at("http", strangers[i / 3], asking.port), i % 3);
        struct answer answer = ask_get(client, url_of("https", web.ports[FLAW_NONE], ""));

        assert_int_equal(answer.code, ANYCERT_E_PROXY_STATUS);
        assert_non_null(
            strstr(answer.message, strangers[i / 3] && i % 3 != ANYCERT_PROXY_DIGEST
                                       ? "status 401, it refuses the user or the password"
                                       : "status 407, "));
        assert_null(strstr(answer.message, "wr0ng"));
        answer_free(&answer);
        answer = ask_get(client, floor_url("http", "echo"));
        assert_int_equal(answer.code, 0);
        assert_true(answer.status == 407 || answer.status == 401);
        answer_free(&answer);
        anycert_client_free(client);
    }
}

static void proxy_auth_digest_sends_a_body_whole_and_once(void **state)
{
    struct anycert_config *config = floor_config(NULL);
    struct anycert_client *client = NULL;
    static char body[100000];

    (void)state;
    memset(body, 'b', sizeof body);
    assert_int_equal(anycert_config_set_proxy(config, proxy_at("http", KNOWN, digest.http), NULL),
                     0);
    assert_int_equal(anycert_config_set_proxy_auth(config, ANYCERT_PROXY_DIGEST, NULL), 0);
    client = floor_client_of(config);
    for (int i = 0; i < 4; i++) {
        struct anycert_request *request =
            floor_request(i < 2 ? "POST" : "PUT", floor_url(i % 2 ? "good" : "http", "echo"));
        struct anycert_response *response = NULL;

        assert_int_equal(anycert_request_set_body(request, body, sizeof body, NULL), 0);
        response = floor_ok(client, request);
        assert_int_equal(anycert_response_status(response), 200);
        assert_int_equal(floor_echo_number(response, "/body/length"), sizeof body);
        assert_null(floor_echo_header(response, "Proxy-Authorization", 0));
        anycert_response_free(response);
    }
    anycert_client_free(client);
}

/* Many at once, which libcurl does in another way; the proxy closes after its challenge. */
static void proxy_auth_works_for_a_batch(void **state)
{
    struct anycert_client *client =
        client_through(proxy_at("https", KNOWN, closing.https[FLAW_NONE]), ANYCERT_PROXY_DIGEST);
    struct anycert_batch *batch = anycert_batch_new(client, 3, NULL);
    struct anycert_request *request =
        floor_request("GET", url_of("https", web.ports[FLAW_NONE], ""));
    struct anycert_batch_result result;
    int got = 0;

    (void)state;
    for (size_t i = 0; i < 6; i++)
        assert_int_equal(anycert_batch_add(batch, request, NULL, NULL), 0);
    while (anycert_batch_next(batch, -1, &result, NULL) == 1) {
        if (result.error.code != 0)
            fail_msg("%s", result.error.message);
        assert_int_equal(anycert_response_status(result.response), 200);
        anycert_response_free(result.response);
        got++;
    }
    assert_int_equal(got, 6);
    anycert_batch_free(batch);
    anycert_request_free(request);
    anycert_client_free(client);
}

/* ---- refused */

static void proxy_auth_refused_is_told_by_kind_of_url(void **state)
{
    static const struct {
        const char *userinfo;
        const struct squid *squid;
        enum anycert_proxy_auth auth;
        const char *says;
    } rows[] = {
        {NULL, &basic, ANYCERT_PROXY_BASIC, "it wants a user and password"},
        {NULL, &digest, ANYCERT_PROXY_DIGEST, "it wants a user and password"},
        {"me:wr0ng", &basic, ANYCERT_PROXY_BASIC, "it refuses the user or the password"},
        {"me:wr0ng", &digest, ANYCERT_PROXY_DIGEST, "it refuses the user or the password"},
        {"you:proxy-secret", &digest, ANYCERT_PROXY_ANY, "it refuses the user or the password"},
        {"me:wr0ng", &closing, ANYCERT_PROXY_DIGEST, "it refuses the user or the password"},
        {"me:wr0ng", &closing, ANYCERT_PROXY_ANY, "it refuses the user or the password"},
        {KNOWN, &basic, ANYCERT_PROXY_DIGEST, "it takes Basic alone, and Digest is what is set"},
        {KNOWN, &digest, ANYCERT_PROXY_BASIC, "it takes Digest alone, and Basic is what is set"},
    };

    (void)state;
    for (size_t i = 0; i < 2 * sizeof rows / sizeof rows[0]; i++) {
        size_t row = i / 2;
        const struct squid *squid = rows[row].squid;
        struct anycert_client *client =
            client_through(i % 2 ? proxy_at("https", rows[row].userinfo, squid->https[FLAW_NONE])
                                 : proxy_at("http", rows[row].userinfo, squid->http),
                           rows[row].auth);
        size_t before = count(log_of(squid), BASIC_SECRET);
        struct answer answer = ask_get(client, url_of("https", web.ports[FLAW_NONE], ""));

        assert_int_equal(answer.code, ANYCERT_E_PROXY_STATUS);
        if (!strstr(answer.message, "status 407") || !strstr(answer.message, rows[row].says))
            fail_msg("expected '%s' in: %s", rows[row].says, answer.message);
        assert_null(strstr(answer.message, "wr0ng"));
        assert_null(strstr(answer.message, "secret"));
        answer_free(&answer);
        /* For http the proxy answers in the server's place. */
        answer = ask_get(client, floor_url("http", "echo"));
        assert_int_equal(answer.code, 0);
        assert_int_equal(answer.status, 407);
        answer_free(&answer);
        anycert_client_free(client);
        /* Who asks for Basic gets nothing that was meant for Digest. */
        if (rows[row].auth == ANYCERT_PROXY_DIGEST)
            assert_int_equal(count(log_of(squid), BASIC_SECRET), before);
    }
}

/* Servers that cannot be reached: the proxy says so in its way, by kind of URL. */
static void proxy_that_cannot_reach_the_server_is_told_by_kind_of_url(void **state)
{
    const char *proxies[] = {proxy_at("http", KNOWN, basic.http),
                             proxy_at("http", NULL, tinyproxy.port)};
    uint16_t closed = ports_closed();

    (void)state;
    for (size_t i = 0; i < 2; i++) {
        struct anycert_client *client = client_through(proxies[i], ANYCERT_PROXY_BASIC);
        struct answer answer = ask_get(client, url_of("https", closed, ""));

        assert_int_equal(answer.code, ANYCERT_E_PROXY_STATUS);
        assert_non_null(strstr(answer.message, "refuses to connect to localhost:"));
        assert_non_null(strstr(answer.message, "status 50"));
        assert_int_equal(answer.status, 0);
        answer_free(&answer);
        answer = ask_get(client, url_of("http", closed, ""));
        assert_int_equal(answer.code, 0);
        assert_true(answer.status >= 500 && answer.status < 600);
        answer_free(&answer);
        anycert_client_free(client);
    }
}

/* ---- nobody else */

/* A server that poses as a proxy, in the tunnel and without one. */
static void server_that_asks_for_proxy_credentials_gets_none(void **state)
{
    static const char *const answers[] = {
        "HTTP/1.1 407 Proxy Authentication Required\r\nProxy-Authenticate: Basic realm=\"x\"\r\n"
        "Content-Length: 0\r\n\r\n",
        "HTTP/1.1 407 Proxy Authentication Required\r\nProxy-Authenticate: Digest "
        "realm=\"proxies\", "
        "nonce=\"abc\", qop=\"auth\"\r\nContent-Length: 0\r\n\r\n",
        "HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: Basic realm=\"x\"\r\nContent-Length: 0\r\n"
        "\r\n",
        "HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: Digest realm=\"proxies\", nonce=\"abc\"\r\n"
        "Content-Length: 0\r\n\r\n",
    };

    (void)state;
    for (size_t i = 0; i < 4 * 6; i++) {
        bool is_proxied = i / 12 == 0;
        enum anycert_proxy_auth auth = i / 4 % 3;
        struct wiretap *origin = wiretap_start(&(struct wiretap_plan){.role = WIRETAP_ORIGIN,
                                                                      .cert = pki.certs[FLAW_NONE],
                                                                      .key = pki.keys[FLAW_NONE],
                                                                      .answer = answers[i % 4]});
        struct anycert_client *client =
            ask_client(&(struct ask){.policy = ask_policy("hardened", pki.root_path),
                                     .proxy = proxy_at("http", KNOWN, both.http),
                                     .no_proxy = is_proxied ? NULL : "localhost",
                                     .proxy_auth = auth});
        struct answer answer = ask_get(client, url_of("https", wiretap_port(origin), ""));
        struct wiretap_seen seen;

        assert_int_equal(answer.code, 0);
        assert_int_equal(answer.status, i % 4 < 2 ? 407 : 401);
        answer_free(&answer);
        anycert_client_free(client);
        seen = wiretap_stop(origin);
        assert_null(strstr(seen.text, "uthorization"));
        assert_null(strstr(seen.text, BASIC_SECRET));
    }
}

/* What is for the server goes through the tunnel, not with the request for it. */
static void connect_carries_nothing_of_the_request(void **state)
{
    static const char *const fields[] = {"Authorization: Bearer hunter2", "Cookie: hunter2",
                                         "X-Api-Key: hunter2", "X-Mine: hunter2"};
    struct wiretap *origin = wiretap_start(&(struct wiretap_plan){
        .role = WIRETAP_ORIGIN, .cert = pki.certs[FLAW_NONE], .key = pki.keys[FLAW_NONE]});
    struct wiretap *proxy = wiretap_start(&(struct wiretap_plan){.role = WIRETAP_PROXY});
    struct anycert_client *client =
        client_through(proxy_at("http", KNOWN, wiretap_port(proxy)), ANYCERT_PROXY_BASIC);
    struct answer answer =
        ask_get_with(client, url_of("https", wiretap_port(origin), "hunter2"), fields, 4);
    struct wiretap_seen seen;

    (void)state;
    assert_int_equal(answer.code, 0);
    answer_free(&answer);
    anycert_client_free(client);
    seen = wiretap_stop(proxy);
    assert_non_null(strstr(seen.text, "CONNECT localhost:"));
    assert_non_null(strstr(seen.text, "Proxy-Authorization: Basic " BASIC_SECRET));
    assert_null(strstr(seen.text, "hunter2"));
    assert_int_equal(count(wiretap_stop(origin).text, "hunter2"), 5);
}

/* From behind the proxy to a host that is reached without it, in the clear. */
static void redirect_past_the_proxy_carries_nothing_of_it(void **state)
{
    struct wiretap *target = wiretap_start(&(struct wiretap_plan){.role = WIRETAP_ORIGIN});
    char to[100];
    char outside[64];

    (void)state;
    snprintf(to, sizeof to, "http://127.0.0.1:%u/", (unsigned)wiretap_port(target));
    snprintf(outside, sizeof outside, "127.0.0.1:%u", (unsigned)wiretap_port(target));
    for (enum anycert_proxy_auth auth = ANYCERT_PROXY_BASIC; auth <= ANYCERT_PROXY_ANY; auth++) {
        struct anycert_client *client = ask_client(&(struct ask){
            .proxy = proxy_at("http", KNOWN, both.http), .no_proxy = outside, .proxy_auth = auth});
        struct answer answer = ask_get(client, floor_url("http", floor_redirect(302, to)));

        assert_int_equal(answer.code, 0);
        assert_int_equal(anycert_response_hop_count(answer.response), 2);
        answer_free(&answer);
        anycert_client_free(client);
    }
    assert_null(strstr(wiretap_stop(target).text, "uthorization"));
}

/* What one proxy was told, another of another client is not: Digest's state is no client's but its
 * own. */
static void second_proxy_gets_only_its_own(void **state)
{
    struct wiretap *other = wiretap_start(&(struct wiretap_plan){
        .role = WIRETAP_PROXY,
        .answer = "HTTP/1.1 407 Proxy Authentication Required\r\nProxy-Authenticate: Digest "
                  "realm=\"proxies\", nonce=\"abc\", qop=\"auth\"\r\nContent-Length: 0\r\n\r\n"});
    struct anycert_client *first =
        client_through(proxy_at("http", KNOWN, digest.http), ANYCERT_PROXY_DIGEST);
    struct anycert_client *second = client_through(
        proxy_at("http", "you:other-secret", wiretap_port(other)), ANYCERT_PROXY_DIGEST);
    struct wiretap_seen seen;
    struct answer answer;

    (void)state;
    for (int i = 0; i < 2; i++) {
        answer = ask_get(first, floor_url("http", "echo"));
        assert_int_equal(answer.status, 200);
        answer_free(&answer);
        answer = ask_get(second, floor_url("http", "echo"));
        assert_int_equal(answer.status, 407);
        answer_free(&answer);
    }
    anycert_client_free(first);
    anycert_client_free(second);
    seen = wiretap_stop(other);
    assert_non_null(strstr(seen.text, "username=\"you\""));
    assert_null(strstr(seen.text, "username=\"" PROXY_USER "\""));
}

/* ---- connections */

static void proxy_auth_digest_keeps_its_connections(void **state)
{
    struct anycert_client *client =
        client_through(proxy_at("http", KNOWN, digest.http), ANYCERT_PROXY_DIGEST);

    (void)state;
    assert_false(ask_works(client, url_of("https", web.ports[FLAW_NONE], "")));
    assert_true(ask_works(client, url_of("https", web.ports[FLAW_NONE], "")));
    anycert_client_free(client);
}

static void set_proxy_auth_unknown_value_is_refused(void **state)
{
    struct anycert_config *config = anycert_config_new(NULL);
    struct anycert_error err = {0};

    (void)state;
    assert_int_equal(anycert_config_set_proxy_auth(config, (enum anycert_proxy_auth)3, &err), -1);
    assert_int_equal(err.code, ANYCERT_E_USAGE);
    anycert_config_free(config);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(proxy_auth_works_on_every_way),
        cmocka_unit_test(proxy_auth_works_with_tinyproxy),
        cmocka_unit_test(proxy_auth_digest_sends_a_body_whole_and_once),
        cmocka_unit_test(proxy_auth_works_for_a_batch),
        cmocka_unit_test(proxy_auth_refused_is_told_by_kind_of_url),
        cmocka_unit_test(proxy_that_cannot_reach_the_server_is_told_by_kind_of_url),
        cmocka_unit_test(server_that_asks_for_proxy_credentials_gets_none),
        cmocka_unit_test(connect_carries_nothing_of_the_request),
        cmocka_unit_test(redirect_past_the_proxy_carries_nothing_of_it),
        cmocka_unit_test(second_proxy_gets_only_its_own),
        cmocka_unit_test(proxy_auth_digest_keeps_its_connections),
        cmocka_unit_test(set_proxy_auth_unknown_value_is_refused),
    };

    return cmocka_run_group_tests_name("proxy_auth", tests, make_all, free_all);
}
