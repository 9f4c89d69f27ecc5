/* User names, passwords and secret headers with every odd character arrive byte for byte, and are
 * in nothing that is shown: messages, traces, reports, texts of errors, explanations, URLs. */
#define _GNU_SOURCE /* strcasestr, open_memstream */
#include "client/floor.h"
#include "client/sending.h"

#include <openssl/evp.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define COUNT(a) (sizeof(a) / sizeof(a)[0])

/* Every one has S3CR in it, so that half of one is found, too. */
static const char *const passwords[] = {
    "S3CR@et",
    "@S3CR",
    "S3CR%et",
    "S3CR%40",
    "%53S3CR%zz%",
    "S3CR\"quoted\"",
    "'S3CR'",
    "S3CR\\back\\",
    "S3CR/slash?query#fragment",
    "S3CR:a:b",
    "S3CR&amp;<b>{}[]|^`~",
    " S3CR spaces ",
    "S3CR\xc3\xa4\xe2\x82\xac\xf0\x9f\x94\x91",
    "S3CR\xe4 in another encoding \xff",
    "S3CR%s%n%x",
    "S3CR$(id);`id`",
    "https://S3CR@localhost/",
};
#define USER "us3r"

/* ---- everything that is shown */

struct shown {
    char *text;
    size_t len;
    FILE *stream;
};

static void on_trace(void *arg, char kind, const char *text, size_t len)
{
    fprintf(((struct shown *)arg)->stream, "%c %.*s\n", kind, (int)len, text);
}

static void shown_open(struct shown *shown)
{
    memset(shown, 0, sizeof *shown);
    shown->stream = open_memstream(&shown->text, &shown->len);
    assert_non_null(shown->stream);
}

static void encode_base64(const char *password, char out[512])
{
    unsigned char plain[256];
    int len = snprintf((char *)plain, sizeof plain, USER ":%s", password);

    (void)EVP_EncodeBlock((unsigned char *)out, plain, len);
}

/* Every byte as %XX, so that any password can stand in a URL. */
static const char *encode_percent(const char *text)
{
    static char out[512];
    size_t used = 0;

    for (; *text; text++)
        used += (size_t)snprintf(out + used, sizeof out - used, "%%%02X", (unsigned char)*text);
    return out;
}

static void assert_hides(struct shown *shown, const char *password)
{
    char base64[512];
    const char *found = NULL;

    assert_int_equal(fflush(shown->stream), 0);
    encode_base64(password, base64);
    base64[strlen(base64) - 4] = '\0'; /* its end may depend on what follows */
    found = strcasestr(shown->text, "S3CR");
    if (!found)
        found = strcasestr(shown->text, "%53%33%43%52");
    if (!found)
        found = strstr(shown->text, USER);
    if (!found)
        found = strstr(shown->text, base64);
    if (found)
        fail_msg("password '%s' is shown: %.200s", password, found);
}

static void show(struct shown *shown, char *text)
{
    assert_non_null(text);
    fprintf(shown->stream, "%s\n", text);
    anycert_free(text);
}

static void show_all(struct shown *shown, struct anycert_client *client,
                     const struct anycert_request *request, const struct anycert_response *response,
                     const struct anycert_error *err)
{
    fprintf(shown->stream, "%s\n", err->message);
    show(shown, anycert_response_report_json(request, response, err, NULL));
    if (err->code)
        show(shown, anycert_client_error_text(client, request, response, err, NULL));
    if (!response)
        return;
    fprintf(shown->stream, "%s\n", anycert_response_url(response));
    for (size_t i = 0; i < anycert_response_hop_count(response); i++)
        fprintf(shown->stream, "%s\n", anycert_response_hop_url(response, i));
}

/* ---- requests that carry a password in each way there is */

enum place { IN_SETTER, IN_URL, IN_HEADER, IN_PROXY, PLACE_COUNT };

static void set_place(struct anycert_config *config, enum place place, const char *password,
                      const char *proxy)
{
    char url[1024];

    assert_int_equal(anycert_config_add_secret_header(config, "X-Api-Key", NULL), 0);
    if (!proxy)
        return;
    (void)snprintf(url, sizeof url, "http://%s%s%s%s", place == IN_PROXY ? USER ":" : "",
                   place == IN_PROXY ? encode_percent(password) : "", place == IN_PROXY ? "@" : "",
                   proxy + strlen("http://"));
    assert_int_equal(anycert_config_set_proxy(config, url, NULL), 0);
}

