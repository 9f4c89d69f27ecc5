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

static bool is_empty(PyObject *ca)
{
    Py_ssize_t size = PySequence_Check(ca) ? PySequence_Size(ca) : 1;

    if (size == 0)
        PyErr_SetString(PyExc_ValueError, "ca is empty");
    return size <= 0;
}

/* The word stands for the system's anchors only beside others: alone, it may be meant as a path. */
static bool is_system(PyObject *item)
{
    return PyUnicode_Check(item) && PyUnicode_CompareWithASCIIString(item, "system") == 0;
}

static int add_ca(struct ext_state *state, struct anycert_policy *policy, PyObject *ca);

static int add_system(struct ext_state *state, struct anycert_policy *policy)
{
    struct anycert_error err = {0};
    int result = anycert_policy_add_ca_system(policy, &err);

    if (result < 0)
        (void)ext_raise_plain(state, &err);
    return result;
}

static int add_cas(struct ext_state *state, struct anycert_policy *policy, PyObject *list)
{
    int result = 0;

    for (Py_ssize_t i = 0; result == 0 && i < PySequence_Size(list); i++) {
        PyObject *item = PySequence_GetItem(list, i);

        if (!item)
            return -1;
        result = is_system(item) ? add_system(state, policy) : add_ca(state, policy, item);
        Py_DECREF(item);
    }
    return result;
}

