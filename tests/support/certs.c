#include "support/certs.h"

#include <openssl/bn.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/x509v3.h>

#include <dirent.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

/* ---- keys */

EVP_PKEY *certs_new_ec(const char *curve)
{
    EVP_PKEY *key = EVP_EC_gen(curve);
    assert_non_null(key);
    return key;
}

EVP_PKEY *certs_new_rsa(unsigned bits)
{
    EVP_PKEY *key = EVP_RSA_gen(bits);
    assert_non_null(key);
    return key;
}

EVP_PKEY *certs_new_named(const char *type)
{
    EVP_PKEY *key = EVP_PKEY_Q_keygen(NULL, NULL, type);
    assert_non_null(key);
    return key;
}

static EVP_PKEY *shared_keys[2];

static void free_shared_keys(void)
{
    EVP_PKEY_free(shared_keys[0]);
    EVP_PKEY_free(shared_keys[1]);
}

static EVP_PKEY *shared_key(int i)
{
    if (shared_keys[0] == NULL) {
        shared_keys[0] = certs_new_ec("P-256");
        shared_keys[1] = certs_new_ec("P-256");
        /* Registered after OpenSSL has started, so it runs before OpenSSL ends. */
        atexit(free_shared_keys);
    }
    return shared_keys[i];
}

EVP_PKEY *certs_key(void)
{
    return shared_key(0);
}

EVP_PKEY *certs_other_key(void)
{
    return shared_key(1);
}

/* ---- certificates */

static void add_entry(X509_NAME *name, const char *field, const char *value, int type)
{
    if (value == NULL)
        return;
    if (type == 0 || type == MBSTRING_UTF8) {
        assert_int_equal(1, X509_NAME_add_entry_by_txt(name, field, MBSTRING_UTF8,
                                                       (const unsigned char *)value, -1, -1, 0));
        return;
    }
    /* The string type as asked for, whether it is a fitting one or not. */
    ASN1_STRING *string = NULL;
    assert_true(ASN1_mbstring_copy(&string, (const unsigned char *)value, -1, MBSTRING_UTF8,
                                   ASN1_tag2bit(type)) > 0);
    assert_int_equal(type, ASN1_STRING_type(string));
    assert_int_equal(1, X509_NAME_add_entry_by_txt(name, field, type, ASN1_STRING_get0_data(string),
                                                   ASN1_STRING_length(string), -1, 0));
    ASN1_STRING_free(string);
}

static void add_extension(X509 *cert, X509 *issuer, int nid, const char *value)
{
    X509V3_CTX ctx;
    if (value == NULL)
        return;
    X509V3_set_ctx(&ctx, issuer != NULL ? issuer : cert, cert, NULL, NULL, 0);
    X509_EXTENSION *extension = X509V3_EXT_conf_nid(NULL, &ctx, nid, value);
    assert_non_null(extension);
    assert_int_equal(1, X509_add_ext(cert, extension, -1));
    X509_EXTENSION_free(extension);
}

static void set_time(X509 *cert, int64_t not_before, int64_t not_after)
{
    if (not_before == 0)
        not_before = CERTS_NOW - CERTS_DAY;
    if (not_after == 0)
        not_after = CERTS_NOW + 100 * CERTS_DAY;
    assert_non_null(ASN1_TIME_set(X509_getm_notBefore(cert), (time_t)not_before));
    assert_non_null(ASN1_TIME_set(X509_getm_notAfter(cert), (time_t)not_after));
}

/* The certificate as somebody sees it who has received it. */
static X509 *receive(X509 *made)
{
    unsigned char *der = NULL;
    int len = i2d_X509(made, &der);
    const unsigned char *p = der;
    assert_true(len > 0);
    X509 *received = d2i_X509(NULL, &p, len);
    assert_non_null(received);
    OPENSSL_free(der);
    X509_free(made);
    return received;
}

