/* base/utf8.h — one character at a time, for what has to be looked at before it is shown. */
#ifndef ANYCERT_BASE_UTF8_H
#define ANYCERT_BASE_UTF8_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Length (1 to 4) of the character that starts at s, of which len bytes may be read, and its code
 * point; 0 if the bytes are not valid UTF-8 (RFC 3629: shortest form only, no surrogates, at most
 * U+10FFFF). */
size_t anycert__utf8_decode(const char *s, size_t len, uint32_t *code_point);

/* Writes the character (which must be a valid code point) and returns its length. */
size_t anycert__utf8_encode(uint32_t code_point, char out[4]);

/* True for what must not reach a terminal or a log as it is: C0 and C1 control characters, line and
 * paragraph separators, and the marks that turn the direction of writing. */
bool anycert__is_unshowable(uint32_t code_point);

#endif
