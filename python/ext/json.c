#include "ext.h"

#include <string.h>

/* Texts from this size on are parsed without the interpreter's lock. */
#define LARGE 65536
#if PY_VERSION_HEX >= 0x030A0000 && !defined Py_GIL_DISABLED
#define EXT_STOPS_GC
#endif
/* Merged into one function, each value would pay for what containers need. */
#define NOINLINE __attribute__((noinline))
#define NAMES    256 /* a power of two */
/* Of so many values one is followed by an object that is kept: see keep_memory(). */
#define KEEP_EACH 8192

/* Names of members come again and again, and mostly in the same order: one object for all of the
 * same name, and what came behind it the last time is looked at first. */
struct names {
    size_t mask;  /* a short text uses only the first few, as looking after all would take longer */
    size_t first; /* which an object began with the last time */
    size_t left;  /* values until something is kept again */
    struct ext_kept *kept;
    struct {
        const char *text;
        size_t len;
        PyObject *name; /* NULL: free */
        size_t next;
    } at[NAMES];
};

static PyObject *string(const struct anycert_json_value *value)
{
    size_t len = 0;
    const char *text = anycert_json_string(value, &len);

    return PyUnicode_FromStringAndSize(text, (Py_ssize_t)len);
}

static PyObject *large_number(const struct anycert_json_value *value)
{
    uint64_t natural = 0;
    double real = 0;
    size_t len = 0;
    const char *large = NULL;
    PyObject *digits = NULL;
    PyObject *result = NULL;

    if (anycert_json_uint(value, &natural) == 0)
        return PyLong_FromUnsignedLongLong(natural);
    large = anycert_json_large(value, &len);
    if (large && !memchr(large, '.', len) && !memchr(large, 'e', len) && !memchr(large, 'E', len)) {
        digits = PyUnicode_FromStringAndSize(large, (Py_ssize_t)len);
        result =
            digits ? PyObject_CallFunctionObjArgs((PyObject *)&PyLong_Type, digits, NULL) : NULL;
        Py_XDECREF(digits);
        return result;
    }
    (void)anycert_json_double(value, &real);
    return PyFloat_FromDouble(real);
}

static PyObject *number(const struct anycert_json_value *value)
{
    int64_t integer = 0;

    return anycert_json_int(value, &integer) == 0 ? PyLong_FromLongLong(integer)
                                                  : large_number(value);
}

/* Neither an array nor an object. */
static NOINLINE PyObject *scalar(const struct anycert_json_value *value,
                                 enum anycert_json_type type)
{
    switch (type) {
    case ANYCERT_JSON_NULL:
        return Py_NewRef(Py_None);
    case ANYCERT_JSON_BOOL:
        return Py_NewRef(anycert_json_bool(value) ? Py_True : Py_False);
    case ANYCERT_JSON_NUMBER:
        return number(value);
    case ANYCERT_JSON_STRING:
        return string(value);
    case ANYCERT_JSON_ARRAY:
    case ANYCERT_JSON_OBJECT:
    case ANYCERT_JSON_NONE:
        break;
    }
    PyErr_SetString(PyExc_SystemError, "a JSON value of no type");
    return NULL;
}

static NOINLINE PyObject *container(const struct anycert_json_value *value,
                                    enum anycert_json_type type, struct names *names);

/* The interpreter gives a piece of memory (1 MiB since 3.10) back to the system as soon as nothing
 * in it is alive, and asks for it anew with the next answer: a fault for each page, which takes a
 * third of the time that a large document takes. A few small objects that stay, one here and there
 * among the values, let the memory of the last large document be used again, as malloc() does it.
 */
static NOINLINE void keep_memory(struct names *names)
{
    struct ext_kept *kept = names->kept;
    PyObject *small = kept ? PyBytes_FromStringAndSize(NULL, 16) : NULL;

    names->left = KEEP_EACH;
    if (small)
        ext_set(&kept->objects[kept->next++ % EXT_KEPT], small);
    else
        PyErr_Clear();
}

static PyObject *to_python(const struct anycert_json_value *value, struct names *names)
{
    enum anycert_json_type type = anycert_json_type(value);

    if (--names->left == 0)
        keep_memory(names);
    return type == ANYCERT_JSON_ARRAY || type == ANYCERT_JSON_OBJECT ? container(value, type, names)
                                                                     : scalar(value, type);
}

/* Names are short: to call memcmp() takes longer. */
static bool is_at(const struct names *names, size_t slot, const char *text, size_t len)
{
    const char *other = names->at[slot].text;

    if (!names->at[slot].name || names->at[slot].len != len)
        return false;
    for (size_t i = 0; i < len; i++) {
        if (other[i] != text[i])
            return false;
    }
    return true;
}

