/* The credentials of one call: what each kind adds to an exchange. */
#include "client/auth.h"

#include "base/buf.h"
#include "base/mem.h"
#include "base/str.h"
#include "client/internal.h"
#include "client/payload.h"
#include "client/sigv4.h"
#include "client/target.h"
#include "http/secret.h"

#include <stdio.h>
#include <string.h>

void anycert__auth_begin(struct anycert__auth_use *use, struct anycert_auth *auth)
{
    memset(use, 0, sizeof *use);
    use->auth = anycert_auth_ref(auth);
}

/* What was made for the exchange before. */
static void clear_hop(struct anycert__auth_use *use)
{
    anycert__fields_clear(&use->fields);
    anycert__fields_clear(&use->params);
    anycert__free_secret(use->url);
    anycert__free(use->shown);
    use->url = use->shown = NULL;
    for (size_t i = 0; i < use->secret_count; i++)
        anycert__free_secret(use->secrets[i]);
    use->secret_count = 0;
    use->asked = false;
    use->again = 0;
    anycert__error_clear(&use->again_error);
}

void anycert__auth_end(struct anycert__auth_use *use)
{
    if (use->auth)
        anycert__oauth2_end(use);
    clear_hop(use);
    anycert_auth_free(use->auth);
    memset(use, 0, sizeof *use);
}

/* A text that no trace may show. Short ones come up everywhere by chance, so that hiding them would
 * tell what they are. */
static int hide(struct anycert__auth_use *use, const char *text, struct anycert_error *err)
{
    char *copy = NULL;

    if (strlen(text) < 8 || use->secret_count == sizeof use->secrets / sizeof use->secrets[0])
        return 0;
    copy = anycert__strdup(text);
    if (!copy)
        return anycert__fail_nomem(err);
    use->secrets[use->secret_count++] = copy;
    return 0;
}

/* ---- kinds ---- */

static int use_user(struct anycert__auth_use *use, const struct anycert__auth_hop *hop,
                    struct anycert__exchange *exchange, struct anycert_error *err)
{
    anycert__fields_remove(hop->headers, "Authorization");
    exchange->user = use->auth->name;
    exchange->password = use->auth->secret;
    exchange->scheme = use->auth->scheme;
    exchange->is_fresh = use->is_fresh;
    use->is_fresh = false;
    return hide(use, use->auth->secret, err);
}

static int use_token(struct anycert__auth_use *use, const char *token, struct anycert_error *err)
{
    struct anycert__buf value;
    int result = -1;

    anycert__buf_init_secret(&value, SIZE_MAX / 2);
    (void)anycert__buf_addf(&value, "Bearer %s", token);
    if (value.failed)
        anycert__fail_nomem(err);
    else
        result = anycert__fields_add(&use->fields, "Authorization", value.data, err);
    anycert__buf_free(&value);
    return result < 0 ? -1 : hide(use, token, err);
}

static int use_key_header(struct anycert__auth_use *use, struct anycert_error *err)
{
    if (anycert__fields_add(&use->fields, use->auth->name, use->auth->secret, err) < 0)
        return -1;
    return hide(use, use->auth->secret, err);
}

/* As it is, and as it stands in a URL. */
static int hide_param(struct anycert__auth_use *use, const char *value, struct anycert_error *err)
{
    struct anycert__buf encoded;
    int result = -1;

    anycert__buf_init_secret(&encoded, SIZE_MAX / 2);
    anycert__add_percent(&encoded, value, strlen(value), "");
    if (encoded.failed)
        anycert__fail_nomem(err);
    else
        result = hide(use, encoded.data ? encoded.data : "", err);
    anycert__buf_free(&encoded);
    return result < 0 ? -1 : hide(use, value, err);
}

/* The same URL for whoever looks on. */
static int show_param(struct anycert__auth_use *use, const char *name, const char *url,
                      struct anycert_error *err)
{
    char *text = anycert__target_with_param(use->shown ? use->shown : url, name, "", err);
    struct anycert__buf shown;

    if (!text)
        return -1;
    anycert__buf_init(&shown, SIZE_MAX / 2);
    (void)anycert__buf_addf(&shown, "%s" ANYCERT__HIDDEN, text);
    anycert__free(text);
    text = anycert__buf_take(&shown, "URL", err);
    anycert__buf_free(&shown);
    if (!text)
        return -1;
    anycert__free(use->shown);
    use->shown = text;
    return 0;
}

