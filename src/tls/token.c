#include "tls/token.h"
#include "tls/token_module.h"

#include "base/file.h"
#include "base/mem.h"

#include <pthread.h>
#include <string.h>
#include <unistd.h>

#define MAX_PIN       4096
#define MAX_ATTRIBUTE (1u << 20)

struct anycert__token {
    const struct ck_functions *f;
    struct anycert__token_uri uri;
    char *pin;
    pthread_mutex_t mutex; /* over all below, and over the use of the session */
    bool has_session;
    ck_session session;
    pid_t owner;      /* the process that opened the session */
    bool pin_refused; /* never tried again: that would lock the token */
    bool key_known;
    ck_object key;
    bool asks_each_time; /* the key wants the PIN for each signature */
};

static int fail(ck_rv rv, const char *what, struct anycert_error *err)
{
    char text[ANYCERT__CK_TEXT_SIZE];

    return anycert__fail(err, ANYCERT_E_CLIENT_CERT, "%s: %s", what, anycert__ck_text(rv, text));
}

/* ---- login */

static int fail_login(struct anycert__token *token, ck_rv rv, struct anycert_error *err)
{
    switch (rv) {
    case CKR_PIN_INCORRECT:
    case CKR_PIN_INVALID:
    case CKR_PIN_LEN_RANGE:
        token->pin_refused = true;
        return anycert__fail(err, ANYCERT_E_CLIENT_CERT, "the PIN of the token is wrong");
    case CKR_PIN_LOCKED:
        token->pin_refused = true;
        return anycert__fail(err, ANYCERT_E_CLIENT_CERT,
                             "the PIN of the token is locked after too many wrong ones");
    case CKR_PIN_EXPIRED:
        token->pin_refused = true;
        return anycert__fail(err, ANYCERT_E_CLIENT_CERT, "the PIN of the token has expired");
    case CKR_USER_PIN_NOT_INITIALIZED:
        return anycert__fail(err, ANYCERT_E_CLIENT_CERT, "the token has no PIN set yet");
    default:
        return fail(rv, "the token refuses the login", err);
    }
}

static ck_rv say_pin(struct anycert__token *token, ck_ulong user)
{
    return token->f->login(token->session, user, (unsigned char *)token->pin,
                           (ck_ulong)strlen(token->pin));
}

static int login(struct anycert__token *token, const struct ck_token_info *info,
                 struct anycert_error *err)
{
    ck_rv rv = CKR_OK;

    if (token->pin_refused)
        return anycert__fail(err, ANYCERT_E_CLIENT_CERT,
                             "the token has refused its PIN before, and is not asked again");
    if (!token->pin && !(info->flags & CKF_LOGIN_REQUIRED))
        return 0;
    if (!token->pin)
        return anycert__fail(
            err, ANYCERT_E_CLIENT_CERT,
            info->flags & CKF_PROTECTED_AUTHENTICATION_PATH
                ? "the token wants its PIN on a keypad of its own, where nobody is "
                  "asked by this program"
                : "the token wants a PIN, and none was given");
    if (info->flags & CKF_USER_PIN_LOCKED)
        return fail_login(token, CKR_PIN_LOCKED, err);
    rv = say_pin(token, CKU_USER);
    return rv == CKR_OK || rv == CKR_USER_ALREADY_LOGGED_IN ? 0 : fail_login(token, rv, err);
}

/* With the mutex held, as everything below but for the functions of token.h. */
static void close_session(struct anycert__token *token)
{
    if (token->has_session && token->owner == getpid())
        (void)token->f->close_session(token->session);
    token->has_session = token->key_known = false;
}

static int open_session(struct anycert__token *token, struct anycert_error *err)
{
    struct ck_token_info info = {0};
    ck_slot slot = 0;
    ck_rv rv = CKR_OK;

    if (anycert__token_slot(token->f, &token->uri, &slot, &info, err) < 0)
        return -1;
    rv = token->f->open_session(slot, CKF_SERIAL_SESSION, NULL, NULL, &token->session);
    if (rv != CKR_OK)
        return fail(rv, "the token opens no session", err);
    token->has_session = true;
    token->owner = getpid();
    if (login(token, &info, err) == 0)
        return 0;
    close_session(token);
    return -1;
}

/* A child process has to begin anew (PKCS#11 section 5.4); what it has inherited is its parent's.
 */
static int need_session(struct anycert__token *token, struct anycert_error *err)
{
    ck_rv rv = CKR_OK;

    if (token->has_session && token->owner == getpid())
        return 0;
    if (token->has_session) {
        close_session(token);
        rv = anycert__token_module_initialize(token->f);
        if (rv != CKR_OK)
            return fail(rv, "the PKCS#11 module cannot be initialised after a fork", err);
    }
    return open_session(token, err);
}

