/* Handshakes for their own sake: what a server shows, without a request. */
#include "client/internal.h"

#include "http/url.h"

#include <string.h>

/* anycert_progress_callback, of a handshake. */
static int is_over(void *arg, uint64_t received, uint64_t receive_total, uint64_t sent,
                   uint64_t send_total)
{
    const struct anycert_config *config = arg;

    (void)received;
    (void)receive_total;
    (void)sent;
    (void)send_total;
    return config->interrupt(config->interrupt_arg);
}

/* An exchange that is ended before anything is sent, and once it is known what would be sent to. */
static int fill(struct anycert_client *client, const struct anycert__url *url,
                struct anycert__exchange *exchange, struct anycert_error *err)
{
    const struct anycert__limits *limits = &client->config->limits;
    int64_t now = anycert__clock_now(&client->config->clock);
    const struct anycert__situation *situation =
        anycert__situation_of(client, url, ANYCERT__HERE, now, &exchange->anchors, err);

    if (!situation)
        return -1;
    exchange->method = "HEAD";
    exchange->url = url;
    exchange->only_handshake = true;
    exchange->is_fresh = true;
    exchange->progress = client->config->interrupt ? is_over : NULL;
    exchange->progress_arg = client->config;
    exchange->terms = &situation->terms;
    exchange->only_public = client->config->private_addresses == ANYCERT_PRIVATE_REFUSED;
    exchange->connect_ms = limits->connect_ms ? limits->connect_ms : UINT32_MAX;
    exchange->stall_ms = limits->stall_ms ? limits->stall_ms : UINT32_MAX;
    exchange->limit_ms = exchange->total_ms = limits->total_ms;
    if (anycert__exchange_check_host(exchange, err) < 0)
        return -1;
    if (!client->settings.proxy_https || !anycert__http_proxied(client->http, url->host, url->port))
        return 0;
    situation = anycert__proxy_situation(client, now, &exchange->proxy_anchors, err);
    if (!situation)
        return anycert__error_prefix(err, "proxy");
    exchange->proxy_terms = &situation->terms;
    return 0;
}

/* A policy that ends in between is looked for again, as often as there are policies. */
static int look(struct anycert_client *client, const struct anycert__url *url,
                struct anycert_response *response, struct anycert_error *err)
{
    struct anycert_error lost = {0};
    int result = -1;

    for (int tries = 0; tries < 3; tries++) {
        struct anycert__exchange exchange = {0};
        bool again = false;

        anycert__error_clear(err);
        result = fill(client, url, &exchange, err);
        if (result == 0) {
            result = anycert__http_exchange(client->http, &exchange, err);
            again = result < 0 && exchange.lapsed;
            if (!again && anycert__response_take(response, &exchange, result < 0 ? &lost : err) < 0)
                result = -1;
        }
        anycert__exchange_clear(&exchange);
        anycert__anchors_unref(exchange.anchors);
        anycert__anchors_unref(exchange.proxy_anchors);
        if (!again)
            break;
    }
    return result;
}

int anycert_client_handshake(struct anycert_client *client, const char *url,
                             struct anycert_response **out, struct anycert_error *err)
{
    struct anycert__url parts = {0};
    int result = -1;

    *out = NULL;
    if (anycert__url_parse(url, &parts, err) < 0)
        return -1;
    if (!parts.https) {
        anycert__fail(err, ANYCERT_E_USAGE,
                      "there is no handshake with %s: http is not protected at all", parts.origin);
        goto out;
    }
    *out = anycert__response_new(err);
    if (*out)
        result = look(client, &parts, *out, err);
    if (*out && (*out)->hop_count == 0) {
        anycert_response_free(*out);
        *out = NULL;
    }
out:
    anycert__url_clear(&parts);
    return result;
}
