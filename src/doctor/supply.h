/* doctor/supply.h — the certificates that a server forgets to send, fetched from where its own says
 * that they are. Only if the caller asks for it: that host is named by a certificate that nobody
 * vouches for, and learns who is examined. */
#ifndef ANYCERT_DOCTOR_SUPPLY_H
#define ANYCERT_DOCTOR_SUPPLY_H

#include <stdbool.h>

#include "doctor/doctor.h"
#include "tls/issuer.h"

struct anycert__supply {
    bool tried;
    bool leads_home;                      /* certs lead to an anchor */
    struct anycert__intermediates *certs; /* the caller's and what was fetched */
    char url[ANYCERT__ISSUER_URL_SIZE];   /* of the first, whether it was fetched or not */
    char *name;                           /* of the last that was fetched, or NULL */
    char trouble[200];                    /* why it ended, if no anchor was reached */
};

/* Fetches them for a handshake whose chain has no end, once. 0 whatever came of it, or -1 with
 * NOMEM. */
int anycert__supply_fetch(struct anycert__supply *supply, const struct anycert_doctor *doctor,
                          struct anycert__anchors *anchors, const struct anycert__facts *facts,
                          bool only_public, struct anycert_error *err);
void anycert__supply_clear(struct anycert__supply *supply);

#endif
