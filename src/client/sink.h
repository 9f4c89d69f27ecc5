/* client/sink.h — where a response's body goes: memory, a file, or the caller. */
#ifndef ANYCERT_CLIENT_SINK_H
#define ANYCERT_CLIENT_SINK_H

#include "client/resume.h"

struct anycert__sink {
    const struct anycert_request *request;
    struct anycert_response *response;
    struct anycert__file_writer *writer;
    struct anycert__resume *resume;      /* instead of the writer */
    bool repeat;                         /* the answer is of no use to it: from the beginning */
    bool counted;                        /* what was there before is in the body's size */
    uint64_t max;                        /* of the decompressed body; UINT64_MAX: none */
    bool follow;                         /* redirects are followed, and their bodies go nowhere */
    uint64_t discarded;                  /* bytes of such a body */
    const struct anycert_client *checks; /* whose call takes only some statuses; NULL: all go */
    bool aside; /* the body is in memory, as that of an answer that the call does not take */
    /* True of an answer that the caller will ask for once more: its body goes nowhere too. */
    bool (*again)(void *arg, const struct anycert__exchange *exchange);
    void *again_arg;
};

/* Opens the output file, if there is one, so that what cannot be written is known before anything
 * is sent. */
int anycert__sink_open(struct anycert__sink *sink, const struct anycert_client *client,
                       const struct anycert_request *request, struct anycert_response *response,
                       struct anycert_error *err);
/* Before each exchange: adds the fields that a continued download needs. 0, or -1 with NOMEM. */
int anycert__sink_ask(struct anycert__sink *sink, struct anycert__fields *headers,
                      struct anycert_error *err);
/* As the exchange's sink. */
int anycert__sink_take(void *arg, struct anycert__exchange *exchange, const void *bytes, size_t len,
                       struct anycert_error *err);
/* True of an answer whose body is the caller's: neither a redirect that is followed nor asked for
 * once more. */
bool anycert__sink_wants(const struct anycert__sink *sink,
                         const struct anycert__exchange *exchange);
/* The exchange has ended with result, and err if that is -1. 1: it has to be done again (err is
 * cleared), 0, or -1 with err. */
int anycert__sink_ended(struct anycert__sink *sink, const struct anycert__exchange *exchange,
                        int result, struct anycert_error *err);
/* The body is whole: gives the file its name. */
int anycert__sink_commit(struct anycert__sink *sink, struct anycert_error *err);
/* Nothing is left of what was not committed. */
void anycert__sink_close(struct anycert__sink *sink);

/* True if the response is a redirect that can be followed (RFC 9110 section 15.4). */
bool anycert__is_redirect(const struct anycert__exchange *exchange);

#endif
