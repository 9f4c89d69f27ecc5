/* What goes out: methods, header fields, bodies, credentials; and what is refused before a byte is
 * sent. */
#include "client/floor.h"

#include <openssl/evp.h>

#include <fcntl.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#define COUNT(a) (sizeof(a) / sizeof(a)[0])
#define MIB      ((size_t)1024 * 1024)

static void sha256(const char *bytes, size_t len, char hex[65])
{
    unsigned char digest[32];

    assert_int_equal(EVP_Digest(bytes, len, digest, NULL, EVP_sha256(), NULL), 1);
    for (size_t i = 0; i < sizeof digest; i++)
        snprintf(hex + 2 * i, 3, "%02x", digest[i]);
}

/* Bytes that do not repeat soon, NUL among them. */
static char *make_bytes(size_t len)
{
    char *bytes = malloc(len + 1);
    uint32_t x = 12345;

    assert_non_null(bytes);
    for (size_t i = 0; i < len; i++) {
        x = x * 1103515245u + 12345u;
        bytes[i] = (char)(x >> 16);
    }
    return bytes;
}

static void assert_echoes_body(const struct anycert_response *response, const char *method,
                               const char *bytes, size_t len)
{
    char hex[65];

    sha256(bytes, len, hex);
    assert_int_equal(anycert_response_status(response), 200);
    assert_string_equal(floor_echo_text(response, "/method"), method);
    assert_int_equal(floor_echo_number(response, "/body/length"), (int64_t)len);
    assert_string_equal(floor_echo_text(response, "/body/sha256"), hex);
}

static void send_any_method_as_given(void **state)
{
    static const char *const methods[] = {"GET",    "POST",      "PUT",   "PATCH",
                                          "DELETE", "OPTIONS",   "TRACE", "PROPFIND",
                                          "purge",  "X-DO!IT+~", "get"};
    struct anycert_client *client = floor_client(NULL);

    (void)state;
    for (size_t i = 0; i < COUNT(methods); i++) {
        struct anycert_response *response =
            floor_ok(client, floor_request(methods[i], floor_url("good", "echo?a=b%20c")));
        bool has_length = strcmp(methods[i], "POST") == 0 || strcmp(methods[i], "PUT") == 0 ||
                          strcmp(methods[i], "PATCH") == 0;

        assert_string_equal(floor_echo_text(response, "/method"), methods[i]);
        assert_string_equal(floor_echo_text(response, "/path"), "/echo");
        assert_string_equal(floor_echo_text(response, "/query"), "a=b%20c");
        assert_int_equal(floor_echo_header(response, "Content-Length", 0) != NULL, has_length);
        assert_null(floor_echo_header(response, "Content-Type", 0));
        assert_null(floor_echo_header(response, "Transfer-Encoding", 0));
        anycert_response_free(response);
    }
    anycert_client_free(client);
}

static void send_head_has_headers_and_no_body(void **state)
{
    struct anycert_client *client = floor_client(NULL);
    struct anycert_response *response =
        floor_ok(client, floor_request("HEAD", floor_url("good", "bytes/1000")));
    size_t len = 1;

    (void)state;
    assert_int_equal(anycert_response_status(response), 200);
    assert_string_equal(anycert_response_header(response, "content-length", 0), "1000");
    assert_string_equal(anycert_response_body(response, &len), "");
    assert_int_equal(len, 0);
    anycert_response_free(response);
    anycert_client_free(client);
}

static void request_new_method_that_is_no_token_is_refused(void **state)
{
    static const char *const methods[] = {"",           "GET ", "G ET", "GET\r\n", "GET\n",
                                          "G\xc3\x89T", "GET/", "G:",   "CONNECT"};

    (void)state;
    for (size_t i = 0; i < COUNT(methods); i++) {
        struct anycert_error err = {0};

        assert_null(anycert_request_new(methods[i], "https://localhost/", &err));
        assert_int_equal(err.code, ANYCERT_E_USAGE);
        assert_null(strpbrk(err.message, "\r\n"));
    }
    assert_null(anycert_request_new(NULL, "https://localhost/", NULL));
}

