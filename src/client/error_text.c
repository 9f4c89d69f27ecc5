/* The texts of failures as callers of the original base client know them. */
#include "client/internal.h"
#include "client/python_text.h"
#include "client/repeated.h"

#include "base/str.h"

#include <string.h>

#define CONNECT_TIMEOUT                                                                            \
    "Connection Timeout Error - potential reasons might be that the Server URL parameter is "      \
    "incorrect or that the Server is not accessible from your host."
#define CERTIFICATE                                                                                \
    "SSL Certificate Verification Failed - try selecting 'Trust any certificate' checkbox in "     \
    "the integration configuration."
#define PROXY                                                                                      \
    "Proxy Error - if the 'Use system proxy' checkbox in the integration configuration is "        \
    "selected, try clearing the checkbox."
#define CONNECTION                                                                                 \
    "Verify that the server URL parameter is correct and that you have access to the server from " \
    "your host.\nError Type: <requests.exceptions.ConnectionError>"

static void add_status(struct anycert__buf *out, const struct anycert_response *response)
{
    size_t len = 0;
    char *text = anycert_response_text(response, &len, NULL);

    anycert__buf_addf(out, "Error in API call [%d] - %s\n", response->status,
                      anycert_response_reason(response));
    out->failed = out->failed || !text;
    if (text && !anycert__python_json(out, text, len))
        anycert__buf_add(out, text, len);
    anycert_free(text);
}

/* An error handler may use the same code for what it has to say. */
static bool is_our_own(const struct anycert_client *client, const struct anycert_request *request,
                       const struct anycert_response *response, const struct anycert_error *failure)
{
    struct anycert_error own = {0};

    if (failure->code != ANYCERT_E_HTTP_STATUS)
        return false;
    (void)anycert__status_failure(client, request, response, &own);
    return !*failure->message || strcmp(own.message, failure->message) == 0;
}

static void add_connection(struct anycert__buf *out, const struct anycert_error *failure)
{
    char reason[128] = "";

    anycert__buf_adds(out, CONNECTION);
    if (failure->os_errno != 0 && strerror_r(failure->os_errno, reason, sizeof reason) == 0)
        anycert__buf_addf(out, "\nError Number: [%d]\nMessage: %s\n", failure->os_errno, reason);
    else
        anycert__buf_addf(out, "\n%s", failure->message);
}

static void add_budget(struct anycert__buf *out, const struct anycert_client *client,
                       const char *what)
{
    anycert__buf_addf(out, "Time-sensitive command execution time limit (%gs) %s",
                      client->config->budget_ms / 1000.0, what);
}

/* The time of all requests may be up before the time for connecting is. A server that was reached
 * and is silent in TLS is one that takes its time to answer, to the original. */
static bool was_connecting(const struct anycert_response *response,
                           const struct anycert_error *failure)
{
    if (failure->code == ANYCERT_E_TIMEOUT_CONNECT)
        return !response || !response->connected;
    return failure->code == ANYCERT_E_TIMEOUT_TOTAL && response && response->status == 0 &&
           !response->connected;
}

bool anycert__is_lost_by_time(const struct anycert_response *response,
                              const struct anycert_error *failure)
{
    return response && anycert_error_class_of(failure->code) == ANYCERT_CLASS_TIMEOUT &&
           failure->code != ANYCERT_E_TIMEOUT_BUDGET && !was_connecting(response, failure) &&
           ((response->status != 0 && failure->code == ANYCERT_E_TIMEOUT_STALL) ||
            (response->status == 0 && response->retries > 0));
}

static void add_timeout(struct anycert__buf *out, const struct anycert_client *client,
                        const struct anycert_response *response,
                        const struct anycert_error *failure)
{
    if (failure->code == ANYCERT_E_TIMEOUT_BUDGET) {
        add_budget(out, client, "reached before performing the API request.");
    } else if (was_connecting(response, failure)) {
        if (client->config->budget_ms)
            add_budget(out, client, "exceeded. Original error: ");
        anycert__buf_adds(out, CONNECT_TIMEOUT);
    } else if (anycert__is_lost_by_time(response, failure)) {
        add_connection(out, failure);
    } else {
        anycert__buf_adds(out, failure->message);
    }
}

/* Whether the policy of the request's own host is one that accepts any certificate. */
static bool accepts_any(const struct anycert_client *client, const struct anycert_request *request)
{
    const struct anycert_config *config = client->config;
    int64_t now = anycert__clock_now(&config->clock);
    struct anycert_policy *policy =
        request ? anycert__policy_for(config, &request->url, ANYCERT__HERE, now, NULL) : NULL;
    bool any = anycert__policy_accepts_any_certificate(policy ? policy : config->policy);

    anycert_policy_free(policy);
    return any;
}

static void add_failure(struct anycert__buf *out, const struct anycert_client *client,
                        const struct anycert_request *request,
                        const struct anycert_response *response,
                        const struct anycert_error *failure)
{
    /* Not the original's, and not to be had by trusting anybody. */
    if (failure->code == ANYCERT_E_TRUST_DOWNGRADE || failure->code == ANYCERT_E_TRUST_SECRETS) {
        anycert__buf_adds(out, failure->message);
        return;
    }
    switch (anycert_error_class_of(failure->code)) {
    case ANYCERT_CLASS_TIMEOUT:
        add_timeout(out, client, response, failure);
        break;
    case ANYCERT_CLASS_TRUST:
    case ANYCERT_CLASS_TLS:
        if (!accepts_any(client, request))
            anycert__buf_adds(out, CERTIFICATE "\n");
        anycert__buf_adds(out, failure->message);
        break;
    case ANYCERT_CLASS_PROXY:
        anycert__buf_adds(out, PROXY);
        break;
    case ANYCERT_CLASS_NETWORK:
        if (failure->code == ANYCERT_E_REDIRECTS || failure->code == ANYCERT_E_CIRCUIT_OPEN ||
            failure->code == ANYCERT_E_PAGES || failure->code == ANYCERT_E_PRIVATE_ADDRESS)
            anycert__buf_adds(out, failure->message);
        else
            add_connection(out, failure);
        break;
    default:
        anycert__buf_adds(out, failure->message);
        break;
    }
}

char *anycert_client_error_text(const struct anycert_client *client,
                                const struct anycert_request *request,
                                const struct anycert_response *response,
                                const struct anycert_error *err_of_call, struct anycert_error *err)
{
    struct anycert__buf out;
    char *text = NULL;

    anycert__buf_init(&out, SIZE_MAX / 2);
    if (response && is_our_own(client, request, response, err_of_call)) {
        add_status(&out, response);
    } else if (response && err_of_call->code == ANYCERT_E_HTTP_RETRIES) {
        anycert__buf_addf(&out,
                          "Max Retries Error- Request attempts with %u retries failed. \n"
                          "Reason: too many %d error responses",
                          response->retries, response->status);
    } else if (response && err_of_call->code == ANYCERT_E_BODY_JSON) {
        size_t len = 0;
        const void *body = anycert_response_body(response, &len);

        anycert__buf_adds(&out, "Failed to parse json object from response: ");
        anycert__python_bytes(&out, body, len);
    } else {
        add_failure(&out, client, request, response, err_of_call);
    }
    if (request)
        anycert__repeated_in_buf(client, request, &out);
    text = anycert__buf_take(&out, "text of the error", err);
    anycert__buf_free(&out);
    return text;
}
