/* error_handler.c — an API that says in its own way what is wrong: a handler looks at every answer
 * whose status is not accepted, takes some of them, and gives the others a sentence of their own.
 * Requests are made again when the server is busy, and what became of them is counted.
 *
 * usage: error_handler CA-FILE URL...
 *
 *     $ cc -o error_handler error_handler.c $(pkg-config --cflags --libs anycert)
 *     $ ./error_handler ca.pem https://api.example/json https://api.example/status/404 \
 *           https://api.example/status/402
 *     https://api.example/json: 200
 *     https://api.example/status/404: 404
 *     https://api.example/status/402: HTTP_STATUS: the quota of this month is used up
 *     [{"Type":"Successful","APICallsCount":2},{"Type":"GeneralError","APICallsCount":1}]
 *
 * To test this comment: host api.example is good. */
#include <anycert/anycert.h>

#include <stdio.h>

/* What is not there is no failure here, and 402 has a meaning of its own. */
static int on_error(void *arg, const struct anycert_response *response, struct anycert_error *err)
{
    (void)arg;
    if (anycert_response_status(response) == 404)
        return 0;
    if (anycert_response_status(response) == 402) {
        err->code = ANYCERT_E_HTTP_STATUS;
        (void)snprintf(err->message, sizeof err->message, "the quota of this month is used up");
    }
    return -1; /* without a sentence: the library's own */
}

static int set_retry(struct anycert_config *config, struct anycert_error *err)
{
    static const int busy[] = {502, 503, 504};
    struct anycert_retry *retry = anycert_retry_new(err);
    int result = -1;

    if (retry && anycert_retry_set_count(retry, 3, err) == 0 &&
        anycert_retry_set_backoff(retry, 500, 100, 10000, err) == 0 &&
        anycert_retry_set_statuses(retry, busy, sizeof busy / sizeof busy[0], err) == 0)
        result = anycert_config_set_retry(config, retry, err);
    anycert_retry_free(retry);
    return result;
}

static struct anycert_client *make_client(const char *ca, struct anycert_error *err)
{
    struct anycert_policy *policy = anycert_policy_new(err);
    struct anycert_config *config = policy ? anycert_config_new(err) : NULL;
    struct anycert_client *client = NULL;

    if (config && anycert_policy_add_ca_path(policy, ca, err) == 0 &&
        anycert_config_set_policy(config, policy, err) == 0 &&
        anycert_config_set_error_handler(config, on_error, NULL, err) == 0 &&
        anycert_config_set_metrics(config, 1, err) == 0 && set_retry(config, err) == 0)
        client = anycert_client_new(config, err);
    anycert_config_free(config);
    anycert_policy_free(policy);
    return client;
}

static void ask(struct anycert_client *client, const char *url)
{
    struct anycert_error err = {0};
    struct anycert_request *request = anycert_request_new("GET", url, &err);
    struct anycert_response *response = NULL;

    if (request && anycert_client_call(client, request, &response, &err) == 0)
        printf("%s: %d\n", url, anycert_response_status(response));
    else
        printf("%s: %s: %s\n", url, anycert_error_name(err.code), err.message);
    anycert_response_free(response);
    anycert_request_free(request);
}

int main(int argc, char **argv)
{
    struct anycert_error err = {0};
    struct anycert_client *client = argc > 2 ? make_client(argv[1], &err) : NULL;
    char *metrics = NULL;

    if (!client) {
        fprintf(stderr, "error_handler: %s\n",
                argc > 2 ? err.message : "usage: error_handler CA-FILE URL...");
        return 2;
    }
    for (int i = 2; i < argc; i++)
        ask(client, argv[i]);
    metrics = anycert_client_metrics_json(client, &err);
    printf("%s\n", metrics ? metrics : err.message);
    anycert_free(metrics);
    anycert_client_free(client);
    return 0;
}
