/* call.h — the base client's call: a request whose answer is checked.
 *
 *     request = anycert_client_request(client, "GET", "/status", &err);
 *     if (request && anycert_request_set_resp_type(request, ANYCERT_RESP_JSON, &err) == 0 &&
 *         anycert_client_call(client, request, &response, &err) == 0)
 *         json = anycert_response_json(response, &err);
 *
 * anycert_client_send() is content with any whole response; a call is content with an accepted
 * status and a body of the kind that was asked for. What a request says goes before what its client
 * says.
 *
 * Threads: as client.h says of the objects. Every setter returns 0, or -1 with USAGE or NOMEM. */
#ifndef ANYCERT_CALL_H
#define ANYCERT_CALL_H

#include <stddef.h>
#include <stdint.h>

#include <anycert/client.h>
#include <anycert/error.h>
#include <anycert/retry.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Makes the call. 0: the status is accepted (or the error handler took the answer), and the body is
 * what the request's resp_type says. -1 with what anycert_client_send may give, or HTTP_STATUS,
 * BODY_JSON, BODY_XML, or what an error handler said. *out as anycert_client_send sets it: the
 * answer is there on failure too. An answer whose status is not accepted is not what an output file
 * or a body callback of the request is for: its body is kept in memory, up to 64 MiB, for the error
 * handler and the text of the error; the file stays as it was, and the callback gets nothing. */
ANYCERT_API ANYCERT_NODISCARD int anycert_client_call(struct anycert_client *client,
                                                      const struct anycert_request *request,
                                                      struct anycert_response **out,
                                                      struct anycert_error *err);

/* A failure as the text that callers of the original base client know and match on, over several
 * lines: what it said; of TLS and trust our own cause, too, which the error itself always has. What
 * it knew nothing of is the error's own sentence. err_of_call is what the call or send filled in.
 * response may be NULL. It has the answer's body in it, but no secret of ours: where the server
 * repeats one of eight bytes or more, as it was sent, it is hidden. Free with anycert_free. NULL
 * with NOMEM. */
ANYCERT_API ANYCERT_NODISCARD char *
anycert_client_error_text(const struct anycert_client *client,
                          const struct anycert_request *request,
                          const struct anycert_response *response,
                          const struct anycert_error *err_of_call, struct anycert_error *err);

/* Status: which answers are accepted.
 *
 * The request's codes, else the client's, else every status below 400. */

/* Each 100 to 599; count 0: none of its own. */
ANYCERT_API ANYCERT_NODISCARD int anycert_config_set_ok_codes(struct anycert_config *config,
                                                              const int *codes, size_t count,
                                                              struct anycert_error *err);
ANYCERT_API ANYCERT_NODISCARD int anycert_request_set_ok_codes(struct anycert_request *request,
                                                               const int *codes, size_t count,
                                                               struct anycert_error *err);

/* Gets an answer whose status is not accepted. 0: it is taken all the same, and goes on as a
 * success; -1 with err filled in: the call fails with that error (with HTTP_STATUS if err was left
 * empty). The response is borrowed for the call. Called on the thread that calls. */
typedef int anycert_error_handler(void *arg, const struct anycert_response *response,
                                  struct anycert_error *err);
/* Sets the handler, the request's before the client's; arg is handed to it. NULL: none, and the
 * call fails with HTTP_STATUS. */
ANYCERT_API ANYCERT_NODISCARD int anycert_config_set_error_handler(struct anycert_config *config,
                                                                   anycert_error_handler *handler,
                                                                   void *arg,
                                                                   struct anycert_error *err);
ANYCERT_API ANYCERT_NODISCARD int anycert_request_set_error_handler(struct anycert_request *request,
                                                                    anycert_error_handler *handler,
                                                                    void *arg,
                                                                    struct anycert_error *err);

/* Body: what an accepted answer has to be. */

