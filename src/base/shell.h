/* base/shell.h — values in command lines for a POSIX shell: every byte arrives as it is, and
 * nothing that is printed controls a terminal. */
#ifndef ANYCERT_BASE_SHELL_H
#define ANYCERT_BASE_SHELL_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"

/* Whether a terminal shows the bytes as what they are: UTF-8 without control characters but tabs
 * and line ends, and nothing invisible that turns the direction of text. */
bool anycert__shell_is_showable(const char *bytes, size_t len);

/* Appends the bytes, none of them NUL, as one word or the continuation of one: in single quotes
 * where they are showable, else as the output of printf. Failures are in the buffer's `failed`. */
void anycert__shell_add(struct anycert__buf *buf, const char *bytes, size_t len);
/* The same for a string; without quotes where none are needed. */
void anycert__shell_add_word(struct anycert__buf *buf, const char *text);
/* Appends a command of printf that writes the bytes. */
void anycert__shell_add_printf(struct anycert__buf *buf, const char *bytes, size_t len);

#endif
