/* What is never done unless somebody asks for it: credentials from files, other ways of
 * authentication than the one that was given, cookies, upgrades and alternatives that a server
 * suggests, proxies of the environment, a log of keys, a Referer. However a request is made. */
#include "client/floor.h"
#include "client/sending.h"
#include "support/child.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#define COUNT(a) (sizeof(a) / sizeof(a)[0])
#define OK       "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"

extern char **environ;

static struct anycert_request *get(const struct canned *canned)
{
    return floor_request("GET", floor_join(canned_origin(canned), "/"));
}

static void assert_requests_lack(struct canned *canned, const char *const *words, size_t count)
{
    for (unsigned i = 0; i < canned_requests(canned); i++) {
        char *seen = canned_request(canned, i, NULL);

        for (size_t word = 0; word < count; word++) {
            if (strstr(seen, words[word]))
                fail_msg("'%s' in request %u: %s", words[word], i, seen);
        }
        free(seen);
    }
}

/* ---- credentials */

/* Neither where it usually is nor where the environment says; "a:@" means an empty password. */
static void netrc_is_not_read(void **state)
{
    static const char *const words[] = {"bmV0cmM", "netrc", "Authorization: Basic bm"};
    char *home = getenv("HOME") ? strdup(getenv("HOME")) : NULL;
    struct anycert_client *client = floor_client(NULL);
    char url[64];

    (void)state;
    (void)floor_folder();
    floor_write(floor_path(".netrc"), "machine localhost login netrc password netrc-pass\n"
                                      "machine 127.0.0.1 login a password netrc-pass\n"
                                      "default login netrc password netrc-default\n");
    assert_int_equal(setenv("HOME", floor_path(""), 1), 0);
    assert_int_equal(setenv("NETRC", floor_path(".netrc"), 1), 0);
    for (enum sending how = 0; how < SENDING_COUNT; how++) {
        struct canned *one = canned_start(false);
        struct canned *two = canned_start(false);
        char *seen = NULL;

        canned_text(one, CANNED_KEEP,
                    "HTTP/1.1 302 x\r\nLocation: %s/\r\nContent-Length: 0\r\n\r\n",
                    canned_origin(two));
        canned_text(two, CANNED_KEEP, OK);
        anycert_response_free(sending_ok(how, client, get(one)));
        (void)snprintf(url, sizeof url, "http://a:@127.0.0.1:%u/", (unsigned)canned_port(two));
        anycert_response_free(sending_ok(how, client, floor_request("GET", url)));
        assert_requests_lack(one, words, COUNT(words));
        assert_requests_lack(two, words, COUNT(words));
        seen = canned_request(two, 1, NULL);
        assert_non_null(strstr(seen, "\r\nAuthorization: Basic YTo=\r\n"));
        free(seen);
        canned_stop(one);
        canned_stop(two);
    }
    anycert_client_free(client);
    unsetenv("NETRC");
    if (home)
        assert_int_equal(setenv("HOME", home, 1), 0);
    free(home);
    assert_int_equal(unlink(floor_path(".netrc")), 0);
    floor_remove_folder(0);
}

/* A server that asks for something else gets the answer that it got already. */
static void only_the_given_authentication_is_tried(void **state)
{
    static const char *const asked[] = {
        "NTLM",
        "Negotiate",
        "Digest realm=\"a\", nonce=\"b\", qop=\"auth\", algorithm=MD5",
        "Basic realm=\"a\"",
        "Bearer realm=\"a\"",
        "Negotiate\r\nWWW-Authenticate: NTLM\r\nWWW-Authenticate: Basic realm=\"a\"",
    };
    struct anycert_client *client = floor_client(NULL);

    (void)state;
    for (size_t i = 0; i < COUNT(asked); i++) {
        for (enum sending how = 0; how < SENDING_COUNT; how++) {
            for (int has_user = 0; has_user <= 1; has_user++) {
                struct canned *canned = canned_start(false);
                struct anycert_request *request = get(canned);
                struct anycert_response *response = NULL;
                struct anycert_error err = {0};
                char *seen = NULL;

                if (has_user)
                    assert_int_equal(anycert_request_set_basic_auth(request, "u", "p", NULL), 0);
                canned_text(canned, CANNED_KEEP,
                            "HTTP/1.1 401 x\r\nWWW-Authenticate: %s\r\nContent-Length: 0\r\n\r\n",
                            asked[i]);
                (void)sending_do(how, client, request, &response, &err);
                assert_int_equal(anycert_response_status(response), 401);
                assert_int_equal(canned_requests(canned), 1);
                seen = canned_request(canned, 0, NULL);
                assert_int_equal(strstr(seen, "\r\nAuthorization: Basic dTpw\r\n") != NULL,
                                 has_user);
                assert_int_equal(strstr(seen, "Authorization:") != NULL, has_user);
                free(seen);
                anycert_response_free(response);
                anycert_request_free(request);
                canned_stop(canned);
            }
        }
    }
    anycert_client_free(client);
}

