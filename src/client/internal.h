/* client/internal.h — the insides of the client layer's objects. */
#ifndef ANYCERT_CLIENT_INTERNAL_H
#define ANYCERT_CLIENT_INTERNAL_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#include <anycert/auth.h>
#include <anycert/call.h>
#include <anycert/client.h>
#include <anycert/har.h>
#include <anycert/log.h>
#include <anycert/policy_file.h>
#include <anycert/transfer.h>
#include <anycert/trust_store.h>
#include <anycert/version.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/file.h"
#include "client/identity.h"
#include "http/body.h"
#include "http/exchange.h"
#include "http/fields.h"
#include "http/url.h"
#include "tls/tls.h"

#define ANYCERT__DEFAULT_CONNECT_MS   30000
#define ANYCERT__DEFAULT_STALL_MS     60000
#define ANYCERT__DEFAULT_HEADER_BYTES (256 * 1024)
#define ANYCERT__DEFAULT_BODY_BYTES   (UINT64_C(64) * 1024 * 1024)
#define ANYCERT__DEFAULT_REDIRECTS    10
#define ANYCERT__IDLE_CONNECTIONS     32
#define ANYCERT__IDLE_LOOPS           4
#define ANYCERT__ANCHORS_LOOK_US      100000
#define ANYCERT__IN_MEMORY            "intermediate certificate in memory"

/* A list of strings of one's own. */
struct anycert__strings {
    char **list;
    size_t count;
};
int anycert__strings_add(struct anycert__strings *strings, const char *s,
                         struct anycert_error *err);
int anycert__strings_copy(struct anycert__strings *to, const struct anycert__strings *from,
                          struct anycert_error *err);
void anycert__strings_clear(struct anycert__strings *strings);
/* 0, or -1 with USAGE if text, called what in the message, is NULL, empty or has control characters
 * in it. */
int anycert__check_text(const char *text, const char *what, struct anycert_error *err);

/* Limits of one request in milliseconds; 0: none. */
struct anycert__limits {
    uint32_t connect_ms, total_ms, stall_ms;
};

/* Status codes of a list. */
struct anycert__codes {
    int *list;
    size_t count;
};
/* Replaces the list. 0, or -1 with USAGE, NOMEM. */
int anycert__codes_set(struct anycert__codes *codes, const int *list, size_t count,
                       struct anycert_error *err);
bool anycert__codes_have(const struct anycert__codes *codes, int status);
void anycert__codes_clear(struct anycert__codes *codes);

/* What a call is content with; a client has them and a request may. */
struct anycert__demands {
    struct anycert__codes ok, empty_valid;
    anycert_error_handler *error_handler;
    void *error_arg;
    struct anycert_retry *retry;
};
/* call.c: what stands in the error of an answer whose status is not accepted, unless an error
 * handler says something else; request may be NULL. Always returns -1. */
int anycert__status_failure(const struct anycert_client *client,
                            const struct anycert_request *request,
                            const struct anycert_response *response, struct anycert_error *err);
/* error_text.c: the time that passed was that for reading, where the original has no timeout but a
 * lost connection: behind the header, and after retries. */
bool anycert__is_lost_by_time(const struct anycert_response *response,
                              const struct anycert_error *failure);
/* call.c: whether a call takes an answer with that status. */
bool anycert__is_accepted(const struct anycert_client *client,
                          const struct anycert_request *request, int status);
/* Sets a flag that callers give as 0 or 1. 0, or -1 with USAGE that has its name. */
int anycert__set_flag(bool *flag, int value, const char *name, struct anycert_error *err);
int anycert__demands_copy(struct anycert__demands *to, const struct anycert__demands *from,
                          struct anycert_error *err);
void anycert__demands_clear(struct anycert__demands *demands);
/* Replaces *to, which is wiped, by a copy of from; NULL stays NULL. 0, or -1 with NOMEM. */
int anycert__replace(char **to, const char *from, struct anycert_error *err);

