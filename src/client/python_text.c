#include "client/python_text.h"

#include "base/mem.h"
#include "client/loose.h"

#include <yyjson.h>

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define MAX_DEPTH 900 /* Python gives up at a thousand or so */

void anycert__python_bytes(struct anycert__buf *out, const void *bytes, size_t len)
{
    const unsigned char *p = bytes;
    char quote = len > 0 && memchr(p, '\'', len) && !memchr(p, '"', len) ? '"' : '\'';

    anycert__buf_addf(out, "b%c", quote);
    for (size_t i = 0; i < len; i++) {
        char c = (char)p[i];

        if (c == quote || c == '\\')
            anycert__buf_addf(out, "\\%c", c);
        else if (c == '\n')
            anycert__buf_adds(out, "\\n");
        else if (c == '\r')
            anycert__buf_adds(out, "\\r");
        else if (c == '\t')
            anycert__buf_adds(out, "\\t");
        else if (p[i] < 0x20 || p[i] >= 0x7f)
            anycert__buf_addf(out, "\\x%02x", p[i]);
        else
            anycert__buf_add(out, &c, 1);
    }
    anycert__buf_add(out, &quote, 1);
}

/* One code point of valid UTF-8; the bytes that it took. */
static size_t code_point(const unsigned char *p, uint32_t *out)
{
    if (p[0] < 0x80) {
        *out = p[0];
        return 1;
    }
    if (p[0] < 0xe0) {
        *out = (uint32_t)(p[0] & 0x1f) << 6 | (p[1] & 0x3f);
        return 2;
    }
    if (p[0] < 0xf0) {
        *out = (uint32_t)(p[0] & 0x0f) << 12 | (uint32_t)(p[1] & 0x3f) << 6 | (p[2] & 0x3f);
        return 3;
    }
    *out = (uint32_t)(p[0] & 0x07) << 18 | (uint32_t)(p[1] & 0x3f) << 12 |
           (uint32_t)(p[2] & 0x3f) << 6 | (p[3] & 0x3f);
    return 4;
}

static void add_string(struct anycert__buf *out, const char *text, size_t len)
{
    static const char special[] = "\"\\\n\r\t\f\b";
    static const char letters[] = "\"\\nrtfb";

    anycert__buf_adds(out, "\"");
    for (size_t i = 0; i < len;) {
        uint32_t c = 0;
        const char *found = NULL;

        i += code_point((const unsigned char *)text + i, &c);
        found = c != 0 && c < 0x80 ? strchr(special, (int)c) : NULL;
        if (found)
            anycert__buf_addf(out, "\\%c", letters[found - special]);
        else if (c >= 0x20 && c < 0x7f)
            anycert__buf_addf(out, "%c", (int)c);
        else if (c < 0x10000)
            anycert__buf_addf(out, "\\u%04x", (unsigned)c);
        else
            anycert__buf_addf(out, "\\u%04x\\u%04x", (unsigned)(0xd800 + ((c - 0x10000) >> 10)),
                              (unsigned)(0xdc00 + ((c - 0x10000) & 0x3ff)));
    }
    anycert__buf_adds(out, "\"");
}

/* The fewest digits that mean the same number, which yyjson finds whatever the locale, laid out as
 * Python does: with an exponent below 1e-4 and from 1e16 on. */
static void add_real(struct anycert__buf *out, yyjson_val *value)
{
    char *text = isfinite(yyjson_get_real(value)) ? yyjson_val_write(value, 0, NULL) : NULL;
    char digits[32] = "";
    int count = 0, point = 0, exponent = 0;
    bool fraction = false;
    const char *p = text;

    if (!text) {
        anycert__buf_adds(out, isnan(yyjson_get_real(value)) ? "NaN"
                               : yyjson_get_real(value) > 0  ? "Infinity"
                                                             : "-Infinity");
        return;
    }
    if (*p == '-') {
        anycert__buf_adds(out, "-");
        p++;
    }
    for (; *p && *p != 'e' && *p != 'E'; p++) {
        fraction = fraction || *p == '.';
        if (*p == '.' || (*p == '0' && count == 0)) {
            point -= fraction && *p == '0';
            continue;
        }
        point += !fraction;
        if (count < (int)sizeof digits - 1)
            digits[count++] = *p;
    }
    exponent = point + (*p ? (int)strtol(p + 1, NULL, 10) : 0) - 1;
    free(text);
    while (count > 1 && digits[count - 1] == '0')
        digits[--count] = '\0';
    if (count == 0) {
        anycert__buf_adds(out, "0.0");
    } else if (exponent < -4 || exponent >= 16) {
        anycert__buf_addf(out, "%c%s%se%c%02d", digits[0], count > 1 ? "." : "", digits + 1,
                          exponent < 0 ? '-' : '+', abs(exponent));
    } else if (exponent < 0) {
        anycert__buf_addf(out, "0.%.*s%s", -exponent - 1, "000", digits);
    } else {
        for (int i = 0; i <= exponent || i < count; i++)
            anycert__buf_addf(out, "%s%c", i == exponent + 1 ? "." : "",
                              i < count ? digits[i] : '0');
        anycert__buf_adds(out, count <= exponent + 1 ? ".0" : "");
    }
}

/* What fits into no integer and no double. */
static void add_big(struct anycert__buf *out, const char *raw)
{
    if (raw[strcspn(raw, ".eE")] == '\0')
        anycert__buf_adds(out, raw);
    else
        anycert__buf_adds(out, raw[0] == '-' ? "-Infinity" : "Infinity");
}

