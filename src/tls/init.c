#include "tls/ossl.h"
#include "tls/link.h"

#include <anycert/version.h>

#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/rand.h>

int anycert__tls_init(struct anycert_error *err)
{
    EVP_MD *digest = NULL;

    if (anycert__link_index() < 0)
        return anycert__fail(err, ANYCERT_E_INTERNAL,
                             "OpenSSL has no room for another context index");
    digest = EVP_MD_fetch(NULL, "SHA256", NULL);
    EVP_MD_free(digest);
    if (!digest || RAND_status() != 1)
        return anycert__fail_openssl(err, ANYCERT_E_INTERNAL,
                                     "OpenSSL has no SHA-256 or no random numbers; look at its "
                                     "configuration file");
    return 0;
}

void anycert__tls_forget_errors(void)
{
    if (ERR_peek_error() != 0) /* clearing looks at every slot of the queue */
        ERR_clear_error();
}

const char *anycert__openssl_number(void)
{
    return OpenSSL_version(OPENSSL_VERSION_STRING);
}

const char *anycert_openssl_version(void)
{
    return OpenSSL_version(OPENSSL_VERSION);
}

int anycert_ignore_openssl_config(void)
{
    return OPENSSL_init_crypto(OPENSSL_INIT_NO_LOAD_CONFIG, NULL) == 1 ? 0 : -1;
}
