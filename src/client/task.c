#include "client/task.h"

#include "base/buf.h"
#include "base/mem.h"
#include "base/str.h"
#include "client/log.h"
#include "client/retry.h"

#include <stdio.h>
#include <string.h>
#include <sys/random.h>

static const struct anycert_retry *rules_of(const struct anycert_client *client,
                                            const struct anycert_request *request)
{
    if (client->budget_until_us)
        return NULL; /* no time for a second try */
    return request->demands.retry ? request->demands.retry : client->config->demands.retry;
}

static int64_t now_us(const struct anycert__task *task)
{
    return anycert__waiting_now_us(&task->client->config->waiting);
}

/* What the client's pace needs a time for; else 0, as a look at the clock costs as much as the rest
 * of a turn. */
static int64_t pace_us(const struct anycert__task *task)
{
    return anycert__pace_counts(task->client->pace) ? now_us(task) : 0;
}

static void finish(struct anycert__task *task, int result)
{
    task->result = result;
    if (task->journeying)
        task->response = anycert__journey_end(&task->journey, result);
    task->journeying = false;
    if (task->response)
        task->response->retries = task->retries;
    task->exchange = NULL;
    task->state = TASK_DONE;
}

/* NULL: none but what the request's URL may have. */
static struct anycert_auth *auth_of(const struct anycert_client *client,
                                    const struct anycert_request *request)
{
    if (request->auth)
        return request->auth;
    return request->user ? NULL : client->config->auth;
}

void anycert__task_begin(struct anycert__task *task, struct anycert_client *client,
                         const struct anycert_request *request, bool is_call)
{
    memset(task, 0, sizeof *task);
    task->client = client;
    task->request = request;
    task->is_call = is_call;
    task->began_us = is_call ? anycert__waiting_now_us(&client->config->waiting) : 0;
    task->retry = rules_of(client, request);
    anycert__auth_begin(&task->auth, auth_of(client, request));
    task->state = TASK_ADMIT;
}

/* A random UUID (RFC 9562 section 5.4). */
static int make_key(char out[37], struct anycert_error *err)
{
    unsigned char b[16];

    if (getrandom(b, sizeof b, 0) != (ssize_t)sizeof b)
        return anycert__fail(err, ANYCERT_E_INTERNAL, "the system gives no random numbers");
    b[6] = (unsigned char)((b[6] & 0x0f) | 0x40);
    b[8] = (unsigned char)((b[8] & 0x3f) | 0x80);
    (void)snprintf(out, 37, "%02x%02x%02x%02x-%02x%02x-%02x%02x-%02x%02x-%02x%02x%02x%02x%02x%02x",
                   b[0], b[1], b[2], b[3], b[4], b[5], b[6], b[7], b[8], b[9], b[10], b[11], b[12],
                   b[13], b[14], b[15]);
    return 0;
}

/* The request's limit instead of the client's. */
static void replace_limit(uint32_t *limit, uint32_t own)
{
    if (own)
        *limit = own == UINT32_MAX ? 0 : own;
}

/* What is left of the client's budget cuts the limits of the request. */
static int choose_limits(const struct anycert__task *task, struct anycert__limits *limits,
                         struct anycert_error *err)
{
    const struct anycert_client *client = task->client;
    int64_t left_ms = 0;
    uint32_t left = 0;

    *limits = client->config->limits;
    replace_limit(&limits->connect_ms, task->request->limits.connect_ms);
    replace_limit(&limits->total_ms, task->request->limits.total_ms);
    replace_limit(&limits->stall_ms, task->request->limits.stall_ms);
    if (client->budget_until_us == 0)
        return 0;
    left_ms = (client->budget_until_us - now_us(task)) / 1000;
    if (left_ms <= 0)
        return anycert__fail(
            err, ANYCERT_E_TIMEOUT_BUDGET,
            "the client's %.1f s for all its requests were used up before this one was sent",
            client->config->budget_ms / 1000.0);
    left = left_ms > UINT32_MAX ? UINT32_MAX : (uint32_t)left_ms;
    limits->connect_ms =
        limits->connect_ms && limits->connect_ms < left ? limits->connect_ms : left;
    limits->stall_ms = limits->stall_ms && limits->stall_ms < left ? limits->stall_ms : left;
    limits->total_ms = limits->total_ms && limits->total_ms < left ? limits->total_ms : left;
    return 0;
}

