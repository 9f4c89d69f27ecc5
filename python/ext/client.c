#include "ext.h"

#include <string.h>

struct client_object {
    PyObject_HEAD struct ext_state *state;
    PyObject *asked;   /* about hosts that the trust store does not know; NULL: nobody is */
    PyObject *profile; /* whose header fields its requests have; NULL: none */
    struct anycert_client *client;
    Py_ssize_t users; /* calls that are under way */
    bool is_closed;
};

static struct client_object *of(PyObject *self)
{
    return (struct client_object *)self;
}

/* ---- configuration ---- */

/* on_first_use: the client keeps the callable, which may refer to the client. */
static int take_asking(struct client_object *self, struct anycert_config *config, PyObject *kwargs)
{
    struct anycert_error err = {0};
    PyObject *callable = kwargs ? PyDict_GetItemString(kwargs, "on_first_use") : NULL;

    if (!callable)
        return 0;
    if (callable != Py_None) {
        if (!PyCallable_Check(callable)) {
            ext_wrong_type("on_first_use", "a callable", callable);
            return -1;
        }
        self->asked = Py_NewRef(callable);
        if (anycert_config_set_trust_ask(config, ext_call_ask, callable, &err) < 0) {
            (void)ext_raise_plain(self->state, &err);
            return -1;
        }
    }
    return PyDict_DelItemString(kwargs, "on_first_use");
}

/* profile: what is said beside it counts more, so it is applied first. */
static int take_profile(struct client_object *self, struct anycert_config *config, PyObject *kwargs)
{
    PyObject *profile = kwargs ? PyDict_GetItemString(kwargs, "profile") : NULL;

    if (!profile)
        return 0;
    if (profile != Py_None) {
        self->profile = Py_NewRef(profile);
        if (ext_profile_apply(self->state, profile, config) < 0)
            return -1;
    }
    return PyDict_DelItemString(kwargs, "profile");
}

static struct anycert_client *make_client(struct client_object *self, PyObject *kwargs)
{
    struct ext_state *state = self->state;
    struct anycert_error err = {0};
    struct anycert_config *config = anycert_config_new(&err);
    struct anycert_client *client = NULL;
    PyObject *name = NULL;
    PyObject *value = NULL;
    Py_ssize_t at = 0;

    if (!config)
        return (struct anycert_client *)PyErr_NoMemory();
    /* Python's clients never ask before they send a body. */
    if (anycert_config_set_expect_continue(config, UINT32_MAX, &err) < 0 ||
        anycert_config_set_waiting(config, ext_call_now, ext_call_sleep, NULL, &err) < 0 ||
        anycert_config_set_log(config, ANYCERT_LOG_WARNING, ext_call_log, NULL, &err) < 0) {
        (void)ext_raise_plain(state, &err);
        goto out;
    }
    anycert_config_set_interrupt(config, ext_call_is_over, NULL);
    if (take_profile(self, config, kwargs) < 0 || take_asking(self, config, kwargs) < 0)
        goto out;
    while (kwargs && PyDict_Next(kwargs, &at, &name, &value)) {
        if (value != Py_None && ext_config_set(state, config, name, value) < 0)
            goto out;
    }
    Py_BEGIN_ALLOW_THREADS client = anycert_client_new(config, &err);
    Py_END_ALLOW_THREADS if (!client)(void) ext_raise_plain(state, &err);
out:
    anycert_config_free(config);
    return client;
}

/* ---- life ---- */

static PyObject *client_new(PyTypeObject *type, PyObject *args, PyObject *kwargs)
{
    struct ext_state *state = ext_state_of(type);
    PyObject *self = NULL;

    if (!state)
        return NULL;
    if (PyTuple_Size(args) != 0) {
        PyErr_SetString(PyExc_TypeError, "Client() takes keyword arguments only");
        return NULL;
    }
    self = ext_alloc(type);
    if (!self)
        return NULL;
    of(self)->state = state;
    of(self)->client = make_client(of(self), kwargs);
    if (!of(self)->client)
        Py_CLEAR(self);
    return self;
}

static void free_client(struct client_object *self)
{
    struct anycert_client *client = self->client;

    self->client = NULL;
    if (!client)
        return;
    Py_BEGIN_ALLOW_THREADS /* closing may say goodbye to the peers */
        anycert_client_free(client);
    Py_END_ALLOW_THREADS
}

static int client_traverse(PyObject *self, visitproc visit, void *arg)
{
    Py_VISIT((PyObject *)Py_TYPE(self));
    Py_VISIT(of(self)->asked);
    Py_VISIT(of(self)->profile);
    return 0;
}

