/* tls/tls.h — what the layers above may ask of TLS. No OpenSSL type: a context or connection is a
 * void pointer that libcurl hands over (SSL_CTX *, SSL *). */
#ifndef ANYCERT_TLS_TLS_H
#define ANYCERT_TLS_TLS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <anycert/client.h>
#include <anycert/trust_store.h>

#include "base/clock.h"
#include "base/error.h"
#include "policy/policy.h"
#include "verdict/facts.h"

/* ---- trust anchors (tls/anchors.c, tls/bundle.c)
 * ----------------------------------------------------------- */

/* Anchors of a policy as they are at one moment; immutable, shared by reference count. */
struct anycert__anchors;

/* Opens what cas names (count 0: the system's). Files are indexed by subject name; certificates are
 * decoded only when a chain asks for them. Snapshots of the same sources in the same state are
 * shared in the process. *out is a reference. -1 with ANCHORS and the path if one is missing,
 * unreadable or holds no certificate. */
int anycert__anchors_open(const struct anycert__ca *cas, size_t count,
                          struct anycert__anchors **out, struct anycert_error *err);
/* An empty set with the reason why there is none, for rungs that do not depend on anchors. */
struct anycert__anchors *anycert__anchors_none(const char *why);
struct anycert__anchors *anycert__anchors_ref(struct anycert__anchors *anchors);
void anycert__anchors_unref(struct anycert__anchors *anchors);
/* False once a file or directory it was read from has changed (stat only). */
bool anycert__anchors_current(const struct anycert__anchors *anchors);
/* "system (/etc/…/ca-certificates.crt)", comma-separated for several; SHA-256 of the content in
 * hexadecimal. */
const char *anycert__anchors_source(const struct anycert__anchors *anchors);
const char *anycert__anchors_digest(const struct anycert__anchors *anchors);
size_t anycert__anchors_count(const struct anycert__anchors *anchors);
/* Why there are none, or NULL. */
const char *anycert__anchors_error(const struct anycert__anchors *anchors);

/* ---- untrusted helper certificates (tls/credentials.c) and the client's own (tls/client_cert.c)
 * -------------------------------- */

struct anycert__intermediates;
/* Appends the PEM certificates to *list (NULL: made anew). -1 with ANCHORS if there is none. */
int anycert__intermediates_add(struct anycert__intermediates **list, const void *pem, size_t len,
                               const char *what, struct anycert_error *err);
void anycert__intermediates_free(struct anycert__intermediates *list);

struct anycert__client_cert;
/* Certificate with its chain and key, both PEM in memory; key NULL: in cert; password of the key,
 * NULL for none. -1 with CLIENT_CERT: says whether certificate or key is unreadable, they do not
 * belong together, or the password is missing or wrong. Nobody is ever asked for one. */
int anycert__client_cert_load(const void *cert, size_t cert_len, const void *key, size_t key_len,
                              const char *password, struct anycert__client_cert **out,
                              struct anycert_error *err);
/* The same from a PKCS#12 file's bytes (RFC 7292); password NULL and "" are the same. Old
 * encryptions (RC2-40, single DES) are read in a library context of their own. */
int anycert__client_cert_load_p12(const void *bytes, size_t len, const char *password,
                                  struct anycert__client_cert **out, struct anycert_error *err);
/* Whether a PKCS#11 URI is understood. 0, or -1 with USAGE. */
int anycert__client_cert_check_uri(const char *text, struct anycert_error *err);
/* Whether a text is meant to be one: it begins with "pkcs11:". */
bool anycert__client_cert_is_uri(const char *text);
/* The same from a PKCS#11 token, named by a URI (RFC 7512); the key stays there. pin NULL: the one
 * in the URI, if any. cert is PEM text with certificate and chain, or NULL: they are on the token,
 * too. */
int anycert__client_cert_load_pkcs11(const char *text, const char *pin, const void *cert,
                                     size_t cert_len, struct anycert__client_cert **out,
                                     struct anycert_error *err);
void anycert__client_cert_free(struct anycert__client_cert *cert);
/* Appends subject and issuer to a sentence about it. */
void anycert__client_cert_name(const struct anycert__client_cert *cert, struct anycert_error *err);

/* ---- the reference identity (tls/name.c)
 * ------------------------------------------------------------------- */

/* The name that a certificate must carry for a URL's host: lower case, no trailing dot, no
 * brackets, no zone id. out has room for 256 bytes. -1 with URL if it can be no host name or
 * address. */
int anycert__identity_from_host(const char *host, char out[256], bool *is_ip,
                                struct anycert_error *err);