struct anycert_config {
    struct anycert_policy *policy;           /* NULL: the policy file's, else hardened */
    struct anycert_policy *proxy_policy;     /* likewise */
    struct anycert_policy *default_anchors;  /* hardened with ca=; NULL: the system's */
    struct anycert_policy_file *policy_file; /* a reference, or NULL */
    struct anycert_trust_store *trust_store; /* likewise */
    anycert_trust_ask *trust_ask;            /* NULL: nobody */
    void *trust_ask_arg;
    struct anycert__strings intermediates;      /* PEM texts */
    struct anycert__strings intermediate_names; /* what each is called in messages */
    struct anycert__identity identity;
    enum anycert_secret_guard secret_guard;
    enum anycert_proxy_auth proxy_auth;
    char *base_url; /* as given, with userinfo; NULL: none */
    struct anycert__fields headers;
    char *proxy; /* as given, with userinfo */
    char *no_proxy;
    struct anycert__strings resolve, connect_to, secret_headers, secret_params;
    struct anycert__limits limits;
    uint64_t header_bytes, body_bytes; /* 0: default */
    unsigned max_redirects;
    bool allow_downgrade;
    enum anycert_private_addresses private_addresses;
    bool look_only;
    int (*interrupt)(void *arg); /* of handshakes without a request */
    void *interrupt_arg;
    enum anycert_http_version http_version;
    bool decompress;
    struct anycert__clock clock;
    anycert_trace_callback *trace;
    void *trace_arg;
    enum anycert_log_level log_level;
    anycert_log_callback *log;
    void *log_arg;
    struct anycert_har *har; /* a reference, or NULL */

    struct anycert_auth *auth; /* a reference; NULL: none */
    struct anycert__demands demands;
    bool cookies;
    bool base_as_written; /* of a profile: nothing behind it leaves it as it is */
    uint32_t expect_ms;
    bool metrics, keep_last_redirect;
    anycert_polling_hook *polling;
    void *polling_arg;
    anycert_error_type_hook *error_type;
    void *error_type_arg;
    double rate;               /* requests a second; 0: no limit */
    unsigned burst;            /* requests at once */
    unsigned circuit_failures; /* 0: no breaker */
    uint32_t circuit_recovery_ms;
    uint32_t budget_ms; /* 0: none */
    struct anycert__waiting waiting;
};
/* A copy that shares nothing; NULL with NOMEM. NULL copies the defaults. */
struct anycert_config *anycert__config_copy(const struct anycert_config *config,
                                            struct anycert_error *err);

/* What is in force in one situation: a policy as it stands before or after its end, for the
 * request's own origin or for another one, and what a connection under it is made with. */
struct anycert__situation {
    struct anycert_policy *policy;
    char *policy_text;
    const char *source; /* of the policy: "FILE:LINE" of the policy file, else NULL */
    bool has_ended;
    int64_t ended; /* the policy's last second, if it has */
    struct anycert__hop_terms terms;
    struct anycert__anchors
        *anchors;      /* as last seen; replaced under the client's mutex when a file changes */
    int64_t looked_us; /* when that was looked for, on the monotonic clock */
};
enum {
    ANYCERT__HERE = 0,      /* the request's own origin */
    ANYCERT__ELSEWHERE = 1, /* another origin, met by redirect */
    ANYCERT__LAPSED = 2,    /* added to any: the policy's end has passed */
    ANYCERT__TOKEN = 4,     /* a token server's, if that is another one */
    ANYCERT__SITUATIONS = 7
};
/* All situations of the hosts that share a policy: those of one entry of the policy file, or all
 * that the client's own policy is for. */
struct anycert__scope {
    struct anycert__situation at[ANYCERT__SITUATIONS]; /* lapsed ones only if there is an end */
    bool is_ready;
};

struct anycert_client {
    struct anycert_config *config;
    struct anycert__ceiling *ceiling;
    struct anycert__scope own;
    struct anycert__scope *listed; /* one for each entry of the policy file, ready when needed */
    struct anycert__situation proxy[2]; /* before and after the end of the proxy's policy */
    struct anycert__intermediates *intermediates;
    struct anycert__client_cert *client_cert;
    char *proxy_url; /* for libcurl, without userinfo */
    struct anycert__url proxy_parts;
    struct anycert__http_settings settings;
    struct anycert__http *http;
    int64_t budget_until_us; /* 0: no budget */
    struct anycert__pace *pace;
    struct anycert__metrics *metrics;
    struct anycert__jar *jars[2]; /* client/cookies.c; NULL where there are none */
    struct anycert__log *log;     /* NULL: nobody listens */
    pthread_mutex_t mutex;        /* over the anchors of the situations */
    bool mutex_ready;
    struct anycert__loop *loops[ANYCERT__IDLE_LOOPS]; /* of streams that are done, for the next */
    unsigned loop_count;                              /* under the mutex, too */
};

