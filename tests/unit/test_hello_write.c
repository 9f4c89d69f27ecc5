#include "hello/offer.h"
#include "hello/wire.h"
#include "hello/write.h"

#include "support/hello.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* ---- a reader of hellos, for what was written */

struct seen {
    uint16_t record_version, version;
    size_t message_len, session_id_len;
    struct anycert__wire suites;
    bool has_extensions;
    struct anycert__wire extensions;
};

static struct seen look(const uint8_t *bytes, size_t len)
{
    struct anycert__wire record = anycert__wire(bytes, len), message, body;
    struct seen seen = {0};

    assert_int_equal(anycert__wire_u8(&record), 22);
    seen.record_version = anycert__wire_u16(&record);
    message = anycert__wire_vector(&record, 2);
    assert_true(anycert__wire_ended(&record));
    seen.message_len = message.left;
    assert_int_equal(anycert__wire_u8(&message), 1);
    body = anycert__wire_vector(&message, 3);
    assert_true(anycert__wire_ended(&message));
    seen.version = anycert__wire_u16(&body);
    (void)anycert__wire_take(&body, 32);
    seen.session_id_len = anycert__wire_vector(&body, 1).left;
    seen.suites = anycert__wire_vector(&body, 2);
    assert_int_equal(anycert__wire_u16(&body), 0x0100);
    seen.has_extensions = body.left > 0;
    if (seen.has_extensions)
        seen.extensions = anycert__wire_vector(&body, 2);
    assert_true(anycert__wire_ended(&body));
    return seen;
}

/* The extension's data; failed if it is not there. No type is there twice. */
static struct anycert__wire extension(const struct seen *seen, uint16_t wanted)
{
    struct anycert__wire all = seen->extensions, found = {.failed = true};

    while (all.left > 0) {
        uint16_t type = anycert__wire_u16(&all);
        struct anycert__wire data = anycert__wire_vector(&all, 2);
        assert_false(data.failed);
        if (type == wanted) {
            assert_true(found.failed);
            found = data;
        }
    }
    return found;
}

static bool offers_suite(const struct seen *seen, uint16_t wanted)
{
    struct anycert__wire suites = seen->suites;

    while (suites.left > 0) {
        if (anycert__wire_u16(&suites) == wanted)
            return true;
    }
    return false;
}

/* ---- the writer */

static void hello_write_of_ssl3_is_byte_for_byte_that(void **state)
{
    static const uint8_t wanted[] = {
        22, 3,  0,  0,  49, 1,  0,  0,  45, 3,  0,  0,  1,  2,  3,  4,    5,  6,
        7,  8,  9,  10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22,   23, 24,
        25, 26, 27, 28, 29, 30, 31, 0,  0,  6,  0,  10, 0,  5,  0,  0xff, 1,  0,
    };
    struct anycert__hello hello = {.suites = {0x000A, 0x0005}, .suite_count = 2};
    size_t len;
    uint8_t *bytes;

    (void)state;
    hello.renegotiation_scsv = true;
    bytes = hello_bytes(&hello, &len);
    assert_int_equal(len, sizeof wanted);
    assert_memory_equal(bytes, wanted, len);
    free(bytes);
}

static void hello_write_says_everything_that_is_asked_for(void **state)
{
    struct anycert__hello hello;
    struct anycert__wire data;
    struct seen seen;
    size_t len;
    uint8_t *bytes;

    (void)state;
    anycert__offer_fill(ANYCERT__OFFER_MODERN, "a.test", &hello);
    memcpy(hello.alpn, "h2,http/1.1", sizeof "h2,http/1.1");
    hello.fallback_scsv = hello.status_request = hello.srp = hello.session_ticket = true;
    hello.encrypt_then_mac = true;
    bytes = hello_bytes(&hello, &len);
    seen = look(bytes, len);
    assert_int_equal(seen.record_version, 0x0301);
    assert_int_equal(seen.version, 0x0303);
    assert_int_equal(seen.session_id_len, 32);
    assert_true(offers_suite(&seen, 0x1301) && offers_suite(&seen, ANYCERT__SCSV_FALLBACK));
    data = extension(&seen, 0);
    assert_int_equal(data.left, 11);
    assert_memory_equal(data.at,
                        "\0\x09\0\0\x06"
                        "a.test",
                        11);
    data = extension(&seen, 16);
    assert_int_equal(data.left, 14);
    assert_memory_equal(data.at, "\0\x0c\x02h2\x08http/1.1", 14);
    data = extension(&seen, 43);
    assert_memory_equal(data.at, "\x04\x03\x04\x03\x03", 5);
    data = extension(&seen, 51);
    assert_int_equal(data.left, 38);
    assert_memory_equal(data.at, "\0\x24\0\x1d\0\x20\0\1\2", 9);
    assert_int_equal(extension(&seen, 0xFF01).left, 1);
    assert_false(extension(&seen, 5).failed || extension(&seen, 12).failed ||
                 extension(&seen, 22).failed || extension(&seen, 23).failed ||
                 extension(&seen, 35).failed);
    assert_true(extension(&seen, 21).failed);
    free(bytes);
}

