/* What is the proxy's goes to the proxy, and what is the origin's to the origin: each end of every
 * way is recorded, and nothing of the other may be in it. */
#include "client/ask.h"
#include "client/floor.h"
#include "client/sending.h"
#include "client/servers.h"
#include "client/wiretap.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#define COUNT(a) (sizeof(a) / sizeof(a)[0])

static struct pki pki;
static struct squid squid;

static int make_servers(void **state)
{
    pki_make(&pki);
    squid_start(&squid, &pki);
    return floor_setup(state);
}

static int free_servers(void **state)
{
    squid_stop(&squid);
    pki_free(&pki);
    return floor_teardown(state);
}

/* ---- who may see what */

#define PROXY_BASIC "cHJveHl1c2VyOnByMHh5LXBhc3M=" /* proxyuser:pr0xy-pass */

static const char *const of_proxy[] = {"Proxy-Authorization", PROXY_BASIC, "proxyuser",
                                       "pr0xy-pass"};
static const char *const of_origin[] = {"\r\nAuthorization",
                                        "dTpw",
                                        "\r\nCookie",
                                        "c00kie",
                                        "X-Api-Key",
                                        "k3y",
                                        "X-Kept",
                                        "kept",
                                        "b0dy",
                                        "secret-path"};

static void assert_none_of(const char *text, const char *const *words, size_t count,
                           const char *who)
{
    for (size_t i = 0; i < count; i++) {
        if (strstr(text, words[i]))
            fail_msg("%s saw '%s': %s", who, words[i], text);
    }
}

static struct anycert_client *client_with(const char *scheme, uint16_t port, bool has_user)
{
    struct anycert_error err = {0};
    struct anycert_config *config = anycert_config_new(NULL);
    struct anycert_policy *policy = NULL;
    char roots[600];
    char url[128];

    (void)snprintf(roots, sizeof roots, "%s,%s", pki.root_path, floor_root());
    policy = anycert_policy_parse(ask_policy("hardened", roots), &err);
    (void)snprintf(url, sizeof url, "%s://%slocalhost:%u", scheme,
                   has_user ? "proxyuser:pr0xy%2Dpass@" : "", (unsigned)port);
    if (anycert_config_set_policy(config, policy, &err) < 0 ||
        anycert_config_set_proxy_policy(config, policy, &err) < 0 ||
        anycert_config_set_proxy(config, url, &err) < 0 ||
        anycert_config_set_no_proxy(config, "127.0.0.1", &err) < 0 ||
        anycert_config_add_secret_header(config, "X-Api-Key", &err) < 0 ||
        anycert_config_set_allow_downgrade(config, 1, &err) < 0 ||
        anycert_config_set_timeouts(config, 20000, 40000, 0, &err) < 0)
        fail_msg("%s", err.message);
    anycert_policy_free(policy);
    return floor_client_of(config);
}

static struct anycert_request *secret_request(const char *url)
{
    struct anycert_request *request = floor_request("POST", url);

    assert_int_equal(anycert_request_set_basic_auth(request, "u", "p", NULL), 0);
    assert_int_equal(anycert_request_set_body(request, "b0dy", 4, NULL), 0);
    floor_header(request, "Cookie", "a=c00kie");
    floor_header(request, "X-Api-Key", "k3y");
    floor_header(request, "X-Kept", "kept");
    return request;
}

/* ---- tunnels */

