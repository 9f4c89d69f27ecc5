#include "ext.h"

/* What a coroutine awaits: one request of a batch. It speaks the protocol of asyncio's futures, as
 * far as a task needs it, and does two things that they do not: cancelling it gives the request up,
 * and whoever waits is woken directly from the batch's turn of the event loop, where no task runs,
 * and not one turn later. Only the coroutine of AsyncClient.request() ever holds one. */

#define THIS(object) ((struct ext_pending *)(object))

PyObject *ext_pending_new(struct ext_state *state, PyObject *loop, PyObject *args)
{
    PyObject *self = ext_alloc(state->pending_type);

    if (!self)
        return NULL;
    THIS(self)->state = state;
    THIS(self)->loop = Py_NewRef(loop);
    THIS(self)->args = Py_NewRef(args);
    return self;
}

static int pending_traverse(PyObject *self, visitproc visit, void *arg)
{
    Py_VISIT(THIS(self)->batch);
    Py_VISIT(THIS(self)->loop);
    Py_VISIT(THIS(self)->args);
    Py_VISIT(THIS(self)->value);
    Py_VISIT(THIS(self)->error);
    Py_VISIT(THIS(self)->waiter);
    Py_VISIT(THIS(self)->context);
    Py_VISIT(Py_TYPE(self));
    return ext_body_traverse(&THIS(self)->request.body, visit, arg);
}

static int pending_clear(PyObject *self)
{
    Py_CLEAR(THIS(self)->loop);
    Py_CLEAR(THIS(self)->args);
    Py_CLEAR(THIS(self)->value);
    Py_CLEAR(THIS(self)->error);
    Py_CLEAR(THIS(self)->waiter);
    Py_CLEAR(THIS(self)->context);
    return 0;
}

static void pending_dealloc(PyObject *self)
{
    PyObject_GC_UnTrack(self);
    ext_request_clear(&THIS(self)->request);
    (void)pending_clear(self);
    ext_free(self);
}

/* ---- the end ---- */

/* Who waits, the task's callback and what it runs in; taken out for waking. */
struct waiter {
    PyObject *callback, *context; /* NULL: nobody */
};

static struct waiter take_waiter(struct ext_pending *self)
{
    struct waiter waiter = {self->waiter, self->context};

    self->waiter = self->context = NULL;
    return waiter;
}

/* Notes the end, unless there was one before: which of two threads is first is told here. The value
 * or the error is taken over then. */
static bool note_end(struct ext_pending *self, PyObject *value, PyObject *error,
                     struct waiter *waiter)
{
    bool is_first = false;

    EXT_LOCK((PyObject *)self);
    is_first = !self->is_done;
    if (is_first) {
        self->is_done = true;
        self->value = value;
        self->error = error;
        *waiter = take_waiter(self);
    }
    EXT_UNLOCK();
    return is_first;
}

/* In the event loop's next turn. A loop that is closed has nobody who waits. */
static void wake_later(struct ext_pending *self, struct waiter waiter)
{
    PyObject *call_soon = self->loop ? PyObject_GetAttrString(self->loop, "call_soon") : NULL;
    PyObject *args = PyTuple_Pack(2, waiter.callback, (PyObject *)self);
    PyObject *kwargs = PyDict_New();
    PyObject *handle = NULL;

    if (call_soon && args && kwargs && PyDict_SetItemString(kwargs, "context", waiter.context) == 0)
        handle = PyObject_Call(call_soon, args, kwargs);
    if (!handle)
        PyErr_Clear();
    Py_XDECREF(handle);
    Py_XDECREF(kwargs);
    Py_XDECREF(args);
    Py_XDECREF(call_soon);
    Py_DECREF(waiter.callback);
    Py_DECREF(waiter.context);
}

/* Now. -1 with what the task has let through: KeyboardInterrupt and the like. */
static int wake(struct ext_pending *self, struct waiter waiter)
{
    PyObject *done = PyObject_CallMethodObjArgs(waiter.context, self->state->run_name,
                                                waiter.callback, (PyObject *)self, NULL);

    Py_XDECREF(done);
    Py_DECREF(waiter.callback);
    Py_DECREF(waiter.context);
    return done ? 0 : -1;
}

