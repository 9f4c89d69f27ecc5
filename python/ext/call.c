#include "ext.h"

#include <time.h>

#define SIGNALS_US 10000
#define WAITED_US  1000

static int64_t now_us(void)
{
    struct timespec now = {0};

    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

/* Waits between requests know their client but not their call. */
static _Thread_local struct ext_call *innermost;
/* How far ahead of the system's clock this thread is, as its waits were over too early: for tests,
 * whose waits take no time. */
static _Thread_local int64_t ahead_us;

void ext_call_begin(struct ext_call *call, struct ext_state *state)
{
    call->state = state;
    call->asked_us = now_us();
    call->next_us = call->asked_us + SIGNALS_US;
    call->outer = innermost;
    innermost = call;
    call->thread = PyEval_SaveThread();
}

bool ext_call_end(struct ext_call *call)
{
    PyEval_RestoreThread(call->thread);
    call->thread = NULL;
    innermost = call->outer;
    if (!call->type)
        return true;
    PyErr_Restore(call->type, call->value, call->tb);
    call->type = call->value = call->tb = NULL;
    return false;
}

void ext_call_enter(struct ext_call *call)
{
    PyEval_RestoreThread(call->thread);
}

void ext_call_leave(struct ext_call *call)
{
    if (PyErr_Occurred() && !call->type)
        PyErr_Fetch(&call->type, &call->value, &call->tb);
    call->thread = PyEval_SaveThread();
}

/* Not each time: the lock may be somebody else's for long. */
static bool is_time_for_signals(struct ext_call *call)
{
    int64_t now = now_us();
    bool has_waited = now - call->asked_us >= WAITED_US;

    call->asked_us = now;
    if (now < call->next_us && !has_waited)
        return false;
    call->next_us = now + SIGNALS_US;
    return true;
}

int ext_call_progress(void *arg, uint64_t received, uint64_t receive_total, uint64_t sent,
                      uint64_t send_total)
{
    struct ext_call *call = arg;

    (void)received;
    (void)receive_total;
    (void)sent;
    (void)send_total;
    if (!call->thread) /* something is being given up */
        return 0;
    if (call->type)
        return 1;
    if (!is_time_for_signals(call))
        return 0;
    ext_call_enter(call);
    if (PyErr_CheckSignals() == 0 && call->given_up && PyList_Size(call->given_up) > 0)
        PyErr_SetString(PyExc_InterruptedError, "nobody waits for it");
    ext_call_leave(call);
    return call->type ? 1 : 0;
}

int ext_call_is_over(void *arg)
{
    (void)arg;
    return innermost ? ext_call_progress(innermost, 0, 0, 0, 0) : 0;
}

struct ext_call *ext_call_innermost(void)
{
    return innermost;
}

int64_t ext_call_now(void *arg)
{
    (void)arg;
    return now_us() + ahead_us;
}

void ext_call_log(void *arg, enum anycert_log_level level, const char *text, size_t len)
{
    struct ext_call *call = innermost;
    PyObject *module = NULL;
    PyObject *done = NULL;

    (void)arg;
    if (level != ANYCERT_LOG_WARNING || !call || !call->thread || call->type)
        return; /* errors are exceptions */
    ext_call_enter(call);
    if (PyDict_GetItemString(PySys_GetObject("modules"), "logging")) {
        module = PyImport_ImportModule("anycert._log");
        if (module)
            done = PyObject_CallMethod(module, "warn", "s#", text, (Py_ssize_t)len);
        Py_XDECREF(done);
        Py_XDECREF(module);
    }
    ext_call_leave(call);
}

/* What anycert_trust_ask is to return; 0 with an exception for nothing that is merely something. */
static int answer_of(PyObject *answer)
{
    if (answer == Py_True)
        return 1;
    if (PyUnicode_Check(answer) && PyUnicode_CompareWithASCIIString(answer, "compared") == 0)
        return 2;
    if (answer != Py_False)
        PyErr_Format(PyExc_TypeError,
                     "on_first_use has to return True, False or 'compared', not %R", answer);
    return 0;
}

int ext_call_ask(void *arg, const struct anycert_report *report)
{
    struct ext_call *call = innermost;
    PyObject *shown = NULL;
    PyObject *answer = NULL;
    int said = 0;

    if (!call || !call->thread || call->type)
        return 0;
    ext_call_enter(call);
    shown = ext_report_new(call->state, report);
    if (shown)
        answer = PyObject_CallFunctionObjArgs(arg, shown, NULL);
    if (answer)
        said = answer_of(answer);
    if (call->is_shared && PyErr_Occurred()) /* what is refused now does not say why */
        PyErr_WriteUnraisable(arg);
    Py_XDECREF(answer);
    Py_XDECREF(shown);
    ext_call_leave(call);
    return call->type ? 0 : said;
}

int ext_call_sleep(void *arg, int64_t ms)
{
    int64_t end = ext_call_now(NULL) + ms * 1000;
    struct ext_call *call = innermost;
    PyObject *module = NULL;
    PyObject *done = NULL;

    (void)arg;
    if (!call || !call->thread || call->type)
        return 1;
    ext_call_enter(call);
    module = PyImport_ImportModule("anycert._session");
    if (module)
        done = PyObject_CallMethod(module, "_sleep", "d", (double)ms / 1000.0);
    Py_XDECREF(done);
    Py_XDECREF(module);
    ext_call_leave(call);
    if (ext_call_now(NULL) < end)
        ahead_us += end - ext_call_now(NULL);
    return call->type ? 1 : 0;
}
