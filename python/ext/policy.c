#include "ext.h"

#include <stddef.h>

struct policy_object {
    PyObject_HEAD struct anycert_policy *policy;
};

static PyObject *wrap(PyTypeObject *type, struct anycert_policy *policy)
{
    PyObject *self = ext_alloc(type);

    if (!self)
        anycert_policy_free(policy);
    else
        ((struct policy_object *)self)->policy = policy;
    return self;
}

static const struct anycert_policy *inner(PyObject *self)
{
    return ((struct policy_object *)self)->policy;
}

/* A path, several, or bytes with certificates in PEM. */
static bool is_empty(PyObject *ca)
{
    Py_ssize_t size = PySequence_Check(ca) ? PySequence_Size(ca) : 1;

    if (size == 0)
        PyErr_SetString(PyExc_ValueError, "ca is empty");
    return size <= 0;
}

static int add_ca(struct ext_state *state, struct anycert_policy *policy, PyObject *ca)
{
    struct anycert_error err = {0};
    PyObject *path = NULL;
    int result = 0;

    if (is_empty(ca))
        return -1;
    if (PyList_Check(ca) || PyTuple_Check(ca)) {
        for (Py_ssize_t i = 0; result == 0 && i < PySequence_Size(ca); i++) {
            PyObject *item = PySequence_GetItem(ca, i);

            result = item ? add_ca(state, policy, item) : -1;
            Py_XDECREF(item);
        }
        return result;
    }
    if (PyBytes_Check(ca)) {
        result =
            anycert_policy_add_ca_pem(policy, PyBytes_AsString(ca), (size_t)PyBytes_Size(ca), &err);
    } else {
        path = PyOS_FSPath(ca);
        if (!path && PyErr_ExceptionMatches(PyExc_TypeError))
            ext_wrong_type("ca", "a path, PEM as bytes, or a list of these", ca);
        if (path && PyBytes_Check(path))
            ext_set(&path,
                    PyUnicode_DecodeFSDefaultAndSize(PyBytes_AsString(path), PyBytes_Size(path)));
        const char *text = path ? ext_utf8(path, "ca") : NULL;

        result = text ? anycert_policy_add_ca_path(policy, text, &err) : -1;
        Py_XDECREF(path);
        if (!text)
            return -1;
    }
    if (result < 0)
        (void)ext_raise_plain(state, &err);
    return result;
}

static PyObject *policy_new(PyTypeObject *type, PyObject *args, PyObject *kwargs)
{
    static char names[][8] = {"text", "ca"};
    char *keywords[] = {names[0], names[1], NULL};
    struct ext_state *state = ext_state_of(type);
    struct anycert_error err = {0};
    struct anycert_policy *policy = NULL;
    PyObject *text = NULL;
    PyObject *ca = Py_None;
    const char *utf8 = "hardened";

    if (!state || !PyArg_ParseTupleAndKeywords(args, kwargs, "|O$O:Policy", keywords, &text, &ca))
        return NULL;
    if (text)
        utf8 = ext_utf8(text, "text");
    policy = utf8 ? anycert_policy_parse(utf8, &err) : NULL;
    if (!policy) {
        if (utf8)
            PyErr_SetString(PyExc_ValueError, err.message);
        return NULL;
    }
    if (ca != Py_None && add_ca(state, policy, ca) < 0) {
        anycert_policy_free(policy);
        return NULL;
    }
    return wrap(type, policy);
}

static void policy_dealloc(PyObject *self)
{
    anycert_policy_free(((struct policy_object *)self)->policy);
    ext_free(self);
}

static PyObject *policy_str(PyObject *self)
{
    struct anycert_error err = {0};

    return ext_take_str(anycert_policy_format(inner(self), &err));
}

static PyObject *policy_repr(PyObject *self)
{
    PyObject *text = policy_str(self);
    PyObject *repr = text ? PyUnicode_FromFormat("Policy(%R)", text) : NULL;

    Py_XDECREF(text);
    return repr;
}

static PyObject *policy_compare(PyObject *self, PyObject *other, int op)
{
    if ((op != Py_EQ && op != Py_NE) || Py_TYPE(other) != Py_TYPE(self))
        Py_RETURN_NOTIMPLEMENTED;
    return PyBool_FromLong(anycert_policy_equal(inner(self), inner(other)) == (op == Py_EQ));
}

/* Equal ones may differ in their reason, so only the rung is good for this. */
static Py_hash_t policy_hash(PyObject *self)
{
    PyObject *rung = ext_str(anycert_policy_rung(inner(self)));
    Py_hash_t hash = rung ? PyObject_Hash(rung) : -1;

    Py_XDECREF(rung);
    return hash;
}

static PyObject *get_rung(PyObject *self, void *closure)
{
    (void)closure;
    return ext_str(anycert_policy_rung(inner(self)));
}

static PyObject *get_authenticates(PyObject *self, void *closure)
{
    (void)closure;
    return PyBool_FromLong(anycert_policy_authenticates(inner(self)));
}

static PyGetSetDef policy_getset[] = {
    {"rung", get_rung, NULL, "Name of the rung, such as 'hardened'.", NULL},
    {"authenticates", get_authenticates, NULL,
     "True if, under this policy, whoever answers has proved to be the host that was asked for.",
     NULL},
    {NULL, NULL, NULL, NULL, NULL},
};

static char policy_doc[] =
    "Policy(text='hardened', *, ca=None)\n--\n\n"
    "What a caller allows: a rung of the ladder, relaxations, pins and anchors, as in\n"
    "'hardened', 'hardened+expired until=2027-01-31', 'trust-any'. Immutable.\n\n"
    "ca: trust anchors in place of the system's: the path of a PEM file or folder, PEM\n"
    "as bytes, or a list of these.";

static PyType_Slot policy_slots[] = {
    {Py_tp_doc, policy_doc},   {Py_tp_new, policy_new},       {Py_tp_dealloc, policy_dealloc},
    {Py_tp_str, policy_str},   {Py_tp_repr, policy_repr},     {Py_tp_richcompare, policy_compare},
    {Py_tp_hash, policy_hash}, {Py_tp_getset, policy_getset}, {0, NULL},
};
static PyType_Spec policy_spec = {
    .name = "anycert.Policy",
    .basicsize = sizeof(struct policy_object),
    .flags = Py_TPFLAGS_DEFAULT,
    .slots = policy_slots,
};

int ext_policy_init(PyObject *module, struct ext_state *state)
{
    state->policy_type = ext_add_type(module, &policy_spec);
    return state->policy_type ? 0 : -1;
}

bool ext_policy_arg(struct ext_state *state, PyObject *object, const char *what,
                    const struct anycert_policy **out)
{
    *out = NULL;
    if (object == Py_None)
        return true;
    if (!PyObject_TypeCheck(object, state->policy_type)) {
        ext_wrong_type(what, "a Policy", object);
        return false;
    }
    *out = inner(object);
    return true;
}
