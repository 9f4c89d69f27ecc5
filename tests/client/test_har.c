/* The archive of requests: an entry for each that went over the wire, with what was really sent and
 * received, and no secret. With --samples FOLDER it leaves the archives there for
 * tests/schema/har.py. */
#include "client/floor.h"
#include "base/str.h"
#include "client/servers.h"
#include "support/ports.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include <pthread.h>

#define COUNT(a) (sizeof(a) / sizeof(a)[0])

static const char *samples; /* NULL: none are wanted */
static struct pki pki;
static struct web web;
static struct squid squid;

static int make_servers(void **state)
{
    pki_make(&pki);
    web_start(&web, &pki);
    squid_start(&squid, &pki);
    return floor_setup(state);
}

static int free_servers(void **state)
{
    squid_stop(&squid);
    web_stop(&web);
    pki_free(&pki);
    return floor_teardown(state);
}

/* ---- an archive as it is read */

struct archive {
    struct anycert_har *har;
    char *text;
    struct anycert_json *json;
};

static struct anycert_config *recorded(struct anycert_config *config, struct archive *archive)
{
    struct anycert_error err = {0};

    memset(archive, 0, sizeof *archive);
    archive->har = anycert_har_new(&err);
    if (!archive->har || anycert_config_set_har(config, archive->har, &err) < 0)
        fail_msg("%s", err.message);
    return config;
}

static void archive_read(struct archive *archive, const char *name)
{
    struct anycert_error err = {0};

    archive->text = anycert_har_json(archive->har, &err);
    archive->json =
        archive->text ? anycert_json_parse(archive->text, strlen(archive->text), &err) : NULL;
    if (!archive->json)
        fail_msg("%s: %s", err.message, archive->text ? archive->text : "");
    if (samples) {
        char path[600];

        (void)snprintf(path, sizeof path, "%s/%s.har", samples, name);
        if (anycert_har_write(archive->har, path, &err) < 0)
            fail_msg("%s", err.message);
    }
}

static void archive_close(struct archive *archive)
{
    anycert_json_free(archive->json);
    anycert_free(archive->text);
    anycert_har_free(archive->har);
}

static const struct anycert_json_value *at(const struct archive *archive, size_t entry,
                                           const char *pointer)
{
    char path[200];

    (void)snprintf(path, sizeof path, "/log/entries/%zu%s", entry, pointer);
    return anycert_json_get(anycert_json_root(archive->json), path);
}

static const char *text_at(const struct archive *archive, size_t entry, const char *pointer)
{
    return anycert_json_string(at(archive, entry, pointer), NULL);
}

static int64_t number_at(const struct archive *archive, size_t entry, const char *pointer)
{
    int64_t number = -77;

    assert_int_equal(anycert_json_int(at(archive, entry, pointer), &number), 0);
    return number;
}

static void assert_text(const struct archive *archive, size_t entry, const char *pointer,
                        const char *expected)
{
    const char *text = text_at(archive, entry, pointer);

    if (!text || strcmp(text, expected) != 0)
        fail_msg("entry %zu %s is '%s', not '%s'", entry, pointer, text ? text : "(missing)",
                 expected);
}

static void assert_entries(const struct archive *archive, size_t expected)
{
    const struct anycert_json_value *entries =
        anycert_json_get(anycert_json_root(archive->json), "/log/entries");

    if (anycert_json_size(entries) != expected)
        fail_msg("%zu entries: %s", anycert_json_size(entries), archive->text);
    assert_int_equal(anycert_har_count(archive->har), expected);
}

/* The value of a header, in "request" or "response"; NULL if there is none. */
static const char *header_at(const struct archive *archive, size_t entry, const char *side,
                             const char *name)
{
    char pointer[100];

    for (size_t i = 0;; i++) {
        const char *found = NULL;

        (void)snprintf(pointer, sizeof pointer, "/%s/headers/%zu/name", side, i);
        found = text_at(archive, entry, pointer);
        if (!found)
            return NULL;
        (void)snprintf(pointer, sizeof pointer, "/%s/headers/%zu/value", side, i);
        if (anycert__str_equal_nocase(found, name))
            return text_at(archive, entry, pointer);
    }
}

