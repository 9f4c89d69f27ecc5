#include "http/fields.h"

#include "base/mem.h"
#include "base/str.h"

#include <string.h>

/* Name and value in one block, which begins with the name. False when out of memory. */
static bool make_field(struct anycert__field *field, const char *name, size_t name_len,
                       const char *value, size_t value_len)
{
    field->value = NULL;
    field->name = anycert__malloc(name_len + 1 + value_len + 1);
    if (!field->name)
        return false;
    memcpy(field->name, name, name_len);
    field->name[name_len] = '\0';
    if (!value)
        return true;
    field->value = field->name + name_len + 1;
    memcpy(field->value, value, value_len);
    field->value[value_len] = '\0';
    return true;
}

static void free_field(struct anycert__field *field)
{
    if (field->value)
        anycert__wipe(field->value, strlen(field->value));
    anycert__free(field->name);
}

static int add(struct anycert__fields *fields, const char *name, size_t name_len, const char *value,
               size_t value_len, struct anycert_error *err)
{
    if (fields->count == fields->capacity) {
        size_t capacity = fields->capacity ? fields->capacity * 2 : 16;
        struct anycert__field *list =
            anycert__realloc(fields->list, capacity * sizeof *fields->list);

        if (!list)
            return anycert__fail_nomem(err);
        fields->list = list;
        fields->capacity = capacity;
    }
    if (!make_field(&fields->list[fields->count], name, name_len, value, value_len))
        return anycert__fail_nomem(err);
    fields->count++;
    return 0;
}

int anycert__fields_add(struct anycert__fields *fields, const char *name, const char *value,
                        struct anycert_error *err)
{
    return add(fields, name, strlen(name), value, value ? strlen(value) : 0, err);
}

void anycert__fields_drop_last(struct anycert__fields *fields)
{
    free_field(&fields->list[--fields->count]);
}

static size_t trim_end(const char *s, size_t len)
{
    while (len > 0 &&
           (s[len - 1] == '\r' || s[len - 1] == '\n' || s[len - 1] == ' ' || s[len - 1] == '\t'))
        len--;
    return len;
}

static int append_fold(struct anycert__field *last, const char *line, size_t len,
                       struct anycert_error *err)
{
    size_t old = last->value ? strlen(last->value) : 0;
    char *value = anycert__malloc(old + 1 + len);
    struct anycert__field longer;
    bool made = false;

    if (!value)
        return anycert__fail_nomem(err);
    if (old)
        memcpy(value, last->value, old);
    value[old] = ' ';
    memcpy(value + old + 1, line, len);
    made = make_field(&longer, last->name, strlen(last->name), value, old + 1 + len);
    anycert__wipe(value, old + 1 + len);
    anycert__free(value);
    if (!made)
        return anycert__fail_nomem(err);
    free_field(last);
    *last = longer;
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
        return fields->count ? append_fold(&fields->list[fields->count - 1], line, len, err) : 0;
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
            free_field(&field);
        } else {
            fields->list[kept++] = field;
        }
    }
    fields->count = kept;
}

void anycert__fields_clear(struct anycert__fields *fields)
{
    for (size_t i = 0; i < fields->count; i++)
        free_field(&fields->list[i]);
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
        if (anycert__str_equal_nocase(name, ours[i]))
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
