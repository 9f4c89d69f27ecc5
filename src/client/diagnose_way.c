/* The least policy that would have accepted what was seen. */
#include "client/diagnose.h"

#include "base/mem.h"
#include "base/str.h"
#include "policy/advise.h"
#include "verdict/checks.h"
#include "verdict/report.h"
#include "verdict/ways.h"

static bool has_failed(const struct anycert_report *report, enum anycert__check_id id)
{
    const struct anycert_check *c = NULL;

    while ((c = anycert__next_failed(report, c)) != NULL) {
        if (c->id == id)
            return true;
    }
    return false;
}

/* What the failed checks name; *all becomes whether each names one. */
static anycert__relaxations named_by_checks(const struct anycert_report *report, bool *all)
{
    const struct anycert_check *c = NULL;
    anycert__relaxations set = 0;

    *all = true;
    while ((c = anycert__next_failed(report, c)) != NULL) {
        const char *name = anycert_check_relaxation(c);
        const struct anycert_relaxation *r = name ? anycert_relaxation_find(name) : NULL;

        if (r)
            set |= ANYCERT__RELAX_BIT(anycert_relaxation_id(r));
        else
            *all = false;
    }
    return set;
}

/* Ends and ceilings are a matter of this machine's clock, whatever the caller's says. */
static struct anycert_policy *advise(const struct anycert__failing *failing,
                                     struct anycert_policy *policy, struct anycert_error *forbidden)
{
    static const struct anycert__clock machine = {0};

    return anycert__advise(policy, failing->had_end, failing->client->ceiling,
                           anycert__clock_now(&machine), forbidden);
}

/* What the policy in force did not give up is not given up by advice. */
static struct anycert_policy *keep_authentication(struct anycert_policy *policy,
                                                  const struct anycert_policy *in_force)
{
    if (!policy || anycert_policy_authenticates(policy) || !anycert_policy_authenticates(in_force))
        return policy;
    anycert_policy_free(policy);
    return NULL;
}

static struct anycert_policy *find(struct anycert__failing *failing,
                                   const struct anycert__seen_link *link, bool key_is_enough)
{
    struct anycert_short_diagnosis *out = failing->out;
    bool is_changed = has_failed(link->report, ANYCERT__CHECK_PIN);
    bool all = false;
    anycert__relaxations needed = named_by_checks(link->report, &all);
    struct anycert_policy *policy = NULL;

    if (!is_changed && !has_failed(link->report, ANYCERT__CHECK_RECORD))
        policy = anycert__way_by_chain(link);
    /* Whom a relaxation would let anybody answer for, a pin does not. */
    if (!policy && (is_changed || key_is_enough)) {
        policy = is_changed ? anycert__way_by_new_key(link) : anycert__way_by_key(link);
        out->by_key = policy != NULL;
    }
    out->whole = policy != NULL;
    if (policy || is_changed)
        return policy;
    if (!anycert__next_failed(link->report, NULL) && !anycert__is_guess(link->helps))
        needed = link->helps;
    return all ? keep_authentication(anycert__way_by_relaxing(link, needed), link->policy) : NULL;
}

int anycert__diagnose_way(struct anycert__failing *failing, struct anycert_error *err)
{
    struct anycert_short_diagnosis *out = failing->out;
    const struct anycert_error *failure = failing->failure;
    const struct anycert__seen_link link = {
        .report = failing->report, .policy = failing->policy, .helps = failing->helps};
    int class = anycert_error_class_of(failure->code);
    bool is_refusal = class == ANYCERT_CLASS_TRUST || failure->code == ANYCERT_E_PROXY_TRUST;
    struct anycert_error why = {0};
    bool key_is_enough = false, all = false;
    char name[256];

    if (!failing->report ||
        (!is_refusal && class != ANYCERT_CLASS_TLS && failure->code != ANYCERT_E_PROXY_TLS))
        return 0;
    key_is_enough = is_refusal && failure->code != ANYCERT_E_TRUST_PROTOCOL &&
                    anycert__is_key_enough(failing->report);
    out->relaxations = named_by_checks(failing->report, &all) | failing->helps;
    if (has_failed(failing->report, ANYCERT__CHECK_NAME) &&
        anycert__other_name(failing->report, name)) {
        out->other_name = anycert__strdup(name);
        if (!out->other_name)
            return anycert__fail_nomem(err);
    }
    out->policy = advise(failing, find(failing, &link, key_is_enough), &why);
    if (out->policy) {
        anycert__free(out->forbidden);
        out->forbidden = anycert__strdup(why.message);
        out->policy_text = anycert_policy_format(out->policy, err);
        if (!out->forbidden || !out->policy_text)
            return anycert__fail_nomem(err);
    }
    if (key_is_enough) {
        struct anycert_policy *by_key = advise(failing, anycert__way_by_key(&link), &why);

        out->key_policy = by_key ? anycert_policy_format(by_key, err) : NULL;
        anycert_policy_free(by_key);
    }
    return 0;
}
