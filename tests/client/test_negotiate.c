/* Negotiate (RFC 4559) with Apache's mod_auth_gssapi and a Kerberos of the test's own. */
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

static struct pki pki;
static struct kerberos kerberos;

static int start(void **state)
{
    (void)state;
    pki_make(&pki);
    kerberos_start(&kerberos, &pki);
    return 0;
}

static int stop(void **state)
{
    (void)state;
    kerberos_stop(&kerberos);
    pki_free(&pki);
    return 0;
}

static struct anycert_auth *negotiate(void)
{
    struct anycert_auth *auth = anycert_auth_negotiate(NULL);

    assert_non_null(auth);
    return auth;
}

static void ticket_opens_the_door(void **state)
{
    static const char *const users[][2] = {{"alice", "alice@LOOP.TEST"}, {"bob", "bob@LOOP.TEST"}};

    (void)state;
    for (size_t i = 0; i < 2; i++) {
        struct anycert_client *client = auth_client(&pki, negotiate());

        kerberos_become(&kerberos, users[i][0]);
        for (int n = 0; n < 3; n++) {
            struct anycert_response *response =
                floor_ok(client, floor_request("GET", auth_url(&kerberos.web, "page")));

            assert_int_equal(anycert_response_status(response), 200);
            assert_string_equal(anycert_response_body(response, NULL), "welcome");
            assert_string_equal(anycert_response_header(response, "X-User", 0), users[i][1]);
            assert_int_equal(anycert_response_hop_reused(response, 0), n > 0);
            anycert_response_free(response);
        }
        anycert_client_free(client);
    }
}

/* P31: whoever has a ticket at the time is who comes; a connection of somebody else's is not used.
 */
static void another_object_makes_a_connection_of_its_own(void **state)
{
    static const char *const users[] = {"alice", "bob", "alice"};
    static const char *const names[] = {"alice@LOOP.TEST", "bob@LOOP.TEST", "alice@LOOP.TEST"};
    struct anycert_client *client = auth_client(&pki, NULL);

    (void)state;
    for (size_t i = 0; i < 3; i++) {
        struct anycert_auth *auth = negotiate();

        kerberos_become(&kerberos, users[i]);
        for (int n = 0; n < 2; n++) {
            struct anycert_request *request = floor_request("GET", auth_url(&kerberos.web, "page"));
            struct anycert_response *response = NULL;

            assert_int_equal(anycert_request_set_auth(request, auth, NULL), 0);
            response = floor_ok(client, request);
            assert_string_equal(anycert_response_header(response, "X-User", 0), names[i]);
            assert_int_equal(anycert_response_hop_reused(response, 0), n > 0);
            anycert_response_free(response);
        }
        anycert_auth_free(auth);
    }
    anycert_client_free(client);
}

static void body_comes_through(void **state)
{
    struct anycert_client *client = auth_client(&pki, negotiate());
    struct anycert_request *request = floor_request("POST", auth_url(&kerberos.web, "page"));
    struct anycert_response *response = NULL;

    (void)state;
    kerberos_become(&kerberos, "alice");
    assert_int_equal(anycert_request_set_body(request, "a body", 6, NULL), 0);
    response = floor_ok(client, request);
    assert_int_equal(anycert_response_status(response), 200);
    anycert_response_free(response);
    anycert_client_free(client);
}

static void without_a_ticket_the_error_says_so(void **state)
{
    struct anycert_client *client = auth_client(&pki, negotiate());
    struct anycert_response *response = NULL;

    (void)state;
    kerberos_become(&kerberos, NULL);
    floor_fails(client, floor_request("GET", auth_url(&kerberos.web, "page")), ANYCERT_E_AUTH,
                &response);
    assert_non_null(strstr(floor_message(),
                           "localhost wants a Kerberos ticket, and there is none to use: No "
                           "credentials were supplied"));
    assert_int_equal(anycert_response_status(response), 401);
    anycert_response_free(response);
    /* Where nobody asks for one, none is missed. */
    response = floor_ok(client, floor_request("GET", auth_url(&kerberos.web, "nothing")));
    assert_int_equal(anycert_response_status(response), 404);
    anycert_response_free(response);
    kerberos_become(&kerberos, "alice");
    response = floor_ok(client, floor_request("GET", auth_url(&kerberos.web, "page")));
    assert_int_equal(anycert_response_status(response), 200);
    anycert_response_free(response);
    anycert_client_free(client);
}

static void nobody_can_read_it(void **state)
{
    struct anycert_config *config = auth_config(&pki, negotiate());
    struct witness *witness = witness_new(config);
    struct anycert_client *client = floor_client_of(config);

    (void)state;
    kerberos_become(&kerberos, "alice");
    assert_int_equal(
        witness_call(witness, client, floor_request("GET", auth_url(&kerberos.web, "page")), NULL),
        0);
    witness_shows(witness, "> Authorization: (hidden)");
    witness_hides(witness, "Authorization: Negotiate");
    anycert_client_free(client);
    witness_free(witness);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ticket_opens_the_door),
        cmocka_unit_test(another_object_makes_a_connection_of_its_own),
        cmocka_unit_test(body_comes_through),
        cmocka_unit_test(without_a_ticket_the_error_says_so),
        cmocka_unit_test(nobody_can_read_it),
    };

    return cmocka_run_group_tests(tests, start, stop);
}
