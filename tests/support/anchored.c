#include "support/anchored.h"
#include "support/certs.h"

#include <openssl/x509_vfy.h>

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

struct anycert__ca path_ca(char *path)
{
    return (struct anycert__ca){.kind = ANYCERT__CA_PATH, .path = path};
}

struct anycert__ca memory_ca(char *pem)
{
    struct anycert__ca ca = {.kind = ANYCERT__CA_MEMORY, .pem = pem, .pem_len = strlen(pem)};
    assert_int_equal(0, anycert__sha256(pem, ca.pem_len, ca.digest));
    return ca;
}

struct anycert__anchors *open_cas(const struct anycert__ca *cas, size_t count)
{
    struct anycert_error err = {0};
    struct anycert__anchors *anchors = NULL;
    if (anycert__anchors_open(cas, count, &anchors, &err) != 0)
        fail_msg("%s", err.message);
    assert_non_null(anchors);
    return anchors;
}

struct anycert__anchors *open_path(char *path)
{
    struct anycert__ca ca = path_ca(path);
    return open_cas(&ca, 1);
}

/* X509_V_OK or the error that OpenSSL's verification ends with. */
int verify(struct anycert__anchors *anchors, X509 *leaf, STACK_OF(X509) * untrusted)
{
    X509_STORE_CTX *ctx = X509_STORE_CTX_new();
    int error = -1;
    assert_int_equal(1, X509_STORE_CTX_init(ctx, anycert__anchors_store(anchors), leaf, untrusted));
    X509_STORE_CTX_set_default(ctx, "ssl_server");
    X509_VERIFY_PARAM *param = X509_STORE_CTX_get0_param(ctx);
    X509_VERIFY_PARAM_set_time(param, (time_t)CERTS_NOW);
    X509_VERIFY_PARAM_set_flags(param, X509_V_FLAG_PARTIAL_CHAIN);
    X509_VERIFY_PARAM_set_auth_level(param, 2);
    if (X509_verify_cert(ctx) == 1)
        error = X509_V_OK;
    else
        error = X509_STORE_CTX_get_error(ctx);
    X509_STORE_CTX_free(ctx);
    return error;
}
