#include "ext.h"

#include <string.h>

struct client_object {
    PyObject_HEAD struct ext_state *state;
    PyObject *asked; /* about hosts that the trust store does not know; NULL: nobody is */
    struct anycert_client *client;
    Py_ssize_t users; /* calls that are under way */
    bool is_closed;
};

static struct client_object *of(PyObject *self)
{
    return (struct client_object *)self;
}

/* ---- configuration ---- */

/* One keyword of the constructor, and what it does; -1 with err, or with an exception. */
typedef int keyword_setter(struct ext_state *state, struct anycert_config *config, PyObject *value,
                           struct anycert_error *err);

static int set_policy(struct ext_state *state, struct anycert_config *config, PyObject *value,
                      struct anycert_error *err)
{
    const struct anycert_policy *policy = NULL;

    if (!ext_policy_arg(state, value, "policy", &policy))
        return -1;
    return anycert_config_set_policy(config, policy, err);
}

static int set_proxy_policy(struct ext_state *state, struct anycert_config *config, PyObject *value,
                            struct anycert_error *err)
{
    const struct anycert_policy *policy = NULL;

    if (!ext_policy_arg(state, value, "proxy_policy", &policy))
        return -1;
    return anycert_config_set_proxy_policy(config, policy, err);
}

static int set_policy_file(struct ext_state *state, struct anycert_config *config, PyObject *value,
                           struct anycert_error *err)
{
    struct anycert_policy_file *file = NULL;

    return ext_policy_file_arg(state, value, "policy_file", &file)
               ? anycert_config_set_policy_file(config, file, err)
               : -1;
}

static int set_trust_store(struct ext_state *state, struct anycert_config *config, PyObject *value,
                           struct anycert_error *err)
{
    struct anycert_trust_store *store = NULL;

    return ext_trust_store_arg(state, value, "trust_store", &store)
               ? anycert_config_set_trust_store(config, store, err)
               : -1;
}

static int set_default_anchors(struct ext_state *state, struct anycert_config *config,
                               PyObject *value, struct anycert_error *err)
{
    const struct anycert_policy *policy = NULL;

    return ext_policy_arg(state, value, "default_anchors", &policy)
               ? anycert_config_set_default_anchors(config, policy, err)
               : -1;
}

static int set_proxy(struct ext_state *state, struct anycert_config *config, PyObject *value,
                     struct anycert_error *err)
{
    const char *url = NULL;

    (void)state;
    return ext_optional_utf8(value, "proxy", &url) ? anycert_config_set_proxy(config, url, err)
                                                   : -1;
}

static int set_no_proxy(struct ext_state *state, struct anycert_config *config, PyObject *value,
                        struct anycert_error *err)
{
    const char *hosts = NULL;

    (void)state;
    return ext_optional_utf8(value, "no_proxy", &hosts)
               ? anycert_config_set_no_proxy(config, hosts, err)
               : -1;
}

/* A path, or (certificate, key) or (certificate, key, password) with None for what is not there. */
static int set_cert(struct ext_state *state, struct anycert_config *config, PyObject *value,
                    struct anycert_error *err)
{
    const char *cert = NULL;
    const char *key = NULL;
    const char *password = NULL;

    (void)state;
    if (PyUnicode_Check(value)) {
        cert = ext_utf8(value, "cert");
        return cert ? anycert_config_set_client_cert(config, cert, NULL, err) : -1;
    }
    if (!PyTuple_Check(value)) {
        ext_wrong_type("cert", "a path or a tuple", value);
        return -1;
    }
    if (!PyArg_ParseTuple(value,
                          "s|zz;cert has to be a path, (certificate, key) or (certificate, "
                          "key, password)",
                          &cert, &key, &password) ||
        anycert_config_set_client_cert(config, cert, key, err) < 0)
        return -1;
    return anycert_config_set_client_cert_password(config, password, err);
}

/* (connect, read, total) in milliseconds; 0: none. */
static int set_timeouts(struct ext_state *state, struct anycert_config *config, PyObject *value,
                        struct anycert_error *err)
{
    unsigned connect_ms = 0, read_ms = 0, total_ms = 0;

    (void)state;
    if (!PyArg_ParseTuple(value, "III:timeouts", &connect_ms, &read_ms, &total_ms))
        return -1;
    return anycert_config_set_timeouts(config, connect_ms, total_ms, read_ms, err);
}

static int set_max_redirects(struct ext_state *state, struct anycert_config *config,
                             PyObject *value, struct anycert_error *err)
{
    long max = PyLong_AsLong(value);

    (void)state;
    if (max == -1 && PyErr_Occurred())
        return -1;
    if (max < 0) {
        PyErr_SetString(PyExc_ValueError, "max_redirects has to be 0 or more");
        return -1;
    }
    return anycert_config_set_max_redirects(config, (unsigned)(max > 1000 ? 1000 : max), err);
}

