/* client/log.h — lines about what a client does. Every function does nothing where nobody listens.
 */
#ifndef ANYCERT_CLIENT_LOG_H
#define ANYCERT_CLIENT_LOG_H

#include <stdbool.h>
#include <stdint.h>

#include <anycert/log.h>

#include "http/exchange.h"

struct anycert__log;

/* NULL with NOMEM. settings say what is secret, and outlive the log. */
struct anycert__log *anycert__log_new(enum anycert_log_level max_level,
                                      anycert_log_callback *callback, void *arg,
                                      const struct anycert__http_settings *settings,
                                      struct anycert_error *err);
void anycert__log_free(struct anycert__log *log);

/* A line; log may be NULL. Safe from many threads, as are all below. */
void anycert__log(struct anycert__log *log, enum anycert_log_level level, const char *format, ...)
    ANYCERT__PRINTF(3, 4);

/* As the observer of exchanges. */
void anycert__log_begun(struct anycert__log *log, const struct anycert__exchange *exchange,
                        bool proxied);
void anycert__log_ended(struct anycert__log *log, const struct anycert__exchange *exchange,
                        const struct anycert_error *failure);
/* The request is made again for the nth time, after a delay: because of an error, or of a status.
 */
void anycert__log_retry(struct anycert__log *log, const char *method, const char *url, unsigned n,
                        int64_t delay_ms, const struct anycert_error *error, int status);

#endif
