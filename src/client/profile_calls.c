#include "client/profile.h"

#include "base/mem.h"

#define GIVEN(name) anycert__profile_given(profile, ANYCERT__PROFILE_KEY_##name)
#define BLAME(name) anycert__profile_blame(profile, ANYCERT__PROFILE_KEY_##name, err)

/* What retry.h documents, for the part of the delay that is not given. */
#define DEFAULT_BACKOFF_MS   5000
#define DEFAULT_MAX_DELAY_MS 120000
#define DEFAULT_RECOVERY_MS  60000

/* The default of retry_statuses in profile.def. */
static const int retried_statuses[] = {408, 429, 500, 502, 503, 504};

static uint32_t ms_or(const struct anycert__profile_value *value, uint32_t other)
{
    return value ? anycert__profile_ms(value) : other;
}

static int set_methods(const struct anycert_profile *profile, struct anycert_retry *retry,
                       struct anycert_error *err)
{
    char *methods = NULL;
    int result = 0;

    if (!GIVEN(RETRY_METHODS))
        return 0;
    result = anycert__profile_join(GIVEN(RETRY_METHODS), &methods, err);
    if (result == 0)
        result = anycert_retry_set_methods(retry, methods, err);
    anycert__free(methods);
    return result < 0 ? BLAME(RETRY_METHODS) : 0;
}

static int fill_retry(const struct anycert_profile *profile, unsigned count,
                      struct anycert_retry *retry, struct anycert_error *err)
{
    const struct anycert__profile_value *statuses = GIVEN(RETRY_STATUSES);
    size_t usual = sizeof retried_statuses / sizeof *retried_statuses;

    if (anycert_retry_set_count(retry, count, err) < 0)
        return BLAME(RETRIES);
    if (anycert_retry_set_statuses(retry, statuses ? statuses->codes : retried_statuses,
                                   statuses ? statuses->code_count : usual, err) < 0)
        return BLAME(RETRY_STATUSES);
    if (set_methods(profile, retry, err) < 0)
        return -1;
    if (anycert_retry_set_backoff(retry, ms_or(GIVEN(RETRY_BACKOFF), DEFAULT_BACKOFF_MS),
                                  ms_or(GIVEN(RETRY_JITTER), 0),
                                  ms_or(GIVEN(RETRY_MAX_DELAY), DEFAULT_MAX_DELAY_MS), err) < 0)
        return BLAME(RETRY_BACKOFF);
    if (GIVEN(RETRY_AFTER_MAX) && anycert_retry_set_retry_after_max(
                                      retry, anycert__profile_ms(GIVEN(RETRY_AFTER_MAX)), err) < 0)
        return BLAME(RETRY_AFTER_MAX);
    if (GIVEN(IDEMPOTENCY_HEADER) && anycert_retry_set_idempotency_header(
                                         retry, GIVEN(IDEMPOTENCY_HEADER)->texts.list[0], err) < 0)
        return BLAME(IDEMPOTENCY_HEADER);
    return 0;
}

static int apply_retries(const struct anycert__applying *a, struct anycert_error *err)
{
    const struct anycert_profile *profile = a->profile;
    const struct anycert__profile_value *count = GIVEN(RETRIES);
    struct anycert_retry *retry = NULL;
    int result = -1;

    if (!count)
        return 0;
    retry = anycert_retry_new(err);
    if (retry && fill_retry(profile, (unsigned)count->number, retry, err) == 0)
        result = anycert_config_set_retry(a->config, retry, err);
    anycert_retry_free(retry);
    return result;
}

static int apply_pace(const struct anycert__applying *a, struct anycert_error *err)
{
    const struct anycert_profile *profile = a->profile;
    const struct anycert__profile_value *rate = GIVEN(RATE);
    const struct anycert__profile_value *burst = GIVEN(BURST);
    const struct anycert__profile_value *failures = GIVEN(CIRCUIT_FAILURES);

    if (rate && anycert_config_set_rate_limit(a->config, rate->number,
                                              burst ? (unsigned)burst->number : 1, err) < 0)
        return BLAME(RATE);
    if (failures && anycert_config_set_circuit_breaker(
                        a->config, (unsigned)failures->number,
                        ms_or(GIVEN(CIRCUIT_RECOVERY), DEFAULT_RECOVERY_MS), err) < 0)
        return BLAME(CIRCUIT_FAILURES);
    if (GIVEN(TIME_BUDGET) &&
        anycert_config_set_time_budget(a->config, anycert__profile_ms(GIVEN(TIME_BUDGET)), err) < 0)
        return BLAME(TIME_BUDGET);
    return 0;
}

int anycert__profile_apply_calls(const struct anycert__applying *a, struct anycert_error *err)
{
    const struct anycert_profile *profile = a->profile;
    const struct anycert__profile_value *ok = GIVEN(OK_CODES);
    const struct anycert__profile_value *empty = GIVEN(EMPTY_VALID_CODES);

    if (ok && anycert_config_set_ok_codes(a->config, ok->codes, ok->code_count, err) < 0)
        return BLAME(OK_CODES);
    if (empty &&
        anycert_config_set_empty_valid_codes(a->config, empty->codes, empty->code_count, err) < 0)
        return BLAME(EMPTY_VALID_CODES);
    return apply_retries(a, err) < 0 ? -1 : apply_pace(a, err);
}
