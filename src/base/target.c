#include "base/target.h"

#include "base/mem.h"
#include "base/str.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* These name a stream that is open already; what is behind them belongs to somebody else, even if
 * it happens to be a regular file. */
static bool names_open_stream(const char *path)
{
    return strcmp(path, "/dev/stdout") == 0 || strcmp(path, "/dev/stderr") == 0 ||
           anycert__str_starts(path, "/dev/fd/") || anycert__str_starts(path, "/proc/self/fd/");
}

size_t anycert__directory_length(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash ? (size_t)(slash - path) + 1 : 0;
}

int anycert__directory_flush(const char *path)
{
    size_t len = anycert__directory_length(path);
    char *directory = len ? anycert__strndup(path, len) : NULL;
    int fd = open(directory ? directory : ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    int result = 0;
    anycert__free(directory);
    if (fd < 0)
        return 0;
    if (fsync(fd) != 0 && errno == EIO)
        result = EIO;
    close(fd);
    return result;
}

int anycert__target_find(const char *path, struct anycert__target *out, struct anycert_error *err)
{
    struct stat st;
    memset(out, 0, sizeof *out);
    out->mode = ANYCERT__NO_MODE;
    out->direct = names_open_stream(path);
    if (out->direct)
        return 0;
    if (stat(path, &st) != 0) {
        int saved = errno;
        if (saved == ENOENT && lstat(path, &st) == 0)
            return anycert__fail(err, ANYCERT_E_FILE, "'%s' is a symbolic link to nothing", path);
        if (saved != ENOENT || path[anycert__directory_length(path)] == '\0')
            return anycert__fail_errno(err, ANYCERT_E_FILE, saved, "'%s' cannot be written", path);
        out->path = anycert__strdup(path);
        return out->path ? 0 : anycert__fail_nomem(err);
    }
    if (S_ISDIR(st.st_mode))
        return anycert__fail(err, ANYCERT_E_FILE, "'%s' is a directory", path);
    out->direct = !S_ISREG(st.st_mode);
    if (out->direct)
        return 0;
    /* Replacing needs no right to the old file, but whoever made it read-only meant something. */
    if (faccessat(AT_FDCWD, path, W_OK, AT_EACCESS) != 0)
        return anycert__fail_errno(err, ANYCERT_E_FILE, errno, "'%s' cannot be written", path);
    char *resolved = realpath(path, NULL);
    if (resolved == NULL)
        return anycert__fail_errno(err, ANYCERT_E_FILE, errno, "'%s' cannot be written", path);
    out->path = anycert__strdup(resolved);
    free(resolved);
    out->mode = st.st_mode & 0777;
    return out->path ? 0 : anycert__fail_nomem(err);
}

void anycert__target_clear(struct anycert__target *target)
{
    anycert__free(target->path);
    target->path = NULL;
}
