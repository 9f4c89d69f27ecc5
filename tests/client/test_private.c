/* Private addresses are not connected to where that is asked for: by whatever name, at every hop,
 * over kept connections too, and whatever a name has been resolved to. All of loopback is private,
 * so the test looks for connections that must not come. */
#include "client/floor.h"
#include "client/sending.h"
#include "client/virtual_time.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define COUNT(a) (sizeof(a) / sizeof(a)[0])
#define OK       "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"

static struct anycert_config *config_with(enum anycert_private_addresses what)
{
    struct anycert_config *config = floor_config("trust-any");

    assert_int_equal(anycert_config_set_private_addresses(config, what, NULL), 0);
    return config;
}

static struct anycert_request *get(const struct canned *canned)
{
    return floor_request("GET", floor_join(canned_origin(canned), "/"));
}

static void redirect_to(struct canned *canned, const char *format, unsigned port)
{
    char location[128];
    const char *percent = strstr(format, "PORT");

    (void)snprintf(location, sizeof location, "%.*s%u%s", (int)(percent - format), format, port,
                   percent + 4);
    canned_text(canned, CANNED_KEEP, "HTTP/1.1 302 x\r\nLocation: %s\r\nContent-Length: 0\r\n\r\n",
                location);
}

/* Spellings of this machine, and of one name that leads here: "PORT" is the other server's. */
static const char *const spellings[] = {
    "http://127.0.0.1:PORT/",
    "http://127.1.2.3:PORT/",
    "http://localhost:PORT/",
    "http://localhost.:PORT/",
    "http://[::1]:PORT/",
    "http://[::ffff:127.0.0.1]:PORT/",
    "http://[::ffff:7f00:1]:PORT/",
    "http://[::]:PORT/",
    "http://0.0.0.0:PORT/",
    "http://public.test:PORT/",
    "http://mapped.test:PORT/",
    "//127.0.0.1:PORT/",
    "https://127.0.0.1:PORT/",
    "http://169.254.169.254:PORT/latest/",
    "http://[fe80::1]:PORT/",
    "http://[fd00::1]:PORT/",
    "http://10.255.255.255:PORT/",
    "http://192.168.255.255:PORT/",
    "http://[64:ff9b::7f00:1]:PORT/",
    "http://[2002:7f00:1::1]:PORT/",
};

static void add_names(struct anycert_config *config, unsigned port)
{
    char entry[128];

    (void)snprintf(entry, sizeof entry, "public.test:%u:127.0.0.1", port);
    assert_int_equal(anycert_config_add_resolve(config, entry, NULL), 0);
    (void)snprintf(entry, sizeof entry, "mapped.test:%u:[::ffff:127.0.0.1]", port);
    assert_int_equal(anycert_config_add_resolve(config, entry, NULL), 0);
}

static void redirects_do_not_lead_to_private_addresses(void **state)
{
    (void)state;
    for (enum sending how = 0; how < SENDING_COUNT; how++) {
        struct canned *one = canned_start(false);
        struct canned *two = canned_start(false);
        struct anycert_config *config = config_with(ANYCERT_PRIVATE_NOT_BY_REDIRECT);
        struct anycert_client *client = NULL;

        add_names(config, canned_port(two));
        client = floor_client_of(config);
        for (size_t i = 0; i < COUNT(spellings); i++)
            redirect_to(one, spellings[i], canned_port(two));
        for (size_t i = 0; i < COUNT(spellings); i++) {
            const char *message = sending_fails(how, client, get(one), ANYCERT_E_PRIVATE_ADDRESS);

            assert_non_null(strstr(message, "is not a public one"));
        }
        assert_int_equal(canned_requests(one), COUNT(spellings));
        assert_int_equal(canned_connections(two), 0);
        anycert_client_free(client);
        canned_stop(one);
        canned_stop(two);
    }
}

