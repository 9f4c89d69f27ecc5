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

/* 2020-01-01: a clock that shows less is not set, as nothing of this is so old. */
#define ANYCERT__CLOCK_FLOOR INT64_C(1577836800)

/* Microseconds of a clock that never goes back, for measuring; not related to any date. */
int64_t anycert__monotonic_us(void);

/* Waiting behind callbacks, so that tests need not wait. sleep_ms returns 0, or anything else to
 * give up. A zeroed structure means the system's clock and sleep. */
struct anycert__waiting {
    int64_t (*now_us)(void *arg);
    int (*sleep_ms)(void *arg, int64_t ms);
    void *arg;
};

int64_t anycert__waiting_now_us(const struct anycert__waiting *waiting);
/* 0, or -1 if the sleep was given up. */
int anycert__waiting_sleep(const struct anycert__waiting *waiting, int64_t ms);

#endif
