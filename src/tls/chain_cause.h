/* tls/chain_cause.h — which cause what is wrong with certificates has, as far as they, their chain
 * and our own anchors tell. */
#ifndef ANYCERT_TLS_CHAIN_CAUSE_H
#define ANYCERT_TLS_CHAIN_CAUSE_H

#include "tls/issuer.h"
#include "tls/tls.h"
#include "verdict/cause.h"
#include "verdict/findings.h"

/* What came of looking for the issuer of a chain's last certificate. */
enum anycert__fetched {
    ANYCERT__FETCHED_NOTHING, /* nobody looked, or there was nothing */
    ANYCERT__FETCHED_IN_VAIN, /* it is there, and the chain leads to no anchor with it */
    ANYCERT__FETCHED_LEADS_HOME
};
/* Certificates, and what is known beside them. */
struct anycert__chain_view {
    const struct anycert__facts *facts;
    struct anycert__anchors *anchors; /* NULL: not known */
    enum anycert__fetched fetched;
    const struct anycert__anchor_dates *list; /* what the installed CAs say of the time, or NULL */
};

/* The cause of a finding that is about certificates. */
enum anycert__cause_number anycert__cause_of_finding(const struct anycert__chain_view *view,
                                                     const struct anycert__finding *finding);

#endif
