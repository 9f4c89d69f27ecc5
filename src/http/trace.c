#include "http/lane.h"

#include "base/buf.h"
#include "base/mem.h"
#include "base/str.h"
#include "http/record.h"
#include "http/secret.h"
#include "verdict/render.h"

#include <stdio.h>
#include <string.h>

/* A line that is being put together; '*', '>' and '<' have one each, as libcurl may tell of one
 * thing while it is in the middle of another. */
struct line {
    char text[ANYCERT__TRACE_LINE];
    size_t len;      /* of what is kept */
    size_t wire_len; /* of all of it, its end included */
    bool secret;     /* the header line before was secret */
};

struct anycert__trace {
    struct line text, sent, received;
};

static void give(const struct anycert__http_settings *settings, char kind, const char *shown,
                 size_t len, const char *behind)
{
    struct anycert__buf out;

    anycert__buf_init(&out, SIZE_MAX / 2);
    anycert__buf_add_escaped(&out, shown, len);
    anycert__buf_adds(&out, behind);
    if (!out.failed)
        settings->trace(settings->trace_arg, kind, out.data ? out.data : "", out.len);
    anycert__buf_free(&out);
}

static void give_open(const struct anycert__http_settings *settings, char kind, const char *line,
                      size_t len)
{
    struct anycert__buf shown;

    anycert__buf_init(&shown, SIZE_MAX / 2);
    anycert__buf_add_header_line(&shown, settings, line, len);
    if (!shown.failed)
        give(settings, kind, shown.data ? shown.data : "", shown.len, "");
    anycert__buf_free(&shown);
}

/* A header line, or as much of it as is shown. A secret one hides what continues it (obs-fold),
 * too. */
static void give_header(const struct anycert__http_settings *settings, char kind, struct line *line)
{
    const char *colon = memchr(line->text, ':', line->len);
    bool folded = line->text[0] == ' ' || line->text[0] == '\t';
    size_t name_len = colon ? (size_t)(colon - line->text) : 0;

    /* Some write a space in front of the colon. */
    while (name_len > 0 && (line->text[name_len - 1] == ' ' || line->text[name_len - 1] == '\t'))
        name_len--;
    if (!folded)
        line->secret = name_len > 0 && anycert__is_secret_field(settings, line->text, name_len);
    if (!line->secret)
        give_open(settings, kind, line->text, line->len);
    else if (folded)
        give(settings, kind, " ", 1, "(hidden)");
    else
        give(settings, kind, line->text, name_len, ": (hidden)");
}

/* What libcurl says about a transfer is shown only where it is known to be harmless and true. It
 * repeats headers there (HTTP/2), names users, and tells what it believes about TLS: its own
 * settings, which are ours no longer, and that the certificate is all right, which it has been told
 * so. Our own line comes from anycert__lane_trace_report. */
static bool is_shown(const char *line, size_t len)
{
    static const char *const beginnings[] = {
        "Trying ",
        "Connected to ",
        "Connection #",
        "Closing connection",
        "closing connection",
        "Re-using existing connection",
        "Connection died",
        "Could not resolve",
        "connect to ",
        "Failed to connect",
        "Connection timed out",
        "Operation timed out",
        "Recv failure",
        "Send failure",
        "ALPN",
        "SSL connection using ",
        "TLSv1.",
        "OpenSSL",
        "using HTTP/",
        "HTTP/2 ",
        "Establish HTTP proxy tunnel",
        "Proxy replied",
        "CONNECT tunnel",
        "CONNECT phase",
        "Host ",
        "IPv4: ",
        "IPv6: ",
        "SOCKS",
        "Added ",
        "Connecting to hostname",
        "Hostname ",
        "Mark bundle",
        "We are completely uploaded",
        "upload completely sent",
        "Empty reply",
        "transfer closed",
        "Operation too slow",
        "Callback aborted",
        "Failed writing",
    };

    while (len > 0 && *line == ' ') {
        line++;
        len--;
    }
    for (size_t i = 0; i < sizeof beginnings / sizeof beginnings[0]; i++) {
        size_t n = strlen(beginnings[i]);

        if (len >= n && memcmp(line, beginnings[i], n) == 0)
            return true;
    }
    return false;
}

void anycert__lane_trace_report(const struct anycert__lane *lane,
                                const struct anycert_report *report)
{
    struct anycert__buf text;

    if (!lane->settings->trace || !report || !anycert_report_key_proven(report))
        return;
    anycert__buf_init(&text, SIZE_MAX / 2); /* policies may be long */
    anycert__buf_addf(
        &text, "%s %s:%u: %s %s, %s by %s; peer %s", anycert_report_hop(report),
        anycert_report_host(report), (unsigned)anycert_report_port(report),
        anycert_report_protocol(report), anycert_report_cipher(report),
        anycert__verdict_name(anycert_report_verdict(report)), anycert_report_policy(report),
        anycert_report_peer_authenticated(report) ? "authenticated" : "not authenticated");
    if (!text.failed)
        give(lane->settings, '*', text.data, text.len, "");
    anycert__buf_free(&text);
}

