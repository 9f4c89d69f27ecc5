/* doctor/words.h — options of the command line that lead to a server on the way that an examination
 * took: commands that are to be pasted repeat them. */
#ifndef ANYCERT_DOCTOR_WORDS_H
#define ANYCERT_DOCTOR_WORDS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"

#define ANYCERT__WORDS_MAX 512

struct anycert__word {
    const char *option; /* "cacert"; static */
    char *value;
};

struct anycert__words {
    struct anycert__word *items;
    size_t count;
};

/* Appends one. 0, or -1 with USAGE (an option that is none of these, a value that cannot be shown,
 * or too many) or NOMEM. */
int anycert__words_add(struct anycert__words *words, const char *option, const char *value,
                       struct anycert_error *err);
/* Forgets what the option was given. */
void anycert__words_drop(struct anycert__words *words, const char *option);
/* Puts one in the place of what the option was given, or appends it. What was given is gone if it
 * fails, too. */
int anycert__words_set(struct anycert__words *words, const char *option, const char *value,
                       struct anycert_error *err);
int anycert__words_join(struct anycert__words *words, const struct anycert__words *more,
                        struct anycert_error *err);
void anycert__words_clear(struct anycert__words *words);

/* The nth value of an option, or NULL. */
const char *anycert__words_find(const struct anycert__words *words, const char *option, size_t n);

/* Appends " --option value" for a shell, of all but those in whose place the command itself has
 * something: command is its text. words may be NULL. */
void anycert__words_write(struct anycert__buf *buf, const struct anycert__words *words,
                          const char *command);

/* What a doctor was set up with, as options. 0, or -1 with NOMEM. */
struct anycert_doctor;
int anycert__words_of_doctor(struct anycert__words *words, const struct anycert_doctor *doctor,
                             struct anycert_error *err);

#endif
