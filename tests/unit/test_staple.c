#include "tls/ossl.h"

#include "support/certs.h"

#include <openssl/err.h>
#include <openssl/ocsp.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define HOUR INT64_C(3600)

struct fixture {
    X509 *root, *leaf, *stranger, *responder, *not_responder;
    EVP_PKEY *stranger_key, *responder_key;
    STACK_OF(X509) * chain;
};

/* What an OCSP answer says. Zero is: good, about the leaf, signed by its issuer, of the last hour.
 */
struct answer {
    int status;             /* V_OCSP_CERTSTATUS_… */
    bool other_certificate; /* about another serial number */
    bool sha256;            /* the certificate is named by SHA-256 */
    X509 *signer;           /* NULL: the root */
    EVP_PKEY *signer_key;
    bool without_signer_certificate;
    int64_t from, until; /* relative to CERTS_NOW; until 0 and no_end: none */
    bool no_end;
    int response_status;
};

static int setup(void **state)
{
    struct fixture *f = calloc(1, sizeof *f);
    assert_non_null(f);
    f->stranger_key = certs_new_ec("P-256");
    f->responder_key = certs_new_ec("P-256");
    f->root = certs_root("Root");
    f->leaf = certs_leaf("a.test", f->root, certs_key());
    f->stranger =
        certs_make(&(struct certs_recipe){.cn = "Root", .key = f->stranger_key, .ca = true});
    struct certs_recipe responder = {.cn = "Responder",
                                     .key = f->responder_key,
                                     .issuer = f->root,
                                     .issuer_key = certs_key(),
                                     .serial = 9,
                                     .eku = "OCSPSigning"};
    f->responder = certs_make(&responder);
    responder.eku = "serverAuth";
    f->not_responder = certs_make(&responder);
    f->chain = sk_X509_new_null();
    sk_X509_push(f->chain, f->leaf);
    sk_X509_push(f->chain, f->root);
    *state = f;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *f = *state;
    sk_X509_free(f->chain);
    X509_free(f->root);
    X509_free(f->leaf);
    X509_free(f->stranger);
    X509_free(f->responder);
    X509_free(f->not_responder);
    EVP_PKEY_free(f->stranger_key);
    EVP_PKEY_free(f->responder_key);
    free(f);
    return 0;
}

static ASN1_TIME *at(int64_t seconds)
{
    ASN1_TIME *time = ASN1_GENERALIZEDTIME_set(NULL, (time_t)seconds);
    assert_non_null(time);
    return time;
}

static void add_single(OCSP_BASICRESP *basic, const struct fixture *f, const struct answer *answer)
{
    X509 *about = answer->other_certificate ? f->responder : f->leaf;
    OCSP_CERTID *id = OCSP_cert_to_id(answer->sha256 ? EVP_sha256() : EVP_sha1(), about, f->root);
    ASN1_TIME *revoked = at(CERTS_NOW - 5 * HOUR);
    ASN1_TIME *from = at(CERTS_NOW + (answer->from != 0 ? answer->from : -HOUR));
    ASN1_TIME *until =
        answer->no_end ? NULL : at(CERTS_NOW + (answer->until != 0 ? answer->until : HOUR));
    assert_non_null(OCSP_basic_add1_status(
        basic, id, answer->status, answer->status == V_OCSP_CERTSTATUS_REVOKED ? 1 : 0,
        answer->status == V_OCSP_CERTSTATUS_REVOKED ? revoked : NULL, from, until));
    OCSP_CERTID_free(id);
    ASN1_TIME_free(revoked);
    ASN1_TIME_free(from);
    ASN1_TIME_free(until);
}

static OCSP_BASICRESP *sign(const struct fixture *f, OCSP_BASICRESP *basic,
                            const struct answer *answer)
{
    X509 *signer = answer->signer != NULL ? answer->signer : f->root;
    EVP_PKEY *key = answer->signer_key != NULL ? answer->signer_key : certs_key();
    unsigned long flags = answer->without_signer_certificate ? OCSP_NOCERTS : 0;
    assert_int_equal(1, OCSP_basic_sign(basic, signer, key, EVP_sha256(), NULL, flags));
    return basic;
}

static void judge_basic(const struct fixture *f, OCSP_BASICRESP *basic, int response_status,
                        struct anycert__facts *facts)
{
    OCSP_RESPONSE *response = OCSP_response_create(response_status, basic);
    unsigned char *der = NULL;
    int len = i2d_OCSP_RESPONSE(response, &der);
    assert_true(len > 0);
    anycert__staple_judge(der, (size_t)len, f->chain, CERTS_NOW, facts);
    assert_true(facts->staple_present);
    assert_int_equal(0, ERR_peek_error());
    OPENSSL_free(der);
    OCSP_RESPONSE_free(response);
    OCSP_BASICRESP_free(basic);
}

