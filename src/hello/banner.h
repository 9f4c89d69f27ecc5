/* hello/banner.h — what speaks there, when it is not TLS: by its first bytes. Pure. */
#ifndef ANYCERT_HELLO_BANNER_H
#define ANYCERT_HELLO_BANNER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum anycert__banner {
    ANYCERT__BANNER_NONE = 0,
#define ANYCERT__BANNER(name, id, text) ANYCERT__BANNER_##name,
#include "hello/banners.def"
};

/* More is not looked at. */
#define ANYCERT__BANNER_MAX 256

/* By the first bytes; NONE only for none of them. */
enum anycert__banner anycert__banner_of(const uint8_t *bytes, size_t len);
/* Whether more bytes could tell more: the first line of a text, or the packet of a known protocol,
 * is not complete. */
bool anycert__banner_incomplete(const uint8_t *bytes, size_t len);

/* How many of the first bytes may be shown to anybody: of an answer of HTTP the first line alone,
 * as fields such as Set-Cookie and Location may hold secrets. */
size_t anycert__banner_shown(const uint8_t *bytes, size_t len);

/* Stable id ("ssh") and words for a sentence ("SSH"); "" for NONE. */
const char *anycert__banner_id(enum anycert__banner banner);
const char *anycert__banner_text(enum anycert__banner banner);

#endif
