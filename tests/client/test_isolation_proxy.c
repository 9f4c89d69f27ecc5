/* Two TLS links, two policies: an https:// proxy's certificate is judged by the proxy's policy
 * alone, and no way to a server makes a policy mean something else. */
#include "client/places.h"
#include "client/staple.h"

#include <openssl/crypto.h>
#include <openssl/ssl.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static struct scene scene;

static int make_scene(void **state)
{
    (void)state;
    scene_make(&scene);
    return 0;
}

static int free_scene(void **state)
{
    (void)state;
    scene_free(&scene);
    return 0;
}

/* ---- rungs, and what each lets through */

struct rung {
    const char *name;
    bool any;
    unsigned flaws; /* bits of the flaws that it relaxes */
};

static const struct rung rungs[] = {
    {"hardened", false, 0},
    {"hardened+self-signed", false, 1u << FLAW_SELF_SIGNED},
    {"hardened+expired", false, 1u << FLAW_EXPIRED},
    {"hardened+wrong-host", false, 1u << FLAW_WRONG_HOST},
    {"hardened+untrusted-issuer", false, 1u << FLAW_UNKNOWN_ROOT},
    {"hardened+untrusted-issuer+self-signed+expired+wrong-host", false, ~0u},
    {"report-only", true, ~0u},
    {"trust-any", true, ~0u},
};
#define RUNG_COUNT (sizeof rungs / sizeof rungs[0])

static bool lets_through(const struct rung *rung, enum flaw flaw)
{
    return flaw == FLAW_NONE || (rung->flaws >> flaw & 1u) != 0;
}

static const char *text_of(const struct rung *rung)
{
    static char texts[4][1024];
    static unsigned next;
    char *text = texts[next++ % 4];

    if (strcmp(rung->name, "trust-any") == 0)
        return rung->name;
    if (rung->any)
        snprintf(text, sizeof texts[0], "report-only for=\"hardened ca=%s\"", scene.pki.root_path);
    else
        snprintf(text, sizeof texts[0], "%s ca=%s", rung->name, scene.pki.root_path);
    return text;
}

/* ---- every way, every rung, every flaw (P24) */

static bool proves_the_peer(const struct rung *rung, enum flaw flaw)
{
    /* trust-any's report compares with the system's anchors, which know nobody here. */
    return (flaw == FLAW_NONE || flaw == FLAW_EXPIRED) && strcmp(rung->name, "trust-any") != 0;
}

static void check_cell(const struct answer *answer, const struct rung *rung, enum flaw flaw,
                       const char *cell)
{
    bool through = lets_through(rung, flaw);
    int code = through ? 0 : flaw_code(flaw);

    if (answer->code != code || answer->status != (through ? 200 : 0))
        fail_msg("%s: expected %d, got %d (status %d) %s", cell, code, answer->code, answer->status,
                 answer->message);
    assert_true(answer->has_report);
    assert_int_equal(answer->verdict,
                     !through ? ANYCERT_FAIL
                     : flaw == FLAW_NONE && answer->reference_verdict == ANYCERT_PASS
                         ? ANYCERT_PASS
                         : ANYCERT_RELAXED);
    assert_int_equal(answer->reference_verdict,
                     flaw == FLAW_NONE && strcmp(rung->name, "trust-any") != 0 ? ANYCERT_PASS
                                                                               : ANYCERT_FAIL);
    assert_int_equal(answer->authenticated, through && proves_the_peer(rung, flaw));
}

