/* The request itself: method, header, URL, where the answer goes; and the command as a whole. */
#include "client/curl_command.h"

#include "base/mem.h"
#include "base/str.h"
#include "client/auth.h"
#include "client/retry.h"
#include "client/sigv4.h"
#include "client/target.h"
#include "http/decode.h"
#include "http/secret.h"

#include <string.h>

/* ---- method ---- */

/* curl chooses it by how it is given the body; said in words, it stays over redirects. */
static void add_method(struct anycert__curl *curl)
{
    const struct anycert__body *body = &curl->request->body;
    const char *method = curl->request->method;
    bool uploads = body->kind == ANYCERT__BODY_SOURCE && body->source->size < 0;
    bool is_chosen = (strcmp(method, "GET") == 0 && body->kind == ANYCERT__BODY_NONE) ||
                     (strcmp(method, "POST") == 0 && !uploads) ||
                     (strcmp(method, "PUT") == 0 && uploads);

    if (strcmp(method, "HEAD") == 0) {
        anycert__curl_flag(curl, "head");
        return;
    }
    if (is_chosen)
        return;
    anycert__curl_option(curl, "request", method);
    if (curl->client->config->max_redirects > 0)
        anycert__curl_note(curl, "curl keeps the method of --request over redirects of every kind");
}

/* ---- header ---- */

const struct anycert__fields *anycert__curl_fields(const struct anycert__curl *curl)
{
    const struct anycert__fields *own = &curl->request->headers;

    return own->count > 0 ? own : &curl->client->config->headers;
}

const char *anycert__curl_type(const struct anycert__curl *curl)
{
    const char *given = anycert__fields_get(anycert__curl_fields(curl), "Content-Type", 0);

    return given ? given : curl->request->body.type;
}

static void add_field(struct anycert__curl *curl, const struct anycert__field *field)
{
    const char *value = field->value;
    size_t len = strlen(field->name);

    anycert__curl_begin(curl, "header");
    anycert__curl_text(curl, field->name);
    if (!value) {
        anycert__curl_text(curl, ":");
        return;
    }
    if (!value[strspn(value, " \t")]) {
        anycert__curl_text(curl, ";");
        return;
    }
    anycert__curl_text(curl, ": ");
    if (anycert__is_secret_field(&curl->client->settings, field->name, len))
        anycert__curl_variable(curl, "ANYCERT_HEADER", field->name, len, "the value of the header");
    else
        anycert__curl_text(curl, value);
}

static bool has_field(const struct anycert__fields *fields, const char *name)
{
    for (size_t i = 0; i < fields->count; i++) {
        if (anycert__str_equal_nocase(fields->list[i].name, name))
            return true;
    }
    return false;
}

/* With a body of parts, a client's type cannot know their boundary, and none is no choice. */
static bool is_left_out(const struct anycert__curl *curl, const struct anycert__fields *fields,
                        const struct anycert__field *field)
{
    if (curl->request->body.kind == ANYCERT__BODY_PARTS &&
        anycert__str_equal_nocase(field->name, "Content-Type") &&
        (fields != &curl->request->headers || !field->value))
        return true;
    return anycert__curl_replaces(curl, field->name);
}

/* The header of which each request has another value. */
static void add_idempotency(struct anycert__curl *curl)
{
    const struct anycert_retry *own = curl->request->demands.retry;
    const char *name = anycert__retry_idempotency(own ? own : curl->client->config->demands.retry);

    if (!name || anycert__fields_get(&curl->request->headers, name, 0))
        return;
    anycert__curl_begin(curl, "header");
    anycert__curl_text(curl, name);
    anycert__curl_text(curl, ": ");
    anycert__curl_variable(curl, "ANYCERT_IDEMPOTENCY_KEY", NULL, 0,
                           "a value of its own for each request");
}

static void add_header(struct anycert__curl *curl)
{
    const struct anycert__fields *fields = anycert__curl_fields(curl);
    const struct anycert__fields *own = &curl->request->cookies;
    const struct anycert_config *config = curl->client->config;

    for (size_t i = 0; i < fields->count; i++) {
        if (!is_left_out(curl, fields, &fields->list[i]))
            add_field(curl, &fields->list[i]);
    }
    add_idempotency(curl);
    if (!has_field(fields, "User-Agent"))
        anycert__curl_option(curl, "user-agent", ANYCERT__USER_AGENT);
    if (config->decompress) {
        anycert__curl_flag(curl, "compressed");
        if (!has_field(fields, "Accept-Encoding") && !curl->request->resume)
            anycert__curl_option(curl, "header", "Accept-Encoding: " ANYCERT__CODINGS);
    }
    for (size_t i = 0; !has_field(fields, "Cookie") && i < own->count; i++) {
        anycert__curl_begin(curl, "cookie");
        anycert__curl_text(curl, own->list[i].name);
        anycert__curl_text(curl, "=");
        anycert__curl_variable(curl, "ANYCERT_COOKIE", own->list[i].name, strlen(own->list[i].name),
                               "the value of the cookie");
    }
    if (config->cookies && !has_field(fields, "Cookie") && !has_field(fields, "Host")) {
        anycert__curl_option(curl, "cookie", "");
        anycert__curl_note(curl, "the cookies that the client has are not in the command: "
                                 "anycert_client_save_cookies writes a file for --cookie");
    }
}

/* ---- where the answer goes ---- */

