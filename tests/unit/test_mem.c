#include "base/mem.h"

#include <anycert/policy.h>

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

static void malloc_size_zero_is_memory(void **state)
{
    (void)state;
    void *a = anycert__malloc(0), *b = anycert__calloc(0, 8), *c = anycert__calloc(8, 0);
    void *d = anycert__realloc(NULL, 0), *e = anycert__memdup("x", 0);
    assert_true(a && b && c && d && e);
    d = anycert__realloc(d, 0);
    assert_non_null(d);
    anycert__free(a);
    anycert__free(b);
    anycert__free(c);
    anycert__free(d);
    anycert_free(e);
    anycert__free(NULL);
    anycert_free(NULL);
}

static void calloc_is_zeroed_and_refuses_overflow(void **state)
{
    (void)state;
    unsigned char *p = anycert__calloc(3, 5);
    assert_non_null(p);
    for (size_t i = 0; i < 15; i++)
        assert_int_equal(p[i], 0);
    anycert__free(p);
    /* volatile, so that the compiler does not see through the test and warn. */
    volatile size_t huge = SIZE_MAX / 2;
    assert_null(anycert__calloc(huge, 3));
}

static void copies_are_equal_and_separate(void **state)
{
    (void)state;
    char *a = anycert__strdup("hello"), *b = anycert__strndup("hello", 3);
    char *c = anycert__strndup("hi", 100), *d = anycert__memdup("a\0b", 3);
    assert_string_equal(a, "hello");
    assert_string_equal(b, "hel");
    assert_string_equal(c, "hi");
    assert_memory_equal(d, "a\0b", 3);
    anycert__free(a);
    anycert__free(b);
    anycert__free(c);
    anycert__free(d);
    assert_null(anycert__strdup(NULL));
    assert_null(anycert__strndup(NULL, 3));
    assert_null(anycert__memdup(NULL, 3));
}

static void fail_from_nth_request_on_all_fail(void **state)
{
    (void)state;
    anycert__mem_fail_from(3);
    void *a = anycert__malloc(1), *b = anycert__calloc(1, 1);
    assert_non_null(a);
    assert_non_null(b);
    assert_null(anycert__malloc(1));
    assert_null(anycert__realloc(a, 9));
    assert_null(anycert__strdup("x"));
    assert_int_equal(anycert__mem_requests(), 5);
    anycert__mem_fail_from(0);
    assert_int_equal(anycert__mem_requests(), 0);
    a = anycert__realloc(a, 9);
    assert_non_null(a);
    assert_int_equal(anycert__mem_requests(), 1);
    anycert__free(a);
    anycert__free(b);
}

static void wipe_overwrites(void **state)
{
    (void)state;
    char secret[] = "secret";
    anycert__wipe(secret, sizeof secret);
    for (size_t i = 0; i < sizeof secret; i++)
        assert_int_equal(secret[i], 0);
    anycert__wipe(NULL, 0);
    anycert__free_secret(NULL);
    anycert__free_secret(anycert__strdup("secret"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(malloc_size_zero_is_memory),
        cmocka_unit_test(calloc_is_zeroed_and_refuses_overflow),
        cmocka_unit_test(copies_are_equal_and_separate),
        cmocka_unit_test_teardown(fail_from_nth_request_on_all_fail, no_more_failures),
        cmocka_unit_test(wipe_overwrites),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
