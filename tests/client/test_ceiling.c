/* What the administrator forbids: nobody gets it, whichever way it is asked for. */
#include "policy/ceiling.h"
#include "base/error.h"
#include "base/mem.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include <anycert/anycert.h>

#include "client/floor.h"

#define COUNT(a) (sizeof(a) / sizeof(a)[0])
#define PIN      "pin=sha256//AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="
#define NOW      1767225600 /* 2026-01-01 */

static struct anycert_policy *parse(const char *text)
{
    struct anycert_error err = {0};
    struct anycert_policy *policy = anycert_policy_parse(text, &err);

    if (!policy)
        fail_msg("%s: %s", text, err.message);
    return policy;
}

static int judge(const char *lines, const char *text, struct anycert_error *err)
{
    struct anycert_policy *policy = parse(text);
    struct anycert__ceiling *ceiling = anycert__ceiling_parse(lines, strlen(lines), "c", err);
    int result = 0;

    if (!ceiling)
        fail_msg("%s: %s", lines, err->message);
    result = anycert__ceiling_check(ceiling, policy, NOW, err);
    anycert__ceiling_free(ceiling);
    anycert_policy_free(policy);
    return result;
}

static const struct {
    const char *lines, *policy, *says; /* NULL: allowed */
} policies[] = {
    {"", "trust-any", NULL},
    {"# nothing\n\n", "antique", NULL},
    {"forbid trust-any", "hardened", NULL},
    {"forbid trust-any", "hardened+expired", NULL},
    {"forbid trust-any", "trust-any", "c:1: the administrator forbids 'trust-any'"},
    /* What lets through as much. */
    {"\nforbid trust-any", "report-only", "c:2: the administrator forbids 'trust-any', and"},
    {"forbid trust-any", "antique", "lets through as much"},
    {"forbid report-only", "trust-any", "forbids 'report-only', and"},
    {"forbid antique", "trust-any", NULL},
    {"forbid tofu", "hardened+untrusted-issuer+self-signed", "forbids 'tofu', and"},
    {"forbid tofu", "hardened+self-signed", NULL},
    {"forbid tofu", "pinned " PIN, NULL},
    {"forbid tofu", "trust-any", "forbids 'tofu', and"},
    {"forbid pinned", "pinned " PIN, "forbids 'pinned'"},
    /* A rung that contains it. */
    {"forbid self-signed", "hardened+self-signed", "c:1: the administrator forbids 'self-signed'"},
    {"forbid self-signed", "trust-any", "'self-signed', which 'trust-any' contains"},
    {"forbid self-signed", "antique", "which 'antique' contains"},
    {"forbid self-signed", "report-only", "which 'report-only' contains"},
    {"forbid self-signed", "tofu", "which 'tofu' contains"},
    {"forbid self-signed", "pinned " PIN, "which 'pinned' contains"},
    {"forbid expired", "pinned check=dates " PIN, NULL},
    {"forbid expired", "pinned " PIN, "'expired', which 'pinned' contains"},
    {"forbid expired", "tofu", NULL},
    {"forbid tls1.0", "antique", "'tls1.0', which 'antique' contains"},
    {"forbid tls1.0", "trust-any", NULL},
    {"forbid small-dh", "trust-any", "'small-dh', which 'trust-any' contains"},
    {"forbid legacy-ciphers", "trust-any", "'legacy-ciphers', which 'trust-any' contains"},
    {"forbid legacy-ciphers", "report-only", "'legacy-ciphers', which 'report-only' contains"},
    {"forbid legacy-ciphers", "antique", "'legacy-ciphers', which 'antique' contains"},
    {"forbid legacy-ciphers", "pinned " PIN, NULL},
    {"forbid oversized-chain", "hardened+oversized-chain", "forbids 'oversized-chain'"},
    {"forbid oversized-chain", "trust-any", "'oversized-chain', which 'trust-any' contains"},
    {"forbid oversized-chain", "pinned " PIN, NULL},
    /* A relaxation that contains it. */
    {"forbid common-name", "hardened+wrong-host", "'common-name', which 'wrong-host' contains"},
    {"forbid common-name", "hardened+common-name", "forbids 'common-name'"},
    {"forbid common-name", "pinned " PIN, "'common-name', which 'pinned' contains"},
    {"forbid common-name", "pinned check=name " PIN, NULL},
    {"forbid wrong-host", "hardened+common-name", NULL},
    {"forbid no-etm", "hardened+bare-hello", "'no-etm', which 'bare-hello' contains"},
    {"forbid expired wrong-host", "hardened+wrong-host", "c:1: "},
    {"forbid expired\nforbid wrong-host", "hardened+wrong-host", "c:2: "},
    {"max-days 30", "hardened", NULL},
    {"max-days 30", "hardened " PIN, NULL},
    {"max-days 30", "hardened+expired", "write until=2026-01-31"},
    {"max-days 30", "hardened+expired until=2026-01-31", NULL},
    {"max-days 30", "hardened+expired until=2026-02-01", "30 days at most"},
    {"max-days 30", "hardened+expired until=2025-01-01", NULL},
    {"require-reason", "hardened", NULL},
    {"require-reason", "hardened+expired", "wants a reason"},
    {"require-reason", "hardened+expired reason=x", NULL},
    {"max-days 30\nrequire-reason", "hardened+expired",
     "c:2: the administrator wants a reason, and (line 1) lets relaxations last for 30 days"},
    {"max-days 30\nrequire-reason", "hardened+expired reason=x", "c:1: the administrator lets"},
    {"require-authenticated", "hardened+expired", NULL},
    {"require-authenticated", "hardened+self-signed", "wants the peer to be authenticated"},
    {"require-authenticated", "hardened+self-signed " PIN, NULL},
    {"require-authenticated", "hardened+wrong-host " PIN, NULL},
    {"require-authenticated", "hardened+untrusted-issuer " PIN, NULL},
    {"require-authenticated", "hardened+wrong-host", "wants the peer to be authenticated"},
    {"require-authenticated", "hardened+invalid-ca " PIN, "wants the peer to be authenticated"},
    {"require-authenticated", "trust-any", "wants the peer to be authenticated"},
    {"require-authenticated", "tofu", "wants the peer to be authenticated"},
};

