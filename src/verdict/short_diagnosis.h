/* verdict/short_diagnosis.h — the inside of a short diagnosis. */
#ifndef ANYCERT_VERDICT_SHORT_DIAGNOSIS_H
#define ANYCERT_VERDICT_SHORT_DIAGNOSIS_H

#include <anycert/short_diagnosis.h>

#include "policy/policy.h"
#include "verdict/cause.h"

#define ANYCERT__SHORT_CAUSES_MAX 24

/* A cause, what was seen of it, and what others say then. */
struct anycert__short_cause {
    const struct anycert__cause *cause;
    char *title, *explanation; /* said of the proxy where it is met there */
    char *evidence, *error;
    bool certain; /* of this one, whatever is said of all */
};

/* A list of texts. */
struct anycert__short_list {
    char **list;
    size_t count;
};

struct anycert_short_diagnosis {
    int references; /* beyond the first */
    char *target;
    bool https;
    struct anycert_report *report; /* a reference, or NULL */
    struct anycert__short_cause causes[ANYCERT__SHORT_CAUSES_MAX];
    size_t cause_count;
    bool certain;
    struct anycert_policy *policy; /* NULL: none is known */
    char *policy_text, *key_policy;
    char *other_name; /* of the certificate; NULL: none */
    bool by_key, whole;
    char *forbidden; /* "" if it is allowed */
    anycert__relaxations relaxations;
    char *command, *text;
    /* What a doctor is set up with. */
    struct anycert_policy *base, *proxy_policy; /* NULL: none */
    char *proxy;                                /* without user and password; NULL: none */
    struct anycert__short_list resolve, connect_to, intermediates;
};

/* Takes a reference, which anycert_short_diagnosis_free lets go; atomic. */
struct anycert_short_diagnosis *anycert__short_ref(struct anycert_short_diagnosis *diagnosis);

/* Adds a cause, unless it is there already; certain of it alone, whatever is said of all. 0, or -1
 * with NOMEM. */
int anycert__short_add(struct anycert_short_diagnosis *diagnosis, enum anycert__cause_number cause,
                       const char *evidence, int x509_code, bool certain,
                       struct anycert_error *err);
/* Puts the causes in the order in which a connection meets them. */
void anycert__short_sort(struct anycert_short_diagnosis *diagnosis);
/* What a doctor has to ask for, beyond the handshake, to see the same: ANYCERT_REQUEST_… */
enum anycert_doctor_request anycert__short_request(const struct anycert_short_diagnosis *diagnosis);
/* Copies texts. 0, or -1 with NOMEM. */
int anycert__short_list_copy(struct anycert__short_list *to, char *const *from, size_t count,
                             struct anycert_error *err);
/* Writes the text, once everything else is there. 0, or -1 with NOMEM. */
int anycert__short_write(struct anycert_short_diagnosis *diagnosis, struct anycert_error *err);

#endif
