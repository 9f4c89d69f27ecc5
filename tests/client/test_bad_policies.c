/* Policies, files of them and clocks that are no good: one sentence, its code, and never a weaker
 * connection. */
#include "client/floor.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "lab/lab.h"

#define COUNT(a) (sizeof(a) / sizeof(a)[0])
#define PIN      "sha256//AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="

/* The words are in the sentence. */
static const struct {
    const char *text, *words;
} policies[] = {
    {NULL, "empty"},
    {"", "empty"},
    {" ", "space"},
    {"off", "unknown rung 'off'"},
    {"none", "unknown rung 'none'"},
    {"false", "unknown rung 'false'"},
    {"0", "unknown rung '0'"},
    {"TRUST-ANY", "unknown rung 'TRUST-ANY'"},
    {"trust-all", "unknown rung 'trust-all'"},
    {"hardend", "did you mean 'hardened'?"},
    {"hardened+expird", "did you mean 'expired'?"},
    {"hardened+tls10", "did you mean 'tls1.0'?"},
    {"hardened+small_dh", "did you mean 'small-dh'?"},
    {"hardened pins=" PIN, "did you mean 'pin'?"},
    {"hardened+", "relaxation is missing"},
    {"+expired", "rung"},
    {"hardened+expired+expired", "twice"},
    {"trust-any+expired", "'expired'"},
    {"antique+tls1.0", "'tls1.0'"},
    {"hardened pin=", "pin"},
    {"hardened pin=sha1//AAAA", "sha256//"},
    {"hardened pin=sha256//AAAA", "44 base64"},
    {"hardened pin=SHA256//AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=", "sha256//"},
    {"hardened pin=sha256//AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAB=", "pin"},
    {"hardened pin=" PIN "," PIN, "twice"},
    {"hardened pin=" PIN ",", "pin"},
    {"trust-any pin=" PIN, "pin"},
    {"antique pin=" PIN, "pin"},
    {"pinned", "pin"},
    {"pinned pin=" PIN " check=everything", "check"},
    {"hardened check=name", "check"},
    {"hardened mode=strict", "mode"},
    {"tofu mode=never", "mode"},
    {"hardened+no-sni sni=a.example", "no-sni"},
    {"hardened sni=192.0.2.1", "sni"},
    {"hardened+wrong-host expect-name=a.example", "wrong-host"},
    {"hardened expect-name=*.example", "expect-name"},
    {"hardened for=hardened", "for"},
    {"report-only for=trust-any", "trust-any"},
    {"hardened until=2026-02-30", "2026-02-30"},
    {"hardened until=tomorrow", "tomorrow"},
    {"hardened until=2030-01-01 until=2030-01-01", "twice"},
    {"hardened reason=a\nb", "0x0a"},
    {"hardened  reason=a", "space"},
    {"hardened ca=", "ca"},
    {"hardened reason=\xff", "UTF-8"},
};

/* One sentence that begins small and ends without a full stop. */
static void assert_sentence(const char *about, const struct anycert_error *err, const char *words)
{
    size_t len = strlen(err->message);

    if (len == 0 || len >= sizeof err->message - 1 || strchr(err->message, '\n') ||
        err->message[len - 1] == '.' || !strstr(err->message, words))
        fail_msg("'%s': '%s' is not a sentence about '%s'", about, err->message, words);
}

static void bad_policies_are_one_sentence(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(policies); i++) {
        struct anycert_error err = {0};
        const char *about = policies[i].text ? policies[i].text : "NULL";

        assert_null(anycert_policy_parse(policies[i].text, &err));
        assert_int_equal(err.code, ANYCERT_E_POLICY_SYNTAX);
        assert_sentence(about, &err, policies[i].words);
    }
}

static char *long_text(const char *before, size_t size)
{
    size_t len = strlen(before);
    char *text = malloc(size + 1);

    assert_non_null(text);
    memset(text, 'x', size);
    memcpy(text, before, len);
    text[size] = '\0';
    return text;
}

