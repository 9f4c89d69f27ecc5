/* client/seen.h — which texts have come before. */
#ifndef ANYCERT_CLIENT_SEEN_H
#define ANYCERT_CLIENT_SEEN_H

#include "base/error.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Only hashes are kept: two texts with the same one are too rare (2^-64) to matter. All zero is
 * empty. */
struct anycert__seen {
    uint64_t *slots; /* 0: free */
    size_t size, count;
};

/* Never 0 (FNV-1a, 64 bits). */
uint64_t anycert__seen_hash(const void *bytes, size_t len);
/* Adds a text; *again says whether it was there. 0, or -1 with NOMEM. */
int anycert__seen_add(struct anycert__seen *seen, const char *text, bool *again,
                      struct anycert_error *err);
void anycert__seen_clear(struct anycert__seen *seen);

#endif
