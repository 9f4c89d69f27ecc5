#include "ext.h"

#include <stddef.h>
#include <string.h>

/* Attributes: each is made when it is first asked for, and may be set. Those without a function
 * here come from a method of the class, _make_NAME. */
enum slot {
    SLOT_STATUS_CODE,
    SLOT_REASON,
    SLOT_URL,
    SLOT_CONTENT,
    SLOT_ENCODING,
    SLOT_TEXT,
    SLOT_HEADERS,
    SLOT_HISTORY,
    SLOT_REQUEST,
    SLOT_ELAPSED,
    SLOT_COOKIES,
    SLOT_INFO,
    SLOT_REPORT,
    SLOT_TOKEN_REPORT,
    SLOTS
};

struct response_object {
    PyObject_HEAD struct ext_state *state;
    struct anycert_response *response; /* NULL: made by hand */
    PyObject *slots[SLOTS];
};

PyObject *ext_response_new(struct ext_state *state, PyTypeObject *type,
                           struct anycert_response *response, PyObject *info)
{
    struct response_object *self = (struct response_object *)ext_alloc(type);

    if (!self) {
        anycert_response_free(response);
        return NULL;
    }
    self->state = state;
    self->response = response;
    self->slots[SLOT_INFO] = Py_NewRef(info ? info : Py_None);
    return (PyObject *)self;
}

static struct response_object *of(PyObject *self)
{
    return (struct response_object *)self;
}

/* By hand, as tests of integrations do. */
static PyObject *response_new(PyTypeObject *type, PyObject *args, PyObject *kwargs)
{
    struct ext_state *state = ext_state_of(type);

    (void)args;
    (void)kwargs;
    return state ? ext_response_new(state, type, NULL, NULL) : NULL;
}

static int response_traverse(PyObject *self, visitproc visit, void *arg)
{
    for (size_t i = 0; i < SLOTS; i++)
        Py_VISIT(of(self)->slots[i]);
    Py_VISIT(Py_TYPE(self));
    return 0;
}

static int response_clear(PyObject *self)
{
    for (size_t i = 0; i < SLOTS; i++)
        Py_CLEAR(of(self)->slots[i]);
    return 0;
}

static void response_dealloc(PyObject *self)
{
    PyObject_GC_UnTrack(self);
    (void)response_clear(self);
    anycert_response_free(of(self)->response);
    ext_free(self);
}

/* ---- slots ---- */

static PyObject *make_status(const struct response_object *self)
{
    int status = self->response ? anycert_response_status(self->response) : 0;

    if (status == 0)
        Py_RETURN_NONE;
    return PyLong_FromLong(status);
}

static PyObject *make_content(const struct response_object *self)
{
    size_t len = 0;
    const char *body = self->response ? anycert_response_body(self->response, &len) : "";

    return PyBytes_FromStringAndSize(body, (Py_ssize_t)len);
}

static bool ascii_equal(const char *a, const char *b, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        char c = a[i];

        if ((c >= 'A' && c <= 'Z' ? (char)(c + 32) : c) != b[i])
            return false;
    }
    return true;
}

static const char *find(const char *text, const char *what)
{
    size_t len = strlen(what);

    for (size_t left = strlen(text); left >= len; left--, text++) {
        if (ascii_equal(text, what, len))
            return text;
    }
    return NULL;
}

/* The charset that requests would take: the named one, Latin-1 for other text, UTF-8 for JSON, else
 * none. */
static PyObject *make_encoding(const struct response_object *self)
{
    const char *type =
        self->response ? anycert_response_header(self->response, "Content-Type", 0) : NULL;
    const char *charset = type && strchr(type, '=') ? find(type, "charset=") : NULL;
    size_t len = 0;

    if (!type)
        Py_RETURN_NONE;
    if (charset) {
        charset += strlen("charset=");
        charset += strspn(charset, "'\" ");
        len = strcspn(charset, "'\"; ");
        if (len > 0)
            return PyUnicode_DecodeLatin1(charset, (Py_ssize_t)len, NULL);
    }
    if (find(type, "text"))
        return PyUnicode_FromString("ISO-8859-1");
    if (find(type, "application/json"))
        return PyUnicode_FromString("utf-8");
    Py_RETURN_NONE;
}

