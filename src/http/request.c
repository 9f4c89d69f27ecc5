#include "http/lane.h"

#include "base/buf.h"
#include "base/mem.h"
#include "base/str.h"
#include "http/framing.h"

#include <string.h>

#define TURN_US 2000000 /* a transfer that has its turns is looked at once a second */

/* ---- what comes back ---- */

static int start_of_response(struct anycert__lane *lane, const char *line, size_t len)
{
    struct anycert__exchange *exchange = lane->exchange;
    const char *space = memchr(line, ' ', len);
    const char *reason = space ? memchr(space + 1, ' ', len - (size_t)(space + 1 - line)) : NULL;
    size_t reason_len = reason ? len - (size_t)(reason + 1 - line) : 0;
    long status = 0;

    anycert__fields_clear(&exchange->fields); /* those of a 1xx before */
    anycert__free(exchange->reason);
    while (reason_len > 0 && (reason[reason_len] == '\r' || reason[reason_len] == '\n'))
        reason_len--;
    exchange->reason = anycert__strndup(reason ? reason + 1 : "", reason_len);
    if (!exchange->reason)
        return anycert__fail_nomem(&lane->failure);
    (void)curl_easy_getinfo(lane->easy, CURLINFO_RESPONSE_CODE, &status);
    exchange->status = (int)status;
    exchange->has_header = lane->header_done = false;
    if (!lane->expects || status != 417)
        return 0;
    /* libcurl 7.88 would ask again in the same way, without an end. */
    exchange->unexpected = true;
    return anycert__fail(&lane->failure, ANYCERT_E_HTTP_STATUS,
                         "%s refuses to be asked first (Expect: 100-continue)", lane->origin);
}

/* At the end of each header, 1xx and challenges included, as libcurl's engine would; but a proxy's
 * answer to CONNECT, which may come once more for a challenge, is not the origin's. */
static void learn_cookies(struct anycert__lane *lane)
{
    if (lane->jar && (!lane->https || lane->link))
        anycert__jar_learn(lane->jar, &lane->exchange->fields, lane->exchange->url,
                           anycert__clock_now(&lane->settings->clock));
}

/* One header line (CURLOPT_HEADERFUNCTION): status lines of every response, 1xx included, fields,
 * and trailers. */
static size_t on_header(char *line, size_t size, size_t count, void *arg)
{
    struct anycert__lane *lane = arg;
    size_t len = size * count;

    if (!lane->asked && lane->https) /* a proxy's answer to CONNECT */
        return anycert__challenge_take_line(lane, line, len) ? len : 0;
    lane->header_bytes += len;
    if (lane->header_bytes > lane->settings->header_max) {
        anycert__fail(&lane->failure, ANYCERT_E_HEADERS_TOO_LARGE,
                      "the response's header is larger than %llu bytes",
                      (unsigned long long)lane->settings->header_max);
        return 0;
    }
    if (len >= 5 && memcmp(line, "HTTP/", 5) == 0)
        return start_of_response(lane, line, len) < 0 ? 0 : len;
    if (len <= 2 && (len == 0 || line[0] == '\r' || line[0] == '\n')) {
        if (!lane->header_done &&
            anycert__framing_check(&lane->exchange->fields, lane->exchange->status, lane->host,
                                   &lane->failure) < 0)
            return 0;
        if (!lane->header_done)
            learn_cookies(lane);
        lane->header_done = true;
        lane->exchange->has_header = lane->exchange->hold && lane->exchange->status >= 200;
        return len;
    }
    if (lane->header_done) /* trailers are no part of the header */
        return len;
    if (anycert__framing_check_line(&lane->exchange->fields, line, len, lane->host,
                                    &lane->failure) < 0)
        return 0;
    return anycert__fields_take_line(&lane->exchange->fields, line, len, &lane->failure) < 0 ? 0
                                                                                             : len;
}

/* Decoded bytes, on to whoever wants them. */
static int give_body(void *arg, const void *bytes, size_t len, struct anycert_error *err)
{
    struct anycert__exchange *exchange = arg;

    exchange->body_bytes += len;
    return exchange->sink ? exchange->sink(exchange->sink_arg, exchange, bytes, len, err) : 0;
}

