#include "profile.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "auth.h"
#include "retry.h"

#define KEYS_MAX 8

/* Which options go before which keys. The value is shown by explain; a NULL one is hidden or has
 * its own line there. */
struct replaced {
    const char *keys[KEYS_MAX];
    const char *option;
    const char *value;
    bool given;
};

static const char *const policy_option = "--trust";

/* Calls take for each option that was given and has keys in its place. */
static int each_replaced(const struct cli_options *o,
                         int (*take)(void *arg, const struct replaced *row,
                                     struct anycert_error *err),
                         void *arg, struct anycert_error *err)
{
    const struct replaced rows[] = {
        {{"trust", "insecure", "unsecure"},
         o->insecure ? "-k" : policy_option,
         NULL,
         o->insecure || o->trust},
        {{"cacert", "ca_add"}, o->insecure ? "-k" : policy_option, NULL, o->insecure || o->trust},
        {{"cacert", "ca_add"}, "--cacert", NULL, o->cacert.count > 0},
        {{"key", "cert_password", "cert_type", "cert"}, "--cert", o->cert, o->cert != NULL},
        {{"ok_codes"}, "--ok-codes", o->ok_codes, o->ok_codes != NULL},
        {{"proxy"}, o->proxy ? "-x" : "--env-proxy", NULL, o->proxy || o->env_proxy},
        {{"proxy_auth"}, "--proxy-digest", "digest", o->proxy_digest},
        {{"proxy_auth"}, "--proxy-anyauth", "any", o->proxy_anyauth},
        {{"secret_guard"}, "--secret-guard", o->secret_guard, o->secret_guard != NULL},
        {{"private_addresses"},
         "--private-addresses",
         o->private_addresses,
         o->private_addresses != NULL},
        {{"no_proxy"}, "--noproxy", o->noproxy, o->noproxy != NULL},
        {{"policy_file"}, "--policy-file", o->policy_file, o->policy_file != NULL},
        {{"trust_store"}, "--trust-store", o->trust_store, o->trust_store != NULL},
        {{"proxy_trust"}, "--proxy-trust", o->proxy_trust, o->proxy_trust != NULL},
        {{"connect_timeout"}, "--connect-timeout", o->connect_timeout, o->connect_timeout != NULL},
        {{"stall_timeout"}, "--stall-timeout", o->stall_timeout, o->stall_timeout != NULL},
        {{"max_time"}, "--max-time", o->max_time, o->max_time != NULL},
        {{"max_redirects"}, "--max-redirs", o->max_redirs, o->max_redirs != NULL},
        {{"allow_downgrade"}, "--allow-downgrade", "true", o->allow_downgrade},
        {{"http_version"}, "--http1.1", "1.1", o->http1_1},
        {{"http_version"}, "--http2", "2", o->http2},
        {{"compressed"}, "--no-compressed", "false", o->no_compressed},
        {{"compressed"}, "--compressed", "true", o->compressed},
        {{"max_body"}, "--max-body", o->max_body, o->max_body != NULL},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        if (rows[i].given && take(arg, &rows[i], err) != 0)
            return -1;
    bool other = cli_auth_given(o) || o->other_credentials;
    for (size_t i = 0; other && cli_auth_keys[i]; i++) {
        const struct replaced row = {{cli_auth_keys[i]}, "command line", NULL, true};
        if (take(arg, &row, err) != 0)
            return -1;
    }
    return 0;
}

static int take_out(void *arg, const struct replaced *row, struct anycert_error *err)
{
    for (size_t i = 0; i < KEYS_MAX && row->keys[i]; i++)
        if (anycert_profile_set(arg, row->keys[i], NULL, row->option, err) != 0)
            return -1;
    return 0;
}

static struct anycert_profile *read_profile(const char *path, struct anycert_error *err)
{
    if (strcmp(path, "-") != 0)
        return anycert_profile_load(path, err);
    struct cli_bytes text = {0};
    struct anycert_profile *profile = NULL;
    if (cli_bytes_read(&text, path, "--profile", err) == 0)
        profile = anycert_profile_parse(text.data, text.len, "standard input", err);
    cli_bytes_free(&text);
    return profile;
}

/* A URL with a scheme and a host, as opposed to a path behind the profile's. */
bool cli_is_absolute(const char *url)
{
    const char *scheme = strstr(url, "://");
    return scheme && scheme + 1 == url + strcspn(url, "/?#");
}

int cli_profile_set_string(struct anycert_profile *profile, const char *key, const char *value,
                           const char *source, struct anycert_error *err)
{
    yyjson_mut_doc *doc = yyjson_mut_doc_new(NULL);
    yyjson_mut_doc_set_root(doc, yyjson_mut_str(doc, value));
    char *json = yyjson_mut_write(doc, 0, NULL);
    yyjson_mut_doc_free(doc);
    int status = json ? anycert_profile_set(profile, key, json, source, err)
                      : cli_error(err, ANYCERT_E_USAGE, "%s: this is no UTF-8", source);
    cli_wipe_free(json);
    return status;
}

const char *cli_behind(const char *url, const char *base)
{
    size_t length = base ? strlen(base) : 0;
    while (length > 0 && base[length - 1] == '/')
        length--;
    bool behind = base && !strchr(base, '?') && strncmp(url, base, length) == 0 &&
                  (url[length] == '\0' || strchr("/?", url[length]));
    return behind ? url + length : NULL;
}

/* The URL of the command line stands in for one of the profile, or is a path behind it. */
static int set_url(struct anycert_profile *profile, const struct cli_options *o,
                   struct anycert_error *err)
{
    struct anycert_error ignored = {0};
    const char *base = anycert_profile_value(profile, "url");
    if (o->command->bit ==
        CLI_DOCTOR) /* it has targets, and carries nothing of the profile there */
        return 0;
    if (!o->url && !base)
        return cli_error(err, ANYCERT_E_USAGE, "no URL given, and none in %s (\"url\")",
                         o->profile);
    if (!o->url || !cli_is_absolute(o->url) || cli_behind(o->url, base))
        return 0;
    if (base)
        return cli_error(err, ANYCERT_E_USAGE,
                         "%s has a URL, whose credentials are not for another one; give a path "
                         "behind it, such as /status",
                         o->profile);
    /* Who makes the request says what is wrong with it. */
    (void)cli_profile_set_string(profile, "url", o->url, "command line", &ignored);
    return 0;
}

int cli_profile_set_seconds(struct anycert_profile *profile, const char *key, uint32_t ms,
                            const char *source, struct anycert_error *err)
{
    char json[32];
    (void)snprintf(json, sizeof json, "%u.%03u", ms / 1000, ms % 1000);
    return anycert_profile_set(profile, key, json, source, err);
}

/* The limits that an administrator has set for all integrations, or for the one with the profile's
 * name: they go before the profile, as with the original client, and behind the options. */
static int set_timeouts(struct anycert_profile *profile, const struct cli_options *o,
                        struct anycert_error *err)
{
    const char *name = anycert_profile_value(profile, "name");
    char named[256] = "";
    const char *variable = named, *value = NULL;
    uint32_t ms = 0;
    if (name && *name && strlen(name) < sizeof named - sizeof "REQUESTS_TIMEOUT.") {
        (void)snprintf(named, sizeof named, "REQUESTS_TIMEOUT.%s", name);
        value = getenv(named);
    }
    if (!value || !*value) {
        variable = "REQUESTS_TIMEOUT";
        value = getenv(variable);
    }
    if (!value || !*value)
        return 0;
    if (cli_parse_seconds(value, variable, &ms, err) != 0)
        return -1;
    if (ms == 0)
        return cli_error(err, ANYCERT_E_USAGE, "%s is 0, which would let no request pass",
                         variable);
    if (!o->connect_timeout &&
        cli_profile_set_seconds(profile, "connect_timeout", ms, variable, err) != 0)
        return -1;
    return o->stall_timeout ? 0
                            : cli_profile_set_seconds(profile, "stall_timeout", ms, variable, err);
}

static int set_options(struct anycert_profile *profile, const struct cli_options *o,
                       struct anycert_error *err)
{
    if (o->proxy && o->env_proxy)
        return cli_error(err, ANYCERT_E_USAGE,
                         "-x and --env-proxy both name a proxy; use one of them");
    if (each_replaced(o, take_out, profile, err) != 0 || set_url(profile, o, err) != 0 ||
        cli_retry_set(profile, o, err) != 0 || set_timeouts(profile, o, err) != 0)
        return -1;
    return o->env_proxy ? anycert_profile_set(profile, "proxy", "true", "--env-proxy", err) : 0;
}

struct anycert_profile *cli_profile_load(const struct cli_options *o, struct anycert_error *err)
{
    struct anycert_profile *profile =
        o->profile ? read_profile(o->profile, err) : anycert_profile_parse("{}", 2, "default", err);
    if (profile && set_options(profile, o, err) == 0)
        return profile;
    anycert_profile_free(profile);
    return NULL;
}

const char *cli_variable(void *arg, const char *name)
{
    (void)arg;
    return getenv(name);
}

/* ---- explaining
 * ---------------------------------------------------------------------------------------------- */

/* Looking for the option that stands in a key's place. */
struct search {
    const char *key;
    const char *value;
};

static int find(void *arg, const struct replaced *row, struct anycert_error *err)
{
    struct search *search = arg;
    (void)err;
    for (size_t i = 0; i < KEYS_MAX && row->keys[i]; i++)
        if (strcmp(row->keys[i], search->key) == 0)
            search->value = row->value;
    return 0;
}

/* What is in force for a key, or NULL. */
static const char *value_of(const struct anycert_profile *profile, const struct cli_options *o,
                            const char *key)
{
    const char *value = anycert_profile_value(profile, key);
    struct search search = {key, NULL};
    if (!value)
        (void)each_replaced(o, find, &search, NULL);
    return value ? value : search.value;
}

yyjson_mut_doc *cli_profile_settings(const struct anycert_profile *profile,
                                     const struct cli_options *o)
{
    yyjson_mut_doc *doc = yyjson_mut_doc_new(NULL);
    yyjson_mut_val *settings = yyjson_mut_arr(doc);
    yyjson_mut_doc_set_root(doc, settings);
    for (size_t i = 0; anycert_profile_key(i); i++) {
        const char *key = anycert_profile_key(i), *value = value_of(profile, o, key);
        if (!value)
            continue;
        yyjson_mut_val *setting = yyjson_mut_arr_add_obj(doc, settings);
        yyjson_mut_obj_add_str(doc, setting, "key", key);
        yyjson_mut_obj_add_strcpy(doc, setting, "value", value);
        yyjson_mut_obj_add_strcpy(doc, setting, "source", anycert_profile_source(profile, key));
    }
    return doc;
}

int cli_profile_forget_secrets(struct anycert_profile *profile, struct anycert_error *err)
{
    for (size_t i = 0; cli_auth_keys[i]; i++)
        if (anycert_profile_set(profile, cli_auth_keys[i], NULL, NULL, err) != 0)
            return -1;
    return anycert_profile_set(profile, "headers", NULL, NULL, err);
}

static const char *text_of(yyjson_mut_val *setting, const char *name)
{
    return yyjson_mut_get_str(yyjson_mut_obj_get(setting, name));
}

void cli_profile_print(FILE *out, yyjson_mut_val *settings)
{
    size_t index, count, width = 0;
    yyjson_mut_val *setting;
    yyjson_mut_arr_foreach(settings, index, count, setting)
    {
        size_t length = strlen(text_of(setting, "key"));
        width = length > width ? length : width;
    }
    yyjson_mut_arr_foreach(settings, index, count, setting)
    {
        (void)fprintf(out, "%-*s  %s  (%s)\n", (int)width, text_of(setting, "key"),
                      text_of(setting, "value"), text_of(setting, "source"));
    }
}