static int set_keep_last_redirect(struct ext_state *state, struct anycert_config *config,
                                  PyObject *value, struct anycert_error *err)
{
    (void)state;
    return anycert_config_set_keep_last_redirect(config, PyObject_IsTrue(value), err);
}

static int set_allow_downgrade(struct ext_state *state, struct anycert_config *config,
                               PyObject *value, struct anycert_error *err)
{
    (void)state;
    return anycert_config_set_allow_downgrade(config, PyObject_IsTrue(value), err);
}

static int set_cookies(struct ext_state *state, struct anycert_config *config, PyObject *value,
                       struct anycert_error *err)
{
    (void)state;
    return anycert_config_set_cookies(config, PyObject_IsTrue(value), err);
}

static int set_secret_headers(struct ext_state *state, struct anycert_config *config,
                              PyObject *value, struct anycert_error *err)
{
    PyObject *names = PySequence_Tuple(value);
    int result = names ? 0 : -1;

    (void)state;
    for (Py_ssize_t i = 0; result == 0 && i < PyTuple_Size(names); i++) {
        const char *name = ext_utf8(PyTuple_GetItem(names, i), "secret_headers");

        result = name ? anycert_config_add_secret_header(config, name, err) : -1;
    }
    Py_XDECREF(names);
    return result;
}

static int set_max_body(struct ext_state *state, struct anycert_config *config, PyObject *value,
                        struct anycert_error *err)
{
    unsigned long long max = PyLong_AsUnsignedLongLong(value);

    (void)state;
    if (max == (unsigned long long)-1 && PyErr_Occurred())
        return -1;
    return anycert_config_set_limits(config, 0, max ? max : UINT64_MAX, err);
}

static int set_resolve(struct ext_state *state, struct anycert_config *config, PyObject *value,
                       struct anycert_error *err)
{
    PyObject *entries = PySequence_Tuple(value);
    int result = entries ? 0 : -1;

    (void)state;
    for (Py_ssize_t i = 0; result == 0 && i < PyTuple_Size(entries); i++) {
        const char *entry = ext_utf8(PyTuple_GetItem(entries, i), "resolve");

        result = entry ? anycert_config_add_resolve(config, entry, err) : -1;
    }
    Py_XDECREF(entries);
    return result;
}

static int set_look_only(struct ext_state *state, struct anycert_config *config, PyObject *value,
                         struct anycert_error *err)
{
    (void)state;
    return anycert_config_set_look_only(config, PyObject_IsTrue(value), err);
}

static const struct {
    char name[20];
    keyword_setter *set;
} keywords[] = {
    {"policy", set_policy},
    {"proxy_policy", set_proxy_policy},
    {"policy_file", set_policy_file},
    {"default_anchors", set_default_anchors},
    {"trust_store", set_trust_store},
    {"proxy", set_proxy},
    {"no_proxy", set_no_proxy},
    {"cert", set_cert},
    {"timeouts", set_timeouts},
    {"max_redirects", set_max_redirects},
    {"keep_last_redirect", set_keep_last_redirect},
    {"allow_downgrade", set_allow_downgrade},
    {"look_only", set_look_only},
    {"cookies", set_cookies},
    {"secret_headers", set_secret_headers},
    {"max_body", set_max_body},
    {"resolve", set_resolve},
};

static int set_keyword(struct ext_state *state, struct anycert_config *config, PyObject *name,
                       PyObject *value)
{
    struct anycert_error err = {0};

    for (size_t i = 0; i < sizeof keywords / sizeof keywords[0]; i++) {
        if (PyUnicode_CompareWithASCIIString(name, keywords[i].name) != 0)
            continue;
        if (keywords[i].set(state, config, value, &err) == 0)
            return 0;
        if (!PyErr_Occurred())
            (void)ext_raise_plain(state, &err);
        return -1;
    }
    PyErr_Format(PyExc_TypeError, "Client() got an unexpected keyword argument %R", name);
    return -1;
}

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
    if (take_asking(self, config, kwargs) < 0)
        goto out;
    while (kwargs && PyDict_Next(kwargs, &at, &name, &value)) {
        if (value != Py_None && set_keyword(state, config, name, value) < 0)
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
    return 0;
}

static void client_dealloc(PyObject *self)
{
    PyObject_GC_UnTrack(self);
    free_client(of(self));
    Py_CLEAR(of(self)->asked);
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
    if (ext_request_init(&request, self->state, args) == 0) {
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
