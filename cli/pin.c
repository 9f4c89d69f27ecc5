#include "pin.h"

#include <stdio.h>
#include <string.h>

#include <anycert/policy.h>

#define REVOKED 23 /* X509_V_ERR_CERT_REVOKED */

static enum anycert_verdict verdict_of(const struct anycert_check *check, bool of_reference)
{
    return of_reference ? anycert_check_reference_verdict(check) : anycert_check_verdict(check);
}

static struct anycert_policy *policy_of(const struct anycert_report *report, bool of_reference)
{
    return anycert_policy_parse(
        of_reference ? anycert_report_reference(report) : anycert_report_policy(report), NULL);
}

/* Whether a check with this name is there, and each time it is, it has passed. */
static bool has_passed(const struct anycert_report *report, bool of_reference, const char *name)
{
    bool found = false;
    for (const struct anycert_check *c = anycert_report_next_check(report, NULL); c;
         c = anycert_report_next_check(report, c)) {
        if (strcmp(anycert_check_id(c), name) != 0)
            continue;
        if (verdict_of(c, of_reference) != ANYCERT_PASS)
            return false;
        found = true;
    }
    return found;
}

/* Takes a key over from the policy of the link. report-only has some of its target's. */
static bool keep(struct anycert_policy *policy, const struct anycert_report *report,
                 const char *key)
{
    struct anycert_policy *from = anycert_policy_parse(anycert_report_policy(report), NULL);
    char *value = NULL;
    int found = from ? anycert_policy_get(from, key, &value, NULL) : -1;
    bool fine = found == 0 || (found == 1 && anycert_policy_set(policy, key, value, NULL) == 0);
    anycert_free(value);
    anycert_policy_free(from);
    return fine;
}

/* Relaxes it as well, unless the rung does by itself. */
static bool relax(struct anycert_policy **policy, const char *name)
{
    struct anycert_policy *more = anycert_policy_copy(*policy, NULL);
    const struct anycert_relaxation *r = anycert_relaxation_find(name);
    if (!more || !r)
        return false;
    if (anycert_policy_relaxes(*policy, r) || anycert_policy_relax(more, name, NULL) != 0 ||
        anycert_policy_check(more, NULL) != 0) {
        anycert_policy_free(more);
        return true;
    }
    anycert_policy_free(*policy);
    *policy = more;
    return true;
}

static bool keep_relaxations(struct anycert_policy **policy, const struct anycert_report *report,
                             bool of_reference)
{
    struct anycert_policy *from = policy_of(report, of_reference);
    bool fine = from != NULL;
    for (const struct anycert_relaxation *r = anycert_relaxation_next(NULL); r && fine;
         r = anycert_relaxation_next(r))
        if (anycert_policy_relaxes(from, r))
            fine = relax(policy, anycert_relaxation_name(r));
    anycert_policy_free(from);
    return fine;
}

static char *text_of(struct anycert_policy *policy, bool fine)
{
    char *text = fine && policy && anycert_policy_check(policy, NULL) == 0 &&
                         anycert_policy_available(policy, NULL) == 0
                     ? anycert_policy_format(policy, NULL)
                     : NULL;
    anycert_policy_free(policy);
    return text;
}

/* ---- by the key ---- */

/* What was negotiated belongs to no certificate; false if there is no way to have it. */
static bool add_negotiated(struct anycert_policy **policy, const struct anycert_report *report,
                           bool of_reference)
{
    for (const struct anycert_check *c = anycert_report_next_check(report, NULL); c;
         c = anycert_report_next_check(report, c)) {
        const char *name = anycert_check_relaxation(c);
        if (verdict_of(c, of_reference) != ANYCERT_FAIL)
            continue;
        if (anycert_check_x509_code(c) == REVOKED)
            return false;
        if (anycert_check_depth(c) >= 0 || strcmp(anycert_check_id(c), "pin") == 0)
            continue;
        if (!name || !relax(policy, name))
            return false;
    }
    return true;
}

/* What a reference goes by, and the policy of the link says. */
static bool keep_place(struct anycert_policy *policy, const struct anycert_report *report)
{
    return keep(policy, report, "ca") && keep(policy, report, "expect-name") &&
           keep(policy, report, "sni");
}

