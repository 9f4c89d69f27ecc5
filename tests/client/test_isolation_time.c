/* Time passes, and files change, under a warm client: every reuse of a connection is judged anew.
 */
#include "client/places.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "support/certs.h"

static struct scene scene;
static _Atomic int64_t present; /* what the clients' clock shows */
static int64_t today;           /* when the program started */

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

static int set_clock(void **state)
{
    (void)state;
    present = today;
    return 0;
}

/* The last second of the day that is so many days from now, and its date. */
static int64_t end_of_day(int days, char date[11])
{
    time_t t = (time_t)(today + days * CERTS_DAY);
    struct tm tm;

    assert_non_null(gmtime_r(&t, &tm));
    strftime(date, 11, "%Y-%m-%d", &tm);
    return (t - t % 86400) + 86399;
}

/* ---- the end of a policy */

struct ending {
    const char *rung;
    bool takes_anchors;
    enum flaw flaw;
};

static const struct ending endings[] = {
    {"hardened+expired", true, FLAW_EXPIRED},
    {"hardened+self-signed", true, FLAW_SELF_SIGNED},
    {"hardened+wrong-host", true, FLAW_WRONG_HOST},
    {"hardened+untrusted-issuer", true, FLAW_UNKNOWN_ROOT},
    {"trust-any", false, FLAW_EXPIRED},
    {"trust-any", false, FLAW_SELF_SIGNED},
    {"report-only", false, FLAW_WRONG_HOST},
};

static const char *policy_until(const struct ending *ending, const char *date)
{
    static char text[1024];

    snprintf(text, sizeof text, "%s%s%s until=%s", ending->rung,
             ending->takes_anchors ? " ca=" : "", ending->takes_anchors ? scene.pki.root_path : "",
             date);
    return text;
}

static void run_ending(const struct place *place, const struct ending *ending)
{
    char date[11];
    int64_t last = end_of_day(3, date);
    struct ask ask = {.policy = policy_until(ending, date), .now = show_clock};
    const char *url = url_of("https", scene.web.ports[ending->flaw], "");
    /* Anchors that the policy never named are the system's once it has ended. */
    int code = ending->takes_anchors ? flaw_code(ending->flaw) : ANYCERT_E_TRUST_ISSUER;
    struct anycert_client *client = NULL;

    place_take(&scene, place, &ask);
    client = ask_client(&ask);
    present = today;
    assert_false(ask_works(client, url));
    assert_true(ask_works(client, url));
    present = last;
    assert_true(ask_works(client, url));
    present = last + 1;
    for (int i = 0; i < 2; i++)
        assert_true(ask_fails(client, url, code));
    present = last + 30 * CERTS_DAY;
    assert_true(ask_fails(client, url, code));
    anycert_client_free(client);
}

static void test_warm_connection_does_not_outlive_its_policy(void **state)
{
    (void)state;
    for (size_t i = 0; i < place_count; i++) {
        if (places[i].tls12)
            continue; /* this server negotiates 1.3 with everybody */
        for (size_t j = 0; j < sizeof endings / sizeof endings[0]; j++)
            run_ending(&places[i], &endings[j]);
    }
}

/* Whose clock starts anew in 1970 would find no policy at its end, and no certificate expired. */
static void test_a_clock_that_cannot_be_right_judges_nothing(void **state)
{
    static const struct {
        const char *rung, *keys;
        enum flaw flaw;
        bool works;
    } rows[] = {
        {"hardened", "", FLAW_NONE, false},
        {"hardened+expired", " until=2010-01-01", FLAW_EXPIRED, false},
        {"hardened+not-yet-valid", "", FLAW_NONE, false},
        {"trust-any", "", FLAW_EXPIRED, true},
        {"trust-any", " until=2010-01-01", FLAW_EXPIRED, false},
    };
    static const int64_t clocks[] = {0, -1, 1000000, INT64_C(1577836799)};

    (void)state;
    for (size_t i = 0; i < 4 * sizeof rows / sizeof rows[0]; i++) {
        struct ending ending = {rows[i / 4].rung, rows[i / 4].rung[0] == 'h', rows[i / 4].flaw};
        char policy[1100];
        struct anycert_client *client = NULL;
        struct answer answer;

        snprintf(policy, sizeof policy, "%s%s%s%s", ending.rung, ending.takes_anchors ? " ca=" : "",
                 ending.takes_anchors ? scene.pki.root_path : "", rows[i / 4].keys);
        client = ask_client(&(struct ask){.policy = policy, .now = show_clock});
        present = clocks[i % 4];
        answer = ask_get(client, url_of("https", scene.web.ports[ending.flaw], ""));
        assert_int_equal(answer.code, rows[i / 4].works ? 0 : ANYCERT_E_CLOCK);
        assert_true(rows[i / 4].works || strstr(answer.message, "the clock says"));
        answer_free(&answer);
        anycert_client_free(client);
    }
}

