/* internal.h — what the files of the lab share. */
#ifndef ANYCERT_LAB_INTERNAL_H
#define ANYCERT_LAB_INTERNAL_H

#include "lab/lab.h"
#include "lab/recipe.h"

#include <openssl/ssl.h>

#include <pthread.h>
#include <stdatomic.h>
#include <sys/types.h>

/* Shared with the relay process of a packaged server, hence only atomics: the hello is written
 * under a sequence number that is odd while it changes. */
struct lab__stats {
    _Atomic uint64_t connections;
    _Atomic uint64_t full_handshakes;
    _Atomic uint64_t resumptions;
    _Atomic uint64_t requests;
    _Atomic uint32_t hello_sequence;
    _Atomic uint32_t hello_len;
    _Atomic unsigned char hello[LAB_HELLO_RAW_MAX];
};

/* One certificate authority of the lab, made when first needed. */
struct lab__ca {
    X509 *cert;
    EVP_PKEY *key;
};

struct lab_server {
    const struct lab_condition *condition;
    const struct lab__recipe *recipe;
    struct lab *lab;
    int listeners[2]; /* 127.0.0.1 and ::1, or -1 */
    uint16_t port;
    SSL_CTX *ctx;
    X509 *leaf;
    EVP_PKEY *key;
    X509 *other_leaf; /* with LAB__SHAKE_OTHER_CERT, and its key */
    EVP_PKEY *other_key;
    STACK_OF(X509) * chain; /* as sent, leaf first */
    char *chain_pem;
    unsigned char *staple;
    size_t staple_len;
    char *index; /* the JSON document of "/" */
    size_t index_len;
    struct lab__stats *stats;
    _Atomic unsigned long long tokens_given,
        tokens_revoked;         /* token.c: how many, and up to which */
    pthread_mutex_t hello_lock; /* among the threads that store hellos */
    pid_t relay;                /* of a packaged server, or 0 */
    int relay_status;           /* read end of its status pipe, or -1 */
    char url[320];
    char resolve[320];
    char pin[64];
    char note[200];
};

struct lab__connection {
    struct lab_server *server;
    int fd;
    uint64_t number; /* of this server, from 1 */
    pthread_t thread;
    _Atomic int done;
    struct lab__connection *next;
};

struct lab {
    OSSL_LIB_CTX *libctx; /* of our own: no configuration file reaches it */
    OSSL_PROVIDER *provider;
    BIO_METHOD *bio_method;
    EVP_MD *sha256;
    EVP_PKEY *shared_keys[LAB__KEY_COUNT];
    struct lab__ca authorities[LAB__CA_COUNT];
    time_t now;
    char folder[64];
    int folder_lock;
    char files[5][96];
    char *root_pem;
    size_t root_pem_len;
    struct lab__stats *stats; /* one a server, shared memory */
    size_t stats_size;
    struct lab_server *servers;
    size_t server_count;
    int stop_read; /* readable once stop_write is closed */
    int stop_write;
    pthread_t acceptor;
    bool acceptor_runs;
    struct lab__connection *connections; /* the acceptor's */
    size_t connection_count;
};

/* Fills err (which may be NULL) and returns -1. */
int lab__fail(struct anycert_error *err, int code, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/* The same, with OpenSSL's newest reason behind the sentence. */
int lab__fail_openssl(struct anycert_error *err, const char *doing);

/* keys.c */
/* Makes the shared keys of which any server has need, each in a thread of its own. */
int lab__keys_prepare(struct lab *lab, struct anycert_error *err);
/* A new reference to the shared key, or a fresh key. */
EVP_PKEY *lab__key_get(struct lab *lab, enum lab__key kind);
/* What looks like the EC key shown, and is another one's private half: whoever has only seen the
 * certificate can do no better. */
EVP_PKEY *lab__key_with_public_of(struct lab *lab, EVP_PKEY *shown);

/* authority.c */
/* Root, intermediate, other root and client certificate, written to files. */
int lab__authority_prepare(struct lab *lab, struct anycert_error *err);
const struct lab__ca *lab__authority_get(struct lab *lab, enum lab__ca_id id);
enum lab__ca_id lab__authority_issuer(enum lab__ca_id id); /* itself for a root */
/* Makes leaf, key and chain of a server. */
int lab__chain_make(struct lab_server *server, struct anycert_error *err);
int lab__key_write(const char *path, EVP_PKEY *key, struct anycert_error *err);
/* The certificates as one PEM text; NULL without memory. */
char *lab__pem_of(STACK_OF(X509) * certs, size_t *len);

/* folder.c */
/* Makes the temporary folder and the names of the files in it. */
int lab__folder_open(struct lab *lab, struct anycert_error *err);
void lab__folder_close(struct lab *lab);
/* Writes text to a new file of mode 0600. */
int lab__file_write(const char *path, const void *data, size_t len, struct anycert_error *err);

/* staple.c */
int lab__staple_make(struct lab_server *server, struct anycert_error *err);

/* servertls.c */
int lab__context_make(struct lab_server *server, struct anycert_error *err);
/* A Diffie-Hellman group by OpenSSL's name. */
EVP_PKEY *lab__dh_group(struct lab *lab, const char *name);
/* One of 512, 768, 1024, 1536 or 2048 bits. */
EVP_PKEY *lab__dh_of_bits(struct lab *lab, int bits);

/* server.c: certificates, context, texts and listeners of one server. */
int lab__server_init(struct lab_server *server, struct anycert_error *err);
void lab__server_free(struct lab_server *server);

/* hello.c */
/* Takes the ClientHello out of TLS records: 1 if complete (message at out, its length in out_len),
 * 0 if more bytes are needed, -1 if this is no ClientHello. Safe after fork. */
int lab__hello_extract(const unsigned char *in, size_t len, unsigned char *out, size_t out_max,
                       size_t *out_len);
int lab__hello_parse(const unsigned char *message, size_t len, struct lab_hello *out);
void lab__hello_store(struct lab__stats *stats, const unsigned char *message, size_t len);

/* connection.c: thread body of one connection. */
void *lab__connection_serve(void *argument);

/* child.c */
int lab__child_start(struct lab_server *server, struct anycert_error *err);
/* Waits until the packaged server takes connections. */
int lab__child_ready(struct lab_server *server, struct anycert_error *err);
/* Call after the lab's stop pipe was closed. */
void lab__child_stop(struct lab_server *server);

#endif
