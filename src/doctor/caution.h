/* doctor/caution.h — what has to be known before a policy is used under which the server is not
 * known to be the one that is meant. Without state: safe from any thread. */
#ifndef ANYCERT_DOCTOR_CAUTION_H
#define ANYCERT_DOCTOR_CAUTION_H

#include <stdbool.h>

/* Who is known to answer under a policy. */
enum anycert__trust {
    ANYCERT__TRUST_PROVEN,      /* the server */
    ANYCERT__TRUST_IF_COMPARED, /* whoever has the key: the server's, if somebody compares the pin
                                 */
    ANYCERT__TRUST_IF_NAMED,    /* whoever has the name that the certificate told */
    ANYCERT__TRUST_NOBODY
};

/* The sentence for it, without a stop; unverified: nobody vouches for the key, either. "" if there
 * is nothing to know. Static string. */
const char *anycert__caution(enum anycert__trust trust, bool unverified);

#endif
