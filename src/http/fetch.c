#include "http/fetch.h"

#include "http/address.h"
#include "http/lane.h"

#include <sys/socket.h>

static size_t take(char *bytes, size_t size, size_t count, void *arg)
{
    return anycert__buf_add(arg, bytes, size * count) == 0 ? size * count : 0;
}

static int look(void *arg, curl_off_t a, curl_off_t b, curl_off_t c, curl_off_t d)
{
    const struct anycert__fetch *fetch = arg;

    (void)a;
    (void)b;
    (void)c;
    (void)d;
    return anycert__stop_wanted(fetch->stop) ? 1 : 0;
}

static curl_socket_t open_socket(void *arg, curlsocktype purpose, struct curl_sockaddr *address)
{
    const struct anycert__fetch *fetch = arg;

    (void)purpose;
    if (fetch->only_public && !anycert__address_is_public(&address->addr))
        return CURL_SOCKET_BAD;
    return socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
}

static CURLcode set_up(CURL *easy, const struct anycert__fetch *fetch, struct anycert__buf *out)
{
    CURLcode rc = CURLE_OK;

    ANYCERT__SET(rc, easy, CURLOPT_URL, fetch->url);
    ANYCERT__SET(rc, easy, CURLOPT_PROTOCOLS_STR, "http");
    ANYCERT__SET(rc, easy, CURLOPT_FOLLOWLOCATION, 0L);
    ANYCERT__SET(rc, easy, CURLOPT_PROXY, "");
    ANYCERT__SET(rc, easy, CURLOPT_NETRC, (long)CURL_NETRC_IGNORED);
    ANYCERT__SET(rc, easy, CURLOPT_NOSIGNAL, 1L);
    ANYCERT__SET(rc, easy, CURLOPT_USERAGENT, "anycert");
    ANYCERT__SET(rc, easy, CURLOPT_TIMEOUT_MS, (long)fetch->limit_ms);
    ANYCERT__SET(rc, easy, CURLOPT_MAXFILESIZE, (long)out->max);
    ANYCERT__SET(rc, easy, CURLOPT_WRITEFUNCTION, take);
    ANYCERT__SET(rc, easy, CURLOPT_WRITEDATA, out);
    ANYCERT__SET(rc, easy, CURLOPT_OPENSOCKETFUNCTION, open_socket);
    ANYCERT__SET(rc, easy, CURLOPT_OPENSOCKETDATA, fetch);
    ANYCERT__SET(rc, easy, CURLOPT_NOPROGRESS, 0L);
    ANYCERT__SET(rc, easy, CURLOPT_XFERINFOFUNCTION, look);
    ANYCERT__SET(rc, easy, CURLOPT_XFERINFODATA, fetch);
    return rc;
}

int anycert__http_fetch(const struct anycert__fetch *fetch, struct anycert__buf *out,
                        struct anycert_error *err)
{
    CURL *easy = NULL;
    CURLcode rc = CURLE_OK;
    long status = 0;
    int result = -1;

    if (anycert__libcurl_check(err) < 0)
        return -1;
    easy = curl_easy_init();
    if (!easy)
        return anycert__fail_nomem(err);
    rc = set_up(easy, fetch, out);
    if (rc == CURLE_OK)
        rc = curl_easy_perform(easy);
    if (rc == CURLE_OK)
        rc = curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &status);
    if (rc != CURLE_OK)
        (void)anycert__fail(err, ANYCERT_E_NETWORK, "%s", curl_easy_strerror(rc));
    else if (status != 200)
        (void)anycert__fail(err, ANYCERT_E_NETWORK, "status %ld", status);
    else
        result = 0;
    curl_easy_cleanup(easy);
    return result;
}
