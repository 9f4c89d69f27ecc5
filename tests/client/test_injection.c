/* No text of a caller's breaks out of its place in the request: every setter whose text goes over
 * the wire refuses control characters, one sentence says so without repeating them, and what was
 * set before stays. A new setter is one more function and one more row. */
#include "client/floor.h"
#include "client/sending.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define COUNT(a) (sizeof(a) / sizeof(a)[0])

/* What the setters are tried on; it has been set up with harmless texts. */
struct subject {
    struct anycert_config *config;
    struct anycert_request *request;
    struct anycert_retry *retry;
};

typedef int setter(struct subject *subject, const char *text, struct anycert_error *err);

static int new_request(const char *method, const char *url, struct anycert_error *err)
{
    struct anycert_request *request = anycert_request_new(method, url, err);

    anycert_request_free(request);
    return request ? 0 : -1;
}

static int new_url(const char *before, const char *text, const char *behind,
                   struct anycert_error *err)
{
    char url[512];

    (void)snprintf(url, sizeof url, "%s%s%s", before, text, behind);
    return new_request("GET", url, err);
}

static int method(struct subject *subject, const char *text, struct anycert_error *err)
{
    (void)subject;
    return new_request(text, "http://localhost:1/", err);
}

static int whole_url(struct subject *subject, const char *text, struct anycert_error *err)
{
    (void)subject;
    return new_request("GET", text, err);
}

static int url_user(struct subject *subject, const char *text, struct anycert_error *err)
{
    (void)subject;
    return new_url("http://", text, ":p@localhost:1/", err);
}

static int url_password(struct subject *subject, const char *text, struct anycert_error *err)
{
    (void)subject;
    return new_url("http://u:", text, "@localhost:1/", err);
}

static int url_host(struct subject *subject, const char *text, struct anycert_error *err)
{
    (void)subject;
    return new_url("http://", text, ":1/", err);
}

static int url_port(struct subject *subject, const char *text, struct anycert_error *err)
{
    (void)subject;
    return new_url("http://localhost:1", text, "/", err);
}

static int url_path(struct subject *subject, const char *text, struct anycert_error *err)
{
    (void)subject;
    return new_url("http://localhost:1/", text, "", err);
}

static int url_query(struct subject *subject, const char *text, struct anycert_error *err)
{
    (void)subject;
    return new_url("http://localhost:1/?", text, "", err);
}

static int url_fragment(struct subject *subject, const char *text, struct anycert_error *err)
{
    (void)subject;
    return new_url("http://localhost:1/#", text, "", err);
}

static int header_name(struct subject *subject, const char *text, struct anycert_error *err)
{
    return anycert_request_add_header(subject->request, text, "v", err);
}

static int header_value(struct subject *subject, const char *text, struct anycert_error *err)
{
    return anycert_request_add_header(subject->request, "X-Value", text, err);
}

static int basic_user(struct subject *subject, const char *text, struct anycert_error *err)
{
    return anycert_request_set_basic_auth(subject->request, text, "p", err);
}

static int basic_password(struct subject *subject, const char *text, struct anycert_error *err)
{
    return anycert_request_set_basic_auth(subject->request, "u", text, err);
}

static int proxy(struct subject *subject, const char *before, const char *text, const char *behind,
                 struct anycert_error *err)
{
    char url[512];

    (void)snprintf(url, sizeof url, "%s%s%s", before, text, behind);
    return anycert_config_set_proxy(subject->config, url, err);
}

static int proxy_user(struct subject *subject, const char *text, struct anycert_error *err)
{
    return proxy(subject, "http://", text, ":p@localhost:1", err);
}

static int proxy_password(struct subject *subject, const char *text, struct anycert_error *err)
{
    return proxy(subject, "https://u:", text, "@localhost:1", err);
}

static int socks_user(struct subject *subject, const char *text, struct anycert_error *err)
{
    return proxy(subject, "socks5h://", text, ":p@localhost:1", err);
}

