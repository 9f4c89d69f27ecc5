#define _GNU_SOURCE
#include "bench/bench.h"

#include <anycert/version.h>

#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

_Noreturn void bench_die(const char *name, const char *what)
{
    fprintf(stderr, "anycert_bench: %s: %s\n", name, what);
    exit(1);
}

void bench_pin(int processor)
{
    cpu_set_t set;

    if (sysconf(_SC_NPROCESSORS_ONLN) < 2)
        return;
    CPU_ZERO(&set);
    CPU_SET((size_t)processor, &set);
    (void)sched_setaffinity(0, sizeof set, &set);
}

static double now_us(clockid_t clock)
{
    struct timespec t;

    clock_gettime(clock, &t);
    return (double)t.tv_sec * 1e6 + (double)t.tv_nsec / 1e3;
}

double bench_cpu_us(void)
{
    return now_us(CLOCK_PROCESS_CPUTIME_ID);
}

double bench_wall_us(void)
{
    return now_us(CLOCK_MONOTONIC);
}

static int compare(const void *a, const void *b)
{
    double x = *(const double *)a;
    double y = *(const double *)b;

    return (x > y) - (x < y);
}

double bench_median(double *values, size_t count)
{
    qsort(values, count, sizeof *values, compare);
    return count % 2 ? values[count / 2] : (values[count / 2 - 1] + values[count / 2]) / 2;
}

int main(int argc, char **argv)
{
    int quick = argc > 1 && strcmp(argv[1], "--quick") == 0;
    struct bench_server server;

    if (argc == 7 && strcmp(argv[1], "many") == 0) {
        bench_pin(0);
        bench_many(&(struct bench_many){.who = argv[2],
                                        .url = argv[3],
                                        .root = argv[4],
                                        .http2 = strcmp(argv[5], "2") == 0,
                                        .requests = (unsigned)strtoul(argv[6], NULL, 10)});
        return 0;
    }
    if (argc > 2 && strcmp(argv[1], "run") == 0)
        return bench_run(argv + 2);
    if (argc == 5 && strcmp(argv[1], "million") == 0) {
        bench_million(argv[2], argv[3], (unsigned)strtoul(argv[4], NULL, 10));
        return 0;
    }
    if (argc == 2 && strcmp(argv[1], "trust") == 0) {
        bench_pin(0);
        bench_trust();
        return 0;
    }
    if (argc > 1 && !quick) {
        fprintf(stderr, "usage: anycert_bench [--quick]\n"
                        "       anycert_bench trust\n"
                        "       anycert_bench run COMMAND...\n"
                        "       anycert_bench million URL ROOT REQUESTS\n"
                        "       anycert_bench many anycert|libcurl|libcurl-kept URL ROOT 1|2 "
                        "REQUESTS\n");
        return 2;
    }
    bench_server_start(&server); /* before anything here has made a thread */
    bench_pin(0);
    /* A bundle written a moment ago is read again at each use, as its times do not prove yet that
     * it stayed the same. */
    sleep(4);
    printf("{\n");
    bench_clients(&server);
    bench_bundles(&server);
    bench_trust();
    bench_warm(&server, quick ? 5 : 41, quick ? 100 : 500);
    /* Two per cent are looked for: many short turns, so that the machine's speed is the same in
     * both. */
    bench_policy(&server, quick ? 15 : 301, 100);
    printf("\"openssl\": \"%s\", \"libcurl\": \"%s\"\n}\n", anycert_openssl_version(),
           anycert_libcurl_version());
    bench_server_stop(&server);
    return 0;
}
