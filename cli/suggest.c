#include "suggest.h"

#include <stdlib.h>
#include <string.h>

#include "text.h"

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

char *cli_quote_reason(const char *policy)
{
    static const char placeholder[] = " reason=WHY";
    struct anycert_error nowhere = {0};
    struct cli_bytes shown = {0};
    size_t len = policy ? strlen(policy) : 0, end = sizeof placeholder - 1;
    bool has_it = len > end && strcmp(policy + len - end, placeholder) == 0;
    if (!policy || cli_bytes_add(&shown, policy, has_it ? len - end : len, &nowhere) != 0 ||
        (has_it && cli_bytes_add_text(&shown, " reason=\"WHY\"", &nowhere) != 0))
        cli_bytes_free(&shown);
    return shown.data;
}

char *cli_with_reason(const struct anycert_policy *policy)
{
    struct anycert_policy *copy = anycert_policy_copy(policy, NULL);
    char *value = NULL, *text = NULL;
    int found = copy ? anycert_policy_get(copy, "reason", &value, NULL) : -1;
    if (found == 1 || (found == 0 && anycert_policy_set(copy, "reason", "WHY", NULL) == 0))
        text = anycert_policy_format(copy, NULL);
    char *shown = cli_quote_reason(text);
    anycert_free(text);
    anycert_free(value);
    anycert_policy_free(copy);
    return shown;
}
