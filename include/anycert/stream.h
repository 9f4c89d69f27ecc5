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
