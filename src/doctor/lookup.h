/* doctor/lookup.h — the addresses of a name, within a time limit and until it is given up. */
#ifndef ANYCERT_DOCTOR_LOOKUP_H
#define ANYCERT_DOCTOR_LOOKUP_H

#include "doctor/peer.h"
#include "doctor/wire.h"

/* OK and a list for freeaddrinfo; BROKEN with getaddrinfo's code in *code; SILENT; CANCELLED. The
 * system's resolver cannot be interrupted, so it is asked in a thread of its own, which ends by
 * itself where it is not waited for any more. */
enum anycert__wire anycert__look_up(const struct anycert__peer *peer,
                                    const struct anycert__patience *patience, struct addrinfo **out,
                                    int *code);

#endif
