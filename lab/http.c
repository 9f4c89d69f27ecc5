/* Requests in, answers out. Robust rather than complete: HTTP/1.0 and 1.1, Content-Length and
 * chunked bodies, Expect: 100-continue, keep-alive. */
#include "lab/http.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define LINE_MAX_LEN 4096 /* of chunk sizes and trailer fields */

enum outcome { OK, LOST, TOO_LARGE, BAD };

struct session {
    struct lab__stream *stream;
    EVP_MD_CTX *digest;
    size_t start; /* read and not yet used: between start and end */
    size_t end;
    char buffer[LAB__HEAD_MAX];
    char head[LAB__HEAD_MAX + 1]; /* the request's strings live here */
    struct lab__request request;
};

static enum outcome fill(struct session *session)
{
    if (session->start > 0) {
        memmove(session->buffer, session->buffer + session->start, session->end - session->start);
        session->end -= session->start;
        session->start = 0;
    }
    if (session->end == sizeof(session->buffer)) {
        return TOO_LARGE;
    }
    ssize_t got = lab__stream_read(session->stream, session->buffer + session->end,
                                   sizeof(session->buffer) - session->end, LAB__IDLE_MS);
    if (got <= 0) {
        return LOST;
    }
    session->end += (size_t)got;
    return OK;
}

/* Copies everything up to the empty line to `head`, NUL-terminated, each line with its CRLF. */
static enum outcome read_head(struct session *session)
{
    for (;;) {
        const char *from = session->buffer + session->start;
        /* A client that speaks TLS to a plain port waits for an answer before it says more. */
        if (session->end > session->start && (*from < 'A' || *from > 'z')) {
            return BAD;
        }
        const char *empty = memmem(from, session->end - session->start, "\r\n\r\n", 4);
        if (empty != NULL) {
            size_t len = (size_t)(empty - from) + 2;
            memcpy(session->head, from, len);
            session->head[len] = '\0';
            session->start += len + 2;
            return strlen(session->head) == len ? OK : BAD;
        }
        enum outcome outcome = fill(session);
        if (outcome != OK) {
            return outcome;
        }
    }
}

/* Cuts one line out of a text of lines that all end with CRLF; NULL at the end. */
static char *next_line(char **text)
{
    char *line = *text;
    char *end = strstr(line, "\r\n");

    if (end == NULL) {
        return NULL;
    }
    *end = '\0';
    *text = end + 2;
    return line;
}

/* A target may be in absolute form, as clients send it to a proxy. */
static void split_target(struct lab__request *request, char *copy)
{
    static char empty[] = "";
    char *scheme_end = strstr(copy, "://");
    char *query;

    request->path = copy;
    if (copy[0] != '/' && scheme_end != NULL) {
        char *slash = strchr(scheme_end + 3, '/');
        request->path = slash != NULL ? slash : empty;
    }
    query = strchr(request->path, '?');
    request->query = empty;
    if (query != NULL) {
        *query = '\0';
        request->query = query + 1;
    }
}

static enum outcome parse_request_line(struct lab__request *request, char *line)
{
    char *target = strchr(line, ' ');
    char *version = target != NULL ? strchr(target + 1, ' ') : NULL;

    if (version == NULL || target == line || version == target + 1) {
        return BAD;
    }
    *target++ = '\0';
    *version++ = '\0';
    if (strcmp(version, "HTTP/1.1") != 0 && strcmp(version, "HTTP/1.0") != 0) {
        return BAD;
    }
    request->method = line;
    request->target = target;
    request->minor = version[7] - '0';
    request->keep_alive = request->minor == 1;
    return OK;
}

static enum outcome parse_field(struct lab__request *request, char *line)
{
    char *colon = strchr(line, ':');
    char *value;
    size_t len;

