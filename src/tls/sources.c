#include "tls/sources.h"
#include "tls/tls.h"
#include "base/buf.h"
#include "base/mem.h"
#include "base/str.h"

#include <dirent.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#define MAX_BYTES    ((size_t)64 << 20) /* of one source */
#define MAX_FILES    4096               /* of one directory */
#define MAX_ATTEMPTS 5                  /* to read a file while nobody writes it */
#define RETRY_NS     20000000L
#define CLOCK_TICK_S 2 /* the coarsest file time in use, FAT's */

/* Where distributions keep their anchors as one file, and the directory where there is none. */
static const char *const system_files[] = {
    "/etc/ssl/certs/ca-certificates.crt",                /* Debian, Alpine, Gentoo, Arch */
    "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem", /* Fedora, Red Hat */
    "/etc/pki/tls/certs/ca-bundle.crt",                  /* the same, older */
    "/etc/ssl/ca-bundle.pem",                            /* openSUSE */
    "/usr/local/share/certs/ca-root-nss.crt",            /* FreeBSD's port */
    "/etc/ssl/cert.pem",                                 /* FreeBSD, OpenBSD, macOS */
};
#define SYSTEM_DIRECTORY "/etc/ssl/certs"

void anycert__sources_clear(struct anycert__sources *sources)
{
    for (size_t i = 0; i < sources->count; i++) {
        anycert__free(sources->list[i].pem);
        anycert__free(sources->list[i].what);
        anycert__free(sources->list[i].shown);
    }
    for (size_t i = 0; i < sources->watched_count; i++)
        anycert__free(sources->watched[i].path);
    anycert__free(sources->list);
    anycert__free(sources->watched);
    *sources = (struct anycert__sources){0};
}

static int64_t later(int64_t a, int64_t b)
{
    return a > b ? a : b;
}

/* Remembers what a path looked like. */
static int watch(struct anycert__sources *sources, const char *path,
                 const struct anycert__file_stamp *stamp, struct anycert_error *err)
{
    size_t n = sources->watched_count;
    int64_t settled = later(stamp->mtime_s, stamp->ctime_s) + CLOCK_TICK_S;
    struct anycert__watched *watched =
        anycert__realloc(sources->watched, (n + 1) * sizeof *watched);
    char *copy = NULL;

    if (watched == NULL)
        return anycert__fail_nomem(err);
    sources->watched = watched;
    copy = anycert__strdup(path);
    if (copy == NULL)
        return anycert__fail_nomem(err);
    watched[n] = (struct anycert__watched){copy, *stamp};
    sources->watched_count++;
    if (settled >= (int64_t)time(NULL))
        sources->unsettled_until = later(sources->unsettled_until, settled);
    return 0;
}

/* ---- one file */

static void wait_a_moment(void)
{
    struct timespec moment = {0, RETRY_NS};
    nanosleep(&moment, NULL);
}

/* A pipe (as shells make for "<(…)") can be read once and has no state to compare. */
static bool is_stream(const char *path)
{
    struct stat st;
    return stat(path, &st) == 0 && !S_ISREG(st.st_mode) && !S_ISDIR(st.st_mode);
}

/* Reads a file in one state: if it was written meanwhile, again. */
static int read_steady(const char *path, const char *what, char **out, size_t *len,
                       struct anycert__file_stamp *stamp, struct anycert_error *err)
{
    for (int attempt = 0; attempt < MAX_ATTEMPTS; attempt++) {
        struct anycert__file_stamp after;
        if (attempt > 0)
            wait_a_moment();
        anycert__file_stamp(path, stamp);
        if (anycert__file_read(path, MAX_BYTES, ANYCERT_E_ANCHORS, what, out, len, err) != 0)
            return -1;
        anycert__file_stamp(path, &after);
        if (anycert__file_stamp_equal(stamp, &after))
            return 0;
        anycert__free(*out);
        *out = NULL;
    }
    return anycert__fail(err, ANYCERT_E_ANCHORS,
                         "%s '%s' changes while it is read: try again when it is written", what,
                         path);
}

static int read_file(struct anycert__sources *sources, struct anycert__source *source,
                     const char *path, struct anycert_error *err)
{
    struct anycert__file_stamp stamp;
    if (is_stream(path))
        return anycert__file_read(path, MAX_BYTES, ANYCERT_E_ANCHORS, "CA file", &source->pem,
                                  &source->len, err);
    if (read_steady(path, "CA file", &source->pem, &source->len, &stamp, err) != 0)
        return -1;
    return watch(sources, path, &stamp, err);
}

/* ---- a directory */

/* What has been taken from a directory so far. */
struct gathering {
    const char *path;
    char **names;
    size_t count;
    uint8_t (*seen)[32]; /* digests of the contents */
    size_t seen_count;
    size_t first_watched; /* of this directory, in the sources' list */
    struct anycert__buf text;
};

