#include "ext.h"

#include <limits.h>

struct doctor_object {
    PyObject_HEAD struct anycert_doctor *doctor;
    PyObject *progress; /* a callable, or NULL */
};

static struct anycert_doctor *inner(PyObject *self)
{
    return ((struct doctor_object *)self)->doctor;
}

/* Of the thread that examines. An exception ends the examination. */
static void tell(void *arg, const char *target, size_t attempt, const char *what)
{
    struct doctor_object *self = arg;
    struct ext_call *call = ext_call_innermost();
    PyObject *done = NULL;

    if (!call || !call->thread || call->type)
        return;
    ext_call_enter(call);
    done = PyObject_CallFunction(self->progress, "NnN", ext_str(target), (Py_ssize_t)attempt,
                                 ext_str(what));
    Py_XDECREF(done);
    ext_call_leave(call);
}

/* ---- settings ---- */

static int set_intermediates(struct ext_state *state, struct anycert_doctor *doctor,
                             PyObject *given)
{
    struct anycert_error err = {0};

    if (given == Py_None)
        return 0;
    if (!PyBytes_Check(given)) {
        ext_wrong_type("intermediates", "bytes with certificates in PEM", given);
        return -1;
    }
    if (anycert_doctor_add_intermediates(doctor, PyBytes_AsString(given),
                                         (size_t)PyBytes_Size(given), &err) == 0)
        return 0;
    (void)ext_raise_plain(state, &err);
    return -1;
}

typedef int add_rule(struct anycert_doctor *doctor, const char *rule, struct anycert_error *err);

static int add_rules(struct ext_state *state, struct anycert_doctor *doctor, const char *what,
                     PyObject *rules, add_rule *add)
{
    struct anycert_error err = {0};
    PyObject *all = NULL;
    int result = 0;

    if (PyUnicode_Check(rules)) {
        const char *rule = ext_utf8(rules, what);

        result = rule ? add(doctor, rule, &err) : -1;
    } else {
        all = PySequence_Tuple(rules);
        if (!all && PyErr_ExceptionMatches(PyExc_TypeError))
            ext_wrong_type(what, "str or several of it", rules);
        result = all ? 0 : -1;
        for (Py_ssize_t i = 0; result == 0 && i < PyTuple_Size(all); i++) {
            const char *rule = ext_utf8(PyTuple_GetItem(all, i), what);

            result = rule ? add(doctor, rule, &err) : -1;
        }
        Py_XDECREF(all);
    }
    if (result < 0 && !PyErr_Occurred())
        (void)ext_raise_plain(state, &err);
    return result;
}

/* Of seconds; least is what is still right. NULL leaves *ms as it is. */
static bool milliseconds(PyObject *given, const char *what, uint32_t least, uint32_t *ms)
{
    double seconds = given ? PyFloat_AsDouble(given) : 0;

    if (!given)
        return true;
    if (PyErr_Occurred()) {
        ext_wrong_type(what, "a number of seconds", given);
        return false;
    }
    if (!(seconds * 1000 >= least && seconds * 1000 <= INT_MAX)) {
        PyErr_Format(PyExc_ValueError, "%s has to be %s, in seconds", what,
                     least > 0 ? "a millisecond to 24 days" : "0 to 24 days");
        return false;
    }
    *ms = (uint32_t)(seconds * 1000);
    return true;
}

struct options {
    PyObject *policy, *proxy, *intermediates, *resolve, *connect_to, *progress;
    PyObject *timeout, *delay; /* NULL: not said */
    int request;
    /* Keywords only that say what more is to be asked, and of whom. */
    PyObject *proxy_policy;
    int body, fetch_intermediate, compare_direct;
    PyObject *clients;
};

