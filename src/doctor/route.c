#include "doctor/route.h"

#include "base/mem.h"
#include "doctor/lookup.h"
#include "verdict/judge.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define CHUNK 4096

#define WITHOUT_ADDRESS                                                                            \
    (-5) /* EAI_NODATA, which glibc gives and hides from those who ask for POSIX */

enum anycert__wire anycert__obstruct(struct anycert__obstacle *obstacle,
                                     enum anycert_doctor_stage stage,
                                     enum anycert__cause_number cause, enum anycert__wire result,
                                     const char *format, ...)
{
    va_list args;

    if (obstacle->is_set)
        return result;
    obstacle->is_set = true;
    obstacle->stage = stage;
    obstacle->cause = cause;
    va_start(args, format);
    (void)vsnprintf(obstacle->evidence, sizeof obstacle->evidence, format, args);
    va_end(args);
    return result;
}

/* Without the system's anchors everything can still be seen, and that they are missing is a cause.
 */
struct anycert__anchors *anycert__anchors_or_none(const struct anycert_policy *policy,
                                                  struct anycert_error *err)
{
    struct anycert__anchors *anchors = NULL;
    struct anycert_error why = {0};

    if (anycert__anchors_open(policy->cas, policy->ca_count, &anchors, &why) == 0)
        return anchors;
    if (policy->ca_count == 0)
        return anycert__anchors_none(why.message);
    if (err)
        *err = why;
    return NULL;
}

int anycert__route_begin(struct anycert__route *route, const struct anycert_doctor *doctor,
                         const struct anycert__peer *target, struct anycert__anchors *anchors,
                         struct anycert_error *err)
{
    *route = (struct anycert__route){.doctor = doctor, .target = *target, .anchors = anchors};
    route->proxy_terms = (struct anycert__hop_terms){.policy = doctor->proxy_policy,
                                                     .hop = ANYCERT__HOP_PROXY,
                                                     .clock = &doctor->clock,
                                                     .intermediates = doctor->intermediates,
                                                     .observes = true};
    if (doctor->proxy.kind != ANYCERT__PROXY_HTTPS)
        return 0;
    route->proxy_anchors = anycert__anchors_or_none(doctor->proxy_policy, err);
    return route->proxy_anchors ? 0 : -1;
}

void anycert__route_end(struct anycert__route *route)
{
    if (route->addresses)
        freeaddrinfo(route->addresses);
    anycert__facts_unref(route->proxy_facts);
    anycert__anchors_unref(route->proxy_anchors);
    *route = (struct anycert__route){0};
}

/* ---- names ---- */

static bool is_for(const struct anycert__rule *rule, const struct anycert__peer *peer)
{
    return (rule->from.host[0] == '\0' || strcmp(rule->from.host, peer->host) == 0) &&
           (rule->from.port == 0 || rule->from.port == peer->port);
}

/* Where the connection leads, as far as the caller knows better. */
static struct anycert__peer destination(const struct anycert__route *route)
{
    const struct anycert_doctor *doctor = route->doctor;
    struct anycert__peer peer = route->target;

    for (size_t i = 0; i < doctor->connect_to_count; i++) {
        const struct anycert__rule *rule = &doctor->connect_to[i];

        if (!is_for(rule, &peer))
            continue;
        if (rule->to.host[0] != '\0')
            memcpy(peer.host, rule->to.host, sizeof peer.host);
        peer.port = rule->to.port != 0 ? rule->to.port : peer.port;
        break;
    }
    for (size_t i = 0; i < doctor->resolve_count; i++) {
        if (is_for(&doctor->resolve[i], &peer)) {
            memcpy(peer.host, doctor->resolve[i].to.host, sizeof peer.host);
            break;
        }
    }
    return peer;
}

static enum anycert__cause_number cause_of_lookup(int code, bool of_proxy)
{
    if (of_proxy)
        return ANYCERT__CAUSE_PROXY_NAME_NOT_FOUND;
    switch (code) {
    case EAI_AGAIN:
    case EAI_FAIL:
    case EAI_SYSTEM:
        return ANYCERT__CAUSE_NAME_LOOKUP_FAILED;
    case WITHOUT_ADDRESS:
    case EAI_FAMILY:
        return ANYCERT__CAUSE_NAME_WITHOUT_ADDRESS;
    default:
        return ANYCERT__CAUSE_NAME_NOT_FOUND;
    }
}

static enum anycert__wire look_up(const struct anycert__peer *peer, bool of_proxy,
                                  const struct anycert__patience *patience, struct addrinfo **out,
                                  struct anycert__obstacle *obstacle)
{
    enum anycert_doctor_stage stage = of_proxy ? ANYCERT_STAGE_PROXY : ANYCERT_STAGE_DNS;
    int code = 0;
    enum anycert__wire result = anycert__look_up(peer, patience, out, &code);

