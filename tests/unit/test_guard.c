/* Who may change a file that decides about trust: looked for on the whole way to it. */
#include "base/file.h"
#include "base/mem.h"

#include "support/trust_place.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#define STRANGER 12345
#define DAEMON   1 /* has a group for itself alone on every system that these tests run on */
#define NOBODY   65534

/* FOLDER/a/b/file */
static char a[100], b[120], file[140];

static int setup(void **state)
{
    if (store_setup(state) != 0)
        return -1;
    struct store_place *f = *state;
    (void)snprintf(a, sizeof a, "%s/a", f->folder);
    (void)snprintf(b, sizeof b, "%s/b", a);
    (void)snprintf(file, sizeof file, "%s/file", b);
    if (mkdir(a, 0755) != 0 || mkdir(b, 0755) != 0)
        return -1;
    store_put(file, "12345");
    return 0;
}

static struct anycert__file_guard own(void)
{
    return (struct anycert__file_guard){.owner = geteuid()};
}

static int read_by(const char *path, const struct anycert__file_guard *guard,
                   struct anycert_error *err)
{
    char *data = NULL;
    size_t len = 0;
    memset(err, 0, sizeof *err);
    int rv =
        anycert__file_read_guarded(path, guard, 100, ANYCERT_E_FILE, "thing", &data, &len, err);
    anycert__free(data);
    return rv;
}

static void assert_read(const char *path)
{
    const struct anycert__file_guard guard = own();
    struct anycert_error err;
    if (read_by(path, &guard, &err) != 0)
        fail_msg("%s", err.message);
}

/* The message has both texts. */
static void assert_refused(const char *path, const char *says, const char *place)
{
    const struct anycert__file_guard guard = own();
    struct anycert_error err;
    char quoted[200];
    (void)snprintf(quoted, sizeof quoted, "'%s'", place);
    if (read_by(path, &guard, &err) == 0)
        fail_msg("%s is read", path);
    if (!strstr(err.message, says) || !strstr(err.message, quoted))
        fail_msg("'%s' does not say '%s' and %s", err.message, says, quoted);
}

static void every_folder_on_the_way_counts(void **state)
{
    struct store_place *f = *state;
    const char *const folders[] = {f->folder, a, b};
    static const mode_t modes[] = {0777, 0757};
    assert_read(file);
    for (size_t i = 0; i < sizeof folders / sizeof folders[0]; i++) {
        for (size_t k = 0; k < sizeof modes / sizeof modes[0]; k++) {
            assert_int_equal(chmod(folders[i], modes[k]), 0);
            assert_refused(file, "in a folder that others can change", folders[i]);
            assert_refused(file, "chmod go-w", folders[i]);
        }
        assert_int_equal(chmod(folders[i], 01777), 0);
        assert_read(file);
        assert_int_equal(chmod(folders[i], 0755), 0);
    }
    assert_int_equal(chmod(file, 0606), 0);
    assert_refused(file, "chmod go-w", file);
}

/* Where files are made beside it, the sticky bit is not enough. */
static void folder_of_ones_own_is_nobody_elses(void **state)
{
    struct anycert__file_guard guard = own();
    struct anycert_error err;
    (void)state;
    guard.own_folder = true;
    assert_int_equal(chmod(a, 01777), 0);
    assert_int_equal(read_by(file, &guard, &err), 0);
    assert_int_equal(chmod(b, 01777), 0);
    assert_int_equal(read_by(file, &guard, &err), -1);
    /* The folder may be /tmp, whose bits are right. */
    assert_non_null(strstr(err.message, "put it into a folder of your own"));
    assert_null(strstr(err.message, "chmod"));
    assert_int_equal(chmod(b, 0777), 0);
    assert_int_equal(read_by(file, &guard, &err), -1);
    assert_non_null(strstr(err.message, "chmod go-w"));
}

