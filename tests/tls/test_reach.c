/* Everything that this build of OpenSSL can serve, one thing at a time: every suite, group,
 * signature and size of a Diffie-Hellman group, found by asking OpenSSL. The rung antique reaches
 * whatever authenticates and encrypts and nothing else; and hardened with the relaxations that it
 * takes, not one of them missing. Both ends are in this process, joined by memory. */
#include "lab/internal.h"
#include "support/anchored.h"
#include "support/certs.h"
#include "support/judging.h"
#include "tls/ossl.h"

#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/objects.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#define COUNT(a) (sizeof(a) / sizeof(a)[0])

/* ---- a server */

enum key { KEY_RSA, KEY_EC, KEY_ED25519, KEY_ED448, KEY_DSA, KEY_COUNT };

/* Zero and NULL mean whatever OpenSSL has. */
struct offer {
    const char *name; /* for messages */
    enum key key;
    int version; /* both ends of the range; 0: TLS 1.2 */
    const char *suites, *suites_tls13, *groups, *signatures;
    int dh_bits;
};

static EVP_PKEY *keys[KEY_COUNT];
static X509 *certs[KEY_COUNT];
static struct anycert__anchors *anchors;
static struct lab lab; /* the makers of keys and groups want one */

static EVP_PKEY *make_key(enum key key)
{
    switch (key) {
    case KEY_RSA:
        return certs_new_rsa(2048);
    case KEY_EC:
        return certs_new_ec("P-256");
    case KEY_ED25519:
        return certs_new_named("ED25519");
    case KEY_ED448:
        return certs_new_named("ED448");
    case KEY_DSA:
        return lab__key_get(&lab, LAB__KEY_DSA);
    case KEY_COUNT:
        break;
    }
    return NULL;
}

static int setup(void **state)
{
    char *all = NULL;
    struct anycert__ca ca;
    int64_t now = time(NULL);

    (void)state;
    for (enum key i = 0; i < KEY_COUNT; i++) {
        char *pem = NULL;

        keys[i] = make_key(i);
        assert_non_null(keys[i]);
        certs[i] =
            certs_make(&(struct certs_recipe){.cn = "reach",
                                              .key = keys[i],
                                              .not_before = now - CERTS_DAY,
                                              .not_after = now + CERTS_DAY,
                                              .serial = 1 + (uint64_t)i,
                                              .key_usage = "digitalSignature,keyEncipherment",
                                              .san = "DNS:localhost"});
        pem = certs_pem(certs[i]);
        all = all ? certs_join(all, pem) : pem;
    }
    ca = memory_ca(all);
    anchors = open_cas(&ca, 1);
    free(all);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    anycert__anchors_unref(anchors);
    for (size_t i = 0; i < KEY_COUNT; i++) {
        X509_free(certs[i]);
        EVP_PKEY_free(keys[i]);
    }
    return 0;
}

static int allow_everything(const SSL *ssl, const SSL_CTX *ctx, int operation, int bits, int nid,
                            void *other, void *extra)
{
    (void)ssl, (void)ctx, (void)operation, (void)bits, (void)nid, (void)other, (void)extra;
    return 1;
}

static unsigned int give_psk(SSL *ssl, const char *identity, unsigned char *psk, unsigned int max)
{
    (void)ssl, (void)identity;
    memset(psk, 0x5a, max < 16 ? max : 16);
    return 16;
}

