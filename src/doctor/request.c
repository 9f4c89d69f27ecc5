/* A request that changes nothing and carries nothing of anybody: HEAD for "/", OPTIONS where that
 * is not answered, or GET where the end of the body is to be looked at, too. */
#include "doctor/trial.h"

#include "base/str.h"
#include "http/date.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define HEAD_MAX 16384 /* what is behind it of a longer header is not looked at */
#define BODY_MAX 1048576

/* What servers answer whose client certificate is missing: nginx, Apache, and what IIS and others
 * say in words only. */
#define STATUS_BAD           400
#define STATUS_MISDIRECTED   421
#define STATUS_BAD_CERT      495
#define STATUS_CERT_REQUIRED 496

/* Where in a chunked body (RFC 9112 section 7.1) one is. */
struct chunks {
    enum { AT_SIZE, AT_EXTENSION, IN_DATA, BEHIND_DATA, IN_TRAILER, AT_END } at;
    uint64_t left; /* bytes of the chunk; while its size is read, what that is so far */
    bool has_text; /* the line of the trailer is not empty */
};

struct asking {
    struct anycert__shake *shake;
    struct anycert__line *line;
    const struct anycert__patience *patience;
    struct anycert__trial *trial;
    char head[HEAD_MAX + 1];
    size_t used;     /* bytes in head, some of them perhaps the body's */
    size_t head_len; /* 0: its end has not come */
    bool is_cut;     /* it has, and not to us */
    bool is_foreign; /* what came is no header of HTTP/1 */
    uint64_t body_len;
    struct chunks chunks;
};

static bool trouble(struct anycert__trial *trial, enum anycert__cause_number cause,
                    const char *evidence)
{
    trial->has_http_cause = true;
    trial->http_cause = cause;
    (void)snprintf(trial->http_evidence, sizeof trial->http_evidence, "%s", evidence);
    return false;
}

/* ---- bytes ---- */

static int send_all(const struct asking *asking, const char *bytes, size_t len)
{
    if (anycert__shake_write(asking->shake, bytes, len) < 0)
        return -1;
    return anycert__trial_flush(asking->shake, asking->line, asking->patience) == ANYCERT__WIRE_OK
               ? 0
               : -1;
}

/* How many bytes, or -1 at the end, whatever it is. */
static int receive(const struct asking *asking, char *out, size_t size)
{
    for (;;) {
        int got = anycert__shake_read(asking->shake, out, size);

        if (got != 0)
            return got;
        asking->trial->wire =
            anycert__trial_exchange(asking->shake, asking->line, asking->patience, asking->trial);
        if (asking->trial->wire == ANYCERT__WIRE_CLOSED)
            anycert__shake_end(asking->shake);
        else if (asking->trial->wire != ANYCERT__WIRE_OK)
            return -1;
    }
}

const char *anycert__trial_method(const struct anycert__trial *trial)
{
    return trial->asks_body ? "GET" : trial->asks_options ? "OPTIONS" : "HEAD";
}

static int send_request(const struct asking *asking, const struct anycert__peer *target)
{
    char port[8] = "";
    char request[512];
    int len = 0;

    if (target->port != 443)
        (void)snprintf(port, sizeof port, ":%u", (unsigned)target->port);
    len = snprintf(request, sizeof request,
                   "%s / HTTP/1.1\r\nHost: %s%s%s%s\r\nUser-Agent: anycert\r\nAccept: */*\r\n"
                   "Connection: close\r\n\r\n",
                   anycert__trial_method(asking->trial), anycert__open_bracket(target->host),
                   target->host, anycert__close_bracket(target->host), port);
    return send_all(asking, request, (size_t)len);
}

/* ---- the header ---- */

static const char http1[] = "HTTP/1.";

/* Behind the empty line, with which a header ends; lines end with CRLF, or, with old servers, with
 * LF alone (RFC 9112 section 2.2). NULL: it has not come. */
static const char *end_of_head(const char *head)
{
    for (const char *at = strchr(head, '\n'); at; at = strchr(at + 1, '\n')) {
        if (at[1] == '\n')
            return at + 2;
        if (at[1] == '\r' && at[2] == '\n')
            return at + 3;
    }
    return NULL;
}

/* An answer that only says that another one will come (RFC 9110 section 15.2): what is behind it
 * takes its place. */
static bool skip_interim(struct asking *asking)
{
    if (strncmp(asking->head, http1, sizeof http1 - 1) != 0 || asking->head_len < 12 ||
        asking->head[9] != '1' || strncmp(asking->head + 9, "101", 3) == 0)
        return false;
    asking->used -= asking->head_len;
    memmove(asking->head, asking->head + asking->head_len, asking->used + 1);
    asking->head_len = 0;
    return true;
}