static void links_lead_to_folders_that_count(void **state)
{
    struct store_place *f = *state;
    char link[120], path[160];
    (void)snprintf(link, sizeof link, "%s/link", f->folder);
    (void)snprintf(path, sizeof path, "%s/file", link);
    const char *const targets[] = {b, "a/b", "a/../a/./b"};
    for (size_t i = 0; i < sizeof targets / sizeof targets[0]; i++) {
        assert_int_equal(symlink(targets[i], link), 0);
        assert_read(path);
        assert_int_equal(chmod(a, 0777), 0);
        assert_refused(path, "others can change", a);
        assert_int_equal(chmod(a, 0755), 0);
        assert_int_equal(unlink(link), 0);
    }
    /* The file itself may be one, too, unless it is to be replaced. */
    assert_int_equal(symlink("a/b/file", link), 0);
    assert_read(link);
    assert_int_equal(chmod(b, 0777), 0);
    assert_refused(link, "others can change", b);
    assert_int_equal(chmod(b, 0755), 0);
    struct anycert__file_guard guard = own();
    struct anycert_error err;
    guard.no_link = true;
    assert_int_equal(read_by(link, &guard, &err), -1);
    assert_non_null(strstr(err.message, "symbolic link"));
    assert_int_equal(unlink(link), 0);
    assert_int_equal(symlink(link, link), 0);
    memset(&err, 0, sizeof err);
    assert_int_equal(anycert__file_guard_way(path, &guard, ANYCERT_E_FILE, "thing", &err), -1);
    assert_int_equal(err.os_errno, ELOOP);
}

static void way_that_does_not_go_on_is_looked_at_as_far_as_it_goes(void **state)
{
    const struct anycert__file_guard guard = own();
    struct anycert_error err = {0};
    char path[200];
    (void)state;
    (void)snprintf(path, sizeof path, "%s/c/d/e", b);
    assert_int_equal(anycert__file_guard_way(path, &guard, ANYCERT_E_FILE, "thing", &err), 0);
    assert_int_equal(chmod(a, 0777), 0);
    assert_int_equal(anycert__file_guard_way(path, &guard, ANYCERT_E_FILE, "thing", &err), -1);
    assert_non_null(strstr(err.message, a));
}

static void relative_paths_begin_where_one_is(void **state)
{
    char before[4096];
    (void)state;
    assert_non_null(getcwd(before, sizeof before));
    assert_int_equal(chdir(b), 0);
    assert_read("file");
    assert_read("./file");
    assert_read("../b/file");
    assert_int_equal(chmod(a, 0777), 0);
    assert_refused("file", "others can change", a);
    assert_int_equal(chdir(before), 0);
}

static void want_of_memory_is_said(void **state)
{
    const struct anycert__file_guard guard = own();
    struct anycert_error err;
    struct store_place *f = *state;
    char link[120];
    (void)snprintf(link, sizeof link, "%s/link", f->folder);
    assert_int_equal(symlink("a/b/file", link), 0);
    for (unsigned long n = 1;; n++) {
        anycert__mem_fail_from(n);
        int rv = read_by(link, &guard, &err);
        anycert__mem_fail_from(0);
        if (rv == 0)
            break;
        assert_int_equal(err.code, ANYCERT_E_NOMEM);
        assert_true(n < 100);
    }
}

/* ---- whose they are; only root can give files away */

static void assert_stranger(const char *path, const char *place)
{
    assert_int_equal(lchown(place, STRANGER, STRANGER), 0);
    assert_refused(path, "belongs to user 12345", place);
    assert_int_equal(lchown(place, 0, 0), 0);
    assert_read(path);
}

static void folders_links_and_files_of_others_are_refused(void **state)
{
    struct store_place *f = *state;
    char link[120];
    (void)snprintf(link, sizeof link, "%s/link", f->folder);
    assert_int_equal(symlink("a/b/file", link), 0);
    if (geteuid() != 0)
        return;
    assert_stranger(file, f->folder);
    assert_stranger(file, a);
    assert_stranger(file, b);
    assert_stranger(file, file);
    assert_stranger(link, link);
    assert_stranger(link, a);
}

