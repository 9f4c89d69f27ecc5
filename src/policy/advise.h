/* policy/advise.h — policies made ready to be advised: with an end, and as the administrator of the
 * machine wants them. */
#ifndef ANYCERT_POLICY_ADVISE_H
#define ANYCERT_POLICY_ADVISE_H

#include <stdbool.h>

#include "policy/ceiling.h"

/* The policy, which is taken, with absolute paths; with an end in ANYCERT_ADVISED_DAYS, if it is
 * another rung than hardened, relaxes something, or takes the place of one that had an end; and
 * with the sooner end and the reason (the word WHY, for somebody to fill in) that the ceiling
 * wants. NULL for NULL, or if memory ran out. forbidden->code becomes POLICY_FORBIDDEN if the
 * ceiling does not allow it in any way, else 0. now: seconds since 1970 UTC by the machine's clock.
 */
struct anycert_policy *anycert__advise(struct anycert_policy *policy, bool had_end,
                                       const struct anycert__ceiling *ceiling, int64_t now,
                                       struct anycert_error *forbidden);
/* The same with paths as they are. */
struct anycert_policy *anycert__advise_end(struct anycert_policy *policy, bool had_end,
                                           const struct anycert__ceiling *ceiling, int64_t now,
                                           struct anycert_error *forbidden);

#endif
