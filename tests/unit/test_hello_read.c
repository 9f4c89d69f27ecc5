#include "hello/answer.h"
#include "hello/offer.h"

#include "base/mem.h"
#include "support/hello.h"
#include "verdict/alert.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* ---- ServerHello */

static void server_hello_without_extensions_is_read(void **state)
{
    struct hello_made hello = hello_server_hello(0x0300, 0x0005, NULL);
    struct hello_made all = hello_record(22, 0x0300, &hello);
    struct anycert__answer answer;

    (void)state;
    hello_read_made(&answer, &all);
    assert_int_equal(answer.kind, ANYCERT__KIND_TLS);
    assert_int_equal(answer.end, ANYCERT__END_CLOSED);
    assert_true(answer.has_hello);
    assert_int_equal(answer.record_version, 0x0300);
    assert_int_equal(answer.hello.version, 0x0300);
    assert_int_equal(answer.hello.suite, 0x0005);
    assert_false(answer.hello.has_extensions);
    anycert__answer_free(&answer);
}

static void server_hello_with_extensions_is_read(void **state)
{
    struct hello_made hello = hello_server_hello(0x0303, 0xC02F,
                                                 "ff01 0001 00  0010 0005 0003 02 6832"
                                                 "0017 0000  0016 0000  0023 0000"
                                                 "0000 0000  7777 0002 abcd");
    struct hello_made all = hello_record(22, 0x0303, &hello);
    struct anycert__answer answer;

    (void)state;
    hello_read_made(&answer, &all);
    assert_true(answer.has_hello && answer.hello.renegotiation_info);
    assert_true(answer.hello.extended_master_secret && answer.hello.encrypt_then_mac);
    assert_true(answer.hello.session_ticket && answer.hello.server_name);
    assert_false(answer.hello.status_request || answer.hello.retry || answer.hello.downgrade_mark);
    assert_string_equal(answer.hello.alpn, "h2");
    assert_int_equal(answer.hello.extension_count, 7);
    assert_int_equal(answer.hello.extensions[6], 0x7777);
    anycert__answer_free(&answer);
}

static void server_hello_of_tls13_ends_what_can_be_read(void **state)
{
    struct hello_made hello =
        hello_server_hello(0x0303, 0x1301, "002b 0002 0304  0033 0006 001d 0002 0102");
    struct hello_made all = hello_record(22, 0x0303, &hello),
                      encrypted = hello_hex("14030300010117030300020000");
    struct anycert__answer answer;

    (void)state;
    hello_made_add(&all, &encrypted);
    hello_read_made(&answer, &all);
    assert_int_equal(answer.end, ANYCERT__END_COMPLETE);
    assert_int_equal(answer.hello.version, 0x0304);
    assert_int_equal(answer.hello.legacy_version, 0x0303);
    assert_int_equal(answer.hello.group, 0x001D);
    anycert__answer_free(&answer);
}

static void server_hello_says_that_it_could_do_better(void **state)
{
    static const char *const marks[] = {"DOWNGRD\x01", "DOWNGRD", "DOWNGRD\x02", "downgrd\x01"};
    static const bool wanted[] = {true, true, false, false};
    struct anycert__answer answer;

    (void)state;
    for (size_t i = 0; i < 4; i++) {
        struct hello_made hello = hello_server_hello(0x0303, 0xC02F, NULL);
        memcpy(hello.bytes + 4 + 2 + 24, marks[i], 8);
        struct hello_made all = hello_record(22, 0x0303, &hello);
        hello_read_made(&answer, &all);
        assert_int_equal(answer.hello.downgrade_mark, wanted[i]);
        anycert__answer_free(&answer);
    }
}

/* ---- what comes in pieces */

static void records_of_one_byte_are_put_together(void **state)
{
    struct hello_made all = hello_whole_flight(0x0303, 0x002F, 11, "000005 000002 3000"),
                      spread = {.len = 0};
    struct anycert__answer answer;

    (void)state;
    for (size_t i = 5; i < all.len; i++) {
        struct hello_made one = {.bytes = {all.bytes[i]}, .len = 1};
        struct hello_made wrapped = hello_record(22, 0x0303, &one);
        hello_made_add(&spread, &wrapped);
    }
    hello_read_made(&answer, &spread);
    assert_int_equal(answer.end, ANYCERT__END_COMPLETE);
    assert_int_equal(answer.certificates.count, 1);
    assert_true(answer.has_done);
    anycert__answer_free(&answer);
}

