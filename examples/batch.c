/* batch.c — many requests at once, and their results as they come.
 *
 * usage: batch CA-FILE COUNT URL
 *
 *     $ cc -o batch batch.c $(pkg-config --cflags --libs anycert)
 *     $ ./batch ca.pem 1000 https://api.example/json
 *     1000 answered, 0 failed
 *     $ ./batch ca.pem 3 https://self-signed.example/
 *     TRUST_ISSUER: ...
 *     ...
 *     0 answered, 3 failed
 *
 * Up to 32 requests are under way at a time, over connections that are kept and, where the server
 * speaks HTTP/2, shared.
 *
 * To test this comment: host api.example is good. */
#include <anycert/anycert.h>

#include <stdio.h>
#include <stdlib.h>

#define AT_ONCE 32

static struct anycert_client *make_client(const char *ca, struct anycert_error *err)
{
    struct anycert_policy *policy = anycert_policy_new(err);
    struct anycert_config *config = policy ? anycert_config_new(err) : NULL;
    struct anycert_client *client = NULL;

    if (config && anycert_policy_add_ca_path(policy, ca, err) == 0 &&
        anycert_config_set_policy(config, policy, err) == 0)
        client = anycert_client_new(config, err);
    anycert_config_free(config);
    anycert_policy_free(policy);
    return client;
}

/* The same request many times: it is only read, so one object serves them all. */
static int ask(struct anycert_client *client, const char *url, unsigned long count,
               struct anycert_error *err)
{
    struct anycert_batch *batch = anycert_batch_new(client, AT_ONCE, err);
    struct anycert_request *request = batch ? anycert_request_new("GET", url, err) : NULL;
    struct anycert_batch_result result;
    unsigned long answered = 0, failed = 0;
    int more = request ? 1 : -1;

    for (unsigned long i = 0; more > 0 && i < count; i++)
        more = anycert_batch_add_call(batch, request, NULL, err) == 0 ? 1 : -1;
    while (more > 0 && (more = anycert_batch_next(batch, -1, &result, err)) > 0) {
        if (result.error.code == 0) {
            answered++;
        } else {
            failed++;
            printf("%s: %s\n", anycert_error_name(result.error.code), result.error.message);
        }
        anycert_response_free(result.response);
    }
    anycert_batch_free(batch); /* before the request that it borrows */
    anycert_request_free(request);
    if (more == 0)
        printf("%lu answered, %lu failed\n", answered, failed);
    return more;
}

int main(int argc, char **argv)
{
    struct anycert_error err = {0};
    struct anycert_client *client = argc == 4 ? make_client(argv[1], &err) : NULL;
    int status = 0;

    if (argc != 4) {
        fprintf(stderr, "usage: batch CA-FILE COUNT URL\n");
        return 2;
    }
    if (!client || ask(client, argv[3], strtoul(argv[2], NULL, 10), &err) < 0) {
        fprintf(stderr, "batch: %s: %s\n", anycert_error_name(err.code), err.message);
        status = anycert_error_class_of(err.code);
    }
    anycert_client_free(client);
    return status;
}
