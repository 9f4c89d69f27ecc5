/* doctor/needs.h — what a handshake would have to be allowed, as sets of relaxations. Pure. */
#ifndef ANYCERT_DOCTOR_NEEDS_H
#define ANYCERT_DOCTOR_NEEDS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "policy/policy.h"
#include "verdict/facts.h"

#define ANYCERT__NEEDS_MAX 32

/* Everything that hardened has against a handshake, certificates or offer. */
struct anycert__needs {
    /* Of each set one relaxation is enough, and all sets have to be met. */
    anycert__relaxations any_of[ANYCERT__NEEDS_MAX];
    size_t count;
    bool beyond;  /* something that no relaxation lets through */
    bool antique; /* of that, something that the rung antique lets through */
    bool revoked; /* and that nothing but trust-any and antique would */
};

/* Reads them from facts, which were judged at now. */
void anycert__needs_read(const struct anycert__facts *facts, int64_t now,
                         struct anycert__needs *certificates, struct anycert__needs *offer);
/* Adds those of more that are not among them. */
void anycert__needs_join(struct anycert__needs *needs, const struct anycert__needs *more);
/* Whether both are the same, in whatever order. */
bool anycert__needs_same(const struct anycert__needs *a, const struct anycert__needs *b);
/* True if the relaxations meet all of them. */
bool anycert__needs_met(const struct anycert__needs *needs, anycert__relaxations allowed);
/* Relaxations that meet all that can be met: as few as a glance finds, and of those the least
 * dangerous. */
anycert__relaxations anycert__needs_least(const struct anycert__needs *needs);

/* Every relaxation once, the least dangerous first; those that give up who answers come last. 0
 * behind the last. */
int anycert__by_danger(size_t n);
/* True if the first set is to be preferred: it gives up less of who answers, or has fewer parts, or
 * less dangerous ones. */
bool anycert__less_dangerous(anycert__relaxations a, anycert__relaxations b);
/* Those of the set that give up who answers. */
anycert__relaxations anycert__without_proof(anycert__relaxations set);
/* How many. */
size_t anycert__count_of(anycert__relaxations set);

#endif
