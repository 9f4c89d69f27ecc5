/* doctor_targets.h — what anycert doctor is to examine: arguments, and the list on standard input.
 */
#ifndef ANYCERT_CLI_DOCTOR_TARGETS_H
#define ANYCERT_CLI_DOCTOR_TARGETS_H

#include <stddef.h>

#include "text.h"

struct cli_target {
    char *text;  /* "": a line that is too long, or has a NUL byte in it */
    size_t line; /* of standard input, from 1 on; 0: an argument */
};
struct cli_targets {
    struct cli_target *items;
    size_t count;
};

int cli_targets_add(struct cli_targets *targets, size_t line, const char *text,
                    struct anycert_error *err);
void cli_targets_free(struct cli_targets *targets);

/* Those of the arguments, "-" being the list; without any, the URL of the profile, which may be
 * NULL. */
int cli_targets_find(struct cli_targets *targets, const struct cli_list *given, const char *url,
                     struct anycert_error *err);

/* -1 with USAGE for what can be no target, and is looked up nowhere. */
int cli_target_check(const struct cli_target *target, struct anycert_error *err);
/* Says which line of standard input it is that a sentence is about. */
void cli_target_context(const struct cli_target *target, struct anycert_error *err);

#endif
