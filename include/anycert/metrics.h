/* metrics.h — what became of a client's calls, counted, and how long they took.
 *
 * Only calls made with anycert_client_call are counted, and only where metrics are asked for
 * (anycert_config_set_metrics, anycert_request_set_metrics).
 *
 * Threads: safe from many at once. */
#ifndef ANYCERT_METRICS_H
#define ANYCERT_METRICS_H

#include <stdint.h>

#include <anycert/call.h>
#include <anycert/error.h>

#ifdef __cplusplus
extern "C" {
#endif

/* "Successful", "QuotaError", "GeneralError", "AuthError", "ServiceError", "ConnectionError",
 * "ProxyError", "SSLError", "TimeoutError", "RetryError"; NULL for a number that is none. Static
 * string. */
ANYCERT_API const char *anycert_metric_name(enum anycert_metric metric);
/* How many calls of the client ended so. */
ANYCERT_API uint64_t anycert_client_metric(const struct anycert_client *client,
                                           enum anycert_metric metric);
/* The counts that are not zero, in the order in which they began:
 * [{"Type":"GeneralError","APICallsCount":1}]. Free with anycert_free. NULL with NOMEM. */
ANYCERT_API ANYCERT_NODISCARD char *anycert_client_metrics_json(const struct anycert_client *client,
                                                                struct anycert_error *err);

/* How long calls took that had an answer, whatever it said: from the call (in a batch:
 * from when its turn has come) to its end, retries and waiting included; the microseconds within
 * which so many percent of them were done. 0: the shortest, 50: the median, 100: the longest; those
 * between are too long by a sixteenth at most. -1: there was none, or percent is not from 0 to 100.
 */
ANYCERT_API int64_t anycert_client_latency_us(const struct anycert_client *client, double percent);
/* Their mean. -1: there was none. */
ANYCERT_API int64_t anycert_client_mean_latency_us(const struct anycert_client *client);

#ifdef __cplusplus
}
#endif

#endif