static PyObject *make_report(const struct response_object *self)
{
    return ext_report_new(self->state,
                          self->response ? anycert_response_report(self->response) : NULL);
}

static PyObject *make_token_report(const struct response_object *self)
{
    return ext_report_new(self->state,
                          self->response ? anycert_response_token_report(self->response) : NULL);
}

static PyObject *make(PyObject *object, enum slot slot)
{
    const struct response_object *self = of(object);

    switch (slot) {
    case SLOT_STATUS_CODE:
        return make_status(self);
    case SLOT_REASON:
        return self->response ? ext_latin1(anycert_response_reason(self->response))
                              : Py_NewRef(Py_None);
    case SLOT_URL:
        return self->response ? ext_str(anycert_response_url(self->response)) : Py_NewRef(Py_None);
    case SLOT_CONTENT:
        return make_content(self);
    case SLOT_ENCODING:
        return make_encoding(self);
    case SLOT_REPORT:
        return make_report(self);
    case SLOT_TOKEN_REPORT:
        return make_token_report(self);
    case SLOT_TEXT:
        return PyObject_CallMethod(object, "_make_text", NULL);
    case SLOT_HEADERS:
        return PyObject_CallMethod(object, "_make_headers", NULL);
    case SLOT_HISTORY:
        return PyObject_CallMethod(object, "_make_history", NULL);
    case SLOT_REQUEST:
        return PyObject_CallMethod(object, "_make_request", NULL);
    case SLOT_ELAPSED:
        return PyObject_CallMethod(object, "_make_elapsed", NULL);
    case SLOT_COOKIES:
        return PyObject_CallMethod(object, "_make_cookies", NULL);
    case SLOT_INFO:
    case SLOTS:
        break;
    }
    Py_RETURN_NONE;
}

/* What is in a slot; NULL: nothing yet. */
static PyObject *look(PyObject *self, enum slot slot)
{
    PyObject *value = NULL;

    EXT_LOCK(self);
    value = of(self)->slots[slot];
    Py_XINCREF(value);
    EXT_UNLOCK();
    return value;
}

/* It is made outside of the lock, as that may be Python, which asks the object for more: to take
 * the same lock again costs as much as waiting for another thread. Of two that make it at once,
 * both get what the first one has made. */
static PyObject *get_slot(PyObject *self, void *closure)
{
    enum slot slot = (enum slot)(uintptr_t)closure;
    PyObject *value = look(self, slot);
    PyObject *made = value ? NULL : make(self, slot);

    if (!made)
        return value;
    EXT_LOCK(self);
    value = of(self)->slots[slot];
    if (!value)
        of(self)->slots[slot] = value = Py_NewRef(made);
    Py_INCREF(value);
    EXT_UNLOCK();
    Py_DECREF(made);
    return value;
}

static int set_slot(PyObject *self, PyObject *value, void *closure)
{
    enum slot slot = (enum slot)(uintptr_t)closure;

    EXT_LOCK(self);
    if (slot == SLOT_CONTENT || slot == SLOT_ENCODING)
        Py_CLEAR(of(self)->slots[SLOT_TEXT]);
    Py_XINCREF(value); /* NULL: to be made again */
    ext_set(&of(self)->slots[slot], value);
    EXT_UNLOCK();
    return 0;
}

static PyObject *get_ok(PyObject *self, void *closure)
{
    PyObject *status = get_slot(self, (void *)(uintptr_t)SLOT_STATUS_CODE);
    long number = status && status != Py_None ? PyLong_AsLong(status) : 0;

    (void)closure;
    Py_XDECREF(status);
    if (PyErr_Occurred())
        return NULL;
    return PyBool_FromLong(number < 400 || number >= 600);
}

/* ---- methods for the class in Python ---- */

/* They need no lock: the library's response never changes. */

