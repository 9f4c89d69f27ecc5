/* Three questions to the index of a CA bundle, by the first byte of the input. Any text: what is
 * found has the name that was asked for. A certificate that OpenSSL decodes: it is found by its
 * subject. Two names that OpenSSL calls equal: their keys are equal. */
#include "tls/ossl.h"
#include "tls/subject.h"

#include <openssl/err.h>
#include <openssl/pem.h>

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(int condition)
{
    if (!condition)
        abort();
}

/* 1 if cert is among what the bundle has for its subject. */
static int is_found(struct anycert__bundle *bundle, X509 *cert)
{
    const X509_NAME *name = X509_get_subject_name(cert);
    STACK_OF(X509) *found = sk_X509_new_null();
    int itself = 0;
    require(found != NULL && anycert__bundle_find(bundle, name, found) == 0);
    for (int i = 0; i < sk_X509_num(found); i++) {
        X509 *one = sk_X509_value(found, i);
        require(X509_NAME_cmp(X509_get_subject_name(one), name) == 0);
        itself = itself || X509_cmp(one, cert) == 0;
    }
    sk_X509_pop_free(found, X509_free);
    return itself;
}

static void check_text(const char *text, size_t len)
{
    struct anycert_error err = {0};
    struct anycert__bundle *bundle = anycert__bundle_index(text, len, "the text", &err);
    BIO *bio = BIO_new_mem_buf(len > 0 ? text : "", (int)len);
    X509 *cert = NULL;
    require(bundle != NULL || (err.code == ANYCERT_E_ANCHORS && err.message[0] != '\0'));
    require(bundle == NULL || anycert__bundle_count(bundle) > 0);
    require(bio != NULL);
    while (bundle != NULL && (cert = PEM_read_bio_X509(bio, NULL, NULL, NULL)) != NULL) {
        is_found(bundle, cert);
        X509_free(cert);
    }
    BIO_free(bio);
    anycert__bundle_free(bundle);
}

/* Every beginning of the input asks for more or is refused, and never is read beyond. */
static void check_beginnings(const uint8_t *der, size_t len)
{
    struct anycert__subject_place place;
    size_t need = 0;
    for (size_t have = 0; have <= len && have < 1024; have++) {
        uint8_t *part = malloc(have > 0 ? have : 1);
        require(part != NULL);
        memcpy(part, der, have);
        int found = anycert__subject_find(part, have, &place, &need);
        require(found != 0 || need > have);
        require(found != 1 || place.offset + place.len <= have);
        free(part);
    }
}

static void check_certificate(const uint8_t *der, size_t len)
{
    const unsigned char *p = der;
    X509 *cert = d2i_X509(NULL, &p, (long)len);
    BIO *bio = BIO_new(BIO_s_mem());
    char *text = NULL;
    check_beginnings(der, len);
    require(bio != NULL);
    if (cert != NULL && PEM_write_bio_X509(bio, cert) == 1) {
        long text_len = BIO_get_mem_data(bio, &text);
        /* What OpenSSL writes it does not always read again. */
        BIO *written = BIO_new_mem_buf(text, (int)text_len);
        X509 *again = PEM_read_bio_X509(written, NULL, NULL, NULL);
        struct anycert__bundle *bundle =
            anycert__bundle_index(text, (size_t)text_len, "the certificate", NULL);
        require(again == NULL || (bundle != NULL && is_found(bundle, again)));
        anycert__bundle_free(bundle);
        X509_free(again);
        BIO_free(written);
    }
    BIO_free(bio);
    X509_free(cert);
}

static uint64_t key_of(const X509_NAME *name)
{
    const unsigned char *der = NULL;
    size_t len = 0;
    uint64_t key = 0;
    require(X509_NAME_get0_der(name, &der, &len) == 1);
    require(anycert__subject_key(der, len, &key) == 0);
    return key;
}

static void check_names(const uint8_t *data, size_t len)
{
    const unsigned char *p = data;
    X509_NAME *a = d2i_X509_NAME(NULL, &p, (long)len);
    X509_NAME *b = a != NULL ? d2i_X509_NAME(NULL, &p, (long)(len - (size_t)(p - data))) : NULL;
    uint64_t key = 0;
    anycert__subject_key(data, len, &key); /* whatever the bytes are */
    if (a != NULL)
        key_of(a);
    if (b != NULL && X509_NAME_cmp(a, b) == 0)
        require(key_of(a) == key_of(b));
    X509_NAME_free(a);
    X509_NAME_free(b);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0)
        return 0;
    if (data[0] == 'C')
        check_certificate(data + 1, size - 1);
    else if (data[0] == 'N')
        check_names(data + 1, size - 1);
    else
        check_text((const char *)data, size);
    ERR_clear_error();
    return 0;
}