static void test_policy_that_has_ended_before_is_hardened(void **state)
{
    char date[11];
    int64_t last = end_of_day(-3, date);
    struct anycert_client *client =
        ask_client(&(struct ask){.policy = policy_until(&endings[0], date), .now = show_clock});

    (void)state;
    present = today;
    assert_true(ask_fails(client, url_of("https", scene.web.ports[FLAW_EXPIRED], ""),
                          ANYCERT_E_TRUST_DATES));
    ask_works(client, url_of("https", scene.web.ports[FLAW_NONE], ""));
    present = last;
    ask_works(client, url_of("https", scene.web.ports[FLAW_EXPIRED], ""));
    anycert_client_free(client);
}

static void test_ended_policy_of_an_https_proxy_closes_warm_tunnels(void **state)
{
    static const char *const schemes[] = {"https", "http"};
    struct wiretap *plain = wiretap_start(&(struct wiretap_plan){.role = WIRETAP_ORIGIN});
    char date[11];
    char policy[1024];
    int64_t last = end_of_day(3, date);

    (void)state;
    snprintf(policy, sizeof policy, "hardened+expired ca=%s until=%s", scene.pki.root_path, date);
    for (size_t i = 0; i < 2; i++) {
        const char *url =
            url_of(schemes[i], i == 0 ? scene.web.ports[FLAW_NONE] : wiretap_port(plain), "");
        struct anycert_client *client =
            ask_client(&(struct ask){.policy = "trust-any",
                                     .proxy = url_of("https", scene.squid.https[FLAW_EXPIRED], ""),
                                     .proxy_policy = policy,
                                     .now = show_clock});
        struct answer answer;

        present = last;
        assert_false(ask_works(client, url));
        assert_true(ask_works(client, url));
        present = last + 1;
        for (int j = 0; j < 2; j++) {
            answer = ask_get(client, url);
            assert_int_equal(answer.code, ANYCERT_E_PROXY_TRUST);
            assert_int_equal(answer.proxy_verdict, ANYCERT_FAIL);
            assert_false(answer.reused);
            answer_free(&answer);
        }
        anycert_client_free(client);
    }
    (void)wiretap_stop(plain);
}

static void test_plain_libcurl_keeps_a_connection_beyond_its_date(void **state)
{
    (void)state;
    for (size_t i = 0; i < place_count; i++) {
        CURL *easy = curl_easy_init();
        struct plain_call call = {.url = url_of("https", scene.web.ports[FLAW_EXPIRED], ""),
                                  .relaxation = PLAIN_EXPIRED,
                                  .now = today,
                                  .until = today + 10};

        place_take_plain(&scene, &places[i], &call);
        assert_int_equal(plain_get(easy, &call).rc, CURLE_OK);
        call.now = today + 11;
        assert_int_equal(plain_get(easy, &call).rc, CURLE_OK);
        call.fresh_connect = true; /* the session does it */
        assert_int_equal(plain_get(easy, &call).rc, CURLE_OK);
        curl_easy_cleanup(easy);
        easy = curl_easy_init();
        assert_int_not_equal(plain_get(easy, &call).rc, CURLE_OK);
        curl_easy_cleanup(easy);
    }
}

/* ---- the end of a certificate */

static struct wiretap *origin_valid(X509 **cert, int64_t from, int64_t to, enum wiretap_role role)
{
    *cert = pki_issue(&scene.pki, "DNS:localhost", scene.pki.keys[0], from, to);
    return wiretap_start(
        &(struct wiretap_plan){.role = role, .cert = *cert, .key = scene.pki.keys[FLAW_NONE]});
}

static unsigned requests_in(const char *text)
{
    unsigned count = 0;

    while ((text = strstr(text, "GET / ")) != NULL) {
        count++;
        text++;
    }
    return count;
}

