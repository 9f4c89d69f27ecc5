#include "policy/policy.h"
#include "base/file.h"
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

#define COUNT(a)  (sizeof(a) / sizeof(a)[0])
#define BIT(name) ANYCERT__RELAX_BIT(ANYCERT__RELAX_##name)

/* Names, ids, order and the last column of the normative table, written down a second time: what
 * changes here changes for every user. */
static const struct {
    int id;
    const char *name;
    int authenticates;
} normative[] = {
    {1, "untrusted-issuer", 0},
    {2, "self-signed", 0},
    {3, "expired", 1},
    {4, "not-yet-valid", 1},
    {5, "wrong-host", 0},
    {6, "common-name", 1},
    {7, "weak-key", 1},
    {8, "weak-signature", 1},
    {9, "wrong-purpose", 1},
    {10, "invalid-ca", 0},
    {11, "path-length", 1},
    {12, "name-constraints", 1},
    {13, "critical-extension", 1},
    {14, "explicit-curve", 1},
    {15, "legacy-renegotiation", 1},
    {16, "renegotiation", 1},
    {17, "tls1.0", 1},
    {18, "tls1.1", 1},
    {19, "tls1.2-max", 1},
    {20, "small-dh", 1},
    {21, "sha1-handshake", 1},
    {22, "rsa-key-exchange", 1},
    {23, "cbc-sha1", 1},
    {24, "legacy-ciphers", 1},
    {25, "legacy-groups", 1},
    {26, "oversized-chain", 1},
    {27, "unclean-shutdown", 1},
    {28, "no-sni", 1},
    {29, "no-alpn", 1},
    {30, "no-ems", 1},
    {31, "no-etm", 1},
    {32, "classical-hello", 1},
    {33, "bare-hello", 1},
};
#define CERTIFICATE_COUNT 14

static void relaxation_table_is_the_normative_one(void **state)
{
    (void)state;
    const struct anycert_relaxation *r = NULL;
    for (size_t i = 0; i < COUNT(normative); i++) {
        r = anycert_relaxation_next(r);
        assert_non_null(r);
        assert_int_equal(anycert_relaxation_id(r), normative[i].id);
        assert_string_equal(anycert_relaxation_name(r), normative[i].name);
        assert_int_equal(anycert_relaxation_authenticates(r), normative[i].authenticates);
        assert_ptr_equal(anycert_relaxation_by_id(normative[i].id), r);
        assert_ptr_equal(anycert_relaxation_find(normative[i].name), r);
        assert_true(strlen(anycert_relaxation_allows(r)) > 5);
        assert_true(strlen(anycert_relaxation_danger(r)) > 3);
        assert_true(strlen(anycert_relaxation_fix(r)) > 5);
        assert_true(anycert_relaxation_id(r) < 64);
    }
    assert_null(anycert_relaxation_next(r));
}

static void relaxation_unknown_is_null(void **state)
{
    (void)state;
    assert_null(anycert_relaxation_find("Expired"));
    assert_null(anycert_relaxation_find(""));
    assert_null(anycert_relaxation_find(NULL));
    assert_null(anycert_relaxation_by_id(0));
    assert_null(anycert_relaxation_by_id(-1));
    assert_null(anycert_relaxation_by_id(34));
}

static void relaxations_of_certificates_are_the_first_ones(void **state)
{
    (void)state;
    anycert__relaxations expected = 0;
    for (size_t i = 0; i < CERTIFICATE_COUNT; i++)
        expected |= ANYCERT__RELAX_BIT(normative[i].id);
    assert_true(anycert__relaxations_of_certificates() == expected);
}

