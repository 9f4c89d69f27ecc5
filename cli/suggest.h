/* suggest.h — what a refusal is about, and policies as they are suggested for a file. */
#ifndef ANYCERT_CLI_SUGGEST_H
#define ANYCERT_CLI_SUGGEST_H

#include <stdbool.h>

#include "message.h"

/* The policy with a reason, which somebody is to fill in if it has none, ready to be written into a
 * policy file; to be freed with free. NULL if memory ran out. */
char *cli_with_reason(const struct anycert_policy *policy);

/* The text of a policy, with quotes where others are going to write several words; to be freed with
 * free. NULL for NULL, or if memory ran out. */
char *cli_quote_reason(const char *policy);

/* ---- what a refusal is about; report may be NULL ---- */

/* The next check that failed, behind check (NULL: the first). */
const struct anycert_check *cli_next_failed(const struct anycert_report *report,
                                            const struct anycert_check *check);
/* Whether a check with this name failed. */
bool cli_has_failed(const struct anycert_report *report, const char *name);
/* Whether it is the proxy's. */
bool cli_is_proxy(const struct anycert_report *report);

#endif
