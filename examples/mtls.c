/* mtls.c — shows a client certificate to a server that asks for one. The certificate is sent only
 * after the server itself has been accepted, and never to another origin.
 *
 * usage: mtls URL CA-FILE CERTIFICATE-FILE KEY-FILE
 *
 *     $ cc -o mtls mtls.c $(pkg-config --cflags --libs anycert)
 *     $ ./mtls https://client-cert-required.example/ ca.pem client.pem client.key
 *     status 200, authenticated by chain
 *     $ ./mtls https://client-cert-required.example/ ca.pem client.pem ca.pem
 *     mtls: CLIENT_CERT: ...
 *     $ echo $?
 *     2
 *     $ ./mtls https://self-signed.example/ ca.pem client.pem client.key
 *     mtls: TRUST_ISSUER: ...
 *     $ echo $?
 *     3
 *
 * Keys in PKCS#12 files and on tokens have functions of their own beside
 * anycert_config_set_client_cert(). */
#include <anycert/anycert.h>

#include <stdio.h>

static struct anycert_client *make_client(char **argv, struct anycert_error *err)
{
    struct anycert_policy *policy = anycert_policy_new(err);
    struct anycert_config *config = policy ? anycert_config_new(err) : NULL;
    struct anycert_client *client = NULL;

    if (config && anycert_policy_add_ca_path(policy, argv[2], err) == 0 &&
        anycert_config_set_policy(config, policy, err) == 0 &&
        anycert_config_set_client_cert(config, argv[3], argv[4], err) == 0)
        client = anycert_client_new(config, err);
    anycert_config_free(config);
    anycert_policy_free(policy);
    return client;
}

int main(int argc, char **argv)
{
    struct anycert_error err = {0};
    struct anycert_client *client = NULL;
    struct anycert_request *request = NULL;
    struct anycert_response *response = NULL;
    int status = 0;

    if (argc != 5) {
        fprintf(stderr, "usage: mtls URL CA-FILE CERTIFICATE-FILE KEY-FILE\n");
        return 2;
    }
    client = make_client(argv, &err);
    request = client ? anycert_request_new("GET", argv[1], &err) : NULL;
    if (request && anycert_client_call(client, request, &response, &err) == 0) {
        const struct anycert_report *report = anycert_response_report(response);

        printf("status %d, authenticated by %s\n", anycert_response_status(response),
               report ? anycert_report_authenticated_by(report) : "nothing (http)");
    } else {
        fprintf(stderr, "mtls: %s: %s\n", anycert_error_name(err.code), err.message);
        status = anycert_error_class_of(err.code);
    }
    anycert_response_free(response);
    anycert_request_free(request);
    anycert_client_free(client);
    return status;
}
