/* The key ca=: where the trust anchors come from. */
#include "policy/keys.h"
#include "base/buf.h"
#include "base/mem.h"
#include "base/str.h"

#include <string.h>

#define SYSTEM_WORD   "system"
#define DIGEST_PREFIX "sha256:"
#define DIGEST_SIZE   32

/* A list being made; it becomes the policy's in one step, so that a failure changes nothing. */
struct list {
    struct anycert__ca *cas;
    size_t count;
};

static void free_list(struct anycert__ca *cas, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        anycert__free(cas[i].path);
        anycert__free(cas[i].pem);
    }
    anycert__free(cas);
}

bool anycert__ca_equal(const struct anycert__ca *a, const struct anycert__ca *b)
{
    if (a->kind != b->kind)
        return false;
    switch (a->kind) {
    case ANYCERT__CA_SYSTEM:
        return true;
    case ANYCERT__CA_PATH:
        return strcmp(a->path, b->path) == 0;
    case ANYCERT__CA_MEMORY:
        return memcmp(a->digest, b->digest, DIGEST_SIZE) == 0;
    }
    return false;
}

static size_t printed_length(const struct anycert__ca *ca)
{
    switch (ca->kind) {
    case ANYCERT__CA_SYSTEM:
        return sizeof SYSTEM_WORD;
    case ANYCERT__CA_PATH:
        return strlen(ca->path) + 1;
    case ANYCERT__CA_MEMORY:
        return sizeof DIGEST_PREFIX + (size_t)2 * DIGEST_SIZE;
    }
    return 0;
}

static void print_one(const struct anycert__ca *ca, struct anycert__buf *out)
{
    switch (ca->kind) {
    case ANYCERT__CA_SYSTEM:
        anycert__buf_adds(out, SYSTEM_WORD);
        return;
    case ANYCERT__CA_PATH:
        anycert__buf_adds(out, ca->path);
        return;
    case ANYCERT__CA_MEMORY:
        anycert__buf_adds(out, DIGEST_PREFIX);
        for (size_t i = 0; i < DIGEST_SIZE; i++)
            anycert__buf_addf(out, "%02x", ca->digest[i]);
        return;
    }
}

static int fail_duplicate(const struct anycert__ca *ca, int code, struct anycert_error *err)
{
    switch (ca->kind) {
    case ANYCERT__CA_SYSTEM:
        return anycert__fail(err, code, "the trust anchors of the system are in ca= already");
    case ANYCERT__CA_PATH:
        return anycert__fail(err, code, "'%s' is in ca= already",
                             anycert__word(ca->path, strlen(ca->path)).text);
    case ANYCERT__CA_MEMORY:
        return anycert__fail(err, code,
                             "the trust anchors sha256:%02x%02x%02x%02x... are in ca= already",
                             ca->digest[0], ca->digest[1], ca->digest[2], ca->digest[3]);
    }
    return -1;
}

/* Adds *ca, whose memory the list takes over on success only. The system's anchors go first. */
static int add(struct list *list, const struct anycert__ca *ca, int code, struct anycert_error *err)
{
    size_t length = printed_length(ca);
    for (size_t i = 0; i < list->count; i++) {
        if (anycert__ca_equal(&list->cas[i], ca))
            return fail_duplicate(ca, code, err);
        length += printed_length(&list->cas[i]);
    }
    if (list->count == ANYCERT__CAS_MAX || length > ANYCERT__VALUE_MAX)
        return anycert__fail(err, code,
                             "ca= names too much: at most %d sources with %d characters in all",
                             ANYCERT__CAS_MAX, ANYCERT__VALUE_MAX);
    struct anycert__ca *cas = anycert__realloc(list->cas, (list->count + 1) * sizeof *list->cas);
    if (cas == NULL)
        return anycert__fail_nomem(err);
    list->cas = cas;
    size_t at = ca->kind == ANYCERT__CA_SYSTEM ? 0 : list->count;
    memmove(cas + at + 1, cas + at, (list->count - at) * sizeof *cas);
    cas[at] = *ca;
    list->count++;
    return 0;
}

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    if (c >= 'A' && c <= 'F')
        return c - 'A' + 10;
    return -1;
}

