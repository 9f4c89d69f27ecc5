#include "client/task.h"

#include "base/mem.h"
#include "base/str.h"
#include "client/metrics.h"
#include "client/repeated.h"
#include "http/secret.h"

#include <anycert/json.h>
#include <anycert/xml.h>

static bool counts(const struct anycert_client *client, const struct anycert_request *request)
{
    return request->has_metrics ? request->metrics : client->config->metrics;
}

bool anycert__is_accepted(const struct anycert_client *client,
                          const struct anycert_request *request, int status)
{
    if (request->demands.ok.count > 0)
        return anycert__codes_have(&request->demands.ok, status);
    if (client->config->demands.ok.count > 0)
        return anycert__codes_have(&client->config->demands.ok, status);
    return status < 400;
}

/* The answer may be empty, and nobody looks. */
static bool is_valid_empty(const struct anycert_client *client,
                           const struct anycert_request *request, int status)
{
    const struct anycert__codes *own = &request->demands.empty_valid;
    const struct anycert__codes *general = &client->config->demands.empty_valid;

    if (!request->return_empty)
        return false;
    if (own->count > 0)
        return anycert__codes_have(own, status);
    return general->count > 0 ? anycert__codes_have(general, status) : status == 204;
}

static enum anycert_metric metric_of_status(int status)
{
    switch (status) {
    case 401:
        return ANYCERT_METRIC_AUTH_ERROR;
    case 429:
        return ANYCERT_METRIC_QUOTA_ERROR;
    case 500:
        return ANYCERT_METRIC_SERVICE_ERROR;
    default:
        return ANYCERT_METRIC_GENERAL_ERROR;
    }
}

static enum anycert_metric metric_of_failure(const struct anycert_response *response,
                                             const struct anycert_error *err)
{
    if (anycert__is_lost_by_time(response, err))
        return ANYCERT_METRIC_CONNECTION_ERROR;
    switch (err->code) {
    case ANYCERT_E_HTTP_RETRIES:
        return ANYCERT_METRIC_RETRY_ERROR;
    case ANYCERT_E_AUTH:
        return ANYCERT_METRIC_AUTH_ERROR;
    case ANYCERT_E_REDIRECTS:
    case ANYCERT_E_TRUST_DOWNGRADE: /* one that is not followed */
    case ANYCERT_E_BODY_READ:       /* the caller's own troubles */
    case ANYCERT_E_BODY_WRITE:
        return ANYCERT_METRIC_GENERAL_ERROR;
    default:
        break;
    }
    switch (anycert_error_class_of(err->code)) {
    case ANYCERT_CLASS_TRUST:
    case ANYCERT_CLASS_TLS:
        return ANYCERT_METRIC_SSL_ERROR;
    case ANYCERT_CLASS_TIMEOUT:
        return ANYCERT_METRIC_TIMEOUT_ERROR;
    case ANYCERT_CLASS_PROXY:
        return ANYCERT_METRIC_PROXY_ERROR;
    case ANYCERT_CLASS_NETWORK:
    case ANYCERT_CLASS_BODY:
        return ANYCERT_METRIC_CONNECTION_ERROR;
    default:
        return ANYCERT_METRIC_GENERAL_ERROR;
    }
}

int anycert__status_failure(const struct anycert_client *client,
                            const struct anycert_request *request,
                            const struct anycert_response *response, struct anycert_error *err)
{
    char *url = NULL;

    if (err && err->code != 0)
        return -1; /* what the handler said stays */
    url = anycert__url_shown(&client->settings, anycert_response_url(response));
    anycert__fail(err, ANYCERT_E_HTTP_STATUS, "%s answered with status %d%s%s",
                  url ? url : "the server", response->status,
                  *anycert_response_reason(response) ? " " : "", anycert_response_reason(response));
    anycert__free(url);
    if (request)
        anycert__repeated_in_error(client, request, err);
    return -1;
}

/* An answer whose status is not accepted. 0 if the error handler takes it all the same. */
static int refuse(struct anycert_client *client, const struct anycert_request *request,
                  const struct anycert_response *response, struct anycert_error *err)
{
    const struct anycert__demands *demands =
        request->demands.error_handler ? &request->demands : &client->config->demands;

    if (demands->error_handler && demands->error_handler(demands->error_arg, response, err) == 0) {
        anycert__error_clear(err);
        return 0;
    }
    if (counts(client, request))
        anycert__metrics_count(client->metrics, client->config->error_type
                                                    ? client->config->error_type(
                                                          client->config->error_type_arg, response)
                                                    : metric_of_status(response->status));
    return anycert__status_failure(client, request, response, err);
}

/* It is for validity alone: the document is parsed again for who wants it. */
static int check_xml(const struct anycert_response *response, struct anycert_error *err)
{
    struct anycert_xml *xml = anycert_response_xml(response, err);

    anycert_xml_free(xml);
    return xml ? 0 : -1;
}

static int check_body(const struct anycert_client *client, const struct anycert_request *request,
                      struct anycert_response *response, struct anycert_error *err)
{
    if ((request->output_file || request->body_callback) &&
        anycert__is_accepted(client, request, response->status))
        return 0; /* it went by */
    switch (request->resp_type) {
    case ANYCERT_RESP_JSON:
        response->json = anycert_response_json(response, err);
        return response->json ? 0 : -1;
    case ANYCERT_RESP_XML:
        return check_xml(response, err);
    case ANYCERT_RESP_RESPONSE:
    case ANYCERT_RESP_TEXT:
    case ANYCERT_RESP_CONTENT:
        break;
    }
    return 0;
}

/* How long an answer took, whatever it says. */
static void measure(const struct anycert__task *task, const struct anycert_response *response)
{
    const struct anycert_client *client = task->client;

    if (response->status > 0 && counts(client, task->request))
        anycert__metrics_time(client->metrics,
                              anycert__waiting_now_us(&client->config->waiting) - task->began_us);
}

int anycert__call_finish(const struct anycert__task *task, int result,
                         struct anycert_response *response, struct anycert_error *err)
{
    struct anycert_client *client = task->client;
    const struct anycert_request *request = task->request;
    const struct anycert_config *config = client->config;

    if (result < 0) {
        if (response)
            measure(task, response);
        if (counts(client, request))
            anycert__metrics_count(client->metrics, metric_of_failure(response, err));
        return -1;
    }
    measure(task, response);
    if (!anycert__is_accepted(client, request, response->status) &&
        refuse(client, request, response, err) < 0)
        return -1;
    if (counts(client, request) &&
        !(config->polling && config->polling(config->polling_arg, response)))
        anycert__metrics_count(client->metrics, ANYCERT_METRIC_SUCCESS);
    if (is_valid_empty(client, request, response->status))
        return 0;
    return check_body(client, request, response, err);
}

enum anycert_circuit anycert_client_circuit(const struct anycert_client *client)
{
    return anycert__pace_circuit(client->pace, anycert__waiting_now_us(&client->config->waiting));
}
