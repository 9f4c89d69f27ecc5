/* input.h — which options read standard input. */
#ifndef ANYCERT_CLI_INPUT_H
#define ANYCERT_CLI_INPUT_H

#include "options.h"

/* Standard input can be read once: -1 with USAGE and the names of both if two options want it. */
int cli_input_check(const struct cli_options *options, struct anycert_error *err);

#endif