static void client_dealloc(PyObject *self)
{
    PyObject_GC_UnTrack(self);
    free_client(of(self));
    Py_CLEAR(of(self)->asked);
    Py_CLEAR(of(self)->profile);
    ext_free(self);
}

static PyObject *client_close(PyObject *self, PyObject *ignored)
{
    (void)ignored;
    EXT_LOCK(self);
    of(self)->is_closed = true;
    if (of(self)->users == 0)
        free_client(of(self));
    EXT_UNLOCK();
    Py_RETURN_NONE;
}

struct anycert_client *ext_client_enter(PyObject *client)
{
    struct client_object *self = of(client);
    struct anycert_client *inner = NULL;

    EXT_LOCK(client);
    if (!self->is_closed)
        inner = self->client;
    if (inner)
        self->users++;
    EXT_UNLOCK();
    if (!inner)
        PyErr_SetString(PyExc_ValueError, "the client is closed");
    return inner;
}

void ext_client_leave(PyObject *client)
{
    struct client_object *self = of(client);

    EXT_LOCK(client);
    self->users--;
    if (self->is_closed && self->users == 0)
        free_client(self);
    EXT_UNLOCK();
}

/* ---- requests ---- */

/* Whether a URL begins with a scheme, as _client.py has it. */
static bool is_whole(const char *url)
{
    size_t len = 0;

    while ((url[len] >= '0' && url[len] <= '9') || (url[len] >= 'a' && url[len] <= 'z') ||
           (url[len] >= 'A' && url[len] <= 'Z'))
        len++;
    return len > 0 && strncmp(url + len, "://", 3) == 0;
}

struct anycert_request *ext_client_request(PyObject *client, const char *method, const char *url,
                                           struct anycert_error *err)
{
    const struct client_object *self = of(client);

    return self->profile && !is_whole(url) ? anycert_client_request(self->client, method, url, err)
                                           : anycert_request_new(method, url, err);
}

int ext_client_add_headers(PyObject *client, struct anycert_request *request)
{
    PyObject *profile = of(client)->profile;

    return profile ? ext_profile_add_headers(profile, request) : 0;
}

struct anycert_short_diagnosis *ext_client_diagnose(PyObject *client,
                                                    const struct anycert_response *response,
                                                    const struct anycert_error *err)
{
    struct anycert_short_diagnosis *diagnosis = NULL;

    /* Without, the failure is still the one that it is. */
    return client &&
                   anycert_client_diagnose(of(client)->client, response, err, &diagnosis, NULL) > 0
               ? diagnosis
               : NULL;
}

PyObject *ext_client_finish(struct ext_state *state, PyObject *client,
                            const struct ext_request *request, PyObject *const *args, int result,
                            struct anycert_response *response, const struct anycert_error *err)
{
    struct ext_failure failure = {.error = err,
                                  .request = args[EXT_ARG_INFO],
                                  .connect_ms = request->connect_ms,
                                  .read_ms = request->read_ms};
    PyObject *object = NULL;

    if (response || result == 0) {
        object = ext_response_new(state, (PyTypeObject *)args[EXT_ARG_CLASS], response,
                                  args[EXT_ARG_INFO]);
        if (!object || result == 0)
            return object;
        failure.began = anycert_response_status(response) != 0;
    }
    failure.diagnosis = ext_client_diagnose(client, response, err);
    failure.response = object;
    failure.url = PyUnicode_AsUTF8AndSize(args[EXT_ARG_URL], NULL);
    if (failure.url && !is_whole(failure.url))
        failure.url = NULL; /* behind the profile's: what is shown of both is in the request's */
    (void)ext_raise(state, &failure);
    Py_XDECREF(object);
    return NULL;
}

static bool check_arguments(const struct client_object *self, PyObject *const *args, Py_ssize_t n)
{
    if (n != EXT_ARGS) {
        PyErr_Format(PyExc_TypeError, "send() takes %d arguments", (int)EXT_ARGS);
        return false;
    }
    if (!PyType_Check(args[EXT_ARG_CLASS]) ||
        !PyType_IsSubtype((PyTypeObject *)args[EXT_ARG_CLASS], self->state->response_type)) {
        PyErr_SetString(PyExc_TypeError, "the first argument of send() is a class of responses");
        return false;
    }
    return true;
}

