/* client/har.h — the archive's inside. */
#ifndef ANYCERT_CLIENT_HAR_H
#define ANYCERT_CLIENT_HAR_H

#include <anycert/har.h>

#include "http/exchange.h"
#include "http/wire.h"

/* Takes a reference. NULL gives NULL. */
struct anycert_har *anycert__har_ref(struct anycert_har *har);
/* Adds what the observer of an exchange heard. What there is no memory for is missing. */
void anycert__har_add(struct anycert_har *har, const struct anycert__http_settings *settings,
                      const struct anycert__exchange *exchange, const struct anycert_error *failure,
                      const struct anycert__wire *wire);

/* har_entry.c: one round as JSON text, from anycert__malloc; NULL when out of memory. body_max:
 * bytes of a request's body that may be in it. */
char *anycert__har_entry(const struct anycert__http_settings *settings,
                         const struct anycert__exchange *exchange,
                         const struct anycert_error *failure, const struct anycert__wire *wire,
                         size_t round, size_t body_max);

#endif
