#include "base/error.h"
#include "base/str.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static void fail_writes_code_and_sentence(void **state)
{
    (void)state;
    struct anycert_error err = {0};
    assert_int_equal(anycert__fail(&err, ANYCERT_E_URL, "the URL '%s' has %d", "x", 7), -1);
    assert_int_equal(err.code, ANYCERT_E_URL);
    assert_int_equal(err.tls_alert, -1);
    assert_int_equal(err.os_errno, 0);
    assert_string_equal(err.message, "the URL 'x' has 7");
}

static void fail_first_error_wins(void **state)
{
    (void)state;
    struct anycert_error err = {0};
    anycert__fail(&err, ANYCERT_E_URL, "first");
    assert_int_equal(anycert__fail(&err, ANYCERT_E_NOMEM, "second"), -1);
    assert_int_equal(anycert__fail_errno(&err, ANYCERT_E_FILE, ENOENT, "third"), -1);
    assert_int_equal(anycert__fail_nomem(&err), -1);
    assert_int_equal(err.code, ANYCERT_E_URL);
    assert_string_equal(err.message, "first");
}

static void fail_without_structure_returns_minus_one(void **state)
{
    (void)state;
    assert_int_equal(anycert__fail(NULL, ANYCERT_E_URL, "x"), -1);
    assert_int_equal(anycert__fail_errno(NULL, ANYCERT_E_URL, EIO, "x"), -1);
    assert_int_equal(anycert__error_prefix(NULL, "x"), -1);
    anycert__error_clear(NULL);
}

static void fail_with_code_zero_is_internal(void **state)
{
    (void)state;
    struct anycert_error err = {0};
    anycert__fail(&err, 0, "x");
    assert_int_equal(err.code, ANYCERT_E_INTERNAL);
}

static void fail_escapes_what_cannot_be_shown(void **state)
{
    (void)state;
    static const struct {
        const char *name, *text, *expected;
    } rows[] = {
        {"escape", "a\x1b[31mb", "a\\x1b[31mb"},
        {"newline", "a\r\nb\tc\x7f", "a\\x0d\\x0ab\\x09c\\x7f"},
        {"c1",
         "a\xc2\x9b"
         "b",
         "a\\xc2\\x9bb"},
        {"right to left",
         "a\xe2\x80\xae"
         "b",
         "a\\xe2\\x80\\xaeb"},
        {"not UTF-8", "a\xff\xc3(", "a\\xff\\xc3("},
        {"half a character at the end", "a\xc3", "a\\xc3"},
        {"backslash", "a\\b", "a\\b"},
        {"UTF-8", "\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80", "\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct anycert_error err = {0};
        anycert__fail(&err, ANYCERT_E_USAGE, "%s", rows[i].text);
        if (strcmp(err.message, rows[i].expected) != 0)
            fail_msg("%s: '%s'", rows[i].name, err.message);
    }
}

static void fail_cuts_between_characters(void **state)
{
    (void)state;
    char text[4000];
    for (size_t shift = 0; shift < 4; shift++) {
        memset(text, 'x', shift);
        size_t len = shift;
        for (; len + 3 < sizeof text - 1; len += 3)
            memcpy(text + len, "\xe2\x82\xac", 3);
        text[len] = '\0';
        struct anycert_error err = {0};
        anycert__fail(&err, ANYCERT_E_USAGE, "%s", text);
        size_t n = strlen(err.message);
        assert_true(n <= ANYCERT_ERROR_MESSAGE_SIZE - 1 && n >= ANYCERT_ERROR_MESSAGE_SIZE - 4);
        assert_true(anycert__is_utf8(err.message, n));
        assert_null(strstr(err.message, "\\x"));
    }
}

static void fail_errno_appends_reason(void **state)
{
    (void)state;
    struct anycert_error err = {0};
    anycert__fail_errno(&err, ANYCERT_E_FILE, ENOENT, "file '%s'", "a");
    assert_int_equal(err.os_errno, ENOENT);
    assert_int_equal(err.tls_alert, -1);
    assert_string_equal(err.message, "file 'a': No such file or directory");
}

static void prefix_stands_in_front(void **state)
{
    (void)state;
    struct anycert_error err = {0};
    anycert__error_prefix(&err, "nothing to prefix");
    assert_string_equal(err.message, "");
    anycert__fail_errno(&err, ANYCERT_E_FILE, EACCES, "no\nluck");
    assert_int_equal(anycert__error_prefix(&err, "policy '%s'", "p"), -1);
    assert_string_equal(err.message, "policy 'p': no\\x0aluck: Permission denied");
    assert_int_equal(err.code, ANYCERT_E_FILE);
    assert_int_equal(err.os_errno, EACCES);
    anycert__error_clear(&err);
    assert_int_equal(err.code, 0);
    assert_string_equal(err.message, "");
}

static void prefix_longer_than_the_message_is_cut(void **state)
{
    (void)state;
    char text[5000];
    memset(text, 'p', sizeof text - 1);
    text[sizeof text - 1] = '\0';
    struct anycert_error err = {0};
    anycert__fail(&err, ANYCERT_E_FILE, "x");
    anycert__error_prefix(&err, "%s", text);
    assert_int_equal(strlen(err.message), ANYCERT_ERROR_MESSAGE_SIZE - 1);
}

static void codes_follow_their_list(void **state)
{
    (void)state;
    static const struct {
        int code, class_number;
        const char *name, *meaning;
    } rows[] = {
#define ANYCERT_ERROR(error_name, number, error_class, text)                                       \
    {number, ANYCERT_CLASS_##error_class, #error_name, text},
#include <anycert/errors.def>
    };
    size_t count = sizeof rows / sizeof rows[0];
    for (size_t i = 0; i < count; i++) {
        assert_int_equal(rows[i].code / 100, rows[i].class_number);
        assert_int_equal(anycert_error_class_of(rows[i].code), rows[i].class_number);
        assert_string_equal(anycert_error_name(rows[i].code), rows[i].name);
        assert_string_equal(anycert_error_meaning(rows[i].code), rows[i].meaning);
        for (size_t j = 0; j < i; j++)
            assert_int_not_equal(rows[i].code, rows[j].code);
    }
    assert_string_equal(anycert_error_name(0), "SUCCESS");
    assert_int_equal(anycert_error_class_of(0), ANYCERT_CLASS_OK);
}

static void codes_unknown_number_is_internal(void **state)
{
    (void)state;
    assert_int_equal(anycert_error_class_of(99999), ANYCERT_CLASS_INTERNAL);
    assert_int_equal(anycert_error_class_of(-1), ANYCERT_CLASS_INTERNAL);
    assert_null(anycert_error_name(99999));
    assert_null(anycert_error_meaning(-1));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(fail_writes_code_and_sentence),
        cmocka_unit_test(fail_first_error_wins),
        cmocka_unit_test(fail_without_structure_returns_minus_one),
        cmocka_unit_test(fail_with_code_zero_is_internal),
        cmocka_unit_test(fail_escapes_what_cannot_be_shown),
        cmocka_unit_test(fail_cuts_between_characters),
        cmocka_unit_test(fail_errno_appends_reason),
        cmocka_unit_test(prefix_stands_in_front),
        cmocka_unit_test(prefix_longer_than_the_message_is_cut),
        cmocka_unit_test(codes_follow_their_list),
        cmocka_unit_test(codes_unknown_number_is_internal),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
