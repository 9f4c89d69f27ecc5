/* Client certificates as other people's programs write them: encrypted PEM keys and PKCS#12 files,
 * new and old. */
#include "base/mem.h"
#include "tls/client_cert.h"

#include "support/certs.h"
#include "support/child.h"

#include <openssl/err.h>
#include <openssl/provider.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/file.h"

/* A folder with key.pem, cert.pem (of a root, root.pem) and other.pem, which has nothing to do with
 * them. */
static char *folder;
static X509 *leaf;

static const char *path_of(const char *name)
{
    static char paths[8][300];
    static unsigned next;
    char *path = paths[next++ % 8];

    snprintf(path, sizeof paths[0], "%s/%s", folder, name);
    return path;
}

static void put_text(const char *name, char *text)
{
    certs_write(path_of(name), text, strlen(text));
    free(text);
}

static int make_folder(void **state)
{
    EVP_PKEY *key = certs_new_rsa(2048);
    X509 *root = certs_root("Root");
    X509 *other = certs_make(&(struct certs_recipe){.cn = "other", .key = certs_other_key()});

    (void)state;
    folder = certs_folder();
    leaf = certs_make(&(struct certs_recipe){
        .cn = "client", .key = key, .issuer = root, .issuer_key = certs_key()});
    put_text("key.pem", certs_key_pem(key, NULL));
    put_text("cert.pem", certs_pem(leaf));
    put_text("root.pem", certs_pem(root));
    put_text("more.pem", certs_join(certs_pem(other), certs_pem(root)));
    X509_free(other);
    X509_free(root);
    EVP_PKEY_free(key);
    return 0;
}

static int remove_folder(void **state)
{
    (void)state;
    X509_free(leaf);
    certs_remove(folder);
    free(folder);
    return 0;
}

/* Runs a command line, words parted by spaces, in the folder; it has to succeed. */
static void run(const char *command)
{
    char line[512];
    const char *argv[40];
    size_t count = 0;
    char log[300];

    snprintf(line, sizeof line, "%s", command);
    for (char *p = line; p && count < 39; count++) {
        argv[count] = p;
        p = strchr(p, ' ');
        if (p)
            *p++ = '\0';
    }
    argv[count] = NULL;
    snprintf(log, sizeof log, "%s/log", folder);
    if (child_run(&(struct child_plan){.argv = argv, .folder = folder, .log = log}) != 0)
        fail_msg("%s\n%s", command, child_log(log));
}

static char *read_file(const char *name, size_t *len)
{
    struct anycert_error err = {0};
    char *bytes = NULL;

    if (anycert__file_read(path_of(name), 1u << 20, ANYCERT_E_FILE, "file", &bytes, len, &err) < 0)
        fail_msg("%s", err.message);
    return bytes;
}

/* The process's context knows nothing of the algorithms of old, before and after. */
static void assert_default_context_is_clean(void)
{
    EVP_CIPHER *rc2 = NULL;

    assert_int_equal(OSSL_PROVIDER_available(NULL, "legacy"), 0);
    rc2 = EVP_CIPHER_fetch(NULL, "RC2-40-CBC", NULL);
    assert_null(rc2);
    ERR_clear_error();
}

/* ---- PEM */

static int load_key(const char *name, const char *password, struct anycert__client_cert **out,
                    struct anycert_error *err)
{
    size_t cert_len = 0;
    size_t key_len = 0;
    char *cert = read_file("cert.pem", &cert_len);
    char *key = read_file(name, &key_len);
    int result = anycert__client_cert_load(cert, cert_len, key, key_len, password, out, err);

    anycert__free(cert);
    anycert__free(key);
    assert_int_equal(ERR_peek_error(), 0);
    return result;
}

static void assert_key_refused(const char *name, const char *password, const char *says)
{
    struct anycert__client_cert *cert = NULL;
    struct anycert_error err = {0};

    assert_int_equal(load_key(name, password, &cert, &err), -1);
    assert_null(cert);
    assert_int_equal(err.code, ANYCERT_E_CLIENT_CERT);
    if (!strstr(err.message, says) || strstr(err.message, "hunter2") ||
        strstr(err.message, "wr0ng"))
        fail_msg("%s: expected '%s' in: %s", name, says, err.message);
}