struct anycert_request {
    char *method;
    struct anycert__url url;
    char *plain_url; /* the URL's text before a query was added to it; NULL: nothing was */
    char *query;     /* as given, or NULL */
    struct anycert__fields params;
    enum anycert_query_encoding query_encoding;
    const struct anycert__url *start; /* where it is sent, as if by redirect; NULL: to url */
    struct anycert__fields headers;
    struct anycert__fields cookies; /* name and value; beside the client's */
    struct anycert__body body;
    size_t form_capacity; /* of body.bytes, which grow as a form; 0: they are none */
    size_t field_count;   /* parts that are fields of a form, the first ones */
    bool secret_body;
    char *user, *password;
    struct anycert_auth *auth; /* a reference, instead of user and password; NULL: the client's */
    char *output_file;
    anycert_body_callback *body_callback;
    void *body_arg;
    anycert_progress_callback *progress;
    void *progress_arg;
    struct anycert__demands demands;
    enum anycert_resp_type resp_type;
    bool return_empty;
    struct anycert__limits limits; /* 0: the client's, UINT32_MAX: none */
    const bool *hold;              /* for the exchange; NULL: none */
    int max_redirects;             /* -1: the client's */
    bool resume;
    bool has_metrics, metrics; /* whether it says anything about metrics, and what */
};

struct anycert__response_hop {
    char *url;
    int status;
    char *reason; /* of hops before the last, as are the fields */
    struct anycert__fields fields;
    struct anycert_report *report, *proxy_report;
    bool reused;
    bool withheld;                       /* secrets, by the guard */
    bool connected, wants_renegotiation; /* as of the exchange */
    int tunnel_status;
    struct anycert_timings timings;
};
struct anycert_response {
    int status;
    char *reason;
    char version[4];
    struct anycert__fields fields;
    struct anycert__buf body;
    uint64_t body_size;
    struct anycert__response_hop *hops;
    size_t hop_count;
    unsigned retries;                    /* that came before it */
    bool connected;                      /* to the last hop's server, TLS aside */
    struct anycert_json *json;           /* of the body, if it has been parsed already */
    struct anycert_report *token_report; /* of the link to the token server; NULL: not asked */
};

/* NULL with NOMEM. */
struct anycert_response *anycert__response_new(struct anycert_error *err);
/* Adds a hop and moves the exchange's out part into the response. 0, or -1 with NOMEM. */
int anycert__response_take(struct anycert_response *response, struct anycert__exchange *exchange,
                           struct anycert_error *err);

/* A response that is not whole yet: the hops that so_far has, and the exchange whose header is
 * there. The reports are taken over, on failure, too. NULL with NOMEM. */
struct anycert_response *anycert__response_begun(const struct anycert_response *so_far,
                                                 const struct anycert__exchange *exchange,
                                                 struct anycert_report *report,
                                                 struct anycert_report *proxy_report,
                                                 struct anycert_error *err);

/* json.c: one more who holds the document. NULL gives NULL. */
struct anycert_json *anycert__json_ref(struct anycert_json *json);
/* json.c: whether a text is valid JSON; nothing is left of it. 0, or -1 with BODY_JSON or NOMEM. */
int anycert__json_check(const char *text, size_t len, struct anycert_error *err);

/* proxy.c: takes the proxy's URL apart into client->proxy_url and proxy_parts. 0, or -1 with URL.
 */
int anycert__proxy_parse(const char *text, char **url, struct anycert__url *parts, bool *https,
                         struct anycert_error *err);

/* situation.c */
int anycert__situations_init(struct anycert_client *client, struct anycert_error *err);
void anycert__situations_clear(struct anycert_client *client);
/* The policy that is configured for a host, as it is before its end: what was said for the client,
 * else the entry of the policy file, else hardened; for another origin than the request's own
 * (ELSEWHERE, TOKEN) what is left of the first there. To be freed. NULL with NOMEM. */
struct anycert_policy *anycert__policy_for(const struct anycert_config *config,
                                           const struct anycert__url *url, int where, int64_t now,
                                           struct anycert_error *err);
/* The situation of a host now (HERE, ELSEWHERE or TOKEN), and a reference to its anchors as their
 * files are now; NULL with ANCHORS, NOMEM. */
const struct anycert__situation *
anycert__situation_of(struct anycert_client *client, const struct anycert__url *url, int where,
                      int64_t now, struct anycert__anchors **anchors, struct anycert_error *err);
/* What says who has to answer can be looked at in TLS only, and to look at nothing is not what was
 * meant. 0, or -1 with TRUST_DOWNGRADE. */
int anycert__situation_fits(const struct anycert__situation *situation,
                            const struct anycert__url *url, struct anycert_error *err);
/* The same of the policy file's entry for the host, if that is what counts. */
int anycert__entries_fit(const struct anycert_client *client, const struct anycert__url *url,
                         int where, int64_t now, struct anycert_error *err);
/* The policy that is in force for a host, as text; NULL with ANCHORS, NOMEM. */
const char *anycert__situation_text(struct anycert_client *client, const struct anycert__url *url,
                                    int where, int64_t now, struct anycert_error *err);
const struct anycert__situation *anycert__proxy_situation(struct anycert_client *client,
                                                          int64_t now,
                                                          struct anycert__anchors **anchors,
                                                          struct anycert_error *err);

#endif
