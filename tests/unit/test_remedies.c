/* Remedies: every cause has one, and nothing that a stranger says becomes a command. */
#include "base/mem.h"
#include "base/str.h"
#include "doctor/blank.h"
#include "doctor/remedy.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#define COUNT(table) (sizeof(table) / sizeof((table)[0]))

static const struct anycert__evidence usual[] = {
    {"host", "appliance.example"},
    {"port", "8443"},
    {"name", "www.other.example"},
    {"address", "192.0.2.7"},
    {"proxy", "proxy.example:3128"},
    {"proxy-url", "http://proxy.example:3128"},
    {"pin", "sha256//AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="},
    {"issuer-url", "http://ca.example/issuing.cer?a=1&b=2"},
    {"ca-names", "CN=Clients, O=Example"},
    {"something-else", "not used"},
};

static const struct anycert__cause *at(unsigned i)
{
    return anycert__cause((enum anycert__cause_number)i);
}

static struct anycert__remedies remedies_of(const char *id,
                                            const struct anycert__evidence *evidence, size_t count)
{
    struct anycert__remedies remedies;
    struct anycert_error err = {0};

    if (anycert__remedies_for(anycert__cause_find(id), evidence, count, NULL, &remedies, &err) != 0)
        fail_msg("%s: %s", id, err.message);
    return remedies;
}

/* The lines of the first remedy for a place. */
static const char *lines_for(const struct anycert__remedies *remedies, const char *where)
{
    for (size_t i = 0; i < remedies->count; i++) {
        if (strcmp(remedies->items[i].where, where) == 0)
            return remedies->items[i].lines;
    }
    fail_msg("no remedy for %s", where);
    return NULL;
}

static void every_cause_has_remedies(void **state)
{
    (void)state;
    for (unsigned i = 0; i < ANYCERT__CAUSE_COUNT; i++) {
        struct anycert__remedies remedies = remedies_of(at(i)->id, usual, COUNT(usual));

        if (remedies.count == 0)
            fail_msg("%s has no remedy", at(i)->id);
        if (at(i)->here && strcmp(remedies.items[0].audience, "client") != 0)
            fail_msg("%s: what can be mended here does not come first", at(i)->id);
        for (size_t k = 0; k < remedies.count; k++) {
            const struct anycert__remedy *remedy = &remedies.items[k];
            size_t len = strlen(remedy->text);

            assert_true(remedy->text[len - 1] == '.');
            assert_true((remedy->lines == NULL) == (remedy->language == NULL));
            assert_null(strchr(remedy->text, '{'));
            if (!remedy->lines)
                continue;
            len = strlen(remedy->lines);
            assert_true(len > 1 && remedy->lines[len - 1] == '\n');
            if (strcmp(remedy->language, "powershell") != 0)
                assert_null(strchr(remedy->lines, '{'));
        }
        anycert__remedies_clear(&remedies);
        assert_null(remedies.items);
    }
}

static void evidence_is_filled_in(void **state)
{
    struct anycert__remedies remedies = remedies_of("missing-intermediate", usual, COUNT(usual));

    (void)state;
    assert_string_equal(lines_for(&remedies, "anycert"),
                        "curl -fo intermediate.der 'http://ca.example/issuing.cer?a=1&b=2'\n"
                        "openssl x509 -inform DER -in intermediate.der -out intermediate.pem\n"
                        "anycert get --intermediate intermediate.pem "
                        "https://appliance.example:8443/\n");
    assert_non_null(
        strstr(lines_for(&remedies, "nginx"), "/etc/ssl/certs/appliance.example.fullchain.pem;\n"));
    anycert__remedies_clear(&remedies);
    remedies = remedies_of("name-mismatch", usual, COUNT(usual));
    assert_string_equal(lines_for(&remedies, "anycert"),
                        "anycert get --expect-name www.other.example "
                        "https://appliance.example:8443/\n");
    assert_non_null(strstr(lines_for(&remedies, "OpenSSL"),
                           "-subj /CN=appliance.example "
                           "-addext subjectAltName=DNS:appliance.example "));
    anycert__remedies_clear(&remedies);
    remedies = remedies_of("client-cert-required", usual, COUNT(usual));
    assert_non_null(strstr(remedies.items[0].text, "CN=Clients, O=Example"));
    anycert__remedies_clear(&remedies);
}

