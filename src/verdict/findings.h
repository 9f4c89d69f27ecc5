/* verdict/findings.h — everything that is wrong according to the facts, whatever a policy says to
 * it.
 *
 * The judge turns findings into verdicts twice, with and without a report; both ask here, so they
 * cannot differ. */
#ifndef ANYCERT_VERDICT_FINDINGS_H
#define ANYCERT_VERDICT_FINDINGS_H

#include <stdbool.h>

#include "verdict/checks.h"
#include "verdict/facts.h"
#include "verdict/judge.h"

enum anycert__finding_kind {
    ANYCERT__FINDING_FACT,    /* wrong in itself */
    ANYCERT__FINDING_REVOKED, /* no relaxation lets it through; rungs that accept any certificate
                                 do, and say so */
    ANYCERT__FINDING_OFFERED, /* let through by a relaxation, and by rungs whose own offer has it */
    ANYCERT__FINDING_ANTIQUE, /* no relaxation lets it through, but the rung antique does */
    ANYCERT__FINDING_PIN,     /* the policy wants a pin, which is not there */
    ANYCERT__FINDING_RECORD   /* what the trust store's record says to the key */
};

struct anycert__finding {
    enum anycert__check_id check;
    enum anycert__finding_kind kind;
    int x509_code;                    /* 0 for none */
    int depth;                        /* in the validated chain; -1 for none */
    anycert__relaxations relaxations; /* any one of them lets it through; 0 for none */
    const char *what;                 /* in words, without what the facts add to it; static */
};

typedef void anycert__finding_fn(void *arg, const struct anycert__finding *finding);

/* Calls fn for each finding, in no order that matters. Allocates nothing. Dates are judged at now.
 * Pins and records are the policy's matter, and no finding of theirs is among them (verdict/pin.h,
 * verdict/known.h). */
void anycert__findings(const struct anycert__facts *facts, int64_t now,
                       enum anycert__judge_scope scope, anycert__finding_fn *fn, void *arg);

/* The certificate that a verify error at this depth speaks of; NULL if it was not kept. */
const struct anycert__certificate *anycert__certificate_at(const struct anycert__facts *facts,
                                                           int depth);

/* True if verification ran to its end, so that silence means that nothing is wrong. */
bool anycert__facts_verified(const struct anycert__facts *facts);
/* True if a handshake's negotiated parameters are to be judged. */
bool anycert__facts_negotiated(const struct anycert__facts *facts, enum anycert__judge_scope scope);

#endif