static size_t on_body(char *bytes, size_t size, size_t count, void *arg)
{
    struct anycert__lane *lane = arg;
    struct anycert__exchange *exchange = lane->exchange;
    size_t len = size * count;
    int result = 0;

    if (exchange->hold && *exchange->hold) {
        exchange->is_held = true;
        lane->moved_us = 0;
        return CURL_WRITEFUNC_PAUSE;
    }
    if (!lane->body_begun && lane->settings->decompress)
        result =
            anycert__decoder_new(&exchange->fields, lane->host, &lane->decoder, &lane->failure);
    lane->body_begun = true;
    if (result == 0 && lane->decoder)
        result =
            anycert__decoder_take(lane->decoder, bytes, len, give_body, exchange, &lane->failure);
    else if (result == 0)
        result = give_body(exchange, bytes, len, &lane->failure);
    return result < 0 ? CURL_WRITEFUNC_ERROR : len;
}

static int tell_progress(void *arg, curl_off_t receive_total, curl_off_t received,
                         curl_off_t send_total, curl_off_t sent)
{
    struct anycert__lane *lane = arg;
    struct anycert__exchange *exchange = lane->exchange;

    uint64_t before = exchange->received_before;

    if (exchange->progress(exchange->progress_arg, before + (uint64_t)received,
                           receive_total > 0 ? before + (uint64_t)receive_total : 0, (uint64_t)sent,
                           (uint64_t)send_total) == 0)
        return 0;
    anycert__fail(&lane->failure, ANYCERT_E_INTERRUPTED, "interrupted");
    return 1;
}

/* libcurl's own limit is one of a mean over some seconds, and comes as much later. While the caller
 * holds the body, or has given the transfer no turn at all, silence is not the server's. */
static bool stands_still(struct anycert__lane *lane, uint64_t bytes)
{
    uint64_t moved = bytes + lane->header_bytes;
    int64_t before = lane->looked_us;
    int64_t now = 0;

    if (!lane->asked || lane->stall_ms == 0)
        return false;
    if (lane->exchange->is_held) {
        lane->moved_us = 0;
        return false;
    }
    now = lane->looked_us = anycert__monotonic_us();
    if (lane->moved_us > 0 && moved == lane->moved && now - before < TURN_US) {
        if (now - lane->moved_us < (int64_t)lane->stall_ms * 1000)
            return false;
        (void)anycert__stall_failure(lane, &lane->failure);
        return true;
    }
    lane->moved = moved;
    lane->moved_us = now;
    return false;
}

bool anycert__lane_stands_still(struct anycert__lane *lane)
{
    curl_off_t received = 0;
    curl_off_t sent = 0;

    (void)curl_easy_getinfo(lane->easy, CURLINFO_SIZE_DOWNLOAD_T, &received);
    (void)curl_easy_getinfo(lane->easy, CURLINFO_SIZE_UPLOAD_T, &sent);
    return stands_still(lane, (uint64_t)received + (uint64_t)sent);
}

static int on_progress(void *arg, curl_off_t receive_total, curl_off_t received,
                       curl_off_t send_total, curl_off_t sent)
{
    struct anycert__lane *lane = arg;

    if (!lane->is_looked_at && stands_still(lane, (uint64_t)received + (uint64_t)sent))
        return 1;
    return lane->exchange->progress ? tell_progress(lane, receive_total, received, send_total, sent)
                                    : 0;
}

int anycert__lane_progress(struct anycert__lane *lane)
{
    curl_off_t receive_total = 0;
    curl_off_t received = 0;
    curl_off_t send_total = 0;
    curl_off_t sent = 0;

    if (!lane->exchange->progress)
        return 0;
    (void)curl_easy_getinfo(lane->easy, CURLINFO_CONTENT_LENGTH_DOWNLOAD_T, &receive_total);
    (void)curl_easy_getinfo(lane->easy, CURLINFO_SIZE_DOWNLOAD_T, &received);
    (void)curl_easy_getinfo(lane->easy, CURLINFO_CONTENT_LENGTH_UPLOAD_T, &send_total);
    (void)curl_easy_getinfo(lane->easy, CURLINFO_SIZE_UPLOAD_T, &sent);
    return tell_progress(lane, receive_total > 0 ? receive_total : 0, received,
                         send_total > 0 ? send_total : 0, sent);
}

/* ---- what is sent ---- */

bool anycert__is_idempotent(const char *method)
{
    static const char *const names[] = {"GET", "HEAD", "OPTIONS", "TRACE", "PUT", "DELETE"};

    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        if (strcmp(method, names[i]) == 0)
            return true;
    }
    return false;
}

static CURLcode set_method(struct anycert__lane *lane, struct anycert__exchange *exchange,
                           struct anycert_error *err)
{
    bool is_get = strcmp(exchange->method, "GET") == 0;
    CURL *easy = lane->easy;
    CURLcode rc = CURLE_OK;

