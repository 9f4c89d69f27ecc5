/* How long calls took: what is counted comes out again, nearly, whatever its size. */
#include "client/latency.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void nothing_known_gives_nothing(void **state)
{
    struct anycert__latency latency = {0};

    (void)state;
    assert_int_equal(anycert__latency_within(&latency, 50), -1);
    assert_int_equal(anycert__latency_mean(&latency), -1);
    anycert__latency_add(&latency, 7);
    assert_int_equal(anycert__latency_within(&latency, -1), -1);
    assert_int_equal(anycert__latency_within(&latency, 100.5), -1);
    assert_int_equal(anycert__latency_within(&latency, 0.0 / 0.0), -1);
    anycert__latency_clear(&latency);
    assert_int_equal(anycert__latency_within(&latency, 50), -1);
}

static void percents_are_in_their_order(void **state)
{
    struct anycert__latency latency = {0};

    (void)state;
    for (int64_t us = 1000; us >= 1; us--)
        anycert__latency_add(&latency, us);
    assert_int_equal(anycert__latency_within(&latency, 0), 1);
    assert_int_equal(anycert__latency_within(&latency, 1), 10);
    assert_in_range(anycert__latency_within(&latency, 50), 500, 500 + 500 / 16);
    assert_in_range(anycert__latency_within(&latency, 95), 950, 950 + 950 / 16);
    assert_int_equal(anycert__latency_within(&latency, 100), 1000);
    assert_int_equal(anycert__latency_mean(&latency), 500);
    anycert__latency_clear(&latency);
}

static void every_size_is_exact_to_a_sixteenth(void **state)
{
    static const int64_t beyond = INT64_C(1) << 45;

    (void)state;
    for (int64_t us = 0; us < beyond; us = us * 5 / 4 + 1) {
        const int64_t kept = us < INT64_C(1) << 40 ? us : (INT64_C(1) << 40) - 1;
        struct anycert__latency latency = {0};

        anycert__latency_add(&latency, us);
        anycert__latency_add(&latency, beyond); /* so that the class counts, and not the longest */
        assert_in_range(anycert__latency_within(&latency, 50), kept, kept + kept / 16);
        assert_int_equal(anycert__latency_within(&latency, 0), kept);
        anycert__latency_clear(&latency);
    }
}

static void clocks_that_go_back_count_as_nothing(void **state)
{
    struct anycert__latency latency = {0};

    (void)state;
    anycert__latency_add(&latency, -5);
    assert_int_equal(anycert__latency_within(&latency, 100), 0);
    assert_int_equal(anycert__latency_mean(&latency), 0);
    anycert__latency_clear(&latency);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_known_gives_nothing),
        cmocka_unit_test(percents_are_in_their_order),
        cmocka_unit_test(every_size_is_exact_to_a_sixteenth),
        cmocka_unit_test(clocks_that_go_back_count_as_nothing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
