/* doctor/proxy_kind.h — whether what is set as proxy is one of another kind than its URL says. */
#ifndef ANYCERT_DOCTOR_PROXY_KIND_H
#define ANYCERT_DOCTOR_PROXY_KIND_H

#include "doctor/trial.h"

/* Where a proxy did not answer as its kind does (that is the obstacle), asks it once in the words
 * of another, over a connection of its own: for a tunnel to the server by CONNECT or in SOCKS 5;
 * one that is meant to be asked within TLS is greeted in SOCKS 5, and hears nothing of the server.
 * If it answers, the obstacle says so. No credentials are sent. 0, or -1 with INTERRUPTED. */
int anycert__find_proxy_kind(struct anycert__trials *trials, struct anycert__obstacle *obstacle,
                             struct anycert_error *err);

#endif
