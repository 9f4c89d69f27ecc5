/* http/plain.h — URLs about which no two readers can differ, which most are. */
#ifndef ANYCERT_HTTP_PLAIN_H
#define ANYCERT_HTTP_PLAIN_H

#include "http/url.h"

/* Fills out if the text is such a URL, with what anycert__url_parse() would find, in a small part
 * of its time: the host a lower-case name that is neither an address nor internationalised,
 * nobody's user or password, and nothing that is encoded or has to be. 1, 0 if it is not (or is
 * none at all) and has to be read with care, or -1 with NOMEM. */
int anycert__url_read_plain(const char *text, struct anycert__url *out, struct anycert_error *err);

#endif
