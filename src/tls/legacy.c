#include "tls/client_cert.h"

#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/provider.h>

int anycert__legacy_open(struct anycert__legacy *legacy, const char *what, int code,
                         struct anycert_error *err)
{
    const char *folder = OPENSSL_info(OPENSSL_INFO_MODULES_DIR);

    *legacy = (struct anycert__legacy){.libctx = OSSL_LIB_CTX_new()};
    if (!legacy->libctx)
        return anycert__fail_nomem(err);
    /* Said explicitly, or the environment could name another one (OPENSSL_MODULES). */
    if (folder && OSSL_PROVIDER_set_default_search_path(legacy->libctx, folder) == 1) {
        legacy->standard = OSSL_PROVIDER_load(legacy->libctx, "default");
        legacy->old = OSSL_PROVIDER_load(legacy->libctx, "legacy");
    }
    if (legacy->standard && legacy->old)
        return 0;
    ERR_clear_error(); /* file names twice over, and nothing that helps */
    anycert__fail(
        err, code,
        "%s is encrypted in a way that only OpenSSL's legacy provider knows, and %s has no "
        "legacy.so that can be loaded: install it (Debian: openssl-provider-legacy), or "
        "encrypt anew with AES",
        what, folder ? folder : "this OpenSSL");
    anycert__legacy_close(legacy);
    return -1;
}

void anycert__legacy_close(struct anycert__legacy *legacy)
{
    if (legacy->old)
        OSSL_PROVIDER_unload(legacy->old);
    if (legacy->standard)
        OSSL_PROVIDER_unload(legacy->standard);
    OSSL_LIB_CTX_free(legacy->libctx);
    *legacy = (struct anycert__legacy){0};
}

bool anycert__queue_says_unsupported(void)
{
    unsigned long code = 0;
    bool found = false;

    while ((code = ERR_get_error()) != 0) {
        int reason = ERR_GET_REASON(code);

        /* Decoders that pass say "unsupported", too; what EVP says is about an algorithm. */
        found =
            found || (ERR_GET_LIB(code) == ERR_LIB_EVP &&
                      (reason == ERR_R_UNSUPPORTED || reason == EVP_R_UNSUPPORTED_ALGORITHM ||
                       reason == EVP_R_UNSUPPORTED_CIPHER ||
                       reason == EVP_R_UNKNOWN_PBE_ALGORITHM || reason == EVP_R_UNKNOWN_CIPHER));
    }
    return found;
}
