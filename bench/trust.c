#include "bench/bench.h"

#include <anycert/trust_store.h>

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define HOSTS 100000
#define RUNS  21
#define LOOKS 2000

/* A store of many hosts, in a folder of its own. */
static void write_store(const char *path)
{
    FILE *out = fopen(path, "w");

    if (!out)
        bench_die("trust store", "it cannot be written");
    (void)fputs("# anycert-trust-store 1\n", out);
    for (unsigned i = 0; i < HOSTS; i++)
        (void)fprintf(out,
                      "host-%06u.department.example:443 pin "
                      "sha256//%05uAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA= "
                      "2026-01-31T12:00:00Z 2026-01-31T12:00:00Z first-use\n",
                      i, i % 100000);
    if (fclose(out) != 0)
        bench_die("trust store", "it cannot be written");
}

static double open_once(const char *path)
{
    double before = bench_cpu_us();
    struct anycert_trust_store *store = anycert_trust_store_open(path, NULL);
    double us = bench_cpu_us() - before;

    if (!store)
        bench_die("trust store", "it cannot be opened");
    anycert_trust_store_free(store);
    return us;
}

/* Each from a state in which the file has just been looked at; that is part of a look-up, too. */
static double look_up(struct anycert_trust_store *store)
{
    double before = bench_cpu_us();

    for (unsigned i = 0; i < LOOKS; i++) {
        struct anycert_trust_entry *entry = NULL;
        char host[64];

        (void)snprintf(host, sizeof host, "host-%06u.department.example", i * 37 % HOSTS);
        if (anycert_trust_store_find(store, host, 443, &entry, NULL) != 1)
            bench_die("trust store", "a host is not found");
        anycert_trust_entry_free(entry);
    }
    return (bench_cpu_us() - before) / LOOKS;
}

static double median_of_look_ups(const char *path, int hashed)
{
    struct anycert_trust_store *store = anycert_trust_store_open(path, NULL);
    double values[RUNS];
    size_t count = 0;

    if (!store || (hashed && anycert_trust_store_hash_names(store, &count, NULL) != 0))
        bench_die("trust store", "it cannot be opened");
    if (hashed)
        sleep(3); /* or a file that has just been written is read again */
    for (unsigned i = 0; i < RUNS; i++)
        values[i] = look_up(store);
    anycert_trust_store_free(store);
    return bench_median(values, RUNS);
}

/* The first look-ups behind a change of one's own, while the file's times prove nothing yet. */
static double look_up_after_write(const char *path)
{
    struct anycert_trust_store *store = anycert_trust_store_open(path, NULL);
    double us;

    if (!store || anycert_trust_store_add(
                      store, "added.example", 443,
                      "sha256//AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=", NULL, NULL) != 0)
        bench_die("trust store", "a host cannot be added");
    us = look_up(store);
    anycert_trust_store_free(store);
    return us;
}

void bench_trust(void)
{
    char folder[] = "/tmp/anycert-bench-XXXXXX";
    char path[64], lock[80];
    double values[RUNS], plain, written, hashed, hashed_open;

    if (!mkdtemp(folder))
        bench_die("trust store", "there is no folder for it");
    (void)snprintf(path, sizeof path, "%s/trust", folder);
    (void)snprintf(lock, sizeof lock, "%s.lock", path);
    write_store(path);
    sleep(3);
    for (unsigned i = 0; i < RUNS; i++)
        values[i] = open_once(path);
    plain = median_of_look_ups(path, 0);
    written = look_up_after_write(path);
    hashed = median_of_look_ups(path, 1);
    printf("\"trust_store\": {\"hosts\": %d, \"open_ms\": %.3f, ", HOSTS,
           bench_median(values, RUNS) / 1e3);
    for (unsigned i = 0; i < RUNS; i++)
        values[i] = open_once(path);
    hashed_open = bench_median(values, RUNS) / 1e3;
    printf("\"open_hashed_ms\": %.3f, \"look_up_us\": %.3f, \"look_up_after_write_us\": %.3f, "
           "\"look_up_hashed_us\": %.3f},\n",
           hashed_open, plain, written, hashed);
    (void)unlink(path);
    (void)unlink(lock);
    (void)rmdir(folder);
}
