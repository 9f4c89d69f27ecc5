#include "policy/keys.h"
#include "base/buf.h"
#include "base/mem.h"

#include <string.h>

/* Values that hold none of these are printed as they are; control characters never get this far. */
static bool needs_quotes(const char *value)
{
    return value[strcspn(value, " \"'")] != '\0';
}

/* A JSON string (RFC 8259) with no more escapes than it needs. */
static void add_quoted(struct anycert__buf *out, const char *value)
{
    anycert__buf_adds(out, "\"");
    while (*value) {
        size_t plain = strcspn(value, "\"\\");
        anycert__buf_add(out, value, plain);
        value += plain;
        if (*value) {
            const char escaped[2] = {'\\', *value++};
            anycert__buf_add(out, escaped, sizeof escaped);
        }
    }
    anycert__buf_adds(out, "\"");
}

static void add_key(struct anycert__buf *out, const struct anycert__key *key,
                    const struct anycert_policy *policy)
{
    struct anycert__buf value;
    anycert__buf_init(&value, ANYCERT__POLICY_TEXT_MAX);
    if (key->print(policy, &value) != 0) {
        out->failed = true;
    } else if (value.len > 0) {
        anycert__buf_adds(out, " ");
        anycert__buf_adds(out, key->name);
        anycert__buf_adds(out, "=");
        if (needs_quotes(value.data))
            add_quoted(out, value.data);
        else
            anycert__buf_adds(out, value.data);
    }
    anycert__buf_free(&value);
}

char *anycert_policy_format(const struct anycert_policy *policy, struct anycert_error *err)
{
    struct anycert__buf out;
    anycert__buf_init(&out, ANYCERT__POLICY_TEXT_MAX);
    anycert__buf_adds(&out, anycert_policy_rung(policy));
    for (const struct anycert_relaxation *r = anycert_relaxation_next(NULL); policy && r;
         r = anycert_relaxation_next(r)) {
        if (policy->relaxations & ANYCERT__RELAX_BIT(anycert_relaxation_id(r))) {
            anycert__buf_adds(&out, "+");
            anycert__buf_adds(&out, anycert_relaxation_name(r));
        }
    }
    for (size_t i = 0; policy && anycert__keys[i]; i++) {
        if (anycert__keys[i]->given(policy))
            add_key(&out, anycert__keys[i], policy);
    }
    char *text = anycert__buf_take(&out, "the policy's text", err);
    anycert__buf_free(&out);
    return text;
}
