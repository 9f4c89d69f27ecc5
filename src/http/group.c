#include "http/group.h"

#include "base/mem.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#define SECOND_US 1000000

/* ---- lists ---- */

static void push(struct anycert__flight **list, size_t *count, struct anycert__flight *flight)
{
    flight->previous = NULL;
    flight->next = *list;
    if (*list)
        (*list)->previous = flight;
    *list = flight;
    (*count)++;
}

static void take_off(struct anycert__flight **list, size_t *count, struct anycert__flight *flight)
{
    if (flight->previous)
        flight->previous->next = flight->next;
    else
        *list = flight->next;
    if (flight->next)
        flight->next->previous = flight->previous;
    flight->next = flight->previous = NULL;
    (*count)--;
}

/* ---- libcurl's callbacks ---- */

/* CURLMOPT_SOCKETFUNCTION. Anything but 0 ends every transfer of the group. */
static int on_poll(CURL *easy, curl_socket_t fd, int what, void *arg, void *unused)
{
    struct anycert__group *group = arg;
    unsigned wanted = (what & CURL_POLL_IN ? (unsigned)ANYCERT__POLL_IN : 0) |
                      (what & CURL_POLL_OUT ? (unsigned)ANYCERT__POLL_OUT : 0);

    (void)easy;
    (void)unused;
    if (what == CURL_POLL_REMOVE) {
        anycert__poller_unwatch(group->poller, fd);
        return 0;
    }
    if (anycert__poller_watch(group->poller, fd, wanted, group) == 0)
        return 0;
    group->is_broken = true;
    return -1;
}

/* CURLMOPT_TIMERFUNCTION */
static int on_timer(CURLM *multi, long timeout_ms, void *arg)
{
    struct anycert__group *group = arg;

    (void)multi;
    group->due_us = timeout_ms < 0    ? INT64_MAX
                    : timeout_ms == 0 ? 0
                                      : anycert__monotonic_us() + (int64_t)timeout_ms * 1000;
    return 0;
}

static int remember(struct anycert__group *group, int fd)
{
    struct stat info;

    if (group->connection_count == group->connection_room) {
        size_t room = group->connection_room ? 2 * group->connection_room : 8;
        struct anycert__connection *more =
            anycert__realloc(group->connections, room * sizeof *more);

        if (!more)
            return -1;
        group->connections = more;
        group->connection_room = room;
    }
    if (fstat(fd, &info) != 0 || anycert__poller_connected(group->poller, fd) < 0)
        return -1;
    group->connections[group->connection_count++] =
        (struct anycert__connection){.fd = fd, .device = info.st_dev, .inode = info.st_ino};
    return 0;
}

/* CURLOPT_OPENSOCKETFUNCTION */
static curl_socket_t on_open(void *arg, curlsocktype purpose, struct curl_sockaddr *address)
{
    struct anycert__flight *flight = arg;
    struct anycert__group *group = flight->group;
    int fd = anycert__private_socket(flight->lane, address);

    (void)purpose;
    flight->has_connected = true;
    if (fd >= 0 && remember(group, fd) < 0) {
        (void)close(fd);
        return CURL_SOCKET_BAD;
    }
    return fd;
}

/* CURLOPT_PREREQFUNCTION: a connection stands, and what it speaks is known. */
static int on_ready(void *arg, char *primary_ip, char *local_ip, int primary_port, int local_port)
{
    struct anycert__flight *flight = arg;
    struct anycert__lane *lane = flight->lane;
    struct anycert__group *group = flight->group;
    int answer = anycert__lane_judge(lane, primary_ip);

    (void)local_ip;
    (void)primary_port;
    (void)local_port;
    flight->has_connected = true;
    if (answer == CURL_PREREQFUNC_OK && lane->link) {
        bool is_http2 = strcmp(anycert__link_facts(lane->link)->negotiated.alpn, "h2") == 0;

        if (!is_http2 && !group->is_http1)
            group->is_to_release = true;
        group->is_multiplexed = is_http2;
        group->is_http1 = !is_http2;
    }
    return answer;
}

/* CURLOPT_CLOSESOCKETFUNCTION, which a connection keeps beyond the handle that made it. */
static int on_close(void *arg, curl_socket_t fd)
{
    struct anycert__group *group = arg;

    anycert__poller_closing(group->poller, fd);
    for (size_t i = 0; i < group->connection_count; i++) {
        if (group->connections[i].fd == fd) {
            group->connections[i] = group->connections[--group->connection_count];
            break;
        }
    }
    return close(fd);
}