    if (result == ANYCERT__WIRE_OK || result == ANYCERT__WIRE_CANCELLED)
        return result;
    if (result == ANYCERT__WIRE_SILENT)
        return anycert__obstruct(
            obstacle, stage,
            of_proxy ? ANYCERT__CAUSE_PROXY_NAME_NOT_FOUND : ANYCERT__CAUSE_NAME_LOOKUP_SILENT,
            result, "%s: no answer of the name servers before the time limit", peer->host);
    return anycert__obstruct(obstacle, stage, cause_of_lookup(code, of_proxy), result, "%s: %s",
                             peer->host, gai_strerror(code));
}

/* ---- connecting ---- */

static enum anycert__cause_number cause_of_connecting(int error, enum anycert__wire result)
{
    return result == ANYCERT__WIRE_SILENT ? ANYCERT__CAUSE_CONNECTION_SILENT
                                          : anycert__cause_of_connecting(error);
}

void anycert__show_address(const struct addrinfo *address, char out[ANYCERT__ADDRESS_SIZE])
{
    char host[INET6_ADDRSTRLEN] = "?";
    char port[8] = "?";

    (void)getnameinfo(address->ai_addr, address->ai_addrlen, host, sizeof host, port, sizeof port,
                      NI_NUMERICHOST | NI_NUMERICSERV);
    (void)snprintf(out, ANYCERT__ADDRESS_SIZE, "%s port %s", host, port);
}

static enum anycert__wire connect_one(const struct addrinfo *address, bool of_proxy,
                                      const struct anycert__patience *patience, int *fd,
                                      struct anycert__obstacle *obstacle)
{
    int error = 0;
    enum anycert__wire result = anycert__wire_connect(address, patience, fd, &error);
    char shown[ANYCERT__ADDRESS_SIZE];

    if (result == ANYCERT__WIRE_OK || result == ANYCERT__WIRE_CANCELLED)
        return result;
    anycert__show_address(address, shown);
    return anycert__obstruct(
        obstacle, of_proxy ? ANYCERT_STAGE_PROXY : ANYCERT_STAGE_TCP,
        of_proxy ? ANYCERT__CAUSE_PROXY_UNREACHABLE : cause_of_connecting(error, result), result,
        "%s: %s", shown,
        result == ANYCERT__WIRE_SILENT ? "no answer before the time limit" : strerror(error));
}

/* All addresses in their order, until one takes the connection. */
static enum anycert__wire connect_any(struct anycert__route *route, bool of_proxy,
                                      const struct anycert__patience *patience, int *fd,
                                      struct anycert__obstacle *obstacle)
{
    enum anycert__wire result = ANYCERT__WIRE_BROKEN;

    if (route->works)
        return connect_one(route->works, of_proxy, patience, fd, obstacle);
    for (const struct addrinfo *a = route->addresses; a; a = a->ai_next) {
        struct anycert__patience share = *patience;
        struct anycert__obstacle here = {.is_set = false};
        int64_t left = patience->until_us - anycert__monotonic_us();

        if (a->ai_next) /* one that is silent must not take the time of the others */
            share.until_us -= left / 2;
        result = connect_one(a, of_proxy, &share, fd, &here);
        if (result == ANYCERT__WIRE_OK) {
            route->works = a;
            obstacle->is_set = false;
            return result;
        }
        if (result == ANYCERT__WIRE_CANCELLED)
            return result;
        if (!obstacle->is_set)
            *obstacle = here;
        if (route->failed < ANYCERT__FAILURES_MAX) {
            route->failures[route->failed].address = a;
            route->failures[route->failed++].obstacle = here;
        }
    }
    return result;
}

/* ---- TLS to the proxy ---- */

/* Where libssl has nothing to say. */
static const char *how_it_ended(enum anycert__wire result, bool began)
{
    switch (result) {
    case ANYCERT__WIRE_SILENT:
        return began ? "its answer to the ClientHello was not complete before the time limit"
                     : "it takes the connection and says nothing to the ClientHello before the "
                       "time limit";
    case ANYCERT__WIRE_RESET:
        return began ? "it resets the connection in the middle of the handshake"
                     : "it resets the connection in place of an answer to the ClientHello";
    case ANYCERT__WIRE_CLOSED:
        return began ? "it closes the connection in the middle of the handshake"
                     : "it closes the connection in place of an answer to the ClientHello";
    case ANYCERT__WIRE_OK:
    case ANYCERT__WIRE_CANCELLED:
    case ANYCERT__WIRE_BROKEN:
        break;
    }
    return "the handshake fails";
}

