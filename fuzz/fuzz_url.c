/* Any text is either refused with a sentence or read as a URL; what was read prints as a text that
 * reads as itself, and whose host libcurl sees as we do. The first line is the URL, a second one is
 * resolved against it. */
#include "http/url.h"

#include "base/str.h"

#include <curl/curl.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(int condition)
{
    if (!condition)
        abort();
}

static void check_refusal(const struct anycert_error *err)
{
    size_t len = strlen(err->message);

    require(err->code == ANYCERT_E_URL && len > 0);
    require(anycert__is_utf8(err->message, len) && !anycert__has_control(err->message, len));
}

static void check_libcurl(const struct anycert__url *url)
{
    CURLU *handle = curl_url();
    char *host = NULL;
    char *zone = NULL;
    char *user = NULL;
    char whole[1024];

    require(handle && curl_url_set(handle, CURLUPART_URL, url->text, 0) == CURLUE_OK);
    require(curl_url_get(handle, CURLUPART_HOST, &host, 0) == CURLUE_OK);
    require(curl_url_get(handle, CURLUPART_USER, &user, 0) == CURLUE_NO_USER);
    if (curl_url_get(handle, CURLUPART_ZONEID, &zone, 0) == CURLUE_OK)
        snprintf(whole, sizeof whole, "%.*s%%%s]", (int)strlen(host) - 1, host, zone);
    else
        snprintf(whole, sizeof whole, "%s", host);
    require(strcmp(whole, url->host) == 0);
    curl_free(host);
    curl_free(zone);
    curl_url_cleanup(handle);
}

static void check_accepted(const struct anycert__url *url)
{
    struct anycert__url again;

    require(url->port > 0 && !anycert__has_control(url->text, strlen(url->text)));
    require(!url->user || !anycert__has_control(url->user, strlen(url->user)));
    require(!url->password || !anycert__has_control(url->password, strlen(url->password)));
    check_libcurl(url);
    require(anycert__url_parse(url->text, &again, NULL) == 0);
    require(strcmp(again.text, url->text) == 0 && strcmp(again.origin, url->origin) == 0);
    require(!again.user && !again.password);
    anycert__url_clear(&again);
}

static void check_reference(const struct anycert__url *base, const char *reference)
{
    struct anycert__url url;
    struct anycert_error err = {0};

    if (anycert__url_resolve(base, reference, &url, &err) == 0) {
        require(err.code == 0 && !url.user && !url.password);
        check_accepted(&url);
    } else {
        check_refusal(&err);
    }
    anycert__url_clear(&url);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct anycert__url url;
    struct anycert_error err = {0};
    char *text = malloc(size + 1);
    char *second = NULL;

    if (!text)
        return 0;
    memcpy(text, data, size);
    text[size] = '\0';
    second = strchr(text, '\n');
    if (second)
        *second++ = '\0';
    if (anycert__url_parse(text, &url, &err) == 0) {
        require(err.code == 0);
        check_accepted(&url);
        if (second)
            check_reference(&url, second);
    } else {
        check_refusal(&err);
        require(!url.text && !url.user && !url.password);
    }
    anycert__url_clear(&url);
    free(text);
    return 0;
}
