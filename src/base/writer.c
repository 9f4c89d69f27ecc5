/* Writing a file beside its final name. */
#include "base/buf.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/target.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#define PATH_LIMIT     65536
#define NAME_KEPT      200 /* bytes of the final name in the temporary one, which may have 255 */
#define RANDOM_LETTERS 6
#define NAME_ATTEMPTS  100

struct anycert__file_writer {
    char *path;      /* as the caller wrote it, for messages */
    char *target;    /* what is replaced: path, or where the symbolic link leads */
    char *temporary; /* NULL when the file is written directly, and after it was renamed */
    pid_t owner;     /* a child process must not remove the file of its parent */
    int fd;
    bool failed;
};

static int open_directly(struct anycert__file_writer *w, struct anycert_error *err)
{
    w->fd = open(w->path, O_WRONLY | O_APPEND | O_CLOEXEC | O_NOCTTY);
    if (w->fd < 0)
        return anycert__fail_errno(err, ANYCERT_E_FILE, errno, "'%s' cannot be opened for writing",
                                   w->path);
    return 0;
}

/* "DIRECTORY/.NAME.anycert-XXXXXX". Not mkstemp(), which knows no mode but 0600: a new file shall
 * get 0666 less the umask, and only the kernel can subtract that without changing it. */
static char *temporary_name(const char *target, const unsigned char random[RANDOM_LETTERS])
{
    static const char letters[] = "abcdefghijklmnopqrstuvwxyz0123456789";
    struct anycert__buf buf;
    size_t directory = anycert__directory_length(target);
    size_t name = strlen(target + directory);
    anycert__buf_init(&buf, PATH_LIMIT);
    anycert__buf_add(&buf, target, directory);
    anycert__buf_adds(&buf, ".");
    anycert__buf_add(&buf, target + directory, name < NAME_KEPT ? name : NAME_KEPT);
    anycert__buf_adds(&buf, ".anycert-");
    for (size_t i = 0; i < RANDOM_LETTERS; i++)
        anycert__buf_add(&buf, &letters[random[i] % (sizeof letters - 1)], 1);
    char *result = anycert__buf_take(&buf, "path", NULL);
    anycert__buf_free(&buf);
    return result;
}

static int open_beside(struct anycert__file_writer *w, mode_t mode, struct anycert_error *err)
{
    unsigned char random[RANDOM_LETTERS];
    const mode_t at_first = mode == ANYCERT__NO_MODE ? 0666 : 0600;
    for (int i = 0; i < NAME_ATTEMPTS && w->fd < 0; i++) {
        anycert__free(w->temporary);
        w->temporary = NULL;
        if (getrandom(random, sizeof random, 0) != (ssize_t)sizeof random)
            return anycert__fail_errno(err, ANYCERT_E_INTERNAL, errno, "no random numbers");
        w->temporary = temporary_name(w->target, random);
        if (w->temporary == NULL)
            return anycert__fail_nomem(err);
        w->fd = open(w->temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, at_first);
        if (w->fd < 0 && errno != EEXIST)
            break;
    }
    if (w->fd < 0) {
        int saved = errno;
        anycert__free(w->temporary);
        w->temporary = NULL;
        return anycert__fail_errno(err, ANYCERT_E_FILE, saved, "'%s' cannot be written", w->path);
    }
    if (mode != ANYCERT__NO_MODE && fchmod(w->fd, mode) != 0)
        return anycert__fail_errno(err, ANYCERT_E_FILE, errno,
                                   "the new '%s' cannot be given the mode of the old one", w->path);
    return 0;
}

static int open_target(struct anycert__file_writer *w, bool secret, struct anycert_error *err)
{
    struct anycert__target target;
    if (anycert__target_find(w->path, &target, err) < 0)
        return -1;
    if (target.direct)
        return open_directly(w, err);
    w->target = target.path; /* taken over */
    return open_beside(w, secret ? 0600 : target.mode, err);
}

static int open_writer(const char *path, bool secret, struct anycert__file_writer **out,
                       struct anycert_error *err)
{
    *out = NULL;
    if (path == NULL || *path == '\0')
        return anycert__fail(err, ANYCERT_E_FILE, "the name of the file to write is empty");
    struct anycert__file_writer *w = anycert__calloc(1, sizeof *w);
    if (w == NULL)
        return anycert__fail_nomem(err);
    w->fd = -1;
    w->owner = getpid();
    w->path = anycert__strdup(path);
    if (w->path == NULL) {
        anycert__file_writer_free(w);
        return anycert__fail_nomem(err);
    }
    if (open_target(w, secret, err) != 0) {
        anycert__file_writer_free(w);
        return -1;
    }
    *out = w;
    return 0;
}

int anycert__file_writer_open(const char *path, struct anycert__file_writer **out,
                              struct anycert_error *err)
{
    return open_writer(path, false, out, err);
}

int anycert__file_writer_open_secret(const char *path, struct anycert__file_writer **out,
                                     struct anycert_error *err)
{
    return open_writer(path, true, out, err);
}

static int fail_writing(struct anycert__file_writer *w, int os_errno, struct anycert_error *err)
{
    w->failed = true;
    return anycert__fail_errno(err, ANYCERT_E_FILE, os_errno, "'%s' cannot be written", w->path);
}

int anycert__file_writer_write(struct anycert__file_writer *w, const void *bytes, size_t len,
                               struct anycert_error *err)
{
    const char *next = bytes;
    if (w->failed || w->fd < 0)
        return anycert__fail(err, ANYCERT_E_STATE, "'%s' is not being written any more", w->path);
    while (len > 0) {
        ssize_t n = write(w->fd, next, len);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return fail_writing(w, n < 0 ? errno : ENOSPC, err);
        next += n;
        len -= (size_t)n;
    }
    return 0;
}

int anycert__file_writer_commit(struct anycert__file_writer *w, struct anycert_error *err)
{
    if (w->failed || w->fd < 0)
        return anycert__fail(err, ANYCERT_E_STATE, "'%s' is not being written any more", w->path);
    if (w->temporary && fsync(w->fd) != 0)
        return fail_writing(w, errno, err);
    int fd = w->fd;
    w->fd = -1;
    if (close(fd) != 0 && errno != EINTR)
        return fail_writing(w, errno, err);
    if (w->temporary == NULL)
        return 0;
    if (rename(w->temporary, w->target) != 0)
        return fail_writing(w, errno, err);
    int problem = anycert__directory_flush(w->target);
    anycert__free(w->temporary);
    w->temporary = NULL;
    return problem == 0 ? 0 : fail_writing(w, problem, err);
}

void anycert__file_writer_free(struct anycert__file_writer *w)
{
    if (w == NULL)
        return;
    if (w->fd >= 0)
        close(w->fd);
    if (w->temporary && w->owner == getpid())
        unlink(w->temporary);
    anycert__free(w->temporary);
    anycert__free(w->target);
    anycert__free(w->path);
    anycert__free(w);
}
