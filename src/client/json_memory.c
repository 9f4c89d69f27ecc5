#include "client/json_memory.h"

#include "base/mem.h"

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