/* ---- birth and death ---- */

/* When a connection of many streams ends, nobody can tell which of them have been carried out (see
 * would_be_done_twice): what must not be repeated goes over connections that carry nothing else.
 * They are a group of their own, as libcurl shares the connections of one multi handle all alike.
 */
static bool flies_alone(const struct anycert__http_settings *settings,
                        const struct anycert__exchange *exchange)
{
    return exchange->url->https && settings->http_version != ANYCERT_HTTP_1_1 &&
           !anycert__is_idempotent(exchange->method);
}

struct anycert__group *anycert__group_new(const struct anycert__http_settings *settings,
                                          struct anycert__poller *poller,
                                          const struct anycert__exchange *exchange,
                                          unsigned connections, struct anycert_error *err)
{
    struct anycert__group *group = anycert__calloc(1, sizeof *group);

    if (group)
        group->multi = curl_multi_init();
    if (!group || !group->multi) {
        anycert__free(group);
        anycert__fail_nomem(err);
        return NULL;
    }
    group->settings = settings;
    group->poller = poller;
    group->due_us = INT64_MAX;
    group->is_exclusive = flies_alone(settings, exchange);
    if (curl_multi_setopt(group->multi, CURLMOPT_SOCKETFUNCTION, on_poll) != CURLM_OK ||
        curl_multi_setopt(group->multi, CURLMOPT_SOCKETDATA, group) != CURLM_OK ||
        curl_multi_setopt(group->multi, CURLMOPT_TIMERFUNCTION, on_timer) != CURLM_OK ||
        curl_multi_setopt(group->multi, CURLMOPT_TIMERDATA, group) != CURLM_OK ||
        curl_multi_setopt(group->multi, CURLMOPT_PIPELINING,
                          group->is_exclusive ? (long)CURLPIPE_NOTHING
                                              : (long)CURLPIPE_MULTIPLEX) != CURLM_OK ||
        curl_multi_setopt(group->multi, CURLMOPT_MAXCONNECTS, (long)connections) != CURLM_OK) {
        anycert__fail(err, ANYCERT_E_INTERNAL, "libcurl refuses a setting of its multi handle");
        anycert__group_free(group);
        return NULL;
    }
    return group;
}

static void free_flight(struct anycert__flight *flight)
{
    anycert__lane_free(flight->lane);
    anycert__free(flight);
}

void anycert__group_trim(struct anycert__group *group, size_t kept)
{
    while (group->idle_count > kept) {
        struct anycert__flight *flight = group->idle;

        take_off(&group->idle, &group->idle_count, flight);
        free_flight(flight);
    }
}

void anycert__group_free(struct anycert__group *group)
{
    if (!group)
        return;
    anycert__group_trim(group, 0);
    (void)curl_multi_cleanup(group->multi); /* closes the connections */
    anycert__tls_forget_errors();
    anycert__free(group->connections);
    anycert__free(group);
}

static bool is_still(const struct anycert__connection *connection)
{
    struct stat info;

    return fstat(connection->fd, &info) == 0 && info.st_dev == connection->device &&
           info.st_ino == connection->inode;
}

/* libcurl's memory is lost: freeing it would write to the connections, and wait for threads that
 * only the parent has. */
void anycert__group_disown(struct anycert__group *group)
{
    for (size_t i = 0; i < group->connection_count; i++) {
        if (is_still(&group->connections[i]))
            (void)close(group->connections[i].fd);
    }
    anycert__group_trim(group, 0);
    anycert__free(group->connections);
    anycert__free(group);
}

/* ---- whose is it ---- */

static const struct anycert__lane *any_lane(const struct anycert__group *group)
{
    return group->idle ? group->idle->lane : group->flying ? group->flying->lane : NULL;
}

bool anycert__group_fits(const struct anycert__group *group,
                         const struct anycert__exchange *exchange, bool proxied,
                         const uint8_t credentials[32])
{
    const struct anycert__lane *lane = any_lane(group);

    return lane && !group->is_retired && !group->is_broken &&
           group->is_exclusive == flies_alone(group->settings, exchange) &&
           anycert__lane_fits(lane, exchange, proxied, credentials);
}

