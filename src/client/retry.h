/* client/retry.h — the decision whether a request is made again. Pure but for the jitter. */
#ifndef ANYCERT_CLIENT_RETRY_H
#define ANYCERT_CLIENT_RETRY_H

#include <stdbool.h>
#include <stdint.h>

#include <anycert/retry.h>

/* What came of a try. */
struct anycert__outcome {
    const char *method;      /* of the request, before redirects */
    int error;               /* the error's code, or 0 */
    int status;              /* 0: no status line came */
    bool arrived;            /* a server may have seen something of the try, at any hop */
    const char *retry_after; /* the field's value, or NULL */
    bool goes_on;            /* a body that breaks off goes on where it ended */
    int64_t now;             /* seconds since 1970 UTC, for a Retry-After that is a date */
};

/* True if the rules (NULL: none) have the request made again after such an outcome, whatever the
 * count. */
bool anycert__retry_wants(const struct anycert_retry *retry,
                          const struct anycert__outcome *outcome);
unsigned anycert__retry_count(const struct anycert_retry *retry);
/* Milliseconds to wait before the nth retry, n from 1. */
int64_t anycert__retry_delay(const struct anycert_retry *retry, unsigned n,
                             const struct anycert__outcome *outcome);
bool anycert__retry_raises(const struct anycert_retry *retry);
/* Name of the idempotency header, or NULL. */
const char *anycert__retry_idempotency(const struct anycert_retry *retry);

#endif
