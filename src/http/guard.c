/* The secret guard: what the policy has accepted is not always what secrets are for. */
#include "http/lane.h"
#include "http/secret.h"

#include "base/str.h"
#include "verdict/judge.h"

#include <string.h>

static const uint8_t none[32];

/* Secrets without which there would be no request left. */
static bool has_fixed_secrets(const struct anycert__http_settings *settings,
                              const struct anycert__exchange *exchange)
{
    return exchange->has_secret_body ||
           anycert__url_has_declared_secret(settings, exchange->url->text);
}

static bool has_other_secrets(const struct anycert__http_settings *settings,
                              const struct anycert__exchange *exchange,
                              const uint8_t credentials[32])
{
    if (memcmp(credentials, none, sizeof none) != 0)
        return true;
    /* What belongs to no connection, and so is in no digest. */
    for (size_t i = 0; i < exchange->header_count; i++) {
        if (exchange->headers[i].value &&
            anycert__str_equal_nocase(exchange->headers[i].name, "Cookie"))
            return true;
    }
    return exchange->jar &&
           anycert__jar_has_for(exchange->jar, exchange->url, anycert__clock_now(&settings->clock));
}

bool anycert__guard_may_withhold(const struct anycert__http_settings *settings,
                                 const struct anycert__exchange *exchange,
                                 const uint8_t credentials[32])
{
    return settings->secret_guard == ANYCERT_SECRETS_WITHHOLD &&
           has_other_secrets(settings, exchange, credentials) &&
           !has_fixed_secrets(settings, exchange);
}

/* With lane->report, which is NULL for http. */
bool anycert__guard_is_content(const struct anycert__lane *lane)
{
    return lane->https && lane->report && anycert__report_is_clean(lane->report);
}

static void explain(struct anycert__lane *lane)
{
    if (lane->https && lane->report)
        (void)anycert__report_guard(lane->report, &lane->failure);
    else
        anycert__fail(&lane->failure, ANYCERT_E_TRUST_SECRETS,
                      "no secret is sent to %s, as http is not protected at all", lane->origin);
}

bool anycert__guard_stops(struct anycert__lane *lane)
{
    bool showed_cert = lane->link && anycert__link_showed_cert(lane->link);
    bool has_secrets = false;

    if (lane->settings->secret_guard == ANYCERT_SECRETS_SEND)
        return false;
    has_secrets = lane->has_cookies ||
                  has_other_secrets(lane->settings, lane->exchange, lane->credentials) ||
                  has_fixed_secrets(lane->settings, lane->exchange);
    if (!has_secrets && !showed_cert)
        return false;
    if (lane->https && anycert__lane_reports(lane, &lane->failure) < 0)
        return true;
    if (anycert__guard_is_content(lane))
        return false;
    if (!has_secrets && lane->contexts == 0) {
        /* It was clean when our certificate was shown over it: one over which it is not is made. */
        lane->stale = true;
        return true;
    }
    lane->guarded = anycert__guard_may_withhold(lane->settings, lane->exchange, lane->credentials);
    explain(lane);
    return true;
}

int anycert__guard_refuse(struct anycert__exchange *exchange, struct anycert_error *err)
{
    exchange->guarded = true;
    return anycert__fail(err, ANYCERT_E_TRUST_SECRETS,
                         "no secret is sent to %s, whose report is not clean",
                         exchange->url->origin);
}

bool anycert__guard_knows(struct anycert__lane *lane, const struct anycert__exchange *exchange,
                          bool proxied)
{
    struct anycert__exchange bare = *exchange;

    bare.jar = NULL;
    return lane->settings->secret_guard == ANYCERT_SECRETS_WITHHOLD &&
           anycert__lane_fits(lane, &bare, proxied, none) && !anycert__guard_is_content(lane);
}
