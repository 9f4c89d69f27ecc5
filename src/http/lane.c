#include "http/lane.h"

#include "base/buf.h"
#include "base/mem.h"
#include "base/str.h"
#include "verdict/judge.h"
#include "verdict/report.h"

#include <string.h>
#include <sys/socket.h>

/* ---- libcurl's callbacks about connections ---- */

/* A fresh TLS context, before its connection (CURLOPT_SSL_CTX_FUNCTION). The hop is told by
 * markers, as nothing else tells it reliably; if the two of them disagree, no connection is made.
 */
static CURLcode on_context(CURL *easy, void *ssl_ctx, void *arg)
{
    struct anycert__lane *lane = arg;
    const struct anycert__http_settings *settings = lane->settings;
    enum anycert__hop hop = ANYCERT__HOP_ORIGIN;
    struct anycert__link *link = NULL;
    int rc = -1;

    (void)easy;
    lane->contexts++;
    /* What a proxy says while the connection is made is no answer. */
    lane->unanswered = lane->unanswered || (lane->approved && lane->header_bytes == 0);
    if (!anycert__hop_marker(ssl_ctx, &hop)) {
        anycert__fail(&lane->failure, ANYCERT_E_INTERNAL, "the TLS hop cannot be told");
        return CURLE_ABORTED_BY_CALLBACK;
    }
    if (hop == ANYCERT__HOP_PROXY) {
        rc = anycert__link_attach(ssl_ctx, lane->proxy_terms, settings->proxy_host,
                                  settings->proxy_port, lane->proxy_anchors, &link, &lane->failure);
        anycert__link_unref(lane->proxy_link);
        lane->proxy_link = link;
        /* A new tunnel carries a new origin link; the old one's facts must not be taken for it. */
        anycert__link_unref(lane->link);
        lane->link = NULL;
        return rc < 0 ? CURLE_ABORTED_BY_CALLBACK : CURLE_OK;
    }
    rc = anycert__link_attach(ssl_ctx, lane->terms, lane->host, lane->port, lane->anchors, &link,
                              &lane->failure);
    anycert__link_unref(lane->link);
    lane->link = link;
    if (rc == 0 && lane->proxied && settings->proxy_https) {
        if (!lane->proxy_link) {
            anycert__fail(&lane->failure, ANYCERT_E_INTERNAL, "the proxy's TLS link is not known");
            return CURLE_ABORTED_BY_CALLBACK;
        }
        anycert__link_set_proxy(link, lane->proxy_link);
    }
    return rc < 0 ? CURLE_ABORTED_BY_CALLBACK : CURLE_OK;
}

static struct anycert__link *link_in_use(CURL *easy)
{
    struct curl_tlssessioninfo *info = NULL;

    if (curl_easy_getinfo(easy, CURLINFO_TLS_SSL_PTR, &info) != CURLE_OK || !info ||
        info->backend != CURLSSLBACKEND_OPENSSL)
        return NULL;
    return anycert__link_of(info->internals);
}

/* The policy was in force when the exchange began; its end may have passed while the connection was
 * made. */
static bool has_ended(const struct anycert__hop_terms *terms, int64_t now)
{
    return anycert__policy_has_ended(terms->policy, now);
}

static bool link_may_stand(struct anycert__lane *lane, struct anycert__link *link,
                           const struct anycert__hop_terms *terms, int64_t now)
{
    return link && anycert__link_policy(link) == terms->policy && !has_ended(terms, now) &&
           anycert__judge_accepts(anycert__link_facts(link), terms->policy, now,
                                  ANYCERT__JUDGE_ALL) &&
           anycert__tofu_is_current(lane, link, terms, now);
}

/* Which links this transfer goes over, asked of the connection itself; false if one that must be
 * there is not. */
static bool take_links(struct anycert__lane *lane, CURL *easy)
{
    bool https_proxy = lane->proxied && lane->settings->proxy_https;
    struct anycert__link *link = lane->https || https_proxy ? link_in_use(easy) : NULL;
    struct anycert__link *proxy =
        https_proxy ? (lane->https && link ? anycert__link_proxy(link) : link) : NULL;

    anycert__link_ref(link);
    anycert__link_ref(proxy);
    anycert__link_unref(lane->link);
    anycert__link_unref(lane->proxy_link);
    lane->link = lane->https ? link : NULL;
    lane->proxy_link = proxy;
    if (!lane->https)
        anycert__link_unref(link);
    return (!lane->https || lane->link) && (!https_proxy || lane->proxy_link);
}

