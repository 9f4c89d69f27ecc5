#include "ext.h"

#include <string.h>

struct diagnosis_object {
    PyObject_HEAD struct anycert_diagnosis *diagnosis;
    PyObject *owner; /* of a proxy's, which is a part of it; NULL: it is its own */
};

PyObject *ext_diagnosis_new(struct ext_state *state, struct anycert_diagnosis *diagnosis)
{
    PyObject *self = ext_alloc(state->diagnosis_type);

    if (self)
        ((struct diagnosis_object *)self)->diagnosis = diagnosis;
    else
        anycert_diagnosis_free(diagnosis);
    return self;
}

static const struct anycert_diagnosis *inner(PyObject *self)
{
    return ((struct diagnosis_object *)self)->diagnosis;
}

static void diagnosis_dealloc(PyObject *self)
{
    struct diagnosis_object *object = (struct diagnosis_object *)self;

    if (!object->owner)
        anycert_diagnosis_free(object->diagnosis);
    Py_XDECREF(object->owner);
    ext_free(self);
}

/* A tuple of count objects, each made by `make`. */
static PyObject *tuple_of(PyObject *self, size_t count,
                          PyObject *(*make)(struct ext_state *state, PyObject *self, size_t n))
{
    struct ext_state *state = ext_state_of(Py_TYPE(self));
    PyObject *tuple = state ? PyTuple_New((Py_ssize_t)count) : NULL;

    for (size_t n = 0; tuple && n < count; n++) {
        PyObject *item = make(state, self, n);

        if (!item || PyTuple_SetItem(tuple, (Py_ssize_t)n, item) < 0)
            Py_CLEAR(tuple);
    }
    return tuple;
}

/* ---- causes, policies, remedies ---- */

PyObject *ext_cause_new(struct ext_state *state, const char *const texts[EXT_CAUSE_FIELDS])
{
    PyObject *values[EXT_CAUSE_FIELDS];

    for (size_t i = 0; i < EXT_CAUSE_FIELDS; i++)
        values[i] = ext_str(texts[i]);
    return ext_named_tuple(state->cause_type, values, EXT_CAUSE_FIELDS);
}

static PyObject *new_cause(struct ext_state *state, PyObject *self, size_t n)
{
    const char *const texts[EXT_CAUSE_FIELDS] = {
        anycert_diagnosis_cause_id(inner(self), n),
        anycert_diagnosis_cause_check(inner(self), n),
        anycert_diagnosis_cause_side(inner(self), n),
        anycert_diagnosis_cause_title(inner(self), n),
        anycert_diagnosis_cause_explanation(inner(self), n),
        anycert_diagnosis_cause_evidence(inner(self), n),
        anycert_diagnosis_cause_error(inner(self), n),
        anycert_diagnosis_cause_hop(inner(self), n),
    };

    return ext_cause_new(state, texts);
}

PyObject *ext_names(const char *(*name_of)(const void *of, size_t n, size_t i), const void *of,
                    size_t n)
{
    PyObject *list = PyList_New(0);
    PyObject *tuple = NULL;
    bool fine = list != NULL;
    const char *text = NULL;

    for (size_t i = 0; fine && (text = name_of(of, n, i)) != NULL; i++) {
        PyObject *name = ext_str(text);

        fine = name && PyList_Append(list, name) == 0;
        Py_XDECREF(name);
    }
    if (fine)
        tuple = PyList_AsTuple(list);
    Py_XDECREF(list);
    return tuple;
}

static const char *relaxation_of_policy(const void *of, size_t n, size_t i)
{
    return ext_relaxation_name(anycert_diagnosis_policy_relaxation(of, n, i));
}

#define ADVICE_FIELDS 7
static PyObject *new_advice(struct ext_state *state, PyObject *self, size_t n)
{
    PyObject *const values[ADVICE_FIELDS] = {
        ext_policy_new(state, anycert_diagnosis_policy_object(inner(self), n)),
        ext_str(anycert_diagnosis_policy(inner(self), n)),
        ext_names(relaxation_of_policy, inner(self), n),
        PyBool_FromLong(anycert_diagnosis_policy_confirmed(inner(self), n)),
        PyBool_FromLong(anycert_diagnosis_policy_minimal(inner(self), n)),
        ext_str(anycert_diagnosis_policy_note(inner(self), n)),
        ext_str(anycert_diagnosis_policy_forbidden(inner(self), n)),
    };

    return ext_named_tuple(state->advice_type, values, ADVICE_FIELDS);
}

