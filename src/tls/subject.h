/* tls/subject.h — the subject name inside a certificate's first bytes, without decoding the
 * certificate. */
#ifndef ANYCERT_TLS_SUBJECT_H
#define ANYCERT_TLS_SUBJECT_H

#include <stddef.h>
#include <stdint.h>

/* Where things stand in a certificate (RFC 5280 section 4.1), counted from its first byte. */
struct anycert__subject_place {
    size_t offset, len; /* the subject Name, its own DER header included */
    size_t total;       /* length of the whole certificate */
};

/* Walks the DER headers in front of the subject; have bytes of the certificate are there. 1 if it
 * was found and lies within them, 0 if *need bytes are needed for another try, -1 if this is no
 * certificate in DER. */
int anycert__subject_find(const unsigned char *der, size_t have,
                          struct anycert__subject_place *place, size_t *need);

/* A number that is the same for all names that are equal by RFC 5280 section 7.1 as OpenSSL
 * compares them (X509_NAME_cmp: string types, letter case and spaces do not matter). Different
 * names have different keys nearly always, so equal keys are a reason to compare. 0, or -1 if the
 * bytes are no Name or memory is short. */
int anycert__subject_key(const unsigned char *name, size_t len, uint64_t *key);

#endif
