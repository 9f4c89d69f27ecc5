/* The table of causes is whole: nothing that the judge, an alert or a policy can say is without
 * one, and what it says agrees with them. */
#include "base/mem.h"
#include "base/str.h"
#include "verdict/cause.h"
#include "doctor/remedy.h"
#include "verdict/alert.h"
#include "verdict/checks.h"
#include "verdict/proxy_words.h"

#include <openssl/x509_vfy.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#define LAST_CODE 95 /* of X509_V_ERR_..., in OpenSSL 3.5 */

static const struct anycert__cause *at(unsigned i)
{
    return anycert__cause((enum anycert__cause_number)i);
}

static bool is_certificate_check(const char *check)
{
    for (unsigned i = 0; i < ANYCERT__CHECK_COUNT; i++) {
        if (strcmp(anycert__check_name((enum anycert__check_id)i), check) == 0)
            return !anycert__check_is_protocol((enum anycert__check_id)i);
    }
    return false;
}

static bool is_check(const char *check)
{
    static const char *const stages[] = {"dns", "tcp", "proxy", "tls", "http"};

    for (size_t i = 0; i < sizeof stages / sizeof stages[0]; i++) {
        if (strcmp(stages[i], check) == 0)
            return true;
    }
    for (unsigned i = 0; i < ANYCERT__CHECK_COUNT; i++) {
        if (strcmp(anycert__check_name((enum anycert__check_id)i), check) == 0)
            return true;
    }
    return false;
}

static void ids_are_unique_and_plain(void **state)
{
    (void)state;
    for (unsigned i = 0; i < ANYCERT__CAUSE_COUNT; i++) {
        const char *id = at(i)->id;

        if (id[strspn(id, "abcdefghijklmnopqrstuvwxyz0123456789-")] != '\0')
            fail_msg("'%s' is no id", id);
        assert_int_equal(at(i)->number, i);
        assert_ptr_equal(anycert__cause_find(id), at(i));
        for (unsigned k = 0; k < i; k++) {
            assert_string_not_equal(at(k)->id, id);
            if (strcmp(at(k)->title, at(i)->title) == 0)
                fail_msg("%s and %s have one title", at(k)->id, id);
        }
    }
    assert_null(anycert__cause_find("no-such-cause"));
    assert_null(anycert__cause_find(""));
    assert_null(anycert__cause_find(NULL));
}

static void expect_sentence(const char *id, const char *text)
{
    static const char *const forbidden[] = {
        "  ",     "!",     " please ", "simply", " just ",  "obviously", "insecure",
        "hacker", "don't", "can't",    "isn't",  "doesn't", "\xe2\x80",  " easily "};
    size_t len = strlen(text);

    if (len < 2 || text[len - 1] != '.' || text[len - 2] == '.')
        fail_msg("%s: '%s' does not end as a sentence does", id, text);
    if (text[0] != '\'' && (text[0] < 'A' || text[0] > 'Z') &&
        !anycert__str_starts(text, "anycert"))
        fail_msg("%s: '%s' does not begin as a sentence does", id, text);
    if (anycert__has_control(text, len) || !anycert__is_utf8(text, len))
        fail_msg("%s: '%s' cannot be shown", id, text);
    for (size_t i = 0; i < sizeof forbidden / sizeof forbidden[0]; i++) {
        if (strstr(text, forbidden[i]))
            fail_msg("%s: '%s' has '%s' in it", id, text, forbidden[i]);
    }
}

static void words_are_sentences(void **state)
{
    (void)state;
    for (unsigned i = 0; i < ANYCERT__CAUSE_COUNT; i++) {
        expect_sentence(at(i)->id, at(i)->title);
        expect_sentence(at(i)->id, at(i)->explanation);
        if (strlen(at(i)->title) > 100 || strlen(at(i)->explanation) > 320)
            fail_msg("%s: too long for a tired reader", at(i)->id);
    }
}

static void checks_exist(void **state)
{
    (void)state;
    for (unsigned i = 0; i < ANYCERT__CAUSE_COUNT; i++) {
        if (!is_check(at(i)->check))
            fail_msg("%s: there is no check '%s'", at(i)->id, at(i)->check);
        if (at(i)->otherwise == ANYCERT__OTHERWISE_PINNED && !is_certificate_check(at(i)->check))
            fail_msg("%s: a pin does not help against that", at(i)->id);
    }
    assert_string_equal(anycert__side_name(ANYCERT__SIDE_LOCAL), "local");
    assert_string_equal(anycert__side_name(ANYCERT__SIDE_NETWORK), "network");
    assert_string_equal(anycert__side_name(ANYCERT__SIDE_REMOTE), "remote");
}

