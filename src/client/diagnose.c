#include "client/diagnose.h"

#include "base/mem.h"
#include "base/str.h"
#include "policy/file.h"
#include "verdict/report.h"

#include <string.h>

/* ---- the link that failed ---- */

static bool is_about_links(const struct anycert_error *failure)
{
    switch (anycert_error_class_of(failure->code)) {
    case ANYCERT_CLASS_TRUST:
        return failure->code != ANYCERT_E_TRUST_DOWNGRADE &&
               failure->code != ANYCERT_E_TRUST_SECRETS;
    case ANYCERT_CLASS_TLS:
    case ANYCERT_CLASS_NETWORK:
    case ANYCERT_CLASS_PROXY:
        return true;
    case ANYCERT_CLASS_TIMEOUT:
        return failure->code != ANYCERT_E_TIMEOUT_BUDGET;
    default:
        return failure->code == ANYCERT_E_BODY_TRUNCATED;
    }
}

static const struct anycert_report *report_of(const struct anycert__failing *failing)
{
    const struct anycert__response_hop *hop = failing->hop;
    int class = anycert_error_class_of(failing->failure->code);

    if (class == ANYCERT_CLASS_PROXY)
        return hop->proxy_report;
    return hop->report || class == ANYCERT_CLASS_NETWORK || class == ANYCERT_CLASS_TIMEOUT
               ? hop->report
               : hop->proxy_report;
}

/* ---- the policy that was in force ---- */

/* The situation whose policy a report names: it has the anchors too, of which the text may have but
 * a digest. Of several that read the same, one that stands for a policy that has ended. */
static void match(struct anycert__failing *failing, const struct anycert__situation *situation,
                  const struct anycert__situation **best)
{
    const char *text = failing->report->policy_text;

    if (!situation->policy_text || strcmp(situation->policy_text, text) != 0)
        return;
    if (!*best || situation->has_ended)
        *best = situation;
}

static void match_scope(struct anycert__failing *failing, const struct anycert__scope *scope,
                        const struct anycert__situation **best)
{
    for (size_t i = 0; scope->is_ready && i < ANYCERT__SITUATIONS; i++)
        match(failing, &scope->at[i], best);
}

/* In the client's mutex. */
static const struct anycert__situation *situation_of(struct anycert__failing *failing)
{
    const struct anycert_client *client = failing->client;
    size_t count = client->listed ? anycert__policy_file_count(client->config->policy_file) : 0;
    const struct anycert__situation *best = NULL;

    if (failing->report->facts->hop == ANYCERT__HOP_PROXY) {
        match(failing, &client->proxy[0], &best);
        match(failing, &client->proxy[1], &best);
        return best;
    }
    match_scope(failing, &client->own, &best);
    for (size_t i = 0; i < count; i++)
        match_scope(failing, &client->listed[i], &best);
    return best;
}

static int find_policy(struct anycert__failing *failing, struct anycert_error *err)
{
    struct anycert_client *client = failing->client;
    const struct anycert__situation *situation = NULL;

    if (!failing->report || failing->report->facts->hop == ANYCERT__HOP_PROXY) {
        struct anycert_policy *base =
            anycert__policy_for(client->config, failing->url, failing->where,
                                anycert__clock_now(&client->config->clock), err);

        failing->out->base = base;
        if (!base)
            return -1;
    }
    if (!failing->report)
        return 0;
    pthread_mutex_lock(&client->mutex);
    situation = situation_of(failing);
    if (situation) {
        failing->policy = anycert_policy_copy(situation->policy, err);
        failing->anchors = anycert__anchors_ref(situation->anchors);
        failing->had_end = situation->has_ended;
    }
    pthread_mutex_unlock(&client->mutex);
    if (!situation)
        failing->policy = anycert_policy_parse(failing->report->policy_text, err);
    if (failing->policy && !failing->out->base)
        failing->out->base = anycert_policy_copy(failing->policy, err);
    return failing->policy && failing->out->base ? 0 : -1;
}

/* ---- all of it ---- */

static int diagnose(struct anycert__failing *failing, struct anycert_error *err)
{
    struct anycert_short_diagnosis *out = failing->out;
    const struct anycert__url *url = failing->url;

    failing->report = report_of(failing);
    failing->is_proxied = failing->client->proxy_url &&
                          anycert__http_proxied(failing->client->http, url->host, url->port);
    out->https = url->https;
    out->report = failing->report ? anycert_report_copy(failing->report, err) : NULL;
    out->forbidden = anycert__strdup("");
    out->target = anycert__malloc(strlen(url->origin) + 2);
    if ((failing->report && !out->report) || !out->forbidden || !out->target)
        return anycert__fail_nomem(err);
    memcpy(out->target, url->origin, strlen(url->origin));
    memcpy(out->target + strlen(url->origin), "/", 2);
    if (find_policy(failing, err) < 0 || anycert__diagnose_causes(failing, err) < 0)
        return -1;
    if (out->cause_count == 0)
        return 0;
    if (anycert__diagnose_way(failing, err) < 0 || anycert__diagnose_command(failing, err) < 0 ||
        anycert__short_write(out, err) < 0)
        return -1;
    return 1;
}

int anycert_client_diagnose(struct anycert_client *client, const struct anycert_response *response,
                            const struct anycert_error *failure,
                            struct anycert_short_diagnosis **out, struct anycert_error *err)
{
    struct anycert__failing failing = {.client = client, .failure = failure, .response = response};
    struct anycert__url url = {0}, first = {0};
    int result = -1;

    *out = NULL;
    if (!response || response->hop_count == 0 || !is_about_links(failure))
        return 0;
    failing.hop = &response->hops[response->hop_count - 1];
    failing.url = &url;
    failing.out = anycert__calloc(1, sizeof *failing.out);
    if (!failing.out)
        return anycert__fail_nomem(err);
    if (anycert__url_parse(failing.hop->url, &url, err) == 0 &&
        anycert__url_parse(response->hops[0].url, &first, err) == 0) {
        failing.where = anycert__url_same_origin(&url, &first) ? ANYCERT__HERE : ANYCERT__ELSEWHERE;
        result = diagnose(&failing, err);
    }
    anycert__url_clear(&first);
    anycert__url_clear(&url);
    anycert_policy_free(failing.policy);
    anycert__anchors_unref(failing.anchors);
    if (result == 1)
        *out = failing.out;
    else
        anycert_short_diagnosis_free(failing.out);
    return result;
}
