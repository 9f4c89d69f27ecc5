/* transfer.h — more about transfers: downloads that go on where they ended, limits of one request,
 * expectations, cookies, secrets in headers and URLs, and clients that make none.
 *
 * Threads: as client.h says of the objects. Every setter returns 0, or -1 with USAGE (or the code
 * it names) or NOMEM. */
#ifndef ANYCERT_TRANSFER_H
#define ANYCERT_TRANSFER_H

#include <stddef.h>
#include <stdint.h>

#include <anycert/client.h>
#include <anycert/error.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Downloads: going on where the last try ended.
 *
 * What came of a body that was interrupted stays in FILE.part beside the output file, and
 * FILE.part.json says of which URL (without its secrets) and which version. The next try asks for
 * the rest (Range and If-Range, RFC 9110 sections 13.1.5 and 14.2), and appends it if it is exactly
 * that. FILE appears only when it is whole, and both are gone then. */

/* 1: a GET whose body goes to an output file (anycert_request_set_output_file) goes on there.
 * Default 0. Only a strong validator (an ETag that is not weak, or without any a Last-Modified that
 * is a minute older than the answer) proves that the rest belongs to what is there: without one
 * nothing is kept. Another URL, another version, another range, a compressed part, and a FILE.part
 * that was written to by somebody else start the download over, from the beginning. Bodies are
 * asked for without compression, unless the request has an Accept-Encoding of its own.
 *
 * A body that was put together is a response with status 200; its hops say 206, or 416 if nothing
 * was missing any more. An answer with another status, such as 404, leaves both files alone, and
 * its body is kept in memory. One process at a time: FILE.part is locked (flock). -1 with USAGE for
 * another method; sending fails with USAGE without an output file or with a Range header, and with
 * FILE where FILE.part is somebody else's, or has bytes that no FILE.part.json speaks of. */
ANYCERT_API ANYCERT_NODISCARD int anycert_request_set_resume(struct anycert_request *request,
                                                             int resume, struct anycert_error *err);

/* Limits of one request: instead of its client's. */

/* Time limits in milliseconds, as anycert_config_set_timeouts has them for all requests. 0, the
 * default: the client's; UINT32_MAX: none. A client's budget of time cuts them all the same. */
ANYCERT_API ANYCERT_NODISCARD int anycert_request_set_timeouts(struct anycert_request *request,
                                                               uint32_t connect_ms,
                                                               uint32_t total_ms, uint32_t stall_ms,
                                                               struct anycert_error *err);

/* How many redirects are followed for this request: 0 to 1000, or -1, the default, for as many as
 * its client follows (anycert_config_set_max_redirects). */
ANYCERT_API ANYCERT_NODISCARD int anycert_request_set_max_redirects(struct anycert_request *request,
                                                                    int max,
                                                                    struct anycert_error *err);

/* Expectations: asking a server before a body is sent to it (RFC 9110 section 10.1.1).
 *
 * With Expect: 100-continue the body of an HTTP/1.1 request waits until the server says that it
 * wants it, or says nothing for a while: one that is going to refuse does so at once, and no body
 * is sent for nothing. A server that refuses to be asked (417) gets the request once more without.
 * Asked or not, an answer that comes while a body is being sent (401, 413) is the answer; the rest
 * of the body is not sent then, and the connection is closed. */

/* How long a body waits, in milliseconds: every body that is not empty. 0, the default: those of
 * more than 1 MiB and of unknown size wait for a second, others not at all. UINT32_MAX: none does.
 * A request's own Expect header goes before. */
ANYCERT_API ANYCERT_NODISCARD int anycert_config_set_expect_continue(struct anycert_config *config,
                                                                     uint32_t wait_ms,
                                                                     struct anycert_error *err);

/* 1 if a header of that name is always a secret (see anycert_config_add_secret_header), whatever
 * its letters' case; 0 for NULL. For programs that send what they have received, or follow
 * redirects themselves. Safe from any thread. */
ANYCERT_API int anycert_is_secret_header(const char *name);

/* Cookies: what servers set, and get back (RFC 6265).
 *
 * Off by default. A client that keeps cookies has them in memory, for all its requests and threads:
 * they go where domain, path and Secure say, over redirects too, those with longer paths first and
 * then the older ones, and nobody sets them for a public suffix (co.uk, github.io). As everywhere,
 * ports do not keep cookies apart, and Secure ones go to http://localhost, too; no other answer
 * over http sets one, nor takes the place of one or takes it away (RFC 6265bis section 5.7). They
 * are never in a trace, log or archive, and the secret guard (client.h) counts them among the
 * secrets. Of one answer 50 count, and 150 go with a request, of 8190 bytes in all, as with curl.
 * Servers have at most 180 kept for one domain, and 3300 in all, as browsers do: then the oldest
 * goes, a Secure one only for a Secure one. What callers add or load is not limited.
 *
 * A request with a Cookie header of its own sends that and nothing else (a value of NULL: no
 * cookies at all); what the answer sets is kept all the same, and after a redirect the client's
 * cookies go instead. A request with a Host header of its own neither sends cookies nor learns any.
 *
 * Cookies of a peer that nobody has authenticated may be an attacker's, and cookies sent to it may
 * become his. So they are kept apart by what the policy promises: where it lets anybody in for the
 * request's own origin alone (such as self-signed or wrong-host), other origins, met by redirect,
 * have cookies of their own, which are neither listed nor saved; none cross from one to the other.
 * Under a policy file, those of hosts whose entry lets anybody in are listed and saved behind the
 * line "# of peers that were not authenticated"; what stands behind it goes to such hosts alone.
 * What was learned over such links is written to a file only by anycert_client_save_cookies. */

