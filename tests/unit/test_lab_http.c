/* The lab's HTTP responder: every route, under TLS and in clear, and requests that are not as they
 * should. */
#include "support/labclient.h"

#include <yyjson.h>
#include <zlib.h>

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define ANSWER_MAX (1 << 20)

static struct lab *lab;
static char answer[ANSWER_MAX];

static int start_lab(void **state)
{
    static const char *const names[] = {"good", "http"};
    struct anycert_error err = {0};

    (void)state;
    if (lab_start(names, 2, &lab, &err) != 0) {
        print_error("%s\n", err.message);
        return -1;
    }
    return 0;
}

static int stop_lab(void **state)
{
    (void)state;
    lab_stop(lab);
    return 0;
}

/* The whole conversation after `text`; returns how it ended. */
static enum ending ask(const char *name, const char *text, unsigned knobs)
{
    struct labclient client;
    enum ending ending = labclient_open(&client, lab, lab_server_find(lab, name), knobs, NULL);

    assert_int_equal(ending, CONNECTED);
    ending = labclient_talk(&client, text, NULL, answer, sizeof(answer));
    labclient_close(&client);
    return ending;
}

static enum ending get_from(const char *name, const char *path)
{
    char request[2048];

    snprintf(request, sizeof(request),
             "GET %s HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n", path);
    return ask(name, request, 0);
}

static enum ending get(const char *path)
{
    return get_from("good", path);
}

static const char *body(void)
{
    const char *end = strstr(answer, "\r\n\r\n");

    assert_non_null(end);
    return end + 4;
}

static void expect_start(const char *status_line)
{
    if (strncmp(answer, status_line, strlen(status_line)) != 0) {
        fail_msg("'%.60s' instead of '%s'", answer, status_line);
    }
}

struct row {
    const char *path;
    const char *status;
    const char *part;   /* of the header, or NULL */
    const char *body;   /* the whole body, or NULL */
    enum ending ending; /* under TLS */
};

