/* policy_change.h — what another policy in the place of one gives up more, or less. */
#ifndef ANYCERT_CLI_POLICY_CHANGE_H
#define ANYCERT_CLI_POLICY_CHANGE_H

#include <anycert/policy.h>

#include "text.h"

/* Appends lines, each with this in front of it: what the new policy gives up that the old one did
 * not ("wider: ..."), the other way round ("narrower: ..."), and the keys that changed. An old one
 * that has ended by now (seconds since 1970 UTC) gives nothing up any more. -1 with NOMEM. */
int cli_policy_changes(struct cli_bytes *out, const char *indent,
                       const struct anycert_policy *before, const struct anycert_policy *after,
                       int64_t now, struct anycert_error *err);

#endif
