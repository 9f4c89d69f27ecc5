/* Trust on first use against real servers: what is recorded, and what is refused by it. */
#include "client/known.h"

#include <anycert/trust_store.h>

#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/param_build.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#define COUNT(a) (sizeof(a) / sizeof(a)[0])

static uint16_t port_of(enum flaw flaw)
{
    return pins_scene.web.ports[flaw];
}

static const char *as_pin(enum flaw flaw)
{
    char *text = pins_text();

    (void)snprintf(text, 900, "pin %s", pins_at(flaw));
    return text;
}

static void assert_says(const char *word)
{
    if (!strstr(known_message(), word))
        fail_msg("'%s' does not say '%s'", known_message(), word);
}

/* ---- first contact */

static void first_contact_is_recorded_and_known_from_then_on(void **state)
{
    struct anycert_client *client = known_client("tofu", "accept-new");
    const char *url = url_of("https", port_of(FLAW_SELF_SIGNED), "");
    struct answer answer;

    (void)state;
    assert_string_equal(known_authenticated_by(client, url), "none");
    assert_string_equal(known_as(port_of(FLAW_SELF_SIGNED)), as_pin(FLAW_SELF_SIGNED));
    assert_string_equal(known_authenticated_by(client, url), "tofu");
    anycert_client_free(client);

    client = known_client("tofu", "strict");
    answer = ask_get(client, url);
    assert_int_equal(answer.code, 0);
    assert_true(answer.authenticated);
    assert_int_equal(answer.verdict, ANYCERT_RELAXED);
    answer_free(&answer);
    anycert_client_free(client);
    assert_int_equal(known_count(), 1);
}

static void what_hardened_accepts_is_recorded_by_its_authority(void **state)
{
    static const char *const modes[] = {"accept-new", "ask"};

    (void)state;
    for (size_t i = 0; i < COUNT(modes); i++) {
        struct anycert_client *client = known_client("tofu", modes[i]);

        assert_string_equal(known_authenticated_by(client, url_of("https", port_of(FLAW_NONE), "")),
                            "chain");
        assert_string_equal(known_as(port_of(FLAW_NONE)), "ca");
        anycert_client_free(client);
        known_remove(port_of(FLAW_NONE));
    }
}

static void strict_learns_nothing(void **state)
{
    static const enum flaw flaws[] = {FLAW_NONE, FLAW_SELF_SIGNED};

    (void)state;
    for (size_t i = 0; i < COUNT(flaws); i++) {
        uint16_t port = port_of(flaws[i]);

        assert_int_equal(known_code(known_client("tofu", "strict"), port), ANYCERT_E_TRUST_UNKNOWN);
        assert_says("anycert trust add localhost:");
        assert_string_equal(known_as(port), "none");
        known_add(port, pins_at(flaws[i]));
        assert_int_equal(known_code(known_client("tofu", "strict"), port), 0);
    }
}

/* Tofu is about who vouches: everything else is as hardened has it. */
static void tofu_relaxes_trust_alone(void **state)
{
    static const struct {
        const char *rung;
        enum flaw flaw;
        int code;
    } rows[] = {
        {"tofu", FLAW_EXPIRED, ANYCERT_E_TRUST_DATES},
        {"tofu", FLAW_WRONG_HOST, ANYCERT_E_TRUST_NAME},
        {"tofu+wrong-host", FLAW_EXPIRED, ANYCERT_E_TRUST_DATES},
        {"tofu+expired", FLAW_WRONG_HOST, ANYCERT_E_TRUST_NAME},
        {"tofu", FLAW_UNKNOWN_ROOT, 0},
        {"tofu+expired", FLAW_EXPIRED, 0},
        {"tofu+wrong-host", FLAW_WRONG_HOST, 0},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        uint16_t port = port_of(rows[i].flaw);

        assert_int_equal(known_code(known_client(rows[i].rung, "accept-new"), port), rows[i].code);
        /* What hardened would not have accepted is known by its key. */
        assert_string_equal(known_as(port), rows[i].code ? "none" : as_pin(rows[i].flaw));
        if (rows[i].code == 0)
            known_remove(port);
    }
}

static void without_a_store_there_is_no_client(void **state)
{
    static const char *const texts[] = {"tofu", "tofu mode=strict", "report-only for=tofu"};

    (void)state;
    for (size_t i = 0; i < COUNT(texts); i++) {
        struct anycert_error err = {0};
        struct anycert_policy *policy = anycert_policy_parse(texts[i], &err);
        struct anycert_config *config = anycert_config_new(NULL);

        assert_int_equal(anycert_config_set_policy(config, policy, &err), 0);
        assert_null(anycert_client_new(config, &err));
        assert_int_equal(err.code, ANYCERT_E_USAGE);
        anycert_config_free(config);
        anycert_policy_free(policy);
    }
}

