#include "ext.h"

#include <string.h>

/* Steals what was given, and makes bytes of it. */
static PyObject *as_bytes(PyObject *piece)
{
    PyObject *bytes = NULL;

    if (!piece || PyBytes_Check(piece))
        return piece;
    if (PyUnicode_Check(piece))
        bytes = PyUnicode_AsUTF8String(piece);
    else if (PyObject_CheckBuffer(piece))
        bytes = PyBytes_FromObject(piece);
    else
        ext_wrong_type("a piece of data", "bytes or str", piece);
    Py_DECREF(piece);
    return bytes;
}

/* Gets the next piece that is not empty. 1, 0 at the end, or -1 with an exception. */
static int fetch(struct ext_body *body, size_t size)
{
    do {
        Py_CLEAR(body->piece);
        body->used = 0;
        body->piece = as_bytes(body->read ? PyObject_CallFunction(body->read, "n", (Py_ssize_t)size)
                                          : PyIter_Next(body->iterator));
        if (!body->piece)
            return PyErr_Occurred() ? -1 : 0;
        if (PyBytes_Size(body->piece) > 0)
            return 1;
    } while (!body->read); /* an empty piece is the end of a file, but not of an iterator */
    return 0;
}

static int64_t take(struct ext_body *body, void *buffer, size_t size)
{
    Py_ssize_t count = 0;

    if (!body->piece || body->used == PyBytes_Size(body->piece)) {
        int more = fetch(body, size);

        if (more <= 0)
            return more;
    }
    count = PyBytes_Size(body->piece) - body->used;
    if ((size_t)count > size)
        count = (Py_ssize_t)size;
    memcpy(buffer, PyBytes_AsString(body->piece) + body->used, (size_t)count);
    body->used += count;
    return count;
}

static int64_t on_read(void *arg, void *buffer, size_t size)
{
    struct ext_body *body = arg;
    int64_t count = 0;

    if (body->call->type || !body->call->thread) /* it has failed already, or is given up */
        return -1;
    ext_call_enter(body->call);
    count = take(body, buffer, size);
    ext_call_leave(body->call);
    return count;
}

static int rewind_body(struct ext_body *body)
{
    PyObject *result = NULL;

    Py_CLEAR(body->piece);
    body->used = 0;
    if (body->read) {
        result = PyObject_CallMethod(body->source, "seek", "n", body->start);
        Py_XDECREF(result);
        return result ? 0 : -1;
    }
    ext_set(&body->iterator, PyObject_GetIter(body->source));
    return body->iterator ? 0 : -1;
}

static int on_rewind(void *arg)
{
    struct ext_body *body = arg;
    int result = 0;

    if (body->call->type || !body->call->thread)
        return -1;
    ext_call_enter(body->call);
    result = rewind_body(body);
    ext_call_leave(body->call);
    return result;
}

/* A method that may be missing or fail: what it gives as a number, or -1. */
static Py_ssize_t ask_number(PyObject *object, const char *method)
{
    PyObject *result = PyObject_CallMethod(object, method, NULL);
    Py_ssize_t number = result ? PyLong_AsSsize_t(result) : -1;

    Py_XDECREF(result);
    if (PyErr_Occurred()) {
        PyErr_Clear();
        return -1;
    }
    return number;
}

/* Moves a file. What seek() gives back is not looked at: not everybody's gives something. */
static bool seek_to(PyObject *file, Py_ssize_t offset, int whence)
{
    PyObject *result = PyObject_CallMethod(file, "seek", "ni", offset, whence);

    Py_XDECREF(result);
    PyErr_Clear();
    return result != NULL;
}

/* How many bytes an object says that it has, in the two ways that requests knows; -1: neither. */
static Py_ssize_t said_length(PyObject *source)
{
    Py_ssize_t size = PyObject_Size(source);
    PyObject *len = NULL;

    if (size >= 0)
        return size;
    PyErr_Clear();
    len = PyObject_GetAttrString(source, "len");
    size = len && PyLong_Check(len) ? PyLong_AsSsize_t(len) : -1;
    Py_XDECREF(len);
    PyErr_Clear();
    return size;
}

/* How many bytes a file has from where it stands; -1: not known. */
static Py_ssize_t measure(struct ext_body *body)
{
    Py_ssize_t start = ask_number(body->source, "tell");
    Py_ssize_t end = -1;
    PyObject *encoding = NULL;

    body->start = -1;
    if (start < 0 || !seek_to(body->source, 0, 2)) {
        end = said_length(body->source);
        end -= end >= 0 && start > 0 ? start : 0;
        return end < 0 ? -1 : end;
    }
    end = ask_number(body->source, "tell");
    if (!seek_to(body->source, start, 0) || ask_number(body->source, "tell") != start)
        return -1;
    body->start = start;
    /* Of text it is only known when it is encoded how long it is. */
    encoding = PyObject_GetAttrString(body->source, "encoding");
    PyErr_Clear();
    Py_XDECREF(encoding);
    return encoding || end < start ? -1 : end - start;
}

int ext_body_set(struct ext_body *body, struct ext_call *call, struct ext_state *state,
                 struct anycert_request *request, PyObject *source)
{
    struct anycert_error err = {0};
    Py_ssize_t size = -1;
    bool rewinds = false;

    body->call = call;
    Py_INCREF(source);
    body->source = source;
    body->read = PyObject_GetAttrString(source, "read");
    if (body->read) {
        size = measure(body);
        rewinds = body->start >= 0;
    } else {
        PyErr_Clear();
        body->iterator = PyObject_GetIter(source);
        if (!body->iterator) {
            ext_wrong_type("data", "bytes, str, a mapping, pairs, a file or an iterable", source);
            return -1;
        }
        rewinds = body->iterator != source; /* a list of pieces begins anew, a generator does not */
    }
    if (anycert_request_set_body_source(request, on_read, rewinds ? on_rewind : NULL, size, body,
                                        &err) == 0)
        return 0;
    (void)ext_raise_plain(state, &err);
    return -1;
}

int ext_body_set_part(struct ext_body *body, struct ext_call *call, struct ext_state *state,
                      struct anycert_request *request, const struct ext_file *file)
{
    struct anycert_error err = {0};
    Py_ssize_t size = 0;

    body->call = call;
    body->source = Py_NewRef(file->source);
    body->read = PyObject_GetAttrString(file->source, "read");
    if (!body->read)
        return -1;
    size = measure(body);
    if (anycert_request_add_part(request, file->field, NULL, 0, file->filename, file->type, &err) ==
            0 &&
        anycert_request_set_part_source(request, on_read, body->start >= 0 ? on_rewind : NULL, size,
                                        body, &err) == 0)
        return 0;
    (void)ext_raise_plain(state, &err);
    return -1;
}

int ext_body_traverse(const struct ext_body *body, visitproc visit, void *arg)
{
    Py_VISIT(body->read);
    Py_VISIT(body->iterator);
    Py_VISIT(body->source);
    return 0;
}

void ext_body_clear(struct ext_body *body)
{
    Py_CLEAR(body->read);
    Py_CLEAR(body->iterator);
    Py_CLEAR(body->source);
    Py_CLEAR(body->piece);
}