/* pinned, with what is checked beside the key. */
static struct anycert_policy *by_key(const struct anycert_report *report, bool name, bool dates)
{
    const char *pin = anycert_report_cert_pin(report, 0);
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
static char *pinned_alone(const struct anycert_report *report, bool of_reference)
{
    bool name = has_passed(report, of_reference, "name");
    bool dates = has_passed(report, of_reference, "dates");
    struct anycert_policy *policy = by_key(report, name, dates);
    return text_of(policy, policy && keep_relaxations(&policy, report, of_reference) &&
                               add_negotiated(&policy, report, of_reference) &&
                               (!name || keep(policy, report, "expect-name")) &&
                               keep(policy, report, "sni") && keep(policy, report, "until") &&
                               keep(policy, report, "reason"));
}

char *cli_changed_pin(const struct anycert_report *report)
{
    const char *pin = anycert_report_cert_pin(report, 0);
    struct anycert_policy *policy = policy_of(report, false);
    bool fine = policy && pin && anycert_policy_set(policy, "pin", pin, NULL) == 0;
    for (const struct anycert_check *c = anycert_report_next_check(report, NULL); c;
         c = anycert_report_next_check(report, c))
        if (anycert_check_verdict(c) == ANYCERT_FAIL && strcmp(anycert_check_id(c), "pin") != 0)
            fine = false;
    return text_of(policy, fine);
}

/* All that fails, relaxed: every other check stays. *proves becomes whether the key has to say who
 * answers then. False where something has no relaxation. */
static bool relax_failed(struct anycert_policy **policy, const struct anycert_report *report,
                         bool of_reference, bool *proves)
{
    for (const struct anycert_check *c = anycert_report_next_check(report, NULL); c;
         c = anycert_report_next_check(report, c)) {
        const char *name = anycert_check_relaxation(c);
        const struct anycert_relaxation *r = name ? anycert_relaxation_find(name) : NULL;
        if (verdict_of(c, of_reference) != ANYCERT_FAIL)
            continue;
        if (!r || strcmp(anycert_check_id(c), "pin") == 0 || !relax(policy, name))
            return false;
        *proves = *proves || !anycert_relaxation_authenticates(r);
    }
    return true;
}

/* Beside what is left of the chain, as the doctor has it: this gives up less. NULL where something
 * has no relaxation, or the chain is enough without the key. */
static char *pinned_beside(const struct anycert_report *report, bool of_reference)
{
    struct anycert_policy *policy = policy_of(report, of_reference);
    bool proves = false;
    bool fine = policy && strcmp(anycert_policy_rung(policy), "hardened") == 0 &&
                relax_failed(&policy, report, of_reference, &proves) && proves &&
                anycert_policy_set(policy, "pin", anycert_report_cert_pin(report, 0), NULL) == 0;
    return text_of(policy, fine && (!of_reference || keep_place(policy, report)));
}

char *cli_pin_policy(const struct anycert_report *report, bool of_reference)
{
    char *text = anycert_report_cert_pin(report, 0) ? pinned_beside(report, of_reference) : NULL;
    return text ? text : pinned_alone(report, of_reference);
}

char *cli_pinned_too(const struct anycert_report *report)
{
    const char *pin = anycert_report_cert_pin(report, 0);
    struct anycert_policy *policy = policy_of(report, true);
    bool fine = policy && pin && anycert_policy_set(policy, "pin", pin, NULL) == 0 &&
                keep_place(policy, report);
    return text_of(policy, fine);
}

/* ---- by the chain ---- */

bool cli_is_one_name(const char *names)
{
    return names && *names != '\0' && strlen(names) <= 253 && names[0] != '-' &&
           names[strspn(names, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                               "0123456789.-_:")] == '\0';
}

/* Whether a word of a sentence is the name of a relaxation. */
bool cli_is_named(const char *sentence, const char *name)
{
    size_t length = strlen(name);
    for (const char *p = strstr(sentence, name); p; p = strstr(p + 1, name))
        if (p > sentence && p[-1] == ' ' && strchr(",;)", p[length]) && p[length] != '\0')
            return true;
    return false;
}

/* Adds what one failed check needs. */
static bool add_check(struct anycert_policy **policy, const struct anycert_report *report,
                      const struct anycert_check *check)
{
    const char *name = anycert_check_relaxation(check);
    const struct anycert_relaxation *r = name ? anycert_relaxation_find(name) : NULL;
    const char *names = anycert_report_cert_names(report, 0);
    char *expected = NULL;
    if (!r || anycert_policy_get(*policy, "expect-name", &expected, NULL) < 0)
        return false;
    anycert_free(expected);
    if (anycert_relaxation_authenticates(r))
        return relax(policy, name);
    /* A name that is an address in the wrong place stays in the wrong place. */
    return strcmp(name, "wrong-host") == 0 && !expected && cli_is_one_name(names) &&
           strcmp(names, anycert_report_identity(report)) != 0 &&
           anycert_policy_set(*policy, "expect-name", names, NULL) == 0;
}

/* What a handshake needs that has got as far as the certificate, and has failed for one reason. */
static bool add_named(struct anycert_policy **policy, const struct anycert_report *report,
                      const char *message)
{
    const struct anycert_relaxation *needed = NULL;
    unsigned count = 0;
    if (!message || !strstr(message, " (relaxation: ") || anycert_report_chain_length(report) == 0)
        return false;
    for (const struct anycert_relaxation *r = anycert_relaxation_next(NULL); r;
         r = anycert_relaxation_next(r)) {
        if (!cli_is_named(message, anycert_relaxation_name(r)))
            continue;
        needed = r;
        count++;
    }
    /* small-dh does for some groups only, and how large this one is nobody knows. */
    return count == 1 && strcmp(anycert_relaxation_name(needed), "small-dh") != 0 &&
           relax(policy, anycert_relaxation_name(needed));
}

char *cli_chain_policy(const struct anycert_report *report, bool of_reference, const char *message)
{
    struct anycert_policy *policy = policy_of(report, of_reference);
    bool fine = policy && strcmp(anycert_policy_rung(policy), "hardened") == 0, failed = false;
    if (fine && of_reference)
        fine = keep_place(policy, report);
    for (const struct anycert_check *c = anycert_report_next_check(report, NULL); c && fine;
         c = anycert_report_next_check(report, c)) {
        if (verdict_of(c, of_reference) != ANYCERT_FAIL)
            continue;
        failed = true;
        fine = add_check(&policy, report, c);
    }
    if (fine && !failed)
        fine = add_named(&policy, report, message);
    return text_of(policy, fine);
}
