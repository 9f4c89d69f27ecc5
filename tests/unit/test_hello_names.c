#include "hello/names.h"
#include "hello/suite.h"

#include <openssl/ssl.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

static void suite_table_is_in_order_and_every_name_is_understood(void **state)
{
    struct anycert__suite suite, found;
    uint32_t last = 0;

    (void)state;
    for (size_t i = 0; anycert__suite_at(i, &suite); i++) {
        assert_true(i == 0 || suite.id > last);
        last = suite.id;
        if (suite.exchange == ANYCERT__EXCHANGE_UNKNOWN || suite.auth == ANYCERT__AUTH_UNKNOWN ||
            suite.cipher == ANYCERT__SUITE_UNKNOWN || suite.mac == ANYCERT__MAC_UNKNOWN)
            fail_msg("%s is not understood", suite.name);
        assert_true(anycert__suite_find(suite.id, &found));
        assert_ptr_equal(found.name, suite.name);
        assert_int_equal(suite.bits == 0, suite.cipher == ANYCERT__SUITE_NULL);
        /* What is named for export is, and nothing else has so short a key. */
        assert_int_equal(suite.export_grade, strstr(suite.name, "EXPORT") != NULL);
    }
    assert_false(anycert__suite_at(anycert__suite_count(), &suite));
    assert_false(anycert__suite_find(ANYCERT__SCSV_RENEGOTIATION, &suite));
    assert_false(anycert__suite_find(ANYCERT__SCSV_FALLBACK, &suite));
    assert_null(anycert__suite_name(0x0A0A));
    assert_null(anycert__suite_name(0xFFFF));
}

static const struct {
    uint16_t id;
    const char *name, *trait;
    bool protects;
} rows[] = {
    {0x0000, "TLS_NULL_WITH_NULL_NULL", "null", false},
    {0x0001, "TLS_RSA_WITH_NULL_MD5", "null", false},
    {0x0003, "TLS_RSA_EXPORT_WITH_RC4_40_MD5", "export", false},
    {0x0005, "TLS_RSA_WITH_RC4_128_SHA", "rc4", true},
    {0x0007, "TLS_RSA_WITH_IDEA_CBC_SHA", "idea", true},
    {0x0009, "TLS_RSA_WITH_DES_CBC_SHA", "des", true},
    {0x000A, "TLS_RSA_WITH_3DES_EDE_CBC_SHA", "3des", true},
    {0x0010, "TLS_DH_RSA_WITH_3DES_EDE_CBC_SHA", "3des", true},
    {0x0018, "TLS_DH_anon_WITH_RC4_128_MD5", "anonymous", false},
    {0x0019, "TLS_DH_anon_EXPORT_WITH_DES40_CBC_SHA", "anonymous", false},
    {0x001D, "TLS_FORTEZZA_DMS_WITH_FORTEZZA_CBC_SHA", "fortezza", true},
    {0x001F, "TLS_KRB5_WITH_3DES_EDE_CBC_SHA", "kerberos", true},
    {0x0029, "TLS_KRB5_EXPORT_WITH_DES_CBC_40_MD5", "export", false},
    {0x002F, "TLS_RSA_WITH_AES_128_CBC_SHA", "static-rsa", true},
    {0x0031, "TLS_DH_RSA_WITH_AES_128_CBC_SHA", "static-dh", true},
    {0x0032, "TLS_DHE_DSS_WITH_AES_128_CBC_SHA", "dsa", true},
    {0x0033, "TLS_DHE_RSA_WITH_AES_128_CBC_SHA", "cbc-sha1", true},
    {0x0045, "TLS_DHE_RSA_WITH_CAMELLIA_128_CBC_SHA", "camellia", true},
    {0x0061, "TLS_RSA_EXPORT1024_WITH_RC2_CBC_56_MD5", "export", false},
    {0x0067, "TLS_DHE_RSA_WITH_AES_128_CBC_SHA256", "", true},
    {0x0081, "TLS_GOSTR341001_WITH_28147_CNT_IMIT", "gost", true},
    {0x008C, "TLS_PSK_WITH_AES_128_CBC_SHA", "psk", false},
    {0x0096, "TLS_RSA_WITH_SEED_CBC_SHA", "seed", true},
    {0x009E, "TLS_DHE_RSA_WITH_AES_128_GCM_SHA256", "", true},
    {0x00C6, "TLS_SM4_GCM_SM3", "sm4", true},
    {0x1301, "TLS_AES_128_GCM_SHA256", "", true},
    {0x1305, "TLS_AES_128_CCM_8_SHA256", "ccm8", true},
    {0xC004, "TLS_ECDH_ECDSA_WITH_AES_128_CBC_SHA", "static-dh", true},
    {0xC010, "TLS_ECDHE_RSA_WITH_NULL_SHA", "null", false},
    {0xC016, "TLS_ECDH_anon_WITH_RC4_128_SHA", "anonymous", false},
    {0xC01E, "TLS_SRP_SHA_RSA_WITH_AES_128_CBC_SHA", "psk", false},
    {0xC02F, "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256", "", true},
    {0xC060, "TLS_ECDHE_RSA_WITH_ARIA_128_GCM_SHA256", "aria", true},
    {0xC0AE, "TLS_ECDHE_ECDSA_WITH_AES_128_CCM_8", "ccm8", true},
    {0xC0B4, "TLS_SHA256_SHA256", "null", false},
    {0xCC13, "TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_OLD", "chacha20-draft", true},
    {0xCCA8, "TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256", "", true},
    {0xFEFF, "TLS_RSA_FIPS_WITH_3DES_EDE_CBC_SHA", "3des", true},
};