/* The usual cause of a code is of the check under which the judge reports it. */
static void verify_errors_have_causes(void **state)
{
    (void)state;
    for (int code = 1; code <= LAST_CODE; code++) {
        for (int depth = 0; depth <= 1; depth++) {
            const struct anycert__x509_meaning *meaning = anycert__x509_meaning(code, depth);
            const struct anycert__cause *cause = anycert__cause_of_x509(code, depth, 0);

            assert_non_null(cause);
            assert_int_equal(meaning->code, code);
            if (cause->number == ANYCERT__CAUSE_CERTIFICATE_OTHER)
                fail_msg("code %d at depth %d has no cause", code, depth);
            /* Whichever rule of theirs is broken, such certificates have no place here. */
            if (cause->number == ANYCERT__CAUSE_PROXY_CERTIFICATE)
                continue;
            if (strcmp(cause->check, anycert__check_name(meaning->check)) != 0)
                fail_msg("code %d at depth %d: %s is of %s, and the judge says %s", code, depth,
                         cause->id, cause->check, anycert__check_name(meaning->check));
        }
    }
    assert_string_equal(anycert__cause_of_x509(4711, 0, 0)->id, "certificate-other");
    assert_null(anycert__cause_of_x509(4711, 0, 1));
    assert_string_equal(anycert__cause_of_x509(10, 0, 0)->id, "expired");
    assert_string_equal(anycert__cause_of_x509(10, 1, 0)->id, "expired-issuer");
    assert_string_equal(anycert__cause_of_x509(10, 1, 1)->id, "clock-ahead");
    assert_string_equal(anycert__cause_of_x509(10, 1, 2)->id, "anchor-expired");
    assert_null(anycert__cause_of_x509(10, 1, 3));
}

/* What the judge lets through by relaxations, the causes of the code name. */
static void relaxations_agree_with_the_judge(void **state)
{
    (void)state;
    for (int code = 1; code <= LAST_CODE; code++) {
        anycert__relaxations judged = 0, named = 0;

        for (int depth = 0; depth <= 1; depth++) {
            const struct anycert__x509_finding finding = {.code = code,
                                                          .depth = depth,
                                                          .cn_only_match = true,
                                                          .key_above_floor = true,
                                                          .signature_is_sha1 = true};

            judged |= anycert__relaxations_for(&finding);
            for (size_t n = 0; anycert__cause_of_x509(code, depth, n); n++)
                named |= anycert__cause_relaxations(anycert__cause_of_x509(code, depth, n));
        }
        if (judged & ~named)
            fail_msg("code %d: a relaxation that lets it through is not named", code);
    }
}

static bool lets_one_through(const struct anycert__cause *cause, int relaxation)
{
    bool has_code = false;

    for (int code = 1; code <= LAST_CODE; code++) {
        for (int depth = 0; depth <= 1; depth++) {
            const struct anycert__x509_finding finding = {.code = code,
                                                          .depth = depth,
                                                          .cn_only_match = true,
                                                          .key_above_floor = true,
                                                          .signature_is_sha1 = true};

            for (size_t n = 0; anycert__cause_of_x509(code, depth, n); n++) {
                if (anycert__cause_of_x509(code, depth, n) != cause)
                    continue;
                has_code = true;
                if (anycert__relaxations_for(&finding) & ANYCERT__RELAX_BIT(relaxation))
                    return true;
            }
        }
    }
    return !has_code;
}

/* The reverse: no cause names a relaxation that lets none of its codes through. */
static void relaxations_of_certificates_let_codes_through(void **state)
{
    (void)state;
    for (unsigned i = 0; i < ANYCERT__CAUSE_COUNT; i++) {
        for (size_t n = 0; anycert__cause_lets(at(i), n); n++) {
            int relaxation = anycert__cause_lets(at(i), n);

            if ((anycert__relaxations_of_certificates() & ANYCERT__RELAX_BIT(relaxation)) &&
                !lets_one_through(at(i), relaxation))
                fail_msg("%s: %s does not let it through", at(i)->id,
                         anycert_relaxation_name(anycert_relaxation_by_id(relaxation)));
        }
    }
}

static void relaxations_have_causes(void **state)
{
    anycert__relaxations named = 0;

    (void)state;
    for (unsigned i = 0; i < ANYCERT__CAUSE_COUNT; i++) {
        anycert__relaxations set = 0;

        for (size_t n = 0; anycert__cause_lets(at(i), n); n++)
            set |= ANYCERT__RELAX_BIT(anycert__cause_lets(at(i), n));
        assert_true(set == anycert__cause_relaxations(at(i)));
        named |= set;
        if (set && at(i)->otherwise > ANYCERT__OTHERWISE_PINNED)
            fail_msg("%s: a relaxation or nothing", at(i)->id);
    }
    for (const struct anycert_relaxation *r = anycert_relaxation_next(NULL); r;
         r = anycert_relaxation_next(r)) {
        if (!(named & ANYCERT__RELAX_BIT(anycert_relaxation_id(r))))
            fail_msg("no cause needs %s", anycert_relaxation_name(r));
    }
}

