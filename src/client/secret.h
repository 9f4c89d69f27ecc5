/* client/secret.h — where a secret comes from: it stands in the text itself, in a file, in a
 * variable of the environment, or can be read from a descriptor. */
#ifndef ANYCERT_CLIENT_SECRET_H
#define ANYCERT_CLIENT_SECRET_H

#include "base/error.h"

enum anycert__secret_kind {
    ANYCERT__SECRET_TEXT = 0,
    ANYCERT__SECRET_FILE = 1,
    ANYCERT__SECRET_ENV = 2,
    ANYCERT__SECRET_FD = 3
};
struct anycert__secret {
    enum anycert__secret_kind kind;
    char *text; /* the secret, the path, the variable's name; what the descriptor gave */
    int fd;
};

/* The longest secret that a file or descriptor may hold. */
#define ANYCERT__SECRET_MAX (64u * 1024)

/* Who is asked meanwhile. */
struct anycert__secret_asking {
    const char *(*variable)(void *arg, const char *name); /* of the environment; NULL: there is none
                                                           */
    void *variable_arg;
    int (*interrupt)(void *arg); /* after a signal: not 0 gives up waiting for a descriptor; or NULL
                                  */
    void *interrupt_arg;
};

/* Reads it. Of a file or descriptor everything counts but a line end at its very end; a descriptor
 * is read once, and what it gave is kept. Free with anycert__free_secret. NULL with USAGE (it is
 * empty, has a NUL in it, or is not there), FILE, INTERRUPTED or NOMEM. */
char *anycert__secret_read(struct anycert__secret *secret,
                           const struct anycert__secret_asking *asking, struct anycert_error *err);

/* Where it comes from, for people: "(hidden)", "(file PATH)", "(variable NAME)", "(descriptor N)".
 * NULL with NOMEM. */
char *anycert__secret_show(const struct anycert__secret *secret, struct anycert_error *err);

/* Wipes the text. The structure may be all zero. */
void anycert__secret_clear(struct anycert__secret *secret);

#endif
