/* An X509 as plain data. The certificate is a stranger's: whatever is malformed in it is told,
 * never an error. */
#include "tls/ossl.h"
#include "base/mem.h"
#include "base/str.h"

#include <openssl/bio.h>
#include <openssl/bn.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/objects.h>
#include <openssl/x509v3.h>

#include <arpa/inet.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

#define UNREADABLE "(unreadable)"
#define FLAW_MAX   4096

/* RFC 4514, except that characters beyond ASCII stay UTF-8 instead of becoming escapes. */
#define NAME_FLAGS ((unsigned long)XN_FLAG_RFC2253 & ~(unsigned long)ASN1_STRFLGS_ESC_MSB)

/* ---- strings out of OpenSSL's objects */

static char *take_bio(BIO *bio)
{
    char *data = NULL;
    long len = BIO_get_mem_data(bio, &data);
    if (len <= 0)
        return anycert__strdup("");
    char *copy = anycert__malloc((size_t)len + 1);
    if (copy != NULL) {
        memcpy(copy, data, (size_t)len);
        copy[len] = '\0';
    }
    return copy;
}

char *anycert__name_text(const X509_NAME *name)
{
    BIO *bio = BIO_new(BIO_s_mem());
    char *text = NULL;

    if (bio == NULL)
        return NULL;
    text = X509_NAME_print_ex(bio, name, 0, NAME_FLAGS) < 0 ? anycert__strdup(UNREADABLE)
                                                            : take_bio(bio);
    BIO_free(bio);
    return text;
}

static char *serial_text(const X509 *cert)
{
    BIGNUM *number = ASN1_INTEGER_to_BN(X509_get0_serialNumber(cert), NULL);
    char *hex = number != NULL ? BN_bn2hex(number) : NULL;
    char *text = anycert__strdup(hex != NULL ? hex : UNREADABLE);

    OPENSSL_free(hex);
    BN_free(number);
    return text;
}

char *anycert__object_text(const ASN1_OBJECT *object)
{
    char text[128] = "";
    int nid = OBJ_obj2nid(object);
    if (nid != NID_undef)
        return anycert__strdup(OBJ_nid2ln(nid));
    if (OBJ_obj2txt(text, sizeof text, object, 1) <= 0)
        return anycert__strdup(UNREADABLE);
    return anycert__strdup(text);
}

/* ---- the parts of a certificate */

static int fill_names(struct anycert__certificate *out, const X509 *cert)
{
    const X509_NAME *subject = X509_get_subject_name(cert), *issuer = X509_get_issuer_name(cert);
    out->subject = anycert__name_text(subject);
    out->issuer = anycert__name_text(issuer);
    out->serial = serial_text(cert);
    out->self_issued = X509_NAME_cmp(subject, issuer) == 0;
    return out->subject && out->issuer && out->serial ? 0 : -1;
}

bool anycert__time_read(const ASN1_TIME *time, int64_t *out)
{
    struct tm tm;
    char date[ANYCERT__DATE_SIZE];
    time_t any = 0;
    int64_t day = 0;

    if (time == NULL || X509_cmp_time(time, &any) == 0 || ASN1_TIME_to_tm(time, &tm) != 1 ||
        tm.tm_year < -1900 || tm.tm_year > 8099)
        return false;
    snprintf(date, sizeof date, "%04u-%02u-%02u", (unsigned)(tm.tm_year + 1900) % 10000U,
             (unsigned)(tm.tm_mon + 1) % 100U, (unsigned)tm.tm_mday % 100U);
    if (!anycert__parse_date(date, &day))
        return false;
    *out = day + tm.tm_hour * INT64_C(3600) + tm.tm_min * INT64_C(60) + tm.tm_sec;
    return true;
}

static void fill_dates(struct anycert__certificate *out, const X509 *cert)
{
    out->dates_readable = anycert__time_read(X509_get0_notBefore(cert), &out->not_before) &&
                          anycert__time_read(X509_get0_notAfter(cert), &out->not_after);
    if (!out->dates_readable)
        out->not_before = out->not_after = 0;
}

static const char *key_type(const EVP_PKEY *key)
{
    static const struct {
        int id;
        const char *name;
    } types[] = {
        {EVP_PKEY_RSA, "RSA"}, {EVP_PKEY_RSA_PSS, "RSA-PSS"}, {EVP_PKEY_DSA, "DSA"},
        {EVP_PKEY_EC, "EC"},   {EVP_PKEY_ED25519, "Ed25519"}, {EVP_PKEY_ED448, "Ed448"},
    };
    for (size_t i = 0; i < sizeof types / sizeof types[0]; i++) {
        if (EVP_PKEY_get_base_id(key) == types[i].id)
            return types[i].name;
    }
    return EVP_PKEY_get0_type_name(key);
}

/* "P-256" where NIST has a name for the curve, else OpenSSL's; "" for a curve given by its
 * parameters. */
