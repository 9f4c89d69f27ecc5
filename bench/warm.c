/* CPU of the client for one request of 1 kB of JSON over a warm TLS connection: anycert, a loop
 * written by hand on libcurl and yyjson that does as little as is correct, and a bare loop on
 * OpenSSL, which is the limit. */
#include "bench/bench.h"

#include <anycert/anycert.h>

#include <curl/curl.h>
#include <openssl/ssl.h>
#include <yyjson.h>

#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* ---- anycert ---- */

struct ours {
    struct anycert_client *client;
    struct anycert_request *request;
};

static void ours_open(struct ours *ours, const struct bench_server *server)
{
    struct anycert_error err = {0};
    struct anycert_config *config = anycert_config_new(&err);
    struct anycert_policy *policy = anycert_policy_new(&err);

    if (!config || !policy || anycert_policy_add_ca_path(policy, server->root, &err) < 0 ||
        anycert_config_set_policy(config, policy, &err) < 0)
        bench_die("anycert", err.message);
    ours->client = anycert_client_new(config, &err);
    ours->request = anycert_request_new("GET", server->url, &err);
    if (!ours->client || !ours->request)
        bench_die("anycert", err.message);
    anycert_policy_free(policy);
    anycert_config_free(config);
}

static void ours_once(struct ours *ours)
{
    struct anycert_error err = {0};
    struct anycert_response *response = NULL;
    struct anycert_json *json = NULL;

    if (anycert_client_send(ours->client, ours->request, &response, &err) < 0)
        bench_die("anycert", err.message);
    json = anycert_response_json(response, &err);
    if (!json || anycert_json_size(anycert_json_root(json)) == 0)
        bench_die("anycert", "no JSON");
    anycert_json_free(json);
    anycert_response_free(response);
}

static void ours_close(struct ours *ours)
{
    anycert_request_free(ours->request);
    anycert_client_free(ours->client);
}

/* ---- libcurl and yyjson by hand ---- */

struct body {
    char *bytes;
    size_t len, capacity;
};

static size_t take(char *bytes, size_t size, size_t count, void *arg)
{
    struct body *body = arg;
    size_t len = size * count;

    if (body->len + len > body->capacity) {
        body->capacity = (body->len + len) * 2;
        body->bytes = realloc(body->bytes, body->capacity);
        if (!body->bytes)
            return 0;
    }
    memcpy(body->bytes + body->len, bytes, len);
    body->len += len;
    return len;
}

static CURL *hand_open(const struct bench_server *server)
{
    CURL *easy = curl_easy_init();

    curl_easy_setopt(easy, CURLOPT_CAINFO, server->root);
    curl_easy_setopt(easy, CURLOPT_CAPATH, NULL);
    curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(easy, CURLOPT_ACCEPT_ENCODING, "");
    curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, take);
    return easy;
}

static void hand_once(CURL *easy, const struct bench_server *server)
{
    struct body body = {0};
    yyjson_doc *doc = NULL;
    long status = 0;

    curl_easy_setopt(easy, CURLOPT_URL, server->url);
    curl_easy_setopt(easy, CURLOPT_WRITEDATA, &body);
    if (curl_easy_perform(easy) != CURLE_OK ||
        curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &status) != CURLE_OK || status != 200)
        bench_die("libcurl", "request failed");
    doc = yyjson_read(body.bytes, body.len, 0);
    if (!doc || yyjson_obj_size(yyjson_doc_get_root(doc)) == 0)
        bench_die("libcurl", "no JSON");
    yyjson_doc_free(doc);
    free(body.bytes);
}

/* ---- OpenSSL alone ---- */

struct bare {
    SSL_CTX *ctx;
    SSL *ssl;
    char request[256];
    int request_len;
};

