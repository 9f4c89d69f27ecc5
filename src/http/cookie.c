#include "http/cookie.h"

#include "base/mem.h"
#include "base/str.h"
#include "http/date.h"
#include "tls/tls.h"

#include <string.h>

#define PAIR_MAX 4096 /* RFC 6265 section 6.1, and what libcurl takes */
#define TEXT_MAX 5000 /* with the attributes, as libcurl has it */
#define FIELDS   7

/* ---- Set-Cookie */

static void trim(const char **text, size_t *len)
{
    while (*len > 0 && (**text == ' ' || **text == '\t')) {
        (*text)++;
        (*len)--;
    }
    while (*len > 0 && ((*text)[*len - 1] == ' ' || (*text)[*len - 1] == '\t'))
        (*len)--;
}

/* Some servers still write attributes as RFC 2109 had them: Path="/x"; Max-Age="60". */
static void unquote(const char **text, size_t *len)
{
    if (*len >= 2 && **text == '"' && (*text)[*len - 1] == '"') {
        (*text)++;
        *len -= 2;
    }
}

/* What stands before and behind the first '='; without one, value is empty and false is given. */
static bool split(const char *text, size_t len, struct anycert__cookie *pair)
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

/* Max-Age (RFC 6265 section 5.2.2): 0 and less mean that it is gone. False: it is none. */
static bool take_age(struct anycert__cookie *cookie, const char *value, size_t len, int64_t now)
{
    char digits[24];
    uint64_t age = 0;
    bool negative = false;

    unquote(&value, &len);
    negative = len > 0 && *value == '-';
    if (len == 0 || len >= sizeof digits)
        return false;
    memcpy(digits, value + negative, len - negative);
    digits[len - negative] = '\0';
    if (!anycert__parse_uint(digits, INT32_MAX, &age)) {
        if (digits[0] == '\0' || digits[strspn(digits, "0123456789")] != '\0')
            return false;
        age = INT32_MAX;
    }
    cookie->expires = negative || age == 0 ? 1 : now + (int64_t)age;
    return true;
}

static void take_date(struct anycert__cookie *cookie, const char *value, size_t len)
{
    char *text = anycert__strndup(value, len);
    int64_t seconds = 0;

    if (text && anycert__http_date(text, &seconds))
        cookie->expires = seconds > 0 ? seconds : 1;
    anycert__free(text);
}

/* *has_age: there was a Max-Age, beside which Expires does not count. */
static void take_attribute(struct anycert__cookie *cookie, const char *text, size_t len,
                           int64_t now, bool *has_age)
{
    struct anycert__cookie pair = {0};
    bool has_value = split(text, len, &pair);

    if (anycert__is_word_nocase(pair.name, pair.name_len, "secure")) {
        cookie->secure = true;
    } else if (anycert__is_word_nocase(pair.name, pair.name_len, "httponly")) {
        cookie->http_only = true;
    } else if (anycert__is_word_nocase(pair.name, pair.name_len, "max-age")) {
        *has_age = take_age(cookie, pair.value, pair.value_len, now) || *has_age;
    } else if (anycert__is_word_nocase(pair.name, pair.name_len, "expires") && !*has_age) {
        take_date(cookie, pair.value, pair.value_len);
    } else if (anycert__is_word_nocase(pair.name, pair.name_len, "domain") && has_value) {
        cookie->domain = pair.value_len > 0 ? pair.value : NULL;
        cookie->domain_len = pair.value_len;
        if (cookie->domain_len > 1 && *cookie->domain == '.') {
            cookie->domain++;
            cookie->domain_len--;
        }
    } else if (anycert__is_word_nocase(pair.name, pair.name_len, "path")) {
        unquote(&pair.value, &pair.value_len);
        cookie->path = pair.value_len > 0 && *pair.value == '/' ? pair.value : NULL;
        cookie->path_len = pair.value_len;
    }
}

