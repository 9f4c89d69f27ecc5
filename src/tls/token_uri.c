#include "tls/token_uri.h"

#include "base/mem.h"
#include "base/str.h"

#include <stddef.h>
#include <string.h>

#define MAX_URI 4096

/* Attributes whose value is text; where behind the `?` they belong, or not. */
static const struct attribute {
    const char *name;
    bool in_query;
    size_t offset;
    size_t max; /* bytes that a token has room for; 0: ours to say */
} attributes[] = {
    {"token", false, offsetof(struct anycert__token_uri, token), 32},
    {"manufacturer", false, offsetof(struct anycert__token_uri, manufacturer), 32},
    {"model", false, offsetof(struct anycert__token_uri, model), 16},
    {"serial", false, offsetof(struct anycert__token_uri, serial), 16},
    {"object", false, offsetof(struct anycert__token_uri, object), 0},
    {"module-path", true, offsetof(struct anycert__token_uri, module_path), 0},
    {"module-name", true, offsetof(struct anycert__token_uri, module_name), 0},
    {"pin-value", true, offsetof(struct anycert__token_uri, pin_value), 0},
    {"pin-source", true, offsetof(struct anycert__token_uri, pin_file), 0},
};
#define ATTRIBUTE_COUNT (sizeof attributes / sizeof attributes[0])

static char **field_of(struct anycert__token_uri *uri, const struct attribute *attribute)
{
    union {
        unsigned char *byte;
        char **field;
    } u = {(unsigned char *)uri + attribute->offset};

    return u.field;
}

void anycert__token_uri_clear(struct anycert__token_uri *uri)
{
    for (size_t i = 0; i < ATTRIBUTE_COUNT; i++)
        anycert__free_secret(*field_of(uri, &attributes[i]));
    anycert__free_secret(uri->shown);
    memset(uri, 0, sizeof *uri);
}

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    if (c >= 'A' && c <= 'F')
        return c - 'A' + 10;
    return -1;
}

/* Undoes percent-encoding in place; the new length, or -1 for what is no encoding. */
static long decode(char *text, size_t len)
{
    size_t used = 0;

    for (size_t i = 0; i < len; i++) {
        if (text[i] != '%') {
            text[used++] = text[i];
            continue;
        }
        if (i + 2 >= len || hex_digit(text[i + 1]) < 0 || hex_digit(text[i + 2]) < 0)
            return -1;
        text[used++] = (char)(hex_digit(text[i + 1]) * 16 + hex_digit(text[i + 2]));
        i += 2;
    }
    text[used] = '\0';
    return (long)used;
}

static int fail_twice(const char *name, struct anycert_error *err)
{
    return anycert__fail(err, ANYCERT_E_USAGE, "the PKCS#11 URI has '%.40s' twice", name);
}

static int set_text(struct anycert__token_uri *out, const struct attribute *attribute,
                    const char *value, size_t len, struct anycert_error *err)
{
    char **field = field_of(out, attribute);

    if (*field)
        return fail_twice(attribute->name, err);
    if (len == 0 || anycert__has_control(value, len))
        return anycert__fail(err, ANYCERT_E_USAGE,
                             "'%s' in the PKCS#11 URI is empty or has control characters in it",
                             attribute->name);
    if (attribute->max && len > attribute->max)
        return anycert__fail(
            err, ANYCERT_E_USAGE,
            "'%s' in the PKCS#11 URI is longer than the %zu bytes that a token has",
            attribute->name, attribute->max);
    *field = anycert__strdup(value);
    return *field ? 0 : anycert__fail_nomem(err);
}

static int set_id(struct anycert__token_uri *out, const char *value, size_t len,
                  struct anycert_error *err)
{
    if (out->has_id)
        return fail_twice("id", err);
    if (len == 0 || len > sizeof out->id)
        return anycert__fail(err, ANYCERT_E_USAGE,
                             "'id' in the PKCS#11 URI has %zu bytes; it needs 1 to %zu", len,
                             sizeof out->id);
    memcpy(out->id, value, len);
    out->id_len = len;
    out->has_id = true;
    return 0;
}

static int set_slot(struct anycert__token_uri *out, const char *value, struct anycert_error *err)
{
    uint64_t slot = 0;

    if (out->has_slot)
        return fail_twice("slot-id", err);
    if (!anycert__parse_uint(value, UINT32_MAX, &slot))
        return anycert__fail(err, ANYCERT_E_USAGE, "'slot-id' in the PKCS#11 URI is no number");
    out->slot = (unsigned long)slot;
    out->has_slot = true;
    return 0;
}

/* Key and certificate are both looked for, so that of the types only these two make sense, and
 * change nothing. */
static int check_type(const char *value, struct anycert_error *err)
{
    if (strcmp(value, "private") == 0 || strcmp(value, "cert") == 0)
        return 0;
    return anycert__fail(err, ANYCERT_E_USAGE,
                         "'type' in the PKCS#11 URI is neither 'private' nor 'cert'");
}