/* What the caller has named is the caller's business, and so are redirects within it. */
static void own_origin_may_be_private(void **state)
{
    (void)state;
    for (enum sending how = 0; how < SENDING_COUNT; how++) {
        struct canned *canned = canned_start(false);
        struct anycert_client *client =
            floor_client_of(config_with(ANYCERT_PRIVATE_NOT_BY_REDIRECT));
        struct anycert_response *response = NULL;

        redirect_to(canned, "http://localhost:PORT/again", canned_port(canned));
        canned_text(canned, CANNED_KEEP, OK);
        response = sending_ok(how, client, get(canned));
        assert_int_equal(anycert_response_hop_count(response), 2);
        anycert_response_free(response);
        anycert_client_free(client);
        canned_stop(canned);
    }
}

/* A connection that was made for another request is no way around: the name has no address of its
 * own, so that only the connection tells. */
static void kept_connections_are_not_used_either(void **state)
{
    struct canned *one = canned_start(false);
    struct canned *two = canned_start(false);
    struct anycert_config *config = config_with(ANYCERT_PRIVATE_NOT_BY_REDIRECT);
    struct anycert_client *client = NULL;
    struct anycert_batch *batch = NULL;
    struct anycert_request *direct = NULL;
    struct anycert_request *led = get(one);
    struct anycert_batch_result result;
    char url[64];

    (void)state;
    (void)snprintf(url, sizeof url, "http://public.test:%u/", (unsigned)canned_port(two));
    add_names(config, canned_port(two));
    client = floor_client_of(config);
    batch = anycert_batch_new(client, 4, NULL);
    direct = floor_request("GET", url);
    canned_text(one, CANNED_KEEP, "HTTP/1.1 302 x\r\nLocation: %s\r\nContent-Length: 0\r\n\r\n",
                url);
    canned_text(two, CANNED_KEEP, OK);
    for (unsigned i = 0; i < 3; i++) {
        anycert_response_free(floor_ok(client, floor_request("GET", url)));
        floor_fails(client, get(one), ANYCERT_E_PRIVATE_ADDRESS, NULL);
        assert_non_null(strstr(floor_message(), "127.0.0.1"));
    }
    assert_int_equal(canned_requests(two), 3);
    for (unsigned i = 0; i < 6; i++) {
        const struct anycert_request *request = i % 2 ? led : direct;

        assert_int_equal(anycert_batch_add(batch, request, NULL, NULL), 0);
        assert_int_equal(anycert_batch_next(batch, -1, &result, NULL), 1);
        assert_int_equal(result.error.code, i % 2 ? ANYCERT_E_PRIVATE_ADDRESS : 0);
        anycert_response_free(result.response);
    }
    assert_int_equal(canned_requests(two), 6);
    anycert_batch_free(batch);
    anycert_request_free(direct);
    anycert_request_free(led);
    anycert_client_free(client);
    canned_stop(one);
    canned_stop(two);
}

/* With REFUSED not even the caller's own URL leads there, and nothing is tried again. */
static void first_hop_is_refused_where_it_is_to_be(void **state)
{
    static const int busy[] = {503};

    (void)state;
    for (enum sending how = 0; how < SENDING_COUNT; how++) {
        struct canned *canned = canned_start(false);
        struct virtual_time time = {0};
        struct anycert_config *config = config_with(ANYCERT_PRIVATE_REFUSED);
        struct anycert_retry *retry = anycert_retry_new(NULL);
        struct anycert_client *client = NULL;

        assert_int_equal(anycert_retry_set_count(retry, 3, NULL), 0);
        assert_int_equal(anycert_retry_set_statuses(retry, busy, 1, NULL), 0);
        assert_int_equal(anycert_config_set_retry(config, retry, NULL), 0);
        anycert_retry_free(retry);
        virtual_time_set(config, &time);
        add_names(config, canned_port(canned));
        client = floor_client_of(config);
        for (size_t i = 0; i < COUNT(spellings); i++) {
            char url[128];
            const char *percent = strstr(spellings[i], "PORT");

            if (spellings[i][0] == '/')
                continue;
            (void)snprintf(url, sizeof url, "%.*s%u%s", (int)(percent - spellings[i]), spellings[i],
                           (unsigned)canned_port(canned), percent + 4);
            (void)sending_fails(how, client, floor_request("GET", url), ANYCERT_E_PRIVATE_ADDRESS);
        }
        assert_int_equal(canned_connections(canned), 0);
        assert_int_equal(time.sleeps, 0);
        anycert_client_free(client);
        canned_stop(canned);
    }
}

