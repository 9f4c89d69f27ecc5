#include "tls/ossl.h"
#include "tls/issuer.h"
#include "base/mem.h"

#include "support/certs.h"

#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/rsa.h>
#include <openssl/x509v3.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* The plain data of a certificate, which is freed. */
static struct anycert__certificate filled(X509 *cert)
{
    struct anycert__certificate out;
    struct anycert_error err = {0};
    if (anycert__certificate_fill(&out, cert, &err) != 0)
        fail_msg("%s", err.message);
    assert_int_equal(0, ERR_peek_error());
    X509_free(cert);
    return out;
}

static struct anycert__certificate filled_from(const struct certs_recipe *recipe)
{
    return filled(certs_make(recipe));
}

/* Decodes a certificate again after one of its bytes sequences was replaced, the first or the last.
 */
static X509 *patched_or_null(X509 *cert, const void *old, const void *new, size_t len)
{
    unsigned char *der = NULL;
    int der_len = i2d_X509(cert, &der);
    const unsigned char *p = der;
    bool found = false;
    for (size_t i = 0; i + len <= (size_t)der_len; i++) {
        if (memcmp(der + i, old, len) == 0) {
            memcpy(der + i, new, len);
            found = true;
        }
    }
    assert_true(found);
    X509_free(cert);
    cert = d2i_X509(NULL, &p, der_len);
    OPENSSL_free(der);
    return cert;
}

static X509 *patched(X509 *cert, const void *old, const void *new, size_t len)
{
    cert = patched_or_null(cert, old, new, len);
    assert_non_null(cert);
    return cert;
}

static void certificate_fill_tells_names_dates_and_serial(void **state)
{
    (void)state;
    X509 *root = certs_root("Root \xc3\x84");
    struct anycert__certificate leaf = filled_from(&(struct certs_recipe){.cn = "a,b \"c\"",
                                                                          .o = "O\nX",
                                                                          .issuer = root,
                                                                          .issuer_key = certs_key(),
                                                                          .key = certs_other_key(),
                                                                          .serial = 0x1F00ABu});
    assert_string_equal("CN=a\\,b \\\"c\\\",O=O\\0AX", leaf.subject);
    assert_string_equal("CN=Root \xc3\x84", leaf.issuer);
    assert_string_equal("1F00AB", leaf.serial);
    assert_true(leaf.dates_readable);
    assert_int_equal(CERTS_NOW - CERTS_DAY, leaf.not_before);
    assert_int_equal(CERTS_NOW + 100 * CERTS_DAY, leaf.not_after);
    assert_false(leaf.self_issued);
    assert_false(leaf.is_ca);
    anycert__certificate_clear(&leaf);
    struct anycert__certificate top = filled(root);
    assert_string_equal("", top.flaw);
    assert_false(top.names_broken || top.signature_unknown);
    assert_true(top.self_issued);
    assert_true(top.is_ca);
    anycert__certificate_clear(&top);
}

static void certificate_fill_dates_of_all_centuries(void **state)
{
    (void)state;
    static const int64_t times[] = {-631152000 /* 1950 */, 1,          951782400 /* 2000-02-29 */,
                                    2524607999 /* 2049 */, 2524608000, 253402300799 /* 9999 */};
    for (size_t i = 0; i + 1 < sizeof times / sizeof times[0]; i++) {
        struct anycert__certificate cert = filled_from(
            &(struct certs_recipe){.cn = "x", .not_before = times[i], .not_after = times[i + 1]});
        assert_true(cert.dates_readable);
        assert_true(cert.not_before == times[i]);
        assert_true(cert.not_after == times[i + 1]);
        anycert__certificate_clear(&cert);
    }
}

static void certificate_fill_malformed_date_is_unreadable(void **state)
{
    (void)state;
    /* A month too many, and a form that RFC 5280 does not allow: GeneralizedTime without seconds.
     */
    static const char *const dates[] = {"\x17\x0d"
                                        "261314120000Z",
                                        "\x18\x0d"
                                        "202606141200Z"};
    for (size_t i = 0; i < 2; i++) {
        X509 *cert = patched_or_null(certs_root("x"),
                                     "\x17\x0d"
                                     "260614120000Z",
                                     dates[i], 15);
        /* OpenSSL 3.5 does not decode such a certificate at all. */
        if (cert == NULL && OpenSSL_version_num() >= 0x30500000UL) {
            ERR_clear_error();
            continue;
        }
        assert_non_null(cert);
        struct anycert__certificate out = filled(cert);
        assert_false(out.dates_readable);
        assert_int_equal(0, out.not_before);
        assert_int_equal(0, out.not_after);
        anycert__certificate_clear(&out);
    }
}

