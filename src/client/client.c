#include "client/cookies.h"
#include "client/log.h"
#include "client/metrics.h"
#include "client/observe.h"
#include "client/pace.h"

#include "base/mem.h"
#include "http/loop.h"
#include "policy/ceiling.h"

#include <string.h>

static int load_intermediates(struct anycert_client *client, struct anycert_error *err)
{
    const struct anycert_config *config = client->config;

    for (size_t i = 0; i < config->intermediates.count; i++) {
        const char *pem = config->intermediates.list[i];

        if (anycert__intermediates_add(&client->intermediates, pem, strlen(pem),
                                       config->intermediate_names.list[i], err) < 0)
            return -1;
    }
    return 0;
}

static const char *const *pointers(const struct anycert__strings *strings)
{
    return (const char *const *)strings->list;
}

static int fill_settings(struct anycert_client *client, struct anycert_error *err)
{
    const struct anycert_config *config = client->config;
    struct anycert__http_settings *settings = &client->settings;

    if (config->proxy) {
        if (anycert__proxy_parse(config->proxy, &client->proxy_url, &client->proxy_parts,
                                 &settings->proxy_https, err) < 0)
            return -1;
        settings->proxy = client->proxy_url;
        settings->proxy_host = client->proxy_parts.host;
        settings->proxy_port = client->proxy_parts.port;
        settings->proxy_user = client->proxy_parts.user;
        settings->proxy_password = client->proxy_parts.password;
        settings->proxy_auth = config->proxy_auth;
        settings->no_proxy = config->no_proxy;
    }
    settings->resolve = pointers(&config->resolve);
    settings->resolve_count = config->resolve.count;
    settings->connect_to = pointers(&config->connect_to);
    settings->connect_to_count = config->connect_to.count;
    settings->connect_ms = config->limits.connect_ms;
    settings->stall_ms = config->limits.stall_ms;
    settings->header_max =
        config->header_bytes ? config->header_bytes : ANYCERT__DEFAULT_HEADER_BYTES;
    settings->http_version = config->http_version;
    settings->decompress = config->decompress;
    settings->clock = config->clock;
    settings->trace = config->trace;
    settings->trace_arg = config->trace_arg;
    settings->secret_headers = pointers(&config->secret_headers);
    settings->secret_header_count = config->secret_headers.count;
    settings->expect_ms = config->expect_ms;
    settings->secret_params = pointers(&config->secret_params);
    settings->secret_param_count = config->secret_params.count;
    settings->secret_guard = config->secret_guard;
    settings->idle_max = ANYCERT__IDLE_CONNECTIONS;
    return 0;
}

struct anycert_client *anycert_client_new(const struct anycert_config *config,
                                          struct anycert_error *err)
{
    struct anycert_client *client = anycert__calloc(1, sizeof *client);

    if (!client) {
        anycert__fail_nomem(err);
        return NULL;
    }
    client->mutex_ready = pthread_mutex_init(&client->mutex, NULL) == 0;
    if (!client->mutex_ready) {
        anycert__fail_nomem(err);
        goto fail;
    }
    client->config = anycert__config_copy(config, err);
    if (!client->config || load_intermediates(client, err) < 0 ||
        anycert__identity_load(&client->config->identity, &client->client_cert, err) < 0 ||
        fill_settings(client, err) < 0 || anycert__situations_init(client, err) < 0 ||
        anycert__observe_init(client, err) < 0 || anycert__cookies_init(client, err) < 0)
        goto fail;
    client->http = anycert__http_new(&client->settings, err);
    client->pace = client->http ? anycert__pace_new(client->config, err) : NULL;
    client->metrics = client->pace ? anycert__metrics_new(err) : NULL;
    if (!client->metrics)
        goto fail;
    if (client->config->budget_ms)
        client->budget_until_us = anycert__waiting_now_us(&client->config->waiting) +
                                  (int64_t)client->config->budget_ms * 1000;
    return client;
fail:
    anycert_client_free(client);
    return NULL;
}

void anycert_client_free(struct anycert_client *client)
{
    if (!client)
        return;
    while (client->loop_count > 0) /* these first: their connections use the rest */
        anycert__loop_free(client->loops[--client->loop_count]);
    anycert__http_free(client->http);
    anycert__cookies_free(client);
    anycert__pace_free(client->pace);
    anycert__metrics_free(client->metrics);
    anycert__log_free(client->log);
    anycert__situations_clear(client);
    anycert__ceiling_free(client->ceiling);
    anycert__client_cert_free(client->client_cert);
    anycert__intermediates_free(client->intermediates);
    anycert__url_clear(&client->proxy_parts);
    anycert__free(client->proxy_url);
    anycert_config_free(client->config);
    if (client->mutex_ready)
        pthread_mutex_destroy(&client->mutex);
    anycert__free(client);
}

static int explain_tls(struct anycert_client *client, const struct anycert__url *url,
                       struct anycert__buf *out, struct anycert_error *err)
{
    struct anycert__anchors *anchors = NULL;
    const struct anycert__situation *situation = anycert__situation_of(
        client, url, ANYCERT__HERE, anycert__clock_now(&client->config->clock), &anchors, err);
    char *policy = situation ? anycert_policy_format(situation->policy, err) : NULL;
    int suites = policy ? anycert__tls_suites_offered(situation->policy, err) : -1;

    if (suites >= 0) {
        anycert__buf_addf(out, "policy   %s\n", policy);
        if (situation->source)
            anycert__buf_addf(out, "entry    %s\n", situation->source);
        if (anycert__anchors_error(anchors))
            anycert__buf_addf(out, "anchors  none: %s\n", anycert__anchors_error(anchors));
        else
            anycert__buf_addf(out, "anchors  %s, %zu certificate%s, sha256:%s\n",
                              anycert__anchors_source(anchors), anycert__anchors_count(anchors),
                              anycert__anchors_count(anchors) == 1 ? "" : "s",
                              anycert__anchors_digest(anchors));
        if (situation->terms.trust_store)
            anycert__buf_addf(out, "store    %s\n",
                              anycert_trust_store_path(situation->terms.trust_store));
        anycert__buf_addf(out, "offers   %d cipher suites (%s)\n", suites,
                          anycert_openssl_version());
    }
    anycert_free(policy);
    anycert__anchors_unref(anchors);
    return suites >= 0 ? 0 : -1;
}

char *anycert_client_explain(struct anycert_client *client, const char *url,
                             struct anycert_error *err)
{
    struct anycert__url parts = {0};
    struct anycert__buf out;
    char *text = NULL;

    anycert__buf_init(&out, 1024 * 1024);
    if (anycert__url_parse(url, &parts, err) < 0)
        return NULL;
    anycert__buf_addf(&out, "origin   %s\n", parts.origin);
    if (!parts.https)
        anycert__buf_adds(&out, "policy   none applies: http is not protected at all\n");
    else if (explain_tls(client, &parts, &out, err) < 0)
        goto out;
    if (!anycert__http_proxied(client->http, parts.host, parts.port))
        anycert__buf_adds(&out, "proxy    none\n");
    else
        anycert__buf_addf(&out, "proxy    %s\n", client->proxy_url);
    text = anycert__buf_take(&out, "explanation", err);
out:
    anycert__buf_free(&out);
    anycert__url_clear(&parts);
    return text;
}
