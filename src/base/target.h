/* base/target.h — what stands under the name of a file that is to be written. */
#ifndef ANYCERT_BASE_TARGET_H
#define ANYCERT_BASE_TARGET_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "base/error.h"

#define ANYCERT__NO_MODE ((mode_t) - 1)

struct anycert__target {
    char *path;  /* what is replaced: the path, or where the symbolic link leads; NULL if direct */
    mode_t mode; /* of the file that is replaced; NO_MODE: there is none */
    bool direct; /* a device, a pipe, an open stream: written as it is, nothing is replaced */
};

/* 0, or -1 with FILE for a directory, a symbolic link to nothing, and what may not be written. */
int anycert__target_find(const char *path, struct anycert__target *out, struct anycert_error *err);
void anycert__target_clear(struct anycert__target *target);

/* Length of the directory in front of a name, its last slash included. */
size_t anycert__directory_length(const char *path);
/* Makes what happened to names in the directory of path last (fsync); 0 or an errno. A directory
 * that may not be read, or a file system that cannot do it, is no reason to call a whole file
 * broken. */
int anycert__directory_flush(const char *path);

#endif
