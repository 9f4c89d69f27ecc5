/* The one part of a policy that needs a hash: anchors in memory, which are named by their digest.
 */
#include "tls/ossl.h"

int anycert_policy_add_ca_pem(struct anycert_policy *policy, const void *pem, size_t len,
                              struct anycert_error *err)
{
    struct anycert__bundle *bundle = NULL;
    uint8_t digest[32];

    if (policy == NULL || (pem == NULL && len > 0))
        return anycert__fail(err, ANYCERT_E_USAGE, "adding trust anchors needs %s",
                             policy == NULL ? "a policy" : "their PEM text");
    bundle = anycert__bundle_index(pem, len, "the PEM text of trust anchors", err);
    if (bundle == NULL)
        return -1;
    anycert__bundle_free(bundle);
    if (anycert__sha256(pem, len, digest) != 0)
        return anycert__fail(err, ANYCERT_E_INTERNAL, "OpenSSL does not provide SHA-256");
    return anycert__policy_add_ca_memory(policy, pem, len, digest, err);
}
