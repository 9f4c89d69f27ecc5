/* doctor/peer.h — where an examination goes: to whom, and on which way. */
#ifndef ANYCERT_DOCTOR_PEER_H
#define ANYCERT_DOCTOR_PEER_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"

/* One end of a connection. */
struct anycert__peer {
    char host[256]; /* without brackets, in lower case, A-labels */
    uint16_t port;
};

enum anycert__proxy_kind {
    ANYCERT__PROXY_NONE = 0,
    ANYCERT__PROXY_HTTP,
    ANYCERT__PROXY_HTTPS,
    ANYCERT__PROXY_SOCKS4,  /* the name is looked up here */
    ANYCERT__PROXY_SOCKS4A, /* and there */
    ANYCERT__PROXY_SOCKS5,  /* here */
    ANYCERT__PROXY_SOCKS5H  /* there */
};

struct anycert__proxy {
    enum anycert__proxy_kind kind;
    struct anycert__peer peer;
};

/* Reads a URL, HOST, HOST:PORT or an address (IPv6 in brackets where a port follows). What a URL
 * has beside host and port is dropped, but its scheme is not: http:// is no target. 0, or -1 with
 * URL or USAGE. */
int anycert__peer_read(const char *text, struct anycert__peer *out, struct anycert_error *err);
/* Reads the URL of a proxy; credentials in it are not used. 0, or -1 with USAGE. */
int anycert__peer_proxy(const char *url, struct anycert__proxy *out, struct anycert_error *err);
/* Reads "HOST:PORT:REST" of the options resolve and connect-to, an address in brackets being one
 * word; *rest points into text. "" and "*" for any host, 0 for any port. 0, or -1 with USAGE. */
int anycert__peer_rule(const char *text, const char *what, struct anycert__peer *out,
                       const char **rest, struct anycert_error *err);
/* Whether a host is an address, which is in no SNI, and not a name: by its characters alone. */
bool anycert__peer_is_address(const char *host);
/* Reads an IPv4 or IPv6 address, the latter with brackets or without. 0, or -1 with USAGE. */
int anycert__peer_address(const char *text, char out[256], struct anycert_error *err);

#endif
