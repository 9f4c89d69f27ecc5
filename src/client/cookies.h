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
/* Adds a Cookie field with the request's own cookies to fields, but for those that are answered,
 * and with those of the jar (or NULL) for url that have other names. 0, also when there is nothing
 * to add; or -1. */
int anycert__cookies_add_own(const struct anycert_request *request,
                             const struct anycert__fields *answered, struct anycert__jar *jar,
                             const struct anycert__url *url, int64_t now,
                             struct anycert__fields *fields, struct anycert_error *err);
/* Adds the names of the request's own cookies that an answer sets to answered: from then on the
 * server's count. 0, or -1 with NOMEM. */
int anycert__cookies_note(const struct anycert_request *request,
                          const struct anycert__exchange *exchange,
                          struct anycert__fields *answered, struct anycert_error *err);
/* An exchange has ended that had no jar as its cookies were the caller's: what the answer sets is
 * kept all the same. What cannot be set is passed over, as libcurl does. */
void anycert__cookies_learn(const struct anycert_client *client,
                            const struct anycert_policy *policy, const struct anycert__fields *sent,
                            const struct anycert__exchange *exchange);

#endif
