#include "client/har.h"
#include "client/internal.h"

#include "base/mem.h"
#include "base/str.h"
#include "http/secret.h"
#include "policy/file.h"
#include "policy/trust_store.h"
#include "policy/policy.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

struct anycert_config *anycert_config_new(struct anycert_error *err)
{
    struct anycert_config *config = anycert__calloc(1, sizeof *config);

    if (!config) {
        anycert__fail_nomem(err);
        return NULL;
    }
    config->limits.connect_ms = ANYCERT__DEFAULT_CONNECT_MS;
    config->limits.stall_ms = ANYCERT__DEFAULT_STALL_MS;
    config->max_redirects = ANYCERT__DEFAULT_REDIRECTS;
    config->decompress = true;
    return config;
}

void anycert_config_free(struct anycert_config *config)
{
    if (!config)
        return;
    anycert_policy_free(config->policy);
    anycert_policy_free(config->proxy_policy);
    anycert_policy_free(config->default_anchors);
    anycert_policy_file_free(config->policy_file);
    anycert_trust_store_free(config->trust_store);
    anycert__strings_clear(&config->intermediates);
    anycert__strings_clear(&config->intermediate_names);
    anycert__identity_clear(&config->identity);
    anycert__free_secret(config->base_url);
    anycert__fields_clear(&config->headers);
    anycert__free_secret(config->proxy);
    anycert__free(config->no_proxy);
    anycert__strings_clear(&config->resolve);
    anycert__strings_clear(&config->connect_to);
    anycert__strings_clear(&config->secret_headers);
    anycert__strings_clear(&config->secret_params);
    anycert_har_free(config->har);
    anycert_auth_free(config->auth);
    anycert__demands_clear(&config->demands);
    anycert__free(config);
}

int anycert__replace(char **to, const char *from, struct anycert_error *err)
{
    char *copy = anycert__strdup(from);

    if (from && !copy)
        return anycert__fail_nomem(err);
    anycert__free_secret(*to);
    *to = copy;
    return 0;
}

static int replace_policy(struct anycert_policy **to, const struct anycert_policy *from,
                          struct anycert_error *err)
{
    struct anycert_policy *copy = from ? anycert_policy_copy(from, err) : NULL;

    if (from && !copy)
        return -1;
    anycert_policy_free(*to);
    *to = copy;
    return 0;
}

static int copy_parts(struct anycert_config *to, const struct anycert_config *from,
                      struct anycert_error *err)
{
    if (replace_policy(&to->policy, from->policy, err) < 0 ||
        replace_policy(&to->proxy_policy, from->proxy_policy, err) < 0 ||
        replace_policy(&to->default_anchors, from->default_anchors, err) < 0 ||
        anycert__demands_copy(&to->demands, &from->demands, err) < 0 ||
        anycert__identity_copy(&to->identity, &from->identity, err) < 0 ||
        anycert__replace(&to->base_url, from->base_url, err) < 0 ||
        anycert__replace(&to->proxy, from->proxy, err) < 0 ||
        anycert__replace(&to->no_proxy, from->no_proxy, err) < 0)
        return -1;
    if (anycert__strings_copy(&to->intermediates, &from->intermediates, err) < 0 ||
        anycert__strings_copy(&to->intermediate_names, &from->intermediate_names, err) < 0 ||
        anycert__strings_copy(&to->resolve, &from->resolve, err) < 0 ||
        anycert__strings_copy(&to->connect_to, &from->connect_to, err) < 0)
        return -1;
    for (size_t i = 0; i < from->headers.count; i++) {
        const struct anycert__field *field = &from->headers.list[i];

        if (anycert__fields_add(&to->headers, field->name, field->value, err) < 0)
            return -1;
    }
    if (anycert__strings_copy(&to->secret_params, &from->secret_params, err) < 0)
        return -1;
    return anycert__strings_copy(&to->secret_headers, &from->secret_headers, err);
}

