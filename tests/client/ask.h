/* ask.h — a client in one line, and what came of a request in one structure. Setting up fails the
 * test. */
#ifndef ANYCERT_TESTS_CLIENT_ASK_H
#define ANYCERT_TESTS_CLIENT_ASK_H

#include <stdbool.h>
#include <stdint.h>

#include <anycert/anycert.h>

/* Zero means the default of the library, except for the time limits: connecting 20 s, the request
 * 40 s. */
struct ask {
    const char *policy;  /* text; NULL: none is set */
    const char *file;    /* lines of a policy file, called "f" */
    const char *anchors; /* path of the default anchors */
    const char *proxy, *proxy_policy;
    const char *resolve;
    const char *connect_to;
    const char *cert, *key;
    const char *p12, *p12_password;
    const char *uri, *pin; /* of a client certificate on a token, or of a key there */
    enum anycert_secret_guard guard;
    const char *no_proxy;
    enum anycert_proxy_auth proxy_auth;
    enum anycert_http_version http_version;
    unsigned connect_ms, total_ms;
    const char *trust_store; /* path */
    bool store_is_read_only;
    anycert_trust_ask *trust_ask;
    void *trust_ask_arg;
    int64_t (*now)(void *arg);
    void *now_arg;
};
struct anycert_client *ask_client(const struct ask *ask);

struct answer {
    int code; /* of the error; 0: success */
    char message[sizeof(((struct anycert_error *)0)->message)];
    int status;
    char body[1024]; /* its beginning */
    char http_version[4];
    /* of the last hop */
    bool reused;
    bool has_report, has_proxy_report;
    enum anycert_verdict verdict, reference_verdict, proxy_verdict;
    bool authenticated, proxy_authenticated;
    char protocol[16];
    struct anycert_response *response; /* may be NULL */
};
/* What a response, which may be NULL, and an error, which may be empty, say. It takes the response
 * and is to be freed. */
struct answer answer_of(struct anycert_response *response, const struct anycert_error *err);
/* GET. The answer is to be freed. */
struct answer ask_get(struct anycert_client *client, const char *url);
/* The same with request fields, "Name: value" each. */
struct answer ask_get_with(struct anycert_client *client, const char *url,
                           const char *const *fields, unsigned field_count);
void answer_free(struct answer *answer);

/* GET that has to succeed with status 200; whether it used a connection that was open already. */
bool ask_works(struct anycert_client *client, const char *url);
/* GET that has to fail with this code; true if the connection was new and something was learned
 * about it. */
bool ask_fails(struct anycert_client *client, const char *url, int code);

/* "RUNG ca=ANCHORS" in a buffer that lives until the fourth call after it. */
const char *ask_policy(const char *rung, const char *anchors);
/* A client with a policy given so, and nothing else. */
struct anycert_client *ask_under(const char *rung, const char *anchors);

#endif