/* ---- birth and death */

static int read_pin_file(const char *path, char **out, struct anycert_error *err)
{
    size_t len = 0;
    size_t first = 0;

    if (anycert__file_read(path, MAX_PIN, ANYCERT_E_CLIENT_CERT, "PIN file", out, &len, err) < 0)
        return -1;
    first = strcspn(*out, "\r\n");
    anycert__wipe(*out + first, len - first); /* what is behind it may be secret, too */
    return 0;
}

static int choose_pin(struct anycert__token *token, const char *pin, struct anycert_error *err)
{
    const struct anycert__token_uri *uri = &token->uri;

    if (pin && (uri->pin_value || uri->pin_file))
        return anycert__fail(err, ANYCERT_E_USAGE,
                             "the PIN is given twice, in the URI and beside it");
    if (uri->pin_file)
        return read_pin_file(uri->pin_file, &token->pin, err);
    if (!pin)
        pin = uri->pin_value;
    token->pin = anycert__strdup(pin);
    return pin && !token->pin ? anycert__fail_nomem(err) : 0;
}

struct anycert__token *anycert__token_open(struct anycert__token_uri *uri, const char *pin,
                                           struct anycert_error *err)
{
    struct anycert__token *token = anycert__calloc(1, sizeof *token);

    if (!token || pthread_mutex_init(&token->mutex, NULL) != 0) {
        anycert__free(token);
        anycert__fail_nomem(err);
        return NULL;
    }
    token->uri = *uri;
    memset(uri, 0, sizeof *uri);
    if (choose_pin(token, pin, err) == 0) {
        token->f = anycert__token_module(&token->uri, err);
        if (token->f && open_session(token, err) == 0)
            return token;
    }
    anycert__token_free(token);
    return NULL;
}

void anycert__token_free(struct anycert__token *token)
{
    if (!token)
        return;
    if (token->f)
        close_session(token); /* the last one of a process logs it out */
    anycert__token_uri_clear(&token->uri);
    anycert__free_secret(token->pin);
    pthread_mutex_destroy(&token->mutex);
    anycert__free(token);
}

/* ---- objects */

/* Templates want pointers that are not const, and change nothing. */
static struct ck_attribute attribute(ck_ulong type, const void *value, size_t len)
{
    union {
        const void *in;
        void *out;
    } u = {.in = value};

    return (struct ck_attribute){.type = type, .value = u.out, .len = (ck_ulong)len};
}

static ck_rv find(struct anycert__token *token, const struct anycert__token_query *query,
                  ck_object *out, size_t max, size_t *count)
{
    static const ck_ulong x509 = CKC_X_509;
    struct ck_attribute template[5];
    ck_ulong used = 0;
    ck_ulong found = 0;
    ck_rv rv = CKR_OK;

    *count = 0;
    template[used++] = attribute(CKA_CLASS, &query->class, sizeof query->class);
    if (query->class == CKO_CERTIFICATE)
        template[used++] = attribute(CKA_CERTIFICATE_TYPE, &x509, sizeof x509);
    if (query->id)
        template[used++] = attribute(CKA_ID, query->id, query->id_len);
    if (query->label)
        template[used++] = attribute(CKA_LABEL, query->label, query->label_len);
    if (query->subject)
        template[used++] = attribute(CKA_SUBJECT, query->subject, query->subject_len);
    rv = token->f->find_objects_init(token->session, template, used);
    if (rv != CKR_OK)
        return rv;
    do { /* a module may give fewer at a time than there are */
        rv = token->f->find_objects(token->session, out + *count, (ck_ulong)(max - *count), &found);
        if (rv == CKR_OK && found <= max - *count)
            *count += found;
    } while (rv == CKR_OK && found > 0 && *count < max);
    (void)token->f->find_objects_final(token->session);
    return rv;
}

int anycert__token_find(struct anycert__token *token, const struct anycert__token_query *query,
                        ck_object *out, size_t max, size_t *count, struct anycert_error *err)
{
    ck_rv rv = CKR_OK;

    pthread_mutex_lock(&token->mutex);
    rv = find(token, query, out, max, count);
    pthread_mutex_unlock(&token->mutex);
    return rv == CKR_OK ? 0 : fail(rv, "the token cannot be searched", err);
}

