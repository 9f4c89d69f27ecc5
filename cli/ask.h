/* ask.h — a question to whoever sits at the terminal. */
#ifndef ANYCERT_CLI_ASK_H
#define ANYCERT_CLI_ASK_H

#include <stdbool.h>
#include <stddef.h>

#include <anycert/error.h>

/* Whether somebody is there: standard input and standard error are a terminal. */
bool cli_can_ask(void);
/* Asks on standard error; a line of the terminal, without its end, into out. False if there is
 * none, as after a signal. */
bool cli_ask(const char *question, char *out, size_t size);
/* Ctrl-C is no answer: -1 with INTERRUPTED after one. */
int cli_ask_interrupted(struct anycert_error *err);

#endif
