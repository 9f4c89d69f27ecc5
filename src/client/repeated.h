/* client/repeated.h — secrets of a request that the server has repeated in its answer. */
#ifndef ANYCERT_CLIENT_REPEATED_H
#define ANYCERT_CLIENT_REPEATED_H

#include "base/buf.h"
#include "client/internal.h"

/* Hides, in a text or a message about an answer, what the library knows of the secrets that the
 * request was sent with: user and password, tokens, keys, secret header fields. err may be NULL. */
void anycert__repeated_in_buf(const struct anycert_client *client,
                              const struct anycert_request *request, struct anycert__buf *text);
void anycert__repeated_in_error(const struct anycert_client *client,
                                const struct anycert_request *request, struct anycert_error *err);

#endif
