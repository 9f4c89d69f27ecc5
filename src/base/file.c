#include "base/file.h"
#include "base/mem.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define FIRST_READ 4096

static int open_for_reading(const char *path, int flags, int code, const char *what,
                            size_t *size_hint, struct anycert_error *err)
{
    struct stat st;
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | flags);
    if (fd < 0 && errno == ELOOP && (flags & O_NOFOLLOW))
        return anycert__fail(err, code, "%s '%s' is a symbolic link: name the file itself", what,
                             path);
    if (fd < 0)
        return anycert__fail_errno(err, code, errno, "%s '%s' cannot be read", what, path);
    if (fstat(fd, &st) != 0) {
        int saved = errno;
        close(fd);
        return anycert__fail_errno(err, code, saved, "%s '%s' cannot be read", what, path);
    }
    if (S_ISDIR(st.st_mode)) {
        close(fd);
        return anycert__fail(err, code, "%s '%s' is a directory", what, path);
    }
    *size_hint = st.st_size > 0 ? (size_t)st.st_size : 0;
    return fd;
}

/* What is read, and the words for it. */
struct reading {
    const char *path, *what;
    int code;
    size_t hint, max;
};

/* Reads what is left in fd and closes it. */
static int read_open(int fd, const struct reading *r, char **out, size_t *len,
                     struct anycert_error *err)
{
    char *data = NULL;
    size_t used = 0, capacity = 0;
    int rv = -1;
    /* One byte more than the file has, so that its end is seen without growing; one for the NUL. */
    capacity = r->hint < r->max ? r->hint + 2 : FIRST_READ;
    for (;;) {
        if (data == NULL || used + 1 == capacity) {
            if (data)
                capacity *= 2;
            char *larger = anycert__realloc(data, capacity);
            if (larger == NULL) {
                anycert__fail_nomem(err);
                goto out;
            }
            data = larger;
        }
        ssize_t n = read(fd, data + used, capacity - used - 1);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0) {
            anycert__fail_errno(err, r->code, errno, "%s '%s' cannot be read", r->what, r->path);
            goto out;
        }
        if (n == 0)
            break;
        used += (size_t)n;
        if (used > r->max) {
            anycert__fail(err, r->code, "%s '%s' is larger than %zu bytes", r->what, r->path,
                          r->max);
            goto out;
        }
    }
    data[used] = '\0';
    *out = data;
    *len = used;
    data = NULL;
    rv = 0;
out:
    anycert__free(data);
    close(fd);
    return rv;
}

int anycert__file_read(const char *path, size_t max, int code, const char *what, char **out,
                       size_t *len, struct anycert_error *err)
{
    struct reading r = {path, what, code, 0, max};
    *out = NULL;
    *len = 0;
    int fd = open_for_reading(path, 0, code, what, &r.hint, err);
    return fd < 0 ? -1 : read_open(fd, &r, out, len, err);
}

int anycert__file_read_guarded(const char *path, const struct anycert__file_guard *guard,
                               size_t max, int code, const char *what, char **out, size_t *len,
                               struct anycert_error *err)
{
    struct reading r = {path, what, code, 0, max};
    *out = NULL;
    *len = 0;
    /* A pipe must not hold the program up before it is refused. */
    int fd = open_for_reading(path, O_NONBLOCK | (guard->no_link ? O_NOFOLLOW : 0), code, what,
                              &r.hint, err);
    if (fd < 0)
        return -1;
    if (anycert__file_guard_open(fd, path, guard, code, what, err) != 0) {
        close(fd);
        return -1;
    }
    return read_open(fd, &r, out, len, err);
}

void anycert__file_stamp(const char *path, struct anycert__file_stamp *out)
{
    struct stat st;
    memset(out, 0, sizeof *out);
    if (stat(path, &st) != 0)
        return;
    out->device = (uint64_t)st.st_dev;
    out->inode = (uint64_t)st.st_ino;
    out->size = (uint64_t)st.st_size;
    out->mtime_s = (int64_t)st.st_mtim.tv_sec;
    out->mtime_ns = (int64_t)st.st_mtim.tv_nsec;
    out->ctime_s = (int64_t)st.st_ctim.tv_sec;
    out->ctime_ns = (int64_t)st.st_ctim.tv_nsec;
    out->exists = true;
    out->is_directory = S_ISDIR(st.st_mode);
}

bool anycert__file_stamp_equal(const struct anycert__file_stamp *a,
                               const struct anycert__file_stamp *b)
{
    return a->device == b->device && a->inode == b->inode && a->size == b->size &&
           a->mtime_s == b->mtime_s && a->mtime_ns == b->mtime_ns && a->ctime_s == b->ctime_s &&
           a->ctime_ns == b->ctime_ns && a->exists == b->exists &&
           a->is_directory == b->is_directory;
}
