#include "base/error.h"
#include "base/file.h"
#include "base/mem.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

struct fixture {
    char directory[64];
    char path[600];
};

static int setup(void **state)
{
    struct fixture *f = calloc(1, sizeof *f);
    *state = f;
    if (f == NULL)
        return -1;
    snprintf(f->directory, sizeof f->directory, "/tmp/anycert-file-XXXXXX");
    return mkdtemp(f->directory) ? 0 : -1;
}

/* The path of a name in the fixture's directory; valid until the next call. */
static const char *in(struct fixture *f, const char *name)
{
    snprintf(f->path, sizeof f->path, "%s/%s", f->directory, name);
    return f->path;
}

static size_t count_entries(struct fixture *f)
{
    size_t count = 0;
    DIR *d = opendir(f->directory);
    assert_non_null(d);
    for (struct dirent *e = readdir(d); e; e = readdir(d))
        count += strcmp(e->d_name, ".") != 0 && strcmp(e->d_name, "..") != 0;
    closedir(d);
    return count;
}

static int teardown(void **state)
{
    struct fixture *f = *state;
    anycert__mem_fail_from(0);
    chmod(f->directory, 0700);
    DIR *d = opendir(f->directory);
    if (d) {
        for (struct dirent *e = readdir(d); e; e = readdir(d))
            unlinkat(dirfd(d), e->d_name, 0);
        closedir(d);
    }
    rmdir(f->directory);
    free(f);
    return 0;
}

static void put(const char *path, const char *text, mode_t mode)
{
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    assert_true(fputs(text, file) >= 0);
    assert_int_equal(fclose(file), 0);
    assert_int_equal(chmod(path, mode), 0);
}

static void assert_content(const char *path, const char *expected)
{
    char *data;
    size_t len;
    struct anycert_error err = {0};
    if (anycert__file_read(path, 1000000, ANYCERT_E_FILE, "file", &data, &len, &err) != 0)
        fail_msg("%s", err.message);
    assert_string_equal(data, expected);
    anycert__free(data);
}

static int replace(const char *path, const char *text, struct anycert_error *err)
{
    struct anycert__file_writer *w;
    if (anycert__file_writer_open(path, &w, err) != 0)
        return -1;
    int rv = anycert__file_writer_write(w, text, strlen(text), err);
    if (rv == 0)
        rv = anycert__file_writer_commit(w, err);
    anycert__file_writer_free(w);
    return rv;
}

static void read_whole_file_with_limit(void **state)
{
    struct fixture *f = *state;
    const char *path = in(f, "a");
    char *data;
    size_t len;
    struct anycert_error err = {0};
    put(path, "12345", 0600);
    assert_int_equal(anycert__file_read(path, 5, ANYCERT_E_FILE, "thing", &data, &len, &err), 0);
    assert_int_equal(len, 5);
    assert_string_equal(data, "12345");
    anycert__free(data);
    assert_int_equal(anycert__file_read(path, 4, ANYCERT_E_ANCHORS, "thing", &data, &len, &err),
                     -1);
    assert_null(data);
    assert_int_equal(err.code, ANYCERT_E_ANCHORS);
    assert_non_null(strstr(err.message, "thing '/tmp/anycert-file-"));
    assert_non_null(strstr(err.message, "larger than 4 bytes"));
}

static int read_guarded(const char *path, const struct anycert__file_guard *guard,
                        struct anycert_error *err)
{
    char *data = NULL;
    size_t len = 0;
    anycert__error_clear(err);
    int rv =
        anycert__file_read_guarded(path, guard, 100, ANYCERT_E_FILE, "thing", &data, &len, err);
    assert_true(rv == 0 ? len == 5 && strcmp(data, "12345") == 0 : data == NULL && len == 0);
    anycert__free(data);
    return rv;
}

