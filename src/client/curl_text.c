/* Texts with secrets in them: queries, forms and JSON, each secret in them a variable. */
#include "client/curl_command.h"

#include "base/str.h"
#include "http/secret.h"

#include <stdio.h>
#include <string.h>

static size_t until(const char *text, size_t len, const char *ends)
{
    size_t i = 0;

    while (i < len && !(text[i] != '\0' && strchr(ends, text[i])))
        i++;
    return i;
}

/* ---- queries and forms ---- */

/* Length of what is in front of the first secret of "name=value;name=value"; what follows is
 * hidden, too. *name is where its name is. */
static size_t find_secret(const struct anycert__curl *curl, const char *pair, size_t len,
                          size_t *name, size_t *name_len)
{
    for (size_t at = 0; at < len;) {
        size_t piece = until(pair + at, len - at, ";");
        size_t equals = until(pair + at, piece, "=");

        if (equals + 1 < piece &&
            anycert__is_secret_param(&curl->client->settings, pair + at, equals)) {
            *name = at;
            *name_len = equals;
            return at + equals + 1;
        }
        at += piece + 1;
    }
    return len;
}

void anycert__curl_pairs(struct anycert__curl *curl, const char *text, size_t len,
                         const char *prefix)
{
    size_t shown = 0; /* up to here it has been added */

    for (size_t at = 0; at < len;) {
        size_t pair = until(text + at, len - at, "&?#");
        size_t name = 0;
        size_t name_len = 0;
        size_t open = find_secret(curl, text + at, pair, &name, &name_len);

        if (open < pair) {
            anycert__curl_bytes(curl, text + shown, at + open - shown);
            anycert__curl_variable(curl, prefix, text + at + name, name_len,
                                   "the value of a parameter, percent-encoded");
            shown = at + pair;
        }
        at += pair + 1;
    }
    if (shown < len || len == 0)
        anycert__curl_bytes(curl, text + shown, len - shown);
}

/* ---- JSON ---- */

static size_t skip_space(const char *text, size_t len, size_t at)
{
    while (at < len && text[at] != '\0' && strchr(" \t\r\n", text[at]))
        at++;
    return at;
}

/* The place behind the string that begins at a quotation mark. */
static size_t skip_string(const char *text, size_t len, size_t at)
{
    for (at++; at < len && text[at] != '"'; at++)
        at += text[at] == '\\' && at + 1 < len;
    return at < len ? at + 1 : len;
}

/* The place behind a value: a string, a list or an object with all that is in it, a word. */
static size_t skip_value(const char *text, size_t len, size_t at)
{
    size_t depth = 0;

    while (at < len) {
        bool is_open = text[at] == '{' || text[at] == '[';
        bool is_close = text[at] == '}' || text[at] == ']';

        if (depth == 0 && (is_close || text[at] == ','))
            return at;
        if (text[at] == '"')
            at = skip_string(text, len, at);
        else
            at++;
        depth += is_open;
        depth -= is_close;
        if (depth == 0 && (is_close || text[at - 1] == '"'))
            return at;
    }
    return len;
}

/* A name with an escape in it may be any. */
static bool is_secret_member(const struct anycert__curl *curl, const char *name, size_t len)
{
    return memchr(name, '\\', len) || anycert__is_secret_param(&curl->client->settings, name, len);
}

void anycert__curl_json(struct anycert__curl *curl, const char *text, size_t len)
{
    size_t shown = 0;

    for (size_t at = until(text, len, "\""); at < len; at += until(text + at, len - at, "\"")) {
        size_t name = at + 1;
        size_t behind = skip_string(text, len, at);
        size_t colon = skip_space(text, len, behind);
        size_t value = colon < len && text[colon] == ':' ? skip_space(text, len, colon + 1) : len;

        at = behind;
        if (value == len || behind - 1 <= name ||
            !is_secret_member(curl, text + name, behind - 1 - name))
            continue;
        anycert__curl_bytes(curl, text + shown, value - shown);
        anycert__curl_variable(curl, "ANYCERT_JSON", text + name, behind - 1 - name,
                               "the value of a member, as JSON has it, quotation marks and all");
        at = shown = skip_value(text, len, value);
    }
    if (shown < len || len == 0)
        anycert__curl_bytes(curl, text + shown, len - shown);
}
