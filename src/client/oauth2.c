#include "client/oauth2.h"

#include "base/mem.h"
#include "base/str.h"
#include "client/internal.h"

#include <string.h>

#define DEFAULT_REFRESH 60
#define MAX_REFRESH     86400

void anycert__oauth2_free(struct anycert__oauth2 *oauth2)
{
    if (!oauth2)
        return;
    while (oauth2->slots) {
        struct anycert__oauth2_slot *slot = oauth2->slots;

        oauth2->slots = slot->next;
        anycert__free_secret(slot->token);
        anycert__free(slot->terms);
        anycert__free(slot);
    }
    anycert__url_clear(&oauth2->url);
    anycert__free_secret(oauth2->client_id);
    anycert__free_secret(oauth2->client_secret);
    anycert__free(oauth2->scope);
    anycert__free(oauth2->audience);
    anycert__fields_clear(&oauth2->params);
    anycert__free_secret(oauth2->first_token);
    anycert__free_secret(oauth2->newest);
    if (oauth2->mutex_ready)
        pthread_mutex_destroy(&oauth2->mutex);
    anycert__free(oauth2);
}

/* Everything that makes it another principal, or another token. */
static int identify(struct anycert_auth *auth, struct anycert_error *err)
{
    const struct anycert__oauth2 *oauth2 = auth->oauth2;
    size_t count = 5 + 2 * oauth2->params.count;
    const char **more = anycert__calloc(count, sizeof *more);
    int result = -1;

    if (!more)
        return anycert__fail_nomem(err);
    more[0] = oauth2->url.text;
    more[1] = oauth2->client_id;
    more[2] = oauth2->client_secret;
    more[3] = oauth2->scope;
    more[4] = oauth2->audience;
    for (size_t i = 0; i < oauth2->params.count; i++) {
        more[5 + 2 * i] = oauth2->params.list[i].name;
        more[6 + 2 * i] = oauth2->params.list[i].value;
    }
    result = anycert__auth_identify(auth, more, count, err);
    anycert__free(more);
    return result;
}

static bool is_this_machine(const struct anycert__url *url)
{
    return strcmp(url->host, "localhost") == 0 || anycert__str_starts(url->host, "127.") ||
           strcmp(url->host, "[::1]") == 0;
}

static int check_client(const char *client_id, const char *client_secret, struct anycert_error *err)
{
    if (anycert__check_text(client_id, "the OAuth 2.0 client id", err) < 0)
        return -1;
    return anycert__check_text(client_secret, "the OAuth 2.0 client secret", err);
}

/* RFC 6749 section 3.2: no fragment, user information being no part of it either; TLS is a must. */
static int parse_url(struct anycert__oauth2 *oauth2, const char *text, struct anycert_error *err)
{
    if (anycert__url_parse(text, &oauth2->url, err) < 0)
        return anycert__error_prefix(err, "token URL");
    if (oauth2->url.user)
        return anycert__fail(err, ANYCERT_E_URL,
                             "the token URL has a user in it; id and secret are given beside it");
    if (!oauth2->url.https && !is_this_machine(&oauth2->url))
        return anycert__fail(err, ANYCERT_E_URL,
                             "the token URL %s is not https, so the client's secret would be sent "
                             "in clear text",
                             oauth2->url.origin);
    return 0;
}

struct anycert_auth *anycert_auth_oauth2(const char *token_url, const char *client_id,
                                         const char *client_secret, struct anycert_error *err)
{
    struct anycert_auth *auth = NULL;
    struct anycert__oauth2 *oauth2 = NULL;

    if (check_client(client_id, client_secret, err) < 0)
        return NULL;
    auth = anycert__auth_new(ANYCERT__AUTH_OAUTH2, err);
    if (!auth)
        return NULL;
    oauth2 = auth->oauth2 = anycert__calloc(1, sizeof *oauth2);
    if (!oauth2)
        goto nomem;
    oauth2->mutex_ready = pthread_mutex_init(&oauth2->mutex, NULL) == 0;
    oauth2->refresh_before = DEFAULT_REFRESH;
    oauth2->client_id = anycert__strdup(client_id);
    oauth2->client_secret = anycert__strdup(client_secret);
    if (!oauth2->mutex_ready || !oauth2->client_id || !oauth2->client_secret)
        goto nomem;
    if (parse_url(oauth2, token_url, err) < 0 || identify(auth, err) < 0)
        goto fail;
    return auth;
nomem:
    anycert__fail_nomem(err);
fail:
    anycert_auth_free(auth);
    return NULL;
}

/* ---- settings ---- */

/* The object's settings, as long as they may be changed. */
static struct anycert__oauth2 *open_for(struct anycert_auth *auth, struct anycert_error *err)
{
    if (auth->kind != ANYCERT__AUTH_OAUTH2)
        anycert__fail(err, ANYCERT_E_USAGE, "these credentials are not for OAuth 2.0");
    else if (atomic_load(&auth->in_use))
        anycert__fail(err, ANYCERT_E_STATE,
                      "these credentials are in use already and cannot be changed any more");
    else
        return auth->oauth2;
    return NULL;
}

