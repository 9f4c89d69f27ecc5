#include "policy/trust_file.h"
#include "base/mem.h"
#include "base/target.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define WHAT            "the trust store"
#define LOCK_SUFFIX     ".lock"
#define LOCK_PAUSE_MS   2
#define LOCK_PATH_LIMIT 65536
#define CLOCK_TICK_S    2 /* the coarsest file time in use, FAT's */

/* The user's own, or root's, who may do everything anyway: the store of a whole machine. */
static struct anycert__file_guard guard_of_user(void)
{
    return (struct anycert__file_guard){.owner = geteuid(), .no_link = true, .own_folder = true};
}

void anycert__trust_file_stamp(const char *path, struct anycert__trust_stamp *stamp)
{
    anycert__file_stamp(path, &stamp->file);
    int64_t made =
        stamp->file.mtime_s > stamp->file.ctime_s ? stamp->file.mtime_s : stamp->file.ctime_s;
    stamp->is_fresh = stamp->file.exists && made + CLOCK_TICK_S >= (int64_t)time(NULL);
}

enum anycert__trust_change anycert__trust_stamp_compare(const struct anycert__trust_stamp *now,
                                                        const struct anycert__trust_stamp *then)
{
    if (!anycert__file_stamp_equal(&now->file, &then->file))
        return ANYCERT__TRUST_IS_CHANGED;
    return now->is_fresh || then->is_fresh ? ANYCERT__TRUST_MAY_BE_CHANGED
                                           : ANYCERT__TRUST_IS_UNCHANGED;
}

int anycert__trust_file_read(const char *path, anycert__trust_hmac *hmac,
                             struct anycert__trust_text *known, struct anycert__trust_text **out,
                             struct anycert__trust_stamp *stamp, struct anycert_error *err)
{
    const struct anycert__file_guard guard = guard_of_user();
    struct stat st;
    char *text = NULL;
    size_t len = 0;
    *out = NULL;
    /* First: what changes in between is seen the next time. */
    anycert__trust_file_stamp(path, stamp);
    bool is_there = stamp->file.exists || lstat(path, &st) == 0;
    if (!is_there && errno != ENOENT)
        return anycert__fail_errno(err, ANYCERT_E_TRUST_STORE, errno, WHAT " '%s' cannot be read",
                                   path);
    /* One that nobody could write to later is no store either: before anybody is asked. */
    if (!is_there && anycert__file_guard_way(path, &guard, ANYCERT_E_TRUST_STORE, WHAT, err) != 0)
        return -1;
    if (is_there && anycert__file_read_guarded(path, &guard, ANYCERT__TRUST_TEXT_MAX,
                                               ANYCERT_E_TRUST_STORE, WHAT, &text, &len, err) != 0)
        return -1;
    if (known && text && known->len == len && memcmp(known->text, text, len) == 0) {
        anycert__free(text);
        *out = anycert__trust_text_ref(known);
        return 0;
    }
    *out = anycert__trust_text_new(text, len, path, hmac, err);
    return *out ? 0 : -1;
}

/* ---- writing ---- */

static int fail_writing(const char *path, int os_errno, struct anycert_error *err)
{
    return anycert__fail_errno(err, ANYCERT_E_TRUST_STORE, os_errno, WHAT " '%s' cannot be written",
                               path);
}

/* All folders that are not there, for their user alone. */
static int make_folders(const char *path, struct anycert_error *err)
{
    char *folder = anycert__strdup(path);
    int rv = 0;
    if (folder == NULL)
        return anycert__fail_nomem(err);
    for (char *slash = strchr(folder + 1, '/'); slash && rv == 0; slash = strchr(slash + 1, '/')) {
        *slash = '\0';
        if (mkdir(folder, 0700) != 0 && errno != EEXIST)
            rv = fail_writing(path, errno, err);
        *slash = '/';
    }
    anycert__free(folder);
    return rv;
}

