#include "lab/stream.h"

#include <openssl/err.h>

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define LINGER_MS   2000
#define DRIP_MS     1000
#define CORRUPT_MAX 20000

int lab__stream_wait(struct lab__stream *stream, short events, int ms)
{
    struct pollfd waits[2] = {
        {.fd = stream->stop_fd, .events = POLLIN},
        {.fd = stream->fd, .events = events},
    };

    for (;;) {
        int count = poll(waits, 2, ms);
        if (count < 0 && errno == EINTR) {
            continue;
        }
        if (count < 0 || waits[0].revents != 0) {
            return -1;
        }
        return count > 0;
    }
}

int lab__stream_sleep(struct lab__stream *stream, int ms)
{
    return lab__stream_wait(stream, POLLRDHUP, ms) == 0 ? 0 : -1;
}

/* The socket never blocks and never raises SIGPIPE. -1 with errno, EAGAIN included. */
static ssize_t socket_send(struct lab__stream *stream, const void *data, size_t len)
{
    unsigned char copy[CORRUPT_MAX];

    if (stream->drip) {
        if (lab__stream_sleep(stream, DRIP_MS) != 0) {
            errno = ECANCELED;
            return -1;
        }
        len = 1;
    }
    if (stream->corrupt && len > 0 && len <= sizeof(copy)) {
        memcpy(copy, data, len);
        copy[len - 1] ^= 1;
        data = copy;
    }
    return send(stream->fd, data, len, MSG_NOSIGNAL);
}

static ssize_t socket_receive(struct lab__stream *stream, void *buffer, size_t size)
{
    size_t left = stream->early_len - stream->early_at;

    if (left > 0) {
        size_t len = left < size ? left : size;
        memcpy(buffer, stream->early + stream->early_at, len);
        stream->early_at += len;
        return (ssize_t)len;
    }
    return recv(stream->fd, buffer, size, 0);
}

static bool try_again(void)
{
    return errno == EAGAIN || errno == EINTR;
}

static int bio_write(BIO *bio, const char *data, int len)
{
    ssize_t sent = socket_send(BIO_get_data(bio), data, len > 0 ? (size_t)len : 0);

    BIO_clear_retry_flags(bio);
    if (sent < 0 && try_again()) {
        BIO_set_retry_write(bio);
    }
    return (int)sent;
}

static int bio_read(BIO *bio, char *buffer, int size)
{
    ssize_t got = socket_receive(BIO_get_data(bio), buffer, size > 0 ? (size_t)size : 0);

    BIO_clear_retry_flags(bio);
    if (got < 0 && try_again()) {
        BIO_set_retry_read(bio);
    }
    return (int)got;
}

static long bio_control(BIO *bio, int command, long number, void *pointer)
{
    (void)bio, (void)number, (void)pointer;
    return command == BIO_CTRL_FLUSH;
}

BIO_METHOD *lab__stream_bio_method(void)
{
    int type = BIO_get_new_index();
    BIO_METHOD *method;

    if (type < 0) {
        return NULL;
    }
    method = BIO_meth_new(type | BIO_TYPE_SOURCE_SINK, "lab stream");
    if (method == NULL || !BIO_meth_set_write(method, bio_write) ||
        !BIO_meth_set_read(method, bio_read) || !BIO_meth_set_ctrl(method, bio_control)) {
        BIO_meth_free(method);
        return NULL;
    }
    return method;
}

int lab__stream_set_ssl(struct lab__stream *stream, SSL *ssl)
{
    const struct lab_server *server = SSL_get_app_data(ssl);
    BIO *bio = BIO_new(server->lab->bio_method);

    if (bio == NULL) {
        SSL_free(ssl);
        return -1;
    }
    BIO_set_data(bio, stream);
    BIO_set_init(bio, 1);
    SSL_set_bio(ssl, bio, bio);
    stream->ssl = ssl;
    return 0;
}

/* Waits for what OpenSSL needs after it could not go on: 0 to try again, -1 if there is no point.
 * It asks the BIO, not SSL_get_error: OpenSSL 3.5 leaves an error in the queue after a step that
 * succeeded (a DH group too small to have a level), and that function would take it for a failure.
 */
static int wait_for_ssl(struct lab__stream *stream, int ms)
{
    const BIO *bio = SSL_get_rbio(stream->ssl);
    short events = 0;

    ERR_clear_error();
    if (SSL_want_read(stream->ssl) && BIO_should_read(bio)) {
        events = POLLIN;
    } else if (SSL_want_write(stream->ssl) && BIO_should_write(bio)) {
        events = POLLOUT;
    }
    return events != 0 && lab__stream_wait(stream, events, ms) == 1 ? 0 : -1;
}

