/* What a failed request says about itself: the causes are those that a doctor finds, and the policy
 * that is advised connects. */
#include "client/pins.h"
#include "client/told.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define COUNT(a) (sizeof(a) / sizeof(a)[0])

/* ---- against the doctor, for each condition of the lab ---- */

/* Which of those that look alike, or are seen by trying alone, the doctor may find instead. */
static bool may_be_instead(const char *id)
{
    static const char *const seen_by_trying[] = {
        "ems-intolerant",
        "etm-intolerant",
        "extension-intolerant",
        "many-suites-intolerant",
        "sni-intolerant",
        "tls13-intolerant",
        "large-hello-intolerant",
        "rc4-only",
        "triple-des-only",
        "null-only",
        "anonymous-only",
        "psk-only",
        "rare-certificate-curve",
        "alpn-intolerant",
        "dsa-only",
    };

    for (size_t i = 0; i < COUNT(seen_by_trying); i++) {
        if (strcmp(seen_by_trying[i], id) == 0)
            return true;
    }
    return false;
}

static bool waits(const char *name)
{
    return strcmp(name, "silent") == 0 || strcmp(name, "drip-handshake") == 0 ||
           strcmp(name, "stall") == 0 || strcmp(name, "drip") == 0;
}

/* Whether they agree. */
static bool compare(const char *name, const struct anycert_short_diagnosis *told)
{
    struct anycert_error err = {0};
    struct anycert_doctor *doctor = anycert_doctor_new_for(told, &err);
    struct anycert_diagnosis *found = NULL;
    bool agrees = false;

    if (!doctor)
        fail_msg("%s: %s", name, err.message);
    if (waits(name))
        anycert_doctor_set_timeout(doctor, 300);
    anycert_doctor_set_request(doctor, ANYCERT_REQUEST_BODY);
    found = anycert_doctor_examine(doctor, anycert_short_diagnosis_target(told), &err);
    if (!found)
        fail_msg("%s: %s", name, err.message);
    for (size_t n = 0; n < anycert_diagnosis_causes(found); n++) {
        const char *id = anycert_diagnosis_cause_id(found, n);

        agrees = agrees || has_cause(told, id) ||
                 (!anycert_short_diagnosis_is_certain(told) && may_be_instead(id));
    }
    for (size_t n = 0;
         anycert_short_diagnosis_is_certain(told) && n < anycert_short_diagnosis_causes(told);
         n++) {
        const char *id = anycert_short_diagnosis_cause_id(told, n);
        bool is_found = false;

        for (size_t k = 0; k < anycert_diagnosis_causes(found); k++)
            is_found = is_found || strcmp(anycert_diagnosis_cause_id(found, k), id) == 0;
        agrees = agrees && is_found;
    }
    if (!agrees) {
        char *text = anycert_diagnosis_brief(found, &err);

        print_error("%s:\n%s\n%s\n", name, anycert_short_diagnosis_text(told), text);
        anycert_free(text);
    }
    anycert_diagnosis_free(found);
    anycert_doctor_free(doctor);
    return agrees;
}

/* What a policy that is advised has to come to. */
static void try_policy(const struct lab_server *server, const struct anycert_short_diagnosis *told)
{
    const struct anycert_policy *policy = anycert_short_diagnosis_policy_object(told);
    struct anycert_client *client = NULL;
    struct told again;
    int class = 0;

    if (!policy)
        return;
    /* A key is one whatever the chain is worth, which policies do not know of pins. */
    if (!anycert_policy_authenticates(policy) && !anycert_short_diagnosis_policy_by_key(told))
        fail_msg("%s: %s", lab_server_name(server), anycert_short_diagnosis_policy(told));
    client = client_under(policy, lab_server_resolve(server));
    again = tell(client, lab_server_url(server));
    class = anycert_error_class_of(again.code);
    /* What comes behind certificates that were refused in TLS 1.2 was not seen. */
    if (anycert_short_diagnosis_policy_is_whole(told) &&
        (class == ANYCERT_CLASS_TRUST ||
         (class == ANYCERT_CLASS_TLS &&
          anycert_report_key_proven(anycert_short_diagnosis_report(told)))))
        fail_msg("%s: %s: %s", lab_server_name(server), anycert_short_diagnosis_policy(told),
                 again.message);
    /* Where certificates had not come, there is one thing less in the way at least. */
    if (again.diagnosis && anycert_short_diagnosis_policy(again.diagnosis))
        assert_string_not_equal(anycert_short_diagnosis_policy(again.diagnosis),
                                anycert_short_diagnosis_policy(told));
    anycert_short_diagnosis_free(again.diagnosis);
    anycert_client_free(client);
}

