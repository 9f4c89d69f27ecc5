/* many.h — a batch, its requests, and what came of them, by the number that each was given. Failing
 * to set up fails the test. */
#ifndef ANYCERT_TESTS_CLIENT_MANY_H
#define ANYCERT_TESTS_CLIENT_MANY_H

#include <anycert/anycert.h>

#include "client/ask.h"

#define MANY_MAX 1200

struct many {
    struct anycert_batch *batch;
    struct anycert_request *requests[MANY_MAX]; /* freed with the rest */
    struct answer answers[MANY_MAX];
    unsigned results[MANY_MAX]; /* how many each has had */
    size_t count;
    size_t order[MANY_MAX]; /* numbers, as their results came */
    size_t ended;
};

struct many *many_new(struct anycert_client *client, unsigned concurrency);
/* Checks that every request has had its one result, unless it is still to come. */
void many_free(struct many *many);

/* Adds a request, which it takes; its number. */
size_t many_add(struct many *many, struct anycert_request *request);
size_t many_get(struct many *many, const char *url);
/* Takes one result; its number, or -1 if there is none within the time. */
long many_next(struct many *many, int64_t timeout_ms);
/* Takes results until none is left. */
void many_finish(struct many *many);
/* The whole of it: GETs of one URL; every answer has to have this error code (0: status 200). */
struct many *many_ask(struct anycert_client *client, unsigned concurrency, const char *url,
                      size_t count, int code);
/* How many different connections the answers of the server of servers.h name. */
size_t many_connections(const struct many *many);

#endif
