/* http/url.h — URLs, taken apart by libcurl's parser and held to stricter rules than its own. */
#ifndef ANYCERT_HTTP_URL_H
#define ANYCERT_HTTP_URL_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"

/* An http or https URL. text is what libcurl gets: normalised (RFC 3986 section 6.2.2), host in its
 * A-label form (RFC 5891), without userinfo and fragment. */
struct anycert__url {
    char *text;
    char *host; /* as libcurl connects to it: lower case, IPv6 in brackets with its zone, a trailing
                   dot kept */
    char *origin; /* "https://host:port", the port always written (RFC 6454 section 4) */
    char *user;   /* percent-decoded, or NULL */
    char *password;
    uint16_t port;
    bool https;
};

/* Parses an absolute URL. Refused with URL and one sentence: other schemes, control characters,
 * backslashes, percent signs or look-alike characters in the host, addresses in octal, hexadecimal
 * or short form, more than one '@', ports that are none; whatever our own reading and libcurl's do
 * not agree on. The message shows the URL without its userinfo. */
int anycert__url_parse(const char *text, struct anycert__url *out, struct anycert_error *err);

/* A name of any alphabet as a URL with it has it (xn--...), from anycert__malloc. NULL with USAGE
 * or NOMEM. */
char *anycert__host_to_ascii(const char *host, struct anycert_error *err);

/* Resolves a reference (Location, RFC 9110 section 10.2.2) against base; userinfo in it is dropped.
 */
int anycert__url_resolve(const struct anycert__url *base, const char *reference,
                         struct anycert__url *out, struct anycert_error *err);

bool anycert__url_same_origin(const struct anycert__url *a, const struct anycert__url *b);

/* Wipes the password. The structure may be all zero. */
void anycert__url_clear(struct anycert__url *url);

#endif
