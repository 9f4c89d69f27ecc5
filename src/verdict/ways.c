#include "verdict/ways.h"

#include "verdict/checks.h"
#include "verdict/other_name.h"
#include "verdict/report.h"

#include <stdio.h>
#include <string.h>

#define BIT(name) ANYCERT__RELAX_BIT(ANYCERT__RELAX_##name)

static enum anycert_verdict verdict_of(const struct anycert_check *check,
                                       const struct anycert__seen_link *link)
{
    return link->of_reference ? check->reference_verdict : check->verdict;
}

/* The next check that fails under what the link is judged by. */
static const struct anycert_check *next_failed(const struct anycert__seen_link *link,
                                               const struct anycert_check *check)
{
    const struct anycert_report *report = link->report;

    for (size_t i = check ? (size_t)(check - report->checks) + 1 : 0; i < report->check_count; i++)
        if (verdict_of(&report->checks[i], link) == ANYCERT_FAIL)
            return &report->checks[i];
    return NULL;
}

const struct anycert_check *anycert__next_failed(const struct anycert_report *report,
                                                 const struct anycert_check *check)
{
    const struct anycert__seen_link link = {.report = report};

    return report ? next_failed(&link, check) : NULL;
}

/* The relaxation that reports name for a check, or NULL. */
static const struct anycert_relaxation *relaxation_of(const struct anycert_check *check)
{
    const char *name = anycert_check_relaxation(check);

    return name ? anycert_relaxation_find(name) : NULL;
}

static struct anycert_policy *start(const struct anycert__seen_link *link)
{
    return link->of_reference ? anycert_policy_parse(anycert_report_reference(link->report), NULL)
                              : anycert_policy_copy(link->policy, NULL);
}

static const char *pin_of(const struct anycert__seen_link *link)
{
    return anycert_report_cert_pin(link->report, 0);
}

/* Whether a check is there, and each time it is, it has passed. */
static bool has_passed(const struct anycert__seen_link *link, enum anycert__check_id id)
{
    const struct anycert_report *report = link->report;
    bool found = false;

    for (size_t i = 0; i < report->check_count; i++) {
        if (report->checks[i].id != id)
            continue;
        if (verdict_of(&report->checks[i], link) != ANYCERT_PASS)
            return false;
        found = true;
    }
    return found;
}

/* Takes a key over from the policy in force. report-only has some of its target's. */
static bool keep(struct anycert_policy *policy, const struct anycert__seen_link *link,
                 const char *key)
{
    char *value = NULL;
    int found = anycert_policy_get(link->policy, key, &value, NULL);
    bool fine = found == 0 || (found == 1 && anycert_policy_set(policy, key, value, NULL) == 0);

    anycert_free(value);
    return fine;
}

/* What a reference goes by, and the policy in force says. */
static bool keep_place(struct anycert_policy *policy, const struct anycert__seen_link *link)
{
    return anycert__policy_inherit_anchors(policy, link->policy, NULL) == 0 &&
           keep(policy, link, "expect-name") && keep(policy, link, "sni");
}

/* Relaxes it as well, unless the rung does by itself. */
static bool relax(struct anycert_policy **policy, const struct anycert_relaxation *r)
{
    struct anycert_policy *more = anycert_policy_copy(*policy, NULL);

    if (!more)
        return false;
    if (anycert_policy_relaxes(*policy, r) ||
        anycert_policy_relax(more, anycert_relaxation_name(r), NULL) != 0 ||
        anycert_policy_check(more, NULL) != 0) {
        anycert_policy_free(more);
        return true;
    }
    anycert_policy_free(*policy);
    *policy = more;
    return true;
}

static bool relax_all(struct anycert_policy **policy, anycert__relaxations set)
{
    for (const struct anycert_relaxation *r = anycert_relaxation_next(NULL); r;
         r = anycert_relaxation_next(r)) {
        if ((set & ANYCERT__RELAX_BIT(anycert_relaxation_id(r))) && !relax(policy, r))
            return false;
    }
    return true;
}

