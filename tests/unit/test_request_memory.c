/* Requests are made, and answers read, with memory that runs out at every point once: one error,
 * nothing lost, and what was there stays. */
#include <anycert/anycert.h>

#include "base/mem.h"
#include "client/internal.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define COUNT(a) (sizeof(a) / sizeof(a)[0])

static int64_t read_nothing(void *arg, void *buffer, size_t size)
{
    (void)arg;
    (void)buffer;
    (void)size;
    return 0;
}

static int set_step(struct anycert_request *request, int step, struct anycert_error *err)
{
    switch (step) {
    case 0:
        return anycert_request_add_header(request, "X-One", "1", err);
    case 1:
        return anycert_request_add_param(request, "a b", "c/d", err);
    case 2:
        return anycert_request_set_query(request, "e=f g", err);
    case 3:
        return anycert_request_set_query_encoding(request, ANYCERT_QUERY_PERCENT, err);
    case 4:
        return anycert_request_set_body(request, "bytes", 5, err);
    case 5:
        return anycert_request_set_json(request, "{\"a\": [1, 2]}", 13, err);
    case 6:
        return anycert_request_set_body_file(request, "/dev/null", err);
    case 7:
        return anycert_request_set_body_source(request, read_nothing, NULL, -1, NULL, err);
    case 8:
        return anycert_request_add_form(request, "name", "value", err);
    case 9:
        return anycert_request_add_form(request, "more",
                                        "a value that is longer than the first piece of memory "
                                        "that a form is given",
                                        err);
    case 10:
        return anycert_request_add_file(request, "file", "/dev/null", NULL, NULL, err);
    case 11:
        return anycert_request_add_part(request, "part", "data", 4, "name", "text/plain", err);
    default:
        return anycert_request_add_form(request, "last", "1", err);
    }
}

static void setters_without_memory_fail_and_lose_nothing(void **state)
{
    struct anycert_request *request = anycert_request_new("POST", "https://localhost/?x=y", NULL);

    (void)state;
    assert_non_null(request);
    for (int step = 0; step <= 12; step++) {
        int result = -1;

        for (unsigned long nth = 1; result < 0; nth++) {
            struct anycert_error err = {0};

            anycert__mem_fail_from(nth);
            result = set_step(request, step, &err);
            anycert__mem_fail_from(0);
            assert_int_equal(err.code, result < 0 ? ANYCERT_E_NOMEM : 0);
            assert_true(nth < 100);
        }
    }
    assert_int_equal(request->headers.count, 1);
    assert_string_equal(request->url.text, "https://localhost/?x=y&e=f%20g&a%20b=c%2Fd");
    assert_int_equal(request->body.kind, ANYCERT__BODY_PARTS);
    assert_int_equal(request->body.part_count, 5);
    assert_int_equal(request->field_count, 3);
    assert_string_equal(request->body.parts[2].name, "last");
    assert_string_equal(request->body.parts[3].filename, "null");
    assert_string_equal(request->body.parts[4].type, "text/plain");
    anycert_request_free(request);
}

static void config_without_memory_fails(void **state)
{
    struct anycert_config *config = anycert_config_new(NULL);
    struct anycert_config *copy = NULL;
    char *joined = NULL;

    (void)state;
    for (unsigned long nth = 1; !copy; nth++) {
        struct anycert_error err = {0};

        anycert__mem_fail_from(nth);
        if (config->base_url || anycert_config_set_base_url(config, "https://u:p@h/a?b", &err) == 0)
            if (config->headers.count || anycert_config_add_header(config, "X-A", "b", &err) == 0)
                copy = anycert__config_copy(config, &err);
        anycert__mem_fail_from(0);
        assert_int_equal(err.code, copy ? 0 : ANYCERT_E_NOMEM);
        assert_true(nth < 300);
    }
    assert_string_equal(copy->base_url, "https://u:p@h/a?b");
    assert_string_equal(copy->headers.list[0].value, "b");
    anycert_config_free(copy);
    anycert_config_free(config);
    for (unsigned long nth = 1; !joined; nth++) {
        struct anycert_error err = {0};

        anycert__mem_fail_from(nth);
        joined = anycert_url_join("https://u:p@h/a?b", "../c d", &err);
        anycert__mem_fail_from(0);
        assert_int_equal(err.code, joined ? 0 : ANYCERT_E_NOMEM);
        assert_true(nth < 300);
    }
    assert_string_equal(joined, "https://u:p@h/c%20d?b");
    anycert_free(joined);
}

static struct anycert_response *answer(const char *type, const char *body)
{
    struct anycert_response *response = anycert__response_new(NULL);

    assert_non_null(response);
    assert_int_equal(anycert__fields_add(&response->fields, "Content-Type", type, NULL), 0);
    assert_int_equal(anycert__buf_add(&response->body, body, strlen(body)), 0);
    return response;
}

static void reading_without_memory_fails(void **state)
{
    static const struct {
        const char *type, *body;
    } rows[] = {{"application/json", "[NaN, \"\xff\", 12345678901234567890123]"},
                {"text/plain", "[1, 2]"},
                {"text/plain; charset=utf-16", "[\0001\0]"}};

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct anycert_response *response = answer(rows[i].type, rows[i].body);
        struct anycert_json *json = NULL;
        char *text = NULL;

        for (unsigned long nth = 1; !text; nth++) {
            struct anycert_error err = {0};

            anycert__mem_fail_from(nth);
            text = anycert_response_text(response, NULL, &err);
            anycert__mem_fail_from(0);
            assert_int_equal(err.code, text ? 0 : ANYCERT_E_NOMEM);
            assert_true(nth < 100);
        }
        for (unsigned long nth = 1; !json && i < 2; nth++) {
            struct anycert_error err = {0};

            anycert__mem_fail_from(nth);
            json = anycert_response_json(response, &err);
            anycert__mem_fail_from(0);
            assert_int_equal(err.code, json ? 0 : ANYCERT_E_NOMEM);
            assert_true(nth < 100);
        }
        anycert_json_free(json);
        anycert_free(text);
        anycert_response_free(response);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(setters_without_memory_fail_and_lose_nothing),
        cmocka_unit_test(config_without_memory_fails),
        cmocka_unit_test(reading_without_memory_fails),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
