#include "http/cookie.h"

#include "base/mem.h"
#include "base/str.h"
#include "http/date.h"
#include "tls/tls.h"

#include <string.h>

#define PAIR_MAX 4096 /* RFC 6265 section 6.1, and what libcurl takes */
#define FIELDS   7

/* ---- Set-Cookie */

struct cookie {
    const char *name, *value;
    size_t name_len, value_len;
    const char *domain, *path; /* of the attributes; NULL: none */
    size_t domain_len, path_len;
    bool secure, http_only, has_age;
    int64_t expires; /* seconds since 1970; 0: with the session */
};

static void trim(const char **text, size_t *len)
{
    while (*len > 0 && (**text == ' ' || **text == '\t')) {
        (*text)++;
        (*len)--;
    }
    while (*len > 0 && ((*text)[*len - 1] == ' ' || (*text)[*len - 1] == '\t'))
        (*len)--;
}

/* What stands before and behind the first '='; without one, value is empty and false is given. */
static bool split(const char *text, size_t len, struct cookie *pair)
{
    const char *equals = memchr(text, '=', len);

    pair->name = text;
    pair->name_len = equals ? (size_t)(equals - text) : len;
    pair->value = equals ? equals + 1 : text + len;
    pair->value_len = equals ? len - pair->name_len - 1 : 0;
    trim(&pair->name, &pair->name_len);
    trim(&pair->value, &pair->value_len);
    return equals != NULL;
}

/* Max-Age (RFC 6265 section 5.2.2): 0 and less mean that it is gone. */
static void take_age(struct cookie *cookie, const char *value, size_t len, int64_t now)
{
    char digits[24];
    uint64_t age = 0;
    bool negative = len > 0 && *value == '-';

    if (len == 0 || len >= sizeof digits)
        return;
    memcpy(digits, value + negative, len - negative);
    digits[len - negative] = '\0';
    if (!anycert__parse_uint(digits, INT32_MAX, &age)) {
        if (digits[0] == '\0' || digits[strspn(digits, "0123456789")] != '\0')
            return;
        age = INT32_MAX;
    }
    cookie->has_age = true;
    cookie->expires = negative || age == 0 ? 1 : now + (int64_t)age;
}

static void take_date(struct cookie *cookie, const char *value, size_t len)
{
    char *text = anycert__strndup(value, len);
    int64_t seconds = 0;

    if (text && anycert__http_date(text, &seconds))
        cookie->expires = seconds > 0 ? seconds : 1;
    anycert__free(text);
}

static void take_attribute(struct cookie *cookie, const char *text, size_t len, int64_t now)
{
    struct cookie pair = {0};
    bool has_value = split(text, len, &pair);

    if (anycert__is_word_nocase(pair.name, pair.name_len, "secure")) {
        cookie->secure = true;
    } else if (anycert__is_word_nocase(pair.name, pair.name_len, "httponly")) {
        cookie->http_only = true;
    } else if (anycert__is_word_nocase(pair.name, pair.name_len, "max-age")) {
        take_age(cookie, pair.value, pair.value_len, now);
    } else if (anycert__is_word_nocase(pair.name, pair.name_len, "expires") && !cookie->has_age) {
        take_date(cookie, pair.value, pair.value_len);
    } else if (anycert__is_word_nocase(pair.name, pair.name_len, "domain") && has_value) {
        cookie->domain = pair.value_len > 0 ? pair.value : NULL;
        cookie->domain_len = pair.value_len;
        if (cookie->domain_len > 1 && *cookie->domain == '.') {
            cookie->domain++;
            cookie->domain_len--;
        }
    } else if (anycert__is_word_nocase(pair.name, pair.name_len, "path")) {
        cookie->path = pair.value_len > 0 && *pair.value == '/' ? pair.value : NULL;
        cookie->path_len = pair.value_len;
    }
}

static int parse(const char *text, int64_t now, struct cookie *out, struct anycert_error *err)
{
    size_t len = strcspn(text, ";");

    memset(out, 0, sizeof *out);
    if (anycert__has_control(text, strlen(text)))
        return anycert__fail(err, ANYCERT_E_USAGE, "the cookie has a control character in it");
    if (!split(text, len, out) || out->name_len == 0)
        return anycert__fail(err, ANYCERT_E_USAGE, "the cookie is not of the form NAME=VALUE");
    if (out->name_len + out->value_len > PAIR_MAX)
        return anycert__fail(err, ANYCERT_E_USAGE, "the cookie is longer than %d bytes", PAIR_MAX);
    while (text[len] == ';') {
        text += len + 1;
        len = strcspn(text, ";");
        take_attribute(out, text, len, now);
    }
    return 0;
}

static bool has_prefix(const struct cookie *cookie, const char *prefix)
{
    return cookie->name_len >= strlen(prefix) &&
           anycert__equal_nocase(cookie->name, prefix, strlen(prefix));
}