static int set_way(struct ext_state *state, struct anycert_doctor *doctor,
                   const struct options *options)
{
    const struct anycert_policy *policy = NULL, *of_proxy = NULL;
    struct anycert_error err = {0};
    const char *proxy = NULL;

    if (!ext_policy_arg(state, options->policy, "policy", &policy) ||
        !ext_policy_arg(state, options->proxy_policy, "proxy_policy", &of_proxy) ||
        !ext_optional_utf8(options->proxy, "proxy", &proxy))
        return -1;
    if ((policy && anycert_doctor_set_base(doctor, policy, &err) < 0) ||
        (of_proxy && anycert_doctor_set_proxy_policy(doctor, of_proxy, &err) < 0) ||
        (proxy && anycert_doctor_set_proxy(doctor, proxy, &err) < 0)) {
        (void)ext_raise_plain(state, &err);
        return -1;
    }
    if (add_rules(state, doctor, "resolve", options->resolve, anycert_doctor_add_resolve) < 0 ||
        add_rules(state, doctor, "connect_to", options->connect_to, anycert_doctor_add_connect_to) <
            0 ||
        add_rules(state, doctor, "clients", options->clients, anycert_doctor_add_client) < 0)
        return -1;
    return set_intermediates(state, doctor, options->intermediates);
}

/* All but the way to the server. */
static int set_up(struct doctor_object *self, const struct options *options)
{
    uint32_t timeout = 10000, delay = 0;

    if (options->progress != Py_None && !PyCallable_Check(options->progress)) {
        ext_wrong_type("progress", "callable", options->progress);
        return -1;
    }
    if (!milliseconds(options->timeout, "timeout", 1, &timeout) ||
        !milliseconds(options->delay, "delay", 0, &delay))
        return -1;
    anycert_doctor_set_timeout(self->doctor, timeout);
    anycert_doctor_set_delay(self->doctor, delay);
    /* A doctor for a failure asks by itself for what that needs. */
    if (options->body || options->request)
        anycert_doctor_set_request(self->doctor,
                                   options->body ? ANYCERT_REQUEST_BODY : ANYCERT_REQUEST_HEAD);
    anycert_doctor_set_fetch_intermediate(self->doctor, options->fetch_intermediate);
    anycert_doctor_set_compare_direct(self->doctor, options->compare_direct);
    anycert_doctor_set_interrupt(self->doctor, ext_call_is_over, NULL);
    if (options->progress == Py_None)
        return 0;
    self->progress = Py_NewRef(options->progress);
    anycert_doctor_set_progress(self->doctor, tell, self);
    return 0;
}

static PyObject *doctor_new(PyTypeObject *type, PyObject *args, PyObject *kwargs)
{
    static char names[][24] = {"policy",         "proxy",      "intermediates",
                               "resolve",        "connect_to", "timeout",
                               "delay",          "request",    "progress",
                               "proxy_policy",   "body",       "fetch_intermediate",
                               "compare_direct", "clients"};
    char *keywords[] = {names[0],  names[1],  names[2],  names[3],  names[4],
                        names[5],  names[6],  names[7],  names[8],  names[9],
                        names[10], names[11], names[12], names[13], NULL};
    struct ext_state *state = ext_state_of(type);
    PyObject *nothing = state ? PyTuple_New(0) : NULL;
    struct options options = {.policy = Py_None,
                              .proxy = Py_None,
                              .intermediates = Py_None,
                              .resolve = nothing,
                              .connect_to = nothing,
                              .progress = Py_None,
                              .proxy_policy = Py_None,
                              .clients = nothing};
    struct anycert_error err = {0};
    PyObject *self = NULL;

    if (nothing &&
        PyArg_ParseTupleAndKeywords(
            args, kwargs, "|$OOOOOOOpOOpppO:Doctor", keywords, &options.policy, &options.proxy,
            &options.intermediates, &options.resolve, &options.connect_to, &options.timeout,
            &options.delay, &options.request, &options.progress, &options.proxy_policy,
            &options.body, &options.fetch_intermediate, &options.compare_direct, &options.clients))
        self = ext_alloc(type);
    if (self) {
        struct doctor_object *doctor = (struct doctor_object *)self;

        doctor->doctor = anycert_doctor_new(&err);
        if (!doctor->doctor)
            (void)ext_raise_plain(state, &err);
        if (!doctor->doctor || set_way(state, doctor->doctor, &options) < 0 ||
            set_up(doctor, &options) < 0)
            Py_CLEAR(self);
    }
    Py_XDECREF(nothing);
    return self;
}

/* ---- what it does ---- */

