/* http/lane.h — a lane: one libcurl handle with its connection, bound to one origin, one way there,
 * and one set of terms. Nothing is ever shared between lanes. Inside of the http layer. */
#ifndef ANYCERT_HTTP_LANE_H
#define ANYCERT_HTTP_LANE_H

#include <pthread.h>

#include <curl/curl.h>

#include <anycert/version.h>

#include "base/buf.h"
#include "http/decode.h"
#include "http/exchange.h"
#include "http/secret.h"
#include "http/upload.h"

#define ANYCERT__TRACE_LINE 4096 /* bytes of a line that a trace shows */
struct anycert__trace;
struct anycert__recorder;

/* What an exchange waits for outside of libcurl, before it is done over a new connection. */
enum anycert__debt {
    ANYCERT__OWES_NOTHING = 0,
    ANYCERT__OWES_ANSWER, /* somebody else asks the user about its host */
    ANYCERT__OWES_RECORD  /* somebody else is writing to the trust store */
};

/* The header lines of an exchange, one behind the other with a NUL each, and the list of them that
 * libcurl is given. Their memory is there for the next exchange, wiped. */
struct anycert__lines {
    struct anycert__buf text;
    struct curl_slist *list; /* not libcurl's */
    size_t count, room;
};

struct anycert__lane {
    struct anycert__lane *next; /* idle list, the last used first */
    CURL *easy;
    struct curl_slist *resolve, *connect_to, *own_headers;
    char *url;       /* as set in the handle */
    CURLU *parts;    /* and it, parsed; NULL until then */
    bool method_set; /* the handle is set to another request than a GET without body */
    const struct anycert__http_settings *settings;

    /* the key */
    char *origin;
    bool proxied;
    const struct anycert__hop_terms *terms, *proxy_terms;
    struct anycert__anchors *anchors, *proxy_anchors;
    struct anycert__jar *jar;
    uint8_t credentials[32]; /* of anycert__credentials */
    enum anycert__scheme scheme;
    bool knows_nonce; /* the handle has answered a challenge, and will do so by itself */
    bool is_spent;    /* and was refused: of no more use */

    char *host; /* of the origin, as in its URL */
    uint16_t port;
    bool https;
    bool offers_http2;

    /* links of the connection that the newest exchange went over, and their reports; references */
    struct anycert__link *link, *proxy_link;
    struct anycert_report *report, *proxy_report;

    /* ---- of the exchange under way */
    struct anycert__exchange *exchange;
    struct anycert_error failure; /* what a callback refused, the true cause */
    bool asked;                   /* the pre-request check has run */
    bool approved;                /* a request may have been sent */
    bool once;                    /* and must not be sent twice unasked */
    bool unanswered;         /* it was sent, and a new connection is made before an answer came */
    bool lapsed;             /* a policy ended while the connection was made, or the trust store
                                learned something that asks for another one */
    bool guarded;            /* the secret guard has stopped it, to be asked without secrets */
    bool stale;              /* it found a kept connection that may not stand any more, or its
                                host has been recorded since its own was made */
    enum anycert__debt owes; /* nothing was sent, as there was something to wait for */
    int64_t owes_since_us;   /* since then, on the store's clock */
    struct anycert__question *question; /* the answer that is waited for; NULL: none */
    int64_t begun_us;                   /* when it began, on the monotonic clock */
    bool looked;                        /* every link may stand, and nothing more was asked for */
    char private_address[48];           /* the last one that was not connected to; "": none */
    unsigned contexts; /* TLS contexts made: 0 means that the connection was there */
    uint64_t header_bytes;
    bool expects;     /* the body was announced */
    bool has_cookies; /* the handle has cookies */
    bool header_done;
    bool body_begun;
    struct anycert__decoder *decoder; /* of the body, if it is compressed */
    int64_t limit_ms;                 /* of the whole request, for messages */
    uint32_t connect_ms, stall_ms;    /* as set in the handle; 0: none */
    int64_t total_ms;                 /* limit of the exchange; 0: none */
    bool is_challenged;               /* the https:// proxy's answer to CONNECT is a challenge */
    bool connect_closes;              /* after which it closes */
    bool has_answered;                /* and which has been answered already */
    bool takes_nameless,
        takes_nameless_proxy; /* certificates without an issuer's name (nameless.c) */
    bool is_overdue;          /* and it has passed, by another clock than libcurl's */
    bool is_looked_at;        /* by a loop, for standing still: libcurl need not */
    bool is_watched;          /* libcurl tells how far it is */
    uint64_t moved;           /* bytes in both directions, when that was looked at */
    int64_t moved_us;         /* and when it became more; 0: it was not looked at yet */
    int64_t looked_us;        /* when it was looked at last */
    struct anycert__upload upload;
    struct anycert__lines lines;
    int64_t asked_at;                   /* the time that the pre-request check has judged by */
    struct anycert__trace *trace;       /* NULL: none is asked for */
    struct anycert__recorder *recorder; /* likewise */
    char auth_trouble[256];             /* why there is no Negotiate token; "" if there is one */
    char text[CURL_ERROR_SIZE];
};

