#include "client/task.h"

#include "base/mem.h"
#include "http/loop.h"

#include <anycert/batch.h>

#include <string.h>

#define MAX_CONCURRENCY 10000

/* A request's way through the lists of a batch, in one of which it is at any time: waiting →
 * flying ⇄ sleeping → done. */
struct entry {
    struct entry *next, *previous;
    const struct anycert_request *request;
    void *tag;
    struct anycert__task *task; /* NULL before its begin and after its end */
    bool is_call;
    bool has_slot;     /* it is one of those that concurrency counts */
    bool has_flown;    /* something of it has been sent */
    bool is_cancelled; /* to be given up as soon as that can be done */
    struct anycert_response *response;
    bool has_failed;
    struct anycert_error *error; /* NULL if there was no memory for it */
};

struct list {
    struct entry *first, *last;
};

struct anycert_batch {
    struct anycert_client *client;
    struct anycert__loop *loop;
    unsigned concurrency, slots_taken;
    struct anycert__task **spares; /* tasks of requests that are done, for the next ones */
    unsigned spare_count;          /* up to concurrency */
    struct list spare_entries;     /* likewise */
    unsigned spare_entry_count;
    struct list waiting;  /* for a slot: new ones, and before them those that have slept */
    struct list flying;   /* an exchange of theirs is under way */
    struct list sleeping; /* until their task's wake_us, the earliest first */
    struct list done;
    size_t done_count;
    size_t pending;
    bool is_inside;   /* callbacks are running */
    bool is_to_purge; /* something has been cancelled and is still there */
};

/* ---- lists ---- */

static void insert_before(struct list *list, struct entry *place, struct entry *entry)
{
    struct entry *previous = place ? place->previous : list->last;

    entry->next = place;
    entry->previous = previous;
    *(previous ? &previous->next : &list->first) = entry;
    *(place ? &place->previous : &list->last) = entry;
}

static void append(struct list *list, struct entry *entry)
{
    insert_before(list, NULL, entry);
}

static void take_out(struct list *list, struct entry *entry)
{
    *(entry->previous ? &entry->previous->next : &list->first) = entry->next;
    *(entry->next ? &entry->next->previous : &list->last) = entry->previous;
    entry->next = entry->previous = NULL;
}

/* ---- one request ---- */

static int64_t now_us(const struct anycert_batch *batch)
{
    return anycert__waiting_now_us(&batch->client->config->waiting);
}

static void leave_slot(struct anycert_batch *batch, struct entry *entry)
{
    batch->slots_taken -= entry->has_slot;
    entry->has_slot = false;
}

static int begin(struct anycert_batch *batch, struct entry *entry)
{
    if (entry->task)
        return 0;
    entry->task = batch->spare_count > 0 ? batch->spares[--batch->spare_count]
                                         : anycert__malloc(sizeof *entry->task);
    if (!entry->task)
        return -1;
    anycert__task_begin(entry->task, batch->client, entry->request, entry->is_call);
    return 0;
}

static void drop_task(struct anycert_batch *batch, struct entry *entry)
{
    if (!entry->task)
        return;
    anycert__task_clear(entry->task);
    if (batch->spare_count < batch->concurrency)
        batch->spares[batch->spare_count++] = entry->task;
    else
        anycert__free(entry->task);
    entry->task = NULL;
}

/* The end, with an error or (NULL) none; it is in no list. */
static void end(struct anycert_batch *batch, struct entry *entry, const struct anycert_error *err)
{
    if (err) {
        entry->has_failed = true;
        entry->error = anycert__memdup(err, sizeof *err);
    }
    drop_task(batch, entry);
    leave_slot(batch, entry);
    append(&batch->done, entry);
    batch->done_count++;
}

/* The end of its task; it is in no list. */
static void finish(struct anycert_batch *batch, struct entry *entry)
{
    struct anycert__task *task = entry->task;
    int result = task->result;

    entry->response = task->response;
    task->response = NULL;
    if (entry->is_call)
        result = anycert__call_finish(task, result, entry->response, &task->error);
    end(batch, entry, result < 0 ? &task->error : NULL);
}

