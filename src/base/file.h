/* base/file.h — reading with a limit, and writing so that no partial file is ever taken for a whole
 * one. */
#ifndef ANYCERT_BASE_FILE_H
#define ANYCERT_BASE_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/error.h"

/* Reads a whole file into memory from anycert__malloc, NUL-terminated behind *len. Fails with
 * code when the file cannot be read or is larger than max; what ("CA file") and the path are named.
 */
int anycert__file_read(const char *path, size_t max, int code, const char *what, char **out,
                       size_t *len, struct anycert_error *err);

/* Who may change a file that decides about trust, by writing to it or by putting another one in its
 * place: root, and its owner. So it, and every folder and link on the way to it, has to belong to
 * one of these, and nobody else may write to it: no group but one's private one, and everybody only
 * where the sticky bit keeps them from what is not theirs. */
struct anycert__file_guard {
    uid_t owner;     /* beside root */
    bool any_owner;  /* or whoever the file belongs to: it was named by its user, who trusts him */
    bool no_link;    /* a symbolic link in its place is refused, as it is going to be replaced */
    bool own_folder; /* files are made beside it: nobody else may do so, in a sticky folder neither
                      */
};
/* As anycert__file_read for such a file, which has to be a regular one. What is open is looked at,
 * so that nobody exchanges it in between. */
int anycert__file_read_guarded(const char *path, const struct anycert__file_guard *guard,
                               size_t max, int code, const char *what, char **out, size_t *len,
                               struct anycert_error *err);
/* guard.c: looks at a file that is open, and at the way to it. */
int anycert__file_guard_open(int fd, const char *path, const struct anycert__file_guard *guard,
                             int code, const char *what, struct anycert_error *err);
/* guard.c: looks at the way alone, as far as there is one: before the file is made. */
int anycert__file_guard_way(const char *path, const struct anycert__file_guard *guard, int code,
                            const char *what, struct anycert_error *err);

/* What tells one state of a file from another; all zero for a file that does not exist. */
struct anycert__file_stamp {
    uint64_t device, inode, size;
    int64_t mtime_s, mtime_ns, ctime_s, ctime_ns;
    bool exists, is_directory;
};
void anycert__file_stamp(const char *path, struct anycert__file_stamp *out);
bool anycert__file_stamp_equal(const struct anycert__file_stamp *a,
                               const struct anycert__file_stamp *b);

/* A file being written beside its final name: made with the mode of the file it
 * replaces, else 0666 less the umask; commit flushes (fsync) and renames, abort removes it. A path
 * that exists and is not a regular file (a device, a pipe such as /dev/stdout) is written directly,
 * as there is nothing to rename. */
struct anycert__file_writer;
int anycert__file_writer_open(const char *path, struct anycert__file_writer **out,
                              struct anycert_error *err);
/* The same with mode 0600, whatever was there before: for secrets. */
int anycert__file_writer_open_secret(const char *path, struct anycert__file_writer **out,
                                     struct anycert_error *err);
int anycert__file_writer_write(struct anycert__file_writer *w, const void *bytes, size_t len,
                               struct anycert_error *err);
int anycert__file_writer_commit(struct anycert__file_writer *w, struct anycert_error *err);
/* Frees; removes the temporary file unless it was committed. NULL is a no-op. */
void anycert__file_writer_free(struct anycert__file_writer *w);

#endif
