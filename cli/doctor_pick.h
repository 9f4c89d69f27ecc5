/* doctor_pick.h — anycert doctor --apply: which policy of a diagnosis becomes an entry, if one may.
 */
#ifndef ANYCERT_CLI_DOCTOR_PICK_H
#define ANYCERT_CLI_DOCTOR_PICK_H

#include "doctor_apply.h"

struct cli_pick {
    struct cli_apply *apply; /* what is typed joins its pins */
    const struct anycert_diagnosis *diagnosis;
    const struct anycert_diagnosis *other; /* of the other link, or NULL */
    const struct anycert_policy *base; /* what was given: pins and names in it are known; or NULL */
    bool is_proxy;
};

/* Which of the policies may be written, into *n. -1 with a sentence: none. */
int cli_pick_policy(const struct cli_pick *pick, size_t *n, struct anycert_error *err);

/* Which of the given lists has a pin, letter by letter; NULL: none. */
const char *cli_pick_list_with(const struct cli_apply *apply, const char *pin);

/* Whether "pin" or "expect-name" of a policy is what whoever asks has said before: of several pins
 * one is enough. base may be NULL. */
bool cli_pick_has_said(const struct anycert_policy *base, const char *key, const char *value);

#endif
