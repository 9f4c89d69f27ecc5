/* client/resume_note.h — what FILE.part is a part of, as JSON beside it. It comes from a file that
 * others may have written to, so nothing in it is believed that does not fit. */
#ifndef ANYCERT_CLIENT_RESUME_NOTE_H
#define ANYCERT_CLIENT_RESUME_NOTE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/partial.h"

struct anycert__resume_note {
    char *url;                  /* without secrets */
    char *etag, *last_modified; /* strong ones only; at most one of them */
    bool has_total;
    uint64_t total; /* bytes of the whole */
};

/* Reads the note of a part of url. How many bytes can be continued; 0: none, and the note is empty.
 */
uint64_t anycert__resume_note_read(const struct anycert__partial *partial, const char *url,
                                   struct anycert__resume_note *note);
/* A note without validators. 0, or -1 for want of memory, as below. */
int anycert__resume_note_start(struct anycert__resume_note *note, const char *url);
/* Replaces the validators; NULL for none. */
int anycert__resume_note_describe(struct anycert__resume_note *note, const char *etag,
                                  const char *last_modified);
bool anycert__resume_note_is_strong(const struct anycert__resume_note *note);
/* Writes it beside the part. settled: the part's size is written down, too, as it has reached the
 * disk; else the size counts only until the machine is started anew, after which the file's end may
 * be anything. 0, or -1 with FILE, NOMEM. */
int anycert__resume_note_write(const struct anycert__resume_note *note,
                               struct anycert__partial *partial, bool settled,
                               struct anycert_error *err);
void anycert__resume_note_clear(struct anycert__resume_note *note);

#endif