static int add_param(struct anycert__auth_use *use, const char *name, const char *value,
                     struct anycert__exchange *exchange, struct anycert_error *err)
{
    char *url =
        anycert__target_with_param(use->url ? use->url : exchange->url->text, name, value, err);

    if (!url)
        return -1;
    anycert__free_secret(use->url);
    use->url = url;
    if (show_param(use, name, exchange->url->text, err) < 0)
        return -1;
    return hide_param(use, value, err);
}

/* As libcurl writes the field: without the zone of an address, and the port if it is another than
 * the scheme's. NULL with NOMEM. */
static char *host_field(const struct anycert__url *url, struct anycert_error *err)
{
    struct anycert__buf buf;
    size_t zone = strcspn(url->host, "%");
    char *text = NULL;

    anycert__buf_init(&buf, SIZE_MAX / 2);
    (void)anycert__buf_add(&buf, url->host, zone);
    if (url->host[zone])
        (void)anycert__buf_adds(&buf, "]");
    if (url->port != (url->https ? 443 : 80))
        (void)anycert__buf_addf(&buf, ":%u", (unsigned)url->port);
    text = anycert__buf_take(&buf, "host", err);
    anycert__buf_free(&buf);
    return text;
}

/* Otherwise the field is added further down, where nobody would sign it. */
static int add_type(struct anycert__fields *headers, const struct anycert__body *body,
                    struct anycert_error *err)
{
    if (!body || !body->type)
        return 0;
    for (size_t i = 0; i < headers->count; i++) {
        if (anycert__str_equal_nocase(headers->list[i].name, "Content-Type"))
            return 0;
    }
    return anycert__fields_add(headers, "Content-Type", body->type, err);
}

static int use_sigv4(struct anycert__auth_use *use, const struct anycert__auth_hop *hop,
                     struct anycert__exchange *exchange, struct anycert_error *err)
{
    const struct anycert_auth *auth = use->auth;
    const struct anycert__sigv4_keys keys = {auth->name, auth->secret, auth->session, auth->region,
                                             auth->service};
    struct anycert__sigv4_request request = {.method = exchange->method, .now = hop->now};
    char payload[ANYCERT__PAYLOAD_SIZE];
    char *host = NULL;
    int result = -1;

    use->url = anycert__sigv4_url(auth->service, exchange->url->text, err);
    host = use->url ? host_field(exchange->url, err) : NULL;
    if (!host)
        goto out;
    if (anycert__fields_get(hop->headers, "X-Amz-Content-Sha256", 0))
        payload[0] = '\0'; /* the caller knows */
    else if (anycert__payload_digest(exchange->body, anycert__sigv4_is_s3(auth->service), payload,
                                     err) < 0)
        goto out;
    if (add_type(hop->headers, exchange->body, err) < 0)
        goto out;
    request.url = use->url;
    request.host = host;
    request.headers = hop->headers->list;
    request.header_count = hop->headers->count;
    request.payload = payload;
    result = anycert__sigv4_sign(&keys, &request, &use->fields, err);
    if (result == 0 && auth->session)
        result = hide(use, auth->session, err);
out:
    anycert__free(host);
    return result;
}

static int use_callback(struct anycert__auth_use *use, struct anycert__exchange *exchange,
                        struct anycert_error *err)
{
    if (anycert__hook_request(use, exchange, err) < 0)
        return -1;
    for (size_t i = 0; i < use->params.count; i++) {
        if (add_param(use, use->params.list[i].name, use->params.list[i].value, exchange, err) < 0)
            return -1;
    }
    for (size_t i = 0; i < use->fields.count; i++) {
        if (hide(use, use->fields.list[i].value, err) < 0)
            return -1;
    }
    return 0;
}

