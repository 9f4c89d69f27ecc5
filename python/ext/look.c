#include "ext.h"

PyObject *ext_look(struct ext_state *state, PyObject *object, PyObject *args)
{
    struct anycert_client *client = NULL;
    struct anycert_response *response = NULL;
    struct anycert_error err = {0};
    struct ext_failure failure = {.error = &err};
    struct ext_call call = {0};
    PyTypeObject *type = NULL;
    PyObject *url = NULL;
    PyObject *answer = NULL;
    const char *utf8 = NULL;
    int result = -1;

    if (!PyArg_ParseTuple(args, "O!O|O!:look", &PyType_Type, &type, &url, &PyList_Type,
                          &call.given_up))
        return NULL;
    utf8 = ext_utf8(url, "url");
    client = utf8 ? ext_client_enter(object) : NULL;
    if (!client)
        return NULL;
    ext_call_begin(&call, state);
    result = anycert_client_handshake(client, utf8, &response, &err);
    if (!ext_call_end(&call)) {
        anycert_response_free(response);
        ext_client_leave(object);
        return NULL;
    }
    if (result < 0)
        failure.diagnosis = ext_client_diagnose(object, response, &err);
    if (response)
        answer = ext_response_new(state, type, response, Py_None);
    ext_client_leave(object);
    if (result == 0 || PyErr_Occurred()) {
        anycert_short_diagnosis_free(failure.diagnosis);
        return answer;
    }
    failure.response = answer;
    failure.url = utf8;
    (void)ext_raise(state, &failure);
    Py_XDECREF(answer);
    return NULL;
}