/* RFC 6265bis section 4.1.3. */
static int check_prefix(const struct cookie *cookie, struct anycert_error *err)
{
    bool host = has_prefix(cookie, "__Host-");
    bool whole_site = cookie->path_len == 1 && cookie->path && !cookie->domain;

    if ((host || has_prefix(cookie, "__Secure-")) && !cookie->secure)
        return anycert__fail(err, ANYCERT_E_USAGE,
                             "a cookie whose name begins with __Host- or __Secure- is Secure");
    if (host && !whole_site)
        return anycert__fail(
            err, ANYCERT_E_USAGE,
            "a cookie whose name begins with __Host- has the path / and no domain");
    return 0;
}

/* The host without its trailing dot and brackets, in out. */
static int host_of(const struct anycert__url *url, char out[256], bool *is_ip,
                   struct anycert_error *err)
{
    return anycert__identity_from_host(url->host, out, is_ip, err);
}

/* The domain in out; *all says whether subdomains get the cookie, too. */
static int choose_domain(const struct cookie *cookie, const struct anycert__url *url, char out[256],
                         bool *all, struct anycert_error *err)
{
    char host[256];
    bool is_ip = false;

    *all = false;
    if (host_of(url, host, &is_ip, err) < 0)
        return -1;
    memcpy(out, host, strlen(host) + 1);
    if (!cookie->domain || anycert__is_word_nocase(cookie->domain, cookie->domain_len, host))
        *all = cookie->domain && !is_ip && anycert__cookie_domain_ok(host, host);
    else if (is_ip || cookie->domain_len >= 256)
        *out = '\0';
    else {
        memcpy(out, cookie->domain, cookie->domain_len);
        out[cookie->domain_len] = '\0';
        anycert__str_lower(out);
        *all = anycert__cookie_domain_ok(host, out);
        if (!*all)
            *out = '\0';
    }
    if (*out)
        return 0;
    return anycert__fail(err, ANYCERT_E_USAGE, "'%s' may not set a cookie for the domain '%.*s'",
                         host, (int)(cookie->domain_len < 100 ? cookie->domain_len : 100),
                         cookie->domain);
}

/* Up to, but not with, the last '/' of the URL's path (RFC 6265 section 5.1.4). */
static void add_default_path(struct anycert__buf *out, const struct anycert__url *url)
{
    const char *path = strstr(url->text, "://");
    size_t end = 0;
    size_t last = 0;

    path = path ? path + 3 + strcspn(path + 3, "/?#") : "";
    end = strcspn(path, "?#");
    for (size_t i = 0; i < end; i++) {
        if (path[i] == '/')
            last = i;
    }
    anycert__buf_add(out, last > 0 ? path : "/", last > 0 ? last : 1);
}

int anycert__cookie_line(const char *set_cookie, const struct anycert__url *url, int64_t now,
                         struct anycert__buf *out, struct anycert_error *err)
{
    struct cookie cookie;
    char domain[256];
    bool all = false;

    if (parse(set_cookie, now, &cookie, err) < 0 || check_prefix(&cookie, err) < 0 ||
        choose_domain(&cookie, url, domain, &all, err) < 0)
        return -1;
    if (cookie.secure && !url->https)
        return anycert__fail(err, ANYCERT_E_USAGE, "a Secure cookie cannot come over http");
    anycert__buf_addf(out, "%s%s%s\t%s\t", cookie.http_only ? "#HttpOnly_" : "", all ? "." : "",
                      domain, all ? "TRUE" : "FALSE");
    if (cookie.path)
        anycert__buf_add(out, cookie.path, cookie.path_len);
    else
        add_default_path(out, url);
    anycert__buf_addf(out, "\t%s\t%lld\t", cookie.secure ? "TRUE" : "FALSE",
                      (long long)cookie.expires);
    anycert__buf_add(out, cookie.name, cookie.name_len);
    anycert__buf_adds(out, "\t");
    anycert__buf_add(out, cookie.value, cookie.value_len);
    return out->failed ? anycert__fail_nomem(err) : 0;
}

/* ---- lines of a file */

struct cookie_fields {
    const char *begin[FIELDS];
    size_t len[FIELDS];
    size_t count;
};

static void split_line(const char *line, size_t len, struct cookie_fields *out)
{
    static const char http_only[] = "#HttpOnly_";
    size_t skip = len >= sizeof http_only - 1 && memcmp(line, http_only, sizeof http_only - 1) == 0
                      ? sizeof http_only - 1
                      : 0;
    const char *end = line + len;

    line += skip;
    memset(out, 0, sizeof *out);
    while (out->count < FIELDS) {
        const char *tab = memchr(line, '\t', (size_t)(end - line));
        const char *stop = tab && out->count + 1 < FIELDS ? tab : end;

        out->begin[out->count] = line;
        out->len[out->count++] = (size_t)(stop - line);
        if (stop == end)
            break;
        line = stop + 1;
    }
}

static bool is_flag(const struct cookie_fields *fields, size_t index)
{
    return anycert__is_word_nocase(fields->begin[index], fields->len[index], "TRUE") ||
           anycert__is_word_nocase(fields->begin[index], fields->len[index], "FALSE");
}

