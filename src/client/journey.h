/* client/journey.h — one attempt at a request: its exchanges, over redirects, each judged by the
 * policy anew. It does no transfer itself, so that it serves a caller who waits as well as one who
 * has many under way:
 *
 *     begin; do { prepare; (the exchange is done); more = took(its result); } while (more > 0);
 *     commit, if its answer is the one; end
 *
 * The exchanges may be token requests, too (OAuth 2.0). */
#ifndef ANYCERT_CLIENT_JOURNEY_H
#define ANYCERT_CLIENT_JOURNEY_H

#include "client/auth.h"
#include "client/sink.h"

struct anycert__journey {
    struct anycert_client *client;
    const struct anycert_request *request;
    struct anycert_response *response;
    struct anycert__sink sink;
    int64_t started_us;
    struct anycert__limits limits;
    const char *extra_name, *extra_value; /* a header beside the request's; NULL: none */
    struct anycert__auth_use *auth;       /* of the call, set behind begin; NULL: none */
    bool (*again)(void *arg, const struct anycert__exchange *exchange);
    void *again_arg;

    const char *method; /* as it stands: a redirect may have made it GET */
    bool with_body;
    bool unexpected;          /* a server has refused to be asked before the body is sent */
    bool is_bare;             /* the secret guard keeps the secrets from this hop */
    bool with_secrets;        /* false for good once the way has left the request's origin */
    bool arrived;             /* a server may have seen a request of it */
    struct anycert__url next; /* the redirect's target; url points to it then */
    const struct anycert__url *url;
    unsigned redirects;
    struct anycert__fields answered; /* names of the request's cookies that answers have set */

    /* of the exchange under way */
    struct anycert__exchange exchange;
    struct anycert__fields headers;
    const struct anycert__situation *situation; /* of the origin; NULL before it is chosen */
    struct anycert__anchors *anchors, *proxy_anchors;
    int lapses;       /* how often a policy ended while its connection was made */
    bool is_fetching; /* a token is being asked for */
};

/* Opens where the body goes. again says of an answer whether it will be asked for once more, so
 * that its body goes nowhere; NULL: never. 0, or -1; end it in either case. */
int anycert__journey_begin(struct anycert__journey *journey, struct anycert_client *client,
                           const struct anycert_request *request,
                           const struct anycert__limits *limits,
                           bool (*again)(void *arg, const struct anycert__exchange *exchange),
                           void *arg, struct anycert_error *err);
/* Fills in journey->exchange. 0; 1 if nothing can be done before another call has got a token: ask
 * again in ANYCERT__TOKEN_POLL_US; or -1. */
#define ANYCERT__TOKEN_POLL_US 10000
int anycert__journey_prepare(struct anycert__journey *journey, struct anycert_error *err);
/* The exchange has ended with result, and err if that is -1. 1: prepare the next one; 0: the
 * response is whole; -1 with err. */
int anycert__journey_took(struct anycert__journey *journey, int result, struct anycert_error *err);
/* The answer is the one that was asked for: gives the output file its name. 0, or -1 with err. */
int anycert__journey_commit(struct anycert__journey *journey, struct anycert_error *err);
/* journey_refusal.c: says what a reader of the policy would not expect: that its relaxations have
 * ended, do not count here, or that it is one of the policy file. */
void anycert__journey_explain(const struct anycert__journey *journey, struct anycert_error *err);
/* Hands over the response; NULL if result is -1 and nothing was learned about any hop. Ends the
 * journey, wherever it stands. */
struct anycert_response *anycert__journey_end(struct anycert__journey *journey, int result);

#endif
