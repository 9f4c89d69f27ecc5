/* What the lab's interface says about its servers, and that it leaves nothing behind. */
#include "support/labclient.h"

#include <openssl/ocsp.h>

#include <dirent.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

static struct lab *lab;

static int start_lab(void **state)
{
    struct anycert_error err = {0};

    (void)state;
    if (lab_start(NULL, 0, &lab, &err) != 0) {
        fprintf(stderr, "%s\n", err.message);
        return -1;
    }
    return 0;
}

static int stop_lab(void **state)
{
    (void)state;
    lab_stop(lab);
    return 0;
}

static int stapled_status(const char *name)
{
    struct labclient client;
    OCSP_RESPONSE *response = NULL;
    OCSP_BASICRESP *basic = NULL;
    STACK_OF(X509) * chain;
    X509_STORE *store;
    int status = -1;

    assert_int_equal(labclient_open(&client, lab, lab_server_find(lab, name), 0, NULL), CONNECTED);
    const unsigned char *der = client.staple;
    if (client.staple_len > 0) {
        response = d2i_OCSP_RESPONSE(NULL, &der, client.staple_len);
        assert_non_null(response);
        basic = OCSP_response_get1_basic(response);
        assert_non_null(basic);
        chain = SSL_get_peer_cert_chain(client.ssl);
        store = SSL_CTX_get_cert_store(client.ctx);
        assert_int_equal(OCSP_basic_verify(basic, chain, store, 0), 1);
        status = OCSP_single_get0_status(OCSP_resp_get0(basic, 0), NULL, NULL, NULL, NULL);
    }
    OCSP_BASICRESP_free(basic);
    OCSP_RESPONSE_free(response);
    labclient_close(&client);
    return status;
}

static void lab_staple_says_what_the_name_says(void **state)
{
    (void)state;
    assert_int_equal(stapled_status("good-staple"), V_OCSP_CERTSTATUS_GOOD);
    assert_int_equal(stapled_status("revoked-staple"), V_OCSP_CERTSTATUS_REVOKED);
    assert_int_equal(stapled_status("good"), -1);
}

static void lab_server_hello_lists_what_was_offered(void **state)
{
    const struct lab_server *server = lab_server_find(lab, "good-wildcard");
    struct labclient client;
    struct lab_hello hello;

    (void)state;
    assert_int_equal(labclient_open(&client, lab, server, 0, NULL), CONNECTED);
    labclient_close(&client);
    assert_int_equal(lab_server_hello(server, &hello), 0);
    assert_string_equal(hello.sni, "a.lab.test");
    assert_int_equal(hello.alpn_count, 1);
    assert_string_equal(hello.alpn[0], "http/1.1");
    assert_true(lab_hello_has_suite(&hello, 0x1301));
    assert_true(lab_hello_has_suite(&hello, 0xc02b));
    assert_false(lab_hello_has_suite(&hello, 0x002f));
    assert_true(lab_hello_has_extension(&hello, TLSEXT_TYPE_server_name));
    assert_false(lab_hello_has_extension(&hello, 0xfafa));
    assert_int_equal(hello.groups[0], 29);
    assert_true(hello.signature_algorithm_count > 0);
    assert_int_equal(hello.versions[0], TLS1_3_VERSION);
    assert_int_equal(hello.raw[0], 1);
    assert_int_equal(hello.raw_len, ((size_t)hello.raw[2] << 8 | (size_t)hello.raw[3]) + 4);
}

static void lab_server_hello_comes_from_packaged_servers_too(void **state)
{
    const struct lab_server *server = lab_server_find(lab, "no-rfc5746");
    struct labclient client;
    struct lab_hello hello;

    (void)state;
    assert_int_equal(labclient_open(&client, lab, server, KNOB_LEGACY, NULL), CONNECTED);
    labclient_close(&client);
    assert_int_equal(lab_server_hello(server, &hello), 0);
    assert_string_equal(hello.sni, "localhost");
    assert_true(lab_server_connections(server) > 0);
}

static void lab_server_counts_connections_handshakes_and_requests(void **state)
{
    static const char get[] = "GET /connection-close HTTP/1.1\r\nHost: localhost\r\n\r\n";
    const struct lab_server *server = lab_server_find(lab, "tls12-only");
    uint64_t connections = lab_server_connections(server);
    uint64_t full = lab_server_full_handshakes(server);
    uint64_t resumed = lab_server_resumptions(server);
    uint64_t requests = lab_server_requests(server);
    struct labclient client;
    SSL_SESSION *session;
    char answer[4096];

    (void)state;
    assert_int_equal(labclient_open(&client, lab, server, 0, NULL), CONNECTED);
    assert_int_equal(labclient_talk(&client, get, NULL, answer, sizeof(answer)), CONNECTED);
    session = SSL_get1_session(client.ssl);
    labclient_close(&client);
    assert_int_equal(lab_server_connections(server), connections + 1);
    assert_int_equal(lab_server_full_handshakes(server), full + 1);
    assert_int_equal(lab_server_requests(server), requests + 1);

    assert_int_equal(labclient_open(&client, lab, server, 0, session), CONNECTED);
    assert_true(SSL_session_reused(client.ssl));
    assert_int_equal(labclient_talk(&client, get, NULL, answer, sizeof(answer)), CONNECTED);
    labclient_close(&client);
    SSL_SESSION_free(session);
    assert_int_equal(lab_server_full_handshakes(server), full + 1);
    assert_int_equal(lab_server_resumptions(server), resumed + 1);
}

