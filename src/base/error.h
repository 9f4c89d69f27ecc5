/* base/error.h — filling in struct anycert_error. */
#ifndef ANYCERT_BASE_ERROR_H
#define ANYCERT_BASE_ERROR_H

#include <anycert/error.h>

#if defined(__GNUC__) || defined(__clang__)
#define ANYCERT__PRINTF(fmt, args) __attribute__((format(printf, fmt, args)))
#else
#define ANYCERT__PRINTF(fmt, args)
#endif

/* Writes code and sentence (cut at the buffer's end, control bytes escaped as \xNN) unless err is
 * NULL or already holds an error: the first error wins. Always returns -1, so that callers can
 * write `return anycert__fail(err, …)`. */
int anycert__fail(struct anycert_error *err, int code, const char *format, ...)
    ANYCERT__PRINTF(3, 4);

/* The same, and appends ": " and the text of os_errno, which is also kept in the structure. */
int anycert__fail_errno(struct anycert_error *err, int code, int os_errno, const char *format, ...)
    ANYCERT__PRINTF(4, 5);

/* Out of memory. Always returns -1. */
int anycert__fail_nomem(struct anycert_error *err);

/* Puts "context: " in front of the sentence that is there already. Always returns -1. */
int anycert__error_prefix(struct anycert_error *err, const char *format, ...) ANYCERT__PRINTF(2, 3);

/* Back to "nothing failed". err may be NULL. */
void anycert__error_clear(struct anycert_error *err);

#endif
