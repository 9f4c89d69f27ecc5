/* Forms: as text, and in parts. */
#include "client/floor.h"

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

static struct anycert_request *post(const char *path)
{
    return floor_request("POST", floor_url("good", path));
}

static void field(struct anycert_request *request, const char *name, const char *value)
{
    struct anycert_error err = {0};

    if (anycert_request_add_form(request, name, value, &err) < 0)
        fail_msg("%s", err.message);
}

static void part(struct anycert_request *request, const char *name, const char *data,
                 const char *filename, const char *type)
{
    struct anycert_error err = {0};

    if (anycert_request_add_part(request, name, data, strlen(data), filename, type, &err) < 0)
        fail_msg("%s", err.message);
}

static void file(struct anycert_request *request, const char *name, const char *path,
                 const char *filename, const char *type)
{
    struct anycert_error err = {0};

    if (anycert_request_add_file(request, name, path, filename, type, &err) < 0)
        fail_msg("%s", err.message);
}

/* The body of the response is expected but for its boundary, which is '@' there. */
static void assert_parts(const struct anycert_response *response, const char *type,
                         const char *expected)
{
    const char *content_type = anycert_response_header(response, "Content-Type", 0);
    const char *body = anycert_response_body(response, NULL);
    const char *boundary = content_type + strlen(type);
    char text[8192] = "";
    size_t used = 0;

    assert_non_null(content_type);
    assert_memory_equal(content_type, type, strlen(type));
    assert_true(strlen(boundary) > 30);
    for (; *expected; expected++) {
        if (*expected == '@')
            used += (size_t)snprintf(text + used, sizeof text - used, "--%s", boundary);
        else
            text[used++] = *expected;
        assert_true(used < sizeof text - 200);
    }
    assert_string_equal(body, text);
}

#define MULTIPART      "multipart/form-data; boundary="
#define DISPOSITION(x) "@\r\nContent-Disposition: form-data; " x "\r\n"
#define OCTETS         "Content-Type: application/octet-stream\r\n"

static void form_of_fields_is_urlencoded(void **state)
{
    struct anycert_client *client = floor_client(NULL);
    struct anycert_request *request = post("mirror");
    struct anycert_response *response = NULL;

    (void)state;
    field(request, "a b", "c/d&e=f");
    field(request, "x", "\xc3\xa9\r\n");
    field(request, "x", "");
    field(request, "", "1+1");
    response = floor_ok(client, request);
    assert_string_equal(anycert_response_body(response, NULL),
                        "a+b=c%2Fd%26e%3Df&x=%C3%A9%0D%0A&x=&=1%2B1");
    assert_string_equal(anycert_response_header(response, "Content-Type", 0),
                        "application/x-www-form-urlencoded");
    anycert_response_free(response);
    request = post("mirror");
    floor_header(request, "Content-Type", "application/x-www-form-urlencoded; charset=utf-8");
    field(request, "a", "b");
    response = floor_ok(client, request);
    assert_string_equal(anycert_response_header(response, "Content-Type", 0),
                        "application/x-www-form-urlencoded; charset=utf-8");
    anycert_response_free(response);
    anycert_client_free(client);
}

static void form_of_many_fields_arrives(void **state)
{
    struct anycert_client *client = floor_client(NULL);
    struct anycert_request *request = post("echo");
    struct anycert_response *response = NULL;

    (void)state;
    for (int i = 0; i < 5000; i++)
        field(request, "name", "value ");
    response = floor_ok(client, request);
    assert_int_equal(floor_echo_number(response, "/body/length"), 5000 * 12 - 1);
    assert_memory_equal(floor_echo_text(response, "/body/start"), "name=value+&name=value+&", 24);
    anycert_response_free(response);
    anycert_client_free(client);
}

