#include "client/retry.h"

#include "client/internal.h"

#include "base/mem.h"
#include "base/str.h"
#include "http/date.h"

#include <string.h>
#include <sys/random.h>

#define MAX_RETRIES 1000

struct anycert_retry {
    unsigned count;
    uint32_t factor_ms, jitter_ms, max_ms, retry_after_ms;
    struct anycert__codes statuses;
    char *methods; /* NULL: the idempotent ones */
    bool raise_on_status;
    char *idempotency_header;
};

struct anycert_retry *anycert_retry_new(struct anycert_error *err)
{
    struct anycert_retry *retry = anycert__calloc(1, sizeof *retry);

    if (!retry) {
        anycert__fail_nomem(err);
        return NULL;
    }
    retry->factor_ms = 5000;
    retry->max_ms = 120000;
    retry->retry_after_ms = 120000;
    return retry;
}

void anycert_retry_free(struct anycert_retry *retry)
{
    if (!retry)
        return;
    anycert__codes_clear(&retry->statuses);
    anycert__free(retry->methods);
    anycert__free(retry->idempotency_header);
    anycert__free(retry);
}

struct anycert_retry *anycert_retry_copy(const struct anycert_retry *retry,
                                         struct anycert_error *err)
{
    struct anycert_retry *copy = anycert_retry_new(err);

    if (!copy)
        return NULL;
    *copy = *retry;
    memset(&copy->statuses, 0, sizeof copy->statuses);
    copy->methods = anycert__strdup(retry->methods);
    copy->idempotency_header = anycert__strdup(retry->idempotency_header);
    if ((retry->methods && !copy->methods) ||
        (retry->idempotency_header && !copy->idempotency_header)) {
        anycert__fail_nomem(err);
        goto fail;
    }
    if (anycert__codes_set(&copy->statuses, retry->statuses.list, retry->statuses.count, err) < 0)
        goto fail;
    return copy;
fail:
    anycert_retry_free(copy);
    return NULL;
}

int anycert_retry_set_count(struct anycert_retry *retry, unsigned count, struct anycert_error *err)
{
    if (count > MAX_RETRIES)
        return anycert__fail(err, ANYCERT_E_USAGE, "%u retries are too many; the most is %d", count,
                             MAX_RETRIES);
    retry->count = count;
    return 0;
}

int anycert_retry_set_backoff(struct anycert_retry *retry, uint32_t factor_ms, uint32_t jitter_ms,
                              uint32_t max_ms, struct anycert_error *err)
{
    (void)err;
    retry->factor_ms = factor_ms;
    retry->jitter_ms = jitter_ms;
    retry->max_ms = max_ms;
    return 0;
}

int anycert_retry_set_statuses(struct anycert_retry *retry, const int *statuses, size_t count,
                               struct anycert_error *err)
{
    return anycert__codes_set(&retry->statuses, statuses, count, err);
}

/* The next word of a comma-separated list, without spaces around it; NULL at the end. */
static const char *next_word(const char **list, size_t *len)
{
    const char *word = *list;

    if (!word)
        return NULL;
    *len = strcspn(word, ",");
    *list = word[*len] ? word + *len + 1 : NULL;
    while (*len > 0 && *word == ' ') {
        word++;
        (*len)--;
    }
    while (*len > 0 && word[*len - 1] == ' ')
        (*len)--;
    return word;
}

int anycert_retry_set_methods(struct anycert_retry *retry, const char *methods,
                              struct anycert_error *err)
{
    const char *rest = methods;
    const char *word = NULL;
    size_t len = 0;
    char *copy = NULL;

    while ((word = next_word(&rest, &len)) != NULL) {
        char *method = anycert__strndup(word, len);
        bool is_token = method && anycert__is_token(method);

        anycert__free(method);
        if (!method)
            return anycert__fail_nomem(err);
        if (!is_token)
            return anycert__fail(err, ANYCERT_E_USAGE,
                                 "'%.40s' in the list of methods is not a method", word);
    }
    copy = anycert__strdup(methods);
    if (methods && !copy)
        return anycert__fail_nomem(err);
    anycert__free(retry->methods);
    retry->methods = copy;
    return 0;
}

int anycert_retry_set_retry_after_max(struct anycert_retry *retry, uint32_t max_ms,
                                      struct anycert_error *err)
{
    (void)err;
    retry->retry_after_ms = max_ms;
    return 0;
}

int anycert_retry_set_raise_on_status(struct anycert_retry *retry, int raise,
                                      struct anycert_error *err)
{
    return anycert__set_flag(&retry->raise_on_status, raise, "raise_on_status", err);
}

int anycert_retry_set_idempotency_header(struct anycert_retry *retry, const char *name,
                                         struct anycert_error *err)
{
    char *copy = NULL;

    if (name && anycert__field_check(name, "", err) < 0)
        return -1;
    copy = anycert__strdup(name);
    if (name && !copy)
        return anycert__fail_nomem(err);
    anycert__free(retry->idempotency_header);
    retry->idempotency_header = copy;
    return 0;
}

