#include "doctor/addresses.h"

#include "base/buf.h"
#include "doctor/diagnosis.h"

#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#define SHORTER 4 /* times: one address has shown that there is a way */

struct comparing {
    struct anycert__trials *trials;
    const struct anycert__sighting *here; /* what the address that was examined gave */
    struct anycert__attempt attempt;
    struct anycert__addresses *addresses;
    struct anycert__trial *other;
    size_t budget;
};

static bool is_loopback(const struct addrinfo *address)
{
    if (address->ai_family == AF_INET) {
        struct sockaddr_in in;

        memcpy(&in, address->ai_addr, sizeof in);
        return (ntohl(in.sin_addr.s_addr) >> 24) == 127;
    }
    if (address->ai_family == AF_INET6) {
        struct sockaddr_in6 in;

        memcpy(&in, address->ai_addr, sizeof in);
        return IN6_IS_ADDR_LOOPBACK(&in.sin6_addr);
    }
    return false;
}

static struct anycert__address_seen *add(struct anycert__addresses *addresses,
                                         const struct addrinfo *address)
{
    struct anycert__address_seen *seen = &addresses->seen[addresses->count++];

    anycert__show_address(address, seen->address);
    return seen;
}

/* Nobody takes connections there. */
static void judge_obstacle(struct comparing *comparing, const struct anycert__obstacle *obstacle,
                           const struct addrinfo *address)
{
    /* This machine may have no network of that kind: that is nothing about the host. */
    if (obstacle->cause == ANYCERT__CAUSE_NETWORK_UNREACHABLE)
        return;
    (void)snprintf(add(comparing->addresses, address)->what,
                   sizeof comparing->addresses->seen[0].what, "%.150s", obstacle->evidence);
    /* Programs on one machine often listen at one of its own addresses only, and clients try
     * both. */
    if (!is_loopback(address))
        comparing->addresses->differ = true;
}

/* What its certificates need, behind what is said of it. */
static void say_needs(struct anycert__address_seen *seen, const char *what,
                      const struct anycert__needs *needs)
{
    struct anycert__buf buf;

    anycert__buf_init(&buf, sizeof seen->what);
    anycert__buf_adds(&buf, what);
    if (needs->beyond || needs->count > 0) {
        anycert__buf_adds(&buf, ", and ");
        anycert__write_needs(&buf, needs);
    }
    (void)snprintf(seen->what, sizeof seen->what, "%.*s", (int)buf.len, buf.data ? buf.data : "");
    anycert__buf_free(&buf);
}

/* What another address gave. */
static void judge(struct comparing *comparing, const struct anycert__trial *trial,
                  struct anycert__address_seen *seen)
{
    const struct anycert__sighting *there = &trial->sighting;
    bool stands = there->ending == ANYCERT__ENDED_STANDS;
    bool good = stands && there->certificates.count == 0 && !there->certificates.beyond &&
                anycert__needs_met(&there->offer, 0);

    if (stands && !good)
        say_needs(seen, "it shows other certificates", &there->certificates);
    else
        (void)snprintf(seen->what, sizeof seen->what, "%.150s",
                       good ? ANYCERT__ADDRESS_GOOD : trial->error.message);
    if (stands && !good &&
        anycert__needs_same(&there->certificates, &comparing->here->certificates))
        (void)snprintf(seen->what, sizeof seen->what, "the same");
    /* How two that fail do it may be chance. */
    if (stands != (comparing->here->ending == ANYCERT__ENDED_STANDS) ||
        (stands && !anycert__needs_same(&there->certificates, &comparing->here->certificates)))
        comparing->addresses->differ = comparing->addresses->fail = true;
    comparing->addresses->other_good = comparing->addresses->other_good || good;
}

/* It takes part in what follows; the first that needs something else is the second. */
static void give_turn(struct comparing *comparing, const struct addrinfo *address,
                      struct anycert__trial *trial)
{
    struct anycert__route *route = &comparing->trials->route;
    const struct anycert__sighting *there = &trial->sighting;

    if (there->ending != ANYCERT__ENDED_STANDS || comparing->here->ending != ANYCERT__ENDED_STANDS)
        return;
    route->turns[route->turn_count++] = address;
    if (comparing->other->facts || there->certificate == comparing->here->certificate)
        return;
    route->turns[route->turn_count - 1] = route->turns[1];
    route->turns[1] = address;
    *comparing->other = *trial;
    *trial = (struct anycert__trial){0};
}

static int look_at(struct comparing *comparing, struct addrinfo *address, struct anycert_error *err)
{
    struct anycert__trials *trials = comparing->trials;
    struct anycert__trials there = {.doctor = trials->doctor,
                                    .limit_ms = trials->limit_ms / SHORTER + 1,
                                    .ceiling = trials->ceiling};
    struct anycert__trial trial = {0};
    int result = -1;

    if (anycert__route_begin(&there.route, trials->doctor, &trials->route.target,
                             trials->route.anchors, err) == 0) {
        there.route.addresses = address;
        there.route.works = address;
        result = anycert__trial_make(&there, &comparing->attempt, &trial, err);
    }
    if (result == 0 && trial.obstacle.is_set) {
        judge_obstacle(comparing, &trial.obstacle, address);
    } else if (result == 0) {
        comparing->addresses->handshakes++;
        judge(comparing, &trial, add(comparing->addresses, address));
        give_turn(comparing, address, &trial);
    }
    anycert__trial_clear(&trial);
    there.route.addresses = NULL;
    anycert__route_end(&there.route);
    return result;
}

/* One that did not take the connection when the first was looked for. */
static const struct anycert__obstacle *known_failure(const struct anycert__route *route,
                                                     const struct addrinfo *address)
{
    for (size_t i = 0; i < route->failed; i++) {
        if (route->failures[i].address == address)
            return &route->failures[i].obstacle;
    }
    return NULL;
}

int anycert__addresses_compare(struct anycert__trials *trials, const struct anycert__plan *plan,
                               size_t budget, struct anycert__addresses *addresses,
                               struct anycert__trial *other, struct anycert_error *err)
{
    struct comparing comparing = {
        .trials = trials, .addresses = addresses, .other = other, .budget = budget};
    struct anycert__route *route = &trials->route;

    *other = (struct anycert__trial){0};
    *addresses = (struct anycert__addresses){0};
    if (trials->doctor->proxy.kind != ANYCERT__PROXY_NONE || !route->works || plan->count == 0 ||
        !route->addresses->ai_next)
        return 0;
    comparing.here = &plan->log[0].sighting;
    comparing.attempt = plan->log[0].attempt;
    say_needs(add(addresses, route->works), "examined here", &comparing.here->certificates);
    route->turns[0] = route->works;
    route->turn_count = 1;
    for (struct addrinfo *a = route->addresses; a; a = a->ai_next) {
        const struct anycert__obstacle *known = NULL;

        if (a == route->works)
            continue;
        if (addresses->count == ANYCERT__ADDRESSES_MAX || addresses->handshakes >= budget)
            break;
        known = known_failure(route, a);
        if (known)
            judge_obstacle(&comparing, known, a);
        else if (look_at(&comparing, a, err) < 0)
            return -1;
    }
    if (addresses->count == 1)
        addresses->count = 0;
    /* If one of them does without anything, that is the one to take. */
    if (!other->facts || addresses->other_good ||
        anycert__needs_met(&comparing.here->certificates, 0)) {
        anycert__trial_clear(other);
        route->turn_count = 0;
    }
    return 0;
}