static void bare_open(struct bare *bare, const struct bench_server *server)
{
    struct addrinfo hints = {.ai_family = AF_INET, .ai_socktype = SOCK_STREAM};
    struct addrinfo *address = NULL;
    char port[16];
    int fd = -1;

    (void)snprintf(port, sizeof port, "%u", server->port);
    if (getaddrinfo("127.0.0.1", port, &hints, &address) != 0)
        bench_die("openssl", "no address");
    fd = socket(AF_INET, SOCK_STREAM, 0);
    if (fd < 0 || connect(fd, address->ai_addr, address->ai_addrlen) != 0)
        bench_die("openssl", "no connection");
    freeaddrinfo(address);
    bare->ctx = SSL_CTX_new(TLS_client_method());
    SSL_CTX_load_verify_file(bare->ctx, server->root);
    SSL_CTX_set_verify(bare->ctx, SSL_VERIFY_PEER, NULL);
    bare->ssl = SSL_new(bare->ctx);
    SSL_set1_host(bare->ssl, server->host);
    SSL_set_tlsext_host_name(bare->ssl, server->host);
    SSL_set_fd(bare->ssl, fd);
    if (SSL_connect(bare->ssl) != 1)
        bench_die("openssl", "handshake failed");
    bare->request_len =
        snprintf(bare->request, sizeof bare->request,
                 "GET /json HTTP/1.1\r\nHost: localhost:%u\r\nAccept: */*\r\n\r\n", server->port);
}

static void bare_once(struct bare *bare)
{
    char buffer[8192];
    size_t len = 0;

    if (SSL_write(bare->ssl, bare->request, bare->request_len) != bare->request_len)
        bench_die("openssl", "write failed");
    for (;;) {
        int n = SSL_read(bare->ssl, buffer + len, (int)(sizeof buffer - 1 - len));
        char *end = NULL;
        char *length = NULL;

        if (n <= 0)
            bench_die("openssl", "read failed");
        len += (size_t)n;
        buffer[len] = '\0';
        end = strstr(buffer, "\r\n\r\n");
        length = strstr(buffer, "Content-Length: ");
        if (end && length && len >= (size_t)(end + 4 - buffer) + strtoul(length + 16, NULL, 10))
            return;
    }
}

static void bare_close(struct bare *bare)
{
    int fd = SSL_get_fd(bare->ssl);

    SSL_free(bare->ssl);
    SSL_CTX_free(bare->ctx);
    close(fd);
}

/* ---- the three in turn ---- */

void bench_warm(const struct bench_server *server, unsigned pairs, unsigned requests)
{
    double *ours_us = calloc(pairs, sizeof *ours_us);
    double *hand_us = calloc(pairs, sizeof *hand_us);
    double *bare_us = calloc(pairs, sizeof *bare_us);
    double *ratios = calloc(pairs, sizeof *ratios);
    struct ours ours;
    struct bare bare;
    CURL *easy = NULL;

    if (!ours_us || !hand_us || !bare_us || !ratios)
        bench_die("bench", "out of memory");
    ours_open(&ours, server);
    easy = hand_open(server);
    bare_open(&bare, server);
    for (unsigned pair = 0; pair < pairs + 1; pair++) {
        double t0 = bench_cpu_us();
        double t1 = 0;
        double t2 = 0;
        double t3 = 0;

        for (unsigned i = 0; i < requests; i++)
            ours_once(&ours);
        t1 = bench_cpu_us();
        for (unsigned i = 0; i < requests; i++)
            hand_once(easy, server);
        t2 = bench_cpu_us();
        for (unsigned i = 0; i < requests; i++)
            bare_once(&bare);
        t3 = bench_cpu_us();
        if (pair == 0)
            continue; /* warm-up */
        ours_us[pair - 1] = (t1 - t0) / requests;
        hand_us[pair - 1] = (t2 - t1) / requests;
        bare_us[pair - 1] = (t3 - t2) / requests;
        ratios[pair - 1] = (t1 - t0) / (t2 - t1);
    }
    printf("\"warm_request_us\": {\"anycert\": %.2f, \"libcurl_yyjson\": %.2f, \"openssl\": %.2f, "
           "\"ratio\": %.3f},\n",
           bench_median(ours_us, pairs), bench_median(hand_us, pairs), bench_median(bare_us, pairs),
           bench_median(ratios, pairs));
    bare_close(&bare);
    curl_easy_cleanup(easy);
    ours_close(&ours);
    free(ours_us);
    free(hand_us);
    free(bare_us);
    free(ratios);
}
