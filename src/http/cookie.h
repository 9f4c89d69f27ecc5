/* http/cookie.h — one cookie, as a server or a caller writes it (RFC 6265 section 5), and as a line
 * of the Netscape format, which libcurl's engine takes. */
#ifndef ANYCERT_HTTP_COOKIE_H
#define ANYCERT_HTTP_COOKIE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/error.h"
#include "http/url.h"

/* Appends the Netscape line (without its end) of what stands in a Set-Cookie field that came from
 * url. now: seconds since 1970, for Max-Age. -1 with USAGE: no name, control characters, too long,
 * a domain that is not the host's or that is a public suffix, Secure from http, or a prefix
 * (__Secure-, __Host-) whose promise is not kept. No value is in the message. */
int anycert__cookie_line(const char *set_cookie, const struct anycert__url *url, int64_t now,
                         struct anycert__buf *out, struct anycert_error *err);

/* A line of a file in Netscape format, len bytes without the line end: 1 if it is a cookie, 0 if it
 * is a comment or empty, -1 with USAGE if it is neither or nobody may set it. */
int anycert__cookie_check(const char *line, size_t len, struct anycert_error *err);
/* True if such a line's cookie is for the host of url, or for all below a domain that it is in. */
bool anycert__cookie_is_for(const char *line, const struct anycert__url *url);
/* True if such a line's cookie is sent to url (RFC 6265 section 5.4): its host, its path, and https
 * if it asks for that. path_len: how long its path is. */
bool anycert__cookie_goes_to(const char *line, const struct anycert__url *url, size_t *path_len);
/* The name and the value of such a line's cookie, as they stand in it. */
void anycert__cookie_pair(const char *line, const char **name, size_t *name_len, const char **value,
                          size_t *value_len);
/* True if such a line's cookie has expired. */
bool anycert__cookie_expired(const char *line, int64_t now);

#endif
