/* http.h — the small HTTP/1.1 responder of the lab. */
#ifndef ANYCERT_LAB_HTTP_H
#define ANYCERT_LAB_HTTP_H

#include "lab/stream.h"

#define LAB__HEAD_MAX   65536 /* request line and header fields together */
#define LAB__FIELDS_MAX 256
#define LAB__BODY_KEPT  8192 /* of a request's body, its beginning */

struct lab__field {
    char *name;
    char *value;
};

/* One request; strings point into the connection's buffer. */
struct lab__request {
    char *method;
    char *target;
    char *path;  /* target without scheme, authority and query */
    char *query; /* behind the "?", or "" */
    int minor;   /* HTTP/1.minor */
    struct lab__field fields[LAB__FIELDS_MAX];
    size_t field_count;
    uint64_t body_len;
    unsigned char body_sha256[32];
    char body_start[LAB__BODY_KEPT];
    bool keep_alive;
};

/* What a route works with. It answers with the functions below and may leave `end` as it is. */
struct lab__exchange {
    struct lab__connection *connection;
    struct lab__stream *stream;
    struct lab__request *request;
    uint64_t number; /* of the request on its connection, from 1 */
    bool head;       /* no body may follow */
    enum lab__end {
        LAB__END_KEEP,    /* the connection may serve another request */
        LAB__END_CLOSE,   /* close_notify, then FIN */
        LAB__END_UNCLEAN, /* FIN alone */
    } end;
};

/* Serves requests until the client or a route ends the connection, then closes the stream. */
void lab__http_serve(struct lab__connection *connection, struct lab__stream *stream);

/* Value of the first header field of that name, or NULL. */
const char *lab__request_field(const struct lab__request *request, const char *name);

/* A whole answer: 0, else -1 and the connection is lost. `fields` are further header lines, each
 * ended by CRLF, or "". A NULL type leaves Content-Type out. */
int lab__respond(struct lab__exchange *exchange, int status, const char *type, const char *fields,
                 const void *body, size_t len);
/* Status line and header up to and with the empty line; `fields` must say how the body ends. */
int lab__respond_head(struct lab__exchange *exchange, int status, const char *type,
                      const char *fields);
/* The body, unless the method is HEAD. */
int lab__respond_body(struct lab__exchange *exchange, const void *data, size_t len);
/* A chunk of the chunked transfer coding; of 0 bytes: the last. */
int lab__respond_chunk(struct lab__exchange *exchange, const void *data, size_t len);

/* routes.c: answers the request; 0, else -1 and the connection is lost. */
int lab__route(struct lab__exchange *exchange, const char *path);

/* listing.c: a listing of so many items (decimal digits), page by page. */
int lab__listing(struct lab__exchange *exchange, const char *argument);

/* token.c: OAuth 2.0 client credentials; the argument is a token's lifetime in seconds. */
int lab__token(struct lab__exchange *exchange, const char *argument);
int lab__protected(struct lab__exchange *exchange, const char *argument);
int lab__revoke(struct lab__exchange *exchange, const char *argument);

#endif