static const struct row rows[] = {
    {"/", "HTTP/1.1 200 ", "Content-Type: application/json\r\n", NULL, CONNECTED},
    {"/json", "HTTP/1.1 200 ", "Content-Type: application/json\r\n", NULL, CONNECTED},
    {"/status/404", "HTTP/1.1 404 ", NULL, "status 404\n", CONNECTED},
    {"/status/503", "HTTP/1.1 503 ", NULL, "status 503\n", CONNECTED},
    {"/status/204", "HTTP/1.1 204 ", NULL, "", CONNECTED},
    {"/status/304", "HTTP/1.1 304 ", NULL, "", CONNECTED},
    {"/status/99", "HTTP/1.1 400 ", NULL, NULL, CONNECTED},
    {"/status/", "HTTP/1.1 404 ", NULL, NULL, CONNECTED},
    {"/status/x", "HTTP/1.1 404 ", NULL, NULL, CONNECTED},
    {"/redirect?to=/json", "HTTP/1.1 302 ", "\r\nLocation: /json\r\n", NULL, CONNECTED},
    {"/redirect?code=307&to=https%3A%2F%2Fexample.org%2F%3Fa%3Db", "HTTP/1.1 307 ",
     "\r\nLocation: https://example.org/?a=b\r\n", NULL, CONNECTED},
    {"/redirect?to=x%0d%0aY:z", "HTTP/1.1 400 ", NULL, NULL, CONNECTED},
    {"/redirect?code=200&to=/", "HTTP/1.1 400 ", NULL, NULL, CONNECTED},
    {"/redirect", "HTTP/1.1 400 ", NULL, NULL, CONNECTED},
    {"/endless-redirect", "HTTP/1.1 302 ", "\r\nLocation: /endless-redirect\r\n", NULL, CONNECTED},
    {"/bytes/0", "HTTP/1.1 200 ", "\r\nContent-Length: 0\r\n", "", CONNECTED},
    {"/bytes/28", "HTTP/1.1 200 ", "\r\nContent-Length: 28\r\n", "abcdefghijklmnopqrstuvwxyzab",
     CONNECTED},
    {"/bytes/28", "HTTP/1.1 200 ", "\r\nETag: \"letters-28\"\r\n", NULL, CONNECTED},
    {"/chunked/3", "HTTP/1.1 200 ", "\r\nTransfer-Encoding: chunked\r\n", "3\r\nabc\r\n0\r\n\r\n",
     CONNECTED},
    {"/chunked/0", "HTTP/1.1 200 ", NULL, "0\r\n\r\n", CONNECTED},
    {"/truncated", "HTTP/1.1 200 ", "\r\nContent-Length: 1000\r\n", "ten bytes\n", CONNECTED},
    {"/truncated-chunked", "HTTP/1.1 200 ", "chunked", "a\r\nten bytes\n\r\n", CONNECTED},
    {"/close-delimited", "HTTP/1.1 200 ", "Connection: close\r\n",
     "the end of the connection ends this\n", CONNECTED},
    {"/close-delimited-unclean", "HTTP/1.1 200 ", "Connection: close\r\n",
     "nobody can tell whether this is all\n", CLOSED},
    {"/length-unclean", "HTTP/1.1 200 ", "\r\nContent-Length: 10\r\n", "ten bytes\n", CLOSED},
    {"/chunked-unclean", "HTTP/1.1 200 ", "chunked", "a\r\nten bytes\n\r\n0\r\n\r\n", CLOSED},
    {"/slow/1", "HTTP/1.1 200 ", NULL, NULL, CONNECTED},
    {"/drip/0", "HTTP/1.1 200 ", NULL, "", CONNECTED},
    {"/connection-close", "HTTP/1.1 200 ", "\r\nConnection: close\r\n", NULL, CONNECTED},
    {"/set-cookie", "HTTP/1.1 200 ", "\r\nSet-Cookie: lab=1; Path=/\r\n", "cookies\n", CONNECTED},
    {"/pages/3?limit=2", "HTTP/1.1 200 ", "\r\nLink: </pages/3?offset=2&limit=2>; rel=\"next\"\r\n",
     "{\"items\": [{\"id\": 0}, {\"id\": 1}], \"total\": 3, \"next\": \"c2\", \"more\": true}\n",
     CONNECTED},
    {"/pages/3?limit=2&cursor=c2", "HTTP/1.1 200 ", NULL,
     "{\"items\": [{\"id\": 2}], \"total\": 3, \"next\": null, \"more\": false}\n", CONNECTED},
    {"/pages/3?page=2", "HTTP/1.1 200 ", NULL,
     "{\"items\": [], \"total\": 3, \"next\": null, \"more\": false}\n", CONNECTED},
    {"/token", "HTTP/1.1 405 ", "\r\nAllow: POST\r\n", NULL, CONNECTED},
    {"/revoke", "HTTP/1.1 200 ", NULL, "revoked\n", CONNECTED},
    {"/protected", "HTTP/1.1 401 ", "\r\nWWW-Authenticate: Bearer realm=\"lab\"\r\n",
     "{\"error\": \"invalid_token\"}\n", CONNECTED},
    {"/nowhere", "HTTP/1.1 404 ", NULL, "no such route\n", CONNECTED},
    {"/bytes/99999999999999999999", "HTTP/1.1 404 ", NULL, NULL, CONNECTED},
    {"http://localhost/status/201", "HTTP/1.1 201 ", NULL, "status 201\n", CONNECTED},
};

static void check_row(const struct row *row, const char *name)
{
    bool plain = strcmp(name, "http") == 0;
    enum ending ending = get_from(name, row->path);

    if (ending != (plain ? CONNECTED : row->ending)) {
        fail_msg("%s of %s: %s", row->path, name, labclient_ending_name(ending));
    }
    expect_start(row->status);
    if (row->part != NULL && strstr(answer, row->part) == NULL) {
        fail_msg("%s of %s: no '%s' in '%.300s'", row->path, name, row->part, answer);
    }
    if (row->body != NULL) {
        assert_string_equal(body(), row->body);
    }
}

static void lab_route_answers_under_tls_and_in_clear(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        check_row(&rows[i], "good");
        check_row(&rows[i], "http");
    }
}

