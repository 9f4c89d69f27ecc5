#include "ext.h"

struct report_object {
    PyObject_HEAD struct anycert_report *report;
};

PyObject *ext_report_new(struct ext_state *state, const struct anycert_report *report)
{
    struct anycert_error err = {0};
    struct report_object *self = NULL;

    if (!report)
        Py_RETURN_NONE;
    self = (struct report_object *)ext_alloc(state->report_type);
    if (!self)
        return NULL;
    self->report = anycert_report_copy(report, &err);
    if (!self->report) {
        Py_DECREF(self);
        return PyErr_NoMemory();
    }
    return (PyObject *)self;
}

static const struct anycert_report *inner(PyObject *self)
{
    return ((struct report_object *)self)->report;
}

static void report_dealloc(PyObject *self)
{
    anycert_report_free(((struct report_object *)self)->report);
    ext_free(self);
}

static PyObject *verdict_str(enum anycert_verdict verdict)
{
    switch (verdict) {
    case ANYCERT_PASS:
        return PyUnicode_FromString("pass");
    case ANYCERT_RELAXED:
        return PyUnicode_FromString("relaxed");
    case ANYCERT_FAIL:
        return PyUnicode_FromString("fail");
    case ANYCERT_NOT_CHECKED:
        break;
    }
    return PyUnicode_FromString("not-checked");
}

static PyObject *report_text(PyObject *self, PyObject *ignored)
{
    struct anycert_error err = {0};

    (void)ignored;
    return ext_take_str(anycert_report_text(inner(self), &err));
}

static PyObject *report_json(PyObject *self, PyObject *ignored)
{
    struct anycert_error err = {0};

    (void)ignored;
    return ext_take_str(anycert_report_json(inner(self), &err));
}

static PyObject *report_repr(PyObject *self)
{
    PyObject *verdict = verdict_str(anycert_report_verdict(inner(self)));
    PyObject *repr = verdict ? PyUnicode_FromFormat("<Report %s:%d %U, authenticated by %s>",
                                                    anycert_report_host(inner(self)),
                                                    (int)anycert_report_port(inner(self)), verdict,
                                                    anycert_report_authenticated_by(inner(self)))
                             : NULL;

    Py_XDECREF(verdict);
    return repr;
}

/* Everything as Python objects, keyed as docs/report-schema.md says. */
static PyObject *report_dict(PyObject *self, PyObject *ignored)
{
    struct anycert_error err = {0};

    (void)ignored;
    return ext_take_json(anycert_report_json(inner(self), &err));
}

static PyObject *get_verdict(PyObject *self, void *closure)
{
    return verdict_str(closure ? anycert_report_reference_verdict(inner(self))
                               : anycert_report_verdict(inner(self)));
}

static PyObject *get_text(PyObject *self, void *closure)
{
    typedef const char *text_getter(const struct anycert_report *report);
    static const struct {
        char name[16];
        text_getter *get;
    } getters[] = {
        {"authenticated_by", anycert_report_authenticated_by},
        {"policy", anycert_report_policy},
        {"reference", anycert_report_reference},
        {"hop", anycert_report_hop},
        {"host", anycert_report_host},
        {"identity", anycert_report_identity},
        {"protocol", anycert_report_protocol},
        {"cipher", anycert_report_cipher},
        {"group", anycert_report_group},
        {"refused_by", anycert_report_refused_by},
        {"failure", anycert_report_failure},
    };

    return ext_str(getters[(uintptr_t)closure].get(inner(self)));
}

static PyObject *get_authenticated(PyObject *self, void *closure)
{
    (void)closure;
    return PyBool_FromLong(anycert_report_peer_authenticated(inner(self)));
}

static PyObject *get_port(PyObject *self, void *closure)
{
    (void)closure;
    return PyLong_FromLong(anycert_report_port(inner(self)));
}

static PyObject *get_pin(PyObject *self, void *closure)
{
    (void)closure;
    return ext_str(anycert_report_cert_pin(inner(self), 0));
}

static PyObject *get_chain(PyObject *self, void *closure)
{
    size_t count = anycert_report_chain_length(inner(self));
    PyObject *chain = PyTuple_New((Py_ssize_t)count);

    (void)closure;
    for (size_t i = 0; chain && i < count; i++) {
        size_t len = 0;
        const unsigned char *der = anycert_report_cert_der(inner(self), i, &len);
        PyObject *bytes = PyBytes_FromStringAndSize((const char *)der, (Py_ssize_t)len);

        if (!bytes || PyTuple_SetItem(chain, (Py_ssize_t)i, bytes) < 0)
            Py_CLEAR(chain);
    }
    return chain;
}

