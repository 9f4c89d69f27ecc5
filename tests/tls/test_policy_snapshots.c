/* What each rung offers and allows, in full, and what each relaxation adds to hardened and takes
 * from it, as OpenSSL has it in force: written down in tests/data/policies, one file for each
 * version of OpenSSL, so that no change slips in unnoticed. PROGRAM print writes what the file has
 * to be. */
#include "lab/internal.h"
#include "support/judging.h"
#include "tls/ossl.h"

#include <openssl/err.h>
#include <openssl/objects.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define COUNT(a)   (sizeof(a) / sizeof(a)[0])
#define LINES_MAX  400
#define LINE_SIZE  100
#define HEADER_LEN 5 /* of a record */
#define PIN        "pin=sha256//AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="

struct lines {
    char text[LINES_MAX][LINE_SIZE];
    size_t count;
};

static void add(struct lines *lines, const char *format, ...) __attribute__((format(printf, 2, 3)));
static void add(struct lines *lines, const char *format, ...)
{
    va_list args;

    assert_true(lines->count < LINES_MAX);
    va_start(args, format);
    assert_true(vsnprintf(lines->text[lines->count++], LINE_SIZE, format, args) < LINE_SIZE);
    va_end(args);
}

/* ---- what is in force ---- */

static void add_options(struct lines *lines, SSL_CTX *ctx)
{
    static const struct {
        uint64_t bit;
        const char *name;
    } options[] = {
        {SSL_OP_NO_COMPRESSION, "no compression"},
        {SSL_OP_NO_RENEGOTIATION, "no renegotiation"},
        {SSL_OP_NO_TICKET, "no tickets"},
        {SSL_OP_TLSEXT_PADDING, "padding"},
        {SSL_OP_ENABLE_MIDDLEBOX_COMPAT, "middlebox compatibility"},
        {SSL_OP_LEGACY_SERVER_CONNECT, "servers without RFC 5746"},
        {SSL_OP_NO_EXTENDED_MASTER_SECRET, "no extended master secret"},
        {SSL_OP_NO_ENCRYPT_THEN_MAC, "no encrypt-then-MAC"},
#ifdef SSL_OP_NO_RX_CERTIFICATE_COMPRESSION
        {SSL_OP_NO_TX_CERTIFICATE_COMPRESSION, "no compressed certificates of ours"},
        {SSL_OP_NO_RX_CERTIFICATE_COMPRESSION, "no compressed certificates of the server"},
#endif
    };
    uint64_t rest = SSL_CTX_get_options(ctx);

    for (size_t i = 0; i < COUNT(options); i++) {
        if (rest & options[i].bit)
            add(lines, "option %s", options[i].name);
        rest &= ~options[i].bit;
    }
    if (rest)
        add(lines, "option 0x%llx", (unsigned long long)rest);
}

/* What the security callback says at the level to what levels differ in. */
static void add_grants(struct lines *lines, SSL_CTX *ctx, SSL *ssl)
{
    static const struct {
        int operation, bits, nid;
        const char *name;
    } questions[] = {
        {SSL_SECOP_VERSION, 0, SSL3_VERSION, "SSL 3.0"},
        {SSL_SECOP_VERSION, 0, TLS1_VERSION, "TLS 1.0"},
        {SSL_SECOP_VERSION, 0, TLS1_1_VERSION, "TLS 1.1"},
        {SSL_SECOP_TMP_DH, 112, 0, "Diffie-Hellman of 2048 bits"},
        {SSL_SECOP_TMP_DH, 80, 0, "Diffie-Hellman of 1024 bits"},
        {SSL_SECOP_TMP_DH, 56, 0, "Diffie-Hellman of 512 bits"},
        {SSL_SECOP_SIGALG_CHECK, 64, NID_sha1, "SHA-1 signatures"},
        {SSL_SECOP_SIGALG_CHECK, 67, NID_md5_sha1, "MD5 and SHA-1 signatures"},
        {SSL_SECOP_SIGALG_CHECK, 39, NID_md5, "MD5 signatures"},
        {SSL_SECOP_CURVE_CHECK, 80, 0, "curves of 160 bits"},
        {SSL_SECOP_CURVE_CHECK, 56, 0, "curves of 112 bits"},
        {SSL_SECOP_EE_KEY, 80, 0, "own keys of 1024 bits"},
        {SSL_SECOP_CA_MD, 64, NID_sha1, "own certificates with SHA-1"},
        {SSL_SECOP_TICKET, 0, 0, "tickets"},
    };

    for (size_t i = 0; i < COUNT(questions); i++) {
        if (SSL_CTX_get_security_callback(ctx)(ssl, ctx, questions[i].operation, questions[i].bits,
                                               questions[i].nid, NULL,
                                               SSL_CTX_get0_security_ex_data(ctx)))
            add(lines, "allows %s", questions[i].name);
    }
}