static void add_output(struct anycert__curl *curl)
{
    const struct anycert_request *request = curl->request;
    const struct anycert_config *config = curl->client->config;

    if (request->output_file) {
        anycert__curl_begin(curl, "output");
        if (strcmp(request->output_file, "-") == 0)
            anycert__curl_text(curl, "./");
        anycert__curl_text(curl, request->output_file);
        anycert__curl_note(curl, "curl writes to the file as it goes: it is there before it is "
                                 "whole, and after a failure");
    }
    if (request->body_callback)
        anycert__curl_note(curl, "the body of the answer goes to a callback of the program; that "
                                 "of curl to its standard output");
    if (request->resume) {
        anycert__curl_option(curl, "continue-at", "-");
        anycert__curl_note(curl, "--continue-at appends to whatever the file has: curl does not "
                                 "ask whether it is still the same one (If-Range)");
    }
    if (config->body_bytes) {
        anycert__curl_number(curl, "max-filesize", config->body_bytes);
        anycert__curl_note(curl, "--max-filesize counts compressed bytes, and not all versions "
                                 "of curl count where the length was not announced");
    }
    if (config->header_bytes)
        anycert__curl_note(curl, "the limit of a response's header is curl's own");
    if (request->demands.error_handler || config->demands.error_handler || config->polling ||
        config->error_type)
        anycert__curl_note(curl, "handlers and hooks of the program (for errors, for polling) see "
                                 "nothing of what curl does");
}

/* ---- URL ---- */

/* As it goes out, but for a key in the query that is added to it. NULL without memory. */
static char *make_url(const struct anycert__curl *curl)
{
    const struct anycert_auth *auth = curl->auth;
    const char *text = curl->request->url.text;
    char *url = NULL;

    if (auth && auth->kind == ANYCERT__AUTH_SIGV4)
        url = anycert__sigv4_url(auth->service, text, NULL);
    else if (auth && auth->kind == ANYCERT__AUTH_KEY_QUERY)
        url = anycert__target_without(text, auth->name, NULL, NULL);
    return url ? url : anycert__strdup(text);
}

/* Where another name is expected, it stands in the place of the host. */
static void add_url(struct anycert__curl *curl)
{
    const struct anycert__url *parts = &curl->request->url;
    char *url = make_url(curl);
    struct anycert__buf text;
    const char *path = NULL;

    anycert__buf_init_secret(&text, SIZE_MAX / 2);
    if (url) {
        path = strstr(url, "://");
        path = path ? path + 3 + strcspn(path + 3, "/?") : url;
        if (curl->expect_name)
            anycert__buf_addf(&text, "https://%s:%u%s", curl->expect_name, (unsigned)parts->port,
                              path);
        else
            anycert__buf_adds(&text, url);
    }
    if (text.data && !text.failed) {
        if (strpbrk(text.data, "[]{}"))
            anycert__curl_flag(curl, "globoff");
        anycert__buf_adds(&curl->options, " \\\n  ");
        anycert__curl_pairs(curl, text.data, text.len, "ANYCERT_PARAM");
        anycert__curl_auth_query(curl, strchr(text.data, '?') ? '&' : '?');
    } else {
        curl->options.failed = true;
    }
    anycert__buf_free(&text);
    anycert__free_secret(url);
}

/* ---- the whole ---- */

static void add_all(struct anycert__curl *curl)
{
    anycert__curl_credentials(curl);
    add_method(curl);
    anycert__curl_auth(curl);
    add_header(curl);
    anycert__curl_body(curl);
    anycert__curl_trust(curl);
    anycert__curl_way(curl);
    add_output(curl);
    add_url(curl);
}

char *anycert_client_curl_command(const struct anycert_client *client,
                                  const struct anycert_request *request, struct anycert_error *err)
{
    struct anycert__curl curl = {.client = client, .request = request};
    struct anycert__buf *const bufs[] = {&curl.notes, &curl.input, &curl.options, &curl.variables};
    struct anycert__buf all;
    bool has_failed = false;
    char *text = NULL;

    /* Over http a redirect may lead to another origin's https, which no relaxation is about. */
    curl.policy = anycert__policy_for(client->config, &request->url,
                                      request->url.https ? ANYCERT__HERE : ANYCERT__ELSEWHERE,
                                      anycert__clock_now(&client->config->clock), err);
    if (!curl.policy)
        return NULL;
    for (size_t i = 0; i < sizeof bufs / sizeof bufs[0]; i++)
        anycert__buf_init_secret(bufs[i], SIZE_MAX / 2);
    anycert__buf_init_secret(&all, SIZE_MAX / 2);
    add_all(&curl);
    for (size_t i = 0; i < 3; i++) {
        if (i == 2)
            anycert__buf_adds(&all, "curl --disable --silent --show-error");
        if (bufs[i]->data)
            anycert__buf_add(&all, bufs[i]->data, bufs[i]->len);
        has_failed = has_failed || bufs[i]->failed;
    }
    anycert__buf_adds(&all, "\n");
    if (has_failed || curl.variables.failed)
        anycert__fail_nomem(err);
    else
        text = anycert__buf_take(&all, "command", err);
    for (size_t i = 0; i < sizeof bufs / sizeof bufs[0]; i++)
        anycert__buf_free(bufs[i]);
    anycert__buf_free(&all);
    anycert_policy_free(curl.policy);
    return text;
}
