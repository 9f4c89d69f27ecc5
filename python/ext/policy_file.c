#include "ext.h"

#include <stddef.h>
#include <time.h>

/* A file never changes; its entries live as long as it does. */
struct file_object {
    PyObject_HEAD struct anycert_policy_file *file;
    PyObject *anchors; /* a Policy with those of entries that name none, or NULL */
};
struct entry_object {
    PyObject_HEAD struct ext_state *state;
    PyObject *owner; /* the file */
    const struct anycert_policy_entry *entry;
};

static const struct anycert_policy_file *inner(PyObject *self)
{
    return ((struct file_object *)self)->file;
}

/* A Policy with what ca= says, which is hardened otherwise. NULL with an exception. */
static PyObject *anchors_of(struct ext_state *state, PyObject *ca)
{
    PyObject *none = PyTuple_New(0);
    PyObject *kwargs = Py_BuildValue("{s:O}", "ca", ca);
    PyObject *policy =
        none && kwargs ? PyObject_Call((PyObject *)state->policy_type, none, kwargs) : NULL;

    Py_XDECREF(kwargs);
    Py_XDECREF(none);
    return policy;
}

static PyObject *wrap(PyTypeObject *type, struct ext_state *state, struct anycert_policy_file *file,
                      PyObject *ca, const struct anycert_error *err)
{
    PyObject *self = file ? ext_alloc(type) : ext_raise_plain(state, err);

    if (!self) {
        anycert_policy_file_free(file);
        return NULL;
    }
    ((struct file_object *)self)->file = file;
    if (ca != Py_None) {
        ((struct file_object *)self)->anchors = anchors_of(state, ca);
        if (!((struct file_object *)self)->anchors)
            Py_CLEAR(self);
    }
    return self;
}

static PyObject *file_new(PyTypeObject *type, PyObject *args, PyObject *kwargs)
{
    static char names[][8] = {"path", "ca"};
    char *keywords[] = {names[0], names[1], NULL};
    struct ext_state *state = ext_state_of(type);
    struct anycert_error err = {0};
    struct anycert_policy_file *file = NULL;
    PyObject *given = NULL;
    PyObject *ca = Py_None;
    PyObject *path = NULL;
    const char *text = NULL;

    if (!state ||
        !PyArg_ParseTupleAndKeywords(args, kwargs, "O|$O:PolicyFile", keywords, &given, &ca))
        return NULL;
    path = ext_path(given, "path");
    text = path ? ext_utf8(path, "path") : NULL;
    if (text)
        file = anycert_policy_file_load(text, &err);
    Py_XDECREF(path);
    return text ? wrap(type, state, file, ca, &err) : NULL;
}

static PyObject *file_parse(PyObject *type, PyObject *args, PyObject *kwargs)
{
    static char names[][8] = {"text", "name", "ca"};
    char *keywords[] = {names[0], names[1], names[2], NULL};
    struct ext_state *state = ext_state_of((PyTypeObject *)type);
    struct anycert_error err = {0};
    struct anycert_policy_file *file = NULL;
    PyObject *text = NULL;
    PyObject *name = Py_None;
    PyObject *ca = Py_None;
    const char *called = NULL;
    const char *utf8 = NULL;
    Py_ssize_t len = 0;

    if (!state ||
        !PyArg_ParseTupleAndKeywords(args, kwargs, "O|$OO:parse", keywords, &text, &name, &ca) ||
        !ext_optional_utf8(name, "name", &called))
        return NULL;
    utf8 = ext_utf8_and_size(text, "text", &len);
    if (!utf8)
        return NULL;
    file = anycert_policy_file_parse(utf8, (size_t)len, called, &err);
    return wrap((PyTypeObject *)type, state, file, ca, &err);
}

static void file_dealloc(PyObject *self)
{
    anycert_policy_file_free(((struct file_object *)self)->file);
    Py_CLEAR(((struct file_object *)self)->anchors);
    ext_free(self);
}

