/* tls/hello_probe.h — asks a server one question with a raw ClientHello, and never goes on to a
 * handshake: nobody has a key for what was said, and the last that the server hears is an alert. */
#ifndef ANYCERT_TLS_HELLO_PROBE_H
#define ANYCERT_TLS_HELLO_PROBE_H

#include "base/clock.h"
#include "base/error.h"
#include "base/stop.h"
#include "hello/answer.h"
#include "hello/write.h"

struct anycert__probe {
    const struct anycert__hello *hello;
    enum anycert__until until;
    /* By the clock of `waiting`; its sleep is not used. A zeroed `waiting` is the system's
     * monotonic clock. */
    int64_t deadline_us;
    struct anycert__waiting waiting;
    const struct anycert__stop *stop; /* looked at ten times a second; NULL: nobody ends it */
    struct anycert__random random;    /* fill NULL: OpenSSL's */
};

/* How long the rest of a banner is waited for, once it is clear that the peer does not speak TLS.
 */
#define ANYCERT__BANNER_PATIENCE_US INT64_C(300000)

/* Sends the hello over a connected socket, reads until the answer has ended or the deadline is
 * there, says goodbye (see anycert__answer_goodbye()), and leaves
 * the socket to the caller, who closes it. The socket may be blocking or not, and is not changed.
 *
 * 0: answer says what came, whatever it was, and is the caller's to free. -1 if nothing could be
 * asked: INTERNAL for a hello that cannot be written, or NOMEM; answer need not be freed. */
int anycert__hello_probe(int fd, const struct anycert__probe *probe, struct anycert__answer *answer,
                         struct anycert_error *err);

/* OpenSSL's random bytes, for a hello that goes another way. 0, or -1. */
int anycert__hello_random(void *arg, void *out, size_t len);

/* The cipher suites that this OpenSSL can speak with a certificate and encryption, old and weak
 * ones too, as numbers into out; how many there are, at most max. What a server chooses beyond them
 * cannot be had by any policy. -1 with INTERNAL. */
int anycert__hello_own_suites(uint16_t *out, size_t max, struct anycert_error *err);

#endif
