/* progress.h — signals, and how far a transfer is. */
#ifndef ANYCERT_CLI_PROGRESS_H
#define ANYCERT_CLI_PROGRESS_H

#include <stdbool.h>
#include <stdint.h>

#include <anycert/client.h>

/* From now on SIGINT, SIGTERM and SIGHUP end a transfer in good order; a second one ends the
 * process at once. What the starter of the process ignores stays ignored. */
void cli_catch_signals(void);
bool cli_interrupted(void);
/* Waits until standard input has something to read, or its end; false if a signal came first. */
bool cli_wait_for_input(void);

#define CLI_PROGRESS_MARKS 64

struct cli_progress {
    bool shown;            /* draw a line; only on a terminal */
    bool drawn;            /* there is one */
    bool ended;            /* the last state is drawn */
    bool sending, waiting; /* a body; for the answer, as all of it is sent */
    int64_t started_us, drawn_us;
    uint64_t done, total;
    /* When how many bytes had come, for the rate of the last seconds. */
    struct {
        int64_t at_us;
        uint64_t done;
    } marks[CLI_PROGRESS_MARKS];
    unsigned mark_count;
};
/* Lets the request be interrupted and, if asked and on a terminal, draws a line on standard error:
 * a bar, the percentage, bytes, bytes a second, time left. */
int cli_progress_attach(struct cli_progress *progress, bool bar, struct anycert_request *request,
                        struct anycert_error *err);
/* Draws the last state and ends the line. */
void cli_progress_end(struct cli_progress *progress);

#endif
