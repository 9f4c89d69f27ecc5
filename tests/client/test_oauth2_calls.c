/* OAuth 2.0 client credentials with oauthlib. */
#include "client/auth_servers.h"
#include "client/floor.h"
#include "client/many.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#define COUNT(a) (sizeof(a) / sizeof(a)[0])

static struct pki pki;

static int start(void **state)
{
    (void)state;
    pki_make(&pki);
    return 0;
}

static int stop(void **state)
{
    (void)state;
    pki_free(&pki);
    return 0;
}

static struct anycert_auth *known_to(const struct auth_server *server, bool in_body)
{
    struct anycert_error err = {0};
    struct anycert_auth *auth =
        anycert_auth_oauth2(auth_url(server, "token"), in_body ? "plain" : "the client",
                            in_body ? "pl4in-secret-of-the-client" : "the secret/&+", &err);

    if (!auth || anycert_auth_oauth2_set_style(
                     auth, in_body ? ANYCERT_OAUTH2_BODY : ANYCERT_OAUTH2_BASIC, &err) < 0)
        fail_msg("%s", err.message);
    return auth;
}

/* What the server says at a path, to somebody without a token. */
static const char *tell(const struct auth_server *server, const char *path)
{
    static char text[4096];
    struct anycert_client *client = auth_client(&pki, NULL);
    struct anycert_response *response =
        floor_ok(client, floor_request("GET", auth_url(server, path)));

    snprintf(text, sizeof text, "%s", (const char *)anycert_response_body(response, NULL));
    anycert_response_free(response);
    anycert_client_free(client);
    return text;
}

static void assert_welcome(struct anycert_client *client, const struct auth_server *server,
                           size_t hops)
{
    struct anycert_response *response =
        floor_ok(client, floor_request("GET", auth_url(server, "api")));

    assert_int_equal(anycert_response_status(response), 200);
    assert_string_equal(anycert_response_body(response, NULL), "welcome");
    assert_int_equal(anycert_response_hop_count(response), hops);
    anycert_response_free(response);
}

static void one_token_serves_many_calls(void **state)
{
    (void)state;
    for (int in_body = 0; in_body < 2; in_body++) {
        struct auth_server server;
        struct anycert_auth *auth = NULL;
        struct anycert_client *client = NULL;

        oauth2_start(&server, &pki, 3600);
        auth = known_to(&server, in_body);
        assert_int_equal(anycert_auth_oauth2_set_scope(auth, "read write", NULL), 0);
        assert_int_equal(anycert_auth_oauth2_add_param(auth, "x", "y z", NULL), 0);
        client = auth_client(&pki, auth);
        for (int i = 0; i < 5; i++)
            assert_welcome(client, &server, 1);
        assert_string_equal(tell(&server, "tokens"), "1");
        assert_string_equal(tell(&server, "seen"),
                            in_body ? "grant_type=client_credentials&client_id=plain&client_secret="
                                      "pl4in-secret-of-the-client&scope=read%20write&x=y%20z"
                                    : "grant_type=client_credentials&scope=read%20write&x=y%20z");
        /* One that the server has forgotten is replaced, once. */
        (void)tell(&server, "revoke");
        assert_welcome(client, &server, 2);
        assert_welcome(client, &server, 1);
        assert_string_equal(tell(&server, "tokens"), "2");
        anycert_client_free(client);
        auth_remove(&server);
    }
}

