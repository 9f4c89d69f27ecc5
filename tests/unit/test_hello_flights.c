/* What real servers said (the corpus of the fuzz target), whole, in pieces, cut and spoilt. */
#include "hello/answer.h"
#include "hello/names.h"
#include "hello/offer.h"

#include "base/mem.h"
#include "support/hello.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static const struct {
    const char *name;
    uint16_t version;
    const char *suite;
    size_t certificates;
    enum anycert__server_key_kind key;
    uint32_t bits;
    const char *group, *scheme;
} flights[] = {
    {"openssl-tls12-tls1.2", ANYCERT__TLS12, "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256", 3,
     ANYCERT__KEY_CURVE, 0, "x25519", "rsa_pss_rsae_sha256"},
    {"openssl-dh1024-tls1.2", ANYCERT__TLS12, "TLS_DHE_RSA_WITH_AES_128_GCM_SHA256", 3,
     ANYCERT__KEY_DH, 1024, NULL, "rsa_pss_rsae_sha256"},
    {"openssl-p192-tls1.2", ANYCERT__TLS12, "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256", 3,
     ANYCERT__KEY_CURVE, 0, "secp192r1", "rsa_pss_rsae_sha256"},
    {"openssl-client-tls1.2", ANYCERT__TLS12, "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256", 3,
     ANYCERT__KEY_CURVE, 0, "x25519", "rsa_pss_rsae_sha256"},
    {"openssl-client-tls10-tls1.0", ANYCERT__TLS10, "TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA", 3,
     ANYCERT__KEY_CURVE, 0, "x25519", NULL},
    {"openssl-dsa-dsa", ANYCERT__TLS12, "TLS_DHE_DSS_WITH_AES_128_CBC_SHA", 2, ANYCERT__KEY_DH,
     1024, NULL, "dsa_sha256"},
    {"openssl-anonymous-anonymous", ANYCERT__TLS12, "TLS_DH_anon_WITH_AES_128_CBC_SHA", 0,
     ANYCERT__KEY_DH, 1024, NULL, NULL},
    {"openssl-null-null", ANYCERT__TLS12, "TLS_RSA_WITH_NULL_MD5", 3, ANYCERT__KEY_NONE, 0, NULL,
     NULL},
    {"openssl-psk-psk", ANYCERT__TLS12, "TLS_PSK_WITH_AES_128_CBC_SHA", 0, ANYCERT__KEY_NONE, 0,
     NULL, NULL},
    {"gnutls-3des-3des", ANYCERT__TLS12, "TLS_RSA_WITH_3DES_EDE_CBC_SHA", 2, ANYCERT__KEY_NONE, 0,
     NULL, NULL},
    {"gnutls-anonymous-anonymous", ANYCERT__TLS12, "TLS_DH_anon_WITH_AES_128_CBC_SHA", 0,
     ANYCERT__KEY_DH, 2048, NULL, NULL},
    {"go-rc4-rc4", ANYCERT__TLS12, "TLS_ECDHE_RSA_WITH_RC4_128_SHA", 2, ANYCERT__KEY_CURVE, 0,
     "x25519", "rsa_pss_rsae_sha256"},
    {"nss-ssl3-ssl3", ANYCERT__SSL3, "TLS_DHE_RSA_WITH_AES_128_CBC_SHA", 2, ANYCERT__KEY_DH, 2048,
     NULL, NULL},
    {"nss-client-tls1.2", ANYCERT__TLS12, "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256", 2,
     ANYCERT__KEY_CURVE, 0, "x25519", "rsa_pss_rsae_sha256"},
    {"java-export-export", ANYCERT__TLS10, "TLS_RSA_EXPORT_WITH_RC4_40_MD5", 2,
     ANYCERT__KEY_RSA_EXPORT, 512, NULL, NULL},
    {"java-dhe-export-export", ANYCERT__TLS10, "TLS_DHE_RSA_EXPORT_WITH_DES40_CBC_SHA", 2,
     ANYCERT__KEY_DH, 512, NULL, NULL},
    {"java-anonymous-anonymous", ANYCERT__TLS12, "TLS_DH_anon_WITH_3DES_EDE_CBC_SHA", 0,
     ANYCERT__KEY_DH, 2048, NULL, NULL},
};
#define FLIGHT_COUNT (sizeof flights / sizeof flights[0])

static bool is_name(const char *name, const char *wanted)
{
    return wanted ? name && strcmp(name, wanted) == 0 : name == NULL;
}

