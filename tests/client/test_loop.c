/* Many exchanges at once share a connection only if a pool would have given them the same one after
 * the other, and every one of them is judged on the connection that it really goes over. */
#include "client/journey.h"
#include "client/many.h"
#include "client/places.h"
#include "http/loop.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "support/certs.h"

#define COUNT  100
#define ATONCE 32

static struct scene scene;
static _Atomic int64_t present; /* what the clients' clock shows */
static int64_t today;

static int64_t show_clock(void *arg)
{
    (void)arg;
    return present;
}

static int make_scene(void **state)
{
    (void)state;
    today = time(NULL);
    scene_make(&scene);
    return 0;
}

static int free_scene(void **state)
{
    (void)state;
    scene_free(&scene);
    return 0;
}

/* ---- one connection for many, where that may be */

static unsigned long number_of(const struct answer *answer)
{
    unsigned long number = strtoul(answer->body, NULL, 10);

    assert_int_equal(answer->code, 0);
    assert_true(number > 0);
    return number;
}

static void test_http2_carries_many_over_one_connection(void **state)
{
    struct anycert_client *client = ask_client(&(struct ask){
        .policy = ask_policy("hardened", scene.pki.root_path), .http_version = ANYCERT_HTTP_2});
    struct many *many =
        many_ask(client, ATONCE, url_of("https", scene.web.ports[FLAW_NONE], ""), COUNT, 0);
    size_t fresh = 0;

    (void)state;
    assert_int_equal(many_connections(many), 1);
    for (size_t i = 0; i < COUNT; i++) {
        assert_string_equal(many->answers[i].http_version, "2");
        assert_int_equal(many->answers[i].verdict, ANYCERT_PASS);
        assert_true(many->answers[i].authenticated);
        fresh += !many->answers[i].reused;
    }
    assert_int_equal(fresh, 1);
    many_free(many);
    anycert_client_free(client);
}

static void test_http1_takes_a_connection_for_each_at_once(void **state)
{
    struct anycert_client *client = ask_client(&(struct ask){
        .policy = ask_policy("hardened", scene.pki.root_path), .http_version = ANYCERT_HTTP_1_1});
    struct many *many =
        many_ask(client, 8, url_of("https", scene.web.ports[FLAW_NONE], ""), COUNT, 0);

    (void)state;
    assert_true(many_connections(many) <= 8);
    for (size_t i = 0; i < COUNT; i++)
        assert_int_equal(many->answers[i].verdict, ANYCERT_PASS);
    many_free(many);
    anycert_client_free(client);
}

/* Requests that must not be done twice go over connections of their own, and leave the others
 * together. */
static void test_posts_are_kept_apart_from_many(void **state)
{
    static const enum anycert_http_version versions[] = {ANYCERT_HTTP_AUTO, ANYCERT_HTTP_2};

    (void)state;
    for (size_t v = 0; v < 2; v++) {
        struct anycert_client *client = ask_client(&(struct ask){
            .policy = ask_policy("hardened", scene.pki.root_path), .http_version = versions[v]});
        struct many *many = many_new(client, ATONCE);
        const char *url = url_of("https", scene.web.ports[FLAW_NONE], "");

        for (size_t i = 0; i < 3 * COUNT; i++) {
            struct anycert_error err = {0};

            (void)many_add(many, anycert_request_new(i % 3 ? "GET" : "POST", url, &err));
        }
        many_finish(many);
        for (size_t i = 0; i < 3 * COUNT; i++) {
            const struct answer *answer = &many->answers[i];
            bool is_together = number_of(answer) == number_of(&many->answers[1]);

            assert_int_equal(is_together, i % 3 != 0);
            assert_string_equal(answer->http_version, i % 3 || v == 1 ? "2" : "1.1");
        }
        many_free(many);
        anycert_client_free(client);
    }
}

/* ---- every way to the server */

