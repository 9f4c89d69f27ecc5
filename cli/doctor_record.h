/* doctor_record.h — what stands in a list of diagnoses in the place of one that there is not. */
#ifndef ANYCERT_CLI_DOCTOR_RECORD_H
#define ANYCERT_CLI_DOCTOR_RECORD_H

#include <anycert/error.h>

#include "doctor_targets.h"

/* Names at most a few of the targets that a signal left unexamined, and how many more there are.
 * left has the places of the targets, in their order. */
void cli_doctor_interrupted(const struct cli_targets *targets, const size_t *left, size_t count,
                            struct anycert_error *err);

/* As JSON: the target, without what may be a secret in it, its line, and why there is none. Free
 * with free; NULL without memory. */
char *cli_doctor_record(const struct cli_target *target, const struct anycert_error *err);

#endif
