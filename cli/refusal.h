/* refusal.h — the lines below the sentence of a refusal: who refused, which certificate, what to do
 * about it. */
#ifndef ANYCERT_CLI_REFUSAL_H
#define ANYCERT_CLI_REFUSAL_H

#include "message.h"

/* To standard error; nothing for errors that are neither trust nor TLS. failure is not NULL. */
void cli_print_refusal(const struct anycert_error *err, const struct cli_failure *failure);

#endif
