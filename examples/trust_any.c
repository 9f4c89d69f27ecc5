/* trust_any.c — one request to one appliance that nobody can verify, and what was given up for it.
 *
 * usage: trust_any URL
 *
 *     $ cc -o trust_any trust_any.c $(pkg-config --cflags --libs anycert)
 *     $ ./trust_any https://appliance.example/
 *     ...
 *     status 200, and whoever answered is not proved to be the host
 *
 * The policy is given to this client only; another client in the same program is still strict. The
 * certificate is checked all the same, and the report says what hardened would have refused.
 *
 * To test this comment: host appliance.example is self-signed. */
#include <anycert/anycert.h>

#include <stdio.h>

static int say(const struct anycert_error *err)
{
    fprintf(stderr, "trust_any: %s: %s\n", anycert_error_name(err->code), err->message);
    return anycert_error_class_of(err->code);
}

static struct anycert_client *trusting_client(struct anycert_error *err)
{
    struct anycert_policy *policy = anycert_policy_parse("trust-any", err);
    struct anycert_config *config = policy ? anycert_config_new(err) : NULL;
    struct anycert_client *client = NULL;

    if (config && anycert_config_set_policy(config, policy, err) == 0)
        client = anycert_client_new(config, err);
    anycert_config_free(config);
    anycert_policy_free(policy);
    return client;
}

/* There is a report on failure too, once the TLS handshake has begun. */
static void print_report(const struct anycert_response *response)
{
    const struct anycert_report *report = response ? anycert_response_report(response) : NULL;
    char *text = report ? anycert_report_text(report, NULL) : NULL;

    if (text)
        fputs(text, stdout);
    anycert_free(text);
}

int main(int argc, char **argv)
{
    struct anycert_error err = {0};
    struct anycert_client *client = NULL;
    struct anycert_request *request = NULL;
    struct anycert_response *response = NULL;
    const struct anycert_report *report = NULL;
    int status = 0;

    if (argc != 2) {
        fprintf(stderr, "usage: trust_any URL\n");
        return 2;
    }
    client = trusting_client(&err);
    request = client ? anycert_request_new("GET", argv[1], &err) : NULL;
    if (request)
        (void)(anycert_client_send(client, request, &response, &err) == 0);
    print_report(response);
    if (err.code) {
        status = say(&err);
        goto out;
    }
    report = anycert_response_report(response); /* NULL for http:// */
    printf("status %d, and whoever answered %s proved to be the host\n",
           anycert_response_status(response),
           report && anycert_report_peer_authenticated(report) ? "is" : "is not");
out:
    anycert_response_free(response);
    anycert_request_free(request);
    anycert_client_free(client);
    return status;
}
