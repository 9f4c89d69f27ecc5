/* Secrets are for the origin of the request's URL alone: however the request is made, over every
 * way and both versions of HTTP, after retries, and for good once the way has left that origin. */
#include "client/floor.h"
#include "client/places.h"
#include "client/sending.h"
#include "client/virtual_time.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define COUNT(a) (sizeof(a) / sizeof(a)[0])

static struct scene scene;

static int make_scene(void **state)
{
    scene_make(&scene);
    return floor_setup(state);
}

static int free_scene(void **state)
{
    scene_free(&scene);
    return floor_teardown(state);
}

/* ---- clients and requests */

static struct anycert_policy *policy_of(const char *text)
{
    struct anycert_error err = {0};
    struct anycert_policy *policy = anycert_policy_parse(text, &err);

    if (!policy)
        fail_msg("%s: %s", text, err.message);
    return policy;
}

/* Accepts any server, as the other origins are self-signed. */
static struct anycert_client *client_over(enum way way, enum anycert_http_version version)
{
    struct anycert_config *config = floor_config("trust-any");
    struct anycert_policy *policy = policy_of(ask_policy("hardened", scene.pki.root_path));

    assert_int_equal(anycert_config_set_proxy(config, way_proxy(&scene, way), NULL), 0);
    assert_int_equal(anycert_config_set_proxy_policy(config, policy, NULL), 0);
    assert_int_equal(anycert_config_set_http_version(config, version, NULL), 0);
    assert_int_equal(anycert_config_add_secret_header(config, "x-api-key", NULL), 0);
    anycert_policy_free(policy);
    return floor_client_of(config);
}

enum secrecy { BY_HEADER, BY_SETTER, BY_URL, SECRECY_COUNT };

static struct anycert_request *secret_request(const char *url, enum secrecy secrecy)
{
    int scheme = (int)(strstr(url, "://") + 3 - url);
    struct anycert_request *request = NULL;
    char full[1024];

    assert_true(snprintf(full, sizeof full, "%.*s%s%s", scheme, url,
                         secrecy == BY_URL ? "u:p@" : "", url + scheme) < (int)sizeof full);
    request = floor_request("GET", full);
    if (secrecy == BY_HEADER)
        floor_header(request, "authorization", "Basic dTpw");
    if (secrecy == BY_SETTER)
        assert_int_equal(anycert_request_set_basic_auth(request, "u", "p", NULL), 0);
    floor_header(request, "COOKIE", "a=b");
    floor_header(request, "X-API-Key", "k3y");
    floor_header(request, "Host", "virtual.test");
    floor_header(request, "X-Kept", "1");
    return request;
}

/* ---- what nginx got to see at the end of the way */

static void expect_seen(const struct anycert_response *response, const char *what,
                        const char *expected)
{
    const char *body = anycert_response_body(response, NULL);

    if (!strstr(body, expected))
        fail_msg("%s: nginx saw %s", what, body);
}

static const char all_secrets[] = "authorization=[Basic dTpw] cookie=[a=b] key=[k3y] proxy=[] "
                                  "referer=[] host=[virtual.test] kept=[1]";
static const char no_secrets[] = "authorization=[] cookie=[] key=[] proxy=[] referer=[] "
                                 "host=[localhost] kept=[1]";

/* Where the redirects lead, before they end at /seen: within the origin, to another one, and from
 * there back to the first. */
static const struct {
    const char *name;
    int hops[2]; /* flaws of the servers that redirect behind the first; -1: none */
    enum flaw end;
    bool keeps;
} ways_out[] = {
    {"within the origin", {-1, -1}, FLAW_NONE, true},
    {"and within it again", {FLAW_NONE, -1}, FLAW_NONE, true},
    {"to another origin", {-1, -1}, FLAW_SELF_SIGNED, false},
    {"to another and back", {FLAW_SELF_SIGNED, -1}, FLAW_NONE, false},
    {"to another, back, and within", {FLAW_SELF_SIGNED, FLAW_NONE}, FLAW_NONE, false},
    {"within, to another, back", {FLAW_NONE, FLAW_SELF_SIGNED}, FLAW_NONE, false},
};

