/* doctor_look.h — the examination of one target. */
#ifndef ANYCERT_CLI_DOCTOR_LOOK_H
#define ANYCERT_CLI_DOCTOR_LOOK_H

#include <stdbool.h>

#include <anycert/doctor.h>

/* Examines it. Where dates are wrong and clocks are to be compared, by a request, too: *uncompared
 * becomes true if that was not answered. Free with anycert_diagnosis_free; NULL with a sentence. */
struct anycert_diagnosis *cli_doctor_look(struct anycert_doctor *doctor, const char *target,
                                          bool compares, bool *uncompared,
                                          struct anycert_error *err);

#endif
