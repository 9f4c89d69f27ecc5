/* What a client with OAuth 2.0 client credentials needs (RFC 6749 section 4.4), for the client
 * "lab" with the secret "lab-secret", as Basic authentication or in the body:
 *
 *     POST /token            a token for an hour; POST /token/N: for N seconds
 *     /protected             wants such a token: {"token": 1}, by the order of giving
 *     /revoke                ends all that were given up to now
 *
 * A token is its number and the second in which it ends; nobody has to keep it. */
#include "lab/http.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define BASIC    "Basic bGFiOmxhYi1zZWNyZXQ="
#define LIFETIME 3600

/* Whether a body of application/x-www-form-urlencoded has "name=value". */
static bool has_parameter(const char *body, const char *pair)
{
    size_t len = strlen(pair);

    for (const char *p = body; p != NULL; p = strchr(p, '&')) {
        p += *p == '&';
        if (strncmp(p, pair, len) == 0 && (p[len] == '\0' || p[len] == '&')) {
            return true;
        }
    }
    return false;
}

static int refuse(struct lab__exchange *exchange, int status, const char *fields, const char *error)
{
    char body[64];
    int len = snprintf(body, sizeof(body), "{\"error\": \"%s\"}\n", error);

    return lab__respond(exchange, status, "application/json", fields, body, (size_t)len);
}

int lab__token(struct lab__exchange *exchange, const char *argument)
{
    const struct lab__request *request = exchange->request;
    const char *authorization = lab__request_field(request, "Authorization");
    struct lab_server *server = exchange->connection->server;
    unsigned long lifetime = *argument != '\0' ? strtoul(argument, NULL, 10) : LIFETIME;
    char form[LAB__BODY_KEPT + 1] = "";
    char body[160];
    int len;

    if (strcmp(request->method, "POST") != 0) {
        return lab__respond(exchange, 405, "text/plain", "Allow: POST\r\n", "only POST\n", 10);
    }
    if (request->body_len <= LAB__BODY_KEPT) {
        memcpy(form, request->body_start, (size_t)request->body_len);
    }
    if (authorization != NULL ? strcmp(authorization, BASIC) != 0
                              : !has_parameter(form, "client_id=lab") ||
                                    !has_parameter(form, "client_secret=lab-secret")) {
        return refuse(exchange, 401, "WWW-Authenticate: Basic realm=\"lab\"\r\n", "invalid_client");
    }
    if (!has_parameter(form, "grant_type=client_credentials")) {
        return refuse(exchange, 400, "", "unsupported_grant_type");
    }
    lifetime = lifetime < UINT32_MAX ? lifetime : UINT32_MAX;
    len = snprintf(body, sizeof(body),
                   "{\"access_token\": \"lab-%llu-%lld\", \"token_type\": \"Bearer\", "
                   "\"expires_in\": %lu}\n",
                   atomic_fetch_add(&server->tokens_given, 1) + 1,
                   (long long)time(NULL) + (long long)lifetime, lifetime);
    return lab__respond(exchange, 200, "application/json", "Cache-Control: no-store\r\n", body,
                        (size_t)len);
}

/* The number of a token that is still good, or 0. */
static unsigned long long number_of(struct lab_server *server, const char *authorization)
{
    unsigned long long number = 0;
    long long end = 0;

    if (authorization == NULL ||
        sscanf(authorization, "Bearer lab-%20llu-%20lld", &number, &end) != 2 ||
        number > atomic_load(&server->tokens_given) ||
        number <= atomic_load(&server->tokens_revoked) || end <= (long long)time(NULL)) {
        return 0;
    }
    return number;
}

int lab__protected(struct lab__exchange *exchange, const char *argument)
{
    const char *authorization = lab__request_field(exchange->request, "Authorization");
    unsigned long long number = number_of(exchange->connection->server, authorization);
    char body[64];
    int len = snprintf(body, sizeof(body), "{\"token\": %llu}\n", number);

    (void)argument;
    if (number == 0) {
        return refuse(exchange, 401,
                      authorization != NULL
                          ? "WWW-Authenticate: Bearer realm=\"lab\", error=\"invalid_token\"\r\n"
                          : "WWW-Authenticate: Bearer realm=\"lab\"\r\n",
                      "invalid_token");
    }
    return lab__respond(exchange, 200, "application/json", "", body, (size_t)len);
}

int lab__revoke(struct lab__exchange *exchange, const char *argument)
{
    struct lab_server *server = exchange->connection->server;

    (void)argument;
    atomic_store(&server->tokens_revoked, atomic_load(&server->tokens_given));
    return lab__respond(exchange, 200, "text/plain", "", "revoked\n", 8);
}
