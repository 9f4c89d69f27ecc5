/* The lab's temporary folder.
 *
 * Its process holds a lock in it. A lab that was killed could not remove its folder; the next one
 * of the same user finds the lock free and does it. */
#include "lab/internal.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#define PARENT "/tmp"
#define PREFIX "anycert-lab-"
#define LOCK   "lock"

int lab__file_write(const char *path, const void *data, size_t len, struct anycert_error *err)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
    const char *cursor = data;

    while (fd >= 0 && len > 0) {
        ssize_t written = write(fd, cursor, len);
        if (written < 0 && errno == EINTR) {
            continue;
        }
        if (written <= 0) {
            close(fd);
            fd = -1;
            break;
        }
        cursor += written;
        len -= (size_t)written;
    }
    if (fd < 0 || close(fd) != 0) {
        return lab__fail(err, ANYCERT_E_FILE, "cannot write '%s': %s", path, strerror(errno));
    }
    return 0;
}

/* Removes the files in a folder, but no folders. */
static void empty(int folder)
{
    int copy = dup(folder);
    DIR *list = copy >= 0 ? fdopendir(copy) : NULL;
    const struct dirent *entry;

    if (list == NULL) {
        if (copy >= 0) {
            close(copy);
        }
        return;
    }
    while ((entry = readdir(list)) != NULL) {
        if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0) {
            (void)unlinkat(folder, entry->d_name, 0);
        }
    }
    closedir(list);
}

/* Removes a folder of ours whose lab is dead. One without a lock file may be about to get it. */
static void remove_if_dead(int parent, const char *name)
{
    int folder = openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    int lock = -1;
    struct stat status;

    if (folder >= 0 && fstat(folder, &status) == 0 && status.st_uid == geteuid()) {
        lock = openat(folder, LOCK, O_RDWR | O_NOFOLLOW | O_CLOEXEC);
    }
    if (lock >= 0 && flock(lock, LOCK_EX | LOCK_NB) == 0) {
        empty(folder);
        (void)unlinkat(parent, name, AT_REMOVEDIR);
    }
    if (lock >= 0) {
        close(lock);
    }
    if (folder >= 0) {
        close(folder);
    }
}

static void remove_dead_folders(void)
{
    DIR *parent = opendir(PARENT);
    const struct dirent *entry;

    if (parent == NULL) {
        return;
    }
    while ((entry = readdir(parent)) != NULL) {
        if (strncmp(entry->d_name, PREFIX, sizeof(PREFIX) - 1) == 0) {
            remove_if_dead(dirfd(parent), entry->d_name);
        }
    }
    closedir(parent);
}

/* The file gets its name when it is locked already. */
static int take_lock(struct lab *lab)
{
    char early[96];
    char final[96];

    snprintf(early, sizeof(early), "%s/" LOCK ".new", lab->folder);
    snprintf(final, sizeof(final), "%s/" LOCK, lab->folder);
    lab->folder_lock = open(early, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (lab->folder_lock < 0 || flock(lab->folder_lock, LOCK_EX | LOCK_NB) != 0) {
        return -1;
    }
    return rename(early, final);
}

int lab__folder_open(struct lab *lab, struct anycert_error *err)
{
    static const char *const names[] = {"root.pem", "intermediate.pem", "other-root.pem",
                                        "client.pem", "client.key"};
    char folder[] = PARENT "/" PREFIX "XXXXXX";

    remove_dead_folders();
    if (mkdtemp(folder) == NULL) {
        return lab__fail(err, ANYCERT_E_FILE, "cannot make a folder in " PARENT ": %s",
                         strerror(errno));
    }
    memcpy(lab->folder, folder, sizeof(folder));
    if (take_lock(lab) != 0) {
        return lab__fail(err, ANYCERT_E_FILE, "cannot lock '%s': %s", lab->folder, strerror(errno));
    }
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        snprintf(lab->files[i], sizeof(lab->files[i]), "%s/%s", lab->folder, names[i]);
    }
    return 0;
}

void lab__folder_close(struct lab *lab)
{
    int folder = -1;

    if (lab->folder[0] != '\0') {
        folder = open(lab->folder, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    }
    if (folder >= 0) {
        empty(folder);
        close(folder);
        (void)rmdir(lab->folder);
    }
    if (lab->folder_lock >= 0) {
        close(lab->folder_lock);
    }
}
