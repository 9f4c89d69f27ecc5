/* tls/shake.h — one handshake as the client makes it, without a socket: bytes of the peer in, bytes
 * for it out. Whoever carries them sees all of them, decides how long to wait, and may put one
 * handshake inside of another (an https:// proxy). */
#ifndef ANYCERT_TLS_SHAKE_H
#define ANYCERT_TLS_SHAKE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "tls/tls.h"

struct anycert__shake;

enum anycert__shake_state {
    ANYCERT__SHAKE_GOING,  /* wants bytes of the peer */
    ANYCERT__SHAKE_DONE,   /* the handshake is complete */
    ANYCERT__SHAKE_FAILED, /* the link's facts say why */
};

/* Prepares a handshake under the terms (tls.h), which have to outlive it, with the context, the
 * hooks and the link of any other connection, and with the server name and the protocols (HTTP/2
 * beside HTTP/1.1 if offers_http2) that a request would offer. Nothing is sent yet. NULL with
 * INTERNAL, URL for a host that is none, or NOMEM. For one thread at a time. */
struct anycert__shake *anycert__shake_new(const struct anycert__hop_terms *terms, const char *host,
                                          uint16_t port, struct anycert__anchors *anchors,
                                          bool offers_http2, struct anycert_error *err);
void anycert__shake_free(struct anycert__shake *shake);

/* Takes bytes that came from the peer. 0, or -1 with NOMEM. */
int anycert__shake_feed(struct anycert__shake *shake, const void *bytes, size_t len,
                        struct anycert_error *err);
/* The peer will send no more. */
void anycert__shake_end(struct anycert__shake *shake);
/* Bytes for the peer; how many were written to out, 0 for none. */
size_t anycert__shake_take(struct anycert__shake *shake, void *out, size_t size);

/* Goes on as far as the bytes lead. */
enum anycert__shake_state anycert__shake_step(struct anycert__shake *shake);

/* Once it is done: sends data. 0, or -1 if the connection takes none. */
int anycert__shake_write(struct anycert__shake *shake, const void *bytes, size_t len);
/* Data of the peer: how many bytes, 0 if more has to be fed first, or -1 if there will be none (the
 * link knows whether an alert or close_notify was the end). Without room it looks only: messages
 * that are no data are dealt with, such as a late alert. */
int anycert__shake_read(struct anycert__shake *shake, void *out, size_t size);
/* Says goodbye: close_notify. */
void anycert__shake_close(struct anycert__shake *shake);

/* Borrowed. */
struct anycert__link *anycert__shake_link(const struct anycert__shake *shake);
/* What was seen on the way: whether the server asked for a client certificate, and whether it said
 * anything (a ticket) after the handshake. */
bool anycert__shake_asked_cert(const struct anycert__shake *shake);
/* What was chosen until a handshake failed, into its facts, which have it from complete ones only.
 */
void anycert__shake_note_choice(struct anycert__shake *shake);
bool anycert__shake_spoke_after(const struct anycert__shake *shake);
/* The nth name of the CAs whose client certificates the server would take, in one line; free with
 * anycert__free. NULL behind the last, and without memory. */
char *anycert__shake_ca_name(const struct anycert__shake *shake, size_t n);

#endif
