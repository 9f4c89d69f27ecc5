#include "tls/issuer.h"

#include "base/mem.h"
#include "base/str.h"
#include "tls/ossl.h"

#ifndef OPENSSL_NO_CT
#include <openssl/ct.h>
#endif
#include <openssl/err.h>
#include <openssl/pkcs7.h>
#include <openssl/x509_vfy.h>
#include <openssl/x509v3.h>

#include <limits.h>
#include <string.h>

static X509 *decode(const struct anycert__certificate *certificate)
{
    const unsigned char *der = certificate->der;

    return der && certificate->der_len <= LONG_MAX
               ? d2i_X509(NULL, &der, (long)certificate->der_len)
               : NULL;
}

/* ---- where it can be fetched */

static bool take_url(const ACCESS_DESCRIPTION *access, char out[ANYCERT__ISSUER_URL_SIZE])
{
    const ASN1_IA5STRING *url = NULL;
    size_t len = 0;

    if (OBJ_obj2nid(access->method) != NID_ad_ca_issuers || access->location->type != GEN_URI)
        return false;
    url = access->location->d.uniformResourceIdentifier;
    len = (size_t)ASN1_STRING_length(url);
    if (len >= ANYCERT__ISSUER_URL_SIZE)
        return false;
    memcpy(out, ASN1_STRING_get0_data(url), len);
    out[len] = '\0';
    for (size_t i = 0; i < len; i++) {
        if (out[i] <= ' ' || out[i] > '~')
            return false;
    }
    return anycert__str_starts_nocase(out, "http://");
}

void anycert__issuer_url(const struct anycert__certificate *certificate,
                         char out[ANYCERT__ISSUER_URL_SIZE])
{
    X509 *cert = decode(certificate);
    AUTHORITY_INFO_ACCESS *places =
        cert ? X509_get_ext_d2i(cert, NID_info_access, NULL, NULL) : NULL;
    bool found = false;

    for (int i = 0; !found && i < sk_ACCESS_DESCRIPTION_num(places); i++)
        found = take_url(sk_ACCESS_DESCRIPTION_value(places, i), out);
    if (!found)
        out[0] = '\0';
    AUTHORITY_INFO_ACCESS_free(places);
    X509_free(cert);
    anycert__tls_forget_errors();
}

/* ---- when it was logged */

#ifndef OPENSSL_NO_CT
#define MS_A_SECOND 1000

bool anycert__certificate_logged(const struct anycert__certificate *certificate, int64_t *newest)
{
    X509 *cert = decode(certificate);
    STACK_OF(SCT) *stamps = cert ? X509_get_ext_d2i(cert, NID_ct_precert_scts, NULL, NULL) : NULL;
    bool found = false;

    *newest = 0;
    for (int i = 0; i < sk_SCT_num(stamps); i++) {
        const SCT *stamp = sk_SCT_value(stamps, i);
        int64_t seconds = (int64_t)(SCT_get_timestamp(stamp) / MS_A_SECOND);

        if (SCT_get_version(stamp) != SCT_VERSION_V1)
            continue; /* nobody knows what is in it */
        *newest = seconds > *newest ? seconds : *newest;
        found = true;
    }
    SCT_LIST_free(stamps);
    X509_free(cert);
    anycert__tls_forget_errors();
    return found;
}
#else
bool anycert__certificate_logged(const struct anycert__certificate *certificate, int64_t *newest)
{
    (void)certificate;
    *newest = 0;
    return false;
}
#endif

/* ---- who signed */

static bool signed_by(X509 *cert, X509 *issuer)
{
    EVP_PKEY *key = X509_get0_pubkey(issuer);

    return X509_NAME_cmp(X509_get_issuer_name(cert), X509_get_subject_name(issuer)) == 0 && key &&
           X509_verify(cert, key) == 1;
}

/* The anchors with a name, a reference each. */
static STACK_OF(X509) * named(struct anycert__anchors *anchors, const X509_NAME *name)
{
    X509_STORE *store = anycert__anchors_store(anchors);
    X509_STORE_CTX_lookup_certs_fn look = X509_STORE_get_lookup_certs(store);
    X509_STORE_CTX *ctx = X509_STORE_CTX_new();
    STACK_OF(X509) *found = NULL;

    if (ctx && X509_STORE_CTX_init(ctx, store, NULL, NULL) == 1)
        found = look(ctx, name);
    X509_STORE_CTX_free(ctx);
    return found;
}

enum anycert__kin anycert__anchors_kin(struct anycert__anchors *anchors,
                                       const struct anycert__certificate *certificate)
{
    X509 *cert = decode(certificate);
    STACK_OF(X509) *found = cert ? named(anchors, X509_get_issuer_name(cert)) : NULL;
    enum anycert__kin kin = ANYCERT__KIN_NONE;

    /* That two have no name makes them no kin. */
    bool has_name = cert && X509_NAME_entry_count(X509_get_issuer_name(cert)) > 0;

    for (int i = 0; kin != ANYCERT__KIN_SIGNER && i < sk_X509_num(found); i++)
        kin = signed_by(cert, sk_X509_value(found, i)) ? ANYCERT__KIN_SIGNER
              : has_name                               ? ANYCERT__KIN_OTHER_KEY
                                                       : kin;
    sk_X509_pop_free(found, X509_free);
    X509_free(cert);
    anycert__tls_forget_errors();
    return kin;
}