/* Tabs are white space between the parts, and stand nowhere else. */
static bool has_control_but_tabs(const char *text)
{
    for (;; text++) {
        size_t len = strcspn(text, "\t");

        if (anycert__has_control(text, len))
            return true;
        text += len;
        if (*text == '\0')
            return false;
    }
}

static bool has_control(const struct anycert__cookie *cookie)
{
    return anycert__has_control(cookie->name, cookie->name_len) ||
           anycert__has_control(cookie->value, cookie->value_len) ||
           (cookie->path && anycert__has_control(cookie->path, cookie->path_len));
}

/* Without a domain and a path, if it says none. */
static int parse(const char *text, int64_t now, struct anycert__cookie *out,
                 struct anycert_error *err)
{
    size_t len = strcspn(text, ";");
    bool has_age = false;
    bool is_pair = false;

    memset(out, 0, sizeof *out);
    if (strlen(text) > TEXT_MAX)
        return anycert__fail(err, ANYCERT_E_USAGE,
                             "the cookie is longer than %d bytes with its attributes", TEXT_MAX);
    is_pair = split(text, len, out);
    if (out->name_len + out->value_len > PAIR_MAX)
        return anycert__fail(err, ANYCERT_E_USAGE, "the cookie is longer than %d bytes", PAIR_MAX);
    for (const char *rest = text + len; *rest == ';'; rest += len) {
        rest++;
        len = strcspn(rest, ";");
        take_attribute(out, rest, len, now, &has_age);
    }
    if (has_control_but_tabs(text) || has_control(out))
        return anycert__fail(err, ANYCERT_E_USAGE, "the cookie has a control character in it");
    return is_pair && out->name_len > 0
               ? 0
               : anycert__fail(err, ANYCERT_E_USAGE, "the cookie is not of the form NAME=VALUE");
}

static bool has_prefix(const struct anycert__cookie *cookie, const char *prefix)
{
    return cookie->name_len >= strlen(prefix) &&
           anycert__equal_nocase(cookie->name, prefix, strlen(prefix));
}

/* RFC 6265bis section 4.1.3. is_narrow: it is for one host, and all of it. */
static int check_prefix(const struct anycert__cookie *cookie, bool is_narrow,
                        struct anycert_error *err)
{
    bool host = has_prefix(cookie, "__Host-");

    if ((host || has_prefix(cookie, "__Secure-")) && !cookie->secure)
        return anycert__fail(err, ANYCERT_E_USAGE,
                             "a cookie whose name begins with __Host- or __Secure- is Secure");
    if (host && !is_narrow)
        return anycert__fail(
            err, ANYCERT_E_USAGE,
            "a cookie whose name begins with __Host- has the path / and no domain");
    return 0;
}

int anycert__cookie_place(const struct anycert__url *url, struct anycert__cookie_place *out,
                          struct anycert_error *err)
{
    const char *path = strstr(url->text, "://");

    if (anycert__identity_from_host(url->host, out->host, &out->is_ip, err) < 0)
        return -1;
    out->host_len = strlen(out->host);
    /* What does not leave this machine counts as protected, as to libcurl and browsers. */
    out->is_secure = url->https || strcmp(out->host, "localhost") == 0 ||
                     strcmp(out->host, "127.0.0.1") == 0 || strcmp(out->host, "::1") == 0;
    out->path = path ? path + 3 + strcspn(path + 3, "/?#") : "";
    out->path_len = strcspn(out->path, "?#");
    return 0;
}

