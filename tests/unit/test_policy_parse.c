#include "policy/policy.h"
#include "base/buf.h"
#include "base/mem.h"
#include "base/str.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define COUNT(a) (sizeof(a) / sizeof(a)[0])

/* Digests in base64 that differ in the first letter; the last has a letter that a lax decoder
 * takes. */
#define PIN_A      "sha256//AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="
#define PIN_B      "sha256//BAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="
#define PIN_b      "sha256//bAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="
#define PIN_SLOPPY "sha256//AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAB="
#define DIGEST     "sha256:00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"
#define DIGEST_U   "sha256:00112233445566778899AABBCCDDEEFF00112233445566778899aabbccddeeff"
#define LABEL63    "a23456789012345678901234567890123456789012345678901234567890123"

static int no_more_failures(void **state)
{
    (void)state;
    anycert__mem_fail_from(0);
    return 0;
}

/* text → what it prints as; NULL means the same text. */
static const struct {
    const char *text, *canonical;
} good[] = {
    {"hardened", NULL},
    {"trust-any", NULL},
    {"report-only", NULL},
    {"antique", NULL},
    {"tofu", NULL},
    {"pinned pin=" PIN_A, NULL},
    {"hardened+expired", NULL},
    {"hardened+wrong-host+expired+self-signed", "hardened+self-signed+expired+wrong-host"},
    {"hardened+bare-hello+tls1.2-max+tls1.0", "hardened+tls1.0+tls1.2-max+bare-hello"},
    {"hardened+wrong-host+common-name", NULL},
    {"trust-any+tls1.0+sha1-handshake", NULL},
    {"antique+no-sni", NULL},
    {"tofu+expired+wrong-host", NULL},
    {"pinned+tls1.0 pin=" PIN_A, NULL},
    {"pinned+expired pin=" PIN_A " check=dates", NULL},
    {"pinned+wrong-host pin=" PIN_A " check=name", NULL},
    /* ca */
    {"hardened ca=system", "hardened"},
    {"hardened ca=/etc/x.pem", NULL},
    {"hardened ca=/x,system", "hardened ca=system,/x"},
    {"hardened ca=/b,/a,relative", NULL},
    {"hardened ca=./system", NULL},
    {"hardened ca=" DIGEST, NULL},
    {"hardened ca=" DIGEST_U ",/x", "hardened ca=" DIGEST ",/x"},
    {"hardened ca=\"/a b\"", NULL},
    {"hardened ca=\"/a\"", "hardened ca=/a"},
    {"hardened ca=\"/it's\"", NULL},
    {"hardened ca=\"/say \\\"x\\\"\\\\y\"", NULL},
    {"hardened ca=C:\\pki", NULL},
    {"hardened ca=a=b", NULL},
    {"trust-any ca=/x", NULL},
    /* pin */
    {"hardened pin=" PIN_A, NULL},
    {"hardened pin=" PIN_b "," PIN_B "," PIN_A, "hardened pin=" PIN_A "," PIN_B "," PIN_b},
    {"pinned check=dates,name pin=" PIN_A, "pinned pin=" PIN_A " check=name,dates"},
    /* mode */
    {"tofu mode=ask", "tofu"},
    {"tofu mode=accept-new", NULL},
    {"tofu mode=strict", NULL},
    /* names */
    {"hardened expect-name=Fritz.BOX.", "hardened expect-name=fritz.box"},
    {"hardened expect-name=a_b.x-y", NULL},
    {"hardened expect-name=" LABEL63 ".x", NULL},
    {"hardened expect-name=xn--mnchen-3ya.example", NULL},
    {"hardened expect-name=192.0.2.1", NULL},
    {"hardened expect-name=[2001:DB8:0:0::1]", "hardened expect-name=2001:db8::1"},
    {"hardened expect-name=::1", NULL},
    {"hardened expect-name=1.2.3.example", NULL},
    {"tofu expect-name=a", NULL},
    {"hardened sni=A.example.", "hardened sni=a.example"},
    {"trust-any sni=a.example", NULL},
    {"antique sni=a.example", NULL},
    /* for */
    {"report-only for=hardened", "report-only"},
    {"report-only for=\"hardened\"", "report-only"},
    {"report-only for=\"hardened ca=system\"", "report-only"},
    {"report-only for=hardened+expired", NULL},
    {"report-only for=\"hardened+wrong-host+expired\"",
     "report-only for=hardened+expired+wrong-host"},
    {"report-only for=\"hardened pin=" PIN_A "\"", NULL},
    {"report-only for=\"pinned pin=" PIN_A " check=name\"", NULL},
    {"report-only for=tofu", NULL},
    {"report-only for=\"hardened+expired ca=/x\"", "report-only ca=/x for=hardened+expired"},
    {"report-only for=\"hardened ca=\\\"/a b\\\"\"", "report-only ca=\"/a b\""},
    {"report-only for=\"hardened expect-name=X\" ca=/y", "report-only ca=/y expect-name=x"},
    /* until, reason, order */
    {"hardened+expired until=2026-12-31", NULL},
    {"trust-any until=2028-02-29", NULL},
    {"trust-any until=9999-12-31", NULL},
    {"hardened reason=x", NULL},
    {"hardened reason=\" x\"", NULL},
    {"trust-any reason=\"waiting for the new certificate\"", NULL},
    {"trust-any reason=\"caf\\u00e9 \\ud83d\\ude00 \\/\"",
     "trust-any reason=\"caf\xc3\xa9 \xf0\x9f\x98\x80 /\""},
    {"trust-any reason=caf\\u00e9", NULL},
    {"trust-any reason=\"\\\"\"", NULL},
    {"trust-any reason=a=b", NULL},
    {"trust-any reason=\"=\"", "trust-any reason=="},
    {"hardened+expired reason=r until=2026-01-01 sni=s expect-name=e pin=" PIN_A " ca=/c",
     "hardened+expired ca=/c pin=" PIN_A " expect-name=e sni=s until=2026-01-01 reason=r"},
};