static void assert_hides(const struct archive *archive, const char *text)
{
    const char *found = strstr(archive->text, text);

    if (found)
        fail_msg("the archive shows '%s': %.200s", text, found);
}

static double ms_at(const struct archive *archive, size_t entry, const char *pointer)
{
    double ms = -77;

    assert_int_equal(anycert_json_double(at(archive, entry, pointer), &ms), 0);
    return ms;
}

/* The time is the sum of its parts but for ssl, which is in connect. */
static void assert_times_add_up(const struct archive *archive, size_t entry)
{
    static const char *const parts[] = {"/timings/blocked", "/timings/dns",  "/timings/connect",
                                        "/timings/send",    "/timings/wait", "/timings/receive"};
    double sum = 0;

    for (size_t i = 0; i < COUNT(parts); i++) {
        double ms = ms_at(archive, entry, parts[i]);

        assert_true(ms >= 0 || (ms == -1 && i < 3));
        sum += ms > 0 ? ms : 0;
    }
    sum -= ms_at(archive, entry, "/time");
    assert_true(sum < 0.01 && sum > -0.01);
    assert_true(ms_at(archive, entry, "/timings/ssl") <= ms_at(archive, entry, "/timings/connect"));
}

/* ---- what is recorded */

static void entry_has_what_was_sent_and_received(void **state)
{
    struct archive archive;
    struct anycert_client *client = floor_client_of(recorded(floor_config(NULL), &archive));
    struct anycert_request *request =
        floor_request("PUT", floor_url("good", "echo?a=1%202&b=%C3%A9&a=+&c&=d"));

    (void)state;
    assert_int_equal(anycert_request_set_body(request, "0123456789", 10, NULL), 0);
    floor_header(request, "Content-Type", "text/x-digits");
    floor_header(request, "X-Note", "back\\slash \"quote\" \xc3\xa9 \xff");
    anycert_response_free(floor_ok(client, request));
    archive_read(&archive, "plain");
    assert_entries(&archive, 1);
    assert_text(&archive, 0, "/request/method", "PUT");
    assert_string_equal(text_at(&archive, 0, "/request/url"),
                        floor_url("good", "echo?a=1%202&b=%C3%A9&a=+&c&=d"));
    assert_text(&archive, 0, "/request/httpVersion", "HTTP/1.1");
    assert_non_null(header_at(&archive, 0, "request", "Host"));
    assert_string_equal(header_at(&archive, 0, "request", "Content-Length"), "10");
    assert_string_equal(header_at(&archive, 0, "request", "Accept"), "*/*");
    assert_non_null(strstr(header_at(&archive, 0, "request", "User-Agent"), "anycert/"));
    assert_text(&archive, 0, "/request/queryString/0/name", "a");
    assert_text(&archive, 0, "/request/queryString/0/value", "1 2");
    assert_text(&archive, 0, "/request/queryString/1/value", "\xc3\xa9");
    assert_text(&archive, 0, "/request/queryString/2/value", " ");
    assert_text(&archive, 0, "/request/queryString/3/name", "c");
    assert_text(&archive, 0, "/request/queryString/4/value", "d");
    assert_null(at(&archive, 0, "/request/queryString/5"));
    assert_text(&archive, 0, "/request/postData/mimeType", "text/x-digits");
    assert_text(&archive, 0, "/request/postData/text", "");
    assert_int_equal(number_at(&archive, 0, "/request/postData/_size"), 10);
    assert_int_equal(number_at(&archive, 0, "/request/bodySize"), 10);
    assert_true(number_at(&archive, 0, "/request/headersSize") > 60);

    assert_int_equal(number_at(&archive, 0, "/response/status"), 200);
    assert_text(&archive, 0, "/response/statusText", "OK");
    assert_text(&archive, 0, "/response/content/mimeType", "application/json");
    assert_int_equal(number_at(&archive, 0, "/response/bodySize"),
                     number_at(&archive, 0, "/response/content/size"));
    assert_text(&archive, 0, "/serverIPAddress",
                strchr(text_at(&archive, 0, "/serverIPAddress"), ':') ? "::1" : "127.0.0.1");
    assert_text(&archive, 0, "/_report/verdict", "pass");
    assert_non_null(strstr(text_at(&archive, 0, "/_report/policy"), "hardened"));
    assert_int_equal(anycert_json_bool(at(&archive, 0, "/_report/peer_authenticated")), 1);
    assert_int_equal(anycert_json_bool(at(&archive, 0, "/_reused")), 0);
    assert_true(ms_at(&archive, 0, "/timings/ssl") > 0);
    assert_times_add_up(&archive, 0);
    anycert_client_free(client);
    archive_close(&archive);
}

