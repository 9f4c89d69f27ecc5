/* tls/answer_chain.h — what OpenSSL makes of the certificates and names in a raw answer. */
#ifndef ANYCERT_TLS_ANSWER_CHAIN_H
#define ANYCERT_TLS_ANSWER_CHAIN_H

#include "hello/answer.h"
#include "tls/tls.h"

/* Verifies the certificates that came in an answer of TLS 1.2 or older, as those of a handshake
 * are, and fills in the certificate side of facts. The target is there already: host, port,
 * identity, time, and the source of the anchors. facts->complete stays false: nobody has proved to
 * own the key.
 *
 * 0 once it ran, whatever it found; -1 with TRUST if there is no certificate, or the server's own
 * cannot be read, NOMEM, or INTERNAL. One behind it that cannot be read is left out. */
int anycert__answer_verify(const struct anycert__answer *answer,
                           const struct anycert__intermediates *helpers,
                           struct anycert__anchors *anchors, struct anycert__facts *facts,
                           struct anycert_error *err);

/* A distinguished name (DER), as in a list of acceptable CAs, in one line as reports have it; raw
 * bytes of the peer's, to be escaped when shown. Free with anycert__free. NULL without memory. */
char *anycert__answer_name(const struct anycert__answer *answer, struct anycert__span name);

#endif