static EVP_PKEY *new_dsa(void)
{
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(NULL, "DSA", NULL);
    EVP_PKEY *parameters = NULL, *key = NULL;
    unsigned bits = 1024, q = 160;
    OSSL_PARAM params[] = {OSSL_PARAM_uint("pbits", &bits), OSSL_PARAM_uint("qbits", &q),
                           OSSL_PARAM_END};
    assert_int_equal(1, EVP_PKEY_paramgen_init(ctx));
    assert_int_equal(1, EVP_PKEY_CTX_set_params(ctx, params));
    assert_int_equal(1, EVP_PKEY_generate(ctx, &parameters));
    EVP_PKEY_CTX_free(ctx);
    ctx = EVP_PKEY_CTX_new_from_pkey(NULL, parameters, NULL);
    assert_int_equal(1, EVP_PKEY_keygen_init(ctx));
    assert_int_equal(1, EVP_PKEY_generate(ctx, &key));
    EVP_PKEY_CTX_free(ctx);
    EVP_PKEY_free(parameters);
    return key;
}

static EVP_PKEY *new_explicit_ec(void)
{
    EVP_PKEY *key = certs_new_ec("P-256");
    assert_int_equal(1, EVP_PKEY_set_utf8_string_param(key, "encoding", "explicit"));
    return key;
}

static EVP_PKEY *new_rsa_pss(void)
{
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(NULL, "RSA-PSS", NULL);
    EVP_PKEY *key = NULL;
    assert_int_equal(1, EVP_PKEY_keygen_init(ctx));
    assert_int_equal(1, EVP_PKEY_CTX_set_rsa_keygen_bits(ctx, 1024));
    assert_int_equal(1, EVP_PKEY_generate(ctx, &key));
    EVP_PKEY_CTX_free(ctx);
    return key;
}