static struct anycert__outcome outcome_of(const struct anycert__task *task, int status, int error,
                                          const struct anycert__fields *fields)
{
    struct anycert__outcome outcome = {
        .method = task->request->method,
        .status = status,
        .error = error,
        .arrived = task->journey.arrived,
        .retry_after = task->retry ? anycert__fields_get(fields, "Retry-After", 0) : NULL,
        .goes_on = task->request->resume,
        .now = task->retry ? anycert__clock_now(&task->client->config->clock) : 0,
    };
    return outcome;
}

/* A body that can be read only once is sent only once. */
static bool may_try_again(const struct anycert__task *task)
{
    return task->retries < anycert__retry_count(task->retry) &&
           anycert__body_repeats(&task->request->body);
}

/* The sink's question: is this answer's body for nobody, as the request will be made again? */
static bool will_try_again(void *arg, const struct anycert__exchange *exchange)
{
    const struct anycert__task *task = arg;
    struct anycert__outcome outcome = outcome_of(task, exchange->status, 0, &exchange->fields);

    return may_try_again(task) && anycert__retry_wants(task->retry, &outcome);
}

static int start_journey(struct anycert__task *task)
{
    struct anycert__limits limits;
    const char *key_name = anycert__retry_idempotency(task->retry);

    if (choose_limits(task, &limits, &task->error) < 0)
        return -1;
    if (key_name && !task->idempotency_key[0] && make_key(task->idempotency_key, &task->error) < 0)
        return -1;
    task->journeying = true;
    if (anycert__journey_begin(&task->journey, task->client, task->request, &limits, will_try_again,
                               task, &task->error) < 0)
        return -1;
    task->journey.auth = &task->auth;
    task->journey.sink.checks = task->is_call ? task->client : NULL;
    if (key_name && !anycert__fields_get(&task->request->headers, key_name, 0)) {
        task->journey.extra_name = key_name;
        task->journey.extra_value = task->idempotency_key;
    }
    return 0;
}

/* Whether the outcome speaks against the server, for the breaker. */
static enum anycert__verdict_of_try judge_try(int result, int error, int status)
{
    int class = anycert_error_class_of(error);

    if (result == 0)
        return status >= 500 ? ANYCERT__TRY_BAD : ANYCERT__TRY_GOOD;
    if (class == ANYCERT_CLASS_INTERRUPTED || class == ANYCERT_CLASS_INTERNAL ||
        class == ANYCERT_CLASS_USAGE || error == ANYCERT_E_BODY_WRITE ||
        error == ANYCERT_E_BODY_READ || error == ANYCERT_E_TIMEOUT_BUDGET ||
        error == ANYCERT_E_AUTH)
        return ANYCERT__TRY_UNKNOWN;
    return ANYCERT__TRY_BAD;
}

static void leave_pace(struct anycert__task *task, enum anycert__verdict_of_try outcome)
{
    anycert__pace_leave(task->client->pace, task->pass, outcome, pace_us(task));
    task->pass = ANYCERT__PASS_NONE;
}

/* No retry comes of it: the request has been sent, though, and what came of that is told. */
static void refuse_retry(struct anycert__task *task)
{
    char why[300];

    task->retries--;
    if (task->why.code)
        (void)snprintf(why, sizeof why, "%.280s", task->why.message);
    else
        (void)snprintf(why, sizeof why, "status %d", task->response ? task->response->status : 0);
    anycert__error_clear(&task->error);
    anycert__fail(&task->error, ANYCERT_E_CIRCUIT_OPEN,
                  "the circuit breaker is open, and the request is not sent again; its last try "
                  "ended with: %s",
                  why);
    finish(task, -1);
}

static void enter_pace(struct anycert__task *task)
{
    task->pass = anycert__pace_enter(task->client->pace, pace_us(task), &task->error);
    if (task->pass != ANYCERT__PASS_NONE)
        return;
    if (task->retries > 0)
        refuse_retry(task);
    else
        finish(task, -1);
}

