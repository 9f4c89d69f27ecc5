/* Chains verified by OpenSSL against anchors that are looked up lazily. */
#include "tls/ossl.h"

#include "support/anchored.h"
#include "support/certs.h"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509_vfy.h>

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

struct fixture {
    char *folder;
    X509 *root, *leaf; /* leaf is of root */
    char *root_pem;
};

static int setup(void **state)
{
    struct fixture *f = calloc(1, sizeof *f);
    assert_non_null(f);
    f->folder = certs_folder();
    f->root = certs_root("Root");
    f->leaf = certs_leaf("a.test", f->root, certs_key());
    f->root_pem = certs_pem(f->root);
    *state = f;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *f = *state;
    certs_remove(f->folder);
    X509_free(f->root);
    X509_free(f->leaf);
    free(f->root_pem);
    free(f->folder);
    free(f);
    return 0;
}

static void store_intermediate_from_the_peer_leads_to_the_root(void **state)
{
    struct fixture *f = *state;
    struct anycert__ca ca = memory_ca(f->root_pem);
    EVP_PKEY *key = certs_new_ec("P-256");
    X509 *intermediate = certs_make(&(struct certs_recipe){
        .cn = "Sub", .key = key, .issuer = f->root, .issuer_key = certs_key(), .ca = true});
    X509 *leaf = certs_leaf("b.test", intermediate, key);
    STACK_OF(X509) *sent = sk_X509_new_null();
    struct anycert__anchors *anchors = open_cas(&ca, 1);
    assert_int_equal(X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY, verify(anchors, leaf, NULL));
    sk_X509_push(sent, intermediate);
    assert_int_equal(X509_V_OK, verify(anchors, leaf, sent));
    anycert__anchors_unref(anchors);
    sk_X509_free(sent);
    X509_free(leaf);
    X509_free(intermediate);
    EVP_PKEY_free(key);
}

static void store_leaf_named_as_anchor_is_trusted(void **state)
{
    struct fixture *f = *state;
    char *pem = certs_pem(f->leaf);
    struct anycert__ca ca = memory_ca(pem);
    struct anycert__anchors *anchors = open_cas(&ca, 1);
    assert_int_equal(X509_V_OK, verify(anchors, f->leaf, NULL));
    anycert__anchors_unref(anchors);
    free(pem);
}

static void store_leaf_with_an_anchors_name_only_is_not_trusted(void **state)
{
    struct fixture *f = *state;
    X509 *impostor =
        certs_make(&(struct certs_recipe){.cn = "Root", .key = certs_other_key(), .ca = true});
    struct anycert__ca ca = memory_ca(f->root_pem);
    struct anycert__anchors *anchors = open_cas(&ca, 1);
    assert_int_not_equal(X509_V_OK, verify(anchors, impostor, NULL));
    anycert__anchors_unref(anchors);
    X509_free(impostor);
}

/* Anchors with one name and different keys, dates or issuers: whatever their order, the fitting one
 * is taken. */
static void store_anchors_with_one_name_the_fitting_is_taken(void **state)
{
    struct fixture *f = *state;
    X509 *another_key = certs_make(
        &(struct certs_recipe){.cn = "Root", .key = certs_other_key(), .serial = 7, .ca = true});
    X509 *expired = certs_make(&(struct certs_recipe){.cn = "Root",
                                                      .serial = 8,
                                                      .ca = true,
                                                      .not_before = CERTS_NOW - 9 * CERTS_DAY,
                                                      .not_after = CERTS_NOW - CERTS_DAY});
    X509 *future = certs_make(&(struct certs_recipe){.cn = "Root",
                                                     .serial = 9,
                                                     .ca = true,
                                                     .not_before = CERTS_NOW + CERTS_DAY,
                                                     .not_after = CERTS_NOW + 999 * CERTS_DAY});
    X509 *others[] = {another_key, expired, future};
    for (size_t i = 0; i < 3; i++) {
        for (int first = 0; first < 2; first++) {
            char *a = certs_pem(first ? f->root : others[i]);
            char *pem = certs_join(a, certs_pem(first ? others[i] : f->root));
            struct anycert__ca ca = memory_ca(pem);
            struct anycert__anchors *anchors = open_cas(&ca, 1);
            assert_int_equal(X509_V_OK, verify(anchors, f->leaf, NULL));
            anycert__anchors_unref(anchors);
            free(pem);
        }
    }
    X509_free(another_key);
    X509_free(expired);
    X509_free(future);
}

