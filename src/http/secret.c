#include "http/secret.h"

#include "base/mem.h"
#include "base/str.h"

#include <stdint.h>
#include <string.h>

#define NAME_SIZE 128

/* Names under which credentials stand in URLs, whether or not anybody has declared them. */
static const char *const always[] = {
    "access_token",
    "api-key",
    "api_key",
    "apikey",
    "api_token",
    "apitoken",
    "assertion",
    "auth_token",
    "authtoken",
    "client_assertion",
    "client_secret",
    "id_token",
    "jwt",
    "key",
    "pass",
    "passwd",
    "password",
    "pwd",
    "refresh_token",
    "secret",
    "session_id",
    "sessionid",
    "sig",
    "signature",
    "token",
    "x-amz-credential",
    "x-amz-security-token",
    "x-amz-signature",
    "x-api-key",
    "x-goog-signature",
};

static int hex(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if ((c | 0x20) >= 'a' && (c | 0x20) <= 'f')
        return (c | 0x20) - 'a' + 10;
    return -1;
}

/* The name as the server reads it; cut where it is longer than any secret's. */
static size_t decode(const char *name, size_t len, char out[NAME_SIZE])
{
    size_t used = 0;

    for (size_t i = 0; i < len && used < NAME_SIZE; i++) {
        int high = name[i] == '%' && i + 2 < len ? hex(name[i + 1]) : -1;
        int low = high >= 0 ? hex(name[i + 2]) : -1;

        out[used++] = name[i];
        if (low >= 0) {
            out[used - 1] = (char)(high * 16 + low);
            i += 2;
        }
    }
    return used;
}

static bool is_declared(const struct anycert__http_settings *settings, const char *name, size_t len)
{
    char decoded[NAME_SIZE];
    size_t used = decode(name, len, decoded);

    for (size_t i = 0; i < settings->secret_param_count; i++) {
        if (anycert__is_word_nocase(decoded, used, settings->secret_params[i]))
            return true;
    }
    return false;
}

bool anycert__is_secret_name(const char *name, size_t len)
{
    /* The standards' own, and what others use for credentials, whether or not anybody has declared
     * them. */
    static const char *const names[] = {
        "Authorization",   "Proxy-Authorization",
        "Cookie",          "Set-Cookie",
        "Api-Key",         "ApiKey",
        "Private-Token",   "X-Access-Token",
        "X-Api-Key",       "X-Api-Token",
        "X-Auth-Key",      "X-Amz-Security-Token",
        "X-Auth-Token",    "X-Session-Id",
        "X-Vault-Token",   "X-Session-Token",
        "X-Subject-Token",
    };
    int first = len > 0 ? name[0] | 0x20 : 0;

    /* Most differ in the first letter, whatever its case. */
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        if ((names[i][0] | 0x20) == first && anycert__is_word_nocase(name, len, names[i]))
            return true;
    }
    return false;
}

bool anycert__is_secret_field(const struct anycert__http_settings *settings, const char *name,
                              size_t len)
{
    if (anycert__is_secret_name(name, len))
        return true;
    for (size_t i = 0; i < settings->secret_header_count; i++) {
        if (anycert__is_word_nocase(name, len, settings->secret_headers[i]))
            return true;
    }
    return false;
}

bool anycert__is_secret_param(const struct anycert__http_settings *settings, const char *name,
                              size_t len)
{
    char decoded[NAME_SIZE];
    size_t used = decode(name, len, decoded);

    for (size_t i = 0; i < sizeof always / sizeof always[0]; i++) {
        if (anycert__is_word_nocase(decoded, used, always[i]))
            return true;
    }
    return is_declared(settings, name, len);
}

bool anycert__url_has_declared_secret(const struct anycert__http_settings *settings,
                                      const char *url)
{
    const char *pair = url + strcspn(url, "?#");

    while (*pair == '?' || *pair == '&' || *pair == ';') {
        pair++;
        if (is_declared(settings, pair, strcspn(pair, "=&;#")))
            return true;
        pair += strcspn(pair, "&;#");
    }
    return false;
}

const char *anycert__next_secret_value(const struct anycert__http_settings *settings,
                                       const char **at, size_t *len)
{
    const char *pair = *at + strcspn(*at, "?&;#");

    for (; *pair; pair += strcspn(pair, "?&;#")) {
        size_t name = strcspn(++pair, "=?&;#");

        if (pair[name] != '=' || !anycert__is_secret_param(settings, pair, name))
            continue;
        *len = strcspn(pair + name + 1, "&;#");
        *at = pair + name + 1 + *len;
        return pair + name + 1;
    }
    *at = pair;
    return NULL;
}