/* Behind a proxy names are the proxy's to resolve; what is an address by its spelling is not asked
 * for. The proxy itself may be anywhere. */
static void hosts_behind_a_proxy_are_told_by_their_spelling(void **state)
{
    static const struct {
        const char *url;
        bool is_asked;
    } rows[] = {
        {"http://127.0.0.1/", false},     {"http://[::ffff:10.0.0.1]/", false},
        {"http://localhost/", false},     {"http://a.localhost./", false},
        {"https://[::1]/", false},        {"http://169.254.169.254/", false},
        {"http://8.8.8.8/", true},        {"http://name.test/", true},
        {"http://[2001:4860::1]/", true},
    };
    static const enum anycert_private_addresses settings[] = {ANYCERT_PRIVATE_NOT_BY_REDIRECT,
                                                              ANYCERT_PRIVATE_REFUSED};

    (void)state;
    for (size_t setting = 0; setting < COUNT(settings); setting++) {
        for (size_t i = 0; i < COUNT(rows); i++) {
            enum sending how = (enum sending)(i % SENDING_COUNT);
            bool by_redirect = setting == 0;
            struct canned *proxy = canned_start(false);
            struct anycert_config *config = config_with(settings[setting]);
            struct anycert_client *client = NULL;
            struct anycert_request *request =
                floor_request("GET", by_redirect ? "http://first.test/" : rows[i].url);

            assert_int_equal(anycert_config_set_proxy(config, canned_origin(proxy), NULL), 0);
            client = floor_client_of(config);
            if (by_redirect)
                canned_text(proxy, CANNED_KEEP,
                            "HTTP/1.1 302 x\r\nLocation: %s\r\nContent-Length: 0\r\n\r\n",
                            rows[i].url);
            canned_text(proxy, CANNED_KEEP, OK);
            if (rows[i].is_asked)
                anycert_response_free(sending_ok(how, client, request));
            else
                (void)sending_fails(how, client, request, ANYCERT_E_PRIVATE_ADDRESS);
            assert_int_equal(canned_requests(proxy), by_redirect + rows[i].is_asked);
            anycert_client_free(client);
            canned_stop(proxy);
        }
    }
}

static void default_allows_and_wrong_settings_are_refused(void **state)
{
    struct canned *one = canned_start(false);
    struct canned *two = canned_start(false);
    struct anycert_client *client = floor_client("trust-any");
    struct anycert_config *config = floor_config(NULL);
    struct anycert_error err = {0};

    (void)state;
    redirect_to(one, "http://127.0.0.1:PORT/", canned_port(two));
    canned_text(two, CANNED_KEEP, OK);
    anycert_response_free(floor_ok(client, get(one)));
    assert_int_equal(
        anycert_config_set_private_addresses(config, (enum anycert_private_addresses)3, &err), -1);
    assert_int_equal(err.code, ANYCERT_E_USAGE);
    anycert_config_free(config);
    anycert_client_free(client);
    canned_stop(one);
    canned_stop(two);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(redirects_do_not_lead_to_private_addresses),
        cmocka_unit_test(own_origin_may_be_private),
        cmocka_unit_test(kept_connections_are_not_used_either),
        cmocka_unit_test(first_hop_is_refused_where_it_is_to_be),
        cmocka_unit_test(hosts_behind_a_proxy_are_told_by_their_spelling),
        cmocka_unit_test(default_allows_and_wrong_settings_are_refused),
    };

    return cmocka_run_group_tests(tests, floor_setup, floor_teardown);
}
