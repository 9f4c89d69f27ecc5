#include "tls/subject.h"

#include <openssl/asn1.h>
#include <openssl/err.h>
#include <openssl/objects.h>
#include <openssl/x509.h>

#include <stdbool.h>

#define TAG_INTEGER  0x02
#define TAG_OID      0x06
#define TAG_SEQUENCE 0x30
#define TAG_SET      0x31
#define TAG_VERSION  0xa0 /* [0] EXPLICIT */

#define MAX_LENGTH   ((size_t)1 << 28)
#define LONGEST_HEAD 6 /* tag, length of length, four bytes of it */

/* ---- a bounded reader of DER headers */

struct reader {
    const unsigned char *der;
    size_t have;  /* bytes that may be read */
    size_t at;    /* of the next header */
    size_t limit; /* end of the enclosing value; may lie beyond have */
};

struct element {
    unsigned char tag;
    size_t body, end;
};

/* Reads the header at r->at and does not move. 1; 0 if it lies beyond what is there; -1 if it is
 * broken or its value ends beyond the limit. Only what DER certificates need: short tags, definite
 * lengths. */
static int peek(const struct reader *r, struct element *out)
{
    size_t at = r->at, len = 0;
    if (r->limit - at < 2)
        return -1;
    if (at > r->have || r->have - at < 2)
        return 0;
    out->tag = r->der[at++];
    len = r->der[at++];
    if ((out->tag & 0x1f) == 0x1f || len == 0x80 || len > 0x84)
        return -1;
    if (len > 0x80) {
        size_t bytes = len - 0x80;
        if (r->limit - at < bytes)
            return -1;
        if (r->have - at < bytes)
            return 0;
        for (len = 0; bytes > 0; bytes--)
            len = len << 8 | r->der[at++];
    }
    if (len > MAX_LENGTH || len > r->limit - at)
        return -1;
    out->body = at;
    out->end = at + len;
    return 1;
}

static int enter(struct reader *r, unsigned char tag, struct element *out)
{
    int found = peek(r, out);
    if (found != 1)
        return found;
    if (out->tag != tag)
        return -1;
    r->at = out->body;
    r->limit = out->end;
    return 1;
}

static int skip(struct reader *r, unsigned char tag)
{
    struct element element;
    int found = peek(r, &element);
    if (found != 1)
        return found;
    if (element.tag != tag)
        return -1;
    r->at = element.end;
    return 1;
}

static int skip_version(struct reader *r)
{
    struct element element;
    int found = peek(r, &element);
    if (found == 1 && element.tag == TAG_VERSION)
        r->at = element.end;
    return found;
}

int anycert__subject_find(const unsigned char *der, size_t have,
                          struct anycert__subject_place *place, size_t *need)
{
    struct reader r = {.der = der, .have = have, .limit = MAX_LENGTH};
    struct element certificate, tbs, subject;
    int found = enter(&r, TAG_SEQUENCE, &certificate);
    if (found == 1)
        found = enter(&r, TAG_SEQUENCE, &tbs);
    if (found == 1)
        found = skip_version(&r);
    if (found == 1)
        found = skip(&r, TAG_INTEGER); /* serial number */
    for (int i = 0; found == 1 && i < 3; i++)
        found = skip(&r, TAG_SEQUENCE); /* signature algorithm, issuer, validity */
    if (found == 1)
        found = peek(&r, &subject);
    if (found == 0)
        *need = r.at + LONGEST_HEAD;
    if (found != 1)
        return found;
    if (subject.tag != TAG_SEQUENCE)
        return -1;
    *place = (struct anycert__subject_place){r.at, subject.end - r.at, certificate.end};
    *need = subject.end;
    return subject.end <= have ? 1 : 0;
}

/* ---- the key of a name */

#define FNV_BASIS UINT64_C(0xcbf29ce484222325)
#define FNV_PRIME UINT64_C(0x100000001b3)

static uint64_t add_byte(uint64_t hash, unsigned char byte)
{
    return (hash ^ byte) * FNV_PRIME;
}

/* Of an attribute's value only the ASCII letters and digits count, as these are the same in every
 * string type and whatever the letter case and spaces. */