static void hello_write_pads_to_the_size(void **state)
{
    static const size_t sizes[] = {100, 256, 300, 511, 512, 513, 600, 2000, 16384};
    struct anycert__hello hello;
    size_t len, plain;

    (void)state;
    anycert__offer_fill(ANYCERT__OFFER_SMALL, "a.test", &hello);
    free(hello_bytes(&hello, &plain));
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        hello.pad_to = sizes[i];
        uint8_t *bytes = hello_bytes(&hello, &len);
        struct seen seen = look(bytes, len);
        assert_int_equal(seen.message_len, sizes[i] > plain - 5 ? sizes[i] : plain - 5);
        free(bytes);
    }
    /* Less than an extension is missing: it becomes a little more. */
    for (size_t missing = 1; missing < 8; missing++) {
        hello.pad_to = plain - 5 + missing;
        uint8_t *bytes = hello_bytes(&hello, &len);
        assert_int_equal(look(bytes, len).message_len, plain - 5 + (missing < 5 ? 5 : missing));
        free(bytes);
    }
}

static void hello_write_without_extensions_has_none(void **state)
{
    struct anycert__hello hello;
    size_t len;
    uint8_t *bytes;

    (void)state;
    anycert__offer_fill(ANYCERT__OFFER_TLS12, "a.test", &hello);
    hello.no_extensions = true;
    hello.pad_to = 512;
    bytes = hello_bytes(&hello, &len);
    assert_false(look(bytes, len).has_extensions);
    free(bytes);
}

static int no_random(void *arg, void *out, size_t len)
{
    (void)arg;
    (void)out;
    (void)len;
    return -1;
}

static void refuse(const struct anycert__hello *hello, const struct anycert__random *random,
                   const char *word)
{
    struct anycert_error err = {0};
    struct anycert__buf buf;

    anycert__buf_init(&buf, ANYCERT__HELLO_MAX);
    assert_int_equal(anycert__hello_write(hello, random, &buf, &err), -1);
    assert_int_equal(err.code, ANYCERT_E_INTERNAL);
    if (!strstr(err.message, word))
        fail_msg("'%s' does not say '%s'", err.message, word);
    anycert__buf_free(&buf);
}

static void hello_write_refuses_what_cannot_be_said(void **state)
{
    static const struct anycert__random none = {.fill = no_random};
    struct anycert__hello hello = {.suite_count = 0};

    (void)state;
    refuse(&hello, &hello_counting, "suites");
    hello.suite_count = ANYCERT__HELLO_SUITES_MAX + 1;
    refuse(&hello, &hello_counting, "suites");
    hello.suite_count = 1;
    refuse(&hello, &none, "random");
    hello.group_count = ANYCERT__HELLO_GROUPS_MAX + 1;
    refuse(&hello, &hello_counting, "groups");
    hello.group_count = 0;
    hello.session_id_len = 33;
    refuse(&hello, &hello_counting, "session id");
    hello.session_id_len = 0;
    memset(hello.sni, 'a', sizeof hello.sni);
    refuse(&hello, &hello_counting, "server name");
    hello.sni[0] = '\0';
    hello.pad_to = 17000;
    refuse(&hello, &hello_counting, "one record");
    hello.pad_to = 0;
    hello.versions[0] = ANYCERT__TLS13;
    hello.version_count = hello.share_count = 1;
    hello.shares[0] = 0x0016; /* secp256k1 */
    refuse(&hello, &hello_counting, "0x0016");
}

/* ---- key shares that a server takes */