static void refused_clients_are_told_why(void **state)
{
    struct auth_server server;
    struct anycert_auth *auth = NULL;
    struct anycert_client *client = NULL;
    struct anycert_response *response = NULL;

    (void)state;
    oauth2_start(&server, &pki, 3600);
    auth = anycert_auth_oauth2(auth_url(&server, "token"), "the client", "wrong-s3cret", NULL);
    client = auth_client(&pki, auth);
    floor_fails(client, floor_request("GET", auth_url(&server, "api")), ANYCERT_E_AUTH, &response);
    assert_non_null(strstr(floor_message(), "token request to https://localhost:"));
    assert_non_null(strstr(floor_message(), ": status 401, invalid_client"));
    assert_null(strstr(floor_message(), "s3cret"));
    assert_string_equal(anycert_response_hop_url(response, 0), auth_url(&server, "token"));
    assert_non_null(anycert_response_hop_report(response, 0));
    anycert_response_free(response);
    anycert_client_free(client);

    auth = known_to(&server, false);
    assert_int_equal(anycert_auth_oauth2_set_scope(auth, "everything", NULL), 0);
    client = auth_client(&pki, auth);
    floor_fails(client, floor_request("GET", auth_url(&server, "api")), ANYCERT_E_AUTH, NULL);
    assert_non_null(strstr(floor_message(), ": status 400, invalid_scope"));
    anycert_client_free(client);
    auth_remove(&server);
}

static int64_t given_time(void *arg)
{
    return *(const int64_t *)arg;
}

static void tokens_are_renewed_by_the_clients_clock(void **state)
{
    struct auth_server server;
    struct anycert_auth *auth = NULL;
    struct anycert_config *config = NULL;
    struct anycert_client *client = NULL;
    int64_t now = time(NULL);

    (void)state;
    oauth2_start(&server, &pki, 1000);
    auth = known_to(&server, false);
    assert_int_equal(anycert_auth_oauth2_set_refresh_before(auth, 100, NULL), 0);
    config = auth_config(&pki, auth);
    assert_int_equal(anycert_config_set_clock(config, given_time, &now, NULL), 0);
    client = floor_client_of(config);
    assert_welcome(client, &server, 1);
    now += 895; /* the server's clock has gone on a little, perhaps */
    assert_welcome(client, &server, 1);
    assert_string_equal(tell(&server, "tokens"), "1");
    now += 5;
    assert_welcome(client, &server, 1);
    assert_string_equal(tell(&server, "tokens"), "2");
    anycert_client_free(client);
    auth_remove(&server);
}

/* ---- many at once */

struct crowd {
    struct anycert_client *client;
    const char *url;
    pthread_barrier_t barrier;
};

static void *call_often(void *arg)
{
    struct crowd *crowd = arg;

    (void)pthread_barrier_wait(&crowd->barrier);
    for (int i = 0; i < 10; i++) {
        struct anycert_error err = {0};
        struct anycert_request *request = anycert_request_new("GET", crowd->url, &err);
        struct anycert_response *response = NULL;

        if (!request || anycert_client_send(crowd->client, request, &response, &err) < 0 ||
            anycert_response_status(response) != 200) {
            fprintf(stderr, "%s\n", err.message);
            abort();
        }
        anycert_response_free(response);
        anycert_request_free(request);
    }
    return NULL;
}

static void threads_share_one_token(void **state)
{
    struct auth_server server;
    struct crowd crowd;
    pthread_t threads[8];
    char url[128];

    (void)state;
    oauth2_start(&server, &pki, 3600);
    snprintf(url, sizeof url, "%s", auth_url(&server, "api"));
    crowd.url = url;
    crowd.client = auth_client(&pki, known_to(&server, false));
    assert_int_equal(pthread_barrier_init(&crowd.barrier, NULL, COUNT(threads)), 0);
    for (size_t i = 0; i < COUNT(threads); i++)
        assert_int_equal(pthread_create(&threads[i], NULL, call_often, &crowd), 0);
    for (size_t i = 0; i < COUNT(threads); i++)
        assert_int_equal(pthread_join(threads[i], NULL), 0);
    pthread_barrier_destroy(&crowd.barrier);
    anycert_client_free(crowd.client);
    assert_string_equal(tell(&server, "tokens"), "1");
    auth_remove(&server);
}

static void batch_shares_one_token(void **state)
{
    struct auth_server server;
    struct anycert_client *client = NULL;
    struct many *many = NULL;

    (void)state;
    oauth2_start(&server, &pki, 3600);
    client = auth_client(&pki, known_to(&server, true));
    many = many_ask(client, 16, auth_url(&server, "api"), 100, 0);
    many_free(many);
    anycert_client_free(client);
    assert_string_equal(tell(&server, "tokens"), "1");
    auth_remove(&server);
}

