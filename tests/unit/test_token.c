/* Client certificates on a PKCS#11 token, with SoftHSM. */
#include "base/mem.h"
#include "tls/client_cert.h"
#include "tls/token.h"
#include "tls/token_module.h"

#include "support/certs.h"
#include "support/softhsm.h"

#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/provider.h>

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

static X509 *root, *rsa_cert, *ec_cert;

/* The token `work`: 01 RSA and 02 EC with certificates of a root that is there, too; 03 a key
 * alone; 04 a key under another's certificate; 05 a key with two certificates; 06 and 07 Ed25519
 * and Ed448. `spare` has one key, `empty` none. */
static int fill_tokens(void **state)
{
    EVP_PKEY *rsa = certs_new_rsa(2048);
    EVP_PKEY *ec = certs_new_ec("P-384");
    EVP_PKEY *edwards = NULL;
    static const char *const types[] = {"ED25519", "ED448"};
    struct certs_recipe recipe = {
        .cn = "client", .key = rsa, .issuer = NULL, .issuer_key = certs_key()};
    X509 *other = NULL;

    softhsm_setup(state);
    root = certs_root("Root");
    recipe.issuer = root;
    rsa_cert = certs_make(&recipe);
    recipe.key = ec;
    ec_cert = certs_make(&recipe);
    softhsm_add_token("work");
    softhsm_add_token("spare");
    softhsm_add_token("empty");
    softhsm_add_key("work", "01", "rsa", rsa);
    softhsm_add_cert("work", "01", "rsa", rsa_cert);
    softhsm_add_key("work", "02", "ec", ec);
    softhsm_add_cert("work", "02", "ec", ec_cert);
    softhsm_add_cert("work", "99", "root", root);
    softhsm_add_key("work", "03", "lonely", certs_other_key());
    softhsm_add_key("work", "04", "mixed", certs_other_key());
    softhsm_add_cert("work", "04", "mixed", ec_cert);
    softhsm_add_key("work", "05", "renewed", rsa);
    recipe.key = rsa;
    recipe.not_after = CERTS_NOW + CERTS_DAY;
    other = certs_make(&recipe);
    softhsm_add_cert("work", "05", "renewed", other);
    softhsm_add_cert("work", "05", "renewed", rsa_cert);
    for (size_t i = 0; i < 2; i++) {
        const char *id = i == 0 ? "06" : "07";

        edwards = certs_new_named(types[i]);
        recipe.key = edwards;
        X509_free(other);
        other = certs_make(&recipe);
        softhsm_add_key("work", id, types[i], edwards);
        softhsm_add_cert("work", id, types[i], other);
        EVP_PKEY_free(edwards);
    }
    softhsm_add_key("spare", "01", "ec", ec);
    softhsm_add_cert("spare", "01", "ec", ec_cert);
    X509_free(other);
    EVP_PKEY_free(rsa);
    EVP_PKEY_free(ec);
    return 0;
}

static int clear_tokens(void **state)
{
    X509_free(root);
    X509_free(rsa_cert);
    X509_free(ec_cert);
    return softhsm_teardown(state);
}

static bool shakes_hands(const struct anycert__client_cert *cert, int version, const char *sigalgs);

static struct anycert__client_cert *load(const char *uri, const char *pin)
{
    struct anycert__client_cert *cert = NULL;
    struct anycert_error err = {0};

    if (anycert__client_cert_load_pkcs11(uri, pin, NULL, 0, &cert, &err) < 0)
        fail_msg("%s: %s", uri, err.message);
    assert_int_equal(ERR_peek_error(), 0);
    return cert;
}

static void assert_refused(const char *uri, const char *pin, const char *says)
{
    struct anycert__client_cert *cert = NULL;
    struct anycert_error err = {0};

    assert_int_equal(anycert__client_cert_load_pkcs11(uri, pin, NULL, 0, &cert, &err), -1);
    assert_null(cert);
    assert_int_equal(ERR_peek_error(), 0);
    if (!strstr(err.message, says) || strstr(err.message, "hunter2"))
        fail_msg("%s: expected '%s' in: %s", uri, says, err.message);
}

