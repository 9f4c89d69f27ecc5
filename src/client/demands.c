#include "client/internal.h"

#include "base/mem.h"
#include "base/str.h"

#include <math.h>
#include <string.h>

/* ---- lists of status codes ---- */

int anycert__codes_set(struct anycert__codes *codes, const int *list, size_t count,
                       struct anycert_error *err)
{
    int *copy = NULL;

    if (!list && count > 0)
        return anycert__fail(err, ANYCERT_E_USAGE,
                             "the list of HTTP statuses is missing: NULL with %zu of them", count);
    for (size_t i = 0; i < count; i++) {
        if (list[i] < 100 || list[i] > 599)
            return anycert__fail(err, ANYCERT_E_USAGE,
                                 "%d is no HTTP status; they go from 100 to 599", list[i]);
    }
    if (count > 0) {
        copy = anycert__memdup(list, count * sizeof *list);
        if (!copy)
            return anycert__fail_nomem(err);
    }
    anycert__free(codes->list);
    codes->list = copy;
    codes->count = count;
    return 0;
}

bool anycert__codes_have(const struct anycert__codes *codes, int status)
{
    for (size_t i = 0; i < codes->count; i++) {
        if (codes->list[i] == status)
            return true;
    }
    return false;
}

void anycert__codes_clear(struct anycert__codes *codes)
{
    anycert__free(codes->list);
    codes->list = NULL;
    codes->count = 0;
}

/* ---- what a call is content with ---- */

static int replace_retry(struct anycert_retry **to, const struct anycert_retry *from,
                         struct anycert_error *err)
{
    struct anycert_retry *copy = from ? anycert_retry_copy(from, err) : NULL;

    if (from && !copy)
        return -1;
    anycert_retry_free(*to);
    *to = copy;
    return 0;
}

int anycert__demands_copy(struct anycert__demands *to, const struct anycert__demands *from,
                          struct anycert_error *err)
{
    to->error_handler = from->error_handler;
    to->error_arg = from->error_arg;
    if (anycert__codes_set(&to->ok, from->ok.list, from->ok.count, err) < 0 ||
        anycert__codes_set(&to->empty_valid, from->empty_valid.list, from->empty_valid.count, err) <
            0)
        return -1;
    return replace_retry(&to->retry, from->retry, err);
}

void anycert__demands_clear(struct anycert__demands *demands)
{
    anycert__codes_clear(&demands->ok);
    anycert__codes_clear(&demands->empty_valid);
    anycert_retry_free(demands->retry);
    memset(demands, 0, sizeof *demands);
}

int anycert__set_flag(bool *flag, int value, const char *name, struct anycert_error *err)
{
    if (value != 0 && value != 1)
        return anycert__fail(err, ANYCERT_E_USAGE, "%s is 0 or 1, not %d", name, value);
    *flag = value == 1;
    return 0;
}

/* ---- setters of a client's configuration ---- */

int anycert_config_set_ok_codes(struct anycert_config *config, const int *codes, size_t count,
                                struct anycert_error *err)
{
    return anycert__codes_set(&config->demands.ok, codes, count, err);
}

int anycert_config_set_empty_valid_codes(struct anycert_config *config, const int *codes,
                                         size_t count, struct anycert_error *err)
{
    return anycert__codes_set(&config->demands.empty_valid, codes, count, err);
}

int anycert_config_set_error_handler(struct anycert_config *config, anycert_error_handler *handler,
                                     void *arg, struct anycert_error *err)
{
    (void)err;
    config->demands.error_handler = handler;
    config->demands.error_arg = arg;
    return 0;
}

int anycert_config_set_retry(struct anycert_config *config, const struct anycert_retry *retry,
                             struct anycert_error *err)
{
    return replace_retry(&config->demands.retry, retry, err);
}

int anycert_config_set_rate_limit(struct anycert_config *config, double per_second, unsigned burst,
                                  struct anycert_error *err)
{
    if (!isfinite(per_second) || per_second < 0 || per_second > 1e6)
        return anycert__fail(err, ANYCERT_E_USAGE,
                             "a rate limit is between 0 and 1000000 requests a second");
    if (per_second > 0 && (burst == 0 || burst > 1000000))
        return anycert__fail(err, ANYCERT_E_USAGE,
                             "the burst of a rate limit is between 1 and 1000000 requests");
    config->rate = per_second;
    config->burst = burst;
    return 0;
}

int anycert_config_set_circuit_breaker(struct anycert_config *config, unsigned failures,
                                       uint32_t recovery_ms, struct anycert_error *err)
{
    (void)err;
    config->circuit_failures = failures;
    config->circuit_recovery_ms = recovery_ms;
    return 0;
}