static int proxy_host(struct subject *subject, const char *text, struct anycert_error *err)
{
    return proxy(subject, "http://", text, ":1", err);
}

static int proxy_path(struct subject *subject, const char *text, struct anycert_error *err)
{
    return proxy(subject, "http://localhost:1/", text, "", err);
}

static int no_proxy(struct subject *subject, const char *text, struct anycert_error *err)
{
    return anycert_config_set_no_proxy(subject->config, text, err);
}

static int resolve_host(struct subject *subject, const char *text, struct anycert_error *err)
{
    char entry[512];

    (void)snprintf(entry, sizeof entry, "h%s:1:127.0.0.1", text);
    return anycert_config_add_resolve(subject->config, entry, err);
}

static int resolve_address(struct subject *subject, const char *text, struct anycert_error *err)
{
    char entry[512];

    (void)snprintf(entry, sizeof entry, "h:1:127.0.0.1%s", text);
    return anycert_config_add_resolve(subject->config, entry, err);
}

static int connect_to_host(struct subject *subject, const char *text, struct anycert_error *err)
{
    char entry[512];

    (void)snprintf(entry, sizeof entry, "h:1:h%s:1", text);
    return anycert_config_add_connect_to(subject->config, entry, err);
}

static int secret_header(struct subject *subject, const char *text, struct anycert_error *err)
{
    return anycert_config_add_secret_header(subject->config, text, err);
}

static int idempotency_header(struct subject *subject, const char *text, struct anycert_error *err)
{
    return anycert_retry_set_idempotency_header(subject->retry, text, err);
}

static int retry_methods(struct subject *subject, const char *text, struct anycert_error *err)
{
    return anycert_retry_set_methods(subject->retry, text, err);
}

static int policy(const char *before, const char *text, struct anycert_error *err)
{
    char whole[512];
    struct anycert_policy *parsed = NULL;

    (void)snprintf(whole, sizeof whole, "%s%s", before, text);
    parsed = anycert_policy_parse(whole, err);
    anycert_policy_free(parsed);
    return parsed ? 0 : -1;
}

static int policy_sni(struct subject *subject, const char *text, struct anycert_error *err)
{
    (void)subject;
    return policy("hardened sni=a", text, err);
}

static int policy_name(struct subject *subject, const char *text, struct anycert_error *err)
{
    (void)subject;
    return policy("hardened expect-name=a", text, err);
}

static const struct row {
    const char *name;
    setter *set;
    bool tab;     /* a tab is an honest part of it (RFC 9110 section 5.5) */
    bool decoded; /* percent signs are decoded, so what they encode counts too */
} rows[] = {
    {"method", method, false, false},
    {"URL", whole_url, false, false},
    {"user of a URL", url_user, false, true},
    {"password of a URL", url_password, false, true},
    {"host of a URL", url_host, false, false},
    {"port of a URL", url_port, false, false},
    {"path of a URL", url_path, false, false},
    {"query of a URL", url_query, false, false},
    {"fragment of a URL", url_fragment, false, false},
    {"header name", header_name, false, false},
    {"header value", header_value, true, false},
    {"user", basic_user, false, false},
    {"password", basic_password, false, false},
    {"user of a proxy", proxy_user, false, true},
    {"password of a proxy", proxy_password, false, true},
    {"user of a SOCKS proxy", socks_user, false, true},
    {"host of a proxy", proxy_host, false, false},
    {"path of a proxy", proxy_path, false, false},
    {"list without proxy", no_proxy, false, false},
    {"host to resolve", resolve_host, false, false},
    {"address to resolve to", resolve_address, false, false},
    {"host to connect to", connect_to_host, false, false},
    {"secret header", secret_header, false, false},
    {"idempotency header", idempotency_header, false, false},
    {"methods of retries", retry_methods, false, false},
    {"SNI of a policy", policy_sni, false, false},
    {"name of a policy", policy_name, false, false},
};