/* What proxies are asked before the tunnel is all that they see. */
static void check_tunnel(bool https_proxy, enum sending how)
{
    struct wiretap *origin = wiretap_start(&(struct wiretap_plan){
        .role = WIRETAP_ORIGIN, .cert = pki.certs[FLAW_NONE], .key = pki.keys[FLAW_NONE]});
    struct wiretap *proxy =
        wiretap_start(&(struct wiretap_plan){.role = WIRETAP_PROXY,
                                             .cert = https_proxy ? pki.certs[FLAW_NONE] : NULL,
                                             .key = https_proxy ? pki.keys[FLAW_NONE] : NULL});
    struct anycert_client *client =
        client_with(https_proxy ? "https" : "http", wiretap_port(proxy), true);
    struct wiretap_seen at_origin;
    struct wiretap_seen at_proxy;

    for (int again = 0; again < 2; again++)
        anycert_response_free(sending_ok(
            how, client, secret_request(url_of("https", wiretap_port(origin), "secret-path"))));
    anycert_client_free(client);
    at_origin = wiretap_stop(origin);
    at_proxy = wiretap_stop(proxy);
    assert_memory_equal(at_proxy.text, "CONNECT localhost:", 18);
    assert_non_null(strstr(at_proxy.text, "\r\nProxy-Authorization: Basic " PROXY_BASIC "\r\n"));
    assert_none_of(at_proxy.text, of_origin, COUNT(of_origin), "the proxy");
    assert_none_of(at_origin.text, of_proxy, COUNT(of_proxy), "the origin");
    for (size_t i = 0; i < COUNT(of_origin); i++)
        assert_non_null(strstr(at_origin.text, of_origin[i]));
}

static void tunnels_keep_what_is_whose(void **state)
{
    (void)state;
    for (enum sending how = 0; how < SENDING_COUNT; how++) {
        check_tunnel(false, how);
        check_tunnel(true, how);
    }
}

#define DIGEST_407                                                                                 \
    "HTTP/1.1 407 x\r\nProxy-Authenticate: Digest realm=\"a\", nonce=\"b\", qop=\"auth\"\r\n"      \
    "Content-Length: 0\r\n\r\n"

/* A proxy that asks for the request's own credentials gets none of them. */
static void proxy_that_asks_for_more_gets_its_own_only(void **state)
{
    static const char digest[] = DIGEST_407;
    static const char *const asked[] = {
        "HTTP/1.1 407 x\r\nProxy-Authenticate: NTLM\r\nContent-Length: 0\r\n\r\n",
        "HTTP/1.1 407 x\r\nProxy-Authenticate: Negotiate\r\nContent-Length: 0\r\n\r\n",
        digest,
        "HTTP/1.1 407 x\r\nProxy-Authenticate: Basic realm=\"other\"\r\nContent-Length: 0\r\n\r\n",
        "HTTP/1.1 401 x\r\nWWW-Authenticate: Basic realm=\"a\"\r\nContent-Length: 0\r\n\r\n",
    };

    (void)state;
    for (size_t i = 0; i < COUNT(asked); i++) {
        for (enum sending how = 0; how < SENDING_COUNT; how++) {
            struct canned *proxy = canned_start(false);
            struct anycert_client *client = client_with("http", canned_port(proxy), i % 2 == 0);

            canned_text(proxy, CANNED_KEEP, "%s", asked[i]);
            (void)sending_fails(how, client, secret_request("https://localhost:1/secret-path"),
                                ANYCERT_E_PROXY_STATUS);
            for (unsigned n = 0; n < canned_requests(proxy); n++) {
                char *seen = canned_request(proxy, n, NULL);

                assert_none_of(seen, of_origin, COUNT(of_origin), "the proxy");
                assert_null(strstr(seen, "NTLM"));
                assert_null(strstr(seen, "Negotiate"));
                if (i % 2 != 0)
                    assert_none_of(seen, of_proxy, COUNT(of_proxy), "the proxy");
                free(seen);
            }
            assert_int_equal(canned_requests(proxy), 1);
            anycert_client_free(client);
            canned_stop(proxy);
        }
    }
}

/* ---- without a tunnel */

/* Two requests behind each other: both are read by the proxy, and so have its credentials; the
 * second is for another origin, reached directly if its host is 127.0.0.1. */
static void check_clear_text(const char *scheme, uint16_t proxy, const char *second_host,
                             enum sending how)
{
    struct canned *first = canned_start(false);
    struct canned *second = canned_start(false);
    struct anycert_client *client = client_with(scheme, proxy, true);
    char *seen = NULL;

