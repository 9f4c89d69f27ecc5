#include "ext.h"

#include <stdatomic.h>

PyObject *ext_import(PyObject *_Atomic *cache, const char *module, const char *name)
{
    PyObject *known = *cache;
    PyObject *imported = NULL;
    PyObject *found = NULL;

    if (known)
        return known;
    imported = PyImport_ImportModule(module);
    found = imported ? PyObject_GetAttrString(imported, name) : NULL;
    Py_XDECREF(imported);
    /* Another thread may have been here meanwhile. */
    if (!found || atomic_compare_exchange_strong(cache, &known, found))
        return found;
    Py_DECREF(found);
    return known;
}

PyObject *ext_raise(struct ext_state *state, const struct ext_failure *failure)
{
    const struct anycert_error *error = failure->error;
    PyObject *diagnosis = NULL;
    PyObject *make = NULL;
    PyObject *exception = NULL;

    if (error->code == ANYCERT_E_NOMEM) {
        anycert_short_diagnosis_free(failure->diagnosis);
        return PyErr_NoMemory();
    }
    diagnosis = ext_short_diagnosis_new(state, failure->diagnosis);
    if (!diagnosis)
        return NULL;
    make = ext_import(&state->make_error, "anycert.exceptions", "_make");
    exception = !make ? NULL
                      : PyObject_CallFunction(
                            make, "isiNiOOzIIiO", (int)error->code, anycert_error_name(error->code),
                            anycert_error_class_of(error->code), ext_str(error->message),
                            (int)error->os_errno, failure->response ? failure->response : Py_None,
                            failure->request ? failure->request : Py_None, failure->url,
                            failure->connect_ms, failure->read_ms, (int)failure->began, diagnosis);
    Py_DECREF(diagnosis);
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
