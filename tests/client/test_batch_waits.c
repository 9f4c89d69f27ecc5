/* What happens around the transfers of a batch: waiting for the next try and for the rate limit,
 * callbacks that act on the batch, limits, and memory that runs out. */
#include "base/mem.h"
#include "client/floor.h"
#include "client/many.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static struct anycert_request *get(const char *name, const char *path)
{
    return floor_request("GET", floor_url(name, path));
}

/* ---- a clock that only sleeping moves */

static int64_t clock_us;
static unsigned sleeps, sleeps_left;

static int64_t show(void *arg)
{
    (void)arg;
    return clock_us;
}

static int pass(void *arg, int64_t ms)
{
    (void)arg;
    assert_true(ms > 0);
    sleeps++;
    if (sleeps_left == 0)
        return -1;
    sleeps_left--;
    clock_us += ms * 1000;
    return 0;
}

static struct anycert_config *timeless(void)
{
    struct anycert_config *config = floor_config(NULL);
    struct anycert_error err = {0};

    clock_us = 1000000;
    sleeps = 0;
    sleeps_left = 1000000;
    assert_int_equal(anycert_config_set_waiting(config, show, pass, NULL, &err), 0);
    return config;
}

static void set_retry(struct anycert_config *config, unsigned count, uint32_t factor_ms)
{
    struct anycert_error err = {0};
    struct anycert_retry *retry = anycert_retry_new(&err);
    const int statuses[] = {503};

    assert_non_null(retry);
    assert_int_equal(anycert_retry_set_count(retry, count, &err), 0);
    assert_int_equal(anycert_retry_set_backoff(retry, factor_ms, 0, 1000000000, &err), 0);
    assert_int_equal(anycert_retry_set_statuses(retry, statuses, 1, &err), 0);
    assert_int_equal(anycert_config_set_retry(config, retry, &err), 0);
    anycert_retry_free(retry);
}

static void waiting_for_the_next_try_is_in_nobodys_way(void **state)
{
    struct anycert_config *config = timeless();
    struct anycert_client *client = NULL;
    struct many *many = NULL;
    uint64_t before = lab_server_requests(floor_server("good"));

    (void)state;
    set_retry(config, 2, 3600 * 1000);
    client = floor_client_of(config);
    many = many_new(client, 2);
    for (size_t i = 0; i < 4; i++)
        (void)many_add(many, get("good", "status/503"));
    for (size_t i = 0; i < 20; i++)
        (void)many_add(many, get("good", ""));
    for (size_t i = 0; i < 20; i++)
        assert_true(many_next(many, -1) >= 4); /* hours before the others */
    assert_int_equal(sleeps, 0);
    many_finish(many);
    assert_true(sleeps > 0);
    for (size_t i = 0; i < 4; i++) {
        assert_int_equal(many->answers[i].code, 0);
        assert_int_equal(many->answers[i].status, 503);
    }
    assert_int_equal(lab_server_requests(floor_server("good")) - before, 4 * 3 + 20);
    many_free(many);
    anycert_client_free(client);
}

static void sleepers_can_be_cancelled(void **state)
{
    struct anycert_error err = {0};
    struct anycert_batch_result result;
    struct anycert_config *config = timeless();
    struct anycert_client *client = NULL;
    struct many *many = NULL;

    (void)state;
    set_retry(config, 2, 3600 * 1000);
    client = floor_client_of(config);
    many = many_new(client, 4);
    for (size_t i = 0; i < 4; i++)
        (void)many_add(many, get("good", "status/503"));
    /* Time passes for who waits without a limit; a sleep that is given up loses nothing. */
    sleeps_left = 0;
    assert_int_equal(anycert_batch_next(many->batch, -1, &result, &err), -1);
    assert_int_equal(err.code, ANYCERT_E_INTERRUPTED);
    assert_int_equal(anycert_batch_pending(many->batch), 4);
    assert_int_equal(anycert_batch_ready(many->batch), 0);
    assert_true(anycert_batch_timeout_ms(many->batch) > 60000);
    assert_int_equal(anycert_batch_cancel(many->batch, &many->requests[1]), 1);
    assert_int_equal(anycert_batch_ready(many->batch), 1);
    assert_int_equal(many_next(many, -1), 1);
    sleeps_left = 1000;
    many_finish(many);
    for (size_t i = 0; i < 4; i++)
        assert_int_equal(many->answers[i].code, i == 1 ? ANYCERT_E_INTERRUPTED : 0);
    many_free(many);
    anycert_client_free(client);
}

static void batch_may_be_freed_while_they_sleep(void **state)
{
    struct anycert_config *config = timeless();
    struct anycert_client *client = NULL;
    struct many *many = NULL;

    (void)state;
    set_retry(config, 2, 3600 * 1000);
    client = floor_client_of(config);
    many = many_new(client, 4);
    for (size_t i = 0; i < 8; i++)
        (void)many_add(many, get("good", "status/503"));
    (void)many_add(many, get("good", ""));
    assert_int_equal(many_next(many, -1), 8);
    many_free(many);
    anycert_client_free(client);
}

