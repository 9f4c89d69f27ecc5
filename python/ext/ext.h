/* ext.h — anycert._core: what the files of the extension share, and how it is built.
 *
 * The extension is a thin skin over the public headers: it turns Python's arguments into an
 * anycert_request, lets the library work without the interpreter's lock, and shows what came back.
 * Whatever is not needed for most calls (proxies by name, cookies to look at, history, hooks) is
 * Python, in src/anycert.
 *
 * Objects. All are heap types made in the module's exec slot; none has static state, so that each
 * interpreter has its own. An object that needs the module's state has a pointer to it: its type
 * keeps the module alive.
 *
 * - Policy owns one anycert_policy, PolicyFile one anycert_policy_file; immutable. PolicyEntry
 *   refers to its file.
 * - Client owns one anycert_client. A call counts itself in `users` while the lock is away; close()
 *   only marks the client, and whoever leaves last frees it. Immutable otherwise, so many threads
 *   may use one.
 * - Request is no Python object: a struct on the stack of a call (or in a Stream), which holds the
 *   anycert_request, and references to what its callbacks read from.
 * - Response owns one anycert_response; every attribute is a slot that is filled when it is first
 *   asked for, and that the caller may set. content is one copy of the body.
 * - Stream owns one anycert_stream, its Request and a use of its Client; the Response that came
 * with it refers to it, and not the other way round, so that dropping the response ends the
 * transfer. An event loop has it the other way round: the Stream first, and the Response from it.
 * - Batch owns one anycert_batch, the requests in it and a use of its Client, for an event loop.
 * - Pending owns one Request of a Batch, and then what came of it, for the task that awaits it.
 * - Profile owns one anycert_profile, which may be changed, and a lock for that.
 * - Doctor owns one anycert_doctor, which is set up once and then used by any number of threads;
 *   Diagnosis owns one anycert_diagnosis, and ShortDiagnosis one anycert_short_diagnosis, which
 *   never change.
 * - Report owns one copy of an anycert_report (which is cheap), so it outlives the response.
 *
 * The lock. It is let go for every send, for opening and reading a stream, and for parsing large
 * JSON texts. The library calls back on the thread that sends: ext_call_enter() takes the lock
 * again with that thread's own state, ext_call_leave() lets it go. An exception in a callback ends
 * the transfer, is kept in the call meanwhile, and is what the caller gets in place of the
 * library's INTERRUPTED or BODY_READ.
 *
 * Interpreters without that lock (which importing this module switches on, unless told not to).
 * What has changing parts (Client, Response, Stream, Batch) is used under its own, EXT_LOCK();
 * Policy and Report never change. With the waits that let it go, an object that is in use elsewhere
 * says so by `users` or `is_busy`, as with the other lock. What is Python is called outside of it,
 * where that may come back to the same object: CPython lets a thread take its own lock once more,
 * but only after many looks at whether somebody else lets go of it.
 *
 * Signals. The library asks now and then whether to go on (anycert_request_set_progress), at the
 * latest when poll() was interrupted. Then the lock is taken and PyErr_CheckSignals() asked, every
 * hundredth of a second and when the thread has waited, for a signal may be what woke it: Ctrl-C
 * ends a blocked request as KeyboardInterrupt. Short requests never come so far and never pay for
 * it.
 *
 * Fork. The library knows when it runs in a child and leaves the parent's connections alone;
 * nothing has to be done here.
 *
 * The end. Objects free what they own in their dealloc, which touches no other Python object but
 * what it holds. A thread that comes back from a call while the interpreter shuts down is stopped
 * by the interpreter where it takes the lock; what it held stays as it is.
 *
 * Errors. Wrong types are TypeError and ValueError with the argument's name, made here. A failure
 * of the library becomes an exception through anycert.exceptions._make(), which is Python and is
 * imported when first needed. */
#ifndef ANYCERT_PYTHON_EXT_H
#define ANYCERT_PYTHON_EXT_H