static bool read_digest(const char *s, size_t len, uint8_t out[DIGEST_SIZE])
{
    if (len != (size_t)2 * DIGEST_SIZE)
        return false;
    for (size_t i = 0; i < DIGEST_SIZE; i++) {
        int high = hex_digit(s[2 * i]), low = hex_digit(s[2 * i + 1]);
        if (high < 0 || low < 0)
            return false;
        out[i] = (uint8_t)(high * 16 + low);
    }
    return true;
}

static bool is_digest_word(const char *s, size_t len)
{
    return len >= sizeof DIGEST_PREFIX - 1 &&
           memcmp(s, DIGEST_PREFIX, sizeof DIGEST_PREFIX - 1) == 0;
}

static int add_item(struct list *list, const char *item, size_t len, struct anycert_error *err)
{
    const size_t prefix = sizeof DIGEST_PREFIX - 1;
    struct anycert__ca ca = {.kind = ANYCERT__CA_PATH};
    if (len == 0)
        return anycert__fail(err, ANYCERT_E_POLICY_SYNTAX,
                             "ca= has an empty entry: expected 'system', a path or sha256:DIGEST "
                             "between its commas");
    if (len == sizeof SYSTEM_WORD - 1 && memcmp(item, SYSTEM_WORD, len) == 0) {
        ca.kind = ANYCERT__CA_SYSTEM;
    } else if (is_digest_word(item, len)) {
        ca.kind = ANYCERT__CA_MEMORY;
        if (!read_digest(item + prefix, len - prefix, ca.digest))
            return anycert__fail(err, ANYCERT_E_POLICY_SYNTAX,
                                 "'%s' in ca= is not sha256: and 64 hexadecimal digits (a file of "
                                 "that name is written ./sha256:...)",
                                 anycert__word(item, len).text);
    } else {
        ca.path = anycert__strndup(item, len);
        if (ca.path == NULL)
            return anycert__fail_nomem(err);
    }
    if (add(list, &ca, ANYCERT_E_POLICY_SYNTAX, err) != 0) {
        anycert__free(ca.path);
        return -1;
    }
    return 0;
}

static bool given(const struct anycert_policy *policy)
{
    return policy->ca_count > 0;
}

static void clear(struct anycert_policy *policy)
{
    free_list(policy->cas, policy->ca_count);
    policy->cas = NULL;
    policy->ca_count = 0;
}

static int set(struct anycert_policy *policy, const char *value, struct anycert_error *err)
{
    struct list list = {0};
    while (value) {
        const char *item;
        size_t len;
        anycert__list_next(&value, &item, &len);
        if (add_item(&list, item, len, err) != 0) {
            free_list(list.cas, list.count);
            return -1;
        }
    }
    clear(policy);
    policy->cas = list.cas;
    policy->ca_count = list.count;
    return 0;
}

/* The system's anchors alone are what a policy without ca= has. */
static bool is_default(const struct anycert_policy *policy)
{
    return policy->ca_count == 0 ||
           (policy->ca_count == 1 && policy->cas[0].kind == ANYCERT__CA_SYSTEM);
}

static int print(const struct anycert_policy *policy, struct anycert__buf *out)
{
    if (is_default(policy))
        return 0;
    for (size_t i = 0; i < policy->ca_count; i++) {
        if (i > 0)
            anycert__buf_adds(out, ",");
        print_one(&policy->cas[i], out);
    }
    return out->failed ? -1 : 0;
}

static int copy(struct anycert_policy *to, const struct anycert_policy *from)
{
    if (from->ca_count == 0)
        return 0;
    to->cas = anycert__calloc(from->ca_count, sizeof *to->cas);
    if (to->cas == NULL)
        return -1;
    to->ca_count = from->ca_count;
    for (size_t i = 0; i < from->ca_count; i++) {
        const struct anycert__ca *ca = &from->cas[i];
        struct anycert__ca *mine = &to->cas[i];
        mine->kind = ca->kind;
        memcpy(mine->digest, ca->digest, DIGEST_SIZE);
        mine->path = anycert__strdup(ca->path);
        mine->pem = anycert__memdup(ca->pem, ca->pem_len);
        if ((ca->path && mine->path == NULL) || (ca->pem && mine->pem == NULL))
            return -1;
        mine->pem_len = ca->pem_len;
    }
    return 0;
}

