#include "policy/policy.h"
#include "policy/keys.h"
#include "base/buf.h"
#include "base/error.h"
#include "base/mem.h"

#include <string.h>

/* What NULL means to those who only read. */
static const struct anycert_policy hardened = {.rung = ANYCERT__RUNG_HARDENED};

static const struct anycert_policy *or_hardened(const struct anycert_policy *policy)
{
    return policy ? policy : &hardened;
}

struct anycert_policy *anycert_policy_new(struct anycert_error *err)
{
    struct anycert_policy *policy = anycert__calloc(1, sizeof *policy);
    if (policy == NULL)
        anycert__fail_nomem(err);
    return policy;
}

void anycert_policy_free(struct anycert_policy *policy)
{
    if (policy == NULL)
        return;
    for (size_t i = 0; anycert__keys[i]; i++)
        anycert__keys[i]->clear(policy);
    anycert__free(policy);
}

struct anycert_policy *anycert_policy_copy(const struct anycert_policy *policy,
                                           struct anycert_error *err)
{
    struct anycert_policy *copy = anycert_policy_new(err);
    if (copy == NULL)
        return NULL;
    policy = or_hardened(policy);
    copy->rung = policy->rung;
    copy->relaxations = policy->relaxations;
    for (size_t i = 0; anycert__keys[i]; i++) {
        if (anycert__keys[i]->copy(copy, policy) != 0) {
            anycert__fail_nomem(err);
            anycert_policy_free(copy);
            return NULL;
        }
    }
    return copy;
}

int anycert_policy_equal(const struct anycert_policy *a, const struct anycert_policy *b)
{
    a = or_hardened(a);
    b = or_hardened(b);
    if (a->rung != b->rung || a->relaxations != b->relaxations)
        return 0;
    for (size_t i = 0; anycert__keys[i]; i++) {
        if (!anycert__keys[i]->equal(a, b))
            return 0;
    }
    return 1;
}

static int fail_no_policy(struct anycert_error *err)
{
    return anycert__fail(err, ANYCERT_E_USAGE, "there is no policy to change");
}

/* What people write in place of a rung, and what they mean. */
static int fail_no_rung(const char *rung, struct anycert_error *err)
{
    static const char expected[] =
        "expected hardened, pinned, tofu, report-only, trust-any or antique";
    const struct anycert__word shown = anycert__word(rung, strlen(rung));
    if (*rung == '\0')
        return anycert__fail(err, ANYCERT_E_POLICY_SYNTAX,
                             "there is no rung in front of the relaxations: %s, as in "
                             "hardened+expired",
                             expected);
    if (strchr(rung, ','))
        return anycert__fail(err, ANYCERT_E_POLICY_SYNTAX,
                             "unknown rung '%s': %s, and relaxations are joined with '+', as in "
                             "hardened+expired+self-signed",
                             shown.text, expected);
    if (anycert_relaxation_find(rung))
        return anycert__fail(err, ANYCERT_E_POLICY_SYNTAX,
                             "unknown rung '%s', which is a relaxation: write hardened+%s",
                             shown.text, shown.text);
    if (strcmp(rung, "insecure") == 0 || strcmp(rung, "unsecure") == 0)
        return anycert__fail(err, ANYCERT_E_POLICY_SYNTAX,
                             "unknown rung '%s' (did you mean 'trust-any'?): %s", shown.text,
                             expected);
    return anycert__fail(err, ANYCERT_E_POLICY_SYNTAX, "unknown rung '%s'%s: %s", shown.text,
                         anycert__hint_rung(rung).text, expected);
}

int anycert_policy_set_rung(struct anycert_policy *policy, const char *rung,
                            struct anycert_error *err)
{
    if (policy == NULL)
        return fail_no_policy(err);
    if (rung == NULL)
        rung = "";
    const struct anycert_rung *found = anycert_rung_find(rung);
    if (found == NULL)
        return fail_no_rung(rung, err);
    policy->rung = (enum anycert__rung)anycert_rung_id(found);
    return 0;
}

int anycert_policy_relax(struct anycert_policy *policy, const char *relaxation,
                         struct anycert_error *err)
{
    if (policy == NULL)
        return fail_no_policy(err);
    if (relaxation == NULL || *relaxation == '\0')
        return anycert__fail(err, ANYCERT_E_POLICY_SYNTAX, "the name of a relaxation is missing");
    const struct anycert_relaxation *found = anycert_relaxation_find(relaxation);
    if (found == NULL && strchr(relaxation, ','))
        return anycert__fail(err, ANYCERT_E_POLICY_SYNTAX,
                             "unknown relaxation '%s': relaxations are joined with '+', as in "
                             "hardened+expired+self-signed",
                             anycert__word(relaxation, strlen(relaxation)).text);
    if (found == NULL)
        return anycert__fail(err, ANYCERT_E_POLICY_SYNTAX,
                             "unknown relaxation '%s'%s: see anycert-policy(5) for the list",
                             anycert__word(relaxation, strlen(relaxation)).text,
                             anycert__hint_relaxation(relaxation).text);
    anycert__relaxations bit = ANYCERT__RELAX_BIT(anycert_relaxation_id(found));
    if (policy->relaxations & bit)
        return anycert__fail(err, ANYCERT_E_POLICY_SYNTAX, "relaxation '%s' stands twice",
                             relaxation);
    policy->relaxations |= bit;
    return 0;
}

