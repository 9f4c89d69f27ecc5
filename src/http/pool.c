#include "http/exchange.h"
#include "http/lane.h"
#include "http/noproxy.h"
#include "http/record.h"
#include "http/secret.h"

#include "base/buf.h"
#include "base/mem.h"
#include "base/str.h"
#include "verdict/report.h"

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

struct anycert__http {
    struct anycert__http_settings settings;
    pthread_mutex_t mutex;
    struct anycert__lane *idle;
    unsigned generation; /* that the idle lanes were made in */
};

static pthread_once_t curl_once = PTHREAD_ONCE_INIT;
static CURLcode curl_ready = CURLE_FAILED_INIT;

/* Counts forks: a process that finds another number than its connections were made under has
 * inherited them. Two processes writing to one TLS connection would encrypt different data under
 * one key and nonce. */
static unsigned generation;

static void count_fork(void)
{
    generation++;
}

unsigned anycert__fork_count(void)
{
    return generation;
}

static void init_curl(void)
{
    curl_ready = curl_global_init(CURL_GLOBAL_DEFAULT);
    if (curl_ready == CURLE_OK && pthread_atfork(NULL, NULL, count_fork) != 0)
        curl_ready = CURLE_FAILED_INIT;
}

int anycert__libcurl_check(struct anycert_error *err)
{
    const curl_version_info_data *info = NULL;

    pthread_once(&curl_once, init_curl);
    if (curl_ready != CURLE_OK)
        return anycert__fail(err, ANYCERT_E_INTERNAL, "libcurl cannot be initialised: %s",
                             curl_easy_strerror(curl_ready));
    info = curl_version_info(CURLVERSION_NOW);
    if (!info->ssl_version || strncmp(info->ssl_version, "OpenSSL/", 8) != 0)
        return anycert__fail(err, ANYCERT_E_USAGE,
                             "libcurl uses '%s' for TLS; anycert needs OpenSSL",
                             info->ssl_version ? info->ssl_version : "nothing");
    if (strcmp(info->ssl_version + 8, anycert__openssl_number()) != 0)
        return anycert__fail(
            err, ANYCERT_E_USAGE,
            "libcurl uses OpenSSL %s and anycert OpenSSL %s; both have to use one library",
            info->ssl_version + 8, anycert__openssl_number());
    return 0;
}

const char *anycert__libcurl_version(void)
{
    return curl_version_info(CURLVERSION_NOW)->version;
}

struct anycert__http *anycert__http_new(const struct anycert__http_settings *settings,
                                        struct anycert_error *err)
{
    struct anycert__http *http = NULL;

    if (anycert__libcurl_check(err) < 0 || anycert__tls_init(err) < 0)
        return NULL;
    http = anycert__calloc(1, sizeof *http);
    if (!http || pthread_mutex_init(&http->mutex, NULL) != 0) {
        anycert__free(http);
        anycert__fail_nomem(err);
        return NULL;
    }
    http->settings = *settings;
    http->generation = generation;
    return http;
}

/* Frees a lane whose connection belongs to the parent process, without a byte on it: what is
 * written while it is freed goes nowhere. */
static void free_inherited(struct anycert__lane *lane)
{
    curl_socket_t fd = CURL_SOCKET_BAD;
    int nowhere = open("/dev/null", O_RDWR | O_CLOEXEC);

    if (curl_easy_getinfo(lane->easy, CURLINFO_ACTIVESOCKET, &fd) == CURLE_OK &&
        fd != CURL_SOCKET_BAD && nowhere >= 0)
        (void)dup2(nowhere, fd);
    if (nowhere >= 0) {
        (void)close(nowhere);
        anycert__lane_free(lane);
    } /* else the memory is lost, and the connection is safe */
}

/* In a child: drops what was inherited. Called with the mutex held, or by the only user. */
static void drop_inherited(struct anycert__http *http)
{
    if (http->generation == generation)
        return;
    http->generation = generation;
    while (http->idle) {
        struct anycert__lane *lane = http->idle;

        http->idle = lane->next;
        free_inherited(lane);
    }
}

void anycert__http_free(struct anycert__http *http)
{
    if (!http)
        return;
    drop_inherited(http);
    while (http->idle) {
        struct anycert__lane *lane = http->idle;

        http->idle = lane->next;
        anycert__lane_free(lane);
    }
    pthread_mutex_destroy(&http->mutex);
    anycert__free(http);
}

const struct anycert__http_settings *anycert__http_settings_of(const struct anycert__http *http)
{
    return &http->settings;
}

bool anycert__http_proxied(const struct anycert__http *http, const char *host, uint16_t port)
{
    return http->settings.proxy && !anycert__no_proxy_match(http->settings.no_proxy, host, port);
}

