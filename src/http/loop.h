/* http/loop.h — many exchanges at once, for one thread at a time. Connections are shared by
 * exchanges that a pool would give the same connection to, and by no others; HTTP/2 carries many of
 * them at once where the server offers it.
 *
 *     start(…); start(…);
 *     while (running) { wait(…); while ((exchange = ended(&result, &err))) …; } */
#ifndef ANYCERT_HTTP_LOOP_H
#define ANYCERT_HTTP_LOOP_H

#include "http/exchange.h"

struct anycert__loop;
/* For up to so many exchanges at once (more are served, but not all their connections kept). The
 * http object outlives it. NULL with NOMEM or INTERNAL. */
struct anycert__loop *anycert__loop_new(struct anycert__http *http, unsigned concurrency,
                                        struct anycert_error *err);
/* Gives up what is under way and closes everything. NULL is a no-op. */
void anycert__loop_free(struct anycert__loop *loop);

/* Begins an exchange, which is borrowed until it has ended or was cancelled. 0, or -1 with the
 * failure: it has ended then. Its callbacks are called by anycert__loop_wait and must not call back
 * into the loop. */
int anycert__loop_start(struct anycert__loop *loop, struct anycert__exchange *exchange,
                        struct anycert_error *err);
/* Gives up an exchange; its connection is closed if nobody else is on it. */
void anycert__loop_cancel(struct anycert__loop *loop, const struct anycert__exchange *exchange);
/* Moves things on, waiting up to so many milliseconds (-1: for ever) for something to happen; not
 * at all if an exchange has ended already. It may return early. */
void anycert__loop_wait(struct anycert__loop *loop, int64_t timeout_ms);
/* An exchange that has ended, with what anycert__http_exchange would have returned; each of them
 * once. NULL: there is none now. In a child process, what the parent had begun ends with
 * INTERRUPTED. */
struct anycert__exchange *anycert__loop_ended(struct anycert__loop *loop, int *result,
                                              struct anycert_error *err);

/* The exchange's hold has ended: what waits for that comes with the next wait. */
void anycert__loop_resume(struct anycert__loop *loop, struct anycert__exchange *exchange);
/* Fills in version and timings of an exchange whose header is there, and gives copies of the
 * reports of its links; NULL where there is no TLS. 0, or -1 with NOMEM. */
int anycert__loop_look(struct anycert__loop *loop, struct anycert__exchange *exchange,
                       struct anycert_report **report, struct anycert_report **proxy_report,
                       struct anycert_error *err);

/* How many have been started and not yet been given out by anycert__loop_ended. */
size_t anycert__loop_running(const struct anycert__loop *loop);
/* A descriptor that is readable when anycert__loop_wait has something to do, for another event
 * loop; and after how many milliseconds it has in any case (-1: never). The descriptor is another
 * one after a fork. */
int anycert__loop_fd(struct anycert__loop *loop);
int64_t anycert__loop_timeout_ms(struct anycert__loop *loop);

#endif
