/* client/sigv4.h — signatures of the AWS Signature Version 4 process, in header fields.
 *
 * Source: "Signature Version 4 signing process" in the AWS General Reference. */
#ifndef ANYCERT_CLIENT_SIGV4_H
#define ANYCERT_CLIENT_SIGV4_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "http/fields.h"

struct anycert__sigv4_keys {
    const char *access_key, *secret, *session_token; /* the last may be NULL */
    const char *region, *service;
};
struct anycert__sigv4_request {
    const char *method;
    const char *url;  /* as anycert__sigv4_url has made it */
    const char *host; /* as its field says: with the port unless it is the scheme's own */
    const struct anycert__field *headers;
    size_t header_count;
    const char *payload; /* SHA-256 of the body in hexadecimal, or UNSIGNED-PAYLOAD */
    int64_t now;
};

/* True for S3 and its kin, whose paths are encoded once and which want the body's digest in a field
 * of its own. */
bool anycert__sigv4_is_s3(const char *service);
/* The URL as it has to be sent, so that the service's reading of it and ours cannot differ: its
 * query, for S3 its path too, percent-encoded in AWS's one way. NULL with NOMEM or URL. */
char *anycert__sigv4_url(const char *service, const char *url, struct anycert_error *err);
/* Appends Authorization and what goes with it. Signed are host, every field of the request but
 * those that proxies change, and our own. 0, or -1 with NOMEM or INTERNAL. */
int anycert__sigv4_sign(const struct anycert__sigv4_keys *keys,
                        const struct anycert__sigv4_request *request, struct anycert__fields *out,
                        struct anycert_error *err);
/* The canonical request, for tests: what is signed, with our own fields among the request's. */
void anycert__sigv4_canonical(const struct anycert__sigv4_keys *keys,
                              const struct anycert__sigv4_request *request,
                              struct anycert__buf *out);

#define ANYCERT__SIGV4_UNSIGNED "UNSIGNED-PAYLOAD"

#endif