static void read_hello(SSL *ssl, struct lab_hello *hello)
{
    BIO *in = BIO_new(BIO_s_mem()), *out = BIO_new(BIO_s_mem());
    unsigned char message[LAB_HELLO_RAW_MAX];
    unsigned char *bytes = NULL;
    size_t message_len = 0;
    long len = 0;

    SSL_set_bio(ssl, in, out);
    assert_int_equal(SSL_set_tlsext_host_name(ssl, "localhost"), 1);
    assert_int_equal(SSL_set_alpn_protos(ssl, (const unsigned char *)"\x08http/1.1", 9), 0);
    (void)SSL_connect(ssl);
    len = BIO_get_mem_data(out, &bytes);
    assert_true(len > HEADER_LEN);
    assert_int_equal(lab__hello_extract(bytes, (size_t)len, message, sizeof message, &message_len),
                     1);
    assert_int_equal(lab__hello_parse(message, message_len, hello), 0);
    ERR_clear_error();
}

static void add_suites(struct lines *lines, SSL *ssl, const struct lab_hello *hello)
{
    for (size_t i = 0; i < hello->suite_count; i++) {
        unsigned char id[2] = {(unsigned char)(hello->suites[i] >> 8),
                               (unsigned char)hello->suites[i]};
        const SSL_CIPHER *cipher = SSL_CIPHER_find(ssl, id);

        add(lines, "suite 0x%04x %s", hello->suites[i],
            cipher ? SSL_CIPHER_standard_name(cipher) : "(signalling value)");
    }
}

static void add_numbers(struct lines *lines, const char *what, const uint16_t *numbers,
                        size_t count)
{
    for (size_t i = 0; i < count; i++)
        add(lines, "%s 0x%04x", what, numbers[i]);
}

static void look(const char *text, struct lines *lines)
{
    static const struct anycert__clock clock;
    struct anycert_policy *policy = policy_of(text);
    struct anycert__hop_terms terms = {.policy = policy, .clock = &clock};
    struct anycert__anchors *anchors = anycert__anchors_none("a test");
    struct anycert__link *link = NULL;
    struct anycert_error err = {0};
    SSL_CTX *ctx = SSL_CTX_new(TLS_client_method());
    struct lab_hello *hello = calloc(1, sizeof *hello);
    SSL *ssl = NULL;

    if (anycert__link_attach(ctx, &terms, "localhost", 443, anchors, &link, &err) < 0)
        fail_msg("%s: %s", text, err.message);
    ssl = SSL_new(ctx);
    assert_true(ssl && hello && anchors);
    read_hello(ssl, hello);
    lines->count = 0;
    add(lines, "level %d", SSL_CTX_get_security_level(ctx));
    add(lines, "versions 0x%04lx to 0x%04lx", (unsigned long)SSL_CTX_get_min_proto_version(ctx),
        (unsigned long)SSL_CTX_get_max_proto_version(ctx));
    add_options(lines, ctx);
    add_grants(lines, ctx, ssl);
    add(lines, "chain of %ld bytes", SSL_CTX_get_max_cert_list(ctx));
    add_suites(lines, ssl, hello);
    add_numbers(lines, "group", hello->groups, hello->group_count);
    add_numbers(lines, "signature", hello->signature_algorithms, hello->signature_algorithm_count);
    add_numbers(lines, "extension", hello->extensions, hello->extension_count);
    SSL_free(ssl);
    SSL_CTX_free(ctx);
    anycert__link_unref(link);
    anycert__anchors_unref(anchors);
    anycert_policy_free(policy);
    free(hello);
}

/* ---- as text ---- */

static bool has(const struct lines *lines, const char *line)
{
    for (size_t i = 0; i < lines->count; i++) {
        if (strcmp(lines->text[i], line) == 0)
            return true;
    }
    return false;
}

