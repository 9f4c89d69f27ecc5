#include "client/arena.h"

#include "base/mem.h"

#include <stdalign.h>
#include <stdint.h>

#define BLOCK 16384

struct anycert__arena_block {
    struct anycert__arena_block *next;
    size_t used, size;
    alignas(max_align_t) char bytes[];
};

void *anycert__arena_take(struct anycert__arena *arena, size_t size)
{
    struct anycert__arena_block *block = arena->blocks;
    size_t step = alignof(max_align_t);
    void *memory = NULL;

    if (size > SIZE_MAX / 2)
        return NULL;
    size = (size + step - 1) / step * step;
    if (!block || block->size - block->used < size) {
        size_t room = size > BLOCK ? size : BLOCK;

        block = anycert__malloc(sizeof *block + room);
        if (!block)
            return NULL;
        *block = (struct anycert__arena_block){.next = arena->blocks, .size = room};
        arena->blocks = block;
    }
    memory = block->bytes + block->used;
    block->used += size;
    return memory;
}

void anycert__arena_free(struct anycert__arena *arena)
{
    while (arena->blocks) {
        struct anycert__arena_block *block = arena->blocks;

        arena->blocks = block->next;
        anycert__free(block);
    }
}
