/* client/resume.h — a download that goes on where the one before it ended (RFC 9110 section 14).
 *
 * What came so far stays in FILE.part; FILE.part.json says of which URL and which version it is a
 * part. Only a strong validator (RFC 9110 section 8.8.1) can tell that the rest belongs to it, so
 * without one, and whenever anything is odd, the download starts over. */
#ifndef ANYCERT_CLIENT_RESUME_H
#define ANYCERT_CLIENT_RESUME_H

#include "base/partial.h"
#include "client/internal.h"

struct anycert__resume;

/* Opens the parts of request's output file. 0, or -1 with FILE, USAGE, NOMEM. */
int anycert__resume_open(const struct anycert_client *client, const struct anycert_request *request,
                         struct anycert__resume **out, struct anycert_error *err);
/* Before each exchange: adds the fields that ask for the rest. 0, or -1 with NOMEM. */
int anycert__resume_ask(struct anycert__resume *resume, struct anycert__fields *headers,
                        struct anycert_error *err);

/* What an answer is to the download. */
enum anycert__resume_use {
    ANYCERT__RESUME_WRITE,  /* its body belongs into the file */
    ANYCERT__RESUME_IGNORE, /* the file is whole already: its body goes nowhere */
    ANYCERT__RESUME_OTHER,  /* another answer than the file, such as an error */
    ANYCERT__RESUME_AGAIN   /* no use for it: ask again, from the beginning */
};
/* Judges the answer whose header has come, once for each exchange; the answer stays the same. 0, or
 * -1 with FILE, HTTP_PROTOCOL. */
int anycert__resume_judge(struct anycert__resume *resume, const struct anycert__exchange *exchange,
                          enum anycert__resume_use *use, struct anycert_error *err);
/* Bytes that were there before the answer's. */
uint64_t anycert__resume_before(const struct anycert__resume *resume);
int anycert__resume_write(struct anycert__resume *resume, const void *bytes, size_t len,
                          struct anycert_error *err);
/* After the last exchange: gives the file its name, if this answer made it whole. *whole says
 * whether it did. -1 with FILE, BODY_TRUNCATED. */
int anycert__resume_commit(struct anycert__resume *resume, bool *whole, uint64_t *size,
                           struct anycert_error *err);
/* Keeps what can be continued and removes the rest. NULL is a no-op. */
void anycert__resume_close(struct anycert__resume *resume);

#endif
