/* client/cookies.h — a client's jars, and which of them an exchange gets. */
#ifndef ANYCERT_CLIENT_COOKIES_H
#define ANYCERT_CLIENT_COOKIES_H

#include "client/internal.h"

/* Makes the jars, if the configuration asks for cookies. 0, or -1 with NOMEM. */
int anycert__cookies_init(struct anycert_client *client, struct anycert_error *err);
void anycert__cookies_free(struct anycert_client *client);

/* The jar for an exchange under a policy with these fields; NULL for none: cookies are off, or the
 * fields say themselves what cookies are sent, or to which host. */
struct anycert__jar *anycert__cookies_for(const struct anycert_client *client,
                                          const struct anycert_policy *policy,
                                          const struct anycert__fields *fields);
/* An exchange has ended that had no jar as its cookies were the caller's: what the answer sets is
 * kept all the same. What cannot be set is passed over, as libcurl does. */
void anycert__cookies_learn(const struct anycert_client *client,
                            const struct anycert_policy *policy, const struct anycert__fields *sent,
                            const struct anycert__exchange *exchange);

#endif