#define REMEDY_FIELDS 7
static PyObject *new_remedy(struct ext_state *state, PyObject *self, size_t n)
{
    PyObject *const values[REMEDY_FIELDS] = {
        ext_str(anycert_diagnosis_remedy_cause(inner(self), n)),
        ext_str(anycert_diagnosis_remedy_audience(inner(self), n)),
        ext_str(anycert_diagnosis_remedy_where(inner(self), n)),
        ext_str(anycert_diagnosis_remedy_text(inner(self), n)),
        ext_str(anycert_diagnosis_remedy_language(inner(self), n)),
        ext_str(anycert_diagnosis_remedy_lines(inner(self), n)),
        ext_str(anycert_diagnosis_remedy_hop(inner(self), n)),
    };

    return ext_named_tuple(state->remedy_type, values, REMEDY_FIELDS);
}

static PyObject *get_causes(PyObject *self, void *closure)
{
    (void)closure;
    return tuple_of(self, anycert_diagnosis_causes(inner(self)), new_cause);
}

static PyObject *get_least(PyObject *self, void *closure)
{
    struct ext_state *state = ext_state_of(Py_TYPE(self));

    (void)closure;
    if (!state)
        return NULL;
    if (anycert_diagnosis_policies(inner(self)) == 0)
        Py_RETURN_NONE;
    return new_advice(state, self, 0);
}

/* Behind the first. */
static PyObject *new_alternative(struct ext_state *state, PyObject *self, size_t n)
{
    return new_advice(state, self, n + 1);
}

static PyObject *get_alternatives(PyObject *self, void *closure)
{
    size_t count = anycert_diagnosis_policies(inner(self));

    (void)closure;
    return tuple_of(self, count > 0 ? count - 1 : 0, new_alternative);
}

static PyObject *get_remedies(PyObject *self, void *closure)
{
    (void)closure;
    return tuple_of(self, anycert_diagnosis_remedies(inner(self)), new_remedy);
}

/* ---- the rest ---- */

static const char *verdict_of(const struct anycert_diagnosis *diagnosis)
{
    return anycert_doctor_verdict_name(anycert_diagnosis_verdict(diagnosis));
}

static const char *stage_of(const struct anycert_diagnosis *diagnosis)
{
    return anycert_doctor_stage_name(anycert_diagnosis_stage(diagnosis));
}

static PyObject *get_text(PyObject *self, void *closure)
{
    typedef const char *text_getter(const struct anycert_diagnosis *diagnosis);
    static const struct {
        char name[8];
        text_getter *get;
    } getters[] = {
        {"verdict", verdict_of},
        {"stage", stage_of},
        {"target", anycert_diagnosis_target},
        {"host", anycert_diagnosis_host},
        {"command", anycert_diagnosis_command},
        {"keep", anycert_diagnosis_keep_command},
    };

    return ext_str(getters[(uintptr_t)closure].get(inner(self)));
}

static PyObject *get_port(PyObject *self, void *closure)
{
    (void)closure;
    return PyLong_FromLong(anycert_diagnosis_port(inner(self)));
}

static PyObject *get_exit_code(PyObject *self, void *closure)
{
    (void)closure;
    return PyLong_FromLong(anycert_doctor_exit_code(anycert_diagnosis_verdict(inner(self))));
}

static PyObject *get_handshakes(PyObject *self, void *closure)
{
    (void)closure;
    return PyLong_FromSize_t(anycert_diagnosis_handshakes(inner(self)));
}

static PyObject *get_elapsed(PyObject *self, void *closure)
{
    (void)closure;
    return PyFloat_FromDouble((double)anycert_diagnosis_elapsed_ms(inner(self)) / 1000.0);
}

