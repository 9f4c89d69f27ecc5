/* What a server that is refused gets to see: neither the client's certificate nor a byte of the
 * request (P20). */
#include "client/ask.h"
#include "client/plain_libcurl.h"
#include "client/servers.h"
#include "client/staple.h"
#include "client/wiretap.h"

#include <openssl/crypto.h>
#include <openssl/pkcs12.h>
#include <openssl/ssl.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "lab/lab.h"
#include "support/certs.h"
#include "support/softhsm.h"
#include "tls/token_module.h"

#define PASSWORD "hunter2"

static struct pki pki;
static char p12_path[300];

/* The ways in which a client can have a certificate; the same one, which is the good server's: any
 * will do. */
enum kind { KIND_PEM, KIND_P12, KIND_TOKEN, KIND_TOKEN_KEY, KIND_COUNT };

static void write_p12(void)
{
    PKCS12 *p12 = PKCS12_create(PASSWORD, "client", pki.keys[FLAW_NONE], pki.certs[FLAW_NONE], NULL,
                                0, 0, 0, 0, 0);
    unsigned char *der = NULL;
    int len = i2d_PKCS12(p12, &der);

    assert_true(len > 0);
    snprintf(p12_path, sizeof p12_path, "%s/client.p12", pki.folder);
    certs_write(p12_path, der, (size_t)len);
    OPENSSL_free(der);
    PKCS12_free(p12);
}

static int make_pki(void **state)
{
    pki_make(&pki);
    write_p12();
    softhsm_setup(state);
    softhsm_add_token("client");
    softhsm_add_key("client", "01", "client", pki.keys[FLAW_NONE]);
    softhsm_add_cert("client", "01", "client", pki.certs[FLAW_NONE]);
    return 0;
}

static int free_pki(void **state)
{
    softhsm_teardown(state);
    pki_free(&pki);
    return 0;
}

static void take_identity(struct ask *ask, enum kind kind)
{
    switch (kind) {
    case KIND_PEM:
        ask->cert = pki.cert_paths[FLAW_NONE];
        ask->key = pki.key_paths[FLAW_NONE];
        break;
    case KIND_P12:
        ask->p12 = p12_path;
        ask->p12_password = PASSWORD;
        break;
    case KIND_TOKEN:
        ask->uri = softhsm_uri("token=client");
        ask->pin = SOFTHSM_PIN;
        break;
    case KIND_TOKEN_KEY:
        ask->cert = pki.cert_paths[FLAW_NONE];
        ask->key = softhsm_uri("token=client");
        ask->pin = SOFTHSM_PIN;
        break;
    case KIND_COUNT:
        fail();
    }
}

/* A server with a flaw that asks for a client certificate. */
static struct wiretap *asking_server(enum flaw flaw, int max_version)
{
    return wiretap_start(&(struct wiretap_plan){.role = WIRETAP_ORIGIN,
                                                .cert = pki.certs[flaw],
                                                .key = pki.keys[flaw],
                                                .max_version = max_version,
                                                .wants_client_cert = true});
}

static struct anycert_client *client_with_cert(const char *policy, enum kind kind)
{
    struct ask ask = {.policy = policy};

    take_identity(&ask, kind);
    return ask_client(&ask);
}

static const char *const secret_fields[] = {"Authorization: Bearer very-secret"};

static int tell(struct anycert_client *client, const struct wiretap *server)
{
    struct answer answer = ask_get_with(
        client, url_of("https", wiretap_port(server), "very-secret"), secret_fields, 1);

    answer_free(&answer);
    return answer.code;
}

