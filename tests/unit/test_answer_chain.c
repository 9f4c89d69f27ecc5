#include "tls/answer_chain.h"

#include "base/mem.h"
#include "hello/offer.h"
#include "support/certs.h"
#include "support/hello.h"
#include "support/judging.h"

#include <openssl/x509_vfy.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static struct anycert__facts *facts_of_target(void)
{
    struct anycert__facts *facts = anycert__facts_new();

    assert_non_null(facts);
    facts->host = anycert__strdup("a.test");
    facts->identity = anycert__strdup("a.test");
    facts->anchors = anycert__strdup("none");
    facts->time = CERTS_NOW;
    return facts;
}

/* What OpenSSL's server says to a hello of TLS 1.2. */
static void ask(struct anycert__answer *answer)
{
    SSL_CTX *ctx = hello_server(TLS1_2_VERSION);
    struct anycert__hello hello;
    size_t len, answer_len;
    uint8_t *bytes, *said;

    anycert__offer_fill(ANYCERT__OFFER_TLS12, "a.test", &hello);
    bytes = hello_bytes(&hello, &len);
    said = hello_ask_openssl(ctx, bytes, len, &answer_len, NULL);
    hello_read(answer, said, answer_len);
    free(said);
    free(bytes);
    SSL_CTX_free(ctx);
}

static void answer_verify_finds_what_a_handshake_would(void **state)
{
    struct anycert__anchors *anchors = anycert__anchors_none("none are needed");
    struct anycert__facts *facts = facts_of_target();
    struct anycert_error err = {0};
    struct anycert__answer answer;

    (void)state;
    ask(&answer);
    assert_true(answer.has_certificates);
    if (anycert__answer_verify(&answer, NULL, anchors, facts, &err) < 0)
        fail_msg("%s", err.message);
    assert_true(facts->verified && facts->name_match && !facts->complete);
    assert_int_equal(facts->presented_count, 1);
    assert_string_equal(facts->presented[0].subject, "CN=a.test");
    assert_string_equal(facts->presented[0].key_type, "EC");
    assert_int_equal(facts->error_count, 1);
    assert_int_equal(facts->errors[0].code, X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT);
    anycert__facts_unref(facts);
    anycert__anchors_unref(anchors);
    anycert__answer_free(&answer);
}

static void refuse(const struct hello_made *made, const char *says)
{
    struct anycert__anchors *anchors = anycert__anchors_none("none are needed");
    struct anycert__facts *facts = facts_of_target();
    struct anycert_error err = {0};
    struct anycert__answer answer;

    hello_read_made(&answer, made);
    assert_int_equal(anycert__answer_verify(&answer, NULL, anchors, facts, &err), -1);
    assert_int_equal(err.code, ANYCERT_E_TRUST);
    if (!strstr(err.message, says))
        fail_msg("'%s' does not say '%s'", err.message, says);
    anycert__facts_unref(facts);
    anycert__anchors_unref(anchors);
    anycert__answer_free(&answer);
}

static void answer_verify_without_a_certificate_says_so(void **state)
{
    struct hello_made none = hello_whole_flight(0x0303, 0x0034, 11, "000000");
    struct hello_made bad = hello_whole_flight(0x0303, 0x002F, 11, "000005 000002 3000");

    (void)state;
    refuse(&none, "no certificate");
    refuse(&bad, "cannot be read");
}

static void answer_name_is_a_line(void **state)
{
    struct anycert__answer answer;
    struct anycert__span name;
    size_t len, position = 0;
    uint8_t *bytes = hello_flight("openssl-client-tls1.2", &len);
    char *text;

    (void)state;
    hello_read(&answer, bytes, len);
    assert_true(anycert__answer_next(&answer, &answer.request.names, &position, &name));
    text = anycert__answer_name(&answer, name);
    assert_string_equal(text, "CN=strangers root");
    anycert__free(text);
    name.len--;
    text = anycert__answer_name(&answer, name);
    assert_string_equal(text, "(unreadable)");
    anycert__free(text);
    anycert__answer_free(&answer);
    free(bytes);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(answer_verify_finds_what_a_handshake_would),
        cmocka_unit_test(answer_verify_without_a_certificate_says_so),
        cmocka_unit_test(answer_name_is_a_line),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
