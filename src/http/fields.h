/* http/fields.h — header fields (RFC 9110 section 5), sent and received. */
#ifndef ANYCERT_HTTP_FIELDS_H
#define ANYCERT_HTTP_FIELDS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"

struct anycert__field {
    char *name;
    char *value;
};
struct anycert__fields {
    struct anycert__field *list;
    size_t count, capacity;
    struct anycert__fields_block *blocks; /* with the names and values */
    bool is_in_block;                     /* the list, while it is short */
};

/* Appends a copy; value may be NULL. 0, or -1 with NOMEM. */
int anycert__fields_add(struct anycert__fields *fields, const char *name, const char *value,
                        struct anycert_error *err);
/* Takes the last one away, wiping its value; there is one. */
void anycert__fields_drop_last(struct anycert__fields *fields);
/* Takes one received line, with or without its line end: a field, or the continuation of the one
 * before (obs-fold, RFC 9112 section 5.2). What is neither is passed over. 0, or -1 with NOMEM. */
int anycert__fields_take_line(struct anycert__fields *fields, const char *line, size_t len,
                              struct anycert_error *err);
/* The nth value of a name, without regard to case; NULL if there is none. */
const char *anycert__fields_get(const struct anycert__fields *fields, const char *name, size_t nth);
/* Takes out every field of that name. */
void anycert__fields_remove(struct anycert__fields *fields, const char *name);
/* Wipes values. */
void anycert__fields_clear(struct anycert__fields *fields);

/* RFC 9110 section 5.6.2: a token, at least one character. */
bool anycert__is_token(const char *s);
/* May be sent as a field: the name a token, the value without control bytes but tab. -1 with
 * HEADER; never quotes the value. */
int anycert__field_check(const char *name, const char *value, struct anycert_error *err);

#endif
