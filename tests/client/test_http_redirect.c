/* The way through redirects: methods, limits, what is dropped at the border of an origin, and a
 * judgement of each hop. */
#include "client/floor.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define COUNT(a) (sizeof(a) / sizeof(a)[0])

static void follow_each_code_changes_the_method_as_it_should(void **state)
{
    static const struct {
        int code;
        const char *method, *becomes;
        bool keeps_body;
    } rows[] = {
        {301, "GET", "GET", false},    {302, "GET", "GET", false},
        {303, "GET", "GET", false},    {307, "GET", "GET", false},
        {308, "GET", "GET", false},    {301, "POST", "GET", false},
        {302, "POST", "GET", false},   {303, "POST", "GET", false},
        {307, "POST", "POST", true},   {308, "POST", "POST", true},
        {301, "PUT", "PUT", true},     {302, "PUT", "PUT", true},
        {303, "PUT", "GET", false},    {307, "PATCH", "PATCH", true},
        {303, "DELETE", "GET", false}, {301, "DELETE", "DELETE", true},
    };
    struct anycert_client *client = floor_client(NULL);

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct anycert_request *request = floor_request(
            rows[i].method, floor_url("good", floor_redirect(rows[i].code, "/echo?x=1")));
        bool with_body = strcmp(rows[i].method, "GET") != 0;
        struct anycert_response *response = NULL;

        if (with_body)
            assert_int_equal(anycert_request_set_body(request, "body", 4, NULL), 0);
        floor_header(request, "Content-Type", "text/x-test");
        floor_header(request, "X-Kept", "1");
        response = floor_ok(client, request);
        assert_int_equal(anycert_response_status(response), 200);
        assert_string_equal(floor_echo_text(response, "/method"), rows[i].becomes);
        assert_int_equal(floor_echo_number(response, "/body/length"), rows[i].keeps_body ? 4 : 0);
        assert_int_equal(floor_echo_header(response, "Content-Type", 0) != NULL,
                         rows[i].keeps_body || !with_body);
        assert_string_equal(floor_echo_header(response, "X-Kept", 0), "1");
        assert_int_equal(anycert_response_hop_count(response), 2);
        assert_int_equal(anycert_response_hop_status(response, 0), rows[i].code);
        assert_int_equal(anycert_response_hop_status(response, 1), 200);
        assert_string_equal(anycert_response_url(response), floor_url("good", "echo?x=1"));
        assert_string_equal(anycert_response_hop_url(response, 1), floor_url("good", "echo?x=1"));
        anycert_response_free(response);
    }
    anycert_client_free(client);
}

static void follow_head_stays_head(void **state)
{
    static const int codes[] = {301, 302, 303, 307, 308};
    struct anycert_client *client = floor_client(NULL);

    (void)state;
    for (size_t i = 0; i < COUNT(codes); i++) {
        struct anycert_response *response = floor_ok(
            client, floor_request("HEAD", floor_url("good", floor_redirect(codes[i], "/bytes/7"))));

        assert_string_equal(anycert_response_header(response, "Content-Length", 0), "7");
        assert_int_equal(anycert_response_body_size(response), 0);
        anycert_response_free(response);
    }
    anycert_client_free(client);
}

static void follow_307_reads_the_file_again(void **state)
{
    struct anycert_client *client = floor_client(NULL);
    struct anycert_request *request =
        floor_request("PUT", floor_url("good", floor_redirect(307, "/echo")));
    struct anycert_response *response = NULL;

    (void)state;
    floor_folder();
    floor_write(floor_path("body"), "twelve bytes");
    assert_int_equal(anycert_request_set_body_file(request, floor_path("body"), NULL), 0);
    response = floor_ok(client, request);
    assert_string_equal(floor_echo_text(response, "/method"), "PUT");
    assert_int_equal(floor_echo_number(response, "/body/length"), 12);
    anycert_response_free(response);
    floor_remove_folder(1);
    anycert_client_free(client);
}

