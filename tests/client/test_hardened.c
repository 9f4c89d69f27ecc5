/* Neither the environment nor a configuration file makes hardened or trust-any anything else. Each
 * environment is tried in a process of its own (this program again), which prints what came of a
 * list of servers. */
#include "client/ask.h"
#include "client/habits.h"
#include "client/plain_libcurl.h"

#include <openssl/crypto.h>
#include <openssl/ssl.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "lab/lab.h"
#include "support/certs.h"
#include "support/child.h"
#include "support/ports.h"

#define COUNT(a) (sizeof(a) / sizeof(a)[0])

extern char **environ;

/* ---- in the other process */

/* Outside of a test, cmocka's own failures say nothing. */
static void there_has_to_be_a_client(const char *policy_text)
{
    struct anycert_error err = {0};
    struct anycert_config *config = anycert_config_new(&err);
    struct anycert_policy *policy = anycert_policy_parse(policy_text, &err);
    struct anycert_client *client = NULL;

    if (config && policy && anycert_config_set_policy(config, policy, &err) == 0)
        client = anycert_client_new(config, &err);
    if (!client) {
        printf("%s (%d)\n", err.message, (int)err.code);
        exit(3);
    }
    anycert_client_free(client);
    anycert_policy_free(policy);
    anycert_config_free(config);
}

static void try_library(const char *title, const char *policy, char **servers, int count)
{
    struct anycert_client *client = NULL;

    there_has_to_be_a_client(policy);
    client = ask_client(&(struct ask){.policy = policy});

    for (int i = 0; i + 1 < count; i += 2) {
        struct answer answer = ask_get(client, servers[i + 1]);

        printf("%s %s %d\n", title, servers[i], answer.code);
        answer_free(&answer);
    }
    anycert_client_free(client);
}

static void try_plain(const char *root, char **servers, int count)
{
    for (int i = 0; i + 1 < count; i += 2) {
        CURL *easy = curl_easy_init();
        struct plain_call call = {.url = servers[i + 1], .ca_file = root};

        printf("plain %s %d\n", servers[i], (int)plain_get(easy, &call).rc);
        curl_easy_cleanup(easy);
    }
}

/* PROGRAM library|ignoring|plain ROOT (NAME URL)... The good server comes last for trust-any and
 * last for hardened, as the lab keeps the newest ClientHello. */
static int other_process(int argc, char **argv)
{
    struct habits *before = NULL;
    int count = argc - 3;

    if (strcmp(argv[1], "ignoring") == 0 && anycert_ignore_openssl_config() != 0)
        return 1;
    before = habits_take();
    if (strcmp(argv[1], "plain") == 0) {
        try_plain(argv[2], argv + 3, count);
        habits_free(before);
        return 0;
    }
    try_library("system", "hardened", argv + 3, count);
    try_library("trust-any", "trust-any", argv + 3, count);
    try_library("hardened", ask_policy("hardened", argv[2]), argv + 3, count);
    habits_compare(before);
    habits_free(before);
    return 0;
}

/* ---- in the test's */

static const char *const names[] = {
    "self-signed",    "expired",     "wrong-host", "untrusted-root",   "rsa-1024",
    "sha1-leaf",      "md5-leaf",    "rsa-kx-gcm", "cbc-sha1-ecdhe",   "dh-1024",
    "sha1-handshake", "tls10-only",  "tls11-only", "tls10-static-rsa", "tls11-static-rsa",
    "camellia",       "null-cipher", "anonymous",  "no-rfc5746",       "secp192r1-group",
    "reset",          "close",       "tls12-only", "tls13-only",       "client-cert-required",
    "good",
};

static struct lab *lab;
static char *folder;
/* What the library does in a clean environment. */
static char *clean;
static struct lab_hello clean_hello;

static const struct lab_server *server(const char *name)
{
    const struct lab_server *found = lab_server_find(lab, name);

    assert_non_null(found);
    return found;
}

