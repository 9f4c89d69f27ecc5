/* client/latency.h — how long calls took: a histogram whose size does not depend on how many there
 * were. */
#ifndef ANYCERT_CLIENT_LATENCY_H
#define ANYCERT_CLIENT_LATENCY_H

#include <stdint.h>

/* Zeroed is empty. */
struct anycert__latency {
    uint64_t *counts; /* by class of length; NULL: nothing is known */
    uint64_t total;
    int64_t shortest_us, longest_us;
    double sum_us;
};
/* What there is no memory for is not counted. */
void anycert__latency_add(struct anycert__latency *latency, int64_t us);
/* Microseconds within which so many percent were done, too long by a sixteenth at most; -1: nothing
 * is known, or percent is not from 0 to 100. */
int64_t anycert__latency_within(const struct anycert__latency *latency, double percent);
/* -1: nothing is known. */
int64_t anycert__latency_mean(const struct anycert__latency *latency);
void anycert__latency_clear(struct anycert__latency *latency);

#endif
