#include "base/charset.h"

#include "base/str.h"
#include "base/utf8.h"

#include <iconv.h>

#include <errno.h>
#include <stdint.h>
#include <string.h>

#define REPLACEMENT "\xef\xbf\xbd"

/* ---- names */

/* Labels without what is no letter or digit, and what iconv() calls the charset. */
static const struct {
    const char *label, *charset;
} labels[] = {
    {"utf8", ANYCERT__UTF_8},
    {"unicode11utf8", ANYCERT__UTF_8},
    {"latin1", ANYCERT__ISO_8859_1},
    {"l1", ANYCERT__ISO_8859_1},
    {"iso885911987", ANYCERT__ISO_8859_1},
    {"ibm819", ANYCERT__ISO_8859_1},
    {"cp819", ANYCERT__ISO_8859_1},
    {"usascii", "US-ASCII"},
    {"ascii", "US-ASCII"},
    {"ansix341968", "US-ASCII"},
    {"iso646us", "US-ASCII"},
    {"utf16", "UTF-16"},
    {"utf16le", "UTF-16LE"},
    {"utf16be", "UTF-16BE"},
    {"utf32", "UTF-32"},
    {"utf32le", "UTF-32LE"},
    {"utf32be", "UTF-32BE"},
    {"iso88591", ANYCERT__ISO_8859_1},
    {"iso88592", "ISO-8859-2"},
    {"iso88593", "ISO-8859-3"},
    {"iso88594", "ISO-8859-4"},
    {"iso88595", "ISO-8859-5"},
    {"iso88596", "ISO-8859-6"},
    {"iso88597", "ISO-8859-7"},
    {"iso88598", "ISO-8859-8"},
    {"iso88598i", "ISO-8859-8"},
    {"iso88599", "ISO-8859-9"},
    {"iso885910", "ISO-8859-10"},
    {"iso885911", "ISO-8859-11"},
    {"iso885913", "ISO-8859-13"},
    {"iso885914", "ISO-8859-14"},
    {"iso885915", "ISO-8859-15"},
    {"iso885916", "ISO-8859-16"},
    {"latin2", "ISO-8859-2"},
    {"latin3", "ISO-8859-3"},
    {"latin4", "ISO-8859-4"},
    {"cyrillic", "ISO-8859-5"},
    {"arabic", "ISO-8859-6"},
    {"greek", "ISO-8859-7"},
    {"hebrew", "ISO-8859-8"},
    {"latin5", "ISO-8859-9"},
    {"latin6", "ISO-8859-10"},
    {"latin9", "ISO-8859-15"},
    {"windows1250", "CP1250"},
    {"windows1251", "CP1251"},
    {"windows1252", ANYCERT__WINDOWS_1252},
    {"windows1253", "CP1253"},
    {"windows1254", "CP1254"},
    {"windows1255", "CP1255"},
    {"windows1256", "CP1256"},
    {"windows1257", "CP1257"},
    {"windows1258", "CP1258"},
    {"cp1250", "CP1250"},
    {"cp1251", "CP1251"},
    {"cp1252", ANYCERT__WINDOWS_1252},
    {"cp1253", "CP1253"},
    {"cp1254", "CP1254"},
    {"cp1255", "CP1255"},
    {"cp1256", "CP1256"},
    {"cp1257", "CP1257"},
    {"cp1258", "CP1258"},
    {"windows874", "CP874"},
    {"cp874", "CP874"},
    {"tis620", "TIS-620"},
    {"koi8r", "KOI8-R"},
    {"koi8u", "KOI8-U"},
    {"macintosh", "MACINTOSH"},
    {"macroman", "MACINTOSH"},
    {"ibm437", "IBM437"},
    {"cp437", "IBM437"},
    {"ibm850", "IBM850"},
    {"cp850", "IBM850"},
    {"ibm852", "IBM852"},
    {"cp852", "IBM852"},
    {"ibm855", "IBM855"},
    {"cp855", "IBM855"},
    {"ibm866", "IBM866"},
    {"cp866", "IBM866"},
    /* Microsoft's extensions are what is meant, and everywhere else the same but for a backslash.
     */
    {"shiftjis", "CP932"},
    {"sjis", "CP932"},
    {"xsjis", "CP932"},
    {"mskanji", "CP932"},
    {"windows31j", "CP932"},
    {"cp932", "CP932"},
    {"eucjp", "EUC-JP"},
    {"xeucjp", "EUC-JP"},
    {"ujis", "EUC-JP"},
    {"iso2022jp", "ISO-2022-JP"},
    {"gb2312", "GBK"},
    {"gb231280", "GBK"},
    {"euccn", "GBK"},
    {"gbk", "GBK"},
    {"cp936", "GBK"},
    {"gb18030", "GB18030"},
    {"big5", "BIG5"},
    {"cp950", "CP950"},
    {"big5hkscs", "BIG5-HKSCS"},
    {"euckr", "CP949"},
    {"ksc56011987", "CP949"},
    {"cp949", "CP949"},
    {"uhc", "CP949"},
};

