/* tls/ossl.h — what the files of this folder share: the OpenSSL side of tls.h. */
#ifndef ANYCERT_TLS_OSSL_H
#define ANYCERT_TLS_OSSL_H

#include "base/buf.h"
#include "tls/tls.h"

#include <openssl/ssl.h>
#include <openssl/x509.h>

/* Fails with code and a sentence, and appends what OpenSSL's error queue says; empties the queue.
 * Returns -1. */
int anycert__fail_openssl(struct anycert_error *err, int code, const char *format, ...)
    ANYCERT__PRINTF(3, 4);

/* ---- anchors.c */
/* The store to verify with: read-only for us and safe from many threads; borrowed from the anchors.
 */
X509_STORE *anycert__anchors_store(struct anycert__anchors *anchors);

/* ---- bundle.c: the index over one PEM file's bytes */
struct anycert__bundle;
/* Indexes every certificate of a PEM text by its subject; takes no copy of pem, which must outlive
 * the bundle. Text outside of CERTIFICATE blocks ("X509 CERTIFICATE" and "TRUSTED CERTIFICATE" are
 * the same thing, the latter with its trust settings) is ignored; a block that is no certificate is
 * counted as broken, not fatal. what names the text in the error ("CA file '/a.pem'"). NULL with
 * ANCHORS if there is no certificate at all, or NOMEM. */
struct anycert__bundle *anycert__bundle_index(const char *pem, size_t len, const char *what,
                                              struct anycert_error *err);
void anycert__bundle_free(struct anycert__bundle *bundle);
size_t anycert__bundle_count(const struct anycert__bundle *bundle);
size_t anycert__bundle_broken(const struct anycert__bundle *bundle);
/* Adds how many certificates there are, and how many are not valid yet at a time, and not any more;
 * all are decoded for that, and not kept. */
struct anycert__anchor_dates;
void anycert__bundle_dates(const struct anycert__bundle *bundle, int64_t now,
                           struct anycert__anchor_dates *out);
/* How many have been decoded so far, for tests. */
size_t anycert__bundle_decoded(struct anycert__bundle *bundle);
/* Appends to out (a reference each) every certificate whose subject equals name as X509_NAME_cmp
 * sees it, in the order of the text; decoded at the first call and kept. 0, or -1 when out of
 * memory. Safe from many threads. */
int anycert__bundle_find(struct anycert__bundle *bundle, const X509_NAME *name,
                         STACK_OF(X509) * out);

/* ---- certificate.c */
/* Fills in plain data about a certificate; every string is set, and what is malformed in it is told
 * in words, not an error. Of more alternative names than the limit the first are kept, for showing:
 * matching is OpenSSL's. 0, or -1 with NOMEM. */
#define ANYCERT__ALT_NAMES_MAX 10000
int anycert__certificate_fill(struct anycert__certificate *out, X509 *cert,
                              struct anycert_error *err);
/* A name in one line; free with anycert__free. NULL without memory. */
char *anycert__name_text(const X509_NAME *name);
/* The long name of an algorithm, or its number in dots where OpenSSL knows no name; free with
 * anycert__free. NULL without memory. */
char *anycert__object_text(const ASN1_OBJECT *object);
/* Seconds since 1970 UTC. False for what OpenSSL's verification would not read either. */
bool anycert__time_read(const ASN1_TIME *time, int64_t *out);

/* ---- flaw.c */
/* Appends why OpenSSL takes a certificate neither as issued nor as an issuer; nothing if it does.
 */
void anycert__flaw_write(X509 *cert, struct anycert__buf *out);

/* ---- unfit.c */
/* Why of those that bear the name of a certificate's issuer, sent ones and anchors, none was taken
 * to continue the chain that ends with it. */
void anycert__unfit_find(X509_STORE_CTX *ctx, STACK_OF(X509) * sent, struct anycert__unfit *out);

/* ---- credentials.c */
/* Appends every certificate of a PEM text, in its order, to out. 0; -1 with code for a damaged one;
 * what names the text. */
int anycert__read_certs(const void *pem, size_t len, const char *what, int code,
                        STACK_OF(X509) * out, struct anycert_error *err);
/* An empty list; NULL without memory. */
struct anycert__intermediates *anycert__intermediates_new(void);
/* Borrowed; NULL for NULL. */
STACK_OF(X509) * anycert__intermediates_stack(const struct anycert__intermediates *list);
/* ---- client_cert.c */
/* Installs certificate, chain and key; removes whatever was installed when cert is NULL. 0, or -1
 * with CLIENT_CERT. */
