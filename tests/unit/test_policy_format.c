#include "policy/policy.h"
#include "base/buf.h"
#include "base/error.h"
#include "base/mem.h"
#include "base/str.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define COUNT(a) (sizeof(a) / sizeof(a)[0])
#define PIN_A    "sha256//AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="
#define PIN_B    "sha256//BAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="

static int no_more_failures(void **state)
{
    (void)state;
    anycert__mem_fail_from(0);
    return 0;
}

static struct anycert_policy *parse(const char *text)
{
    struct anycert_error err = {0};
    struct anycert_policy *policy = anycert_policy_parse(text, &err);
    if (policy == NULL)
        fail_msg("'%s': %s", text, err.message);
    return policy;
}

static void assert_prints(const struct anycert_policy *policy, const char *expected)
{
    char *text = anycert_policy_format(policy, NULL);
    assert_non_null(text);
    assert_string_equal(text, expected);
    anycert_free(text);
}

static void format_new_and_null_are_hardened(void **state)
{
    (void)state;
    struct anycert_policy *policy = anycert_policy_new(NULL);
    assert_prints(policy, "hardened");
    assert_prints(NULL, "hardened");
    assert_int_equal(anycert_policy_equal(policy, NULL), 1);
    assert_int_equal(anycert_policy_equal(NULL, NULL), 1);
    anycert_policy_free(policy);
    anycert_policy_free(NULL);
}

static void equal_ignores_reason_only(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "hardened",
        "hardened+expired",
        "hardened+not-yet-valid",
        "hardened+expired until=2026-01-01",
        "hardened+expired until=2026-01-02",
        "trust-any",
        "report-only",
        "report-only for=hardened+expired",
        "report-only for=hardened+not-yet-valid",
        "report-only for=tofu",
        "report-only ca=/x",
        "antique",
        "tofu",
        "tofu mode=strict",
        "tofu mode=accept-new",
        "hardened ca=/x",
        "hardened ca=/y",
        "hardened ca=/X",
        "hardened ca=system,/x",
        "hardened ca=/x,/y",
        "hardened ca=/y,/x",
        "hardened ca=sha256:0000000000000000000000000000000000000000000000000000000000000000",
        "hardened ca=sha256:0000000000000000000000000000000000000000000000000000000000000001",
        "hardened pin=" PIN_A,
        "hardened pin=" PIN_B,
        "hardened pin=" PIN_A "," PIN_B,
        "pinned pin=" PIN_A,
        "pinned pin=" PIN_A " check=name",
        "pinned pin=" PIN_A " check=dates",
        "pinned pin=" PIN_A " check=name,dates",
        "hardened expect-name=a",
        "hardened expect-name=b",
        "hardened sni=a",
        "hardened sni=b",
    };
    for (size_t i = 0; i < COUNT(texts); i++) {
        for (size_t j = 0; j < COUNT(texts); j++) {
            struct anycert_policy *a = parse(texts[i]), *b = parse(texts[j]);
            assert_int_equal(anycert_policy_set(b, "reason", "whatever", NULL), 0);
            if (anycert_policy_equal(a, b) != (i == j))
                fail_msg("'%s' and '%s'", texts[i], texts[j]);
            anycert_policy_free(a);
            anycert_policy_free(b);
        }
    }
}

static void equal_anchors_of_the_system_alone_are_the_default(void **state)
{
    (void)state;
    struct anycert_policy *a = parse("hardened ca=system"), *b = parse("hardened ca=/x");
    assert_int_equal(anycert_policy_equal(a, NULL), 1);
    assert_int_equal(anycert_policy_equal(NULL, a), 1);
    assert_int_equal(anycert_policy_equal(a, b), 0);
    assert_int_equal(anycert_policy_equal(b, a), 0);
    anycert_policy_free(a);
    anycert_policy_free(b);
}

/* A generator with a fixed seed: the same policies at every run. */
static uint64_t random_state;

static uint32_t next_random(uint32_t below)
{
    random_state ^= random_state << 13;
    random_state ^= random_state >> 7;
    random_state ^= random_state << 17;
    return (uint32_t)(random_state >> 33) % below;
}

/* Text with everything that quoting has to cope with, but no control character. */
static void random_text(struct anycert__buf *out, size_t pieces, bool for_path)
{
    static const char *const atoms[] = {
        "a", "Z", "0",  " ",    "\"",      "\\",     "'", "=", "+", "\xc3\xa9", "\xf0\x9f\x98\x80",
        "/", "u", "{}", "\\\"", "sha256:", "system", ","};
    size_t usable = for_path ? COUNT(atoms) - 1 : COUNT(atoms);
    anycert__buf_adds(out, for_path ? "/" : "");
    for (size_t i = 0; i < pieces; i++)
        anycert__buf_adds(out, atoms[next_random((uint32_t)usable)]);
}

