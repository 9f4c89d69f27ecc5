/* Pinned keys against real servers: beside the chain and instead of it. */
#include "client/pins.h"

#include <openssl/crypto.h>
#include <openssl/x509.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "policy/policy.h"
#include "support/ports.h"

#define COUNT(a) (sizeof(a) / sizeof(a)[0])

/* ---- instead of the chain */

/* Whether what the server needs is about its certificate alone. */
static bool is_about_certificates(const char *needs)
{
    struct anycert_policy *policy = needs ? anycert_policy_parse(needs, NULL) : NULL;
    bool only = policy && policy->rung == ANYCERT__RUNG_HARDENED && !policy->sni &&
                (policy->relaxations & ~anycert__relaxations_of_certificates()) == 0;

    anycert_policy_free(policy);
    return only;
}

/* What no relaxation lets through is let through by the key, if it is about certificates. */
static bool is_let_through_by_the_key(const char *name)
{
    static const char *const names[] = {"broken-signature", "md5-leaf", "rsa-512"};

    for (size_t i = 0; i < COUNT(names); i++) {
        if (strcmp(name, names[i]) == 0)
            return true;
    }
    return false;
}

static void test_the_key_alone_decides_about_every_certificate(void **state)
{
    unsigned let_in = 0, kept_out = 0;

    (void)state;
    for (size_t i = 0; i < lab_server_count(pins_lab); i++) {
        const struct lab_server *one = lab_server_at(pins_lab, i);
        const struct lab_condition *condition = lab_server_condition(one);
        char policy[200];
        struct anycert_client *client = NULL;
        struct answer answer;
        bool lets_in =
            is_about_certificates(condition->needs) || is_let_through_by_the_key(condition->name);

        if (condition->plain || !lab_server_pin(one) || condition->http != LAB_HTTP_ROUTES)
            continue;
        snprintf(policy, sizeof policy, "pinned pin=%s", lab_server_pin(one));
        client = ask_client(&(struct ask){.policy = policy, .resolve = lab_server_resolve(one)});
        answer = ask_get(client, lab_server_url(one));
        if ((answer.code == 0) != lets_in)
            fail_msg("%s: %d %s", condition->name, answer.code, answer.message);
        /* A key of 512 bits is anybody's. */
        if (lets_in) {
            const struct anycert_report *report = anycert_response_report(answer.response);
            const char *by = strcmp(condition->name, "rsa-512") == 0 ? "none" : "pin";

            assert_string_equal(anycert_report_authenticated_by(report), by);
        }
        let_in += lets_in;
        kept_out += !lets_in;
        answer_free(&answer);
        anycert_client_free(client);
    }
    assert_true(let_in > 20);
    assert_true(kept_out > 10);
}

static void test_another_key_is_refused(void **state)
{
    static const char *const names[] = {"good", "self-signed", "expired", "wrong-host"};

    (void)state;
    for (size_t i = 0; i < COUNT(names); i++) {
        const char *url = lab_server_url(pins_server(names[i]));
        const char *pin = lab_server_pin(pins_server("good-ec"));
        char *cased = pins_text();

        assert_int_equal(pins_code(pins_policy("pinned", pin, ""), url), ANYCERT_E_TRUST_PIN);
        assert_int_equal(
            pins_code(pins_policy("pinned", lab_server_pin(pins_server(names[i])), ""), url), 0);
        /* P5: the same letters, some of them capitals. */
        snprintf(cased, 100, "%s", lab_server_pin(pins_server(names[i])));
        for (char *p = cased + 8; p[2] != '\0'; p++) {
            if (*p >= 'a' && *p <= 'z')
                *p = (char)(*p - 'a' + 'A');
        }
        assert_int_equal(pins_code(pins_policy("pinned", cased, ""), url), ANYCERT_E_TRUST_PIN);
    }
}

static void test_backup_pins_count_as_much(void **state)
{
    char *both = pins_text();

    (void)state;
    snprintf(both, 900, "%s,%s", lab_server_pin(pins_server("good-ec")),
             lab_server_pin(pins_server("self-signed")));
    assert_int_equal(
        pins_code(pins_policy("pinned", both, ""), lab_server_url(pins_server("self-signed"))), 0);
    assert_int_equal(
        pins_code(pins_policy("hardened", both, ""), lab_server_url(pins_server("good-ec"))), 0);
    assert_int_equal(
        pins_code(pins_policy("hardened", both, ""), lab_server_url(pins_server("good"))),
        ANYCERT_E_TRUST_PIN);
}