static void lab_route_index_is_a_kilobyte_of_json(void **state)
{
    yyjson_doc *doc;
    char *first;

    (void)state;
    assert_int_equal(get("/"), CONNECTED);
    assert_in_range(strlen(body()), 800, 1200);
    doc = yyjson_read(body(), strlen(body()), 0);
    assert_non_null(doc);
    assert_string_equal(yyjson_get_str(yyjson_obj_get(yyjson_doc_get_root(doc), "condition")),
                        "good");
    yyjson_doc_free(doc);
    first = strdup(body());
    assert_int_equal(get("/json"), CONNECTED);
    assert_string_equal(body(), first);
    free(first);
}

/* Asks /echo and returns its JSON; free with yyjson_doc_free. */
static yyjson_doc *echo(const char *request)
{
    yyjson_doc *doc;

    assert_int_equal(ask("good", request, 0), CONNECTED);
    expect_start("HTTP/1.1 200 ");
    doc = yyjson_read(body(), strlen(body()), 0);
    assert_non_null(doc);
    return doc;
}

static const char *text_at(yyjson_doc *doc, const char *pointer)
{
    return yyjson_get_str(yyjson_doc_ptr_get(doc, pointer));
}

#define SHA256_HELLO "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824"

static void lab_route_echo_shows_the_request_as_received(void **state)
{
    yyjson_doc *doc =
        echo("PUT /echo?a=1&b HTTP/1.1\r\nHost: localhost\r\nX-Two: 1\r\nx-two:  2 \r\n"
             "X-Latin: \xe9\r\nContent-Length: 5\r\nConnection: close\r\n\r\nhello");

    (void)state;
    assert_string_equal(text_at(doc, "/method"), "PUT");
    assert_string_equal(text_at(doc, "/target"), "/echo?a=1&b");
    assert_string_equal(text_at(doc, "/path"), "/echo");
    assert_string_equal(text_at(doc, "/query"), "a=1&b");
    assert_string_equal(text_at(doc, "/http_version"), "1.1");
    assert_string_equal(text_at(doc, "/headers/1/name"), "X-Two");
    assert_string_equal(text_at(doc, "/headers/2/name"), "x-two");
    assert_string_equal(text_at(doc, "/headers/2/value"), "2");
    assert_string_equal(text_at(doc, "/headers/3/value"), "\xc3\xa9");
    assert_int_equal(yyjson_get_uint(yyjson_doc_ptr_get(doc, "/body/length")), 5);
    assert_string_equal(text_at(doc, "/body/sha256"), SHA256_HELLO);
    assert_string_equal(text_at(doc, "/body/start"), "hello");
    assert_string_equal(text_at(doc, "/tls/server_name"), "localhost");
    assert_string_equal(text_at(doc, "/tls/version"), "TLSv1.3");
    assert_string_equal(text_at(doc, "/tls/alpn"), "http/1.1");
    yyjson_doc_free(doc);
}

static void lab_route_echo_takes_chunked_bodies(void **state)
{
    yyjson_doc *doc =
        echo("POST /echo HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n"
             "Connection: close\r\n\r\n2\r\nhe\r\n3;ext=1\r\nllo\r\n0\r\nTrailer: x\r\n\r\n");

    (void)state;
    assert_int_equal(yyjson_get_uint(yyjson_doc_ptr_get(doc, "/body/length")), 5);
    assert_string_equal(text_at(doc, "/body/sha256"), SHA256_HELLO);
    yyjson_doc_free(doc);
}

static void lab_route_mirror_gives_back_what_it_gets(void **state)
{
    (void)state;
    assert_int_equal(ask("good",
                         "POST /mirror HTTP/1.1\r\nHost: localhost\r\nContent-Type: a/b; c=d\r\n"
                         "Content-Length: 5\r\nConnection: close\r\n\r\n\xff\xfeh\r\n",
                         0),
                     CONNECTED);
    expect_start("HTTP/1.1 200 ");
    assert_non_null(strstr(answer, "Content-Type: a/b; c=d\r\n"));
    assert_string_equal(body(), "\xff\xfeh\r\n");
    assert_int_equal(ask("good",
                         "POST /mirror HTTP/1.1\r\nHost: localhost\r\n"
                         "Content-Length: 0\r\nConnection: close\r\n\r\n",
                         0),
                     CONNECTED);
    expect_start("HTTP/1.1 200 ");
    assert_string_equal(body(), "");
}