static PyObject *doctor_examine(PyObject *self, PyObject *target)
{
    struct ext_state *state = ext_state_of(Py_TYPE(self));
    struct anycert_diagnosis *diagnosis = NULL;
    struct anycert_error err = {0};
    struct ext_call call = {0};
    const char *utf8 = state ? ext_utf8(target, "target") : NULL;

    if (!utf8)
        return NULL;
    ext_call_begin(&call, state);
    diagnosis = anycert_doctor_examine(inner(self), utf8, &err);
    if (!ext_call_end(&call)) {
        anycert_diagnosis_free(diagnosis);
        return NULL;
    }
    return diagnosis ? ext_diagnosis_new(state, diagnosis) : ext_raise_plain(state, &err);
}

PyObject *ext_doctor_examine_for(struct ext_state *state,
                                 const struct anycert_short_diagnosis *diagnosis, PyObject *args,
                                 PyObject *kwargs)
{
    static char names[][12] = {"timeout", "delay", "request", "progress"};
    char *keywords[] = {names[0], names[1], names[2], names[3], NULL};
    struct options options = {.progress = Py_None};
    struct anycert_error err = {0};
    PyObject *target = NULL;
    PyObject *found = NULL;
    PyObject *self = NULL;

    if (PyArg_ParseTupleAndKeywords(args, kwargs, "|$OOpO:examine", keywords, &options.timeout,
                                    &options.delay, &options.request, &options.progress))
        self = ext_alloc(state->doctor_type);
    if (!self)
        return NULL;
    ((struct doctor_object *)self)->doctor = anycert_doctor_new_for(diagnosis, &err);
    if (!inner(self))
        (void)ext_raise_plain(state, &err);
    else if (set_up((struct doctor_object *)self, &options) == 0)
        target = ext_str(anycert_short_diagnosis_target(diagnosis));
    if (target)
        found = doctor_examine(self, target);
    Py_XDECREF(target);
    Py_DECREF(self);
    return found;
}

/* Of bytes, or of the file with that path. */
static struct anycert_diagnosis *replay(const struct anycert_doctor *doctor, PyObject *given,
                                        struct anycert_error *err)
{
    struct anycert_diagnosis *diagnosis = NULL;
    const char *utf8 = NULL;
    PyObject *path = NULL;

    if (PyBytes_Check(given)) {
        const char *text = PyBytes_AsString(given);
        size_t len = (size_t)PyBytes_Size(given);

        Py_BEGIN_ALLOW_THREADS diagnosis = anycert_doctor_replay_text(doctor, text, len, err);
        Py_END_ALLOW_THREADS return diagnosis;
    }
    path = ext_path(given, "observation");
    utf8 = path ? ext_utf8(path, "observation") : NULL;
    if (utf8) {
        Py_BEGIN_ALLOW_THREADS diagnosis = anycert_doctor_replay(doctor, utf8, err);
        Py_END_ALLOW_THREADS
    }
    Py_XDECREF(path);
    return diagnosis;
}

static PyObject *doctor_replay(PyObject *self, PyObject *observation)
{
    struct ext_state *state = ext_state_of(Py_TYPE(self));
    struct anycert_diagnosis *diagnosis = NULL;
    struct anycert_error err = {0};

    if (!state)
        return NULL;
    diagnosis = replay(inner(self), observation, &err);
    if (diagnosis)
        return ext_diagnosis_new(state, diagnosis);
    return PyErr_Occurred() ? NULL : ext_raise_plain(state, &err);
}

static const char *client_of(const void *of, size_t n, size_t i)
{
    (void)of;
    (void)n;
    return anycert_doctor_client(i);
}

static PyObject *doctor_clients(PyObject *type, PyObject *ignored)
{
    (void)type;
    (void)ignored;
    return ext_names(client_of, NULL, 0);
}

static PyObject *doctor_cancel(PyObject *self, PyObject *ignored)
{
    (void)ignored;
    anycert_doctor_cancel(inner(self));
    Py_RETURN_NONE;
}

static PyObject *doctor_plan(PyObject *self, PyObject *ignored)
{
    struct anycert_error err = {0};

    (void)ignored;
    return ext_take_str(anycert_doctor_plan(inner(self), &err));
}

static int doctor_traverse(PyObject *self, visitproc visit, void *arg)
{
    Py_VISIT(Py_TYPE(self));
    Py_VISIT(((struct doctor_object *)self)->progress);
    return 0;
}

