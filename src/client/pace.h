/* client/pace.h — how fast a client may send (token bucket), and whether at all (circuit breaker).
 * Safe from many threads; times are microseconds of the waiting's clock. */
#ifndef ANYCERT_CLIENT_PACE_H
#define ANYCERT_CLIENT_PACE_H

#include "client/internal.h"

struct anycert__pace;
/* NULL with NOMEM. */
struct anycert__pace *anycert__pace_new(const struct anycert_config *config,
                                        struct anycert_error *err);
void anycert__pace_free(struct anycert__pace *pace);

/* False if there is neither a rate nor a breaker: then no time counts below. */
bool anycert__pace_counts(const struct anycert__pace *pace);
/* Takes a token; the time at which the request may be sent, now or later. */
int64_t anycert__pace_reserve(struct anycert__pace *pace, int64_t now_us);

/* What the breaker lets a request be. */
enum anycert__pass {
    ANYCERT__PASS_NONE = 0, /* refused with CIRCUIT_OPEN */
    ANYCERT__PASS_PLAIN,
    ANYCERT__PASS_PROBE /* the only one: its outcome has to be told */
};
enum anycert__pass anycert__pace_enter(struct anycert__pace *pace, int64_t now_us,
                                       struct anycert_error *err);
/* The outcome of a request that was let through. */
enum anycert__verdict_of_try {
    ANYCERT__TRY_UNKNOWN = 0, /* it was given up: nothing is learned */
    ANYCERT__TRY_GOOD,
    ANYCERT__TRY_BAD
};
void anycert__pace_leave(struct anycert__pace *pace, enum anycert__pass pass,
                         enum anycert__verdict_of_try outcome, int64_t now_us);
enum anycert_circuit anycert__pace_circuit(struct anycert__pace *pace, int64_t now_us);

#endif
