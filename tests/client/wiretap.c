#include "client/wiretap.h"

#include <openssl/ssl.h>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

struct wiretap {
    struct wiretap_plan plan;
    SSL_CTX *ctx;
    int listener;
    uint16_t port;
    pthread_t thread;
    pthread_mutex_t mutex; /* over all below */
    pthread_cond_t changed;
    unsigned live;
    struct wiretap_seen seen;
};

/* One connection; ssl is NULL without TLS. */
struct line {
    struct wiretap *tap;
    int fd;
    SSL *ssl;
};

/* ---- bytes */

static void remember(struct wiretap *tap, const char *bytes, size_t len)
{
    pthread_mutex_lock(&tap->mutex);
    if (len > sizeof tap->seen.text - 1 - tap->seen.len)
        len = sizeof tap->seen.text - 1 - tap->seen.len;
    memcpy(tap->seen.text + tap->seen.len, bytes, len);
    tap->seen.len += len;
    pthread_mutex_unlock(&tap->mutex);
}

/* Bytes read, 0 at the end or on an error, -1 for none yet. */
static int line_read(struct line *line, char *out, int size)
{
    int n = 0;

    if (!line->ssl) {
        n = (int)recv(line->fd, out, (size_t)size, 0);
        return n > 0 ? n : 0;
    }
    n = SSL_read(line->ssl, out, size);
    if (n > 0)
        return n;
    return SSL_get_error(line->ssl, n) == SSL_ERROR_WANT_READ ? -1 : 0;
}

static bool line_write(struct line *line, const char *bytes, int len)
{
    if (line->ssl)
        return SSL_write(line->ssl, bytes, len) == len;
    return send(line->fd, bytes, (size_t)len, MSG_NOSIGNAL) == len;
}

/* ---- what it does */

