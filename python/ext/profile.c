#include "ext.h"

#include <string.h>

/* It may be changed, and keeps what descriptors have given: one at a time has it, which the lock
 * sees to. Who has it may be waiting for a descriptor, without the interpreter's lock. */
struct profile_object {
    PyObject_HEAD struct ext_state *state;
    struct anycert_profile *profile;
    PyThread_type_lock lock;
};

static struct profile_object *of(PyObject *self)
{
    return (struct profile_object *)self;
}

static void enter(PyObject *self)
{
    PyThread_type_lock lock = of(self)->lock;

    if (PyThread_acquire_lock(lock, NOWAIT_LOCK))
        return;
    Py_BEGIN_ALLOW_THREADS(void) PyThread_acquire_lock(lock, WAIT_LOCK);
    Py_END_ALLOW_THREADS
}

static void leave(PyObject *self)
{
    PyThread_release_lock(of(self)->lock);
}

/* ---- making one ---- */

/* A signal has come while a secret was waited for: what Python does then is what counts. */
static int is_interrupted(void *arg)
{
    struct ext_call *call = ext_call_innermost();

    (void)arg;
    if (!call || !call->thread || call->type)
        return 1;
    ext_call_enter(call);
    (void)PyErr_CheckSignals();
    ext_call_leave(call);
    return call->type ? 1 : 0;
}

/* Takes the profile over; NULL raises what err says. */
static PyObject *wrap(PyTypeObject *type, struct ext_state *state, struct anycert_profile *profile,
                      const struct anycert_error *err)
{
    PyObject *self = profile ? ext_alloc(type) : ext_raise_plain(state, err);

    if (!self) {
        anycert_profile_free(profile);
        return NULL;
    }
    anycert_profile_set_interrupt(profile, is_interrupted, NULL);
    of(self)->state = state;
    of(self)->profile = profile;
    of(self)->lock = PyThread_allocate_lock();
    if (of(self)->lock)
        return self;
    Py_DECREF(self);
    return PyErr_NoMemory();
}

static PyObject *profile_new(PyTypeObject *type, PyObject *args, PyObject *kwargs)
{
    static char names[][8] = {"path"};
    char *keywords[] = {names[0], NULL};
    struct ext_state *state = ext_state_of(type);
    struct anycert_error err = {0};
    struct anycert_profile *profile = NULL;
    PyObject *given = NULL;
    PyObject *path = NULL;
    const char *text = NULL;

    if (!state || !PyArg_ParseTupleAndKeywords(args, kwargs, "O:Profile", keywords, &given))
        return NULL;
    path = ext_path(given, "path");
    text = path ? ext_utf8(path, "path") : NULL;
    if (text)
        profile = anycert_profile_load(text, &err);
    Py_XDECREF(path);
    return text ? wrap(type, state, profile, &err) : NULL;
}

static PyObject *profile_parse(PyObject *type, PyObject *args, PyObject *kwargs)
{
    static char names[][8] = {"text", "name"};
    char *keywords[] = {names[0], names[1], NULL};
    struct ext_state *state = ext_state_of((PyTypeObject *)type);
    struct anycert_error err = {0};
    PyObject *text = NULL;
    PyObject *name = Py_None;
    const char *called = NULL;
    const char *utf8 = NULL;
    Py_ssize_t len = 0;

    if (!state ||
        !PyArg_ParseTupleAndKeywords(args, kwargs, "O|$O:parse", keywords, &text, &name) ||
        !ext_optional_utf8(name, "name", &called))
        return NULL;
    utf8 = ext_utf8_and_size(text, "text", &len);
    if (!utf8)
        return NULL;
    return wrap((PyTypeObject *)type, state, anycert_profile_parse(utf8, (size_t)len, called, &err),
                &err);
}

static void profile_dealloc(PyObject *self)
{
    anycert_profile_free(of(self)->profile);
    if (of(self)->lock)
        PyThread_free_lock(of(self)->lock);
    ext_free(self);
}

/* ---- looking at it, and changing it ---- */

static bool is_key(const char *key)
{
    const char *known = NULL;

    for (size_t i = 0; (known = anycert_profile_key(i)) != NULL; i++) {
        if (strcmp(known, key) == 0)
            return true;
    }
    return false;
}