/* New reference. *guess: where it may be; then that of the name behind it. */
static PyObject *member_name(const struct anycert_json_value *value, struct names *names,
                             size_t **guess)
{
    size_t len = 0;
    const char *text = anycert_json_string(value, &len);
    size_t slot = **guess;

    if (len == 0 || len > 64)
        return PyUnicode_FromStringAndSize(text, (Py_ssize_t)len);
    if (!is_at(names, slot, text, len)) {
        slot = (len * 31 + (unsigned char)text[0] * 7 + (unsigned char)text[len - 1] * 3 +
                (unsigned char)text[len / 2] * 17) &
               names->mask;
        **guess = slot;
        if (!is_at(names, slot, text, len)) {
            ext_set(&names->at[slot].name, PyUnicode_FromStringAndSize(text, (Py_ssize_t)len));
            names->at[slot].text = text;
            names->at[slot].len = len;
            if (!names->at[slot].name)
                return NULL;
        }
    }
    *guess = &names->at[slot].next;
    return Py_NewRef(names->at[slot].name);
}

static PyObject *object(const struct anycert_json_value *value, struct names *names)
{
    struct anycert_json_iter iter;
    const struct anycert_json_value *key = NULL;
    const struct anycert_json_value *member = NULL;
    size_t *guess = &names->first;
    PyObject *dict = PyDict_New();

    anycert_json_iter_begin(&iter, value);
    while (dict && (member = anycert_json_iter_next(&iter, &key)) != NULL) {
        PyObject *name = member_name(key, names, &guess);
        PyObject *inner = name ? to_python(member, names) : NULL;

        if (!inner || PyDict_SetItem(dict, name, inner) < 0)
            Py_CLEAR(dict);
        Py_XDECREF(name);
        Py_XDECREF(inner);
    }
    return dict;
}

static PyObject *array(const struct anycert_json_value *value, struct names *names)
{
    struct anycert_json_iter iter;
    const struct anycert_json_value *element = NULL;
    PyObject *list = PyList_New((Py_ssize_t)anycert_json_size(value));

    anycert_json_iter_begin(&iter, value);
    for (Py_ssize_t i = 0; list && (element = anycert_json_iter_next(&iter, NULL)) != NULL; i++) {
        PyObject *inner = to_python(element, names);

        if (!inner || PyList_SetItem(list, i, inner) < 0)
            Py_CLEAR(list);
    }
    return list;
}

static NOINLINE PyObject *container(const struct anycert_json_value *value,
                                    enum anycert_json_type type, struct names *names)
{
    PyObject *result = NULL;

    if (Py_EnterRecursiveCall(" while decoding a JSON document"))
        return NULL;
    result = type == ANYCERT_JSON_ARRAY ? array(value, names) : object(value, names);
    Py_LeaveRecursiveCall();
    return result;
}

/* Thousands of new containers, all of them alive, would have the collector look at them again and
 * again. No code of Python's runs meanwhile. */
static PyObject *convert(const struct anycert_json *json, struct names *names)
{
#ifdef EXT_STOPS_GC
    int was_enabled = PyGC_Disable();
#endif
    PyObject *value = to_python(anycert_json_root(json), names);

#ifdef EXT_STOPS_GC
    if (was_enabled)
        (void)PyGC_Enable();
#endif
    return value;
}

/* For a text of so many bytes. */
static void begin_names(struct names *names, size_t len, struct ext_kept *kept)
{
    size_t count = 16;

    while (count < NAMES && count * 64 < len)
        count *= 2;
    names->mask = count - 1;
    names->first = 0;
    names->left = KEEP_EACH;
    names->kept = kept;
    memset(names->at, 0, count * sizeof names->at[0]);
}

static void end_names(struct names *names)
{
    for (size_t i = 0; i <= names->mask; i++)
        Py_XDECREF(names->at[i].name);
}

PyObject *ext_json_value(const char *text, size_t len, struct ext_kept *kept)
{
    struct anycert_error err = {0};
    struct anycert_json *json = NULL;
    struct names names;
    PyObject *value = NULL;

    if (len >= LARGE) {
        Py_BEGIN_ALLOW_THREADS json = anycert_json_parse(text, len, &err);
        Py_END_ALLOW_THREADS
    } else {
        json = anycert_json_parse(text, len, &err);
    }
    if (!json)
        return err.code == ANYCERT_E_NOMEM ? PyErr_NoMemory() : NULL;
    begin_names(&names, len, kept);
    value = convert(json, &names);
    end_names(&names);
    anycert_json_free(json);
    return value;
}

void ext_kept_clear(struct ext_kept *kept)
{
    for (size_t i = 0; i < EXT_KEPT; i++)
        Py_CLEAR(kept->objects[i]);
}

PyObject *ext_take_json(char *text)
{
    PyObject *value = text ? ext_json_value(text, strlen(text), NULL) : PyErr_NoMemory();

    if (!value && !PyErr_Occurred())
        PyErr_SetString(PyExc_SystemError, "the library's text is no JSON");
    anycert_free(text);
    return value;
}
