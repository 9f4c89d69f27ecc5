#include "base/partial.h"

#include "base/buf.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/target.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#define NOTE_MAX      (64u * 1024)
#define LOCK_ATTEMPTS 10

struct anycert__partial {
    char *path;   /* as the caller wrote it, for messages */
    char *target; /* the final name */
    char *part, *note;
    int fd;
    uint64_t size;
};

static int fail_writing(const struct anycert__partial *partial, int os_errno,
                        struct anycert_error *err)
{
    return anycert__fail_errno(err, ANYCERT_E_FILE, os_errno, "'%s.part' cannot be written",
                               partial->path);
}

static char *with_ending(const char *path, const char *ending)
{
    struct anycert__buf buf;
    char *result = NULL;

    anycert__buf_init(&buf, 65536);
    anycert__buf_adds(&buf, path);
    anycert__buf_adds(&buf, ending);
    result = anycert__buf_take(&buf, "path", NULL);
    anycert__buf_free(&buf);
    return result;
}

/* Somebody who may write to the folder could have put a link or a file of his own there. */
static int check_owner(const struct anycert__partial *partial, const struct stat *info,
                       struct anycert_error *err)
{
    if (!S_ISREG(info->st_mode))
        return anycert__fail(err, ANYCERT_E_FILE, "'%s.part' is not a regular file", partial->path);
    if (info->st_uid != geteuid())
        return anycert__fail(err, ANYCERT_E_FILE, "'%s.part' belongs to another user",
                             partial->path);
    if (info->st_nlink > 1)
        return anycert__fail(err, ANYCERT_E_FILE, "'%s.part' has other names, too", partial->path);
    return 0;
}

/* What is there without a note was not begun here, and is nobody's to write over. */
static int check_note(const struct anycert__partial *partial, const struct stat *info,
                      struct anycert_error *err)
{
    struct stat note;

    if (info->st_size <= 0 || lstat(partial->note, &note) == 0 || errno != ENOENT)
        return 0;
    return anycert__fail(err, ANYCERT_E_FILE,
                         "'%s.part' is there, but is no download that can go on, as '%s.part.json' "
                         "is missing; move it out of the way",
                         partial->path, partial->path);
}

/* Opens and locks. 1 if the file was given its final name or removed before it was ours: try again.
 */
static int open_once(struct anycert__partial *partial, mode_t mode, struct anycert_error *err)
{
    const mode_t at_first = mode == ANYCERT__NO_MODE ? 0666 : 0600;
    struct stat opened;
    struct stat named;

    partial->fd = open(partial->part,
                       O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NOCTTY | O_NONBLOCK, at_first);
    if (partial->fd < 0)
        return fail_writing(partial, errno, err);
    if (fstat(partial->fd, &opened) != 0)
        return fail_writing(partial, errno, err);
    if (check_owner(partial, &opened, err) < 0)
        return -1;
    if (flock(partial->fd, LOCK_EX | LOCK_NB) != 0) {
        if (errno == EWOULDBLOCK)
            return anycert__fail(err, ANYCERT_E_FILE, "'%s.part' is being written by somebody else",
                                 partial->path);
        return fail_writing(partial, errno, err);
    }
    if (lstat(partial->part, &named) != 0 || named.st_ino != opened.st_ino ||
        named.st_dev != opened.st_dev)
        return 1;
    if (fstat(partial->fd, &opened) != 0)
        return fail_writing(partial, errno, err);
    if (check_note(partial, &opened, err) < 0)
        return -1;
    if (mode != ANYCERT__NO_MODE && fchmod(partial->fd, mode) != 0)
        return fail_writing(partial, errno, err);
    partial->size = opened.st_size > 0 ? (uint64_t)opened.st_size : 0;
    return 0;
}

static int open_part(struct anycert__partial *partial, mode_t mode, struct anycert_error *err)
{
    int result = 1;

    partial->part = with_ending(partial->target, ".part");
    partial->note = with_ending(partial->target, ".part.json");
    if (!partial->part || !partial->note)
        return anycert__fail_nomem(err);
    for (int i = 0; i < LOCK_ATTEMPTS && result > 0; i++) {
        if (partial->fd >= 0)
            close(partial->fd);
        result = open_once(partial, mode, err);
    }
    return result > 0 ? fail_writing(partial, EBUSY, err) : result;
}

