/* wiretap.h — a small server that remembers everything it is told: an origin, a proxy or a SOCKS
 * proxy, with or without TLS, in threads of the test. It shows what no packaged server does:
 * whether a client certificate came, which bytes arrived inside TLS, and revoked stapled answers.
 * Setting up fails the test. */
#ifndef ANYCERT_TESTS_CLIENT_WIRETAP_H
#define ANYCERT_TESTS_CLIENT_WIRETAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <openssl/evp.h>
#include <openssl/x509.h>

enum wiretap_role {
    WIRETAP_ORIGIN, /* answers every request with 200 and "hi" */
    WIRETAP_PROXY,  /* CONNECT leads to that port of 127.0.0.1, and sets a cookie of the name proxy,
                       which nobody may take; any other request is answered as by an origin */
    WIRETAP_SOCKS,  /* SOCKS 4, 4a and 5 without authentication, to that port of 127.0.0.1; what it
                       remembers is a line for each: "5 name www.test", "4 address 127.0.0.1" */
};

struct wiretap_plan {
    enum wiretap_role role;
    X509 *cert; /* borrowed while it runs; NULL: no TLS */
    EVP_PKEY *key;
    X509 *chain[6];              /* what is sent behind it; NULL behind the last */
    int max_version;             /* 0: any */
    bool wants_client_cert;      /* and goes on without one */
    const char *answer;          /* of an origin, the whole of it; NULL: as above */
    const unsigned char *staple; /* OCSP answer, borrowed; NULL: none */
    size_t staple_len;
};

struct wiretap_seen {
    unsigned connections, handshakes, resumptions, client_certs;
    size_t len;
    char text[16384]; /* what came inside (for a proxy: up to the tunnel), NUL-terminated */
};

struct wiretap;
struct wiretap *wiretap_start(const struct wiretap_plan *plan);
uint16_t wiretap_port(const struct wiretap *tap);
/* Waits for the end of its connections, so every client has to be freed before. */
struct wiretap_seen wiretap_stop(struct wiretap *tap);

#endif