static void hello_share_is_taken_by_openssl(void **state)
{
    static const char *const names[] = {"x25519",    "P-256",     "P-384",     "P-521",
                                        "x448",      "ffdhe2048", "ffdhe3072", "ffdhe4096",
                                        "ffdhe6144", "ffdhe8192"};
    static const uint16_t groups[] = {0x1D,  0x17,  0x18,  0x19,  0x1E,
                                      0x100, 0x101, 0x102, 0x103, 0x104};
    SSL_CTX *ctx = hello_server(TLS1_3_VERSION);
    struct anycert__answer answer;
    struct anycert__hello hello;
    size_t len, answer_len;
    bool completed;

    (void)state;
    for (size_t i = 0; i < sizeof groups / sizeof groups[0]; i++) {
        assert_int_equal(SSL_CTX_set1_groups_list(ctx, names[i]), 1);
        anycert__offer_fill(ANYCERT__OFFER_TLS13, "a.test", &hello);
        hello.shares[hello.share_count++] = groups[i];
        uint8_t *bytes = hello_bytes(&hello, &len);
        uint8_t *said = hello_ask_openssl(ctx, bytes, len, &answer_len, &completed);
        hello_read(&answer, said, answer_len);
        if (answer.end != ANYCERT__END_COMPLETE)
            fail_msg("%s: end %d, alert %d", names[i], answer.end, answer.alert);
        assert_int_equal(answer.hello.version, ANYCERT__TLS13);
        assert_false(answer.hello.retry);
        assert_int_equal(answer.hello.group, groups[i]);
        assert_null(anycert__answer_breach(&answer, &hello));
        assert_false(completed);
        anycert__answer_free(&answer);
        free(said);
        free(bytes);
    }
    SSL_CTX_free(ctx);
}

/* FIPS 203, section 7.2: a key whose coefficients are not reduced is refused. */
static void hello_share_of_mlkem_is_in_range(void **state)
{
    static const struct {
        uint16_t group;
        size_t at, len;
    } keys[] = {
        {0x0200, 0, 768},   {0x0201, 0, 1152}, {0x0202, 0, 1536},
        {0x11EB, 65, 1152}, {0x11EC, 0, 1152}, {0x11ED, 97, 1536},
    };
    struct anycert__hello hello;
    struct seen seen;
    size_t len;

    (void)state;
    for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++) {
        anycert__offer_fill(ANYCERT__OFFER_TLS13, NULL, &hello);
        hello.shares[hello.share_count++] = keys[i].group;
        uint8_t *bytes = hello_bytes(&hello, &len);
        seen = look(bytes, len);
        struct anycert__wire data = extension(&seen, 51);
        struct anycert__wire list = anycert__wire_vector(&data, 2);
        assert_int_equal(anycert__wire_u16(&list), keys[i].group);
        struct anycert__wire share = anycert__wire_vector(&list, 2);
        assert_true(anycert__wire_ended(&list));
        assert_int_equal(share.left, anycert__named_group_find(keys[i].group)->share);
        for (size_t at = keys[i].at; at < keys[i].at + keys[i].len; at += 3) {
            unsigned first = share.at[at] | (share.at[at + 1] & 0xfU) << 8;
            unsigned second = share.at[at + 1] >> 4 | (unsigned)share.at[at + 2] << 4;
            assert_true(first < 3329 && second < 3329);
        }
        free(bytes);
    }
}

/* ---- the offers */

static void offers_are_well_formed_and_have_a_name(void **state)
{
    struct anycert__hello hello;
    size_t len;

    (void)state;
    for (int i = 0; i < ANYCERT__OFFER_COUNT; i++) {
        enum anycert__offer offer = (enum anycert__offer)i;
        anycert__offer_fill(offer, "a.test", &hello);
        uint8_t *bytes = hello_bytes(&hello, &len);
        struct seen seen = look(bytes, len);
        assert_int_equal(!extension(&seen, 0).failed, !hello.no_extensions);
        assert_true(hello.suite_count < ANYCERT__HELLO_SUITES_MAX);
        assert_true(strlen(anycert__offer_id(offer)) > 0 && strlen(anycert__offer_text(offer)) > 0);
        assert_string_equal(hello.sni, "a.test");
        free(bytes);
        anycert__offer_fill(offer, NULL, &hello);
        assert_string_equal(hello.sni, "");
    }
}

static size_t message_len(enum anycert__offer offer, const char *name)
{
    struct anycert__hello hello;
    struct seen seen;
    uint8_t *bytes;
    size_t len;

    anycert__offer_fill(offer, name, &hello);
    bytes = hello_bytes(&hello, &len);
    seen = look(bytes, len);
    free(bytes);
    return seen.message_len;
}

static void offers_of_sizes_have_them(void **state)
{
    static const char long_name[] =
        "a-host-with-quite-a-long-name.in-a-domain.of-an-enterprise.test";

    (void)state;
    assert_in_range(message_len(ANYCERT__OFFER_SMALL, long_name), 1, 255);
    assert_in_range(message_len(ANYCERT__OFFER_MIDDLE, long_name), 256, 511);
    assert_in_range(message_len(ANYCERT__OFFER_BIG, long_name), 512, 1400);
    assert_in_range(message_len(ANYCERT__OFFER_MODERN, long_name), 256, 511);
    assert_in_range(message_len(ANYCERT__OFFER_POST_QUANTUM, long_name), 1461, 2000);
}

