#include "lab/internal.h"

#include <openssl/ssl.h>

#include <string.h>

/* OpenSSL 3.2 moved the suites with eight-byte tags to security level 0. */
#define LAB__CCM8_AT_LEVEL_1 (OPENSSL_VERSION_NUMBER < 0x30200000L)

/* OpenSSL 3.5 offers a post-quantum key share by default. */
#if OPENSSL_VERSION_NUMBER < 0x30500000L
#define LAB__SMALL_HELLOS      true
#define LAB__LARGE_HELLO_NEEDS "hardened"
#else
#define LAB__SMALL_HELLOS      false
#define LAB__LARGE_HELLO_NEEDS "hardened+classical-hello"
#endif

static const struct lab_condition conditions[] = {
#define CONDITION(name, wrong, needs, remedy, host, http, trust_any, ...)                          \
    {name, wrong, needs, remedy, host, NULL, LAB_HTTP_##http, trust_any, false},
#define CHILD_CONDITION(name, wrong, needs, remedy, host, trust_any, ...)                          \
    {name, wrong, needs, remedy, host, "gnutls-bin", LAB_HTTP_PAGE, trust_any, false},
#define PLAIN_CONDITION(name, wrong, needs, remedy, host, trust_any, ...)                          \
    {name, wrong, needs, remedy, host, NULL, LAB_HTTP_ROUTES, trust_any, true},
#include "lab/conditions.def"
};

static const struct lab__recipe recipes[] = {
#define CONDITION(name, wrong, needs, remedy, host, http, trust_any, ...) {__VA_ARGS__},
#define CHILD_CONDITION(name, wrong, needs, remedy, host, trust_any, ...)                          \
    {.behaviour = LAB__CHILD, .key = LAB__KEY_RSA, __VA_ARGS__},
#define PLAIN_CONDITION(name, wrong, needs, remedy, host, trust_any, ...) {__VA_ARGS__},
#include "lab/conditions.def"
};

#define CONDITION_COUNT (sizeof(conditions) / sizeof(conditions[0]))

const struct lab_condition *lab_conditions(size_t *count)
{
    *count = CONDITION_COUNT;
    return conditions;
}

const struct lab__recipe *lab__recipe_at(size_t index)
{
    return &recipes[index];
}

const struct lab_condition *lab_condition_find(const char *name)
{
    for (size_t i = 0; name != NULL && i < CONDITION_COUNT; i++) {
        if (strcmp(conditions[i].name, name) == 0) {
            return &conditions[i];
        }
    }
    return NULL;
}

#define NAME_MAX_LEN 40

static size_t min3(size_t a, size_t b, size_t c)
{
    size_t least = a < b ? a : b;
    return least < c ? least : c;
}

/* Levenshtein's distance; both strings are at most NAME_MAX_LEN long. */
static size_t edit_distance(const char *a, const char *b)
{
    size_t row[NAME_MAX_LEN + 1];
    size_t b_len = strlen(b);

    for (size_t j = 0; j <= b_len; j++) {
        row[j] = j;
    }
    for (size_t i = 1; a[i - 1] != '\0'; i++) {
        size_t diagonal = row[0];
        row[0] = i;
        for (size_t j = 1; j <= b_len; j++) {
            size_t above = row[j];
            row[j] = min3(above + 1, row[j - 1] + 1, diagonal + (a[i - 1] != b[j - 1]));
            diagonal = above;
        }
    }
    return row[b_len];
}

const struct lab_condition *lab_condition_nearest(const char *name)
{
    const struct lab_condition *nearest = NULL;
    size_t best = 0;

    if (name == NULL || strlen(name) < 3 || strlen(name) > NAME_MAX_LEN) {
        return NULL;
    }
    for (size_t i = 0; i < CONDITION_COUNT; i++) {
        size_t distance = edit_distance(name, conditions[i].name);
        if (strstr(conditions[i].name, name) != NULL) {
            distance = 1; /* "1024" means rsa-1024 */
        }
        if (nearest == NULL || distance < best) {
            nearest = &conditions[i];
            best = distance;
        }
    }
    return best <= 1 + strlen(name) / 3 ? nearest : NULL;
}

static int unknown_name(const char *name, struct anycert_error *err)
{
    const struct lab_condition *nearest = lab_condition_nearest(name);

    if (nearest != NULL) {
        return lab__fail(err, ANYCERT_E_USAGE, "no condition is called '%.60s'; did you mean '%s'?",
                         name, nearest->name);
    }
    return lab__fail(err, ANYCERT_E_USAGE,
                     "no condition is called '%.60s'; `anycert lab --list` shows them all", name);
}

int lab_names_check(const char *const *names, size_t count, struct anycert_error *err)
{
    for (size_t i = 0; i < count; i++) {
        if (lab_condition_find(names[i]) == NULL) {
            return unknown_name(names[i] != NULL ? names[i] : "", err);
        }
        for (size_t j = 0; j < i; j++) {
            if (strcmp(names[i], names[j]) == 0) {
                return lab__fail(err, ANYCERT_E_USAGE, "condition '%s' is named twice", names[i]);
            }
        }
    }
    return 0;
}
