#include "base/str.h"
#include "base/buf.h"
#include "base/utf8.h"

#include <string.h>

static unsigned char lower(char c)
{
    return (unsigned char)(c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c);
}

bool anycert__str_equal(const char *a, const char *b)
{
    if (a == NULL || b == NULL)
        return a == b;
    return strcmp(a, b) == 0;
}

bool anycert__equal_nocase(const char *a, const char *b, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        if (lower(a[i]) != lower(b[i]))
            return false;
    }
    return true;
}

bool anycert__str_equal_nocase(const char *a, const char *b)
{
    if (a == NULL || b == NULL)
        return a == b;
    for (; lower(*a) == lower(*b); a++, b++) {
        if (*a == '\0')
            return true;
    }
    return false;
}

bool anycert__is_word_nocase(const char *s, size_t len, const char *word)
{
    for (size_t i = 0; i < len; i++) {
        if (word[i] == '\0' || lower(s[i]) != lower(word[i]))
            return false;
    }
    return word[len] == '\0';
}

bool anycert__str_starts(const char *s, const char *prefix)
{
    return strncmp(s, prefix, strlen(prefix)) == 0;
}

bool anycert__str_starts_nocase(const char *s, const char *prefix)
{
    /* A shorter s differs at its end. */
    return anycert__equal_nocase(s, prefix, strlen(prefix));
}

bool anycert__str_ends_nocase(const char *s, const char *suffix)
{
    size_t len = strlen(s), suffix_len = strlen(suffix);
    return len >= suffix_len && anycert__equal_nocase(s + len - suffix_len, suffix, suffix_len);
}

bool anycert__is_ascii(const char *s, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        if ((unsigned char)s[i] >= 0x80)
            return false;
    }
    return true;
}

void anycert__str_lower(char *s)
{
    for (; *s; s++)
        *s = (char)lower(*s);
}

const char *anycert__open_bracket(const char *host)
{
    return host && strchr(host, ':') ? "[" : "";
}

const char *anycert__close_bracket(const char *host)
{
    return host && strchr(host, ':') ? "]" : "";
}

bool anycert__has_control(const char *s, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        unsigned char c = (unsigned char)s[i];
        if (c < 0x20 || c == 0x7f)
            return true;
    }
    return false;
}

size_t anycert__utf8_decode(const char *s, size_t len, uint32_t *code_point)
{
    static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
    if (len == 0)
        return 0;
    unsigned char first = (unsigned char)s[0];
    size_t n = first < 0x80 ? 1 : first < 0xc0 ? 0 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;
    if (n == 0 || n > len || first > 0xf4)
        return 0;
    uint32_t c = n == 1 ? first : first & (0xffU >> (n + 1));
    for (size_t i = 1; i < n; i++) {
        unsigned char next = (unsigned char)s[i];
        if ((next & 0xc0) != 0x80)
            return 0;
        c = c << 6 | (next & 0x3f);
    }
    if (c < least[n] || c > 0x10ffff || (c >= 0xd800 && c <= 0xdfff))
        return 0;
    *code_point = c;
    return n;
}

size_t anycert__utf8_encode(uint32_t code_point, char out[4])
{
    size_t n = code_point < 0x80 ? 1 : code_point < 0x800 ? 2 : code_point < 0x10000 ? 3 : 4;
    for (size_t i = n; i-- > 1;) {
        out[i] = (char)(unsigned char)(0x80 | (code_point & 0x3f));
        code_point >>= 6;
    }
    unsigned mark = n == 1 ? 0 : (0xf00U >> n) & 0xff;
    out[0] = (char)(unsigned char)(mark | code_point);
    return n;
}

bool anycert__is_unshowable(uint32_t c)
{
    return c < 0x20 || (c >= 0x7f && c <= 0x9f) || c == 0x061c || c == 0x200e || c == 0x200f ||
           (c >= 0x2028 && c <= 0x202e) || (c >= 0x2066 && c <= 0x2069);
}

bool anycert__is_utf8(const char *s, size_t len)
{
    while (len > 0) {
        uint32_t c;
        size_t n = anycert__utf8_decode(s, len, &c);
        if (n == 0)
            return false;
        s += n;
        len -= n;
    }
    return true;
}

