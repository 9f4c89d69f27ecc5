#include "policy_append.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <anycert/policy_file.h>

#include "output.h"
#include "text.h"

#define TRIES    100 /* to get hold of a file that others replace */
#define FILE_MAX ((size_t)4 << 20)

static int fail(struct anycert_error *err, const char *path, int error)
{
    cli_error(err, ANYCERT_E_FILE, "%s: %s", path, strerror(error));
    err->os_errno = error;
    return -1;
}

/* ---- what it says ---- */

/* Everything in the file from its beginning. */
static int read_all(int fd, const char *path, struct cli_bytes *out, struct anycert_error *err)
{
    char chunk[16384];
    cli_bytes_free(out);
    *out = (struct cli_bytes){0};
    if (lseek(fd, 0, SEEK_SET) < 0)
        return fail(err, path, errno);
    for (;;) {
        ssize_t got = read(fd, chunk, sizeof chunk);
        if (got == 0)
            return 0;
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return fail(err, path, errno);
        if (out->len + (size_t)got > FILE_MAX)
            return cli_error(err, ANYCERT_E_FILE, "%s is too large", path);
        if (cli_bytes_add(out, chunk, (size_t)got, err) != 0)
            return -1;
    }
}

/* An entry's own text in the file, without its line end. */
struct place {
    size_t line; /* from 1 on; 0: it is not there */
    size_t begin, end;
};

/* Where the line with this number begins and ends. */
static struct place place_of(const struct cli_bytes *text, size_t line)
{
    struct place place = {.line = line};
    for (size_t number = 1; number < line; number++) {
        const char *end = memchr(text->data + place.begin, '\n', text->len - place.begin);
        if (!end)
            return (struct place){0};
        place.begin = (size_t)(end - text->data) + 1;
    }
    const char *end = memchr(text->data + place.begin, '\n', text->len - place.begin);
    place.end = end ? (size_t)(end - text->data) : text->len;
    while (place.end > place.begin && text->data[place.end - 1] == '\r')
        place.end--;
    return place;
}

/* The entry for the hosts of a line. -1 with a sentence. */
static int find_place(const struct cli_bytes *text, const char *path, const char *line,
                      struct place *out, struct anycert_error *err)
{
    struct anycert_policy_file *own = anycert_policy_file_parse(line, strlen(line), path, err);
    struct anycert_policy_file *file =
        own ? anycert_policy_file_parse(text->len > 0 ? text->data : "", text->len, path, err)
            : NULL;
    const struct anycert_policy_entry *wanted = own ? anycert_policy_file_next(own, NULL) : NULL;
    const struct anycert_policy_entry *entry = NULL;
    *out = (struct place){0};
    while (file && wanted && (entry = anycert_policy_file_next(file, entry)) != NULL) {
        if (strcmp(anycert_policy_entry_hosts(entry), anycert_policy_entry_hosts(wanted)) == 0) {
            *out = place_of(text, anycert_policy_entry_line(entry));
            break;
        }
    }
    anycert_policy_file_free(own);
    anycert_policy_file_free(file);
    return file ? 0 : -1;
}

/* The line behind the others, or in the place of an old one. It has a line end, which is its own
 * only there. */
static int join(struct cli_bytes *out, const struct cli_bytes *old, const struct place *place,
                const char *line, struct anycert_error *err)
{
    if (place->line > 0)
        return (place->begin > 0 && cli_bytes_add(out, old->data, place->begin, err) != 0) ||
                       cli_bytes_add(out, line, strcspn(line, "\n"), err) != 0 ||
                       (place->end < old->len &&
                        cli_bytes_add(out, old->data + place->end, old->len - place->end, err) != 0)
                   ? -1
                   : 0;
    if (old->len > 0 && cli_bytes_add(out, old->data, old->len, err) != 0)
        return -1;
    if (old->len > 0 && old->data[old->len - 1] != '\n' && cli_bytes_add_text(out, "\n", err) != 0)
        return -1;
    return cli_bytes_add_text(out, line, err);
}

static const struct anycert_policy_entry *entry_at(const struct anycert_policy_file *file,
                                                   const struct place *place)
{
    const struct anycert_policy_entry *entry = NULL, *last = NULL;
    while ((entry = anycert_policy_file_next(file, entry)) != NULL) {
        last = entry;
        if (anycert_policy_entry_line(entry) == place->line)
            break;
    }
    return last;
}