static void redirects_compression_and_kept_connections(void **state)
{
    struct archive archive;
    struct anycert_client *client = floor_client_of(recorded(floor_config(NULL), &archive));

    (void)state;
    anycert_response_free(floor_ok(
        client, floor_request("GET", floor_url("good", floor_redirect(302, "/gzip/100000")))));
    anycert_response_free(floor_ok(client, floor_request("HEAD", floor_url("good", "json"))));
    archive_read(&archive, "redirect");
    assert_entries(&archive, 3);
    assert_int_equal(number_at(&archive, 0, "/response/status"), 302);
    assert_text(&archive, 0, "/response/redirectURL", "/gzip/100000");
    assert_string_equal(text_at(&archive, 1, "/request/url"), floor_url("good", "gzip/100000"));
    assert_int_equal(number_at(&archive, 1, "/response/content/size"), 100000);
    assert_true(number_at(&archive, 1, "/response/bodySize") < 1000);
    assert_int_equal(number_at(&archive, 1, "/response/content/compression"),
                     100000 - number_at(&archive, 1, "/response/bodySize"));
    assert_int_equal(anycert_json_bool(at(&archive, 1, "/_reused")), 1);
    assert_int_equal(number_at(&archive, 1, "/timings/connect"), -1);
    assert_int_equal(number_at(&archive, 1, "/timings/dns"), -1);
    assert_string_equal(text_at(&archive, 0, "/connection"), text_at(&archive, 1, "/connection"));
    assert_int_equal(number_at(&archive, 2, "/response/bodySize"), 0);
    for (size_t i = 0; i < 3; i++)
        assert_times_add_up(&archive, i);
    anycert_client_free(client);
    archive_close(&archive);
}

static void failures_are_entries_too(void **state)
{
    struct archive archive;
    struct anycert_client *client = floor_client_of(recorded(floor_config(NULL), &archive));
    char url[64];

    (void)state;
    (void)snprintf(url, sizeof url, "https://127.0.0.1:%u/", (unsigned)ports_closed());
    floor_fails(client, floor_request("GET", url), ANYCERT_E_CONNECT, NULL);
    floor_fails(client, floor_request("GET", floor_url("expired", "json")), ANYCERT_E_TRUST_DATES,
                NULL);
    floor_fails(client, floor_request("GET", floor_url("good", "truncated")),
                ANYCERT_E_BODY_TRUNCATED, NULL);
    archive_read(&archive, "failures");
    assert_entries(&archive, 3);
    assert_int_equal(number_at(&archive, 0, "/response/status"), 0);
    assert_text(&archive, 0, "/request/method", "GET");
    assert_string_equal(text_at(&archive, 0, "/request/url"), url);
    assert_non_null(strstr(text_at(&archive, 0, "/response/_error"), "cannot be reached"));
    assert_int_equal(number_at(&archive, 1, "/response/status"), 0);
    assert_text(&archive, 1, "/_report/verdict", "fail");
    assert_non_null(strstr(text_at(&archive, 1, "/response/_error"), "expired"));
    assert_int_equal(number_at(&archive, 2, "/response/status"), 200);
    assert_non_null(text_at(&archive, 2, "/response/_error"));
    assert_int_equal(number_at(&archive, 2, "/response/bodySize"), 10);
    anycert_client_free(client);
    archive_close(&archive);
}

