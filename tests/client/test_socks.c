/* SOCKS proxies: microsocks and Twisted's, and one of our own that shows what they are asked. */
#include "client/ask.h"
#include "client/floor.h"
#include "client/servers.h"
#include "client/wiretap.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "support/certs.h"
#include "support/ports.h"

static struct pki pki;
static struct web web;
static struct socks open5, closed5, open4;

static int make_all(void **state)
{
    pki_make(&pki);
    web_start(&web, &pki);
    socks5_start(&open5, &pki, false);
    socks5_start(&closed5, &pki, true);
    socks4_start(&open4, &pki);
    return floor_setup(state);
}

static int free_all(void **state)
{
    web_stop(&web);
    socks_stop(&open5);
    socks_stop(&closed5);
    socks_stop(&open4);
    pki_free(&pki);
    return floor_teardown(state);
}

/* "SCHEME://USERINFO@127.0.0.1:PORT"; lives until the next call. */
static const char *proxy_at(const char *scheme, const char *userinfo, uint16_t port)
{
    static char url[700];

    snprintf(url, sizeof url, "%s://%s%s127.0.0.1:%u", scheme, userinfo ? userinfo : "",
             userinfo ? "@" : "", (unsigned)port);
    return url;
}

static struct anycert_client *client_through(const char *proxy, const char *resolve)
{
    return ask_client(&(struct ask){
        .policy = ask_policy("hardened", pki.root_path), .proxy = proxy, .resolve = resolve});
}

/* Not by name: a name's first address may be of IPv6, which the servers here do not have (see
 * socks_is_asked_for_the_first_address_alone). */
static const char *address_url(const char *scheme, uint16_t port)
{
    static char urls[4][64];
    static unsigned next;
    char *url = urls[next++ % 4];

    snprintf(url, sizeof urls[0], "%s://127.0.0.1:%u/", scheme, (unsigned)port);
    return url;
}

/* ---- packaged servers */

static void socks_works_on_every_way(void **state)
{
    const struct {
        const char *scheme, *userinfo;
        uint16_t port;
    } rows[] = {
        {"socks5", NULL, open5.port},
        {"socks5h", NULL, open5.port},
        {"SOCKS5H", NULL, open5.port},
        {"socks5", PROXY_USER ":" PROXY_PASSWORD, closed5.port},
        {"socks5h", PROXY_USER ":" PROXY_PASSWORD, closed5.port},
        {"socks5h", "%6de:proxy%2Dsecret", closed5.port},
        {"socks4", NULL, open4.port},
        {"socks4", "somebody", open4.port},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const char *proxy = proxy_at(rows[i].scheme, rows[i].userinfo, rows[i].port);
        struct anycert_client *client = client_through(proxy, NULL);
        const char *urls[] = {address_url("https", web.ports[FLAW_NONE]),
                              address_url("http", lab_server_port(floor_server("http")))};

        for (int n = 0; n < 4; n++) {
            struct answer answer = ask_get(client, urls[n % 2]);

            if (answer.code != 0 || answer.status != 200)
                fail_msg("%s, %s: %d %s", proxy, urls[n % 2], answer.status, answer.message);
            assert_int_equal(answer.reused, n > 1);
            answer_free(&answer);
        }
        anycert_client_free(client);
    }
}

static void socks_by_name_is_resolved_by_the_proxy(void **state)
{
    const char *proxies[] = {"socks5h", "socks4a"};

    (void)state;
    for (size_t i = 0; i < 2; i++) {
        struct anycert_client *client =
            client_through(proxy_at(proxies[i], NULL, i == 0 ? open5.port : open4.port), NULL);

        assert_false(ask_works(client, url_of("https", web.ports[FLAW_NONE], "")));
        assert_true(ask_works(client, url_of("https", web.ports[FLAW_NONE], "")));
        anycert_client_free(client);
    }
}

static void socks_trouble_is_the_proxys(void **state)
{
    static char long_user[400];
    const struct {
        const char *scheme, *userinfo;
        uint16_t port;
        int code;
    } rows[] = {
        {"socks5h", NULL, closed5.port, ANYCERT_E_PROXY},
        {"socks5h", "me:wr0ng", closed5.port, ANYCERT_E_PROXY},
        {"socks5h", long_user, closed5.port, ANYCERT_E_PROXY},
        {"socks5", NULL, ports_closed(), ANYCERT_E_PROXY_CONNECT},
        {"socks4", NULL, open5.port, ANYCERT_E_PROXY}, /* version 5 alone */
    };

    (void)state;
    memset(long_user, 'u', 300);
    memcpy(long_user + 300, ":wr0ng", 7);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct anycert_client *client =
            client_through(proxy_at(rows[i].scheme, rows[i].userinfo, rows[i].port), NULL);
        struct answer answer = ask_get(client, address_url("https", web.ports[FLAW_NONE]));

        if (answer.code != rows[i].code)
            fail_msg("%s %s: %d %s", rows[i].scheme, rows[i].userinfo ? rows[i].userinfo : "",
                     answer.code, answer.message);
        assert_non_null(strstr(answer.message, "proxy 127.0.0.1:"));
        assert_null(strstr(answer.message, "wr0ng"));
        answer_free(&answer);
        anycert_client_free(client);
    }
}