/* The whole is right, and its new entry does something. */
static int check_text(const struct cli_bytes *text, const char *path, const struct place *place,
                      struct anycert_error *err)
{
    struct anycert_policy_file *file = anycert_policy_file_parse(text->data, text->len, path, err);
    const struct anycert_policy_entry *own = NULL;
    int status = -1;
    if (!file)
        return cli_error_context(err, "the entry does not fit into the file: ");
    own = entry_at(file, place);
    switch (own ? anycert_policy_file_flaw(file, own, (int64_t)time(NULL))
                : ANYCERT_FLAW_SHADOWED) {
    case ANYCERT_FLAW_NONE:
        status = 0;
        break;
    case ANYCERT_FLAW_ENDED:
        cli_error(err, ANYCERT_E_USAGE, "the entry's last day is over; nothing was written");
        break;
    case ANYCERT_FLAW_SHADOWED:
        cli_error(err, ANYCERT_E_USAGE,
                  "other entries of the file have all of its hosts; nothing was written");
        break;
    case ANYCERT_FLAW_SAME:
        cli_error(err, ANYCERT_E_USAGE, "the file says the same already; nothing was written");
        break;
    }
    anycert_policy_file_free(file);
    return status;
}

/* What is in a file; nothing if it does not exist. */
static int read_path(const char *path, struct cli_bytes *out, struct anycert_error *err)
{
    struct stat info;
    struct anycert_policy_file *file = NULL;
    int status = 0;
    if (stat(path, &info) == 0) {
        file = anycert_policy_file_load(path, err); /* who may write to it is looked at, too */
        status = file ? cli_bytes_read(out, path, "--policy-file", err) : -1;
        anycert_policy_file_free(file);
    } else if (errno != ENOENT) {
        status = fail(err, path, errno);
    }
    return status;
}

int cli_policy_find(const char *path, const char *line, struct cli_bytes *old, size_t *number,
                    struct anycert_error *err)
{
    struct cli_bytes text = {0};
    struct place place = {0};
    int status = read_path(path, &text, err);
    if (status == 0)
        status = find_place(&text, path, line, &place, err);
    if (status == 0 && place.line > 0)
        status = cli_bytes_add(old, text.data + place.begin, place.end - place.begin, err);
    *number = place.line;
    cli_bytes_free(&text);
    return status;
}

/* Where the line belongs, which is in the place of old, or, if that is NULL, behind all others. */
static int find_own_place(const struct cli_bytes *text, const char *path, const char *line,
                          const char *old, struct place *out, struct anycert_error *err)
{
    *out = (struct place){0};
    if (!old)
        return 0;
    if (find_place(text, path, line, out, err) != 0)
        return -1;
    if (out->line > 0 && text->data && strlen(old) == out->end - out->begin &&
        memcmp(old, text->data + out->begin, out->end - out->begin) == 0)
        return 0;
    return cli_error(err, ANYCERT_E_FILE,
                     "the entry of %s was changed by somebody else meanwhile; nothing was written",
                     path);
}

int cli_policy_check(const char *path, const char *line, const char *old_line,
                     struct anycert_error *err)
{
    struct cli_bytes old = {0}, all = {0};
    struct place place = {0};
    int status = read_path(path, &old, err);
    if (status == 0 &&
        (find_own_place(&old, path, line, old_line, &place, err) != 0 ||
         join(&all, &old, &place, line, err) != 0 || check_text(&all, path, &place, err) != 0))
        status = -1;
    cli_bytes_free(&old);
    cli_bytes_free(&all);
    return status;
}

/* ---- writing ---- */