static void read_guarded_asks_who_may_write(void **state)
{
    struct fixture *f = *state;
    const struct anycert__file_guard own = {.owner = geteuid()}, other = {.owner = geteuid() + 1};
    static const struct {
        mode_t mode;
        bool own;
    } rows[] = {{0600, true}, {0644, true}, {0602, false}, {0666, false}};
    struct anycert_error err = {0};
    const char *path = in(f, "a");
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        put(path, "12345", rows[i].mode);
        assert_int_equal(read_guarded(path, &own, &err), rows[i].own ? 0 : -1);
        assert_true(rows[i].own || strstr(err.message, "chmod go-w"));
        if (geteuid() != 0) { /* whose files everybody may have */
            assert_int_equal(read_guarded(path, &other, &err), -1);
            assert_non_null(strstr(err.message, "belongs to user"));
        }
    }
    assert_int_equal(read_guarded("/dev/null", &own, &err), -1);
    assert_non_null(strstr(err.message, "not a regular file"));
    assert_int_equal(read_guarded(in(f, "absent"), &own, &err), -1);
    assert_int_equal(err.os_errno, ENOENT);
}

static void read_large_and_streams(void **state)
{
    struct fixture *f = *state;
    char *big = malloc(300001), *data;
    size_t len;
    memset(big, 'x', 300000);
    big[300000] = '\0';
    put(in(f, "big"), big, 0600);
    assert_content(f->path, big);
    free(big);
    /* Says that its size is 0, and still has content. */
    assert_int_equal(
        anycert__file_read("/proc/self/status", 100000, ANYCERT_E_FILE, "file", &data, &len, NULL),
        0);
    assert_true(len > 100);
    anycert__free(data);
    assert_int_equal(
        anycert__file_read("/dev/zero", 100000, ANYCERT_E_FILE, "file", &data, &len, NULL), -1);
}

static void read_what_cannot_be_read_fails(void **state)
{
    struct fixture *f = *state;
    char *data;
    size_t len;
    struct anycert_error err = {0};
    assert_int_equal(
        anycert__file_read(in(f, "no\nne"), 9, ANYCERT_E_FILE, "file", &data, &len, &err), -1);
    assert_int_equal(err.os_errno, ENOENT);
    assert_non_null(strstr(err.message, "no\\x0ane"));
    anycert__error_clear(&err);
    assert_int_equal(anycert__file_read(f->directory, 9, ANYCERT_E_FILE, "file", &data, &len, &err),
                     -1);
    assert_non_null(strstr(err.message, "is a directory"));
}

static void read_without_memory_fails(void **state)
{
    struct fixture *f = *state;
    char *data;
    size_t len;
    struct anycert_error err = {0};
    put(in(f, "a"), "12345", 0600);
    anycert__mem_fail_from(1);
    assert_int_equal(anycert__file_read(f->path, 9, ANYCERT_E_FILE, "file", &data, &len, &err), -1);
    assert_int_equal(err.code, ANYCERT_E_NOMEM);
}

static void stamp_tells_states_apart(void **state)
{
    struct fixture *f = *state;
    struct anycert__file_stamp none, zero, a, b, dir;
    memset(&zero, 0, sizeof zero);
    anycert__file_stamp(in(f, "a"), &none);
    assert_true(anycert__file_stamp_equal(&none, &zero));
    put(f->path, "one", 0600);
    anycert__file_stamp(f->path, &a);
    anycert__file_stamp(f->path, &b);
    assert_true(a.exists && !a.is_directory);
    assert_true(anycert__file_stamp_equal(&a, &b));
    assert_false(anycert__file_stamp_equal(&a, &none));
    assert_int_equal(replace(f->path, "two", NULL), 0);
    anycert__file_stamp(f->path, &b);
    assert_false(anycert__file_stamp_equal(&a, &b));
    anycert__file_stamp(f->directory, &dir);
    assert_true(dir.is_directory);
}

static void writer_new_file_gets_mode_less_umask(void **state)
{
    struct fixture *f = *state;
    struct stat st;
    mode_t old = umask(027);
    assert_int_equal(replace(in(f, "new"), "hello", NULL), 0);
    umask(old);
    assert_content(f->path, "hello");
    assert_int_equal(stat(f->path, &st), 0);
    assert_int_equal(st.st_mode & 07777, 0640);
    assert_int_equal(count_entries(f), 1);
}