static void test_certificate_expires_on_a_warm_connection(void **state)
{
    X509 *cert = NULL;
    struct wiretap *tap =
        origin_valid(&cert, today - 10 * CERTS_DAY, today + 10 * CERTS_DAY, WIRETAP_ORIGIN);
    const char *url = url_of("https", wiretap_port(tap), "");
    struct anycert_client *strict = ask_client(
        &(struct ask){.policy = ask_policy("hardened", scene.pki.root_path), .now = show_clock});
    struct anycert_client *relaxed = ask_client(&(struct ask){
        .policy = ask_policy("hardened+expired", scene.pki.root_path), .now = show_clock});
    struct answer answer;

    (void)state;
    ask_works(strict, url);
    assert_true(ask_works(strict, url));
    ask_works(relaxed, url);
    present = today + 10 * CERTS_DAY + 1;
    assert_true(ask_fails(strict, url, ANYCERT_E_TRUST_DATES));
    answer = ask_get(relaxed, url);
    assert_int_equal(answer.code, 0);
    assert_true(answer.reused);
    assert_int_equal(answer.verdict, ANYCERT_RELAXED);
    answer_free(&answer);
    present = today - 10 * CERTS_DAY - 1;
    assert_true(ask_fails(strict, url, ANYCERT_E_TRUST_DATES));
    assert_true(ask_fails(relaxed, url, ANYCERT_E_TRUST_DATES));
    anycert_client_free(strict);
    anycert_client_free(relaxed);
    (void)wiretap_stop(tap);
    X509_free(cert);
}

static void test_anchor_expires_on_a_warm_connection(void **state)
{
    X509 *cert = NULL;
    struct wiretap *tap =
        origin_valid(&cert, today - CERTS_DAY, today + 9000 * CERTS_DAY, WIRETAP_ORIGIN);
    const char *url = url_of("https", wiretap_port(tap), "");
    struct anycert_client *client = ask_client(
        &(struct ask){.policy = ask_policy("hardened", scene.pki.root_path), .now = show_clock});

    (void)state;
    ask_works(client, url);
    assert_true(ask_works(client, url));
    present = today + 1001 * CERTS_DAY;
    assert_true(ask_fails(client, url, ANYCERT_E_TRUST_DATES));
    anycert_client_free(client);
    (void)wiretap_stop(tap);
    X509_free(cert);
}

static void test_proxy_certificate_expires_on_a_warm_tunnel(void **state)
{
    X509 *certs[2];
    struct wiretap *proxy =
        origin_valid(&certs[0], today - CERTS_DAY, today + 5 * CERTS_DAY, WIRETAP_PROXY);
    struct wiretap *origin =
        origin_valid(&certs[1], today - CERTS_DAY, today + 50 * CERTS_DAY, WIRETAP_ORIGIN);
    const char *url = url_of("https", wiretap_port(origin), "");
    struct anycert_client *client =
        ask_client(&(struct ask){.policy = ask_policy("hardened", scene.pki.root_path),
                                 .proxy = url_of("https", wiretap_port(proxy), ""),
                                 .proxy_policy = ask_policy("hardened", scene.pki.root_path),
                                 .now = show_clock});
    struct answer answer;

    (void)state;
    ask_works(client, url);
    assert_true(ask_works(client, url));
    present = today + 5 * CERTS_DAY + 1;
    answer = ask_get(client, url);
    assert_int_equal(answer.code, ANYCERT_E_PROXY_TRUST);
    assert_false(answer.reused);
    answer_free(&answer);
    anycert_client_free(client);
    assert_int_equal(requests_in(wiretap_stop(origin).text), 2);
    (void)wiretap_stop(proxy);
    X509_free(certs[0]);
    X509_free(certs[1]);
}

/* ---- anchors that change */

struct anchors {
    char *folder, *path, *spare;
    char *right, *wrong; /* PEM texts of one length */
};

/* Texts of the same length, so that the size does not tell them apart. */
static void pad(char **text, size_t len)
{
    size_t have = strlen(*text);

    *text = realloc(*text, len + 1);
    assert_non_null(*text);
    memset(*text + have, '\n', len - have);
    (*text)[len] = '\0';
}

static void anchors_make(struct anchors *anchors)
{
    size_t len = 0;

    anchors->folder = certs_folder();
    anchors->path = certs_path(anchors->folder, "anchors.pem");
    anchors->spare = certs_path(anchors->folder, "spare.txt");
    anchors->right = certs_pem(scene.pki.root);
    anchors->wrong = certs_pem(scene.pki.other_root);
    len = strlen(anchors->right) > strlen(anchors->wrong) ? strlen(anchors->right)
                                                          : strlen(anchors->wrong);
    pad(&anchors->right, len);
    pad(&anchors->wrong, len);
}

static void anchors_free(struct anchors *anchors)
{
    certs_remove(anchors->folder);
    free(anchors->folder);
    free(anchors->path);
    free(anchors->spare);
    free(anchors->right);
    free(anchors->wrong);
}

enum manner { IN_PLACE, BY_RENAMING, IN_PLACE_WITH_OLD_TIME, MANNERS };

