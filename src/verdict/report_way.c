/* What would accept a server that was looked at. */
#include <anycert/short_diagnosis.h>

#include "base/clock.h"
#include "base/error.h"
#include "policy/advise.h"
#include "verdict/ways.h"

static struct anycert_policy *find(const struct anycert__seen_link *link, enum anycert_way way)
{
    bool fails = anycert_report_reference_verdict(link->report) == ANYCERT_FAIL;

    if (way == ANYCERT_WAY_CHAIN)
        return fails ? anycert__way_by_chain(link) : NULL;
    return fails ? anycert__way_by_key(link) : anycert__way_by_key_too(link);
}

int anycert_report_way(const struct anycert_report *report, enum anycert_way way, char **policy,
                       struct anycert_error *forbidden, struct anycert_error *err)
{
    static const struct anycert__clock machine = {0};
    struct anycert_policy *in_force = anycert_policy_parse(anycert_report_policy(report), NULL);
    const struct anycert__seen_link link = {
        .report = report, .policy = in_force, .of_reference = true};
    struct anycert__ceiling *ceiling = anycert__ceiling_load(err);
    struct anycert_error why = {0};
    struct anycert_policy *found = NULL;
    int result = ceiling ? 0 : -1;

    *policy = NULL;
    if (ceiling && in_force)
        found =
            anycert__advise(find(&link, way), false, ceiling, anycert__clock_now(&machine), &why);
    if (found) {
        *policy = anycert_policy_format(found, err);
        result = *policy ? 1 : -1;
    }
    if (forbidden)
        *forbidden = why;
    anycert_policy_free(found);
    anycert_policy_free(in_force);
    anycert__ceiling_free(ceiling);
    return result;
}
