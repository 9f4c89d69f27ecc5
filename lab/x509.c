#include "lab/x509.h"

#include <openssl/bn.h>
#include <openssl/x509v3.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MANY_NAMES       10000
#define UNKNOWN_CRITICAL "1.3.6.1.4.1.32473.1" /* the enterprise number for examples, RFC 5612 */

/* The name that a NUL byte cuts localhost out of. */
static const unsigned char nul_name[] = "localhost\0.lab.test";
#define NUL_NAME_LEN ((int)sizeof(nul_name) - 1)

static int set_serial(X509 *cert)
{
    BIGNUM *number = BN_new();
    int ok = number != NULL && BN_rand(number, 120, BN_RAND_TOP_ONE, BN_RAND_BOTTOM_ANY) &&
             BN_to_ASN1_INTEGER(number, X509_get_serialNumber(cert)) != NULL;

    BN_free(number);
    return ok;
}

static int set_name(X509_NAME *name, const char *cn, size_t cn_len)
{
    return X509_NAME_add_entry_by_NID(name, NID_organizationName, MBSTRING_ASC,
                                      (const unsigned char *)"anycert lab", -1, -1, 0) &&
           X509_NAME_add_entry_by_NID(name, NID_commonName, MBSTRING_ASC, (const unsigned char *)cn,
                                      (int)cn_len, -1, 0);
}

static int add_extension(X509 *cert, X509V3_CTX *context, int nid, const char *value)
{
    X509_EXTENSION *extension = X509V3_EXT_nconf_nid(NULL, context, nid, value);
    int ok = extension != NULL && X509_add_ext(cert, extension, -1);

    X509_EXTENSION_free(extension);
    return ok;
}

/* OpenSSL's notation has no way to write a NUL byte. */
static int add_nul_san(X509 *cert)
{
    GENERAL_NAMES *names = GENERAL_NAMES_new();
    GENERAL_NAME *name = GENERAL_NAME_new();
    ASN1_IA5STRING *text = ASN1_IA5STRING_new();
    int ok = 0;

    if (names == NULL || name == NULL || text == NULL ||
        !ASN1_STRING_set(text, nul_name, NUL_NAME_LEN)) {
        goto out;
    }
    GENERAL_NAME_set0_value(name, GEN_DNS, text);
    text = NULL;
    if (!sk_GENERAL_NAME_push(names, name)) {
        goto out;
    }
    name = NULL;
    ok = X509_add1_ext_i2d(cert, NID_subject_alt_name, names, 0, 0);
out:
    ASN1_IA5STRING_free(text);
    GENERAL_NAME_free(name);
    GENERAL_NAMES_free(names);
    return ok;
}

static int add_unknown_critical(X509 *cert)
{
    ASN1_OBJECT *id = OBJ_txt2obj(UNKNOWN_CRITICAL, 1);
    ASN1_OCTET_STRING *value = ASN1_OCTET_STRING_new();
    X509_EXTENSION *extension = NULL;
    int ok = id != NULL && value != NULL &&
             ASN1_OCTET_STRING_set(value, (const unsigned char *)"\x05", 2) &&
             (extension = X509_EXTENSION_create_by_OBJ(NULL, id, 1, value)) != NULL &&
             X509_add_ext(cert, extension, -1);

    X509_EXTENSION_free(extension);
    ASN1_OCTET_STRING_free(value);
    ASN1_OBJECT_free(id);
    return ok;
}

/* The usual names and ten thousand more. */
static int add_many_names(X509 *cert, X509V3_CTX *context, const char *san)
{
    size_t size = strlen(san) + MANY_NAMES * sizeof(",DNS:name-12345.lab.test") + 1;
    char *text = malloc(size);
    size_t used = strlen(san);
    int ok;

    if (text == NULL) {
        return 0;
    }
    memcpy(text, san, used + 1);
    for (int i = 0; i < MANY_NAMES; i++) {
        used += (size_t)snprintf(text + used, size - used, ",DNS:name-%05d.lab.test", i);
    }
    ok = add_extension(cert, context, NID_subject_alt_name, text);
    free(text);
    return ok;
}

static int add_names(X509 *cert, X509V3_CTX *context, const struct lab__cert_spec *spec)
{
    if (spec->quirks & LAB__QUIRK_NUL_SAN) {
        return add_nul_san(cert);
    }
    if (spec->quirks & LAB__QUIRK_MANY_NAMES) {
        return add_many_names(cert, context, spec->san);
    }
    return spec->san == NULL || add_extension(cert, context, NID_subject_alt_name, spec->san);
}