static void warning_before_the_hello_is_kept(void **state)
{
    struct hello_made all = hello_hex("15 0303 0002 01 70"),
                      rest = hello_whole_flight(0x0303, 0x002F, 11, "000000");
    struct anycert__answer answer;

    (void)state;
    hello_made_add(&all, &rest);
    hello_read_made(&answer, &all);
    assert_int_equal(answer.end, ANYCERT__END_COMPLETE);
    assert_int_equal(answer.alert_count, 1);
    assert_int_equal(answer.alerts[0].level, 1);
    assert_string_equal(anycert__alert_name(answer.alerts[0].description), "unrecognized_name");
    assert_int_equal(answer.alert, -1);
    assert_true(answer.has_certificates);
    assert_int_equal(answer.certificates.count, 0);
    anycert__answer_free(&answer);
}

static void hello_request_is_passed_over(void **state)
{
    struct hello_made all = hello_hex("16 0303 0004 00 000000"),
                      rest = hello_whole_flight(0x0303, 0x002F, 11, "000000");
    struct anycert__answer answer;

    (void)state;
    hello_made_add(&all, &rest);
    hello_read_made(&answer, &all);
    assert_int_equal(answer.end, ANYCERT__END_COMPLETE);
    anycert__answer_free(&answer);
}

static void until_hello_stops_there(void **state)
{
    struct hello_made all = hello_whole_flight(0x0303, 0x002F, 11, "000000");
    struct anycert__answer answer;

    (void)state;
    anycert__answer_init(&answer, ANYCERT__UNTIL_HELLO);
    assert_int_equal(anycert__answer_feed(&answer, all.bytes, all.len, NULL), 0);
    assert_int_equal(answer.end, ANYCERT__END_COMPLETE);
    assert_true(answer.has_hello && !answer.has_certificates);
    /* What comes behind the end is not looked at. */
    assert_int_equal(anycert__answer_feed(&answer, "x", 1, NULL), 0);
    anycert__answer_close(&answer, ANYCERT__END_RESET);
    assert_int_equal(answer.end, ANYCERT__END_COMPLETE);
    anycert__answer_free(&answer);
}

/* ---- ServerKeyExchange */

#define P8  "0008 0080000000000001" /* a number of 56 bits: zeros in front do not count */
#define SIG "0002 aabb"