/* NULL if this build cannot be such a server. */
static SSL_CTX *serve(const struct offer *offer)
{
    SSL_CTX *ctx = SSL_CTX_new(TLS_server_method());
    EVP_PKEY *group = lab__dh_of_bits(&lab, offer->dh_bits ? offer->dh_bits : 2048);
    int version = offer->version ? offer->version : TLS1_2_VERSION;

    assert_true(ctx && group);
    SSL_CTX_set_security_level(ctx, 0);
    SSL_CTX_set_security_callback(ctx, allow_everything);
    SSL_CTX_set_psk_server_callback(ctx, give_psk);
    if (SSL_CTX_set_min_proto_version(ctx, version) == 1 &&
        SSL_CTX_set_max_proto_version(ctx, version) == 1 &&
        SSL_CTX_use_certificate(ctx, certs[offer->key]) == 1 &&
        SSL_CTX_use_PrivateKey(ctx, keys[offer->key]) == 1 &&
        SSL_CTX_set_cipher_list(ctx, offer->suites ? offer->suites : "ALL:!aNULL:!eNULL") == 1 &&
        (!offer->suites_tls13 || SSL_CTX_set_ciphersuites(ctx, offer->suites_tls13) == 1) &&
        (!offer->groups || SSL_CTX_set1_groups_list(ctx, offer->groups) == 1) &&
        (!offer->signatures || SSL_CTX_set1_sigalgs_list(ctx, offer->signatures) == 1) &&
        SSL_CTX_set0_tmp_dh_pkey(ctx, group) == 1)
        return ctx;
    EVP_PKEY_free(group);
    SSL_CTX_free(ctx);
    ERR_clear_error();
    return NULL;
}

/* ---- a handshake */

static void join(SSL *client, SSL *server)
{
    BIO *one = NULL, *other = NULL;

    assert_int_equal(BIO_new_bio_pair(&one, 1 << 17, &other, 1 << 17), 1);
    SSL_set_bio(client, one, one);
    SSL_set_bio(server, other, other);
}

/* Whether it goes on. Not by SSL_get_error: OpenSSL 3.5 leaves errors of steps that went well. */
static bool step(SSL *ssl, int (*shake)(SSL *ssl), bool *done)
{
    *done = *done || shake(ssl) == 1;
    ERR_clear_error();
    return *done || SSL_want(ssl) != SSL_NOTHING;
}

static bool shake_hands(SSL *client, SSL *server)
{
    bool client_done = false, server_done = false;

    for (int rounds = 0; rounds < 20 && !(client_done && server_done); rounds++) {
        if (!step(client, SSL_connect, &client_done) || !step(server, SSL_accept, &server_done))
            break;
    }
    return client_done && server_done;
}

/* Whether a link stands, and the judge lets it. */
static bool connects(const struct offer *offer, const char *text)
{
    static const struct anycert__clock clock;
    struct anycert_policy *policy = policy_of(text);
    struct anycert__hop_terms terms = {.policy = policy, .clock = &clock};
    struct anycert__link *link = NULL;
    struct anycert_error err = {0};
    SSL_CTX *server_ctx = serve(offer), *ctx = SSL_CTX_new(TLS_client_method());
    SSL *server = NULL, *client = NULL;
    bool stands = false;

    assert_true(server_ctx && ctx);
    if (anycert__link_attach(ctx, &terms, "localhost", 443, anchors, &link, &err) < 0)
        fail_msg("%s: %s", text, err.message);
    server = SSL_new(server_ctx);
    client = SSL_new(ctx);
    assert_true(server && client);
    join(client, server);
    stands = shake_hands(client, server) &&
             anycert__judge_accepts(anycert__link_facts(link), policy,
                                    anycert__link_facts(link)->time, ANYCERT__JUDGE_ALL);
    SSL_free(client);
    SSL_free(server);
    SSL_CTX_free(server_ctx);
    SSL_CTX_free(ctx);
    anycert__link_unref(link);
    anycert_policy_free(policy);
    return stands;
}

static bool can_be_served(const struct offer *offer)
{
    SSL_CTX *ctx = serve(offer);

    SSL_CTX_free(ctx);
    return ctx != NULL;
}

/* ---- what it takes */

#define NEEDS_MAX 4
struct needs {
    const char *names[NEEDS_MAX]; /* relaxations, in their order */
    size_t count;
    bool antique_only, never;
};

