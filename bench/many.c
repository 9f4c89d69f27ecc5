/* CPU of the client for one request of 1 kB of JSON, 32 of them at once: a batch of anycert, a loop
 * written by hand on libcurl's multi interface as curl's own example for that has it (a handle for
 * each transfer, docs/examples/10-at-a-time.c), and the same with 32 handles that are used again.
 */
#include "bench/bench.h"

#include <anycert/anycert.h>

#include <curl/curl.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define AT_ONCE 32

/* ---- anycert ---- */

struct ours {
    struct anycert_client *client;
    struct anycert_request *request;
    struct anycert_batch *batch;
};

static void ours_open(struct ours *ours, const struct bench_many *many)
{
    struct anycert_error err = {0};
    struct anycert_config *config = anycert_config_new(&err);
    struct anycert_policy *policy = anycert_policy_new(&err);

    if (!config || !policy || anycert_policy_add_ca_path(policy, many->root, &err) < 0 ||
        anycert_config_set_policy(config, policy, &err) < 0 ||
        anycert_config_set_http_version(config, many->http2 ? ANYCERT_HTTP_2 : ANYCERT_HTTP_1_1,
                                        &err) < 0)
        bench_die("anycert", err.message);
    ours->client = anycert_client_new(config, &err);
    ours->request = anycert_request_new("GET", many->url, &err);
    ours->batch = ours->client ? anycert_batch_new(ours->client, AT_ONCE, &err) : NULL;
    if (!ours->batch || !ours->request)
        bench_die("anycert", err.message);
    anycert_policy_free(policy);
    anycert_config_free(config);
}

static void ours_ask(struct ours *ours, unsigned requests)
{
    struct anycert_error err = {0};
    struct anycert_batch_result result;
    unsigned added = 0;

    for (; added < AT_ONCE && added < requests; added++) {
        if (anycert_batch_add(ours->batch, ours->request, NULL, &err) < 0)
            bench_die("anycert", err.message);
    }
    while (anycert_batch_next(ours->batch, -1, &result, &err) == 1) {
        if (result.error.code != 0 || anycert_response_status(result.response) != 200 ||
            anycert_response_body_size(result.response) == 0)
            bench_die("anycert", result.error.message);
        anycert_response_free(result.response);
        if (added < requests && anycert_batch_add(ours->batch, ours->request, NULL, &err) < 0)
            bench_die("anycert", err.message);
        added += added < requests;
    }
}

static void ours_close(struct ours *ours)
{
    anycert_batch_free(ours->batch);
    anycert_request_free(ours->request);
    anycert_client_free(ours->client);
}

/* ---- libcurl by hand ---- */

struct body {
    char *bytes;
    size_t len, capacity;
};

struct hand {
    const struct bench_many *many;
    CURLM *multi;
    int keeps; /* handles, for the next transfer */
};

static size_t take(char *bytes, size_t size, size_t count, void *arg)
{
    struct body *body = arg;
    size_t len = size * count;

    if (body->len + len > body->capacity) {
        char *larger = realloc(body->bytes, (body->len + len) * 2);

        if (!larger)
            return 0;
        body->bytes = larger;
        body->capacity = (body->len + len) * 2;
    }
    memcpy(body->bytes + body->len, bytes, len);
    body->len += len;
    return len;
}

static void hand_open(struct hand *hand, const struct bench_many *many, int keeps)
{
    hand->many = many;
    hand->keeps = keeps;
    hand->multi = curl_multi_init();
    /* Else connections are closed as handles become fewer, at the end of the warm-up. */
    if (!hand->multi || curl_multi_setopt(hand->multi, CURLMOPT_MAXCONNECTS, (long)AT_ONCE))
        bench_die("libcurl", "out of memory");
}