static void lab_server_pin_is_that_of_the_leaf(void **state)
{
    const struct lab_server *server = lab_server_find(lab, "expired");
    struct labclient client;
    unsigned char *spki = NULL;
    unsigned char digest[32];
    unsigned char text[64] = "sha256//";
    int len;

    (void)state;
    assert_int_equal(labclient_open(&client, lab, server, 0, NULL), CONNECTED);
    len = i2d_X509_PUBKEY(X509_get_X509_PUBKEY(SSL_get0_peer_certificate(client.ssl)), &spki);
    assert_true(len > 0);
    assert_int_equal(EVP_Digest(spki, (size_t)len, digest, NULL, EVP_sha256(), NULL), 1);
    EVP_EncodeBlock(text + 8, digest, sizeof(digest));
    assert_string_equal(lab_server_pin(server), (const char *)text);
    OPENSSL_free(spki);
    labclient_close(&client);

    assert_non_null(strstr(lab_server_chain_pem(server), "BEGIN CERTIFICATE"));
    assert_null(lab_server_pin(lab_server_find(lab, "anonymous")));
    assert_null(lab_server_pin(lab_server_find(lab, "ssh-banner")));
}

static void lab_server_resolve_is_set_for_names_of_no_resolver(void **state)
{
    const struct lab_server *server = lab_server_find(lab, "wildcard-apex");
    char expected[64];

    (void)state;
    snprintf(expected, sizeof(expected), "lab.test:%u:127.0.0.1",
             (unsigned)lab_server_port(server));
    assert_string_equal(lab_server_resolve(server), expected);
    snprintf(expected, sizeof(expected), "https://lab.test:%u/", (unsigned)lab_server_port(server));
    assert_string_equal(lab_server_url(server), expected);
    assert_null(lab_server_resolve(lab_server_find(lab, "good")));
    assert_null(lab_server_resolve(lab_server_find(lab, "good-ip")));
    assert_memory_equal(lab_server_url(lab_server_find(lab, "http")), "http://localhost:", 17);
}

static void lab_root_pem_equals_its_file(void **state)
{
    char text[4096];
    size_t len;
    FILE *file = fopen(lab_file(lab, LAB_FILE_ROOT), "r");

    (void)state;
    assert_non_null(file);
    assert_non_null(lab_root_pem(lab, &len));
    assert_int_equal(fread(text, 1, sizeof(text), file), len);
    assert_memory_equal(text, lab_root_pem(lab, NULL), len);
    fclose(file);
}

struct visitor {
    pthread_t thread;
    const char *name;
    int failures;
};

static void *visit(void *argument)
{
    static const char get[] = "GET /echo HTTP/1.1\r\nHost: localhost\r\n\r\n";
    struct visitor *visitor = argument;
    const struct lab_server *server = lab_server_find(lab, visitor->name);

    for (int i = 0; i < 5; i++) {
        struct labclient client;
        char answer[4096];
        if (labclient_open(&client, lab, server, 0, NULL) != CONNECTED) {
            visitor->failures++;
        }
        for (int j = 0; j < 10 && visitor->failures == 0; j++) {
            if (labclient_talk(&client, get, "\"request\":", answer, sizeof(answer)) != CONNECTED) {
                visitor->failures++;
            }
        }
        labclient_close(&client);
    }
    return NULL;
}

static void lab_serves_kept_connections_in_parallel(void **state)
{
    static const char *const names[] = {"good", "good-ec", "expired",
                                        "good", "good-ec", "tls12-only"};
    struct visitor visitors[6];

    (void)state;
    for (size_t i = 0; i < 6; i++) {
        visitors[i] = (struct visitor){.name = names[i]};
        assert_int_equal(pthread_create(&visitors[i].thread, NULL, visit, &visitors[i]), 0);
    }
    for (size_t i = 0; i < 6; i++) {
        pthread_join(visitors[i].thread, NULL);
        assert_int_equal(visitors[i].failures, 0);
    }
}