static uint64_t hash_attribute(const unsigned char *oid, size_t oid_len, const unsigned char *text,
                               size_t text_len)
{
    uint64_t hash = FNV_BASIS;
    for (size_t i = 0; i < oid_len; i++)
        hash = add_byte(hash, oid[i]);
    hash = add_byte(hash, 0xff);
    for (size_t i = 0; i < text_len; i++) {
        unsigned char c = text[i];
        if (c >= 'A' && c <= 'Z')
            c = (unsigned char)(c - 'A' + 'a');
        if ((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'))
            hash = add_byte(hash, c);
    }
    /* The attributes' hashes are added up, as their order within an RDN may change; so mix them
     * well first. */
    hash ^= hash >> 33;
    hash *= UINT64_C(0xff51afd7ed558ccd);
    return hash ^ hash >> 33;
}

/* String types whose values are compared as text, apart from the two whose characters are wider
 * than bytes. */
static bool is_narrow_text(int tag)
{
    return tag == V_ASN1_UTF8STRING || tag == V_ASN1_PRINTABLESTRING || tag == V_ASN1_T61STRING ||
           tag == V_ASN1_IA5STRING || tag == V_ASN1_VISIBLESTRING;
}

static bool is_wide_text(int tag)
{
    return tag == V_ASN1_BMPSTRING || tag == V_ASN1_UNIVERSALSTRING;
}

/* Adds the attributes of one RDN. False if OpenSSL has to have a look. */
static bool add_rdn(struct reader rdn, uint64_t *sum)
{
    while (rdn.at < rdn.limit) {
        struct reader attribute = rdn;
        struct element sequence, oid, value;
        if (enter(&attribute, TAG_SEQUENCE, &sequence) != 1 || peek(&attribute, &oid) != 1 ||
            oid.tag != TAG_OID)
            return false;
        attribute.at = oid.end;
        if (peek(&attribute, &value) != 1 || value.end != sequence.end || is_wide_text(value.tag))
            return false;
        *sum += hash_attribute(rdn.der + oid.body, oid.end - oid.body, rdn.der + value.body,
                               is_narrow_text(value.tag) ? value.end - value.body : 0);
        rdn.at = sequence.end;
    }
    return true;
}

static bool sum_quickly(const unsigned char *name, size_t len, uint64_t *sum)
{
    struct reader r = {.der = name, .have = len, .limit = len};
    struct element sequence, set;
    if (enter(&r, TAG_SEQUENCE, &sequence) != 1 || sequence.end != len)
        return false;
    while (r.at < r.limit) {
        struct reader rdn = r;
        if (enter(&rdn, TAG_SET, &set) != 1 || !add_rdn(rdn, sum))
            return false;
        r.at = set.end;
    }
    return true;
}

/* The same through OpenSSL, which knows the wide string types. */
static int sum_thoroughly(const unsigned char *name, size_t len, uint64_t *sum)
{
    const unsigned char *p = name;
    X509_NAME *decoded = d2i_X509_NAME(NULL, &p, (long)len);
    int rv = -1;

    if (decoded == NULL)
        return -1;
    for (int i = 0; i < X509_NAME_entry_count(decoded); i++) {
        const X509_NAME_ENTRY *entry = X509_NAME_get_entry(decoded, i);
        const ASN1_OBJECT *oid = X509_NAME_ENTRY_get_object(entry);
        const ASN1_STRING *value = X509_NAME_ENTRY_get_data(entry);
        unsigned char *text = NULL;
        int text_len = 0, tag = ASN1_STRING_type(value);
        if ((is_narrow_text(tag) || is_wide_text(tag)) &&
            (text_len = ASN1_STRING_to_UTF8(&text, value)) < 0)
            goto out;
        *sum += hash_attribute(OBJ_get0_data(oid), OBJ_length(oid), text, (size_t)text_len);
        OPENSSL_free(text);
    }
    rv = 0;
out:
    X509_NAME_free(decoded);
    return rv;
}

int anycert__subject_key(const unsigned char *name, size_t len, uint64_t *key)
{
    int rv = 0;
    *key = 0;
    if (len > MAX_LENGTH)
        return -1;
    if (!sum_quickly(name, len, key)) {
        *key = 0;
        ERR_set_mark();
        rv = sum_thoroughly(name, len, key);
        ERR_pop_to_mark();
    }
    return rv;
}