int anycert__token_attribute(struct anycert__token *token, ck_object object, ck_ulong type,
                             unsigned char **out, size_t *len, struct anycert_error *err)
{
    struct ck_attribute wanted = {.type = type};
    ck_rv rv = CKR_OK;
    int result = 0;

    *out = NULL;
    *len = 0;
    pthread_mutex_lock(&token->mutex);
    rv = token->f->get_attribute_value(token->session, object, &wanted, 1);
    if (rv != CKR_OK || wanted.len == 0 || wanted.len > MAX_ATTRIBUTE)
        goto out; /* it has none */
    *out = anycert__calloc(1, wanted.len);
    if (!*out) {
        result = anycert__fail_nomem(err);
        goto out;
    }
    wanted.value = *out;
    rv = token->f->get_attribute_value(token->session, object, &wanted, 1);
    *len = (size_t)wanted.len;
    if (rv != CKR_OK || wanted.len > MAX_ATTRIBUTE) {
        anycert__free(*out);
        *out = NULL;
        *len = 0;
        result = fail(rv, "an object of the token cannot be read", err);
    }
out:
    pthread_mutex_unlock(&token->mutex);
    return result;
}

/* ---- signing */

static ck_rv need_key(struct anycert__token *token, const struct anycert__token_query *query)
{
    unsigned char always = 0;
    struct ck_attribute wanted = attribute(CKA_ALWAYS_AUTHENTICATE, &always, sizeof always);
    size_t count = 0;
    ck_rv rv = CKR_OK;

    if (token->key_known)
        return CKR_OK;
    rv = find(token, query, &token->key, 1, &count);
    if (rv != CKR_OK || count == 0)
        return rv != CKR_OK ? rv : CKR_KEY_HANDLE_INVALID;
    token->key_known = true;
    rv = token->f->get_attribute_value(token->session, token->key, &wanted, 1);
    token->asks_each_time = rv == CKR_OK && always && token->pin;
    return CKR_OK;
}

static ck_rv sign_once(struct anycert__token *token, const struct anycert__token_query *query,
                       const struct anycert__token_task *task, unsigned char *signature,
                       size_t *len)
{
    struct ck_attribute pss = attribute(0, task->pss, task->pss ? sizeof *task->pss : 0);
    struct ck_attribute data = attribute(0, task->bytes, task->len);
    struct ck_mechanism mechanism = {task->mechanism, pss.value, pss.len};
    ck_ulong room = (ck_ulong)*len;
    ck_rv rv = need_key(token, query);

    if (rv == CKR_OK)
        rv = token->f->sign_init(token->session, &mechanism, token->key);
    if (rv == CKR_OK && token->asks_each_time && !token->pin_refused)
        rv = say_pin(token, CKU_CONTEXT_SPECIFIC);
    if (rv == CKR_OK)
        rv = token->f->sign(token->session, data.value, data.len, signature, &room);
    if (rv == CKR_OK)
        *len = (size_t)room;
    return rv;
}

/* What a token says that was pulled and put back, or a module that was closed by others. */
static bool is_worth_a_new_session(ck_rv rv)
{
    return rv == CKR_SESSION_CLOSED || rv == CKR_SESSION_HANDLE_INVALID ||
           rv == CKR_DEVICE_REMOVED || rv == CKR_TOKEN_NOT_PRESENT ||
           rv == CKR_USER_NOT_LOGGED_IN || rv == CKR_KEY_HANDLE_INVALID ||
           rv == CKR_OBJECT_HANDLE_INVALID || rv == CKR_CRYPTOKI_NOT_INITIALIZED;
}

static int sign(struct anycert__token *token, const struct anycert__token_query *query,
                const struct anycert__token_task *task, unsigned char *signature, size_t *len,
                struct anycert_error *err)
{
    ck_rv rv = CKR_OK;

    for (int tries = 0; tries < 2; tries++) {
        if (need_session(token, err) < 0)
            return -1;
        rv = sign_once(token, query, task, signature, len);
        if (rv == CKR_OK)
            return 0;
        if (!is_worth_a_new_session(rv))
            break;
        close_session(token);
        if (rv == CKR_CRYPTOKI_NOT_INITIALIZED)
            (void)anycert__token_module_initialize(token->f);
    }
    if (rv == CKR_PIN_INCORRECT || rv == CKR_PIN_LOCKED)
        return fail_login(token, rv, err);
    return fail(rv, "the token does not sign", err);
}

int anycert__token_sign(struct anycert__token *token, const struct anycert__token_query *query,
                        const struct anycert__token_task *task, unsigned char *signature,
                        size_t *len, struct anycert_error *err)
{
    int result = -1;

    pthread_mutex_lock(&token->mutex);
    result = sign(token, query, task, signature, len, err);
    pthread_mutex_unlock(&token->mutex);
    return result;
}