    if (is_get && !exchange->body && !lane->method_set)
        return CURLE_OK; /* the common case: libcurl's own default */
    /* In this order, as POSTFIELDS makes it a POST, even when it is NULL. */
    ANYCERT__SET(rc, easy, CURLOPT_POSTFIELDS, (char *)NULL);
    ANYCERT__SET(rc, easy, CURLOPT_HTTPGET, 1L);
    ANYCERT__SET(rc, easy, CURLOPT_CUSTOMREQUEST, is_get ? NULL : exchange->method);
    lane->method_set = !is_get || exchange->body;
    if (rc != CURLE_OK)
        return rc;
    if (exchange->body) {
        rc = anycert__upload_begin(lane, exchange->body, err);
    } else if (anycert__expects_body(exchange->method)) {
        ANYCERT__SET(rc, easy, CURLOPT_POST, 1L);
        ANYCERT__SET(rc, easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)0);
        ANYCERT__SET(rc, easy, CURLOPT_POSTFIELDS, "");
    } else if (strcmp(exchange->method, "HEAD") == 0) {
        ANYCERT__SET(rc, easy, CURLOPT_NOBODY, 1L);
    }
    /* A body under GET would turn the method into POST or PUT again. */
    if (is_get && exchange->body)
        ANYCERT__SET(rc, easy, CURLOPT_CUSTOMREQUEST, "GET");
    return rc;
}

/* Parsed once, and not by libcurl for each request anew. One with secrets is not left in two
 * places.
 */
static CURLcode set_parts(struct anycert__lane *lane, const char *url, bool is_secret)
{
    CURLU *parts = NULL;
    CURLcode rc = CURLE_OK;

    if (!is_secret) {
        if (!lane->parts)
            lane->parts = curl_url();
        if (!lane->parts)
            return CURLE_OUT_OF_MEMORY;
        /* What is wrong with a URL is for libcurl to say when it is used. */
        if (curl_url_set(lane->parts, CURLUPART_URL, url, 0) == CURLUE_OK)
            parts = lane->parts;
    }
    ANYCERT__SET(rc, lane->easy, CURLOPT_CURLU, parts);
    return rc;
}

static CURLcode set_url(struct anycert__lane *lane, const char *url, bool is_secret)
{
    CURLcode rc = CURLE_OK;

    if (anycert__str_equal(lane->url, url))
        return CURLE_OK;
    anycert__free_secret(lane->url);
    lane->url = anycert__strdup(url);
    if (!lane->url)
        return CURLE_OUT_OF_MEMORY;
    /* In this order: later versions than 7.88 forget the URL when they get its parts, or none. */
    rc = set_parts(lane, url, is_secret);
    ANYCERT__SET(rc, lane->easy, CURLOPT_URL, url);
    return rc;
}

static CURLcode set_rest(struct anycert__lane *lane, struct anycert__exchange *exchange)
{
    uint32_t connect_ms = anycert__limit_of(exchange->connect_ms, lane->settings->connect_ms);
    uint32_t stall_ms = anycert__limit_of(exchange->stall_ms, lane->settings->stall_ms);
    bool is_watched = exchange->progress || (stall_ms > 0 && !lane->is_looked_at);
    CURL *easy = lane->easy;
    CURLcode rc = set_url(lane, exchange->wire_url ? exchange->wire_url : exchange->url->text,
                          exchange->wire_url != NULL);

    if (exchange->user) {
        ANYCERT__SET(rc, easy, CURLOPT_USERNAME, exchange->user);
        ANYCERT__SET(rc, easy, CURLOPT_PASSWORD, exchange->password ? exchange->password : "");
    }
    if (exchange->total_ms > 0)
        ANYCERT__SET(rc, easy, CURLOPT_TIMEOUT_MS, (long)exchange->total_ms);
    if (rc == CURLE_OK && (connect_ms != lane->connect_ms || stall_ms != lane->stall_ms))
        rc = anycert__lane_limit(lane, connect_ms, stall_ms);
    if (is_watched != lane->is_watched)
        ANYCERT__SET(rc, easy, CURLOPT_NOPROGRESS, is_watched ? 0L : 1L);
    lane->is_watched = is_watched;
    return rc;
}