static char folder[64], path[96];

static void put(const char *text, mode_t mode)
{
    FILE *file = fopen(path, "w");

    assert_non_null(file);
    assert_true(fputs(text, file) >= 0);
    assert_int_equal(fclose(file), 0);
    assert_int_equal(chmod(path, mode), 0);
}

/* The code of making a client under a policy, or 0. */
static int code_of(const char *policy, struct anycert_error *err)
{
    struct anycert_config *config = anycert_config_new(err);
    struct anycert_policy *parsed = parse(policy);
    struct anycert_trust_store *store = NULL;
    struct anycert_client *client = NULL;
    char trust[96];

    *err = (struct anycert_error){0};
    snprintf(trust, sizeof trust, "%s/trust", folder);
    if (strstr(policy, "tofu")) { /* there is no such file */
        store = anycert_trust_store_open(trust, err);
        assert_int_equal(anycert_config_set_trust_store(config, store, err), 0);
    }
    assert_int_equal(anycert_config_set_policy(config, parsed, err), 0);
    client = anycert_client_new(config, err);
    anycert_policy_free(parsed);
    anycert_config_free(config);
    anycert_client_free(client);
    anycert_trust_store_free(store);
    return err->code;
}

static void check_table(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(policies); i++) {
        struct anycert_error err = {0};

        if (judge(policies[i].lines, policies[i].policy, &err) == 0
                ? policies[i].says != NULL
                : !policies[i].says || !strstr(err.message, policies[i].says))
            fail_msg("'%s' and %s: %s", policies[i].lines, policies[i].policy, err.message);
        if (policies[i].says)
            assert_int_equal(err.code, ANYCERT_E_POLICY_FORBIDDEN);
        if (strncmp(policies[i].lines, "max-days", 8) == 0)
            continue; /* which count from now on */
        put(policies[i].lines, 0644);
        if (code_of(policies[i].policy, &err) !=
            (policies[i].says ? ANYCERT_E_POLICY_FORBIDDEN : 0))
            fail_msg("'%s' and a client of %s: %s", policies[i].lines, policies[i].policy,
                     err.message);
    }
}

/* What each rung lets through: p, t, r, s and a for pinned, tofu, report-only, trust-any (the
 * switch) and antique. */
