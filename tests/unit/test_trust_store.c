#include "policy/trust_store.h"
#include "tls/tls.h"
#include "base/mem.h"

#include <dirent.h>
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
#include <unistd.h>

#include <cmocka.h>

#define COUNT(a) (sizeof(a) / sizeof(a)[0])
#define PIN_A    "sha256//AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="
#define PIN_B    "sha256//BBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBA="
#define HEADER   "# anycert-trust-store 1\n"
#define TIMES    " 2026-01-31T12:00:00Z 2026-02-28T23:59:59Z first-use"
#define NOW      INT64_C(1790000000)

struct fixture {
    char folder[64];
    char path[128];
};

static int setup(void **state)
{
    struct fixture *f = calloc(1, sizeof *f);
    *state = f;
    if (f == NULL)
        return -1;
    (void)snprintf(f->folder, sizeof f->folder, "/tmp/anycert-trust-XXXXXX");
    if (mkdtemp(f->folder) == NULL)
        return -1;
    (void)snprintf(f->path, sizeof f->path, "%s/trust", f->folder);
    return 0;
}

static void empty_folder(const char *path)
{
    DIR *d = opendir(path);
    if (d == NULL)
        return;
    for (struct dirent *e = readdir(d); e; e = readdir(d)) {
        char name[600];
        if (strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0)
            continue;
        (void)snprintf(name, sizeof name, "%s/%s", path, e->d_name);
        if (unlink(name) != 0)
            empty_folder(name);
    }
    closedir(d);
    rmdir(path);
}

static int teardown(void **state)
{
    struct fixture *f = *state;
    anycert__mem_fail_from(0);
    (void)chmod(f->folder, 0700);
    empty_folder(f->folder);
    free(f);
    return 0;
}

static void put(const char *path, const char *text)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, text, strlen(text)), (ssize_t)strlen(text));
    close(fd);
}

static void get(const char *path, char *out, size_t size)
{
    int fd = open(path, O_RDONLY);
    assert_true(fd >= 0);
    ssize_t n = read(fd, out, size - 1);
    assert_true(n >= 0);
    out[n] = '\0';
    close(fd);
}

static struct anycert_trust_store *open_store(struct fixture *f)
{
    struct anycert_error err = {0};
    struct anycert_trust_store *store = anycert_trust_store_open(f->path, &err);
    if (store == NULL)
        fail_msg("%s", err.message);
    return store;
}

static void refuses_to_open(struct fixture *f, const char *says)
{
    struct anycert_error err = {0};
    struct anycert_trust_store *store = anycert_trust_store_open(f->path, &err);
    assert_null(store);
    assert_int_equal(err.code, ANYCERT_E_TRUST_STORE);
    if (strstr(err.message, says) == NULL)
        fail_msg("'%s' does not say '%s'", err.message, says);
}

static void add(struct anycert_trust_store *store, const char *host, uint16_t port,
                const char *pins)
{
    struct anycert_error err = {0};
    if (anycert_trust_store_add(store, host, port, pins, NULL, &err) != 0)
        fail_msg("%s", err.message);
}

/* "pin PINS", "ca" or "none". */
static const char *says(struct anycert_trust_store *store, const char *host, uint16_t port)
{
    static char text[2000];
    struct anycert_trust_entry *entry = NULL;
    struct anycert_error err = {0};
    int found = anycert_trust_store_find(store, host, port, &entry, &err);
    if (found < 0)
        fail_msg("%s", err.message);
    (void)snprintf(text, sizeof text, "%s",
                   found ? anycert_trust_kind_name(anycert_trust_entry_kind(entry)) : "none");
    for (size_t i = 0; found && i < anycert_trust_entry_pin_count(entry); i++) {
        size_t len = strlen(text);
        (void)snprintf(text + len, sizeof text - len, "%s%s", i ? "," : " ",
                       anycert_trust_entry_pin(entry, i));
    }
    anycert_trust_entry_free(entry);
    return text;
}

/* ---- the format ---- */