static int set_attribute(struct anycert__token_uri *out, const char *name, bool in_query,
                         const char *value, size_t len, struct anycert_error *err)
{
    for (size_t i = 0; i < ATTRIBUTE_COUNT; i++) {
        if (attributes[i].in_query == in_query && strcmp(name, attributes[i].name) == 0)
            return set_text(out, &attributes[i], value, len, err);
    }
    if (!in_query && strcmp(name, "id") == 0)
        return set_id(out, value, len, err);
    if (!in_query && strcmp(name, "slot-id") == 0)
        return set_slot(out, value, err);
    if (!in_query && strcmp(name, "type") == 0)
        return check_type(value, err);
    return anycert__fail(err, ANYCERT_E_USAGE,
                         "'%.40s' in the PKCS#11 URI is not known %s '?'; known are token, serial, "
                         "manufacturer, model, slot-id, object, id, type before it, and "
                         "module-path, module-name, pin-value, pin-source behind it",
                         name, in_query ? "behind" : "before");
}

/* Where it begins; NULL: nowhere. It belongs behind the '?', and may have been put elsewhere. */
static char *find_pin(char *text)
{
    for (; *text; text++) {
        if (anycert__str_starts_nocase(text, "pin-"))
            return text;
    }
    return NULL;
}

/* One "name=value"; both are changed. */
static int take_pair(struct anycert__token_uri *out, char *pair, bool in_query,
                     struct anycert_error *err)
{
    char *value = strchr(pair, '=');
    long len = 0;

    if (!value)
        return anycert__fail(err, ANYCERT_E_USAGE, "'%.40s' in the PKCS#11 URI has no value",
                             in_query         ? "something behind '?'"
                             : find_pin(pair) ? "something with a PIN"
                                              : pair);
    *value++ = '\0';
    len = decode(value, strlen(value));
    if (len < 0)
        return anycert__fail(err, ANYCERT_E_USAGE,
                             "'%.40s' in the PKCS#11 URI has a '%%' that two hexadecimal digits do "
                             "not follow",
                             pair);
    return set_attribute(out, pair, in_query, value, (size_t)len, err);
}

static int take_pairs(struct anycert__token_uri *out, char *text, char separator, bool in_query,
                      struct anycert_error *err)
{
    while (text && *text) {
        char *end = strchr(text, separator);

        if (end)
            *end++ = '\0';
        if (take_pair(out, text, in_query, err) < 0)
            return -1;
        text = end;
    }
    return 0;
}

static int check_query(const struct anycert__token_uri *uri, struct anycert_error *err)
{
    const char *name = uri->module_name;

    if (uri->module_path && name)
        return anycert__fail(err, ANYCERT_E_USAGE,
                             "the PKCS#11 URI names its module twice, by module-path and by "
                             "module-name");
    if (uri->module_path && uri->module_path[0] != '/')
        return anycert__fail(err, ANYCERT_E_USAGE,
                             "'module-path' in the PKCS#11 URI does not begin with '/'");
    if (name && strchr(name, '/'))
        return anycert__fail(err, ANYCERT_E_USAGE,
                             "'module-name' in the PKCS#11 URI is a path: that is what module-path "
                             "is for");
    if (uri->pin_value && uri->pin_file)
        return anycert__fail(err, ANYCERT_E_USAGE,
                             "the PKCS#11 URI has both pin-value and pin-source");
    return 0;
}

/* A path, or a file: URI of this machine (RFC 8089). */
static int strip_file_scheme(struct anycert__token_uri *uri, struct anycert_error *err)
{
    char *path = uri->pin_file;

    if (!path)
        return 0;
    if (anycert__str_starts(path, "file://"))
        path += strlen("file://");
    else if (anycert__str_starts(path, "file:"))
        path += strlen("file:");
    if (path[0] != '/')
        return anycert__fail(err, ANYCERT_E_USAGE,
                             "'pin-source' in the PKCS#11 URI is neither an absolute path nor a "
                             "file: URI of this machine");
    memmove(uri->pin_file, path, strlen(path) + 1);
    return 0;
}

int anycert__token_uri_parse(const char *text, struct anycert__token_uri *out,
                             struct anycert_error *err)
{
    static const char scheme[] = "pkcs11:";
    char *copy = NULL;
    char *query = NULL;
    char *pin = NULL;
    int result = -1;

    memset(out, 0, sizeof *out);
    if (!anycert__str_starts_nocase(text, scheme))
        return anycert__fail(err, ANYCERT_E_USAGE,
                             "a PKCS#11 URI begins with 'pkcs11:' (RFC 7512)");
    if (strlen(text) > MAX_URI)
        return anycert__fail(err, ANYCERT_E_USAGE, "the PKCS#11 URI is longer than %d bytes",
                             MAX_URI);
    copy = anycert__strdup(text);
    if (!copy)
        return anycert__fail_nomem(err);
    query = strchr(copy, '?');
    if (query)
        *query++ = '\0';
    out->shown = anycert__strdup(copy);
    pin = out->shown ? find_pin(out->shown) : NULL;
    if (pin)
        *pin = '\0';
    if (!out->shown)
        anycert__fail_nomem(err);
    else if (take_pairs(out, copy + strlen(scheme), ';', false, err) == 0 &&
             take_pairs(out, query, '&', true, err) == 0 && check_query(out, err) == 0)
        result = strip_file_scheme(out, err);
    anycert__wipe(copy, strlen(text));
    anycert__free(copy);
    if (result < 0)
        anycert__token_uri_clear(out);
    return result;
}