/* A server that does not know the name that is sent is not helped by another that is expected. */
static void unknown_name_is_replaced_by_one_that_is_sent(void **state)
{
    static const struct anycert__evidence nameless[] = {{"host", "appliance.example"},
                                                        {"port", "8443"}};
    struct anycert__remedies remedies = remedies_of("sni-unknown", nameless, COUNT(nameless));

    (void)state;
    assert_string_equal(lines_for(&remedies, "anycert"),
                        "anycert get --sni NAME https://appliance.example:8443/\n");
    for (size_t i = 0; i < remedies.count; i++)
        assert_null(strstr(remedies.items[i].text, "NAME"));
    assert_non_null(strstr(remedies.items[0].text, "put one of them behind --sni"));
    anycert__remedies_clear(&remedies);
    remedies = remedies_of("sni-unknown", usual, COUNT(usual));
    assert_string_equal(lines_for(&remedies, "anycert"),
                        "anycert get --sni www.other.example https://appliance.example:8443/\n");
    anycert__remedies_clear(&remedies);
}

/* A private CA looks the same as an intermediate that is not sent, but names no place. */
static void private_ca_comes_first_where_no_place_is_named(void **state)
{
    static const struct anycert__evidence placeless[] = {
        {"host", "appliance.example"}, {"port", "8443"}, {"issuer-url", "ldap://x.test/a"}};
    struct anycert__remedies remedies =
        remedies_of("missing-intermediate", placeless, COUNT(placeless));

    (void)state;
    assert_non_null(strstr(remedies.items[0].text, "If its issuer is a private CA"));
    assert_string_equal(remedies.items[0].lines, "anycert get --ca-add private-ca.pem "
                                                 "https://appliance.example:8443/\n");
    for (size_t i = 0; i < remedies.count; i++)
        assert_null(remedies.items[i].lines ? strstr(remedies.items[i].lines, "curl ") : NULL);
    anycert__remedies_clear(&remedies);
    remedies = remedies_of("missing-intermediate", usual, COUNT(usual));
    assert_non_null(strstr(remedies.items[0].text, "Fetch the intermediate certificate"));
    anycert__remedies_clear(&remedies);
}

static void file_of_cas_is_the_one_that_was_given(void **state)
{
    static const struct anycert__evidence given[] = {{"ca-file", "my cas.pem"}};
    struct anycert__remedies remedies = remedies_of("bad-signature", given, COUNT(given));

    (void)state;
    assert_non_null(strstr(lines_for(&remedies, "the trusted file"), " -certs 'my cas.pem' | "));
    anycert__remedies_clear(&remedies);
}

/* Commands go the way that was given, and where a remedy says something itself, that counts. */
static void commands_repeat_what_was_given(void **state)
{
    static const struct {
        const char *cause, *where, *lines;
    } rows[] = {
        {"unknown-root", "anycert",
         "anycert get --cacert 'a b.pem' --expect-name x.test --proxy http://p.test:1 "
         "--cacert private-ca.pem https://appliance.example:8443/\n"},
        {"self-signed", "anycert",
         "anycert get --expect-name x.test --proxy http://p.test:1 "
         "--cacert server.pem https://appliance.example:8443/\n"},
        {"name-mismatch", "anycert",
         "anycert get --cacert 'a b.pem' --proxy http://p.test:1 "
         "--expect-name www.other.example https://appliance.example:8443/\n"},
        {"proxy-is-plain", "anycert",
         "anycert get --cacert 'a b.pem' --expect-name x.test "
         "-x http://proxy.example:3128 https://appliance.example:8443/\n"},
        {"speaks-http", "the URL",
         "anycert get --proxy http://p.test:1 http://appliance.example:8443/\n"},
    };
    struct anycert__words given = {NULL, 0};

    (void)state;
    assert_int_equal(anycert__words_add(&given, "cacert", "a b.pem", NULL), 0);
    assert_int_equal(anycert__words_add(&given, "expect-name", "x.test", NULL), 0);
    assert_int_equal(anycert__words_add(&given, "proxy", "http://p.test:1", NULL), 0);
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct anycert__remedies remedies;

        assert_int_equal(anycert__remedies_for(anycert__cause_find(rows[i].cause), usual,
                                               COUNT(usual), &given, &remedies, NULL),
                         0);
        assert_string_equal(lines_for(&remedies, rows[i].where), rows[i].lines);
        anycert__remedies_clear(&remedies);
    }
    anycert__words_clear(&given);
}