static void text_is_read_as_documented(void **state)
{
    struct fixture *f = *state;
    put(f->path,
        HEADER "# a comment\n"
               "\n"
               "nas.example:443 pin " PIN_A TIMES "\n"
               "  [2001:db8::1]:8443  pin " PIN_A "," PIN_B TIMES "  # two keys\n"
               "192.0.2.1:443 ca - 2026-01-31T12:00:00Z 2026-01-31T12:00:00Z added\n"
               "a_b.x1.2com:1 ca - 2026-01-31T12:00:00Z 2026-01-31T12:00:00Z imported #\n");
    struct anycert_trust_store *store = open_store(f);
    struct anycert_trust_list *list = anycert_trust_store_list(store, NULL);
    assert_non_null(list);
    assert_int_equal(anycert_trust_list_count(list), 4);
    const struct anycert_trust_entry *e = anycert_trust_list_at(list, 0);
    assert_string_equal(anycert_trust_entry_host(e), "nas.example");
    assert_int_equal(anycert_trust_entry_port(e), 443);
    assert_int_equal(anycert_trust_entry_kind(e), ANYCERT_TRUST_PIN);
    assert_int_equal(anycert_trust_entry_first_seen(e), 1769860800);
    assert_int_equal(anycert_trust_entry_changed(e), 1772323199);
    assert_int_equal(anycert_trust_entry_source(e), ANYCERT_TRUST_FIRST_USE);
    assert_string_equal(anycert_trust_entry_comment(e), "");
    assert_int_equal(anycert_trust_entry_line(e), 4);
    e = anycert_trust_list_at(list, 1);
    assert_string_equal(anycert_trust_entry_host(e), "2001:db8::1");
    assert_string_equal(anycert_trust_entry_comment(e), "two keys");
    assert_int_equal(anycert_trust_entry_pin_count(e), 2);
    assert_string_equal(anycert_trust_entry_pin(e, 1), PIN_B);
    assert_null(anycert_trust_entry_pin(e, 2));
    assert_null(anycert_trust_list_at(list, 4));
    anycert_trust_list_free(list);
    assert_string_equal(says(store, "NAS.example.", 443), "pin " PIN_A);
    assert_string_equal(says(store, "nas.example", 444), "none");
    assert_string_equal(says(store, "[2001:DB8:0::1]", 8443), "pin " PIN_A "," PIN_B);
    assert_string_equal(says(store, "192.0.2.1", 443), "ca");
    anycert_trust_store_free(store);
}

static void what_is_not_understood_is_an_error_with_its_line(void **state)
{
    struct fixture *f = *state;
    static const struct {
        const char *text, *says;
    } rows[] = {
        {"", "line 1"},
        {"# anycert-trust-store 2\n", "line 1"},
        {"# anycert-trust-store 1", "line 1"},
        {HEADER "nas.example:443 pin " PIN_A TIMES, "line 2: the file ends in the middle"},
        {HEADER "\nnas.example:443 pin " PIN_A "\n", "line 3: it has no two times"},
        {HEADER "nas.example pin " PIN_A TIMES "\n", "line 2: it does not begin with HOST:PORT"},
        {HEADER "nas.example:0 pin " PIN_A TIMES "\n", "line 2"},
        {HEADER "nas.example:65536 pin " PIN_A TIMES "\n", "line 2"},
        {HEADER "*.example:443 pin " PIN_A TIMES "\n", "line 2"},
        {HEADER "192.0.2.0/24:443 pin " PIN_A TIMES "\n", "line 2"},
        {HEADER "NAS.example:443 pin " PIN_A TIMES "\n", "one spelling"},
        {HEADER "nas.example.:443 pin " PIN_A TIMES "\n", "one spelling"},
        {HEADER "nas.example:0443 pin " PIN_A TIMES "\n", "line 2"},
        {HEADER "-nas.example:443 pin " PIN_A TIMES "\n", "line 2"},
        {HEADER "nas..example:443 pin " PIN_A TIMES "\n", "line 2"},
        {HEADER "[2001:DB8::1]:443 pin " PIN_A TIMES "\n", "one spelling"},
        {HEADER "|1|AAAA|BBBB| pin " PIN_A TIMES "\n", "line 2"},
        {HEADER "nas.example:443 Pin " PIN_A TIMES "\n", "neither pin nor ca"},
        {HEADER "nas.example:443 ca " PIN_A TIMES "\n", "'-' has to stand there"},
        {HEADER "nas.example:443 pin -" TIMES "\n", "a pin is not sha256//"},
        {HEADER "nas.example:443 pin " PIN_A "," TIMES "\n", "a pin is not sha256//"},
        {HEADER "nas.example:443 pin " PIN_A "," PIN_A TIMES "\n", "stands twice"},
        {HEADER "nas.example:443 ca - 2026-02-29T12:00:00Z 2026-02-28T23:59:59Z added\n", "times"},
        {HEADER "nas.example:443 ca - 2026-02-28T24:00:00Z 2026-02-28T23:59:59Z added\n", "times"},
        {HEADER "nas.example:443 ca -" TIMES "ly\n", "neither first-use"},
        {HEADER "nas.example:443 ca -" TIMES " comment\n", "no comment"},
        {HEADER "nas.example:443 ca -" TIMES " # \x01\n", "its comment"},
        {HEADER "nas.example:443 ca -" TIMES " # \xff\n", "its comment"},
        {HEADER "nas.example:443 ca -" TIMES "\r\n", "line 2"},
        {HEADER "a.example:443 ca -" TIMES "\nb.example:443 ca -" TIMES
                "\na.example:443 pin " PIN_A TIMES "\n",
         "line 4: its host stands in line 2 already"},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        put(f->path, rows[i].text);
        refuses_to_open(f, rows[i].says);
    }
}

