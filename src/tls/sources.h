/* tls/sources.h — the texts that trust anchors are read from, and what tells that they have
 * changed. */
#ifndef ANYCERT_TLS_SOURCES_H
#define ANYCERT_TLS_SOURCES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/file.h"
#include "policy/policy.h"

/* One source: the bytes of a file, of a directory's files one after the other, or from memory. */
struct anycert__source {
    char *pem;
    size_t len;
    char *what;  /* for errors: "CA file '/a.pem'" */
    char *shown; /* for reports: "/a.pem", "system (/a.pem)", "sha256:…" */
};

/* A file or directory as it was when it was read. */
struct anycert__watched {
    char *path;
    struct anycert__file_stamp stamp;
};

struct anycert__sources {
    struct anycert__source *list;
    size_t count;
    struct anycert__watched *watched;
    size_t watched_count;
    /* A file that is changed twice within one tick of the file system's clock looks unchanged. So
     * until then (seconds since 1970 UTC) equal stamps prove nothing; 0 if all files were old
     * enough when they were read. */
    int64_t unsettled_until;
};

/* Reads what cas names (at least one). Of a directory every regular file is read, through
 * symbolic links, that ends in .pem, .crt, .cer or a dot and a digit, by order of name and each
 * content once. Whether there are certificates in it is not looked at. -1 with ANCHORS, naming the
 * path, or NOMEM. */
int anycert__sources_read(const struct anycert__ca *cas, size_t count, struct anycert__sources *out,
                          struct anycert_error *err);
void anycert__sources_clear(struct anycert__sources *sources);

/* True if every file and directory has the stamp it had. */
bool anycert__sources_unchanged(const struct anycert__sources *sources);
/* SHA-256 of the only source's bytes, or of the binary SHA-256 values of several, in their order. 0
 * or -1. */
int anycert__sources_digest(const struct anycert__sources *sources, uint8_t out[32]);

#endif
