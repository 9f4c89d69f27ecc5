#include "client/internal.h"

#include "base/mem.h"
#include "base/str.h"

#include <string.h>

static const char *const schemes[] = {"http://",    "https://",  "socks4://",
                                      "socks4a://", "socks5://", "socks5h://"};

/* The proxy's URL with its scheme replaced, read as any other URL. */
static int parse_as(const char *scheme, const char *rest, struct anycert__url *out,
                    struct anycert_error *err)
{
    struct anycert__buf text;
    int result = -1;

    anycert__buf_init_secret(&text, 8192);
    anycert__buf_adds(&text, scheme);
    anycert__buf_adds(&text, rest);
    if (text.failed)
        anycert__fail(err, ANYCERT_E_URL, "proxy URL is too long");
    else
        result = anycert__url_parse(text.data, out, err);
    anycert__buf_free(&text);
    return result;
}

int anycert__proxy_parse(const char *text, char **url, struct anycert__url *parts, bool *https,
                         struct anycert_error *err)
{
    const char *scheme = NULL;
    struct anycert__url other = {0};
    struct anycert__buf out;

    *url = NULL;
    memset(parts, 0, sizeof *parts);
    for (size_t i = 0; i < sizeof schemes / sizeof schemes[0]; i++) {
        if (anycert__str_starts_nocase(text, schemes[i]))
            scheme = schemes[i];
    }
    if (!scheme)
        return anycert__fail(
            err, ANYCERT_E_URL,
            "proxy URL has to begin with http://, https://, socks4://, socks4a://, "
            "socks5:// or socks5h://");
    if (parse_as("http://", text + strlen(scheme), parts, err) < 0)
        return anycert__error_prefix(err, "proxy");
    /* The same text with another scheme has another port exactly when it names none. */
    if (parse_as("https://", text + strlen(scheme), &other, err) < 0 || other.port != parts->port) {
        anycert__url_clear(&other);
        anycert__fail(err, ANYCERT_E_URL,
                      "proxy URL '%s%s' names no port; clients disagree about the default", scheme,
                      parts->host);
        anycert__url_clear(parts);
        return -1;
    }
    anycert__url_clear(&other);
    /* RFC 7617 section 2 */
    if (parts->user && strchr(parts->user, ':') && anycert__str_starts(scheme, "http")) {
        anycert__url_clear(parts);
        return anycert__fail(err, ANYCERT_E_URL,
                             "the user name in the proxy URL has a colon in it");
    }
    *https = strcmp(scheme, "https://") == 0;
    anycert__buf_init(&out, 8192);
    anycert__buf_addf(&out, "%s%s:%u", scheme, parts->host, (unsigned)parts->port);
    *url = anycert__buf_take(&out, "proxy URL", err);
    anycert__buf_free(&out);
    if (!*url)
        anycert__url_clear(parts);
    return *url ? 0 : -1;
}