/* libcurl tells nobody else why it sends no Negotiate token. */
static void note_trouble(struct anycert__lane *lane, const struct line *line)
{
    static const char beginning[] = "gss_init_sec_context() failed: ";
    size_t n = sizeof beginning - 1;
    size_t len = line->len;

    if (lane->scheme != ANYCERT__SCHEME_NEGOTIATE || len < n ||
        memcmp(line->text, beginning, n) != 0)
        return;
    while (len > n && (line->text[len - 1] == ' ' || line->text[len - 1] == '.'))
        len--;
    (void)snprintf(lane->auth_trouble, sizeof lane->auth_trouble, "%.*s", (int)(len - n),
                   line->text + n);
}

/* One line, whole but for what is beyond the longest that is shown. */
static void give_line(const struct anycert__http_settings *settings, char kind, struct line *line)
{
    if (!settings->trace)
        return;
    while (line->len > 0 && line->text[line->len - 1] == '\r')
        line->len--;
    if (line->len == 0)
        return;
    if (kind != '*')
        give_header(settings, kind, line);
    else if (is_shown(line->text, line->len))
        give(settings, kind, line->text, line->len, "");
}

/* libcurl cuts what it sends where its buffers end, so a line is put together before anything is
 * said of it. */
static int on_debug(CURL *easy, curl_infotype type, char *data, size_t size, void *arg)
{
    struct anycert__lane *lane = arg;
    struct anycert__trace *trace = lane->trace;
    struct line *line = type == CURLINFO_TEXT         ? &trace->text
                        : type == CURLINFO_HEADER_OUT ? &trace->sent
                                                      : &trace->received;
    char kind = type == CURLINFO_TEXT ? '*' : type == CURLINFO_HEADER_OUT ? '>' : '<';

    (void)easy;
    if (lane->recorder && (type == CURLINFO_DATA_OUT || type == CURLINFO_DATA_IN))
        anycert__recorder_body(lane->recorder, type == CURLINFO_DATA_OUT ? '>' : '<', size);
    if (type != CURLINFO_TEXT && type != CURLINFO_HEADER_OUT && type != CURLINFO_HEADER_IN)
        return 0; /* bodies and TLS records */
    for (size_t i = 0; i < size; i++) {
        line->wire_len++;
        if (data[i] == '\n') {
            if (kind == '*')
                note_trouble(lane, line);
            line->len = anycert__hide_credentials(lane->settings, lane->exchange, line->text,
                                                  line->len, sizeof line->text);
            if (lane->recorder)
                anycert__recorder_line(lane->recorder, kind, line->text, line->len, line->wire_len);
            give_line(lane->settings, kind, line);
            line->len = line->wire_len = 0;
        } else if (line->len < sizeof line->text) {
            line->text[line->len++] = data[i];
        }
    }
    return 0;
}

void anycert__lane_trace_reset(struct anycert__lane *lane)
{
    if (lane->trace)
        anycert__wipe(lane->trace, sizeof *lane->trace);
    if (lane->recorder)
        anycert__recorder_begin(lane->recorder);
}

void anycert__lane_trace_free(struct anycert__lane *lane)
{
    if (lane->trace)
        anycert__wipe(lane->trace, sizeof *lane->trace);
    anycert__free(lane->trace);
    anycert__recorder_free(lane->recorder);
    lane->trace = NULL;
    lane->recorder = NULL;
}

CURLcode anycert__lane_trace(struct anycert__lane *lane)
{
    CURLcode rc = CURLE_OK;

    if (!lane->settings->trace && !lane->settings->observer.wants_wire &&
        lane->scheme != ANYCERT__SCHEME_NEGOTIATE)
        return CURLE_OK;
    lane->trace = anycert__calloc(1, sizeof *lane->trace);
    if (lane->settings->observer.wants_wire)
        lane->recorder = anycert__recorder_new(lane->settings);
    if (!lane->trace || (lane->settings->observer.wants_wire && !lane->recorder))
        return CURLE_OUT_OF_MEMORY;
    ANYCERT__SET(rc, lane->easy, CURLOPT_VERBOSE, 1L);
    ANYCERT__SET(rc, lane->easy, CURLOPT_DEBUGFUNCTION, on_debug);
    ANYCERT__SET(rc, lane->easy, CURLOPT_DEBUGDATA, lane);
    return rc;
}