static int add_basic(X509 *cert, X509V3_CTX *context, const struct lab__cert_spec *spec)
{
    char basic[48] = "critical,CA:FALSE";

    if (spec->ca && spec->path_length >= 0) {
        snprintf(basic, sizeof(basic), "critical,CA:TRUE,pathlen:%d", spec->path_length);
    } else if (spec->ca) {
        snprintf(basic, sizeof(basic), "critical,CA:TRUE");
    }
    return add_extension(cert, context, NID_basic_constraints, basic) &&
           add_extension(cert, context, NID_subject_key_identifier, "hash");
}

/* What tools put into a self-signed CA certificate is less than what belongs there: no key usage.
 */
static int add_usage(X509 *cert, X509V3_CTX *context, const struct lab__cert_spec *spec)
{
    const char *usage = "critical,digitalSignature";

    if (spec->quirks & LAB__QUIRK_IS_CA) {
        return 1;
    }
    if (spec->ca) {
        usage = "critical,keyCertSign,cRLSign";
    } else if (EVP_PKEY_is_a(spec->key, "RSA")) {
        usage = "critical,digitalSignature,keyEncipherment";
    }
    return add_extension(cert, context, NID_key_usage, usage) &&
           (spec->purpose == NULL ||
            add_extension(cert, context, NID_ext_key_usage, spec->purpose));
}

static int add_extensions(X509 *cert, const struct lab__cert_spec *spec)
{
    X509V3_CTX context;
    X509 *issuer = spec->issuer != NULL ? spec->issuer : cert;

    X509V3_set_ctx(&context, issuer, cert, NULL, NULL, 0);
    if (!add_basic(cert, &context, spec) || !add_usage(cert, &context, spec) ||
        !add_names(cert, &context, spec)) {
        return 0;
    }
    if (spec->constraints != NULL &&
        !add_extension(cert, &context, NID_name_constraints, spec->constraints)) {
        return 0;
    }
    if ((spec->quirks & LAB__QUIRK_CRITICAL) && !add_unknown_critical(cert)) {
        return 0;
    }
    X509V3_set_ctx(&context, spec->key_id_of != NULL ? spec->key_id_of : issuer, cert, NULL, NULL,
                   0);
    return add_extension(cert, &context, NID_authority_key_identifier, "keyid");
}

/* Ed25519 has its digest built in. */
static int sign(struct lab *lab, X509 *cert, const struct lab__cert_spec *spec)
{
    EVP_PKEY *key = spec->issuer != NULL ? spec->issuer_key : spec->key;
    EVP_MD *digest = NULL;
    int ok;

    if (!EVP_PKEY_is_a(key, "ED25519")) {
        digest = EVP_MD_fetch(lab->libctx, spec->digest, NULL);
        if (digest == NULL) {
            return 0;
        }
    }
    ok = X509_sign(cert, key, digest) > 0;
    EVP_MD_free(digest);
    return ok;
}

/* The last byte of the encoding belongs to the signature. */
static X509 *with_broken_signature(struct lab *lab, X509 *cert)
{
    unsigned char *der = NULL;
    const unsigned char *cursor;
    int len = i2d_X509(cert, &der);
    X509 *broken = X509_new_ex(lab->libctx, NULL);

    X509_free(cert);
    if (len > 0 && broken != NULL) {
        der[len - 1] ^= 1;
        cursor = der;
        if (d2i_X509(&broken, &cursor, len) == NULL) {
            broken = NULL; /* d2i freed it */
        }
    }
    OPENSSL_free(der);
    return broken;
}

X509 *lab__cert_make(struct lab *lab, const struct lab__cert_spec *spec)
{
    X509 *cert = X509_new_ex(lab->libctx, NULL);
    const char *cn = spec->cn;
    size_t cn_len = strlen(spec->cn);

    if (spec->quirks & LAB__QUIRK_NUL_CN) {
        cn = (const char *)nul_name;
        cn_len = (size_t)NUL_NAME_LEN;
    }
    if (cert == NULL || !X509_set_version(cert, X509_VERSION_3) || !set_serial(cert) ||
        !set_name(X509_get_subject_name(cert), cn, cn_len) ||
        !X509_set_issuer_name(cert,
                              X509_get_subject_name(spec->issuer != NULL ? spec->issuer : cert)) ||
        X509_time_adj_ex(X509_getm_notBefore(cert), spec->from_days, 0, &lab->now) == NULL ||
        X509_time_adj_ex(X509_getm_notAfter(cert), spec->to_days, 0, &lab->now) == NULL ||
        !X509_set_pubkey(cert, spec->key) || !add_extensions(cert, spec) ||
        !sign(lab, cert, spec)) {
        X509_free(cert);
        return NULL;
    }
    return (spec->quirks & LAB__QUIRK_SIGNATURE) ? with_broken_signature(lab, cert) : cert;
}
