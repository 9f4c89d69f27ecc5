/* Why an exchange was refused, where the policy that was given would not have said so. */
#include "client/journey.h"

#include "base/str.h"
#include "client/internal.h"

/* What of a policy is for the request's own host alone; NULL: nothing, or the whole of it is not.
 */
static const char *part_of_one_host(const struct anycert_policy *policy)
{
    if (anycert__policy_accepts_any_certificate(policy))
        return NULL;
    if (policy->relaxations)
        return "the relaxations apply";
    if (policy->pin_count > 0)
        return "the pins apply";
    if (policy->rung == ANYCERT__RUNG_TOFU)
        return "tofu applies";
    return policy->expect_name ? "the expected name applies" : NULL;
}

void anycert__journey_explain(const struct anycert__journey *journey, struct anycert_error *err)
{
    const struct anycert_policy *said = journey->client->config->policy;
    const struct anycert__situation *situation = journey->situation;
    const struct anycert__url *url = journey->is_fetching ? journey->exchange.url : journey->url;
    const char *part = said ? part_of_one_host(said) : NULL;
    int class = anycert_error_class_of(err->code);
    char date[ANYCERT__DATE_SIZE];

    if (!situation || (class != ANYCERT_CLASS_TRUST && class != ANYCERT_CLASS_TLS))
        return;
    if (situation->has_ended) {
        anycert__format_date(situation->ended, date);
        (void)anycert__error_prefix(err, "the policy%s%s ended on %s",
                                    situation->source ? " of " : "",
                                    situation->source ? situation->source : "", date);
    } else if (situation->source) {
        (void)anycert__error_prefix(err, "by the policy of %s", situation->source);
    } else if (part && !anycert__url_same_origin(url, &journey->request->url)) {
        (void)anycert__error_prefix(err, "%s %s, to which alone %s",
                                    journey->is_fetching ? "that is another server than"
                                                         : "after a redirect from",
                                    journey->request->url.origin, part);
    }
}
