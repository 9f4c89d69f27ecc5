/* Two things wrong at once, and one of them relaxed: the other one is still refused (P11).
 * Verification has to go on behind each error, and no error may hide another. */
#include "client/ask.h"
#include "client/servers.h"
#include "client/wiretap.h"

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/params.h>
#include <openssl/x509v3.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "support/certs.h"

static struct pki pki;
static EVP_PKEY *small_key, *explicit_key;

/* Flaws of a chain, each with the one relaxation that lets it through. Bit n is row n. */
static const char *const relaxations[] = {
    "untrusted-issuer",   "self-signed",    "expired",     "not-yet-valid",
    "wrong-host",         "common-name",    "weak-key",    "weak-signature",
    "wrong-purpose",      "invalid-ca",     "path-length", "name-constraints",
    "critical-extension", "explicit-curve",
};
enum {
    UNKNOWN_ROOT = 1 << 0,
    SELF_SIGNED = 1 << 1,
    EXPIRED = 1 << 2,
    TOO_EARLY = 1 << 3,
    WRONG_HOST = 1 << 4,
    COMMON_NAME = 1 << 5,
    WEAK_KEY = 1 << 6,
    WEAK_SIGNATURE = 1 << 7,
    WRONG_PURPOSE = 1 << 8,
    INVALID_CA = 1 << 9,
    PATH_LENGTH = 1 << 10,
    CONSTRAINTS = 1 << 11,
    CRITICAL = 1 << 12,
    EXPLICIT_CURVE = 1 << 13,
};
#define FLAWS 14

/* What cannot be wrong at the same time. */
static const unsigned exclusive[] = {
    EXPIRED | TOO_EARLY,
    WRONG_HOST | COMMON_NAME,
    WEAK_KEY | EXPLICIT_CURVE,
    SELF_SIGNED | UNKNOWN_ROOT,
    /* Nobody looks at the strength of a signature that proves nothing. */
    SELF_SIGNED | WEAK_SIGNATURE,
    UNKNOWN_ROOT | WEAK_SIGNATURE,
    SELF_SIGNED | INVALID_CA,
    SELF_SIGNED | PATH_LENGTH,
    SELF_SIGNED | CONSTRAINTS,
    /* Whatever the name: one that is permitted is another host's. */
    CONSTRAINTS | WRONG_HOST,
    CONSTRAINTS | COMMON_NAME,
};

static bool is_possible(unsigned flaws)
{
    for (size_t i = 0; i < sizeof exclusive / sizeof exclusive[0]; i++) {
        if ((flaws & exclusive[i]) == exclusive[i])
            return false;
    }
    return true;
}

static EVP_PKEY *make_explicit_key(void)
{
    EVP_PKEY *key = certs_new_ec("P-256");

    assert_int_equal(EVP_PKEY_set_utf8_string_param(key, OSSL_PKEY_PARAM_EC_ENCODING, "explicit"),
                     1);
    return key;
}

static int make_pki(void **state)
{
    (void)state;
    pki_make(&pki);
    small_key = certs_new_rsa(1024);
    explicit_key = make_explicit_key();
    return 0;
}

static int free_pki(void **state)
{
    (void)state;
    EVP_PKEY_free(small_key);
    EVP_PKEY_free(explicit_key);
    pki_free(&pki);
    return 0;
}

/* ---- a chain with these flaws */

struct chain {
    X509 *leaf;
    EVP_PKEY *leaf_key;
    X509 *cas[6];
    EVP_PKEY *ca_keys[6];
    size_t ca_count;
    X509 *issuer; /* of the next certificate */
    EVP_PKEY *issuer_key;
};

static void add_ca(struct chain *chain, const char *constraints, bool restricted)
{
    int64_t now = time(NULL);
    EVP_PKEY *key = certs_new_ec("P-256");
    char name[32];
    X509 *ca = NULL;

    snprintf(name, sizeof name, "CA %zu", chain->ca_count);
    ca = certs_make(&(struct certs_recipe){.cn = name,
                                           .key = key,
                                           .issuer = chain->issuer,
                                           .issuer_key = chain->issuer_key,
                                           .not_before = now - 100 * CERTS_DAY,
                                           .not_after = now + 100 * CERTS_DAY,
                                           .serial = 10 + chain->ca_count,
                                           .ca = strstr(constraints, "CA:TRUE") != NULL,
                                           .constraints = constraints});
    if (restricted) {
        X509V3_CTX ctx;
        X509_EXTENSION *extension = NULL;

        X509V3_set_ctx(&ctx, chain->issuer, ca, NULL, NULL, 0);
        extension = X509V3_EXT_conf_nid(NULL, &ctx, NID_name_constraints,
                                        "critical,permitted;DNS:example.org");
        assert_int_equal(X509_add_ext(ca, extension, -1), 1);
        X509_EXTENSION_free(extension);
        assert_true(X509_sign(ca, chain->issuer_key, EVP_sha256()) > 0);
    }
    chain->cas[chain->ca_count] = ca;
    chain->ca_keys[chain->ca_count++] = key;
    chain->issuer = ca;
    chain->issuer_key = key;
}

