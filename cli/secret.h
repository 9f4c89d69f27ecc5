/* secret.h — user and password, from the command line, a file or the terminal. */
#ifndef ANYCERT_CLI_SECRET_H
#define ANYCERT_CLI_SECRET_H

#include "options.h"

/* Splits what -u or --user-file gave; a password that is missing is asked for on the terminal.
 * *user is NULL when neither was given. Free both with cli_wipe_free. -1 with USAGE, FILE or
 * INTERRUPTED. */
int cli_credentials(const struct cli_options *options, char **user, char **password,
                    struct anycert_error *err);

#endif