int ext_pending_end(struct ext_pending *self, PyObject *value, PyObject *error)
{
    struct waiter waiter = {NULL, NULL};

    if (!note_end(self, value, error, &waiter)) {
        Py_XDECREF(value);
        Py_XDECREF(error);
        return 0;
    }
    return waiter.callback ? wake(self, waiter) : 0;
}

bool ext_pending_is_done(struct ext_pending *self)
{
    bool is_done = false;

    EXT_LOCK((PyObject *)self);
    is_done = self->is_done;
    EXT_UNLOCK();
    return is_done;
}

void ext_pending_set_batch(struct ext_pending *self, PyObject *batch)
{
    PyObject *before = NULL;

    EXT_LOCK((PyObject *)self);
    before = self->batch;
    self->batch = batch;
    Py_XINCREF(batch);
    EXT_UNLOCK();
    Py_XDECREF(before);
}

PyObject *ext_pending_batch(struct ext_pending *self)
{
    PyObject *batch = NULL;

    EXT_LOCK((PyObject *)self);
    batch = self->batch;
    Py_XINCREF(batch);
    EXT_UNLOCK();
    return batch;
}

/* fail(error): its client is being closed. */
static PyObject *pending_fail(PyObject *object, PyObject *error)
{
    struct waiter waiter = {NULL, NULL};

    Py_INCREF(error);
    if (!note_end(THIS(object), NULL, error, &waiter))
        Py_DECREF(error);
    else if (waiter.callback)
        wake_later(THIS(object), waiter);
    Py_RETURN_NONE;
}

static PyObject *pending_cancel(PyObject *object, PyObject *args, PyObject *kwargs)
{
    struct ext_pending *self = THIS(object);
    PyObject *message = kwargs ? PyDict_GetItemString(kwargs, "msg") : NULL;
    PyObject *class = NULL;
    PyObject *error = NULL;
    struct waiter waiter = {NULL, NULL};

    if (!message)
        message = PyTuple_Size(args) > 0 ? PyTuple_GetItem(args, 0) : Py_None;
    if (ext_pending_is_done(self))
        Py_RETURN_FALSE;
    class = ext_import(&self->state->cancelled_error, "asyncio", "CancelledError");
    if (!class)
        return NULL;
    error = message == Py_None ? PyObject_CallFunctionObjArgs(class, NULL)
                               : PyObject_CallFunctionObjArgs(class, message, NULL);
    if (!error)
        return NULL;
    if (!note_end(self, NULL, error, &waiter)) {
        Py_DECREF(error);
        Py_RETURN_FALSE;
    }
    ext_batch_give_up(self);
    if (waiter.callback)
        wake_later(self, waiter);
    Py_RETURN_TRUE;
}

/* The value, or NULL with the error. Whoever awaits it takes the value away, which is its end. */
static PyObject *look(struct ext_pending *self, bool takes)
{
    PyObject *value = NULL;
    PyObject *error = NULL;

    EXT_LOCK((PyObject *)self);
    error = self->error;
    Py_XINCREF(error);
    value = self->value;
    if (takes)
        self->value = NULL;
    else
        Py_XINCREF(value);
    EXT_UNLOCK();
    if (error) {
        Py_XDECREF(value);
        PyErr_SetObject((PyObject *)Py_TYPE(error), error);
        Py_DECREF(error);
        return NULL;
    }
    return value ? value : Py_NewRef(Py_None);
}

/* ---- for whoever waits ---- */

static PyObject *pending_result(PyObject *object, PyObject *ignored)
{
    (void)ignored;
    if (ext_pending_is_done(THIS(object)))
        return look(THIS(object), false);
    PyErr_SetString(PyExc_RuntimeError, "the request is still under way");
    return NULL;
}

static PyObject *pending_done(PyObject *object, PyObject *ignored)
{
    (void)ignored;
    return PyBool_FromLong(ext_pending_is_done(THIS(object)));
}

static PyObject *pending_get_loop(PyObject *object, PyObject *ignored)
{
    (void)ignored;
    return Py_NewRef(THIS(object)->loop);
}