static void weaker_rungs_record_nothing(void **state)
{
    static const struct {
        const char *policy;
        enum anycert_verdict reference;
    } rows[] = {{"report-only for=\"tofu mode=accept-new\"", ANYCERT_RELAXED},
                {"report-only for=tofu", ANYCERT_FAIL},
                {"report-only for=\"tofu mode=strict\"", ANYCERT_FAIL},
                {"trust-any", ANYCERT_FAIL}};

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct anycert_client *client =
            ask_client(&(struct ask){.policy = rows[i].policy, .trust_store = known_path()});
        struct answer answer = ask_get(client, url_of("https", port_of(FLAW_SELF_SIGNED), ""));

        assert_int_equal(answer.code, 0);
        assert_int_equal(answer.reference_verdict, rows[i].reference);
        answer_free(&answer);
        anycert_client_free(client);
    }
    assert_int_equal(known_count(), 0);
}

static void handshake_alone_records_nothing(void **state)
{
    struct anycert_client *client = known_client("tofu", "accept-new");
    struct anycert_error err = {0};
    struct anycert_response *response = NULL;

    (void)state;
    assert_int_equal(anycert_client_handshake(
                         client, url_of("https", port_of(FLAW_SELF_SIGNED), ""), &response, &err),
                     0);
    anycert_response_free(response);
    anycert_client_free(client);
    assert_int_equal(known_count(), 0);
}

/* ---- the question */

struct question {
    unsigned asked;
    int answer;
    char host[64], pin[64];
    unsigned port;
    int proven;
    bool says_self_signed;
};

static int answer_question(void *arg, const struct anycert_report *report)
{
    struct question *q = arg;

    q->asked++;
    (void)snprintf(q->host, sizeof q->host, "%s", anycert_report_host(report));
    (void)snprintf(q->pin, sizeof q->pin, "%s", anycert_report_cert_pin(report, 0));
    q->port = anycert_report_port(report);
    q->proven = anycert_report_key_proven(report);
    for (const struct anycert_check *check = anycert_report_next_check(report, NULL); check;
         check = anycert_report_next_check(report, check)) {
        if (strcmp(anycert_check_id(check), "trust") == 0)
            q->says_self_signed = anycert_check_x509_code(check) == 18;
    }
    return q->answer;
}

static struct anycert_client *asking(struct question *q)
{
    return ask_client(&(struct ask){.policy = known_policy("tofu", "ask"),
                                    .trust_store = known_path(),
                                    .trust_ask = answer_question,
                                    .trust_ask_arg = q});
}

static void answer_decides(void **state)
{
    uint16_t port = port_of(FLAW_SELF_SIGNED);
    struct question q = {.answer = 0};

    (void)state;
    assert_int_equal(known_code(asking(&q), port), ANYCERT_E_TRUST_UNKNOWN);
    assert_int_equal(q.asked, 1);
    assert_string_equal(q.host, "localhost");
    assert_int_equal(q.port, port);
    assert_string_equal(q.pin, pins_at(FLAW_SELF_SIGNED));
    assert_int_equal(q.proven, 1);
    assert_true(q.says_self_signed);
    assert_string_equal(known_as(port), "none");
    q.answer = 3; /* no yes */
    assert_int_equal(known_code(asking(&q), port), ANYCERT_E_TRUST_UNKNOWN);
    q.answer = 1;
    assert_int_equal(known_code(asking(&q), port), 0);
    assert_int_equal(q.asked, 3);
    assert_string_equal(known_as(port), as_pin(FLAW_SELF_SIGNED));
    assert_int_equal(known_code(asking(&q), port), 0);
    assert_int_equal(q.asked, 3);
}

static void compared_key_is_recorded_as_such(void **state)
{
    uint16_t port = port_of(FLAW_SELF_SIGNED);
    struct anycert_error err = {0};
    struct anycert_trust_store *store = NULL;
    struct anycert_trust_entry *entry = NULL;
    struct question q = {.answer = 2};

    (void)state;
    assert_int_equal(known_code(asking(&q), port), 0);
    assert_string_equal(known_as(port), as_pin(FLAW_SELF_SIGNED));
    store = anycert_trust_store_open(known_path(), &err);
    assert_non_null(store);
    assert_int_equal(anycert_trust_store_find(store, "localhost", port, &entry, &err), 1);
    assert_int_equal(anycert_trust_entry_source(entry), ANYCERT_TRUST_COMPARED);
    anycert_trust_entry_free(entry);
    anycert_trust_store_free(store);
}

