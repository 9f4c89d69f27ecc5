/* writeout.h — -w: what is printed at the end. */
#ifndef ANYCERT_CLI_WRITEOUT_H
#define ANYCERT_CLI_WRITEOUT_H

#include <anycert/client.h>

#include "text.h"

struct cli_writeout {
    const struct anycert_response *response; /* may be NULL */
    const struct anycert_error *error;
    const char *method;
    const char *file; /* where the body went, or "" */
};

/* Expands a format of curl's kind: %{name}, %header{name}, %%, \n, \r, \t. With context NULL it is
 * only checked. -1 with USAGE for a name that does not exist. */
int cli_writeout(const char *format, const struct cli_writeout *context, struct cli_bytes *out,
                 struct anycert_error *err);

/* Names of variables for the completions' and manual page's test: NULL behind the last. */
const char *cli_writeout_name(size_t index);

#endif
