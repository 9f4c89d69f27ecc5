#include "client/internal.h"

#include <anycert/json.h>

#include "base/error.h"
#include "base/mem.h"

#include <yyjson.h>

#include <stdatomic.h>
#include <string.h>

struct anycert_json {
    yyjson_doc *doc;
    atomic_uint refs;
};

static const yyjson_val *inner(const struct anycert_json_value *value)
{
    return (const yyjson_val *)value;
}

/* yyjson's getters take what they do not change as non-const. */
static yyjson_val *unconst(const struct anycert_json_value *value)
{
    union {
        const yyjson_val *in;
        yyjson_val *out;
    } u = {.in = inner(value)};
    return u.out;
}

static void *json_malloc(void *ctx, size_t size)
{
    (void)ctx;
    return anycert__malloc(size);
}

static void *json_realloc(void *ctx, void *old, size_t old_size, size_t size)
{
    (void)ctx;
    (void)old_size;
    return anycert__realloc(old, size);
}

static void json_free(void *ctx, void *p)
{
    (void)ctx;
    anycert__free(p);
}

static const yyjson_alc allocator = {json_malloc, json_realloc, json_free, NULL};

static char *unconst_text(const char *text)
{
    union {
        const char *in;
        char *out;
    } u = {.in = text};
    return u.out;
}

struct anycert_json *anycert_json_parse(const char *text, size_t len, struct anycert_error *err)
{
    struct anycert_json *json = anycert__calloc(1, sizeof *json);
    yyjson_read_err why = {0};

    if (!json) {
        anycert__fail_nomem(err);
        return NULL;
    }
    /* Without YYJSON_READ_INSITU the text is only read. */
    json->doc = yyjson_read_opts(unconst_text(text ? text : ""), len, 0, &allocator, &why);
    atomic_init(&json->refs, 1);
    if (json->doc)
        return json;
    if (why.code == YYJSON_READ_ERROR_MEMORY_ALLOCATION)
        anycert__fail_nomem(err);
    else
        anycert__fail(err, ANYCERT_E_BODY_JSON, "the body is not valid JSON: %s at byte %zu",
                      len == 0  ? "it is empty"
                      : why.msg ? why.msg
                                : "error",
                      why.pos);
    anycert__free(json);
    return NULL;
}

struct anycert_json *anycert_response_json(const struct anycert_response *response,
                                           struct anycert_error *err)
{
    size_t len = 0;
    const char *text = anycert_response_body(response, &len);

    if (response->json)
        return anycert__json_ref(response->json);
    return anycert_json_parse(text, len, err);
}

struct anycert_json *anycert__json_ref(struct anycert_json *json)
{
    if (json)
        atomic_fetch_add(&json->refs, 1);
    return json;
}

void anycert_json_free(struct anycert_json *json)
{
    if (!json || atomic_fetch_sub(&json->refs, 1) > 1)
        return;
    yyjson_doc_free(json->doc);
    anycert__free(json);
}

const struct anycert_json_value *anycert_json_root(const struct anycert_json *json)
{
    return json ? (const struct anycert_json_value *)yyjson_doc_get_root(json->doc) : NULL;
}

const struct anycert_json_value *anycert_json_get(const struct anycert_json_value *value,
                                                  const char *pointer)
{
    return (const struct anycert_json_value *)yyjson_ptr_get(unconst(value), pointer);
}

enum anycert_json_type anycert_json_type(const struct anycert_json_value *value)
{
    switch (yyjson_get_type(unconst(value))) {
    case YYJSON_TYPE_NULL:
        return ANYCERT_JSON_NULL;
    case YYJSON_TYPE_BOOL:
        return ANYCERT_JSON_BOOL;
    case YYJSON_TYPE_NUM:
        return ANYCERT_JSON_NUMBER;
    case YYJSON_TYPE_STR:
        return ANYCERT_JSON_STRING;
    case YYJSON_TYPE_ARR:
        return ANYCERT_JSON_ARRAY;
    case YYJSON_TYPE_OBJ:
        return ANYCERT_JSON_OBJECT;
    default:
        return ANYCERT_JSON_NONE;
    }
}

size_t anycert_json_size(const struct anycert_json_value *value)
{
    yyjson_val *v = unconst(value);

    return yyjson_is_arr(v) ? yyjson_arr_size(v) : yyjson_is_obj(v) ? yyjson_obj_size(v) : 0;
}

const char *anycert_json_string(const struct anycert_json_value *value, size_t *len)
{
    yyjson_val *v = unconst(value);

    if (len)
        *len = yyjson_get_len(v);
    if (yyjson_is_str(v))
        return yyjson_get_str(v);
    if (len)
        *len = 0;
    return NULL;
}

int anycert_json_int(const struct anycert_json_value *value, int64_t *out)
{
    yyjson_val *v = unconst(value);

    *out = 0;
    if (yyjson_is_uint(v) && yyjson_get_uint(v) <= INT64_MAX)
        *out = (int64_t)yyjson_get_uint(v);
    else if (yyjson_is_sint(v))
        *out = yyjson_get_sint(v);
    else
        return -1;
    return 0;
}

int anycert_json_double(const struct anycert_json_value *value, double *out)
{
    *out = 0;
    if (!yyjson_is_num(unconst(value)))
        return -1;
    *out = yyjson_get_num(unconst(value));
    return 0;
}

int anycert_json_bool(const struct anycert_json_value *value)
{
    yyjson_val *v = unconst(value);

    return yyjson_is_bool(v) ? (yyjson_get_bool(v) ? 1 : 0) : -1;
}
