#include "ext.h"

#include <string.h>

/* The requests of a batch are Pending objects, each with a reference of the batch's until its
 * result is out. Their bodies are in memory and they have no progress callback, so the library
 * never calls back into Python. */
struct batch_object {
    PyObject_HEAD struct ext_state *state;
    PyObject *client; /* with a use of it; NULL: closed */
    struct anycert_batch *batch;
    PyObject *loop,
        *move; /* the event loop, and what it is to call when there is something to do */
    struct ext_pending *jobs;
    bool is_busy;
    bool is_scheduled; /* move will be called in the loop's next turn */
};

static struct batch_object *of(PyObject *self)
{
    return (struct batch_object *)self;
}

static void link_job(struct batch_object *self, struct ext_pending *job)
{
    ext_pending_set_batch(job, (PyObject *)self);
    job->next = self->jobs;
    if (self->jobs)
        self->jobs->previous = job;
    self->jobs = job;
    Py_INCREF((PyObject *)job);
}

/* The reference is the caller's now. */
static void unlink_job(struct batch_object *self, struct ext_pending *job)
{
    if (job->previous)
        job->previous->next = job->next;
    else
        self->jobs = job->next;
    if (job->next)
        job->next->previous = job->previous;
    job->next = job->previous = NULL;
    ext_pending_set_batch(job, NULL);
}

/* Its request is over. */
static void release_job(struct ext_pending *job)
{
    ext_request_clear(&job->request);
    Py_DECREF((PyObject *)job);
}

static void close_batch(struct batch_object *self)
{
    struct anycert_batch *batch = self->batch;
    PyObject *client = self->client;

    if (!client) /* it is closed, or another thread is at it */
        return;
    self->batch = NULL;
    self->client = NULL;
    if (batch) {
        Py_BEGIN_ALLOW_THREADS anycert_batch_free(batch);
        Py_END_ALLOW_THREADS
    }
    while (self->jobs) {
        struct ext_pending *job = self->jobs;

        unlink_job(self, job);
        release_job(job);
    }
    ext_client_leave(client);
    Py_DECREF(client);
}

static int batch_traverse(PyObject *self, visitproc visit, void *arg)
{
    for (struct ext_pending *job = of(self)->jobs; job; job = job->next)
        Py_VISIT((PyObject *)job);
    Py_VISIT(of(self)->client);
    Py_VISIT(of(self)->loop);
    Py_VISIT(of(self)->move);
    Py_VISIT(Py_TYPE(self));
    return 0;
}

static int batch_clear(PyObject *self)
{
    if (!of(self)->is_busy)
        close_batch(of(self));
    Py_CLEAR(of(self)->loop);
    Py_CLEAR(of(self)->move);
    return 0;
}

static void batch_dealloc(PyObject *self)
{
    PyObject_GC_UnTrack(self);
    close_batch(of(self));
    (void)batch_clear(self);
    ext_free(self);
}

static PyObject *batch_new(PyTypeObject *type, PyObject *args, PyObject *kwargs)
{
    struct ext_state *state = ext_state_of(type);
    struct anycert_error err = {0};
    struct anycert_client *client = NULL;
    PyObject *object = NULL;
    PyObject *loop = NULL;
    PyObject *move = NULL;
    PyObject *self = NULL;
    unsigned concurrency = 0;

    (void)kwargs;
    if (!state || !PyArg_ParseTuple(args, "O!IOO:Batch", state->client_type, &object, &concurrency,
                                    &loop, &move))
        return NULL;
    self = ext_alloc(type);
    client = self ? ext_client_enter(object) : NULL;
    if (!client) {
        Py_XDECREF(self);
        return NULL;
    }
    of(self)->state = state;
    of(self)->client = Py_NewRef(object);
    of(self)->loop = Py_NewRef(loop);
    of(self)->move = Py_NewRef(move);
    of(self)->batch = anycert_batch_new(client, concurrency, &err);
    if (!of(self)->batch) {
        (void)ext_raise_plain(state, &err);
        Py_CLEAR(self);
    }
    return self;
}

static bool is_open(const struct batch_object *self)
{
    if (self->batch && !self->is_busy)
        return true;
    PyErr_SetString(self->batch ? PyExc_RuntimeError : PyExc_ValueError,
                    self->batch ? "the batch is in use in another thread" : "the batch is closed");
    return false;
}