/* Whatever a server binds to a connection binds it to one user. */
static void users_of_a_batch_share_no_connection(void **state)
{
    struct anycert_client *client = floor_client(NULL);
    struct anycert_batch *batch = anycert_batch_new(client, 4, NULL);
    struct canned *canned = canned_start(false);
    struct anycert_batch_result result;

    (void)state;
    canned_text(canned, CANNED_KEEP, OK);
    for (unsigned i = 0; i < 9; i++) {
        struct anycert_request *request = get(canned);

        if (i % 3 > 0)
            assert_int_equal(
                anycert_request_set_basic_auth(request, i % 3 == 1 ? "a" : "b", "p", NULL), 0);
        assert_int_equal(anycert_batch_add(batch, request, NULL, NULL), 0);
        assert_int_equal(anycert_batch_next(batch, -1, &result, NULL), 1);
        assert_int_equal(result.error.code, 0);
        anycert_response_free(result.response);
        anycert_request_free(request);
    }
    assert_int_equal(canned_connections(canned), 3);
    anycert_batch_free(batch);
    anycert_client_free(client);
    canned_stop(canned);
}

/* ---- what servers suggest */

/* Cookies are neither kept for later nor brought along by a redirect; nor is the page before told.
 */
static void cookies_and_referers_are_not_sent(void **state)
{
    static const char *const words[] = {"Cookie", "c00kie", "Referer", "/secret-path"};
    struct anycert_client *client = floor_client(NULL);

    (void)state;
    for (enum sending how = 0; how < SENDING_COUNT; how++) {
        struct canned *one = canned_start(false);
        struct canned *two = canned_start(false);

        canned_text(one, CANNED_KEEP,
                    "HTTP/1.1 302 x\r\nSet-Cookie: a=c00kie; Path=/\r\n"
                    "Set-Cookie: b=c00kie; Domain=localhost\r\nSet-Cookie: c=c00kie; Domain=com\r\n"
                    "Location: %s/\r\nContent-Length: 0\r\n\r\n",
                    canned_origin(two));
        canned_text(two, CANNED_KEEP, OK);
        anycert_response_free(sending_ok(
            how, client, floor_request("GET", floor_join(canned_origin(one), "/secret-path"))));
        anycert_response_free(sending_ok(how, client, get(one)));
        assert_requests_lack(two, words, COUNT(words));
        assert_requests_lack(one, words, 3);
        canned_stop(one);
        canned_stop(two);
    }
    anycert_client_free(client);
}

/* Over a link that is not authenticated, and over one that is. */
static const char *const links[] = {"trust-any", NULL};

/* Strict-Transport-Security and Alt-Svc of an answer change nothing about the requests that follow,
 * and leave no trace in the folder of the program or of its user. */
static void upgrades_and_alternatives_are_not_remembered(void **state)
{
    (void)state;
    for (unsigned i = 0; i < COUNT(links); i++) {
        for (enum sending how = 0; how < SENDING_COUNT; how++) {
            struct canned *secure = canned_start(true);
            struct canned *plain = canned_start(false);
            struct canned *other = canned_start(true);
            struct anycert_client *client = floor_client(links[i]);
            char folder[4096];

            (void)floor_folder();
            assert_non_null(getcwd(folder, sizeof folder));
            assert_int_equal(chdir(floor_path("")), 0);
            canned_text(
                secure, CANNED_KEEP,
                "HTTP/1.1 200 OK\r\n"
                "Strict-Transport-Security: max-age=31536000; includeSubDomains; preload\r\n"
                "Alt-Svc: h2=\"localhost:%u\"; ma=86400; persist=1, "
                "http/1.1=\"localhost:%u\"; ma=86400, h3=\":%u\"\r\n"
                "Content-Length: 2\r\n\r\nok",
                (unsigned)canned_port(other), (unsigned)canned_port(other),
                (unsigned)canned_port(other));
            canned_text(plain, CANNED_KEEP, OK);
            for (unsigned n = 0; n < 2; n++) {
                if (links[i])
                    anycert_response_free(sending_ok(how, client, get(secure)));
                anycert_response_free(sending_ok(how, client, get(plain)));
                anycert_response_free(
                    sending_ok(how, client, floor_request("GET", floor_url("http", "echo"))));
            }
            assert_int_equal(canned_requests(secure), links[i] ? 2 : 0);
            assert_int_equal(canned_requests(plain), 2);
            assert_int_equal(canned_connections(other), 0);
            anycert_client_free(client);
            assert_int_equal(chdir(folder), 0);
            floor_remove_folder(0);
            canned_stop(secure);
            canned_stop(plain);
            canned_stop(other);
        }
    }
}