static bool number_of(const struct cookie_fields *fields, size_t index, uint64_t *out)
{
    char digits[24];

    if (fields->len[index] >= sizeof digits)
        return false;
    memcpy(digits, fields->begin[index], fields->len[index]);
    digits[fields->len[index]] = '\0';
    return anycert__parse_uint(digits, INT64_MAX, out);
}

/* Without the dot that some write in front; true if subdomains get the cookie, too. */
static bool domain_of(const struct cookie_fields *fields, char out[256])
{
    const char *domain = fields->begin[0];
    size_t len = fields->len[0];

    if (len > 1 && *domain == '.') {
        domain++;
        len--;
    }
    *out = '\0';
    if (len < 256) {
        memcpy(out, domain, len);
        out[len] = '\0';
    }
    anycert__str_lower(out);
    return anycert__is_word_nocase(fields->begin[1], fields->len[1], "TRUE");
}

int anycert__cookie_check(const char *line, size_t len, struct anycert_error *err)
{
    struct cookie_fields fields;
    char domain[256];
    uint64_t expires = 0;
    size_t pair = 0;

    if (len == 0 || line[strspn(line, " \t")] == '\n' ||
        (line[0] == '#' && (len < 10 || memcmp(line, "#HttpOnly_", 10) != 0)))
        return 0;
    split_line(line, len, &fields);
    for (size_t i = 0; i < fields.count; i++) {
        if (anycert__has_control(fields.begin[i], fields.len[i]))
            return anycert__fail(err, ANYCERT_E_USAGE, "a field has a control character in it");
    }
    /* The last may be missing: a cookie without a value. */
    if (fields.count < FIELDS - 1 || !is_flag(&fields, 1) || !is_flag(&fields, 3) ||
        !number_of(&fields, 4, &expires) || fields.len[5] == 0)
        return anycert__fail(err, ANYCERT_E_USAGE,
                             "it does not have a cookie's seven fields with tabs between them");
    pair = fields.len[5] + (fields.count == FIELDS ? fields.len[6] : 0);
    if (pair > PAIR_MAX)
        return anycert__fail(err, ANYCERT_E_USAGE, "the cookie is longer than %d bytes", PAIR_MAX);
    if (domain_of(&fields, domain) && !anycert__cookie_domain_ok(domain, domain))
        return anycert__fail(err, ANYCERT_E_USAGE, "nobody may set a cookie for all of '%.100s'",
                             domain);
    return *domain ? 1 : anycert__fail(err, ANYCERT_E_USAGE, "the cookie's domain is no host name");
}

bool anycert__cookie_is_for(const char *line, const struct anycert__url *url)
{
    struct cookie_fields fields;
    char domain[256];
    char host[256];
    bool is_ip = false;
    bool all = false;
    size_t len = 0;
    size_t host_len = 0;

    split_line(line, strlen(line), &fields);
    if (fields.count < 2 || host_of(url, host, &is_ip, NULL) < 0)
        return false;
    all = domain_of(&fields, domain);
    len = strlen(domain);
    host_len = strlen(host);
    if (strcmp(domain, host) == 0)
        return true;
    return all && !is_ip && len > 0 && len < host_len && host[host_len - len - 1] == '.' &&
           strcmp(host + host_len - len, domain) == 0;
}

bool anycert__cookie_expired(const char *line, int64_t now)
{
    struct cookie_fields fields;
    uint64_t expires = 0;

    split_line(line, strlen(line), &fields);
    return fields.count >= 5 && number_of(&fields, 4, &expires) && expires > 0 &&
           (int64_t)expires <= now;
}

/* RFC 6265 section 5.1.4. */
static bool path_matches(const char *path, size_t len, const struct anycert__url *url)
{
    const char *target = strchr(strstr(url->text, "://") + 3, '/');

    if (!target || len == 0 || strncmp(target, path, len) != 0)
        return len <= 1; /* "/" has everything below it */
    return path[len - 1] == '/' || target[len] == '\0' || strchr("/?#", target[len]) != NULL;
}

bool anycert__cookie_goes_to(const char *line, const struct anycert__url *url, size_t *path_len)
{
    struct cookie_fields fields;

    split_line(line, strlen(line), &fields);
    *path_len = fields.count > 2 ? fields.len[2] : 0;
    return fields.count >= FIELDS - 1 && anycert__cookie_is_for(line, url) &&
           path_matches(fields.begin[2], fields.len[2], url) &&
           (url->https || !anycert__is_word_nocase(fields.begin[3], fields.len[3], "TRUE"));
}

void anycert__cookie_pair(const char *line, const char **name, size_t *name_len, const char **value,
                          size_t *value_len)
{
    struct cookie_fields fields;

    split_line(line, strlen(line), &fields);
    *name = fields.count > 5 ? fields.begin[5] : "";
    *name_len = fields.count > 5 ? fields.len[5] : 0;
    *value = fields.count > 6 ? fields.begin[6] : "";
    *value_len = fields.count > 6 ? fields.len[6] : 0;
}
