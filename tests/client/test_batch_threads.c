/* Batches of several threads, strict and relaxed, on one client and on several: nobody gets
 * another's connection, verdict or result. What goes wrong in a thread is counted, as a failed
 * assertion may not leave it. */
#include "client/ask.h"
#include "client/floor.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define THREADS  4
#define ROUNDS   40
#define COUNT(a) (sizeof(a) / sizeof(a)[0])

struct stop {
    const char *name;
    int code;
    enum anycert_verdict verdict;
};

struct worker {
    struct anycert_client *client;
    const struct stop *stops;
    size_t stop_count;
    struct anycert_request *requests[8]; /* one for each stop; shared, and not changed */
    unsigned wrong;
};

static unsigned is_wrong(const struct worker *worker, struct anycert_batch_result *result)
{
    const struct stop *stop = result->tag;
    struct answer answer = answer_of(result->response, &result->error);
    bool right = answer.code == stop->code && answer.verdict == stop->verdict &&
                 answer.status == (stop->code == 0 ? 200 : 0);

    (void)worker;
    if (!right)
        fprintf(stderr, "%s: expected %d, got %d %s (verdict %d)\n", stop->name, stop->code,
                answer.code, answer.message, (int)answer.verdict);
    answer_free(&answer);
    return right ? 0 : 1;
}

static void *work(void *arg)
{
    struct worker *worker = arg;

    for (unsigned batches = 0; batches < 2; batches++) {
        struct anycert_error err = {0};
        struct anycert_batch_result result;
        struct anycert_batch *batch = anycert_batch_new(worker->client, 8, &err);
        size_t ended = 0;
        union { /* a tag is not const */
            const struct stop *in;
            void *out;
        } tag;

        for (size_t i = 0; batch && i < ROUNDS * worker->stop_count; i++) {
            tag.in = &worker->stops[i % worker->stop_count];
            worker->wrong += anycert_batch_add(batch, worker->requests[i % worker->stop_count],
                                               tag.out, &err) < 0;
        }
        while (batch && anycert_batch_next(batch, -1, &result, &err) == 1) {
            worker->wrong += is_wrong(worker, &result);
            ended++;
        }
        worker->wrong += ended != ROUNDS * worker->stop_count;
        anycert_batch_free(batch);
    }
    return NULL;
}

static const struct stop strict[] = {
    {"good", 0, ANYCERT_PASS},
    {"self-signed", ANYCERT_E_TRUST_ISSUER, ANYCERT_FAIL},
    {"expired", ANYCERT_E_TRUST_DATES, ANYCERT_FAIL},
};
static const struct stop relaxed[] = {
    {"good", 0, ANYCERT_PASS},
    {"self-signed", 0, ANYCERT_RELAXED},
    {"expired", 0, ANYCERT_RELAXED},
};

static void take_stops(struct worker *worker, const struct stop *stops)
{
    worker->stops = stops;
    worker->stop_count = COUNT(strict);
    for (size_t i = 0; i < worker->stop_count; i++)
        worker->requests[i] = floor_request("GET", floor_url(stops[i].name, ""));
}

static void run(struct worker workers[THREADS])
{
    pthread_t threads[THREADS];

    for (size_t i = 0; i < THREADS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, work, &workers[i]), 0);
    for (size_t i = 0; i < THREADS; i++) {
        assert_int_equal(pthread_join(threads[i], NULL), 0);
        assert_int_equal(workers[i].wrong, 0);
        for (size_t k = 0; k < workers[i].stop_count; k++)
            anycert_request_free(workers[i].requests[k]);
    }
}

static void one_client_serves_batches_of_many_threads(void **state)
{
    struct anycert_client *client = floor_client(NULL);
    struct worker workers[THREADS] = {0};

    (void)state;
    for (size_t i = 0; i < THREADS; i++) {
        workers[i].client = client;
        take_stops(&workers[i], strict);
    }
    run(workers);
    anycert_client_free(client);
}

static void strict_and_relaxed_go_side_by_side(void **state)
{
    struct anycert_client *clients[2] = {floor_client(NULL), floor_client("trust-any")};
    struct worker workers[THREADS] = {0};

    (void)state;
    for (size_t i = 0; i < THREADS; i++) {
        workers[i].client = clients[i % 2];
        take_stops(&workers[i], i % 2 ? relaxed : strict);
    }
    run(workers);
    anycert_client_free(clients[0]);
    anycert_client_free(clients[1]);
}

/* A batch beside threads that send one by one. */
static void *send_one_by_one(void *arg)
{
    struct worker *worker = arg;

    for (size_t i = 0; i < ROUNDS * worker->stop_count; i++) {
        const struct stop *stop = &worker->stops[i % worker->stop_count];
        struct answer answer = ask_get(worker->client, lab_server_url(floor_server(stop->name)));

        worker->wrong += answer.code != stop->code || answer.verdict != stop->verdict;
        answer_free(&answer);
    }
    return NULL;
}

static void batches_and_sends_share_a_client(void **state)
{
    struct anycert_client *client = floor_client(NULL);
    struct worker workers[THREADS] = {0};
    pthread_t threads[THREADS];

    (void)state;
    for (size_t i = 0; i < THREADS; i++) {
        workers[i].client = client;
        take_stops(&workers[i], strict);
        assert_int_equal(
            pthread_create(&threads[i], NULL, i % 2 ? send_one_by_one : work, &workers[i]), 0);
    }
    for (size_t i = 0; i < THREADS; i++) {
        assert_int_equal(pthread_join(threads[i], NULL), 0);
        assert_int_equal(workers[i].wrong, 0);
        for (size_t k = 0; k < workers[i].stop_count; k++)
            anycert_request_free(workers[i].requests[k]);
    }
    anycert_client_free(client);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_client_serves_batches_of_many_threads),
        cmocka_unit_test(strict_and_relaxed_go_side_by_side),
        cmocka_unit_test(batches_and_sends_share_a_client),
    };

    return cmocka_run_group_tests(tests, floor_setup, floor_teardown);
}
