/* verdict/pin.h — what a policy's pins say to a chain of certificates. */
#ifndef ANYCERT_VERDICT_PIN_H
#define ANYCERT_VERDICT_PIN_H

#include <stdbool.h>

#include "verdict/facts.h"

enum anycert__pin_match {
    ANYCERT__PIN_NONE,    /* no certificate that was sent or verified has a pinned key */
    ANYCERT__PIN_SENT,    /* one that was sent has, and none of the chain that was built */
    ANYCERT__PIN_UNNAMED, /* a CA of the chain has, but the server's certificate is another host's
                           */
    ANYCERT__PIN_UNSOUND, /* a CA of the chain has, but something between it and the server's
                             certificate is wrong */
    ANYCERT__PIN_CA,      /* a CA of the chain has, and vouches for the server's certificate */
    ANYCERT__PIN_LEAF     /* the server's own key is pinned */
};

struct anycert__pin {
    bool wanted; /* the policy wants a pin */
    enum anycert__pin_match match;
    int depth; /* of the certificate with the pinned key, in the validated chain; -1 for none */
};

/* A CA's pin counts by what was verified and never by what was merely sent: if the name matches,
 * and nothing is wrong from the server's certificate up to the CA but dates, which the policy
 * judges anyway, and what it relaxes by name. */
struct anycert__pin anycert__pin_look(const struct anycert__facts *facts,
                                      const struct anycert_policy *policy);
/* True if a pin was wanted and is there. */
bool anycert__pin_stands(const struct anycert__pin *pin);
/* True for codes that say no more than that the chain ends at nobody we trust. */
bool anycert__pin_replaces_anchor(int x509_code);
/* In words, as the other details (verdict/detail.h). */
char *anycert__pin_detail(const struct anycert__facts *facts, const struct anycert__pin *pin);

#endif