static void add_unknown_critical_extension(X509 *cert, EVP_PKEY *signer, const EVP_MD *digest)
{
    ASN1_OBJECT *oid = OBJ_txt2obj("1.3.6.1.4.1.55555.1", 1);
    ASN1_OCTET_STRING *value = ASN1_OCTET_STRING_new();
    X509_EXTENSION *extension = NULL;

    assert_int_equal(ASN1_OCTET_STRING_set(value, (const unsigned char *)"\x05\x00", 2), 1);
    extension = X509_EXTENSION_create_by_OBJ(NULL, oid, 1, value);
    assert_int_equal(X509_add_ext(cert, extension, -1), 1);
    assert_true(X509_sign(cert, signer, digest) > 0);
    X509_EXTENSION_free(extension);
    ASN1_OCTET_STRING_free(value);
    ASN1_OBJECT_free(oid);
}

static void make_leaf(struct chain *chain, unsigned flaws)
{
    int64_t now = time(NULL);
    const EVP_MD *digest = flaws & WEAK_SIGNATURE ? EVP_sha1() : EVP_sha256();
    bool self = (flaws & SELF_SIGNED) != 0;

    chain->leaf_key = flaws & WEAK_KEY         ? small_key
                      : flaws & EXPLICIT_CURVE ? explicit_key
                                               : pki.keys[0];
    chain->leaf = certs_make(&(struct certs_recipe){
        .cn = flaws & COMMON_NAME ? "localhost" : "a server",
        .key = chain->leaf_key,
        .issuer = self ? NULL : chain->issuer,
        .issuer_key = self ? NULL : chain->issuer_key,
        .digest = digest,
        .not_before = flaws & TOO_EARLY ? now + 3 * CERTS_DAY : now - 10 * CERTS_DAY,
        .not_after = flaws & EXPIRED ? now - 3 * CERTS_DAY : now + 10 * CERTS_DAY,
        .serial = 77,
        .san = flaws & COMMON_NAME  ? NULL
               : flaws & WRONG_HOST ? "DNS:other.test"
                                    : "DNS:localhost",
        .eku = flaws & WRONG_PURPOSE ? "clientAuth" : "serverAuth"});
    if (flaws & CRITICAL)
        add_unknown_critical_extension(chain->leaf, self ? chain->leaf_key : chain->issuer_key,
                                       digest);
}

static void chain_make(struct chain *chain, unsigned flaws)
{
    memset(chain, 0, sizeof *chain);
    chain->issuer = flaws & UNKNOWN_ROOT ? pki.other_root : pki.root;
    chain->issuer_key = flaws & UNKNOWN_ROOT ? pki.other_root_key : pki.root_key;
    if (flaws & PATH_LENGTH) {
        add_ca(chain, "critical,CA:TRUE,pathlen:0", false);
        add_ca(chain, "critical,CA:TRUE", false);
    }
    if (flaws & CONSTRAINTS)
        add_ca(chain, "critical,CA:TRUE", true);
    if (flaws & INVALID_CA)
        add_ca(chain, "critical,CA:FALSE", false);
    make_leaf(chain, flaws);
}

static void chain_free(struct chain *chain)
{
    X509_free(chain->leaf);
    for (size_t i = 0; i < chain->ca_count; i++) {
        X509_free(chain->cas[i]);
        EVP_PKEY_free(chain->ca_keys[i]);
    }
}

static struct wiretap *serve(const struct chain *chain)
{
    struct wiretap_plan plan = {
        .role = WIRETAP_ORIGIN, .cert = chain->leaf, .key = chain->leaf_key};

    for (size_t i = 0; i < chain->ca_count; i++)
        plan.chain[i] = chain->cas[chain->ca_count - 1 - i];
    return wiretap_start(&plan);
}