/* ---- loading */

static void client_cert_load_pkcs11_takes_certificate_and_chain(void **state)
{
    static const char *const uris[] = {"token=work;id=%02", "token=work;object=ec",
                                       "token=work;object=ec;id=%02;type=private"};

    (void)state;
    for (size_t i = 0; i < sizeof uris / sizeof uris[0]; i++) {
        struct anycert__client_cert *cert = load(softhsm_uri(uris[i]), SOFTHSM_PIN);

        assert_int_equal(X509_cmp(cert->cert, ec_cert), 0);
        assert_int_equal(sk_X509_num(cert->chain), 1);
        assert_int_equal(X509_cmp(sk_X509_value(cert->chain, 0), root), 0);
        assert_int_equal(X509_check_private_key(ec_cert, cert->key), 1);
        anycert__client_cert_free(cert);
    }
}

static void client_cert_load_pkcs11_only_key_needs_no_name(void **state)
{
    struct anycert__client_cert *cert = load(softhsm_uri("token=spare"), SOFTHSM_PIN);

    (void)state;
    assert_int_equal(X509_cmp(cert->cert, ec_cert), 0);
    anycert__client_cert_free(cert);
}

static void client_cert_load_pkcs11_of_renewed_certificates_takes_the_last(void **state)
{
    struct anycert__client_cert *cert = load(softhsm_uri("token=work;id=%05"), SOFTHSM_PIN);

    (void)state;
    assert_int_equal(X509_cmp(cert->cert, rsa_cert), 0);
    anycert__client_cert_free(cert);
}

static void client_cert_load_pkcs11_pin_in_the_uri_or_a_file(void **state)
{
    char *folder = certs_folder();
    char *path = certs_path(folder, "pin");
    char uri[600];

    (void)state;
    snprintf(uri, sizeof uri, "%s&pin-value=" SOFTHSM_PIN, softhsm_uri("token=work;id=%01"));
    anycert__client_cert_free(load(uri, NULL));
    assert_refused(uri, SOFTHSM_PIN, "given twice");
    certs_write(path, SOFTHSM_PIN "\n", strlen(SOFTHSM_PIN) + 1);
    snprintf(uri, sizeof uri, "%s&pin-source=file:%s", softhsm_uri("token=work;id=%01"), path);
    anycert__client_cert_free(load(uri, NULL));
    snprintf(uri, sizeof uri, "%s&pin-source=file:%s.none", softhsm_uri("token=work;id=%01"), path);
    assert_refused(uri, NULL, "PIN file");
    certs_remove(folder);
    free(folder);
    free(path);
}

/* The certificate is not on the token: it comes from a file. */
static void client_cert_load_pkcs11_takes_the_certificate_that_is_given(void **state)
{
    X509 *lonely = certs_make(&(struct certs_recipe){
        .cn = "client", .key = certs_other_key(), .issuer = root, .issuer_key = certs_key()});
    char *pem = certs_pem(lonely);
    struct anycert__client_cert *cert = NULL;
    struct anycert_error err = {0};

    (void)state;
    assert_int_equal(anycert__client_cert_load_pkcs11(softhsm_uri("token=work;id=%03"), SOFTHSM_PIN,
                                                      pem, strlen(pem), &cert, &err),
                     0);
    assert_int_equal(X509_cmp(cert->cert, lonely), 0);
    assert_int_equal(sk_X509_num(cert->chain), 0);
    assert_true(shakes_hands(cert, TLS1_3_VERSION, NULL));
    assert_true(shakes_hands(cert, TLS1_2_VERSION, NULL));
    anycert__client_cert_free(cert);
    /* Another key's, and none at all. */
    assert_int_equal(anycert__client_cert_load_pkcs11(softhsm_uri("token=work;id=%01"), SOFTHSM_PIN,
                                                      pem, strlen(pem), &cert, &err),
                     -1);
    assert_non_null(strstr(err.message, "the key on the token does not belong to the certificate"));
    memset(&err, 0, sizeof err);
    assert_int_equal(anycert__client_cert_load_pkcs11(softhsm_uri("token=work;id=%03"), SOFTHSM_PIN,
                                                      "none", 4, &cert, &err),
                     -1);
    assert_non_null(strstr(err.message, "there is no client certificate"));
    free(pem);
    X509_free(lonely);
}

