/* doctor/route.h — the way to a server, up to the first byte of TLS: name, address, proxy. */
#ifndef ANYCERT_DOCTOR_ROUTE_H
#define ANYCERT_DOCTOR_ROUTE_H

#include <netdb.h>
#include <stdbool.h>

#include "base/buf.h"
#include "verdict/cause.h"
#include "doctor/doctor.h"
#include "doctor/wire.h"
#include "tls/shake.h"

/* Why there is no way. */
struct anycert__obstacle {
    enum anycert_doctor_stage stage;
    enum anycert__cause_number cause;
    bool is_set;
    char evidence[256];
};

#define ANYCERT__TURNS_MAX    4 /* addresses that are compared */
#define ANYCERT__FAILURES_MAX 4 /* that are remembered */

/* What is in the way where route->waits is. */
#define ANYCERT__HELD_BACK "the proxy is not taken as it is, and was not asked for a tunnel"

/* What is known of the way to one server; kept between attempts. */
struct anycert__route {
    const struct anycert_doctor *doctor;
    struct anycert__peer target;
    struct anycert__anchors *anchors;
    struct addrinfo *addresses;
    const struct addrinfo *works; /* the address that took a connection; is taken again */
    /* Where addresses do not show the same, an attempt that is made again goes to the next one. */
    const struct addrinfo *turns[ANYCERT__TURNS_MAX];
    size_t turn_count;
    struct {
        const struct addrinfo *address;
        struct anycert__obstacle obstacle;
    } failures[ANYCERT__FAILURES_MAX]; /* addresses before it that did not */
    size_t failed;
    struct anycert__anchors *proxy_anchors;
    struct anycert__hop_terms proxy_terms;
    struct anycert__facts *proxy_facts; /* of an https:// proxy */
    /* What goes on through the proxy, which is not looked at any more then. NULL: the doctor's
     * policy, under which everything is seen. Borrowed. */
    const struct anycert_policy *through;
    bool waits;  /* a proxy that is not taken as it is, is asked for nothing without that */
    bool direct; /* without the proxy, whatever is set */
    const struct anycert__proxy *instead; /* of the doctor's; NULL: that. Borrowed. */
};

/* What went over a line, each way, up to a limit. */
#define ANYCERT__TAPE_MAX 65536
struct anycert__tape {
    struct anycert__buf sent, received;
};

/* An open way. */
struct anycert__line {
    int fd;
    struct anycert__tape *tape;   /* NULL: nothing is kept */
    struct anycert__shake *proxy; /* TLS to an https:// proxy, in which everything else goes */
};

/* 0, or -1 with NOMEM or ANCHORS. Anchors are borrowed. */
int anycert__route_begin(struct anycert__route *route, const struct anycert_doctor *doctor,
                         const struct anycert__peer *target, struct anycert__anchors *anchors,
                         struct anycert_error *err);
/* The anchors of a policy, or an empty set that says why the system has none. NULL with ANCHORS. */
struct anycert__anchors *anycert__anchors_or_none(const struct anycert_policy *policy,
                                                  struct anycert_error *err);
void anycert__route_end(struct anycert__route *route);

/* Goes it. OK and a line that has to be closed, or how it ended and what was in the way. */
enum anycert__wire anycert__route_go(struct anycert__route *route,
                                     const struct anycert__patience *patience,
                                     struct anycert__line *line,
                                     struct anycert__obstacle *obstacle);
void anycert__line_close(struct anycert__line *line);
/* As for a wire. */
enum anycert__wire anycert__line_send(struct anycert__line *line, const void *bytes, size_t len,
                                      const struct anycert__patience *patience);
enum anycert__wire anycert__line_receive(struct anycert__line *line, void *out, size_t size,
                                         size_t *len, const struct anycert__patience *patience);

#define ANYCERT__ADDRESS_SIZE 64
/* "::1 port 443" */
void anycert__show_address(const struct addrinfo *address, char out[ANYCERT__ADDRESS_SIZE]);
/* tunnel.c: asks the proxy at the other end of the line to lead on to the target. address is the
 * target's, where this side looks names up, or NULL. */
enum anycert__wire
anycert__tunnel_dig(struct anycert__line *line, const struct anycert__proxy *proxy,
                    const struct anycert__peer *target, const struct addrinfo *address,
                    const struct anycert__patience *patience, struct anycert__obstacle *obstacle);
/* tunnel.c: whether the other end of the line answers the greeting of SOCKS 5, which names nobody,
 * in SOCKS 5. */
bool anycert__tunnel_greets(struct anycert__line *line, const struct anycert__patience *patience);
/* Says what is in the way, unless it was said before. Returns result. */
enum anycert__wire anycert__obstruct(struct anycert__obstacle *obstacle,
                                     enum anycert_doctor_stage stage,
                                     enum anycert__cause_number cause, enum anycert__wire result,
                                     const char *format, ...) ANYCERT__PRINTF(5, 6);

#endif
