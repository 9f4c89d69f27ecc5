/* http/decode.h — content codings (RFC 9110 section 8.4) taken off a body as it comes, with zlib,
 * brotli and zstd. Not libcurl's own decoder, which takes a compressed stream that breaks off for a
 * whole one. */
#ifndef ANYCERT_HTTP_DECODE_H
#define ANYCERT_HTTP_DECODE_H

#include <stddef.h>

#include "base/error.h"
#include "http/fields.h"

/* What is asked for, and understood; x-gzip is the same as gzip. */
#define ANYCERT__CODINGS "gzip, deflate, br, zstd"

struct anycert__decoder;

/* For the codings that Content-Encoding names; *out is NULL if there are none. Words that are no
 * coding that is asked for count for nothing. host is for messages, and borrowed. 0, or -1 with
 * BODY_ENCODING (more than two codings) or NOMEM. */
int anycert__decoder_new(const struct anycert__fields *fields, const char *host,
                         struct anycert__decoder **out, struct anycert_error *err);
void anycert__decoder_free(struct anycert__decoder *decoder);

/* Gets decoded bytes: 0, or -1 with err filled, which ends the decoding with that error. */
typedef int anycert__decoder_give(void *arg, const void *bytes, size_t len,
                                  struct anycert_error *err);

/* Decodes some of the body and gives what comes of it, in parts of a bounded size. -1 with
 * BODY_ENCODING, NOMEM, or the error of give. */
int anycert__decoder_take(struct anycert__decoder *decoder, const void *bytes, size_t len,
                          anycert__decoder_give *give, void *arg, struct anycert_error *err);
/* At the end of the body: -1 with BODY_ENCODING if the end of a compressed stream is missing. */
int anycert__decoder_finish(const struct anycert__decoder *decoder, struct anycert_error *err);

#endif
