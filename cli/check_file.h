/* check_file.h — anycert policy check FILE, and what else a check needs. */
#ifndef ANYCERT_CLI_CHECK_FILE_H
#define ANYCERT_CLI_CHECK_FILE_H

#include <stdbool.h>
#include <stdint.h>

#include <anycert/error.h>
#include <anycert/policy.h>
#include <anycert/trust_store.h>

#include "options.h"

/* Whether what `policy check` was given is the path of a policy file, and not a policy. */
bool cli_is_policy_file(const char *text);
/* Whether it is the path of a ceiling: the machine's, or a file of that name. */
bool cli_is_ceiling(const char *text);
/* Whether an end is further away than anybody will remember it, and what is said then. */
bool cli_is_far(int64_t until, int64_t now);
const char *cli_far_text(void);
/* Prints what is the matter with each line of a policy file, as text or as JSON. *found becomes
 * whether anything has to be mended. 0, or -1 if the file cannot be read. */
int cli_check_file(const struct cli_options *options, bool *found, struct anycert_error *err);

/* Policies are tried with one trust store: that of a path, or the usual one (NULL). */
struct cli_trial {
    const char *store_path;
    struct anycert_trust_store *store; /* NULL until a policy needs it */
};
/* Whether a client can be made under the policy: whether the administrator allows it, the anchors
 * are there, and what else is only known then; error->code is 0 if so. */
void cli_try_policy(struct cli_trial *trial, const struct anycert_policy *policy,
                    struct anycert_error *error);
void cli_trial_end(struct cli_trial *trial);

#endif
