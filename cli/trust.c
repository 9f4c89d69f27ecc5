#include "trust.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Whether a policy's text sets a key. The canonical text would not do: `ca=system` is not printed
 * there, but was chosen all the same. */
static bool has_key(const char *text, const char *key)
{
    size_t length = strlen(key);
    bool quoted = false, start = true;
    for (const char *p = text ? text : ""; *p != '\0'; p++) {
        if (start && !quoted && strncmp(p, key, length) == 0 && p[length] == '=')
            return true;
        if (quoted && *p == '\\' && p[1] != '\0')
            p++;
        else if (*p == '"')
            quoted = !quoted;
        start = *p == ' ';
    }
    return false;
}

static int refuse_twice(const struct cli_trust *trust, const char *key, const char *option,
                        struct anycert_error *err)
{
    if (!has_key(trust->text, key))
        return 0;
    return cli_error(err, ANYCERT_E_USAGE, "%s= in %s and --%s both say it; leave one out", key,
                     trust->policy_source, option);
}

static int add_relaxations(struct anycert_policy *policy, const struct cli_list *allow,
                           struct anycert_error *err)
{
    for (size_t i = 0; i < allow->count; i++) {
        const char *rest = allow->items[i];
        for (;;) {
            char word[64];
            size_t length = strcspn(rest, ",");
            if (length == 0 || length >= sizeof word)
                return cli_error(
                    err, ANYCERT_E_USAGE,
                    "--allow: expected names of relaxations, comma-separated, in '%.100s'",
                    allow->items[i]);
            (void)snprintf(word, sizeof word, "%.*s", (int)length, rest);
            if (strchr(word, '+'))
                return cli_error(err, ANYCERT_E_USAGE,
                                 "--allow: join relaxations with ',' in '%.100s', as in --allow "
                                 "expired,self-signed",
                                 allow->items[i]);
            if (anycert_policy_relax(policy, word, err) != 0)
                return cli_error_context(err, "--allow: ");
            if (rest[length] == '\0')
                break;
            rest += length + 1;
        }
    }
    return 0;
}

static int set_key(struct cli_trust *trust, const char *key, const char *value,
                   struct anycert_error *err)
{
    if (!value)
        return 0;
    if (refuse_twice(trust, key, key, err) != 0)
        return -1;
    if (anycert_policy_set(trust->policy, key, value, err) == 0)
        return 0;
    /* The option names the key already. */
    cli_error_strip(err, key);
    return cli_error_context(err, "--%s: ", key);
}

static int set_pins(struct cli_trust *trust, const struct cli_options *o, struct anycert_error *err)
{
    struct cli_bytes joined = {0};
    int status = 0;
    for (size_t i = 0; i < o->pin.count && status == 0; i++) {
        if (i > 0)
            status = cli_bytes_add_text(&joined, ",", err);
        if (status == 0)
            status = cli_bytes_add_text(&joined, o->pin.items[i], err);
    }
    if (status == 0)
        status = set_key(trust, "pin", joined.data, err);
    cli_bytes_free(&joined);
    return status;
}

/* The variable of the environment that names the anchors, if the policy wants any. */
static const char *environment_path(const struct cli_trust *trust, const char **variable)
{
    static const char *const variables[] = {"REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"};
    const char *rung = anycert_policy_rung(trust->policy);
    /* A target that is spelled out says itself which anchors it wants. */
    bool report_only = strcmp(rung, "report-only") == 0 && !has_key(trust->text, "for");
    if (!report_only && strcmp(rung, "hardened") != 0 && strcmp(rung, "tofu") != 0)
        return NULL;
    for (size_t i = 0; i < sizeof variables / sizeof *variables; i++) {
        const char *path = getenv(variables[i]);
        *variable = variables[i];
        if (path && *path != '\0')
            return path;
    }
    return NULL;
}

/* The anchors of the environment, or else the system's. */
static int add_default_anchors(struct cli_trust *trust, const struct cli_options *o,
                               struct anycert_error *err)
{
    const char *variable = NULL, *path = environment_path(trust, &variable);
    if (!path)
        return o->ca_add.count > 0 ? anycert_policy_add_ca_system(trust->policy, err) : 0;
    if (anycert_policy_add_ca_path(trust->policy, path, err) != 0)
        return cli_error_context(err, "environment variable %s: ", variable);
    trust->anchors_source = trust->environment = variable;
    return 0;
}

