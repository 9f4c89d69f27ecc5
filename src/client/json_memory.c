#include "client/json_memory.h"

#include "base/mem.h"

#include <stdint.h>
#include <string.h>

/* Shorter texts are read in a block that is part of their document. */
#define LARGE 65536
/* Of a text's length: the parser's copy of it, and its values, of which there is one for each six
 * bytes in its estimate, and one for each four after it has asked for more. */
#define ROOM 5
/* For what yyjson puts before and behind these. */
#define MORE  256
#define ALIGN 16

static void *json_malloc(void *ctx, size_t size)
{
    (void)ctx;
    return anycert__malloc(size);
}

static void *json_realloc(void *ctx, void *old, size_t old_size, size_t size)
{
    (void)ctx;
    (void)old_size;
    return anycert__realloc(old, size);
}

static void json_free(void *ctx, void *p)
{
    (void)ctx;
    anycert__free(p);
}

const yyjson_alc *anycert__json_memory(void)
{
    static const yyjson_alc memory = {json_malloc, json_realloc, json_free, NULL};

    return &memory;
}

static bool is_inside(const struct anycert__json_block *block, const void *p)
{
    return (uintptr_t)p >= (uintptr_t)block->start && (uintptr_t)p < (uintptr_t)block->end;
}

static void *block_malloc(void *ctx, size_t size)
{
    struct anycert__json_block *block = ctx;
    size_t left = (size_t)(block->end - block->next);

    if (size > left || left - size < ALIGN)
        return anycert__malloc(size);
    block->last = block->next;
    block->next += (size + ALIGN - 1) / ALIGN * ALIGN;
    return block->last;
}

static void *block_realloc(void *ctx, void *old, size_t old_size, size_t size)
{
    struct anycert__json_block *block = ctx;
    void *moved = NULL;

    if (!is_inside(block, old))
        return anycert__realloc(old, size);
    if (old == block->last)
        block->next = block->last; /* it stays where it is, if there is room */
    moved = block_malloc(block, size);
    if (moved && moved != old)
        memcpy(moved, old, old_size < size ? old_size : size);
    return moved;
}

static void block_free(void *ctx, void *p)
{
    if (!is_inside(ctx, p))
        anycert__free(p);
}

static size_t size_of(size_t len)
{
    return len < SIZE_MAX / ROOM - MORE ? len * ROOM + MORE : 0;
}

size_t anycert__json_room(size_t len)
{
    return len < LARGE ? size_of(len) : 0;
}

void anycert__json_block_init(struct anycert__json_block *block, size_t len, void *room)
{
    size_t size = size_of(len);

    memset(block, 0, sizeof *block);
    block->memory = (yyjson_alc){block_malloc, block_realloc, block_free, block};
    block->is_own = len >= LARGE && size > 0;
    block->start = block->is_own ? anycert__malloc(size) : room;
    block->next = block->start;
    block->end = block->start ? block->start + size : NULL;
}

void anycert__json_block_free(struct anycert__json_block *block)
{
    if (block->is_own)
        anycert__free(block->start);
}
