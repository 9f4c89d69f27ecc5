#include "client/internal.h"

#include "base/mem.h"
#include "base/str.h"
#include "client/query.h"

#include <string.h>

struct anycert_request *anycert_request_new(const char *method, const char *url,
                                            struct anycert_error *err)
{
    struct anycert_request *request = NULL;

    if (!anycert__is_token(method)) {
        anycert__fail(err, ANYCERT_E_USAGE, "method '%.40s' is not a token (RFC 9110 section 9.1)",
                      method ? method : "");
        return NULL;
    }
    if (strcmp(method, "CONNECT") == 0) {
        anycert__fail(err, ANYCERT_E_USAGE,
                      "method CONNECT is for proxies; anycert sends it by itself");
        return NULL;
    }
    request = anycert__calloc(1, sizeof *request);
    if (!request) {
        anycert__fail_nomem(err);
        return NULL;
    }
    request->max_redirects = -1;
    request->method = anycert__strdup(method);
    if (!request->method) {
        anycert__fail_nomem(err);
        goto fail;
    }
    if (anycert__url_parse(url, &request->url, err) < 0)
        goto fail;
    if (request->url.user && strchr(request->url.user, ':')) {
        anycert__fail(err, ANYCERT_E_URL, "the user name in the URL has a colon in it");
        goto fail;
    }
    return request;
fail:
    anycert_request_free(request);
    return NULL;
}

static void clear_output(struct anycert_request *request)
{
    anycert__free(request->output_file);
    request->output_file = NULL;
    request->body_callback = NULL;
    request->body_arg = NULL;
}

void anycert_request_free(struct anycert_request *request)
{
    if (!request)
        return;
    anycert__body_clear(&request->body);
    clear_output(request);
    anycert__fields_clear(&request->headers);
    anycert__fields_clear(&request->cookies);
    anycert__demands_clear(&request->demands);
    anycert__fields_clear(&request->params);
    anycert__free_secret(request->query);
    anycert__free_secret(request->plain_url);
    anycert__url_clear(&request->url);
    anycert__free_secret(request->user);
    anycert__free_secret(request->password);
    anycert_auth_free(request->auth);
    anycert__free(request->method);
    anycert__free(request);
}

int anycert_request_add_header(struct anycert_request *request, const char *name, const char *value,
                               struct anycert_error *err)
{
    if (anycert__field_check(name, value, err) < 0)
        return -1;
    return anycert__fields_add(&request->headers, name, value, err);
}

/* Makes the URL's text anew from what it was and what was added. */
static int renew_url(struct anycert_request *request, struct anycert_error *err)
{
    const char *plain = request->plain_url ? request->plain_url : request->url.text;
    char *text = anycert__url_with_query(plain, request->query, &request->params,
                                         request->query_encoding, err);

    if (!text)
        return -1;
    if (request->plain_url)
        anycert__free_secret(request->url.text);
    else
        request->plain_url = request->url.text;
    request->url.text = text;
    return 0;
}

int anycert_request_add_param(struct anycert_request *request, const char *name, const char *value,
                              struct anycert_error *err)
{
    if (!name || !value)
        return anycert__fail(err, ANYCERT_E_USAGE, "a query parameter has no %s",
                             name ? "value" : "name");
    if (anycert__fields_add(&request->params, name, value, err) < 0)
        return -1;
    if (renew_url(request, err) == 0)
        return 0;
    anycert__fields_drop_last(&request->params);
    return -1;
}

int anycert_request_set_query_encoding(struct anycert_request *request,
                                       enum anycert_query_encoding encoding,
                                       struct anycert_error *err)
{
    enum anycert_query_encoding before = request->query_encoding;

    if (encoding != ANYCERT_QUERY_PLUS && encoding != ANYCERT_QUERY_PERCENT)
        return anycert__fail(err, ANYCERT_E_USAGE, "there is no query encoding %d", (int)encoding);
    request->query_encoding = encoding;
    if (renew_url(request, err) == 0)
        return 0;
    request->query_encoding = before;
    return -1;
}

int anycert_request_set_query(struct anycert_request *request, const char *query,
                              struct anycert_error *err)
{
    char *before = request->query;
    char *copy = NULL;

    if (query && anycert__has_control(query, strlen(query)))
        return anycert__fail(err, ANYCERT_E_URL, "the query has control characters in it");
    if (query && !anycert__is_utf8(query, strlen(query)))
        return anycert__fail(err, ANYCERT_E_URL, "the query is not UTF-8");
    copy = query && *query ? anycert__strdup(query) : NULL;
    if (query && *query && !copy)
        return anycert__fail_nomem(err);
    request->query = copy;
    if (renew_url(request, err) == 0) {
        anycert__free_secret(before);
        return 0;
    }
    anycert__free_secret(copy);
    request->query = before;
    return -1;
}

int anycert_request_set_basic_auth(struct anycert_request *request, const char *user,
                                   const char *password, struct anycert_error *err)
{
    char *user_copy = NULL;
    char *password_copy = NULL;

    if (user && (strchr(user, ':') || anycert__has_control(user, strlen(user))))
        return anycert__fail(
            err, ANYCERT_E_USAGE,
            "a user name for Basic authentication has no colon and no control characters");
    if (user && password && anycert__has_control(password, strlen(password)))
        return anycert__fail(err, ANYCERT_E_USAGE,
                             "a password for Basic authentication has no control characters");
    user_copy = anycert__strdup(user);
    password_copy = user ? anycert__strdup(password ? password : "") : NULL;
    if (user && (!user_copy || !password_copy)) {
        anycert__free_secret(user_copy);
        anycert__free_secret(password_copy);
        return anycert__fail_nomem(err);
    }
    anycert_auth_free(request->auth);
    request->auth = NULL;
    anycert__free_secret(request->user);
    anycert__free_secret(request->password);
    request->user = user_copy;
    request->password = password_copy;
    return 0;
}

int anycert_request_set_output_file(struct anycert_request *request, const char *path,
                                    struct anycert_error *err)
{
    char *copy = NULL;

    if (anycert__check_text(path, "path of the output file", err) < 0)
        return -1;
    copy = anycert__strdup(path);
    if (!copy)
        return anycert__fail_nomem(err);
    clear_output(request);
    request->output_file = copy;
    return 0;
}

int anycert_request_set_body_callback(struct anycert_request *request,
                                      anycert_body_callback *callback, void *arg,
                                      struct anycert_error *err)
{
    (void)err;
    clear_output(request);
    request->body_callback = callback;
    request->body_arg = arg;
    return 0;
}

int anycert_request_set_progress(struct anycert_request *request,
                                 anycert_progress_callback *callback, void *arg,
                                 struct anycert_error *err)
{
    (void)err;
    request->progress = callback;
    request->progress_arg = arg;
    return 0;
}
