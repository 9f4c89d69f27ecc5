#include "http/url.h"

#include "base/buf.h"
#include "base/mem.h"
#include "base/str.h"
#include "http/plain.h"
#include "http/space.h"
#include "tls/tls.h"

#include <curl/curl.h>
#include <idn2.h>

#include <stdio.h>
#include <string.h>

#define MAX_URL 65536

/* The URL as it may be shown: cut, and without anything that could be user and password. A '/', '?'
 * or '#' in a password makes it look like a path, so everything before the last '@' counts as such.
 */
#define SHOWN_SIZE 160
static void show(const char *text, char out[SHOWN_SIZE])
{
    const char *at = strrchr(text, '@');
    size_t scheme = anycert__str_starts_nocase(text, "https://")  ? 8
                    : anycert__str_starts_nocase(text, "http://") ? 7
                                                                  : 0;
    size_t len = 0;

    if (at && (size_t)(at - text) > scheme)
        (void)snprintf(out, SHOWN_SIZE, "%.*s...%.100s", (int)scheme, text, at);
    else
        (void)snprintf(out, SHOWN_SIZE, "%.120s", text);
    /* Cut inside of a character, it would not be UTF-8 any more. */
    for (len = strlen(out);
         len > 0 && anycert__is_utf8(text, strlen(text)) && !anycert__is_utf8(out, len);)
        out[--len] = '\0';
}

/* A query may hold a secret, too. */
static void cut_query(char *shown)
{
    char *query = strchr(shown, '?');

    if (query && query[1])
        (void)snprintf(query + 1, (size_t)(shown + SHOWN_SIZE - query - 1), "...");
}

static int refuse(struct anycert_error *err, const char *text, const char *why)
{
    char shown[SHOWN_SIZE];

    show(text, shown);
    cut_query(shown);
    return anycert__fail(err, ANYCERT_E_URL, "URL '%s' %s", shown, why);
}

/* Our own reading of the authority (RFC 3986 section 3.2), which has to agree with libcurl's. */
struct authority {
    const char *host;
    size_t host_len;
};

/* Length of "scheme:" (RFC 3986 section 3.1), or 0. */
static size_t scheme_length(const char *text)
{
    size_t len = strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789+-.");

    return len > 0 && text[len] == ':' && strchr("+-.0123456789", text[0]) == NULL ? len + 1 : 0;
}

/* The start of the authority, or NULL with err. */
static const char *skip_scheme(const char *text, struct anycert_error *err)
{
    size_t len = scheme_length(text);

    if (anycert__str_starts_nocase(text, "https://") || anycert__str_starts_nocase(text, "http://"))
        return text + len + 2;
    if (anycert__str_starts_nocase(text, "https:") || anycert__str_starts_nocase(text, "http:"))
        refuse(err, text, "has no // behind its scheme");
    else if (len > 0 && (text[len] < '0' || text[len] > '9') &&
             !strchr(text, '@')) /* else a host and a port */
        refuse(err, text, "has another scheme than http or https");
    else
        refuse(err, text, "has no scheme; write https:// in front of it");
    return NULL;
}

/* An IPv6 address in brackets; its zone, if it has one, is made of unreserved characters (RFC 6874
 * section 2). */
static int read_brackets(const char *text, const char *end, struct authority *out,
                         struct anycert_error *err)
{
    const char *close = memchr(out->host, ']', (size_t)(end - out->host));
    const char *zone = close ? memchr(out->host, '%', (size_t)(close - out->host)) : NULL;

    if (!close || (close + 1 < end && close[1] != ':'))
        return refuse(err, text, "has a malformed IPv6 address");
    if (zone && strncmp(zone, "%25", 3) == 0)
        zone += 2;
    if (zone && zone + 1 == close)
        return refuse(err, text, "has a malformed zone in its IPv6 address");
    for (zone = zone ? zone + 1 : close; zone < close; zone++) {
        if (!strchr("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._~", *zone))
            return refuse(err, text, "has a malformed zone in its IPv6 address");
    }
    out->host_len = (size_t)(close + 1 - out->host);
    return 0;
}