#define PY_SSIZE_T_CLEAN
#include <Python.h>

#include <stdbool.h>
#include <stdint.h>

#include <anycert/anycert.h>

#if PY_VERSION_HEX < 0x030A0000
#define Py_TPFLAGS_DISALLOW_INSTANTIATION (1UL << 7) /* for ext_add_type() alone */
static inline PyObject *Py_NewRef(PyObject *object)
{
    Py_INCREF(object);
    return object;
}
#endif

/* Where there is no lock of the interpreter's, each object has one of its own, which is let go
 * whenever that of the interpreter would be: what is right with the one is right with the other.
 * Both macros stand in the same block. */
#ifdef Py_GIL_DISABLED
#define EXT_LOCK(object) Py_BEGIN_CRITICAL_SECTION(object)
#define EXT_UNLOCK()     Py_END_CRITICAL_SECTION()
#else
#define EXT_LOCK(object) {
#define EXT_UNLOCK()     }
#endif
/* METHOD_locked: a method of no or one argument, in its object's lock. */
#define EXT_LOCKED(method)                                                                         \
    static PyObject *method##_locked(PyObject *self, PyObject *argument)                           \
    {                                                                                              \
        PyObject *result = NULL;                                                                   \
        EXT_LOCK(self);                                                                            \
        result = method(self, argument);                                                           \
        EXT_UNLOCK();                                                                              \
        return result;                                                                             \
    }

/* What the module knows; one for each interpreter. */
/* Small objects between the values of large documents that were read: so many MiB of the
 * interpreter's memory at most stay where the next will be put. */
#define EXT_KEPT 8
struct ext_kept {
    PyObject *objects[EXT_KEPT]; /* NULL, or bytes */
    size_t next;
};

struct ext_state {
    PyTypeObject *policy_type, *policy_file_type, *policy_entry_type, *check_type, *cert_type,
        *trust_store_type, *trust_entry_type, *client_type, *response_type, *report_type,
        *stream_type, *pending_type, *doctor_type, *diagnosis_type, *cause_type, *advice_type,
        *remedy_type, *equivalent_type, *profile_type, *short_diagnosis_type;
    struct ext_kept kept;
    PyObject *run_name;                /* "run", of contextvars.Context */
    PyObject *_Atomic cancelled_error; /* asyncio.CancelledError, once it was needed */
    PyObject *_Atomic make_error;      /* anycert.exceptions._make, likewise */
};
extern struct PyModuleDef ext_module;
/* The state behind a type of this module or a class derived from one. */
struct ext_state *ext_state_of(PyTypeObject *type);
/* A new heap type, added to the module under its name. NULL with an exception. */
PyTypeObject *ext_add_type(PyObject *module, PyType_Spec *spec);
/* A new object of a type, all zero; and the end of one, in tp_dealloc. */
PyObject *ext_alloc(PyTypeObject *type);
void ext_free(PyObject *self);
/* Puts a value (NULL too) in the place of another, of which a reference goes. */
void ext_set(PyObject **slot, PyObject *value);
/* An attribute of a module, imported when *cache is still empty. Borrowed. */
PyObject *ext_import(PyObject *_Atomic *cache, const char *module, const char *name);

/* ---- errors.c ---- */

/* What an exception's text and class depend on beside the error. */
struct ext_failure {
    const struct anycert_error *error;
    PyObject *response; /* a Response, or NULL */
    PyObject *request;  /* what Response.request is made from, or NULL */
    const char *url;
    uint32_t connect_ms, read_ms;
    bool began;                                /* the answer's header has come */
    struct anycert_short_diagnosis *diagnosis; /* NULL: none; taken over */
};
/* Raises it. Always NULL. */
PyObject *ext_raise(struct ext_state *state, const struct ext_failure *failure);
/* The same for an error without a request. */
PyObject *ext_raise_plain(struct ext_state *state, const struct anycert_error *error);

