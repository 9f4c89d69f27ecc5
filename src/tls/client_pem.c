/* A client certificate from PEM text: certificate, chain and key, the key encrypted or not. */
#include "tls/client_cert.h"
#include "base/mem.h"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/pkcs12.h>

#include <limits.h>
#include <string.h>

/* What OpenSSL's question for a passphrase is answered with, and what is learned from its asking.
 */
struct passphrase {
    const char *text; /* NULL: there is none, and nobody is asked */
    bool wanted, too_long;
};

static int give_passphrase(char *buf, int size, int writing, void *arg)
{
    struct passphrase *passphrase = arg;
    size_t len = passphrase->text ? strlen(passphrase->text) : 0;

    (void)writing;
    passphrase->wanted = true;
    if (!passphrase->text)
        return -1;
    if (size <= 0 || len > (size_t)size) {
        passphrase->too_long = true;
        return -1;
    }
    memcpy(buf, passphrase->text, len);
    return (int)len;
}

/* Whether the queue says that something was deciphered to nonsense. */
static bool deciphered_to_nonsense(void)
{
    unsigned long code = 0;
    bool found = false;

    while ((code = ERR_get_error()) != 0) {
        const char *reason = ERR_reason_error_string(code);

        /* PEM says so of whatever went wrong. */
        found = found ||
                (ERR_GET_LIB(code) != ERR_LIB_PEM && reason && strcmp(reason, "bad decrypt") == 0);
    }
    return found;
}

static EVP_PKEY *decode_key(const void *pem, size_t len, struct passphrase *passphrase)
{
    BIO *bio = BIO_new_mem_buf(len > 0 ? pem : "", (int)len);
    EVP_PKEY *key = NULL;

    ERR_clear_error();
    if (bio)
        key = PEM_read_bio_PrivateKey(bio, NULL, give_passphrase, passphrase);
    BIO_free(bio);
    return key;
}

/* What kept a key that is not encrypted from being read: looks for a block of a private key. */
static void fail_plain_key(const void *pem, size_t len, struct anycert_error *err)
{
    BIO *bio = BIO_new_mem_buf(len > 0 ? pem : "", (int)len);
    char *name = NULL, *header = NULL;
    unsigned char *data = NULL;
    long data_len = 0;
    bool found = false;

    while (bio != NULL && !found && PEM_read_bio(bio, &name, &header, &data, &data_len) == 1) {
        found = strstr(name, "PRIVATE KEY") != NULL;
        OPENSSL_free(name);
        OPENSSL_free(header);
        OPENSSL_clear_free(data, (size_t)data_len);
    }
    BIO_free(bio);
    ERR_clear_error();
    if (found)
        anycert__fail(err, ANYCERT_E_CLIENT_CERT,
                      "the client key cannot be decoded: it is damaged or of an unknown kind");
    else
        anycert__fail(err, ANYCERT_E_CLIENT_CERT,
                      "there is no client key: it needs PEM text with "
                      "'-----BEGIN PRIVATE KEY-----'");
}

/* An encrypted PKCS#8 block (RFC 5958), deciphered in a context that knows the old ways. */
static EVP_PKEY *decode_pkcs8(const void *pem, size_t len, OSSL_LIB_CTX *libctx,
                              const char *password)
{
    BIO *bio = BIO_new_mem_buf(pem, (int)len);
    X509_SIG *sealed = bio ? PEM_read_bio_PKCS8(bio, NULL, NULL, NULL) : NULL;
    PKCS8_PRIV_KEY_INFO *info = NULL;
    EVP_PKEY *key = NULL;

    ERR_clear_error();
    if (sealed)
        info = PKCS8_decrypt_ex(sealed, password, (int)strlen(password), libctx, NULL);
    if (info)
        key = EVP_PKCS82PKEY(info);
    PKCS8_PRIV_KEY_INFO_free(info); /* wipes */
    X509_SIG_free(sealed);
    BIO_free(bio);
    return key;
}