static void need(struct needs *needs, const char *name)
{
    assert_true(needs->count < NEEDS_MAX);
    needs->names[needs->count++] = name;
}

/* "hardened+..." with all but the one that is left out. */
static void write_policy(const struct needs *needs, size_t left_out, char out[200])
{
    size_t used = (size_t)snprintf(out, 200, "hardened");

    for (size_t i = 0; i < needs->count; i++) {
        if (i != left_out)
            used += (size_t)snprintf(out + used, 200 - used, "+%s", needs->names[i]);
    }
}

static void check(const struct offer *offer, const struct needs *needs)
{
    char policy[200];
    bool by_relaxations = !needs->never && !needs->antique_only;

    if (connects(offer, "antique") == needs->never)
        fail_msg("%s: %s by antique", offer->name, needs->never ? "reached" : "not reached");
    write_policy(needs, SIZE_MAX, policy);
    if (connects(offer, policy) != by_relaxations)
        fail_msg("%s: %s by %s", offer->name, by_relaxations ? "not reached" : "reached", policy);
    for (size_t i = 0; i < needs->count; i++) {
        write_policy(needs, i, policy);
        if (connects(offer, policy))
            fail_msg("%s: reached by %s", offer->name, policy);
    }
}

/* ---- suites */

static enum key key_for(const SSL_CIPHER *cipher)
{
    switch (SSL_CIPHER_get_auth_nid(cipher)) {
    case NID_auth_ecdsa:
        return KEY_EC;
    case NID_auth_dss:
        return KEY_DSA;
    default:
        return KEY_RSA;
    }
}

static bool is_of_certificates(const SSL_CIPHER *cipher)
{
    int auth = SSL_CIPHER_get_auth_nid(cipher), kx = SSL_CIPHER_get_kx_nid(cipher);

    return (auth == NID_auth_rsa || auth == NID_auth_ecdsa || auth == NID_auth_dss) &&
           (kx == NID_kx_rsa || kx == NID_kx_dhe || kx == NID_kx_ecdhe);
}

/* At TLS 1.2; before, CBC with SHA-1 belongs to the version. */
static struct needs needs_of(const SSL_CIPHER *cipher, const char *version)
{
    const char *name = SSL_CIPHER_standard_name(cipher);
    bool is_common = strstr(name, "_AES_") || strstr(name, "_CHACHA20_");
    struct needs needs = {.never = !is_of_certificates(cipher) ||
                                   SSL_CIPHER_get_cipher_nid(cipher) == NID_undef};

    if (needs.never)
        return needs;
    if (version)
        need(&needs, version);
    if (SSL_CIPHER_get_kx_nid(cipher) == NID_kx_rsa)
        need(&needs, "rsa-key-exchange");
    if (!version && SSL_CIPHER_get_digest_nid(cipher) == NID_sha1)
        need(&needs, "cbc-sha1");
    if (!is_common || strstr(name, "_CCM_8") || key_for(cipher) == KEY_DSA)
        need(&needs, "legacy-ciphers");
    return needs;
}

static void check_suites(int number, const char *version)
{
    SSL_CTX *ctx = SSL_CTX_new(TLS_server_method());
    STACK_OF(SSL_CIPHER) *suites = NULL;
    unsigned reached = 0, refused = 0;

    assert_non_null(ctx);
    SSL_CTX_set_security_level(ctx, 0);
    assert_int_equal(SSL_CTX_set_cipher_list(ctx, "ALL:COMPLEMENTOFALL:@SECLEVEL=0"), 1);
    suites = SSL_CTX_get_ciphers(ctx);
    for (int i = 0; i < sk_SSL_CIPHER_num(suites); i++) {
        const SSL_CIPHER *cipher = sk_SSL_CIPHER_value(suites, i);
        struct needs needs = needs_of(cipher, version);
        struct offer offer = {.name = SSL_CIPHER_get_name(cipher),
                              .key = key_for(cipher),
                              .version = number,
                              .suites = SSL_CIPHER_get_name(cipher)};
        bool is_new = strcmp(SSL_CIPHER_get_version(cipher), "TLSv1.2") == 0;

        if (strcmp(SSL_CIPHER_get_version(cipher), "TLSv1.3") == 0 ||
            (is_new && number != TLS1_2_VERSION))
            continue;
        check(&offer, &needs);
        reached += !needs.never;
        refused += needs.never;
    }
    SSL_CTX_free(ctx);
    assert_true(reached >= 10);
    assert_true(refused >= 10);
}

