/* doctor/shape.h — what of our first message a server, or a box before it, breaks on: its size, its
 * version, a group, an extension. Raw hellos that differ in one thing each ask for it. */
#ifndef ANYCERT_DOCTOR_SHAPE_H
#define ANYCERT_DOCTOR_SHAPE_H

#include "doctor/plan.h"
#include "doctor/trial.h"

struct anycert__shape {
    size_t questions; /* how many were asked */
    bool known;
    enum anycert__cause_number cause; /* if known */
    char evidence[200];
};

/* Asks, if the policy that was found has a smaller hello or an older version in it. 0, or -1 with
 * INTERRUPTED, NOMEM or INTERNAL. */
int anycert__shape(struct anycert__trials *trials, const struct anycert__plan *plan, size_t budget,
                   struct anycert__shape *shape, struct anycert_error *err);

#endif
