#include "ext.h"

#include <string.h>

/* What the callbacks below add to. */
struct adding {
    struct ext_state *state;
    struct anycert_request *request;
    const char *what;
    bool takes_zeros; /* add gets the length */
    int (*add)(struct anycert_request *request, const char *name, const char *value, size_t len,
               struct anycert_error *err);
    /* One for all: to clear one takes longer than most of what it is for. */
    struct anycert_error *err;
};

static int fail(struct ext_state *state, const struct anycert_error *err)
{
    (void)ext_raise_plain(state, err);
    return -1;
}

/* ---- pairs ---- */

/* The next of a dict, with a reference to both. */
static bool next_item(PyObject *dict, Py_ssize_t *at, PyObject **name, PyObject **value)
{
    int is_there = 0;

    EXT_LOCK(dict);
    is_there = PyDict_Next(dict, at, name, value);
    if (is_there) {
        Py_INCREF(*name);
        Py_INCREF(*value);
    }
    EXT_UNLOCK();
    return is_there != 0;
}

static int each_of_dict(PyObject *dict, int (*each)(void *arg, PyObject *name, PyObject *value),
                        void *arg)
{
    PyObject *name = NULL;
    PyObject *value = NULL;
    Py_ssize_t at = 0;
    Py_ssize_t size = PyDict_Size(dict);

    while (next_item(dict, &at, &name, &value)) {
        int result = each(arg, name, value);

        Py_DECREF(name);
        Py_DECREF(value);
        if (result < 0)
            return -1;
        if (PyDict_Size(dict) != size) {
            PyErr_SetString(PyExc_RuntimeError, "a dict changed its size while it was read");
            return -1;
        }
    }
    return 0;
}

static int each_of_pair(PyObject *pair, const char *what,
                        int (*each)(void *arg, PyObject *name, PyObject *value), void *arg)
{
    PyObject *two = PySequence_Check(pair) && !PyUnicode_Check(pair) && !PyBytes_Check(pair)
                        ? PySequence_Tuple(pair)
                        : NULL;
    int result = -1;

    if (two && PyTuple_Size(two) == 2)
        result = each(arg, PyTuple_GetItem(two, 0), PyTuple_GetItem(two, 1));
    else if (!PyErr_Occurred())
        PyErr_Format(PyExc_ValueError, "%s: cannot encode objects that are not 2-tuples", what);
    Py_XDECREF(two);
    return result;
}

int ext_each_pair(PyObject *pairs, const char *what,
                  int (*each)(void *arg, PyObject *name, PyObject *value), void *arg)
{
    PyObject *items = NULL;
    PyObject *iterator = NULL;
    PyObject *pair = NULL;
    int result = 0;

    if (PyDict_CheckExact(pairs))
        return each_of_dict(pairs, each, arg);
    if (PyMapping_Check(pairs) && !PySequence_Check(pairs))
        items = PyMapping_Items(pairs);
    else if (PyObject_HasAttrString(pairs, "items"))
        items = PyObject_CallMethod(pairs, "items", NULL);
    else
        items = Py_NewRef(pairs);
    iterator = items ? PyObject_GetIter(items) : NULL;
    Py_XDECREF(items);
    if (!iterator) {
        if (PyErr_ExceptionMatches(PyExc_TypeError))
            ext_wrong_type(what, "a mapping or pairs", pairs);
        return -1;
    }
    while (result == 0 && (pair = PyIter_Next(iterator)) != NULL) {
        result = each_of_pair(pair, what, each, arg);
        Py_DECREF(pair);
    }
    Py_DECREF(iterator);
    return PyErr_Occurred() ? -1 : result;
}

/* What Python's urlencode makes of a name or value before it is encoded: bytes as they are, the
 * rest as str(). New reference to str or bytes. */
static PyObject *as_text(PyObject *object)
{
    if (PyBytes_Check(object) || PyUnicode_CheckExact(object))
        return Py_NewRef(object);
    return PyObject_Str(object);
}

static const char *bytes_of(PyObject *text, Py_ssize_t *len)
{
    char *bytes = NULL;

    if (PyUnicode_Check(text))
        return PyUnicode_AsUTF8AndSize(text, len);
    return PyBytes_AsStringAndSize(text, &bytes, len) < 0 ? NULL : bytes;
}

