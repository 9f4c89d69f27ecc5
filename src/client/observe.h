/* client/observe.h — who hears of a client's exchanges: its log and its archive. */
#ifndef ANYCERT_CLIENT_OBSERVE_H
#define ANYCERT_CLIENT_OBSERVE_H

#include "client/internal.h"

/* Makes the log that the configuration asks for, and sets the observer in the client's settings. 0,
 * or -1 with NOMEM. */
int anycert__observe_init(struct anycert_client *client, struct anycert_error *err);

#endif
