/* Cookies: which go where, which nobody may set, whose they are, and that they stay secret. */
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

static struct canned *plain, *tls;

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

static const char *const names[] = {
    "example.co.uk",      "www.example.co.uk", "sub.www.example.co.uk", "other.co.uk",
    "user.github.io",     "mine.github.io",    "app.example.test",      "evil.test",
    "www.example.co.uk.", "a.b.test",          "xn--bcher-kva.test",
};

static struct anycert_config *cookie_config(const char *rung)
{
    struct anycert_config *config = floor_config(rung);
    char entry[128];

    assert_int_equal(anycert_config_set_cookies(config, 1, NULL), 0);
    for (size_t i = 0; i < COUNT(names); i++) {
        (void)snprintf(entry, sizeof entry, "%s:%u:127.0.0.1", names[i],
                       (unsigned)canned_port(plain));
        assert_int_equal(anycert_config_add_resolve(config, entry, NULL), 0);
        (void)snprintf(entry, sizeof entry, "%s:%u:127.0.0.1", names[i],
                       (unsigned)canned_port(tls));
        assert_int_equal(anycert_config_add_resolve(config, entry, NULL), 0);
    }
    return config;
}

static const char *url_of(const char *scheme, const char *host, const char *path)
{
    static char urls[4][256];
    static unsigned next;
    char *url = urls[next++ % 4];

    (void)snprintf(url, sizeof urls[0], "%s://%s:%u%s", scheme, host,
                   (unsigned)canned_port(strcmp(scheme, "https") == 0 ? tls : plain), path);
    return url;
}

/* A request whose answer has these fields. */
static void visit(struct anycert_client *client, const char *url, const char *fields)
{
    canned_text(strncmp(url, "https", 5) == 0 ? tls : plain, CANNED_KEEP,
                "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n%s\r\n", fields);
    anycert_response_free(floor_ok(client, floor_request("GET", url)));
}

/* The Cookie field of the newest request of a server; NULL if there was none. Lives until the next
 * call. */
static const char *sent_to(struct canned *canned)
{
    static char value[512];
    char *text = canned_request(canned, canned_requests(canned) - 1, NULL);
    char *found = NULL;

    assert_non_null(text);
    found = strstr(text, "\r\nCookie: ");
    if (found) {
        (void)snprintf(value, sizeof value, "%.*s", (int)strcspn(found + 10, "\r\n"), found + 10);
        assert_null(strstr(found + 10, "\r\nCookie: "));
    }
    free(text);
    return found ? value : NULL;
}

/* What a request for url would send. */
static const char *sent_for(struct anycert_client *client, const char *url)
{
    visit(client, url, "");
    return sent_to(strncmp(url, "https", 5) == 0 ? tls : plain);
}

static void assert_sent(struct anycert_client *client, const char *url, const char *expected)
{
    const char *sent = sent_for(client, url);

    if (!expected && sent)
        fail_msg("%s got '%s'", url, sent);
    if (expected && (!sent || strcmp(sent, expected) != 0))
        fail_msg("%s got '%s', not '%s'", url, sent ? sent : "(nothing)", expected);
}

/* ---- where they go */

static void cookies_come_back_if_asked_for(void **state)
{
    struct anycert_client *client = floor_client_of(floor_config(NULL));
    const char *url = canned_origin(plain);

    (void)state;
    visit(client, url, "Set-Cookie: a=1\r\n");
    assert_sent(client, url, NULL);
    anycert_client_free(client);
    client = floor_client_of(cookie_config(NULL));
    visit(client, url, "Set-Cookie: a=1\r\nSet-Cookie: b=2; HttpOnly\r\n");
    assert_sent(client, url, "a=1; b=2");
    visit(client, url, "Set-Cookie: a=; Max-Age=0\r\nSet-Cookie: b=3\r\n");
    assert_sent(client, url, "b=3");
    visit(client, url, "Set-Cookie: b=; Expires=Thu, 01 Jan 1970 00:00:00 GMT\r\n");
    assert_sent(client, url, NULL);
    anycert_client_free(client);
}