    /* No space before the colon, hence no folded line either (RFC 9112, 5.1 and 5.2). */
    if (colon == NULL || colon == line || strcspn(line, " \t") < (size_t)(colon - line)) {
        return BAD;
    }
    if (request->field_count == LAB__FIELDS_MAX) {
        return TOO_LARGE;
    }
    *colon = '\0';
    value = colon + 1 + strspn(colon + 1, " \t");
    len = strlen(value);
    while (len > 0 && (value[len - 1] == ' ' || value[len - 1] == '\t')) {
        value[--len] = '\0';
    }
    request->fields[request->field_count++] = (struct lab__field){line, value};
    return OK;
}

const char *lab__request_field(const struct lab__request *request, const char *name)
{
    for (size_t i = 0; i < request->field_count; i++) {
        if (strcasecmp(request->fields[i].name, name) == 0) {
            return request->fields[i].value;
        }
    }
    return NULL;
}

static bool field_has(const struct lab__request *request, const char *name, const char *word)
{
    const char *value = lab__request_field(request, name);

    return value != NULL && strcasestr(value, word) != NULL;
}

static enum outcome parse_head(struct session *session)
{
    struct lab__request *request = &session->request;
    char *text = session->head;
    char *line = next_line(&text);
    enum outcome outcome;

    memset(request, 0, sizeof(*request));
    if (line == NULL || parse_request_line(request, line) != OK) {
        return BAD;
    }
    while ((line = next_line(&text)) != NULL) {
        outcome = parse_field(request, line);
        if (outcome != OK) {
            return outcome;
        }
    }
    if (field_has(request, "Connection", "close")) {
        request->keep_alive = false;
    } else if (field_has(request, "Connection", "keep-alive")) {
        request->keep_alive = true;
    }
    return OK;
}

/* Counts and digests some of the body, and keeps its beginning. */
static void take_body(struct session *session, size_t len)
{
    struct lab__request *request = &session->request;
    const char *from = session->buffer + session->start;

    if (request->body_len < LAB__BODY_KEPT) {
        size_t room = LAB__BODY_KEPT - (size_t)request->body_len;
        memcpy(request->body_start + request->body_len, from, len < room ? len : room);
    }
    EVP_DigestUpdate(session->digest, from, len);
    session->start += len;
    request->body_len += len;
}

static enum outcome read_body_of(struct session *session, uint64_t len)
{
    while (len > 0) {
        size_t there = session->end - session->start;
        if (there == 0) {
            enum outcome outcome = fill(session);
            if (outcome != OK) {
                return outcome;
            }
            continue;
        }
        if (there > len) {
            there = (size_t)len;
        }
        take_body(session, there);
        len -= there;
    }
    return OK;
}

/* A short line of the chunked coding, without its CRLF. */
static enum outcome read_line(struct session *session, char line[LINE_MAX_LEN])
{
    for (;;) {
        const char *from = session->buffer + session->start;
        const char *end = memmem(from, session->end - session->start, "\r\n", 2);
        if (end != NULL) {
            size_t len = (size_t)(end - from);
            if (len >= LINE_MAX_LEN) {
                return BAD;
            }
            memcpy(line, from, len);
            line[len] = '\0';
            session->start += len + 2;
            return OK;
        }
        enum outcome outcome = fill(session);
        if (outcome != OK) {
            return outcome;
        }
    }
}

static enum outcome read_body_chunked(struct session *session)
{
    char line[LINE_MAX_LEN];
    enum outcome outcome;

    for (;;) {
        outcome = read_line(session, line);
        if (outcome != OK) {
            return outcome;
        }
        size_t digits = strspn(line, "0123456789abcdefABCDEF");
        if (digits == 0 || digits > 15) {
            return BAD;
        }
        uint64_t size = strtoull(line, NULL, 16);
        if (size == 0) {
            break;
        }
        outcome = read_body_of(session, size);
        if (outcome == OK) {
            outcome = read_line(session, line);
        }
        if (outcome != OK || line[0] != '\0') {
            return outcome != OK ? outcome : BAD;
        }
    }
    do {
        outcome = read_line(session, line);
    } while (outcome == OK && line[0] != '\0');
    return outcome;
}