static void run_place(const struct place *place)
{
    struct ask strict = {.policy = ask_policy("hardened", scene.pki.root_path)};
    struct ask relaxed = {.policy = ask_policy("hardened+self-signed", scene.pki.root_path)};
    struct anycert_client *clients[2];
    const char *url = place_url(&scene, place, "");
    struct many *many[2];

    print_message("%s\n", place->name);
    place_take(&scene, place, &strict);
    place_take(&scene, place, &relaxed);
    clients[0] = ask_client(&relaxed);
    clients[1] = ask_client(&strict);
    many[0] = many_ask(clients[0], 8, url, 40, 0);
    many[1] = many_ask(clients[1], 8, url, 20, ANYCERT_E_TRUST_ISSUER);
    for (size_t i = 0; i < 40; i++) {
        const struct answer *answer = &many[0]->answers[i];

        assert_int_equal(answer->verdict, ANYCERT_RELAXED);
        assert_string_equal(answer->http_version, place->http2 ? "2" : "1.1");
        assert_int_equal(answer->has_proxy_report, place->way == WAY_HTTPS_PROXY);
        if (answer->has_proxy_report)
            assert_int_equal(answer->proxy_verdict, ANYCERT_PASS);
    }
    for (size_t i = 0; i < 20; i++) {
        assert_true(many[1]->answers[i].has_report);
        assert_int_equal(many[1]->answers[i].verdict, ANYCERT_FAIL);
        assert_false(many[1]->answers[i].reused);
    }
    for (size_t i = 0; i < 2; i++) {
        many_free(many[i]);
        anycert_client_free(clients[i]);
    }
}

static void test_strict_fails_where_relaxed_succeeds_in_every_place(void **state)
{
    (void)state;
    for (size_t i = 0; i < place_count; i++)
        run_place(&places[i]);
}

/* ---- several policies and credentials in one loop */

/* An exchange of a client's, in a loop that may be another client's. */
struct ride {
    struct anycert__journey journey;
    struct anycert_request *request;
};

static struct ride *ride_start(struct anycert__loop *loop, struct anycert_client *client,
                               const char *url, const char *user, const char *field)
{
    struct anycert_error err = {0};
    struct ride *ride = calloc(1, sizeof *ride);

    assert_non_null(ride);
    ride->request = anycert_request_new("GET", url, &err);
    assert_non_null(ride->request);
    if (user)
        assert_int_equal(anycert_request_set_basic_auth(ride->request, user, "secret", &err), 0);
    if (field)
        assert_int_equal(anycert_request_add_header(ride->request, "X-Api-Key", field, &err), 0);
    assert_int_equal(anycert__journey_begin(&ride->journey, client, ride->request,
                                            &client->config->limits, NULL, NULL, &err),
                     0);
    assert_int_equal(anycert__journey_prepare(&ride->journey, &err), 0);
    ride->journey.exchange.owner = ride;
    assert_int_equal(anycert__loop_start(loop, &ride->journey.exchange, &err), 0);
    return ride;
}

/* The next one that has ended; its ride is freed. */
static struct answer ride_end(struct anycert__loop *loop, struct ride **which)
{
    struct anycert__exchange *exchange = NULL;
    struct anycert_error err = {0};
    struct ride *ride = NULL;
    int result = -1;

    while (!(exchange = anycert__loop_ended(loop, &result, &err))) {
        assert_true(anycert__loop_running(loop) > 0);
        anycert__loop_wait(loop, -1);
    }
    ride = exchange->owner;
    result = anycert__journey_took(&ride->journey, result, &err);
    assert_true(result <= 0);
    *which = ride;
    {
        struct answer answer = answer_of(anycert__journey_end(&ride->journey, result), &err);

        anycert_request_free(ride->request);
        free(ride);
        return answer;
    }
}