bool anycert__group_outdated(const struct anycert__group *group,
                             const struct anycert__group *newest)
{
    const struct anycert__lane *lane = any_lane(group);
    const struct anycert__lane *other = any_lane(newest);

    return lane && other && anycert__lane_outdated(lane, other);
}

/* ---- flights ---- */

static struct anycert__flight *new_flight(struct anycert__group *group,
                                          const struct anycert__exchange *exchange, bool proxied,
                                          struct anycert_error *err)
{
    struct anycert__flight *flight = anycert__calloc(1, sizeof *flight);
    CURLcode rc = CURLE_OK;

    if (!flight) {
        anycert__fail_nomem(err);
        return NULL;
    }
    flight->group = group;
    flight->lane = anycert__lane_new(group->settings, exchange, proxied, err);
    if (!flight->lane) {
        anycert__free(flight);
        return NULL;
    }
    flight->lane->is_looked_at = true;
    rc = anycert__lane_limit(flight->lane, flight->lane->connect_ms, flight->lane->stall_ms);
    ANYCERT__SET(rc, flight->lane->easy, CURLOPT_PRIVATE, flight);
    ANYCERT__SET(rc, flight->lane->easy, CURLOPT_OPENSOCKETFUNCTION, on_open);
    ANYCERT__SET(rc, flight->lane->easy, CURLOPT_OPENSOCKETDATA, flight);
    ANYCERT__SET(rc, flight->lane->easy, CURLOPT_PREREQFUNCTION, on_ready);
    ANYCERT__SET(rc, flight->lane->easy, CURLOPT_PREREQDATA, flight);
    ANYCERT__SET(rc, flight->lane->easy, CURLOPT_CLOSESOCKETFUNCTION, on_close);
    ANYCERT__SET(rc, flight->lane->easy, CURLOPT_CLOSESOCKETDATA, group);
    /* Nothing is gained by HTTP/2 then, but for who insists on it. */
    if (group->is_exclusive && group->settings->http_version == ANYCERT_HTTP_AUTO)
        ANYCERT__SET(rc, flight->lane->easy, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
    /* Giving up a name that is being resolved must not hold up the others. */
    ANYCERT__SET(rc, flight->lane->easy, CURLOPT_QUICK_EXIT, 1L);
    if (rc != CURLE_OK) {
        anycert__fail(err, ANYCERT_E_INTERNAL, "libcurl refuses a setting: %s",
                      curl_easy_strerror(rc));
        free_flight(flight);
        return NULL;
    }
    return flight;
}

/* Once a second is soon enough, but for short limits. */
void anycert__flight_look_after(struct anycert__flight *flight, int64_t now)
{
    int64_t pause = 250 * (int64_t)anycert__limit_of(flight->exchange->stall_ms,
                                                     flight->group->settings->stall_ms);

    flight->look_us = pause == 0 ? INT64_MAX : now + (pause < SECOND_US ? pause : SECOND_US);
}

static void set_limits(struct anycert__flight *flight)
{
    int64_t connect_ms =
        anycert__limit_of(flight->exchange->connect_ms, flight->group->settings->connect_ms);
    int64_t total_ms = flight->exchange->total_ms;
    int64_t now = anycert__monotonic_us();

    flight->connected_by_us = connect_ms > 0 ? now + connect_ms * 1000 : INT64_MAX;
    flight->ended_by_us = total_ms > 0 ? now + total_ms * 1000 : INT64_MAX;
    anycert__flight_look_after(flight, now);
}

static CURLcode take_off_to_fly(struct anycert__group *group, struct anycert__flight *flight,
                                bool is_fresh, struct anycert_error *err)
{
    struct anycert__lane *lane = flight->lane;
    CURLcode rc = anycert__lane_begin(lane, flight->exchange, err);
    bool waits = lane->offers_http2 && !is_fresh && !group->is_exclusive &&
                 !group->is_trying_alone && !group->is_http1;
    CURLMcode added = CURLM_OK;

    /* Whether a server speaks HTTP/2 is known once one connection stands; the others wait for that,
     * and not for connections that fail. */
    if (waits != flight->waits)
        ANYCERT__SET(rc, lane->easy, CURLOPT_PIPEWAIT, waits ? 1L : 0L);
    if (is_fresh != flight->is_fresh)
        ANYCERT__SET(rc, lane->easy, CURLOPT_FRESH_CONNECT, is_fresh ? 1L : 0L);
    flight->waits = waits;
    flight->is_fresh = is_fresh;
    flight->has_connected = false;
    if (rc != CURLE_OK)
        return rc;
    added = curl_multi_add_handle(group->multi, lane->easy);
    if (added == CURLM_OK || added == CURLM_OUT_OF_MEMORY)
        return added == CURLM_OK ? CURLE_OK : CURLE_OUT_OF_MEMORY;
    anycert__fail(err, ANYCERT_E_INTERNAL, "libcurl takes no transfer: %s",
                  curl_multi_strerror(added));
    return CURLE_FAILED_INIT;
}

struct anycert__flight *anycert__group_start(struct anycert__group *group,
                                             struct anycert__exchange *exchange, bool proxied,
                                             bool is_fresh, struct anycert_error *err)
{
    struct anycert__flight *flight = exchange->is_fresh ? NULL : group->idle;

    if (flight)
        take_off(&group->idle, &group->idle_count, flight);
    else
        flight = new_flight(group, exchange, proxied, err);
    if (!flight)
        return NULL;
    flight->exchange = exchange;
    set_limits(flight);
    flight->rc = take_off_to_fly(group, flight, is_fresh, err);
    if (flight->rc != CURLE_OK) {
        group->landed_count++;
        (void)anycert__group_end(group, flight, err);
        return NULL;
    }
    push(&group->flying, &group->flying_count, flight);
    group->begun_count++;
    return flight;
}

/* 0 lets libcurl look for itself, as it reads errors off a descriptor in its own way. */
static int bits_of(unsigned what)
{
    if (what & ANYCERT__POLL_ERROR)
        return 0;
    return (what & ANYCERT__POLL_IN ? CURL_CSELECT_IN : 0) |
           (what & ANYCERT__POLL_OUT ? CURL_CSELECT_OUT : 0);
}

/* Requests that begin together go out together over one connection of HTTP/2: otherwise each is a
 * packet of its own, for which the server is woken. */
static void hold_packets(struct anycert__group *group)
{
    int on = 1;

    for (size_t i = 0; i < group->connection_count; i++) {
        struct anycert__connection *connection = &group->connections[i];

        connection->is_held =
            setsockopt(connection->fd, IPPROTO_TCP, TCP_CORK, &on, sizeof on) == 0;
    }
}

static void let_packets_go(struct anycert__group *group)
{
    int off = 0;

    for (size_t i = 0; i < group->connection_count; i++) {
        struct anycert__connection *connection = &group->connections[i];

        if (connection->is_held)
            (void)setsockopt(connection->fd, IPPROTO_TCP, TCP_CORK, &off, sizeof off);
        connection->is_held = false;
    }
}

/* What has begun since is sent, and what else has a time is done. */
static CURLMcode run_timers(struct anycert__group *group)
{
    bool holds = group->is_multiplexed && group->begun_count > group->connection_count;
    int running = 0;
    CURLMcode rc = CURLM_OK;

    group->due_us = INT64_MAX; /* libcurl tells the next */
    group->begun_count = 0;
    if (holds)
        hold_packets(group);
    rc = curl_multi_socket_action(group->multi, CURL_SOCKET_TIMEOUT, 0, &running);
    if (holds)
        let_packets_go(group);
    return rc;
}

void anycert__group_run(struct anycert__group *group, int fd, unsigned what)
{
    int running = 0;
    CURLMcode rc = CURLM_OK;

    if (fd < 0) {
        rc = run_timers(group);
    } else {
        rc = curl_multi_socket_action(group->multi, fd, bits_of(what), &running);
    }
    if (rc != CURLM_OK && rc != CURLM_BAD_SOCKET)
        group->is_broken = true;
}

void anycert__group_stop(struct anycert__group *group, struct anycert__flight *flight, CURLcode rc)
{
    flight->rc = rc;
    /* libcurl counts a transfer's time from when it got or made its connection. */
    flight->lane->is_overdue =
        rc == CURLE_OPERATION_TIMEDOUT && anycert__monotonic_us() + 1000 >= flight->ended_by_us;
    take_off(&group->flying, &group->flying_count, flight);
    group->landed_count++;
}

/* Whose transfer has ended; NULL if the message says something else. */
static struct anycert__flight *flight_of(CURLMsg *message)
{
    union {
        char *given; /* as libcurl hands out what it was given */
        struct anycert__flight *flight;
    } u = {NULL};

