/* child.h — other people's servers, started by a test and stopped by their process id.
 *
 * A child dies with the test, however that ends. Its output goes to a file, which is shown when it
 * fails to start. Everything here fails the test (cmocka) instead of returning errors, unless it
 * says otherwise. One thread. */
#ifndef ANYCERT_TESTS_SUPPORT_CHILD_H
#define ANYCERT_TESTS_SUPPORT_CHILD_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct child_plan {
    const char *const
        *argv; /* NULL-terminated; argv[0] is a path, or a name to be found in PATH or an sbin */
    const char *folder; /* working folder; NULL: the test's */
    const char *log;    /* path of the file that takes its output; it is emptied first */
    const char *const *environment; /* its whole environment, NULL-terminated; NULL: the test's */
    /* Started by root, it runs as nobody, and the folder with its files is given to it. (A program
     * that drops root's rights by itself would outlive the test.) */
    bool unprivileged;
    bool keep_input; /* it ends at the end of its input: leave that open as long as it lives */
    /* It is ready when 127.0.0.1:port takes a connection (0: not asked) and its log has the text
     * (NULL: not asked). */
    uint16_t port;
    const char *ready_text;
    unsigned patience_ms; /* how long to wait for that; 0: 30 s */
};

struct child;
/* Starts it and waits until it is ready. NULL, with its log on stderr, if it ends before (a port
 * may have been taken in the meantime: try another) or is not ready in time. */
struct child *child_try(const struct child_plan *plan);
/* The same, but the test fails. */
struct child *child_start(const struct child_plan *plan);
/* SIGTERM; SIGKILL after a while; waits for its end. NULL is a no-op. */
void child_stop(struct child *child);
pid_t child_pid(const struct child *child);
/* Runs a program to its end; its exit status, 128 + n for signal n. Only argv, folder, log and
 * environment count. */
int child_run(const struct child_plan *plan);

/* The whole log of a child or program, NUL-terminated; free it. "" if there is none. */
char *child_log(const char *path);

#endif