/* The test's own environment and up to eight more entries. */
static const char **environment_with(const char *const *more)
{
    size_t count = 0;
    const char **all = NULL;

    while (environ[count])
        count++;
    all = calloc(count + 9, sizeof *all);
    assert_non_null(all);
    for (size_t i = 0; i < count; i++)
        all[i] = environ[i];
    for (size_t i = 0; more && more[i]; i++)
        all[count + i] = more[i];
    return all;
}

/* What the other process prints, to be freed, and how it ends. */
static char *run_to_its_end(const char *mode, const char *const *more, int *status)
{
    const char *argv[4 + 2 * COUNT(names)] = {"/proc/self/exe", mode, lab_file(lab, LAB_FILE_ROOT)};
    const char **environment = environment_with(more);
    char *log = certs_path(folder, "out.log");
    char *text = NULL;
    char self[4096];
    ssize_t len = readlink("/proc/self/exe", self, sizeof self - 1);

    assert_true(len > 0);
    self[len] = '\0';
    argv[0] = self;
    for (size_t i = 0; i < COUNT(names); i++) {
        argv[3 + 2 * i] = names[i];
        argv[4 + 2 * i] = lab_server_url(server(names[i]));
    }
    *status = child_run(&(struct child_plan){.argv = argv, .log = log, .environment = environment});
    text = child_log(log);
    free(environment);
    free(log);
    return text;
}

static char *run(const char *mode, const char *const *more)
{
    int status = 0;
    char *text = run_to_its_end(mode, more, &status);

    if (status != 0)
        fail_msg("the other process ended with %d:\n%s", status, text);
    return text;
}

static int start(void **state)
{
    struct anycert_error err = {0};

    (void)state;
    folder = certs_folder();
    if (lab_start(names, COUNT(names), &lab, &err) < 0)
        fail_msg("%s", err.message);
    clean = run("library", NULL);
    assert_int_equal(lab_server_hello(server("good"), &clean_hello), 0);
    return 0;
}

static int stop(void **state)
{
    (void)state;
    free(clean);
    lab_stop(lab);
    certs_remove(folder);
    free(folder);
    return 0;
}

static int outcome(const char *text, const char *title, const char *name)
{
    char key[100];
    const char *at = NULL;

    snprintf(key, sizeof key, "%s %s ", title, name);
    at = strstr(text, key);
    if (!at)
        fail_msg("no '%s' in\n%s", key, text);
    return (int)strtol(at + strlen(key), NULL, 10);
}

static void test_clean_environment_gives_the_known_outcomes(void **state)
{
    static const struct {
        const char *name;
        int code; /* under hardened with the lab's root; -1: any failure of TLS */
    } rows[] = {
        {"self-signed", ANYCERT_E_TRUST_ISSUER},
        {"expired", ANYCERT_E_TRUST_DATES},
        {"wrong-host", ANYCERT_E_TRUST_NAME},
        {"untrusted-root", ANYCERT_E_TRUST_ISSUER},
        {"rsa-1024", ANYCERT_E_TRUST_STRENGTH},
        {"sha1-leaf", ANYCERT_E_TRUST_STRENGTH},
        {"md5-leaf", ANYCERT_E_TRUST_STRENGTH},
        {"rsa-kx-gcm", -1},
        {"cbc-sha1-ecdhe", -1},
        {"dh-1024", -1},
        {"sha1-handshake", -1},
        {"tls10-only", ANYCERT_E_TLS_VERSION},
        {"tls11-only", ANYCERT_E_TLS_VERSION},
        {"tls10-static-rsa", ANYCERT_E_TLS_VERSION},
        {"tls11-static-rsa", ANYCERT_E_TLS_VERSION},
        {"camellia", -1},
        {"null-cipher", -1},
        {"anonymous", -1},
        {"no-rfc5746", ANYCERT_E_TLS_LEGACY_RENEGOTIATION},
        {"secp192r1-group", -1},
        {"tls12-only", 0},
        {"tls13-only", 0},
        {"good", 0},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        int code = outcome(clean, "hardened", rows[i].name);

        if (rows[i].code >= 0 ? code != rows[i].code : code / 100 != 4)
            fail_msg("%s: %d", rows[i].name, code);
        assert_int_not_equal(outcome(clean, "system", rows[i].name), 0);
    }
    for (size_t i = 0; i < COUNT(names); i++)
        assert_int_equal(outcome(clean, "trust-any", names[i]) == 0,
                         lab_server_condition(server(names[i]))->trust_any);
    assert_null(strstr(clean, "has changed"));
}

