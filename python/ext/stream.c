#include "ext.h"

#include <string.h>

struct stream_object {
    PyObject_HEAD struct ext_state *state;
    PyObject *client; /* with a use of it; NULL: closed */
    struct anycert_stream *stream;
    struct ext_request request;
    PyObject *info;
    PyObject *args; /* as Client.send has them, a tuple, until there is an answer; NULL: there is */
    bool is_busy;   /* in another thread */
};

static struct stream_object *of(PyObject *self)
{
    return (struct stream_object *)self;
}

static void close_stream(struct stream_object *self)
{
    struct anycert_stream *stream = self->stream;
    PyObject *client = self->client;

    if (!client) /* it is closed, or another thread is at it */
        return;
    self->stream = NULL;
    self->client = NULL;
    if (stream) {
        Py_BEGIN_ALLOW_THREADS anycert_stream_close(stream);
        Py_END_ALLOW_THREADS
    }
    ext_request_clear(&self->request);
    ext_client_leave(client);
    Py_DECREF(client);
}

static int stream_traverse(PyObject *self, visitproc visit, void *arg)
{
    Py_VISIT(of(self)->client);
    Py_VISIT(of(self)->info);
    Py_VISIT(of(self)->args);
    Py_VISIT(Py_TYPE(self));
    return ext_body_traverse(&of(self)->request.body, visit, arg);
}

static int stream_clear(PyObject *self)
{
    Py_CLEAR(of(self)->info);
    Py_CLEAR(of(self)->args);
    return 0;
}

static void stream_dealloc(PyObject *self)
{
    PyObject_GC_UnTrack(self);
    close_stream(of(self));
    (void)stream_clear(self);
    ext_free(self);
}

/* Of which nothing has been sent yet. */
static PyObject *new_stream(struct ext_state *state, PyObject *client, PyObject *const *args)
{
    struct anycert_error err = {0};
    struct anycert_client *inner = NULL;
    PyObject *object = ext_alloc(state->stream_type);
    struct stream_object *self = of(object);

    if (!object)
        return NULL;
    self->state = state;
    inner = ext_client_enter(client);
    if (inner) {
        self->client = Py_NewRef(client);
        self->info = Py_NewRef(args[EXT_ARG_INFO]);
        if (ext_request_init(&self->request, state, client, args) == 0) {
            self->stream = anycert_stream_new(inner, self->request.request, &err);
            if (self->stream)
                return object;
            (void)ext_raise_plain(state, &err);
        }
    }
    Py_DECREF(object);
    return NULL;
}

/* A Response, or NULL. */
static PyObject *take_answer(struct stream_object *self, PyObject *const *args)
{
    struct anycert_response *response = NULL;
    struct anycert_error err = {0};
    int result = -1;

    self->is_busy = true;
    ext_call_begin(&self->request.call, self->state);
    result = anycert_stream_answer(self->stream, &response, &err);
    if (ext_call_end(&self->request.call)) {
        self->is_busy = false; /* only now is it ours alone */
        return ext_client_finish(self->state, self->client, &self->request, args, result, response,
                                 &err);
    }
    self->is_busy = false;
    anycert_response_free(response);
    return NULL;
}

PyObject *ext_stream_open(struct ext_state *state, PyObject *client, PyObject *const *args)
{
    PyObject *object = new_stream(state, client, args);
    PyObject *answer = object ? take_answer(of(object), args) : NULL;

    if (answer)
        return Py_BuildValue("(NN)", answer, object);
    Py_XDECREF(object);
    return NULL;
}

PyObject *ext_stream_begin(struct ext_state *state, PyObject *client, PyObject *const *args)
{
    struct anycert_error err = {0};
    PyObject *object = new_stream(state, client, args);
    PyObject *tuple = object ? PyTuple_New(EXT_ARGS) : NULL;

    for (Py_ssize_t i = 0; tuple && i < EXT_ARGS; i++)
        (void)PyTuple_SetItem(tuple, i, Py_NewRef(args[i]));
    if (tuple) {
        of(object)->args = tuple;
        /* An event loop has its own way of being interrupted. */
        if (anycert_request_set_progress(of(object)->request.request, NULL, NULL, &err) == 0)
            return object;
        (void)ext_raise_plain(state, &err);
    }
    Py_XDECREF(object);
    return NULL;
}

static PyObject *fail(struct stream_object *self, const struct anycert_error *err)
{
    struct ext_failure failure = {.error = err,
                                  .request = self->info,
                                  .connect_ms = self->request.connect_ms,
                                  .read_ms = self->request.read_ms,
                                  .began = true};

    if (anycert_stream_diagnose(self->stream, err, &failure.diagnosis, NULL) < 0)
        failure.diagnosis = NULL;
    return ext_raise(self->state, &failure);
}

