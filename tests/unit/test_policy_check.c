#include "policy/policy.h"
#include "base/error.h"
#include "base/mem.h"
#include "base/str.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define COUNT(a)  (sizeof(a) / sizeof(a)[0])
#define PIN       "sha256//AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="
#define BIT(name) ANYCERT__RELAX_BIT(ANYCERT__RELAX_##name)

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
    assert_string_equal(text, expected);
    anycert_free(text);
}

static void check_finds_what_no_longer_fits(void **state)
{
    (void)state;
    struct anycert_error err = {0};
    struct anycert_policy *policy = parse("hardened+expired pin=" PIN " expect-name=a");
    assert_int_equal(anycert_policy_check(policy, NULL), 0);
    assert_int_equal(anycert_policy_set_rung(policy, "trust-any", NULL), 0);
    assert_string_equal(anycert_policy_rung(policy), "trust-any");
    assert_int_equal(anycert_policy_check(policy, &err), -1);
    assert_int_equal(err.code, ANYCERT_E_POLICY_SYNTAX);
    assert_non_null(strstr(err.message, "'expired'"));
    assert_int_equal(anycert_policy_set_rung(policy, "hardened", NULL), 0);
    assert_int_equal(anycert_policy_check(policy, NULL), 0);
    anycert_policy_free(policy);
    assert_int_equal(anycert_policy_check(NULL, NULL), 0);
}

static void get_gives_what_set_took(void **state)
{
    (void)state;
    static const struct {
        const char *key, *value;
    } rows[] = {
        {"ca", "system,/x y"},   {"pin", PIN},
        {"expect-name", "a"},    {"sni", "b"},
        {"until", "2026-01-01"}, {"reason", "say \"why\""},
    };
    struct anycert_error err = {0};
    struct anycert_policy *policy = parse("hardened+expired");
    char *value = NULL;
    for (size_t i = 0; i < COUNT(rows); i++) {
        assert_int_equal(anycert_policy_get(policy, rows[i].key, &value, &err), 0);
        assert_null(value);
        assert_int_equal(anycert_policy_set(policy, rows[i].key, rows[i].value, &err), 0);
        assert_int_equal(anycert_policy_get(policy, rows[i].key, &value, &err), 1);
        assert_string_equal(value, rows[i].value);
        anycert_free(value);
    }
    assert_int_equal(anycert_policy_get(NULL, "pin", &value, &err), 0);
    assert_int_equal(anycert_policy_get(policy, "pins", &value, &err), -1);
    assert_int_equal(err.code, ANYCERT_E_POLICY_SYNTAX);
    assert_non_null(strstr(err.message, "did you mean 'pin'?"));
    assert_int_equal(anycert_policy_relaxes(policy, anycert_relaxation_find("expired")), 1);
    assert_int_equal(anycert_policy_relaxes(policy, anycert_relaxation_find("wrong-host")), 0);
    assert_int_equal(anycert_policy_relaxes(NULL, anycert_relaxation_find("expired")), 0);
    anycert_policy_free(policy);
}

static void setters_refuse_and_change_nothing(void **state)
{
    (void)state;
    static const struct {
        const char *key, *value;
    } rows[] = {
        {"ca", ""},
        {"ca", NULL},
        {"ca", "/y,/y"},
        {"ca", "\xff"},
        {"ca", "a\nb"},
        {"pin", PIN "," PIN},
        {"pin", "x"},
        {"check", "name,x"},
        {"mode", "x"},
        {"expect-name", "*"},
        {"sni", "::1"},
        {"for", "x"},
        {"until", "never"},
        {"reason", "a\tb"},
        {"REASON", "x"},
        {"", "x"},
        {NULL, "x"},
        {"trust", "any"},
        {"for", "hardened ca=/y"},
        {"for", "hardened expect-name=y"},
    };
    const char *text = "hardened+expired ca=/x pin=" PIN " expect-name=a sni=b until=2026-01-01 "
                       "reason=r";
    struct anycert_policy *policy = parse(text);
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct anycert_error err = {0};
        if (anycert_policy_set(policy, rows[i].key, rows[i].value, &err) != -1)
            fail_msg("row %zu is taken", i);
        assert_int_equal(err.code, ANYCERT_E_POLICY_SYNTAX);
        assert_true(err.message[0] != '\0');
        assert_prints(policy, text);
    }
    static const char *const words[] = {NULL, "", "none", "Hardened", "hardened "};
    for (size_t i = 0; i < COUNT(words); i++) {
        struct anycert_error err = {0};
        assert_int_equal(anycert_policy_set_rung(policy, words[i], &err), -1);
        assert_int_equal(err.code, ANYCERT_E_POLICY_SYNTAX);
        anycert__error_clear(&err);
        assert_int_equal(anycert_policy_relax(policy, words[i], &err), -1);
        assert_int_equal(err.code, ANYCERT_E_POLICY_SYNTAX);
    }
    assert_int_equal(anycert_policy_relax(policy, "expired", NULL), -1);
    assert_prints(policy, text);
    anycert_policy_free(policy);
}

