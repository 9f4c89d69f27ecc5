#include "policy/policy.h"
#include "base/mem.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define COUNT(a)    (sizeof(a) / sizeof(a)[0])
#define PIN         "sha256//AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="
#define LAST_SECOND INT64_C(1798761599) /* 2026-12-31T23:59:59Z */

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

static void assert_is(struct anycert_policy *policy, const char *from, const char *expected)
{
    struct anycert_error err = {0};
    char *text = anycert_policy_format(policy, NULL);
    if (text == NULL || strcmp(text, expected) != 0)
        fail_msg("'%s' becomes '%s', expected '%s'", from, text ? text : "NULL", expected);
    if (anycert_policy_check(policy, &err) != 0)
        fail_msg("'%s': %s", text, err.message);
    anycert_free(text);
    anycert_policy_free(policy);
}

static const struct {
    const char *text, *expired;
} rows[] = {
    {"hardened+expired until=2026-12-31 reason=x", "hardened"},
    {"hardened+expired ca=system,/x pin=" PIN " expect-name=a sni=b until=2026-12-31",
     "hardened ca=system,/x pin=" PIN " expect-name=a sni=b"},
    {"hardened+no-sni until=2026-12-31", "hardened"},
    {"hardened pin=" PIN " reason=x", "hardened pin=" PIN " reason=x"},
    {"pinned pin=" PIN " check=name until=2026-12-31", "hardened pin=" PIN},
    {"pinned+tls1.0 pin=" PIN " expect-name=a ca=/x until=2026-12-31",
     "hardened ca=/x pin=" PIN " expect-name=a"},
    {"tofu+expired expect-name=a mode=strict until=2026-12-31", "hardened expect-name=a"},
    {"trust-any until=2026-12-31", "hardened"},
    {"trust-any+tls1.0 ca=/x sni=a until=2026-12-31 reason=x", "hardened ca=/x sni=a"},
    {"antique until=2026-12-31", "hardened"},
    {"report-only until=2026-12-31", "hardened"},
    {"report-only ca=/x expect-name=a for=hardened+expired until=2026-12-31",
     "hardened ca=/x expect-name=a"},
    {"report-only for=\"pinned pin=" PIN " ca=/x\" sni=b until=2026-12-31",
     "hardened ca=/x pin=" PIN " sni=b"},
};

static void effective_until_its_last_second_is_the_policy_itself(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct anycert_policy *policy = parse(rows[i].text);
        static const int64_t times[] = {LAST_SECOND, LAST_SECOND - 86400, 0, INT64_MIN};
        for (size_t j = 0; j < COUNT(times); j++) {
            char *text = anycert_policy_format(policy, NULL);
            assert_is(anycert_policy_effective(policy, times[j], NULL), rows[i].text, text);
            anycert_free(text);
        }
        anycert_policy_free(policy);
    }
}

static void effective_afterwards_is_hardened(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct anycert_policy *policy = parse(rows[i].text);
        assert_is(anycert_policy_effective(policy, LAST_SECOND + 1, NULL), rows[i].text,
                  rows[i].expired);
        assert_is(anycert_policy_effective(policy, INT64_MAX, NULL), rows[i].text, rows[i].expired);
        anycert_policy_free(policy);
    }
}

static void effective_without_until_or_policy_is_a_copy(void **state)
{
    (void)state;
    struct anycert_policy *policy = parse("trust-any+tls1.0 reason=x");
    assert_is(anycert_policy_effective(policy, INT64_MAX, NULL), "trust-any",
              "trust-any+tls1.0 reason=x");
    anycert_policy_free(policy);
    assert_is(anycert_policy_effective(NULL, INT64_MAX, NULL), "NULL", "hardened");
}

static void other_origin_table(void **state)
{
    (void)state;
    static const struct {
        const char *text, *other;
    } origins[] = {
        {"hardened", "hardened"},
        {"hardened+expired until=2026-12-31 reason=x", "hardened"},
        {"hardened+untrusted-issuer ca=system,/x pin=" PIN " expect-name=a sni=b",
         "hardened ca=system,/x"},
        {"pinned ca=/x pin=" PIN, "hardened ca=/x"},
        {"tofu mode=accept-new", "hardened"},
        {"trust-any", "trust-any"},
        {"trust-any+tls1.0 ca=/x sni=b until=2026-12-31 reason=x",
         "trust-any ca=/x until=2026-12-31 reason=x"},
        {"antique until=2026-12-31", "antique until=2026-12-31"},
        {"report-only ca=/x expect-name=a for=\"hardened+expired pin=" PIN "\"",
         "report-only ca=/x"},
    };
    for (size_t i = 0; i < COUNT(origins); i++) {
        struct anycert_policy *policy = parse(origins[i].text);
        assert_is(anycert__policy_for_other_origin(policy, NULL), origins[i].text,
                  origins[i].other);
        anycert_policy_free(policy);
    }
    assert_is(anycert__policy_for_other_origin(NULL, NULL), "NULL", "hardened");
}

static void every_failed_allocation_is_nomem(void **state)
{
    (void)state;
    struct anycert_policy *policies[] = {
        parse("report-only ca=/x expect-name=a sni=b until=2026-12-31 reason=x for=\"pinned "
              "pin=" PIN "\""),
        parse("hardened+expired ca=system,/x pin=" PIN " until=2026-12-31"),
    };
    for (size_t i = 0; i < COUNT(policies); i++) {
        for (int which = 0; which < 3; which++) {
            struct anycert_policy *made = NULL;
            for (unsigned long n = 1; made == NULL; n++) {
                struct anycert_error err = {0};
                anycert__mem_fail_from(n);
                made = which == 2
                           ? anycert__policy_for_other_origin(policies[i], &err)
                           : anycert_policy_effective(policies[i], LAST_SECOND + which, &err);
                anycert__mem_fail_from(0);
                assert_int_equal(err.code, made ? 0 : ANYCERT_E_NOMEM);
            }
            anycert_policy_free(made);
        }
        anycert_policy_free(policies[i]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(effective_until_its_last_second_is_the_policy_itself),
        cmocka_unit_test(effective_afterwards_is_hardened),
        cmocka_unit_test(effective_without_until_or_policy_is_a_copy),
        cmocka_unit_test(other_origin_table),
        cmocka_unit_test_teardown(every_failed_allocation_is_nomem, no_more_failures),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
