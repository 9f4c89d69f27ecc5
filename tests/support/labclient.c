#include "support/labclient.h"

#include <openssl/err.h>
#include <openssl/x509v3.h>

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#define STRICT_CIPHERS                                                                             \
    "ECDHE+AESGCM:ECDHE+CHACHA20:DHE+AESGCM:ECDHE-ECDSA-AES128-SHA256:ECDHE-RSA-AES128-SHA256:"    \
    "ECDHE-ECDSA-AES256-SHA384:ECDHE-RSA-AES256-SHA384:DHE-RSA-AES128-SHA256:DHE-RSA-AES256-"      \
    "SHA256:DHE+CHACHA20:ECDHE-ECDSA-AES256-CCM:ECDHE-ECDSA-AES128-CCM"
#define STRICT_SIGALGS                                                                             \
    "ECDSA+SHA256:ECDSA+SHA384:ECDSA+SHA512:ed25519:RSA-PSS+SHA256:RSA-PSS+SHA384:RSA-PSS+SHA512:" \
    "RSA+SHA256:RSA+SHA384:RSA+SHA512"

const char *labclient_ending_name(enum ending ending)
{
    static const char *const names[] = {"connected", "refused by us", "alert",  "not TLS",
                                        "reset",     "closed",        "silence"};

    return names[ending];
}

static int compare_ints(const void *a, const void *b)
{
    return *(const int *)a - *(const int *)b;
}

static void note_error(struct labclient *client, int value)
{
    for (size_t i = 0; i < client->code_count; i++) {
        if (client->codes[i] == value) {
            return;
        }
    }
    if (client->code_count < sizeof(client->codes) / sizeof(client->codes[0])) {
        client->codes[client->code_count++] = value;
        qsort(client->codes, client->code_count, sizeof(int), compare_ints);
    }
}

static int collect(int ok, X509_STORE_CTX *store)
{
    SSL *ssl = X509_STORE_CTX_get_ex_data(store, SSL_get_ex_data_X509_STORE_CTX_idx());
    struct labclient *client = SSL_get_app_data(ssl);

    if (!ok) {
        note_error(client,
                   X509_STORE_CTX_get_error(store) * 100 + X509_STORE_CTX_get_error_depth(store));
    }
    return 1;
}

static int allow(const SSL *ssl, const SSL_CTX *ctx, int operation, int bits, int nid, void *other,
                 void *extra)
{
    (void)ssl, (void)ctx, (void)operation, (void)bits, (void)nid, (void)other, (void)extra;
    return 1;
}

static int connect_to(const struct lab_server *server, unsigned knobs)
{
    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_port = htons(lab_server_port(server)),
                                  .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    struct timeval patience = {20, 0};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    if (knobs & KNOB_IMPATIENT) {
        patience = (struct timeval){0, 500000};
    }
    if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience)) != 0 ||
        connect(fd, (struct sockaddr *)&address, sizeof(address)) != 0) {
        perror("connect");
        abort();
    }
    return fd;
}

/* Without a key share, as it comes last: the hello stays small. */
#if OPENSSL_VERSION_NUMBER >= 0x30500000L
#define HYBRID ":X25519MLKEM768"
#else
#define HYBRID ""
#endif

static const char *ciphers_for(unsigned knobs)
{
    if (knobs & KNOB_FORBIDDEN) {
        return "aNULL:eNULL";
    }
    if (knobs & KNOB_FEW) {
        return "ECDHE+AESGCM";
    }
    if (knobs & KNOB_DSA) {
        return "DHE+DSS+AES";
    }
    if (knobs & KNOB_BARE) {
        return "DHE+AES+SHA1";
    }
    if (knobs & KNOB_CIPHERS) {
        return "ALL:!aNULL:!eNULL:!PSK";
    }
    if ((knobs & KNOB_RSA_KX) && (knobs & (KNOB_CBC_SHA1 | KNOB_TLS10))) {
        return "AES128-SHA:AES256-SHA";
    }
    if (knobs & KNOB_RSA_KX) {
        return "AES128-GCM-SHA256";
    }
    if (knobs & (KNOB_CBC_SHA1 | KNOB_TLS10)) {
        return "ECDHE+AES+SHA1:DHE+AES+SHA1";
    }
    return STRICT_CIPHERS;
}