/* ---- text.c ---- */

/* TypeError: what has to be what was wanted. */
void ext_wrong_type(const char *what, const char *wanted, PyObject *object);
/* What was found. If it is NULL, a UnicodeEncodeError that is set says what it is about. */
const void *ext_named(const void *found, const char *what);
/* UTF-8 of a str, and how much. NULL with TypeError or ValueError that names what it is. */
const char *ext_utf8_and_size(PyObject *text, const char *what, Py_ssize_t *len);
/* The same without NUL in it. NULL with TypeError or ValueError that names what it is. */
const char *ext_utf8(PyObject *text, const char *what);
/* The same again, with None as NULL; false on failure. */
bool ext_optional_utf8(PyObject *text, const char *what, const char **out);
/* The str of a path: str, bytes or os.PathLike. NULL with an exception. */
PyObject *ext_path(PyObject *given, const char *what);
/* UTF-8 of arguments that begin with a host, and a port that may be left out. False with
 * TypeError or ValueError. */
bool ext_place(PyObject *host, int port, const char **utf8);
/* A str of bytes that came from the other side, as requests shows header values: Latin-1. */
PyObject *ext_latin1(const char *text);
/* A str of the library's own text, which is UTF-8. */
PyObject *ext_str(const char *text);
/* A str that anycert handed out, which is freed. */
PyObject *ext_take_str(char *text);

/* A number, or the nearest long. False with TypeError. */
bool ext_long(PyObject *number, const char *what, long *out);

/* ---- policy.c ---- */

int ext_policy_init(PyObject *module, struct ext_state *state);
/* The policy inside of a Policy object; None is NULL (hardened). False with TypeError. */
bool ext_policy_arg(struct ext_state *state, PyObject *object, const char *what,
                    const struct anycert_policy **out);

/* A Policy with a copy of one that is borrowed. */
PyObject *ext_policy_new(struct ext_state *state, const struct anycert_policy *policy);

/* One text of str or of several, with commas between. NULL with an exception. */
PyObject *ext_joined(const char *what, PyObject *value);

/* ---- policy_file.c ---- */

int ext_policy_file_init(PyObject *module, struct ext_state *state);
/* The file inside of a PolicyFile object, borrowed. False with TypeError. */
bool ext_policy_file_arg(struct ext_state *state, PyObject *object, const char *what,
                         struct anycert_policy_file **out);

/* ---- trust_store.c ---- */

int ext_trust_store_init(PyObject *module, struct ext_state *state);
/* The store inside of a TrustStore object, borrowed. False with TypeError. */
bool ext_trust_store_arg(struct ext_state *state, PyObject *object, const char *what,
                         struct anycert_trust_store **out);

/* ---- report.c ---- */

/* A type of named tuples, added to the module; and one of them, which takes the values over, and is
 * NULL if one of these is. */
PyTypeObject *ext_add_tuple_type(PyObject *module, const char *name, const char *doc,
                                 PyStructSequence_Field *fields, int count);
PyObject *ext_named_tuple(PyTypeObject *type, PyObject *const *values, size_t count);

int ext_report_init(PyObject *module, struct ext_state *state);
/* A Report of one that is borrowed; None for NULL. */
PyObject *ext_report_new(struct ext_state *state, const struct anycert_report *report);

/* ---- call.c ---- */

/* A call that is under way without the lock. */
struct ext_call {
    struct ext_state *state;
    PyThreadState *thread;       /* whose the lock will be again */
    int64_t next_us;             /* when signals are looked at next */
    int64_t asked_us;            /* when the library has last asked whether to go on */
    PyObject *type, *value, *tb; /* an exception of a callback */
    struct ext_call *outer;      /* of the same thread, whose callback made this one */
    bool is_shared;              /* by many requests, none of which an exception belongs to */
    PyObject *given_up;          /* a list: once something is in it, nobody waits; or NULL */
};
void ext_call_begin(struct ext_call *call, struct ext_state *state);
/* Takes the lock back. False if a callback has raised, and the exception is set. */
bool ext_call_end(struct ext_call *call);
/* In a callback. */
void ext_call_enter(struct ext_call *call);
void ext_call_leave(struct ext_call *call);
/* anycert_progress_callback; arg is the call. */
int ext_call_progress(void *arg, uint64_t received, uint64_t receive_total, uint64_t sent,
                      uint64_t send_total);