static void judge(const struct fixture *f, const struct answer *answer,
                  struct anycert__facts *facts)
{
    OCSP_BASICRESP *basic = OCSP_BASICRESP_new();
    add_single(basic, f, answer);
    judge_basic(f, sign(f, basic, answer), answer->response_status, facts);
}

static void staple_judge_answers_that_count(void **state)
{
    struct fixture *f = *state;
    const struct {
        const char *name;
        struct answer answer;
        enum anycert_revocation expected;
    } rows[] = {
        {"good", {.status = V_OCSP_CERTSTATUS_GOOD}, ANYCERT_REVOCATION_GOOD},
        {"revoked", {.status = V_OCSP_CERTSTATUS_REVOKED}, ANYCERT_REVOCATION_REVOKED},
        {"named by SHA-256",
         {.status = V_OCSP_CERTSTATUS_REVOKED, .sha256 = true},
         ANYCERT_REVOCATION_REVOKED},
        {"issuer not in the answer",
         {.status = V_OCSP_CERTSTATUS_GOOD, .without_signer_certificate = true},
         ANYCERT_REVOCATION_GOOD},
        {"certified responder",
         {.status = V_OCSP_CERTSTATUS_REVOKED,
          .signer = f->responder,
          .signer_key = f->responder_key},
         ANYCERT_REVOCATION_REVOKED},
        {"clock four minutes behind", {.from = 4 * 60, .until = 2 * HOUR}, ANYCERT_REVOCATION_GOOD},
        {"clock four minutes ahead",
         {.from = -2 * HOUR, .until = -4 * 60},
         ANYCERT_REVOCATION_GOOD},
        {"no end, of last week", {.from = -9 * CERTS_DAY, .no_end = true}, ANYCERT_REVOCATION_GOOD},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct anycert__facts facts = {0};
        judge(f, &rows[i].answer, &facts);
        if (facts.revocation != rows[i].expected || facts.staple_note[0] != '\0')
            fail_msg("%s: %d %s", rows[i].name, (int)facts.revocation, facts.staple_note);
    }
}