static int set_strength(SSL_CTX *ctx, unsigned knobs)
{
    bool weak = knobs & (KNOB_LEVEL0 | KNOB_TLS10 | KNOB_SHA1 | KNOB_FORBIDDEN);

    SSL_CTX_set_security_level(ctx, weak ? 0 : (knobs & KNOB_LEVEL1) ? 1 : 2);
    if (weak) {
        SSL_CTX_set_security_callback(ctx, allow);
    }
    return SSL_CTX_set_min_proto_version(ctx,
                                         (knobs & KNOB_TLS10) ? TLS1_VERSION : TLS1_2_VERSION) &&
           SSL_CTX_set_max_proto_version(ctx, (knobs & KNOB_BARE)        ? TLS1_VERSION
                                              : (knobs & KNOB_TLS12_MAX) ? TLS1_2_VERSION
                                                                         : 0) &&
           SSL_CTX_set_cipher_list(ctx, ciphers_for(knobs)) &&
           SSL_CTX_set_ciphersuites(ctx, (knobs & KNOB_CIPHERS)
                                             ? "TLS_AES_128_GCM_SHA256:TLS_AES_128_CCM_8_SHA256"
                                             : "TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384") &&
           SSL_CTX_set1_groups_list(ctx,
                                    (knobs & KNOB_GROUPS)
                                        ? "X25519:P-256:P-384:P-521:secp256k1:brainpoolP256r1:P-192"
                                        : "X25519:P-256:P-384:P-521" HYBRID) &&
           SSL_CTX_set1_sigalgs_list(ctx,
                                     (knobs & KNOB_SHA1)  ? STRICT_SIGALGS ":RSA+SHA1:ECDSA+SHA1"
                                     : (knobs & KNOB_DSA) ? STRICT_SIGALGS ":DSA+SHA256:DSA+SHA1"
                                                          : STRICT_SIGALGS);
}

static int set_trust(struct labclient *client, const struct lab *lab, unsigned knobs)
{
    SSL_CTX *ctx = client->ctx;
    X509_STORE *store = SSL_CTX_get_cert_store(ctx);
    X509_VERIFY_PARAM *param = SSL_CTX_get0_param(ctx);

    X509_VERIFY_PARAM_set_auth_level(param, 2);
    SSL_CTX_set_verify(ctx, SSL_VERIFY_PEER, collect);
    if (!X509_STORE_load_file(store, lab_file(lab, LAB_FILE_ROOT)) ||
        ((knobs & KNOB_OTHER_ROOT) &&
         !X509_STORE_load_file(store, lab_file(lab, LAB_FILE_OTHER_ROOT)))) {
        return 0;
    }
    /* A helper in the chain that a client would send is also used to build the server's. */
    if ((knobs & KNOB_INTERMEDIATE) &&
        !X509_STORE_load_file(store, lab_file(lab, LAB_FILE_INTERMEDIATE))) {
        return 0;
    }
    return !(knobs & KNOB_CLIENT_CERT) ||
           (SSL_CTX_use_certificate_file(ctx, lab_file(lab, LAB_FILE_CLIENT_CERT),
                                         SSL_FILETYPE_PEM) &&
            SSL_CTX_use_PrivateKey_file(ctx, lab_file(lab, LAB_FILE_CLIENT_KEY), SSL_FILETYPE_PEM));
}

static int set_name(SSL *ssl, const char *host, unsigned knobs)
{
    bool address = strcmp(host, "127.0.0.1") == 0;
    X509_VERIFY_PARAM *param = SSL_get0_param(ssl);

    X509_VERIFY_PARAM_set_hostflags(param, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS |
                                               X509_CHECK_FLAG_NEVER_CHECK_SUBJECT);
    if (knobs & KNOB_SNI_LOCALHOST) {
        (void)SSL_set_tlsext_host_name(ssl, "localhost");
    } else if (!address && !(knobs & (KNOB_NO_SNI | KNOB_BARE))) {
        (void)SSL_set_tlsext_host_name(ssl, host);
    }
    return address ? X509_VERIFY_PARAM_set1_ip_asc(param, host)
                   : X509_VERIFY_PARAM_set1_host(param, host, 0);
}

static int set_up(struct labclient *client, const struct lab *lab, const struct lab_server *server,
                  unsigned knobs)
{
    client->ctx = SSL_CTX_new(TLS_client_method());
    if (client->ctx == NULL || !set_strength(client->ctx, knobs) ||
        !set_trust(client, lab, knobs)) {
        return 0;
    }
    SSL_CTX_clear_options(client->ctx, SSL_CTX_get_options(client->ctx));
    SSL_CTX_set_options(
        client->ctx,
        ((knobs & KNOB_LEGACY) ? SSL_OP_LEGACY_SERVER_CONNECT : 0) |
            ((knobs & (KNOB_NO_EMS | KNOB_BARE)) ? SSL_OP_NO_EXTENDED_MASTER_SECRET : 0) |
            ((knobs & (KNOB_NO_ETM | KNOB_BARE)) ? SSL_OP_NO_ENCRYPT_THEN_MAC : 0) |
            ((knobs & KNOB_BARE) ? SSL_OP_NO_TICKET : 0) |
            ((knobs & KNOB_LATE) ? 0 : SSL_OP_NO_RENEGOTIATION));
    SSL_CTX_set_post_handshake_auth(client->ctx, (knobs & KNOB_LATE) != 0);
    if (knobs & KNOB_LARGE_CHAIN) {
        SSL_CTX_set_max_cert_list(client->ctx, 1000000);
    }
    client->ssl = SSL_new(client->ctx);
    if (client->ssl == NULL || !SSL_set_fd(client->ssl, client->fd)) {
        return 0;
    }
    SSL_set_app_data(client->ssl, client);
    if (!(knobs & KNOB_BARE)) {
        (void)SSL_set_tlsext_status_type(client->ssl, TLSEXT_STATUSTYPE_ocsp);
    }
    if (!(knobs & (KNOB_NO_ALPN | KNOB_BARE))) {
        (void)SSL_set_alpn_protos(client->ssl, (const unsigned char *)"\x08http/1.1", 9);
    }
    return set_name(client->ssl, lab_server_condition(server)->host, knobs);
}