static void lab_http_says_continue_when_asked(void **state)
{
    (void)state;
    assert_int_equal(ask("http",
                         "POST /echo HTTP/1.1\r\nHost: localhost\r\nExpect: 100-continue\r\n"
                         "Content-Length: 5\r\nConnection: close\r\n\r\nhello",
                         0),
                     CONNECTED);
    expect_start("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 ");
    assert_non_null(strstr(answer, SHA256_HELLO));
}

/* Two requests in one go, the first without and the second with Connection: close. */
static void lab_http_keeps_connections_and_pipelines(void **state)
{
    const char *second;

    (void)state;
    assert_int_equal(ask("good",
                         "GET /status/201 HTTP/1.1\r\nHost: x\r\n\r\n"
                         "GET /echo HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
                         0),
                     CONNECTED);
    expect_start("HTTP/1.1 201 ");
    second = strstr(answer, "HTTP/1.1 200 ");
    assert_non_null(second);
    assert_non_null(strstr(second, "\"request\":2}"));
}

static void lab_http_closes_after_http_1_0(void **state)
{
    (void)state;
    assert_int_equal(ask("good", "GET /status/201 HTTP/1.0\r\n\r\n", 0), CONNECTED);
    assert_non_null(strstr(answer, "Connection: close\r\n"));
}

static void lab_http_gives_the_rest_that_is_asked_for(void **state)
{
    static const struct {
        const char *fields, *start, *range, *body;
    } wishes[] = {
        {"Range: bytes=5-", "HTTP/1.1 206 ", "bytes 5-9/10", "fghij"},
        {"Range: bytes=9-\r\nIf-Range: \"letters-10\"", "HTTP/1.1 206 ", "bytes 9-9/10", "j"},
        {"Range: bytes=5-\r\nIf-Range: \"letters-11\"", "HTTP/1.1 200 ", NULL, "abcdefghij"},
        {"Range: bytes=0-", "HTTP/1.1 200 ", NULL, "abcdefghij"},
        {"Range: bytes=2-3", "HTTP/1.1 200 ", NULL, "abcdefghij"},
        {"Range: bytes=10-", "HTTP/1.1 416 ", "bytes */10", NULL},
    };
    char request[256];

    (void)state;
    for (size_t i = 0; i < sizeof(wishes) / sizeof(wishes[0]); i++) {
        snprintf(request, sizeof(request),
                 "GET /bytes/10 HTTP/1.1\r\nHost: x\r\nConnection: close\r\n%s\r\n\r\n",
                 wishes[i].fields);
        assert_int_equal(ask("good", request, 0), CONNECTED);
        expect_start(wishes[i].start);
        if (wishes[i].range != NULL) {
            assert_non_null(strstr(answer, wishes[i].range));
        } else {
            assert_null(strstr(answer, "Content-Range"));
        }
        if (wishes[i].body != NULL) {
            assert_string_equal(body(), wishes[i].body);
        }
    }
}

static void lab_http_sends_no_body_to_head(void **state)
{
    static const char *const paths[] = {"/", "/bytes/100", "/chunked/100", "/gzip/100",
                                        "/truncated"};
    char request[256];

    (void)state;
    for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++) {
        snprintf(request, sizeof(request),
                 "HEAD %s HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", paths[i]);
        assert_int_equal(ask("good", request, 0), CONNECTED);
        expect_start("HTTP/1.1 200 ");
        assert_string_equal(body(), "");
    }
}

static void lab_http_refuses_what_is_no_request(void **state)
{
    static const char *const bad[] = {
        "GET\r\n\r\n",
        "GET /\r\n\r\n",
        "GET / HTTP/2.0\r\n\r\n",
        " GET / HTTP/1.1\r\n\r\n",
        "GET / HTTP/1.1\r\nNo colon\r\n\r\n",
        "GET / HTTP/1.1\r\nSpace : x\r\n\r\n",
        "GET / HTTP/1.1\r\nA: b\r\n folded\r\n\r\n",
        "GET / HTTP/1.1\r\nContent-Length: 5x\r\n\r\n",
        "GET / HTTP/1.1\r\nContent-Length: -1\r\n\r\n",
        "GET / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nx\r\n\r\n",
        "GET / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nab\r\n",
        "\x16\x03\x01 not a request",
    };

    (void)state;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        assert_int_equal(ask("http", bad[i], 0), CONNECTED);
        expect_start("HTTP/1.1 400 ");
    }
}