static PyObject *pairs_of(const struct anycert_response *response, size_t hop)
{
    const char *name = NULL;
    const char *value = NULL;
    PyObject *list = PyList_New(0);

    for (size_t i = 0;
         list && response && anycert_response_hop_header_at(response, hop, i, &name, &value) == 0;
         i++) {
        PyObject *pair = Py_BuildValue("(NN)", ext_latin1(name), ext_latin1(value));

        if (!pair || PyList_Append(list, pair) < 0)
            Py_CLEAR(list);
        Py_XDECREF(pair);
    }
    return list;
}

static PyObject *header_list(PyObject *self, PyObject *ignored)
{
    const struct anycert_response *response = of(self)->response;
    size_t hops = response ? anycert_response_hop_count(response) : 0;

    (void)ignored;
    return pairs_of(response, hops ? hops - 1 : 0);
}

/* (url, status, reason, headers, report, proxy report, reused, withheld) of each. */
static PyObject *hop_list(PyObject *self, PyObject *ignored)
{
    const struct anycert_response *response = of(self)->response;
    size_t count = response ? anycert_response_hop_count(response) : 0;
    PyObject *list = PyList_New(0);

    (void)ignored;
    for (size_t i = 0; list && i < count; i++) {
        PyObject *hop = Py_BuildValue(
            "(NiNNNNNN)", ext_str(anycert_response_hop_url(response, i)),
            anycert_response_hop_status(response, i),
            ext_latin1(anycert_response_hop_reason(response, i)), pairs_of(response, i),
            ext_report_new(of(self)->state, anycert_response_hop_report(response, i)),
            ext_report_new(of(self)->state, anycert_response_hop_proxy_report(response, i)),
            PyBool_FromLong(anycert_response_hop_reused(response, i)),
            PyBool_FromLong(anycert_response_hop_withheld(response, i)));

        if (!hop || PyList_Append(list, hop) < 0)
            Py_CLEAR(list);
        Py_XDECREF(hop);
    }
    return list;
}

static PyObject *hop_count(PyObject *self, PyObject *ignored)
{
    (void)ignored;
    return PyLong_FromSize_t(of(self)->response ? anycert_response_hop_count(of(self)->response)
                                                : 0);
}

/* Microseconds until: name resolved, connected, TLS done, first byte, end. */
static PyObject *timings(PyObject *self, PyObject *ignored)
{
    struct anycert_timings t = {0};

    (void)ignored;
    if (of(self)->response)
        anycert_response_timings(of(self)->response, &t);
    return Py_BuildValue("(LLLLL)", (long long)t.resolved_us, (long long)t.connected_us,
                         (long long)t.tls_us, (long long)t.first_byte_us, (long long)t.total_us);
}

static bool is_ascii(const char *bytes, size_t len)
{
    unsigned char all = 0;

    for (size_t i = 0; i < len; i++)
        all |= (unsigned char)bytes[i];
    return all < 0x80;
}

/* Whether the body means the same in UTF-8. Of charsets that are not here, Python is asked: in
 * some, such as UTF-16, UTF-7 and EBCDIC, bytes of ASCII mean something else. */
static bool is_like_utf8(PyObject *encoding, const char *body, size_t body_len)
{
    static const char *const families[] = {"iso-8859-", "iso8859-",    "iso_8859-", "latin",
                                           "us-ascii",  "windows-125", "cp125"};
    const char *name = PyUnicode_Check(encoding) ? PyUnicode_AsUTF8AndSize(encoding, NULL) : NULL;
    size_t len = name ? strlen(name) : 0;

    PyErr_Clear();
    if ((len == 5 && (ascii_equal(name, "utf-8", 5) || ascii_equal(name, "utf_8", 5))) ||
        (len == 4 && ascii_equal(name, "utf8", 4)))
        return true;
    for (size_t i = 0; i < sizeof families / sizeof families[0]; i++) {
        if (len >= strlen(families[i]) && ascii_equal(name, families[i], strlen(families[i])))
            return is_ascii(body, body_len);
    }
    return false;
}