    if (message->msg != CURLMSG_DONE ||
        curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &u.given) != CURLE_OK)
        return NULL;
    return u.flight;
}

/* To answer a proxy's challenge, or over what libcurl does not take. */
static bool flies_again(struct anycert__group *group, struct anycert__flight *flight, CURLcode rc)
{
    CURL *easy = flight->lane->easy;

    return (anycert__challenge_answer(flight->lane, rc) ||
            anycert__nameless_again(flight->lane, rc)) &&
           curl_multi_remove_handle(group->multi, easy) == CURLM_OK &&
           curl_multi_add_handle(group->multi, easy) == CURLM_OK;
}

/* libcurl wakes those that wait for a connection if it turns out to be of HTTP/2. If it is of
 * HTTP/1, later versions than 7.88 leave them to wait for the end of its first exchange, which may
 * take for ever. */
static void release(struct anycert__group *group)
{
    group->is_to_release = false;
    for (struct anycert__flight *flight = group->flying; flight; flight = flight->next) {
        CURL *easy = flight->lane->easy;

        if (!flight->waits || flight->has_connected)
            continue;
        flight->waits = false;
        if (curl_multi_remove_handle(group->multi, easy) != CURLM_OK ||
            curl_easy_setopt(easy, CURLOPT_PIPEWAIT, 0L) != CURLE_OK ||
            curl_multi_add_handle(group->multi, easy) != CURLM_OK)
            group->is_broken = true;
    }
}