static void test_refused_server_sees_no_client_certificate_and_no_request(void **state)
{
    static const int versions[] = {TLS1_2_VERSION, TLS1_3_VERSION};

    (void)state;
    for (enum flaw flaw = 0; flaw < FLAW_COUNT; flaw++) {
        for (unsigned i = 0; i < 2 * KIND_COUNT; i++) {
            struct wiretap *server = asking_server(flaw, versions[i % 2]);
            struct anycert_client *client =
                client_with_cert(ask_policy("hardened", pki.root_path), i / 2);
            struct wiretap_seen seen;

            assert_int_equal(tell(client, server), flaw_code(flaw));
            anycert_client_free(client);
            seen = wiretap_stop(server);
            assert_int_equal(seen.connections, 1);
            assert_int_equal(seen.client_certs, flaw == FLAW_NONE ? 1 : 0);
            assert_int_equal(strstr(seen.text, "very-secret") != NULL, flaw == FLAW_NONE);
            assert_int_equal(seen.len > 0, flaw == FLAW_NONE);
        }
    }
}

static void test_accepted_server_sees_the_client_certificate(void **state)
{
    static const char *const policies[] = {"trust-any", "report-only"};

    (void)state;
    for (unsigned i = 0; i < 2 * KIND_COUNT; i++) {
        struct wiretap *server = asking_server(FLAW_SELF_SIGNED, 0);
        struct anycert_client *client = client_with_cert(policies[i % 2], i / 2);

        assert_int_equal(tell(client, server), 0);
        anycert_client_free(client);
        assert_int_equal(wiretap_stop(server).client_certs, 1);
    }
}

/* The stapled answer comes after the certificate, and still before the client's own goes out. */
static void test_revoked_server_sees_no_client_certificate(void **state)
{
    static const int versions[] = {TLS1_2_VERSION, TLS1_3_VERSION};
    size_t len = 0;
    unsigned char *staple = staple_make(pki.certs[FLAW_NONE], pki.root, pki.root_key, true, &len);

    (void)state;
    for (unsigned i = 0; i < 2 * KIND_COUNT; i++) {
        struct wiretap *server =
            wiretap_start(&(struct wiretap_plan){.role = WIRETAP_ORIGIN,
                                                 .cert = pki.certs[FLAW_NONE],
                                                 .key = pki.keys[FLAW_NONE],
                                                 .max_version = versions[i % 2],
                                                 .wants_client_cert = true,
                                                 .staple = staple,
                                                 .staple_len = len});
        struct anycert_client *client =
            client_with_cert(ask_policy("hardened", pki.root_path), i / 2);
        struct wiretap_seen seen;

        assert_int_equal(tell(client, server), ANYCERT_E_TRUST_REVOKED);
        anycert_client_free(client);
        seen = wiretap_stop(server);
        assert_int_equal(seen.client_certs, 0);
        assert_int_equal(seen.len, 0);
    }
    OPENSSL_free(staple);
}

static void test_good_stapled_answer_is_reported(void **state)
{
    static const int versions[] = {TLS1_2_VERSION, TLS1_3_VERSION};
    size_t len = 0;
    unsigned char *staple = staple_make(pki.certs[FLAW_NONE], pki.root, pki.root_key, false, &len);

    (void)state;
    for (size_t i = 0; i < 2; i++) {
        struct wiretap *server = wiretap_start(&(struct wiretap_plan){.role = WIRETAP_ORIGIN,
                                                                      .cert = pki.certs[FLAW_NONE],
                                                                      .key = pki.keys[FLAW_NONE],
                                                                      .max_version = versions[i],
                                                                      .staple = staple,
                                                                      .staple_len = len});
        struct anycert_client *client = ask_under("hardened", pki.root_path);
        struct answer answer = ask_get(client, url_of("https", wiretap_port(server), ""));

        assert_int_equal(answer.code, 0);
        assert_int_equal(anycert_report_revocation(anycert_response_report(answer.response)),
                         ANYCERT_REVOCATION_GOOD);
        answer_free(&answer);
        anycert_client_free(client);
        (void)wiretap_stop(server);
    }
    OPENSSL_free(staple);
}

