#include "ext.h"

/* One keyword of the constructor, and what it does; -1 with err, or with an exception. */
typedef int keyword_setter(struct ext_state *state, struct anycert_config *config, PyObject *value,
                           struct anycert_error *err);

static int set_policy(struct ext_state *state, struct anycert_config *config, PyObject *value,
                      struct anycert_error *err)
{
    const struct anycert_policy *policy = NULL;

    if (!ext_policy_arg(state, value, "policy", &policy))
        return -1;
    return anycert_config_set_policy(config, policy, err);
}

static int set_proxy_policy(struct ext_state *state, struct anycert_config *config, PyObject *value,
                            struct anycert_error *err)
{
    const struct anycert_policy *policy = NULL;

    if (!ext_policy_arg(state, value, "proxy_policy", &policy))
        return -1;
    return anycert_config_set_proxy_policy(config, policy, err);
}

static int set_policy_file(struct ext_state *state, struct anycert_config *config, PyObject *value,
                           struct anycert_error *err)
{
    struct anycert_policy_file *file = NULL;

    return ext_policy_file_arg(state, value, "policy_file", &file)
               ? anycert_config_set_policy_file(config, file, err)
               : -1;
}

static int set_trust_store(struct ext_state *state, struct anycert_config *config, PyObject *value,
                           struct anycert_error *err)
{
    struct anycert_trust_store *store = NULL;

    return ext_trust_store_arg(state, value, "trust_store", &store)
               ? anycert_config_set_trust_store(config, store, err)
               : -1;
}

static int set_default_anchors(struct ext_state *state, struct anycert_config *config,
                               PyObject *value, struct anycert_error *err)
{
    const struct anycert_policy *policy = NULL;

    return ext_policy_arg(state, value, "default_anchors", &policy)
               ? anycert_config_set_default_anchors(config, policy, err)
               : -1;
}

static int set_proxy(struct ext_state *state, struct anycert_config *config, PyObject *value,
                     struct anycert_error *err)
{
    const char *url = NULL;

    (void)state;
    return ext_optional_utf8(value, "proxy", &url) ? anycert_config_set_proxy(config, url, err)
                                                   : -1;
}

static int set_no_proxy(struct ext_state *state, struct anycert_config *config, PyObject *value,
                        struct anycert_error *err)
{
    const char *hosts = NULL;

    (void)state;
    return ext_optional_utf8(value, "no_proxy", &hosts)
               ? anycert_config_set_no_proxy(config, hosts, err)
               : -1;
}

/* A path, or (certificate, key) or (certificate, key, password) with None for what is not there. */
static int set_cert(struct ext_state *state, struct anycert_config *config, PyObject *value,
                    struct anycert_error *err)
{
    const char *cert = NULL;
    const char *key = NULL;
    const char *password = NULL;

    (void)state;
    if (PyUnicode_Check(value)) {
        cert = ext_utf8(value, "cert");
        return cert ? anycert_config_set_client_cert(config, cert, NULL, err) : -1;
    }
    if (!PyTuple_Check(value)) {
        ext_wrong_type("cert", "a path or a tuple", value);
        return -1;
    }
    if (!PyArg_ParseTuple(value,
                          "s|zz;cert has to be a path, (certificate, key) or (certificate, "
                          "key, password)",
                          &cert, &key, &password) ||
        anycert_config_set_client_cert(config, cert, key, err) < 0)
        return -1;
    return anycert_config_set_client_cert_password(config, password, err);
}

/* (connect, read, total) in milliseconds; 0: none. */
static int set_timeouts(struct ext_state *state, struct anycert_config *config, PyObject *value,
                        struct anycert_error *err)
{
    unsigned connect_ms = 0, read_ms = 0, total_ms = 0;

    (void)state;
    if (!PyArg_ParseTuple(value, "III:timeouts", &connect_ms, &read_ms, &total_ms))
        return -1;
    return anycert_config_set_timeouts(config, connect_ms, total_ms, read_ms, err);
}

