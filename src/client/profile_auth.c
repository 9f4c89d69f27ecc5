#include "client/profile.h"

#include "base/mem.h"
#include "base/str.h"

#include <anycert/auth.h>

#include <stdio.h>
#include <string.h>

#define GIVEN(name) anycert__profile_given(profile, ANYCERT__PROFILE_KEY_##name)
#define ID(name)    ANYCERT__PROFILE_KEY_##name

#define DEFAULT_HEADER "X-Api-Key"

/* ---- what goes together ---- */

/* The ways to authenticate, of which one may be given: their keys, and those that each needs. */
static const struct {
    enum anycert__profile_id keys[9];
    size_t count;
    size_t needed; /* the first ones */
} ways[] = {
    {{ID(IDENTIFIER), ID(CREDENTIAL)}, 2, 2},
    {{ID(USER), ID(PASSWORD)}, 2, 2},
    {{ID(BEARER)}, 1, 1},
    {{ID(APIKEY), ID(APIKEY_HEADER), ID(APIKEY_PREFIX), ID(APIKEY_PARAM)}, 4, 1},
    {{ID(OAUTH2_URL), ID(OAUTH2_ID), ID(OAUTH2_SECRET), ID(OAUTH2_SCOPE), ID(OAUTH2_AUDIENCE),
      ID(OAUTH2_PARAMS), ID(OAUTH2_STYLE), ID(OAUTH2_REFRESH)},
     8,
     3},
    {{ID(AWS_KEY), ID(AWS_SECRET), ID(AWS_REGION), ID(AWS_SERVICE), ID(AWS_TOKEN)}, 5, 4},
};
#define WAYS (sizeof ways / sizeof *ways)

static const char *name_of(enum anycert__profile_id id)
{
    return anycert__profile_keys[id].name;
}

/* The first key of a way that is given, or ANYCERT__PROFILE_KEYS. */
static enum anycert__profile_id first_given(const struct anycert_profile *profile, size_t way)
{
    for (size_t i = 0; i < ways[way].count; i++) {
        if (profile->values[ways[way].keys[i]].given)
            return ways[way].keys[i];
    }
    return ANYCERT__PROFILE_KEYS;
}

static int check_whole(const struct anycert_profile *profile, size_t way,
                       enum anycert__profile_id given, struct anycert_error *err)
{
    for (size_t i = 0; i < ways[way].needed; i++) {
        if (profile->values[ways[way].keys[i]].given)
            continue;
        anycert__fail(err, ANYCERT_E_USAGE, "'%s' is given, but no '%s'", name_of(given),
                      name_of(ways[way].keys[i]));
        return anycert__profile_blame(profile, given, err);
    }
    return 0;
}

/* `auth` says how user and password are used; Negotiate has none. */
static int check_scheme(const struct anycert_profile *profile, enum anycert__profile_id way,
                        struct anycert_error *err)
{
    const struct anycert__profile_value *auth = GIVEN(AUTH);
    bool negotiate = auth && strcmp(auth->texts.list[0], "negotiate") == 0;
    bool user = GIVEN(USER) || GIVEN(IDENTIFIER);

    if (!auth)
        return 0;
    if (negotiate && way == ANYCERT__PROFILE_KEYS)
        return 0;
    if (negotiate)
        anycert__fail(err, ANYCERT_E_USAGE,
                      "'auth' is negotiate, which takes the Kerberos ticket: leave '%s' out",
                      name_of(way));
    else if (!user)
        anycert__fail(err, ANYCERT_E_USAGE, "'auth' is given, but no 'user'");
    else
        return 0;
    return anycert__profile_blame(profile, ID(AUTH), err);
}

static int check_apikey(const struct anycert_profile *profile, struct anycert_error *err)
{
    bool header = GIVEN(APIKEY_HEADER) || GIVEN(APIKEY_PREFIX);

    if (!header || !GIVEN(APIKEY_PARAM))
        return 0;
    anycert__fail(err, ANYCERT_E_USAGE,
                  "'apikey_param' puts the key into the query, '%s' into a header: leave one out",
                  GIVEN(APIKEY_HEADER) ? "apikey_header" : "apikey_prefix");
    return anycert__profile_blame(profile, ID(APIKEY_PARAM), err);
}

