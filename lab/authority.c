/* The lab's certificate authorities, and the chains of its servers. */
#include "lab/x509.h"

#include <openssl/pem.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char default_names[] = "DNS:localhost,IP:127.0.0.1,IP:::1";

struct ca_plan {
    const char *cn;
    enum lab__ca_id issuer; /* itself: a root */
    enum lab__key key;
    int from_days;
    int to_days;
    int path_length;
    const char *constraints;
    bool leaf;
};

static const struct ca_plan plans[LAB__CA_COUNT] = {
    [LAB__CA_ROOT] = {"lab root", LAB__CA_ROOT, LAB__KEY_EC, -3000, 3000, -1, NULL, false},
    [LAB__CA_INTERMEDIATE] = {"lab intermediate", LAB__CA_ROOT, LAB__KEY_EC, -1000, 1000, -1, NULL,
                              false},
    [LAB__CA_RSA] = {"lab RSA intermediate", LAB__CA_ROOT, LAB__KEY_RSA_CA, -1000, 1000, -1, NULL,
                     false},
    [LAB__CA_OTHER_ROOT] = {"lab root that nobody trusts", LAB__CA_OTHER_ROOT, LAB__KEY_EC, -3000,
                            3000, -1, NULL, false},
    [LAB__CA_OTHER] = {"lab intermediate that nobody trusts", LAB__CA_OTHER_ROOT, LAB__KEY_EC,
                       -1000, 1000, -1, NULL, false},
    [LAB__CA_EXPIRED] = {"lab expired intermediate", LAB__CA_ROOT, LAB__KEY_EC, -1000, -3, -1, NULL,
                         false},
    [LAB__CA_NOT_A_CA] = {"lab server that is no CA", LAB__CA_INTERMEDIATE, LAB__KEY_EC, -100, 100,
                          -1, NULL, true},
    [LAB__CA_PATHLEN] = {"lab intermediate without sub-CAs", LAB__CA_ROOT, LAB__KEY_EC, -1000, 1000,
                         0, NULL, false},
    [LAB__CA_BELOW_PATHLEN] = {"lab sub-CA", LAB__CA_PATHLEN, LAB__KEY_EC, -500, 500, -1, NULL,
                               false},
    [LAB__CA_CONSTRAINED] = {"lab intermediate for example.org", LAB__CA_ROOT, LAB__KEY_EC, -1000,
                             1000, -1, "critical,permitted;DNS:example.org", false},
    [LAB__CA_EXPIRED_CROSS] = {"lab root", LAB__CA_OTHER_ROOT, LAB__KEY_EC, -3000, -3, -1, NULL,
                               false},
};

enum lab__ca_id lab__authority_issuer(enum lab__ca_id id)
{
    return plans[id].issuer;
}

static EVP_PKEY *authority_key(struct lab *lab, enum lab__ca_id id)
{
    if (id == LAB__CA_EXPIRED_CROSS) {
        const struct lab__ca *root = lab__authority_get(lab, LAB__CA_ROOT);
        if (root == NULL) {
            return NULL;
        }
        EVP_PKEY_up_ref(root->key);
        return root->key;
    }
    return lab__key_get(lab, plans[id].key);
}

const struct lab__ca *lab__authority_get(struct lab *lab, enum lab__ca_id id)
{
    const struct ca_plan *plan = &plans[id];
    struct lab__ca *ca = &lab->authorities[id];
    const struct lab__ca *issuer = NULL;

    if (ca->cert != NULL) {
        return ca;
    }
    if (plan->issuer != id) {
        issuer = lab__authority_get(lab, plan->issuer);
        if (issuer == NULL) {
            return NULL;
        }
    }
    ca->key = authority_key(lab, id);
    if (ca->key == NULL) {
        return NULL;
    }
    const struct lab__cert_spec spec = {
        .cn = plan->cn,
        .san = plan->leaf ? "DNS:localhost" : NULL,
        .constraints = plan->constraints,
        .purpose = plan->leaf ? "serverAuth" : NULL,
        .from_days = plan->from_days,
        .to_days = plan->to_days,
        .digest = "SHA256",
        .ca = !plan->leaf,
        .path_length = plan->path_length,
        .key = ca->key,
        .issuer = issuer != NULL ? issuer->cert : NULL,
        .issuer_key = issuer != NULL ? issuer->key : NULL,
    };
    ca->cert = lab__cert_make(lab, &spec);
    return ca->cert != NULL ? ca : NULL;
}

/* The content of a memory BIO, NUL-terminated. Frees the BIO. */
static char *bio_text(BIO *bio, size_t *len)
{
    char *data = NULL;
    long size = BIO_get_mem_data(bio, &data);
    char *text = size > 0 ? malloc((size_t)size + 1) : NULL;

    if (text != NULL) {
        memcpy(text, data, (size_t)size);
        text[size] = '\0';
        if (len != NULL) {
            *len = (size_t)size;
        }
    }
    BIO_free(bio);
    return text;
}

