/* base/base64.h — the base64 of RFC 4648 section 4, for digests and for bytes in JSON. */
#ifndef ANYCERT_BASE_BASE64_H
#define ANYCERT_BASE_BASE64_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"

/* What a character stands for, or -1. */
int anycert__base64_value(char c);

#define ANYCERT__BASE64_32 44 /* characters for 32 bytes, the last one '=' */
/* Writes 32 bytes, and a NUL. */
void anycert__base64_write_32(const uint8_t bytes[32], char out[ANYCERT__BASE64_32 + 1]);
/* Reads 44 characters. False unless they are what an encoder writes: no digest has two spellings.
 */
bool anycert__base64_read_32(const char *text, uint8_t bytes[32]);

/* Appends bytes of any number, in lines of so many characters (0: in one, without a line end). */
void anycert__base64_add(struct anycert__buf *buf, const void *bytes, size_t len, size_t line);
/* Appends the bytes of a text; line ends in it are passed over. False if it is none. */
bool anycert__base64_read(struct anycert__buf *buf, const char *text, size_t len);

#endif