static const struct {
    const char *relaxation, *rungs;
} reach[] = {
    {"untrusted-issuer", "ptrsa"},
    {"self-signed", "ptrsa"},
    {"expired", "prsa"},
    {"not-yet-valid", "prsa"},
    {"wrong-host", "prsa"},
    {"common-name", "prsa"},
    {"weak-key", "prsa"},
    {"weak-signature", "prsa"},
    {"wrong-purpose", "prsa"},
    {"invalid-ca", "prsa"},
    {"path-length", "prsa"},
    {"name-constraints", "prsa"},
    {"critical-extension", "prsa"},
    {"explicit-curve", "prsa"},
    {"legacy-renegotiation", "rsa"},
    {"small-dh", "rsa"},
    {"rsa-key-exchange", "rsa"},
    {"cbc-sha1", "rsa"},
    /* Not contained in the switch, but let through by it. */
    {"legacy-ciphers", "rsa"},
    {"oversized-chain", "rsa"},
    {"tls1.0", "a"},
    {"tls1.1", "a"},
    {"sha1-handshake", "a"},
    {"legacy-groups", "a"},
    {"renegotiation", "a"},
    {"unclean-shutdown", "a"},
    {"no-alpn", "a"},
    {"no-ems", "a"},
    /* Nothing weaker, and on no rung by itself. */
    {"tls1.2-max", ""},
    {"no-sni", ""},
    {"no-etm", ""},
    {"classical-hello", ""},
    {"bare-hello", ""},
};

static const char *rungs_of(const char *relaxation)
{
    for (size_t i = 0; i < COUNT(reach); i++) {
        if (strcmp(reach[i].relaxation, relaxation) == 0)
            return reach[i].rungs;
    }
    fail_msg("no row for %s", relaxation);
    return NULL;
}

static void what_is_forbidden_is_reached_by_no_rung(void **state)
{
    static const struct {
        char letter;
        const char *policy;
    } rungs[] = {{'h', "hardened"},    {'h', "hardened " PIN}, {'p', "pinned " PIN}, {'t', "tofu"},
                 {'r', "report-only"}, {'s', "trust-any"},     {'a', "antique"}};
    size_t count = 0;

    (void)state;
    for (const struct anycert_relaxation *r = anycert_relaxation_next(NULL); r;
         r = anycert_relaxation_next(r), count++) {
        const char *name = anycert_relaxation_name(r);
        char line[64];

        snprintf(line, sizeof line, "forbid %s", name);
        put(line, 0644);
        for (size_t i = 0; i < COUNT(rungs); i++) {
            bool forbidden = strchr(rungs_of(name), rungs[i].letter) != NULL;
            struct anycert_error err = {0};

            if (code_of(rungs[i].policy, &err) != (forbidden ? ANYCERT_E_POLICY_FORBIDDEN : 0))
                fail_msg("'%s' and %s: %s", line, rungs[i].policy, err.message);
        }
    }
    assert_int_equal(count, COUNT(reach));
}

static void parse_refuses_what_it_does_not_understand(void **state)
{
    static const struct {
        const char *lines, *says;
    } rows[] = {
        {"forbid", "c:1: 'forbid' names nothing"},
        {"\n\nforbid trust_any", "c:3: 'trust_any' is neither"},
        {"forbid selfsigned", "did you mean 'self-signed'"},
        {"forbid expired, wrong-host", "'expired,' is neither"},
        {"forbid hardened", "nothing would be left"},
        {"forbidd trust-any", "did you mean 'forbid'"},
        {"max-days", "no number"},
        {"max-days 0", "no number"},
        {"max-days -1", "no number"},
        {"max-days 40000", "no number"},
        {"max-days 1 2", "too much"},
        {"max-days 1\nmax-days 2", "c:2: 'max-days' stands in line 1"},
        {"require-reason please", "stands alone"},
        {"require-authenticated=yes", "none of forbid"},
        {"forbid trust-any # really", "'#' is neither"},
        {"# \xff", "not UTF-8"},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct anycert_error err = {0};

        assert_null(anycert__ceiling_parse(rows[i].lines, strlen(rows[i].lines), "c", &err));
        assert_int_equal(err.code, ANYCERT_E_POLICY_SYNTAX);
        if (!strstr(err.message, rows[i].says))
            fail_msg("'%s': %s", rows[i].lines, err.message);
    }
    assert_null(anycert__ceiling_parse("a\0b", 3, "c", NULL));
}

static void every_failed_allocation_is_out_of_memory(void **state)
{
    const char *lines = "forbid trust-any\nmax-days 3\n";

    (void)state;
    for (unsigned long nth = 1;; nth++) {
        struct anycert_error err = {0};
        struct anycert__ceiling *ceiling = NULL;

        anycert__mem_fail_from(nth);
        ceiling = anycert__ceiling_parse(lines, strlen(lines), "c", &err);
        anycert__mem_fail_from(0);
        anycert__ceiling_free(ceiling);
        if (ceiling)
            break;
        assert_int_equal(err.code, ANYCERT_E_NOMEM);
    }
}

