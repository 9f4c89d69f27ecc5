/* Which host is judged by which policy: the client's, an entry of the policy file, or hardened. */
#include "client/ask.h"
#include "client/servers.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "support/certs.h"

static struct pki pki;
static struct web web;
static struct squid squid;
static _Atomic int64_t present; /* what the clients' clock shows */

static int64_t show_clock(void *arg)
{
    (void)arg;
    return present;
}

static int make_servers(void **state)
{
    (void)state;
    pki_make(&pki);
    web_start(&web, &pki);
    squid_start(&squid, &pki);
    return 0;
}

static int free_servers(void **state)
{
    (void)state;
    squid_stop(&squid);
    web_stop(&web);
    pki_free(&pki);
    return 0;
}

static const char *url_with(enum flaw flaw)
{
    return url_of("https", web.ports[flaw], "");
}

/* A redirect of the server without a flaw, or with one, to another one. */
static const char *redirect(enum flaw from, enum flaw to)
{
    static char path[256];

    snprintf(path, sizeof path, "go?to=%s", url_with(to));
    return url_of("https", web.ports[from], path);
}

/* A line of a policy file for the server with a flaw. */
static const char *line(enum flaw flaw, const char *policy)
{
    static char text[4][512];
    static int next;
    char *out = text[next++ % 4];

    snprintf(out, sizeof text[0], "localhost:%d %s", web.ports[flaw], policy);
    return out;
}

static void assert_refused(struct anycert_client *client, const char *url, int code,
                           const char *says)
{
    struct answer answer = ask_get(client, url);

    assert_int_equal(answer.code, code);
    if (says && !strstr(answer.message, says))
        fail_msg("'%s' does not say '%s'", answer.message, says);
    assert_int_equal(answer.verdict, ANYCERT_FAIL);
    answer_free(&answer);
}

static void test_entry_is_for_its_host_and_port_alone(void **state)
{
    struct anycert_client *client = ask_client(
        &(struct ask){.file = line(FLAW_EXPIRED, "hardened+expired"), .anchors = pki.root_path});

    (void)state;
    assert_false(ask_works(client, url_with(FLAW_EXPIRED)));
    assert_true(ask_works(client, url_with(FLAW_EXPIRED)));
    ask_works(client, url_with(FLAW_NONE));
    for (enum flaw flaw = FLAW_SELF_SIGNED; flaw < FLAW_COUNT; flaw++) {
        if (flaw != FLAW_EXPIRED)
            assert_refused(client, url_with(flaw), flaw_code(flaw), NULL);
    }
    anycert_client_free(client);
}

static void test_entry_relaxes_what_it_says_alone(void **state)
{
    struct anycert_client *client = ask_client(
        &(struct ask){.file = "# first\nlocalhost hardened+expired", .anchors = pki.root_path});

    (void)state;
    for (enum flaw flaw = FLAW_NONE; flaw < FLAW_COUNT; flaw++) {
        if (flaw == FLAW_NONE || flaw == FLAW_EXPIRED)
            ask_works(client, url_with(flaw));
        else
            assert_refused(client, url_with(flaw), flaw_code(flaw), "by the policy of f:2: ");
    }
    anycert_client_free(client);
}

static void test_policy_of_the_client_goes_before_the_file(void **state)
{
    struct anycert_client *client = ask_client(&(struct ask){
        .policy = ask_policy("hardened", pki.root_path), .file = "localhost trust-any"});

    (void)state;
    ask_works(client, url_with(FLAW_NONE));
    for (enum flaw flaw = FLAW_SELF_SIGNED; flaw < FLAW_COUNT; flaw++)
        assert_refused(client, url_with(flaw), flaw_code(flaw), NULL);
    anycert_client_free(client);
}

static void test_redirect_is_judged_by_the_entry_of_its_host(void **state)
{
    static const char *const policies[] = {NULL, "hardened", "hardened+self-signed"};

    (void)state;
    for (size_t i = 0; i < sizeof policies / sizeof policies[0]; i++) {
        struct anycert_client *client = ask_client(
            &(struct ask){.policy = policies[i] ? ask_policy(policies[i], pki.root_path) : NULL,
                          .file = line(FLAW_EXPIRED, "hardened+expired"),
                          .anchors = pki.root_path});

        ask_works(client, redirect(FLAW_NONE, FLAW_EXPIRED));
        ask_works(client, redirect(FLAW_NONE, FLAW_EXPIRED));
        assert_refused(client, redirect(FLAW_NONE, FLAW_SELF_SIGNED), ANYCERT_E_TRUST_ISSUER,
                       i == 2 ? "after a redirect from https://localhost:" : NULL);
        assert_refused(client, redirect(FLAW_NONE, FLAW_WRONG_HOST), ANYCERT_E_TRUST_NAME, NULL);
        /* As the request's own host it is the client's business, if that says anything. */
        if (policies[i])
            assert_refused(client, url_with(FLAW_EXPIRED), ANYCERT_E_TRUST_DATES, NULL);
        else
            ask_works(client, url_with(FLAW_EXPIRED));
        anycert_client_free(client);
    }
}

