/* A client certificate from a PKCS#12 file (RFC 7292), new or old. */
#include "tls/client_cert.h"
#include "base/mem.h"

#include <openssl/err.h>
#include <openssl/pkcs12.h>
#include <openssl/x509v3.h>

#include <limits.h>
#include <string.h>

/* What is found in one. */
struct contents {
    EVP_PKEY *key; /* the first */
    STACK_OF(X509) * certs;
    bool broken; /* something could not be deciphered or decoded */
};

static void contents_clear(struct contents *contents)
{
    EVP_PKEY_free(contents->key);
    sk_X509_pop_free(contents->certs, X509_free);
    *contents = (struct contents){0};
}

/* In a library context; NULL is the process's. */
static PKCS12 *decode(const void *bytes, size_t len, OSSL_LIB_CTX *libctx)
{
    const unsigned char *p = bytes;
    PKCS12 *p12 = len <= LONG_MAX ? PKCS12_init_ex(NID_pkcs7_data, libctx, NULL) : NULL;

    /* On failure the given object is freed, too. */
    return p12 ? d2i_PKCS12(&p12, &p, (long)len) : NULL;
}

static int fail_format(const void *bytes, size_t len, struct anycert_error *err)
{
    static const char pem[] = "-----BEGIN ";

    for (size_t i = 0; i + sizeof pem - 1 <= len && i < 4096; i++) {
        if (memcmp((const char *)bytes + i, pem, sizeof pem - 1) == 0)
            return anycert__fail(err, ANYCERT_E_CLIENT_CERT,
                                 "this is PEM text, not PKCS#12: give it as certificate and key");
    }
    return anycert__fail(err, ANYCERT_E_CLIENT_CERT, "this is no PKCS#12 file, or it is damaged");
}

static int fail_password(const char *password, struct anycert_error *err)
{
    if (!password || !*password)
        return anycert__fail(err, ANYCERT_E_CLIENT_CERT,
                             "the file is protected by a password, and none was given");
    return anycert__fail(err, ANYCERT_E_CLIENT_CERT, "the password of the file is wrong");
}

/* The MAC tells a wrong password from everything else. An empty password can be meant in two ways
 * (RFC 7292 appendix B.1): *password becomes the one that is. */
static int check_mac(PKCS12 *p12, const char **password, struct anycert_error *err)
{
    bool is_empty = !*password || !**password;

    ERR_clear_error();
    if (is_empty)
        *password = NULL;
    if (PKCS12_mac_present(p12) != 1 || PKCS12_verify_mac(p12, *password, -1) == 1)
        return 0;
    if (is_empty && PKCS12_verify_mac(p12, "", 0) == 1) {
        *password = "";
        return 0;
    }
    if (ERR_peek_error() == 0)
        return fail_password(*password, err);
    return anycert__fail_openssl(err, ANYCERT_E_CLIENT_CERT,
                                 "the file is protected in a way that OpenSSL %s does not know",
                                 anycert__openssl_number());
}

/* ---- what is inside: bags of keys and certificates, in safes, in bags */

#define MAX_DEPTH 4

static void take_key(struct contents *out, const PKCS8_PRIV_KEY_INFO *info)
{
    if (info && !out->key)
        out->key = EVP_PKCS82PKEY(info);
    out->broken = out->broken || !info || !out->key;
}

static void take_cert(struct contents *out, const PKCS12_SAFEBAG *bag)
{
    X509 *cert = NULL;

    if (PKCS12_SAFEBAG_get_bag_nid(bag) != NID_x509Certificate)
        return;
    cert = PKCS12_SAFEBAG_get1_cert(bag);
    if (cert && sk_X509_push(out->certs, cert) > 0)
        return;
    X509_free(cert);
    out->broken = true;
}

static void take_bags(struct contents *out, const STACK_OF(PKCS12_SAFEBAG) * bags,
                      const char *password, OSSL_LIB_CTX *libctx, int depth)
{
    for (int i = 0; i < sk_PKCS12_SAFEBAG_num(bags); i++) {
        const PKCS12_SAFEBAG *bag = sk_PKCS12_SAFEBAG_value(bags, i);
        PKCS8_PRIV_KEY_INFO *info = NULL;

        switch (PKCS12_SAFEBAG_get_nid(bag)) {
        case NID_keyBag:
            take_key(out, PKCS12_SAFEBAG_get0_p8inf(bag));
            break;
        case NID_pkcs8ShroudedKeyBag:
            info = PKCS12_decrypt_skey_ex(bag, password, -1, libctx, NULL);
            take_key(out, info);
            PKCS8_PRIV_KEY_INFO_free(info); /* wipes */
            break;
        case NID_certBag:
            take_cert(out, bag);
            break;
        case NID_safeContentsBag:
            if (depth < MAX_DEPTH)
                take_bags(out, PKCS12_SAFEBAG_get0_safes(bag), password, libctx, depth + 1);
            break;
        default: /* revocation lists, passwords of other programs */
            break;
        }
    }
}