bool anycert__http_may_withhold(const struct anycert__http *http,
                                const struct anycert__exchange *exchange)
{
    uint8_t credentials[32];

    return http->settings.secret_guard == ANYCERT_SECRETS_WITHHOLD &&
           anycert__credentials(&http->settings, exchange, credentials) == 0 &&
           anycert__guard_may_withhold(&http->settings, exchange, credentials);
}

int anycert__credentials(const struct anycert__http_settings *settings,
                         const struct anycert__exchange *exchange, uint8_t out[32])
{
    struct anycert__buf all;
    int result = 0;

    memset(out, 0, 32);
    anycert__buf_init_secret(&all, SIZE_MAX / 2);
    if (exchange->user)
        anycert__buf_addf(&all, "%d %zu:%s%s", (int)exchange->scheme, strlen(exchange->user),
                          exchange->user, exchange->password ? exchange->password : "");
    if (exchange->identity) {
        anycert__buf_adds(&all, "\n\n");
        anycert__buf_add(&all, exchange->identity, 32);
    }
    for (size_t i = 0; i < exchange->header_count; i++) {
        const struct anycert__field *field = &exchange->headers[i];

        /* Cookies change with each answer and belong to no connection. */
        if (!field->value || anycert__str_equal_nocase(field->name, "Cookie") ||
            !anycert__is_secret_field(settings, field->name, strlen(field->name)))
            continue;
        anycert__buf_addf(&all, "\n%s:%s", field->name, field->value);
    }
    if (all.failed || (all.len > 0 && anycert__sha256(all.data, all.len, out) != 0))
        result = -1;
    anycert__buf_free(&all);
    return result;
}

/* Takes an idle lane that fits out of the pool, or NULL. */
static struct anycert__lane *take(struct anycert__http *http,
                                  const struct anycert__exchange *exchange, bool proxied,
                                  const uint8_t credentials[32])
{
    struct anycert__lane *found = NULL;

    pthread_mutex_lock(&http->mutex);
    drop_inherited(http);
    for (struct anycert__lane **p = &http->idle; *p; p = &(*p)->next) {
        if (!anycert__lane_fits(*p, exchange, proxied, credentials))
            continue;
        found = *p;
        *p = found->next;
        break;
    }
    pthread_mutex_unlock(&http->mutex);
    return found;
}

static void give_back(struct anycert__http *http, struct anycert__lane *lane)
{
    struct anycert__lane *dropped = NULL;
    unsigned kept = 0;

    pthread_mutex_lock(&http->mutex);
    lane->next = http->idle;
    http->idle = lane;
    for (struct anycert__lane **p = &http->idle; *p;) {
        struct anycert__lane *one = *p;

        if (kept < http->settings.idle_max && (one == lane || !anycert__lane_outdated(one, lane))) {
            kept++;
            p = &one->next;
        } else {
            *p = one->next;
            one->next = dropped;
            dropped = one;
        }
    }
    pthread_mutex_unlock(&http->mutex);
    while (dropped) { /* outside of the lock, as closing talks to the network */
        lane = dropped;
        dropped = lane->next;
        anycert__lane_free(lane);
    }
}

static int take_reports(struct anycert__lane *lane, struct anycert__exchange *exchange,
                        struct anycert_error *err)
{
    if (anycert__lane_reports(lane, err) < 0)
        return -1;
    exchange->report = anycert__report_ref(lane->report);
    exchange->proxy_report = anycert__report_ref(lane->proxy_report);
    anycert__lane_trace_report(lane, lane->proxy_report);
    anycert__lane_trace_report(lane, lane->report);
    return 0;
}

static int tunnel_status(const struct anycert__lane *lane)
{
    long status = 0;

    (void)curl_easy_getinfo(lane->easy, CURLINFO_HTTP_CONNECTCODE, &status);
    return (int)status;
}

enum anycert__ending anycert__lane_settle(struct anycert__lane *lane, CURLcode rc,
                                          struct anycert__exchange *exchange,
                                          struct anycert_error *err)
{
    const struct anycert__observer *observer = &lane->settings->observer;
    struct anycert_error failure = {0};

