#include "client/log.h"

#include "base/buf.h"
#include "base/mem.h"
#include "base/str.h"
#include "client/internal.h"
#include "http/secret.h"
#include "verdict/render.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define LINE_LIMIT 8192
#define SOON       (7 * 86400)
#define KNOWN_MAX  1024 /* warnings that are remembered; beyond, the oldest are said once more */

struct anycert__log {
    enum anycert_log_level max_level;
    anycert_log_callback *callback;
    void *arg;
    const struct anycert__http_settings *settings;
    pthread_mutex_t mutex; /* over what is known */
    char **known;          /* warnings that were said, a ring */
    size_t known_count, known_next;
};

const char *anycert_log_level_name(enum anycert_log_level level)
{
    static const char *const names[] = {"none", "error", "warning", "info", "debug"};

    return level >= ANYCERT_LOG_NONE && level <= ANYCERT_LOG_DEBUG ? names[level] : names[0];
}

int anycert_config_set_log(struct anycert_config *config, enum anycert_log_level max_level,
                           anycert_log_callback *callback, void *arg, struct anycert_error *err)
{
    if (max_level < ANYCERT_LOG_NONE || max_level > ANYCERT_LOG_DEBUG)
        return anycert__fail(err, ANYCERT_E_USAGE, "there is no log level %d", (int)max_level);
    config->log_level = max_level;
    config->log = callback;
    config->log_arg = arg;
    return 0;
}

struct anycert__log *anycert__log_new(enum anycert_log_level max_level,
                                      anycert_log_callback *callback, void *arg,
                                      const struct anycert__http_settings *settings,
                                      struct anycert_error *err)
{
    struct anycert__log *log = anycert__calloc(1, sizeof *log);

    if (!log || pthread_mutex_init(&log->mutex, NULL) != 0) {
        anycert__free(log);
        anycert__fail_nomem(err);
        return NULL;
    }
    log->max_level = max_level;
    log->callback = callback;
    log->arg = arg;
    log->settings = settings;
    return log;
}

void anycert__log_free(struct anycert__log *log)
{
    if (!log)
        return;
    for (size_t i = 0; i < log->known_count; i++)
        anycert__free(log->known[i]);
    anycert__free(log->known);
    pthread_mutex_destroy(&log->mutex);
    anycert__free(log);
}

static bool wants(const struct anycert__log *log, enum anycert_log_level level)
{
    return log && level <= log->max_level;
}

/* Whatever comes from strangers has been escaped. */
static void give(struct anycert__log *log, enum anycert_log_level level,
                 const struct anycert__buf *line)
{
    log->callback(log->arg, level, line->data ? line->data : "", line->len);
}

void anycert__log(struct anycert__log *log, enum anycert_log_level level, const char *format, ...)
{
    char text[LINE_LIMIT];
    struct anycert__buf line;
    va_list args;

    if (!wants(log, level))
        return;
    va_start(args, format);
    (void)vsnprintf(text, sizeof text, format, args);
    va_end(args);
    anycert__buf_init(&line, LINE_LIMIT);
    anycert__buf_adds(&line, text);
    give(log, level, &line);
    anycert__buf_free(&line);
}

/* "GET https://host/path": cut where it is longer than anybody reads. */
static void add_request(const struct anycert__log *log, struct anycert__buf *line,
                        const char *method, const char *url)
{
    struct anycert__buf shown;

    anycert__buf_init(&shown, SIZE_MAX / 2);
    anycert__buf_add_url(&shown, log->settings, url, strlen(url));
    anycert__buf_addf(line, "%.40s %.2000s%s", method, shown.data ? shown.data : "",
                      shown.len > 2000 ? "..." : "");
    anycert__buf_free(&shown);
}

void anycert__log_begun(struct anycert__log *log, const struct anycert__exchange *exchange,
                        bool proxied)
{
    struct anycert__buf line;

    if (!wants(log, ANYCERT_LOG_DEBUG))
        return;
    anycert__buf_init(&line, LINE_LIMIT);
    add_request(log, &line, exchange->method, exchange->url->text);
    anycert__buf_adds(&line, " begins");
    if (proxied)
        anycert__buf_addf(&line, ", through the proxy %.300s", log->settings->proxy);
    anycert__hide_in_buf(log->settings, exchange, &line);
    give(log, ANYCERT_LOG_DEBUG, &line);
    anycert__buf_free(&line);
}

/* ---- relaxed checks ---- */

