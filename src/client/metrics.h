/* client/metrics.h — counting what became of calls. */
#ifndef ANYCERT_CLIENT_METRICS_H
#define ANYCERT_CLIENT_METRICS_H

#include <anycert/metrics.h>

struct anycert__metrics;
/* NULL with NOMEM. */
struct anycert__metrics *anycert__metrics_new(struct anycert_error *err);
void anycert__metrics_free(struct anycert__metrics *metrics);
/* Safe from many threads. */
void anycert__metrics_count(struct anycert__metrics *metrics, enum anycert_metric metric);
/* How long a call took. Likewise. */
void anycert__metrics_time(struct anycert__metrics *metrics, int64_t us);

#endif