static int read_authority(const char *text, struct authority *out, struct anycert_error *err)
{
    const char *start = skip_scheme(text, err);
    const char *end = NULL;
    const char *at = NULL;
    const char *colon = NULL;

    if (!start)
        return -1;
    end = start + strcspn(start, "/?#");
    for (const char *p = start; p < end; p++) {
        if (*p != '@')
            continue;
        if (at)
            return refuse(err, text,
                          "has more than one '@' before its path; write %40 in a password");
        at = p;
    }
    if (at && strcspn(start, "[]") < (size_t)(at - start))
        return refuse(err, text, "has a bracket in its user or password; write %5B or %5D");
    out->host = at ? at + 1 : start;
    if (*out->host == '[')
        return read_brackets(text, end, out, err);
    colon = memchr(out->host, ':', (size_t)(end - out->host));
    if (colon && colon > out->host && memchr(colon + 1, ':', (size_t)(end - colon - 1)))
        return refuse(err, text,
                      "has several colons in its host; write an IPv6 address in brackets");
    out->host_len = (size_t)((colon ? colon : end) - out->host);
    if (out->host_len == 0)
        return refuse(err, text, "has no host");
    if (memchr(out->host, '%', out->host_len))
        return refuse(err, text, "has a percent sign in its host");
    return 0;
}

/* An internationalised name's A-label form (RFC 5891), or NULL with err. libcurl's own conversion
 * depends on the process's locale. */
static char *to_ascii(const char *text, const struct authority *own, struct anycert_error *err)
{
    char *name = anycert__strndup(own->host, own->host_len);
    char *ascii = NULL;
    char *out = NULL;
    int rc =
        name ? idn2_to_ascii_8z(name, &ascii, IDN2_NFC_INPUT | IDN2_NONTRANSITIONAL) : IDN2_MALLOC;

    if (rc == IDN2_MALLOC)
        anycert__fail_nomem(err);
    else if (rc != IDN2_OK)
        refuse(err, text, "has a host that is no internationalised name");
    else if (!strstr(ascii, "xn--"))
        anycert__fail(err, ANYCERT_E_URL, "host '%s' has look-alike characters; write '%s'", name,
                      ascii);
    else if (!(out = anycert__strdup(ascii)))
        anycert__fail_nomem(err);
    idn2_free(ascii);
    anycert__free(name);
    return out;
}

char *anycert__host_to_ascii(const char *host, struct anycert_error *err)
{
    char *ascii = NULL;
    char *out = NULL;
    int rc = anycert__is_utf8(host, strlen(host))
                 ? idn2_to_ascii_8z(host, &ascii, IDN2_NFC_INPUT | IDN2_NONTRANSITIONAL)
                 : IDN2_ENCODING_ERROR;

    if (rc == IDN2_MALLOC)
        anycert__fail_nomem(err);
    else if (rc != IDN2_OK)
        anycert__fail(err, ANYCERT_E_USAGE, "the host is no internationalised name");
    else if (!strstr(ascii, "xn--"))
        anycert__fail(err, ANYCERT_E_USAGE, "host '%s' has look-alike characters; write '%s'", host,
                      ascii);
    else if (!(out = anycert__strdup(ascii)))
        anycert__fail_nomem(err);
    idn2_free(ascii);
    return out;
}

/* As those who read addresses liberally see it: decimal digits, or 0x and hexadecimal ones. */
static bool is_number(const char *label)
{
    if (label[0] == '0' && label[1] == 'x')
        return label[2 + strspn(label + 2, "0123456789abcdef")] == '\0';
    return label[strspn(label, "0123456789")] == '\0';
}

/* libcurl's host against ours: the same but for case. Anything else (octal addresses made decimal)
 * means that a reader sees another host than we do. A name that ends in a number is an address or
 * nothing. */
