#include "base/base64.h"

#include <stddef.h>

static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/* One more than what a character stands for; 0: nothing. */
static const uint8_t values[256] = {
    ['A'] = 1,  ['B'] = 2,  ['C'] = 3,  ['D'] = 4,  ['E'] = 5,  ['F'] = 6,  ['G'] = 7,  ['H'] = 8,
    ['I'] = 9,  ['J'] = 10, ['K'] = 11, ['L'] = 12, ['M'] = 13, ['N'] = 14, ['O'] = 15, ['P'] = 16,
    ['Q'] = 17, ['R'] = 18, ['S'] = 19, ['T'] = 20, ['U'] = 21, ['V'] = 22, ['W'] = 23, ['X'] = 24,
    ['Y'] = 25, ['Z'] = 26, ['a'] = 27, ['b'] = 28, ['c'] = 29, ['d'] = 30, ['e'] = 31, ['f'] = 32,
    ['g'] = 33, ['h'] = 34, ['i'] = 35, ['j'] = 36, ['k'] = 37, ['l'] = 38, ['m'] = 39, ['n'] = 40,
    ['o'] = 41, ['p'] = 42, ['q'] = 43, ['r'] = 44, ['s'] = 45, ['t'] = 46, ['u'] = 47, ['v'] = 48,
    ['w'] = 49, ['x'] = 50, ['y'] = 51, ['z'] = 52, ['0'] = 53, ['1'] = 54, ['2'] = 55, ['3'] = 56,
    ['4'] = 57, ['5'] = 58, ['6'] = 59, ['7'] = 60, ['8'] = 61, ['9'] = 62, ['+'] = 63, ['/'] = 64,
};

int anycert__base64_value(char c)
{
    return values[(unsigned char)c] - 1;
}

void anycert__base64_write_32(const uint8_t bytes[32], char out[ANYCERT__BASE64_32 + 1])
{
    for (unsigned i = 0; i < ANYCERT__BASE64_32 - 1; i++) {
        unsigned bit = 6 * i, byte = bit / 8;
        unsigned two = (unsigned)bytes[byte] << 8 | (byte < 31 ? bytes[byte + 1] : 0);
        out[i] = alphabet[two >> (10 - bit % 8) & 63];
    }
    out[ANYCERT__BASE64_32 - 1] = '=';
    out[ANYCERT__BASE64_32] = '\0';
}

bool anycert__base64_read_32(const char *text, uint8_t bytes[32])
{
    bool good = text[ANYCERT__BASE64_32 - 1] == '=';
    for (unsigned i = 0; i < ANYCERT__BASE64_32 / 4; i++) {
        const unsigned char *four = (const unsigned char *)text + (size_t)4 * i;
        bool is_last = i == ANYCERT__BASE64_32 / 4 - 1;
        unsigned a = values[four[0]], b = values[four[1]], c = values[four[2]],
                 d = is_last ? 1 : values[four[3]];
        good = good && a && b && c && d;
        unsigned all = (a - 1) << 18 | (b - 1) << 12 | (c - 1) << 6 | (d - 1);
        bytes[3 * i] = (uint8_t)(all >> 16);
        bytes[3 * i + 1] = (uint8_t)(all >> 8);
        if (is_last)
            return good && (uint8_t)all == 0; /* no bits behind the digest */
        bytes[3 * i + 2] = (uint8_t)all;
    }
    return false;
}

void anycert__base64_add(struct anycert__buf *buf, const void *bytes, size_t len, size_t line)
{
    const uint8_t *in = bytes;
    size_t column = 0;

    for (size_t i = 0; i < len; i += 3) {
        unsigned all = (unsigned)in[i] << 16 | (i + 1 < len ? (unsigned)in[i + 1] << 8 : 0) |
                       (i + 2 < len ? in[i + 2] : 0);
        char four[4] = {alphabet[all >> 18], alphabet[all >> 12 & 63],
                        i + 1 < len ? alphabet[all >> 6 & 63] : '=',
                        i + 2 < len ? alphabet[all & 63] : '='};

        anycert__buf_add(buf, four, sizeof four);
        column += sizeof four;
        if (line > 0 && column >= line && i + 3 < len) {
            anycert__buf_add(buf, "\n", 1);
            column = 0;
        }
    }
    if (line > 0 && len > 0)
        anycert__buf_add(buf, "\n", 1);
}

bool anycert__base64_read(struct anycert__buf *buf, const char *text, size_t len)
{
    unsigned all = 0, digits = 0, padding = 0;

    for (size_t i = 0; i < len; i++) {
        int value = anycert__base64_value(text[i]);

        if (text[i] == '\n')
            continue;
        if (text[i] == '=' && digits % 4 >= 2 && digits % 4 + padding < 4) {
            padding++;
            continue;
        }
        if (value < 0 || padding > 0)
            return false;
        all = all << 6 | (unsigned)value;
        digits++;
        if (digits % 4 == 0) {
            unsigned char three[3] = {(unsigned char)(all >> 16), (unsigned char)(all >> 8),
                                      (unsigned char)all};

            anycert__buf_add(buf, three, sizeof three);
            all = 0;
        }
    }
    if (digits % 4 + padding != (padding > 0 ? 4 : 0))
        return false;
    if (digits % 4 >= 2) {
        unsigned char two[2] = {(unsigned char)(digits % 4 == 2 ? all >> 4 : all >> 10),
                                (unsigned char)(all >> 2)};

        anycert__buf_add(buf, two, digits % 4 - 1);
    }
    return !buf->failed;
}