/* True if the text was not known before; it is from now on. Without memory everything is new. */
static bool is_new(struct anycert__log *log, const char *text)
{
    char *copy = NULL;
    bool known = false;

    pthread_mutex_lock(&log->mutex);
    for (size_t i = 0; i < log->known_count && !known; i++)
        known = strcmp(log->known[i], text) == 0;
    copy = known ? NULL : anycert__strdup(text);
    if (copy && !log->known)
        log->known = anycert__calloc(KNOWN_MAX, sizeof *log->known);
    if (copy && log->known && log->known_count < KNOWN_MAX) {
        log->known[log->known_count++] = copy;
        copy = NULL;
    } else if (copy && log->known) {
        anycert__free(log->known[log->known_next]);
        log->known[log->known_next] = copy;
        log->known_next = (log->known_next + 1) % KNOWN_MAX;
        copy = NULL;
    }
    anycert__free(copy);
    pthread_mutex_unlock(&log->mutex);
    return !known;
}

/* "HOST:PORT" or "proxy HOST:PORT" */
static void add_link(struct anycert__buf *line, const struct anycert_report *report)
{
    const char *host = anycert_report_host(report);

    anycert__buf_addf(line, "%s%s%s%s:%u",
                      strcmp(anycert_report_hop(report), "proxy") == 0 ? "proxy " : "",
                      anycert__open_bracket(host), host, anycert__close_bracket(host),
                      (unsigned)anycert_report_port(report));
}

static void warn_of_check(struct anycert__log *log, const struct anycert_report *report,
                          const struct anycert_check *check)
{
    const char *policy = anycert_report_policy(report);
    struct anycert__buf line;

    anycert__buf_init(&line, LINE_LIMIT);
    add_link(&line, report);
    anycert__buf_addf(
        &line, ": %s (allowed by %.*s)%s", anycert_check_detail(check), (int)strcspn(policy, " "),
        policy, anycert_report_peer_authenticated(report) ? "" : "; the peer is not authenticated");
    if (line.data && is_new(log, line.data))
        give(log, ANYCERT_LOG_WARNING, &line);
    anycert__buf_free(&line);
}

static void warn_of_relaxed(struct anycert__log *log, const struct anycert_report *report)
{
    if (!report || anycert_report_verdict(report) != ANYCERT_RELAXED)
        return;
    for (const struct anycert_check *check = anycert_report_next_check(report, NULL); check;
         check = anycert_report_next_check(report, check)) {
        if (anycert_check_verdict(check) == ANYCERT_RELAXED && !anycert_check_decided_by_pin(check))
            warn_of_check(log, report, check);
    }
}

/* What is left of the policy when it has ended. */
static bool keeps_pin(const struct anycert_policy *policy)
{
    return policy->pin_count > 0 || (policy->target && policy->target->pin_count > 0);
}

/* A week is time enough to see to what the policy was made for. */
static void warn_of_end(struct anycert__log *log, const struct anycert_report *report,
                        const struct anycert__hop_terms *terms)
{
    int64_t now = anycert__clock_now(&log->settings->clock);
    char date[ANYCERT__DATE_SIZE];
    struct anycert__buf line;

    if (!report || !terms->policy->has_until || now > terms->policy->until ||
        terms->policy->until - now >= SOON)
        return;
    anycert__format_date(terms->policy->until, date);
    anycert__buf_init(&line, LINE_LIMIT);
    add_link(&line, report);
    anycert__buf_addf(&line,
                      ": the policy %.*s ends on %s, its last day; from the day after, hardened "
                      "%scounts",
                      (int)strcspn(anycert_report_policy(report), " "),
                      anycert_report_policy(report), date,
                      keeps_pin(terms->policy) ? "with its pin " : "");
    if (line.data && is_new(log, line.data))
        give(log, ANYCERT_LOG_WARNING, &line);
    anycert__buf_free(&line);
}

/* ---- the end of an exchange ---- */

static void log_failure(struct anycert__log *log, const struct anycert__exchange *exchange,
                        const struct anycert_error *failure)
{
    int class = anycert_error_class_of(failure->code);
    bool interrupted = class == ANYCERT_CLASS_INTERRUPTED;
    enum anycert_log_level level = interrupted ? ANYCERT_LOG_INFO : ANYCERT_LOG_ERROR;
    struct anycert__buf line;

    if (!wants(log, level))
        return;
    anycert__buf_init(&line, LINE_LIMIT);
    add_request(log, &line, exchange->method, exchange->url->text);
    if (class == ANYCERT_CLASS_TRUST)
        anycert__buf_adds(&line, " refused");
    else
        anycert__buf_adds(&line, interrupted ? " given up" : " failed");
    anycert__buf_addf(&line, " after %lld ms: %s (%s)",
                      (long long)(exchange->timings.total_us / 1000), failure->message,
                      anycert_error_name(failure->code));
    anycert__hide_in_buf(log->settings, exchange, &line);
    give(log, level, &line);
    anycert__buf_free(&line);
}