static void test_name_and_dates_count_if_asked_for(void **state)
{
    static const struct {
        const char *name, *keys;
        int code;
    } rows[] = {
        {"self-signed", "check=name,dates", 0},
        {"wrong-host", "check=name", ANYCERT_E_TRUST_NAME},
        {"wrong-host", "check=dates", 0},
        {"wrong-host", "check=name expect-name=other.lab.test", 0},
        {"expired", "check=dates", ANYCERT_E_TRUST_DATES},
        {"expired", "check=name", 0},
        {"expired-and-wrong-host", "check=name,dates", ANYCERT_E_TRUST_NAME},
        {"expired-and-wrong-host", "", 0},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        const struct lab_server *one = pins_server(rows[i].name);

        assert_int_equal(pins_code(pins_policy("pinned", lab_server_pin(one), rows[i].keys),
                                   lab_server_url(one)),
                         rows[i].code);
    }
}

/* ---- beside the chain */

static void test_chain_and_key_are_both_needed(void **state)
{
    static const struct {
        const char *rung, *name;
        int code;
    } rows[] = {
        {"hardened", "good", 0},
        {"hardened", "self-signed", ANYCERT_E_TRUST_ISSUER},
        {"hardened", "expired", ANYCERT_E_TRUST_DATES},
        {"hardened", "wrong-host", ANYCERT_E_TRUST_NAME},
        {"hardened+self-signed", "self-signed", 0},
        {"hardened+expired", "expired", 0},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        const struct lab_server *one = pins_server(rows[i].name);
        const char *other = lab_server_pin(pins_server("good-ec"));

        assert_int_equal(
            pins_code(pins_policy(rows[i].rung, lab_server_pin(one), ""), lab_server_url(one)),
            rows[i].code);
        assert_int_equal(pins_code(pins_policy(rows[i].rung, other, ""), lab_server_url(one)),
                         ANYCERT_E_TRUST_PIN);
    }
    assert_int_equal(pins_code(pins_policy("hardened", pins_of(pins_scene.pki.root), ""),
                               url_of("https", pins_scene.web.ports[FLAW_NONE], "")),
                     0);
}

/* ---- P18: the pin of a CA counts in the chain that verifies, and nowhere else */

struct made {
    X509 *root, *other_root, *middle, *leaf;
    EVP_PKEY *root_key, *other_key, *middle_key, *leaf_key;
};

static X509 *issue(EVP_PKEY *key, const char *cn, const char *san, bool ca, X509 *issuer,
                   EVP_PKEY *issuer_key)
{
    int64_t now = time(NULL);

    return certs_make(&(struct certs_recipe){.cn = cn,
                                             .key = key,
                                             .issuer = issuer,
                                             .issuer_key = issuer_key,
                                             .not_before = now - CERTS_DAY,
                                             .not_after = now + CERTS_DAY,
                                             .ca = ca,
                                             .san = san});
}

/* A CA that nobody trusts, something below it, and a leaf below that. */
static void make_chain(struct made *made, const char *san, bool middle_is_ca, bool middle_signs)
{
    made->root_key = certs_new_ec("P-256");
    made->other_key = certs_new_ec("P-256");
    made->middle_key = certs_new_ec("P-256");
    made->leaf_key = certs_new_ec("P-256");
    made->root = issue(made->root_key, "pinned root", NULL, true, NULL, NULL);
    made->other_root = issue(made->other_key, "pinned root", NULL, true, NULL, NULL);
    made->middle = issue(made->middle_key, "middle", middle_is_ca ? NULL : "DNS:localhost",
                         middle_is_ca, made->root, made->root_key);
    made->leaf = issue(made->leaf_key, "leaf", san, false, made->middle,
                       middle_signs ? made->middle_key : made->other_key);
}

static void free_chain(struct made *made)
{
    X509_free(made->root);
    X509_free(made->other_root);
    X509_free(made->middle);
    X509_free(made->leaf);
    EVP_PKEY_free(made->root_key);
    EVP_PKEY_free(made->other_key);
    EVP_PKEY_free(made->middle_key);
    EVP_PKEY_free(made->leaf_key);
}

