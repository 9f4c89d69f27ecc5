/* labclient.h — a strict TLS client made of OpenSSL alone, for looking at what a server of the lab
 * really does. Strict as the rung hardened is, except that it collects the errors of certificates
 * instead of ending at the first; a knob gives up one thing. */
#ifndef ANYCERT_TESTS_LABCLIENT_H
#define ANYCERT_TESTS_LABCLIENT_H

#include "lab/lab.h"

#include <openssl/ssl.h>

enum {
    KNOB_TLS10 = 1 << 0,     /* from TLS 1.0 on, with CBC-SHA1 and MD5-SHA1 signatures */
    KNOB_LEVEL1 = 1 << 1,    /* security level 1 */
    KNOB_LEVEL0 = 1 << 2,    /* security level 0 and no hard floor */
    KNOB_LEGACY = 1 << 3,    /* servers without RFC 5746 */
    KNOB_GROUPS = 1 << 4,    /* every group */
    KNOB_RSA_KX = 1 << 5,    /* RSA key exchange with AEAD or SHA-2 */
    KNOB_CBC_SHA1 = 1 << 6,  /* AES-CBC with SHA-1 */
    KNOB_CIPHERS = 1 << 7,   /* every suite that authenticates and encrypts */
    KNOB_FORBIDDEN = 1 << 8, /* anonymous and NULL suites only */
    KNOB_SHA1 = 1 << 9,      /* SHA-1 handshake signatures */
    KNOB_TLS12_MAX = 1 << 10,
    KNOB_NO_SNI = 1 << 11,
    KNOB_NO_ALPN = 1 << 12,
    KNOB_NO_EMS = 1 << 13,
    KNOB_CLIENT_CERT = 1 << 14,
    KNOB_LARGE_CHAIN = 1 << 15,
    KNOB_SNI_LOCALHOST = 1 << 16,
    KNOB_IMPATIENT = 1 << 17, /* gives up after half a second of silence, else after twenty */
    KNOB_INTERMEDIATE = 1 << 18,
    KNOB_OTHER_ROOT = 1 << 19,
    KNOB_NO_ETM = 1 << 20,
    KNOB_BARE = 1 << 21, /* with KNOB_TLS10: no later version, no elliptic curve, no extension */
    KNOB_FEW = 1 << 22,  /* few suites */
    KNOB_LATE = 1 << 23, /* renegotiation, and authentication after the handshake */
    KNOB_DSA = 1 << 24,  /* suites and signatures for DSA keys */
};

/* How an attempt ended. */
enum ending {
    CONNECTED = 0,
    REFUSED_BY_US, /* OpenSSL's own decision */
    ALERT,         /* the server's; see labclient.alert */
    NOT_TLS,
    RESET,
    CLOSED,
    SILENCE,
};

struct labclient {
    SSL_CTX *ctx;
    SSL *ssl; /* NULL for plain HTTP */
    int fd;
    int alert;
    int codes[32]; /* code * 100 + depth, sorted, each once */
    size_t code_count;
    const void *staple;
    long staple_len;
};

const char *labclient_ending_name(enum ending ending);

/* Connects and shakes hands. The client is to be closed whatever came of it. A session, if given,
 * is offered for resumption. */
enum ending labclient_open(struct labclient *client, const struct lab *lab,
                           const struct lab_server *server, unsigned knobs, SSL_SESSION *session);
/* Sends text and reads until `size - 1` bytes, the end, or (with `until`) that text arrived.
 * Returns how it ended, CONNECTED for a proper end or a match; out is NUL-terminated. */
enum ending labclient_talk(struct labclient *client, const char *text, const char *until, char *out,
                           size_t size);
/* A GET with Connection: close; CONNECTED if the answer came and ended properly. */
enum ending labclient_get(struct labclient *client, const char *path, char *out, size_t size);
void labclient_close(struct labclient *client);

#endif
