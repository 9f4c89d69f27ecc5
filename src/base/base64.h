/* base/base64.h — the base64 of RFC 4648 section 4, for digests. */
#ifndef ANYCERT_BASE_BASE64_H
#define ANYCERT_BASE_BASE64_H

#include <stdbool.h>
#include <stdint.h>

/* What a character stands for, or -1. */
int anycert__base64_value(char c);

#define ANYCERT__BASE64_32 44 /* characters for 32 bytes, the last one '=' */
/* Writes 32 bytes, and a NUL. */
void anycert__base64_write_32(const uint8_t bytes[32], char out[ANYCERT__BASE64_32 + 1]);
/* Reads 44 characters. False unless they are what an encoder writes: no digest has two spellings.
 */
bool anycert__base64_read_32(const char *text, uint8_t bytes[32]);

#endif