static void server_key_of_every_kind_is_read(void **state)
{
    static const struct {
        const char *name;
        uint16_t version, suite;
        const char *body;
        enum anycert__server_key_kind kind;
        uint32_t bits;
        uint16_t group, scheme;
        bool is_signed;
    } rows[] = {
        {"dhe, tls 1.2", 0x0303, 0x0033, P8 "0001 02 0001 05 0401" SIG, ANYCERT__KEY_DH, 56, 0,
         0x0401, true},
        {"dhe, tls 1.0", 0x0301, 0x0033, P8 "0001 02 0001 05" SIG, ANYCERT__KEY_DH, 56, 0, 0, true},
        {"dhe, ssl 3.0", 0x0300, 0x0016, P8 "0001 02 0001 05" SIG, ANYCERT__KEY_DH, 56, 0, 0, true},
        {"dhe, dsa", 0x0303, 0x0032, P8 "0001 02 0001 05 0202" SIG, ANYCERT__KEY_DH, 56, 0, 0x0202,
         true},
        {"dh anonymous", 0x0303, 0x0034, P8 "0001 02 0001 05", ANYCERT__KEY_DH, 56, 0, 0, false},
        {"dh of nothing", 0x0303, 0x0034, "0000 0000 0000", ANYCERT__KEY_DH, 0, 0, 0, false},
        {"dh export", 0x0301, 0x0014, P8 "0001 02 0001 05" SIG, ANYCERT__KEY_DH, 56, 0, 0, true},
        {"ecdhe", 0x0303, 0xC02F, "03 0017 02 0405 0804" SIG, ANYCERT__KEY_CURVE, 0, 0x17, 0x0804,
         true},
        {"ecdh anonymous", 0x0301, 0xC018, "03 0013 02 0405", ANYCERT__KEY_CURVE, 0, 0x13, 0,
         false},
        {"prime curve", 0x0301, 0xC018, "01 04 00ff0001 01aa 01bb 01cc 01dd 01ee 02 0405",
         ANYCERT__KEY_PRIME, 24, 0, 0, false},
        {"trinomial", 0x0301, 0xC018, "02 00a3 01 0107 01aa 01bb 01cc 01dd 01ee 02 0405",
         ANYCERT__KEY_CHAR2, 163, 0, 0, false},
        {"pentanomial", 0x0301, 0xC018,
         "02 00a3 02 0107 0106 0103 01aa 01bb 01cc 01dd 01ee 02 0405", ANYCERT__KEY_CHAR2, 163, 0,
         0, false},
        {"rsa export", 0x0301, 0x0003, P8 "0003 010001" SIG, ANYCERT__KEY_RSA_EXPORT, 56, 0, 0,
         true},
        {"psk", 0x0303, 0x008C, "0004 68696e74", ANYCERT__KEY_PSK_HINT, 0, 0, 0, false},
        {"dhe psk", 0x0303, 0x0090, "0000" P8 "0001 02 0001 05", ANYCERT__KEY_DH, 56, 0, 0, false},
        {"ecdhe psk", 0x0303, 0xC035, "0000 03 001d 02 0405", ANYCERT__KEY_CURVE, 0, 0x1D, 0,
         false},
        {"srp with rsa", 0x0303, 0xC01E, P8 "0001 02 02 aabb 0001 07 0401" SIG, ANYCERT__KEY_SRP,
         56, 0, 0x0401, true},
        {"suite without a name", 0x0303, 0x0A0A, "0102", ANYCERT__KEY_UNKNOWN, 0, 0, 0, false},
        {"kerberos", 0x0301, 0x001F, "0102", ANYCERT__KEY_UNKNOWN, 0, 0, 0, false},
    };
    struct anycert__answer answer;

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct hello_made all =
            hello_whole_flight(rows[i].version, rows[i].suite, 12, rows[i].body);
        hello_read_made(&answer, &all);
        if (answer.end != ANYCERT__END_COMPLETE || answer.key.kind != rows[i].kind ||
            answer.key.bits != rows[i].bits || answer.key.group != rows[i].group ||
            answer.key.scheme != rows[i].scheme || answer.key.is_signed != rows[i].is_signed)
            fail_msg("%s: end %d, kind %d, %u bits, group %x, scheme %x, signed %d", rows[i].name,
                     answer.end, answer.key.kind, answer.key.bits, answer.key.group,
                     answer.key.scheme, answer.key.is_signed);
        assert_int_equal(answer.key.signature_len, rows[i].is_signed ? 2 : 0);
        anycert__answer_free(&answer);
    }
}

/* ---- Certificate, CertificateRequest */

static void certificates_and_names_are_listed(void **state)
{
    struct hello_made all = hello_server_hello(0x0303, 0x002F, NULL);
    struct hello_made certs = hello_hex("00000b 000003 300100 000002 3000"),
                      request = hello_hex("02 0140 0004 0401 0403 0008 0002 3000 0002 3100"),
                      done = hello_hex("0e000000");
    struct anycert__answer answer;
    struct anycert__span der;
    size_t position = 0;

    (void)state;
    certs = hello_message(11, &certs);
    request = hello_message(13, &request);
    hello_made_add(&all, &certs);
    hello_made_add(&all, &request);
    hello_made_add(&all, &done);
    all = hello_record(22, 0x0303, &all);
    hello_read_made(&answer, &all);
    assert_int_equal(answer.end, ANYCERT__END_COMPLETE);
    assert_int_equal(answer.certificates.count, 2);
    assert_true(anycert__answer_next(&answer, &answer.certificates, &position, &der));
    assert_int_equal(der.len, 3);
    assert_memory_equal(anycert__answer_bytes(&answer, der), "\x30\x01\0", 3);
    assert_true(anycert__answer_next(&answer, &answer.certificates, &position, &der));
    assert_false(anycert__answer_next(&answer, &answer.certificates, &position, &der));
    assert_int_equal(answer.request.types.len, 2);
    assert_memory_equal(anycert__answer_bytes(&answer, answer.request.types), "\x01\x40", 2);
    assert_int_equal(answer.request.schemes.len, 4);
    assert_int_equal(answer.request.names.count, 2);
    anycert__answer_free(&answer);

    all = hello_whole_flight(0x0301, 0x002F, 13,
                             "01 01 0000"); /* no signature algorithms before TLS 1.2 */
    hello_read_made(&answer, &all);
    assert_true(answer.has_request);
    assert_int_equal(answer.request.schemes.len + answer.request.names.count, 0);
    anycert__answer_free(&answer);
}

