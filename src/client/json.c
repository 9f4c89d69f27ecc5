#include "client/internal.h"

#include <anycert/json.h>

#include "base/charset.h"
#include "base/error.h"
#include "base/mem.h"
#include "base/str.h"
#include "client/json_memory.h"
#include "client/loose.h"
#include "client/text.h"

#include <stdatomic.h>
#include <stddef.h>
#include <string.h>

struct anycert_json {
    yyjson_doc *doc;
    struct anycert__json_block block;
    atomic_uint refs;
    _Alignas(max_align_t) char room[]; /* for the block, of a short text */
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

static char *unconst_text(const char *text)
{
    union {
        const char *in;
        char *out;
    } u = {.in = text};
    return u.out;
}

/* Numbers that are too large for the machine's types keep their digits. */
static struct anycert_json *parse(const char *text, size_t len, yyjson_read_flag flags,
                                  struct anycert_error *err)
{
    size_t room = anycert__json_room(len);
    struct anycert_json *json = anycert__malloc(sizeof *json + room);
    yyjson_read_err why = {0};

    if (!json) {
        anycert__fail_nomem(err);
        return NULL;
    }
    anycert__json_block_init(&json->block, len, room > 0 ? json->room : NULL);
    /* Without YYJSON_READ_INSITU the text is only read. */
    json->doc = yyjson_read_opts(unconst_text(text), len, flags | YYJSON_READ_BIGNUM_AS_RAW,
                                 &json->block.memory, &why);
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
    anycert__json_block_free(&json->block);
    anycert__free(json);
    return NULL;
}

struct anycert_json *anycert_json_parse(const char *text, size_t len, struct anycert_error *err)
{
    return parse(text ? text : "", text ? len : 0, 0, err);
}

/* In a copy of our own, as the parser's would not be wiped. */
int anycert__json_check(const char *text, size_t len, struct anycert_error *err)
{
    size_t room = len + YYJSON_PADDING_SIZE;
    char *copy = room > len ? anycert__calloc(1, room) : NULL;
    struct anycert_json *json = NULL;
    bool is_valid = false;

    if (!copy)
        return anycert__fail_nomem(err);
    if (len > 0)
        memcpy(copy, text, len);
    json = parse(copy, len, YYJSON_READ_INSITU, err);
    is_valid = json != NULL;
    anycert_json_free(json);
    anycert__wipe(copy, room);
    anycert__free(copy);
    return is_valid ? 0 : -1;
}

/* A text in another charset, or with something in it that RFC 8259 does not know. */
static struct anycert_json *parse_loosely(const char *charset, const char *bytes, size_t len,
                                          struct anycert_error *err)
{
    struct anycert_json *json = NULL;
    struct anycert__buf text;
    bool with_words = false;

    anycert__buf_init(&text, SIZE_MAX / 2);
    if (anycert__charset_decode(&text, charset, bytes, len) < 0) {
        anycert__buf_free(&text);
        anycert__fail_nomem(err);
        return NULL;
    }
    if (text.data)
        with_words = anycert__json_loosen(text.data, text.len);
    json = parse(text.data ? text.data : "", text.len,
                 with_words ? YYJSON_READ_ALLOW_INF_AND_NAN : 0, err);
    anycert__buf_free(&text);
    return json;
}

struct anycert_json *anycert_response_json(const struct anycert_response *response,
                                           struct anycert_error *err)
{
    struct anycert_error strict = {0};
    struct anycert_json *json = NULL;
    size_t len = 0;
    size_t label_len = 0;
    size_t mark_len = 0;
    const char *body = anycert_response_body(response, &len);
    const char *label =
        anycert__charset_param(anycert_response_header(response, "Content-Type", 0), &label_len);
    const char *named = label ? anycert__charset_find(label, label_len) : NULL;
    const char *charset = anycert__charset_by_ascii(body, len, &mark_len);