struct anycert_config *anycert__config_copy(const struct anycert_config *config,
                                            struct anycert_error *err)
{
    struct anycert_config *copy = anycert_config_new(err);

    if (!copy || !config)
        return copy;
    copy->policy_file = anycert__policy_file_ref(config->policy_file);
    copy->trust_store = anycert__trust_store_ref(config->trust_store);
    copy->trust_ask = config->trust_ask;
    copy->trust_ask_arg = config->trust_ask_arg;
    copy->limits = config->limits;
    copy->header_bytes = config->header_bytes;
    copy->body_bytes = config->body_bytes;
    copy->max_redirects = config->max_redirects;
    copy->allow_downgrade = config->allow_downgrade;
    copy->http_version = config->http_version;
    copy->private_addresses = config->private_addresses;
    copy->look_only = config->look_only;
    copy->interrupt = config->interrupt;
    copy->interrupt_arg = config->interrupt_arg;
    copy->decompress = config->decompress;
    copy->secret_guard = config->secret_guard;
    copy->proxy_auth = config->proxy_auth;
    copy->clock = config->clock;
    copy->trace = config->trace;
    copy->trace_arg = config->trace_arg;
    copy->log_level = config->log_level;
    copy->log = config->log;
    copy->log_arg = config->log_arg;
    copy->har = anycert__har_ref(config->har);
    copy->cookies = config->cookies;
    copy->base_as_written = config->base_as_written;
    copy->auth = anycert_auth_ref(config->auth);
    copy->expect_ms = config->expect_ms;
    copy->metrics = config->metrics;
    copy->keep_last_redirect = config->keep_last_redirect;
    copy->polling = config->polling;
    copy->polling_arg = config->polling_arg;
    copy->error_type = config->error_type;
    copy->error_type_arg = config->error_type_arg;
    copy->rate = config->rate;
    copy->burst = config->burst;
    copy->circuit_failures = config->circuit_failures;
    copy->circuit_recovery_ms = config->circuit_recovery_ms;
    copy->budget_ms = config->budget_ms;
    copy->waiting = config->waiting;
    if (copy_parts(copy, config, err) < 0) {
        anycert_config_free(copy);
        return NULL;
    }
    return copy;
}

int anycert_config_set_policy(struct anycert_config *config, const struct anycert_policy *policy,
                              struct anycert_error *err)
{
    if (policy &&
        (anycert_policy_check(policy, err) < 0 || anycert_policy_available(policy, err) < 0))
        return -1;
    return replace_policy(&config->policy, policy, err);
}

int anycert_config_set_proxy_policy(struct anycert_config *config,
                                    const struct anycert_policy *policy, struct anycert_error *err)
{
    if (policy &&
        (anycert_policy_check(policy, err) < 0 || anycert_policy_available(policy, err) < 0))
        return anycert__error_prefix(err, "policy for the proxy");
    return replace_policy(&config->proxy_policy, policy, err);
}

int anycert_config_set_policy_file(struct anycert_config *config, struct anycert_policy_file *file,
                                   struct anycert_error *err)
{
    if (anycert__policy_file_available(file, err) < 0)
        return -1;
    anycert_policy_file_free(config->policy_file);
    config->policy_file = anycert__policy_file_ref(file);
    return 0;
}

int anycert_config_set_default_anchors(struct anycert_config *config,
                                       const struct anycert_policy *policy,
                                       struct anycert_error *err)
{
    struct anycert_policy *anchors = anycert_policy_new(err);
    int result = -1;

    if (!anchors)
        return -1;
    if (policy && anycert__policy_inherit_anchors(anchors, policy, err) < 0)
        goto out;
    if (!anycert_policy_equal(policy, anchors))
        anycert__fail(err, ANYCERT_E_USAGE,
                      "the default anchors are a policy that says something else than ca=");
    else if (anycert_policy_available(anchors, err) == 0)
        result = replace_policy(&config->default_anchors, anchors, err);
out:
    anycert_policy_free(anchors);
    return result;
}