static void nobody_to_ask_means_no(void **state)
{
    uint16_t port = port_of(FLAW_SELF_SIGNED);

    (void)state;
    assert_int_equal(known_code(known_client("tofu", "ask"), port), ANYCERT_E_TRUST_UNKNOWN);
    assert_says("nobody has said that its key is right");
    assert_string_equal(known_as(port), "none");
}

static void nobody_is_asked_about_what_is_refused_anyway(void **state)
{
    struct question q = {.answer = 1};

    (void)state;
    assert_int_equal(known_code(asking(&q), port_of(FLAW_EXPIRED)), ANYCERT_E_TRUST_DATES);
    assert_int_equal(known_code(asking(&q), port_of(FLAW_WRONG_HOST)), ANYCERT_E_TRUST_NAME);
    assert_int_equal(known_code(asking(&q), port_of(FLAW_NONE)), 0);
    assert_int_equal(q.asked, 0);
}

/* A certificate is public: whoever shows it without having its key is not met, and nobody is asked
 * about it. The key here has the public half of the certificate's, and another private one. */
static EVP_PKEY *forge(EVP_PKEY *victim)
{
    EVP_PKEY *other = certs_new_ec("P-256"), *forged = NULL;
    OSSL_PARAM_BLD *build = OSSL_PARAM_BLD_new();
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(NULL, "EC", NULL);
    OSSL_PARAM *params = NULL;
    unsigned char point[200];
    size_t len = 0;
    BIGNUM *secret = NULL;

    assert_int_equal(
        EVP_PKEY_get_octet_string_param(victim, OSSL_PKEY_PARAM_PUB_KEY, point, sizeof point, &len),
        1);
    assert_int_equal(EVP_PKEY_get_bn_param(other, OSSL_PKEY_PARAM_PRIV_KEY, &secret), 1);
    OSSL_PARAM_BLD_push_utf8_string(build, OSSL_PKEY_PARAM_GROUP_NAME, "prime256v1", 0);
    OSSL_PARAM_BLD_push_octet_string(build, OSSL_PKEY_PARAM_PUB_KEY, point, len);
    OSSL_PARAM_BLD_push_BN(build, OSSL_PKEY_PARAM_PRIV_KEY, secret);
    params = OSSL_PARAM_BLD_to_param(build);
    assert_non_null(params);
    assert_int_equal(EVP_PKEY_fromdata_init(ctx), 1);
    assert_int_equal(EVP_PKEY_fromdata(ctx, &forged, EVP_PKEY_KEYPAIR, params), 1);
    OSSL_PARAM_free(params);
    OSSL_PARAM_BLD_free(build);
    EVP_PKEY_CTX_free(ctx);
    BN_free(secret);
    EVP_PKEY_free(other);
    return forged;
}

static void key_that_is_not_proven_is_not_recorded(void **state)
{
    struct pki pki;
    struct web web;
    EVP_PKEY *own[FLAW_COUNT];
    struct question q = {.answer = 1};
    uint16_t ports[3];

    (void)state;
    pki_make(&pki);
    for (int i = 0; i < FLAW_COUNT; i++) {
        own[i] = pki.keys[i];
        pki.keys[i] = forge(own[i]);
    }
    web_start(&web, &pki);
    ports[0] = web.ports[FLAW_SELF_SIGNED];
    ports[1] = web.self_signed_tls12;
    ports[2] = web.self_signed_tls13;
    for (size_t i = 0; i < COUNT(ports); i++) {
        int code = known_code(known_client("tofu", "accept-new"), ports[i]);

        assert_int_equal(anycert_error_class_of(code), ANYCERT_CLASS_TLS);
        code = known_code(asking(&q), ports[i]);
        assert_int_equal(anycert_error_class_of(code), ANYCERT_CLASS_TLS);
    }
    assert_int_equal(q.asked, 0);
    assert_int_equal(known_count(), 0);
    web_stop(&web);
    for (int i = 0; i < FLAW_COUNT; i++) {
        EVP_PKEY_free(pki.keys[i]);
        pki.keys[i] = own[i];
    }
    pki_free(&pki);
}

/* ---- changes */