int anycert_config_set_time_budget(struct anycert_config *config, uint32_t budget_ms,
                                   struct anycert_error *err)
{
    (void)err;
    config->budget_ms = budget_ms;
    return 0;
}

int anycert_config_set_waiting(struct anycert_config *config, int64_t (*now_us)(void *arg),
                               int (*sleep_ms)(void *arg, int64_t ms), void *arg,
                               struct anycert_error *err)
{
    (void)err;
    config->waiting.now_us = now_us;
    config->waiting.sleep_ms = sleep_ms;
    config->waiting.arg = arg;
    return 0;
}

int anycert_config_set_keep_last_redirect(struct anycert_config *config, int keep,
                                          struct anycert_error *err)
{
    return anycert__set_flag(&config->keep_last_redirect, keep, "keep_last_redirect", err);
}

int anycert_config_set_metrics(struct anycert_config *config, int metrics,
                               struct anycert_error *err)
{
    return anycert__set_flag(&config->metrics, metrics, "metrics", err);
}

int anycert_config_set_polling_hook(struct anycert_config *config, anycert_polling_hook *hook,
                                    void *arg, struct anycert_error *err)
{
    (void)err;
    config->polling = hook;
    config->polling_arg = arg;
    return 0;
}

int anycert_config_set_error_type_hook(struct anycert_config *config, anycert_error_type_hook *hook,
                                       void *arg, struct anycert_error *err)
{
    (void)err;
    config->error_type = hook;
    config->error_type_arg = arg;
    return 0;
}

int anycert_config_set_requests_timeout(struct anycert_config *config, const char *of_name,
                                        const char *general, struct anycert_error *err)
{
    const char *value = of_name && *of_name ? of_name : general;
    uint64_t ms = 0;

    if (!value || !*value)
        return 0;
    if (!anycert__parse_seconds(value, UINT32_MAX / 2, &ms) || ms == 0)
        return anycert__fail(err, ANYCERT_E_USAGE,
                             "REQUESTS_TIMEOUT%s is '%.40s', which is no number of seconds above 0",
                             value == of_name ? ".NAME" : "", value);
    config->limits.connect_ms = config->limits.stall_ms = (uint32_t)ms;
    return 0;
}

/* ---- setters of a request ---- */

int anycert_request_set_ok_codes(struct anycert_request *request, const int *codes, size_t count,
                                 struct anycert_error *err)
{
    return anycert__codes_set(&request->demands.ok, codes, count, err);
}

int anycert_request_set_empty_valid_codes(struct anycert_request *request, const int *codes,
                                          size_t count, struct anycert_error *err)
{
    return anycert__codes_set(&request->demands.empty_valid, codes, count, err);
}

int anycert_request_set_error_handler(struct anycert_request *request,
                                      anycert_error_handler *handler, void *arg,
                                      struct anycert_error *err)
{
    (void)err;
    request->demands.error_handler = handler;
    request->demands.error_arg = arg;
    return 0;
}

int anycert_request_set_retry(struct anycert_request *request, const struct anycert_retry *retry,
                              struct anycert_error *err)
{
    return replace_retry(&request->demands.retry, retry, err);
}

int anycert_request_set_resp_type(struct anycert_request *request, enum anycert_resp_type type,
                                  struct anycert_error *err)
{
    if (type < ANYCERT_RESP_RESPONSE || type > ANYCERT_RESP_XML)
        return anycert__fail(err, ANYCERT_E_USAGE, "there is no response type %d", (int)type);
    request->resp_type = type;
    return 0;
}

enum anycert_resp_type anycert_resp_type_parse(const char *text)
{
    static const char *const names[] = {"response", "json", "text", "content", "xml"};

    for (size_t i = 0; text && i < sizeof names / sizeof names[0]; i++) {
        if (anycert__str_equal_nocase(text, names[i]))
            return (enum anycert_resp_type)i;
    }
    return ANYCERT_RESP_RESPONSE;
}

int anycert_request_set_secret_body(struct anycert_request *request, int secret,
                                    struct anycert_error *err)
{
    return anycert__set_flag(&request->secret_body, secret, "secret_body", err);
}

int anycert_request_set_return_empty(struct anycert_request *request, int return_empty,
                                     struct anycert_error *err)
{
    return anycert__set_flag(&request->return_empty, return_empty, "return_empty", err);
}

int anycert_request_set_metrics(struct anycert_request *request, int metrics,
                                struct anycert_error *err)
{
    if (anycert__set_flag(&request->metrics, metrics, "metrics", err) < 0)
        return -1;
    request->has_metrics = true;
    return 0;
}