/* Set by one host, asked by another; and whether it is sent. */
static const struct {
    const char *from, *path, *cookie, *to;
    bool sent;
} domains[] = {
    {"www.example.co.uk", "/", "a=1", "www.example.co.uk", true},
    {"www.example.co.uk", "/", "a=1", "WWW.Example.CO.UK", true},
    {"www.example.co.uk", "/", "a=1", "example.co.uk", false},
    {"www.example.co.uk", "/", "a=1", "sub.www.example.co.uk", false},
    {"www.example.co.uk", "/", "a=1; Domain=www.example.co.uk", "sub.www.example.co.uk", true},
    {"www.example.co.uk", "/", "a=1; Domain=.example.co.uk", "sub.www.example.co.uk", true},
    {"www.example.co.uk", "/", "a=1; Domain=EXAMPLE.co.uk", "example.co.uk", true},
    {"www.example.co.uk", "/", "a=1; Domain=example.co.uk", "other.co.uk", false},
    {"www.example.co.uk", "/", "a=1; Domain=other.co.uk", "other.co.uk", false},
    {"www.example.co.uk", "/", "a=1; Domain=sub.www.example.co.uk", "sub.www.example.co.uk", false},
    /* public suffixes */
    {"www.example.co.uk", "/", "a=1; Domain=co.uk", "other.co.uk", false},
    {"www.example.co.uk", "/", "a=1; Domain=.co.uk", "other.co.uk", false},
    {"www.example.co.uk", "/", "a=1; Domain=co.uk.", "other.co.uk", false},
    {"www.example.co.uk", "/", "a=1; Domain=.co.uk.", "other.co.uk", false},
    {"www.example.co.uk", "/", "a=1; Domain=CO.UK", "other.co.uk", false},
    {"www.example.co.uk", "/", "a=1; Domain=cO.Uk.", "other.co.uk", false},
    {"www.example.co.uk.", "/", "a=1; Domain=co.uk.", "other.co.uk", false},
    {"www.example.co.uk.", "/", "a=1; Domain=co.uk", "other.co.uk", false},
    {"www.example.co.uk", "/", "a=1; Domain=uk", "other.co.uk", false},
    {"www.example.co.uk", "/", "a=1; Domain=.", "other.co.uk", false},
    {"user.github.io", "/", "a=1; Domain=github.io", "mine.github.io", false},
    {"a.b.test", "/", "a=1; Domain=test", "evil.test", false},
    /* addresses are no domains */
    {"127.0.0.1", "/", "a=1; Domain=0.0.1", "127.0.0.1", false},
    {"127.0.0.1", "/", "a=1; Domain=127.0.0.1", "127.0.0.1", true},
    {"127.0.0.1", "/", "a=1", "localhost", false},
    /* names of any alphabet */
    {"b\u00fccher.test", "/", "a=1", "xn--bcher-kva.test", true},
    {"b\u00fccher.test", "/", "a=1; Domain=XN--bcher-kva.test", "B\u00fccher.test", true},
    /* paths */
    {"evil.test", "/a/b", "a=1", "evil.test", false},
    {"evil.test", "/a/b", "a=1; Path=/", "evil.test", true},
    {"evil.test", "/", "a=1; Path=/a", "evil.test", false},
    /* promises that are not kept */
    {"evil.test", "/", "a=1; Secure", "evil.test", false},
    {"127.0.0.1", "/", "a=1; Secure", "127.0.0.1", true}, /* but it stays on this machine */
    {"localhost", "/", "a=1; Secure", "localhost", true},
    {"evil.test", "/", "__Secure-a=1", "evil.test", false},
    {"evil.test", "/", "__Host-a=1; Path=/", "evil.test", false},
};

static void domains_and_paths_are_held_to(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(domains); i++) {
        struct anycert_client *client = floor_client_of(cookie_config(NULL));
        char fields[200];
        const char *sent = NULL;

        (void)snprintf(fields, sizeof fields, "Set-Cookie: %s\r\n", domains[i].cookie);
        visit(client, url_of("http", domains[i].from, domains[i].path), fields);
        sent = sent_for(client, url_of("http", domains[i].to, "/"));
        if ((sent != NULL) != domains[i].sent)
            fail_msg("'%s' of %s, to %s: %s", domains[i].cookie, domains[i].from, domains[i].to,
                     sent ? sent : "not sent");
        anycert_client_free(client);
    }
}

static void secure_ones_go_over_https_alone(void **state)
{
    struct anycert_client *client = floor_client_of(cookie_config("trust-any"));

    (void)state;
    visit(client, url_of("https", "app.example.test", "/"),
          "Set-Cookie: s=1; Secure\r\nSet-Cookie: n=2\r\n");
    assert_sent(client, url_of("http", "app.example.test", "/"), "n=2");
    assert_sent(client, url_of("https", "app.example.test", "/"), "s=1; n=2");
    anycert_client_free(client);
}

