#include "ext.h"

#include <string.h>

/* A request of a batch. Its body is in memory and it has no progress callback, so the library never
 * calls back into Python. */
struct job {
    struct job *next, *previous;
    struct ext_request request;
    PyObject *args; /* as Client.send has them, a tuple */
    PyObject *token;
};

struct batch_object {
    PyObject_HEAD struct ext_state *state;
    PyObject *client; /* with a use of it; NULL: closed */
    struct anycert_batch *batch;
    struct job *jobs;
    bool is_busy;
};

static struct batch_object *of(PyObject *self)
{
    return (struct batch_object *)self;
}

static void drop_job(struct batch_object *self, struct job *job)
{
    if (job->previous)
        job->previous->next = job->next;
    else if (self->jobs == job)
        self->jobs = job->next;
    if (job->next)
        job->next->previous = job->previous;
    ext_request_clear(&job->request);
    Py_CLEAR(job->args);
    Py_CLEAR(job->token);
    PyMem_Free(job);
}

static void close_batch(struct batch_object *self)
{
    struct anycert_batch *batch = self->batch;
    PyObject *client = self->client;

    self->batch = NULL;
    self->client = NULL;
    if (batch) {
        Py_BEGIN_ALLOW_THREADS anycert_batch_free(batch);
        Py_END_ALLOW_THREADS
    }
    while (self->jobs)
        drop_job(self, self->jobs);
    if (client) {
        ext_client_leave(client);
        Py_DECREF(client);
    }
}

static int batch_traverse(PyObject *self, visitproc visit, void *arg)
{
    for (const struct job *job = of(self)->jobs; job; job = job->next) {
        Py_VISIT(job->args);
        Py_VISIT(job->token);
    }
    Py_VISIT(of(self)->client);
    Py_VISIT(Py_TYPE(self));
    return 0;
}

static int batch_clear(PyObject *self)
{
    if (!of(self)->is_busy)
        close_batch(of(self));
    return 0;
}

static void batch_dealloc(PyObject *self)
{
    PyTypeObject *type = Py_TYPE(self);

    PyObject_GC_UnTrack(self);
    close_batch(of(self));
    type->tp_free(self);
    Py_DECREF(type);
}

