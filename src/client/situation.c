#include "client/internal.h"

#include "base/mem.h"
#include "base/str.h"
#include "policy/ceiling.h"
#include "policy/file.h"
#include "policy/policy.h"

#include <string.h>

/* Whether files are named to report by, and not the system's alone. */
static bool reports_by_files(const struct anycert_policy *policy)
{
    for (size_t i = 0; i < policy->ca_count; i++) {
        if (policy->rung == ANYCERT__RUNG_REPORT_ONLY && policy->cas[i].kind != ANYCERT__CA_SYSTEM)
            return true;
    }
    return false;
}

/* The anchors that a policy's reports are made with. What is named to report by has to be there at
 * the start, or the report would say nothing; later, whoever only reports does not end by it. */
static int open_anchors(const struct anycert_policy *policy, bool is_start,
                        struct anycert__anchors **out, struct anycert_error *err)
{
    struct anycert_error why = {0};

    if (anycert__anchors_open(policy->cas, policy->ca_count, out, &why) == 0)
        return 0;
    /* No bundle influences a connection that accepts any certificate, not even by its absence; nor
     * the system's one that a pin decides alone. */
    if ((anycert__policy_accepts_any_certificate(policy) &&
         !(is_start && reports_by_files(policy))) ||
        (policy->rung == ANYCERT__RUNG_PINNED && policy->ca_count == 0)) {
        *out = anycert__anchors_none(why.message);
        return *out ? 0 : anycert__fail_nomem(err);
    }
    if (err)
        *err = why;
    return -1;
}

/* True if the policy, or what it reports by, looks into the trust store. */
static bool is_tofu(const struct anycert_policy *policy)
{
    return policy->rung == ANYCERT__RUNG_TOFU ||
           (policy->target && policy->target->rung == ANYCERT__RUNG_TOFU);
}

static int init_trust(const struct anycert_client *client, struct anycert__hop_terms *terms,
                      struct anycert_error *err)
{
    const struct anycert_config *config = client->config;
    const struct anycert_policy *policy = terms->policy;

    if (!is_tofu(policy))
        return 0;
    if (!config->trust_store)
        return anycert__fail(err, ANYCERT_E_USAGE,
                             "the policy 'tofu' looks into a trust store, and none is set "
                             "(--trust-store FILE)");
    if (terms->hop == ANYCERT__HOP_PROXY && policy->rung == ANYCERT__RUNG_TOFU &&
        policy->mode != ANYCERT__TOFU_STRICT)
        return anycert__fail(err, ANYCERT_E_USAGE,
                             "no key of a proxy is learned at first contact, as its password goes "
                             "there at once: add it to the trust store, and say tofu mode=strict");
    terms->trust_store = config->trust_store;
    terms->trust_ask = config->trust_ask;
    terms->trust_ask_arg = config->trust_ask_arg;
    return 0;
}

/* Takes policy over; sets everything else. */
static int init_one(struct anycert_client *client, struct anycert__situation *situation,
                    struct anycert_policy *policy, enum anycert__hop hop, bool with_cert,
                    struct anycert_error *err)
{
    if (!policy)
        return -1;
    situation->policy = policy;
    situation->terms.policy = policy;
    situation->terms.hop = hop;
    situation->terms.clock = &client->config->clock;
    situation->terms.intermediates = client->intermediates;
    situation->terms.client_cert =
        with_cert && !client->config->look_only ? client->client_cert : NULL;
    situation->terms.guard = client->config->secret_guard;
    situation->policy_text = anycert_policy_format(policy, err);
    if (!situation->policy_text || init_trust(client, &situation->terms, err) < 0)
        return -1;
    return open_anchors(policy, true, &situation->anchors, err);
}

static int64_t after_end(const struct anycert_policy *policy)
{
    return policy->until < INT64_MAX ? policy->until + 1 : policy->until;
}

/* The entry of the policy file that a host is judged by, or NULL: what was said for the client goes
 * before the file, for every https hop if it accepts any certificate, else for the first one. */
static const struct anycert_policy_entry *entry_at(const struct anycert_config *config,
                                                   const char *host, uint16_t port, int where,
                                                   int64_t now)
{
    const struct anycert_policy *said = config->policy;

    if (!config->policy_file)
        return NULL;
    if (said && (where == ANYCERT__HERE || (anycert__policy_accepts_any_certificate(said) &&
                                            !anycert__policy_has_ended(said, now))))
        return NULL;
    return anycert_policy_file_find(config->policy_file, host, port);
}

