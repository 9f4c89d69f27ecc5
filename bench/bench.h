/* bench.h — what the in-process benchmarks share. */
#ifndef ANYCERT_BENCH_H
#define ANYCERT_BENCH_H

#include <stddef.h>
#include <stdint.h>

/* A lab in a process of its own, so that its work is not counted as the client's. */
struct bench_server {
    char url[128]; /* of /json, about 1 kB */
    char host[64];
    unsigned port;
    char root[256]; /* PEM file of the lab's root */
    int pid;
    int pipe;
};
/* Starts the lab's condition `good`; dies on failure. */
void bench_server_start(struct bench_server *server);
void bench_server_stop(struct bench_server *server);

/* Keeps this process to one processor, where there is more than one; or leaves it as it is. */
void bench_pin(int processor);

/* CPU time of this process in microseconds. */
double bench_cpu_us(void);
/* Wall-clock time in microseconds. */
double bench_wall_us(void);
double bench_median(double *values, size_t count);
/* Prints "name: what" and ends the process. */
_Noreturn void bench_die(const char *name, const char *what);

/* Each prints members of one JSON object, without braces, ended by ",\n". */
void bench_warm(const struct bench_server *server, unsigned pairs, unsigned requests);
void bench_policy(const struct bench_server *server, unsigned pairs, unsigned requests);
void bench_clients(const struct bench_server *server);
void bench_bundles(const struct bench_server *server);
void bench_trust(void);

/* Many requests at once to a server that somebody else has started. */
struct bench_many {
    const char *who; /* "anycert", "libcurl", "libcurl-kept" */
    const char *url;
    const char *root; /* PEM file */
    int http2;
    unsigned requests;
};
/* Prints microseconds of CPU for each request. */
void bench_many(const struct bench_many *many);

/* That many requests through one client to a server that answers with the parameter n. Prints how
 * many were answered, and KiB of memory after a tenth of them and at the end. */
void bench_million(const char *url, const char *root, unsigned requests);

/* Runs a command and prints seconds of wall clock and of CPU, and KiB of peak memory. 0, or 1 if it
 * failed. */
int bench_run(char **command);

#endif
