/* doctor/issuers.h — who issued certificates that nobody here trusts, for all examinations of a
 * doctor: the same issuer for hosts that have nothing to do with one another is strange. */
#ifndef ANYCERT_DOCTOR_ISSUERS_H
#define ANYCERT_DOCTOR_ISSUERS_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>

#define ANYCERT__ISSUERS_MAX 64

struct anycert__issuers {
    pthread_mutex_t lock;
    struct anycert__issuer_seen {
        char *issuer;
        char host[256];
    } seen[ANYCERT__ISSUERS_MAX]; /* the first ones: later ones are compared and not kept */
    size_t count;
};

void anycert__issuers_init(struct anycert__issuers *issuers);
void anycert__issuers_clear(struct anycert__issuers *issuers);
/* Keeps it, and finds an unrelated host with the same issuer: its name into other, "" for none.
 * Addresses are related to everything. Safe from many threads. */
void anycert__issuers_note(struct anycert__issuers *issuers, const char *issuer, const char *host,
                           char other[256]);

#endif
