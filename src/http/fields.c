#include "http/fields.h"

#include "base/mem.h"
#include "base/str.h"

#include <string.h>

/* Names and values lie one behind the other in blocks, which are freed together: an answer has many
 * fields, and most are short. */
struct anycert__fields_block {
    struct anycert__fields_block *next;
    size_t used, size;
    char bytes[];
};

#define BLOCK_SIZE 480
#define FIRST      16 /* fields, whose list is part of the first block */

/* With room for more behind it. NULL when out of memory. */
static char *reserve(struct anycert__fields *fields, size_t len, size_t spare)
{
    struct anycert__fields_block *block = fields->blocks;

    if (!block || block->size - block->used < len + spare) {
        size_t size = len + spare > BLOCK_SIZE ? len + spare : BLOCK_SIZE;

        block = anycert__malloc(sizeof *block + size);
        if (!block)
            return NULL;
        block->next = fields->blocks;
        block->used = 0;
        block->size = size;
        fields->blocks = block;
    }
    block->used += len;
    return block->bytes + block->used - len;
}

/* spare: by so many bytes the value may still grow. 0, or -1. */
static int make_field(struct anycert__fields *fields, struct anycert__field *field,
                      const char *name, size_t name_len, const char *value, size_t value_len,
                      size_t spare)
{
    char *bytes = reserve(fields, name_len + 1 + (value ? value_len + 1 : 0), spare);

    if (!bytes)
        return -1;
    memcpy(bytes, name, name_len);
    bytes[name_len] = '\0';
    field->name = bytes;
    field->value = NULL;
    if (!value)
        return 0;
    field->value = bytes + name_len + 1;
    memcpy(field->value, value, value_len);
    field->value[value_len] = '\0';
    return 0;
}

/* 0, or -1 when out of memory. */
static int grow(struct anycert__fields *fields)
{
    bool is_first = fields->capacity == 0;
    size_t capacity = is_first ? FIRST : fields->capacity * 2;
    void *list = NULL;

    if (is_first)
        list = reserve(fields, FIRST * sizeof *fields->list, BLOCK_SIZE);
    else
        list = anycert__realloc(fields->is_in_block ? NULL : fields->list,
                                capacity * sizeof *fields->list);
    if (!list)
        return -1;
    if (fields->is_in_block)
        memcpy(list, fields->list, fields->count * sizeof *fields->list);
    fields->is_in_block = is_first;
    fields->list = list;
    fields->capacity = capacity;
    return 0;
}

static int add(struct anycert__fields *fields, const char *name, size_t name_len, const char *value,
               size_t value_len, struct anycert_error *err)
{
    if (fields->count == fields->capacity && grow(fields) < 0)
        return anycert__fail_nomem(err);
    if (make_field(fields, &fields->list[fields->count], name, name_len, value, value_len, 0) < 0)
        return anycert__fail_nomem(err);
    fields->count++;
    return 0;
}

int anycert__fields_add(struct anycert__fields *fields, const char *name, const char *value,
                        struct anycert_error *err)
{
    return add(fields, name, strlen(name), value, value ? strlen(value) : 0, err);
}

static void wipe_value(struct anycert__field *field)
{
    if (field->value)
        anycert__wipe(field->value, strlen(field->value));
}

void anycert__fields_drop_last(struct anycert__fields *fields)
{
    wipe_value(&fields->list[--fields->count]);
}

static size_t trim_end(const char *s, size_t len)
{
    while (len > 0 &&
           (s[len - 1] == '\r' || s[len - 1] == '\n' || s[len - 1] == ' ' || s[len - 1] == '\t'))
        len--;
    return len;
}

/* In place, if the value is the last thing in its block; else in a block with room for as much
 * again, so that a value of many lines is not copied for each. */
static int append_fold(struct anycert__fields *fields, const char *line, size_t len,
                       struct anycert_error *err)
{
    struct anycert__field *last = &fields->list[fields->count - 1];
    struct anycert__fields_block *block = fields->blocks;
    size_t old = last->value ? strlen(last->value) : 0;
    struct anycert__field longer;

