/* retry.h — --retry and what belongs to it; lists of HTTP statuses. */
#ifndef ANYCERT_CLI_RETRY_H
#define ANYCERT_CLI_RETRY_H

#include <anycert/client.h>
#include <anycert/profile.h>

#include "options.h"

/* Statuses, at most all that there are. */
#define CLI_CODES_MAX 500
struct cli_codes {
    int list[CLI_CODES_MAX];
    size_t count;
};
/* "200,404" or "200-299,304". option is for the error. */
int cli_codes_parse(struct cli_codes *codes, const char *text, const char *option,
                    struct anycert_error *err);

/* Sets the keys of a profile that the options stand for, and no others. Options without --retry
 * need a profile that has `retries`. -1 with USAGE or NOMEM. */
int cli_retry_set(struct anycert_profile *profile, const struct cli_options *options,
                  struct anycert_error *err);

/* Says in the message of a failure how many tries there were, if more than one. response may be
 * NULL. */
void cli_retry_tell(const struct anycert_response *response, struct anycert_error *err);

#endif
