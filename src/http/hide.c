#include "http/secret.h"

#include "base/mem.h"
#include "base/str.h"

#include <stddef.h>
#include <string.h>

/* Shorter ones come up everywhere by chance, so that hiding them would tell what they are. */
#define SHORTEST  8
#define KNOWN_MAX 64
/* Of values in the URL, as a server reads them. */
#define DECODED_SIZE 1024
/* A message that is too long ends where its next character does not fit. */
#define CUT_BEFORE 16

/* Everything of an exchange that must not be repeated, borrowed from it. */
struct known {
    struct {
        const char *text;
        size_t len;
    } list[KNOWN_MAX];
    size_t count;
    /* What Basic makes of user and password is not written down anywhere. */
    const char *user, *password;
    size_t user_len, password_len;
    char decoded[DECODED_SIZE];
    size_t decoded_len;
};

static void add_bytes(struct known *known, const char *text, size_t len, size_t least)
{
    if (len < least || known->count == KNOWN_MAX)
        return;
    known->list[known->count].text = text;
    known->list[known->count++].len = len;
}

static void add(struct known *known, const char *text, size_t least)
{
    add_bytes(known, text, text ? strlen(text) : 0, least);
}

/* Those in the URL: as they stand there, and as a server reads them. */
static void add_params(struct known *known, const struct anycert__http_settings *settings,
                       const char *url)
{
    const char *value = NULL;
    size_t len = 0;

    while ((value = anycert__next_secret_value(settings, &url, &len)) != NULL) {
        char *decoded = known->decoded + known->decoded_len;
        size_t size = anycert__param_decode(value, len, decoded, DECODED_SIZE - known->decoded_len);

        add_bytes(known, value, len, SHORTEST);
        if (size == len && memcmp(value, decoded, len) == 0)
            continue;
        add_bytes(known, decoded, size, SHORTEST);
        known->decoded_len += size;
    }
}

/* "Bearer TOKEN": with the scheme and without. */
static void add_value(struct known *known, const char *value)
{
    const char *space = strchr(value, ' ');

    add(known, value, SHORTEST);
    if (space)
        add(known, space + 1, SHORTEST);
}

static void collect(struct known *known, const struct anycert__http_settings *settings,
                    const struct anycert__exchange *exchange)
{
    memset(known, 0, offsetof(struct known, decoded));
    known->decoded_len = 0;
    for (size_t i = 0; i < exchange->secret_count; i++)
        add(known, exchange->secrets[i], 1);
    for (size_t i = 0; i < exchange->auth_header_count; i++)
        add_value(known, exchange->auth_headers[i].value ? exchange->auth_headers[i].value : "");
    for (size_t i = 0; i < exchange->header_count; i++) {
        const struct anycert__field *field = &exchange->headers[i];

        if (field->value && anycert__is_secret_field(settings, field->name, strlen(field->name)))
            add_value(known, field->value);
    }
    if (exchange->url && exchange->url->text)
        add_params(known, settings, exchange->url->text);
    add(known, exchange->password, SHORTEST);
    if (exchange->user && exchange->password && exchange->password[0]) {
        known->user = exchange->user;
        known->password = exchange->password;
        known->user_len = strlen(exchange->user);
        known->password_len = strlen(exchange->password);
    }
}

/* The byte of "user:password" at a place; 0 behind it. */
static unsigned char pair_byte(const struct known *known, size_t at)
{
    if (at < known->user_len)
        return (unsigned char)known->user[at];
    at -= known->user_len;
    return at == 0                        ? ':'
           : at - 1 < known->password_len ? (unsigned char)known->password[at - 1]
                                          : 0;
}

/* How much of text is "user:password" in base64 (RFC 7617 section 2), or begins it where the text
 * was cut; 0: none. The bits of the last character that stand for nothing are 0 (RFC 4648). */
static size_t pair_at(const struct known *known, const char *text, size_t len, bool is_cut)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    size_t size = known->password ? known->user_len + 1 + known->password_len : 0;
    size_t whole = (size * 8 + 5) / 6;

    if (whole < SHORTEST)
        return 0;
    for (size_t i = 0; i < whole; i++) {
        size_t bit = i * 6;
        unsigned both = (unsigned)pair_byte(known, bit / 8) << 8 | pair_byte(known, bit / 8 + 1);

        if (i == len)
            return is_cut ? len : 0;
        if (text[i] != digits[both >> (10 - bit % 8) & 63])
            return 0;
    }
    while (whole < len && text[whole] == '=')
        whole++;
    return whole;
}

/* A line that was cut ends with the beginning of something, perhaps of a secret. */
static size_t secret_at(const struct known *known, const char *text, size_t len, bool is_cut)
{
    for (size_t i = 0; i < known->count; i++) {
        size_t n = known->list[i].len;

        if (n > len && is_cut)
            n = len;
        if (n > 0 && n <= len && memcmp(text, known->list[i].text, n) == 0)
            return n;
    }
    return pair_at(known, text, len, is_cut);
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

static void add_rest(struct anycert__buf *out, const struct known *known, const char *line,
                     size_t len, bool is_cut)
{
    size_t start = 0;

    for (size_t i = 0; i < len;) {
        size_t n = secret_at(known, line + i, len - i, is_cut);

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

static size_t hide(const struct anycert__http_settings *settings,
                   const struct anycert__exchange *exchange, char *text, size_t len, size_t size,
                   bool is_line, bool is_cut)
{
    struct anycert__buf out;
    struct known known;

    if (!exchange || len == 0)
        return len;
    collect(&known, settings, exchange);
    if (known.count == 0 && !known.password && exchange->auth_header_count == 0 &&
        !exchange->wire_shown)
        return len;
    anycert__buf_init_secret(&out, SIZE_MAX / 2);
    if (!is_line ||
        (!add_field(&out, exchange, text, len) && !add_request_line(&out, exchange, text, len)))
        add_rest(&out, &known, text, len, is_cut);
    len = out.failed ? 0 : out.len < size ? out.len : size;
    if (len > 0)
        memcpy(text, out.data, len);
    anycert__buf_free(&out);
    anycert__wipe(known.decoded, known.decoded_len);
    return len;
}

size_t anycert__hide_credentials(const struct anycert__http_settings *settings,
                                 const struct anycert__exchange *exchange, char *line, size_t len,
                                 size_t size)
{
    return hide(settings, exchange, line, len, size, true, len == size);
}

void anycert__hide_in_error(const struct anycert__http_settings *settings,
                            const struct anycert__exchange *exchange, struct anycert_error *err)
{
    size_t size = sizeof err->message - 1;
    size_t len = strlen(err->message);

    len = hide(settings, exchange, err->message, len, size, false, len + CUT_BEFORE > size);
    err->message[len] = '\0';
}

void anycert__hide_in_buf(const struct anycert__http_settings *settings,
                          const struct anycert__exchange *exchange, struct anycert__buf *buf)
{
    if (!buf->data)
        return;
    buf->len = hide(settings, exchange, buf->data, buf->len, buf->capacity - 1, false, false);
    buf->data[buf->len] = '\0';
}
