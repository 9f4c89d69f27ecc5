#include "client/profile.h"

#include "base/mem.h"
#include "base/str.h"
#include "policy/policy.h"

#include <anycert/transfer.h>

#include <string.h>

#define GIVEN(name) anycert__profile_given(profile, ANYCERT__PROFILE_KEY_##name)
#define BLAME(name) anycert__profile_blame(profile, ANYCERT__PROFILE_KEY_##name, err)

/* ---- policies ---- */

/* Relative paths of anchors start at the profile's folder. */
static int move_anchors(const struct anycert_profile *profile, struct anycert_policy *policy,
                        struct anycert_error *err)
{
    for (size_t i = 0; policy && i < policy->ca_count; i++) {
        struct anycert__ca *ca = &policy->cas[i];
        struct anycert__buf path;
        char *moved = NULL;

        if (ca->kind != ANYCERT__CA_PATH || *ca->path == '/')
            continue;
        anycert__buf_init(&path, 65536);
        anycert__buf_addf(&path, "%s%s", profile->folder, ca->path);
        moved = anycert__buf_take(&path, "path of an anchor", err);
        anycert__buf_free(&path);
        if (!moved)
            return -1;
        anycert__free(ca->path);
        ca->path = moved;
    }
    return 0;
}

static struct anycert_policy *parse_policy(const struct anycert_profile *profile, const char *text,
                                           struct anycert_error *err)
{
    struct anycert_policy *policy = anycert_policy_parse(text, err);

    if (policy && move_anchors(profile, policy, err) == 0)
        return policy;
    anycert_policy_free(policy);
    return NULL;
}

static int add_anchors(const struct anycert_profile *profile, struct anycert_policy *policy,
                       struct anycert_error *err)
{
    const struct anycert__profile_value *only = GIVEN(CACERT);
    const struct anycert__profile_value *these = only ? only : GIVEN(CA_ADD);
    bool named = policy->ca_count > 0;

    if (!these)
        return 0;
    if (policy->target)
        return anycert__fail(err, ANYCERT_E_USAGE,
                             "the target of report-only has its own anchors: write ca= into for=");
    if (only && named)
        return anycert__fail(err, ANYCERT_E_USAGE,
                             "'cacert' and ca= of 'trust' both say it: leave one out");
    if (!only && !named && anycert_policy_add_ca_system(policy, err) < 0)
        return -1;
    for (size_t i = 0; i < these->texts.count; i++) {
        if (anycert_policy_add_ca_path(policy, these->texts.list[i], err) < 0)
            return -1;
    }
    return anycert_policy_check(policy, err);
}

struct anycert_policy *anycert_profile_policy(const struct anycert_profile *profile,
                                              struct anycert_error *err)
{
    const char *text = anycert__profile_insecure(profile) ? "trust-any"
                       : GIVEN(TRUST)                     ? GIVEN(TRUST)->texts.list[0]
                                                          : "hardened";
    struct anycert_policy *policy = parse_policy(profile, text, err);

    if (!policy) {
        BLAME(TRUST);
        return NULL;
    }
    if (add_anchors(profile, policy, err) == 0)
        return policy;
    if (GIVEN(CACERT))
        BLAME(CACERT);
    else
        BLAME(CA_ADD);
    anycert_policy_free(policy);
    return NULL;
}

static int apply_policy_file(const struct anycert__applying *a, struct anycert_error *err)
{
    const struct anycert_profile *profile = a->profile;
    struct anycert_policy_file *file =
        anycert_policy_file_load(GIVEN(POLICY_FILE)->texts.list[0], err);
    int result = file ? anycert_config_set_policy_file(a->config, file, err) : -1;

    anycert_policy_file_free(file);
    return result < 0 ? BLAME(POLICY_FILE) : 0;
}

