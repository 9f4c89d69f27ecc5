#include "client/auth.h"

#include "base/mem.h"
#include "base/str.h"
#include "client/internal.h"
#include "tls/tls.h"

#include <stdio.h>
#include <string.h>
#include <sys/random.h>

/* ---- life ---- */

struct anycert_auth *anycert__auth_new(enum anycert__auth_kind kind, struct anycert_error *err)
{
    struct anycert_auth *auth = anycert__calloc(1, sizeof *auth);

    if (!auth) {
        anycert__fail_nomem(err);
        return NULL;
    }
    atomic_init(&auth->references, 1);
    atomic_init(&auth->in_use, false);
    auth->kind = kind;
    return auth;
}

struct anycert_auth *anycert_auth_ref(struct anycert_auth *auth)
{
    if (auth)
        atomic_fetch_add_explicit(&auth->references, 1, memory_order_relaxed);
    return auth;
}

void anycert_auth_free(struct anycert_auth *auth)
{
    if (!auth || atomic_fetch_sub_explicit(&auth->references, 1, memory_order_acq_rel) != 1)
        return;
    anycert__oauth2_free(auth->oauth2);
    anycert__free_secret(auth->name);
    anycert__free_secret(auth->secret);
    anycert__free_secret(auth->session);
    anycert__free(auth->region);
    anycert__free(auth->service);
    anycert__wipe(auth, sizeof *auth);
    anycert__free(auth);
}

/* ---- identity ---- */

/* With its length in front, so that "ab", "c" is not "a", "bc". */
static int add_text(struct anycert__hash *hash, const char *text)
{
    char length[32];

    (void)snprintf(length, sizeof length, "%zu:", text ? strlen(text) : (size_t)0);
    if (anycert__hash_add(hash, text ? length : "-", text ? strlen(length) : 1) < 0)
        return -1;
    return text ? anycert__hash_add(hash, text, strlen(text)) : 0;
}

int anycert__auth_identify(struct anycert_auth *auth, const char *const *more, size_t count,
                           struct anycert_error *err)
{
    const char *const own[] = {auth->name, auth->secret, auth->session, auth->region,
                               auth->service};
    struct anycert__hash *hash = NULL;
    char kind[32];
    int result = 0;

    if (anycert__tls_init(err) < 0)
        return -1;
    hash = anycert__hash_new();
    result = hash ? 0 : -1;
    (void)snprintf(kind, sizeof kind, "%d.%d", (int)auth->kind, (int)auth->scheme);
    if (result == 0)
        result = add_text(hash, kind);
    for (size_t i = 0; result == 0 && i < sizeof own / sizeof own[0]; i++)
        result = add_text(hash, own[i]);
    for (size_t i = 0; result == 0 && i < count; i++)
        result = add_text(hash, more[i]);
    if (anycert__hash_end(hash, auth->identity) < 0 || result < 0)
        return anycert__fail_nomem(err);
    return 0;
}

/* A new one with name and secret (either may be NULL), identified. */
static struct anycert_auth *make(enum anycert__auth_kind kind, enum anycert__scheme scheme,
                                 const char *name, const char *secret, struct anycert_error *err)
{
    struct anycert_auth *auth = anycert__auth_new(kind, err);

    if (!auth)
        return NULL;
    auth->scheme = scheme;
    auth->name = anycert__strdup(name);
    auth->secret = anycert__strdup(secret);
    if ((name && !auth->name) || (secret && !auth->secret)) {
        anycert__fail_nomem(err);
        goto fail;
    }
    if (anycert__auth_identify(auth, NULL, 0, err) < 0)
        goto fail;
    return auth;
fail:
    anycert_auth_free(auth);
    return NULL;
}

/* ---- kinds ---- */

struct anycert_auth *anycert_auth_none(struct anycert_error *err)
{
    return make(ANYCERT__AUTH_NONE, ANYCERT__SCHEME_BASIC, NULL, NULL, err);
}

static struct anycert_auth *with_user(enum anycert__scheme scheme, const char *what,
                                      const char *user, const char *password,
                                      struct anycert_error *err)
{
    bool may_have_colon = scheme == ANYCERT__SCHEME_NTLM;

    if (!user || (!may_have_colon && strchr(user, ':')) ||
        anycert__has_control(user, strlen(user))) {
        anycert__fail(err, ANYCERT_E_USAGE,
                      "a user name for %s authentication has no %scontrol characters", what,
                      may_have_colon ? "" : "colon and no ");
        return NULL;
    }
    if (password && anycert__has_control(password, strlen(password))) {
        anycert__fail(err, ANYCERT_E_USAGE,
                      "a password for %s authentication has no control characters", what);
        return NULL;
    }
    return make(ANYCERT__AUTH_USER, scheme, user, password ? password : "", err);
}

struct anycert_auth *anycert_auth_basic(const char *user, const char *password,
                                        struct anycert_error *err)
{
    return with_user(ANYCERT__SCHEME_BASIC, "Basic", user, password, err);
}

struct anycert_auth *anycert_auth_digest(const char *user, const char *password,
                                         struct anycert_error *err)
{
    return with_user(ANYCERT__SCHEME_DIGEST, "Digest", user, password, err);
}

static bool check_scheme(enum anycert__scheme scheme, const char *what, struct anycert_error *err)
{
    if (anycert__http_has_scheme(scheme, 0))
        return true;
    anycert__fail(err, ANYCERT_E_USAGE, "libcurl %s was built without %s authentication",
                  anycert__libcurl_version(), what);
    return false;
}

struct anycert_auth *anycert_auth_ntlm(const char *user, const char *password,
                                       struct anycert_error *err)
{
    return check_scheme(ANYCERT__SCHEME_NTLM, "NTLM", err)
               ? with_user(ANYCERT__SCHEME_NTLM, "NTLM", user, password, err)
               : NULL;
}