static int set_max_redirects(struct ext_state *state, struct anycert_config *config,
                             PyObject *value, struct anycert_error *err)
{
    long max = PyLong_AsLong(value);

    (void)state;
    if (max == -1 && PyErr_Occurred())
        return -1;
    if (max < 0) {
        PyErr_SetString(PyExc_ValueError, "max_redirects has to be 0 or more");
        return -1;
    }
    return anycert_config_set_max_redirects(config, (unsigned)(max > 1000 ? 1000 : max), err);
}

static int set_keep_last_redirect(struct ext_state *state, struct anycert_config *config,
                                  PyObject *value, struct anycert_error *err)
{
    (void)state;
    return anycert_config_set_keep_last_redirect(config, PyObject_IsTrue(value), err);
}

static int set_allow_downgrade(struct ext_state *state, struct anycert_config *config,
                               PyObject *value, struct anycert_error *err)
{
    (void)state;
    return anycert_config_set_allow_downgrade(config, PyObject_IsTrue(value), err);
}

static int set_cookies(struct ext_state *state, struct anycert_config *config, PyObject *value,
                       struct anycert_error *err)
{
    (void)state;
    return anycert_config_set_cookies(config, PyObject_IsTrue(value), err);
}

static int set_secret_headers(struct ext_state *state, struct anycert_config *config,
                              PyObject *value, struct anycert_error *err)
{
    PyObject *names = PySequence_Tuple(value);
    int result = names ? 0 : -1;

    (void)state;
    for (Py_ssize_t i = 0; result == 0 && i < PyTuple_Size(names); i++) {
        const char *name = ext_utf8(PyTuple_GetItem(names, i), "secret_headers");

        result = name ? anycert_config_add_secret_header(config, name, err) : -1;
    }
    Py_XDECREF(names);
    return result;
}

static int set_max_body(struct ext_state *state, struct anycert_config *config, PyObject *value,
                        struct anycert_error *err)
{
    unsigned long long max = PyLong_AsUnsignedLongLong(value);

    (void)state;
    if (max == (unsigned long long)-1 && PyErr_Occurred())
        return -1;
    return anycert_config_set_limits(config, 0, max ? max : UINT64_MAX, err);
}

static int set_resolve(struct ext_state *state, struct anycert_config *config, PyObject *value,
                       struct anycert_error *err)
{
    PyObject *entries = PySequence_Tuple(value);
    int result = entries ? 0 : -1;

    (void)state;
    for (Py_ssize_t i = 0; result == 0 && i < PyTuple_Size(entries); i++) {
        const char *entry = ext_utf8(PyTuple_GetItem(entries, i), "resolve");

        result = entry ? anycert_config_add_resolve(config, entry, err) : -1;
    }
    Py_XDECREF(entries);
    return result;
}

static int set_look_only(struct ext_state *state, struct anycert_config *config, PyObject *value,
                         struct anycert_error *err)
{
    (void)state;
    return anycert_config_set_look_only(config, PyObject_IsTrue(value), err);
}

static const struct {
    char name[20];
    keyword_setter *set;
} keywords[] = {
    {"policy", set_policy},
    {"proxy_policy", set_proxy_policy},
    {"policy_file", set_policy_file},
    {"default_anchors", set_default_anchors},
    {"trust_store", set_trust_store},
    {"proxy", set_proxy},
    {"no_proxy", set_no_proxy},
    {"cert", set_cert},
    {"timeouts", set_timeouts},
    {"max_redirects", set_max_redirects},
    {"keep_last_redirect", set_keep_last_redirect},
    {"allow_downgrade", set_allow_downgrade},
    {"look_only", set_look_only},
    {"cookies", set_cookies},
    {"secret_headers", set_secret_headers},
    {"max_body", set_max_body},
    {"resolve", set_resolve},
};

int ext_config_set(struct ext_state *state, struct anycert_config *config, PyObject *name,
                   PyObject *value)
{
    struct anycert_error err = {0};

    for (size_t i = 0; i < sizeof keywords / sizeof keywords[0]; i++) {
        if (PyUnicode_CompareWithASCIIString(name, keywords[i].name) != 0)
            continue;
        if (keywords[i].set(state, config, value, &err) == 0)
            return 0;
        if (!PyErr_Occurred())
            (void)ext_raise_plain(state, &err);
        return -1;
    }
    PyErr_Format(PyExc_TypeError, "Client() got an unexpected keyword argument %R", name);
    return -1;
}