static PyObject *get_report(PyObject *self, void *closure)
{
    struct ext_state *state = ext_state_of(Py_TYPE(self));

    (void)closure;
    return state ? ext_report_new(state, anycert_diagnosis_report(inner(self))) : NULL;
}

static PyObject *get_proxy(PyObject *self, void *closure)
{
    struct ext_state *state = ext_state_of(Py_TYPE(self));
    const struct anycert_diagnosis *proxy = anycert_diagnosis_proxy(inner(self));
    PyObject *found = NULL;

    (void)closure;
    if (!state)
        return NULL;
    if (!proxy)
        Py_RETURN_NONE;
    found = ext_alloc(state->diagnosis_type);
    if (found) {
        /* Nothing changes it, and with an owner it is not freed. */
        ((struct diagnosis_object *)found)->diagnosis = (void *)(uintptr_t)proxy;
        ((struct diagnosis_object *)found)->owner = Py_NewRef(self);
    }
    return found;
}

static PyObject *diagnosis_text(PyObject *self, PyObject *ignored)
{
    struct anycert_error err = {0};

    (void)ignored;
    return ext_take_str(anycert_diagnosis_text(inner(self), &err));
}

/* What prints it ends the last line. */
static PyObject *diagnosis_str(PyObject *self)
{
    struct anycert_error err = {0};
    char *text = anycert_diagnosis_text(inner(self), &err);

    if (text && *text && text[strlen(text) - 1] == '\n')
        text[strlen(text) - 1] = '\0';
    return ext_take_str(text);
}

static PyObject *diagnosis_json(PyObject *self, PyObject *ignored)
{
    struct anycert_error err = {0};

    (void)ignored;
    return ext_take_str(anycert_diagnosis_json(inner(self), &err));
}

static PyObject *diagnosis_dict(PyObject *self, PyObject *ignored)
{
    struct anycert_error err = {0};

    (void)ignored;
    return ext_take_json(anycert_diagnosis_json(inner(self), &err));
}

/* ---- for others, and for later ---- */

/* What is kept, and what others are told, is the whole: the proxy is a part of the way. */
static struct ext_state *state_of_whole(PyObject *self)
{
    if (!((struct diagnosis_object *)self)->owner)
        return ext_state_of(Py_TYPE(self));
    PyErr_SetString(PyExc_ValueError, "this is the proxy's part: ask the whole Diagnosis");
    return NULL;
}

#define EQUIVALENT_FIELDS 3
static PyObject *diagnosis_elsewhere(PyObject *self, PyObject *args)
{
    struct ext_state *state = state_of_whole(self);
    struct anycert_error err = {0};
    PyObject *client = NULL;
    const char *utf8 = NULL;
    char *text = NULL;
    int number = 0, fit = ANYCERT_FIT_LACKS;

    if (!state || !PyArg_ParseTuple(args, "O|i:elsewhere", &client, &number))
        return NULL;
    utf8 = ext_utf8(client, "client");
    if (!utf8)
        return NULL;
    /* What is negative is the number of no policy, either. */
    text = anycert_diagnosis_elsewhere(inner(self), (size_t)number, utf8, &fit, &err);
    if (!text)
        return ext_raise_plain(state, &err);

    PyObject *const values[EQUIVALENT_FIELDS] = {
        ext_str(utf8), ext_str(anycert_doctor_fit_name(fit)), ext_take_str(text)};

    return ext_named_tuple(state->equivalent_type, values, EQUIVALENT_FIELDS);
}

static PyObject *diagnosis_observation(PyObject *self, PyObject *ignored)
{
    struct ext_state *state = state_of_whole(self);
    struct anycert_error err = {0};
    PyObject *bytes = NULL;
    char *text = NULL;

    (void)ignored;
    if (!state)
        return NULL;
    text = anycert_diagnosis_observation(inner(self), &err);
    if (!text)
        return ext_raise_plain(state, &err);
    bytes = PyBytes_FromString(text);
    anycert_free(text);
    return bytes;
}