static int apply_trust_store(const struct anycert__applying *a, struct anycert_error *err)
{
    const struct anycert_profile *profile = a->profile;
    const struct anycert__profile_value *path = GIVEN(TRUST_STORE);
    struct anycert_trust_store *store =
        path ? anycert_trust_store_open(path->texts.list[0], err) : NULL;
    int result = store ? anycert_config_set_trust_store(a->config, store, err) : -1;

    anycert_trust_store_free(store);
    return result < 0 ? BLAME(TRUST_STORE) : 0;
}

/* A box that is not ticked chooses no policy where there is a file that does. */
static int apply_policy(const struct anycert__applying *a, struct anycert_error *err)
{
    const struct anycert_profile *profile = a->profile;
    bool chooses = GIVEN(TRUST) || anycert__profile_insecure(profile);
    struct anycert_policy *policy = anycert_profile_policy(profile, err);
    int result = -1;

    if (!policy)
        return -1;
    result = chooses || !GIVEN(POLICY_FILE)
                 ? anycert_config_set_policy(a->config, policy, err)
                 : anycert_config_set_default_anchors(a->config, policy, err);
    anycert_policy_free(policy);
    return result < 0 ? BLAME(TRUST) : 0;
}

static int apply_policies(const struct anycert__applying *a, struct anycert_error *err)
{
    const struct anycert_profile *profile = a->profile;
    const struct anycert__profile_value *box = GIVEN(INSECURE) ? GIVEN(INSECURE) : GIVEN(UNSECURE);
    struct anycert_policy *policy = NULL;
    int result = 0;

    if ((GIVEN(POLICY_FILE) && apply_policy_file(a, err) < 0) ||
        (GIVEN(TRUST_STORE) && apply_trust_store(a, err) < 0))
        return -1;
    if ((box || GIVEN(TRUST) || GIVEN(CACERT) || GIVEN(CA_ADD)) && apply_policy(a, err) < 0)
        return -1;
    if (!GIVEN(PROXY_TRUST))
        return 0;
    policy = parse_policy(profile, GIVEN(PROXY_TRUST)->texts.list[0], err);
    result = policy ? anycert_config_set_proxy_policy(a->config, policy, err) : -1;
    anycert_policy_free(policy);
    return result < 0 ? BLAME(PROXY_TRUST) : 0;
}

/* A token, a PKCS#12 file, or PEM files. */
static int set_client_cert(const struct anycert__applying *a, const char *cert,
                           const char *password, struct anycert_error *err)
{
    const struct anycert_profile *profile = a->profile;
    const char *key = GIVEN(KEY) ? GIVEN(KEY)->texts.list[0] : NULL;
    bool token = anycert__client_cert_is_uri(cert);
    bool p12 = GIVEN(CERT_TYPE) ? strcmp(GIVEN(CERT_TYPE)->texts.list[0], "P12") == 0
                                : anycert__str_ends_nocase(cert, ".p12") ||
                                      anycert__str_ends_nocase(cert, ".pfx");

    if (key && (token || p12))
        return anycert__fail(err, ANYCERT_E_USAGE,
                             "'key' is for PEM files; 'cert' has the key too");
    if (token)
        return anycert_config_set_client_cert_pkcs11(a->config, cert, password, err);
    if (p12)
        return anycert_config_set_client_cert_p12(a->config, cert, password, err);
    return anycert_config_set_client_cert(a->config, cert, key, err) < 0
               ? -1
               : anycert_config_set_client_cert_password(a->config, password, err);
}

static int apply_client_cert(const struct anycert__applying *a, const char *cert,
                             struct anycert_error *err)
{
    struct anycert__profile_value *secret = &a->profile->values[ANYCERT__PROFILE_KEY_CERT_PASSWORD];
    const struct anycert_profile *profile = a->profile;
    char *password = NULL;
    int result = 0;

    if (secret->given) {
        password = anycert__secret_read(&secret->secrets[0], &a->asking, err);
        if (!password)
            return BLAME(CERT_PASSWORD);
    }
    result = set_client_cert(a, cert, password, err);
    anycert__free_secret(password);
    return result < 0 ? BLAME(CERT) : 0;
}