/* Fields first, then parts; each in their order, whenever they were added. */
static void form_with_files_is_multipart(void **state)
{
    struct anycert_client *client = floor_client(NULL);
    struct anycert_request *request = post("mirror");
    struct anycert_response *response = NULL;

    (void)state;
    floor_folder();
    floor_write(floor_path("one.txt"), "first\r\nfile");
    floor_write(floor_path("empty"), "");
    file(request, "f1", floor_path("one.txt"), NULL, NULL);
    field(request, "a", "1 2");
    part(request, "p", "{}", NULL, "application/json");
    file(request, "f2", floor_path("empty"), "other.bin", "text/x; a=b");
    field(request, "b", "");
    part(request, "q", "x", "x.html", "");
    part(request, "r", "y", NULL, NULL);
    part(request, "s", "z", "z", NULL);
    response = floor_ok(client, request);
    assert_parts(
        response, MULTIPART,
        DISPOSITION("name=\"a\"") "\r\n1 2\r\n" DISPOSITION("name=\"b\"") "\r\n\r\n" DISPOSITION(
            "name=\"f1\"; filename=\"one.txt\"") OCTETS
        "\r\nfirst\r\nfile\r\n" DISPOSITION(
            "name=\"p\"") "Content-Type: "
                          "application/"
                          "json\r\n\r\n{}\r\n" DISPOSITION(
                              "name="
                              "\"f2\";"
                              " filena"
                              "me="
                              "\"other"
                              ".bin\"") "Content-Type: text/x; "
                                        "a=b\r\n\r\n\r\n" DISPOSITION(
                                            "name=\"q\"; "
                                            "filename=\"x."
                                            "html\"") "\r\nx\r"
                                                      "\n" DISPOSITION(
                                                          "name=\"r\"") "\r\ny\r\n" DISPOSITION("na"
                                                                                                "me"
                                                                                                "="
                                                                                                "\""
                                                                                                "s"
                                                                                                "\""
                                                                                                "; "
                                                                                                "fi"
                                                                                                "le"
                                                                                                "na"
                                                                                                "me"
                                                                                                "="
                                                                                                "\""
                                                                                                "z"
                                                                                                "\"")
                                                          OCTETS "\r\nz\r\n"
                                                                 "@--\r\n");
    anycert_response_free(response);
    floor_remove_folder(2);
    anycert_client_free(client);
}

static void form_boundary_is_another_each_time(void **state)
{
    struct anycert_client *client = floor_client(NULL);
    char first[300] = "";

    (void)state;
    for (int i = 0; i < 2; i++) {
        struct anycert_request *request = post("mirror");
        struct anycert_response *response = NULL;

        part(request, "a", "b", NULL, NULL);
        response = floor_ok(client, request);
        assert_string_not_equal(anycert_response_header(response, "Content-Type", 0), first);
        snprintf(first, sizeof first, "%s", anycert_response_header(response, "Content-Type", 0));
        anycert_response_free(response);
    }
    anycert_client_free(client);
}

static void form_names_are_quoted(void **state)
{
    struct anycert_client *client = floor_client(NULL);
    struct anycert_request *request = post("mirror");
    struct anycert_response *response = NULL;

    (void)state;
    part(request, "a\"b\\c;d=\xc3\xa9", "", "x\"; name=\"y\\", "");
    part(request, "", "", "", "");
    response = floor_ok(client, request);
    assert_parts(
        response, MULTIPART,
        DISPOSITION(
            "name=\"a%22b\\c;d=\xc3\xa9\"; filename=\"x%22; name=%22y\\\"") "\r\n\r"
                                                                            "\n" DISPOSITION(
                                                                                "name=\"\";"
                                                                                " filename="
                                                                                "\"\"") "\r"
                                                                                        "\n"
                                                                                        "\r"
                                                                                        "\n"
                                                                                        "@-"
                                                                                        "-"
                                                                                        "\r"
                                                                                        "\n");
    anycert_response_free(response);
    anycert_client_free(client);
}

