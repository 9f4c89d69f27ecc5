#include "http/loop.h"
#include "http/group.h"

#include "base/mem.h"

#include <limits.h>
#include <string.h>

#define EVENTS  64
#define BEAT_US 100000 /* between calls of a progress callback when nothing happens */
#define DEBT_US 5000   /* between tries to record hosts, while others write to the trust store */

struct anycert__loop {
    struct anycert__http *http;
    const struct anycert__http_settings *settings;
    unsigned generation;  /* that it was made in */
    unsigned connections; /* kept at most */
    struct anycert__poller poller;
    struct anycert__group *groups;
    struct anycert__flight *landed, **landed_tail; /* in the order of their ends */
    size_t running;
    uint64_t started;
    int64_t check_us; /* no limit passes before */
    int64_t beat_us;  /* when progress callbacks are called next; INT64_MAX: there are none */
    int64_t
        debt_us; /* when hosts are to be recorded that could not be; INT64_MAX: there are none */
};

static void land(struct anycert__loop *loop, struct anycert__flight *flight)
{
    flight->next = flight->previous = NULL;
    *loop->landed_tail = flight;
    loop->landed_tail = &flight->next;
}

static struct anycert__flight *take_landed(struct anycert__loop *loop)
{
    struct anycert__flight *flight = loop->landed;

    if (!flight)
        return NULL;
    loop->landed = flight->next;
    if (!loop->landed)
        loop->landed_tail = &loop->landed;
    flight->next = NULL;
    return flight;
}

static void collect(struct anycert__loop *loop, struct anycert__group *group)
{
    struct anycert__flight *flight = NULL;

    while ((flight = anycert__group_landed(group)) != NULL)
        land(loop, flight);
    if (group->has_debts && loop->debt_us == INT64_MAX)
        loop->debt_us = anycert__monotonic_us() + DEBT_US;
}

/* ---- birth, death, and fork ---- */

struct anycert__loop *anycert__loop_new(struct anycert__http *http, unsigned concurrency,
                                        struct anycert_error *err)
{
    struct anycert__loop *loop = anycert__calloc(1, sizeof *loop);

    if (!loop) {
        anycert__fail_nomem(err);
        return NULL;
    }
    if (anycert__poller_open(&loop->poller, err) < 0) {
        anycert__free(loop);
        return NULL;
    }
    loop->http = http;
    loop->settings = anycert__http_settings_of(http);
    loop->generation = anycert__fork_count();
    loop->connections =
        concurrency > loop->settings->idle_max ? concurrency : loop->settings->idle_max;
    loop->landed_tail = &loop->landed;
    loop->check_us = loop->beat_us = loop->debt_us = INT64_MAX;
    return loop;
}

/* In a child: what is under way is the parent's, and so is every connection. The poller shares its
 * list with the parent's, so it is not even told of their end. */
static void drop_inherited(struct anycert__loop *loop)
{
    struct anycert_error ignored;

    if (loop->generation == anycert__fork_count())
        return;
    memset(&ignored, 0, sizeof ignored); /* not on every call */
    loop->generation = anycert__fork_count();
    for (struct anycert__flight *flight = loop->landed; flight; flight = flight->next)
        flight->lane = NULL;
    while (loop->groups) {
        struct anycert__group *group = loop->groups;
        struct anycert__flight *flight = NULL;

        while ((flight = group->flying) != NULL) {
            anycert__group_stop(group, flight, CURLE_ABORTED_BY_CALLBACK);
            flight->lane = NULL;
            land(loop, flight);
        }
        loop->groups = group->next;
        anycert__group_disown(group);
    }
    anycert__poller_close(&loop->poller);
    (void)anycert__poller_open(&loop->poller, &ignored); /* without it, starting fails */
    loop->check_us = loop->beat_us = loop->debt_us = INT64_MAX;
}

static void free_group(struct anycert__loop *loop, struct anycert__group *group)
{
    struct anycert__group **p = &loop->groups;

    while (*p && *p != group)
        p = &(*p)->next;
    if (*p)
        *p = group->next;
    anycert__group_free(group);
}

static const struct anycert__exchange *any_exchange(const struct anycert__loop *loop)
{
    for (const struct anycert__group *group = loop->groups; group; group = group->next) {
        if (group->flying)
            return group->flying->exchange;
    }
    return loop->landed ? loop->landed->exchange : NULL;
}

void anycert__loop_free(struct anycert__loop *loop)
{
    const struct anycert__exchange *exchange = NULL;

    if (!loop)
        return;
    drop_inherited(loop);
    while ((exchange = any_exchange(loop)) != NULL)
        anycert__loop_cancel(loop, exchange);
    while (loop->groups)
        free_group(loop, loop->groups);
    anycert__poller_close(&loop->poller);
    anycert__free(loop);
}