static const char *added_source(const struct cli_trust *trust, const char *named)
{
    if (named)
        return trust->text == NULL || strcmp(trust->policy_source, "--trust") == 0
                   ? "--trust and --ca-add"
                   : "the profile and --ca-add";
    if (!trust->environment)
        return "--ca-add";
    return strcmp(trust->environment, "CURL_CA_BUNDLE") == 0 ? "CURL_CA_BUNDLE and --ca-add"
                                                             : "REQUESTS_CA_BUNDLE and --ca-add";
}

/* Where the policy's own anchors come from, or NULL if it names none. */
static const char *named_source(const struct cli_trust *trust,
                                const struct anycert_profile *profile)
{
    if (anycert_profile_value(profile, "cacert"))
        return anycert_profile_source(profile, "cacert");
    if (anycert_profile_value(profile, "ca_add"))
        return anycert_profile_source(profile, "ca_add");
    return has_key(trust->text, "ca") ? trust->policy_source : NULL;
}

static int set_anchors(struct cli_trust *trust, const struct cli_options *o,
                       const struct anycert_profile *profile, struct anycert_error *err)
{
    if (o->cacert.count > 0 && o->ca_add.count > 0)
        return cli_error(
            err, ANYCERT_E_USAGE,
            "--cacert means these anchors only and --ca-add these too; use one of them");
    const char *named = named_source(trust, profile);
    if (o->cacert.count > 0 && refuse_twice(trust, "ca", "cacert", err) != 0)
        return -1;
    if (has_key(trust->text, "for") && (o->cacert.count > 0 || o->ca_add.count > 0))
        return cli_error(err, ANYCERT_E_USAGE,
                         "the target of report-only has its own anchors; write ca= into for=");
    if (named)
        trust->anchors_source = named;
    if (o->cacert.count == 0 && !named && add_default_anchors(trust, o, err) != 0)
        return -1;
    const struct cli_list *paths = o->cacert.count > 0 ? &o->cacert : &o->ca_add;
    for (size_t i = 0; i < paths->count; i++)
        if (anycert_policy_add_ca_path(trust->policy, paths->items[i], err) != 0)
            return cli_error_context(err, "%s: ", o->cacert.count > 0 ? "--cacert" : "--ca-add");
    if (paths->count > 0)
        trust->anchors_source = o->cacert.count > 0 ? "--cacert" : added_source(trust, named);
    return 0;
}

static int check_until(const struct cli_trust *trust, const struct cli_options *o,
                       struct anycert_error *err)
{
    bool nothing =
        o->allow.count == 0 && strcmp(anycert_policy_rung(trust->policy), "hardened") == 0;
    if (!o->until || !nothing ||
        (trust->text && memchr(trust->text, '+', strcspn(trust->text, " "))))
        return 0;
    return cli_error(err, ANYCERT_E_USAGE, "--until has nothing that could end; add --allow");
}

/* "box.json:4 and --allow" */
static const char *policy_source(const struct cli_options *o, const struct anycert_profile *profile)
{
    bool allow = o->allow.count > 0;
    if (o->insecure)
        return allow ? "-k and --allow" : "-k";
    if (o->trust)
        return allow ? "--trust and --allow" : "--trust";
    const char *source = anycert_profile_source(profile, "trust");
    if (strcmp(source, "default") != 0)
        return allow ? "the profile and --allow" : source;
    return allow ? "--allow" : "default";
}

/* Whether it is "pinned", without the pins: --pin says them. */
static bool is_pinned_by_option(const char *text, const struct cli_options *o)
{
    static const char rung[] = "pinned";
    size_t length = sizeof rung - 1;
    return o->pin.count > 0 && strncmp(text, rung, length) == 0 &&
           (text[length] == '\0' || text[length] == '+' || text[length] == ' ') &&
           !has_key(text, "pin");
}

/* A policy is parsed as a whole, and without a pin that one is none. The pin of no key stands there
 * until set_pins replaces it. */
static struct anycert_policy *parse_pinned(const char *text, struct anycert_error *err)
{
    static const char of_no_key[] = " pin=sha256//AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=";
    struct cli_bytes whole = {0};
    struct anycert_policy *policy = NULL;
    if (cli_bytes_add_text(&whole, text, err) == 0 &&
        cli_bytes_add_text(&whole, of_no_key, err) == 0)
        policy = anycert_policy_parse(whole.data, err);
    cli_bytes_free(&whole);
    return policy;
}