/* A header field that the credentials would replace. */
static int check_headers(const struct anycert_profile *profile, enum anycert__profile_id way,
                         struct anycert_error *err)
{
    const struct anycert__profile_value *fields = GIVEN(HEADERS);
    const char *name = "Authorization";

    if (!fields || (way == ANYCERT__PROFILE_KEYS && !GIVEN(AUTH)) || GIVEN(APIKEY_PARAM))
        return 0;
    if (way == ID(APIKEY))
        name = GIVEN(APIKEY_HEADER) ? GIVEN(APIKEY_HEADER)->texts.list[0] : DEFAULT_HEADER;
    for (size_t i = 0; i < fields->texts.count; i++) {
        if (!anycert__str_equal_nocase(fields->texts.list[i], name))
            continue;
        anycert__fail(err, ANYCERT_E_USAGE, "'headers' has %s, which '%s' sets: leave one out",
                      name, name_of(way == ANYCERT__PROFILE_KEYS ? ID(AUTH) : way));
        return anycert__profile_blame(profile, ID(HEADERS), err);
    }
    return 0;
}

/* Whether `url` names a user. */
static bool has_user(const struct anycert_profile *profile)
{
    const struct anycert__profile_value *url = GIVEN(URL);
    const char *scheme = url ? strstr(url->secrets[0].text, "://") : NULL;
    const char *at = scheme ? strchr(scheme + 3, '@') : NULL;

    return at && at < scheme + 3 + strcspn(scheme + 3, "/?#");
}

static int check_url(const struct anycert_profile *profile, enum anycert__profile_id way,
                     struct anycert_error *err)
{
    if ((way == ANYCERT__PROFILE_KEYS && !GIVEN(AUTH)) || !has_user(profile))
        return 0;
    anycert__fail(err, ANYCERT_E_USAGE,
                  "the user in 'url' and '%s' are two ways to authenticate: leave one out",
                  name_of(way == ANYCERT__PROFILE_KEYS ? ID(AUTH) : way));
    return anycert__profile_blame(profile, ID(URL), err);
}

int anycert__profile_check_auth(const struct anycert_profile *profile, struct anycert_error *err)
{
    enum anycert__profile_id chosen = ANYCERT__PROFILE_KEYS;

    for (size_t way = 0; way < WAYS; way++) {
        enum anycert__profile_id given = first_given(profile, way);

        if (given == ANYCERT__PROFILE_KEYS)
            continue;
        if (chosen != ANYCERT__PROFILE_KEYS) {
            anycert__fail(err, ANYCERT_E_USAGE,
                          "'%s' and '%s' are two ways to authenticate: leave one out",
                          name_of(chosen), name_of(given));
            return anycert__profile_blame(profile, given, err);
        }
        if (check_whole(profile, way, given, err) < 0)
            return -1;
        chosen = given;
    }
    if (check_scheme(profile, chosen, err) < 0 || check_apikey(profile, err) < 0)
        return -1;
    return check_url(profile, chosen, err) < 0 ? -1 : check_headers(profile, chosen, err);
}

/* ---- making the object ---- */

/* A secret or name; NULL with err, or if it is not given. */
static char *read_value(const struct anycert__applying *a, enum anycert__profile_id id,
                        struct anycert_error *err)
{
    struct anycert__profile_value *value = &a->profile->values[id];
    char *text = NULL;

    if (!value->given)
        return NULL;
    text = anycert__secret_read(&value->secrets[0], &a->asking, err);
    if (!text)
        anycert__profile_blame(a->profile, id, err);
    return text;
}

static const char *text_of(const struct anycert_profile *profile, enum anycert__profile_id id)
{
    return profile->values[id].given ? profile->values[id].texts.list[0] : NULL;
}

