#include "client/observe.h"

#include "client/har.h"
#include "client/log.h"

static void on_begun(void *arg, const struct anycert__exchange *exchange, bool proxied)
{
    const struct anycert_client *client = arg;

    anycert__log_begun(client->log, exchange, proxied);
}

static void on_ended(void *arg, const struct anycert__exchange *exchange,
                     const struct anycert_error *failure, const struct anycert__wire *wire)
{
    const struct anycert_client *client = arg;

    anycert__log_ended(client->log, exchange, failure);
    if (client->config->har && wire)
        anycert__har_add(client->config->har, &client->settings, exchange, failure, wire);
}

int anycert__observe_init(struct anycert_client *client, struct anycert_error *err)
{
    const struct anycert_config *config = client->config;
    struct anycert__observer *observer = &client->settings.observer;

    if (config->log && config->log_level > ANYCERT_LOG_NONE) {
        client->log = anycert__log_new(config->log_level, config->log, config->log_arg,
                                       &client->settings, err);
        if (!client->log)
            return -1;
    }
    if (!client->log && !config->har)
        return 0;
    observer->begun = on_begun;
    observer->ended = on_ended;
    observer->arg = client;
    observer->wants_wire = config->har != NULL;
    return 0;
}