static void relaxations_for_follows_the_normative_table(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        struct anycert__x509_finding finding;
        anycert__relaxations expected;
    } rows[] = {
        {"issuer 2", {.code = 2}, BIT(UNTRUSTED_ISSUER)},
        {"issuer 19", {.code = 19, .depth = 2}, BIT(UNTRUSTED_ISSUER)},
        {"issuer 20", {.code = 20}, BIT(UNTRUSTED_ISSUER)},
        {"issuer 21", {.code = 21}, BIT(UNTRUSTED_ISSUER)},
        {"self-signed leaf", {.code = 18}, BIT(SELF_SIGNED)},
        {"self-signed above", {.code = 18, .depth = 1}, 0},
        {"expired leaf", {.code = 10}, BIT(EXPIRED)},
        {"expired root", {.code = 10, .depth = 3}, BIT(EXPIRED)},
        {"not yet valid", {.code = 9, .depth = 1}, BIT(NOT_YET_VALID)},
        {"host", {.code = 62}, BIT(WRONG_HOST)},
        {"host with CN", {.code = 62, .cn_only_match = true}, BIT(WRONG_HOST) | BIT(COMMON_NAME)},
        {"address", {.code = 64}, BIT(WRONG_HOST)},
        {"address with CN", {.code = 64, .cn_only_match = true}, BIT(WRONG_HOST)},
        {"small key", {.code = 66, .key_above_floor = true}, BIT(WEAK_KEY)},
        {"smaller key", {.code = 66}, 0},
        {"small CA key", {.code = 67, .depth = 1, .key_above_floor = true}, BIT(WEAK_KEY)},
        {"smaller CA key", {.code = 67, .depth = 1}, 0},
        {"SHA-1", {.code = 68, .signature_is_sha1 = true}, BIT(WEAK_SIGNATURE)},
        {"MD5", {.code = 68, .key_above_floor = true}, 0},
        {"purpose of the leaf", {.code = 26}, BIT(WRONG_PURPOSE)},
        {"purpose of a CA", {.code = 26, .depth = 1}, BIT(INVALID_CA)},
        {"no CA 79", {.code = 79, .depth = 1}, BIT(INVALID_CA)},
        {"no CA 32", {.code = 32, .depth = 1}, BIT(INVALID_CA)},
        {"path length", {.code = 25, .depth = 1}, BIT(PATH_LENGTH)},
        {"name constraints 47", {.code = 47}, BIT(NAME_CONSTRAINTS)},
        {"name constraints 48", {.code = 48}, BIT(NAME_CONSTRAINTS)},
        {"critical extension", {.code = 34}, BIT(CRITICAL_EXTENSION)},
        {"explicit curve", {.code = 94}, BIT(EXPLICIT_CURVE)},
    };
    bool seen[200] = {false};
    for (size_t i = 0; i < COUNT(rows); i++) {
        seen[rows[i].finding.code] = true;
        if (anycert__relaxations_for(&rows[i].finding) != rows[i].expected)
            fail_msg("%s", rows[i].name);
    }
    /* No other code is ever let through: bad signatures, malformed times, revocation, 0. */
    for (int code = 0; code < 200; code++) {
        struct anycert__x509_finding f = {.code = code,
                                          .cn_only_match = true,
                                          .key_above_floor = true,
                                          .signature_is_sha1 = true};
        for (f.depth = 0; f.depth < 3 && !seen[code]; f.depth++)
            assert_true(anycert__relaxations_for(&f) == 0);
    }
}

static void rung_table_is_the_normative_one(void **state)
{
    (void)state;
    static const struct {
        int id;
        const char *name;
        int available;
    } rows[] = {
        {0, "hardened", 1},    {1, "pinned", 1},    {2, "tofu", 1},
        {3, "report-only", 1}, {4, "trust-any", 1}, {5, "antique", 1},
    };
    const struct anycert_rung *r = NULL;
    for (size_t i = 0; i < COUNT(rows); i++) {
        r = anycert_rung_next(r);
        assert_non_null(r);
        assert_int_equal(anycert_rung_id(r), rows[i].id);
        assert_string_equal(anycert_rung_name(r), rows[i].name);
        assert_int_equal(anycert_rung_is_available(r), rows[i].available);
        assert_ptr_equal(anycert_rung_find(rows[i].name), r);
        assert_true(strlen(anycert_rung_meaning(r)) > 10);
        assert_true(strlen(anycert_rung_gives_up(r)) > 5);
    }
    assert_null(anycert_rung_next(r));
    assert_null(anycert_rung_find("none"));
    assert_null(anycert_rung_find(NULL));
}

