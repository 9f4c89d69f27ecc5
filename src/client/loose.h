/* client/loose.h — JSON as others write it, brought into the form that RFC 8259 asks for. */
#ifndef ANYCERT_CLIENT_LOOSE_H
#define ANYCERT_CLIENT_LOOSE_H

#include <stdbool.h>
#include <stddef.h>

/* Replaces escapes of lone surrogates by that of U+FFFD, in place. True if NaN, Infinity and
 * -Infinity stand where numbers may, and are the only words beside those of JSON. */
bool anycert__json_loosen(char *text, size_t len);

#endif
