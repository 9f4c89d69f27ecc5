/* doctor/ask.h — one raw hello and its answer, over whatever way leads to the server. */
#ifndef ANYCERT_DOCTOR_ASK_H
#define ANYCERT_DOCTOR_ASK_H

#include "doctor/trial.h"
#include "hello/answer.h"
#include "hello/offer.h"

/* The name to send to the target, into out; "" for none. 0, or -1 with URL. */
int anycert__ask_name(const struct anycert__trials *trials, char out[256],
                      struct anycert_error *err);
/* Asks. 1 and an answer to be freed; 0 if there was no connection; -1 with INTERRUPTED, NOMEM or
 * INTERNAL. */
int anycert__ask(struct anycert__trials *trials, const struct anycert__hello *hello,
                 struct anycert__answer *answer, struct anycert_error *err);
/* Sends a text without TLS, and waits for the first line of what comes; *len bytes into out. 0, or
 * -1 with INTERRUPTED. */
int anycert__ask_plainly(struct anycert__trials *trials, const char *text, unsigned char *out,
                         size_t size, size_t *len, struct anycert_error *err);

#endif