/* ---- clients ---- */

static int make_place(void **state)
{
    floor_setup(state);
    snprintf(folder, sizeof folder, "/tmp/anycert-ceiling-XXXXXX");
    assert_non_null(mkdtemp(folder));
    snprintf(path, sizeof path, "%s/ceiling", folder);
    assert_int_equal(setenv("ANYCERT_TEST_CEILING", path, 1), 0);
    return 0;
}

static int remove_place(void **state)
{
    assert_int_equal(rmdir(folder), 0);
    return floor_teardown(state);
}

static int remove_ceiling(void **state)
{
    (void)state;
    (void)unlink(path);
    return chmod(folder, 0700);
}

static void client_under_a_forbidden_policy_is_not_made(void **state)
{
    struct anycert_error err = {0};

    (void)state;
    assert_int_equal(code_of("trust-any", &err), 0);
    put("require-reason\nforbid trust-any\n", 0644);
    assert_int_equal(code_of("hardened", &err), 0);
    assert_int_equal(code_of("hardened+expired reason=x", &err), 0);
    assert_int_equal(code_of("trust-any reason=x", &err), ANYCERT_E_POLICY_FORBIDDEN);
    assert_non_null(strstr(err.message, path));
    assert_non_null(strstr(err.message, ":2: "));
    assert_int_equal(code_of("report-only reason=x", &err), ANYCERT_E_POLICY_FORBIDDEN);
    assert_int_equal(code_of("hardened+expired", &err), ANYCERT_E_POLICY_FORBIDDEN);
}

/* Which makes no request, so that its policy may be any. */
static void client_that_only_looks_may_go_above_it(void **state)
{
    struct anycert_config *config = anycert_config_new(NULL);
    struct anycert_policy *policy = parse("antique");
    struct anycert_client *client = NULL;
    struct anycert_request *request = NULL;
    struct anycert_response *response = NULL;
    struct anycert_error err = {0};

    (void)state;
    put("forbid trust-any\n", 0644);
    assert_int_equal(anycert_config_set_policy(config, policy, NULL), 0);
    assert_int_equal(anycert_config_set_look_only(config, 2, &err), -1);
    assert_null(anycert_client_new(config, NULL));
    assert_int_equal(anycert_config_set_look_only(config, 1, NULL), 0);
    client = anycert_client_new(config, NULL);
    assert_non_null(client);
    for (int i = 0; i < 2; i++) { /* no server: it is not even tried */
        err = (struct anycert_error){0};
        request =
            anycert_request_new("GET", i ? "https://localhost:1/" : "http://localhost:1/", NULL);
        assert_non_null(request);
        assert_int_equal(anycert_client_send(client, request, &response, &err), -1);
        assert_int_equal(err.code, ANYCERT_E_USAGE);
        assert_non_null(strstr(err.message, "only looks"));
        anycert_response_free(response);
        anycert_request_free(request);
    }
    anycert_client_free(client);
    anycert_policy_free(policy);
    anycert_config_free(config);
}

static void ceiling_that_cannot_be_used_leaves_hardened_alone(void **state)
{
    struct anycert_error err = {0};
    static const struct {
        const char *text;
        mode_t mode, folder;
        const char *says;
    } rows[] = {
        {"forbid antique", 0644, 0755, NULL},
        {"forbid antikue", 0644, 0755, ":1: 'antikue'"},
        {"forbid antique", 0664, 0755, "others than its owner"},
        {"forbid antique", 0646, 0755, "others than its owner"},
        {"forbid antique", 0644, 0775, "in a folder that others"},
        {"forbid antique", 0644, 0777, "in a folder that others"},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        put(rows[i].text, rows[i].mode);
        assert_int_equal(chmod(folder, rows[i].folder), 0);
        assert_int_equal(code_of("hardened", &err), 0);
        assert_int_equal(code_of("hardened ca=system", &err), 0);
        assert_int_equal(code_of("hardened+expired", &err),
                         rows[i].says ? ANYCERT_E_POLICY_FORBIDDEN : 0);
        if (rows[i].says && !strstr(err.message, rows[i].says))
            fail_msg("%zu: %s", i, err.message);
    }
    assert_int_equal(unlink(path), 0);
    assert_int_equal(mkdir(path, 0755), 0);
    assert_int_equal(code_of("hardened+expired", &err), ANYCERT_E_POLICY_FORBIDDEN);
    assert_int_equal(code_of("hardened", &err), 0);
    assert_int_equal(rmdir(path), 0);
    assert_int_equal(symlink("/nonexistent", path), 0);
    assert_int_equal(code_of("hardened+expired", &err), ANYCERT_E_POLICY_FORBIDDEN);
    assert_int_equal(unlink(path), 0);
    assert_int_equal(symlink(path, path), 0);
    assert_int_equal(code_of("hardened+expired", &err), ANYCERT_E_POLICY_FORBIDDEN);
}