/* Gives up an entry that is in no list any more. */
static void give_up(struct anycert_batch *batch, struct entry *entry)
{
    struct anycert_error err = {0};

    anycert__fail(&err, ANYCERT_E_INTERRUPTED, "the request was cancelled");
    end(batch, entry, &err);
}

static void go_to_sleep(struct anycert_batch *batch, struct entry *entry)
{
    struct entry *after = batch->sleeping.last;

    /* Whoever waits for the rate limit is next in any case, and many who wait would take all its
     * tokens in advance; whoever waits to try again is in nobody's way. */
    if (entry->has_flown)
        leave_slot(batch, entry);
    while (after && after->task->wake_us > entry->task->wake_us)
        after = after->previous;
    insert_before(&batch->sleeping, after ? after->next : batch->sleeping.first, entry);
}

/* Begins the exchange that its task asks for. False: that has failed, and the task knows. */
static bool take_off(struct anycert_batch *batch, struct entry *entry)
{
    struct anycert_error err = {0};

    entry->has_flown = true;
    entry->task->exchange->owner = entry;
    if (anycert__loop_start(batch->loop, entry->task->exchange, &err) < 0) {
        anycert__task_took(entry->task, -1, &err);
        return false;
    }
    append(&batch->flying, entry);
    return true;
}

/* Moves a request on as far as it goes; it is in no list, and has a slot. */
static void step(struct anycert_batch *batch, struct entry *entry)
{
    for (;;) {
        if (entry->is_cancelled) {
            give_up(batch, entry);
            return;
        }
        switch (anycert__task_next(entry->task)) {
        case ANYCERT__STEP_EXCHANGE:
            if (take_off(batch, entry))
                return;
            break;
        case ANYCERT__STEP_WAIT:
            go_to_sleep(batch, entry);
            return;
        case ANYCERT__STEP_DONE:
            finish(batch, entry);
            return;
        }
    }
}

/* ---- all of them ---- */

static void wake(struct anycert_batch *batch)
{
    int64_t now = batch->sleeping.first ? now_us(batch) : 0;
    struct entry *place = batch->waiting.first;
    struct entry *entry = NULL;

    while ((entry = batch->sleeping.first) != NULL && entry->task->wake_us <= now) {
        take_out(&batch->sleeping, entry);
        if (entry->has_slot)
            step(batch, entry);
        else
            insert_before(&batch->waiting, place, entry);
    }
}

static void start(struct anycert_batch *batch)
{
    struct entry *entry = NULL;

    while (batch->slots_taken < batch->concurrency && (entry = batch->waiting.first) != NULL) {
        take_out(&batch->waiting, entry);
        entry->has_slot = true;
        batch->slots_taken++;
        if (begin(batch, entry) == 0) {
            step(batch, entry);
        } else {
            struct anycert_error err = {0};

            (void)anycert__fail_nomem(&err);
            end(batch, entry, &err);
        }
    }
}

static void land(struct anycert_batch *batch)
{
    struct anycert__exchange *exchange = NULL;
    struct anycert_error err = {0};
    int result = -1;

    while ((exchange = anycert__loop_ended(batch->loop, &result, &err)) != NULL) {
        struct entry *entry = exchange->owner;

        take_out(&batch->flying, entry);
        anycert__task_took(entry->task, result, &err);
        if (err.code != 0)
            anycert__error_clear(&err);
        step(batch, entry);
    }
}

/* True of what is to be given up. */
typedef bool chooser(const struct entry *entry, const void *arg);

static size_t mark(struct list *list, chooser *choose, const void *arg)
{
    size_t count = 0;

    for (struct entry *entry = list->first; entry; entry = entry->next) {
        if (!choose(entry, arg))
            continue;
        entry->is_cancelled = true;
        count++;
    }
    return count;
}

static void sweep(struct anycert_batch *batch, struct list *list)
{
    struct entry *next = NULL;

    for (struct entry *entry = list->first; entry; entry = next) {
        next = entry->next;
        if (!entry->is_cancelled)
            continue;
        if (list == &batch->flying)
            anycert__loop_cancel(batch->loop, entry->task->exchange);
        take_out(list, entry);
        give_up(batch, entry);
    }
}

/* Gives up what is marked. Ending a transfer runs callbacks, which may mark more and add, and must
 * find the lists at rest otherwise. */
