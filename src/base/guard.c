/* Who may change a file that decides about trust: by writing to it, or by putting another one in
 * its place, which takes a folder on the way to it. */
#include "base/file.h"
#include "base/buf.h"
#include "base/mem.h"

#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define LINKS_MAX  40 /* as the system has it */
#define NAMES_ROOM 16384
#define PLACE_MAX  65536

/* ---- one file or folder ---- */

/* The group that a user has for himself alone (Debian, Fedora and their kin make one for each): of
 * the same name, with nobody else in it. What cannot be found out is none; root needs none. */
static bool is_private_group(uid_t user, gid_t group)
{
    struct passwd owner, *found_owner = NULL;
    struct group entry, *found = NULL;
    char *names = user == 0 ? NULL : anycert__malloc(2 * (size_t)NAMES_ROOM);
    bool is_private = names && getpwuid_r(user, &owner, names, NAMES_ROOM, &found_owner) == 0 &&
                      found_owner && owner.pw_gid == group &&
                      getgrgid_r(group, &entry, names + NAMES_ROOM, NAMES_ROOM, &found) == 0 &&
                      found && strcmp(entry.gr_name, owner.pw_name) == 0;
    for (char **member = is_private ? entry.gr_mem : NULL; member && *member; member++)
        is_private = is_private && strcmp(*member, owner.pw_name) == 0;
    anycert__free(names);
    return is_private;
}

static bool can_others_write(const struct stat *st)
{
    return (st->st_mode & S_IWOTH) ||
           ((st->st_mode & S_IWGRP) && !is_private_group(st->st_uid, st->st_gid));
}

struct walk {
    const struct anycert__file_guard *guard;
    const char *path, *what; /* for messages */
    int code;
    bool has_file;
    uid_t file_owner;
    struct anycert__buf done, rest; /* what is looked at already, without links; what is to come */
    unsigned links;
};

static bool is_trusted(const struct walk *w, uid_t user)
{
    return user == 0 || user == w->guard->owner ||
           (w->guard->any_owner && w->has_file && user == w->file_owner);
}

static int fail_reading(const struct walk *w, struct anycert_error *err)
{
    return anycert__fail_errno(err, w->code, errno, "%s '%s' cannot be read", w->what, w->path);
}

static int fail_owner(const struct walk *w, const char *kind, const char *place, uid_t owner,
                      struct anycert_error *err)
{
    return anycert__fail(err, w->code,
                         "%s '%s' is in a folder that others can change: the %s '%s' belongs to "
                         "user %lu and not to root or user %lu",
                         w->what, w->path, kind, place, (unsigned long)owner,
                         (unsigned long)w->guard->owner);
}

/* In a folder with the sticky bit, everybody may make files, and nobody change those of others. */
static int check_folder(const struct walk *w, bool is_last, struct anycert_error *err)
{
    const char *folder = w->done.len ? w->done.data : "/";
    struct stat st;
    if (stat(folder, &st) != 0)
        return fail_reading(w, err);
    if (!is_trusted(w, st.st_uid))
        return fail_owner(w, "folder", folder, st.st_uid, err);
    if (!can_others_write(&st))
        return 0;
    bool is_sticky = (st.st_mode & S_ISVTX) != 0;
    /* Such a folder is everybody's for good reasons: not the folder is to be changed then. */
    if (is_sticky && is_last && w->guard->own_folder)
        return anycert__fail(err, w->code,
                             "%s '%s' is in a folder where others may make files, too: put it "
                             "into a folder of your own, as ~/.local/state/anycert/trust",
                             w->what, w->path);
    if (!is_sticky)
        return anycert__fail(err, w->code,
                             "%s '%s' is in a folder that others can change: take the permission "
                             "away (chmod go-w '%s')",
                             w->what, w->path, folder);
    return 0;
}

/* ---- the way to it ---- */

/* The link's target goes before what is to come. */
static int follow(struct walk *w, const char *link, const char *left, struct anycert_error *err)
{
    char target[4096];
    struct anycert__buf rest;
    ssize_t len = readlink(link, target, sizeof target);
    if (len < 0 || (size_t)len == sizeof target || ++w->links > LINKS_MAX) {
        errno = len < 0 ? errno : ELOOP;
        return fail_reading(w, err);
    }
    anycert__buf_init(&rest, PLACE_MAX);
    anycert__buf_add(&rest, target, (size_t)len);
    anycert__buf_adds(&rest, left);
    anycert__buf_free(&w->rest);
    w->rest = rest;
    if (target[0] == '/')
        w->done.len = 0;
    return rest.failed ? anycert__fail_nomem(err) : 0;
}

