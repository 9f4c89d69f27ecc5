/* policy/keys.h — the keys of a policy, each with all that is done with it, and what the files of
 * this folder share. Not for other layers. */
#ifndef ANYCERT_POLICY_KEYS_H
#define ANYCERT_POLICY_KEYS_H

#include <stdbool.h>
#include <stddef.h>

#include "policy/policy.h"

struct anycert__buf;

/* Longest text of a policy, and longest value of any key but `for`. The second is so much smaller
 * that every policy, quoted twice, still fits into the first: what is printed can always be parsed.
 */
#define ANYCERT__POLICY_TEXT_MAX 65536
#define ANYCERT__VALUE_MAX       8192

#define ANYCERT__RUNG_BIT(rung) (1U << (unsigned)(rung))

/* One key. set replaces the value or leaves it as it was; its text is not empty, valid UTF-8,
 * without control characters and at most VALUE_MAX bytes. print appends the value, unquoted, or
 * nothing for the default. copy starts from a cleared key; -1 means out of memory. */
struct anycert__key {
    const char *name;
    unsigned rungs;   /* ANYCERT__RUNG_BIT of those where it means something */
    const char *only; /* says so in words, for the error */
    bool available;
    bool (*given)(const struct anycert_policy *policy);
    int (*set)(struct anycert_policy *policy, const char *value, struct anycert_error *err);
    int (*print)(const struct anycert_policy *policy, struct anycert__buf *out);
    int (*copy)(struct anycert_policy *to, const struct anycert_policy *from);
    bool (*equal)(const struct anycert_policy *a, const struct anycert_policy *b);
    void (*clear)(struct anycert_policy *policy);
};

/* Every key in the order of printing, NULL behind the last. */
extern const struct anycert__key *const anycert__keys[];
/* NULL for an unknown name. */
const struct anycert__key *anycert__key_find(const char *name);

extern const struct anycert__key anycert__key_ca;
extern const struct anycert__key anycert__key_pin;
extern const struct anycert__key anycert__key_expect_name;
extern const struct anycert__key anycert__key_sni;

/* Sets a key after the checks that all values share. */
int anycert__key_set(const struct anycert__key *key, struct anycert_policy *policy,
                     const char *value, struct anycert_error *err);

/* The next item of a comma-separated list: sets *item and *len, moves *list behind the comma, and
 * to NULL behind the last item. An item may be empty. */
void anycert__list_next(const char **list, const char **item, size_t *len);

/* True for "sha256//" and the base64 of a digest, in its one spelling. */
bool anycert__is_pin(const char *item, size_t len);

/* Writes a host name in lower case and without its final dot; what is wrong with it, or NULL. */
const char *anycert__host_name_fault(const char *value, char out[254]);

/* ", xn--bcher-kva.example" for a name that is not ASCII, where that is sure; else nothing. */
struct anycert__advice {
    char text[128];
};
struct anycert__advice anycert__advice_on_name(const char *name);

/* What a policy lets through by its rung (and check=) alone. */
anycert__relaxations anycert__policy_contains(const struct anycert_policy *policy);

/* A word as it is quoted in a message: cut, between characters, to what leaves room for the
 * sentence. */
struct anycert__word {
    char text[72];
};
struct anycert__word anycert__word(const char *s, size_t len);

/* " (did you mean 'x'?)" or nothing. */
struct anycert__hint {
    char text[96];
};
struct anycert__hint anycert__hint(const char *word, const char *const *names, size_t count);
struct anycert__hint anycert__hint_relaxation(const char *word);
struct anycert__hint anycert__hint_rung(const char *word);
struct anycert__hint anycert__hint_key(const char *word);

#endif