/* A new file beside it, for its owner and with its mode; name is its path. -1 and errno. */
static int open_beside(const char *path, const struct stat *like, char name[PATH_MAX])
{
    int n = snprintf(name, PATH_MAX, "%s.%ld.part", path, (long)getpid());
    int fd = -1, saved = ENAMETOOLONG;
    if (n > 0 && n < PATH_MAX) {
        fd = open(name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
        saved = errno;
    }
    if (fd >= 0 && like &&
        (fchmod(fd, like->st_mode & 0777) != 0 ||
         ((like->st_uid != geteuid() || like->st_gid != getegid()) &&
          fchown(fd, like->st_uid, like->st_gid) != 0))) {
        saved = errno;
        (void)close(fd);
        (void)unlink(name);
        fd = -1;
    }
    errno = saved;
    return fd;
}

/* Puts all in the place of what is like (NULL: of nothing, which has to be so still). */
static int put(const char *path, const struct stat *like, const struct cli_bytes *all,
               struct anycert_error *err)
{
    char name[PATH_MAX];
    int fd = open_beside(path, like, name);
    if (fd < 0)
        return fail(err, path, errno);
    int error = cli_write_all(fd, all->data, all->len);
    if (error == 0 && fsync(fd) != 0)
        error = errno;
    if (close(fd) != 0 && error == 0)
        error = errno;
    if (error == 0 && (like ? rename(name, path) : link(name, path)) != 0)
        error = errno;
    if (error != 0 || !like)
        (void)unlink(name);
    return error == 0 ? 0 : fail(err, path, error);
}

/* The file that has the name now, open and locked against others that append. -1 and a sentence. */
static int take_hold(const char *path, struct stat *info, struct anycert_error *err)
{
    for (int i = 0; i < TRIES; i++) {
        struct stat now;
        int fd = open(path, O_RDONLY | O_CLOEXEC);
        if (fd < 0)
            return fail(err, path, errno);
        if (flock(fd, LOCK_EX) != 0 || fstat(fd, info) != 0) {
            int error = errno;
            (void)close(fd);
            return fail(err, path, error);
        }
        if (stat(path, &now) == 0 && now.st_dev == info->st_dev && now.st_ino == info->st_ino)
            return fd;
        (void)close(fd);
    }
    return cli_error(err, ANYCERT_E_FILE, "%s is being replaced all the time", path);
}

/* Whoever writes without asking for the lock is seen by this. */
static int check_unchanged(int fd, const char *path, const struct stat *before,
                           const struct cli_bytes *old, struct anycert_error *err)
{
    struct cli_bytes again = {0};
    struct stat now;
    bool same = stat(path, &now) == 0 && now.st_dev == before->st_dev &&
                now.st_ino == before->st_ino && read_all(fd, path, &again, err) == 0 &&
                again.len == old->len &&
                (old->len == 0 || memcmp(again.data, old->data, old->len) == 0);
    cli_bytes_free(&again);
    return same ? 0
                : cli_error(err, ANYCERT_E_FILE,
                            "%s was changed by somebody else meanwhile; nothing was written", path);
}

static int write_to(const char *path, const char *line, const char *old_line,
                    struct anycert_error *err)
{
    struct cli_bytes old = {0}, all = {0};
    struct place place = {0};
    struct stat info;
    int status = -1;
    int fd = take_hold(path, &info, err);
    if (fd < 0)
        return -1;
    if (read_all(fd, path, &old, err) == 0 &&
        find_own_place(&old, path, line, old_line, &place, err) == 0 &&
        join(&all, &old, &place, line, err) == 0 && check_text(&all, path, &place, err) == 0 &&
        check_unchanged(fd, path, &info, &old, err) == 0)
        status = put(path, &info, &all, err);
    (void)close(fd);
    cli_bytes_free(&old);
    cli_bytes_free(&all);
    return status;
}

int cli_policy_write(const char *path, const char *line, const char *old_line,
                     struct anycert_error *err)
{
    struct cli_bytes all = {0};
    const struct place alone = {0};
    char *whole = realpath(path, NULL); /* a link stays one */
    int status = -1;
    if (whole) {
        status = write_to(whole, line, old_line, err);
    } else if (errno != ENOENT || old_line) {
        status = fail(err, path, errno);
    } else if (cli_bytes_add_text(&all, line, err) == 0 &&
               check_text(&all, path, &alone, err) == 0) {
        status = put(path, NULL, &all, err);
        if (status != 0 && err->os_errno == EEXIST)
            status = write_to(path, line, NULL, err); /* somebody else was first */
    }
    free(whole);
    cli_bytes_free(&all);
    return status;
}
