#include "client/places.h"

#include <stdio.h>
#include <string.h>

void scene_make(struct scene *scene)
{
    memset(scene, 0, sizeof *scene);
    pki_make(&scene->pki);
    web_start(&scene->web, &scene->pki);
    squid_start(&scene->squid, &scene->pki);
    tinyproxy_start(&scene->tinyproxy, &scene->pki);
    scene->socks = wiretap_start(&(struct wiretap_plan){.role = WIRETAP_SOCKS});
}

void scene_free(struct scene *scene)
{
    web_stop(&scene->web);
    squid_stop(&scene->squid);
    tinyproxy_stop(&scene->tinyproxy);
    (void)wiretap_stop(scene->socks);
    pki_free(&scene->pki);
}

const char *way_name(enum way way)
{
    static const char *const names[] = {"direct", "squid", "tinyproxy", "an https proxy", "SOCKS5"};

    return names[way];
}

const char *way_proxy(const struct scene *scene, enum way way)
{
    switch (way) {
    case WAY_SQUID:
        return url_of("http", scene->squid.http, "");
    case WAY_TINYPROXY:
        return url_of("http", scene->tinyproxy.port, "");
    case WAY_HTTPS_PROXY:
        return url_of("https", scene->squid.https[FLAW_NONE], "");
    case WAY_SOCKS:
        return url_of("socks5h", wiretap_port(scene->socks), "");
    case WAY_DIRECT:
    case WAY_COUNT:
        break;
    }
    return NULL;
}

void way_take(const struct scene *scene, enum way way, struct ask *ask)
{
    ask->proxy = way_proxy(scene, way);
    ask->proxy_policy =
        way == WAY_HTTPS_PROXY ? ask_policy("hardened", scene->pki.root_path) : NULL;
}

void way_take_plain(const struct scene *scene, enum way way, struct plain_call *call)
{
    call->proxy = way_proxy(scene, way);
    call->proxy_ca_file = scene->pki.root_path;
}

const struct place places[] = {
    {"TLS 1.3, HTTP/1.1", WAY_DIRECT, false, false},
    {"TLS 1.2, HTTP/1.1", WAY_DIRECT, true, false},
    {"TLS 1.3, HTTP/2", WAY_DIRECT, false, true},
    {"TLS 1.2, HTTP/2", WAY_DIRECT, true, true},
    {"TLS 1.3, through squid", WAY_SQUID, false, false},
    {"TLS 1.2, through squid", WAY_SQUID, true, false},
    {"HTTP/2 through squid", WAY_SQUID, false, true},
    {"TLS 1.3, through tinyproxy", WAY_TINYPROXY, false, false},
    {"TLS 1.2, through an https proxy", WAY_HTTPS_PROXY, true, false},
    {"TLS 1.3, through an https proxy", WAY_HTTPS_PROXY, false, false},
    {"TLS 1.3, through SOCKS5", WAY_SOCKS, false, false},
};
const size_t place_count = sizeof places / sizeof places[0];

const char *place_url(const struct scene *scene, const struct place *place, const char *path)
{
    return url_of("https",
                  place->tls12 ? scene->web.self_signed_tls12 : scene->web.self_signed_tls13, path);
}

void place_take(const struct scene *scene, const struct place *place, struct ask *ask)
{
    way_take(scene, place->way, ask);
    ask->http_version = place->http2 ? ANYCERT_HTTP_2 : ANYCERT_HTTP_1_1;
}

void place_take_plain(const struct scene *scene, const struct place *place, struct plain_call *call)
{
    way_take_plain(scene, place->way, call);
    call->http2 = place->http2;
    call->ca_file = scene->pki.root_path;
}
