/* The way of a request as options of curl: proxy, names, versions, limits, redirects, repetitions.
 */
#include "client/curl_command.h"

#include "base/mem.h"
#include "base/str.h"
#include "client/auth.h"
#include "client/retry.h"
#include "client/target.h"
#include "http/secret.h"

#include <string.h>

/* libcurl takes percent signs in them for its own. */
static void add_proxy_user(struct anycert__curl *curl)
{
    const struct anycert__http_settings *settings = &curl->client->settings;
    struct anycert__buf user;

    if (!settings->proxy_user)
        return;
    anycert__buf_init(&user, SIZE_MAX / 2);
    anycert__add_percent(&user, settings->proxy_user, strlen(settings->proxy_user), "");
    anycert__buf_adds(&user, ":");
    anycert__curl_begin(curl, "proxy-user");
    anycert__curl_text(curl, user.failed ? "" : user.data);
    if (settings->proxy_password && *settings->proxy_password)
        anycert__curl_variable(curl, "ANYCERT_PROXY_PASSWORD", NULL, 0,
                               "the password for the proxy, percent-encoded");
    if (user.failed)
        curl->options.failed = true;
    anycert__buf_free(&user);
    if (anycert__str_starts_nocase(curl->client->proxy_url, "socks"))
        anycert__curl_flag(curl, "socks5-basic");
    else if (settings->proxy_auth == ANYCERT_PROXY_DIGEST)
        anycert__curl_flag(curl, "proxy-digest");
    else if (settings->proxy_auth == ANYCERT_PROXY_ANY)
        anycert__curl_flag(curl, "proxy-anyauth");
}

/* The hosts that are reached without it, by their names. curl reads such lists a little otherwise:
 * the request's own host is added if it has to be there. */
static void add_no_proxy(struct anycert__curl *curl, bool is_proxied)
{
    const char *list = curl->client->config->no_proxy ? curl->client->config->no_proxy : "";
    const char *host = curl->request->url.host;
    size_t bracket = host[0] == '[';

    anycert__curl_begin(curl, "noproxy");
    anycert__curl_text(curl, list);
    if (!is_proxied) {
        anycert__curl_text(curl, *list ? "," : "");
        anycert__curl_bytes(curl, host + bracket, strcspn(host + bracket, "]%"));
    }
    if (strchr(list, ':'))
        anycert__curl_note(curl, "curl knows no ports in --noproxy");
}

/* True if the request's own origin is reached through it. */
static bool add_proxy(struct anycert__curl *curl)
{
    const struct anycert_client *client = curl->client;
    const struct anycert__url *url = &curl->request->url;
    bool is_proxied =
        client->proxy_url && anycert__http_proxied(client->http, url->host, url->port);

    /* An empty one keeps the environment's away. */
    anycert__curl_option(curl, "proxy", client->proxy_url ? client->proxy_url : "");
    if (!client->proxy_url)
        return false;
    add_proxy_user(curl);
    add_no_proxy(curl, is_proxied);
    return is_proxied;
}

static void add_names(struct anycert__curl *curl)
{
    const struct anycert_config *config = curl->client->config;

    for (size_t i = 0; i < config->resolve.count; i++)
        anycert__curl_option(curl, "resolve", config->resolve.list[i]);
    for (size_t i = 0; i < config->connect_to.count; i++)
        anycert__curl_option(curl, "connect-to", config->connect_to.list[i]);
}

/* Schemes other than Basic authenticate connections, or are not spoken over HTTP/2. */
static bool needs_old_version(const struct anycert__curl *curl, bool is_proxied)
{
    const struct anycert_client *client = curl->client;

    if (!curl->request->url.https)
        return true;
    if (curl->auth && curl->auth->kind == ANYCERT__AUTH_USER &&
        curl->auth->scheme != ANYCERT__SCHEME_BASIC)
        return true;
    if (client->config->http_version != ANYCERT_HTTP_AUTO)
        return client->config->http_version == ANYCERT_HTTP_1_1;
    return (is_proxied && client->settings.proxy_https) || anycert__curl_needs_http1(curl);
}

static void add_seconds(struct anycert__curl *curl, const char *option, uint32_t ms)
{
    anycert__buf_addf(&curl->options, " \\\n  --%s %u.%03u", option, (unsigned)ms / 1000,
                      (unsigned)ms % 1000);
}