static EVP_PKEY *decode_old_key(const void *pem, size_t len, const char *password,
                                struct anycert_error *err)
{
    struct anycert__legacy legacy;
    EVP_PKEY *key = NULL;

    if (anycert__legacy_open(&legacy, "the client key", ANYCERT_E_CLIENT_CERT, err) < 0)
        return NULL;
    key = decode_pkcs8(pem, len, legacy.libctx, password);
    anycert__legacy_close(&legacy);
    if (key)
        return key;
    if (deciphered_to_nonsense())
        anycert__fail(err, ANYCERT_E_CLIENT_CERT, "the password of the client key is wrong");
    else
        anycert__fail(
            err, ANYCERT_E_CLIENT_CERT,
            "the password of the client key is wrong, or the key is damaged, or encrypted "
            "in a way that OpenSSL %s does not know; 'openssl pkcs8 -topk8 -v2 "
            "aes-256-cbc' makes one that every OpenSSL reads",
            anycert__openssl_number());
    return NULL;
}

/* The first private key of a PEM text, or NULL with CLIENT_CERT. OpenSSL wipes what it decodes on
 * the way. */
static EVP_PKEY *read_key(const void *pem, size_t len, const char *password,
                          struct anycert_error *err)
{
    struct passphrase passphrase = {.text = password};
    EVP_PKEY *key = NULL;

    if (len > INT_MAX) {
        anycert__fail(err, ANYCERT_E_CLIENT_CERT, "the client key is too large");
        return NULL;
    }
    key = decode_key(pem, len, &passphrase);
    if (key)
        goto out;
    if (!passphrase.wanted)
        fail_plain_key(pem, len, err);
    else if (!password)
        anycert__fail(err, ANYCERT_E_CLIENT_CERT,
                      "the client key is encrypted, and no password was given for it");
    else if (passphrase.too_long)
        anycert__fail(err, ANYCERT_E_CLIENT_CERT,
                      "the password of the client key is longer than OpenSSL takes (1024 bytes)");
    else if (deciphered_to_nonsense())
        anycert__fail(err, ANYCERT_E_CLIENT_CERT, "the password of the client key is wrong");
    else
        key = decode_old_key(pem, len, password, err);
out:
    ERR_clear_error();
    return key;
}

int anycert__client_cert_read_certs(struct anycert__client_cert *out, const void *pem, size_t len,
                                    struct anycert_error *err)
{
    out->chain = sk_X509_new_null();
    if (out->chain == NULL)
        return anycert__fail_nomem(err);
    if (anycert__read_certs(pem, len, "the client certificate", ANYCERT_E_CLIENT_CERT, out->chain,
                            err) != 0)
        return -1;
    if (sk_X509_num(out->chain) == 0)
        return anycert__fail(err, ANYCERT_E_CLIENT_CERT,
                             "there is no client certificate: it needs PEM text with "
                             "'-----BEGIN CERTIFICATE-----'");
    out->cert = sk_X509_shift(out->chain);
    return 0;
}

int anycert__client_cert_load(const void *cert, size_t cert_len, const void *key, size_t key_len,
                              const char *password, struct anycert__client_cert **out,
                              struct anycert_error *err)
{
    struct anycert__client_cert *loaded = anycert__calloc(1, sizeof *loaded);
    int rv = -1;

    *out = NULL;
    if (loaded == NULL)
        return anycert__fail_nomem(err);
    if (anycert__client_cert_read_certs(loaded, cert, cert_len, err) != 0)
        goto out;
    loaded->key = key != NULL ? read_key(key, key_len, password, err)
                              : read_key(cert, cert_len, password, err);
    if (loaded->key == NULL || anycert__client_cert_check(loaded, err) != 0)
        goto out;
    *out = loaded;
    loaded = NULL;
    rv = 0;
out:
    ERR_clear_error();
    anycert__client_cert_free(loaded);
    return rv;
}
