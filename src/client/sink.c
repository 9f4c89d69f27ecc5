#include "client/sink.h"

#include <string.h>

bool anycert__is_redirect(const struct anycert__exchange *exchange)
{
    switch (exchange->status) {
    case 301:
    case 302:
    case 303:
    case 307:
    case 308:
        return anycert__fields_get(&exchange->fields, "Location", 0) != NULL;
    default:
        return false;
    }
}

int anycert__sink_open(struct anycert__sink *sink, const struct anycert_config *config,
                       const struct anycert_request *request, struct anycert_response *response,
                       struct anycert_error *err)
{
    memset(sink, 0, sizeof *sink);
    sink->request = request;
    sink->response = response;
    sink->follow = config->max_redirects > 0;
    sink->max = config->body_bytes;
    if (sink->max == 0)
        sink->max = request->output_file || request->body_callback ? UINT64_MAX
                                                                   : ANYCERT__DEFAULT_BODY_BYTES;
    if (!request->output_file)
        return 0;
    return anycert__file_writer_open(request->output_file, &sink->writer, err);
}

static int too_large(const struct anycert__sink *sink, struct anycert_error *err)
{
    return anycert__fail(err, ANYCERT_E_BODY_TOO_LARGE,
                         "the body is larger than %llu bytes (decompressed)",
                         (unsigned long long)sink->max);
}

static int discard(struct anycert__sink *sink, size_t len, struct anycert_error *err)
{
    sink->discarded += len;
    return sink->discarded > ANYCERT__DEFAULT_BODY_BYTES
               ? anycert__fail(err, ANYCERT_E_BODY_TOO_LARGE,
                               "the body of an answer that nobody asked for is too large")
               : 0;
}

int anycert__sink_take(void *arg, struct anycert__exchange *exchange, const void *bytes, size_t len,
                       struct anycert_error *err)
{
    struct anycert__sink *sink = arg;
    struct anycert_response *response = sink->response;

    if ((sink->follow && anycert__is_redirect(exchange)) ||
        (sink->again && sink->again(sink->again_arg, exchange)))
        return discard(sink, len, err);
    if (len > sink->max - response->body_size)
        return too_large(sink, err);
    response->body_size += len;
    if (sink->writer)
        return anycert__file_writer_write(sink->writer, bytes, len, err);
    if (sink->request->body_callback) {
        if (sink->request->body_callback(sink->request->body_arg, bytes, len) != 0)
            return anycert__fail(err, ANYCERT_E_BODY_WRITE,
                                 "the receiver of the body stopped the transfer");
        return 0;
    }
    return anycert__buf_add(&response->body, bytes, len) < 0 ? anycert__fail_nomem(err) : 0;
}

int anycert__sink_commit(struct anycert__sink *sink, struct anycert_error *err)
{
    return sink->writer ? anycert__file_writer_commit(sink->writer, err) : 0;
}

void anycert__sink_close(struct anycert__sink *sink)
{
    anycert__file_writer_free(sink->writer);
    sink->writer = NULL;
}
