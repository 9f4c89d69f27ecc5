/* auth.h — how a request proves who sends it.
 *
 *     struct anycert_auth *auth = anycert_auth_bearer(token, &err);
 *     if (auth && anycert_config_set_auth(config, auth, &err) == 0)
 *         ... every request of a client made from config has it ...
 *     anycert_auth_free(auth);
 *
 * Credentials go to the origin of the request's URL alone: not to another host, port or scheme
 * after a redirect, not even back again, and never through a policy's refusal. They replace a
 * header field of the same name (mostly Authorization) that the request has. They are wiped from
 * the library's memory when the last user has let them go, and are in no message, report or trace.
 *
 * Threads: an object that has been set in a configuration or a request does not change any more and
 * may be shared. Constructors return NULL with USAGE or NOMEM. */
#ifndef ANYCERT_AUTH_H
#define ANYCERT_AUTH_H

#include <stddef.h>
#include <stdint.h>

#include <anycert/client.h>
#include <anycert/error.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Credentials of one kind. */
struct anycert_auth;

/* Use: for every request of a client, or for one. */

/* The credentials of every request that has none of its own; user:password@ in a request's URL
 * counts less. It is shared, not copied. NULL: none. 0, or -1 with NOMEM. */
ANYCERT_API ANYCERT_NODISCARD int anycert_config_set_auth(struct anycert_config *config,
                                                          struct anycert_auth *auth,
                                                          struct anycert_error *err);
/* The credentials of this request, in place of the client's and of anycert_request_set_basic_auth.
 * It is shared, not copied. NULL: the client's. 0, or -1 with NOMEM. */
ANYCERT_API ANYCERT_NODISCARD int anycert_request_set_auth(struct anycert_request *request,
                                                           struct anycert_auth *auth,
                                                           struct anycert_error *err);

/* Life: counted references. */

/* One more user. Returns auth. Safe from any thread. */
ANYCERT_API struct anycert_auth *anycert_auth_ref(struct anycert_auth *auth);
/* One user less; the last one wipes and frees it. NULL is a no-op. Safe from any thread. */
ANYCERT_API void anycert_auth_free(struct anycert_auth *auth);

/* Kinds: user and password, tokens, keys, signatures. */

/* No credentials: for a request of a client that has some. */
ANYCERT_API ANYCERT_NODISCARD struct anycert_auth *anycert_auth_none(struct anycert_error *err);

/* Basic (RFC 7617), sent with the first request. The user has no colon; neither has control
 * characters. password NULL: empty. */
ANYCERT_API ANYCERT_NODISCARD struct anycert_auth *
anycert_auth_basic(const char *user, const char *password, struct anycert_error *err);

/* Digest (RFC 7616), over HTTP/1.1, and no weaker scheme whatever the server offers. libcurl speaks
 * it: MD5, SHA-256 and their -sess forms, qop=auth. */
ANYCERT_API ANYCERT_NODISCARD struct anycert_auth *
anycert_auth_digest(const char *user, const char *password, struct anycert_error *err);

/* NTLM (MS-NTLMP), over HTTP/1.1. user may be "DOMAIN\user". Its connections serve nobody else.
 * Also NULL with USAGE if the libcurl in use has no NTLM. */
ANYCERT_API ANYCERT_NODISCARD struct anycert_auth *
anycert_auth_ntlm(const char *user, const char *password, struct anycert_error *err);

/* Negotiate (RFC 4559), over HTTP/1.1, with the Kerberos ticket that GSS-API finds: it, not this
 * library, looks at KRB5CCNAME and KRB5_CONFIG. A request fails with AUTH if the server wants it
 * and there is no ticket. Its connections serve no other credentials, not even another object's:
 * after another user's kinit, make a new one. Also NULL with USAGE if the libcurl in use has no
 * Negotiate. */
ANYCERT_API ANYCERT_NODISCARD struct anycert_auth *
anycert_auth_negotiate(struct anycert_error *err);