/* What https has set, what http sets then, and what https gets: RFC 6265bis section 5.7. */
static const struct {
    const char *kept, *cookie, *sent;
} overlays[] = {
    {"s=1; Secure", "s=evil", "s=1"},
    {"s=1; Secure", "s=; Max-Age=0", "s=1"},
    {"s=1; Secure", "s=evil; Path=/in/x", "s=1"},
    {"s=1; Secure", "s=evil; Domain=example.test", "s=1"},
    {"s=1; Secure; Domain=example.test", "s=evil", "s=1"},
    {"s=1; Secure; Path=/in", "s=evil; Path=/in/x", "s=1"},
    {"s=1; Secure; Path=/in", "s=other", "s=1; s=other"},
    {"s=1; Secure", "S=other", "s=1; S=other"},
    {"s=1", "s=other", "s=other"},
};

static void http_leaves_secure_ones_alone(void **state)
{
    (void)state;
    /* with the client's cookies, and with a Cookie field of the request's own */
    for (size_t i = 0; i < 2 * COUNT(overlays); i++) {
        struct anycert_client *client = floor_client_of(cookie_config("trust-any"));
        struct anycert_request *request = NULL;
        const char *sent = NULL;
        char kept[100];
        size_t row = i / 2;

        (void)snprintf(kept, sizeof kept, "Set-Cookie: %s\r\n", overlays[row].kept);
        visit(client, url_of("https", "app.example.test", "/"), kept);
        request = floor_request("GET", url_of("http", "app.example.test", "/"));
        if (i % 2)
            floor_header(request, "Cookie", "mine=1");
        canned_text(plain, CANNED_KEEP,
                    "HTTP/1.1 200 OK\r\nContent-Length: 0\r\nSet-Cookie: %s\r\n\r\n",
                    overlays[row].cookie);
        anycert_response_free(floor_ok(client, request));
        sent = sent_for(client, url_of("https", "app.example.test", "/in/x"));
        if (!sent || strcmp(sent, overlays[row].sent) != 0)
            fail_msg("'%s' after '%s': '%s'", overlays[row].cookie, overlays[row].kept,
                     sent ? sent : "(nothing)");
        anycert_client_free(client);
    }
}

/* The caller is told. */
static void own_ones_leave_secure_ones_alone(void **state)
{
    struct anycert_client *client = floor_client_of(cookie_config(NULL));
    struct anycert_error err = {0};

    (void)state;
    assert_int_equal(anycert_client_add_cookie(client, "s=1; Secure", "https://evil.test/", &err),
                     0);
    assert_int_equal(anycert_client_add_cookie(client, "s=2", "http://evil.test/", &err), -1);
    assert_int_equal(err.code, ANYCERT_E_USAGE);
    assert_null(strstr(err.message, "2"));
    assert_int_equal(anycert_client_add_cookie(client, "s=2", "https://evil.test/", NULL), 0);
    assert_int_equal(anycert_client_add_cookie(client, "s=3; Secure", "http://localhost/", NULL),
                     0);
    assert_int_equal(anycert_client_add_cookie(client, "s=4", "http://localhost/", NULL), 0);
    anycert_client_free(client);
}