static void test_every_condition_of_the_lab(void **state)
{
    unsigned told_of = 0, advised = 0, otherwise = 0;

    (void)state;
    for (size_t i = 0; i < lab_server_count(pins_lab); i++) {
        const struct lab_server *server = lab_server_at(pins_lab, i);
        const char *name = lab_server_name(server);
        struct ask ask = {.policy = ask_policy("hardened", lab_file(pins_lab, LAB_FILE_ROOT)),
                          .resolve = lab_server_resolve(server)};
        struct told told;

        if (waits(name))
            ask.connect_ms = ask.total_ms = 300;
        told = tell_of(&ask, lab_server_url(server));
        if (told.diagnosis) {
            told_of++;
            advised += anycert_short_diagnosis_policy(told.diagnosis) != NULL;
            expect_whole(name, told.diagnosis);
            /* What that one is about comes after what it asks for was granted. */
            if (strcmp(name, "renegotiation-other-certificate") != 0) {
                try_policy(server, told.diagnosis);
                otherwise += !compare(name, told.diagnosis);
            }
        } else if (told.code != 0 && !waits(name)) {
            fail_msg("%s: nothing is said of %s", name, told.message);
        }
        anycert_short_diagnosis_free(told.diagnosis);
    }
    assert_int_equal(otherwise, 0);
    assert_true(told_of > 70);
    assert_true(advised > 30);
}

/* ---- each family by its id ---- */

static const struct {
    const char *condition, *cause, *check, *side, *policy; /* policy: how it begins, or NULL */
    bool certain, by_key;
} rows[] = {
    {"expired", "expired", "dates", "remote", "hardened+expired ", true, false},
    {"not-yet-valid", "not-yet-valid", "dates", "remote", "hardened+not-yet-valid ", true, false},
    {"self-signed", "self-signed", "trust", "remote", "hardened+self-signed ", true, true},
    {"untrusted-root", "unknown-root", "trust", "local", "hardened+untrusted-issuer ", true, true},
    {"incomplete-chain", "missing-intermediate", "trust", "remote", "hardened+untrusted-issuer ",
     false, true},
    {"unknown-issuer", "unknown-root", "trust", "local", "hardened+untrusted-issuer ", true, true},
    {"wrong-host", "name-mismatch", "name", "remote", "hardened ", true, false},
    {"cn-only", "common-name-only", "name", "remote", "hardened+common-name ", true, false},
    {"rsa-1024", "weak-key", "key-strength", "remote", "hardened+weak-key ", true, false},
    {"md5-leaf", "md5-signature", "signature-strength", "remote", "pinned ", true, true},
    {"revoked-staple", "revoked", "revocation", "remote", NULL, true, false},
    {"dh-1024", "small-dh", "group", "remote", NULL, false, false},
    {"dh-512", "small-dh", "group", "remote", NULL, false, false},
    {"tls10-only", "tls10-only", "protocol", "remote", NULL, false, false},
    {"sha1-handshake", "sha1-handshake", "handshake-signature", "remote", NULL, false, false},
    {"no-rfc5746", "no-secure-renegotiation", "renegotiation", "remote",
     "hardened+legacy-renegotiation ", true, false},
    {"plain-http", "speaks-http", "tls", "local", NULL, false, false},
    {"close", "tls-closed", "tls", "remote", NULL, false, false},
    {"client-cert-required", "client-cert-required", "tls", "local", NULL, true, false},
    {"client-cert-required-tls13", "client-cert-required-late", "tls", "local", NULL, true, false},
    {"renegotiation", "client-cert-asked-late", "renegotiation", "remote",
     "hardened+renegotiation ", true, false},
    {"truncated-body", "body-truncated", "http", "remote", NULL, true, false},
};

