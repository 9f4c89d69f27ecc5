/* client/payload.h — the digest of a body that is about to be sent. */
#ifndef ANYCERT_CLIENT_PAYLOAD_H
#define ANYCERT_CLIENT_PAYLOAD_H

#include <stdbool.h>

#include "http/body.h"

#define ANYCERT__PAYLOAD_SIZE 65

/* SHA-256 in hexadecimal, or UNSIGNED-PAYLOAD where the body (NULL: none) cannot be read twice and
 * may go unsigned. 0, or -1 with AUTH if it has to be signed and cannot be, FILE, BODY_READ,
 * NOMEM. */
int anycert__payload_digest(const struct anycert__body *body, bool may_be_unsigned,
                            char out[ANYCERT__PAYLOAD_SIZE], struct anycert_error *err);

#endif