/* A bearer token (RFC 6750): "Authorization: Bearer TOKEN". Visible ASCII characters. */
ANYCERT_API ANYCERT_NODISCARD struct anycert_auth *anycert_auth_bearer(const char *token,
                                                                       struct anycert_error *err);

/* A key in a header field of its own, as "X-Api-Key: KEY". Also NULL with HEADER for what is no
 * field. */
ANYCERT_API ANYCERT_NODISCARD struct anycert_auth *
anycert_auth_api_key_header(const char *name, const char *key, struct anycert_error *err);
/* A key as a parameter of the query, percent-encoded, behind the others; a parameter of that name
 * that the URL has is left out. The URLs of responses and reports do not have it. Prefer a header
 * where the server takes one: servers write queries into their logs. */
ANYCERT_API ANYCERT_NODISCARD struct anycert_auth *
anycert_auth_api_key_query(const char *name, const char *key, struct anycert_error *err);

/* AWS Signature Version 4, with the client's clock. session_token may be NULL. Signed are host, the
 * query, the header fields but those that proxies change, and the body; for S3 the body goes
 * unsigned where it cannot be read twice, for other services that is an error. The query (for S3
 * the path, too) is sent percent-encoded in AWS's way, so a '+' in it becomes %20. */
ANYCERT_API ANYCERT_NODISCARD struct anycert_auth *
anycert_auth_aws_sigv4(const char *access_key, const char *secret_key, const char *session_token,
                       const char *region, const char *service, struct anycert_error *err);

/* OAuth2: version 2.0 with client credentials (RFC 6749 section 4.4).
 *
 * The token is asked for by the first request that needs it, with the client's proxy and limits,
 * without following redirects. Of another origin than the request's, the token server is judged as
 * one that a redirect leads to: by its own entry, else hardened. The token is kept for all that
 * share the object and have the same policy; who needs it meanwhile waits. It is renewed before it
 * expires, by the client's clock, and once in a call that was answered with 401. Failing to get one
 * is AUTH, or the failure of the transfer, with "token request to ORIGIN" in front. The setters are
 * for before the object is set anywhere: later they return -1 with STATE. */

/* token_url: https, or http to this very machine. Also NULL with URL. */
ANYCERT_API ANYCERT_NODISCARD struct anycert_auth *anycert_auth_oauth2(const char *token_url,
                                                                       const char *client_id,
                                                                       const char *client_secret,
                                                                       struct anycert_error *err);
/* Scopes, separated by spaces. NULL: none is asked for. */
ANYCERT_API ANYCERT_NODISCARD int anycert_auth_oauth2_set_scope(struct anycert_auth *auth,
                                                                const char *scope,
                                                                struct anycert_error *err);
/* The parameter "audience" of some services. NULL: none. */
ANYCERT_API ANYCERT_NODISCARD int anycert_auth_oauth2_set_audience(struct anycert_auth *auth,
                                                                   const char *audience,
                                                                   struct anycert_error *err);
/* One more parameter of the token request. */
ANYCERT_API ANYCERT_NODISCARD int anycert_auth_oauth2_add_param(struct anycert_auth *auth,
                                                                const char *name, const char *value,
                                                                struct anycert_error *err);
/* How the client's secret is sent (RFC 6749 section 2.3.1). */
enum anycert_oauth2_style {
    /* As Basic authentication, which every server has to take. */
    ANYCERT_OAUTH2_BASIC = 0,
    /* As parameters client_id and client_secret of the body. */
    ANYCERT_OAUTH2_BODY = 1
};
/* Sets it; default BASIC. */
ANYCERT_API ANYCERT_NODISCARD int anycert_auth_oauth2_set_style(struct anycert_auth *auth,
                                                                enum anycert_oauth2_style style,
                                                                struct anycert_error *err);
/* How many seconds before it expires a token is renewed: 0 to 86400, default 60; half of its life
 * if that is less. */
