/* verdict/ways.h — the least policies that accept a server which was refused, as far as its report
 * tells: nothing is tried. */
#ifndef ANYCERT_VERDICT_WAYS_H
#define ANYCERT_VERDICT_WAYS_H

#include <stdbool.h>

#include <anycert/report.h>

#include "policy/policy.h"

/* What a way is looked for from. What the policy relaxes, names and trusts already stays. */
struct anycert__seen_link {
    const struct anycert_report *report;
    const struct anycert_policy *policy; /* in force, with its anchors */
    /* The verdicts that count are those of the report's reference. */
    bool of_reference;
    /* What may get past a handshake that failed, if that is what has failed. */
    anycert__relaxations helps;
};

/* Each gives a policy, to be freed with anycert_policy_free, or NULL if there is none that would do
 * (or memory ran out, which is no matter for advice). */

/* By the chain as before, for a certificate that has other names than was asked for: if it is one
 * that fails by its name, the expected name; else the relaxations that leave the peer
 * authenticated. */
struct anycert_policy *anycert__way_by_chain(const struct anycert__seen_link *link);

/* By the key that was shown: hardened with what is wrong relaxed, and the pin, as the doctor has
 * it; where something has no relaxation or the chain authenticates, pinned, with check= for what is
 * right about name and dates, and with the relaxations that the protocol needs, which no pin is
 * about. */
struct anycert_policy *anycert__way_by_key(const struct anycert__seen_link *link);

/* The policy in force with the key that was shown in place of those that it pins, if nothing else
 * is wrong: no less is checked than before. */
struct anycert_policy *anycert__way_by_new_key(const struct anycert__seen_link *link);

/* The reference, and the key of the server's own certificate too. */
struct anycert_policy *anycert__way_by_key_too(const struct anycert__seen_link *link);

/* The policy in force, which has to be hardened, with all of these relaxations. */
struct anycert_policy *anycert__way_by_relaxing(const struct anycert__seen_link *link,
                                                anycert__relaxations needed);

/* Whether a key would be enough: something has failed that is about certificates, and neither
 * revocation nor what is known of the key already. */
bool anycert__is_key_enough(const struct anycert_report *report);

/* Whether nobody can tell which of the relaxations a handshake that failed needs, or whether any
 * is enough. */
bool anycert__is_guess(anycert__relaxations helps);

/* The name that the doctor would expect instead, of those that the certificate has; false if there
 * is none. */
bool anycert__other_name(const struct anycert_report *report, char out[256]);

/* The next check with the verdict FAIL, or the first for NULL; NULL behind the last. report may be
 * NULL. */
const struct anycert_check *anycert__next_failed(const struct anycert_report *report,
                                                 const struct anycert_check *check);

#endif
