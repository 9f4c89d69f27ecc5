/* Credentials as options of curl: who it is stands in the command, what proves it does not. */
#include "client/curl_command.h"

#include "base/mem.h"
#include "base/str.h"
#include "client/auth.h"
#include "client/oauth2.h"
#include "client/sigv4.h"
#include "client/target.h"
#include "http/secret.h"

#include <string.h>

void anycert__curl_credentials(struct anycert__curl *curl)
{
    const struct anycert_request *request = curl->request;

    if (request->auth)
        curl->auth = request->auth;
    else if (!request->user)
        curl->auth = curl->client->config->auth;
    if (curl->auth)
        return;
    curl->user = request->user ? request->user : request->url.user;
    curl->password = request->user ? request->password : request->url.password;
}

bool anycert__curl_replaces(const struct anycert__curl *curl, const char *name)
{
    bool is_authorization = anycert__str_equal_nocase(name, "Authorization");

    if (!curl->auth)
        return curl->user && is_authorization;
    switch (curl->auth->kind) {
    case ANYCERT__AUTH_NONE:
    case ANYCERT__AUTH_KEY_QUERY:
    case ANYCERT__AUTH_CALLBACK:
        break;
    case ANYCERT__AUTH_USER:
    case ANYCERT__AUTH_BEARER:
    case ANYCERT__AUTH_OAUTH2:
        return is_authorization;
    case ANYCERT__AUTH_KEY_HEADER:
        return anycert__str_equal_nocase(name, curl->auth->name);
    case ANYCERT__AUTH_SIGV4:
        return is_authorization || anycert__str_equal_nocase(name, "X-Amz-Date") ||
               (curl->auth->session && anycert__str_equal_nocase(name, "X-Amz-Security-Token"));
    }
    return false;
}

static void add_user(struct anycert__curl *curl, const char *user, const char *password,
                     const char *what)
{
    anycert__curl_begin(curl, "user");
    anycert__curl_text(curl, user);
    anycert__curl_text(curl, ":");
    if (password && *password)
        anycert__curl_variable(curl, "ANYCERT_PASSWORD", NULL, 0, what);
}

static void add_scheme(struct anycert__curl *curl)
{
    switch (curl->auth->scheme) {
    case ANYCERT__SCHEME_BASIC:
        break;
    case ANYCERT__SCHEME_DIGEST:
        anycert__curl_flag(curl, "digest");
        break;
    case ANYCERT__SCHEME_NTLM:
        anycert__curl_flag(curl, "ntlm");
        break;
    case ANYCERT__SCHEME_NEGOTIATE:
        anycert__curl_flag(curl, "negotiate");
        break;
    }
}

static void add_key_header(struct anycert__curl *curl)
{
    const char *name = curl->auth->name;

    anycert__curl_begin(curl, "header");
    anycert__curl_text(curl, name);
    anycert__curl_text(curl, ": ");
    anycert__curl_variable(curl, "ANYCERT_API_KEY", NULL, 0, "the key in the header");
    if (curl->client->config->max_redirects > 0)
        anycert__curl_note(curl, "curl sends the key to every host of a redirect");
}

/* The names are those that AWS's own tools read. */
static void add_sigv4(struct anycert__curl *curl)
{
    const struct anycert_auth *auth = curl->auth;

    anycert__curl_begin(curl, "aws-sigv4");
    anycert__curl_text(curl, "aws:amz:");
    anycert__curl_text(curl, auth->region);
    anycert__curl_text(curl, ":");
    anycert__curl_text(curl, auth->service);
    anycert__curl_begin(curl, "user");
    anycert__curl_variable(curl, "AWS_ACCESS_KEY_ID", NULL, 0, "the access key");
    anycert__curl_text(curl, ":");
    anycert__curl_variable(curl, "AWS_SECRET_ACCESS_KEY", NULL, 0, "the secret key");
    if (auth->session) {
        anycert__curl_begin(curl, "header");
        anycert__curl_text(curl, "X-Amz-Security-Token: ");
        anycert__curl_variable(curl, "AWS_SESSION_TOKEN", NULL, 0, "the session token");
    }
    anycert__curl_note(curl, "curl signs by rules of its own, before version 8.8 wrongly where "
                             "there is a query, and not for Amazon S3");
}

static void add_oauth2(struct anycert__curl *curl)
{
    const struct anycert__oauth2 *oauth2 = curl->auth->oauth2;
    char *url = anycert__url_shown(&curl->client->settings, oauth2->url.text);

    anycert__curl_begin(curl, "header");
    anycert__curl_text(curl, "Authorization: Bearer ");
    anycert__curl_variable(curl, "ANYCERT_TOKEN", NULL, 0,
                           "the access token; curl does not ask for one by itself");
    anycert__curl_note(curl, "the token comes from a POST to %s by client '%s', its secret %s",
                       url ? url : "", oauth2->client_id,
                       oauth2->style == ANYCERT_OAUTH2_BASIC ? "as with --user"
                                                             : "as client_secret in the body");
    anycert__curl_note(curl, "its body: grant_type=client_credentials%s%s%s%s%s",
                       oauth2->scope ? ", scope=" : "", oauth2->scope ? oauth2->scope : "",
                       oauth2->audience ? ", audience=" : "",
                       oauth2->audience ? oauth2->audience : "",
                       oauth2->params.count ? ", and parameters of the program's" : "");
    if (!url)
        curl->options.failed = true;
    anycert__free(url);
}

void anycert__curl_auth(struct anycert__curl *curl)
{
    const struct anycert_auth *auth = curl->auth;

    if (!auth) {
        if (curl->user)
            add_user(curl, curl->user, curl->password, "the password for the server");
        return;
    }
    switch (auth->kind) {
    case ANYCERT__AUTH_NONE:
    case ANYCERT__AUTH_KEY_QUERY:
        break;
    case ANYCERT__AUTH_USER:
        add_scheme(curl);
        add_user(curl, auth->name, auth->secret, "the password for the server");
        break;
    case ANYCERT__AUTH_BEARER:
        anycert__curl_begin(curl, "header");
        anycert__curl_text(curl, "Authorization: Bearer ");
        anycert__curl_variable(curl, "ANYCERT_TOKEN", NULL, 0, "the bearer token");
        break;
    case ANYCERT__AUTH_KEY_HEADER:
        add_key_header(curl);
        break;
    case ANYCERT__AUTH_SIGV4:
        add_sigv4(curl);
        break;
    case ANYCERT__AUTH_OAUTH2:
        add_oauth2(curl);
        break;
    case ANYCERT__AUTH_CALLBACK:
        anycert__curl_note(curl, "the credentials come from a callback of the program, and are not "
                                 "in the command");
        break;
    }
}

void anycert__curl_auth_query(struct anycert__curl *curl, char mark)
{
    struct anycert__buf name;

    if (!curl->auth || curl->auth->kind != ANYCERT__AUTH_KEY_QUERY)
        return;
    anycert__buf_init(&name, SIZE_MAX / 2);
    anycert__buf_add(&name, &mark, 1);
    anycert__add_percent(&name, curl->auth->name, strlen(curl->auth->name), "");
    anycert__buf_adds(&name, "=");
    if (name.failed)
        curl->options.failed = true;
    else
        anycert__curl_text(curl, name.data);
    anycert__buf_free(&name);
    anycert__curl_variable(curl, "ANYCERT_API_KEY", NULL, 0, "the key, percent-encoded");
}
