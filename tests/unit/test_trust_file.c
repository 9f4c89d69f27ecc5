/* The file of a trust store: whose it is, and that nothing of it is lost. */
#include "policy/trust_store.h"
#include "tls/tls.h"
#include "base/mem.h"

#include "support/trust_place.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

/* ---- the file ---- */

static void files_of_others_are_refused(void **state)
{
    struct store_place *f = *state;
    char other[200];
    struct anycert_trust_store *store = store_open(f);
    store_add(store, "a.example", 443, PIN_A);
    anycert_trust_store_free(store);

    assert_int_equal(chmod(f->path, 0620), 0);
    store_is_refused(f, "can be changed by others");
    assert_int_equal(chmod(f->path, 0602), 0);
    store_is_refused(f, "can be changed by others");
    assert_int_equal(chmod(f->path, 0600), 0);
    assert_int_equal(chmod(f->folder, 0770), 0);
    store_is_refused(f, "in a folder that others");
    assert_int_equal(chmod(f->folder, 0700), 0);

    (void)snprintf(other, sizeof other, "%s/elsewhere", f->folder);
    assert_int_equal(rename(f->path, other), 0);
    assert_int_equal(symlink(other, f->path), 0);
    store_is_refused(f, "symbolic link");
    assert_int_equal(unlink(other), 0);
    store_is_refused(f, "symbolic link");
    assert_int_equal(unlink(f->path), 0);
    assert_int_equal(mkdir(f->path, 0700), 0);
    store_is_refused(f, "is a directory");
    assert_int_equal(rmdir(f->path), 0);
    assert_int_equal(mkfifo(f->path, 0600), 0);
    store_is_refused(f, "not a regular file");
    assert_int_equal(unlink(f->path), 0);
    if (geteuid() == 0) {
        store_put(f->path, HEADER);
        assert_int_equal(chown(f->path, 12345, 12345), 0);
        store_is_refused(f, "belongs to user 12345");
    }
}

/* What is put in its place while it is in use, too. */
static void link_in_its_place_is_refused(void **state)
{
    struct store_place *f = *state;
    struct anycert_error err = {0};
    struct anycert_trust_entry *entry = NULL;
    char other[200];
    struct anycert_trust_store *store = store_open(f);
    store_add(store, "a.example", 443, PIN_A);
    (void)snprintf(other, sizeof other, "%s/elsewhere", f->folder);
    store_put(other, HEADER);
    assert_int_equal(unlink(f->path), 0);
    assert_int_equal(symlink(other, f->path), 0);
    assert_int_equal(anycert_trust_store_find(store, "a.example", 443, &entry, &err), -1);
    assert_int_equal(err.code, ANYCERT_E_TRUST_STORE);
    assert_int_equal(anycert_trust_store_add(store, "b.example", 443, PIN_A, NULL, NULL), -1);
    char text[100];
    store_get(other, text, sizeof text);
    assert_string_equal(text, HEADER);
    anycert_trust_store_free(store);
}