PyObject *ext_named_tuple(PyTypeObject *type, PyObject *const *values, size_t count)
{
    PyObject *tuple = PyStructSequence_New(type);
    bool fine = tuple != NULL;

    for (size_t i = 0; i < count; i++) {
        fine = fine && values[i];
        if (tuple)
            PyStructSequence_SetItem(tuple, (Py_ssize_t)i, values[i]);
        else
            Py_XDECREF(values[i]);
    }
    if (!fine)
        Py_CLEAR(tuple);
    return tuple;
}

static int append(PyObject *list, PyObject *value)
{
    int result = value ? PyList_Append(list, value) : -1;

    Py_XDECREF(value);
    return result;
}

static PyObject *as_tuple(PyObject *list, int result)
{
    PyObject *tuple = result == 0 ? PyList_AsTuple(list) : NULL;

    Py_XDECREF(list);
    return tuple;
}

#define CHECK_FIELDS 8
static PyObject *new_check(PyTypeObject *type, const struct anycert_check *check)
{
    PyObject *const values[CHECK_FIELDS] = {
        ext_str(anycert_check_id(check)),
        verdict_str(anycert_check_verdict(check)),
        verdict_str(anycert_check_reference_verdict(check)),
        ext_str(anycert_check_detail(check)),
        ext_str(anycert_check_relaxation(check)),
        PyBool_FromLong(anycert_check_decided_by_pin(check)),
        PyLong_FromLong(anycert_check_x509_code(check)),
        PyLong_FromLong(anycert_check_depth(check)),
    };

    return ext_named_tuple(type, values, CHECK_FIELDS);
}

static PyObject *get_checks(PyObject *self, void *closure)
{
    struct ext_state *state = ext_state_of(Py_TYPE(self));
    const struct anycert_check *check = NULL;
    PyObject *list = state ? PyList_New(0) : NULL;
    int result = list ? 0 : -1;

    (void)closure;
    while (result == 0 && (check = anycert_report_next_check(inner(self), check)) != NULL)
        result = append(list, new_check(state->check_type, check));
    return as_tuple(list, result);
}

#define CERT_FIELDS 8
static PyObject *new_cert(PyTypeObject *type, const struct anycert_report *report, size_t i)
{
    size_t len = 0;
    const unsigned char *der = anycert_report_cert_der(report, i, &len);
    PyObject *const values[CERT_FIELDS] = {
        ext_str(anycert_report_cert_subject(report, i)),
        ext_str(anycert_report_cert_issuer(report, i)),
        ext_str(anycert_report_cert_names(report, i)),
        PyLong_FromLongLong(anycert_report_cert_not_before(report, i)),
        PyLong_FromLongLong(anycert_report_cert_not_after(report, i)),
        ext_str(anycert_report_cert_key(report, i)),
        ext_str(anycert_report_cert_pin(report, i)),
        PyBytes_FromStringAndSize((const char *)der, (Py_ssize_t)len),
    };

    return ext_named_tuple(type, values, CERT_FIELDS);
}

static PyObject *get_certificates(PyObject *self, void *closure)
{
    struct ext_state *state = ext_state_of(Py_TYPE(self));
    size_t count = anycert_report_chain_length(inner(self));
    PyObject *list = state ? PyList_New(0) : NULL;
    int result = list ? 0 : -1;

    (void)closure;
    for (size_t i = 0; result == 0 && i < count; i++)
        result = append(list, new_cert(state->cert_type, inner(self), i));
    return as_tuple(list, result);
}

static PyObject *get_revocation(PyObject *self, void *closure)
{
    (void)closure;
    switch (anycert_report_revocation(inner(self))) {
    case ANYCERT_REVOCATION_NOT_CHECKED:
        break;
    case ANYCERT_REVOCATION_GOOD:
        return PyUnicode_FromString("good");
    case ANYCERT_REVOCATION_REVOKED:
        return PyUnicode_FromString("revoked");
    }
    return PyUnicode_FromString("not-checked");
}

static PyObject *get_key_proven(PyObject *self, void *closure)
{
    (void)closure;
    return PyBool_FromLong(anycert_report_key_proven(inner(self)));
}