/* Up to size bytes; with fill, as many unless the body ends. */
static PyObject *read_bytes(struct stream_object *self, Py_ssize_t size, bool fill)
{
    struct anycert_error err = {0};
    PyObject *bytes = PyBytes_FromStringAndSize(NULL, size);
    char *buffer = bytes ? PyBytes_AsString(bytes) : NULL;
    bool went_well = false;
    int64_t total = 0;
    int64_t count = 0;

    if (!buffer)
        return NULL;
    self->is_busy = true;
    ext_call_begin(&self->request.call, self->state);
    do {
        count = anycert_stream_read(self->stream, buffer + total, (size_t)(size - total), &err);
        total += count > 0 ? count : 0;
    } while (fill && count > 0 && total < size);
    went_well = ext_call_end(&self->request.call);
    self->is_busy = false; /* only now is it ours alone */
    if (!went_well) {
        Py_DECREF(bytes);
        return NULL;
    }
    if (count < 0 && total == 0) { /* else the same error comes with the next call */
        Py_DECREF(bytes);
        return fail(self, &err);
    }
    if (total < size)
        ext_set(&bytes, PyBytes_FromStringAndSize(buffer, (Py_ssize_t)total));
    return bytes;
}

static bool is_free(const struct stream_object *self)
{
    if (self->is_busy)
        PyErr_SetString(PyExc_RuntimeError, "the stream is being read by another thread");
    return !self->is_busy;
}

static bool is_open(const struct stream_object *self)
{
    if (is_free(self) && !self->stream)
        PyErr_SetString(PyExc_ValueError, "the stream is closed");
    return self->stream && !self->is_busy;
}

static PyObject *stream_read(PyObject *object, PyObject *args)
{
    struct stream_object *self = of(object);
    Py_ssize_t size = 0;
    int fill = 0;

    if (!PyArg_ParseTuple(args, "n|p:read", &size, &fill))
        return NULL;
    if (size < 1) {
        PyErr_SetString(PyExc_ValueError, "the size of a piece has to be 1 or more");
        return NULL;
    }
    if (!is_free(self))
        return NULL;
    if (!self->stream)
        return PyBytes_FromStringAndSize(NULL, 0);
    return read_bytes(self, size, fill != 0);
}

static PyObject *stream_close(PyObject *object, PyObject *ignored)
{
    (void)ignored;
    if (!is_free(of(object)))
        return NULL;
    close_stream(of(object));
    Py_RETURN_NONE;
}

/* ---- for an event loop ---- */

/* answer(): the Response, which is waited for unless ready() is true. */
static PyObject *stream_answer(PyObject *object, PyObject *ignored)
{
    struct stream_object *self = of(object);
    PyObject *args[EXT_ARGS];
    PyObject *tuple = self->args;
    PyObject *answer = NULL;

    (void)ignored;
    if (!is_open(self))
        return NULL;
    if (!tuple) {
        PyErr_SetString(PyExc_RuntimeError, "the answer of a stream is there to take once");
        return NULL;
    }
    self->args = NULL;
    for (Py_ssize_t i = 0; i < EXT_ARGS; i++)
        args[i] = PyTuple_GetItem(tuple, i);
    answer = take_answer(self, args);
    Py_DECREF(tuple);
    return answer;
}

/* ready(): moves it on without waiting. True if answer(), or then read(), would not wait. */
static PyObject *stream_ready(PyObject *object, PyObject *ignored)
{
    struct stream_object *self = of(object);
    int is_ready = 0;

    (void)ignored;
    if (!is_open(self))
        return NULL;
    self->is_busy = true;
    Py_BEGIN_ALLOW_THREADS is_ready = anycert_stream_ready(self->stream);
    Py_END_ALLOW_THREADS self->is_busy = false;
    return PyBool_FromLong(is_ready);
}

static PyObject *stream_fd(PyObject *object, PyObject *ignored)
{
    (void)ignored;
    return is_open(of(object)) ? PyLong_FromLong(anycert_stream_fd(of(object)->stream)) : NULL;
}

static PyObject *stream_timeout_ms(PyObject *object, PyObject *ignored)
{
    (void)ignored;
    if (!is_open(of(object)))
        return NULL;
    return PyLong_FromLongLong(anycert_stream_timeout_ms(of(object)->stream));
}

EXT_LOCKED(stream_read)
EXT_LOCKED(stream_close)
EXT_LOCKED(stream_answer)
EXT_LOCKED(stream_ready)
EXT_LOCKED(stream_fd)
EXT_LOCKED(stream_timeout_ms)
static PyMethodDef stream_methods[] = {
    {"read", stream_read_locked, METH_VARARGS, NULL},
    {"close", stream_close_locked, METH_NOARGS, NULL},
    {"answer", stream_answer_locked, METH_NOARGS, NULL},
    {"ready", stream_ready_locked, METH_NOARGS, NULL},
    {"fd", stream_fd_locked, METH_NOARGS, NULL},
    {"timeout_ms", stream_timeout_ms_locked, METH_NOARGS, NULL},
    {NULL, NULL, 0, NULL},
};
static PyType_Slot stream_slots[] = {
    {Py_tp_dealloc, stream_dealloc},
    {Py_tp_traverse, stream_traverse},
    {Py_tp_clear, stream_clear},
    {Py_tp_methods, stream_methods},
    {0, NULL},
};
static PyType_Spec stream_spec = {
    .name = "anycert._core.Stream",
    .basicsize = sizeof(struct stream_object),
    .flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC | Py_TPFLAGS_DISALLOW_INSTANTIATION,
    .slots = stream_slots,
};

int ext_stream_init(PyObject *module, struct ext_state *state)
{
    state->stream_type = ext_add_type(module, &stream_spec);
    return state->stream_type ? 0 : -1;
}
