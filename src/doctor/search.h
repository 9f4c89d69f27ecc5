/* doctor/search.h — the inside of the plan. Everything is thought anew after each attempt, as plain
 * code that asks for what it has to know: an answer that is not there yet becomes the next attempt,
 * and the thought ends with LATER. */
#ifndef ANYCERT_DOCTOR_SEARCH_H
#define ANYCERT_DOCTOR_SEARCH_H

#include "doctor/plan.h"

enum anycert__thought {
    ANYCERT__LATER, /* an answer is missing */
    ANYCERT__NO,
    ANYCERT__YES
};

/* What came of an attempt; NULL if it has to be made first, or cannot be for want of budget. */
const struct anycert__sighting *anycert__plan_ask(struct anycert__plan *plan,
                                                  const struct anycert__attempt *attempt);
/* The same for the attempt when it was made again, so many times, each after a pause. */
const struct anycert__sighting *anycert__plan_ask_again(struct anycert__plan *plan,
                                                        const struct anycert__attempt *attempt,
                                                        size_t times, uint32_t pause_ms);
/* Whether hardened, which failed, connects when it is tried again: a server that fails at times
 * must not be taken for one that something is left out for. Several times in a row, as servers may
 * answer in turn. If so, *seen is that attempt. */
enum anycert__thought anycert__plan_try_again(struct anycert__plan *plan,
                                              const struct anycert__sighting **seen);
/* The same for hardened with relaxations, observing. */
const struct anycert__sighting *anycert__plan_observe(struct anycert__plan *plan,
                                                      anycert__relaxations relaxations);
/* Of several servers behind one address each has to be let in: adds what certificates need that
 * were shown to the same offer. True if they do not all need the same. */
bool anycert__plan_join_certificates(const struct anycert__plan *plan,
                                     const struct anycert__attempt *attempt,
                                     struct anycert__needs *certificates);
/* True if the handshake was completed with nothing agreed on that the relaxations do not allow. */
bool anycert__offer_stands(const struct anycert__sighting *sighting,
                           anycert__relaxations relaxations);

/* The same, or the server went on to ask for a client certificate, and ended it for want of one. */
bool anycert__offer_taken(const struct anycert__sighting *sighting,
                          anycert__relaxations relaxations);

/* The alert may name what it is about: what would be left out for that, or 0. */
anycert__relaxations anycert__offer_hinted(const struct anycert__sighting *sighting);

/* Looks for the least relaxations of the offer that the server can do something with; *sighting is
 * the attempt in which that was seen. */
enum anycert__thought anycert__find_offer(struct anycert__plan *plan, anycert__relaxations *offer,
                                          const struct anycert__sighting **sighting);

/* Finds the policies for a server that can do something with an offer, confirms them, and takes
 * away what is not needed. */
void anycert__find_ways(struct anycert__plan *plan, anycert__relaxations offer,
                        const struct anycert__sighting *seen);
/* The same for what only the rung antique connects to. */
void anycert__find_antique(struct anycert__plan *plan);

#endif