/* Nothing that gives something up, writes a file, or is no single visible word. */
static void only_the_way_is_repeated(void **state)
{
    static const struct {
        const char *option, *value;
    } rows[] = {{"trust", "trust-any"},
                {"insecure", "x"},
                {"output", "x"},
                {"allow", "expired"},
                {"proxy-user", "u:p"},
                {"cacert", ""},
                {"cacert", NULL},
                {"cacert", "a\nb"},
                {"cacert", "a\033b"},
                {"cacert", "a\xff"},
                {NULL, "x"},
                {"", "x"},
                {"--cacert", "x"},
                {"profile", "\xe2\x80\xaex"}};
    struct anycert__words given = {NULL, 0};

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct anycert_error err = {0};

        assert_int_equal(anycert__words_add(&given, rows[i].option, rows[i].value, &err), -1);
        assert_int_equal(err.code, ANYCERT_E_USAGE);
    }
    assert_int_equal(given.count, 0);
    anycert__words_clear(&given);
}

static void addresses_are_written_as_addresses(void **state)
{
    static const struct anycert__evidence v6[] = {{"host", "2001:db8::1"}, {"port", "443"}};
    static const struct anycert__evidence v4[] = {{"host", "192.0.2.1"}, {"port", "80"}};
    struct anycert__remedies remedies = remedies_of("address-mismatch", v6, COUNT(v6));

    (void)state;
    assert_non_null(
        strstr(lines_for(&remedies, "OpenSSL"), "-addext subjectAltName=IP:2001:db8::1 "));
    assert_non_null(strstr(lines_for(&remedies, "anycert"), " 'https://[2001:db8::1]/'\n"));
    anycert__remedies_clear(&remedies);
    remedies = remedies_of("speaks-http", v4, COUNT(v4));
    assert_string_equal(lines_for(&remedies, "the URL"), "anycert get http://192.0.2.1/\n");
    anycert__remedies_clear(&remedies);
}

static void unknown_evidence_is_a_word_in_capitals(void **state)
{
    struct anycert__remedies remedies = remedies_of("name-mismatch", NULL, 0);

    (void)state;
    assert_string_equal(lines_for(&remedies, "anycert"),
                        "anycert get --expect-name NAME https://HOST/\n");
    anycert__remedies_clear(&remedies);
}

/* Each would do something in a shell, a configuration, a URL, or a terminal. */
static const char *const hostile[] = {
    "x'; touch /tmp/pwned; '",
    "$(touch /tmp/pwned)",
    "`touch /tmp/pwned`",
    "a\ntouch /tmp/pwned",
    "a\r\nssl_certificate /etc/passwd;",
    "a; include /etc/passwd;",
    "a} server { root /",
    "a\x1b]0;title\x07",
    "-oProxyCommand=x",
    "--output=/etc/passwd",
    "a b",
    "*.example",
    "a\"b",
    "a,DNS:evil.example",
    "{port}",
    "\xe2\x80\xaegpj",
    "\xff\xfe",
    "a#b",
    "a%b",
    "a/../../etc/passwd",
    "sha256//AAAA'",
    "http://x/';touch${IFS}/tmp/pwned",
};

static void expect_harmless(const struct anycert__remedy *remedy, const char *value,
                            const char *wanted)
{
    if (anycert__has_control(remedy->text, strlen(remedy->text)) ||
        !anycert__is_utf8(remedy->text, strlen(remedy->text)) ||
        strstr(remedy->text, "\xe2\x80\xae"))
        fail_msg("'%s' controls a terminal", remedy->text);
    if (!remedy->lines)
        return;
    if (strstr(remedy->lines, value) && strcmp(value, "{port}") != 0)
        fail_msg("'%s' got into %s", value, remedy->lines);
    /* The same lines as if nothing were known. */
    if (strcmp(remedy->lines, wanted) != 0)
        fail_msg("'%s' changed the lines: %s", value, remedy->lines);
}

