/* progress.h — signals, and how far a transfer is. */
#ifndef ANYCERT_CLI_PROGRESS_H
#define ANYCERT_CLI_PROGRESS_H

#include <stdbool.h>

#include <anycert/client.h>

/* From now on SIGINT, SIGTERM and SIGHUP end a transfer in good order; a second one ends the
 * process at once. What the starter of the process ignores stays ignored. */
void cli_catch_signals(void);
bool cli_interrupted(void);

struct cli_progress {
    bool shown; /* draw a bar; only on a terminal */
    int percent;
};
/* Lets the request be interrupted and, if asked and on a terminal, draws a bar on standard error.
 */
int cli_progress_attach(struct cli_progress *progress, bool bar, struct anycert_request *request,
                        struct anycert_error *err);
/* Ends the line of the bar. */
void cli_progress_end(const struct cli_progress *progress);

#endif