/* ---- groups ---- */

static struct anycert__group *find_group(struct anycert__loop *loop,
                                         const struct anycert__exchange *exchange, bool proxied,
                                         const uint8_t credentials[32])
{
    for (struct anycert__group *group = loop->groups; group; group = group->next) {
        if (anycert__group_fits(group, exchange, proxied, credentials))
            return group;
    }
    return NULL;
}

/* True if a connection is kept that the exchange is going to use without its secrets: one with them
 * need not be made first. */
static bool is_guarded(const struct anycert__loop *loop, const struct anycert__exchange *exchange,
                       bool proxied)
{
    static const uint8_t none[32];

    for (const struct anycert__group *group = loop->groups; group; group = group->next) {
        if (group->is_unclean && anycert__group_fits(group, exchange, proxied, none))
            return true;
    }
    return false;
}

static bool is_idle(const struct anycert__group *group)
{
    return group->flying_count == 0 && group->landed_count == 0;
}

/* The idle group that was used least recently; what else is idle is counted. NULL if there is one
 * at most. */
static struct anycert__group *oldest_of_many(const struct anycert__loop *loop)
{
    struct anycert__group *oldest = NULL;
    size_t groups = 0;
    size_t connections = 0;

    for (struct anycert__group *group = loop->groups; group; group = group->next) {
        connections += group->connection_count;
        if (!is_idle(group))
            continue;
        groups++;
        if (!oldest || group->last_used < oldest->last_used)
            oldest = group;
    }
    return groups > 1 && (groups > loop->settings->idle_max || connections > loop->connections)
               ? oldest
               : NULL;
}

/* Frees what nobody can use any more, and what is too much, after group has been used. */
static void tidy(struct anycert__loop *loop, struct anycert__group *group)
{
    struct anycert__group *next = NULL;

    if (!is_idle(group))
        return;
    for (struct anycert__group *other = loop->groups; other; other = next) {
        next = other->next;
        if (other->last_used < group->last_used && anycert__group_outdated(other, group))
            other->is_retired = true;
        if (other != group && other->is_retired && is_idle(other))
            free_group(loop, other);
    }
    if (group->is_retired || group->is_broken || !group->idle) {
        free_group(loop, group);
        return;
    }
    anycert__group_trim(group, loop->connections);
    while ((next = oldest_of_many(loop)) != NULL)
        free_group(loop, next);
}

/* ---- exchanges ---- */

static void note_limits(struct anycert__loop *loop, const struct anycert__flight *flight)
{
    if (flight->connected_by_us < loop->check_us)
        loop->check_us = flight->connected_by_us;
    if (flight->ended_by_us < loop->check_us)
        loop->check_us = flight->ended_by_us;
    if (flight->look_us < loop->check_us)
        loop->check_us = flight->look_us;
    if (flight->exchange->progress && loop->beat_us == INT64_MAX)
        loop->beat_us = anycert__monotonic_us() + BEAT_US;
}

static int start(struct anycert__loop *loop, struct anycert__exchange *exchange, bool is_fresh,
                 struct anycert_error *err)
{
    bool proxied = anycert__http_proxied(loop->http, exchange->url->host, exchange->url->port);
    struct anycert__flight *flight = NULL;
    struct anycert__group *group = NULL;
    uint8_t credentials[32];

    if (anycert__credentials(loop->settings, exchange, credentials) < 0)
        return anycert__fail_nomem(err);
    if (anycert__guard_may_withhold(loop->settings, exchange, credentials) &&
        is_guarded(loop, exchange, proxied))
        return anycert__guard_refuse(exchange, err);
    group = find_group(loop, exchange, proxied, credentials);
    if (!group) {
        group = anycert__group_new(loop->settings, &loop->poller, exchange, loop->connections, err);
        if (!group)
            return -1;
        group->next = loop->groups;
        loop->groups = group;
    }
    group->last_used = ++loop->started;
    flight = anycert__group_start(group, exchange, proxied, is_fresh, err);
    if (!flight) {
        tidy(loop, group);
        return -1;
    }
    note_limits(loop, flight);
    return 0;
}

int anycert__loop_start(struct anycert__loop *loop, struct anycert__exchange *exchange,
                        struct anycert_error *err)
{
    drop_inherited(loop);
    exchange->begun_us = anycert__monotonic_us();
    if (start(loop, exchange, false, err) < 0)
        return -1;
    loop->running++;
    return 0;
}

/* Nothing was sent, as a connection that was there may not stand any more: once more over one of
 * its own, within what is left of the time. */
