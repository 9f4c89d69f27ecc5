/* base/charset.h — bytes in one of the usual charsets as UTF-8. */
#ifndef ANYCERT_BASE_CHARSET_H
#define ANYCERT_BASE_CHARSET_H

#include <stddef.h>

#include "base/buf.h"

#define ANYCERT__UTF_8        "UTF-8"
#define ANYCERT__ISO_8859_1   "ISO-8859-1"
#define ANYCERT__WINDOWS_1252 "CP1252"

/* The charset that a label of Content-Type names ("utf8", "Latin-1", "x-sjis"), as a static string
 * for anycert__charset_decode; NULL if it is not one of ours. A label comes from a stranger, so no
 * other than the listed ones ever reaches iconv(). */
const char *anycert__charset_find(const char *label, size_t len);

/* The charset of the byte order mark that bytes begin with, and its length; NULL and 0 without one.
 */
const char *anycert__charset_mark(const char *bytes, size_t len, size_t *mark_len);

/* The charset of a text that begins with two ASCII characters, as JSON and XML do: that of a byte
 * order mark, else by where zeros stand (RFC 4627 section 3), else UTF-8. */
const char *anycert__charset_by_ascii(const char *bytes, size_t len, size_t *mark_len);

/* The charset of bytes that nobody names: that of a byte order mark, else UTF-8 if they are valid,
 * else windows-1252. */
const char *anycert__charset_guess(const char *bytes, size_t len, size_t *mark_len);

/* Appends the bytes as UTF-8. What means nothing becomes U+FFFD: one for each maximal part that
 * could have begun a character (Unicode 3.9, U+FFFD substitution), one for a byte elsewhere. A
 * charset that this machine cannot convert is read as UTF-8. 0, or -1 if out failed. */
int anycert__charset_decode(struct anycert__buf *out, const char *charset, const char *bytes,
                            size_t len);

#endif