static void writer_existing_file_keeps_mode(void **state)
{
    struct fixture *f = *state;
    struct stat st;
    put(in(f, "old"), "before", 0604);
    assert_int_equal(replace(f->path, "after", NULL), 0);
    assert_content(f->path, "after");
    assert_int_equal(stat(f->path, &st), 0);
    assert_int_equal(st.st_mode & 07777, 0604);
}

static void writer_aborted_leaves_the_old_file(void **state)
{
    struct fixture *f = *state;
    struct anycert__file_writer *w;
    put(in(f, "old"), "before", 0600);
    assert_int_equal(anycert__file_writer_open(f->path, &w, NULL), 0);
    assert_int_equal(anycert__file_writer_write(w, "half", 4, NULL), 0);
    assert_int_equal(count_entries(f), 2);
    assert_content(f->path, "before");
    anycert__file_writer_free(w);
    assert_content(f->path, "before");
    assert_int_equal(count_entries(f), 1);
    anycert__file_writer_free(NULL);
}

static void writer_through_link_keeps_the_link(void **state)
{
    struct fixture *f = *state;
    char target[600], text[8];
    snprintf(target, sizeof target, "%s", in(f, "target"));
    put(target, "before", 0600);
    assert_int_equal(symlink("target", in(f, "link")), 0);
    assert_int_equal(replace(f->path, "after", NULL), 0);
    assert_int_equal(readlink(f->path, text, sizeof text), 6);
    assert_content(target, "after");
}

static void writer_link_to_nothing_fails(void **state)
{
    struct fixture *f = *state;
    struct anycert_error err = {0};
    assert_int_equal(symlink("nowhere", in(f, "link")), 0);
    assert_int_equal(replace(f->path, "x", &err), -1);
    assert_int_equal(err.code, ANYCERT_E_FILE);
    assert_non_null(strstr(err.message, "symbolic link to nothing"));
}

static void writer_longest_name_works(void **state)
{
    struct fixture *f = *state;
    char name[256];
    memset(name, 'n', 255);
    name[255] = '\0';
    assert_int_equal(replace(in(f, name), "x", NULL), 0);
    assert_content(f->path, "x");
    name[254] = '\0';
    struct anycert_error err = {0};
    char too_long[300];
    memset(too_long, 'n', 256);
    too_long[256] = '\0';
    assert_int_equal(replace(in(f, too_long), "x", &err), -1);
    assert_int_equal(err.os_errno, ENAMETOOLONG);
}

static void writer_relative_name_works(void **state)
{
    struct fixture *f = *state;
    int here = open(".", O_RDONLY | O_DIRECTORY);
    assert_true(here >= 0);
    assert_int_equal(chdir(f->directory), 0);
    int rv = replace("plain", "x", NULL);
    assert_int_equal(fchdir(here), 0);
    close(here);
    assert_int_equal(rv, 0);
    assert_content(in(f, "plain"), "x");
}

static void writer_impossible_names_fail(void **state)
{
    struct fixture *f = *state;
    struct anycert__file_writer *w;
    struct anycert_error err = {0};
    assert_int_equal(anycert__file_writer_open("", &w, &err), -1);
    assert_null(w);
    anycert__error_clear(&err);
    assert_int_equal(anycert__file_writer_open(f->directory, &w, &err), -1);
    assert_non_null(strstr(err.message, "is a directory"));
    anycert__error_clear(&err);
    assert_int_equal(anycert__file_writer_open(in(f, "no/file"), &w, &err), -1);
    assert_int_equal(err.os_errno, ENOENT);
    anycert__error_clear(&err);
    assert_int_equal(anycert__file_writer_open(in(f, "none/"), &w, &err), -1);
    assert_int_equal(err.code, ANYCERT_E_FILE);
    assert_int_equal(count_entries(f), 0);
}

