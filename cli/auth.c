#include "auth.h"

#include <string.h>

#include <anycert/auth.h>

#include "secret.h"

const char *const cli_auth_keys[] = {"credentials.identifier",
                                     "credentials.password",
                                     "user",
                                     "password",
                                     "auth",
                                     "bearer",
                                     "apikey",
                                     "apikey_header",
                                     "apikey_prefix",
                                     "apikey_param",
                                     "oauth2.token_url",
                                     "oauth2.client_id",
                                     "oauth2.client_secret",
                                     "oauth2.scope",
                                     "oauth2.audience",
                                     "oauth2.params",
                                     "oauth2.style",
                                     "oauth2.refresh_before",
                                     "aws.access_key",
                                     "aws.secret_key",
                                     "aws.session_token",
                                     "aws.region",
                                     "aws.service",
                                     NULL};

bool cli_auth_in_profile(const struct anycert_profile *profile)
{
    for (size_t i = 0; cli_auth_keys[i]; i++)
        if (anycert_profile_value(profile, cli_auth_keys[i]))
            return true;
    return false;
}

bool cli_auth_in_url(const struct cli_options *o)
{
    const char *scheme = o->url ? strstr(o->url, "://") : NULL;
    const char *authority = scheme ? scheme + 3 : NULL;
    const char *at = authority ? strchr(authority, '@') : NULL;
    return at && at < authority + strcspn(authority, "/?#");
}

/* The option of a way to authenticate that was given, after so many others; NULL behind the last.
 */
static const char *nth_way(const struct cli_options *o, size_t n)
{
    const char *given[6];
    size_t count = 0;
    if (cli_secret_given(&o->user) && !o->negotiate)
        given[count++] = o->aws_sigv4 ? "--aws-sigv4" : "-u";
    if (o->negotiate)
        given[count++] = "--negotiate";
    if (cli_secret_given(&o->bearer))
        given[count++] = "--bearer";
    if (cli_secret_given(&o->api_key))
        given[count++] = "--api-key";
    if (o->oauth2_token_url)
        given[count++] = "--oauth2-token-url";
    if (cli_auth_in_url(o))
        given[count++] = "the user in the URL";
    return n < count ? given[n] : NULL;
}

bool cli_auth_given(const struct cli_options *o)
{
    return nth_way(o, 0) != NULL;
}

bool cli_auth_only_proves(const struct cli_options *o, const struct anycert_profile *profile)
{
    const char *scheme = anycert_profile_value(profile, "auth");
    if (cli_auth_given(o))
        return o->digest || o->ntlm || o->negotiate || o->aws_sigv4;
    return (scheme && strcmp(scheme, "basic") != 0) ||
           anycert_profile_value(profile, "aws.access_key");
}

/* ---- one way only
 * --------------------------------------------------------------------------------------------- */

/* An option that only says more about a way that is not given. */
static const char *lonely(const struct cli_options *o)
{
    bool user = cli_secret_given(&o->user);
    if (!user && (o->digest || o->ntlm))
        return o->digest ? "--digest needs -u" : "--ntlm needs -u";
    if (!user && o->aws_sigv4)
        return "--aws-sigv4 needs the keys with -u ACCESS-KEY:SECRET-KEY";
    if (!o->aws_sigv4 && cli_secret_given(&o->aws_session_token))
        return "--aws-session-token needs --aws-sigv4";
    if (!cli_secret_given(&o->api_key) && (o->api_key_header || o->api_key_param))
        return o->api_key_header ? "--api-key-header needs --api-key"
                                 : "--api-key-param needs --api-key";
    if (!o->oauth2_token_url &&
        (o->oauth2_client_id || cli_secret_given(&o->oauth2_client_secret) || o->oauth2_scope ||
         o->oauth2_audience || o->oauth2_style || o->oauth2_params.count > 0))
        return "the options of OAuth2 need --oauth2-token-url";
    if (o->oauth2_token_url &&
        (!o->oauth2_client_id || !cli_secret_given(&o->oauth2_client_secret)))
        return "--oauth2-token-url needs --oauth2-client-id and --oauth2-client-secret";
    return NULL;
}