static void test_a_pinned_ca_vouches_for_sound_chains_only(void **state)
{
    static const struct {
        const char *what, *san;
        bool middle_is_ca, middle_signs;
        int code;
    } rows[] = {
        {"a sound chain", "DNS:localhost", true, true, 0},
        {"another host's certificate", "DNS:other.test", true, true, ANYCERT_E_TRUST_PIN},
        {"issued by somebody else's leaf", "DNS:localhost", false, true, ANYCERT_E_TRUST_PIN},
        {"a forged signature", "DNS:localhost", true, false, ANYCERT_E_TRUST_PIN},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct made made;
        struct wiretap *tap = NULL;
        const char *url = NULL;

        make_chain(&made, rows[i].san, rows[i].middle_is_ca, rows[i].middle_signs);
        tap = wiretap_start(&(struct wiretap_plan){.role = WIRETAP_ORIGIN,
                                                   .cert = made.leaf,
                                                   .key = made.leaf_key,
                                                   .chain = {made.middle, made.root}});
        url = url_of("https", wiretap_port(tap), "secret");
        if (pins_code(pins_policy("pinned", pins_of(made.root), ""), url) != rows[i].code)
            fail_msg("%s", rows[i].what);
        /* The server's own key is enough in each case. */
        assert_int_equal(pins_code(pins_policy("pinned", pins_of(made.leaf), ""), url), 0);
        /* Somebody trusts this CA, but not all that is behind it. */
        assert_int_equal(
            pins_code(pins_policy("hardened+untrusted-issuer", pins_of(made.root), ""), url) == 0,
            rows[i].code == 0);
        assert_int_equal(strstr(wiretap_stop(tap).text, "secret") != NULL, true);
        free_chain(&made);
    }
}

static void test_a_pinned_certificate_behind_a_good_chain_counts_for_nothing(void **state)
{
    const char *const rungs[] = {"hardened", "pinned", "hardened+untrusted-issuer"};
    EVP_PKEY *victim_key = certs_new_ec("P-256");
    X509 *victim = issue(victim_key, "victim", "DNS:localhost", false, NULL, NULL);
    struct wiretap *tap =
        wiretap_start(&(struct wiretap_plan){.role = WIRETAP_ORIGIN,
                                             .cert = pins_scene.pki.certs[FLAW_NONE],
                                             .key = pins_scene.pki.keys[FLAW_NONE],
                                             .chain = {victim}});
    const char *url = url_of("https", wiretap_port(tap), "");

    (void)state;
    for (size_t i = 0; i < COUNT(rungs); i++)
        assert_int_equal(pins_code(pins_policy(rungs[i], pins_of(victim), ""), url),
                         ANYCERT_E_TRUST_PIN);
    assert_int_equal(pins_code(pins_policy("hardened", pins_of(pins_scene.pki.root), ""), url), 0);
    assert_string_not_equal(wiretap_stop(tap).text, "");
    X509_free(victim);
    EVP_PKEY_free(victim_key);
}

/* Certificates are public: who shows the pinned one has to sign with its key, too. */
static void test_a_pinned_certificate_without_its_key_is_refused(void **state)
{
    static const char *const names[] = {"stolen-certificate", "stolen-certificate-tls12"};

    (void)state;
    for (size_t i = 0; i < COUNT(names); i++) {
        const struct lab_server *thief = pins_server(names[i]);
        const char *pin = lab_server_pin(thief);
        const char *const policies[] = {
            pins_policy("pinned", pin, ""),
            pins_policy("hardened", pin, ""),
            pins_policy("hardened+untrusted-issuer", pin, ""),
            "trust-any",
            "antique",
        };

        for (size_t k = 0; k < COUNT(policies); k++) {
            struct anycert_client *client = ask_client(&(struct ask){.policy = policies[k]});
            struct anycert_response *response = NULL;
            struct anycert_error err = {0};
            const struct anycert_report *report = NULL;

            assert_int_equal(
                anycert_client_handshake(client, lab_server_url(thief), &response, &err), -1);
            assert_int_equal(anycert_error_class_of(err.code), ANYCERT_CLASS_TLS);
            report = anycert_response_report(response);
            assert_string_equal(anycert_report_cert_pin(report, 0), pin);
            assert_int_equal(anycert_report_key_proven(report), 0);
            assert_int_equal(anycert_report_peer_authenticated(report), 0);
            assert_string_equal(anycert_report_authenticated_by(report), "none");
            anycert_response_free(response);
            anycert_client_free(client);
            assert_int_equal(pins_code(policies[k], lab_server_url(thief)), ANYCERT_E_TLS);
        }
    }
}

