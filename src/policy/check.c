/* Whether the parts of a policy fit together, and whether this version can carry them out. */
#include "policy/keys.h"
#include "base/error.h"

static int check_relaxations(const struct anycert_policy *policy, struct anycert_error *err)
{
    anycert__relaxations contained = anycert__policy_contains(policy);
    for (const struct anycert_relaxation *r = anycert_relaxation_next(NULL); r;
         r = anycert_relaxation_next(r)) {
        if (policy->relaxations & contained & ANYCERT__RELAX_BIT(anycert_relaxation_id(r)))
            return anycert__fail(err, ANYCERT_E_POLICY_SYNTAX,
                                 "relaxation '%s' is contained in '%s' already: leave it out",
                                 anycert_relaxation_name(r), anycert_policy_rung(policy));
    }
    return 0;
}

static int check_keys(const struct anycert_policy *policy, struct anycert_error *err)
{
    for (size_t i = 0; anycert__keys[i]; i++) {
        const struct anycert__key *key = anycert__keys[i];
        if (key->given(policy) && (key->rungs & ANYCERT__RUNG_BIT(policy->rung)) == 0)
            return anycert__fail(err, ANYCERT_E_POLICY_SYNTAX,
                                 "key '%s' means nothing for '%s': %s", key->name,
                                 anycert_policy_rung(policy), key->only);
    }
    if (policy->rung == ANYCERT__RUNG_PINNED && policy->pin_count == 0)
        return anycert__fail(err, ANYCERT_E_POLICY_SYNTAX,
                             "'pinned' needs the pin that decides: add pin=sha256//BASE64");
    if (policy->rung == ANYCERT__RUNG_HARDENED && policy->relaxations == 0 && policy->has_until)
        return anycert__fail(err, ANYCERT_E_POLICY_SYNTAX,
                             "key 'until' means nothing for 'hardened' without relaxations: there "
                             "is nothing that could end");
    return 0;
}

static bool relaxes(const struct anycert_policy *policy, enum anycert__relaxation relaxation)
{
    return (policy->relaxations & ANYCERT__RELAX_BIT(relaxation)) != 0;
}

static int check_contradictions(const struct anycert_policy *policy, struct anycert_error *err)
{
    const struct anycert_policy *judging = policy->target ? policy->target : policy;
    if (policy->expect_name && relaxes(judging, ANYCERT__RELAX_WRONG_HOST))
        return anycert__fail(err, ANYCERT_E_POLICY_SYNTAX,
                             "'wrong-host' accepts every name, so that expect-name=%s means "
                             "nothing: keep one of them",
                             policy->expect_name);
    for (int i = 0; i < 2; i++) {
        enum anycert__relaxation r = i == 0 ? ANYCERT__RELAX_NO_SNI : ANYCERT__RELAX_BARE_HELLO;
        if (policy->sni && relaxes(policy, r))
            return anycert__fail(err, ANYCERT_E_POLICY_SYNTAX,
                                 "'%s' sends no server name, so that sni=%s means nothing: keep "
                                 "one of them",
                                 anycert_relaxation_name(anycert_relaxation_by_id((int)r)),
                                 policy->sni);
    }
    return 0;
}

static int check_rung_of_target(const struct anycert_policy *target, struct anycert_error *err)
{
    switch (target->rung) {
    case ANYCERT__RUNG_HARDENED:
    case ANYCERT__RUNG_PINNED:
    case ANYCERT__RUNG_TOFU:
        return 0;
    case ANYCERT__RUNG_REPORT_ONLY:
    case ANYCERT__RUNG_TRUST_ANY:
    case ANYCERT__RUNG_ANTIQUE:
        break;
    }
    return anycert__fail(
        err, ANYCERT_E_POLICY_SYNTAX,
        "the target of report-only cannot be '%s', which refuses no certificate and "
        "would leave nothing to report: expected hardened, pinned or tofu",
        anycert_policy_rung(target));
}

/* What the connection itself does stands around for=, so that nothing is written where it would
 * have no effect. (Anchors and expected name were moved out when for= was set, and
 * the target was checked by itself then.) */
static int check_target(const struct anycert_policy *policy, struct anycert_error *err)
{
    const struct anycert_policy *target = policy->target;
    if (target == NULL)
        return 0;
    if (check_rung_of_target(target, err) != 0)
        return -1;
    if (target->sni || target->has_until || target->reason)
        return anycert__fail(err, ANYCERT_E_POLICY_SYNTAX,
                             "key '%s' belongs to report-only itself: move it out of for=",
                             target->sni         ? "sni"
                             : target->has_until ? "until"
                                                 : "reason");
    return 0;
}

int anycert_policy_check(const struct anycert_policy *policy, struct anycert_error *err)
{
    if (policy == NULL)
        return 0;
    if (check_relaxations(policy, err) != 0 || check_keys(policy, err) != 0 ||
        check_contradictions(policy, err) != 0)
        return -1;
    return check_target(policy, err);
}

static int fail_unavailable(const char *kind, const char *name, struct anycert_error *err)
{
    return anycert__fail(err, ANYCERT_E_POLICY_UNAVAILABLE,
                         "%s '%s' is not available in this version", kind, name);
}

static int check_anchors_available(const struct anycert_policy *policy, struct anycert_error *err)
{
    for (size_t i = 0; i < policy->ca_count; i++) {
        const struct anycert__ca *ca = &policy->cas[i];
        if (ca->kind != ANYCERT__CA_MEMORY || ca->pem)
            continue;
        char hex[2 * sizeof ca->digest + 1];
        for (size_t j = 0; j < sizeof ca->digest; j++) {
            hex[2 * j] = "0123456789abcdef"[ca->digest[j] >> 4];
            hex[2 * j + 1] = "0123456789abcdef"[ca->digest[j] & 15];
        }
        hex[sizeof hex - 1] = '\0';
        return anycert__fail(err, ANYCERT_E_POLICY_UNAVAILABLE,
                             "the trust anchors sha256:%s are known by their digest only: add the "
                             "certificates themselves, or name their file in ca=",
                             hex);
    }
    return 0;
}

int anycert_policy_available(const struct anycert_policy *policy, struct anycert_error *err)
{
    if (policy == NULL)
        return 0;
    if (!anycert_rung_is_available(anycert_rung_find(anycert_policy_rung(policy))))
        return fail_unavailable("rung", anycert_policy_rung(policy), err);
    for (const struct anycert_relaxation *r = anycert_relaxation_next(NULL); r;
         r = anycert_relaxation_next(r)) {
        if ((policy->relaxations & ANYCERT__RELAX_BIT(anycert_relaxation_id(r))) &&
            !anycert_relaxation_is_available(r))
            return fail_unavailable("relaxation", anycert_relaxation_name(r), err);
    }
    for (size_t i = 0; anycert__keys[i]; i++) {
        if (anycert__keys[i]->given(policy) && !anycert__keys[i]->available)
            return fail_unavailable("key", anycert__keys[i]->name, err);
    }
    if (check_anchors_available(policy, err) != 0)
        return -1;
    if (policy->target && anycert_policy_available(policy->target, err) != 0)
        return anycert__error_prefix(err, "in for=");
    return 0;
}
