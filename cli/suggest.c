#include "suggest.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "check_file.h"
#include "pin.h"
#include "text.h"

#define DAY   86400
#define MONTH 30 /* days */

/* ---- what a refusal is about ---- */

bool cli_is_proxy(const struct anycert_report *report)
{
    return report && strcmp(anycert_report_hop(report), "proxy") == 0;
}

const struct anycert_check *cli_next_failed(const struct anycert_report *report,
                                            const struct anycert_check *check)
{
    const struct anycert_check *c = check;
    while (report && (c = anycert_report_next_check(report, c)) != NULL)
        if (anycert_check_verdict(c) == ANYCERT_FAIL)
            return c;
    return NULL;
}

bool cli_has_failed(const struct anycert_report *report, const char *name)
{
    const struct anycert_check *c = NULL;
    while ((c = cli_next_failed(report, c)) != NULL)
        if (strcmp(anycert_check_id(c), name) == 0)
            return true;
    return false;
}

unsigned cli_count_named(const struct anycert_error *err, const struct anycert_report *report)
{
    const struct anycert_relaxation *r = NULL;
    unsigned count = 0;
    if (!report || cli_next_failed(report, NULL) || !strstr(err->message, " (relaxation: "))
        return 0;
    while ((r = anycert_relaxation_next(r)) != NULL)
        count += cli_is_named(err->message, anycert_relaxation_name(r));
    return count;
}

bool cli_is_guess(const struct anycert_error *err, const struct anycert_report *report)
{
    unsigned count = cli_count_named(err, report);
    /* small-dh takes some groups only, and how large this one is was not seen. */
    return count > 1 || (count == 1 && cli_is_named(err->message, "small-dh"));
}

/* Whether the key would be enough: something fails that is about certificates, and revoked is none
 * of it. */
static bool is_key_enough(const struct anycert_error *err, const struct anycert_report *report)
{
    bool proven = false;
    const struct anycert_check *c = NULL;
    while ((c = cli_next_failed(report, c)) != NULL) {
        const char *name = anycert_check_relaxation(c);
        const struct anycert_relaxation *r = name ? anycert_relaxation_find(name) : NULL;
        proven = proven || !r || !anycert_relaxation_authenticates(r);
    }
    return proven && !cli_has_failed(report, "record") && !cli_has_failed(report, "pin") &&
           anycert_error_class_of(err->code) == ANYCERT_CLASS_TRUST &&
           err->code != ANYCERT_E_TRUST_REVOKED && err->code != ANYCERT_E_TRUST_PROTOCOL;
}

/* ---- an end, and what the administrator wants ---- */

static bool set_end(struct anycert_policy *policy, int days)
{
    char date[CLI_DATE_SIZE];
    cli_format_date((int64_t)time(NULL) + (int64_t)days * DAY, date);
    date[10] = '\0';
    return anycert_policy_set(policy, "until", date, NULL) == 0;
}

static bool has_key(const struct anycert_policy *policy, const char *key)
{
    char *value = NULL;
    bool found = anycert_policy_get(policy, key, &value, NULL) != 0;
    anycert_free(value);
    return found;
}

/* What lets anybody answer gives nothing up beside a pin, which says who does. */
static bool gives_up(const struct anycert_policy *policy)
{
    const struct anycert_relaxation *r = NULL;
    bool pinned = has_key(policy, "pin");
    while ((r = anycert_relaxation_next(r)) != NULL)
        if (anycert_policy_relaxes(policy, r) && !(pinned && !anycert_relaxation_authenticates(r)))
            return true;
    return !anycert_policy_authenticates(policy);
}

static bool is_forbidden(const struct anycert_policy *policy, const char *store,
                         struct anycert_error *forbidden)
{
    struct cli_trial trial = {.store_path = store};
    struct anycert_error made = {0};
    cli_try_policy(&trial, policy, &made);
    cli_trial_end(&trial);
    *forbidden = made.code == ANYCERT_E_POLICY_FORBIDDEN ? made : (struct anycert_error){0};
    return forbidden->code != 0;
}

