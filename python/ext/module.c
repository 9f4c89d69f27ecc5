#include "ext.h"

#include <stdatomic.h>
#include <string.h>

struct ext_state *ext_state_of(PyTypeObject *type)
{
    /* A class that was derived in Python has no module of its own; one of its bases has. */
    while (type && PyType_HasFeature(type, Py_TPFLAGS_HEAPTYPE)) {
        PyObject *module = PyType_GetModule(type);

        if (module && PyModule_GetDef(module) == &ext_module)
            return PyModule_GetState(module);
        PyErr_Clear();
        type = (PyTypeObject *)PyType_GetSlot(type, Py_tp_base);
    }
    PyErr_SetString(PyExc_TypeError, "not a type of anycert");
    return NULL;
}

PyTypeObject *ext_add_type(PyObject *module, PyType_Spec *spec)
{
    PyTypeObject *type = (PyTypeObject *)PyType_FromModuleAndSpec(module, spec, NULL);

#if PY_VERSION_HEX < 0x030A0000
    if (type && (spec->flags & Py_TPFLAGS_DISALLOW_INSTANTIATION))
        type->tp_new = NULL;
#endif
    if (type && PyModule_AddType(module, type) < 0)
        Py_CLEAR(type);
    return type;
}

PyObject *ext_alloc(PyTypeObject *type)
{
    return PyType_GenericAlloc(type, 0);
}

void ext_free(PyObject *self)
{
    PyTypeObject *type = Py_TYPE(self);
    freefunc release = (freefunc)PyType_GetSlot(type, Py_tp_free);

    release(self);
    Py_DECREF((PyObject *)type);
}

void ext_set(PyObject **slot, PyObject *value)
{
    PyObject *before = *slot;

    *slot = value;
    Py_XDECREF(before);
}

static PyObject *url_join(PyObject *module, PyObject *args)
{
    struct anycert_error err = {0};
    const char *base = NULL;
    const char *suffix = NULL;
    char *url = NULL;

    if (!PyArg_ParseTuple(args, "ss:url_join", &base, &suffix))
        return NULL;
    url = anycert_url_join(base, suffix, &err);
    return url ? ext_take_str(url) : ext_raise_plain(PyModule_GetState(module), &err);
}

/* What fast_json says of a body, of a text. */
static PyObject *fast_loads(PyObject *module, PyObject *text)
{
    Py_ssize_t len = 0;
    const char *utf8 = NULL;
    struct ext_state *state = PyModule_GetState(module);
    PyObject *value = NULL;

    if (PyBytes_Check(text)) {
        utf8 = PyBytes_AsString(text);
        len = PyBytes_Size(text);
    } else {
        utf8 = PyUnicode_AsUTF8AndSize(text, &len);
        if (!utf8 && PyErr_ExceptionMatches(PyExc_UnicodeEncodeError))
            PyErr_Clear();
    }
    value = utf8 ? ext_json_value(utf8, (size_t)len, &state->kept) : NULL;
    if (!value && !PyErr_Occurred())
        Py_RETURN_NOTIMPLEMENTED;
    return value;
}

/* Letters, digits, and -._~!$&'()*+,;=:@/?# (in ASCII, '@' and "&'()*+,-./" are their neighbours).
 */
static bool is_plain(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= '@' && c <= 'Z') || (c >= '&' && c <= ';') || c == '_' ||
           c == '~' || c == '!' || c == '$' || c == '=' || c == '?' || c == '#';
}

/* How long what is before the path is; 0: there is no scheme of ours, no path, or a capital letter.
 */
static size_t before_path(const char *text)
{
    size_t at = strncmp(text, "https://", 8) == 0 ? 8 : strncmp(text, "http://", 7) == 0 ? 7 : 0;

    if (at == 0)
        return 0;
    while (text[at] != '\0' && !strchr("/?#", text[at])) {
        if (text[at] >= 'A' && text[at] <= 'Z')
            return 0;
        at++;
    }
    return text[at] == '/' ? at : 0;
}

static PyObject *is_plain_url(PyObject *module, PyObject *url)
{
    Py_ssize_t len = 0;
    const char *text = PyUnicode_Check(url) ? PyUnicode_AsUTF8AndSize(url, &len) : NULL;
    Py_ssize_t at = 0;

    (void)module;
    if (PyErr_Occurred() && !PyErr_ExceptionMatches(PyExc_UnicodeEncodeError))
        return NULL;
    PyErr_Clear();
    if (!text || before_path(text) == 0)
        Py_RETURN_FALSE;
    while (at < len && is_plain(text[at]) && !(text[at] == '/' && text[at + 1] == '.'))
        at++;
    return PyBool_FromLong(at == len);
}

static PyObject *is_secret_header(PyObject *module, PyObject *name)
{
    const char *text = ext_utf8(name, "name");

    (void)module;
    return text ? PyBool_FromLong(anycert_is_secret_header(text)) : NULL;
}

static PyObject *versions(PyObject *module, PyObject *ignored)
{
    (void)module;
    (void)ignored;
    return Py_BuildValue("(sss)", anycert_version(), anycert_openssl_version(),
                         anycert_libcurl_version());
}