/* Clients look for changes ten times a second (anycert_policy_add_ca_path). */
static void wait_until_clients_look(void)
{
    const struct timespec tenth = {0, 110 * 1000000L};

    assert_int_equal(nanosleep(&tenth, NULL), 0);
}

static void put(const struct anchors *anchors, const char *text, enum manner manner)
{
    struct stat before = {0};

    (void)stat(anchors->path, &before);
    certs_write(manner == BY_RENAMING ? anchors->spare : anchors->path, text, strlen(text));
    if (manner == BY_RENAMING)
        assert_int_equal(rename(anchors->spare, anchors->path), 0);
    if (manner == IN_PLACE_WITH_OLD_TIME) {
        const struct timespec times[2] = {before.st_atim, before.st_mtim};

        assert_int_equal(utimensat(AT_FDCWD, anchors->path, times, 0), 0);
    }
    wait_until_clients_look();
}

/* From one root to the other and back, as fast as a machine can. */
static void change_anchors(const struct anchors *anchors, enum manner manner, const char *named,
                           enum way way, bool http2)
{
    struct ask ask = {.http_version = http2 ? ANYCERT_HTTP_2 : ANYCERT_HTTP_1_1};
    const char *url = url_of("https", scene.web.ports[FLAW_NONE], "");
    struct anycert_client *client = NULL;

    put(anchors, anchors->right, IN_PLACE);
    ask.policy = ask_policy("hardened", named);
    way_take(&scene, way, &ask);
    client = ask_client(&ask);
    for (int i = 0; i < 2; i++) {
        assert_false(ask_works(client, url));
        assert_true(ask_works(client, url));
        put(anchors, anchors->wrong, manner);
        assert_true(ask_fails(client, url, ANYCERT_E_TRUST_ISSUER));
        assert_true(ask_fails(client, url, ANYCERT_E_TRUST_ISSUER));
        put(anchors, anchors->right, manner);
    }
    anycert_client_free(client);
}

static void test_changed_anchor_file_is_seen_by_a_warm_client(void **state)
{
    struct anchors anchors;

    (void)state;
    anchors_make(&anchors);
    for (enum manner manner = 0; manner < MANNERS; manner++) {
        for (enum way way = 0; way < WAY_COUNT; way++)
            change_anchors(&anchors, manner, anchors.path, way, false);
        change_anchors(&anchors, manner, anchors.path, WAY_DIRECT, true);
        change_anchors(&anchors, manner, anchors.folder, WAY_DIRECT, false);
    }
    anchors_free(&anchors);
}

static void test_two_clients_see_the_same_change(void **state)
{
    struct anchors anchors;
    const char *url = url_of("https", scene.web.ports[FLAW_NONE], "");
    struct anycert_client *clients[2];

    (void)state;
    anchors_make(&anchors);
    put(&anchors, anchors.right, IN_PLACE);
    for (int i = 0; i < 2; i++) {
        clients[i] = ask_under("hardened", anchors.path);
        ask_works(clients[i], url);
    }
    put(&anchors, anchors.wrong, BY_RENAMING);
    for (int i = 0; i < 2; i++)
        assert_true(ask_fails(clients[i], url, ANYCERT_E_TRUST_ISSUER));
    put(&anchors, anchors.right, BY_RENAMING);
    for (int i = 0; i < 2; i++) {
        assert_false(ask_works(clients[i], url));
        anycert_client_free(clients[i]);
    }
    anchors_free(&anchors);
}

static void test_anchor_file_that_vanishes_is_an_error(void **state)
{
    struct anchors anchors;
    const char *url = url_of("https", scene.web.ports[FLAW_NONE], "");
    struct anycert_client *client = NULL;
    struct answer answer;

    (void)state;
    anchors_make(&anchors);
    put(&anchors, anchors.right, IN_PLACE);
    client = ask_under("hardened", anchors.path);
    ask_works(client, url);
    assert_int_equal(unlink(anchors.path), 0);
    wait_until_clients_look();
    for (int i = 0; i < 2; i++) {
        answer = ask_get(client, url);
        assert_int_equal(answer.code, ANYCERT_E_ANCHORS);
        assert_non_null(strstr(answer.message, anchors.path));
        answer_free(&answer);
        certs_write(anchors.path, "no certificate\n", 15);
        wait_until_clients_look();
    }
    put(&anchors, anchors.right, IN_PLACE);
    assert_false(ask_works(client, url));
    anycert_client_free(client);
    anchors_free(&anchors);
}

