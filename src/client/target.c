#include "client/target.h"

#include "base/mem.h"

#include <string.h>

#define MAX_URL 65536

void anycert__target_of(const char *url, struct anycert__target *out)
{
    const char *authority = strstr(url, "://");
    const char *path = authority ? authority + 3 + strcspn(authority + 3, "/?#") : url;
    const char *mark = path + strcspn(path, "?#");

    out->path = path;
    out->path_len = (size_t)(mark - path);
    out->query = *mark == '?' ? mark + 1 : NULL;
    out->query_len = out->query ? strcspn(out->query, "#") : 0;
}

bool anycert__param_next(const char **query, size_t *len, struct anycert__param *out)
{
    while (*len > 0) {
        const char *start = *query;
        const char *end = memchr(start, '&', *len);
        size_t n = end ? (size_t)(end - start) : *len;
        const char *equals = memchr(start, '=', n);

        *query += end ? n + 1 : n;
        *len -= end ? n + 1 : n;
        if (n == 0)
            continue;
        out->name = start;
        out->name_len = equals ? (size_t)(equals - start) : n;
        out->value = equals ? equals + 1 : NULL;
        out->value_len = equals ? n - out->name_len - 1 : 0;
        return true;
    }
    return false;
}

/* ---- percent-encoding */

static bool is_unreserved(unsigned char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           (c != '\0' && strchr("-._~", c) != NULL);
}

static void add_byte(struct anycert__buf *buf, unsigned char c, const char *keep)
{
    if (is_unreserved(c) || (c != '\0' && strchr(keep, c)))
        (void)anycert__buf_add(buf, &c, 1);
    else
        (void)anycert__buf_addf(buf, "%%%02X", c);
}

void anycert__add_percent(struct anycert__buf *buf, const char *bytes, size_t len, const char *keep)
{
    for (size_t i = 0; i < len; i++)
        add_byte(buf, (unsigned char)bytes[i], keep);
}

/* The value of a hexadecimal digit, or -1. */
static int digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* The next byte that a percent-encoded text stands for; *i is moved to its last character. */
static unsigned char decode(const char *text, size_t len, size_t *i, bool in_query, bool *encoded)
{
    *encoded = false;
    if (text[*i] == '+' && in_query)
        return ' ';
    if (text[*i] == '%' && *i + 2 < len && digit(text[*i + 1]) >= 0 && digit(text[*i + 2]) >= 0) {
        *encoded = true;
        *i += 2;
        return (unsigned char)(16 * digit(text[*i - 1]) + digit(text[*i]));
    }
    return (unsigned char)text[*i];
}

void anycert__add_recoded(struct anycert__buf *buf, const char *text, size_t len, const char *keep,
                          bool in_query)
{
    for (size_t i = 0; i < len; i++) {
        bool encoded = false;
        unsigned char c = decode(text, len, &i, in_query, &encoded);

        add_byte(buf, c, encoded ? "" : keep); /* an encoded '/' is not one that divides */
    }
}

/* ---- parameters */

/* True if an encoded text stands for plain. */
static bool stands_for(const char *text, size_t len, const char *plain)
{
    size_t n = 0;

    for (size_t i = 0; i < len; i++, n++) {
        bool encoded = false;

        if (plain[n] == '\0' || decode(text, len, &i, true, &encoded) != (unsigned char)plain[n])
            return false;
    }
    return plain[n] == '\0';
}

/* Everything in front of the query, and its parameters but those of that name (and value, unless
 * that is NULL); whether there were any. */
static bool copy_without(struct anycert__buf *out, const char *url, const char *name,
                         const char *value, char *mark)
{
    struct anycert__target target;
    struct anycert__param param;
    bool found = false;

    anycert__target_of(url, &target);
    (void)anycert__buf_add(out, url, (size_t)(target.path - url) + target.path_len);
    while (anycert__param_next(&target.query, &target.query_len, &param)) {
        if (stands_for(param.name, param.name_len, name) &&
            (!value || (param.value && stands_for(param.value, param.value_len, value)))) {
            found = true;
            continue;
        }
        (void)anycert__buf_add(out, mark, 1);
        (void)anycert__buf_add(out, param.name,
                               param.name_len + (param.value ? param.value_len + 1 : 0));
        *mark = '&';
    }
    return found;
}

char *anycert__target_without(const char *url, const char *name, const char *value,
                              struct anycert_error *err)
{
    struct anycert__buf out;
    char *text = NULL;
    char mark = '?';

    anycert__buf_init_secret(&out, MAX_URL);
    if (copy_without(&out, url, name, value, &mark))
        text = anycert__buf_take(&out, "URL", err);
    anycert__buf_free(&out);
    return text;
}

char *anycert__target_with_param(const char *url, const char *name, const char *value,
                                 struct anycert_error *err)
{
    struct anycert__buf out;
    char *text = NULL;
    char mark = '?';

    anycert__buf_init_secret(&out, MAX_URL);
    (void)copy_without(&out, url, name, NULL, &mark);
    (void)anycert__buf_add(&out, &mark, 1);
    anycert__add_percent(&out, name, strlen(name), "");
    (void)anycert__buf_add(&out, "=", 1);
    anycert__add_percent(&out, value, strlen(value), "");
    if (out.too_large)
        anycert__fail(err, ANYCERT_E_URL, "the URL is longer than %d bytes with its credentials",
                      MAX_URL);
    else
        text = anycert__buf_take(&out, "URL", err);
    anycert__buf_free(&out);
    return text;
}