static void parse_good_text_prints_canonically(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(good); i++) {
        struct anycert_error err = {0};
        const char *expected = good[i].canonical ? good[i].canonical : good[i].text;
        struct anycert_policy *policy = anycert_policy_parse(good[i].text, &err);
        if (policy == NULL)
            fail_msg("'%s': %s", good[i].text, err.message);
        char *text = anycert_policy_format(policy, &err);
        assert_non_null(text);
        if (strcmp(text, expected) != 0)
            fail_msg("'%s' prints as '%s'", good[i].text, text);
        struct anycert_policy *again = anycert_policy_parse(text, &err);
        if (again == NULL)
            fail_msg("'%s': %s", text, err.message);
        assert_int_equal(anycert_policy_equal(policy, again), 1);
        assert_int_equal(err.code, 0);
        anycert_policy_free(again);
        anycert_free(text);
        anycert_policy_free(policy);
    }
}

/* text → two things that the sentence says: the word it is about, and what was expected or is
 * wrong. */
static const struct {
    const char *text, *word, *says;
} bad[] = {
    {NULL, "empty", "expected a rung"},
    {"", "empty", "expected a rung"},
    {" ", "space", "begins"},
    {" hardened", "space", "begins"},
    {"hardened ", "space", "ends"},
    {"hardened  ca=/x", "two spaces", "exactly one"},
    {"hardened\tca=/x", "0x09", "byte 9"},
    {"hardened\n", "0x0a", "byte 9"},
    {"hardened\x7f", "0x7f", "byte 9"},
    {"hardened reason=\xff", "UTF-8", "not"},
    {"hardened reason=\xed\xa0\x80", "UTF-8", "not"},
    /* rungs */
    {"none", "'none'", "expected hardened"},
    {"false", "'false'", "expected hardened"},
    {"0", "'0'", "expected hardened"},
    {"insecure", "'insecure'", "trust-any or antique"},
    {"Trust-Any", "'Trust-Any'", "did you mean 'trust-any'"},
    {"trust_any", "'trust_any'", "did you mean 'trust-any'"},
    {"until=2026-01-01", "'until=2026-01-01'", "unknown rung"},
    {"insecure", "did you mean 'trust-any'", "expected hardened"},
    {"+expired", "no rung in front", "hardened+expired"},
    {"expired", "unknown rung 'expired', which is a relaxation", "write hardened+expired"},
    {"expired,self-signed", "unknown rung 'expired,self-signed'", "joined with '+'"},
    {"hardened+expired,self-signed", "'expired,self-signed'", "joined with '+'"},
    {"hardened+expired reason=on order", "'order'", "reason=\"on order\""},
    {"hardened+expired reason=a expect-nam", "'expect-nam'", "did you mean 'expect-name'"},
    {"pinned pin=", "no value", "'pinned' needs one"},
    {"hardened pin=" PIN_A ", " PIN_A, "pin is missing", "no space behind the comma"},
    {"pin=" PIN_A, "pin=sha256//AAAA", "unknown rung"},
    {"hardened\xc2\x9b"
     "31m",
     "\\xc2\\x9b", "unknown rung"},
    /* relaxations */
    {"hardened+", "relaxation", "missing"},
    {"hardened++expired", "relaxation", "missing"},
    {"hardened+expired+", "relaxation", "missing"},
    {"hardened+Expired", "'Expired'", "did you mean 'expired'"},
    {"hardened+exipred", "'exipred'", "did you mean 'expired'"},
    {"hardened+everything", "'everything'", "unknown relaxation"},
    {"hardened+expired+expired", "'expired'", "twice"},
    {"hardened +expired", "'+expired'", "hardened+expired"},
    {"hardened expired", "'expired'", "hardened+expired"},
    {"trust-any+expired", "'expired'", "contained in 'trust-any'"},
    {"trust-any+cbc-sha1", "'cbc-sha1'", "contained in 'trust-any'"},
    {"report-only+wrong-host", "'wrong-host'", "contained in 'report-only'"},
    {"antique+tls1.0", "'tls1.0'", "contained in 'antique'"},
    {"tofu+self-signed", "'self-signed'", "contained in 'tofu'"},
    {"pinned+expired pin=" PIN_A, "'expired'", "contained in 'pinned'"},
    {"pinned+expired pin=" PIN_A " check=name", "'expired'", "contained in 'pinned'"},
    {"pinned+wrong-host pin=" PIN_A " check=dates", "'wrong-host'", "contained in 'pinned'"},
    /* keys */
    {"hardened insecure", "'insecure'", "key=value"},
    {"hardened ca", "'ca'", "key=value"},
    {"hardened cas=/x", "'cas'", "did you mean 'ca'"},
    {"hardened CA=/x", "'CA'", "did you mean 'ca'"},
    {"hardened =x", "unknown key ''", "expected ca, pin"},
    {"hardened ca=/x ca=/y", "'ca'", "twice"},
    {"trust-any reason=a reason=a", "'reason'", "twice"},
    {"hardened ca=", "'ca'", "no value"},
    {"hardened ca=\"\"", "'ca'", "no value"},
    {"tofu mode=", "'mode'", "no value"},
    {"hardened pin= ca=/x", "'pin'", "no value"},
    {"trust-any reason=\"\"", "'reason'", "no value"},
    {"trust-any reason=\" \"", "reason=", "blank"},
    {"trust-any reason=\" \\u00a0\\u2003\\u200b\\u3000\\ufeff\"", "reason=", "blank"},
    {"hardened reason=\"x", "'reason'", "no closing quote"},
    {"hardened reason=\"x\\\"", "'reason'", "no closing quote"},
    {"hardened reason=\"x\\", "'reason'", "backslash"},
    {"hardened reason=\"x\"y", "'reason'", "'y'"},
    {"hardened reason=\"x\",\"y\"", "'reason'", "expected a space"},
    {"hardened reason=x\"y", "'reason'", "JSON string"},
    {"hardened reason='x y'", "'reason'", "JSON string"},
    {"hardened reason=\"\\x41\"", "'reason'", "JSON does not know"},
    {"hardened reason=\"\\u00g0\"", "'reason'", "four hexadecimal"},
    {"hardened reason=\"\\u00", "'reason'", "four hexadecimal"},
    {"hardened reason=\"\\u0000\"", "'reason'", "\\u0000"},
    {"hardened reason=\"\\ud83d\"", "'reason'", "without the second"},
    {"hardened reason=\"\\ud83d\\ud83d\"", "'reason'", "without the second"},
    {"hardened reason=\"\\ud83dx\"", "'reason'", "without the second"},
    {"hardened reason=\"\\ude00\"", "'reason'", "without the first"},
    {"hardened reason=\"a\\nb\"", "'reason'", "control character"},
    {"hardened reason=\"a\\u007fb\"", "'reason'", "control character"},
    {"hardened reason=\"a\\u202eb\"", "reason=", "U+202E"},
    {"hardened reason=\"a\\u0085b\"", "reason=", "U+0085"},
    {"hardened ca=\"/a\\u0001\"", "'ca'", "control character"},
    /* ca */
    {"hardened ca=,", "ca=", "empty entry"},
    {"hardened ca=/x,", "ca=", "empty entry"},
    {"hardened ca=/x,,/y", "ca=", "empty entry"},
    {"hardened ca=/x,/x", "'/x'", "already"},
    {"hardened ca=system,/x,system", "system", "already"},
    {"hardened ca=" DIGEST "," DIGEST_U, "sha256:00112233", "already"},
    {"hardened ca=sha256:00", "'sha256:00'", "64 hexadecimal digits"},
    {"hardened ca=sha256:0011223344556677889900112233445566778899001122334455667788990xyz",
     "'sha256:", "64 hex"},
    /* pin */
    {"pinned", "pin", "add pin="},
    {"trust-any pin=" PIN_A, "'pin'", "means nothing for 'trust-any'"},
    {"tofu pin=" PIN_A, "'pin'", "means nothing for 'tofu'"},
    {"report-only pin=" PIN_A, "'pin'", "means nothing for 'report-only'"},
    {"antique pin=" PIN_A, "'pin'", "means nothing for 'antique'"},
    {"hardened pin=x", "'x'", "44 base64"},
    {"hardened pin=sha256/AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=", "'sha256/A", "44 base64"},
    {"hardened pin=SHA256//AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=", "'SHA256//", "44 base64"},
    {"hardened pin=" PIN_SLOPPY, "AAB='", "44 base64"},
    {"hardened pin=sha256//AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", "'sha256//", "44 base64"},
    {"hardened pin=sha256//AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA-_A=", "'sha256//", "44 base64"},
    {"hardened pin=" PIN_A ",", "pin is missing", "beside a comma"},
    {"hardened pin=" PIN_A "," PIN_B "," PIN_A, PIN_A, "twice"},
    /* check, mode */
    {"hardened check=name", "'check'", "means nothing for 'hardened'"},
    {"pinned pin=" PIN_A " check=all", "'all'", "expected name"},
    {"pinned pin=" PIN_A " check=name,name", "'name'", "twice"},
    {"pinned pin=" PIN_A " check=name,", "''", "expected name"},
    {"hardened mode=ask", "'mode'", "only tofu"},
    {"tofu mode=Ask", "'Ask'", "did you mean 'ask'"},
    {"tofu mode=yes", "'yes'", "expected ask"},
    /* names */
    {"trust-any expect-name=x", "'expect-name'", "means nothing for 'trust-any'"},
    {"antique expect-name=x", "'expect-name'", "means nothing for 'antique'"},
    {"hardened expect-name=*.example", "'*.example'", "wildcard"},
    {"hardened expect-name=a..b", "'a..b'", "empty label"},
    {"hardened expect-name=.", "'.'", "empty label"},
    {"hardened expect-name=.a", "'.a'", "empty label"},
    {"hardened expect-name=a.b..", "'a.b..'", "empty label"},
    {"hardened expect-name=" LABEL63 "x", "expect-name", "63"},
    {"hardened expect-name=-a", "'-a'", "hyphen"},
    {"hardened expect-name=a-.b", "'a-.b'", "hyphen"},
    {"hardened expect-name=m\xc3\xbcnchen", "'m\xc3\xbcnchen'", "xn--"},
    {"hardened expect-name=M\xc3\xbcnchen.example", "xn-- form", ", xn--mnchen-3ya.example"},
    {"hardened sni=\xe6\x97\xa5\xe6\x9c\xac.example", "sni", ", xn--wgv71a.example"},
    {"hardened expect-name=M\xc3\x9cNCHEN", "is not ASCII", "write its xn-- form"},
    {"hardened expect-name=a:443", "'a:443'", "character"},
    {"hardened expect-name=https://a", "'https://a'", "character"},
    {"hardened expect-name=256.1.1.1", "'256.1.1.1'", "address"},
    {"hardened expect-name=127.1", "'127.1'", "address"},
    {"hardened expect-name=0x7f000001", "'0x7f000001'", "address"},
    {"hardened expect-name=[::1", "'[::1'", "character"},
    {"hardened expect-name=fe80::1%eth0", "'fe80::1%eth0'", "character"},
    {"hardened+wrong-host expect-name=a", "'wrong-host'", "expect-name=a"},
    {"report-only for=hardened+wrong-host expect-name=a", "'wrong-host'", "expect-name=a"},
    {"hardened sni=192.0.2.1", "'192.0.2.1'", "address"},
    {"hardened sni=::1", "'::1'", "address"},
    {"hardened sni=*.x", "'*.x'", "wildcard"},
    {"hardened+no-sni sni=a", "'no-sni'", "sni=a"},
    {"trust-any+bare-hello sni=a", "'bare-hello'", "sni=a"},
    /* for */
    {"hardened for=hardened", "'for'", "only report-only"},
    {"trust-any for=hardened", "'for'", "only report-only"},
    {"report-only for=trust-any", "'trust-any'", "nothing to report"},
    {"report-only for=antique", "'antique'", "nothing to report"},
    {"report-only for=report-only", "'report-only'", "nothing to report"},
    {"report-only for=\"report-only for=hardened\"", "'report-only'", "nothing to report"},
    {"report-only for=hard", "in for=: ", "'hard'"},
    {"report-only for=\"hardened \"", "in for=: ", "space"},
    {"report-only for=pinned", "in for=: ", "add pin="},
    {"report-only for=\"hardened sni=a\"", "'sni'", "report-only itself"},
    {"report-only for=\"hardened+expired until=2026-01-01\"", "'until'", "report-only itself"},
    {"report-only for=\"hardened reason=x\"", "'reason'", "report-only itself"},
    {"report-only ca=/x for=\"hardened ca=/y\"", "'ca'", "both"},
    {"report-only for=\"hardened ca=/y\" ca=/x", "'ca'", "twice"},
    {"report-only expect-name=x for=\"hardened expect-name=x\"", "'expect-name'", "both"},
    /* until */
    {"hardened until=2026-12-31", "'until'", "nothing that could end"},
    {"trust-any until=2026-02-30", "'2026-02-30'", "YYYY-MM-DD"},
    {"trust-any until=2025-02-29", "'2025-02-29'", "YYYY-MM-DD"},
    {"trust-any until=31.12.2026", "'31.12.2026'", "YYYY-MM-DD"},
    {"trust-any until=2026-1-1", "'2026-1-1'", "YYYY-MM-DD"},
    {"trust-any until=forever", "'forever'", "YYYY-MM-DD"},
    {"trust-any until=2026-12-31T00:00:00Z", "'2026-12-31T00:00:00Z'", "YYYY-MM-DD"},
};

