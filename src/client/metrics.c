#include "client/metrics.h"

#include "client/internal.h"
#include "client/latency.h"

#include "base/buf.h"
#include "base/mem.h"

#include <inttypes.h>

#define METRICS (ANYCERT_METRIC_RETRY_ERROR + 1)

struct anycert__metrics {
    pthread_mutex_t mutex;
    uint64_t counts[METRICS];
    enum anycert_metric order[METRICS]; /* in which they began */
    size_t begun;
    struct anycert__latency latency;
};

struct anycert__metrics *anycert__metrics_new(struct anycert_error *err)
{
    struct anycert__metrics *metrics = anycert__calloc(1, sizeof *metrics);

    if (!metrics || pthread_mutex_init(&metrics->mutex, NULL) != 0) {
        anycert__free(metrics);
        anycert__fail_nomem(err);
        return NULL;
    }
    return metrics;
}

void anycert__metrics_free(struct anycert__metrics *metrics)
{
    if (!metrics)
        return;
    pthread_mutex_destroy(&metrics->mutex);
    anycert__latency_clear(&metrics->latency);
    anycert__free(metrics);
}

void anycert__metrics_count(struct anycert__metrics *metrics, enum anycert_metric metric)
{
    if ((unsigned)metric >= METRICS)
        metric = ANYCERT_METRIC_GENERAL_ERROR; /* a hook's answer that is none */
    pthread_mutex_lock(&metrics->mutex);
    if (metrics->counts[metric]++ == 0)
        metrics->order[metrics->begun++] = metric;
    pthread_mutex_unlock(&metrics->mutex);
}

void anycert__metrics_time(struct anycert__metrics *metrics, int64_t us)
{
    pthread_mutex_lock(&metrics->mutex);
    anycert__latency_add(&metrics->latency, us);
    pthread_mutex_unlock(&metrics->mutex);
}

const char *anycert_metric_name(enum anycert_metric metric)
{
    static const char *const names[METRICS] = {
        "Successful",      "QuotaError", "GeneralError", "AuthError",    "ServiceError",
        "ConnectionError", "ProxyError", "SSLError",     "TimeoutError", "RetryError"};

    return (unsigned)metric < METRICS ? names[metric] : NULL;
}

uint64_t anycert_client_metric(const struct anycert_client *client, enum anycert_metric metric)
{
    uint64_t count = 0;

    if ((unsigned)metric >= METRICS)
        return 0;
    pthread_mutex_lock(&client->metrics->mutex);
    count = client->metrics->counts[metric];
    pthread_mutex_unlock(&client->metrics->mutex);
    return count;
}

char *anycert_client_metrics_json(const struct anycert_client *client, struct anycert_error *err)
{
    struct anycert__metrics *metrics = client->metrics;
    struct anycert__buf out;
    char *text = NULL;

    anycert__buf_init(&out, 4096);
    anycert__buf_adds(&out, "[");
    pthread_mutex_lock(&metrics->mutex);
    for (size_t i = 0; i < metrics->begun; i++)
        anycert__buf_addf(&out, "%s{\"Type\":\"%s\",\"APICallsCount\":%" PRIu64 "}", i ? "," : "",
                          anycert_metric_name(metrics->order[i]),
                          metrics->counts[metrics->order[i]]);
    pthread_mutex_unlock(&metrics->mutex);
    anycert__buf_adds(&out, "]");
    text = anycert__buf_take(&out, "metrics", err);
    anycert__buf_free(&out);
    return text;
}

int64_t anycert_client_latency_us(const struct anycert_client *client, double percent)
{
    int64_t us = 0;

    pthread_mutex_lock(&client->metrics->mutex);
    us = anycert__latency_within(&client->metrics->latency, percent);
    pthread_mutex_unlock(&client->metrics->mutex);
    return us;
}

int64_t anycert_client_mean_latency_us(const struct anycert_client *client)
{
    int64_t us = 0;

    pthread_mutex_lock(&client->metrics->mutex);
    us = anycert__latency_mean(&client->metrics->latency);
    pthread_mutex_unlock(&client->metrics->mutex);
    return us;
}
