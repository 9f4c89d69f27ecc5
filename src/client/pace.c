#include "client/pace.h"

#include "base/mem.h"

/* Beyond every clock, and far from the end of the numbers. */
#define LATEST_US (INT64_MAX / 4)

struct anycert__pace {
    pthread_mutex_t mutex;

    /* bucket: a full one lets burst requests through at once */
    double per_second;
    unsigned burst;
    double tokens; /* below 0: so many are waiting */
    int64_t filled_us;
    bool begun;

    /* breaker */
    unsigned limit; /* 0: none */
    int64_t recovery_us;
    unsigned failures; /* one after the other */
    bool open, probing;
    int64_t opened_us;
};

struct anycert__pace *anycert__pace_new(const struct anycert_config *config,
                                        struct anycert_error *err)
{
    struct anycert__pace *pace = anycert__calloc(1, sizeof *pace);

    if (!pace || pthread_mutex_init(&pace->mutex, NULL) != 0) {
        anycert__free(pace);
        anycert__fail_nomem(err);
        return NULL;
    }
    pace->per_second = config->rate;
    pace->burst = config->burst;
    pace->limit = config->circuit_failures;
    pace->recovery_us = (int64_t)config->circuit_recovery_ms * 1000;
    return pace;
}

void anycert__pace_free(struct anycert__pace *pace)
{
    if (!pace)
        return;
    pthread_mutex_destroy(&pace->mutex);
    anycert__free(pace);
}

/* So many microseconds later, or as late as there is. */
static int64_t later(int64_t now_us, double us)
{
    return us < (double)(LATEST_US - now_us) ? now_us + (int64_t)us : LATEST_US;
}

bool anycert__pace_counts(const struct anycert__pace *pace)
{
    return pace->per_second > 0 || pace->limit > 0;
}

int64_t anycert__pace_reserve(struct anycert__pace *pace, int64_t now_us)
{
    int64_t at = now_us;

    if (pace->per_second <= 0)
        return now_us;
    pthread_mutex_lock(&pace->mutex);
    if (!pace->begun)
        pace->tokens = pace->burst;
    else if (now_us > pace->filled_us)
        pace->tokens += (double)(now_us - pace->filled_us) * pace->per_second / 1e6;
    if (pace->tokens > pace->burst)
        pace->tokens = pace->burst;
    pace->begun = true;
    pace->filled_us = now_us;
    pace->tokens -= 1;
    if (pace->tokens < 0)
        at = later(now_us, -pace->tokens / pace->per_second * 1e6);
    pthread_mutex_unlock(&pace->mutex);
    return at;
}

static bool has_recovered(const struct anycert__pace *pace, int64_t now_us)
{
    return now_us - pace->opened_us >= pace->recovery_us;
}

enum anycert__pass anycert__pace_enter(struct anycert__pace *pace, int64_t now_us,
                                       struct anycert_error *err)
{
    enum anycert__pass pass = ANYCERT__PASS_PLAIN;

    if (pace->limit == 0)
        return pass;
    pthread_mutex_lock(&pace->mutex);
    if (pace->open && !pace->probing && has_recovered(pace, now_us)) {
        pace->probing = true;
        pass = ANYCERT__PASS_PROBE;
    } else if (pace->open) {
        pass = ANYCERT__PASS_NONE;
        anycert__fail(err, ANYCERT_E_CIRCUIT_OPEN,
                      "the circuit breaker is open after %u failures%s; the request was not sent",
                      pace->failures, pace->probing ? ", and a probe is under way" : "");
    }
    pthread_mutex_unlock(&pace->mutex);
    return pass;
}

void anycert__pace_leave(struct anycert__pace *pace, enum anycert__pass pass,
                         enum anycert__verdict_of_try outcome, int64_t now_us)
{
    if (pace->limit == 0 || pass == ANYCERT__PASS_NONE)
        return;
    pthread_mutex_lock(&pace->mutex);
    if (pass == ANYCERT__PASS_PROBE)
        pace->probing = false;
    if (outcome == ANYCERT__TRY_GOOD && (pass == ANYCERT__PASS_PROBE || !pace->open)) {
        pace->open = false;
        pace->failures = 0;
    } else if (outcome == ANYCERT__TRY_BAD) {
        if (pace->failures < UINT32_MAX)
            pace->failures++;
        /* What was under way when it opened does not put off its recovery. */
        if (pass == ANYCERT__PASS_PROBE || (!pace->open && pace->failures >= pace->limit)) {
            pace->open = true;
            pace->opened_us = now_us;
        }
    }
    pthread_mutex_unlock(&pace->mutex);
}

enum anycert_circuit anycert__pace_circuit(struct anycert__pace *pace, int64_t now_us)
{
    enum anycert_circuit state = ANYCERT_CIRCUIT_CLOSED;

    pthread_mutex_lock(&pace->mutex);
    if (pace->open)
        state = pace->probing || has_recovered(pace, now_us) ? ANYCERT_CIRCUIT_HALF_OPEN
                                                             : ANYCERT_CIRCUIT_OPEN;
    pthread_mutex_unlock(&pace->mutex);
    return state;
}