static const char *text_of(PyObject *text, const char *what)
{
    Py_ssize_t len = 0;
    const char *bytes = ext_named(bytes_of(text, &len), what);

    if (!bytes || strlen(bytes) == (size_t)len)
        return bytes;
    PyErr_Format(PyExc_ValueError, "%s has a NUL character in it", what);
    return NULL;
}

static int add_param(struct anycert_request *request, const char *name, const char *value,
                     size_t len, struct anycert_error *err)
{
    (void)len;
    return anycert_request_add_param(request, name, value, err);
}

static int add_form(struct anycert_request *request, const char *name, const char *value,
                    size_t len, struct anycert_error *err)
{
    (void)len;
    return anycert_request_add_form(request, name, value, err);
}

/* A field beside files may have any bytes. */
static int add_part(struct anycert_request *request, const char *name, const char *value,
                    size_t len, struct anycert_error *err)
{
    return anycert_request_add_part(request, name, value, len, NULL, "", err);
}

static int add_one(const struct adding *adding, const char *name, PyObject *value)
{
    PyObject *text = NULL;
    const char *bytes = NULL;
    Py_ssize_t len = 0;
    int result = -1;

    if (value == Py_None)
        return 0;
    text = as_text(value);
    if (text)
        bytes = adding->takes_zeros ? bytes_of(text, &len) : text_of(text, adding->what);
    if (bytes) {
        result = adding->add(adding->request, name, bytes, (size_t)len, adding->err);
        if (result < 0)
            (void)fail(adding->state, adding->err);
    }
    Py_XDECREF(text);
    return result;
}

/* Whether it has members of its own, in a query or a form: requests takes lists in lists apart. */
static bool has_members(const struct adding *adding, PyObject *value)
{
    Py_ssize_t size = -1;

    if (adding->takes_zeros || PyUnicode_Check(value) || PyBytes_Check(value) || value == Py_None)
        return false;
    size = PyObject_Size(value);
    PyErr_Clear();
    return size >= 0;
}

static int add_many(const struct adding *adding, const char *name, PyObject *values, bool is_inner)
{
    PyObject *iterator = PyObject_GetIter(values);
    PyObject *value = NULL;
    int result = 0;

    if (!iterator)
        return -1;
    while (result == 0 && (value = PyIter_Next(iterator)) != NULL) {
        result = !is_inner && has_members(adding, value) ? add_many(adding, name, value, true)
                                                         : add_one(adding, name, value);
        Py_DECREF(value);
    }
    Py_DECREF(iterator);
    return PyErr_Occurred() ? -1 : result;
}

/* One name with its value, or with each of its values. */
static int add_pair(void *arg, PyObject *name, PyObject *value)
{
    const struct adding *adding = arg;
    PyObject *text = as_text(name);
    const char *utf8 = text ? text_of(text, adding->what) : NULL;
    int result = -1;

    if (utf8 && (PyUnicode_Check(value) || PyBytes_Check(value) ||
                 !PyObject_HasAttrString(value, "__iter__")))
        result = add_one(adding, utf8, value);
    else if (utf8)
        result = add_many(adding, utf8, value, false);
    Py_XDECREF(text);
    return result;
}

/* ---- parts of a request ---- */

static int set_params(struct ext_request *request, struct ext_state *state, PyObject *params,
                      struct anycert_error *err)
{
    struct adding adding = {state, request->request, "params", false, add_param, err};
    const char *text = NULL;

    if (params == Py_None)
        return 0;
    if (!PyUnicode_Check(params) && !PyBytes_Check(params))
        return ext_each_pair(params, "params", add_pair, &adding);
    text = text_of(params, "params");
    if (!text)
        return -1;
    return anycert_request_set_query(request->request, text, err) < 0 ? fail(state, err) : 0;
}

