#include "base/clock.h"

#include <stddef.h>
#include <time.h>

int64_t anycert__clock_now(const struct anycert__clock *clock)
{
    if (clock && clock->now)
        return clock->now(clock->arg);
    return (int64_t)time(NULL);
}

int64_t anycert__monotonic_us(void)
{
    struct timespec t;
    if (clock_gettime(CLOCK_MONOTONIC, &t) != 0)
        return 0;
    return (int64_t)t.tv_sec * 1000000 + (int64_t)t.tv_nsec / 1000;
}
