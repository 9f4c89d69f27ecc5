/* batch.h — many requests at once: results as they come.
 *
 *     struct anycert_batch *batch = anycert_batch_new(client, 32, &err);
 *     struct anycert_batch_result result;
 *     for (i = 0; batch && i < count; i++)
 *         if (anycert_batch_add(batch, requests[i], &names[i], &err) < 0) …
 *     while (anycert_batch_next(batch, -1, &result, &err) == 1) {
 *         … result.tag, result.response, result.error …
 *         anycert_response_free(result.response);
 *     }
 *     anycert_batch_free(batch);
 *
 * Each request that was added gives one result, whatever becomes of it. Everything that holds for
 * anycert_client_send() holds for each of them: policy, redirects, retries, rate limit, limits.
 * Connections are shared by requests that a client would give the same connection to one after the
 * other, and by no others; over HTTP/2 they carry many requests at once. Requests whose method is
 * not idempotent (POST, PATCH) go over HTTP/1.1 as long as the version is AUTO: when an HTTP/2
 * connection ends under many of them, it is not known which have been carried out, and they fail
 * with RESET. A request that waits for its next try takes nobody's place.
 *
 * Nothing moves but inside of anycert_batch_next(). A program with an event loop of its own waits
 * for anycert_batch_fd() to be readable, at most anycert_batch_timeout_ms(), and then calls
 * anycert_batch_next() with a timeout of 0 until it gives no more results.
 *
 * Threads: one at a time for each batch; a client may serve many batches and threads at once. In a
 * child process, requests that were under way end with INTERRUPTED: they are the parent's. */
#ifndef ANYCERT_BATCH_H
#define ANYCERT_BATCH_H

#include <stddef.h>
#include <stdint.h>

#include <anycert/client.h>
#include <anycert/error.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Requests that are made at once. */
struct anycert_batch;

/* What became of one request. */
struct anycert_batch_result {
    /* As it was given to anycert_batch_add(). */
    void *tag;
    /* The request itself, the caller's. */
    const struct anycert_request *request;
    /* The caller's, to be freed with anycert_response_free(); as the last parameter but one of
     * anycert_client_send() would be set, so NULL if nothing was learned. */
    struct anycert_response *response;
    /* Code 0: success. */
    struct anycert_error error;
    /* Zero. */
    int64_t reserved[4];
};

/* A batch of the client, which has to outlive it. Up to concurrency requests are under way at once
 * (1 to 10000). NULL with USAGE, INTERNAL or NOMEM. */
ANYCERT_API ANYCERT_NODISCARD struct anycert_batch *
anycert_batch_new(struct anycert_client *client, unsigned concurrency, struct anycert_error *err);
/* Gives up what is under way, frees results that nobody has taken, and closes its connections. Not
 * from a callback of one of its requests. NULL is a no-op. */
ANYCERT_API void anycert_batch_free(struct anycert_batch *batch);

/* Adds a request, which is borrowed and must not be changed until its result is out; the same one
 * may be added many times. It is sent as anycert_client_send() would, or called as
 * anycert_client_call() would, which checks the answer, too. Callbacks of the request and its
 * client run in anycert_batch_next(), and may add and cancel. 0, or -1 with NOMEM. */
ANYCERT_API ANYCERT_NODISCARD int anycert_batch_add(struct anycert_batch *batch,
                                                    const struct anycert_request *request,
                                                    void *tag, struct anycert_error *err);
ANYCERT_API ANYCERT_NODISCARD int anycert_batch_add_call(struct anycert_batch *batch,
                                                         const struct anycert_request *request,
                                                         void *tag, struct anycert_error *err);

/* Waits for a result up to so many milliseconds (0: looks what is there; negative: until there is
 * one). 1: *out is filled. 0: the time has passed, or no request is left. -1 with USAGE when called
 * from a callback of one of its own requests, or INTERRUPTED when the sleep of
 * anycert_config_set_waiting() was given up; nothing is lost then. */
ANYCERT_API ANYCERT_NODISCARD int anycert_batch_next(struct anycert_batch *batch,
                                                     int64_t timeout_ms,
                                                     struct anycert_batch_result *out,
                                                     struct anycert_error *err);

/* Gives up every request with that tag that has no result yet, or every one at all: transfers end,
 * and nothing is left of unfinished output files. Their results have the code INTERRUPTED and no
 * response. Returns how many there were. */
ANYCERT_API size_t anycert_batch_cancel(struct anycert_batch *batch, const void *tag);
ANYCERT_API size_t anycert_batch_cancel_all(struct anycert_batch *batch);

/* How many results are still to come. */
ANYCERT_API size_t anycert_batch_pending(const struct anycert_batch *batch);
/* How many of them are there already: the next so many calls of anycert_batch_next() do nothing but
 * give one out. No callback runs in them, so that they need not be made ready for. */
ANYCERT_API size_t anycert_batch_ready(const struct anycert_batch *batch);
/* A descriptor that is readable when there is something to do for anycert_batch_next(). It belongs
 * to the batch, may only be waited for, and is another one after a fork. */
ANYCERT_API int anycert_batch_fd(struct anycert_batch *batch);
/* After how many milliseconds anycert_batch_next() has to be called even if the descriptor is not
 * readable: 0 for at once, -1 for never. */
ANYCERT_API int64_t anycert_batch_timeout_ms(struct anycert_batch *batch);

#ifdef __cplusplus
}
#endif

#endif
