#include "config.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include <anycert/transfer.h>

#include "auth.h"
#include "profile.h"
#include "secret.h"
#include "store.h"

/* Bytes of a user or password, as they stand in a URL. */
static int add_escaped(struct cli_bytes *url, const char *text, size_t length,
                       struct anycert_error *err)
{
    static const char unreserved[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~";
    for (size_t i = 0; i < length; i++) {
        char one[4];
        (void)snprintf(one, sizeof one, strchr(unreserved, text[i]) ? "%c" : "%%%02X",
                       strchr(unreserved, text[i]) ? text[i] : (unsigned char)text[i]);
        if (cli_bytes_add_text(url, one, err) != 0)
            return -1;
    }
    return 0;
}

/* The proxy's URL with the user of --proxy-user in it, and with "http://" in front if it has no
 * scheme, as everywhere. */
static int make_proxy(const struct cli_options *o, struct cli_bytes *url, struct anycert_error *err)
{
    const char *scheme = strstr(o->proxy, "://");
    const char *rest = scheme ? scheme + 3 : o->proxy;
    char *user = NULL;
    if (cli_secret_read(&o->proxy_user, "--proxy-user", &user, err) != 0)
        return -1;
    const char *colon = user ? strchr(user, ':') : NULL;
    int status = -1;
    if (user && strchr(rest, '@'))
        cli_error(err, ANYCERT_E_USAGE, "-x has a user already; leave --proxy-user out");
    else if (user && !colon)
        cli_error(err, ANYCERT_E_USAGE, "--proxy-user is not USER:PASSWORD");
    else if (cli_bytes_add(url, scheme ? o->proxy : "http://",
                           scheme ? (size_t)(rest - o->proxy) : strlen("http://"), err) == 0 &&
             (!user || (add_escaped(url, user, (size_t)(colon - user), err) == 0 &&
                        cli_bytes_add_text(url, ":", err) == 0 &&
                        add_escaped(url, colon + 1, strlen(colon + 1), err) == 0 &&
                        cli_bytes_add_text(url, "@", err) == 0)))
        status = cli_bytes_add_text(url, rest, err);
    cli_wipe_free(user);
    return status;
}

static int set_proxy(struct anycert_config *config, const struct cli_options *o,
                     struct anycert_error *err)
{
    struct cli_bytes url = {0};
    int status = 0;
    if (o->env_proxy && cli_secret_given(&o->proxy_user))
        return cli_error(err, ANYCERT_E_USAGE,
                         "--proxy-user goes with -x; with --env-proxy, user and password stand in "
                         "the variable's URL, percent-encoded (http://USER:PASSWORD@HOST:PORT)");
    if (!o->proxy && cli_secret_given(&o->proxy_user))
        return cli_error(err, ANYCERT_E_USAGE, "--proxy-user is given, but no proxy (-x)");
    if (o->proxy)
        status = make_proxy(o, &url, err);
    if (status == 0 && url.data && anycert_config_set_proxy(config, url.data, err) != 0) {
        cli_error_strip(err, "proxy:");
        status = cli_error_context(err, "-x: ");
    }
    cli_bytes_free(&url);
    if (status == 0 && o->noproxy && *o->noproxy != '\0' &&
        anycert_config_set_no_proxy(config, o->noproxy, err) != 0)
        status = cli_error_context(err, "--noproxy: ");
    return status;
}

/* The option's limit, or the profile's. */
static int time_limit(const char *given, const char *option, const struct anycert_profile *profile,
                      const char *key, uint32_t *ms, struct anycert_error *err)
{
    const char *value = given ? given : anycert_profile_value(profile, key);
    *ms = 0;
    return value ? cli_parse_seconds(value, option, ms, err) : 0;
}

static int set_time_limits(struct anycert_config *config, const struct cli_options *o,
                           const struct anycert_profile *profile, struct anycert_error *err)
{
    uint32_t connect, total, stall;
    if (time_limit(o->connect_timeout, "--connect-timeout", profile, "connect_timeout", &connect,
                   err) != 0 ||
        time_limit(o->max_time, "--max-time", profile, "max_time", &total, err) != 0 ||
        time_limit(o->stall_timeout, "--stall-timeout", profile, "stall_timeout", &stall, err) != 0)
        return -1;
    return anycert_config_set_timeouts(config, connect, total, stall, err);
}

/* Without a profile, redirects are followed when that is asked for. */
static int set_redirects(struct anycert_config *config, const struct cli_options *o,
                         struct anycert_error *err)
{
    bool follow = o->location || o->profile;
    unsigned max = 0;
    if (!follow && (o->max_redirs || o->allow_downgrade))
        return cli_error(err, ANYCERT_E_USAGE, "%s means nothing without -L",
                         o->max_redirs ? "--max-redirs" : "--allow-downgrade");
    if (o->max_redirs && cli_parse_number(o->max_redirs, "--max-redirs", 1000, &max, err) != 0)
        return -1;
    if ((o->max_redirs || !follow) && anycert_config_set_max_redirects(config, max, err) != 0)
        return -1;
    return o->allow_downgrade ? anycert_config_set_allow_downgrade(config, 1, err) : 0;
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
    if (o->max_body && (cli_parse_size(o->max_body, "--max-body", &body, err) != 0 ||
                        anycert_config_set_limits(config, 0, body, err) != 0))
        return -1;
    if ((o->http1_1 || o->http2) &&
        anycert_config_set_http_version(config, o->http1_1 ? ANYCERT_HTTP_1_1 : ANYCERT_HTTP_2,
                                        err) != 0)
        return -1;
    return o->compressed || o->no_compressed
               ? anycert_config_set_decompress(config, o->compressed, err)
               : 0;
}

static bool ends_in(const char *text, const char *end)
{
    size_t length = strlen(text), end_length = strlen(end);
    return length > end_length && strcasecmp(text + length - end_length, end) == 0;
}

/* 'p' PEM, '1' PKCS#12, 't' token; 0 with err. */
static char certificate_kind(const struct cli_options *o, struct anycert_error *err)
{
    bool token = strncasecmp(o->cert, "pkcs11:", 7) == 0;
    if (!o->cert_type)
        return token ? 't' : ends_in(o->cert, ".p12") || ends_in(o->cert, ".pfx") ? '1' : 'p';
    if (token)
        cli_error(err, ANYCERT_E_USAGE, "--cert-type is for files; --cert names a token");
    else if (strcasecmp(o->cert_type, "PEM") == 0)
        return 'p';
    else if (strcasecmp(o->cert_type, "P12") == 0)
        return '1';
    else
        cli_error(err, ANYCERT_E_USAGE, "--cert-type: '%s' is neither PEM nor P12", o->cert_type);
    return 0;
}

/* curl takes FILE:PASSWORD: what is behind the colon is in no message. */
static int refuse_password(const char *path, struct anycert_error *err)
{
    size_t shown = strcspn(path, ":");
    if (path[shown] == '\0' || strncasecmp(path, "pkcs11:", 7) == 0 || access(path, F_OK) == 0)
        return 0;
    return cli_error(err, ANYCERT_E_USAGE,
                     "--cert: there is no file called '%.*s' with a ':' and more behind it; the "
                     "password goes into --pass-file, --pass-env or --pass-fd",
                     (int)shown, path);
}

static int set_client_cert(struct anycert_config *config, const struct cli_options *o,
                           const char *pass, struct anycert_error *err)
{
    if (refuse_password(o->cert, err) != 0)
        return -1;
    char kind = certificate_kind(o, err);
    if (kind == 0)
        return -1;
    if (kind != 'p' && o->key)
        return cli_error(err, ANYCERT_E_USAGE, "--key is for PEM files; --cert has the key too");
    int status = kind == 't'   ? anycert_config_set_client_cert_pkcs11(config, o->cert, pass, err)
                 : kind == '1' ? anycert_config_set_client_cert_p12(config, o->cert, pass, err)
                               : anycert_config_set_client_cert(config, o->cert, o->key, err);
    if (status == 0 && kind == 'p')
        status = anycert_config_set_client_cert_password(config, pass, err);
    return status == 0 ? 0 : cli_error_context(err, "--cert: ");
}

static int set_certificates(struct anycert_config *config, const struct cli_options *o,
                            struct anycert_error *err)
{
    char *pass = NULL;
    for (size_t i = 0; i < o->intermediate.count; i++)
        if (anycert_config_add_intermediate_file(config, o->intermediate.items[i], err) != 0)
            return cli_error_context(err, "--intermediate: ");
    if (!o->cert && (o->key || o->cert_type || cli_secret_given(&o->pass)))
        return cli_error(err, ANYCERT_E_USAGE, "%s is given, but no --cert",
                         o->key         ? "--key"
                         : o->cert_type ? "--cert-type"
                                        : "--pass");
    if (!o->cert)
        return 0;
    int status = cli_secret_read(&o->pass, "--pass", &pass, err);
    if (status == 0)
        status = set_client_cert(config, o, pass, err);
    cli_wipe_free(pass);
    return status;
}

static int set_proxy_auth(struct anycert_config *config, const struct cli_options *o,
                          struct anycert_error *err)
{
    if (o->proxy_digest && o->proxy_anyauth)
        return cli_error(err, ANYCERT_E_USAGE,
                         "--proxy-digest and --proxy-anyauth exclude each other");
    if (!o->proxy_digest && !o->proxy_anyauth)
        return 0;
    return anycert_config_set_proxy_auth(
        config, o->proxy_digest ? ANYCERT_PROXY_DIGEST : ANYCERT_PROXY_ANY, err);
}

/* Which of three words an option has; -1 with err. */
static int one_of(const char *option, const char *given, const char *const words[3],
                  struct anycert_error *err)
{
    for (int i = 0; i < 3; i++)
        if (strcmp(given, words[i]) == 0)
            return i;
    return cli_error(err, ANYCERT_E_USAGE, "%s: '%s' is none of %s, %s and %s", option, given,
                     words[0], words[1], words[2]);
}

static int set_secret_guard(struct anycert_config *config, const struct cli_options *o,
                            struct anycert_error *err)
{
    static const char *const words[] = {"send", "withhold", "refuse"};
    if (!o->secret_guard)
        return 0;
    int word = one_of("--secret-guard", o->secret_guard, words, err);
    return word < 0 ? -1
                    : anycert_config_set_secret_guard(config, (enum anycert_secret_guard)word, err);
}

static int set_private_addresses(struct anycert_config *config, const struct cli_options *o,
                                 struct anycert_error *err)
{
    static const char *const words[] = {"allowed", "not-by-redirect", "refused"};
    if (!o->private_addresses)
        return 0;
    int word = one_of("--private-addresses", o->private_addresses, words, err);
    return word < 0 ? -1
                    : anycert_config_set_private_addresses(
                          config, (enum anycert_private_addresses)word, err);
}

/* 0 is how curl is told not to wait. */
static int set_expectation(struct anycert_config *config, const struct cli_options *o,
                           struct anycert_error *err)
{
    uint32_t wait;
    if (!o->expect_timeout)
        return 0;
    if (cli_parse_seconds(o->expect_timeout, "--expect100-timeout", &wait, err) != 0)
        return -1;
    return anycert_config_set_expect_continue(config, wait > 0 ? wait : UINT32_MAX, err);
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

static int set_policies(struct anycert_config *config, const struct cli_trust *trust,
                        struct anycert_error *err)
{
    if (trust->file && anycert_config_set_policy_file(config, trust->file, err) != 0)
        return -1;
    if (!trust->leaves_it_to_file)
        return anycert_config_set_policy(config, trust->policy, err);
    return anycert_config_set_policy(config, NULL, err) == 0
               ? anycert_config_set_default_anchors(config, trust->policy, err)
               : -1;
}

struct anycert_config *cli_config_make(const struct cli_options *o, struct anycert_profile *profile,
                                       const struct cli_trust *trust, struct anycert_error *err)
{
    struct anycert_config *config = anycert_config_new(err);
    if (!config)
        return NULL;
    if (anycert_profile_apply(profile, config, cli_variable, NULL, err) == 0 &&
        anycert_config_set_look_only(config, o->command->bit == CLI_SHOW, err) == 0 &&
        set_policies(config, trust, err) == 0 &&
        cli_store_set(config, o, profile, trust, err) == 0 &&
        (!trust->proxy_policy ||
         anycert_config_set_proxy_policy(config, trust->proxy_policy, err) == 0) &&
        set_certificates(config, o, err) == 0 && set_proxy(config, o, err) == 0 &&
        set_proxy_auth(config, o, err) == 0 && set_secret_guard(config, o, err) == 0 &&
        set_private_addresses(config, o, err) == 0 && set_expectation(config, o, err) == 0 &&
        add_each(config, &o->secret_params, "--secret-param", anycert_config_add_secret_param,
                 err) == 0 &&
        set_time_limits(config, o, profile, err) == 0 && set_redirects(config, o, err) == 0 &&
        set_http(config, o, err) == 0 && cli_auth_set(config, o, err) == 0 &&
        add_each(config, &o->resolve, "--resolve", anycert_config_add_resolve, err) == 0 &&
        add_each(config, &o->connect_to, "--connect-to", anycert_config_add_connect_to, err) == 0 &&
        add_each(config, &o->secret_headers, "--secret-header", anycert_config_add_secret_header,
                 err) == 0)
        return config;
    anycert_config_free(config);
    return NULL;
}