/* The latest end of the next month that is allowed, if any is. */
static bool shorten(struct anycert_policy *policy, const char *store)
{
    struct anycert_error why;
    int allowed = 0, beyond = MONTH + 1;
    if (!set_end(policy, 0) || is_forbidden(policy, store, &why))
        return false;
    while (beyond - allowed > 1) {
        int middle = (allowed + beyond) / 2;
        if (set_end(policy, middle) && !is_forbidden(policy, store, &why))
            allowed = middle;
        else
            beyond = middle;
    }
    return set_end(policy, allowed);
}

/* The same policy, as the ceiling allows it, or NULL. */
static struct anycert_policy *obey(const struct anycert_policy *policy, bool with_reason,
                                   const char *store)
{
    struct anycert_error why;
    struct anycert_policy *other = anycert_policy_copy(policy, NULL);
    if (other &&
        (!with_reason ||
         (!has_key(other, "reason") && anycert_policy_set(other, "reason", "WHY", NULL) == 0)) &&
        ((with_reason && !is_forbidden(other, store, &why)) || shorten(other, store)))
        return other;
    anycert_policy_free(other);
    return NULL;
}

/* One source of ca=, which has no comma. */
static int add_source(struct cli_bytes *out, const char *source, size_t len, const char *here)
{
    struct anycert_error nowhere = {0};
    bool is_path = !(len == strlen("system") && strncmp(source, "system", len) == 0) &&
                   strncmp(source, "sha256:", strlen("sha256:")) != 0 && source[0] != '/';
    if ((out->len > 0 && cli_bytes_add_text(out, ",", &nowhere) != 0) ||
        (is_path && (cli_bytes_add_text(out, here, &nowhere) != 0 ||
                     cli_bytes_add_text(out, "/", &nowhere) != 0)))
        return -1;
    return cli_bytes_add(out, source, len, &nowhere);
}

/* A relative path means another file in a policy file, which is in another folder. False if it
 * cannot be written otherwise. */
static bool make_paths_absolute(struct anycert_policy *policy)
{
    struct cli_bytes sources = {0};
    char here[4096], *value = NULL;
    int found = anycert_policy_get(policy, "ca", &value, NULL);
    bool fine = found == 0 || (found == 1 && getcwd(here, sizeof here));
    for (const char *p = value; p && *p != '\0' && fine;) {
        size_t len = strcspn(p, ",");
        fine = add_source(&sources, p, len, here) == 0;
        p += len + (p[len] == ',');
    }
    if (fine && sources.data)
        fine = anycert_policy_set(policy, "ca", sources.data, NULL) == 0;
    cli_bytes_free(&sources);
    anycert_free(value);
    return fine;
}

/* The text of a policy, with quotes where others are going to write several words. */
static char *text_of(const struct anycert_policy *policy)
{
    static const char placeholder[] = " reason=WHY";
    struct anycert_error nowhere = {0};
    struct cli_bytes shown = {0};
    char *text = anycert_policy_format(policy, NULL);
    size_t len = text ? strlen(text) : 0, end = sizeof placeholder - 1;
    bool has_it = len > end && strcmp(text + len - end, placeholder) == 0;
    if (!text || cli_bytes_add(&shown, text, has_it ? len - end : len, &nowhere) != 0 ||
        (has_it && cli_bytes_add_text(&shown, " reason=\"WHY\"", &nowhere) != 0))
        cli_bytes_free(&shown);
    anycert_free(text);
    return shown.data;
}

char *cli_finish_policy(char *text, const struct cli_finish *how, struct anycert_error *forbidden)
{
    struct anycert_policy *policy = text ? anycert_policy_parse(text, NULL) : NULL;
    struct anycert_policy *allowed = NULL;
    bool fine = policy != NULL;
    char *finished = NULL;
    *forbidden = (struct anycert_error){0};
    anycert_free(text);
    if (fine && !anycert_policy_until(policy, NULL) && (gives_up(policy) || how->has_ended))
        fine = set_end(policy, MONTH);
    if (fine && how->with_reason && !has_key(policy, "reason"))
        fine = anycert_policy_set(policy, "reason", "WHY", NULL) == 0;
    fine = fine && make_paths_absolute(policy);
    if (fine && is_forbidden(policy, how->store, forbidden)) {
        allowed = obey(policy, false, how->store);
        if (!allowed)
            allowed = obey(policy, true, how->store);
        if (allowed)
            *forbidden = (struct anycert_error){0};
    }
    if (fine)
        finished = text_of(allowed ? allowed : policy);
    anycert_policy_free(allowed);
    anycert_policy_free(policy);
    return finished;
}