/* ---- what breaks the rules */

static void rules_that_are_broken_are_named(void **state)
{
    static const struct {
        const char *text, *says;
    } rows[] = {
        {"16 0303 0000", "empty"},
        {"16 0303 4001", "longer"},
        {"17 0303 0001 00", "does not belong"},
        {"14 0303 0001 01", "does not belong"},
        {"16 0303 0004 01 000000", "ClientHello came back"},
        {"16 0303 0004 0b 000000", "before the ServerHello"},
        {"16 0303 0004 02 000000", "ServerHello is malformed"},
        {"16 0303 0006 00 000002 0000", "before the ServerHello"},
        {"15 0303 0002 03 28", "neither"},
        {"15 0303 0012 0170 0170 0170 0170 0170 0170 0170 0170 0170", "nothing but warnings"},
        {"15 0303 0002 01 70 48545450 2f", "no record"},
        {"16 0303 0004 63 000000", "before the ServerHello"},
    };
    struct anycert__answer answer;

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct hello_made made = hello_hex(rows[i].text);
        hello_read_made(&answer, &made);
        if (answer.end != ANYCERT__END_BROKEN || !strstr(answer.fault, rows[i].says))
            fail_msg("%s: %d, %s", rows[i].text, answer.end, answer.fault ? answer.fault : "-");
        anycert__answer_free(&answer);
    }
}

static void messages_that_are_malformed_leave_the_rest(void **state)
{
    static const struct {
        uint8_t type;
        uint16_t suite;
        const char *body, *says;
    } rows[] = {
        {11, 0x002F, "000005 000003 3000", "Certificate message"},
        {11, 0x002F, "000001 00 00", "Certificate message"},
        {11, 0x002F, "", "Certificate message"},
        {12, 0x0033, "0008 0080", "ServerKeyExchange"},
        {12, 0x0033, P8 "0001 02 0001 05 0401 0003 aabb", "ServerKeyExchange"},
        {12, 0x0034, P8 "0001 02 0001 05 00", "ServerKeyExchange"},
        {12, 0xC02F, "04 0017 02 0405 0804" SIG, "ServerKeyExchange"},
        {12, 0xC02F, "", "ServerKeyExchange"},
        {13, 0x002F, "01 01 0003 040104 0000", "CertificateRequest"},
        {13, 0x002F, "01 01 0002 0401 0003 0002 30", "CertificateRequest"},
        {14, 0x002F, "00", "ServerHelloDone"},
        {16, 0x002F, "", "does not send here"},
        {2, 0x002F, "", "twice"},
    };
    struct anycert__answer answer;

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct hello_made made =
            hello_whole_flight(0x0303, rows[i].suite, rows[i].type, rows[i].body);
        hello_read_made(&answer, &made);
        if (answer.end != ANYCERT__END_BROKEN || !strstr(answer.fault, rows[i].says))
            fail_msg("%s: %d, %s", rows[i].says, answer.end, answer.fault ? answer.fault : "-");
        assert_true(answer.has_hello);
        assert_int_equal(answer.hello.suite, rows[i].suite);
        anycert__answer_free(&answer);
    }
}