static struct anycert_request *request_with(enum place place, const char *password, const char *url)
{
    struct anycert_request *request = NULL;
    char full[8192];
    int scheme = (int)(strstr(url, "://") + 3 - url);

    (void)snprintf(full, sizeof full, "%.*s%s%s%s%s", scheme, url, place == IN_URL ? USER ":" : "",
                   place == IN_URL ? encode_percent(password) : "", place == IN_URL ? "@" : "",
                   url + scheme);
    request = floor_request("GET", full);
    if (place == IN_SETTER)
        assert_int_equal(anycert_request_set_basic_auth(request, USER, password, NULL), 0);
    if (place == IN_HEADER)
        floor_header(request, "X-Api-Key", password);
    return request;
}

/* ---- arriving */

static void passwords_arrive_byte_for_byte(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(passwords); i++) {
        for (enum place place = 0; place < PLACE_COUNT; place++) {
            struct canned *canned = canned_start(false);
            struct anycert_config *config = floor_config(NULL);
            struct anycert_client *client = NULL;
            char base64[512];
            char line[1024];
            char *seen = NULL;

            set_place(config, place, passwords[i],
                      place == IN_PROXY ? canned_origin(canned) : NULL);
            client = floor_client_of(config);
            canned_text(canned, CANNED_KEEP, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
            anycert_response_free(sending_ok(
                (enum sending)((int)place % (int)SENDING_COUNT), client,
                request_with(place, passwords[i],
                             place == IN_PROXY ? "http://a.test/"
                                               : floor_join(canned_origin(canned), "/"))));
            encode_base64(passwords[i], base64);
            if (place == IN_HEADER)
                (void)snprintf(line, sizeof line, "\r\nX-Api-Key: %s\r\n", passwords[i]);
            else
                (void)snprintf(line, sizeof line, "\r\n%sAuthorization: Basic %s\r\n",
                               place == IN_PROXY ? "Proxy-" : "", base64);
            seen = canned_request(canned, 0, NULL);
            if (!strstr(seen, line))
                fail_msg("%s instead of %s", seen, line);
            free(seen);
            anycert_client_free(client);
            canned_stop(canned);
        }
    }
}

/* ---- not being shown */

/* What can become of a request: a URL, and the error to expect from a call; 0: none. */
struct fate {
    const char *name;
    const char *(*url)(void);
    int code;
};

static struct canned *answering; /* of the fates that need one */

static const char *at_answering(void)
{
    return floor_join(canned_origin(answering), "/path");
}

static const char *at_good(void)
{
    return floor_url("good", "echo");
}

static const char *at_self_signed(void)
{
    return floor_url("self-signed", "echo");
}

static const char *at_dead(void)
{
    return "http://localhost:1/path";
}

static const char *at_unknown(void)
{
    return "https://no-such-name.invalid/path";
}

static const char *at_downgrade(void)
{
    return floor_url("good", floor_redirect(302, floor_url("http", "echo")));
}

static const char *at_file(void)
{
    return floor_url("good", floor_redirect(302, "file:///etc/passwd"));
}

static const char *at_loop(void)
{
    return floor_url("good", "endless-redirect");
}

static const char *at_404(void)
{
    return floor_url("good", "status/404");
}

static const char *at_no_json(void)
{
    return floor_url("good", "bytes/10");
}

static const char *at_truncated(void)
{
    return floor_url("good", "truncated");
}

static const char *at_silent(void)
{
    return floor_url("silent", "");
}

static const struct fate fates[] = {
    {"works", at_good, 0},
    {"self-signed", at_self_signed, ANYCERT_E_TRUST_ISSUER},
    {"dead", at_dead, ANYCERT_E_CONNECT},
    {"unknown", at_unknown, ANYCERT_E_RESOLVE},
    {"downgrade", at_downgrade, ANYCERT_E_TRUST_DOWNGRADE},
    {"file", at_file, ANYCERT_E_REDIRECTS},
    {"loop", at_loop, ANYCERT_E_REDIRECTS},
    {"404", at_404, ANYCERT_E_HTTP_STATUS},
    {"no JSON", at_no_json, ANYCERT_E_BODY_JSON},
    {"truncated", at_truncated, ANYCERT_E_BODY_TRUNCATED},
    {"silent", at_silent, ANYCERT_E_TIMEOUT_CONNECT},
    {"reset", at_answering, ANYCERT_E_RESET},
};

