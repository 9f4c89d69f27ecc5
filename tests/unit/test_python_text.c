/* Bytes and JSON as Python shows them; what is expected here was printed by CPython 3.11. */
#include "client/python_text.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define COUNT(a) (sizeof(a) / sizeof(a)[0])

static void bytes_are_shown_as_repr_does(void **state)
{
    static const struct {
        const char *in;
        size_t len;
        const char *out;
    } rows[] = {
        {"", 0, "b''"},
        {"notjson", 7, "b'notjson'"},
        {"it's", 4, "b\"it's\""},
        {"it's \"x\"", 8, "b'it\\'s \"x\"'"},
        {"\"", 1, "b'\"'"},
        {"a\\b\n\r\t\0\x7f\xc3\xa9", 10, "b'a\\\\b\\n\\r\\t\\x00\\x7f\\xc3\\xa9'"},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct anycert__buf out;

        anycert__buf_init(&out, 1000);
        anycert__python_bytes(&out, rows[i].in, rows[i].len);
        assert_string_equal(out.data, rows[i].out);
        anycert__buf_free(&out);
    }
}

static void json_is_shown_as_dumps_does(void **state)
{
    static const char *const rows[][2] = {
        {"{\"error\":\"e\xc3\xa9\"}", "{\"error\": \"e\\u00e9\"}"},
        {"null", "null"},
        {" [ ] ", "[]"},
        {"{}", "{}"},
        {"[1,2.50,-0,-0.0,1e2,1E400,-1E400,1e16,1e15,123456789012345678901234567890]",
         "[1, 2.5, 0, -0.0, 100.0, Infinity, -Infinity, 1e+16, 1000000000000000.0, "
         "123456789012345678901234567890]"},
        {"[0.1,1e-4,1e-5,0.00001234,5e-324,1.7976931348623157e308,3.0,0.30000000000000004]",
         "[0.1, 0.0001, 1e-05, 1.234e-05, 5e-324, 1.7976931348623157e+308, 3.0, "
         "0.30000000000000004]"},
        {"[123456789.123,1234567890123456.0,1.5e300]",
         "[123456789.123, 1234567890123456.0, 1.5e+300]"},
        {"[true,false,NaN,Infinity,-Infinity]", "[true, false, NaN, Infinity, -Infinity]"},
        {"\"\\u0000\\b\\f\\n\\r\\t\\\"\\\\/\\u007f\\ud83d\\ude00\"",
         "\"\\u0000\\b\\f\\n\\r\\t\\\"\\\\/\\u007f\\ud83d\\ude00\""},
        /* Python keeps halves of a pair, which are no text anywhere else. */
        {"[\"\\ud800\",NaN,\"nan\"]", "[\"\\ufffd\", NaN, \"nan\"]"},
        {"{\"a\":1,\"b\":{\"c\":[{}]},\"a\":2}", "{\"a\": 2, \"b\": {\"c\": [{}]}}"},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct anycert__buf out;

        anycert__buf_init(&out, 10000);
        assert_true(anycert__python_json(&out, rows[i][0], strlen(rows[i][0])));
        assert_string_equal(out.data, rows[i][1]);
        anycert__buf_free(&out);
    }
}

/* As in a dict, however many there are: the first one's place, the last one's value. */
static void names_that_come_twice_are_one(void **state)
{
    static const size_t counts[] = {1, 2, 7, 1000, 1001, 50000};

    (void)state;
    for (size_t i = 0; i < COUNT(counts); i++) {
        size_t size = 32 * counts[i] + 64;
        char *text = malloc(size);
        size_t len = 0;
        struct anycert__buf out;

        assert_non_null(text);
        for (size_t round = 0; round < 2; round++) {
            for (size_t n = 0; n < counts[i]; n++)
                len += (size_t)snprintf(text + len, size - len, "%s\"%zu\": %zu",
                                        len == 0 ? "{" : ", ", n, round);
        }
        (void)snprintf(text + len, size - len, "}");
        anycert__buf_init(&out, 10 << 20);
        assert_true(anycert__python_json(&out, text, len + 1));
        len = 0;
        for (size_t n = 0; n < counts[i]; n++)
            len +=
                (size_t)snprintf(text + len, size - len, "%s\"%zu\": 1", len == 0 ? "{" : ", ", n);
        (void)snprintf(text + len, size - len, "}");
        assert_string_equal(out.data, text);
        anycert__buf_free(&out);
        free(text);
    }
}

static void what_is_no_json_adds_nothing(void **state)
{
    static const char *const rows[] = {"",    "plain", "{",    "[1,]",     "{\"a\":1} x", "'a'",
                                       "nan", "inf",   "-NaN", "INFINITY", "[-inf]",      "[nul]"};

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct anycert__buf out;

        anycert__buf_init(&out, 10000);
        assert_false(anycert__python_json(&out, rows[i], strlen(rows[i])));
        assert_int_equal(out.len, 0);
        anycert__buf_free(&out);
    }
}

/* Nothing is left out of what is nested deeper than Python takes: it is shown as it came. */
static void json_that_is_too_deep_is_none(void **state)
{
    static const size_t depths[] = {1, 500, 900, 901, 100000};

    (void)state;
    for (size_t i = 0; i < COUNT(depths); i++) {
        size_t depth = depths[i];
        char *text = malloc(2 * depth + 1);
        struct anycert__buf out;

        assert_non_null(text);
        memset(text, '[', depth);
        memset(text + depth, ']', depth);
        text[2 * depth] = '\0';
        anycert__buf_init(&out, 10000);
        assert_int_equal(anycert__python_json(&out, text, 2 * depth), depth <= 900);
        assert_string_equal(out.data ? out.data : "", depth <= 900 ? text : "");
        anycert__buf_free(&out);
        free(text);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bytes_are_shown_as_repr_does),
        cmocka_unit_test(json_is_shown_as_dumps_does),
        cmocka_unit_test(names_that_come_twice_are_one),
        cmocka_unit_test(what_is_no_json_adds_nothing),
        cmocka_unit_test(json_that_is_too_deep_is_none),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
