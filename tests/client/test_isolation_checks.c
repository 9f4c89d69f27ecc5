/* Relaxing one check relaxes nothing else: every server of the lab under every relaxation, and the
 * many ways to write a name. */
#include "client/ask.h"
#include "client/plain_libcurl.h"

#include <openssl/x509_vfy.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "lab/lab.h"
#include "policy/policy.h"

#define COUNT(a) (sizeof(a) / sizeof(a)[0])

static struct lab *lab;

static int make_scene(void **state)
{
    struct anycert_error err = {0};

    (void)state;
    if (lab_start(NULL, 0, &lab, &err) < 0)
        fail_msg("%s", err.message);
    return 0;
}

static int free_scene(void **state)
{
    (void)state;
    lab_stop(lab);
    return 0;
}

/* ---- the lab's servers × relaxations (P9 to P14, P16, P21)
 *
 * Those of certificates, through the whole client; tls/test_matrix.c has all of them. */

static bool is_of_certificates(const struct anycert_relaxation *r)
{
    return (ANYCERT__RELAX_BIT(anycert_relaxation_id(r)) &
            anycert__relaxations_of_certificates()) != 0;
}

/* Servers that never answer take as long as the client's patience. */
static bool takes_time(const struct lab_condition *condition)
{
    static const char *const names[] = {"silent", "drip-handshake", "drip", "stall",
                                        "large-hello-intolerant"};

    for (size_t i = 0; i < COUNT(names); i++) {
        if (strcmp(condition->name, names[i]) == 0)
            return true;
    }
    return false;
}

static bool has_word(const char *policy, const char *word)
{
    size_t len = strlen(word);

    for (const char *p = strchr(policy, '+'); p; p = strchr(p + 1, '+')) {
        if (strncmp(p + 1, word, len) == 0 &&
            (p[1 + len] == '\0' || p[1 + len] == '+' || p[1 + len] == ' '))
            return true;
    }
    return false;
}

/* True if everything that a server needs is in the policy. wrong-host covers what common-name
 * covers. */
static bool is_covered(const char *needs, const char *policy)
{
    char words[256];
    char *rest = words;

    if (!needs || strncmp(needs, "hardened", 8) != 0 || strchr(needs, ' '))
        return false;
    snprintf(words, sizeof words, "%s", needs + 8);
    for (char *word = strsep(&rest, "+"); word; word = strsep(&rest, "+")) {
        if (*word == '\0' || has_word(policy, word))
            continue;
        if (strcmp(word, "common-name") != 0 || !has_word(policy, "wrong-host"))
            return false;
    }
    return true;
}

static struct anycert_client *client_for(const struct lab_server *server, const char *rung)
{
    return ask_client(&(struct ask){.policy = ask_policy(rung, lab_file(lab, LAB_FILE_ROOT)),
                                    .resolve = lab_server_resolve(server)});
}

static void run_cell(const struct lab_server *server, const char *rung, bool again)
{
    const struct lab_condition *condition = lab_server_condition(server);
    struct anycert_client *client = client_for(server, rung);
    bool covered = is_covered(condition->needs, rung);
    bool flawed = covered && strcmp(condition->needs, "hardened") != 0;

    for (int i = 0; i < (flawed && again ? 2 : 1); i++) { /* the second over the kept connection */
        struct answer answer = ask_get(client, lab_server_url(server));

        if ((answer.code == 0) != covered)
            fail_msg("%s under %s: %d %s", condition->name, rung, answer.code, answer.message);
        if (!covered && condition->http == LAB_HTTP_ROUTES)
            assert_int_equal(answer.status, 0);
        if (covered && !condition->plain) {
            assert_int_equal(answer.verdict, flawed ? ANYCERT_RELAXED : ANYCERT_PASS);
            assert_int_equal(answer.reference_verdict, flawed ? ANYCERT_FAIL : ANYCERT_PASS);
        }
        answer_free(&answer);
    }
    anycert_client_free(client);
}

static void test_each_relaxation_lets_through_what_it_names_and_nothing_else(void **state)
{
    char policy[128];

    (void)state;
    for (size_t i = 0; i < lab_server_count(lab); i++) {
        const struct lab_server *server = lab_server_at(lab, i);

        if (takes_time(lab_server_condition(server)))
            continue;
        run_cell(server, "hardened", true);
        for (const struct anycert_relaxation *r = anycert_relaxation_next(NULL); r;
             r = anycert_relaxation_next(r)) {
            if (!is_of_certificates(r))
                continue;
            snprintf(policy, sizeof policy, "hardened+%s", anycert_relaxation_name(r));
            run_cell(server, policy, true);
        }
    }
}