static void retries_are_entries_too(void **state)
{
    struct archive archive;
    struct anycert_config *config = recorded(floor_config(NULL), &archive);
    struct anycert_retry *retry = anycert_retry_new(NULL);
    struct anycert_client *client = NULL;
    const int statuses[] = {503};

    (void)state;
    assert_int_equal(anycert_retry_set_count(retry, 2, NULL), 0);
    assert_int_equal(anycert_retry_set_backoff(retry, 0, 0, 0, NULL), 0);
    assert_int_equal(anycert_retry_set_statuses(retry, statuses, 1, NULL), 0);
    assert_int_equal(anycert_config_set_retry(config, retry, NULL), 0);
    anycert_retry_free(retry);
    client = floor_client_of(config);
    anycert_response_free(floor_ok(client, floor_request("GET", floor_url("good", "status/503"))));
    archive_read(&archive, "retries");
    assert_entries(&archive, 3);
    for (size_t i = 0; i < 3; i++)
        assert_int_equal(number_at(&archive, i, "/response/status"), 503);
    anycert_client_free(client);
    archive_close(&archive);
}

static void http2_and_proxies(void **state)
{
    struct archive archive;
    struct anycert_config *config = recorded(anycert_config_new(NULL), &archive);
    struct anycert_policy *policy = NULL;
    struct anycert_client *client = NULL;
    char text[400];

    (void)state;
    (void)snprintf(text, sizeof text, "hardened ca=%s", pki.root_path);
    policy = anycert_policy_parse(text, NULL);
    assert_non_null(policy);
    assert_int_equal(anycert_config_set_policy(config, policy, NULL), 0);
    assert_int_equal(anycert_config_set_proxy_policy(config, policy, NULL), 0);
    anycert_policy_free(policy);
    (void)snprintf(text, sizeof text, "http://pr0xy:s3cret@localhost:%u", (unsigned)squid.http);
    assert_int_equal(anycert_config_set_proxy(config, text, NULL), 0);
    client = floor_client_of(config);
    anycert_response_free(
        floor_ok(client, floor_request("GET", url_of("https", web.ports[FLAW_NONE], "a"))));
    archive_read(&archive, "http2");
    assert_entries(&archive, 1); /* CONNECT is no entry */
    assert_text(&archive, 0, "/request/httpVersion", "HTTP/2");
    assert_text(&archive, 0, "/response/httpVersion", "HTTP/2");
    assert_int_equal(number_at(&archive, 0, "/request/headersSize"), -1);
    assert_null(header_at(&archive, 0, "request", "Proxy-Authorization"));
    assert_hides(&archive, "s3cret");
    assert_hides(&archive, "cHIweHk6");
    assert_times_add_up(&archive, 0);
    anycert_client_free(client);
    archive_close(&archive);
}

/* ---- what is not in it */