static const struct anycert_policy_entry *entry_for(const struct anycert_config *config,
                                                    const struct anycert__url *url, int where,
                                                    int64_t now)
{
    return url->https ? entry_at(config, url->host, url->port, where, now) : NULL;
}

/* Anchors that are the client's are those of all its policies that name none. */
static const struct anycert_policy *anchors_of(const struct anycert_config *config)
{
    return config->policy ? config->policy : config->default_anchors;
}

/* What an entry says, or without one what was said for the client. */
static struct anycert_policy *make_policy(const struct anycert_config *config,
                                          const struct anycert_policy_entry *entry, int where,
                                          struct anycert_error *err)
{
    struct anycert_policy *policy = NULL;

    if (!entry && where != ANYCERT__HERE)
        return anycert__policy_for_other_origin(anchors_of(config), err);
    if (!entry)
        return anycert_policy_copy(anchors_of(config), err);
    policy = anycert_policy_copy(anycert_policy_entry_policy(entry), err);
    if (policy && anycert__policy_inherit_anchors(policy, anchors_of(config), err) < 0) {
        anycert_policy_free(policy);
        return NULL;
    }
    return policy;
}

struct anycert_policy *anycert__policy_for(const struct anycert_config *config,
                                           const struct anycert__url *url, int where, int64_t now,
                                           struct anycert_error *err)
{
    return make_policy(config, entry_for(config, url, where, now), where, err);
}

struct anycert_policy *anycert_client_policy(const struct anycert_client *client, const char *url,
                                             const char **source, struct anycert_error *err)
{
    int64_t now = anycert__clock_now(&client->config->clock);
    const struct anycert_policy_entry *entry = NULL;
    struct anycert__url parts = {0};

    if (source)
        *source = NULL;
    if (anycert__url_parse(url, &parts, err) < 0)
        return NULL;
    entry = entry_for(client->config, &parts, false, now);
    anycert__url_clear(&parts);
    if (source && entry)
        *source = anycert_policy_entry_source(entry);
    return make_policy(client->config, entry, false, err);
}

/* By the machine's clock: what the caller says about the time does not count here. */
static int check_ceiling(const struct anycert_client *client, const struct anycert_policy *policy,
                         struct anycert_error *err)
{
    static const struct anycert__clock system_clock = {0};

    return anycert__ceiling_check(client->ceiling, policy, anycert__clock_now(&system_clock), err);
}

/* The two situations of a policy, which is taken over: before its end and behind it. */
static int init_both(struct anycert_client *client, struct anycert__situation *now,
                     struct anycert__situation *lapsed, struct anycert_policy *policy,
                     enum anycert__hop hop, bool with_cert, struct anycert_error *err)
{
    bool only_looks = client->config->look_only && hop == ANYCERT__HOP_ORIGIN;

    if (policy && !only_looks && check_ceiling(client, policy, err) < 0) {
        anycert_policy_free(policy);
        return -1;
    }
    if (init_one(client, now, policy, hop, with_cert, err) < 0)
        return -1;
    if (!policy->has_until)
        return 0;
    lapsed->has_ended = true;
    lapsed->ended = policy->until;
    return init_one(client, lapsed, anycert_policy_effective(policy, after_end(policy), err), hop,
                    with_cert, err);
}

static void clear_scope(struct anycert__scope *scope);

static int init_scope(struct anycert_client *client, struct anycert__scope *scope,
                      const struct anycert_policy_entry *entry, struct anycert_error *err)
{
    static const int places[] = {ANYCERT__HERE, ANYCERT__ELSEWHERE, ANYCERT__TOKEN};
    struct anycert__situation *at = scope->at;

    for (size_t i = 0; i < sizeof places / sizeof places[0]; i++) {
        int where = places[i];

        if (init_both(client, &at[where], &at[where | ANYCERT__LAPSED],
                      make_policy(client->config, entry, where, err), ANYCERT__HOP_ORIGIN,
                      where != ANYCERT__ELSEWHERE, err) < 0) {
            clear_scope(scope);
            return entry ? anycert__error_prefix(err, "%s", anycert_policy_entry_source(entry))
                         : -1;
        }
    }
    for (int i = 0; entry && i < ANYCERT__SITUATIONS; i++)
        at[i].source = anycert_policy_entry_source(entry);
    scope->is_ready = true;
    return 0;
}

