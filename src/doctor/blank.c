#include "doctor/blank.h"

#include "base/shell.h"
#include "base/str.h"
#include "doctor/peer.h"
#include "verdict/show.h"

#include <stdio.h>
#include <string.h>

#define VALUE_SIZE 600 /* of what is made of a host and an address */
#define HOST_MAX   253
#define URL_MAX    500

#define LETTERS "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
#define DIGITS  "0123456789"

/* ---- what is plain: no value of another kind gets into a command or a configuration */

static bool consists_of(const char *value, const char *allowed, size_t max)
{
    size_t len = strlen(value);

    return len > 0 && len <= max && strspn(value, allowed) == len;
}

/* A name of one host, or an address. */
static bool is_host(const char *value)
{
    return value[0] != '-' && consists_of(value, LETTERS DIGITS ".-_:", HOST_MAX);
}

static bool is_port(const char *value)
{
    uint64_t number = 0;

    return anycert__parse_uint(value, 65535, &number) && number > 0;
}

static bool is_pin(const char *value)
{
    return anycert__str_starts(value, "sha256//") && strlen(value) == 8 + 44 &&
           consists_of(value + 8, LETTERS DIGITS "+/=", 44);
}

/* As in policies. */
static bool is_day(const char *value)
{
    return consists_of(value, DIGITS "-", 10);
}

static bool is_url(const char *value)
{
    return (anycert__str_starts(value, "http://") || anycert__str_starts(value, "https://")) &&
           consists_of(value, LETTERS DIGITS ":/?&=._~%+-[]", URL_MAX);
}

/* A host and a port, an IPv6 address in brackets. */
static bool is_proxy(const char *value)
{
    return value[0] != '-' && consists_of(value, LETTERS DIGITS ".-_:[]", HOST_MAX + 8);
}

/* The same behind a scheme. */
static bool is_proxy_url(const char *value)
{
    size_t len = strspn(value, LETTERS DIGITS);

    return anycert__str_starts(value + len, "://") && is_proxy(value + len + strlen("://"));
}

/* It is quoted for the shell, but has to be whole. */
static bool is_word(const char *value)
{
    return strlen(value) < VALUE_SIZE && !anycert__has_control(value, strlen(value)) &&
           anycert__shell_is_showable(value, strlen(value));
}

static bool is_never_plain(const char *value)
{
    (void)value;
    return false;
}

static const struct key {
    const char *name;
    bool (*is_plain)(const char *value);
    const char *instead;
} keys[] = {
    {"host", is_host, "HOST"},
    {"port", is_port, "443"},
    {"name", is_host, "NAME"},
    {"address", is_host, "ADDRESS"},
    {"proxy", is_proxy, "PROXY:PORT"},
    {"proxy-url", is_proxy_url, "http://PROXY:PORT"},
    {"pin", is_pin, "sha256//PIN"},
    {"until", is_day, "DATE"},
    {"trust-by-pin", is_word, "hardened pin=sha256//PIN"},
    {"trust-by-name", is_word, "hardened expect-name=NAME"},
    {"ca-file", is_word, "ca.pem"},
    {"issuer-url", is_url, "URL-OF-THE-INTERMEDIATE"},
    {"ca-names", is_never_plain, "CAs that it does not name"},
};

#define MADE_URL      "url"
#define MADE_HTTP_URL "http-url"
#define MADE_SAN      "san"
#define MADE_FILE     "file"
#define MADE_RESOLVE  "resolve"
#define MADE_END      "end"
static const char *const made[] = {MADE_URL,  MADE_HTTP_URL, MADE_SAN,
                                   MADE_FILE, MADE_RESOLVE,  MADE_END};

struct blanks {
    const struct anycert__evidence *evidence;
    size_t count;
    enum anycert__blank_style style;
};

static const char *known(const struct blanks *blanks, const char *key)
{
    for (size_t i = 0; i < blanks->count; i++) {
        if (anycert__str_equal(blanks->evidence[i].key, key) && blanks->evidence[i].value &&
            blanks->evidence[i].value[0])
            return blanks->evidence[i].value;
    }
    return NULL;
}

static const struct key *find_key(const char *name, size_t len)
{
    for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++) {
        if (strlen(keys[i].name) == len && memcmp(keys[i].name, name, len) == 0)
            return &keys[i];
    }
    return NULL;
}

/* The value if it is plain, else the word that stands for it. */
static const char *plain(const struct blanks *blanks, const char *name)
{
    const struct key *key = find_key(name, strlen(name));
    const char *value = known(blanks, name);

    return value && key->is_plain(value) ? value : key->instead;
}