static void no_secret_is_in_it(void **state)
{
    struct archive archive;
    struct anycert_config *config = recorded(floor_config(NULL), &archive);
    struct anycert_client *client = NULL;
    struct anycert_request *request = NULL;
    char url[400];

    (void)state;
    assert_int_equal(anycert_config_add_secret_header(config, "X-Api-Key", NULL), 0);
    assert_int_equal(anycert_config_add_secret_param(config, "licence", NULL), 0);
    client = floor_client_of(config);
    (void)snprintf(url, sizeof url,
                   "https://us3r:s3cret1@%s?licence=s3cret2&to=%%2Fset-cookie%%3Fsig%%3Ds3cret3",
                   floor_url("good", "redirect") + strlen("https://"));
    request = floor_request("POST", url);
    floor_header(request, "x-api-key", "s3cret4");
    floor_header(request, "X-Vault-Token", "s3cret4");
    floor_header(request, "Cookie", "a=s3cret5");
    floor_header(request, "Content-Type", "application/x-www-form-urlencoded");
    assert_int_equal(anycert_request_set_body(request, "password=s3cret6", 16, NULL), 0);
    anycert_response_free(floor_ok(client, request));
    archive_read(&archive, "secrets");
    assert_entries(&archive, 2);
    assert_string_equal(header_at(&archive, 0, "request", "Authorization"), "(hidden)");
    assert_string_equal(header_at(&archive, 0, "request", "X-Api-Key"), "(hidden)");
    assert_string_equal(header_at(&archive, 0, "request", "X-Vault-Token"), "(hidden)");
    assert_string_equal(header_at(&archive, 0, "request", "Cookie"), "(hidden)");
    assert_string_equal(header_at(&archive, 0, "response", "Location"), "/set-cookie?sig=(hidden)");
    assert_text(&archive, 0, "/request/queryString/0/value", "(hidden)");
    assert_string_equal(header_at(&archive, 1, "response", "Set-Cookie"), "(hidden)");
    assert_hides(&archive, "us3r");
    assert_hides(&archive, "session");
    for (int i = 1; i < 7; i++) {
        char secret[16];

        if (i == 3) /* behind a name of no meaning, and encoded: nobody can tell */
            continue;
        (void)snprintf(secret, sizeof secret, "s3cret%d", i);
        assert_hides(&archive, secret);
    }
    anycert_client_free(client);
    archive_close(&archive);
}

static void request_bodies_if_asked_for(void **state)
{
    struct archive archive;
    struct anycert_client *client = floor_client_of(recorded(floor_config(NULL), &archive));
    struct anycert_request *request = floor_request("POST", floor_url("good", "echo"));

    (void)state;
    assert_int_equal(anycert_har_set_request_bodies(archive.har, 64, NULL), 0);
    assert_int_equal(anycert_request_set_body(request, "{\"a\": 1}", 8, NULL), 0);
    floor_header(request, "Content-Type", "application/json");
    anycert_response_free(floor_ok(client, request));
    request = floor_request("POST", floor_url("good", "echo"));
    assert_int_equal(anycert_request_set_body(request, "a=1&client_secret=s3cret&b=2", 28, NULL),
                     0);
    floor_header(request, "Content-Type", "application/x-www-form-urlencoded");
    anycert_response_free(floor_ok(client, request));
    request = floor_request("POST", floor_url("good", "echo"));
    assert_int_equal(anycert_request_set_body(request, archive.har, 0, NULL), 0);
    anycert_response_free(floor_ok(client, request));
    assert_int_equal(anycert_har_set_request_bodies(archive.har, 3, NULL), 0);
    request = floor_request("POST", floor_url("good", "echo"));
    assert_int_equal(anycert_request_set_body(request,
                                              "ab\xff"
                                              "d",
                                              4, NULL),
                     0);
    anycert_response_free(floor_ok(client, request));
    archive_read(&archive, "bodies");
    assert_entries(&archive, 4);
    assert_text(&archive, 0, "/request/postData/text", "{\"a\": 1}");
    assert_text(&archive, 1, "/request/postData/text", "a=1&client_secret=(hidden)&b=2");
    assert_text(&archive, 2, "/request/postData/text", "");
    assert_text(&archive, 3, "/request/postData/text", "ab\\xff");
    assert_int_equal(number_at(&archive, 3, "/request/postData/_size"), 4);
    anycert_client_free(client);
    archive_close(&archive);
}

/* ---- the archive itself */

static void oldest_entries_go_first(void **state)
{
    struct archive archive;
    struct anycert_client *client = floor_client_of(recorded(floor_config(NULL), &archive));
    struct anycert_error err = {0};
    char path[16];

    (void)state;
    assert_int_equal(anycert_har_set_max_entries(archive.har, 0, &err), -1);
    assert_int_equal(err.code, ANYCERT_E_USAGE);
    assert_int_equal(anycert_har_set_max_entries(archive.har, 20, NULL), 0);
    for (int i = 0; i < 25; i++) {
        (void)snprintf(path, sizeof path, "bytes/%d", i);
        anycert_response_free(floor_ok(client, floor_request("GET", floor_url("good", path))));
    }
    assert_int_equal(anycert_har_set_max_entries(archive.har, 3, NULL), 0);
    archive_read(&archive, "full");
    assert_entries(&archive, 3);
    for (size_t i = 0; i < 3; i++)
        assert_int_equal(number_at(&archive, i, "/response/content/size"), 22 + i);
    assert_non_null(strstr(archive.text, "22 more entries are missing"));
    anycert_client_free(client);
    archive_close(&archive);
}

