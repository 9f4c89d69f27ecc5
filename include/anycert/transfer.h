/* transfer.h — more about transfers: downloads that go on where they ended, limits of one request,
 * expectations, and secrets in URLs.
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
 * FILE where FILE.part is somebody else's. */
ANYCERT_API ANYCERT_NODISCARD int anycert_request_set_resume(struct anycert_request *request,
                                                             int resume, struct anycert_error *err);

/* Secrets in URLs: what is not shown.
 *
 * Traces, logs, archives and what lies beside a download hide user and password of a URL, and the
 * values of query parameters under names that are widely used for secrets (token, access_token,
 * api_key, apikey, key, password, secret, client_secret, sig, signature and the like). */

/* Another such name, without regard to case. -1 with USAGE if it is empty. */
ANYCERT_API ANYCERT_NODISCARD int anycert_config_add_secret_param(struct anycert_config *config,
                                                                  const char *name,
                                                                  struct anycert_error *err);

#ifdef __cplusplus
}
#endif

#endif
