/* The form in which the DNS has an internationalised name (RFC 3492), for messages: what to write.
 * Names are converted for connections by a library that knows all of RFC 5891; here are those
 * characters only that the conversion leaves as they are. */
#include "policy/keys.h"
#include "base/buf.h"
#include "base/str.h"
#include "base/utf8.h"

#include <string.h>

#define LABEL_MAX 63
#define DELTA_MAX 0x7fffffU

/* Lower-case letters, and those without cases, in one code point and no other spelling. */
static bool is_sure(uint32_t c)
{
    static const uint32_t ranges[][2] = {
        {0xdf, 0xf6},     {0xf8, 0xff},     {0x3ac, 0x3ce},   {0x430, 0x45f},
        {0x3041, 0x3096}, {0x30a1, 0x30fa}, {0x4e00, 0x9fff}, {0xac00, 0xd7a3},
    };
    for (size_t i = 0; i < sizeof ranges / sizeof ranges[0]; i++) {
        if (c >= ranges[i][0] && c <= ranges[i][1])
            return true;
    }
    return c < 0x80;
}

/* The characters of a label; 0 if it has too many, or one that may not be left as it is. */
static size_t read_label(const char *label, size_t len, uint32_t out[LABEL_MAX])
{
    size_t count = 0;
    while (len > 0) {
        uint32_t c = 0;
        size_t n = anycert__utf8_decode(label, len, &c);
        if (n == 0 || count == LABEL_MAX || !is_sure(c))
            return 0;
        out[count++] = c;
        label += n;
        len -= n;
    }
    return count;
}

static uint32_t adapt(uint32_t delta, uint32_t points, bool first)
{
    uint32_t k = 0;
    delta = first ? delta / 700 : delta / 2;
    for (delta += delta / points; delta > 455; k += 36)
        delta /= 35;
    return k + 36 * delta / (delta + 38);
}

/* One number, as digits behind what is there. */
static void add_number(struct anycert__buf *out, uint32_t q, uint32_t bias)
{
    static const char digits[] = "abcdefghijklmnopqrstuvwxyz0123456789";
    for (uint32_t k = 36;; k += 36) {
        uint32_t t = k <= bias ? 1 : k >= bias + 26 ? 26 : k - bias;
        if (q < t)
            break;
        anycert__buf_add(out, &digits[t + (q - t) % (36 - t)], 1);
        q = (q - t) / (36 - t);
    }
    anycert__buf_add(out, &digits[q], 1);
}

/* The least character that is not below n. */
static uint32_t next_of(const uint32_t *label, size_t count, uint32_t n)
{
    uint32_t least = UINT32_MAX;
    for (size_t i = 0; i < count; i++) {
        if (label[i] >= n && label[i] < least)
            least = label[i];
    }
    return least;
}

static bool add_label(struct anycert__buf *out, const uint32_t *label, size_t count)
{
    uint32_t n = 0x80, delta = 0, bias = 72, basic = 0;
    anycert__buf_adds(out, "xn--");
    for (size_t i = 0; i < count; i++) {
        if (label[i] < 0x80) {
            char c = (char)label[i];
            anycert__buf_add(out, &c, 1);
            basic++;
        }
    }
    if (basic > 0)
        anycert__buf_adds(out, "-");
    for (uint32_t done = basic; done < count; delta++, n++) {
        uint32_t next = next_of(label, count, n);
        delta += (next - n) * (done + 1);
        n = next;
        if (delta > DELTA_MAX)
            return false;
        for (size_t i = 0; i < count; i++) {
            delta += label[i] < n;
            if (label[i] != n)
                continue;
            add_number(out, delta, bias);
            bias = adapt(delta, done + 1, done == basic);
            delta = 0;
            done++;
        }
    }
    return true;
}

static bool is_ascii(const uint32_t *label, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (label[i] >= 0x80)
            return false;
    }
    return true;
}

static bool add_name(struct anycert__buf *out, const char *name)
{
    uint32_t label[LABEL_MAX];
    bool plain = true;
    for (;;) {
        size_t len = strcspn(name, "."), count = read_label(name, len, label), at = out->len;
        if (count == 0)
            return false;
        if (is_ascii(label, count))
            anycert__buf_add(out, name, len);
        else if (!add_label(out, label, count) || out->len - at > LABEL_MAX)
            return false;
        plain = plain && is_ascii(label, count);
        if (name[len] == '\0')
            return !plain;
        anycert__buf_adds(out, ".");
        name += len + 1;
    }
}

struct anycert__advice anycert__advice_on_name(const char *name)
{
    struct anycert__advice advice = {""};
    struct anycert__buf out;
    anycert__buf_init(&out, sizeof advice.text);
    anycert__buf_adds(&out, ", ");
    if (strlen(name) < sizeof advice.text && add_name(&out, name) && !out.failed &&
        out.len < sizeof advice.text) {
        memcpy(advice.text, out.data, out.len);
        advice.text[out.len] = '\0';
        anycert__str_lower(advice.text);
    }
    anycert__buf_free(&out);
    return advice;
}
