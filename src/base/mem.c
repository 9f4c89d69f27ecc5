#include "base/mem.h"

#include <anycert/policy.h>

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

/* Counting is off until a test asks for it, so that ordinary programs share no written cache line.
 */
static atomic_bool counting;
static atomic_ulong requests;
static atomic_ulong fail_from;
static void (*_Atomic watcher)(const void *p);

static bool refuse(void)
{
    if (!atomic_load_explicit(&counting, memory_order_relaxed))
        return false;
    unsigned long nth = atomic_fetch_add(&requests, 1) + 1;
    unsigned long from = atomic_load(&fail_from);
    return from != 0 && nth >= from;
}

void *anycert__malloc(size_t size)
{
    return refuse() ? NULL : malloc(size ? size : 1);
}

void *anycert__calloc(size_t count, size_t size)
{
    if (count == 0 || size == 0)
        count = size = 1;
    if (count > SIZE_MAX / size)
        return NULL;
    return refuse() ? NULL : calloc(count, size);
}

static void watch(const void *p)
{
    void (*look)(const void *) = atomic_load_explicit(&watcher, memory_order_relaxed);

    if (look && p)
        look(p);
}

void *anycert__realloc(void *old, size_t size)
{
    watch(old); /* it may leave a copy behind */
    return refuse() ? NULL : realloc(old, size ? size : 1);
}

void anycert__free(void *p)
{
    watch(p);
    free(p);
}

void anycert_free(void *p)
{
    anycert__free(p);
}

char *anycert__strdup(const char *s)
{
    return s ? anycert__strndup(s, strlen(s)) : NULL;
}

char *anycert__strndup(const char *s, size_t len)
{
    if (s == NULL || len == SIZE_MAX)
        return NULL;
    size_t n = strnlen(s, len);
    char *copy = anycert__malloc(n + 1);
    if (copy) {
        memcpy(copy, s, n);
        copy[n] = '\0';
    }
    return copy;
}

void *anycert__memdup(const void *p, size_t len)
{
    if (p == NULL)
        return NULL;
    void *copy = anycert__malloc(len);
    if (copy && len > 0)
        memcpy(copy, p, len);
    return copy;
}

void anycert__wipe(void *p, size_t len)
{
    if (p && len > 0)
        explicit_bzero(p, len);
}

void anycert__free_secret(char *s)
{
    if (s) {
        anycert__wipe(s, strlen(s));
        anycert__free(s);
    }
}

void anycert__mem_fail_from(unsigned long nth)
{
    atomic_store(&fail_from, nth);
    atomic_store(&requests, 0);
    atomic_store(&counting, true);
}

unsigned long anycert__mem_requests(void)
{
    return atomic_load(&requests);
}

void anycert__mem_watch(void (*look)(const void *p))
{
    atomic_store(&watcher, look);
}
