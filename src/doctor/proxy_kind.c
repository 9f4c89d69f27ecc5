#include "doctor/proxy_kind.h"

#include <stdio.h>
#include <string.h>

#define SHORTER 4 /* times, behind one that was silent */

/* Nothing that a proxy of the kind that is set would have answered. */
static bool is_puzzling(const struct anycert__obstacle *obstacle)
{
    return obstacle->is_set && (obstacle->cause == ANYCERT__CAUSE_PROXY_SILENT ||
                                obstacle->cause == ANYCERT__CAUSE_PROXY_CLOSED ||
                                obstacle->cause == ANYCERT__CAUSE_PROXY_IS_NONE ||
                                obstacle->cause == ANYCERT__CAUSE_PROXY_IS_PLAIN);
}

/* Whether the refusal of a tunnel is in the words of that kind. */
static bool is_of_kind(enum anycert__cause_number refusal, enum anycert__proxy_kind kind)
{
    return refusal == ANYCERT__CAUSE_PROXY_WANTS_PASSWORD ||
           (kind == ANYCERT__PROXY_HTTP ? refusal == ANYCERT__CAUSE_PROXY_FORBIDS ||
                                              refusal == ANYCERT__CAUSE_PROXY_CANNOT_REACH
                                        : refusal == ANYCERT__CAUSE_PROXY_SOCKS_REFUSES);
}

/* What came of asking in the words of another kind, behind what is known. */
static void change(struct anycert__obstacle *obstacle, enum anycert__cause_number cause,
                   const char *asked, const char *answer)
{
    size_t used = strlen(obstacle->evidence);

    obstacle->cause = cause;
    (void)snprintf(obstacle->evidence + used, sizeof obstacle->evidence - used, "; %s, %s", asked,
                   answer);
}

static void ask_for_tunnel(struct anycert__route *route, enum anycert__proxy_kind kind,
                           const struct anycert__patience *patience,
                           struct anycert__obstacle *obstacle)
{
    const struct anycert__proxy other = {.kind = kind, .peer = route->doctor->proxy.peer};
    bool by_http = kind == ANYCERT__PROXY_HTTP;
    enum anycert__cause_number cause =
        by_http ? ANYCERT__CAUSE_PROXY_IS_HTTP : ANYCERT__CAUSE_PROXY_IS_SOCKS;
    const char *asked = by_http ? "asked by CONNECT" : "asked in SOCKS 5";
    struct anycert__obstacle there = {.is_set = false};
    struct anycert__line line = {.fd = -1};
    enum anycert__wire wire = ANYCERT__WIRE_OK;

    route->instead = &other;
    wire = anycert__route_go(route, patience, &line, &there);
    route->instead = NULL;
    anycert__line_close(&line);
    if (wire == ANYCERT__WIRE_OK)
        change(obstacle, cause, asked, "it makes the tunnel");
    else if (there.is_set && is_of_kind(there.cause, kind))
        change(obstacle, cause, asked, there.evidence);
    else if (by_http && there.is_set && there.cause == ANYCERT__CAUSE_PROXY_IS_NONE)
        change(obstacle, ANYCERT__CAUSE_PROXY_IS_NONE, asked, there.evidence);
}

static void greet(struct anycert__route *route, const struct anycert__patience *patience,
                  struct anycert__obstacle *obstacle)
{
    static const struct anycert__proxy none = {.kind = ANYCERT__PROXY_NONE};
    struct anycert__obstacle there = {.is_set = false};
    struct anycert__line line = {.fd = -1};

    /* The addresses are those of the proxy, and where they lead nothing is asked yet. */
    route->instead = &none;
    if (anycert__route_go(route, patience, &line, &there) == ANYCERT__WIRE_OK &&
        anycert__tunnel_greets(&line, patience))
        change(obstacle, ANYCERT__CAUSE_PROXY_IS_SOCKS, "greeted in SOCKS 5",
               "it answers in SOCKS 5");
    route->instead = NULL;
    anycert__line_close(&line);
}

/* What is asked in place of the kind that is set. */
static void ask_as(struct anycert__trials *trials, enum anycert__proxy_kind kind,
                   struct anycert__obstacle *obstacle)
{
    struct anycert__patience patience = {.stop = &trials->doctor->stop};
    uint32_t limit_ms = trials->doctor->timeout_ms;

    if (!is_puzzling(obstacle) || anycert__stop_wanted(patience.stop))
        return;
    if (obstacle->cause == ANYCERT__CAUSE_PROXY_SILENT)
        limit_ms = 1 + limit_ms / SHORTER;
    patience.until_us = anycert__monotonic_us() + (int64_t)limit_ms * 1000;
    if (trials->doctor->proxy.kind == ANYCERT__PROXY_HTTPS)
        greet(&trials->route, &patience, obstacle);
    else
        ask_for_tunnel(&trials->route, kind, &patience, obstacle);
}

int anycert__find_proxy_kind(struct anycert__trials *trials, struct anycert__obstacle *obstacle,
                             struct anycert_error *err)
{
    if (!trials->route.works)
        return 0;
    switch (trials->doctor->proxy.kind) {
    case ANYCERT__PROXY_NONE:
        return 0;
    case ANYCERT__PROXY_HTTP:
    case ANYCERT__PROXY_HTTPS:
        ask_as(trials, ANYCERT__PROXY_SOCKS5H, obstacle);
        break;
    case ANYCERT__PROXY_SOCKS4:
    case ANYCERT__PROXY_SOCKS4A:
        ask_as(trials, ANYCERT__PROXY_HTTP, obstacle);
        ask_as(trials, ANYCERT__PROXY_SOCKS5H, obstacle);
        break;
    case ANYCERT__PROXY_SOCKS5:
    case ANYCERT__PROXY_SOCKS5H:
        ask_as(trials, ANYCERT__PROXY_HTTP, obstacle);
        break;
    }
    return anycert__stop_wanted(&trials->doctor->stop)
               ? anycert__fail(err, ANYCERT_E_INTERRUPTED, "the examination was given up")
               : 0;
}
