/* Where anycert gets an answer, the command line of curl gets one, too: every server of the lab,
 * client certificates, and what this version's policies cannot say yet (pins, names). */
#include "client/ask.h"
#include "client/internal.h"
#include "lab/lab.h"
#include "support/child.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static struct lab *lab;
static char folder[] = "/tmp/anycert-curl-XXXXXX";

static int setup(void **state)
{
    struct anycert_error err = {0};

    (void)state;
    if (mkdtemp(folder) && lab_start(NULL, 0, &lab, &err) == 0)
        return 0;
    fprintf(stderr, "%s\n", err.message);
    return -1;
}

static int teardown(void **state)
{
    char path[300];

    (void)state;
    lab_stop(lab);
    for (unsigned i = 0; i < 2; i++) {
        (void)snprintf(path, sizeof path, "%s/%s", folder, i ? "script" : "log");
        (void)unlink(path);
    }
    return rmdir(folder);
}

/* What curl ends with. */
static int run_curl(struct anycert_client *client, const char *url)
{
    struct anycert_error err = {0};
    struct anycert_request *request = anycert_request_new("GET", url, &err);
    char *command = request ? anycert_client_curl_command(client, request, &err) : NULL;
    char script[300];
    char log[300];
    const char *argv[] = {"sh", script, NULL};
    const char *environment[] = {"PATH=/usr/bin:/bin", NULL};
    FILE *file = NULL;
    int status = 0;

    if (!command)
        fail_msg("%s: %s", url, err.message);
    (void)snprintf(script, sizeof script, "%s/script", folder);
    (void)snprintf(log, sizeof log, "%s/log", folder);
    file = fopen(script, "w");
    assert_non_null(file);
    assert_true(fputs(command, file) >= 0);
    assert_int_equal(fclose(file), 0);
    status = child_run(&(struct child_plan){.argv = argv, .log = log, .environment = environment});
    if (status != 0) {
        char *text = child_log(log);

        fprintf(stderr, "%s\n%s\n", text, command);
        free(text);
    }
    anycert_free(command);
    anycert_request_free(request);
    return status;
}

static const char *policy_of(const char *rung)
{
    static char text[600];

    (void)snprintf(text, sizeof text, "%s ca=%s", rung, lab_file(lab, LAB_FILE_ROOT));
    return text;
}

/* Whether a client can have the policy of the text in this version. */
static bool is_available(const char *text)
{
    struct anycert_policy *policy = anycert_policy_parse(text, NULL);
    bool is_there = policy && anycert_policy_available(policy, NULL) == 0;

    anycert_policy_free(policy);
    return is_there;
}

/* What curl has no option for: a note says so. */
static bool is_beyond_curl(const char *condition)
{
    static const char *const names[] = {
        "no-rfc5746",          "tls10-no-rfc5746",      "oversized-chain",       "long-chain",
        "ecdsa-sha1",          "ec-brainpool-tls13",    "brainpool-group-tls13", "dsa",
        "tls10-dsa-1024",      "sni-unrecognized-name", "sni-intolerant",        "ems-intolerant",
        "secp192r1-group",     "sha1-handshake",        "renegotiation",         "dh-512",
        "post-handshake-auth", "etm-intolerant",        "extension-intolerant",  "ec-192",
        "dh-1024-sha1",
    };

    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        if (strcmp(condition, names[i]) == 0)
            return true;
    }
    return false;
}