/* These are the library's. */
static bool is_ours(const char *name)
{
    static const char *const ours[] = {"connection", "content-length", "transfer-encoding",
                                       "keep-alive", "te"};

    if (name[0] != 'c' && name[0] != 't' && name[0] != 'k')
        return false;
    for (size_t i = 0; i < sizeof ours / sizeof ours[0]; i++) {
        if (strcmp(name, ours[i]) == 0)
            return true;
    }
    return false;
}

/* Latin-1 of a str, or bytes as they are, without NUL; *keep is what they belong to. NULL, maybe
 * without an exception, if it is neither. */
static const char *header_text(PyObject *text, PyObject **keep)
{
    Py_ssize_t len = 0;
    const char *ascii = PyUnicode_Check(text) ? PyUnicode_AsUTF8AndSize(text, &len) : NULL;
    char *bytes = NULL;

    if (ascii && len == PyUnicode_GetLength(text)) { /* most are, and a str has that at hand */
        *keep = Py_NewRef(text);
        return strlen(ascii) == (size_t)len ? ascii : NULL;
    }
    PyErr_Clear();
    if (PyBytes_Check(text))
        *keep = Py_NewRef(text);
    else
        *keep = PyUnicode_Check(text) ? PyUnicode_AsLatin1String(text) : NULL;
    if (*keep && PyBytes_AsStringAndSize(*keep, &bytes, NULL) < 0)
        PyErr_Clear(); /* it says no more than that there is a NUL */
    return bytes;
}

/* requests' own words for what is neither str nor bytes, or has a NUL. */
static int bad_header(PyObject *name, PyObject *value)
{
    PyObject *module = PyErr_Occurred() ? NULL : PyImport_ImportModule("anycert.exceptions");
    PyObject *error = module ? PyObject_CallMethod(module, "_bad_header", "OO", name, value) : NULL;

    if (error)
        PyErr_SetObject((PyObject *)Py_TYPE(error), error);
    Py_XDECREF(module);
    Py_XDECREF(error);
    return -1;
}

/* folded: the name in lower case; pair: the name as it was given, and its value. */
static int add_header(void *arg, PyObject *folded, PyObject *pair)
{
    const struct adding *adding = arg;
    const char *lower = ext_utf8(folded, "name of a header");
    PyObject *given = PyTuple_GetItem(pair, 1);
    PyObject *name_keep = NULL;
    PyObject *value_keep = NULL;
    const char *name = NULL;
    const char *value = NULL;
    int result = -1;

    if (!lower || !given)
        return -1;
    if (is_ours(lower))
        return 0;
    name = header_text(PyTuple_GetItem(pair, 0), &name_keep);
    value = !name || given == Py_None ? NULL : header_text(given, &value_keep);
    if (!name || (!value && given != Py_None)) {
        (void)ext_named(NULL, "headers");
        result = bad_header(PyTuple_GetItem(pair, 0), given);
    } else {
        result = anycert_request_add_header(adding->request, name, value, adding->err);
        if (result < 0)
            (void)fail(adding->state, adding->err);
    }
    Py_XDECREF(value_keep);
    Py_XDECREF(name_keep);
    return result;
}

static int add_part_header(void *arg, PyObject *name, PyObject *value)
{
    const struct adding *adding = arg;
    const char *key = text_of(name, adding->what);
    const char *text = key ? text_of(value, adding->what) : NULL;

    if (!text)
        return -1;
    return anycert_request_add_part_header(adding->request, key, text, adding->err) < 0
               ? fail(adding->state, adding->err)
               : 0;
}

static int add_file(struct ext_request *request, struct ext_state *state, PyObject *tuple,
                    struct anycert_error *err)
{
    struct adding headers = {state, request->request, "files: a header of a part", false, NULL,
                             err};
    struct ext_file file = {0};
    PyObject *fields = NULL;
    char *data = NULL;
    Py_ssize_t len = 0;

    if (!PyArg_ParseTuple(tuple, "szOzO:files", &file.field, &file.filename, &file.source,
                          &file.type, &fields))
        return -1;
    file.type = file.type ? file.type : ""; /* without one there is none, as with requests */
    if (!PyBytes_Check(file.source)) {
        if (ext_body_set_part(&request->parts[request->part_count++], &request->call, state,
                              request->request, &file) < 0)
            return -1;
    } else if (PyBytes_AsStringAndSize(file.source, &data, &len) < 0) {
        return -1;
    } else if (anycert_request_add_part(request->request, file.field, data, (size_t)len,
                                        file.filename, file.type, err) < 0) {
        return fail(state, err);
    }
    return ext_each_pair(fields, headers.what, add_part_header, &headers);
}