static int apply_certificates(const struct anycert__applying *a, struct anycert_error *err)
{
    const struct anycert_profile *profile = a->profile;
    const struct anycert__profile_value *files = GIVEN(INTERMEDIATE);
    const struct anycert__profile_value *cert = GIVEN(CERT);

    for (size_t i = 0; files && i < files->texts.count; i++) {
        if (anycert_config_add_intermediate_file(a->config, files->texts.list[i], err) < 0)
            return BLAME(INTERMEDIATE);
    }
    return cert ? apply_client_cert(a, cert->texts.list[0], err) : 0;
}

/* ---- proxy ---- */

/* The first of the variables that is set and not empty. */
static const char *first_of(const struct anycert__applying *a, const char *const names[],
                            const char **name)
{
    for (size_t i = 0; names[i]; i++) {
        const char *value = a->asking.variable(a->asking.variable_arg, names[i]);

        *name = names[i];
        if (value && *value)
            return value;
    }
    return NULL;
}

/* A URL without scheme is one of an HTTP proxy, as everywhere. */
static int set_proxy(const struct anycert__applying *a, const char *text, struct anycert_error *err)
{
    struct anycert__buf url;
    int result = -1;

    anycert__buf_init_secret(&url, 65536);
    anycert__buf_addf(&url, "%s%s", strstr(text, "://") ? "" : "http://", text);
    if (url.failed)
        anycert__fail(err, ANYCERT_E_URL, "the proxy's URL is too long");
    else
        result = anycert_config_set_proxy(a->config, url.data, err);
    anycert__buf_free(&url);
    return result;
}

/* As curl looks them up: HTTP_PROXY in capitals is not read, for a CGI script's client can set it.
 */
static int apply_system_proxy(const struct anycert__applying *a, struct anycert_error *err)
{
    static const char *const http[] = {"http_proxy", "all_proxy", "ALL_PROXY", NULL};
    static const char *const https[] = {"https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY",
                                        NULL};
    static const char *const direct[] = {"no_proxy", "NO_PROXY", NULL};
    const struct anycert_profile *profile = a->profile;
    const char *name = "";
    const char *value = NULL;
    bool plain = GIVEN(URL) && anycert__str_starts_nocase(GIVEN(URL)->secrets[0].text, "http:");

    if (!a->asking.variable)
        return anycert__fail(err, ANYCERT_E_USAGE,
                             "the system's proxy cannot be found: no environment was given to the "
                             "library");
    value = first_of(a, plain ? http : https, &name);
    if (value && set_proxy(a, value, err) < 0)
        return anycert__error_prefix(err, "variable %s", name);
    value = value && !GIVEN(NO_PROXY) ? first_of(a, direct, &name) : NULL;
    if (value && anycert_config_set_no_proxy(a->config, value, err) < 0)
        return anycert__error_prefix(err, "variable %s", name);
    return 0;
}

static int apply_named_proxy(const struct anycert__applying *a, struct anycert_error *err)
{
    struct anycert__profile_value *proxy = &a->profile->values[ANYCERT__PROFILE_KEY_PROXY];
    char *url = anycert__secret_read(&proxy->secrets[0], &a->asking, err);
    int result = url ? set_proxy(a, url, err) : -1;

    anycert__free_secret(url);
    return result;
}

int anycert__profile_join(const struct anycert__profile_value *value, char **out,
                          struct anycert_error *err)
{
    struct anycert__buf text;

    anycert__buf_init(&text, 65536);
    for (size_t i = 0; i < value->texts.count; i++)
        anycert__buf_addf(&text, "%s%s", i > 0 ? "," : "", value->texts.list[i]);
    *out = anycert__buf_take(&text, "list", err);
    anycert__buf_free(&text);
    return *out ? 0 : -1;
}