static PyMethodDef report_methods[] = {
    {"text", report_text, METH_NOARGS, "text($self, /)\n--\n\nThe whole report for people."},
    {"json", report_json, METH_NOARGS, "json($self, /)\n--\n\nThe whole report as a JSON text."},
    {"as_dict", report_dict, METH_NOARGS,
     "as_dict($self, /)\n--\n\nThe whole report as Python objects."},
    {NULL, NULL, 0, NULL},
};
#define TEXT(name, index, doc) {name, get_text, NULL, doc, (void *)(uintptr_t)(index)}
static PyGetSetDef report_getset[] = {
    {"verdict", get_verdict, NULL, "'pass', 'relaxed', 'fail' or 'not-checked'.", NULL},
    {"reference_verdict", get_verdict, NULL, "What the reference policy would have said.",
     (void *)(uintptr_t)1},
    {"peer_authenticated", get_authenticated, NULL,
     "True if whoever answered has proved to be the host that was asked for.", NULL},
    {"port", get_port, NULL, "Port of the host.", NULL},
    {"pin", get_pin, NULL, "'sha256//…' of the peer's key, or None.", NULL},
    {"key_proven", get_key_proven, NULL,
     "True once the handshake was completed, so that the peer has shown that it owns its key.",
     NULL},
    {"revocation", get_revocation, NULL,
     "What a stapled OCSP answer said: 'good', 'revoked' or 'not-checked'.", NULL},
    {"checks", get_checks, NULL, "Every check, a Check each, in a fixed order.", NULL},
    {"certificates", get_certificates, NULL,
     "The certificates as the peer sent them, a Certificate each.", NULL},
    {"chain", get_chain, NULL, "The certificates as the peer sent them, DER.", NULL},
    TEXT("authenticated_by", 0, "'chain', 'pin', 'tofu' or 'none'."),
    TEXT("policy", 1, "The effective policy."),
    TEXT("reference", 2, "The reference policy."),
    TEXT("hop", 3, "'origin' or 'proxy'."),
    TEXT("host", 4, "The host."),
    TEXT("identity", 5, "The name that was verified, or ''."),
    TEXT("protocol", 6, "Such as 'TLSv1.3'; '' while unknown."),
    TEXT("cipher", 7, "The cipher suite."),
    TEXT("group", 8, "The key exchange's group."),
    TEXT("refused_by", 9, "Who ended a handshake that failed: 'us', 'peer' or ''."),
    TEXT("failure", 10, "Why it failed, or ''."),
    {NULL, NULL, NULL, NULL, NULL},
};

static char report_doc[] = "What was checked on one TLS link, what was found, and what the policy "
                           "said to it.";
static PyType_Slot report_slots[] = {
    {Py_tp_doc, report_doc},         {Py_tp_dealloc, report_dealloc}, {Py_tp_repr, report_repr},
    {Py_tp_methods, report_methods}, {Py_tp_getset, report_getset},   {0, NULL},
};
static PyType_Spec report_spec = {
    .name = "anycert.Report",
    .basicsize = sizeof(struct report_object),
    .flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_DISALLOW_INSTANTIATION, /* they come with responses */
    .slots = report_slots,
};

static PyStructSequence_Field check_fields[] = {
    {"id", "Stable, such as 'trust', 'dates', 'name'."},
    {"verdict", "'pass', 'relaxed', 'fail' or 'not-checked'."},
    {"reference_verdict", "The same under the reference policy."},
    {"detail", "What was found, in words."},
    {"relaxation", "The relaxation that lets it through, or None."},
    {"decided_by_pin", "True if it gives nothing up, as the key is pinned and decides."},
    {"x509_code", "OpenSSL's number, or 0."},
    {"depth", "In the chain, 0 being the peer's own certificate; or -1."},
    {NULL, NULL},
};
static PyStructSequence_Field cert_fields[] = {
    {"subject", "Distinguished name (RFC 4514)."},
    {"issuer", "Likewise."},
    {"names", "DNS names and addresses, comma-separated."},
    {"not_before", "When its validity begins, in seconds since 1970 UTC."},
    {"not_after", "When it ends."},
    {"key", "Such as 'RSA 2048'."},
    {"pin", "'sha256//…' of its key."},
    {"der", "The certificate itself."},
    {NULL, NULL},
};

PyTypeObject *ext_add_tuple_type(PyObject *module, const char *name, const char *doc,
                                 PyStructSequence_Field *fields, int count)
{
    PyStructSequence_Desc desc = {name, doc, fields, count};
    PyTypeObject *type = PyStructSequence_NewType(&desc);

    if (type && PyModule_AddType(module, type) < 0)
        Py_CLEAR(type);
    return type;
}

int ext_report_init(PyObject *module, struct ext_state *state)
{
    state->report_type = ext_add_type(module, &report_spec);
    state->check_type = ext_add_tuple_type(module, "anycert.Check", "One check of a report.",
                                           check_fields, CHECK_FIELDS);
    state->cert_type =
        ext_add_tuple_type(module, "anycert.Certificate", "One certificate that a peer has sent.",
                           cert_fields, CERT_FIELDS);
    return state->report_type && state->check_type && state->cert_type ? 0 : -1;
}