/* ---- the decision ---- */

static bool may_repeat(const struct anycert_retry *retry, const char *method)
{
    const char *rest = retry->methods ? retry->methods : "GET,HEAD,OPTIONS,TRACE,PUT,DELETE";
    const char *word = NULL;
    size_t len = 0;

    if (retry->idempotency_header)
        return true;
    while ((word = next_word(&rest, &len)) != NULL) {
        if (anycert__is_word_nocase(word, len, method))
            return true;
    }
    return false;
}

/* Failures before the server could have seen the request. */
static bool never_arrived(int error)
{
    switch (error) {
    case ANYCERT_E_RESOLVE:
    case ANYCERT_E_CONNECT:
    case ANYCERT_E_TIMEOUT_CONNECT:
    case ANYCERT_E_TLS_CLOSED:
    case ANYCERT_E_PROXY_RESOLVE:
    case ANYCERT_E_PROXY_CONNECT:
        return true;
    default:
        return false;
    }
}

/* Failures after which it may have. The limit for the whole request is one for each try. */
static bool lost_on_the_way(int error)
{
    switch (error) {
    case ANYCERT_E_NETWORK:
    case ANYCERT_E_RESET:
    case ANYCERT_E_TIMEOUT_STALL:
    case ANYCERT_E_TIMEOUT_TOTAL:
    case ANYCERT_E_PROXY:
        return true;
    default:
        return false;
    }
}

/* Milliseconds that the answer asks to wait (RFC 9110 section 10.2.3), cut to what the rules allow;
 * 0 if it asks for none that can be understood. */
static int64_t asked_delay(const struct anycert_retry *retry,
                           const struct anycert__outcome *outcome)
{
    int64_t seconds = 0;
    uint64_t number = 0;

    if (!outcome->retry_after || !*outcome->retry_after || retry->retry_after_ms == 0)
        return 0;
    if (anycert__parse_uint(outcome->retry_after, INT32_MAX, &number))
        seconds = (int64_t)number;
    else if (outcome->retry_after[strspn(outcome->retry_after, "0123456789")] == '\0')
        seconds = INT32_MAX; /* a number beyond every limit */
    else if (anycert__http_date(outcome->retry_after, &seconds))
        seconds -= outcome->now;
    else
        return 0;
    if (seconds <= 0)
        return 0;
    return seconds >= (int64_t)retry->retry_after_ms / 1000 + 1 ? retry->retry_after_ms
           : seconds * 1000 > retry->retry_after_ms             ? retry->retry_after_ms
                                                                : seconds * 1000;
}

bool anycert__retry_wants(const struct anycert_retry *retry, const struct anycert__outcome *outcome)
{
    if (!retry)
        return false;
    if (outcome->status == 0)
        return (never_arrived(outcome->error) &&
                (!outcome->arrived || may_repeat(retry, outcome->method))) ||
               (lost_on_the_way(outcome->error) && may_repeat(retry, outcome->method));
    if (outcome->goes_on &&
        (outcome->error == ANYCERT_E_BODY_TRUNCATED || outcome->error == ANYCERT_E_TIMEOUT_STALL ||
         outcome->error == ANYCERT_E_TIMEOUT_TOTAL))
        return may_repeat(retry, outcome->method);
    if (outcome->error != 0 || !may_repeat(retry, outcome->method))
        return false;
    if (anycert__codes_have(&retry->statuses, outcome->status))
        return true;
    return outcome->retry_after && retry->retry_after_ms > 0 &&
           (outcome->status == 413 || outcome->status == 429 || outcome->status == 503);
}

unsigned anycert__retry_count(const struct anycert_retry *retry)
{
    return retry ? retry->count : 0;
}

/* Uniform between 0 and max. */
static int64_t random_part(uint32_t max)
{
    uint64_t bits = 0;

    if (max == 0 || getrandom(&bits, sizeof bits, 0) != (ssize_t)sizeof bits)
        return 0;
    return (int64_t)(bits % ((uint64_t)max + 1));
}

int64_t anycert__retry_delay(const struct anycert_retry *retry, unsigned n,
                             const struct anycert__outcome *outcome)
{
    int64_t asked = asked_delay(retry, outcome);
    int64_t delay = retry->factor_ms;

    if (asked > 0)
        return asked;
    if (n <= 1)
        return 0;
    for (unsigned i = 1; i < n && delay > 0 && delay < retry->max_ms; i++)
        delay *= 2;
    delay += random_part(retry->jitter_ms);
    return delay < retry->max_ms ? delay : retry->max_ms;
}

bool anycert__retry_raises(const struct anycert_retry *retry)
{
    return retry && retry->raise_on_status;
}

const char *anycert__retry_idempotency(const struct anycert_retry *retry)
{
    return retry ? retry->idempotency_header : NULL;
}
