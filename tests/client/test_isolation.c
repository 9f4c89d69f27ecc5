/* A relaxed call leaves nothing behind that a strict one could use: no connection, no TLS session,
 * no anchor. Each scenario is run over every way to the server, and on a common use of libcurl,
 * where it goes wrong. */
#include "client/places.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include <openssl/pem.h>

#include "lab/lab.h"
#include "support/certs.h"

static void say(const struct place *place)
{
    print_message("%s\n", place->name);
}

static struct scene scene;
static struct lab *lab;

static int make_scene(void **state)
{
    static const char *const names[] = {"good", "self-signed", "untrusted-root"};
    struct anycert_error err = {0};

    (void)state;
    scene_make(&scene);
    if (lab_start(names, sizeof names / sizeof names[0], &lab, &err) < 0)
        fail_msg("%s", err.message);
    return 0;
}

static int free_scene(void **state)
{
    (void)state;
    lab_stop(lab);
    scene_free(&scene);
    return 0;
}

/* ---- two clients, one server (P1, P2) */

static const char *const relaxed_policies[] = {"trust-any", "report-only", "hardened+self-signed"};
#define RELAXED_COUNT (sizeof relaxed_policies / sizeof relaxed_policies[0])

static struct anycert_client *client_at(const struct place *place, const char *rung)
{
    struct ask ask = {0};

    place_take(&scene, place, &ask);
    ask.policy = strncmp(rung, "hardened", 8) == 0 ? ask_policy(rung, scene.pki.root_path) : rung;
    return ask_client(&ask);
}

static void alternate(const struct place *place, const char *rung, const char *path)
{
    struct anycert_client *relaxed = client_at(place, rung);
    struct anycert_client *strict = client_at(place, "hardened");

    say(place);
    for (int i = 0; i < 3; i++) {
        bool reused = ask_works(relaxed, place_url(&scene, place, path));

        /* Warm connections are really there to be mistaken for others. */
        assert_int_equal(reused, i > 0 && (path[0] == '\0' || place->http2));
        assert_true(ask_fails(strict, place_url(&scene, place, path), ANYCERT_E_TRUST_ISSUER));
    }
    anycert_client_free(relaxed);
    anycert_client_free(strict);
}

static void test_strict_after_relaxed_is_refused_everywhere(void **state)
{
    (void)state;
    for (size_t i = 0; i < place_count; i++) {
        for (size_t j = 0; j < RELAXED_COUNT; j++)
            alternate(&places[i], relaxed_policies[j], "");
    }
}

static void test_strict_after_relaxed_and_connection_close_is_refused(void **state)
{
    (void)state;
    for (size_t i = 0; i < place_count; i++)
        alternate(&places[i], "trust-any", "close");
}

static void test_plain_libcurl_reuses_relaxed_connection_for_strict(void **state)
{
    (void)state;
    for (size_t i = 0; i < place_count; i++) {
        CURL *easy = curl_easy_init();
        struct plain_call call = {.url = place_url(&scene, &places[i], "")};
        struct plain_answer answer;

        say(&places[i]);
        place_take_plain(&scene, &places[i], &call);
        assert_int_not_equal(plain_get(easy, &call).rc, CURLE_OK);
        call.relaxation = PLAIN_ANY;
        assert_int_equal(plain_get(easy, &call).rc, CURLE_OK);
        call.relaxation = PLAIN_STRICT;
        answer = plain_get(easy, &call);
        assert_int_equal(answer.rc, CURLE_OK);
        assert_int_equal(answer.new_connections, 0);
        curl_easy_cleanup(easy);
    }
}