/* Parsed once here for the caller's sake, and again for each client. */
static int add_intermediate(struct anycert_config *config, const char *pem, size_t len,
                            const char *what, struct anycert_error *err)
{
    struct anycert__intermediates *parsed = NULL;
    int result = -1;

    if (memchr(pem, '\0', len))
        return anycert__fail(err, ANYCERT_E_ANCHORS, "%s is not PEM text", what);
    result = anycert__intermediates_add(&parsed, pem, len, what, err);

    anycert__intermediates_free(parsed);
    if (result < 0 || anycert__strings_add(&config->intermediates, pem, err) < 0)
        return -1;
    return anycert__strings_add(&config->intermediate_names, what, err);
}

int anycert_config_add_intermediate_file(struct anycert_config *config, const char *path,
                                         struct anycert_error *err)
{
    char *pem = NULL;
    size_t len = 0;
    int result = -1;

    if (anycert__check_text(path, "path of the intermediate certificate", err) < 0)
        return -1;
    if (anycert__file_read(path, 16u << 20, ANYCERT_E_ANCHORS, "intermediate certificate", &pem,
                           &len, err) < 0)
        return -1;
    result = add_intermediate(config, pem, len, path, err);
    anycert__free(pem);
    return result;
}

int anycert_config_add_intermediate_pem(struct anycert_config *config, const void *pem, size_t len,
                                        struct anycert_error *err)
{
    char *text = NULL;
    int result = -1;

    if (pem && len > 0 && ((const char *)pem)[len - 1] == '\0')
        len--; /* the end of a C string was counted */
    if (pem && memchr(pem, '\0', len))
        return anycert__fail(err, ANYCERT_E_ANCHORS,
                             "the intermediate certificate in memory is not PEM text");
    text = pem ? anycert__strndup(pem, len) : NULL;
    if (pem && !text)
        return anycert__fail_nomem(err);
    result = add_intermediate(config, text ? text : "", text ? len : 0, ANYCERT__IN_MEMORY, err);
    anycert__free(text);
    return result;
}

int anycert_config_set_base_url(struct anycert_config *config, const char *url,
                                struct anycert_error *err)
{
    char *joined = url && *url ? anycert_url_join(url, NULL, err) : NULL;

    if (url && *url && !joined)
        return anycert__error_prefix(err, "base URL");
    anycert__free_secret(joined);
    config->base_as_written = false;
    return anycert__replace(&config->base_url, url && *url ? url : NULL, err);
}

int anycert_config_add_header(struct anycert_config *config, const char *name, const char *value,
                              struct anycert_error *err)
{
    if (anycert__field_check(name, value, err) < 0)
        return -1;
    return anycert__fields_add(&config->headers, name, value, err);
}

int anycert_config_set_proxy(struct anycert_config *config, const char *url,
                             struct anycert_error *err)
{
    struct anycert__url parts = {0};
    char *text = NULL;
    bool https = false;

    if (!url || !*url)
        return anycert__replace(&config->proxy, NULL, err);
    if (anycert__proxy_parse(url, &text, &parts, &https, err) < 0)
        return -1;
    anycert__url_clear(&parts);
    anycert__free(text);
    return anycert__replace(&config->proxy, url, err);
}

int anycert_config_set_no_proxy(struct anycert_config *config, const char *hosts,
                                struct anycert_error *err)
{
    if (hosts && *hosts && anycert__check_text(hosts, "list of hosts without proxy", err) < 0)
        return -1;
    return anycert__replace(&config->no_proxy, hosts, err);
}