/* A new lane, with every option set that does not depend on a request. NULL with NOMEM or INTERNAL.
 */
struct anycert__lane *anycert__lane_new(const struct anycert__http_settings *settings,
                                        const struct anycert__exchange *exchange, bool proxied,
                                        struct anycert_error *err);
void anycert__lane_free(struct anycert__lane *lane);
/* Lets go of the newest links and their reports. */
void anycert__lane_unlink(struct anycert__lane *lane);
/* True if an exchange may use the lane. */
bool anycert__lane_fits(const struct anycert__lane *lane, const struct anycert__exchange *exchange,
                        bool proxied, const uint8_t credentials[32]);
/* True if nobody can take the lane any more: the anchors are others since newest was made. */
bool anycert__lane_outdated(const struct anycert__lane *lane, const struct anycert__lane *newest);
/* True if the exchange that has ended was refused as a policy ended before its request was sent. */
bool anycert__lane_lapsed(const struct anycert__lane *lane);
/* All handshakes are over and nothing of the request has been sent, on fresh and on kept
 * connections alike: the place where a transfer is judged. What CURLOPT_PREREQFUNCTION has to
 * return. */
int anycert__lane_judge(struct anycert__lane *lane, const char *primary_ip);
/* Takes the reports of the newest links. 0, or -1 with NOMEM. */
int anycert__lane_reports(struct anycert__lane *lane, struct anycert_error *err);

/* pool.c: how many forks lead to this process. */
unsigned anycert__fork_count(void);
/* pool.c: a digest of the credentials that go with an exchange; all zero for none. 0, or -1. */
int anycert__credentials(const struct anycert__http_settings *settings,
                         const struct anycert__exchange *exchange, uint8_t out[32]);

/* header.c: sets the header fields of an exchange, whose body has been opened. */
CURLcode anycert__lane_headers(struct anycert__lane *lane, const struct anycert__exchange *exchange,
                               struct anycert_error *err);
/* header.c: wipes them. */
void anycert__lines_clear(struct anycert__lines *lines);
/* header.c: true for methods whose request is expected to have a body. */
bool anycert__expects_body(const char *method);
/* The limit of an exchange, of its own or of the settings; 0: none. */
uint32_t anycert__limit_of(uint32_t own, uint32_t of_settings);
/* Sets the limits for connecting and for silence; 0: none. */
CURLcode anycert__lane_limit(struct anycert__lane *lane, uint32_t connect_ms, uint32_t stall_ms);

/* jar.c: gives the handle of a lane with a jar the cookies of its exchange, or takes back those
 * that it has. For each request that libcurl makes, as the answer to one may have changed them. */
CURLcode anycert__jar_give(struct anycert__lane *lane);
/* request.c: sets what every exchange has in common. */
CURLcode anycert__lane_callbacks(struct anycert__lane *lane);
/* request.c: sets what depends on the exchange, which the lane keeps until its end. The CURLcode;
 * err is filled if the request itself is at fault. To be ended on failure, too. */
CURLcode anycert__lane_begin(struct anycert__lane *lane, struct anycert__exchange *exchange,
                             struct anycert_error *err);
/* request.c: takes a transfer that ended with rc for what it is: reads its results, looks whether
 * the answer is whole, and takes the options back. The CURLcode that counts. */
CURLcode anycert__lane_end(struct anycert__lane *lane, CURLcode rc);
/* request.c: what libcurl knows of the exchange so far: timings, bytes, version. */
void anycert__lane_results(struct anycert__lane *lane, struct anycert__exchange *exchange);
/* request.c: begins, transfers and ends. The CURLcode. */
CURLcode anycert__lane_perform(struct anycert__lane *lane, struct anycert__exchange *exchange,
                               struct anycert_error *err);

/* failure.c: what is said of one that stands still. -1. */
int anycert__stall_failure(const struct anycert__lane *lane, struct anycert_error *err);

/* request.c: true if doing it twice is the same as once (RFC 9110 section 9.2.2). */
bool anycert__is_idempotent(const char *method);
/* request.c: true if nothing has moved for as long as is the limit for that, by what was there when
 * this was asked before; then the lane knows why it has to end. To be asked once a second. */
bool anycert__lane_stands_still(struct anycert__lane *lane);
/* request.c: calls the exchange's progress callback, if there is one, with how far it is. Anything
 * but 0: it shall end, and the lane knows why. */
int anycert__lane_progress(struct anycert__lane *lane);

/* What has become of an exchange that has ended. */
enum anycert__ending {
    ANYCERT__ENDED_WELL,  /* the lane may be used again */
    ANYCERT__ENDED_ILL,   /* err says why; the lane is of no more use */
    ANYCERT__ENDED_STALE, /* nothing was sent, as a kept connection may not stand any more: the
                             exchange has been cleared, to be done over another one */
};
/* pool.c: gives the exchange its reports and err its failure, after anycert__lane_end with rc. */
enum anycert__ending anycert__lane_settle(struct anycert__lane *lane, CURLcode rc,
                                          struct anycert__exchange *exchange,
                                          struct anycert_error *err);