static enum anycert__wire proxy_failed(struct anycert__route *route,
                                       const struct anycert__shake *shake,
                                       enum anycert__wire result, const unsigned char *bytes,
                                       size_t len, struct anycert__obstacle *obstacle)
{
    const struct anycert__peer *peer = &route->doctor->proxy.peer;
    bool plain = len > 0 && (bytes[0] < 0x14 || bytes[0] > 0x17);
    bool is_http = plain && (bytes[0] == 'H' || bytes[0] == '<'); /* some leave the status out */
    const struct anycert__facts *facts =
        shake ? anycert__link_facts(anycert__shake_link(shake)) : NULL;
    bool wants_cert = facts && anycert__shake_asked_cert(shake) &&
                      (facts->failure.alert_from_peer || result != ANYCERT__WIRE_BROKEN);
    const char *reason = facts ? facts->failure.reason : "";

    if (result == ANYCERT__WIRE_CANCELLED)
        return result;
    if (plain)
        return anycert__obstruct(obstacle, ANYCERT_STAGE_PROXY_TLS,
                                 is_http ? ANYCERT__CAUSE_PROXY_IS_PLAIN
                                         : ANYCERT__CAUSE_PROXY_IS_NONE,
                                 result, "%s port %u does not answer in TLS%s", peer->host,
                                 (unsigned)peer->port, is_http ? "" : ", nor in HTTP");
    return anycert__obstruct(obstacle, ANYCERT_STAGE_PROXY_TLS,
                             wants_cert                       ? ANYCERT__CAUSE_CLIENT_CERT_REQUIRED
                             : result == ANYCERT__WIRE_SILENT ? ANYCERT__CAUSE_PROXY_SILENT
                             : len > 0                        ? ANYCERT__CAUSE_PROXY_TLS_FAILS
                                                              : ANYCERT__CAUSE_PROXY_CLOSED,
                             result, "no TLS with %s port %u: %s", peer->host, (unsigned)peer->port,
                             *reason ? reason : how_it_ended(result, len > 0));
}

static enum anycert__wire flush(struct anycert__shake *shake, int fd,
                                const struct anycert__patience *patience)
{
    char out[CHUNK];
    size_t len = 0;
    enum anycert__wire result = ANYCERT__WIRE_OK;

    while (result == ANYCERT__WIRE_OK && (len = anycert__shake_take(shake, out, sizeof out)) > 0)
        result = anycert__wire_send(fd, out, len, patience);
    return result;
}

/* Which have to outlive the handshake. */
static const struct anycert__hop_terms *terms_of(struct anycert__route *route)
{
    if (route->through) {
        route->proxy_terms.policy = route->through;
        route->proxy_terms.observes = false;
    }
    return &route->proxy_terms;
}

static enum anycert__wire shake_with_proxy(struct anycert__route *route, struct anycert__line *line,
                                           const struct anycert__patience *patience,
                                           struct anycert__obstacle *obstacle)
{
    const struct anycert__peer *peer = &route->doctor->proxy.peer;
    enum anycert__wire result = ANYCERT__WIRE_BROKEN;
    enum anycert__shake_state state = ANYCERT__SHAKE_GOING;
    unsigned char in[CHUNK] = {0}, first[1] = {0};
    size_t len = 0, total = 0;

    line->proxy = anycert__shake_new(terms_of(route), peer->host, peer->port, route->proxy_anchors,
                                     false, NULL);
    while (line->proxy) {
        state = anycert__shake_step(line->proxy);
        result = flush(line->proxy, line->fd, patience);
        if (state != ANYCERT__SHAKE_GOING || result != ANYCERT__WIRE_OK)
            break;
        result = anycert__wire_receive(line->fd, in, sizeof in, &len, patience);
        if (result != ANYCERT__WIRE_OK || anycert__shake_feed(line->proxy, in, len, NULL) < 0)
            break;
        if (total == 0)
            first[0] = in[0];
        total += len;
    }
    if (line->proxy && !route->proxy_facts)
        route->proxy_facts =
            anycert__facts_ref(anycert__link_facts(anycert__shake_link(line->proxy)));
    if (state == ANYCERT__SHAKE_DONE && result == ANYCERT__WIRE_OK)
        return result;
    return proxy_failed(route, line->proxy,
                        result == ANYCERT__WIRE_OK ? ANYCERT__WIRE_BROKEN : result, first,
                        total > 0, obstacle);
}

/* Whether nothing may be asked for through it as long as nobody has found what it is taken under.
 */
static enum anycert__wire hold_back(const struct anycert__route *route,
                                    struct anycert__obstacle *obstacle)
{
    const struct anycert__facts *facts = route->proxy_facts;

