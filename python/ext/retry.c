#include "ext.h"

static int fill_statuses(PyObject *statuses, int list[], size_t *count, size_t room)
{
    Py_ssize_t size = PyTuple_Size(statuses);

    if (size < 0 || (size_t)size > room) {
        if (size > 0)
            PyErr_SetString(PyExc_ValueError, "too many statuses to retry");
        return -1;
    }
    for (*count = 0; *count < (size_t)size; ++*count) {
        long status = PyLong_AsLong(PyTuple_GetItem(statuses, (Py_ssize_t)*count));

        if (status == -1 && PyErr_Occurred())
            return -1;
        list[*count] = status < 0 || status > 999 ? 0 : (int)status;
    }
    return 0;
}

int ext_request_set_retry(struct ext_request *request, struct ext_state *state, PyObject *tuple)
{
    struct anycert_error err = {0};
    struct anycert_retry *retry = NULL;
    unsigned count = 0, factor = 0, jitter = 0, longest = 0, after = 0;
    PyObject *statuses = NULL;
    const char *methods = NULL;
    int raise = 0;
    int list[500];
    size_t listed = 0;
    int result = -1;

    if (tuple == Py_None)
        return 0;
    if (!PyArg_ParseTuple(tuple, "IIIIO!zIp:retry", &count, &factor, &jitter, &longest,
                          &PyTuple_Type, &statuses, &methods, &after, &raise) ||
        fill_statuses(statuses, list, &listed, sizeof list / sizeof list[0]) < 0)
        return -1;
    retry = anycert_retry_new(&err);
    if (retry && anycert_retry_set_count(retry, count, &err) == 0 &&
        anycert_retry_set_backoff(retry, factor, jitter, longest, &err) == 0 &&
        anycert_retry_set_statuses(retry, list, listed, &err) == 0 &&
        anycert_retry_set_methods(retry, methods, &err) == 0 &&
        anycert_retry_set_retry_after_max(retry, after, &err) == 0 &&
        anycert_retry_set_raise_on_status(retry, raise, &err) == 0 &&
        anycert_request_set_retry(request->request, retry, &err) == 0)
        result = 0;
    anycert_retry_free(retry);
    if (result < 0)
        (void)ext_raise_plain(state, &err);
    return result;
}
