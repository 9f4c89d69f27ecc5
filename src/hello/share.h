/* hello/share.h — key shares (RFC 8446 section 4.2.8) to which nobody has the key. */
#ifndef ANYCERT_HELLO_SHARE_H
#define ANYCERT_HELLO_SHARE_H

#include "hello/write.h"

/* Appends a share that a server takes for one: on the curve, below the prime, with coefficients in
 * range. 0, or -1 with INTERNAL for a group of which none can be made, or without random. */
int anycert__hello_share(uint16_t group, const struct anycert__random *random,
                         struct anycert__buf *out, struct anycert_error *err);

#endif