static void test_plain_libcurl_resumes_relaxed_session_for_strict(void **state)
{
    (void)state;
    for (size_t i = 0; i < place_count; i++) {
        CURL *easy = curl_easy_init();
        struct plain_call call = {.url = place_url(&scene, &places[i], "close"),
                                  .forbid_reuse = true};
        struct plain_answer answer;

        say(&places[i]);
        place_take_plain(&scene, &places[i], &call);
        call.http2 = false; /* 7.88 closes HTTP/2 before it has read the tickets */
        call.relaxation = PLAIN_ANY;
        assert_int_equal(plain_get(easy, &call).rc, CURLE_OK);
        call.relaxation = PLAIN_STRICT;
        answer = plain_get(easy, &call);
        assert_int_equal(answer.rc, CURLE_OK);
        assert_int_equal(answer.verify_calls, 0);
        assert_true(answer.new_connections > 0);
        assert_non_null(strstr(answer.body, " r "));
        curl_easy_cleanup(easy);
    }
}

static void test_plain_libcurl_shares_relaxed_session_between_handles(void **state)
{
    CURLSH *share = plain_share();
    CURL *relaxed = curl_easy_init();
    CURL *strict = curl_easy_init();
    struct plain_call call = {.url = place_url(&scene, &places[0], "close"),
                              .ca_file = scene.pki.root_path,
                              .share = share,
                              .relaxation = PLAIN_ANY};

    (void)state;
    assert_int_equal(plain_get(relaxed, &call).rc, CURLE_OK);
    call.relaxation = PLAIN_STRICT;
    assert_int_equal(plain_get(strict, &call).rc, CURLE_OK);
    curl_easy_cleanup(relaxed);
    curl_easy_cleanup(strict);
    curl_share_cleanup(share);
}

/* ---- no session is ever resumed */

static void test_sessions_are_never_resumed(void **state)
{
    (void)state;
    for (size_t i = 0; i < place_count; i++) {
        for (int j = 0; j < 3; j++) {
            struct anycert_client *client = client_at(&places[i], "hardened+self-signed");
            struct answer answer = ask_get(client, place_url(&scene, &places[i], "close"));

            assert_int_equal(answer.code, 0);
            assert_false(answer.reused);
            assert_non_null(strstr(answer.body, " . "));
            assert_string_equal(answer.protocol, places[i].tls12 ? "TLSv1.2" : "TLSv1.3");
            assert_string_equal(answer.http_version, places[i].http2 ? "2" : "1.1");
            answer_free(&answer);
            if (!places[i].http2) { /* on the same libcurl handle, once the server has closed */
                answer = ask_get(client, place_url(&scene, &places[i], "close"));
                assert_false(answer.reused);
                assert_non_null(strstr(answer.body, " . "));
                answer_free(&answer);
            }
            anycert_client_free(client);
        }
    }
}

/* ---- one client that is relaxed for the first origin only */

static const struct lab_server *server(const char *name)
{
    const struct lab_server *found = lab_server_find(lab, name);

    assert_non_null(found);
    return found;
}

static const char *redirect(const char *from, const char *to)
{
    static char url[1024];

    snprintf(url, sizeof url, "%sredirect?to=%s", lab_server_url(server(from)), to);
    return url;
}

static void test_warm_connection_of_own_origin_is_not_used_for_a_redirect(void **state)
{
    static const char *const rungs[] = {"hardened+self-signed", "hardened+self-signed+expired"};

    (void)state;
    for (size_t i = 0; i < sizeof rungs / sizeof rungs[0]; i++) {
        struct anycert_client *client = ask_under(rungs[i], lab_file(lab, LAB_FILE_ROOT));
        const char *bad = lab_server_url(server("self-signed"));

        assert_false(ask_works(client, bad));
        assert_true(ask_works(client, bad));
        for (int j = 0; j < 2; j++) {
            struct answer answer = ask_get(client, redirect("good", bad));

            assert_int_equal(answer.code, ANYCERT_E_TRUST_ISSUER);
            assert_int_equal(anycert_response_hop_count(answer.response), 2);
            assert_int_equal(answer.verdict, ANYCERT_FAIL);
            assert_false(answer.reused);
            answer_free(&answer);
        }
        assert_true(ask_works(client, bad));
        anycert_client_free(client);
    }
}

static void test_trust_any_covers_redirects(void **state)
{
    struct anycert_client *client = ask_client(&(struct ask){.policy = "trust-any"});

    (void)state;
    ask_works(client, redirect("good", lab_server_url(server("self-signed"))));
    anycert_client_free(client);
}

