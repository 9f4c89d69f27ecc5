#include "base/buf.h"
#include "base/mem.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static int no_more_failures(void **state)
{
    (void)state;
    anycert__mem_fail_from(0);
    return 0;
}

static void init_allocates_nothing(void **state)
{
    (void)state;
    struct anycert__buf buf;
    anycert__mem_fail_from(0);
    anycert__buf_init(&buf, 10);
    assert_null(buf.data);
    assert_int_equal(anycert__mem_requests(), 0);
    anycert__buf_free(&buf);
    anycert__buf_free(NULL);
}

static void add_appends_and_terminates(void **state)
{
    (void)state;
    struct anycert__buf buf;
    anycert__buf_init(&buf, 100000);
    assert_int_equal(anycert__buf_add(&buf, "", 0), 0);
    assert_string_equal(buf.data, "");
    for (unsigned i = 0; i < 10000; i++)
        assert_int_equal(anycert__buf_add(&buf, "ab\0c", 4), 0);
    assert_int_equal(buf.len, 40000);
    assert_int_equal(buf.data[buf.len], 0);
    assert_memory_equal(buf.data + 39996, "ab\0c", 4);
    anycert__buf_reset(&buf);
    assert_int_equal(buf.len, 0);
    assert_string_equal(buf.data, "");
    assert_int_equal(anycert__buf_adds(&buf, "x"), 0);
    assert_int_equal(anycert__buf_addf(&buf, "%d-%s", 5, "y"), 0);
    assert_string_equal(buf.data, "x5-y");
    anycert__buf_free(&buf);
}

static void add_up_to_max_and_not_beyond(void **state)
{
    (void)state;
    struct anycert__buf buf;
    anycert__buf_init(&buf, 5);
    assert_int_equal(anycert__buf_adds(&buf, "12345"), 0);
    assert_int_equal(anycert__buf_adds(&buf, "6"), -1);
    assert_true(buf.failed && buf.too_large);
    assert_string_equal(buf.data, "12345");
    assert_int_equal(anycert__buf_adds(&buf, ""), -1);
    struct anycert_error err = {0};
    assert_null(anycert__buf_take(&buf, "the thing", &err));
    assert_int_equal(err.code, ANYCERT_E_USAGE);
    assert_string_equal(err.message, "the thing is larger than 5 bytes");
    anycert__buf_reset(&buf);
    assert_false(buf.failed || buf.too_large);
    assert_int_equal(anycert__buf_addf(&buf, "%s", "123456"), -1);
    assert_true(buf.failed && buf.too_large);
    anycert__buf_free(&buf);
}

static void add_with_no_maximum_does_not_overflow(void **state)
{
    (void)state;
    struct anycert__buf buf;
    anycert__buf_init(&buf, SIZE_MAX);
    assert_int_equal(anycert__buf_adds(&buf, "1"), 0);
    assert_int_equal(anycert__buf_add(&buf, "1", SIZE_MAX), -1);
    assert_true(buf.failed && buf.too_large);
    anycert__buf_free(&buf);
}

static void take_hands_over(void **state)
{
    (void)state;
    struct anycert__buf buf;
    anycert__buf_init(&buf, 100);
    char *empty = anycert__buf_take(&buf, "x", NULL);
    assert_string_equal(empty, "");
    anycert__free(empty);
    assert_null(buf.data);
    anycert__buf_adds(&buf, "abc");
    char *text = anycert__buf_take(&buf, "x", NULL);
    assert_string_equal(text, "abc");
    assert_null(buf.data);
    assert_int_equal(buf.len, 0);
    assert_int_equal(buf.max, 100);
    anycert__free(text);
    anycert__buf_free(&buf);
}

static void add_without_memory_stays_failed(void **state)
{
    (void)state;
    struct anycert__buf buf;
    struct anycert_error err = {0};
    anycert__buf_init(&buf, 1000);
    anycert__buf_adds(&buf, "kept");
    anycert__mem_fail_from(1);
    for (int i = 0; i < 20; i++)
        anycert__buf_adds(&buf, "0123456789");
    anycert__mem_fail_from(0);
    assert_true(buf.failed);
    assert_false(buf.too_large);
    assert_int_equal(anycert__buf_adds(&buf, "x"), -1);
    assert_true(strncmp(buf.data, "kept0123", 8) == 0);
    assert_null(anycert__buf_take(&buf, "x", &err));
    assert_int_equal(err.code, ANYCERT_E_NOMEM);
    anycert__buf_free(&buf);

    anycert__error_clear(&err);
    anycert__buf_init(&buf, 10);
    anycert__mem_fail_from(1);
    assert_null(anycert__buf_take(&buf, "x", &err));
    assert_int_equal(err.code, ANYCERT_E_NOMEM);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(init_allocates_nothing),
        cmocka_unit_test(add_appends_and_terminates),
        cmocka_unit_test(add_up_to_max_and_not_beyond),
        cmocka_unit_test(add_with_no_maximum_does_not_overflow),
        cmocka_unit_test(take_hands_over),
        cmocka_unit_test_teardown(add_without_memory_stays_failed, no_more_failures),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
