#include "client/secret.h"

#include "base/buf.h"
#include "base/file.h"
#include "base/mem.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

/* Everything up to the end of the descriptor, which stays open: it is the caller's. */
static int read_descriptor(int fd, const struct anycert__secret_asking *asking, char **out,
                           size_t *len, struct anycert_error *err)
{
    char *text = anycert__malloc(ANYCERT__SECRET_MAX + 2);
    size_t used = 0;
    int result = -1;

    if (!text)
        return anycert__fail_nomem(err);
    for (;;) {
        ssize_t n = read(fd, text + used, ANYCERT__SECRET_MAX + 1 - used);

        if (n < 0 && errno == EINTR) {
            if (!asking->interrupt || asking->interrupt(asking->interrupt_arg) == 0)
                continue;
            anycert__fail(err, ANYCERT_E_INTERRUPTED, "interrupted while descriptor %d was read",
                          fd);
            break;
        }
        if (n < 0) {
            anycert__fail_errno(err, ANYCERT_E_FILE, errno, "descriptor %d cannot be read", fd);
            break;
        }
        used += (size_t)n;
        if (used > ANYCERT__SECRET_MAX) {
            anycert__fail(err, ANYCERT_E_FILE, "descriptor %d gives more than %u bytes", fd,
                          ANYCERT__SECRET_MAX);
            break;
        }
        if (n == 0) {
            text[used] = '\0';
            result = 0;
            break;
        }
    }
    if (result == 0) {
        *out = text;
        *len = used;
        return 0;
    }
    anycert__wipe(text, used);
    anycert__free(text);
    return -1;
}

/* Takes the line end off. NULL with err; text is freed then. */
static char *trim(char *text, size_t len, const char *what, struct anycert_error *err)
{
    const char *fault = NULL;
    size_t kept = len;

    if (kept > 0 && text[kept - 1] == '\n')
        kept--;
    if (kept > 0 && text[kept - 1] == '\r')
        kept--;
    if (kept == 0)
        fault = "is empty";
    else if (memchr(text, '\0', kept))
        fault = "has a NUL byte in it";
    if (!fault) {
        text[kept] = '\0';
        return text;
    }
    anycert__fail(err, ANYCERT_E_USAGE, "%s %s", what, fault);
    anycert__wipe(text, len);
    anycert__free(text);
    return NULL;
}

static char *read_variable(const char *name, const struct anycert__secret_asking *asking,
                           struct anycert_error *err)
{
    const char *value = asking->variable ? asking->variable(asking->variable_arg, name) : NULL;
    char *copy = NULL;

    if (!asking->variable)
        anycert__fail(err, ANYCERT_E_USAGE,
                      "variable %s cannot be read: no environment was given to the library", name);
    else if (!value || !*value)
        anycert__fail(err, ANYCERT_E_USAGE, "variable %s is %s", name, value ? "empty" : "not set");
    else if (!(copy = anycert__strdup(value)))
        anycert__fail_nomem(err);
    return copy;
}

char *anycert__secret_read(struct anycert__secret *secret,
                           const struct anycert__secret_asking *asking, struct anycert_error *err)
{
    char *text = NULL;
    size_t len = 0;

    switch (secret->kind) {
    case ANYCERT__SECRET_TEXT:
        text = anycert__strdup(secret->text);
        if (!text)
            anycert__fail_nomem(err);
        return text;
    case ANYCERT__SECRET_FILE:
        if (anycert__file_read(secret->text, ANYCERT__SECRET_MAX, ANYCERT_E_FILE, "file", &text,
                               &len, err) < 0)
            return NULL;
        return trim(text, len, secret->text, err);
    case ANYCERT__SECRET_ENV:
        return read_variable(secret->text, asking, err);
    case ANYCERT__SECRET_FD:
        if (!secret->text) {
            if (read_descriptor(secret->fd, asking, &text, &len, err) < 0)
                return NULL;
            secret->text = trim(text, len, "what the descriptor gives", err);
            if (!secret->text)
                return NULL;
        }
        text = anycert__strdup(secret->text);
        if (!text)
            anycert__fail_nomem(err);
        return text;
    }
    return NULL;
}

char *anycert__secret_show(const struct anycert__secret *secret, struct anycert_error *err)
{
    struct anycert__buf out;
    char *text = NULL;

    anycert__buf_init(&out, 8192);
    switch (secret->kind) {
    case ANYCERT__SECRET_TEXT:
        anycert__buf_adds(&out, "(hidden)");
        break;
    case ANYCERT__SECRET_FILE:
        anycert__buf_addf(&out, "(file %s)", secret->text);
        break;
    case ANYCERT__SECRET_ENV:
        anycert__buf_addf(&out, "(variable %s)", secret->text);
        break;
    case ANYCERT__SECRET_FD:
        anycert__buf_addf(&out, "(descriptor %d)", secret->fd);
        break;
    }
    text = anycert__buf_take(&out, "name of a secret", err);
    anycert__buf_free(&out);
    return text;
}

void anycert__secret_clear(struct anycert__secret *secret)
{
    anycert__free_secret(secret->text);
    memset(secret, 0, sizeof *secret);
}