static void test_entry_may_be_stricter_than_a_redirect_would_be(void **state)
{
    struct anycert_client *client =
        ask_client(&(struct ask){.policy = ask_policy("hardened", pki.root_path),
                                 .file = line(FLAW_EXPIRED, "hardened ca=system")});

    (void)state;
    assert_refused(client, redirect(FLAW_NONE, FLAW_EXPIRED), ANYCERT_E_TRUST_ISSUER, "f:1");
    anycert_client_free(client);
}

static void test_trust_any_of_the_client_covers_every_hop(void **state)
{
    static const char *const rungs[] = {"trust-any", "report-only"};

    (void)state;
    for (size_t i = 0; i < sizeof rungs / sizeof rungs[0]; i++) {
        struct anycert_client *client =
            ask_client(&(struct ask){.policy = rungs[i], .file = "localhost hardened"});

        ask_works(client, redirect(FLAW_EXPIRED, FLAW_SELF_SIGNED));
        ask_works(client, url_with(FLAW_WRONG_HOST));
        anycert_client_free(client);
    }
}

/* The last second of the third day from now, and its date. */
static int64_t end_of_third_day(char date[11])
{
    time_t today = time(NULL), last = today - today % 86400 + 3 * CERTS_DAY + 86399;
    struct tm tm;

    assert_non_null(gmtime_r(&last, &tm));
    strftime(date, 11, "%Y-%m-%d", &tm);
    present = today;
    return last;
}

static void test_trust_any_that_has_ended_leaves_redirects_to_the_file(void **state)
{
    char date[11], rung[64];
    int64_t last = end_of_third_day(date);
    struct anycert_client *client = NULL;

    (void)state;
    snprintf(rung, sizeof rung, "trust-any until=%s", date);
    client = ask_client(&(struct ask){.policy = ask_policy(rung, pki.root_path),
                                      .file = line(FLAW_EXPIRED, "hardened+expired"),
                                      .now = show_clock});
    present = last;
    ask_works(client, redirect(FLAW_NONE, FLAW_SELF_SIGNED));
    ask_works(client, redirect(FLAW_NONE, FLAW_EXPIRED));
    present = last + 1;
    assert_refused(client, redirect(FLAW_NONE, FLAW_SELF_SIGNED), ANYCERT_E_TRUST_ISSUER, NULL);
    ask_works(client, redirect(FLAW_NONE, FLAW_EXPIRED));
    assert_refused(client, url_with(FLAW_EXPIRED), ANYCERT_E_TRUST_DATES, "the policy ended on");
    anycert_client_free(client);
}

static void test_entry_of_a_proxy(void **state)
{
    static char file[512];
    const char *proxy = url_of("https", squid.https[FLAW_EXPIRED], "");
    struct ask ask = {.file = file, .anchors = pki.root_path, .proxy = proxy};
    struct anycert_client *client = NULL;
    struct answer answer;

    (void)state;
    snprintf(file, sizeof file, "localhost:%d hardened+expired ca=%s", squid.https[FLAW_EXPIRED],
             pki.root_path);
    client = ask_client(&ask);
    ask_works(client, url_with(FLAW_NONE));
    /* It is for the proxy's own link. */
    assert_refused(client, url_with(FLAW_EXPIRED), ANYCERT_E_TRUST_DATES, NULL);
    anycert_client_free(client);

    /* What is said for the proxy goes before it. */
    ask.proxy_policy = ask_policy("hardened", pki.root_path);
    client = ask_client(&ask);
    answer = ask_get(client, url_with(FLAW_NONE));
    assert_int_equal(answer.code, ANYCERT_E_PROXY_TRUST);
    answer_free(&answer);
    anycert_client_free(client);

    /* Nor does what is said for the servers reach the proxy. */
    ask = (struct ask){.policy = "trust-any", .file = "other hardened", .proxy = proxy};
    client = ask_client(&ask);
    answer = ask_get(client, url_with(FLAW_NONE));
    assert_int_equal(answer.code, ANYCERT_E_PROXY_TRUST);
    answer_free(&answer);
    anycert_client_free(client);
}

static void test_end_of_an_entry_counts_for_warm_connections(void **state)
{
    char file[512];
    struct anycert_client *client = NULL;
    char date[11];
    int64_t last = end_of_third_day(date);

    (void)state;
    snprintf(file, sizeof file, "localhost:%d hardened+expired until=%s\nlocalhost trust-any",
             web.ports[FLAW_EXPIRED], date);
    client = ask_client(&(struct ask){.file = file, .anchors = pki.root_path, .now = show_clock});
    assert_false(ask_works(client, url_with(FLAW_EXPIRED)));
    present = last;
    assert_true(ask_works(client, url_with(FLAW_EXPIRED)));
    present = last + 1;
    for (int i = 0; i < 2; i++)
        assert_true(ask_fails(client, url_with(FLAW_EXPIRED), ANYCERT_E_TRUST_DATES));
    assert_refused(client, url_with(FLAW_EXPIRED), ANYCERT_E_TRUST_DATES,
                   "the policy of f:1 ended on");
    assert_refused(client, redirect(FLAW_NONE, FLAW_EXPIRED), ANYCERT_E_TRUST_DATES, date);
    ask_works(client, url_with(FLAW_WRONG_HOST));
    anycert_client_free(client);
}

