/* doctor/others.h — what was seen, and what other programs say of it, for people. */
#ifndef ANYCERT_DOCTOR_OTHERS_H
#define ANYCERT_DOCTOR_OTHERS_H

#include <stdbool.h>

#include "base/buf.h"

/* A line, unless there is nothing to say. before: what was said of the cause before, or NULL. */
void anycert__write_evidence(struct anycert__buf *buf, const char *label, const char *text,
                             const char *before);
/* The same of what other programs say ("OpenSSL: …; curl: …"); brief: those that most people
 * know. */
void anycert__write_others(struct anycert__buf *buf, const char *text, const char *text_before,
                           bool brief);

#endif
