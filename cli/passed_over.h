/* passed_over.h — lines of a policy file that do not count for a URL, though they look as if. */
#ifndef ANYCERT_CLI_PASSED_OVER_H
#define ANYCERT_CLI_PASSED_OVER_H

#include <stdbool.h>

#include <anycert/report.h>

#include "options.h"
#include "trust.h"

struct cli_passed_over {
    const char *line; /* of the file, or NULL: there is none */
    char why[160];    /* "--allow goes before it" */
    bool gives_up_pin;
    char absent[600]; /* that the file has no entry of any port of the host; "" if it has */
};

/* plan is what anycert_client_explain says of the URL. The line is borrowed from the file. */
struct cli_passed_over cli_passed_over_find(const struct cli_trust *trust,
                                            const struct cli_options *options, const char *plan);

/* A line below a refusal, if a policy file was given that has no entry of the host and port: there
 * may be a slip in it. To standard error. */
void cli_print_no_entry(const struct cli_trust *trust, const struct anycert_report *report);

#endif