static void other_3xx_and_missing_location_are_responses(void **state)
{
    static const int codes[] = {300, 304, 305, 306};
    struct anycert_client *client = floor_client(NULL);
    struct anycert_response *response = NULL;

    (void)state;
    for (size_t i = 0; i < COUNT(codes); i++) {
        response = floor_ok(
            client, floor_request("GET", floor_url("good", floor_redirect(codes[i], "/echo"))));
        assert_int_equal(anycert_response_status(response), codes[i]);
        assert_int_equal(anycert_response_hop_count(response), 1);
        anycert_response_free(response);
    }
    response = floor_ok(client, floor_request("GET", floor_url("good", "status/302")));
    assert_int_equal(anycert_response_status(response), 302);
    anycert_response_free(response);
    anycert_client_free(client);
}

static void redirect_limit_counts(void **state)
{
    static const unsigned limits[] = {1, 3, 10};
    struct anycert_response *response = NULL;

    (void)state;
    for (size_t i = 0; i < COUNT(limits); i++) {
        struct anycert_config *config = floor_config(NULL);
        struct anycert_client *client = NULL;

        assert_int_equal(anycert_config_set_max_redirects(config, limits[i], NULL), 0);
        client = floor_client_of(config);
        floor_fails(client, floor_request("GET", floor_url("good", "endless-redirect")),
                    ANYCERT_E_REDIRECTS, &response);
        assert_int_equal(anycert_response_hop_count(response), limits[i] + 1);
        assert_int_equal(anycert_response_status(response), 302);
        anycert_response_free(response);
        response =
            floor_ok(client, floor_request("GET", floor_url("good", floor_redirect(302, "/echo"))));
        anycert_response_free(response);
        anycert_client_free(client);
    }
}

static void no_redirects_gives_the_redirect_with_its_body(void **state)
{
    struct anycert_config *config = floor_config(NULL);
    struct anycert_client *client = NULL;
    struct anycert_response *response = NULL;

    (void)state;
    assert_int_equal(anycert_config_set_max_redirects(config, 0, NULL), 0);
    client = floor_client_of(config);
    response =
        floor_ok(client, floor_request("GET", floor_url("good", floor_redirect(302, "/echo"))));
    assert_int_equal(anycert_response_status(response), 302);
    assert_string_equal(anycert_response_header(response, "Location", 0), "/echo");
    assert_string_equal(anycert_response_body(response, NULL), "elsewhere\n");
    assert_int_equal(anycert_response_hop_count(response), 1);
    anycert_response_free(response);
    anycert_client_free(client);
}

static void follow_loop_of_two_origins_ends(void **state)
{
    struct canned *a = canned_start(false);
    struct canned *b = canned_start(false);
    struct anycert_client *client = floor_client(NULL);
    struct anycert_response *response = NULL;

    (void)state;
    canned_text(a, CANNED_CLOSE, "HTTP/1.1 302 Found\r\nLocation: %s/\r\nContent-Length: 0\r\n\r\n",
                canned_origin(b));
    canned_text(b, CANNED_CLOSE, "HTTP/1.1 302 Found\r\nLocation: %s/\r\nContent-Length: 0\r\n\r\n",
                canned_origin(a));
    floor_fails(client, floor_request("GET", floor_join(canned_origin(a), "/")),
                ANYCERT_E_REDIRECTS, &response);
    assert_int_equal(anycert_response_hop_count(response), 11);
    assert_int_equal(canned_requests(a), 6);
    assert_int_equal(canned_requests(b), 5);
    anycert_response_free(response);
    anycert_client_free(client);
    canned_stop(a);
    canned_stop(b);
}

static void https_to_http_is_refused_unless_allowed(void **state)
{
    const char *target = floor_url("http", "echo");
    uint64_t requests = lab_server_requests(floor_server("http"));
    struct anycert_client *client = floor_client(NULL);
    struct anycert_config *config = floor_config(NULL);
    struct anycert_request *request = NULL;
    struct anycert_response *response = NULL;

    (void)state;
    floor_fails(client, floor_request("GET", floor_url("good", floor_redirect(302, target))),
                ANYCERT_E_TRUST_DOWNGRADE, &response);
    assert_int_equal(anycert_response_hop_count(response), 1);
    anycert_response_free(response);
    assert_int_equal(lab_server_requests(floor_server("http")), requests);
    anycert_client_free(client);
    /* trust-any gives up checks of TLS, not TLS */
    client = floor_client("trust-any");
    floor_fails(client, floor_request("GET", floor_url("self-signed", floor_redirect(302, target))),
                ANYCERT_E_TRUST_DOWNGRADE, NULL);
    anycert_client_free(client);

    assert_int_equal(anycert_config_set_allow_downgrade(config, 1, NULL), 0);
    assert_int_equal(anycert_config_add_secret_header(config, "X-Api-Key", NULL), 0);
    client = floor_client_of(config);
    request = floor_request("GET", floor_url("good", floor_redirect(302, target)));
    floor_header(request, "X-Api-Key", "secret");
    assert_int_equal(anycert_request_set_basic_auth(request, "u", "p", NULL), 0);
    response = floor_ok(client, request);
    assert_int_equal(anycert_response_hop_count(response), 2);
    assert_non_null(anycert_response_hop_report(response, 0));
    assert_null(anycert_response_hop_report(response, 1));
    assert_null(anycert_response_report(response));
    assert_null(floor_echo_header(response, "X-Api-Key", 0));
    assert_null(floor_echo_header(response, "Authorization", 0));
    anycert_response_free(response);
    anycert_client_free(client);
}