static int check(const struct cli_options *o, struct anycert_error *err)
{
    const char *sentence = lonely(o);
    if (sentence)
        return cli_error(err, ANYCERT_E_USAGE, "%s", sentence);
    if (nth_way(o, 1))
        return cli_error(err, ANYCERT_E_USAGE,
                         "%s and %s are two ways to authenticate; use one of them", nth_way(o, 0),
                         nth_way(o, 1));
    if (o->basic + o->digest + o->ntlm + o->negotiate + (o->aws_sigv4 != NULL) > 1)
        return cli_error(
            err, ANYCERT_E_USAGE,
            "--basic, --digest, --ntlm, --negotiate and --aws-sigv4 exclude each other");
    if (o->api_key_header && o->api_key_param)
        return cli_error(err, ANYCERT_E_USAGE,
                         "--api-key-header and --api-key-param are two places; use one of them");
    return 0;
}

/* ---- each of them
 * --------------------------------------------------------------------------------------------- */

/* "aws:amz:REGION:SERVICE", as curl has it, or "REGION:SERVICE". */
static struct anycert_auth *make_aws(const struct cli_options *o, const char *key,
                                     const char *secret, struct anycert_error *err)
{
    const char *text = strncmp(o->aws_sigv4, "aws:amz:", 8) == 0 ? o->aws_sigv4 + 8 : o->aws_sigv4;
    const char *colon = strchr(text, ':');
    struct anycert_auth *auth = NULL;
    char *region = NULL, *token = NULL;
    if (!colon || colon == text || colon[1] == '\0' || strchr(colon + 1, ':')) {
        cli_error(err, ANYCERT_E_USAGE,
                  "--aws-sigv4: '%s' is not aws:amz:REGION:SERVICE or REGION:SERVICE",
                  o->aws_sigv4);
        return NULL;
    }
    region = cli_copy(text, err);
    if (region && cli_secret_read(&o->aws_session_token, "--aws-session-token", &token, err) == 0) {
        region[colon - text] = '\0';
        auth = anycert_auth_aws_sigv4(key, secret, token, region, colon + 1, err);
    }
    cli_wipe_free(region);
    cli_wipe_free(token);
    return auth;
}

static struct anycert_auth *make_user(const struct cli_options *o, struct anycert_error *err)
{
    char *user = NULL, *password = NULL;
    struct anycert_auth *auth = NULL;
    if (cli_credentials(o, &user, &password, err) != 0)
        return NULL;
    if (o->aws_sigv4)
        auth = make_aws(o, user, password, err);
    else if (o->digest)
        auth = anycert_auth_digest(user, password, err);
    else if (o->ntlm)
        auth = anycert_auth_ntlm(user, password, err);
    else
        auth = anycert_auth_basic(user, password, err);
    cli_wipe_free(user);
    cli_wipe_free(password);
    return auth;
}

/* -u : is how curl is told to take the ticket. */
static struct anycert_auth *make_negotiate(const struct cli_options *o, struct anycert_error *err)
{
    char *user = NULL;
    if (cli_secret_read(&o->user, "--user", &user, err) != 0)
        return NULL;
    bool empty = !user || strcmp(user, ":") == 0;
    cli_wipe_free(user);
    if (empty)
        return anycert_auth_negotiate(err);
    cli_error(err, ANYCERT_E_USAGE,
              "--negotiate takes the Kerberos ticket of kinit; leave -u out, or write -u :");
    return NULL;
}

static struct anycert_auth *make_bearer(const struct cli_options *o, struct anycert_error *err)
{
    char *token = NULL;
    struct anycert_auth *auth = NULL;
    if (cli_secret_read(&o->bearer, "--bearer", &token, err) == 0) {
        auth = anycert_auth_bearer(token, err);
        if (!auth)
            cli_error_context(err, "--bearer: ");
    }
    cli_wipe_free(token);
    return auth;
}

static struct anycert_auth *make_api_key(const struct cli_options *o, struct anycert_error *err)
{
    char *key = NULL;
    struct anycert_auth *auth = NULL;
    if (cli_secret_read(&o->api_key, "--api-key", &key, err) == 0) {
        auth = o->api_key_param
                   ? anycert_auth_api_key_query(o->api_key_param, key, err)
                   : anycert_auth_api_key_header(
                         o->api_key_header ? o->api_key_header : "X-Api-Key", key, err);
        if (!auth)
            cli_error_context(err, "--api-key: ");
    }
    cli_wipe_free(key);
    return auth;
}

