/* What is left of the floor: time limits, kept connections, proxies of the environment, and what a
 * response tells. */
#include "client/floor.h"
#include "support/ports.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define COUNT(a) (sizeof(a) / sizeof(a)[0])

static struct anycert_client *hasty(uint32_t connect_ms, uint32_t total_ms, uint32_t stall_ms)
{
    struct anycert_config *config = floor_config(NULL);

    assert_int_equal(anycert_config_set_timeouts(config, connect_ms, total_ms, stall_ms, NULL), 0);
    return floor_client_of(config);
}

/* ---- time limits */

static void connect_limit_ends_a_silent_handshake(void **state)
{
    struct anycert_client *client = hasty(300, 0, 0);

    (void)state;
    floor_fails(client, floor_request("GET", floor_url("silent", "")), ANYCERT_E_TIMEOUT_CONNECT,
                NULL);
    assert_non_null(strstr(floor_message(), "300 ms"));
    anycert_client_free(client);
}

static void total_limit_covers_handshake_answer_and_redirects(void **state)
{
    struct anycert_client *client = hasty(0, 700, 0);

    (void)state;
    floor_fails(client, floor_request("GET", floor_url("silent", "")), ANYCERT_E_TIMEOUT_TOTAL,
                NULL);
    floor_fails(client, floor_request("GET", floor_url("good", "slow/20000")),
                ANYCERT_E_TIMEOUT_TOTAL, NULL);
    floor_fails(client, floor_request("GET", floor_url("good", "drip/600")),
                ANYCERT_E_TIMEOUT_TOTAL, NULL);
    floor_fails(client, floor_request("GET", floor_url("good", floor_redirect(302, "/drip/600"))),
                ANYCERT_E_TIMEOUT_TOTAL, NULL);
    anycert_client_free(client);
}

static void stall_limit_ends_a_stalled_body_but_no_slow_one(void **state)
{
    struct anycert_client *client = hasty(0, 0, 1000);
    struct anycert_response *response = NULL;

    (void)state;
    floor_fails(client, floor_request("GET", floor_url("good", "stall")), ANYCERT_E_TIMEOUT_STALL,
                &response);
    assert_int_equal(anycert_response_status(response), 200);
    anycert_response_free(response);
    floor_fails(client, floor_request("GET", floor_url("good", "slow/20000")),
                ANYCERT_E_TIMEOUT_STALL, NULL);
    anycert_client_free(client);
    client = hasty(0, 4000, 1000); /* whatever came before */
    floor_fails(client, floor_request("GET", floor_url("good", "stall")), ANYCERT_E_TIMEOUT_STALL,
                NULL);
    anycert_client_free(client);
    client = hasty(0, 0, 3000);
    response = floor_ok(client, floor_request("GET", floor_url("good", "drip/2")));
    assert_string_equal(anycert_response_body(response, NULL), "..");
    anycert_response_free(response);
    anycert_client_free(client);
}

static void no_limit_waits(void **state)
{
    struct anycert_client *client = hasty(0, 0, 0);

    (void)state;
    anycert_response_free(floor_ok(client, floor_request("GET", floor_url("good", "slow/1500"))));
    anycert_client_free(client);
}

/* ---- connections */

static void dead_port_is_refused_with_the_host(void **state)
{
    char url[64];
    struct anycert_client *client = floor_client(NULL);

    (void)state;
    snprintf(url, sizeof url, "https://localhost:%u/", ports_closed());
    floor_fails(client, floor_request("GET", url), ANYCERT_E_CONNECT, NULL);
    assert_non_null(strstr(floor_message(), "localhost:"));
    floor_fails(client, floor_request("GET", "https://no-such-name.invalid/"), ANYCERT_E_RESOLVE,
                NULL);
    anycert_client_free(client);
}

