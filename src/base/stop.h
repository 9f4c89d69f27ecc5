/* base/stop.h — whether somebody wants an end of what is being waited for. */
#ifndef ANYCERT_BASE_STOP_H
#define ANYCERT_BASE_STOP_H

#include <stdatomic.h>
#include <stdbool.h>

/* Zeroed, nobody does. `said` may be set from any thread, and in a signal handler; `asked` is
 * called in the thread that waits. */
struct anycert__stop {
    atomic_bool said;
    int (*asked)(void *arg); /* NULL: nobody is asked; nonzero: an end is wanted */
    void *arg;
};

/* Whether an end is wanted. False for NULL. */
bool anycert__stop_wanted(const struct anycert__stop *stop);

#endif
