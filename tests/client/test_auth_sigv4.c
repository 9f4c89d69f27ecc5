/* AWS Signature Version 4 over the wire: the signature is of what the server gets. */
#include "client/floor.h"

#include "support/child.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define COUNT(a) (sizeof(a) / sizeof(a)[0])

static struct anycert_response *get(struct anycert_client *client, const char *url)
{
    return floor_ok(client, floor_request("GET", url));
}

#define SESSION "s3ssion/of+the/cloud=="

static void put_hex(FILE *file, const char *text, char end)
{
    for (; *text; text++)
        fprintf(file, "%02x", (unsigned char)*text);
    fputc(end, file);
}

/* What came, as a line for the second opinion. Only what was signed counts. */
static void put_echo(FILE *file, const struct anycert_response *response, const char *service,
                     const char *origin, const char *body)
{
    char *authorization = strdup(floor_echo_header(response, "Authorization", 0));
    const char *names = strstr(authorization, "SignedHeaders=");
    size_t len = names ? strcspn(names += strlen("SignedHeaders="), ",") : 0;
    char fields[4096] = "";

    assert_true(len > 0);
    for (size_t n = 0; len > 0; len -= n + (n < len), names += n + 1) {
        char name[128];
        const char *value = NULL;

        n = strcspn(names, ";,");
        snprintf(name, sizeof name, "%.*s", (int)n, names);
        value = floor_echo_header(response, name, 0);
        assert_non_null(value);
        if (strcmp(name, "host") != 0 && strcmp(name, "x-amz-date") != 0 &&
            strcmp(name, "x-amz-security-token") != 0 && strcmp(name, "x-amz-content-sha256") != 0)
            snprintf(fields + strlen(fields), sizeof fields - strlen(fields), "%s: %s\n", name,
                     value);
    }
    put_hex(file, service, '\t');
    put_hex(file, SESSION, '\t');
    put_hex(file, floor_echo_header(response, "X-Amz-Date", 0), '\t');
    put_hex(file, floor_echo_text(response, "/method"), '\t');
    put_hex(file, floor_join(origin, floor_echo_text(response, "/target") + 1), '\t');
    put_hex(file, body, '\t');
    put_hex(file, fields, '\t');
    put_hex(file, authorization, '\n');
    free(authorization);
}

struct text {
    const char *text;
    size_t at;
};

static int64_t read_text(void *arg, void *buffer, size_t size)
{
    struct text *text = arg;
    size_t left = strlen(text->text + text->at);
    size_t n = left < size ? left : size;

    n = n > 3 ? 3 : n; /* in pieces */
    memcpy(buffer, text->text + text->at, n);
    text->at += n;
    return (int64_t)n;
}

static int rewind_text(void *arg)
{
    ((struct text *)arg)->at = 0;
    return 0;
}

static struct anycert_auth *cloud(const char *service)
{
    struct anycert_auth *auth =
        anycert_auth_aws_sigv4("AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY", SESSION,
                               "us-east-1", service, NULL);

    assert_non_null(auth);
    return auth;
}