static void send_headers_are_added_replaced_emptied_and_taken_away(void **state)
{
    struct anycert_client *client = floor_client(NULL);
    struct anycert_request *request = floor_request("GET", floor_url("good", "echo"));
    struct anycert_response *response = NULL;

    (void)state;
    floor_header(request, "X-One", "1");
    floor_header(request, "X-Two", "a");
    floor_header(request, "X-Two", "b");
    floor_header(request, "X-Empty", "");
    floor_header(request, "X-Spaces", " \t ");
    floor_header(request, "X-Inner", "a\tb  c");
    floor_header(request, "X-Latin", "caf\xe9 \xe2\x82\xac");
    floor_header(request, "X-Semicolon", ";");
    floor_header(request, "User-Agent", "mine/1");
    floor_header(request, "Accept", NULL);
    floor_header(request, "Accept-Encoding", NULL);
    floor_header(request, "Host", "other.test");
    response = floor_ok(client, request);
    assert_string_equal(floor_echo_header(response, "x-one", 0), "1");
    assert_string_equal(floor_echo_header(response, "X-Two", 0), "a");
    assert_string_equal(floor_echo_header(response, "X-Two", 1), "b");
    assert_string_equal(floor_echo_header(response, "X-Empty", 0), "");
    assert_string_equal(floor_echo_header(response, "X-Spaces", 0), "");
    assert_string_equal(floor_echo_header(response, "X-Inner", 0), "a\tb  c");
    assert_non_null(floor_echo_header(response, "X-Latin", 0));
    assert_string_equal(floor_echo_header(response, "X-Semicolon", 0), ";");
    assert_string_equal(floor_echo_header(response, "User-Agent", 0), "mine/1");
    assert_null(floor_echo_header(response, "User-Agent", 1));
    assert_null(floor_echo_header(response, "Accept", 0));
    assert_null(floor_echo_header(response, "Accept-Encoding", 0));
    assert_string_equal(floor_echo_header(response, "Host", 0), "other.test");
    assert_null(floor_echo_header(response, "Host", 1));
    anycert_response_free(response);
    /* Nothing of it stays for the next request over the same connection. */
    response = floor_ok(client, floor_request("GET", floor_url("good", "echo")));
    assert_int_equal(anycert_response_hop_reused(response, 0), 1);
    assert_null(floor_echo_header(response, "X-One", 0));
    assert_string_equal(floor_echo_header(response, "Accept", 0), "*/*");
    assert_non_null(floor_echo_header(response, "Accept-Encoding", 0));
    assert_memory_equal(floor_echo_header(response, "User-Agent", 0), "anycert/", 8);
    assert_memory_equal(floor_echo_header(response, "Host", 0), "localhost:", 10);
    anycert_response_free(response);
    anycert_client_free(client);
}

static void send_long_header_arrives_and_longer_one_is_refused(void **state)
{
    struct anycert_client *client = floor_client(NULL);
    struct anycert_request *request = floor_request("GET", floor_url("good", "echo"));
    struct anycert_response *response = NULL;
    uint64_t connections = 0;
    char *value = malloc(2 * MIB);

    (void)state;
    assert_non_null(value);
    memset(value, 'v', 2 * MIB);
    value[7000] = '\0';
    floor_header(request, "X-Long", value);
    response = floor_ok(client, request);
    assert_int_equal(strlen(floor_echo_header(response, "X-Long", 0)), 7000);
    anycert_response_free(response);
    value[7000] = 'v';
    value[2 * MIB - 1] = '\0';
    connections = lab_server_connections(floor_server("good-ec"));
    request = floor_request("GET", floor_url("good-ec", "echo"));
    floor_header(request, "X-Long", value);
    floor_fails(client, request, ANYCERT_E_HEADER, NULL);
    assert_null(strstr(floor_message(), "vvv"));
    assert_non_null(strstr(floor_message(), "bytes, more than the 300,000 that can be sent"));
    assert_int_equal(lab_server_connections(floor_server("good-ec")), connections);
    free(value);
    anycert_client_free(client);
}

/* Each field is short enough, and all together are longer than libcurl sends. */
static void send_many_long_headers_is_refused_before_connecting(void **state)
{
    struct anycert_client *client = floor_client(NULL);
    struct anycert_request *request = floor_request("GET", floor_url("good-ec", "echo"));
    uint64_t connections = lab_server_connections(floor_server("good-ec"));
    char *value = malloc(MIB / 4);

    (void)state;
    assert_non_null(value);
    memset(value, 'v', MIB / 4);
    value[MIB / 4 - 1] = '\0';
    for (size_t i = 0; i < 4; i++)
        floor_header(request, (const char *[]){"X-A", "X-B", "X-C", "X-D"}[i], value);
    floor_fails(client, request, ANYCERT_E_HEADER, NULL);
    assert_non_null(strstr(floor_message(), "more than the 1,024,000 that can be sent"));
    assert_int_equal(lab_server_connections(floor_server("good-ec")), connections);
    free(value);
    anycert_client_free(client);
}