/* Nobody knows what it stands for, but that it is no other one. */
static int identify_alone(struct anycert_auth *auth, struct anycert_error *err)
{
    if (getrandom(auth->identity, sizeof auth->identity, 0) == (ssize_t)sizeof auth->identity)
        return 0;
    return anycert__fail(err, ANYCERT_E_INTERNAL, "the system gives no random numbers");
}

/* libcurl wants to see a user, and looks at none. Whose ticket there is may change between two of
 * them, and servers may know connections, not requests. */
struct anycert_auth *anycert_auth_negotiate(struct anycert_error *err)
{
    struct anycert_auth *auth =
        check_scheme(ANYCERT__SCHEME_NEGOTIATE, "Negotiate", err)
            ? make(ANYCERT__AUTH_USER, ANYCERT__SCHEME_NEGOTIATE, "", "", err)
            : NULL;

    if (!auth || identify_alone(auth, err) == 0)
        return auth;
    anycert_auth_free(auth);
    return NULL;
}

bool anycert__is_visible(const char *text)
{
    if (!text || !*text)
        return false;
    for (; *text; text++) {
        if (*text < '!' || *text > '~')
            return false;
    }
    return true;
}

static bool check_visible(const char *text, const char *what, struct anycert_error *err)
{
    if (anycert__is_visible(text))
        return true;
    anycert__fail(err, ANYCERT_E_USAGE,
                  "%s is empty, or has something in it that is no visible "
                  "ASCII character",
                  what);
    return false;
}

struct anycert_auth *anycert_auth_bearer(const char *token, struct anycert_error *err)
{
    return check_visible(token, "a bearer token", err)
               ? make(ANYCERT__AUTH_BEARER, ANYCERT__SCHEME_BASIC, NULL, token, err)
               : NULL;
}

struct anycert_auth *anycert_auth_api_key_header(const char *name, const char *key,
                                                 struct anycert_error *err)
{
    if (anycert__field_check(name, key ? key : "", err) < 0)
        return NULL;
    if (!key || !*key) {
        anycert__fail(err, ANYCERT_E_USAGE, "the key for header '%.60s' is empty", name);
        return NULL;
    }
    return make(ANYCERT__AUTH_KEY_HEADER, ANYCERT__SCHEME_BASIC, name, key, err);
}

struct anycert_auth *anycert_auth_api_key_query(const char *name, const char *key,
                                                struct anycert_error *err)
{
    if (anycert__check_text(name, "the name of the parameter for the key", err) < 0)
        return NULL;
    if (!key || !*key) {
        anycert__fail(err, ANYCERT_E_USAGE, "the key for parameter '%.60s' is empty", name);
        return NULL;
    }
    return make(ANYCERT__AUTH_KEY_QUERY, ANYCERT__SCHEME_BASIC, name, key, err);
}

struct anycert_auth *anycert_auth_aws_sigv4(const char *access_key, const char *secret_key,
                                            const char *session_token, const char *region,
                                            const char *service, struct anycert_error *err)
{
    struct anycert_auth *auth = NULL;

    if (!check_visible(access_key, "the AWS access key", err) ||
        !check_visible(secret_key, "the AWS secret key", err) ||
        (session_token && !check_visible(session_token, "the AWS session token", err)) ||
        !check_visible(region, "the AWS region", err) ||
        !check_visible(service, "the AWS service", err))
        return NULL;
    if (strpbrk(access_key, "/, ") || strpbrk(region, "/, ") || strpbrk(service, "/, ")) {
        anycert__fail(err, ANYCERT_E_USAGE,
                      "an AWS access key, region or service has no slash and no comma");
        return NULL;
    }
    auth = make(ANYCERT__AUTH_SIGV4, ANYCERT__SCHEME_BASIC, access_key, secret_key, err);
    if (!auth)
        return NULL;
    auth->session = anycert__strdup(session_token);
    auth->region = anycert__strdup(region);
    auth->service = anycert__strdup(service);
    if ((session_token && !auth->session) || !auth->region || !auth->service)
        anycert__fail_nomem(err);
    else if (anycert__auth_identify(auth, NULL, 0, err) == 0)
        return auth;
    anycert_auth_free(auth);
    return NULL;
}

struct anycert_auth *anycert_auth_callback(anycert_auth_hook *on_request,
                                           anycert_auth_hook *on_failure, void *arg,
                                           struct anycert_error *err)
{
    struct anycert_auth *auth = NULL;

    if (!on_request) {
        anycert__fail(err, ANYCERT_E_USAGE, "there is no callback to make the credentials");
        return NULL;
    }
    auth = anycert__auth_new(ANYCERT__AUTH_CALLBACK, err);
    if (!auth)
        return NULL;
    auth->on_request = on_request;
    auth->on_failure = on_failure;
    auth->arg = arg;
    if (identify_alone(auth, err) == 0)
        return auth;
    anycert_auth_free(auth);
    return NULL;
}

/* ---- use ---- */

static void replace(struct anycert_auth **to, struct anycert_auth *auth)
{
    if (auth)
        atomic_store(&auth->in_use, true);
    (void)anycert_auth_ref(auth);
    anycert_auth_free(*to);
    *to = auth;
}

int anycert_config_set_auth(struct anycert_config *config, struct anycert_auth *auth,
                            struct anycert_error *err)
{
    (void)err;
    replace(&config->auth, auth);
    return 0;
}

int anycert_request_set_auth(struct anycert_request *request, struct anycert_auth *auth,
                             struct anycert_error *err)
{
    (void)err;
    replace(&request->auth, auth);
    anycert__free_secret(request->user);
    anycert__free_secret(request->password);
    request->user = request->password = NULL;
    return 0;
}
