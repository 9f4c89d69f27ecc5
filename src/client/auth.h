/* client/auth.h — credentials, and their use by one call.
 *
 * What a call does, on a hop that may have them:
 *
 *     need: READY, or FETCH (fetch_begin; the exchange is done; fetch_end; need again), or WAIT
 *     prepare: adds the credentials to the exchange; the exchange is done
 *     again: whether to do it once more, from need on
 */
#ifndef ANYCERT_CLIENT_AUTH_H
#define ANYCERT_CLIENT_AUTH_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include <anycert/auth.h>

#include "http/exchange.h"
#include "http/fields.h"

enum anycert__auth_kind {
    ANYCERT__AUTH_NONE,
    ANYCERT__AUTH_USER, /* user and password, or neither, in a scheme of libcurl's */
    ANYCERT__AUTH_BEARER,
    ANYCERT__AUTH_KEY_HEADER,
    ANYCERT__AUTH_KEY_QUERY,
    ANYCERT__AUTH_SIGV4,
    ANYCERT__AUTH_OAUTH2,
    ANYCERT__AUTH_CALLBACK
};

struct anycert__oauth2;

/* Strings are its own, and secret as a rule. */
struct anycert_auth {
    atomic_uint references;
    atomic_bool in_use; /* set somewhere: it does not change any more */
    enum anycert__auth_kind kind;
    enum anycert__scheme scheme;      /* of USER */
    char *name;                       /* user; access key; name of field or parameter */
    char *secret;                     /* password; token; key; secret key */
    char *session, *region, *service; /* of SIGV4 */
    struct anycert__oauth2 *oauth2;
    anycert_auth_hook *on_request, *on_failure;
    void *arg;
    uint8_t identity[32]; /* tells connections of one from those of another */
};

/* NULL with NOMEM. */
struct anycert_auth *anycert__auth_new(enum anycert__auth_kind kind, struct anycert_error *err);
/* Sets the identity to a digest of everything that makes it, the strings given too, which may be
 * NULL. 0, or -1 with NOMEM. */
int anycert__auth_identify(struct anycert_auth *auth, const char *const *more, size_t count,
                           struct anycert_error *err);
/* True for one visible ASCII character or more, and nothing else. */
bool anycert__is_visible(const char *text);

/* ---- the use by one call; zeroed, it has none */

struct anycert__auth_use {
    struct anycert_auth *auth; /* a reference; NULL: none */
    bool repeated;             /* once is enough */
    bool is_fresh;             /* the next exchange must not begin with what is known */
    bool asked;                /* again has been asked about this exchange */
    int again;                 /* what it said */
    struct anycert_error again_error;

    /* what the exchange borrows */
    struct anycert__fields fields;
    char *url, *shown;             /* with credentials in the query, and with these hidden */
    struct anycert__fields params; /* of a callback */
    char *secrets[4];
    size_t secret_count;

    /* OAuth 2.0 */
    struct anycert__oauth2_slot *slot; /* in the auth */
    char *token;
    uint64_t serial;                /* of the token; 0: none */
    uint64_t rejected;              /* a token that was answered with 401 */
    uint64_t fetching, waiting_for; /* numbers of fetches; 0: none */
    unsigned waits;                 /* how often it has been told to wait for that one */
    struct anycert__oauth2_fetch *fetch;
    int refused_status; /* of the answer to a token request that failed; 0: there was none */
    char refused_retry_after[64]; /* "" for none */
};

enum anycert__auth_step {
    ANYCERT__AUTH_READY,
    ANYCERT__AUTH_FETCH,  /* this call has to ask for a token */
    ANYCERT__AUTH_WAIT,   /* another one is asking: come back soon */
    ANYCERT__AUTH_REFUSED /* err says why */
};

/* auth may be NULL. */
void anycert__auth_begin(struct anycert__auth_use *use, struct anycert_auth *auth);
/* terms is the text of the policy that a token is asked for under; now is the client's time. */
enum anycert__auth_step anycert__auth_need(struct anycert__auth_use *use, const char *terms,
                                           int64_t now, struct anycert_error *err);
/* Fills in the request's part of the exchange: the driver adds terms and limits of time. It is
 * borrowed until fetch_end. 0, or -1: end it all the same. */
int anycert__auth_fetch_begin(struct anycert__auth_use *use, struct anycert__exchange *exchange,
                              struct anycert_error *err);
/* The exchange has ended with result, and err if that is -1. 0, or -1 with err: the call fails. */
int anycert__auth_fetch_end(struct anycert__auth_use *use, int result,
                            const struct anycert__exchange *exchange, int64_t now,
                            struct anycert_error *err);

/* What is known of the request when its credentials are made. */
struct anycert__auth_hop {
    struct anycert__fields *headers; /* fields that the credentials replace are taken out */
    int64_t now;
};
/* Adds the credentials to an exchange that has all the rest. It borrows them until the next call of
 * this or anycert__auth_end. 0, or -1 with err. */
int anycert__auth_prepare(struct anycert__auth_use *use, const struct anycert__auth_hop *hop,
                          struct anycert__exchange *exchange, struct anycert_error *err);
/* Whether the answer to a prepared exchange asks for another try with fresh credentials. May be
 * asked more than once, from when its header has come. -1 with err if a callback fails. */
int anycert__auth_again(struct anycert__auth_use *use, const struct anycert__exchange *exchange,
                        struct anycert_error *err);
/* Takes out of a redirect's target what the server has repeated of a key in the query. 0, or -1
 * with URL, NOMEM. */
int anycert__auth_strip(const struct anycert__auth_use *use, struct anycert__url *target,
                        struct anycert_error *err);
/* Gives up the token request, so that need asks for one again. */
void anycert__auth_fetch_drop(struct anycert__auth_use *use);
/* Wipes and frees everything; another call may fetch what this one has begun to. */
void anycert__auth_end(struct anycert__auth_use *use);

/* ---- inside: oauth2.c, oauth2_token.c, hook.c */

void anycert__oauth2_free(struct anycert__oauth2 *oauth2);
void anycert__oauth2_end(struct anycert__auth_use *use);
/* 0, or -1 with err. */
int anycert__hook_request(struct anycert__auth_use *use, const struct anycert__exchange *exchange,
                          struct anycert_error *err);
/* 1 or 0, or -1 with err. */
int anycert__hook_failure(struct anycert__auth_use *use, const struct anycert__exchange *exchange,
                          struct anycert_error *err);

#endif