static int start_again(struct anycert__loop *loop, struct anycert__exchange *exchange,
                       int64_t ended_by_us, struct anycert_error *err)
{
    if (ended_by_us != INT64_MAX) {
        exchange->total_ms = (ended_by_us - anycert__monotonic_us()) / 1000;
        if (exchange->total_ms <= 0)
            exchange->total_ms = 1;
    }
    return start(loop, exchange, true, err);
}

struct anycert__exchange *anycert__loop_ended(struct anycert__loop *loop, int *result,
                                              struct anycert_error *err)
{
    struct anycert__flight *flight = NULL;

    drop_inherited(loop);
    while ((flight = take_landed(loop)) != NULL) {
        struct anycert__exchange *exchange = flight->exchange;
        struct anycert__group *group = flight->group;
        int64_t ended_by_us = flight->ended_by_us;
        enum anycert__ending ending = ANYCERT__ENDED_ILL;

        if (flight->lane) {
            ending = anycert__group_end(group, flight, err);
            tidy(loop, group);
        } else {
            anycert__fail(err, ANYCERT_E_INTERRUPTED,
                          "the process was forked while the request was under way");
            anycert__free(flight);
        }
        if (ending == ANYCERT__ENDED_STALE && start_again(loop, exchange, ended_by_us, err) == 0)
            continue;
        loop->running--;
        *result = ending == ANYCERT__ENDED_WELL ? 0 : -1;
        return exchange;
    }
    return NULL;
}

/* Takes an exchange's flight off its list, landed or not. NULL if there is none. */
static struct anycert__flight *take_flight(struct anycert__loop *loop,
                                           const struct anycert__exchange *exchange)
{
    for (struct anycert__group *group = loop->groups; group; group = group->next) {
        for (struct anycert__flight *flight = group->flying; flight; flight = flight->next) {
            if (flight->exchange != exchange)
                continue;
            anycert__group_stop(group, flight, CURLE_ABORTED_BY_CALLBACK);
            return flight;
        }
    }
    for (struct anycert__flight **p = &loop->landed; *p; p = &(*p)->next) {
        struct anycert__flight *flight = *p;

        if (flight->exchange != exchange)
            continue;
        *p = flight->next;
        if (!*p)
            loop->landed_tail = p;
        return flight;
    }
    return NULL;
}

void anycert__loop_cancel(struct anycert__loop *loop, const struct anycert__exchange *exchange)
{
    struct anycert_error ignored = {0};
    struct anycert__flight *flight = NULL;
    struct anycert__group *group = NULL;

    drop_inherited(loop);
    flight = take_flight(loop, exchange);
    if (!flight)
        return;
    loop->running--;
    group = flight->group;
    if (!flight->lane) {
        anycert__free(flight);
        return;
    }
    (void)anycert__group_end(group, flight, &ignored);
    tidy(loop, group);
}

static struct anycert__flight *find_flight(struct anycert__loop *loop,
                                           const struct anycert__exchange *exchange)
{
    for (struct anycert__group *group = loop->groups; group; group = group->next) {
        for (struct anycert__flight *flight = group->flying; flight; flight = flight->next) {
            if (flight->exchange == exchange)
                return flight;
        }
    }
    return NULL;
}

void anycert__loop_resume(struct anycert__loop *loop, struct anycert__exchange *exchange)
{
    struct anycert__flight *flight = NULL;
    CURLcode rc = CURLE_OK;

    drop_inherited(loop);
    flight = exchange->is_held ? find_flight(loop, exchange) : NULL;
    exchange->is_held = false;
    if (!flight)
        return;
    rc = curl_easy_pause(flight->lane->easy, CURLPAUSE_CONT); /* calls back at once */
    if (rc == CURLE_OK)
        return;
    anycert__group_stop(flight->group, flight, rc);
    land(loop, flight);
}

int anycert__loop_look(struct anycert__loop *loop, struct anycert__exchange *exchange,
                       struct anycert_report **report, struct anycert_report **proxy_report,
                       struct anycert_error *err)
{
    struct anycert__flight *flight = find_flight(loop, exchange);
    struct anycert__lane *lane = flight ? flight->lane : NULL;

    *report = *proxy_report = NULL;
    if (!lane)
        return 0;
    anycert__lane_results(lane, exchange);
    if (anycert__lane_reports(lane, err) < 0)
        return -1;
    *report = lane->report ? anycert_report_copy(lane->report, err) : NULL;
    *proxy_report = lane->proxy_report ? anycert_report_copy(lane->proxy_report, err) : NULL;
    return (lane->report && !*report) || (lane->proxy_report && !*proxy_report) ? -1 : 0;
}

/* ---- time ---- */

