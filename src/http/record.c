#include "http/record.h"

#include "base/mem.h"
#include "base/str.h"
#include "http/secret.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

struct direction {
    bool in_head;
    bool passed_over; /* a head of no interest: CONNECT, and what a proxy says to it */
    bool secret;      /* the field before was secret */
};

struct anycert__recorder {
    const struct anycert__http_settings *settings;
    struct anycert__wire wire;
    struct direction sent, received;
    int64_t began_us;
};

struct anycert__recorder *anycert__recorder_new(const struct anycert__http_settings *settings)
{
    struct anycert__recorder *recorder = anycert__calloc(1, sizeof *recorder);

    if (recorder)
        recorder->settings = settings;
    return recorder;
}

static void forget(struct anycert__recorder *recorder)
{
    struct anycert__wire *wire = &recorder->wire;

    for (size_t i = 0; i < wire->round_count; i++) {
        anycert__free(wire->rounds[i].method);
        anycert__free(wire->rounds[i].target);
        anycert__free(wire->rounds[i].reason);
        anycert__fields_clear(&wire->rounds[i].sent);
        anycert__fields_clear(&wire->rounds[i].received);
    }
    anycert__free(wire->rounds);
    memset(wire, 0, sizeof *wire);
}

void anycert__recorder_free(struct anycert__recorder *recorder)
{
    if (!recorder)
        return;
    forget(recorder);
    anycert__free(recorder);
}