static void extensions_that_are_malformed_are_no_hello(void **state)
{
    static const char *const rows[] = {
        "002b 0001 03",
        "002b 0003 030400",
        "0033 0002 001d",
        "0033 0004 001d 0000",
        "0010 0002 0000",
        "0010 0004 0002 0161 00",
        "0010 0007 0005 0161 026162",
        "ff01 0000",
        "ff01 0002 0100",
        "0017 0001",
        "0017 00",
    };
    struct anycert__answer answer;

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct hello_made made = hello_server_hello(0x0303, 0x1301, rows[i]);
        made = hello_record(22, 0x0303, &made);
        hello_read_made(&answer, &made);
        if (answer.end != ANYCERT__END_BROKEN || answer.has_hello)
            fail_msg("%s: %d", rows[i], answer.end);
        anycert__answer_free(&answer);
    }
}

/* ---- alerts, limits */

static void alert_ends_it(void **state)
{
    struct hello_made fatal = hello_hex("15 0301 0002 02 28"),
                      close = hello_hex("15 0301 0002 01 00"),
                      split = hello_hex("15 0301 0001 02 15 0301 0001 46");
    struct anycert__answer answer;

    (void)state;
    hello_read_made(&answer, &fatal);
    assert_int_equal(answer.end, ANYCERT__END_ALERT);
    assert_int_equal(answer.alert, 40);
    assert_int_equal(answer.alerts[0].level, 2);
    anycert__answer_free(&answer);
    hello_read_made(&answer, &close);
    assert_int_equal(answer.end, ANYCERT__END_ALERT);
    assert_int_equal(answer.alert, 0);
    anycert__answer_free(&answer);
    hello_read_made(&answer, &split);
    assert_int_equal(answer.end, ANYCERT__END_ALERT);
    assert_int_equal(answer.alert, 70);
    anycert__answer_free(&answer);
}

static void length_that_is_promised_asks_for_no_memory(void **state)
{
    struct hello_made made = hello_hex("16 0303 0004 0b ffffff"),
                      part = hello_hex("16 0303 0006 02 0fffff 0303");
    struct anycert__answer answer;

    (void)state;
    hello_read_made(&answer, &made);
    assert_int_equal(answer.end, ANYCERT__END_TOO_LARGE);
    assert_true(answer.raw.capacity + answer.messages.capacity < 4096);
    anycert__answer_free(&answer);
    hello_read_made(&answer, &part);
    assert_int_equal(answer.end, ANYCERT__END_CLOSED);
    assert_true(answer.raw.capacity + answer.messages.capacity < 4096);
    anycert__answer_free(&answer);
}

static void answer_without_end_is_cut(void **state)
{
    struct hello_made hello = hello_hex("16 0303 4000 02 0fffff");
    static const uint8_t zeros[16384];
    struct anycert__answer answer;
    size_t fed = 0;

    (void)state;
    anycert__answer_init(&answer, ANYCERT__UNTIL_FLIGHT);
    /* One message of a million bytes, in records of 16384: its header is in the first. */
    while (anycert__answer_feed(&answer, hello.bytes, fed ? 5 : 9, NULL) > 0 &&
           anycert__answer_feed(&answer, zeros, fed ? 16384 : 16380, NULL) > 0)
        fed++;
    assert_in_range(fed, 50, 64);
    assert_int_equal(answer.end, ANYCERT__END_TOO_LARGE);
    assert_in_range(answer.raw.len, 1, ANYCERT__ANSWER_MAX);
    anycert__answer_free(&answer);
}

/* What was there before the limit stands, in whatever pieces it came. */
static void answer_that_is_too_large_keeps_its_hello(void **state)
{
    const size_t len = ANYCERT__ANSWER_MAX + 1;
    struct hello_made hello = hello_server_hello(0x0303, 0x002F, NULL), all;
    struct anycert__answer answer;
    uint8_t *bytes = calloc(1, len);
    size_t at;

    (void)state;
    assert_non_null(bytes);
    all = hello_record(22, 0x0303, &hello);
    memcpy(bytes, all.bytes, all.len);
    for (at = all.len; at + 5 < len; at += 5 + 16384)
        memcpy(bytes + at, at == all.len ? "\x16\3\3\x40\0\x0b\x0f\xff\xff" : "\x16\3\3\x40\0",
               at == all.len ? 9 : 5);
    hello_read(&answer, bytes, len);
    assert_int_equal(answer.end, ANYCERT__END_TOO_LARGE);
    assert_true(answer.has_hello);
    assert_int_equal(answer.raw.len, ANYCERT__ANSWER_MAX);
    anycert__answer_free(&answer);
    free(bytes);
}