static void test_changed_anchors_of_the_proxy_close_warm_tunnels(void **state)
{
    struct anchors anchors;
    const char *url = url_of("https", scene.web.ports[FLAW_NONE], "");
    struct anycert_client *client = NULL;
    struct answer answer;

    (void)state;
    anchors_make(&anchors);
    put(&anchors, anchors.right, IN_PLACE);
    client = ask_client(&(struct ask){.policy = "trust-any",
                                      .proxy = url_of("https", scene.squid.https[FLAW_NONE], ""),
                                      .proxy_policy = ask_policy("hardened", anchors.path)});
    ask_works(client, url);
    assert_true(ask_works(client, url));
    put(&anchors, anchors.wrong, IN_PLACE);
    answer = ask_get(client, url);
    assert_int_equal(answer.code, ANYCERT_E_PROXY_TRUST);
    assert_false(answer.reused);
    answer_free(&answer);
    anycert_client_free(client);
    anchors_free(&anchors);
}

/* report-only connects whatever its target's anchors are, and its report follows them. */
static void test_report_only_follows_the_anchors_of_its_target(void **state)
{
    struct anchors anchors;
    const char *url = url_of("https", scene.web.ports[FLAW_NONE], "");
    char policy[1024];
    struct anycert_client *client = NULL;

    (void)state;
    anchors_make(&anchors);
    snprintf(policy, sizeof policy, "report-only for=\"hardened ca=%s\"", anchors.path);
    put(&anchors, anchors.right, IN_PLACE);
    client = ask_client(&(struct ask){.policy = policy});
    for (int i = 0; i < 6; i++) {
        struct answer answer = ask_get(client, url);

        assert_int_equal(answer.code, 0);
        assert_int_equal(answer.reference_verdict, i % 2 == 0 ? ANYCERT_PASS : ANYCERT_FAIL);
        assert_int_equal(answer.authenticated, i % 2 == 0);
        answer_free(&answer);
        if (i % 4 == 3)
            assert_int_equal(unlink(anchors.path), 0);
        put(&anchors, i % 2 == 0 ? anchors.wrong : anchors.right, IN_PLACE);
        if (i == 2) { /* and comes back to them after they were gone */
            assert_int_equal(unlink(anchors.path), 0);
            wait_until_clients_look();
            answer = ask_get(client, url);
            assert_int_equal(answer.code, 0);
            assert_int_equal(answer.reference_verdict, ANYCERT_FAIL);
            answer_free(&answer);
            put(&anchors, anchors.wrong, IN_PLACE);
        }
    }
    anycert_client_free(client);
    anchors_free(&anchors);
}

static void test_plain_libcurl_does_not_see_a_changed_ca_file(void **state)
{
    struct anchors anchors;
    struct plain_call call = {.url = url_of("https", scene.web.ports[FLAW_NONE], "")};
    CURL *easy = curl_easy_init();

    (void)state;
    anchors_make(&anchors);
    call.ca_file = anchors.path;
    put(&anchors, anchors.right, IN_PLACE);
    assert_int_equal(plain_get(easy, &call).rc, CURLE_OK);
    put(&anchors, anchors.wrong, BY_RENAMING);
    assert_int_equal(plain_get(easy, &call).rc, CURLE_OK);
    call.fresh_connect = true;
    assert_int_equal(plain_get(easy, &call).rc, CURLE_OK);
    curl_easy_cleanup(easy);
    anchors_free(&anchors);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_warm_connection_does_not_outlive_its_policy, set_clock),
        cmocka_unit_test_setup(test_policy_that_has_ended_before_is_hardened, set_clock),
        cmocka_unit_test_setup(test_a_clock_that_cannot_be_right_judges_nothing, set_clock),
        cmocka_unit_test_setup(test_ended_policy_of_an_https_proxy_closes_warm_tunnels, set_clock),
        cmocka_unit_test(test_plain_libcurl_keeps_a_connection_beyond_its_date),
        cmocka_unit_test_setup(test_certificate_expires_on_a_warm_connection, set_clock),
        cmocka_unit_test_setup(test_anchor_expires_on_a_warm_connection, set_clock),
        cmocka_unit_test_setup(test_proxy_certificate_expires_on_a_warm_tunnel, set_clock),
        cmocka_unit_test(test_changed_anchor_file_is_seen_by_a_warm_client),
        cmocka_unit_test(test_two_clients_see_the_same_change),
        cmocka_unit_test(test_anchor_file_that_vanishes_is_an_error),
        cmocka_unit_test(test_changed_anchors_of_the_proxy_close_warm_tunnels),
        cmocka_unit_test(test_report_only_follows_the_anchors_of_its_target),
        cmocka_unit_test(test_plain_libcurl_does_not_see_a_changed_ca_file),
    };

    return cmocka_run_group_tests(tests, make_scene, free_scene);
}