/* A file that its user has named, as of who has the folder that a container sees. */
static void owner_of_a_named_file_may_have_the_way_to_it(void **state)
{
    const struct anycert__file_guard guard = {.owner = geteuid(), .any_owner = true};
    struct anycert_error err;
    (void)state;
    assert_int_equal(read_by(file, &guard, &err), 0);
    if (geteuid() != 0)
        return;
    assert_int_equal(chown(file, STRANGER, STRANGER), 0);
    assert_int_equal(chown(b, STRANGER, STRANGER), 0);
    assert_int_equal(read_by(file, &guard, &err), 0);
    assert_int_equal(chown(a, STRANGER + 1, STRANGER), 0);
    assert_int_equal(read_by(file, &guard, &err), -1);
    assert_non_null(strstr(err.message, "belongs to user 12346"));
}

/* Everything belongs to this user, and he reads; his group may write as well. 0, or the line in
 * which that went wrong. */
static int read_as(uid_t user, gid_t group, bool works)
{
    struct anycert_error err;
    const char *const places[] = {a, b, file};
    if (setgroups(0, NULL) != 0 || setgid(group) != 0 || setuid(user) != 0)
        return __LINE__;
    const struct anycert__file_guard guard = own();
    if (read_by(file, &guard, &err) != 0)
        return __LINE__;
    for (size_t i = 0; i < sizeof places / sizeof places[0]; i++) {
        if (chmod(places[i], 0775) != 0 || (read_by(file, &guard, &err) == 0) != works)
            return __LINE__;
        if (chmod(places[i], 0777) != 0 || read_by(file, &guard, &err) == 0)
            return __LINE__;
        if (chmod(places[i], 0755) != 0)
            return __LINE__;
    }
    return 0;
}

static void group_may_write_if_it_is_private(void **state)
{
    struct store_place *f = *state;
    static const struct {
        uid_t user;
        gid_t group;
        bool works;
    } rows[] = {{DAEMON, DAEMON, true},
                {DAEMON, NOBODY, false},
                {NOBODY, NOBODY, false},
                {STRANGER, STRANGER, false},
                {NOBODY, DAEMON, false}};
    for (size_t i = 0; geteuid() == 0 && i < sizeof rows / sizeof rows[0]; i++) {
        int status = -1;
        assert_int_equal(chown(f->folder, rows[i].user, rows[i].group), 0);
        assert_int_equal(chown(a, rows[i].user, rows[i].group), 0);
        assert_int_equal(chown(b, rows[i].user, rows[i].group), 0);
        assert_int_equal(chown(file, rows[i].user, rows[i].group), 0);
        pid_t child = fork();
        assert_true(child >= 0);
        if (child == 0) {
            int line = read_as(rows[i].user, rows[i].group, rows[i].works);
            if (line)
                (void)fprintf(stderr, "row %zu, line %d\n", i, line);
            _exit(line != 0);
        }
        assert_int_equal(waitpid(child, &status, 0), child);
        assert_int_equal(status, 0);
    }
    /* Root has none. */
    if (geteuid() == 0) {
        assert_int_equal(chown(f->folder, 0, 0), 0);
        assert_int_equal(chown(a, 0, 0), 0);
        assert_int_equal(chown(b, 0, 0), 0);
        assert_int_equal(chown(file, 0, 0), 0);
        assert_read(file);
        assert_int_equal(chmod(file, 0664), 0);
        assert_refused(file, "chmod go-w", file);
    }
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, store_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(every_folder_on_the_way_counts),
        CASE(folder_of_ones_own_is_nobody_elses),
        CASE(links_lead_to_folders_that_count),
        CASE(way_that_does_not_go_on_is_looked_at_as_far_as_it_goes),
        CASE(relative_paths_begin_where_one_is),
        CASE(want_of_memory_is_said),
        CASE(folders_links_and_files_of_others_are_refused),
        CASE(owner_of_a_named_file_may_have_the_way_to_it),
        CASE(group_may_write_if_it_is_private),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
