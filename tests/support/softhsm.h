/* support/softhsm.h — a token in software: SoftHSM with a folder of its own. It is configured
 * through the environment of the test, which its module reads once: one folder for a whole program.
 * Everything here fails the test instead of returning errors. */
#ifndef ANYCERT_TESTS_SUPPORT_SOFTHSM_H
#define ANYCERT_TESTS_SUPPORT_SOFTHSM_H

#include <stdbool.h>

#include <openssl/evp.h>
#include <openssl/x509.h>

#define SOFTHSM_MODULE "/usr/lib/softhsm/libsofthsm2.so"
#define SOFTHSM_PIN    "4711-hunter2"

/* As cmocka's group setup and teardown, or called by it. */
int softhsm_setup(void **state);
int softhsm_teardown(void **state);
/* A new token with this label. */
void softhsm_add_token(const char *token);
/* A key with its id (two hexadecimal digits) and label; it cannot be extracted again. Without label
 * none. */
void softhsm_add_key(const char *token, const char *id, const char *label, EVP_PKEY *key);
void softhsm_add_cert(const char *token, const char *id, const char *label, X509 *cert);
/* "pkcs11:PATH?module-path=…" in a buffer that lives until the eighth call after it. */
const char *softhsm_uri(const char *path);

#endif