char *lab__pem_of(STACK_OF(X509) * certs, size_t *len)
{
    BIO *bio = BIO_new(BIO_s_mem());

    for (int i = 0; bio != NULL && i < sk_X509_num(certs); i++) {
        if (!PEM_write_bio_X509(bio, sk_X509_value(certs, i))) {
            BIO_free(bio);
            return NULL;
        }
    }
    return bio != NULL ? bio_text(bio, len) : NULL;
}

static char *pem_of_one(X509 *cert, size_t *len)
{
    STACK_OF(X509) *one = sk_X509_new_null();
    char *pem = NULL;

    if (one != NULL && sk_X509_push(one, cert)) {
        pem = lab__pem_of(one, len);
    }
    sk_X509_free(one);
    return pem;
}

static int write_cert(const char *path, X509 *cert, struct anycert_error *err)
{
    size_t len = 0;
    char *pem = pem_of_one(cert, &len);
    int result;

    if (pem == NULL) {
        return lab__fail(err, ANYCERT_E_NOMEM, "out of memory");
    }
    result = lab__file_write(path, pem, len, err);
    free(pem);
    return result;
}

int lab__key_write(const char *path, EVP_PKEY *key, struct anycert_error *err)
{
    BIO *bio = BIO_new(BIO_s_mem());
    size_t len = 0;
    char *pem;
    int result;

    if (bio == NULL || !PEM_write_bio_PrivateKey(bio, key, NULL, NULL, 0, NULL, NULL)) {
        BIO_free(bio);
        return lab__fail_openssl(err, "cannot encode a private key");
    }
    pem = bio_text(bio, &len);
    if (pem == NULL) {
        return lab__fail(err, ANYCERT_E_NOMEM, "out of memory");
    }
    result = lab__file_write(path, pem, len, err);
    OPENSSL_cleanse(pem, len);
    free(pem);
    return result;
}

/* The client's certificate comes from the root itself, so that it needs no chain. */
static int make_client(struct lab *lab, struct anycert_error *err)
{
    const struct lab__ca *root = lab__authority_get(lab, LAB__CA_ROOT);
    EVP_PKEY *key = lab__key_get(lab, LAB__KEY_EC);
    X509 *cert = NULL;
    int result = -1;

    if (root != NULL && key != NULL) {
        const struct lab__cert_spec spec = {
            .cn = "lab client",
            .purpose = "clientAuth",
            .from_days = -1,
            .to_days = 30,
            .digest = "SHA256",
            .key = key,
            .issuer = root->cert,
            .issuer_key = root->key,
        };
        cert = lab__cert_make(lab, &spec);
    }
    if (cert == NULL) {
        lab__fail_openssl(err, "cannot make the client certificate");
    } else if (write_cert(lab->files[LAB_FILE_CLIENT_CERT], cert, err) == 0) {
        result = lab__key_write(lab->files[LAB_FILE_CLIENT_KEY], key, err);
    }
    X509_free(cert);
    EVP_PKEY_free(key);
    return result;
}

int lab__authority_prepare(struct lab *lab, struct anycert_error *err)
{
    const struct lab__ca *root = lab__authority_get(lab, LAB__CA_ROOT);
    const struct lab__ca *intermediate = lab__authority_get(lab, LAB__CA_INTERMEDIATE);
    const struct lab__ca *other = lab__authority_get(lab, LAB__CA_OTHER_ROOT);

    if (root == NULL || intermediate == NULL || other == NULL) {
        return lab__fail_openssl(err, "cannot make the lab's certificate authority");
    }
    lab->root_pem = pem_of_one(root->cert, &lab->root_pem_len);
    if (lab->root_pem == NULL) {
        return lab__fail(err, ANYCERT_E_NOMEM, "out of memory");
    }
    if (write_cert(lab->files[LAB_FILE_ROOT], root->cert, err) != 0 ||
        write_cert(lab->files[LAB_FILE_INTERMEDIATE], intermediate->cert, err) != 0 ||
        write_cert(lab->files[LAB_FILE_OTHER_ROOT], other->cert, err) != 0) {
        return -1;
    }
    return make_client(lab, err);
}

/* Without an issuer it signs itself. */
static X509 *make_leaf(struct lab_server *server, EVP_PKEY *key, const struct lab__ca *issuer)
{
    const struct lab__recipe *recipe = server->recipe;
    const struct lab__ca *other = NULL;
    const char *san = recipe->san != NULL ? recipe->san : default_names;

    if (recipe->quirks & LAB__QUIRK_AKI) {
        other = lab__authority_get(server->lab, LAB__CA_OTHER_ROOT);
    }
    const struct lab__cert_spec spec = {
        .cn = recipe->cn != NULL ? recipe->cn : "localhost",
        .san = san[0] != '\0' ? san : NULL,
        .purpose = (recipe->quirks & LAB__QUIRK_CLIENT_ONLY) ? "clientAuth" : "serverAuth",
        .from_days = recipe->to_days != 0 ? recipe->from_days : -1,
        .to_days = recipe->to_days != 0 ? recipe->to_days : 30,
        .digest = recipe->digest != NULL ? recipe->digest : "SHA256",
        .quirks = recipe->quirks,
        .ca = (recipe->quirks & LAB__QUIRK_IS_CA) != 0,
        .path_length = -1,
        .key = key,
        .issuer = issuer != NULL ? issuer->cert : NULL,
        .issuer_key = issuer != NULL ? issuer->key : NULL,
        .key_id_of = other != NULL ? other->cert : NULL,
    };
    return lab__cert_make(server->lab, &spec);
}