static void setters_replace(void **state)
{
    (void)state;
    struct anycert_policy *policy = anycert_policy_new(NULL);
    assert_int_equal(anycert_policy_relax(policy, "expired", NULL), 0);
    assert_int_equal(anycert_policy_set(policy, "ca", "/x", NULL), 0);
    assert_int_equal(anycert_policy_set(policy, "ca", "/y,system", NULL), 0);
    assert_int_equal(anycert_policy_set(policy, "until", "2026-01-01", NULL), 0);
    assert_int_equal(anycert_policy_set(policy, "until", "2027-01-01", NULL), 0);
    assert_int_equal(anycert_policy_set(policy, "reason", "one", NULL), 0);
    assert_int_equal(anycert_policy_set(policy, "reason", "two words", NULL), 0);
    assert_prints(policy, "hardened+expired ca=system,/y until=2027-01-01 reason=\"two words\"");
    assert_true(policy->until == INT64_C(1798847999)); /* 2027-01-01T23:59:59Z */
    anycert_policy_free(policy);
}

static void setters_without_policy_fail(void **state)
{
    (void)state;
    struct anycert_error err[6] = {{0}};
    uint8_t digest[32] = {0};
    assert_int_equal(anycert_policy_set_rung(NULL, "hardened", &err[0]), -1);
    assert_int_equal(anycert_policy_relax(NULL, "expired", &err[1]), -1);
    assert_int_equal(anycert_policy_set(NULL, "ca", "/x", &err[2]), -1);
    assert_int_equal(anycert_policy_add_ca_path(NULL, "/x", &err[3]), -1);
    assert_int_equal(anycert_policy_add_ca_system(NULL, &err[4]), -1);
    assert_int_equal(anycert__policy_add_ca_memory(NULL, "x", 1, digest, &err[5]), -1);
    for (size_t i = 0; i < COUNT(err); i++)
        assert_int_equal(err[i].code, ANYCERT_E_USAGE);
}

static void add_ca_first_call_replaces_the_system(void **state)
{
    (void)state;
    struct anycert_policy *policy = anycert_policy_new(NULL);
    assert_int_equal(anycert_policy_add_ca_path(policy, "/x", NULL), 0);
    assert_prints(policy, "hardened ca=/x");
    assert_int_equal(anycert_policy_add_ca_path(policy, "/a b", NULL), 0);
    assert_int_equal(anycert_policy_add_ca_system(policy, NULL), 0);
    assert_prints(policy, "hardened ca=\"system,/x,/a b\"");
    assert_int_equal(policy->cas[0].kind, ANYCERT__CA_SYSTEM);
    anycert_policy_free(policy);

    policy = anycert_policy_new(NULL);
    assert_int_equal(anycert_policy_add_ca_system(policy, NULL), 0);
    assert_prints(policy, "hardened");
    assert_int_equal(anycert_policy_add_ca_path(policy, "/x", NULL), 0);
    assert_prints(policy, "hardened ca=system,/x");
    anycert_policy_free(policy);
}

static void add_ca_refuses(void **state)
{
    (void)state;
    static const struct {
        const char *path, *says;
    } rows[] = {
        {NULL, "empty"},
        {"", "empty"},
        {"/a\nb", "'/a\\x0ab'"},
        {"/a\xff", "not UTF-8"},
        {"/a,b", "'/a,b' has a comma"},
        {"system", "./"},
        {"sha256:x", "./"},
        {"/x", "'/x' is in ca= already"},
    };
    struct anycert_policy *policy = parse("hardened ca=system,/x");
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct anycert_error err = {0};
        assert_int_equal(anycert_policy_add_ca_path(policy, rows[i].path, &err), -1);
        assert_int_equal(err.code, ANYCERT_E_USAGE);
        if (strstr(err.message, rows[i].says) == NULL)
            fail_msg("%s", err.message);
    }
    struct anycert_error err = {0};
    assert_int_equal(anycert_policy_add_ca_system(policy, &err), -1);
    assert_int_equal(err.code, ANYCERT_E_USAGE);
    assert_prints(policy, "hardened ca=system,/x");
    assert_int_equal(anycert_policy_add_ca_path(policy, "./system", NULL), 0);
    assert_prints(policy, "hardened ca=system,/x,./system");
    anycert_policy_free(policy);
}