static void check_fate(const struct fate *fate, enum place place, const char *password,
                       enum sending how)
{
    struct shown shown;
    struct anycert_config *config = floor_config(NULL);
    struct anycert_client *client = NULL;
    struct anycert_request *request = NULL;
    struct anycert_response *response = NULL;
    struct anycert_error err = {0};

    shown_open(&shown);
    set_place(config, place, password, NULL);
    assert_int_equal(anycert_config_set_trace(config, on_trace, &shown, NULL), 0);
    if (fate->code == ANYCERT_E_TIMEOUT_CONNECT)
        assert_int_equal(anycert_config_set_timeouts(config, 50, 0, 0, NULL), 0);
    client = floor_client_of(config);
    request = request_with(place, password, fate->url());
    assert_int_equal(anycert_request_set_resp_type(request, ANYCERT_RESP_JSON, NULL), 0);
    (void)sending_do(how, client, request, &response, &err);
    if (err.code != fate->code)
        fail_msg("%s: %s (%d)", fate->name, err.message, (int)err.code);
    if (fate->code || place != IN_URL) /* what works is echoed: that is the server's answer */
        show_all(&shown, client, request, response, &err);
    show(&shown, anycert_client_explain(client, fate->url(), NULL));
    assert_hides(&shown, password);
    anycert_response_free(response);
    anycert_request_free(request);
    anycert_client_free(client);
    fclose(shown.stream);
    free(shown.text);
}

static void passwords_are_in_nothing_that_is_shown(void **state)
{
    (void)state;
    answering = canned_start(false);
    canned_text(answering, CANNED_RESET, "%s", "");
    for (size_t i = 0; i < COUNT(fates); i++) {
        bool is_slow =
            fates[i].code == ANYCERT_E_TIMEOUT_CONNECT || fates[i].code == ANYCERT_E_RESOLVE;

        for (size_t n = 0; n < (is_slow ? 1 : COUNT(passwords)); n++) {
            for (enum place place = 0; place < IN_PROXY; place++)
                check_fate(&fates[i], place, passwords[n],
                           n % 2 == 0 ? SENDING_CALL : SENDING_BATCH_CALL);
        }
    }
    canned_stop(answering);
    answering = NULL;
}

/* Proxies that refuse, cannot be reached, or read the request. */
static void passwords_of_proxies_are_in_nothing_that_is_shown(void **state)
{
    static const struct {
        const char *answer, *url;
        int code;
    } rows[] = {
        {"HTTP/1.1 407 x\r\nContent-Length: 0\r\n\r\n", "https://a.test/", ANYCERT_E_PROXY_STATUS},
        {"HTTP/1.1 407 x\r\nContent-Length: 0\r\n\r\n", "http://a.test/", ANYCERT_E_HTTP_STATUS},
        {"HTTP/1.1 200 x\r\nContent-Length: 0\r\n\r\n", "http://a.test/", 0},
        {"no HTTP at all", "https://a.test/", ANYCERT_E_PROXY},
        {NULL, "https://a.test/", ANYCERT_E_PROXY_CONNECT},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        for (size_t n = 0; n < COUNT(passwords); n++) {
            struct shown shown;
            struct canned *proxy = canned_start(false);
            struct anycert_config *config = floor_config(NULL);
            struct anycert_client *client = NULL;
            struct anycert_request *request = floor_request("GET", rows[i].url);
            struct anycert_response *response = NULL;
            struct anycert_error err = {0};

            shown_open(&shown);
            set_place(config, IN_PROXY, passwords[n], canned_origin(proxy));
            assert_int_equal(anycert_config_set_trace(config, on_trace, &shown, NULL), 0);
            client = floor_client_of(config);
            if (rows[i].answer) {
                canned_text(proxy, CANNED_CLOSE, "%s", rows[i].answer);
            } else {
                canned_stop(proxy);
                proxy = NULL;
            }
            (void)sending_do(n % 2 == 0 ? SENDING_CALL : SENDING_BATCH_CALL, client, request,
                             &response, &err);
            if (rows[i].code != ANYCERT_E_PROXY && err.code != rows[i].code)
                fail_msg("%zu: %s (%d)", i, err.message, (int)err.code);
            show_all(&shown, client, request, response, &err);
            show(&shown, anycert_client_explain(client, rows[i].url, NULL));
            assert_hides(&shown, passwords[n]);
            anycert_response_free(response);
            anycert_request_free(request);
            anycert_client_free(client);
            fclose(shown.stream);
            free(shown.text);
            canned_stop(proxy);
        }
    }
}