/* A path, several, or bytes with certificates in PEM. */
static int add_ca(struct ext_state *state, struct anycert_policy *policy, PyObject *ca)
{
    struct anycert_error err = {0};
    PyObject *path = NULL;
    int result = 0;

    if (is_empty(ca))
        return -1;
    if (PyList_Check(ca) || PyTuple_Check(ca))
        return add_cas(state, policy, ca);
    if (PyBytes_Check(ca)) {
        result =
            anycert_policy_add_ca_pem(policy, PyBytes_AsString(ca), (size_t)PyBytes_Size(ca), &err);
    } else if (!PyUnicode_Check(ca) && !PyObject_HasAttrString(ca, "__fspath__")) {
        ext_wrong_type("ca", "a path, PEM as bytes or a list of these", ca);
        return -1;
    } else {
        path = ext_path(ca, "ca");
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

/* ---- keys as keywords ---- */

PyObject *ext_joined(const char *what, PyObject *value)
{
    PyObject *comma = PyUnicode_FromString(",");
    PyObject *list = NULL;
    PyObject *text = NULL;
    bool fine = true;

    if (PyUnicode_Check(value) || !comma) {
        Py_XDECREF(comma);
        return comma ? Py_NewRef(value) : NULL;
    }
    if (PyBytes_Check(value)) { /* whose members are numbers */
        Py_DECREF(comma);
        ext_wrong_type(what, "str or several of it", value);
        return NULL;
    }
    list = PySequence_Tuple(value);
    if (!list && PyErr_ExceptionMatches(PyExc_TypeError))
        ext_wrong_type(what, "str or several of it", value);
    for (Py_ssize_t i = 0; fine && list && i < PyTuple_Size(list); i++) {
        fine = PyUnicode_Check(PyTuple_GetItem(list, i)) != 0;
        if (!fine)
            ext_wrong_type(what, "str or several of it", PyTuple_GetItem(list, i));
    }
    if (list && fine)
        text = PyUnicode_Join(comma, list);
    Py_XDECREF(list);
    Py_DECREF(comma);
    return text;
}

static PyObject *one_text(const char *what, PyObject *value)
{
    return ext_utf8(value, what) ? Py_NewRef(value) : NULL;
}

/* A day as text, or a datetime.date. */
static PyObject *day_text(const char *what, PyObject *value)
{
    PyObject *text = NULL;

    if (PyUnicode_Check(value))
        return one_text(what, value);
    if (PyObject_HasAttrString(value, "isoformat"))
        text = PyObject_CallMethod(value, "isoformat", NULL);
    else
        ext_wrong_type(what, "a date or 'YYYY-MM-DD'", value);
    return text;
}

static const struct {
    char keyword[12];
    char key[12];
    PyObject *(*text)(const char *what, PyObject *value);
} keys[] = {
    {"pin", "pin", ext_joined},   {"check", "check", ext_joined},
    {"mode", "mode", one_text},   {"expect_name", "expect-name", one_text},
    {"sni", "sni", one_text},     {"target", "for", one_text},
    {"until", "until", day_text}, {"reason", "reason", one_text},
};
#define KEYS (sizeof keys / sizeof keys[0])

/* A JSON string of a text, which the parser holds to its rules; takes the text over. */
static PyObject *quoted(PyObject *text)
{
    static const char *const special[] = {"\\", "\""};

    for (size_t i = 0; text && i < 2; i++) {
        PyObject *plain = PyUnicode_FromString(special[i]);
        PyObject *escaped = PyUnicode_FromFormat("\\%s", special[i]);

        ext_set(&text, plain && escaped ? PyUnicode_Replace(text, plain, escaped, -1) : NULL);
        Py_XDECREF(plain);
        Py_XDECREF(escaped);
    }
    return text;
}

/* Appends what a keyword says to the policy's text, so that both are held to one grammar. */
static int add_key(PyObject **text, size_t i, PyObject *value)
{
    PyObject *said = keys[i].text(keys[i].keyword, value);

    if (said && !ext_utf8(said, keys[i].keyword))
        Py_CLEAR(said);
    said = quoted(said);
    if (said)
        ext_set(text, PyUnicode_FromFormat("%U %s=\"%U\"", *text, keys[i].key, said));
    Py_XDECREF(said);
    return said && *text ? 0 : -1;
}

static PyObject *policy_of_text(PyTypeObject *type, struct ext_state *state, PyObject *text,
                                PyObject *ca)
{
    struct anycert_error err = {0};
    const char *utf8 = text ? ext_utf8(text, "text") : NULL;
    struct anycert_policy *policy = utf8 ? anycert_policy_parse(utf8, &err) : NULL;

    if (!policy)
        return utf8 ? ext_raise_plain(state, &err) : NULL;
    if (ca != Py_None && add_ca(state, policy, ca) < 0) {
        anycert_policy_free(policy);
        return NULL;
    }
    return wrap(type, policy);
}

static PyObject *policy_new(PyTypeObject *type, PyObject *args, PyObject *kwargs)
{
    static char names[][12] = {"text",        "ca",  "pin",    "check", "mode",
                               "expect_name", "sni", "target", "until", "reason"};
    char *keywords[] = {names[0], names[1], names[2], names[3], names[4], names[5],
                        names[6], names[7], names[8], names[9], NULL};
    struct ext_state *state = ext_state_of(type);
    PyObject *text = NULL;
    PyObject *ca = Py_None;
    PyObject *v[KEYS] = {NULL};
    PyObject *policy = NULL;

    if (!state ||
        !PyArg_ParseTupleAndKeywords(args, kwargs, "|O$OOOOOOOOO:Policy", keywords, &text, &ca,
                                     &v[0], &v[1], &v[2], &v[3], &v[4], &v[5], &v[6], &v[7]))
        return NULL;
    text = text ? Py_NewRef(text) : PyUnicode_FromString("hardened");
    for (size_t i = 0; text && i < KEYS; i++) {
        if (v[i] && v[i] != Py_None && (!ext_utf8(text, "text") || add_key(&text, i, v[i]) < 0))
            Py_CLEAR(text);
    }
    if (text)
        policy = policy_of_text(type, state, text, ca);
    Py_XDECREF(text);
    return policy;
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
    Py_uhash_t hash = 0;

    for (const char *c = anycert_policy_rung(inner(self)); *c; c++)
        hash = hash * 31 + (unsigned char)*c;
    return hash == (Py_uhash_t)-1 ? -2 : (Py_hash_t)hash; /* -1 would be an error */
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

/* The value of a key, "" for one that prints nothing; None if it is not there. */
static PyObject *value_of(PyObject *self, const char *key)
{
    struct anycert_error err = {0};
    char *value = NULL;
    int found = anycert_policy_get(inner(self), key, &value, &err);

    if (found < 0)
        return PyErr_NoMemory();
    return found ? ext_take_str(value) : ext_str(NULL);
}

static PyObject *get_ca(PyObject *self, void *closure)
{
    (void)closure;
    return value_of(self, "ca");
}

static PyObject *get_value(PyObject *self, void *closure)
{
    return value_of(self, keys[(uintptr_t)closure].key);
}

static PyObject *get_values(PyObject *self, void *closure)
{
    PyObject *text = get_value(self, closure);
    PyObject *list = NULL;
    PyObject *values = NULL;

    if (text == Py_None)
        list = PyList_New(0);
    else if (text)
        list = PyObject_CallMethod(text, "split", "s", ",");
    values = list ? PyList_AsTuple(list) : NULL;
    Py_XDECREF(list);
    Py_XDECREF(text);
    return values;
}

static PyObject *get_until(PyObject *self, void *closure)
{
    PyObject *text = get_value(self, closure);
    PyObject *module = NULL;
    PyObject *type = NULL;
    PyObject *day = NULL;

    if (!text || text == Py_None)
        return text;
    module = PyImport_ImportModule("datetime");
    type = module ? PyObject_GetAttrString(module, "date") : NULL;
    day = type ? PyObject_CallMethod(type, "fromisoformat", "O", text) : NULL;
    Py_XDECREF(type);
    Py_XDECREF(module);
    Py_DECREF(text);
    return day;
}

static PyObject *get_relaxations(PyObject *self, void *closure)
{
    PyObject *list = PyList_New(0);
    PyObject *names = NULL;

    (void)closure;
    for (const struct anycert_relaxation *r = anycert_relaxation_next(NULL); list && r;
         r = anycert_relaxation_next(r)) {
        PyObject *name = NULL;

        if (!anycert_policy_relaxes(inner(self), r))
            continue;
        name = ext_str(anycert_relaxation_name(r));
        if (!name || PyList_Append(list, name) < 0)
            Py_CLEAR(list);
        Py_XDECREF(name);
    }
    names = list ? PyList_AsTuple(list) : NULL;
    Py_XDECREF(list);
    return names;
}

static PyGetSetDef policy_getset[] = {
    {"rung", get_rung, NULL, "Name of the rung, such as 'hardened'.", NULL},
    {"relaxations", get_relaxations, NULL,
     "Names of the relaxations behind the rung; not what the rung itself contains.", NULL},
    {"authenticates", get_authenticates, NULL,
     "True if, under this policy, whoever answers has proved to be the host that was asked for.",
     NULL},
    {"ca", get_ca, NULL,
     "Its anchors as the policy's text has them, or None for the system's alone.", NULL},
    {"pins", get_values, NULL, "The pins, 'sha256//…'.", (void *)(uintptr_t)0},
    {"check", get_values, NULL, "What 'pinned' looks at besides the pin.", (void *)(uintptr_t)1},
    {"mode", get_value, NULL, "How 'tofu' treats hosts that it meets, or None.",
     (void *)(uintptr_t)2},
    {"expect_name", get_value, NULL, "The name that the certificate has to have, or None.",
     (void *)(uintptr_t)3},
    {"sni", get_value, NULL, "The server name that is sent, or None.", (void *)(uintptr_t)4},
    {"target", get_value, NULL, "What 'report-only' compares with, or None.", (void *)(uintptr_t)5},
    {"until", get_until, NULL, "The last day on which relaxations count, or None.",
     (void *)(uintptr_t)6},
    {"reason", get_value, NULL, "Why it is so, or None.", (void *)(uintptr_t)7},
    {NULL, NULL, NULL, NULL, NULL},
};

/* ---- others made from it ---- */

static PyObject *policy_parse(PyObject *type, PyObject *text)
{
    struct ext_state *state = ext_state_of((PyTypeObject *)type);

    return state ? policy_of_text((PyTypeObject *)type, state, text, Py_None) : NULL;
}

/* Takes the copy over; it has to fit together. */
static PyObject *checked(PyObject *self, struct anycert_policy *copy, int result,
                         struct anycert_error *err)
{
    if (result == 0 && anycert_policy_check(copy, err) == 0)
        return wrap(Py_TYPE(self), copy);
    anycert_policy_free(copy);
    return PyErr_Occurred() ? NULL : ext_raise_plain(ext_state_of(Py_TYPE(self)), err);
}

static PyObject *policy_with_pin(PyObject *self, PyObject *pins)
{
    struct anycert_error err = {0};
    struct anycert_policy *copy = anycert_policy_copy(inner(self), &err);
    PyObject *before = copy ? value_of(self, "pin") : NULL;
    PyObject *all = before ? ext_joined("pins", pins) : NULL;
    const char *text = NULL;
    int result = -1;

    if (before && before != Py_None && all)
        ext_set(&all, PyUnicode_FromFormat("%U,%U", before, all));
    text = all ? ext_utf8(all, "pins") : NULL;
    if (text)
        result = anycert_policy_set(copy, "pin", text, &err);
    Py_XDECREF(before);
    Py_XDECREF(all);
    return checked(self, copy, result, &err);
}

static PyObject *policy_relax(PyObject *self, PyObject *names)
{
    struct anycert_error err = {0};
    struct anycert_policy *copy = anycert_policy_copy(inner(self), &err);
    int result = copy ? 0 : -1;

    for (Py_ssize_t i = 0; result == 0 && i < PyTuple_Size(names); i++) {
        const char *name = ext_utf8(PyTuple_GetItem(names, i), "relaxation");

        result = name ? anycert_policy_relax(copy, name, &err) : -1;
    }
    return checked(self, copy, result, &err);
}

static PyMethodDef policy_methods[] = {
    {"parse", policy_parse, METH_O | METH_CLASS,
     "parse($type, text, /)\n--\n\nThe policy that a text says, as Policy(text)."},
    {"with_pin", policy_with_pin, METH_VARARGS,
     "with_pin($self, *pins)\n--\n\nThe same with more pins: backups, or the first ones."},
    {"relax", policy_relax, METH_VARARGS,
     "relax($self, *names)\n--\n\nThe same with more relaxations, by name."},
    {NULL, NULL, 0, NULL},
};

static char policy_doc[] =
    "Policy(text='hardened', *, ca=None, pin=None, check=None, mode=None, expect_name=None,\n"
    "       sni=None, target=None, until=None, reason=None)\n--\n\n"
    "What a caller allows: a rung of the ladder, relaxations, pins and anchors, as in\n"
    "'hardened', 'hardened+expired until=2027-01-31', 'trust-any'. Immutable.\n\n"
    "ca: trust anchors in place of the system's: the path of a PEM file or folder, PEM\n"
    "as bytes, or a list of these, where 'system' adds the system's own.\n"
    "The others are the keys of a policy's text, which may stand there as well: pin:\n"
    "'sha256//…', or several; check: 'name', 'dates' or both, which 'pinned' keeps; mode: 'ask',\n"
    "'accept-new' or 'strict', of 'tofu'; expect_name: the name that the certificate has to have;\n"
    "sni: the name that is sent; target: the text of the policy that report-only compares with;\n"
    "until: a datetime.date or 'YYYY-MM-DD', the last day (UTC) on which it gives anything up;\n"
    "reason: a text.\n\n"
    "PolicyError for what is not understood or does not go together, TypeError for a wrong type.\n"
    "Files of anchors are read by the first request.";

static PyType_Slot policy_slots[] = {
    {Py_tp_doc, policy_doc},         {Py_tp_new, policy_new},
    {Py_tp_dealloc, policy_dealloc}, {Py_tp_str, policy_str},
    {Py_tp_repr, policy_repr},       {Py_tp_richcompare, policy_compare},
    {Py_tp_hash, policy_hash},       {Py_tp_getset, policy_getset},
    {Py_tp_methods, policy_methods}, {0, NULL},
};
static PyType_Spec policy_spec = {
    .name = "anycert.Policy",
    .basicsize = sizeof(struct policy_object),
    .flags = Py_TPFLAGS_DEFAULT,
    .slots = policy_slots,
};

PyObject *ext_policy_new(struct ext_state *state, const struct anycert_policy *policy)
{
    struct anycert_error err = {0};
    struct anycert_policy *copy = anycert_policy_copy(policy, &err);

    return copy ? wrap(state->policy_type, copy) : PyErr_NoMemory();
}

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