static int push(STACK_OF(X509) * chain, X509 *cert, int at)
{
    if (!X509_up_ref(cert)) {
        return 0;
    }
    if (!sk_X509_insert(chain, cert, at)) {
        X509_free(cert);
        return 0;
    }
    return 1;
}

/* Issuers from the leaf's up; reversed, each goes right behind the leaf. */
static int push_issuers(struct lab_server *server)
{
    const struct lab__recipe *recipe = server->recipe;
    bool with_root = recipe->send == LAB__SEND_ROOT_TOO || recipe->send == LAB__SEND_REVERSED;

    if (recipe->issuer == LAB__CA_SELF || recipe->send == LAB__SEND_LEAF) {
        return 1;
    }
    for (enum lab__ca_id id = recipe->issuer;; id = lab__authority_issuer(id)) {
        bool root = lab__authority_issuer(id) == id;
        if ((!root || with_root) &&
            !push(server->chain, server->lab->authorities[id].cert,
                  recipe->send == LAB__SEND_REVERSED ? 1 : sk_X509_num(server->chain))) {
            return 0;
        }
        if (root) {
            break;
        }
    }
    if (recipe->send == LAB__SEND_CROSS) {
        const struct lab__ca *cross = lab__authority_get(server->lab, LAB__CA_EXPIRED_CROSS);
        return cross != NULL && push(server->chain, cross->cert, sk_X509_num(server->chain));
    }
    return 1;
}

/* A CA below the one that last has, which becomes the last one, and is sent before it. */
static int add_to_line(struct lab_server *server, int number, struct lab__ca *last)
{
    struct lab__ca next = {.key = lab__key_get(server->lab, LAB__KEY_EC)};
    char cn[32];

    snprintf(cn, sizeof(cn), "lab CA %d of many", number);
    const struct lab__cert_spec spec = {
        .cn = cn,
        .from_days = -500,
        .to_days = 500,
        .digest = "SHA256",
        .ca = true,
        .path_length = -1,
        .key = next.key,
        .issuer = last->cert,
        .issuer_key = last->key,
    };
    if (next.key != NULL) {
        next.cert = lab__cert_make(server->lab, &spec);
    }
    EVP_PKEY_free(last->key);
    X509_free(last->cert);
    *last = next;
    return next.cert != NULL && push(server->chain, next.cert, 0);
}

/* Who issues the server's certificates; its members are the caller's, and NULL if they sign
 * themselves. */
static int find_issuer(struct lab_server *server, struct lab__ca *out)
{
    const struct lab__recipe *recipe = server->recipe;
    const struct lab__ca *issuer = NULL;

    if (recipe->issuer == LAB__CA_SELF) {
        return 1;
    }
    issuer = lab__authority_get(server->lab, recipe->issuer);
    if (issuer == NULL || !X509_up_ref(issuer->cert)) {
        return 0;
    }
    EVP_PKEY_up_ref(issuer->key);
    *out = *issuer;
    for (int i = 1; (recipe->quirks & LAB__QUIRK_LONG_LINE) && i <= LAB__LINE_LENGTH; i++) {
        if (!add_to_line(server, i, out)) {
            return 0;
        }
    }
    return 1;
}

static int make_leaves(struct lab_server *server)
{
    struct lab__ca issuer = {NULL, NULL};
    const struct lab__ca *signer = NULL;
    int ok = find_issuer(server, &issuer);

    if (issuer.cert != NULL) {
        signer = &issuer;
    }
    server->key = lab__key_get(server->lab, server->recipe->key);
    if (ok && server->key != NULL) {
        server->leaf = make_leaf(server, server->key, signer);
    }
    if (ok && (server->recipe->shake & LAB__SHAKE_OTHER_CERT)) {
        server->other_key = lab__key_get(server->lab, server->recipe->key);
        if (server->other_key != NULL) {
            server->other_leaf = make_leaf(server, server->other_key, signer);
        }
        ok = server->other_leaf != NULL;
    }
    EVP_PKEY_free(issuer.key);
    X509_free(issuer.cert);
    return ok && server->leaf != NULL;
}

int lab__chain_make(struct lab_server *server, struct anycert_error *err)
{
    server->chain = sk_X509_new_null();
    if (server->chain == NULL || !make_leaves(server) || !push(server->chain, server->leaf, 0) ||
        !push_issuers(server)) {
        return lab__fail_openssl(err, "cannot make the certificate chain");
    }
    server->chain_pem = lab__pem_of(server->chain, NULL);
    if (server->chain_pem == NULL) {
        return lab__fail(err, ANYCERT_E_NOMEM, "out of memory");
    }
    return 0;
}
