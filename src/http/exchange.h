/* http/exchange.h — one HTTP request and its response, without redirects, over a connection that
 * policy has accepted. */
#ifndef ANYCERT_HTTP_EXCHANGE_H
#define ANYCERT_HTTP_EXCHANGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <anycert/client.h>
#include <anycert/version.h>

#include "base/clock.h"
#include "base/error.h"
#include "http/body.h"
#include "http/fields.h"
#include "http/jar.h"
#include "http/url.h"
#include "tls/tls.h"

/* What requests are sent as, unless they say so themselves. */
#define ANYCERT__USER_AGENT "anycert/" ANYCERT_VERSION

struct anycert__exchange;
struct anycert__wire;

/* Somebody who looks on: at every exchange, whoever asked for it. Called on the thread that sends.
 */
struct anycert__observer {
    /* It is about to be done. */
    void (*begun)(void *arg, const struct anycert__exchange *exchange, bool proxied);
    /* It has ended; failure is NULL for a success. wire is NULL unless it is wanted. */
    void (*ended)(void *arg, const struct anycert__exchange *exchange,
                  const struct anycert_error *failure, const struct anycert__wire *wire);
    void *arg;
    bool wants_wire; /* to know what went over the wire (http/wire.h) */
};

/* What is the same for every exchange of a client. Strings are borrowed and outlive the http
 * object. */
struct anycert__http_settings {
    const char *proxy; /* URL for libcurl, without userinfo; NULL for none */
    bool proxy_https;
    const char *proxy_host; /* as in a URL */
    uint16_t proxy_port;
    const char *proxy_user, *proxy_password;
    enum anycert_proxy_auth proxy_auth;
    const char *no_proxy;
    const char *const *resolve; /* entries of CURLOPT_RESOLVE */
    size_t resolve_count;
    const char *const *connect_to; /* entries of CURLOPT_CONNECT_TO */
    size_t connect_to_count;
    uint32_t connect_ms, stall_ms; /* 0: no limit */
    uint32_t expect_ms;  /* how long bodies wait for leave to go on, whatever their size; 0: large
                            ones for a second, UINT32_MAX: none does */
    uint64_t header_max; /* bytes of a response's header */
    enum anycert_http_version http_version;
    bool decompress;
    struct anycert__clock clock;
    anycert_trace_callback *trace;
    void *trace_arg;
    const char *const *secret_headers; /* names declared secret */
    size_t secret_header_count;
    const char *const *secret_params; /* names of query parameters, likewise */
    size_t secret_param_count;
    struct anycert__observer observer;
    enum anycert_secret_guard secret_guard;
    unsigned idle_max; /* connections kept open for later */
};

struct anycert__exchange;

/* Connections of one client, kept apart by what they were made under. Safe from many threads. */
struct anycert__http;
/* NULL with NOMEM, INTERNAL, or USAGE if libcurl was built on another TLS library. */
struct anycert__http *anycert__http_new(const struct anycert__http_settings *settings,
                                        struct anycert_error *err);
/* Closes everything. No exchange may be under way. */
void anycert__http_free(struct anycert__http *http);
/* True if a host is reached through the proxy. */
bool anycert__http_proxied(const struct anycert__http *http, const char *host, uint16_t port);
const struct anycert__http_settings *anycert__http_settings_of(const struct anycert__http *http);
/* True if the secret guard is set to withhold secrets, and the exchange has some that it can be
 * without. */
bool anycert__http_may_withhold(const struct anycert__http *http,
                                const struct anycert__exchange *exchange);
/* 0, or -1 with PRIVATE_ADDRESS if the exchange wants public addresses only and its host is none by
 * its spelling, which is all that is known where a proxy resolves it. */
int anycert__exchange_check_host(const struct anycert__exchange *exchange,
                                 struct anycert_error *err);
/* Version of the libcurl that is loaded; static string. */
const char *anycert__libcurl_version(void);

/* How user and password are used. */
enum anycert__scheme {
    ANYCERT__SCHEME_BASIC = 0,
    ANYCERT__SCHEME_DIGEST,
    ANYCERT__SCHEME_NTLM,
    ANYCERT__SCHEME_NEGOTIATE
};
/* True if libcurl, with the features of curl_version_info(), has the scheme; features 0: the
 * libcurl that is loaded. */
bool anycert__http_has_scheme(enum anycert__scheme scheme, int features);