/* ---- anchors of one call in the next (P3) */

static char *other_root(void)
{
    return child_log(lab_file(lab, LAB_FILE_OTHER_ROOT));
}

static struct anycert_client *client_with_added_ca(void)
{
    struct anycert_error err = {0};
    struct anycert_policy *policy = anycert_policy_new(&err);
    struct anycert_config *config = anycert_config_new(&err);
    struct anycert_client *client = NULL;
    char *pem = other_root();

    assert_int_equal(anycert_policy_add_ca_path(policy, lab_file(lab, LAB_FILE_ROOT), &err), 0);
    assert_int_equal(anycert_policy_add_ca_pem(policy, pem, strlen(pem), &err), 0);
    assert_int_equal(anycert_config_set_policy(config, policy, &err), 0);
    client = anycert_client_new(config, &err);
    assert_non_null(client);
    anycert_config_free(config);
    anycert_policy_free(policy);
    free(pem);
    return client;
}

static void test_added_ca_counts_for_its_client_only(void **state)
{
    const char *url = lab_server_url(server("untrusted-root"));

    (void)state;
    for (int order = 0; order < 2; order++) {
        struct anycert_client *with = order ? client_with_added_ca() : NULL;
        struct anycert_client *without = ask_under("hardened", lab_file(lab, LAB_FILE_ROOT));

        for (int i = 0; i < 3; i++) {
            assert_true(ask_fails(without, url, ANYCERT_E_TRUST_ISSUER));
            if (!with)
                with = client_with_added_ca();
            ask_works(with, url);
        }
        assert_true(ask_fails(without, url, ANYCERT_E_TRUST_ISSUER));
        anycert_client_free(with);
        anycert_client_free(without);
    }
}

static X509 *read_cert(const char *pem)
{
    BIO *bio = BIO_new_mem_buf(pem, -1);
    X509 *cert = PEM_read_bio_X509(bio, NULL, NULL, NULL);

    BIO_free(bio);
    assert_non_null(cert);
    return cert;
}

static void test_plain_libcurl_keeps_or_drops_an_added_ca(void **state)
{
    char *pem = other_root();
    X509 *ca = read_cert(pem);
    struct plain_call call = {.url = lab_server_url(server("untrusted-root")),
                              .ca_file = lab_file(lab, LAB_FILE_ROOT),
                              .fresh_connect = true,
                              .extra_ca = ca};
    CURL *easy = curl_easy_init();
    CURLcode strict, with, strict_again;

    (void)state;
    strict = plain_get(easy, &call).rc;
    call.relaxation = PLAIN_ADD_CA;
    with = plain_get(easy, &call).rc;
    curl_easy_cleanup(easy);
    easy = curl_easy_init();
    (void)plain_get(easy, &call);
    call.relaxation = PLAIN_STRICT;
    strict_again = plain_get(easy, &call).rc;
    curl_easy_cleanup(easy);
    X509_free(ca);
    free(pem);
    assert_int_equal(strict, CURLE_PEER_FAILED_VERIFICATION);
    /* 7.88 replaces the store that was edited and keeps the edited one for the next; later versions
     * share sessions. */
    assert_true(with != CURLE_OK || strict_again == CURLE_OK);
}

/* ---- everything that makes up the pool's key (P5) */

static void test_clients_with_other_options_share_nothing(void **state)
{
    struct anycert_client *one = ask_under("hardened", lab_file(lab, LAB_FILE_ROOT));
    struct anycert_client *same = ask_under("hardened", lab_file(lab, LAB_FILE_ROOT));
    const struct lab_server *good = server("good");
    uint64_t before = lab_server_connections(good);

    (void)state;
    assert_false(ask_works(one, lab_server_url(good)));
    assert_false(ask_works(same, lab_server_url(good)));
    assert_true(ask_works(one, lab_server_url(good)));
    assert_int_equal(lab_server_connections(good) - before, 2);
    assert_int_equal(lab_server_resumptions(good), 0);
    anycert_client_free(one);
    anycert_client_free(same);
}

