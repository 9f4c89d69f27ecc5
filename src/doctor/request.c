/* A request that changes nothing and carries nothing of anybody: HEAD for "/", or GET where the end
 * of the body is to be looked at, too. */
#include "doctor/trial.h"

#include "base/str.h"
#include "http/date.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define HEAD_MAX  16384
#define BODY_MAX  1048576
#define TAIL_SIZE 5 /* of a chunked body: its last chunk and the empty line */

/* What servers answer whose client certificate is missing: nginx, Apache, and what IIS and others
 * say in words only. */
#define STATUS_BAD           400
#define STATUS_MISDIRECTED   421
#define STATUS_BAD_CERT      495
#define STATUS_CERT_REQUIRED 496

struct asking {
    struct anycert__shake *shake;
    struct anycert__line *line;
    const struct anycert__patience *patience;
    struct anycert__trial *trial;
    char head[HEAD_MAX + 1];
    size_t used;     /* bytes in head, some of them perhaps the body's */
    size_t head_len; /* 0: its end has not come */
    uint64_t body_len;
    char tail[TAIL_SIZE]; /* of the body */
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

static int send_request(const struct asking *asking, const struct anycert__peer *target)
{
    bool is_ipv6 = strchr(target->host, ':') != NULL;
    char port[8] = "";
    char request[512];
    int len = 0;

    if (target->port != 443)
        (void)snprintf(port, sizeof port, ":%u", (unsigned)target->port);
    len = snprintf(request, sizeof request,
                   "%s / HTTP/1.1\r\nHost: %s%s%s%s\r\nUser-Agent: anycert\r\nAccept: */*\r\n"
                   "Connection: close\r\n\r\n",
                   asking->trial->asks_body ? "GET" : "HEAD", is_ipv6 ? "[" : "", target->host,
                   is_ipv6 ? "]" : "", port);
    return send_all(asking, request, (size_t)len);
}

/* ---- the header ---- */

static bool read_head(struct asking *asking)
{
    while (asking->used < HEAD_MAX && asking->head_len == 0) {
        const char *end = NULL;
        int got = receive(asking, asking->head + asking->used, HEAD_MAX - asking->used);

        if (got < 0)
            return false;
        asking->used += (size_t)got;
        asking->head[asking->used] = '\0';
        end = strstr(asking->head, "\r\n\r\n");
        if (end)
            asking->head_len = (size_t)(end - asking->head) + 4;
        else if (strlen(asking->head) != asking->used || asking->head[0] != 'H')
            return false; /* a NUL is in no header, and no answer begins with anything else */
    }
    return asking->head_len > 0;
}

/* The value of a field, copied; false if there is none. */
static bool find_field(const struct asking *asking, const char *name, char *out, size_t size)
{
    const char *end = asking->head + asking->head_len - 2;

    for (const char *line = strstr(asking->head, "\r\n"); line && line < end;
         line = strstr(line, "\r\n")) {
        size_t len = strlen(name);

        line += 2;
        if (!anycert__str_starts_nocase(line, name) || line[len] != ':')
            continue;
        line += len + 1;
        line += strspn(line, " \t");
        len = strcspn(line, "\r");
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
    if (strncmp(asking->head, "HTTP/1.", 7) != 0 || trial->http_status < 100 ||
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
    if (asking->used > 0 && asking->head_len == 0 && asking->head[0] != 'H')
        return trouble(asking->trial, ANYCERT__CAUSE_HTTP_INVALID, "the answer is not HTTP");
    return false;
}

/* ---- the body ---- */

static void take_body(struct asking *asking, const char *bytes, size_t len)
{
    size_t kept = len < TAIL_SIZE ? len : TAIL_SIZE;

    memmove(asking->tail, asking->tail + kept, TAIL_SIZE - kept);
    memcpy(asking->tail + TAIL_SIZE - kept, bytes + len - kept, kept);
    asking->body_len += len;
}

static bool is_chunked_whole(const struct asking *asking)
{
    return asking->body_len >= TAIL_SIZE && memcmp(asking->tail, "0\r\n\r\n", TAIL_SIZE) == 0;
}

static const char *how_it_ended(const struct asking *asking, bool clean)
{
    switch (asking->trial->wire) {
    case ANYCERT__WIRE_RESET:
        return "the connection was reset";
    case ANYCERT__WIRE_SILENT:
        return "nothing came until the time limit";
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

    if (status < 200 || status == 204 || status == 304)
        return true;
    take_body(asking, asking->head + asking->head_len, asking->used - asking->head_len);
    for (;;) {
        int got = 0;

        if ((has_length && asking->body_len >= length) || (chunked && is_chunked_whole(asking)) ||
            asking->body_len > BODY_MAX)
            return true;
        got = receive(asking, bytes, sizeof bytes);
        if (got < 0)
            return judge_end(asking, chunked, has_length, length);
        take_body(asking, bytes, (size_t)got);
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
