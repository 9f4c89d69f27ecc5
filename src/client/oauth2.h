/* client/oauth2.h — what a token is asked for with, and the tokens that there are. Inside of the
 * credentials. */
#ifndef ANYCERT_CLIENT_OAUTH2_H
#define ANYCERT_CLIENT_OAUTH2_H

#include <pthread.h>

#include "base/buf.h"
#include "client/auth.h"
#include "http/url.h"

/* The token that was asked for under one policy. It is a secret of its own. */
struct anycert__oauth2_slot {
    struct anycert__oauth2_slot *next;
    char *terms; /* the policy's text */
    char *token; /* NULL: none yet */
    uint64_t serial;
    int64_t renew_at, expires_at; /* INT64_MAX: not known */
    uint64_t fetch;               /* number of the newest one */
    bool fetching;                /* and whether it is under way */
    uint64_t done;                /* number of the newest one that succeeded */
    uint64_t failed;              /* number of the newest one that failed, and why */
    struct anycert_error failure;
    int failed_status;
    char failed_retry_after[64];
};

struct anycert__oauth2 {
    struct anycert__url url;
    char *client_id, *client_secret;
    enum anycert_oauth2_style style;
    char *scope, *audience;
    struct anycert__fields params;
    uint32_t refresh_before;
    char *first_token; /* given by the caller */
    int64_t first_expires_at;

    pthread_mutex_t mutex; /* over what follows */
    bool mutex_ready;
    struct anycert__oauth2_slot *slots;
    uint64_t serial, fetch; /* the last ones given out */
    char *newest;
    int64_t newest_expires_at;
};

/* A token request under way: what its exchange borrows, and the answer. */
struct anycert__oauth2_fetch {
    struct anycert__fields headers;
    struct anycert__buf body, answer;
    struct anycert__body whole; /* the body, borrowed from its buffer */
    char *user, *password;
    char *secrets[2];
    bool too_large;
};

/* oauth2_fetch.c: what the answer says. token is the caller's, a secret; lifetime -1: not known. 0,
 * or -1 with AUTH. */
int anycert__oauth2_read(const struct anycert__oauth2 *oauth2, struct anycert__oauth2_fetch *fetch,
                         int status, char **token, int64_t *lifetime, struct anycert_error *err);
void anycert__oauth2_fetch_free(struct anycert__oauth2_fetch *fetch);
/* Fills in exchange and *out. 0, or -1. */
int anycert__oauth2_fetch_new(const struct anycert_auth *auth, struct anycert__exchange *exchange,
                              struct anycert__oauth2_fetch **out, struct anycert_error *err);

#endif
