/* retry.h — when a request is made again, and after what delay.
 *
 *     struct anycert_retry *retry = anycert_retry_new(&err);
 *     if (retry && anycert_retry_set_count(retry, 3, &err) == 0)
 *         (void)anycert_config_set_retry(config, retry, &err);
 *
 * Failures that waiting cannot mend are never tried again: a refused certificate, a TLS version, a
 * wrong URL, a full disk. Time limits are for each try anew, so one that is reached before the
 * answer's header has come is a failure like a lost connection; the client's time budget (call.h)
 * is for all tries, and allows no second one. Nor is anything tried again once the answer's header
 * has come, but for the statuses below: the server has done its work then, and a body that breaks
 * off would break off again for the same reason or be delivered twice; unless it goes on where it
 * ended (transfer.h).
 *
 * Threads: one at a time for each object. Every setter returns 0, or -1 with USAGE or NOMEM. */
#ifndef ANYCERT_RETRY_H
#define ANYCERT_RETRY_H

#include <stddef.h>
#include <stdint.h>

#include <anycert/error.h>

#ifdef __cplusplus
extern "C" {
#endif

/* The rules. */
struct anycert_retry;

/* No retries until a count is set. Free with anycert_retry_free. NULL with NOMEM. */
ANYCERT_API ANYCERT_NODISCARD struct anycert_retry *anycert_retry_new(struct anycert_error *err);
/* Frees it. Whatever it was given to has its own copy. NULL is a no-op. */
ANYCERT_API void anycert_retry_free(struct anycert_retry *retry);
/* A copy of its own. NULL with NOMEM. */
ANYCERT_API ANYCERT_NODISCARD struct anycert_retry *
anycert_retry_copy(const struct anycert_retry *retry, struct anycert_error *err);

/* How often a request is made again at most, 0 to 1000 (default 0): a request is made count + 1
 * times. */
ANYCERT_API ANYCERT_NODISCARD int
anycert_retry_set_count(struct anycert_retry *retry, unsigned count, struct anycert_error *err);
/* The delay before the nth retry, in milliseconds: none before the first, then factor_ms * 2^(n-1)
 * and a random part between 0 and jitter_ms, at most max_ms in all. Defaults: 5000, 0, 120000. */
ANYCERT_API ANYCERT_NODISCARD int anycert_retry_set_backoff(struct anycert_retry *retry,
                                                            uint32_t factor_ms, uint32_t jitter_ms,
                                                            uint32_t max_ms,
                                                            struct anycert_error *err);
/* Statuses (100 to 599) after which a request is made again. Default: none, so that a 503 without
 * Retry-After is the response at once, whatever the count is; a profile with `retries` (profile.h)
 * and the command line set 408, 429, 500, 502, 503 and 504. Besides those that are set, 413, 429
 * and 503 count when the answer has a Retry-After field (RFC 9110 section 10.2.3). */
ANYCERT_API ANYCERT_NODISCARD int anycert_retry_set_statuses(struct anycert_retry *retry,
                                                             const int *statuses, size_t count,
                                                             struct anycert_error *err);
/* Methods, comma-separated, whose requests may be made again once the server may have seen them.
 * Default and NULL: those that do the same twice as once (RFC 9110 section 9.2.2): GET, HEAD,
 * OPTIONS, TRACE, PUT, DELETE. Whatever the method, a request of which certainly no server has seen
 * anything, redirects included, is made again, and so is one with an idempotency key. Without such
 * rules a request with another method is never sent twice, not even when a kept connection ends as
 * it is used: that is RESET. */
ANYCERT_API ANYCERT_NODISCARD int anycert_retry_set_methods(struct anycert_retry *retry,
                                                            const char *methods,
                                                            struct anycert_error *err);
/* The longest that an answer's Retry-After (seconds or a date) is waited for, in milliseconds; what
 * it asks beyond that is cut to it. Default 120000; 0: Retry-After is not looked at. */
ANYCERT_API ANYCERT_NODISCARD int anycert_retry_set_retry_after_max(struct anycert_retry *retry,
                                                                    uint32_t max_ms,
                                                                    struct anycert_error *err);
/* 1: a status that is still there after the last retry is an error of sending (HTTP_RETRIES).
 * 0, the default: it is the response. */
ANYCERT_API ANYCERT_NODISCARD int anycert_retry_set_raise_on_status(struct anycert_retry *retry,
                                                                    int raise,
                                                                    struct anycert_error *err);
/* Sends a header of this name with a value that is new for each request and the same for all its
 * tries, so that the server can tell a repetition (draft-ietf-httpapi-idempotency-key-header); any
 * method may be made again then. A field of that name in the request is kept. NULL, the default:
 * none. */
ANYCERT_API ANYCERT_NODISCARD int anycert_retry_set_idempotency_header(struct anycert_retry *retry,
                                                                       const char *name,
                                                                       struct anycert_error *err);

#ifdef __cplusplus
}
#endif

#endif