/* ---- asking */

/* "hardened" and a relaxation for each of these bits. */
static const char *policy_for(unsigned flaws)
{
    static char text[1024];

    snprintf(text, sizeof text, "hardened");
    for (unsigned i = 0; i < FLAWS; i++) {
        if (flaws >> i & 1u)
            snprintf(text + strlen(text), sizeof text - strlen(text), "+%s", relaxations[i]);
    }
    return ask_policy(text, pki.root_path);
}

static void check(const char *url, unsigned flaws, unsigned relaxed)
{
    struct anycert_client *client = ask_client(&(struct ask){.policy = policy_for(relaxed)});
    struct answer answer = ask_get(client, url);
    /* wrong-host is the wider of the two. */
    unsigned covered = relaxed & WRONG_HOST ? relaxed | COMMON_NAME : relaxed;
    bool works = (flaws & ~covered) == 0;

    if ((answer.code == 0) != works)
        fail_msg("flaws %s under %s: %d %s", policy_for(flaws), policy_for(relaxed), answer.code,
                 answer.message);
    assert_int_equal(answer.status, works ? 200 : 0);
    if (!works)
        assert_int_equal(answer.code / 100, 3);
    answer_free(&answer);
    anycert_client_free(client);
}

/* Nothing relaxed, each half, all but each half, everything that is wrong, and everything. */
static void run(unsigned flaws)
{
    const unsigned all = (1u << FLAWS) - 1;
    struct chain chain;
    struct wiretap *tap = NULL;
    const char *url = NULL;

    if (!is_possible(flaws))
        return;
    chain_make(&chain, flaws);
    tap = serve(&chain);
    url = url_of("https", wiretap_port(tap), "");
    check(url, flaws, 0);
    for (unsigned i = 0; i < FLAWS; i++) {
        if (!(flaws >> i & 1u))
            continue;
        check(url, flaws, flaws & ~(1u << i));
        /* wrong-host contains common-name, so leaving only that one out leaves nothing out */
        check(url, flaws, all & ~(1u << i) & ~((1u << i) == COMMON_NAME ? WRONG_HOST : 0u));
    }
    check(url, flaws, flaws);
    check(url, flaws, all);
    (void)wiretap_stop(tap);
    chain_free(&chain);
}

static void test_each_flaw_alone(void **state)
{
    (void)state;
    run(0);
    for (unsigned i = 0; i < FLAWS; i++)
        run(1u << i);
}

static void test_each_pair_of_flaws(void **state)
{
    (void)state;
    for (unsigned i = 0; i < FLAWS; i++) {
        for (unsigned j = i + 1; j < FLAWS; j++)
            run(1u << i | 1u << j);
    }
}

static void test_each_three_flaws(void **state)
{
    (void)state;
    for (unsigned i = 0; i < FLAWS; i++) {
        for (unsigned j = i + 1; j < FLAWS; j++) {
            for (unsigned k = j + 1; k < FLAWS; k++)
                run(1u << i | 1u << j | 1u << k);
        }
    }
}

/* What trust-any and report-only say of who answered does not depend on what else is wrong. */
static void test_unknown_issuer_is_never_called_authenticated(void **state)
{
    (void)state;
    for (unsigned i = 0; i < FLAWS; i++) {
        unsigned flaws = UNKNOWN_ROOT | 1u << i;
        char policy[512];
        struct chain chain;
        struct wiretap *tap = NULL;
        struct anycert_client *client = NULL;
        struct answer answer;

        if (!is_possible(flaws))
            continue;
        snprintf(policy, sizeof policy, "report-only for=\"hardened ca=%s\"", pki.root_path);
        chain_make(&chain, flaws);
        tap = serve(&chain);
        client = ask_client(&(struct ask){.policy = policy});
        answer = ask_get(client, url_of("https", wiretap_port(tap), ""));
        assert_int_equal(answer.code, 0);
        if (answer.authenticated)
            fail_msg("an unknown issuer and %s: authenticated", relaxations[i]);
        answer_free(&answer);
        anycert_client_free(client);
        (void)wiretap_stop(tap);
        chain_free(&chain);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_each_flaw_alone),
        cmocka_unit_test(test_each_pair_of_flaws),
        cmocka_unit_test(test_each_three_flaws),
        cmocka_unit_test(test_unknown_issuer_is_never_called_authenticated),
    };

    return cmocka_run_group_tests(tests, make_pki, free_pki);
}
