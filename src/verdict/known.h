/* verdict/known.h — what the trust store's record says to a server's key. */
#ifndef ANYCERT_VERDICT_KNOWN_H
#define ANYCERT_VERDICT_KNOWN_H

#include <stdbool.h>

#include "verdict/facts.h"
#include "verdict/judge.h"

enum anycert__known {
    ANYCERT__KNOWN_UNWANTED,  /* the policy is not tofu */
    ANYCERT__KNOWN_SAME,      /* the key is the recorded one */
    ANYCERT__KNOWN_COMPARED,  /* first contact, and the key is the one that the user had already */
    ANYCERT__KNOWN_CA,        /* recorded by its CA, and the certificate verifies */
    ANYCERT__KNOWN_FIRST_CA,  /* first contact, and hardened would have accepted it, too */
    ANYCERT__KNOWN_FIRST,     /* first contact: the key is believed */
    ANYCERT__KNOWN_NOT_ASKED, /* no store was looked into */
    ANYCERT__KNOWN_REFUSED,   /* not recorded, and not to be */
    ANYCERT__KNOWN_CHANGED,   /* another key is recorded */
    ANYCERT__KNOWN_CA_LEFT    /* recorded by its CA, and the certificate does not verify any more */
};

/* The record is among the facts. While a handshake goes on (CERTIFICATES) nobody was asked yet, and
 * that is no refusal. */
enum anycert__known anycert__known_look(const struct anycert__facts *facts,
                                        const struct anycert_policy *policy, int64_t now,
                                        enum anycert__judge_scope scope);
/* True if the key is one that was expected: it stands for who answers. */
bool anycert__known_proves(enum anycert__known known);
/* What it comes to. */
enum anycert_verdict anycert__known_verdict(enum anycert__known known);
/* True for a host that is met for the first time under a policy that would learn its key; false,
 * too, if somebody still has to be asked and wants_answer is not NULL, which is set then. */
bool anycert__known_may_learn(const struct anycert__facts *facts,
                              const struct anycert_policy *policy, bool *wants_answer);
/* True if hardened would accept the certificates. */
bool anycert__known_verifies(const struct anycert__facts *facts, int64_t now);
/* The error code of a refusal. */
int anycert__known_code(enum anycert__known known);
/* In words, as the other details (verdict/detail.h). */
char *anycert__known_detail(const struct anycert__facts *facts, enum anycert__known known,
                            const struct anycert_policy *policy);

#endif