static void http_to_https_is_followed(void **state)
{
    struct anycert_client *client = floor_client(NULL);
    struct anycert_response *response = floor_ok(
        client,
        floor_request("GET", floor_url("http", floor_redirect(301, floor_url("good", "echo")))));

    (void)state;
    assert_null(anycert_response_hop_report(response, 0));
    assert_int_equal(anycert_report_verdict(anycert_response_report(response)), ANYCERT_PASS);
    anycert_response_free(response);
    anycert_client_free(client);
}

/* ---- secrets */

static struct anycert_request *request_with_secrets(const char *url)
{
    struct anycert_request *request = floor_request("GET", url);

    floor_header(request, "Authorization", "Bearer secret");
    floor_header(request, "Cookie", "secret=1");
    floor_header(request, "X-API-KEY", "secret");
    floor_header(request, "Host", "virtual.test");
    floor_header(request, "X-Harmless", "1");
    return request;
}

static struct anycert_client *client_with_secrets(void)
{
    struct anycert_config *config = floor_config(NULL);

    assert_int_equal(anycert_config_add_secret_header(config, "x-api-key", NULL), 0);
    return floor_client_of(config);
}

static void secrets_stay_with_the_origin(void **state)
{
    struct anycert_client *client = client_with_secrets();
    struct anycert_response *response = NULL;

    (void)state;
    response =
        floor_ok(client, request_with_secrets(floor_url("good", floor_redirect(302, "/echo"))));
    assert_string_equal(floor_echo_header(response, "Authorization", 0), "Bearer secret");
    assert_string_equal(floor_echo_header(response, "Cookie", 0), "secret=1");
    assert_string_equal(floor_echo_header(response, "X-Api-Key", 0), "secret");
    assert_string_equal(floor_echo_header(response, "Host", 0), "virtual.test");
    anycert_response_free(response);
    anycert_client_free(client);
}

static void assert_no_secrets(const struct anycert_response *response)
{
    assert_null(floor_echo_header(response, "Authorization", 0));
    assert_null(floor_echo_header(response, "Cookie", 0));
    assert_null(floor_echo_header(response, "X-Api-Key", 0));
    assert_memory_equal(floor_echo_header(response, "Host", 0), "localhost:", 10);
    assert_string_equal(floor_echo_header(response, "X-Harmless", 0), "1");
}

static void secrets_are_dropped_at_another_origin_and_do_not_come_back(void **state)
{
    struct anycert_client *client = client_with_secrets();
    const char *back = floor_url("good-ec", floor_redirect(302, floor_url("good", "echo")));
    struct anycert_response *response = NULL;

    (void)state;
    response = floor_ok(client, request_with_secrets(floor_url(
                                    "good", floor_redirect(302, floor_url("good-ec", "echo")))));
    assert_no_secrets(response);
    anycert_response_free(response);
    response = floor_ok(client, request_with_secrets(floor_url("good", floor_redirect(302, back))));
    assert_int_equal(anycert_response_hop_count(response), 3);
    assert_string_equal(anycert_response_url(response), floor_url("good", "echo"));
    assert_no_secrets(response);
    anycert_response_free(response);
    anycert_client_free(client);
}

