#include "policy/trust_line.h"
#include "policy/keys.h"
#include "policy/pattern.h"
#include "policy/trust_record.h"
#include "base/base64.h"
#include "base/str.h"

#include <string.h>

#define ZONE_MAX 64

static const char *const kinds[] = {
    [ANYCERT_TRUST_PIN] = "pin",
    [ANYCERT_TRUST_CA] = "ca",
};
static const char *const sources[] = {
    [ANYCERT_TRUST_FIRST_USE] = "first-use",
    [ANYCERT_TRUST_ADDED] = "added",
    [ANYCERT_TRUST_IMPORTED] = "imported",
    [ANYCERT_TRUST_COMPARED] = "compared",
};

const char *anycert_trust_kind_name(enum anycert_trust_kind kind)
{
    size_t i = (size_t)kind;
    return i < sizeof kinds / sizeof kinds[0] ? kinds[i] : NULL;
}

const char *anycert_trust_source_name(enum anycert_trust_source source)
{
    size_t i = (size_t)source;
    return i < sizeof sources / sizeof sources[0] ? sources[i] : NULL;
}

/* ---- fields ---- */

struct cursor {
    const char *at, *end;
};

struct field {
    const char *text;
    size_t len;
};

static void skip_blanks(struct cursor *c)
{
    while (c->at < c->end && *c->at == ' ')
        c->at++;
}

static struct field next_field(struct cursor *c)
{
    skip_blanks(c);
    struct field field = {c->at, 0};
    const char *blank = memchr(c->at, ' ', (size_t)(c->end - c->at));
    c->at = blank ? blank : c->end;
    field.len = (size_t)(c->at - field.text);
    return field;
}

static bool is(const struct field *field, const char *word)
{
    return strlen(word) == field->len && memcmp(field->text, word, field->len) == 0;
}

/* The number of a word in a list whose first is NULL, or 0. */
static size_t number_of(const struct field *field, const char *const *words, size_t count)
{
    for (size_t i = 1; i < count; i++) {
        if (is(field, words[i]))
            return i;
    }
    return 0;
}

/* ---- hosts ---- */

static bool is_hashed(const struct field *host)
{
    uint8_t bytes[32];
    const char *s = host->text;
    return host->len == ANYCERT__TRUST_HASHED_LEN && memcmp(s, "|1|", 3) == 0 &&
           anycert__base64_read_32(s + 3, bytes) && s[47] == '|' &&
           anycert__base64_read_32(s + 48, bytes) && s[92] == '|';
}

/* Names in their one spelling, with a port, and nothing that could be an address: true for almost
 * every line, and found out at once. */
static bool is_plain_name(const struct field *host)
{
    const char *s = host->text;
    size_t len = host->len, colon = len, label = 0;
    unsigned port = 0;
    bool begins_with_letter = false;
    while (colon > 0 && s[colon - 1] != ':')
        colon--;
    if (colon < 2 || colon > 254 || len - colon < 1 || len - colon > 5 || s[colon] == '0')
        return false;
    for (size_t i = colon; i < len; i++) {
        if (s[i] < '0' || s[i] > '9')
            return false;
        port = port * 10 + (unsigned)(s[i] - '0');
    }
    for (size_t i = 0; i < colon - 1; i++) {
        bool is_letter = s[i] >= 'a' && s[i] <= 'z';
        bool is_inside = is_letter || (s[i] >= '0' && s[i] <= '9') || s[i] == '_';
        bool is_hyphen = s[i] == '-' && label > 0 && s[i + 1] != '.' && s[i + 1] != ':';
        label = s[i] == '.' ? 0 : label + 1;
        begins_with_letter = label == 1 ? is_letter : begins_with_letter;
        if (label > 63 || (!is_inside && !is_hyphen && (s[i] != '.' || i == 0 || s[i - 1] == '.')))
            return false;
    }
    return port <= 65535 && label > 0 && begins_with_letter;
}

/* The same address on another link is another host: of link-local ones (RFC 4291 section 2.5.6) the
 * zone is a part. Of all others it says nothing. */
