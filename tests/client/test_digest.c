/* Digest (RFC 7616) with lighttpd. */
#include "client/auth_servers.h"
#include "client/floor.h"
#include "client/witness.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define COUNT(a) (sizeof(a) / sizeof(a)[0])

static struct pki pki;
static struct auth_server server;

static int start(void **state)
{
    (void)state;
    pki_make(&pki);
    lighttpd_start(&server, &pki);
    return 0;
}

static int stop(void **state)
{
    (void)state;
    auth_remove(&server);
    pki_free(&pki);
    return 0;
}

static struct anycert_auth *digest(const char *password)
{
    struct anycert_auth *auth = anycert_auth_digest(AUTH_USER, password, NULL);

    assert_non_null(auth);
    return auth;
}

static int ask(struct anycert_client *client, const char *method, const char *path, size_t hops)
{
    struct anycert_response *response =
        floor_ok(client, floor_request(method, auth_url(&server, path)));
    int status = anycert_response_status(response);

    if (status == 200 && strcmp(method, "GET") == 0)
        assert_string_equal(anycert_response_body(response, NULL), "welcome");
    assert_int_equal(anycert_response_hop_count(response), hops);
    anycert_response_free(response);
    return status;
}

static int status_of(struct anycert_client *client, const char *path)
{
    return ask(client, "GET", path, 1);
}

static void both_hashes_are_spoken(void **state)
{
    struct anycert_client *client = auth_client(&pki, digest(AUTH_PASSWORD));

    (void)state;
    assert_int_equal(status_of(client, "md5"), 200);
    assert_int_equal(status_of(client, "md5"), 200);
    /* What answered the one challenge is refused by the other. */
    assert_int_equal(ask(client, "GET", "sha256", 2), 200);
    assert_int_equal(ask(client, "HEAD", "sha256", 1), 200);
    assert_int_equal(status_of(client, "open"), 200);
    assert_int_equal(ask(client, "GET", "md5", 2), 200);
    anycert_client_free(client);
}

static void wrong_password_is_an_answer_with_401(void **state)
{
    struct anycert_client *client = auth_client(&pki, digest("wrong"));

    (void)state;
    assert_int_equal(status_of(client, "md5"), 401);
    assert_int_equal(status_of(client, "sha256"), 401);
    anycert_client_free(client);
}

/* The password must not go out in clear text because a server (or somebody between) says so. */
static void server_that_wants_basic_gets_nothing(void **state)
{
    struct anycert_client *client = auth_client(&pki, digest(AUTH_PASSWORD));

    (void)state;
    assert_int_equal(status_of(client, "basic"), 401);
    anycert_client_free(client);
    client = auth_client(&pki, anycert_auth_basic(AUTH_USER, AUTH_PASSWORD, NULL));
    assert_int_equal(status_of(client, "basic"), 200);
    assert_int_equal(status_of(client, "md5"), 401);
    anycert_client_free(client);
}

/* One server, two users, and none: each over connections of their own. */
static void users_do_not_share(void **state)
{
    struct anycert_client *client = auth_client(&pki, NULL);
    static const struct {
        const char *password;
        int status;
    } rows[] = {{AUTH_PASSWORD, 200}, {NULL, 401}, {"wrong", 401}, {AUTH_PASSWORD, 200}};

    (void)state;
    for (size_t i = 0; i < 3 * COUNT(rows); i++) {
        struct anycert_request *request = floor_request("GET", auth_url(&server, "sha256"));
        struct anycert_auth *auth =
            rows[i % COUNT(rows)].password ? digest(rows[i % COUNT(rows)].password) : NULL;
        struct anycert_response *response = NULL;

        assert_int_equal(anycert_request_set_auth(request, auth, NULL), 0);
        anycert_auth_free(auth);
        response = floor_ok(client, request);
        assert_int_equal(anycert_response_status(response), rows[i % COUNT(rows)].status);
        /* A handle that was refused is not used again. */
        if (i >= COUNT(rows))
            assert_int_equal(anycert_response_hop_reused(response, 0), i % COUNT(rows) != 2);
        anycert_response_free(response);
    }
    anycert_client_free(client);
}

/* The challenge comes before the body, which is sent once, to whoever may have it. */
static void body_is_sent_behind_the_challenge(void **state)
{
    struct auth_server own;
    struct anycert_client *client = NULL;
    char *log = NULL;

    (void)state;
    lighttpd_start(&own, &pki);
    client = auth_client(&pki, digest(AUTH_PASSWORD));
    for (int i = 0; i < 2; i++) {
        struct anycert_request *request = floor_request("POST", auth_url(&own, "sha256"));
        struct anycert_response *response = NULL;

        assert_int_equal(anycert_request_set_body(request, "a body", 6, NULL), 0);
        response = floor_ok(client, request);
        assert_int_equal(anycert_response_status(response), 200);
        anycert_response_free(response);
    }
    anycert_client_free(client);
    auth_stop(&own);
    log = auth_log(&own, "access");
    /* The second time the nonce is known. */
    assert_string_equal(log, "401 POST /sha256 -\n"
                             "200 POST /sha256 " AUTH_USER "\n"
                             "200 POST /sha256 " AUTH_USER "\n");
    free(log);
    auth_remove(&own);
}

/* P29: what one origin has said is for that origin alone. */
static void another_origin_gets_neither_answer_nor_user(void **state)
{
    struct anycert_config *config = auth_config(&pki, digest(AUTH_PASSWORD));
    struct witness *witness = witness_new(config);
    struct anycert_client *client = floor_client_of(config);
    struct canned *canned = canned_start(false);
    struct anycert_response *response = NULL;
    char *request = NULL;

    (void)state;
    canned_text(canned, CANNED_KEEP,
                "HTTP/1.1 401 No\r\nWWW-Authenticate: Digest realm=\"the realm\", qop=\"auth\", "
                "nonce=\"n0nce\"\r\nContent-Length: 0\r\n\r\n");
    canned_text(canned, CANNED_KEEP,
                "HTTP/1.1 302 Away\r\nLocation: %s\r\nContent-Length: 0\r\n\r\n",
                auth_url(&server, "md5"));
    assert_int_equal(witness_call(witness, client,
                                  floor_request("GET", floor_join(canned_origin(canned), "/")),
                                  &response),
                     ANYCERT_E_HTTP_STATUS);
    assert_int_equal(anycert_response_status(response), 401);
    assert_int_equal(anycert_response_hop_count(response), 2);
    anycert_response_free(response);
    request = canned_request(canned, 1, NULL);
    assert_non_null(strstr(request, "\r\nAuthorization: Digest username=\"" AUTH_USER "\""));
    free(request);
    witness_hides(witness, AUTH_PASSWORD);
    witness_hides(witness, "username=");
    witness_shows(witness, "> Authorization: (hidden)");
    anycert_client_free(client);
    witness_free(witness);
    canned_stop(canned);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(both_hashes_are_spoken),
        cmocka_unit_test(wrong_password_is_an_answer_with_401),
        cmocka_unit_test(server_that_wants_basic_gets_nothing),
        cmocka_unit_test(users_do_not_share),
        cmocka_unit_test(body_is_sent_behind_the_challenge),
        cmocka_unit_test(another_origin_gets_neither_answer_nor_user),
    };

    return cmocka_run_group_tests(tests, start, stop);
}