/* What limit of a flight has passed: the rc that it ends with. CURLE_OK: none. */
static CURLcode passed_limit(struct anycert__flight *flight, int64_t now)
{
    if (flight->lane->asked)
        flight->connected_by_us = INT64_MAX;
    if (now >= flight->ended_by_us || now >= flight->connected_by_us)
        return CURLE_OPERATION_TIMEDOUT;
    if (now < flight->look_us)
        return CURLE_OK;
    anycert__flight_look_after(flight, now);
    /* What waits for an answer of the user's, or for the trust store, is not the server's. */
    return !flight->lane->owes && anycert__lane_stands_still(flight->lane)
               ? CURLE_ABORTED_BY_CALLBACK
               : CURLE_OK;
}

static void check_limits(struct anycert__loop *loop, int64_t now)
{
    if (now < loop->check_us)
        return;
    loop->check_us = INT64_MAX;
    for (struct anycert__group *group = loop->groups; group; group = group->next) {
        struct anycert__flight *next = NULL;

        for (struct anycert__flight *flight = group->flying; flight; flight = next) {
            CURLcode rc = passed_limit(flight, now);

            next = flight->next;
            if (rc == CURLE_OK) {
                note_limits(loop, flight);
                continue;
            }
            anycert__group_stop(group, flight, rc);
            land(loop, flight);
        }
    }
}

/* libcurl is silent while nothing happens, and that may be when somebody wants to stop. */
static void call_progress(struct anycert__loop *loop, int64_t now)
{
    if (now < loop->beat_us)
        return;
    loop->beat_us = INT64_MAX;
    for (struct anycert__group *group = loop->groups; group; group = group->next) {
        struct anycert__flight *next = NULL;

        for (struct anycert__flight *flight = group->flying; flight; flight = next) {
            next = flight->next;
            if (!flight->exchange->progress)
                continue;
            note_limits(loop, flight);
            if (anycert__lane_progress(flight->lane) == 0)
                continue;
            anycert__group_stop(group, flight, CURLE_ABORTED_BY_CALLBACK);
            land(loop, flight);
        }
    }
}

/* What was in the way of a record was another writer. */
static void pay_debts(struct anycert__loop *loop, int64_t now)
{
    if (now < loop->debt_us)
        return;
    loop->debt_us = INT64_MAX;
    for (struct anycert__group *group = loop->groups; group; group = group->next) {
        struct anycert__flight *flight = NULL;

        while ((flight = anycert__group_paid(group)) != NULL)
            land(loop, flight);
        if (group->has_debts)
            loop->debt_us = now + DEBT_US;
    }
}

static void run_due(struct anycert__loop *loop, int64_t now)
{
    for (struct anycert__group *group = loop->groups; group; group = group->next) {
        if (group->due_us > now)
            continue;
        anycert__group_run(group, -1, 0);
        collect(loop, group);
    }
}

int64_t anycert__loop_timeout_ms(struct anycert__loop *loop)
{
    int64_t due = INT64_MAX;
    int64_t left = 0;

    drop_inherited(loop);
    if (loop->running > 0)
        due = loop->check_us < loop->beat_us ? loop->check_us : loop->beat_us;
    if (loop->running > 0 && loop->debt_us < due)
        due = loop->debt_us;
    if (loop->landed)
        return 0;
    for (const struct anycert__group *group = loop->groups; group; group = group->next) {
        if (group->due_us < due)
            due = group->due_us;
    }
    if (due == INT64_MAX)
        return -1;
    if (due == 0)
        return 0;
    left = due - anycert__monotonic_us();
    return left > 0 ? (left + 999) / 1000 : 0;
}

void anycert__loop_wait(struct anycert__loop *loop, int64_t timeout_ms)
{
    struct anycert__poller_event events[EVENTS];
    int64_t first = 0;
    int64_t now = 0;
    size_t count = 0;

    drop_inherited(loop);
    run_due(loop, anycert__monotonic_us());
    first = anycert__loop_timeout_ms(loop);
    if (first >= 0 && (timeout_ms < 0 || first < timeout_ms))
        timeout_ms = first;
    count = anycert__poller_wait(&loop->poller, timeout_ms > INT_MAX ? INT_MAX : (int)timeout_ms,
                                 events, EVENTS);
    for (size_t i = 0; i < count; i++) {
        struct anycert__group *group = events[i].owner;

        anycert__group_run(group, events[i].fd, events[i].what);
        collect(loop, group);
    }
    now = anycert__monotonic_us();
    if (loop->poller.was_interrupted && loop->beat_us != INT64_MAX)
        loop->beat_us = now; /* that may be why somebody wants to stop */
    run_due(loop, now);
    check_limits(loop, now);
    pay_debts(loop, now);
    call_progress(loop, now);
    anycert__tls_forget_errors();
}

size_t anycert__loop_running(const struct anycert__loop *loop)
{
    return loop->running;
}

int anycert__loop_fd(struct anycert__loop *loop)
{
    drop_inherited(loop);
    return loop->poller.fd;
}