static void values_that_are_too_long_are_refused(void **state)
{
    static const char *const keys[] = {"ca",  "pin", "check", "mode",  "expect-name",
                                       "sni", "for", "until", "reason"};
    struct anycert_policy *policy = anycert_policy_new(NULL);
    char *text = long_text("hardened reason=", 70000);
    struct anycert_error err = {0};

    (void)state;
    assert_null(anycert_policy_parse(text, &err));
    assert_int_equal(err.code, ANYCERT_E_POLICY_SYNTAX);
    for (size_t i = 0; i < COUNT(keys); i++) {
        memset(&err, 0, sizeof err);
        assert_int_equal(anycert_policy_set(policy, keys[i], text, &err), -1);
        assert_int_equal(err.code, ANYCERT_E_POLICY_SYNTAX);
        assert_sentence(keys[i], &err, "");
    }
    assert_int_equal(anycert_policy_equal(policy, NULL), 1); /* it is as it was */
    anycert_policy_free(policy);
    free(text);
}

/* ---- policy files */

static const struct {
    const char *text, *words;
} lines[] = {
    {"a.example", "f:1: "},
    {"a.example \n", "f:1: "},
    {"\na.example nothing\n", "f:2: "},
    {"a.example hardened+expird\n", "did you mean 'expired'?"},
    {"a.example trust-any pin=" PIN "\n", "f:1: "},
    {"a.example hardened\nA.example. trust-any\n", "f:2: "},
    {"https://a.example hardened\n", "f:1: "},
    {"a.*.example hardened\n", "f:1: "},
    {"* trust-any\n", "f:1: "},
    {"a.example:0 hardened\n", "f:1: "},
    {"a.example:65536 hardened\n", "f:1: "},
    {"192.0.2.1/33 hardened\n", "f:1: "},
    {"192.0.2.1/24 hardened\n", "f:1: "},
    {"2001:db8::1 hardened\n", "f:1: "},
    {"a.example hardened # why\n", "f:1: "},
    {"a.example hardened\r\n\xff hardened\n", "f:"},
};

static void bad_policy_files_name_the_line(void **state)
{
    struct anycert_error err = {0};

    (void)state;
    for (size_t i = 0; i < COUNT(lines); i++) {
        memset(&err, 0, sizeof err);
        assert_null(anycert_policy_file_parse(lines[i].text, strlen(lines[i].text), "f", &err));
        assert_int_equal(err.code, ANYCERT_E_POLICY_SYNTAX);
        assert_sentence(lines[i].text, &err, lines[i].words);
    }
    memset(&err, 0, sizeof err);
    assert_null(anycert_policy_file_parse("a.example hardened\0\n", 20, "f", &err));
    assert_int_equal(err.code, ANYCERT_E_POLICY_SYNTAX);
    assert_sentence("a NUL", &err, "f:1: ");
    char *text = long_text("# ", (size_t)5 << 20);
    assert_null(anycert_policy_file_parse(text, (size_t)5 << 20, "f", &err));
    assert_int_equal(err.code, ANYCERT_E_POLICY_SYNTAX);
    free(text);
}

static void policy_files_that_others_may_write_to_are_refused(void **state)
{
    struct anycert_error err = {0};
    char folder[1024], link[1100];

    (void)state;
    snprintf(folder, sizeof folder, "%s", floor_folder());
    snprintf(link, sizeof link, "%s/link", folder);
    floor_write(floor_path("hosts"), "a.example hardened\n");
    static const mode_t modes[] = {0646, 0622, 0666};
    for (size_t i = 0; i < COUNT(modes); i++) {
        assert_int_equal(chmod(floor_path("hosts"), modes[i]), 0);
        memset(&err, 0, sizeof err);
        struct anycert_policy_file *file = anycert_policy_file_load(floor_path("hosts"), &err);
        if (modes[i] & 0002) {
            assert_null(file);
            assert_int_equal(err.code, ANYCERT_E_FILE);
            assert_sentence("its mode", &err, "chmod");
        }
        anycert_policy_file_free(file);
    }
    assert_int_equal(unlink(floor_path("hosts")), 0);
    assert_int_equal(symlink("link", link), 0);
    const char *const paths[] = {folder, floor_path("absent"), floor_path("link"), "", NULL};
    for (size_t i = 0; i < COUNT(paths); i++) {
        memset(&err, 0, sizeof err);
        assert_null(anycert_policy_file_load(paths[i], &err));
        if (err.code != ANYCERT_E_FILE && err.code != ANYCERT_E_USAGE)
            fail_msg("'%s': %d", paths[i] ? paths[i] : "NULL", (int)err.code);
        assert_sentence(paths[i] ? paths[i] : "NULL", &err, "policy file");
    }
    assert_int_equal(unlink(link), 0);
    floor_remove_folder(0);
}

