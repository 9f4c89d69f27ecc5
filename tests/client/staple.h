/* staple.h — OCSP answers for certificates of a test. */
#ifndef ANYCERT_TESTS_CLIENT_STAPLE_H
#define ANYCERT_TESTS_CLIENT_STAPLE_H

#include <stdbool.h>
#include <stddef.h>

#include <openssl/evp.h>
#include <openssl/x509.h>

/* An answer about cert, signed by its issuer, valid for a week from an hour ago; OPENSSL_free it.
 * Fails the test instead of returning an error. */
unsigned char *staple_make(X509 *cert, X509 *issuer, EVP_PKEY *issuer_key, bool revoked,
                           size_t *len);

#endif