static struct anycert_auth *make_user(const struct anycert__applying *a,
                                      enum anycert__profile_id user_id,
                                      enum anycert__profile_id password_id,
                                      struct anycert_error *err)
{
    const char *scheme = text_of(a->profile, ID(AUTH));
    char *user = read_value(a, user_id, err);
    char *password = user ? read_value(a, password_id, err) : NULL;
    struct anycert_auth *auth = NULL;

    if (user && password) {
        if (scheme && strcmp(scheme, "digest") == 0)
            auth = anycert_auth_digest(user, password, err);
        else if (scheme && strcmp(scheme, "ntlm") == 0)
            auth = anycert_auth_ntlm(user, password, err);
        else
            auth = anycert_auth_basic(user, password, err);
        if (!auth)
            anycert__profile_blame(a->profile, scheme ? ID(AUTH) : user_id, err);
    }
    anycert__free_secret(user);
    anycert__free_secret(password);
    return auth;
}

static struct anycert_auth *make_bearer(const struct anycert__applying *a,
                                        struct anycert_error *err)
{
    char *token = read_value(a, ID(BEARER), err);
    struct anycert_auth *auth = token ? anycert_auth_bearer(token, err) : NULL;

    if (token && !auth)
        anycert__profile_blame(a->profile, ID(BEARER), err);
    anycert__free_secret(token);
    return auth;
}

/* "PREFIX KEY" */
static char *add_prefix(const char *prefix, const char *key, struct anycert_error *err)
{
    size_t len = strlen(prefix) + 1 + strlen(key) + 1;
    char *whole = anycert__malloc(len);

    if (!whole) {
        anycert__fail_nomem(err);
        return NULL;
    }
    (void)snprintf(whole, len, "%s %s", prefix, key);
    return whole;
}

static struct anycert_auth *make_apikey(const struct anycert__applying *a,
                                        struct anycert_error *err)
{
    const char *param = text_of(a->profile, ID(APIKEY_PARAM));
    const char *header = text_of(a->profile, ID(APIKEY_HEADER));
    const char *prefix = text_of(a->profile, ID(APIKEY_PREFIX));
    char *key = read_value(a, ID(APIKEY), err);
    char *whole = key && prefix ? add_prefix(prefix, key, err) : NULL;
    struct anycert_auth *auth = NULL;

    if (key && param)
        auth = anycert_auth_api_key_query(param, key, err);
    else if (key && (whole || !prefix))
        auth =
            anycert_auth_api_key_header(header ? header : DEFAULT_HEADER, whole ? whole : key, err);
    if (key && !auth)
        anycert__profile_blame(a->profile, ID(APIKEY), err);
    anycert__free_secret(whole);
    anycert__free_secret(key);
    return auth;
}

static int add_params(const struct anycert__applying *a, struct anycert_auth *auth,
                      struct anycert_error *err)
{
    struct anycert__profile_value *params = &a->profile->values[ID(OAUTH2_PARAMS)];

    for (size_t i = 0; params->given && i < params->texts.count; i++) {
        char *value = anycert__secret_read(&params->secrets[i], &a->asking, err);
        int result =
            value ? anycert_auth_oauth2_add_param(auth, params->texts.list[i], value, err) : -1;

        anycert__free_secret(value);
        if (result < 0)
            return anycert__profile_blame(a->profile, ID(OAUTH2_PARAMS), err);
    }
    return 0;
}

static int set_oauth2(const struct anycert__applying *a, struct anycert_auth *auth,
                      struct anycert_error *err)
{
    const struct anycert_profile *profile = a->profile;
    const struct anycert__profile_value *refresh = GIVEN(OAUTH2_REFRESH);
    const char *style = text_of(profile, ID(OAUTH2_STYLE));