/* ---- what is tried */

static const char *const breaks[] = {
    "\r\nX-Injected: y",
    "\nX-Injected: y",
    "\rX-Injected: y",
    "a\r\n\r\nGET /injected HTTP/1.1\r\n",
    "a\r\n b",
    "a\n\tb",
    "\r",
    "\n",
    "a\vb",
    "a\fb",
    "a\bb",
    "\x01",
    "a\x1f",
    "\x7f",
    "a\x1b[31m",
    "GET\t",
};
static const char *const encoded[] = {"%0d%0aX-Injected:y", "a%0A", "%0D", "a%00b", "%01", "%1F"};

static void assert_refused(const struct row *row, struct subject *subject, const char *text)
{
    struct anycert_error err = {0};
    size_t len = 0;

    if (row->set(subject, text, &err) == 0)
        fail_msg("%s takes '%s'", row->name, text);
    if (anycert_error_class_of(err.code) != ANYCERT_CLASS_USAGE)
        fail_msg("%s: %s (%d)", row->name, err.message, (int)err.code);
    len = strlen(err.message);
    assert_true(len > 0 && err.message[len - 1] != '.');
    for (size_t i = 0; i < len; i++) {
        if ((unsigned char)err.message[i] < 0x20 || err.message[i] == 0x7f)
            fail_msg("%s: its message has control characters", row->name);
    }
}

static void subject_make(struct subject *subject, const struct canned *canned)
{
    subject->config = floor_config(NULL);
    subject->request = floor_request("POST", floor_join(canned_origin(canned), "/path"));
    subject->retry = anycert_retry_new(NULL);
    assert_int_equal(anycert_retry_set_idempotency_header(subject->retry, "Idempotency-Key", NULL),
                     0);
    assert_int_equal(anycert_request_set_basic_auth(subject->request, "u", "p", NULL), 0);
    assert_int_equal(anycert_config_set_no_proxy(subject->config, "x.test", NULL), 0);
}

/* The request that the subject makes, as the server reads it; the key is new each time. */
static char *sent_by(struct subject *subject, struct canned *canned)
{
    struct anycert_error err = {0};
    struct anycert_client *client = NULL;
    struct anycert_response *response = NULL;
    char *seen = NULL;

    assert_int_equal(anycert_request_set_retry(subject->request, subject->retry, NULL), 0);
    client = anycert_client_new(subject->config, &err);
    assert_non_null(client);
    if (anycert_client_send(client, subject->request, &response, &err) < 0)
        fail_msg("%s", err.message);
    anycert_response_free(response);
    anycert_client_free(client);
    seen = canned_request(canned, canned_requests(canned) - 1, NULL);
    memset(strstr(seen, "Idempotency-Key: ") + 17, 'x', 36);
    return seen;
}

