/* base/str.h — strings, numbers, dates and escaping. ASCII rules only, never the locale's. */
#ifndef ANYCERT_BASE_STR_H
#define ANYCERT_BASE_STR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct anycert__buf;

bool anycert__str_equal(const char *a, const char *b);        /* NULL equals only NULL */
bool anycert__str_equal_nocase(const char *a, const char *b); /* ASCII case folded */
bool anycert__str_starts(const char *s, const char *prefix);
bool anycert__str_starts_nocase(const char *s, const char *prefix);
bool anycert__str_ends_nocase(const char *s, const char *suffix);
void anycert__str_lower(char *s); /* ASCII, in place */
bool anycert__is_ascii(const char *s, size_t len);
/* True if the len bytes at a and b are equal but for ASCII case. strcasecmp() would ask the locale,
 * and in Turkish "TITLE" and "title" differ. */
bool anycert__equal_nocase(const char *a, const char *b, size_t len);
/* True if the len bytes at s are word but for ASCII case. */
bool anycert__is_word_nocase(const char *s, size_t len, const char *word);

/* True if s has a byte below 0x20 or 0x7f; len counts, so NUL is found too. */
bool anycert__has_control(const char *s, size_t len);
/* True if the bytes are valid UTF-8 (RFC 3629: no surrogates, no overlong forms). */
bool anycert__is_utf8(const char *s, size_t len);

/* What stands around a host before ":PORT" and in URLs (RFC 3986 section 3.2.2): "[" and "]" of an
 * IPv6 address, "" of a name, of an IPv4 address and of NULL. Not for what may have brackets. */
const char *anycert__open_bracket(const char *host);
const char *anycert__close_bracket(const char *host);

/* Decimal digits only, nothing else, no sign; false on overflow beyond max. */
bool anycert__parse_uint(const char *s, uint64_t max, uint64_t *out);

/* Seconds with or without a fraction ("10", "2.5", ".5") → milliseconds, a part of one rounded up;
 * false for anything else and beyond max milliseconds. */
bool anycert__parse_seconds(const char *s, uint64_t max, uint64_t *out);

/* "YYYY-MM-DD" in the proleptic Gregorian calendar → seconds since 1970 at 00:00:00 UTC. */
bool anycert__parse_date(const char *s, int64_t *out);
#define ANYCERT__DATE_SIZE 16
#define ANYCERT__TIME_SIZE 32
/* The len bytes "2026-01-31T12:00:00Z" → seconds since 1970; nothing but exactly this form. */
bool anycert__parse_time(const char *s, size_t len, int64_t *out);
/* "2026-01-31" and "2026-01-31T12:00:00Z"; years outside 0000 to 9999 print as the nearest end. */
void anycert__format_date(int64_t seconds, char out[ANYCERT__DATE_SIZE]);
void anycert__format_time(int64_t seconds, char out[ANYCERT__TIME_SIZE]);

/* Appends text from a stranger so that it can be shown: control bytes, backslash and what is not
 * UTF-8 become \xNN (a backslash becomes \\); valid UTF-8 stays, except for invisible direction
 * overrides. */
int anycert__buf_add_escaped(struct anycert__buf *buf, const char *bytes, size_t len);

/* The entry of names[] (count entries) closest to word, if close enough to be a typing error; else
 * NULL. */
const char *anycert__closest(const char *word, const char *const *names, size_t count);

#endif
