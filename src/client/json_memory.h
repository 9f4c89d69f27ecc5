/* client/json_memory.h — yyjson on top of base/mem.h. */
#ifndef ANYCERT_CLIENT_JSON_MEMORY_H
#define ANYCERT_CLIENT_JSON_MEMORY_H

#include <stdbool.h>
#include <stddef.h>

#include <yyjson.h>

/* For calls of yyjson that allocate little. */
const yyjson_alc *anycert__json_memory(void);

/* The memory of one document, with room for most texts in one block. The allocator takes and gives
 * back several large ones otherwise, which the system then has to fill with zeros each time. What
 * does not fit comes from base/mem.h. Stays where it is as long as the document lives. */
struct anycert__json_block {
    yyjson_alc memory; /* for the call that reads the document */
    char *start, *next, *end;
    void *last; /* what was given out last, and may grow */
    bool is_own;
};
/* Bytes that whoever makes a block for a text of len bytes has to have ready for it: of short ones
 * it is part of another piece of memory. 0: none. */
size_t anycert__json_room(size_t len);
/* For a text of so many bytes, with that room, aligned as malloc() does it. Without memory for a
 * block it is empty, and works. */
void anycert__json_block_init(struct anycert__json_block *block, size_t len, void *room);
/* After the document was freed. */
void anycert__json_block_free(struct anycert__json_block *block);

#endif
