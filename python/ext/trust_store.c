#include "ext.h"

#include <stddef.h>

struct store_object {
    PyObject_HEAD struct anycert_trust_store *store;
};

static struct anycert_trust_store *inner(PyObject *self)
{
    return ((struct store_object *)self)->store;
}

static struct ext_state *state_of(PyObject *self)
{
    return ext_state_of(Py_TYPE(self));
}

static PyObject *store_new(PyTypeObject *type, PyObject *args, PyObject *kwargs)
{
    static char names[][12] = {"path", "read_only"};
    char *keywords[] = {names[0], names[1], NULL};
    struct ext_state *state = ext_state_of(type);
    struct anycert_error err = {0};
    struct anycert_trust_store *store = NULL;
    PyObject *given = NULL;
    PyObject *path = NULL;
    PyObject *self = NULL;
    const char *text = NULL;
    int read_only = 0;

    if (!state ||
        !PyArg_ParseTupleAndKeywords(args, kwargs, "O|$p:TrustStore", keywords, &given, &read_only))
        return NULL;
    path = ext_path(given, "path");
    text = path ? ext_utf8(path, "path") : NULL;
    if (text)
        store = read_only ? anycert_trust_store_open_read_only(text, &err)
                          : anycert_trust_store_open(text, &err);
    Py_XDECREF(path);
    if (!store)
        return text ? ext_raise_plain(state, &err) : NULL;
    self = ext_alloc(type);
    if (self)
        ((struct store_object *)self)->store = store;
    else
        anycert_trust_store_free(store);
    return self;
}

static void store_dealloc(PyObject *self)
{
    anycert_trust_store_free(inner(self));
    ext_free(self);
}

/* ---- entries ---- */

static PyObject *pins_of(const struct anycert_trust_entry *entry)
{
    size_t count = anycert_trust_entry_pin_count(entry);
    PyObject *pins = PyTuple_New((Py_ssize_t)count);

    for (size_t i = 0; pins && i < count; i++) {
        PyObject *pin = ext_str(anycert_trust_entry_pin(entry, i));

        if (!pin || PyTuple_SetItem(pins, (Py_ssize_t)i, pin) < 0)
            Py_CLEAR(pins);
    }
    return pins;
}

#define ENTRY_FIELDS 9
static PyObject *new_entry(struct ext_state *state, const struct anycert_trust_entry *entry)
{
    PyObject *const values[ENTRY_FIELDS] = {
        ext_str(anycert_trust_entry_host(entry)),
        PyLong_FromLong(anycert_trust_entry_port(entry)),
        ext_str(anycert_trust_kind_name(anycert_trust_entry_kind(entry))),
        pins_of(entry),
        PyLong_FromLongLong(anycert_trust_entry_first_seen(entry)),
        PyLong_FromLongLong(anycert_trust_entry_changed(entry)),
        ext_str(anycert_trust_source_name(anycert_trust_entry_source(entry))),
        ext_str(anycert_trust_entry_comment(entry)),
        PyLong_FromSize_t(anycert_trust_entry_line(entry)),
    };

    return ext_named_tuple(state->trust_entry_type, values, ENTRY_FIELDS);
}

static PyObject *store_iter(PyObject *self)
{
    struct anycert_error err = {0};
    struct ext_state *state = state_of(self);
    struct anycert_trust_list *list = anycert_trust_store_list(inner(self), &err);
    size_t count = anycert_trust_list_count(list);
    PyObject *entries = NULL;
    PyObject *iterator = NULL;

    if (!list)
        return ext_raise_plain(state, &err);
    entries = PyTuple_New((Py_ssize_t)count);
    for (size_t i = 0; entries && i < count; i++) {
        PyObject *entry = new_entry(state, anycert_trust_list_at(list, i));

        if (!entry || PyTuple_SetItem(entries, (Py_ssize_t)i, entry) < 0)
            Py_CLEAR(entries);
    }
    anycert_trust_list_free(list);
    iterator = entries ? PyObject_GetIter(entries) : NULL;
    Py_XDECREF(entries);
    return iterator;
}

static Py_ssize_t store_len(PyObject *self)
{
    struct anycert_error err = {0};
    struct anycert_trust_list *list = anycert_trust_store_list(inner(self), &err);
    Py_ssize_t count = (Py_ssize_t)anycert_trust_list_count(list);

    if (!list)
        (void)ext_raise_plain(state_of(self), &err);
    anycert_trust_list_free(list);
    return list ? count : -1;
}

/* An empty store is a store. */
static int store_bool(PyObject *self)
{
    (void)self;
    return 1;
}

