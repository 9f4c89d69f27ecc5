/* doctor/plan.h — which handshake is tried next, and what all of them together mean. Pure: what was
 * tried and what came of it go in, the next attempt comes out. */
#ifndef ANYCERT_DOCTOR_PLAN_H
#define ANYCERT_DOCTOR_PLAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "doctor/needs.h"
#include "policy/policy.h"

/* The most handshakes with one target. */
#define ANYCERT__PLAN_BUDGET 25

/* One attempt. Equal bytes mean the same attempt: make it with zeroed memory. */
struct anycert__attempt {
    enum anycert__rung rung;
    anycert__relaxations relaxations;
    /* Certificates refuse nothing, so that all of them are seen, and nothing is sent. Otherwise it
     * is what the client would do under that policy, to the letter. */
    bool observes;
    bool request;       /* a request without consequences is sent, and has to be answered */
    bool pin;           /* the key that was first seen is pinned */
    bool all_pins;      /* and those of the other servers that answered the same */
    bool expect_name;   /* a name out of the certificate is expected instead of the host */
    bool send_name;     /* and sent as server name (SNI), too */
    bool send_expected; /* the name that the caller expects is sent instead of the URL's host */
    bool supply;        /* with the certificates that were fetched for the chain */
    bool check_name, check_dates; /* of the rung pinned */
};

bool anycert__attempt_same(const struct anycert__attempt *a, const struct anycert__attempt *b);

/* How an attempt ended. */
enum anycert__ending {
    ANYCERT__ENDED_STANDS,       /* as the policy wants it */
    ANYCERT__ENDED_CERTIFICATES, /* we refused the certificates, or what was agreed on, after all */
    ANYCERT__ENDED_OWN_REFUSAL,  /* libssl refused what the server chose */
    ANYCERT__ENDED_ALERT,        /* the server refused, with an alert */
    ANYCERT__ENDED_CLIENT_CERT,  /* the server refused for want of a client certificate */
    ANYCERT__ENDED_CLOSED,
    ANYCERT__ENDED_RESET,
    ANYCERT__ENDED_SILENT,    /* nothing came */
    ANYCERT__ENDED_SLOW,      /* something came, and not enough */
    ANYCERT__ENDED_NOT_TLS,   /* what came is another protocol */
    ANYCERT__ENDED_NO_ANSWER, /* the handshake stands, and the request was not answered */
    ANYCERT__ENDED_NO_WAY     /* there was no connection to shake hands over */
};

/* What came of it. */
struct anycert__sighting {
    enum anycert__ending ending;
    int alert; /* the server's; -1 for none */
    struct anycert__needs certificates, offer;
    bool name_is_right, dates_are_right; /* as far as seen */
    bool has_pin;                        /* the server has a key that can be pinned */
    bool has_pins;                       /* and so have other servers that answer the same */
    bool has_name;        /* and its certificate a name that can be expected instead */
    bool has_supply;      /* certificates were fetched that end the chain */
    bool is_forbidden;    /* the request was answered with 403, over TLS 1.3 */
    bool completed;       /* the handshake was, whatever came behind it */
    uint64_t certificate; /* which one is shown: another number, another one; 0: none */
};

/* A policy that connects. */
struct anycert__way {
    struct anycert__attempt attempt;
    bool stood;                          /* a handshake under it was completed */
    bool confirmed;                      /* that, and a request was answered if one is wanted */
    bool minimal;                        /* each relaxation was taken away, and it failed */
    anycert__relaxations tried_without;  /* on the wire */
    anycert__relaxations judged_without; /* by the judge over the same facts, for want of budget */
};

enum anycert__found {
    ANYCERT__FOUND_NOTHING, /* no policy connects */
    ANYCERT__FOUND_HEALTHY, /* hardened does */
    ANYCERT__FOUND_WAYS,    /* others do */
    ANYCERT__FOUND_REVOKED  /* the certificate is revoked, and nothing is offered */
};

#define ANYCERT__WAYS_MAX 3