/* Takes the last name of what is done away. */
static void go_up(struct anycert__buf *done)
{
    while (done->len > 0 && done->data[done->len - 1] != '/')
        done->len--;
    if (done->len > 0)
        done->len--;
    if (done->data)
        done->data[done->len] = '\0';
}

/* One name: 1 if there are more, 0 at the end, or where nothing is. */
static int step(struct walk *w, size_t *at, struct anycert_error *err)
{
    struct stat st;
    const char *name = w->rest.data + *at;
    name += strspn(name, "/");
    size_t len = strcspn(name, "/");
    const char *left = name + len;
    bool is_last = left[strspn(left, "/")] == '\0';
    *at = (size_t)(left - w->rest.data);
    if (len == 0)
        return 0;
    if (len == 1 && name[0] == '.')
        return 1;
    if (len == 2 && memcmp(name, "..", 2) == 0) {
        go_up(&w->done);
        return 1;
    }
    if (check_folder(w, is_last, err) != 0)
        return -1;
    size_t before = w->done.len;
    anycert__buf_adds(&w->done, "/");
    if (anycert__buf_add(&w->done, name, len) != 0)
        return anycert__fail_nomem(err);
    if (lstat(w->done.data, &st) != 0)
        return errno == ENOENT ? 0 : fail_reading(w, err);
    if (!S_ISLNK(st.st_mode))
        return !is_last;
    if (!is_trusted(w, st.st_uid))
        return fail_owner(w, "link", w->done.data, st.st_uid, err);
    char *link = anycert__strndup(w->done.data, w->done.len);
    w->done.len = before;
    w->done.data[before] = '\0';
    int rv = link ? follow(w, link, left, err) : anycert__fail_nomem(err);
    anycert__free(link);
    *at = 0;
    return rv == 0 ? 1 : -1;
}

static int check_way(struct walk *w, struct anycert_error *err)
{
    char *here = w->path[0] == '/' ? NULL : getcwd(NULL, 0);
    size_t at = 0;
    int rv = 1;
    if (here == NULL && w->path[0] != '/')
        return fail_reading(w, err);
    anycert__buf_init(&w->done, PLACE_MAX);
    anycert__buf_init(&w->rest, PLACE_MAX);
    anycert__buf_adds(&w->rest, here ? here : "");
    anycert__buf_adds(&w->rest, "/");
    if (anycert__buf_adds(&w->rest, w->path) != 0)
        rv = anycert__fail_nomem(err);
    free(here);
    while (rv > 0)
        rv = step(w, &at, err);
    anycert__buf_free(&w->done);
    anycert__buf_free(&w->rest);
    return rv;
}

int anycert__file_guard_way(const char *path, const struct anycert__file_guard *guard, int code,
                            const char *what, struct anycert_error *err)
{
    struct walk w = {.guard = guard, .path = path, .what = what, .code = code};
    return check_way(&w, err);
}

int anycert__file_guard_open(int fd, const char *path, const struct anycert__file_guard *guard,
                             int code, const char *what, struct anycert_error *err)
{
    struct walk w = {.guard = guard, .path = path, .what = what, .code = code, .has_file = true};
    struct stat st;
    if (fstat(fd, &st) != 0)
        return fail_reading(&w, err);
    w.file_owner = st.st_uid;
    if (!S_ISREG(st.st_mode))
        return anycert__fail(err, code, "%s '%s' is not a regular file", what, path);
    if (!is_trusted(&w, st.st_uid))
        return anycert__fail(err, code, "%s '%s' belongs to user %lu and has to belong to user %lu",
                             what, path, (unsigned long)st.st_uid, (unsigned long)guard->owner);
    if (check_way(&w, err) != 0)
        return -1;
    if (can_others_write(&st))
        return anycert__fail(err, code,
                             "%s '%s' can be changed by others than its owner: take the permission "
                             "away (chmod go-w '%s')",
                             what, path, path);
    return 0;
}
