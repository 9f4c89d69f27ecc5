#include "base/clock.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

#include <cmocka.h>

static int64_t read_number(void *arg)
{
    const int64_t *number = arg;
    return *number;
}

static void now_injected_is_called(void **state)
{
    (void)state;
    int64_t number = INT64_C(-62135596800);
    struct anycert__clock clock = {read_number, &number};
    assert_true(anycert__clock_now(&clock) == INT64_C(-62135596800));
    number = INT64_C(253402300799);
    assert_true(anycert__clock_now(&clock) == INT64_C(253402300799));
}

static void now_zeroed_is_the_system(void **state)
{
    (void)state;
    struct anycert__clock clock = {0};
    int64_t before = (int64_t)time(NULL);
    int64_t now = anycert__clock_now(&clock);
    int64_t later = anycert__clock_now(NULL);
    int64_t after = (int64_t)time(NULL);
    assert_true(before <= now && now <= later && later <= after);
}

static void monotonic_never_goes_back(void **state)
{
    (void)state;
    int64_t last = anycert__monotonic_us();
    for (int i = 0; i < 10000; i++) {
        int64_t next = anycert__monotonic_us();
        assert_true(next >= last);
        last = next;
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(now_injected_is_called),
        cmocka_unit_test(now_zeroed_is_the_system),
        cmocka_unit_test(monotonic_never_goes_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
