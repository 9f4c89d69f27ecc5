/* http/poller.h — one epoll descriptor over the sockets of many owners. */
#ifndef ANYCERT_HTTP_POLLER_H
#define ANYCERT_HTTP_POLLER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

enum {
    ANYCERT__POLL_IN = 1,
    ANYCERT__POLL_OUT = 2,
    ANYCERT__POLL_ERROR = 4, /* told, never asked for */
};

struct anycert__poller_slot {
    void *owner;        /* NULL: nobody waits for it */
    uint8_t asked;      /* what the kernel tells */
    bool is_connection; /* it stays in the kernel's list while nobody waits for it */
};

struct anycert__poller {
    int fd;
    struct anycert__poller_slot *slots; /* by descriptor */
    size_t slot_count;
    bool was_interrupted; /* a signal has ended the last wait */
};

/* 0, or -1 with INTERNAL. */
int anycert__poller_open(struct anycert__poller *poller, struct anycert_error *err);
void anycert__poller_close(struct anycert__poller *poller);

/* The owner waits for a descriptor. 0, or -1 when out of memory, or of the kernel's. */
int anycert__poller_watch(struct anycert__poller *poller, int fd, unsigned what, void *owner);
/* Nobody waits for it any more. */
void anycert__poller_unwatch(struct anycert__poller *poller, int fd);
/* The descriptor is a connection that will be waited for many times. 0, or -1 when out of memory.
 */
int anycert__poller_connected(struct anycert__poller *poller, int fd);
/* The descriptor is about to be closed. */
void anycert__poller_closing(struct anycert__poller *poller, int fd);

struct anycert__poller_event {
    void *owner;
    int fd;
    unsigned what;
};
/* Waits up to so many milliseconds (-1: for ever). How many events there are; 0 after a signal,
 * too. */
size_t anycert__poller_wait(struct anycert__poller *poller, int timeout_ms,
                            struct anycert__poller_event *events, size_t max);

#endif