#define OLD " -provider legacy -provider default"

static void client_cert_load_encrypted_key_wants_the_password(void **state)
{
    static const struct {
        const char *name, *command;
        bool unreadable; /* by any means that OpenSSL has left */
    } rows[] = {
        {"aes.pem", "openssl pkcs8 -topk8 -in key.pem -out aes.pem -passout pass:hunter2", false},
        {"scrypt.pem",
         "openssl pkcs8 -topk8 -scrypt -in key.pem -out scrypt.pem -passout pass:hunter2", false},
        {"3des.pem",
         "openssl pkcs8 -topk8 -v1 PBE-SHA1-3DES -in key.pem -out 3des.pem -passout pass:hunter2",
         false},
        {"aes-old.pem",
         "openssl rsa -traditional -aes128 -in key.pem -out aes-old.pem -passout pass:hunter2",
         false},
        {"rc2.pem",
         "openssl pkcs8 -topk8 -v1 PBE-SHA1-RC2-40 -in key.pem -out rc2.pem -passout "
         "pass:hunter2" OLD,
         false},
        {"des.pem",
         "openssl pkcs8 -topk8 -v1 PBE-MD5-DES -in key.pem -out des.pem -passout pass:hunter2" OLD,
         false},
        {"des-old.pem",
         "openssl rsa -traditional -des -in key.pem -out des-old.pem -passout pass:hunter2" OLD,
         true},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct anycert__client_cert *cert = NULL;
        struct anycert_error err = {0};

        run(rows[i].command);
        assert_key_refused(rows[i].name, NULL,
                           "the client key is encrypted, and no password was given for it");
        assert_key_refused(rows[i].name, "wr0ng", "the password of the client key is wrong");
        assert_key_refused(rows[i].name, "", "the password of the client key is wrong");
        if (rows[i].unreadable) {
            assert_key_refused(rows[i].name, "hunter2", "openssl pkcs8 -topk8");
            continue;
        }
        if (load_key(rows[i].name, "hunter2", &cert, &err) != 0)
            fail_msg("%s: %s", rows[i].name, err.message);
        assert_int_equal(X509_check_private_key(leaf, cert->key), 1);
        anycert__client_cert_free(cert);
    }
    assert_default_context_is_clean();
}

static void client_cert_load_plain_key_needs_no_password_and_minds_none(void **state)
{
    struct anycert__client_cert *cert = NULL;
    struct anycert_error err = {0};

    (void)state;
    assert_int_equal(load_key("key.pem", "hunter2", &cert, &err), 0);
    anycert__client_cert_free(cert);
}

static void client_cert_load_very_long_password_is_said(void **state)
{
    char password[5000];

    (void)state;
    memset(password, 'x', sizeof password - 1);
    password[sizeof password - 1] = '\0';
    run("openssl pkcs8 -topk8 -in key.pem -out aes.pem -passout pass:hunter2");
    assert_key_refused("aes.pem", password, "longer than OpenSSL takes");
}

/* ---- PKCS#12 */

static int load_p12(const char *name, const char *password, struct anycert__client_cert **out,
                    struct anycert_error *err)
{
    size_t len = 0;
    char *bytes = read_file(name, &len);
    int result = anycert__client_cert_load_p12(bytes, len, password, out, err);

    anycert__free(bytes);
    assert_int_equal(ERR_peek_error(), 0);
    return result;
}

static void assert_p12_refused(const char *name, const char *password, const char *says)
{
    struct anycert__client_cert *cert = NULL;
    struct anycert_error err = {0};

    assert_int_equal(load_p12(name, password, &cert, &err), -1);
    assert_null(cert);
    assert_int_equal(err.code, ANYCERT_E_CLIENT_CERT);
    if (!strstr(err.message, says) || strstr(err.message, "hunter2") ||
        strstr(err.message, "wr0ng"))
        fail_msg("%s: expected '%s' in: %s", name, says, err.message);
}