/* ---- on its way */

static void token_request_goes_through_the_clients_proxy(void **state)
{
    struct auth_server server;
    struct squid squid;
    struct anycert_config *config = NULL;
    struct anycert_client *client = NULL;
    char expected[128];
    char *log = NULL;

    (void)state;
    oauth2_start(&server, &pki, 3600);
    squid_start(&squid, &pki);
    config = auth_config(&pki, known_to(&server, false));
    assert_int_equal(anycert_config_set_proxy(config, url_of("http", squid.http, ""), NULL), 0);
    client = floor_client_of(config);
    assert_welcome(client, &server, 1);
    anycert_client_free(client);
    child_stop(squid.child); /* it writes its log at the end of a tunnel */
    squid.child = NULL;
    log = child_log(squid.log);
    /* The token's connection is not the other one's. */
    snprintf(expected, sizeof expected, "CONNECT localhost:%u 200 -\nCONNECT localhost:%u 200 -\n",
             (unsigned)server.port, (unsigned)server.port);
    assert_string_equal(strstr(log, "CONNECT"), expected);
    free(log);
    squid_stop(&squid);
    auth_remove(&server);
}

/* ---- under a policy file */

/* A client with the anchors of the API, and a line for it and one for the token server. */
static struct anycert_client *client_of_lines(const struct auth_server *server, const char *api,
                                              const char *token)
{
    struct anycert_config *config = floor_config(NULL);
    struct anycert_policy *anchors = anycert_policy_new(NULL);
    struct anycert_policy_file *file = NULL;
    struct anycert_error err = {0};
    struct anycert_auth *auth = known_to(server, false);
    char lines[1024];

    snprintf(lines, sizeof lines, "localhost:%u %s\nlocalhost:%u %s\n",
             (unsigned)lab_server_port(floor_server("good")), api, (unsigned)server->port, token);
    file = anycert_policy_file_parse(lines, strlen(lines), "f", &err);
    if (!file)
        fail_msg("%s", err.message);
    assert_int_equal(anycert_policy_add_ca_path(anchors, floor_root(), NULL), 0);
    assert_int_equal(anycert_config_set_policy(config, NULL, NULL), 0);
    assert_int_equal(anycert_config_set_default_anchors(config, anchors, NULL), 0);
    assert_int_equal(anycert_config_set_policy_file(config, file, NULL), 0);
    assert_int_equal(anycert_config_set_auth(config, auth, NULL), 0);
    anycert_auth_free(auth);
    anycert_policy_file_free(file);
    anycert_policy_free(anchors);
    return floor_client_of(config);
}

/* Neither does the entry of the API's host cover the token server, nor the other way round. */
static void token_server_is_judged_by_its_own_entry(void **state)
{
    static const char wrong_pin[] =
        "pinned pin=sha256//AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=";
    struct auth_server server;
    char trusted[400], relaxed[400];
    const struct {
        const char *api, *token;
        int code;
        const char *says;
    } rows[] = {
        {"hardened", trusted, 0, NULL},
        {"hardened", relaxed, 0, NULL},
        {"hardened", "trust-any", 0, NULL},
        {"hardened", "hardened", ANYCERT_E_TRUST_ISSUER, "by the policy of f:2: "},
        {"trust-any", "hardened", ANYCERT_E_TRUST_ISSUER, "by the policy of f:2: "},
        {"hardened", wrong_pin, ANYCERT_E_TRUST_PIN, "by the policy of f:2: "},
        {wrong_pin, trusted, ANYCERT_E_TRUST_PIN, "by the policy of f:1: "},
    };

    (void)state;
    floor_setup(NULL);
    oauth2_start(&server, &pki, 3600);
    snprintf(trusted, sizeof trusted, "hardened ca=%s", pki.root_path);
    snprintf(relaxed, sizeof relaxed, "hardened+expired ca=%s", pki.root_path);
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct anycert_client *client = client_of_lines(&server, rows[i].api, rows[i].token);
        struct anycert_request *request = floor_request("GET", floor_url("good", "echo"));

        if (rows[i].code == 0) {
            struct anycert_response *response = floor_ok(client, request);

            assert_int_equal(strncmp(floor_echo_header(response, "Authorization", 0), "Bearer ", 7),
                             0);
            anycert_response_free(response);
        } else {
            floor_fails(client, request, rows[i].code, NULL);
            if (!strstr(floor_message(), rows[i].says))
                fail_msg("%zu: '%s' does not say '%s'", i, floor_message(), rows[i].says);
        }
        anycert_client_free(client);
    }
    auth_remove(&server);
    floor_teardown(NULL);
}