/* What the caller wants of the body. */
enum anycert_resp_type {
    /* Nothing is looked at. */
    ANYCERT_RESP_RESPONSE = 0,
    /* It has to be JSON: read it with anycert_response_json. */
    ANYCERT_RESP_JSON = 1,
    /* Text of any kind. */
    ANYCERT_RESP_TEXT = 2,
    /* Bytes of any kind. */
    ANYCERT_RESP_CONTENT = 3,
    /* It has to be XML that anycert_response_xml reads. */
    ANYCERT_RESP_XML = 4
};
/* Sets the type; default RESPONSE. */
ANYCERT_API ANYCERT_NODISCARD int anycert_request_set_resp_type(struct anycert_request *request,
                                                                enum anycert_resp_type type,
                                                                struct anycert_error *err);
/* "json", "text", "content", "xml" and "response" in any case; RESPONSE for everything else and
 * NULL. */
ANYCERT_API enum anycert_resp_type anycert_resp_type_parse(const char *text);

/* 1: an answer whose status is one of the empty-valid codes (the request's, else the client's, else
 * 204) is accepted without a look at its body, which may be empty. Default 0. */
ANYCERT_API ANYCERT_NODISCARD int anycert_request_set_return_empty(struct anycert_request *request,
                                                                   int return_empty,
                                                                   struct anycert_error *err);
/* The codes for the above, each 100 to 599; count 0: none of its own. */
ANYCERT_API ANYCERT_NODISCARD int
anycert_config_set_empty_valid_codes(struct anycert_config *config, const int *codes, size_t count,
                                     struct anycert_error *err);
ANYCERT_API ANYCERT_NODISCARD int
anycert_request_set_empty_valid_codes(struct anycert_request *request, const int *codes,
                                      size_t count, struct anycert_error *err);

/* Pace: how often requests are made, and how fast. */

/* The rules for making requests again (retry.h), copied; the request's before the client's. NULL:
 * none, which is the default; a request cannot take away its client's but with rules whose count is
 * 0. */
ANYCERT_API ANYCERT_NODISCARD int anycert_config_set_retry(struct anycert_config *config,
                                                           const struct anycert_retry *retry,
                                                           struct anycert_error *err);
ANYCERT_API ANYCERT_NODISCARD int anycert_request_set_retry(struct anycert_request *request,
                                                            const struct anycert_retry *retry,
                                                            struct anycert_error *err);

/* A token bucket over all requests of the client, retries included: per_second on average, up to
 * burst (at least 1) at once; a request waits for its turn. per_second 0, the default: no limit. */
ANYCERT_API ANYCERT_NODISCARD int anycert_config_set_rate_limit(struct anycert_config *config,
                                                                double per_second, unsigned burst,
                                                                struct anycert_error *err);

/* A circuit breaker over all requests of the client: after so many failures one after the other it
 * opens, and requests are refused (CIRCUIT_OPEN) without being sent, until recovery_ms have passed.
 * Then one request is let through as a probe, and its outcome, whatever it is, closes or opens it
 * again. A failure is a request that found no whole answer, or a status of 500 and more; a request
 * that was interrupted says nothing. failures 0, the default: none. */
ANYCERT_API ANYCERT_NODISCARD int anycert_config_set_circuit_breaker(struct anycert_config *config,
                                                                     unsigned failures,
                                                                     uint32_t recovery_ms,
                                                                     struct anycert_error *err);
/* State of the circuit breaker. */
enum anycert_circuit {
    ANYCERT_CIRCUIT_CLOSED = 0,   /* requests are sent; always so without a breaker */
    ANYCERT_CIRCUIT_OPEN = 1,     /* requests are refused */
    ANYCERT_CIRCUIT_HALF_OPEN = 2 /* a probe may be sent, or is under way */
};
/* The state now. Safe from any thread. */
ANYCERT_API enum anycert_circuit anycert_client_circuit(const struct anycert_client *client);

/* A budget of time for all calls of a client together, in milliseconds from anycert_client_new:
 * each request gets what is left as its limit for connecting, for silence and in total, nothing is
 * tried again, and once it is used up requests fail with TIMEOUT_BUDGET before anything is sent. 0,
 * the default: none. */