static void folders_are_made_for_their_user_alone(void **state)
{
    struct store_place *f = *state;
    struct stat st;
    mode_t before = umask(0);
    (void)snprintf(f->path, sizeof f->path, "%s/state/anycert/trust", f->folder);
    struct anycert_trust_store *store = store_open(f);
    assert_string_equal(store_says(store, "a.example", 443), "none");
    char folder[128];
    (void)snprintf(folder, sizeof folder, "%s/state", f->folder);
    assert_int_equal(access(folder, F_OK), -1); /* reading makes nothing */
    store_add(store, "a.example", 443, PIN_A);
    (void)umask(before);
    assert_int_equal(stat(folder, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0700);
    assert_int_equal(stat(f->path, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
    anycert_trust_store_free(store);
}

static void folder_of_everybody_is_no_place_for_a_store(void **state)
{
    struct store_place *f = *state;
    struct anycert_error err = {0};
    struct anycert_trust_store *store = store_open(f);
    assert_int_equal(chmod(f->folder, 01777), 0);
    /* Nobody is asked about a key that could not be remembered. */
    store_is_refused(f, "put it into a folder of your own");
    assert_int_equal(anycert_trust_store_add(store, "a.example", 443, PIN_A, NULL, &err), -1);
    assert_int_equal(err.code, ANYCERT_E_TRUST_STORE);
    assert_non_null(strstr(err.message, "folder"));
    assert_int_equal(access(f->path, F_OK), -1);
    anycert_trust_store_free(store);
}

static void read_only_store_is_not_written(void **state)
{
    struct store_place *f = *state;
    struct anycert_error err = {0};
    char lock[200];
    store_put(f->path, HEADER "a.example:443 pin " PIN_A TIMES "\n");
    struct anycert_trust_store *store = anycert_trust_store_open_read_only(f->path, &err);
    assert_non_null(store);
    assert_string_equal(store_says(store, "a.example", 443), "pin " PIN_A);
    assert_int_equal(anycert_trust_store_add(store, "b.example", 443, PIN_A, NULL, &err), -1);
    assert_int_equal(err.code, ANYCERT_E_TRUST_STORE);
    assert_non_null(strstr(err.message, "for reading only"));
    (void)snprintf(lock, sizeof lock, "%s.lock", f->path);
    assert_int_equal(access(lock, F_OK), -1);
    anycert_trust_store_free(store);
}

/* A file that cannot grow stands for a full disk: the old one stays as it is. */
static void full_disk_loses_nothing(void **state)
{
    struct store_place *f = *state;
    struct anycert_trust_store *store = store_open(f);
    store_add(store, "a.example", 443, PIN_A);
    pid_t child = fork();
    if (child == 0) {
        struct anycert_error err = {0};
        const struct rlimit none = {16, 16};
        (void)signal(SIGXFSZ, SIG_IGN);
        int good = setrlimit(RLIMIT_FSIZE, &none) == 0 &&
                   anycert_trust_store_add(store, "b.example", 443, PIN_A, NULL, &err) == -1 &&
                   err.code == ANYCERT_E_TRUST_STORE;
        _exit(good ? 0 : 1);
    }
    int status = -1;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
    assert_string_equal(store_says(store, "a.example", 443), "pin " PIN_A);
    assert_string_equal(store_says(store, "b.example", 443), "none");
    anycert_trust_store_free(store);
}

static void want_of_memory_loses_nothing(void **state)
{
    struct store_place *f = *state;
    struct anycert_trust_store *store = store_open(f);
    store_add(store, "a.example", 443, PIN_A);
    for (unsigned long n = 1; n < 200; n++) {
        struct anycert_error err = {0};
        anycert__mem_fail_from(n);
        int rv = anycert_trust_store_add(store, "b.example", 443, PIN_B, "c", &err);
        anycert__mem_fail_from(0);
        assert_string_equal(store_says(store, "a.example", 443), "pin " PIN_A);
        if (rv == 0)
            break;
        assert_true(err.code == ANYCERT_E_NOMEM || err.code == ANYCERT_E_TRUST_STORE);
        assert_true(n < 199);
    }
    assert_string_equal(store_says(store, "b.example", 443), "pin " PIN_B);
    anycert_trust_store_free(store);
}

/* ---- reading again ---- */

#define FAR_FUTURE (INT64_MAX / 2)

/* A time that has not come yet: for as long as the store is open, equal stamps prove nothing. */
static void keep_fresh(const char *path)
{
    const struct timespec times[2] = {{.tv_nsec = UTIME_OMIT}, {.tv_sec = time(NULL) + 100000}};
    assert_int_equal(utimensat(AT_FDCWD, path, times, 0), 0);
}

static void file_that_was_just_written_is_read_ten_times_a_second_at_most(void **state)
{
    struct store_place *f = *state;
    struct anycert_trust_store *store = store_open(f);
    store_add(store, "a.example", 443, PIN_A);
    keep_fresh(f->path);
    assert_string_equal(store_says(store, "a.example", 443), "pin " PIN_A);
    assert_true(store->stamp.is_fresh);
    store->read_us = FAR_FUTURE; /* just now, however slow the machine is */
    assert_string_equal(store_says(store, "a.example", 443), "pin " PIN_A);
    assert_true(store->read_us == FAR_FUTURE);
    store->read_us = 0;
    assert_string_equal(store_says(store, "a.example", 443), "pin " PIN_A);
    assert_true(store->read_us > 0);
    anycert_trust_store_free(store);
}

static void change_that_shows_is_read_at_once(void **state)
{
    struct store_place *f = *state;
    struct anycert_trust_store *store = store_open(f), *other = store_open(f);
    store_add(store, "a.example", 443, PIN_A);
    store->read_us = FAR_FUTURE;
    store_add(other, "a.example", 443, PIN_B); /* of the same length */
    assert_string_equal(store_says(store, "a.example", 443), "pin " PIN_B);
    store->read_us = FAR_FUTURE;
    store_put(f->path, HEADER "b.example:443 ca -" TIMES "\n");
    assert_string_equal(store_says(store, "a.example", 443), "none");
    assert_string_equal(store_says(store, "b.example", 443), "ca");
    anycert_trust_store_free(other);
    anycert_trust_store_free(store);
}

/* Written in place, the same length, in the same tick of the file's clock. */
static void change_that_does_not_show_is_found_the_next_time_it_is_read(void **state)
{
    struct store_place *f = *state;
    store_put(f->path, HEADER "a.example:443 pin " PIN_A TIMES "\n");
    struct anycert_trust_store *store = store_open(f);
    store_put(f->path, HEADER "a.example:443 pin " PIN_B TIMES "\n");
    keep_fresh(f->path);
    anycert__trust_file_stamp(f->path, &store->stamp);
    store->read_us = 0;
    assert_string_equal(store_says(store, "a.example", 443), "pin " PIN_B);
    anycert_trust_store_free(store);
}

/* ---- several at once ---- */

#define WRITERS 4
#define EACH    12

static int record_many(const char *path, unsigned who)
{
    struct anycert_error err = {0};
    struct anycert_trust_store *store = anycert_trust_store_open(path, &err);
    int rv = store ? 0 : -1;
    for (unsigned i = 0; rv == 0 && i < EACH; i++) {
        char host[64];
        (void)snprintf(host, sizeof host, "h%u-%u.example", who, i);
        do
            rv = anycert__trust_store_record(store, host, 443, PIN_A, ANYCERT__LEARNED_KEY, NOW,
                                             &err);
        while (rv == 1);
    }
    anycert_trust_store_free(store);
    return rv;
}

static void assert_all_recorded(struct store_place *f)
{
    struct anycert_trust_store *store = store_open(f);
    struct anycert_trust_list *list = anycert_trust_store_list(store, NULL);
    assert_non_null(list);
    assert_int_equal(anycert_trust_list_count(list), WRITERS * EACH);
    anycert_trust_list_free(list);
    anycert_trust_store_free(store);
}

static void processes_that_write_at_once_lose_nothing(void **state)
{
    struct store_place *f = *state;
    pid_t children[WRITERS];
    for (unsigned i = 0; i < WRITERS; i++) {
        children[i] = fork();
        assert_true(children[i] >= 0);
        if (children[i] == 0)
            _exit(record_many(f->path, i) == 0 ? 0 : 1);
    }
    for (unsigned i = 0; i < WRITERS; i++) {
        int status = -1;
        assert_int_equal(waitpid(children[i], &status, 0), children[i]);
        assert_int_equal(status, 0);
    }
    assert_all_recorded(f);
}

struct writer {
    struct anycert_trust_store *store;
    unsigned who;
    int rv;
};

static void *write_many(void *arg)
{
    struct writer *w = arg;
    for (unsigned i = 0; w->rv == 0 && i < EACH; i++) {
        struct anycert__trust_record record = {0};
        char host[64];
        (void)snprintf(host, sizeof host, "h%u-%u.example", w->who, i);
        do
            w->rv = anycert__trust_store_record(w->store, host, 443, PIN_A, ANYCERT__LEARNED_KEY,
                                                NOW, NULL);
        while (w->rv == 1);
        if (w->rv == 0)
            w->rv = anycert__trust_store_look(w->store, host, 443, &record, NULL);
        if (w->rv == 0 && record.known != ANYCERT__TRUST_BY_PIN)
            w->rv = -1;
        anycert__trust_record_clear(&record);
    }
    return NULL;
}

static void threads_that_write_at_once_lose_nothing(void **state)
{
    struct store_place *f = *state;
    struct anycert_trust_store *store = store_open(f);
    struct writer writers[WRITERS];
    pthread_t threads[WRITERS];
    for (unsigned i = 0; i < WRITERS; i++) {
        writers[i] = (struct writer){store, i, 0};
        assert_int_equal(pthread_create(&threads[i], NULL, write_many, &writers[i]), 0);
    }
    for (unsigned i = 0; i < WRITERS; i++) {
        assert_int_equal(pthread_join(threads[i], NULL), 0);
        assert_int_equal(writers[i].rv, 0);
    }
    anycert_trust_store_free(store);
    assert_all_recorded(f);
}

/* ---- the lock ---- */

/* Another writer, who goes on for some sleeps of those who wait. */
struct other {
    char lock[200];
    int fd;
    unsigned sleeps, ends_at, moves_at;
};

static void other_begins(struct other *other)
{
    other->fd = open(other->lock, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    assert_true(other->fd >= 0);
    assert_int_equal(flock(other->fd, LOCK_EX | LOCK_NB), 0);
}

/* A second a sleep. */
static int64_t other_now_us(void *arg)
{
    return (int64_t)((struct other *)arg)->sleeps * 1000000;
}

static int other_sleep(void *arg, int64_t ms)
{
    struct other *other = arg;
    int before = other->fd;
    (void)ms;
    other->sleeps++;
    if (other->sleeps == other->moves_at) {
        /* Somebody clears up, and a third one begins to write. */
        assert_int_equal(unlink(other->lock), 0);
        other_begins(other);
        close(before);
    }
    if (other->sleeps == other->ends_at) {
        close(other->fd);
        other->fd = -1;
    }
    return 0;
}

static struct anycert_trust_store *store_with(struct store_place *f, struct other *other)
{
    struct anycert_trust_store *store = store_open(f);
    (void)snprintf(other->lock, sizeof other->lock, "%s.lock", f->path);
    other_begins(other);
    store->waiting = (struct anycert__waiting){other_now_us, other_sleep, other};
    return store;
}

static void record_does_not_wait_for_the_lock(void **state)
{
    struct store_place *f = *state;
    struct other other = {.fd = -1};
    struct anycert_error err = {0};
    struct anycert_trust_store *store = store_with(f, &other);
    assert_int_equal(anycert__trust_store_record(store, "a.example", 443, PIN_A,
                                                 ANYCERT__LEARNED_KEY, NOW, &err),
                     1);
    assert_int_equal(other.sleeps, 0);
    assert_string_equal(store_says(store, "a.example", 443), "none");
    close(other.fd);
    assert_int_equal(anycert__trust_store_record(store, "a.example", 443, PIN_A,
                                                 ANYCERT__LEARNED_KEY, NOW, &err),
                     0);
    assert_string_equal(store_says(store, "a.example", 443), "pin " PIN_A);
    anycert_trust_store_free(store);
}

static void change_waits_for_the_lock_ten_seconds(void **state)
{
    struct store_place *f = *state;
    struct other other = {.fd = -1, .ends_at = 5};
    struct anycert_error err = {0};
    struct anycert_trust_store *store = store_with(f, &other);
    store_add(store, "a.example", 443, PIN_A);
    assert_int_equal(other.sleeps, 5);
    other_begins(&other);
    assert_int_equal(anycert_trust_store_add(store, "b.example", 443, PIN_A, NULL, &err), -1);
    assert_int_equal(err.code, ANYCERT_E_TRUST_STORE);
    assert_non_null(strstr(err.message, "ten seconds"));
    assert_int_equal(other.sleeps, 16);
    assert_string_equal(store_says(store, "b.example", 443), "none");
    close(other.fd);
    anycert_trust_store_free(store);
}

/* Who holds the lock of a file that is gone holds none. */
static void lock_of_another_file_does_not_count(void **state)
{
    struct store_place *f = *state;
    struct other other = {.fd = -1, .moves_at = 2, .ends_at = 4};
    struct anycert_trust_store *store = store_with(f, &other);
    store_add(store, "a.example", 443, PIN_A);
    assert_int_equal(other.sleeps, 4);
    anycert_trust_store_free(store);
}

/* A record says in which state of the store it was looked up. */
static void look_up_is_repeated_only_after_a_change(void **state)
{
    struct store_place *f = *state;
    struct anycert_trust_store *store = store_open(f);
    struct anycert__trust_record record = {0};
    store_add(store, "a.example", 443, PIN_A);
    assert_int_equal(anycert__trust_store_look(store, "a.example", 443, &record, NULL), 0);
    assert_int_equal(record.known, ANYCERT__TRUST_BY_PIN);
    assert_true(anycert__trust_record_has(&record, PIN_A));
    assert_false(anycert__trust_record_has(&record, PIN_B));
    void *pins = record.pins;
    assert_int_equal(anycert__trust_store_look(store, "a.example", 443, &record, NULL), 0);
    assert_ptr_equal(record.pins, pins);
    store_add(store, "a.example", 443, NULL);
    assert_int_equal(anycert__trust_store_look(store, "a.example", 443, &record, NULL), 0);
    assert_int_equal(record.known, ANYCERT__TRUST_BY_CA);
    assert_int_equal(anycert_trust_store_remove(store, "a.example", 443, NULL), 1);
    assert_int_equal(anycert__trust_store_look(store, "a.example", 443, &record, NULL), 0);
    assert_int_equal(record.known, ANYCERT__TRUST_NEW);
    anycert__trust_record_clear(&record);
    anycert_trust_store_free(store);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, store_setup, store_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(files_of_others_are_refused),
        CASE(link_in_its_place_is_refused),
        CASE(folders_are_made_for_their_user_alone),
        CASE(folder_of_everybody_is_no_place_for_a_store),
        CASE(read_only_store_is_not_written),
        CASE(full_disk_loses_nothing),
        CASE(want_of_memory_loses_nothing),
        CASE(file_that_was_just_written_is_read_ten_times_a_second_at_most),
        CASE(change_that_shows_is_read_at_once),
        CASE(change_that_does_not_show_is_found_the_next_time_it_is_read),
        CASE(processes_that_write_at_once_lose_nothing),
        CASE(threads_that_write_at_once_lose_nothing),
        CASE(record_does_not_wait_for_the_lock),
        CASE(change_waits_for_the_lock_ten_seconds),
        CASE(lock_of_another_file_does_not_count),
        CASE(look_up_is_repeated_only_after_a_change),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
