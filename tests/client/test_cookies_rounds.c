/* Cookies within one exchange, and their order and number: challenges, 1xx answers, trailers, what
 * a proxy says, HTTP/2. */
#include "client/ask.h"
#include "client/floor.h"
#include "client/servers.h"
#include "client/wiretap.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define CHALLENGE                                                                                  \
    "HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\n"                                           \
    "WWW-Authenticate: Digest realm=\"r\", nonce=\"n\", qop=\"auth\"\r\n"
#define FINE "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n"

static struct pki pki;
static struct canned *plain, *tls;

static int all_setup(void **state)
{
    pki_make(&pki);
    return floor_setup(state);
}

static int all_teardown(void **state)
{
    pki_free(&pki);
    return floor_teardown(state);
}

static int canned_setup(void **state)
{
    (void)state;
    plain = canned_start(false);
    tls = canned_start(true);
    return 0;
}

static int canned_teardown(void **state)
{
    (void)state;
    canned_stop(plain);
    canned_stop(tls);
    return 0;
}

static struct anycert_config *cookie_config(const char *rung)
{
    struct anycert_config *config = floor_config(rung);

    assert_int_equal(anycert_config_set_cookies(config, 1, NULL), 0);
    return config;
}

static struct anycert_policy *pki_policy(void)
{
    struct anycert_policy *policy =
        anycert_policy_parse(ask_policy("hardened", pki.root_path), NULL);

    assert_non_null(policy);
    return policy;
}

static void set_digest(struct anycert_config *config)
{
    struct anycert_auth *auth = anycert_auth_digest("me", "pa55word", NULL);

    assert_int_equal(anycert_config_set_auth(config, auth, NULL), 0);
    anycert_auth_free(auth);
}

static void answer(struct canned *server, const char *text)
{
    canned_text(server, CANNED_KEEP, "%s\r\n", text);
}

static void get(struct anycert_client *client, const char *url)
{
    anycert_response_free(floor_ok(client, floor_request("GET", url)));
}

/* The Cookie field of the server's nth request, "" if it had none. Lives until the next call. */
static char *got(struct canned *server, unsigned nth)
{
    static char value[16384];
    char *text = canned_request(server, nth, NULL);
    const char *field = NULL;

    assert_non_null(text);
    field = strstr(text, "\r\nCookie: ");
    value[0] = '\0';
    if (field) {
        field += strlen("\r\nCookie: ");
        assert_null(strstr(field, "\r\nCookie: "));
        (void)snprintf(value, sizeof value, "%.*s", (int)strcspn(field, "\r"), field);
    }
    free(text);
    return value;
}

static void assert_got(struct canned *server, unsigned nth, const char *expected)
{
    assert_string_equal(got(server, nth), expected);
}

/* ---- rounds */

/* What a challenge sets, replaces and takes away goes into the answer to it, which libcurl sends.
 */
static void cookies_of_a_challenge_go_with_the_answer_to_it(void **state)
{
    for (int closes = 0; closes < 2; closes++) {
        enum canned_end end = closes ? CANNED_CLOSE : CANNED_KEEP;
        struct anycert_config *config = cookie_config(NULL);
        struct anycert_client *client = NULL;
        unsigned first = canned_requests(plain);

        (void)state;
        set_digest(config);
        client = floor_client_of(config);
        canned_text(plain, end, CHALLENGE "Set-Cookie: a=1\r\nSet-Cookie: b=2\r\n\r\n");
        answer(plain, FINE "Set-Cookie: c=3\r\n");
        answer(plain, FINE);
        get(client, canned_origin(plain));
        assert_int_equal(canned_requests(plain), first + 2);
        assert_got(plain, first, "");
        assert_got(plain, first + 1, "a=1; b=2");
        get(client, canned_origin(plain));
        assert_got(plain, first + 2, "a=1; b=2; c=3");
        anycert_client_free(client);
    }
}

static void challenge_takes_cookies_away(void **state)
{
    struct anycert_config *config = cookie_config(NULL);
    struct anycert_client *client = NULL;

    (void)state;
    set_digest(config);
    client = floor_client_of(config);
    assert_int_equal(anycert_client_add_cookie(client, "a=1", canned_origin(plain), NULL), 0);
    answer(plain, CHALLENGE "Set-Cookie: a=; Max-Age=0\r\n");
    answer(plain, FINE);
    get(client, canned_origin(plain));
    assert_got(plain, 0, "a=1");
    assert_got(plain, 1, "");
    anycert_client_free(client);
}