ssize_t lab__stream_read(struct lab__stream *stream, void *buffer, size_t size, int ms)
{
    for (;;) {
        if (stream->ssl == NULL) {
            ssize_t got = socket_receive(stream, buffer, size);
            if (got >= 0) {
                return got;
            }
            if (!try_again() || lab__stream_wait(stream, POLLIN, ms) != 1) {
                return -1;
            }
            continue;
        }
        size_t got = 0;
        int result = SSL_read_ex(stream->ssl, buffer, size, &got);
        if (result > 0) {
            return (ssize_t)got;
        }
        if (SSL_get_shutdown(stream->ssl) & SSL_RECEIVED_SHUTDOWN) {
            return 0;
        }
        if (wait_for_ssl(stream, ms) != 0) {
            return -1;
        }
    }
}

/* One write: bytes taken, 0 to try again, -1 on error. */
static ssize_t write_some(struct lab__stream *stream, const unsigned char *data, size_t len)
{
    size_t written = 0;
    int result;

    if (stream->ssl != NULL) {
        result = SSL_write_ex(stream->ssl, data, len, &written);
        return result > 0 ? (ssize_t)written : wait_for_ssl(stream, LAB__IDLE_MS);
    }
    ssize_t sent = socket_send(stream, data, len);
    if (sent >= 0) {
        return sent;
    }
    return try_again() && lab__stream_wait(stream, POLLOUT, LAB__IDLE_MS) == 1 ? 0 : -1;
}

int lab__stream_write(struct lab__stream *stream, const void *data, size_t len)
{
    const unsigned char *at = data;

    while (len > 0) {
        ssize_t written = write_some(stream, at, len);
        if (written < 0) {
            return -1;
        }
        at += written;
        len -= (size_t)written;
    }
    return 0;
}

int lab__stream_accept(struct lab__stream *stream, int ms)
{
    for (;;) {
        int result = SSL_accept(stream->ssl);
        if (result > 0) {
            return 0;
        }
        if (wait_for_ssl(stream, ms) != 0) {
            return -1;
        }
    }
}

/* TLS 1.2: the client is asked for another handshake, which has ended when it has finished anew. */
static int renegotiate(struct lab__stream *stream, int ms)
{
    unsigned char before[64], now[64];
    size_t before_len = SSL_get_peer_finished(stream->ssl, before, sizeof(before));
    char none;

    if (!SSL_renegotiate(stream->ssl) || SSL_do_handshake(stream->ssl) <= 0) {
        return -1;
    }
    for (;;) {
        (void)SSL_peek(stream->ssl, &none, 0);
        size_t len = SSL_get_peer_finished(stream->ssl, now, sizeof(now));
        if (SSL_is_init_finished(stream->ssl) && len > 0 && len == before_len &&
            memcmp(before, now, len) != 0) {
            return 0;
        }
        if (wait_for_ssl(stream, ms) != 0) {
            return -1;
        }
    }
}

int lab__stream_ask_late(struct lab__stream *stream, int ms)
{
    SSL_set_verify(stream->ssl, SSL_VERIFY_PEER, NULL);
    if (SSL_version(stream->ssl) < TLS1_3_VERSION) {
        return renegotiate(stream, ms);
    }
    /* What the client sends is read with its next request. */
    return SSL_verify_client_post_handshake(stream->ssl) == 1 && SSL_do_handshake(stream->ssl) == 1
               ? 0
               : -1;
}

/* Reads and forgets until the client closes, but not for long. */
static void drain(struct lab__stream *stream)
{
    char buffer[4096];
    int waits = LINGER_MS / 100;

    while (waits > 0) {
        ssize_t got = recv(stream->fd, buffer, sizeof(buffer), 0);
        if (got == 0 || (got < 0 && !try_again())) {
            return;
        }
        if (got > 0) {
            continue;
        }
        if (lab__stream_wait(stream, POLLIN, 100) < 0) {
            return;
        }
        waits--;
    }
}

void lab__stream_close(struct lab__stream *stream, bool clean)
{
    if (stream->ssl != NULL) {
        if (clean) {
            (void)SSL_shutdown(stream->ssl);
        } else {
            SSL_set_quiet_shutdown(stream->ssl, 1);
        }
        SSL_free(stream->ssl);
        ERR_clear_error();
        stream->ssl = NULL;
    }
    if (shutdown(stream->fd, SHUT_WR) == 0) {
        drain(stream);
    }
    close(stream->fd);
    free(stream->early);
    stream->early = NULL;
}

void lab__stream_reset(struct lab__stream *stream)
{
    struct linger now = {.l_onoff = 1, .l_linger = 0};

    SSL_free(stream->ssl);
    stream->ssl = NULL;
    (void)setsockopt(stream->fd, SOL_SOCKET, SO_LINGER, &now, sizeof(now));
    close(stream->fd);
    free(stream->early);
    stream->early = NULL;
}