static void test_anchors_of_an_entry_that_are_not_there_stop_its_hosts_alone(void **state)
{
    char file[512], path[300];
    struct anycert_client *client = NULL;
    struct answer answer;

    (void)state;
    snprintf(path, sizeof path, "%s/later.pem", pki.folder);
    snprintf(file, sizeof file, "other hardened\nlocalhost:%d hardened+expired ca=%s",
             web.ports[FLAW_EXPIRED], path);
    client = ask_client(&(struct ask){.file = file, .anchors = pki.root_path});
    for (int i = 0; i < 2; i++) {
        answer = ask_get(client, url_with(FLAW_EXPIRED));
        assert_int_equal(answer.code, ANYCERT_E_ANCHORS);
        assert_int_equal(strncmp(answer.message, "f:2: ", 5), 0);
        answer_free(&answer);
    }
    ask_works(client, url_with(FLAW_NONE));
    assert_int_equal(symlink(pki.root_path, path), 0);
    ask_works(client, url_with(FLAW_EXPIRED));
    assert_int_equal(unlink(path), 0);
    anycert_client_free(client);
}

static void test_connections_of_one_host_are_not_those_of_another_name_for_it(void **state)
{
    char url[64];
    struct anycert_client *client = ask_client(
        &(struct ask){.file = "localhost trust-any\n127.0.0.0/8 hardened\n[::1] hardened",
                      .anchors = pki.root_path});

    (void)state;
    snprintf(url, sizeof url, "https://127.0.0.1:%d/", web.ports[FLAW_SELF_SIGNED]);
    for (int i = 0; i < 2; i++) {
        assert_int_equal(ask_works(client, url_with(FLAW_SELF_SIGNED)), i == 1);
        assert_true(ask_fails(client, url, ANYCERT_E_TRUST_ISSUER));
    }
    anycert_client_free(client);
}

static void test_what_cannot_be_set_is_refused(void **state)
{
    struct anycert_error err = {0};
    struct anycert_config *config = anycert_config_new(&err);
    const char *text = "a hardened\nb hardened ca=sha256:"
                       "0000000000000000000000000000000000000000000000000000000000000000";
    struct anycert_policy_file *file = anycert_policy_file_parse(text, strlen(text), "f", &err);
    struct anycert_policy *policy = anycert_policy_parse("hardened+expired", &err);

    (void)state;
    assert_int_equal(anycert_config_set_policy_file(config, file, &err), -1);
    assert_int_equal(err.code, ANYCERT_E_POLICY_UNAVAILABLE);
    assert_int_equal(strncmp(err.message, "f:2: ", 5), 0);
    err = (struct anycert_error){0};
    assert_int_equal(anycert_config_set_default_anchors(config, policy, &err), -1);
    assert_int_equal(err.code, ANYCERT_E_USAGE);
    assert_int_equal(anycert_config_set_default_anchors(config, NULL, NULL), 0);
    assert_int_equal(anycert_config_set_policy_file(config, NULL, NULL), 0);
    anycert_policy_free(policy);
    anycert_policy_file_free(file);
    anycert_config_free(config);
}

static void test_explain_names_the_entry(void **state)
{
    struct anycert_client *client = ask_client(
        &(struct ask){.file = "\n*.lab.example trust-any reason=lab", .anchors = pki.root_path});
    char *text = anycert_client_explain(client, "https://a.lab.example/", NULL);

    (void)state;
    assert_non_null(strstr(text, "policy   trust-any ca="));
    assert_non_null(strstr(text, "entry    f:2\n"));
    anycert_free(text);
    text = anycert_client_explain(client, "https://lab.example/", NULL);
    assert_non_null(strstr(text, "policy   hardened ca="));
    assert_null(strstr(text, "entry "));
    anycert_free(text);
    anycert_client_free(client);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_entry_is_for_its_host_and_port_alone),
        cmocka_unit_test(test_entry_relaxes_what_it_says_alone),
        cmocka_unit_test(test_policy_of_the_client_goes_before_the_file),
        cmocka_unit_test(test_redirect_is_judged_by_the_entry_of_its_host),
        cmocka_unit_test(test_entry_may_be_stricter_than_a_redirect_would_be),
        cmocka_unit_test(test_trust_any_of_the_client_covers_every_hop),
        cmocka_unit_test(test_trust_any_that_has_ended_leaves_redirects_to_the_file),
        cmocka_unit_test(test_entry_of_a_proxy),
        cmocka_unit_test(test_end_of_an_entry_counts_for_warm_connections),
        cmocka_unit_test(test_anchors_of_an_entry_that_are_not_there_stop_its_hosts_alone),
        cmocka_unit_test(test_connections_of_one_host_are_not_those_of_another_name_for_it),
        cmocka_unit_test(test_what_cannot_be_set_is_refused),
        cmocka_unit_test(test_explain_names_the_entry),
    };

    return cmocka_run_group_tests(tests, make_servers, free_servers);
}
