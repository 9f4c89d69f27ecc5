#include "client/query.h"

#include "base/mem.h"
#include "base/str.h"
#include "http/fields.h"

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#define MAX_URL 65536

static const char digits[] = "0123456789ABCDEF";

/* RFC 3986 section 2.3. */
static bool is_unreserved(unsigned char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '.' || c == '_' || c == '~';
}

size_t anycert__form_encode(const char *text, enum anycert_query_encoding encoding, char *out)
{
    size_t len = 0;

    for (const unsigned char *p = (const unsigned char *)text; *p; p++) {
        bool as_is = is_unreserved(*p) || (*p == ' ' && encoding == ANYCERT_QUERY_PLUS);

        if (out && as_is) {
            out[len] = *p == ' ' ? '+' : (char)*p;
        } else if (out) {
            out[len] = '%';
            out[len + 1] = digits[*p >> 4];
            out[len + 2] = digits[*p & 15];
        }
        len += as_is ? 1 : 3;
    }
    return len;
}

/* The value of a hexadecimal digit, or -1. */
static int hex_value(unsigned char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c |= 0x20;
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* The byte that an escape at text stands for, or -1 if none is there. */
static int escaped(const char *text, size_t len)
{
    int high = len >= 3 && text[0] == '%' ? hex_value((unsigned char)text[1]) : -1;
    int low = high >= 0 ? hex_value((unsigned char)text[2]) : -1;

    return low >= 0 ? high * 16 + low : -1;
}

static bool has_stray_percent(const char *text, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        if (text[i] == '%' && escaped(text + i, len - i) < 0)
            return true;
    }
    return false;
}

void anycert__requote(struct anycert__buf *out, const char *text, size_t len,
                      enum anycert__component component)
{
    /* pchar and what separates (RFC 3986 sections 3.3 and 3.4) */
    const char *allowed =
        component == ANYCERT__COMPONENT_PATH ? "!$&'()*+,;=:@/" : "!$&'()*+,;=:@/?";
    bool literal_percent = has_stray_percent(text, len);

    for (size_t i = 0; i < len; i++) {
        unsigned char c = (unsigned char)text[i];
        int value = c == '%' ? escaped(text + i, len - i) : -1;
        char code[3] = {'%', digits[c >> 4], digits[c & 15]};

        if (value >= 0)
            i += 2;
        if (value >= 0 && literal_percent) {
            anycert__buf_addf(out, "%%25%02X", (unsigned)value);
        } else if (value >= 0 && is_unreserved((unsigned char)value)) {
            char plain = (char)value;

            anycert__buf_add(out, &plain, 1);
        } else if (value >= 0) {
            code[1] = digits[value >> 4];
            code[2] = digits[value & 15];
            anycert__buf_add(out, code, 3);
        } else if (is_unreserved(c) || (c != '\0' && strchr(allowed, c))) {
            anycert__buf_add(out, text + i, 1);
        } else {
            anycert__buf_add(out, code, 3);
        }
    }
}

static size_t pair_len(const struct anycert__field *pair, enum anycert_query_encoding encoding)
{
    return anycert__form_encode(pair->name, encoding, NULL) + 1 +
           anycert__form_encode(pair->value, encoding, NULL);
}

/* The character between what is there and what comes, or '\0' for none. */
static char separator(const char *url, size_t len)
{
    if (!memchr(url, '?', len))
        return '?';
    return url[len - 1] == '?' || url[len - 1] == '&' ? '\0' : '&';
}

static char *put_separator(const char *url, char *end)
{
    *end = separator(url, (size_t)(end - url));
    return *end ? end + 1 : end;
}

static char *join(const char *url, const struct anycert__buf *query,
                  const struct anycert__fields *params, enum anycert_query_encoding encoding,
                  size_t len)
{
    char *out = anycert__malloc(len + 1);
    char *end = out;

    if (!out)
        return NULL;
    memcpy(end, url, strlen(url));
    end += strlen(url);
    if (query->len > 0) {
        end = put_separator(out, end);
        memcpy(end, query->data, query->len);
        end += query->len;
    }
    for (size_t i = 0; i < params->count; i++) {
        end = put_separator(out, end);
        end += anycert__form_encode(params->list[i].name, encoding, end);
        *end++ = '=';
        end += anycert__form_encode(params->list[i].value, encoding, end);
    }
    *end = '\0';
    return out;
}

char *anycert__url_with_query(const char *url, const char *query,
                              const struct anycert__fields *params,
                              enum anycert_query_encoding encoding, struct anycert_error *err)
{
    struct anycert__buf text;
    char *out = NULL;
    size_t len = strlen(url);

    anycert__buf_init_secret(&text, 3 * (size_t)MAX_URL);
    if (query && strlen(query) > MAX_URL) {
        text.failed = text.too_large = true;
    } else if (query) {
        anycert__requote(&text, query, strlen(query), ANYCERT__COMPONENT_QUERY);
        len += 1 + text.len;
    }
    for (size_t i = 0; i < params->count && len <= MAX_URL; i++)
        len += 1 + pair_len(&params->list[i], encoding);
    if (text.too_large || len > MAX_URL)
        anycert__fail(err, ANYCERT_E_URL, "the URL with its parameters is longer than %d bytes",
                      MAX_URL);
    else if (text.failed || !(out = join(url, &text, params, encoding, len)))
        anycert__fail_nomem(err);
    anycert__buf_free(&text);
    return out;
}