bool anycert__anchors_hold(struct anycert__anchors *anchors,
                           const struct anycert__certificate *certificate)
{
    X509 *cert = decode(certificate);
    STACK_OF(X509) *found = cert ? named(anchors, X509_get_subject_name(cert)) : NULL;
    bool holds = false;

    for (int i = 0; !holds && i < sk_X509_num(found); i++)
        holds = X509_cmp(cert, sk_X509_value(found, i)) == 0;
    sk_X509_pop_free(found, X509_free);
    X509_free(cert);
    anycert__tls_forget_errors();
    return holds;
}

static bool is_among(const struct anycert__certificate *list, size_t count,
                     const struct anycert__certificate *one)
{
    for (size_t i = 0; i < count; i++) {
        if (memcmp(list[i].sha256, one->sha256, sizeof one->sha256) == 0)
            return true;
    }
    return false;
}

static int add_named(struct anycert__anchors *anchors, const X509_NAME *name,
                     struct anycert__certificate **out, size_t *count, struct anycert_error *err)
{
    STACK_OF(X509) *found = named(anchors, name);
    int result = 0;

    for (int i = 0; result == 0 && i < sk_X509_num(found) && *count < ANYCERT__ANCHORS_ABOUT_MAX;
         i++) {
        struct anycert__certificate *longer = anycert__realloc(*out, (*count + 1) * sizeof **out);

        if (!longer) {
            result = anycert__fail_nomem(err);
            break;
        }
        *out = longer;
        result = anycert__certificate_fill(&longer[*count], sk_X509_value(found, i), err);
        if (result == 0 && is_among(longer, *count, &longer[*count]))
            anycert__certificate_clear(&longer[*count]);
        else if (result == 0)
            *count += 1;
    }
    sk_X509_pop_free(found, X509_free);
    return result;
}

int anycert__anchors_about(struct anycert__anchors *anchors,
                           const struct anycert__certificate *chain, size_t len,
                           struct anycert__certificate **out, size_t *count,
                           struct anycert_error *err)
{
    int result = 0;

    for (size_t i = 0; result == 0 && i < len; i++) {
        X509 *cert = decode(&chain[i]);

        if (cert && (add_named(anchors, X509_get_subject_name(cert), out, count, err) < 0 ||
                     add_named(anchors, X509_get_issuer_name(cert), out, count, err) < 0))
            result = -1;
        X509_free(cert);
    }
    anycert__tls_forget_errors();
    return result;
}

bool anycert__names_issuer_key(const struct anycert__certificate *certificate)
{
    X509 *cert = decode(certificate);
    bool names = cert && X509_get0_authority_key_id(cert) != NULL;

    X509_free(cert);
    anycert__tls_forget_errors();
    return names;
}

/* ---- what was fetched */

static STACK_OF(X509) * read_pkcs7(const void *bytes, size_t len)
{
    const unsigned char *der = bytes;
    PKCS7 *bundle = d2i_PKCS7(NULL, &der, (long)len);
    STACK_OF(X509) *certs = NULL;

    if (bundle && PKCS7_type_is_signed(bundle) && bundle->d.sign && bundle->d.sign->cert)
        certs = X509_chain_up_ref(bundle->d.sign->cert);
    PKCS7_free(bundle);
    return certs;
}

static STACK_OF(X509) * read_any(const void *bytes, size_t len)
{
    const unsigned char *der = bytes;
    STACK_OF(X509) *certs = read_pkcs7(bytes, len);
    X509 *one = NULL;

    if (certs)
        return certs;
    certs = sk_X509_new_null();
    one = certs ? d2i_X509(NULL, &der, (long)len) : NULL;
    if (one && sk_X509_push(certs, one) <= 0)
        X509_free(one);
    else if (certs && !one)
        (void)anycert__read_certs(bytes, len, "what was fetched", ANYCERT_E_ANCHORS, certs, NULL);
    return certs;
}

static int append(struct anycert__intermediates **list, X509 *cert, struct anycert_error *err)
{
    if (!*list)
        *list = anycert__intermediates_new();
    if (!*list || !X509_up_ref(cert))
        return anycert__fail_nomem(err);
    if (sk_X509_push(anycert__intermediates_stack(*list), cert) > 0)
        return 0;
    X509_free(cert);
    return anycert__fail_nomem(err);
}

int anycert__intermediates_add_issuer(struct anycert__intermediates **list, const void *bytes,
                                      size_t len, const struct anycert__certificate *certificate,
                                      struct anycert__certificate *issuer,
                                      struct anycert_error *err)
{
    X509 *cert = decode(certificate);
    STACK_OF(X509) *certs = cert && len <= LONG_MAX ? read_any(bytes, len) : NULL;
    int result = 0;

    for (int i = 0; result == 0 && i < sk_X509_num(certs); i++) {
        X509 *candidate = sk_X509_value(certs, i);

        if (!signed_by(cert, candidate))
            continue;
        result = anycert__certificate_fill(issuer, candidate, err) == 0 &&
                         append(list, candidate, err) == 0
                     ? 1
                     : -1;
    }
    sk_X509_pop_free(certs, X509_free);
    X509_free(cert);
    anycert__tls_forget_errors();
    return result;
}

int anycert__intermediates_join(struct anycert__intermediates **list,
                                const struct anycert__intermediates *more,
                                struct anycert_error *err)
{
    STACK_OF(X509) *certs = anycert__intermediates_stack(more);

    for (int i = 0; i < sk_X509_num(certs); i++) {
        if (append(list, sk_X509_value(certs, i), err) < 0)
            return -1;
    }
    return 0;
}