    if (!route->waits || route->through ||
        anycert__judge_accepts(facts, route->doctor->proxy_policy, facts->time, ANYCERT__JUDGE_ALL))
        return ANYCERT__WIRE_OK;
    return anycert__obstruct(obstacle, ANYCERT_STAGE_PROXY_TLS, ANYCERT__CAUSE_PROXY_TLS_FAILS,
                             ANYCERT__WIRE_BROKEN, ANYCERT__HELD_BACK);
}

/* ---- the line ---- */

enum anycert__wire anycert__route_go(struct anycert__route *route,
                                     const struct anycert__patience *patience,
                                     struct anycert__line *line, struct anycert__obstacle *obstacle)
{
    static const struct anycert__proxy none = {.kind = ANYCERT__PROXY_NONE};
    const struct anycert__proxy *proxy = route->direct    ? &none
                                         : route->instead ? route->instead
                                                          : &route->doctor->proxy;
    bool local = proxy->kind == ANYCERT__PROXY_SOCKS4 || proxy->kind == ANYCERT__PROXY_SOCKS5;
    bool of_proxy = proxy->kind != ANYCERT__PROXY_NONE;
    struct addrinfo *resolved = NULL;
    struct anycert__peer to = destination(route);
    enum anycert__wire result = ANYCERT__WIRE_OK;

    *line = (struct anycert__line){.fd = -1};
    if (!route->addresses)
        result =
            look_up(of_proxy ? &proxy->peer : &to, of_proxy, patience, &route->addresses, obstacle);
    if (result == ANYCERT__WIRE_OK && local)
        result = look_up(&to, false, patience, &resolved, obstacle);
    if (result == ANYCERT__WIRE_OK)
        result = connect_any(route, of_proxy, patience, &line->fd, obstacle);
    if (result == ANYCERT__WIRE_OK && proxy->kind == ANYCERT__PROXY_HTTPS)
        result = shake_with_proxy(route, line, patience, obstacle);
    if (result == ANYCERT__WIRE_OK && proxy->kind == ANYCERT__PROXY_HTTPS)
        result = hold_back(route, obstacle);
    if (result == ANYCERT__WIRE_OK && of_proxy)
        result = anycert__tunnel_dig(line, proxy, &to, resolved, patience, obstacle);
    if (resolved)
        freeaddrinfo(resolved);
    if (result != ANYCERT__WIRE_OK)
        anycert__line_close(line);
    return result;
}

void anycert__line_close(struct anycert__line *line)
{
    anycert__shake_free(line->proxy);
    line->proxy = NULL;
    if (line->fd >= 0)
        close(line->fd);
    line->fd = -1;
}

/* As much as there is room for. */
static void record(struct anycert__buf *tape, const void *bytes, size_t len)
{
    size_t room = tape->max - tape->len;

    (void)anycert__buf_add(tape, bytes, len < room ? len : room);
}

enum anycert__wire anycert__line_send(struct anycert__line *line, const void *bytes, size_t len,
                                      const struct anycert__patience *patience)
{
    if (line->tape)
        record(&line->tape->sent, bytes, len);
    if (!line->proxy)
        return anycert__wire_send(line->fd, bytes, len, patience);
    if (anycert__shake_write(line->proxy, bytes, len) < 0)
        return ANYCERT__WIRE_BROKEN;
    return flush(line->proxy, line->fd, patience);
}

static enum anycert__wire receive(struct anycert__line *line, void *out, size_t size, size_t *len,
                                  const struct anycert__patience *patience)
{
    char in[CHUNK];

    if (!line->proxy)
        return anycert__wire_receive(line->fd, out, size, len, patience);
    for (;;) {
        int got = anycert__shake_read(line->proxy, out, size);
        size_t more = 0;
        enum anycert__wire result = ANYCERT__WIRE_OK;

        *len = got > 0 ? (size_t)got : 0;
        if (got != 0)
            return got > 0 ? ANYCERT__WIRE_OK : ANYCERT__WIRE_CLOSED;
        result = anycert__wire_receive(line->fd, in, sizeof in, &more, patience);
        if (result != ANYCERT__WIRE_OK)
            return result;
        if (anycert__shake_feed(line->proxy, in, more, NULL) < 0)
            return ANYCERT__WIRE_BROKEN;
    }
}

enum anycert__wire anycert__line_receive(struct anycert__line *line, void *out, size_t size,
                                         size_t *len, const struct anycert__patience *patience)
{
    enum anycert__wire result = receive(line, out, size, len, patience);

    if (result == ANYCERT__WIRE_OK && line->tape)
        record(&line->tape->received, out, *len);
    return result;
}
