#include "tls/ossl.h"
#include "tls/link.h"

#include <anycert/version.h>

#include <openssl/crypto.h>

int anycert__tls_init(struct anycert_error *err)
{
    if (anycert__link_index() < 0)
        return anycert__fail(err, ANYCERT_E_INTERNAL,
                             "OpenSSL has no room for another context index");
    return 0;
}

const char *anycert_openssl_version(void)
{
    return OpenSSL_version(OPENSSL_VERSION);
}

int anycert_ignore_openssl_config(void)
{
    return OPENSSL_init_crypto(OPENSSL_INIT_NO_LOAD_CONFIG, NULL) == 1 ? 0 : -1;
}