/* The cookie's domain, which memory holds; whether subdomains get the cookie, too. */
static int choose_domain(struct anycert__cookie *cookie, const struct anycert__cookie_place *place,
                         char memory[256], struct anycert_error *err)
{
    const char *host = place->host;
    bool ok = true;

    memcpy(memory, host, place->host_len + 1);
    if (!cookie->domain || anycert__is_word_nocase(cookie->domain, cookie->domain_len, host)) {
        cookie->all = cookie->domain && !place->is_ip && anycert__cookie_domain_ok(host, host);
    } else if (place->is_ip || cookie->domain_len >= 256) {
        ok = false;
    } else {
        memcpy(memory, cookie->domain, cookie->domain_len);
        memory[cookie->domain_len] = '\0';
        anycert__str_lower(memory);
        ok = cookie->all = anycert__cookie_domain_ok(host, memory);
    }
    if (!ok)
        return anycert__fail(
            err, ANYCERT_E_USAGE, "'%s' may not set a cookie for the domain '%.*s'", host,
            (int)(cookie->domain_len < 100 ? cookie->domain_len : 100), cookie->domain);
    cookie->domain = memory;
    cookie->domain_len = strlen(memory);
    return 0;
}

/* Up to, but not with, the last '/' of the URL's path (RFC 6265 section 5.1.4). */
static void choose_path(struct anycert__cookie *cookie, const struct anycert__cookie_place *place)
{
    size_t last = 0;

    if (cookie->path)
        return;
    for (size_t i = 0; i < place->path_len; i++) {
        if (place->path[i] == '/')
            last = i;
    }
    cookie->path = last > 0 ? place->path : "/";
    cookie->path_len = last > 0 ? last : 1;
}

static int add_line(const struct anycert__cookie *cookie, struct anycert__buf *out,
                    struct anycert_error *err)
{
    anycert__buf_addf(out, "%s%s", cookie->http_only ? "#HttpOnly_" : "", cookie->all ? "." : "");
    anycert__buf_add(out, cookie->domain, cookie->domain_len);
    anycert__buf_addf(out, "\t%s\t", cookie->all ? "TRUE" : "FALSE");
    anycert__buf_add(out, cookie->path, cookie->path_len);
    anycert__buf_addf(out, "\t%s\t%lld\t", cookie->secure ? "TRUE" : "FALSE",
                      (long long)cookie->expires);
    anycert__buf_add(out, cookie->name, cookie->name_len);
    anycert__buf_adds(out, "\t");
    anycert__buf_add(out, cookie->value, cookie->value_len);
    return out->failed ? anycert__fail_nomem(err) : 0;
}

int anycert__cookie_line(const char *set_cookie, const struct anycert__cookie_place *place,
                         int64_t now, struct anycert__buf *out, struct anycert_error *err)
{
    struct anycert__cookie cookie;
    char domain[256];

    if (parse(set_cookie, now, &cookie, err) < 0 ||
        check_prefix(&cookie, cookie.path && cookie.path_len == 1 && !cookie.domain, err) < 0 ||
        choose_domain(&cookie, place, domain, err) < 0)
        return -1;
    if (cookie.secure && !place->is_secure)
        return anycert__fail(err, ANYCERT_E_USAGE, "a Secure cookie cannot come over http");
    choose_path(&cookie, place);
    return add_line(&cookie, out, err);
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

    if (index >= fields->count || fields->len[index] >= sizeof digits)
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
    /* With a '#' the line would be a comment once it is written again. */
    return *domain && *domain != '.' && *domain != '#'
               ? 1
               : anycert__fail(err, ANYCERT_E_USAGE, "the cookie's domain is no host name");
}

int anycert__cookie_tidy(const char *line, size_t len, struct anycert__buf *out,
                         struct anycert_error *err)
{
    struct cookie_fields fields;
    struct anycert__cookie cookie;
    char domain[256];

    anycert__cookie_read(line, len, &cookie);
    split_line(line, len, &fields);
    (void)domain_of(&fields, domain);
    cookie.domain = domain;
    cookie.domain_len = strlen(domain);
    unquote(&cookie.path, &cookie.path_len);
    if (cookie.path_len == 0 || *cookie.path != '/') {
        cookie.path = "/";
        cookie.path_len = 1;
    }
    if (check_prefix(&cookie, cookie.path_len == 1 && !cookie.all, NULL) < 0)
        return 0;
    return add_line(&cookie, out, err) < 0 ? -1 : 1;
}