/* ---- the environment */

static void proxies_of_the_environment_see_nothing(void **state)
{
    static const char *const names[] = {"http_proxy", "HTTP_PROXY", "https_proxy",    "HTTPS_PROXY",
                                        "all_proxy",  "ALL_PROXY",  "socks_proxy",    "SOCKS_PROXY",
                                        "no_proxy",   "NO_PROXY",   "REQUEST_METHOD", "ftp_proxy"};
    struct canned *proxy = canned_start(false);
    struct canned *chosen = canned_start(false);
    struct anycert_config *config = floor_config(NULL);
    struct anycert_client *direct = NULL;
    struct anycert_client *proxied = NULL;

    (void)state;
    for (size_t i = 0; i < COUNT(names); i++)
        assert_int_equal(setenv(names[i],
                                i < 8    ? canned_origin(proxy)
                                : i < 10 ? "*"
                                         : "GET",
                                1),
                         0);
    direct = floor_client(NULL);
    assert_int_equal(anycert_config_set_proxy(config, canned_origin(chosen), NULL), 0);
    proxied = floor_client_of(config);
    canned_text(chosen, CANNED_KEEP, OK);
    for (enum sending how = 0; how < SENDING_COUNT; how++) {
        anycert_response_free(
            sending_ok(how, direct, floor_request("GET", floor_url("good", "json"))));
        anycert_response_free(
            sending_ok(how, direct, floor_request("GET", floor_url("http", "json"))));
        anycert_response_free(sending_ok(how, proxied, floor_request("GET", "http://a.test/")));
    }
    assert_int_equal(canned_connections(proxy), 0);
    assert_int_equal(canned_requests(chosen), SENDING_COUNT);
    for (size_t i = 0; i < COUNT(names); i++)
        unsetenv(names[i]);
    anycert_client_free(direct);
    anycert_client_free(proxied);
    canned_stop(proxy);
    canned_stop(chosen);
}

/* PROGRAM keys URL: libcurl looks at the variable when it is loaded. */
static int ask_all(const char *url)
{
    struct anycert_error err = {0};
    struct anycert_policy *policy = anycert_policy_parse("trust-any", &err);
    struct anycert_config *config = anycert_config_new(&err);
    struct anycert_client *client = NULL;
    struct anycert_request *request = anycert_request_new("GET", url, &err);
    int failures = 0;

    if (anycert_config_set_policy(config, policy, &err) == 0)
        client = anycert_client_new(config, &err);
    for (enum sending how = 0; client && request && how < SENDING_COUNT; how++) {
        struct anycert_response *response = NULL;

        failures += sending_do(how, client, request, &response, &err) != 0;
        anycert_response_free(response);
    }
    if (!client || !request || failures)
        fprintf(stderr, "%s\n", err.message);
    failures += !client || !request;
    anycert_request_free(request);
    anycert_client_free(client);
    anycert_config_free(config);
    anycert_policy_free(policy);
    return failures;
}

static const char *self;

static void keys_are_not_logged(void **state)
{
    static const char *const servers[] = {"good", "self-signed"};
    const char *environment[256] = {NULL};
    unsigned count = 0;
    char variable[4200];

    (void)state;
    (void)floor_folder();
    (void)snprintf(variable, sizeof variable, "SSLKEYLOGFILE=%s", floor_path("keys"));
    for (char **p = environ; *p && count < COUNT(environment) - 2; p++)
        environment[count++] = *p;
    environment[count] = variable;
    for (size_t i = 0; i < COUNT(servers); i++) {
        const char *const argv[] = {self, "keys", floor_url(servers[i], "json"), NULL};
        char *keys = NULL;

        assert_int_equal(child_run(&(struct child_plan){
                             .argv = argv, .log = floor_path("log"), .environment = environment}),
                         0);
        keys = child_log(floor_path("keys"));
        assert_string_equal(keys, "");
        free(keys);
        floor_write(floor_path("keys"), "");
    }
    floor_remove_folder(2);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(netrc_is_not_read),
        cmocka_unit_test(only_the_given_authentication_is_tried),
        cmocka_unit_test(users_of_a_batch_share_no_connection),
        cmocka_unit_test(cookies_and_referers_are_not_sent),
        cmocka_unit_test(upgrades_and_alternatives_are_not_remembered),
        cmocka_unit_test(proxies_of_the_environment_see_nothing),
        cmocka_unit_test(keys_are_not_logged),
    };

    if (argc > 2)
        return ask_all(argv[2]);
    self = argv[0];
    return cmocka_run_group_tests(tests, floor_setup, floor_teardown);
}