static void flight_of_a_real_server_is_read_to_its_end(void **state)
{
    struct anycert__answer answer;
    size_t len;

    (void)state;
    for (size_t i = 0; i < FLIGHT_COUNT; i++) {
        uint8_t *bytes = hello_flight(flights[i].name, &len);
        hello_read(&answer, bytes, len);
        if (answer.end != ANYCERT__END_COMPLETE || !answer.has_done ||
            answer.hello.version != flights[i].version ||
            !is_name(anycert__suite_name(answer.hello.suite), flights[i].suite) ||
            answer.certificates.count != flights[i].certificates ||
            answer.key.kind != flights[i].key || answer.key.bits != flights[i].bits ||
            !is_name(anycert__named_group_name(answer.key.group), flights[i].group) ||
            !is_name(anycert__scheme_name(answer.key.scheme), flights[i].scheme))
            fail_msg("%s: end %d, %s, %zu certificates, key %d, %u bits, group %x, scheme %x",
                     flights[i].name, answer.end, anycert__suite_name(answer.hello.suite),
                     answer.certificates.count, answer.key.kind, answer.key.bits, answer.key.group,
                     answer.key.scheme);
        anycert__answer_free(&answer);
        free(bytes);
    }
}

/* Everything that is in it can be looked at. */
static void walk(const struct anycert__answer *answer)
{
    const struct anycert__span_list *lists[] = {&answer->certificates, &answer->request.names};
    struct anycert__span entry;

    for (size_t i = 0; i < 2; i++) {
        size_t position = 0, count = 0;
        for (; anycert__answer_next(answer, lists[i], &position, &entry); count++)
            assert_true(entry.at + entry.len <= answer->messages.len);
        assert_int_equal(count, lists[i]->count);
    }
    assert_true(answer->key.prime.at + answer->key.prime.len <= answer->messages.len);
    assert_true(answer->request.types.at + answer->request.types.len <= answer->messages.len);
}

static void flight_that_is_cut_says_what_was_there(void **state)
{
    struct anycert__answer answer;
    size_t len;

    (void)state;
    for (size_t i = 0; i < FLIGHT_COUNT; i++) {
        uint8_t *bytes = hello_flight(flights[i].name, &len);
        bool had_hello = false, had_certificates = false, had_key = false;
        for (size_t cut = 0; cut < len; cut++) {
            /* Memory that ends where the bytes end, for AddressSanitizer. */
            uint8_t *part = malloc(cut > 0 ? cut : 1);
            assert_non_null(part);
            memcpy(part, bytes, cut);
            hello_read(&answer, part, cut);
            assert_int_equal(answer.end, ANYCERT__END_CLOSED);
            assert_int_equal(answer.kind, cut > 1    ? ANYCERT__KIND_TLS
                                          : cut == 1 ? ANYCERT__KIND_OTHER
                                                     : ANYCERT__KIND_SILENT);
            /* More bytes never say less. */
            assert_true(answer.has_hello || !had_hello);
            assert_true(answer.has_certificates || !had_certificates);
            assert_true(answer.key.kind != ANYCERT__KEY_NONE || !had_key);
            had_hello = answer.has_hello;
            had_certificates = answer.has_certificates;
            had_key = answer.key.kind != ANYCERT__KEY_NONE;
            walk(&answer);
            anycert__answer_free(&answer);
            free(part);
        }
        assert_true(had_hello);
        free(bytes);
    }
}

static void flight_byte_by_byte_is_the_same(void **state)
{
    struct anycert__answer whole, slow;
    size_t len;

    (void)state;
    for (size_t i = 0; i < FLIGHT_COUNT; i++) {
        uint8_t *bytes = hello_flight(flights[i].name, &len);
        hello_read(&whole, bytes, len);
        anycert__answer_init(&slow, ANYCERT__UNTIL_FLIGHT);
        for (size_t at = 0; at < len; at++)
            assert_int_equal(anycert__answer_feed(&slow, bytes + at, 1, NULL), at + 1 < len);
        assert_memory_equal(&slow.hello, &whole.hello, sizeof whole.hello);
        assert_int_equal(slow.end, whole.end);
        assert_int_equal(slow.key.kind, whole.key.kind);
        assert_int_equal(slow.key.bits, whole.key.bits);
        assert_int_equal(slow.certificates.count, whole.certificates.count);
        assert_int_equal(slow.request.names.count, whole.request.names.count);
        assert_int_equal(slow.messages.len, whole.messages.len);
        assert_memory_equal(slow.messages.data, whole.messages.data, whole.messages.len);
        anycert__answer_free(&slow);
        anycert__answer_free(&whole);
        free(bytes);
    }
}