    if (!last->value || last->value + old + 1 != block->bytes + block->used ||
        block->size - block->used < 1 + len) {
        if (make_field(fields, &longer, last->name, strlen(last->name),
                       last->value ? last->value : "", old, old + 1 + len) < 0)
            return anycert__fail_nomem(err);
        wipe_value(last);
        *last = longer;
        block = fields->blocks;
    }
    last->value[old] = ' ';
    memcpy(last->value + old + 1, line, len);
    last->value[old + 1 + len] = '\0';
    block->used += 1 + len;
    return 0;
}

int anycert__fields_take_line(struct anycert__fields *fields, const char *line, size_t len,
                              struct anycert_error *err)
{
    bool fold = len > 0 && (line[0] == ' ' || line[0] == '\t');
    const char *colon = NULL;
    const char *value = NULL;

    len = trim_end(line, len);
    while (fold && len > 0 && (*line == ' ' || *line == '\t')) {
        line++;
        len--;
    }
    if (len == 0 || memchr(line, '\0', len))
        return 0;
    if (fold)
        return fields->count ? append_fold(fields, line, len, err) : 0;
    colon = memchr(line, ':', len);
    if (!colon || colon == line)
        return 0;
    value = colon + 1;
    while (value < line + len && (*value == ' ' || *value == '\t'))
        value++;
    return add(fields, line, (size_t)(colon - line), value, (size_t)(line + len - value), err);
}

const char *anycert__fields_get(const struct anycert__fields *fields, const char *name, size_t nth)
{
    for (size_t i = 0; i < fields->count; i++) {
        const char *other = fields->list[i].name;

        /* Most differ in the first letter, whatever its case. */
        if ((other[0] | 0x20) == (name[0] | 0x20) && anycert__str_equal_nocase(other, name) &&
            nth-- == 0)
            return fields->list[i].value;
    }
    return NULL;
}

void anycert__fields_remove(struct anycert__fields *fields, const char *name)
{
    size_t kept = 0;

    for (size_t i = 0; i < fields->count; i++) {
        struct anycert__field field = fields->list[i];

        if (anycert__str_equal_nocase(field.name, name)) {
            wipe_value(&field);
        } else {
            fields->list[kept++] = field;
        }
    }
    fields->count = kept;
}

void anycert__fields_clear(struct anycert__fields *fields)
{
    while (fields->blocks) {
        struct anycert__fields_block *block = fields->blocks;

        fields->blocks = block->next;
        anycert__wipe(block->bytes, block->used);
        anycert__free(block);
    }
    if (!fields->is_in_block)
        anycert__free(fields->list);
    memset(fields, 0, sizeof *fields);
}

bool anycert__is_token(const char *s)
{
    static const char specials[] = "!#$%&'*+-.^_`|~";

    if (!s || !*s)
        return false;
    for (; *s; s++) {
        bool alnum =
            (*s >= '0' && *s <= '9') || (*s >= 'a' && *s <= 'z') || (*s >= 'A' && *s <= 'Z');

        if (!alnum && !strchr(specials, *s))
            return false;
    }
    return true;
}

int anycert__field_check(const char *name, const char *value, struct anycert_error *err)
{
    static const char *const ours[] = {
        "Content-Length", "Transfer-Encoding", "Connection", "Proxy-Connection",
        "Keep-Alive",     "Upgrade",           "TE",         "Trailer"};

    if (!anycert__is_token(name))
        return anycert__fail(err, ANYCERT_E_HEADER, "header name '%.60s' is not a token",
                             name ? name : "");
    for (size_t i = 0; i < sizeof ours / sizeof ours[0]; i++) {
        if ((ours[i][0] | 0x20) == (name[0] | 0x20) && anycert__str_equal_nocase(name, ours[i]))
            return anycert__fail(err, ANYCERT_E_HEADER,
                                 "header '%s' is set by anycert itself and cannot be given",
                                 ours[i]);
    }
    for (const char *p = value; p && *p; p++) {
        if (((unsigned char)*p < 0x20 && *p != '\t') || *p == 0x7f)
            return anycert__fail(err, ANYCERT_E_HEADER,
                                 "the value of header '%.60s' has a control character in it", name);
    }
    return 0;
}
