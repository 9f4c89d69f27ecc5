/* check_file.h — anycert policy check FILE, and what else a check needs. */
#ifndef ANYCERT_CLI_CHECK_FILE_H
#define ANYCERT_CLI_CHECK_FILE_H

#include <stdbool.h>

#include <anycert/error.h>
#include <anycert/policy.h>

/* Whether what `policy check` was given is the path of a policy file, and not a policy. */
bool cli_is_policy_file(const char *text);
/* Prints what is the matter with each entry of a policy file, as text or as JSON. *found becomes
 * whether anything has to be mended. 0, or -1 if the file cannot be read or is not understood. */
int cli_check_file(const char *path, bool json, bool *found, struct anycert_error *err);
/* Whether a client can be made under the policy: whether the administrator allows it, the anchors
 * are there, and what else is only known then; error->code is 0 if so. */
void cli_try_policy(const struct anycert_policy *policy, struct anycert_error *error);

#endif