/* ---- elsewhere than the API */

/* What came of a request to echo on one of the lab's servers, with a token from another one. */
struct elsewhere {
    const char *policy, *entry; /* of the token server; NULL: none */
    const char *api, *token;
    enum anycert_secret_guard guard;
    int code;
    const char *says;
};

static struct anycert_client *client_elsewhere(const struct elsewhere *row,
                                               struct anycert_trust_store *store)
{
    struct anycert_error err = {0};
    struct anycert_config *config = floor_config(NULL);
    struct anycert_policy *policy = anycert_policy_parse(row->policy, &err);
    struct anycert_auth *auth =
        anycert_auth_oauth2(floor_url(row->token, "token"), "lab", "lab-secret", &err);
    struct anycert_policy_file *file = NULL;
    char line[600];

    if (!policy || !auth)
        fail_msg("%s: %s", row->policy, err.message);
    snprintf(line, sizeof line, "localhost:%u %s\n",
             (unsigned)lab_server_port(floor_server(row->token)),
             row->entry ? row->entry : "hardened");
    file = anycert_policy_file_parse(line, strlen(line), "f", &err);
    if (!file)
        fail_msg("%s: %s", line, err.message);
    assert_int_equal(anycert_policy_add_ca_path(policy, floor_root(), NULL), 0);
    assert_int_equal(anycert_config_set_policy(config, policy, NULL), 0);
    assert_int_equal(anycert_config_set_auth(config, auth, NULL), 0);
    assert_int_equal(anycert_config_set_trust_store(config, store, NULL), 0);
    assert_int_equal(anycert_config_set_secret_guard(config, row->guard, NULL), 0);
    if (row->entry)
        assert_int_equal(anycert_config_set_policy_file(config, file, NULL), 0);
    anycert_policy_free(policy);
    anycert_policy_file_free(file);
    anycert_auth_free(auth);
    return floor_client_of(config);
}

static void check_elsewhere(const struct elsewhere *row, struct anycert_trust_store *store)
{
    const struct lab_server *server = floor_server(row->token);
    uint64_t asked = lab_server_requests(server);
    struct anycert_request *request = floor_request("GET", floor_url(row->api, "echo"));
    struct anycert_client *client = client_elsewhere(row, store);
    struct anycert_error err = {0};

    if (floor_call(client, request, NULL, &err) != row->code ||
        (row->says && !strstr(err.message, row->says)))
        fail_msg("%s, %s from %s: %d %s", row->policy, row->entry ? row->entry : "-", row->token,
                 err.code, err.message);
    /* Who is not believed gets no secret. */
    if (row->code)
        assert_int_equal(lab_server_requests(server), asked);
    anycert_client_free(client);
}

#define NOT_THERE "that is another server than https://localhost:"

