#include "ext.h"

PyObject *ext_import(PyObject **cache, const char *module, const char *name)
{
    PyObject *imported = NULL;

    if (*cache)
        return *cache;
    imported = PyImport_ImportModule(module);
    if (!imported)
        return NULL;
    *cache = PyObject_GetAttrString(imported, name);
    Py_DECREF(imported);
    return *cache;
}

PyObject *ext_raise(struct ext_state *state, const struct ext_failure *failure)
{
    const struct anycert_error *error = failure->error;
    PyObject *make = NULL;
    PyObject *exception = NULL;

    if (error->code == ANYCERT_E_NOMEM)
        return PyErr_NoMemory();
    make = ext_import(&state->make_error, "anycert.exceptions", "_make");
    if (!make)
        return NULL;
    exception = PyObject_CallFunction(
        make, "isiNiOOzIIi", (int)error->code, anycert_error_name(error->code),
        anycert_error_class_of(error->code), ext_str(error->message), (int)error->os_errno,
        failure->response ? failure->response : Py_None,
        failure->request ? failure->request : Py_None, failure->url, failure->connect_ms,
        failure->read_ms, (int)failure->began);
    if (!exception)
        return NULL;
    PyErr_SetObject((PyObject *)Py_TYPE(exception), exception);
    Py_DECREF(exception);
    return NULL;
}

PyObject *ext_raise_plain(struct ext_state *state, const struct anycert_error *error)
{
    const struct ext_failure failure = {.error = error};

    return ext_raise(state, &failure);
}
