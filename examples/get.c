/* get.c — asks an HTTPS server for JSON under the default policy, hardened, and prints one value.
 *
 * usage: get URL POINTER [CA-FILE]     POINTER is a JSON Pointer (RFC 6901), such as /items/0/name
 *
 *     $ cc -o get get.c $(pkg-config --cflags --libs anycert)
 *     $ ./get https://api.example/ /condition ca.pem
 *     good
 *
 * The default trusts the system's authorities; CA-FILE replaces them. A server that fails a check
 * is refused, and the exit code says of which class the error is:
 *
 *     $ ./get https://appliance.example/ /condition ca.pem
 *     get: TRUST_ISSUER: certificate of appliance.example is refused: self-signed certificate...
 *     $ echo $?
 *     3
 *
 * To test this comment: host api.example is good, host appliance.example is self-signed. */
#include <anycert/anycert.h>

#include <inttypes.h>
#include <stdio.h>

static int say(const struct anycert_error *err)
{
    fprintf(stderr, "get: %s: %s\n", anycert_error_name(err->code), err->message);
    return anycert_error_class_of(err->code);
}

static int print_value(const struct anycert_json_value *value, const char *pointer)
{
    int64_t number = 0;
    size_t len = 0;

    switch (anycert_json_type(value)) {
    case ANYCERT_JSON_STRING: {
        const char *text = anycert_json_string(value, &len);
        fwrite(text, 1, len, stdout);
        putchar('\n');
        return 0;
    }
    case ANYCERT_JSON_NUMBER:
        if (anycert_json_int(value, &number) == 0) {
            printf("%" PRId64 "\n", number);
            return 0;
        }
        break;
    case ANYCERT_JSON_BOOL:
        puts(anycert_json_bool(value) ? "true" : "false");
        return 0;
    case ANYCERT_JSON_NONE:
        fprintf(stderr, "get: the answer has no value at '%s'\n", pointer);
        return 1;
    case ANYCERT_JSON_NULL:
    case ANYCERT_JSON_ARRAY:
    case ANYCERT_JSON_OBJECT:
        break;
    }
    fprintf(stderr, "get: the value at '%s' is no string, integer or boolean\n", pointer);
    return 1;
}

/* The policy hardened with other authorities than the system's. */
static int set_authorities(struct anycert_config *config, const char *path,
                           struct anycert_error *err)
{
    struct anycert_policy *policy = anycert_policy_new(err);
    int result = -1;

    if (policy && anycert_policy_add_ca_path(policy, path, err) == 0)
        result = anycert_config_set_policy(config, policy, err); /* copies it */
    anycert_policy_free(policy);
    return result;
}

int main(int argc, char **argv)
{
    struct anycert_error err = {0};
    struct anycert_config *config = NULL;
    struct anycert_client *client = NULL;
    struct anycert_request *request = NULL;
    struct anycert_response *response = NULL;
    struct anycert_json *json = NULL;
    int status = 0;

    if (argc != 3 && argc != 4) {
        fprintf(stderr, "usage: get URL POINTER [CA-FILE]\n");
        return 2;
    }
    config = anycert_config_new(&err);
    if (!config || (argc == 4 && set_authorities(config, argv[3], &err) < 0))
        goto out;
    client = anycert_client_new(config, &err);
    request = client ? anycert_request_new("GET", argv[1], &err) : NULL;
    if (!request || anycert_request_add_header(request, "Accept", "application/json", &err) < 0)
        goto out;
    if (anycert_client_send(client, request, &response, &err) < 0)
        goto out;
    if (anycert_response_status(response) != 200) { /* any whole answer is a success of sending */
        fprintf(stderr, "get: status %d\n", anycert_response_status(response));
        status = ANYCERT_CLASS_HTTP;
        goto out;
    }
    json = anycert_response_json(response, &err);
    if (json)
        status = print_value(anycert_json_get(anycert_json_root(json), argv[2]), argv[2]);
out:
    if (err.code)
        status = say(&err);
    anycert_json_free(json);
    anycert_response_free(response);
    anycert_request_free(request);
    anycert_client_free(client);
    anycert_config_free(config);
    return status;
}
