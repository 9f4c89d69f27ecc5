#include "tls/ossl.h"
#include "base/mem.h"

#include "support/certs.h"

#include <openssl/err.h>
#include <openssl/pem.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static struct anycert__client_cert *load(const char *cert, const char *key)
{
    struct anycert_error err = {0};
    struct anycert__client_cert *loaded = NULL;
    if (anycert__client_cert_load(cert, strlen(cert), key, key ? strlen(key) : 0, NULL, &loaded,
                                  &err) != 0)
        fail_msg("%s", err.message);
    return loaded;
}

static void assert_refused(const char *cert, const char *key, const char *says)
{
    struct anycert_error err = {0};
    struct anycert__client_cert *loaded = NULL;
    assert_int_equal(-1, anycert__client_cert_load(cert, strlen(cert), key, key ? strlen(key) : 0,
                                                   NULL, &loaded, &err));
    assert_null(loaded);
    assert_int_equal(ANYCERT_E_CLIENT_CERT, err.code);
    if (strstr(err.message, says) == NULL)
        fail_msg("expected '%s' in: %s", says, err.message);
    assert_int_equal(0, ERR_peek_error());
}

/* ---- intermediates */

static void intermediates_add_several_texts_are_kept_in_order(void **state)
{
    (void)state;
    struct anycert_error err = {0};
    struct anycert__intermediates *list = NULL;
    X509 *certs[3] = {certs_root("A"), certs_root("B"), certs_root("C")};
    char *two = certs_join(certs_pem(certs[0]), certs_pem(certs[1])), *one = certs_pem(certs[2]);
    assert_null(anycert__intermediates_stack(NULL));
    assert_int_equal(0, anycert__intermediates_add(&list, two, strlen(two), "file 'two'", &err));
    assert_int_equal(0, anycert__intermediates_add(&list, one, strlen(one), "file 'one'", &err));
    STACK_OF(X509) *stack = anycert__intermediates_stack(list);
    assert_int_equal(3, sk_X509_num(stack));
    for (int i = 0; i < 3; i++) {
        assert_int_equal(0, X509_cmp(sk_X509_value(stack, i), certs[i]));
        X509_free(certs[i]);
    }
    anycert__intermediates_free(list);
    free(two);
    free(one);
}

static void intermediates_add_unusable_text_names_it_and_changes_nothing(void **state)
{
    (void)state;
    X509 *cert = certs_root("A");
    char *good = certs_pem(cert);
    char *half = certs_join(certs_pem(cert), strdup("-----BEGIN CERTIFICATE-----\nMIIB\n"
                                                    "-----END CERTIFICATE-----\n"));
    struct {
        const char *text, *says;
    } rows[] = {
        {"", "'x' holds no certificate"},
        {"prose", "'x' holds no certificate"},
        {half, "certificate 2 of file 'x' cannot be decoded"},
    };
    struct anycert__intermediates *list = NULL;
    assert_int_equal(0, anycert__intermediates_add(&list, good, strlen(good), "x", NULL));
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct anycert_error err = {0};
        assert_int_equal(-1, anycert__intermediates_add(&list, rows[i].text, strlen(rows[i].text),
                                                        "file 'x'", &err));
        assert_int_equal(ANYCERT_E_ANCHORS, err.code);
        assert_non_null(strstr(err.message, rows[i].says));
        assert_int_equal(1, sk_X509_num(anycert__intermediates_stack(list)));
    }
    anycert__intermediates_free(list);
    anycert__intermediates_free(NULL);
    free(good);
    free(half);
    X509_free(cert);
}

/* ---- the client's certificate */

static void client_cert_load_one_text_in_any_order(void **state)
{
    (void)state;
    X509 *root = certs_root("Root"), *leaf = certs_leaf("client", root, certs_key());
    char *key = certs_key_pem(certs_other_key(), NULL), *cert = certs_pem(leaf);
    char *cert_first = certs_join(strdup(cert), strdup(key));
    char *key_first = certs_join(strdup(key), certs_join(strdup(cert), certs_pem(root)));
    anycert__client_cert_free(load(cert, key));
    anycert__client_cert_free(load(cert_first, NULL));
    anycert__client_cert_free(load(key_first, NULL));
    anycert__client_cert_free(NULL);
    free(cert);
    free(key);
    free(cert_first);
    free(key_first);
    X509_free(leaf);
    X509_free(root);
}

