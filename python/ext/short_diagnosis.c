#include "ext.h"

#include <string.h>

struct short_object {
    PyObject_HEAD struct anycert_short_diagnosis *diagnosis;
};

static const struct anycert_short_diagnosis *inner(PyObject *self)
{
    return ((struct short_object *)self)->diagnosis;
}

PyObject *ext_short_diagnosis_new(struct ext_state *state,
                                  struct anycert_short_diagnosis *diagnosis)
{
    PyObject *self = NULL;

    if (!diagnosis)
        Py_RETURN_NONE;
    self = ext_alloc(state->short_diagnosis_type);
    if (self)
        ((struct short_object *)self)->diagnosis = diagnosis;
    else
        anycert_short_diagnosis_free(diagnosis);
    return self;
}

static void short_dealloc(PyObject *self)
{
    anycert_short_diagnosis_free(((struct short_object *)self)->diagnosis);
    ext_free(self);
}

/* ---- attributes ---- */

static PyObject *new_cause(struct ext_state *state, PyObject *self, size_t n)
{
    const char *const texts[EXT_CAUSE_FIELDS] = {
        anycert_short_diagnosis_cause_id(inner(self), n),
        anycert_short_diagnosis_cause_check(inner(self), n),
        anycert_short_diagnosis_cause_side(inner(self), n),
        anycert_short_diagnosis_cause_title(inner(self), n),
        anycert_short_diagnosis_cause_explanation(inner(self), n),
        anycert_short_diagnosis_cause_evidence(inner(self), n),
        anycert_short_diagnosis_cause_error(inner(self), n),
        anycert_short_diagnosis_cause_hop(inner(self), n),
    };

    return ext_cause_new(state, texts);
}

static PyObject *get_causes(PyObject *self, void *closure)
{
    struct ext_state *state = ext_state_of(Py_TYPE(self));
    size_t count = anycert_short_diagnosis_causes(inner(self));
    PyObject *tuple = state ? PyTuple_New((Py_ssize_t)count) : NULL;

    (void)closure;
    for (size_t n = 0; tuple && n < count; n++) {
        PyObject *cause = new_cause(state, self, n);

        if (!cause || PyTuple_SetItem(tuple, (Py_ssize_t)n, cause) < 0)
            Py_CLEAR(tuple);
    }
    return tuple;
}

static const char *relaxation_of(const void *of, size_t n, size_t i)
{
    (void)n;
    return ext_relaxation_name(anycert_short_diagnosis_relaxation(of, i));
}

static PyObject *get_relaxations(PyObject *self, void *closure)
{
    (void)closure;
    return ext_names(relaxation_of, inner(self), 0);
}

static PyObject *get_policy(PyObject *self, void *closure)
{
    struct ext_state *state = ext_state_of(Py_TYPE(self));
    const struct anycert_policy *policy = anycert_short_diagnosis_policy_object(inner(self));

    (void)closure;
    if (!state)
        return NULL;
    if (!policy)
        Py_RETURN_NONE;
    return ext_policy_new(state, policy);
}

static PyObject *get_report(PyObject *self, void *closure)
{
    struct ext_state *state = ext_state_of(Py_TYPE(self));

    (void)closure;
    return state ? ext_report_new(state, anycert_short_diagnosis_report(inner(self))) : NULL;
}

/* None for NULL. */
static PyObject *get_text(PyObject *self, void *closure)
{
    typedef const char *text_getter(const struct anycert_short_diagnosis *diagnosis);
    static text_getter *const getters[] = {
        anycert_short_diagnosis_target,
        anycert_short_diagnosis_command,
        anycert_short_diagnosis_policy_forbidden,
        anycert_short_diagnosis_other_name,
    };
    const char *text = getters[(uintptr_t)closure](inner(self));

    if (!text)
        Py_RETURN_NONE;
    return ext_str(text);
}

static PyObject *get_flag(PyObject *self, void *closure)
{
    typedef int flag_getter(const struct anycert_short_diagnosis *diagnosis);
    static flag_getter *const getters[] = {
        anycert_short_diagnosis_is_certain,
        anycert_short_diagnosis_policy_by_key,
        anycert_short_diagnosis_policy_is_whole,
    };

    return PyBool_FromLong(getters[(uintptr_t)closure](inner(self)));
}