static void add_ca_every_failed_allocation_changes_nothing(void **state)
{
    (void)state;
    static const uint8_t digest[32] = {7};
    for (int which = 0; which < 3; which++) {
        struct anycert_policy *policy = parse("hardened ca=/x");
        int rv = -1;
        for (unsigned long n = 1; rv != 0; n++) {
            struct anycert_error err = {0};
            assert_prints(policy, "hardened ca=/x");
            anycert__mem_fail_from(n);
            rv = which == 0   ? anycert_policy_add_ca_path(policy, "/y", &err)
                 : which == 1 ? anycert_policy_add_ca_system(policy, &err)
                              : anycert__policy_add_ca_memory(policy, "PEM", 3, digest, &err);
            anycert__mem_fail_from(0);
            assert_int_equal(err.code, rv == 0 ? 0 : ANYCERT_E_NOMEM);
        }
        assert_int_equal(policy->ca_count, 2);
        anycert_policy_free(policy);
    }
}

static void available_table(void **state)
{
    (void)state;
    static const struct {
        const char *text, *missing; /* NULL: can be carried out */
    } rows[] = {
        {"hardened", NULL},
        {"trust-any", NULL},
        {"report-only", NULL},
        {"hardened ca=system,/x", NULL},
        {"hardened+expired until=2026-01-01 reason=x", NULL},
        {"report-only for=hardened+expired ca=/x", NULL},
        {"antique", NULL},
        {"tofu", NULL},
        {"tofu mode=strict", NULL},
        {"pinned pin=" PIN " check=name", NULL},
        {"hardened pin=" PIN, NULL},
        {"hardened expect-name=a", NULL},
        {"trust-any sni=a", NULL},
        {"report-only for=tofu", NULL},
        {"hardened ca=sha256:"
         "0000000000000000000000000000000000000000000000000000000000000000",
         "by their digest only"},
        {"report-only for=\"hardened pin=" PIN "\"", NULL},
        {"hardened+tls1.0+small-dh", NULL},
        {"report-only for=hardened+tls1.0", NULL},
    };
    assert_int_equal(anycert_policy_available(NULL, NULL), 0);
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct anycert_error err = {0};
        struct anycert_policy *policy = parse(rows[i].text);
        int rv = anycert_policy_available(policy, &err);
        if ((rv == 0) != (rows[i].missing == NULL))
            fail_msg("'%s': %s", rows[i].text, err.message);
        if (rv != 0) {
            assert_int_equal(err.code, ANYCERT_E_POLICY_UNAVAILABLE);
            if (strstr(err.message, rows[i].missing) == NULL)
                fail_msg("'%s': %s", rows[i].text, err.message);
        }
        anycert_policy_free(policy);
    }
}

static void available_every_relaxation_follows_its_table(void **state)
{
    (void)state;
    for (const struct anycert_relaxation *r = NULL; (r = anycert_relaxation_next(r));) {
        struct anycert_error err = {0};
        struct anycert_policy *policy = anycert_policy_new(NULL);
        assert_int_equal(anycert_policy_relax(policy, anycert_relaxation_name(r), NULL), 0);
        int rv = anycert_policy_available(policy, &err);
        assert_int_equal(rv == 0, anycert_relaxation_is_available(r));
        if (rv != 0)
            assert_non_null(strstr(err.message, anycert_relaxation_name(r)));
        anycert_policy_free(policy);
    }
}

