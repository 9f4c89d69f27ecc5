#include "ext.h"

#include <limits.h>
#include <string.h>

void ext_wrong_type(const char *what, const char *wanted, PyObject *object)
{
    PyObject *name = PyObject_GetAttrString((PyObject *)Py_TYPE(object), "__name__");

    if (name)
        PyErr_Format(PyExc_TypeError, "%s has to be %s, not %U", what, wanted, name);
    Py_XDECREF(name);
}

const void *ext_named(const void *found, const char *what)
{
    PyObject *type = NULL;
    PyObject *value = NULL;
    PyObject *traceback = NULL;
    PyObject *reason = NULL;

    if (found || !PyErr_ExceptionMatches(PyExc_UnicodeEncodeError))
        return found;
    PyErr_Fetch(&type, &value, &traceback);
    PyErr_NormalizeException(&type, &value, &traceback);
    reason = PyUnicodeEncodeError_GetReason(value);
    if (reason)
        ext_set(&reason, PyUnicode_FromFormat("%s: %U", what, reason));
    if (reason)
        (void)PyObject_SetAttrString(value, "reason", reason);
    Py_XDECREF(reason);
    PyErr_Restore(type, value, traceback);
    return NULL;
}

const char *ext_utf8_and_size(PyObject *text, const char *what, Py_ssize_t *len)
{
    if (!PyUnicode_Check(text)) {
        ext_wrong_type(what, "str", text);
        return NULL;
    }
    return ext_named(PyUnicode_AsUTF8AndSize(text, len), what);
}

const char *ext_utf8(PyObject *text, const char *what)
{
    Py_ssize_t len = 0;
    const char *utf8 = ext_utf8_and_size(text, what, &len);

    if (utf8 && strlen(utf8) != (size_t)len) {
        PyErr_Format(PyExc_ValueError, "%s has a NUL character in it", what);
        return NULL;
    }
    return utf8;
}

bool ext_optional_utf8(PyObject *text, const char *what, const char **out)
{
    *out = NULL;
    if (text == Py_None)
        return true;
    *out = ext_utf8(text, what);
    return *out != NULL;
}

PyObject *ext_path(PyObject *given, const char *what)
{
    PyObject *path = PyOS_FSPath(given);

    if (!path && PyErr_ExceptionMatches(PyExc_TypeError))
        ext_wrong_type(what, "a path", given);
    if (path && PyBytes_Check(path))
        ext_set(&path,
                PyUnicode_DecodeFSDefaultAndSize(PyBytes_AsString(path), PyBytes_Size(path)));
    return path;
}

/* Whether the text ends in a colon and digits, and is no IPv6 address without brackets. */
static bool has_port(const char *host)
{
    const char *colon = strrchr(host, ':');

    if (!colon || colon[1] == '\0' || colon[1 + strspn(colon + 1, "0123456789")] != '\0')
        return false;
    return strchr(host, ':') == colon || (colon > host && colon[-1] == ']');
}

bool ext_place(PyObject *host, int port, const char **utf8)
{
    *utf8 = ext_utf8(host, "host");
    if (!*utf8)
        return false;
    if (has_port(*utf8)) {
        PyErr_Format(PyExc_ValueError, "the port is the second argument, not part of the host %R",
                     host);
        return false;
    }
    if (port < 1 || port > 65535) {
        PyErr_Format(PyExc_ValueError, "port has to be 1 to 65535, not %d", port);
        return false;
    }
    return true;
}

PyObject *ext_latin1(const char *text)
{
    return PyUnicode_DecodeLatin1(text, (Py_ssize_t)strlen(text), NULL);
}

PyObject *ext_str(const char *text)
{
    if (!text)
        Py_RETURN_NONE;
    return PyUnicode_DecodeUTF8(text, (Py_ssize_t)strlen(text), "replace");
}

PyObject *ext_take_str(char *text)
{
    PyObject *result = NULL;

    if (!text)
        return PyErr_NoMemory();
    result = ext_str(text);
    anycert_free(text);
    return result;
}

bool ext_long(PyObject *number, const char *what, long *out)
{
    *out = PyLong_AsLong(number);
    if (*out != -1 || !PyErr_Occurred())
        return true;
    if (PyErr_ExceptionMatches(PyExc_OverflowError)) {
        PyErr_Clear();
        *out = LONG_MAX;
        return true;
    }
    ext_wrong_type(what, "a number", number);
    return false;
}
