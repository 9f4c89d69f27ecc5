/* base/mem.h — the one place where memory is allocated, so that tests can make the nth request
 * fail. */
#ifndef ANYCERT_BASE_MEM_H
#define ANYCERT_BASE_MEM_H

#include <stddef.h>

/* As malloc, calloc, realloc; size 0 is served as 1, so NULL always means out of memory. */
void *anycert__malloc(size_t size);
void *anycert__calloc(size_t count, size_t size);
void *anycert__realloc(void *old, size_t size);
void anycert__free(void *p);

/* Copies; NULL in gives NULL out, which callers must tell from out of memory. */
char *anycert__strdup(const char *s);
char *anycert__strndup(const char *s, size_t len);
void *anycert__memdup(const void *p, size_t len);

/* Overwrites memory that held a secret; not optimised away. p may be NULL when len is 0. */
void anycert__wipe(void *p, size_t len);

/* Wipes and frees a NUL-terminated secret; NULL is a no-op. */
void anycert__free_secret(char *s);

/* For tests: the nth request from now on (1 = the next) fails, and every later one too; 0 switches
 * that off. Counts all threads. */
void anycert__mem_fail_from(unsigned long nth);
/* For tests: requests since the last call of anycert__mem_fail_from. */
unsigned long anycert__mem_requests(void);
/* For tests: looks at each block before it is given back, in whichever thread. NULL: nobody does.
 */
void anycert__mem_watch(void (*look)(const void *p));

#endif