static void trace_retry(const struct anycert__task *task, int64_t delay_ms)
{
    const struct anycert_config *config = task->client->config;
    const char *why = task->why.message;
    struct anycert__buf line;

    if (!config->trace)
        return;
    anycert__buf_init(&line, SIZE_MAX / 2);
    anycert__buf_addf(&line, "retry %u of %u in %g s: ", task->retries,
                      anycert__retry_count(task->retry), (double)delay_ms / 1000);
    if (task->why.code)
        anycert__buf_add_escaped(&line, why, strlen(why));
    else
        anycert__buf_addf(&line, "status %d", task->response ? task->response->status : 0);
    if (!line.failed)
        config->trace(config->trace_arg, '*', line.data, line.len);
    anycert__buf_free(&line);
}

/* Waits for the next try, unless the breaker will not let it through anyway. */
static void await_retry(struct anycert__task *task, const struct anycert__outcome *outcome)
{
    int64_t now = now_us(task);
    int64_t delay_ms = anycert__retry_delay(task->retry, ++task->retries, outcome);

    task->wake_us = now + 1000 * delay_ms;
    task->response = anycert__journey_end(&task->journey, -1);
    task->journeying = false;
    task->why = task->error;
    anycert__error_clear(&task->error);
    task->state = TASK_ADMIT;
    if (anycert__pace_circuit(task->client->pace, task->wake_us) == ANYCERT_CIRCUIT_OPEN) {
        refuse_retry(task);
        return;
    }
    anycert__log_retry(task->client->log, task->request->method, task->request->url.text,
                       task->retries, delay_ms, &task->why,
                       task->response ? task->response->status : 0);
    trace_retry(task, delay_ms);
}

/* The try is over: another one, or the end. */
static void end_of_try(struct anycert__task *task, int result)
{
    const struct anycert_response *response = task->journey.response;
    int status = response ? response->status : 0;
    struct anycert__outcome outcome;

    leave_pace(task, judge_try(result, task->error.code, status));
    if (!response) {
        finish(task, result);
        return;
    }
    outcome = outcome_of(task, status, result < 0 ? task->error.code : 0, &response->fields);
    /* Nothing of the request itself was sent: what is tried again is to get a token. */
    if (result < 0 && (task->journey.is_fetching || task->auth.refused_status))
        outcome.method = "GET";
    if (result < 0 && task->auth.refused_status) {
        outcome.status = task->auth.refused_status;
        outcome.error = 0;
        outcome.retry_after =
            task->auth.refused_retry_after[0] ? task->auth.refused_retry_after : NULL;
    }
    if (may_try_again(task) && anycert__retry_wants(task->retry, &outcome)) {
        await_retry(task, &outcome);
        return;
    }
    if (result == 0 && task->retries > 0 && anycert__retry_raises(task->retry) &&
        anycert__retry_wants(task->retry, &outcome))
        result = anycert__fail(&task->error, ANYCERT_E_HTTP_RETRIES,
                               "status %d is still there after %u retries", status, task->retries);
    if (result == 0)
        result = anycert__journey_commit(&task->journey, &task->error);
    finish(task, result);
}

/* Takes its turn among the requests of the client. */
static void reserve_pace(struct anycert__task *task)
{
    const struct anycert_client *client = task->client;

    task->wake_us = anycert__pace_reserve(client->pace, pace_us(task));
    task->state = TASK_PACED;
    if (client->budget_until_us == 0 || task->wake_us < client->budget_until_us ||
        task->wake_us <= pace_us(task))
        return;
    anycert__fail(&task->error, ANYCERT_E_TIMEOUT_BUDGET,
                  "the rate limit lets this request wait beyond the client's %.1f s for all its "
                  "requests",
                  client->config->budget_ms / 1000.0);
    leave_pace(task, ANYCERT__TRY_UNKNOWN);
    finish(task, -1);
}

enum anycert__step anycert__task_next(struct anycert__task *task)
{
    int prepared = 0;