static void write_full(FILE *out, const char *policy)
{
    struct lines *lines = calloc(1, sizeof *lines);

    assert_non_null(lines);
    look(policy, lines);
    fprintf(out, "== %s\n", policy);
    for (size_t i = 0; i < lines->count; i++)
        fprintf(out, "%s\n", lines->text[i]);
    free(lines);
}

static void write_difference(FILE *out, const char *policy)
{
    struct lines *lines = calloc(2, sizeof *lines);
    const struct lines *hardened = &lines[0], *relaxed = &lines[1];

    assert_non_null(lines);
    look("hardened", &lines[0]);
    look(policy, &lines[1]);
    fprintf(out, "== %s\n", policy);
    for (size_t i = 0; i < hardened->count; i++) {
        if (!has(relaxed, hardened->text[i]))
            fprintf(out, "- %s\n", hardened->text[i]);
    }
    for (size_t i = 0; i < relaxed->count; i++) {
        if (!has(hardened, relaxed->text[i]))
            fprintf(out, "+ %s\n", relaxed->text[i]);
    }
    free(lines);
}

static void write_all(FILE *out)
{
    static const char *const rungs[] = {"hardened", "trust-any", "report-only", "antique"};
    static const char *const like_hardened[] = {"pinned " PIN, "tofu"};
    /* more than the sum of both */
    static const char *const pairs[] = {
        "hardened+rsa-key-exchange+cbc-sha1", "hardened+tls1.0+rsa-key-exchange",
        "hardened+tls1.0+bare-hello",         "hardened+sha1-handshake+legacy-ciphers",
        "hardened+cbc-sha1+legacy-ciphers",   "hardened+legacy-groups+classical-hello",
    };

    for (size_t i = 0; i < COUNT(rungs); i++)
        write_full(out, rungs[i]);
    for (size_t i = 0; i < COUNT(like_hardened); i++)
        write_difference(out, like_hardened[i]);
    for (const struct anycert_relaxation *r = anycert_relaxation_next(NULL); r;
         r = anycert_relaxation_next(r)) {
        char policy[100];

        snprintf(policy, sizeof policy, "hardened+%s", anycert_relaxation_name(r));
        write_difference(out, policy);
    }
    for (size_t i = 0; i < COUNT(pairs); i++)
        write_difference(out, pairs[i]);
}

static char *all_as_text(void)
{
    char *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);

    assert_non_null(out);
    write_all(out);
    assert_int_equal(fclose(out), 0);
    return text;
}

/* ---- the test ---- */

static const char *program;

static char *read_file(const char *path)
{
    FILE *file = fopen(path, "r");
    char *text = calloc(1, 1 << 20);

    assert_non_null(text);
    if (!file)
        fail_msg(
            "nobody has looked yet at what %s has in force. Read what '%s print' prints; if it "
            "is right, keep it as %s, and list the file in docs/openssl-versions.md",
            OpenSSL_version(OPENSSL_VERSION), program, path);
    assert_true(fread(text, 1, (1 << 20) - 1, file) > 0);
    fclose(file);
    return text;
}

/* Says where they part, and how to see the rest. */
static void fail_on_difference(const char *path, const char *now, const char *then)
{
    size_t start = 0, line = 1;

    for (size_t i = 0; now[i] && now[i] == then[i]; i++) {
        if (now[i] == '\n') {
            start = i + 1;
            line++;
        }
    }
    now += start;
    then += start;
    fail_msg("%s:%zu: '%.*s' is written down, and %s has '%.*s' in force; '%s print | diff %s -' "
             "shows all that is different",
             path, line, (int)strcspn(then, "\n"), then, OpenSSL_version(OPENSSL_VERSION),
             (int)strcspn(now, "\n"), now, program, path);
}

static void policies_are_what_is_written_down(void **state)
{
    char path[400];
    char *now = all_as_text();
    char *then = NULL;

    (void)state;
    snprintf(path, sizeof path, "%s/policies/openssl-%lu.%lu.txt", ANYCERT_TEST_DATA,
             OpenSSL_version_num() >> 28, OpenSSL_version_num() >> 20 & 0xff);
    then = read_file(path);
    if (strcmp(now, then) != 0)
        fail_on_difference(path, now, then);
    free(now);
    free(then);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(policies_are_what_is_written_down),
    };

    program = argv[0];
    if (argc > 1 && strcmp(argv[1], "print") == 0) {
        write_all(stdout);
        return 0;
    }
    return cmocka_run_group_tests(tests, NULL, NULL);
}
