/* http/body.h — what is sent behind a request's header. */
#ifndef ANYCERT_HTTP_BODY_H
#define ANYCERT_HTTP_BODY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <anycert/client.h>

#include "base/error.h"
#include "http/fields.h"

enum anycert__body_kind {
    ANYCERT__BODY_NONE = 0, /* no body at all, as against an empty one */
    ANYCERT__BODY_BYTES,    /* bytes in memory */
    ANYCERT__BODY_FILE,     /* the file at path, opened for each exchange */
    ANYCERT__BODY_SOURCE,   /* what the caller's callback gives */
    ANYCERT__BODY_PARTS     /* multipart/form-data (RFC 7578) */
};

/* A body, or a part of one, that a callback gives. For one exchange at a time. */
struct anycert__source {
    anycert_read_callback *read;
    anycert_rewind_callback *rewind; /* NULL: it can be read once */
    void *arg;
    int64_t size; /* -1: not known */
    bool begun;   /* something was read since it was new or rewound */
};

/* One part of a form. */
struct anycert__part {
    char *name;     /* without control characters, as is the next */
    char *filename; /* NULL: a field, not a file */
    char *type;     /* its Content-Type; NULL: none is sent */
    char *bytes;
    size_t len;
    char *path;                     /* instead of bytes: a file, opened for each exchange */
    struct anycert__source *source; /* instead of either */
    struct anycert__fields headers; /* beside those of name, file name and type */
};

/* An all-zero one is of the kind NONE. Every pointer is its own; those that do not belong to the
 * kind are not looked at. */
struct anycert__body {
    enum anycert__body_kind kind;
    const char *type; /* static; the Content-Type where the request's fields have none. NULL: none
                         is sent. Not for PARTS, which always have theirs */
    char *bytes;
    size_t len;
    char *path;
    struct anycert__source *source;
    struct anycert__part *parts;
    size_t part_count;
};

/* 0 if the body can be sent (again) from its beginning; else -1 with code, and a sentence that
 * begins with why: "https://a.example:443 redirects, but …". NULL can always be sent again. */
int anycert__body_check_again(const struct anycert__body *body, int code, const char *why,
                              struct anycert_error *err);

/* The same as a question. */
bool anycert__body_repeats(const struct anycert__body *body);

/* Puts an empty part of that name where at parts are before it, and gives it to be filled in; NULL
 * with NOMEM. */
struct anycert__part *anycert__body_add_part(struct anycert__body *body, size_t at,
                                             const char *name, struct anycert_error *err);

/* Frees what it has, wiping bytes; it is of the kind NONE then. */
void anycert__body_clear(struct anycert__body *body);

#endif
