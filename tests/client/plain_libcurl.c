#include "client/plain_libcurl.h"

#include <openssl/ssl.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

struct running {
    const struct plain_call *call;
    struct plain_answer *answer;
    size_t len;
};

/* What the contexts' callbacks need outlives every call, as contexts outlive calls: a connection is
 * kept. */
static unsigned verify_calls;
static int64_t clock_now, clock_until;

static int accept_any(X509_STORE_CTX *ctx, void *arg)
{
    (void)arg;
    verify_calls++;
    X509_STORE_CTX_set_error(ctx, X509_V_OK);
    return 1;
}

static int accept_expired(int ok, X509_STORE_CTX *ctx)
{
    verify_calls++;
    if (X509_STORE_CTX_get_error(ctx) == X509_V_ERR_CERT_HAS_EXPIRED && clock_now <= clock_until) {
        X509_STORE_CTX_set_error(ctx, X509_V_OK);
        return 1;
    }
    return ok;
}

static CURLcode on_context(CURL *easy, void *ssl_ctx, void *arg)
{
    const struct plain_call *call = arg;

    (void)easy;
    if (call->relaxation == PLAIN_ANY)
        SSL_CTX_set_cert_verify_callback(ssl_ctx, accept_any, NULL);
    if (call->relaxation == PLAIN_EXPIRED)
        SSL_CTX_set_verify(ssl_ctx, SSL_VERIFY_PEER, accept_expired);
    if (call->relaxation == PLAIN_ADD_CA)
        X509_STORE_add_cert(SSL_CTX_get_cert_store(ssl_ctx), call->extra_ca);
    return CURLE_OK;
}

static size_t on_body(char *bytes, size_t size, size_t count, void *arg)
{
    struct running *running = arg;
    size_t len = size * count;
    size_t room = sizeof running->answer->body - 1 - running->len;

    memcpy(running->answer->body + running->len, bytes, len < room ? len : room);
    running->len += len < room ? len : room;
    return len;
}

static void set(CURL *easy, CURLoption option, const void *value)
{
    assert_int_equal(curl_easy_setopt(easy, option, value), CURLE_OK);
}

static void set_number(CURL *easy, CURLoption option, long value)
{
    assert_int_equal(curl_easy_setopt(easy, option, value), CURLE_OK);
}

static void set_trust(CURL *easy, const struct plain_call *call)
{
    bool callback = call->relaxation == PLAIN_ANY || call->relaxation == PLAIN_EXPIRED ||
                    call->relaxation == PLAIN_ADD_CA;
    bool peer = call->relaxation != PLAIN_UNVERIFIED && call->relaxation != PLAIN_CHAIN_ONLY_OFF;
    bool host = call->relaxation != PLAIN_UNVERIFIED;

    assert_int_equal(curl_easy_setopt(easy, CURLOPT_SSL_CTX_FUNCTION, callback ? on_context : NULL),
                     CURLE_OK);
    assert_int_equal(curl_easy_setopt(easy, CURLOPT_SSL_CTX_DATA, call), CURLE_OK);
    set_number(easy, CURLOPT_SSL_VERIFYPEER, peer ? 1L : 0L);
    set_number(easy, CURLOPT_SSL_VERIFYHOST, host ? 2L : 0L);
    if (call->ca_file) {
        set(easy, CURLOPT_CAINFO, call->ca_file);
        set(easy, CURLOPT_CAPATH, NULL);
    }
    if (call->proxy_ca_file) {
        set(easy, CURLOPT_PROXY_CAINFO, call->proxy_ca_file);
        set(easy, CURLOPT_PROXY_CAPATH, NULL);
    }
    set(easy, CURLOPT_PINNEDPUBLICKEY, call->pin);
    set(easy, CURLOPT_SSLCERT, call->cert);
    set(easy, CURLOPT_SSLKEY, call->key);
}

struct plain_answer plain_get(CURL *easy, const struct plain_call *call)
{
    struct plain_answer answer = {0};
    struct running running = {.call = call, .answer = &answer};
    struct curl_slist *resolve = call->resolve ? curl_slist_append(NULL, call->resolve) : NULL;

    verify_calls = 0;
    clock_now = call->now;
    clock_until = call->until;
    set_trust(easy, call);
    set(easy, CURLOPT_URL, call->url);
    set(easy, CURLOPT_PROXY, call->proxy ? call->proxy : "");
    set(easy, CURLOPT_NOPROXY, "");
    set(easy, CURLOPT_RESOLVE, resolve);
    set(easy, CURLOPT_SHARE, call->share);
    set_number(easy, CURLOPT_FORBID_REUSE, call->forbid_reuse ? 1L : 0L);
    set_number(easy, CURLOPT_FRESH_CONNECT, call->fresh_connect ? 1L : 0L);
    set_number(easy, CURLOPT_TIMEOUT_MS, 40000L);
    set_number(easy, CURLOPT_HTTP_VERSION,
               call->http2 ? (long)CURL_HTTP_VERSION_2TLS : (long)CURL_HTTP_VERSION_1_1);
    assert_int_equal(curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, on_body), CURLE_OK);
    assert_int_equal(curl_easy_setopt(easy, CURLOPT_WRITEDATA, &running), CURLE_OK);
    answer.rc = curl_easy_perform(easy);
    (void)curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &answer.status);
    (void)curl_easy_getinfo(easy, CURLINFO_NUM_CONNECTS, &answer.new_connections);
    (void)curl_easy_getinfo(easy, CURLINFO_SSL_VERIFYRESULT, &answer.verify_result);
    answer.verify_calls = verify_calls;
    set(easy, CURLOPT_RESOLVE, NULL);
    curl_slist_free_all(resolve);
    return answer;
}

CURLSH *plain_share(void)
{
    CURLSH *share = curl_share_init();

    assert_non_null(share);
    assert_int_equal(curl_share_setopt(share, CURLSHOPT_SHARE, CURL_LOCK_DATA_SSL_SESSION),
                     CURLSHE_OK);
    assert_int_equal(curl_share_setopt(share, CURLSHOPT_SHARE, CURL_LOCK_DATA_CONNECT), CURLSHE_OK);
    return share;
}