/* Whether the innermost call is to end, as a signal or a callback has raised; for
 * anycert_doctor_set_interrupt(). arg is not looked at. */
int ext_call_is_over(void *arg);
/* The innermost call of this thread, NULL if there is none. */
struct ext_call *ext_call_innermost(void);

/* Waits between requests, for anycert_config_set_waiting(): with anycert._session._sleep, which
 * Ctrl-C ends, and which tests put something else in place of. */
int ext_call_sleep(void *arg, int64_t ms);
/* anycert_log_callback; arg is not looked at. Warnings go to the logger "anycert" of Python's
 * logging, if the program has imported that: without, nobody could have asked for them. */
void ext_call_log(void *arg, enum anycert_log_level level, const char *text, size_t len);
/* Microseconds of the clock that goes with it: after a wait, its time has passed. */
int64_t ext_call_now(void *arg);
/* anycert_trust_ask: what a callable, which arg is, says of a report, with the lock; an exception
 * refuses. Clients with the same callable and trust store ask about a host once between them. */
int ext_call_ask(void *arg, const struct anycert_report *report);

/* ---- body.c ---- */

/* A body that Python gives piece by piece. */
struct ext_body {
    struct ext_call *call;
    PyObject *read;     /* bound method of a file, or NULL */
    PyObject *iterator; /* or NULL */
    PyObject *source;   /* to begin again: the file, or the iterable if it is no iterator */
    PyObject *piece;    /* bytes that were given and not taken yet */
    Py_ssize_t used;    /* of the piece */
    Py_ssize_t start;   /* where the file stood; -1: it cannot be wound back */
};
/* A part of a form that is read from a file, with its field, and its file name and type or NULL. */
struct ext_file {
    PyObject *source;
    const char *field, *filename, *type;
};
/* Makes the request read from a file or an iterable. 0, or -1 with an exception. */
int ext_body_set(struct ext_body *body, struct ext_call *call, struct ext_state *state,
                 struct anycert_request *request, PyObject *source);
/* The same for a part of a form. */
int ext_body_set_part(struct ext_body *body, struct ext_call *call, struct ext_state *state,
                      struct anycert_request *request, const struct ext_file *file);
void ext_body_clear(struct ext_body *body);
/* For tp_traverse. */
int ext_body_traverse(const struct ext_body *body, visitproc visit, void *arg);

/* ---- request.c ---- */

/* The arguments of Client.send, in their order. */
enum ext_argument {
    EXT_ARG_CLASS,   /* of the response */
    EXT_ARG_METHOD,  /* str */
    EXT_ARG_URL,     /* str */
    EXT_ARG_PARAMS,  /* None, str, bytes, mapping, pairs */
    EXT_ARG_HEADERS, /* None, or a dict of lower-case name to (name, value) */
    EXT_ARG_DATA,    /* None, str, bytes, mapping, pairs, file, iterable */
    EXT_ARG_JSON,    /* None, or the text as bytes */
    EXT_ARG_FILES,   /* None, or a list of (field, filename or None, bytes or a file, type or None,
                        pairs of header fields) */
    EXT_ARG_AUTH,    /* None, or (user, password) as bytes, and b"ntlm" if it is not Basic */
    EXT_ARG_CONNECT, /* int, milliseconds; 0: the client's, -1: none */
    EXT_ARG_READ,
    EXT_ARG_TOTAL,
    EXT_ARG_REDIRECTS, /* int; -1: the client's */
    EXT_ARG_RETRY,     /* None, or a tuple as anycert.Retry has it */
    EXT_ARG_COOKIES,   /* None, or pairs of name and value */
    EXT_ARG_INFO,      /* anything, for Response.request */
    EXT_ARGS
};
struct ext_request {
    struct anycert_request *request;
    struct ext_call call;
    struct ext_body body;
    struct ext_body *parts; /* of a form, those that are files */
    size_t part_count;
    uint32_t connect_ms, read_ms;
};
/* retry.c: what a tuple of Retry's says (None: nothing). 0, or -1 with an exception. */
int ext_request_set_retry(struct ext_request *request, struct ext_state *state, PyObject *tuple);
/* Zeroed before. 0, or -1 with an exception; clear it in either case. */
int ext_request_init(struct ext_request *request, struct ext_state *state, PyObject *client,
                     PyObject *const args[EXT_ARGS]);
