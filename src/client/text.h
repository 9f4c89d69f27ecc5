/* client/text.h — what Content-Type says of an answer's text. */
#ifndef ANYCERT_CLIENT_TEXT_H
#define ANYCERT_CLIENT_TEXT_H

#include <stdbool.h>
#include <stddef.h>

/* The value of the parameter charset, without blanks and quotes around it, and its length; NULL if
 * there is none. The last one counts. */
const char *anycert__charset_param(const char *content_type, size_t *len);

/* A type of RFC 6838 that is, or is built on, JSON. NULL is none. */
bool anycert__is_json_type(const char *content_type);

#endif