static void test_policies_share_no_connection(void **state)
{
    static const char *const rungs[] = {"hardened", "hardened+expired", "trust-any", "report-only",
                                        "hardened+self-signed"};
    enum { RUNGS = sizeof rungs / sizeof rungs[0], ROUNDS = 4 };
    const char *url = url_of("https", scene.web.ports[FLAW_NONE], "");
    unsigned long numbers[RUNGS] = {0};
    struct anycert_client *clients[RUNGS];
    struct anycert__loop *loop = NULL;
    struct anycert_error err = {0};
    struct ride *rides[RUNGS];

    (void)state;
    for (size_t i = 0; i < RUNGS; i++)
        clients[i] = ask_client(&(struct ask){.policy = ask_policy(rungs[i], scene.pki.root_path),
                                              .http_version = ANYCERT_HTTP_2});
    loop = anycert__loop_new(clients[0]->http, 8, &err);
    assert_non_null(loop);
    for (size_t round = 0; round < ROUNDS; round++) {
        for (size_t i = 0; i < RUNGS; i++)
            rides[i] = ride_start(loop, clients[i], url, NULL, NULL);
        for (size_t ended = 0; ended < RUNGS; ended++) {
            struct ride *ride = NULL;
            struct answer answer = ride_end(loop, &ride);
            size_t i = 0;

            while (rides[i] != ride)
                i++;
            if (round == 0)
                numbers[i] = number_of(&answer);
            assert_int_equal(number_of(&answer), numbers[i]);
            assert_int_equal(answer.reused, round > 0);
            answer_free(&answer);
        }
    }
    for (size_t i = 0; i < RUNGS; i++) {
        for (size_t k = 0; k < i; k++)
            assert_int_not_equal(numbers[i], numbers[k]);
    }
    anycert__loop_free(loop);
    for (size_t i = 0; i < RUNGS; i++)
        anycert_client_free(clients[i]);
}

static void test_strict_is_refused_beside_relaxed_in_one_loop(void **state)
{
    const char *url = url_of("https", scene.web.ports[FLAW_SELF_SIGNED], "");
    struct anycert_client *clients[2];
    struct anycert__loop *loop = NULL;
    struct anycert_error err = {0};

    (void)state;
    for (size_t i = 0; i < 2; i++)
        clients[i] = ask_client(&(struct ask){
            .policy = ask_policy(i ? "hardened" : "hardened+self-signed", scene.pki.root_path),
            .http_version = ANYCERT_HTTP_2});
    loop = anycert__loop_new(clients[0]->http, 16, &err);
    assert_non_null(loop);
    for (size_t round = 0; round < 10; round++) {
        struct ride *rides[16];

        for (size_t i = 0; i < 16; i++)
            rides[i] = ride_start(loop, clients[i % 2], url, NULL, NULL);
        for (size_t ended = 0; ended < 16; ended++) {
            struct ride *ride = NULL;
            struct answer answer = ride_end(loop, &ride);
            size_t i = 0;

            while (rides[i] != ride)
                i++;
            assert_int_equal(answer.code, i % 2 ? ANYCERT_E_TRUST_ISSUER : 0);
            assert_int_equal(answer.verdict, i % 2 ? ANYCERT_FAIL : ANYCERT_RELAXED);
            answer_free(&answer);
        }
    }
    anycert__loop_free(loop);
    anycert_client_free(clients[0]);
    anycert_client_free(clients[1]);
}

