/* What a failed request says about itself: on every way to a server, of keys that are known, and
 * under an administrator. */
#include "client/pins.h"
#include "client/told.h"

#include "base/mem.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#define COUNT(a) (sizeof(a) / sizeof(a)[0])

static void test_the_name_that_the_certificate_has(void **state)
{
    struct told told =
        tell_of(&(struct ask){.policy = ask_policy("hardened", lab_file(pins_lab, LAB_FILE_ROOT))},
                lab_server_url(pins_server("wrong-host")));

    (void)state;
    assert_string_equal(anycert_short_diagnosis_other_name(told.diagnosis), "other.lab.test");
    assert_int_equal(anycert_short_diagnosis_relaxation(told.diagnosis, 0),
                     anycert_relaxation_id(anycert_relaxation_find("wrong-host")));
    assert_int_equal(anycert_short_diagnosis_relaxation(told.diagnosis, 1), 0);
    assert_true(strstr(anycert_short_diagnosis_policy(told.diagnosis),
                       " expect-name=other.lab.test") != NULL);
    assert_true(strstr(anycert_short_diagnosis_text(told.diagnosis),
                       "expect-name=other.lab.test (only if that is a name of the server that is "
                       "meant)\n") != NULL);
    anycert_short_diagnosis_free(told.diagnosis);
}

/* ---- keys that are known already ---- */

static void test_pins_and_keys_that_changed(void **state)
{
    const char *url = url_of("https", pins_scene.web.ports[FLAW_SELF_SIGNED], "");
    struct told told =
        tell_of(&(struct ask){.policy = pins_policy("pinned", pins_at(FLAW_NONE), "")}, url);
    const char *policy = NULL;

    (void)state;
    expect_cause(&told, "pin-mismatch", true);
    policy = anycert_short_diagnosis_policy(told.diagnosis);
    assert_true(anycert_short_diagnosis_policy_by_key(told.diagnosis));
    if (!policy || strncmp(policy, "pinned ", 7) != 0 || !strstr(policy, pins_at(FLAW_SELF_SIGNED)))
        fail_msg("%s", anycert_short_diagnosis_text(told.diagnosis));
    anycert_short_diagnosis_free(told.diagnosis);

    told = tell_of(&(struct ask){.policy = "tofu mode=strict",
                                 .trust_store = "/nonexistent/store",
                                 .store_is_read_only = true},
                   url);
    expect_cause(&told, "key-unknown", true);
    assert_null(anycert_short_diagnosis_policy(told.diagnosis));
    anycert_short_diagnosis_free(told.diagnosis);
}

/* ---- the way there ---- */

static void test_ways(void **state)
{
    const char *good = url_of("https", pins_scene.web.ports[FLAW_NONE], "");
    const char *root = pins_scene.pki.root_path;
    const char *hardened = ask_policy("hardened", root);
    struct told told = tell_of(&(struct ask){0}, "https://127.0.0.1:1/a?token=secret");

    (void)state;
    expect_cause(&told, "connection-refused", true);
    assert_string_equal(anycert_short_diagnosis_target(told.diagnosis), "https://127.0.0.1:1/");
    assert_string_equal(anycert_short_diagnosis_command(told.diagnosis),
                        "anycert doctor https://127.0.0.1:1/");
    assert_null(anycert_short_diagnosis_report(told.diagnosis));
    anycert_short_diagnosis_free(told.diagnosis);

    told = tell_of(&(struct ask){0}, "https://nosuch.invalid/");
    expect_cause(&told, "name-not-found", false);
    anycert_short_diagnosis_free(told.diagnosis);

    told =
        tell_of(&(struct ask){.policy = hardened, .proxy = "http://me:s3cret@127.0.0.1:1"}, good);
    expect_cause(&told, "proxy-unreachable", true);
    assert_true(strstr(anycert_short_diagnosis_command(told.diagnosis),
                       " --proxy http://127.0.0.1:1 ") != NULL);
    assert_null(strstr(anycert_short_diagnosis_text(told.diagnosis), "s3cret"));
    anycert_short_diagnosis_free(told.diagnosis);

    told = tell_of(&(struct ask){.policy = hardened, .proxy = "http://nosuch.invalid:3128"}, good);
    expect_cause(&told, "proxy-name-not-found", true);
    anycert_short_diagnosis_free(told.diagnosis);

    told = tell_of(
        &(struct ask){.policy = hardened, .proxy = url_of("http", pins_scene.squid.http, "")},
        "https://127.0.0.1:1/");
    expect_cause(&told, "proxy-cannot-reach", true);
    anycert_short_diagnosis_free(told.diagnosis);

    told = tell_of(
        &(struct ask){.policy = hardened, .proxy = url_of("https", pins_scene.squid.http, "")},
        good);
    expect_cause(&told, "proxy-is-plain", true);
    anycert_short_diagnosis_free(told.diagnosis);
}

