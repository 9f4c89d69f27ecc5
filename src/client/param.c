#include "client/param.h"

#include "base/buf.h"
#include "base/mem.h"
#include "client/query.h"

#include <string.h>

#define MAX_URL 65536

static int hex(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c = (char)(c | 0x20);
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Whether an encoded name of len bytes is name. */
static bool is_named(const char *encoded, size_t len, const char *name)
{
    size_t i = 0;

    for (; i < len && *name; name++) {
        char c = encoded[i] == '+' ? ' ' : encoded[i];

        if (c == '%' && i + 2 < len && hex(encoded[i + 1]) >= 0 && hex(encoded[i + 2]) >= 0) {
            c = (char)(hex(encoded[i + 1]) * 16 + hex(encoded[i + 2]));
            i += 2;
        }
        i++;
        if (c != *name)
            return false;
    }
    return i == len && !*name;
}

static void add_encoded(struct anycert__buf *out, const char *text)
{
    for (; *text; text++) {
        const char one[2] = {*text, '\0'};
        char encoded[3];

        anycert__buf_add(out, encoded, anycert__form_encode(one, ANYCERT_QUERY_PERCENT, encoded));
    }
}

char *anycert__url_set_param(const char *url, const char *name, const char *value,
                             struct anycert_error *err)
{
    size_t start = strcspn(url, "?#");
    const char *p = url[start] == '?' ? url + start + 1 : url + start;
    const char *end = p + strcspn(p, "#");
    struct anycert__buf out;
    char *text = NULL;

    anycert__buf_init_secret(&out, MAX_URL);
    anycert__buf_add(&out, url, start);
    anycert__buf_adds(&out, "?");
    while (p < end) {
        size_t len = strcspn(p, "&#");
        size_t name_len = strcspn(p, "=&#");

        if (len > 0 && !is_named(p, name_len, name)) {
            anycert__buf_add(&out, p, len);
            anycert__buf_adds(&out, "&");
        }
        p += len + (p + len < end);
    }
    add_encoded(&out, name);
    anycert__buf_adds(&out, "=");
    add_encoded(&out, value);
    anycert__buf_adds(&out, end);
    if (out.too_large)
        anycert__fail(err, ANYCERT_E_URL, "the URL of the next page is longer than %d bytes",
                      MAX_URL);
    else
        text = anycert__buf_take(&out, "URL", err);
    anycert__buf_free(&out);
    return text;
}