static void sweep_all(struct anycert_batch *batch)
{
    batch->is_inside = true;
    while (batch->is_to_purge) {
        batch->is_to_purge = false;
        sweep(batch, &batch->waiting);
        sweep(batch, &batch->flying);
        sweep(batch, &batch->sleeping);
    }
    batch->is_inside = false;
}

static size_t purge(struct anycert_batch *batch, chooser *choose, const void *arg)
{
    size_t count = mark(&batch->waiting, choose, arg) + mark(&batch->flying, choose, arg) +
                   mark(&batch->sleeping, choose, arg);

    if (count > 0)
        batch->is_to_purge = true;
    if (!batch->is_inside)
        sweep_all(batch);
    return count;
}

static bool has_tag(const struct entry *entry, const void *tag)
{
    return entry->tag == tag && !entry->is_cancelled;
}

static bool is_any(const struct entry *entry, const void *arg)
{
    (void)arg;
    return !entry->is_cancelled;
}

/* Everything that can be done without waiting, and what comes within wait_ms (-1: for ever). */
static void move(struct anycert_batch *batch, int64_t wait_ms)
{
    batch->is_inside = true;
    if (anycert__loop_running(batch->loop) > 0 || wait_ms > 0)
        anycert__loop_wait(batch->loop, wait_ms);
    land(batch);
    wake(batch);
    start(batch);
    sweep_all(batch);
}

/* Kept connections end, too, and the descriptor is readable until somebody has taken note of it. */
static void look_at_idle(struct anycert_batch *batch)
{
    batch->is_inside = true;
    anycert__loop_wait(batch->loop, 0);
    batch->is_inside = false;
}

/* ---- the interface ---- */

struct anycert_batch *anycert_batch_new(struct anycert_client *client, unsigned concurrency,
                                        struct anycert_error *err)
{
    struct anycert_batch *batch = NULL;

    if (concurrency == 0 || concurrency > MAX_CONCURRENCY) {
        anycert__fail(err, ANYCERT_E_USAGE, "%u requests at once: it has to be 1 to %d",
                      concurrency, MAX_CONCURRENCY);
        return NULL;
    }
    batch = anycert__calloc(1, sizeof *batch);
    if (!batch) {
        anycert__fail_nomem(err);
        return NULL;
    }
    batch->client = client;
    batch->concurrency = concurrency;
    batch->spares = anycert__calloc(concurrency, sizeof *batch->spares);
    if (!batch->spares)
        anycert__fail_nomem(err);
    else
        batch->loop = anycert__loop_new(client->http, concurrency, err);
    if (!batch->loop) {
        anycert__free(batch->spares);
        anycert__free(batch);
        return NULL;
    }
    return batch;
}

void anycert_batch_free(struct anycert_batch *batch)
{
    struct entry *entry = NULL;

    if (!batch)
        return;
    while (purge(batch, is_any, NULL) > 0) /* until callbacks add no more */
        ;
    while ((entry = batch->done.first) != NULL) {
        take_out(&batch->done, entry);
        anycert_response_free(entry->response);
        anycert__free(entry->error);
        anycert__free(entry);
    }
    while ((entry = batch->spare_entries.first) != NULL) {
        take_out(&batch->spare_entries, entry);
        anycert__free(entry);
    }
    while (batch->spare_count > 0)
        anycert__free(batch->spares[--batch->spare_count]);
    anycert__free(batch->spares);
    anycert__loop_free(batch->loop);
    anycert__free(batch);
}

static int add(struct anycert_batch *batch, const struct anycert_request *request, void *tag,
               bool is_call, struct anycert_error *err)
{
    struct entry *entry = batch->spare_entries.first;

    if (entry) {
        take_out(&batch->spare_entries, entry);
        batch->spare_entry_count--;
        memset(entry, 0, sizeof *entry);
    } else {
        entry = anycert__calloc(1, sizeof *entry);
        if (!entry)
            return anycert__fail_nomem(err);
    }
    entry->request = request;
    entry->tag = tag;
    entry->is_call = is_call;
    append(&batch->waiting, entry);
    batch->pending++;
    return 0;
}

int anycert_batch_add(struct anycert_batch *batch, const struct anycert_request *request, void *tag,
                      struct anycert_error *err)
{
    return add(batch, request, tag, false, err);
}

