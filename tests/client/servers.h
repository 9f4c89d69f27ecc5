/* servers.h — nginx as a server of HTTP/2, squid and tinyproxy as proxies, each with certificates
 * that have one flaw. Configuration, logs and certificates live in one temporary folder. Everything
 * here fails the test instead of returning errors. */
#ifndef ANYCERT_TESTS_CLIENT_SERVERS_H
#define ANYCERT_TESTS_CLIENT_SERVERS_H

#include <stdint.h>

#include <openssl/evp.h>
#include <openssl/x509.h>

#include "support/child.h"

enum flaw {
    FLAW_NONE,
    FLAW_SELF_SIGNED,
    FLAW_EXPIRED,
    FLAW_WRONG_HOST,
    FLAW_UNKNOWN_ROOT,
    FLAW_COUNT
};
/* Its name, the relaxation that lets it through (NULL for none), and the error's code (0 for none).
 */
const char *flaw_name(enum flaw flaw);
const char *flaw_relaxation(enum flaw flaw);
int flaw_code(enum flaw flaw);

/* A root and a certificate for localhost and its addresses with each flaw, valid relative to now.
 */
struct pki {
    char *folder;
    X509 *root, *other_root;
    EVP_PKEY *root_key, *other_root_key;
    X509 *certs[FLAW_COUNT];
    EVP_PKEY *keys[FLAW_COUNT];
    char root_path[256];
    char cert_paths[FLAW_COUNT][256], key_paths[FLAW_COUNT][256];
};
void pki_make(struct pki *pki);
void pki_free(struct pki *pki); /* removes the folder */
/* A certificate of the root's for localhost; the caller's. */
X509 *pki_issue(const struct pki *pki, const char *san, EVP_PKEY *key, int64_t not_before,
                int64_t not_after);

/* nginx: HTTP/2 and HTTP/1.1, with TLS session resumption by ticket and by id. It answers "C R P" —
 * the connection's number, "r" if its TLS session was resumed and "." if not, HTTP version — and on
 * /close ends the connection. /go?to=URL redirects to the URL, which is not decoded; /set sets the
 * cookies a=1 and b=2; /seen answers
 * with what it got to see of the request: "authorization=[…] cookie=[…] …". Below /files/ it serves
 * what stands in the folder's files/, and below /put/ it takes what is sent with PUT into put/, up
 * to 80 MB, below /put/small/ up to 1 kB; the test makes these folders, and removes them. */
struct web {
    struct child *child;
    char folder[256];
    uint16_t ports[FLAW_COUNT];
    uint16_t self_signed_tls12, self_signed_tls13; /* with that version only */
    /* good; three requests a connection, and a line in asked.log for each: method, path */
    uint16_t impatient;
};
void web_start(struct web *web, const struct pki *pki);
void web_stop(struct web *web);
/* "https://localhost:PORT/PATH" in a buffer that lives until the eighth call after it. */
const char *url_of(const char *scheme, uint16_t port, const char *path);

/* squid: an http:// proxy on one port and https:// proxies on others. Its log has a line for each
 * request: method, URL, status, and what Proxy-Authorization came. */
struct squid {
    struct child *child;
    unsigned auth; /* SQUID_…: what squid_start_with() was given */
    char folder[256];
    char log[300];
    uint16_t http;
    uint16_t https[FLAW_COUNT];
};
void squid_start(struct squid *squid, const struct pki *pki);
/* The same, but it wants PROXY_USER and PROXY_PASSWORD, in these ways. */
enum { SQUID_BASIC = 1, SQUID_DIGEST = 2, SQUID_CLOSES = 4 /* after each answer */ };
#define PROXY_USER     "me"
#define PROXY_PASSWORD "proxy-secret"
void squid_start_with(struct squid *squid, const struct pki *pki, unsigned auth);
void squid_stop(struct squid *squid);
/* A name for one, as those of one name share the system's memory, and the second one does not
 * start.
 */
const char *squid_name(void);

struct tinyproxy {
    struct child *child;
    char folder[256];
    uint16_t port;
};
void tinyproxy_start(struct tinyproxy *proxy, const struct pki *pki);
/* The same, but it wants PROXY_USER and PROXY_PASSWORD, in Basic. */
void tinyproxy_start_with(struct tinyproxy *proxy, const struct pki *pki, bool with_password);
void tinyproxy_stop(struct tinyproxy *proxy);

/* SOCKS proxies: microsocks knows version 5, with PROXY_USER and PROXY_PASSWORD if asked to;
 * Twisted's knows 4 and 4a. */
struct socks {
    struct child *child;
    char folder[256];
    uint16_t port;
};
void socks5_start(struct socks *socks, const struct pki *pki, bool with_password);
void socks4_start(struct socks *socks, const struct pki *pki);
void socks_stop(struct socks *socks);

#endif
