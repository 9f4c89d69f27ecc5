/* hello.c — the shortest whole program: one call, and what went wrong if it did.
 *
 * usage: hello URL CA-FILE
 *
 *     $ cc -o hello hello.c $(pkg-config --cflags --libs anycert)
 *     $ ./hello https://api.example/status/204 ca.pem
 *     204
 *     $ ./hello https://api.example/status/404 ca.pem
 *     HTTP_STATUS: https://api.example/status/404 answered with status 404 Not Found
 *
 * To test this comment: host api.example is good. */
#include <anycert/anycert.h>

#include <stdio.h>

int main(int argc, char **argv)
{
    struct anycert_error err = {0};
    struct anycert_policy *policy = anycert_policy_new(&err); /* hardened */
    struct anycert_config *config = anycert_config_new(&err);
    struct anycert_client *client = NULL;
    struct anycert_request *request = NULL;
    struct anycert_response *response = NULL;

    if (argc == 3 && policy && config && anycert_policy_add_ca_path(policy, argv[2], &err) == 0 &&
        anycert_config_set_policy(config, policy, &err) == 0)
        client = anycert_client_new(config, &err);
    request = client ? anycert_request_new("GET", argv[1], &err) : NULL;
    if (request && anycert_client_call(client, request, &response, &err) == 0)
        printf("%d\n", anycert_response_status(response));
    else
        printf("%s: %s\n", anycert_error_name(err.code), err.message);
    anycert_response_free(response);
    anycert_request_free(request);
    anycert_client_free(client);
    anycert_config_free(config);
    anycert_policy_free(policy);
    return 0;
}