static void hostile_values_stay_out_of_lines(void **state)
{
    (void)state;
    for (size_t h = 0; h < COUNT(hostile); h++) {
        const struct anycert__evidence evidence[] = {
            {"host", hostile[h]},       {"port", hostile[h]},    {"name", hostile[h]},
            {"address", hostile[h]},    {"proxy", hostile[h]},   {"pin", hostile[h]},
            {"issuer-url", hostile[h]}, {"ca-names", hostile[h]}};

        for (unsigned i = 0; i < ANYCERT__CAUSE_COUNT; i++) {
            struct anycert__remedies remedies = remedies_of(at(i)->id, evidence, COUNT(evidence));
            struct anycert__remedies wanted = remedies_of(at(i)->id, NULL, 0);

            assert_int_equal(remedies.count, wanted.count);
            for (size_t k = 0; k < remedies.count; k++)
                expect_harmless(&remedies.items[k], hostile[h], wanted.items[k].lines);
            anycert__remedies_clear(&remedies);
            anycert__remedies_clear(&wanted);
        }
    }
}

static void long_values_are_cut(void **state)
{
    static char name[20000];
    const struct anycert__evidence evidence[] = {{"name", name}, {"host", name}};
    struct anycert__remedies remedies;

    (void)state;
    memset(name, 'a', sizeof name - 1);
    remedies = remedies_of("name-mismatch", evidence, COUNT(evidence));
    for (size_t i = 0; i < remedies.count; i++) {
        assert_true(strlen(remedies.items[i].text) < 1000);
        assert_true(!remedies.items[i].lines || strlen(remedies.items[i].lines) < 1000);
    }
    anycert__remedies_clear(&remedies);
}

static void want_of_memory_leaves_nothing(void **state)
{
    const struct anycert__cause *cause = anycert__cause_find("name-mismatch");
    struct anycert__remedies remedies;
    bool done = false;

    (void)state;
    for (unsigned long nth = 1; !done; nth++) {
        struct anycert_error err = {0};

        anycert__mem_fail_from(nth);
        done = anycert__remedies_for(cause, usual, COUNT(usual), NULL, &remedies, &err) == 0;
        anycert__mem_fail_from(0);
        if (done)
            break;
        assert_int_equal(err.code, ANYCERT_E_NOMEM);
        assert_null(remedies.items);
        assert_int_equal(remedies.count, 0);
    }
    anycert__remedies_clear(&remedies);
}

static bool means_server(const char *text)
{
    const char *at = text;

    while ((at = strstr(at, "he server")) && at[strlen("he server")] == 's')
        at++;
    return at != NULL;
}

/* At an https:// proxy: nobody is told to do at the server, or to give up for it, what is the
 * proxy's matter. */
static void a_proxy_has_remedies_of_its_own(void **state)
{
    static const struct anycert__evidence way[] = {{"host", "box.example"},
                                                   {"port", "8443"},
                                                   {"name", "proxy.example"},
                                                   {"trust-by-pin", "hardened+self-signed pin=x"}};
    struct anycert__remedy_case known = {
        .evidence = usual, .count = COUNT(usual), .on_the_way = way, .way_count = COUNT(way)};

    (void)state;
    for (unsigned i = 0; i < ANYCERT__CAUSE_COUNT; i++) {
        struct anycert__remedies remedies;
        struct anycert_error err = {0};

        assert_int_equal(anycert__remedies_of_case(at(i), &known, &remedies, &err), 0);
        for (size_t k = 0; k < remedies.count; k++) {
            const struct anycert__remedy *remedy = &remedies.items[k];

            assert_string_not_equal(remedy->audience, "server");
            assert_string_not_equal(remedy->where, "the URL");
            if (strcmp(remedy->audience, "proxy") == 0 &&
                (means_server(remedy->text) || means_server(remedy->where)))
                print_error("%s, at a proxy: %s: %s\n", at(i)->id, remedy->where, remedy->text);
            assert_false(strcmp(remedy->audience, "proxy") == 0 &&
                         (means_server(remedy->text) || means_server(remedy->where)));
            if (!remedy->lines || strncmp(remedy->lines, "anycert get", 11) != 0)
                continue;
            assert_non_null(strstr(remedy->lines, "https://box.example:8443/"));
            assert_null(strstr(remedy->lines, "--cacert"));
            assert_null(strstr(remedy->lines, "--allow"));
            assert_null(strstr(remedy->lines, "--expect-name"));
        }
        anycert__remedies_clear(&remedies);
    }
}

