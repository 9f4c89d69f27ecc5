#include "client/pins.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/sha.h>
#include <openssl/x509.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define COUNT(a) (sizeof(a) / sizeof(a)[0])

struct scene pins_scene;
struct lab *pins_lab;

int pins_setup(void **state)
{
    struct anycert_error err = {0};

    (void)state;
    scene_make(&pins_scene);
    if (lab_start(NULL, 0, &pins_lab, &err) < 0)
        fail_msg("%s", err.message);
    return 0;
}

int pins_teardown(void **state)
{
    (void)state;
    lab_stop(pins_lab);
    scene_free(&pins_scene);
    return 0;
}

char *pins_text(void)
{
    static char texts[16][900];
    static unsigned next;

    return texts[next++ % COUNT(texts)];
}

const char *pins_of(X509 *cert)
{
    unsigned char digest[SHA256_DIGEST_LENGTH];
    unsigned char *der = NULL;
    int len = i2d_X509_PUBKEY(X509_get_X509_PUBKEY(cert), &der);
    char *text = pins_text();

    assert_true(len > 0);
    SHA256(der, (size_t)len, digest);
    OPENSSL_free(der);
    memcpy(text, "sha256//", 8);
    assert_int_equal(EVP_EncodeBlock((unsigned char *)text + 8, digest, sizeof digest), 44);
    return text;
}

const char *pins_policy(const char *rung, const char *pin, const char *keys)
{
    char *text = pins_text();

    snprintf(text, 900, "%s ca=%s,%s pin=%s%s%s", rung, lab_file(pins_lab, LAB_FILE_ROOT),
             pins_scene.pki.root_path, pin, *keys ? " " : "", keys);
    return text;
}

const char *pins_at(enum flaw flaw)
{
    return pins_of(pins_scene.pki.certs[flaw]);
}

const struct lab_server *pins_server(const char *name)
{
    const struct lab_server *found = lab_server_find(pins_lab, name);

    assert_non_null(found);
    return found;
}

int pins_code(const char *policy, const char *url)
{
    struct anycert_client *client = ask_client(&(struct ask){.policy = policy});
    struct answer answer = ask_get(client, url);
    int code = answer.code;

    if (code)
        assert_int_equal(answer.status, 0);
    answer_free(&answer);
    anycert_client_free(client);
    return code;
}