static int compare_host(const struct authority *own, const char *host, struct anycert_error *err)
{
    const char *label = NULL;
    char identity[256];
    bool is_ip = false;

    if (*own->host == '[')
        return 0; /* libcurl compresses IPv6 addresses; brackets leave no doubt about what it is */
    if (!anycert__is_word_nocase(own->host, own->host_len, host))
        return anycert__fail(err, ANYCERT_E_URL,
                             "host '%.*s' is an unusual spelling of '%s'; write it that way",
                             own->host_len > 100 ? 100 : (int)own->host_len, own->host, host);
    if (anycert__identity_from_host(host, identity, &is_ip, err) < 0)
        return -1;
    label = strrchr(identity, '.');
    label = label ? label + 1 : identity;
    if (!is_ip && is_number(label))
        return anycert__fail(err, ANYCERT_E_URL,
                             "host '%s' ends in a number but is no IPv4 address", host);
    return 0;
}

static int check_text(const char *text, struct anycert_error *err)
{
    size_t len = text ? strlen(text) : 0;

    if (len == 0)
        return anycert__fail(err, ANYCERT_E_URL, "URL is empty");
    if (len > MAX_URL)
        return anycert__fail(err, ANYCERT_E_URL, "URL is longer than %d bytes", MAX_URL);
    if (anycert__has_control(text, len))
        return refuse(err, text, "has control characters in it");
    if (!anycert__is_utf8(text, len))
        return refuse(err, text, "is not UTF-8");
    if (strchr(text, '\\'))
        return refuse(err, text, "has a backslash in it; write / or %5C");
    return 0;
}

static int take(CURLU *url, CURLUPart part, unsigned flags, char **out, struct anycert_error *err)
{
    char *value = NULL;
    CURLUcode rc = curl_url_get(url, part, &value, flags);

    *out = NULL;
    if (rc == CURLUE_NO_USER || rc == CURLUE_NO_PASSWORD)
        return 0;
    if (rc != CURLUE_OK)
        return anycert__fail(err, rc == CURLUE_OUT_OF_MEMORY ? ANYCERT_E_NOMEM : ANYCERT_E_URL,
                             "URL cannot be used: %s", curl_url_strerror(rc));
    *out = anycert__strdup(value);
    anycert__wipe(value, strlen(value));
    curl_free(value);
    return *out ? 0 : anycert__fail_nomem(err);
}

static int take_port(CURLU *url, const char *text, uint16_t *out, struct anycert_error *err)
{
    char *port = NULL;
    uint64_t value = 0;
    int result = -1;

    if (take(url, CURLUPART_PORT, CURLU_DEFAULT_PORT, &port, err) < 0)
        return -1;
    if (anycert__parse_uint(port, 65535, &value) && value > 0) {
        *out = (uint16_t)value;
        result = 0;
    } else {
        refuse(err, text, "has no port between 1 and 65535");
    }
    anycert__free(port);
    return result;
}

/* "@" and ":@" in front of a host mean nobody. */
static void drop_empty_user(struct anycert__url *url)
{
    if (!url->user || url->user[0] || (url->password && url->password[0]))
        return;
    anycert__free_secret(url->user);
    anycert__free_secret(url->password);
    url->user = url->password = NULL;
}

static int take_userinfo(CURLU *url, const char *text, struct anycert__url *out,
                         struct anycert_error *err)
{
    struct anycert_error why = {0};

    if (take(url, CURLUPART_USER, CURLU_URLDECODE, &out->user, &why) < 0 ||
        take(url, CURLUPART_PASSWORD, CURLU_URLDECODE, &out->password, &why) < 0) {
        if (why.code == ANYCERT_E_NOMEM)
            return anycert__fail_nomem(err);
        return refuse(err, text, "has an encoded control character in its user or password");
    }
    drop_empty_user(out);
    return 0;
}