/* Also when it breaks later: what was understood before does not count any more. */
static void store_that_breaks_is_an_error(void **state)
{
    struct fixture *f = *state;
    struct anycert_error err = {0};
    struct anycert_trust_entry *entry = NULL;
    struct anycert_trust_store *store = open_store(f);
    add(store, "nas.example", 443, PIN_A);
    put(f->path, "nonsense\n");
    assert_int_equal(anycert_trust_store_find(store, "nas.example", 443, &entry, &err), -1);
    assert_int_equal(err.code, ANYCERT_E_TRUST_STORE);
    assert_int_equal(anycert_trust_store_add(store, "b.example", 443, PIN_A, NULL, NULL), -1);
    anycert_trust_store_free(store);
}

/* ---- changes ---- */

static void changes_are_written_and_read_again(void **state)
{
    struct fixture *f = *state;
    struct anycert_error err = {0};
    struct anycert_trust_store *store = open_store(f), *other = open_store(f);
    struct anycert_trust_entry *entry = NULL;
    struct stat st;
    assert_string_equal(says(store, "nas.example", 443), "none");
    add(store, "nas.example", 443, PIN_A);
    add(store, "[::1]", 443, NULL);
    assert_string_equal(says(other, "nas.example", 443), "pin " PIN_A);
    assert_string_equal(says(other, "::1", 443), "ca");
    assert_int_equal(stat(f->path, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
    assert_int_equal(
        anycert_trust_store_add(other, "nas.example", 443, PIN_B "," PIN_A, "the new one", &err),
        0);
    assert_int_equal(anycert_trust_store_find(store, "nas.example", 443, &entry, &err), 1);
    assert_string_equal(anycert_trust_entry_comment(entry), "the new one");
    assert_int_equal(anycert_trust_entry_line(entry), 2);
    assert_int_equal(anycert_trust_entry_source(entry), ANYCERT_TRUST_ADDED);
    anycert_trust_entry_free(entry);
    assert_int_equal(anycert_trust_store_remove(store, "nas.example", 443, &err), 1);
    assert_int_equal(anycert_trust_store_remove(store, "nas.example", 443, &err), 0);
    assert_string_equal(says(other, "nas.example", 443), "none");
    assert_string_equal(says(other, "::1", 443), "ca");
    anycert_trust_store_free(store);
    anycert_trust_store_free(other);
}

static void change_keeps_what_the_user_wrote(void **state)
{
    struct fixture *f = *state;
    char text[2000];
    put(f->path, HEADER "# mine\na.example:443 ca -" TIMES "\n\nb.example:443 ca -" TIMES
                        " # b\n# the end\n");
    struct anycert_trust_store *store = open_store(f);
    assert_int_equal(anycert_trust_store_remove(store, "a.example", 443, NULL), 1);
    get(f->path, text, sizeof text);
    assert_string_equal(text, HEADER "# mine\n\nb.example:443 ca -" TIMES " # b\n# the end\n");
    anycert_trust_store_free(store);
}

static void what_is_no_entry_is_not_added(void **state)
{
    struct fixture *f = *state;
    struct anycert_trust_store *store = open_store(f);
    char long_comment[202];
    memset(long_comment, 'x', 201);
    long_comment[201] = '\0';
    const struct {
        const char *host;
        uint16_t port;
        const char *pins, *comment;
    } rows[] = {
        {"", 443, PIN_A, NULL},          {"a b", 443, PIN_A, NULL},
        {"a.example", 0, PIN_A, NULL},   {"*.example", 443, PIN_A, NULL},
        {"a.example", 443, "", NULL},    {"a.example", 443, "sha256//x", NULL},
        {"a.example", 443, PIN_A, "\n"}, {"a.example", 443, PIN_A, long_comment},
        {NULL, 443, PIN_A, NULL},        {"a.example:443", 443, PIN_A, NULL},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct anycert_error err = {0};
        assert_int_equal(anycert_trust_store_add(store, rows[i].host, rows[i].port, rows[i].pins,
                                                 rows[i].comment, &err),
                         -1);
        assert_int_equal(err.code, ANYCERT_E_USAGE);
    }
    assert_int_equal(access(f->path, F_OK), -1);
    anycert_trust_store_free(store);
}

static void record_does_not_overwrite(void **state)
{
    struct fixture *f = *state;
    struct anycert_error err = {0};
    struct anycert_trust_store *store = open_store(f);
    assert_int_equal(anycert__trust_store_record(store, "a.example", 443, PIN_A, false, NOW, &err),
                     0);
    assert_int_equal(anycert__trust_store_record(store, "a.example", 443, PIN_A, false, NOW, &err),
                     0);
    assert_int_equal(anycert__trust_store_record(store, "a.example", 443, PIN_B, false, NOW, &err),
                     -1);
    assert_int_equal(err.code, ANYCERT_E_TRUST_CHANGED);
    anycert__error_clear(&err);
    assert_int_equal(anycert__trust_store_record(store, "a.example", 443, PIN_A, true, NOW, &err),
                     -1);
    assert_int_equal(err.code, ANYCERT_E_TRUST_CHANGED);
    assert_string_equal(says(store, "a.example", 443), "pin " PIN_A);
    anycert__error_clear(&err);
    assert_int_equal(
        anycert__trust_store_record(store, "b.example", 443, PIN_A, false, 1577836799, &err), -1);
    assert_int_equal(err.code, ANYCERT_E_TRUST_STORE);
    assert_non_null(strstr(err.message, "2019-12-31"));
    anycert_trust_store_free(store);
}

/* ---- hashed names ---- */

static void hashed_names_are_found(void **state)
{
    struct fixture *f = *state;
    struct anycert_error err = {0};
    char text[4000];
    size_t count = 0;
    struct anycert_trust_store *store = open_store(f);
    add(store, "nas.example", 443, PIN_A);
    add(store, "192.0.2.1", 8443, NULL);
    assert_int_equal(anycert_trust_store_hash_names(store, &count, &err), 0);
    assert_int_equal(count, 2);
    add(store, "later.example", 443, PIN_B);
    get(f->path, text, sizeof text);
    assert_null(strstr(text, "example"));
    assert_null(strstr(text, "192.0.2.1"));
    assert_string_equal(says(store, "NAS.example", 443), "pin " PIN_A);
    assert_string_equal(says(store, "192.0.2.1", 8443), "ca");
    assert_string_equal(says(store, "192.0.2.1", 443), "none");
    assert_string_equal(says(store, "later.example", 443), "pin " PIN_B);
    add(store, "nas.example", 443, PIN_B);
    assert_string_equal(says(store, "nas.example", 443), "pin " PIN_B);
    assert_int_equal(anycert_trust_store_remove(store, "nas.example", 443, &err), 1);
    assert_string_equal(says(store, "nas.example", 443), "none");
    assert_int_equal(anycert_trust_store_hash_names(store, &count, &err), 0);
    assert_int_equal(count, 0);
    anycert_trust_store_free(store);
}

static void host_that_is_known_by_two_things_is_an_error(void **state)
{
    struct fixture *f = *state;
    struct anycert_error err = {0};
    struct anycert_trust_entry *entry = NULL;
    char text[4000], both[9000];
    size_t count = 0;
    struct anycert_trust_store *store = open_store(f);
    add(store, "nas.example", 443, PIN_A);
    assert_int_equal(anycert_trust_store_hash_names(store, &count, &err), 0);
    get(f->path, text, sizeof text);
    (void)snprintf(both, sizeof both, "%snas.example:443 pin " PIN_B TIMES "\n", text);
    put(f->path, both);
    assert_int_equal(anycert_trust_store_find(store, "nas.example", 443, &entry, &err), -1);
    assert_int_equal(err.code, ANYCERT_E_TRUST_STORE);
    assert_non_null(strstr(err.message, "says two things of nas.example:443"));
    assert_int_equal(anycert_trust_store_remove(store, "nas.example", 443, NULL), 1);
    assert_string_equal(says(store, "nas.example", 443), "none");
    anycert_trust_store_free(store);
}

/* ---- import and export ---- */

static void import_takes_over_what_is_not_there(void **state)
{
    struct fixture *f = *state;
    struct anycert_error err = {0};
    size_t count = 0;
    const char *text =
        HEADER "a.example:443 pin " PIN_A TIMES "\nb.example:443 ca -" TIMES " # b\n";
    struct anycert_trust_store *store = open_store(f);
    struct anycert_trust_entry *entry = NULL;
    add(store, "a.example", 443, PIN_A);
    assert_int_equal(anycert_trust_store_import(store, text, strlen(text), "theirs", &count, &err),
                     0);
    assert_int_equal(count, 1);
    assert_int_equal(anycert_trust_store_find(store, "b.example", 443, &entry, &err), 1);
    assert_int_equal(anycert_trust_entry_source(entry), ANYCERT_TRUST_IMPORTED);
    assert_int_equal(anycert_trust_entry_first_seen(entry), 1769860800);
    assert_string_equal(anycert_trust_entry_comment(entry), "b");
    anycert_trust_entry_free(entry);
    text = HEADER "c.example:443 ca -" TIMES "\na.example:443 pin " PIN_B TIMES "\n";
    assert_int_equal(anycert_trust_store_import(store, text, strlen(text), "theirs", &count, &err),
                     -1);
    assert_int_equal(err.code, ANYCERT_E_TRUST_CHANGED);
    assert_non_null(strstr(err.message, "'theirs' line 3"));
    assert_string_equal(says(store, "c.example", 443), "none");
    anycert__error_clear(&err);
    assert_int_equal(anycert_trust_store_import(store, "x", 1, "theirs", &count, &err), -1);
    assert_int_equal(err.code, ANYCERT_E_TRUST_STORE);
    anycert_trust_store_free(store);
}

static void export_is_what_import_takes(void **state)
{
    struct fixture *f = *state;
    struct anycert_error err = {0};
    size_t count = 0;
    struct anycert_trust_store *store = open_store(f);
    add(store, "a.example", 443, PIN_A);
    add(store, "b.example", 443, NULL);
    assert_int_equal(anycert_trust_store_hash_names(store, &count, &err), 0);
    char *text = anycert_trust_store_export(store, &err);
    assert_non_null(text);
    (void)snprintf(f->path, sizeof f->path, "%s/second", f->folder);
    struct anycert_trust_store *second = open_store(f);
    assert_int_equal(anycert_trust_store_import(second, text, strlen(text), NULL, &count, &err), 0);
    assert_int_equal(count, 2);
    assert_string_equal(says(second, "a.example", 443), "pin " PIN_A);
    assert_string_equal(says(second, "b.example", 443), "ca");
    anycert_free(text);
    anycert_trust_store_free(store);
    anycert_trust_store_free(second);
}

/* ---- the file ---- */

static void files_of_others_are_refused(void **state)
{
    struct fixture *f = *state;
    char other[200];
    struct anycert_trust_store *store = open_store(f);
    add(store, "a.example", 443, PIN_A);
    anycert_trust_store_free(store);

    assert_int_equal(chmod(f->path, 0620), 0);
    refuses_to_open(f, "can be changed by others");
    assert_int_equal(chmod(f->path, 0602), 0);
    refuses_to_open(f, "can be changed by others");
    assert_int_equal(chmod(f->path, 0600), 0);
    assert_int_equal(chmod(f->folder, 0770), 0);
    refuses_to_open(f, "in a folder that others");
    assert_int_equal(chmod(f->folder, 0700), 0);

    (void)snprintf(other, sizeof other, "%s/elsewhere", f->folder);
    assert_int_equal(rename(f->path, other), 0);
    assert_int_equal(symlink(other, f->path), 0);
    refuses_to_open(f, "symbolic link");
    assert_int_equal(unlink(other), 0);
    refuses_to_open(f, "symbolic link");
    assert_int_equal(unlink(f->path), 0);
    assert_int_equal(mkdir(f->path, 0700), 0);
    refuses_to_open(f, "is a directory");
    assert_int_equal(rmdir(f->path), 0);
    assert_int_equal(mkfifo(f->path, 0600), 0);
    refuses_to_open(f, "not a regular file");
    assert_int_equal(unlink(f->path), 0);
    if (geteuid() == 0) {
        put(f->path, HEADER);
        assert_int_equal(chown(f->path, 12345, 12345), 0);
        refuses_to_open(f, "belongs to user 12345");
    }
}

/* What is put in its place while it is in use, too. */
static void link_in_its_place_is_refused(void **state)
{
    struct fixture *f = *state;
    struct anycert_error err = {0};
    struct anycert_trust_entry *entry = NULL;
    char other[200];
    struct anycert_trust_store *store = open_store(f);
    add(store, "a.example", 443, PIN_A);
    (void)snprintf(other, sizeof other, "%s/elsewhere", f->folder);
    put(other, HEADER);
    assert_int_equal(unlink(f->path), 0);
    assert_int_equal(symlink(other, f->path), 0);
    assert_int_equal(anycert_trust_store_find(store, "a.example", 443, &entry, &err), -1);
    assert_int_equal(err.code, ANYCERT_E_TRUST_STORE);
    assert_int_equal(anycert_trust_store_add(store, "b.example", 443, PIN_A, NULL, NULL), -1);
    char text[100];
    get(other, text, sizeof text);
    assert_string_equal(text, HEADER);
    anycert_trust_store_free(store);
}

static void folders_are_made_for_their_user_alone(void **state)
{
    struct fixture *f = *state;
    struct stat st;
    mode_t before = umask(0);
    (void)snprintf(f->path, sizeof f->path, "%s/state/anycert/trust", f->folder);
    struct anycert_trust_store *store = open_store(f);
    assert_string_equal(says(store, "a.example", 443), "none");
    char folder[128];
    (void)snprintf(folder, sizeof folder, "%s/state", f->folder);
    assert_int_equal(access(folder, F_OK), -1); /* reading makes nothing */
    add(store, "a.example", 443, PIN_A);
    (void)umask(before);
    assert_int_equal(stat(folder, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0700);
    assert_int_equal(stat(f->path, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
    anycert_trust_store_free(store);
}

static void folder_of_everybody_is_no_place_for_a_store(void **state)
{
    struct fixture *f = *state;
    struct anycert_error err = {0};
    assert_int_equal(chmod(f->folder, 01777), 0);
    struct anycert_trust_store *store = open_store(f);
    assert_int_equal(anycert_trust_store_add(store, "a.example", 443, PIN_A, NULL, &err), -1);
    assert_int_equal(err.code, ANYCERT_E_TRUST_STORE);
    assert_non_null(strstr(err.message, "folder"));
    assert_int_equal(access(f->path, F_OK), -1);
    anycert_trust_store_free(store);
}

static void read_only_store_is_not_written(void **state)
{
    struct fixture *f = *state;
    struct anycert_error err = {0};
    char lock[200];
    put(f->path, HEADER "a.example:443 pin " PIN_A TIMES "\n");
    struct anycert_trust_store *store = anycert_trust_store_open_read_only(f->path, &err);
    assert_non_null(store);
    assert_string_equal(says(store, "a.example", 443), "pin " PIN_A);
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
    struct fixture *f = *state;
    struct anycert_trust_store *store = open_store(f);
    add(store, "a.example", 443, PIN_A);
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
    assert_string_equal(says(store, "a.example", 443), "pin " PIN_A);
    assert_string_equal(says(store, "b.example", 443), "none");
    anycert_trust_store_free(store);
}

static void want_of_memory_loses_nothing(void **state)
{
    struct fixture *f = *state;
    struct anycert_trust_store *store = open_store(f);
    add(store, "a.example", 443, PIN_A);
    for (unsigned long n = 1; n < 200; n++) {
        struct anycert_error err = {0};
        anycert__mem_fail_from(n);
        int rv = anycert_trust_store_add(store, "b.example", 443, PIN_B, "c", &err);
        anycert__mem_fail_from(0);
        assert_string_equal(says(store, "a.example", 443), "pin " PIN_A);
        if (rv == 0)
            break;
        assert_true(err.code == ANYCERT_E_NOMEM || err.code == ANYCERT_E_TRUST_STORE);
        assert_true(n < 199);
    }
    assert_string_equal(says(store, "b.example", 443), "pin " PIN_B);
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
        rv = anycert__trust_store_record(store, host, 443, PIN_A, false, NOW, &err);
    }
    anycert_trust_store_free(store);
    return rv;
}

static void assert_all_recorded(struct fixture *f)
{
    struct anycert_trust_store *store = open_store(f);
    struct anycert_trust_list *list = anycert_trust_store_list(store, NULL);
    assert_non_null(list);
    assert_int_equal(anycert_trust_list_count(list), WRITERS * EACH);
    anycert_trust_list_free(list);
    anycert_trust_store_free(store);
}

static void processes_that_write_at_once_lose_nothing(void **state)
{
    struct fixture *f = *state;
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
        w->rv = anycert__trust_store_record(w->store, host, 443, PIN_A, false, NOW, NULL);
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
    struct fixture *f = *state;
    struct anycert_trust_store *store = open_store(f);
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

/* A record says in which state of the store it was looked up. */
static void look_up_is_repeated_only_after_a_change(void **state)
{
    struct fixture *f = *state;
    struct anycert_trust_store *store = open_store(f);
    struct anycert__trust_record record = {0};
    add(store, "a.example", 443, PIN_A);
    assert_int_equal(anycert__trust_store_look(store, "a.example", 443, &record, NULL), 0);
    assert_int_equal(record.known, ANYCERT__TRUST_BY_PIN);
    assert_true(anycert__trust_record_has(&record, PIN_A));
    assert_false(anycert__trust_record_has(&record, PIN_B));
    void *pins = record.pins;
    assert_int_equal(anycert__trust_store_look(store, "a.example", 443, &record, NULL), 0);
    assert_ptr_equal(record.pins, pins);
    add(store, "a.example", 443, NULL);
    assert_int_equal(anycert__trust_store_look(store, "a.example", 443, &record, NULL), 0);
    assert_int_equal(record.known, ANYCERT__TRUST_BY_CA);
    assert_int_equal(anycert_trust_store_remove(store, "a.example", 443, NULL), 1);
    assert_int_equal(anycert__trust_store_look(store, "a.example", 443, &record, NULL), 0);
    assert_int_equal(record.known, ANYCERT__TRUST_NEW);
    anycert__trust_record_clear(&record);
    anycert_trust_store_free(store);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(text_is_read_as_documented),
        CASE(what_is_not_understood_is_an_error_with_its_line),
        CASE(store_that_breaks_is_an_error),
        CASE(changes_are_written_and_read_again),
        CASE(change_keeps_what_the_user_wrote),
        CASE(what_is_no_entry_is_not_added),
        CASE(record_does_not_overwrite),
        CASE(hashed_names_are_found),
        CASE(host_that_is_known_by_two_things_is_an_error),
        CASE(import_takes_over_what_is_not_there),
        CASE(export_is_what_import_takes),
        CASE(files_of_others_are_refused),
        CASE(link_in_its_place_is_refused),
        CASE(folders_are_made_for_their_user_alone),
        CASE(folder_of_everybody_is_no_place_for_a_store),
        CASE(read_only_store_is_not_written),
        CASE(full_disk_loses_nothing),
        CASE(want_of_memory_loses_nothing),
        CASE(processes_that_write_at_once_lose_nothing),
        CASE(threads_that_write_at_once_lose_nothing),
        CASE(look_up_is_repeated_only_after_a_change),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