static void parse_bad_text_says_what_is_wrong(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(bad); i++) {
        struct anycert_error err = {0};
        const char *text = bad[i].text ? bad[i].text : "NULL";
        if (anycert_policy_parse(bad[i].text, &err))
            fail_msg("'%s' is taken", text);
        assert_int_equal(err.code, ANYCERT_E_POLICY_SYNTAX);
        if (strstr(err.message, bad[i].word) == NULL || strstr(err.message, bad[i].says) == NULL)
            fail_msg("'%s': %s", text, err.message);
        if (strchr(err.message, '\n') || strlen(err.message) > 300 ||
            err.message[strlen(err.message) - 1] == '.')
            fail_msg("'%s': not one short sentence: %s", text, err.message);
        assert_null(anycert_policy_parse(bad[i].text, NULL));
    }
}

static const struct {
    const char *rung;
    const char *keys; /* those without which it is not whole */
} rungs[] = {
    {"hardened", ""},    {"pinned", " pin=" PIN_A}, {"tofu", ""},
    {"report-only", ""}, {"trust-any", ""},         {"antique", ""},
};

/* Every rung with every set of one or two relaxations and every key: taken exactly when rung and
 * relaxations fit, and then printed and read back. */
static void parse_every_rung_relaxation_and_key(void **state)
{
    (void)state;
    static const char *const keys[] = {
        "",
        " ca=/x",
        " until=2030-06-30",
        " reason=\"two words\"",
        " sni=a.example",
        " ca=system,/x sni=b until=2030-01-01 reason=x",
    };
    char text[400];
    size_t taken = 0, refused = 0;
    for (size_t i = 0; i < COUNT(rungs) * COUNT(keys) * 33; i++) {
        const char *rung = rungs[i % COUNT(rungs)].rung;
        const char *own = rungs[i % COUNT(rungs)].keys;
        const char *key = keys[i / COUNT(rungs) % COUNT(keys)];
        const struct anycert_relaxation *r =
            anycert_relaxation_by_id((int)(i / COUNT(rungs) / COUNT(keys)) + 1);
        for (const struct anycert_relaxation *q = NULL; (q = anycert_relaxation_next(q));) {
            const char *name = anycert_relaxation_name(r), *other = anycert_relaxation_name(q);
            snprintf(text, sizeof text, q == r ? "%s+%s%s%s%s" : "%s+%s+%s%s%s", rung, name,
                     q == r ? "" : other, own, key);
            anycert__relaxations both = ANYCERT__RELAX_BIT(anycert_relaxation_id(r)) |
                                        ANYCERT__RELAX_BIT(anycert_relaxation_id(q));
            bool contained = (anycert__rung_contains(
                                  (enum anycert__rung)anycert_rung_id(anycert_rung_find(rung))) &
                              both) != 0;
            bool no_name =
                strstr(key, "sni=") && (both & (ANYCERT__RELAX_BIT(28) | ANYCERT__RELAX_BIT(33)));
            struct anycert_error err = {0};
            struct anycert_policy *policy = anycert_policy_parse(text, &err);
            if ((policy == NULL) != (contained || no_name))
                fail_msg("'%s': %s", text, policy ? "taken" : err.message);
            if (policy == NULL) {
                refused++;
                continue;
            }
            taken++;
            assert_true(policy->relaxations == both);
            char *printed = anycert_policy_format(policy, NULL);
            struct anycert_policy *again = anycert_policy_parse(printed, &err);
            char *reprinted = again ? anycert_policy_format(again, NULL) : NULL;
            if (again == NULL || !anycert_policy_equal(policy, again) ||
                strcmp(printed, reprinted) != 0)
                fail_msg("'%s' prints as '%s': %s", text, printed, err.message);
            anycert_free(reprinted);
            anycert_free(printed);
            anycert_policy_free(again);
            anycert_policy_free(policy);
        }
    }
    assert_true(taken > 10000 && refused > 10000);
}

