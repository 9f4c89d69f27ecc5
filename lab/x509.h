/* x509.h — certificates from a short description. */
#ifndef ANYCERT_LAB_X509_H
#define ANYCERT_LAB_X509_H

#include "lab/internal.h"

struct lab__cert_spec {
    const char *cn;          /* unless a quirk replaces it */
    const char *san;         /* OpenSSL's notation, or NULL for none */
    const char *constraints; /* name constraints likewise, or NULL */
    const char *purpose;     /* extended key usage likewise, or NULL */
    int from_days;           /* relative to the lab's start */
    int to_days;
    const char *digest;
    unsigned quirks;
    bool ca;
    int path_length; /* -1: unlimited */
    EVP_PKEY *key;
    X509 *issuer; /* NULL: signs itself */
    EVP_PKEY *issuer_key;
    X509 *key_id_of; /* whose key the authority key identifier names; NULL: the issuer's */
};

/* NULL if OpenSSL cannot; its error queue says why. */
X509 *lab__cert_make(struct lab *lab, const struct lab__cert_spec *spec);

#endif