static PyObject *get_anchors(PyObject *self, void *closure)
{
    PyObject *anchors = ((struct file_object *)self)->anchors;

    (void)closure;
    return anchors ? Py_NewRef(anchors) : ext_str(NULL);
}

static PyObject *new_entry(PyObject *self, const struct anycert_policy_entry *entry)
{
    struct ext_state *state = ext_state_of(Py_TYPE(self));
    struct entry_object *object =
        state ? (struct entry_object *)ext_alloc(state->policy_entry_type) : NULL;

    if (object) {
        object->state = state;
        object->owner = Py_NewRef(self);
        object->entry = entry;
    }
    return (PyObject *)object;
}

static PyObject *file_find(PyObject *self, PyObject *args, PyObject *kwargs)
{
    static char names[][8] = {"host", "port"};
    char *keywords[] = {names[0], names[1], NULL};
    const struct anycert_policy_entry *entry = NULL;
    PyObject *host = NULL;
    const char *utf8 = NULL;
    int port = 443;

    if (!PyArg_ParseTupleAndKeywords(args, kwargs, "O|i:find", keywords, &host, &port))
        return NULL;
    if (!ext_place(host, port, &utf8))
        return NULL;
    entry = anycert_policy_file_find(inner(self), utf8, (uint16_t)port);
    return entry ? new_entry(self, entry) : ext_str(NULL);
}

static PyObject *entries(PyObject *self)
{
    const struct anycert_policy_entry *entry = NULL;
    PyObject *list = PyList_New(0);

    while (list && (entry = anycert_policy_file_next(inner(self), entry)) != NULL) {
        PyObject *object = new_entry(self, entry);

        if (!object || PyList_Append(list, object) < 0)
            Py_CLEAR(list);
        Py_XDECREF(object);
    }
    return list;
}

static PyObject *file_iter(PyObject *self)
{
    PyObject *list = entries(self);
    PyObject *iterator = list ? PyObject_GetIter(list) : NULL;

    Py_XDECREF(list);
    return iterator;
}

static Py_ssize_t file_len(PyObject *self)
{
    const struct anycert_policy_entry *entry = NULL;
    Py_ssize_t count = 0;

    while ((entry = anycert_policy_file_next(inner(self), entry)) != NULL)
        count++;
    return count;
}

/* An empty file is a file. */
static int file_bool(PyObject *self)
{
    (void)self;
    return 1;
}

static PyMethodDef file_methods[] = {
    {"parse", (PyCFunction)(void (*)(void))file_parse, METH_VARARGS | METH_KEYWORDS | METH_CLASS,
     "parse($type, text, *, name=None, ca=None)\n--\n\n"
     "Reads it from a text; name: what messages call it."},
    {"find", (PyCFunction)(void (*)(void))file_find, METH_VARARGS | METH_KEYWORDS,
     "find($self, host, port=443)\n--\n\nThe entry for a host, or None."},
    {NULL, NULL, 0, NULL},
};
static PyGetSetDef file_getset[] = {
    {"anchors", get_anchors, NULL,
     "A Policy with the anchors of hosts whose line names none, or that have no line; or None.",
     NULL},
    {NULL, NULL, NULL, NULL, NULL},
};
static char file_doc[] =
    "PolicyFile(path, *, ca=None)\n--\n\n"
    "Which host gets which policy: a file with a line for each, such as\n"
    "'*.lab.example:8443  hardened+expired until=2027-01-31', which anycert-policy-file(5)\n"
    "describes. ca: the anchors of hosts whose line names none, and of those without a line, in\n"
    "place of the system's; as Policy has it. Iterating over it gives its entries, in order.\n"
    "Immutable. OSError for a file that cannot be read, or that others may write to; PolicyError\n"
    "for what is not understood in it.";