static void test_anchor_paths_differ_by_case(void **state)
{
    char *folder = certs_folder();
    char *lower = certs_path(folder, "root.pem");
    char *upper = certs_path(folder, "ROOT.pem");
    char *pem = child_log(lab_file(lab, LAB_FILE_OTHER_ROOT));
    struct anycert_client *right = NULL;
    struct anycert_client *wrong = NULL;

    (void)state;
    certs_write(lower, pem, strlen(pem));
    free(pem);
    pem = child_log(lab_file(lab, LAB_FILE_ROOT));
    certs_write(upper, pem, strlen(pem));
    free(pem);
    right = ask_under("hardened", lower);
    wrong = ask_under("hardened", upper);
    ask_works(right, lab_server_url(server("untrusted-root")));
    assert_true(ask_fails(wrong, lab_server_url(server("untrusted-root")), ANYCERT_E_TRUST_ISSUER));
    anycert_client_free(right);
    anycert_client_free(wrong);
    certs_remove(folder);
    free(lower);
    free(upper);
    free(folder);
}

static void test_plain_libcurl_compares_pins_without_case(void **state)
{
    char pin[64];
    CURL *easy = curl_easy_init();
    struct plain_call call = {
        .url = lab_server_url(server("good")), .ca_file = lab_file(lab, LAB_FILE_ROOT), .pin = pin};
    struct plain_answer answer;

    (void)state;
    snprintf(pin, sizeof pin, "%s", lab_server_pin(server("good")));
    assert_int_equal(plain_get(easy, &call).rc, CURLE_OK);
    for (char *p = pin + 8; *p; p++) {
        if (*p >= 'a' && *p <= 'z')
            *p = (char)(*p - 'a' + 'A');
    }
    answer = plain_get(easy, &call);
    if (curl_version_info(CURLVERSION_NOW)->version_num <
        0x080000) { /* later ones have learned it */
        assert_int_equal(answer.rc, CURLE_OK);
        assert_int_equal(answer.new_connections, 0);
    }
    curl_easy_cleanup(easy);
}

/* ---- clear text for TLS (P6) */

static void test_http_and_https_of_one_port_share_nothing(void **state)
{
    struct anycert_client *client = ask_under("hardened", scene.pki.root_path);
    struct wiretap *tap = wiretap_start(&(struct wiretap_plan){.role = WIRETAP_ORIGIN});
    uint16_t port = wiretap_port(tap);
    struct wiretap_seen seen;
    struct answer answer;

    (void)state;
    ask_works(client, url_of("http", port, ""));
    assert_true(ask_works(client, url_of("http", port, "")));
    answer = ask_get(client, url_of("https", port, "secret"));
    assert_int_not_equal(answer.code, 0);
    assert_int_equal(answer.status, 0);
    answer_free(&answer);
    anycert_client_free(client);
    seen = wiretap_stop(tap);
    assert_null(strstr(seen.text, "secret"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_strict_after_relaxed_is_refused_everywhere),
        cmocka_unit_test(test_strict_after_relaxed_and_connection_close_is_refused),
        cmocka_unit_test(test_plain_libcurl_reuses_relaxed_connection_for_strict),
        cmocka_unit_test(test_plain_libcurl_resumes_relaxed_session_for_strict),
        cmocka_unit_test(test_plain_libcurl_shares_relaxed_session_between_handles),
        cmocka_unit_test(test_sessions_are_never_resumed),
        cmocka_unit_test(test_warm_connection_of_own_origin_is_not_used_for_a_redirect),
        cmocka_unit_test(test_trust_any_covers_redirects),
        cmocka_unit_test(test_added_ca_counts_for_its_client_only),
        cmocka_unit_test(test_plain_libcurl_keeps_or_drops_an_added_ca),
        cmocka_unit_test(test_clients_with_other_options_share_nothing),
        cmocka_unit_test(test_anchor_paths_differ_by_case),
        cmocka_unit_test(test_plain_libcurl_compares_pins_without_case),
        cmocka_unit_test(test_http_and_https_of_one_port_share_nothing),
    };

    return cmocka_run_group_tests(tests, make_scene, free_scene);
}