    for (;;) {
        switch (task->state) {
        case TASK_ADMIT:
            if (task->retries > 0 && now_us(task) < task->wake_us)
                return ANYCERT__STEP_WAIT;
            enter_pace(task);
            if (task->state != TASK_DONE)
                reserve_pace(task);
            break;
        case TASK_PACED:
            if (pace_us(task) < task->wake_us)
                return ANYCERT__STEP_WAIT;
            /* The breaker may have opened in the meantime. */
            if (task->pass == ANYCERT__PASS_PLAIN)
                enter_pace(task);
            if (task->state == TASK_DONE)
                break;
            task->state = TASK_SEND;
            anycert_response_free(task->response);
            task->response = NULL;
            if (start_journey(task) < 0)
                end_of_try(task, -1);
            break;
        case TASK_SEND:
            prepared = anycert__journey_prepare(&task->journey, &task->error);
            if (prepared < 0) {
                end_of_try(task, -1);
                break;
            }
            if (prepared > 0) {
                task->wake_us = now_us(task) + ANYCERT__TOKEN_POLL_US;
                return ANYCERT__STEP_WAIT;
            }
            task->exchange = &task->journey.exchange;
            task->state = TASK_UNDER_WAY;
            return ANYCERT__STEP_EXCHANGE;
        case TASK_UNDER_WAY:
            return ANYCERT__STEP_EXCHANGE;
        case TASK_DONE:
            return ANYCERT__STEP_DONE;
        }
    }
}

void anycert__task_took(struct anycert__task *task, int result, const struct anycert_error *err)
{
    if (result < 0 && err)
        task->error = *err;
    result = anycert__journey_took(&task->journey, result, &task->error);
    task->exchange = NULL;
    task->state = TASK_SEND;
    if (result <= 0)
        end_of_try(task, result);
}

void anycert__task_clear(struct anycert__task *task)
{
    if (task->state != TASK_DONE)
        leave_pace(task, ANYCERT__TRY_UNKNOWN);
    if (task->journeying)
        anycert_response_free(anycert__journey_end(&task->journey, -1));
    task->journeying = false;
    anycert__auth_end(&task->auth);
    anycert_response_free(task->response);
    task->response = NULL;
    task->state = TASK_DONE;
}

/* ---- for a caller who waits ---- */

/* In slices, so that a request that is interrupted ends soon. */
int anycert__task_wait(const struct anycert__task *task, struct anycert_error *err)
{
    const struct anycert__waiting *waiting = &task->client->config->waiting;
    const struct anycert_request *request = task->request;
    int64_t slice = waiting->sleep_ms || !request->progress ? INT64_MAX : 100;

    for (;;) {
        int64_t left = (task->wake_us - now_us(task) + 999) / 1000;

        if (left <= 0)
            return 0;
        if (anycert__waiting_sleep(waiting, left < slice ? left : slice) < 0 ||
            (request->progress && request->progress(request->progress_arg, 0, 0, 0, 0) != 0))
            return anycert__fail(err, ANYCERT_E_INTERRUPTED, "interrupted");
    }
}

static int run(struct anycert__task *task)
{
    for (;;) {
        struct anycert_error failure = {0};

        switch (anycert__task_next(task)) {
        case ANYCERT__STEP_EXCHANGE:
            anycert__task_took(task,
                               anycert__http_exchange(task->client->http, task->exchange, &failure),
                               &failure);
            break;
        case ANYCERT__STEP_WAIT:
            if (anycert__task_wait(task, &task->error) < 0) {
                if (task->response)
                    task->response->retries = task->retries - 1;
                return -1;
            }
            break;
        case ANYCERT__STEP_DONE:
            return task->result;
        }
    }
}

static int send(struct anycert_client *client, const struct anycert_request *request, bool checked,
                struct anycert_response **out, struct anycert_error *err)
{
    struct anycert__task task;
    int result = -1;

    *out = NULL;
    anycert__task_begin(&task, client, request, checked);
    result = run(&task);
    *out = task.response;
    task.response = NULL;
    if (checked)
        result = anycert__call_finish(&task, result, *out, &task.error);
    if (result < 0 && err)
        *err = task.error;
    anycert__task_clear(&task);
    return result;
}

int anycert_client_send(struct anycert_client *client, const struct anycert_request *request,
                        struct anycert_response **out, struct anycert_error *err)
{
    return send(client, request, false, out, err);
}

int anycert_client_call(struct anycert_client *client, const struct anycert_request *request,
                        struct anycert_response **out, struct anycert_error *err)
{
    return send(client, request, true, out, err);
}
