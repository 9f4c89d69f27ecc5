/* What is configured about single hops: what the server may have, and how the proxy is told. */
#include "client/internal.h"

int anycert_config_set_secret_guard(struct anycert_config *config, enum anycert_secret_guard guard,
                                    struct anycert_error *err)
{
    if (guard != ANYCERT_SECRETS_SEND && guard != ANYCERT_SECRETS_WITHHOLD &&
        guard != ANYCERT_SECRETS_REFUSE)
        return anycert__fail(err, ANYCERT_E_USAGE, "there is no secret guard %d", (int)guard);
    config->secret_guard = guard;
    return 0;
}

int anycert_config_set_proxy_auth(struct anycert_config *config, enum anycert_proxy_auth auth,
                                  struct anycert_error *err)
{
    if (auth != ANYCERT_PROXY_BASIC && auth != ANYCERT_PROXY_DIGEST && auth != ANYCERT_PROXY_ANY)
        return anycert__fail(err, ANYCERT_E_USAGE, "there is no proxy authentication %d",
                             (int)auth);
    config->proxy_auth = auth;
    return 0;
}
