/* lab.h — misbehaving HTTPS servers on loopback, for trying out what a client does.
 *
 * Each condition is one server with one defect (or none), on a free port of 127.0.0.1 and, where
 * the machine has it, of ::1. Keys and certificates are made in memory at start and are valid
 * relative to the present time. TLS is served by OpenSSL in this process; the few conditions that
 * OpenSSL cannot serve are left to a packaged server that runs as a child.
 *
 *     struct anycert_error err = {0};
 *     struct lab *lab;
 *     if (lab_start(NULL, 0, &lab, &err) == 0) {
 *         const struct lab_server *s = lab_server_find(lab, "expired");
 *         ... lab_server_url(s), lab_file(lab, LAB_FILE_ROOT) ...
 *         lab_stop(lab);
 *     }
 *
 * Routes of every condition with LAB_HTTP_ROUTES (HTTP/1.1, keep-alive; described in lab/routes.c):
 * /  /json  /echo  /mirror  /status/NNN  /redirect?to=URL&code=NNN  /endless-redirect  /bytes/N
 * /chunked/N  /gzip/N  /truncated  /truncated-chunked  /close-delimited  /close-delimited-unclean
 * /length-unclean  /chunked-unclean  /headers/N  /many-headers/N  /slow/MS  /stall  /drip/N
 * /connection-close  /set-cookie  /pages/N
 *
 * Threads: conditions are constant. A lab may be read (every lab_server_… and lab_… accessor) from
 * any thread; lab_start and lab_stop belong to one thread. No signal disposition is changed,
 * SIGPIPE is never raised, and the lab's threads block all signals. */
#ifndef ANYCERT_LAB_H
#define ANYCERT_LAB_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <anycert/error.h>

/* What a client finds behind the handshake. */
enum lab_http {
    LAB_HTTP_NONE,   /* there is no HTTP: the connection ends before */
    LAB_HTTP_ROUTES, /* the routes above */
    LAB_HTTP_BROKEN, /* every path gets the answer that is the condition */
    LAB_HTTP_PAGE,   /* the packaged server's own status page on every path */
};

struct lab_condition {
    const char *name;  /* kebab-case, unique */
    const char *wrong; /* what is wrong, one line */
    const char
        *needs; /* least policy of ours that gets the answer of "/", in policy text: "hardened",
                   "hardened+expired"; NULL if none does. Remedies that relax nothing (a pin,
                   another CA, the missing intermediate, a client certificate) are in `remedy` */
    const char *remedy; /* what helps without a relaxation, or "" */
    const char
        *host; /* host part of the URL: "localhost", "127.0.0.1", or a name to resolve by hand */
    const char *package; /* Debian package of the server it runs, or NULL for our own process */
    enum lab_http http;  /* what is served behind the handshake */
    bool trust_any; /* whether trust-any gets the answer of "/" with the OpenSSL of this build */
    bool plain;     /* the URL is http:// */
};

/* All conditions, sorted by topic; constant. */
const struct lab_condition *lab_conditions(size_t *count);
/* NULL if there is none of that name. */
const struct lab_condition *lab_condition_find(const char *name);
/* The condition whose name is closest to a misspelt one, or NULL if none is near. */
const struct lab_condition *lab_condition_nearest(const char *name);

/* 0 if each name is a condition's and none comes twice, else -1 with USAGE; the message gives the
 * nearest. */
ANYCERT_NODISCARD int lab_names_check(const char *const *names, size_t count,
                                      struct anycert_error *err);

struct lab;
struct lab_server;

/* Starts the named conditions (count 0: all of them) and returns when every server takes
 * connections. 0, or -1 with USAGE (as lab_names_check), FILE (temporary folder, or a packaged
 * server is missing: the message names its package), NETWORK (no port), INTERNAL (OpenSSL,
 * processes), NOMEM.
 */
ANYCERT_NODISCARD int lab_start(const char *const *names, size_t count, struct lab **out,
                                struct anycert_error *err);
/* Ends every connection, joins the threads, kills the children, removes the temporary folder. NULL
 * is a no-op. */
void lab_stop(struct lab *lab);

/* Running servers, in the order asked for. All strings belong to the lab. */
size_t lab_server_count(const struct lab *lab);
const struct lab_server *lab_server_at(const struct lab *lab,
                                       size_t index); /* NULL behind the last */
const struct lab_server *lab_server_find(const struct lab *lab,
                                         const char *name); /* NULL if not running */

const struct lab_condition *lab_server_condition(const struct lab_server *server);
const char *lab_server_name(const struct lab_server *server);
const char *lab_server_url(const struct lab_server *server); /* "https://localhost:40001/" */
uint16_t lab_server_port(const struct lab_server *server);
/* "NAME:PORT:127.0.0.1" for the option --resolve, or NULL where the host needs no help. */
const char *lab_server_resolve(const struct lab_server *server);
/* The pin of the leaf's key, "sha256//BASE64", or NULL where no certificate is shown. */
const char *lab_server_pin(const struct lab_server *server);
/* The certificates as the server sends them, PEM, leaf first; NULL where none is shown. */
const char *lab_server_chain_pem(const struct lab_server *server);
/* What the reader should know about this run (such as a child that listens beyond loopback), or
 * NULL. */
const char *lab_server_note(const struct lab_server *server);

/* Files of the lab's certificate authority, in its temporary folder. */
enum lab_file {
    LAB_FILE_ROOT,         /* PEM, the root that good chains lead to */
    LAB_FILE_INTERMEDIATE, /* PEM, the intermediate that incomplete-chain leaves out */
    LAB_FILE_OTHER_ROOT,   /* PEM, the root of untrusted-root */
    LAB_FILE_CLIENT_CERT,  /* PEM, the client certificate that client-cert-required accepts */
    LAB_FILE_CLIENT_KEY,   /* PEM, its key, unencrypted */
};
const char *lab_file(const struct lab *lab, enum lab_file which);
/* The root as PEM in memory, NUL-terminated; len may be NULL. */
const char *lab_root_pem(const struct lab *lab, size_t *len);

/* Counters since the start; the handshakes and requests of packaged servers are not counted. */
uint64_t lab_server_connections(const struct lab_server *server); /* TCP connections accepted */
uint64_t
lab_server_full_handshakes(const struct lab_server *server); /* completed, certificate sent */
uint64_t
lab_server_resumptions(const struct lab_server *server);       /* completed by resuming a session */
uint64_t lab_server_requests(const struct lab_server *server); /* HTTP requests read */

/* The first ClientHello of the newest connection that sent one. */
#define LAB_HELLO_RAW_MAX 8192
struct lab_hello {
    uint16_t legacy_version;
    uint16_t suites[256];
    size_t suite_count;
    uint16_t extensions[64]; /* in the order sent */
    size_t extension_count;
    uint16_t groups[64];
    size_t group_count;
    uint16_t signature_algorithms[64];
    size_t signature_algorithm_count;
    uint16_t versions[16]; /* of supported_versions */
    size_t version_count;
    char alpn[8][32]; /* NUL-terminated, longer ones cut */
    size_t alpn_count;
    char sni[256];                        /* "" if not sent */
    unsigned char raw[LAB_HELLO_RAW_MAX]; /* the handshake message, with its four-byte header */
    size_t raw_len;                       /* 0 if it was longer */
};
/* Copies it; 0, or -1 if there was none yet. */
int lab_server_hello(const struct lab_server *server, struct lab_hello *out);
/* Whether an extension id or a suite number was in it. */
bool lab_hello_has_extension(const struct lab_hello *hello, uint16_t id);
bool lab_hello_has_suite(const struct lab_hello *hello, uint16_t suite);

#endif