    canned_text(first, CANNED_CLOSE,
                "HTTP/1.1 307 x\r\nLocation: http://%s:%u/\r\nContent-Length: 0\r\n\r\n",
                second_host, (unsigned)canned_port(second));
    canned_text(second, CANNED_CLOSE, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
    anycert_response_free(
        sending_ok(how, client, secret_request(floor_join(canned_origin(first), "/secret-path"))));
    seen = canned_request(first, 0, NULL);
    assert_none_of(seen, of_proxy, COUNT(of_proxy), "the first origin");
    assert_non_null(strstr(seen, "k3y"));
    free(seen);
    seen = canned_request(second, 0, NULL);
    assert_none_of(seen, of_proxy, COUNT(of_proxy), "the second origin");
    assert_none_of(seen, of_origin, 6, "the second origin");
    assert_non_null(strstr(seen, "X-Kept: kept"));
    free(seen);
    anycert_client_free(client);
    canned_stop(first);
    canned_stop(second);
}

static void clear_text_behind_squid_keeps_what_is_whose(void **state)
{
    (void)state;
    for (enum sending how = 0; how < SENDING_COUNT; how++) {
        check_clear_text("http", squid.http, "localhost", how);
        check_clear_text("http", squid.http, "127.0.0.1", how);
        check_clear_text("https", squid.https[FLAW_NONE], "localhost", how);
        check_clear_text("https", squid.https[FLAW_NONE], "127.0.0.1", how);
    }
}

/* The log behind `from`, as soon as it has the line and what stands behind that: squid writes it
 * when it finds the time, and has answered by then. */
static char *squid_log_end(size_t from, const char *line, const char *behind)
{
    for (unsigned tries = 0; tries < 1000; tries++) {
        char *log = child_log(squid.log);
        const char *at = strlen(log) >= from ? strstr(log + from, line) : NULL;
        char *end = at && strstr(at, behind) ? strdup(at) : NULL;

        free(log);
        if (end)
            return end;
        (void)nanosleep(&(struct timespec){.tv_nsec = 10000000}, NULL);
    }
    fail_msg("squid's log has no '%s' with '%s' behind it", line, behind);
    return NULL;
}

/* From a tunnel into clear text, which is allowed here: squid's log shows that both requests to it
 * had its credentials, and the origin behind it sees none of anybody's. */
static void clear_text_behind_a_tunnel_has_no_secret_of_the_first_origin(void **state)
{
    const uint16_t ports[] = {squid.http, squid.https[FLAW_NONE]};

    (void)state;
    for (unsigned i = 0; i < COUNT(ports); i++) {
        for (enum sending how = 0; how < SENDING_COUNT; how++) {
            struct canned *canned = canned_start(false);
            struct anycert_client *client = client_with(i ? "https" : "http", ports[i], true);
            char *before = child_log(squid.log);
            char *log = NULL;
            char *seen = NULL;

            canned_text(canned, CANNED_CLOSE, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
            anycert_response_free(sending_ok(
                how, client,
                secret_request(floor_url("good", floor_redirect(303, canned_origin(canned))))));
            anycert_client_free(client);
            seen = canned_request(canned, 0, NULL);
            assert_none_of(seen, of_proxy, COUNT(of_proxy), "the origin");
            assert_none_of(seen, of_origin, 6, "the origin");
            assert_null(strstr(seen, "b0dy"));
            free(seen);
            canned_stop(canned);
            log = squid_log_end(strlen(before), "GET http://localhost:", PROXY_BASIC);
            free(before);
            free(log);
        }
    }
}

/* Read by a proxy that itself leads elsewhere. */
static void answer_of_a_proxy_leads_nowhere_with_its_secrets(void **state)
{
    (void)state;
    for (enum sending how = 0; how < SENDING_COUNT; how++) {
        struct canned *direct = canned_start(false);
        struct canned *proxy = canned_start(false);
        struct anycert_client *client = client_with("http", canned_port(proxy), true);
        char *seen = NULL;

        canned_text(proxy, CANNED_KEEP,
                    "HTTP/1.1 307 x\r\nLocation: http://127.0.0.1:%u/\r\n"
                    "Content-Length: 0\r\n\r\n",
                    (unsigned)canned_port(direct));
        canned_text(direct, CANNED_KEEP, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
        anycert_response_free(
            sending_ok(how, client, secret_request("http://plain.test/secret-path")));
        seen = canned_request(proxy, 0, NULL);
        assert_memory_equal(seen, "POST http://plain.test/secret-path HTTP/1.1\r\n", 45);
        assert_non_null(strstr(seen, PROXY_BASIC));
        assert_non_null(strstr(seen, "\r\nAuthorization: Basic dTpw\r\n"));
        free(seen);
        seen = canned_request(direct, 0, NULL);
        assert_none_of(seen, of_proxy, COUNT(of_proxy), "the direct server");
        assert_none_of(seen, of_origin, 6, "the direct server");
        free(seen);
        anycert_client_free(client);
        canned_stop(proxy);
        canned_stop(direct);
    }
}

/* ---- two proxies, SOCKS */

/* Credentials of a proxy belong to its client: another one with another proxy has nothing of them.
 */
static void proxies_of_two_clients_share_nothing(void **state)
{
    struct canned *one = canned_start(false);
    struct canned *two = canned_start(false);
    struct anycert_client *with = client_with("http", canned_port(one), true);
    struct anycert_client *without = client_with("http", canned_port(two), false);

    (void)state;
    canned_text(one, CANNED_KEEP, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
    canned_text(two, CANNED_KEEP, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
    for (enum sending how = 0; how < SENDING_COUNT; how++) {
        anycert_response_free(sending_ok(how, with, floor_request("GET", "http://plain.test/")));
        anycert_response_free(sending_ok(how, without, floor_request("GET", "http://plain.test/")));
    }
    for (unsigned i = 0; i < canned_requests(two); i++) {
        char *seen = canned_request(two, i, NULL);

        assert_none_of(seen, of_proxy, COUNT(of_proxy), "the other proxy");
        free(seen);
    }
    anycert_client_free(with);
    anycert_client_free(without);
    canned_stop(one);
    canned_stop(two);
}

static void socks_credentials_stay_with_the_proxy(void **state)
{
    static const char *const schemes[] = {"socks5", "socks5h"};

    (void)state;
    for (size_t i = 0; i < COUNT(schemes); i++) {
        for (enum sending how = 0; how < SENDING_COUNT; how++) {
            struct wiretap *proxy = wiretap_start(&(struct wiretap_plan){.role = WIRETAP_SOCKS});
            struct wiretap *origin = wiretap_start(&(struct wiretap_plan){
                .role = WIRETAP_ORIGIN, .cert = pki.certs[FLAW_NONE], .key = pki.keys[FLAW_NONE]});
            struct wiretap *plain = wiretap_start(&(struct wiretap_plan){.role = WIRETAP_ORIGIN});
            struct anycert_client *client = client_with(schemes[i], wiretap_port(proxy), true);
            struct wiretap_seen seen;

            anycert_response_free(
                sending_ok(how, client, secret_request(url_of("https", wiretap_port(origin), ""))));
            anycert_response_free(
                sending_ok(how, client, secret_request(url_of("http", wiretap_port(plain), ""))));
            anycert_client_free(client);
            seen = wiretap_stop(origin);
            assert_none_of(seen.text, of_proxy, COUNT(of_proxy), "the origin");
            assert_non_null(strstr(seen.text, "k3y"));
            seen = wiretap_stop(plain);
            assert_none_of(seen.text, of_proxy, COUNT(of_proxy), "the origin");
            assert_non_null(strstr(seen.text, "k3y"));
            assert_int_equal(wiretap_stop(proxy).connections, 2);
        }
    }
}

/* Basic has no way to say where a user name with a colon in it ends (RFC 7617 section 2). */
/* A proxy that asks for what is the server's, as if it were the server: it cannot be told apart for
 * http, and gets nothing for https. */
static void proxy_that_poses_as_the_server_gets_nothing(void **state)
{
    static const char *const challenges[] = {
        "Basic realm=\"x\"", "Digest realm=\"x\", nonce=\"y\", qop=\"auth\"", "NTLM", "Negotiate"};
    static const unsigned kinds = 4;

    (void)state;
    for (unsigned i = 0; i < kinds * COUNT(challenges); i++) {
        struct canned *proxy = canned_start(false);
        struct anycert_config *config = floor_config(NULL);
        unsigned kind = i / COUNT(challenges);
        struct anycert_auth *auth = kind == 0   ? anycert_auth_basic("us3r", "0rigin-pass", NULL)
                                    : kind == 1 ? anycert_auth_digest("us3r", "0rigin-pass", NULL)
                                    : kind == 2 ? anycert_auth_ntlm("us3r", "0rigin-pass", NULL)
                                                : anycert_auth_bearer("0rigin-pass", NULL);
        struct anycert_client *client = NULL;

        canned_text(
            proxy, i % 2 ? CANNED_CLOSE : CANNED_KEEP,
            "HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: %s\r\nContent-Length: 0\r\n\r\n",
            challenges[i % COUNT(challenges)]);
        assert_int_equal(anycert_config_set_proxy(config, canned_origin(proxy), NULL), 0);
        assert_int_equal(anycert_config_set_auth(config, auth, NULL), 0);
        anycert_auth_free(auth);
        client = floor_client_of(config);
        floor_fails(client, floor_request("GET", "https://a.test/"), ANYCERT_E_PROXY_STATUS, NULL);
        anycert_client_free(client);
        for (unsigned n = 0; n < canned_requests(proxy); n++) {
            char *request = canned_request(proxy, n, NULL);

            assert_int_equal(strncmp(request, "CONNECT a.test:443 HTTP/1.1\r\n", 29), 0);
            assert_null(strstr(request, "uthorization"));
            free(request);
        }
        canned_stop(proxy);
    }
}

static void proxy_user_with_a_colon_is_refused(void **state)
{
    static const struct {
        const char *url;
        int code;
    } rows[] = {
        {"http://a%3Ab:c@localhost:1", ANYCERT_E_URL},
        {"https://a%3Ab:c@localhost:1", ANYCERT_E_URL},
        {"http://a:b%3Ac@localhost:1", 0},
        {"socks5://a%3Ab:c@localhost:1", 0},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct anycert_config *config = anycert_config_new(NULL);
        struct anycert_error err = {0};

        assert_int_equal(anycert_config_set_proxy(config, rows[i].url, &err),
                         rows[i].code ? -1 : 0);
        assert_int_equal(err.code, rows[i].code);
        assert_null(strstr(err.message, "a:b"));
        anycert_config_free(config);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tunnels_keep_what_is_whose),
        cmocka_unit_test(proxy_that_asks_for_more_gets_its_own_only),
        cmocka_unit_test(clear_text_behind_squid_keeps_what_is_whose),
        cmocka_unit_test(clear_text_behind_a_tunnel_has_no_secret_of_the_first_origin),
        cmocka_unit_test(answer_of_a_proxy_leads_nowhere_with_its_secrets),
        cmocka_unit_test(proxies_of_two_clients_share_nothing),
        cmocka_unit_test(socks_credentials_stay_with_the_proxy),
        cmocka_unit_test(proxy_that_poses_as_the_server_gets_nothing),
        cmocka_unit_test(proxy_user_with_a_colon_is_refused),
    };

    return cmocka_run_group_tests(tests, make_servers, free_servers);
}