int anycert_batch_add_call(struct anycert_batch *batch, const struct anycert_request *request,
                           void *tag, struct anycert_error *err)
{
    return add(batch, request, tag, true, err);
}

static void give_out(struct anycert_batch *batch, struct anycert_batch_result *out)
{
    struct entry *entry = batch->done.first;

    take_out(&batch->done, entry);
    batch->done_count--;
    batch->pending--;
    out->tag = entry->tag;
    out->request = entry->request;
    out->response = entry->response;
    if (entry->error)
        out->error = *entry->error;
    else if (entry->has_failed)
        (void)anycert__fail_nomem(&out->error);
    anycert__free(entry->error);
    if (batch->spare_entry_count < batch->concurrency) {
        append(&batch->spare_entries, entry);
        batch->spare_entry_count++;
    } else {
        anycert__free(entry);
    }
}

/* Milliseconds until a sleeper wakes; -1: there is none. */
static int64_t until_wake(const struct anycert_batch *batch)
{
    int64_t left = 0;

    if (!batch->sleeping.first)
        return -1;
    left = batch->sleeping.first->task->wake_us - now_us(batch);
    return left > 0 ? (left + 999) / 1000 : 0;
}

static int64_t least(int64_t a, int64_t b)
{
    if (a < 0 || b < 0)
        return a < 0 ? b : a;
    return a < b ? a : b;
}

/* Waits where there is nothing to be done but that, and returns how long that was by a clock which
 * need not be the system's. -1: the sleep was given up. */
static int64_t sleep_instead(struct anycert_batch *batch, int64_t left_ms)
{
    const struct anycert__waiting *waiting = &batch->client->config->waiting;
    int64_t ms = least(until_wake(batch), left_ms);

    if (!waiting->sleep_ms || !batch->sleeping.first || batch->flying.first || ms <= 0)
        return 0;
    return anycert__waiting_sleep(waiting, ms) < 0 ? -1 : ms;
}

int anycert_batch_next(struct anycert_batch *batch, int64_t timeout_ms,
                       struct anycert_batch_result *out, struct anycert_error *err)
{
    int64_t started_us = timeout_ms > 0 ? anycert__monotonic_us() : 0;
    int64_t slept_ms = 0;
    int64_t wait_ms = 0; /* the first look costs no time */

    memset(out, 0, sizeof *out);
    if (batch->is_inside)
        return anycert__fail(err, ANYCERT_E_USAGE,
                             "a batch cannot be asked for results from within its own callbacks");
    while (!batch->done.first && batch->pending > 0) {
        int64_t left = timeout_ms;
        int64_t slept = 0;

        move(batch, wait_ms);
        if (batch->done.first)
            break;
        if (timeout_ms == 0)
            return 0;
        if (timeout_ms > 0) {
            left -= slept_ms + (anycert__monotonic_us() - started_us) / 1000;
            if (left <= 0)
                return 0;
        }
        slept = sleep_instead(batch, left);
        if (slept < 0)
            return anycert__fail(err, ANYCERT_E_INTERRUPTED, "interrupted");
        slept_ms += slept;
        wait_ms = slept > 0 ? 0 : least(until_wake(batch), left);
    }
    if (batch->pending == 0)
        look_at_idle(batch);
    if (!batch->done.first)
        return 0;
    give_out(batch, out);
    return 1;
}

size_t anycert_batch_cancel(struct anycert_batch *batch, const void *tag)
{
    return purge(batch, has_tag, tag);
}

size_t anycert_batch_cancel_all(struct anycert_batch *batch)
{
    return purge(batch, is_any, NULL);
}

size_t anycert_batch_pending(const struct anycert_batch *batch)
{
    return batch->pending;
}

size_t anycert_batch_ready(const struct anycert_batch *batch)
{
    return batch->done_count;
}

int anycert_batch_fd(struct anycert_batch *batch)
{
    return anycert__loop_fd(batch->loop);
}

int64_t anycert_batch_timeout_ms(struct anycert_batch *batch)
{
    if (batch->done.first || (batch->waiting.first && batch->slots_taken < batch->concurrency))
        return 0;
    return least(anycert__loop_timeout_ms(batch->loop), until_wake(batch));
}