static void run_cell(enum way way, bool http2, const struct rung *rung, enum flaw flaw)
{
    struct ask ask = {.policy = text_of(rung),
                      .http_version = http2 ? ANYCERT_HTTP_2 : ANYCERT_HTTP_1_1};
    struct anycert_client *client = NULL;
    char cell[200];

    snprintf(cell, sizeof cell, "%s, HTTP/%s, %s, %s", way_name(way), http2 ? "2" : "1.1",
             rung->name, flaw_name(flaw));
    way_take(&scene, way, &ask);
    client = ask_client(&ask);
    for (int i = 0; i < 2; i++) {
        struct answer answer = ask_get(client, url_of("https", scene.web.ports[flaw], ""));

        check_cell(&answer, rung, flaw, cell);
        assert_int_equal(answer.reused, i > 0 && answer.code == 0);
        assert_int_equal(answer.has_proxy_report, way == WAY_HTTPS_PROXY);
        if (answer.code == 0)
            assert_string_equal(answer.http_version, http2 ? "2" : "1.1");
        answer_free(&answer);
    }
    anycert_client_free(client);
}

static void test_every_way_rung_and_flaw(void **state)
{
    (void)state;
    for (enum way way = 0; way < WAY_COUNT; way++) {
        for (size_t i = 0; i < RUNG_COUNT; i++) {
            for (enum flaw flaw = 0; flaw < FLAW_COUNT; flaw++) {
                run_cell(way, false, &rungs[i], flaw);
                run_cell(way, true, &rungs[i], flaw);
            }
        }
    }
}

/* ---- every pair of hops (P23, P4) */

static bool is_of_cert(const struct anycert_report *report, X509 *cert)
{
    unsigned char *der = NULL;
    int len = i2d_X509(cert, &der);
    size_t shown_len = 0;
    const unsigned char *shown = anycert_report_cert_der(report, 0, &shown_len);
    bool same = len > 0 && shown_len == (size_t)len && memcmp(shown, der, shown_len) == 0;

    OPENSSL_free(der);
    return same;
}

static void check_reports(const struct answer *answer, enum flaw proxy_flaw, enum flaw flaw)
{
    const struct anycert_report *proxy = anycert_response_hop_proxy_report(answer->response, 0);
    const struct anycert_report *origin = anycert_response_hop_report(answer->response, 0);

    assert_true(is_of_cert(proxy, scene.pki.certs[proxy_flaw]));
    assert_string_equal(anycert_report_hop(proxy), "proxy");
    assert_int_equal(anycert_report_port(proxy), scene.squid.https[proxy_flaw]);
    if (!origin)
        return;
    assert_true(is_of_cert(origin, scene.pki.certs[flaw]));
    assert_string_equal(anycert_report_hop(origin), "origin");
    assert_int_equal(anycert_report_port(origin), scene.web.ports[flaw]);
}

static void run_pair(const struct rung *proxy_rung, enum flaw proxy_flaw, const struct rung *rung,
                     enum flaw flaw)
{
    struct anycert_client *client =
        ask_client(&(struct ask){.policy = text_of(rung),
                                 .proxy = url_of("https", scene.squid.https[proxy_flaw], ""),
                                 .proxy_policy = text_of(proxy_rung)});
    int code = !lets_through(proxy_rung, proxy_flaw) ? ANYCERT_E_PROXY_TRUST
               : !lets_through(rung, flaw)           ? flaw_code(flaw)
                                                     : 0;

    for (int i = 0; i < 2; i++) {
        struct answer answer = ask_get(client, url_of("https", scene.web.ports[flaw], "close"));

        if (answer.code != code)
            fail_msg("proxy %s under %s, origin %s under %s: expected %d, got %d %s",
                     flaw_name(proxy_flaw), proxy_rung->name, flaw_name(flaw), rung->name, code,
                     answer.code, answer.message);
        check_reports(&answer, proxy_flaw, flaw);
        assert_int_equal(answer.has_report, lets_through(proxy_rung, proxy_flaw));
        assert_int_equal(answer.proxy_verdict,
                         !lets_through(proxy_rung, proxy_flaw) ? ANYCERT_FAIL
                         : proxy_flaw == FLAW_NONE && strcmp(proxy_rung->name, "trust-any") != 0
                             ? ANYCERT_PASS
                             : ANYCERT_RELAXED);
        answer_free(&answer);
    }
    anycert_client_free(client);
}

