#include "http/lane.h"

#include "base/buf.h"
#include "base/str.h"
#include "verdict/render.h"

#include <string.h>
#include <strings.h>

#define MAX_LINE 4096

static bool is_secret(const struct anycert__http_settings *settings, const char *line,
                      size_t name_len)
{
    static const char *const always[] = {"Authorization", "Proxy-Authorization", "Cookie",
                                         "Set-Cookie"};

    for (size_t i = 0; i < sizeof always / sizeof always[0]; i++) {
        if (strlen(always[i]) == name_len && strncasecmp(line, always[i], name_len) == 0)
            return true;
    }
    for (size_t i = 0; i < settings->secret_header_count; i++) {
        if (strlen(settings->secret_headers[i]) == name_len &&
            strncasecmp(line, settings->secret_headers[i], name_len) == 0)
            return true;
    }
    return false;
}

static void give_line(const struct anycert__http_settings *settings, char kind, const char *line,
                      size_t len)
{
    const char *colon = memchr(line, ':', len);
    struct anycert__buf out;

    if (len > MAX_LINE)
        len = MAX_LINE;
    anycert__buf_init(&out, 8 * MAX_LINE);
    if (kind != '*' && colon && (size_t)(colon - line) < len &&
        is_secret(settings, line, (size_t)(colon - line))) {
        anycert__buf_add_escaped(&out, line, (size_t)(colon - line));
        anycert__buf_adds(&out, ": (hidden)");
    } else {
        anycert__buf_add_escaped(&out, line, len);
    }
    if (!out.failed)
        settings->trace(settings->trace_arg, kind, out.data ? out.data : "", out.len);
    anycert__buf_free(&out);
}

/* libcurl tells what it believes about TLS: its own settings, which are ours no longer, and that
 * the certificate is all right, which it has been told so. Our own line comes from
 * anycert__lane_trace_link. */
static bool is_belief(const char *line, size_t len)
{
    static const char *const beginnings[] = {"Cipher selection:",
                                             "SSL certificate verify",
                                             " SSL certificate verify",
                                             " CAfile",
                                             " CApath",
                                             "SSL Trust",
                                             "Server certificate:",
                                             "Proxy certificate:",
                                             " subject:",
                                             " start date:",
                                             " expire date:",
                                             " issuer:",
                                             " subjectAltName",
                                             " common name:",
                                             "  Certificate level"};

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
    anycert__buf_init(&text, MAX_LINE);
    anycert__buf_addf(
        &text, "%s %s:%u: %s %s, %s by %s; peer %s", anycert_report_hop(report),
        anycert_report_host(report), (unsigned)anycert_report_port(report),
        anycert_report_protocol(report), anycert_report_cipher(report),
        anycert__verdict_name(anycert_report_verdict(report)), anycert_report_policy(report),
        anycert_report_peer_authenticated(report) ? "authenticated" : "not authenticated");
    if (!text.failed)
        give_line(lane->settings, '*', text.data, text.len);
    anycert__buf_free(&text);
}

static int on_debug(CURL *easy, curl_infotype type, char *data, size_t size, void *arg)
{
    const struct anycert__lane *lane = arg;
    char kind = type == CURLINFO_TEXT ? '*' : type == CURLINFO_HEADER_OUT ? '>' : '<';
    const char *end = data + size;

    (void)easy;
    if (type != CURLINFO_TEXT && type != CURLINFO_HEADER_OUT && type != CURLINFO_HEADER_IN)
        return 0; /* bodies and TLS records */
    for (const char *p = data; p < end;) {
        const char *newline = memchr(p, '\n', (size_t)(end - p));
        size_t len = (size_t)((newline ? newline : end) - p);

        while (len > 0 && p[len - 1] == '\r')
            len--;
        if (len > 0 && !(kind == '*' && is_belief(p, len)))
            give_line(lane->settings, kind, p, len);
        p = newline ? newline + 1 : end;
    }
    return 0;
}

CURLcode anycert__lane_trace(struct anycert__lane *lane)
{
    CURLcode rc = CURLE_OK;

    if (!lane->settings->trace)
        return CURLE_OK;
    ANYCERT__SET(rc, lane->easy, CURLOPT_VERBOSE, 1L);
    ANYCERT__SET(rc, lane->easy, CURLOPT_DEBUGFUNCTION, on_debug);
    ANYCERT__SET(rc, lane->easy, CURLOPT_DEBUGDATA, lane);
    return rc;
}