size_t anycert__param_decode(const char *text, size_t len, char *out, size_t size)
{
    size_t used = 0;

    for (size_t i = 0; i < len; i++) {
        int high = text[i] == '%' && i + 2 < len ? hex(text[i + 1]) : -1;
        int low = high >= 0 ? hex(text[i + 2]) : -1;

        if (used == size)
            return 0;
        out[used++] = text[i] == '+' ? ' ' : text[i];
        if (low >= 0) {
            out[used - 1] = (char)(high * 16 + low);
            i += 2;
        }
    }
    return used;
}

/* Length of a piece up to one of the characters. */
static size_t until(const char *text, size_t len, const char *ends)
{
    size_t i = 0;

    while (i < len && !strchr(ends, text[i]))
        i++;
    return i;
}

/* "name=value", or several with semicolons between; behind the first secret nothing is shown. */
static void add_pair(struct anycert__buf *buf, const struct anycert__http_settings *settings,
                     const char *pair, size_t len)
{
    while (len > 0) {
        size_t piece = until(pair, len, ";");
        size_t name = until(pair, piece, "=");

        if (name < piece && anycert__is_secret_param(settings, pair, name)) {
            anycert__buf_add(buf, pair, name + 1);
            anycert__buf_adds(buf, ANYCERT__HIDDEN);
            return;
        }
        piece += piece < len; /* the semicolon */
        anycert__buf_add(buf, pair, piece);
        pair += piece;
        len -= piece;
    }
}

/* Scheme and authority, the latter without userinfo; how much of the URL that was. */
static size_t add_authority(struct anycert__buf *buf, const char *url, size_t len)
{
    size_t scheme = until(url, len, ":/?#");
    size_t begin = 0;
    size_t end = 0;
    size_t host = 0;

    if (scheme + 2 < len && memcmp(url + scheme, "://", 3) == 0)
        begin = scheme + 3;
    else if (len >= 2 && memcmp(url, "//", 2) == 0)
        begin = 2;
    else
        return 0;
    end = begin + until(url + begin, len - begin, "/?#");
    host = begin;
    for (size_t i = begin; i < end; i++) {
        if (url[i] == '@')
            host = i;
    }
    anycert__buf_add(buf, url, begin);
    if (host > begin)
        anycert__buf_adds(buf, ANYCERT__HIDDEN);
    anycert__buf_add(buf, url + host, end - host);
    return end;
}

void anycert__buf_add_url(struct anycert__buf *buf, const struct anycert__http_settings *settings,
                          const char *url, size_t len)
{
    size_t at = add_authority(buf, url, len);
    size_t path = until(url + at, len - at, "?#");

    anycert__buf_add(buf, url + at, path);
    for (at += path; at < len;) {
        size_t pair = until(url + at + 1, len - at - 1, "&?#");

        anycert__buf_add(buf, url + at, 1);
        add_pair(buf, settings, url + at + 1, pair);
        at += 1 + pair;
    }
}

/* Fields whose values are URLs, which may have secrets in them. */
static bool is_url_field(const char *name, size_t len)
{
    static const char *const names[] = {"Location", "Content-Location", "Referer", "Refresh",
                                        "Link"};

    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        if (anycert__is_word_nocase(name, len, names[i]))
            return true;
    }
    return false;
}

void anycert__buf_add_header_line(struct anycert__buf *buf,
                                  const struct anycert__http_settings *settings, const char *line,
                                  size_t len)
{
    size_t name = until(line, len, ": ");
    size_t end = len;
    bool folded = name == 0;
    bool status_line = len >= 5 && memcmp(line, "HTTP/", 5) == 0;

    if (!folded && !status_line && name < len && line[name] == ' ') {
        while (line[end - 1] != ' ') /* "METHOD TARGET VERSION" */
            end--;
        end = end > name + 1 ? end - 1 : len;
    } else if (name == len || !is_url_field(line, name)) {
        name = len;
    }
    name += name < len;
    anycert__buf_add(buf, line, name);
    anycert__buf_add_url(buf, settings, line + name, end - name);
    anycert__buf_add(buf, line + end, len - end);
}

char *anycert__url_shown(const struct anycert__http_settings *settings, const char *url)
{
    struct anycert__buf buf;
    char *text = NULL;

    anycert__buf_init(&buf, SIZE_MAX / 2);
    anycert__buf_add_url(&buf, settings, url, strlen(url));
    text = anycert__buf_take(&buf, "URL", NULL);
    anycert__buf_free(&buf);
    return text;
}
