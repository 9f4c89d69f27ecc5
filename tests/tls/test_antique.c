/* The last rung, through the whole client: what it reaches, and what it says of what it does not.
 */
#include "client/ask.h"
#include "lab/lab.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define COUNT(a) (sizeof(a) / sizeof(a)[0])

static const char *const reached[] = {
    "tls10-only",    "tls11-static-rsa", "sha1-handshake",      "dh-512",
    "camellia",      "secp192r1-group",  "ec-secp256k1",        "tls13-ccm8",
    "rsa-512",       "tls10-rsa-1024",   "alpn-mismatch",       "ems-intolerant",
    "renegotiation", "oversized-chain",  "post-handshake-auth", "good",
    "dsa",           "tls10-dsa-1024",   "ecdsa-sha1",          "long-chain",
};
static const char *const beyond[] = {"3des", "rc4", "null-cipher", "anonymous", "psk-only"};

static struct lab *lab;

static int start(void **state)
{
    const char *names[COUNT(reached) + COUNT(beyond)];
    struct anycert_error err = {0};

    (void)state;
    memcpy(names, reached, sizeof reached);
    memcpy(names + COUNT(reached), beyond, sizeof beyond);
    if (lab_start(names, COUNT(names), &lab, &err) < 0)
        fail_msg("%s", err.message);
    return 0;
}

static int stop(void **state)
{
    (void)state;
    lab_stop(lab);
    return 0;
}

static struct answer ask(struct anycert_client *client, const char *name)
{
    const struct lab_server *server = lab_server_find(lab, name);

    assert_non_null(server);
    return ask_get(client, lab_server_url(server));
}

static void antique_gets_answers_and_reports_what_it_gave_up(void **state)
{
    struct anycert_client *client = ask_client(&(struct ask){.policy = "antique"});

    (void)state;
    for (size_t i = 0; i < COUNT(reached); i++) {
        struct answer answer = ask(client, reached[i]);

        if (answer.code != 0 || answer.status != 200)
            fail_msg("%s: %s", reached[i], answer.message);
        assert_int_equal(answer.verdict, ANYCERT_RELAXED);
        assert_int_equal(answer.reference_verdict, ANYCERT_FAIL);
        assert_false(answer.authenticated); /* the lab's root is not the system's */
        answer_free(&answer);
    }
    anycert_client_free(client);
}

/* What even the last rung is without is named. */
static void antique_says_what_it_does_not_have(void **state)
{
    struct anycert_client *client = ask_client(&(struct ask){.policy = "antique"});

    (void)state;
    for (size_t i = 0; i < COUNT(beyond); i++) {
        struct answer answer = ask(client, beyond[i]);

        assert_int_equal(answer.code, ANYCERT_E_TLS_ALERT);
        if (!strstr(answer.message, "does not have SSL 3.0, 3DES, RC4, nor may it be anonymous"))
            fail_msg("%s: %s", beyond[i], answer.message);
        answer_free(&answer);
    }
    anycert_client_free(client);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(antique_gets_answers_and_reports_what_it_gave_up),
        cmocka_unit_test(antique_says_what_it_does_not_have),
    };

    return cmocka_run_group_tests(tests, start, stop);
}
