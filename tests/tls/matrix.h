/* matrix.h — one handshake of the library's own with a server of the lab, and what came of it in a
 * word. */
#ifndef ANYCERT_TESTS_TLS_MATRIX_H
#define ANYCERT_TESTS_TLS_MATRIX_H

#include <stddef.h>

#include "lab/lab.h"

#define MATRIX_OUTCOME 200

/* Shakes hands under a policy, asks for "/" and waits for the first byte of the answer. What came
 * of it: "ok"; or the name of the error, and behind a blank what it is about: the checks that
 * failed, comma-separated, the number of the alert, or OpenSSL's reason. Safe from many threads. */
void matrix_shake(const struct lab *lab, const struct lab_server *server, const char *policy,
                  char outcome[MATRIX_OUTCOME]);

/* Tries every pair of servers and policies and calls done for each, from several threads, in no
 * order. */
struct matrix_cell {
    const struct lab_server *server;
    char policy[200];
    char outcome[MATRIX_OUTCOME];
};
void matrix_shake_all(const struct lab *lab, struct matrix_cell *cells, size_t count);

#endif
