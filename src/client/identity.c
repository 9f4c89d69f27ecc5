#include "client/identity.h"
#include "client/internal.h"

#include "base/mem.h"

#include <string.h>

#define MAX_FILE (1u << 20)

void anycert__identity_clear(struct anycert__identity *identity)
{
    anycert__free(identity->cert_path);
    anycert__free_secret(identity->key_path); /* perhaps a URI with a PIN */
    anycert__free_secret(identity->key_password);
    anycert__free(identity->p12_path);
    anycert__free_secret(identity->p12_password);
    anycert__free_secret(identity->uri); /* a PIN may be in it */
    anycert__free_secret(identity->pin);
    memset(identity, 0, sizeof *identity);
}

int anycert__identity_copy(struct anycert__identity *to, const struct anycert__identity *from,
                           struct anycert_error *err)
{
    if (anycert__replace(&to->cert_path, from->cert_path, err) < 0 ||
        anycert__replace(&to->key_path, from->key_path, err) < 0 ||
        anycert__replace(&to->key_password, from->key_password, err) < 0 ||
        anycert__replace(&to->p12_path, from->p12_path, err) < 0 ||
        anycert__replace(&to->p12_password, from->p12_password, err) < 0)
        return -1;
    if (anycert__replace(&to->uri, from->uri, err) < 0)
        return -1;
    return anycert__replace(&to->pin, from->pin, err);
}

/* ---- setting it */

/* Puts made in place of config's identity and empties it; the password of a PEM key stays. */
static int put(struct anycert_config *config, struct anycert__identity *made)
{
    made->key_password = config->identity.key_password;
    config->identity.key_password = NULL;
    anycert__identity_clear(&config->identity);
    config->identity = *made;
    memset(made, 0, sizeof *made);
    return 0;
}

/* A PKCS#11 URI would be shown as the path that cannot be read, with a PIN that it may have. */
static int check_is_file(const char *path, const char *what, struct anycert_error *err)
{
    if (!path || !anycert__client_cert_is_uri(path))
        return 0;
    return anycert__fail(err, ANYCERT_E_USAGE,
                         "%s is given by a PKCS#11 URI where a file is expected", what);
}

int anycert_config_set_client_cert(struct anycert_config *config, const char *cert_path,
                                   const char *key_path, struct anycert_error *err)
{
    struct anycert__identity made = {0};

    if ((cert_path && anycert__check_text(cert_path, "path of the client certificate", err) < 0) ||
        (key_path && anycert__check_text(key_path, "path of the client key", err) < 0))
        return -1;
    if (!cert_path && key_path)
        return anycert__fail(err, ANYCERT_E_USAGE, "a client key needs a client certificate");
    if (check_is_file(cert_path, "the client certificate", err) < 0)
        return -1;
    if (key_path && anycert__client_cert_is_uri(key_path) &&
        anycert__client_cert_check_uri(key_path, err) < 0)
        return -1;
    if (anycert__replace(&made.cert_path, cert_path, err) == 0 &&
        anycert__replace(&made.key_path, key_path, err) == 0)
        return put(config, &made);
    anycert__identity_clear(&made);
    return -1;
}

int anycert_config_set_client_cert_password(struct anycert_config *config, const char *password,
                                            struct anycert_error *err)
{
    return anycert__replace(&config->identity.key_password, password, err);
}

int anycert_config_set_client_cert_p12(struct anycert_config *config, const char *path,
                                       const char *password, struct anycert_error *err)
{
    struct anycert__identity made = {0};

    if ((path && anycert__check_text(path, "path of the PKCS#12 file", err) < 0) ||
        check_is_file(path, "the PKCS#12 file", err) < 0)
        return -1;
    if (!path && password)
        return anycert__fail(err, ANYCERT_E_USAGE, "a password needs a PKCS#12 file");
    if (anycert__replace(&made.p12_path, path, err) == 0 &&
        anycert__replace(&made.p12_password, password, err) == 0)
        return put(config, &made);
    anycert__identity_clear(&made);
    return -1;
}