static bool is_wanted(const char *name)
{
    const char *dot = strrchr(name, '.');
    if (dot == NULL || dot == name)
        return false;
    return anycert__str_equal_nocase(dot, ".pem") || anycert__str_equal_nocase(dot, ".crt") ||
           anycert__str_equal_nocase(dot, ".cer") ||
           (dot[1] >= '0' && dot[1] <= '9' && dot[2] == '\0');
}

static int add_name(struct gathering *g, const char *name, struct anycert_error *err)
{
    if (g->count == MAX_FILES)
        return anycert__fail(err, ANYCERT_E_ANCHORS,
                             "CA directory '%s' has more than %d files: put the certificates into "
                             "one file",
                             g->path, MAX_FILES);
    char **names = anycert__realloc(g->names, (g->count + 1) * sizeof *names);
    if (names == NULL)
        return anycert__fail_nomem(err);
    g->names = names;
    names[g->count] = anycert__strdup(name);
    if (names[g->count] == NULL)
        return anycert__fail_nomem(err);
    g->count++;
    return 0;
}

static int by_name(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static int list_names(struct gathering *g, struct anycert_error *err)
{
    DIR *dir = opendir(g->path);
    const struct dirent *entry = NULL;
    int rv = 0;

    if (dir == NULL)
        return anycert__fail_errno(err, ANYCERT_E_ANCHORS, errno,
                                   "CA directory '%s' cannot be read", g->path);
    while (rv == 0 && (entry = readdir(dir)) != NULL) {
        if (is_wanted(entry->d_name))
            rv = add_name(g, entry->d_name, err);
    }
    closedir(dir);
    if (rv == 0 && g->count > 0)
        qsort(g->names, g->count, sizeof *g->names, by_name);
    return rv;
}

static bool is_known_file(const struct anycert__sources *sources, const struct gathering *g,
                          const struct anycert__file_stamp *stamp)
{
    for (size_t i = g->first_watched; i < sources->watched_count; i++) {
        const struct anycert__file_stamp *other = &sources->watched[i].stamp;
        if (other->device == stamp->device && other->inode == stamp->inode)
            return true;
    }
    return false;
}

/* Appends a file's content unless the same content is there. */
static int add_content(struct gathering *g, const char *pem, size_t len, struct anycert_error *err)
{
    uint8_t digest[32];
    if (anycert__sha256(pem, len, digest) != 0)
        return anycert__fail(err, ANYCERT_E_INTERNAL, "OpenSSL does not provide SHA-256");
    for (size_t i = 0; i < g->seen_count; i++) {
        if (memcmp(g->seen[i], digest, sizeof digest) == 0)
            return 0;
    }
    memcpy(g->seen[g->seen_count++], digest, sizeof digest);
    anycert__buf_add(&g->text, pem, len);
    anycert__buf_adds(&g->text, "\n");
    return 0;
}

/* A file that cannot be read is left out, as one that holds no certificate is: directories collect
 * all sorts. */
static int gather_file(struct anycert__sources *sources, struct gathering *g, const char *name,
                       struct anycert_error *err)
{
    struct anycert__file_stamp stamp;
    struct anycert_error ignored = {0};
    struct anycert__buf path;
    char *pem = NULL;
    size_t len = 0;
    int rv = -1;

    anycert__buf_init(&path, 1 << 16);
    if (anycert__buf_addf(&path, "%s/%s", g->path, name) != 0) {
        anycert__fail_nomem(err);
        goto out;
    }
    anycert__file_stamp(path.data, &stamp);
    bool is_link_to_known = stamp.exists && is_known_file(sources, g, &stamp);
    if (watch(sources, path.data, &stamp, err) != 0)
        goto out;
    rv = 0;
    if (!stamp.exists || stamp.is_directory || is_link_to_known || is_stream(path.data))
        goto out;
    if (read_steady(path.data, "CA file", &pem, &len, &stamp, &ignored) != 0) {
        rv = ignored.code == ANYCERT_E_NOMEM ? anycert__fail_nomem(err) : 0;
        goto out;
    }
    sources->watched[sources->watched_count - 1].stamp = stamp;
    rv = add_content(g, pem, len, err);
out:
    anycert__free(pem);
    anycert__buf_free(&path);
    return rv;
}

static int read_directory(struct anycert__sources *sources, struct anycert__source *source,
                          const char *path, struct anycert_error *err)
{
    struct gathering g = {.path = path, .first_watched = sources->watched_count};
    struct anycert__file_stamp stamp;
    int rv = -1;

    anycert__buf_init(&g.text, MAX_BYTES);
    anycert__file_stamp(path, &stamp);
    if (watch(sources, path, &stamp, err) != 0 || list_names(&g, err) != 0)
        goto out;
    g.seen = anycert__calloc(g.count, sizeof *g.seen);
    if (g.seen == NULL) {
        anycert__fail_nomem(err);
        goto out;
    }
    for (size_t i = 0; i < g.count; i++) {
        if (gather_file(sources, &g, g.names[i], err) != 0)
            goto out;
    }
    if (g.text.too_large) {
        anycert__fail(err, ANYCERT_E_ANCHORS, "CA directory '%s' holds more than %zu bytes", path,
                      MAX_BYTES);
        goto out;
    }
    source->len = g.text.len;
    source->pem = anycert__buf_take(&g.text, "CA directory", err);
    rv = source->pem != NULL ? 0 : -1;
out:
    for (size_t i = 0; i < g.count; i++)
        anycert__free(g.names[i]);
    anycert__free(g.names);
    anycert__free(g.seen);
    anycert__buf_free(&g.text);
    return rv;
}

/* ---- putting them together */

/* A text of its own, from a format. */
static int describe(char **out, struct anycert_error *err, const char *format, ...)
    ANYCERT__PRINTF(3, 4);
static int describe(char **out, struct anycert_error *err, const char *format, ...)
{
    char text[8192];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    *out = anycert__strdup(text);
    return *out != NULL ? 0 : anycert__fail_nomem(err);
}

static int read_path(struct anycert__sources *sources, struct anycert__source *source,
                     const char *path, bool is_system, struct anycert_error *err)
{
    struct anycert__file_stamp stamp;
    anycert__file_stamp(path, &stamp);
    if (describe(&source->what, err, "CA %s '%s'", stamp.is_directory ? "directory" : "file",
                 path) != 0 ||
        describe(&source->shown, err, is_system ? "system (%s)" : "%s", path) != 0)
        return -1;
    return stamp.is_directory ? read_directory(sources, source, path, err)
                              : read_file(sources, source, path, err);
}

static int read_system(struct anycert__sources *sources, struct anycert__source *source,
                       struct anycert_error *err)
{
    struct anycert__file_stamp stamp;
    const char *found = NULL;
    for (size_t i = 0; found == NULL && i < sizeof system_files / sizeof system_files[0]; i++) {
        anycert__file_stamp(system_files[i], &stamp);
        if (stamp.exists && !stamp.is_directory)
            found = system_files[i];
    }
    anycert__file_stamp(SYSTEM_DIRECTORY, &stamp);
    if (found == NULL && stamp.is_directory)
        found = SYSTEM_DIRECTORY;
    if (found == NULL)
        return anycert__fail(err, ANYCERT_E_ANCHORS,
                             "this system has no trust anchors in %s or any other usual place: "
                             "install the package ca-certificates, or name a file with ca=PATH",
                             system_files[0]);
    return read_path(sources, source, found, true, err);
}

static int read_memory(struct anycert__source *source, const struct anycert__ca *ca,
                       struct anycert_error *err)
{
    char hex[65];
    for (size_t i = 0; i < 32; i++)
        snprintf(hex + 2 * i, 3, "%02x", ca->digest[i]);
    if (describe(&source->what, err, "the trust anchors sha256:%s", hex) != 0 ||
        describe(&source->shown, err, "sha256:%s", hex) != 0)
        return -1;
    if (ca->pem == NULL)
        return anycert__fail(err, ANYCERT_E_ANCHORS,
                             "%s are known by their digest only: add the certificates themselves "
                             "with anycert_policy_add_ca_pem",
                             source->what);
    source->pem = anycert__memdup(ca->pem, ca->pem_len);
    source->len = ca->pem_len;
    return source->pem != NULL ? 0 : anycert__fail_nomem(err);
}

static int read_one(struct anycert__sources *sources, struct anycert__source *source,
                    const struct anycert__ca *ca, struct anycert_error *err)
{
    switch (ca->kind) {
    case ANYCERT__CA_SYSTEM:
        return read_system(sources, source, err);
    case ANYCERT__CA_PATH:
        return read_path(sources, source, ca->path, false, err);
    case ANYCERT__CA_MEMORY:
        return read_memory(source, ca, err);
    }
    return -1;
}

int anycert__sources_read(const struct anycert__ca *cas, size_t count, struct anycert__sources *out,
                          struct anycert_error *err)
{
    *out = (struct anycert__sources){0};
    out->list = anycert__calloc(count, sizeof *out->list);
    if (out->list == NULL)
        return anycert__fail_nomem(err);
    out->count = count;
    for (size_t i = 0; i < count; i++) {
        if (read_one(out, &out->list[i], &cas[i], err) != 0) {
            anycert__sources_clear(out);
            return -1;
        }
    }
    return 0;
}

bool anycert__sources_unchanged(const struct anycert__sources *sources)
{
    for (size_t i = 0; i < sources->watched_count; i++) {
        struct anycert__file_stamp now;
        anycert__file_stamp(sources->watched[i].path, &now);
        if (!anycert__file_stamp_equal(&now, &sources->watched[i].stamp))
            return false;
    }
    return true;
}

int anycert__sources_digest(const struct anycert__sources *sources, uint8_t out[32])
{
    uint8_t all[ANYCERT__CAS_MAX * 32];
    if (sources->count > ANYCERT__CAS_MAX)
        return -1;
    for (size_t i = 0; i < sources->count; i++) {
        if (anycert__sha256(sources->list[i].pem, sources->list[i].len, all + 32 * i) != 0)
            return -1;
    }
    if (sources->count == 1) {
        memcpy(out, all, 32);
        return 0;
    }
    return anycert__sha256(all, 32 * sources->count, out);
}