static void every_suite_of_tls_1_2(void **state)
{
    (void)state;
    check_suites(TLS1_2_VERSION, NULL);
}

static void every_suite_of_older_versions(void **state)
{
    (void)state;
    check_suites(TLS1_1_VERSION, "tls1.1");
    check_suites(TLS1_VERSION, "tls1.0");
}

static void every_suite_of_tls_1_3(void **state)
{
    static const struct {
        const char *name, *needs;
    } rows[] = {
        {"TLS_AES_128_GCM_SHA256", NULL},
        {"TLS_AES_256_GCM_SHA384", NULL},
        {"TLS_CHACHA20_POLY1305_SHA256", NULL},
        {"TLS_AES_128_CCM_SHA256", "legacy-ciphers"},
        {"TLS_AES_128_CCM_8_SHA256", "legacy-ciphers"},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct needs needs = {0};

        if (rows[i].needs)
            need(&needs, rows[i].needs);
        check(&(struct offer){.name = rows[i].name,
                              .key = KEY_EC,
                              .version = TLS1_3_VERSION,
                              .suites_tls13 = rows[i].name},
              &needs);
    }
}

/* ---- groups */

static bool is_usual(const char *group)
{
    static const char *const names[] = {"prime256v1", "secp384r1", "secp521r1", "X25519", "X448"};

    for (size_t i = 0; i < COUNT(names); i++) {
        if (strcmp(group, names[i]) == 0)
            return true;
    }
    return false;
}

static void every_curve(void **state)
{
    EC_builtin_curve curves[200];
    size_t count = EC_get_builtin_curves(curves, COUNT(curves));
    unsigned rare = 0;

    (void)state;
    assert_true(count > 0 && count < COUNT(curves));
    for (size_t i = 0; i < count; i++) {
        const char *name = OBJ_nid2sn(curves[i].nid);
        struct offer offer = {
            .name = name, .key = KEY_RSA, .suites = "ECDHE+AESGCM", .groups = name};
        struct needs needs = {0};

        if (!can_be_served(&offer))
            continue; /* libssl knows no number for it */
        if (!is_usual(name))
            need(&needs, "legacy-groups");
        check(&offer, &needs);
        rare += needs.count > 0;
    }
    assert_true(rare >= 5);
}

/* Of TLS 1.3: what hardened offers is OpenSSL's choice, and the snapshots'. */
static void every_other_group(void **state)
{
    static const char *const names[] = {
        "X25519",
        "X448",
        "P-256",
        "P-384",
        "P-521",
        "ffdhe2048",
        "ffdhe3072",
        "ffdhe4096",
        "ffdhe6144",
        "ffdhe8192",
        "X25519MLKEM768",
        "SecP256r1MLKEM768",
        "MLKEM512",
        "MLKEM768",
        "MLKEM1024",
        "SecP384r1MLKEM1024",
        "brainpoolP256r1tls13",
        "brainpoolP384r1tls13",
        "brainpoolP512r1tls13",
    };
    unsigned tried = 0;

    (void)state;
    for (size_t i = 0; i < COUNT(names); i++) {
        struct offer offer = {
            .name = names[i], .key = KEY_EC, .version = TLS1_3_VERSION, .groups = names[i]};

        if (!can_be_served(&offer))
            continue;
        if (!connects(&offer, "antique"))
            fail_msg("%s: not reached by antique", names[i]);
        if (!connects(&offer, "hardened+legacy-groups"))
            fail_msg("%s: not reached by legacy-groups", names[i]);
        tried++;
    }
    assert_true(tried >= 10);
}