/* ---- methods ---- */

static PyObject *store_find(PyObject *self, PyObject *args, PyObject *kwargs)
{
    static char names[][8] = {"host", "port"};
    char *keywords[] = {names[0], names[1], NULL};
    struct anycert_error err = {0};
    struct anycert_trust_entry *entry = NULL;
    PyObject *host = NULL;
    PyObject *found = NULL;
    const char *utf8 = NULL;
    int port = 443;
    int result = 0;

    if (!PyArg_ParseTupleAndKeywords(args, kwargs, "O|i:find", keywords, &host, &port) ||
        !ext_place(host, port, &utf8))
        return NULL;
    result = anycert_trust_store_find(inner(self), utf8, (uint16_t)port, &entry, &err);
    if (result < 0)
        return ext_raise_plain(state_of(self), &err);
    found = result ? new_entry(state_of(self), entry) : ext_str(NULL);
    anycert_trust_entry_free(entry);
    return found;
}

static PyObject *store_add(PyObject *self, PyObject *args, PyObject *kwargs)
{
    static char names[][8] = {"host", "port", "pins", "ca", "comment"};
    char *keywords[] = {names[0], names[1], names[2], names[3], names[4], NULL};
    struct anycert_error err = {0};
    PyObject *host = NULL;
    PyObject *pins = Py_None;
    int ca = 0;
    PyObject *comment = Py_None;
    PyObject *list = NULL;
    const char *utf8 = NULL, *pin = NULL, *why = NULL;
    int port = 443;
    int result = -1;

    if (!PyArg_ParseTupleAndKeywords(args, kwargs, "O|i$OpO:add", keywords, &host, &port, &pins,
                                     &ca, &comment) ||
        !ext_place(host, port, &utf8) || !ext_optional_utf8(comment, "comment", &why))
        return NULL;
    list = pins == Py_None ? Py_NewRef(pins) : ext_joined("pins", pins);
    if (!list || !ext_optional_utf8(list, "pins", &pin)) {
        Py_XDECREF(list);
        return NULL;
    }
    /* Pins that turned out to be none do not make every trusted CA one to believe. */
    if ((pin != NULL && *pin != '\0') == (ca != 0)) {
        Py_DECREF(list);
        PyErr_SetString(PyExc_ValueError, "say what the host is known by: pins=, or ca=True if its "
                                          "certificate has to pass every check of hardened");
        return NULL;
    }
    Py_BEGIN_ALLOW_THREADS /* others may be writing */
        result = anycert_trust_store_add(inner(self), utf8, (uint16_t)port, pin, why, &err);
    Py_END_ALLOW_THREADS Py_DECREF(list);
    if (result < 0)
        return ext_raise_plain(state_of(self), &err);
    Py_RETURN_NONE;
}

static PyObject *store_remove(PyObject *self, PyObject *args, PyObject *kwargs)
{
    static char names[][8] = {"host", "port"};
    char *keywords[] = {names[0], names[1], NULL};
    struct anycert_error err = {0};
    PyObject *host = NULL;
    const char *utf8 = NULL;
    int port = 443;
    int result = -1;

    if (!PyArg_ParseTupleAndKeywords(args, kwargs, "O|i:remove", keywords, &host, &port) ||
        !ext_place(host, port, &utf8))
        return NULL;
    Py_BEGIN_ALLOW_THREADS result =
        anycert_trust_store_remove(inner(self), utf8, (uint16_t)port, &err);
    Py_END_ALLOW_THREADS return result < 0 ? ext_raise_plain(state_of(self), &err)
                                           : PyBool_FromLong(result);
}

static PyObject *store_import(PyObject *self, PyObject *args, PyObject *kwargs)
{
    static char names[][8] = {"text", "name"};
    char *keywords[] = {names[0], names[1], NULL};
    struct anycert_error err = {0};
    PyObject *text = NULL;
    PyObject *name = Py_None;
    const char *called = NULL;
    const char *utf8 = NULL;
    Py_ssize_t len = 0;
    size_t count = 0;
    int result = -1;

    if (!PyArg_ParseTupleAndKeywords(args, kwargs, "O|$O:import_text", keywords, &text, &name) ||
        !ext_optional_utf8(name, "name", &called))
        return NULL;
    utf8 = ext_utf8_and_size(text, "text", &len);
    if (!utf8)
        return NULL;
    Py_BEGIN_ALLOW_THREADS result = anycert_trust_store_import(
        inner(self), utf8, (size_t)len, called ? called : "text", &count, &err);
    Py_END_ALLOW_THREADS return result < 0 ? ext_raise_plain(state_of(self), &err)
                                           : PyLong_FromSize_t(count);
}

