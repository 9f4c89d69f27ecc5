/* Opening trust stores: what they need from above, a hash to hide names with, and the names of
 * internationalised hosts as URLs have them. */
#include "http/url.h"
#include "tls/tls.h"

#include "policy/trust_store.h"

struct anycert_trust_store *anycert_trust_store_open(const char *path, struct anycert_error *err)
{
    return anycert__trust_store_open(path, false, anycert__hmac_sha256, anycert__host_to_ascii,
                                     err);
}

struct anycert_trust_store *anycert_trust_store_open_read_only(const char *path,
                                                               struct anycert_error *err)
{
    return anycert__trust_store_open(path, true, anycert__hmac_sha256, anycert__host_to_ascii, err);
}