ANYCERT_API ANYCERT_NODISCARD int anycert_config_set_time_budget(struct anycert_config *config,
                                                                 uint32_t budget_ms,
                                                                 struct anycert_error *err);

/* The limits for connecting and for silence as the original's administrators set them: the value of
 * the variable REQUESTS_TIMEOUT.NAME, else that of REQUESTS_TIMEOUT, in seconds with a fraction.
 * The caller looks them up, as the library reads no environment. NULL and "" count as unset; with
 * neither nothing changes. -1 with USAGE if the value is no number above 0. */
ANYCERT_API ANYCERT_NODISCARD int anycert_config_set_requests_timeout(struct anycert_config *config,
                                                                      const char *of_name,
                                                                      const char *general,
                                                                      struct anycert_error *err);

/* Clock and sleep for waits between requests, for tests and for callers with an event loop of their
 * own: now_us returns microseconds of a clock that never goes back; sleep_ms waits, and returns 0,
 * or anything else to give up (INTERRUPTED). Called from any thread that uses the client. NULLs:
 * the system's. Limits of a transfer go by the system's clock in any case. */
ANYCERT_API ANYCERT_NODISCARD int anycert_config_set_waiting(struct anycert_config *config,
                                                             int64_t (*now_us)(void *arg),
                                                             int (*sleep_ms)(void *arg, int64_t ms),
                                                             void *arg, struct anycert_error *err);

/* 1: a redirect beyond the last that is followed is the response. 0, the default: it is an error
 * (REDIRECTS). */
ANYCERT_API ANYCERT_NODISCARD int
anycert_config_set_keep_last_redirect(struct anycert_config *config, int keep,
                                      struct anycert_error *err);

/* Metrics: see metrics.h. */

/* What became of a call. */
enum anycert_metric {
    ANYCERT_METRIC_SUCCESS = 0,          /* answered and accepted */
    ANYCERT_METRIC_QUOTA_ERROR = 1,      /* status 429 */
    ANYCERT_METRIC_GENERAL_ERROR = 2,    /* any other status, and whatever has no type of its own */
    ANYCERT_METRIC_AUTH_ERROR = 3,       /* status 401, or no credentials to be had */
    ANYCERT_METRIC_SERVICE_ERROR = 4,    /* status 500 */
    ANYCERT_METRIC_CONNECTION_ERROR = 5, /* no whole answer came */
    ANYCERT_METRIC_PROXY_ERROR = 6,      /* the proxy failed or refused */
    ANYCERT_METRIC_SSL_ERROR = 7,        /* TLS failed, or the policy refused the server */
    ANYCERT_METRIC_TIMEOUT_ERROR = 8,    /* a time limit was reached */
    ANYCERT_METRIC_RETRY_ERROR = 9       /* HTTP_RETRIES */
};
/* 1: calls are counted; the request's word goes before the client's. Default 0. */
ANYCERT_API ANYCERT_NODISCARD int
anycert_config_set_metrics(struct anycert_config *config, int metrics, struct anycert_error *err);
ANYCERT_API ANYCERT_NODISCARD int anycert_request_set_metrics(struct anycert_request *request,
                                                              int metrics,
                                                              struct anycert_error *err);
/* Says of an accepted answer whether it only tells to ask again later; such a call is not counted
 * as a success. NULL, the default: none does. */
typedef int anycert_polling_hook(void *arg, const struct anycert_response *response);
ANYCERT_API ANYCERT_NODISCARD int anycert_config_set_polling_hook(struct anycert_config *config,
                                                                  anycert_polling_hook *hook,
                                                                  void *arg,
                                                                  struct anycert_error *err);
/* Says what an answer whose status is not accepted counts as, instead of the list above. */
typedef enum anycert_metric anycert_error_type_hook(void *arg,
                                                    const struct anycert_response *response);
ANYCERT_API ANYCERT_NODISCARD int anycert_config_set_error_type_hook(struct anycert_config *config,
                                                                     anycert_error_type_hook *hook,
                                                                     void *arg,
                                                                     struct anycert_error *err);

#ifdef __cplusplus
}
#endif

#endif