static void setters_refuse_what_would_break_out(void **state)
{
    struct canned *canned = canned_start(false);
    struct subject subject;
    char *before = NULL;
    char *after = NULL;

    (void)state;
    canned_text(canned, CANNED_KEEP, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
    subject_make(&subject, canned);
    before = sent_by(&subject, canned);
    for (size_t i = 0; i < COUNT(rows); i++) {
        for (size_t n = 0; n < COUNT(breaks) - (rows[i].tab ? 1 : 0); n++)
            assert_refused(&rows[i], &subject, breaks[n]);
        for (size_t n = 0; rows[i].decoded && n < COUNT(encoded); n++)
            assert_refused(&rows[i], &subject, encoded[n]);
    }
    after = sent_by(&subject, canned);
    assert_string_equal(before, after);
    assert_int_equal(canned_requests(canned), 2);
    free(before);
    free(after);
    anycert_request_free(subject.request);
    anycert_config_free(subject.config);
    anycert_retry_free(subject.retry);
    canned_stop(canned);
}

/* What is no control character stays where it was put, odd as it may be. */
static void odd_texts_stay_in_their_place(void **state)
{
    static const char *const values[] = {"a\tb",   "a: b",         "a, b;c", "%0d%0aX-Injected: y",
                                         "\\r\\n", "\xc3\xa4\xff", "\"",     "a\xe2\x80\xa8X: y"};
    static const char *const paths[] = {"a%0d%0aX-Injected:%20y", "a%00b",
                                        "a%20b HTTP/1.1",         "a\xc2\x85X",
                                        "a\xe2\x80\xa8X",         "%2e%2e/a"};

    (void)state;
    for (enum sending how = 0; how < SENDING_COUNT; how++) {
        struct canned *canned = canned_start(false);
        struct anycert_client *client = floor_client(NULL);

        canned_text(canned, CANNED_KEEP, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
        for (unsigned i = 0; i < COUNT(values); i++) {
            struct anycert_request *request =
                floor_request("GET", floor_join(canned_origin(canned), "/"));
            char line[128];
            char *seen = NULL;

            floor_header(request, "X-Value", values[i]);
            anycert_response_free(sending_ok(how, client, request));
            (void)snprintf(line, sizeof line, "\r\nX-Value: %s\r\n", values[i]);
            seen = canned_request(canned, i, NULL);
            assert_non_null(strstr(seen, line));
            assert_null(strstr(seen, "\r\nX-Injected"));
            free(seen);
        }
        for (unsigned i = 0; i < COUNT(paths); i++) {
            char path[64];
            char *seen = NULL;

            (void)snprintf(path, sizeof path, "/%s", paths[i]);
            anycert_response_free(sending_ok(
                how, client, floor_request("GET", floor_join(canned_origin(canned), path))));
            seen = canned_request(canned, COUNT(values) + i, NULL);
            assert_memory_equal(seen, "GET /", 5);
            *strstr(seen, "\r\n") = '\0';
            assert_non_null(strstr(seen, " HTTP/1.1"));
            /* one space before the target and one behind it */
            assert_ptr_equal(strchr(seen + 4, ' '), strrchr(seen, ' '));
            free(seen);
        }
        anycert_client_free(client);
        canned_stop(canned);
    }
}

/* A server's Location goes back over the wire, too. */
static void locations_stay_in_their_place(void **state)
{
    static const char *const locations[] = {"/a%0d%0aX-Injected:%20y", "/a b HTTP/1.1", "/a\tb",
                                            "/?a=%0aX-Injected: y", "/a\xc2\x85X-Injected: y"};

    (void)state;
    for (enum sending how = 0; how < SENDING_COUNT; how++) {
        for (size_t i = 0; i < COUNT(locations); i++) {
            struct canned *canned = canned_start(false);
            struct anycert_client *client = floor_client(NULL);
            struct anycert_request *request =
                floor_request("GET", floor_join(canned_origin(canned), "/"));
            struct anycert_response *response = NULL;
            struct anycert_error err = {0};

            canned_text(canned, CANNED_KEEP,
                        "HTTP/1.1 302 x\r\nLocation: %s\r\nContent-Length: 0\r\n\r\n",
                        locations[i]);
            canned_text(canned, CANNED_KEEP, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
            if (sending_do(how, client, request, &response, &err) == 0) {
                char *seen = canned_request(canned, 1, NULL);

                assert_null(strstr(seen, "\nX-Injected"));
                *strstr(seen, "\r\n") = '\0';
                assert_ptr_equal(strchr(seen + 4, ' '), strrchr(seen, ' '));
                free(seen);
            } else {
                assert_int_equal(err.code, ANYCERT_E_REDIRECTS);
            }
            anycert_response_free(response);
            anycert_request_free(request);
            anycert_client_free(client);
            canned_stop(canned);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(setters_refuse_what_would_break_out),
        cmocka_unit_test(odd_texts_stay_in_their_place),
        cmocka_unit_test(locations_stay_in_their_place),
    };

    return cmocka_run_group_tests(tests, floor_setup, floor_teardown);
}