/* add_done_callback(callback, *, context): from the one task that waits. */
static PyObject *pending_add_callback(PyObject *object, PyObject *const *args, Py_ssize_t count,
                                      PyObject *names)
{
    struct ext_pending *self = THIS(object);
    bool has_context = names && PyTuple_Size(names) == 1 &&
                       PyUnicode_CompareWithASCIIString(PyTuple_GetItem(names, 0), "context") == 0;
    PyObject *callback = count == 1 ? args[0] : NULL;
    PyObject *context = has_context ? args[count] : NULL;
    struct waiter waiter = {NULL, NULL};
    bool is_taken = false;

    EXT_LOCK(object);
    is_taken = !callback || !context || self->waiter;
    if (!is_taken) {
        self->waiter = Py_NewRef(callback);
        self->context = Py_NewRef(context);
        if (self->is_done)
            waiter = take_waiter(self);
    }
    EXT_UNLOCK();
    if (is_taken) {
        PyErr_SetString(PyExc_RuntimeError, "a request is awaited by one task, and once");
        return NULL;
    }
    if (waiter.callback)
        wake_later(self, waiter);
    Py_RETURN_NONE;
}

static PyObject *pending_get_blocking(PyObject *object, void *closure)
{
    (void)closure;
    return PyBool_FromLong(THIS(object)->is_blocking);
}

static int pending_set_blocking(PyObject *object, PyObject *value, void *closure)
{
    int is_true = value ? PyObject_IsTrue(value) : 0;

    (void)closure;
    if (is_true < 0)
        return -1;
    THIS(object)->is_blocking = is_true;
    return 0;
}

/* One step of `await`: itself, which tells the task to wait for it. */
static PyObject *wait_for(struct ext_pending *self)
{
    self->is_blocking = true;
    return Py_NewRef((PyObject *)self);
}

#if PY_VERSION_HEX >= 0x030A0000
static PySendResult pending_send(PyObject *object, PyObject *ignored, PyObject **result)
{
    (void)ignored;
    if (!ext_pending_is_done(THIS(object))) {
        *result = wait_for(THIS(object));
        return PYGEN_NEXT;
    }
    *result = look(THIS(object), true);
    return *result ? PYGEN_RETURN : PYGEN_ERROR;
}
#endif

static PyObject *pending_next(PyObject *object)
{
    PyObject *value = NULL;

    if (!ext_pending_is_done(THIS(object)))
        return wait_for(THIS(object));
    value = look(THIS(object), true);
    if (value)
        PyErr_SetObject(PyExc_StopIteration, value);
    Py_XDECREF(value);
    return NULL;
}

static PyMethodDef pending_methods[] = {
    {"add_done_callback", (PyCFunction)(void (*)(void))pending_add_callback,
     METH_FASTCALL | METH_KEYWORDS, NULL},
    {"cancel", (PyCFunction)(void (*)(void))pending_cancel, METH_VARARGS | METH_KEYWORDS, NULL},
    {"done", pending_done, METH_NOARGS, NULL},
    {"fail", pending_fail, METH_O, NULL},
    {"get_loop", pending_get_loop, METH_NOARGS, NULL},
    {"result", pending_result, METH_NOARGS, NULL},
    {NULL, NULL, 0, NULL},
};
static PyGetSetDef pending_getset[] = {
    {"_asyncio_future_blocking", pending_get_blocking, pending_set_blocking, NULL, NULL},
    {NULL, NULL, NULL, NULL, NULL},
};
static PyType_Slot pending_slots[] = {
    {Py_tp_dealloc, pending_dealloc},
    {Py_tp_traverse, pending_traverse},
    {Py_tp_clear, pending_clear},
    {Py_tp_methods, pending_methods},
    {Py_tp_getset, pending_getset},
    {Py_tp_iter, PyObject_SelfIter},
    {Py_tp_iternext, pending_next},
    {Py_am_await, PyObject_SelfIter},
#if PY_VERSION_HEX >= 0x030A0000
    {Py_am_send, pending_send},
#endif
    {0, NULL},
};
static PyType_Spec pending_spec = {
    .name = "anycert._core.Pending",
    .basicsize = sizeof(struct ext_pending),
#if PY_VERSION_HEX >= 0x030A0000
    .flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC | Py_TPFLAGS_DISALLOW_INSTANTIATION,
#else
    .flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC,
#endif
    .slots = pending_slots,
};

int ext_pending_init(PyObject *module, struct ext_state *state)
{
    state->run_name = PyUnicode_InternFromString("run");
    state->pending_type = state->run_name ? ext_add_type(module, &pending_spec) : NULL;
    return state->pending_type ? 0 : -1;
}