/* Nothing of a request, least of all a secret, stays in the handle. */
static void take_back(struct anycert__lane *lane, const struct anycert__exchange *exchange)
{
    CURLcode rc = CURLE_OK;

    if (lane->lines.count > 0)
        ANYCERT__SET(rc, lane->easy, CURLOPT_HTTPHEADER, lane->own_headers);
    if (exchange->user) {
        ANYCERT__SET(rc, lane->easy, CURLOPT_USERNAME, (char *)NULL);
        ANYCERT__SET(rc, lane->easy, CURLOPT_PASSWORD, (char *)NULL);
    }
    if (lane->has_cookies)
        ANYCERT__SET(rc, lane->easy, CURLOPT_COOKIE, (char *)NULL);
    lane->has_cookies = false;
    if (exchange->wire_shown)
        rc = set_url(lane, exchange->url->text, false);
    if (exchange->total_ms > 0)
        ANYCERT__SET(rc, lane->easy, CURLOPT_TIMEOUT_MS, 0L);
    if (exchange->body)
        anycert__upload_end(lane);
    (void)anycert__upload_room(lane, 0);
    anycert__lines_clear(&lane->lines);
    anycert__decoder_free(lane->decoder);
    lane->decoder = NULL;
}

/* What is the same for every exchange of a lane. */
CURLcode anycert__lane_callbacks(struct anycert__lane *lane)
{
    CURL *easy = lane->easy;
    CURLcode rc = CURLE_OK;

    for (size_t i = 0; i < (lane->settings->decompress ? 2 : 1); i++) {
        static const char *const lines[] = {"User-Agent: " ANYCERT__USER_AGENT,
                                            "Accept-Encoding: " ANYCERT__CODINGS};
        struct curl_slist *longer = curl_slist_append(lane->own_headers, lines[i]);

        if (!longer)
            return CURLE_OUT_OF_MEMORY;
        lane->own_headers = longer;
    }
    ANYCERT__SET(rc, easy, CURLOPT_HTTPHEADER, lane->own_headers);
    ANYCERT__SET(rc, easy, CURLOPT_HEADERFUNCTION, on_header);
    ANYCERT__SET(rc, easy, CURLOPT_HEADERDATA, lane);
    ANYCERT__SET(rc, easy, CURLOPT_WRITEFUNCTION, on_body);
    ANYCERT__SET(rc, easy, CURLOPT_WRITEDATA, lane);
    ANYCERT__SET(rc, easy, CURLOPT_XFERINFOFUNCTION, on_progress);
    ANYCERT__SET(rc, easy, CURLOPT_XFERINFODATA, lane);
    return rc == CURLE_OK ? anycert__upload_callbacks(lane) : rc;
}

/* libcurl takes the end of a TLS connection for the end of a body even if nobody vouches for it. */
static bool cut_off(const struct anycert__lane *lane, const struct anycert__exchange *exchange)
{
    struct anycert__link *link = lane->link ? lane->link : lane->proxy_link;

    return link && !anycert__link_closed_cleanly(link) &&
           anycert__framing_is_by_close(&exchange->fields, exchange->method, exchange->status,
                                        exchange->version);
}

void anycert__lane_results(struct anycert__lane *lane, struct anycert__exchange *exchange)
{
    curl_off_t resolved = 0;
    curl_off_t connected = 0;
    curl_off_t tls = 0;
    curl_off_t first = 0;
    curl_off_t total = 0;
    curl_off_t sent = 0;
    curl_off_t received = 0;
    long version = 0;
    long connects = 0;

    (void)curl_easy_getinfo(lane->easy, CURLINFO_NAMELOOKUP_TIME_T, &resolved);
    (void)curl_easy_getinfo(lane->easy, CURLINFO_CONNECT_TIME_T, &connected);
    (void)curl_easy_getinfo(lane->easy, CURLINFO_APPCONNECT_TIME_T, &tls);
    (void)curl_easy_getinfo(lane->easy, CURLINFO_STARTTRANSFER_TIME_T, &first);
    (void)curl_easy_getinfo(lane->easy, CURLINFO_TOTAL_TIME_T, &total);
    (void)curl_easy_getinfo(lane->easy, CURLINFO_SIZE_UPLOAD_T, &sent);
    (void)curl_easy_getinfo(lane->easy, CURLINFO_SIZE_DOWNLOAD_T, &received);
    (void)curl_easy_getinfo(lane->easy, CURLINFO_HTTP_VERSION, &version);
    (void)curl_easy_getinfo(lane->easy, CURLINFO_NUM_CONNECTS, &connects);
    exchange->timings.resolved_us = resolved;
    exchange->timings.connected_us = connected;
    exchange->timings.tls_us = tls;
    exchange->connected = connected > 0 || lane->link; /* libcurl counts TLS in */
    exchange->timings.first_byte_us = first;
    exchange->timings.total_us = total;
    exchange->sent_bytes = (uint64_t)sent;
    exchange->received_bytes = (uint64_t)received;
    exchange->reused = connects == 0 && lane->asked;
    if (exchange->status)
        memcpy(exchange->version,
               version == CURL_HTTP_VERSION_2_0   ? "2\0\0"
               : version == CURL_HTTP_VERSION_1_0 ? "1.0"
                                                  : "1.1",
               sizeof "1.1");
}