static void staple_judge_answers_that_do_not_count_say_why(void **state)
{
    struct fixture *f = *state;
    const struct {
        const char *name;
        struct answer answer;
        const char *note;
    } rows[] = {
        {"good by a stranger of the issuer's name",
         {.signer = f->stranger, .signer_key = f->stranger_key},
         "not signed by the certificate's issuer"},
        {"revoked by a stranger",
         {.status = V_OCSP_CERTSTATUS_REVOKED,
          .signer = f->stranger,
          .signer_key = f->stranger_key},
         "not signed by the certificate's issuer"},
        {"the certificate for itself",
         {.signer = f->leaf, .signer_key = certs_other_key()},
         "not signed by the certificate's issuer"},
        {"another certificate of the issuer without the right",
         {.signer = f->not_responder, .signer_key = f->responder_key},
         "not signed by the certificate's issuer"},
        {"another certificate", {.other_certificate = true}, "about another certificate"},
        {"out of date", {.from = -9 * HOUR, .until = -6 * 60}, "out of date"},
        {"revoked, out of date",
         {.status = V_OCSP_CERTSTATUS_REVOKED, .from = -9 * HOUR, .until = -6 * 60},
         "out of date"},
        {"old without end", {.from = -11 * CERTS_DAY, .no_end = true}, "out of date"},
        {"of the future", {.from = 6 * 60, .until = HOUR}, "dated in the future"},
        {"unknown", {.status = V_OCSP_CERTSTATUS_UNKNOWN}, "does not know the certificate"},
        {"error", {.response_status = OCSP_RESPONSE_STATUS_TRYLATER}, "answered with an error"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct anycert__facts facts = {.revocation = ANYCERT_REVOCATION_GOOD};
        judge(f, &rows[i].answer, &facts);
        if (facts.revocation != ANYCERT_REVOCATION_NOT_CHECKED ||
            strstr(facts.staple_note, rows[i].note) == NULL)
            fail_msg("%s: %d %s", rows[i].name, (int)facts.revocation, facts.staple_note);
    }
}

static void staple_judge_changed_after_signing_does_not_count(void **state)
{
    struct fixture *f = *state;
    struct answer revoked = {.status = V_OCSP_CERTSTATUS_REVOKED}, good = {0};
    struct anycert__facts facts = {0};
    OCSP_BASICRESP *signed_one = OCSP_BASICRESP_new();
    add_single(signed_one, f, &good);
    sign(f, signed_one, &good);
    add_single(signed_one, f, &revoked);
    judge_basic(f, signed_one, OCSP_RESPONSE_STATUS_SUCCESSFUL, &facts);
    assert_int_equal(ANYCERT_REVOCATION_NOT_CHECKED, facts.revocation);
}

static void staple_judge_several_answers_revoked_decides(void **state)
{
    struct fixture *f = *state;
    struct answer answers[] = {
        {.other_certificate = true}, {0}, {.status = V_OCSP_CERTSTATUS_REVOKED}, {0}};
    struct anycert__facts facts = {0};
    OCSP_BASICRESP *basic = OCSP_BASICRESP_new();
    for (size_t i = 0; i < 4; i++)
        add_single(basic, f, &answers[i]);
    judge_basic(f, sign(f, basic, &answers[0]), OCSP_RESPONSE_STATUS_SUCCESSFUL, &facts);
    assert_int_equal(ANYCERT_REVOCATION_REVOKED, facts.revocation);
}

static void staple_judge_garbage_cannot_be_decoded(void **state)
{
    struct fixture *f = *state;
    static const unsigned char garbage[] = {0x30, 0x03, 0x0a, 0x01};
    struct anycert__facts facts = {0};
    anycert__staple_judge(garbage, sizeof garbage, f->chain, CERTS_NOW, &facts);
    assert_int_equal(ANYCERT_REVOCATION_NOT_CHECKED, facts.revocation);
    assert_string_equal("it cannot be decoded", facts.staple_note);
}

static void staple_judge_unknown_issuer_does_not_count(void **state)
{
    struct fixture *f = *state;
    struct answer answer = {0};
    struct anycert__facts facts = {0};
    sk_X509_pop(f->chain);
    judge(f, &answer, &facts);
    assert_int_equal(ANYCERT_REVOCATION_NOT_CHECKED, facts.revocation);
    assert_non_null(strstr(facts.staple_note, "is not known"));
}

/* ---- through a handshake */

static int staple_answer(SSL *ssl, void *arg)
{
    const struct fixture *f = arg;
    struct answer answer = {.status = V_OCSP_CERTSTATUS_REVOKED};
    OCSP_BASICRESP *basic = OCSP_BASICRESP_new();
    add_single(basic, f, &answer);
    OCSP_RESPONSE *response = OCSP_response_create(0, sign(f, basic, &answer));
    unsigned char *der = NULL;
    int len = i2d_OCSP_RESPONSE(response, &der);
    SSL_set_tlsext_status_ocsp_resp(ssl, der, len);
    OCSP_RESPONSE_free(response);
    OCSP_BASICRESP_free(basic);
    return SSL_TLSEXT_ERR_OK;
}

static void handshake(SSL_CTX *client_ctx, SSL_CTX *server_ctx, struct fixture *f,
                      struct anycert__facts *facts)
{
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
    assert_true(SSL_is_init_finished(client));
    anycert__staple_read(client, f->chain, CERTS_NOW, facts);
    SSL_free(client);
    SSL_free(server);
}

static void staple_read_takes_what_was_stapled(void **state)
{
    struct fixture *f = *state;
    SSL_CTX *client = SSL_CTX_new(TLS_client_method()), *server = SSL_CTX_new(TLS_server_method());
    struct anycert__facts facts = {0};
    assert_int_equal(1, SSL_CTX_use_cert_and_key(server, f->leaf, certs_other_key(), NULL, 1));
    SSL_CTX_set_tlsext_status_type(client, TLSEXT_STATUSTYPE_ocsp);
    handshake(client, server, f, &facts);
    assert_false(facts.staple_present);
    assert_int_equal(ANYCERT_REVOCATION_NOT_CHECKED, facts.revocation);
    SSL_CTX_set_tlsext_status_cb(server, staple_answer);
    SSL_CTX_set_tlsext_status_arg(server, f);
    handshake(client, server, f, &facts);
    assert_true(facts.staple_present);
    assert_int_equal(ANYCERT_REVOCATION_REVOKED, facts.revocation);
    SSL_CTX_free(client);
    SSL_CTX_free(server);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(staple_judge_answers_that_count),
        TEST(staple_judge_answers_that_do_not_count_say_why),
        TEST(staple_judge_changed_after_signing_does_not_count),
        TEST(staple_judge_several_answers_revoked_decides),
        TEST(staple_judge_garbage_cannot_be_decoded),
        TEST(staple_judge_unknown_issuer_does_not_count),
        TEST(staple_read_takes_what_was_stapled),
    };
    return cmocka_run_group_tests_name("staple", tests, NULL, NULL);
}