void ext_request_clear(struct ext_request *request);
/* For each of a mapping's items, or of an iterable's pairs. 0, or -1 with an exception. */
int ext_each_pair(PyObject *pairs, const char *what,
                  int (*each)(void *arg, PyObject *name, PyObject *value), void *arg);

/* ---- response.c ---- */

int ext_response_init(PyObject *module, struct ext_state *state);
/* A Response of that class, which takes the response over (NULL on failure too). info is borrowed.
 */
PyObject *ext_response_new(struct ext_state *state, PyTypeObject *type,
                           struct anycert_response *response, PyObject *info);

/* ---- profile.c ---- */

int ext_profile_init(PyObject *module, struct ext_state *state);
/* What a Profile object says, set in a configuration; TypeError for another object. 0, or -1 with
 * an exception. */
int ext_profile_apply(struct ext_state *state, PyObject *object, struct anycert_config *config);
/* Its header fields, added to a request but for those that it has. Likewise. */
int ext_profile_add_headers(PyObject *object, struct anycert_request *request);

/* ---- config.c ---- */

/* What a keyword of Client's constructor says, set in a configuration. 0, or -1 with an exception.
 */
int ext_config_set(struct ext_state *state, struct anycert_config *config, PyObject *name,
                   PyObject *value);

/* ---- client.c ---- */

int ext_client_init(PyObject *module, struct ext_state *state);
/* A request of the client's; where it has a profile, a URL without scheme is behind the profile's.
 * NULL with err. */
struct anycert_request *ext_client_request(PyObject *client, const char *method, const char *url,
                                           struct anycert_error *err);
/* Adds the fields of the client's profile, if it has one. 0, or -1 with an exception. */
int ext_client_add_headers(PyObject *client, struct anycert_request *request);
/* What came of sending or opening with a Client (NULL: it is closed) that this is a use of: a
 * Response, which takes the response over, or NULL with the exception. */
PyObject *ext_client_finish(struct ext_state *state, PyObject *client,
                            const struct ext_request *request, PyObject *const *args, int result,
                            struct anycert_response *response, const struct anycert_error *err);
/* The diagnosis of such a failure; NULL: there is none. */
struct anycert_short_diagnosis *ext_client_diagnose(PyObject *client,
                                                    const struct anycert_response *response,
                                                    const struct anycert_error *err);
/* One user more of a Client object, which cannot be closed meanwhile: its client, or NULL with an
 * exception; and one user less. */
struct anycert_client *ext_client_enter(PyObject *client);
void ext_client_leave(PyObject *client);

/* ---- look.c ---- */

/* look(class, url, given_up=None): a Response without an answer, of a handshake alone. */
PyObject *ext_look(struct ext_state *state, PyObject *object, PyObject *args);

/* ---- diagnosis.c ---- */