    if (anycert_auth_oauth2_set_scope(auth, text_of(profile, ID(OAUTH2_SCOPE)), err) < 0)
        return anycert__profile_blame(profile, ID(OAUTH2_SCOPE), err);
    if (anycert_auth_oauth2_set_audience(auth, text_of(profile, ID(OAUTH2_AUDIENCE)), err) < 0)
        return anycert__profile_blame(profile, ID(OAUTH2_AUDIENCE), err);
    if (style && strcmp(style, "body") == 0 &&
        anycert_auth_oauth2_set_style(auth, ANYCERT_OAUTH2_BODY, err) < 0)
        return anycert__profile_blame(profile, ID(OAUTH2_STYLE), err);
    if (refresh && anycert_auth_oauth2_set_refresh_before(auth, (uint32_t)refresh->number, err) < 0)
        return anycert__profile_blame(profile, ID(OAUTH2_REFRESH), err);
    return add_params(a, auth, err);
}

static struct anycert_auth *make_oauth2(const struct anycert__applying *a,
                                        struct anycert_error *err)
{
    char *id = read_value(a, ID(OAUTH2_ID), err);
    char *secret = id ? read_value(a, ID(OAUTH2_SECRET), err) : NULL;
    struct anycert_auth *auth = NULL;

    if (secret) {
        auth = anycert_auth_oauth2(a->profile->values[ID(OAUTH2_URL)].secrets[0].text, id, secret,
                                   err);
        if (!auth)
            anycert__profile_blame(a->profile, ID(OAUTH2_URL), err);
    }
    anycert__free_secret(id);
    anycert__free_secret(secret);
    if (!auth || set_oauth2(a, auth, err) == 0)
        return auth;
    anycert_auth_free(auth);
    return NULL;
}

static struct anycert_auth *make_aws(const struct anycert__applying *a, struct anycert_error *err)
{
    const struct anycert_profile *profile = a->profile;
    char *key = read_value(a, ID(AWS_KEY), err);
    char *secret = key ? read_value(a, ID(AWS_SECRET), err) : NULL;
    char *token = secret ? read_value(a, ID(AWS_TOKEN), err) : NULL;
    struct anycert_auth *auth = NULL;

    if (secret && (token || !GIVEN(AWS_TOKEN))) {
        auth = anycert_auth_aws_sigv4(key, secret, token, text_of(profile, ID(AWS_REGION)),
                                      text_of(profile, ID(AWS_SERVICE)), err);
        if (!auth)
            anycert__profile_blame(profile, ID(AWS_KEY), err);
    }
    anycert__free_secret(key);
    anycert__free_secret(secret);
    anycert__free_secret(token);
    return auth;
}

/* The object of the way that is given; *none stays true if there is none. */
static struct anycert_auth *make(const struct anycert__applying *a, bool *none,
                                 struct anycert_error *err)
{
    const struct anycert_profile *profile = a->profile;
    const char *scheme = text_of(profile, ID(AUTH));

    *none = false;
    if (GIVEN(IDENTIFIER))
        return make_user(a, ID(IDENTIFIER), ID(CREDENTIAL), err);
    if (GIVEN(USER))
        return make_user(a, ID(USER), ID(PASSWORD), err);
    if (GIVEN(BEARER))
        return make_bearer(a, err);
    if (GIVEN(APIKEY))
        return make_apikey(a, err);
    if (GIVEN(OAUTH2_URL))
        return make_oauth2(a, err);
    if (GIVEN(AWS_KEY))
        return make_aws(a, err);
    if (scheme && strcmp(scheme, "negotiate") == 0) {
        struct anycert_auth *auth = anycert_auth_negotiate(err);

        if (!auth)
            anycert__profile_blame(profile, ID(AUTH), err);
        return auth;
    }
    *none = true;
    return NULL;
}

int anycert__profile_apply_auth(const struct anycert__applying *a, struct anycert_error *err)
{
    bool none = true;
    struct anycert_auth *auth = make(a, &none, err);
    int result = none ? 0 : auth ? anycert_config_set_auth(a->config, auth, err) : -1;

    anycert_auth_free(auth);
    return result;
}