static char *repeat(const char *head, const char *piece, size_t count, const char *tail)
{
    struct anycert__buf buf;
    anycert__buf_init(&buf, 1000000);
    anycert__buf_adds(&buf, head);
    for (size_t i = 0; i < count; i++)
        anycert__buf_adds(&buf, piece);
    anycert__buf_adds(&buf, tail);
    char *text = anycert__buf_take(&buf, "text", NULL);
    assert_non_null(text);
    return text;
}

static void assert_refused(char *text, const char *says)
{
    struct anycert_error err = {0};
    assert_null(anycert_policy_parse(text, &err));
    assert_int_equal(err.code, ANYCERT_E_POLICY_SYNTAX);
    if (strstr(err.message, says) == NULL)
        fail_msg("%s", err.message);
    anycert__free(text);
}

static void assert_taken(char *text)
{
    struct anycert_error err = {0};
    struct anycert_policy *policy = anycert_policy_parse(text, &err);
    if (policy == NULL)
        fail_msg("%s", err.message);
    anycert_policy_free(policy);
    anycert__free(text);
}

static void parse_limits(void **state)
{
    (void)state;
    /* 65536 bytes are read (and refused for another reason), 65537 are not. */
    assert_refused(repeat("", "x", 65536, ""), "unknown rung 'xxxx");
    assert_refused(repeat("", "x", 65537, ""), "longer than 65536 bytes");
    assert_refused(repeat("hardened ", "x", 65000, ""), "xxx...' is not of the form key=value");
    assert_refused(repeat("hardened+", "\xe2\x82\xac", 20000, ""), "...': see anycert-policy(5)");
    assert_taken(repeat("hardened ca=/", "x", 8190, ""));
    assert_refused(repeat("hardened ca=/", "x", 8192, ""), "longer than 8192 bytes");
    assert_taken(repeat("trust-any reason=", "\xc3\xa9", 100, ""));
    assert_refused(repeat("trust-any reason=", "\xc3\xa9", 100, "x"), "201 bytes");
    assert_refused(repeat("report-only for=\"", "\\u0041", 10000, "\""), "in for=: unknown rung");
    assert_taken(repeat("hardened expect-name=", "a.", 126, "x"));
    assert_refused(repeat("hardened expect-name=", "a.", 127, "x"), "longer than 253");
    assert_refused(repeat("hardened expect-name=[", ":", 60, "]"), "character");
    assert_refused(repeat("", "report-only for=", 4000, "hardened"), "key 'for' stands twice");
}