static uint32_t limit_of(uint32_t own, uint32_t of_client)
{
    return own == 0 ? of_client : own == UINT32_MAX ? 0 : own;
}

static void add_limits(struct anycert__curl *curl)
{
    const struct anycert__limits *own = &curl->request->limits;
    const struct anycert__limits *of_client = &curl->client->config->limits;
    uint32_t connect_ms = limit_of(own->connect_ms, of_client->connect_ms);
    uint32_t total_ms = limit_of(own->total_ms, of_client->total_ms);
    uint32_t stall_ms = limit_of(own->stall_ms, of_client->stall_ms);

    add_seconds(curl, "connect-timeout", connect_ms ? connect_ms : 86400000); /* 0 is 300 s */
    if (total_ms)
        add_seconds(curl, "max-time", total_ms);
    if (stall_ms) {
        anycert__curl_number(curl, "speed-limit", 1);
        anycert__curl_number(curl, "speed-time", ((uint64_t)stall_ms + 999) / 1000);
    }
    if (curl->client->config->budget_ms)
        anycert__curl_note(curl, "the client's budget of time is for all its requests together");
}

static bool has_secret_field(const struct anycert__curl *curl, const struct anycert__fields *fields)
{
    for (size_t i = 0; i < fields->count; i++) {
        const char *name = fields->list[i].name;

        if (anycert__is_secret_field(&curl->client->settings, name, strlen(name)) &&
            !anycert__str_equal_nocase(name, "Authorization") &&
            !anycert__str_equal_nocase(name, "Cookie"))
            return true;
    }
    return false;
}

static void add_redirects(struct anycert__curl *curl)
{
    const struct anycert_config *config = curl->client->config;
    bool to_http = !curl->request->url.https || config->allow_downgrade;

    anycert__curl_option(curl, "proto", "=http,https");
    if (config->max_redirects == 0)
        return;
    anycert__curl_flag(curl, "location");
    anycert__curl_number(curl, "max-redirs", config->max_redirects);
    anycert__curl_option(curl, "proto-redir", to_http ? "=http,https" : "=https");
    if (config->secret_headers.count > 0 || has_secret_field(curl, &curl->request->headers) ||
        has_secret_field(curl, &config->headers))
        anycert__curl_note(curl, "curl sends secret headers, but for Authorization and Cookie, to "
                                 "every host of a redirect");
    if (config->keep_last_redirect)
        anycert__curl_note(curl, "one redirect too many is an error of curl's, and no answer");
    if (curl->request->url.https && !anycert__curl_takes_any(curl))
        anycert__curl_note(curl, "after a redirect curl holds other hosts to the same options; "
                                 "anycert holds them to hardened");
}

static void add_repetitions(struct anycert__curl *curl)
{
    const struct anycert_config *config = curl->client->config;
    const struct anycert_retry *retry =
        curl->request->demands.retry ? curl->request->demands.retry : config->demands.retry;

    if (anycert__retry_count(retry) > 0 && config->budget_ms == 0) {
        anycert__curl_number(curl, "retry", anycert__retry_count(retry));
        anycert__curl_note(curl, "--retry has statuses, methods and delays of curl's own");
    }
    if (config->rate > 0)
        anycert__curl_note(curl, "the rate limit is over all requests of the client");
    if (config->circuit_failures)
        anycert__curl_note(curl, "curl has no circuit breaker");
    if (curl->request->demands.ok.count > 0 || config->demands.ok.count > 0)
        anycert__curl_note(curl, "which statuses are accepted is for the reader of curl's output "
                                 "to see: --fail takes none from 400 on");
}

void anycert__curl_way(struct anycert__curl *curl)
{
    bool is_proxied = add_proxy(curl);

    add_names(curl);
    anycert__curl_flag(curl, needs_old_version(curl, is_proxied) ? "http1.1" : "http2");
    add_limits(curl);
    add_redirects(curl);
    add_repetitions(curl);
    if (curl->client->config->private_addresses != ANYCERT_PRIVATE_ALLOWED)
        anycert__curl_note(curl, "curl cannot refuse private addresses");
}