static void rate_limit_holds_for_all_together(void **state)
{
    struct anycert_error err = {0};
    struct anycert_config *config = timeless();
    struct anycert_client *client = NULL;
    struct many *many = NULL;
    int64_t before = 0;

    (void)state;
    assert_int_equal(anycert_config_set_rate_limit(config, 10.0, 5, &err), 0);
    client = floor_client_of(config);
    many = many_new(client, 8);
    before = clock_us;
    for (size_t i = 0; i < 45; i++)
        (void)many_add(many, get("good", ""));
    many_finish(many);
    for (size_t i = 0; i < 45; i++)
        assert_int_equal(many->answers[i].code, 0);
    assert_in_range(clock_us - before, 3999000, 4050000); /* 40 tokens beyond the first 5 */
    many_free(many);
    anycert_client_free(client);
}

/* A batch that is asked with a limit comes back, however long it still has to wait. */
static void limit_of_waiting_holds_while_all_sleep(void **state)
{
    struct anycert_config *config = timeless();
    struct anycert_client *client = NULL;
    struct many *many = NULL;

    (void)state;
    set_retry(config, 2, 3600 * 1000);
    client = floor_client_of(config);
    many = many_new(client, 1);
    (void)many_add(many, get("good", "status/503"));
    while (sleeps == 0)
        assert_int_equal(many_next(many, 1000), -1);
    assert_true(clock_us <= 3000000);
    many_finish(many);
    assert_true(clock_us >= 3600 * (int64_t)1000000);
    many_free(many);
    anycert_client_free(client);
}

/* ---- callbacks */

struct act {
    struct many *many;
    size_t target;
    unsigned calls;
    int next_code;
};

static int cancel_another(void *arg, const void *bytes, size_t len)
{
    struct act *act = arg;

    (void)bytes;
    (void)len;
    if (act->calls++ == 0) {
        struct anycert_error err = {0};
        struct anycert_batch_result result;

        assert_int_equal(anycert_batch_cancel(act->many->batch, &act->many->requests[act->target]),
                         1);
        assert_int_equal(anycert_batch_cancel(act->many->batch, &act->many->requests[act->target]),
                         0);
        assert_int_equal(anycert_batch_next(act->many->batch, 0, &result, &err), -1);
        act->next_code = err.code;
        (void)many_add(act->many, get("good", "json"));
    }
    return 0;
}

static void callbacks_may_add_and_cancel(void **state)
{
    struct anycert_error err = {0};
    struct anycert_client *client = floor_client(NULL);

    (void)state;
    for (size_t self = 0; self < 2; self++) {
        struct many *many = many_new(client, 4);
        struct act act = {.many = many};
        struct anycert_request *request = get("good", "bytes/500000");
        size_t stuck = many_add(many, get("good", "stall"));
        size_t actor = stuck + 1;

        act.target = self ? actor : stuck;
        assert_int_equal(anycert_request_set_body_callback(request, cancel_another, &act, &err), 0);
        assert_int_equal(many_add(many, request), actor);
        if (self) {
            assert_true(many_next(many, -1) > 0);
            assert_true(many_next(many, -1) > 0);
            assert_int_equal(anycert_batch_cancel_all(many->batch), 1);
        }
        many_finish(many);
        assert_int_equal(act.next_code, ANYCERT_E_USAGE);
        assert_int_equal(many->count, 3);
        assert_int_equal(many->answers[stuck].code, ANYCERT_E_INTERRUPTED);
        assert_int_equal(many->answers[actor].code, self ? ANYCERT_E_INTERRUPTED : 0);
        assert_int_equal(many->answers[2].code, 0);
        many_free(many);
    }
    anycert_client_free(client);
}

/* What a trace callback does while requests are being given up. */
struct meddler {
    struct many *many;
    bool is_on;
    unsigned calls;
    size_t cancelled; /* by it */
    size_t added;
};

static void meddle(void *arg, char kind, const char *line, size_t len)
{
    struct meddler *meddler = arg;
    struct anycert_batch_result result;
    struct anycert_error err = {0};

    (void)kind;
    (void)line;
    (void)len;
    if (!meddler->is_on)
        return;
    meddler->calls++;
    assert_int_equal(anycert_batch_next(meddler->many->batch, 0, &result, &err), -1);
    assert_int_equal(err.code, ANYCERT_E_USAGE);
    meddler->cancelled +=
        anycert_batch_cancel(meddler->many->batch, &meddler->many->requests[meddler->calls]);
    if (meddler->added == 0)
        meddler->added = many_add(meddler->many, get("good", ""));
}