static CURL *hand_easy(const struct hand *hand)
{
    CURL *easy = curl_easy_init();
    struct body *body = calloc(1, sizeof *body);

    if (!easy || !body)
        bench_die("libcurl", "out of memory");
    curl_easy_setopt(easy, CURLOPT_URL, hand->many->url);
    curl_easy_setopt(easy, CURLOPT_CAINFO, hand->many->root);
    curl_easy_setopt(easy, CURLOPT_CAPATH, NULL);
    curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(easy, CURLOPT_ACCEPT_ENCODING, "");
    curl_easy_setopt(easy, CURLOPT_HTTP_VERSION,
                     hand->many->http2 ? (long)CURL_HTTP_VERSION_2TLS
                                       : (long)CURL_HTTP_VERSION_1_1);
    curl_easy_setopt(easy, CURLOPT_PIPEWAIT, 1L);
    curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, take);
    curl_easy_setopt(easy, CURLOPT_WRITEDATA, body);
    curl_easy_setopt(easy, CURLOPT_PRIVATE, body);
    return easy;
}

static void hand_start(const struct hand *hand, CURL *easy)
{
    if (curl_multi_add_handle(hand->multi, easy) != CURLM_OK)
        bench_die("libcurl", "a transfer cannot be added");
}

static void hand_free(CURL *easy)
{
    struct body *body = NULL;

    curl_easy_getinfo(easy, CURLINFO_PRIVATE, &body);
    curl_easy_cleanup(easy);
    free(body);
}

/* The end of a transfer; the handle, if it is kept, else NULL. */
static CURL *hand_end(const struct hand *hand, const CURLMsg *message)
{
    CURL *easy = message->easy_handle;
    struct body *body = NULL;
    long status = 0;

    if (message->data.result != CURLE_OK ||
        curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &status) != CURLE_OK || status != 200)
        bench_die("libcurl", "request failed");
    curl_easy_getinfo(easy, CURLINFO_PRIVATE, &body);
    curl_multi_remove_handle(hand->multi, easy);
    if (body->len == 0)
        bench_die("libcurl", "no body");
    free(body->bytes);
    memset(body, 0, sizeof *body);
    if (hand->keeps)
        return easy;
    hand_free(easy);
    return NULL;
}

static void hand_ask(const struct hand *hand, unsigned requests)
{
    unsigned added = 0;
    unsigned ended = 0;

    for (; added < AT_ONCE && added < requests; added++)
        hand_start(hand, hand_easy(hand));
    while (ended < requests) {
        CURLMsg *message = NULL;
        int running = 0;
        int left = 0;

        if (curl_multi_perform(hand->multi, &running) != CURLM_OK)
            bench_die("libcurl", "multi failed");
        while ((message = curl_multi_info_read(hand->multi, &left)) != NULL) {
            CURL *easy = hand_end(hand, message);

            ended++;
            if (added < requests)
                hand_start(hand, easy ? easy : hand_easy(hand));
            else if (easy)
                hand_free(easy);
            added += added < requests;
        }
        if (ended < requests && curl_multi_poll(hand->multi, NULL, 0, 1000, NULL) != CURLM_OK)
            bench_die("libcurl", "poll failed");
    }
}

/* ---- one of them ---- */

static double ours_run(const struct bench_many *many)
{
    struct ours ours;
    double start = 0;
    double end = 0;

    ours_open(&ours, many);
    ours_ask(&ours, many->requests / 10 + AT_ONCE); /* warm-up */
    start = bench_cpu_us();
    ours_ask(&ours, many->requests);
    end = bench_cpu_us();
    ours_close(&ours);
    return end - start;
}

static double hand_run(const struct bench_many *many, int keeps)
{
    struct hand hand;
    double start = 0;
    double end = 0;

    hand_open(&hand, many, keeps);
    hand_ask(&hand, many->requests / 10 + AT_ONCE);
    start = bench_cpu_us();
    hand_ask(&hand, many->requests);
    end = bench_cpu_us();
    curl_multi_cleanup(hand.multi);
    return end - start;
}

void bench_many(const struct bench_many *many)
{
    double us = 0;

    if (strcmp(many->who, "anycert") == 0)
        us = ours_run(many);
    else if (strcmp(many->who, "libcurl") == 0)
        us = hand_run(many, 0);
    else if (strcmp(many->who, "libcurl-kept") == 0)
        us = hand_run(many, 1);
    else
        bench_die(many->who, "is nobody");
    printf("%.3f\n", us / many->requests);
}
