#include "client/sending.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

const char *sending_name(enum sending how)
{
    static const char *const names[] = {"a send", "a call", "a batch", "a batch of calls"};

    return names[how];
}

static int by_batch(enum sending how, struct anycert_client *client,
                    const struct anycert_request *request, struct anycert_response **out,
                    struct anycert_error *err)
{
    struct anycert_batch *batch = anycert_batch_new(client, 4, err);
    struct anycert_batch_result result;

    assert_non_null(batch);
    assert_int_equal(how == SENDING_BATCH ? anycert_batch_add(batch, request, NULL, err)
                                          : anycert_batch_add_call(batch, request, NULL, err),
                     0);
    if (anycert_batch_next(batch, -1, &result, err) < 0) {
        anycert_batch_free(batch);
        return -1;
    }
    anycert_batch_free(batch);
    *out = result.response;
    *err = result.error;
    return result.error.code == 0 ? 0 : -1;
}

int sending_do(enum sending how, struct anycert_client *client,
               const struct anycert_request *request, struct anycert_response **out,
               struct anycert_error *err)
{
    *out = NULL;
    memset(err, 0, sizeof *err);
    switch (how) {
    case SENDING_SEND:
        return anycert_client_send(client, request, out, err);
    case SENDING_CALL:
        return anycert_client_call(client, request, out, err);
    case SENDING_BATCH:
    case SENDING_BATCH_CALL:
    case SENDING_COUNT:
        break;
    }
    return by_batch(how, client, request, out, err);
}

struct anycert_response *sending_ok(enum sending how, struct anycert_client *client,
                                    struct anycert_request *request)
{
    struct anycert_response *response = NULL;
    struct anycert_error err = {0};

    if (sending_do(how, client, request, &response, &err) < 0)
        fail_msg("%s: %s (%d)", sending_name(how), err.message, (int)err.code);
    anycert_request_free(request);
    assert_non_null(response);
    return response;
}

const char *sending_fails(enum sending how, struct anycert_client *client,
                          struct anycert_request *request, int code)
{
    static struct anycert_error err;
    struct anycert_response *response = NULL;

    if (sending_do(how, client, request, &response, &err) == 0)
        fail_msg("%s worked, but %s was expected", sending_name(how), anycert_error_name(code));
    if (err.code != code)
        fail_msg("%s: %s was expected: %s (%d)", sending_name(how), anycert_error_name(code),
                 err.message, (int)err.code);
    anycert_response_free(response);
    anycert_request_free(request);
    return err.message;
}