static void signature_is_of_what_is_sent(void **state)
{
    static const struct {
        const char *service, *method, *path, *type;
        enum { NONE, BYTES, AS_FILE, SOURCE } how;
        const char *body;
    } rows[] = {
        {"service", "GET", "echo", NULL, NONE, ""},
        {"service", "GET", "echo?b=2&a=1+1&a=%7e&c&d=(x)", NULL, NONE, ""},
        {"service", "POST", "echo?Action=x", "application/x-amz-json-1.0", BYTES, "{\"a\": 1}"},
        {"service", "PUT", "x/../echo", NULL, AS_FILE, "of the file"},
        {"service", "PUT", "echo", NULL, SOURCE, "of the source"},
        {"s3", "PUT", "echo?x-id=PutObject", "text/plain", AS_FILE, "of the file"},
        {"s3", "GET", "echo?list-type=2&prefix=a/b c", NULL, NONE, ""},
    };
    const char *const argv[] = {TEST_PYTHON3, SIGV4_BOTOCORE, "rows", NULL};
    struct anycert_client *client = floor_client(NULL);
    char origin[128];
    char *said = NULL;
    FILE *file = NULL;

    (void)state;
    (void)floor_folder();
    file = fopen(floor_path("rows"), "we");
    assert_non_null(file);
    snprintf(origin, sizeof origin, "%s", floor_url("good", ""));
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct anycert_request *request =
            floor_request(rows[i].method, floor_url("good", rows[i].path));
        struct anycert_auth *auth = cloud(rows[i].service);
        struct text text = {rows[i].body, 0};
        struct anycert_response *response = NULL;

        assert_int_equal(anycert_request_set_auth(request, auth, NULL), 0);
        anycert_auth_free(auth);
        if (rows[i].type)
            floor_header(request, "Content-Type", rows[i].type);
        floor_header(request, "X-Amz-Meta-A", "b   c");
        if (rows[i].how == BYTES)
            assert_int_equal(
                anycert_request_set_body(request, rows[i].body, strlen(rows[i].body), NULL), 0);
        if (rows[i].how == AS_FILE) {
            floor_write(floor_path("body"), rows[i].body);
            assert_int_equal(anycert_request_set_body_file(request, floor_path("body"), NULL), 0);
        }
        if (rows[i].how == SOURCE)
            assert_int_equal(
                anycert_request_set_body_source(request, read_text, rewind_text, -1, &text, NULL),
                0);
        response = floor_ok(client, request);
        assert_string_equal(floor_echo_text(response, "/body/start"), rows[i].body);
        put_echo(file, response, rows[i].service, origin, rows[i].body);
        anycert_response_free(response);
    }
    assert_int_equal(fclose(file), 0);
    if (child_run(&(struct child_plan){
            .argv = argv, .folder = floor_path(""), .log = floor_path("log")}) != 0) {
        said = child_log(floor_path("log"));
        fail_msg("%.4000s", said);
    }
    anycert_client_free(client);
    floor_remove_folder(3);
}

static void body_that_cannot_be_signed_is_refused_or_for_s3_sent_unsigned(void **state)
{
    struct anycert_client *client = floor_client(NULL);

    (void)state;
    for (int s3 = 0; s3 < 2; s3++) {
        for (int parts = 0; parts < 2; parts++) {
            struct anycert_request *request = floor_request("POST", floor_url("good", "echo"));
            struct anycert_auth *auth = cloud(s3 ? "s3" : "service");
            struct text text = {"once", 0};
            struct anycert_response *response = NULL;

            assert_int_equal(anycert_request_set_auth(request, auth, NULL), 0);
            anycert_auth_free(auth);
            if (parts)
                assert_int_equal(anycert_request_add_part(request, "a", "b", 1, NULL, NULL, NULL),
                                 0);
            else
                assert_int_equal(
                    anycert_request_set_body_source(request, read_text, NULL, 4, &text, NULL), 0);
            if (!s3) {
                floor_fails(client, request, ANYCERT_E_AUTH, NULL);
                assert_non_null(strstr(floor_message(), "cannot be signed"));
                assert_int_equal(text.at, 0);
                continue;
            }
            response = floor_ok(client, request);
            assert_string_equal(floor_echo_header(response, "X-Amz-Content-Sha256", 0),
                                "UNSIGNED-PAYLOAD");
            anycert_response_free(response);
        }
    }
    anycert_client_free(client);
}

static int64_t in_2015(void *arg)
{
    (void)arg;
    return INT64_C(1440938160);
}

static void signature_has_the_clients_time(void **state)
{
    struct anycert_error err = {0};
    struct anycert_config *config = floor_config("trust-any");
    struct anycert_auth *auth = cloud("service");
    struct anycert_client *client = NULL;
    struct anycert_response *response = NULL;

    (void)state;
    assert_int_equal(anycert_config_set_clock(config, in_2015, NULL, &err), 0);
    assert_int_equal(anycert_config_set_auth(config, auth, &err), 0);
    anycert_auth_free(auth);
    client = floor_client_of(config);
    response = get(client, floor_url("good", "echo"));
    assert_string_equal(floor_echo_header(response, "X-Amz-Date", 0), "20150830T123600Z");
    anycert_response_free(response);
    anycert_client_free(client);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(signature_is_of_what_is_sent),
        cmocka_unit_test(body_that_cannot_be_signed_is_refused_or_for_s3_sent_unsigned),
        cmocka_unit_test(signature_has_the_clients_time),
    };

    return cmocka_run_group_tests(tests, floor_setup, floor_teardown);
}