/* Only the request's own origin is shown the certificate. */
static void test_redirect_target_sees_no_client_certificate(void **state)
{
    static const char *const names[] = {"good"};
    static const char *const rungs[] = {"trust-any", NULL};
    struct anycert_error err = {0};
    struct lab *lab = NULL;

    (void)state;
    if (lab_start(names, 1, &lab, &err) < 0)
        fail_msg("%s", err.message);
    for (unsigned i = 0; i < 2 * KIND_COUNT; i++) {
        struct wiretap *target = asking_server(FLAW_NONE, 0);
        char policy[1024];
        char url[256];
        struct anycert_client *client = NULL;
        struct answer answer;
        struct wiretap_seen seen;

        snprintf(policy, sizeof policy, "hardened ca=%s,%s", lab_file(lab, LAB_FILE_ROOT),
                 pki.root_path);
        client = client_with_cert(rungs[i % 2] ? rungs[i % 2] : policy, i / 2);
        snprintf(url, sizeof url, "%sredirect?to=%s", lab_server_url(lab_server_at(lab, 0)),
                 url_of("https", wiretap_port(target), ""));
        answer = ask_get_with(client, url, secret_fields, 1);
        if (answer.code != 0)
            fail_msg("%s", answer.message);
        answer_free(&answer);
        assert_int_equal(tell(client, target),
                         0); /* its own origin: another connection, and shown */
        anycert_client_free(client);
        seen = wiretap_stop(target);
        assert_int_equal(seen.connections, 2);
        assert_int_equal(seen.handshakes, 2);
        assert_int_equal(seen.client_certs, 1);
        assert_non_null(strstr(seen.text, "GET / HTTP"));
        /* The secret came once, with the request that was meant for it. */
        assert_null(strstr(strstr(seen.text, "Bearer very-secret") + 1, "Bearer very-secret"));
    }
    lab_stop(lab);
}

static void test_https_proxy_sees_no_client_certificate(void **state)
{
    (void)state;
    for (enum kind kind = 0; kind < KIND_COUNT; kind++) {
        struct wiretap *origin = asking_server(FLAW_NONE, 0);
        struct wiretap *proxy = wiretap_start(&(struct wiretap_plan){.role = WIRETAP_PROXY,
                                                                     .cert = pki.certs[FLAW_NONE],
                                                                     .key = pki.keys[FLAW_NONE],
                                                                     .wants_client_cert = true});
        struct ask ask = {.policy = ask_policy("hardened", pki.root_path),
                          .proxy = url_of("https", wiretap_port(proxy), ""),
                          .proxy_policy = ask_policy("hardened", pki.root_path)};
        struct anycert_client *client = NULL;

        take_identity(&ask, kind);
        client = ask_client(&ask);
        assert_int_equal(tell(client, origin), 0);
        anycert_client_free(client);
        assert_int_equal(wiretap_stop(origin).client_certs, 1);
        assert_int_equal(wiretap_stop(proxy).client_certs, 0);
    }
}

/* Data before the handshake's end is never sent: there is no ticket to do it with, and none is
 * asked for. */
static void test_hello_offers_no_early_data_and_no_session(void **state)
{
    static const char *const names[] = {"good", "self-signed"};
    static const char *const rungs[] = {"hardened+self-signed", "trust-any", "report-only"};
    struct anycert_error err = {0};
    struct lab *lab = NULL;

    (void)state;
    if (lab_start(names, 2, &lab, &err) < 0)
        fail_msg("%s", err.message);
    for (size_t i = 0; i < 3; i++) {
        struct anycert_client *client =
            i == 0 ? ask_under(rungs[i], lab_file(lab, LAB_FILE_ROOT)) : ask_under(rungs[i], NULL);

        for (size_t j = 0; j < 6; j++) {
            const struct lab_server *server = lab_server_at(lab, j % 2);
            char url[128];
            struct lab_hello hello;

            snprintf(url, sizeof url, "%sconnection-close", lab_server_url(server));
            ask_works(client, url);
            assert_int_equal(lab_server_hello(server, &hello), 0);
            assert_false(lab_hello_has_extension(&hello, TLSEXT_TYPE_early_data));
            assert_false(lab_hello_has_extension(&hello, TLSEXT_TYPE_psk));
            assert_false(lab_hello_has_extension(&hello, TLSEXT_TYPE_session_ticket));
            assert_false(lab_hello_has_extension(&hello, TLSEXT_TYPE_post_handshake_auth));
            assert_int_equal(lab_server_resumptions(server), 0);
        }
        anycert_client_free(client);
    }
    lab_stop(lab);
}

