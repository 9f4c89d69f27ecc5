/* http/wire.h — what went over the wire in one exchange, for archives of it: headers as they were
 * sent and received, when, and how much. Secrets are hidden before anything is kept. */
#ifndef ANYCERT_HTTP_WIRE_H
#define ANYCERT_HTTP_WIRE_H

#include <stdbool.h>
#include <stdint.h>

#include "http/fields.h"

#define ANYCERT__WIRE_ROUNDS_MAX 32

/* A request and its answer. An exchange has more than one where libcurl repeats it by itself: for a
 * challenge of authentication, or without an expectation that the server refused. Times are
 * microseconds from the exchange's beginning; 0: it did not happen. */
struct anycert__wire_round {
    char *method, *target; /* of the request line */
    char sent_version[12]; /* "HTTP/1.1" */
    struct anycert__fields sent;
    uint64_t sent_head_bytes, sent_body_bytes;
    int64_t first_sent_us, last_sent_us;

    int status; /* 0: no answer came */
    char *reason;
    char received_version[12];
    struct anycert__fields received;
    uint64_t received_head_bytes, received_body_bytes;
    int64_t first_received_us, last_received_us;
};

struct anycert__wire {
    int64_t began_ms; /* since 1970 UTC */
    struct anycert__wire_round *rounds;
    size_t round_count;
    bool incomplete; /* for want of memory, or of room for rounds */
    /* Microseconds of the connection that the exchange made; -1 for what was not needed. */
    int64_t resolve_us, connect_us, tls_us;
    char ip[64];         /* of whom we talked to: the server or the proxy; "" if to nobody */
    uint16_t local_port; /* tells connections apart; 0 for none */
};

#endif
