#include "http/fields.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define COUNT(a) (sizeof(a) / sizeof(a)[0])

static void is_token_every_byte(void **state)
{
    static const char allowed[] = "!#$%&'*+-.^_`|~0123456789"
                                  "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";

    (void)state;
    for (int c = 1; c < 256; c++) {
        char text[] = {'a', (char)(unsigned char)c, '\0'};
        assert_int_equal(anycert__is_token(text), strchr(allowed, c) != NULL);
    }
    assert_false(anycert__is_token(""));
    assert_false(anycert__is_token(NULL));
}

static void field_check_every_byte_of_a_value(void **state)
{
    (void)state;
    for (int c = 1; c < 256; c++) {
        char value[] = {'a', (char)(unsigned char)c, 'b', '\0'};
        struct anycert_error err = {0};
        bool allowed = c == '\t' || (c >= 0x20 && c != 0x7f);

        assert_int_equal(anycert__field_check("X-A", value, &err), allowed ? 0 : -1);
        assert_int_equal(err.code, allowed ? 0 : ANYCERT_E_HEADER);
    }
}

static void field_check_never_quotes_the_value(void **state)
{
    struct anycert_error err = {0};

    (void)state;
    assert_int_equal(anycert__field_check("Authorization", "hunter2\r\nX: y", &err), -1);
    assert_null(strstr(err.message, "hunter2"));
    assert_non_null(strstr(err.message, "Authorization"));
}

static void field_check_framing_is_ours(void **state)
{
    static const char *const names[] = {
        "Content-Length", "content-length", "Transfer-Encoding", "Connection",      "TE",
        "Upgrade",        "Keep-Alive",     "Trailer",           "Proxy-Connection"};

    (void)state;
    for (size_t i = 0; i < COUNT(names); i++) {
        struct anycert_error err = {0};
        assert_int_equal(anycert__field_check(names[i], "x", &err), -1);
        assert_int_equal(err.code, ANYCERT_E_HEADER);
        assert_int_equal(anycert__field_check(names[i], NULL, NULL), -1);
    }
    assert_int_equal(anycert__field_check("Accept", NULL, NULL), 0);
    assert_int_equal(anycert__field_check("X-Empty", "", NULL), 0);
    assert_int_equal(anycert__field_check("X Y", "z", NULL), -1);
    assert_int_equal(anycert__field_check("X:", "z", NULL), -1);
    assert_int_equal(anycert__field_check(NULL, "z", NULL), -1);
}

static void take(struct anycert__fields *fields, const char *line)
{
    assert_int_equal(anycert__fields_take_line(fields, line, strlen(line), NULL), 0);
}

static void take_line_reads_fields_and_folds(void **state)
{
    struct anycert__fields fields = {0};

    (void)state;
    take(&fields, " folded before anything\r\n");
    take(&fields, "A: 1\r\n");
    take(&fields, "a:2  \t\r\n");
    take(&fields, "B:\r\n");
    take(&fields, "C: x\r\n");
    take(&fields, "\t  y \r\n");
    take(&fields, "no colon\r\n");
    take(&fields, ": no name\r\n");
    take(&fields, "\r\n");
    take(&fields, "D: with: colons");
    assert_int_equal(anycert__fields_take_line(&fields, "E: a\0b\r\n", 8, NULL), 0);
    assert_int_equal(fields.count, 5);
    assert_string_equal(anycert__fields_get(&fields, "A", 0), "1");
    assert_string_equal(anycert__fields_get(&fields, "A", 1), "2");
    assert_null(anycert__fields_get(&fields, "A", 2));
    assert_string_equal(anycert__fields_get(&fields, "b", 0), "");
    assert_string_equal(anycert__fields_get(&fields, "C", 0), "x y");
    assert_string_equal(anycert__fields_get(&fields, "D", 0), "with: colons");
    assert_null(anycert__fields_get(&fields, "E", 0));
    anycert__fields_clear(&fields);
    anycert__fields_clear(&fields);
}