/* All that can be relaxed of the certificate's side, but one thing. */
static void test_all_relaxations_but_one_refuse_what_that_one_lets_through(void **state)
{
    (void)state;
    for (const struct anycert_relaxation *left_out = anycert_relaxation_next(NULL); left_out;
         left_out = anycert_relaxation_next(left_out)) {
        char policy[512] = "hardened";

        if (!is_of_certificates(left_out))
            continue;
        for (const struct anycert_relaxation *r = anycert_relaxation_next(NULL); r;
             r = anycert_relaxation_next(r)) {
            if (!is_of_certificates(r) || r == left_out)
                continue;
            snprintf(policy + strlen(policy), sizeof policy - strlen(policy), "+%s",
                     anycert_relaxation_name(r));
        }
        for (size_t i = 0; i < lab_server_count(lab); i++) {
            if (!takes_time(lab_server_condition(lab_server_at(lab, i))))
                run_cell(lab_server_at(lab, i), policy, false);
        }
    }
}

static void test_servers_that_never_answer_are_no_success(void **state)
{
    (void)state;
    for (size_t i = 0; i < lab_server_count(lab); i++) {
        const struct lab_server *server = lab_server_at(lab, i);
        const struct lab_condition *condition = lab_server_condition(server);
        bool answers = condition->needs && strcmp(condition->needs, "hardened") == 0;
        struct anycert_client *client = NULL;
        struct answer answer;

        if (!takes_time(condition))
            continue;
        client =
            ask_client(&(struct ask){.policy = ask_policy("hardened", lab_file(lab, LAB_FILE_ROOT)),
                                     .total_ms = answers ? 0 : 400});
        answer = ask_get(client, lab_server_url(server));
        assert_int_equal(answer.code == 0, answers);
        if (!answers)
            assert_int_equal(answer.code, ANYCERT_E_TIMEOUT_TOTAL);
        assert_true(answers || answer.body[0] == '\0');
        answer_free(&answer);
        anycert_client_free(client);
    }
}

/* ---- the report keeps the truth (P10) */

static unsigned count_failures(const struct anycert_report *report, const char *needs,
                               bool *authenticates)
{
    unsigned found = 0;

    *authenticates = true;
    for (const struct anycert_check *check = anycert_report_next_check(report, NULL); check;
         check = anycert_report_next_check(report, check)) {
        const char *relaxation = anycert_check_relaxation(check);

        if (anycert_check_reference_verdict(check) != ANYCERT_FAIL)
            continue;
        found++;
        assert_int_equal(anycert_check_verdict(check), ANYCERT_RELAXED);
        assert_non_null(relaxation);
        assert_true(has_word(needs, relaxation));
        assert_true(anycert_check_x509_code(check) > 0 ||
                    !is_of_certificates(anycert_relaxation_find(relaxation)));
        if (!anycert_relaxation_authenticates(anycert_relaxation_find(relaxation)))
            *authenticates = false;
    }
    return found;
}

/* Where less is offered, nothing that is weaker comes of it. */
static bool is_a_smaller_hello(const char *needs)
{
    static const char *const words[] = {"tls1.2-max", "no-sni",          "no-alpn",      "no-ems",
                                        "no-etm",     "classical-hello", "renegotiation"};

    for (size_t i = 0; i < COUNT(words); i++) {
        if (has_word(needs, words[i]))
            return true;
    }
    return false;
}

/* It asks for a certificate behind its answer: a connection on which something has come is none
 * that libcurl uses again, and whether it has come by then is a matter of moments. */
static bool speaks_between(const struct lab_condition *condition)
{
    return strcmp(condition->name, "post-handshake-auth") == 0;
}

