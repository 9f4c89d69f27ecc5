/* relay.h — the process between a loopback port and a packaged server. */
#ifndef ANYCERT_LAB_RELAY_H
#define ANYCERT_LAB_RELAY_H

#include "lab/internal.h"

struct lab__relay {
    struct lab_server *server;
    const char *program;
    char *const *arguments; /* of the program */
    char *port_text; /* the argument that is the port, of at least 8 bytes; the relay writes it */
    int status;      /* write end of the status pipe: one byte is written when the program runs */
    uint16_t port;   /* set by the relay, as is: */
    pid_t program_pid;
};

#define LAB__RELAY_ISOLATED 'i' /* in a network of its own */
#define LAB__RELAY_OPEN     'o' /* the program listens on every address of the machine */
#define LAB__RELAY_FAILED   'x'

/* Runs in the forked process and never returns. */
__attribute__((noreturn)) void lab__relay_run(struct lab__relay *relay);

#endif