static void add_stranger(struct anycert__buf *line, const char *text, size_t max)
{
    anycert__buf_add_escaped(line, text, strnlen(text, max));
}

static void log_success(struct anycert__log *log, const struct anycert__exchange *exchange)
{
    const char *location = anycert__fields_get(&exchange->fields, "Location", 0);
    struct anycert__buf line;

    if (!wants(log, ANYCERT_LOG_INFO))
        return;
    anycert__buf_init(&line, LINE_LIMIT);
    add_request(log, &line, exchange->method, exchange->url->text);
    anycert__buf_addf(&line, ": %d ", exchange->status);
    add_stranger(&line, exchange->reason ? exchange->reason : "", 60);
    anycert__buf_addf(&line, ", %llu bytes in %lld ms", (unsigned long long)exchange->body_bytes,
                      (long long)(exchange->timings.total_us / 1000));
    if (exchange->sent_bytes)
        anycert__buf_addf(&line, ", %llu sent", (unsigned long long)exchange->sent_bytes);
    if (location && location[0] && exchange->status / 100 == 3) {
        struct anycert__buf shown;

        anycert__buf_init(&shown, SIZE_MAX / 2);
        anycert__buf_add_url(&shown, log->settings, location, strlen(location));
        anycert__buf_adds(&line, ", redirects to ");
        add_stranger(&line, shown.data ? shown.data : "", 1000);
        anycert__buf_free(&shown);
    }
    anycert__hide_in_buf(log->settings, exchange, &line);
    give(log, ANYCERT_LOG_INFO, &line);
    anycert__buf_free(&line);
}

static void log_link(struct anycert__log *log, const struct anycert_report *report)
{
    if (report && anycert_report_key_proven(report))
        anycert__log(
            log, ANYCERT_LOG_DEBUG, "%s %s:%u: %s %s, %s by %.1000s; peer %s",
            anycert_report_hop(report), anycert_report_host(report),
            (unsigned)anycert_report_port(report), anycert_report_protocol(report),
            anycert_report_cipher(report), anycert__verdict_name(anycert_report_verdict(report)),
            anycert_report_policy(report),
            anycert_report_peer_authenticated(report) ? "authenticated" : "not authenticated");
}

static void log_times(struct anycert__log *log, const struct anycert__exchange *exchange)
{
    const struct anycert_timings *t = &exchange->timings;

    anycert__log(log, ANYCERT_LOG_DEBUG,
                 "%.300s: %s connection; microseconds until the name was known %lld, connected "
                 "%lld, TLS %lld, first byte %lld, end %lld",
                 exchange->url->origin, exchange->reused ? "kept" : "new",
                 (long long)t->resolved_us, (long long)t->connected_us, (long long)t->tls_us,
                 (long long)t->first_byte_us, (long long)t->total_us);
}

void anycert__log_ended(struct anycert__log *log, const struct anycert__exchange *exchange,
                        const struct anycert_error *failure)
{
    if (!log)
        return;
    if (wants(log, ANYCERT_LOG_WARNING)) {
        warn_of_relaxed(log, exchange->proxy_report);
        warn_of_relaxed(log, exchange->report);
        warn_of_end(log, exchange->proxy_report, exchange->proxy_terms);
        warn_of_end(log, exchange->report, exchange->terms);
    }
    if (wants(log, ANYCERT_LOG_DEBUG)) {
        log_link(log, exchange->proxy_report);
        log_link(log, exchange->report);
        log_times(log, exchange);
    }
    if (failure)
        log_failure(log, exchange, failure);
    else
        log_success(log, exchange);
}

void anycert__log_retry(struct anycert__log *log, const char *method, const char *url, unsigned n,
                        int64_t delay_ms, const struct anycert_error *error, int status)
{
    struct anycert__buf line;

    if (!wants(log, ANYCERT_LOG_WARNING))
        return;
    anycert__buf_init(&line, LINE_LIMIT);
    add_request(log, &line, method, url);
    anycert__buf_addf(&line, " is made again (%u) after %lld ms: ", n, (long long)delay_ms);
    if (error && error->code)
        anycert__buf_addf(&line, "%s (%s)", error->message, anycert_error_name(error->code));
    else
        anycert__buf_addf(&line, "status %d", status);
    give(log, ANYCERT_LOG_WARNING, &line);
    anycert__buf_free(&line);
}