struct anycert__exchange {
    /* ---- in; borrowed for the call */
    const char *method;
    const struct anycert__url *url;
    const struct anycert__field
        *headers; /* value NULL takes away a field that libcurl would send by itself */
    size_t header_count;
    const struct anycert__body *body; /* NULL: none */
    const char *user, *password;      /* NULL for none */
    enum anycert__scheme scheme;
    bool is_fresh;       /* by a handle that has seen no challenge yet */
    bool only_handshake; /* nothing is sent; it ends well once every link may stand */
    /* Credentials beside user and password: fields, all of them secret; a URL that is asked for in
     * place of url, which alone is shown; texts that no trace shows, wherever they come up. */
    const struct anycert__field *auth_headers;
    size_t auth_header_count;
    const char *wire_url;   /* NULL: url */
    const char *wire_shown; /* wire_url with its secrets hidden; NULL: it has none */
    char *const *secrets;
    size_t secret_count;
    const uint8_t *identity; /* 32 bytes that stand for auth_headers, wire_url and the like in a
                                pool's key; NULL: none */
    /* The effective policies of both hops, and the anchors of the moment; they tell pools apart.
     * The terms outlive the http object. */
    const struct anycert__hop_terms *terms, *proxy_terms;
    struct anycert__anchors *anchors, *proxy_anchors;
    struct anycert__jar
        *jar;         /* cookies to send and to learn; NULL: none. It tells pools apart, too */
    bool only_public; /* private addresses are not connected to */
    /* Limits for connecting and for silence, instead of the settings'; 0: those, UINT32_MAX: none.
     */
    uint32_t connect_ms, stall_ms;
    int64_t limit_ms; /* of the whole request, for messages */
    int64_t total_ms; /* left for this exchange; 0: no limit */
    int64_t begun_us; /* set when it begins, on the monotonic clock */
    /* Takes the decompressed body as it comes; status and fields are known by then. 0, or -1 with
     * err filled to end the exchange with that error. */
    int (*sink)(void *arg, struct anycert__exchange *exchange, const void *bytes, size_t len,
                struct anycert_error *err);
    void *sink_arg;
    anycert_progress_callback *progress;
    void *progress_arg;
    const bool *hold;         /* while it is true, no more of the body is taken; NULL: never */
    bool may_expect;          /* the body may be announced with Expect: 100-continue */
    bool has_secret_body;     /* the secret guard counts the body among the secrets */
    bool is_bare;             /* what the guard has left of an exchange: its secrets are out */
    void *owner;              /* whoever drives many; nobody looks at it here */
    uint64_t received_before; /* bytes of the body that were there already, for progress; the sink
                                 may set it */

    /* ---- out */
    int status; /* 0 until a status line came */
    char *reason;
    char version[4];
    struct anycert__fields fields;
    struct anycert_report *report, *proxy_report; /* on failure too, as far as anything was seen */
    bool reused;
    bool connected; /* to the server, TLS aside; through a proxy: to the tunnel's end */
    uint64_t sent_bytes, received_bytes; /* of both bodies, as on the wire */
    uint64_t body_bytes;                 /* of the answer's, decompressed */
    bool sent;                           /* something of the request may have gone out */
    bool has_header; /* status and fields are those of the answer; set only if there is a hold */
    bool is_held;    /* something of the body waits for the hold's end */
    bool unexpected; /* the server refuses the expectation: ask again without, nothing was done */
    bool lapsed; /* nothing was sent, as a policy ended while the connection was made, or the trust
                    store learned something: ask again, with new terms */
    bool withheld; /* the guard has kept secrets from the peer, the client certificate counted */
    bool guarded; /* nothing was sent, as the secret guard withholds the secrets from this link: ask
                     again without them */
    bool
        wants_renegotiation; /* the server asked for one, we refused, and it ended the connection */
    int tunnel_status;       /* of a proxy's answer to CONNECT that made no tunnel, or 0 */
    bool is_preauthenticated; /* it began with the answer to an older challenge (Digest) */
    struct anycert_timings timings;
};

/* Does it. 0, or -1 with the failure; out is filled as far as things went. Safe from many threads
 * with different exchanges. */
int anycert__http_exchange(struct anycert__http *http, struct anycert__exchange *exchange,
                           struct anycert_error *err);

/* Frees what is in the out part. */
void anycert__exchange_clear(struct anycert__exchange *exchange);

#endif