/* "https://localhost:PORT/go?to=https://localhost:PORT/…/seen" */
static const char *chain_url(size_t row)
{
    static char url[1024];
    size_t used = 0;
    const uint16_t *ports = scene.web.ports;

    used = (size_t)snprintf(url, sizeof url,
                            "https://localhost:%u/go?to=", (unsigned)ports[FLAW_NONE]);
    for (size_t i = 0; i < 2; i++) {
        if (ways_out[row].hops[i] >= 0)
            used += (size_t)snprintf(url + used, sizeof url - used, "https://localhost:%u/go?to=",
                                     (unsigned)ports[ways_out[row].hops[i]]);
    }
    (void)snprintf(url + used, sizeof url - used, "https://localhost:%u/seen",
                   (unsigned)ports[ways_out[row].end]);
    return url;
}

static void check_row(struct anycert_client *client, size_t row, enum sending how,
                      enum secrecy secrecy, const char *version)
{
    struct anycert_response *response =
        sending_ok(how, client, secret_request(chain_url(row), secrecy));
    char what[128];

    (void)snprintf(what, sizeof what, "%s by %s, %s", ways_out[row].name, sending_name(how),
                   version);
    assert_int_equal(anycert_response_hop_count(response),
                     2 + (ways_out[row].hops[0] >= 0) + (ways_out[row].hops[1] >= 0));
    expect_seen(response, what, ways_out[row].keeps ? all_secrets : no_secrets);
    expect_seen(response, what, version);
    anycert_response_free(response);
}

/* Every combination directly, and every pair of two over the other ways. */
static void check_rows(struct anycert_client *client, enum way way, const char *version)
{
    for (unsigned row = 0; row < COUNT(ways_out); row++) {
        for (enum sending how = 0; how < SENDING_COUNT; how++) {
            for (enum secrecy secrecy = 0; secrecy < SECRECY_COUNT; secrecy++) {
                if (way == WAY_DIRECT || secrecy == (row + how) % SECRECY_COUNT)
                    check_row(client, row, how, secrecy, version);
            }
        }
    }
}

static void secrets_stay_with_their_origin_over_every_way(void **state)
{
    static const struct {
        enum anycert_http_version version;
        const char *seen;
    } versions[] = {{ANYCERT_HTTP_1_1, "version=[HTTP/1.1]"},
                    {ANYCERT_HTTP_2, "version=[HTTP/2.0]"}};

    (void)state;
    for (enum way way = 0; way < WAY_COUNT; way++) {
        /* HTTP/2 behind an https proxy loses transfers in libcurl 7.88. */
        for (size_t v = 0; v < (way == WAY_HTTPS_PROXY ? 1 : COUNT(versions)); v++) {
            struct anycert_client *client = client_over(way, versions[v].version);

            check_rows(client, way, versions[v].seen);
            anycert_client_free(client);
        }
    }
}

/* Requests of one batch share connections, and no secrets. */
static void neighbours_in_a_batch_see_no_secrets_of_each_other(void **state)
{
    struct anycert_client *client = client_over(WAY_DIRECT, ANYCERT_HTTP_2);
    struct anycert_batch *batch = anycert_batch_new(client, 16, NULL);
    struct anycert_request *with = secret_request(chain_url(2), BY_SETTER);
    struct anycert_request *stays = secret_request(chain_url(0), BY_SETTER);
    struct anycert_request *plain =
        floor_request("GET", url_of("https", scene.web.ports[FLAW_SELF_SIGNED], "seen"));
    struct anycert_batch_result result;

    (void)state;
    floor_header(plain, "X-Kept", "1");
    for (unsigned i = 0; i < 60; i++)
        assert_int_equal(anycert_batch_add(batch,
                                           i % 3 == 0   ? with
                                           : i % 3 == 1 ? plain
                                                        : stays,
                                           NULL, NULL),
                         0);
    while (anycert_batch_next(batch, -1, &result, NULL) == 1) {
        if (result.error.code != 0)
            fail_msg("%s", result.error.message);
        expect_seen(result.response, "a neighbour",
                    result.request == stays ? all_secrets : no_secrets);
        anycert_response_free(result.response);
    }
    anycert_batch_free(batch);
    anycert_request_free(with);
    anycert_request_free(stays);
    anycert_request_free(plain);
    anycert_client_free(client);
}

/* ---- retries */

static const int busy_list[] = {503};

