/* When a request is made again, and after what delay. */
#include "client/retry.h"

#include <anycert/anycert.h>

#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#define COUNT(a) (sizeof(a) / sizeof(a)[0])
#define NOW      INT64_C(1775044800) /* 2026-04-01T12:00:00Z */

static struct anycert_retry *rules(void)
{
    struct anycert_retry *retry = anycert_retry_new(NULL);

    assert_non_null(retry);
    return retry;
}

static int64_t delay(const struct anycert_retry *retry, unsigned n, const char *retry_after)
{
    struct anycert__outcome outcome = {
        .method = "GET", .status = 503, .retry_after = retry_after, .now = NOW};

    return anycert__retry_delay(retry, n, &outcome);
}

static bool wants(const struct anycert_retry *retry, const char *method, int status, int error,
                  const char *retry_after)
{
    struct anycert__outcome outcome = {
        .method = method, .status = status, .error = error, .retry_after = retry_after, .now = NOW};

    return anycert__retry_wants(retry, &outcome);
}

static void delays_double_from_the_second_retry_on(void **state)
{
    static const int64_t expected[] = {0, 10000, 20000, 40000, 80000, 120000, 120000, 120000};
    struct anycert_retry *retry = rules();

    (void)state;
    for (unsigned n = 1; n <= COUNT(expected); n++)
        assert_int_equal(delay(retry, n, NULL), expected[n - 1]);
    assert_int_equal(delay(retry, 1000, NULL), 120000);
    assert_int_equal(anycert_retry_set_backoff(retry, 100, 0, 500, NULL), 0);
    assert_int_equal(delay(retry, 2, NULL), 200);
    assert_int_equal(delay(retry, 3, NULL), 400);
    assert_int_equal(delay(retry, 4, NULL), 500);
    assert_int_equal(anycert_retry_set_backoff(retry, 0, 0, 500, NULL), 0);
    assert_int_equal(delay(retry, 5, NULL), 0);
    assert_int_equal(anycert_retry_set_backoff(retry, UINT32_MAX, 0, UINT32_MAX, NULL), 0);
    assert_int_equal(delay(retry, 900, NULL), UINT32_MAX);
    anycert_retry_free(retry);
}

static void jitter_is_within_its_bounds_and_not_always_the_same(void **state)
{
    struct anycert_retry *retry = rules();
    int64_t least = INT64_MAX;
    int64_t most = 0;

    (void)state;
    assert_int_equal(anycert_retry_set_backoff(retry, 100, 1000, 10000, NULL), 0);
    for (unsigned i = 0; i < 200; i++) {
        int64_t found = delay(retry, 2, NULL);

        least = found < least ? found : least;
        most = found > most ? found : most;
        assert_int_equal(delay(retry, 1, NULL), 0); /* none before the first */
    }
    assert_true(least >= 200 && most <= 1200 && most - least > 100);
    /* Without a factor there is the random part alone. */
    assert_int_equal(anycert_retry_set_backoff(retry, 0, 1000, 10000, NULL), 0);
    for (unsigned i = 0; i < 200; i++) {
        int64_t found = delay(retry, 5, NULL);

        assert_true(found >= 0 && found <= 1000);
        most = i == 0 || found > most ? found : most;
        assert_int_equal(delay(retry, 1, NULL), 0);
    }
    assert_true(most > 100);
    assert_int_equal(anycert_retry_set_backoff(retry, 100, 100000, 300, NULL), 0);
    for (unsigned i = 0; i < 20; i++)
        assert_true(delay(retry, 2, NULL) <= 300);
    anycert_retry_free(retry);
}

