#include "support/trust_place.h"

#include "base/mem.h"

#include <dirent.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

int store_setup(void **state)
{
    struct store_place *f = calloc(1, sizeof *f);
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

int store_teardown(void **state)
{
    struct store_place *f = *state;
    anycert__mem_fail_from(0);
    (void)chmod(f->folder, 0700);
    empty_folder(f->folder);
    free(f);
    return 0;
}

void store_put(const char *path, const char *text)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, text, strlen(text)), (ssize_t)strlen(text));
    close(fd);
}

void store_get(const char *path, char *out, size_t size)
{
    int fd = open(path, O_RDONLY);
    assert_true(fd >= 0);
    ssize_t n = read(fd, out, size - 1);
    assert_true(n >= 0);
    out[n] = '\0';
    close(fd);
}

struct anycert_trust_store *store_open(struct store_place *f)
{
    struct anycert_error err = {0};
    struct anycert_trust_store *store = anycert_trust_store_open(f->path, &err);
    if (store == NULL)
        fail_msg("%s", err.message);
    return store;
}

void store_is_refused(struct store_place *f, const char *says)
{
    struct anycert_error err = {0};
    struct anycert_trust_store *store = anycert_trust_store_open(f->path, &err);
    assert_null(store);
    assert_int_equal(err.code, ANYCERT_E_TRUST_STORE);
    if (strstr(err.message, says) == NULL)
        fail_msg("'%s' does not say '%s'", err.message, says);
}

void store_add(struct anycert_trust_store *store, const char *host, uint16_t port, const char *pins)
{
    struct anycert_error err = {0};
    if (anycert_trust_store_add(store, host, port, pins, NULL, &err) != 0)
        fail_msg("%s", err.message);
}

/* "pin PINS", "ca" or "none". */
const char *store_says(struct anycert_trust_store *store, const char *host, uint16_t port)
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