static bool is_link_local(const struct anycert__pattern *pattern)
{
    return pattern->kind == ANYCERT__PATTERN_IPV6 && pattern->bits == 128 &&
           pattern->address[0] == 0xfe && (pattern->address[1] & 0xc0) == 0x80;
}

/* "%eth0", of what URLs allow (RFC 6874). */
static bool is_zone(const char *zone, size_t len)
{
    bool good = len > 1 && len <= ZONE_MAX && zone[0] == '%';
    for (size_t i = 1; good && i < len; i++)
        good = (zone[i] >= 'a' && zone[i] <= 'z') || (zone[i] >= 'A' && zone[i] <= 'Z') ||
               (zone[i] >= '0' && zone[i] <= '9') || memchr("-._~", zone[i], 4) != NULL;
    return good;
}

/* Takes the zone out of a host in brackets. True if there was one, and well written. */
static bool take_zone(char *text)
{
    char *zone = strchr(text, '%');
    char *close = zone ? strchr(zone, ']') : NULL;
    if (close == NULL || !is_zone(zone, (size_t)(close - zone)))
        return false;
    memmove(zone, close, strlen(close) + 1);
    return true;
}

static const char *host_fault(const struct field *host)
{
    struct anycert__pattern pattern;
    char text[ANYCERT__TRUST_HOST_SIZE], normal[ANYCERT__PATTERN_SIZE];
    if (is_plain_name(host))
        return NULL;
    if (host->len >= sizeof text)
        return "its host is too long";
    memcpy(text, host->text, host->len);
    text[host->len] = '\0';
    if (strlen(text) != host->len)
        return "it does not begin with HOST:PORT, or |1|SALT|HASH|";
    bool has_zone = take_zone(text);
    if ((has_zone && text[0] != '[') || anycert__pattern_parse(text, &pattern, NULL) != 0 ||
        pattern.kind == ANYCERT__PATTERN_BELOW || pattern.port == 0)
        return "it does not begin with HOST:PORT, or |1|SALT|HASH|";
    if (has_zone && !is_link_local(&pattern))
        return "its host has a zone (%), and is no link-local address";
    anycert__pattern_format(&pattern, normal);
    return strcmp(text, normal) == 0 && strchr(normal, '/') == NULL
               ? NULL
               : "its host is not in its one spelling (lower case, no final dot, "
                 "IPv4 addresses as such)";
}

int anycert__trust_host_text(const char *host, uint16_t port, char out[ANYCERT__TRUST_HOST_SIZE],
                             struct anycert_error *err)
{
    struct anycert__pattern pattern;
    if (host == NULL || *host == '\0' || port == 0)
        return anycert__fail(err, ANYCERT_E_USAGE, "the trust store needs a host and a port");
    if (!anycert__pattern_of_host(host, port, &pattern))
        return anycert__fail(err, ANYCERT_E_USAGE, "'%s' is neither a host name nor an address",
                             anycert__word(host, strlen(host)).text);
    _Static_assert(ANYCERT__TRUST_HOST_SIZE >= ANYCERT__PATTERN_SIZE && ZONE_MAX <= 200,
                   "room for a pattern's text, or an address and its zone");
    anycert__pattern_format(&pattern, out);
    const char *zone = is_link_local(&pattern) ? strchr(host, '%') : NULL;
    if (zone == NULL)
        return 0;
    size_t len = strcspn(zone, "]");
    char *close = strchr(out, ']');
    if (close == NULL || !is_zone(zone, len))
        return anycert__fail(err, ANYCERT_E_USAGE, "the zone of '%s' is not well written",
                             anycert__word(host, strlen(host)).text);
    memmove(close + len, close, strlen(close) + 1);
    memcpy(close, zone, len);
    return 0;
}

/* ---- the rest ---- */

const char *anycert__trust_pins_fault(const char *pins, size_t len, size_t *count)
{
    const char *end = pins + len;
    *count = 0;
    for (const char *pin = pins;; pin++) {
        const char *comma = memchr(pin, ',', (size_t)(end - pin));
        size_t n = (size_t)((comma ? comma : end) - pin);
        if (!anycert__is_pin(pin, n))
            return "a pin is not sha256// and the 44 base64 characters of a SHA-256 digest";
        for (const char *other = pins; other < pin; other += ANYCERT__PIN_SIZE) {
            if (memcmp(other, pin, n) == 0)
                return "a pin stands twice in it";
        }
        if (++*count > ANYCERT__TRUST_PINS_MAX)
            return "it has more than 16 pins";
        if (comma == NULL)
            return NULL;
        pin = comma;
    }
}