static void assert_p12_good(const char *name, const char *password, int chain)
{
    struct anycert__client_cert *cert = NULL;
    struct anycert_error err = {0};

    if (load_p12(name, password, &cert, &err) != 0)
        fail_msg("%s: %s", name, err.message);
    assert_int_equal(X509_cmp(cert->cert, leaf), 0);
    assert_int_equal(X509_check_private_key(leaf, cert->key), 1);
    assert_int_equal(sk_X509_num(cert->chain), chain);
    anycert__client_cert_free(cert);
}

#define EXPORT "openssl pkcs12 -export -in cert.pem -inkey key.pem -passout pass:hunter2 "

static void client_cert_load_p12_of_many_makers(void **state)
{
    static const struct {
        const char *name, *command;
        int chain;
    } rows[] = {
        {"modern.p12", EXPORT "-out modern.p12", 0},
        {"chain.p12", EXPORT "-certfile more.pem -out chain.p12", 1},
        {"old.p12", EXPORT "-legacy -certfile more.pem -out old.p12", 1},
        {"3des.p12",
         EXPORT "-certpbe PBE-SHA1-3DES -keypbe PBE-SHA1-3DES -macalg sha1 -out 3des.p12", 0},
        {"rc2key.p12",
         EXPORT "-legacy -certpbe PBE-SHA1-RC2-40 -keypbe PBE-SHA1-RC2-40 -macalg sha1 -out "
                "rc2key.p12",
         0},
        {"gnutls.p12",
         "certtool --load-privkey key.pem --load-certificate cert.pem --to-p12 --p12-name x "
         "--password hunter2 --pkcs-cipher rc2-40 --outder --outfile gnutls.p12",
         0},
        {"java.p12",
         "keytool -importkeystore -srckeystore modern.p12 -srcstoretype PKCS12 -srcstorepass "
         "hunter2 "
         "-destkeystore java.p12 -deststoretype PKCS12 -deststorepass hunter2",
         0},
        {"java-old.p12",
         "keytool -J-Dkeystore.pkcs12.legacy -importkeystore -srckeystore modern.p12 -srcstoretype "
         "PKCS12 -srcstorepass hunter2 -destkeystore java-old.p12 -deststoretype PKCS12 "
         "-deststorepass hunter2",
         0},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        run(rows[i].command);
        assert_p12_good(rows[i].name, "hunter2", rows[i].chain);
        assert_p12_refused(rows[i].name, "wr0ng", "the password of the file is wrong");
        assert_p12_refused(rows[i].name, NULL, "protected by a password, and none was given");
        assert_p12_refused(rows[i].name, "", "protected by a password, and none was given");
        assert_default_context_is_clean();
    }
}

static void client_cert_load_p12_of_nss(void **state)
{
    (void)state;
    run(EXPORT "-name mine -out modern.p12");
    run("mkdir nss");
    run("certutil -N -d nss --empty-password");
    run("pk12util -i modern.p12 -d nss -W hunter2");
    run("pk12util -o nss.p12 -n mine -d nss -W hunter2");
    assert_p12_good("nss.p12", "hunter2", 0);
    assert_p12_refused("nss.p12", "wr0ng", "the password of the file is wrong");
    run("rm -r nss");
}

static void client_cert_load_p12_empty_password_and_none_are_the_same(void **state)
{
    static const char *const files[] = {"empty.p12", "open.p12"};

    (void)state;
    run("openssl pkcs12 -export -in cert.pem -inkey key.pem -passout pass: -out empty.p12");
    run("openssl pkcs12 -export -in cert.pem -inkey key.pem -passout pass: -certpbe NONE -keypbe "
        "NONE "
        "-nomac -out open.p12");
    for (size_t i = 0; i < 2; i++) {
        assert_p12_good(files[i], NULL, 0);
        assert_p12_good(files[i], "", 0);
    }
}