/* A member of an object: its key, and its place among the others. */
struct member {
    yyjson_val *key;
    size_t place;
};

static int compare_names(const struct member *a, const struct member *b)
{
    size_t a_len = yyjson_get_len(a->key);
    size_t b_len = yyjson_get_len(b->key);

    if (a_len != b_len)
        return a_len < b_len ? -1 : 1;
    return memcmp(yyjson_get_str(a->key), yyjson_get_str(b->key), a_len);
}

static int compare_members(const void *a, const void *b)
{
    const struct member *one = a;
    const struct member *other = b;
    int names = compare_names(one, other);

    if (names != 0)
        return names;
    return one->place < other->place ? -1 : 1;
}

/* The last member of a name stands where the first one stood, as in a dict. Gives what stands at
 * each place, NULL where nothing does any more; free it. NULL when out of memory. */
static yyjson_val **choose_values(yyjson_val *object)
{
    size_t count = yyjson_obj_size(object);
    struct member *members = anycert__calloc(count + 1, sizeof *members);
    yyjson_val **values = anycert__calloc(count + 1, sizeof *values);
    yyjson_obj_iter iter = yyjson_obj_iter_with(object);

    for (size_t i = 0; members && i < count; i++)
        members[i] = (struct member){yyjson_obj_iter_next(&iter), i};
    if (members && values) {
        qsort(members, count, sizeof *members, compare_members);
        for (size_t i = 0, first = 0; i < count; i++) {
            if (i + 1 < count && compare_names(&members[i], &members[i + 1]) == 0)
                continue;
            values[members[first].place] = yyjson_obj_iter_get_val(members[i].key);
            first = i + 1;
        }
    }
    anycert__free(members);
    return values;
}

static void add_value(struct anycert__buf *out, yyjson_val *value);

static void add_object(struct anycert__buf *out, yyjson_val *object)
{
    yyjson_obj_iter iter = yyjson_obj_iter_with(object);
    yyjson_val **values = choose_values(object);
    yyjson_val *key = NULL;
    bool some = false;

    anycert__buf_adds(out, "{");
    for (size_t i = 0; values && (key = yyjson_obj_iter_next(&iter)) != NULL; i++) {
        if (!values[i])
            continue;
        anycert__buf_adds(out, some ? ", " : "");
        some = true;
        add_string(out, yyjson_get_str(key), yyjson_get_len(key));
        anycert__buf_adds(out, ": ");
        add_value(out, values[i]);
    }
    out->failed = out->failed || !values;
    anycert__buf_adds(out, "}");
    anycert__free(values);
}

static void add_value(struct anycert__buf *out, yyjson_val *value)
{
    if (yyjson_is_obj(value)) {
        add_object(out, value);
    } else if (yyjson_is_arr(value)) {
        yyjson_arr_iter iter = yyjson_arr_iter_with(value);
        yyjson_val *element = NULL;

        anycert__buf_adds(out, "[");
        for (size_t i = 0; (element = yyjson_arr_iter_next(&iter)) != NULL; i++) {
            anycert__buf_adds(out, i ? ", " : "");
            add_value(out, element);
        }
        anycert__buf_adds(out, "]");
    } else if (yyjson_is_str(value)) {
        add_string(out, yyjson_get_str(value), yyjson_get_len(value));
    } else if (yyjson_is_raw(value)) {
        add_big(out, yyjson_get_raw(value));
    } else if (yyjson_is_real(value)) {
        add_real(out, value);
    } else if (yyjson_is_uint(value)) {
        anycert__buf_addf(out, "%" PRIu64, yyjson_get_uint(value));
    } else if (yyjson_is_int(value)) {
        anycert__buf_addf(out, "%" PRId64, yyjson_get_sint(value));
    } else {
        anycert__buf_adds(out, yyjson_is_true(value)    ? "true"
                               : yyjson_is_false(value) ? "false"
                                                        : "null");
    }
}

/* Whether values stand inside of each other more often than Python takes. Strings are passed over.
 */
static bool is_too_deep(const char *text, size_t len)
{
    unsigned depth = 0;
    bool in_string = false;

    for (size_t i = 0; i < len; i++) {
        if (in_string && text[i] == '\\')
            i++;
        else if (text[i] == '"')
            in_string = !in_string;
        else if (!in_string && (text[i] == '[' || text[i] == '{') && ++depth > MAX_DEPTH)
            return true;
        else if (!in_string && (text[i] == ']' || text[i] == '}') && depth > 0)
            depth--;
    }
    return false;
}

/* What RFC 8259 knows, else what Python takes beside it. */
static yyjson_doc *parse(char *text, size_t len)
{
    yyjson_doc *doc = yyjson_read_opts(text, len, YYJSON_READ_BIGNUM_AS_RAW, NULL, NULL);
    bool with_words = !doc && anycert__json_loosen(text, len);

    return doc ? doc
               : yyjson_read_opts(text, len,
                                  YYJSON_READ_BIGNUM_AS_RAW |
                                      (with_words ? YYJSON_READ_ALLOW_INF_AND_NAN : 0),
                                  NULL, NULL);
}

bool anycert__python_json(struct anycert__buf *out, const char *text, size_t len)
{
    char *copy = is_too_deep(text, len) ? NULL : anycert__strndup(text, len);
    yyjson_doc *doc = copy ? parse(copy, len) : NULL;
    bool is_json = doc != NULL;

    if (is_json)
        add_value(out, yyjson_doc_get_root(doc));
    yyjson_doc_free(doc);
    anycert__free(copy);
    return is_json;
}