static void authenticates_table(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        int expected;
    } rows[] = {
        {"hardened", 1},
        {"hardened+expired+weak-key", 1},
        {"hardened+common-name", 1},
        {"hardened+tls1.0", 1},
        {"hardened+untrusted-issuer", 0},
        {"hardened+self-signed", 0},
        {"hardened+wrong-host", 0},
        {"hardened+invalid-ca", 0},
        {"hardened+expired+wrong-host", 0},
        {"hardened+untrusted-issuer ca=/x", 0},
        {"hardened+self-signed+untrusted-issuer pin=" PIN, 1},
        {"hardened+wrong-host pin=" PIN, 1},
        {"hardened+invalid-ca pin=" PIN, 0},
        {"pinned pin=" PIN, 1},
        {"pinned+wrong-host pin=" PIN " check=name", 1},
        {"tofu", 0},
        {"tofu mode=accept-new", 0},
        {"tofu mode=strict", 1},
        {"tofu+wrong-host mode=strict", 0},
        {"report-only", 0},
        {"report-only for=\"pinned pin=" PIN "\"", 0},
        {"trust-any", 0},
        {"antique", 0},
    };
    assert_int_equal(anycert_policy_authenticates(NULL), 1);
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct anycert_policy *policy = parse(rows[i].text);
        if (anycert_policy_authenticates(policy) != rows[i].expected)
            fail_msg("'%s'", rows[i].text);
        anycert_policy_free(policy);
    }
}

static void allows_is_rung_and_relaxations(void **state)
{
    (void)state;
    const anycert__relaxations certificates = anycert__relaxations_of_certificates();
    const anycert__relaxations names = BIT(WRONG_HOST) | BIT(COMMON_NAME);
    const anycert__relaxations dates = BIT(EXPIRED) | BIT(NOT_YET_VALID);
    const struct {
        const char *text;
        anycert__relaxations expected;
    } rows[] = {
        {"hardened", 0},
        {"hardened+expired+tls1.0", BIT(EXPIRED) | BIT(TLS1_0)},
        {"pinned pin=" PIN, certificates},
        {"pinned pin=" PIN " check=name", certificates & ~names},
        {"pinned pin=" PIN " check=dates", certificates & ~dates},
        {"pinned+expired pin=" PIN " check=name,dates",
         (certificates & ~names & ~dates) | BIT(EXPIRED)},
        {"tofu+expired", BIT(UNTRUSTED_ISSUER) | BIT(SELF_SIGNED) | BIT(EXPIRED)},
        {"trust-any+tls1.0", anycert__rung_contains(ANYCERT__RUNG_TRUST_ANY) | BIT(TLS1_0)},
        {"report-only for=hardened+tls1.0", anycert__rung_contains(ANYCERT__RUNG_TRUST_ANY)},
    };
    assert_true(anycert__policy_allows(NULL) == 0);
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct anycert_policy *policy = parse(rows[i].text);
        if (anycert__policy_allows(policy) != rows[i].expected)
            fail_msg("'%s'", rows[i].text);
        anycert_policy_free(policy);
    }
}

static void accepts_any_and_reference(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        bool any;
        const char *reference;
    } rows[] = {
        {"hardened", false, NULL},
        {"hardened+untrusted-issuer+self-signed+wrong-host", false, NULL},
        {"pinned pin=" PIN, false, NULL},
        {"tofu", false, NULL},
        {"trust-any", true, NULL},
        {"antique", true, NULL},
        {"report-only", true, NULL},
        {"report-only for=hardened+expired", true, "hardened+expired"},
    };
    assert_false(anycert__policy_accepts_any_certificate(NULL));
    assert_null(anycert__policy_reference(NULL));
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct anycert_policy *policy = parse(rows[i].text);
        assert_int_equal(anycert__policy_accepts_any_certificate(policy), rows[i].any);
        const struct anycert_policy *reference = anycert__policy_reference(policy);
        if (rows[i].reference)
            assert_prints(reference, rows[i].reference);
        else
            assert_null(reference);
        anycert_policy_free(policy);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(check_finds_what_no_longer_fits),
        cmocka_unit_test(get_gives_what_set_took),
        cmocka_unit_test(setters_refuse_and_change_nothing),
        cmocka_unit_test(setters_replace),
        cmocka_unit_test(setters_without_policy_fail),
        cmocka_unit_test(add_ca_first_call_replaces_the_system),
        cmocka_unit_test(add_ca_refuses),
        cmocka_unit_test(add_ca_every_failed_allocation_changes_nothing),
        cmocka_unit_test(available_table),
        cmocka_unit_test(available_every_relaxation_follows_its_table),
        cmocka_unit_test(authenticates_table),
        cmocka_unit_test(allows_is_rung_and_relaxations),
        cmocka_unit_test(accepts_any_and_reference),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