static int add_param(struct anycert_auth *auth, char *text, struct anycert_error *err)
{
    char *equals = strchr(text, '=');
    if (!equals)
        return cli_error(err, ANYCERT_E_USAGE,
                         "--oauth2-param: there is no '=' in it; write NAME=VALUE");
    *equals = '\0';
    int status = anycert_auth_oauth2_add_param(auth, text, equals + 1, err);
    *equals = '=';
    return status == 0 ? 0 : cli_error_context(err, "--oauth2-param: ");
}

static int set_oauth2(struct anycert_auth *auth, const struct cli_options *o,
                      struct anycert_error *err)
{
    bool body = o->oauth2_style && strcmp(o->oauth2_style, "body") == 0;
    if (o->oauth2_style && !body && strcmp(o->oauth2_style, "basic") != 0)
        return cli_error(err, ANYCERT_E_USAGE, "--oauth2-style: '%s' is neither basic nor body",
                         o->oauth2_style);
    if (anycert_auth_oauth2_set_style(auth, body ? ANYCERT_OAUTH2_BODY : ANYCERT_OAUTH2_BASIC,
                                      err) != 0 ||
        anycert_auth_oauth2_set_scope(auth, o->oauth2_scope, err) != 0 ||
        anycert_auth_oauth2_set_audience(auth, o->oauth2_audience, err) != 0)
        return -1;
    for (size_t i = 0; i < o->oauth2_params.count; i++)
        if (add_param(auth, o->oauth2_params.items[i], err) != 0)
            return -1;
    return 0;
}

static struct anycert_auth *make_oauth2(const struct cli_options *o, struct anycert_error *err)
{
    char *secret = NULL;
    struct anycert_auth *auth = NULL;
    if (cli_secret_read(&o->oauth2_client_secret, "--oauth2-client-secret", &secret, err) == 0) {
        auth = anycert_auth_oauth2(o->oauth2_token_url, o->oauth2_client_id, secret, err);
        if (!auth)
            cli_error_context(err, "--oauth2-token-url: ");
    }
    cli_wipe_free(secret);
    if (!auth || set_oauth2(auth, o, err) == 0)
        return auth;
    anycert_auth_free(auth);
    return NULL;
}

int cli_auth_set(struct anycert_config *config, const struct cli_options *o,
                 struct anycert_error *err)
{
    if (check(o, err) != 0)
        return -1;
    if (!cli_auth_given(o) || cli_auth_in_url(o))
        return 0;
    struct anycert_auth *auth = o->negotiate                    ? make_negotiate(o, err)
                                : cli_secret_given(&o->user)    ? make_user(o, err)
                                : cli_secret_given(&o->bearer)  ? make_bearer(o, err)
                                : cli_secret_given(&o->api_key) ? make_api_key(o, err)
                                                                : make_oauth2(o, err);
    int status = auth ? anycert_config_set_auth(config, auth, err) : -1;
    anycert_auth_free(auth);
    return status;
}

/* ---- beside header fields
 * --------------------------------------------------------------------------------------------- */

/* The field that credentials set, by the options or else the profile; NULL if they set none. */
static const char *field_of(const struct cli_options *o, const struct anycert_profile *profile)
{
    bool options = cli_auth_given(o);
    bool key =
        options ? cli_secret_given(&o->api_key) : anycert_profile_value(profile, "apikey") != NULL;
    const char *param = options ? o->api_key_param : anycert_profile_value(profile, "apikey_param");
    const char *header =
        options ? o->api_key_header : anycert_profile_value(profile, "apikey_header");
    if (!options && !cli_auth_in_profile(profile))
        return NULL;
    if (!key)
        return "Authorization";
    return param ? NULL : header ? header : "X-Api-Key";
}

int cli_auth_beside(struct anycert_request *request, const struct cli_options *o,
                    const struct anycert_profile *profile, const struct cli_list *names,
                    struct anycert_error *err)
{
    const char *field = field_of(o, profile);
    if (!field || !cli_list_has(names, field))
        return 0;
    if (cli_auth_given(o))
        return cli_error(err, ANYCERT_E_USAGE, "%s and -H both set %s; leave one out",
                         nth_way(o, 0), field);
    struct anycert_auth *none = anycert_auth_none(err);
    int status = none ? anycert_request_set_auth(request, none, err) : -1;
    anycert_auth_free(none);
    return status;
}