/* A key's name. NULL with TypeError or ValueError. */
static const char *key_of(PyObject *key)
{
    const char *utf8 = ext_utf8(key, "key");

    if (!utf8 || is_key(utf8))
        return utf8;
    PyErr_Format(PyExc_ValueError, "key: there is no %R in profiles", key);
    return NULL;
}

static PyObject *profile_value(PyObject *self, PyObject *key)
{
    const char *utf8 = key_of(key);
    PyObject *value = NULL;

    if (!utf8)
        return NULL;
    enter(self);
    value = ext_str(anycert_profile_value(of(self)->profile, utf8));
    leave(self);
    return value;
}

static PyObject *profile_source(PyObject *self, PyObject *key)
{
    const char *utf8 = key_of(key);
    PyObject *source = NULL;

    if (!utf8)
        return NULL;
    enter(self);
    source = ext_str(anycert_profile_source(of(self)->profile, utf8));
    leave(self);
    return source;
}

static PyObject *profile_keys(PyObject *type, PyObject *ignored)
{
    PyObject *list = PyList_New(0);
    PyObject *keys = NULL;
    const char *known = NULL;

    (void)type;
    (void)ignored;
    for (size_t i = 0; list && (known = anycert_profile_key(i)) != NULL; i++) {
        PyObject *key = ext_str(known);

        if (!key || PyList_Append(list, key) < 0)
            Py_CLEAR(list);
        Py_XDECREF(key);
    }
    keys = list ? PyList_AsTuple(list) : NULL;
    Py_XDECREF(list);
    return keys;
}

/* The JSON of a value, as a str. */
static PyObject *json_of(PyObject *value)
{
    PyObject *json = PyImport_ImportModule("json");
    PyObject *text = json ? PyObject_CallMethod(json, "dumps", "O", value) : NULL;

    Py_XDECREF(json);
    return text;
}

static PyObject *profile_set(PyObject *self, PyObject *args, PyObject *kwargs)
{
    static char names[][8] = {"key", "value", "source"};
    char *keywords[] = {names[0], names[1], names[2], NULL};
    struct anycert_error err = {0};
    PyObject *key = NULL;
    PyObject *value = NULL;
    PyObject *source = Py_None;
    PyObject *text = NULL;
    const char *name = NULL;
    const char *who = NULL;
    const char *json = NULL;
    int result = -1;

    if (!PyArg_ParseTupleAndKeywords(args, kwargs, "OO|$O:set", keywords, &key, &value, &source))
        return NULL;
    name = ext_utf8(key, "key"); /* of one that is unknown, the library says which was meant */
    if (!name || !ext_optional_utf8(source, "source", &who))
        return NULL;
    if (value != Py_None) {
        text = json_of(value);
        json = text ? ext_utf8(text, "value") : NULL;
        if (!json) {
            Py_XDECREF(text);
            return NULL;
        }
    }
    enter(self);
    result = anycert_profile_set(of(self)->profile, name, json, who, &err);
    leave(self);
    Py_XDECREF(text);
    if (result < 0)
        return ext_raise_plain(of(self)->state, &err);
    Py_RETURN_NONE;
}

static PyObject *get_policy(PyObject *self, void *closure)
{
    struct ext_state *state = of(self)->state;
    struct anycert_error err = {0};
    struct anycert_policy *policy = NULL;
    PyObject *object = NULL;

    (void)closure;
    enter(self);
    policy = anycert_profile_policy(of(self)->profile, &err);
    leave(self);
    object = policy ? ext_policy_new(state, policy) : ext_raise_plain(state, &err);
    anycert_policy_free(policy);
    return object;
}

static PyObject *profile_repr(PyObject *self)
{
    PyObject *repr = NULL;
    const char *url = NULL;

    enter(self);
    url = anycert_profile_value(of(self)->profile, "url");
    repr = PyUnicode_FromFormat("<Profile of %s>", url ? url : "any server");
    leave(self);
    return repr;
}

/* ---- using it ---- */

/* One use, in which the library may ask for variables. */
struct asking {
    struct ext_call call;
    PyObject *values; /* what it was given, as it has to live as long */
};