int anycert__client_cert_apply(SSL_CTX *ctx, const struct anycert__client_cert *cert,
                               struct anycert_error *err);

/* ---- link.c */
/* Our certificate is about to be shown: 1 if it may be, 0 if the guard withholds it, -1 if it ends
 * the handshake. */
int anycert__link_show_cert(SSL *ssl);
/* What was chosen so far, into the facts, unless the handshake is complete. */
void anycert__link_note_choice(struct anycert__link *link, SSL *ssl);

/* ---- staple.c */
/* After the handshake: judges a stapled OCSP answer (RFC 6960), if there is one, into facts
 * (staple_present, revocation, staple_note). chain is the validated one, leaf first; time the
 * handshake's. An answer counts if it is signed by the leaf's issuer or a responder certified by
 * it, is about the leaf, and is of that time (five minutes aside). */
void anycert__staple_read(SSL *ssl, STACK_OF(X509) * chain, int64_t time,
                          struct anycert__facts *facts);
/* The same for an answer's bytes. */
void anycert__staple_judge(const unsigned char *der, size_t len, STACK_OF(X509) * chain,
                           int64_t time, struct anycert__facts *facts);

/* ---- name.c */
/* Whether the certificate names the identity by subjectAltName (RFC 9525, RFC 6125): OpenSSL's
 * matcher, whole labels only, never the subject; a wildcard right below a public suffix does not
 * count. cn tells whether the common name would do instead, where there is no dNSName or iPAddress.
 */
void anycert__name_match(X509 *leaf, const char *identity, bool is_ip, bool *san, bool *cn);

/* ---- settings.c: what a policy means for a context */
struct anycert__tls_settings {
    /* Whom the security callback asks; has to outlive the context. NULL: no callback is needed. */
    const struct anycert_policy *policy;
    int min_version, max_version;
    int level;
    /* TLS 1.2 and below, OpenSSL's cipher list format, without @SECLEVEL */
    char ciphers[ANYCERT__TLS_CIPHERS_SIZE];
    const char *ciphersuites; /* TLS 1.3 */
    char groups[ANYCERT__TLS_LIST_SIZE];
    char signatures[ANYCERT__TLS_LIST_SIZE];
    uint64_t options; /* the whole option word */
    long max_chain_bytes;
    bool post_handshake_auth;
    bool asks_staple;
};
void anycert__tls_settings(const struct anycert_policy *policy, struct anycert__tls_settings *out);
/* Whether the hello names the server. */
bool anycert__tls_sends_sni(const struct anycert_policy *policy);

/* ---- suites.c: what is offered, as lists in OpenSSL's formats */
void anycert__suites_write(anycert__relaxations allowed, char out[ANYCERT__TLS_CIPHERS_SIZE]);
/* The groups that this OpenSSL has beside the usual ones, a colon before each. Static string. */
const char *anycert__groups_rare(void);

/* ---- security.c: what libssl lets through beside its level */
/* Installs a callback that grants exactly what the policy's relaxations name. */
void anycert__security_relax(SSL_CTX *ctx, const struct anycert_policy *policy);

/* ---- context.c */
/* Applies them all, completely. 0, or -1 with INTERNAL naming the setting. */
int anycert__context_configure(SSL_CTX *ctx, const struct anycert__tls_settings *settings,
                               struct anycert_error *err);

/* ---- verify.c */
/* One strict verification of leaf with what the peer sent and the helpers, everything that is wrong
 * being recorded in facts together with both chains. 0 once it ran (whatever it found), -1 with
 * NOMEM or INTERNAL. *chain is the validated chain, owned by the caller. */
int anycert__verify(X509 *leaf, STACK_OF(X509) * presented,
                    const struct anycert__intermediates *helpers, struct anycert__anchors *anchors,
                    struct anycert__facts *facts, STACK_OF(X509) * *chain,
                    struct anycert_error *err);

/* ---- handshake.c */
/* Reads what was negotiated into facts. */
void anycert__handshake_read(SSL *ssl, struct anycert__negotiated *out);
/* Whether a handshake failed with that error as a message was too large that is not the server's
 * certificates. */
bool anycert__other_too_large(const SSL *ssl, unsigned long code);

#endif
