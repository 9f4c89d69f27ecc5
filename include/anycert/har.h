/* har.h — an archive of everything that clients send and receive, as an HTTP Archive 1.2 (HAR),
 * which browsers and many tools can show.
 *
 *     struct anycert_har *har = anycert_har_new(&err);
 *     anycert_config_set_har(config, har, &err);
 *     … requests with a client of this configuration …
 *     anycert_har_write(har, "trace.har", &err);
 *     anycert_har_free(har);
 *
 * It has an entry for each request that went over the wire, redirects, repetitions and those of
 * authentication included, and for those that failed before an answer: their status is 0, and
 * "_error" says why. Headers are as they were sent and received, lines beyond 4 KiB cut. Secrets
 * are not in it: the values of Authorization, Cookie, Set-Cookie and of secret headers (client.h),
 * of secret query parameters (transfer.h) and user and password in URLs read "(hidden)". Bodies are
 * not in it, only their sizes and types.
 *
 * Beside the standard's fields: "_report" says what policy was in force for the link, its verdict,
 * what was relaxed, and whether the peer was authenticated; "_reused" that the connection was there
 * already.
 *
 * Threads: safe from any thread, but for anycert_har_free. */
#ifndef ANYCERT_HAR_H
#define ANYCERT_HAR_H

#include <stddef.h>
#include <stdint.h>

#include <anycert/client.h>
#include <anycert/error.h>

#ifdef __cplusplus
extern "C" {
#endif

/* The archive. */
struct anycert_har;

/* Empty. NULL with NOMEM. */
ANYCERT_API ANYCERT_NODISCARD struct anycert_har *anycert_har_new(struct anycert_error *err);
/* Gives it up; configurations and clients that have it keep it alive until they are freed. NULL is
 * a no-op. */
ANYCERT_API void anycert_har_free(struct anycert_har *har);

/* How many entries are kept at most, the newest (default 10000); at least 1. -1 with USAGE. */
ANYCERT_API ANYCERT_NODISCARD int anycert_har_set_max_entries(struct anycert_har *har, size_t max,
                                                              struct anycert_error *err);
/* Has the bodies of requests in it, too, up to max bytes each of those that are in memory; 0, the
 * default: none. In bodies that are forms (application/x-www-form-urlencoded), parameters that are
 * secrets are hidden as in URLs; other bodies are kept as they are, secrets and all. Bodies that
 * are declared secret (anycert_request_set_secret_body) and those of token requests are left out.
 */
ANYCERT_API ANYCERT_NODISCARD int
anycert_har_set_request_bodies(struct anycert_har *har, size_t max, struct anycert_error *err);

/* Records the requests of clients made from config. NULL: none, which is the default. */
ANYCERT_API ANYCERT_NODISCARD int anycert_config_set_har(struct anycert_config *config,
                                                         struct anycert_har *har,
                                                         struct anycert_error *err);

/* How many entries there are. */
ANYCERT_API size_t anycert_har_count(struct anycert_har *har);
/* The archive as JSON. Free with anycert_free. NULL with NOMEM. */
ANYCERT_API ANYCERT_NODISCARD char *anycert_har_json(struct anycert_har *har,
                                                     struct anycert_error *err);
/* Writes it to a file, which appears whole or not at all, with mode 0600. -1 with FILE, NOMEM. */
ANYCERT_API ANYCERT_NODISCARD int anycert_har_write(struct anycert_har *har, const char *path,
                                                    struct anycert_error *err);

#ifdef __cplusplus
}
#endif

#endif