/* NULL with POLICY_SYNTAX. */
static const struct anycert__key *known_key(const char *key, struct anycert_error *err)
{
    if (key == NULL)
        key = "";
    const struct anycert__key *found = anycert__key_find(key);
    if (found == NULL)
        anycert__fail(err, ANYCERT_E_POLICY_SYNTAX,
                      "unknown key '%s'%s: expected ca, pin, check, mode, expect-name, sni, for, "
                      "until or reason",
                      anycert__word(key, strlen(key)).text, anycert__hint_key(key).text);
    return found;
}

int anycert_policy_set(struct anycert_policy *policy, const char *key, const char *value,
                       struct anycert_error *err)
{
    if (policy == NULL)
        return fail_no_policy(err);
    const struct anycert__key *found = known_key(key, err);
    return found ? anycert__key_set(found, policy, value, err) : -1;
}

int anycert_policy_get(const struct anycert_policy *policy, const char *key, char **value,
                       struct anycert_error *err)
{
    const struct anycert__key *found = known_key(key, err);
    struct anycert__buf out;
    int result = 0;
    *value = NULL;
    policy = or_hardened(policy);
    if (found == NULL || !found->given(policy))
        return found ? 0 : -1;
    anycert__buf_init(&out, ANYCERT__POLICY_TEXT_MAX);
    if (found->print(policy, &out) != 0)
        result = anycert__fail_nomem(err);
    else if (out.len > 0 && (*value = anycert__buf_take(&out, "the value", err)) == NULL)
        result = -1;
    anycert__buf_free(&out);
    return result == 0 && *value ? 1 : result;
}

int anycert_policy_relaxes(const struct anycert_policy *policy, const struct anycert_relaxation *r)
{
    policy = or_hardened(policy);
    return (policy->relaxations & ANYCERT__RELAX_BIT(anycert_relaxation_id(r))) != 0;
}

const char *anycert_policy_rung(const struct anycert_policy *policy)
{
    const struct anycert_rung *r = anycert_rung_next(NULL);
    while (r && anycert_rung_id(r) != (int)or_hardened(policy)->rung)
        r = anycert_rung_next(r);
    return r ? anycert_rung_name(r) : NULL;
}

int anycert_policy_until(const struct anycert_policy *policy, int64_t *until)
{
    policy = or_hardened(policy);
    if (until)
        *until = policy->has_until ? policy->until : 0;
    return policy->has_until;
}

anycert__relaxations anycert__policy_contains(const struct anycert_policy *policy)
{
    anycert__relaxations set = anycert__rung_contains(policy->rung);
    if (policy->rung == ANYCERT__RUNG_PINNED && policy->check_name)
        set &= ~(ANYCERT__RELAX_BIT(ANYCERT__RELAX_WRONG_HOST) |
                 ANYCERT__RELAX_BIT(ANYCERT__RELAX_COMMON_NAME));
    if (policy->rung == ANYCERT__RUNG_PINNED && policy->check_dates)
        set &= ~(ANYCERT__RELAX_BIT(ANYCERT__RELAX_EXPIRED) |
                 ANYCERT__RELAX_BIT(ANYCERT__RELAX_NOT_YET_VALID));
    return set;
}

anycert__relaxations anycert__policy_allows(const struct anycert_policy *policy)
{
    policy = or_hardened(policy);
    return policy->relaxations | anycert__policy_contains(policy);
}

/* Those of the policy's own relaxations that let any attacker in. */
static anycert__relaxations relaxations_without_proof(const struct anycert_policy *policy)
{
    anycert__relaxations set = 0;
    for (const struct anycert_relaxation *r = anycert_relaxation_next(NULL); r;
         r = anycert_relaxation_next(r)) {
        if (!anycert_relaxation_authenticates(r))
            set |= ANYCERT__RELAX_BIT(anycert_relaxation_id(r));
    }
    return set & policy->relaxations;
}

int anycert_policy_authenticates(const struct anycert_policy *policy)
{
    policy = or_hardened(policy);
    anycert__relaxations without_proof = relaxations_without_proof(policy);
    /* A pin may be that of a CA, which proves nothing about who may issue below it. About the name
     * it does: it counts only where that matches. */
    const anycert__relaxations despite_pin = ANYCERT__RELAX_BIT(ANYCERT__RELAX_INVALID_CA);
    switch (policy->rung) {
    case ANYCERT__RUNG_HARDENED:
        if (policy->pin_count > 0)
            return (without_proof & despite_pin) == 0;
        return without_proof == 0;
    case ANYCERT__RUNG_PINNED:
        return (without_proof & despite_pin) == 0;
    case ANYCERT__RUNG_TOFU:
        /* Otherwise the first to answer is believed. */
        return policy->mode == ANYCERT__TOFU_STRICT && without_proof == 0;
    case ANYCERT__RUNG_REPORT_ONLY:
    case ANYCERT__RUNG_TRUST_ANY:
    case ANYCERT__RUNG_ANTIQUE:
        return 0;
    }
    return 0;
}

bool anycert__policy_accepts_any_certificate(const struct anycert_policy *policy)
{
    switch (or_hardened(policy)->rung) {
    case ANYCERT__RUNG_HARDENED:
    case ANYCERT__RUNG_PINNED:
    case ANYCERT__RUNG_TOFU:
        return false;
    case ANYCERT__RUNG_REPORT_ONLY:
    case ANYCERT__RUNG_TRUST_ANY:
    case ANYCERT__RUNG_ANTIQUE:
        return true;
    }
    return false;
}

const struct anycert_policy *anycert__policy_reference(const struct anycert_policy *policy)
{
    if (policy && policy->rung == ANYCERT__RUNG_REPORT_ONLY)
        return policy->target;
    return NULL;
}