static void retry_after_goes_before_backoff(void **state)
{
    static const struct {
        const char *field;
        int64_t ms; /* -1: the backoff counts, here 400 */
    } rows[] = {
        {"1", 1000},
        {"119", 119000},
        {"120", 120000},
        {"121", 120000},
        {"86400", 120000},
        {"4000000000", 120000},
        {"99999999999999999999999999", 120000},
        {"0", -1},
        {"-5", -1},
        {"1.5", -1},
        {"soon", -1},
        {"", -1},
        {"Wed, 01 Apr 2026 12:00:07 GMT", 7000},
        {"Wednesday, 01-Apr-26 12:00:07 GMT", 7000},
        {"Wed Apr  1 12:00:07 2026", 7000},
        {"Wed, 01 Apr 2026 11:59:59 GMT", -1},
        {"Thu, 01 Apr 2027 12:00:00 GMT", 120000},
    };
    struct anycert_retry *retry = rules();

    (void)state;
    assert_int_equal(anycert_retry_set_backoff(retry, 100, 0, 500, NULL), 0);
    for (size_t i = 0; i < COUNT(rows); i++) {
        int64_t found = delay(retry, 3, rows[i].field);

        if (found != (rows[i].ms < 0 ? 400 : rows[i].ms))
            fail_msg("'%s' gives %lld ms", rows[i].field, (long long)found);
    }
    assert_int_equal(anycert_retry_set_retry_after_max(retry, 1500, NULL), 0);
    assert_int_equal(delay(retry, 1, "1"), 1000);
    assert_int_equal(delay(retry, 1, "2"), 1500);
    assert_int_equal(anycert_retry_set_retry_after_max(retry, 0, NULL), 0);
    assert_int_equal(delay(retry, 3, "60"), 400);
    anycert_retry_free(retry);
}

static void statuses_are_retried_when_listed_or_told_when_to_return(void **state)
{
    static const int listed[] = {500, 502};
    struct anycert_retry *retry = rules();

    (void)state;
    assert_false(wants(NULL, "GET", 503, 0, "1"));
    assert_false(wants(retry, "GET", 503, 0, NULL));
    assert_true(wants(retry, "GET", 503, 0, "1"));
    assert_true(wants(retry, "GET", 429, 0, "1"));
    assert_true(wants(retry, "GET", 413, 0, "1"));
    assert_false(wants(retry, "GET", 500, 0, "1"));
    assert_false(wants(retry, "GET", 200, 0, "1"));
    assert_int_equal(anycert_retry_set_statuses(retry, listed, COUNT(listed), NULL), 0);
    assert_true(wants(retry, "GET", 500, 0, NULL));
    assert_false(wants(retry, "GET", 501, 0, NULL));
    assert_false(wants(retry, "POST", 500, 0, NULL));
    assert_true(wants(retry, "DELETE", 502, 0, NULL));
    assert_int_equal(anycert_retry_set_retry_after_max(retry, 0, NULL), 0);
    assert_false(wants(retry, "GET", 503, 0, "1"));
    anycert_retry_free(retry);
}

static void methods_are_the_idempotent_ones_unless_said_otherwise(void **state)
{
    static const char *const idempotent[] = {"GET", "HEAD", "OPTIONS", "TRACE", "PUT", "DELETE"};
    struct anycert_retry *retry = rules();

    (void)state;
    for (size_t i = 0; i < COUNT(idempotent); i++)
        assert_true(wants(retry, idempotent[i], 0, ANYCERT_E_RESET, NULL));
    assert_false(wants(retry, "POST", 0, ANYCERT_E_RESET, NULL));
    assert_false(wants(retry, "PATCH", 0, ANYCERT_E_RESET, NULL));
    assert_false(wants(retry, "GE", 0, ANYCERT_E_RESET, NULL));
    assert_false(wants(retry, "GETX", 0, ANYCERT_E_RESET, NULL));
    assert_int_equal(anycert_retry_set_methods(retry, "GET, post", NULL), 0);
    assert_true(wants(retry, "POST", 0, ANYCERT_E_RESET, NULL));
    assert_false(wants(retry, "PUT", 0, ANYCERT_E_RESET, NULL));
    assert_int_equal(anycert_retry_set_methods(retry, NULL, NULL), 0);
    assert_true(wants(retry, "PUT", 0, ANYCERT_E_RESET, NULL));
    assert_int_equal(anycert_retry_set_idempotency_header(retry, "Idempotency-Key", NULL), 0);
    assert_true(wants(retry, "POST", 0, ANYCERT_E_RESET, NULL));
    assert_true(wants(retry, "POST", 503, 0, "1"));
    anycert_retry_free(retry);
}

