#include "client/latency.h"

#include "base/mem.h"

#include <stddef.h>
#include <string.h>

/* Sixteen classes for each doubling, which is as exact as anybody needs. */
#define FINE    16
#define FINE_2  4
#define LONGEST ((INT64_C(1) << 40) - 1) /* twelve days */
#define CLASSES ((40 - FINE_2 + 1) * FINE)

static size_t class_of(int64_t us)
{
    unsigned shift = 0;

    while (us >> shift >= 2 * FINE)
        shift++;
    return us < FINE ? (size_t)us : shift * FINE + (size_t)(us >> shift);
}

/* The longest time of a class. */
static int64_t end_of(size_t class)
{
    size_t shift = class < 2 * FINE ? 0 : class / FINE - 1;

    return (((int64_t)(class - shift * FINE) + 1) << shift) - 1;
}

void anycert__latency_add(struct anycert__latency *latency, int64_t us)
{
    us = us < 0 ? 0 : us > LONGEST ? LONGEST : us;
    if (!latency->counts)
        latency->counts = anycert__calloc(CLASSES, sizeof *latency->counts);
    if (!latency->counts)
        return;
    latency->counts[class_of(us)]++;
    if (latency->total == 0 || us < latency->shortest_us)
        latency->shortest_us = us;
    if (us > latency->longest_us)
        latency->longest_us = us;
    latency->total++;
    latency->sum_us += (double)us;
}

int64_t anycert__latency_within(const struct anycert__latency *latency, double percent)
{
    double wanted = percent / 100 * (double)latency->total;
    uint64_t seen = 0;
    size_t class = 0;

    if (!(percent >= 0 && percent <= 100) || latency->total == 0)
        return -1;
    if (percent == 0)
        return latency->shortest_us;
    for (; class < CLASSES; class ++) {
        seen += latency->counts[class];
        if (seen > 0 && (double)seen >= wanted)
            break;
    }
    return end_of(class) < latency->longest_us ? end_of(class) : latency->longest_us;
}

int64_t anycert__latency_mean(const struct anycert__latency *latency)
{
    return latency->total == 0 ? -1 : (int64_t)(latency->sum_us / (double)latency->total);
}

void anycert__latency_clear(struct anycert__latency *latency)
{
    anycert__free(latency->counts);
    memset(latency, 0, sizeof *latency);
}
