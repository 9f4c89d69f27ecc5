#include "support/softhsm.h"

#include "support/certs.h"
#include "support/child.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static char *folder;

static const char *path_of(const char *name)
{
    static char paths[4][300];
    static unsigned next;
    char *path = paths[next++ % 4];

    snprintf(path, sizeof paths[0], "%s/%s", folder, name);
    return path;
}

static void run(const char *const *argv)
{
    char log[300];

    snprintf(log, sizeof log, "%s", path_of("log"));
    if (child_run(&(struct child_plan){.argv = argv, .folder = folder, .log = log}) != 0)
        fail_msg("%s %s: %s", argv[0], argv[1], child_log(log));
}

int softhsm_setup(void **state)
{
    char text[600];

    (void)state;
    folder = certs_folder();
    snprintf(text, sizeof text,
             "directories.tokendir = %s/tokens\nobjectstore.backend = file\nlog.level = ERROR\n",
             folder);
    certs_write(path_of("softhsm2.conf"), text, strlen(text));
    run((const char *const[]){"mkdir", path_of("tokens"), NULL});
    assert_int_equal(setenv("SOFTHSM2_CONF", path_of("softhsm2.conf"), 1), 0);
    return 0;
}

int softhsm_teardown(void **state)
{
    (void)state;
    run((const char *const[]){"rm", "-r", path_of("tokens"), NULL});
    certs_remove(folder);
    free(folder);
    return 0;
}

void softhsm_add_token(const char *token)
{
    run((const char *const[]){"softhsm2-util", "--init-token", "--free", "--label", token, "--pin",
                              SOFTHSM_PIN, "--so-pin", "12345678", NULL});
}

void softhsm_add_key(const char *token, const char *id, const char *label, EVP_PKEY *key)
{
    char *pem = certs_key_pem(key, NULL);

    certs_write(path_of("key.pem"), pem, strlen(pem));
    run((const char *const[]){"softhsm2-util", "--import", path_of("key.pem"), "--token", token,
                              "--pin", SOFTHSM_PIN, "--id", id, "--label", label, NULL});
    free(pem);
}

void softhsm_add_cert(const char *token, const char *id, const char *label, X509 *cert)
{
    static const char module_option[] = "--provider=" SOFTHSM_MODULE;
    static const char pin_option[] = "--set-pin=" SOFTHSM_PIN;
    char *pem = certs_pem(cert);
    char url[100];
    char id_option[40];

    snprintf(url, sizeof url, "pkcs11:token=%s", token);
    snprintf(id_option, sizeof id_option, "--id=%s", id);
    certs_write(path_of("cert.pem"), pem, strlen(pem));
    run((const char *const[]){"p11tool", module_option, "--login", pin_option, "--write",
                              "--no-mark-private", "--load-certificate", path_of("cert.pem"),
                              id_option, "--label", label, url, NULL});
    free(pem);
}

const char *softhsm_uri(const char *path)
{
    static char uris[8][300];
    static unsigned next;
    char *uri = uris[next++ % 8];

    snprintf(uri, sizeof uris[0], "pkcs11:%s?module-path=" SOFTHSM_MODULE, path);
    return uri;
}