static enum ending ending_of(struct labclient *client, int result)
{
    int saved = errno;
    int error = SSL_get_error(client->ssl, result);
    int reason = ERR_GET_REASON(ERR_peek_error());

    ERR_clear_error();
    if (error == SSL_ERROR_ZERO_RETURN) {
        return CONNECTED;
    }
    if (error == SSL_ERROR_WANT_READ) {
        return SILENCE;
    }
    if (error == SSL_ERROR_SYSCALL) {
        return saved == ECONNRESET || saved == EPIPE ? RESET : CLOSED;
    }
    if (reason == SSL_R_UNEXPECTED_EOF_WHILE_READING) {
        return CLOSED;
    }
    if (reason == SSL_R_WRONG_VERSION_NUMBER || reason == SSL_R_HTTP_REQUEST ||
        reason == SSL_R_PACKET_LENGTH_TOO_LONG || reason == SSL_R_BAD_RECORD_TYPE) {
        return NOT_TLS;
    }
    if (reason > SSL_AD_REASON_OFFSET && reason < SSL_AD_REASON_OFFSET + 256) {
        client->alert = reason - SSL_AD_REASON_OFFSET;
        return ALERT;
    }
    return REFUSED_BY_US;
}

enum ending labclient_open(struct labclient *client, const struct lab *lab,
                           const struct lab_server *server, unsigned knobs, SSL_SESSION *session)
{
    int result;

    memset(client, 0, sizeof(*client));
    client->fd = connect_to(server, knobs);
    if (lab_server_condition(server)->plain) {
        return CONNECTED;
    }
    if (!set_up(client, lab, server, knobs)) {
        ERR_print_errors_fp(stderr);
        abort();
    }
    if (session != NULL) {
        (void)SSL_set_session(client->ssl, session);
    }
    ERR_clear_error();
    errno = 0;
    result = SSL_connect(client->ssl);
    if (result > 0) {
        /* OpenSSL 3.5 leaves an error behind after a DH group so small that it has no level. */
        ERR_clear_error();
        client->staple_len = SSL_get_tlsext_status_ocsp_resp(client->ssl, &client->staple);
        return CONNECTED;
    }
    return ending_of(client, result);
}

static int receive(struct labclient *client, char *out, size_t size)
{
    errno = 0;
    return client->ssl != NULL ? SSL_read(client->ssl, out, (int)size)
                               : (int)recv(client->fd, out, size, 0);
}

enum ending labclient_talk(struct labclient *client, const char *text, const char *until, char *out,
                           size_t size)
{
    size_t used = 0;
    int len = (int)strlen(text);
    int result = client->ssl != NULL ? SSL_write(client->ssl, text, len)
                                     : (int)send(client->fd, text, (size_t)len, MSG_NOSIGNAL);

    out[0] = '\0';
    while (result > 0 && used + 1 < size) {
        result = receive(client, out + used, size - 1 - used);
        used += result > 0 ? (size_t)result : 0;
        out[used] = '\0';
        if (until != NULL && strstr(out, until) != NULL) {
            return CONNECTED;
        }
    }
    if (result > 0 || (client->ssl == NULL && result == 0)) {
        return CONNECTED;
    }
    if (client->ssl == NULL) {
        return errno == EAGAIN ? SILENCE : RESET;
    }
    return ending_of(client, result);
}

enum ending labclient_get(struct labclient *client, const char *path, char *out, size_t size)
{
    char request[2048];

    snprintf(request, sizeof(request),
             "GET %s HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n", path);
    return labclient_talk(client, request, NULL, out, size);
}

void labclient_close(struct labclient *client)
{
    /* Without the shutdown OpenSSL would call the session unfit for resumption. */
    if (client->ssl != NULL && SSL_is_init_finished(client->ssl)) {
        (void)SSL_shutdown(client->ssl);
        ERR_clear_error();
    }
    SSL_free(client->ssl);
    SSL_CTX_free(client->ctx);
    close(client->fd);
}