struct anycert__flight *anycert__group_landed(struct anycert__group *group)
{
    CURLMsg *message = NULL;
    int left = 0;

    while ((message = curl_multi_info_read(group->multi, &left)) != NULL) {
        struct anycert__flight *flight = flight_of(message);

        if (!flight || flies_again(group, flight, message->data.result))
            continue;
        if (flight->lane->owes) {
            flight->rc = message->data.result;
            group->has_debts = true;
            continue;
        }
        anycert__group_stop(group, flight, message->data.result);
        return flight;
    }
    if (group->is_to_release)
        release(group);
    if (group->is_broken && group->flying) {
        struct anycert__flight *flight = group->flying;

        anycert__fail(&flight->lane->failure, ANYCERT_E_INTERNAL,
                      "libcurl cannot go on with its transfers");
        anycert__group_stop(group, flight, CURLE_ABORTED_BY_CALLBACK);
        return flight;
    }
    return NULL;
}

struct anycert__flight *anycert__group_paid(struct anycert__group *group)
{
    group->has_debts = false;
    for (struct anycert__flight *flight = group->flying; flight; flight = flight->next) {
        if (!flight->lane->owes)
            continue;
        if (anycert__tofu_pay(flight->lane)) {
            anycert__group_stop(group, flight, flight->rc);
            return flight;
        }
        group->has_debts = true;
    }
    return NULL;
}

enum anycert__ending anycert__group_end(struct anycert__group *group,
                                        struct anycert__flight *flight, struct anycert_error *err)
{
    struct anycert__lane *lane = flight->lane;
    struct anycert__exchange *exchange = flight->exchange;
    enum anycert__ending ending = ANYCERT__ENDED_ILL;

    group->landed_count--;
    (void)curl_multi_remove_handle(group->multi, lane->easy);
    ending = anycert__lane_settle(lane, anycert__lane_end(lane, flight->rc), exchange, err);
    if (exchange->lapsed || ending == ANYCERT__ENDED_STALE || (lane->asked && !lane->approved))
        group->is_retired = true;
    if (ending == ANYCERT__ENDED_WELL)
        group->is_trying_alone = false;
    else if (!lane->asked)
        group->is_trying_alone = true;
    if (ending == ANYCERT__ENDED_WELL)
        group->is_unclean = group->settings->secret_guard == ANYCERT_SECRETS_WITHHOLD &&
                            !anycert__guard_is_content(lane);
    flight->exchange = NULL;
    if (ending == ANYCERT__ENDED_WELL && !group->is_retired && !flight->lane->is_spent)
        push(&group->idle, &group->idle_count, flight);
    else
        free_flight(flight);
    return ending;
}