static const char *curve_name(const X509 *cert, const EVP_PKEY *key, char *buf, size_t size)
{
    X509_ALGOR *algorithm = NULL;
    const char *nist = NULL;
    int parameter_type = V_ASN1_UNDEF;
    size_t len = 0;

    if (EVP_PKEY_get_base_id(key) != EVP_PKEY_EC ||
        X509_PUBKEY_get0_param(NULL, NULL, NULL, &algorithm, X509_get_X509_PUBKEY(cert)) != 1)
        return "";
    X509_ALGOR_get0(NULL, &parameter_type, NULL, algorithm);
    if (parameter_type != V_ASN1_OBJECT || EVP_PKEY_get_group_name(key, buf, size, &len) != 1)
        return "";
    nist = EC_curve_nid2nist(OBJ_sn2nid(buf));
    return nist != NULL ? nist : buf;
}

/* A key that cannot be decoded has the name of its algorithm and no bits. */
static int fill_key(struct anycert__certificate *out, const X509 *cert)
{
    const EVP_PKEY *key = X509_get0_pubkey(cert);
    ASN1_OBJECT *algorithm = NULL;
    char curve[80] = "";

    if (key == NULL) {
        X509_PUBKEY_get0_param(&algorithm, NULL, NULL, NULL, X509_get_X509_PUBKEY(cert));
        out->key_type =
            algorithm != NULL ? anycert__object_text(algorithm) : anycert__strdup(UNREADABLE);
        out->curve = anycert__strdup("");
    } else {
        const char *type = key_type(key);
        int bits = EVP_PKEY_get_bits(key);
        out->key_type = anycert__strdup(type != NULL ? type : UNREADABLE);
        out->curve = anycert__strdup(curve_name(cert, key, curve, sizeof curve));
        out->key_bits = bits > 0 ? bits : 0;
    }
    return out->key_type && out->curve ? 0 : -1;
}

/* The digest in the signature; NID_undef where there is none (Ed25519) or it is unknown. */
static int signature_digest(X509 *cert, bool *unknown)
{
    int digest = NID_undef;
    /* Knows RSA-PSS, whose digest is a parameter. */
    *unknown = X509_get_signature_info(cert, &digest, NULL, NULL, NULL) != 1;
    if (!*unknown || OBJ_find_sigid_algs(X509_get_signature_nid(cert), &digest, NULL) == 1)
        return digest;
    return NID_undef;
}

static int fill_signature(struct anycert__certificate *out, X509 *cert)
{
    const X509_ALGOR *algorithm = NULL;
    const ASN1_OBJECT *object = NULL;
    int digest = signature_digest(cert, &out->signature_unknown);

    X509_get0_signature(NULL, &algorithm, cert);
    if (algorithm != NULL)
        X509_ALGOR_get0(&object, NULL, NULL, algorithm);
    out->signature_algorithm =
        object != NULL ? anycert__object_text(object) : anycert__strdup(UNREADABLE);
    out->signature_sha1 = digest == NID_sha1;
    out->signature_md5 =
        digest == NID_md5 || digest == NID_md5_sha1 || digest == NID_md4 || digest == NID_md2;
    return out->signature_algorithm ? 0 : -1;
}

static int fill_pin(struct anycert__certificate *out, const X509 *cert)
{
    unsigned char *spki = NULL;
    uint8_t digest[32];
    int len = i2d_X509_PUBKEY(X509_get_X509_PUBKEY(cert), &spki);
    int rv = -1;

    if (len > 0 && anycert__sha256(spki, (size_t)len, digest) == 0) {
        memcpy(out->pin, ANYCERT__PIN_PREFIX, sizeof ANYCERT__PIN_PREFIX - 1);
        EVP_EncodeBlock((unsigned char *)out->pin + sizeof ANYCERT__PIN_PREFIX - 1, digest,
                        (int)sizeof digest);
        rv = 0;
    }
    OPENSSL_free(spki);
    return rv;
}

static int fill_der(struct anycert__certificate *out, const X509 *cert)
{
    int len = i2d_X509(cert, NULL);
    unsigned char *p = NULL;

    if (len <= 0)
        return -1;
    out->der = anycert__malloc((size_t)len);
    p = out->der;
    if (out->der == NULL || i2d_X509(cert, &p) != len)
        return -1;
    out->der_len = (size_t)len;
    return anycert__sha256(out->der, out->der_len, out->sha256);
}

/* ---- alternative names */

static int set_value(struct anycert__alt_name *name, enum anycert__name_kind kind,
                     const void *bytes, size_t len)
{
    name->kind = kind;
    name->value = anycert__malloc(len + 1);
    if (name->value == NULL)
        return -1;
    if (len > 0)
        memcpy(name->value, bytes, len);
    name->value[len] = '\0';
    name->len = len;
    return 0;
}