static bool keep_relaxations(struct anycert_policy **policy, const struct anycert__seen_link *link)
{
    struct anycert_policy *from = start(link);
    bool fine = from && relax_all(policy, from->relaxations);

    anycert_policy_free(from);
    return fine;
}

/* The policy if it is one, and this version can carry it out. */
static struct anycert_policy *finish(struct anycert_policy *policy, bool fine)
{
    if (fine && policy && anycert_policy_check(policy, NULL) == 0 &&
        anycert_policy_available(policy, NULL) == 0)
        return policy;
    anycert_policy_free(policy);
    return NULL;
}

static bool is_hardened(const struct anycert_policy *policy)
{
    return policy && policy->rung == ANYCERT__RUNG_HARDENED;
}

/* ---- by the key ---- */

/* What was negotiated belongs to no certificate; false if there is no way to have it. */
static bool add_negotiated(struct anycert_policy **policy, const struct anycert__seen_link *link)
{
    const struct anycert_check *c = NULL;

    while ((c = next_failed(link, c)) != NULL) {
        const struct anycert_relaxation *r = relaxation_of(c);

        if (c->x509_code == ANYCERT__X509_REVOKED)
            return false;
        if (c->depth >= 0 || c->id == ANYCERT__CHECK_PIN)
            continue;
        if (!r || !relax(policy, r))
            return false;
    }
    return true;
}

/* pinned, with what is checked beside the key. */
static struct anycert_policy *pinned(const struct anycert__seen_link *link, bool name, bool dates)
{
    const char *pin = pin_of(link);
    const char *checks = name && dates ? " check=name,dates"
                         : name        ? " check=name"
                         : dates       ? " check=dates"
                                       : "";
    char text[128];

    if (!pin)
        return NULL;
    (void)snprintf(text, sizeof text, "pinned pin=%s%s", pin, checks);
    return anycert_policy_parse(text, NULL);
}

/* Instead of the chain. */
static struct anycert_policy *pinned_alone(const struct anycert__seen_link *link)
{
    bool name = has_passed(link, ANYCERT__CHECK_NAME);
    bool dates = has_passed(link, ANYCERT__CHECK_DATES);
    struct anycert_policy *policy = pinned(link, name, dates);

    return finish(policy,
                  policy && keep_relaxations(&policy, link) && add_negotiated(&policy, link) &&
                      (!name || keep(policy, link, "expect-name")) && keep(policy, link, "sni") &&
                      keep(policy, link, "until") && keep(policy, link, "reason"));
}

/* All that fails, relaxed: every other check stays. *proves becomes whether the key has to say who
 * answers then. False where something has no relaxation. */
static bool relax_failed(struct anycert_policy **policy, const struct anycert__seen_link *link,
                         bool *proves)
{
    const struct anycert_check *c = NULL;

    while ((c = next_failed(link, c)) != NULL) {
        const struct anycert_relaxation *r = relaxation_of(c);

        if (!r || c->id == ANYCERT__CHECK_PIN || !relax(policy, r))
            return false;
        *proves = *proves || !anycert_relaxation_authenticates(r);
    }
    return true;
}

/* Beside what is left of the chain, as the doctor has it: this gives up less. NULL where something
 * has no relaxation, or the chain is enough without the key. */
static struct anycert_policy *pinned_beside(const struct anycert__seen_link *link)
{
    struct anycert_policy *policy = start(link);
    bool proves = false;
    bool fine = is_hardened(policy) && relax_failed(&policy, link, &proves) && proves &&
                anycert_policy_set(policy, "pin", pin_of(link), NULL) == 0;

    return finish(policy, fine && (!link->of_reference || keep_place(policy, link)));
}

struct anycert_policy *anycert__way_by_key(const struct anycert__seen_link *link)
{
    struct anycert_policy *policy = pin_of(link) ? pinned_beside(link) : NULL;

