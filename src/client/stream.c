#include <anycert/stream.h>

#include <anycert/short_diagnosis.h>

#include "client/task.h"

#include "base/buf.h"
#include "base/mem.h"
#include "http/loop.h"
#include "verdict/short_diagnosis.h"

#include <string.h>

#define ENOUGH ((size_t)64 * 1024)

struct anycert_stream {
    struct anycert_client *client;
    struct anycert_request request; /* borrows all that it has */
    struct anycert__loop *loop;
    struct anycert__task task;
    bool is_flying;   /* an exchange is under way in the loop */
    bool is_waiting;  /* for the task's wake_us */
    bool is_answered; /* the answer has been taken, or why there is none */
    bool has_begun;   /* the answer's body has */
    bool has_ended;   /* the task is done */
    bool has_enough;  /* the exchange's hold */
    struct anycert__buf bytes;
    size_t taken; /* of them */
    /* Of a failure behind the answer's header, once that was given away; or NULL. */
    struct anycert_short_diagnosis *told;
};

/* ---- loops that are kept ---- */

static struct anycert__loop *take_loop(struct anycert_client *client, struct anycert_error *err)
{
    struct anycert__loop *loop = NULL;

    pthread_mutex_lock(&client->mutex);
    if (client->loop_count > 0)
        loop = client->loops[--client->loop_count];
    pthread_mutex_unlock(&client->mutex);
    return loop ? loop : anycert__loop_new(client->http, 1, err);
}

static void give_back_loop(struct anycert_client *client, struct anycert__loop *loop)
{
    pthread_mutex_lock(&client->mutex);
    if (client->loop_count < ANYCERT__IDLE_LOOPS) {
        client->loops[client->loop_count++] = loop;
        loop = NULL;
    }
    pthread_mutex_unlock(&client->mutex);
    anycert__loop_free(loop);
}

/* ---- moving on ---- */

static int on_bytes(void *arg, const void *bytes, size_t len)
{
    struct anycert_stream *stream = arg;

    stream->has_begun = true;
    if (anycert__buf_add(&stream->bytes, bytes, len) < 0)
        return -1;
    stream->has_enough = stream->bytes.len >= ENOUGH;
    return 0;
}

/* One step of an exchange that is under way. False if it was not waited for, and is not over. */
static bool fly(struct anycert_stream *stream, bool waits)
{
    struct anycert_error err = {0};
    int result = -1;

    if (!stream->is_flying) {
        if (anycert__loop_start(stream->loop, stream->task.exchange, &err) < 0) {
            anycert__task_took(&stream->task, -1, &err);
            return true;
        }
        stream->is_flying = true;
    }
    /* What is due at once may bring what is waited for, and then there is nothing to wait for. */
    anycert__loop_wait(stream->loop, waits && anycert__loop_timeout_ms(stream->loop) != 0 ? -1 : 0);
    if (!anycert__loop_ended(stream->loop, &result, &err))
        return waits;
    stream->is_flying = false;
    anycert__task_took(&stream->task, result, &err);
    return true;
}

/* Between two tries, or for the rate limit. */
static bool stay(struct anycert_stream *stream, bool waits)
{
    stream->is_waiting = !waits;
    if (waits && anycert__task_wait(&stream->task, &stream->task.error) < 0) {
        stream->task.result = -1;
        stream->has_ended = true;
    }
    return waits;
}

/* True while what the exchange has is held back, and the reader has taken what came before. */
static bool is_to_resume(const struct anycert_stream *stream)
{
    return stream->is_flying && stream->task.exchange->is_held && !stream->has_enough;
}

/* Goes on, and waits for something to happen if it may. False if it may not, and nothing more can
 * be done now. */
static bool move(struct anycert_stream *stream, bool waits)
{
    stream->is_waiting = false;
    if (is_to_resume(stream)) {
        anycert__loop_resume(stream->loop, stream->task.exchange); /* which may bring bytes */
        return true;
    }
    switch (anycert__task_next(&stream->task)) {
    case ANYCERT__STEP_EXCHANGE:
        return fly(stream, waits);
    case ANYCERT__STEP_WAIT:
        return stay(stream, waits);
    case ANYCERT__STEP_DONE:
        break;
    }
    stream->has_ended = true;
    return true;
}

/* True once the header is the answer's. libcurl may answer a challenge by itself; what follows then
 * is known by its body or its end alone. */
static bool is_there(const struct anycert_stream *stream)
{
    const struct anycert__exchange *exchange = stream->task.exchange;

    if (stream->has_ended || !stream->is_flying)
        return stream->has_ended;
    return stream->has_begun ||
           (exchange->has_header && !stream->task.journey.is_fetching && exchange->status != 401 &&
            exchange->status != 407 && exchange->status != 417 &&
            anycert__sink_wants(&stream->task.journey.sink, exchange));
}

static bool has_bytes(const struct anycert_stream *stream)
{
    return stream->bytes.len > stream->taken;
}

/* True if what the caller will ask for next is there. */
static bool is_ready(const struct anycert_stream *stream)
{
    return stream->is_answered ? has_bytes(stream) || stream->has_ended : is_there(stream);
}

/* The answer as it stands now. */
static struct anycert_response *begun(struct anycert_stream *stream, struct anycert_error *err)
{
    struct anycert__task *task = &stream->task;
    struct anycert_response *response = NULL;
    struct anycert_report *report = NULL;
    struct anycert_report *proxy_report = NULL;

    if (stream->has_ended) {
        response = task->response;
        task->response = NULL;
        return response;
    }
    if (anycert__loop_look(stream->loop, task->exchange, &report, &proxy_report, err) < 0)
        return NULL;
    return anycert__response_begun(task->journey.response, task->exchange, report, proxy_report,
                                   err);
}