    if (lane->looked) {
        lane->is_spent = true; /* the transfer was broken off */
        rc = CURLE_OK;
    }
    exchange->lapsed = anycert__lane_lapsed(lane);
    exchange->sent = lane->approved;
    exchange->guarded = lane->guarded;
    exchange->withheld =
        exchange->is_bare || (lane->link && anycert__link_withheld_cert(lane->link));
    if (lane->stale && !exchange->lapsed) {
        anycert__exchange_clear(exchange);
        return ANYCERT__ENDED_STALE;
    }
    if (rc != CURLE_OK) {
        (void)take_reports(lane, exchange,
                           &failure); /* what there is; the transfer's own failure counts */
        anycert__error_clear(&failure);
        if (err)
            failure = *err;
        anycert__lane_failure(lane, rc, &failure);
        exchange->wants_renegotiation =
            lane->link && anycert__link_refused_renegotiation(lane->link);
        exchange->tunnel_status = failure.code == ANYCERT_E_PROXY_STATUS ? tunnel_status(lane) : 0;
    } else {
        (void)take_reports(lane, exchange, &failure);
    }
    anycert__hide_in_error(lane->settings, exchange, &failure);
    if (observer->ended && !exchange->lapsed && !exchange->guarded && !exchange->only_handshake)
        observer->ended(observer->arg, exchange, failure.code ? &failure : NULL,
                        lane->recorder ? anycert__recorder_end(lane->recorder, lane->easy) : NULL);
    if (!failure.code)
        return ANYCERT__ENDED_WELL;
    if (err)
        *err = failure;
    return ANYCERT__ENDED_ILL;
}

/* One try. A lane is given back only after a whole success: whatever failed is not used again. */
static enum anycert__ending try_lane(struct anycert__http *http, struct anycert__lane *lane,
                                     struct anycert__exchange *exchange, struct anycert_error *err)
{
    CURLcode rc = anycert__lane_perform(lane, exchange, err);
    enum anycert__ending ending = anycert__lane_settle(lane, rc, exchange, err);

    if (ending == ANYCERT__ENDED_WELL && !lane->is_spent)
        give_back(http, lane);
    else
        anycert__lane_free(lane);
    return ending;
}

/* True if a connection is kept that the exchange is going to use without its secrets: one with them
 * need not be made first. */
static bool is_guarded(struct anycert__http *http, const struct anycert__exchange *exchange,
                       bool proxied)
{
    bool known = false;

    pthread_mutex_lock(&http->mutex);
    drop_inherited(http);
    for (struct anycert__lane *lane = http->idle; lane && !known; lane = lane->next)
        known = anycert__guard_knows(lane, exchange, proxied);
    pthread_mutex_unlock(&http->mutex);
    return known;
}

/* What is left of an exchange's time. */
static void shorten(struct anycert__exchange *exchange, int64_t end_us)
{
    if (end_us == INT64_MAX)
        return;
    exchange->total_ms = (end_us - anycert__monotonic_us() + 999) / 1000;
    if (exchange->total_ms <= 0)
        exchange->total_ms = 1;
}

int anycert__http_exchange(struct anycert__http *http, struct anycert__exchange *exchange,
                           struct anycert_error *err)
{
    bool proxied = anycert__http_proxied(http, exchange->url->host, exchange->url->port);
    int64_t end_us =
        exchange->total_ms > 0 ? anycert__monotonic_us() + exchange->total_ms * 1000 : INT64_MAX;
    struct anycert__lane *lane = NULL;
    enum anycert__ending ending = ANYCERT__ENDED_ILL;
    uint8_t credentials[32];

    if (anycert__credentials(&http->settings, exchange, credentials) < 0)
        return anycert__fail_nomem(err);
    if (anycert__guard_may_withhold(&http->settings, exchange, credentials) &&
        is_guarded(http, exchange, proxied))
        return anycert__guard_refuse(exchange, err);
    exchange->begun_us = anycert__monotonic_us();
    do {
        lane = exchange->is_fresh ? NULL : take(http, exchange, proxied, credentials);
        if (!lane)
            lane = anycert__lane_new(&http->settings, exchange, proxied, err);
        if (!lane)
            return -1;
        shorten(exchange, end_us);
        ending = try_lane(http, lane, exchange, err);
    } while (ending == ANYCERT__ENDED_STALE);
    return ending == ANYCERT__ENDED_WELL ? 0 : -1;
}

void anycert__exchange_clear(struct anycert__exchange *exchange)
{
    anycert__fields_clear(&exchange->fields);
    anycert__free(exchange->reason);
    anycert_report_free(exchange->report);
    anycert_report_free(exchange->proxy_report);
    exchange->reason = NULL;
    exchange->report = exchange->proxy_report = NULL;
    exchange->status = 0;
    exchange->version[0] = '\0';
    exchange->reused = exchange->sent = exchange->lapsed = false;
    exchange->guarded = exchange->withheld = exchange->is_preauthenticated = false;
    exchange->unexpected = exchange->has_header = exchange->is_held = false;
    exchange->sent_bytes = exchange->received_bytes = exchange->body_bytes = 0;
    memset(&exchange->timings, 0, sizeof exchange->timings);
}