    return policy ? policy : pinned_alone(link);
}

struct anycert_policy *anycert__way_by_new_key(const struct anycert__seen_link *link)
{
    struct anycert_policy *policy = start(link);
    const struct anycert_check *c = NULL;
    bool fine =
        policy && pin_of(link) && anycert_policy_set(policy, "pin", pin_of(link), NULL) == 0;

    while ((c = next_failed(link, c)) != NULL)
        fine = fine && c->id == ANYCERT__CHECK_PIN;
    return finish(policy, fine);
}

struct anycert_policy *anycert__way_by_key_too(const struct anycert__seen_link *link)
{
    struct anycert_policy *policy = start(link);

    return finish(policy, policy && pin_of(link) &&
                              anycert_policy_set(policy, "pin", pin_of(link), NULL) == 0 &&
                              keep_place(policy, link));
}

bool anycert__is_key_enough(const struct anycert_report *report)
{
    const struct anycert_check *c = NULL;
    bool proven = false;

    while ((c = anycert__next_failed(report, c)) != NULL) {
        const struct anycert_relaxation *r = relaxation_of(c);

        if (c->id == ANYCERT__CHECK_RECORD || c->id == ANYCERT__CHECK_PIN ||
            c->x509_code == ANYCERT__X509_REVOKED)
            return false;
        proven = proven || !r || !anycert_relaxation_authenticates(r);
    }
    return proven;
}

/* ---- by the chain ---- */

bool anycert__other_name(const struct anycert_report *report, char out[256])
{
    return anycert__pick_name(report->facts, out) &&
           strcmp(out, anycert_report_identity(report)) != 0;
}

/* Adds what one failed check needs. */
static bool add_check(struct anycert_policy **policy, const struct anycert__seen_link *link,
                      const struct anycert_check *check)
{
    const struct anycert_relaxation *r = relaxation_of(check);
    char name[256];

    if (!r)
        return false;
    if (anycert_relaxation_authenticates(r))
        return relax(policy, r);
    /* A name that is an address in the wrong place stays in the wrong place. */
    return anycert_relaxation_id(r) == ANYCERT__RELAX_WRONG_HOST && !(*policy)->expect_name &&
           anycert__other_name(link->report, name) &&
           anycert_policy_set(*policy, "expect-name", name, NULL) == 0;
}

bool anycert__is_guess(anycert__relaxations helps)
{
    /* small-dh takes some groups only, and how large this one is was not seen. */
    return (helps & (helps - 1)) != 0 || (helps & BIT(SMALL_DH)) != 0;
}

/* What a handshake needs that has got as far as the certificate, and has failed for one reason. */
static bool add_help(struct anycert_policy **policy, const struct anycert__seen_link *link)
{
    return link->helps != 0 && anycert_report_chain_length(link->report) > 0 &&
           !anycert__is_guess(link->helps) && relax_all(policy, link->helps);
}

struct anycert_policy *anycert__way_by_chain(const struct anycert__seen_link *link)
{
    struct anycert_policy *policy = start(link);
    const struct anycert_check *c = NULL;
    bool fine = is_hardened(policy), failed = false;

    if (fine && link->of_reference)
        fine = keep_place(policy, link);
    while (fine && (c = next_failed(link, c)) != NULL) {
        failed = true;
        fine = add_check(&policy, link, c);
    }
    if (fine && !failed)
        fine = add_help(&policy, link);
    return finish(policy, fine);
}

/* ---- by giving it up ---- */

struct anycert_policy *anycert__way_by_relaxing(const struct anycert__seen_link *link,
                                                anycert__relaxations needed)
{
    struct anycert_policy *policy = anycert_policy_copy(link->policy, NULL);
    anycert__relaxations more = policy ? needed & ~anycert__policy_allows(policy) : 0;

    return finish(policy, is_hardened(policy) && more != 0 && relax_all(&policy, more) &&
                              (anycert__policy_allows(policy) & more) == more);
}