/* guard.c: in the pre-request check, once the links may stand. True if the secret guard stops the
 * exchange; the lane knows why. */
bool anycert__guard_stops(struct anycert__lane *lane);
/* guard.c: true if the guard is set to withhold secrets, and the exchange has some that it can be
 * without. credentials is the digest of anycert__credentials. */
bool anycert__guard_may_withhold(const struct anycert__http_settings *settings,
                                 const struct anycert__exchange *exchange,
                                 const uint8_t credentials[32]);
/* guard.c: true if the newest report, which is NULL for http, is clean. */
bool anycert__guard_is_content(const struct anycert__lane *lane);
/* guard.c: the error of an exchange whose secrets are withheld before anything is sent. Returns -1.
 */
int anycert__guard_refuse(struct anycert__exchange *exchange, struct anycert_error *err);
/* guard.c: true if the exchange, which has secrets, would meet a kept connection of this lane
 * without them, and the guard would have them withheld there. */
bool anycert__guard_knows(struct anycert__lane *lane, const struct anycert__exchange *exchange,
                          bool proxied);

/* private.c: a socket for the address, or CURL_SOCKET_BAD; the lane knows if that is as the
 * exchange wants no private ones. */
curl_socket_t anycert__private_socket(struct anycert__lane *lane, struct curl_sockaddr *address);
/* private.c: in the pre-request check: true if a connection to this address is none for the
 * exchange. */
bool anycert__private_stops(struct anycert__lane *lane, const char *address);
/* private.c: the failure of an exchange for its host's address, "" for one that is not known.
 * Returns -1. */
int anycert__private_failure(const char *host, const char *address, struct anycert_error *err);

/* tofu.c: in the pre-request check: whether the record that a link was made under is what the trust
 * store says by now, or the link may stand under that, too. */
bool anycert__tofu_is_current(struct anycert__lane *lane, struct anycert__link *link,
                              const struct anycert__hop_terms *terms, int64_t now);
/* tofu.c: asks about the origin's key, if its policy wants that; the answer is among the facts.
 * False: the lane knows why that cannot be done, or owes the answer to what somebody else asks. */
bool anycert__tofu_ask(struct anycert__lane *lane, int64_t now);
/* tofu.c: records the origin, if it is met for the first time, once nothing else is in the way.
 * False: nothing must be sent; the lane knows why it cannot be, or owes the record, as somebody
 * else is writing and nobody waits here: libcurl's other transfers would have to, too. */
bool anycert__tofu_learn(struct anycert__lane *lane, int64_t now);

/* tofu.c: of an exchange that owes something, and is kept from its end until then: tries once more.
 * True: it does not any more, and the exchange is to be done over a new connection (stale), or the
 * lane, or its link's facts, know why it cannot be. */
bool anycert__tofu_pay(struct anycert__lane *lane);
/* tofu.c: the same until there is an end to it: the record, a limit of the exchange, or its
 * progress callback. The CURLcode that counts. */
CURLcode anycert__tofu_pay_all(struct anycert__lane *lane, CURLcode rc);
/* tofu.c: lets go of the answer that was waited for. */
void anycert__tofu_forget(struct anycert__lane *lane);

/* challenge.c: true if a proxy may answer CONNECT in the way that libcurl cannot deal with. */
bool anycert__challenge_may_come(const struct anycert__lane *lane);
/* challenge.c: a header line of the answer to CONNECT. False: the transfer has to end. */
bool anycert__challenge_take_line(struct anycert__lane *lane, const char *line, size_t len);
/* challenge.c: true if a transfer that ended with rc ended so, and is to be done once more. */
bool anycert__challenge_answer(struct anycert__lane *lane, CURLcode rc);
/* nameless.c: the same where libcurl does not take a certificate that we have taken, as it names no
 * issuer. */
bool anycert__nameless_again(struct anycert__lane *lane, CURLcode rc);

/* failure.c: the error for a transfer that ended with rc. Always returns -1. */
int anycert__lane_failure(struct anycert__lane *lane, CURLcode rc, struct anycert_error *err);

/* trace.c: installs the trace on a handle, if settings ask for one; forgets the lines of the
 * exchange before; frees it. */
CURLcode anycert__lane_trace(struct anycert__lane *lane);
void anycert__lane_trace_reset(struct anycert__lane *lane);
void anycert__lane_trace_free(struct anycert__lane *lane);

/* trace.c: one line about a TLS link, if a trace is asked for. */
void anycert__lane_trace_report(const struct anycert__lane *lane,
                                const struct anycert_report *report);

/* pool.c: libcurl is ready, and the one that is needed. 0, or -1 with INTERNAL or USAGE. */
int anycert__libcurl_check(struct anycert_error *err);

/* setopt that keeps the first failure: SET(rc, easy, option, value). */
#define ANYCERT__SET(rc, easy, option, value)                                                      \
    do {                                                                                           \
        if ((rc) == CURLE_OK)                                                                      \
            (rc) = curl_easy_setopt((easy), (option), (value));                                    \
    } while (0)

#endif