static enum outcome read_body(struct session *session)
{
    static const char go_on[] = "HTTP/1.1 100 Continue\r\n\r\n";
    const struct lab__request *request = &session->request;
    const char *length = lab__request_field(request, "Content-Length");
    bool chunked = field_has(request, "Transfer-Encoding", "chunked");
    unsigned digest_len = 0;
    enum outcome outcome = OK;

    if (!EVP_DigestInit_ex(session->digest, NULL, NULL)) {
        return LOST;
    }
    if ((chunked || length != NULL) && field_has(request, "Expect", "100-continue") &&
        lab__stream_write(session->stream, go_on, sizeof(go_on) - 1) != 0) {
        return LOST;
    }
    if (chunked) {
        outcome = read_body_chunked(session);
    } else if (length != NULL) {
        size_t digits = strspn(length, "0123456789");
        if (digits == 0 || digits > 18 || length[digits] != '\0') {
            return BAD;
        }
        outcome = read_body_of(session, strtoull(length, NULL, 10));
    }
    EVP_DigestFinal_ex(session->digest, session->request.body_sha256, &digest_len);
    return outcome;
}

static const char *reason_of(int status)
{
    static const struct {
        int status;
        const char *reason;
    } reasons[] = {
        {200, "OK"},          {201, "Created"},       {202, "Accepted"},  {204, "No Content"},
        {206, "Partial"},     {416, "No Such Range"}, {301, "Moved"},     {302, "Found"},
        {303, "See Other"},   {304, "Not Modified"},  {307, "Temporary"}, {308, "Permanent"},
        {400, "Bad Request"}, {401, "Unauthorized"},  {403, "Forbidden"}, {404, "Not Found"},
        {405, "Not Allowed"}, {429, "Too Many"},      {431, "Too Large"}, {500, "Server Error"},
        {502, "Bad Gateway"}, {503, "Unavailable"},
    };

    for (size_t i = 0; i < sizeof(reasons) / sizeof(reasons[0]); i++) {
        if (reasons[i].status == status) {
            return reasons[i].reason;
        }
    }
    return "Whatever";
}

/* Formats the head; its length, or -1 if it does not fit. */
static int format_head(const struct lab__exchange *exchange, char *out, size_t size, int status,
                       const char *type, const char *length, const char *fields)
{
    int len =
        snprintf(out, size, "HTTP/1.1 %d %s\r\nServer: anycert-lab\r\n%s%s%s%s%s%s\r\n", status,
                 reason_of(status), type != NULL ? "Content-Type: " : "", type != NULL ? type : "",
                 type != NULL ? "\r\n" : "",
                 exchange->end != LAB__END_KEEP ? "Connection: close\r\n" : "", length, fields);

    return len >= 0 && (size_t)len < size ? len : -1;
}

int lab__respond_head(struct lab__exchange *exchange, int status, const char *type,
                      const char *fields)
{
    char head[8192];
    int len = format_head(exchange, head, sizeof(head), status, type, "", fields);

    return len > 0 ? lab__stream_write(exchange->stream, head, (size_t)len) : -1;
}

int lab__respond_body(struct lab__exchange *exchange, const void *data, size_t len)
{
    return exchange->head ? 0 : lab__stream_write(exchange->stream, data, len);
}

int lab__respond_chunk(struct lab__exchange *exchange, const void *data, size_t len)
{
    char size[24];
    int size_len = snprintf(size, sizeof(size), len > 0 ? "%zx\r\n" : "%zx\r\n\r\n", len);

    if (lab__respond_body(exchange, size, (size_t)size_len) != 0) {
        return -1;
    }
    if (len == 0) {
        return 0;
    }
    return lab__respond_body(exchange, data, len) == 0 ? lab__respond_body(exchange, "\r\n", 2)
                                                       : -1;
}

