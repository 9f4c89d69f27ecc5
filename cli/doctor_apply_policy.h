/* doctor_apply_policy.h — which policy of a diagnosis --apply takes, and whether it may be written.
 */
#ifndef ANYCERT_CLI_DOCTOR_APPLY_POLICY_H
#define ANYCERT_CLI_DOCTOR_APPLY_POLICY_H

#include "doctor_apply.h"

/* Which of the given lists has a pin, letter by letter; NULL: none. */
const char *cli_apply_pins_with(const struct cli_apply *apply, const char *pin);
/* The first policy into *n; with --pin the first that has it. -1: none. other is the diagnosis of
 * the other link, or NULL: a pin may be that one's alone, and a policy that has none needs none. */
int cli_apply_choose(const struct cli_apply *apply, const struct anycert_diagnosis *diagnosis,
                     const struct anycert_diagnosis *other, size_t *n, struct anycert_error *err);
/* Whether the nth policy may be written at all; a pin that nobody has said is asked for. base is
 * what the examination began with, or NULL. -1 with a sentence if not. */
int cli_apply_check_policy(struct cli_apply *apply, const struct anycert_diagnosis *diagnosis,
                           const struct anycert_policy *base, size_t n, struct anycert_error *err);

#endif