static void suite_trait_is_the_gravest(void **state)
{
    struct anycert__suite suite;

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        assert_true(anycert__suite_find(rows[i].id, &suite));
        assert_string_equal(suite.name, rows[i].name);
        assert_string_equal(anycert__suite_name(rows[i].id), rows[i].name);
        assert_string_equal(anycert__trait_id(anycert__suite_trait(&suite)), rows[i].trait);
        assert_int_equal(anycert__suite_protects(&suite), rows[i].protects);
        assert_int_equal(anycert__trait_text(anycert__suite_trait(&suite))[0] == '\0',
                         rows[i].trait[0] == '\0');
    }
}

/* ---- OpenSSL's own table, beside */

static enum anycert__suite_auth auth_of(const SSL_CIPHER *cipher)
{
    switch (SSL_CIPHER_get_auth_nid(cipher)) {
    case NID_auth_rsa:
        return ANYCERT__AUTH_RSA;
    case NID_auth_dss:
        return ANYCERT__AUTH_DSS;
    case NID_auth_ecdsa:
        return ANYCERT__AUTH_ECDSA;
    case NID_auth_null:
        return ANYCERT__AUTH_NONE;
    case NID_auth_psk:
    case NID_auth_srp:
        return ANYCERT__AUTH_SECRET;
    default:
        return ANYCERT__AUTH_TLS13;
    }
}

static enum anycert__suite_exchange exchange_of(const SSL_CIPHER *cipher)
{
    switch (SSL_CIPHER_get_kx_nid(cipher)) {
    case NID_kx_rsa:
        return ANYCERT__EXCHANGE_RSA;
    case NID_kx_dhe:
        return ANYCERT__EXCHANGE_DHE;
    case NID_kx_ecdhe:
        return ANYCERT__EXCHANGE_ECDHE;
    case NID_kx_psk:
        return ANYCERT__EXCHANGE_PSK;
    case NID_kx_rsa_psk:
        return ANYCERT__EXCHANGE_RSA_PSK;
    case NID_kx_dhe_psk:
        return ANYCERT__EXCHANGE_DHE_PSK;
    case NID_kx_ecdhe_psk:
        return ANYCERT__EXCHANGE_ECDHE_PSK;
    case NID_kx_srp:
        return ANYCERT__EXCHANGE_SRP;
    default:
        return ANYCERT__EXCHANGE_TLS13;
    }
}

static void suite_facts_agree_with_openssl(void **state)
{
    SSL_CTX *ctx = SSL_CTX_new(TLS_client_method());
    STACK_OF(SSL_CIPHER) * ciphers;
    struct anycert__suite suite;

    (void)state;
    assert_non_null(ctx);
    assert_int_equal(SSL_CTX_set_cipher_list(ctx, "ALL:eNULL:@SECLEVEL=0"), 1);
    ciphers = SSL_CTX_get_ciphers(ctx);
    assert_true(sk_SSL_CIPHER_num(ciphers) > 50);
    for (int i = 0; i < sk_SSL_CIPHER_num(ciphers); i++) {
        const SSL_CIPHER *cipher = sk_SSL_CIPHER_value(ciphers, i);
        assert_true(anycert__suite_find(SSL_CIPHER_get_protocol_id(cipher), &suite));
        assert_string_equal(suite.name, SSL_CIPHER_standard_name(cipher));
        assert_int_equal(suite.auth, auth_of(cipher));
        assert_int_equal(suite.exchange, exchange_of(cipher));
        assert_int_equal(suite.aead, SSL_CIPHER_is_aead(cipher));
        assert_int_equal(suite.mac == ANYCERT__MAC_SHA1,
                         SSL_CIPHER_get_digest_nid(cipher) == NID_sha1);
        assert_int_equal(suite.tls13, SSL_CIPHER_get_kx_nid(cipher) == NID_kx_any);
    }
    SSL_CTX_free(ctx);
}

static void names_of_numbers_are_the_registries(void **state)
{
    (void)state;
    assert_string_equal(anycert__named_group_name(0x0017), "secp256r1");
    assert_string_equal(anycert__named_group_name(0x11EC), "X25519MLKEM768");
    assert_null(anycert__named_group_name(0x7777));
    assert_string_equal(anycert__scheme_name(0x0804), "rsa_pss_rsae_sha256");
    assert_string_equal(anycert__scheme_name(0x0202), "dsa_sha1");
    assert_null(anycert__scheme_name(0));
    assert_string_equal(anycert__message_name(2), "server_hello");
    assert_null(anycert__message_name(99));
    assert_string_equal(anycert__cert_type_name(64), "ecdsa_sign");
    assert_null(anycert__cert_type_name(0));
}

static void named_groups_are_in_order(void **state)
{
    uint32_t last = 0;

    (void)state;
    for (size_t i = 0; i < anycert__named_group_count(); i++) {
        const struct anycert__named_group *group = anycert__named_group_at(i);
        assert_true(group->id > last);
        last = group->id;
        assert_ptr_equal(anycert__named_group_find(group->id), group);
    }
    assert_null(anycert__named_group_at(anycert__named_group_count()));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(suite_table_is_in_order_and_every_name_is_understood),
        cmocka_unit_test(suite_trait_is_the_gravest),
        cmocka_unit_test(suite_facts_agree_with_openssl),
        cmocka_unit_test(names_of_numbers_are_the_registries),
        cmocka_unit_test(named_groups_are_in_order),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