/* Who has shaken hands in TLS is no SOCKS proxy. */
static void a_proxy_with_tls_is_no_socks_proxy(void **state)
{
    struct anycert__remedy_case known = {.evidence = usual, .count = COUNT(usual)};

    (void)state;
    for (int i = 0; i < 2; i++) {
        struct anycert__remedies remedies;
        struct anycert_error err = {0};
        bool said = false;

        known.has_https = known.has_tls = i > 0;
        assert_int_equal(anycert__remedies_of_case(anycert__cause_find("proxy-is-none"), &known,
                                                   &remedies, &err),
                         0);
        for (size_t k = 0; k < remedies.count; k++)
            said = said || strstr(remedies.items[k].text, "SOCKS");
        assert_int_equal(said, i == 0);
        anycert__remedies_clear(&remedies);
    }
}

/* A command with a policy that is not known is none. */
static void what_no_policy_does_is_not_said_at_a_proxy(void **state)
{
    static const struct anycert__evidence way[] = {{"host", "box.example"},
                                                   {"trust-by-pin", "hardened pin=x y"}};
    struct anycert__remedy_case known = {
        .evidence = usual, .count = COUNT(usual), .on_the_way = way, .way_count = COUNT(way)};
    struct anycert__remedies remedies;
    struct anycert_error err = {0};

    (void)state;
    assert_int_equal(
        anycert__remedies_of_case(anycert__cause_find("self-signed"), &known, &remedies, &err), 0);
    assert_string_equal(remedies.items[0].lines,
                        "anycert get --proxy-trust 'hardened ca=proxy.pem' https://box.example/\n");
    assert_string_equal(remedies.items[1].lines,
                        "anycert get --proxy-trust 'hardened pin=x y' https://box.example/\n");
    anycert__remedies_clear(&remedies);
    assert_int_equal(
        anycert__remedies_of_case(anycert__cause_find("name-mismatch"), &known, &remedies, &err),
        0);
    for (size_t k = 0; k < remedies.count; k++)
        assert_true(!remedies.items[k].lines || !strstr(remedies.items[k].lines, "expect-name"));
    anycert__remedies_clear(&remedies);
}

static void blanks_are_known(void **state)
{
    (void)state;
    assert_true(anycert__blank_is_known("host", 4));
    assert_true(anycert__blank_is_known("url", 3));
    assert_false(anycert__blank_is_known("hos", 3));
    assert_false(anycert__blank_is_known("", 0));
    assert_false(anycert__blank_is_known("LogName='System'", 16));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_cause_has_remedies),
        cmocka_unit_test(evidence_is_filled_in),
        cmocka_unit_test(unknown_name_is_replaced_by_one_that_is_sent),
        cmocka_unit_test(private_ca_comes_first_where_no_place_is_named),
        cmocka_unit_test(file_of_cas_is_the_one_that_was_given),
        cmocka_unit_test(commands_repeat_what_was_given),
        cmocka_unit_test(only_the_way_is_repeated),
        cmocka_unit_test(addresses_are_written_as_addresses),
        cmocka_unit_test(unknown_evidence_is_a_word_in_capitals),
        cmocka_unit_test(hostile_values_stay_out_of_lines),
        cmocka_unit_test(long_values_are_cut),
        cmocka_unit_test(want_of_memory_leaves_nothing),
        cmocka_unit_test(a_proxy_has_remedies_of_its_own),
        cmocka_unit_test(a_proxy_with_tls_is_no_socks_proxy),
        cmocka_unit_test(what_no_policy_does_is_not_said_at_a_proxy),
        cmocka_unit_test(blanks_are_known),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
