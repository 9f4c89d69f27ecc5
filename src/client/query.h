/* client/query.h — percent-encoding (RFC 3986 section 2.1), of forms and of what people type. */
#ifndef ANYCERT_CLIENT_QUERY_H
#define ANYCERT_CLIENT_QUERY_H

#include <stddef.h>

#include <anycert/client.h>

#include "base/buf.h"

/* Writes text as a name or value of application/x-www-form-urlencoded: letters, digits and "-._~"
 * stay, a space becomes '+' or %20, any other byte %XX. out NULL: only counts. The bytes it takes,
 * at most three times those of text; no NUL is written. */
size_t anycert__form_encode(const char *text, enum anycert_query_encoding encoding, char *out);

/* What a piece of a URL may have in it as it is. */
enum anycert__component { ANYCERT__COMPONENT_PATH, ANYCERT__COMPONENT_QUERY };

/* Appends a path or a query that is partly encoded, or not at all, so that it can be sent: what may
 * not stand there becomes %XX, escapes of unreserved characters are undone and others have capital
 * letters (RFC 3986 section 6.2.2). If any '%' begins no escape, none does: each becomes %25. */
void anycert__requote(struct anycert__buf *out, const char *text, size_t len,
                      enum anycert__component component);

/* The URL's text with query (if it is not NULL, re-quoted) and the parameters behind its own query,
 * from anycert__malloc. NULL with URL if that is too long, or NOMEM. */
struct anycert__fields;
char *anycert__url_with_query(const char *url, const char *query,
                              const struct anycert__fields *params,
                              enum anycert_query_encoding encoding, struct anycert_error *err);

#endif