bool anycert__blank_is_filled(const char *key, const struct anycert__evidence *evidence,
                              size_t count)
{
    const struct blanks blanks = {.evidence = evidence, .count = count};
    const struct key *row = find_key(key, strlen(key));
    const char *value = row ? known(&blanks, key) : NULL;

    return value && row->is_plain(value);
}

/* ---- what is made of others */

static void write_url(const char *scheme, const char *usual, const struct blanks *blanks,
                      char out[VALUE_SIZE])
{
    const char *host = plain(blanks, "host");
    const char *port = plain(blanks, "port");
    bool shown = !anycert__str_equal(port, usual);

    (void)snprintf(out, VALUE_SIZE, "%s://%s%s%s%s%s/", scheme, anycert__open_bracket(host), host,
                   anycert__close_bracket(host), shown ? ":" : "", shown ? port : "");
}

static void write_file(const char *host, char out[VALUE_SIZE])
{
    (void)snprintf(out, VALUE_SIZE, "%s", host);
    for (char *p = out; *p; p++) {
        if (*p == ':')
            *p = '_';
    }
}

/* Options: what a command relaxes ends. */
static void write_end(const struct blanks *blanks, char out[VALUE_SIZE])
{
    (void)snprintf(out, VALUE_SIZE, "--until %s%s", plain(blanks, "until"),
                   known(blanks, "why") ? " --reason WHY" : "");
}

static bool write_made(const char *name, size_t len, const struct blanks *blanks,
                       char out[VALUE_SIZE])
{
    const char *host = plain(blanks, "host");

    for (size_t i = 0; i < sizeof made / sizeof made[0]; i++) {
        if (strlen(made[i]) != len || memcmp(made[i], name, len) != 0)
            continue;
        if (anycert__str_equal(made[i], MADE_URL))
            write_url("https", "443", blanks, out);
        else if (anycert__str_equal(made[i], MADE_HTTP_URL))
            write_url("http", "80", blanks, out);
        else if (anycert__str_equal(made[i], MADE_SAN))
            (void)snprintf(out, VALUE_SIZE, "%s:%s", anycert__peer_is_address(host) ? "IP" : "DNS",
                           host);
        else if (anycert__str_equal(made[i], MADE_FILE))
            write_file(host, out);
        else if (anycert__str_equal(made[i], MADE_END))
            write_end(blanks, out);
        else
            (void)snprintf(out, VALUE_SIZE, "%s:%s:%s", host, plain(blanks, "port"),
                           plain(blanks, "address"));
        return true;
    }
    return false;
}

bool anycert__blank_is_known(const char *key, size_t len)
{
    struct blanks none = {.count = 0};
    char value[VALUE_SIZE];

    return find_key(key, len) || write_made(key, len, &none, value);
}

/* ---- */

/* Several words, none of which is anybody else's. */
static bool is_options(const char *name, size_t len)
{
    return len == strlen(MADE_END) && memcmp(name, MADE_END, len) == 0;
}

/* False if there is no such key. */
static bool fill_one(struct anycert__buf *buf, const char *name, size_t len,
                     const struct blanks *blanks)
{
    const struct key *key = find_key(name, len);
    char value[VALUE_SIZE];

    if (key && blanks->style == ANYCERT__BLANK_SENTENCE) {
        const char *text = known(blanks, key->name);

        anycert__show_string(buf, text ? text : key->instead, ANYCERT__SHOW_IN_SENTENCE);
        return true;
    }
    if (key)
        (void)snprintf(value, sizeof value, "%s", plain(blanks, key->name));
    else if (!write_made(name, len, blanks, value))
        return false;
    if (blanks->style == ANYCERT__BLANK_SHELL && !is_options(name, len))
        anycert__shell_add_word(buf, value);
    else
        anycert__buf_adds(buf, value);
    return true;
}

void anycert__blank_fill(struct anycert__buf *buf, const char *text,
                         enum anycert__blank_style style, const struct anycert__evidence *evidence,
                         size_t count)
{
    const struct blanks blanks = {.evidence = evidence, .count = count, .style = style};

    while (*text) {
        size_t len = strcspn(text, "{");
        const char *end = NULL;

        anycert__buf_add(buf, text, len);
        text += len;
        if (!*text)
            return;
        end = strchr(text, '}');
        if (end && fill_one(buf, text + 1, (size_t)(end - text) - 1, &blanks)) {
            text = end + 1;
        } else {
            anycert__buf_add(buf, text, 1);
            text++;
        }
    }
}