/* Looks at what has come. */
static void look_at_head(struct asking *asking)
{
    size_t known = asking->used < sizeof http1 - 1 ? asking->used : sizeof http1 - 1;
    const char *end = NULL;

    do {
        end = end_of_head(asking->head);
        asking->head_len = end ? (size_t)(end - asking->head) : 0;
    } while (asking->head_len > 0 && skip_interim(asking));
    if (asking->head_len > 0)
        return;
    /* A NUL is in no header, and no answer begins with anything else. */
    asking->is_foreign =
        strlen(asking->head) != asking->used || strncmp(asking->head, http1, known) != 0;
    asking->is_cut = asking->used == HEAD_MAX && !asking->is_foreign;
    if (asking->is_cut)
        asking->head_len = asking->used;
}

static bool read_head(struct asking *asking)
{
    while (asking->head_len == 0 && !asking->is_foreign) {
        int got = receive(asking, asking->head + asking->used, HEAD_MAX - asking->used);

        if (got < 0)
            return false;
        asking->used += (size_t)got;
        asking->head[asking->used] = '\0';
        look_at_head(asking);
    }
    return !asking->is_foreign;
}

/* The value of a field, copied; false if there is none. */
static bool find_field(const struct asking *asking, const char *name, char *out, size_t size)
{
    const char *end = asking->head + asking->head_len;

    for (const char *line = strchr(asking->head, '\n'); line && line < end;
         line = strchr(line, '\n')) {
        size_t len = strlen(name);

        line++;
        if (!anycert__str_starts_nocase(line, name) || line[len] != ':')
            continue;
        line += len + 1;
        line += strspn(line, " \t");
        len = strcspn(line, "\r\n");
        (void)snprintf(out, size, "%.*s", (int)len, line);
        return true;
    }
    return false;
}

static bool judge_head(const struct asking *asking)
{
    struct anycert__trial *trial = asking->trial;
    char date[64];

    trial->http_status = asking->used >= 12 ? (int)strtol(asking->head + 9, NULL, 10) : 0;
    if (strncmp(asking->head, http1, sizeof http1 - 1) != 0 || trial->http_status < 100 ||
        trial->http_status > 999)
        return trouble(trial, ANYCERT__CAUSE_HTTP_INVALID, "the answer is not HTTP/1.1");
    if (find_field(asking, "date", date, sizeof date))
        trial->has_http_date = anycert__http_date(date, &trial->http_date);
    switch (trial->http_status) {
    case STATUS_BAD:
        if (!trial->asked_cert)
            return true;
        return trouble(trial, ANYCERT__CAUSE_CLIENT_CERT_WANTED_BY_HTTP,
                       "it asked for a client certificate, and answers with status 400");
    case STATUS_BAD_CERT:
    case STATUS_CERT_REQUIRED:
        return trouble(trial, ANYCERT__CAUSE_CLIENT_CERT_WANTED_BY_HTTP,
                       "it answers with a status that is about client certificates (495, 496)");
    case STATUS_MISDIRECTED:
        return trouble(trial, ANYCERT__CAUSE_MISDIRECTED, "it answers with status 421");
    default:
        return true;
    }
}

/* No header came. Frames of HTTP/2 begin with a length of three bytes and a type: SETTINGS is 4. */
static bool judge_nothing(const struct asking *asking)
{
    if (asking->used >= 9 && asking->head[0] == 0 && asking->head[3] == 4)
        return trouble(asking->trial, ANYCERT__CAUSE_HTTP2_ONLY,
                       "it answers HTTP/1.1 with a frame of HTTP/2");
    if (asking->is_foreign)
        return trouble(asking->trial, ANYCERT__CAUSE_HTTP_INVALID, "the answer is not HTTP");
    if (asking->used > 0 && asking->trial->wire == ANYCERT__WIRE_SILENT) {
        char evidence[96];

        (void)snprintf(evidence, sizeof evidence,
                       "%zu bytes of the header came; then the time limit was over", asking->used);
        return trouble(asking->trial, ANYCERT__CAUSE_HTTP_SILENT, evidence);
    }
    return false;
}

/* ---- the body ---- */

static void take_line_end(struct chunks *chunks)
{
    switch (chunks->at) {
    case AT_SIZE:
    case AT_EXTENSION:
        chunks->at = chunks->left > 0 ? IN_DATA : IN_TRAILER;
        break;
    case BEHIND_DATA:
        chunks->at = AT_SIZE;
        break;
    case IN_TRAILER:
        chunks->at = chunks->has_text ? IN_TRAILER : AT_END;
        chunks->has_text = false;
        break;
    case IN_DATA:
    case AT_END:
        break;
    }
}

static void take_letter(struct chunks *chunks, char c)
{
    static const char digits[] = "0123456789abcdef0123456789ABCDEF";
    const char *digit = c != '\0' ? strchr(digits, c) : NULL;

    if (chunks->at == AT_SIZE && digit && chunks->left < UINT32_MAX)
        chunks->left = chunks->left * 16 + (uint64_t)(digit - digits) % 16;
    else if (chunks->at == AT_SIZE && c != '\r')
        chunks->at = AT_EXTENSION;
    else if (chunks->at == IN_TRAILER && c != '\r')
        chunks->has_text = true;
}

