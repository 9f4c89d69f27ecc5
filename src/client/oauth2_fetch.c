/* The token request of RFC 6749 section 4.4.2, and what is answered (sections 4.4.3, 5.1, 5.2). */
#include "client/oauth2.h"

#include "base/mem.h"
#include "base/str.h"
#include "client/internal.h"
#include "client/json_memory.h"
#include "client/target.h"
#include "http/secret.h"

#include <yyjson.h>

#include <string.h>

#define LEAST_SECRET 8 /* bytes of a parameter that may be one */
#define MAX_REQUEST  (1u << 20)
#define MAX_ANSWER   (256u * 1024)
#define MAX_LIFETIME (INT64_C(100) * 366 * 86400)

void anycert__oauth2_fetch_free(struct anycert__oauth2_fetch *fetch)
{
    if (!fetch)
        return;
    anycert__fields_clear(&fetch->headers);
    anycert__buf_free(&fetch->body);
    anycert__buf_free(&fetch->answer);
    anycert__free_secret(fetch->user);
    anycert__free_secret(fetch->password);
    anycert__free(fetch);
}

/* ---- the request ---- */

static void add_param(struct anycert__buf *body, const char *name, const char *value)
{
    if (!value)
        return;
    if (body->len > 0)
        (void)anycert__buf_adds(body, "&");
    anycert__add_percent(body, name, strlen(name), "");
    (void)anycert__buf_adds(body, "=");
    anycert__add_percent(body, value, strlen(value), "");
}

static void write_body(struct anycert__oauth2_fetch *fetch, const struct anycert__oauth2 *oauth2)
{
    add_param(&fetch->body, "grant_type", "client_credentials");
    if (oauth2->style == ANYCERT_OAUTH2_BODY) {
        add_param(&fetch->body, "client_id", oauth2->client_id);
        add_param(&fetch->body, "client_secret", oauth2->client_secret);
    }
    add_param(&fetch->body, "scope", oauth2->scope);
    add_param(&fetch->body, "audience", oauth2->audience);
    for (size_t i = 0; i < oauth2->params.count; i++)
        add_param(&fetch->body, oauth2->params.list[i].name, oauth2->params.list[i].value);
}

static char *encoded(const char *text, struct anycert_error *err)
{
    struct anycert__buf buf;
    char *copy = NULL;

    anycert__buf_init_secret(&buf, MAX_REQUEST);
    anycert__add_percent(&buf, text, strlen(text), "");
    copy = anycert__buf_take(&buf, "OAuth 2.0 client", err);
    anycert__buf_free(&buf);
    return copy;
}

/* In memory, and not too much of it. */
static int take_answer(void *arg, struct anycert__exchange *exchange, const void *bytes, size_t len,
                       struct anycert_error *err)
{
    struct anycert__oauth2_fetch *fetch = arg;

    (void)exchange;
    if (anycert__buf_add(&fetch->answer, bytes, len) == 0)
        return 0;
    fetch->too_large = fetch->answer.too_large;
    return fetch->too_large ? anycert__fail(err, ANYCERT_E_AUTH,
                                            "the answer is larger than %u bytes", MAX_ANSWER)
                            : anycert__fail_nomem(err);
}

static int fill(struct anycert__oauth2_fetch *fetch, const struct anycert__oauth2 *oauth2,
                struct anycert_error *err)
{
    anycert__buf_init_secret(&fetch->body, MAX_REQUEST);
    anycert__buf_init_secret(&fetch->answer, MAX_ANSWER);
    fetch->user = encoded(oauth2->client_id, err);
    fetch->password = encoded(oauth2->client_secret, err);
    if (!fetch->user || !fetch->password)
        return -1;
    write_body(fetch, oauth2);
    if (fetch->body.too_large)
        return anycert__fail(err, ANYCERT_E_USAGE, "the token request is larger than %u bytes",
                             MAX_REQUEST);
    if (fetch->body.failed)
        return anycert__fail_nomem(err);
    return anycert__fields_add(&fetch->headers, "Accept", "application/json", err);
}

int anycert__oauth2_fetch_new(const struct anycert_auth *auth, struct anycert__exchange *exchange,
                              struct anycert__oauth2_fetch **out, struct anycert_error *err)
{
    const struct anycert__oauth2 *oauth2 = auth->oauth2;
    struct anycert__oauth2_fetch *fetch = anycert__calloc(1, sizeof *fetch);

    *out = fetch;
    if (!fetch)
        return anycert__fail_nomem(err);
    if (fill(fetch, oauth2, err) < 0)
        return -1;
    exchange->method = "POST";
    exchange->url = &oauth2->url;
    exchange->headers = fetch->headers.list;
    exchange->header_count = fetch->headers.count;
    fetch->whole = (struct anycert__body){.kind = ANYCERT__BODY_BYTES,
                                          .bytes = fetch->body.data,
                                          .len = fetch->body.len,
                                          .type = "application/x-www-form-urlencoded"};
    exchange->body = &fetch->whole;
    exchange->has_secret_body = true;
    if (oauth2->style == ANYCERT_OAUTH2_BASIC) {
        exchange->user = fetch->user;
        exchange->password = fetch->password;
    }
    exchange->identity = auth->identity;
    fetch->secrets[0] = oauth2->client_secret;
    fetch->secrets[1] = fetch->password;
    exchange->secrets = fetch->secrets;
    exchange->secret_count = 2;
    exchange->sink = take_answer;
    exchange->sink_arg = fetch;
    return 0;
}

/* ---- the answer ---- */