static int open_lock(const char *name, const char *path, struct anycert_error *err)
{
    struct stat st;
    int fd = open(name, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0600);
    if (fd < 0)
        return fail_writing(path, errno, err);
    if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode))
        return fd;
    close(fd);
    return anycert__fail(err, ANYCERT_E_TRUST_STORE, "the lock file '%s' is not a regular file",
                         name);
}

/* Who holds the lock of a file that has another name by now, or none, locks nobody out. */
static bool is_still_there(int fd, const char *name)
{
    struct stat held, there;
    return fstat(fd, &held) == 0 && lstat(name, &there) == 0 && held.st_dev == there.st_dev &&
           held.st_ino == there.st_ino;
}

/* The descriptor, -1, or ANYCERT__TRUST_LOCKED. */
static int try_lock(const char *name, const char *path, struct anycert_error *err)
{
    int fd = open_lock(name, path, err);
    if (fd < 0)
        return -1;
    int rc = 0;
    do
        rc = flock(fd, LOCK_EX | LOCK_NB);
    while (rc != 0 && errno == EINTR);
    int os_errno = errno;
    if (rc == 0 && is_still_there(fd, name))
        return fd;
    close(fd);
    return rc == 0 || os_errno == EWOULDBLOCK ? ANYCERT__TRUST_LOCKED
                                              : fail_writing(path, os_errno, err);
}

/* Another process holds the lock for as long as a file takes to be written. */
static int wait_for_lock(const char *name, const char *path, const struct anycert__waiting *waiting,
                         struct anycert_error *err)
{
    int64_t limit = anycert__waiting_now_us(waiting) + ANYCERT__TRUST_LOCK_LIMIT_US;
    for (;;) {
        int fd = try_lock(name, path, err);
        if (fd != ANYCERT__TRUST_LOCKED)
            return fd;
        if (anycert__waiting_now_us(waiting) > limit)
            return anycert__trust_file_fail_locked(path, err);
        (void)anycert__waiting_sleep(waiting, LOCK_PAUSE_MS);
    }
}

int anycert__trust_file_fail_locked(const char *path, struct anycert_error *err)
{
    return anycert__fail(err, ANYCERT_E_TRUST_STORE,
                         WHAT " '%s' is locked by another process for ten seconds", path);
}

int anycert__trust_file_lock(const char *path, const struct anycert__waiting *waiting,
                             struct anycert_error *err)
{
    const struct anycert__file_guard guard = guard_of_user();
    struct anycert__buf name;
    int fd = -1;
    /* What is there, before anything is made in it, and then what was there just now. */
    if (anycert__file_guard_way(path, &guard, ANYCERT_E_TRUST_STORE, WHAT, err) != 0 ||
        make_folders(path, err) != 0 ||
        anycert__file_guard_way(path, &guard, ANYCERT_E_TRUST_STORE, WHAT, err) != 0)
        return -1;
    anycert__buf_init(&name, LOCK_PATH_LIMIT);
    anycert__buf_adds(&name, path);
    if (anycert__buf_adds(&name, LOCK_SUFFIX) != 0)
        (void)anycert__fail_nomem(err);
    else
        fd =
            waiting ? wait_for_lock(name.data, path, waiting, err) : try_lock(name.data, path, err);
    anycert__buf_free(&name);
    return fd;
}

int anycert__trust_file_write(const char *path, const char *text, size_t len,
                              struct anycert_error *err)
{
    struct anycert__file_writer *w = NULL;
    struct anycert_error why = {0};
    int rv = -1;
    if (anycert__file_writer_open_secret(path, &w, &why) == 0 &&
        anycert__file_writer_write(w, text, len, &why) == 0)
        rv = anycert__file_writer_commit(w, &why);
    anycert__file_writer_free(w);
    if (rv == 0)
        return 0;
    if (why.code == ANYCERT_E_NOMEM)
        return anycert__fail_nomem(err);
    return anycert__fail(err, ANYCERT_E_TRUST_STORE, WHAT " %s", why.message);
}