/* p11-kit knows SoftHSM, as its package registers it. */
static void client_cert_load_pkcs11_without_module_asks_p11_kit(void **state)
{
    (void)state;
    anycert__client_cert_free(load("pkcs11:token=work;id=%01", SOFTHSM_PIN));
    assert_refused("pkcs11:token=nothing%20like%20it", SOFTHSM_PIN, "there is no such token");
}

static void client_cert_load_pkcs11_unusable_says_what_is_the_matter(void **state)
{
    static const struct {
        const char *path, *pin, *says;
    } rows[] = {
        {"token=work;id=%01", NULL, "the token wants a PIN, and none was given"},
        {"token=work;id=%01", "hunter2", "the PIN of the token is wrong"},
        {"token=work;id=%01", "", "the PIN of the token is wrong"},
        {"token=play;id=%01", SOFTHSM_PIN, "there is no such token; there is "},
        {"token=work;serial=0", SOFTHSM_PIN, "there is no such token"},
        {"id=%01", SOFTHSM_PIN, "3 tokens are meant by this"},
        {"token=work;id=%77", SOFTHSM_PIN, "the token has no such private key"},
        {"token=empty", SOFTHSM_PIN, "the token has no such private key"},
        {"token=work", SOFTHSM_PIN, "the token has several such private keys"},
        {"token=work;id=%03", SOFTHSM_PIN, "no certificate with the id of the private key"},
        {"token=work;id=%04", SOFTHSM_PIN,
         "the key on the token does not belong to the certificate"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        assert_refused(softhsm_uri(rows[i].path), rows[i].pin, rows[i].says);
}

static void client_cert_load_pkcs11_bad_module_is_told(void **state)
{
    (void)state;
    assert_refused("pkcs11:token=work?module-path=/nowhere/a.so", SOFTHSM_PIN,
                   "'/nowhere/a.so' cannot be loaded");
    assert_refused("pkcs11:token=work?module-name=nothing-like-it", SOFTHSM_PIN,
                   "'nothing-like-it' cannot be loaded");
    assert_refused("pkcs11:token=work?module-path=/dev/null", SOFTHSM_PIN,
                   "'/dev/null' cannot be loaded");
    assert_refused("pkcs11:token=work?module-name=z", SOFTHSM_PIN, "'z'"); /* libz.so: none */
}

/* ---- the key */

static void client_cert_token_key_cannot_be_had(void **state)
{
    struct anycert__client_cert *cert = load(softhsm_uri("token=work;id=%01"), SOFTHSM_PIN);
    OSSL_PARAM *params = NULL;
    unsigned char *der = NULL;
    BIGNUM *d = NULL;

    (void)state;
    assert_int_not_equal(EVP_PKEY_get_bn_param(cert->key, OSSL_PKEY_PARAM_RSA_D, &d), 1);
    assert_true(i2d_PrivateKey(cert->key, &der) <= 0);
    assert_null(der);
    assert_int_not_equal(EVP_PKEY_todata(cert->key, EVP_PKEY_KEYPAIR, &params), 1);
    assert_null(params);
    assert_int_equal(EVP_PKEY_todata(cert->key, EVP_PKEY_PUBLIC_KEY, &params), 1);
    OSSL_PARAM_free(params);
    ERR_clear_error();
    anycert__client_cert_free(cert);
}

static void client_cert_token_changes_nothing_for_the_process(void **state)
{
    struct anycert__client_cert *cert = load(softhsm_uri("token=work;id=%01"), SOFTHSM_PIN);
    EVP_SIGNATURE *signature = NULL;

    (void)state;
    assert_int_equal(OSSL_PROVIDER_available(NULL, "anycert-token"), 0);
    signature = EVP_SIGNATURE_fetch(NULL, "RSA", NULL);
    assert_string_equal(OSSL_PROVIDER_get0_name(EVP_SIGNATURE_get0_provider(signature)), "default");
    EVP_SIGNATURE_free(signature);
    anycert__client_cert_free(cert);
}

/* ---- handshakes of the process's context */

static int accept_any(int ok, X509_STORE_CTX *ctx)
{
    (void)ok;
    (void)ctx;
    return 1;
}

static SSL_CTX *server_context(int version)
{
    SSL_CTX *ctx = SSL_CTX_new(TLS_server_method());
    X509 *cert = certs_make(&(struct certs_recipe){.cn = "server"});

    if (SSL_CTX_use_certificate(ctx, cert) != 1 || SSL_CTX_use_PrivateKey(ctx, certs_key()) != 1 ||
        SSL_CTX_set_max_proto_version(ctx, version) != 1)
        abort();
    SSL_CTX_set_verify(ctx, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, accept_any);
    X509_free(cert);
    return ctx;
}

/* A handshake in memory in which the server insists on a certificate: true if it got this one. In
 * any thread or process, so nothing is asserted. */
static bool shakes_hands(const struct anycert__client_cert *cert, int version, const char *sigalgs)
{
    SSL_CTX *server_ctx = server_context(version);
    SSL_CTX *client_ctx = SSL_CTX_new(TLS_client_method());
    bool up = anycert__client_cert_apply(client_ctx, cert, NULL) == 0 &&
              (!sigalgs || SSL_CTX_set1_sigalgs_list(server_ctx, sigalgs) == 1);
    SSL *server = SSL_new(server_ctx);
    SSL *client = SSL_new(client_ctx);
    BIO *a = NULL;
    BIO *b = NULL;

    if (BIO_new_bio_pair(&a, 0, &b, 0) != 1)
        abort();
    SSL_set_bio(client, a, a);
    SSL_set_bio(server, b, b);
    SSL_set_connect_state(client);
    SSL_set_accept_state(server);
    for (int i = 0; up && i < 20; i++) {
        SSL_do_handshake(client);
        SSL_do_handshake(server);
    }
    up = up && SSL_is_init_finished(server) &&
         X509_cmp(SSL_get0_peer_certificate(server), cert->cert) == 0;
    ERR_clear_error();
    SSL_free(client);
    SSL_free(server);
    SSL_CTX_free(client_ctx);
    SSL_CTX_free(server_ctx);
    return up;
}

static void client_cert_token_signs_in_every_way_of_tls(void **state)
{
    static const struct {
        const char *path;
        int version;
        const char *sigalgs;
    } rows[] = {
        {"token=work;id=%01", TLS1_3_VERSION, NULL},
        {"token=work;id=%01", TLS1_3_VERSION, "rsa_pss_rsae_sha256:ECDSA+SHA256"},
        {"token=work;id=%01", TLS1_3_VERSION, "rsa_pss_rsae_sha384:ECDSA+SHA256"},
        {"token=work;id=%01", TLS1_3_VERSION, "rsa_pss_rsae_sha512:ECDSA+SHA256"},
        {"token=work;id=%01", TLS1_2_VERSION, NULL},
        {"token=work;id=%01", TLS1_2_VERSION, "RSA+SHA256:ECDSA+SHA256"},
        {"token=work;id=%01", TLS1_2_VERSION, "RSA+SHA384:ECDSA+SHA256"},
        {"token=work;id=%01", TLS1_2_VERSION, "RSA+SHA512:ECDSA+SHA256"},
        {"token=work;id=%01", TLS1_2_VERSION, "rsa_pss_rsae_sha256:ECDSA+SHA256"},
        {"token=work;id=%02", TLS1_3_VERSION, NULL},
        {"token=work;id=%02", TLS1_2_VERSION, NULL},
        {"token=work;id=%06", TLS1_3_VERSION, NULL},
        {"token=work;id=%06", TLS1_2_VERSION, NULL},
        {"token=work;id=%07", TLS1_3_VERSION, NULL},
        {"token=work;id=%07", TLS1_2_VERSION, NULL},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct anycert__client_cert *cert = load(softhsm_uri(rows[i].path), SOFTHSM_PIN);

        if (!shakes_hands(cert, rows[i].version, rows[i].sigalgs))
            fail_msg("%s, %x, %s", rows[i].path, (unsigned)rows[i].version,
                     rows[i].sigalgs ? rows[i].sigalgs : "");
        assert_true(shakes_hands(cert, rows[i].version, rows[i].sigalgs));
        anycert__client_cert_free(cert);
    }
}

static void client_cert_token_two_at_once_do_not_disturb_each_other(void **state)
{
    struct anycert__client_cert *one = load(softhsm_uri("token=work;id=%01"), SOFTHSM_PIN);
    struct anycert__client_cert *same = load(softhsm_uri("token=work;id=%01"), SOFTHSM_PIN);
    struct anycert__client_cert *other = load(softhsm_uri("token=spare"), SOFTHSM_PIN);

    (void)state;
    anycert__client_cert_free(same); /* must not log the other one out */
    assert_true(shakes_hands(one, TLS1_3_VERSION, NULL));
    assert_true(shakes_hands(other, TLS1_3_VERSION, NULL));
    anycert__client_cert_free(one);
    assert_true(shakes_hands(other, TLS1_2_VERSION, NULL));
    anycert__client_cert_free(other);
}

#define THREADS 8

static void *shake_hands_often(void *arg)
{
    static const char bad = 0;

    for (int i = 0; i < 10; i++) {
        if (!shakes_hands(arg, i % 2 ? TLS1_2_VERSION : TLS1_3_VERSION, NULL))
            return (void *)(size_t)&bad;
    }
    return NULL;
}

static void client_cert_token_signs_for_many_threads(void **state)
{
    struct anycert__client_cert *cert = load(softhsm_uri("token=work;id=%02"), SOFTHSM_PIN);
    pthread_t threads[THREADS];

    (void)state;
    for (size_t i = 0; i < THREADS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, shake_hands_often, cert), 0);
    for (size_t i = 0; i < THREADS; i++) {
        void *result = NULL;

        assert_int_equal(pthread_join(threads[i], &result), 0);
        assert_null(result);
    }
    anycert__client_cert_free(cert);
}

/* A child process logs in anew, and its parent's login stays. */
static void client_cert_token_signs_after_a_fork(void **state)
{
    struct anycert__client_cert *cert = load(softhsm_uri("token=work;id=%01"), SOFTHSM_PIN);
    int status = 0;
    pid_t child = 0;

    (void)state;
    assert_true(shakes_hands(cert, TLS1_3_VERSION, NULL));
    child = fork();
    if (child == 0) {
        bool up =
            shakes_hands(cert, TLS1_3_VERSION, NULL) && shakes_hands(cert, TLS1_2_VERSION, NULL);

        _exit(up ? 0 : 1);
    }
    assert_true(child > 0);
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
    assert_true(shakes_hands(cert, TLS1_3_VERSION, NULL));
    anycert__client_cert_free(cert);
}

/* ---- what happens to a token under our hands */

static const struct ck_functions *module(void)
{
    struct anycert__token_uri uri;
    const struct ck_functions *functions = NULL;

    if (anycert__token_uri_parse(softhsm_uri("token=work"), &uri, NULL) == 0)
        functions = anycert__token_module(&uri, NULL);
    anycert__token_uri_clear(&uri);
    if (!functions)
        abort();
    return functions;
}

/* As when it is pulled and put back. */
static void client_cert_token_logs_in_again_when_its_session_has_ended(void **state)
{
    struct anycert__client_cert *cert = load(softhsm_uri("token=work;id=%01"), SOFTHSM_PIN);
    ck_slot slots[16];
    ck_ulong count = 16;

    (void)state;
    assert_int_equal(module()->get_slot_list(1, slots, &count), CKR_OK);
    for (ck_ulong i = 0; i < count; i++)
        (void)module()->close_all_sessions(slots[i]);
    assert_true(shakes_hands(cert, TLS1_3_VERSION, NULL));
    anycert__client_cert_free(cert);
}

/* In a child that finds no tokens any more. */
static bool goes_without_its_token(struct anycert__client_cert *cert)
{
    struct anycert_error err = {0};

    if (module()->finalize(NULL) != CKR_OK || setenv("SOFTHSM2_CONF", "/dev/null", 1) != 0 ||
        shakes_hands(cert, TLS1_3_VERSION, NULL))
        return false;
    return anycert__client_cert_failure(cert, &err) && err.code == ANYCERT_E_CLIENT_CERT &&
           !anycert__client_cert_failure(cert, &err);
}

static void client_cert_token_that_is_gone_says_so(void **state)
{
    struct anycert__client_cert *cert = load(softhsm_uri("token=work;id=%01"), SOFTHSM_PIN);
    int status = 0;
    pid_t child = fork();

    (void)state;
    if (child == 0)
        _exit(goes_without_its_token(cert) ? 0 : 1);
    assert_true(child > 0);
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
    assert_true(shakes_hands(cert, TLS1_3_VERSION, NULL));
    assert_false(anycert__client_cert_failure(cert, NULL));
    anycert__client_cert_free(cert);
}

static void client_cert_load_pkcs11_out_of_memory_is_told(void **state)
{
    struct anycert__client_cert *cert = NULL;

    (void)state;
    for (unsigned long n = 1; n < 200; n++) {
        struct anycert_error err = {0};
        int result = -1;

        anycert__mem_fail_from(n);
        result = anycert__client_cert_load_pkcs11(softhsm_uri("token=work;id=%01"), SOFTHSM_PIN,
                                                  NULL, 0, &cert, &err);
        anycert__mem_fail_from(0);
        if (result == 0)
            break;
        assert_null(cert);
        assert_int_not_equal(err.code, 0);
    }
    assert_non_null(cert);
    anycert__client_cert_free(cert);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(client_cert_load_pkcs11_takes_certificate_and_chain),
        cmocka_unit_test(client_cert_load_pkcs11_only_key_needs_no_name),
        cmocka_unit_test(client_cert_load_pkcs11_of_renewed_certificates_takes_the_last),
        cmocka_unit_test(client_cert_load_pkcs11_pin_in_the_uri_or_a_file),
        cmocka_unit_test(client_cert_load_pkcs11_takes_the_certificate_that_is_given),
        cmocka_unit_test(client_cert_load_pkcs11_without_module_asks_p11_kit),
        cmocka_unit_test(client_cert_load_pkcs11_unusable_says_what_is_the_matter),
        cmocka_unit_test(client_cert_load_pkcs11_bad_module_is_told),
        cmocka_unit_test(client_cert_token_key_cannot_be_had),
        cmocka_unit_test(client_cert_token_changes_nothing_for_the_process),
        cmocka_unit_test(client_cert_token_signs_in_every_way_of_tls),
        cmocka_unit_test(client_cert_token_two_at_once_do_not_disturb_each_other),
        cmocka_unit_test(client_cert_token_signs_for_many_threads),
        cmocka_unit_test(client_cert_token_signs_after_a_fork),
        cmocka_unit_test(client_cert_token_that_is_gone_says_so),
        cmocka_unit_test(client_cert_token_logs_in_again_when_its_session_has_ended),
        cmocka_unit_test(client_cert_load_pkcs11_out_of_memory_is_told),
    };

    return cmocka_run_group_tests_name("token", tests, fill_tokens, clear_tokens);
}