int anycert__buf_add_escaped(struct anycert__buf *buf, const char *bytes, size_t len)
{
    int rv = 0;
    while (len > 0 && rv == 0) {
        uint32_t c;
        size_t n = anycert__utf8_decode(bytes, len, &c);
        if (n == 1 && bytes[0] == '\\') {
            rv = anycert__buf_add(buf, "\\\\", 2);
        } else if (n > 0 && !anycert__is_unshowable(c)) {
            rv = anycert__buf_add(buf, bytes, n);
        } else {
            n = n > 0 ? n : 1;
            for (size_t i = 0; i < n && rv == 0; i++)
                rv = anycert__buf_addf(buf, "\\x%02x", (unsigned)(unsigned char)bytes[i]);
        }
        bytes += n;
        len -= n;
    }
    return rv;
}

bool anycert__parse_uint(const char *s, uint64_t max, uint64_t *out)
{
    uint64_t value = 0;
    if (s == NULL || *s == '\0')
        return false;
    for (; *s; s++) {
        if (*s < '0' || *s > '9')
            return false;
        uint64_t digit = (uint64_t)(*s - '0');
        if (value > (max - digit) / 10 || digit > max)
            return false;
        value = value * 10 + digit;
    }
    *out = value;
    return true;
}

bool anycert__parse_seconds(const char *s, uint64_t max, uint64_t *out)
{
    size_t whole = strspn(s, "0123456789");
    size_t part = s[whole] == '.' ? strspn(s + whole + 1, "0123456789") : 0;
    uint64_t ms = 0;
    bool more = false;

    *out = 0;
    if (whole + part == 0 || s[whole + (s[whole] == '.' ? part + 1 : 0)] != '\0' || whole > 15)
        return false;
    for (size_t i = 0; i < whole; i++)
        ms = ms * 10 + (uint64_t)(s[i] - '0');
    for (size_t i = 0; i < 3; i++)
        ms = ms * 10 + (i < part ? (uint64_t)(s[whole + 1 + i] - '0') : 0);
    for (size_t i = 3; i < part; i++)
        more = more || s[whole + 1 + i] != '0';
    ms += more;
    if (ms > max)
        return false;
    *out = ms;
    return true;
}

#define WORD_MAX 64

static size_t smaller(size_t a, size_t b)
{
    return a < b ? a : b;
}

/* Edits (insert, delete, replace, swap neighbours) that lead from one word to the other, case
 * folded. Three rows of the usual table are enough. Both words are at most WORD_MAX long. */
static size_t edit_distance(const char *a, size_t a_len, const char *b, size_t b_len)
{
    size_t rows[3][WORD_MAX + 1];
    for (size_t j = 0; j <= b_len; j++)
        rows[0][j] = j;
    for (size_t i = 1; i <= a_len; i++) {
        size_t *row = rows[i % 3];
        const size_t *above = rows[(i + 2) % 3];
        const size_t *above2 = rows[(i + 1) % 3];
        row[0] = i;
        for (size_t j = 1; j <= b_len; j++) {
            size_t cost = lower(a[i - 1]) != lower(b[j - 1]);
            row[j] = smaller(smaller(row[j - 1], above[j]) + 1, above[j - 1] + cost);
            if (i > 1 && j > 1 && lower(a[i - 1]) == lower(b[j - 2]) &&
                lower(a[i - 2]) == lower(b[j - 1]))
                row[j] = smaller(row[j], above2[j - 2] + 1);
        }
    }
    return rows[a_len % 3][b_len];
}

const char *anycert__closest(const char *word, const char *const *names, size_t count)
{
    const char *best = NULL;
    size_t word_len = strlen(word);
    if (word_len == 0 || word_len > WORD_MAX)
        return NULL;
    /* A third of the letters may be wrong, at most three: more is another word. */
    size_t limit = smaller(3, (word_len + 2) / 3);
    for (size_t i = 0; i < count; i++) {
        size_t len = strlen(names[i]);
        if (len > WORD_MAX)
            continue;
        size_t distance = edit_distance(word, word_len, names[i], len);
        if (distance <= limit && distance < len) {
            best = names[i];
            if (distance == 0)
                break;
            limit = distance - 1;
        }
    }
    return best;
}