static void client_cert_load_p12_without_mac_cannot_tell_a_wrong_password(void **state)
{
    (void)state;
    run(EXPORT "-nomac -out nomac.p12");
    run(EXPORT "-nomac -legacy -out nomac-old.p12");
    assert_p12_good("nomac.p12", "hunter2", 0);
    assert_p12_good("nomac-old.p12", "hunter2", 0);
    assert_p12_refused("nomac.p12", "wr0ng", "password is wrong or missing");
    assert_p12_refused("nomac-old.p12", "wr0ng", "password is wrong or missing");
    assert_p12_refused("nomac.p12", NULL, "password is wrong or missing");
}

static void client_cert_load_p12_unusable_says_what_is_missing(void **state)
{
    size_t len = 0;
    char *bytes = NULL;

    (void)state;
    run("openssl pkcs12 -export -nokeys -in cert.pem -passout pass:hunter2 -out certs.p12");
    run("openssl pkcs12 -export -nocerts -inkey key.pem -passout pass:hunter2 -out key.p12");
    assert_p12_refused("certs.p12", "hunter2", "no private key");
    assert_p12_refused("key.p12", "hunter2", "no certificate for its key");
    assert_p12_refused("cert.pem", "hunter2", "this is PEM text, not PKCS#12");
    run(EXPORT "-out modern.p12");
    bytes = read_file("modern.p12", &len);
    certs_write(path_of("half.p12"), bytes, len / 2);
    assert_p12_refused("half.p12", "hunter2", "no PKCS#12 file, or it is damaged");
    certs_write(path_of("none.p12"), "", 0);
    assert_p12_refused("none.p12", "hunter2", "no PKCS#12 file, or it is damaged");
    bytes[len / 2] ^= 1;
    certs_write(path_of("flipped.p12"), bytes, len);
    assert_p12_refused("flipped.p12", "hunter2", "the file");
    anycert__free(bytes);
}

/* The environment names another folder for OpenSSL's modules: nothing is taken from there, and
 * nothing is missing. */
static void client_cert_load_p12_ignores_the_folder_of_the_environment(void **state)
{
    (void)state;
    run(EXPORT "-legacy -out old.p12");
    assert_int_equal(setenv("OPENSSL_MODULES", folder, 1), 0);
    assert_p12_good("old.p12", "hunter2", 0);
    assert_int_equal(unsetenv("OPENSSL_MODULES"), 0);
}

static void client_cert_load_p12_out_of_memory_is_told(void **state)
{
    struct anycert__client_cert *cert = NULL;
    struct anycert_error err = {0};
    size_t len = 0;
    char *bytes = NULL;

    (void)state;
    run(EXPORT "-out modern.p12");
    bytes = read_file("modern.p12", &len);
    anycert__mem_fail_from(1);
    assert_int_equal(anycert__client_cert_load_p12(bytes, len, "hunter2", &cert, &err), -1);
    anycert__mem_fail_from(0);
    assert_int_equal(err.code, ANYCERT_E_NOMEM);
    anycert__free(bytes);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(client_cert_load_encrypted_key_wants_the_password),
        cmocka_unit_test(client_cert_load_plain_key_needs_no_password_and_minds_none),
        cmocka_unit_test(client_cert_load_very_long_password_is_said),
        cmocka_unit_test(client_cert_load_p12_of_many_makers),
        cmocka_unit_test(client_cert_load_p12_of_nss),
        cmocka_unit_test(client_cert_load_p12_empty_password_and_none_are_the_same),
        cmocka_unit_test(client_cert_load_p12_without_mac_cannot_tell_a_wrong_password),
        cmocka_unit_test(client_cert_load_p12_unusable_says_what_is_missing),
        cmocka_unit_test(client_cert_load_p12_ignores_the_folder_of_the_environment),
        cmocka_unit_test(client_cert_load_p12_out_of_memory_is_told),
    };

    return cmocka_run_group_tests_name("client_cert_files", tests, make_folder, remove_folder);
}
