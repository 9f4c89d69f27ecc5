/* What is configured about trust on first use. */
#include "client/internal.h"

#include "policy/trust_store.h"

int anycert_config_set_trust_store(struct anycert_config *config, struct anycert_trust_store *store,
                                   struct anycert_error *err)
{
    (void)err;
    anycert__trust_store_ref(store);
    anycert_trust_store_free(config->trust_store);
    config->trust_store = store;
    return 0;
}

int anycert_config_set_trust_ask(struct anycert_config *config, anycert_trust_ask *ask, void *arg,
                                 struct anycert_error *err)
{
    (void)err;
    config->trust_ask = ask;
    config->trust_ask_arg = arg;
    return 0;
}
