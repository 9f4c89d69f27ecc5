/* What an attempt tries, as a policy. */
#include "doctor/trial.h"

#include "base/str.h"
#include "doctor/peer.h"
#include "verdict/other_name.h"

#include <stdio.h>
#include <string.h>

#define BIT(name) ANYCERT__RELAX_BIT(ANYCERT__RELAX_##name)

static int set_pins(struct anycert_policy *policy, const struct anycert__trials *trials, bool all,
                    struct anycert_error *err)
{
    char pins[sizeof trials->pin + sizeof trials->other_pins];

    (void)snprintf(pins, sizeof pins, "%s%s", trials->pin, all ? trials->other_pins : "");
    return anycert_policy_set(policy, "pin", pins, err);
}

static int set_keys(struct anycert_policy *policy, const struct anycert__trials *trials,
                    const struct anycert__attempt *attempt, struct anycert_error *err)
{
    char check[16];

    if (attempt->expect_name && anycert_policy_set(policy, "expect-name", trials->name, err) < 0)
        return -1;
    if (attempt->send_name && !anycert__peer_is_address(trials->name) &&
        anycert_policy_set(policy, "sni", trials->name, err) < 0)
        return -1;
    if (attempt->pin && set_pins(policy, trials, attempt->all_pins, err) < 0)
        return -1;
    if (attempt->rung != ANYCERT__RUNG_PINNED || !(attempt->check_name || attempt->check_dates))
        return 0;
    (void)snprintf(check, sizeof check, "%s%s%s", attempt->check_name ? "name" : "",
                   attempt->check_name && attempt->check_dates ? "," : "",
                   attempt->check_dates ? "dates" : "");
    return anycert_policy_set(policy, "check", check, err);
}

/* What the base says, as far as it means anything beside the relaxations. */
static struct anycert_policy *fitting_base(const struct anycert__trials *trials,
                                           const struct anycert__attempt *attempt,
                                           struct anycert_error *err)
{
    const struct anycert_policy *base = trials->doctor->base;
    const char *sni = attempt->send_expected ? base->expect_name : base->sni;
    struct anycert_policy *policy = anycert_policy_new(err);

    if (!policy)
        return NULL;
    if (sni && !(attempt->relaxations & (BIT(NO_SNI) | BIT(BARE_HELLO))) &&
        anycert_policy_set(policy, "sni", sni, err) < 0)
        goto fail;
    if (base->expect_name && !(attempt->relaxations & BIT(WRONG_HOST)) &&
        attempt->rung != ANYCERT__RUNG_ANTIQUE &&
        anycert_policy_set(policy, "expect-name", base->expect_name, err) < 0)
        goto fail;
    if (anycert__policy_inherit_anchors(policy, base, err) < 0)
        goto fail;
    return policy;
fail:
    anycert_policy_free(policy);
    return NULL;
}

bool anycert__may_send_expected(const struct anycert_policy *base, const char *host)
{
    return base->expect_name && !base->sni && !anycert__peer_is_address(base->expect_name) &&
           !anycert__str_equal_nocase(base->expect_name, host);
}

struct anycert_policy *anycert__trial_policy(const struct anycert__trials *trials,
                                             const struct anycert__attempt *attempt,
                                             struct anycert_error *err)
{
    struct anycert_policy *policy = fitting_base(trials, attempt, err);

    if (!policy)
        return NULL;
    policy->rung = attempt->rung;
    policy->relaxations = attempt->relaxations;
    if (set_keys(policy, trials, attempt, err) == 0 && anycert_policy_check(policy, err) == 0)
        return policy;
    anycert_policy_free(policy);
    return NULL;
}

/* As a policy takes it: peers write what they like into their certificates. */
static bool can_be_expected(const char *name)
{
    struct anycert_policy *policy = anycert_policy_new(NULL);
    bool can = policy && anycert_policy_set(policy, "expect-name", name, NULL) == 0;

    anycert_policy_free(policy);
    return can;
}

/* The first common name, out of what RFC 4514 makes of the subject. */
static void pick_common_name(const struct anycert__certificate *leaf, char out[256])
{
    const char *at = strstr(leaf->subject, "CN=");
    size_t len = at ? strcspn(at + 3, ",+\\*") : 0;
    bool is_ip = false;
    char name[256], identity[256];

    if (len == 0 || len >= sizeof name || at[3 + len] == '\\' || at[3 + len] == '*' ||
        (at > leaf->subject && at[-1] != ',' && at[-1] != '+'))
        return;
    memcpy(name, at + 3, len);
    name[len] = '\0';
    if (anycert__identity_from_host(name, identity, &is_ip, NULL) == 0 && !is_ip &&
        can_be_expected(identity))
        memcpy(out, identity, sizeof identity);
}

void anycert__trial_pick_name(const struct anycert__facts *facts, char out[256])
{
    const struct anycert__certificate *leaf = facts->presented;

    out[0] = '\0';
    if (!leaf || anycert__pick_name(facts, out))
        return;
    if (!facts->has_dns_or_ip_name)
        pick_common_name(leaf, out);
}