static void cancelling_may_be_meddled_with(void **state)
{
    struct meddler meddler = {0};
    struct anycert_error err = {0};
    struct anycert_config *config = floor_config(NULL);
    struct anycert_client *client = NULL;
    struct many *many = NULL;
    uint64_t before = lab_server_requests(floor_server("good"));
    size_t cancelled = 0;

    (void)state;
    assert_int_equal(anycert_config_set_trace(config, meddle, &meddler, &err), 0);
    client = floor_client_of(config);
    many = meddler.many = many_new(client, 8);
    for (size_t i = 0; i < 12; i++)
        (void)many_add(many, get("good", "stall"));
    while (lab_server_requests(floor_server("good")) - before < 8)
        assert_int_equal(many_next(many, 10), -1);
    meddler.is_on = true;
    for (size_t i = 0; i < 12; i += 4) /* the callback cancels some of those between */
        cancelled += anycert_batch_cancel(many->batch, &many->requests[i]);
    meddler.is_on = false;
    assert_true(meddler.calls > 0 && meddler.cancelled > 0 && meddler.added > 0);
    cancelled += meddler.cancelled;
    cancelled += anycert_batch_cancel_all(many->batch);
    assert_int_equal(cancelled, 13);
    many_finish(many);
    for (size_t i = 0; i < 13; i++)
        assert_int_equal(many->answers[i].code, ANYCERT_E_INTERRUPTED);
    many_free(many);
    anycert_client_free(client);
}

static int stop(void *arg, uint64_t received, uint64_t receive_total, uint64_t sent,
                uint64_t send_total)
{
    (void)received;
    (void)receive_total;
    (void)sent;
    (void)send_total;
    return ++*(unsigned *)arg > 1;
}

/* One is in the middle of its body, the other in the middle of its handshake. */
static void progress_may_end_a_request_that_stands_still(void **state)
{
    struct anycert_error err = {0};
    struct anycert_client *client = floor_client(NULL);
    struct many *many = many_new(client, 8);
    unsigned calls[2] = {0};

    (void)state;
    for (size_t i = 0; i < 2; i++) {
        struct anycert_request *request = get(i ? "silent" : "good", i ? "" : "stall");

        assert_int_equal(anycert_request_set_progress(request, stop, &calls[i], &err), 0);
        (void)many_add(many, request);
    }
    for (size_t i = 0; i < 10; i++)
        (void)many_add(many, get("good", ""));
    many_finish(many);
    for (size_t i = 0; i < many->count; i++)
        assert_int_equal(many->answers[i].code, i < 2 ? ANYCERT_E_INTERRUPTED : 0);
    many_free(many);
    anycert_client_free(client);
}

static int refuse_body(void *arg, const void *bytes, size_t len)
{
    (void)arg;
    (void)bytes;
    (void)len;
    return 1;
}

static void receiver_may_stop_its_own_transfer(void **state)
{
    struct anycert_error err = {0};
    struct anycert_client *client = floor_client(NULL);
    struct many *many = many_new(client, 8);

    (void)state;
    for (size_t i = 0; i < 40; i++) {
        struct anycert_request *request = get("good", "bytes/30000");

        if (i % 2)
            assert_int_equal(anycert_request_set_body_callback(request, refuse_body, NULL, &err),
                             0);
        (void)many_add(many, request);
    }
    many_finish(many);
    for (size_t i = 0; i < 40; i++)
        assert_int_equal(many->answers[i].code, i % 2 ? ANYCERT_E_BODY_WRITE : 0);
    many_free(many);
    anycert_client_free(client);
}

/* ---- memory */

/* Whatever cannot be had: nothing is lost but the requests, and each says so. */
static void every_request_has_a_result_when_memory_runs_out(void **state)
{
    struct anycert_error err = {0};
    struct anycert_client *client = floor_client(NULL);
    struct anycert_request *request = get("good", "json");
    unsigned long requests = 0;

    (void)state;
    for (unsigned long nth = 0; nth == 0 || nth <= requests; nth++) {
        struct anycert_batch *batch = NULL;
        struct anycert_batch_result result;
        size_t added = 0;
        size_t ended = 0;

        anycert__mem_fail_from(nth);
        batch = anycert_batch_new(client, 2, &err);
        for (size_t i = 0; batch && i < 3; i++)
            added += anycert_batch_add(batch, request, NULL, &err) == 0;
        while (batch && anycert_batch_next(batch, -1, &result, &err) == 1) {
            ended++;
            if (result.error.code != 0 && nth == 0)
                fail_msg("%s", result.error.message);
            anycert_response_free(result.response);
        }
        if (nth == 0)
            requests = anycert__mem_requests();
        anycert__mem_fail_from(0);
        assert_int_equal(ended, added);
        anycert_batch_free(batch);
    }
    assert_true(requests > 50);
    anycert_request_free(request);
    anycert_client_free(client);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(waiting_for_the_next_try_is_in_nobodys_way),
        cmocka_unit_test(sleepers_can_be_cancelled),
        cmocka_unit_test(batch_may_be_freed_while_they_sleep),
        cmocka_unit_test(rate_limit_holds_for_all_together),
        cmocka_unit_test(limit_of_waiting_holds_while_all_sleep),
        cmocka_unit_test(callbacks_may_add_and_cancel),
        cmocka_unit_test(cancelling_may_be_meddled_with),
        cmocka_unit_test(progress_may_end_a_request_that_stands_still),
        cmocka_unit_test(receiver_may_stop_its_own_transfer),
        cmocka_unit_test(every_request_has_a_result_when_memory_runs_out),
    };

    return cmocka_run_group_tests(tests, floor_setup, floor_teardown);
}