/* hardened, what relaxes exactly this flaw, and trust-any. */
static const struct rung *three_rungs(enum flaw flaw, int which)
{
    switch (which) {
    case 0:
        return &rungs[0];
    case 1:
        return &rungs[flaw]; /* the table has the flaws' order */
    default:
        return &rungs[RUNG_COUNT - 1];
    }
}

static void test_each_hop_is_judged_by_its_own_policy(void **state)
{
    (void)state;
    for (enum flaw proxy = 0; proxy < FLAW_COUNT; proxy++) {
        for (enum flaw origin = 0; origin < FLAW_COUNT; origin++) {
            for (int i = 0; i < 9; i++)
                run_pair(three_rungs(proxy, i / 3), proxy, three_rungs(origin, i % 3), origin);
        }
    }
}

static void test_clear_text_through_a_bad_https_proxy_is_refused(void **state)
{
    struct wiretap *origin = wiretap_start(&(struct wiretap_plan){.role = WIRETAP_ORIGIN});

    (void)state;
    for (enum flaw flaw = 0; flaw < FLAW_COUNT; flaw++) {
        for (size_t i = 0; i < RUNG_COUNT; i++) {
            struct anycert_client *client =
                ask_client(&(struct ask){.policy = "trust-any",
                                         .proxy = url_of("https", scene.squid.https[flaw], ""),
                                         .proxy_policy = text_of(&rungs[i])});
            bool through = lets_through(&rungs[i], flaw);
            struct answer answer = ask_get(client, url_of("http", wiretap_port(origin), ""));

            assert_int_equal(answer.code, through ? 0 : ANYCERT_E_PROXY_TRUST);
            assert_int_equal(answer.status, through ? 200 : 0);
            assert_false(answer.has_report);
            assert_true(answer.has_proxy_report);
            answer_free(&answer);
            anycert_client_free(client);
        }
    }
    (void)wiretap_stop(origin);
}

static void test_proxy_policy_is_hardened_unless_it_is_set(void **state)
{
    (void)state;
    for (enum flaw flaw = 0; flaw < FLAW_COUNT; flaw++) {
        struct anycert_client *client = ask_client(&(struct ask){
            .policy = "trust-any", .proxy = url_of("https", scene.squid.https[flaw], "")});
        struct answer answer = ask_get(client, url_of("https", scene.web.ports[FLAW_NONE], ""));

        assert_int_equal(answer.code,
                         ANYCERT_E_PROXY_TRUST); /* the system's anchors know none of them */
        assert_int_equal(answer.status, 0);
        answer_free(&answer);
        anycert_client_free(client);
    }
}

/* ---- what a refused proxy gets to see */

#define PROXY_SECRET "dXNlcjpwcm94eS1zZWNyZXQ=" /* user:proxy-secret */

static const char *proxy_with_credentials(const struct wiretap *proxy)
{
    static char url[128];

    snprintf(url, sizeof url, "https://user:proxy-secret@localhost:%u",
             (unsigned)wiretap_port(proxy));
    return url;
}

/* What a proxy with that certificate is told, and the code of the request's error. */
static struct wiretap_seen tell_proxy(const struct wiretap_plan *plan, const char *proxy_policy,
                                      const char *scheme, int *code)
{
    struct wiretap *proxy = wiretap_start(plan);
    struct wiretap *origin = wiretap_start(&(struct wiretap_plan){.role = WIRETAP_ORIGIN});
    struct anycert_client *client = ask_client(&(struct ask){.policy = "trust-any",
                                                             .proxy = proxy_with_credentials(proxy),
                                                             .proxy_policy = proxy_policy});
    uint16_t port = strcmp(scheme, "http") == 0 ? wiretap_port(origin) : scene.web.ports[FLAW_NONE];

    for (int i = 0; i < 2; i++) {
        struct answer answer = ask_get(client, url_of(scheme, port, ""));

        *code = answer.code;
        answer_free(&answer);
    }
    anycert_client_free(client);
    (void)wiretap_stop(origin);
    return wiretap_stop(proxy);
}