static void lab_http_refuses_a_header_that_is_too_large(void **state)
{
    char *request = malloc(100001);

    (void)state;
    assert_non_null(request);
    memset(request, 'a', 100000);
    memcpy(request, "GET / HTTP/1.1\r\nX: ", 19);
    request[100000] = '\0';
    assert_int_equal(ask("http", request, 0), CONNECTED);
    expect_start("HTTP/1.1 431 ");
    free(request);
}

static void lab_route_bytes_are_as_many_as_asked(void **state)
{
    (void)state;
    assert_int_equal(get("/bytes/500000"), CONNECTED);
    const char *bytes = body();
    assert_int_equal(strlen(bytes), 500000);
    for (size_t i = 0; i < 500000; i++) {
        assert_true(bytes[i] == (char)('a' + i % 26));
    }
}

/* The whole answer to /gzip/N is small, and unpacks to N zeros. */
static void lab_route_gzip_is_a_bomb(void **state)
{
    struct labclient client;
    unsigned char packed[65536];
    z_stream zip = {0};
    size_t used = 0;
    int got;
    static const char request[] =
        "GET /gzip/5000000 HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";

    (void)state;
    assert_int_equal(labclient_open(&client, lab, lab_server_find(lab, "good"), 0, NULL),
                     CONNECTED);
    assert_int_equal(SSL_write(client.ssl, request, sizeof(request) - 1), sizeof(request) - 1);
    while (used < sizeof(packed) &&
           (got = SSL_read(client.ssl, packed + used, (int)(sizeof(packed) - used))) > 0) {
        used += (size_t)got;
    }
    labclient_close(&client);
    assert_in_range(used, 4000, 20000);

    /* Out of the chunks: each begins with its size in hexadecimal. */
    unsigned char *at = packed;
    unsigned char *end = packed + used;
    while (at + 4 <= end && memcmp(at, "\r\n\r\n", 4) != 0) {
        at++;
    }
    at += 4;
    assert_int_equal(inflateInit2(&zip, 15 + 16), Z_OK);
    int status = Z_OK;
    for (unsigned long size; (size = strtoul((const char *)at, NULL, 16)) > 0;) {
        at = memchr(at, '\n', (size_t)(end - at));
        assert_non_null(at);
        zip.next_in = ++at;
        zip.avail_in = (uInt)size;
        while (zip.avail_in > 0 && status == Z_OK) {
            zip.next_out = (unsigned char *)answer;
            zip.avail_out = sizeof(answer);
            status = inflate(&zip, Z_NO_FLUSH);
        }
        at += size + 2;
    }
    while (status == Z_OK) {
        zip.next_out = (unsigned char *)answer;
        zip.avail_out = sizeof(answer);
        status = inflate(&zip, Z_FINISH);
    }
    assert_int_equal(status, Z_STREAM_END);
    assert_int_equal(zip.total_out, 5000000);
    inflateEnd(&zip);
}

/* A POST with these header lines, and this form. */
static const char *post(const char *path, const char *fields, const char *form)
{
    char request[2048];

    snprintf(request, sizeof(request),
             "POST %s HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n%sContent-Length: %zu"
             "\r\n\r\n%s",
             path, fields, strlen(form), form);
    assert_int_equal(ask("good", request, 0), CONNECTED);
    return body();
}

/* What /protected says to the token that the last answer gave. */
static const char *show_token(void)
{
    char request[512];
    char token[100] = "";
    const char *start = strstr(answer, "\"access_token\": \"");

    assert_non_null(start);
    sscanf(start, "\"access_token\": \"%99[^\"]", token);
    snprintf(request, sizeof(request),
             "GET /protected HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n"
             "Authorization: Bearer %s\r\n\r\n",
             token);
    assert_int_equal(ask("good", request, 0), CONNECTED);
    return body();
}