static void client_cert_load_every_kind_of_key(void **state)
{
    (void)state;
    EVP_PKEY *keys[] = {certs_new_rsa(2048), certs_new_ec("P-384"), certs_new_named("ED25519")};
    for (size_t i = 0; i < 3; i++) {
        X509 *cert = certs_make(&(struct certs_recipe){.cn = "client", .key = keys[i]});
        BIO *bio = BIO_new(BIO_s_mem());
        char *pem = certs_pem(cert), *key = certs_key_pem(keys[i], NULL), *old = NULL;
        anycert__client_cert_free(load(pem, key));
        /* "RSA PRIVATE KEY", "EC PRIVATE KEY" */
        assert_int_equal(
            1, PEM_write_bio_PrivateKey_traditional(bio, keys[i], NULL, NULL, 0, NULL, NULL) ||
                   i == 2);
        BIO_write(bio, "", 1);
        BIO_get_mem_data(bio, &old);
        if (i < 2)
            anycert__client_cert_free(load(pem, old));
        BIO_free(bio);
        ERR_clear_error();
        free(pem);
        free(key);
        X509_free(cert);
        EVP_PKEY_free(keys[i]);
    }
}

static void client_cert_load_unusable_says_which_part(void **state)
{
    (void)state;
    X509 *cert = certs_make(&(struct certs_recipe){.cn = "client"});
    X509 *other = certs_make(&(struct certs_recipe){.cn = "other", .key = certs_other_key()});
    char *pem = certs_pem(cert), *key = certs_key_pem(certs_key(), NULL);
    char *wrong_order = certs_join(certs_pem(other), certs_pem(cert));
    char *other_key = certs_key_pem(certs_other_key(), NULL);
    char *locked = certs_key_pem(certs_key(), "secret");
    static const char damaged_cert[] =
        "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n";
    static const char damaged_key[] =
        "-----BEGIN PRIVATE KEY-----\nMIIB\n-----END PRIVATE KEY-----\n";
    static const char old_locked[] = "-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\n"
                                     "DEK-Info: AES-128-CBC,00112233445566778899AABBCCDDEEFF\n\n"
                                     "MIIBMIIBMIIBMIIBMIIBMIIBMIIBMIIB\n"
                                     "-----END RSA PRIVATE KEY-----\n";
    assert_refused("", key, "there is no client certificate");
    assert_refused(key, key, "there is no client certificate");
    assert_refused(damaged_cert, key, "certificate 1 of the client certificate cannot be decoded");
    assert_refused(pem, NULL, "there is no client key");
    assert_refused(pem, "", "there is no client key");
    assert_refused(pem, pem, "there is no client key");
    assert_refused(pem, damaged_key, "the client key cannot be decoded");
    assert_refused(pem, locked, "the client key is encrypted, and no password was given");
    assert_refused(pem, old_locked, "the client key is encrypted, and no password was given");
    assert_refused(pem, other_key, "does not belong to the client certificate");
    assert_refused(wrong_order, key, "belongs to certificate 2");
    free(pem);
    free(key);
    free(other_key);
    free(wrong_order);
    free(locked);
    X509_free(cert);
    X509_free(other);
}

static void client_cert_apply_installs_certificate_chain_and_key(void **state)
{
    (void)state;
    struct anycert_error err = {0};
    X509 *root = certs_root("Root"), *leaf = certs_leaf("client", root, certs_key());
    char *pem = certs_join(certs_pem(leaf), certs_pem(root));
    char *key = certs_key_pem(certs_other_key(), NULL);
    struct anycert__client_cert *cert = load(pem, key);
    SSL_CTX *ctx = SSL_CTX_new(TLS_client_method());
    STACK_OF(X509) *chain = NULL;
    assert_int_equal(0, anycert__client_cert_apply(ctx, cert, &err));
    assert_int_equal(0, X509_cmp(SSL_CTX_get0_certificate(ctx), leaf));
    assert_int_equal(1, EVP_PKEY_eq(SSL_CTX_get0_privatekey(ctx), certs_other_key()));
    SSL_CTX_get0_chain_certs(ctx, &chain);
    assert_int_equal(1, sk_X509_num(chain));
    assert_int_equal(1, SSL_CTX_check_private_key(ctx));
    anycert__client_cert_free(cert);
    SSL_CTX_free(ctx);
    free(pem);
    free(key);
    X509_free(leaf);
    X509_free(root);
}