static int set_text(struct anycert_auth *auth, char **to, const char *text, const char *what,
                    struct anycert_error *err)
{
    char *copy = NULL;

    if (text && anycert__check_text(text, what, err) < 0)
        return -1;
    copy = anycert__strdup(text);
    if (text && !copy)
        return anycert__fail_nomem(err);
    anycert__free(*to);
    *to = copy;
    return identify(auth, err);
}

int anycert_auth_oauth2_set_scope(struct anycert_auth *auth, const char *scope,
                                  struct anycert_error *err)
{
    struct anycert__oauth2 *oauth2 = open_for(auth, err);

    return oauth2 ? set_text(auth, &oauth2->scope, scope, "the OAuth 2.0 scope", err) : -1;
}

int anycert_auth_oauth2_set_audience(struct anycert_auth *auth, const char *audience,
                                     struct anycert_error *err)
{
    struct anycert__oauth2 *oauth2 = open_for(auth, err);

    return oauth2 ? set_text(auth, &oauth2->audience, audience, "the OAuth 2.0 audience", err) : -1;
}

int anycert_auth_oauth2_add_param(struct anycert_auth *auth, const char *name, const char *value,
                                  struct anycert_error *err)
{
    static const char *const own[] = {"grant_type", "client_id", "client_secret", "scope",
                                      "audience"};
    struct anycert__oauth2 *oauth2 = open_for(auth, err);

    if (!oauth2 || anycert__check_text(name, "the name of a parameter", err) < 0)
        return -1;
    for (size_t i = 0; i < sizeof own / sizeof own[0]; i++) {
        if (strcmp(name, own[i]) == 0)
            return anycert__fail(err, ANYCERT_E_USAGE,
                                 "the parameter '%s' of a token request is set otherwise", name);
    }
    if (anycert__fields_add(&oauth2->params, name, value ? value : "", err) < 0)
        return -1;
    return identify(auth, err);
}

int anycert_auth_oauth2_set_style(struct anycert_auth *auth, enum anycert_oauth2_style style,
                                  struct anycert_error *err)
{
    struct anycert__oauth2 *oauth2 = open_for(auth, err);

    if (!oauth2)
        return -1;
    if (style != ANYCERT_OAUTH2_BASIC && style != ANYCERT_OAUTH2_BODY)
        return anycert__fail(err, ANYCERT_E_USAGE, "there is no style %d of OAuth 2.0", (int)style);
    oauth2->style = style;
    return 0;
}

int anycert_auth_oauth2_set_refresh_before(struct anycert_auth *auth, uint32_t seconds,
                                           struct anycert_error *err)
{
    struct anycert__oauth2 *oauth2 = open_for(auth, err);

    if (!oauth2)
        return -1;
    if (seconds > MAX_REFRESH)
        return anycert__fail(err, ANYCERT_E_USAGE,
                             "a token is renewed at most %d seconds before it expires, not %u",
                             MAX_REFRESH, (unsigned)seconds);
    oauth2->refresh_before = seconds;
    return 0;
}

int anycert_auth_oauth2_set_token(struct anycert_auth *auth, const char *token, int64_t expires_at,
                                  struct anycert_error *err)
{
    struct anycert__oauth2 *oauth2 = open_for(auth, err);
    char *copy = NULL;

    if (!oauth2)
        return -1;
    if (token && !anycert__is_visible(token))
        return anycert__fail(err, ANYCERT_E_USAGE,
                             "the token is empty, or has something in it that is no visible ASCII "
                             "character");
    copy = anycert__strdup(token);
    if (token && !copy)
        return anycert__fail_nomem(err);
    anycert__free_secret(oauth2->first_token);
    oauth2->first_token = copy;
    oauth2->first_expires_at = expires_at > 0 ? expires_at : INT64_MAX;
    return 0;
}

char *anycert_auth_oauth2_token(struct anycert_auth *auth, int64_t *expires_at,
                                struct anycert_error *err)
{
    struct anycert__oauth2 *oauth2 = auth->oauth2;
    int64_t unused = 0;
    char *copy = NULL;

    expires_at = expires_at ? expires_at : &unused;
    *expires_at = 0;
    if (auth->kind != ANYCERT__AUTH_OAUTH2) {
        anycert__fail(err, ANYCERT_E_USAGE, "these credentials are not for OAuth 2.0");
        return NULL;
    }
    pthread_mutex_lock(&oauth2->mutex);
    copy = anycert__strdup(oauth2->newest);
    if (oauth2->newest && !copy)
        anycert__fail_nomem(err);
    if (copy && oauth2->newest_expires_at != INT64_MAX)
        *expires_at = oauth2->newest_expires_at;
    pthread_mutex_unlock(&oauth2->mutex);
    return copy;
}
