#include "verdict/other_name.h"

#include "policy/policy.h"

#include <string.h>

#define NAME_SIZE 256

/* How many bytes at their ends are equal. */
static size_t common_end(const char *a, const char *b)
{
    size_t a_len = strlen(a), b_len = strlen(b), common = 0;

    while (common < a_len && common < b_len && a[a_len - 1 - common] == b[b_len - 1 - common])
        common++;
    return common;
}

/* In the one spelling that a policy has for it, if it takes it: peers write what they like into
 * their certificates. */
static bool spell(const struct anycert__alt_name *name, const char *key, char out[NAME_SIZE])
{
    struct anycert_policy *policy = anycert_policy_new(NULL);
    char *value = NULL;
    bool fits = policy && strlen(name->value) == name->len &&
                anycert_policy_set(policy, key, name->value, NULL) == 0 &&
                anycert_policy_get(policy, key, &value, NULL) == 1 && strlen(value) < NAME_SIZE;

    if (fits)
        memcpy(out, value, strlen(value) + 1);
    anycert_free(value);
    anycert_policy_free(policy);
    return fits;
}

static void pick_dns_name(const struct anycert__facts *facts, char out[NAME_SIZE])
{
    const struct anycert__certificate *leaf = facts->presented;
    const char *asked = facts->identity ? facts->identity : "";
    char name[NAME_SIZE];
    size_t best = 0;

    for (size_t i = 0; i < leaf->name_count; i++) {
        /* What a host may be asked by is no address, which would be in the wrong place here. */
        if (leaf->names[i].kind != ANYCERT__NAME_DNS || !spell(&leaf->names[i], "sni", name))
            continue;
        if (out[0] == '\0' || common_end(name, asked) > best) {
            best = common_end(name, asked);
            memcpy(out, name, sizeof name);
        }
    }
}

bool anycert__pick_name(const struct anycert__facts *facts, char out[NAME_SIZE])
{
    const struct anycert__certificate *leaf = facts->presented;

    out[0] = '\0';
    if (!leaf || facts->presented_count == 0)
        return false;
    pick_dns_name(facts, out);
    for (size_t i = 0; i < leaf->name_count && out[0] == '\0'; i++) {
        if (leaf->names[i].kind == ANYCERT__NAME_IP && !spell(&leaf->names[i], "expect-name", out))
            out[0] = '\0';
    }
    return out[0] != '\0';
}