int anycert__partial_open(const char *path, struct anycert__partial **out,
                          struct anycert_error *err)
{
    struct anycert__partial *partial = anycert__calloc(1, sizeof *partial);
    struct anycert__target target = {0};

    *out = NULL;
    if (!partial)
        return anycert__fail_nomem(err);
    partial->fd = -1;
    partial->path = anycert__strdup(path);
    if (!partial->path) {
        anycert__fail_nomem(err);
        goto fail;
    }
    if (anycert__target_find(path, &target, err) < 0)
        goto fail;
    if (target.direct) {
        anycert__fail(err, ANYCERT_E_FILE,
                      "'%s' is not a regular file, so nothing can be continued there", path);
        goto fail;
    }
    partial->target = target.path; /* taken over */
    if (open_part(partial, target.mode, err) != 0)
        goto fail;
    *out = partial;
    return 0;
fail:
    anycert__partial_free(partial);
    return -1;
}

uint64_t anycert__partial_size(const struct anycert__partial *partial)
{
    return partial->size;
}

char *anycert__partial_note(const struct anycert__partial *partial)
{
    struct stat info;
    char *text = NULL;
    size_t len = 0;

    if (lstat(partial->note, &info) != 0 || !S_ISREG(info.st_mode) || info.st_uid != geteuid() ||
        anycert__file_read(partial->note, NOTE_MAX, ANYCERT_E_FILE, "note", &text, &len, NULL) < 0)
        return NULL;
    if (strlen(text) == len)
        return text;
    anycert__free(text);
    return NULL;
}

int anycert__partial_set_note(struct anycert__partial *partial, const char *text,
                              struct anycert_error *err)
{
    struct anycert__file_writer *writer = NULL;
    int result = -1;

    if (anycert__file_writer_open_secret(partial->note, &writer, err) == 0 &&
        anycert__file_writer_write(writer, text, strlen(text), err) == 0)
        result = anycert__file_writer_commit(writer, err);
    anycert__file_writer_free(writer);
    return result;
}

void anycert__partial_drop_note(struct anycert__partial *partial)
{
    (void)unlink(partial->note);
}

int anycert__partial_cut(struct anycert__partial *partial, uint64_t size, struct anycert_error *err)
{
    if (ftruncate(partial->fd, (off_t)size) != 0 ||
        lseek(partial->fd, (off_t)size, SEEK_SET) != (off_t)size)
        return fail_writing(partial, errno, err);
    partial->size = size;
    return 0;
}

int anycert__partial_write(struct anycert__partial *partial, const void *bytes, size_t len,
                           struct anycert_error *err)
{
    const char *next = bytes;

    while (len > 0) {
        ssize_t n = write(partial->fd, next, len);

        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return fail_writing(partial, n < 0 ? errno : ENOSPC, err);
        next += n;
        len -= (size_t)n;
        partial->size += (uint64_t)n;
    }
    return 0;
}

int anycert__partial_flush(struct anycert__partial *partial, struct anycert_error *err)
{
    return fsync(partial->fd) == 0 ? 0 : fail_writing(partial, errno, err);
}

int anycert__partial_commit(struct anycert__partial *partial, struct anycert_error *err)
{
    int problem = 0;

    if (anycert__partial_flush(partial, err) < 0)
        return -1;
    if (rename(partial->part, partial->target) != 0)
        return fail_writing(partial, errno, err);
    (void)unlink(partial->note);
    problem = anycert__directory_flush(partial->target);
    return problem == 0 ? 0 : fail_writing(partial, problem, err);
}

void anycert__partial_discard(struct anycert__partial *partial)
{
    (void)unlink(partial->part);
    (void)unlink(partial->note);
}

void anycert__partial_free(struct anycert__partial *partial)
{
    if (!partial)
        return;
    if (partial->fd >= 0)
        close(partial->fd);
    anycert__free(partial->path);
    anycert__free(partial->target);
    anycert__free(partial->part);
    anycert__free(partial->note);
    anycert__free(partial);
}