static void writer_device_is_written_directly(void **state)
{
    (void)state;
    struct anycert_error err = {0};
    assert_int_equal(replace("/dev/null", "x", &err), 0);
    struct stat st;
    assert_int_equal(stat("/dev/null", &st), 0);
    assert_true(S_ISCHR(st.st_mode));
    assert_int_equal(replace("/dev/full", "x", &err), -1);
    assert_int_equal(err.code, ANYCERT_E_FILE);
    assert_int_equal(err.os_errno, ENOSPC);
    assert_non_null(strstr(err.message, "'/dev/full'"));
}

static void writer_open_stream_is_appended_to(void **state)
{
    struct fixture *f = *state;
    put(in(f, "log"), "before ", 0600);
    int fd = open(f->path, O_RDWR);
    assert_true(fd >= 0);
    char name[40];
    snprintf(name, sizeof name, "/dev/fd/%d", fd);
    assert_int_equal(replace(name, "after", NULL), 0);
    close(fd);
    assert_content(f->path, "before after");
    assert_int_equal(count_entries(f), 1);
}

static void writer_after_a_failed_write_does_not_commit(void **state)
{
    (void)state;
    struct anycert__file_writer *w;
    struct anycert_error err = {0};
    assert_int_equal(anycert__file_writer_open("/dev/full", &w, &err), 0);
    assert_int_equal(anycert__file_writer_write(w, "x", 1, &err), -1);
    anycert__error_clear(&err);
    assert_int_equal(anycert__file_writer_commit(w, &err), -1);
    assert_int_equal(err.code, ANYCERT_E_STATE);
    anycert__error_clear(&err);
    assert_int_equal(anycert__file_writer_write(w, "x", 1, &err), -1);
    assert_int_equal(err.code, ANYCERT_E_STATE);
    anycert__file_writer_free(w);
}

static void writer_that_cannot_rename_leaves_nothing(void **state)
{
    struct fixture *f = *state;
    struct anycert__file_writer *w;
    struct anycert_error err = {0};
    assert_int_equal(anycert__file_writer_open(in(f, "name"), &w, NULL), 0);
    assert_int_equal(mkdir(f->path, 0700), 0);
    assert_int_equal(anycert__file_writer_commit(w, &err), -1);
    assert_int_equal(err.code, ANYCERT_E_FILE);
    assert_int_equal(anycert__file_writer_commit(w, NULL), -1);
    anycert__file_writer_free(w);
    assert_int_equal(count_entries(f), 1);
    assert_int_equal(rmdir(f->path), 0);
}

static void writer_every_failed_allocation_leaves_nothing(void **state)
{
    struct fixture *f = *state;
    put(in(f, "old"), "before", 0600);
    int rv = -1;
    for (unsigned long n = 1; rv != 0; n++) {
        struct anycert_error err = {0};
        assert_true(n < 50);
        assert_content(f->path, "before");
        anycert__mem_fail_from(n);
        rv = replace(f->path, "after", &err);
        anycert__mem_fail_from(0);
        assert_int_equal(count_entries(f), 1);
        assert_int_equal(err.code, rv == 0 ? 0 : ANYCERT_E_NOMEM);
    }
    assert_content(f->path, "after");
}

int main(void)
{
#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        CASE(read_whole_file_with_limit),
        CASE(read_guarded_asks_who_may_write),
        CASE(read_large_and_streams),
        CASE(read_what_cannot_be_read_fails),
        CASE(read_without_memory_fails),
        CASE(stamp_tells_states_apart),
        CASE(writer_new_file_gets_mode_less_umask),
        CASE(writer_existing_file_keeps_mode),
        CASE(writer_aborted_leaves_the_old_file),
        CASE(writer_through_link_keeps_the_link),
        CASE(writer_link_to_nothing_fails),
        CASE(writer_longest_name_works),
        CASE(writer_relative_name_works),
        CASE(writer_impossible_names_fail),
        CASE(writer_device_is_written_directly),
        CASE(writer_open_stream_is_appended_to),
        CASE(writer_after_a_failed_write_does_not_commit),
        CASE(writer_that_cannot_rename_leaves_nothing),
        CASE(writer_every_failed_allocation_leaves_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