static void redirects_set_and_send_them(void **state)
{
    struct anycert_client *client = floor_client_of(cookie_config(NULL));
    struct anycert_request *request = NULL;

    (void)state;
    canned_text(
        plain, CANNED_KEEP,
        "HTTP/1.1 302 Found\r\nContent-Length: 0\r\nSet-Cookie: a=1\r\nLocation: /in\r\n\r\n");
    visit(client, url_of("http", "evil.test", "/login"), "");
    assert_string_equal(sent_to(plain), "a=1");
    canned_text(plain, CANNED_KEEP,
                "HTTP/1.1 302 Found\r\nContent-Length: 0\r\nLocation: %s\r\n\r\n",
                url_of("http", "a.b.test", "/"));
    visit(client, url_of("http", "evil.test", "/login"), "");
    assert_null(sent_to(plain));
    /* One's own is for the first request; then the jar knows better. */
    request = floor_request("GET", url_of("http", "evil.test", "/login"));
    floor_header(request, "Cookie", "mine=1");
    canned_text(
        plain, CANNED_KEEP,
        "HTTP/1.1 302 Found\r\nContent-Length: 0\r\nSet-Cookie: a=2\r\nLocation: /in\r\n\r\n");
    canned_text(plain, CANNED_KEEP, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
    anycert_response_free(floor_ok(client, request));
    assert_string_equal(sent_to(plain), "a=2");
    anycert_client_free(client);
}

/* ---- what the caller says himself */

static void own_cookie_header_is_sent_alone_and_answers_count(void **state)
{
    struct anycert_client *client = floor_client_of(cookie_config(NULL));
    struct anycert_request *request = NULL;

    (void)state;
    visit(client, canned_origin(plain), "Set-Cookie: a=1\r\n");
    request = floor_request("GET", canned_origin(plain));
    floor_header(request, "cookie", "mine=2");
    canned_text(plain, CANNED_KEEP,
                "HTTP/1.1 200 OK\r\nContent-Length: 0\r\nSet-Cookie: b=3\r\n"
                "Set-Cookie: c=4; Domain=com\r\nSet-Cookie: nonsense\r\n\r\n");
    anycert_response_free(floor_ok(client, request));
    {
        char *text = canned_request(plain, canned_requests(plain) - 1, NULL);

        assert_non_null(strstr(text, "\r\ncookie: mine=2\r\n"));
        free(text);
    }
    assert_null(sent_to(plain));
    assert_sent(client, canned_origin(plain), "a=1; b=3");
    /* none at all */
    request = floor_request("GET", canned_origin(plain));
    assert_int_equal(anycert_request_add_header(request, "Cookie", NULL, NULL), 0);
    canned_text(plain, CANNED_KEEP, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
    anycert_response_free(floor_ok(client, request));
    assert_null(sent_to(plain));
    anycert_client_free(client);
}

/* A name that was not connected to must not speak for cookies, then or later. */
static void own_host_header_has_no_part_in_cookies(void **state)
{
    struct anycert_client *client = floor_client_of(cookie_config(NULL));
    struct anycert_request *request = NULL;

    (void)state;
    visit(client, url_of("http", "www.example.co.uk", "/"), "Set-Cookie: a=1\r\n");
    visit(client, url_of("http", "evil.test", "/"), "");
    for (int i = 0; i < 2; i++) {
        request = floor_request("GET", url_of("http", "evil.test", "/"));
        floor_header(request, "Host", "www.example.co.uk");
        canned_text(plain, CANNED_KEEP,
                    "HTTP/1.1 200 OK\r\nContent-Length: 0\r\nSet-Cookie: a=evil\r\n"
                    "Set-Cookie: b=evil; Domain=example.co.uk\r\n\r\n");
        anycert_response_free(floor_ok(client, request));
        assert_null(sent_to(plain));
        assert_sent(client, url_of("http", "evil.test", "/"), NULL);
    }
    assert_sent(client, url_of("http", "www.example.co.uk", "/"), "a=1");
    anycert_client_free(client);
}

/* ---- who is believed */

static const char *echoed(const struct anycert_response *response)
{
    return floor_echo_header(response, "Cookie", 0);
}

/* An origin whose peer nobody has authenticated, and one that is held to hardened: their cookies do
 * not meet, though the host is the same. */
static void unproven_and_proven_peers_do_not_share(void **state)
{
    struct anycert_client *client = floor_client_of(cookie_config("hardened+self-signed+expired"));
    struct anycert_response *response = NULL;
    struct anycert_error err = {0};
    char *text = NULL;

    (void)state;
    canned_text(tls, CANNED_KEEP,
                "HTTP/1.1 302 Found\r\nContent-Length: 0\r\nSet-Cookie: loose=1\r\n"
                "Location: %s\r\n\r\n",
                floor_url("good", "set-cookie"));
    anycert_response_free(floor_ok(client, floor_request("GET", canned_origin(tls))));
    canned_text(tls, CANNED_KEEP, "HTTP/1.1 302 Found\r\nContent-Length: 0\r\nLocation: %s\r\n\r\n",
                floor_url("good", "echo"));
    response = floor_ok(client, floor_request("GET", canned_origin(tls)));
    assert_string_equal(sent_to(tls), "loose=1");
    assert_non_null(strstr(echoed(response), "session=abc"));
    assert_null(strstr(echoed(response), "loose"));
    anycert_response_free(response);
    text = anycert_client_cookies(client, &err);
    assert_non_null(strstr(text, "loose"));
    assert_null(strstr(text, "session"));
    anycert_free(text);
    anycert_client_free(client);
    /* trust-any promises nothing anywhere: one jar. */
    client = floor_client_of(cookie_config("trust-any"));
    canned_text(tls, CANNED_KEEP,
                "HTTP/1.1 302 Found\r\nContent-Length: 0\r\nSet-Cookie: loose=1\r\n"
                "Location: %s\r\n\r\n",
                floor_url("good", "echo"));
    response = floor_ok(client, floor_request("GET", canned_origin(tls)));
    assert_string_equal(echoed(response), "loose=1");
    anycert_response_free(response);
    anycert_client_free(client);
    /* expired lets nobody in who could not come in before. */
    client = floor_client_of(cookie_config("hardened+expired"));
    anycert_response_free(
        floor_ok(client, floor_request("GET", floor_url("expired", "set-cookie"))));
    response = floor_ok(
        client,
        floor_request("GET", floor_url("expired", floor_redirect(302, floor_url("good", "echo")))));
    assert_non_null(strstr(echoed(response), "session=abc"));
    anycert_response_free(response);
    anycert_client_free(client);
}

/* Whether a host is proven is what its entry of the policy file says. */
static void hosts_of_a_policy_file_share_only_with_their_kind(void **state)
{
    struct anycert_config *config = cookie_config(NULL);
    struct anycert_policy *anchors = anycert_policy_new(NULL);
    struct anycert_policy_file *file = NULL;
    struct anycert_client *client = NULL;
    struct anycert_response *response = NULL;
    char lines[128];

    (void)state;
    (void)snprintf(lines, sizeof lines, "localhost:%u trust-any\n",
                   (unsigned)lab_server_port(floor_server("self-signed")));
    file = anycert_policy_file_parse(lines, strlen(lines), "f", NULL);
    assert_int_equal(anycert_policy_add_ca_path(anchors, floor_root(), NULL), 0);
    assert_int_equal(anycert_config_set_policy(config, NULL, NULL), 0);
    assert_int_equal(anycert_config_set_default_anchors(config, anchors, NULL), 0);
    assert_int_equal(anycert_config_set_policy_file(config, file, NULL), 0);
    client = floor_client_of(config);
    for (int i = 0; i < 2; i++) {
        const char *own = i == 0 ? "self-signed" : "good", *other = i == 0 ? "good" : "self-signed";

        assert_int_equal(
            anycert_client_add_cookie(client, i == 0 ? "a=1" : "b=2", floor_url(own, ""), NULL), 0);
        response = floor_ok(client, floor_request("GET", floor_url(own, "echo")));
        assert_string_equal(echoed(response), i == 0 ? "a=1" : "b=2");
        anycert_response_free(response);
        response = floor_ok(client, floor_request("GET", floor_url(other, "echo")));
        if (i == 0)
            assert_null(echoed(response));
        else
            assert_string_equal(echoed(response), "a=1");
        anycert_response_free(response);
    }
    anycert_client_free(client);
    anycert_policy_file_free(file);
    anycert_policy_free(anchors);
}

/* Cookies are secrets to the secret guard, too. */
static void secret_guard_keeps_cookies_from_links_that_are_not_clean(void **state)
{
    struct anycert_config *config = cookie_config("trust-any");
    struct anycert_client *client = NULL;
    struct anycert_response *response = NULL;

    (void)state;
    assert_int_equal(anycert_config_set_secret_guard(config, ANYCERT_SECRETS_WITHHOLD, NULL), 0);
    client = floor_client_of(config);
    for (int i = 0; i < 2; i++) {
        assert_int_equal(
            anycert_client_add_cookie(client, "a=1", floor_url("self-signed", ""), NULL), 0);
        response = floor_ok(client, floor_request("GET", floor_url("self-signed", "echo")));
        assert_null(echoed(response));
        assert_int_equal(anycert_response_hop_withheld(response, 0), 1);
        anycert_response_free(response);
        response = floor_ok(client, floor_request("GET", floor_url("good", "echo")));
        assert_string_equal(echoed(response), "a=1");
        anycert_response_free(response);
    }
    anycert_client_free(client);
    config = cookie_config("trust-any");
    assert_int_equal(anycert_config_set_secret_guard(config, ANYCERT_SECRETS_REFUSE, NULL), 0);
    client = floor_client_of(config);
    assert_int_equal(anycert_client_add_cookie(client, "a=1", "https://other.test/", NULL), 0);
    anycert_response_free(floor_ok(client, floor_request("GET", floor_url("self-signed", ""))));
    assert_int_equal(anycert_client_add_cookie(client, "a=1", "https://localhost/x", NULL), 0);
    floor_fails(client, floor_request("GET", floor_url("self-signed", "")), ANYCERT_E_TRUST_SECRETS,
                NULL);
    anycert_client_free(client);
}

static void clients_do_not_share(void **state)
{
    struct anycert_client *one = floor_client_of(cookie_config(NULL));
    struct anycert_client *other = floor_client_of(cookie_config(NULL));

    (void)state;
    visit(one, canned_origin(plain), "Set-Cookie: a=1\r\n");
    assert_sent(other, canned_origin(plain), NULL);
    anycert_client_free(one);
    anycert_client_free(other);
}

struct asking {
    struct anycert_client *client;
    const struct anycert_request *request;
};

static void *ask_often(void *arg)
{
    const struct asking *asking = arg;

    for (int i = 0; i < 10; i++) {
        struct anycert_response *response = NULL;
        char *text = NULL;

        assert_int_equal(anycert_client_send(asking->client, asking->request, &response, NULL), 0);
        anycert_response_free(response);
        text = anycert_client_cookies(asking->client, NULL);
        assert_non_null(text);
        anycert_free(text);
        assert_int_equal(anycert_client_add_cookie(asking->client, "t=1; Max-Age=100",
                                                   "https://localhost/", NULL),
                         0);
    }
    return NULL;
}

static void many_threads_share_one_jar(void **state)
{
    struct anycert_client *client = floor_client_of(cookie_config(NULL));
    struct anycert_request *request = floor_request("GET", floor_url("good", "set-cookie"));
    struct asking asking = {client, request};
    struct anycert_response *response = NULL;
    pthread_t threads[4];

    (void)state;
    for (size_t i = 0; i < COUNT(threads); i++)
        assert_int_equal(pthread_create(&threads[i], NULL, ask_often, &asking), 0);
    for (size_t i = 0; i < COUNT(threads); i++)
        assert_int_equal(pthread_join(threads[i], NULL), 0);
    response = floor_ok(client, floor_request("GET", floor_url("good", "echo")));
    assert_non_null(strstr(echoed(response), "session=abc"));
    assert_non_null(strstr(echoed(response), "t=1"));
    anycert_response_free(response);
    anycert_request_free(request);
    anycert_client_free(client);
}

/* ---- secrets */

static void on_trace(void *arg, char kind, const char *text, size_t len)
{
    (void)kind;
    fprintf(arg, "%.*s\n", (int)len, text);
}

static void traces_show_no_cookie(void **state)
{
    struct anycert_config *config = cookie_config(NULL);
    struct anycert_client *client = NULL;
    char *text = NULL;
    size_t len = 0;
    FILE *stream = open_memstream(&text, &len);

    (void)state;
    assert_non_null(stream);
    assert_int_equal(anycert_config_set_trace(config, on_trace, stream, NULL), 0);
    client = floor_client_of(config);
    visit(client, canned_origin(plain), "Set-Cookie: n4me=v4lue\r\n");
    visit(client, canned_origin(plain),
          "Set-Cookie: n4me=v4lue2\r\nSet-Cookie: o=v4lue; Domain=com\r\n");
    assert_int_equal(anycert_client_add_cookie(client, "b=v4lue", "http://localhost/", NULL), 0);
    visit(client, canned_origin(plain), "");
    anycert_client_free(client);
    fclose(stream);
    assert_non_null(strstr(text, "Cookie: (hidden)"));
    assert_null(strstr(text, "v4lue"));
    free(text);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, canned_setup, canned_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(cookies_come_back_if_asked_for),
        CASE(domains_and_paths_are_held_to),
        CASE(secure_ones_go_over_https_alone),
        CASE(http_leaves_secure_ones_alone),
        CASE(own_ones_leave_secure_ones_alone),
        CASE(redirects_set_and_send_them),
        CASE(own_cookie_header_is_sent_alone_and_answers_count),
        CASE(own_host_header_has_no_part_in_cookies),
        CASE(unproven_and_proven_peers_do_not_share),
        CASE(hosts_of_a_policy_file_share_only_with_their_kind),
        CASE(secret_guard_keeps_cookies_from_links_that_are_not_clean),
        CASE(clients_do_not_share),
        CASE(many_threads_share_one_jar),
        CASE(traces_show_no_cookie),
    };

    return cmocka_run_group_tests(tests, floor_setup, floor_teardown);
}
