/* Very many requests through one client, from a batch and from threads that wait, as
 * bench/million.c has them: the server sees each once, each gets its own answer, and memory does
 * not grow. */
#include "client/floor.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define IS_SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define IS_SANITIZED 1
#endif
#endif
#ifndef IS_SANITIZED
#define IS_SANITIZED 0 /* what is freed is kept there for a while: memory says nothing */
#endif

#define REQUESTS  (IS_SANITIZED ? 3000u : 20000u)
#define EARLY     (REQUESTS / 5)
#define AT_ONCE   16
#define THREADS   3
#define MAX_GROWN 4096 /* KiB; a request that left 256 bytes behind would need 4000 */

struct all {
    struct anycert_client *client;
    const char *url;
    atomic_uint next, done, wrong;
    atomic_long early_kib;
    atomic_uchar *seen; /* how often each number was answered */
};

static long resident_kib(void)
{
    long pages[2] = {0, 0};
    FILE *file = fopen("/proc/self/statm", "r");

    assert_non_null(file);
    assert_int_equal(fscanf(file, "%ld %ld", &pages[0], &pages[1]), 2);
    assert_int_equal(fclose(file), 0);
    return pages[1] * (sysconf(_SC_PAGESIZE) / 1024);
}

/* NULL behind the last one, and without memory. */
static struct anycert_request *next_request(struct all *all, unsigned *number)
{
    struct anycert_request *request = NULL;
    char text[16];

    *number = atomic_fetch_add(&all->next, 1);
    if (*number >= REQUESTS)
        return NULL;
    (void)snprintf(text, sizeof text, "%u", *number);
    request = anycert_request_new("GET", all->url, NULL);
    if (request && anycert_request_add_param(request, "n", text, NULL) < 0)
        atomic_fetch_add(&all->wrong, 1);
    return request;
}

/* Not on the test's own thread: nothing is asserted. */
static void check(struct all *all, struct anycert_response *response, unsigned number)
{
    struct anycert_json *json = response ? anycert_response_json(response, NULL) : NULL;
    const char *target =
        json ? anycert_json_string(anycert_json_get(anycert_json_root(json), "/target"), NULL)
             : NULL;
    char expected[32];

    (void)snprintf(expected, sizeof expected, "/echo?n=%u", number);
    if (!target || strcmp(target, expected) != 0)
        atomic_fetch_add(&all->wrong, 1);
    anycert_json_free(json);
    anycert_response_free(response);
    atomic_fetch_add(&all->seen[number], 1);
    if (atomic_fetch_add(&all->done, 1) + 1 == EARLY)
        atomic_store(&all->early_kib, resident_kib());
}

static void *wait_for_each(void *arg)
{
    struct all *all = arg;
    struct anycert_request *request = NULL;
    unsigned number = 0;

    while ((request = next_request(all, &number)) != NULL) {
        struct anycert_response *response = NULL;

        if (anycert_client_send(all->client, request, &response, NULL) < 0)
            atomic_fetch_add(&all->wrong, 1);
        check(all, response, number);
        anycert_request_free(request);
    }
    return NULL;
}

struct slot {
    struct anycert_request *request;
    unsigned number;
};

static void fill(struct all *all, struct anycert_batch *batch, struct slot *slot)
{
    slot->request = next_request(all, &slot->number);
    if (slot->request)
        assert_int_equal(anycert_batch_add(batch, slot->request, slot, NULL), 0);
}

static void take_as_they_come(struct all *all)
{
    struct anycert_batch *batch = anycert_batch_new(all->client, AT_ONCE, NULL);
    struct anycert_batch_result result;
    struct slot slots[AT_ONCE];

    assert_non_null(batch);
    for (unsigned i = 0; i < AT_ONCE; i++)
        fill(all, batch, &slots[i]);
    while (anycert_batch_next(batch, -1, &result, NULL) == 1) {
        struct slot *slot = result.tag;

        if (result.error.code != 0)
            fail_msg("%s", result.error.message);
        check(all, result.response, slot->number);
        anycert_request_free(slot->request);
        fill(all, batch, slot);
    }
    anycert_batch_free(batch);
}

static void none_is_lost_or_doubled(void **state)
{
    const struct lab_server *server = floor_server("good");
    struct all all = {.client = floor_client(NULL), .url = floor_url("good", "echo")};
    uint64_t before = lab_server_requests(server);
    pthread_t threads[THREADS];

    (void)state;
    all.seen = calloc(REQUESTS, sizeof *all.seen);
    assert_non_null(all.seen);
    for (unsigned i = 0; i < THREADS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, wait_for_each, &all), 0);
    take_as_they_come(&all);
    for (unsigned i = 0; i < THREADS; i++)
        assert_int_equal(pthread_join(threads[i], NULL), 0);
    assert_int_equal(atomic_load(&all.wrong), 0);
    assert_int_equal(atomic_load(&all.done), REQUESTS);
    assert_int_equal(lab_server_requests(server) - before, REQUESTS);
    for (unsigned i = 0; i < REQUESTS; i++)
        assert_int_equal(atomic_load(&all.seen[i]), 1);
    if (!IS_SANITIZED)
        assert_in_range(resident_kib(), 0, atomic_load(&all.early_kib) + MAX_GROWN);
    free(all.seen);
    anycert_client_free(all.client);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(none_is_lost_or_doubled),
    };

    return cmocka_run_group_tests(tests, floor_setup, floor_teardown);
}
