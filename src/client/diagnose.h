/* client/diagnose.h — what the files that make a short diagnosis share. */
#ifndef ANYCERT_CLIENT_DIAGNOSE_H
#define ANYCERT_CLIENT_DIAGNOSE_H

#include "client/internal.h"
#include "verdict/short_diagnosis.h"

/* A request that failed, as far as it is known. */
struct anycert__failing {
    struct anycert_client *client;
    const struct anycert_error *failure;
    const struct anycert_response *response;
    const struct anycert__response_hop *hop; /* the last one */
    const struct anycert__url *url;          /* where it went to */
    int where;                               /* ANYCERT__HERE or ELSEWHERE, as the journey has it */
    const struct anycert_report *report;     /* of the link that failed, or NULL */
    struct anycert_policy *policy;           /* in force on it, or for the URL */
    struct anycert__anchors *anchors;        /* that it was verified with, or NULL */
    bool had_end;                            /* a policy that has ended was in force */
    bool is_proxied;                         /* the server is reached through a proxy */
    anycert__relaxations helps;              /* may get past a handshake that failed */
    struct anycert_short_diagnosis *out;
};

/* diagnose_causes.c: what is to blame, into out->causes; none where no connection, proxy or TLS has
 * failed. 0, or -1 with NOMEM. */
int anycert__diagnose_causes(struct anycert__failing *failing, struct anycert_error *err);
/* diagnose_way.c: the least policy that is known. 0, or -1 with NOMEM. */
int anycert__diagnose_way(struct anycert__failing *failing, struct anycert_error *err);
/* diagnose_command.c: what a doctor is set up with, and its command line. 0, or -1 with NOMEM. */
int anycert__diagnose_command(struct anycert__failing *failing, struct anycert_error *err);

#endif