static void rung_contains_table(void **state)
{
    (void)state;
    const anycert__relaxations all = anycert__relaxations_of_certificates();
    const anycert__relaxations any =
        all | BIT(LEGACY_RENEGOTIATION) | BIT(SMALL_DH) | BIT(RSA_KEY_EXCHANGE) | BIT(CBC_SHA1);
    const anycert__relaxations antique = any | BIT(TLS1_0) | BIT(TLS1_1) | BIT(SHA1_HANDSHAKE) |
                                         BIT(LEGACY_CIPHERS) | BIT(LEGACY_GROUPS) |
                                         BIT(RENEGOTIATION) | BIT(OVERSIZED_CHAIN) |
                                         BIT(UNCLEAN_SHUTDOWN) | BIT(NO_ALPN) | BIT(NO_EMS);
    assert_true(anycert__rung_contains(ANYCERT__RUNG_HARDENED) == 0);
    assert_true(anycert__rung_contains(ANYCERT__RUNG_PINNED) == all);
    assert_true(anycert__rung_contains(ANYCERT__RUNG_TOFU) ==
                (BIT(UNTRUSTED_ISSUER) | BIT(SELF_SIGNED)));
    assert_true(anycert__rung_contains(ANYCERT__RUNG_REPORT_ONLY) == any);
    assert_true(anycert__rung_contains(ANYCERT__RUNG_TRUST_ANY) == any);
    assert_true(anycert__rung_contains(ANYCERT__RUNG_ANTIQUE) == antique);
}

/* The manual page with every run of white space made one space. */
static char *read_page(void)
{
    char path[600], *page;
    size_t len;
    struct anycert_error err = {0};
    const char *source = getenv("ANYCERT_SOURCE_DIR");
    assert_non_null(source);
    snprintf(path, sizeof path, "%s/docs/man/anycert-policy.5", source);
    if (anycert__file_read(path, 1000000, ANYCERT_E_FILE, "page", &page, &len, &err) != 0)
        fail_msg("%s", err.message);
    char *to = page;
    for (const char *from = page; *from; from++) {
        if (*from != '\n' && *from != ' ')
            *to++ = *from;
        else if (to > page && to[-1] != ' ')
            *to++ = ' ';
    }
    *to = '\0';
    return page;
}

static const char *find_behind(const char *from, const char *text, const char *what)
{
    const char *at = strstr(from, text);
    if (at == NULL)
        fail_msg("anycert-policy(5) lacks of '%s': %s", what, text);
    return at ? at + strlen(text) : NULL;
}

static void manual_page_has_every_rung_and_relaxation(void **state)
{
    (void)state;
    char *page = read_page(), item[80];
    const char *at = page;
    for (const struct anycert_rung *r = anycert_rung_next(NULL); r; r = anycert_rung_next(r)) {
        snprintf(item, sizeof item, ".It Cm %s ", anycert_rung_name(r));
        at = find_behind(at, item, anycert_rung_name(r));
        at = find_behind(at, anycert_rung_meaning(r), anycert_rung_name(r));
        at = find_behind(at, anycert_rung_gives_up(r), anycert_rung_name(r));
    }
    for (const struct anycert_relaxation *r = anycert_relaxation_next(NULL); r;
         r = anycert_relaxation_next(r)) {
        const char *name = anycert_relaxation_name(r);
        snprintf(item, sizeof item, ".It Cm %s ", name);
        at = find_behind(at, item, name);
        at = find_behind(at, anycert_relaxation_allows(r), name);
        at = find_behind(at, anycert_relaxation_danger(r), name);
        at = find_behind(at, anycert_relaxation_fix(r), name);
    }
    anycert__free(page);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(relaxation_table_is_the_normative_one),
        cmocka_unit_test(relaxation_unknown_is_null),
        cmocka_unit_test(relaxations_of_certificates_are_the_first_ones),
        cmocka_unit_test(relaxations_for_follows_the_normative_table),
        cmocka_unit_test(rung_table_is_the_normative_one),
        cmocka_unit_test(rung_contains_table),
        cmocka_unit_test(manual_page_has_every_rung_and_relaxation),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