/* Written as people write it, a URL with such a password may mean another host; then it is refused,
 * without being repeated. What is accepted has the host behind the last '@'. */
static void urls_with_raw_passwords_are_refused_or_meant(void **state)
{
    static const char *const schemes[] = {"https://", "http://", "", "ftp://", "HTTPS://"};

    (void)state;
    for (size_t i = 0; i < COUNT(schemes); i++) {
        for (size_t n = 0; n < COUNT(passwords); n++) {
            struct anycert_config *config = anycert_config_new(NULL);
            struct anycert_error err = {0};
            struct anycert_request *request = NULL;
            char url[256];

            (void)snprintf(url, sizeof url, "%s" USER ":%s@localhost:1/path", schemes[i],
                           passwords[n]);
            request = anycert_request_new("GET", url, &err);
            if (strcasestr(err.message, "S3CR") || strstr(err.message, USER))
                fail_msg("'%s' is shown: %s", passwords[n], err.message);
            assert_int_equal(request == NULL, err.code != 0);
            if (request) {
                char *json = anycert_response_report_json(request, NULL, &err, NULL);

                assert_non_null(strstr(json, "://localhost:1/path\""));
                assert_null(strcasestr(json, "S3CR"));
                anycert_free(json);
            }
            anycert_request_free(request);
            memset(&err, 0, sizeof err);
            if (anycert_config_set_proxy(config, url, &err) == 0)
                assert_int_equal(err.code, 0);
            if (strcasestr(err.message, "S3CR") || strstr(err.message, USER))
                fail_msg("'%s' is shown: %s", passwords[n], err.message);
            anycert_config_free(config);
        }
    }
}

/* URIs of tokens where files are expected, and files that are not there: the PIN is not repeated.
 */
static void pins_are_in_no_message(void **state)
{
    static const char uri[] = "pkcs11:token=none?module-path=/nowhere.so&pin-value=S3CR";
    static const char broken[] = "pkcs11:token=none;colour=1?pin-value=S3CR";
    const struct {
        const char *cert, *key, *p12, *password;
    } rows[] = {
        {floor_root(), uri, NULL, NULL},   {floor_root(), broken, NULL, NULL},
        {"/nowhere.pem", uri, NULL, NULL}, {uri, NULL, NULL, NULL},
        {broken, uri, NULL, NULL},         {NULL, NULL, uri, NULL},
        {floor_root(), uri, NULL, "S3CR"},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct anycert_config *config = floor_config(NULL);
        struct anycert_client *client = NULL;
        struct anycert_error err = {0};
        int result = rows[i].p12
                         ? anycert_config_set_client_cert_p12(config, rows[i].p12, NULL, &err)
                         : anycert_config_set_client_cert(config, rows[i].cert, rows[i].key, &err);

        if (result == 0) {
            assert_int_equal(
                anycert_config_set_client_cert_password(config, rows[i].password, NULL), 0);
            client = anycert_client_new(config, &err);
        }
        assert_null(client);
        assert_true(err.code == ANYCERT_E_USAGE || err.code == ANYCERT_E_CLIENT_CERT);
        if (strcasestr(err.message, "S3CR"))
            fail_msg("%zu: %s", i, err.message);
        anycert_config_free(config);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(passwords_arrive_byte_for_byte),
        cmocka_unit_test(passwords_are_in_nothing_that_is_shown),
        cmocka_unit_test(passwords_of_proxies_are_in_nothing_that_is_shown),
        cmocka_unit_test(pins_are_in_no_message),
        cmocka_unit_test(urls_with_raw_passwords_are_refused_or_meant),
    };

    return cmocka_run_group_tests(tests, floor_setup, floor_teardown);
}