/* 1: clients keep cookies. Default 0. */
ANYCERT_API ANYCERT_NODISCARD int
anycert_config_set_cookies(struct anycert_config *config, int cookies, struct anycert_error *err);

/* Adds a cookie as if url had set it: "NAME=VALUE; Path=/; Secure" and so on, as behind Set-Cookie.
 * An expired one (Max-Age=0) takes one of the same name, domain and path away. -1 with USAGE if it
 * may not be set, as over http in place of a Secure one, URL, NOMEM. Safe from any thread, as are
 * those below; all give USAGE if the client keeps no cookies. */
ANYCERT_API ANYCERT_NODISCARD int anycert_client_add_cookie(struct anycert_client *client,
                                                            const char *set_cookie, const char *url,
                                                            struct anycert_error *err);
/* All cookies in the Netscape format, which curl and wget read: one on each line, seven fields with
 * tabs between them. They are secrets. Free with anycert_free. NULL with NOMEM. */
ANYCERT_API ANYCERT_NODISCARD char *anycert_client_cookies(struct anycert_client *client,
                                                           struct anycert_error *err);
/* Adds the cookies of a file in that format, all of them or none. -1 with FILE, or USAGE that has
 * the number of a line that is no cookie, or one for a public suffix. */
ANYCERT_API ANYCERT_NODISCARD int anycert_client_load_cookies(struct anycert_client *client,
                                                              const char *path,
                                                              struct anycert_error *err);
/* Writes them to a file, which appears whole or not at all, with mode 0600. -1 with FILE, NOMEM. */
ANYCERT_API ANYCERT_NODISCARD int anycert_client_save_cookies(struct anycert_client *client,
                                                              const char *path,
                                                              struct anycert_error *err);

/* Secrets in URLs: what is not shown.
 *
 * Traces, logs, archives and what lies beside a download hide user and password of a URL, and the
 * values of query parameters under names that are widely used for secrets (token, access_token,
 * api_key, apikey, key, password, secret, client_secret, sig, signature and the like). */

/* Another such name, without regard to case. -1 with USAGE if it is empty. */
ANYCERT_API ANYCERT_NODISCARD int anycert_config_add_secret_param(struct anycert_config *config,
                                                                  const char *name,
                                                                  struct anycert_error *err);

/* curl: the same request as a command line.
 *
 * For a second opinion, a report to a vendor, or a reader who knows curl. It is a script for a
 * POSIX shell: first lines that begin with '#', which say what curl cannot say or does otherwise
 * (most relaxations, the secret guard, hooks of the program, whom redirects show secrets), then the
 * command, in which every byte is quoted.
 *
 * Secrets are not in it: passwords, tokens, keys, the values of Authorization, Cookie and secret
 * headers (client.h), of secret query parameters,
 * fields of forms and members of JSON under such names (above), and bodies that are declared secret
 * (anycert_request_set_secret_body). In their places stand variables of the shell, such as
 * "${ANYCERT_PASSWORD:?}"; a line "# set ANYCERT_PASSWORD: ..." tells what has to be in each. The
 * shell calls nothing while one of them is not set. Any other body is shown as it is. Bodies of
 * more than 64 KiB, and parts of a form that are no text, are files that variables name.
 *
 * Cookies of the client (save them, and add --cookie FILE) and what callbacks give are not in it.
 * curl is told to ignore its configuration files and the proxies of the environment, as the client
 * does. */

/* The request as the client would send it now, as a command for curl 7.88 and later. Nothing is
 * sent, and no callback called; client and request stay as they are. Free with anycert_free. NULL
 * with NOMEM. Safe from any thread. */
ANYCERT_API ANYCERT_NODISCARD char *
anycert_client_curl_command(const struct anycert_client *client,
                            const struct anycert_request *request, struct anycert_error *err);

/* 1: the client only looks (anycert_client_handshake): every request of it is an error (USAGE), and
 * it shows no client certificate. As a handshake gives nothing away, its policy may go above the
 * administrator's ceiling, anycert-ceiling(5). 0 is the default; -1 with USAGE for other values. */
ANYCERT_API ANYCERT_NODISCARD int anycert_config_set_look_only(struct anycert_config *config,
                                                               int look_only,
                                                               struct anycert_error *err);
/* Asked in the thread that calls anycert_client_handshake, ten times a second and more while it
 * waits: anything but 0 ends the handshake with INTERRUPTED. Requests have a callback of their own
 * (anycert_request_set_progress). NULL, the default: nobody is asked. */
ANYCERT_API void anycert_config_set_interrupt(struct anycert_config *config,
                                              int (*asked)(void *arg), void *arg);

#ifdef __cplusplus
}
#endif

#endif