static PyObject *client_send(PyObject *object, PyObject *const *args, Py_ssize_t n)
{
    struct client_object *self = of(object);
    struct ext_request request;
    struct anycert_response *response = NULL;
    struct anycert_error err = {0};
    PyObject *answer = NULL;
    int result = -1;

    memset(&request, 0, sizeof request);
    if (!check_arguments(self, args, n) || !ext_client_enter(object))
        return NULL;
    if (ext_request_init(&request, self->state, object, args) == 0) {
        ext_call_begin(&request.call, self->state);
        result = anycert_client_send(self->client, request.request, &response, &err);
        if (ext_call_end(&request.call))
            answer = ext_client_finish(self->state, object, &request, args, result, response, &err);
        else
            anycert_response_free(response);
    }
    ext_request_clear(&request);
    ext_client_leave(object);
    return answer;
}

static PyObject *client_open(PyObject *object, PyObject *const *args, Py_ssize_t n)
{
    struct client_object *self = of(object);

    return check_arguments(self, args, n) ? ext_stream_open(self->state, object, args) : NULL;
}

static PyObject *client_begin(PyObject *object, PyObject *const *args, Py_ssize_t n)
{
    struct client_object *self = of(object);

    return check_arguments(self, args, n) ? ext_stream_begin(self->state, object, args) : NULL;
}

static PyObject *client_cookies(PyObject *object, PyObject *ignored)
{
    struct client_object *self = of(object);
    struct anycert_error err = {0};
    char *text = NULL;

    (void)ignored;
    if (!ext_client_enter(object))
        return NULL;
    text = anycert_client_cookies(self->client, &err);
    ext_client_leave(object);
    return text ? ext_take_str(text) : ext_raise_plain(self->state, &err);
}

static PyObject *client_add_cookie(PyObject *object, PyObject *args)
{
    struct client_object *self = of(object);
    struct anycert_error err = {0};
    const char *cookie = NULL;
    const char *url = NULL;
    int result = -1;

    if (!PyArg_ParseTuple(args, "ss:add_cookie", &cookie, &url) || !ext_client_enter(object))
        return NULL;
    result = anycert_client_add_cookie(self->client, cookie, url, &err);
    ext_client_leave(object);
    if (result < 0)
        return ext_raise_plain(self->state, &err);
    Py_RETURN_NONE;
}

static PyObject *client_explain(PyObject *object, PyObject *url)
{
    struct client_object *self = of(object);
    struct anycert_error err = {0};
    const char *utf8 = ext_utf8(url, "url");
    char *text = NULL;

    if (!utf8 || !ext_client_enter(object))
        return NULL;
    text = anycert_client_explain(self->client, utf8, &err);
    ext_client_leave(object);
    return text ? ext_take_str(text) : ext_raise_plain(self->state, &err);
}

/* policy_for(url): (Policy, place in the policy file or None). */
static PyObject *client_policy_for(PyObject *object, PyObject *url)
{
    struct client_object *self = of(object);
    struct anycert_error err = {0};
    struct anycert_policy *policy = NULL;
    const char *utf8 = ext_utf8(url, "url");
    const char *source = NULL;
    PyObject *pair = NULL;

    if (!utf8 || !ext_client_enter(object))
        return NULL;
    policy = anycert_client_policy(self->client, utf8, &source, &err);
    if (policy)
        pair = Py_BuildValue("(NN)", ext_policy_new(self->state, policy), ext_str(source));
    else
        (void)ext_raise_plain(self->state, &err);
    anycert_policy_free(policy);
    ext_client_leave(object);
    return pair;
}

static PyObject *client_look(PyObject *object, PyObject *args)
{
    return ext_look(of(object)->state, object, args);
}

static PyMethodDef client_methods[] = {
    {"send", (PyCFunction)(void (*)(void))client_send, METH_FASTCALL, NULL},
    {"open", (PyCFunction)(void (*)(void))client_open, METH_FASTCALL, NULL},
    {"begin", (PyCFunction)(void (*)(void))client_begin, METH_FASTCALL, NULL},
    {"close", client_close, METH_NOARGS, NULL},
    {"cookies", client_cookies, METH_NOARGS, NULL},
    {"add_cookie", client_add_cookie, METH_VARARGS, NULL},
    {"explain", client_explain, METH_O, NULL},
    {"policy_for", client_policy_for, METH_O, NULL},
    {"look", client_look, METH_VARARGS, NULL},
    {NULL, NULL, 0, NULL},
};

static PyType_Slot client_slots[] = {
    {Py_tp_new, client_new},
    {Py_tp_dealloc, client_dealloc},
    {Py_tp_methods, client_methods},
    {Py_tp_traverse, client_traverse},
    {0, NULL},
};
static PyType_Spec client_spec = {
    .name = "anycert._core.Client",
    .basicsize = sizeof(struct client_object),
    .flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC,
    .slots = client_slots,
};

int ext_client_init(PyObject *module, struct ext_state *state)
{
    state->client_type = ext_add_type(module, &client_spec);
    return state->client_type ? 0 : -1;
}