/* ---- signatures */

static void every_signature_of_tls_1_2(void **state)
{
    static const struct {
        const char *name;
        enum key key;
        const char *needs[2];
    } rows[] = {
        {"RSA+SHA512", KEY_RSA, {NULL}},
        {"RSA+SHA384", KEY_RSA, {NULL}},
        {"RSA+SHA256", KEY_RSA, {NULL}},
        {"RSA+SHA224", KEY_RSA, {NULL}},
        {"RSA+SHA1", KEY_RSA, {"sha1-handshake"}},
        {"RSA-PSS+SHA512", KEY_RSA, {NULL}},
        {"RSA-PSS+SHA384", KEY_RSA, {NULL}},
        {"RSA-PSS+SHA256", KEY_RSA, {NULL}},
        {"ECDSA+SHA512", KEY_EC, {NULL}},
        {"ECDSA+SHA384", KEY_EC, {NULL}},
        {"ECDSA+SHA256", KEY_EC, {NULL}},
        {"ECDSA+SHA224", KEY_EC, {NULL}},
        {"ECDSA+SHA1", KEY_EC, {"sha1-handshake"}},
        {"ed25519", KEY_ED25519, {NULL}},
        {"ed448", KEY_ED448, {NULL}},
        {"DSA+SHA512", KEY_DSA, {"legacy-ciphers"}},
        {"DSA+SHA384", KEY_DSA, {"legacy-ciphers"}},
        {"DSA+SHA256", KEY_DSA, {"legacy-ciphers"}},
        {"DSA+SHA224", KEY_DSA, {"legacy-ciphers"}},
        {"DSA+SHA1", KEY_DSA, {"sha1-handshake", "legacy-ciphers"}},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct needs needs = {0};

        for (size_t k = 0; k < 2 && rows[i].needs[k]; k++)
            need(&needs, rows[i].needs[k]);
        check(&(struct offer){.name = rows[i].name, .key = rows[i].key, .signatures = rows[i].name},
              &needs);
    }
}

/* ---- Diffie-Hellman */

static void every_size_of_diffie_hellman(void **state)
{
    static const struct {
        int bits;
        const char *needs;
        bool antique_only;
    } rows[] = {
        {2048, NULL, false},     {1536, "small-dh", false}, {1024, "small-dh", false},
        {768, "small-dh", true}, {512, "small-dh", true},
    };
    static const struct {
        int number;
        const char *name;
    } versions[] = {{TLS1_2_VERSION, NULL}, {TLS1_1_VERSION, "tls1.1"}, {TLS1_VERSION, "tls1.0"}};

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        for (size_t k = 0; k < COUNT(versions); k++) {
            struct needs needs = {.antique_only = rows[i].antique_only};
            char name[60];

            snprintf(name, sizeof name, "%d bits at version 0x%04x", rows[i].bits,
                     (unsigned)versions[k].number);
            if (versions[k].name)
                need(&needs, versions[k].name);
            else
                need(&needs, "cbc-sha1");
            if (rows[i].needs)
                need(&needs, rows[i].needs);
            check(&(struct offer){.name = name,
                                  .key = KEY_RSA,
                                  .version = versions[k].number,
                                  .suites = "DHE-RSA-AES128-SHA",
                                  .dh_bits = rows[i].bits},
                  &needs);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_suite_of_tls_1_2),
        cmocka_unit_test(every_suite_of_older_versions),
        cmocka_unit_test(every_suite_of_tls_1_3),
        cmocka_unit_test(every_curve),
        cmocka_unit_test(every_other_group),
        cmocka_unit_test(every_signature_of_tls_1_2),
        cmocka_unit_test(every_size_of_diffie_hellman),
    };

    return cmocka_run_group_tests(tests, setup, teardown);
}