static void same_hello(const struct lab_hello *a, const struct lab_hello *b)
{
    assert_int_equal(a->suite_count, b->suite_count);
    assert_memory_equal(a->suites, b->suites, sizeof a->suites);
    assert_int_equal(a->group_count, b->group_count);
    assert_memory_equal(a->groups, b->groups, sizeof a->groups);
    assert_int_equal(a->signature_algorithm_count, b->signature_algorithm_count);
    assert_memory_equal(a->signature_algorithms, b->signature_algorithms,
                        sizeof a->signature_algorithms);
    assert_int_equal(a->version_count, b->version_count);
    assert_memory_equal(a->versions, b->versions, sizeof a->versions);
    assert_int_equal(a->extension_count, b->extension_count);
    assert_memory_equal(a->extensions, b->extensions, sizeof a->extensions);
}

/* Both outcomes and the ClientHello are those of the clean environment. */
static void nothing_changes(const char *what, const char *mode, const char *const *more)
{
    char *text = run(mode, more);
    struct lab_hello hello;

    if (strcmp(text, clean) != 0)
        fail_msg("%s, %s:\n%s\ninstead of\n%s", what, mode, text, clean);
    assert_int_equal(lab_server_hello(server("good"), &hello), 0);
    same_hello(&clean_hello, &hello);
    free(text);
}

/* With an OpenSSL that can do nothing, there is no client, and the reason is given. */
static void there_is_no_client(const char *what, const char *const *more)
{
    int status = 0;
    char *text = run_to_its_end("library", more, &status);

    if (status == 0 || !strstr(text, "configuration file"))
        fail_msg("%s: ended with %d:\n%s", what, status, text);
    assert_null(strstr(text, "hardened good 0"));
    free(text);
}

/* ---- OpenSSL's configuration */

struct conf {
    const char *name, *text;
    bool breaks; /* OpenSSL itself, so that nothing works unless it is ignored */
};

#define SYSTEM_DEFAULT                                                                             \
    "openssl_conf = init\n[init]\nssl_conf = ssl\n[ssl]\nsystem_default = all\n[all]\n"