/* True if a cookie from host may go to domain and all below it: domain is the host or above it, and
 * no public suffix, under which are the sites of strangers. Both in lower case, without a dot at
 * either end. */
bool anycert__cookie_domain_ok(const char *host, const char *domain);

/* A certificate that was kept as DER, as facts had it. 0, or -1 with FILE or NOMEM. Clear it with
 * anycert__certificate_clear. (tls/certificate.c) */
int anycert__certificate_read(struct anycert__certificate *out, const void *der, size_t len,
                              struct anycert_error *err);

/* ---- one hop of a transfer
 * --------------------------------------------------------------------------------- */

/* What a TLS link is made and judged with; one for each effective policy and hop of a client,
 * outliving every connection made with it. The caller keeps what the pointers name alive. */
struct anycert__hop_terms {
    const struct anycert_policy *policy; /* effective */
    enum anycert__hop hop;
    const struct anycert__clock *clock;
    const struct anycert__intermediates *intermediates;
    const struct anycert__client_cert *client_cert; /* NULL: none is sent */
    enum anycert_secret_guard guard;                /* over the client certificate */
    struct anycert_trust_store *trust_store;        /* NULL: the policy has no use for one */
    anycert_trust_ask *trust_ask;                   /* NULL: nobody can be asked */
    void *trust_ask_arg;
    /* Nothing that a certificate says ends the handshake, so that everything can be seen; the judge
     * is asked afterwards. Nothing of the caller's may follow. */
    bool observes;
};

/* What is known of one connection's link. Owned by the SSL_CTX (as ex_data) and by whoever took a
 * reference. */
struct anycert__link;

/* Sets every TLS setting of ssl_ctx (SSL_CTX *) from the terms, nothing being left to configuration
 * files or defaults; installs the verify hook and the info callback; creates the link that the
 * context owns from now on. host and port name the target in facts; the anchors are those of the
 * moment. *out is a reference of the caller's. -1 with INTERNAL naming the setting that was
 * refused: the connection must not be made then. */
int anycert__link_attach(void *ssl_ctx, const struct anycert__hop_terms *terms, const char *host,
                         uint16_t port, struct anycert__anchors *anchors,
                         struct anycert__link **out, struct anycert_error *err);
/* The link of an SSL *, borrowed; NULL if it has none. */
struct anycert__link *anycert__link_of(void *ssl);
struct anycert__link *anycert__link_ref(struct anycert__link *link);
void anycert__link_unref(struct anycert__link *link);

/* The facts so far, borrowed; never NULL. Not changed any more once the handshake has ended. */
struct anycert__facts *anycert__link_facts(struct anycert__link *link);
/* The policy that the link was made under. */
const struct anycert_policy *anycert__link_policy(const struct anycert__link *link);
/* Keeps a reference to a report of the link, which holds until that second. For the thread that
 * uses the connection, as is the next. */
void anycert__link_keep_report(struct anycert__link *link, struct anycert_report *report,
                               int64_t until);
/* A reference to the report that was kept, or NULL if there is none that holds now. */
struct anycert_report *anycert__link_report(const struct anycert__link *link, int64_t now);
/* An alert that came or went after the handshake was complete (TLS 1.3 servers refuse a missing
 * client certificate that way), or -1. For the thread that uses the connection. */
int anycert__link_late_alert(const struct anycert__link *link, bool *from_peer);
/* Why the certificates could not be looked at at all (want of memory), or our own not be shown (a
 * token that does not sign), or NULL. Borrowed. */
const struct anycert_error *anycert__link_trouble(const struct anycert__link *link);
/* Whether the client certificate has been shown over it, or kept from the peer by the guard. */
bool anycert__link_showed_cert(const struct anycert__link *link);
bool anycert__link_withheld_cert(const struct anycert__link *link);
/* What the trust store says of the host by now, for the thread that uses the connection; NULL with
 * err. That of the handshake is among the facts. Without a store it is that one. */
const struct anycert__trust_record *anycert__link_record(struct anycert__link *link,
                                                         struct anycert_error *err);
/* The one that it was made with, borrowed, or NULL. */
const struct anycert__client_cert *anycert__link_client_cert(const struct anycert__link *link);
/* Whether the peer has sent close_notify (RFC 8446 section 6.1): without it, the end of the data
 * proves nothing. */
bool anycert__link_closed_cleanly(const struct anycert__link *link);
/* Whether the peer wanted to renegotiate, and we did not. */
bool anycert__link_refused_renegotiation(const struct anycert__link *link);
/* The https:// proxy's link below this one, or NULL. */
void anycert__link_set_proxy(struct anycert__link *link,
                             struct anycert__link *proxy); /* takes a reference */