static struct anycert_policy *base_policy(struct cli_trust *trust, const struct cli_options *o,
                                          const struct anycert_profile *profile,
                                          struct anycert_error *err)
{
    if (o->insecure && o->trust) {
        cli_error(err, ANYCERT_E_USAGE, "-k means --trust trust-any; use one of them");
        return NULL;
    }
    trust->policy_source = policy_source(o, profile);
    trust->base_source = o->insecure ? "-k"
                         : o->trust  ? "--trust"
                                     : anycert_profile_source(profile, "trust");
    trust->text = o->insecure || o->trust ? o->trust : anycert_profile_value(profile, "trust");
    if (!o->insecure && !o->trust)
        return anycert_profile_policy(profile, err);
    struct anycert_policy *policy =
        !o->insecure && is_pinned_by_option(o->trust, o)
            ? parse_pinned(o->trust, err)
            : anycert_policy_parse(o->insecure ? "trust-any" : o->trust, err);
    if (!policy)
        cli_error_context(err, "--trust: ");
    return policy;
}

static bool is_ticked(const struct anycert_profile *profile, const char *key)
{
    const char *value = anycert_profile_value(profile, key);
    return value && strcmp(value, "true") == 0;
}

/* The policy file of the option, else of the profile. */
static int load_file(struct cli_trust *trust, const struct cli_options *o,
                     const struct anycert_profile *profile, struct anycert_error *err)
{
    const char *path =
        o->policy_file ? o->policy_file : anycert_profile_value(profile, "policy_file");
    const char *source =
        o->policy_file ? "--policy-file" : anycert_profile_source(profile, "policy_file");
    if (!path)
        return 0;
    trust->file = anycert_policy_file_load(path, err);
    if (!trust->file)
        return cli_error_context(err, "%s: ", source);
    trust->file_path = path;
    trust->leaves_it_to_file = !o->insecure && !o->trust && o->allow.count == 0 &&
                               o->pin.count == 0 && !o->expect_name && !o->sni && !o->until &&
                               !o->reason &&
                               strcmp(anycert_profile_source(profile, "trust"), "default") == 0 &&
                               !is_ticked(profile, "insecure") && !is_ticked(profile, "unsecure");
    return 0;
}

static int make(struct cli_trust *trust, const struct cli_options *o,
                const struct anycert_profile *profile, struct anycert_error *err)
{
    const char *proxy = anycert_profile_value(profile, "proxy");
    if (load_file(trust, o, profile, err) != 0)
        return -1;
    trust->policy = base_policy(trust, o, profile, err);
    if (!trust->policy || check_until(trust, o, err) != 0 ||
        add_relaxations(trust->policy, &o->allow, err) != 0 || set_pins(trust, o, err) != 0 ||
        set_key(trust, "expect-name", o->expect_name, err) != 0 ||
        set_key(trust, "sni", o->sni, err) != 0 || set_key(trust, "until", o->until, err) != 0 ||
        set_key(trust, "reason", o->reason, err) != 0 || set_anchors(trust, o, profile, err) != 0 ||
        anycert_policy_check(trust->policy, err) != 0)
        return -1;
    if (!o->proxy_trust)
        return 0;
    if (!o->proxy && !o->env_proxy && (!proxy || strcmp(proxy, "false") == 0))
        return cli_error(err, ANYCERT_E_USAGE,
                         "--proxy-trust is given, but no proxy (-x or --env-proxy)");
    trust->proxy_policy = anycert_policy_parse(o->proxy_trust, err);
    return trust->proxy_policy ? 0 : cli_error_context(err, "--proxy-trust: ");
}

int cli_trust_make(struct cli_trust *trust, const struct cli_options *options,
                   const struct anycert_profile *profile, struct anycert_error *err)
{
    *trust = (struct cli_trust){.policy_source = "default", .anchors_source = "default"};
    if (make(trust, options, profile, err) == 0)
        return 0;
    cli_trust_free(trust);
    return -1;
}

int cli_trust_context(const struct cli_trust *trust, struct anycert_error *err)
{
    const char *path = trust->environment ? getenv(trust->environment) : NULL;
    if (path && err->code == ANYCERT_E_ANCHORS && strstr(err->message, path))
        return cli_error_context(err, "environment variable %s: ", trust->environment);
    return -1;
}

void cli_trust_free(struct cli_trust *trust)
{
    anycert_policy_free(trust->policy);
    anycert_policy_free(trust->proxy_policy);
    anycert_policy_file_free(trust->file);
    trust->policy = trust->proxy_policy = NULL;
    trust->file = NULL;
}
