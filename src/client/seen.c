#include "client/seen.h"

#include "base/mem.h"

#include <string.h>

#define FIRST_SIZE 64

uint64_t anycert__seen_hash(const void *bytes, size_t len)
{
    const unsigned char *p = bytes;
    uint64_t hash = UINT64_C(0xcbf29ce484222325);

    for (size_t i = 0; i < len; i++)
        hash = (hash ^ p[i]) * UINT64_C(0x100000001b3);
    return hash ? hash : 1;
}

/* The slot where the hash is, or would be. */
static size_t slot_of(const uint64_t *slots, size_t size, uint64_t hash)
{
    size_t slot = (size_t)(hash ^ (hash >> 32)) & (size - 1);

    while (slots[slot] && slots[slot] != hash)
        slot = (slot + 1) & (size - 1);
    return slot;
}

/* Keeps half of the slots free. */
static int grow(struct anycert__seen *seen, struct anycert_error *err)
{
    size_t size = seen->size ? 2 * seen->size : FIRST_SIZE;
    uint64_t *slots = NULL;

    if (2 * (seen->count + 1) <= seen->size)
        return 0;
    slots = anycert__calloc(size, sizeof *slots);
    if (!slots)
        return anycert__fail_nomem(err);
    for (size_t i = 0; i < seen->size; i++) {
        if (seen->slots[i])
            slots[slot_of(slots, size, seen->slots[i])] = seen->slots[i];
    }
    anycert__free(seen->slots);
    seen->slots = slots;
    seen->size = size;
    return 0;
}

int anycert__seen_add(struct anycert__seen *seen, const char *text, bool *again,
                      struct anycert_error *err)
{
    uint64_t hash = anycert__seen_hash(text, strlen(text));
    size_t slot = 0;

    *again = false;
    if (grow(seen, err) < 0)
        return -1;
    slot = slot_of(seen->slots, seen->size, hash);
    *again = seen->slots[slot] == hash;
    if (!*again)
        seen->count++;
    seen->slots[slot] = hash;
    return 0;
}

void anycert__seen_clear(struct anycert__seen *seen)
{
    anycert__free(seen->slots);
    memset(seen, 0, sizeof *seen);
}
