/* A client certificate whose key is on a PKCS#11 token and never leaves it; certificate and chain
 * are read from there, too, or given as PEM text. */
#include "tls/client_cert.h"
#include "tls/token.h"
#include "tls/token_key.h"

#include "base/mem.h"
#include "base/str.h"

#include <openssl/err.h>
#include <openssl/x509v3.h>

#include <string.h>

#define MAX_CERTS 16 /* with one id, or one subject */
#define MAX_CHAIN 8

/* What is known of the private key on the token. */
struct found {
    unsigned char *id, *label;
    size_t id_len, label_len;
    unsigned char id_given[ANYCERT__TOKEN_ID_MAX];
    char *label_given;
    ck_ulong kind;
    struct anycert__token_query query;
};

static void found_clear(struct found *found)
{
    anycert__free(found->id);
    anycert__free(found->label);
    anycert__free(found->label_given);
}

/* What the URI says about objects; the URI itself is going to be the token's. */
static int take_query(const struct anycert__token_uri *uri, struct found *out,
                      struct anycert_error *err)
{
    out->query.class = CKO_PRIVATE_KEY;
    if (uri->has_id) {
        memcpy(out->id_given, uri->id, uri->id_len);
        out->query.id = out->id_given;
        out->query.id_len = uri->id_len;
    }
    if (uri->object) {
        out->label_given = anycert__strdup(uri->object);
        if (!out->label_given)
            return anycert__fail_nomem(err);
        out->query.label = out->label_given;
        out->query.label_len = strlen(uri->object);
    }
    return 0;
}

static int read_kind(struct anycert__token *token, ck_object object, ck_ulong *out,
                     struct anycert_error *err)
{
    unsigned char *bytes = NULL;
    size_t len = 0;
    ck_ulong kind = CKK_RSA;

    if (anycert__token_attribute(token, object, CKA_KEY_TYPE, &bytes, &len, err) < 0)
        return -1;
    if (len == sizeof kind)
        memcpy(&kind, bytes, sizeof kind);
    anycert__free(bytes);
    *out = kind;
    if (kind == CKK_RSA || kind == CKK_EC || kind == CKK_EC_EDWARDS)
        return 0;
    return anycert__fail(
        err, ANYCERT_E_CLIENT_CERT,
        "the private key on the token is neither RSA nor EC nor Ed25519 nor Ed448");
}

/* The one private key that is meant, and what it is called. */
static int find_key(struct anycert__token *token, struct found *found, struct anycert_error *err)
{
    ck_object objects[2];
    size_t count = 0;

    if (anycert__token_find(token, &found->query, objects, 2, &count, err) < 0)
        return -1;
    if (count == 0)
        return anycert__fail(err, ANYCERT_E_CLIENT_CERT, "the token has no such private key");
    if (count > 1)
        return anycert__fail(err, ANYCERT_E_CLIENT_CERT,
                             "the token has several such private keys; name one by id= or object=");
    if (read_kind(token, objects[0], &found->kind, err) < 0 ||
        anycert__token_attribute(token, objects[0], CKA_ID, &found->id, &found->id_len, err) < 0)
        return -1;
    return anycert__token_attribute(token, objects[0], CKA_LABEL, &found->label, &found->label_len,
                                    err);
}

static X509 *read_cert(struct anycert__token *token, ck_object object)
{
    struct anycert_error ignored = {0};
    unsigned char *der = NULL;
    const unsigned char *p = NULL;
    X509 *cert = NULL;
    size_t len = 0;

    if (anycert__token_attribute(token, object, CKA_VALUE, &der, &len, &ignored) < 0)
        return NULL;
    p = der;
    if (der)
        cert = d2i_X509(NULL, &p, (long)len);
    anycert__free(der);
    ERR_clear_error();
    return cert;
}

/* The certificates that go by a query, one after the other; NULL behind the last. */
static X509 *nth_cert(struct anycert__token *token, const struct anycert__token_query *query,
                      size_t n)
{
    struct anycert_error ignored = {0};
    ck_object objects[MAX_CERTS];
    size_t count = 0;

    if (anycert__token_find(token, query, objects, MAX_CERTS, &count, &ignored) < 0)
        return NULL;
    for (size_t i = 0; i < count; i++) {
        X509 *cert = read_cert(token, objects[i]);

        if (cert && n-- == 0)
            return cert;
        X509_free(cert);
    }
    return NULL;
}

/* Of a certificate and its renewals with the same id. */
static X509 *longest_lasting_cert(struct anycert__token *token,
                                  const struct anycert__token_query *query)
{
    X509 *best = NULL;

    for (size_t i = 0; i < MAX_CERTS; i++) {
        X509 *cert = nth_cert(token, query, i);

        if (!cert)
            break;
        if (!best || ASN1_TIME_compare(X509_get0_notAfter(cert), X509_get0_notAfter(best)) > 0) {
            X509_free(best);
            best = cert;
        } else {
            X509_free(cert);
        }
    }
    return best;
}

/* Certificate and key belong together by their id, or by their label where there is none. */
static int find_cert(struct anycert__token *token, const struct found *found, X509 **out,
                     struct anycert_error *err)
{
    struct anycert__token_query query = {.class = CKO_CERTIFICATE};