/* A method that runs has a reference, so nobody examines any more. */
static int doctor_clear(PyObject *self)
{
    struct doctor_object *doctor = (struct doctor_object *)self;

    if (doctor->doctor)
        anycert_doctor_set_progress(doctor->doctor, NULL, NULL);
    Py_CLEAR(doctor->progress);
    return 0;
}

static void doctor_dealloc(PyObject *self)
{
    PyObject_GC_UnTrack(self);
    (void)doctor_clear(self);
    anycert_doctor_free(inner(self));
    ext_free(self);
}

static PyMethodDef doctor_methods[] = {
    {"examine", doctor_examine, METH_O,
     "examine($self, target, /)\n--\n\n"
     "The Diagnosis of a target: a URL with https://, HOST, or HOST:PORT. Any number of threads\n"
     "may examine at once. ValueError for a target that is none; RequestException with the name\n"
     "INTERRUPTED after cancel()."},
    {"replay", doctor_replay, METH_O,
     "replay($self, observation, /)\n--\n\n"
     "The Diagnosis of what was observed then: the bytes of Diagnosis.observation(), or the path "
     "of\n"
     "what Diagnosis.save() or anycert doctor --save has written. Nothing is sent; of the "
     "settings\n"
     "clients alone counts. OSError for what cannot be read, is no observation, is damaged,\n"
     "or is of a newer version."},
    {"clients", doctor_clients, METH_NOARGS | METH_CLASS,
     "clients($type, /)\n--\n\nThe names of the clients that Diagnosis.elsewhere() knows."},
    {"cancel", doctor_cancel, METH_NOARGS,
     "cancel($self, /)\n--\n\nEnds all examinations of this doctor, from any thread, and every "
     "later one."},
    {"plan", doctor_plan, METH_NOARGS,
     "plan($self, /)\n--\n\nWhat an examination does, step by step, in words. Nothing is sent."},
    {NULL, NULL, 0, NULL},
};
static char doctor_doc[] =
    "Doctor(*, policy=None, proxy=None, intermediates=None, resolve=(), connect_to=(), "
    "timeout=10.0, delay=0.0, request=False, progress=None, proxy_policy=None, body=False, "
    "fetch_intermediate=False, compare_direct=False, clients=())\n--\n\n"
    "Examines hosts: why connections with them fail, and the least that has to be given up.\n\n"
    "policy: a Policy, of which the anchors, expect_name and sni count. proxy: its URL.\n"
    "intermediates: bytes (PEM) that help to build chains and are not trusted themselves.\n"
    "resolve: rules 'HOST:PORT:ADDRESS'. connect_to: rules 'HOST1:PORT1:HOST2:PORT2'. timeout:\n"
    "of each attempt; delay: between two of them, in seconds. request: whether policies are\n"
    "confirmed by a HEAD for '/', too. progress: called before each attempt with the target, the\n"
    "attempt's number and its policy's text; what it raises ends the examination.\n\n"
    "proxy_policy: a Policy for an https:// proxy itself. body: whether that request is a GET "
    "whose\n"
    "body has to end as it should. fetch_intermediate: whether a certificate that a chain lacks "
    "is\n"
    "fetched over plain HTTP from where the last one says that it is. compare_direct: whether the\n"
    "server is looked at without the proxy, too, where the certificate is not trusted. clients: "
    "the\n"
    "names of other clients whose words for the policies are in json() and as_dict() of diagnoses.";
static PyType_Slot doctor_slots[] = {
    {Py_tp_doc, doctor_doc},
    {Py_tp_new, doctor_new},
    {Py_tp_dealloc, doctor_dealloc},
    {Py_tp_traverse, doctor_traverse},
    {Py_tp_clear, doctor_clear},
    {Py_tp_methods, doctor_methods},
    {0, NULL},
};
static PyType_Spec doctor_spec = {
    .name = "anycert.Doctor",
    .basicsize = sizeof(struct doctor_object),
    .flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC,
    .slots = doctor_slots,
};

int ext_doctor_init(PyObject *module, struct ext_state *state)
{
    state->doctor_type = ext_add_type(module, &doctor_spec);
    return state->doctor_type ? 0 : -1;
}
