/* private_ca.c — trusts one's own certificate authority, and helps a server that forgets to send
 * its intermediate certificate. Nothing is given up: the policy stays hardened.
 *
 * usage: private_ca URL CA-FILE [INTERMEDIATE-FILE]
 *
 *     $ cc -o private_ca private_ca.c $(pkg-config --cflags --libs anycert)
 *     $ ./private_ca https://forgetful.example/ ca.pem
 *     private_ca: TRUST_ISSUER: ...
 *     $ echo $?
 *     3
 *     $ ./private_ca https://forgetful.example/ ca.pem intermediate.pem
 *     status 200, pass, authenticated by chain
 *
 * An intermediate helps to build the chain and is not trusted by itself; the authority is, instead
 * of the system's. anycert_policy_add_ca_system() would keep those as well.
 *
 * To test this comment: host forgetful.example is incomplete-chain. */
#include <anycert/anycert.h>

#include <stdio.h>

static int say(const struct anycert_error *err)
{
    fprintf(stderr, "private_ca: %s: %s\n", anycert_error_name(err->code), err->message);
    return anycert_error_class_of(err->code);
}

static const char *verdict_word(enum anycert_verdict verdict)
{
    switch (verdict) {
    case ANYCERT_PASS:
        return "pass";
    case ANYCERT_RELAXED:
        return "relaxed";
    case ANYCERT_FAIL:
        return "fail";
    case ANYCERT_NOT_CHECKED:
        break;
    }
    return "not checked";
}

static struct anycert_client *make_client(const char *ca, const char *intermediate,
                                          struct anycert_error *err)
{
    struct anycert_policy *policy = anycert_policy_new(err);
    struct anycert_config *config = policy ? anycert_config_new(err) : NULL;
    struct anycert_client *client = NULL;

    if (config && anycert_policy_add_ca_path(policy, ca, err) == 0 &&
        anycert_config_set_policy(config, policy, err) == 0 &&
        (!intermediate || anycert_config_add_intermediate_file(config, intermediate, err) == 0))
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
    const struct anycert_report *report = NULL;
    int status = 0;

    if (argc != 3 && argc != 4) {
        fprintf(stderr, "usage: private_ca URL CA-FILE [INTERMEDIATE-FILE]\n");
        return 2;
    }
    client = make_client(argv[2], argc == 4 ? argv[3] : NULL, &err);
    request = client ? anycert_request_new("GET", argv[1], &err) : NULL;
    if (!request || anycert_client_send(client, request, &response, &err) < 0) {
        status = say(&err);
        goto out;
    }
    report = anycert_response_report(response);
    if (!report) { /* http:// */
        printf("status %d, unprotected\n", anycert_response_status(response));
        goto out;
    }
    printf("status %d, %s, authenticated by %s\n", anycert_response_status(response),
           verdict_word(anycert_report_verdict(report)), anycert_report_authenticated_by(report));
out:
    anycert_response_free(response);
    anycert_request_free(request);
    anycert_client_free(client);
    return status;
}
