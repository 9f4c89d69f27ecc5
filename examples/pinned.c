/* pinned.c — accepts one server by its key, whatever its certificate says: the first look prints
 * the policy, which every later call is given. Compare the pin with the one that the server's
 * administrator knows in between: somebody on the way would show another key.
 *
 * usage: pinned URL [POLICY]
 *
 *     $ cc -o pinned pinned.c $(pkg-config --cflags --libs anycert)
 *     $ ./pinned https://appliance.example/ >policy
 *     $ ./pinned https://appliance.example/ "$(cat policy)"
 *     status 200, authenticated by pin
 *     $ ./pinned https://nas.example/ "$(cat policy)"
 *     pinned: TRUST_PIN: certificate of nas.example is refused: its key ... is not a pinned one ...
 *     $ echo $?
 *     3
 *
 * To test this comment: host appliance.example is self-signed; host nas.example is good. */
#include <anycert/anycert.h>

#include <stdio.h>

static int say(const struct anycert_error *err)
{
    fprintf(stderr, "pinned: %s: %s\n", anycert_error_name(err->code), err->message);
    return anycert_error_class_of(err->code);
}

static struct anycert_client *make_client(const char *text, struct anycert_error *err)
{
    struct anycert_policy *policy = anycert_policy_parse(text, err);
    struct anycert_config *config = policy ? anycert_config_new(err) : NULL;
    struct anycert_client *client = NULL;

    if (config && anycert_config_set_policy(config, policy, err) == 0)
        client = anycert_client_new(config, err);
    anycert_config_free(config);
    anycert_policy_free(policy);
    return client;
}

/* Handshakes only: nothing is sent to somebody whose key nobody has compared. */
static int look(struct anycert_client *client, const char *url, struct anycert_response **response,
                struct anycert_error *err)
{
    const struct anycert_report *report = NULL;

    if (anycert_client_handshake(client, url, response, err) < 0)
        return -1;
    report = anycert_response_report(*response);
    printf("pinned pin=%s\n", anycert_report_cert_pin(report, 0));
    return 0;
}

static int fetch(struct anycert_client *client, const char *url, struct anycert_response **response,
                 struct anycert_error *err)
{
    struct anycert_request *request = anycert_request_new("GET", url, err);
    const struct anycert_report *report = NULL;
    int result = request ? anycert_client_send(client, request, response, err) : -1;

    anycert_request_free(request);
    if (result < 0)
        return -1;
    report = anycert_response_report(*response);
    printf("status %d, authenticated by %s\n", anycert_response_status(*response),
           report ? anycert_report_authenticated_by(report) : "nothing (http)");
    return 0;
}

int main(int argc, char **argv)
{
    struct anycert_error err = {0};
    struct anycert_client *client = NULL;
    struct anycert_response *response = NULL;
    int result = -1;

    if (argc != 2 && argc != 3) {
        fprintf(stderr, "usage: pinned URL [POLICY]\n");
        return 2;
    }
    client = make_client(argc == 3 ? argv[2] : "report-only", &err);
    if (client)
        result = argc == 3 ? fetch(client, argv[1], &response, &err)
                           : look(client, argv[1], &response, &err);
    anycert_response_free(response);
    anycert_client_free(client);
    return result == 0 ? 0 : say(&err);
}