/* A decimal port behind text, up to the next colon or the end; the character behind it, or NULL. */
static const char *skip_port(const char *text)
{
    size_t len = strcspn(text, ":");
    char port[6] = "";
    uint64_t value = 0;

    if (len >= sizeof port)
        return NULL;
    memcpy(port, text, len);
    return anycert__parse_uint(port, 65535, &value) && value > 0 ? text + len : NULL;
}

/* The character behind HOST and its colon; NULL if HOST is empty, or no address is in its brackets.
 */
static const char *skip_host(const char *text)
{
    size_t len = text[0] == '[' ? strcspn(text, "]") + 1 : strcspn(text, ":");

    if (text[0] == '[' && text[len - 1] == '\0')
        return NULL;
    return len > 0 && text[len] == ':' ? text + len + 1 : NULL;
}

/* HOST:PORT: and more behind. libcurl quietly passes over much of what it does not understand here,
 * and would connect elsewhere than asked for. A sign in front has a meaning to it that has no place
 * here. NULL with err. */
static const char *check_mapping(const char *entry, const char *form, struct anycert_error *err)
{
    const char *p = NULL;

    if (anycert__check_text(entry, form, err) < 0)
        return NULL;
    /* URLs have the other form, to which this one would be another host. */
    if (!anycert__is_ascii(entry, strlen(entry))) {
        anycert__fail(err, ANYCERT_E_USAGE, "'%.100s' is not ASCII: write names in their xn-- form",
                      entry);
        return NULL;
    }
    p = entry[0] == '-' || entry[0] == '+' ? NULL : skip_host(entry);
    if (!p || strchr(p, ':') == NULL) {
        anycert__fail(err, ANYCERT_E_USAGE, "'%.100s' is not of the form %s", entry, form);
        return NULL;
    }
    p = skip_port(p);
    if (!p || *p != ':') {
        anycert__fail(err, ANYCERT_E_USAGE, "'%.100s' has no port between 1 and 65535", entry);
        return NULL;
    }
    return p + 1;
}

/* An IPv4 or IPv6 address, the latter with brackets or without. */
static bool is_address(const char *text, size_t len)
{
    unsigned char bytes[16];
    char copy[64];

    if (len > 2 && text[0] == '[' && text[len - 1] == ']') {
        text++;
        len -= 2;
    }
    if (len >= sizeof copy)
        return false;
    memcpy(copy, text, len);
    copy[len] = '\0';
    copy[strcspn(copy, "%")] = '\0'; /* the zone is for the system to understand */
    return inet_pton(AF_INET, copy, bytes) == 1 || inet_pton(AF_INET6, copy, bytes) == 1;
}

int anycert_config_add_resolve(struct anycert_config *config, const char *entry,
                               struct anycert_error *err)
{
    const char *p = check_mapping(entry, "HOST:PORT:ADDRESS[,ADDRESS]", err);

    if (!p)
        return -1;
    for (size_t len = 0; p; p = p[len] ? p + len + 1 : NULL) {
        len = strcspn(p, ",");
        if (!is_address(p, len))
            return anycert__fail(err, ANYCERT_E_USAGE,
                                 "'%.100s' has something that is no address behind its port",
                                 entry);
    }
    return anycert__strings_add(&config->resolve, entry, err);
}

int anycert_config_add_connect_to(struct anycert_config *config, const char *entry,
                                  struct anycert_error *err)
{
    const char *p = check_mapping(entry, "HOST1:PORT1:HOST2:PORT2", err);

    if (!p)
        return -1;
    p = skip_host(p);
    if (!p)
        return anycert__fail(err, ANYCERT_E_USAGE,
                             "'%.100s' is not of the form HOST1:PORT1:HOST2:PORT2", entry);
    p = skip_port(p);
    if (!p || *p)
        return anycert__fail(err, ANYCERT_E_USAGE,
                             "'%.100s' has no second port between 1 and 65535", entry);
    return anycert__strings_add(&config->connect_to, entry, err);
}

