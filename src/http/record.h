/* http/record.h — puts a wire record together from what libcurl says during a transfer. Inside of
 * the http layer. */
#ifndef ANYCERT_HTTP_RECORD_H
#define ANYCERT_HTTP_RECORD_H

#include "http/lane.h"
#include "http/wire.h"

struct anycert__recorder;

/* NULL with want of memory. settings say what is secret. */
struct anycert__recorder *anycert__recorder_new(const struct anycert__http_settings *settings);
void anycert__recorder_free(struct anycert__recorder *recorder);
/* An exchange begins; whatever was recorded before is forgotten. */
void anycert__recorder_begin(struct anycert__recorder *recorder);
/* A line of a header, sent (kind '>') or received ('<'), without its line end; the empty one ends
 * the header. wire_len is what it took on the wire. */
void anycert__recorder_line(struct anycert__recorder *recorder, char kind, const char *line,
                            size_t len, size_t wire_len);
/* Bytes of a body. */
void anycert__recorder_body(struct anycert__recorder *recorder, char kind, size_t len);
/* It has ended: reads from the handle what libcurl knows. */
const struct anycert__wire *anycert__recorder_end(struct anycert__recorder *recorder, CURL *easy);

#endif
