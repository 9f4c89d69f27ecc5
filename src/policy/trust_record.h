/* policy/trust_record.h — what the trust store says about one host, as a fact for the judge. */
#ifndef ANYCERT_POLICY_TRUST_RECORD_H
#define ANYCERT_POLICY_TRUST_RECORD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "policy/policy.h"

#define ANYCERT__TRUST_PINS_MAX 16

enum anycert__trust_known {
    ANYCERT__TRUST_NOT_ASKED = 0, /* no store was looked into */
    ANYCERT__TRUST_NEW,           /* the host is not there: first contact */
    ANYCERT__TRUST_BY_PIN,
    ANYCERT__TRUST_BY_CA
};

struct anycert__trust_record {
    enum anycert__trust_known known;
    bool is_accepted; /* NEW, and somebody who was asked has said that the key is right */
    bool is_compared; /* the same, as its pin is one that was known from elsewhere */
    bool is_recorded; /* NEW when it was looked up, and recorded since for what was seen here */
    char (*pins)[ANYCERT__PIN_SIZE];
    size_t pin_count;
    int64_t first_seen, changed; /* seconds since 1970 UTC */
    uint64_t state;              /* of the store when it was looked into; 0: it was not */
};

/* Frees what it points to, and empties it. */
void anycert__trust_record_clear(struct anycert__trust_record *record);
/* True if both say the same of the host; when they were looked up does not count. */
bool anycert__trust_record_equal(const struct anycert__trust_record *a,
                                 const struct anycert__trust_record *b);
/* True if it has this pin. */
bool anycert__trust_record_has(const struct anycert__trust_record *record, const char *pin);

#endif
