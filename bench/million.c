/* Very many requests through one client, from a batch and from threads that wait, each with a
 * number of its own that the answer has to repeat and the server writes down. */
#include "bench/bench.h"

#include <anycert/anycert.h>

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define AT_ONCE 16
#define THREADS 3

struct all {
    struct anycert_client *client;
    const char *url;
    unsigned total, early;  /* how many, and when memory is looked at first */
    atomic_uint next, done; /* numbers given out, and answered */
    atomic_long early_kib;
};

static long resident_kib(void)
{
    long pages[2] = {0, 0};
    FILE *file = fopen("/proc/self/statm", "r");

    if (!file || fscanf(file, "%ld %ld", &pages[0], &pages[1]) != 2)
        bench_die("statm", "cannot be read");
    fclose(file);
    return pages[1] * (sysconf(_SC_PAGESIZE) / 1024);
}

/* NULL behind the last one. */
static struct anycert_request *next_request(struct all *all, char number[16])
{
    struct anycert_error err = {0};
    struct anycert_request *request = NULL;
    unsigned i = atomic_fetch_add(&all->next, 1);

    if (i >= all->total)
        return NULL;
    (void)snprintf(number, 16, "%u", i);
    request = anycert_request_new("GET", all->url, &err);
    if (!request || anycert_request_add_param(request, "n", number, &err) < 0)
        bench_die("anycert", err.message);
    return request;
}

static void check(struct all *all, struct anycert_response *response, const char *number)
{
    size_t len = 0;
    const void *body = anycert_response_body(response, &len);

    if (anycert_response_status(response) != 200 || len != strlen(number) ||
        memcmp(body, number, len) != 0)
        bench_die(number, "got the answer of another request");
    anycert_response_free(response);
    if (atomic_fetch_add(&all->done, 1) + 1 == all->early)
        atomic_store(&all->early_kib, resident_kib());
}

static void *wait_for_each(void *arg)
{
    struct all *all = arg;
    struct anycert_request *request = NULL;
    char number[16];

    while ((request = next_request(all, number)) != NULL) {
        struct anycert_error err = {0};
        struct anycert_response *response = NULL;

        if (anycert_client_send(all->client, request, &response, &err) < 0)
            bench_die("anycert", err.message);
        check(all, response, number);
        anycert_request_free(request);
    }
    return NULL;
}

struct slot {
    struct anycert_request *request;
    char number[16];
};

static void fill(struct all *all, struct anycert_batch *batch, struct slot *slot)
{
    struct anycert_error err = {0};

    slot->request = next_request(all, slot->number);
    if (slot->request && anycert_batch_add(batch, slot->request, slot, &err) < 0)
        bench_die("anycert", err.message);
}

static void take_as_they_come(struct all *all)
{
    struct anycert_error err = {0};
    struct anycert_batch *batch = anycert_batch_new(all->client, AT_ONCE, &err);
    struct anycert_batch_result result;
    struct slot slots[AT_ONCE];

    if (!batch)
        bench_die("anycert", err.message);
    for (unsigned i = 0; i < AT_ONCE; i++)
        fill(all, batch, &slots[i]);
    while (anycert_batch_next(batch, -1, &result, &err) == 1) {
        struct slot *slot = result.tag;

        if (result.error.code != 0)
            bench_die("anycert", result.error.message);
        check(all, result.response, slot->number);
        anycert_request_free(slot->request);
        fill(all, batch, slot);
    }
    anycert_batch_free(batch);
}

void bench_million(const char *url, const char *root, unsigned requests)
{
    struct all all = {.url = url, .total = requests, .early = requests / 10};
    struct anycert_error err = {0};
    struct anycert_config *config = anycert_config_new(&err);
    struct anycert_policy *policy = anycert_policy_new(&err);
    pthread_t threads[THREADS];

    if (!config || !policy || anycert_policy_add_ca_path(policy, root, &err) < 0 ||
        anycert_config_set_policy(config, policy, &err) < 0 ||
        (all.client = anycert_client_new(config, &err)) == NULL)
        bench_die("anycert", err.message);
    for (unsigned i = 0; i < THREADS; i++) {
        if (pthread_create(&threads[i], NULL, wait_for_each, &all) != 0)
            bench_die("thread", "cannot be made");
    }
    take_as_they_come(&all);
    for (unsigned i = 0; i < THREADS; i++)
        (void)pthread_join(threads[i], NULL);
    printf("%u %ld %ld\n", atomic_load(&all.done), atomic_load(&all.early_kib), resident_kib());
    anycert_client_free(all.client);
    anycert_policy_free(policy);
    anycert_config_free(config);
}