static void test_report_of_a_relaxed_call_names_what_was_wrong(void **state)
{
    unsigned checked = 0;

    (void)state;
    for (size_t i = 0; i < lab_server_count(lab); i++) {
        const struct lab_server *server = lab_server_at(lab, i);
        const struct lab_condition *condition = lab_server_condition(server);
        struct anycert_client *client = NULL;

        if (!is_covered(condition->needs, condition->needs) ||
            strcmp(condition->needs, "hardened") == 0)
            continue;
        {
            struct anycert_policy *policy = anycert_policy_parse(condition->needs, NULL);
            bool available = anycert_policy_available(policy, NULL) == 0;

            anycert_policy_free(policy);
            if (!available)
                continue;
        }
        client = client_for(server, condition->needs);
        for (int j = 0; j < 3; j++) { /* fresh, kept, kept */
            struct answer answer = ask_get(client, lab_server_url(server));
            bool flawed = !is_a_smaller_hello(condition->needs);
            bool authenticates = true;

            if (answer.code != 0)
                fail_msg("%s: %s", condition->name, answer.message);
            if (condition->http == LAB_HTTP_ROUTES && !speaks_between(condition) &&
                answer.reused != (j > 0)) /* others keep none */
                fail_msg("%s: request %d on a %s connection", condition->name, j,
                         answer.reused ? "kept" : "fresh");
            assert_int_equal(answer.verdict, flawed ? ANYCERT_RELAXED : ANYCERT_PASS);
            assert_int_equal(count_failures(anycert_response_report(answer.response),
                                            condition->needs, &authenticates) > 0,
                             flawed);
            assert_int_equal(answer.authenticated, authenticates);
            assert_string_equal(
                anycert_report_authenticated_by(anycert_response_report(answer.response)),
                authenticates ? "chain" : "none");
            answer_free(&answer);
        }
        anycert_client_free(client);
        checked++;
    }
    assert_true(checked >= 25);
}

static const struct lab_server *server(const char *name)
{
    const struct lab_server *found = lab_server_find(lab, name);

    assert_non_null(found);
    return found;
}

static struct plain_answer plain_at(const char *name, enum plain_relaxation relaxation)
{
    CURL *easy = curl_easy_init();
    struct plain_call call = {.url = lab_server_url(server(name)),
                              .resolve = lab_server_resolve(server(name)),
                              .ca_file = lab_file(lab, LAB_FILE_ROOT),
                              .relaxation = relaxation,
                              .now = 1,
                              .until = 2};
    struct plain_answer answer = plain_get(easy, &call);

    curl_easy_cleanup(easy);
    return answer;
}

static void test_plain_libcurl_forgets_what_its_callback_accepted(void **state)
{
    struct plain_answer answer = plain_at("self-signed", PLAIN_ANY);

    (void)state;
    assert_int_equal(answer.rc, CURLE_OK);
    assert_int_equal(answer.verify_result, X509_V_OK);
}

/* The usual ways to get past an expired certificate. */
static void test_plain_libcurl_gives_up_everything_for_one_thing(void **state)
{
    (void)state;
    assert_int_equal(plain_at("expired-and-unknown-root", PLAIN_CHAIN_ONLY_OFF).rc, CURLE_OK);
    assert_int_equal(plain_at("expired-and-wrong-host", PLAIN_UNVERIFIED).rc, CURLE_OK);
    assert_int_equal(plain_at("broken-signature", PLAIN_ANY).rc, CURLE_OK);
}

static void test_plain_libcurl_accepts_more_names_than_hardened(void **state)
{
    static const char *const names[] = {"cn-only", "cn-with-other-san", "ip-in-cn",
                                        "wildcard-public-suffix", "revoked-staple"};

    (void)state;
    for (size_t i = 0; i < COUNT(names); i++) {
        CURLcode rc = plain_at(names[i], PLAIN_STRICT).rc;

        if (rc != CURLE_OK)
            print_message("%s: this libcurl refuses it (%d)\n", names[i], (int)rc);
        if (curl_version_info(CURLVERSION_NOW)->version_num < 0x080000)
            assert_int_equal(rc, CURLE_OK);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_each_relaxation_lets_through_what_it_names_and_nothing_else),
        cmocka_unit_test(test_all_relaxations_but_one_refuse_what_that_one_lets_through),
        cmocka_unit_test(test_servers_that_never_answer_are_no_success),
        cmocka_unit_test(test_report_of_a_relaxed_call_names_what_was_wrong),
        cmocka_unit_test(test_plain_libcurl_forgets_what_its_callback_accepted),
        cmocka_unit_test(test_plain_libcurl_gives_up_everything_for_one_thing),
        cmocka_unit_test(test_plain_libcurl_accepts_more_names_than_hardened),
    };

    return cmocka_run_group_tests(tests, make_scene, free_scene);
}