static void test_credentials_share_no_connection(void **state)
{
    static const struct {
        const char *user, *field;
    } rows[] = {{NULL, NULL}, {"a", NULL}, {"b", NULL}, {NULL, "one"}, {NULL, "two"}};
    enum { ROWS = sizeof rows / sizeof rows[0] };
    const char *url = url_of("https", scene.web.ports[FLAW_NONE], "");
    struct anycert_config *config = NULL;
    struct anycert_policy *policy = NULL;
    struct anycert_client *client = NULL;
    struct anycert__loop *loop = NULL;
    struct anycert_error err = {0};
    unsigned long numbers[ROWS] = {0};
    struct ride *rides[2 * ROWS];

    (void)state;
    config = anycert_config_new(&err);
    policy = anycert_policy_parse(ask_policy("hardened", scene.pki.root_path), &err);
    assert_int_equal(anycert_config_set_policy(config, policy, &err), 0);
    assert_int_equal(anycert_config_add_secret_header(config, "X-Api-Key", &err), 0);
    assert_int_equal(anycert_config_set_http_version(config, ANYCERT_HTTP_2, &err), 0);
    client = anycert_client_new(config, &err);
    assert_non_null(client);
    loop = anycert__loop_new(client->http, 2 * ROWS, &err);
    assert_non_null(loop);
    for (size_t i = 0; i < 2 * ROWS; i++)
        rides[i] = ride_start(loop, client, url, rows[i % ROWS].user, rows[i % ROWS].field);
    for (size_t ended = 0; ended < 2 * ROWS; ended++) {
        struct ride *ride = NULL;
        struct answer answer = ride_end(loop, &ride);
        size_t i = 0;

        while (rides[i] != ride)
            i++;
        if (numbers[i % ROWS] == 0)
            numbers[i % ROWS] = number_of(&answer);
        assert_int_equal(number_of(&answer), numbers[i % ROWS]);
        answer_free(&answer);
    }
    for (size_t i = 0; i < ROWS; i++) {
        for (size_t k = 0; k < i; k++)
            assert_int_not_equal(numbers[i], numbers[k]);
    }
    anycert__loop_free(loop);
    anycert_client_free(client);
    anycert_config_free(config);
    anycert_policy_free(policy);
}

/* ---- time passes under warm connections */

static void expect(struct many *many, const char *url, size_t count, int code)
{
    size_t first = many->count;

    for (size_t i = 0; i < count; i++)
        (void)many_get(many, url);
    many_finish(many);
    for (size_t i = first; i < many->count; i++) {
        if (many->answers[i].code != code)
            fail_msg("expected %d, got %d %s", code, many->answers[i].code,
                     many->answers[i].message);
        if (code != 0) /* and something was learned anew */
            assert_true(many->answers[i].has_report && !many->answers[i].reused);
    }
}

static void run_ending(const struct place *place)
{
    char date[11];
    char policy[1024];
    time_t end = (time_t)(today + 3 * CERTS_DAY);
    struct tm tm;
    struct ask ask = {.now = show_clock, .policy = policy};
    const char *url = place_url(&scene, place, "");
    struct anycert_client *client = NULL;
    struct many *many = NULL;

    print_message("%s\n", place->name);
    assert_non_null(gmtime_r(&end, &tm));
    strftime(date, sizeof date, "%Y-%m-%d", &tm);
    snprintf(policy, sizeof policy, "hardened+self-signed ca=%s until=%s", scene.pki.root_path,
             date);
    place_take(&scene, place, &ask);
    present = today;
    client = ask_client(&ask);
    many = many_new(client, 8);
    expect(many, url, 20, 0);
    present = today + 4 * CERTS_DAY;
    expect(many, url, 10, ANYCERT_E_TRUST_ISSUER);
    present = today;
    expect(many, url, 20, 0);
    many_free(many);
    anycert_client_free(client);
}

static void test_warm_connections_do_not_outlive_their_policy(void **state)
{
    (void)state;
    for (size_t i = 0; i < place_count; i++)
        run_ending(&places[i]);
}

static void test_warm_connections_do_not_outlive_their_certificate(void **state)
{
    static const enum anycert_http_version versions[] = {ANYCERT_HTTP_2, ANYCERT_HTTP_1_1};

    (void)state;
    for (size_t i = 0; i < 2; i++) {
        struct anycert_client *client = NULL;
        struct many *many = NULL;
        const char *url = url_of("https", scene.web.ports[FLAW_NONE], "");

        present = today;
        client = ask_client(&(struct ask){.policy = ask_policy("hardened", scene.pki.root_path),
                                          .http_version = versions[i],
                                          .now = show_clock});
        many = many_new(client, 8);
        expect(many, url, 20, 0);
        present = today + 200 * CERTS_DAY;
        expect(many, url, 1, ANYCERT_E_TRUST_DATES);
        present = today;
        expect(many, url, 20, 0);
        /* What was refused once is not there any more. */
        for (size_t k = 21; k < 41; k++) {
            for (size_t m = 0; m < 20; m++)
                assert_int_not_equal(number_of(&many->answers[k]), number_of(&many->answers[m]));
        }
        many_free(many);
        anycert_client_free(client);
    }
}

