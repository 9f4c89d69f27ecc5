/* doctor/addresses.h — whether all addresses of a host lead to the same. */
#ifndef ANYCERT_DOCTOR_ADDRESSES_H
#define ANYCERT_DOCTOR_ADDRESSES_H

#include "doctor/plan.h"
#include "doctor/trial.h"

#define ANYCERT__ADDRESSES_MAX ANYCERT__TURNS_MAX /* of which something is known */

#define ANYCERT__ADDRESS_GOOD "hardened connects"

struct anycert__address_seen {
    char address[ANYCERT__ADDRESS_SIZE]; /* "::1 port 443" */
    char what[160];                      /* what came of it */
};

struct anycert__addresses {
    struct anycert__address_seen seen[ANYCERT__ADDRESSES_MAX]; /* the one that was examined first */
    size_t count;                                              /* 0: there is only one */
    size_t handshakes;
    bool differ;     /* some cannot be reached, fail, or show something else */
    bool fail;       /* of those some take connections */
    bool other_good; /* hardened connects to another than the one that was examined */
};

/* Looks at addresses beside the one that was examined, one handshake each at most, and no more than
 * budget. other is cleared, and becomes the first handshake with another certificate, if no
 * address does without a policy: the addresses take turns from then on (route.turns, this one
 * being the second), and it is to be cleared. 0, or -1 with INTERRUPTED, NOMEM or INTERNAL. */
int anycert__addresses_compare(struct anycert__trials *trials, const struct anycert__plan *plan,
                               size_t budget, struct anycert__addresses *addresses,
                               struct anycert__trial *other, struct anycert_error *err);

#endif