static int fail_unprotected(const struct anycert_policy *policy, const char *origin,
                            struct anycert_error *err)
{
    return anycert__fail(err, ANYCERT_E_TRUST_DOWNGRADE,
                         "%s is not protected, so that the policy's %s means nothing: write https",
                         origin,
                         policy->expect_name                  ? "expected name"
                         : policy->sni                        ? "server name"
                         : policy->rung == ANYCERT__RUNG_TOFU ? "trust store"
                                                              : "pin");
}

/* Only an https proxy has a link that can be judged: that another one would be passed over in
 * silence, with what is said about its key, is not what was meant. */
static int init_proxy(struct anycert_client *client, struct anycert_error *err)
{
    const struct anycert_config *config = client->config;
    const struct anycert__url *url = &client->proxy_parts;
    const struct anycert_policy_entry *entry =
        config->proxy_policy ? NULL
                             : anycert_policy_file_find(config->policy_file, url->host, url->port);
    const struct anycert_policy *said =
        entry ? anycert_policy_entry_policy(entry) : config->proxy_policy;
    int result = 0;

    if (client->settings.proxy_https) {
        result = init_both(client, &client->proxy[0], &client->proxy[1],
                           anycert_policy_copy(said, err), ANYCERT__HOP_PROXY, false, err);
    } else if (said && anycert__policy_names_a_host(said)) {
        (void)fail_unprotected(said, client->proxy_url, err);
        result = anycert__error_prefix(err, "proxy");
    }
    return result < 0 && entry
               ? anycert__error_prefix(err, "%s", anycert_policy_entry_source(entry))
               : result;
}

int anycert__situations_init(struct anycert_client *client, struct anycert_error *err)
{
    size_t count = anycert__policy_file_count(client->config->policy_file);

    client->ceiling = anycert__ceiling_load(err);
    if (!client->ceiling)
        return -1;
    if (count > 0) {
        client->listed = anycert__calloc(count, sizeof *client->listed);
        if (!client->listed)
            return anycert__fail_nomem(err);
    }
    if (init_scope(client, &client->own, NULL, err) < 0)
        return -1;
    return client->proxy_url ? init_proxy(client, err) : 0;
}

static void clear_one(struct anycert__situation *situation)
{
    anycert__anchors_unref(situation->anchors);
    anycert_policy_free(situation->policy);
    anycert_free(situation->policy_text);
    memset(situation, 0, sizeof *situation);
}

static void clear_scope(struct anycert__scope *scope)
{
    for (size_t i = 0; i < ANYCERT__SITUATIONS; i++)
        clear_one(&scope->at[i]);
    scope->is_ready = false;
}

void anycert__situations_clear(struct anycert_client *client)
{
    size_t count = client->listed ? anycert__policy_file_count(client->config->policy_file) : 0;

    clear_scope(&client->own);
    for (size_t i = 0; i < count; i++)
        clear_scope(&client->listed[i]);
    anycert__free(client->listed);
    client->listed = NULL;
    for (size_t i = 0; i < sizeof client->proxy / sizeof client->proxy[0]; i++)
        clear_one(&client->proxy[i]);
}

/* Anchors that could not be read, on a rung that does without, may be there now. */
static bool usable(const struct anycert__anchors *anchors)
{
    return !anycert__anchors_error(anchors) && anycert__anchors_current(anchors);
}

static int replace_anchors(struct anycert__situation *situation, struct anycert_error *err)
{
    struct anycert__anchors *fresh = NULL;

    if (open_anchors(situation->policy, false, &fresh, err) < 0)
        return -1;
    if (anycert__anchors_error(fresh) && anycert__anchors_error(situation->anchors)) {
        anycert__anchors_unref(fresh); /* still none: warm connections may stay */
        return 0;
    }
    anycert__anchors_unref(situation->anchors);
    situation->anchors = fresh;
    return 0;
}

/* A reference to the situation's anchors, read again if their files have changed. To look costs a
 * tenth of a small request, so it is done ten times a second at most. */
static int current_anchors(struct anycert_client *client, struct anycert__situation *situation,
                           struct anycert__anchors **out, struct anycert_error *err)
{
    int64_t now = anycert__monotonic_us();
    int result = 0;

    pthread_mutex_lock(&client->mutex);
    if (now - situation->looked_us >= ANYCERT__ANCHORS_LOOK_US) {
        if (!usable(situation->anchors))
            result = replace_anchors(situation, err);
        if (result == 0)
            situation->looked_us = now;
    }
    *out = result == 0 ? anycert__anchors_ref(situation->anchors) : NULL;
    pthread_mutex_unlock(&client->mutex);
    return result;
}

