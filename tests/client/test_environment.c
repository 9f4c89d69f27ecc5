/* What a library must leave alone in the program that uses it, and what that program's surroundings
 * must not give it: anchors of an attacker's. (Hostile configurations as such: test_hardened.c.) */
#define _GNU_SOURCE /* environ */
#include "client/ask.h"
#include "client/floor.h"

#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>

#include <dirent.h>
#include <fcntl.h>
#include <locale.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "support/certs.h"
#include "support/child.h"

/* ---- the program's own things */

struct own {
    char *text; /* all of them, a line each */
    size_t len;
};

/* A context as the program makes it, of whose settings no library may have an opinion. */
static void write_context(FILE *out)
{
    SSL_CTX *ctx = SSL_CTX_new(TLS_client_method());
    STACK_OF(SSL_CIPHER) *ciphers = ctx ? SSL_CTX_get_ciphers(ctx) : NULL;

    assert_non_null(ctx);
    fprintf(out, "options %llx\nmode %lx\nlevel %d\nversions %ld %ld\nverification %d %d\n",
            (unsigned long long)SSL_CTX_get_options(ctx), SSL_CTX_get_mode(ctx),
            SSL_CTX_get_security_level(ctx), SSL_CTX_get_min_proto_version(ctx),
            SSL_CTX_get_max_proto_version(ctx), SSL_CTX_get_verify_mode(ctx),
            SSL_CTX_get_verify_depth(ctx));
    fprintf(out, "sessions %ld\nkeylog %d\n", SSL_CTX_get_session_cache_mode(ctx),
            SSL_CTX_get_keylog_callback(ctx) != NULL);
    for (int i = 0; i < sk_SSL_CIPHER_num(ciphers); i++)
        fprintf(out, "cipher %s\n", SSL_CIPHER_get_name(sk_SSL_CIPHER_value(ciphers, i)));
    SSL_CTX_free(ctx);
}

static void write_signals(FILE *out)
{
    sigset_t blocked;

    assert_int_equal(pthread_sigmask(SIG_SETMASK, NULL, &blocked), 0);
    for (int i = 1; i < NSIG; i++) {
        struct sigaction action;

        if (sigaction(i, NULL, &action) != 0)
            continue;
        fprintf(out, "signal %d %s %x %d\n", i,
                action.sa_handler == SIG_DFL   ? "default"
                : action.sa_handler == SIG_IGN ? "ignored"
                                               : "handled",
                (unsigned)action.sa_flags, sigismember(&blocked, i));
    }
}

/* But for the folder that is read here. */
static void write_files(FILE *out)
{
    DIR *dir = opendir("/proc/self/fd");

    assert_non_null(dir);
    for (struct dirent *entry = readdir(dir); entry; entry = readdir(dir)) {
        char target[512];
        ssize_t len = readlinkat(dirfd(dir), entry->d_name, target, sizeof target - 1);

        if (len > 0 && strtol(entry->d_name, NULL, 10) != dirfd(dir))
            fprintf(out, "file %s %.*s\n", entry->d_name, (int)len, target);
    }
    closedir(dir);
}

static struct own own_take(void)
{
    struct own own = {0};
    FILE *out = open_memstream(&own.text, &own.len);
    char folder[4096];
    mode_t mask = umask(0);

    umask(mask);
    assert_non_null(out);
    for (char **entry = environ; *entry; entry++)
        fprintf(out, "environment %p %s\n", (void *)*entry, *entry);
    fprintf(out, "umask %o\nlocale %s\nfolder %s\n", (unsigned)mask, setlocale(LC_ALL, NULL),
            getcwd(folder, sizeof folder));
    write_signals(out);
    write_context(out);
    fprintf(out, "error %lx\n", ERR_peek_error());
    assert_int_equal(fclose(out), 0);
    return own;
}

