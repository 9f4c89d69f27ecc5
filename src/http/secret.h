/* http/secret.h — what of a request and its answer is not shown in traces, logs and archives. */
#ifndef ANYCERT_HTTP_SECRET_H
#define ANYCERT_HTTP_SECRET_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "http/exchange.h"

/* In the place of a secret. */
#define ANYCERT__HIDDEN "(hidden)"

/* True if the value of a header field of this name is a secret, whatever has been declared: the
 * standards' own, and the names that are widely used for such. */
bool anycert__is_secret_name(const char *name, size_t len);
/* The same, and the names of the settings: it goes to the request's own origin alone, and is not
 * shown. */
bool anycert__is_secret_field(const struct anycert__http_settings *settings, const char *name,
                              size_t len);
/* True if the value of a query parameter of this name (as in the URL, percent-encoded or not) is a
 * secret: the names that are widely used for such, and those of the settings. */
bool anycert__is_secret_param(const struct anycert__http_settings *settings, const char *name,
                              size_t len);
/* True if the query of a URL has a parameter that the settings declare a secret. */
bool anycert__url_has_declared_secret(const struct anycert__http_settings *settings,
                                      const char *url);
/* The value of the first secret parameter in a URL's query from *at on (at first, the URL), as it
 * stands there; *at is then behind it. NULL: there is none. */
const char *anycert__next_secret_value(const struct anycert__http_settings *settings,
                                       const char **at, size_t *len);
/* What a server reads of such a value, without an end; its length, or 0 if there is no room. */
size_t anycert__param_decode(const char *text, size_t len, char *out, size_t size);
/* Appends a URL or a reference (Location): user and password, and the values of secret parameters
 * in query and fragment, are hidden. Bytes are not escaped. */
void anycert__buf_add_url(struct anycert__buf *buf, const struct anycert__http_settings *settings,
                          const char *url, size_t len);
/* Appends a line of a header that is no secret field: a request line, or a field whose value is a
 * URL, with that as above; any other as it is. */
void anycert__buf_add_header_line(struct anycert__buf *buf,
                                  const struct anycert__http_settings *settings, const char *line,
                                  size_t len);
/* Hides the secrets of an exchange (NULL: none) in one line of what is sent, received or said about
 * it: the fields and the query that they are sent in, and their texts, wherever a server repeats
 * them. The line is changed in place, in a buffer of that size; its new length. */
size_t anycert__hide_credentials(const struct anycert__http_settings *settings,
                                 const struct anycert__exchange *exchange, char *line, size_t len,
                                 size_t size);
/* Hides their texts in a message, and in any other text. */
void anycert__hide_in_error(const struct anycert__http_settings *settings,
                            const struct anycert__exchange *exchange, struct anycert_error *err);
void anycert__hide_in_buf(const struct anycert__http_settings *settings,
                          const struct anycert__exchange *exchange, struct anycert__buf *buf);
/* A URL as above, as a string from anycert__malloc; NULL when out of memory. */
char *anycert__url_shown(const struct anycert__http_settings *settings, const char *url);

#endif