ANYCERT_API ANYCERT_NODISCARD int anycert_auth_oauth2_set_refresh_before(struct anycert_auth *auth,
                                                                         uint32_t seconds,
                                                                         struct anycert_error *err);
/* A token of an earlier run, used until it expires; the caller vouches for it. expires_at in
 * seconds since 1970; 0: not known. NULL: none. */
ANYCERT_API ANYCERT_NODISCARD int anycert_auth_oauth2_set_token(struct anycert_auth *auth,
                                                                const char *token,
                                                                int64_t expires_at,
                                                                struct anycert_error *err);
/* The newest token, for a later run; NULL if there is none (err is not filled then) or with NOMEM.
 * expires_at as above, or NULL. It is a secret of the caller's, to be freed with anycert_free. Safe
 * from any thread. */
ANYCERT_API ANYCERT_NODISCARD char *anycert_auth_oauth2_token(struct anycert_auth *auth,
                                                              int64_t *expires_at,
                                                              struct anycert_error *err);
/* The report of the link over which a token was got for a response's request; NULL if that was not
 * needed, or over http://. A link over which none could be got is a hop, the last one. */
ANYCERT_API const struct anycert_report *
anycert_response_token_report(const struct anycert_response *response);

/* Callbacks: schemes of one's own.
 *
 * A view of the request, good until the callback returns. Callbacks run on the thread that sends,
 * from many threads at once if the object is shared. */
struct anycert_auth_request;

/* 0 (or what its use below says), or -1 with err filled in, which ends the request with that error
 * (AUTH if its code is 0). */
typedef int anycert_auth_hook(void *arg, struct anycert_auth_request *request,
                              struct anycert_error *err);
/* on_request is called before each exchange with the request's own origin and adds what it likes.
 * on_failure (NULL: none) is called once in a call, when an exchange was answered with 401, and may
 * return 1 to have it done again, with on_request called anew. arg is handed to both. */
ANYCERT_API ANYCERT_NODISCARD struct anycert_auth *
anycert_auth_callback(anycert_auth_hook *on_request, anycert_auth_hook *on_failure, void *arg,
                      struct anycert_error *err);

/* Method and URL, without user and password, as they go out. */
ANYCERT_API const char *anycert_auth_request_method(const struct anycert_auth_request *request);
/* The URL. */
ANYCERT_API const char *anycert_auth_request_url(const struct anycert_auth_request *request);
/* The nth value, from 0, of a header field of the request, whatever the case; NULL if there is
 * none.
 */
ANYCERT_API const char *anycert_auth_request_header(const struct anycert_auth_request *request,
                                                    const char *name, size_t nth);
/* The body if it is in memory, which an absent one is: never NULL then. NULL if it is read from
 * elsewhere. len may be NULL. */
ANYCERT_API const void *anycert_auth_request_body(const struct anycert_auth_request *request,
                                                  size_t *len);
/* In on_failure: the nth value, from 0, of a header field of the answer, as WWW-Authenticate; NULL
 * if there is none, and in on_request. */
ANYCERT_API const char *
anycert_auth_request_answer_header(const struct anycert_auth_request *request, const char *name,
                                   size_t nth);
/* In on_request: adds a header field, whose value is a secret, in place of those of that name that
 * the request has. 0, or -1 with HEADER, STATE, NOMEM. */
ANYCERT_API ANYCERT_NODISCARD int
anycert_auth_request_add_header(struct anycert_auth_request *request, const char *name,
                                const char *value, struct anycert_error *err);
/* In on_request: adds a parameter to the query, whose value is a secret, in place of those of that
 * name that the URL has. 0, or -1 with USAGE, URL, STATE, NOMEM. */
ANYCERT_API ANYCERT_NODISCARD int
anycert_auth_request_add_param(struct anycert_auth_request *request, const char *name,
                               const char *value, struct anycert_error *err);

#ifdef __cplusplus
}
#endif

#endif
