/* http/cookie.h — one cookie, as a server or a caller writes it (RFC 6265 section 5), and as a line
 * of the Netscape format, in which it is kept and saved. */
#ifndef ANYCERT_HTTP_COOKIE_H
#define ANYCERT_HTTP_COOKIE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/error.h"
#include "http/url.h"

/* The parts of a cookie; pointers into its line. */
struct anycert__cookie {
    const char *domain, *path, *name, *value;
    size_t domain_len, path_len, name_len, value_len;
    bool all; /* hosts below the domain get it, too */
    bool secure, http_only;
    int64_t expires; /* seconds since 1970; 0: with the session */
};

/* Where an answer came from, or a request goes to, as cookies see it. */
struct anycert__cookie_place {
    char host[256]; /* lower case, without brackets, zone, and trailing dot */
    size_t host_len;
    bool is_ip;
    bool is_secure;   /* what goes there is protected: https, or it stays on this machine */
    const char *path; /* of the URL, which has to live as long */
    size_t path_len;
};

/* 0, or -1 with URL. */
int anycert__cookie_place(const struct anycert__url *url, struct anycert__cookie_place *out,
                          struct anycert_error *err);
/* Appends the Netscape line (without its end) of what stands in a Set-Cookie field that came from
 * place. now: seconds since 1970, for Max-Age. -1 with USAGE: no name, control characters, too
 * long, a domain that is not the host's or that is a public suffix, Secure from http, or a prefix
 * (__Secure-, __Host-) whose promise is not kept. No value is in the message. */
int anycert__cookie_line(const char *set_cookie, const struct anycert__cookie_place *place,
                         int64_t now, struct anycert__buf *out, struct anycert_error *err);

/* A line of a file in Netscape format, len bytes without the line end: 1 if it is a cookie, 0 if it
 * is a comment or empty, -1 with USAGE if it is neither or nobody may set it. */
int anycert__cookie_check(const char *line, size_t len, struct anycert_error *err);
/* Appends the line of such a cookie as anycert__cookie_line would write it. 1, 0 if its name begins
 * with a prefix whose promise it does not keep, or -1 with NOMEM. */
int anycert__cookie_tidy(const char *line, size_t len, struct anycert__buf *out,
                         struct anycert_error *err);
/* The parts of such a cookie. */
void anycert__cookie_read(const char *line, size_t len, struct anycert__cookie *out);

/* Of cookies from lines of anycert__cookie_line or anycert__cookie_tidy. */

/* True if it is for the host of place, or for all below a domain that it is in. */
bool anycert__cookie_is_for(const struct anycert__cookie *cookie,
                            const struct anycert__cookie_place *place);
/* True if it is sent there (RFC 6265 section 5.4): its host, its path, and protected if it asks for
 * that. */
bool anycert__cookie_goes_to(const struct anycert__cookie *cookie,
                             const struct anycert__cookie_place *place);
bool anycert__cookie_expired(const struct anycert__cookie *cookie, int64_t now);
/* True if both are of one domain, with the hosts below it or without. */
bool anycert__cookie_same_domain(const struct anycert__cookie *cookie,
                                 const struct anycert__cookie *other);
/* True if it takes the place of the other: same name, domain and path. */
bool anycert__cookie_replaces(const struct anycert__cookie *cookie,
                              const struct anycert__cookie *other);
/* True if a server could take it for the other, which it may not come before if that is Secure and
 * it is from http (RFC 6265bis section 5.7): same name, and hosts and paths that overlap. */
bool anycert__cookie_covers(const struct anycert__cookie *cookie,
                            const struct anycert__cookie *other);

#endif
