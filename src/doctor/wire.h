/* doctor/wire.h — a TCP connection with a time limit that can be given up from another thread. */
#ifndef ANYCERT_DOCTOR_WIRE_H
#define ANYCERT_DOCTOR_WIRE_H

#include <netdb.h>
#include <stddef.h>
#include <stdint.h>

#include "base/stop.h"

/* Until when something is waited for (base/clock.h, monotonic), and by what it is given up. */
struct anycert__patience {
    int64_t until_us;
    const struct anycert__stop *stop; /* NULL: by nothing */
};

enum anycert__wire {
    ANYCERT__WIRE_OK,
    ANYCERT__WIRE_SILENT, /* the time is over */
    ANYCERT__WIRE_CLOSED, /* the peer sends no more */
    ANYCERT__WIRE_RESET,
    ANYCERT__WIRE_CANCELLED,
    ANYCERT__WIRE_BROKEN /* anything else: errno */
};

/* Connects without blocking; *fd is to be closed, and -1 on failure. errno is kept in *error. */
enum anycert__wire anycert__wire_connect(const struct addrinfo *address,
                                         const struct anycert__patience *patience, int *fd,
                                         int *error);
/* Sends all of it. */
enum anycert__wire anycert__wire_send(int fd, const void *bytes, size_t len,
                                      const struct anycert__patience *patience);
/* What there is, at least a byte: *len says how much. */
enum anycert__wire anycert__wire_receive(int fd, void *out, size_t size, size_t *len,
                                         const struct anycert__patience *patience);

#endif