static void store_expired_anchor_alone_is_told_as_expired(void **state)
{
    struct fixture *f = *state;
    X509 *expired = certs_make(&(struct certs_recipe){.cn = "Root",
                                                      .ca = true,
                                                      .not_before = CERTS_NOW - 9 * CERTS_DAY,
                                                      .not_after = CERTS_NOW - CERTS_DAY});
    char *pem = certs_pem(expired);
    struct anycert__ca ca = memory_ca(pem);
    struct anycert__anchors *anchors = open_cas(&ca, 1);
    assert_int_equal(X509_V_ERR_CERT_HAS_EXPIRED, verify(anchors, f->leaf, NULL));
    anycert__anchors_unref(anchors);
    free(pem);
    X509_free(expired);
}

static void store_trusted_certificate_keeps_its_rejection(void **state)
{
    struct fixture *f = *state;
    X509 *rejected = X509_dup(f->root);
    BIO *bio = BIO_new(BIO_s_mem());
    ASN1_OBJECT *use = OBJ_nid2obj(NID_server_auth);
    assert_int_equal(1, X509_add1_reject_object(rejected, use));
    assert_int_equal(1, PEM_write_bio_X509_AUX(bio, rejected));
    BIO_write(bio, "", 1);
    char *pem = NULL;
    BIO_get_mem_data(bio, &pem);
    struct anycert__ca ca = memory_ca(pem);
    struct anycert__anchors *anchors = open_cas(&ca, 1);
    assert_int_equal(X509_V_ERR_CERT_REJECTED, verify(anchors, f->leaf, NULL));
    anycert__anchors_unref(anchors);
    BIO_free(bio);
    X509_free(rejected);
}

/* OpenSSL's cache stays empty, so that no verification leaves anything behind for the next. */
static void store_verification_leaves_the_store_as_it_was(void **state)
{
    struct fixture *f = *state;
    struct anycert__ca ca = memory_ca(f->root_pem);
    struct anycert__anchors *anchors = open_cas(&ca, 1);
    assert_int_equal(X509_V_OK, verify(anchors, f->leaf, NULL));
    STACK_OF(X509) *all = X509_STORE_get1_all_certs(anycert__anchors_store(anchors));
    assert_int_equal(0, sk_X509_num(all));
    assert_int_equal(0, ERR_peek_error());
    sk_X509_pop_free(all, X509_free);
    anycert__anchors_unref(anchors);
}

/* ---- threads */

struct work {
    struct anycert__ca ca;
    struct anycert__anchors *anchors;
    X509 *leaf;
};

static void *verify_often(void *arg)
{
    struct work *work = arg;
    int *failures = calloc(1, sizeof *failures);
    X509 *leaf = X509_dup(work->leaf);
    for (int i = 0; failures != NULL && i < 50; i++) {
        struct anycert__anchors *own = NULL;
        *failures += verify(work->anchors, leaf, NULL) != X509_V_OK;
        *failures += !anycert__anchors_current(work->anchors);
        *failures += anycert__anchors_open(&work->ca, 1, &own, NULL) != 0;
        anycert__anchors_unref(own);
    }
    X509_free(leaf);
    return failures;
}

static void store_many_threads_verify_at_once(void **state)
{
    struct fixture *f = *state;
    X509 *twin = certs_make(
        &(struct certs_recipe){.cn = "Root", .key = certs_other_key(), .serial = 7, .ca = true});
    char *pem = certs_join(certs_pem(twin), certs_pem(f->root));
    char *path = certs_path(f->folder, "ca.pem");
    certs_write(path, pem, strlen(pem));
    struct work work = {.ca = path_ca(path), .anchors = open_path(path), .leaf = f->leaf};
    pthread_t threads[8];
    for (size_t i = 0; i < 8; i++)
        assert_int_equal(0, pthread_create(&threads[i], NULL, verify_often, &work));
    for (size_t i = 0; i < 8; i++) {
        void *failures = NULL;
        assert_int_equal(0, pthread_join(threads[i], &failures));
        assert_non_null(failures);
        assert_int_equal(0, *(int *)failures);
        free(failures);
    }
    anycert__anchors_unref(work.anchors);
    free(path);
    free(pem);
    X509_free(twin);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(store_intermediate_from_the_peer_leads_to_the_root),
        TEST(store_leaf_named_as_anchor_is_trusted),
        TEST(store_leaf_with_an_anchors_name_only_is_not_trusted),
        TEST(store_anchors_with_one_name_the_fitting_is_taken),
        TEST(store_expired_anchor_alone_is_told_as_expired),
        TEST(store_trusted_certificate_keeps_its_rejection),
        TEST(store_verification_leaves_the_store_as_it_was),
        TEST(store_many_threads_verify_at_once),
    };
    return cmocka_run_group_tests_name("store", tests, NULL, NULL);
}