/* ---- methods ---- */

static PyObject *short_examine(PyObject *self, PyObject *args, PyObject *kwargs)
{
    struct ext_state *state = ext_state_of(Py_TYPE(self));

    return state ? ext_doctor_examine_for(state, inner(self), args, kwargs) : NULL;
}

/* What prints it ends the last line. */
static PyObject *short_str(PyObject *self)
{
    const char *text = anycert_short_diagnosis_text(inner(self));
    size_t len = strlen(text);

    len -= len > 0 && text[len - 1] == '\n';
    return PyUnicode_DecodeUTF8(text, (Py_ssize_t)len, "replace");
}

static PyObject *short_repr(PyObject *self)
{
    return PyUnicode_FromFormat("<ShortDiagnosis %s %s%s>",
                                anycert_short_diagnosis_target(inner(self)),
                                anycert_short_diagnosis_is_certain(inner(self)) ? "" : "perhaps ",
                                anycert_short_diagnosis_cause_id(inner(self), 0));
}

static PyMethodDef short_methods[] = {
    {"examine", (PyCFunction)(void (*)(void))short_examine, METH_VARARGS | METH_KEYWORDS,
     "examine($self, /, *, timeout=10.0, delay=0.0, request=False, progress=None)\n--\n\n"
     "The Diagnosis of a Doctor for the same server, on the same way, with the same anchors,\n"
     "names and helper certificates, and without credentials. The keywords are as Doctor has\n"
     "them, in seconds. ValueError for an http:// target, which has no TLS; what progress raises."},
    {NULL, NULL, 0, NULL},
};
#define FLAG(name, index, doc) {name, get_flag, NULL, doc, (void *)(uintptr_t)(index)}
#define TEXT(name, index, doc) {name, get_text, NULL, doc, (void *)(uintptr_t)(index)}
static PyGetSetDef short_getset[] = {
    TEXT("target", 0, "The server, such as 'https://host.example:443/'."),
    {"causes", get_causes, NULL,
     "At least one Cause. If is_certain is False, it is one of these, or a relative of it.", NULL},
    FLAG("is_certain", 0, "Whether what was seen shows each of the causes."),
    {"policy", get_policy, NULL,
     "The least Policy that accepts what was seen, to be used for that server alone; None if none\n"
     "is known without trying. It leaves the server authenticated; see by_key.",
     NULL},
    FLAG("by_key", 1,
         "Whether the policy goes by the key that was shown, which has to be compared with the\n"
         "server's by another way first."),
    FLAG("is_whole", 2,
         "Whether the policy accepts everything that was seen, certificates included; False if\n"
         "none came yet."),
    TEXT("forbidden", 2, "Why the administrator of this machine does not allow the policy, or ''."),
    {"relaxations", get_relaxations, NULL,
     "The names of those that a failed check names, or that may get past a handshake that failed.",
     NULL},
    TEXT("other_name", 3,
         "The only name that the certificate has, where it is not the one that was asked for; or\n"
         "None."),
    TEXT("command", 1,
         "The doctor's command line for a POSIX shell, without secrets; '' for an http:// target."),
    {"report", get_report, NULL,
     "The Report of the link that failed; None if no handshake was begun.", NULL},
    {NULL, NULL, NULL, NULL, NULL},
};
static char short_doc[] =
    "Why a request failed, as far as the failure itself tells, and what would do. Nothing was\n"
    "tried for it; examine() does. str() is a few lines for people. Immutable; it keeps neither\n"
    "answers nor secrets.";
static PyType_Slot short_slots[] = {
    {Py_tp_doc, short_doc},
    {Py_tp_dealloc, short_dealloc},
    {Py_tp_repr, short_repr},
    {Py_tp_str, short_str},
    {Py_tp_methods, short_methods},
    {Py_tp_getset, short_getset},
    {0, NULL},
};
static PyType_Spec short_spec = {
    .name = "anycert.ShortDiagnosis",
    .basicsize = sizeof(struct short_object),
    .flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_DISALLOW_INSTANTIATION, /* failures make them */
    .slots = short_slots,
};

int ext_short_diagnosis_init(PyObject *module, struct ext_state *state)
{
    state->short_diagnosis_type = ext_add_type(module, &short_spec);
    return state->short_diagnosis_type ? 0 : -1;
}