static void flight_that_is_spoilt_is_read_or_refused(void **state)
{
    static const uint8_t spoilers[] = {0x01, 0x80, 0xff};
    struct anycert__answer answer;
    size_t len;

    (void)state;
    for (size_t i = 0; i < FLIGHT_COUNT; i++) {
        uint8_t *bytes = hello_flight(flights[i].name, &len);
        for (size_t at = 0; at < 3 * len; at++) {
            bytes[at / 3] ^= spoilers[at % 3];
            hello_read(&answer, bytes, len);
            assert_int_equal(answer.end == ANYCERT__END_BROKEN, answer.fault != NULL);
            walk(&answer);
            anycert__answer_free(&answer);
            bytes[at / 3] ^= spoilers[at % 3];
        }
        free(bytes);
    }
}

static void request_for_a_client_certificate_names_its_ca(void **state)
{
    static const char ca[] = "strangers root";
    static const char *const names[] = {"openssl-client-tls1.2", "openssl-client-tls10-tls1.0"};
    struct anycert__answer answer;
    struct anycert__span name;
    size_t len;

    (void)state;
    for (size_t i = 0; i < 2; i++) {
        uint8_t *bytes = hello_flight(names[i], &len);
        size_t position = 0;
        hello_read(&answer, bytes, len);
        assert_true(answer.has_request);
        assert_int_equal(answer.request.names.count, 1);
        assert_true(anycert__answer_next(&answer, &answer.request.names, &position, &name));
        assert_memory_equal(anycert__answer_bytes(&answer, name) + name.len - strlen(ca), ca,
                            strlen(ca));
        assert_int_equal(answer.request.schemes.len > 0, i == 0);
        anycert__answer_free(&answer);
        free(bytes);
    }
}

static void flight_without_memory_is_an_error(void **state)
{
    struct anycert__answer answer;
    unsigned long nth = 0;
    size_t len;
    uint8_t *bytes = hello_flight("openssl-client-tls1.2", &len);
    int rv;

    (void)state;
    do {
        struct anycert_error err = {0};
        anycert__answer_init(&answer, ANYCERT__UNTIL_FLIGHT);
        anycert__mem_fail_from(++nth);
        rv = anycert__answer_feed(&answer, bytes, len, &err);
        anycert__mem_fail_from(0);
        assert_int_equal(err.code, rv < 0 ? ANYCERT_E_NOMEM : 0);
        walk(&answer);
        anycert__answer_free(&answer);
    } while (rv < 0);
    assert_in_range(nth, 3, 20);
    free(bytes);
}

/* ---- OpenSSL in this process, of each version, with the hellos that are ready */

static void openssl_answers_every_version_it_has(void **state)
{
    static const struct {
        enum anycert__offer offer;
        uint16_t version;
    } rows[] = {
        {ANYCERT__OFFER_TLS10, ANYCERT__TLS10},  {ANYCERT__OFFER_TLS11, ANYCERT__TLS11},
        {ANYCERT__OFFER_TLS12, ANYCERT__TLS12},  {ANYCERT__OFFER_TLS13, ANYCERT__TLS13},
        {ANYCERT__OFFER_MODERN, ANYCERT__TLS13},
    };
    SSL_CTX *ctx = hello_server(0);
    struct anycert__answer answer;
    struct anycert__hello hello;
    size_t len, answer_len;
    bool completed;

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        anycert__offer_fill(rows[i].offer, "a.test", &hello);
        uint8_t *bytes = hello_bytes(&hello, &len);
        uint8_t *said = hello_ask_openssl(ctx, bytes, len, &answer_len, &completed);
        hello_read(&answer, said, answer_len);
        if (answer.end != ANYCERT__END_COMPLETE)
            fail_msg("%s: end %d, alert %d", anycert__offer_id(rows[i].offer), answer.end,
                     answer.alert);
        assert_int_equal(answer.hello.version, rows[i].version);
        assert_null(anycert__answer_breach(&answer, &hello));
        assert_false(completed);
        anycert__answer_free(&answer);
        free(said);
        free(bytes);
    }
    SSL_CTX_free(ctx);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(flight_of_a_real_server_is_read_to_its_end),
        cmocka_unit_test(flight_that_is_cut_says_what_was_there),
        cmocka_unit_test(flight_byte_by_byte_is_the_same),
        cmocka_unit_test(flight_that_is_spoilt_is_read_or_refused),
        cmocka_unit_test(request_for_a_client_certificate_names_its_ca),
        cmocka_unit_test(flight_without_memory_is_an_error),
        cmocka_unit_test(openssl_answers_every_version_it_has),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