static void own_compare(const struct own *before, const char *what)
{
    struct own after = own_take();
    size_t i = 0;

    while (before->text[i] && before->text[i] == after.text[i])
        i++;
    if (before->text[i] != after.text[i]) {
        while (i > 0 && before->text[i - 1] != '\n')
            i--;
        fail_msg("%s: '%.120s' became '%.120s'", what, before->text + i, after.text + i);
    }
    free(after.text);
}

static char *open_files(void)
{
    char *text = NULL;
    size_t len = 0;
    FILE *out = open_memstream(&text, &len);

    assert_non_null(out);
    write_files(out);
    assert_int_equal(fclose(out), 0);
    return text;
}

/* Gives the lab, which is of this process, time to close what earlier tests have left it with:
 * until the list is the wanted one, or, with NULL, until it stays as it is. The last list; a leak
 * never goes away. */
static char *files_in_the_end(const char *wanted)
{
    char *text = open_files();

    for (int i = 0; i < 200; i++) {
        char *next = NULL;
        bool done = false;

        if (wanted && strcmp(text, wanted) == 0)
            break;
        (void)nanosleep(&(struct timespec){.tv_nsec = 25000000}, NULL);
        next = open_files();
        done = !wanted && strcmp(text, next) == 0 && i >= 20;
        free(text);
        text = next;
        if (done)
            break;
    }
    return text;
}

static const char *const policies[] = {"hardened", "hardened+self-signed", "hardened+expired",
                                       "trust-any", "report-only"};
static const char *const targets[] = {"good", "self-signed", "expired", "untrusted-root", "http"};

static void test_program_keeps_what_is_its_own(void **state)
{
    struct own before = own_take();

    (void)state;
    for (size_t i = 0; i < sizeof policies / sizeof policies[0]; i++) {
        struct anycert_client *client =
            ask_under(policies[i], strncmp(policies[i], "hardened", 8) == 0 ? floor_root() : NULL);

        own_compare(&before, "a new client");
        for (size_t j = 0; j < sizeof targets / sizeof targets[0]; j++) {
            struct answer answer = ask_get(client, floor_url(targets[j], ""));

            answer_free(&answer);
            own_compare(&before, targets[j]);
        }
        anycert_client_free(client);
        own_compare(&before, "a client less");
    }
    free(before.text);
}

/* What is opened for a client is closed with it; the lab's own sockets are not looked at. */
static void test_no_file_is_left_open(void **state)
{
    char *before = NULL;
    char *after = NULL;

    (void)state;
    for (int i = 0; i < 2; i++) { /* what is opened once for all is there after the first */
        struct anycert_client *client = NULL;

        before = files_in_the_end(NULL);
        client = ask_under("hardened", floor_root());
        ask_fails(client, "https://localhost:1/", ANYCERT_E_CONNECT);
        anycert_client_free(client);
        after = i == 1 ? files_in_the_end(before) : open_files();
        if (i == 1)
            assert_string_equal(before, after);
        free(before);
        free(after);
    }
}

/* Programs that are started while a connection is open get no part of it. */
static void test_connections_are_not_inherited_by_programs(void **state)
{
    struct anycert_client *client = ask_under("hardened", floor_root());
    unsigned connections = 0;

    (void)state;
    ask_works(client, floor_url("good", ""));
    for (int fd = 3; fd < 1024; fd++) {
        struct sockaddr_storage peer;
        socklen_t len = sizeof peer;
        int flags = fcntl(fd, F_GETFD);

        if (flags < 0 || getpeername(fd, (struct sockaddr *)&peer, &len) != 0 ||
            (peer.ss_family != AF_INET && peer.ss_family != AF_INET6))
            continue;
        connections++; /* the lab's end is one, too */
        assert_true((flags & FD_CLOEXEC) != 0);
    }
    assert_true(connections >= 2);
    anycert_client_free(client);
}

/* ---- an attacker's anchors, in a process of its own that is this program again */

static char *folder;

