/* client/target.h — path and query of a URL, in pieces (RFC 3986 sections 3.3 and 3.4). */
#ifndef ANYCERT_CLIENT_TARGET_H
#define ANYCERT_CLIENT_TARGET_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"

struct anycert__target {
    const char *path; /* from its '/' on; may be empty */
    size_t path_len;
    const char *query; /* behind its '?'; NULL for none */
    size_t query_len;
};
/* Where they are in the text of a struct anycert__url. */
void anycert__target_of(const char *url, struct anycert__target *out);

/* One parameter of a query; value is NULL where there is no '='. */
struct anycert__param {
    const char *name, *value;
    size_t name_len, value_len;
};
/* Takes the next one off the front of *query; false if none is left. Empty ones are passed over. */
bool anycert__param_next(const char **query, size_t *len, struct anycert__param *out);

/* Appends bytes, percent-encoded but for the unreserved characters (RFC 3986 section 2.3) and those
 * of keep. */
void anycert__add_percent(struct anycert__buf *buf, const char *bytes, size_t len,
                          const char *keep);
/* The same for a text that is percent-encoded in whatever manner; a '+' in a query is a space. */
void anycert__add_recoded(struct anycert__buf *buf, const char *text, size_t len, const char *keep,
                          bool in_query);

/* The URL without the parameters of that name, and with one of that value behind the others. NULL
 * with NOMEM, or URL if it grows too long. */
char *anycert__target_with_param(const char *url, const char *name, const char *value,
                                 struct anycert_error *err);
/* The URL without the parameters of that name and value, or NULL with err empty if there are none.
 * NULL with NOMEM. */
char *anycert__target_without(const char *url, const char *name, const char *value,
                              struct anycert_error *err);

#endif