static void parse_more_than_64_pins_or_anchors_fails(void **state)
{
    (void)state;
    for (int count = 64; count <= 65; count++) {
        struct anycert__buf pins, cas;
        anycert__buf_init(&pins, 10000);
        anycert__buf_init(&cas, 10000);
        anycert__buf_adds(&pins, "hardened pin=");
        anycert__buf_adds(&cas, "hardened ca=");
        for (int i = 0; i < count; i++) {
            anycert__buf_addf(&pins, "%ssha256//A%c%cAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=",
                              i ? "," : "", 'A' + i / 26, 'A' + i % 26);
            anycert__buf_addf(&cas, "%s/%d", i ? "," : "", i);
        }
        struct anycert_error err = {0}, err2 = {0};
        struct anycert_policy *p = anycert_policy_parse(pins.data, &err);
        struct anycert_policy *c = anycert_policy_parse(cas.data, &err2);
        assert_int_equal(p != NULL, count == 64);
        assert_int_equal(c != NULL, count == 64);
        if (count > 64) {
            assert_non_null(strstr(err.message, "more than 64 pins"));
            assert_non_null(strstr(err2.message, "at most 64 sources"));
        }
        anycert_policy_free(p);
        anycert_policy_free(c);
        anycert__buf_free(&pins);
        anycert__buf_free(&cas);
    }
}