/* ---- the interface ---- */

static int check(const struct anycert_request *request, struct anycert_error *err)
{
    if (request->output_file || request->body_callback)
        return anycert__fail(err, ANYCERT_E_USAGE, "the body of a stream goes to no %s",
                             request->output_file ? "output file" : "callback");
    return 0;
}

struct anycert_stream *anycert_stream_new(struct anycert_client *client,
                                          const struct anycert_request *request,
                                          struct anycert_error *err)
{
    struct anycert_stream *stream = NULL;

    if (check(request, err) < 0)
        return NULL;
    stream = anycert__calloc(1, sizeof *stream);
    if (!stream) {
        anycert__fail_nomem(err);
        return NULL;
    }
    stream->client = client;
    stream->request = *request;
    stream->request.body_callback = on_bytes;
    stream->request.body_arg = stream;
    stream->request.hold = &stream->has_enough;
    anycert__buf_init(&stream->bytes, SIZE_MAX / 2);
    stream->loop = take_loop(client, err);
    if (!stream->loop) {
        anycert__free(stream);
        return NULL;
    }
    anycert__task_begin(&stream->task, client, &stream->request, false);
    return stream;
}

int anycert_stream_ready(struct anycert_stream *stream)
{
    int looks = 2; /* what has just begun is due at once */

    do {
        while (!is_ready(stream) && move(stream, false))
            ;
    } while (!is_ready(stream) && --looks > 0 && anycert_stream_timeout_ms(stream) == 0);
    return is_ready(stream);
}

int anycert_stream_fd(struct anycert_stream *stream)
{
    return anycert__loop_fd(stream->loop);
}

int64_t anycert_stream_timeout_ms(struct anycert_stream *stream)
{
    int64_t left_us = 0;

    if (is_ready(stream) || is_to_resume(stream))
        return 0;
    if (stream->is_flying)
        return anycert__loop_timeout_ms(stream->loop);
    if (stream->is_waiting)
        left_us = stream->task.wake_us - anycert__waiting_now_us(&stream->client->config->waiting);
    return left_us > 0 ? (left_us + 999) / 1000 : 0;
}

int anycert_stream_answer(struct anycert_stream *stream, struct anycert_response **response,
                          struct anycert_error *err)
{
    *response = NULL;
    if (stream->is_answered)
        return anycert__fail(err, ANYCERT_E_USAGE, "the answer of a stream is there to take once");
    while (!is_ready(stream))
        (void)move(stream, true);
    stream->is_answered = true;
    /* What ended badly after its body had begun is for whoever reads it. */
    if (stream->has_ended && stream->task.result < 0 && !stream->has_begun) {
        if (err)
            *err = stream->task.error;
        *response = begun(stream, NULL);
        return -1;
    }
    *response = begun(stream, err);
    if (*response && stream->has_ended && stream->task.result < 0 &&
        anycert_client_diagnose(stream->client, *response, &stream->task.error, &stream->told,
                                NULL) < 0)
        stream->told = NULL; /* the failure itself is told all the same */
    return *response ? 0 : -1;
}

int anycert_client_open(struct anycert_client *client, const struct anycert_request *request,
                        struct anycert_stream **out, struct anycert_response **response,
                        struct anycert_error *err)
{
    struct anycert_stream *stream = anycert_stream_new(client, request, err);

    *out = NULL;
    *response = NULL;
    if (!stream)
        return -1;
    if (anycert_stream_answer(stream, response, err) < 0) {
        anycert_stream_close(stream);
        return -1;
    }
    *out = stream;
    return 0;
}

static int64_t take(struct anycert_stream *stream, void *buffer, size_t size)
{
    size_t left = stream->bytes.len - stream->taken;
    size_t count = left < size ? left : size;

    memcpy(buffer, stream->bytes.data + stream->taken, count);
    stream->taken += count;
    if (stream->taken == stream->bytes.len) {
        stream->bytes.len = stream->taken = 0; /* its memory is used again */
        stream->has_enough = false;
    }
    return (int64_t)count;
}

int64_t anycert_stream_read(struct anycert_stream *stream, void *buffer, size_t size,
                            struct anycert_error *err)
{
    if (size == 0)
        return anycert__fail(err, ANYCERT_E_USAGE, "there is no room to read into");
    if (!stream->is_answered)
        return anycert__fail(err, ANYCERT_E_USAGE,
                             "the answer has to be taken before its body is read");
    while (!is_ready(stream))
        (void)move(stream, true);
    if (has_bytes(stream))
        return take(stream, buffer, size);
    if (stream->task.result < 0) {
        if (err)
            *err = stream->task.error;
        return -1;
    }
    return 0;
}

int anycert_stream_diagnose(struct anycert_stream *stream, const struct anycert_error *failure,
                            struct anycert_short_diagnosis **out, struct anycert_error *err)
{
    const struct anycert_response *response =
        stream->has_ended && stream->task.result < 0 ? stream->task.response : NULL;

    if (!stream->told || failure->code == 0)
        return anycert_client_diagnose(stream->client, response, failure, out, err);
    *out = anycert__short_ref(stream->told);
    return 1;
}

void anycert_stream_close(struct anycert_stream *stream)
{
    if (!stream)
        return;
    if (stream->is_flying)
        anycert__loop_cancel(stream->loop, stream->task.exchange);
    anycert__task_clear(&stream->task);
    give_back_loop(stream->client, stream->loop);
    anycert__buf_free(&stream->bytes);
    anycert_short_diagnosis_free(stream->told);
    anycert__free(stream);
}