const char *anycert__charset_find(const char *label, size_t len)
{
    char plain[24];
    size_t used = 0;

    for (size_t i = 0; i < len; i++) {
        char c = (char)(label[i] >= 'A' && label[i] <= 'Z' ? label[i] | 0x20 : label[i]);

        if (c == '-' || c == '_' || c == ':' || c == '.' || c == ' ')
            continue;
        if (used + 1 == sizeof plain || !((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9')))
            return NULL;
        plain[used++] = c;
    }
    plain[used] = '\0';
    for (size_t i = 0; i < sizeof labels / sizeof labels[0]; i++) {
        if (strcmp(plain, labels[i].label) == 0)
            return labels[i].charset;
    }
    return NULL;
}

const char *anycert__charset_mark(const char *bytes, size_t len, size_t *mark_len)
{
    static const struct {
        const char *mark;
        size_t len;
        const char *charset;
    } marks[] = {/* the longer ones first */
                 {"\xff\xfe\0\0", 4, "UTF-32LE"},
                 {"\0\0\xfe\xff", 4, "UTF-32BE"},
                 {"\xef\xbb\xbf", 3, ANYCERT__UTF_8},
                 {"\xff\xfe", 2, "UTF-16LE"},
                 {"\xfe\xff", 2, "UTF-16BE"}};

    for (size_t i = 0; i < sizeof marks / sizeof marks[0]; i++) {
        if (len >= marks[i].len && memcmp(bytes, marks[i].mark, marks[i].len) == 0) {
            *mark_len = marks[i].len;
            return marks[i].charset;
        }
    }
    *mark_len = 0;
    return NULL;
}

const char *anycert__charset_by_ascii(const char *bytes, size_t len, size_t *mark_len)
{
    const char *marked = anycert__charset_mark(bytes, len, mark_len);
    unsigned zeros = 0;

    if (marked || len < 2)
        return marked ? marked : ANYCERT__UTF_8;
    for (size_t i = 0; i < 4; i++)
        zeros |= (i < len ? bytes[i] == '\0' : bytes[i % 2] == '\0') ? 8u >> i : 0;
    switch (zeros) {
    case 0xe: /* 00 00 00 xx */
        return "UTF-32BE";
    case 0x7: /* xx 00 00 00 */
        return "UTF-32LE";
    case 0xa: /* 00 xx 00 xx */
    case 0x8:
        return "UTF-16BE";
    case 0x5: /* xx 00 xx 00 */
    case 0x4:
        return "UTF-16LE";
    default:
        return ANYCERT__UTF_8;
    }
}

const char *anycert__charset_guess(const char *bytes, size_t len, size_t *mark_len)
{
    const char *charset = anycert__charset_mark(bytes, len, mark_len);

    if (charset)
        return charset;
    return anycert__is_utf8(bytes, len) ? ANYCERT__UTF_8 : ANYCERT__WINDOWS_1252;
}

/* ---- conversion */

/* Length of the run of ASCII that starts at bytes. */
static size_t ascii_run(const char *bytes, size_t len)
{
    size_t n = 0;
    uint64_t word = 0;

    for (; n + sizeof word <= len; n += sizeof word) {
        memcpy(&word, bytes + n, sizeof word);
        if (word & UINT64_C(0x8080808080808080))
            break;
    }
    while (n < len && (unsigned char)bytes[n] < 0x80)
        n++;
    return n;
}

/* Of bytes that are no character: how many of them could have begun one (RFC 3629 section 4). */
static size_t bad_length(const unsigned char *s, size_t len)
{
    unsigned char low = s[0] == 0xe0 ? 0xa0 : s[0] == 0xf0 ? 0x90 : 0x80;
    unsigned char high = s[0] == 0xed ? 0x9f : s[0] == 0xf4 ? 0x8f : 0xbf;
    size_t n = s[0] >= 0xf0 ? 4 : s[0] >= 0xe0 ? 3 : 2;

    if (s[0] < 0xc2 || s[0] > 0xf4 || len < 2 || s[1] < low || s[1] > high)
        return 1;
    for (size_t i = 2; i < n; i++) {
        if (i == len || s[i] < 0x80 || s[i] > 0xbf)
            return i;
    }
    return n;
}

static void decode_utf8(struct anycert__buf *out, const char *bytes, size_t len)
{
    size_t from = 0; /* not yet appended */

    for (size_t at = 0; at <= len && !out->failed;) {
        uint32_t c = 0;
        size_t n = 0;

        at += ascii_run(bytes + at, len - at);
        n = at < len ? anycert__utf8_decode(bytes + at, len - at, &c) : 0;
        if (n > 0) {
            at += n;
            continue;
        }
        anycert__buf_add(out, bytes + from, at - from);
        if (at == len)
            return;
        anycert__buf_adds(out, REPLACEMENT);
        at += bad_length((const unsigned char *)bytes + at, len - at);
        from = at;
    }
}

static void decode_latin1(struct anycert__buf *out, const char *bytes, size_t len)
{
    for (size_t at = 0; at < len && !out->failed;) {
        size_t n = ascii_run(bytes + at, len - at);
        char character[4];

        anycert__buf_add(out, bytes + at, n);
        at += n;
        if (at < len)
            anycert__buf_add(out, character,
                             anycert__utf8_encode((unsigned char)bytes[at++], character));
    }
}

/* Bytes to leave out where iconv() cannot go on. */
static size_t unit_of(const char *charset)
{
    return strncmp(charset, "UTF-32", 6) == 0 ? 4 : strncmp(charset, "UTF-16", 6) == 0 ? 2 : 1;
}

/* iconv() does not change what it reads. */
static char *unconst_bytes(const char *bytes)
{
    union {
        const char *in;
        char *out;
    } u = {.in = bytes};
    return u.out;
}

static void decode_iconv(struct anycert__buf *out, iconv_t converter, size_t unit,
                         const char *bytes, size_t len)
{
    char *in = unconst_bytes(bytes);
    bool flushed = false;

    while (!flushed && !out->failed) {
        char piece[4096];
        char *to = piece;
        size_t room = sizeof piece;
        size_t rc = 0;
        int why = 0;

        flushed = len == 0;
        rc = iconv(converter, flushed ? NULL : &in, flushed ? NULL : &len, &to, &room);
        why = rc == (size_t)-1 ? errno : 0;
        anycert__buf_add(out, piece, sizeof piece - room);
        if (why == EILSEQ || why == EINVAL) {
            anycert__buf_adds(out, REPLACEMENT);
            /* EINVAL: the end is in the middle of a character. */
            unit = why == EINVAL || unit > len ? len : unit;
            in += unit;
            len -= unit;
        } else if (why != 0 && why != E2BIG) {
            return;
        }
    }
}

/* The byte order of a charset that leaves it to a mark, which is passed over; without one it is the
 * little-endian (WHATWG Encoding, utf-16). */
static const char *byte_order(const char *charset, const char **bytes, size_t *len)
{
    static const struct {
        const char *charset, *mark;
        size_t mark_len;
        const char *ordered;
    } rows[] = {{"UTF-16", "\xff\xfe", 2, "UTF-16LE"},
                {"UTF-16", "\xfe\xff", 2, "UTF-16BE"},
                {"UTF-16", "", 0, "UTF-16LE"},
                {"UTF-32", "\xff\xfe\0\0", 4, "UTF-32LE"},
                {"UTF-32", "\0\0\xfe\xff", 4, "UTF-32BE"},
                {"UTF-32", "", 0, "UTF-32LE"}};

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        if (strcmp(charset, rows[i].charset) != 0 || *len < rows[i].mark_len ||
            memcmp(*bytes, rows[i].mark, rows[i].mark_len) != 0)
            continue;
        *bytes += rows[i].mark_len;
        *len -= rows[i].mark_len;
        return rows[i].ordered;
    }
    return charset;
}

int anycert__charset_decode(struct anycert__buf *out, const char *charset, const char *bytes,
                            size_t len)
{
    iconv_t converter = (iconv_t)-1;

    charset = byte_order(charset, &bytes, &len);
    if (strcmp(charset, ANYCERT__ISO_8859_1) == 0) {
        decode_latin1(out, bytes, len);
        return out->failed ? -1 : 0;
    }
    if (strcmp(charset, ANYCERT__UTF_8) != 0)
        converter = iconv_open("UTF-8", charset);
    if (converter == (iconv_t)-1) {
        decode_utf8(out, bytes, len);
    } else {
        decode_iconv(out, converter, unit_of(charset), bytes, len);
        (void)iconv_close(converter);
    }
    return out->failed ? -1 : 0;
}