struct anycert__plan {
    /* the question */
    bool wants_request;
    bool may_send_expected; /* a name is expected that is not sent */
    size_t budget;          /* at most ANYCERT__PLAN_BUDGET */
    /* what was done */
    struct {
        struct anycert__attempt attempt;
        struct anycert__sighting sighting;
    } log[ANYCERT__PLAN_BUDGET];
    size_t count;
    /* what is to be done: valid if wants_more */
    bool wants_more;
    struct anycert__attempt next;
    uint32_t pause_ms; /* before it */
    /* what it means, once nothing more is wanted */
    enum anycert__found found;
    struct anycert__way ways[ANYCERT__WAYS_MAX]; /* the first is the one to take */
    size_t way_count;
    /* what the server takes, if it wants a client certificate then, or has a revoked one */
    anycert__relaxations offer;
    bool
        wants_cert; /* it ends the handshake for want of that: the ways are those as far as there */
    bool request_failed; /* it connects, and the request is not answered */
    bool send_expected;  /* with that name it shows the right certificate */
    bool unsteady;       /* the same attempt came to different things */
    bool mixed; /* the same offer was answered with different certificates: by several servers */
    bool exhausted; /* the budget was not enough for everything */
};

/* Begins; wants_more is true afterwards. */
void anycert__plan_begin(struct anycert__plan *plan, bool wants_request, size_t budget);
/* The caller expects a name that is not sent: where the certificate is for another one, sending it
 * is tried. To be said before the first attempt is taken. */
void anycert__plan_may_send_expected(struct anycert__plan *plan);
/* Takes what came of the next attempt, and thinks. */
void anycert__plan_take(struct anycert__plan *plan, const struct anycert__sighting *sighting);

/* An attempt that was made already came to something else at another address, which counts as if it
 * had been made again: takes that, and thinks. False if there is no room. */
bool anycert__plan_take_again(struct anycert__plan *plan, const struct anycert__attempt *attempt,
                              const struct anycert__sighting *sighting);
/* How often it was made. */
size_t anycert__plan_times(const struct anycert__plan *plan,
                           const struct anycert__attempt *attempt);

/* Nothing more can be tried: thinks with what is known. */
void anycert__plan_stop(struct anycert__plan *plan);

/* The attempts of a kind of trouble, for those who want to know beforehand. */
#define ANYCERT__PLAN_WIDE                                                                         \
    (ANYCERT__RELAX_BIT(ANYCERT__RELAX_TLS1_0) | ANYCERT__RELAX_BIT(ANYCERT__RELAX_TLS1_1) |       \
     ANYCERT__RELAX_BIT(ANYCERT__RELAX_SMALL_DH) |                                                 \
     ANYCERT__RELAX_BIT(ANYCERT__RELAX_SHA1_HANDSHAKE) |                                           \
     ANYCERT__RELAX_BIT(ANYCERT__RELAX_RSA_KEY_EXCHANGE) |                                         \
     ANYCERT__RELAX_BIT(ANYCERT__RELAX_CBC_SHA1) |                                                 \
     ANYCERT__RELAX_BIT(ANYCERT__RELAX_LEGACY_CIPHERS) |                                           \
     ANYCERT__RELAX_BIT(ANYCERT__RELAX_LEGACY_GROUPS) |                                            \
     ANYCERT__RELAX_BIT(ANYCERT__RELAX_LEGACY_RENEGOTIATION) |                                     \
     ANYCERT__RELAX_BIT(ANYCERT__RELAX_OVERSIZED_CHAIN))
#define ANYCERT__PLAN_SMALL                                                                        \
    (ANYCERT__RELAX_BIT(ANYCERT__RELAX_NO_ALPN) | ANYCERT__RELAX_BIT(ANYCERT__RELAX_NO_ETM) |      \
     ANYCERT__RELAX_BIT(ANYCERT__RELAX_NO_EMS) |                                                   \
     ANYCERT__RELAX_BIT(ANYCERT__RELAX_CLASSICAL_HELLO) |                                          \
     ANYCERT__RELAX_BIT(ANYCERT__RELAX_TLS1_2_MAX) | ANYCERT__RELAX_BIT(ANYCERT__RELAX_NO_SNI))

#endif
