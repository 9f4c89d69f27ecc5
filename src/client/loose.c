#include "client/loose.h"

#include <string.h>

/* The number that \uXXXX at text stands for, or -1. */
static long escape_at(const char *text, const char *end)
{
    long value = 0;

    if (end - text < 6 || text[0] != '\\' || text[1] != 'u')
        return -1;
    for (int i = 2; i < 6; i++) {
        char c = text[i];
        int digit = c >= '0' && c <= '9'                     ? c - '0'
                    : (c | 0x20) >= 'a' && (c | 0x20) <= 'f' ? (c | 0x20) - 'a' + 10
                                                             : -1;

        if (digit < 0)
            return -1;
        value = value * 16 + digit;
    }
    return value;
}

static bool is_high(long c)
{
    return c >= 0xd800 && c <= 0xdbff;
}

static bool is_low(long c)
{
    return c >= 0xdc00 && c <= 0xdfff;
}

/* Behind the string's closing quote. */
static char *loosen_string(char *p, const char *end)
{
    while (p < end && *p != '"') {
        long c = *p == '\\' ? escape_at(p, end) : -1;

        if (*p != '\\') {
            p++;
        } else if (is_high(c) && is_low(escape_at(p + 6, end))) {
            p += 12;
        } else if (is_high(c) || is_low(c)) {
            memcpy(p + 2, "fffd", 4);
            p += 6;
        } else {
            p += end - p < 2 ? 1 : 2;
        }
    }
    return p < end ? p + 1 : p;
}

static bool is_letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool is_word(const char *word, size_t len, char before)
{
    static const struct {
        const char *word;
        bool with_minus;
    } words[] = {
        {"true", false}, {"false", false}, {"null", false}, {"NaN", false}, {"Infinity", true}};

    if ((before >= '0' && before <= '9') || before == '.')
        return len == 1 && (word[0] | 0x20) == 'e'; /* an exponent */
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        if (strlen(words[i].word) == len && memcmp(word, words[i].word, len) == 0)
            return before != '-' || words[i].with_minus;
    }
    return false;
}

bool anycert__json_loosen(char *text, size_t len)
{
    const char *end = text + len;
    bool only_known_words = true;
    char before = ' ';

    for (char *p = text; p < end;) {
        size_t n = 0;

        if (*p == '"') {
            p = loosen_string(p + 1, end);
            before = '"';
            continue;
        }
        while (p + n < end && is_letter(p[n]))
            n++;
        if (n > 0 && !is_word(p, n, before))
            only_known_words = false;
        n = n > 0 ? n : 1;
        before = p[n - 1];
        p += n;
    }
    return only_known_words;
}