/* libcurl makes a request again by itself when a kept connection ends before an answer. Whether the
 * server has carried it out is not known then (RFC 9112 section 9.3.1). HTTP/2 could tell, but when
 * a connection of many streams ends, libcurl 7.88 repeats streams that were answered, too. */
static bool would_be_done_twice(struct anycert__lane *lane)
{
    if (!lane->approved || !lane->once || (lane->header_bytes > 0 && !lane->unanswered))
        return false;
    anycert__fail(&lane->failure, ANYCERT_E_RESET,
                  "%s closed the connection without an answer to the %s request, which it may have "
                  "carried out",
                  lane->host, lane->exchange->method);
    return true;
}

int anycert__lane_judge(struct anycert__lane *lane, const char *primary_ip)
{
    int64_t now = anycert__clock_now(&lane->settings->clock);
    bool stands = false;

    if (would_be_done_twice(lane) || anycert__private_stops(lane, primary_ip))
        return CURL_PREREQFUNC_ABORT;
    stands = take_links(lane, lane->easy);
    lane->asked = true;
    lane->asked_at = now;
    lane->lapsed = !lane->approved && ((lane->link && has_ended(lane->terms, now)) ||
                                       (lane->proxy_link && has_ended(lane->proxy_terms, now)));
    if (stands && lane->proxy_link)
        stands = link_may_stand(lane, lane->proxy_link, lane->proxy_terms, now);
    if (stands && lane->link)
        stands = anycert__tofu_ask(lane, now) && link_may_stand(lane, lane->link, lane->terms, now);
    /* Before the guard: what another thread adds meanwhile must not pass it unseen. */
    if (stands && lane->jar && anycert__jar_give(lane) != CURLE_OK) {
        anycert__fail_nomem(&lane->failure);
        return CURL_PREREQFUNC_ABORT;
    }
    if (stands && anycert__guard_stops(lane))
        return CURL_PREREQFUNC_ABORT;
    lane->looked = stands && lane->exchange->only_handshake;
    if (lane->looked || (stands && !anycert__tofu_learn(lane, now)))
        return CURL_PREREQFUNC_ABORT;
    lane->approved = lane->approved || stands;
    if (stands)
        return CURL_PREREQFUNC_OK;
    lane->stale = lane->contexts == 0;
    return CURL_PREREQFUNC_ABORT;
}

/* CURLOPT_PREREQFUNCTION */
static int on_request(void *arg, char *primary_ip, char *local_ip, int primary_port, int local_port)
{
    (void)local_ip;
    (void)primary_port;
    (void)local_port;
    return anycert__lane_judge(arg, primary_ip);
}

/* A proxy's link whose policy ended during its handshake is unusable before anything goes over it,
 * and then nobody comes to ask above. */
bool anycert__lane_lapsed(const struct anycert__lane *lane)
{
    return lane->lapsed ||
           (!lane->asked && lane->proxy_link &&
            has_ended(lane->proxy_terms, anycert__clock_now(&lane->settings->clock)));
}

/* ---- reports ---- */

/* When a date of the chain passes next: until then the same facts give the same report. */
static int64_t next_change(const struct anycert__facts *facts, int64_t now)
{
    int64_t next = INT64_MAX;

    for (size_t i = 0; i < facts->validated_count; i++) {
        const struct anycert__certificate *cert = &facts->validated[i];

        if (cert->not_before > now && cert->not_before < next)
            next = cert->not_before;
        if (cert->not_after >= now && cert->not_after < next)
            next = cert->not_after;
    }
    return next;
}

/* A report of the link, which keeps it for the next exchange over its connection. */
static int make_report(struct anycert__link *link, int64_t now, struct anycert_report **report,
                       struct anycert_error *err)
{
    struct anycert__facts *facts = link ? anycert__link_facts(link) : NULL;
    enum anycert__judge_scope scope = ANYCERT__JUDGE_ALL;

    anycert_report_free(*report);
    *report = link ? anycert__link_report(link, now) : NULL;
    if (*report || !facts)
        return 0;
    /* A handshake that was refused for its certificates is judged by these; one that never came so
     * far by nothing. */
    scope = facts->complete || facts->presented_count == 0 ? ANYCERT__JUDGE_ALL
                                                           : ANYCERT__JUDGE_CERTIFICATES;
    *report = anycert__judge(facts, anycert__link_policy(link), now, scope, err);
    if (!*report)
        return -1;
    if (facts->complete) /* and so never changes again */
        anycert__link_keep_report(link, *report, next_change(facts, now));
    return 0;
}

