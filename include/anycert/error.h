/* error.h — how every function of anycert reports a failure.
 *
 * The structure belongs to the caller, lives on the stack, needs no freeing, and may be NULL
 * wherever a function takes one. Functions write it only when they fail; the deepest layer that
 * knows the cause writes the sentence, upper layers only put context in front of it.
 *
 * Threads: an error is for one thread at a time; give each thread its own. */
#ifndef ANYCERT_ERROR_H
#define ANYCERT_ERROR_H

#include <stddef.h>
#include <stdint.h>

#include <anycert/visibility.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Classes of errors; the values are the exit codes of the command line. They are listed, once, in
 * errors.def. */
enum anycert_error_class {
#define ANYCERT_ERROR_CLASS(name, exit_code, text) ANYCERT_CLASS_##name = (exit_code),
#include <anycert/errors.def>
};

/* Error codes. Numbers are stable and never reused; anycert_error_class_of() gives a code's class.
 * They are listed, once, in errors.def. */
enum anycert_error_code {
    ANYCERT_SUCCESS = 0, /* nothing failed */
#define ANYCERT_ERROR(name, number, class_name, text) ANYCERT_E_##name = (number),
#include <anycert/errors.def>
};

/* Bytes of a message, its NUL included. Longer ones are cut between characters. */
#define ANYCERT_ERROR_MESSAGE_SIZE 512

/* Start with `struct anycert_error err = {0};`. */
struct anycert_error {
    /* One of enum anycert_error_code; 0 while nothing failed. */
    int32_t code;
    /* errno of the failing system call, or 0. */
    int32_t os_errno;
    /* libcurl's CURLcode of the failing transfer, or 0. */
    int32_t transfer_code;
    /* OpenSSL's X509_V_ERR_… of the check that refused the peer, or 0. */
    int32_t x509_code;
    /* TLS alert description (RFC 8446 section 6) sent or received, or -1 for none. 0 is
     * close_notify; the field is only meaningful for the classes TRUST, TLS and PROXY. */
    int32_t tls_alert;
    /* 1 if the peer sent the alert, 0 if we did. */
    int32_t alert_from_peer;
    /* Zero. */
    int32_t reserved[4];
    /* One sentence, lower case, without a final full stop; never a secret, never raw bytes of the
     * peer (control bytes are escaped). */
    char message[ANYCERT_ERROR_MESSAGE_SIZE];
};

/* The class of a code, which is also the exit code of the command line; CLASS_INTERNAL for a number
 * that is no code, CLASS_OK for 0. Safe from any thread. */
ANYCERT_API int anycert_error_class_of(int code);

/* "TRUST_NAME" for ANYCERT_E_TRUST_NAME; "SUCCESS" for 0; NULL for a number that is no code. Static
 * string. Safe from any thread. */
ANYCERT_API const char *anycert_error_name(int code);

/* One-line meaning of a code; NULL for a number that is no code. Static string. Safe from any
 * thread. */
ANYCERT_API const char *anycert_error_meaning(int code);

#ifdef __cplusplus
}
#endif

#endif