static int set_files(struct ext_request *request, struct ext_state *state, PyObject *files,
                     struct anycert_error *err)
{
    if (!PyList_Check(files)) {
        PyErr_SetString(PyExc_TypeError, "files has to be a list");
        return -1;
    }
    /* They stay where they are: the library has their addresses. */
    request->parts = PyMem_Calloc((size_t)PyList_Size(files) + 1, sizeof *request->parts);
    if (!request->parts) {
        (void)PyErr_NoMemory();
        return -1;
    }
    for (Py_ssize_t i = 0, count = PyList_Size(files); i < count && i < PyList_Size(files); i++) {
        PyObject *file = PySequence_GetItem(files, i);
        int result = file ? add_file(request, state, file, err) : -1;

        Py_XDECREF(file);
        if (result < 0)
            return -1;
    }
    return 0;
}

static bool has_header(PyObject *headers, const char *name)
{
    return headers != Py_None && PyDict_GetItemString(headers, name);
}

static bool is_form(PyObject *data)
{
    if (PyDict_Check(data) || PyList_Check(data) || PyTuple_Check(data))
        return true;
    return !PyObject_HasAttrString(data, "read") && PyObject_HasAttrString(data, "items");
}

static int set_bytes(struct ext_request *request, struct ext_state *state, PyObject *data,
                     struct anycert_error *err)
{
    Py_buffer view = {0};
    Py_ssize_t len = 0;
    const char *text = NULL;
    int result = 0;

    if (PyUnicode_Check(data)) {
        text = ext_named(PyUnicode_AsUTF8AndSize(data, &len), "data");
        if (!text)
            return -1;
        result = anycert_request_set_body(request->request, text, (size_t)len, err);
    } else {
        if (PyObject_GetBuffer(data, &view, PyBUF_SIMPLE) < 0)
            return -1;
        result = anycert_request_set_body(request->request, view.buf, (size_t)view.len, err);
        PyBuffer_Release(&view);
    }
    return result < 0 ? fail(state, err) : 0;
}

static int set_data(struct ext_request *request, struct ext_state *state, PyObject *data,
                    bool has_files, struct anycert_error *err)
{
    struct adding adding = {
        state, request->request, "data", has_files, has_files ? add_part : add_form, err};

    if (PyUnicode_Check(data) || PyObject_CheckBuffer(data))
        return set_bytes(request, state, data, err);
    if (is_form(data))
        return ext_each_pair(data, "data", add_pair, &adding);
    return ext_body_set(&request->body, &request->call, state, request->request, data);
}

static int set_body(struct ext_request *request, struct ext_state *state,
                    PyObject *const args[EXT_ARGS], struct anycert_error *err)
{
    PyObject *json = args[EXT_ARG_JSON];

    if (args[EXT_ARG_DATA] != Py_None &&
        set_data(request, state, args[EXT_ARG_DATA], args[EXT_ARG_FILES] != Py_None, err) < 0)
        return -1;
    if (args[EXT_ARG_FILES] != Py_None && set_files(request, state, args[EXT_ARG_FILES], err) < 0)
        return -1;
    if (json == Py_None)
        return 0;
    if (set_bytes(request, state, json, err) < 0)
        return -1;
    if (has_header(args[EXT_ARG_HEADERS], "content-type"))
        return 0;
    return anycert_request_add_header(request->request, "Content-Type", "application/json", err) < 0
               ? fail(state, err)
               : 0;
}

static int set_auth(struct ext_request *request, struct ext_state *state, PyObject *auth,
                    struct anycert_error *err)
{
    struct anycert_auth *object = NULL;
    const char *user = NULL;
    const char *password = NULL;
    const char *scheme = NULL;
    int result = -1;

