/* doctor/elsewhere.h — a policy in the words of other clients: the nearest that each of them has,
 * and what it cannot do. Without state: safe from any thread. */
#ifndef ANYCERT_DOCTOR_ELSEWHERE_H
#define ANYCERT_DOCTOR_ELSEWHERE_H

#include <anycert/doctor.h>

#include "doctor/words.h"
#include "policy/policy.h"

struct anycert__elsewhere {
    enum anycert_doctor_fit fit;
    char *text; /* comments that say what is otherwise, then lines that can be used as they are: a
                   command for the shell (curl, wget), a program (requests, go, node, java), a
                   configuration (openssl.cnf) */
};

/* The place of a client in the list of anycert_doctor_client. 0, or -1 with USAGE. */
int anycert__elsewhere_find(const char *client, size_t *which, struct anycert_error *err);
/* What begins a comment there: "# ". */
const char *anycert__elsewhere_comment(size_t which);
/* Says an effective policy (NULL: hardened) for a GET of https://host:port/. host is a name or an
 * address as it was asked for, without brackets; way is the way there (NULL: a straight one). 0
 * with *out to be cleared, or -1 with USAGE (no such client, or a host that is none) or NOMEM. */
int anycert__elsewhere(const struct anycert_policy *policy, const char *host, uint16_t port,
                       const struct anycert__words *way, const char *client,
                       struct anycert__elsewhere *out, struct anycert_error *err);
void anycert__elsewhere_clear(struct anycert__elsewhere *elsewhere);

#endif
