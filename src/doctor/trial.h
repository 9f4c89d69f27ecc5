/* doctor/trial.h — one attempt, made: a connection, a handshake, perhaps a request. */
#ifndef ANYCERT_DOCTOR_TRIAL_H
#define ANYCERT_DOCTOR_TRIAL_H

#include <stdbool.h>
#include <stdint.h>

#include "doctor/plan.h"
#include "doctor/route.h"
#include "doctor/supply.h"
#include "policy/ceiling.h"

#define ANYCERT__FIRST_BYTES 256
#define ANYCERT__CA_NAMES    16
#define ANYCERT__OTHER_PINS  3 /* servers behind one address or name, beside the first */

/* What was seen. */
struct anycert__trial {
    struct anycert__attempt attempt;
    struct anycert__sighting sighting;         /* what the plan wants to know of it */
    struct anycert__facts *facts;              /* NULL if there was no connection */
    struct anycert_error error;                /* the client's sentence for it, if it failed */
    struct anycert__obstacle obstacle;         /* if there was no way */
    unsigned char first[ANYCERT__FIRST_BYTES]; /* bytes that came */
    size_t first_len, received;
    bool asked_cert; /* the server asked for a client certificate */
    bool late;       /* it refused after the handshake */
    char *ca_names[ANYCERT__CA_NAMES];
    size_t ca_name_count;
    bool asks_body;      /* the request is one whose answer has a body, which is read */
    bool asks_options;   /* it is OPTIONS, as HEAD was not answered */
    bool has_http_cause; /* what is wrong with the answer */
    enum anycert__cause_number http_cause;
    char http_evidence[160];
    int http_status; /* of the answer to the request; 0: none came */
    bool has_http_date;
    int64_t http_date;       /* its Date, seconds since 1970 UTC */
    enum anycert__wire wire; /* how the connection ended */
    uint32_t took_ms;
    char *policy_text;
    struct anycert__tape tape; /* of the handshake, and of what came behind it */
};

/* What the attempts with one target share. */
struct anycert__trials {
    const struct anycert_doctor *doctor;
    struct anycert__route route;
    char pin[ANYCERT__PIN_SIZE]; /* of the key that was first seen, or "" */
    char other_pins[ANYCERT__OTHER_PINS *
                    (ANYCERT__PIN_SIZE + 1)]; /* ",PIN": see anycert__trial_note_pins */
    bool pin_is_of_meant;                     /* it was shown to whoever sent the expected name */
    char name[256];    /* a name of the certificate that can be expected, or "" */
    uint32_t limit_ms; /* for the next attempt */
    bool only_http2;   /* the server refuses to agree on HTTP/1.1 */
    bool only_options; /* the server does not answer HEAD, and answers OPTIONS */
    bool tried_options, tried_http2;
    size_t repeated;                  /* attempts that were made twice to find that out */
    struct anycert__supply supply;    /* what was fetched for the chain */
    struct anycert__ceiling *ceiling; /* the administrator's: above it no request is sent */
};

/* Makes it. 0 whatever came of it, or -1 with INTERRUPTED, NOMEM or INTERNAL; trial is to be
 * cleared in any case. */
int anycert__trial_make(struct anycert__trials *trials, const struct anycert__attempt *attempt,
                        struct anycert__trial *trial, struct anycert_error *err);
void anycert__trial_clear(struct anycert__trial *trial);

/* The policy of an attempt. NULL with NOMEM, INTERNAL, or POLICY_SYNTAX where base and attempt do
 * not fit together. */
struct anycert_policy *anycert__trial_policy(const struct anycert__trials *trials,
                                             const struct anycert__attempt *attempt,
                                             struct anycert_error *err);
/* Whether the caller expects a name that could be sent, and is not. */
bool anycert__may_send_expected(const struct anycert_policy *base, const char *host);
/* Whether all dates of the certificates are right, into the sighting. */
void anycert__trial_read_dates(const struct anycert__facts *facts,
                               struct anycert__sighting *sighting);
/* Keys that others than the first server have proven to have, to the same name: trials->other_pins,
 * and whether there are any into the sighting. Of the trials one after the other. */
void anycert__trial_note_pins(struct anycert__trials *trials, struct anycert__trial *trial);
/* Which certificate the server has shown, into the sighting. */
void anycert__trial_read_certificate(const struct anycert__facts *facts,
                                     struct anycert__sighting *sighting);
/* "GET", "HEAD" or "OPTIONS": with what was asked. */
const char *anycert__trial_method(const struct anycert__trial *trial);
/* What the answer's status means for the plan. */
void anycert__trial_read_status(struct anycert__trial *trial);
/* What hardened has against it, into the sighting, whose ending is known. */
void anycert__trial_read_needs(const struct anycert__facts *facts,
                               struct anycert__sighting *sighting);
/* The best name of the server's certificate to expect instead of the host, into out; "" if it has
 * none: a whole dNSName, without a wildcard, that shares most with the host; else an address; and
 * the common name where there is neither. */
void anycert__trial_pick_name(const struct anycert__facts *facts, char out[256]);
/* request.c: sends a request without consequences over a handshake that stands, and reads the
 * answer's status and date into trial. True if there was an answer. */
bool anycert__trial_ask(struct anycert__shake *shake, struct anycert__line *line,
                        const struct anycert__peer *target,
                        const struct anycert__patience *patience, struct anycert__trial *trial);
/* Feeds what comes, and sends what is to be sent; once. */
enum anycert__wire anycert__trial_exchange(struct anycert__shake *shake, struct anycert__line *line,
                                           const struct anycert__patience *patience,
                                           struct anycert__trial *trial);
/* Sends what is to be sent. */
enum anycert__wire anycert__trial_flush(struct anycert__shake *shake, struct anycert__line *line,
                                        const struct anycert__patience *patience);

#endif