/* ---- what a refusal suggests ---- */

static bool has_relaxation_for_all(const struct anycert_report *report)
{
    const struct anycert_check *c = NULL;
    while ((c = cli_next_failed(report, c)) != NULL)
        if (!anycert_check_relaxation(c))
            return false;
    return true;
}

/* Whether the relaxation is one of those that are known to be needed. */
static bool is_needed(const struct anycert_error *err, const struct anycert_report *report,
                      const struct anycert_relaxation *r)
{
    const struct anycert_check *c = cli_next_failed(report, NULL);
    if (!c)
        return cli_count_named(err, report) > 0 &&
               cli_is_named(err->message, anycert_relaxation_name(r));
    for (; c; c = cli_next_failed(report, c)) {
        const char *name = anycert_check_relaxation(c);
        if (name && strcmp(name, anycert_relaxation_name(r)) == 0)
            return true;
    }
    return false;
}

/* The policy in force with what is needed beside. NULL if there is no such policy, or nobody knows
 * which. */
static char *relaxed_policy(const struct anycert_error *err, const struct anycert_report *report)
{
    struct anycert_policy *policy = anycert_policy_parse(anycert_report_policy(report), NULL);
    const struct anycert_relaxation *r = NULL;
    unsigned added = 0;
    char *text = NULL;
    bool fine = policy && strcmp(anycert_policy_rung(policy), "hardened") == 0 &&
                has_relaxation_for_all(report) && !cli_is_guess(err, report);
    while (fine && (r = anycert_relaxation_next(r)) != NULL) {
        if (!is_needed(err, report, r) || anycert_policy_relaxes(policy, r))
            continue;
        added++;
        fine = anycert_relaxation_is_available(r) &&
               anycert_policy_relax(policy, anycert_relaxation_name(r), NULL) == 0;
    }
    if (fine && added > 0 && anycert_policy_check(policy, NULL) == 0)
        text = anycert_policy_format(policy, NULL);
    anycert_policy_free(policy);
    return text;
}

static struct cli_finish finish_of(const struct anycert_error *err,
                                   const struct cli_failure *failure)
{
    return (struct cli_finish){.has_ended = strstr(err->message, "the policy ended on ") != NULL,
                               .with_reason = true,
                               .store = failure->trust_store};
}

void cli_suggest(struct cli_suggestion *s, const struct anycert_error *err,
                 const struct anycert_report *report, const struct cli_failure *failure)
{
    struct cli_finish how = finish_of(err, failure);
    bool is_changed = cli_has_failed(report, "pin");
    bool judged = !is_changed && !cli_has_failed(report, "record") && !cli_is_proxy(report);
    *s = (struct cli_suggestion){0};
    if (judged)
        s->policy = cli_chain_policy(report, false, err->message);
    /* Whom a relaxation would let anybody answer for, a pin does not. */
    if (!s->policy && (is_changed || is_key_enough(err, report))) {
        s->policy = is_changed ? cli_changed_pin(report) : cli_pin_policy(report, false);
        s->by_key = s->policy != NULL;
    }
    s->works = s->policy && judged;
    if (!s->policy && !is_changed)
        s->policy = relaxed_policy(err, report);
    s->policy = cli_finish_policy(s->policy, &how, &s->forbidden);
}

void cli_suggestion_free(struct cli_suggestion *suggestion)
{
    free(suggestion->policy);
    *suggestion = (struct cli_suggestion){0};
}

char *cli_suggest_key(const struct anycert_error *err, const struct anycert_report *report,
                      const struct cli_failure *failure)
{
    struct cli_finish how = finish_of(err, failure);
    struct anycert_error forbidden;
    if (!is_key_enough(err, report))
        return NULL;
    how.with_reason = false;
    return cli_finish_policy(cli_pin_policy(report, false), &how, &forbidden);
}