int anycert_config_set_timeouts(struct anycert_config *config, uint32_t connect_ms,
                                uint32_t total_ms, uint32_t stall_ms, struct anycert_error *err)
{
    (void)err;
    config->limits.connect_ms = connect_ms;
    config->limits.total_ms = total_ms;
    config->limits.stall_ms = stall_ms;
    return 0;
}

int anycert_config_set_limits(struct anycert_config *config, uint64_t header_bytes,
                              uint64_t body_bytes, struct anycert_error *err)
{
    (void)err;
    config->header_bytes = header_bytes;
    config->body_bytes = body_bytes;
    return 0;
}

int anycert_config_set_max_redirects(struct anycert_config *config, unsigned max,
                                     struct anycert_error *err)
{
    if (max > 1000)
        return anycert__fail(err, ANYCERT_E_USAGE, "%u redirects are too many; the most is 1000",
                             max);
    config->max_redirects = max;
    return 0;
}

int anycert_config_set_allow_downgrade(struct anycert_config *config, int allow,
                                       struct anycert_error *err)
{
    if (allow != 0 && allow != 1)
        return anycert__fail(err, ANYCERT_E_USAGE, "allow_downgrade is 0 or 1, not %d", allow);
    config->allow_downgrade = allow == 1;
    return 0;
}

int anycert_config_set_look_only(struct anycert_config *config, int look_only,
                                 struct anycert_error *err)
{
    if (look_only != 0 && look_only != 1)
        return anycert__fail(err, ANYCERT_E_USAGE, "look_only is 0 or 1, not %d", look_only);
    config->look_only = look_only == 1;
    return 0;
}

void anycert_config_set_interrupt(struct anycert_config *config, int (*asked)(void *arg), void *arg)
{
    config->interrupt = asked;
    config->interrupt_arg = arg;
}

int anycert_config_set_private_addresses(struct anycert_config *config,
                                         enum anycert_private_addresses what,
                                         struct anycert_error *err)
{
    if (what < ANYCERT_PRIVATE_ALLOWED || what > ANYCERT_PRIVATE_REFUSED)
        return anycert__fail(err, ANYCERT_E_USAGE, "there is no setting %d for private addresses",
                             (int)what);
    config->private_addresses = what;
    return 0;
}

int anycert_config_set_http_version(struct anycert_config *config,
                                    enum anycert_http_version version, struct anycert_error *err)
{
    if (version != ANYCERT_HTTP_AUTO && version != ANYCERT_HTTP_1_1 && version != ANYCERT_HTTP_2)
        return anycert__fail(err, ANYCERT_E_USAGE, "there is no HTTP version setting %d",
                             (int)version);
    config->http_version = version;
    return 0;
}

int anycert_config_set_decompress(struct anycert_config *config, int decompress,
                                  struct anycert_error *err)
{
    if (decompress != 0 && decompress != 1)
        return anycert__fail(err, ANYCERT_E_USAGE, "decompress is 0 or 1, not %d", decompress);
    config->decompress = decompress == 1;
    return 0;
}

int anycert_config_add_secret_header(struct anycert_config *config, const char *name,
                                     struct anycert_error *err)
{
    if (!anycert__is_token(name))
        return anycert__fail(err, ANYCERT_E_HEADER, "header name '%.60s' is not a token",
                             name ? name : "");
    return anycert__strings_add(&config->secret_headers, name, err);
}

int anycert_is_secret_header(const char *name)
{
    return name && anycert__is_secret_name(name, strlen(name));
}

int anycert_config_set_clock(struct anycert_config *config, int64_t (*now)(void *arg), void *arg,
                             struct anycert_error *err)
{
    (void)err;
    config->clock.now = now;
    config->clock.arg = arg;
    return 0;
}

int anycert_config_set_trace(struct anycert_config *config, anycert_trace_callback *callback,
                             void *arg, struct anycert_error *err)
{
    (void)err;
    config->trace = callback;
    config->trace_arg = arg;
    return 0;
}