int ext_diagnosis_init(PyObject *module, struct ext_state *state);
/* A Diagnosis, which takes it over (on failure too). */
PyObject *ext_diagnosis_new(struct ext_state *state, struct anycert_diagnosis *diagnosis);
/* A Cause of its texts, in the order of its fields. */
#define EXT_CAUSE_FIELDS 8
PyObject *ext_cause_new(struct ext_state *state, const char *const texts[EXT_CAUSE_FIELDS]);
/* A tuple of str; name_of gives the ith of the nth of something, NULL behind the last. */
PyObject *ext_names(const char *(*name_of)(const void *of, size_t n, size_t i), const void *of,
                    size_t n);
/* Of a relaxation's id; NULL of 0. */
static inline const char *ext_relaxation_name(int id)
{
    return id ? anycert_relaxation_name(anycert_relaxation_by_id(id)) : NULL;
}

/* ---- short_diagnosis.c ---- */

int ext_short_diagnosis_init(PyObject *module, struct ext_state *state);
/* A ShortDiagnosis, which takes it over (on failure too); None for NULL. */
PyObject *ext_short_diagnosis_new(struct ext_state *state,
                                  struct anycert_short_diagnosis *diagnosis);

/* ---- doctor.c ---- */

int ext_doctor_init(PyObject *module, struct ext_state *state);
/* The Diagnosis of what a short one is about. The keywords are some of Doctor's. */
PyObject *ext_doctor_examine_for(struct ext_state *state,
                                 const struct anycert_short_diagnosis *diagnosis, PyObject *args,
                                 PyObject *kwargs);

/* ---- stream.c ---- */

int ext_stream_init(PyObject *module, struct ext_state *state);
/* Opens: a tuple of Response and Stream, or NULL. */
PyObject *ext_stream_open(struct ext_state *state, PyObject *client, PyObject *const *args);
/* Begins without waiting, for an event loop: a Stream, or NULL. */
PyObject *ext_stream_begin(struct ext_state *state, PyObject *client, PyObject *const *args);

/* ---- pending.c ---- */

/* One request of a batch, as something to await. */
struct ext_pending {
    PyObject_HEAD struct ext_state *state;
    struct ext_pending *next, *previous; /* in the batch */
    PyObject *batch;                     /* which it is in; NULL: in none */
    struct ext_request request;
    PyObject *args; /* as Client.send has them, a tuple */
    PyObject *loop;
    PyObject *waiter, *context; /* the task's callback and what it runs in; NULL: nobody waits */
    PyObject *value, *error;    /* either, when it is done */
    bool is_done;
    bool is_blocking; /* as asyncio has it: between `await` and the task's taking note of it */
};
int ext_pending_init(PyObject *module, struct ext_state *state);
/* A Pending that is in no batch yet. */
PyObject *ext_pending_new(struct ext_state *state, PyObject *loop, PyObject *args);
/* The end, with either of these, which it takes over: wakes who waits for it. Nothing if it was
 * cancelled before. Only where no task runs. -1 with an exception that has to leave the event loop.
 */
int ext_pending_end(struct ext_pending *self, PyObject *value, PyObject *error);
bool ext_pending_is_done(struct ext_pending *self);
/* The batch that it is in, NULL for none: a reference either way. */
void ext_pending_set_batch(struct ext_pending *self, PyObject *batch);
PyObject *ext_pending_batch(struct ext_pending *self);

/* ---- batch.c ---- */

int ext_batch_init(PyObject *module, struct ext_state *state);
/* Ends the request; nothing will come of it. */
void ext_batch_give_up(struct ext_pending *job);

/* ---- json.c ---- */

/* The value of a JSON text, as CPython's json reads it, if it is one of the plain kind; NULL
 * without an exception if it is not, and json has to say what it is. kept: the module's, or NULL.
 */
PyObject *ext_json_value(const char *text, size_t len, struct ext_kept *kept);
void ext_kept_clear(struct ext_kept *kept);
/* The value of a JSON text of the library's, which is freed; NULL is no memory. */
PyObject *ext_take_json(char *text);

#endif