/* What the level of the context says about strength is meant for the peer's certificate. */
static void client_cert_apply_weak_certificate_is_installed_at_level_2(void **state)
{
    (void)state;
    struct anycert_error err = {0};
    EVP_PKEY *key = certs_new_rsa(1024);
    X509 *leaf = certs_make(&(struct certs_recipe){.cn = "old", .key = key, .digest = EVP_sha1()});
    char *pem = certs_join(certs_pem(leaf), certs_key_pem(key, NULL));
    struct anycert__client_cert *cert = load(pem, NULL);
    SSL_CTX *ctx = SSL_CTX_new(TLS_client_method());
    SSL_CTX_set_security_level(ctx, 2);
    assert_int_not_equal(1, SSL_CTX_use_certificate(ctx, leaf));
    if (anycert__client_cert_apply(ctx, cert, &err) != 0)
        fail_msg("%s", err.message);
    assert_int_equal(0, X509_cmp(SSL_CTX_get0_certificate(ctx), leaf));
    assert_int_equal(2, SSL_CTX_get_security_level(ctx));
    /* The level is in force again. */
    assert_int_not_equal(1, SSL_CTX_use_certificate(ctx, leaf));
    ERR_clear_error();
    anycert__client_cert_free(cert);
    SSL_CTX_free(ctx);
    free(pem);
    X509_free(leaf);
    EVP_PKEY_free(key);
}

/* ---- what goes over the wire */

static int accept_any(int ok, X509_STORE_CTX *ctx)
{
    (void)ok;
    (void)ctx;
    return 1;
}

/* A handshake in memory with a server that asks for a certificate; how many certificates it was
 * shown. */
static int shown_to_server(SSL_CTX *client_ctx, int version)
{
    X509 *server_cert = certs_make(&(struct certs_recipe){.cn = "server"});
    SSL_CTX *server_ctx = SSL_CTX_new(TLS_server_method());
    assert_int_equal(1, SSL_CTX_use_certificate(server_ctx, server_cert));
    assert_int_equal(1, SSL_CTX_use_PrivateKey(server_ctx, certs_key()));
    SSL_CTX_set_verify(server_ctx, SSL_VERIFY_PEER, accept_any);
    SSL_CTX_set_security_level(server_ctx, 0);
    SSL_CTX_set_max_proto_version(server_ctx, version);
    SSL *client = SSL_new(client_ctx), *server = SSL_new(server_ctx);
    BIO *a = NULL, *b = NULL;
    assert_int_equal(1, BIO_new_bio_pair(&a, 0, &b, 0));
    SSL_set_bio(client, a, a);
    SSL_set_bio(server, b, b);
    SSL_set_connect_state(client);
    SSL_set_accept_state(server);
    for (int i = 0; i < 20 && !(SSL_is_init_finished(client) && SSL_is_init_finished(server));
         i++) {
        SSL_do_handshake(client);
        SSL_do_handshake(server);
    }
    assert_true(SSL_is_init_finished(server));
    STACK_OF(X509) *chain = SSL_get_peer_cert_chain(server);
    X509 *peer = SSL_get0_peer_certificate(server);
    int count = (peer != NULL) + (chain != NULL ? sk_X509_num(chain) : 0);
    SSL_free(client);
    SSL_free(server);
    SSL_CTX_free(server_ctx);
    X509_free(server_cert);
    return count;
}

static void client_cert_apply_given_chain_is_sent_and_nothing_else(void **state)
{
    (void)state;
    struct anycert_error err = {0};
    X509 *root = certs_root("Root"), *leaf = certs_leaf("client", root, certs_key());
    char *pem = certs_join(certs_pem(leaf), certs_key_pem(certs_other_key(), NULL));
    struct anycert__client_cert *cert = load(pem, NULL);
    SSL_CTX *ctx = SSL_CTX_new(TLS_client_method());
    /* The context's own store could complete the chain. */
    assert_int_equal(1, X509_STORE_add_cert(SSL_CTX_get_cert_store(ctx), root));
    assert_int_equal(0, anycert__client_cert_apply(ctx, cert, &err));
    assert_int_equal(1, shown_to_server(ctx, TLS1_3_VERSION));
    anycert__client_cert_free(cert);
    SSL_CTX_free(ctx);
    free(pem);
    X509_free(leaf);
    X509_free(root);
}

