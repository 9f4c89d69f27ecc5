/* secret.h — secrets, from the command line, a file, the environment, a descriptor or the terminal.
 */
#ifndef ANYCERT_CLI_SECRET_H
#define ANYCERT_CLI_SECRET_H

#include "options.h"

bool cli_secret_given(const struct cli_secret *secret);
/* Reads a secret; of a file or descriptor the first line. option is its name without "-file" and
 * the like, for messages. *out is NULL if it is not given; free it with cli_wipe_free. -1 with
 * USAGE (it is empty, or given in two ways), FILE, INTERRUPTED. */
int cli_secret_read(const struct cli_secret *secret, const char *option, char **out,
                    struct anycert_error *err);

/* Splits what -u and its like gave; a password that is missing is asked for on the terminal.
 * *user is NULL when none was given. Free both with cli_wipe_free. -1 as cli_secret_read. */
int cli_credentials(const struct cli_options *options, char **user, char **password,
                    struct anycert_error *err);

#endif
