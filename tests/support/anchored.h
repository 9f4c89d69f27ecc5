/* support/anchored.h — trust anchors opened for a test, which fails (cmocka) where that goes wrong.
 */
#ifndef ANYCERT_TESTS_SUPPORT_ANCHORED_H
#define ANYCERT_TESTS_SUPPORT_ANCHORED_H

#include "tls/ossl.h"

/* Sources: a path, and a PEM text; both borrow. */
struct anycert__ca path_ca(char *path);
struct anycert__ca memory_ca(char *pem);

/* A reference to be dropped with anycert__anchors_unref. */
struct anycert__anchors *open_cas(const struct anycert__ca *cas, size_t count);
struct anycert__anchors *open_path(char *path);

/* Verifies at CERTS_NOW: X509_V_OK, or the error that OpenSSL's verification ends with. */
int verify(struct anycert__anchors *anchors, X509 *leaf, STACK_OF(X509) * untrusted);

#endif