static void take_chunks(struct chunks *chunks, const char *bytes, size_t len)
{
    for (size_t i = 0; i < len && chunks->at != AT_END;) {
        size_t rest = len - i;

        if (chunks->at == IN_DATA) {
            size_t taken = chunks->left < rest ? (size_t)chunks->left : rest;

            i += taken;
            chunks->left -= taken;
            if (chunks->left == 0)
                chunks->at = BEHIND_DATA;
        } else if (bytes[i] == '\n') {
            take_line_end(chunks);
            i++;
        } else {
            take_letter(chunks, bytes[i++]);
        }
    }
}

static void take_body(struct asking *asking, bool chunked, const char *bytes, size_t len)
{
    if (chunked)
        take_chunks(&asking->chunks, bytes, len);
    asking->body_len += len;
}

static const char *how_it_ended(const struct asking *asking, bool clean)
{
    switch (asking->trial->wire) {
    case ANYCERT__WIRE_RESET:
        return "the connection was reset";
    case ANYCERT__WIRE_SILENT:
        return "the time limit was over";
    case ANYCERT__WIRE_OK:
    case ANYCERT__WIRE_CLOSED:
    case ANYCERT__WIRE_CANCELLED:
    case ANYCERT__WIRE_BROKEN:
        break;
    }
    return clean ? "close_notify came" : "the connection ended without close_notify";
}

static bool judge_end(const struct asking *asking, bool chunked, bool has_length, uint64_t length)
{
    struct anycert__trial *trial = asking->trial;
    bool clean = anycert__link_closed_cleanly(anycert__shake_link(asking->shake));
    char wanted[48] = "a length that was not said", evidence[160];

    if (chunked)
        (void)snprintf(wanted, sizeof wanted, "chunks of which the last did not");
    else if (has_length)
        (void)snprintf(wanted, sizeof wanted, "%llu", (unsigned long long)length);
    (void)snprintf(evidence, sizeof evidence, "%llu bytes of the body came, of %s; then %s",
                   (unsigned long long)asking->body_len, wanted, how_it_ended(asking, clean));
    if (chunked || has_length)
        return trouble(trial, ANYCERT__CAUSE_BODY_TRUNCATED, evidence);
    if (clean)
        return true;
    return trouble(trial,
                   trial->wire == ANYCERT__WIRE_CLOSED ? ANYCERT__CAUSE_NO_CLOSE_NOTIFY
                                                       : ANYCERT__CAUSE_BODY_TRUNCATED,
                   evidence);
}

static bool read_body(struct asking *asking)
{
    char value[64] = "", bytes[16384];
    bool chunked = find_field(asking, "transfer-encoding", value, sizeof value);
    bool has_length = !chunked && find_field(asking, "content-length", value, sizeof value);
    uint64_t length = has_length ? strtoull(value, NULL, 10) : 0;
    int status = asking->trial->http_status;

    if (asking->is_cut || status < 200 || status == 204 || status == 304)
        return true;
    take_body(asking, chunked, asking->head + asking->head_len, asking->used - asking->head_len);
    for (;;) {
        int got = 0;

        if ((has_length && asking->body_len >= length) ||
            (chunked && asking->chunks.at == AT_END) || asking->body_len > BODY_MAX)
            return true;
        got = receive(asking, bytes, sizeof bytes);
        if (got < 0)
            return judge_end(asking, chunked, has_length, length);
        take_body(asking, chunked, bytes, (size_t)got);
    }
}

/* ---- HTTP/2 ---- */

/* A server that speaks nothing else: its answer to the preface (RFC 9113 section 3.4) is a SETTINGS
 * frame, whatever it would say to a request. */
static bool ask_h2(struct asking *asking)
{
    static const char preface[] = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\4\0\0\0\0";

    if (send_all(asking, preface, sizeof preface) < 0) /* the NUL is the frame's last byte */
        return false;
    while (asking->used < 9) {
        int got = receive(asking, asking->head + asking->used, HEAD_MAX - asking->used);

        if (got < 0)
            return false;
        asking->used += (size_t)got;
    }
    return asking->head[3] == 4 || trouble(asking->trial, ANYCERT__CAUSE_HTTP_INVALID,
                                           "it agreed on HTTP/2 and does not begin as that does");
}

bool anycert__trial_ask(struct anycert__shake *shake, struct anycert__line *line,
                        const struct anycert__peer *target,
                        const struct anycert__patience *patience, struct anycert__trial *trial)
{
    struct asking asking = {.shake = shake, .line = line, .patience = patience, .trial = trial};

    if (strcmp(trial->facts->negotiated.alpn, "h2") == 0)
        return ask_h2(&asking);
    if (send_request(&asking, target) < 0)
        return false;
    if (!read_head(&asking))
        return judge_nothing(&asking);
    return judge_head(&asking) && (!trial->asks_body || read_body(&asking));
}