static const struct conf confs[] = {
    {"weak",
     SYSTEM_DEFAULT
     "CipherString = ALL:COMPLEMENTOFALL:@SECLEVEL=0\nMinProtocol = TLSv1\n"
     "Ciphersuites = TLS_AES_128_CCM_8_SHA256\n"
     "Options = UnsafeLegacyRenegotiation,UnsafeLegacyServerConnect,ClientRenegotiation,"
     "Compression,SessionTicket\n",
     false},
    {"no protocol", SYSTEM_DEFAULT "Protocol = -ALL,TLSv1,TLSv1.1\n", false},
    {"old protocol", SYSTEM_DEFAULT "MinProtocol = TLSv1\nMaxProtocol = TLSv1.1\n", false},
    {"new protocol", SYSTEM_DEFAULT "MinProtocol = TLSv1.3\n", false},
    {"groups", SYSTEM_DEFAULT "Groups = P-192:secp256k1\n", false},
    {"signatures",
     SYSTEM_DEFAULT
     "SignatureAlgorithms = RSA+SHA1:ECDSA+SHA1\nClientSignatureAlgorithms = RSA+SHA1\n",
     false},
    {"level 5", SYSTEM_DEFAULT "CipherString = DEFAULT:@SECLEVEL=5\n", false},
    {"level 3", SYSTEM_DEFAULT "CipherString = DEFAULT:@SECLEVEL=3\n", false},
    /* an option that libcurl sets for one hop and not for the other */
    {"empty fragments", SYSTEM_DEFAULT "Options = -EmptyFragments\n", false},
    {"bugs", SYSTEM_DEFAULT "Options = Bugs\n", false},
    {"options",
     SYSTEM_DEFAULT
     "Options = -MiddleboxCompat,-SessionTicket,NoRenegotiation,NoResumptionOnRenegotiation,"
     "PrioritizeChaCha,-AntiReplay,-EncryptThenMac,-ExtendedMasterSecret\n",
     false},
    {"padding", SYSTEM_DEFAULT "RecordPadding = 4096\nNumTickets = 0\n", false},
    {"verification", SYSTEM_DEFAULT "VerifyMode = Peer,Request\nVerifyCAFile = /nonexistent\n",
     false},
    {"unknown words", SYSTEM_DEFAULT "Nonsense = yes\nCipherString = NONSENSE\nGroups = nonsense\n",
     false},
    {"no configuration", "this is = [no\nconfiguration\n", false},
    {"properties",
     "openssl_conf = init\n[init]\nalg_section = alg\n[alg]\ndefault_properties = fips=yes\n",
     true},
    {"providers", "openssl_conf = init\n[init]\nproviders = p\n[p]\nnull = n\n[n]\nactivate = 1\n",
     true},
};

static void test_openssl_configuration_changes_nothing(void **state)
{
    char *path = certs_path(folder, "openssl.cnf");
    char variable[4200];
    const char *const more[] = {variable, NULL};

    (void)state;
    snprintf(variable, sizeof variable, "OPENSSL_CONF=%s", path);
    for (size_t i = 0; i < COUNT(confs); i++) {
        certs_write(path, confs[i].text, strlen(confs[i].text));
        nothing_changes(confs[i].name, "ignoring", more);
        if (confs[i].breaks)
            there_is_no_client(confs[i].name, more);
        else
            nothing_changes(confs[i].name, "library", more);
    }
    free(path);
}

/* The same file opens stock libcurl to what it refuses otherwise. */
static void test_plain_libcurl_follows_openssl_configuration(void **state)
{
    char *path = certs_path(folder, "openssl.cnf");
    char variable[4200];
    const char *const more[] = {variable, NULL};
    char *before = run("plain", NULL);
    char *after = NULL;

    (void)state;
    snprintf(variable, sizeof variable, "OPENSSL_CONF=%s", path);
    certs_write(path, confs[0].text, strlen(confs[0].text));
    after = run("plain", more);
    assert_int_not_equal(outcome(before, "plain", "no-rfc5746"), CURLE_OK);
    assert_int_equal(outcome(after, "plain", "no-rfc5746"), CURLE_OK);
    assert_int_not_equal(outcome(before, "plain", "dh-1024"), CURLE_OK);
    assert_int_equal(outcome(after, "plain", "dh-1024"), CURLE_OK);
    /* And without any file, Debian 12's speaks TLS 1.0 with whoever does without (EC)DHE. */
    if (OpenSSL_version_num() < 0x30200000UL) {
        assert_int_equal(outcome(before, "plain", "tls10-static-rsa"), CURLE_OK);
        assert_int_equal(outcome(before, "plain", "tls11-static-rsa"), CURLE_OK);
    }
    free(before);
    free(after);
    free(path);
}

/* ---- anchors */

