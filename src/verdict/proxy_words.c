#include "verdict/proxy_words.h"

#include "base/buf.h"
#include "base/mem.h"
#include "base/str.h"
#include "verdict/show.h"

#include <string.h>

#define SERVER "server"

bool anycert__is_said_of_proxy(const struct anycert__cause *cause, enum anycert__hop hop)
{
    return hop == ANYCERT__HOP_PROXY && strcmp(cause->check, "proxy") != 0;
}

static bool is_letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

/* What stands in quotes is somebody else's; an apostrophe is no quote, and there is none within. */
static char quote_behind(const char *text, const char *at, char quote)
{
    if (quote != '\0')
        return *at == quote ? '\0' : quote;
    return *at == '"' || (*at == '\'' && (at == text || !is_letter(at[-1]))) ? *at : '\0';
}

/* A word that says which one is meant, and ends at end. */
static bool is_pointed_at(const char *text, const char *end)
{
    static const char *const words[] = {"the ", "that ", "self-signed "};

    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        size_t len = strlen(words[i]);

        if ((size_t)(end - text) >= len && anycert__equal_nocase(end - len, words[i], len) &&
            ((size_t)(end - text) == len || !is_letter(end[-(ptrdiff_t)len - 1])))
            return true;
    }
    return false;
}

static bool is_server(const char *text, const char *at)
{
    const char *rest = at + strlen(SERVER);

    return anycert__str_starts(at, SERVER) && is_pointed_at(text, at) && !is_letter(*rest) &&
           !(anycert__str_starts(rest, " name") && !is_letter(rest[strlen(" name")])) &&
           !anycert__str_starts(rest, " behind");
}

char *anycert__said_of_proxy(const char *text, struct anycert_error *err)
{
    struct anycert__buf buf;
    char quote = '\0';
    char *result = NULL;

    anycert__buf_init(&buf, strlen(text) + 1);
    for (const char *at = text; *at;) {
        bool found = quote == '\0' && is_server(text, at);

        quote = quote_behind(text, at, quote);
        anycert__buf_add(&buf, found ? "proxy" : at, found ? strlen("proxy") : 1);
        at += found ? strlen(SERVER) : 1;
    }
    result = anycert__buf_take(&buf, "what is said of a proxy", err);
    anycert__buf_free(&buf);
    return result;
}

char *anycert__said_of(const char *text, bool is_proxy, struct anycert_error *err)
{
    char *copy = is_proxy ? NULL : anycert__strdup(text);

    if (!is_proxy && !copy)
        anycert__fail_nomem(err);
    return is_proxy ? anycert__said_of_proxy(text, err) : copy;
}
