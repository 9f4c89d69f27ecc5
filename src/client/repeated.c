#include "client/repeated.h"

#include "base/mem.h"
#include "client/auth.h"
#include "client/target.h"
#include "http/secret.h"

#include <string.h>

#define SHORTEST 8 /* as of everything that is hidden wherever it comes up */

/* An exchange that is made of the request's secrets alone, with copies that it owns. */
struct secrets {
    struct anycert__exchange exchange;
    char *list[4];
};

static void take(struct secrets *secrets, char *text)
{
    if (text && strlen(text) >= SHORTEST)
        secrets->list[secrets->exchange.secret_count++] = text;
    else
        anycert__free_secret(text);
}

static char *in_url(const char *text)
{
    struct anycert__buf buf;
    char *encoded = NULL;

    anycert__buf_init_secret(&buf, SIZE_MAX / 2);
    anycert__add_percent(&buf, text, strlen(text), "");
    encoded = anycert__buf_take(&buf, "key", NULL);
    anycert__buf_free(&buf);
    return encoded;
}

static void take_auth(struct secrets *secrets, struct anycert_auth *auth)
{
    int64_t expires_at = 0;

    switch (auth->kind) {
    case ANYCERT__AUTH_USER:
        secrets->exchange.user = auth->name;
        secrets->exchange.password = auth->secret;
        break;
    case ANYCERT__AUTH_BEARER:
    case ANYCERT__AUTH_KEY_HEADER:
        take(secrets, anycert__strdup(auth->secret));
        break;
    case ANYCERT__AUTH_KEY_QUERY:
        take(secrets, in_url(auth->secret));
        take(secrets, anycert__strdup(auth->secret));
        break;
    case ANYCERT__AUTH_SIGV4:
        take(secrets, anycert__strdup(auth->session));
        break;
    case ANYCERT__AUTH_OAUTH2:
        take(secrets, anycert_auth_oauth2_token(auth, &expires_at, NULL));
        break;
    case ANYCERT__AUTH_NONE:
    case ANYCERT__AUTH_CALLBACK: /* which alone knows */
        break;
    }
}

static void collect(struct secrets *secrets, const struct anycert_client *client,
                    const struct anycert_request *request)
{
    const struct anycert__fields *fields =
        request->headers.count > 0 ? &request->headers : &client->config->headers;
    struct anycert_auth *auth = request->auth   ? request->auth
                                : request->user ? NULL
                                                : client->config->auth;

    memset(secrets, 0, sizeof *secrets);
    secrets->exchange.url = &request->url;
    secrets->exchange.secrets = secrets->list;
    secrets->exchange.headers = fields->list;
    secrets->exchange.header_count = fields->count;
    secrets->exchange.user = request->user ? request->user : request->url.user;
    secrets->exchange.password = request->user ? request->password : request->url.password;
    if (auth)
        take_auth(secrets, auth);
}

static void clear(struct secrets *secrets)
{
    for (size_t i = 0; i < secrets->exchange.secret_count; i++)
        anycert__free_secret(secrets->list[i]);
}

void anycert__repeated_in_buf(const struct anycert_client *client,
                              const struct anycert_request *request, struct anycert__buf *text)
{
    struct secrets secrets;

    collect(&secrets, client, request);
    anycert__hide_in_buf(&client->settings, &secrets.exchange, text);
    clear(&secrets);
}

void anycert__repeated_in_error(const struct anycert_client *client,
                                const struct anycert_request *request, struct anycert_error *err)
{
    struct secrets secrets;

    if (!err)
        return;
    collect(&secrets, client, request);
    anycert__hide_in_error(&client->settings, &secrets.exchange, err);
    clear(&secrets);
}