void anycert__cookie_read(const char *line, size_t len, struct anycert__cookie *out)
{
    struct cookie_fields fields;
    uint64_t expires = 0;

    memset(out, 0, sizeof *out);
    split_line(line, len, &fields);
    out->http_only = fields.begin[0] != line;
    out->domain = fields.begin[0];
    out->domain_len = fields.len[0];
    if (out->domain_len > 1 && *out->domain == '.') {
        out->domain++;
        out->domain_len--;
    }
    out->all = anycert__is_word_nocase(fields.begin[1], fields.len[1], "TRUE");
    out->path = fields.begin[2];
    out->path_len = fields.len[2];
    out->secure = anycert__is_word_nocase(fields.begin[3], fields.len[3], "TRUE");
    out->expires = number_of(&fields, 4, &expires) ? (int64_t)expires : 0;
    out->name = fields.begin[5];
    out->name_len = fields.len[5];
    out->value = fields.count == FIELDS ? fields.begin[6] : line + len;
    out->value_len = fields.len[6];
}

/* ---- cookies that are kept */

static bool is_text(const char *a, size_t a_len, const char *b, size_t b_len)
{
    return a_len == b_len && memcmp(a, b, a_len) == 0;
}

/* True if name is domain or below it. */
static bool is_below(const char *name, size_t len, const char *domain, size_t domain_len)
{
    return len >= domain_len && memcmp(name + len - domain_len, domain, domain_len) == 0 &&
           (len == domain_len || name[len - domain_len - 1] == '.');
}

/* RFC 6265 section 5.1.4, but that "/a/" has "/a", too, as in libcurl. */
static bool has_path(const char *path, size_t len, const char *target, size_t target_len)
{
    if (len > 0 && path[len - 1] == '/')
        len--;
    return len <= target_len && memcmp(path, target, len) == 0 &&
           (len == 0 || len == target_len || target[len] == '/');
}

bool anycert__cookie_is_for(const struct anycert__cookie *cookie,
                            const struct anycert__cookie_place *place)
{
    return cookie->all && !place->is_ip
               ? is_below(place->host, place->host_len, cookie->domain, cookie->domain_len)
               : is_text(place->host, place->host_len, cookie->domain, cookie->domain_len);
}

bool anycert__cookie_goes_to(const struct anycert__cookie *cookie,
                             const struct anycert__cookie_place *place)
{
    return (place->is_secure || !cookie->secure) && anycert__cookie_is_for(cookie, place) &&
           has_path(cookie->path, cookie->path_len, place->path, place->path_len);
}

bool anycert__cookie_expired(const struct anycert__cookie *cookie, int64_t now)
{
    return cookie->expires > 0 && cookie->expires <= now;
}

bool anycert__cookie_same_domain(const struct anycert__cookie *cookie,
                                 const struct anycert__cookie *other)
{
    return is_text(cookie->domain, cookie->domain_len, other->domain, other->domain_len);
}

bool anycert__cookie_replaces(const struct anycert__cookie *cookie,
                              const struct anycert__cookie *other)
{
    return is_text(cookie->name, cookie->name_len, other->name, other->name_len) &&
           anycert__cookie_same_domain(cookie, other) && cookie->all == other->all &&
           has_path(cookie->path, cookie->path_len, other->path, other->path_len) &&
           has_path(other->path, other->path_len, cookie->path, cookie->path_len);
}

bool anycert__cookie_covers(const struct anycert__cookie *cookie,
                            const struct anycert__cookie *other)
{
    return is_text(cookie->name, cookie->name_len, other->name, other->name_len) &&
           (is_below(cookie->domain, cookie->domain_len, other->domain, other->domain_len) ||
            is_below(other->domain, other->domain_len, cookie->domain, cookie->domain_len)) &&
           has_path(other->path, other->path_len, cookie->path, cookie->path_len);
}