/* Each suite of an offer of one kind is of that kind, and there is one that is meant. */
static void offers_of_one_kind_have_no_other(void **state)
{
    static const struct {
        enum anycert__offer offer;
        const char *trait; /* NULL: see below */
        uint16_t holds;
    } kinds[] = {
        {ANYCERT__OFFER_3DES, "3des", 0x000A},     {ANYCERT__OFFER_RC4, "rc4", 0xC011},
        {ANYCERT__OFFER_DES, "des", 0x0009},       {ANYCERT__OFFER_DSA, NULL, 0x0032},
        {ANYCERT__OFFER_NULL, "null", 0x0002},     {ANYCERT__OFFER_ANONYMOUS, NULL, 0x0034},
        {ANYCERT__OFFER_EXPORT, NULL, 0x0003},     {ANYCERT__OFFER_SECRET, "psk", 0x008C},
        {ANYCERT__OFFER_KRB5, "kerberos", 0x001F}, {ANYCERT__OFFER_STATIC_RSA, NULL, 0x002F},
    };
    struct anycert__hello hello;
    struct anycert__suite suite;

    (void)state;
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        bool held = false;
        anycert__offer_fill(kinds[i].offer, NULL, &hello);
        for (size_t j = 0; j < hello.suite_count; j++) {
            assert_true(anycert__suite_find(hello.suites[j], &suite));
            held = held || suite.id == kinds[i].holds;
            assert_false(suite.tls13);
            if (kinds[i].trait)
                assert_string_equal(anycert__trait_id(anycert__suite_trait(&suite)),
                                    kinds[i].trait);
            assert_int_equal(kinds[i].offer == ANYCERT__OFFER_EXPORT || !suite.export_grade, 1);
        }
        assert_true(held);
    }
}

static void offer_of_old_suites_protects_and_has_none_of_openssl(void **state)
{
    struct anycert__hello hello;
    struct anycert__suite suite;

    (void)state;
    anycert__offer_fill(ANYCERT__OFFER_OLD, NULL, &hello);
    for (size_t i = 0; i < hello.suite_count; i++) {
        assert_true(anycert__suite_find(hello.suites[i], &suite));
        assert_true(anycert__suite_protects(&suite));
        assert_int_not_equal(
            suite.cipher == ANYCERT__SUITE_AES && suite.exchange == ANYCERT__EXCHANGE_ECDHE, 1);
    }
    assert_int_equal(hello.suites[0], 0x000A); /* the best of them is 3DES */
}

static void hello_drop_suites_leaves_the_others_in_order(void **state)
{
    static const uint16_t drop[] = {2, 4, 9};
    struct anycert__hello hello = {.suites = {1, 2, 3, 4, 5}, .suite_count = 5};

    (void)state;
    anycert__hello_drop_suites(&hello, drop, 3);
    assert_int_equal(hello.suite_count, 3);
    assert_int_equal(hello.suites[0] * 100 + hello.suites[1] * 10 + hello.suites[2], 135);
    anycert__hello_add(hello.suites, &hello.suite_count, 4, 3);
    anycert__hello_add(hello.suites, &hello.suite_count, 4, 7);
    anycert__hello_add(hello.suites, &hello.suite_count, 4, 8);
    assert_int_equal(hello.suite_count, 4);
    assert_int_equal(hello.suites[3], 7);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(hello_write_of_ssl3_is_byte_for_byte_that),
        cmocka_unit_test(hello_write_says_everything_that_is_asked_for),
        cmocka_unit_test(hello_write_pads_to_the_size),
        cmocka_unit_test(hello_write_without_extensions_has_none),
        cmocka_unit_test(hello_write_refuses_what_cannot_be_said),
        cmocka_unit_test(hello_share_is_taken_by_openssl),
        cmocka_unit_test(hello_share_of_mlkem_is_in_range),
        cmocka_unit_test(offers_are_well_formed_and_have_a_name),
        cmocka_unit_test(offers_of_sizes_have_them),
        cmocka_unit_test(offers_of_one_kind_have_no_other),
        cmocka_unit_test(offer_of_old_suites_protects_and_has_none_of_openssl),
        cmocka_unit_test(hello_drop_suites_leaves_the_others_in_order),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