    if (auth == Py_None)
        return 0;
    if (!PyArg_ParseTuple(auth, "yy|y:auth", &user, &password, &scheme))
        return -1;
    if (!scheme) {
        result = anycert_request_set_basic_auth(request->request, user, password, err);
    } else {
        object = anycert_auth_ntlm(user, password, err);
        if (object)
            result = anycert_request_set_auth(request->request, object, err);
        anycert_auth_free(object);
    }
    return result < 0 ? fail(state, err) : 0;
}

/* Milliseconds as the library has them: 0 is the client's, UINT32_MAX none. */
static bool take_limit(PyObject *number, uint32_t *out)
{
    long long ms = PyLong_AsLongLong(number);

    if (ms == -1 && PyErr_Occurred())
        return false;
    *out = ms < 0 || ms > UINT32_MAX ? UINT32_MAX : (uint32_t)ms;
    return true;
}

static int set_limits(struct ext_request *request, struct ext_state *state,
                      PyObject *const args[EXT_ARGS], struct anycert_error *err)
{
    uint32_t total_ms = 0;
    long redirects = 0;

    if (!ext_long(args[EXT_ARG_REDIRECTS], "max_redirects", &redirects) ||
        !take_limit(args[EXT_ARG_CONNECT], &request->connect_ms) ||
        !take_limit(args[EXT_ARG_READ], &request->read_ms) ||
        !take_limit(args[EXT_ARG_TOTAL], &total_ms))
        return -1;
    if (redirects > 1000)
        redirects = 1000;
    if (anycert_request_set_timeouts(request->request, request->connect_ms, total_ms,
                                     request->read_ms, err) < 0 ||
        anycert_request_set_max_redirects(request->request, (int)redirects, err) < 0)
        return fail(state, err);
    return 0;
}

static int add_cookie(void *arg, PyObject *name, PyObject *value)
{
    const struct adding *adding = arg;
    const char *key = text_of(name, adding->what);
    const char *text = key ? text_of(value, adding->what) : NULL;

    if (!text)
        return -1;
    return anycert_request_add_cookie(adding->request, key, text, adding->err) < 0
               ? fail(adding->state, adding->err)
               : 0;
}

static int set_cookies(struct ext_request *request, struct ext_state *state, PyObject *cookies,
                       struct anycert_error *err)
{
    struct adding adding = {state, request->request, "cookies", false, NULL, err};

    return cookies == Py_None ? 0 : ext_each_pair(cookies, adding.what, add_cookie, &adding);
}

int ext_request_init(struct ext_request *request, struct ext_state *state, PyObject *client,
                     PyObject *const args[EXT_ARGS])
{
    struct anycert_error err = {0};
    struct adding headers = {state, NULL, "headers", false, NULL, &err};
    const char *method = ext_utf8(args[EXT_ARG_METHOD], "method");
    const char *url = method ? ext_utf8(args[EXT_ARG_URL], "url") : NULL;

    if (!url)
        return -1;
    request->request = headers.request = ext_client_request(client, method, url, &err);
    if (!request->request ||
        anycert_request_set_progress(request->request, ext_call_progress, &request->call, &err) < 0)
        return fail(state, &err);
    if (set_params(request, state, args[EXT_ARG_PARAMS], &err) < 0 ||
        (args[EXT_ARG_HEADERS] != Py_None &&
         ext_each_pair(args[EXT_ARG_HEADERS], "headers", add_header, &headers) < 0))
        return -1;
    if (set_body(request, state, args, &err) < 0 ||
        set_auth(request, state, args[EXT_ARG_AUTH], &err) < 0 ||
        set_limits(request, state, args, &err) < 0 ||
        set_cookies(request, state, args[EXT_ARG_COOKIES], &err) < 0 ||
        ext_client_add_headers(client, request->request) < 0)
        return -1;
    return ext_request_set_retry(request, state, args[EXT_ARG_RETRY]);
}

void ext_request_clear(struct ext_request *request)
{
    anycert_request_free(request->request);
    request->request = NULL;
    ext_body_clear(&request->body);
    for (size_t i = 0; i < request->part_count; i++)
        ext_body_clear(&request->parts[i]);
    PyMem_Free(request->parts);
    request->parts = NULL;
    request->part_count = 0;
}