static void test_proxy_credentials_never_reach_a_refused_proxy(void **state)
{
    static const char *const schemes[] = {"https", "http"};

    (void)state;
    for (enum flaw flaw = 0; flaw < FLAW_COUNT; flaw++) {
        for (int i = 0; i < 4; i++) {
            struct wiretap_plan plan = {.role = WIRETAP_PROXY,
                                        .cert = scene.pki.certs[flaw],
                                        .key = scene.pki.keys[flaw],
                                        .max_version = i < 2 ? TLS1_2_VERSION : 0};
            const char *policy = ask_policy("hardened", scene.pki.root_path);
            int code = -1;
            struct wiretap_seen seen = tell_proxy(&plan, policy, schemes[i % 2], &code);

            assert_int_equal(code, flaw == FLAW_NONE ? 0 : ANYCERT_E_PROXY_TRUST);
            assert_int_equal(strstr(seen.text, PROXY_SECRET) != NULL, flaw == FLAW_NONE);
            assert_int_equal(seen.len > 0, flaw == FLAW_NONE);
            assert_int_equal(seen.resumptions, 0);
        }
    }
}

static void test_proxy_with_a_revoked_certificate_gets_nothing(void **state)
{
    size_t len = 0;
    unsigned char *staple =
        staple_make(scene.pki.certs[FLAW_NONE], scene.pki.root, scene.pki.root_key, true, &len);

    (void)state;
    for (int i = 0; i < 2; i++) {
        struct wiretap_plan plan = {.role = WIRETAP_PROXY,
                                    .cert = scene.pki.certs[FLAW_NONE],
                                    .key = scene.pki.keys[FLAW_NONE],
                                    .max_version = i == 0 ? TLS1_2_VERSION : 0,
                                    .staple = staple,
                                    .staple_len = len};
        const char *policy = ask_policy("hardened", scene.pki.root_path);
        int code = -1;
        struct wiretap_seen seen = tell_proxy(&plan, policy, "https", &code);

        assert_int_equal(code, ANYCERT_E_PROXY_TRUST);
        assert_int_equal(seen.len, 0);
        seen = tell_proxy(&plan, policy, "http", &code);
        assert_int_equal(code, ANYCERT_E_PROXY_TRUST);
        assert_int_equal(seen.len, 0);
    }
    OPENSSL_free(staple);
}

static void test_plain_libcurl_relaxes_the_proxy_together_with_the_origin(void **state)
{
    struct wiretap_plan plan = {.role = WIRETAP_PROXY,
                                .cert = scene.pki.certs[FLAW_SELF_SIGNED],
                                .key = scene.pki.keys[FLAW_SELF_SIGNED]};
    struct wiretap *proxy = wiretap_start(&plan);
    CURL *easy = curl_easy_init();
    struct plain_call call = {.url = url_of("https", scene.web.ports[FLAW_SELF_SIGNED], ""),
                              .proxy = proxy_with_credentials(proxy),
                              .proxy_ca_file = scene.pki.root_path,
                              .ca_file = scene.pki.root_path,
                              .relaxation = PLAIN_ANY};

    (void)state;
    assert_int_equal(plain_get(easy, &call).rc, CURLE_OK);
    curl_easy_cleanup(easy);
    assert_non_null(strstr(wiretap_stop(proxy).text, PROXY_SECRET));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_way_rung_and_flaw),
        cmocka_unit_test(test_each_hop_is_judged_by_its_own_policy),
        cmocka_unit_test(test_clear_text_through_a_bad_https_proxy_is_refused),
        cmocka_unit_test(test_proxy_policy_is_hardened_unless_it_is_set),
        cmocka_unit_test(test_proxy_credentials_never_reach_a_refused_proxy),
        cmocka_unit_test(test_proxy_with_a_revoked_certificate_gets_nothing),
        cmocka_unit_test(test_plain_libcurl_relaxes_the_proxy_together_with_the_origin),
    };

    return cmocka_run_group_tests(tests, make_scene, free_scene);
}