static void certificate_fill_keys_of_every_kind(void **state)
{
    (void)state;
    struct {
        EVP_PKEY *key;
        const char *type, *curve, *signature;
    } rows[] = {
        {certs_new_rsa(1024), "RSA", "", "sha256WithRSAEncryption"},
        {new_rsa_pss(), "RSA-PSS", "", "rsassaPss"},
        {new_dsa(), "DSA", "", "dsa_with_SHA256"},
        {certs_new_ec("P-256"), "EC", "P-256", "ecdsa-with-SHA256"},
        {certs_new_ec("P-521"), "EC", "P-521", "ecdsa-with-SHA256"},
        {certs_new_ec("secp256k1"), "EC", "secp256k1", "ecdsa-with-SHA256"},
        {new_explicit_ec(), "EC", "", "ecdsa-with-SHA256"},
        {certs_new_named("ED25519"), "Ed25519", "", "ED25519"},
        {certs_new_named("ED448"), "Ed448", "", "ED448"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct anycert__certificate cert =
            filled_from(&(struct certs_recipe){.cn = "x", .key = rows[i].key});
        assert_string_equal(rows[i].type, cert.key_type);
        assert_string_equal(rows[i].curve, cert.curve);
        assert_string_equal(rows[i].signature, cert.signature_algorithm);
        assert_int_equal(EVP_PKEY_get_bits(rows[i].key), cert.key_bits);
        assert_true(cert.key_bits > 0);
        assert_false(cert.signature_sha1);
        assert_false(cert.signature_md5);
        anycert__certificate_clear(&cert);
        EVP_PKEY_free(rows[i].key);
    }
}

static X509 *signed_with_pss(EVP_PKEY *key, const EVP_MD *digest)
{
    X509 *cert = certs_root("x");
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    EVP_PKEY_CTX *key_ctx = NULL;
    assert_int_equal(1, X509_set_pubkey(cert, key));
    assert_int_equal(1, EVP_DigestSignInit(ctx, &key_ctx, digest, NULL, key));
    assert_int_equal(1, EVP_PKEY_CTX_set_rsa_padding(key_ctx, RSA_PKCS1_PSS_PADDING));
    assert_true(X509_sign_ctx(cert, ctx) > 0);
    EVP_MD_CTX_free(ctx);
    return cert;
}

static void certificate_fill_weak_digests_are_told(void **state)
{
    (void)state;
    EVP_PKEY *key = certs_new_rsa(1024);
    const struct {
        X509 *cert;
        bool sha1, md5;
    } rows[] = {
        {certs_make(&(struct certs_recipe){.cn = "x", .key = key, .digest = EVP_sha1()}), true,
         false},
        {certs_make(&(struct certs_recipe){.cn = "x", .key = key, .digest = EVP_md5()}), false,
         true},
        {certs_make(&(struct certs_recipe){.cn = "x", .digest = EVP_sha1()}), true, false},
        {signed_with_pss(key, EVP_sha1()), true, false},
        {signed_with_pss(key, EVP_sha384()), false, false},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct anycert__certificate cert = filled(rows[i].cert);
        assert_int_equal(rows[i].sha1, cert.signature_sha1);
        assert_int_equal(rows[i].md5, cert.signature_md5);
        anycert__certificate_clear(&cert);
    }
    EVP_PKEY_free(key);
}

/* Pin and digests as the command line of OpenSSL makes them (RFC 7469 section 2.4). */
static void certificate_fill_pin_and_digest(void **state)
{
    (void)state;
    X509 *cert = certs_root("x");
    unsigned char *der = NULL, *spki = NULL;
    int der_len = i2d_X509(cert, &der);
    int spki_len = i2d_PUBKEY(X509_get0_pubkey(cert), &spki);
    uint8_t digest[32], decoded[36];
    struct anycert__certificate out = filled(cert);
    assert_int_equal(der_len, out.der_len);
    assert_memory_equal(der, out.der, out.der_len);
    assert_int_equal(0, anycert__sha256(der, (size_t)der_len, digest));
    assert_memory_equal(digest, out.sha256, 32);
    assert_int_equal(0, anycert__sha256(spki, (size_t)spki_len, digest));
    assert_memory_equal("sha256//", out.pin, 8);
    assert_int_equal(ANYCERT__PIN_SIZE - 1, strlen(out.pin));
    assert_int_equal(33, EVP_DecodeBlock(decoded, (unsigned char *)out.pin + 8, 44));
    assert_memory_equal(digest, decoded, 32);
    OPENSSL_free(der);
    OPENSSL_free(spki);
    anycert__certificate_clear(&out);
}

static void certificate_fill_malformed_key_has_no_bits(void **state)
{
    (void)state;
    /* An uncompressed point becomes one of no known form. */
    X509 *cert = patched(certs_root("x"), "\x03\x42\x00\x04", "\x03\x42\x00\x09", 4);
    assert_null(X509_get0_pubkey(cert));
    ERR_clear_error();
    struct anycert__certificate out = filled(cert);
    assert_string_equal("id-ecPublicKey", out.key_type);
    assert_string_equal("", out.curve);
    assert_int_equal(0, out.key_bits);
    assert_int_equal(ANYCERT__PIN_SIZE - 1, strlen(out.pin));
    anycert__certificate_clear(&out);
}

static void certificate_fill_unknown_algorithms_are_numbers(void **state)
{
    (void)state;
    /* ecdsa-with-SHA256 is 1.2.840.10045.4.3.2. */
    X509 *cert = patched(certs_root("x"), "\x06\x08\x2a\x86\x48\xce\x3d\x04\x03\x02",
                         "\x06\x08\x2a\x86\x48\xce\x3d\x04\x03\x7f", 10);
    struct anycert__certificate out = filled(cert);
    assert_string_equal("1.2.840.10045.4.3.127", out.signature_algorithm);
    assert_false(out.signature_sha1);
    anycert__certificate_clear(&out);
}

static void assert_name(const struct anycert__alt_name *name, enum anycert__name_kind kind,
                        const char *value, size_t len)
{
    assert_int_equal(kind, name->kind);
    assert_int_equal(len, name->len);
    assert_memory_equal(value, name->value, len + 1);
}

static void certificate_fill_alternative_names_of_every_kind(void **state)
{
    (void)state;
    struct anycert__certificate cert = filled_from(&(struct certs_recipe){
        .cn = "x",
        .san = "DNS:a.test,DNS:*.b.test,IP:192.0.2.1,IP:2001:db8::1,email:a@b.test,"
               "URI:https://c.test/,RID:1.2.3,otherName:1.2.3;UTF8:x"});
    assert_int_equal(8, cert.name_count);
    assert_name(&cert.names[0], ANYCERT__NAME_DNS, "a.test", 6);
    assert_name(&cert.names[1], ANYCERT__NAME_DNS, "*.b.test", 8);
    assert_name(&cert.names[2], ANYCERT__NAME_IP, "192.0.2.1", 9);
    assert_name(&cert.names[3], ANYCERT__NAME_IP, "2001:db8::1", 11);
    assert_name(&cert.names[4], ANYCERT__NAME_EMAIL, "a@b.test", 8);
    assert_name(&cert.names[5], ANYCERT__NAME_URI, "https://c.test/", 15);
    assert_name(&cert.names[6], ANYCERT__NAME_OTHER, "registeredID", 12);
    assert_name(&cert.names[7], ANYCERT__NAME_OTHER, "otherName", 9);
    anycert__certificate_clear(&cert);
}

static void certificate_fill_name_with_nul_keeps_its_length(void **state)
{
    (void)state;
    X509 *cert =
        patched(certs_make(&(struct certs_recipe){.cn = "x", .san = "DNS:good.testXevil.test"}),
                "good.testXevil", "good.test\0evil", 14);
    struct anycert__certificate out = filled(cert);
    assert_int_equal(1, out.name_count);
    assert_name(&out.names[0], ANYCERT__NAME_DNS, "good.test\0evil.test", 19);
    anycert__certificate_clear(&out);
}

static void certificate_fill_odd_address_is_no_address(void **state)
{
    (void)state;
    /* The address becomes part of a shorter one: 3 bytes, and a byte of an empty name behind it. */
    X509 *cert =
        patched(certs_make(&(struct certs_recipe){.cn = "x", .san = "IP:192.0.2.1,DNS:a"}),
                "\x87\x04\xc0\x00\x02\x01\x82\x01\x61", "\x87\x05\xc0\x00\x02\x01\x01\x82\x00", 9);
    struct anycert__certificate out = filled(cert);
    assert_int_equal(2, out.name_count);
    assert_name(&out.names[0], ANYCERT__NAME_OTHER, "iPAddress", 9);
    assert_name(&out.names[1], ANYCERT__NAME_DNS, "", 0);
    anycert__certificate_clear(&out);
}

static void certificate_fill_broken_names_extension_has_no_names(void **state)
{
    (void)state;
    X509 *cert = patched(certs_make(&(struct certs_recipe){.cn = "x", .san = "DNS:abcdef"}),
                         "\x82\x06"
                         "abcdef",
                         "\x82\x09"
                         "abcdef",
                         8);
    struct anycert__certificate out = filled(cert);
    assert_int_equal(0, out.name_count);
    assert_null(out.names);
    assert_true(out.names_broken);
    assert_string_equal("the extension 'X509v3 Subject Alternative Name' cannot be read", out.flaw);
    anycert__certificate_clear(&out);
}

static void certificate_fill_more_names_than_the_limit_keeps_the_first(void **state)
{
    (void)state;
    X509 *cert = certs_root("x");
    GENERAL_NAMES *names = sk_GENERAL_NAME_new_null();
    for (int i = 0; i < ANYCERT__ALT_NAMES_MAX + 5; i++) {
        char text[16];
        GENERAL_NAME *name = GENERAL_NAME_new();
        ASN1_IA5STRING *value = ASN1_IA5STRING_new();
        snprintf(text, sizeof text, "%d", i);
        assert_int_equal(1, ASN1_STRING_set(value, text, -1));
        GENERAL_NAME_set0_value(name, GEN_DNS, value);
        assert_true(sk_GENERAL_NAME_push(names, name) > 0);
    }
    assert_int_equal(1, X509_add1_ext_i2d(cert, NID_subject_alt_name, names, 0, 0));
    GENERAL_NAMES_free(names);
    assert_true(X509_sign(cert, certs_key(), EVP_sha256()) > 0);
    struct anycert__certificate out = filled(cert);
    assert_int_equal(ANYCERT__ALT_NAMES_MAX, out.name_count);
    assert_string_equal("9999", out.names[9999].value);
    anycert__certificate_clear(&out);
}

static void certificate_fill_empty_subject_is_an_empty_string(void **state)
{
    (void)state;
    struct anycert__certificate cert = filled_from(&(struct certs_recipe){.san = "DNS:a.test"});
    assert_string_equal("", cert.subject);
    assert_string_equal("", cert.issuer);
    anycert__certificate_clear(&cert);
}

static void certificate_fill_out_of_memory_is_told(void **state)
{
    (void)state;
    X509 *cert = certs_make(&(struct certs_recipe){.cn = "x", .san = "DNS:a.test,IP:192.0.2.1"});
    for (unsigned long nth = 1;; nth++) {
        struct anycert__certificate out;
        struct anycert_error err = {0};
        anycert__mem_fail_from(nth);
        int rv = anycert__certificate_fill(&out, cert, &err);
        anycert__mem_fail_from(0);
        if (rv == 0) {
            assert_true(nth > 8);
            anycert__certificate_clear(&out);
            break;
        }
        assert_int_equal(ANYCERT_E_NOMEM, err.code);
        assert_null(out.der);
    }
    X509_free(cert);
}

/* What the certificate says with a value of the extension authorityInfoAccess. */
static void issuer_url_of(const char *access, char url[ANYCERT__ISSUER_URL_SIZE])
{
    static const struct certs_recipe recipe = {.cn = "host.test"};
    X509 *cert = certs_make(&recipe);
    X509_EXTENSION *extension =
        access ? X509V3_EXT_conf_nid(NULL, NULL, NID_info_access, access) : NULL;
    struct anycert__certificate read;
    struct anycert_error err = {0};
    unsigned char *der = NULL;
    int der_len = 0;

    assert_true(!access || (extension && X509_add_ext(cert, extension, -1)));
    der_len = i2d_re_X509_tbs(cert, &der) > 0 ? 0 : -1; /* what was cached is written anew */
    OPENSSL_free(der);
    der = NULL;
    assert_int_equal(der_len, 0);
    der_len = i2d_X509(cert, &der);
    assert_true(der_len > 0);
    assert_int_equal(0, anycert__certificate_read(&read, der, (size_t)der_len, &err));
    anycert__issuer_url(&read, url);
    assert_int_equal(0, ERR_peek_error());
    anycert__certificate_clear(&read);
    X509_EXTENSION_free(extension);
    OPENSSL_free(der);
    X509_free(cert);
}

static void certificate_issuer_url_is_the_first_of_its_kind(void **state)
{
    static const struct {
        const char *name, *access, *url;
    } rows[] = {
        {"none", NULL, ""},
        {"ocsp alone", "OCSP;URI:http://ocsp.test/", ""},
        {"both", "OCSP;URI:http://ocsp.test/,caIssuers;URI:http://ca.test/ca.der",
         "http://ca.test/ca.der"},
        {"two", "caIssuers;DNS:ca.test,caIssuers;URI:http://a.test/,caIssuers;URI:http://b.test/",
         "http://a.test/"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char url[ANYCERT__ISSUER_URL_SIZE];

        issuer_url_of(rows[i].access, url);
        if (strcmp(url, rows[i].url) != 0)
            fail_msg("%s: '%s'", rows[i].name, url);
    }
}

static void certificate_read_takes_back_what_was_filled(void **state)
{
    struct anycert__certificate one = filled_from(&(struct certs_recipe){.cn = "host.test"});
    struct anycert__certificate two;
    struct anycert_error err = {0};

    (void)state;
    assert_int_equal(anycert__certificate_read(&two, one.der, one.der_len, &err), 0);
    assert_string_equal(one.pin, two.pin);
    assert_string_equal(one.subject, two.subject);
    anycert__certificate_clear(&two);
    assert_int_equal(anycert__certificate_read(&two, one.der, one.der_len - 1, &err), -1);
    assert_int_equal(err.code, ANYCERT_E_FILE);
    assert_int_equal(0, ERR_peek_error());
    anycert__certificate_clear(&one);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(certificate_fill_tells_names_dates_and_serial),
        cmocka_unit_test(certificate_fill_dates_of_all_centuries),
        cmocka_unit_test(certificate_fill_malformed_date_is_unreadable),
        cmocka_unit_test(certificate_fill_keys_of_every_kind),
        cmocka_unit_test(certificate_fill_weak_digests_are_told),
        cmocka_unit_test(certificate_fill_pin_and_digest),
        cmocka_unit_test(certificate_fill_malformed_key_has_no_bits),
        cmocka_unit_test(certificate_fill_unknown_algorithms_are_numbers),
        cmocka_unit_test(certificate_fill_alternative_names_of_every_kind),
        cmocka_unit_test(certificate_fill_name_with_nul_keeps_its_length),
        cmocka_unit_test(certificate_fill_odd_address_is_no_address),
        cmocka_unit_test(certificate_fill_broken_names_extension_has_no_names),
        cmocka_unit_test(certificate_fill_more_names_than_the_limit_keeps_the_first),
        cmocka_unit_test(certificate_fill_empty_subject_is_an_empty_string),
        cmocka_unit_test(certificate_fill_out_of_memory_is_told),
        cmocka_unit_test(certificate_issuer_url_is_the_first_of_its_kind),
        cmocka_unit_test(certificate_read_takes_back_what_was_filled),
    };
    return cmocka_run_group_tests_name("certificate", tests, NULL, NULL);
}