static void connections_are_kept_and_counted(void **state)
{
    const struct lab_server *server = floor_server("good");
    uint64_t connections = lab_server_connections(server);
    struct anycert_client *client = floor_client(NULL);

    (void)state;
    for (int i = 0; i < 20; i++) {
        struct anycert_response *response =
            floor_ok(client, floor_request("GET", floor_url("good", "json")));

        assert_int_equal(anycert_response_hop_reused(response, 0), i > 0);
        assert_int_equal(anycert_report_verdict(anycert_response_report(response)), ANYCERT_PASS);
        anycert_response_free(response);
    }
    assert_int_equal(lab_server_connections(server), connections + 1);
    for (int i = 0; i < 3; i++)
        anycert_response_free(
            floor_ok(client, floor_request("GET", floor_url("good", "connection-close"))));
    /* The first of them went over the kept connection, which it ended. */
    assert_int_equal(lab_server_connections(server), connections + 3);
    anycert_client_free(client);
    /* Another client has its own. */
    client = floor_client(NULL);
    anycert_response_free(floor_ok(client, floor_request("GET", floor_url("good", "json"))));
    assert_int_equal(lab_server_connections(server), connections + 4);
    anycert_client_free(client);
}

/* A kept connection that the server has closed meanwhile costs nothing but a new one. */
static void kept_connection_that_died_is_replaced(void **state)
{
    struct canned *canned = canned_start(false);
    struct anycert_client *client = floor_client(NULL);

    (void)state;
    canned_text(canned, CANNED_CLOSE, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
    for (unsigned i = 1; i <= 3; i++) {
        struct anycert_response *response =
            floor_ok(client, floor_request("GET", floor_join(canned_origin(canned), "/")));

        assert_string_equal(anycert_response_body(response, NULL), "ok");
        assert_int_equal(anycert_response_hop_reused(response, 0), 0);
        anycert_response_free(response);
        assert_int_equal(canned_connections(canned), i);
    }
    anycert_client_free(client);
    canned_stop(canned);
}

static void credentials_share_no_connection_state(void **state)
{
    struct anycert_client *client = floor_client(NULL);

    (void)state;
    for (int i = 0; i < 4; i++) {
        struct anycert_request *request = floor_request("GET", floor_url("good", "echo"));
        struct anycert_response *response = NULL;

        if (i % 2 == 0)
            assert_int_equal(anycert_request_set_basic_auth(request, i ? "b" : "a", "p", NULL), 0);
        response = floor_ok(client, request);
        if (i % 2 == 0)
            assert_string_equal(floor_echo_header(response, "Authorization", 0),
                                i ? "Basic Yjpw" : "Basic YTpw");
        else
            assert_null(floor_echo_header(response, "Authorization", 0));
        anycert_response_free(response);
    }
    anycert_client_free(client);
}

/* ---- the environment */

static void proxies_of_the_environment_are_ignored(void **state)
{
    static const char *const names[] = {"http_proxy",  "HTTP_PROXY", "https_proxy",
                                        "HTTPS_PROXY", "all_proxy",  "ALL_PROXY"};
    struct canned *proxy = canned_start(false);
    struct anycert_client *client = NULL;
    char url[64];

    (void)state;
    snprintf(url, sizeof url, "http://127.0.0.1:%u", canned_port(proxy));
    for (size_t i = 0; i < COUNT(names); i++)
        assert_int_equal(setenv(names[i], url, 1), 0);
    client = floor_client(NULL);
    anycert_response_free(floor_ok(client, floor_request("GET", floor_url("good", "json"))));
    anycert_response_free(floor_ok(client, floor_request("GET", floor_url("http", "json"))));
    assert_int_equal(canned_connections(proxy), 0);
    for (size_t i = 0; i < COUNT(names); i++) {
        assert_string_equal(getenv(names[i]), url);
        unsetenv(names[i]);
    }
    anycert_client_free(client);
    canned_stop(proxy);
}

static void proxy_and_no_proxy_are_obeyed_when_set(void **state)
{
    struct canned *proxy = canned_start(false);
    struct anycert_config *config = floor_config(NULL);
    struct anycert_client *client = NULL;
    struct anycert_response *response = NULL;
    char *request = NULL;
    char url[96];

    (void)state;
    snprintf(url, sizeof url, "http://user:p%%40ss@127.0.0.1:%u", canned_port(proxy));
    canned_text(proxy, CANNED_CLOSE, "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nproxy");
    assert_int_equal(anycert_config_set_proxy(config, url, NULL), 0);
    assert_int_equal(anycert_config_set_no_proxy(config, "127.0.0.0/8,x.test", NULL), 0);
    /* The environment's list does not count either. */
    assert_int_equal(setenv("no_proxy", "*", 1), 0);
    assert_int_equal(setenv("NO_PROXY", "*", 1), 0);
    client = floor_client_of(config);
    response = floor_ok(client, floor_request("GET", floor_url("http", "x?y=z")));
    assert_string_equal(anycert_response_body(response, NULL), "proxy");
    anycert_response_free(response);
    request = canned_request(proxy, 0, NULL);
    assert_memory_equal(request, "GET http://localhost:", 21);
    assert_non_null(strstr(request, "/x?y=z HTTP/1.1\r\n"));
    assert_non_null(
        strstr(request, "\r\nProxy-Authorization: Basic dXNlcjpwQHNz\r\n")); /* user:p@ss */
    free(request);
    response = floor_ok(client, floor_request("GET", floor_url("good-ip", "json")));
    anycert_response_free(response);
    assert_int_equal(canned_connections(proxy), 1);
    unsetenv("no_proxy");
    unsetenv("NO_PROXY");
    anycert_client_free(client);
    canned_stop(proxy);
}

static void proxy_that_refuses_the_tunnel_is_named(void **state)
{
    static const struct {
        const char *answer;
        int code;
    } rows[] = {
        {"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n", ANYCERT_E_PROXY_STATUS},
        {"HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n",
         ANYCERT_E_PROXY_STATUS},
        {"HTTP/1.1 302 Found\r\nLocation: https://localhost/\r\nContent-Length: 0\r\n\r\n",
         ANYCERT_E_PROXY_STATUS},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct canned *proxy = canned_start(false);
        struct anycert_config *config = floor_config(NULL);
        struct anycert_client *client = NULL;
        struct anycert_request *request = floor_request("GET", floor_url("good", "json"));
        char *seen = NULL;

        canned_text(proxy, CANNED_CLOSE, "%s", rows[i].answer);
        assert_int_equal(anycert_config_set_proxy(config, canned_origin(proxy), NULL), 0);
        client = floor_client_of(config);
        floor_header(request, "Authorization", "Bearer secret");
        floor_header(request, "X-Private", "secret");
        floor_fails(client, request, rows[i].code, NULL);
        seen = canned_request(proxy, 0, NULL);
        assert_memory_equal(seen, "CONNECT localhost:", 18);
        assert_null(strstr(seen, "secret"));
        free(seen);
        anycert_client_free(client);
        canned_stop(proxy);
    }
}

static void dead_proxy_is_named(void **state)
{
    struct anycert_config *config = floor_config(NULL);
    struct anycert_client *client = NULL;
    char url[64];

    (void)state;
    snprintf(url, sizeof url, "http://localhost:%u", ports_closed());
    assert_int_equal(anycert_config_set_proxy(config, url, NULL), 0);
    client = floor_client_of(config);
    floor_fails(client, floor_request("GET", floor_url("good", "json")), ANYCERT_E_PROXY_CONNECT,
                NULL);
    anycert_client_free(client);
}

static void resolve_and_connect_to_lead_elsewhere_and_verify_the_name(void **state)
{
    struct anycert_config *config = floor_config(NULL);
    struct anycert_client *client = NULL;
    struct anycert_response *response = NULL;
    unsigned port = lab_server_port(floor_server("good"));
    char entry[128];

    (void)state;
    snprintf(entry, sizeof entry, "localhost:1:localhost:%u", port);
    assert_int_equal(anycert_config_add_connect_to(config, entry, NULL), 0);
    snprintf(entry, sizeof entry, "elsewhere.test:%u:127.0.0.1", port);
    assert_int_equal(anycert_config_add_resolve(config, entry, NULL), 0);
    client = floor_client_of(config);
    response = floor_ok(client, floor_request("GET", "https://localhost:1/echo"));
    assert_string_equal(floor_echo_header(response, "Host", 0), "localhost:1");
    assert_string_equal(anycert_report_identity(anycert_response_report(response)), "localhost");
    anycert_response_free(response);
    snprintf(entry, sizeof entry, "https://elsewhere.test:%u/echo", port);
    floor_fails(client, floor_request("GET", entry), ANYCERT_E_TRUST_NAME, NULL);
    anycert_client_free(client);
}

/* ---- what a response tells */

static void response_accessors(void **state)
{
    struct canned *canned = canned_start(false);
    struct anycert_client *client = floor_client(NULL);
    struct anycert_response *response = NULL;
    struct anycert_timings timings = {0};
    const char *name = NULL;
    const char *value = NULL;

    (void)state;
    canned_text(canned, CANNED_CLOSE,
                "HTTP/1.1 299 Quite all right\r\nX-A: 1\r\nx-a:2\r\nX-Empty:\r\nContent-Length: "
                "2\r\n\r\nok");
    canned_text(canned, CANNED_CLOSE, "HTTP/1.0 200\r\nContent-Length: 2\r\n\r\nok");
    response = floor_ok(client, floor_request("GET", floor_join(canned_origin(canned), "/a?b#c")));
    assert_int_equal(anycert_response_status(response), 299);
    assert_string_equal(anycert_response_reason(response), "Quite all right");
    assert_string_equal(anycert_response_http_version(response), "1.1");
    assert_string_equal(anycert_response_url(response), floor_join(canned_origin(canned), "/a?b"));
    assert_string_equal(anycert_response_header(response, "X-a", 0), "1");
    assert_string_equal(anycert_response_header(response, "X-A", 1), "2");
    assert_null(anycert_response_header(response, "X-A", 2));
    assert_string_equal(anycert_response_header(response, "x-empty", 0), "");
    assert_null(anycert_response_header(response, "X", 0));
    assert_int_equal(anycert_response_header_count(response), 4);
    assert_int_equal(anycert_response_header_at(response, 1, &name, &value), 0);
    assert_string_equal(name, "x-a");
    assert_string_equal(value, "2");
    assert_int_equal(anycert_response_header_at(response, 4, &name, &value), -1);
    assert_null(name);
    assert_int_equal(anycert_response_hop_count(response), 1);
    assert_null(anycert_response_hop_url(response, 1));
    assert_null(anycert_response_hop_report(response, 1));
    assert_int_equal(anycert_response_hop_status(response, 1), 0);
    assert_null(anycert_response_report(response));
    anycert_response_timings(response, &timings);
    assert_true(timings.total_us > 0 && timings.connected_us > 0 && timings.tls_us == 0);
    assert_true(timings.connected_us <= timings.first_byte_us &&
                timings.first_byte_us <= timings.total_us);
    anycert_response_hop_timings(response, 1, &timings);
    assert_int_equal(timings.total_us, 0);
    anycert_response_free(response);
    response = floor_ok(client, floor_request("GET", floor_join(canned_origin(canned), "/")));
    assert_string_equal(anycert_response_reason(response), "");
    assert_string_equal(anycert_response_http_version(response), "1.0");
    anycert_response_free(response);
    anycert_client_free(client);
    canned_stop(canned);
}

static void response_json_reads_the_body(void **state)
{
    struct anycert_client *client = floor_client(NULL);
    struct anycert_response *response =
        floor_ok(client, floor_request("GET", floor_url("good", "echo")));
    struct anycert_error err = {0};
    struct anycert_json *json = anycert_response_json(response, &err);

    (void)state;
    assert_non_null(json);
    assert_int_equal(anycert_json_type(anycert_json_root(json)), ANYCERT_JSON_OBJECT);
    anycert_json_free(json);
    anycert_response_free(response);
    response = floor_ok(client, floor_request("GET", floor_url("good", "bytes/10")));
    assert_null(anycert_response_json(response, &err));
    assert_int_equal(err.code, ANYCERT_E_BODY_JSON);
    anycert_response_free(response);
    anycert_client_free(client);
}

static const struct anycert_json_value *at(const struct anycert_json *json, const char *pointer)
{
    return anycert_json_get(anycert_json_root(json), pointer);
}

static void json_accessors(void **state)
{
    static const char text[] = "{\"s\":\"a\\u0000b\",\"n\":-5,\"big\":18446744073709551615,\"d\":1."
                               "5,\"t\":true,\"f\":false,"
                               "\"z\":null,\"l\":[1,[2,3]],\"a/b\":{\"m~n\":7},\"\":8}";
    struct anycert_json *json = anycert_json_parse(text, sizeof text - 1, NULL);
    int64_t number = 1;
    double real = 0;
    size_t len = 0;

    (void)state;
    assert_non_null(json);
    assert_memory_equal(anycert_json_string(at(json, "/s"), &len), "a\0b", 4);
    assert_int_equal(len, 3);
    assert_null(anycert_json_string(at(json, "/n"), &len));
    assert_int_equal(len, 0);
    assert_int_equal(anycert_json_int(at(json, "/n"), &number), 0);
    assert_int_equal(number, -5);
    assert_int_equal(anycert_json_int(at(json, "/big"), &number), -1);
    assert_int_equal(anycert_json_int(at(json, "/d"), &number), -1);
    assert_int_equal(anycert_json_double(at(json, "/d"), &real), 0);
    assert_true(real > 1.4 && real < 1.6);
    assert_int_equal(anycert_json_double(at(json, "/s"), &real), -1);
    assert_int_equal(anycert_json_bool(at(json, "/t")), 1);
    assert_int_equal(anycert_json_bool(at(json, "/f")), 0);
    assert_int_equal(anycert_json_bool(at(json, "/z")), -1);
    assert_int_equal(anycert_json_type(at(json, "/z")), ANYCERT_JSON_NULL);
    assert_int_equal(anycert_json_size(at(json, "/l")), 2);
    assert_int_equal(anycert_json_size(at(json, "")), 10);
    assert_int_equal(anycert_json_size(at(json, "/n")), 0);
    assert_int_equal(anycert_json_int(at(json, "/l/1/0"), &number), 0);
    assert_int_equal(number, 2);
    assert_int_equal(anycert_json_int(at(json, "/a~1b/m~0n"), &number), 0);
    assert_int_equal(number, 7);
    assert_int_equal(anycert_json_int(at(json, "/"), &number), 0);
    assert_int_equal(number, 8);
    assert_null(at(json, "/nothing"));
    assert_null(at(json, "no pointer"));
    assert_null(anycert_json_get(NULL, "/x"));
    assert_null(anycert_json_get(anycert_json_root(json), NULL));
    assert_int_equal(anycert_json_type(NULL), ANYCERT_JSON_NONE);
    assert_int_equal(anycert_json_bool(NULL), -1);
    assert_null(anycert_json_root(NULL));
    anycert_json_free(json);
}

static void json_parse_refuses_what_is_no_json(void **state)
{
    static const char *const texts[] = {
        "",    " ",        "{",   "[1,]", "{\"a\":1,}", "// x\n1",  "01",
        "nan", "\"\xff\"", "1 2", "'a'",  "{\"a\" 1}",  "\"\x01\"", "[1] x"};

    (void)state;
    for (size_t i = 0; i < COUNT(texts); i++) {
        struct anycert_error err = {0};

        assert_null(anycert_json_parse(texts[i], strlen(texts[i]), &err));
        assert_int_equal(err.code, ANYCERT_E_BODY_JSON);
        assert_non_null(strstr(err.message, "at byte"));
    }
    assert_null(anycert_json_parse(NULL, 0, NULL));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(connect_limit_ends_a_silent_handshake),
        cmocka_unit_test(total_limit_covers_handshake_answer_and_redirects),
        cmocka_unit_test(stall_limit_ends_a_stalled_body_but_no_slow_one),
        cmocka_unit_test(no_limit_waits),
        cmocka_unit_test(dead_port_is_refused_with_the_host),
        cmocka_unit_test(connections_are_kept_and_counted),
        cmocka_unit_test(kept_connection_that_died_is_replaced),
        cmocka_unit_test(credentials_share_no_connection_state),
        cmocka_unit_test(proxies_of_the_environment_are_ignored),
        cmocka_unit_test(proxy_and_no_proxy_are_obeyed_when_set),
        cmocka_unit_test(proxy_that_refuses_the_tunnel_is_named),
        cmocka_unit_test(dead_proxy_is_named),
        cmocka_unit_test(resolve_and_connect_to_lead_elsewhere_and_verify_the_name),
        cmocka_unit_test(response_accessors),
        cmocka_unit_test(response_json_reads_the_body),
        cmocka_unit_test(json_accessors),
        cmocka_unit_test(json_parse_refuses_what_is_no_json),
    };

    return cmocka_run_group_tests(tests, floor_setup, floor_teardown);
}