static int fill(CURLU *url, const char *text, struct anycert__url *out, struct anycert_error *err)
{
    struct anycert__buf origin;
    char *scheme = NULL;
    int result = -1;

    anycert__buf_init(&origin, 4096);
    if (take(url, CURLUPART_SCHEME, 0, &scheme, err) < 0 || !scheme ||
        take_userinfo(url, text, out, err) < 0 || take_port(url, text, &out->port, err) < 0)
        goto out;
    out->https = strcmp(scheme, "https") == 0;
    if (curl_url_set(url, CURLUPART_USER, NULL, 0) != CURLUE_OK ||
        curl_url_set(url, CURLUPART_PASSWORD, NULL, 0) != CURLUE_OK ||
        curl_url_set(url, CURLUPART_FRAGMENT, NULL, 0) != CURLUE_OK) {
        anycert__fail_nomem(err);
        goto out;
    }
    if (take(url, CURLUPART_URL, 0, &out->text, err) < 0)
        goto out;
    anycert__buf_addf(&origin, "%s://%s:%u", scheme, out->host, (unsigned)out->port);
    out->origin = anycert__buf_take(&origin, "origin", err);
    result = out->origin ? 0 : -1;
out:
    anycert__buf_free(&origin);
    anycert__free(scheme);
    return result;
}

/* Takes libcurl's reading of the host and makes it lower case in url, zone of an IPv6 address (RFC
 * 6874) included. */
static int take_host(CURLU *url, const char *text, struct anycert__url *out,
                     struct anycert_error *err)
{
    struct anycert__buf host;
    char *zone = NULL;
    char *value = NULL;
    CURLUcode rc = curl_url_get(url, CURLUPART_HOST, &value, 0);

    anycert__buf_init(&host, 1024);
    if (rc != CURLUE_OK)
        return refuse(err, text, "has a host that is no name or address");
    anycert__str_lower(value);
    if (curl_url_get(url, CURLUPART_ZONEID, &zone, 0) == CURLUE_OK)
        anycert__buf_addf(&host, "%.*s%%%s]", (int)(strlen(value) - 1), value, zone);
    else
        anycert__buf_adds(&host, value);
    rc = curl_url_set(url, CURLUPART_HOST, value, 0); /* forgets the zone */
    if (rc == CURLUE_OK && zone)
        rc = curl_url_set(url, CURLUPART_ZONEID, zone, 0);
    curl_free(value);
    curl_free(zone);
    if (rc != CURLUE_OK || host.too_large) {
        anycert__buf_free(&host);
        return refuse(err, text, "has a host that is no name or address");
    }
    out->host = anycert__buf_take(&host, "host", err);
    return out->host ? 0 : -1;
}

static CURLUcode set_encoded(CURLU *url, const char *text)
{
    char *encoded = anycert__encode_spaces(text);
    CURLUcode rc =
        encoded ? curl_url_set(url, CURLUPART_URL, encoded, CURLU_URLENCODE | CURLU_ALLOW_SPACE)
                : CURLUE_OUT_OF_MEMORY;

    anycert__free_secret(encoded);
    return rc;
}

static int set_text(CURLU *url, const char *text, struct anycert_error *err)
{
    switch ((int)set_encoded(url, text)) {
    case CURLUE_OK:
        return 0;
    case CURLUE_OUT_OF_MEMORY:
        return anycert__fail_nomem(err);
    case CURLUE_BAD_PORT_NUMBER:
        return refuse(err, text, "has no port between 1 and 65535");
    default:
        return refuse(err, text, "is malformed");
    }
}

static int parse_handle(CURLU *url, const char *text, struct anycert__url *out,
                        struct anycert_error *err)
{
    struct authority own = {0};
    char *ascii = NULL;
    int result = -1;

