#include "http/plain.h"

#include "base/mem.h"

#include <string.h>

#define MAX_TEXT  8192
#define MAX_NAME  253
#define MAX_LABEL 63

static bool is_letter(char c)
{
    return c >= 'a' && c <= 'z';
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* Length of a label of letters, digits and hyphens, without one at either end or two in a row (as
 * in A-labels, RFC 5891 section 5.4); 0: it is none. */
static size_t label_length(const char *label)
{
    size_t len = 0;

    for (; is_letter(label[len]) || is_digit(label[len]) || label[len] == '-'; len++) {
        if (label[len] == '-' && (len == 0 || label[len - 1] == '-'))
            return 0;
    }
    return len == 0 || len > MAX_LABEL || label[len - 1] == '-' ? 0 : len;
}

/* Length of a name. What ends in a label that begins with a digit could be an address. */
static size_t name_length(const char *name)
{
    size_t len = 0;
    size_t start = 0;

    for (;; len++) {
        size_t label = label_length(name + len);

        if (label == 0)
            return 0;
        start = len;
        len += label;
        if (name[len] != '.')
            return len > MAX_NAME || !is_letter(name[start]) ? 0 : len;
    }
}

/* ":port", written as everybody writes it. Its length, or 0. */
static size_t port_length(const char *text, uint16_t *port)
{
    unsigned value = 0;
    size_t len = 1;

    if (text[0] != ':' || text[1] == '0')
        return 0;
    for (; len <= 5 && is_digit(text[len]); len++)
        value = value * 10 + (unsigned)(text[len] - '0');
    if (len == 1 || is_digit(text[len]) || value > UINT16_MAX)
        return 0;
    *port = (uint16_t)value;
    return len;
}

/* What stands in paths and queries as it is (RFC 3986 section 3.3); no percent sign, whose
 * neighbours could be normalised. */
static bool is_of_path(char c)
{
    return is_letter(c) || is_digit(c) || (c >= 'A' && c <= 'Z') ||
           (c != '\0' && strchr("-._~/:@!$&()*+,;=", c) != NULL);
}

/* An empty path, or one without segments that begin with a dot, and a query. */
static bool is_plain_rest(const char *text)
{
    if (*text != '/')
        return *text == '\0';
    for (; is_of_path(*text); text++) {
        if (text[0] == '/' && text[1] == '.')
            return false;
    }
    if (*text == '?' && text[1] == '\0') /* an empty query is left out */
        return false;
    while (is_of_path(*text) || *text == '?')
        text++;
    return *text == '\0';
}

static char *joined(const char *a, size_t a_len, const char *b)
{
    size_t b_len = strlen(b);
    char *text = anycert__malloc(a_len + b_len + 1);

    if (text) {
        memcpy(text, a, a_len);
        memcpy(text + a_len, b, b_len + 1);
    }
    return text;
}

int anycert__url_read_plain(const char *text, struct anycert__url *out, struct anycert_error *err)
{
    bool https = text && strncmp(text, "https://", 8) == 0;
    size_t scheme_len = https ? 8 : 7;
    size_t host_len = 0;
    size_t port_len = 0;
    uint16_t port = https ? 443 : 80;
    const char *rest = NULL;

    memset(out, 0, sizeof *out);
    if (!text || (!https && strncmp(text, "http://", 7) != 0) || strlen(text) > MAX_TEXT)
        return 0;
    host_len = name_length(text + scheme_len);
    port_len = host_len > 0 ? port_length(text + scheme_len + host_len, &port) : 0;
    rest = text + scheme_len + host_len + port_len;
    if (host_len == 0 || !is_plain_rest(rest))
        return 0;
    out->https = https;
    out->port = port;
    out->host = anycert__strndup(text + scheme_len, host_len);
    out->origin = joined(text, (size_t)(rest - text), port_len > 0 ? "" : https ? ":443" : ":80");
    out->text = joined(text, strlen(text), *rest ? "" : "/");
    if (out->host && out->origin && out->text)
        return 1;
    anycert__url_clear(out);
    return anycert__fail_nomem(err);
}
