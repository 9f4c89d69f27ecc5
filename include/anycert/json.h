/* json.h — reading a JSON body. A thin, read-only view; the parser is yyjson.
 *
 * Threads: immutable after parsing; may be shared. */
#ifndef ANYCERT_JSON_H
#define ANYCERT_JSON_H

#include <stddef.h>
#include <stdint.h>

#include <anycert/client.h>
#include <anycert/error.h>

#ifdef __cplusplus
extern "C" {
#endif

/* A document. */
struct anycert_json;

/* A value inside a document; borrowed until the document is freed. */
struct anycert_json_value;

/* What a value is. */
enum anycert_json_type {
    ANYCERT_JSON_NONE = 0,   /* no such value */
    ANYCERT_JSON_NULL = 1,   /* null */
    ANYCERT_JSON_BOOL = 2,   /* true or false */
    ANYCERT_JSON_NUMBER = 3, /* an integer or a real number */
    ANYCERT_JSON_STRING = 4, /* a string */
    ANYCERT_JSON_ARRAY = 5,  /* elements in order */
    ANYCERT_JSON_OBJECT = 6  /* members with names */
};

/* Parses text (RFC 8259, UTF-8, no comments, no trailing commas). NULL with BODY_JSON (and where it
 * goes wrong), or NOMEM. Free with anycert_json_free. */
ANYCERT_API ANYCERT_NODISCARD struct anycert_json *anycert_json_parse(const char *text, size_t len,
                                                                      struct anycert_error *err);
/* The response's body in memory, parsed; whatever the status and Content-Type. Taken too is what
 * Python takes: NaN, Infinity and -Infinity; bytes that are not UTF-8 and escapes of lone
 * surrogates become U+FFFD. So are a byte order mark, which is left out, UTF-16 and UTF-32, and
 * charsets that Content-Type names. Places in messages count bytes of the text as UTF-8. The
 * document stands for itself and may outlive the response. NULL as anycert_json_parse. Free with
 * anycert_json_free. */
ANYCERT_API ANYCERT_NODISCARD struct anycert_json *
anycert_response_json(const struct anycert_response *response, struct anycert_error *err);
/* Frees the document with all its values. NULL is a no-op. */
ANYCERT_API void anycert_json_free(struct anycert_json *json);

/* The outermost value. NULL for NULL. */
ANYCERT_API const struct anycert_json_value *anycert_json_root(const struct anycert_json *json);
/* The value at a JSON Pointer (RFC 6901), such as "/items/0/name"; "" for the value itself. Of
 * several members of one name the last counts. NULL if there is no such value. Here and below value
 * may be NULL, which is no value: look-ups need only the last result checked. */
ANYCERT_API const struct anycert_json_value *
anycert_json_get(const struct anycert_json_value *value, const char *pointer);
/* What the value is; NONE for NULL. */
ANYCERT_API enum anycert_json_type anycert_json_type(const struct anycert_json_value *value);
/* Members (each of those with the same name) or elements; 0 for other types. */
ANYCERT_API size_t anycert_json_size(const struct anycert_json_value *value);
/* The string and its length in bytes (it may hold NUL); NULL for other types. */
ANYCERT_API const char *anycert_json_string(const struct anycert_json_value *value, size_t *len);
/* An integer. 0, or -1 (and *out is 0) if the value is no number or no integer that fits; 1.0 is no
 * integer. */
ANYCERT_API int anycert_json_int(const struct anycert_json_value *value, int64_t *out);
/* The same for integers from 0 up to UINT64_MAX. */
ANYCERT_API int anycert_json_uint(const struct anycert_json_value *value, uint64_t *out);
/* A number, integer or not, as near as a double comes; infinite beyond its range. 0, or -1 (and
 * *out is 0) if the value is none. */
ANYCERT_API int anycert_json_double(const struct anycert_json_value *value, double *out);
/* The number as it stands in the text, and its length, if it is an integer of more than 64 bits or
 * beyond the range of a double; NULL for all other values. len may be NULL. */
ANYCERT_API const char *anycert_json_large(const struct anycert_json_value *value, size_t *len);
/* 1 for true, 0 for false, -1 for other types. */
ANYCERT_API int anycert_json_bool(const struct anycert_json_value *value);

/* Iteration: over all that an array or an object holds, in order.
 *
 *     struct anycert_json_iter iter;
 *     anycert_json_iter_begin(&iter, value);
 *     while ((element = anycert_json_iter_next(&iter, &name)) != NULL) … */

/* Where an iteration stands; the caller's, without anything to free. */
struct anycert_json_iter {
    /* What comes next; ours, as are the other two. */
    const void *next;
    /* How much is left. */
    size_t left;
    /* 1: it has names. */
    int32_t is_object;
    /* Zero. */
    int32_t reserved;
};
/* Stands before the first element or member; before the end for other types and NULL. */
ANYCERT_API void anycert_json_iter_begin(struct anycert_json_iter *iter,
                                         const struct anycert_json_value *value);
/* The next element, or member, whose name goes to *name as a string value (NULL in an array); name
 * may be NULL. Members of the same name all come. NULL behind the last. */
ANYCERT_API const struct anycert_json_value *
anycert_json_iter_next(struct anycert_json_iter *iter, const struct anycert_json_value **name);

#ifdef __cplusplus
}
#endif

#endif