static void random_pin(struct anycert__buf *out)
{
    static const char letters[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    anycert__buf_adds(out, "sha256//");
    for (int i = 0; i < 42; i++)
        anycert__buf_add(out, &letters[next_random(64)], 1);
    anycert__buf_add(out, &letters[next_random(16) * 4], 1);
    anycert__buf_adds(out, "=");
}

static const char *one_of(const char *const *words, size_t count)
{
    return words[next_random((uint32_t)count)];
}

/* A value for a key; what does not fit is refused by the policy and simply not set. */
static void random_value(const char *key, struct anycert__buf *out)
{
    static const char *const names[] = {"a.example", "B", "192.0.2.7", "::1", "x_y.z"};
    static const char *const checks[] = {"name", "dates", "dates,name"};
    static const char *const modes[] = {"ask", "accept-new", "strict"};
    static const char *const targets[] = {"hardened",
                                          "hardened+expired",
                                          "tofu mode=strict",
                                          "hardened+weak-key ca=\"/a b\"",
                                          ("pinned pin=" PIN_B " check=dates"),
                                          "hardened+expired expect-name=t"};
    bool is_ca = strcmp(key, "ca") == 0;
    if (is_ca || strcmp(key, "pin") == 0) {
        for (uint32_t n = 1 + next_random(3), i = 0; i < n; i++) {
            anycert__buf_adds(out, i > 0 ? "," : "");
            if (is_ca)
                random_text(out, 1 + next_random(6), true);
            else
                random_pin(out);
        }
    } else if (strcmp(key, "check") == 0) {
        anycert__buf_adds(out, one_of(checks, COUNT(checks)));
    } else if (strcmp(key, "mode") == 0) {
        anycert__buf_adds(out, one_of(modes, COUNT(modes)));
    } else if (strcmp(key, "for") == 0) {
        anycert__buf_adds(out, one_of(targets, COUNT(targets)));
    } else if (strcmp(key, "until") == 0) {
        anycert__buf_addf(out, "%04u-%02u-%02u", next_random(10000), 1 + next_random(12),
                          1 + next_random(31));
    } else if (strcmp(key, "reason") == 0) {
        random_text(out, 1 + next_random(20), false);
    } else {
        anycert__buf_adds(out, one_of(names, COUNT(names)));
    }
}

static struct anycert_policy *random_policy(void)
{
    static const char *const rungs[] = {"hardened",    "pinned",    "tofu",
                                        "report-only", "trust-any", "antique"};
    static const char *const keys[] = {"ca",  "pin", "check", "mode",  "expect-name",
                                       "sni", "for", "until", "reason"};
    struct anycert_policy *policy = anycert_policy_new(NULL);
    assert_int_equal(anycert_policy_set_rung(policy, rungs[next_random(COUNT(rungs))], NULL), 0);
    for (uint32_t n = next_random(4); n > 0; n--) {
        const struct anycert_relaxation *r = anycert_relaxation_by_id((int)(1 + next_random(33)));
        (void)!anycert_policy_relax(policy, anycert_relaxation_name(r), NULL);
    }
    for (size_t i = 0; i < COUNT(keys); i++) {
        if (next_random(4) == 0) {
            struct anycert__buf value;
            anycert__buf_init(&value, 10000);
            random_value(keys[i], &value);
            (void)!anycert_policy_set(policy, keys[i], value.data, NULL);
            anycert__buf_free(&value);
        }
    }
    if (next_random(8) == 0)
        (void)!anycert_policy_add_ca_system(policy, NULL);
    return policy;
}

static void format_random_policies_round_trip(void **state)
{
    (void)state;
    size_t good = 0;
    random_state = UINT64_C(88172645463325252);
    for (int i = 0; i < 60000; i++) {
        struct anycert_policy *policy = random_policy();
        char *text = anycert_policy_format(policy, NULL);
        assert_non_null(text);
        assert_true(anycert__is_utf8(text, strlen(text)));
        struct anycert_error err = {0};
        struct anycert_policy *again = anycert_policy_parse(text, &err);
        /* What is taken can be read back. (A key that says the default is not printed, so that the
         * text of a policy that is refused for it may be taken.) */
        bool taken = anycert_policy_check(policy, NULL) == 0;
        if (taken && again == NULL)
            fail_msg("'%s': %s", text, err.message);
        if (taken) {
            good++;
            struct anycert_policy *copy = anycert_policy_copy(policy, NULL);
            assert_int_equal(anycert_policy_equal(policy, again), 1);
            assert_int_equal(anycert_policy_equal(again, copy), 1);
            assert_prints(again, text);
            assert_prints(copy, text);
            assert_true(anycert__str_equal(policy->reason, copy->reason));
            anycert_policy_free(copy);
        }
        anycert_policy_free(again);
        anycert_free(text);
        anycert_policy_free(policy);
    }
    assert_true(good > 5000);
}

static void format_longest_values_can_be_read_back(void **state)
{
    (void)state;
    /* Every character of the path is quoted, once more inside for=. */
    char path[8192];
    memset(path, '"', sizeof path);
    path[8190] = '\0';
    struct anycert_policy *policy = anycert_policy_new(NULL);
    assert_int_equal(anycert_policy_add_ca_path(policy, path, NULL), 0);
    assert_int_equal(anycert_policy_set(policy, "reason", "\"\\\"", NULL), 0);
    char *text = anycert_policy_format(policy, NULL);
    struct anycert_policy *again = parse(text);
    assert_int_equal(anycert_policy_equal(policy, again), 1);
    anycert_policy_free(again);

    again = parse("report-only");
    assert_int_equal(anycert_policy_set(policy, "reason", "x", NULL), 0);
    anycert_free(policy->reason);
    policy->reason = NULL;
    anycert_free(text);
    text = anycert_policy_format(policy, NULL);
    assert_int_equal(anycert_policy_set(again, "for", text, NULL), 0);
    anycert_free(text);
    text = anycert_policy_format(again, NULL);
    struct anycert_policy *third = parse(text);
    assert_int_equal(anycert_policy_equal(third, again), 1);
    anycert_policy_free(third);
    anycert_policy_free(again);
    anycert_policy_free(policy);
    anycert_free(text);
}

static void memory_anchors_print_as_digest_and_copy(void **state)
{
    (void)state;
    uint8_t digest[32];
    for (uint8_t i = 0; i < 32; i++)
        digest[i] = (uint8_t)(i * 8 + 1);
    struct anycert_error err = {0};
    struct anycert_policy *policy = anycert_policy_new(NULL);
    assert_int_equal(anycert__policy_add_ca_memory(policy, "PEM", 3, digest, &err), 0);
    const char *text = "hardened "
                       "ca=sha256:0109111921293139414951596169717981899199a1a9b1b9c1c9d1d9e1e9f1f9";
    assert_prints(policy, text);
    assert_int_equal(anycert_policy_available(policy, NULL), 0);
    struct anycert_policy *copy = anycert_policy_copy(policy, NULL);
    assert_int_equal(copy->ca_count, 1);
    assert_ptr_not_equal(copy->cas[0].pem, policy->cas[0].pem);
    assert_int_equal(copy->cas[0].pem_len, 3);
    assert_memory_equal(copy->cas[0].pem, "PEM", 3);
    assert_int_equal(anycert__policy_add_ca_memory(policy, "PEM", 3, digest, &err), -1);
    assert_int_equal(err.code, ANYCERT_E_USAGE);
    anycert_policy_free(copy);

    /* From text, the digest alone is known, until the bytes come. */
    struct anycert_policy *parsed = parse(text);
    assert_int_equal(anycert_policy_equal(policy, parsed), 1);
    anycert__error_clear(&err);
    assert_int_equal(anycert_policy_available(parsed, &err), -1);
    assert_int_equal(err.code, ANYCERT_E_POLICY_UNAVAILABLE);
    assert_non_null(strstr(err.message, text + strlen("hardened ca=")));
    assert_int_equal(anycert__policy_add_ca_memory(parsed, "PEM", 3, digest, NULL), 0);
    assert_int_equal(anycert_policy_available(parsed, NULL), 0);
    assert_int_equal(parsed->ca_count, 1);
    assert_memory_equal(parsed->cas[0].pem, "PEM", 3);
    anycert_policy_free(parsed);
    anycert_policy_free(policy);
}

static void format_and_copy_every_failed_allocation_is_nomem(void **state)
{
    (void)state;
    uint8_t digest[32] = {1};
    struct anycert_policy *policies[] = {
        parse("hardened+expired ca=system,/c pin=" PIN_A " expect-name=e sni=s until=2026-01-01 "
              "reason=\"two words\""),
        parse("report-only ca=\"/a b\" for=\"pinned pin=" PIN_A "\" until=2026-01-01"),
        parse("tofu mode=strict"),
    };
    assert_int_equal(anycert__policy_add_ca_memory(policies[0], "PEM", 3, digest, NULL), 0);
    for (size_t i = 0; i < COUNT(policies); i++) {
        struct anycert_policy *copy = NULL;
        char *text = NULL;
        for (unsigned long n = 1; copy == NULL; n++) {
            struct anycert_error err = {0};
            anycert__mem_fail_from(n);
            copy = anycert_policy_copy(policies[i], &err);
            anycert__mem_fail_from(0);
            assert_int_equal(err.code, copy ? 0 : ANYCERT_E_NOMEM);
        }
        assert_int_equal(anycert_policy_equal(copy, policies[i]), 1);
        for (unsigned long n = 1; text == NULL; n++) {
            struct anycert_error err = {0};
            anycert__mem_fail_from(n);
            text = anycert_policy_format(policies[i], &err);
            anycert__mem_fail_from(0);
            assert_int_equal(err.code, text ? 0 : ANYCERT_E_NOMEM);
        }
        anycert_free(text);
        anycert_policy_free(copy);
        anycert_policy_free(policies[i]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(format_new_and_null_are_hardened),
        cmocka_unit_test(equal_ignores_reason_only),
        cmocka_unit_test(equal_anchors_of_the_system_alone_are_the_default),
        cmocka_unit_test(format_random_policies_round_trip),
        cmocka_unit_test(format_longest_values_can_be_read_back),
        cmocka_unit_test(memory_anchors_print_as_digest_and_copy),
        cmocka_unit_test_teardown(format_and_copy_every_failed_allocation_is_nomem,
                                  no_more_failures),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
