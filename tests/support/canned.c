#define _GNU_SOURCE /* strcasestr, accept4, vasprintf */
#include "support/canned.h"

#include "support/certs.h"

#include <openssl/ssl.h>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#define ANSWERS_MAX     96
#define REQUESTS_MAX    256
#define CONNECTIONS_MAX 256
#define REQUEST_MAX     (4u << 20)

struct answer {
    char *bytes;
    size_t len;
    enum canned_end end;
};

struct canned {
    SSL_CTX *ctx;
    int listener;
    int stop[2];
    pthread_t thread;
    char origin[64];
    uint16_t port;
    const char *greeting;

    pthread_mutex_t mutex;
    bool early; /* answers do not wait for bodies */
    pthread_t threads[CONNECTIONS_MAX];
    unsigned connections;
    struct answer answers[ANSWERS_MAX];
    unsigned answer_count;
    char *requests[REQUESTS_MAX];
    size_t request_lens[REQUESTS_MAX];
    unsigned request_count;
};

struct peer {
    struct canned *canned;
    int fd;
    SSL *ssl;
};

/* False when the test wants to end. */
static bool wait_for(const struct canned *canned, int fd)
{
    struct pollfd set[2] = {{.fd = fd, .events = POLLIN},
                            {.fd = canned->stop[0], .events = POLLIN}};

    while (poll(set, 2, -1) < 0) {
        /* interrupted */
    }
    return set[1].revents == 0;
}

static int peer_read(struct peer *peer, char *out, int size)
{
    if (!peer->ssl || SSL_pending(peer->ssl) == 0) {
        if (!wait_for(peer->canned, peer->fd))
            return -1;
    }
    return peer->ssl ? SSL_read(peer->ssl, out, size) : (int)recv(peer->fd, out, (size_t)size, 0);
}

static void peer_write(struct peer *peer, const char *bytes, size_t len)
{
    while (len > 0) {
        int part = len > 65536 ? 65536 : (int)len;
        int n = peer->ssl ? SSL_write(peer->ssl, bytes, part)
                          : (int)send(peer->fd, bytes, (size_t)part, MSG_NOSIGNAL);

        if (n <= 0)
            return;
        bytes += n;
        len -= (size_t)n;
    }
}

/* How long the whole request is: known once its head is there. */
static bool is_whole(const char *text, size_t len)
{
    const char *end = strstr(text, "\r\n\r\n");
    const char *length = end ? strcasestr(text, "\r\nContent-Length:") : NULL;
    const char *chunked = end ? strcasestr(text, "\r\nTransfer-Encoding: chunked") : NULL;

    if (!end)
        return false;
    if (chunked && chunked < end)
        return len >= 5 && memcmp(text + len - 5, "0\r\n\r\n", 5) == 0;
    if (length && length < end)
        return len - (size_t)(end + 4 - text) >= strtoul(length + 17, NULL, 10);
    return true;
}

static bool answers_early(struct canned *canned)
{
    bool early = false;

    pthread_mutex_lock(&canned->mutex);
    early = canned->early;
    pthread_mutex_unlock(&canned->mutex);
    return early;
}

/* The next request, or NULL at the connection's end. */
static char *read_request(struct peer *peer, size_t *len)
{
    char *text = calloc(1, REQUEST_MAX + 1);

    *len = 0;
    while (text && *len < REQUEST_MAX) {
        int n = peer_read(peer, text + *len, (int)(REQUEST_MAX - *len));

        if (n <= 0)
            break;
        *len += (size_t)n;
        text[*len] = '\0';
        if (answers_early(peer->canned) && strstr(text, "\r\n\r\n"))
            return text;
        if (strcasestr(text, "\r\nExpect: 100-continue") &&
            strstr(text, "\r\n\r\n") == text + *len - 4)
            peer_write(peer, "HTTP/1.1 100 Continue\r\n\r\n", 25);
        if (is_whole(text, *len))
            return text;
    }
    free(text);
    return NULL;
}