struct anycert__link *anycert__link_proxy(struct anycert__link *link);

/* Tells, in libcurl's context callback, which hop a fresh context is for, by two things that
 * libcurl sets there after any configuration file: the security level, from the cipher strings
 * below, and the highest version (none for the origin, 1.3 for the proxy). Returns false if the two
 * disagree. */
bool anycert__hop_marker(void *ssl_ctx, enum anycert__hop *hop);
#define ANYCERT__MARKER_ORIGIN_CIPHERS "DEFAULT:@SECLEVEL=2"
#define ANYCERT__MARKER_PROXY_CIPHERS  "DEFAULT:@SECLEVEL=3"

/* ---- why a handshake failed (tls/failure.c)
 * ------------------------------------------------------------------ */

/* Fills err for a link whose handshake did not complete and whose certificate was not what refused
 * it: code, alert, who sent it, and one sentence that says what is the matter, which side refuses
 * what, and the relaxations that policy does not hold and that may get past it. For hop PROXY the
 * code is PROXY_TLS. Returns -1. */
int anycert__handshake_failure(const struct anycert__facts *facts,
                               const struct anycert_policy *policy, struct anycert_error *err);
/* The relaxations each of which may get past such a failure, as far as the policy does not allow
 * them and this build has them. */
anycert__relaxations anycert__handshake_helps(const struct anycert__facts *facts,
                                              const struct anycert_policy *policy);
/* The same for an alert that came after the handshake (TLS 1.3's late refusal of a client
 * certificate). */
int anycert__late_alert_failure(const struct anycert__facts *facts, int alert,
                                struct anycert_error *err);
/* The same where we refused to renegotiate. */
int anycert__renegotiation_failure(const struct anycert__facts *facts,
                                   const struct anycert_policy *policy, int alert,
                                   struct anycert_error *err);

/* ---- library state
 * ------------------------------------------------------------------------------------------ */

/* "3.0.17": of the libssl that is loaded. Static string. */
const char *anycert__openssl_number(void);
/* Indexes, and whether OpenSSL can work at all: a configuration file may leave it without
 * algorithms. 0, or -1 with INTERNAL. */
int anycert__tls_init(struct anycert_error *err);
/* Empties the thread's queue of OpenSSL errors: what failed here is no failure of the program's own
 * connections, which look there, too (SSL_get_error(3)). */
void anycert__tls_forget_errors(void);
/* Number of cipher suites that a policy offers in its ClientHello (signalling values not counted),
 * or -1. */
int anycert__tls_suites_offered(const struct anycert_policy *policy, struct anycert_error *err);
/* What it offers at TLS 1.2 and below, as an OpenSSL cipher list, and at which level. */
#define ANYCERT__TLS_CIPHERS_SIZE 3072
#define ANYCERT__TLS_LIST_SIZE    1024 /* groups, signature algorithms */
void anycert__tls_ciphers(const struct anycert_policy *policy, char out[ANYCERT__TLS_CIPHERS_SIZE],
                          int *level);
/* The groups of a hello that has to be small, as an OpenSSL list. */
const char *anycert__tls_few_groups(void);
/* Whether it offers an application protocol (ALPN), without which there is no HTTP/2. */
bool anycert__tls_sends_alpn(const struct anycert_policy *policy);
/* Whether it offers versions of TLS over which there is no HTTP/2 (RFC 9113 section 9.2). Some
 * servers that speak such a version refuse whoever offers both. */
bool anycert__tls_offers_old_versions(const struct anycert_policy *policy);

/* ---- hashes (tls/hash.c)
 * ------------------------------------------------------------------------------------------ */

/* SHA-256. 0, or -1 (and zeros) if OpenSSL does not provide it. */
int anycert__sha256(const void *bytes, size_t len, uint8_t out[32]);
/* HMAC (RFC 2104) with SHA-256. 0, or -1 and zeros. */
int anycert__hmac_sha256(const void *key, size_t key_len, const void *bytes, size_t len,
                         uint8_t out[32]);
/* SHA-256 of what comes in pieces. NULL if there is no memory or no SHA-256. */
struct anycert__hash;
struct anycert__hash *anycert__hash_new(void);
/* 0, or -1. */
int anycert__hash_add(struct anycert__hash *hash, const void *bytes, size_t len);
/* Gives the digest and frees, on failure too. 0, or -1 and zeros, for NULL too. */
int anycert__hash_end(struct anycert__hash *hash, uint8_t out[32]);

#endif