/* Every error code: those that waiting may mend, with GET and with POST; no other one ever. */
static void errors_that_waiting_cannot_mend_are_final(void **state)
{
    static const int before[] = {ANYCERT_E_RESOLVE,         ANYCERT_E_CONNECT,
                                 ANYCERT_E_TIMEOUT_CONNECT, ANYCERT_E_TLS_CLOSED,
                                 ANYCERT_E_PROXY_RESOLVE,   ANYCERT_E_PROXY_CONNECT};
    static const int after[] = {ANYCERT_E_NETWORK, ANYCERT_E_RESET, ANYCERT_E_TIMEOUT_STALL,
                                ANYCERT_E_TIMEOUT_TOTAL, ANYCERT_E_PROXY};
    struct anycert_retry *retry = rules();
    unsigned codes = 0;

    (void)state;
    for (int code = 1; code <= 13000; code++) {
        bool always = false;
        bool idempotent = false;

        for (size_t i = 0; i < COUNT(before); i++)
            always = always || code == before[i];
        for (size_t i = 0; i < COUNT(after); i++)
            idempotent = idempotent || code == after[i];
        codes += anycert_error_name(code) != NULL;
        assert_int_equal(wants(retry, "GET", 0, code, NULL), always || idempotent);
        assert_int_equal(wants(retry, "POST", 0, code, NULL), always);
        assert_false(wants(retry, "GET", 200, code, NULL)); /* the header has come */
    }
    assert_true(codes > 40);
    anycert_retry_free(retry);
}

/* A body that goes on where it ended is asked for again whichever limit of the try was reached. */
static void downloads_that_go_on_are_retried_after_their_header(void **state)
{
    static const int mended[] = {ANYCERT_E_BODY_TRUNCATED, ANYCERT_E_TIMEOUT_STALL,
                                 ANYCERT_E_TIMEOUT_TOTAL};
    struct anycert_retry *retry = rules();
    struct anycert__outcome outcome = {.method = "GET", .status = 200, .now = NOW};

    (void)state;
    for (size_t i = 0; i < COUNT(mended); i++) {
        outcome.error = mended[i];
        outcome.goes_on = true;
        assert_true(anycert__retry_wants(retry, &outcome));
        outcome.goes_on = false;
        assert_false(anycert__retry_wants(retry, &outcome));
    }
    outcome.error = ANYCERT_E_BODY_WRITE;
    outcome.goes_on = true;
    assert_false(anycert__retry_wants(retry, &outcome));
    anycert_retry_free(retry);
}

static void wrong_rules_are_refused_and_change_nothing(void **state)
{
    static const int wrong[] = {503, 99};
    struct anycert_retry *retry = rules();
    struct anycert_retry *copy = NULL;
    struct anycert_error err = {0};

    (void)state;
    assert_int_equal(anycert_retry_set_count(retry, 3, NULL), 0);
    assert_int_equal(anycert_retry_set_count(retry, 1001, &err), -1);
    assert_int_equal(err.code, ANYCERT_E_USAGE);
    assert_int_equal(anycert_retry_set_statuses(retry, wrong, 2, NULL), -1);
    assert_int_equal(anycert_retry_set_methods(retry, "GET,", NULL), -1);
    assert_int_equal(anycert_retry_set_methods(retry, "", NULL), -1);
    assert_int_equal(anycert_retry_set_methods(retry, "GE T", NULL), -1);
    assert_int_equal(anycert_retry_set_raise_on_status(retry, 2, NULL), -1);
    assert_int_equal(anycert_retry_set_idempotency_header(retry, "a b", NULL), -1);
    assert_int_equal(anycert_retry_set_idempotency_header(retry, "X-Key", NULL), 0);
    assert_false(wants(retry, "GET", 503, 0, NULL));

    copy = anycert_retry_copy(retry, NULL);
    anycert_retry_free(retry);
    assert_int_equal(anycert__retry_count(copy), 3);
    assert_string_equal(anycert__retry_idempotency(copy), "X-Key");
    assert_false(anycert__retry_raises(copy));
    anycert_retry_free(copy);
    anycert_retry_free(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(delays_double_from_the_second_retry_on),
        cmocka_unit_test(jitter_is_within_its_bounds_and_not_always_the_same),
        cmocka_unit_test(retry_after_goes_before_backoff),
        cmocka_unit_test(statuses_are_retried_when_listed_or_told_when_to_return),
        cmocka_unit_test(methods_are_the_idempotent_ones_unless_said_otherwise),
        cmocka_unit_test(errors_that_waiting_cannot_mend_are_final),
        cmocka_unit_test(downloads_that_go_on_are_retried_after_their_header),
        cmocka_unit_test(wrong_rules_are_refused_and_change_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
