/* client.h — a client, its requests and their responses.
 *
 *     struct anycert_error err = {0};
 *     struct anycert_client *client = anycert_client_new(NULL, &err);           // hardened
 *     struct anycert_request *request = anycert_request_new("GET", "https://example.test/", &err);
 *     struct anycert_response *response = NULL;
 *     if (client && request && anycert_client_send(client, request, &response, &err) == 0)
 *         printf("%d\n", anycert_response_status(response));
 *
 * Strings given to a function are copied. Whatever comes from the caller and goes into the HTTP
 * request is refused if it has CR, LF or NUL in it. The library reads no environment variable and
 * never writes one. */
#ifndef ANYCERT_CLIENT_H
#define ANYCERT_CLIENT_H

#include <stddef.h>
#include <stdint.h>

#include <anycert/error.h>
#include <anycert/policy.h>
#include <anycert/policy_file.h>
#include <anycert/report.h>

#ifdef __cplusplus
extern "C" {
#endif

/* What a client is made from, the client, what it sends, and what comes back. */
struct anycert_config;
struct anycert_client;
struct anycert_request;
struct anycert_response;

/* Configuration: what a client is made from.
 *
 * Policies that the administrator of the machine forbids (anycert-ceiling(5)) are refused with
 * POLICY_FORBIDDEN when a client is made, and those of a policy file when a host needs them.
 *
 * Threads: one at a time for each object. Every setter returns 0, or -1 with USAGE (or the code it
 * names) or NOMEM. */

/* Everything at its default. Free with anycert_config_free. NULL with NOMEM. */
ANYCERT_API ANYCERT_NODISCARD struct anycert_config *anycert_config_new(struct anycert_error *err);
/* Frees it. Clients made from it have their own copy. NULL is a no-op. */
ANYCERT_API void anycert_config_free(struct anycert_config *config);

/* The policy for the servers; copied. Default and NULL: that of the policy file, else hardened.
 * Rungs that accept any certificate cover every https hop of the client; pins and single
 * relaxations cover the origin of the request's URL, and other origins met by redirect are held to
 * the policy file, else to hardened with the same anchors. */
ANYCERT_API ANYCERT_NODISCARD int anycert_config_set_policy(struct anycert_config *config,
                                                            const struct anycert_policy *policy,
                                                            struct anycert_error *err);
/* The policy for an https:// proxy's own TLS link. Default and NULL: that of the policy file for
 * the proxy's host, else hardened, whatever the servers' policy is. */
ANYCERT_API ANYCERT_NODISCARD int
anycert_config_set_proxy_policy(struct anycert_config *config, const struct anycert_policy *policy,
                                struct anycert_error *err);

/* The anchors of servers' policies that name none, where no policy was set for the client: those of
 * a policy that is hardened and says nothing else; copied. NULL: the system's, which is the
 * default. */
ANYCERT_API ANYCERT_NODISCARD int
anycert_config_set_default_anchors(struct anycert_config *config,
                                   const struct anycert_policy *policy, struct anycert_error *err);

/* Untrusted helper certificates for building chains: the answer to a server that forgets its
 * intermediate. They are never anchors. A PEM file, or PEM in memory. -1 with ANCHORS if it cannot
 * be read or holds none. */
ANYCERT_API ANYCERT_NODISCARD int
anycert_config_add_intermediate_file(struct anycert_config *config, const char *path,
                                     struct anycert_error *err);
ANYCERT_API ANYCERT_NODISCARD int anycert_config_add_intermediate_pem(struct anycert_config *config,
                                                                      const void *pem, size_t len,
                                                                      struct anycert_error *err);

/* Client certificate: PEM files, a PKCS#12 file, or a PKCS#11 token; the last call wins, NULL takes
 * it away. Shown only to the origin of the request's URL, and only after that server has been
 * accepted. Read when the client is made: CLIENT_CERT there says what is unreadable, what does not
 * belong together, or that a password or PIN is missing or wrong. Nobody is ever asked for one. */

/* Certificate (PEM, with its chain) and private key (PEM; NULL: in the certificate's file). The key
 * may stay on a PKCS#11 token: key_path is its URI then, as for
 * anycert_config_set_client_cert_pkcs11, and its PIN, unless it is in the URI, is the password
 * below. */
ANYCERT_API ANYCERT_NODISCARD int anycert_config_set_client_cert(struct anycert_config *config,
                                                                 const char *cert_path,
                                                                 const char *key_path,
                                                                 struct anycert_error *err);
/* The password of an encrypted PEM key, or the PIN of a key on a token; NULL: none. Not looked at
 * for a key without encryption. */
ANYCERT_API ANYCERT_NODISCARD int
anycert_config_set_client_cert_password(struct anycert_config *config, const char *password,
                                        struct anycert_error *err);
/* A PKCS#12 file (RFC 7292, ".p12", ".pfx") with the key, its certificate and the chain; password
 * in UTF-8, NULL: none. Files of old, encrypted with RC2-40, are read too: with OpenSSL's legacy
 * provider in a library context of their own, which the rest of the process never sees. */
ANYCERT_API ANYCERT_NODISCARD int anycert_config_set_client_cert_p12(struct anycert_config *config,
                                                                     const char *path,
                                                                     const char *password,
                                                                     struct anycert_error *err);

/* A key and its certificate on a PKCS#11 token, named by a URI (RFC 7512), for example
 * "pkcs11:token=work;id=%01?module-path=/usr/lib/softhsm/libsofthsm2.so"; without module-path or
 * module-name it is p11-kit's module, which stands for all that the system has registered. The key
 * never leaves the token; certificate and chain are read from it. pin NULL: the URI's pin-value or
 * pin-source (a file), or none. The token is asked once: a wrong PIN is never tried again. -1 with
 * USAGE for a URI that is not understood. Keys are RSA, EC, Ed25519 or Ed448. A module, once
 * loaded, stays in the process. */
ANYCERT_API ANYCERT_NODISCARD int
anycert_config_set_client_cert_pkcs11(struct anycert_config *config, const char *uri,
                                      const char *pin, struct anycert_error *err);

/* The URL that anycert_client_request joins its suffixes to. NULL or "": none, which is the
 * default. -1 with URL. */
ANYCERT_API ANYCERT_NODISCARD int anycert_config_set_base_url(struct anycert_config *config,
                                                              const char *url,
                                                              struct anycert_error *err);
/* A header field of every request that has none of its own: a request to which any field was added
 * sends that and none of these. The name may be added several times; otherwise as
 * anycert_request_add_header. */
ANYCERT_API ANYCERT_NODISCARD int anycert_config_add_header(struct anycert_config *config,
                                                            const char *name, const char *value,
                                                            struct anycert_error *err);

/* Proxy URL: http://, https://, socks4://, socks4a://, socks5:// or socks5h://, with user:password@
 * if need be. NULL or "": none, which is the default: proxies of the environment are never used.
 * socks4:// and socks5:// resolve the server's name here and ask the proxy for its first address
 * alone (socks4://: the first of IPv4); socks4a:// and socks5h:// leave it to the proxy. -1 with
 * URL. */
ANYCERT_API ANYCERT_NODISCARD int
anycert_config_set_proxy(struct anycert_config *config, const char *url, struct anycert_error *err);
/* How an http:// or https:// proxy is told user and password (RFC 7617, RFC 7616). */
enum anycert_proxy_auth {
    /* In the clear, to an http:// proxy: with every request to an http:// URL and with every
       CONNECT. */
    ANYCERT_PROXY_BASIC = 0,
    /* Proved without being told, once the proxy has asked; a proxy that wants Basic gets nothing.
     */
    ANYCERT_PROXY_DIGEST = 1,
    /* Digest where the proxy offers it, else Basic: it is the proxy that chooses. */
    ANYCERT_PROXY_ANY = 2
};
/* Sets it; default BASIC. SOCKS proxies have their own ways. Whatever it is, nothing of it reaches
 * a server, nor another proxy. */
ANYCERT_API ANYCERT_NODISCARD int anycert_config_set_proxy_auth(struct anycert_config *config,
                                                                enum anycert_proxy_auth auth,
                                                                struct anycert_error *err);
/* Hosts that are reached without the proxy, comma-separated: names (which cover their subdomains,
 * with or without a leading dot), addresses, CIDR blocks, each with :port if need be, or "*".
 * Default: none. */
ANYCERT_API ANYCERT_NODISCARD int anycert_config_set_no_proxy(struct anycert_config *config,
                                                              const char *hosts,
                                                              struct anycert_error *err);

/* "HOST:PORT:ADDRESS[,ADDRESS]": use these addresses instead of asking the resolver
 * (CURLOPT_RESOLVE). The host that is verified stays HOST. */
ANYCERT_API ANYCERT_NODISCARD int anycert_config_add_resolve(struct anycert_config *config,
                                                             const char *entry,
                                                             struct anycert_error *err);
/* "HOST1:PORT1:HOST2:PORT2": connect to the second where the first is asked for
 * (CURLOPT_CONNECT_TO); HOST1 is still what is verified. */
ANYCERT_API ANYCERT_NODISCARD int anycert_config_add_connect_to(struct anycert_config *config,
                                                                const char *entry,
                                                                struct anycert_error *err);

/* Time limits in milliseconds; 0 means no limit. Connecting covers name resolution, TCP, proxy and
 * TLS (default 30 s). total covers one request with its redirects (default none). stall: no byte in
 * either direction for so long (default 60 s), which is looked at about once a second. Each try of
 * a request that is made again (retry.h) has all of it anew. */
ANYCERT_API ANYCERT_NODISCARD int anycert_config_set_timeouts(struct anycert_config *config,
                                                              uint32_t connect_ms,
                                                              uint32_t total_ms, uint32_t stall_ms,
                                                              struct anycert_error *err);

/* Limits in bytes: a response's whole header (default 256 KiB) and its body after decompression
 * (default 64 MiB for bodies kept in memory, none for bodies written to a file or callback). 0
 * restores the default; UINT64_MAX means none of ours (libcurl itself takes about 300 kB of header,
 * 100 kB a line, and newer ones 5000 fields). */
ANYCERT_API ANYCERT_NODISCARD int anycert_config_set_limits(struct anycert_config *config,
                                                            uint64_t header_bytes,
                                                            uint64_t body_bytes,
                                                            struct anycert_error *err);

/* How many redirects are followed (default 10; 0: none, the redirect itself is the response). */
ANYCERT_API ANYCERT_NODISCARD int anycert_config_set_max_redirects(struct anycert_config *config,
                                                                   unsigned max,
                                                                   struct anycert_error *err);
/* 1 allows redirects from https to http (default 0: refused with TRUST_DOWNGRADE). */
ANYCERT_API ANYCERT_NODISCARD int anycert_config_set_allow_downgrade(struct anycert_config *config,
                                                                     int allow,
                                                                     struct anycert_error *err);

/* What becomes of addresses that are not public: loopback, private networks, link-local addresses
 * such as the metadata services of clouds, and IPv6 forms of these. Whoever names a URL, and any
 * server that redirects, can have the client make requests inside of the network that it runs in.
 * Addresses are looked at when they are connected to, behind name resolution, and again before a
 * request goes over a kept connection. What a proxy connects to only the proxy knows: only hosts
 * that are addresses, and localhost, are told there. */
enum anycert_private_addresses {
    /* They are addresses as all others. */
    ANYCERT_PRIVATE_ALLOWED = 0,
    /* Redirects to another origin than the request's do not lead there (PRIVATE_ADDRESS); for
     * clients of public services. */
    ANYCERT_PRIVATE_NOT_BY_REDIRECT = 1,
    /* Nothing does; for URLs that somebody else has named. */
    ANYCERT_PRIVATE_REFUSED = 2
};
/* Sets that; default ALLOWED. */
ANYCERT_API ANYCERT_NODISCARD int anycert_config_set_private_addresses(
    struct anycert_config *config, enum anycert_private_addresses what, struct anycert_error *err);

/* Which versions of HTTP are offered. */
enum anycert_http_version {
    /* HTTP/2 where the server offers it in TLS, else 1.1; 1.1 alone under trust-any, report-only,
     * antique, tls1.0 and tls1.1, and behind https:// proxies. */
    ANYCERT_HTTP_AUTO = 0,
    /* HTTP/1.1 alone. */
    ANYCERT_HTTP_1_1 = 1,
    /* HTTP/2 in every TLS handshake, and 1.1. */
    ANYCERT_HTTP_2 = 2
};
/* Sets what is offered; default AUTO. */
ANYCERT_API ANYCERT_NODISCARD int anycert_config_set_http_version(struct anycert_config *config,
                                                                  enum anycert_http_version version,
                                                                  struct anycert_error *err);

/* 1: ask for compressed answers and decompress them (default 1). What an answer names as its coding
 * and is none of gzip, deflate, br and zstd stays on the body. */
ANYCERT_API ANYCERT_NODISCARD int anycert_config_set_decompress(struct anycert_config *config,
                                                                int decompress,
                                                                struct anycert_error *err);

/* Names of headers whose values are secrets: they are not sent to another origin than the
 * request's, nor in clear text after a redirect, nor shown. Always secrets are Authorization,
 * Cookie, Proxy-Authorization, and names that are widely used for such: Api-Key, ApiKey,
 * Private-Token, X-Access-Token, X-Amz-Security-Token, X-Api-Key, X-Api-Token, X-Auth-Key,
 * X-Auth-Token, X-Session-Id, X-Session-Token, X-Subject-Token, X-Vault-Token. */
ANYCERT_API ANYCERT_NODISCARD int anycert_config_add_secret_header(struct anycert_config *config,
                                                                   const char *name,
                                                                   struct anycert_error *err);

/* What is done with secrets where a link's report is not clean: where the peer is not
 * authenticated, or anything was relaxed; http:// always. Secrets are user and password, what other
 * credentials add, the headers that are always or were declared secret, cookies, the client
 * certificate, bodies and query parameters that were declared secret. The decision is made for each
 * hop, after the handshake and before a byte of the request. It is about the server's own link:
 * what a proxy gets to see is a matter of the proxy's policy. */
enum anycert_secret_guard {
    /* They are sent, as the policy has accepted the link. */
    ANYCERT_SECRETS_SEND = 0,
    /* The request is made without them, and anycert_response_hop_withheld tells; with a body or
     * parameter that is a secret it is not made, as with REFUSE. */
    ANYCERT_SECRETS_WITHHOLD = 1,
    /* A request that has any fails with TRUST_SECRETS, and nothing is sent; as does one that is
     * asked for the client certificate. */
    ANYCERT_SECRETS_REFUSE = 2
};
/* Sets it; default SEND. */
ANYCERT_API ANYCERT_NODISCARD int anycert_config_set_secret_guard(struct anycert_config *config,
                                                                  enum anycert_secret_guard guard,
                                                                  struct anycert_error *err);

/* A clock for tests and replays: now returns seconds since 1970 UTC. Called from any thread that
 * uses the client; NULL: the system's clock. It decides about certificates' dates and policies'
 * ends, not about time limits. */
ANYCERT_API ANYCERT_NODISCARD int anycert_config_set_clock(struct anycert_config *config,
                                                           int64_t (*now)(void *arg), void *arg,
                                                           struct anycert_error *err);

/* A line for each step of a transfer ("connected to 127.0.0.1 port 443"), and before each wait for
 * a retry ("retry 1 of 3 in 0.4 s: status 429"), without secrets. kind is '*' for information, '>'
 * for sent and '<' for received header lines; text is not NUL-terminated, holds no control bytes,
 * and lives until the callback returns. Called on the thread that sends. NULL: none. */
typedef void anycert_trace_callback(void *arg, char kind, const char *text, size_t len);
/* Sets the callback; arg is handed to it. */
ANYCERT_API ANYCERT_NODISCARD int anycert_config_set_trace(struct anycert_config *config,
                                                           anycert_trace_callback *callback,
                                                           void *arg, struct anycert_error *err);

/* Client: the connections, and what they are judged by.
 *
 * Threads: safe from many at once. It keeps up to 32 idle connections, each for one origin, one way
 * there and one policy. */

/* config NULL means all defaults; it is copied. NULL with POLICY_SYNTAX or POLICY_UNAVAILABLE (the
 * policy), ANCHORS (anchors that are missing or empty, with their path), CLIENT_CERT, USAGE, NOMEM.
 * Rungs that accept any certificate do not fail for want of anchors. */
ANYCERT_API ANYCERT_NODISCARD struct anycert_client *
anycert_client_new(const struct anycert_config *config, struct anycert_error *err);
/* Closes idle connections. No request may be under way. NULL is a no-op. */
ANYCERT_API void anycert_client_free(struct anycert_client *client);

/* Sends the request and follows redirects. 0 once a whole response has come, whatever its status;
 * -1 with a code of class TRUST, TLS, NETWORK, TIMEOUT, PROXY, BODY, or URL, HEADER, FILE,
 * INTERRUPTED. *out is set on success, and on failure too once anything was learned about a hop: it
 * then has the reports, and status 0 if no status line came. The request may be sent again and is
 * not changed. */
ANYCERT_API ANYCERT_NODISCARD int anycert_client_send(struct anycert_client *client,
                                                      const struct anycert_request *request,
                                                      struct anycert_response **out,
                                                      struct anycert_error *err);

/* Makes the TLS handshakes on the way to a URL's server and sends no request: what a server shows,
 * judged by the client's policy. The client's certificate is shown as in a request, its credentials
 * are not, and a proxy is told where to connect. *out (which may be NULL on failure) is a response
 * with status 0 and one hop, whose reports say what was seen; free it with anycert_response_free.
 * 0, or -1 with the failure of the connection or the policy, URL, or USAGE for http. */
ANYCERT_API ANYCERT_NODISCARD int anycert_client_handshake(struct anycert_client *client,
                                                           const char *url,
                                                           struct anycert_response **out,
                                                           struct anycert_error *err);

/* What would be used for a URL, as text in several lines: the effective policy, where its anchors
 * come from, how many suites it offers, proxy. Free with anycert_free. NULL with URL or NOMEM. */
ANYCERT_API ANYCERT_NODISCARD char *
anycert_client_explain(struct anycert_client *client, const char *url, struct anycert_error *err);

/* base with suffix behind it, as anycert_client_request joins them. Between their paths stands one
 * '/': an empty suffix (or NULL) ends base with one, and of the slashes that begin the suffix one
 * is taken away. base's query stays in front of the suffix's; a fragment is dropped from both. The
 * suffix cannot name another host. What may not stand in a path or query becomes %XX, dot segments
 * are resolved, and several slashes at the path's beginning become one; if the whole path or query
 * has a '%' that begins no escape, each of its '%' becomes %25. Free with anycert_free. NULL with
 * URL or NOMEM. Safe from any thread. */
ANYCERT_API ANYCERT_NODISCARD char *anycert_url_join(const char *base, const char *suffix,
                                                     struct anycert_error *err);

/* Request: what is sent.
 *
 * Threads: one at a time for each object; not being changed, it may be shared. Every setter returns
 * 0, or -1 with USAGE (or the code it names) or NOMEM. */

/* method: a token of RFC 9110 section 5.6.2, sent as given. url: http or https; user:password@ in
 * it becomes Basic authentication and is not shown anywhere. Free with anycert_request_free. NULL
 * with USAGE, URL or NOMEM. */
ANYCERT_API ANYCERT_NODISCARD struct anycert_request *
anycert_request_new(const char *method, const char *url, struct anycert_error *err);
/* The same with the client's base URL and a suffix, joined by anycert_url_join. The request may
 * outlive the client. NULL with USAGE too if the client has no base URL. */
ANYCERT_API ANYCERT_NODISCARD struct anycert_request *
anycert_client_request(struct anycert_client *client, const char *method, const char *suffix,
                       struct anycert_error *err);
/* Frees it; no send with it may be under way. NULL is a no-op. */
ANYCERT_API void anycert_request_free(struct anycert_request *request);

/* Adds a header field; the same name may be added several times. value "" sends the field empty;
 * NULL takes away a field that would be sent by itself (Accept, Accept-Encoding, User-Agent,
 * Expect). -1 with HEADER for what is no token or has control bytes, and for Content-Length,
 * Transfer-Encoding and Connection, which are ours. A request with a field of more than 300,000
 * bytes, or of more than 1,024,000 in all, fails with HEADER before it connects. */
ANYCERT_API ANYCERT_NODISCARD int anycert_request_add_header(struct anycert_request *request,
                                                             const char *name, const char *value,
                                                             struct anycert_error *err);
/* A cookie of this request alone, beside those that the client keeps: it goes to the request's own
 * origin, after redirects there, too, until an answer on the way sets one of that name; kept ones
 * of that name are not sent before. No name means more than one cookie: the last one counts. Not
 * sent where a Cookie field is. -1 with HEADER if the name is empty or has '=' or ';' in it, or
 * either is missing or has control characters in it. */
ANYCERT_API ANYCERT_NODISCARD int anycert_request_add_cookie(struct anycert_request *request,
                                                             const char *name, const char *value,
                                                             struct anycert_error *err);

/* A parameter, UTF-8, behind the URL's query; the same name may be added several times. Letters,
 * digits and "-._~" stay as they are, other bytes become %XX (WHATWG URL,
 * application/x-www-form-urlencoded). -1 with URL if the URL becomes longer than 65536 bytes. */
ANYCERT_API ANYCERT_NODISCARD int anycert_request_add_param(struct anycert_request *request,
                                                            const char *name, const char *value,
                                                            struct anycert_error *err);
/* What becomes of a space in the parameters. */
enum anycert_query_encoding {
    ANYCERT_QUERY_PLUS = 0,   /* '+', as in forms */
    ANYCERT_QUERY_PERCENT = 1 /* %20 */
};
/* Sets it for all parameters of the request, whenever they were added; default PLUS. */
ANYCERT_API ANYCERT_NODISCARD int
anycert_request_set_query_encoding(struct anycert_request *request,
                                   enum anycert_query_encoding encoding, struct anycert_error *err);
/* A query as text ("a=1&b=2"), behind the URL's own and before the parameters. Only what may not
 * stand in a query is encoded; '+', '&', '=' and escapes stay, but if a '%' begins no escape, each
 * becomes %25. A second call replaces it; NULL or "": none. -1 with URL. */
ANYCERT_API ANYCERT_NODISCARD int anycert_request_set_query(struct anycert_request *request,
                                                            const char *query,
                                                            struct anycert_error *err);

/* The body. A request has one kind of body, that of the last call: bytes, a file, JSON, a source,
 * or a form. HEAD and TRACE have none (USAGE).
 * Redirects with 307 and 308 repeat it, to another origin too (RFC 9110 sections 15.4.8 and
 * 15.4.9), as with curl, Go and requests. So do 301 and 302 unless the method is POST, where Go and
 * requests send none. See anycert_request_set_secret_body().
 *
 * Bytes: copied. No Content-Type is sent unless the caller gives one. */
ANYCERT_API ANYCERT_NODISCARD int anycert_request_set_body(struct anycert_request *request,
                                                           const void *body, size_t len,
                                                           struct anycert_error *err);
/* A file, read each time the body is sent (a redirect that repeats it reads it again). Regular
 * files announce their size, others (pipes) go in chunks. -1 with FILE if the file cannot be read.
 */
ANYCERT_API ANYCERT_NODISCARD int anycert_request_set_body_file(struct anycert_request *request,
                                                                const char *path,
                                                                struct anycert_error *err);
/* A JSON text (RFC 8259), checked and copied; sent byte by byte as given, as application/json
 * unless the caller gives another Content-Type. -1 with BODY_JSON (and where it goes wrong). */
ANYCERT_API ANYCERT_NODISCARD int anycert_request_set_json(struct anycert_request *request,
                                                           const char *text, size_t len,
                                                           struct anycert_error *err);
/* Gives the next bytes of a body: writes up to size of them to buffer and returns how many, 0 at
 * the end, or -1 to end the request with BODY_READ. Called on the thread that sends. */
typedef int64_t anycert_read_callback(void *arg, void *buffer, size_t size);
/* Begins again with the first byte. 0, or anything else to end the request with BODY_READ. */
typedef int anycert_rewind_callback(void *arg);
/* What a callback gives; arg is handed to both. size: how many bytes there are, of which none
 * beyond are asked for; a source that ends before fails the request. -1: not known, they go in
 * chunks. rewind is called where the body has to be sent again: by a redirect with 307 or 308, a
 * retry, an authentication in steps, a connection that was closed meanwhile, another send of the
 * request. NULL: the body can be read once, and what needs it again fails, or ends a retry. A
 * request with a source is for one send at a time. */
ANYCERT_API ANYCERT_NODISCARD int anycert_request_set_body_source(struct anycert_request *request,
                                                                  anycert_read_callback *read,
                                                                  anycert_rewind_callback *rewind,
                                                                  int64_t size, void *arg,
                                                                  struct anycert_error *err);
/* A field of a form, UTF-8; the same name may be added several times. Fields alone go as
 * application/x-www-form-urlencoded (a space as '+'), unless the caller gives another Content-Type;
 * with parts beside them as multipart/form-data, fields first, each kind in the order of its calls.
 * That makes its own Content-Type: a request's field that is not a multipart type without
 * parameters fails sending (HEADER), a client's is left out. */
ANYCERT_API ANYCERT_NODISCARD int anycert_request_add_form(struct anycert_request *request,
                                                           const char *name, const char *value,
                                                           struct anycert_error *err);
/* A part of a form: a file, read each time the form is sent, as it goes out. filename: as the
 * server is told it; NULL: what stands behind the path's last '/'. type: its Content-Type; NULL:
 * application/octet-stream; "": none. Names with control characters are refused; '"' becomes %22,
 * as browsers write it. -1 with FILE if the file cannot be read. */
ANYCERT_API ANYCERT_NODISCARD int anycert_request_add_file(struct anycert_request *request,
                                                           const char *field, const char *path,
                                                           const char *filename, const char *type,
                                                           struct anycert_error *err);
/* A part from memory, copied. filename NULL: the part is no file. type NULL: as for a file if there
 * is a filename, else none; "": none. */
ANYCERT_API ANYCERT_NODISCARD int anycert_request_add_part(struct anycert_request *request,
                                                           const char *field, const void *data,
                                                           size_t len, const char *filename,
                                                           const char *type,
                                                           struct anycert_error *err);
/* The part or file that was added last is, instead of what it was added with, what callbacks give
 * while the form is sent: read, rewind, size and arg as for anycert_request_set_body_source(). With
 * a size of -1 the whole form goes in chunks. -1 with USAGE if there is no part. A request with
 * such a part is for one send at a time. */
ANYCERT_API ANYCERT_NODISCARD int anycert_request_set_part_source(struct anycert_request *request,
                                                                  anycert_read_callback *read,
                                                                  anycert_rewind_callback *rewind,
                                                                  int64_t size, void *arg,
                                                                  struct anycert_error *err);
/* A header field of the part or file that was added last, in addition to those that it has. -1 with
 * USAGE if there is no part, and with HEADER for what is no field, and for Content-Disposition and
 * Content-Type, which come from the part's name, file name and type. */
ANYCERT_API ANYCERT_NODISCARD int anycert_request_add_part_header(struct anycert_request *request,
                                                                  const char *name,
                                                                  const char *value,
                                                                  struct anycert_error *err);

/* 1: the body is a secret of the URL's origin; a redirect that would repeat it elsewhere is not
 * followed but an error (REDIRECTS). Default 0. */
ANYCERT_API ANYCERT_NODISCARD int anycert_request_set_secret_body(struct anycert_request *request,
                                                                  int secret,
                                                                  struct anycert_error *err);

/* Basic authentication (RFC 7617); user without ':'. NULL user: none. */
ANYCERT_API ANYCERT_NODISCARD int anycert_request_set_basic_auth(struct anycert_request *request,
                                                                 const char *user,
                                                                 const char *password,
                                                                 struct anycert_error *err);

/* The answer's body goes to a file instead of into memory. The file is written beside its final
 * name and renamed once the body is whole; on any failure nothing is left and what was there stays.
 * Bodies of redirects that are followed go nowhere. Of this and the callback the last call wins. A
 * file that cannot be written is an error of sending (FILE or BODY_WRITE). */
ANYCERT_API ANYCERT_NODISCARD int anycert_request_set_output_file(struct anycert_request *request,
                                                                  const char *path,
                                                                  struct anycert_error *err);
/* Gets the decompressed bytes as they come, on the sending thread; returns 0, or anything else to
 * stop (BODY_WRITE). What came before a failure is not taken back. */
typedef int anycert_body_callback(void *arg, const void *bytes, size_t len);
/* The answer's body goes to a callback; arg is handed to it. NULL: into memory. */
ANYCERT_API ANYCERT_NODISCARD int anycert_request_set_body_callback(struct anycert_request *request,
                                                                    anycert_body_callback *callback,
                                                                    void *arg,
                                                                    struct anycert_error *err);

/* Called now and then during the transfer, on the sending thread, with bytes so far and totals (0:
 * unknown); anything but 0 stops the request with INTERRUPTED. */
typedef int anycert_progress_callback(void *arg, uint64_t received, uint64_t receive_total,
                                      uint64_t sent, uint64_t send_total);
/* Sets the callback; arg is handed to it. NULL: none. */
ANYCERT_API ANYCERT_NODISCARD int anycert_request_set_progress(struct anycert_request *request,
                                                               anycert_progress_callback *callback,
                                                               void *arg,
                                                               struct anycert_error *err);

/* Response: what came back.
 *
 * Threads: one at a time for each object. Getters borrow until the response is
 * freed. Besides anycert_response_free(), no function here takes NULL for it. */

/* Frees it and all that was borrowed from it. NULL is a no-op. */
ANYCERT_API void anycert_response_free(struct anycert_response *response);
/* Status (RFC 9110 section 15), for example 200; 0 if no status line came. */
ANYCERT_API int anycert_response_status(const struct anycert_response *response);
/* Reason phrase; "" if none. */
ANYCERT_API const char *anycert_response_reason(const struct anycert_response *response);
/* Version of HTTP: "1.0", "1.1" or "2"; "" if no status line came. */
ANYCERT_API const char *anycert_response_http_version(const struct anycert_response *response);
/* The last URL, without user and password. */
ANYCERT_API const char *anycert_response_url(const struct anycert_response *response);
/* The nth (from 0) value of a header of the last hop, by name without regard to case; NULL if there
 * is none. */
ANYCERT_API const char *anycert_response_header(const struct anycert_response *response,
                                                const char *name, size_t nth);
/* All headers of the last hop in order: how many there are, and one of them by its index from 0.
 * 0, or -1 beyond the end. */
ANYCERT_API size_t anycert_response_header_count(const struct anycert_response *response);
ANYCERT_API int anycert_response_header_at(const struct anycert_response *response, size_t index,
                                           const char **name, const char **value);
/* The body in memory, NUL-terminated behind its len bytes; never NULL; empty if it went to a file
 * or callback, and after a failure. len may be NULL. */
ANYCERT_API const void *anycert_response_body(const struct anycert_response *response, size_t *len);
/* The body in memory as text: UTF-8, NUL-terminated behind its *len bytes (len may be NULL). It is
 * read in the charset that Content-Type names; one that is not known counts as UTF-8. Without a
 * name text types are ISO-8859-1 (as HTTP once said, and Python's requests still does), JSON types
 * are UTF-8, and for others the bytes decide: by their byte order mark (which is left out), as
 * UTF-8 if they are valid, else as windows-1252. What means nothing in the charset becomes U+FFFD.
 * Free with anycert_free. NULL with NOMEM. */
ANYCERT_API ANYCERT_NODISCARD char *anycert_response_text(const struct anycert_response *response,
                                                          size_t *len, struct anycert_error *err);
/* How often the request had been made again (retry.h) when this came: it is the answer to try
 * number retries + 1, or what there is of it. */
ANYCERT_API unsigned anycert_response_retries(const struct anycert_response *response);
/* Bytes of the body after decompression, wherever it went. */
ANYCERT_API uint64_t anycert_response_body_size(const struct anycert_response *response);

/* Hops: one for each request that was made, redirects included.
 *
 * They count from 0; the last is the response's own. Beyond the end, pointers are NULL and numbers
 * 0. */

/* How many there are; their URLs, without user and password; their status. */
ANYCERT_API size_t anycert_response_hop_count(const struct anycert_response *response);
ANYCERT_API const char *anycert_response_hop_url(const struct anycert_response *response,
                                                 size_t hop);
ANYCERT_API int anycert_response_hop_status(const struct anycert_response *response, size_t hop);
/* Reason phrase of a hop, and its headers in order, one of them by its index from 0: 0, or -1
 * beyond the end. Cookies and places that redirects name are there, as they came. */
ANYCERT_API const char *anycert_response_hop_reason(const struct anycert_response *response,
                                                    size_t hop);
ANYCERT_API int anycert_response_hop_header_at(const struct anycert_response *response, size_t hop,
                                               size_t index, const char **name, const char **value);
/* The origin's report; NULL for http:// and for hops that never came so far. */
ANYCERT_API const struct anycert_report *
anycert_response_hop_report(const struct anycert_response *response, size_t hop);
/* The https:// proxy's report, or NULL. */
ANYCERT_API const struct anycert_report *
anycert_response_hop_proxy_report(const struct anycert_response *response, size_t hop);
/* 1 if the hop used a connection that was open already. */
ANYCERT_API int anycert_response_hop_reused(const struct anycert_response *response, size_t hop);
/* 1 if the secret guard has kept the request's secrets from the hop. */
ANYCERT_API int anycert_response_hop_withheld(const struct anycert_response *response, size_t hop);
/* The origin's report of the last hop, or NULL. */
ANYCERT_API const struct anycert_report *
anycert_response_report(const struct anycert_response *response);

/* Microseconds of a hop, from its start; 0 for what did not happen. */
struct anycert_timings {
    /* Until: name resolved, connected, TLS done, first byte, end. */
    int64_t resolved_us, connected_us, tls_us, first_byte_us, total_us;
    /* Zero. */
    int64_t reserved[3];
};
/* Copies those of the last hop. */
ANYCERT_API void anycert_response_timings(const struct anycert_response *response,
                                          struct anycert_timings *out);
/* Copies those of any hop; all 0 beyond the end. */
ANYCERT_API void anycert_response_hop_timings(const struct anycert_response *response, size_t hop,
                                              struct anycert_timings *out);

/* Document: request, outcome and reports as JSON, as the command line writes it with --report. */

/* The document of docs/report-schema.md: request, outcome and the reports of all hops. response may
 * be NULL when nothing was learned. err_of_send is what anycert_client_send filled in (code 0 for
 * success). Free with anycert_free. NULL with NOMEM. */
ANYCERT_API ANYCERT_NODISCARD char *
anycert_response_report_json(const struct anycert_request *request,
                             const struct anycert_response *response,
                             const struct anycert_error *err_of_send, struct anycert_error *err);

#ifdef __cplusplus
}
#endif

#endif