/* The clock moves at every moment that it is asked at: each request is refused, or was judged
 * before. */
static _Atomic unsigned asked, leap_at;

static int64_t leap(void *arg)
{
    (void)arg;
    return ++asked >= leap_at ? today + 4 * CERTS_DAY : today;
}

static void test_policy_ends_in_the_middle_of_many(void **state)
{
    char date[11];
    char policy[1024];
    time_t end = (time_t)(today + 3 * CERTS_DAY);
    struct tm tm;
    size_t refused = 0;
    size_t accepted = 0;

    (void)state;
    assert_non_null(gmtime_r(&end, &tm));
    strftime(date, sizeof date, "%Y-%m-%d", &tm);
    snprintf(policy, sizeof policy, "hardened+self-signed ca=%s until=%s", scene.pki.root_path,
             date);
    for (unsigned at = 1; at < 120; at += 3) {
        struct anycert_client *client = NULL;
        struct many *many = NULL;

        asked = 0;
        leap_at = at;
        client = ask_client(
            &(struct ask){.policy = policy, .http_version = ANYCERT_HTTP_2, .now = leap});
        many = many_new(client, 6);
        for (size_t i = 0; i < 12; i++)
            (void)many_get(many, url_of("https", scene.web.ports[FLAW_SELF_SIGNED], ""));
        many_finish(many);
        for (size_t i = 0; i < many->count; i++) {
            const struct answer *answer = &many->answers[i];

            if (answer->code != 0)
                assert_int_equal(answer->code, ANYCERT_E_TRUST_ISSUER);
            assert_int_equal(answer->verdict, answer->code ? ANYCERT_FAIL : ANYCERT_RELAXED);
            assert_int_equal(answer->status, answer->code ? 0 : 200);
            refused += answer->code != 0;
            accepted += answer->code == 0;
        }
        many_free(many);
        anycert_client_free(client);
    }
    assert_true(refused > 0 && accepted > 0);
}

/* ---- connections that end */

static void test_server_ends_connections_in_the_middle(void **state)
{
    static const enum anycert_http_version versions[] = {ANYCERT_HTTP_2, ANYCERT_HTTP_1_1};

    (void)state;
    for (size_t v = 0; v < 2; v++) {
        struct anycert_client *client = ask_client(&(struct ask){
            .policy = ask_policy("hardened", scene.pki.root_path), .http_version = versions[v]});
        struct many *many = many_new(client, 8);

        for (size_t i = 0; i < 200; i++)
            (void)many_get(many,
                           url_of("https", scene.web.ports[FLAW_NONE], i % 7 == 3 ? "close" : ""));
        many_finish(many);
        for (size_t i = 0; i < many->count; i++) {
            if (many->answers[i].code != 0)
                fail_msg("%zu: %s", i, many->answers[i].message);
        }
        many_free(many);
        anycert_client_free(client);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_http2_carries_many_over_one_connection),
        cmocka_unit_test(test_http1_takes_a_connection_for_each_at_once),
        cmocka_unit_test(test_posts_are_kept_apart_from_many),
        cmocka_unit_test(test_strict_fails_where_relaxed_succeeds_in_every_place),
        cmocka_unit_test(test_policies_share_no_connection),
        cmocka_unit_test(test_strict_is_refused_beside_relaxed_in_one_loop),
        cmocka_unit_test(test_credentials_share_no_connection),
        cmocka_unit_test(test_warm_connections_do_not_outlive_their_policy),
        cmocka_unit_test(test_warm_connections_do_not_outlive_their_certificate),
        cmocka_unit_test(test_policy_ends_in_the_middle_of_many),
        cmocka_unit_test(test_server_ends_connections_in_the_middle),
    };

    return cmocka_run_group_tests(tests, make_scene, free_scene);
}
