/* The examination of one target, and of this machine's clock. */
#include "doctor_look.h"

#include <string.h>

#include "doctor_apply.h"

static bool is_about_dates(const struct anycert_diagnosis *diagnosis)
{
    const char *check = NULL;
    for (size_t n = 0; (check = anycert_diagnosis_cause_check(diagnosis, n)) != NULL; n++)
        if (strcmp(check, "dates") == 0)
            return true;
    return false;
}

/* An entry that lets dates through is not written before this machine's clock was compared with the
 * server's: that takes one request. Nobody has asked for it to be answered, and with a certificate
 * of ours at that: without an answer what was seen before counts. */
struct anycert_diagnosis *cli_doctor_look(struct anycert_doctor *doctor, const char *target,
                                          bool compares, bool *uncompared,
                                          struct anycert_error *err)
{
    struct anycert_diagnosis *diagnosis = anycert_doctor_examine(doctor, target, err);
    struct anycert_diagnosis *compared = NULL;
    bool answered = false;
    if (!diagnosis || !compares || !is_about_dates(diagnosis))
        return diagnosis;
    anycert_doctor_set_request(doctor, ANYCERT_REQUEST_HEAD);
    compared = anycert_doctor_examine(doctor, target, err);
    if (compared && cli_apply_passes_over(compared, &answered) &&
        anycert_diagnosis_policy_confirmed(diagnosis, 0)) {
        *uncompared = !answered;
        anycert_diagnosis_free(compared);
        return diagnosis;
    }
    anycert_diagnosis_free(diagnosis);
    return compared;
}
