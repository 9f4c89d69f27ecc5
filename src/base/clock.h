/* base/clock.h — the time behind a callback, so that tests choose the date. */
#ifndef ANYCERT_BASE_CLOCK_H
#define ANYCERT_BASE_CLOCK_H

#include <stdint.h>

/* now returns seconds since 1970 UTC; called from any thread that uses the client. A zeroed
 * structure means the system's clock. */
struct anycert__clock {
    int64_t (*now)(void *arg);
    void *arg;
};

int64_t anycert__clock_now(const struct anycert__clock *clock);

/* Microseconds of a clock that never goes back, for measuring; not related to any date. */
int64_t anycert__monotonic_us(void);

#endif