static void changed_key_is_refused_with_all_that_is_known(void **state)
{
    uint16_t port = port_of(FLAW_SELF_SIGNED);
    static const char *const modes[] = {"accept-new", "ask", "strict"};
    char today[16];
    time_t now = time(NULL);
    struct tm tm;
    struct question q = {.answer = 1};
    struct anycert_client *client = NULL;

    (void)state;
    gmtime_r(&now, &tm);
    (void)strftime(today, sizeof today, "%Y-%m-%d", &tm);
    known_add(port, pins_at(FLAW_SELF_SIGNED));
    for (size_t i = 0; i < COUNT(modes); i++) {
        client = known_led_to(modes[i], port, port_of(FLAW_UNKNOWN_ROOT));
        assert_int_equal(known_code(client, port), ANYCERT_E_TRUST_CHANGED);
        assert_says(pins_at(FLAW_SELF_SIGNED));
        assert_says(pins_at(FLAW_UNKNOWN_ROOT));
        assert_says(today);
        assert_says("anycert trust add localhost:");
    }
    /* Not even a certificate that hardened accepts. */
    client = known_led_to("accept-new", port, port_of(FLAW_NONE));
    assert_int_equal(known_code(client, port), ANYCERT_E_TRUST_CHANGED);
    assert_int_equal(q.asked, 0);
    assert_string_equal(known_as(port), as_pin(FLAW_SELF_SIGNED));
    known_add(port, pins_at(FLAW_UNKNOWN_ROOT)); /* what the message says */
    client = known_led_to("accept-new", port, port_of(FLAW_UNKNOWN_ROOT));
    assert_int_equal(known_code(client, port), 0);
}

static void host_of_an_authority_may_change_its_key_and_nothing_else(void **state)
{
    uint16_t port = port_of(FLAW_NONE);
    const struct lab_server *good = pins_server("good");
    struct anycert_client *client = NULL;

    (void)state;
    assert_int_equal(known_code(known_client("tofu", "accept-new"), port), 0);
    client = known_led_to("accept-new", port, lab_server_port(good));
    assert_int_equal(known_code(client, port), 0);
    assert_string_equal(known_as(port), "ca");
    client = known_led_to("accept-new", port, port_of(FLAW_SELF_SIGNED));
    assert_int_equal(known_code(client, port), ANYCERT_E_TRUST_CHANGED);
    assert_says("a trusted authority vouched for it");
    assert_says("anycert trust add localhost:");
    client = known_led_to("accept-new", port, port_of(FLAW_UNKNOWN_ROOT));
    assert_int_equal(known_code(client, port), ANYCERT_E_TRUST_CHANGED);
    client = known_led_to("accept-new", port, port_of(FLAW_EXPIRED));
    assert_int_equal(known_code(client, port), ANYCERT_E_TRUST_DATES);
    assert_string_equal(known_as(port), "ca");
}

static void one_of_several_keys_is_enough(void **state)
{
    uint16_t port = port_of(FLAW_SELF_SIGNED);
    char *both = pins_text();

    (void)state;
    (void)snprintf(both, 900, "%s,%s", pins_at(FLAW_NONE), pins_at(FLAW_SELF_SIGNED));
    known_add(port, both);
    assert_int_equal(known_code(known_client("tofu", "strict"), port), 0);
}

/* What another process says counts on connections that are open, too. */
static void warm_connections_are_held_to_the_store_as_it_is(void **state)
{
    uint16_t port = port_of(FLAW_SELF_SIGNED);
    const char *url = url_of("https", port, "");
    struct anycert_client *client = known_client("tofu", "accept-new");
    int code = 0;

    (void)state;
    ask_works(client, url); /* recorded */
    ask_works(client, url); /* over a connection that was made under the record */
    assert_true(ask_works(client, url));
    known_add(port, pins_at(FLAW_UNKNOWN_ROOT));
    for (int i = 0; i < 5000 && code == 0; i++) { /* it is looked for ten times a second */
        struct answer answer = ask_get(client, url);

        code = answer.code;
        answer_free(&answer);
    }
    assert_int_equal(code, ANYCERT_E_TRUST_CHANGED);
    anycert_client_free(client);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, known_setup, known_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(first_contact_is_recorded_and_known_from_then_on),
        CASE(what_hardened_accepts_is_recorded_by_its_authority),
        CASE(strict_learns_nothing),
        CASE(tofu_relaxes_trust_alone),
        CASE(without_a_store_there_is_no_client),
        CASE(weaker_rungs_record_nothing),
        CASE(handshake_alone_records_nothing),
        CASE(answer_decides),
        CASE(compared_key_is_recorded_as_such),
        CASE(nobody_to_ask_means_no),
        CASE(nobody_is_asked_about_what_is_refused_anyway),
        CASE(key_that_is_not_proven_is_not_recorded),
        CASE(changed_key_is_refused_with_all_that_is_known),
        CASE(host_of_an_authority_may_change_its_key_and_nothing_else),
        CASE(one_of_several_keys_is_enough),
        CASE(warm_connections_are_held_to_the_store_as_it_is),
    };

    return cmocka_run_group_tests(tests, pins_setup, pins_teardown);
}