static PyMethodDef module_methods[] = {
    {"url_join", url_join, METH_VARARGS, "url_join(base, suffix)\n--\n\nJoins as BaseClient does."},
    {"fast_loads", fast_loads, METH_O, NULL},
    {"is_plain_url", is_plain_url, METH_O,
     "is_plain_url(url, /)\n--\n\nWhether it is a str that begins with http:// or https:// and has "
     "nothing that would be written another way."},
    {"is_secret_header", is_secret_header, METH_O,
     "is_secret_header(name, /)\n--\n\nWhether a header of that name, a str, is always a secret: "
     "it "
     "goes to no other\norigin, and is shown nowhere."},
    {"versions", versions, METH_NOARGS, "versions()\n--\n\nOf anycert, OpenSSL and libcurl."},
    {NULL, NULL, 0, NULL},
};

static int module_exec(PyObject *module)
{
    struct ext_state *state = PyModule_GetState(module);

    if (ext_policy_init(module, state) < 0 || ext_policy_file_init(module, state) < 0 ||
        ext_trust_store_init(module, state) < 0 || ext_report_init(module, state) < 0 ||
        ext_response_init(module, state) < 0 || ext_stream_init(module, state) < 0 ||
        ext_client_init(module, state) < 0 || ext_batch_init(module, state) < 0 ||
        ext_pending_init(module, state) < 0 || ext_diagnosis_init(module, state) < 0 ||
        ext_short_diagnosis_init(module, state) < 0 || ext_doctor_init(module, state) < 0 ||
        ext_profile_init(module, state) < 0)
        return -1;
    return PyModule_AddStringConstant(module, "__version__", anycert_version());
}

static int module_traverse(PyObject *module, visitproc visit, void *arg)
{
    struct ext_state *state = PyModule_GetState(module);

    Py_VISIT(state->policy_type);
    Py_VISIT(state->policy_file_type);
    Py_VISIT(state->policy_entry_type);
    Py_VISIT(state->trust_store_type);
    Py_VISIT(state->trust_entry_type);
    Py_VISIT(state->check_type);
    Py_VISIT(state->cert_type);
    Py_VISIT(state->client_type);
    Py_VISIT(state->response_type);
    Py_VISIT(state->report_type);
    Py_VISIT(state->stream_type);
    Py_VISIT(state->pending_type);
    Py_VISIT(state->doctor_type);
    Py_VISIT(state->diagnosis_type);
    Py_VISIT(state->short_diagnosis_type);
    Py_VISIT(state->cause_type);
    Py_VISIT(state->advice_type);
    Py_VISIT(state->remedy_type);
    Py_VISIT(state->equivalent_type);
    Py_VISIT(state->profile_type);
    Py_VISIT(state->run_name);
    Py_VISIT((PyObject *)state->cancelled_error);
    Py_VISIT((PyObject *)state->make_error);
    return 0;
}

static int module_clear(PyObject *module)
{
    struct ext_state *state = PyModule_GetState(module);

    Py_CLEAR(state->policy_type);
    Py_CLEAR(state->policy_file_type);
    Py_CLEAR(state->policy_entry_type);
    Py_CLEAR(state->trust_store_type);
    Py_CLEAR(state->trust_entry_type);
    Py_CLEAR(state->check_type);
    Py_CLEAR(state->cert_type);
    Py_CLEAR(state->client_type);
    Py_CLEAR(state->response_type);
    Py_CLEAR(state->report_type);
    Py_CLEAR(state->stream_type);
    Py_CLEAR(state->pending_type);
    Py_CLEAR(state->doctor_type);
    Py_CLEAR(state->diagnosis_type);
    Py_CLEAR(state->short_diagnosis_type);
    Py_CLEAR(state->cause_type);
    Py_CLEAR(state->advice_type);
    Py_CLEAR(state->remedy_type);
    Py_CLEAR(state->equivalent_type);
    Py_CLEAR(state->profile_type);
    Py_CLEAR(state->run_name);
    ext_kept_clear(&state->kept);
    Py_XDECREF(atomic_exchange(&state->cancelled_error, NULL));
    Py_XDECREF(atomic_exchange(&state->make_error, NULL));
    return 0;
}

static void module_free(void *module)
{
    (void)module_clear(module);
}

/* Names that interpreters know from 3.12 on; in the headers of the limited API for 3.11 they are
 * not. */
#define MULTIPLE_INTERPRETERS 3
#define PER_INTERPRETER_GIL   ((void *)2)

static PyModuleDef_Slot module_slots[] = {
    {Py_mod_exec, module_exec},
#ifdef Py_mod_multiple_interpreters
    {Py_mod_multiple_interpreters, Py_MOD_PER_INTERPRETER_GIL_SUPPORTED},
#endif
    {0, NULL},
    {0, NULL}, /* room for the above, where only the interpreter that runs it has it */
};

struct PyModuleDef ext_module = {
    PyModuleDef_HEAD_INIT,
    .m_name = "anycert._core",
    .m_doc = "The C library behind anycert.",
    .m_size = sizeof(struct ext_state),
    .m_methods = module_methods,
    .m_slots = module_slots,
    .m_traverse = module_traverse,
    .m_clear = module_clear,
    .m_free = module_free,
};

PyMODINIT_FUNC PyInit__core(void);
PyMODINIT_FUNC PyInit__core(void)
{
#if defined Py_LIMITED_API && !defined Py_mod_multiple_interpreters
    if (Py_Version >= 0x030C0000)
        module_slots[1] = (PyModuleDef_Slot){MULTIPLE_INTERPRETERS, PER_INTERPRETER_GIL};
#endif
    return PyModuleDef_Init(&ext_module);
}