static int apply_proxy(const struct anycert__applying *a, struct anycert_error *err)
{
    const struct anycert_profile *profile = a->profile;
    const struct anycert__profile_value *proxy = GIVEN(PROXY);
    char *hosts = NULL;
    int result = 0;

    if (proxy && proxy->secret_count > 0)
        result = apply_named_proxy(a, err);
    else if (proxy && proxy->flag)
        result = apply_system_proxy(a, err);
    else if (proxy)
        result = anycert_config_set_proxy(a->config, NULL, err);
    if (result < 0)
        return BLAME(PROXY);
    if (!GIVEN(NO_PROXY))
        return 0;
    result = anycert__profile_join(GIVEN(NO_PROXY), &hosts, err);
    if (result == 0)
        result = anycert_config_set_no_proxy(a->config, hosts, err);
    anycert__free(hosts);
    return result < 0 ? BLAME(NO_PROXY) : 0;
}

static int apply_proxy_auth(const struct anycert__applying *a, struct anycert_error *err)
{
    const struct anycert_profile *profile = a->profile;
    const char *word = GIVEN(PROXY_AUTH) ? GIVEN(PROXY_AUTH)->texts.list[0] : NULL;

    if (!word)
        return 0;
    return anycert_config_set_proxy_auth(a->config,
                                         strcmp(word, "digest") == 0 ? ANYCERT_PROXY_DIGEST
                                         : strcmp(word, "any") == 0  ? ANYCERT_PROXY_ANY
                                                                     : ANYCERT_PROXY_BASIC,
                                         err);
}

/* ---- the rest ---- */

static int add_each(const struct anycert__applying *a, enum anycert__profile_id id,
                    int (*add)(struct anycert_config *, const char *, struct anycert_error *),
                    struct anycert_error *err)
{
    const struct anycert__profile_value *value = anycert__profile_given(a->profile, id);

    for (size_t i = 0; value && i < value->texts.count; i++) {
        if (add(a->config, value->texts.list[i], err) < 0)
            return anycert__profile_blame(a->profile, id, err);
    }
    return 0;
}

static int apply_private_addresses(const struct anycert__applying *a, struct anycert_error *err)
{
    const struct anycert_profile *profile = a->profile;
    const char *word = GIVEN(PRIVATE_ADDRESSES) ? GIVEN(PRIVATE_ADDRESSES)->texts.list[0] : NULL;

    if (!word)
        return 0;
    return anycert_config_set_private_addresses(
        a->config,
        strcmp(word, "allowed") == 0   ? ANYCERT_PRIVATE_ALLOWED
        : strcmp(word, "refused") == 0 ? ANYCERT_PRIVATE_REFUSED
                                       : ANYCERT_PRIVATE_NOT_BY_REDIRECT,
        err);
}

static int apply_connection(const struct anycert__applying *a, struct anycert_error *err)
{
    const struct anycert_profile *profile = a->profile;
    enum anycert_http_version version = ANYCERT_HTTP_AUTO;

    if (add_each(a, ANYCERT__PROFILE_KEY_RESOLVE, anycert_config_add_resolve, err) < 0 ||
        add_each(a, ANYCERT__PROFILE_KEY_CONNECT_TO, anycert_config_add_connect_to, err) < 0)
        return -1;
    if (apply_private_addresses(a, err) < 0)
        return -1;
    if (!GIVEN(HTTP_VERSION))
        return 0;
    if (strcmp(GIVEN(HTTP_VERSION)->texts.list[0], "1.1") == 0)
        version = ANYCERT_HTTP_1_1;
    else if (strcmp(GIVEN(HTTP_VERSION)->texts.list[0], "2") == 0)
        version = ANYCERT_HTTP_2;
    return anycert_config_set_http_version(a->config, version, err);
}

uint32_t anycert__profile_ms(const struct anycert__profile_value *value)
{
    uint32_t whole = (uint32_t)(value->number * 1000);

    return (double)whole < value->number * 1000 ? whole + 1 : whole;
}

