/* Opening trust stores: the one part of them that needs a hash, which names are hidden with. */
#include "tls/tls.h"

#include "policy/trust_store.h"

struct anycert_trust_store *anycert_trust_store_open(const char *path, struct anycert_error *err)
{
    return anycert__trust_store_open(path, false, anycert__hmac_sha256, err);
}

struct anycert_trust_store *anycert_trust_store_open_read_only(const char *path,
                                                               struct anycert_error *err)
{
    return anycert__trust_store_open(path, true, anycert__hmac_sha256, err);
}