static void test_bundles_of_the_environment_are_not_read(void **state)
{
    static const char *const variables[] = {"SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE",
                                            "NODE_EXTRA_CA_CERTS", "GIT_SSL_CAINFO"};
    char file[4200], dir[4200], all[COUNT(variables)][4200];
    const char *more[COUNT(variables) + 2] = {dir};

    (void)state;
    snprintf(dir, sizeof dir, "SSL_CERT_DIR=%s", folder);
    for (size_t i = 0; i < COUNT(variables); i++) {
        const char *const one[] = {file, dir, NULL};

        /* The lab's own root: whoever read it would accept "good" without having been told to. */
        snprintf(file, sizeof file, "%s=%s", variables[i], lab_file(lab, LAB_FILE_ROOT));
        nothing_changes(variables[i], "library", one);
        snprintf(all[i], sizeof all[i], "%s=%s", variables[i], lab_file(lab, LAB_FILE_OTHER_ROOT));
        more[i + 1] = all[i];
    }
    nothing_changes("all bundles", "library", more);
    nothing_changes("all bundles", "ignoring", more);
    assert_int_equal(outcome(clean, "system", "good"), ANYCERT_E_TRUST_ISSUER);
}

/* ---- the rest of the environment */

static void test_proxies_of_the_environment_are_not_used(void **state)
{
    char proxy[8][64];
    const char *const more[] = {proxy[0], proxy[1], proxy[2], proxy[3],
                                proxy[4], proxy[5], proxy[6], NULL};
    static const char *const variables[] = {"http_proxy", "https_proxy", "HTTPS_PROXY", "ALL_PROXY",
                                            "all_proxy",  "HTTP_PROXY",  "no_proxy"};
    unsigned port = ports_closed();
    char *text = NULL;

    (void)state;
    for (size_t i = 0; i < COUNT(variables); i++)
        snprintf(proxy[i], sizeof proxy[i], "%s=http://127.0.0.1:%u", variables[i], port);
    snprintf(proxy[6], sizeof proxy[6], "no_proxy=nothing.test");
    nothing_changes("proxies", "library", more);
    text = run("library", more);
    assert_int_equal(outcome(text, "hardened", "good"), 0);
    free(text);
}

static void test_no_secret_is_logged(void **state)
{
    char *path = certs_path(folder, "keys.log");
    char variable[4200];
    const char *const more[] = {variable, NULL};
    char *text = NULL;
    char *keys = NULL;

    (void)state;
    snprintf(variable, sizeof variable, "SSLKEYLOGFILE=%s", path);
    nothing_changes("SSLKEYLOGFILE", "library", more);
    keys = child_log(path); /* libcurl may have made the file */
    assert_string_equal(keys, "");
    free(keys);
    nothing_changes("SSLKEYLOGFILE", "ignoring", more);
    keys = child_log(path);
    assert_string_equal(keys, "");
    free(keys);
    text = run("plain", more); /* and this is what it would look like */
    free(text);
    keys = child_log(path);
    assert_non_null(strstr(keys, "CLIENT_"));
    free(keys);
    free(path);
}

static void test_other_variables_change_nothing(void **state)
{
    static const char *const more[] = {"OPENSSL_MODULES=/nonexistent",
                                       "OPENSSL_ENGINES=/nonexistent",
                                       "CURL_HOME=/nonexistent",
                                       "CURL_SSL_BACKEND=gnutls",
                                       "LC_ALL=tr_TR.UTF-8",
                                       "PYTHONHTTPSVERIFY=0",
                                       "NODE_TLS_REJECT_UNAUTHORIZED=0",
                                       NULL};

    (void)state;
    nothing_changes("other variables", "library", more);
}

/* ---- the ClientHello */

static bool is_hardened_suite(uint16_t suite)
{
    /* TLS 1.3; ECDHE and DHE with AES-GCM, ChaCha20-Poly1305, AES-CCM, AES-CBC with SHA-2. */
    static const uint16_t good[] = {
        0x1301, 0x1302, 0x1303, 0xc02b, 0xc02c, 0xc02f, 0xc030, 0xcca8, 0xcca9, 0xccaa, 0x009e,
        0x009f, 0xc09e, 0xc09f, 0xc0ac, 0xc0ad, 0xc023, 0xc024, 0xc027, 0xc028, 0x0067, 0x006b,
    };

    for (size_t i = 0; i < COUNT(good); i++) {
        if (good[i] == suite)
            return true;
    }
    return false;
}