static void take_safe(struct contents *out, PKCS7 *safe, const char *password, OSSL_LIB_CTX *libctx)
{
    STACK_OF(PKCS12_SAFEBAG) *bags = NULL;

    if (PKCS7_type_is_data(safe))
        bags = PKCS12_unpack_p7data(safe);
    else if (PKCS7_type_is_encrypted(safe))
        bags = PKCS12_unpack_p7encdata(safe, password, -1);
    else
        return; /* encrypted for a public key: nobody does */
    if (!bags)
        out->broken = true;
    take_bags(out, bags, password, libctx, 0);
    sk_PKCS12_SAFEBAG_pop_free(bags, PKCS12_SAFEBAG_free);
}

/* Everything that can be had with the algorithms of a library context. PKCS12_parse() of
 * OpenSSL 3.0 would decipher keys in the process's context, whichever it is given. */
static int take_all(PKCS12 *p12, const char *password, OSSL_LIB_CTX *libctx, struct contents *out,
                    struct anycert_error *err)
{
    STACK_OF(PKCS7) *safes = NULL;

    contents_clear(out);
    out->certs = sk_X509_new_null();
    if (!out->certs)
        return anycert__fail_nomem(err);
    ERR_clear_error();
    safes = PKCS12_unpack_authsafes(p12);
    out->broken = !safes;
    for (int i = 0; i < sk_PKCS7_num(safes); i++)
        take_safe(out, sk_PKCS7_value(safes, i), password, libctx);
    sk_PKCS7_pop_free(safes, PKCS7_free);
    return 0;
}

/* The same with the algorithms of old. */
static int take_all_old(const void *bytes, size_t len, const char *password, struct contents *out,
                        struct anycert_error *err)
{
    struct anycert__legacy legacy;
    PKCS12 *p12 = NULL;
    int result = -1;

    if (anycert__legacy_open(&legacy, "the file", ANYCERT_E_CLIENT_CERT, err) < 0)
        return -1;
    p12 = decode(bytes, len, legacy.libctx);
    result = p12 ? take_all(p12, password, legacy.libctx, out, err) : anycert__fail_nomem(err);
    PKCS12_free(p12);
    anycert__legacy_close(&legacy);
    return result;
}

static int open_contents(const void *bytes, size_t len, const char *password, struct contents *out,
                         struct anycert_error *err)
{
    PKCS12 *p12 = decode(bytes, len, NULL);
    bool has_mac = false;
    int result = -1;

    if (!p12) {
        fail_format(bytes, len, err);
        goto out;
    }
    has_mac = PKCS12_mac_present(p12) == 1;
    if (check_mac(p12, &password, err) < 0 || take_all(p12, password, NULL, out, err) < 0)
        goto out;
    if (out->broken && anycert__queue_says_unsupported() &&
        take_all_old(bytes, len, password, out, err) < 0)
        goto out;
    if (!out->broken)
        result = 0;
    else if (has_mac)
        anycert__fail_openssl(err, ANYCERT_E_CLIENT_CERT, "the file is damaged");
    else /* nothing tells the two apart */
        anycert__fail(err, ANYCERT_E_CLIENT_CERT,
                      "the file cannot be deciphered: its password is wrong or missing, or it is "
                      "damaged");
out:
    PKCS12_free(p12);
    ERR_clear_error();
    return result;
}

/* The certificate of the key, which need not be the first. */
static X509 *take_leaf(struct contents *contents)
{
    for (int i = 0; i < sk_X509_num(contents->certs); i++) {
        if (X509_check_private_key(sk_X509_value(contents->certs, i), contents->key) == 1)
            return sk_X509_delete(contents->certs, i);
    }
    return NULL;
}

/* Of what else is in the file, the certificates that lead up from the leaf, in that order. */
static int take_chain(struct anycert__client_cert *cert, STACK_OF(X509) * others,
                      struct anycert_error *err)
{
    X509 *last = cert->cert;

    cert->chain = sk_X509_new_null();
    if (!cert->chain)
        return anycert__fail_nomem(err);
    for (int i = 0; i < sk_X509_num(others); i++) {
        X509 *issuer = sk_X509_value(others, i);

        if (X509_check_issued(issuer, last) != X509_V_OK ||
            X509_check_issued(last, last) == X509_V_OK)
            continue;
        if (sk_X509_push(cert->chain, issuer) <= 0)
            return anycert__fail_nomem(err);
        (void)sk_X509_delete(others, i);
        last = issuer;
        i = -1;
    }
    return 0;
}

int anycert__client_cert_load_p12(const void *bytes, size_t len, const char *password,
                                  struct anycert__client_cert **out, struct anycert_error *err)
{
    struct anycert__client_cert *loaded = anycert__calloc(1, sizeof *loaded);
    struct contents contents = {0};
    int result = -1;

    *out = NULL;
    if (!loaded)
        return anycert__fail_nomem(err);
    if (open_contents(bytes, len, password, &contents, err) < 0)
        goto out;
    if (!contents.key) {
        anycert__fail(err, ANYCERT_E_CLIENT_CERT, "the file holds no private key");
        goto out;
    }
    loaded->cert = take_leaf(&contents);
    if (!loaded->cert) {
        anycert__fail(err, ANYCERT_E_CLIENT_CERT, "the file holds no certificate for its key");
        goto out;
    }
    loaded->key = contents.key;
    contents.key = NULL;
    if (take_chain(loaded, contents.certs, err) < 0)
        goto out;
    *out = loaded;
    loaded = NULL;
    result = 0;
out:
    ERR_clear_error();
    contents_clear(&contents);
    anycert__client_cert_free(loaded);
    return result;
}
