/* The key pin=: a set of SHA-256 digests of SubjectPublicKeyInfo, as in RFC 7469 and curl's
 * --pinnedpubkey. */
#include "policy/keys.h"
#include "base/base64.h"
#include "base/buf.h"
#include "base/mem.h"

#include <stdlib.h>
#include <string.h>

static int compare(const void *a, const void *b)
{
    return memcmp(a, b, ANYCERT__PIN_SIZE);
}

static bool given(const struct anycert_policy *policy)
{
    return policy->pin_count > 0;
}

static void clear(struct anycert_policy *policy)
{
    anycert__free(policy->pins);
    policy->pins = NULL;
    policy->pin_count = 0;
}

bool anycert__is_pin(const char *item, size_t len)
{
    const size_t prefix = sizeof ANYCERT__PIN_PREFIX - 1;
    uint8_t digest[32];
    return len == ANYCERT__PIN_SIZE - 1 && memcmp(item, ANYCERT__PIN_PREFIX, prefix) == 0 &&
           anycert__base64_read_32(item + prefix, digest);
}

static int read_pin(const char *item, size_t len, char out[ANYCERT__PIN_SIZE],
                    struct anycert_error *err)
{
    if (len == 0)
        return anycert__fail(err, ANYCERT_E_POLICY_SYNTAX,
                             "a pin is missing beside a comma: pins stand in one word, with no "
                             "space behind the comma");
    if (!anycert__is_pin(item, len))
        return anycert__fail(err, ANYCERT_E_POLICY_SYNTAX,
                             "'%s' is not a pin: expected sha256// and the 44 base64 characters of "
                             "a SHA-256 digest",
                             anycert__word(item, len).text);
    memcpy(out, item, len);
    out[len] = '\0';
    return 0;
}

static int set(struct anycert_policy *policy, const char *value, struct anycert_error *err)
{
    char(*pins)[ANYCERT__PIN_SIZE] = anycert__calloc(ANYCERT__PINS_MAX, sizeof *pins);
    size_t count = 0;
    if (pins == NULL)
        return anycert__fail_nomem(err);
    while (value) {
        const char *item;
        size_t len;
        anycert__list_next(&value, &item, &len);
        if (count == ANYCERT__PINS_MAX) {
            anycert__fail(err, ANYCERT_E_POLICY_SYNTAX, "pin= has more than %d pins",
                          ANYCERT__PINS_MAX);
            goto failed;
        }
        if (read_pin(item, len, pins[count], err) != 0)
            goto failed;
        count++;
    }
    qsort(pins, count, sizeof *pins, compare);
    for (size_t i = 1; i < count; i++) {
        if (compare(pins[i - 1], pins[i]) == 0) {
            anycert__fail(err, ANYCERT_E_POLICY_SYNTAX, "pin '%s' stands twice in pin=", pins[i]);
            goto failed;
        }
    }
    clear(policy);
    policy->pins = pins;
    policy->pin_count = count;
    return 0;
failed:
    anycert__free(pins);
    return -1;
}

static int print(const struct anycert_policy *policy, struct anycert__buf *out)
{
    for (size_t i = 0; i < policy->pin_count; i++) {
        if (i > 0)
            anycert__buf_adds(out, ",");
        anycert__buf_adds(out, policy->pins[i]);
    }
    return out->failed ? -1 : 0;
}

static int copy(struct anycert_policy *to, const struct anycert_policy *from)
{
    if (from->pin_count == 0)
        return 0;
    to->pins = anycert__memdup(from->pins, from->pin_count * sizeof *from->pins);
    if (to->pins == NULL)
        return -1;
    to->pin_count = from->pin_count;
    return 0;
}

static bool equal(const struct anycert_policy *a, const struct anycert_policy *b)
{
    return a->pin_count == b->pin_count &&
           (a->pin_count == 0 || memcmp(a->pins, b->pins, a->pin_count * sizeof *a->pins) == 0);
}

const struct anycert__key anycert__key_pin = {
    .name = "pin",
    .rungs = ANYCERT__RUNG_BIT(ANYCERT__RUNG_HARDENED) | ANYCERT__RUNG_BIT(ANYCERT__RUNG_PINNED),
    .only = "only hardened and pinned compare the server's key with a pin",
    .available = true,
    .given = given,
    .set = set,
    .print = print,
    .copy = copy,
    .equal = equal,
    .clear = clear,
};