static void test_hello_of_hardened(void **state)
{
    static const uint16_t strong_groups[] = {0x0017, 0x0018, 0x0019, 0x001d, 0x001e, 0x0100, 0x0101,
                                             0x0102, 0x0103, 0x0104, 0x11eb, 0x11ec, 0x11ed};
    struct anycert_client *client = ask_under("hardened", lab_file(lab, LAB_FILE_ROOT));
    struct lab_hello hello;
    unsigned suites = 0;

    (void)state;
    ask_works(client, lab_server_url(server("good")));
    anycert_client_free(client);
    assert_int_equal(lab_server_hello(server("good"), &hello), 0);
    assert_int_equal(hello.version_count, 2);
    assert_int_equal(hello.versions[0], 0x0304);
    assert_int_equal(hello.versions[1], 0x0303);
    for (size_t i = 0; i < hello.suite_count; i++) {
        if (hello.suites[i] == 0x00ff) /* RFC 5746's signalling value */
            continue;
        suites++;
        if (!is_hardened_suite(hello.suites[i]))
            fail_msg("suite 0x%04x is offered", hello.suites[i]);
    }
    assert_int_equal(suites, 22);
    assert_true(hello.group_count >= 5);
    for (size_t i = 0; i < hello.group_count; i++) {
        bool known = false;

        for (size_t j = 0; j < COUNT(strong_groups); j++)
            known = known || strong_groups[j] == hello.groups[i];
        if (!known)
            fail_msg("group 0x%04x is offered", hello.groups[i]);
    }
    assert_true(hello.signature_algorithm_count >= 8);
    for (size_t i = 0; i < hello.signature_algorithm_count; i++) {
        uint16_t scheme = hello.signature_algorithms[i];

        /* no SHA-1, no MD5, no DSA (RFC 8446 section 4.2.3, RFC 5246 section 7.4.1.4.1) */
        assert_true(scheme >> 8 > 2);
        assert_true(scheme >> 8 >= 7 || (scheme & 0xff) != 2);
    }
    assert_false(lab_hello_has_extension(&hello, TLSEXT_TYPE_session_ticket));
    assert_false(lab_hello_has_extension(&hello, TLSEXT_TYPE_psk));
    assert_false(lab_hello_has_extension(&hello, TLSEXT_TYPE_early_data));
    assert_true(lab_hello_has_extension(&hello, TLSEXT_TYPE_extended_master_secret));
    assert_true(lab_hello_has_extension(&hello, TLSEXT_TYPE_status_request));
    assert_string_equal(hello.sni, "localhost");
}

static void test_default_policy_is_hardened(void **state)
{
    struct anycert_client *client = ask_client(&(struct ask){0});

    (void)state;
    for (size_t i = 0; i < COUNT(names); i++) {
        struct answer answer = ask_get(client, lab_server_url(server(names[i])));

        assert_int_equal(answer.code, outcome(clean, "system", names[i]));
        answer_free(&answer);
    }
    anycert_client_free(client);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_clean_environment_gives_the_known_outcomes),
        cmocka_unit_test(test_openssl_configuration_changes_nothing),
        cmocka_unit_test(test_plain_libcurl_follows_openssl_configuration),
        cmocka_unit_test(test_bundles_of_the_environment_are_not_read),
        cmocka_unit_test(test_proxies_of_the_environment_are_not_used),
        cmocka_unit_test(test_no_secret_is_logged),
        cmocka_unit_test(test_other_variables_change_nothing),
        cmocka_unit_test(test_hello_of_hardened),
        cmocka_unit_test(test_default_policy_is_hardened),
    };

    if (argc > 2)
        return other_process(argc, argv);
    return cmocka_run_group_tests(tests, start, stop);
}