static PyType_Slot file_slots[] = {
    {Py_tp_doc, file_doc},         {Py_tp_new, file_new},       {Py_tp_dealloc, file_dealloc},
    {Py_tp_iter, file_iter},       {Py_sq_length, file_len},    {Py_nb_bool, file_bool},
    {Py_tp_methods, file_methods}, {Py_tp_getset, file_getset}, {0, NULL},
};
static PyType_Spec file_spec = {
    .name = "anycert.PolicyFile",
    .basicsize = sizeof(struct file_object),
    .flags = Py_TPFLAGS_DEFAULT,
    .slots = file_slots,
};

/* ---- entries ---- */

static const struct entry_object *of(PyObject *self)
{
    return (const struct entry_object *)self;
}

static void entry_dealloc(PyObject *self)
{
    Py_XDECREF(of(self)->owner);
    ext_free(self);
}

static PyObject *get_hosts(PyObject *self, void *closure)
{
    (void)closure;
    return ext_str(anycert_policy_entry_hosts(of(self)->entry));
}

static PyObject *get_policy(PyObject *self, void *closure)
{
    (void)closure;
    return ext_policy_new(of(self)->state, anycert_policy_entry_policy(of(self)->entry));
}

static PyObject *get_source(PyObject *self, void *closure)
{
    (void)closure;
    return ext_str(anycert_policy_entry_source(of(self)->entry));
}

static PyObject *get_line(PyObject *self, void *closure)
{
    (void)closure;
    return PyLong_FromSize_t(anycert_policy_entry_line(of(self)->entry));
}

static PyObject *get_flaw(PyObject *self, void *closure)
{
    (void)closure;
    switch (
        anycert_policy_file_flaw(inner(of(self)->owner), of(self)->entry, (int64_t)time(NULL))) {
    case ANYCERT_FLAW_NONE:
        break;
    case ANYCERT_FLAW_ENDED:
        return PyUnicode_FromString("ended");
    case ANYCERT_FLAW_SHADOWED:
        return PyUnicode_FromString("unused");
    case ANYCERT_FLAW_SAME:
        return PyUnicode_FromString("needless");
    }
    Py_RETURN_NONE;
}

static PyObject *entry_repr(PyObject *self)
{
    return PyUnicode_FromFormat("<PolicyEntry %s, %s>",
                                anycert_policy_entry_source(of(self)->entry),
                                anycert_policy_entry_hosts(of(self)->entry));
}

static PyGetSetDef entry_getset[] = {
    {"hosts", get_hosts, NULL, "The hosts that it is about, such as '*.lab.example:8443'.", NULL},
    {"policy", get_policy, NULL, "Their policy.", NULL},
    {"source", get_source, NULL, "Where it stands, as 'NAME:LINE'.", NULL},
    {"line", get_line, NULL, "Its line, from 1 on.", NULL},
    {"flaw", get_flaw, NULL,
     "What is the matter with it now: 'ended', 'unused', 'needless', or None.", NULL},
    {NULL, NULL, NULL, NULL, NULL},
};
static char entry_doc[] = "A line of a PolicyFile.";
static PyType_Slot entry_slots[] = {
    {Py_tp_doc, entry_doc},
    {Py_tp_dealloc, entry_dealloc},
    {Py_tp_getset, entry_getset},
    {Py_tp_repr, entry_repr},
    {0, NULL},
};
static PyType_Spec entry_spec = {
    .name = "anycert.PolicyEntry",
    .basicsize = sizeof(struct entry_object),
    .flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_DISALLOW_INSTANTIATION, /* they come from files */
    .slots = entry_slots,
};

int ext_policy_file_init(PyObject *module, struct ext_state *state)
{
    state->policy_file_type = ext_add_type(module, &file_spec);
    state->policy_entry_type = ext_add_type(module, &entry_spec);
    return state->policy_file_type && state->policy_entry_type ? 0 : -1;
}

bool ext_policy_file_arg(struct ext_state *state, PyObject *object, const char *what,
                         struct anycert_policy_file **out)
{
    *out = NULL;
    if (!PyObject_TypeCheck(object, state->policy_file_type)) {
        ext_wrong_type(what, "a PolicyFile", object);
        return false;
    }
    *out = ((struct file_object *)object)->file;
    return true;
}