static void add_many_keeps_the_order(void **state)
{
    struct anycert__fields fields = {0};
    char value[8] = "0";

    (void)state;
    for (int i = 0; i < 100; i++) {
        value[0] = (char)('0' + i % 10);
        assert_int_equal(anycert__fields_add(&fields, "N", value, NULL), 0);
    }
    assert_int_equal(anycert__fields_add(&fields, "None", NULL, NULL), 0);
    assert_string_equal(anycert__fields_get(&fields, "n", 57), "7");
    assert_null(anycert__fields_get(&fields, "None", 0));
    anycert__fields_clear(&fields);
}

static void value_of_many_lines_is_whole(void **state)
{
    struct anycert__fields fields = {0};
    const char *value = NULL;

    (void)state;
    take(&fields, "Before: it\r\n");
    take(&fields, "Long: 0\r\n");
    for (int i = 1; i < 3000; i++) {
        char line[32];

        snprintf(line, sizeof line, "  %d\r\n", i % 1000);
        take(&fields, line);
        if (i == 1500) { /* another one in between */
            assert_int_equal(anycert__fields_add(&fields, "Dropped", "secret", NULL), 0);
            anycert__fields_drop_last(&fields);
        }
    }
    take(&fields, "After: it\r\n");
    assert_int_equal(fields.count, 3);
    value = anycert__fields_get(&fields, "Long", 0);
    for (int i = 0; i < 3000; i++) {
        char number[32];

        snprintf(number, sizeof number, "%s%d", i ? " " : "", i % 1000);
        assert_memory_equal(value, number, strlen(number));
        value += strlen(number);
    }
    assert_string_equal(value, "");
    assert_string_equal(anycert__fields_get(&fields, "Before", 0), "it");
    assert_string_equal(anycert__fields_get(&fields, "After", 0), "it");
    anycert__fields_clear(&fields);
}

static bool is_wiped(const char *value, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        if (value[i])
            return false;
    }
    return true;
}

static void what_is_removed_is_wiped_where_it_lies(void **state)
{
    static const char secret[] = "secret";
    struct anycert__fields fields = {0};
    const char *values[3];

    (void)state;
    assert_int_equal(anycert__fields_add(&fields, "Authorization", secret, NULL), 0);
    assert_int_equal(anycert__fields_add(&fields, "Empty", NULL, NULL), 0);
    assert_int_equal(anycert__fields_add(&fields, "Kept", secret, NULL), 0);
    assert_int_equal(anycert__fields_add(&fields, "Dropped", secret, NULL), 0);
    for (size_t i = 0; i < 3; i++)
        values[i] = fields.list[i + (i > 0)].value;
    anycert__fields_drop_last(&fields);
    anycert__fields_remove(&fields, "authorization");
    anycert__fields_remove(&fields, "Empty");
    assert_true(is_wiped(values[0], sizeof secret));
    assert_string_equal(values[1], secret);
    assert_true(is_wiped(values[2], sizeof secret));
    assert_int_equal(fields.count, 1);
    /* What is folded onto another one's end goes elsewhere, and nothing stays of it where it was.
     */
    take(&fields, "  more\r\n");
    assert_string_equal(anycert__fields_get(&fields, "Kept", 0), "secret more");
    assert_true(is_wiped(values[1], sizeof secret));
    anycert__fields_clear(&fields);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(is_token_every_byte),
        cmocka_unit_test(field_check_every_byte_of_a_value),
        cmocka_unit_test(field_check_never_quotes_the_value),
        cmocka_unit_test(field_check_framing_is_ours),
        cmocka_unit_test(take_line_reads_fields_and_folds),
        cmocka_unit_test(add_many_keeps_the_order),
        cmocka_unit_test(value_of_many_lines_is_whole),
        cmocka_unit_test(what_is_removed_is_wiped_where_it_lies),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
