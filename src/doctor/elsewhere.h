/* doctor/elsewhere.h — a policy in the words of other clients: the nearest that each of them has,
 * and what it cannot do. Without state: safe from any thread. */
#ifndef ANYCERT_DOCTOR_ELSEWHERE_H
#define ANYCERT_DOCTOR_ELSEWHERE_H

#include "policy/policy.h"

/* How near it comes. */
enum anycert__fit {
    ANYCERT__FIT_SAME,    /* it connects, and gives up nothing that the policy keeps, but for what
                             remarks say */
    ANYCERT__FIT_COARSER, /* it connects, and gives up more */
    ANYCERT__FIT_LACKS    /* something has no equivalent: it may not connect */
};

struct anycert__elsewhere {
    enum anycert__fit fit;
    char *text; /* comments that say what is otherwise, then lines that can be used as they are: a
                   command for the shell (curl, wget), a program (requests, go, node, java), a
                   configuration (openssl.cnf) */
};

/* "curl", "requests", "openssl.cnf", "go", "node", "java", "wget"; NULL behind the last. */
const char *anycert__elsewhere_client(size_t n);
/* "same", "coarser", "lacks". */
const char *anycert__fit_name(enum anycert__fit fit);

/* Says an effective policy (NULL: hardened) for a GET of https://host:port/. host is a name or an
 * address as it was asked for, without brackets. 0 with *out to be cleared, or -1 with USAGE
 * (no such client, or a host that is none) or NOMEM. */
int anycert__elsewhere(const struct anycert_policy *policy, const char *host, uint16_t port,
                       const char *client, struct anycert__elsewhere *out,
                       struct anycert_error *err);
void anycert__elsewhere_clear(struct anycert__elsewhere *elsewhere);

#endif
