#include "client/sink.h"

#include "base/mem.h"

#include <string.h>

bool anycert__is_redirect(const struct anycert__exchange *exchange)
{
    const char *location = NULL;

    switch (exchange->status) {
    case 301:
    case 302:
    case 303:
    case 307:
    case 308:
        /* An empty reference is the same URL again, and without an end: for browsers, curl and
         * Python's requests it leads nowhere. */
        location = anycert__fields_get(&exchange->fields, "Location", 0);
        return location && location[0];
    default:
        return false;
    }
}

int anycert__sink_open(struct anycert__sink *sink, const struct anycert_client *client,
                       const struct anycert_request *request, struct anycert_response *response,
                       struct anycert_error *err)
{
    const struct anycert_config *config = client->config;

    memset(sink, 0, sizeof *sink);
    sink->request = request;
    sink->response = response;
    sink->follow = config->max_redirects > 0;
    sink->max = config->body_bytes;
    if (sink->max == 0)
        sink->max = request->output_file || request->body_callback ? UINT64_MAX
                                                                   : ANYCERT__DEFAULT_BODY_BYTES;
    if (request->resume && !request->output_file)
        return anycert__fail(err, ANYCERT_E_USAGE,
                             "only a download into a file can go on where it ended");
    if (!request->output_file)
        return 0;
    if (request->resume)
        return anycert__resume_open(client, request, &sink->resume, err);
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

/* An answer that the call will not take is for its error handler to read, and for nobody's file. */
static bool goes_aside(const struct anycert__sink *sink, int status)
{
    return sink->checks && !sink->resume &&
           (sink->request->output_file || sink->request->body_callback) &&
           !anycert__is_accepted(sink->checks, sink->request, status);
}

int anycert__sink_ask(struct anycert__sink *sink, struct anycert__fields *headers,
                      struct anycert_error *err)
{
    sink->repeat = sink->counted = false;
    return sink->resume ? anycert__resume_ask(sink->resume, headers, err) : 0;
}

static int take_memory(struct anycert__sink *sink, const struct anycert__exchange *exchange,
                       const void *bytes, size_t len, struct anycert_error *err)
{
    if ((sink->resume || sink->aside) &&
        len > ANYCERT__DEFAULT_BODY_BYTES - sink->response->body.len)
        return anycert__fail(err, ANYCERT_E_BODY_TOO_LARGE,
                             "the body of an answer with status %d, which is kept in memory, is "
                             "too large",
                             exchange->status);
    return anycert__buf_add(&sink->response->body, bytes, len) < 0 ? anycert__fail_nomem(err) : 0;
}

/* Counts the bytes, what was there before first. */
static int count(struct anycert__sink *sink, struct anycert__exchange *exchange, uint64_t before,
                 size_t len, struct anycert_error *err)
{
    struct anycert_response *response = sink->response;

    if (!sink->counted) {
        sink->counted = true;
        response->body_size = exchange->received_before = before;
    }
    if (response->body_size > sink->max || len > sink->max - response->body_size)
        return too_large(sink, err);
    response->body_size += len;
    return 0;
}

static int take_part(struct anycert__sink *sink, struct anycert__exchange *exchange,
                     const void *bytes, size_t len, struct anycert_error *err)
{
    enum anycert__resume_use use = ANYCERT__RESUME_OTHER;

    if (anycert__resume_judge(sink->resume, exchange, &use, err) < 0)
        return -1;
    switch (use) {
    case ANYCERT__RESUME_WRITE:
        if (count(sink, exchange, anycert__resume_before(sink->resume), len, err) < 0)
            return -1;
        return anycert__resume_write(sink->resume, bytes, len, err);
    case ANYCERT__RESUME_IGNORE:
        return discard(sink, len, err);
    case ANYCERT__RESUME_OTHER:
        if (count(sink, exchange, 0, len, err) < 0)
            return -1;
        return take_memory(sink, exchange, bytes, len, err);
    case ANYCERT__RESUME_AGAIN:
        sink->repeat = true;
        break;
    }
    return anycert__fail(err, ANYCERT_E_STATE, "the download starts over");
}

bool anycert__sink_wants(const struct anycert__sink *sink, const struct anycert__exchange *exchange)
{
    return !(sink->follow && anycert__is_redirect(exchange)) &&
           !(sink->again && sink->again(sink->again_arg, exchange));
}

int anycert__sink_take(void *arg, struct anycert__exchange *exchange, const void *bytes, size_t len,
                       struct anycert_error *err)
{
    struct anycert__sink *sink = arg;

    if (!anycert__sink_wants(sink, exchange))
        return discard(sink, len, err);
    if (sink->resume)
        return take_part(sink, exchange, bytes, len, err);
    sink->aside = goes_aside(sink, exchange->status);
    if (count(sink, exchange, 0, len, err) < 0)
        return -1;
    if (sink->aside)
        return take_memory(sink, exchange, bytes, len, err);
    if (sink->writer)
        return anycert__file_writer_write(sink->writer, bytes, len, err);
    if (sink->request->body_callback) {
        if (sink->request->body_callback(sink->request->body_arg, bytes, len) != 0)
            return anycert__fail(err, ANYCERT_E_BODY_WRITE,
                                 "the receiver of the body stopped the transfer");
        return 0;
    }
    return take_memory(sink, exchange, bytes, len, err);
}

int anycert__sink_ended(struct anycert__sink *sink, const struct anycert__exchange *exchange,
                        int result, struct anycert_error *err)
{
    enum anycert__resume_use use = ANYCERT__RESUME_OTHER;

    /* A body that cannot be decoded may be a part that should not have been coded. */
    bool undecoded =
        result < 0 && exchange->status == 206 && err && err->code == ANYCERT_E_BODY_ENCODING;

    /* An answer without a body has not been looked at yet. */
    if ((result == 0 || undecoded) && sink->resume && anycert__sink_wants(sink, exchange)) {
        struct anycert_error trouble = {0};

        if (anycert__resume_judge(sink->resume, exchange, &use, &trouble) < 0 && result == 0) {
            result = -1;
            if (err)
                *err = trouble;
        }
        sink->repeat = use == ANYCERT__RESUME_AGAIN;
    }
    if (!sink->repeat)
        return result;
    anycert__error_clear(err);
    return 1;
}

/* Parts that make a whole together are an answer with status 200 (RFC 9110 section 15.3.7.3). */
static int commit_parts(struct anycert__sink *sink, struct anycert_error *err)
{
    struct anycert_response *response = sink->response;
    bool whole = false;
    uint64_t size = 0;
    char *reason = NULL;

    if (anycert__resume_commit(sink->resume, &whole, &size, err) < 0)
        return -1;
    if (!whole)
        return 0;
    response->body_size = size;
    if (response->status != 206 && response->status != 416)
        return 0;
    reason = anycert__strdup("OK");
    if (!reason)
        return anycert__fail_nomem(err);
    anycert__free(response->reason);
    response->reason = reason;
    response->status = 200;
    return 0;
}

int anycert__sink_commit(struct anycert__sink *sink, struct anycert_error *err)
{
    if (sink->resume)
        return commit_parts(sink, err);
    if (goes_aside(sink, sink->response->status))
        return 0;
    return sink->writer ? anycert__file_writer_commit(sink->writer, err) : 0;
}

void anycert__sink_close(struct anycert__sink *sink)
{
    anycert__file_writer_free(sink->writer);
    anycert__resume_close(sink->resume);
    sink->writer = NULL;
    sink->resume = NULL;
}
