/* What a policy becomes: when its time is over, and for another host. */
#include "policy/keys.h"
#include "base/error.h"

/* Copies those keys of from that are named, on top of hardened or whatever *to is. */
static int copy_keys(struct anycert_policy *to, const struct anycert_policy *from,
                     const char *const *names, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        const struct anycert__key *key = anycert__key_find(names[i]);
        if (key->given(from)) {
            key->clear(to);
            if (key->copy(to, from) != 0)
                return -1;
        }
    }
    return 0;
}

bool anycert__policy_has_ended(const struct anycert_policy *policy, int64_t now)
{
    return policy->has_until && now > policy->until;
}

struct anycert_policy *anycert_policy_effective(const struct anycert_policy *policy, int64_t now,
                                                struct anycert_error *err)
{
    static const char *const kept[] = {"ca", "pin", "expect-name", "sni"};
    const size_t count = sizeof kept / sizeof kept[0];
    if (policy == NULL || !anycert__policy_has_ended(policy, now))
        return anycert_policy_copy(policy, err);
    struct anycert_policy *left = anycert_policy_new(err);
    if (left == NULL)
        return NULL;
    /* report-only was the way to its target: the target's pins are those to be left with. */
    if ((policy->target && copy_keys(left, policy->target, kept, count) != 0) ||
        copy_keys(left, policy, kept, count) != 0) {
        anycert__fail_nomem(err);
        anycert_policy_free(left);
        return NULL;
    }
    return left;
}

bool anycert__policy_names_a_host(const struct anycert_policy *policy)
{
    return policy && (policy->rung == ANYCERT__RUNG_TOFU || policy->expect_name || policy->sni ||
                      policy->pin_count > 0 ||
                      (policy->target && (policy->target->rung == ANYCERT__RUNG_TOFU ||
                                          policy->target->pin_count > 0)));
}

struct anycert_policy *anycert__policy_for_other_origin(const struct anycert_policy *policy,
                                                        struct anycert_error *err)
{
    static const char *const anchors[] = {"ca"};
    static const char *const of_the_switch[] = {"ca", "until", "reason"};
    bool covers_all = anycert__policy_accepts_any_certificate(policy);
    struct anycert_policy *other = anycert_policy_new(err);
    if (other == NULL || policy == NULL)
        return other;
    if (covers_all)
        other->rung = policy->rung;
    /* Names and pins are those of the first host, and single relaxations were granted to it alone.
     */
    int rv = covers_all ? copy_keys(other, policy, of_the_switch, 3)
                        : copy_keys(other, policy, anchors, 1);
    if (rv != 0) {
        anycert__fail_nomem(err);
        anycert_policy_free(other);
        return NULL;
    }
    return other;
}

int anycert__policy_inherit_anchors(struct anycert_policy *policy,
                                    const struct anycert_policy *from, struct anycert_error *err)
{
    static const char *const anchors[] = {"ca"};
    if (from == NULL || policy->ca_count > 0)
        return 0;
    return copy_keys(policy, from, anchors, 1) == 0 ? 0 : anycert__fail_nomem(err);
}
