#include "client/internal.h"

#include "policy/policy.h"

#include <string.h>

/* The anchors that a policy's reports are made with. */
static int open_anchors(const struct anycert_policy *policy, struct anycert__anchors **out,
                        struct anycert_error *err)
{
    struct anycert_error why = {0};

    if (anycert__anchors_open(policy->cas, policy->ca_count, out, &why) == 0)
        return 0;
    /* No bundle influences a connection that accepts any certificate, not even by its absence; nor
     * the system's one that a pin decides alone. */
    if (anycert__policy_accepts_any_certificate(policy) ||
        (policy->rung == ANYCERT__RUNG_PINNED && policy->ca_count == 0)) {
        *out = anycert__anchors_none(why.message);
        return *out ? 0 : anycert__fail_nomem(err);
    }
    if (err)
        *err = why;
    return -1;
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
    situation->terms.client_cert = with_cert ? client->client_cert : NULL;
    situation->terms.guard = client->config->secret_guard;
    situation->policy_text = anycert_policy_format(policy, err);
    if (!situation->policy_text)
        return -1;
    return open_anchors(policy, &situation->anchors, err);
}

static int64_t after_end(const struct anycert_policy *policy)
{
    return policy->until < INT64_MAX ? policy->until + 1 : policy->until;
}

/* The policies of every place, as they follow from the one of the request's own origin; by is 0 or
 * LAPSED. Takes policy over. */
static int init_places(struct anycert_client *client, struct anycert_policy *policy, int by,
                       struct anycert_error *err)
{
    struct anycert__situation *origin = client->origin;

    if (init_one(client, &origin[ANYCERT__HERE | by], policy, ANYCERT__HOP_ORIGIN, true, err) < 0 ||
        init_one(client, &origin[ANYCERT__ELSEWHERE | by],
                 anycert__policy_for_other_origin(policy, err), ANYCERT__HOP_ORIGIN, false,
                 err) < 0)
        return -1;
    if (!anycert__policy_names_a_host(policy))
        return 0;
    return init_one(client, &origin[ANYCERT__TOKEN | by],
                    anycert__policy_for_token_server(policy, err), ANYCERT__HOP_ORIGIN, true, err);
}

static int init_origin(struct anycert_client *client, const struct anycert_policy *policy,
                       struct anycert_error *err)
{
    if (init_places(client, anycert_policy_copy(policy, err), 0, err) < 0)
        return -1;
    if (!policy->has_until)
        return 0;
    return init_places(client, anycert_policy_effective(policy, after_end(policy), err),
                       ANYCERT__LAPSED, err);
}

int anycert__situations_init(struct anycert_client *client, struct anycert_error *err)
{
    struct anycert_policy *hardened = anycert_policy_new(err);
    const struct anycert_policy *proxy = NULL;
    int result = -1;

    if (!hardened)
        return -1;
    if (init_origin(client, client->config->policy ? client->config->policy : hardened, err) < 0)
        goto out;
    proxy = client->config->proxy_policy ? client->config->proxy_policy : hardened;
    if (client->settings.proxy_https) {
        if (init_one(client, &client->proxy[0], anycert_policy_copy(proxy, err), ANYCERT__HOP_PROXY,
                     false, err) < 0)
            goto out;
        if (proxy->has_until && init_one(client, &client->proxy[1],
                                         anycert_policy_effective(proxy, after_end(proxy), err),
                                         ANYCERT__HOP_PROXY, false, err) < 0)
            goto out;
    }
    result = 0;
out:
    anycert_policy_free(hardened);
    return result;
}

static void clear_one(struct anycert__situation *situation)
{
    anycert__anchors_unref(situation->anchors);
    anycert_policy_free(situation->policy);
    anycert_free(situation->policy_text);
    memset(situation, 0, sizeof *situation);
}

void anycert__situations_clear(struct anycert_client *client)
{
    for (size_t i = 0; i < sizeof client->origin / sizeof client->origin[0]; i++)
        clear_one(&client->origin[i]);
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

    if (open_anchors(situation->policy, &fresh, err) < 0)
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

const struct anycert__situation *anycert__situation_of(struct anycert_client *client, int where,
                                                       int64_t now,
                                                       struct anycert__anchors **anchors,
                                                       struct anycert_error *err)
{
    const struct anycert_policy *policy = client->origin[ANYCERT__HERE].policy;
    int which = where;

    if (policy->has_until && now > policy->until)
        which |= ANYCERT__LAPSED;
    if (current_anchors(client, &client->origin[which], anchors, err) < 0)
        return NULL;
    return &client->origin[which];
}

const char *anycert__situation_text(const struct anycert_client *client, int64_t now)
{
    const struct anycert_policy *policy = client->origin[ANYCERT__HERE].policy;
    bool lapsed = policy->has_until && now > policy->until;

    return client->origin[ANYCERT__HERE | (lapsed ? ANYCERT__LAPSED : 0)].policy_text;
}

const struct anycert__situation *anycert__proxy_situation(struct anycert_client *client,
                                                          int64_t now,
                                                          struct anycert__anchors **anchors,
                                                          struct anycert_error *err)
{
    const struct anycert_policy *policy = client->proxy[0].policy;
    struct anycert__situation *situation =
        &client->proxy[policy->has_until && now > policy->until ? 1 : 0];

    return current_anchors(client, situation, anchors, err) < 0 ? NULL : situation;
}
