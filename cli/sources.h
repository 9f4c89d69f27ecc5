/* sources.h — where each value of a policy comes from. */
#ifndef ANYCERT_CLI_SOURCES_H
#define ANYCERT_CLI_SOURCES_H

#include <stdbool.h>
#include <stddef.h>

#include "options.h"
#include "trust.h"

/* One value of a policy. */
struct cli_value {
    const char *name;   /* "rung", "relaxation", or the key */
    const char *value;  /* as it is printed in the policy */
    const char *source; /* "--until", "policies:3", "default", ... */
};
struct cli_values {
    char *text; /* what the values are pieces of */
    struct cli_value *list;
    size_t count;
};

/* Takes the canonical text of a policy apart. line is the place of its entry in the policy file, or
 * NULL; anchors is where its trust anchors come from. -1 with NOMEM; free it in either case. */
int cli_values_find(struct cli_values *values, const char *policy, const char *line,
                    const char *anchors, const struct cli_trust *trust,
                    const struct cli_options *options, struct anycert_error *err);
void cli_values_free(struct cli_values *values);

#endif
