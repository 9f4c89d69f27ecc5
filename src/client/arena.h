/* client/arena.h — memory of a document: taken in small pieces, given back in one. */
#ifndef ANYCERT_CLIENT_ARENA_H
#define ANYCERT_CLIENT_ARENA_H

#include <stddef.h>

/* All zero: empty. */
struct anycert__arena {
    struct anycert__arena_block *blocks;
};

/* Memory for anything, not zeroed; NULL if there is none. */
void *anycert__arena_take(struct anycert__arena *arena, size_t size);
void anycert__arena_free(struct anycert__arena *arena);

#endif