static void test_causes_have_stable_ids(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        const struct lab_server *server = pins_server(rows[i].condition);
        const char *root = lab_file(pins_lab, LAB_FILE_ROOT);
        struct told told =
            tell_of(&(struct ask){.policy = ask_policy("hardened", root)}, lab_server_url(server));
        const struct anycert_short_diagnosis *d = told.diagnosis;
        const char *policy = NULL, *first = NULL, *asks = "";
        char command[400];

        if (!d)
            fail_msg("%s: %s", rows[i].condition, told.message);
        policy = anycert_short_diagnosis_policy(d);
        first = anycert_short_diagnosis_cause_id(d, 0);
        if (anycert_short_diagnosis_is_certain(d) != rows[i].certain ||
            !has_cause(d, rows[i].cause) ||
            (rows[i].certain && strcmp(first, rows[i].cause) != 0) ||
            (policy != NULL) != (rows[i].policy != NULL) ||
            (policy && strncmp(policy, rows[i].policy, strlen(rows[i].policy)) != 0) ||
            anycert_short_diagnosis_policy_by_key(d) != rows[i].by_key)
            fail_msg("%s: %s", rows[i].condition, anycert_short_diagnosis_text(d));
        if (strcmp(first, rows[i].cause) == 0) {
            assert_string_equal(anycert_short_diagnosis_cause_check(d, 0), rows[i].check);
            assert_string_equal(anycert_short_diagnosis_cause_side(d, 0), rows[i].side);
        }
        if (strcmp(rows[i].condition, "renegotiation") == 0)
            asks = "--http ";
        else if (strcmp(rows[i].condition, "truncated-body") == 0)
            asks = "--http-body ";
        (void)snprintf(command, sizeof command,
                       "anycert doctor --cacert %s %shttps://localhost:%u/", root, asks,
                       (unsigned)lab_server_port(server));
        assert_string_equal(anycert_short_diagnosis_command(d), command);
        assert_string_equal(anycert_short_diagnosis_policy_forbidden(d), "");
        assert_true(!rows[i].by_key || anycert_short_diagnosis_key_policy(d));
        anycert_short_diagnosis_free(told.diagnosis);
    }
}

/* ---- what was given in memory ---- */

static void test_anchors_in_memory_are_kept(void **state)
{
    struct anycert_error err = {0};
    struct anycert_policy *policy = anycert_policy_new(&err);
    const struct lab_server *server = pins_server("expired");
    struct anycert_client *client = NULL;
    struct told told, again;
    size_t len = 0;
    const char *pem = lab_root_pem(pins_lab, &len);

    (void)state;
    assert_int_equal(anycert_policy_add_ca_pem(policy, pem, len, &err), 0);
    client = client_under(policy, NULL);
    told = tell(client, lab_server_url(server));
    expect_cause(&told, "expired", true);
    assert_null(strstr(anycert_short_diagnosis_command(told.diagnosis), "cacert"));
    assert_true(strstr(anycert_short_diagnosis_policy(told.diagnosis), " ca=sha256:") != NULL);
    anycert_client_free(client);
    client = client_under(anycert_short_diagnosis_policy_object(told.diagnosis), NULL);
    again = tell(client, lab_server_url(server));
    if (again.code != 0)
        fail_msg("%s", again.message);
    assert_true(compare("in memory", told.diagnosis));
    anycert_short_diagnosis_free(told.diagnosis);
    anycert_client_free(client);
    anycert_policy_free(policy);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_condition_of_the_lab),
        cmocka_unit_test(test_causes_have_stable_ids),
        cmocka_unit_test(test_anchors_in_memory_are_kept),
    };

    return cmocka_run_group_tests(tests, pins_setup, pins_teardown);
}
