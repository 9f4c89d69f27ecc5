/* canned.h — a server on loopback that gives prepared answers, byte for byte, and keeps what it was
 * sent. Everything here fails the test (cmocka) instead of returning errors. Plain, or TLS with a
 * self-signed certificate for localhost. */
#ifndef ANYCERT_TESTS_SUPPORT_CANNED_H
#define ANYCERT_TESTS_SUPPORT_CANNED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum canned_end {
    CANNED_KEEP,    /* the connection stays open for the next request */
    CANNED_CLOSE,   /* TLS: with close_notify */
    CANNED_UNCLEAN, /* TLS: without; plain: as CLOSE */
    CANNED_RESET,
    CANNED_HOLD, /* nothing more comes until the client goes */
};

struct canned;
struct canned *canned_start(bool tls);
void canned_stop(struct canned *canned);
uint16_t canned_port(const struct canned *canned);
/* "http://localhost:PORT" or https; lives as long as the server. */
const char *canned_origin(const struct canned *canned);

/* What each connection is sent before anything is read from it: set before the first one; a string
 * literal. */
void canned_greet(struct canned *canned, const char *greeting);
/* The answer to the next request that has none yet; copied. The last one answers all that follow.
 */
void canned_answer(struct canned *canned, const void *bytes, size_t len, enum canned_end end);
void canned_text(struct canned *canned, enum canned_end end, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* From now on a request is answered once its head is there, whatever becomes of its body, and
 * without a 100 before. Answers should not keep the connection then. */
void canned_answer_early(struct canned *canned);

/* Connections taken and requests read so far. */
unsigned canned_connections(struct canned *canned);
unsigned canned_requests(struct canned *canned);
/* The nth request from 0, head and body; free it. NULL if there was none. len may be NULL. */
char *canned_request(struct canned *canned, unsigned nth, size_t *len);

#endif