static int apply_time_limits(const struct anycert__applying *a, struct anycert_error *err)
{
    const struct anycert_profile *profile = a->profile;
    const struct anycert__profile_value *connect = GIVEN(CONNECT_TIMEOUT);
    const struct anycert__profile_value *stall = GIVEN(STALL_TIMEOUT);

    connect = connect ? connect : GIVEN(TIMEOUT);
    stall = stall ? stall : GIVEN(TIMEOUT);
    return anycert_config_set_timeouts(
        a->config, connect ? anycert__profile_ms(connect) : a->config->limits.connect_ms,
        GIVEN(MAX_TIME) ? anycert__profile_ms(GIVEN(MAX_TIME)) : a->config->limits.total_ms,
        stall ? anycert__profile_ms(stall) : a->config->limits.stall_ms, err);
}

static int apply_secret_guard(const struct anycert__applying *a, struct anycert_error *err)
{
    const struct anycert_profile *profile = a->profile;
    const char *word = GIVEN(SECRET_GUARD) ? GIVEN(SECRET_GUARD)->texts.list[0] : NULL;

    if (!word)
        return 0;
    return anycert_config_set_secret_guard(a->config,
                                           strcmp(word, "withhold") == 0 ? ANYCERT_SECRETS_WITHHOLD
                                           : strcmp(word, "refuse") == 0 ? ANYCERT_SECRETS_REFUSE
                                                                         : ANYCERT_SECRETS_SEND,
                                           err);
}

static int apply_request(const struct anycert__applying *a, struct anycert_error *err)
{
    const struct anycert_profile *profile = a->profile;

    if (add_each(a, ANYCERT__PROFILE_KEY_SECRET_HEADERS, anycert_config_add_secret_header, err) <
            0 ||
        add_each(a, ANYCERT__PROFILE_KEY_SECRET_PARAMS, anycert_config_add_secret_param, err) < 0 ||
        apply_secret_guard(a, err) < 0)
        return -1;
    if (GIVEN(MAX_REDIRECTS) && anycert_config_set_max_redirects(
                                    a->config, (unsigned)GIVEN(MAX_REDIRECTS)->number, err) < 0)
        return BLAME(MAX_REDIRECTS);
    if (GIVEN(ALLOW_DOWNGRADE) &&
        anycert_config_set_allow_downgrade(a->config, GIVEN(ALLOW_DOWNGRADE)->flag, err) < 0)
        return BLAME(ALLOW_DOWNGRADE);
    if (GIVEN(COMPRESSED) &&
        anycert_config_set_decompress(a->config, GIVEN(COMPRESSED)->flag, err) < 0)
        return BLAME(COMPRESSED);
    if (GIVEN(MAX_BODY) && anycert_config_set_limits(a->config, a->config->header_bytes,
                                                     (uint64_t)GIVEN(MAX_BODY)->number, err) < 0)
        return BLAME(MAX_BODY);
    return 0;
}

void anycert_profile_set_interrupt(struct anycert_profile *profile, int (*asked)(void *arg),
                                   void *arg)
{
    profile->interrupt = asked;
    profile->interrupt_arg = arg;
}

int anycert_profile_apply(struct anycert_profile *profile, struct anycert_config *config,
                          anycert_profile_variable *variable, void *arg, struct anycert_error *err)
{
    const struct anycert__applying a = {
        profile, config, {variable, arg, profile->interrupt, profile->interrupt_arg}};

    if (anycert__profile_check(profile, err) < 0 || apply_policies(&a, err) < 0 ||
        apply_certificates(&a, err) < 0 || apply_proxy(&a, err) < 0 ||
        apply_proxy_auth(&a, err) < 0 || apply_connection(&a, err) < 0 ||
        apply_time_limits(&a, err) < 0 || apply_request(&a, err) < 0)
        return -1;
    if (anycert__profile_apply_calls(&a, err) < 0 || anycert__profile_apply_auth(&a, err) < 0)
        return -1;
    return anycert__profile_apply_headers(&a, err);
}