static void where_anycert_gets_in_curl_does(void **state)
{
    unsigned tried = 0;

    (void)state;
    for (size_t i = 0; i < lab_server_count(lab); i++) {
        const struct lab_server *server = lab_server_at(lab, i);
        const struct lab_condition *condition = lab_server_condition(server);
        struct ask ask = {.resolve = lab_server_resolve(server)};
        struct anycert_client *client = NULL;
        struct answer answer;

        for (unsigned any = 0; any < 2; any++) {
            const char *rung = any ? condition->trust_any ? "trust-any" : NULL : condition->needs;

            if (!rung || !is_available(rung))
                continue;
            ask.policy = policy_of(rung);
            client = ask_client(&ask);
            answer = ask_get(client, lab_server_url(server));
            if (answer.code != 0)
                fail_msg("%s: %s", condition->name, answer.message);
            answer_free(&answer);
            if (is_beyond_curl(condition->name) || strstr(rung, "sni=")) {
                anycert_client_free(client); /* curl has no option for it: the note says so */
                continue;
            }
            if (run_curl(client, lab_server_url(server)) != 0)
                fail_msg("%s: not with curl under %s", condition->name, rung);
            tried++;
            anycert_client_free(client);
        }
    }
    assert_true(tried > 60);
}

static void client_certificates_are_shown(void **state)
{
    static const char *const names[] = {"client-cert-required", "client-cert-required-tls13"};

    (void)state;
    for (unsigned i = 0; i < 2; i++) {
        struct anycert_client *client =
            ask_client(&(struct ask){.policy = policy_of("hardened"),
                                     .cert = lab_file(lab, LAB_FILE_CLIENT_CERT),
                                     .key = lab_file(lab, LAB_FILE_CLIENT_KEY)});

        assert_int_equal(run_curl(client, lab_server_url(lab_server_find(lab, names[i]))), 0);
        anycert_client_free(client);
    }
}

static void pins_and_names_are_what_curl_checks(void **state)
{
    const struct lab_server *good = lab_server_find(lab, "good");
    const struct lab_server *other = lab_server_find(lab, "good-ec");
    const struct lab_server *bad = lab_server_find(lab, "expired-self-signed");
    struct anycert_client *client = NULL;
    char text[200];

    (void)state;
    for (unsigned i = 0; i < 2; i++) {
        (void)snprintf(text, sizeof text, "hardened pin=%s", lab_server_pin(i ? other : good));
        client = ask_client(&(struct ask){.policy = policy_of(text)});
        assert_int_equal(run_curl(client, lab_server_url(good)), i ? 90 : 0);
        anycert_client_free(client);
        (void)snprintf(text, sizeof text, "pinned pin=%s", lab_server_pin(i ? other : bad));
        client = ask_client(&(struct ask){.policy = policy_of(text)});
        assert_int_equal(run_curl(client, lab_server_url(bad)), i ? 90 : 0);
        anycert_client_free(client);
    }
    for (unsigned i = 0; i < 2; i++) {
        (void)snprintf(text, sizeof text, "hardened expect-name=%s", i ? "a.test" : "localhost");
        client = ask_client(&(struct ask){.policy = policy_of(text)});
        (void)snprintf(text, sizeof text, "https://127.0.0.1:%u/", (unsigned)lab_server_port(good));
        assert_int_equal(run_curl(client, text), i ? 60 : 0);
        anycert_client_free(client);
    }
}

static void names_of_the_handshake_are_what_curl_can_send(void **state)
{
    static const struct {
        const char *keys;
        bool noted;
    } rows[] = {
        {"hardened sni=b.test", true},
        {"hardened expect-name=a.test sni=b.test", true},
        {"hardened expect-name=a.test sni=a.test", false},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct anycert_client *client =
            ask_client(&(struct ask){.policy = policy_of(rows[i].keys)});
        struct anycert_request *request = anycert_request_new("GET", "https://localhost/", NULL);
        char *command = anycert_client_curl_command(client, request, NULL);

        assert_non_null(command);
        assert_int_equal(strstr(command, "# sni: ") != NULL, rows[i].noted);
        anycert_free(command);
        anycert_request_free(request);
        anycert_client_free(client);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_of_the_handshake_are_what_curl_can_send),
        cmocka_unit_test(where_anycert_gets_in_curl_does),
        cmocka_unit_test(client_certificates_are_shown),
        cmocka_unit_test(pins_and_names_are_what_curl_checks),
    };

    return cmocka_run_group_tests(tests, setup, teardown);
}