static void alerts_have_causes(void **state)
{
    (void)state;
    for (int alert = 0; alert < 256; alert++) {
        if (anycert__alert_name(alert) && !anycert__cause_of_alert(alert, 0))
            fail_msg("alert %d has no cause", alert);
        if (!anycert__alert_name(alert) && anycert__cause_of_alert(alert, 0))
            fail_msg("there is no alert %d", alert);
    }
    /* One alert, and many causes that a text cannot tell apart. */
    assert_non_null(anycert__cause_of_alert(40, 15));
    assert_string_equal(anycert__cause_of_alert(116, 0)->id, "client-cert-required-late");
    assert_null(anycert__cause_of_alert(116, 1));
}

static void assert_not_before(const struct anycert__cause *cause, size_t n)
{
    const struct anycert__seen *seen = anycert__cause_seen(cause, n);

    for (size_t k = 0; k < n; k++) {
        const struct anycert__seen *other = anycert__cause_seen(cause, k);

        if (strcmp(other->who, seen->who) == 0 && strcmp(other->text, seen->text) == 0)
            fail_msg("%s: '%s' twice", cause->id, seen->text);
    }
}

static void texts_of_others_are_told(void **state)
{
    unsigned with = 0;

    (void)state;
    for (unsigned i = 0; i < ANYCERT__CAUSE_COUNT; i++) {
        const struct anycert__seen *seen = NULL;

        for (size_t n = 0; (seen = anycert__cause_seen(at(i), n)) != NULL; n++) {
            assert_true(strlen(seen->text) >= 3);
            assert_false(anycert__has_control(seen->text, strlen(seen->text)));
            assert_not_before(at(i), n);
            with += n == 0;
        }
    }
    assert_true(with * 10 > ANYCERT__CAUSE_COUNT * 8);
}

/* What OpenSSL says of an error is said in its own words, or in those of another version of it. */
static void verify_errors_have_the_words_of_openssl(void **state)
{
    static const struct {
        int code;
        const char *text, *node;
    } rows[] = {
#define VERIFY(code, text, node) {(code), (text), (node)},
#include "verdict/verify_texts.def"
    };
    size_t same = 0;

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        assert_true(i == 0 || rows[i].code >= rows[i - 1].code);
        same += strcmp(X509_verify_cert_error_string(rows[i].code), rows[i].text) == 0;
    }
    assert_true(same > 50);
}

static void expect_errors(const char *id, int code, const int *met, const char *has,
                          const char *has_not)
{
    struct anycert__facts *facts = anycert__facts_new();
    struct anycert_error err = {0};
    char *text = NULL;

    for (; *met != 0; met++)
        assert_int_equal(anycert__facts_add_error(facts, *met, 0), 0);
    text = anycert__cause_errors(anycert__cause_find(id), facts, code, &err);
    assert_non_null(text);
    if (!strstr(text, has) || (has_not && strstr(text, has_not)))
        fail_msg("%s, %d: %s", id, code, text);
    anycert__free(text);
    anycert__facts_unref(facts);
}

/* Of the texts that a cause may have, those of the errors that were met are told. */
static void errors_follow_what_was_met(void **state)
{
    (void)state;
    expect_errors("unknown-root", 19, (int[]){19, 0},
                  "OpenSSL: self-signed certificate in certificate chain; curl: SSL certificate "
                  "problem: self-signed certificate in certificate chain; ",
                  "unable to get local");
    expect_errors("unknown-root", 20, (int[]){20, 0},
                  "OpenSSL: unable to get local issuer certificate; ", "self-signed");
    expect_errors("unknown-root", 20, (int[]){20, 0}, "Node: UNABLE_TO_GET_ISSUER_CERT_LOCALLY",
                  "SELF_SIGNED_CERT_IN_CHAIN");
    expect_errors("unknown-root", 20, (int[]){20, 0}, "Java: PKIX path building failed", NULL);
    expect_errors("missing-intermediate", 20, (int[]){20, 21, 0}, "UNABLE_TO_VERIFY_LEAF_SIGNATURE",
                  NULL);
    expect_errors("missing-intermediate", 20, (int[]){20, 0}, "unable to get local issuer",
                  "UNABLE_TO_VERIFY_LEAF_SIGNATURE");
    expect_errors("stale-ca", 18, (int[]){18, 0}, "OpenSSL: self-signed certificate; ", "padding");
    expect_errors("stale-ca", 7, (int[]){7, 0}, "OpenSSL: certificate signature failure; ",
                  "SSL certificate problem");
    expect_errors("no-names", 64, (int[]){64, 0}, "x509: certificate is not valid for any names",
                  "hostname mismatch");
    expect_errors("weak-key", 67, (int[]){67, 0}, "OpenSSL: CA certificate key too weak; ", "EE ");
    expect_errors("expired-issuer", 10, (int[]){10, 0},
                  "curl: SSL certificate problem: certificate has expired", NULL);
    expect_errors("revoked", 23, (int[]){0, 0}, "curl: SSL certificate revocation reason",
                  "OpenSSL:");
}