/* Nothing of one exchange stays in libcurl's handle for the next one over its connection. */
static void cookies_do_not_stay_in_the_handle(void **state)
{
    struct anycert_client *client = floor_client_of(cookie_config(NULL));
    unsigned connections = canned_connections(plain);

    (void)state;
    answer(plain, FINE);
    assert_int_equal(anycert_client_add_cookie(client, "a=1; Path=/in", canned_origin(plain), NULL),
                     0);
    get(client, floor_join(canned_origin(plain), "/in"));
    get(client, floor_join(canned_origin(plain), "/out"));
    assert_got(plain, 0, "a=1");
    assert_got(plain, 1, "");
    assert_int_equal(canned_connections(plain), connections + 1);
    anycert_client_free(client);
}

/* As with libcurl's engine. */
static void interim_answers_set_cookies_and_trailers_do_not(void **state)
{
    struct anycert_client *client = floor_client_of(cookie_config(NULL));

    (void)state;
    canned_text(plain, CANNED_KEEP,
                "HTTP/1.1 103 Early Hints\r\nSet-Cookie: early=1\r\n\r\n"
                "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: Set-Cookie\r\n"
                "Set-Cookie: a=1;\r\n Path=/x\r\n\r\n"
                "2\r\nhi\r\n0\r\nSet-Cookie: late=1\r\n\r\n");
    answer(plain, FINE);
    get(client, canned_origin(plain));
    get(client, floor_join(canned_origin(plain), "/x"));
    assert_got(plain, 1, "a=1; early=1");
    get(client, canned_origin(plain)); /* a folded line is one */
    assert_got(plain, 2, "early=1");
    anycert_client_free(client);
}

/* The wiretap sets a cookie with each answer to CONNECT. They are shown to us where an https://
 * proxy may challenge, and once more when the origin's challenge closes. */
static void proxy_sets_no_cookies(void **state)
{
    static const char *const schemes[] = {"http", "https"};

    (void)state;
    for (size_t i = 0; i < 2; i++) {
        struct wiretap *proxy =
            wiretap_start(&(struct wiretap_plan){.role = WIRETAP_PROXY,
                                                 .cert = i ? pki.certs[FLAW_NONE] : NULL,
                                                 .key = i ? pki.keys[FLAW_NONE] : NULL});
        struct anycert_config *config = cookie_config("trust-any");
        struct anycert_policy *policy = pki_policy();
        struct anycert_client *client = NULL;
        unsigned first = canned_requests(tls);
        char url[100];

        set_digest(config);
        (void)snprintf(url, sizeof url, "%s://me:secret@localhost:%u", schemes[i],
                       (unsigned)wiretap_port(proxy));
        assert_int_equal(anycert_config_set_proxy(config, url, NULL), 0);
        assert_int_equal(anycert_config_set_proxy_policy(config, policy, NULL), 0);
        assert_int_equal(anycert_config_set_proxy_auth(config, ANYCERT_PROXY_DIGEST, NULL), 0);
        anycert_policy_free(policy);
        client = floor_client_of(config);
        canned_text(tls, CANNED_CLOSE, CHALLENGE "Connection: close\r\nSet-Cookie: a=1\r\n\r\n");
        canned_text(tls, CANNED_CLOSE, FINE "Connection: close\r\nSet-Cookie: b=2\r\n\r\n");
        answer(tls, FINE);
        get(client, canned_origin(tls));
        assert_got(tls, first + 1, "a=1");
        get(client, canned_origin(tls));
        assert_got(tls, first + 2, "a=1; b=2");
        anycert_client_free(client);
        assert_non_null(strstr(wiretap_stop(proxy).text, "CONNECT localhost:"));
    }
}

/* ---- order and number */

static void longer_paths_go_first_then_the_older_ones(void **state)
{
    struct anycert_client *client = floor_client_of(cookie_config(NULL));

    (void)state;
    answer(plain, FINE "Set-Cookie: a=1; Path=/\r\nSet-Cookie: b=2; Path=/x/y\r\n"
                       "Set-Cookie: longname=3; Path=/\r\nSet-Cookie: d=4; Path=/x\r\n"
                       "Set-Cookie: e=5; Path=/x/y\r\n");
    answer(plain, FINE "Set-Cookie: a=6; Path=/\r\n");
    answer(plain, FINE);
    get(client, canned_origin(plain));
    get(client, floor_join(canned_origin(plain), "/x/y"));
    assert_got(plain, 1, "b=2; e=5; d=4; a=1; longname=3");
    get(client, floor_join(canned_origin(plain), "/x/"));
    assert_got(plain, 2, "d=4; a=6; longname=3");
    anycert_client_free(client);
}

