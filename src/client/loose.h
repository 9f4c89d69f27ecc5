/* client/loose.h — JSON as others write it, brought into the form that RFC 8259 asks for. */
#ifndef ANYCERT_CLIENT_LOOSE_H
#define ANYCERT_CLIENT_LOOSE_H

#include <stdbool.h>
#include <stddef.h>

/* The charset of a JSON text, which begins with two ASCII characters at least if it is more than a
 * digit: by its byte order mark (whose length is put into mark_len), else by where zeros stand (RFC
 * 4627 section 3), else UTF-8. As a static string for anycert__charset_decode. */
const char *anycert__json_charset(const char *bytes, size_t len, size_t *mark_len);

/* Replaces escapes of lone surrogates by that of U+FFFD, in place. True if NaN, Infinity and
 * -Infinity stand where numbers may, and are the only words beside those of JSON. */
bool anycert__json_loosen(char *text, size_t len);

#endif
