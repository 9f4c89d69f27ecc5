#include "config.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* What client.h documents: setting one limit sets them all. */
#define DEFAULT_CONNECT_MS   30000
#define DEFAULT_TOTAL_MS     0
#define DEFAULT_STALL_MS     60000
#define DEFAULT_MAX_REDIRECT 10

/* The first variable that is set and not empty. */
static const char *environment(const char *const names[], const char **name)
{
    for (size_t i = 0; names[i]; i++) {
        const char *value = getenv(names[i]);
        if (value && *value != '\0') {
            *name = names[i];
            return value;
        }
    }
    return NULL;
}

/* As curl looks them up: HTTP_PROXY in capitals is not read, for a CGI script's client can set it.
 */
static const char *environment_proxy(const char *url, const char **name)
{
    static const char *const http[] = {"http_proxy", "all_proxy", "ALL_PROXY", NULL};
    static const char *const https[] = {"https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY",
                                        NULL};
    return environment(strncasecmp(url, "http:", 5) == 0 ? http : https, name);
}

int cli_proxy_find(const struct cli_options *o, char **proxy, const char **source,
                   struct anycert_error *err)
{
    *proxy = NULL;
    *source = "-x";
    if (o->proxy && o->env_proxy)
        return cli_error(err, ANYCERT_E_USAGE,
                         "-x and --env-proxy both name a proxy; use one of them");
    const char *value = o->env_proxy ? environment_proxy(o->url, source) : o->proxy;
    if (!value)
        return 0;
    struct cli_bytes url = {0};
    if ((!strstr(value, "://") && cli_bytes_add_text(&url, "http://", err) != 0) ||
        cli_bytes_add_text(&url, value, err) != 0) {
        cli_bytes_free(&url);
        return -1;
    }
    *proxy = url.data;
    return 0;
}

static int set_proxy(struct anycert_config *config, const struct cli_options *o,
                     struct anycert_error *err)
{
    static const char *const no_proxy[] = {"no_proxy", "NO_PROXY", NULL};
    const char *source, *ignored;
    char *proxy;
    if (cli_proxy_find(o, &proxy, &source, err) != 0)
        return -1;
    int status = anycert_config_set_proxy(config, proxy, err);
    cli_wipe_free(proxy);
    if (status != 0) {
        cli_error_strip(err, "proxy:");
        return cli_error_context(err, "%s: ", source);
    }
    const char *direct = o->noproxy     ? o->noproxy
                         : o->env_proxy ? environment(no_proxy, &ignored)
                                        : NULL;
    if (direct && *direct != '\0' && anycert_config_set_no_proxy(config, direct, err) != 0)
        return cli_error_context(err, "%s: ", o->noproxy ? "--noproxy" : "no_proxy");
    return 0;
}

static int set_time_limits(struct anycert_config *config, const struct cli_options *o,
                           struct anycert_error *err)
{
    uint32_t connect = DEFAULT_CONNECT_MS, total = DEFAULT_TOTAL_MS, stall = DEFAULT_STALL_MS;
    if ((o->connect_timeout &&
         cli_parse_seconds(o->connect_timeout, "--connect-timeout", &connect, err) != 0) ||
        (o->max_time && cli_parse_seconds(o->max_time, "--max-time", &total, err) != 0) ||
        (o->stall_timeout &&
         cli_parse_seconds(o->stall_timeout, "--stall-timeout", &stall, err) != 0))
        return -1;
    return anycert_config_set_timeouts(config, connect, total, stall, err);
}

static int set_redirects(struct anycert_config *config, const struct cli_options *o,
                         struct anycert_error *err)
{
    unsigned max = o->location ? DEFAULT_MAX_REDIRECT : 0;
    if (!o->location && (o->max_redirs || o->allow_downgrade))
        return cli_error(err, ANYCERT_E_USAGE, "%s means nothing without -L",
                         o->max_redirs ? "--max-redirs" : "--allow-downgrade");
    if (o->max_redirs && cli_parse_number(o->max_redirs, "--max-redirs", 1000, &max, err) != 0)
        return -1;
    if (anycert_config_set_max_redirects(config, max, err) != 0)
        return -1;
    return anycert_config_set_allow_downgrade(config, o->allow_downgrade, err);
}

static int set_http(struct anycert_config *config, const struct cli_options *o,
                    struct anycert_error *err)
{
    uint64_t body = 0;
    if (o->http1_1 && o->http2)
        return cli_error(err, ANYCERT_E_USAGE, "--http1.1 and --http2 exclude each other");
    if (o->compressed && o->no_compressed)
        return cli_error(err, ANYCERT_E_USAGE,
                         "--compressed and --no-compressed exclude each other");
    if (o->max_body && cli_parse_size(o->max_body, "--max-body", &body, err) != 0)
        return -1;
    enum anycert_http_version version = o->http1_1 ? ANYCERT_HTTP_1_1
                                        : o->http2 ? ANYCERT_HTTP_2
                                                   : ANYCERT_HTTP_AUTO;
    if (anycert_config_set_http_version(config, version, err) != 0 ||
        anycert_config_set_limits(config, 0, body, err) != 0)
        return -1;
    return anycert_config_set_decompress(config, !o->no_compressed, err);
}

static int set_certificates(struct anycert_config *config, const struct cli_options *o,
                            struct anycert_error *err)
{
    for (size_t i = 0; i < o->intermediate.count; i++)
        if (anycert_config_add_intermediate_file(config, o->intermediate.items[i], err) != 0)
            return cli_error_context(err, "--intermediate: ");
    if (o->key && !o->cert)
        return cli_error(err, ANYCERT_E_USAGE, "--key is given, but no --cert");
    if (o->cert && anycert_config_set_client_cert(config, o->cert, o->key, err) != 0)
        return cli_error_context(err, "--cert: ");
    return 0;
}

static int add_each(struct anycert_config *config, const struct cli_list *list, const char *option,
                    int (*add)(struct anycert_config *, const char *, struct anycert_error *),
                    struct anycert_error *err)
{
    for (size_t i = 0; i < list->count; i++)
        if (add(config, list->items[i], err) != 0)
            return cli_error_context(err, "%s: ", option);
    return 0;
}

struct anycert_config *cli_config_make(const struct cli_options *o, const struct cli_trust *trust,
                                       struct anycert_error *err)
{
    struct anycert_config *config = anycert_config_new(err);
    if (!config)
        return NULL;
    if (anycert_config_set_policy(config, trust->policy, err) == 0 &&
        anycert_config_set_proxy_policy(config, trust->proxy_policy, err) == 0 &&
        set_certificates(config, o, err) == 0 && set_proxy(config, o, err) == 0 &&
        set_time_limits(config, o, err) == 0 && set_redirects(config, o, err) == 0 &&
        set_http(config, o, err) == 0 &&
        add_each(config, &o->resolve, "--resolve", anycert_config_add_resolve, err) == 0 &&
        add_each(config, &o->connect_to, "--connect-to", anycert_config_add_connect_to, err) == 0 &&
        add_each(config, &o->secret_headers, "--secret-header", anycert_config_add_secret_header,
                 err) == 0)
        return config;
    anycert_config_free(config);
    return NULL;
}
