/* told.h — requests that fail, and what is said of them. Everything here fails the test instead of
 * returning errors. */
#ifndef ANYCERT_TESTS_CLIENT_TOLD_H
#define ANYCERT_TESTS_CLIENT_TOLD_H

#include <stdbool.h>

#include "client/ask.h"

/* A request that failed, and what is said of it. */
struct told {
    int code; /* of the error; 0: it did not fail */
    char message[512];
    struct anycert_short_diagnosis *diagnosis; /* NULL: nothing is said */
};
/* GET; the diagnosis is to be freed. */
struct told tell(struct anycert_client *client, const char *url);
/* The same by a client that is made for it. */
struct told tell_of(const struct ask *ask, const char *url);
/* A client of a policy; resolve may be NULL. */
struct anycert_client *client_under(const struct anycert_policy *policy, const char *resolve);

bool has_cause(const struct anycert_short_diagnosis *diagnosis, const char *id);
/* Everything is there that has to be; name is for the message. */
void expect_whole(const char *name, const struct anycert_short_diagnosis *diagnosis);
/* It is told of this cause, and how sure that is. */
void expect_cause(const struct told *told, const char *id, bool certain);

#endif
