/* doctor/question.h — what a server would choose of what OpenSSL cannot offer. Raw hellos ask for
 * it; no handshake is completed. */
#ifndef ANYCERT_DOCTOR_QUESTION_H
#define ANYCERT_DOCTOR_QUESTION_H

#include "doctor/trial.h"

#define ANYCERT__CONFESSIONS 2

struct anycert__confession {
    size_t questions; /* how many were asked */
    enum anycert__cause_number causes[ANYCERT__CONFESSIONS];
    size_t cause_count;
    char evidence[256];
};

/* Asks until one question gets an answer that explains something. 0, or -1 with INTERRUPTED, NOMEM
 * or INTERNAL. */
int anycert__question(struct anycert__trials *trials, size_t budget,
                      struct anycert__confession *confession, struct anycert_error *err);

/* Asks without TLS, where TLS gets no byte back: a request that changes nothing, and names nobody.
 * 0, or -1 with INTERRUPTED or NOMEM. */
int anycert__question_plainly(struct anycert__trials *trials,
                              struct anycert__confession *confession, struct anycert_error *err);

#endif