/* ---- what is refused before a byte is sent */

static const char *const controls[] = {"a\rb",  "a\nb",    "a\r\nX-Evil: 1",        "\x01",
                                       "a\x7f", "\x1b[0m", "\r\n\r\nGET / HTTP/1.1"};

static void assert_refused(int result, const struct anycert_error *err, const char *name)
{
    if (result != -1)
        fail_msg("%s with control characters was taken", name);
    assert_int_equal(anycert_error_class_of(err->code), ANYCERT_CLASS_USAGE);
    for (const char *p = err->message; *p; p++)
        assert_true((unsigned char)*p >= 0x20 && *p != 0x7f);
    assert_int_not_equal(strlen(err->message), 0);
}

#define REFUSED(call)                                                                              \
    do {                                                                                           \
        struct anycert_error err = {0};                                                            \
        assert_refused((call), &err, #call);                                                       \
    } while (0)

static void setters_refuse_control_characters(void **state)
{
    struct anycert_config *config = floor_config(NULL);
    struct anycert_request *request = floor_request("POST", "https://localhost/");

    (void)state;
    for (size_t i = 0; i < COUNT(controls); i++) {
        char text[128];

        REFUSED(anycert_request_add_header(request, controls[i], "v", &err));
        REFUSED(anycert_request_add_header(request, "X-A", controls[i], &err));
        REFUSED(anycert_request_set_basic_auth(request, controls[i], "p", &err));
        REFUSED(anycert_request_set_basic_auth(request, "u", controls[i], &err));
        REFUSED(anycert_request_set_output_file(request, controls[i], &err));
        REFUSED(anycert_request_set_body_file(request, controls[i], &err));
        REFUSED(anycert_config_set_no_proxy(config, controls[i], &err));
        REFUSED(anycert_config_add_secret_header(config, controls[i], &err));
        REFUSED(anycert_config_set_client_cert(config, controls[i], NULL, &err));
        REFUSED(anycert_config_set_client_cert(config, "x", controls[i], &err));
        REFUSED(anycert_config_add_intermediate_file(config, controls[i], &err));
        snprintf(text, sizeof text, "http://localhost:1/%s", controls[i]);
        REFUSED(anycert_config_set_proxy(config, text, &err));
        REFUSED(anycert_request_new("GET", text, &err) ? 0 : -1);
        snprintf(text, sizeof text, "http://us%ser@localhost:1/", controls[i]);
        REFUSED(anycert_config_set_proxy(config, text, &err));
        REFUSED(anycert_request_new("GET", text, &err) ? 0 : -1);
        snprintf(text, sizeof text, "host%s:443:127.0.0.1", controls[i]);
        REFUSED(anycert_config_add_resolve(config, text, &err));
        snprintf(text, sizeof text, "host:443:%s:443", controls[i]);
        REFUSED(anycert_config_add_connect_to(config, text, &err));
    }
    anycert_request_free(request);
    anycert_config_free(config);
}

static void setters_refuse_empty_or_malformed_text(void **state)
{
    static const char *const mappings[] = {"",
                                           ":",
                                           "host",
                                           "host:443",
                                           "host:443:",
                                           "host:0:127.0.0.1",
                                           ":443:127.0.0.1",
                                           "host:65536:127.0.0.1",
                                           "host:x:127.0.0.1",
                                           "-host:443:127.0.0.1",
                                           "+host:443:127.0.0.1",
                                           "[::1:443:127.0.0.1",
                                           "host::127.0.0.1"};
    static const char *const resolves[] = {"host:443:name",        "host:443:127.0.0.1,",
                                           "host:443:127.1",       "host:443:[::1",
                                           "host:443:127.0.0.1,x", "host:443:,127.0.0.1"};
    static const char *const connects[] = {"a:443:b",   "a:443:b:",   "a:443:b:0",
                                           "a:443:b:x", "a:443::443", "a:443:b:1:2"};
    struct anycert_config *config = floor_config(NULL);
    struct anycert_request *request = floor_request("POST", "https://localhost/");

    (void)state;
    for (size_t i = 0; i < COUNT(mappings); i++) {
        REFUSED(anycert_config_add_resolve(config, mappings[i], &err));
        REFUSED(anycert_config_add_connect_to(config, mappings[i], &err));
    }
    for (size_t i = 0; i < COUNT(resolves); i++)
        REFUSED(anycert_config_add_resolve(config, resolves[i], &err));
    for (size_t i = 0; i < COUNT(connects); i++)
        REFUSED(anycert_config_add_connect_to(config, connects[i], &err));
    REFUSED(anycert_config_add_resolve(config, NULL, &err));
    REFUSED(anycert_config_add_connect_to(config, NULL, &err));
    REFUSED(anycert_request_set_output_file(request, "", &err));
    REFUSED(anycert_request_set_output_file(request, NULL, &err));
    REFUSED(anycert_request_set_body_file(request, "", &err));
    REFUSED(anycert_request_set_body_file(request, "/nonexistent", &err));
    REFUSED(anycert_request_set_body_file(request, "/", &err));
    REFUSED(anycert_request_set_basic_auth(request, "a:b", "c", &err));
    REFUSED(anycert_config_set_client_cert(config, NULL, "key", &err));
    REFUSED(anycert_config_set_max_redirects(config, 1001, &err));
    REFUSED(anycert_config_set_allow_downgrade(config, 2, &err));
    REFUSED(anycert_config_set_decompress(config, -1, &err));
    REFUSED(anycert_config_set_http_version(config, (enum anycert_http_version)9, &err));
    REFUSED(anycert_config_set_proxy(config, "ftp://localhost:1", &err));
    REFUSED(anycert_config_set_proxy(config, "http://localhost", &err));
    anycert_request_free(request);
    anycert_config_free(config);
}

static void add_resolve_and_connect_to_accept_what_they_should(void **state)
{
    static const char *const resolves[] = {"host:443:127.0.0.1", "host:443:127.0.0.1,::1",
                                           "host:443:[::1]", "[::1]:443:127.0.0.1",
                                           "*:443:127.0.0.1"};
    static const char *const connects[] = {"a:443:b:8443", "[::1]:443:[::1]:8443",
                                           "a:443:127.0.0.1:1"};
    struct anycert_config *config = floor_config(NULL);
    struct anycert_error err = {0};

    (void)state;
    for (size_t i = 0; i < COUNT(resolves); i++)
        assert_int_equal(anycert_config_add_resolve(config, resolves[i], &err), 0);
    for (size_t i = 0; i < COUNT(connects); i++)
        assert_int_equal(anycert_config_add_connect_to(config, connects[i], &err), 0);
    anycert_config_free(config);
}

/* ---- bodies */

static void send_body_from_memory_of_any_size(void **state)
{
    static const size_t sizes[] = {0, 1, 1000, MIB, 20 * MIB};
    struct anycert_client *client = floor_client(NULL);
    char *bytes = make_bytes(20 * MIB);

    (void)state;
    for (size_t i = 0; i < COUNT(sizes); i++) {
        struct anycert_request *request = floor_request("POST", floor_url("good", "echo"));
        struct anycert_response *response = NULL;
        char length[24];

        assert_int_equal(anycert_request_set_body(request, bytes, sizes[i], NULL), 0);
        response = floor_ok(client, request);
        assert_echoes_body(response, "POST", bytes, sizes[i]);
        snprintf(length, sizeof length, "%zu", sizes[i]);
        assert_string_equal(floor_echo_header(response, "Content-Length", 0), length);
        assert_null(floor_echo_header(response, "Content-Type", 0));
        anycert_response_free(response);
    }
    free(bytes);
    anycert_client_free(client);
}

static void send_body_from_file_of_any_size(void **state)
{
    static const size_t sizes[] = {0, 1, MIB, 20 * MIB};
    struct anycert_client *client = floor_client(NULL);
    char *bytes = make_bytes(20 * MIB);

    (void)state;
    floor_folder();
    for (size_t i = 0; i < COUNT(sizes); i++) {
        struct anycert_request *request = floor_request("PUT", floor_url("good", "echo"));
        struct anycert_response *response = NULL;
        const char *path = floor_path("body");
        FILE *file = fopen(path, "wbe");

        assert_non_null(file);
        assert_int_equal(fwrite(bytes, 1, sizes[i], file), sizes[i]);
        assert_int_equal(fclose(file), 0);
        assert_int_equal(anycert_request_set_body_file(request, path, NULL), 0);
        response = floor_ok(client, request);
        assert_echoes_body(response, "PUT", bytes, sizes[i]);
        assert_null(floor_echo_header(response, "Transfer-Encoding", 0));
        anycert_response_free(response);
    }
    floor_remove_folder(1);
    free(bytes);
    anycert_client_free(client);
}

struct pipe_writer {
    const char *path;
    const char *bytes;
    size_t len;
};

static void *write_pipe(void *arg)
{
    const struct pipe_writer *writer = arg;
    FILE *file = fopen(writer->path, "wbe");

    if (file) {
        (void)fwrite(writer->bytes, 1, writer->len, file);
        fclose(file);
    }
    return NULL;
}

static void send_body_from_pipe_goes_in_chunks(void **state)
{
    struct anycert_client *client = floor_client(NULL);
    struct anycert_request *request = floor_request("POST", floor_url("good", "echo"));
    struct anycert_response *response = NULL;
    char *bytes = make_bytes(300000);
    struct pipe_writer writer = {NULL, bytes, 300000};
    pthread_t thread;

    (void)state;
    floor_folder();
    writer.path = floor_path("pipe");
    assert_int_equal(mkfifo(writer.path, 0600), 0);
    assert_int_equal(anycert_request_set_body_file(request, writer.path, NULL), 0);
    assert_int_equal(pthread_create(&thread, NULL, write_pipe, &writer), 0);
    response = floor_ok(client, request);
    pthread_join(thread, NULL);
    assert_echoes_body(response, "POST", bytes, 300000);
    assert_string_equal(floor_echo_header(response, "Transfer-Encoding", 0), "chunked");
    anycert_response_free(response);
    /* A redirect would have to read it again. */
    writer.path = floor_path("pipe");
    request = floor_request("POST", floor_url("good", floor_redirect(307, "/echo")));
    assert_int_equal(anycert_request_set_body_file(request, writer.path, NULL), 0);
    assert_int_equal(pthread_create(&thread, NULL, write_pipe, &writer), 0);
    floor_fails(client, request, ANYCERT_E_REDIRECTS, NULL);
    assert_non_null(strstr(floor_message(), "only once"));
    pthread_join(thread, NULL);
    floor_remove_folder(1);
    free(bytes);
    anycert_client_free(client);
}

static void send_body_file_that_vanished_is_an_error_before_connecting(void **state)
{
    struct anycert_client *client = floor_client(NULL);
    struct anycert_request *request = floor_request("POST", floor_url("good-ec", "echo"));
    uint64_t connections = lab_server_connections(floor_server("good-ec"));

    (void)state;
    floor_folder();
    floor_write(floor_path("body"), "x");
    assert_int_equal(anycert_request_set_body_file(request, floor_path("body"), NULL), 0);
    assert_int_equal(unlink(floor_path("body")), 0);
    floor_fails(client, request, ANYCERT_E_FILE, NULL);
    assert_int_equal(lab_server_connections(floor_server("good-ec")), connections);
    floor_remove_folder(0);
    anycert_client_free(client);
}

/* Methods and bodies over one connection, in an order in which each could leave something behind.
 */
static void send_sequence_over_one_connection_leaves_nothing_behind(void **state)
{
    static const struct {
        const char *method, *body; /* body "file": from the file */
    } steps[] = {
        {"POST", "abc"},    {"GET", NULL},    {"HEAD", NULL},    {"GET", NULL},    {"PUT", "file"},
        {"GET", NULL},      {"DELETE", NULL}, {"GET", "body"},   {"GET", NULL},    {"POST", NULL},
        {"GET", "file"},    {"GET", NULL},    {"OPTIONS", NULL}, {"HEAD", NULL},   {"POST", "x"},
        {"DELETE", "file"}, {"PATCH", "p"},   {"GET", NULL},     {"POST", ""},     {"GET", NULL},
        {"REPORT", "r"},    {"HEAD", NULL},   {"PUT", "file"},   {"POST", "last"},
    };
    struct anycert_client *client = floor_client(NULL);

    (void)state;
    floor_folder();
    floor_write(floor_path("body"), "from the file");
    for (size_t i = 0; i < COUNT(steps); i++) {
        struct anycert_request *request = floor_request(steps[i].method, floor_url("good", "echo"));
        const char *body = steps[i].body ? steps[i].body : "";
        struct anycert_response *response = NULL;

        if (steps[i].body && strcmp(body, "file") == 0) {
            assert_int_equal(anycert_request_set_body_file(request, floor_path("body"), NULL), 0);
            body = "from the file";
        } else if (steps[i].body) {
            assert_int_equal(anycert_request_set_body(request, body, strlen(body), NULL), 0);
        }
        response = floor_ok(client, request);
        assert_int_equal(anycert_response_hop_reused(response, 0), i > 0);
        if (strcmp(steps[i].method, "HEAD") == 0)
            assert_int_equal(anycert_response_body_size(response), 0);
        else
            assert_echoes_body(response, steps[i].method, body, strlen(body));
        anycert_response_free(response);
    }
    floor_remove_folder(1);
    anycert_client_free(client);
}

static void send_empty_post_and_delete_with_body(void **state)
{
    struct anycert_client *client = floor_client(NULL);
    struct anycert_request *request = floor_request("DELETE", floor_url("good", "echo"));
    struct anycert_response *response = NULL;

    (void)state;
    assert_int_equal(anycert_request_set_body(request, "x", 1, NULL), 0);
    floor_header(request, "Content-Type", "application/json");
    response = floor_ok(client, request);
    assert_echoes_body(response, "DELETE", "x", 1);
    assert_string_equal(floor_echo_header(response, "Content-Type", 0), "application/json");
    anycert_response_free(response);
    response = floor_ok(client, floor_request("POST", floor_url("good", "echo")));
    assert_string_equal(floor_echo_header(response, "Content-Length", 0), "0");
    anycert_response_free(response);
    anycert_client_free(client);
}

static void set_body_for_head_is_refused(void **state)
{
    struct anycert_request *request = floor_request("HEAD", "https://localhost/");
    struct anycert_error err = {0};

    (void)state;
    assert_int_equal(anycert_request_set_body(request, "x", 1, &err), -1);
    assert_int_equal(err.code, ANYCERT_E_USAGE);
    anycert_request_free(request);
}

/* ---- credentials */

static void send_credentials_of_url_or_setter(void **state)
{
    struct anycert_client *client = floor_client(NULL);
    struct anycert_request *request = NULL;
    struct anycert_response *response = NULL;
    char url[128];

    (void)state;
    snprintf(url, sizeof url, "https://us%%40er:p%%3aw@localhost:%u/echo",
             lab_server_port(floor_server("good")));
    response = floor_ok(client, floor_request("GET", url));
    assert_string_equal(floor_echo_header(response, "Authorization", 0),
                        "Basic dXNAZXI6cDp3"); /* us@er:p:w */
    assert_null(strchr(anycert_response_url(response), '@'));
    anycert_response_free(response);
    request = floor_request("GET", url);
    assert_int_equal(anycert_request_set_basic_auth(request, "a", "b", NULL), 0);
    response = floor_ok(client, request);
    assert_string_equal(floor_echo_header(response, "Authorization", 0), "Basic YTpi");
    assert_null(floor_echo_header(response, "Authorization", 1));
    anycert_response_free(response);
    /* and they do not stay */
    response = floor_ok(client, floor_request("GET", floor_url("good", "echo")));
    assert_null(floor_echo_header(response, "Authorization", 0));
    anycert_response_free(response);
    snprintf(url, sizeof url, "https://@localhost:%u/echo", lab_server_port(floor_server("good")));
    response = floor_ok(client, floor_request("GET", url));
    assert_null(floor_echo_header(response, "Authorization", 0));
    anycert_response_free(response);
    anycert_client_free(client);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(send_any_method_as_given),
        cmocka_unit_test(send_head_has_headers_and_no_body),
        cmocka_unit_test(request_new_method_that_is_no_token_is_refused),
        cmocka_unit_test(send_headers_are_added_replaced_emptied_and_taken_away),
        cmocka_unit_test(send_long_header_arrives_and_longer_one_is_refused),
        cmocka_unit_test(send_many_long_headers_is_refused_before_connecting),
        cmocka_unit_test(setters_refuse_control_characters),
        cmocka_unit_test(setters_refuse_empty_or_malformed_text),
        cmocka_unit_test(add_resolve_and_connect_to_accept_what_they_should),
        cmocka_unit_test(send_body_from_memory_of_any_size),
        cmocka_unit_test(send_body_from_file_of_any_size),
        cmocka_unit_test(send_body_from_pipe_goes_in_chunks),
        cmocka_unit_test(send_body_file_that_vanished_is_an_error_before_connecting),
        cmocka_unit_test(send_sequence_over_one_connection_leaves_nothing_behind),
        cmocka_unit_test(send_empty_post_and_delete_with_body),
        cmocka_unit_test(set_body_for_head_is_refused),
        cmocka_unit_test(send_credentials_of_url_or_setter),
    };

    return cmocka_run_group_tests(tests, floor_setup, floor_teardown);
}
