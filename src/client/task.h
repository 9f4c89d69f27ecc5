/* client/task.h — one request with everything around it: the budget of time, the circuit breaker,
 * the rate limit, retries. A state machine that does no transfer and no waiting itself, so that it
 * serves a caller who waits as well as one who has many under way. */
#ifndef ANYCERT_CLIENT_TASK_H
#define ANYCERT_CLIENT_TASK_H

#include "client/journey.h"
#include "client/pace.h"

/* What the driver of a task has to do next. */
enum anycert__step {
    ANYCERT__STEP_EXCHANGE, /* do task->exchange, and tell with anycert__task_took */
    ANYCERT__STEP_WAIT,     /* come back at task->wake_us, or later */
    ANYCERT__STEP_DONE      /* result, error and response are there */
};

struct anycert__task {
    /* ---- for the driver */
    struct anycert__exchange *exchange;
    int64_t wake_us; /* on the clock of the client's waiting */
    int result;
    struct anycert_error error;
    struct anycert_response *response; /* owned by the driver once the task is done; before a
                                          retry, what there is of the answer to the last try */

    /* ---- inside */
    struct anycert_client *client;
    const struct anycert_request *request;
    const struct anycert_retry *retry; /* NULL: none */
    enum { TASK_ADMIT, TASK_PACED, TASK_SEND, TASK_UNDER_WAY, TASK_DONE } state;
    struct anycert__auth_use auth;
    struct anycert__journey journey;
    bool is_call;
    int64_t began_us; /* of a call, on that clock */
    bool journeying;
    enum anycert__pass pass;
    unsigned retries;         /* begun, or waited for */
    struct anycert_error why; /* there is a retry, if one is waited for; code 0: the status */
    char idempotency_key[37]; /* "" for none */
};

/* is_call: its answer will be checked by anycert__call_finish. */
void anycert__task_begin(struct anycert__task *task, struct anycert_client *client,
                         const struct anycert_request *request, bool is_call);
enum anycert__step anycert__task_next(struct anycert__task *task);
/* The exchange has ended with result, and err if that is -1. */
void anycert__task_took(struct anycert__task *task, int result, const struct anycert_error *err);
/* For a caller who waits: until wake_us. 0, or -1 with INTERRUPTED. */
int anycert__task_wait(const struct anycert__task *task, struct anycert_error *err);
/* Gives up whatever is under way; the exchange must not be under way any more. The response is
 * freed if nobody has taken it. */
void anycert__task_clear(struct anycert__task *task);

/* call.c: checks what a task has brought, as anycert_client_call says: the result of the call. err
 * may be the task's. */
int anycert__call_finish(const struct anycert__task *task, int result,
                         struct anycert_response *response, struct anycert_error *err);

#endif
