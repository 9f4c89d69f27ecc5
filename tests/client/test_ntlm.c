/* NTLM (MS-NTLMP) with Samba's ntlm_auth behind squid. */
#include "client/auth_servers.h"
#include "client/floor.h"
#include "client/many.h"
#include "client/witness.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "http/exchange.h"

static struct pki pki;
static struct auth_server server;

static int start(void **state)
{
    if (floor_setup(state) < 0)
        return -1;
    pki_make(&pki);
    ntlm_start(&server, &pki, lab_server_port(floor_server("http")));
    return 0;
}

static int stop(void **state)
{
    auth_remove(&server);
    pki_free(&pki);
    return floor_teardown(state);
}

static struct anycert_auth *ntlm(const char *user, const char *password)
{
    struct anycert_auth *auth = anycert_auth_ntlm(user, password, NULL);

    assert_non_null(auth);
    return auth;
}

static struct anycert_request *request_of(const char *user, const char *password, const char *path)
{
    struct anycert_request *request = floor_request("GET", auth_url(&server, path));
    struct anycert_auth *auth = user ? ntlm(user, password) : NULL;

    assert_int_equal(anycert_request_set_auth(request, auth, NULL), 0);
    anycert_auth_free(auth);
    return request;
}

static void users_come_in_by_their_password(void **state)
{
    static const struct {
        const char *user, *password;
        int status;
    } rows[] = {
        {("HOME\\" AUTH_USER), AUTH_PASSWORD, 200},
        {"HOME\\b0b", AUTH_PASSWORD, 200},
        {AUTH_USER, AUTH_PASSWORD, 200},
        {"HOME\\" AUTH_USER, "wrong", 401},
        {NULL, NULL, 401},
    };
    struct anycert_client *client = auth_client(&pki, NULL);

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct anycert_response *response =
            floor_ok(client, request_of(rows[i].user, rows[i].password, "echo"));

        assert_int_equal(anycert_response_status(response), rows[i].status);
        assert_string_equal(anycert_response_http_version(response), "1.1");
        anycert_response_free(response);
    }
    anycert_client_free(client);
}

static void body_comes_through(void **state)
{
    struct anycert_client *client = auth_client(&pki, ntlm("HOME\\" AUTH_USER, AUTH_PASSWORD));

    (void)state;
    for (int i = 0; i < 3; i++) {
        struct anycert_request *request = floor_request("POST", auth_url(&server, "echo"));
        struct anycert_response *response = NULL;

        assert_int_equal(anycert_request_set_body(request, "a body", 6, NULL), 0);
        response = floor_ok(client, request);
        assert_int_equal(anycert_response_status(response), 200);
        assert_string_equal(floor_echo_text(response, "/body/start"), "a body");
        assert_int_equal(anycert_response_hop_reused(response, 0), i > 0);
        anycert_response_free(response);
    }
    anycert_client_free(client);
}

/* P31: the server knows connections, not requests. From its log: each connection had one user. */
static void assert_one_user_a_connection(unsigned expected)
{
    char *log = auth_log(&server, "access");
    struct {
        char user[64];
        unsigned port;
    } seen[256];
    unsigned count = 0;
    unsigned users = 0;
    char *rest = log;

    for (char *line = strsep(&rest, "\n"); line && *line; line = strsep(&rest, "\n")) {
        char user[64];
        unsigned status = 0;
        unsigned port = 0;
        unsigned i = 0;

        assert_int_equal(sscanf(line, "%63s %u %u", user, &status, &port), 3);
        if (status != 200 || strcmp(user, "-") == 0)
            continue;
        users++;
        while (i < count && seen[i].port != port)
            i++;
        if (i < count)
            assert_string_equal(seen[i].user, user);
        assert_true(count < 256);
        seen[i].port = port;
        snprintf(seen[i].user, sizeof seen[i].user, "%s", user);
        count += i == count;
    }
    assert_true(users >= expected);
    free(log);
}

static void connections_have_one_user(void **state)
{
    static const char first[] = "HOME\\" AUTH_USER;
    static const char *const users[] = {first, "HOME\\b0b", "HOME\\car0l"};
    struct anycert_client *client = auth_client(&pki, NULL);
    struct many *many = NULL;

    (void)state;
    for (unsigned i = 0; i < 12; i++) {
        struct anycert_response *response =
            floor_ok(client, request_of(users[i % 3], AUTH_PASSWORD, "echo"));

        assert_int_equal(anycert_response_status(response), 200);
        assert_int_equal(anycert_response_hop_reused(response, 0), i >= 3);
        anycert_response_free(response);
    }
    many = many_new(client, 8);
    for (unsigned i = 0; i < 60; i++)
        (void)many_add(many, request_of(users[i % 3], AUTH_PASSWORD, "echo"));
    many_finish(many);
    for (unsigned i = 0; i < 60; i++)
        assert_int_equal(many->answers[i].status, 200);
    many_free(many);
    anycert_client_free(client);
    assert_one_user_a_connection(72);
}

static void nobody_can_read_it(void **state)
{
    struct anycert_config *config =
        auth_config(&pki, ntlm("HOME\\" AUTH_USER, "pa55-of-the-domain"));
    struct witness *witness = witness_new(config);
    struct anycert_client *client = floor_client_of(config);

    (void)state;
    assert_int_equal(
        witness_call(witness, client, floor_request("GET", auth_url(&server, "json")), NULL),
        ANYCERT_E_HTTP_STATUS);
    witness_shows(witness, "Authorization: (hidden)");
    witness_hides(witness, "pa55");
    witness_hides(witness, "Authorization: NTLM T");
    witness_hides(witness, AUTH_USER);
    anycert_client_free(client);
    witness_free(witness);
}

static void libcurl_without_it_is_noticed(void **state)
{
    (void)state;
    assert_true(anycert__http_has_scheme(ANYCERT__SCHEME_NTLM, 0));
    assert_true(anycert__http_has_scheme(ANYCERT__SCHEME_NEGOTIATE, 0));
    assert_false(anycert__http_has_scheme(ANYCERT__SCHEME_NTLM, 1));
    assert_false(anycert__http_has_scheme(ANYCERT__SCHEME_NEGOTIATE, 1));
    assert_true(anycert__http_has_scheme(ANYCERT__SCHEME_BASIC, 1));
    assert_true(anycert__http_has_scheme(ANYCERT__SCHEME_DIGEST, 1));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(users_come_in_by_their_password), cmocka_unit_test(body_comes_through),
        cmocka_unit_test(connections_have_one_user),       cmocka_unit_test(nobody_can_read_it),
        cmocka_unit_test(libcurl_without_it_is_noticed),
    };

    return cmocka_run_group_tests(tests, start, stop);
}
