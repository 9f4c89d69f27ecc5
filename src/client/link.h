/* client/link.h — the Link header field (RFC 8288). */
#ifndef ANYCERT_CLIENT_LINK_H
#define ANYCERT_CLIENT_LINK_H

#include "http/fields.h"

/* The target of the first link with this relation type, as it is written (a URI reference), over
 * all Link fields; NULL if there is none. Links with an anchor of their own are about another
 * document and are passed over, and so is what does not look like a link. *failed becomes true for
 * want of memory. Free with anycert__free. */
char *anycert__link_find(const struct anycert__fields *fields, const char *relation, bool *failed);

#endif
