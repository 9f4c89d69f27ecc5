#include "doctor/peer.h"

#include "base/str.h"
#include "http/url.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

#define TEXT_MAX 2048

/* The URL's host without its brackets. */
static int take_peer(const struct anycert__url *url, struct anycert__peer *out,
                     struct anycert_error *err)
{
    size_t len = strlen(url->host);
    bool bracketed = len >= 2 && url->host[0] == '[' && url->host[len - 1] == ']';

    if (bracketed)
        len -= 2;
    if (len == 0 || len >= sizeof out->host)
        return anycert__fail(err, ANYCERT_E_URL, "the host name is too long");
    memcpy(out->host, url->host + (bracketed ? 1 : 0), len);
    out->host[len] = '\0';
    out->port = url->port;
    return 0;
}

static int read_url(const char *text, struct anycert__peer *out, bool *https,
                    struct anycert_error *err)
{
    struct anycert__url url = {0};
    int result = -1;

    if (anycert__url_parse(text, &url, err) == 0) {
        *https = url.https;
        result = take_peer(&url, out, err);
    }
    anycert__url_clear(&url);
    return result;
}

/* "::1", which has no brackets because no port follows. */
static bool is_bare_ipv6(const char *text)
{
    const char *colon = strchr(text, ':');

    return text[0] != '[' && colon && strchr(colon + 1, ':');
}

/* A password or a token may stand in what is no target. */
static int refuse_text(const char *text, struct anycert_error *err)
{
    const char *at = strrchr(text, '@');
    const char *shown = at ? at + 1 : text;
    int len = (int)strcspn(shown, "?#");

    return anycert__fail(err, ANYCERT_E_USAGE,
                         "the target '%s%.*s%s' is no URL, HOST or HOST:PORT: a URL begins with "
                         "https://",
                         at ? "...@" : "", len, shown, shown[len] != '\0' ? "..." : "");
}

/* Says what is wrong with a URL that was made here of what was written, which is not shown. */
static int refuse_host(const char *text, const char *url, struct anycert_error *err)
{
    char tail[sizeof err->message];
    const char *shown = err ? strstr(err->message, url) : NULL;
    int code = err ? err->code : 0;

    if (!err || (code != ANYCERT_E_URL && code != ANYCERT_E_USAGE))
        return -1;
    (void)snprintf(tail, sizeof tail, "%s", shown ? shown + strlen(url) : "");
    anycert__error_clear(err);
    return shown ? anycert__fail(err, code, "the target '%s%s", text, tail)
                 : refuse_text(text, err);
}

int anycert__peer_read(const char *text, struct anycert__peer *out, struct anycert_error *err)
{
    char url[TEXT_MAX + 16];
    bool https = true;

    *out = (struct anycert__peer){0};
    if (!text || *text == '\0' || strlen(text) > TEXT_MAX)
        return anycert__fail(err, ANYCERT_E_USAGE, "a target is a URL, HOST or HOST:PORT");
    if (strstr(text, "://"))
        (void)snprintf(url, sizeof url, "%s", text);
    else if (strpbrk(text, "/?#@"))
        return refuse_text(text, err);
    else
        (void)snprintf(url, sizeof url, is_bare_ipv6(text) ? "https://[%s]/" : "https://%s/", text);
    if (read_url(url, out, &https, err) < 0)
        return strstr(text, "://") ? -1 : refuse_host(text, url, err);
    if (https)
        return 0;
    return anycert__fail(err, ANYCERT_E_USAGE,
                         "there is nothing to examine at %s: http is not protected at all; name "
                         "it with https:// or as HOST:PORT",
                         out->host);
}

static const struct {
    const char *scheme;
    enum anycert__proxy_kind kind;
} proxies[] = {
    {"http", ANYCERT__PROXY_HTTP},     {"https", ANYCERT__PROXY_HTTPS},
    {"socks4", ANYCERT__PROXY_SOCKS4}, {"socks4a", ANYCERT__PROXY_SOCKS4A},
    {"socks5", ANYCERT__PROXY_SOCKS5}, {"socks5h", ANYCERT__PROXY_SOCKS5H},
};

