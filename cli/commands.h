/* commands.h — the subcommands. Each returns the exit code. */
#ifndef ANYCERT_CLI_COMMANDS_H
#define ANYCERT_CLI_COMMANDS_H

#include "options.h"

/* get, head, post, put, patch, delete, request: one request. */
int cmd_request(const struct cli_command *command, int argc, char **argv);
/* test: one GET, and a word on whether it works. */
int cmd_test(const struct cli_command *command, int argc, char **argv);
/* policy list, explain, check; argv[0] is the word behind `policy`. */
int cmd_policy(const struct cli_command *command, int argc, char **argv);
/* trust show; argv[0] is the word behind `trust`. */
int cmd_trust(const struct cli_command *command, int argc, char **argv);
/* trust list, add, remove, import, export, hash; likewise. */
int cmd_store(const struct cli_command *command, int argc, char **argv);
/* doctor: examinations. */
int cmd_doctor(const struct cli_command *command, int argc, char **argv);
/* lab: misbehaving servers; argv[0] is "lab". */
int cmd_lab(int argc, char **argv);

/* Parses the options of a subcommand. 0: go on; else *exit_code is final, with help or an error
 * printed. */
int cli_begin(struct cli_options *options, const struct cli_command *command, int argc, char **argv,
              int *exit_code);

#endif
