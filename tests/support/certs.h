/* support/certs.h — certificates made on the spot. Everything here fails the test (cmocka) instead
 * of returning errors. What is returned belongs to the caller: X509_free, EVP_PKEY_free, free. */
#ifndef ANYCERT_TESTS_SUPPORT_CERTS_H
#define ANYCERT_TESTS_SUPPORT_CERTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <openssl/evp.h>
#include <openssl/x509.h>

/* The time at which certificates are valid unless they say otherwise: 2026-06-15T12:00:00Z. */
#define CERTS_NOW INT64_C(1781524800)
#define CERTS_DAY INT64_C(86400)

/* Zero means the usual for each field. */
struct certs_recipe {
    const char *cn;  /* common name, UTF-8; NULL: an empty subject */
    const char *o;   /* organisation, before the common name */
    int string_type; /* of both: MBSTRING_UTF8 (0 too), V_ASN1_PRINTABLESTRING, V_ASN1_BMPSTRING …
                      */
    EVP_PKEY *key;   /* subject's key */
    X509 *issuer;    /* NULL: self-signed */
    EVP_PKEY *issuer_key;  /* NULL with NULL issuer: key */
    const EVP_MD *digest;  /* NULL: SHA-256, or none where the key wants none */
    int64_t not_before;    /* seconds since 1970; 0: a day before CERTS_NOW */
    int64_t not_after;     /* 0: a hundred days after CERTS_NOW */
    uint64_t serial;       /* 0: 1 */
    bool ca;               /* basicConstraints CA:TRUE and keyUsage keyCertSign, cRLSign */
    const char *san;       /* as in OpenSSL's configuration: "DNS:a.test,IP:127.0.0.1" */
    const char *eku;       /* "serverAuth", "OCSPSigning" … */
    const char *key_usage; /* instead of the above */
    const char
        *constraints; /* basicConstraints instead of the above, "critical,CA:TRUE,pathlen:0" */
};

X509 *certs_make(const struct certs_recipe *recipe);

/* Keys that are made once a program and shared: do not free. */
EVP_PKEY *certs_key(void);       /* EC P-256 */
EVP_PKEY *certs_other_key(void); /* another one */
/* Keys of one's own. */
EVP_PKEY *certs_new_ec(const char *curve);
EVP_PKEY *certs_new_rsa(unsigned bits);
/* "ED25519", "ED448" … */
EVP_PKEY *certs_new_named(const char *type);

/* A self-signed CA with certs_key; a leaf of it for a DNS name with certs_other_key. */
X509 *certs_root(const char *cn);
X509 *certs_leaf(const char *dns, X509 *issuer, EVP_PKEY *issuer_key);

/* PEM text, NUL-terminated. */
char *certs_pem(X509 *cert);
char *certs_key_pem(EVP_PKEY *key, const char *passphrase);
/* Two texts one behind the other; frees both. */
char *certs_join(char *a, char *b);

/* A new empty folder below the temporary folder, and files in it. */
char *certs_folder(void);
void certs_write(const char *path, const void *bytes, size_t len);
char *certs_path(const char *folder, const char *name);
/* Removes a folder and the files in it. */
void certs_remove(const char *folder);

#endif