static void what_is_said_of_the_api_is_not_about_a_token_server_elsewhere(void **state)
{
    static const char *const relaxed[] = {"hardened+self-signed", "hardened+untrusted-issuer",
                                          "hardened+wrong-host", "hardened+expired"};
    static const char *const tokens[] = {"self-signed", "untrusted-root", "wrong-host", "expired"};
    static const int codes[] = {ANYCERT_E_TRUST_ISSUER, ANYCERT_E_TRUST_ISSUER,
                                ANYCERT_E_TRUST_NAME, ANYCERT_E_TRUST_DATES};
    struct anycert_trust_store *store = NULL;
    struct anycert_error err = {0};
    char policy[200];

    (void)state;
    floor_setup(NULL);
    (void)floor_folder();
    store = anycert_trust_store_open(floor_path("trust"), &err);
    if (!store)
        fail_msg("%s", err.message);
    for (size_t i = 0; i < COUNT(relaxed); i++) {
        struct elsewhere row = {.policy = policy,
                                .api = "good",
                                .token = tokens[i],
                                .code = codes[i],
                                .says = NOT_THERE};

        snprintf(policy, sizeof policy, "%s", relaxed[i]);
        check_elsewhere(&row, store);
        snprintf(policy, sizeof policy, "%s pin=%s", relaxed[i],
                 lab_server_pin(floor_server("good")));
        check_elsewhere(&row, store);
        if (i >= 2) {
            snprintf(policy, sizeof policy, "tofu%s mode=accept-new", strchr(relaxed[i], '+'));
            check_elsewhere(&row, store);
        }
        /* Of the switch it is. */
        row.code = 0;
        row.says = NULL;
        snprintf(policy, sizeof policy, "trust-any");
        check_elsewhere(&row, store);
    }
    anycert_trust_store_free(store);
    floor_remove_folder(0);
    floor_teardown(NULL);
}

#define WRONG_PIN "pin=sha256//AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="

static void token_server_elsewhere_is_judged_by_its_entry_before_the_option(void **state)
{
    static const struct elsewhere rows[] = {
        {"hardened+self-signed", "hardened " WRONG_PIN, "good", "self-signed", 0,
         ANYCERT_E_TRUST_PIN, "by the policy of f:1: "},
        {"hardened", "pinned " WRONG_PIN, "good", "good-ec", 0, ANYCERT_E_TRUST_PIN, "f:1: "},
        {"hardened", "hardened+self-signed", "good", "self-signed", 0, 0, NULL},
        /* The first origin's is that of the option. */
        {"hardened+self-signed", "hardened " WRONG_PIN, "self-signed", "self-signed", 0, 0, NULL},
        {"hardened", "hardened+self-signed", "self-signed", "self-signed", 0,
         ANYCERT_E_TRUST_ISSUER, NULL},
    };

    (void)state;
    floor_setup(NULL);
    for (size_t i = 0; i < COUNT(rows); i++)
        check_elsewhere(&rows[i], NULL);
    floor_teardown(NULL);
}

static void token_server_without_tls_gets_no_secret_where_a_server_is_named(void **state)
{
    static const struct elsewhere rows[] = {
        {"hardened", NULL, "good", "http", 0, 0, NULL},
        {"hardened", "hardened+expired", "good", "http", 0, 0, NULL},
        {"hardened", "hardened " WRONG_PIN, "good", "http", 0, ANYCERT_E_TRUST_DOWNGRADE, "f:1: "},
        {"hardened " WRONG_PIN, NULL, "good", "http", 0, ANYCERT_E_TRUST_DOWNGRADE,
         "the policy's pin means nothing: write https"},
        {"hardened", NULL, "good", "http", ANYCERT_SECRETS_REFUSE, ANYCERT_E_TRUST_SECRETS,
         "http is not protected"},
    };

    (void)state;
    floor_setup(NULL);
    for (size_t i = 0; i < COUNT(rows); i++)
        check_elsewhere(&rows[i], NULL);
    floor_teardown(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_token_serves_many_calls),
        cmocka_unit_test(refused_clients_are_told_why),
        cmocka_unit_test(tokens_are_renewed_by_the_clients_clock),
        cmocka_unit_test(threads_share_one_token),
        cmocka_unit_test(batch_shares_one_token),
        cmocka_unit_test(token_request_goes_through_the_clients_proxy),
        cmocka_unit_test(token_server_is_judged_by_its_own_entry),
        cmocka_unit_test(what_is_said_of_the_api_is_not_about_a_token_server_elsewhere),
        cmocka_unit_test(token_server_elsewhere_is_judged_by_its_entry_before_the_option),
        cmocka_unit_test(token_server_without_tls_gets_no_secret_where_a_server_is_named),
    };

    return cmocka_run_group_tests(tests, start, stop);
}