/* What is wrong with a proxy is told of the proxy, and what is advised is for it. */
static void test_proxies_that_are_not_trusted(void **state)
{
    const char *proxy = url_of("https", pins_scene.squid.https[FLAW_SELF_SIGNED], "");
    const char *good = url_of("https", pins_scene.web.ports[FLAW_NONE], "");
    const char *hardened = ask_policy("hardened", pins_scene.pki.root_path);
    struct told told = tell_of(&(struct ask){.policy = hardened, .proxy = proxy}, good);
    struct told again;

    (void)state;
    expect_cause(&told, "self-signed", true);
    assert_int_equal(told.code, ANYCERT_E_PROXY_TRUST);
    assert_string_equal(anycert_report_hop(anycert_short_diagnosis_report(told.diagnosis)),
                        "proxy");
    assert_string_equal(anycert_short_diagnosis_target(told.diagnosis), good);
    again = tell_of(&(struct ask){.policy = hardened,
                                  .proxy = proxy,
                                  .proxy_policy = anycert_short_diagnosis_policy(told.diagnosis)},
                    good);
    if (again.code != 0)
        fail_msg("%s", again.message);
    anycert_short_diagnosis_free(told.diagnosis);
}

/* An answer that ends while it is read. */
static void test_streams(void **state)
{
    struct anycert_client *client = ask_under("hardened", lab_file(pins_lab, LAB_FILE_ROOT));
    struct anycert_error err = {0}, trouble = {0};
    struct anycert_request *request = NULL;
    struct anycert_response *response = NULL;
    struct anycert_stream *stream = NULL;
    struct anycert_short_diagnosis *diagnosis = NULL;
    char url[300], buffer[4096];

    (void)state;
    (void)snprintf(url, sizeof url, "%struncated", lab_server_url(pins_server("good")));
    request = anycert_request_new("GET", url, &err);
    assert_int_equal(anycert_client_open(client, request, &stream, &response, &err), 0);
    assert_int_equal(anycert_stream_diagnose(stream, &err, &diagnosis, &trouble), 0);
    assert_null(diagnosis);
    while (anycert_stream_read(stream, buffer, sizeof buffer, &err) > 0)
        ;
    assert_int_equal(err.code, ANYCERT_E_BODY_TRUNCATED);
    assert_int_equal(anycert_stream_diagnose(stream, &err, &diagnosis, &trouble), 1);
    assert_true(has_cause(diagnosis, "body-truncated"));
    anycert_short_diagnosis_free(diagnosis);
    anycert_stream_close(stream);
    anycert_response_free(response);
    anycert_request_free(request);
    anycert_client_free(client);
}

/* Where no link has failed, nothing is said. */
static void test_other_failures_have_none(void **state)
{
    const char *url = lab_server_url(pins_server("good"));
    const char *root = lab_file(pins_lab, LAB_FILE_ROOT);
    char path[300];
    struct told told;

    (void)state;
    (void)snprintf(path, sizeof path, "%sendless-redirect", url);
    told = tell_of(&(struct ask){.policy = ask_policy("hardened", root)}, path);
    assert_int_equal(told.code, ANYCERT_E_REDIRECTS);
    assert_null(told.diagnosis);
    (void)snprintf(path, sizeof path, "%sredirect?code=302&to=%s", url,
                   lab_server_url(pins_server("http")));
    told = tell_of(&(struct ask){.policy = ask_policy("hardened", root)}, path);
    assert_int_equal(told.code, ANYCERT_E_TRUST_DOWNGRADE);
    assert_null(told.diagnosis);
}

/* A redirect leads elsewhere, where what was said for the first host does not count. */
static void test_the_link_that_failed_is_told_of(void **state)
{
    const char *root = lab_file(pins_lab, LAB_FILE_ROOT);
    const struct lab_server *to = pins_server("expired");
    char url[400], policy[600];
    struct told told;

    (void)state;
    (void)snprintf(url, sizeof url, "%sredirect?code=302&to=%s",
                   lab_server_url(pins_server("wrong-host")), lab_server_url(to));
    (void)snprintf(policy, sizeof policy, "hardened ca=%s expect-name=other.lab.test", root);
    told = tell_of(&(struct ask){.policy = policy}, url);
    expect_cause(&told, "expired", true);
    assert_string_equal(anycert_short_diagnosis_target(told.diagnosis), lab_server_url(to));
    assert_null(strstr(anycert_short_diagnosis_command(told.diagnosis), "--expect-name"));
    assert_null(strstr(anycert_short_diagnosis_policy(told.diagnosis), "expect-name"));
    anycert_short_diagnosis_free(told.diagnosis);
}