/* The scope that a host is in; NULL with err. */
static struct anycert__scope *scope_of(struct anycert_client *client,
                                       const struct anycert__url *url, int where, int64_t now,
                                       struct anycert_error *err)
{
    const struct anycert_policy_entry *entry = entry_for(client->config, url, where, now);
    struct anycert__scope *scope = &client->own;
    int result = 0;

    if (!entry)
        return scope;
    scope = &client->listed[anycert__policy_entry_index(entry)];
    pthread_mutex_lock(&client->mutex);
    if (!scope->is_ready)
        result = init_scope(client, scope, entry, err);
    pthread_mutex_unlock(&client->mutex);
    return result == 0 ? scope : NULL;
}

static struct anycert__situation *choose(struct anycert_client *client,
                                         const struct anycert__url *url, int where, int64_t now,
                                         struct anycert_error *err)
{
    struct anycert__scope *scope = scope_of(client, url, where, now, err);
    int which = where;

    if (!scope)
        return NULL;
    if (anycert__policy_has_ended(scope->at[which].policy, now))
        which |= ANYCERT__LAPSED;
    return &scope->at[which];
}

/* Of a machine that has lost its clock: no certificate of today is valid then, none of long ago has
 * expired, and no policy ever ends. */
static int check_clock(const struct anycert_policy *policy, int64_t now, struct anycert_error *err)
{
    bool no_dates = anycert__policy_accepts_any_certificate(policy) ||
                    (policy->rung == ANYCERT__RUNG_PINNED && !policy->check_dates);
    char date[ANYCERT__DATE_SIZE];

    if (now >= ANYCERT__CLOCK_FLOOR || (no_dates && !policy->has_until))
        return 0;
    anycert__format_date(now, date);
    return anycert__fail(err, ANYCERT_E_CLOCK,
                         "the clock says %s, by which neither the dates of certificates nor the "
                         "end of a policy can be judged: set the clock of this machine",
                         date);
}

const struct anycert__situation *
anycert__situation_of(struct anycert_client *client, const struct anycert__url *url, int where,
                      int64_t now, struct anycert__anchors **anchors, struct anycert_error *err)
{
    struct anycert__situation *situation = choose(client, url, where, now, err);

    if (situation && ((url->https && check_clock(situation->policy, now, err) < 0) ||
                      current_anchors(client, situation, anchors, err) < 0))
        return NULL;
    return situation;
}

int anycert__situation_fits(const struct anycert__situation *situation,
                            const struct anycert__url *url, struct anycert_error *err)
{
    if (url->https || !anycert__policy_names_a_host(situation->policy))
        return 0;
    return fail_unprotected(situation->policy, url->origin, err);
}

/* An entry names its host wherever a request leads there, and http: without a port is the other
 * door of the server that is behind 443. */
int anycert__entries_fit(const struct anycert_client *client, const struct anycert__url *url,
                         int where, int64_t now, struct anycert_error *err)
{
    const uint16_t ports[] = {url->port, 443};

    for (size_t i = 0; !url->https && i < (url->port == 80 ? 2 : 1); i++) {
        const struct anycert_policy_entry *entry =
            entry_at(client->config, url->host, ports[i], where, now);

        if (!entry || !anycert__policy_names_a_host(anycert_policy_entry_policy(entry)))
            continue;
        (void)fail_unprotected(anycert_policy_entry_policy(entry), url->origin, err);
        return anycert__error_prefix(err, "%s", anycert_policy_entry_source(entry));
    }
    return 0;
}

const char *anycert__situation_text(struct anycert_client *client, const struct anycert__url *url,
                                    int where, int64_t now, struct anycert_error *err)
{
    const struct anycert__situation *situation = choose(client, url, where, now, err);

    return situation ? situation->policy_text : NULL;
}

const struct anycert__situation *anycert__proxy_situation(struct anycert_client *client,
                                                          int64_t now,
                                                          struct anycert__anchors **anchors,
                                                          struct anycert_error *err)
{
    struct anycert__situation *situation =
        &client->proxy[anycert__policy_has_ended(client->proxy[0].policy, now) ? 1 : 0];

    if (check_clock(situation->policy, now, err) < 0 ||
        current_anchors(client, situation, anchors, err) < 0)
        return NULL;
    return situation;
}