static void file_is_private_and_outlives_its_clients(void **state)
{
    struct archive archive;
    struct anycert_client *client = floor_client_of(recorded(floor_config(NULL), &archive));
    struct anycert_error err = {0};
    struct stat info;

    (void)state;
    anycert_response_free(floor_ok(client, floor_request("GET", floor_url("good", ""))));
    anycert_client_free(client);
    floor_folder();
    floor_write(floor_path("out.har"), "old");
    assert_int_equal(chmod(floor_path("out.har"), 0644), 0);
    assert_int_equal(anycert_har_write(archive.har, floor_path("out.har"), NULL), 0);
    assert_int_equal(stat(floor_path("out.har"), &info), 0);
    assert_int_equal(info.st_mode & 0777, 0600);
    archive_read(&archive, "file");
    assert_entries(&archive, 1);
    assert_memory_equal(floor_read(floor_path("out.har")), archive.text, strlen(archive.text));
    assert_int_equal(anycert_har_write(archive.har, floor_path("missing/out.har"), &err), -1);
    assert_int_equal(err.code, ANYCERT_E_FILE);
    floor_remove_folder(1);
    archive_close(&archive);
    /* Given up before the client: it goes with the last who has it. */
    client = floor_client_of(recorded(floor_config(NULL), &archive));
    anycert_har_free(archive.har);
    anycert_response_free(floor_ok(client, floor_request("GET", floor_url("good", ""))));
    anycert_client_free(client);
}

struct asking {
    struct anycert_client *client;
    const struct anycert_request *request;
};

static void *ask_often(void *arg)
{
    const struct asking *asking = arg;

    for (int i = 0; i < 10; i++) {
        struct anycert_response *response = NULL;

        assert_int_equal(anycert_client_send(asking->client, asking->request, &response, NULL), 0);
        anycert_response_free(response);
    }
    return NULL;
}

static void many_threads_fill_one_archive(void **state)
{
    struct archive archive;
    struct anycert_client *client = floor_client_of(recorded(floor_config(NULL), &archive));
    struct anycert_request *request = floor_request("GET", floor_url("good", "bytes/7"));
    struct asking asking = {client, request};
    pthread_t threads[4];

    (void)state;
    for (size_t i = 0; i < COUNT(threads); i++)
        assert_int_equal(pthread_create(&threads[i], NULL, ask_often, &asking), 0);
    for (size_t i = 0; i < COUNT(threads); i++)
        assert_int_equal(pthread_join(threads[i], NULL), 0);
    archive_read(&archive, "threads");
    assert_entries(&archive, 40);
    for (size_t i = 0; i < 40; i++)
        assert_int_equal(number_at(&archive, i, "/response/bodySize"), 7);
    anycert_request_free(request);
    anycert_client_free(client);
    archive_close(&archive);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(entry_has_what_was_sent_and_received),
        cmocka_unit_test(redirects_compression_and_kept_connections),
        cmocka_unit_test(failures_are_entries_too),
        cmocka_unit_test(retries_are_entries_too),
        cmocka_unit_test(http2_and_proxies),
        cmocka_unit_test(no_secret_is_in_it),
        cmocka_unit_test(request_bodies_if_asked_for),
        cmocka_unit_test(oldest_entries_go_first),
        cmocka_unit_test(file_is_private_and_outlives_its_clients),
        cmocka_unit_test(many_threads_fill_one_archive),
    };

    if (argc == 3 && strcmp(argv[1], "--samples") == 0)
        samples = argv[2];
    return cmocka_run_group_tests(tests, make_servers, free_servers);
}
