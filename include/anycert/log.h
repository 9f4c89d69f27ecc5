/* log.h — what a client does, as lines of a log.
 *
 *     static void on_log(void *arg, enum anycert_log_level level, const char *text, size_t len)
 *     {
 *         fprintf(arg, "%s: %.*s\n", anycert_log_level_name(level), (int)len, text);
 *     }
 *     …
 *     anycert_config_set_log(config, ANYCERT_LOG_INFO, on_log, logfile, &err);
 *
 * What is said at which level:
 *
 * - ERROR: a request that failed, and why; a server that the policy refuses.
 * - WARNING: a check that the policy relaxes, once for each host, port and reason of a client; a
 *   request that is made again.
 * - INFO: a request that has ended, with status, bytes and milliseconds; a redirect.
 * - DEBUG: a request that begins, and by which proxy; the link it went over and where its time
 *   went.
 *
 * Requests are those that go over the wire: each redirect, each repetition, and what authentication
 * asks for is one. No secret is in any line: users and passwords in URLs, and the values of query
 * parameters that are secrets (transfer.h), are hidden; headers and bodies are never shown. */
#ifndef ANYCERT_LOG_H
#define ANYCERT_LOG_H

#include <stddef.h>

#include <anycert/client.h>
#include <anycert/error.h>

#ifdef __cplusplus
extern "C" {
#endif

/* How much a line matters, and up to where lines are wanted. */
enum anycert_log_level {
    /* Nothing is logged. */
    ANYCERT_LOG_NONE = 0,
    /* Something that was asked for was not done. */
    ANYCERT_LOG_ERROR = 1,
    /* Something that should not stay so. */
    ANYCERT_LOG_WARNING = 2,
    /* What was done. */
    ANYCERT_LOG_INFO = 3,
    /* How it was done. */
    ANYCERT_LOG_DEBUG = 4
};
/* "error", "warning", "info", "debug"; "none" for anything else. Static. Safe from any thread. */
ANYCERT_API const char *anycert_log_level_name(enum anycert_log_level level);

/* Gets one line, without its end; it is not NUL-terminated, holds no control bytes, and lives until
 * the callback returns. Called on the thread that sends, so from several at once if a client is
 * used by several. */
typedef void anycert_log_callback(void *arg, enum anycert_log_level level, const char *text,
                                  size_t len);
/* Sets the callback, for lines up to a level; arg is handed to it. NULL, or NONE: none, which is
 * the default. -1 with USAGE for a level that there is not. */
ANYCERT_API ANYCERT_NODISCARD int anycert_config_set_log(struct anycert_config *config,
                                                         enum anycert_log_level max_level,
                                                         anycert_log_callback *callback, void *arg,
                                                         struct anycert_error *err);

#ifdef __cplusplus
}
#endif

#endif