int anycert__lane_reports(struct anycert__lane *lane, struct anycert_error *err)
{
    int64_t now = lane->asked ? lane->asked_at : anycert__clock_now(&lane->settings->clock);

    return make_report(lane->link, now, &lane->report, err) < 0 ||
                   make_report(lane->proxy_link, now, &lane->proxy_report, err) < 0
               ? -1
               : 0;
}

void anycert__lane_unlink(struct anycert__lane *lane)
{
    anycert_report_free(lane->report);
    anycert_report_free(lane->proxy_report);
    anycert__link_unref(lane->link);
    anycert__link_unref(lane->proxy_link);
    lane->report = lane->proxy_report = NULL;
    lane->link = lane->proxy_link = NULL;
}

/* ---- birth and death ---- */

static CURLcode set_tls(struct anycert__lane *lane)
{
    CURL *easy = lane->easy;
    CURLcode rc = CURLE_OK;

    /* Every TLS setting that counts is made in on_context; these are its markers and what must not
     * get in its way: no anchors of libcurl's, no session cache, no name check that knows better.
     */
    ANYCERT__SET(rc, easy, CURLOPT_SSL_CTX_FUNCTION, on_context);
    ANYCERT__SET(rc, easy, CURLOPT_SSL_CTX_DATA, lane);
    ANYCERT__SET(rc, easy, CURLOPT_SSL_VERIFYPEER, 1L);
    ANYCERT__SET(rc, easy, CURLOPT_SSL_VERIFYHOST, 0L);
    ANYCERT__SET(rc, easy, CURLOPT_SSL_SESSIONID_CACHE, 0L);
    ANYCERT__SET(rc, easy, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
    ANYCERT__SET(rc, easy, CURLOPT_SSL_CIPHER_LIST, ANYCERT__MARKER_ORIGIN_CIPHERS);
    ANYCERT__SET(rc, easy, CURLOPT_SSL_OPTIONS, 0L);
    ANYCERT__SET(rc, easy, CURLOPT_CAINFO, (char *)NULL);
    ANYCERT__SET(rc, easy, CURLOPT_CAPATH, (char *)NULL);
    ANYCERT__SET(rc, easy, CURLOPT_CA_CACHE_TIMEOUT, 0L);
    ANYCERT__SET(rc, easy, CURLOPT_PROXY_SSL_VERIFYPEER, 1L);
    ANYCERT__SET(rc, easy, CURLOPT_PROXY_SSL_VERIFYHOST, 0L);
    ANYCERT__SET(rc, easy, CURLOPT_PROXY_SSLVERSION,
                 (long)(CURL_SSLVERSION_TLSv1_2 | CURL_SSLVERSION_MAX_TLSv1_3));
    ANYCERT__SET(rc, easy, CURLOPT_PROXY_SSL_CIPHER_LIST, ANYCERT__MARKER_PROXY_CIPHERS);
    ANYCERT__SET(rc, easy, CURLOPT_PROXY_SSL_OPTIONS, 0L);
    ANYCERT__SET(rc, easy, CURLOPT_PROXY_CAINFO, (char *)NULL);
    ANYCERT__SET(rc, easy, CURLOPT_PROXY_CAPATH, (char *)NULL);
    ANYCERT__SET(rc, easy, CURLOPT_PREREQFUNCTION, on_request);
    ANYCERT__SET(rc, easy, CURLOPT_PREREQDATA, lane);
    return rc;
}

static unsigned long proxy_schemes(enum anycert_proxy_auth auth)
{
    switch (auth) {
    case ANYCERT_PROXY_BASIC:
        return CURLAUTH_BASIC;
    case ANYCERT_PROXY_DIGEST:
        return CURLAUTH_DIGEST;
    case ANYCERT_PROXY_ANY:
        return CURLAUTH_BASIC | CURLAUTH_DIGEST;
    }
    return CURLAUTH_NONE;
}

static void add_encoded(struct anycert__buf *out, const char *text)
{
    for (; text && *text; text++)
        anycert__buf_addf(out, "%%%02X", (unsigned char)*text);
}

/* libcurl decodes percent signs in PROXYUSERNAME and PROXYPASSWORD, too, or does not: that depends
 * on its version. Of PROXYUSERPWD it is promised. */
static CURLcode set_proxy_user(struct anycert__lane *lane)
{
    struct anycert__buf both;
    CURLcode rc = CURLE_OUT_OF_MEMORY;

    anycert__buf_init_secret(&both, SIZE_MAX / 2);
    add_encoded(&both, lane->settings->proxy_user);
    anycert__buf_adds(&both, ":");
    add_encoded(&both, lane->settings->proxy_password);
    if (!both.failed)
        rc = curl_easy_setopt(lane->easy, CURLOPT_PROXYUSERPWD, both.data);
    anycert__buf_free(&both);
    return rc;
}

static CURLcode set_way(struct anycert__lane *lane)
{
    const struct anycert__http_settings *settings = lane->settings;
    CURL *easy = lane->easy;
    CURLcode rc = CURLE_OK;

    /* "" and not NULL: NULL would let the environment choose. */
    ANYCERT__SET(rc, easy, CURLOPT_PROXY, lane->proxied ? settings->proxy : "");
    ANYCERT__SET(rc, easy, CURLOPT_NOPROXY, "");
    if (lane->proxied && settings->proxy_user) {
        if (rc == CURLE_OK)
            rc = set_proxy_user(lane);
        ANYCERT__SET(rc, easy, CURLOPT_PROXYAUTH, (long)proxy_schemes(settings->proxy_auth));
        ANYCERT__SET(rc, easy, CURLOPT_SOCKS5_AUTH, (long)CURLAUTH_BASIC); /* no GSS-API */
    }
    ANYCERT__SET(rc, easy, CURLOPT_SUPPRESS_CONNECT_HEADERS,
                 anycert__challenge_may_come(lane) ? 0L : 1L);
    if (lane->resolve)
        ANYCERT__SET(rc, easy, CURLOPT_RESOLVE, lane->resolve);
    if (lane->connect_to)
        ANYCERT__SET(rc, easy, CURLOPT_CONNECT_TO, lane->connect_to);
    return rc == CURLE_OK ? anycert__lane_limit(lane, settings->connect_ms, settings->stall_ms)
                          : rc;
}

uint32_t anycert__limit_of(uint32_t own, uint32_t of_settings)
{
    return own == 0 ? of_settings : own == UINT32_MAX ? 0 : own;
}

CURLcode anycert__lane_limit(struct anycert__lane *lane, uint32_t connect_ms, uint32_t stall_ms)
{
    bool is_timed = stall_ms > 0 && !lane->is_looked_at;
    CURLcode rc = CURLE_OK;

    /* 0 would be libcurl's 300 s. */
    ANYCERT__SET(rc, lane->easy, CURLOPT_CONNECTTIMEOUT_MS,
                 connect_ms ? (long)connect_ms : 3600L * 1000 * 24);
    /* Whether nothing comes is looked at once a second by our own callback for progress. libcurl
     * has a clock for that only if it has such a limit, which is of a mean, so that slow answers
     * would be ended: it is one that never passes. */
    ANYCERT__SET(rc, lane->easy, CURLOPT_LOW_SPEED_LIMIT, is_timed ? 1L : 0L);
    ANYCERT__SET(rc, lane->easy, CURLOPT_LOW_SPEED_TIME, is_timed ? 3600L * 24 * 365 : 0L);
    lane->connect_ms = connect_ms;
    lane->stall_ms = stall_ms;
    return rc;
}

/* The one scheme that was asked for: a server that wants a weaker one gets none. */
static unsigned long scheme_bit(enum anycert__scheme scheme)
{
    switch (scheme) {
    case ANYCERT__SCHEME_BASIC:
        return CURLAUTH_BASIC;
    case ANYCERT__SCHEME_DIGEST:
        return CURLAUTH_DIGEST;
    case ANYCERT__SCHEME_NTLM:
        return CURLAUTH_NTLM;
    case ANYCERT__SCHEME_NEGOTIATE:
        return CURLAUTH_NEGOTIATE;
    }
    return CURLAUTH_NONE;
}

bool anycert__http_has_scheme(enum anycert__scheme scheme, int features)
{
    if (features == 0)
        features = curl_version_info(CURLVERSION_NOW)->features;
    switch (scheme) {
    case ANYCERT__SCHEME_BASIC:
    case ANYCERT__SCHEME_DIGEST:
        break;
    case ANYCERT__SCHEME_NTLM:
        return (features & CURL_VERSION_NTLM) != 0;
    case ANYCERT__SCHEME_NEGOTIATE:
        return (features & CURL_VERSION_SPNEGO) != 0;
    }
    return true;
}

static long http_version(const struct anycert__lane *lane)
{
    /* NTLM and Negotiate authenticate connections, not requests (RFC 4559 section 6). With Digest,
     * the empty request that libcurl 7.88 sends before a body gets no answer over HTTP/2. */
    if (lane->scheme != ANYCERT__SCHEME_BASIC)
        return CURL_HTTP_VERSION_1_1;
    if (!anycert__tls_sends_alpn(lane->terms->policy))
        return CURL_HTTP_VERSION_1_1; /* HTTP/2 is agreed on by ALPN (RFC 9113 section 3.2) */
    switch (lane->settings->http_version) {
    case ANYCERT_HTTP_1_1:
        return CURL_HTTP_VERSION_1_1;
    case ANYCERT_HTTP_2:
        return CURL_HTTP_VERSION_2TLS;
    case ANYCERT_HTTP_AUTO:
        break;
    }
    /* libcurl 7.88 loses transfers over reused HTTP/2 tunnels behind https:// proxies now and then.
     */
    if (anycert__policy_accepts_any_certificate(lane->terms->policy) ||
        anycert__tls_offers_old_versions(lane->terms->policy) ||
        (lane->proxied && lane->settings->proxy_https))
        return CURL_HTTP_VERSION_1_1;
    return CURL_HTTP_VERSION_2TLS;
}

static curl_socket_t on_socket(void *arg, curlsocktype purpose, struct curl_sockaddr *address)
{
    (void)purpose;
    return anycert__private_socket(arg, address);
}

static CURLcode set_http(struct anycert__lane *lane)
{
    CURL *easy = lane->easy;
    CURLcode rc = CURLE_OK;
    long version = http_version(lane);

    lane->offers_http2 = lane->https && version != CURL_HTTP_VERSION_1_1;
    ANYCERT__SET(rc, easy, CURLOPT_NOSIGNAL, 1L);
    ANYCERT__SET(rc, easy, CURLOPT_ERRORBUFFER, lane->text);
    ANYCERT__SET(rc, easy, CURLOPT_PROTOCOLS_STR, "http,https");
    ANYCERT__SET(rc, easy, CURLOPT_REDIR_PROTOCOLS_STR, "http,https");
    ANYCERT__SET(rc, easy, CURLOPT_FOLLOWLOCATION, 0L);
    /* Repetitions of libcurl's own, for authentication, have an end, too. */
    ANYCERT__SET(rc, easy, CURLOPT_MAXREDIRS, 16L);
    if (lane->settings->expect_ms && lane->settings->expect_ms != UINT32_MAX)
        ANYCERT__SET(rc, easy, CURLOPT_EXPECT_100_TIMEOUT_MS, (long)lane->settings->expect_ms);
    ANYCERT__SET(rc, easy, CURLOPT_NETRC, (long)CURL_NETRC_IGNORED);
    ANYCERT__SET(rc, easy, CURLOPT_HTTPAUTH, scheme_bit(lane->scheme));
    ANYCERT__SET(rc, easy, CURLOPT_HTTP_VERSION, version);
    ANYCERT__SET(rc, easy, CURLOPT_HTTP09_ALLOWED, 0L);
    ANYCERT__SET(rc, easy, CURLOPT_MAXCONNECTS, 1L);
    ANYCERT__SET(rc, easy, CURLOPT_TCP_KEEPALIVE, 1L);
    ANYCERT__SET(rc, easy, CURLOPT_OPENSOCKETFUNCTION, on_socket);
    ANYCERT__SET(rc, easy, CURLOPT_OPENSOCKETDATA, lane);
    ANYCERT__SET(rc, easy, CURLOPT_HTTP_CONTENT_DECODING, 0L); /* decode.h does it */
    return rc;
}

static int copy_list(const char *const *entries, size_t count, struct curl_slist **out)
{
    for (size_t i = 0; i < count; i++) {
        struct curl_slist *longer = curl_slist_append(*out, entries[i]);

        if (!longer)
            return -1;
        *out = longer;
    }
    return 0;
}

static int set_key(struct anycert__lane *lane, const struct anycert__exchange *exchange)
{
    lane->origin = anycert__strdup(exchange->url->origin);
    lane->host = anycert__strdup(exchange->url->host);
    lane->port = exchange->url->port;
    lane->https = exchange->url->https;
    lane->terms = exchange->terms;
    lane->jar = exchange->jar;
    lane->proxy_terms = exchange->proxy_terms;
    lane->scheme = exchange->user ? exchange->scheme : ANYCERT__SCHEME_BASIC;
    lane->anchors = anycert__anchors_ref(exchange->anchors);
    lane->proxy_anchors = anycert__anchors_ref(exchange->proxy_anchors);
    if (anycert__credentials(lane->settings, exchange, lane->credentials) < 0)
        return -1;
    return lane->origin && lane->host ? 0 : -1;
}

struct anycert__lane *anycert__lane_new(const struct anycert__http_settings *settings,
                                        const struct anycert__exchange *exchange, bool proxied,
                                        struct anycert_error *err)
{
    struct anycert__lane *lane = anycert__calloc(1, sizeof *lane);
    CURLcode rc = CURLE_OK;

    if (!lane)
        goto nomem;
    anycert__buf_init_secret(&lane->lines.text, SIZE_MAX / 2);
    lane->settings = settings;
    lane->proxied = proxied;
    lane->easy = curl_easy_init();
    if (!lane->easy || set_key(lane, exchange) < 0 ||
        copy_list(settings->resolve, settings->resolve_count, &lane->resolve) < 0 ||
        copy_list(settings->connect_to, settings->connect_to_count, &lane->connect_to) < 0)
        goto nomem;
    rc = set_tls(lane);
    if (rc == CURLE_OK)
        rc = set_way(lane);
    if (rc == CURLE_OK)
        rc = set_http(lane);
    if (rc == CURLE_OK)
        rc = anycert__lane_callbacks(lane);
    if (rc == CURLE_OK)
        rc = anycert__lane_trace(lane);
    if (rc == CURLE_OUT_OF_MEMORY)
        goto nomem;
    if (rc != CURLE_OK) {
        anycert__fail(err, ANYCERT_E_INTERNAL, "libcurl refuses a setting: %s",
                      curl_easy_strerror(rc));
        anycert__lane_free(lane);
        return NULL;
    }
    return lane;
nomem:
    anycert__fail_nomem(err);
    anycert__lane_free(lane);
    return NULL;
}

void anycert__lane_free(struct anycert__lane *lane)
{
    if (!lane)
        return;
    if (lane->easy)
        anycert__upload_end(lane);
    /* First of the rest, as closing a connection calls back into its context. */
    curl_easy_cleanup(lane->easy);
    anycert__tls_forget_errors();
    curl_slist_free_all(lane->resolve);
    curl_slist_free_all(lane->connect_to);
    anycert__buf_free(&lane->lines.text);
    anycert__free(lane->lines.list);
    anycert__decoder_free(lane->decoder);
    curl_slist_free_all(lane->own_headers);
    anycert__free_secret(lane->url);
    curl_url_cleanup(lane->parts);
    anycert__lane_trace_free(lane);
    anycert__tofu_forget(lane);
    anycert__lane_unlink(lane);
    anycert__anchors_unref(lane->anchors);
    anycert__anchors_unref(lane->proxy_anchors);
    anycert__free(lane->origin);
    anycert__free(lane->host);
    anycert__free(lane);
}

bool anycert__lane_fits(const struct anycert__lane *lane, const struct anycert__exchange *exchange,
                        bool proxied, const uint8_t credentials[32])
{
    return lane->terms == exchange->terms && lane->proxy_terms == exchange->proxy_terms &&
           lane->jar == exchange->jar && lane->anchors == exchange->anchors &&
           lane->proxy_anchors == exchange->proxy_anchors &&
           memcmp(lane->credentials, credentials, sizeof lane->credentials) == 0 &&
           lane->proxied == proxied && strcmp(lane->origin, exchange->url->origin) == 0;
}

bool anycert__lane_outdated(const struct anycert__lane *lane, const struct anycert__lane *newest)
{
    return lane->terms == newest->terms && lane->proxy_terms == newest->proxy_terms &&
           (lane->anchors != newest->anchors || lane->proxy_anchors != newest->proxy_anchors);
}
