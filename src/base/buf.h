/* base/buf.h — a growing byte buffer that is given its maximum at birth. */
#ifndef ANYCERT_BASE_BUF_H
#define ANYCERT_BASE_BUF_H

#include <stdbool.h>
#include <stdarg.h>
#include <stddef.h>

#include "base/error.h"

/* data is NUL-terminated behind len once anything was appended, and NULL before. After a failed
 * append `failed` stays set, nothing more is taken, and callers may check once at the end. */
struct anycert__buf {
    char *data;
    size_t len;
    size_t capacity;
    size_t max;
    bool failed;
    bool too_large; /* failed because of max, not for want of memory */
    bool secret;    /* no copy of its bytes stays behind when it grows or is freed */
};

/* An empty buffer that will hold at most max bytes. Nothing is allocated. */
void anycert__buf_init(struct anycert__buf *buf, size_t max);
/* The same for a secret. What anycert__buf_take hands over is the taker's to wipe. */
void anycert__buf_init_secret(struct anycert__buf *buf, size_t max);
void anycert__buf_free(struct anycert__buf *buf);
/* Empties the buffer, keeps its memory. Clears `failed`. */
void anycert__buf_reset(struct anycert__buf *buf);

/* 0, or -1 with `failed` set. */
int anycert__buf_add(struct anycert__buf *buf, const void *bytes, size_t len);
int anycert__buf_adds(struct anycert__buf *buf, const char *text);
int anycert__buf_addf(struct anycert__buf *buf, const char *format, ...) ANYCERT__PRINTF(2, 3);

/* Hands the memory to the caller (freed with anycert__free) and empties the buffer; "" for an empty
 * one. NULL with err filled if the buffer failed or memory is short. what names the thing in the
 * message. */
char *anycert__buf_take(struct anycert__buf *buf, const char *what, struct anycert_error *err);

#endif
