#include "support/judging.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void give_up(const char *what, const char *about)
{
    fprintf(stderr, "%s: %s\n", what, about);
    abort();
}

struct anycert_policy *policy_of(const char *text)
{
    struct anycert_error err = {0};
    struct anycert_policy *policy = anycert_policy_parse(text, &err);
    if (policy == NULL)
        give_up(text, err.message);
    return policy;
}

void require_agreement(const struct anycert_report *report, bool accepts,
                       enum anycert__judge_scope scope)
{
    enum anycert_verdict verdict = anycert_report_verdict(report);
    bool expected = verdict != ANYCERT_FAIL &&
                    (verdict != ANYCERT_NOT_CHECKED || scope == ANYCERT__JUDGE_CERTIFICATES);
    if (accepts != expected)
        give_up("the judge's two answers differ", anycert_report_policy(report));
}

struct anycert_report *judge_at(struct anycert__facts *facts, const char *policy_text, int64_t now)
{
    struct anycert_error err = {0};
    struct anycert_policy *policy = policy_of(policy_text);
    struct anycert_report *report = anycert__judge(facts, policy, now, ANYCERT__JUDGE_ALL, &err);
    if (report == NULL)
        give_up("no report", err.message);
    else
        require_agreement(report, anycert__judge_accepts(facts, policy, now, ANYCERT__JUDGE_ALL),
                          ANYCERT__JUDGE_ALL);
    anycert_policy_free(policy);
    return report;
}

struct anycert_report *judge(struct anycert__facts *facts, const char *policy)
{
    return judge_at(facts, policy, SAMPLE_NOW);
}

enum anycert_verdict verdict_of(struct anycert__facts *facts, const char *policy)
{
    struct anycert_report *report = judge(facts, policy);
    enum anycert_verdict verdict = anycert_report_verdict(report);
    anycert_report_free(report);
    return verdict;
}

bool accepts_at(struct anycert__facts *facts, const char *policy_text, int64_t now)
{
    struct anycert_policy *policy = policy_of(policy_text);
    bool accepts = anycert__judge_accepts(facts, policy, now, ANYCERT__JUDGE_ALL);
    anycert_policy_free(policy);
    anycert_report_free(judge_at(facts, policy_text, now));
    return accepts;
}

const struct anycert_check *find_check(const struct anycert_report *report, const char *id)
{
    const struct anycert_check *check = NULL;
    while ((check = anycert_report_next_check(report, check)) != NULL) {
        if (strcmp(anycert_check_id(check), id) == 0)
            return check;
    }
    give_up("the report has no such check", id);
    return NULL;
}