static bool names_port(const char *authority)
{
    const char *end = authority + strcspn(authority, "/?#");
    const char *colon = NULL;

    for (const char *p = authority; p < end; p++) {
        if (*p == ':')
            colon = p;
        else if (*p == ']' || *p == '@')
            colon = NULL;
    }
    return colon != NULL;
}

int anycert__peer_proxy(const char *url, struct anycert__proxy *out, struct anycert_error *err)
{
    const char *rest = url ? strstr(url, "://") : NULL;
    size_t len = rest ? (size_t)(rest - url) : 0;
    char as_http[TEXT_MAX + 16];
    bool https = false;

    *out = (struct anycert__proxy){0};
    if (!url || *url == '\0' || strlen(url) > TEXT_MAX)
        return anycert__fail(err, ANYCERT_E_USAGE, "the URL of the proxy is empty or too long");
    for (size_t i = 0; i < sizeof proxies / sizeof proxies[0]; i++) {
        if (rest ? !anycert__is_word_nocase(url, len, proxies[i].scheme) : i > 0)
            continue;
        out->kind = proxies[i].kind;
        (void)snprintf(as_http, sizeof as_http, "http://%s", rest ? rest + 3 : url);
        if (read_url(as_http, &out->peer, &https, err) < 0)
            return anycert__error_prefix(err, "proxy");
        if (!names_port(as_http + strlen("http://")))
            return anycert__fail(err, ANYCERT_E_USAGE,
                                 "the proxy's URL names no port; clients disagree about the "
                                 "default");
        return 0;
    }
    return anycert__fail(err, ANYCERT_E_USAGE,
                         "a proxy is http, https, socks4, socks4a, socks5 or socks5h");
}

int anycert__peer_rule(const char *text, const char *what, struct anycert__peer *out,
                       const char **rest, struct anycert_error *err)
{
    const char *host = text ? text : "";
    bool bracketed = host[0] == '[';
    const char *end = bracketed ? strchr(host, ']') : strchr(host, ':');
    const char *port = end ? end + (bracketed ? 2 : 1) : NULL;
    const char *behind = port && port[-1] == ':' ? strchr(port, ':') : NULL;
    char number[8] = "";
    uint64_t value = 0;

    *out = (struct anycert__peer){0};
    host += bracketed;
    if (!behind || (size_t)(end - host) >= sizeof out->host ||
        (size_t)(behind - port) >= sizeof number)
        return anycert__fail(err, ANYCERT_E_USAGE, "%s: '%s' does not begin with HOST:PORT:", what,
                             text ? text : "");
    memcpy(out->host, host, (size_t)(end - host));
    anycert__str_lower(out->host);
    if (!anycert__is_ascii(out->host, strlen(out->host)))
        return anycert__fail(err, ANYCERT_E_USAGE,
                             "%s: '%s' is not ASCII: write names in their xn-- form", what, text);
    if (strcmp(out->host, "*") == 0)
        out->host[0] = '\0';
    memcpy(number, port, (size_t)(behind - port));
    if (number[0] != '\0' && !anycert__parse_uint(number, UINT16_MAX, &value))
        return anycert__fail(err, ANYCERT_E_USAGE, "%s: '%s' is no port", what, number);
    out->port = (uint16_t)value;
    *rest = behind + 1;
    return 0;
}

bool anycert__peer_is_address(const char *host)
{
    return strchr(host, ':') || host[strspn(host, "0123456789.")] == '\0';
}

int anycert__peer_address(const char *text, char out[256], struct anycert_error *err)
{
    size_t len = strlen(text);
    bool bracketed = len > 2 && text[0] == '[' && text[len - 1] == ']';
    unsigned char bytes[16];

    out[0] = '\0';
    if (len < 256) {
        memcpy(out, text + bracketed, len - 2 * (size_t)bracketed);
        out[len - 2 * (size_t)bracketed] = '\0';
    }
    if (inet_pton(bracketed || strchr(out, ':') ? AF_INET6 : AF_INET, out, bytes) == 1)
        return 0;
    return anycert__fail(err, ANYCERT_E_USAGE, "'%s' is no address", text);
}