static void form_names_with_control_characters_are_refused(void **state)
{
    static const char *const bad[] = {"a\r\nX-Evil: 1", "a\rb", "a\nb", "\x01", "a\x7f", "\t"};
    struct anycert_request *request = post("echo");

    (void)state;
    for (size_t i = 0; i < COUNT(bad); i++) {
        const char *const good = "a";

        for (int which = 0; which < 7; which++) {
            struct anycert_error err = {0};
            int result =
                which == 0   ? anycert_request_add_form(request, bad[i], good, &err)
                : which == 1 ? anycert_request_add_part(request, bad[i], "", 0, NULL, NULL, &err)
                : which == 2 ? anycert_request_add_part(request, good, "", 0, bad[i], NULL, &err)
                : which == 3 ? anycert_request_add_part(request, good, "", 0, NULL, bad[i], &err)
                : which == 4
                    ? anycert_request_add_file(request, bad[i], "/dev/null", NULL, NULL, &err)
                : which == 5
                    ? anycert_request_add_file(request, good, "/dev/null", bad[i], NULL, &err)
                    : anycert_request_add_file(request, good, "/dev/null", NULL, bad[i], &err);

            assert_int_equal(result, -1);
            assert_int_equal(err.code, ANYCERT_E_USAGE);
            assert_null(strpbrk(err.message, "\r\n"));
        }
    }
    assert_int_equal(anycert_request_add_form(request, NULL, "", NULL), -1);
    assert_int_equal(anycert_request_add_form(request, "", NULL, NULL), -1);
    assert_int_equal(anycert_request_add_part(request, NULL, "", 0, NULL, NULL, NULL), -1);
    anycert_request_free(request);
}

static void form_file_that_cannot_be_read_is_an_error(void **state)
{
    struct anycert_client *client = floor_client(NULL);
    struct anycert_request *request = post("echo");
    struct anycert_error err = {0};
    uint64_t connections = lab_server_connections(floor_server("good"));

    (void)state;
    floor_folder();
    assert_int_equal(anycert_request_add_file(request, "f", floor_path("none"), NULL, NULL, &err),
                     -1);
    assert_int_equal(err.code, ANYCERT_E_FILE);
    assert_int_equal(anycert_request_add_file(request, "f", "/", NULL, NULL, NULL), -1);
    assert_int_equal(anycert_request_add_file(request, "f", NULL, NULL, NULL, NULL), -1);
    floor_write(floor_path("gone"), "x");
    file(request, "f", floor_path("gone"), NULL, NULL);
    assert_int_equal(unlink(floor_path("gone")), 0);
    floor_fails(client, request, ANYCERT_E_FILE, NULL);
    assert_int_equal(lab_server_connections(floor_server("good")), connections);
    floor_remove_folder(0);
    anycert_client_free(client);
}

static void form_content_type_of_the_caller(void **state)
{
    static const struct {
        const char *type;
        bool works;
    } rows[] = {{"multipart/related", true},
                {"MULTIPART/mixed", true},
                {"multipart/form-data; boundary=x", false},
                {"application/json", false},
                {"", false}};
    struct anycert_config *config = floor_config(NULL);
    struct anycert_client *client = NULL;
    struct anycert_request *request = NULL;
    struct anycert_response *response = NULL;

    (void)state;
    assert_int_equal(anycert_config_add_header(config, "Content-Type", "application/json", NULL),
                     0);
    client = floor_client_of(config);
    for (size_t i = 0; i < COUNT(rows); i++) {
        char type[100];

        request = post("mirror");
        part(request, "a", "b", "c", "");
        floor_header(request, "Content-Type", rows[i].type);
        if (!rows[i].works) {
            floor_fails(client, request, ANYCERT_E_HEADER, NULL);
            continue;
        }
        response = floor_ok(client, request);
        snprintf(type, sizeof type, "%s; boundary=", rows[i].type);
        assert_memory_equal(anycert_response_header(response, "Content-Type", 0), type,
                            strlen(type));
        anycert_response_free(response);
    }
    /* The client's knows nothing of this body. */
    request = post("mirror");
    part(request, "a", "b", NULL, NULL);
    response = floor_ok(client, request);
    assert_parts(response, MULTIPART, DISPOSITION("name=\"a\"") "\r\nb\r\n@--\r\n");
    anycert_response_free(response);
    request = post("mirror");
    floor_header(request, "Content-Type", NULL);
    part(request, "a", "b", NULL, NULL);
    response = floor_ok(client, request);
    assert_parts(response, MULTIPART, DISPOSITION("name=\"a\"") "\r\nb\r\n@--\r\n");
    anycert_response_free(response);
    anycert_client_free(client);
}

