#include "ext.h"

#include <string.h>

struct stream_object {
    PyObject_HEAD struct ext_state *state;
    PyObject *client; /* with a use of it; NULL: closed */
    struct anycert_stream *stream;
    struct ext_request request;
    PyObject *info;
    bool is_busy; /* in another thread */
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
    Py_VISIT(Py_TYPE(self));
    return ext_body_traverse(&of(self)->request.body, visit, arg);
}

static int stream_clear(PyObject *self)
{
    Py_CLEAR(of(self)->info);
    return 0;
}

static void stream_dealloc(PyObject *self)
{
    PyObject_GC_UnTrack(self);
    close_stream(of(self));
    Py_CLEAR(of(self)->info);
    ext_free(self);
}

static PyObject *new_stream(struct ext_state *state, PyObject *client, PyObject *info)
{
    PyObject *self = ext_alloc(state->stream_type);

    if (!self)
        return NULL;
    of(self)->state = state;
    if (!ext_client_enter(client)) {
        Py_DECREF(self);
        return NULL;
    }
    of(self)->client = Py_NewRef(client);
    of(self)->info = Py_NewRef(info);
    return self;
}

PyObject *ext_stream_open(struct ext_state *state, PyObject *client, PyObject *const *args)
{
    PyObject *object = new_stream(state, client, args[EXT_ARG_INFO]);
    struct anycert_client *inner = NULL;
    struct anycert_response *response = NULL;
    struct anycert_error err = {0};
    struct stream_object *self = of(object);
    PyObject *answer = NULL;
    int result = -1;

    if (!object)
        return NULL;
    inner = ext_client_enter(client);
    if (inner && ext_request_init(&self->request, state, args) == 0) {
        ext_call_begin(&self->request.call);
        result = anycert_client_open(inner, self->request.request, &self->stream, &response, &err);
        if (ext_call_end(&self->request.call))
            answer = ext_client_finish(state, &self->request, args, result, response, &err);
        else
            anycert_response_free(response);
    }
    if (inner)
        ext_client_leave(client);
    if (!answer) {
        Py_DECREF(object);
        return NULL;
    }
    return Py_BuildValue("(NN)", answer, object);
}

static PyObject *fail(struct stream_object *self, const struct anycert_error *err)
{
    const struct ext_failure failure = {.error = err,
                                        .request = self->info,
                                        .connect_ms = self->request.connect_ms,
                                        .read_ms = self->request.read_ms,
                                        .began = true};

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
    ext_call_begin(&self->request.call);
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
    if (self->is_busy) {
        PyErr_SetString(PyExc_RuntimeError, "the stream is being read by another thread");
        return NULL;
    }
    if (!self->stream)
        return PyBytes_FromStringAndSize(NULL, 0);
    return read_bytes(self, size, fill != 0);
}

static PyObject *stream_close(PyObject *object, PyObject *ignored)
{
    (void)ignored;
    if (of(object)->is_busy) {
        PyErr_SetString(PyExc_RuntimeError, "the stream is being read by another thread");
        return NULL;
    }
    close_stream(of(object));
    Py_RETURN_NONE;
}

EXT_LOCKED(stream_read)
EXT_LOCKED(stream_close)
static PyMethodDef stream_methods[] = {
    {"read", stream_read_locked, METH_VARARGS, NULL},
    {"close", stream_close_locked, METH_NOARGS, NULL},
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