static int set_string(struct anycert__alt_name *name, enum anycert__name_kind kind,
                      const ASN1_STRING *string)
{
    int len = ASN1_STRING_length(string);
    return set_value(name, kind, ASN1_STRING_get0_data(string), len > 0 ? (size_t)len : 0);
}

static int set_address(struct anycert__alt_name *name, const ASN1_STRING *string)
{
    char text[INET6_ADDRSTRLEN];
    int len = ASN1_STRING_length(string);
    if (len != 4 && len != 16)
        return set_value(name, ANYCERT__NAME_OTHER, "iPAddress", strlen("iPAddress"));
    if (inet_ntop(len == 4 ? AF_INET : AF_INET6, ASN1_STRING_get0_data(string), text,
                  sizeof text) == NULL)
        return -1;
    return set_value(name, ANYCERT__NAME_IP, text, strlen(text));
}

static int set_other(struct anycert__alt_name *name, int type)
{
    const char *kind = type == GEN_OTHERNAME  ? "otherName"
                       : type == GEN_X400     ? "x400Address"
                       : type == GEN_DIRNAME  ? "directoryName"
                       : type == GEN_EDIPARTY ? "ediPartyName"
                       : type == GEN_RID      ? "registeredID"
                                              : UNREADABLE;
    return set_value(name, ANYCERT__NAME_OTHER, kind, strlen(kind));
}

static int set_name(struct anycert__alt_name *out, const GENERAL_NAME *name)
{
    int type = 0;
    const void *value = GENERAL_NAME_get0_value(name, &type);
    switch (type) {
    case GEN_DNS:
        return set_string(out, ANYCERT__NAME_DNS, value);
    case GEN_EMAIL:
        return set_string(out, ANYCERT__NAME_EMAIL, value);
    case GEN_URI:
        return set_string(out, ANYCERT__NAME_URI, value);
    case GEN_IPADD:
        return set_address(out, value);
    default:
        return set_other(out, type);
    }
}

/* An extension that is there twice or cannot be decoded yields no names; OpenSSL's matcher sees
 * none either. */
static int fill_alt_names(struct anycert__certificate *out, const X509 *cert)
{
    int found = -1;
    GENERAL_NAMES *names = X509_get_ext_d2i(cert, NID_subject_alt_name, &found, NULL);
    int count = sk_GENERAL_NAME_num(names);
    int rv = 0;

    out->names_broken = names == NULL && found != -1;
    if (count > ANYCERT__ALT_NAMES_MAX)
        count = ANYCERT__ALT_NAMES_MAX;
    if (count > 0) {
        out->names = anycert__calloc((size_t)count, sizeof *out->names);
        rv = out->names != NULL ? 0 : -1;
    }
    for (int i = 0; rv == 0 && i < count; i++) {
        rv = set_name(&out->names[i], sk_GENERAL_NAME_value(names, i));
        out->name_count += rv == 0;
    }
    GENERAL_NAMES_free(names);
    return rv;
}

static int fill_flaw(struct anycert__certificate *out, X509 *cert)
{
    struct anycert__buf buf;

    anycert__buf_init(&buf, FLAW_MAX);
    anycert__flaw_write(cert, &buf);
    out->flaw = anycert__buf_take(&buf, "a flaw", NULL);
    anycert__buf_free(&buf);
    return out->flaw ? 0 : -1;
}

int anycert__certificate_fill(struct anycert__certificate *out, X509 *cert,
                              struct anycert_error *err)
{
    int rv = -1;

    *out = (struct anycert__certificate){0};
    ERR_set_mark();
    fill_dates(out, cert);
    out->is_ca = X509_check_ca(cert) != 0;
    if (fill_der(out, cert) == 0 && fill_pin(out, cert) == 0 && fill_names(out, cert) == 0 &&
        fill_key(out, cert) == 0 && fill_signature(out, cert) == 0 &&
        fill_alt_names(out, cert) == 0 && fill_flaw(out, cert) == 0)
        rv = 0;
    ERR_pop_to_mark();
    if (rv != 0) {
        anycert__certificate_clear(out);
        *out = (struct anycert__certificate){0};
        return anycert__fail_nomem(err);
    }
    return 0;
}

int anycert__certificate_read(struct anycert__certificate *out, const void *der, size_t len,
                              struct anycert_error *err)
{
    const unsigned char *p = der;
    X509 *cert = NULL;
    int rv = -1;

    *out = (struct anycert__certificate){0};
    ERR_set_mark();
    if (len <= LONG_MAX)
        cert = d2i_X509(NULL, &p, (long)len);
    ERR_pop_to_mark();
    if (cert == NULL || p != (const unsigned char *)der + len)
        anycert__fail(err, ANYCERT_E_FILE, "it is no certificate");
    else
        rv = anycert__certificate_fill(out, cert, err);
    X509_free(cert);
    return rv;
}