int anycert_config_set_client_cert_pkcs11(struct anycert_config *config, const char *uri,
                                          const char *pin, struct anycert_error *err)
{
    struct anycert__identity made = {0};

    if (uri && anycert__client_cert_check_uri(uri, err) < 0)
        return -1;
    if (!uri && pin)
        return anycert__fail(err, ANYCERT_E_USAGE, "a PIN needs a PKCS#11 URI");
    if (anycert__replace(&made.uri, uri, err) == 0 && anycert__replace(&made.pin, pin, err) == 0)
        return put(config, &made);
    anycert__identity_clear(&made);
    return -1;
}

/* ---- reading it */

static void free_file(char *bytes, size_t len)
{
    if (bytes)
        anycert__wipe(bytes, len);
    anycert__free(bytes);
}

/* Others take FILE:PASSWORD for a certificate. A path that cannot be read is not shown from its
 * first colon on, for what is behind it may be such a password. */
static int read_file(const char *path, const char *what, char **bytes, size_t *len,
                     struct anycert_error *err)
{
    struct anycert_error found = {0};
    size_t shown = strcspn(path, ":");

    if (anycert__file_read(path, MAX_FILE, ANYCERT_E_CLIENT_CERT, what, bytes, len, &found) == 0)
        return 0;
    if (path[shown] == '\0' || found.code != ANYCERT_E_CLIENT_CERT) {
        if (err && err->code == 0)
            *err = found;
        return -1;
    }
    (void)anycert__fail_errno(err, ANYCERT_E_CLIENT_CERT, found.os_errno,
                              "%s '%.*s' and what is behind its ':' cannot be read as one file; a "
                              "password is no part of the path",
                              what, (int)shown, path);
    return -1;
}

/* The certificate from a file, for a key that stays on its token. */
static int load_cert_of_token(const struct anycert__identity *identity,
                              struct anycert__client_cert **out, struct anycert_error *err)
{
    char *cert = NULL;
    size_t len = 0;
    int result = -1;

    if (read_file(identity->cert_path, "client certificate", &cert, &len, err) < 0)
        return -1;
    result = anycert__client_cert_load_pkcs11(identity->key_path, identity->key_password, cert, len,
                                              out, err);
    if (result < 0)
        anycert__error_prefix(err, "%s", identity->cert_path);
    free_file(cert, len);
    return result;
}

static int load_pem(const struct anycert__identity *identity, struct anycert__client_cert **out,
                    struct anycert_error *err)
{
    const char *key_path = identity->key_path;
    char *cert = NULL;
    char *key = NULL;
    size_t cert_len = 0;
    size_t key_len = 0;
    int result = -1;

    if (read_file(identity->cert_path, "client certificate", &cert, &cert_len, err) < 0)
        goto out;
    if (key_path && read_file(key_path, "client key", &key, &key_len, err) < 0)
        goto out;
    result =
        anycert__client_cert_load(cert, cert_len, key, key_len, identity->key_password, out, err);
    if (result < 0)
        anycert__error_prefix(err, "%s", key_path ? key_path : identity->cert_path);
out:
    free_file(cert, cert_len);
    free_file(key, key_len);
    return result;
}

static int load_p12(const struct anycert__identity *identity, struct anycert__client_cert **out,
                    struct anycert_error *err)
{
    char *bytes = NULL;
    size_t len = 0;
    int result = -1;

    if (read_file(identity->p12_path, "PKCS#12 file", &bytes, &len, err) < 0)
        return -1;
    result = anycert__client_cert_load_p12(bytes, len, identity->p12_password, out, err);
    if (result < 0)
        anycert__error_prefix(err, "%s", identity->p12_path);
    free_file(bytes, len);
    return result;
}

int anycert__identity_load(const struct anycert__identity *identity,
                           struct anycert__client_cert **out, struct anycert_error *err)
{
    if (identity->cert_path && identity->key_path &&
        anycert__client_cert_is_uri(identity->key_path))
        return load_cert_of_token(identity, out, err);
    if (identity->cert_path)
        return load_pem(identity, out, err);
    if (identity->p12_path)
        return load_p12(identity, out, err);
    if (identity->uri)
        return anycert__client_cert_load_pkcs11(identity->uri, identity->pin, NULL, 0, out, err);
    return 0;
}
