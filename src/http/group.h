/* http/group.h — many exchanges at once under one key of the pool (anycert__lane_fits): one libcurl
 * multi handle with its connections, and the lanes that use them. Nothing is ever shared between
 * groups. Inside of the http layer. */
#ifndef ANYCERT_HTTP_GROUP_H
#define ANYCERT_HTTP_GROUP_H

#include "http/lane.h"
#include "http/poller.h"

#include <sys/types.h>

struct anycert__group;

/* A lane and the exchange that is under way on it. */
struct anycert__flight {
    struct anycert__flight *next, *previous;
    struct anycert__group *group;
    struct anycert__lane *lane; /* NULL: it was left to the parent process */
    struct anycert__exchange *exchange;
    int64_t connected_by_us, ended_by_us; /* limits; INT64_MAX: none */
    int64_t look_us;      /* when it is looked at next for standing still; INT64_MAX: never */
    CURLcode rc;          /* once the transfer has ended */
    bool waits, is_fresh; /* as set in the handle: for another's connection, over one of its own */
    bool has_connected;   /* or tries to: it waits for nobody any more */
};

struct anycert__connection {
    int fd;
    dev_t device;
    ino_t inode;  /* tell whether the number still names the same connection */
    bool is_held; /* packets wait until more has been written */
};

struct anycert__group {
    struct anycert__group *next;
    struct anycert__poller *poller;
    const struct anycert__http_settings *settings;
    CURLM *multi;
    struct anycert__flight *idle, *flying;
    size_t idle_count, flying_count;
    size_t landed_count;                     /* taken off the list, and not ended yet */
    size_t begun_count;                      /* since libcurl was last called for its timers */
    struct anycert__connection *connections; /* open ones */
    size_t connection_count, connection_room;
    int64_t due_us;     /* when libcurl wants to be called; INT64_MAX: not at all */
    uint64_t last_used; /* counted in exchanges */
    bool is_retired;    /* a connection may not stand any more: nothing new goes over any of them */
    bool
        is_multiplexed; /* its last connection speaks HTTP/2: it carries many exchanges at a time */
    bool is_http1;      /* it does not: nobody waits for another's connection */
    bool is_to_release; /* and those who do have to be told */
    bool is_exclusive;  /* a connection carries one exchange at a time, with HTTP/2 too */
    bool is_trying_alone; /* connecting has failed: nobody waits for another's connection */
    bool is_unclean;      /* the guard would withhold secrets here */
    bool has_debts;       /* a flight owes a record: nobody has looked since */
    bool is_broken;       /* libcurl itself has failed */
};

/* For exchanges like this one; at most so many connections are kept. NULL with NOMEM or INTERNAL.
 */
struct anycert__group *anycert__group_new(const struct anycert__http_settings *settings,
                                          struct anycert__poller *poller,
                                          const struct anycert__exchange *exchange,
                                          unsigned connections, struct anycert_error *err);
/* Nothing may be under way. */
void anycert__group_free(struct anycert__group *group);
/* In a child process: lets go of everything without a byte on the parent's connections. The flights
 * are the caller's then, without their lanes. */
void anycert__group_disown(struct anycert__group *group);
/* True if an exchange may use its connections. */
bool anycert__group_fits(const struct anycert__group *group,
                         const struct anycert__exchange *exchange, bool proxied,
                         const uint8_t credentials[32]);
/* True if nobody will use it any more, as the anchors have changed since. */
bool anycert__group_outdated(const struct anycert__group *group,
                             const struct anycert__group *newest);

/* Begins an exchange; with is_fresh over a connection of its own. NULL with err. */
struct anycert__flight *anycert__group_start(struct anycert__group *group,
                                             struct anycert__exchange *exchange, bool proxied,
                                             bool is_fresh, struct anycert_error *err);
/* Sets when a flight is looked at next for standing still, counted from now. */
void anycert__flight_look_after(struct anycert__flight *flight, int64_t now);
/* Something has happened to a descriptor, or (-1) the time has come. */
void anycert__group_run(struct anycert__group *group, int fd, unsigned what);
/* The next flight whose transfer has ended, with its rc; taken off the list. NULL: none. One that
 * owes a record stays on it, until anycert__group_paid, or its end by anycert__group_stop. */
struct anycert__flight *anycert__group_landed(struct anycert__group *group);
/* The next flight that owes no record any more; taken off the list. NULL: none. */
struct anycert__flight *anycert__group_paid(struct anycert__group *group);
/* Takes a flight off the list before its time, with this rc. */
void anycert__group_stop(struct anycert__group *group, struct anycert__flight *flight, CURLcode rc);
/* The end of a flight that was taken off the list, which must not be used after. */
enum anycert__ending anycert__group_end(struct anycert__group *group,
                                        struct anycert__flight *flight, struct anycert_error *err);
/* Frees lanes that nobody uses, but for so many. */
void anycert__group_trim(struct anycert__group *group, size_t kept);

#endif