/* Keeps the request and gives its answer; false if there is none. */
static bool choose_answer(struct canned *canned, char *request, size_t len, struct answer *out)
{
    bool found = false;

    pthread_mutex_lock(&canned->mutex);
    if (canned->request_count < REQUESTS_MAX) {
        unsigned nth = canned->request_count++;

        canned->requests[nth] = request;
        canned->request_lens[nth] = len;
        if (canned->answer_count > 0) {
            *out = canned->answers[nth < canned->answer_count ? nth : canned->answer_count - 1];
            found = true;
        }
    } else {
        free(request);
    }
    pthread_mutex_unlock(&canned->mutex);
    return found;
}

static void hold(struct peer *peer)
{
    char byte = 0;

    while (peer_read(peer, &byte, 1) > 0) {
        /* whatever it still sends */
    }
}

static void end_connection(struct peer *peer, enum canned_end end)
{
    const struct linger at_once = {1, 0};
    bool known = peer->ssl && SSL_is_init_finished(peer->ssl);

    if (end == CANNED_CLOSE && known)
        (void)SSL_shutdown(peer->ssl);
    else if (end == CANNED_RESET)
        (void)setsockopt(peer->fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
    else
        (void)shutdown(peer->fd, SHUT_WR);
    if (end != CANNED_RESET) {
        (void)shutdown(peer->fd, SHUT_WR);
        if (peer->ssl)
            SSL_set_quiet_shutdown(peer->ssl, 1);
        hold(peer); /* closing with unread bytes would reset the connection */
    }
    SSL_free(peer->ssl);
    close(peer->fd);
}

static void *serve(void *arg)
{
    struct peer peer = *(struct peer *)arg;
    struct canned *canned = peer.canned;
    enum canned_end end = CANNED_KEEP;
    const char *greeting = NULL;
    size_t len = 0;

    free(arg);
    if (canned->ctx) {
        peer.ssl = SSL_new(canned->ctx);
        if (!peer.ssl || !SSL_set_fd(peer.ssl, peer.fd) || SSL_accept(peer.ssl) <= 0) {
            end_connection(&peer, CANNED_UNCLEAN);
            return NULL;
        }
    }
    pthread_mutex_lock(&canned->mutex);
    greeting = canned->greeting;
    pthread_mutex_unlock(&canned->mutex);
    if (greeting)
        peer_write(&peer, greeting, strlen(greeting));
    while (end == CANNED_KEEP) {
        char *request = read_request(&peer, &len);
        struct answer answer = {0};

        if (!request || !choose_answer(canned, request, len, &answer)) {
            end = CANNED_CLOSE;
            break;
        }
        peer_write(&peer, answer.bytes, answer.len);
        end = answer.end;
    }
    if (end == CANNED_HOLD)
        hold(&peer);
    end_connection(&peer, end);
    return NULL;
}

static void *run(void *arg)
{
    struct canned *canned = arg;
    sigset_t pipes;

    sigemptyset(&pipes);
    sigaddset(&pipes, SIGPIPE);
    (void)pthread_sigmask(SIG_BLOCK, &pipes, NULL);
    while (canned->connections < CONNECTIONS_MAX && wait_for(canned, canned->listener)) {
        int fd = accept4(canned->listener, NULL, NULL, SOCK_CLOEXEC);
        struct peer *peer = fd >= 0 ? malloc(sizeof *peer) : NULL;

        if (!peer)
            continue;
        *peer = (struct peer){.canned = canned, .fd = fd};
        pthread_mutex_lock(&canned->mutex);
        if (pthread_create(&canned->threads[canned->connections], NULL, serve, peer) == 0)
            canned->connections++;
        pthread_mutex_unlock(&canned->mutex);
    }
    for (unsigned i = 0; i < canned->connections; i++)
        pthread_join(canned->threads[i], NULL);
    return NULL;
}

static SSL_CTX *make_ctx(void)
{
    SSL_CTX *ctx = SSL_CTX_new(TLS_server_method());
    X509 *cert = certs_make(&(struct certs_recipe){.cn = "localhost",
                                                   .key = certs_key(),
                                                   .san = "DNS:localhost,IP:127.0.0.1",
                                                   .eku = "serverAuth"});

    assert_non_null(ctx);
    assert_int_equal(SSL_CTX_use_certificate(ctx, cert), 1);
    assert_int_equal(SSL_CTX_use_PrivateKey(ctx, certs_key()), 1);
    X509_free(cert);
    return ctx;
}

struct canned *canned_start(bool tls)
{
    struct canned *canned = calloc(1, sizeof *canned);
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof address;

    assert_non_null(canned);
    canned->ctx = tls ? make_ctx() : NULL;
    canned->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_true(canned->listener >= 0);
    assert_int_equal(bind(canned->listener, (struct sockaddr *)&address, len), 0);
    assert_int_equal(listen(canned->listener, 16), 0);
    assert_int_equal(getsockname(canned->listener, (struct sockaddr *)&address, &len), 0);
    canned->port = ntohs(address.sin_port);
    snprintf(canned->origin, sizeof canned->origin, "%s://localhost:%u", tls ? "https" : "http",
             (unsigned)canned->port);
    assert_int_equal(pipe(canned->stop), 0);
    assert_int_equal(pthread_mutex_init(&canned->mutex, NULL), 0);
    assert_int_equal(pthread_create(&canned->thread, NULL, run, canned), 0);
    return canned;
}

void canned_stop(struct canned *canned)
{
    if (!canned)
        return;
    assert_int_equal(write(canned->stop[1], "x", 1), 1);
    pthread_join(canned->thread, NULL);
    close(canned->stop[0]);
    close(canned->stop[1]);
    close(canned->listener);
    SSL_CTX_free(canned->ctx);
    for (unsigned i = 0; i < canned->answer_count; i++)
        free(canned->answers[i].bytes);
    for (unsigned i = 0; i < canned->request_count; i++)
        free(canned->requests[i]);
    pthread_mutex_destroy(&canned->mutex);
    free(canned);
}

uint16_t canned_port(const struct canned *canned)
{
    return canned->port;
}

const char *canned_origin(const struct canned *canned)
{
    return canned->origin;
}

void canned_greet(struct canned *canned, const char *greeting)
{
    pthread_mutex_lock(&canned->mutex);
    canned->greeting = greeting;
    pthread_mutex_unlock(&canned->mutex);
}

void canned_answer_early(struct canned *canned)
{
    pthread_mutex_lock(&canned->mutex);
    canned->early = true;
    pthread_mutex_unlock(&canned->mutex);
}

void canned_answer(struct canned *canned, const void *bytes, size_t len, enum canned_end end)
{
    char *copy = malloc(len + 1);

    assert_non_null(copy);
    memcpy(copy, bytes, len);
    pthread_mutex_lock(&canned->mutex);
    assert_true(canned->answer_count < ANSWERS_MAX);
    canned->answers[canned->answer_count++] = (struct answer){copy, len, end};
    pthread_mutex_unlock(&canned->mutex);
}

void canned_text(struct canned *canned, enum canned_end end, const char *format, ...)
{
    char *text = NULL;
    va_list args;
    int len = 0;

    va_start(args, format);
    len = vasprintf(&text, format, args);
    va_end(args);
    assert_true(len >= 0);
    canned_answer(canned, text, (size_t)len, end);
    free(text);
}

unsigned canned_connections(struct canned *canned)
{
    unsigned count = 0;

    pthread_mutex_lock(&canned->mutex);
    count = canned->connections;
    pthread_mutex_unlock(&canned->mutex);
    return count;
}

unsigned canned_requests(struct canned *canned)
{
    unsigned count = 0;

    pthread_mutex_lock(&canned->mutex);
    count = canned->request_count;
    pthread_mutex_unlock(&canned->mutex);
    return count;
}

char *canned_request(struct canned *canned, unsigned nth, size_t *len)
{
    char *copy = NULL;

    if (len)
        *len = 0;
    pthread_mutex_lock(&canned->mutex);
    if (nth < canned->request_count) {
        copy = malloc(canned->request_lens[nth] + 1);
        assert_non_null(copy);
        memcpy(copy, canned->requests[nth], canned->request_lens[nth] + 1);
        if (len)
            *len = canned->request_lens[nth];
    }
    pthread_mutex_unlock(&canned->mutex);
    return copy;
}
