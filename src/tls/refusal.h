/* tls/refusal.h — what libssl refused, told by its numbers: texts change between versions. */
#ifndef ANYCERT_TLS_REFUSAL_H
#define ANYCERT_TLS_REFUSAL_H

#include "verdict/cause.h"
#include "verdict/facts.h"

enum anycert__refusal {
    ANYCERT__REFUSAL_NONE,          /* nothing, or nothing was noted */
    ANYCERT__REFUSAL_OTHER,         /* what the server sent breaks the protocol */
    ANYCERT__REFUSAL_VERSION,       /* a version that was not offered */
    ANYCERT__REFUSAL_SUITE,         /* a cipher suite that was not offered */
    ANYCERT__REFUSAL_GROUP,         /* a group that was not offered */
    ANYCERT__REFUSAL_SMALL_DH,      /* a Diffie-Hellman group that is too small */
    ANYCERT__REFUSAL_SIGNATURE,     /* a signature algorithm that was not offered */
    ANYCERT__REFUSAL_BAD_SIGNATURE, /* a signature that is wrong */
    ANYCERT__REFUSAL_KEY,           /* a certificate whose key cannot be read */
    ANYCERT__REFUSAL_UNREADABLE,    /* what is no certificate at all */
    ANYCERT__REFUSAL_RENEGOTIATION, /* a server without RFC 5746 */
    ANYCERT__REFUSAL_LARGE_CHAIN,   /* more certificates than there is room for */
    ANYCERT__REFUSAL_DAMAGED,       /* a record whose checksum does not fit */
    ANYCERT__REFUSAL_DOWNGRADE      /* the mark of a version that was held back */
};

enum anycert__refusal anycert__refusal_of(const struct anycert__facts *facts);
/* Whether what answered is no TLS at all. */
bool anycert__refusal_is_not_tls(const struct anycert__facts *facts);
/* Its cause, where no relaxation is known to help; of a handshake that was completed, what came
 * after it. */
enum anycert__cause_number anycert__cause_of_refusal(const struct anycert__facts *facts);

#endif