/* anycert_profile_variable */
static const char *variable(void *arg, const char *name)
{
    struct asking *asking = arg;
    PyObject *os = NULL;
    PyObject *environment = NULL;
    PyObject *value = NULL;
    const char *text = NULL;

    ext_call_enter(&asking->call);
    os = PyImport_ImportModule("os");
    environment = os ? PyObject_GetAttrString(os, "environ") : NULL;
    value = environment ? PyObject_CallMethod(environment, "get", "s", name) : NULL;
    if (value && value != Py_None && PyList_Append(asking->values, value) == 0)
        text = ext_utf8(value, name);
    Py_XDECREF(value);
    Py_XDECREF(environment);
    Py_XDECREF(os);
    ext_call_leave(&asking->call);
    return text;
}

/* Lets go of the interpreter's lock: secrets may come from a pipe. */
static int use(PyObject *self, struct anycert_config *config, struct anycert_request *request)
{
    struct profile_object *profile = of(self);
    struct anycert_error err = {0};
    struct asking asking = {.values = PyList_New(0)};
    int result = -1;

    if (!asking.values)
        return -1;
    enter(self);
    ext_call_begin(&asking.call, profile->state);
    result = config
                 ? anycert_profile_apply(profile->profile, config, variable, &asking, &err)
                 : anycert_profile_add_headers(profile->profile, request, variable, &asking, &err);
    if (!ext_call_end(&asking.call))
        result = -1;
    else if (result < 0)
        (void)ext_raise_plain(profile->state, &err);
    leave(self);
    Py_DECREF(asking.values);
    return result;
}

int ext_profile_apply(struct ext_state *state, PyObject *object, struct anycert_config *config)
{
    if (PyObject_TypeCheck(object, state->profile_type))
        return use(object, config, NULL);
    ext_wrong_type("profile", "a Profile", object);
    return -1;
}

int ext_profile_add_headers(PyObject *object, struct anycert_request *request)
{
    return use(object, NULL, request);
}

static PyMethodDef profile_methods[] = {
    {"parse", (PyCFunction)(void (*)(void))profile_parse, METH_VARARGS | METH_KEYWORDS | METH_CLASS,
     "parse($type, text, *, name=None)\n--\n\n"
     "Reads it from a text; name: what messages call it."},
    {"keys", profile_keys, METH_NOARGS | METH_CLASS,
     "keys($type, /)\n--\n\nThe names of all keys that there are, whether a profile says them or "
     "not."},
    {"value", profile_value, METH_O,
     "value($self, key, /)\n--\n\n"
     "What is in force for a key, as text for people: what was given, or the default; secrets are\n"
     "replaced by where they come from. None if nothing is."},
    {"source", profile_source, METH_O,
     "source($self, key, /)\n--\n\n"
     "Who says so: 'box.json:4', the source of set(), or 'default'."},
    {"set", (PyCFunction)(void (*)(void))profile_set, METH_VARARGS | METH_KEYWORDS,
     "set($self, key, value, *, source=None)\n--\n\n"
     "Says a key in place of the file: value is what JSON has for it (True, 20, 'hardened', a\n"
     "list, a dict), None takes it out. Members of objects are named with a dot, such as\n"
     "'credentials.password'. source: who says so, for messages and source()."},
    {NULL, NULL, 0, NULL},
};
static PyGetSetDef profile_getset[] = {
    {"policy", get_policy, NULL,
     "The Policy for the servers that insecure, trust, cacert and the others make together.", NULL},
    {NULL, NULL, NULL, NULL, NULL},
};
static char profile_doc[] =
    "Profile(path)\n--\n\n"
    "The parameters of an integration's instance: which server, what is accepted from it, with\n"
    "which credentials, how patiently. A file of JSON, as anycert-profile(5) describes it; "
    "relative\n"
    "paths in it start at its folder. Client(profile=...) does what it says. ValueError for what "
    "is\n"
    "not understood in it, with its line; OSError for a file that cannot be read.";
static PyType_Slot profile_slots[] = {
    {Py_tp_doc, profile_doc},
    {Py_tp_new, profile_new},
    {Py_tp_dealloc, profile_dealloc},
    {Py_tp_repr, profile_repr},
    {Py_tp_methods, profile_methods},
    {Py_tp_getset, profile_getset},
    {0, NULL},
};
static PyType_Spec profile_spec = {
    .name = "anycert.Profile",
    .basicsize = sizeof(struct profile_object),
    .flags = Py_TPFLAGS_DEFAULT,
    .slots = profile_slots,
};

int ext_profile_init(PyObject *module, struct ext_state *state)
{
    state->profile_type = ext_add_type(module, &profile_spec);
    return state->profile_type ? 0 : -1;
}