static void secrets_are_dropped_at_another_port_scheme_or_name(void **state)
{
    struct anycert_client *client = client_with_secrets();
    struct canned *one = canned_start(false);
    struct canned *two = canned_start(false);
    char targets[2][128];

    (void)state;
    snprintf(targets[0], sizeof targets[0], "%s/", canned_origin(two));
    snprintf(targets[1], sizeof targets[1], "http://127.0.0.1:%u/", canned_port(two));
    for (size_t i = 0; i < COUNT(targets); i++)
        canned_text(one, CANNED_KEEP,
                    "HTTP/1.1 302 Found\r\nLocation: %s\r\nContent-Length: 0\r\n\r\n", targets[i]);
    canned_text(two, CANNED_CLOSE, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
    for (unsigned i = 0; i < COUNT(targets); i++) {
        char *request = NULL;

        anycert_response_free(
            floor_ok(client, request_with_secrets(floor_join(canned_origin(one), "/"))));
        request = canned_request(two, i, NULL);
        assert_non_null(request);
        assert_null(strstr(request, "secret"));
        assert_null(strstr(request, "virtual.test"));
        assert_non_null(strstr(request, "X-Harmless: 1\r\n"));
        free(request);
    }
    anycert_client_free(client);
    canned_stop(one);
    canned_stop(two);
}

static void userinfo_of_urls_stays_with_the_origin(void **state)
{
    struct anycert_client *client = floor_client(NULL);
    unsigned port = lab_server_port(floor_server("good"));
    unsigned other = lab_server_port(floor_server("good-ec"));
    struct anycert_response *response = NULL;
    char url[512];

    (void)state;
    snprintf(url, sizeof url, "https://u:p@localhost:%u/%s", port, floor_redirect(302, "/echo"));
    response = floor_ok(client, floor_request("GET", url));
    assert_string_equal(floor_echo_header(response, "Authorization", 0), "Basic dTpw");
    anycert_response_free(response);
    snprintf(url, sizeof url, "https://u:p@localhost:%u/%s", port,
             floor_redirect(302, floor_url("good-ec", "echo")));
    response = floor_ok(client, floor_request("GET", url));
    assert_null(floor_echo_header(response, "Authorization", 0));
    anycert_response_free(response);
    /* A Location's own userinfo is the server's idea, and dropped. */
    snprintf(url, sizeof url, "https://evil:pw@localhost:%u/echo", other);
    response = floor_ok(client, floor_request("GET", floor_url("good", floor_redirect(302, url))));
    assert_null(floor_echo_header(response, "Authorization", 0));
    assert_string_equal(anycert_response_url(response), floor_url("good-ec", "echo"));
    anycert_response_free(response);
    anycert_client_free(client);
}

/* ---- Locations */

static void relative_locations_lead_where_they_should(void **state)
{
    static const struct {
        const char *location, *target;
    } rows[] = {
        {"/x", "GET /x HTTP/1.1"},
        {"x", "GET /a/x HTTP/1.1"},
        {"../x", "GET /x HTTP/1.1"},
        {"?q=1", "GET /a/b?q=1 HTTP/1.1"},
        {"./", "GET /a/ HTTP/1.1"},
        {"/x#frag", "GET /x HTTP/1.1"},
        {"/a b", "GET /a%20b HTTP/1.1"},
        {"/login?next=https://evil.test/", "GET /login?next=https://evil.test/ HTTP/1.1"},
        {"\t /x \t", "GET /x HTTP/1.1"},
    };
    struct anycert_client *client = floor_client(NULL);
    struct canned *canned = canned_start(false);

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        canned_text(canned, CANNED_KEEP,
                    "HTTP/1.1 302 Found\r\nLocation: %s\r\nContent-Length: 0\r\n\r\n",
                    rows[i].location);
        canned_text(canned, CANNED_KEEP, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
    }
    for (unsigned i = 0; i < COUNT(rows); i++) {
        char *request = NULL;

        anycert_response_free(
            floor_ok(client, floor_request("GET", floor_join(canned_origin(canned), "/a/b?c=d"))));
        request = canned_request(canned, 2 * i + 1, NULL);
        assert_non_null(request);
        *strstr(request, "\r\n") = '\0';
        assert_string_equal(request, rows[i].target);
        free(request);
    }
    assert_int_equal(canned_connections(canned), 1);
    anycert_client_free(client);
    canned_stop(canned);
}

static void odd_locations_are_refused(void **state)
{
    static const char *const locations[] = {
        "file:///etc/passwd",
        "file:/etc/passwd",
        "FILE:///etc/passwd",
        "ftp://localhost/x",
        "unix:/run/x.sock",
        "gopher://localhost/",
        "javascript:alert(1)",
        "data:text/plain,x",
        "///evil.test/",
        "http:/evil.test/",
        "http:evil",
        "http://",
        "//0177.0.0.1/",
        "http://2130706433/",
        "\\\\evil.test\\",
        "/\\evil.test",
        "//localhost%2fevil.test/",
        "http://a@b@evil.test/",
        "http://localhost:99999/",
        "http://localhost:0/",
        "/\x01",
        "/\xff",
        "http://[::1/",
    };
    struct anycert_client *client = floor_client(NULL);
    struct canned *canned = canned_start(false);

    (void)state;
    for (size_t i = 0; i < COUNT(locations); i++)
        canned_text(canned, CANNED_KEEP,
                    "HTTP/1.1 302 Found\r\nLocation: %s\r\nContent-Length: 4\r\n\r\nbody",
                    locations[i]);
    for (unsigned i = 0; i < COUNT(locations); i++) {
        struct anycert_response *response = NULL;

        floor_fails(client, floor_request("GET", floor_join(canned_origin(canned), "/")),
                    ANYCERT_E_REDIRECTS, &response);
        assert_int_equal(anycert_response_hop_count(response), 1);
        assert_int_equal(anycert_response_status(response), 302);
        anycert_response_free(response);
        assert_int_equal(canned_requests(canned), i + 1);
    }
    anycert_client_free(client);
    canned_stop(canned);
}

/* ---- each hop is judged anew */

static void trust_any_covers_every_hop_and_reports_each(void **state)
{
    struct anycert_client *client = floor_client("trust-any");
    const char *second = floor_url("expired", floor_redirect(302, floor_url("good", "echo")));
    struct anycert_response *response = floor_ok(
        client, floor_request("GET", floor_url("self-signed", floor_redirect(302, second))));
    const struct anycert_report *report = NULL;

    (void)state;
    assert_int_equal(anycert_response_hop_count(response), 3);
    report = anycert_response_hop_report(response, 0);
    assert_int_equal(anycert_report_verdict(report), ANYCERT_RELAXED);
    assert_int_equal(anycert_report_reference_verdict(report), ANYCERT_FAIL);
    assert_int_equal(anycert_report_peer_authenticated(report), 0);
    assert_int_equal(anycert_report_port(report), lab_server_port(floor_server("self-signed")));
    report = anycert_response_hop_report(response, 1);
    assert_int_equal(anycert_report_reference_verdict(report), ANYCERT_FAIL);
    assert_int_equal(anycert_report_port(report), lab_server_port(floor_server("expired")));
    report = anycert_response_hop_report(response, 2);
    assert_int_equal(anycert_report_reference_verdict(report), ANYCERT_PASS);
    assert_ptr_equal(report, anycert_response_report(response));
    anycert_response_free(response);
    anycert_client_free(client);
}

static void hardened_refuses_at_the_bad_hop_with_its_report(void **state)
{
    struct anycert_client *client = floor_client(NULL);
    struct anycert_response *response = NULL;

    (void)state;
    floor_fails(
        client,
        floor_request("GET", floor_url("good", floor_redirect(302, floor_url("expired", "echo")))),
        ANYCERT_E_TRUST_DATES, &response);
    assert_int_equal(anycert_response_hop_count(response), 2);
    assert_int_equal(anycert_report_verdict(anycert_response_hop_report(response, 0)),
                     ANYCERT_PASS);
    assert_int_equal(anycert_report_verdict(anycert_response_hop_report(response, 1)),
                     ANYCERT_FAIL);
    assert_int_equal(anycert_response_hop_status(response, 0), 302);
    assert_int_equal(anycert_response_hop_status(response, 1), 0);
    anycert_response_free(response);
    anycert_client_free(client);
}

static void single_relaxations_cover_the_first_origin_only(void **state)
{
    struct anycert_client *client = floor_client("hardened+expired");
    uint64_t requests = lab_server_requests(floor_server("expired"));
    struct anycert_response *response = NULL;

    (void)state;
    response =
        floor_ok(client, floor_request("GET", floor_url("expired", floor_redirect(302, "/echo"))));
    assert_int_equal(anycert_report_verdict(anycert_response_report(response)), ANYCERT_RELAXED);
    anycert_response_free(response);
    response = floor_ok(
        client,
        floor_request("GET", floor_url("expired", floor_redirect(302, floor_url("good", "echo")))));
    assert_int_equal(anycert_report_verdict(anycert_response_report(response)), ANYCERT_PASS);
    assert_non_null(
        strstr(anycert_report_policy(anycert_response_hop_report(response, 0)), "+expired"));
    assert_null(strstr(anycert_report_policy(anycert_response_report(response)), "expired"));
    anycert_response_free(response);
    requests = lab_server_requests(floor_server("expired"));
    floor_fails(
        client,
        floor_request("GET", floor_url("good", floor_redirect(302, floor_url("expired", "echo")))),
        ANYCERT_E_TRUST_DATES, NULL);
    assert_int_equal(lab_server_requests(floor_server("expired")), requests);
    /* Coming back to the first origin, its own terms hold again. */
    response = floor_ok(
        client,
        floor_request(
            "GET", floor_url("expired",
                             floor_redirect(
                                 302, floor_url("good", floor_redirect(
                                                            302, floor_url("expired", "echo")))))));
    assert_int_equal(anycert_response_hop_count(response), 3);
    anycert_response_free(response);
    anycert_client_free(client);
}

static void redirect_with_a_large_body_is_passed_over(void **state)
{
    struct anycert_client *client = floor_client(NULL);
    struct canned *canned = canned_start(false);
    struct anycert_response *response = NULL;

    (void)state;
    canned_text(canned, CANNED_KEEP,
                "HTTP/1.1 302 Found\r\nLocation: /x\r\nContent-Length: 100000\r\n\r\n%0100000d", 0);
    canned_text(canned, CANNED_KEEP, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
    response = floor_ok(client, floor_request("GET", floor_join(canned_origin(canned), "/")));
    assert_string_equal(anycert_response_body(response, NULL), "ok");
    assert_int_equal(anycert_response_body_size(response), 2);
    anycert_response_free(response);
    anycert_client_free(client);
    canned_stop(canned);
}

static void redirect_with_a_truncated_body_is_not_followed(void **state)
{
    struct anycert_client *client = floor_client(NULL);
    struct canned *canned = canned_start(false);

    (void)state;
    canned_text(canned, CANNED_CLOSE,
                "HTTP/1.1 302 Found\r\nLocation: /x\r\nContent-Length: 10\r\n\r\nabc");
    canned_text(canned, CANNED_CLOSE, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
    floor_fails(client, floor_request("GET", floor_join(canned_origin(canned), "/")),
                ANYCERT_E_BODY_TRUNCATED, NULL);
    assert_int_equal(canned_requests(canned), 1);
    anycert_client_free(client);
    canned_stop(canned);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(follow_each_code_changes_the_method_as_it_should),
        cmocka_unit_test(follow_head_stays_head),
        cmocka_unit_test(follow_307_reads_the_file_again),
        cmocka_unit_test(other_3xx_and_missing_location_are_responses),
        cmocka_unit_test(redirect_limit_counts),
        cmocka_unit_test(no_redirects_gives_the_redirect_with_its_body),
        cmocka_unit_test(follow_loop_of_two_origins_ends),
        cmocka_unit_test(https_to_http_is_refused_unless_allowed),
        cmocka_unit_test(http_to_https_is_followed),
        cmocka_unit_test(secrets_stay_with_the_origin),
        cmocka_unit_test(secrets_are_dropped_at_another_origin_and_do_not_come_back),
        cmocka_unit_test(secrets_are_dropped_at_another_port_scheme_or_name),
        cmocka_unit_test(userinfo_of_urls_stays_with_the_origin),
        cmocka_unit_test(relative_locations_lead_where_they_should),
        cmocka_unit_test(odd_locations_are_refused),
        cmocka_unit_test(trust_any_covers_every_hop_and_reports_each),
        cmocka_unit_test(hardened_refuses_at_the_bad_hop_with_its_report),
        cmocka_unit_test(single_relaxations_cover_the_first_origin_only),
        cmocka_unit_test(redirect_with_a_large_body_is_passed_over),
        cmocka_unit_test(redirect_with_a_truncated_body_is_not_followed),
    };

    return cmocka_run_group_tests(tests, floor_setup, floor_teardown);
}
