/* What is said for other clients: that each policy can be said, that nothing breaks out of its
 * quotes, and what is called the same. */
#include "base/mem.h"
#include "base/str.h"
#include "doctor/elsewhere.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static struct anycert__elsewhere say(const char *text, const char *host, const char *client)
{
    struct anycert_error err = {0};
    struct anycert_policy *policy = anycert_policy_parse(text, &err);
    struct anycert__elsewhere said = {0};

    if (!policy || anycert__elsewhere(policy, host, 8443, NULL, client, &said, &err) != 0)
        fail_msg("%s for %s: %s", text, client, err.message);
    anycert_policy_free(policy);
    return said;
}

/* Comment lines first, then something that has the host. */
static void expect_whole(const struct anycert__elsewhere *said, const char *client)
{
    const char *body = said->text;
    const char *comment = body[0] == '/' ? "// " : "# ";

    while (anycert__str_starts(body, comment))
        body = strchr(body, '\n') + 1;
    assert_true(strlen(body) > 20);
    if (strcmp(client, "openssl.cnf") != 0)
        assert_non_null(strstr(body, "localhost:8443"));
    for (const char *p = said->text; *p; p++)
        assert_true(*p == '\n' || *p == '\t' || ((unsigned char)*p >= 0x20 && *p != 0x7f));
}

/* Nothing is passed over in silence: a sentence about it, or other lines. */
static void assert_says_more_than_hardened(const struct anycert__elsewhere *said,
                                           const char *relaxation, const char *client)
{
    struct anycert__elsewhere hardened;

    if (strstr(said->text, relaxation))
        return;
    hardened = say("hardened", "localhost", client);
    if (strcmp(said->text, hardened.text) == 0)
        fail_msg("%s says nothing about %s", client, relaxation);
    anycert__elsewhere_clear(&hardened);
}

static void every_policy_can_be_said(void **state)
{
    static const char *const rungs[] = {
        "hardened",  "pinned pin=sha256//AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=",
        "tofu",      "report-only",
        "trust-any", "antique"};
    struct anycert__elsewhere said;
    char text[100];

    (void)state;
    for (size_t c = 0; anycert_doctor_client(c); c++) {
        const char *client = anycert_doctor_client(c);

        for (size_t i = 0; i < sizeof rungs / sizeof rungs[0]; i++) {
            said = say(rungs[i], "localhost", client);
            expect_whole(&said, client);
            anycert__elsewhere_clear(&said);
        }
        for (const struct anycert_relaxation *r = anycert_relaxation_next(NULL); r;
             r = anycert_relaxation_next(r)) {
            (void)snprintf(text, sizeof text, "hardened+%s", anycert_relaxation_name(r));
            said = say(text, "localhost", client);
            expect_whole(&said, client);
            assert_says_more_than_hardened(&said, anycert_relaxation_name(r), client);
            anycert__elsewhere_clear(&said);
        }
    }
}

static void hardened_is_the_same_everywhere(void **state)
{
    (void)state;
    for (size_t c = 0; anycert_doctor_client(c); c++) {
        struct anycert__elsewhere said = say("hardened", "localhost", anycert_doctor_client(c));
        struct anycert__elsewhere none;

        assert_int_equal(said.fit, ANYCERT_FIT_SAME);
        assert_int_equal(anycert__elsewhere(NULL, "localhost", 8443, NULL, anycert_doctor_client(c),
                                            &none, NULL),
                         0);
        assert_string_equal(said.text, none.text);
        assert_null(strstr(said.text, "insecure"));
        assert_null(strstr(said.text, "CERT_NONE"));
        assert_null(strstr(said.text, "InsecureSkipVerify"));
        assert_null(strstr(said.text, "rejectUnauthorized"));
        assert_null(strstr(said.text, "no-check-certificate"));
        anycert__elsewhere_clear(&said);
        anycert__elsewhere_clear(&none);
    }
}

