/* Credentials that a callback makes. */
#include "client/auth.h"

#include "base/str.h"
#include "client/internal.h"

#include <string.h>

struct anycert_auth_request {
    struct anycert__auth_use *use;
    const struct anycert__exchange *exchange;
    bool answered;
};

/* Calls back, and makes an error of it that has a code and a sentence. */
static int call(anycert_auth_hook *hook, struct anycert_auth_request *request,
                struct anycert_error *err)
{
    struct anycert_error failure = {0};
    int result = hook(request->use->auth->arg, request, &failure);

    if (result >= 0)
        return result;
    /* Whatever it says must fit into a message. */
    failure.message[sizeof failure.message - 1] = '\0';
    return anycert__fail(err, failure.code ? failure.code : ANYCERT_E_AUTH, "%s",
                         failure.message[0] ? failure.message
                                            : "the callback for the credentials has failed");
}

int anycert__hook_request(struct anycert__auth_use *use, const struct anycert__exchange *exchange,
                          struct anycert_error *err)
{
    struct anycert_auth_request request = {use, exchange, false};

    return call(use->auth->on_request, &request, err) < 0 ? -1 : 0;
}

int anycert__hook_failure(struct anycert__auth_use *use, const struct anycert__exchange *exchange,
                          struct anycert_error *err)
{
    struct anycert_auth_request request = {use, exchange, true};
    int result = call(use->auth->on_failure, &request, err);

    return result > 0 ? 1 : result;
}

/* ---- what a callback sees ---- */

const char *anycert_auth_request_method(const struct anycert_auth_request *request)
{
    return request->exchange->method;
}

const char *anycert_auth_request_url(const struct anycert_auth_request *request)
{
    return request->exchange->url->text;
}

const char *anycert_auth_request_header(const struct anycert_auth_request *request,
                                        const char *name, size_t nth)
{
    const struct anycert__exchange *exchange = request->exchange;

    for (size_t i = 0; i < exchange->header_count; i++) {
        if (anycert__str_equal_nocase(exchange->headers[i].name, name) && nth-- == 0)
            return exchange->headers[i].value;
    }
    return NULL;
}

const void *anycert_auth_request_body(const struct anycert_auth_request *request, size_t *len)
{
    const struct anycert__body *body = request->exchange->body;
    bool in_memory = body && body->kind == ANYCERT__BODY_BYTES;

    if (len)
        *len = in_memory ? body->len : 0;
    if (in_memory)
        return body->bytes ? body->bytes : "";
    return body && body->kind != ANYCERT__BODY_NONE ? NULL : "";
}

const char *anycert_auth_request_answer_header(const struct anycert_auth_request *request,
                                               const char *name, size_t nth)
{
    return request->answered ? anycert__fields_get(&request->exchange->fields, name, nth) : NULL;
}

/* ---- what it adds ---- */

static int check_state(const struct anycert_auth_request *request, struct anycert_error *err)
{
    return request->answered ? anycert__fail(err, ANYCERT_E_STATE,
                                             "the request has been sent; credentials are added "
                                             "before it is sent again")
                             : 0;
}

int anycert_auth_request_add_header(struct anycert_auth_request *request, const char *name,
                                    const char *value, struct anycert_error *err)
{
    if (check_state(request, err) < 0 || anycert__field_check(name, value ? value : "", err) < 0)
        return -1;
    return anycert__fields_add(&request->use->fields, name, value ? value : "", err);
}

int anycert_auth_request_add_param(struct anycert_auth_request *request, const char *name,
                                   const char *value, struct anycert_error *err)
{
    if (check_state(request, err) < 0 ||
        anycert__check_text(name, "the name of a parameter", err) < 0)
        return -1;
    return anycert__fields_add(&request->use->params, name, value ? value : "", err);
}