static PyObject *store_export(PyObject *self, PyObject *ignored)
{
    struct anycert_error err = {0};
    char *text = anycert_trust_store_export(inner(self), &err);

    (void)ignored;
    return text ? ext_take_str(text) : ext_raise_plain(state_of(self), &err);
}

static PyObject *store_hash(PyObject *self, PyObject *ignored)
{
    struct anycert_error err = {0};
    size_t count = 0;
    int result = -1;

    (void)ignored;
    Py_BEGIN_ALLOW_THREADS result = anycert_trust_store_hash_names(inner(self), &count, &err);
    Py_END_ALLOW_THREADS return result < 0 ? ext_raise_plain(state_of(self), &err)
                                           : PyLong_FromSize_t(count);
}

static PyObject *get_path(PyObject *self, void *closure)
{
    (void)closure;
    return ext_str(anycert_trust_store_path(inner(self)));
}

#define KEYWORDS(function) (PyCFunction)(void (*)(void))(function), METH_VARARGS | METH_KEYWORDS
static PyMethodDef store_methods[] = {
    {"find", KEYWORDS(store_find),
     "find($self, host, port=443)\n--\n\nThe TrustEntry of a host, or None."},
    {"add", KEYWORDS(store_add),
     "add($self, host, port=443, *, pins=None, ca=False, comment=None)\n--\n\n"
     "Says what a host is known by from now on: its pins, or with ca=True its authority."},
    {"remove", KEYWORDS(store_remove),
     "remove($self, host, port=443)\n--\n\nForgets a host; False if it was not known."},
    {"import_text", KEYWORDS(store_import),
     "import_text($self, text, *, name=None)\n--\n\n"
     "Takes over the entries of another store's text; how many were new. All or nothing."},
    {"export", store_export, METH_NOARGS, "export($self, /)\n--\n\nThe text of the whole store."},
    {"hash_names", store_hash, METH_NOARGS,
     "hash_names($self, /)\n--\n\n"
     "Replaces the hosts' names by hashes, for good; how many there were."},
    {NULL, NULL, 0, NULL},
};
static PyGetSetDef store_getset[] = {
    {"path", get_path, NULL, "Its path, as it was given.", NULL},
    {NULL, NULL, NULL, NULL, NULL},
};
static char store_doc[] =
    "TrustStore(path, *, read_only=False)\n--\n\n"
    "The keys that servers were met with, which the policy 'tofu' compares them with: a file of\n"
    "the user's, as anycert-trust-store(5) describes it. Iterating over it gives its entries.\n"
    "OSError for a file that cannot be read, or that others may change.";
static PyType_Slot store_slots[] = {
    {Py_tp_doc, store_doc},         {Py_tp_new, store_new},       {Py_tp_dealloc, store_dealloc},
    {Py_tp_iter, store_iter},       {Py_sq_length, store_len},    {Py_nb_bool, store_bool},
    {Py_tp_methods, store_methods}, {Py_tp_getset, store_getset}, {0, NULL},
};
static PyType_Spec store_spec = {
    .name = "anycert.TrustStore",
    .basicsize = sizeof(struct store_object),
    .flags = Py_TPFLAGS_DEFAULT,
    .slots = store_slots,
};
static PyStructSequence_Field entry_fields[] = {
    {"host", "Its name or address; a hash, if names are hashed."},
    {"port", "Its port; 0 if names are hashed."},
    {"kind", "'pin' or 'ca'."},
    {"pins", "The keys of a 'pin', 'sha256//…'."},
    {"first_seen", "When it came into the store, in seconds since 1970 UTC."},
    {"changed", "When it was changed."},
    {"source", "'first-use', 'added' or 'imported'."},
    {"comment", "The comment, or ''."},
    {"line", "Its line, from 1 on."},
    {NULL, NULL},
};

int ext_trust_store_init(PyObject *module, struct ext_state *state)
{
    state->trust_store_type = ext_add_type(module, &store_spec);
    state->trust_entry_type = ext_add_tuple_type(
        module, "anycert.TrustEntry", "An entry of a TrustStore.", entry_fields, ENTRY_FIELDS);
    return state->trust_store_type && state->trust_entry_type ? 0 : -1;
}

bool ext_trust_store_arg(struct ext_state *state, PyObject *object, const char *what,
                         struct anycert_trust_store **out)
{
    *out = NULL;
    if (!PyObject_TypeCheck(object, state->trust_store_type)) {
        ext_wrong_type(what, "a TrustStore", object);
        return false;
    }
    *out = inner(object);
    return true;
}