static void one_switch_is_called_coarser(void **state)
{
    static const struct {
        const char *client, *policy;
        enum anycert_doctor_fit fit;
        const char *has;
    } rows[] = {
        {"curl", "hardened+expired", ANYCERT_FIT_COARSER, "--insecure"},
        {"curl", "hardened+legacy-renegotiation", ANYCERT_FIT_LACKS, "no option"},
        {"curl", "hardened+rsa-key-exchange", ANYCERT_FIT_SAME, "AES128-GCM-SHA256"},
        {"curl", "hardened expect-name=a.test", ANYCERT_FIT_SAME, "--connect-to a.test:8443:"},
        {"curl", "hardened sni=a.test", ANYCERT_FIT_LACKS, "# sni: "},
        {"requests", "hardened+expired", ANYCERT_FIT_COARSER, "0x200000"},
        {"requests", "hardened+expired+not-yet-valid", ANYCERT_FIT_SAME, "0x200000"},
        {"requests", "hardened+legacy-renegotiation", ANYCERT_FIT_SAME, "options |= 0x4"},
        {"requests", "hardened+no-sni", ANYCERT_FIT_LACKS, "no-sni"},
        {"requests", "hardened+self-signed", ANYCERT_FIT_COARSER, "CERT_NONE"},
        {"openssl.cnf", "hardened+expired", ANYCERT_FIT_LACKS, "expired"},
        {"openssl.cnf", "hardened+legacy-renegotiation", ANYCERT_FIT_SAME,
         "Options = UnsafeLegacyServerConnect\n"},
        {"go", "hardened+expired", ANYCERT_FIT_SAME, "c.NotAfter"},
        {"go", "hardened+small-dh", ANYCERT_FIT_LACKS, "small-dh"},
        {"node", "hardened+expired", ANYCERT_FIT_COARSER, "rejectUnauthorized: false"},
        {"node", "hardened+small-dh", ANYCERT_FIT_COARSER, "SECLEVEL=1"},
        {"java", "hardened+wrong-host", ANYCERT_FIT_SAME, "setHostnameVerifier"},
        {"java", "hardened+expired", ANYCERT_FIT_COARSER, "X509ExtendedTrustManager"},
        {"wget", "hardened+tls1.0", ANYCERT_FIT_SAME, "+VERS-TLS1.0"},
        {"wget", "hardened+wrong-host", ANYCERT_FIT_COARSER, "--no-check-certificate"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct anycert__elsewhere said = say(rows[i].policy, "localhost", rows[i].client);

        if (said.fit != rows[i].fit || !strstr(said.text, rows[i].has))
            fail_msg("%s, %s: %s\n%s", rows[i].client, rows[i].policy,
                     anycert_doctor_fit_name((int)said.fit), said.text);
        anycert__elsewhere_clear(&said);
    }
}

/* curl takes what is behind the first colon of an address without brackets for a port. */
static void addresses_have_their_brackets(void **state)
{
    struct anycert__elsewhere said = say("hardened expect-name=a.test", "::1", "curl");

    (void)state;
    if (!strstr(said.text, "a.test:8443:[::1]:8443") || !strstr(said.text, "Host: [::1]:8443"))
        fail_msg("%s", said.text);
    anycert__elsewhere_clear(&said);
}

#define PIN "pin=sha256//AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="

/* Whoever pastes it has to know that nobody vouches for the server, and what is better. */
static void who_is_not_known_is_said(void **state)
{
    static const char anybody[] = " whoever answers is believed: interception and a genuine ";
    static const char compare[] = " compare the pin with the server's by another way before ";
    static const char any_name[] = " whoever has a certificate for any name is believed\n";
    static const struct {
        const char *client, *policy, *says;
        bool has_better;
    } rows[] = {
        {NULL, "trust-any", anybody, true},
        {NULL, "report-only", anybody, true},
        {NULL, "antique", anybody, true},
        {NULL, "tofu", anybody, true},
        {NULL, "hardened+self-signed", anybody, true},
        {NULL, "hardened+untrusted-issuer", anybody, true},
        {NULL, "hardened+invalid-ca", anybody, true},
        {"curl", "pinned " PIN, compare, true},
        {"wget", "pinned " PIN, compare, true},
        {"go", "pinned " PIN, compare, true},
        {"node", "pinned " PIN, anybody, true}, /* it cannot: the pin is not compared */
        {"requests", "pinned " PIN, anybody, true},
        {"java", "pinned " PIN, anybody, true},
        {"curl", "hardened+self-signed " PIN, compare, true},
        {"go", "hardened+self-signed " PIN, compare, true},
        {"node", "hardened+self-signed " PIN, anybody, true},
        {"curl", "hardened+expired", anybody, false}, /* it has to give up all for that */
        {"requests", "hardened+wrong-purpose", anybody, false},
        {"requests", "hardened+wrong-host", any_name, false},
        {"java", "hardened+wrong-host", any_name, false},
        {"go", "hardened+wrong-host", any_name, false},
        {"curl", "hardened+wrong-host", anybody, false},
        {NULL, "hardened " PIN, NULL, false},
        {NULL, "hardened+tls1.0+small-dh", NULL, false},
        {"requests", "hardened+expired", NULL, false},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        for (size_t c = 0; anycert_doctor_client(c); c++) {
            const char *client = anycert_doctor_client(c);
            struct anycert__elsewhere said;

            if (rows[i].client && strcmp(rows[i].client, client) != 0)
                continue;
            said = say(rows[i].policy, "localhost", client);
            if (!rows[i].says ? strstr(said.text, "believed") || strstr(said.text, "compare the")
                              : !strstr(said.text, rows[i].says))
                fail_msg("%s, %s:\n%s", client, rows[i].policy, said.text);
            if (rows[i].has_better != (strstr(said.text, "private-ca.pem, and ") != NULL))
                fail_msg("%s, %s:\n%s", client, rows[i].policy, said.text);
            anycert__elsewhere_clear(&said);
        }
    }
}

static void paths_stay_in_their_quotes(void **state)
{
    static const struct {
        const char *policy, *in_shell, *in_program;
    } rows[] = {
        {"hardened ca=\"/a b/it's.pem\"", "'/a b/it'\\''s.pem'", "\"/a b/it's.pem\""},
        {"hardened ca=\"/a$(b)`c`.pem\"", "'/a$(b)`c`.pem'", "\"/a$(b)`c`.pem\""},
        {"hardened ca=\"/a\\\"b\\\\.pem\"", "'/a\"b\\.pem'", "\"/a\\\"b\\\\.pem\""},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        for (size_t c = 0; anycert_doctor_client(c); c++) {
            const char *client = anycert_doctor_client(c);
            bool shell = strcmp(client, "curl") == 0 || strcmp(client, "wget") == 0;
            struct anycert__elsewhere said = say(rows[i].policy, "localhost", client);

            if (strcmp(client, "openssl.cnf") != 0 &&
                !strstr(said.text, shell ? rows[i].in_shell : rows[i].in_program))
                fail_msg("%s: %s", client, said.text);
            anycert__elsewhere_clear(&said);
        }
    }
}

static void addresses_have_brackets_in_urls(void **state)
{
    struct anycert__elsewhere said = say("hardened", "::1", "curl");

    (void)state;
    assert_non_null(strstr(said.text, "'https://[::1]:8443/'\n"));
    anycert__elsewhere_clear(&said);
    said = say("hardened", "::1", "requests");
    assert_non_null(strstr(said.text, "\"https://[::1]:8443/\""));
    anycert__elsewhere_clear(&said);
}

static void strangers_are_refused(void **state)
{
    struct anycert_error err = {0};
    struct anycert__elsewhere said;

    (void)state;
    assert_int_equal(anycert__elsewhere(NULL, "localhost", 443, NULL, "telnet", &said, &err), -1);
    assert_int_equal(err.code, ANYCERT_E_USAGE);
    assert_null(said.text);
    assert_int_equal(anycert__elsewhere(NULL, "localhost", 443, NULL, NULL, &said, NULL), -1);
    assert_int_equal(anycert__elsewhere(NULL, "a'; touch b", 443, NULL, "curl", &said, NULL), -1);
    assert_int_equal(anycert__elsewhere(NULL, "a\nb", 443, NULL, "curl", &said, NULL), -1);
    assert_null(said.text);
}

static void expect_complete(const struct anycert_policy *policy, const char *client,
                            const char *text)
{
    struct anycert__elsewhere said;

    assert_int_equal(anycert__elsewhere(policy, "localhost", 443, NULL, client, &said, NULL), 0);
    assert_string_equal(said.text, text);
    anycert__elsewhere_clear(&said);
}

static void want_of_memory_gives_no_half_text(void **state)
{
    struct anycert_policy *policy = anycert_policy_parse("hardened+expired+tls1.0 ca=/a.pem", NULL);

    (void)state;
    assert_non_null(policy);
    for (size_t c = 0; anycert_doctor_client(c); c++) {
        struct anycert__elsewhere whole = {ANYCERT_FIT_SAME, NULL};
        bool done = false;

        for (unsigned long nth = 1; !done; nth++) {
            struct anycert_error err = {0};

            anycert__mem_fail_from(nth);
            done = anycert__elsewhere(policy, "localhost", 443, NULL, anycert_doctor_client(c),
                                      &whole, &err) == 0;
            anycert__mem_fail_from(0);
            if (!done) {
                assert_int_equal(err.code, ANYCERT_E_NOMEM);
                assert_null(whole.text);
            }
        }
        expect_complete(policy, anycert_doctor_client(c), whole.text);
        anycert__elsewhere_clear(&whole);
    }
    anycert_policy_free(policy);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_policy_can_be_said),
        cmocka_unit_test(hardened_is_the_same_everywhere),
        cmocka_unit_test(one_switch_is_called_coarser),
        cmocka_unit_test(addresses_have_their_brackets),
        cmocka_unit_test(who_is_not_known_is_said),
        cmocka_unit_test(paths_stay_in_their_quotes),
        cmocka_unit_test(addresses_have_brackets_in_urls),
        cmocka_unit_test(strangers_are_refused),
        cmocka_unit_test(want_of_memory_gives_no_half_text),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