/* The value if the body is JSON of the plain kind in UTF-8; NotImplemented if more has to be asked:
 * another charset, an error, something that only Python's json takes. */
static PyObject *fast_json(PyObject *self, PyObject *ignored)
{
    PyObject *encoding = get_slot(self, (void *)(uintptr_t)SLOT_ENCODING);
    PyObject *content = encoding ? look(self, SLOT_CONTENT) : NULL;
    PyObject *value = NULL;
    const char *body = NULL;
    size_t len = 0;

    (void)ignored;
    if (!encoding)
        return NULL;
    if (content && PyBytes_Check(content)) {
        body = PyBytes_AsString(content);
        len = (size_t)PyBytes_Size(content);
    } else if (!content && of(self)->response) {
        body = anycert_response_body(of(self)->response, &len);
    }
    if (body && (encoding == Py_None || is_like_utf8(encoding, body, len)))
        value = ext_json_value(body, len, &of(self)->state->kept);
    Py_XDECREF(content);
    Py_DECREF(encoding);
    if (!value && !PyErr_Occurred())
        Py_RETURN_NOTIMPLEMENTED;
    return value;
}

static PyMethodDef response_methods[] = {
    {"_header_list", header_list, METH_NOARGS, NULL}, {"_hop_list", hop_list, METH_NOARGS, NULL},
    {"_hop_count", hop_count, METH_NOARGS, NULL},     {"_timings", timings, METH_NOARGS, NULL},
    {"_fast_json", fast_json, METH_NOARGS, NULL},     {NULL, NULL, 0, NULL},
};
#define SLOT(name, index, doc) {name, get_slot, set_slot, doc, (void *)(uintptr_t)(index)}
static PyGetSetDef response_getset[] = {
    SLOT("status_code", SLOT_STATUS_CODE, "Status, such as 200."),
    SLOT("reason", SLOT_REASON, "Reason phrase."),
    SLOT("url", SLOT_URL, "The last URL, without user and password."),
    SLOT("_content", SLOT_CONTENT, NULL),
    SLOT("encoding", SLOT_ENCODING, "Charset that text is read in; may be set."),
    SLOT("text", SLOT_TEXT, "The body as text."),
    SLOT("headers", SLOT_HEADERS, "Headers of the last hop, by name without regard to case."),
    SLOT("history", SLOT_HISTORY, "The redirects that led here, oldest first."),
    SLOT("request", SLOT_REQUEST, "The request that was sent."),
    SLOT("elapsed", SLOT_ELAPSED, "Time from sending to the end of the header."),
    SLOT("cookies", SLOT_COOKIES, "Cookies that the answer sets."),
    SLOT("_info", SLOT_INFO, NULL),
    SLOT("report", SLOT_REPORT, "What was checked on the last hop; None for http://."),
    SLOT("token_report", SLOT_TOKEN_REPORT,
         "What was checked on the link over which a token was got for this request (OAuth2, of a "
         "profile); None if that was not needed, or over http://."),
    {"ok", get_ok, NULL, "True if the status is below 400.", NULL},
    {NULL, NULL, NULL, NULL, NULL},
};

static char response_doc[] = "Response()\n--\n\nAn answer.";
static PyType_Slot response_slots[] = {
    {Py_tp_doc, response_doc},         {Py_tp_new, response_new},
    {Py_tp_dealloc, response_dealloc}, {Py_tp_traverse, response_traverse},
    {Py_tp_clear, response_clear},     {Py_tp_methods, response_methods},
    {Py_tp_getset, response_getset},   {0, NULL},
};
static PyType_Spec response_spec = {
    .name = "anycert._core.Response",
    .basicsize = sizeof(struct response_object),
    .flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_BASETYPE | Py_TPFLAGS_HAVE_GC,
    .slots = response_slots,
};

int ext_response_init(PyObject *module, struct ext_state *state)
{
    state->response_type = ext_add_type(module, &response_spec);
    return state->response_type ? 0 : -1;
}
