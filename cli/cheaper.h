/* cheaper.h — what would do with less, for a policy that gives something up. */
#ifndef ANYCERT_CLI_CHEAPER_H
#define ANYCERT_CLI_CHEAPER_H

#include <stddef.h>

#include <anycert/policy.h>

struct cli_cheaper {
    const char *option; /* what to say instead, or beside what is said */
    const char *where;  /* it helps */
    const char *keeps;  /* what is checked then */
};
/* What is stronger than the policy and could do in its place, what gives up least first; it stays.
 * The first for NULL, then each next; NULL behind the last. */
const struct cli_cheaper *cli_cheaper_next(const struct anycert_policy *policy,
                                           const struct cli_cheaper *cheaper);

#endif