/* PROGRAM POLICY URL...: prints the codes. */
static int other_process(int argc, char **argv)
{
    struct anycert_client *client = ask_client(&(struct ask){.policy = argv[1]});

    for (int i = 2; i < argc; i++) {
        struct answer answer = ask_get(client, argv[i]);

        printf("%d ", answer.code);
        answer_free(&answer);
    }
    anycert_client_free(client);
    return 0;
}

static char *codes(const char *policy, const char *variable)
{
    const char *const argv[] = {"/proc/self/exe",
                                policy,
                                floor_url("good", ""),
                                floor_url("untrusted-root", ""),
                                floor_url("self-signed", ""),
                                NULL};
    const char *environment[] = {"LC_ALL=C.UTF-8", variable, NULL};
    char *log = certs_path(folder, "out.log");
    char *text = NULL;
    int status =
        child_run(&(struct child_plan){.argv = argv, .log = log, .environment = environment});

    text = child_log(log);
    free(log);
    if (status != 0)
        fail_msg("the other process ended with %d: %s", status, text);
    return text;
}

/* A file that everything OpenSSL reads by itself can find: by its path, and by its subject's hash
 * in a folder. */
static void plant(const char *pem_path)
{
    BIO *in = BIO_new_file(pem_path, "r");
    X509 *cert = in ? PEM_read_bio_X509(in, NULL, NULL, NULL) : NULL;
    char name[32];
    char *path = NULL;
    char *pem = NULL;

    assert_non_null(cert);
    snprintf(name, sizeof name, "%08lx.0", X509_subject_name_hash(cert));
    path = certs_path(folder, name);
    pem = certs_pem(cert);
    certs_write(path, pem, strlen(pem));
    free(pem);
    free(path);
    X509_free(cert);
    BIO_free(in);
}

static void test_attackers_anchors_are_not_used(void **state)
{
    char variable[4][4200];
    char *conf = NULL;
    char text[5000];

    (void)state;
    folder = certs_folder();
    plant(floor_root());
    conf = certs_path(folder, "openssl.cnf");
    snprintf(text, sizeof text,
             "openssl_conf = init\n[init]\nssl_conf = ssl\n[ssl]\nsystem_default = all\n[all]\n"
             "VerifyMode = None\nVerifyCAFile = %s\nVerifyCAPath = %s\nChainCAFile = %s\n"
             "CipherString = ALL:@SECLEVEL=0\nMinProtocol = TLSv1\n"
             "Options = UnsafeLegacyRenegotiation,UnsafeLegacyServerConnect,Bugs,-EmptyFragments\n",
             floor_root(), folder, floor_root());
    certs_write(conf, text, strlen(text));
    snprintf(variable[0], sizeof variable[0], "SSL_CERT_FILE=%s", floor_root());
    snprintf(variable[1], sizeof variable[1], "SSL_CERT_DIR=%s", folder);
    snprintf(variable[2], sizeof variable[2], "OPENSSL_CONF=%s", conf);
    snprintf(variable[3], sizeof variable[3], "CURL_CA_BUNDLE=%s", floor_root());
    for (size_t i = 0; i < 4; i++) {
        char *system = codes("hardened", variable[i]);
        char *any = codes("trust-any", variable[i]);

        /* The lab's root is not the system's: whoever accepts "good" has taken it from here. */
        snprintf(text, sizeof text, "%d %d %d ", ANYCERT_E_TRUST_ISSUER, ANYCERT_E_TRUST_ISSUER,
                 ANYCERT_E_TRUST_ISSUER);
        assert_string_equal(system, text);
        assert_string_equal(any, "0 0 0 ");
        free(system);
        free(any);
    }
    free(conf);
    certs_remove(folder);
    free(folder);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_program_keeps_what_is_its_own),
        cmocka_unit_test(test_no_file_is_left_open),
        cmocka_unit_test(test_connections_are_not_inherited_by_programs),
        cmocka_unit_test(test_attackers_anchors_are_not_used),
    };

    if (argc > 2)
        return other_process(argc, argv);
    return cmocka_run_group_tests(tests, floor_setup, floor_teardown);
}