const char *anycert__trust_comment_fault(const char *comment, size_t len)
{
    if (len > ANYCERT__TRUST_COMMENT_MAX)
        return "its comment is longer than 200 bytes";
    if (anycert__has_control(comment, len) || !anycert__is_utf8(comment, len))
        return "its comment is not UTF-8 text in one line";
    return NULL;
}

static const char *parse_kind(struct cursor *c, struct anycert__trust_line *out)
{
    struct field kind = next_field(c), pins = next_field(c);
    size_t which = number_of(&kind, kinds, sizeof kinds / sizeof kinds[0]);
    if (which == 0)
        return "behind its host is neither pin nor ca";
    out->kind = (enum anycert_trust_kind)which;
    if (out->kind == ANYCERT_TRUST_CA)
        return is(&pins, "-") ? NULL : "ca has no pins: '-' has to stand there";
    out->pins = pins.text;
    out->pins_len = pins.len;
    return anycert__trust_pins_fault(pins.text, pins.len, &out->pin_count);
}

static const char *parse_comment(struct cursor *c, struct anycert__trust_line *out)
{
    skip_blanks(c);
    if (c->at == c->end)
        return NULL;
    if (*c->at++ != '#')
        return "there is something behind its last field that is no comment (#)";
    skip_blanks(c);
    while (c->end > c->at && c->end[-1] == ' ')
        c->end--;
    out->comment = c->at;
    out->comment_len = (size_t)(c->end - c->at);
    return anycert__trust_comment_fault(out->comment, out->comment_len);
}

const char *anycert__trust_line_parse(const char *text, size_t len, struct anycert__trust_line *out)
{
    struct cursor c = {text, text + len};
    *out = (struct anycert__trust_line){.pins = "", .comment = ""};
    struct field host = next_field(&c);
    if (host.len == 0 || host.text[0] == '#')
        return memchr(text, '\0', len) ? "it has a NUL byte in it" : NULL;
    out->is_hashed = is_hashed(&host);
    const char *fault = out->is_hashed ? NULL : host_fault(&host);
    if (fault == NULL)
        fault = parse_kind(&c, out);
    if (fault)
        return fault;
    struct field first = next_field(&c), changed = next_field(&c), source = next_field(&c);
    bool is_unchanged =
        first.len == changed.len && memcmp(first.text, changed.text, first.len) == 0;
    bool good = anycert__parse_time(first.text, first.len, &out->first_seen);
    out->changed = out->first_seen;
    if (!good || (!is_unchanged && !anycert__parse_time(changed.text, changed.len, &out->changed)))
        return "it has no two times such as 2026-01-31T12:00:00Z behind its pins";
    size_t which = number_of(&source, sources, sizeof sources / sizeof sources[0]);
    if (which == 0)
        return "behind its times is neither first-use, added, imported nor compared";
    out->source = (enum anycert_trust_source)which;
    fault = parse_comment(&c, out);
    out->host = host.text;
    out->host_len = host.len;
    return fault;
}

void anycert__trust_line_write(struct anycert__buf *buf, const struct anycert__trust_line *line)
{
    char first[ANYCERT__TIME_SIZE], changed[ANYCERT__TIME_SIZE];
    anycert__format_time(line->first_seen, first);
    anycert__format_time(line->changed, changed);
    anycert__buf_add(buf, line->host, line->host_len);
    anycert__buf_addf(buf, " %s ", kinds[line->kind]);
    if (line->kind == ANYCERT_TRUST_PIN)
        anycert__buf_add(buf, line->pins, line->pins_len);
    else
        anycert__buf_adds(buf, "-");
    anycert__buf_addf(buf, " %s %s %s", first, changed, sources[line->source]);
    if (line->comment_len > 0) {
        anycert__buf_adds(buf, " # ");
        anycert__buf_add(buf, line->comment, line->comment_len);
    }
    anycert__buf_adds(buf, "\n");
}