    if (found->id_len > 0) {
        query.id = found->id;
        query.id_len = found->id_len;
    } else if (found->label_len > 0) {
        query.label = found->label;
        query.label_len = found->label_len;
    } else {
        return anycert__fail(err, ANYCERT_E_CLIENT_CERT,
                             "the private key on the token has neither id nor label to find its "
                             "certificate by");
    }
    *out = longest_lasting_cert(token, &query);
    if (*out)
        return 0;
    return anycert__fail(err, ANYCERT_E_CLIENT_CERT,
                         "the token has no certificate with the %s of the private key; write it "
                         "there, or give it as a file beside the key",
                         found->id_len > 0 ? "id" : "label");
}

/* The issuer of a certificate, if it is on the token and not the certificate itself. */
static X509 *find_issuer(struct anycert__token *token, X509 *cert)
{
    struct anycert__token_query query = {.class = CKO_CERTIFICATE};
    unsigned char *name = NULL;
    int len = i2d_X509_NAME(X509_get_issuer_name(cert), &name);
    X509 *found = NULL;

    query.subject = name;
    query.subject_len = len > 0 ? (size_t)len : 0;
    for (size_t i = 0; len > 0 && i < MAX_CERTS && !found; i++) {
        X509 *candidate = nth_cert(token, &query, i);

        if (!candidate)
            break;
        if (X509_cmp(candidate, cert) != 0 && X509_check_issued(candidate, cert) == X509_V_OK)
            found = candidate;
        else
            X509_free(candidate);
    }
    OPENSSL_free(name);
    return found;
}

static int find_chain(struct anycert__token *token, struct anycert__client_cert *out,
                      struct anycert_error *err)
{
    X509 *last = out->cert;

    out->chain = sk_X509_new_null();
    if (!out->chain)
        return anycert__fail_nomem(err);
    while (sk_X509_num(out->chain) < MAX_CHAIN) {
        X509 *issuer = X509_check_issued(last, last) == X509_V_OK ? NULL : find_issuer(token, last);

        if (!issuer)
            return 0;
        if (sk_X509_push(out->chain, issuer) <= 0) {
            X509_free(issuer);
            return anycert__fail_nomem(err);
        }
        last = issuer;
    }
    return 0;
}

/* What was given beside the token, or what is on it. */
static int need_certs(struct anycert__token *token, const struct found *found,
                      struct anycert__client_cert *out, struct anycert_error *err)
{
    if (out->cert)
        return 0;
    return find_cert(token, found, &out->cert, err) < 0 ? -1 : find_chain(token, out, err);
}

/* A key of another kind would only say that it does not sign in this way. */
static int check_kind(const struct found *found, X509 *cert, struct anycert_error *err)
{
    const char *type = anycert__token_key_type(X509_get0_pubkey(cert));
    ck_ulong kind = !type                      ? found->kind /* which is told further on */
                    : strcmp(type, "RSA") == 0 ? CKK_RSA
                    : strcmp(type, "EC") == 0  ? CKK_EC
                                               : CKK_EC_EDWARDS;

    return kind == found->kind
               ? 0
               : anycert__fail(err, ANYCERT_E_CLIENT_CERT,
                               "the key on the token does not belong to the certificate");
}

/* The token is taken in every case. */
static int load(struct anycert__token *token, struct found *found, struct anycert__client_cert *out,
                struct anycert_error *err)
{
    if (find_key(token, found, err) < 0 || need_certs(token, found, out, err) < 0 ||
        check_kind(found, out->cert, err) < 0 || X509_up_ref(out->cert) != 1) {
        anycert__token_free(token);
        return -1;
    }
    out->token = anycert__token_key_new(token, &found->query, out->cert, err);
    if (!out->token)
        return -1;
    out->key = anycert__token_key_pkey(out->token);
    return out->key ? 0 : anycert__fail_nomem(err);
}

int anycert__client_cert_check_uri(const char *text, struct anycert_error *err)
{
    struct anycert__token_uri uri;
    int result = anycert__token_uri_parse(text, &uri, err);

    anycert__token_uri_clear(&uri);
    return result;
}

bool anycert__client_cert_is_uri(const char *text)
{
    return anycert__str_starts_nocase(text, "pkcs11:");
}

int anycert__client_cert_load_pkcs11(const char *text, const char *pin, const void *cert,
                                     size_t cert_len, struct anycert__client_cert **out,
                                     struct anycert_error *err)
{
    struct anycert__client_cert *loaded = NULL;
    struct anycert__token *token = NULL;
    struct anycert__token_uri uri;
    struct found found = {0};
    char *shown = NULL;
    int result = -1;

    *out = NULL;
    if (anycert__token_uri_parse(text, &uri, err) < 0)
        return -1;
    shown = anycert__strdup(uri.shown);
    loaded = anycert__calloc(1, sizeof *loaded);
    if (!loaded || !shown) {
        anycert__fail_nomem(err);
        goto out;
    }
    if (take_query(&uri, &found, err) < 0 ||
        (cert && anycert__client_cert_read_certs(loaded, cert, cert_len, err) < 0))
        goto out;
    token = anycert__token_open(&uri, pin, err);
    if (token)
        result = load(token, &found, loaded, err);
    if (result < 0) {
        anycert__error_prefix(err, "%.120s", shown);
        goto out;
    }
    *out = loaded;
    loaded = NULL;
out:
    ERR_clear_error();
    anycert__client_cert_free(loaded);
    anycert__token_uri_clear(&uri);
    anycert__free(shown);
    found_clear(&found);
    return result;
}