    if (response->json)
        return anycert__json_ref(response->json);
    /* Bytes that cannot be UTF-8 know better than a label. */
    if (named && mark_len == 0 && strcmp(charset, ANYCERT__UTF_8) == 0)
        charset = named;
    if (strcmp(charset, ANYCERT__UTF_8) == 0 && mark_len == 0) {
        json = parse(body, len, 0, &strict);
        if (json || strict.code != ANYCERT_E_BODY_JSON || len == 0) {
            if (!json && err)
                *err = strict;
            return json;
        }
    }
    return parse_loosely(charset, body + mark_len, len - mark_len, err);
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
    anycert__json_block_free(&json->block);
    anycert__free(json);
}

const struct anycert_json_value *anycert_json_root(const struct anycert_json *json)
{
    return json ? (const struct anycert_json_value *)yyjson_doc_get_root(json->doc) : NULL;
}

/* Length of the token of a JSON Pointer that is behind a '/'. */
static size_t token_length(const char *token)
{
    return strcspn(token, "/");
}

/* A member's name against a token, in which "~0" is '~' and "~1" is '/'. */
static bool is_named(yyjson_val *key, const char *token, size_t token_len)
{
    const char *name = yyjson_get_str(key);
    const char *end = name + yyjson_get_len(key);

    for (size_t i = 0; i < token_len; i++, name++) {
        char c = token[i];

        if (c == '~' && i + 1 < token_len && (token[i + 1] == '0' || token[i + 1] == '1'))
            c = token[++i] == '0' ? '~' : '/';
        else if (c == '~')
            return false;
        if (name == end || *name != c)
            return false;
    }
    return name == end;
}

/* The last one of that name. */
static yyjson_val *member(yyjson_val *object, const char *token, size_t token_len)
{
    yyjson_obj_iter iter = yyjson_obj_iter_with(object);
    yyjson_val *found = NULL;

    for (yyjson_val *key = yyjson_obj_iter_next(&iter); key; key = yyjson_obj_iter_next(&iter)) {
        if (is_named(key, token, token_len))
            found = yyjson_obj_iter_get_val(key);
    }
    return found;
}

static yyjson_val *element(yyjson_val *array, const char *token, size_t token_len)
{
    char digits[20];
    uint64_t index = 0;

    if (token_len >= sizeof digits || (token[0] == '0' && token_len > 1))
        return NULL;
    memcpy(digits, token, token_len);
    digits[token_len] = '\0';
    return anycert__parse_uint(digits, SIZE_MAX, &index) ? yyjson_arr_get(array, (size_t)index)
                                                         : NULL;
}

const struct anycert_json_value *anycert_json_get(const struct anycert_json_value *value,
                                                  const char *pointer)
{
    yyjson_val *v = pointer ? unconst(value) : NULL;

    while (v && *pointer == '/') {
        size_t len = token_length(++pointer);

        v = yyjson_is_obj(v)   ? member(v, pointer, len)
            : yyjson_is_arr(v) ? element(v, pointer, len)
                               : NULL;
        pointer += len;
    }
    return !v || *pointer ? NULL : (const struct anycert_json_value *)v;
}

enum anycert_json_type anycert_json_type(const struct anycert_json_value *value)
{
    switch (yyjson_get_type(unconst(value))) {
    case YYJSON_TYPE_NULL:
        return ANYCERT_JSON_NULL;
    case YYJSON_TYPE_BOOL:
        return ANYCERT_JSON_BOOL;
    case YYJSON_TYPE_NUM:
    case YYJSON_TYPE_RAW: /* a large one */
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

int anycert_json_uint(const struct anycert_json_value *value, uint64_t *out)
{
    yyjson_val *v = unconst(value);

    *out = 0;
    if (!yyjson_is_uint(v))
        return -1;
    *out = yyjson_get_uint(v);
    return 0;
}

int anycert_json_double(const struct anycert_json_value *value, double *out)
{
    yyjson_val *v = unconst(value);
    yyjson_val number = {0};

    *out = 0;
    if (yyjson_is_raw(v)) {
        if (!yyjson_read_number(yyjson_get_raw(v), &number, YYJSON_READ_ALLOW_INF_AND_NAN,
                                anycert__json_memory(), NULL))
            return -1;
        v = &number;
    }
    if (!yyjson_is_num(v))
        return -1;
    *out = yyjson_get_num(v);
    return 0;
}

const char *anycert_json_large(const struct anycert_json_value *value, size_t *len)
{
    yyjson_val *v = unconst(value);

    if (len)
        *len = yyjson_is_raw(v) ? yyjson_get_len(v) : 0;
    return yyjson_get_raw(v);
}

int anycert_json_bool(const struct anycert_json_value *value)
{
    yyjson_val *v = unconst(value);

    return yyjson_is_bool(v) ? (yyjson_get_bool(v) ? 1 : 0) : -1;
}

void anycert_json_iter_begin(struct anycert_json_iter *iter, const struct anycert_json_value *value)
{
    yyjson_val *v = unconst(value);

    memset(iter, 0, sizeof *iter);
    iter->is_object = yyjson_is_obj(v);
    iter->left = iter->is_object ? yyjson_obj_size(v) : yyjson_arr_size(v);
    iter->next = iter->left > 0 ? unsafe_yyjson_get_first(v) : NULL;
}

const struct anycert_json_value *anycert_json_iter_next(struct anycert_json_iter *iter,
                                                        const struct anycert_json_value **name)
{
    yyjson_val *key = NULL;
    yyjson_val *v = unconst(iter->next);

    if (name)
        *name = NULL;
    if (iter->left == 0)
        return NULL;
    if (iter->is_object) {
        key = v;
        v = key + 1; /* a name stands right before its value */
    }
    if (name)
        *name = (const struct anycert_json_value *)key;
    iter->left--;
    iter->next = iter->left > 0 ? unsafe_yyjson_get_next(v) : NULL;
    return (const struct anycert_json_value *)v;
}
