/* stream.h — an answer that is read piece by piece, by whoever asks for the pieces.
 *
 *     if (anycert_client_open(client, request, &stream, &response, &err) == 0 &&
 *         anycert_response_status(response) == 200)
 *         while ((count = anycert_stream_read(stream, buffer, sizeof buffer, &err)) > 0) …
 *     anycert_stream_close(stream);
 *     anycert_response_free(response);
 *
 * anycert_request_set_body_callback() gives a body away as it comes; a stream waits to be asked.
 * What it has not been asked for stays with the server: no more than about 64 KiB are taken in
 * advance (and what one block of compressed bytes holds). So a body may be larger than memory, or
 * have no end at all.
 *
 * Everything that holds for anycert_client_send() holds for a stream: policy, redirects, retries
 * (until the header is there), limits. Connections are kept for the client's next streams.
 *
 * A program with an event loop of its own begins with anycert_stream_new(), which waits for
 * nothing, and asks anycert_stream_ready() before it takes the answer, and before each read:
 *
 *     stream = anycert_stream_new(client, request, &err);
 *     … until anycert_stream_ready(stream): wait for anycert_stream_fd(stream) to be readable, at
 *       most anycert_stream_timeout_ms(stream), and ask again …
 *     anycert_stream_answer(stream, &response, &err) …
 *     … until anycert_stream_ready(stream): as above …
 *     count = anycert_stream_read(stream, buffer, sizeof buffer, &err) … and so on
 *
 * Nothing moves but inside of these functions: whoever reads slowly, or not at all, is sent no
 * more.
 *
 * Threads: one at a time for each stream; a client may serve many at once. In a child process a
 * stream of the parent's ends with INTERRUPTED. */
#ifndef ANYCERT_STREAM_H
#define ANYCERT_STREAM_H

#include <stddef.h>
#include <stdint.h>

#include <anycert/client.h>
#include <anycert/error.h>

#ifdef __cplusplus
extern "C" {
#endif

/* An answer under way. */
struct anycert_stream;

/* Sends the request, and returns once the header of the answer is there, redirects followed. 0:
 * *stream has the body, and *response is the answer as far as it is known: status, headers, hops,
 * reports, and no body. Both are the caller's, whichever is freed first. -1: no stream, and error
 * and *response are as anycert_client_send() gives them; besides, USAGE for a request whose body is
 * to go somewhere else (anycert_request_set_output_file, _body_callback). Client and request have
 * to outlive the stream, and the request must not be changed meanwhile. */
ANYCERT_API ANYCERT_NODISCARD int anycert_client_open(struct anycert_client *client,
                                                      const struct anycert_request *request,
                                                      struct anycert_stream **stream,
                                                      struct anycert_response **response,
                                                      struct anycert_error *err);

/* A stream of which nothing has been sent yet: that begins with the first call of
 * anycert_stream_ready() or anycert_stream_answer(). Client and request as with
 * anycert_client_open(), and callbacks of both run in those calls. NULL with USAGE (likewise),
 * INTERNAL or NOMEM. To be ended with anycert_stream_close(). */
ANYCERT_API ANYCERT_NODISCARD struct anycert_stream *
anycert_stream_new(struct anycert_client *client, const struct anycert_request *request,
                   struct anycert_error *err);
/* Does all that can be done without waiting. 1: what comes next is there, so that
 * anycert_stream_answer(), or after it anycert_stream_read(), will not wait, whether it is bytes,
 * the end or a failure. 0: not yet, whether bytes are waited for, the next try or the rate limit.
 */
ANYCERT_API ANYCERT_NODISCARD int anycert_stream_ready(struct anycert_stream *stream);
/* After anycert_stream_ready() has said 0: a descriptor that is readable when it has something to
 * do again. It belongs to the stream, may only be waited for, and is another one after a fork. */
ANYCERT_API int anycert_stream_fd(struct anycert_stream *stream);
/* After how many milliseconds anycert_stream_ready() has to be called even if the descriptor is not
 * readable: 0 for at once, -1 for never. */
ANYCERT_API int64_t anycert_stream_timeout_ms(struct anycert_stream *stream);
/* Waits for the header of the answer, redirects followed, unless it is there. 0: *response is as
 * anycert_client_open() gives it. -1 with error and *response as that would; USAGE when it is
 * called again. */
ANYCERT_API ANYCERT_NODISCARD int anycert_stream_answer(struct anycert_stream *stream,
                                                        struct anycert_response **response,
                                                        struct anycert_error *err);

/* Waits for bytes of the body, decompressed, and copies up to size (at least 1) of them. How many
 * there are; 0 at the end of a whole body; -1 with an error, after all bytes that came before it,
 * and the same error from then on. The time between two calls counts as no silence, but for the
 * limit of the whole request. */
ANYCERT_API ANYCERT_NODISCARD int64_t anycert_stream_read(struct anycert_stream *stream,
                                                          void *buffer, size_t size,
                                                          struct anycert_error *err);

/* Gives up what has not been read; its connection is closed then, else kept. NULL is a no-op. */
ANYCERT_API void anycert_stream_close(struct anycert_stream *stream);

#ifdef __cplusplus
}
#endif

#endif
