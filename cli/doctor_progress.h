/* doctor_progress.h — one line on a terminal that says how far an examination is. */
#ifndef ANYCERT_CLI_DOCTOR_PROGRESS_H
#define ANYCERT_CLI_DOCTOR_PROGRESS_H

#include <pthread.h>
#include <stdbool.h>

#include <anycert/doctor.h>

struct cli_doctor_progress {
    pthread_mutex_t lock;
    bool drawn;
};
/* Shows a line from now on for each attempt, where standard error is a terminal. */
void cli_doctor_progress_attach(struct cli_doctor_progress *progress,
                                struct anycert_doctor *doctor);
/* Takes the line away, and keeps others from it until _end, so that something can be printed. */
void cli_doctor_progress_begin_print(struct cli_doctor_progress *progress);
void cli_doctor_progress_end_print(struct cli_doctor_progress *progress);

#endif
