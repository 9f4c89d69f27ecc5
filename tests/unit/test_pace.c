/* The token bucket and the circuit breaker, on a clock of the test. */
#include "client/pace.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#define SECOND INT64_C(1000000)

static struct anycert__pace *pace_of(double rate, unsigned burst, unsigned failures,
                                     uint32_t recovery_ms)
{
    struct anycert_config *config = anycert_config_new(NULL);
    struct anycert__pace *pace = NULL;

    assert_int_equal(anycert_config_set_rate_limit(config, rate, burst, NULL), 0);
    assert_int_equal(anycert_config_set_circuit_breaker(config, failures, recovery_ms, NULL), 0);
    pace = anycert__pace_new(config, NULL);
    anycert_config_free(config);
    assert_non_null(pace);
    return pace;
}

static void bucket_lets_a_burst_through_and_then_its_rate(void **state)
{
    struct anycert__pace *pace = pace_of(4, 3, 0, 0);
    int64_t now = 77 * SECOND;

    (void)state;
    for (unsigned i = 0; i < 3; i++)
        assert_int_equal(anycert__pace_reserve(pace, now), now);
    for (unsigned i = 1; i <= 8; i++)
        assert_int_equal(anycert__pace_reserve(pace, now), now + i * SECOND / 4);
    /* Those 8 have to be paid for first. */
    assert_int_equal(anycert__pace_reserve(pace, now + SECOND), now + SECOND * 9 / 4);
    /* A long pause fills it to the burst and no further; a clock that stands gives nothing. */
    now += 1000 * SECOND;
    for (unsigned i = 0; i < 3; i++)
        assert_int_equal(anycert__pace_reserve(pace, now), now);
    assert_int_equal(anycert__pace_reserve(pace, now), now + SECOND / 4);
    anycert__pace_free(pace);
}

/* One request in an age: whoever comes second waits, however the numbers end. */
static void smallest_rate_means_the_longest_wait(void **state)
{
    static const double rates[] = {1e-6, 1e-13, 1e-20, 1e-300, 5e-324};

    (void)state;
    for (size_t i = 0; i < sizeof rates / sizeof rates[0]; i++) {
        struct anycert__pace *pace = pace_of(rates[i], 1, 0, 0);

        assert_int_equal(anycert__pace_reserve(pace, SECOND), SECOND);
        for (int again = 0; again < 3; again++) {
            int64_t at = anycert__pace_reserve(pace, 2 * SECOND);

            assert_true(at > 900000 * SECOND && at <= INT64_MAX / 4);
        }
        anycert__pace_free(pace);
    }
}

static void no_rate_means_no_wait(void **state)
{
    struct anycert__pace *pace = pace_of(0, 0, 0, 0);

    (void)state;
    for (unsigned i = 0; i < 100; i++)
        assert_int_equal(anycert__pace_reserve(pace, 5), 5);
    anycert__pace_free(pace);
}

static void fail_once(struct anycert__pace *pace, int64_t now)
{
    enum anycert__pass pass = anycert__pace_enter(pace, now, NULL);

    assert_int_equal(pass, ANYCERT__PASS_PLAIN);
    anycert__pace_leave(pace, pass, ANYCERT__TRY_BAD, now);
}

static void breaker_opens_after_failures_in_a_row_and_one_probe_decides(void **state)
{
    struct anycert__pace *pace = pace_of(0, 0, 3, 1000);
    struct anycert_error err = {0};

    (void)state;
    fail_once(pace, 0);
    fail_once(pace, 0);
    anycert__pace_leave(pace, ANYCERT__PASS_PLAIN, ANYCERT__TRY_GOOD, 0); /* starts anew */
    fail_once(pace, 0);
    fail_once(pace, 0);
    anycert__pace_leave(pace, ANYCERT__PASS_PLAIN, ANYCERT__TRY_UNKNOWN, 0); /* says nothing */
    assert_int_equal(anycert__pace_circuit(pace, 0), ANYCERT_CIRCUIT_CLOSED);
    fail_once(pace, SECOND);
    assert_int_equal(anycert__pace_circuit(pace, SECOND), ANYCERT_CIRCUIT_OPEN);
    assert_int_equal(anycert__pace_enter(pace, 2 * SECOND - 1, &err), ANYCERT__PASS_NONE);
    assert_int_equal(err.code, ANYCERT_E_CIRCUIT_OPEN);
    /* A late failure of what was under way does not put off the recovery; a late success does not
     * close it. */
    anycert__pace_leave(pace, ANYCERT__PASS_PLAIN, ANYCERT__TRY_BAD, 2 * SECOND - 1);
    anycert__pace_leave(pace, ANYCERT__PASS_PLAIN, ANYCERT__TRY_GOOD, 2 * SECOND - 1);
    assert_int_equal(anycert__pace_circuit(pace, 2 * SECOND), ANYCERT_CIRCUIT_HALF_OPEN);

    assert_int_equal(anycert__pace_enter(pace, 2 * SECOND, NULL), ANYCERT__PASS_PROBE);
    assert_int_equal(anycert__pace_enter(pace, 2 * SECOND, NULL), ANYCERT__PASS_NONE);
    anycert__pace_leave(pace, ANYCERT__PASS_PROBE, ANYCERT__TRY_BAD, 2 * SECOND);
    assert_int_equal(anycert__pace_circuit(pace, 2 * SECOND), ANYCERT_CIRCUIT_OPEN);
    assert_int_equal(anycert__pace_enter(pace, 3 * SECOND - 1, NULL), ANYCERT__PASS_NONE);

    /* A probe that was given up leaves the place to the next one. */
    assert_int_equal(anycert__pace_enter(pace, 3 * SECOND, NULL), ANYCERT__PASS_PROBE);
    anycert__pace_leave(pace, ANYCERT__PASS_PROBE, ANYCERT__TRY_UNKNOWN, 3 * SECOND);
    assert_int_equal(anycert__pace_enter(pace, 3 * SECOND, NULL), ANYCERT__PASS_PROBE);
    anycert__pace_leave(pace, ANYCERT__PASS_PROBE, ANYCERT__TRY_GOOD, 3 * SECOND);
    assert_int_equal(anycert__pace_circuit(pace, 3 * SECOND), ANYCERT_CIRCUIT_CLOSED);
    fail_once(pace, 3 * SECOND);
    assert_int_equal(anycert__pace_circuit(pace, 3 * SECOND), ANYCERT_CIRCUIT_CLOSED);
    anycert__pace_free(pace);
}

static void without_a_breaker_nothing_is_refused(void **state)
{
    struct anycert__pace *pace = pace_of(0, 0, 0, 0);

    (void)state;
    for (unsigned i = 0; i < 50; i++)
        fail_once(pace, 0);
    assert_int_equal(anycert__pace_circuit(pace, 0), ANYCERT_CIRCUIT_CLOSED);
    anycert__pace_free(pace);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bucket_lets_a_burst_through_and_then_its_rate),
        cmocka_unit_test(smallest_rate_means_the_longest_wait),
        cmocka_unit_test(no_rate_means_no_wait),
        cmocka_unit_test(breaker_opens_after_failures_in_a_row_and_one_probe_decides),
        cmocka_unit_test(without_a_breaker_nothing_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