static void socks_that_cannot_reach_the_server_says_so(void **state)
{
    const char *const schemes[] = {"socks5", "socks5h", "socks4", "socks4a"};

    (void)state;
    for (size_t i = 0; i < 4; i++) {
        struct anycert_client *client =
            client_through(proxy_at(schemes[i], NULL, i < 2 ? open5.port : open4.port), NULL);
        struct answer answer = ask_get(client, address_url("https", ports_closed()));

        assert_int_equal(answer.code, ANYCERT_E_PROXY);
        answer_free(&answer);
        anycert_client_free(client);
    }
}

/* ---- who resolves names */

static void socks_name_is_resolved_by_who_should(void **state)
{
    static const struct {
        const char *scheme, *asked;
    } rows[] = {
        {"socks5", "5 address 127.0.0.1\n"},
        {"socks5h", "5 name www.virtual.test\n"},
        {"socks4", "4 address 127.0.0.1\n"},
        {"socks4a", "4 name www.virtual.test\n"},
    };
    struct wiretap *origin = wiretap_start(&(struct wiretap_plan){.role = WIRETAP_ORIGIN});
    char url[100];
    char resolve[100];

    (void)state;
    snprintf(url, sizeof url, "http://www.virtual.test:%u/", (unsigned)wiretap_port(origin));
    snprintf(resolve, sizeof resolve, "www.virtual.test:%u:127.0.0.1",
             (unsigned)wiretap_port(origin));
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct wiretap *proxy = wiretap_start(&(struct wiretap_plan){.role = WIRETAP_SOCKS});
        bool by_proxy = strstr(rows[i].asked, " name ") != NULL;
        /* Nobody here knows the name, unless it is said: only the proxy that gets it can do
         * without. */
        struct anycert_client *client = client_through(
            proxy_at(rows[i].scheme, NULL, wiretap_port(proxy)), by_proxy ? NULL : resolve);
        struct answer answer = ask_get(client, url);

        if (answer.code != 0)
            fail_msg("%s: %s", rows[i].scheme, answer.message);
        answer_free(&answer);
        anycert_client_free(client);
        assert_string_equal(wiretap_stop(proxy).text, rows[i].asked);
    }
    assert_non_null(strstr(wiretap_stop(origin).text, "Host: www.virtual.test:"));
}

static void ask_for(const char *url, const char *resolve, const char *proxy, int code)
{
    struct anycert_client *client = client_through(proxy, resolve);
    struct answer answer = ask_get(client, url);

    if (answer.code != code)
        fail_msg("%s through %s: %d %s", resolve, proxy ? proxy : "none", answer.code,
                 answer.message);
    answer_free(&answer);
    anycert_client_free(client);
}

/* Nobody listens there. Without a proxy, and at a proxy that goes elsewhere in any case, that does
 * not matter. */
static void socks_is_asked_for_the_first_address_alone(void **state)
{
    const struct {
        const char *scheme, *addresses, *asked;
        uint16_t port;
    } rows[] = {
        {"socks5", "127.0.0.2,127.0.0.1", "5 address 127.0.0.2\n", open5.port},
        {"socks5", "[::1],127.0.0.1", "5 address ::1\n", open5.port},
        {"socks4", "[::1],127.0.0.2,127.0.0.1", "4 address 127.0.0.2\n", open4.port},
    };
    struct wiretap *origin = wiretap_start(&(struct wiretap_plan){.role = WIRETAP_ORIGIN});
    char url[100];
    char resolve[100];

    (void)state;
    snprintf(url, sizeof url, "http://www.virtual.test:%u/", (unsigned)wiretap_port(origin));
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const char *scheme = rows[i].scheme;
        struct wiretap *proxy = wiretap_start(&(struct wiretap_plan){.role = WIRETAP_SOCKS});

        snprintf(resolve, sizeof resolve, "www.virtual.test:%u:%s", (unsigned)wiretap_port(origin),
                 rows[i].addresses);
        ask_for(url, resolve, NULL, 0);
        ask_for(url, resolve, proxy_at(scheme, NULL, wiretap_port(proxy)), 0);
        ask_for(url, resolve, proxy_at(scheme, NULL, rows[i].port), ANYCERT_E_PROXY);
        assert_string_equal(wiretap_stop(proxy).text, rows[i].asked);
    }
    assert_non_null(strstr(wiretap_stop(origin).text, "Host: www.virtual.test:"));
}

/* The certificate is judged by the URL's name, whoever has resolved it. */
static void socks_changes_nothing_about_names_in_certificates(void **state)
{
    char url[100];
    struct anycert_client *client = client_through(proxy_at("socks5h", NULL, open5.port), NULL);
    struct answer answer;

    (void)state;
    snprintf(url, sizeof url, "https://localhost:%u/", (unsigned)web.ports[FLAW_WRONG_HOST]);
    answer = ask_get(client, url);
    assert_int_equal(answer.code, ANYCERT_E_TRUST_NAME);
    answer_free(&answer);
    anycert_client_free(client);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(socks_works_on_every_way),
        cmocka_unit_test(socks_by_name_is_resolved_by_the_proxy),
        cmocka_unit_test(socks_trouble_is_the_proxys),
        cmocka_unit_test(socks_that_cannot_reach_the_server_says_so),
        cmocka_unit_test(socks_name_is_resolved_by_who_should),
        cmocka_unit_test(socks_is_asked_for_the_first_address_alone),
        cmocka_unit_test(socks_changes_nothing_about_names_in_certificates),
    };

    return cmocka_run_group_tests_name("socks", tests, make_all, free_all);
}