static void want_of_memory_is_an_error(void **state)
{
    struct hello_made all = hello_whole_flight(0x0303, 0x002F, 11, "000000");
    struct anycert__answer answer;
    struct anycert_error err = {0};

    (void)state;
    for (unsigned long nth = 1; nth <= 2; nth++) {
        anycert__answer_init(&answer, ANYCERT__UNTIL_FLIGHT);
        anycert__mem_fail_from(nth);
        assert_int_equal(anycert__answer_feed(&answer, all.bytes, all.len, &err), -1);
        anycert__mem_fail_from(0);
        assert_int_equal(err.code, ANYCERT_E_NOMEM);
        anycert__answer_free(&answer);
    }
}

/* ---- against what was offered */

static void answer_breach_names_what_was_not_offered(void **state)
{
    static const struct {
        uint16_t version, suite;
        const char *extensions, *says;
        enum anycert__offer offer;
    } rows[] = {
        {0x0303, 0xC02F, NULL, NULL, ANYCERT__OFFER_TLS12},
        {0x0300, 0x0005, NULL, NULL, ANYCERT__OFFER_TLS12},
        {0x0303, 0x000A, NULL, "cipher suite", ANYCERT__OFFER_RC4},
        {0x0303, 0x0A0A, NULL, "cipher suite", ANYCERT__OFFER_TLS12},
        {0x0303, 0xC02F, NULL, "version", ANYCERT__OFFER_TLS10},
        {0x0302, 0xC02F, NULL, "version", ANYCERT__OFFER_MODERN},
        {0x0303, 0x1301, "002b 0002 0304", "version", ANYCERT__OFFER_TLS12},
        {0x0303, 0x1301, "002b 0002 0304 0033 0005 0017 0001 00", "no key share",
         ANYCERT__OFFER_MODERN},
        {0x0303, 0x1301, "002b 0002 0304 0033 0005 001d 0001 00", NULL, ANYCERT__OFFER_MODERN},
    };
    struct anycert__answer answer;
    struct anycert__hello hello;

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct hello_made made =
            hello_server_hello(rows[i].version, rows[i].suite, rows[i].extensions);
        const char *breach;
        made = hello_record(22, rows[i].version, &made);
        hello_read_made(&answer, &made);
        anycert__offer_fill(rows[i].offer, NULL, &hello);
        breach = anycert__answer_breach(&answer, &hello);
        assert_int_equal(breach == NULL, rows[i].says == NULL);
        if (breach && !strstr(breach, rows[i].says))
            fail_msg("'%s' does not say '%s'", breach, rows[i].says);
        anycert__answer_free(&answer);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(server_hello_without_extensions_is_read),
        cmocka_unit_test(server_hello_with_extensions_is_read),
        cmocka_unit_test(server_hello_of_tls13_ends_what_can_be_read),
        cmocka_unit_test(server_hello_says_that_it_could_do_better),
        cmocka_unit_test(records_of_one_byte_are_put_together),
        cmocka_unit_test(warning_before_the_hello_is_kept),
        cmocka_unit_test(hello_request_is_passed_over),
        cmocka_unit_test(until_hello_stops_there),
        cmocka_unit_test(server_key_of_every_kind_is_read),
        cmocka_unit_test(certificates_and_names_are_listed),
        cmocka_unit_test(rules_that_are_broken_are_named),
        cmocka_unit_test(messages_that_are_malformed_leave_the_rest),
        cmocka_unit_test(extensions_that_are_malformed_are_no_hello),
        cmocka_unit_test(alert_ends_it),
        cmocka_unit_test(length_that_is_promised_asks_for_no_memory),
        cmocka_unit_test(answer_without_end_is_cut),
        cmocka_unit_test(answer_that_is_too_large_keeps_its_hello),
        cmocka_unit_test(want_of_memory_is_an_error),
        cmocka_unit_test(answer_breach_names_what_was_not_offered),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
