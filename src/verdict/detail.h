/* verdict/detail.h — the words of a check: what was found, without a final full stop. Escaped, cut
 * to a readable length, NUL-terminated, freed with anycert__free; NULL when out of memory. */
#ifndef ANYCERT_VERDICT_DETAIL_H
#define ANYCERT_VERDICT_DETAIL_H

#include "verdict/findings.h"

char *anycert__detail_of_finding(const struct anycert__facts *facts,
                                 const struct anycert__finding *finding, int64_t now);

/* Of a check without a finding: why it passed, or why it was not checked. */
char *anycert__detail_of_silence(const struct anycert__facts *facts, enum anycert__check_id id,
                                 enum anycert_verdict verdict, int64_t now,
                                 enum anycert__judge_scope scope);

#endif