static bool equal(const struct anycert_policy *a, const struct anycert_policy *b)
{
    if (is_default(a) || is_default(b))
        return is_default(a) && is_default(b);
    if (a->ca_count != b->ca_count)
        return false;
    for (size_t i = 0; i < a->ca_count; i++) {
        if (!anycert__ca_equal(&a->cas[i], &b->cas[i]))
            return false;
    }
    return true;
}

const struct anycert__key anycert__key_ca = {
    .name = "ca",
    .rungs = ~0U,
    .only = "",
    .available = true,
    .given = given,
    .set = set,
    .print = print,
    .copy = copy,
    .equal = equal,
    .clear = clear,
};

static int add_to_policy(struct anycert_policy *policy, const struct anycert__ca *ca,
                         struct anycert_error *err)
{
    struct list list = {policy->cas, policy->ca_count};
    int rv = add(&list, ca, ANYCERT_E_USAGE, err);
    policy->cas = list.cas;
    policy->ca_count = list.count;
    return rv;
}

int anycert_policy_add_ca_path(struct anycert_policy *policy, const char *path,
                               struct anycert_error *err)
{
    if (policy == NULL || path == NULL || *path == '\0')
        return anycert__fail(err, ANYCERT_E_USAGE,
                             "there is no policy, or the path of the trust anchors is empty");
    size_t len = strlen(path);
    const struct anycert__word shown = anycert__word(path, len);
    if (anycert__has_control(path, len) || !anycert__is_utf8(path, len))
        return anycert__fail(err, ANYCERT_E_USAGE,
                             "the path of trust anchors '%s' has control characters or is not "
                             "UTF-8: give the file another name",
                             shown.text);
    if (strchr(path, ','))
        return anycert__fail(err, ANYCERT_E_USAGE,
                             "the path of trust anchors '%s' has a comma, which separates the "
                             "entries of ca=: give the file another name",
                             shown.text);
    if (strcmp(path, SYSTEM_WORD) == 0 || is_digest_word(path, len))
        return anycert__fail(err, ANYCERT_E_USAGE,
                             "the path of trust anchors '%s' has a meaning of its own in ca=: "
                             "write it with ./ in front",
                             shown.text);
    struct anycert__ca ca = {.kind = ANYCERT__CA_PATH, .path = anycert__strdup(path)};
    if (ca.path == NULL)
        return anycert__fail_nomem(err);
    if (add_to_policy(policy, &ca, err) != 0) {
        anycert__free(ca.path);
        return -1;
    }
    return 0;
}

int anycert_policy_add_ca_system(struct anycert_policy *policy, struct anycert_error *err)
{
    struct anycert__ca ca = {.kind = ANYCERT__CA_SYSTEM};
    if (policy == NULL)
        return anycert__fail(err, ANYCERT_E_USAGE, "there is no policy to add trust anchors to");
    return add_to_policy(policy, &ca, err);
}

/* The entry that came from text and still waits for the bytes of its digest. */
static struct anycert__ca *find_waiting(struct anycert_policy *policy, const uint8_t digest[32])
{
    for (size_t i = 0; i < policy->ca_count; i++) {
        struct anycert__ca *ca = &policy->cas[i];
        if (ca->kind == ANYCERT__CA_MEMORY && ca->pem == NULL &&
            memcmp(ca->digest, digest, DIGEST_SIZE) == 0)
            return ca;
    }
    return NULL;
}

int anycert__policy_add_ca_memory(struct anycert_policy *policy, const void *pem, size_t len,
                                  const uint8_t digest[32], struct anycert_error *err)
{
    struct anycert__ca ca = {.kind = ANYCERT__CA_MEMORY, .pem_len = len};
    if (policy == NULL || pem == NULL)
        return anycert__fail(err, ANYCERT_E_USAGE, "there are no trust anchors or no policy");
    struct anycert__ca *waiting = find_waiting(policy, digest);
    memcpy(ca.digest, digest, DIGEST_SIZE);
    ca.pem = anycert__memdup(pem, len);
    if (ca.pem == NULL)
        return anycert__fail_nomem(err);
    if (waiting) {
        waiting->pem = ca.pem;
        waiting->pem_len = len;
        return 0;
    }
    if (add_to_policy(policy, &ca, err) != 0) {
        anycert__free(ca.pem);
        return -1;
    }
    return 0;
}