static int use_kind(struct anycert__auth_use *use, const struct anycert__auth_hop *hop,
                    struct anycert__exchange *exchange, struct anycert_error *err)
{
    switch (use->auth->kind) {
    case ANYCERT__AUTH_NONE:
        return 0;
    case ANYCERT__AUTH_USER:
        return use_user(use, hop, exchange, err);
    case ANYCERT__AUTH_BEARER:
        return use_token(use, use->auth->secret, err);
    case ANYCERT__AUTH_OAUTH2:
        return use_token(use, use->token, err);
    case ANYCERT__AUTH_KEY_HEADER:
        return use_key_header(use, err);
    case ANYCERT__AUTH_KEY_QUERY:
        return add_param(use, use->auth->name, use->auth->secret, exchange, err);
    case ANYCERT__AUTH_SIGV4:
        return use_sigv4(use, hop, exchange, err);
    case ANYCERT__AUTH_CALLBACK:
        return use_callback(use, exchange, err);
    }
    return 0;
}

int anycert__auth_prepare(struct anycert__auth_use *use, const struct anycert__auth_hop *hop,
                          struct anycert__exchange *exchange, struct anycert_error *err)
{
    clear_hop(use);
    if (use_kind(use, hop, exchange, err) < 0)
        return -1;
    for (size_t i = 0; i < use->fields.count; i++)
        anycert__fields_remove(hop->headers, use->fields.list[i].name);
    exchange->headers = hop->headers->list;
    exchange->header_count = hop->headers->count;
    exchange->auth_headers = use->fields.list;
    exchange->auth_header_count = use->fields.count;
    exchange->wire_url = use->url;
    exchange->wire_shown = use->shown;
    exchange->secrets = use->secrets;
    exchange->secret_count = use->secret_count;
    if (use->auth->kind != ANYCERT__AUTH_NONE)
        exchange->identity = use->auth->identity;
    return 0;
}

/* ---- what comes of it ---- */

static int ask(struct anycert__auth_use *use, const struct anycert__exchange *exchange,
               struct anycert_error *err)
{
    if (use->repeated || exchange->status != 401)
        return 0;
    switch (use->auth->kind) {
    case ANYCERT__AUTH_OAUTH2:
        use->repeated = true;
        use->rejected = use->serial;
        return 1;
    case ANYCERT__AUTH_CALLBACK:
        if (!use->auth->on_failure)
            return 0;
        use->repeated = true;
        return anycert__hook_failure(use, exchange, err);
    case ANYCERT__AUTH_USER:
        /* libcurl answers what this origin asked last, perhaps in another realm, and takes a second
         * challenge for a refusal. */
        use->repeated = use->is_fresh = exchange->is_preauthenticated;
        return exchange->is_preauthenticated ? 1 : 0;
    case ANYCERT__AUTH_NONE:
    case ANYCERT__AUTH_BEARER:
    case ANYCERT__AUTH_KEY_HEADER:
    case ANYCERT__AUTH_KEY_QUERY:
    case ANYCERT__AUTH_SIGV4:
        break;
    }
    return 0;
}

int anycert__auth_again(struct anycert__auth_use *use, const struct anycert__exchange *exchange,
                        struct anycert_error *err)
{
    if (!use->auth)
        return 0;
    if (!use->asked)
        use->again = ask(use, exchange, &use->again_error);
    use->asked = true;
    if (use->again < 0 && err)
        *err = use->again_error;
    return use->again;
}

static int strip(struct anycert__url *target, const char *name, const char *value,
                 struct anycert_error *err)
{
    struct anycert__url clean = {0};
    struct anycert_error lost = {0};
    char *text = anycert__target_without(target->text, name, value, &lost);
    int result = 0;

    if (!text && lost.code == 0)
        return 0;
    if (!text)
        return anycert__fail_nomem(err);
    result = anycert__url_parse(text, &clean, err);
    anycert__free_secret(text);
    if (result < 0)
        return -1;
    anycert__url_clear(target);
    *target = clean;
    return 0;
}

int anycert__auth_strip(const struct anycert__auth_use *use, struct anycert__url *target,
                        struct anycert_error *err)
{
    if (use->auth && use->auth->kind == ANYCERT__AUTH_KEY_QUERY)
        return strip(target, use->auth->name, use->auth->secret, err);
    for (size_t i = 0; i < use->params.count; i++) {
        if (strip(target, use->params.list[i].name, use->params.list[i].value, err) < 0)
            return -1;
    }
    return 0;
}