static int64_t now;

static int64_t tell(void *arg)
{
    (void)arg;
    return now;
}

static void expiry_goes_by_the_clients_clock(void **state)
{
    struct anycert_config *config = cookie_config(NULL);
    struct anycert_client *client = NULL;

    (void)state;
    assert_int_equal(anycert_config_set_clock(config, tell, NULL, NULL), 0);
    client = floor_client_of(config);
    now = 1000;
    answer(plain, FINE "Set-Cookie: a=1; Max-Age=100\r\n");
    answer(plain, FINE);
    get(client, canned_origin(plain));
    now = 1099;
    get(client, canned_origin(plain));
    assert_got(plain, 1, "a=1");
    now = 1100;
    get(client, canned_origin(plain));
    assert_got(plain, 2, "");
    anycert_client_free(client);
}

static size_t count_of(const char *cookies)
{
    size_t n = 0;

    for (const char *p = strchr(cookies, '='); p; p = strchr(p + 1, '='))
        n++;
    return n;
}

static void add(struct anycert_client *client, const char *cookie)
{
    assert_int_equal(anycert_client_add_cookie(client, cookie, canned_origin(plain), NULL), 0);
}

/* 50 of an answer; 150 with a request, and 8190 bytes. */
static void no_more_are_taken_and_sent_than_by_libcurl(void **state)
{
    struct anycert_client *client = floor_client_of(cookie_config(NULL));
    char text[4000] = FINE;

    (void)state;
    for (int i = 0; i < 60; i++)
        (void)snprintf(text + strlen(text), sizeof text - strlen(text),
                       "Set-Cookie: c%d=1\r\nSet-Cookie: bad\r\n", i);
    answer(plain, text);
    answer(plain, FINE);
    get(client, canned_origin(plain));
    get(client, canned_origin(plain));
    assert_int_equal(count_of(got(plain, 1)), 50);
    for (int i = 0; i < 120; i++) {
        (void)snprintf(text, sizeof text, "d%d=1; Path=%s", i, i == 119 ? "/x" : "/");
        add(client, text);
    }
    get(client, floor_join(canned_origin(plain), "/x"));
    assert_int_equal(count_of(got(plain, 2)), 150);
    assert_memory_equal(got(plain, 2), "d119=1; c0=1; ", 14); /* the longest path, late as it is */
    for (int i = 0; i < 3; i++) {
        memset(text, 'v', 3000);
        text[0] = "xyz"[i];
        text[1] = '=';
        (void)snprintf(text + 3000, sizeof text - 3000, "; Path=/long");
        add(client, text);
    }
    get(client, floor_join(canned_origin(plain), "/long"));
    assert_in_range(strlen(got(plain, 3)), 6000, 8190);
    assert_non_null(strstr(got(plain, 3), "; y=vvv"));
    assert_null(strstr(got(plain, 3), "z=vvv"));
    anycert_client_free(client);
}

/* ---- another way for them to come and go */

static void http2_has_them_too(void **state)
{
    struct anycert_config *config = cookie_config(NULL);
    struct anycert_policy *policy = pki_policy();
    struct anycert_client *client = NULL;
    struct anycert_response *response = NULL;
    struct web web;

    (void)state;
    assert_int_equal(anycert_config_set_policy(config, policy, NULL), 0);
    anycert_policy_free(policy);
    web_start(&web, &pki);
    client = floor_client_of(config);
    get(client, url_of("https", web.ports[FLAW_NONE], "set"));
    response =
        floor_ok(client, floor_request("GET", url_of("https", web.ports[FLAW_NONE], "seen")));
    assert_non_null(strstr(anycert_response_body(response, NULL), "cookie=[a=1; b=2]"));
    assert_string_equal(anycert_response_http_version(response), "2");
    anycert_response_free(response);
    anycert_client_free(client);
    web_stop(&web);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, canned_setup, canned_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(cookies_of_a_challenge_go_with_the_answer_to_it),
        CASE(challenge_takes_cookies_away),
        CASE(cookies_do_not_stay_in_the_handle),
        CASE(interim_answers_set_cookies_and_trailers_do_not),
        CASE(proxy_sets_no_cookies),
        CASE(longer_paths_go_first_then_the_older_ones),
        CASE(expiry_goes_by_the_clients_clock),
        CASE(no_more_are_taken_and_sent_than_by_libcurl),
        CASE(http2_has_them_too),
    };

    return cmocka_run_group_tests(tests, all_setup, all_teardown);
}