static const char *text_of(yyjson_val *object, const char *key)
{
    if (!object)
        return NULL;
    yyjson_val *value = yyjson_obj_get(object, key);

    /* One with a NUL in it is none. */
    return yyjson_is_str(value) && strlen(yyjson_get_str(value)) == yyjson_get_len(value)
               ? yyjson_get_str(value)
               : NULL;
}

/* Some servers write the number as text. */
static int64_t lifetime_of(yyjson_val *object)
{
    yyjson_val *value = yyjson_obj_get(object, "expires_in");
    const char *text = text_of(object, "expires_in");
    uint64_t number = 0;

    if (text && anycert__parse_uint(text, (uint64_t)MAX_LIFETIME, &number))
        return (int64_t)number;
    if (!yyjson_is_num(value))
        return -1;
    if (yyjson_get_num(value) >= (double)MAX_LIFETIME)
        return MAX_LIFETIME;
    return yyjson_get_num(value) > 0 ? (int64_t)yyjson_get_num(value) : 0;
}

/* What the server says is shown, unless it repeats a secret, in any form that it was sent in. */
static bool may_show(const struct anycert__oauth2 *oauth2,
                     const struct anycert__oauth2_fetch *fetch, const char *text)
{
    static const struct anycert__http_settings settings;
    const struct anycert__exchange exchange = {.user = fetch->user,
                                               .password = fetch->password,
                                               .secrets = fetch->secrets,
                                               .secret_count = 2};
    struct anycert__buf copy;
    bool is_harmless = false;

    if (!text || !*text || strstr(text, oauth2->client_secret))
        return false;
    for (size_t i = 0; i < oauth2->params.count; i++) {
        const char *value = oauth2->params.list[i].value;

        if (strlen(value) >= LEAST_SECRET && strstr(text, value))
            return false;
    }
    anycert__buf_init_secret(&copy, SIZE_MAX / 2);
    (void)anycert__buf_adds(&copy, text);
    anycert__hide_in_buf(&settings, &exchange, &copy);
    is_harmless = !copy.failed && strcmp(copy.data, text) == 0;
    anycert__buf_free(&copy);
    return is_harmless;
}

static int refused(const struct anycert__oauth2 *oauth2, const struct anycert__oauth2_fetch *fetch,
                   int status, yyjson_val *object, struct anycert_error *err)
{
    const char *code = text_of(object, "error");
    const char *more = text_of(object, "error_description");

    if (!may_show(oauth2, fetch, code))
        code = NULL;
    if (!may_show(oauth2, fetch, more))
        more = NULL;
    if (status >= 300 && status < 400)
        return anycert__fail(err, ANYCERT_E_AUTH,
                             "token request to %s: it redirects (status %d), and the client's "
                             "secret is not sent elsewhere",
                             oauth2->url.origin, status);
    return anycert__fail(err, ANYCERT_E_AUTH, "token request to %s: status %d%s%.60s%s%.200s",
                         oauth2->url.origin, status, code ? ", " : "", code ? code : "",
                         more ? ": " : "", more ? more : "");
}

static int unusable(const struct anycert__oauth2 *oauth2, const char *why,
                    struct anycert_error *err)
{
    return anycert__fail(err, ANYCERT_E_AUTH, "token request to %s: the answer %s",
                         oauth2->url.origin, why);
}

static int read_token(const struct anycert__oauth2 *oauth2,
                      const struct anycert__oauth2_fetch *fetch, yyjson_val *object, char **token,
                      int64_t *lifetime, struct anycert_error *err)
{
    const char *found = text_of(object, "access_token");
    const char *type = text_of(object, "token_type");

    if (!object)
        return unusable(oauth2, "is not a JSON object", err);
    if (!found)
        return unusable(oauth2, "has no access_token", err);
    if (!anycert__is_visible(found))
        return unusable(oauth2, "has an access_token that no header field can have", err);
    if (type && !anycert__str_equal_nocase(type, "Bearer"))
        return anycert__fail(err, ANYCERT_E_AUTH,
                             "token request to %s: the token is of the type '%.40s', and only "
                             "bearer tokens are known here",
                             oauth2->url.origin, may_show(oauth2, fetch, type) ? type : "");
    *lifetime = lifetime_of(object);
    *token = anycert__strdup(found);
    return *token ? 0 : anycert__fail_nomem(err);
}

int anycert__oauth2_read(const struct anycert__oauth2 *oauth2, struct anycert__oauth2_fetch *fetch,
                         int status, char **token, int64_t *lifetime, struct anycert_error *err)
{
    static const char padding[YYJSON_PADDING_SIZE];
    size_t len = fetch->answer.len;
    yyjson_read_err why = {0};
    yyjson_doc *doc = NULL;
    yyjson_val *object = NULL;
    int result = -1;

    *token = NULL;
    *lifetime = -1;
    if (fetch->too_large) {
        anycert__error_clear(err);
        return unusable(oauth2, "is larger than 256 KiB", err);
    }
    /* In place, so that no copy of the token is made that nobody wipes. */
    fetch->answer.max += sizeof padding;
    if (anycert__buf_add(&fetch->answer, padding, sizeof padding) < 0)
        return anycert__fail_nomem(err);
    doc =
        yyjson_read_opts(fetch->answer.data, len, YYJSON_READ_INSITU, anycert__json_memory(), &why);
    if (!doc && why.code == YYJSON_READ_ERROR_MEMORY_ALLOCATION)
        return anycert__fail_nomem(err);
    object = doc && yyjson_is_obj(yyjson_doc_get_root(doc)) ? yyjson_doc_get_root(doc) : NULL;
    result = status == 200 ? read_token(oauth2, fetch, object, token, lifetime, err)
                           : refused(oauth2, fetch, status, object, err);
    yyjson_doc_free(doc);
    return result;
}
