/* base/partial.h — a file that becomes whole over several tries: FILE.part beside the final name,
 * with a note FILE.part.json that says what it is a part of. The final name appears only when the
 * file is whole. */
#ifndef ANYCERT_BASE_PARTIAL_H
#define ANYCERT_BASE_PARTIAL_H

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

struct anycert__partial;

/* Opens FILE.part, made if it is not there, for this process alone as long as it is open. -1 with
 * FILE: what may not be written, is no regular file, belongs to somebody else, has bytes but no
 * note, or is being written by another process. */
int anycert__partial_open(const char *path, struct anycert__partial **out,
                          struct anycert_error *err);

/* What is there already. */
uint64_t anycert__partial_size(const struct anycert__partial *partial);
/* The note's text, at most 64 KiB, from anycert__malloc; NULL if there is none that can be trusted.
 */
char *anycert__partial_note(const struct anycert__partial *partial);
/* Replaces the note. 0, or -1 with FILE. */
int anycert__partial_set_note(struct anycert__partial *partial, const char *text,
                              struct anycert_error *err);

void anycert__partial_drop_note(struct anycert__partial *partial);

/* Cuts the file to size bytes, behind which the next ones are written. */
int anycert__partial_cut(struct anycert__partial *partial, uint64_t size,
                         struct anycert_error *err);
int anycert__partial_write(struct anycert__partial *partial, const void *bytes, size_t len,
                           struct anycert_error *err);
/* Makes what was written last (fsync). */
int anycert__partial_flush(struct anycert__partial *partial, struct anycert_error *err);
/* It is whole: flushes, gives it the final name and removes the note. */
int anycert__partial_commit(struct anycert__partial *partial, struct anycert_error *err);
/* Removes file and note. */
void anycert__partial_discard(struct anycert__partial *partial);
/* Closes; what is there stays. NULL is a no-op. */
void anycert__partial_free(struct anycert__partial *partial);

#endif