/* Each try begins at the first origin, with its secrets, and loses them again on the way. */
static void each_try_loses_the_secrets_again(void **state)
{
    (void)state;
    for (enum sending how = 0; how < SENDING_COUNT; how++) {
        struct canned *one = canned_start(false);
        struct canned *two = canned_start(false);
        struct virtual_time time = {0};
        struct anycert_config *config = floor_config(NULL);
        struct anycert_retry *retry = anycert_retry_new(NULL);
        struct anycert_client *client = NULL;

        assert_int_equal(anycert_retry_set_count(retry, 2, NULL), 0);
        assert_int_equal(anycert_retry_set_statuses(retry, busy_list, 1, NULL), 0);
        assert_int_equal(anycert_config_set_retry(config, retry, NULL), 0);
        assert_int_equal(anycert_config_add_secret_header(config, "X-Api-Key", NULL), 0);
        anycert_retry_free(retry);
        virtual_time_set(config, &time);
        client = floor_client_of(config);
        canned_text(one, CANNED_KEEP,
                    "HTTP/1.1 302 x\r\nLocation: %s/\r\nContent-Length: 0\r\n\r\n",
                    canned_origin(two));
        canned_text(two, CANNED_KEEP, "HTTP/1.1 503 Busy\r\nContent-Length: 0\r\n\r\n");
        canned_text(two, CANNED_RESET, "%s", "");
        canned_text(two, CANNED_KEEP, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
        anycert_response_free(sending_ok(
            how, client, secret_request(floor_join(canned_origin(one), "/"), BY_SETTER)));
        for (unsigned i = 0; i < canned_requests(one); i++) {
            char *seen = canned_request(one, i, NULL);

            assert_non_null(strstr(seen, "Authorization: Basic dTpw\r\n"));
            assert_non_null(strstr(seen, "X-API-Key: k3y\r\n"));
            free(seen);
        }
        assert_true(canned_requests(two) >= 3);
        for (unsigned i = 0; i < canned_requests(two); i++) {
            char *seen = canned_request(two, i, NULL);

            assert_null(strstr(seen, "Basic"));
            assert_null(strstr(seen, "k3y"));
            assert_null(strstr(seen, "a=b"));
            assert_null(strstr(seen, "virtual.test"));
            free(seen);
        }
        anycert_client_free(client);
        canned_stop(one);
        canned_stop(two);
    }
}

/* ---- bodies */

/* What becomes of a body: gone once a redirect makes it a GET, and otherwise the same everywhere.
 */
static const struct {
    int status;
    const char *method, *becomes;
} body_rows[] = {
    {301, "POST", "GET"},  {302, "POST", "GET"},    {303, "POST", "GET"},    {303, "PUT", "GET"},
    {303, "PATCH", "GET"}, {307, "POST", "POST"},   {308, "POST", "POST"},   {307, "PUT", "PUT"},
    {302, "PUT", "PUT"},   {308, "PATCH", "PATCH"}, {307, "PATCH", "PATCH"},
};

static void check_body(size_t row, bool elsewhere, enum sending how)
{
    struct canned *one = canned_start(false);
    struct canned *two = canned_start(false);
    struct anycert_client *client = floor_client(NULL);
    struct anycert_request *request =
        floor_request(body_rows[row].method, floor_join(canned_origin(one), "/"));
    struct canned *end = elsewhere ? two : one;
    char *seen = NULL;
    char line[32];

    assert_int_equal(anycert_request_set_body(request, "s3cret-body", 11, NULL), 0);
    floor_header(request, "Content-Type", "text/s3cret");
    canned_text(one, CANNED_KEEP, "HTTP/1.1 %d x\r\nLocation: %s/end\r\nContent-Length: 0\r\n\r\n",
                body_rows[row].status, canned_origin(end));
    canned_text(end, CANNED_KEEP, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
    anycert_response_free(sending_ok(how, client, request));
    seen = canned_request(end, elsewhere ? 0 : 1, NULL);
    assert_non_null(seen);
    (void)snprintf(line, sizeof line, "%s /end HTTP/1.1\r\n", body_rows[row].becomes);
    assert_memory_equal(seen, line, strlen(line));
    if (strcmp(body_rows[row].becomes, "GET") == 0) {
        assert_null(strstr(seen, "s3cret"));
        assert_null(strstr(seen, "Content-Length"));
        assert_null(strstr(seen, "Transfer-Encoding"));
    } else {
        assert_string_equal(strstr(seen, "\r\n\r\n"), "\r\n\r\ns3cret-body");
    }
    free(seen);
    anycert_client_free(client);
    canned_stop(one);
    canned_stop(two);
}

static void bodies_go_where_the_status_sends_them(void **state)
{
    (void)state;
    for (size_t row = 0; row < COUNT(body_rows); row++) {
        for (enum sending how = 0; how < SENDING_COUNT; how++) {
            check_body(row, false, how);
            check_body(row, true, how);
        }
    }
}

/* A declared one goes to its origin only. */
static void secret_bodies_stay_with_their_origin(void **state)
{
    (void)state;
    for (size_t row = 0; row < COUNT(body_rows); row++) {
        bool becomes_get = strcmp(body_rows[row].becomes, "GET") == 0;

        for (enum sending how = 0; how < SENDING_COUNT; how++) {
            struct canned *one = canned_start(false);
            struct canned *two = canned_start(false);
            struct anycert_client *client = floor_client(NULL);
            struct anycert_request *request =
                floor_request(body_rows[row].method, floor_join(canned_origin(one), "/"));

            assert_int_equal(anycert_request_set_body(request, "s3cret-body", 11, NULL), 0);
            assert_int_equal(anycert_request_set_secret_body(request, 1, NULL), 0);
            canned_text(one, CANNED_KEEP,
                        "HTTP/1.1 %d x\r\nLocation: /again\r\nContent-Length: 0\r\n\r\n",
                        body_rows[row].status);
            canned_text(one, CANNED_KEEP,
                        "HTTP/1.1 %d x\r\nLocation: %s/\r\nContent-Length: 0\r\n\r\n",
                        body_rows[row].status, canned_origin(two));
            canned_text(two, CANNED_KEEP, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
            if (becomes_get)
                anycert_response_free(sending_ok(how, client, request));
            else
                assert_non_null(strstr(sending_fails(how, client, request, ANYCERT_E_REDIRECTS),
                                       "and the body is a secret of http://localhost:"));
            assert_int_equal(canned_requests(one), 2);
            assert_int_equal(canned_requests(two), becomes_get);
            anycert_client_free(client);
            canned_stop(one);
            canned_stop(two);
        }
    }
}

/* ---- other schemes */

/* Refused before anything is opened, sent or asked for. */
static void redirects_to_other_schemes_are_refused(void **state)
{
    static const char *const locations[] = {
        "file:///etc/passwd",    "ftp://localhost/",     "ftps://localhost/",
        "unix:/run/x.sock",      "imap://localhost/",    "imaps://localhost/",
        "smtp://localhost/",     "pop3://localhost/",    "ldap://localhost/",
        "gopher://localhost/",   "dict://localhost/d:x", "telnet://localhost/",
        "tftp://localhost/",     "smb://localhost/x",    "scp://localhost/x",
        "sftp://localhost/x",    "rtsp://localhost/",    "rtmp://localhost/",
        "mqtt://localhost/x",    "ws://localhost/",      "wss://localhost/",
        "socks5://localhost:1/", "http+unix://%2Frun/",  "data:,x",
        "javascript:1",          "about:blank",
    };

    (void)state;
    for (enum sending how = 0; how < SENDING_COUNT; how++) {
        struct canned *canned = canned_start(false);
        struct anycert_client *client = floor_client(NULL);

        for (size_t i = 0; i < COUNT(locations); i++)
            canned_text(canned, CANNED_KEEP,
                        "HTTP/1.1 302 x\r\nLocation: %s\r\nContent-Length: 0\r\n\r\n",
                        locations[i]);
        for (unsigned i = 0; i < COUNT(locations); i++) {
            struct anycert_error err = {0};

            (void)sending_fails(how, client,
                                floor_request("GET", floor_join(canned_origin(canned), "/")),
                                ANYCERT_E_REDIRECTS);
            assert_int_equal(canned_requests(canned), i + 1);
            assert_null(anycert_request_new("GET", locations[i], &err));
            assert_int_equal(err.code, ANYCERT_E_URL);
        }
        anycert_client_free(client);
        canned_stop(canned);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(secrets_stay_with_their_origin_over_every_way),
        cmocka_unit_test(neighbours_in_a_batch_see_no_secrets_of_each_other),
        cmocka_unit_test(each_try_loses_the_secrets_again),
        cmocka_unit_test(bodies_go_where_the_status_sends_them),
        cmocka_unit_test(secret_bodies_stay_with_their_origin),
        cmocka_unit_test(redirects_to_other_schemes_are_refused),
    };

    return cmocka_run_group_tests(tests, make_scene, free_scene);
}
