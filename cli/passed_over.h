/* passed_over.h — lines of a policy file that do not count for a URL, though they look as if. */
#ifndef ANYCERT_CLI_PASSED_OVER_H
#define ANYCERT_CLI_PASSED_OVER_H

#include <stdbool.h>

#include "options.h"
#include "trust.h"

struct cli_passed_over {
    const char *line; /* of the file, or NULL: there is none */
    char why[160];    /* "--allow goes before it" */
    bool gives_up_pin;
};

/* plan is what anycert_client_explain says of the URL. The line is borrowed from the file. */
struct cli_passed_over cli_passed_over_find(const struct cli_trust *trust,
                                            const struct cli_options *options, const char *plan);

#endif
