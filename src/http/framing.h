/* http/framing.h — how a response says where its body ends (RFC 9112 section 6). Whatever libcurl
 * and we, or somebody in between, could read in two ways is refused: a body that was cut off must
 * not pass for a whole one. */
#ifndef ANYCERT_HTTP_FRAMING_H
#define ANYCERT_HTTP_FRAMING_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "http/fields.h"

/* A received header line: -1 with HTTP_PROTOCOL if it continues a field about the body's end or
 * coding (obs-fold), or has space between the name and the colon of one. fields are those before
 * it. host is for messages. */
int anycert__framing_check_line(const struct anycert__fields *fields, const char *line, size_t len,
                                const char *host, struct anycert_error *err);
/* A whole header: -1 with HTTP_PROTOCOL if lengths disagree or are no numbers, if there is another
 * transfer coding than chunked, or if the protocol is switched without our asking. */
int anycert__framing_check(const struct anycert__fields *fields, int status, const char *host,
                           struct anycert_error *err);
/* True if only the end of the connection says where the body ends. version is "1.0", "1.1" or "2".
 */
bool anycert__framing_is_by_close(const struct anycert__fields *fields, const char *method,
                                  int status, const char *version);

#endif
