#include "support/sample_facts.h"

#include "base/mem.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <pthread.h>

static int no_more_failures(void **state)
{
    (void)state;
    anycert__mem_fail_from(0);
    return 0;
}

static void new_is_empty_and_fails_closed(void **state)
{
    (void)state;
    struct anycert__facts *facts = anycert__facts_new();
    assert_non_null(facts);
    assert_int_equal(facts->references, 1);
    assert_int_equal(facts->failure.alert, -1);
    assert_false(facts->verified);
    assert_false(facts->complete);
    assert_int_equal(facts->error_count, 0);
    anycert__facts_unref(facts);
    anycert__facts_unref(NULL);
    assert_null(anycert__facts_ref(NULL));
}

static void new_without_memory_is_null(void **state)
{
    (void)state;
    anycert__mem_fail_from(1);
    assert_null(anycert__facts_new());
}

static void add_error_twice_keeps_one(void **state)
{
    (void)state;
    struct anycert__facts *facts = anycert__facts_new();
    assert_int_equal(anycert__facts_add_error(facts, 10, 0), 0);
    assert_int_equal(anycert__facts_add_error(facts, 10, 1), 0);
    assert_int_equal(anycert__facts_add_error(facts, 18, 0), 0);
    assert_int_equal(anycert__facts_add_error(facts, 10, 1), 0);
    assert_int_equal(facts->error_count, 3);
    assert_int_equal(facts->errors[1].code, 10);
    assert_int_equal(facts->errors[1].depth, 1);
    anycert__facts_unref(facts);
}

static void add_error_without_memory_keeps_what_was_there(void **state)
{
    (void)state;
    struct anycert__facts *facts = anycert__facts_new();
    assert_int_equal(anycert__facts_add_error(facts, 10, 0), 0);
    anycert__mem_fail_from(1);
    assert_int_equal(anycert__facts_add_error(facts, 18, 0), -1);
    anycert__mem_fail_from(0);
    assert_int_equal(facts->error_count, 1);
    assert_int_equal(facts->errors[0].code, 10);
    anycert__facts_unref(facts);
}

static void certificate_clear_leaves_an_empty_one(void **state)
{
    (void)state;
    struct anycert__certificate certificate = {0};
    anycert__certificate_clear(&certificate);
    anycert__certificate_clear(NULL);
    sample_name(&certificate, ANYCERT__NAME_DNS, "a\0b", 3);
    sample_string(&certificate.subject, "CN=a");
    anycert__certificate_clear(&certificate);
    assert_null(certificate.names);
    assert_null(certificate.subject);
    assert_int_equal(certificate.name_count, 0);
}

#define ROUNDS 20000

static void *take_and_drop(void *facts)
{
    for (int i = 0; i < ROUNDS; i++)
        anycert__facts_unref(anycert__facts_ref(facts));
    anycert__facts_unref(facts);
    return NULL;
}

static void references_from_two_threads_free_once(void **state)
{
    (void)state;
    pthread_t threads[2];
    struct anycert__facts *facts = sample_facts();
    anycert__facts_ref(facts);
    for (int i = 0; i < 2; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, take_and_drop, facts), 0);
    for (int i = 0; i < 2; i++)
        assert_int_equal(pthread_join(threads[i], NULL), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(new_is_empty_and_fails_closed),
        cmocka_unit_test_teardown(new_without_memory_is_null, no_more_failures),
        cmocka_unit_test(add_error_twice_keeps_one),
        cmocka_unit_test_teardown(add_error_without_memory_keeps_what_was_there, no_more_failures),
        cmocka_unit_test(certificate_clear_leaves_an_empty_one),
        cmocka_unit_test(references_from_two_threads_free_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