/* One write for head and body where they fit, so that small answers leave in one TLS record. */
int lab__respond(struct lab__exchange *exchange, int status, const char *type, const char *fields,
                 const void *body, size_t len)
{
    char all[8192];
    bool bodiless = status == 204 || status == 304;
    char length[48] = "";

    if (!bodiless) {
        snprintf(length, sizeof(length), "Content-Length: %zu\r\n", len);
    }
    int head = format_head(exchange, all, sizeof(all), status, type, length, fields);
    if (head < 0) {
        return -1;
    }
    if (bodiless || exchange->head) {
        len = 0;
    }
    if (len > 0 && len <= sizeof(all) - (size_t)head) {
        memcpy(all + head, body, len);
        return lab__stream_write(exchange->stream, all, (size_t)head + len);
    }
    return lab__stream_write(exchange->stream, all, (size_t)head) == 0
               ? lab__stream_write(exchange->stream, body, len)
               : -1;
}

static void refuse(struct lab__exchange *exchange, enum outcome outcome)
{
    static const char text[] = "the lab does not understand this request\n";

    exchange->end = LAB__END_CLOSE;
    (void)lab__respond(exchange, outcome == TOO_LARGE ? 431 : 400, "text/plain", "", text,
                       sizeof(text) - 1);
}

/* One request and its answer: true if the connection goes on. */
static bool serve_one(struct session *session, struct lab__exchange *exchange)
{
    const struct lab_server *server = exchange->connection->server;
    const char *always = server->recipe->always;
    enum outcome outcome = read_head(session);
    char target[LAB__HEAD_MAX + 1];

    exchange->end = LAB__END_CLOSE;
    exchange->head = false;
    if (outcome == OK) {
        outcome = parse_head(session);
    }
    if (outcome == OK) {
        snprintf(target, sizeof(target), "%s", session->request.target);
        split_target(&session->request, target);
        outcome = read_body(session);
    }
    if (outcome != OK) {
        if (outcome != LOST) {
            refuse(exchange, outcome);
        }
        return false;
    }
    atomic_fetch_add(&server->stats->requests, 1);
    exchange->number++;
    if ((server->recipe->shake & LAB__SHAKE_OTHER_CERT) && exchange->number == 1 &&
        (SSL_use_certificate(exchange->stream->ssl, server->other_leaf) != 1 ||
         SSL_use_PrivateKey(exchange->stream->ssl, server->other_key) != 1)) {
        exchange->end = LAB__END_UNCLEAN;
        return false;
    }
    if ((server->recipe->shake & LAB__SHAKE_ASK_LATE) && exchange->number == 1 &&
        lab__stream_ask_late(exchange->stream, LAB__IDLE_MS) != 0) {
        exchange->end = LAB__END_UNCLEAN;
        return false;
    }
    exchange->head = strcmp(session->request.method, "HEAD") == 0;
    exchange->end = session->request.keep_alive ? LAB__END_KEEP : LAB__END_CLOSE;
    if (lab__route(exchange, always != NULL ? always : session->request.path) != 0) {
        exchange->end = LAB__END_UNCLEAN;
    }
    return exchange->end == LAB__END_KEEP;
}

void lab__http_serve(struct lab__connection *connection, struct lab__stream *stream)
{
    struct session *session = calloc(1, sizeof(*session));
    struct lab__exchange exchange = {.connection = connection, .stream = stream};

    if (session != NULL) {
        session->stream = stream;
        session->digest = EVP_MD_CTX_new();
        exchange.request = &session->request;
    }
    if (session != NULL && session->digest != NULL &&
        EVP_DigestInit_ex(session->digest, connection->server->lab->sha256, NULL)) {
        while (serve_one(session, &exchange)) {
            /* the next request of a kept connection */
        }
    }
    lab__stream_close(stream, exchange.end != LAB__END_UNCLEAN);
    if (session != NULL) {
        EVP_MD_CTX_free(session->digest);
    }
    free(session);
}