/* ---- what is connected all the same */

static void what_was_refused_leaves_hardened(void **state)
{
    struct anycert_config *config = floor_config(NULL);
    struct anycert_policy *policy = anycert_policy_parse("hardened", NULL);

    (void)state;
    assert_int_equal(anycert_policy_set_rung(policy, "trust-all", NULL), -1);
    assert_int_equal(anycert_policy_set_rung(policy, NULL, NULL), -1);
    assert_int_equal(anycert_policy_relax(policy, "", NULL), -1);
    assert_int_equal(anycert_policy_relax(policy, "everything", NULL), -1);
    assert_int_equal(anycert_policy_set(policy, "pin", "", NULL), -1);
    assert_int_equal(anycert_policy_equal(policy, NULL), 1);
    assert_int_equal(anycert_policy_set_rung(policy, "trust-any", NULL), 0);
    assert_int_equal(anycert_policy_set(policy, "pin", PIN, NULL), 0);
    assert_int_equal(anycert_config_set_policy(config, policy, NULL), -1); /* it does not fit */
    anycert_policy_free(policy);
    struct anycert_client *client = floor_client_of(config);
    floor_fails(client, floor_request("GET", floor_url("self-signed", "")), ANYCERT_E_TRUST_ISSUER,
                NULL);
    anycert_client_free(client);
}

static int64_t shown;

static int64_t show(void *arg)
{
    (void)arg;
    return shown;
}

/* An end that cannot be told is no end that has not come: nothing is sent at all. */
static void policies_with_an_end_need_a_clock(void **state)
{
    static const char *const rungs[] = {"trust-any", "hardened+self-signed", "report-only",
                                        "antique"};
    static const int64_t clocks[] = {0, 1577836799, -5};

    (void)state;
    for (size_t i = 0; i < COUNT(rungs) * COUNT(clocks) * 2; i++) {
        bool by_file = i % 2 != 0;
        const char *rung = rungs[i / 2 % COUNT(rungs)];
        struct anycert_config *config = floor_config(NULL);
        struct anycert_policy_file *file = NULL;
        struct anycert_policy *policy = NULL;
        struct anycert_response *response = NULL;
        char text[200];

        shown = clocks[i / 2 / COUNT(rungs)];
        snprintf(text, sizeof text, "%s%s until=2100-01-01", by_file ? "localhost " : "", rung);
        if (by_file)
            file = anycert_policy_file_parse(text, strlen(text), "f", NULL);
        else
            policy = anycert_policy_parse(text, NULL);
        assert_int_equal(anycert_config_set_policy(config, policy, NULL), 0);
        assert_int_equal(anycert_config_set_policy_file(config, file, NULL), 0);
        assert_int_equal(anycert_config_set_clock(config, show, NULL, NULL), 0);
        struct anycert_client *client = floor_client_of(config);
        floor_fails(client, floor_request("GET", floor_url("self-signed", "")), ANYCERT_E_CLOCK,
                    &response);
        assert_true(!response || anycert_response_hop_count(response) == 0);
        assert_non_null(strstr(floor_message(), "set the clock"));
        anycert_response_free(response);
        shown = (int64_t)time(NULL); /* the same client, the clock being set */
        anycert_response_free(floor_ok(client, floor_request("GET", floor_url("self-signed", ""))));
        anycert_client_free(client);
        anycert_policy_file_free(file);
        anycert_policy_free(policy);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bad_policies_are_one_sentence),
        cmocka_unit_test(values_that_are_too_long_are_refused),
        cmocka_unit_test(bad_policy_files_name_the_line),
        cmocka_unit_test(policy_files_that_others_may_write_to_are_refused),
        cmocka_unit_test(what_was_refused_leaves_hardened),
        cmocka_unit_test(policies_with_an_end_need_a_clock),
    };

    return cmocka_run_group_tests(tests, floor_setup, floor_teardown);
}