void anycert__recorder_begin(struct anycert__recorder *recorder)
{
    struct timespec now;

    forget(recorder);
    memset(&recorder->sent, 0, sizeof recorder->sent);
    memset(&recorder->received, 0, sizeof recorder->received);
    recorder->began_us = anycert__monotonic_us();
    if (clock_gettime(CLOCK_REALTIME, &now) == 0)
        recorder->wire.began_ms = (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static struct anycert__wire_round *current(struct anycert__recorder *recorder)
{
    struct anycert__wire *wire = &recorder->wire;

    return wire->round_count > 0 ? &wire->rounds[wire->round_count - 1] : NULL;
}

static struct anycert__wire_round *new_round(struct anycert__recorder *recorder)
{
    struct anycert__wire *wire = &recorder->wire;
    struct anycert__wire_round *rounds = NULL;

    if (wire->round_count < ANYCERT__WIRE_ROUNDS_MAX)
        rounds = anycert__realloc(wire->rounds, (wire->round_count + 1) * sizeof *rounds);
    if (!rounds) {
        wire->incomplete = true;
        return NULL;
    }
    wire->rounds = rounds;
    memset(&rounds[wire->round_count], 0, sizeof *rounds);
    wire->round_count++;
    return current(recorder);
}

static void copy_version(char out[12], const char *version, size_t len)
{
    if (len > 11)
        len = 11;
    memcpy(out, version, len);
    out[len] = '\0';
}

/* "METHOD TARGET VERSION". */
static void begin_request(struct anycert__recorder *recorder, const char *line, size_t len)
{
    const char *space = memchr(line, ' ', len);
    size_t method = space ? (size_t)(space - line) : len;
    size_t target = space ? method + 1 : len;
    struct anycert__wire_round *round = NULL;
    struct anycert__buf shown;
    size_t end = len;

    while (end > target && line[end - 1] != ' ')
        end--;
    recorder->sent.passed_over = anycert__is_word_nocase(line, method, "CONNECT");
    round = recorder->sent.passed_over ? NULL : new_round(recorder);
    if (!round) {
        recorder->sent.passed_over = true;
        return;
    }
    copy_version(round->sent_version, line + end, len - end);
    anycert__buf_init(&shown, ANYCERT__TRACE_LINE * 2);
    if (end > target)
        anycert__buf_add_url(&shown, recorder->settings, line + target, end - 1 - target);
    round->target = anycert__buf_take(&shown, "target", NULL);
    round->method = anycert__strndup(line, method);
    anycert__buf_free(&shown);
    recorder->wire.incomplete = recorder->wire.incomplete || !round->target || !round->method;
}

/* "VERSION STATUS REASON"; an informational answer before it is forgotten. */
static void begin_answer(struct anycert__recorder *recorder, const char *line, size_t len)
{
    struct anycert__wire_round *round = current(recorder);
    const char *space = memchr(line, ' ', len);
    size_t at = space ? (size_t)(space - line) : len;

    recorder->received.passed_over = recorder->sent.passed_over || !round;
    if (recorder->received.passed_over)
        return;
    anycert__fields_clear(&round->received);
    anycert__free(round->reason);
    copy_version(round->received_version, line, at);
    round->status = 0;
    for (at++; at < len && line[at] >= '0' && line[at] <= '9' && round->status < 1000; at++)
        round->status = round->status * 10 + (line[at] - '0');
    at += at < len;
    round->reason = at < len ? anycert__strndup(line + at, len - at) : anycert__strdup("");
    recorder->wire.incomplete = recorder->wire.incomplete || !round->reason;
}

static void add_field(struct anycert__recorder *recorder, struct direction *direction,
                      struct anycert__fields *fields, const char *line, size_t len)
{
    const struct anycert__http_settings *settings = recorder->settings;
    bool folded = line[0] == ' ' || line[0] == '\t';
    const char *colon = memchr(line, ':', len);
    size_t name = colon ? (size_t)(colon - line) : 0;
    struct anycert__buf shown;

    if (folded && direction->secret)
        return;
    anycert__buf_init(&shown, SIZE_MAX / 2);
    if (!folded) {
        while (name > 0 && (line[name - 1] == ' ' || line[name - 1] == '\t'))
            name--;
        direction->secret = name > 0 && anycert__is_secret_field(settings, line, name);
    }
    if (direction->secret && !folded) {
        anycert__buf_add(&shown, line, name);
        anycert__buf_adds(&shown, ": " ANYCERT__HIDDEN);
    } else {
        anycert__buf_add_header_line(&shown, settings, line, len);
    }
    if (shown.failed ||
        anycert__fields_take_line(fields, shown.data ? shown.data : "", shown.len, NULL) < 0)
        recorder->wire.incomplete = true;
    anycert__buf_free(&shown);
}

static void stamp(const struct anycert__recorder *recorder, int64_t *first, int64_t *last)
{
    *last = anycert__monotonic_us() - recorder->began_us;
    if (*first == 0)
        *first = *last;
}

static void sent_line(struct anycert__recorder *recorder, const char *line, size_t len,
                      size_t wire_len)
{
    struct direction *sent = &recorder->sent;
    bool begins = !sent->in_head && len > 0;
    struct anycert__wire_round *round = NULL;

    if (begins)
        begin_request(recorder, line, len);
    sent->in_head = len > 0;
    round = current(recorder);
    if (sent->passed_over || !round)
        return;
    stamp(recorder, &round->first_sent_us, &round->last_sent_us);
    round->sent_head_bytes += wire_len;
    if (!begins && len > 0)
        add_field(recorder, sent, &round->sent, line, len);
}

static void received_line(struct anycert__recorder *recorder, const char *line, size_t len,
                          size_t wire_len)
{
    struct direction *received = &recorder->received;
    /* libcurl does not tell of the empty line behind an informational answer. */
    bool begins = len >= 5 && memcmp(line, "HTTP/", 5) == 0;
    struct anycert__wire_round *round = NULL;

    if (!begins && !received->in_head)
        return; /* trailers */
    if (begins)
        begin_answer(recorder, line, len);
    received->in_head = len > 0;
    round = current(recorder);
    if (received->passed_over || !round)
        return;
    stamp(recorder, &round->first_received_us, &round->last_received_us);
    round->received_head_bytes += wire_len;
    if (!begins && len > 0)
        add_field(recorder, received, &round->received, line, len);
}

void anycert__recorder_line(struct anycert__recorder *recorder, char kind, const char *line,
                            size_t len, size_t wire_len)
{
    while (len > 0 && line[len - 1] == '\r')
        len--;
    if (kind == '>')
        sent_line(recorder, line, len, wire_len);
    else if (kind == '<')
        received_line(recorder, line, len, wire_len);
}

void anycert__recorder_body(struct anycert__recorder *recorder, char kind, size_t len)
{
    struct anycert__wire_round *round = current(recorder);

    if (!round || recorder->sent.passed_over)
        return;
    if (kind == '>') {
        stamp(recorder, &round->first_sent_us, &round->last_sent_us);
        round->sent_body_bytes += len;
    } else {
        stamp(recorder, &round->first_received_us, &round->last_received_us);
        round->received_body_bytes += len;
    }
}

const struct anycert__wire *anycert__recorder_end(struct anycert__recorder *recorder, CURL *easy)
{
    struct anycert__wire *wire = &recorder->wire;
    curl_off_t resolved = 0;
    curl_off_t connected = 0;
    curl_off_t tls = 0;
    long connects = 0;
    long port = 0;
    char *ip = NULL;

    (void)curl_easy_getinfo(easy, CURLINFO_NAMELOOKUP_TIME_T, &resolved);
    (void)curl_easy_getinfo(easy, CURLINFO_CONNECT_TIME_T, &connected);
    (void)curl_easy_getinfo(easy, CURLINFO_APPCONNECT_TIME_T, &tls);
    (void)curl_easy_getinfo(easy, CURLINFO_NUM_CONNECTS, &connects);
    (void)curl_easy_getinfo(easy, CURLINFO_PRIMARY_IP, &ip);
    (void)curl_easy_getinfo(easy, CURLINFO_LOCAL_PORT, &port);
    wire->resolve_us = wire->connect_us = wire->tls_us = -1;
    if (connects > 0) {
        wire->resolve_us = resolved;
        wire->connect_us = connected > resolved ? connected - resolved : 0;
        wire->tls_us = tls > connected ? tls - connected : -1;
    }
    wire->local_port = (uint16_t)port;
    if (ip)
        (void)snprintf(wire->ip, sizeof wire->ip, "%s", ip);
    return wire;
}