static void parse_every_failed_allocation_is_nomem(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "hardened+expired ca=/c," DIGEST " pin=" PIN_B "," PIN_A " expect-name=e sni=s "
        "until=2026-01-01 reason=\"two words\"",
        "report-only ca=/x for=\"pinned pin=" PIN_A " check=name,dates\" until=2026-01-01",
        "report-only for=\"hardened+expired ca=\\\"/a b\\\" expect-name=x\"",
        "tofu+expired mode=strict",
    };
    for (size_t i = 0; i < COUNT(texts); i++) {
        struct anycert_policy *policy = NULL;
        for (unsigned long n = 1; policy == NULL; n++) {
            struct anycert_error err = {0};
            anycert__mem_fail_from(n);
            policy = anycert_policy_parse(texts[i], &err);
            anycert__mem_fail_from(0);
            assert_int_equal(err.code, policy ? 0 : ANYCERT_E_NOMEM);
            assert_true(n < 500);
        }
        anycert_policy_free(policy);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(parse_good_text_prints_canonically),
        cmocka_unit_test(parse_bad_text_says_what_is_wrong),
        cmocka_unit_test(parse_every_rung_relaxation_and_key),
        cmocka_unit_test(parse_limits),
        cmocka_unit_test(parse_more_than_64_pins_or_anchors_fails),
        cmocka_unit_test_teardown(parse_every_failed_allocation_is_nomem, no_more_failures),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
