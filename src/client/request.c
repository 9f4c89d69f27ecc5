#include "client/internal.h"

#include "base/mem.h"
#include "base/str.h"

#include <stdio.h>
#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

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

static void clear_body(struct anycert_request *request)
{
    if (request->body)
        anycert__wipe(request->body, request->body_len);
    anycert__free(request->body);
    anycert__free(request->body_file);
    request->body = request->body_file = NULL;
    request->body_len = 0;
    request->has_body = false;
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
    clear_body(request);
    clear_output(request);
    anycert__fields_clear(&request->headers);
    anycert__demands_clear(&request->demands);
    anycert__url_clear(&request->url);
    anycert__free_secret(request->user);
    anycert__free_secret(request->password);
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

static int check_method_takes_body(const struct anycert_request *request, struct anycert_error *err)
{
    if (strcmp(request->method, "HEAD") == 0 || strcmp(request->method, "TRACE") == 0)
        return anycert__fail(err, ANYCERT_E_USAGE, "a %s request has no body", request->method);
    return 0;
}

int anycert_request_set_body(struct anycert_request *request, const void *body, size_t len,
                             struct anycert_error *err)
{
    char *copy = NULL;

    if (check_method_takes_body(request, err) < 0)
        return -1;
    copy = anycert__memdup(body ? body : "", len);
    if (!copy)
        return anycert__fail_nomem(err);
    clear_body(request);
    request->has_body = true;
    request->body = copy;
    request->body_len = len;
    return 0;
}

int anycert_request_set_body_file(struct anycert_request *request, const char *path,
                                  struct anycert_error *err)
{
    struct stat info;
    char *copy = NULL;

    if (check_method_takes_body(request, err) < 0)
        return -1;
    if (anycert__check_text(path, "path of the body file", err) < 0)
        return -1;
    if (stat(path, &info) != 0 || access(path, R_OK) != 0)
        return anycert__fail_errno(err, ANYCERT_E_FILE, errno, "cannot read body file '%s'", path);
    if (S_ISDIR(info.st_mode))
        return anycert__fail_errno(err, ANYCERT_E_FILE, EISDIR, "cannot read body file '%s'", path);
    copy = anycert__strdup(path);
    if (!copy)
        return anycert__fail_nomem(err);
    clear_body(request);
    request->has_body = true;
    request->body_file = copy;
    return 0;
}

/* A pipe has been read to its end: a second time it would give nothing, or wait for ever. */
bool anycert__request_body_repeats(const struct anycert_request *request)
{
    struct stat info;

    return !request->body_file || (stat(request->body_file, &info) == 0 && S_ISREG(info.st_mode));
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
