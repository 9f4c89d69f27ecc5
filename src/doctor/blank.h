/* doctor/blank.h — texts with blanks in them, {host} and the like, and what is written there. */
#ifndef ANYCERT_DOCTOR_BLANK_H
#define ANYCERT_DOCTOR_BLANK_H

#include <stdbool.h>

#include "base/buf.h"
#include "doctor/remedy.h"

enum anycert__blank_style {
    ANYCERT__BLANK_SENTENCE, /* anything, escaped and cut */
    ANYCERT__BLANK_SHELL,    /* plain values, as parts of a word for the shell */
    ANYCERT__BLANK_PLAIN     /* plain values as they are */
};

/* Appends the text with its blanks filled in. Braces around what is no key stay as they are.
 * Failures are in the buffer's `failed`. */
void anycert__blank_fill(struct anycert__buf *buf, const char *text,
                         enum anycert__blank_style style, const struct anycert__evidence *evidence,
                         size_t count);
/* Whether a value would stand in a command, and not the word in capitals. */
bool anycert__blank_is_filled(const char *key, const struct anycert__evidence *evidence,
                              size_t count);
/* True for what may follow the braces: the keys of remedy.h, and url, http-url, san, file and
 * resolve, which are made of them. */
bool anycert__blank_is_known(const char *key, size_t len);

#endif