static PyObject *diagnosis_save(PyObject *self, PyObject *given)
{
    struct ext_state *state = state_of_whole(self);
    struct anycert_error err = {0};
    PyObject *path = state ? ext_path(given, "path") : NULL;
    const char *utf8 = path ? ext_utf8(path, "path") : NULL;
    int result = -1;

    if (utf8) {
        Py_BEGIN_ALLOW_THREADS result = anycert_diagnosis_save(inner(self), utf8, &err);
        Py_END_ALLOW_THREADS if (result < 0)(void) ext_raise_plain(state, &err);
    }
    Py_XDECREF(path);
    if (result < 0)
        return NULL;
    Py_RETURN_NONE;
}

static PyObject *diagnosis_repr(PyObject *self)
{
    return PyUnicode_FromFormat("<Diagnosis %s:%d %s>", anycert_diagnosis_host(inner(self)),
                                (int)anycert_diagnosis_port(inner(self)), verdict_of(inner(self)));
}

static PyMethodDef diagnosis_methods[] = {
    {"text", diagnosis_text, METH_NOARGS,
     "text($self, /)\n--\n\nThe whole for people: the answer in the first three lines."},
    {"json", diagnosis_json, METH_NOARGS,
     "json($self, /)\n--\n\nThe whole as a JSON text; anycert-doctor(1) has the schema."},
    {"as_dict", diagnosis_dict, METH_NOARGS,
     "as_dict($self, /)\n--\n\nThe whole as Python objects."},
    {"elsewhere", diagnosis_elsewhere, METH_VARARGS,
     "elsewhere($self, client, number=0, /)\n--\n\n"
     "The Equivalent of a policy for another client: 'curl', 'requests', 'openssl.cnf', 'go',\n"
     "'node', 'java' or 'wget' (Doctor.clients()). number: 0 for least, or for hardened where "
     "that\n"
     "connects; n for the nth of the alternatives. ValueError for another client, a number that\n"
     "has no policy, and the part of a proxy."},
    {"observation", diagnosis_observation, METH_NOARGS,
     "observation($self, /)\n--\n\n"
     "What was observed, as bytes of JSON (anycert-observation(5)), for anycert.replay(): the\n"
     "handshakes' bytes and the certificates, and nothing secret. ValueError for the part of a\n"
     "proxy."},
    {"save", diagnosis_save, METH_O,
     "save($self, path, /)\n--\n\n"
     "Writes that into a file, which appears only when it is whole, for its owner alone. OSError\n"
     "if it cannot be written; ValueError for the part of a proxy."},
    {NULL, NULL, 0, NULL},
};
#define TEXT(name, index, doc) {name, get_text, NULL, doc, (void *)(uintptr_t)(index)}
static PyGetSetDef diagnosis_getset[] = {
    TEXT("verdict", 0,
         "'healthy', 'fixable', 'relaxable', 'impossible', 'forbidden' or 'unreachable'."),
    TEXT("stage", 1,
         "The first that fails under hardened: 'dns', 'tcp', 'proxy', 'proxy-tls', 'tls',\n"
         "'certificate' or 'http'; 'done' if none does."),
    TEXT("target", 2, "As it was given, but of a URL only its origin."),
    TEXT("host", 3, "The host."),
    {"port", get_port, NULL, "The port.", NULL},
    {"exit_code", get_exit_code, NULL, "What `anycert doctor` ends with for this verdict.", NULL},
    {"causes", get_causes, NULL, "Every Cause, in the order in which a connection meets them.",
     NULL},
    {"least", get_least, NULL,
     "The Advice with the policy that connects and gives up least, or None.", NULL},
    {"alternatives", get_alternatives, NULL, "Other policies that connect, an Advice each.", NULL},
    TEXT("command", 4,
         "The command of a shell that makes a request under the policy to take, on the way of the\n"
         "examination; '' where no policy connects."),
    TEXT("keep_command", 5,
         "The command that writes this policy into a policy file, after asking; '' where there is\n"
         "nothing to write."),
    {"remedies", get_remedies, NULL, "What mends the causes, a Remedy each.", NULL},
    {"proxy", get_proxy, NULL,
     "The Diagnosis of the https proxy alone, if it is not taken as it is; its least is a\n"
     "proxy_policy. Else None.",
     NULL},
    {"handshakes", get_handshakes, NULL, "How many were begun.", NULL},
    {"elapsed", get_elapsed, NULL, "How long all took, in seconds.", NULL},
    {"report", get_report, NULL,
     "The Report of what was seen, judged by hardened; None if no handshake came so far.", NULL},
    {NULL, NULL, NULL, NULL, NULL},
};
static char diagnosis_doc[] = "What a doctor found: why a connection fails, and the least that has "
                              "to be given up for it. anycert.doctor() and\n"
                              "Doctor.examine() make it; str() of it is its text().";