X509 *certs_make(const struct certs_recipe *recipe)
{
    X509 *cert = X509_new();
    EVP_PKEY *key = recipe->key != NULL ? recipe->key : certs_key();
    EVP_PKEY *signer = recipe->issuer_key != NULL ? recipe->issuer_key : key;
    const EVP_MD *digest = recipe->digest != NULL ? recipe->digest : EVP_sha256();

    assert_non_null(cert);
    assert_int_equal(1, X509_set_version(cert, X509_VERSION_3));
    assert_int_equal(1, ASN1_INTEGER_set_uint64(X509_get_serialNumber(cert),
                                                recipe->serial ? recipe->serial : 1));
    add_entry(X509_get_subject_name(cert), "O", recipe->o, recipe->string_type);
    add_entry(X509_get_subject_name(cert), "CN", recipe->cn, recipe->string_type);
    assert_int_equal(1, X509_set_issuer_name(
                            cert, X509_get_subject_name(recipe->issuer ? recipe->issuer : cert)));
    set_time(cert, recipe->not_before, recipe->not_after);
    assert_int_equal(1, X509_set_pubkey(cert, key));
    add_extension(cert, recipe->issuer, NID_basic_constraints,
                  recipe->constraints != NULL ? recipe->constraints
                  : recipe->ca                ? "critical,CA:TRUE"
                                              : NULL);
    add_extension(cert, recipe->issuer, NID_key_usage,
                  recipe->key_usage != NULL ? recipe->key_usage
                  : recipe->ca              ? "critical,keyCertSign,cRLSign"
                                            : NULL);
    add_extension(cert, recipe->issuer, NID_ext_key_usage, recipe->eku);
    add_extension(cert, recipe->issuer, NID_subject_alt_name, recipe->san);
    add_extension(cert, recipe->issuer, NID_subject_key_identifier, "hash");
    if (EVP_PKEY_is_a(signer, "ED25519") || EVP_PKEY_is_a(signer, "ED448"))
        digest = NULL;
    assert_true(X509_sign(cert, signer, digest) > 0);
    return receive(cert);
}

X509 *certs_root(const char *cn)
{
    return certs_make(&(struct certs_recipe){.cn = cn, .ca = true});
}

X509 *certs_leaf(const char *dns, X509 *issuer, EVP_PKEY *issuer_key)
{
    char san[300];
    snprintf(san, sizeof san, "DNS:%s", dns);
    return certs_make(&(struct certs_recipe){.cn = dns,
                                             .key = certs_other_key(),
                                             .issuer = issuer,
                                             .issuer_key = issuer_key,
                                             .serial = 2,
                                             .san = san,
                                             .eku = "serverAuth"});
}

/* ---- PEM */

static char *take_text(BIO *bio)
{
    char *data = NULL;
    long len = BIO_get_mem_data(bio, &data);
    assert_true(len > 0);
    char *text = malloc((size_t)len + 1);
    assert_non_null(text);
    memcpy(text, data, (size_t)len);
    text[len] = '\0';
    BIO_free(bio);
    return text;
}

char *certs_pem(X509 *cert)
{
    BIO *bio = BIO_new(BIO_s_mem());
    assert_int_equal(1, PEM_write_bio_X509(bio, cert));
    return take_text(bio);
}

char *certs_key_pem(EVP_PKEY *key, const char *passphrase)
{
    BIO *bio = BIO_new(BIO_s_mem());
    assert_int_equal(1, PEM_write_bio_PKCS8PrivateKey(
                            bio, key, passphrase ? EVP_aes_128_cbc() : NULL, passphrase,
                            passphrase ? (int)strlen(passphrase) : 0, NULL, NULL));
    return take_text(bio);
}

char *certs_join(char *a, char *b)
{
    size_t len = strlen(a) + strlen(b) + 1;
    char *both = malloc(len);
    assert_non_null(both);
    snprintf(both, len, "%s%s", a, b);
    free(a);
    free(b);
    return both;
}

/* ---- files */

char *certs_folder(void)
{
    const char *base = getenv("TMPDIR");
    char path[4096];
    snprintf(path, sizeof path, "%s/anycert-test-XXXXXX", base != NULL ? base : "/tmp");
    assert_non_null(mkdtemp(path));
    char *copy = strdup(path);
    assert_non_null(copy);
    return copy;
}

char *certs_path(const char *folder, const char *name)
{
    size_t len = strlen(folder) + strlen(name) + 2;
    char *path = malloc(len);
    assert_non_null(path);
    snprintf(path, len, "%s/%s", folder, name);
    return path;
}

void certs_write(const char *path, const void *bytes, size_t len)
{
    FILE *file = fopen(path, "wb");
    assert_non_null(file);
    assert_int_equal(len, fwrite(bytes, 1, len, file));
    assert_int_equal(0, fclose(file));
}

void certs_remove(const char *folder)
{
    DIR *dir = opendir(folder);
    const struct dirent *entry = NULL;
    assert_non_null(dir);
    while ((entry = readdir(dir)) != NULL) {
        char *path = certs_path(folder, entry->d_name);
        if (entry->d_name[0] != '.')
            unlink(path);
        free(path);
    }
    closedir(dir);
    assert_int_equal(0, rmdir(folder));
}