static void form_is_sent_again_by_a_redirect(void **state)
{
    struct anycert_client *client = floor_client(NULL);
    struct anycert_request *request = post(floor_redirect(307, "/mirror"));
    struct anycert_response *response = NULL;

    (void)state;
    floor_folder();
    floor_write(floor_path("file"), "content");
    field(request, "a", "1");
    file(request, "f", floor_path("file"), NULL, "");
    response = floor_ok(client, request);
    assert_int_equal(anycert_response_hop_count(response), 2);
    assert_parts(response, MULTIPART,
                 DISPOSITION("name=\"a\"") "\r\n1\r\n" DISPOSITION(
                     "name=\"f\"; filename=\"file\"") "\r\ncontent\r\n"
                                                      "@--\r\n");
    anycert_response_free(response);
    floor_remove_folder(1);
    anycert_client_free(client);
}

static void *write_pipe(void *arg)
{
    FILE *out = fopen(arg, "wbe");

    if (out) {
        (void)fputs("from a pipe", out);
        fclose(out);
    }
    return NULL;
}

static void form_part_from_a_pipe_goes_in_chunks_once(void **state)
{
    struct anycert_client *client = floor_client(NULL);
    pthread_t thread;
    char *path = NULL;

    (void)state;
    floor_folder();
    path = strdup(floor_path("pipe"));
    assert_int_equal(mkfifo(path, 0600), 0);
    for (int redirected = 0; redirected < 2; redirected++) {
        struct anycert_request *request =
            post(redirected ? floor_redirect(308, "/mirror") : "mirror");
        struct anycert_response *response = NULL;

        file(request, "f", path, NULL, "");
        assert_int_equal(pthread_create(&thread, NULL, write_pipe, path), 0);
        if (redirected) {
            floor_fails(client, request, ANYCERT_E_REDIRECTS, NULL);
            assert_non_null(strstr(floor_message(), "only once"));
        } else {
            response = floor_ok(client, request);
            assert_parts(response, MULTIPART,
                         DISPOSITION("name=\"f\"; filename=\"pipe\"") "\r\nfrom a pipe\r\n@--\r\n");
            anycert_response_free(response);
        }
        pthread_join(thread, NULL);
    }
    free(path);
    floor_remove_folder(1);
    anycert_client_free(client);
}

/* The most memory that this process ever had, in KiB. */
static long peak(void)
{
    FILE *status = fopen("/proc/self/status", "re");
    char line[256];
    long kib = 0;

    assert_non_null(status);
    while (fgets(line, sizeof line, status)) {
        if (strncmp(line, "VmHWM:", 6) == 0)
            kib = strtol(line + 6, NULL, 10);
    }
    fclose(status);
    return kib;
}

static void form_with_a_large_file_needs_no_memory_for_it(void **state)
{
    struct anycert_client *client = floor_client(NULL);
    struct anycert_response *response = NULL;
    long before = 0;

    (void)state;
    floor_folder();
    floor_write(floor_path("small"), "");
    floor_write(floor_path("large"), "");
    assert_int_equal(truncate(floor_path("large"), 256L << 20), 0);
    for (int large = 0; large < 2; large++) {
        struct anycert_request *request = post("echo");

        file(request, "f", floor_path(large ? "large" : "small"), NULL, NULL);
        before = peak();
        response = floor_ok(client, request);
        assert_int_equal(anycert_response_status(response), 200);
        if (large) {
            assert_true(floor_echo_number(response, "/body/length") > 256L << 20);
            assert_true(peak() - before < 32 * 1024);
        }
        anycert_response_free(response);
    }
    floor_remove_folder(2);
    anycert_client_free(client);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(form_of_fields_is_urlencoded),
        cmocka_unit_test(form_of_many_fields_arrives),
        cmocka_unit_test(form_with_files_is_multipart),
        cmocka_unit_test(form_boundary_is_another_each_time),
        cmocka_unit_test(form_names_are_quoted),
        cmocka_unit_test(form_names_with_control_characters_are_refused),
        cmocka_unit_test(form_file_that_cannot_be_read_is_an_error),
        cmocka_unit_test(form_content_type_of_the_caller),
        cmocka_unit_test(form_is_sent_again_by_a_redirect),
        cmocka_unit_test(form_part_from_a_pipe_goes_in_chunks_once),
        cmocka_unit_test(form_with_a_large_file_needs_no_memory_for_it),
    };

    return cmocka_run_group_tests(tests, floor_setup, floor_teardown);
}