/* Has move called in the loop's next turn: all that is asked for in one turn starts together. */
static int schedule(struct batch_object *self)
{
    PyObject *handle = NULL;

    if (self->is_scheduled)
        return 0;
    handle = PyObject_CallMethod(self->loop, "call_soon", "O", self->move);
    self->is_scheduled = handle != NULL;
    Py_XDECREF(handle);
    return handle ? 0 : -1;
}

static int fill(struct batch_object *self, struct ext_pending *job, PyObject *tuple)
{
    struct anycert_error err = {0};
    PyObject *arguments[EXT_ARGS];
    PyObject *client = is_open(self) ? Py_NewRef(self->client) : NULL;
    int result = -1;

    if (!client)
        return -1;
    for (Py_ssize_t i = 0; i < EXT_ARGS; i++)
        arguments[i] = PyTuple_GetItem(tuple, i);
    /* What the arguments run, iterators and the like, may do anything to the batch. */
    result = ext_request_init(&job->request, self->state, client, arguments);
    Py_DECREF(client);
    if (result < 0 || !is_open(self))
        return -1;
    if (anycert_request_set_progress(job->request.request, NULL, NULL, &err) == 0 &&
        anycert_batch_add(self->batch, job->request.request, job, &err) == 0)
        return 0;
    (void)ext_raise_plain(self->state, &err);
    return -1;
}

/* start(arguments): a Pending. */
static PyObject *batch_start(PyObject *object, PyObject *tuple)
{
    struct batch_object *self = of(object);
    PyObject *job = NULL;

    if (!is_open(self))
        return NULL;
    if (!PyTuple_Check(tuple) || PyTuple_Size(tuple) != EXT_ARGS) {
        PyErr_Format(PyExc_TypeError, "a request is a tuple of %d arguments", (int)EXT_ARGS);
        return NULL;
    }
    if (schedule(self) < 0)
        return NULL;
    job = ext_pending_new(self->state, self->loop, tuple);
    if (!job)
        return NULL;
    if (fill(self, (struct ext_pending *)job, tuple) < 0) {
        Py_DECREF(job);
        return NULL;
    }
    link_job(self, (struct ext_pending *)job);
    return job;
}

void ext_batch_give_up(struct ext_pending *job)
{
    PyObject *object = ext_pending_batch(job);
    struct batch_object *self = of(object);

    if (!object)
        return;
    EXT_LOCK(object);
    if (self->batch && !self->is_busy) { /* else what comes of it is for nobody */
        (void)anycert_batch_cancel(self->batch, job);
        if (schedule(self) < 0) /* its memory is freed with the next result, or the batch */
            PyErr_Clear();
    }
    EXT_UNLOCK();
    Py_DECREF(object);
}

/* Gives a result to whoever waits for it. -1 with what has to leave the event loop. */
static int deliver(struct batch_object *self, const struct anycert_batch_result *result)
{
    struct ext_pending *job = result->tag;
    PyObject *args[EXT_ARGS];
    PyObject *response = NULL;
    PyObject *type = NULL;
    PyObject *error = NULL;
    PyObject *traceback = NULL;
    int ended = 0;

    if (ext_pending_is_done(job) || !job->args) { /* cancelled */
        anycert_response_free(result->response);
    } else {
        for (Py_ssize_t i = 0; i < EXT_ARGS; i++)
            args[i] = PyTuple_GetItem(job->args, i);
        response = ext_client_finish(self->state, self->client, &job->request, args,
                                     result->error.code ? -1 : 0, result->response, &result->error);
        if (!response) {
            PyErr_Fetch(&type, &error, &traceback);
            PyErr_NormalizeException(&type, &error, &traceback);
            Py_XDECREF(type);
            Py_XDECREF(traceback);
        }
    }
    if (response || error)
        ended = ext_pending_end(job, response, error);
    release_job(job);
    return ended;
}

/* Milliseconds until poll() has to be called again; -1: there is nothing to wait for. */
static int64_t left_ms(const struct batch_object *self)
{
    if (!self->batch || anycert_batch_pending(self->batch) == 0)
        return -1;
    return anycert_batch_timeout_ms(self->batch);
}

/* A result that is there, whose job is in the batch no more: the interpreter's lock need not be let
 * go for that. */
static bool take_ready(struct batch_object *self, struct anycert_batch_result *result)
{
    bool is_there = false;

    EXT_LOCK((PyObject *)self);
    is_there = self->batch && !self->is_busy && anycert_batch_ready(self->batch) > 0 &&
               anycert_batch_next(self->batch, 0, result, NULL) == 1;
    if (is_there)
        unlink_job(self, result->tag);
    EXT_UNLOCK();
    return is_there;
}