static int dial(uint16_t port)
{
    const struct sockaddr_in address = {
        .sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    if (fd >= 0 && connect(fd, (const struct sockaddr *)&address, sizeof address) != 0) {
        close(fd);
        return -1;
    }
    return fd;
}

/* Passes bytes on until one side ends. */
static void relay(struct line *line, int other)
{
    char bytes[16384];

    for (;;) {
        struct pollfd wait[2] = {{.fd = line->fd, .events = POLLIN},
                                 {.fd = other, .events = POLLIN}};
        bool pending = line->ssl && SSL_pending(line->ssl) > 0;
        int n = 0;

        if (poll(wait, 2, pending ? 0 : -1) < 0)
            return;
        if (pending || wait[0].revents) {
            n = line_read(line, bytes, sizeof bytes);
            if (n == 0 || (n > 0 && send(other, bytes, (size_t)n, MSG_NOSIGNAL) != n))
                return;
        }
        if (wait[1].revents) {
            n = (int)recv(other, bytes, sizeof bytes, 0);
            if (n <= 0 || !line_write(line, bytes, n))
                return;
        }
    }
}

static void tunnel(struct line *line, uint16_t port, const char *welcome, int welcome_len)
{
    int other = dial(port);

    if (other < 0)
        return;
    if (line_write(line, welcome, welcome_len))
        relay(line, other);
    close(other);
}

/* Reads one request header; its length, or 0 at the end. */
static size_t read_head(struct line *line, char *head, size_t size)
{
    size_t len = 0;

    head[0] = '\0';
    while (!strstr(head, "\r\n\r\n")) {
        int n = len + 1 < size ? line_read(line, head + len, (int)(size - len - 1)) : 0;

        if (n == 0)
            return 0;
        if (n < 0)
            continue;
        remember(line->tap, head + len, (size_t)n);
        len += (size_t)n;
        head[len] = '\0';
        if (head[0] == 0x16) /* TLS where there is none */
            return 0;
    }
    return len;
}

static void serve(struct line *line)
{
    static const char answer[] = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi";
    static const char welcome[] = "HTTP/1.1 200 Connection established\r\n"
                                  "Set-Cookie: proxy=1; Path=/\r\n\r\n";
    const struct wiretap_plan *plan = &line->tap->plan;
    char head[8192];

    while (read_head(line, head, sizeof head) > 0) {
        if (line->tap->plan.role == WIRETAP_PROXY && strncmp(head, "CONNECT ", 8) == 0) {
            const char *colon = strchr(head + 8, ':');

            if (colon)
                tunnel(line, (uint16_t)strtoul(colon + 1, NULL, 10), welcome, sizeof welcome - 1);
            return;
        }
        if (!line_write(line, plan->answer ? plan->answer : answer,
                        plan->answer ? (int)strlen(plan->answer) : (int)sizeof answer - 1))
            return;
    }
}

static bool read_exactly(struct line *line, unsigned char *out, size_t len)
{
    return recv(line->fd, out, len, MSG_WAITALL) == (ssize_t)len;
}

static void remember_target(struct line *line, int version, bool is_name, const char *target)
{
    char text[400];

    snprintf(text, sizeof text, "%d %s %s\n", version, is_name ? "name" : "address", target);
    remember(line->tap, text, strlen(text));
}

/* Text up to its NUL. */
static bool read_text(struct line *line, char *out, size_t size)
{
    for (size_t i = 0; i < size; i++) {
        if (!read_exactly(line, (unsigned char *)out + i, 1))
            return false;
        if (out[i] == '\0')
            return true;
    }
    return false;
}

/* The version's byte has been read. Whatever host is asked for, it is 127.0.0.1. */
static void serve_socks4(struct line *line)
{
    static const char connected[] = {0, 90, 0, 0, 127, 0, 0, 1};
    unsigned char bytes[7];
    char user[256];
    char target[256];
    bool is_name = false;

    if (!read_exactly(line, bytes, sizeof bytes) || !read_text(line, user, sizeof user))
        return;
    is_name = bytes[3] == 0 && bytes[4] == 0 && bytes[5] == 0 && bytes[6] != 0;
    snprintf(target, sizeof target, "%d.%d.%d.%d", bytes[3], bytes[4], bytes[5], bytes[6]);
    if (is_name && !read_text(line, target, sizeof target))
        return;
    remember_target(line, 4, is_name, target);
    tunnel(line, (uint16_t)(bytes[1] << 8 | bytes[2]), connected, sizeof connected);
}

/* RFC 1928. */
static void serve_socks5(struct line *line)
{
    static const char chosen[] = {5, 0};
    static const char connected[] = {5, 0, 0, 1, 127, 0, 0, 1, 0, 0};
    unsigned char bytes[512];
    char target[300] = "?";
    size_t host = 4;

    if (!read_exactly(line, bytes + 1, 1) || !read_exactly(line, bytes + 2, bytes[1]) ||
        !line_write(line, chosen, sizeof chosen) || !read_exactly(line, bytes, 4))
        return;
    if (bytes[3] == 3) {
        if (!read_exactly(line, bytes + 4, 1))
            return;
        host = bytes[4];
    } else if (bytes[3] == 4) {
        host = 16;
    }
    if (!read_exactly(line, bytes + 5, host + 2))
        return;
    if (bytes[3] == 3)
        snprintf(target, sizeof target, "%.*s", (int)host, (const char *)bytes + 5);
    else if (!inet_ntop(bytes[3] == 4 ? AF_INET6 : AF_INET, bytes + 5, target, sizeof target))
        return;
    remember_target(line, 5, bytes[3] == 3, target);
    tunnel(line, (uint16_t)(bytes[5 + host] << 8 | bytes[6 + host]), connected, sizeof connected);
}

static void serve_socks(struct line *line)
{
    unsigned char version = 0;

    if (!read_exactly(line, &version, 1))
        return;
    if (version == 4)
        serve_socks4(line);
    else if (version == 5)
        serve_socks5(line);
}

static void note_handshake(struct line *line)
{
    struct wiretap *tap = line->tap;

    pthread_mutex_lock(&tap->mutex);
    tap->seen.handshakes++;
    if (SSL_session_reused(line->ssl))
        tap->seen.resumptions++;
    pthread_mutex_unlock(&tap->mutex);
}

static void *run_line(void *arg)
{
    struct line *line = arg;
    struct wiretap *tap = line->tap;
    bool up = true;
    int on = 1;

    /* Answers do not wait behind TLS 1.3's tickets. */
    (void)setsockopt(line->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    if (tap->ctx) {
        line->ssl = SSL_new(tap->ctx);
        up = line->ssl && SSL_set_fd(line->ssl, line->fd) == 1 && SSL_accept(line->ssl) == 1;
        if (up)
            note_handshake(line);
    }
    if (up && tap->plan.role == WIRETAP_SOCKS)
        serve_socks(line);
    else if (up)
        serve(line);
    SSL_free(line->ssl);
    close(line->fd);
    free(line);
    pthread_mutex_lock(&tap->mutex);
    tap->live--;
    pthread_cond_signal(&tap->changed);
    pthread_mutex_unlock(&tap->mutex);
    return NULL;
}

static void *run(void *arg)
{
    struct wiretap *tap = arg;
    pthread_attr_t detached;
    sigset_t all;

    sigfillset(&all); /* a client that has gone must not end the test by SIGPIPE; its threads
                         inherit this */
    pthread_sigmask(SIG_BLOCK, &all, NULL);
    pthread_attr_init(&detached);
    pthread_attr_setdetachstate(&detached, PTHREAD_CREATE_DETACHED);
    for (;;) {
        int fd = accept(tap->listener, NULL, NULL);
        struct line *line = fd >= 0 ? calloc(1, sizeof *line) : NULL;
        pthread_t thread;

        if (!line)
            break;
        line->tap = tap;
        line->fd = fd;
        pthread_mutex_lock(&tap->mutex);
        tap->live++;
        tap->seen.connections++;
        pthread_mutex_unlock(&tap->mutex);
        if (pthread_create(&thread, &detached, run_line, line) != 0)
            abort();
    }
    pthread_attr_destroy(&detached);
    return NULL;
}

/* ---- its TLS */

static int note_client_cert(X509_STORE_CTX *ctx, void *arg)
{
    struct wiretap *tap = arg;

    pthread_mutex_lock(&tap->mutex);
    tap->seen.client_certs++;
    pthread_mutex_unlock(&tap->mutex);
    X509_STORE_CTX_set_error(ctx, X509_V_OK);
    return 1;
}

static int staple(SSL *ssl, void *arg)
{
    const struct wiretap *tap = arg;
    unsigned char *copy = OPENSSL_memdup(tap->plan.staple, tap->plan.staple_len);

    if (!copy || SSL_set_tlsext_status_ocsp_resp(ssl, copy, (long)tap->plan.staple_len) != 1)
        return SSL_TLSEXT_ERR_ALERT_FATAL;
    return SSL_TLSEXT_ERR_OK;
}

static void make_context(struct wiretap *tap)
{
    tap->ctx = SSL_CTX_new(TLS_server_method());
    assert_non_null(tap->ctx);
    SSL_CTX_set_security_level(tap->ctx, 0); /* what it shows is for clients to judge */
    assert_int_equal(SSL_CTX_use_certificate(tap->ctx, tap->plan.cert), 1);
    assert_int_equal(SSL_CTX_use_PrivateKey(tap->ctx, tap->plan.key), 1);
    SSL_CTX_set_mode(tap->ctx, SSL_MODE_NO_AUTO_CHAIN);
    for (size_t i = 0; i < sizeof tap->plan.chain / sizeof tap->plan.chain[0] && tap->plan.chain[i];
         i++)
        assert_int_equal(SSL_CTX_add1_chain_cert(tap->ctx, tap->plan.chain[i]), 1);
    assert_int_equal(SSL_CTX_set_max_proto_version(tap->ctx, tap->plan.max_version), 1);
    assert_int_equal(SSL_CTX_set_session_id_context(tap->ctx, (const unsigned char *)"tap", 3), 1);
    SSL_CTX_clear_mode(tap->ctx, SSL_MODE_AUTO_RETRY);
    SSL_CTX_set_max_early_data(tap->ctx, 16384);
    if (tap->plan.wants_client_cert) {
        SSL_CTX_set_verify(tap->ctx, SSL_VERIFY_PEER, NULL);
        SSL_CTX_set_cert_verify_callback(tap->ctx, note_client_cert, tap);
    }
    if (tap->plan.staple) {
        SSL_CTX_set_tlsext_status_cb(tap->ctx, staple);
        SSL_CTX_set_tlsext_status_arg(tap->ctx, tap);
    }
}

struct wiretap *wiretap_start(const struct wiretap_plan *plan)
{
    struct wiretap *tap = calloc(1, sizeof *tap);
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof address;

    assert_non_null(tap);
    tap->plan = *plan;
    pthread_mutex_init(&tap->mutex, NULL);
    pthread_cond_init(&tap->changed, NULL);
    if (plan->cert)
        make_context(tap);
    tap->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(tap->listener, (struct sockaddr *)&address, sizeof address), 0);
    assert_int_equal(listen(tap->listener, 64), 0);
    assert_int_equal(getsockname(tap->listener, (struct sockaddr *)&address, &len), 0);
    tap->port = ntohs(address.sin_port);
    assert_int_equal(pthread_create(&tap->thread, NULL, run, tap), 0);
    return tap;
}

uint16_t wiretap_port(const struct wiretap *tap)
{
    return tap->port;
}

struct wiretap_seen wiretap_stop(struct wiretap *tap)
{
    struct wiretap_seen seen;

    shutdown(tap->listener, SHUT_RDWR);
    pthread_join(tap->thread, NULL);
    close(tap->listener);
    pthread_mutex_lock(&tap->mutex);
    while (tap->live > 0)
        pthread_cond_wait(&tap->changed, &tap->mutex);
    seen = tap->seen;
    pthread_mutex_unlock(&tap->mutex);
    SSL_CTX_free(tap->ctx);
    pthread_cond_destroy(&tap->changed);
    pthread_mutex_destroy(&tap->mutex);
    free(tap);
    return seen;
}