static void ceiling_holds_for_policy_files_profiles_and_proxies(void **state)
{
    struct anycert_error err = {0};
    struct anycert_config *config = anycert_config_new(&err);
    const char *text = "localhost hardened+self-signed\nother hardened";
    const char *profile_text = "{\"insecure\": true}";
    struct anycert_policy_file *file = anycert_policy_file_parse(text, strlen(text), "f", &err);
    struct anycert_policy *policy = parse("trust-any");
    struct anycert_profile *profile =
        anycert_profile_parse(profile_text, strlen(profile_text), "p", &err);
    struct anycert_client *client = NULL;

    (void)state;
    put("forbid self-signed", 0644);
    assert_int_equal(anycert_config_set_policy_file(config, file, &err), 0);
    client = anycert_client_new(config, &err);
    assert_non_null(client);
    floor_fails(client, floor_request("GET", floor_url("self-signed", "")),
                ANYCERT_E_POLICY_FORBIDDEN, NULL);
    assert_int_equal(strncmp(floor_message(), "f:1: ", 5), 0);
    assert_non_null(strstr(floor_message(), path));
    anycert_client_free(client);

    assert_int_equal(anycert_config_set_proxy_policy(config, policy, &err), 0);
    assert_int_equal(anycert_config_set_proxy(config, "https://localhost:1", &err), 0);
    assert_null(anycert_client_new(config, &err));
    assert_int_equal(err.code, ANYCERT_E_POLICY_FORBIDDEN);
    err = (struct anycert_error){0};
    assert_int_equal(anycert_config_set_proxy_policy(config, NULL, &err), 0);

    assert_int_equal(anycert_profile_apply(profile, config, NULL, NULL, &err), 0);
    assert_null(anycert_client_new(config, &err));
    assert_int_equal(err.code, ANYCERT_E_POLICY_FORBIDDEN);
    anycert_profile_free(profile);
    anycert_policy_free(policy);
    anycert_policy_file_free(file);
    anycert_config_free(config);
}

/* A clock of the caller's does not move the days that the administrator allows. */
static int64_t long_ago(void *arg)
{
    (void)arg;
    return NOW - (int64_t)50 * 365 * 86400;
}

static int64_t far_ahead(void *arg)
{
    (void)arg;
    return NOW + (int64_t)50 * 365 * 86400;
}

static void days_count_by_the_clock_of_the_machine(void **state)
{
    int64_t (*const clocks[])(void *) = {long_ago, far_ahead};

    (void)state;
    put("max-days 30", 0644);
    for (size_t i = 0; i < COUNT(clocks); i++) {
        struct anycert_error err = {0};
        struct anycert_config *config = anycert_config_new(&err);
        struct anycert_policy *policy =
            parse(i == 0 ? "trust-any until=2999-01-01" : "trust-any until=2070-01-01");

        assert_int_equal(anycert_config_set_clock(config, clocks[i], NULL, &err), 0);
        assert_int_equal(anycert_config_set_policy(config, policy, &err), 0);
        assert_null(anycert_client_new(config, &err));
        assert_int_equal(err.code, ANYCERT_E_POLICY_FORBIDDEN);
        anycert_policy_free(policy);
        anycert_config_free(config);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(check_table, remove_ceiling),
        cmocka_unit_test_teardown(what_is_forbidden_is_reached_by_no_rung, remove_ceiling),
        cmocka_unit_test(parse_refuses_what_it_does_not_understand),
        cmocka_unit_test(every_failed_allocation_is_out_of_memory),
        cmocka_unit_test_teardown(client_under_a_forbidden_policy_is_not_made, remove_ceiling),
        cmocka_unit_test_teardown(client_that_only_looks_may_go_above_it, remove_ceiling),
        cmocka_unit_test_teardown(ceiling_that_cannot_be_used_leaves_hardened_alone,
                                  remove_ceiling),
        cmocka_unit_test_teardown(ceiling_holds_for_policy_files_profiles_and_proxies,
                                  remove_ceiling),
        cmocka_unit_test_teardown(days_count_by_the_clock_of_the_machine, remove_ceiling),
    };

    return cmocka_run_group_tests(tests, make_place, remove_place);
}
