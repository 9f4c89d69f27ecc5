/* oauth2.c — asks for what only those with a token may see. The library gets the token with OAuth
 * 2.0 client credentials, under the same policy as everything else, keeps it, and gets another one
 * before it expires or when the server does not take it any more.
 *
 * usage: oauth2 TOKEN-URL CLIENT-ID SECRET-FILE CA-FILE URL...
 *
 *     $ cc -o oauth2 oauth2.c $(pkg-config --cflags --libs anycert)
 *     $ echo lab-secret > secret.txt
 *     $ ./oauth2 https://api.example/token lab secret.txt ca.pem \
 *           https://api.example/protected https://api.example/protected \
 *           https://api.example/revoke https://api.example/protected
 *     https://api.example/protected: 200 with a new token
 *     https://api.example/protected: 200 with the same token
 *     https://api.example/revoke: 200 with the same token
 *     https://api.example/protected: 200 with a new token
 *
 * What goes wrong with the token is told as such:
 *
 *     $ echo guessed > secret.txt
 *     $ ./oauth2 https://api.example/token lab secret.txt ca.pem https://api.example/protected
 *     https://api.example/protected: AUTH: token request to https://api.example: ...
 *     $ ./oauth2 https://self-signed.example/token lab secret.txt ca.pem https://api.example/
 *     https://api.example/: TRUST_ISSUER: token request to https://self-signed.example: ...
 *
 * To test this comment: host api.example is good. */
#include <anycert/anycert.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The first line of the secret's file. */
static int read_secret(const char *path, char secret[256])
{
    FILE *file = fopen(path, "r");
    int result = file && fgets(secret, 256, file) ? 0 : -1;

    if (file)
        fclose(file);
    if (result == 0)
        secret[strcspn(secret, "\r\n")] = '\0';
    return result;
}

static struct anycert_auth *make_auth(char **argv, struct anycert_error *err)
{
    struct anycert_auth *auth = NULL;
    char secret[256] = "";

    if (read_secret(argv[3], secret) < 0) {
        fprintf(stderr, "oauth2: %s cannot be read\n", argv[3]);
        exit(2);
    }
    auth = anycert_auth_oauth2(argv[1], argv[2], secret, err); /* which copies it */
    memset(secret, 0, sizeof secret);
    if (!auth || anycert_auth_oauth2_set_refresh_before(auth, 30, err) == 0)
        return auth;
    anycert_auth_free(auth);
    return NULL;
}

static struct anycert_client *make_client(const char *ca, struct anycert_auth *auth,
                                          struct anycert_error *err)
{
    struct anycert_policy *policy = anycert_policy_new(err);
    struct anycert_config *config = policy ? anycert_config_new(err) : NULL;
    struct anycert_client *client = NULL;

    if (config && anycert_policy_add_ca_path(policy, ca, err) == 0 &&
        anycert_config_set_policy(config, policy, err) == 0 &&
        anycert_config_set_auth(config, auth, err) == 0)
        client = anycert_client_new(config, err);
    anycert_config_free(config);
    anycert_policy_free(policy);
    return client;
}

/* Tells what came, and whether there is another token than the last one, which it takes over. */
static void ask(struct anycert_client *client, struct anycert_auth *auth, const char *url,
                char **last)
{
    struct anycert_error err = {0};
    struct anycert_request *request = anycert_request_new("GET", url, &err);
    struct anycert_response *response = NULL;

    if (request && anycert_client_call(client, request, &response, &err) == 0) {
        char *token = anycert_auth_oauth2_token(auth, NULL, &err);

        printf("%s: %d with %s token\n", url, anycert_response_status(response),
               *last && token && strcmp(*last, token) == 0 ? "the same" : "a new");
        anycert_free(*last);
        *last = token;
    } else {
        printf("%s: %s: %s\n", url, anycert_error_name(err.code), err.message);
    }
    anycert_response_free(response);
    anycert_request_free(request);
}

int main(int argc, char **argv)
{
    struct anycert_error err = {0};
    struct anycert_auth *auth = NULL;
    struct anycert_client *client = NULL;
    char *last = NULL;

    if (argc < 6) {
        fprintf(stderr, "usage: oauth2 TOKEN-URL CLIENT-ID SECRET-FILE CA-FILE URL...\n");
        return 2;
    }
    auth = make_auth(argv, &err);
    client = auth ? make_client(argv[4], auth, &err) : NULL;
    if (!client)
        fprintf(stderr, "oauth2: %s: %s\n", anycert_error_name(err.code), err.message);
    for (int i = 5; client && i < argc; i++)
        ask(client, auth, argv[i], &last);
    anycert_free(last);
    anycert_client_free(client);
    anycert_auth_free(auth);
    return anycert_error_class_of(err.code);
}