/* 1 and a result, whose job is in the batch no more; 0 and what left_ms() says; or -1 with an
 * exception. */
static int next_result(struct batch_object *self, struct anycert_batch_result *result,
                       int64_t *left)
{
    struct anycert_error err = {0};
    struct ext_call call = {.is_shared = true}; /* for what the library says meanwhile */
    int more = 0;

    *left = -1;
    EXT_LOCK((PyObject *)self);
    if (self->batch && !self->is_busy) {
        self->is_busy = true;
        ext_call_begin(&call, self->state);
        more = anycert_batch_next(self->batch, 0, result, &err);
        if (!ext_call_end(&call))
            PyErr_Clear(); /* a logger's own trouble */
        self->is_busy = false;
        if (more == 1)
            unlink_job(self, result->tag);
        *left = left_ms(self);
    }
    EXT_UNLOCK();
    if (more < 0)
        (void)ext_raise_plain(self->state, &err);
    return more;
}

/* How many results may be given out in one turn; 0 with an exception. */
static size_t begin_turn(struct batch_object *self)
{
    size_t budget = 0;

    EXT_LOCK((PyObject *)self);
    if (is_open(self)) {
        self->is_scheduled = false;
        budget = anycert_batch_pending(self->batch) + 1;
    }
    EXT_UNLOCK();
    return budget;
}

/* poll(): gives out what has ended, without waiting, and moves the rest on. Those who are woken ask
 * for more, and may close it, so it is not in its lock then; no more is given out than was there at
 * first, so that others in the event loop have their turn. Returns what left_ms() says. */
static PyObject *batch_poll(PyObject *object, PyObject *ignored)
{
    struct batch_object *self = of(object);
    struct anycert_batch_result result;
    size_t budget = begin_turn(self);
    int64_t left = -1;
    int looks = 2; /* what is new is due at once */
    int more = 0;

    (void)ignored;
    if (budget == 0)
        return NULL;
    Py_INCREF(object);
    while (budget > 0 && more >= 0) {
        more = take_ready(self, &result) ? 1 : next_result(self, &result, &left);
        if (more == 1) {
            more = deliver(self, &result);
            budget--;
        } else if (--looks == 0 || left != 0) {
            break;
        }
    }
    if (more == 0) {
        EXT_LOCK(object);
        left = left_ms(self);
        EXT_UNLOCK();
    }
    Py_DECREF(object);
    return more < 0 ? NULL : PyLong_FromLongLong(left);
}

static PyObject *batch_fd(PyObject *object, PyObject *ignored)
{
    (void)ignored;
    return is_open(of(object)) ? PyLong_FromLong(anycert_batch_fd(of(object)->batch)) : NULL;
}

/* close(): what was under way, for which nothing will come any more. */
static PyObject *batch_close(PyObject *object, PyObject *ignored)
{
    struct batch_object *self = of(object);
    PyObject *list = NULL;

    (void)ignored;
    if (self->is_busy && !is_open(self))
        return NULL;
    list = PyList_New(0);
    for (struct ext_pending *job = self->jobs; list && job; job = job->next) {
        if (PyList_Append(list, (PyObject *)job) < 0)
            Py_CLEAR(list);
    }
    close_batch(self);
    return list;
}

EXT_LOCKED(batch_start)
EXT_LOCKED(batch_fd)
EXT_LOCKED(batch_close)
static PyMethodDef batch_methods[] = {
    {"start", batch_start_locked, METH_O, NULL},
    {"poll", batch_poll, METH_NOARGS, NULL},
    {"fd", batch_fd_locked, METH_NOARGS, NULL},
    {"close", batch_close_locked, METH_NOARGS, NULL},
    {NULL, NULL, 0, NULL},
};
static PyType_Slot batch_slots[] = {
    {Py_tp_new, batch_new},     {Py_tp_dealloc, batch_dealloc}, {Py_tp_traverse, batch_traverse},
    {Py_tp_clear, batch_clear}, {Py_tp_methods, batch_methods}, {0, NULL},
};
static PyType_Spec batch_spec = {
    .name = "anycert._core.Batch",
    .basicsize = sizeof(struct batch_object),
    .flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC,
    .slots = batch_slots,
};

int ext_batch_init(PyObject *module, struct ext_state *state)
{
    PyTypeObject *type = ext_add_type(module, &batch_spec);

    (void)state;
    Py_XDECREF((PyObject *)type); /* the module has it */
    return type ? 0 : -1;
}