/* To send a certificate again makes no chain of it, nor harm. */
static void test_a_leaf_that_is_sent_twice_is_no_ca(void **state)
{
    X509 *good = pins_scene.pki.certs[FLAW_NONE], *signed_itself = NULL;
    EVP_PKEY *key = certs_new_ec("P-256");
    struct wiretap *tap = NULL;
    const char *url = NULL;

    (void)state;
    signed_itself = issue(key, "leaf", "DNS:localhost", false, NULL, NULL);
    for (int i = 0; i < 2; i++) {
        X509 *leaf = i == 0 ? good : signed_itself;
        const char *other = pins_of(i == 0 ? signed_itself : good);

        tap = wiretap_start(
            &(struct wiretap_plan){.role = WIRETAP_ORIGIN,
                                   .cert = leaf,
                                   .key = i == 0 ? pins_scene.pki.keys[FLAW_NONE] : key,
                                   .chain = {leaf, i == 0 ? signed_itself : good}});
        url = url_of("https", wiretap_port(tap), "");
        assert_int_equal(pins_code(pins_policy("pinned", pins_of(leaf), ""), url), 0);
        assert_int_equal(pins_code(pins_policy("hardened", pins_of(leaf), ""), url),
                         i == 0 ? 0 : ANYCERT_E_TRUST_ISSUER);
        assert_int_equal(pins_code(pins_policy("pinned", other, ""), url), ANYCERT_E_TRUST_PIN);
        assert_int_equal(
            pins_code(pins_policy("hardened+untrusted-issuer+self-signed", other, ""), url),
            ANYCERT_E_TRUST_PIN);
        (void)wiretap_stop(tap);
    }
    X509_free(signed_itself);
    EVP_PKEY_free(key);
}

/* Whose key changes is another server, as long as nobody says otherwise. */
static void test_a_new_key_is_refused(void **state)
{
    char port[8], log[300], url[64];
    const char *const argv[] = {"openssl", "s_server",
                                "-accept", port,
                                "-www",    "-quiet",
                                "-cert",   pins_scene.pki.cert_paths[FLAW_SELF_SIGNED],
                                "-key",    pins_scene.pki.key_paths[FLAW_SELF_SIGNED],
                                NULL};

    (void)state;
    for (int i = 0; i < 2; i++) {
        uint16_t number = ports_free();
        struct child *child = NULL;

        snprintf(port, sizeof port, "%u", (unsigned)number);
        snprintf(log, sizeof log, "%s/s_server.log", pins_scene.pki.folder);
        snprintf(url, sizeof url, "https://127.0.0.1:%u/", (unsigned)number);
        child = child_start(&(struct child_plan){.argv = argv,
                                                 .folder = pins_scene.pki.folder,
                                                 .log = log,
                                                 .port = number,
                                                 .keep_input = true});
        assert_int_equal(
            pins_code(pins_policy("pinned", pins_at(i ? FLAW_NONE : FLAW_SELF_SIGNED), ""), url),
            i ? ANYCERT_E_TRUST_PIN : 0);
        child_stop(child);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_key_alone_decides_about_every_certificate),
        cmocka_unit_test(test_another_key_is_refused),
        cmocka_unit_test(test_backup_pins_count_as_much),
        cmocka_unit_test(test_name_and_dates_count_if_asked_for),
        cmocka_unit_test(test_chain_and_key_are_both_needed),
        cmocka_unit_test(test_a_pinned_ca_vouches_for_sound_chains_only),
        cmocka_unit_test(test_a_pinned_certificate_behind_a_good_chain_counts_for_nothing),
        cmocka_unit_test(test_a_pinned_certificate_without_its_key_is_refused),
        cmocka_unit_test(test_a_leaf_that_is_sent_twice_is_no_ca),
        cmocka_unit_test(test_a_new_key_is_refused),
    };

    return cmocka_run_group_tests(tests, pins_setup, pins_teardown);
}
