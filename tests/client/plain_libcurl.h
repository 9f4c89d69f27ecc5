/* plain_libcurl.h — libcurl as it is commonly used, and not as it should be: one easy handle for
 * strict and relaxed calls alike, the relaxation being a CURLOPT_SSL_CTX_FUNCTION that is set for
 * one call and taken away for the next. The isolation tests run each of their scenarios through
 * this, too, to show that they can fail. */
#ifndef ANYCERT_TESTS_CLIENT_PLAIN_LIBCURL_H
#define ANYCERT_TESTS_CLIENT_PLAIN_LIBCURL_H

#include <stdbool.h>
#include <stdint.h>

#include <curl/curl.h>
#include <openssl/x509.h>

/* How the certificate is looked at, beyond what libcurl does by itself. */
enum plain_relaxation {
    PLAIN_STRICT,     /* no callback at all */
    PLAIN_ANY,        /* a callback that accepts every chain */
    PLAIN_EXPIRED,    /* a callback that accepts what has expired, until `until` */
    PLAIN_ADD_CA,     /* a callback that adds `extra_ca` to the context's store */
    PLAIN_UNVERIFIED, /* no callback: VERIFYPEER and VERIFYHOST are switched off, the usual boolean
                       */
    PLAIN_CHAIN_ONLY_OFF, /* VERIFYPEER alone is switched off */
};

struct plain_call {
    const char *url;
    const char *ca_file; /* CURLOPT_CAINFO; NULL: libcurl's default */
    enum plain_relaxation relaxation;
    X509 *extra_ca;
    int64_t now, until;
    const char *proxy, *proxy_ca_file;
    const char *resolve;
    const char *pin; /* CURLOPT_PINNEDPUBLICKEY */
    const char *cert, *key;
    bool http2;
    bool forbid_reuse;
    bool fresh_connect;
    CURLSH *share;
};

struct plain_answer {
    CURLcode rc;
    long status;
    long new_connections;
    unsigned verify_calls; /* of the callback */
    long verify_result;    /* CURLINFO_SSL_VERIFYRESULT */
    char body[1024];
};

/* Sets every option that a call names, takes back those that the call before it named, and performs
 * it. */
struct plain_answer plain_get(CURL *easy, const struct plain_call *call);
/* A share of TLS sessions and connections, as people make it for speed. */
CURLSH *plain_share(void);

#endif
