/* help.h — what `help`, --help and --version print. */
#ifndef ANYCERT_CLI_HELP_H
#define ANYCERT_CLI_HELP_H

#include <stdio.h>

#include "options.h"

/* All subcommands, a line each. */
void cli_help_overview(FILE *out);
/* The subcommands of anycert policy, and of anycert trust. */
void cli_help_policy(FILE *out);
void cli_help_trust(FILE *out);
/* One subcommand with its options. */
void cli_help_command(FILE *out, const struct cli_command *command);
void cli_help_version(FILE *out);

#endif