    if (read_authority(text, &own, err) < 0 || set_text(url, text, err) < 0)
        return -1;
    if (!anycert__is_ascii(own.host, own.host_len)) {
        ascii = to_ascii(text, &own, err);
        if (!ascii)
            return -1;
        own.host = ascii;
        own.host_len = strlen(ascii);
        if (curl_url_set(url, CURLUPART_HOST, ascii, 0) != CURLUE_OK) {
            refuse(err, text, "has a host that is no internationalised name");
            goto out;
        }
    }
    if (take_host(url, text, out, err) < 0 || compare_host(&own, out->host, err) < 0)
        goto out;
    result = fill(url, text, out, err);
out:
    anycert__free(ascii);
    return result;
}

int anycert__url_parse(const char *text, struct anycert__url *out, struct anycert_error *err)
{
    CURLU *url = NULL;
    int result = anycert__url_read_plain(text, out, err);

    if (result != 0)
        return result < 0 ? -1 : 0;
    if (check_text(text, err) < 0)
        return -1;
    result = -1;
    url = curl_url();
    if (url)
        result = parse_handle(url, text, out, err);
    else
        anycert__fail_nomem(err);
    curl_url_cleanup(url);
    if (result < 0)
        anycert__url_clear(out);
    return result;
}

/* base's scheme in front of "//host/path". */
static int resolve_authority(const struct anycert__url *base, const char *reference,
                             struct anycert__url *out, struct anycert_error *err)
{
    struct anycert__buf text;
    int result = -1;

    anycert__buf_init_secret(&text, 2 * MAX_URL);
    anycert__buf_addf(&text, "%s:%s", base->https ? "https" : "http", reference);
    result = text.failed ? anycert__fail_nomem(err) : anycert__url_parse(text.data, out, err);
    anycert__buf_free(&text);
    return result;
}

static int resolve_path(const struct anycert__url *base, const char *reference,
                        struct anycert__url *out, struct anycert_error *err)
{
    CURLU *url = curl_url();
    char *absolute = NULL;
    int result = -1;

    if (!url || curl_url_set(url, CURLUPART_URL, base->text, 0) != CURLUE_OK)
        anycert__fail_nomem(err);
    else if (set_text(url, reference, err) == 0 && take(url, CURLUPART_URL, 0, &absolute, err) == 0)
        result = anycert__url_parse(absolute, out, err);
    anycert__free_secret(absolute);
    curl_url_cleanup(url);
    return result;
}

int anycert__url_resolve(const struct anycert__url *base, const char *reference,
                         struct anycert__url *out, struct anycert_error *err)
{
    int result = -1;

    memset(out, 0, sizeof *out);
    if (check_text(reference, err) < 0)
        return -1;
    /* What names a host is read as strictly as a caller's own URL; only the rest is left to
     * libcurl. */
    if (scheme_length(reference) > 0)
        result = anycert__url_parse(reference, out, err);
    else if (*reference ==
             '#') /* the same place (RFC 3986 section 5.2.2), which libcurl 7.88 misses */
        result = anycert__url_parse(base->text, out, err);
    else if (strncmp(reference, "//", 2) == 0)
        result = resolve_authority(base, reference, out, err);
    else
        result = resolve_path(base, reference, out, err);
    if (result < 0)
        return -1;
    anycert__free_secret(out->user);
    anycert__free_secret(out->password);
    out->user = out->password = NULL;
    /* A path cannot lead to another host. */
    if (scheme_length(reference) == 0 && strncmp(reference, "//", 2) != 0 &&
        !anycert__url_same_origin(base, out)) {
        anycert__url_clear(out);
        return refuse(err, reference, "is malformed");
    }
    return 0;
}

bool anycert__url_same_origin(const struct anycert__url *a, const struct anycert__url *b)
{
    return strcmp(a->origin, b->origin) == 0;
}

void anycert__url_clear(struct anycert__url *url)
{
    anycert__free_secret(url->text); /* its query may have one in it */
    anycert__free(url->host);
    anycert__free(url->origin);
    anycert__free_secret(url->user);
    anycert__free_secret(url->password);
    memset(url, 0, sizeof *url);
}