static PyType_Slot diagnosis_slots[] = {
    {Py_tp_doc, diagnosis_doc},
    {Py_tp_dealloc, diagnosis_dealloc},
    {Py_tp_repr, diagnosis_repr},
    {Py_tp_str, diagnosis_str},
    {Py_tp_methods, diagnosis_methods},
    {Py_tp_getset, diagnosis_getset},
    {0, NULL},
};
static PyType_Spec diagnosis_spec = {
    .name = "anycert.Diagnosis",
    .basicsize = sizeof(struct diagnosis_object),
    .flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_DISALLOW_INSTANTIATION, /* doctors make them */
    .slots = diagnosis_slots,
};
static PyStructSequence_Field cause_fields[] = {
    {"id", "Stable, such as 'self-signed'; docs/causes.md lists all."},
    {"check", "The check that it belongs to, such as 'trust'."},
    {"side", "Who has to act: 'local', 'network' or 'remote'."},
    {"title", "What it is, in one sentence."},
    {"explanation", "One sentence or two more."},
    {"evidence", "What was seen here."},
    {"error", "What OpenSSL and other clients say in that case, or ''."},
    {"hop", "Which link it is met on: 'proxy', or 'origin' for everything behind it."},
    {NULL, NULL},
};
static PyStructSequence_Field advice_fields[] = {
    {"policy", "The Policy, to be used as it is."},
    {"text", "Its text."},
    {"relaxations", "The names of what it relaxes."},
    {"confirmed", "True if a handshake under exactly this policy was completed, and a request "
                  "answered if one was\nasked for."},
    {"minimal", "True if it failed without each of its parts."},
    {"note", "What has to be known before it is used, or ''."},
    {"forbidden", "Why the administrator of this machine does not allow it, or ''."},
    {NULL, NULL},
};
static PyStructSequence_Field remedy_fields[] = {
    {"cause", "The id of the cause that it mends."},
    {"audience", "Who has to act: 'client', 'server', 'proxy' or 'network'."},
    {"where", "In what, such as 'nginx' or 'anycert'."},
    {"text", "What has to be done."},
    {"language", "Of the lines, such as 'shell' or 'nginx'; or ''."},
    {"lines", "Lines to paste, or ''."},
    {"hop", "That of the cause: 'proxy' or 'origin'."},
    {NULL, NULL},
};
static PyStructSequence_Field equivalent_fields[] = {
    {"client", "Whose words these are."},
    {"fit",
     "How near it comes: 'same', 'coarser' if it gives up more, or 'lacks' if something has no\n"
     "equivalent, so that it may not connect."},
    {"text", "Comments that say what is otherwise there, then lines that can be used as they are."},
    {NULL, NULL},
};

int ext_diagnosis_init(PyObject *module, struct ext_state *state)
{
    state->diagnosis_type = ext_add_type(module, &diagnosis_spec);
    state->cause_type = ext_add_tuple_type(module, "anycert.Cause", "Why a connection fails.",
                                           cause_fields, EXT_CAUSE_FIELDS);
    state->advice_type = ext_add_tuple_type(module, "anycert.Advice", "A policy that connects.",
                                            advice_fields, ADVICE_FIELDS);
    state->remedy_type = ext_add_tuple_type(module, "anycert.Remedy", "What mends a cause.",
                                            remedy_fields, REMEDY_FIELDS);
    state->equivalent_type =
        ext_add_tuple_type(module, "anycert.Equivalent", "A policy in the words of another client.",
                           equivalent_fields, EQUIVALENT_FIELDS);
    return state->diagnosis_type && state->cause_type && state->advice_type && state->remedy_type &&
                   state->equivalent_type
               ? 0
               : -1;
}