static void lab_route_token_is_for_its_client(void **state)
{
    static const char basic[] = "Authorization: Basic bGFiOmxhYi1zZWNyZXQ=\r\n";
    static const char form[] =
        "a=b&client_secret=lab-secret&grant_type=client_credentials&client_id=lab";

    (void)state;
    assert_non_null(strstr(post("/token", basic, "grant_type=client_credentials"),
                           "\"token_type\": \"Bearer\", \"expires_in\": 3600}\n"));
    assert_string_equal(show_token(), "{\"token\": 1}\n");
    assert_non_null(strstr(post("/token/60", "", form), "\"expires_in\": 60}\n"));
    assert_string_equal(show_token(), "{\"token\": 2}\n");
    (void)post("/token/0", "", form);
    assert_string_equal(show_token(), "{\"error\": \"invalid_token\"}\n");
    assert_string_equal(post("/token", "", "grant_type=client_credentials&client_id=lab"),
                        "{\"error\": \"invalid_client\"}\n");
    assert_string_equal(post("/token", "Authorization: Basic eDp5\r\n", form),
                        "{\"error\": \"invalid_client\"}\n");
    assert_string_equal(post("/token", basic, "grant_type=password"),
                        "{\"error\": \"unsupported_grant_type\"}\n");
    assert_string_equal(post("/revoke", "", ""), "revoked\n");
    (void)post("/token", "", form);
    assert_string_equal(show_token(), "{\"token\": 4}\n");
    (void)post("/token", "", form);
    (void)snprintf(answer, sizeof(answer), "\"access_token\": \"lab-3-99999999999\"");
    assert_string_equal(show_token(), "{\"error\": \"invalid_token\"}\n");
}

static void lab_route_headers_has_the_size_asked_for(void **state)
{
    (void)state;
    assert_int_equal(get("/headers/123456"), CONNECTED);
    expect_start("HTTP/1.1 200 OK\r\nX-Filler-0: xxx");
    assert_int_equal(strlen(answer),
                     strlen("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n") + 123456);
    assert_int_equal(get("/many-headers/20000"), CONNECTED);
    assert_non_null(strstr(answer, "\r\nX-0: y\r\n"));
    assert_non_null(strstr(answer, "\r\nX-19999: y\r\nContent-Length: 0\r\n"));
}

static void lab_route_stall_stops_in_the_middle(void **state)
{
    (void)state;
    assert_int_equal(ask("good", "GET /stall HTTP/1.1\r\nHost: x\r\n\r\n", KNOB_IMPATIENT),
                     SILENCE);
    assert_non_null(strstr(answer, "Content-Length: 1000\r\n"));
    assert_int_equal(strlen(body()), 500);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lab_route_answers_under_tls_and_in_clear),
        cmocka_unit_test(lab_route_index_is_a_kilobyte_of_json),
        cmocka_unit_test(lab_route_echo_shows_the_request_as_received),
        cmocka_unit_test(lab_route_echo_takes_chunked_bodies),
        cmocka_unit_test(lab_route_mirror_gives_back_what_it_gets),
        cmocka_unit_test(lab_http_says_continue_when_asked),
        cmocka_unit_test(lab_http_keeps_connections_and_pipelines),
        cmocka_unit_test(lab_http_closes_after_http_1_0),
        cmocka_unit_test(lab_http_gives_the_rest_that_is_asked_for),
        cmocka_unit_test(lab_http_sends_no_body_to_head),
        cmocka_unit_test(lab_http_refuses_what_is_no_request),
        cmocka_unit_test(lab_http_refuses_a_header_that_is_too_large),
        cmocka_unit_test(lab_route_bytes_are_as_many_as_asked),
        cmocka_unit_test(lab_route_gzip_is_a_bomb),
        cmocka_unit_test(lab_route_token_is_for_its_client),
        cmocka_unit_test(lab_route_headers_has_the_size_asked_for),
        cmocka_unit_test(lab_route_stall_stops_in_the_middle),
    };

    signal(SIGPIPE, SIG_IGN); /* OpenSSL's own socket BIO raises it in this client */
    return cmocka_run_group_tests(tests, start_lab, stop_lab);
}
