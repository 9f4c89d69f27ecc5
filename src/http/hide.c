#include "http/secret.h"

#include "base/str.h"

#include <string.h>

/* A line that was cut ends with the beginning of something, perhaps of a secret. */
static size_t secret_at(const struct anycert__exchange *exchange, const char *text, size_t len,
                        bool is_cut)
{
    for (size_t i = 0; i < exchange->secret_count; i++) {
        size_t n = exchange->secrets[i] ? strlen(exchange->secrets[i]) : 0;

        if (n > len && is_cut)
            n = len;
        if (n > 0 && n <= len && memcmp(text, exchange->secrets[i], n) == 0)
            return n;
    }
    return 0;
}

static bool is_credential(const struct anycert__exchange *exchange, const char *line, size_t len)
{
    for (size_t i = 0; i < exchange->auth_header_count; i++) {
        if (anycert__is_word_nocase(line, len, exchange->auth_headers[i].name))
            return true;
    }
    return false;
}

/* The field's name and colon, and nothing of its value. */
static bool add_field(struct anycert__buf *out, const struct anycert__exchange *exchange,
                      const char *line, size_t len)
{
    const char *colon = memchr(line, ':', len);
    size_t name = colon ? (size_t)(colon - line) : 0;

    while (name > 0 && (line[name - 1] == ' ' || line[name - 1] == '\t'))
        name--;
    if (name == 0 || !is_credential(exchange, line, name))
        return false;
    (void)anycert__buf_add(out, line, name);
    (void)anycert__buf_adds(out, ": " ANYCERT__HIDDEN);
    return true;
}

/* "METHOD TARGET VERSION", with the URL that may be shown. */
static bool add_request_line(struct anycert__buf *out, const struct anycert__exchange *exchange,
                             const char *line, size_t len)
{
    size_t method = exchange->wire_shown ? strlen(exchange->method) : 0;
    const char *shown = exchange->wire_shown;
    size_t version = len;

    if (method == 0 || len < method + 2 || line[method] != ' ' ||
        memcmp(line, exchange->method, method) != 0)
        return false;
    if (line[method + 1] == '/') /* else the proxy is told all of it */
        shown = strchr(strstr(shown, "://") + 3, '/');
    while (version > method && line[version - 1] != ' ')
        version--;
    (void)anycert__buf_add(out, line, method + 1);
    (void)anycert__buf_adds(out, shown ? shown : "/");
    if (version > method + 1) { /* it was not cut off */
        (void)anycert__buf_adds(out, " ");
        (void)anycert__buf_add(out, line + version, len - version);
    }
    return true;
}

static void add_rest(struct anycert__buf *out, const struct anycert__exchange *exchange,
                     const char *line, size_t len, bool is_cut)
{
    size_t start = 0;

    for (size_t i = 0; i < len;) {
        size_t n = secret_at(exchange, line + i, len - i, is_cut);

        if (n == 0) {
            i++;
            continue;
        }
        (void)anycert__buf_add(out, line + start, i - start);
        (void)anycert__buf_adds(out, ANYCERT__HIDDEN);
        i += n;
        start = i;
    }
    (void)anycert__buf_add(out, line + start, len - start);
}

size_t anycert__hide_credentials(const struct anycert__exchange *exchange, char *line, size_t len,
                                 size_t size)
{
    struct anycert__buf out;

    if (!exchange || len == 0 ||
        (exchange->secret_count == 0 && exchange->auth_header_count == 0 && !exchange->wire_shown))
        return len;
    anycert__buf_init_secret(&out, SIZE_MAX / 2);
    if (!add_field(&out, exchange, line, len) && !add_request_line(&out, exchange, line, len))
        add_rest(&out, exchange, line, len, len == size);
    len = out.failed ? 0 : out.len < size ? out.len : size;
    if (len > 0)
        memcpy(line, out.data, len);
    anycert__buf_free(&out);
    return len;
}