static void client_cert_apply_weak_certificate_is_sent_at_level_2(void **state)
{
    (void)state;
    static const int versions[] = {TLS1_2_VERSION, TLS1_3_VERSION};
    struct anycert_error err = {0};
    EVP_PKEY *key = certs_new_rsa(1024);
    X509 *leaf = certs_make(&(struct certs_recipe){.cn = "old", .key = key, .digest = EVP_sha1()});
    char *pem = certs_join(certs_pem(leaf), certs_key_pem(key, NULL));
    struct anycert__client_cert *cert = load(pem, NULL);
    for (size_t i = 0; i < 2; i++) {
        SSL_CTX *ctx = SSL_CTX_new(TLS_client_method());
        SSL_CTX_set_security_level(ctx, 2);
        assert_int_equal(0, anycert__client_cert_apply(ctx, cert, &err));
        assert_int_equal(1, shown_to_server(ctx, versions[i]));
        SSL_CTX_free(ctx);
    }
    anycert__client_cert_free(cert);
    free(pem);
    X509_free(leaf);
    EVP_PKEY_free(key);
}

static void client_cert_apply_null_sends_no_inherited_certificate(void **state)
{
    (void)state;
    struct anycert_error err = {0};
    X509 *cert = certs_make(&(struct certs_recipe){.cn = "inherited"});
    SSL_CTX *ctx = SSL_CTX_new(TLS_client_method());
    assert_int_equal(1, SSL_CTX_use_certificate(ctx, cert));
    assert_int_equal(1, SSL_CTX_use_PrivateKey(ctx, certs_key()));
    assert_int_equal(1, shown_to_server(ctx, TLS1_3_VERSION));
    assert_int_equal(0, anycert__client_cert_apply(ctx, NULL, &err));
    assert_int_equal(0, shown_to_server(ctx, TLS1_3_VERSION));
    SSL_CTX_free(ctx);
    X509_free(cert);
}

static void client_cert_load_out_of_memory_is_told(void **state)
{
    (void)state;
    X509 *cert = certs_make(&(struct certs_recipe){.cn = "client"});
    char *pem = certs_join(certs_pem(cert), certs_key_pem(certs_key(), NULL));
    struct anycert_error err = {0};
    struct anycert__client_cert *loaded = NULL;
    struct anycert__intermediates *list = NULL;
    anycert__mem_fail_from(1);
    assert_int_equal(-1, anycert__client_cert_load(pem, strlen(pem), NULL, 0, NULL, &loaded, &err));
    assert_int_equal(ANYCERT_E_NOMEM, err.code);
    err = (struct anycert_error){0};
    assert_int_equal(-1, anycert__intermediates_add(&list, pem, strlen(pem), "x", &err));
    assert_int_equal(ANYCERT_E_NOMEM, err.code);
    assert_null(list);
    anycert__mem_fail_from(0);
    free(pem);
    X509_free(cert);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(intermediates_add_several_texts_are_kept_in_order),
        cmocka_unit_test(intermediates_add_unusable_text_names_it_and_changes_nothing),
        cmocka_unit_test(client_cert_load_one_text_in_any_order),
        cmocka_unit_test(client_cert_load_every_kind_of_key),
        cmocka_unit_test(client_cert_load_unusable_says_which_part),
        cmocka_unit_test(client_cert_apply_installs_certificate_chain_and_key),
        cmocka_unit_test(client_cert_apply_weak_certificate_is_installed_at_level_2),
        cmocka_unit_test(client_cert_apply_given_chain_is_sent_and_nothing_else),
        cmocka_unit_test(client_cert_apply_weak_certificate_is_sent_at_level_2),
        cmocka_unit_test(client_cert_apply_null_sends_no_inherited_certificate),
        cmocka_unit_test(client_cert_load_out_of_memory_is_told),
    };
    return cmocka_run_group_tests_name("credentials", tests, NULL, NULL);
}