static PyObject *batch_new(PyTypeObject *type, PyObject *args, PyObject *kwargs)
{
    struct ext_state *state = ext_state_of(type);
    struct anycert_error err = {0};
    struct anycert_client *client = NULL;
    PyObject *object = NULL;
    PyObject *self = NULL;
    unsigned concurrency = 0;

    (void)kwargs;
    if (!state || !PyArg_ParseTuple(args, "O!I:Batch", state->client_type, &object, &concurrency))
        return NULL;
    self = type->tp_alloc(type, 0);
    client = self ? ext_client_enter(object) : NULL;
    if (!client) {
        Py_XDECREF(self);
        return NULL;
    }
    of(self)->state = state;
    of(self)->client = Py_NewRef(object);
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

/* add(token, arguments) */
static PyObject *batch_add(PyObject *object, PyObject *args)
{
    struct batch_object *self = of(object);
    struct anycert_error err = {0};
    PyObject *arguments[EXT_ARGS];
    PyObject *token = NULL;
    PyObject *tuple = NULL;
    struct job *job = NULL;

    if (!PyArg_ParseTuple(args, "OO!:add", &token, &PyTuple_Type, &tuple) || !is_open(self))
        return NULL;
    if (PyTuple_Size(tuple) != EXT_ARGS) {
        PyErr_Format(PyExc_TypeError, "a request has %d arguments", (int)EXT_ARGS);
        return NULL;
    }
    for (Py_ssize_t i = 0; i < EXT_ARGS; i++)
        arguments[i] = PyTuple_GetItem(tuple, i);
    job = PyMem_Calloc(1, sizeof *job);
    if (!job)
        return PyErr_NoMemory();
    job->next = self->jobs;
    if (self->jobs)
        self->jobs->previous = job;
    self->jobs = job;
    job->args = Py_NewRef(tuple);
    job->token = Py_NewRef(token);
    if (ext_request_init(&job->request, self->state, arguments) == 0) {
        if (anycert_request_set_progress(job->request.request, NULL, NULL, &err) == 0 &&
            anycert_batch_add(self->batch, job->request.request, job, &err) == 0)
            Py_RETURN_NONE;
        (void)ext_raise_plain(self->state, &err);
    }
    drop_job(self, job);
    return NULL;
}

/* (token, Response or None, exception or None) */
static PyObject *outcome(struct batch_object *self, struct job *job,
                         const struct anycert_batch_result *result)
{
    PyObject *args[EXT_ARGS];
    PyObject *response = NULL;
    PyObject *type = NULL;
    PyObject *value = NULL;
    PyObject *traceback = NULL;

    for (Py_ssize_t i = 0; i < EXT_ARGS; i++)
        args[i] = PyTuple_GetItem(job->args, i);
    response = ext_client_finish(self->state, &job->request, args, result->error.code ? -1 : 0,
                                 result->response, &result->error);
    if (response)
        return Py_BuildValue("(ONO)", job->token, response, Py_None);
    PyErr_Fetch(&type, &value, &traceback);
    PyErr_NormalizeException(&type, &value, &traceback);
    Py_XDECREF(type);
    Py_XDECREF(traceback);
    return Py_BuildValue("(OON)", job->token, Py_None, value);
}

/* poll(): what has ended, without waiting. */
static PyObject *batch_poll(PyObject *object, PyObject *ignored)
{
    struct batch_object *self = of(object);
    struct anycert_batch_result result;
    struct anycert_error err = {0};
    PyObject *list = NULL;
    int more = 0;

    (void)ignored;
    if (!is_open(self))
        return NULL;
    list = PyList_New(0);
    while (list) {
        struct job *job = NULL;
        PyObject *item = NULL;

        self->is_busy = true;
        Py_BEGIN_ALLOW_THREADS more = anycert_batch_next(self->batch, 0, &result, &err);
        Py_END_ALLOW_THREADS self->is_busy = false;
        if (more != 1)
            break;
        job = result.tag;
        item = outcome(self, job, &result);
        drop_job(self, job);
        if (!item || PyList_Append(list, item) < 0)
            Py_CLEAR(list);
        Py_XDECREF(item);
    }
    if (list && more < 0) {
        Py_DECREF(list);
        return ext_raise_plain(self->state, &err);
    }
    return list;
}

static PyObject *batch_cancel(PyObject *object, PyObject *token)
{
    struct batch_object *self = of(object);

    if (!is_open(self))
        return NULL;
    for (struct job *job = self->jobs; job; job = job->next) {
        if (job->token == token)
            (void)anycert_batch_cancel(self->batch, job);
    }
    Py_RETURN_NONE;
}

static PyObject *batch_fd(PyObject *object, PyObject *ignored)
{
    (void)ignored;
    return is_open(of(object)) ? PyLong_FromLong(anycert_batch_fd(of(object)->batch)) : NULL;
}

static PyObject *batch_timeout(PyObject *object, PyObject *ignored)
{
    (void)ignored;
    return is_open(of(object)) ? PyLong_FromLongLong(anycert_batch_timeout_ms(of(object)->batch))
                               : NULL;
}

static PyObject *batch_close(PyObject *object, PyObject *ignored)
{
    (void)ignored;
    if (of(object)->is_busy && !is_open(of(object)))
        return NULL;
    close_batch(of(object));
    Py_RETURN_NONE;
}

static PyMethodDef batch_methods[] = {
    {"add", batch_add, METH_VARARGS, NULL},
    {"poll", batch_poll, METH_NOARGS, NULL},
    {"cancel", batch_cancel, METH_O, NULL},
    {"fd", batch_fd, METH_NOARGS, NULL},
    {"timeout_ms", batch_timeout, METH_NOARGS, NULL},
    {"close", batch_close, METH_NOARGS, NULL},
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
    Py_XDECREF(type); /* the module has it */
    return type ? 0 : -1;
}