/* In a child, which finds no tokens any more: whatever the server says, the token is to blame. */
static bool is_told_that_the_token_is_gone(struct anycert_client *client, const char *url)
{
    struct anycert__token_uri uri;
    const struct ck_functions *functions = NULL;
    struct answer answer;

    if (anycert__token_uri_parse(softhsm_uri("token=client"), &uri, NULL) == 0)
        functions = anycert__token_module(&uri, NULL);
    if (!functions || functions->finalize(NULL) != CKR_OK ||
        setenv("SOFTHSM2_CONF", "/dev/null", 1) != 0)
        return false;
    answer = ask_get(client, url);
    return answer.code == ANYCERT_E_CLIENT_CERT && strstr(answer.message, "client certificate: ") &&
           !strstr(answer.message, SOFTHSM_PIN);
}

static void test_token_that_does_not_sign_is_named(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 2; i++) {
        struct wiretap *server = asking_server(FLAW_NONE, i == 0 ? TLS1_2_VERSION : 0);
        struct anycert_client *client =
            client_with_cert(ask_policy("hardened", pki.root_path), KIND_TOKEN);
        const char *url = url_of("https", wiretap_port(server), "");
        int status = -1;
        pid_t child = fork();

        if (child == 0)
            _exit(is_told_that_the_token_is_gone(client, url) ? 0 : 1);
        assert_true(child > 0);
        assert_int_equal(waitpid(child, &status, 0), child);
        assert_int_equal(status, 0);
        (void)ask_works(client, url); /* the parent's login stands */
        anycert_client_free(client);
        assert_true(wiretap_stop(server).connections > 0);
    }
}

/* A pin that is compared after the handshake is compared too late. */
static void test_plain_libcurl_shows_its_certificate_before_it_looks_at_the_pin(void **state)
{
    struct wiretap *server = asking_server(FLAW_SELF_SIGNED, 0);
    CURL *easy = curl_easy_init();
    struct plain_call call = {.url = url_of("https", wiretap_port(server), ""),
                              .relaxation = PLAIN_UNVERIFIED,
                              .pin = "sha256//AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=",
                              .cert = pki.cert_paths[FLAW_NONE],
                              .key = pki.key_paths[FLAW_NONE]};

    (void)state;
    assert_int_equal(plain_get(easy, &call).rc, CURLE_SSL_PINNEDPUBKEYNOTMATCH);
    curl_easy_cleanup(easy);
    assert_int_equal(wiretap_stop(server).client_certs, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_refused_server_sees_no_client_certificate_and_no_request),
        cmocka_unit_test(test_accepted_server_sees_the_client_certificate),
        cmocka_unit_test(test_revoked_server_sees_no_client_certificate),
        cmocka_unit_test(test_good_stapled_answer_is_reported),
        cmocka_unit_test(test_redirect_target_sees_no_client_certificate),
        cmocka_unit_test(test_https_proxy_sees_no_client_certificate),
        cmocka_unit_test(test_hello_offers_no_early_data_and_no_session),
        cmocka_unit_test(test_token_that_does_not_sign_is_named),
        cmocka_unit_test(test_plain_libcurl_shows_its_certificate_before_it_looks_at_the_pin),
    };

    return cmocka_run_group_tests(tests, make_pki, free_pki);
}
