/* policy/ceiling.h — what the administrator of the machine forbids, whoever asks for it. */
#ifndef ANYCERT_POLICY_CEILING_H
#define ANYCERT_POLICY_CEILING_H

#include <stdint.h>
#include <sys/types.h>

#include "policy/policy.h"

struct anycert__ceiling;

/* ceiling_place.c: where it is, chosen when the library was built, and whom it has to belong to. A
 * file of its own, which nothing but a test puts another one in place of. */
const char *anycert__ceiling_path(void);
uid_t anycert__ceiling_owner(void);

/* Reads it from text; name is what it is called in messages. NULL with POLICY_SYNTAX and
 * "NAME:LINE: " in front, or NOMEM. */
struct anycert__ceiling *anycert__ceiling_parse(const char *text, size_t len, const char *name,
                                                struct anycert_error *err);
/* The machine's. Without a file nothing is forbidden; under one that cannot be read, is not
 * understood or can be changed by others, everything but hardened is. NULL with NOMEM. */
struct anycert__ceiling *anycert__ceiling_load(struct anycert_error *err);
void anycert__ceiling_free(struct anycert__ceiling *ceiling);

/* 0 if the policy may be used, else -1 with POLICY_FORBIDDEN and the line that forbids it. now:
 * seconds since 1970 UTC. */
int anycert__ceiling_check(const struct anycert__ceiling *ceiling,
                           const struct anycert_policy *policy, int64_t now,
                           struct anycert_error *err);

#endif