/* ---- the administrator ---- */

static void test_the_ceiling_is_obeyed(void **state)
{
    static const struct {
        const char *lines, *has, *forbidden;
    } rows[] = {
        {"max-days 3\n", "hardened+expired ", ""},
        {"require-reason\n", " reason=WHY", ""},
        {"forbid expired\n", "hardened+expired ", ":1: the administrator forbids 'expired'"},
    };
    char path[] = "/tmp/anycert-ceiling-XXXXXX";
    const char *policy = ask_policy("hardened", lab_file(pins_lab, LAB_FILE_ROOT));
    int fd = mkstemp(path);

    (void)state;
    assert_true(fd >= 0);
    assert_int_equal(close(fd), 0);
    assert_int_equal(setenv("ANYCERT_TEST_CEILING", path, 1), 0);
    for (size_t i = 0; i < COUNT(rows); i++) {
        FILE *file = fopen(path, "w");
        struct told told;
        const char *why = NULL;

        assert_non_null(file);
        assert_true(fputs(rows[i].lines, file) >= 0 && fclose(file) == 0);
        told = tell_of(&(struct ask){.policy = policy}, lab_server_url(pins_server("expired")));
        expect_cause(&told, "expired", true);
        why = anycert_short_diagnosis_policy_forbidden(told.diagnosis);
        assert_true(strstr(anycert_short_diagnosis_policy(told.diagnosis), rows[i].has) != NULL);
        assert_true(*rows[i].forbidden ? strstr(why, rows[i].forbidden) != NULL : *why == '\0');
        if (*why == '\0') {
            struct told again =
                tell_of(&(struct ask){.policy = anycert_short_diagnosis_policy(told.diagnosis)},
                        lab_server_url(pins_server("expired")));

            assert_int_equal(again.code, 0);
        }
        anycert_short_diagnosis_free(told.diagnosis);
    }
    assert_int_equal(unsetenv("ANYCERT_TEST_CEILING"), 0);
    assert_int_equal(unlink(path), 0);
}

/* ---- http:// ---- */

static void test_without_tls_there_is_nothing_to_examine(void **state)
{
    struct anycert_error err = {0};
    struct told told = tell_of(&(struct ask){0}, "http://127.0.0.1:1/");

    (void)state;
    expect_cause(&told, "connection-refused", true);
    assert_string_equal(anycert_short_diagnosis_command(told.diagnosis), "");
    assert_null(anycert_doctor_new_for(told.diagnosis, &err));
    assert_int_equal(err.code, ANYCERT_E_USAGE);
    anycert_short_diagnosis_free(told.diagnosis);
}

/* ---- memory ---- */

static void test_no_memory(void **state)
{
    struct anycert_client *client = ask_under("hardened", lab_file(pins_lab, LAB_FILE_ROOT));
    struct anycert_error failure = {0}, err = {0};
    struct anycert_request *request =
        anycert_request_new("GET", lab_server_url(pins_server("expired-and-wrong-host")), &err);
    struct anycert_response *response = NULL;
    struct anycert_short_diagnosis *diagnosis = NULL;
    int result = -1;

    (void)state;
    assert_int_equal(anycert_client_send(client, request, &response, &failure), -1);
    for (unsigned long n = 1; n < 4000; n++) {
        anycert__mem_fail_from(n);
        memset(&err, 0, sizeof err);
        result = anycert_client_diagnose(client, response, &failure, &diagnosis, &err);
        if (anycert__mem_requests() < n)
            break;
        /* Without advice it may be whole all the same. */
        assert_true(result == 1 || err.code == ANYCERT_E_NOMEM);
        anycert_short_diagnosis_free(diagnosis);
    }
    anycert__mem_fail_from(0);
    assert_int_equal(result, 1);
    assert_non_null(anycert_short_diagnosis_policy(diagnosis));
    anycert_short_diagnosis_free(diagnosis);
    anycert_response_free(response);
    anycert_request_free(request);
    anycert_client_free(client);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_name_that_the_certificate_has),
        cmocka_unit_test(test_pins_and_keys_that_changed),
        cmocka_unit_test(test_ways),
        cmocka_unit_test(test_proxies_that_are_not_trusted),
        cmocka_unit_test(test_streams),
        cmocka_unit_test(test_other_failures_have_none),
        cmocka_unit_test(test_the_link_that_failed_is_told_of),
        cmocka_unit_test(test_the_ceiling_is_obeyed),
        cmocka_unit_test(test_without_tls_there_is_nothing_to_examine),
        cmocka_unit_test(test_no_memory),
    };

    return cmocka_run_group_tests(tests, pins_setup, pins_teardown);
}