CURLcode anycert__lane_begin(struct anycert__lane *lane, struct anycert__exchange *exchange,
                             struct anycert_error *err)
{
    const struct anycert__observer *observer = &lane->settings->observer;
    CURLcode rc = CURLE_OK;

    if (observer->begun && !exchange->only_handshake)
        observer->begun(observer->arg, exchange, lane->proxied);
    lane->exchange = exchange;
    memset(&lane->failure, 0, sizeof lane->failure);
    lane->once = !anycert__is_idempotent(exchange->method);
    lane->unanswered = lane->asked = lane->approved = lane->guarded = lane->stale = lane->looked =
        lane->lapsed = lane->is_overdue = lane->header_done = lane->body_begun =
            lane->is_challenged = lane->has_answered = false;
    lane->owes = ANYCERT__OWES_NOTHING;
    anycert__tofu_forget(lane);
    lane->begun_us = anycert__monotonic_us();
    lane->contexts = 0;
    lane->private_address[0] = '\0';
    lane->header_bytes = 0;
    lane->moved_us = 0;
    anycert__lane_unlink(lane); /* the connection may be another this time */
    anycert__lane_trace_reset(lane);
    lane->total_ms = exchange->total_ms;
    lane->limit_ms = exchange->limit_ms;
    exchange->is_preauthenticated = lane->knows_nonce;
    lane->text[0] = lane->auth_trouble[0] = '\0';
    rc = set_method(lane, exchange, err);
    if (rc == CURLE_OK)
        rc = anycert__lane_headers(lane, exchange, err);
    if (rc == CURLE_OK)
        rc = set_rest(lane, exchange);
    if (rc == CURLE_OK)
        rc = anycert__upload_room(lane, lane->lines.text.len + strlen(lane->url));
    return rc;
}

CURLcode anycert__lane_end(struct anycert__lane *lane, CURLcode rc)
{
    struct anycert__exchange *exchange = lane->exchange;

    anycert__lane_results(lane, exchange);
    if (rc == CURLE_OK && exchange->status > 0 && !lane->header_done) {
        /* libcurl takes the end of the connection for the end of the header. */
        anycert__fail(&lane->failure, ANYCERT_E_RESET,
                      "%s closed the connection before the end of its header", lane->host);
        rc = CURLE_RECV_ERROR;
    }
    if (rc == CURLE_OK && cut_off(lane, exchange)) {
        anycert__fail(
            &lane->failure, ANYCERT_E_BODY_TRUNCATED,
            "the connection to %s ended without close_notify, so the body may have been cut off",
            lane->host);
        rc = CURLE_PARTIAL_FILE;
    }
    if (rc == CURLE_OK && lane->decoder &&
        anycert__decoder_finish(lane->decoder, &lane->failure) < 0)
        rc = CURLE_BAD_CONTENT_ENCODING;
    if (rc == CURLE_OK && lane->auth_trouble[0] && exchange->status == 401) {
        anycert__fail(&lane->failure, ANYCERT_E_AUTH,
                      "%s wants a Kerberos ticket, and there is none to use: %s", lane->host,
                      lane->auth_trouble);
        rc = CURLE_LOGIN_DENIED;
    }
    lane->knows_nonce = lane->scheme == ANYCERT__SCHEME_DIGEST;
    lane->is_spent = lane->scheme != ANYCERT__SCHEME_BASIC && exchange->status == 401;
    take_back(lane, exchange);
    anycert__tls_forget_errors();
    lane->exchange = NULL;
    return rc;
}

CURLcode anycert__lane_perform(struct anycert__lane *lane, struct anycert__exchange *exchange,
                               struct anycert_error *err)
{
    CURLcode rc = anycert__lane_begin(lane, exchange, err);

    if (rc == CURLE_OK)
        rc = curl_easy_perform(lane->easy);
    while (anycert__challenge_answer(lane, rc) || anycert__nameless_again(lane, rc))
        rc = curl_easy_perform(lane->easy);
    rc = anycert__tofu_pay_all(lane, rc);
    return anycert__lane_end(lane, rc);
}