static void lab_start_refuses_unknown_and_repeated_names(void **state)
{
    static const char *const unknown[] = {"good", "expirred"};
    static const char *const strange[] = {"qqqqqqqqqqqq"};
    static const char *const twice[] = {"good", "good"};
    struct anycert_error err = {0};
    struct lab *other = (struct lab *)&err;

    (void)state;
    assert_int_equal(lab_start(unknown, 2, &other, &err), -1);
    assert_null(other);
    assert_int_equal(err.code, ANYCERT_E_USAGE);
    assert_string_equal(err.message, "no condition is called 'expirred'; did you mean 'expired'?");
    assert_int_equal(lab_start(strange, 1, &other, &err), -1);
    assert_null(strstr(err.message, "did you mean"));
    assert_int_equal(lab_start(twice, 2, &other, &err), -1);
    assert_string_equal(err.message, "condition 'good' is named twice");
    assert_int_equal(lab_start(unknown, 2, &other, NULL), -1);
}

static void lab_condition_nearest_finds_slips_and_parts(void **state)
{
    (void)state;
    assert_string_equal(lab_condition_nearest("self-singed")->name, "self-signed");
    assert_string_equal(lab_condition_nearest("tls10only")->name, "tls10-only");
    assert_string_equal(lab_condition_nearest("1024")->name, "rsa-1024");
    assert_null(lab_condition_nearest("zzzzzzzzzz"));
    assert_null(lab_condition_nearest(""));
    assert_null(lab_condition_nearest(NULL));
}

static size_t open_descriptors(void)
{
    DIR *folder = opendir("/proc/self/fd");
    size_t count = 0;

    assert_non_null(folder);
    while (readdir(folder) != NULL) {
        count++;
    }
    closedir(folder);
    return count;
}

/* Also with clients that are still there, and with a packaged server. */
static void lab_stop_leaves_nothing_behind(void **state)
{
    static const char *const names[] = {"good", "silent", "drip", "no-rfc5746"};
    size_t descriptors = open_descriptors();
    struct anycert_error err = {0};
    struct labclient clients[2];
    struct lab *other = NULL;
    struct sigaction before;
    struct sigaction after;
    char folder[256];

    (void)state;
    sigaction(SIGTERM, NULL, &before);
    assert_int_equal(lab_start(names, 4, &other, &err), 0);
    assert_int_equal(lab_server_count(other), 4);
    assert_null(lab_server_at(other, 4));
    assert_null(lab_server_find(other, "expired"));
    snprintf(folder, sizeof(folder), "%s", lab_file(other, LAB_FILE_ROOT));
    assert_int_equal(labclient_open(&clients[0], other, lab_server_at(other, 0), 0, NULL),
                     CONNECTED);
    assert_int_equal(
        labclient_open(&clients[1], other, lab_server_at(other, 1), KNOB_IMPATIENT, NULL), SILENCE);
    lab_stop(other);
    labclient_close(&clients[0]);
    labclient_close(&clients[1]);

    *strrchr(folder, '/') = '\0';
    assert_int_equal(access(folder, F_OK), -1);
    assert_int_equal(open_descriptors(), descriptors);
    sigaction(SIGTERM, NULL, &after);
    assert_ptr_equal(before.sa_handler, after.sa_handler);
    lab_stop(NULL);
}

static void lab_stop_ends_the_relays(void **state)
{
    static const char *const names[] = {"3des"};
    struct anycert_error err = {0};
    struct lab *other = NULL;

    (void)state;
    assert_int_equal(lab_start(names, 1, &other, &err), 0);
    lab_stop(other);
    assert_int_equal(waitpid(-1, NULL, WNOHANG), -1); /* there is no child */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lab_staple_says_what_the_name_says),
        cmocka_unit_test(lab_server_hello_lists_what_was_offered),
        cmocka_unit_test(lab_server_hello_comes_from_packaged_servers_too),
        cmocka_unit_test(lab_server_counts_connections_handshakes_and_requests),
        cmocka_unit_test(lab_server_pin_is_that_of_the_leaf),
        cmocka_unit_test(lab_server_resolve_is_set_for_names_of_no_resolver),
        cmocka_unit_test(lab_root_pem_equals_its_file),
        cmocka_unit_test(lab_serves_kept_connections_in_parallel),
        cmocka_unit_test(lab_start_refuses_unknown_and_repeated_names),
        cmocka_unit_test(lab_condition_nearest_finds_slips_and_parts),
    };
    /* What these count would change with the connections of another lab. */
    const struct CMUnitTest alone[] = {
        cmocka_unit_test(lab_stop_leaves_nothing_behind),
        cmocka_unit_test(lab_stop_ends_the_relays),
    };
    int failed;

    signal(SIGPIPE, SIG_IGN); /* OpenSSL's own socket BIO raises it in this client */
    failed = cmocka_run_group_tests(tests, start_lab, stop_lab);
    return failed + cmocka_run_group_tests(alone, NULL, NULL);
}
