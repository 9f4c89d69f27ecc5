/* places.h — one bad server reached in every way there is: protocol versions, HTTP versions,
 * proxies. */
#ifndef ANYCERT_TESTS_CLIENT_PLACES_H
#define ANYCERT_TESTS_CLIENT_PLACES_H

#include "client/ask.h"
#include "client/plain_libcurl.h"
#include "client/servers.h"
#include "client/wiretap.h"

/* Everything that the places need; made once for a test program. */
struct scene {
    struct pki pki;
    struct web web;
    struct squid squid;
    struct tinyproxy tinyproxy;
    struct wiretap *socks;
};
void scene_make(struct scene *scene);
void scene_free(struct scene *scene);

enum way { WAY_DIRECT, WAY_SQUID, WAY_TINYPROXY, WAY_HTTPS_PROXY, WAY_SOCKS, WAY_COUNT };
const char *way_name(enum way way);
/* The proxy's URL; NULL for none. */
const char *way_proxy(const struct scene *scene, enum way way);
/* What a client or libcurl call needs for a way: sets the proxy, and the trust in the HTTPS proxy's
 * root. */
void way_take(const struct scene *scene, enum way way, struct ask *ask);
void way_take_plain(const struct scene *scene, enum way way, struct plain_call *call);

/* The self-signed server of nginx. */
struct place {
    const char *name;
    enum way way;
    bool tls12; /* else TLS 1.3 */
    bool http2;
};
extern const struct place places[];
extern const size_t place_count;

const char *place_url(const struct scene *scene, const struct place *place, const char *path);
void place_take(const struct scene *scene, const struct place *place, struct ask *ask);
void place_take_plain(const struct scene *scene, const struct place *place,
                      struct plain_call *call);

#endif
