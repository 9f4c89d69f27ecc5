/* http/date.h — dates of header fields. */
#ifndef ANYCERT_HTTP_DATE_H
#define ANYCERT_HTTP_DATE_H

#include <stdbool.h>
#include <stdint.h>

/* An HTTP-date in any of its three forms (RFC 9110 section 5.6.7) as seconds since 1970 UTC. False
 * if it is none. Whatever the locale. */
bool anycert__http_date(const char *text, int64_t *out);

#endif
