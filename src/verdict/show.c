#include "verdict/show.h"

#include <inttypes.h>
#include <string.h>

#include "base/str.h"
#include "base/utf8.h"

#define MINUTE 60
#define HOUR   (60 * MINUTE)
#define DAY    (24 * HOUR)

bool anycert__is_showable(const char *bytes, size_t len)
{
    while (len > 0) {
        uint32_t code_point;
        size_t n = anycert__utf8_decode(bytes, len, &code_point);
        if (n == 0 || anycert__is_unshowable(code_point))
            return false;
        bytes += n;
        len -= n;
    }
    return true;
}

void anycert__show(struct anycert__buf *buf, const char *bytes, size_t len, size_t max)
{
    size_t shown = len;
    if (shown > max) {
        shown = max;
        /* not in the middle of a UTF-8 sequence */
        for (int i = 0; i < 3 && shown > 0 && ((unsigned char)bytes[shown] & 0xc0) == 0x80; i++)
            shown--;
    }
    anycert__buf_add_escaped(buf, bytes, shown);
    if (shown < len)
        anycert__buf_addf(buf, "... (%zu more bytes)", len - shown);
}

void anycert__show_string(struct anycert__buf *buf, const char *string, size_t max)
{
    if (string != NULL)
        anycert__show(buf, string, strlen(string), max);
}

/* Shows the bytes, and those that are in `special` as \xNN. */
static void show_without(struct anycert__buf *buf, const char *bytes, size_t len, size_t max,
                         const char *special)
{
    size_t shown = len < max ? len : max, start = 0;
    for (size_t i = 0; i < shown; i++) {
        if (bytes[i] == '\0' || strchr(special, bytes[i]) == NULL)
            continue;
        anycert__show(buf, bytes + start, i - start, max);
        anycert__buf_addf(buf, "\\x%02x", (unsigned)(unsigned char)bytes[i]);
        start = i + 1;
    }
    anycert__show(buf, bytes + start, len - start, shown - start);
}

void anycert__show_quoted(struct anycert__buf *buf, const char *string)
{
    const char *text = string != NULL ? string : "";
    anycert__buf_adds(buf, "'");
    show_without(buf, text, strlen(text), ANYCERT__SHOW_IN_SENTENCE, "'");
    anycert__buf_adds(buf, "'");
}

void anycert__show_names(struct anycert__buf *buf, const struct anycert__certificate *certificate,
                         size_t most)
{
    size_t count = 0;
    for (size_t i = 0; i < certificate->name_count; i++) {
        const struct anycert__alt_name *name = &certificate->names[i];
        if (name->kind != ANYCERT__NAME_DNS && name->kind != ANYCERT__NAME_IP)
            continue;
        count++;
        if (count > most)
            continue;
        if (count > 1)
            anycert__buf_adds(buf, ", ");
        if (name->value != NULL)
            show_without(buf, name->value, name->len, ANYCERT__SHOW_MAX, ", '\"");
    }
    if (count > most)
        anycert__buf_addf(buf, " and %zu more", count - most);
}

/* NIST's names, which people know, for those that OpenSSL prefers. */
static const char *curve_name(const char *curve)
{
    if (anycert__str_equal(curve, "prime256v1"))
        return "P-256";
    if (anycert__str_equal(curve, "secp384r1"))
        return "P-384";
    if (anycert__str_equal(curve, "secp521r1"))
        return "P-521";
    return curve;
}

void anycert__show_key(struct anycert__buf *buf, const struct anycert__certificate *certificate)
{
    const char *type = certificate->key_type;
    anycert__show_string(buf, type, ANYCERT__SHOW_IN_SENTENCE);
    if (anycert__str_equal(type, "Ed25519") || anycert__str_equal(type, "Ed448"))
        return;
    if (certificate->curve != NULL && certificate->curve[0] != '\0') {
        anycert__buf_adds(buf, " ");
        anycert__show_string(buf, curve_name(certificate->curve), ANYCERT__SHOW_IN_SENTENCE);
    } else if (certificate->key_bits > 0) {
        anycert__buf_addf(buf, " %d", certificate->key_bits);
    }
}

void anycert__show_date(struct anycert__buf *buf, int64_t seconds)
{
    char text[ANYCERT__DATE_SIZE];
    anycert__format_date(seconds, text);
    anycert__buf_adds(buf, text);
}

void anycert__show_span(struct anycert__buf *buf, int64_t from, int64_t to)
{
    uint64_t seconds = to > from ? (uint64_t)to - (uint64_t)from : 0;
    uint64_t unit = seconds >= DAY ? DAY : seconds >= HOUR ? HOUR : seconds >= MINUTE ? MINUTE : 1;
    const char *name = unit == DAY      ? "day"
                       : unit == HOUR   ? "hour"
                       : unit == MINUTE ? "minute"
                                        : "second";
    uint64_t count = seconds / unit;
    anycert__buf_addf(buf, "%" PRIu64 " %s%s", count, name, count == 1 ? "" : "s");
}

const char *anycert__version_name(uint16_t version)
{
    static const char *const names[] = {"SSLv3", "TLSv1.0", "TLSv1.1", "TLSv1.2", "TLSv1.3"};
    if (version < 0x0300 || version > 0x0304)
        return "";
    return names[version - 0x0300];
}

void anycert__show_version(struct anycert__buf *buf, uint16_t version)
{
    const char *name = anycert__version_name(version);
    if (name[0] == '\0' && version != 0)
        anycert__buf_addf(buf, "0x%04x", (unsigned)version);
    else
        anycert__buf_adds(buf, name);
}

const char *anycert__name_kind(enum anycert__name_kind kind)
{
    static const char *const names[] = {"dns", "ip", "email", "uri", "other"};
    return (size_t)kind < sizeof(names) / sizeof(names[0]) ? names[kind] : "other";
}

const char *anycert__hop_name(enum anycert__hop hop)
{
    return hop == ANYCERT__HOP_PROXY ? "proxy" : "origin";
}
