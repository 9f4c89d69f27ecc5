#include "base/clock.h"

#include <errno.h>
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

int64_t anycert__waiting_now_us(const struct anycert__waiting *waiting)
{
    return waiting->now_us ? waiting->now_us(waiting->arg) : anycert__monotonic_us();
}

int anycert__waiting_sleep(const struct anycert__waiting *waiting, int64_t ms)
{
    struct timespec left;

    if (ms <= 0)
        return 0;
    if (waiting->sleep_ms)
        return waiting->sleep_ms(waiting->arg, ms) == 0 ? 0 : -1;
    left.tv_sec = (time_t)(ms / 1000);
    left.tv_nsec = (long)(ms % 1000) * 1000000;
    while (nanosleep(&left, &left) != 0) {
        if (errno != EINTR)
            return -1;
    }
    return 0;
}