/* Whether a word that means a server is one of those that may stand in what is said of a proxy: any
 * server, another one, its name, and the one behind it. */
static bool is_any_server(const char *text, const char *word)
{
    static const char *const before[] = {"a ",    "another ", "wrong ", "web ",   "name ", "SSH ",
                                         "mail ", "mailbox ", "TLS ",   "FTP ",   "NS ",   "no ",
                                         "as ",   "of ",      "(TLS) ", "every ", "flaky "};
    const char *rest = word + strlen("server");
    size_t len = (size_t)(word - text);

    for (size_t i = 0; i < sizeof before / sizeof before[0]; i++) {
        size_t size = strlen(before[i]);

        if (len >= size && anycert__equal_nocase(word - size, before[i], size))
            return true;
    }
    return *rest == 's' || anycert__str_starts(rest, " name") ||
           anycert__str_starts(rest, " behind") || anycert__str_starts(rest, "Auth");
}

static void expect_no_server(const char *id, const char *text)
{
    char *said = anycert__said_of_proxy(text, NULL);

    assert_non_null(said);
    for (const char *at = said; *at; at++) {
        if (anycert__equal_nocase(at, "server", strlen("server")) && !is_any_server(said, at))
            fail_msg("%s, said of a proxy: '%s'", id, said);
    }
    anycert__free(said);
}

static void what_is_said_of_a_proxy_is_about_it(void **state)
{
    (void)state;
    for (unsigned i = 0; i < ANYCERT__CAUSE_COUNT; i++) {
        if (!anycert__is_said_of_proxy(at(i), ANYCERT__HOP_PROXY))
            continue;
        expect_no_server(at(i)->id, at(i)->title);
        expect_no_server(at(i)->id, at(i)->explanation);
    }
}

static void said_of_proxy_keeps_what_is_not_meant(void **state)
{
    static const char *const rows[][2] = {
        {"The server closes; ask the server's owner of the server.",
         "The proxy closes; ask the proxy's owner of the proxy."},
        {"Who wants to can be that server.", "Who wants to can be that proxy."},
        {"a genuine self-signed server", "a genuine self-signed proxy"},
        {"by the server name, or the servers", "by the server name, or the servers"},
        {"the Date of the server behind the proxy", "the Date of the server behind the proxy"},
        {"the server's is 'CN=the server', the server says",
         "the proxy's is 'CN=the server', the proxy says"},
        {"the bytes are \"the server\" of the server", "the bytes are \"the server\" of the proxy"},
        {"bathe server", "bathe server"},
        {"", ""},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char *said = anycert__said_of_proxy(rows[i][0], NULL);

        assert_string_equal(said, rows[i][1]);
        anycert__free(said);
    }
    assert_false(
        anycert__is_said_of_proxy(anycert__cause_find("proxy-is-none"), ANYCERT__HOP_PROXY));
    assert_false(anycert__is_said_of_proxy(anycert__cause_find("expired"), ANYCERT__HOP_ORIGIN));
    assert_true(anycert__is_said_of_proxy(anycert__cause_find("expired"), ANYCERT__HOP_PROXY));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ids_are_unique_and_plain),
        cmocka_unit_test(words_are_sentences),
        cmocka_unit_test(checks_exist),
        cmocka_unit_test(verify_errors_have_causes),
        cmocka_unit_test(relaxations_agree_with_the_judge),
        cmocka_unit_test(relaxations_of_certificates_let_codes_through),
        cmocka_unit_test(relaxations_have_causes),
        cmocka_unit_test(alerts_have_causes),
        cmocka_unit_test(texts_of_others_are_told),
        cmocka_unit_test(verify_errors_have_the_words_of_openssl),
        cmocka_unit_test(errors_follow_what_was_met),
        cmocka_unit_test(what_is_said_of_a_proxy_is_about_it),
        cmocka_unit_test(said_of_proxy_keeps_what_is_not_meant),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
